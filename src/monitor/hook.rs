//! What a receiver is sent: one event, what it is signed with, and by what a repetition is known.
//!
//! In: a row of the log. Out: a body and headers. The body is a function of the row alone, so that a repetition has the
//! same bytes, the same key and the same signature.

use serde_json::json;

use super::journal::{Event, Row};
use crate::primitives::Sha256;

/// The header that tells a repetition.
pub const KEY_HEADER: &str = "idempotency-key";
/// The header of the signature: `sha256=` and the HMAC-SHA256 of the body in hexadecimal digits.
pub const SIGNATURE_HEADER: &str = "x-countersign-signature";

/// What is sent for a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// JSON.
    pub body: String,
    /// Name and value.
    pub headers: Vec<(&'static str, String)>,
}

/// The message about a row; none: rows of that kind are not told.
pub fn message(row: &Row, secret: Option<&[u8]>) -> Option<Message> {
    let (event, finding) = match &row.event {
        Event::Opened { finding } => ("opened", finding),
        Event::Changed { finding } => ("changed", finding),
        Event::Resolved { finding } => ("resolved", finding),
        Event::Began { .. }
        | Event::Looked { .. }
        | Event::Ran { .. }
        | Event::Joined { .. }
        | Event::Delivered { .. } => return None,
    };
    let body = json!({
        "format": "countersign/monitor/v1",
        "event": event,
        "at": row.at,
        "seq": row.seq,
        "row": row.hash,
        "finding": finding,
    });
    let body = body.to_string();
    let mut headers = vec![("content-type", "application/json".to_owned()), (KEY_HEADER, row.hash.to_string())];
    if let Some(secret) = secret {
        headers.push((SIGNATURE_HEADER, format!("sha256={}", hmac(secret, body.as_bytes()))));
    }
    Some(Message { body, headers })
}

/// HMAC-SHA256. Source: RFC 2104.
pub fn hmac(secret: &[u8], text: &[u8]) -> Sha256 {
    let mut key = [0_u8; 64];
    let hashed = Sha256::of(secret);
    let short = if secret.len() > key.len() { &hashed.as_bytes()[..] } else { secret };
    for (byte, given) in key.iter_mut().zip(short) {
        *byte = *given;
    }
    let keyed = |pad: u8, text: &[u8]| {
        let mut bytes: Vec<u8> = key.iter().map(|byte| byte ^ pad).collect();
        bytes.extend_from_slice(text);
        Sha256::of(&bytes)
    };
    keyed(0x5c, keyed(0x36, text).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: RFC 4231, test cases 1, 2 and 6.
    #[test]
    fn the_vectors_of_the_rfc_hold() {
        let vectors: [(&[u8], &[u8], &str); 3] = [
            (&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ];
        for (key, text, expected) in vectors {
            assert_eq!(hmac(key, text).to_string(), expected);
        }
    }
}
