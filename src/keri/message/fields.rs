//! The fields of a message: which there are, in which order, and whether their values have the form
//! that they must have.

use super::BodyError;
use crate::keri::cesr::key_bytes;
use crate::keri::json::Node;
use crate::primitives::Said;

/// A message that is being read.
pub(super) struct Fields<'n, 'a> {
    /// Its type.
    pub(super) kind: &'a str,
    /// Its bytes.
    pub(super) body: &'a str,
    /// Its bytes, read.
    pub(super) node: &'n Node<'a>,
}

impl<'n, 'a> Fields<'n, 'a> {
    /// Exactly these fields in this order.
    pub(super) fn order(&self, allowed: &[&str]) -> Result<(), BodyError> {
        let fields = self.node.fields().unwrap_or_default();
        let mut problem = None;
        for expected in allowed {
            let mut expected = expected.split(' ');
            let mut given = fields.iter();
            problem = loop {
                match (expected.next(), given.next()) {
                    (None, None) => return Ok(()),
                    (Some(name), Some((key, _))) if name == key => {}
                    (Some(name), Some((_, node))) => break Some((name.to_owned(), node.at, "is expected here")),
                    (Some(name), None) => break Some((name.to_owned(), self.body.len() - 1, "is missing")),
                    (None, Some((key, node))) => break Some((key.to_string(), node.at, "is not one of this message")),
                }
            };
        }
        match problem {
            Some((field, at, why)) => Err(self.refused(&field, at, why)),
            None => Ok(()),
        }
    }

    pub(super) fn field(&self, name: &str) -> Result<&'n Node<'a>, BodyError> {
        self.node.get(name).ok_or_else(|| self.refused(name, self.body.len() - 1, "is missing"))
    }

    pub(super) fn plain(&self, name: &str) -> Result<&'a str, BodyError> {
        let node = self.field(name)?;
        node.plain().ok_or_else(|| self.refused(name, node.at, "must be text"))
    }

    pub(super) fn said(&self, name: &str) -> Result<&'a str, BodyError> {
        let node = self.field(name)?;
        self.said_of(name, node)
    }

    pub(super) fn said_of(&self, name: &str, node: &Node<'a>) -> Result<&'a str, BodyError> {
        let text = node.plain().ok_or_else(|| self.refused(name, node.at, "must be text"))?;
        match is_digest(text) {
            true => Ok(text),
            false if is_other_digest(text) => {
                let what = format!("digest `{text}` in field `{name}`: only BLAKE3-256 (code `E`)");
                Err(BodyError::Unsupported { at: node.at, what })
            }
            false => Err(self.refused(name, node.at, "must be a digest of 44 characters with code `E`")),
        }
    }

    pub(super) fn prefix(&self, name: &str) -> Result<&'a str, BodyError> {
        let node = self.field(name)?;
        self.prefix_of(name, node)
    }

    pub(super) fn prefix_of(&self, name: &str, node: &Node<'a>) -> Result<&'a str, BodyError> {
        let text = node.plain().ok_or_else(|| self.refused(name, node.at, "must be text"))?;
        match is_identifier(text) {
            true => Ok(text),
            false if text.starts_with('1') || is_other_digest(text) => {
                let what = format!("identifier `{text}` in field `{name}`: only codes `E`, `D` and `B`");
                Err(BodyError::Unsupported { at: node.at, what })
            }
            false => Err(self.refused(name, node.at, "must be an identifier of 44 characters")),
        }
    }

    /// A sequence number: lower-case hexadecimal without leading zeros.
    pub(super) fn sn(&self, node: &Node<'a>, name: &str) -> Result<u64, BodyError> {
        let field = node.get(name).ok_or_else(|| self.refused(name, node.at, "is missing"))?;
        field
            .plain()
            .and_then(sequence_number)
            .ok_or_else(|| self.refused(name, field.at, "must be a lower-case hexadecimal number"))
    }

    pub(super) fn number_is(&self, name: &str, expected: u64) -> Result<(), BodyError> {
        let node = self.field(name)?;
        if self.sn(self.node, name)? == expected {
            Ok(())
        } else {
            Err(self.refused(name, node.at, "is not the number that this type of event has"))
        }
    }

    /// Checks that the digest in `d` is the one over the message with these fields dummied.
    pub(super) fn own_digest(&self, dummies: &[&str]) -> Result<&'a str, BodyError> {
        let claimed = self.said("d")?;
        let mut places = Vec::new();
        for name in dummies {
            let node = self.field(name)?;
            // Dummied fields hold the same digest, so they have its length.
            if node.raw.len() != 46 {
                return Err(self.refused(name, node.at, "must have 44 characters"));
            }
            places.push(node);
        }
        let actual = dummied(self.body, &places, 0);
        if actual.as_str() != claimed {
            return Err(BodyError::Digest { kind: self.kind.to_owned(), claimed: claimed.to_owned(), actual });
        }
        Ok(claimed)
    }

    pub(super) fn refused(&self, field: &str, at: usize, why: &'static str) -> BodyError {
        BodyError::Field { at, kind: self.kind.to_owned(), field: field.to_owned(), why }
    }
}

/// The digest of a text in which the texts at some places are replaced by `#`.
pub(super) fn dummied(text: &str, places: &[&Node<'_>], origin: usize) -> Said {
    let mut bytes = text.as_bytes().to_vec();
    for place in places {
        let start = place.at - origin + 1;
        let end = start + place.raw.len() - 2;
        bytes[start..end].fill(b'#');
    }
    Said::of(&bytes)
}

/// Whether a text is a digest, as [`Said`] reads it.
pub(super) fn is_digest(text: &str) -> bool {
    text.starts_with('E') && key_bytes(text).is_some()
}

/// Whether a text is an identifier, as [`Aid`](crate::primitives::Aid) reads it.
pub(super) fn is_identifier(text: &str) -> bool {
    text.starts_with(['E', 'D', 'B']) && key_bytes(text).is_some()
}

/// Whether a text looks like a digest by another algorithm.
fn is_other_digest(text: &str) -> bool {
    text.len() == 44 && text.starts_with(['F', 'G', 'H', 'I']) || text.len() == 88 && text.starts_with('0')
}

/// Lower-case hexadecimal without leading zeros.
pub(super) fn sequence_number(text: &str) -> Option<u64> {
    let digits = !text.is_empty()
        && text.len() <= 16
        && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let short = text == "0" || !text.starts_with('0');
    (digits && short).then(|| u64::from_str_radix(text, 16).ok()).flatten()
}
