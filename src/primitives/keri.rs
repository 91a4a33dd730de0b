//! KERI identifiers: AIDs and SAIDs in qualified base64 (CESR text).
//!
//! Source: CESR specification, "Master code table". Only the codes that vLEI infrastructure uses
//! are well-formed here; anything else is malformed, never guessed.

use std::fmt;
use std::str::FromStr;

use super::PrimitiveError;

/// An autonomic identifier: a self-addressing (`E`), basic transferable (`D`) or basic
/// non-transferable (`B`) Ed25519 prefix of 44 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Aid(String);

/// A self-addressing identifier: `E` and 43 characters of a BLAKE3-256 digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Said(String);

/// Number of characters of a one-character code with 32 raw bytes.
const LENGTH: usize = 44;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl Aid {
    const CODES: &[u8] = b"EDB";

    /// Whether a text is one.
    pub fn is_well_formed(text: &str) -> bool {
        malformed(text, Self::CODES).is_none()
    }

    /// The qualified base64 text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Said {
    const CODES: &[u8] = b"E";

    /// Whether a text is one.
    pub fn is_well_formed(text: &str) -> bool {
        malformed(text, Self::CODES).is_none()
    }

    /// The qualified base64 text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The SAID of these bytes: BLAKE3-256 with code `E`.
    pub fn of(bytes: &[u8]) -> Self {
        // CESR pads the raw bytes with one zero byte in front (33 bytes, 44 characters) and puts
        // the code over the first character.
        let mut padded = [0u8; 33];
        padded[1..].copy_from_slice(blake3::hash(bytes).as_bytes());
        let mut text = String::with_capacity(LENGTH);
        for group in padded.chunks_exact(3) {
            let bits = u32::from(group[0]) << 16 | u32::from(group[1]) << 8 | u32::from(group[2]);
            for shift in [18, 12, 6, 0] {
                text.push(char::from(ALPHABET[(bits >> shift & 63) as usize]));
            }
        }
        text.replace_range(..1, "E");
        Self(text)
    }
}

/// Why a text is not a one-character-code, 32-byte primitive with one of these codes.
fn malformed(text: &str, codes: &[u8]) -> Option<&'static str> {
    let bytes = text.as_bytes();
    if bytes.len() != LENGTH {
        return Some("it must have 44 characters");
    }
    if !codes.contains(&bytes[0]) {
        return Some("its derivation code is not one that is used here");
    }
    if !bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
        return Some("only the base64url characters are allowed");
    }
    // The pad byte leaves two zero bits in the second character: it is one of the first sixteen.
    if !matches!(bytes[1], b'A'..=b'P') {
        return Some("its pad bits are not zero");
    }
    None
}

impl FromStr for Aid {
    type Err = PrimitiveError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match malformed(text, Self::CODES) {
            None => Ok(Self(text.to_owned())),
            Some(why) => Err(PrimitiveError::Aid(text.to_owned(), why)),
        }
    }
}

impl FromStr for Said {
    type Err = PrimitiveError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match malformed(text, Self::CODES) {
            None => Ok(Self(text.to_owned())),
            Some(why) => Err(PrimitiveError::Said(text.to_owned(), why)),
        }
    }
}

impl fmt::Display for Aid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Aid {
    type Error = PrimitiveError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl TryFrom<String> for Said {
    type Error = PrimitiveError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Aid> for String {
    fn from(aid: Aid) -> Self {
        aid.0
    }
}

impl From<Said> for String {
    fn from(said: Said) -> Self {
        said.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_said_of_bytes_is_well_formed_and_depends_on_them() {
        let said = Said::of(b"abc");
        assert_eq!(said.as_str().parse(), Ok(said.clone()));
        assert_ne!(said, Said::of(b"abd"));
        // BLAKE3 of the empty input begins af1349b9f5f9a1a6a0404dea36dcc949.
        assert!(Said::of(b"").as_str().starts_with("EK8TSbn1-aGmoEBN6jbcyUmb"));
    }

    #[test]
    fn malformed_identifiers_are_refused() {
        let good = Said::of(b"abc").to_string();
        for refused in [&good[1..], &good.replace('E', "X"), &format!("{good}="), "", &format!("Ez{}", &good[2..])] {
            assert!(refused.parse::<Said>().is_err(), "{refused}");
            assert!(refused.parse::<Aid>().is_err(), "{refused}");
        }
        assert!(good.replacen('E', "B", 1).parse::<Aid>().is_ok());
        assert!(good.replacen('E', "B", 1).parse::<Said>().is_err());
    }
}
