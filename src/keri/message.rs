//! What a framed message says: field sets, digests and values checked, nothing believed yet.
//!
//! In: a [`Message`]. Out: a [`Body`], whose digest is the one it claims, or a [`BodyError`] with
//! its place. The digest is computed over the received bytes. Signatures and seals are for others.

use std::borrow::Cow;

use thiserror::Error;

use super::cesr::{Message, Protocol};
use super::json::{self, Node};
use crate::facts::threshold::{Threshold, WEIGHTS_MAX, Weight};
use crate::primitives::{Aid, Said};

/// A message body by kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Body<'a> {
    /// A key event.
    Key(Box<KeyEvent<'a>>),
    /// A receipt of a key event.
    Receipt(Receipt<'a>),
    /// A registry event.
    Registry(RegistryEvent<'a>),
    /// A credential.
    Credential(Box<Credential<'a>>),
    /// A peer-to-peer message: grant, admit, challenge response.
    Exchange(Exchange<'a>),
    /// A reply, query or other message that is no evidence for a credential.
    Other {
        /// Its type.
        kind: &'a str,
    },
}

/// The kind of a key event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyEventKind {
    /// Inception.
    Icp,
    /// Delegated inception.
    Dip,
    /// Rotation.
    Rot,
    /// Delegated rotation.
    Drt,
    /// Interaction.
    Ixn,
}

/// A key event.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyEvent<'a> {
    /// Which kind.
    pub kind: KeyEventKind,
    /// Its digest.
    pub said: &'a str,
    /// Whose log.
    pub prefix: &'a str,
    /// Which place in it.
    pub sn: u64,
    /// Digest of the event before; none for an inception.
    pub prior: Option<&'a str>,
    /// What an establishment event establishes.
    pub keys: Option<Establishment<'a>>,
    /// The delegator of a delegated inception.
    pub delegator: Option<&'a str>,
    /// Configuration traits of an inception.
    pub traits: Vec<&'a str>,
    /// What it seals.
    pub seals: Vec<Seal<'a>>,
}

/// Keys, thresholds and witnesses of an establishment event.
#[derive(Debug, Clone, PartialEq)]
pub struct Establishment<'a> {
    /// Keys in force from here on.
    pub keys: Vec<&'a str>,
    /// How many of them must sign.
    pub threshold: Threshold,
    /// Digests of the next keys.
    pub next: Vec<&'a str>,
    /// The threshold of the next keys; none if there are no next keys.
    pub next_threshold: Option<Threshold>,
    /// How many witnesses must receipt.
    pub witness_threshold: u32,
    /// Witnesses of an inception, or those that a rotation adds.
    pub witnesses: Vec<&'a str>,
    /// Witnesses that a rotation removes.
    pub cut: Vec<&'a str>,
}

/// An event seal `{i, s, d}` in the `a` field of a key event; other seals carry no authority here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal<'a> {
    /// Place of the seal in the message.
    pub at: usize,
    /// What is sealed: an identifier, a registry or a credential.
    pub prefix: &'a str,
    /// Which event of it.
    pub sn: u64,
    /// Its digest.
    pub said: &'a str,
}

/// A receipt message: what its attached signatures are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt<'a> {
    /// The event's digest.
    pub said: &'a str,
    /// Whose event.
    pub prefix: &'a str,
    /// Its place.
    pub sn: u64,
}

/// The kind of a registry event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistryEventKind<'a> {
    /// `vcp`: a registry without backers begins.
    Inception {
        /// The identifier that it belongs to.
        issuer: &'a str,
    },
    /// `iss`: a credential is issued.
    Issuance {
        /// In which registry.
        registry: &'a str,
    },
    /// `rev`: a credential is revoked.
    Revocation {
        /// In which registry.
        registry: &'a str,
        /// The issuance event that it follows.
        prior: &'a str,
    },
}

/// A registry event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegistryEvent<'a> {
    /// Which kind.
    pub kind: RegistryEventKind<'a>,
    /// Its digest.
    pub said: &'a str,
    /// The registry (`vcp`) or the credential.
    pub subject: &'a str,
    /// When, by its issuer's word; empty for a registry.
    pub dated: &'a str,
}

/// A credential.
#[derive(Debug, Clone, PartialEq)]
pub struct Credential<'a> {
    /// Its digest.
    pub said: &'a str,
    /// Who issued it.
    pub issuer: &'a str,
    /// The registry it is issued in.
    pub registry: &'a str,
    /// The digest of its schema.
    pub schema: &'a str,
    /// All of it.
    pub node: Node<'a>,
}

