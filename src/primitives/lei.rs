//! Legal Entity Identifiers.

use std::fmt;
use std::str::FromStr;

use super::PrimitiveError;

/// A Legal Entity Identifier: 18 characters `A-Z0-9` and two check digits.
///
/// Source: ISO 17442-1; check digits by ISO/IEC 7064 MOD 97-10.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Lei(String);

impl Lei {
    /// The 20 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Lei {
    type Err = PrimitiveError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = |why| Err(PrimitiveError::Lei(text.to_owned(), why));
        let bytes = text.as_bytes();
        if bytes.len() != 20 {
            return refused("it must have 20 characters");
        }
        if !bytes.iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()) {
            return refused("only `A` to `Z` and `0` to `9` are allowed");
        }
        if !bytes[18..].iter().all(u8::is_ascii_digit) {
            return refused("the last two characters must be digits");
        }
        if !lei_check_digits_hold(text) {
            return refused("its check digits do not hold (ISO 7064 MOD 97-10)");
        }
        Ok(Self(text.to_owned()))
    }
}

/// Whether the ISO/IEC 7064 MOD 97-10 remainder of an alphanumeric text is 1.
pub fn lei_check_digits_hold(text: &str) -> bool {
    let remainder = text.bytes().try_fold(0u32, |remainder, byte| match byte {
        b'0'..=b'9' => Some((remainder * 10 + u32::from(byte - b'0')) % 97),
        b'A'..=b'Z' => Some((remainder * 100 + u32::from(byte - b'A') + 10) % 97),
        _ => None,
    });
    remainder == Some(1)
}

impl fmt::Display for Lei {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Lei {
    type Error = PrimitiveError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Lei> for String {
    fn from(lei: Lei) -> Self {
        lei.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_decide() {
        assert!("254900OPPU84GM83MG36".parse::<Lei>().is_ok());
        for refused in
            ["254900OPPU84GM83MG63", "254900oppu84gm83mg36", "254900OPPU84GM83MG3", "", "254900OPPU84GM83MGAB"]
        {
            assert!(refused.parse::<Lei>().is_err(), "{refused}");
        }
    }
}
