//! Messages made from values: the exact bytes of a credential, of its registry events, and of the key event
//! that seals them.
//!
//! In: typed values. Out: [`Made`], compact JSON in keripy's order of fields with its sizes and digests;
//! [`attach`] writes signatures, receipts and sources behind it. The same values give the same bytes.
//! It must not know what is to be issued, to whom, or whether anybody may: that is for `proposal`.
//!
//! Source: KERI and ACDC specifications, version 1; the order of fields is keripy's.

pub mod attach;
pub mod keys;
pub(in crate::keri) mod said;

use serde_json::{Map, Value};

use super::cesr::{Message, Protocol};
use super::message;
use crate::primitives::{Aid, Instant, Said};

/// A message: its bytes, and the digest that it gives itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its digest.
    pub said: Said,
    /// Its bytes.
    pub text: String,
}

/// What a credential says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// A nonce at its top.
    pub nonce: Option<String>,
    /// Who issues it.
    pub issuer: Aid,
    /// In which registry.
    pub registry: Said,
    /// The digest of its schema.
    pub schema: Said,
    /// A nonce among the attributes.
    pub attributes_nonce: Option<String>,
    /// To whom.
    pub issuee: Aid,
    /// When, as it is written.
    pub dated: String,
    /// The other attributes, in order.
    pub attributes: Vec<(String, String)>,
    /// To what it points, in order.
    pub edges: Vec<Edge>,
    /// Its rules: label and text, in order.
    pub rules: Vec<(String, String)>,
}

/// To what a credential points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// `qvi`, `le`, `auth`
    pub label: String,
    /// The far credential.
    pub node: Said,
    /// The schema it must have.
    pub schema: Said,
    /// The operator, where it is written.
    pub operator: Option<String>,
}

/// What an issuance event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuance {
    /// The credential.
    pub credential: Said,
    /// Its registry.
    pub registry: Said,
    /// When, as it is written.
    pub dated: String,
}

/// What a revocation event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// The credential.
    pub credential: Said,
    /// Its registry.
    pub registry: Said,
    /// The issuance event.
    pub prior: Said,
    /// When, as it is written.
    pub dated: String,
}

/// What an interaction event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interaction {
    /// Whose log.
    pub prefix: Aid,
    /// Its place.
    pub sn: u64,
    /// The event before it.
    pub prior: Said,
    /// What it seals.
    pub seals: Vec<Seal>,
}

/// A seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seal {
    /// Of an event: of a log, a registry or a credential.
    Event {
        /// What the event is about.
        subject: String,
        /// Its place.
        sn: u64,
        /// Its digest.
        said: Said,
    },
    /// Of anything that has a digest.
    Digest(Said),
}

impl Credential {
    /// Its bytes.
    pub fn make(&self) -> Made {
        let mut attributes = Map::new();
        attributes.insert("d".to_owned(), text(""));
        if let Some(nonce) = &self.attributes_nonce {
            attributes.insert("u".to_owned(), text(nonce));
        }
        attributes.insert("i".to_owned(), text(self.issuee.as_str()));
        attributes.insert("dt".to_owned(), text(&self.dated));
        attributes.extend(self.attributes.iter().map(|(name, value)| (name.clone(), text(value))));

        let mut body = Map::new();
        body.insert("v".to_owned(), text("ACDC10JSON000000_"));
        body.insert("d".to_owned(), text(""));
        if let Some(nonce) = &self.nonce {
            body.insert("u".to_owned(), text(nonce));
        }
        body.insert("i".to_owned(), text(self.issuer.as_str()));
        body.insert("ri".to_owned(), text(self.registry.as_str()));
        body.insert("s".to_owned(), text(self.schema.as_str()));
        body.insert("a".to_owned(), Value::Object(attributes));
        if !self.edges.is_empty() {
            let edges = self.edges.iter().map(|edge| (edge.label.clone(), edge.value()));
            body.insert("e".to_owned(), section(edges));
        }
        if !self.rules.is_empty() {
            let rules = self.rules.iter().map(|(label, rule)| (label.clone(), fields(&[("l", rule)])));
            body.insert("r".to_owned(), section(rules));
        }
        made(body)
    }
}

impl Edge {
    fn value(&self) -> Value {
        let mut named = vec![("n", self.node.as_str()), ("s", self.schema.as_str())];
        named.extend(self.operator.as_deref().map(|operator| ("o", operator)));
        fields(&named)
    }
}

impl Issuance {
    /// Its bytes.
    pub fn make(&self) -> Made {
        keri(&[
            ("t", "iss"),
            ("d", ""),
            ("i", self.credential.as_str()),
            ("s", "0"),
            ("ri", self.registry.as_str()),
            ("dt", &self.dated),
        ])
    }

