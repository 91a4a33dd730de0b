//! Credentials: their fields, and the digests of the whole and of every section.

use super::fields::{Fields, dummied};
use super::{BodyError, Credential};
use crate::keri::json::{self, Node};
use crate::primitives::Said;

impl<'n, 'a> Fields<'n, 'a> {
    pub(super) fn credential(&self) -> Result<Credential<'a>, BodyError> {
        const ORDER: [&str; 9] = ["v", "d", "u", "i", "ri", "s", "a", "e", "r"];
        let mut next = 0;
        for (key, node) in self.node.fields().unwrap_or_default() {
            match ORDER[next..].iter().position(|name| name == key) {
                Some(skipped) => next += skipped + 1,
                None if ORDER.contains(&key.as_ref()) => return Err(self.refused(key, node.at, "is out of order")),
                None if key == "A" => {
                    let what = "a credential with an attribute aggregate (`A`)".to_owned();
                    return Err(BodyError::Unsupported { at: node.at, what });
                }
                None => return Err(self.refused(key, node.at, "is not one of this message")),
            }
        }
        let said = self.own_digest(&["d"])?;
        let schema = self.field("s")?;
        if schema.fields().is_some() {
            let what = "a schema written into the credential".to_owned();
            return Err(BodyError::Unsupported { at: schema.at, what });
        }
        let section = |name: &str, node: &Node<'a>| {
            if node.fields().is_some() { section_digests(node, name, said) } else { self.said_of(name, node).map(drop) }
        };
        section("a", self.field("a")?)?;
        for name in ["e", "r"] {
            self.node.get(name).map_or(Ok(()), |node| section(name, node))?;
        }
        Ok(Credential {
            said,
            issuer: self.prefix("i")?,
            registry: self.said("ri")?,
            schema: self.said("s")?,
            // The caller puts the whole in, once.
            node: Node { at: 0, raw: "", value: json::Value::Null },
        })
    }
}

/// Checks the digest of a block and of every block inside it that has one.
fn section_digests(node: &Node<'_>, path: &str, credential: &str) -> Result<(), BodyError> {
    for (key, inner) in node.fields().unwrap_or_default() {
        let inside = || format!("{path}.{key}");
        if inner.fields().is_some() {
            section_digests(inner, &inside(), credential)?;
        }
    }
    let Some(digest) = node.get("d") else { return Ok(()) };
    let refused = |claimed: &str| BodyError::SectionDigest {
        at: digest.at,
        path: path.to_owned(),
        credential: credential.to_owned(),
        claimed: claimed.to_owned(),
        actual: Said::of(node.raw.as_bytes()),
    };
    let Some(claimed) = digest.plain().filter(|text| text.len() == 44) else { return Err(refused(digest.raw)) };
    let actual = dummied(node.raw, &[digest], node.at);
    if actual.as_str() != claimed {
        return Err(BodyError::SectionDigest {
            at: digest.at,
            path: path.to_owned(),
            credential: credential.to_owned(),
            claimed: claimed.to_owned(),
            actual,
        });
    }
    Ok(())
}
