//! Streams cut into messages by their brackets, not by the sizes they name: after a change, sizes are wrong.

use std::collections::HashMap;
use std::ops::Range;

use super::attached;
use super::said::{self, Renamed};

/// A message with what is attached to it, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    pub body: String,
    pub attached: String,
    /// Whether digests and signatures are as they should be.
    pub settled: bool,
}

impl Sent {
    /// Puts new digests for old ones.
    pub fn rename(&mut self, renamed: &Renamed) {
        for text in [&mut self.body, &mut self.attached] {
            if let Some(new) = said::put(text, renamed) {
                *text = new;
                self.settled = false;
            }
        }
    }
}

/// Where the body of each message stands.
///
/// # Errors
/// What is no message.
pub fn bodies(stream: &[u8]) -> Result<Vec<Range<usize>>, String> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < stream.len() {
        if stream[at] != b'{' {
            return Err(format!("byte {at}: a message is expected"));
        }
        let length = object(&stream[at..]).ok_or_else(|| format!("byte {at}: the message does not end"))?;
        found.push(at..at + length);
        let rest = &stream[at + length..];
        // What is attached is base64url, so the next bracket begins the next message.
        at += length + rest.iter().position(|byte| *byte == b'{').unwrap_or(rest.len());
    }
    Ok(found)
}

/// The length of the object that the bytes begin with.
fn object(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' if !quoted => depth += 1,
            b'}' if !quoted => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

pub(super) fn split(stream: &[u8]) -> Result<Vec<Sent>, String> {
    let text = std::str::from_utf8(stream).map_err(|error| format!("byte {}: it is not text", error.valid_up_to()))?;
    let bodies = bodies(stream)?;
    let ends = bodies.iter().skip(1).map(|body| body.start).chain([text.len()]);
    let cut = bodies.iter().zip(ends).map(|(body, end)| Sent {
        body: text[body.clone()].to_owned(),
        attached: text[body.end..end].to_owned(),
        settled: false,
    });
    Ok(cut.collect())
}

pub(super) fn join(sent: &[Sent]) -> Vec<u8> {
    sent.iter().flat_map(|message| [message.body.as_bytes(), message.attached.as_bytes()]).flatten().copied().collect()
}

/// Makes the change between two versions of a stream in another stream: where it holds a message that
/// differs, alone or within another message. `None` if it holds none.
pub fn follow(old: &[u8], new: &[u8], other: &[u8]) -> Option<Vec<u8>> {
    let (old, new) = (split(old).ok()?, split(new).ok()?);
    let mut sent = split(other).ok()?;
    let before = sent.clone();
    if old.len() == new.len() {
        for (old, new) in old.iter().zip(&new).filter(|(old, new)| old != new) {
            for message in sent.iter_mut().filter(|message| message.body.contains(&old.body)) {
                if old.attached != new.attached {
                    message.attached = attached::follow(&old.attached, &new.attached, &message.attached)?;
                }
                message.body = message.body.replace(&old.body, &new.body);
            }
        }
    } else {
        // A message was removed or added; what was added stays where it is.
        let mut left: HashMap<&str, usize> = HashMap::new();
        new.iter().for_each(|message| *left.entry(&message.body).or_default() += 1);
        let gone: Vec<&str> =
            old.iter().map(|message| message.body.as_str()).filter(|b| !left.contains_key(b)).collect();
        sent.retain(|message| !gone.contains(&message.body.as_str()));
    }
    (sent != before).then(|| join(&sent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_texts_end_no_message() {
        let stream = br#"{"v":"}{\"","a":{"b":[{}]}}-AAB{"v":1}"#;
        let sent = split(stream).unwrap();
        assert_eq!(sent.len(), 2);
        assert_eq!(sent[0].attached, "-AAB");
        assert_eq!(join(&sent), stream);
        assert!(split(b"x{}").is_err());
        assert!(split(b"{\"a\":{}").is_err());
    }

    #[test]
    fn a_change_is_made_in_copies_alone_and_within() {
        let other = br#"{"e":{"a":{"n":1}}}{"n":1}{"n":2}"#;
        let made = follow(br#"{"n":1}"#, br#"{"n":7}"#, other).unwrap();
        assert_eq!(String::from_utf8(made).unwrap(), r#"{"e":{"a":{"n":7}}}{"n":7}{"n":2}"#);
        assert_eq!(follow(br#"{"n":3}"#, br#"{"n":7}"#, other), None);
        let made = follow(br#"{"n":1}{"n":5}"#, br#"{"n":5}"#, other).unwrap();
        assert_eq!(String::from_utf8(made).unwrap(), r#"{"e":{"a":{"n":1}}}{"n":2}"#);
    }
}