    /// What an event seals to issue the credential.
    pub fn seal(&self) -> Seal {
        Seal::Event { subject: self.credential.to_string(), sn: 0, said: self.make().said }
    }
}

impl Revocation {
    /// Its bytes.
    pub fn make(&self) -> Made {
        keri(&[
            ("t", "rev"),
            ("d", ""),
            ("i", self.credential.as_str()),
            ("s", "1"),
            ("ri", self.registry.as_str()),
            ("p", self.prior.as_str()),
            ("dt", &self.dated),
        ])
    }

    /// What an event seals to revoke the credential.
    pub fn seal(&self) -> Seal {
        Seal::Event { subject: self.credential.to_string(), sn: 1, said: self.make().said }
    }
}

impl Interaction {
    /// An interaction that seals the digest of something, and nothing else.
    pub fn sealing(prefix: Aid, sn: u64, prior: Said, digest: Said) -> Self {
        Self { prefix, sn, prior, seals: vec![Seal::Digest(digest)] }
    }

    /// Its bytes.
    pub fn make(&self) -> Made {
        let sn = format!("{:x}", self.sn);
        let mut body = keri_fields(&[
            ("t", "ixn"),
            ("d", ""),
            ("i", self.prefix.as_str()),
            ("s", &sn),
            ("p", self.prior.as_str()),
        ]);
        body.insert("a".to_owned(), Value::Array(self.seals.iter().map(Seal::value).collect()));
        made(body)
    }
}

impl Seal {
    fn value(&self) -> Value {
        match self {
            Self::Event { subject, sn, said } => {
                fields(&[("i", subject), ("s", &format!("{sn:x}")), ("d", said.as_str())])
            }
            Self::Digest(said) => fields(&[("d", said.as_str())]),
        }
    }
}

/// 128 bits as a nonce is written.
pub fn salt(raw: &[u8; 16]) -> String {
    super::cesr::encode(2, raw, "0A")
}

/// An instant as keripy writes it, to the microsecond: `2026-03-19T09:50:00.000000+00:00`.
pub fn dated(instant: Instant) -> String {
    let text = instant.to_string();
    let text = text.strip_suffix('Z').unwrap_or(&text);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let microseconds: String = fraction.chars().chain(std::iter::repeat('0')).take(6).collect();
    format!("{whole}.{microseconds}+00:00")
}

/// A message with the sizes and digests that its content gives; `None` if it is none.
pub fn consistent(text: &str) -> Option<String> {
    let mut value: Value = serde_json::from_str(text).ok()?;
    said::message(value.as_object_mut()?, &mut |_| {}).ok()
}

/// A message with the size that its content gives, digests left as they are; `None` if it is none.
pub fn sized(text: &str) -> Option<String> {
    let mut value: Value = serde_json::from_str(text).ok()?;
    let object = value.as_object_mut()?;
    said::sized(object, &[]);
    Some(said::written(object))
}

/// What is wrong with a message by itself: its fields, its sizes and digests.
///
/// # Errors
/// The first thing, in words.
pub fn check(text: &str) -> Result<(), String> {
    let version = text.get(6..16).unwrap_or_default();
    let protocol = match version {
        "KERI10JSON" => Protocol::Keri,
        "ACDC10JSON" => Protocol::Acdc,
        _ => return Err("it does not begin with a version string of KERI or ACDC, version 1, in JSON".to_owned()),
    };
    let size = text.get(16..22).and_then(|size| usize::from_str_radix(size, 16).ok());
    if size != Some(text.len()) {
        return Err(format!("its version string names another size than its {} bytes", text.len()));
    }
    let message = Message { offset: 0, protocol, body: text, attachments: Vec::new(), end: text.len() };
    message::read(&message).map(drop).map_err(|error| error.to_string())
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn fields(named: &[(&str, &str)]) -> Value {
    Value::Object(named.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect())
}

/// A section with a digest of its own.
fn section(parts: impl Iterator<Item = (String, Value)>) -> Value {
    Value::Object(std::iter::once(("d".to_owned(), text(""))).chain(parts).collect())
}

fn keri_fields(named: &[(&str, &str)]) -> Map<String, Value> {
    let version = std::iter::once(("v".to_owned(), text("KERI10JSON000000_")));
    version.chain(named.iter().map(|(name, value)| ((*name).to_owned(), text(value)))).collect()
}

fn keri(named: &[(&str, &str)]) -> Made {
    made(keri_fields(named))
}

/// The message with its sizes and digests.
fn made(mut body: Map<String, Value>) -> Made {
    for name in ["a", "e", "r"] {
        if let Some(section) = body.get_mut(name) {
            said::nested(section, &mut |_| {});
        }
    }
    said::sized(&mut body, &["d"]);
    let said = said::saidified(&mut body, &["d"]);
    Made { said, text: said::written(&body) }
}
