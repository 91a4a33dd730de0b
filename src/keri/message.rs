//! What a framed message says: field sets, digests and values checked, nothing believed yet.
//!
//! In: a [`Message`](super::cesr::Message). Out: a [`Body`], whose digest is the one it claims, or a [`BodyError`] with
//! its place. The digest is computed over the received bytes. Signatures and seals are for others.

mod credential;
mod error;
mod fields;
mod key_event;
mod read;

use std::borrow::Cow;

pub use error::BodyError;
pub use read::read;

use super::json::Node;
use crate::facts::threshold::Threshold;

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
    /// What it seals by event seals.
    pub seals: Vec<Seal<'a>>,
    /// How many things it seals, of any kind.
    pub sealed: usize,
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

    /// Whether it replaces keys.
    pub fn rotates(self) -> bool {
        match self {
            Self::Rot | Self::Drt => true,
            Self::Icp | Self::Dip | Self::Ixn => false,
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