/// A section of a credential.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Section<'n, 'a> {
    /// There is none.
    Absent,
    /// Only its digest is disclosed.
    Compact(&'n str),
    /// All of it.
    Full(&'n Node<'a>),
}

impl<'a> Credential<'a> {
    /// A section by its field: `a`, `e` or `r`.
    pub fn section(&self, name: &str) -> Section<'_, 'a> {
        match self.node.get(name) {
            None => Section::Absent,
            Some(node) => node.text().map_or(Section::Full(node), Section::Compact),
        }
    }

    /// The fields of the attributes, if they are disclosed.
    pub fn attributes(&self) -> &[(Cow<'a, str>, Node<'a>)] {
        self.full("a")
    }

    /// The fields of the edges, if there are any and they are disclosed.
    pub fn edges(&self) -> &[(Cow<'a, str>, Node<'a>)] {
        self.full("e")
    }

    /// To whom it was issued, as written.
    pub fn issuee(&self) -> Option<&Node<'a>> {
        self.attributes().iter().find(|(name, _)| name == "i").map(|(_, node)| node)
    }

    fn full(&self, name: &str) -> &[(Cow<'a, str>, Node<'a>)] {
        match self.section(name) {
            Section::Full(node) => node.fields().unwrap_or_default(),
            Section::Absent | Section::Compact(_) => &[],
        }
    }
}

/// An `exn` message.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange<'a> {
    /// Its digest.
    pub said: &'a str,
    /// Who sends it.
    pub sender: &'a str,
    /// What it is: `/ipex/grant`, `/ipex/admit`, `/challenge/response`.
    pub route: String,
    /// All of it.
    pub node: Node<'a>,
}

/// Why a body is not used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BodyError {
    /// Not the one form that digests are made over.
    #[error("the message is not strict, compact JSON: {why}")]
    NotStrict {
        /// Place in the message.
        at: usize,
        /// What is wrong.
        why: &'static str,
    },
    /// A field that is absent, out of order, unknown or of the wrong form.
    #[error("the `{kind}` message is malformed: field `{field}` {why}")]
    Field {
        /// Place in the message.
        at: usize,
        /// Type of message.
        kind: String,
        /// Which field.
        field: String,
        /// What is wrong.
        why: &'static str,
    },
    /// The digest in the message is not the digest of the message.
    #[error("the `{kind}` message says its digest is `{claimed}`, and it is `{actual}`")]
    Digest {
        /// Type of message.
        kind: String,
        /// What it says.
        claimed: String,
        /// What it is.
        actual: Said,
    },
    /// The same for a section of a credential.
    #[error("section `{path}` of credential `{credential}` says its digest is `{claimed}`, and it is `{actual}`")]
    SectionDigest {
        /// Place in the message.
        at: usize,
        /// Which section.
        path: String,
        /// Which credential.
        credential: String,
        /// What it says.
        claimed: String,
        /// What it is.
        actual: Said,
    },
    /// An identifier that is not derived from its inception.
    #[error("identifier `{prefix}` is not derived from its inception event")]
    Prefix {
        /// The identifier.
        prefix: String,
    },
    /// Something of a kind that vLEI infrastructure does not use.
    #[error("{what} is not supported")]
    Unsupported {
        /// Place in the message.
        at: usize,
        /// What.
        what: String,
    },
}

impl BodyError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotStrict { .. } | Self::Field { .. } => "message_malformed",
            Self::Digest { .. } => "said_mismatch",
            Self::SectionDigest { .. } => "section_said_mismatch",
            Self::Prefix { .. } => "prefix_mismatch",
            Self::Unsupported { .. } => "unsupported",
        }
    }

    /// Place in the message.
    pub fn at(&self) -> usize {
        match self {
            Self::NotStrict { at, .. }
            | Self::Field { at, .. }
            | Self::SectionDigest { at, .. }
            | Self::Unsupported { at, .. } => *at,
            Self::Digest { .. } | Self::Prefix { .. } => 0,
        }
    }
}

impl KeyEventKind {
    /// As the message writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Icp => "icp",
            Self::Dip => "dip",
            Self::Rot => "rot",
            Self::Drt => "drt",
            Self::Ixn => "ixn",
        }
    }

    /// Whether it establishes keys.
    pub fn establishes(self) -> bool {
        match self {
            Self::Icp | Self::Dip | Self::Rot | Self::Drt => true,
            Self::Ixn => false,
        }
    }

    /// Whether a delegator must approve it.
    pub fn delegated(self) -> bool {
        match self {
            Self::Dip | Self::Drt => true,
            Self::Icp | Self::Rot | Self::Ixn => false,
        }
    }
}

