//! A decision in its envelope. Source: DSSE v1, the JSON envelope.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::bundle::json::{Numbers, Tree};
use crate::keystore::{PublicKey, Signature};
use crate::primitives::Aid;

/// The media type of a Statement.
const TYPE: &str = "application/vnd.in-toto+json";

/// A signed decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    text: String,
}

impl Envelope {
    /// A statement with its signature. `sn`: the place of the event that established the key.
    pub(super) fn new(statement: &str, aid: &Aid, sn: u64, signature: &Signature) -> Self {
        let (payload, sig) = (STANDARD.encode(statement), STANDARD.encode(signature.raw()));
        // Members in order, and no value needs an escape: this is RFC 8785 already.
        let text = format!(
            "{{\"payload\":\"{payload}\",\"payloadType\":\"{TYPE}\",\"signatures\":[{{\"keyid\":\"{aid}#{sn}\",\
             \"sig\":\"{sig}\"}}]}}"
        );
        Self { text }
    }

    /// One that was kept; `None` if it is not this statement under a signature of this key.
    pub(super) fn read(text: &str, statement: &str, key: PublicKey) -> Option<Self> {
        let found = Self::verified(text, key)?;
        (found == statement).then(|| Self { text: text.to_owned() })
    }

    /// The statement of an envelope, whoever signed it.
    pub fn unverified(text: &str) -> Option<String> {
        let tree = Tree::parse(text.as_bytes(), Numbers::Integers).ok()?;
        String::from_utf8(STANDARD.decode(tree.get("payload")?.text()?).ok()?).ok()
    }

    /// The statement of an envelope, if this key signed it.
    pub fn verified(text: &str, key: PublicKey) -> Option<String> {
        let tree = Tree::parse(text.as_bytes(), Numbers::Integers).ok()?;
        let decoded = |tree: &Tree<'_>, name: &str| STANDARD.decode(tree.get(name)?.text()?).ok();
        if tree.get("payloadType")?.text()? != TYPE {
            return None;
        }
        let statement = String::from_utf8(decoded(&tree, "payload")?).ok()?;
        let [signed] = tree.get("signatures")?.items()? else { return None };
        let signature = <[u8; 64]>::try_from(decoded(signed, "sig")?).ok()?;
        let message = format!("DSSEv1 {} {TYPE} {} {statement}", TYPE.len(), statement.len());
        key.verifies(message.as_bytes(), &signature).then_some(statement)
    }

    /// As it is stored and given out, in RFC 8785 form.
    pub fn text(&self) -> &str {
        &self.text
    }
}
