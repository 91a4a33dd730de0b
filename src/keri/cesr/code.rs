//! Qualified base64: alphabets, numbers and raw bytes of the primitives that are attached.

/// The base64url digits in order.
pub const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What stands in [`VALUES`] for a byte that is no digit: more than any digit's bits.
const NO_DIGIT: u8 = 0xff;

/// The value of each byte as a base64url digit.
const VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// The value of a base64url digit.
pub fn digit(byte: u8) -> Option<u8> {
    let value = VALUES[usize::from(byte)];
    (value != NO_DIGIT).then_some(value)
}

/// A number written with the given base64url digits, most significant first.
pub fn number(text: &str) -> Option<u64> {
    text.bytes().try_fold(0u64, |number, byte| number.checked_mul(64)?.checked_add(u64::from(digit(byte)?)))
}

/// A number as `length` base64url digits; `None` if it does not fit.
pub fn write_number(number: u64, length: usize) -> Option<String> {
    let mut rest = number;
    let mut digits = vec![b'A'; length];
    for place in digits.iter_mut().rev() {
        *place = ALPHABET[(rest & 63) as usize];
        rest >>= 6;
    }
    (rest == 0).then(|| digits.into_iter().map(char::from).collect())
}

/// Decodes text whose code takes the place of pad bytes: `body` is what follows the code, and the
/// pad bits that it still carries must be zero. The code stands for as many characters as pad bytes.
fn decode<const LENGTH: usize>(lead: usize, body: &str) -> Option<[u8; LENGTH]> {
    let total = lead + body.len();
    if !total.is_multiple_of(4) || total / 4 * 3 != LENGTH + lead {
        return None;
    }
    let (first, rest) = body.as_bytes().split_at_checked(4 - lead)?;
    let first = group(first)?;
    if first >> (8 * (3 - lead)) != 0 {
        return None;
    }
    let mut raw = [0u8; LENGTH];
    let (head, tail) = raw.split_at_mut(3 - lead);
    head.copy_from_slice(&first.to_be_bytes()[1 + lead..]);
    for (digits, bytes) in rest.chunks_exact(4).zip(tail.chunks_exact_mut(3)) {
        bytes.copy_from_slice(&group(digits)?.to_be_bytes()[1..]);
    }
    Some(raw)
}

/// The bits of up to four base64url digits.
fn group(digits: &[u8]) -> Option<u32> {
    let mut bits = 0u32;
    let mut all = 0u8;
    for digit in digits {
        let value = VALUES[usize::from(*digit)];
        all |= value;
        bits = bits << 6 | u32::from(value);
    }
    (all < 64).then_some(bits)
}

/// The 32 bytes of a primitive with a one-character code (44 characters).
pub fn raw_32(text: &str) -> Option<[u8; 32]> {
    (text.len() == 44).then(|| text.get(1..)).flatten().and_then(|body| decode::<32>(1, body))
}

/// The 64 bytes of a signature: codes of two (`AA`, `0B`) or six characters (`2AAAAB`).
pub fn signature_bytes(text: &str) -> Option<[u8; 64]> {
    let body = text.len().checked_sub(86).and_then(|start| text.get(start..))?;
    decode::<64>(2, body)
}

/// The number of a 16-byte number primitive (`0A` and 22 characters).
pub fn huge(text: &str) -> Option<u128> {
    let body = text.strip_prefix("0A").filter(|body| body.len() == 22)?;
    decode::<16>(2, body).map(u128::from_be_bytes)
}

/// `0A` and 22 characters for a sequence number.
pub fn write_huge(number: u64) -> String {
    encode(2, &u128::from(number).to_be_bytes(), "0A")
}

/// Raw bytes behind a code that replaces `lead` pad bytes.
pub fn encode(lead: usize, raw: &[u8], code: &str) -> String {
    let padded: Vec<u8> = std::iter::repeat_n(0, lead).chain(raw.iter().copied()).collect();
    let mut text = String::with_capacity(padded.len() / 3 * 4 + code.len());
    for group in padded.chunks_exact(3) {
        let bits = u32::from(group[0]) << 16 | u32::from(group[1]) << 8 | u32::from(group[2]);
        for shift in [18, 12, 6, 0] {
            text.push(char::from(ALPHABET[(bits >> shift & 63) as usize]));
        }
    }
    text.replace_range(..lead, code);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_bytes_read_back() {
        assert_eq!(huge(&write_huge(5)), Some(5));
        assert_eq!(write_huge(0), "0AAAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(number("Bq"), Some(106));
        assert_eq!(write_number(106, 2).as_deref(), Some("Bq"));
        assert_eq!(write_number(4096, 2), None);
        let raw: [u8; 64] = std::array::from_fn(|i| i as u8);
        assert_eq!(signature_bytes(&encode(2, &raw, "0B")), Some(raw));
        assert_eq!(signature_bytes(&encode(2, &raw, "2AABAC")), Some(raw));
        let raw: [u8; 32] = std::array::from_fn(|i| 255 - i as u8);
        assert_eq!(raw_32(&encode(1, &raw, "D")), Some(raw));
    }

    #[test]
    fn pad_bits_must_be_zero() {
        let good = encode(2, &[7; 64], "0B");
        let bad = format!("0B{}{}", "Q", &good[3..]);
        assert_eq!(signature_bytes(&bad), None);
        assert_eq!(huge(&format!("0AE{}", &write_huge(1)[3..])), None);
        assert_eq!(raw_32("é"), None);
    }
}