/// Reads a body.
///
/// # Errors
/// Why the message is not what its type says, or its digest not its own.
pub fn read<'a>(message: &Message<'a>) -> Result<Body<'a>, BodyError> {
    let node =
        json::parse(message.body).map_err(|refused| BodyError::NotStrict { at: refused.at, why: refused.why })?;
    if node.fields().is_none() {
        return Err(BodyError::NotStrict { at: 0, why: "an object is expected" });
    }
    match message.protocol {
        Protocol::Acdc => {
            let fields = Fields { kind: "ACDC", body: message.body, node: &node };
            let credential = fields.credential()?;
            Ok(Body::Credential(Box::new(Credential { node, ..credential })))
        }
        Protocol::Keri => {
            let kind = node.get("t").and_then(Node::plain).unwrap_or_default();
            let fields = Fields { kind, body: message.body, node: &node };
            match fields.keri()? {
                Body::Exchange(exchange) => Ok(Body::Exchange(Exchange { node, ..exchange })),
                body @ (Body::Key(_)
                | Body::Receipt(_)
                | Body::Registry(_)
                | Body::Credential(_)
                | Body::Other { .. }) => Ok(body),
            }
        }
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

struct Fields<'n, 'a> {
    kind: &'a str,
    body: &'a str,
    node: &'n Node<'a>,
}

impl<'n, 'a> Fields<'n, 'a> {
    fn keri(&self) -> Result<Body<'a>, BodyError> {
        Ok(match self.kind {
            "icp" => self.key_event(KeyEventKind::Icp, &["v t d i s kt k nt n bt b c a"])?,
            "dip" => self.key_event(KeyEventKind::Dip, &["v t d i s kt k nt n bt b c a di"])?,
            "rot" => self.key_event(KeyEventKind::Rot, &["v t d i s p kt k nt n bt br ba a"])?,
            "drt" => self.key_event(
                KeyEventKind::Drt,
                // Early writers repeat the delegator at the end.
                &["v t d i s p kt k nt n bt br ba a", "v t d i s p kt k nt n bt br ba a di"],
            )?,
            "ixn" => self.key_event(KeyEventKind::Ixn, &["v t d i s p a"])?,
            "rct" => {
                self.order(&["v t d i s"])?;
                Body::Receipt(Receipt {
                    said: self.said("d")?,
                    prefix: self.prefix("i")?,
                    sn: self.sn(self.node, "s")?,
                })
            }
            "vcp" | "iss" | "rev" => Body::Registry(self.registry_event()?),
            "bis" | "brv" | "vrt" => {
                let what = format!("registry event `{}`: a registry with backers", self.kind);
                return Err(BodyError::Unsupported { at: 0, what });
            }
            "exn" => Body::Exchange(self.exchange()?),
            "rpy" | "qry" | "pro" | "bar" => {
                self.own_digest(&["d"])?;
                Body::Other { kind: self.kind }
            }
            _ => {
                let what = format!("message type `{}`", self.kind);
                return Err(BodyError::Unsupported { at: 0, what });
            }
        })
    }

    fn refused(&self, field: &str, at: usize, why: &'static str) -> BodyError {
        BodyError::Field { at, kind: self.kind.to_owned(), field: field.to_owned(), why }
    }

    /// Exactly these fields in this order.
    fn order(&self, allowed: &[&str]) -> Result<(), BodyError> {
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

    fn field(&self, name: &str) -> Result<&'n Node<'a>, BodyError> {
        self.node.get(name).ok_or_else(|| self.refused(name, self.body.len() - 1, "is missing"))
    }

    fn plain(&self, name: &str) -> Result<&'a str, BodyError> {
        let node = self.field(name)?;
        node.plain().ok_or_else(|| self.refused(name, node.at, "must be text"))
    }

    fn said(&self, name: &str) -> Result<&'a str, BodyError> {
        let node = self.field(name)?;
        self.said_of(name, node)
    }

    fn said_of(&self, name: &str, node: &Node<'a>) -> Result<&'a str, BodyError> {
        let text = node.plain().ok_or_else(|| self.refused(name, node.at, "must be text"))?;
        match text.parse::<Said>() {
            Ok(_) => Ok(text),
            Err(_) if is_other_digest(text) => {
                let what = format!("digest `{text}` in field `{name}`: only BLAKE3-256 (code `E`)");
                Err(BodyError::Unsupported { at: node.at, what })
            }
            Err(_) => Err(self.refused(name, node.at, "must be a digest of 44 characters with code `E`")),
        }
    }

    fn prefix(&self, name: &str) -> Result<&'a str, BodyError> {
        let node = self.field(name)?;
        self.prefix_of(name, node)
    }

    fn prefix_of(&self, name: &str, node: &Node<'a>) -> Result<&'a str, BodyError> {
        let text = node.plain().ok_or_else(|| self.refused(name, node.at, "must be text"))?;
        match text.parse::<Aid>() {
            Ok(_) => Ok(text),
            Err(_) if text.starts_with('1') || is_other_digest(text) => {
                let what = format!("identifier `{text}` in field `{name}`: only codes `E`, `D` and `B`");
                Err(BodyError::Unsupported { at: node.at, what })
            }
            Err(_) => Err(self.refused(name, node.at, "must be an identifier of 44 characters")),
        }
    }

    /// A sequence number: lower-case hexadecimal without leading zeros.
    fn sn(&self, node: &Node<'a>, name: &str) -> Result<u64, BodyError> {
        let field = node.get(name).ok_or_else(|| self.refused(name, node.at, "is missing"))?;
        field
            .plain()
            .and_then(sequence_number)
            .ok_or_else(|| self.refused(name, field.at, "must be a lower-case hexadecimal number"))
    }

    /// Checks that the digest in `d` is the one over the message with these fields dummied.
    fn own_digest(&self, dummies: &[&str]) -> Result<&'a str, BodyError> {
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

    fn key_event(&self, kind: KeyEventKind, order: &[&str]) -> Result<Body<'a>, BodyError> {
        self.order(order)?;
        let prefix = self.prefix("i")?;
        let sn = self.sn(self.node, "s")?;
        let inception = matches!(kind, KeyEventKind::Icp | KeyEventKind::Dip);
        if inception != (sn == 0) {
            return Err(self.refused("s", self.field("s")?.at, "must be 0 in an inception, and only there"));
        }
        let self_addressing = inception && prefix.starts_with('E');
        let said = self.own_digest(if self_addressing { &["d", "i"] } else { &["d"] })?;
        if self_addressing && said != prefix {
            return Err(BodyError::Prefix { prefix: prefix.to_owned() });
        }
        let keys = if kind.establishes() { Some(self.establishment(inception)?) } else { None };
        if inception && !self_addressing {
            // A basic identifier is its one key; a non-transferable one can never rotate.
            let bound = keys
                .as_ref()
                .is_some_and(|keys| keys.keys == [prefix] && (prefix.starts_with('D') || keys.next.is_empty()));
            if !bound || kind == KeyEventKind::Dip {
                return Err(BodyError::Prefix { prefix: prefix.to_owned() });
            }
        }
        let traits = if inception { self.traits()? } else { Vec::new() };
        Ok(Body::Key(Box::new(KeyEvent {
            kind,
            said,
            prefix,
            sn,
            prior: if inception { None } else { Some(self.said("p")?) },
            keys,
            delegator: if kind == KeyEventKind::Dip { Some(self.prefix("di")?) } else { None },
            traits,
            seals: self.seals()?,
        })))
    }

    fn traits(&self) -> Result<Vec<&'a str>, BodyError> {
        let node = self.field("c")?;
        let items = node.items().ok_or_else(|| self.refused("c", node.at, "must be a list"))?;
        let mut traits = Vec::new();
        for item in items {
            let known = match item.plain() {
                Some("EO") => "EO",
                Some("DND") => "DND",
                Some("NRB") => "NRB",
                Some(other) => {
                    let what = format!("configuration trait `{other}`");
                    return Err(BodyError::Unsupported { at: item.at, what });
                }
                None => return Err(self.refused("c", item.at, "must be a list of traits")),
            };
            // Every key state carries the traits: one that is repeated a thousand times is still one.
            if !traits.contains(&known) {
                traits.push(known);
            }
        }
        Ok(traits)
    }

    fn establishment(&self, inception: bool) -> Result<Establishment<'a>, BodyError> {
        let (witnesses, cut) =
            if inception { (self.keys("b")?, Vec::new()) } else { (self.keys("ba")?, self.keys("br")?) };
        let next = self.list("n", |name, node| self.said_of(name, node))?;
        Ok(Establishment {
            keys: self.keys("k")?,
            threshold: self.threshold("kt", false)?.ok_or_else(|| self.refused("kt", 0, "must be at least 1"))?,
            next_threshold: self.threshold("nt", next.is_empty())?,
            next,
            witness_threshold: self.witness_threshold()?,
            witnesses,
            cut,
        })
    }

    fn list<T>(&self, name: &str, item: impl Fn(&str, &Node<'a>) -> Result<T, BodyError>) -> Result<Vec<T>, BodyError> {
        let node = self.field(name)?;
        let items = node.items().ok_or_else(|| self.refused(name, node.at, "must be a list"))?;
        if items.len() > WEIGHTS_MAX {
            return Err(self.refused(name, node.at, "has more items than any log needs"));
        }
        items.iter().map(|node| item(name, node)).collect()
    }

    fn keys(&self, name: &str) -> Result<Vec<&'a str>, BodyError> {
        self.list(name, |name, node| {
            let key = self.prefix_of(name, node)?;
            if key.starts_with('E') {
                return Err(self.refused(name, node.at, "must hold Ed25519 keys"));
            }
            Ok(key)
        })
    }

    /// `bt`: hexadecimal text, or a number as signify writes it in rotations.
    fn witness_threshold(&self) -> Result<u32, BodyError> {
        let node = self.field("bt")?;
        let number = match &node.value {
            json::Value::Number(digits) => digits.parse().ok(),
            json::Value::Text(text) => sequence_number(text).and_then(|number| u32::try_from(number).ok()),
            json::Value::Object(_) | json::Value::Array(_) | json::Value::Bool(_) | json::Value::Null => None,
        };
        number.ok_or_else(|| self.refused("bt", node.at, "must be a number of witnesses"))
    }

    /// A signing threshold. `None` for 0, which stands only where there are no next keys.
    fn threshold(&self, name: &str, none: bool) -> Result<Option<Threshold>, BodyError> {
        let node = self.field(name)?;
        let malformed = || self.refused(name, node.at, "must be a threshold: a number, or weights such as `1/2`");
        let threshold = match &node.value {
            json::Value::Text(text) if none && text == "0" => return Ok(None),
            json::Value::Number(digits) if none && *digits == "0" => return Ok(None),
            json::Value::Text(text) => Threshold::parse_count(text).ok_or_else(malformed)?,
            json::Value::Number(digits) => {
                let count = digits.parse::<u32>().ok().filter(|count| *count > 0 && *count <= WEIGHTS_MAX as u32);
                Threshold::Count(count.ok_or_else(malformed)?)
            }
            json::Value::Array(items) if none && items.is_empty() => return Ok(None),
            json::Value::Array(items) => {
                let groups = if items.iter().all(|item| item.items().is_some()) {
                    items.iter().map(|group| self.weights(name, group)).collect::<Result<Vec<_>, _>>()?
                } else {
                    vec![self.weights(name, node)?]
                };
                if groups.iter().map(Vec::len).sum::<usize>() > WEIGHTS_MAX || groups.is_empty() {
                    return Err(malformed());
                }
                Threshold::Weighted(groups)
            }
            json::Value::Object(_) | json::Value::Bool(_) | json::Value::Null => return Err(malformed()),
        };
        if !summable(&threshold) {
            let what = format!("a threshold in field `{name}` whose weights have such different denominators");
            return Err(BodyError::Unsupported { at: node.at, what });
        }
        Ok(Some(threshold))
    }

    fn weights(&self, name: &str, node: &Node<'a>) -> Result<Vec<Weight>, BodyError> {
        let items = node.items().unwrap_or_default();
        items
            .iter()
            .map(|item| match (&item.value, item.text().and_then(Weight::parse)) {
                (_, Some(weight)) => Ok(weight),
                (json::Value::Object(_), None) => {
                    let what = format!("a threshold in field `{name}` with groups inside a group");
                    Err(BodyError::Unsupported { at: item.at, what })
                }
                (_, None) => Err(self.refused(name, item.at, "must hold weights such as `1/2`, from 0 to 1")),
            })
            .collect()
    }

    /// Event seals. Seals of another form are allowed and mean nothing here.
    fn seals(&self) -> Result<Vec<Seal<'a>>, BodyError> {
        let node = self.field("a")?;
        let items = match &node.value {
            json::Value::Array(items) => items,
            // A data map instead of a list of seals seals nothing.
            json::Value::Object(_) => return Ok(Vec::new()),
            json::Value::Text(_) | json::Value::Number(_) | json::Value::Bool(_) | json::Value::Null => {
                return Err(self.refused("a", node.at, "must be a list of seals"));
            }
        };
        let mut seals = Vec::new();
        for item in items {
            let fields = item.fields().unwrap_or_default();
            let names: Vec<&str> = fields.iter().map(|(key, _)| key.as_ref()).collect();
            if names != ["i", "s", "d"] {
                continue;
            }
            let prefix = item.get("i").and_then(Node::plain).filter(|text| text.parse::<Aid>().is_ok());
            let said = item.get("d").and_then(Node::plain).filter(|text| text.parse::<Said>().is_ok());
            let sn = item.get("s").and_then(Node::plain).and_then(sequence_number);
            match (prefix, sn, said) {
                (Some(prefix), Some(sn), Some(said)) => seals.push(Seal { at: item.at, prefix, sn, said }),
                _ => {
                    return Err(self.refused(
                        "a",
                        item.at,
                        "holds a seal with a malformed identifier, number or digest",
                    ));
                }
            }
        }
        Ok(seals)
    }

    fn registry_event(&self) -> Result<RegistryEvent<'a>, BodyError> {
        match self.kind {
            "vcp" => {
                self.order(&["v t d i ii s c bt b n"])?;
                let subject = self.prefix("i")?;
                let said = self.own_digest(&["d", "i"])?;
                if said != subject {
                    return Err(BodyError::Prefix { prefix: subject.to_owned() });
                }
                self.number_is("s", 0)?;
                let no_backers = |name: &str| self.field(name).ok().and_then(Node::items).is_some_and(<[_]>::is_empty);
                let traits = self.field("c")?.items().unwrap_or_default();
                if !no_backers("b") || !traits.iter().any(|item| item.plain() == Some("NB")) {
                    let what = format!("registry `{subject}`, which has backers");
                    return Err(BodyError::Unsupported { at: self.field("b")?.at, what });
                }
                let issuer = self.prefix("ii")?;
                Ok(RegistryEvent { kind: RegistryEventKind::Inception { issuer }, said, subject, dated: "" })
            }
            "iss" => {
                self.order(&["v t d i s ri dt"])?;
                self.number_is("s", 0)?;
                let kind = RegistryEventKind::Issuance { registry: self.said("ri")? };
                let (said, subject) = (self.own_digest(&["d"])?, self.said("i")?);
                Ok(RegistryEvent { kind, said, subject, dated: self.plain("dt")? })
            }
            _ => {
                self.order(&["v t d i s ri p dt"])?;
                self.number_is("s", 1)?;
                let kind = RegistryEventKind::Revocation { registry: self.said("ri")?, prior: self.said("p")? };
                let (said, subject) = (self.own_digest(&["d"])?, self.said("i")?);
                Ok(RegistryEvent { kind, said, subject, dated: self.plain("dt")? })
            }
        }
    }

    fn number_is(&self, name: &str, expected: u64) -> Result<(), BodyError> {
        let node = self.field(name)?;
        if self.sn(self.node, name)? == expected {
            Ok(())
        } else {
            Err(self.refused(name, node.at, "is not the number that this type of event has"))
        }
    }

    fn exchange(&self) -> Result<Exchange<'a>, BodyError> {
        self.order(&["v t d i rp p dt r q a e", "v t d i p dt r q a e"])?;
        Ok(Exchange {
            said: self.own_digest(&["d"])?,
            sender: self.prefix("i")?,
            route: self.field("r")?.text().unwrap_or_default().to_owned(),
            node: Node { at: 0, raw: "", value: json::Value::Null },
        })
    }

    fn credential(&self) -> Result<Credential<'a>, BodyError> {
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

/// Whether the weights can be summed in 64-bit fractions, whatever their order.
fn summable(threshold: &Threshold) -> bool {
    match threshold {
        Threshold::Count(_) => true,
        Threshold::Weighted(groups) => groups.iter().all(|group| {
            let multiple = group.iter().try_fold(1u64, |multiple, weight| {
                let denominator = u64::from(weight.denominator);
                let next = multiple / gcd(multiple, denominator) * denominator;
                (next < 1 << 32).then_some(next)
            });
            multiple.is_some()
        }),
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a.max(1) } else { gcd(b, a % b) }
}
