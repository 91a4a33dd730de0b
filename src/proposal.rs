//! What the evidence proves is to be signed: the exact credential, registry event and anchoring event.
//!
//! In: a sealed case, the trust file, live streams. Out: [`Proven`], and from it a [`Draft`], whose bytes follow
//! from the evidence alone but for dates and nonces; and a proposal made elsewhere, compared with it byte by
//! byte: each differing field with what is expected, what was found, and what proves the expected value.
//! It must not know keys, policies or formats of reports. It signs nothing: it gives the exact bytes of the
//! event, and takes an indexed signature back.

mod compare;
mod draft;
pub mod error;
mod evidence;
mod flow;
mod received;
mod record;
mod records;
mod revocation;
mod role;
mod signature;

use std::collections::BTreeMap;

use crate::bundle::Snapshot;
use crate::facts::threshold::Threshold;
use crate::keri::schema::Library;
use crate::keri::signature::Memory;
use crate::primitives::{Aid, Instant, Lei, Said};
use crate::trust::Trust;

use flow::{Flow, Kind};

pub use compare::{Comparison, Difference, Part};
pub use draft::{Draft, Given};
pub use error::{Incomparable, NotAProposal, Unproven};
pub use evidence::prove;
pub use received::{Claims, Received, Stated};
pub use record::StoredProposal;
pub use records::Assigned;
pub use signature::{Countersigned, Matched, SignatureRefused};

/// What is to be proposed. Of which type of credential it is, the flow of the case says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Issuance.
    Issue,
    /// Revocation of a credential that the QVI issued; none named: the one that the case is about.
    Revoke(Option<Said>),
}

impl Act {
    /// What a flow proposes; none: the QVI's group signs nothing at its end.
    pub fn of_flow(flow: &str) -> Option<Self> {
        Flow::named(flow).map(Flow::act)
    }
}

/// From what it is proven.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'s> {
    /// The case; of it the sealed bundle is read.
    pub snapshot: &'s Snapshot,
    /// Whom the installation trusts.
    pub trust: &'s Trust,
    /// The moment that is asked about.
    pub as_of: Instant,
    /// Streams that go on from those of the bundle: the live state.
    pub live: &'s [&'s [u8]],
    /// Official schemas, where they are at hand.
    pub schemas: Option<&'s Library>,
    /// Signatures that held before in the same run.
    pub memory: Option<&'s Memory>,
}

/// A value, and what proves it: a file and a field, or a log and a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof<T> {
    /// The value.
    pub value: T,
    /// What proves it, for people.
    pub by: String,
}

/// The state of the group whose event it will be.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The QVI.
    pub aid: Aid,
    /// The place of the next event.
    pub sn: u64,
    /// The event before it.
    pub prior: Said,
    /// The last establishment event.
    pub established: (u64, Said),
    /// The keys in force, by index.
    pub keys: Vec<String>,
    /// How many of them must sign.
    pub threshold: Threshold,
    /// The witnesses in force, by index.
    pub witnesses: Vec<String>,
    /// How many of them must receipt.
    pub witness_threshold: u32,
    /// What proves all of this.
    pub by: String,
}

/// What the evidence of a case proves is to be signed.
#[derive(Debug, Clone, PartialEq)]
pub struct Proven {
    group: Group,
    subject: Subject,
    from: Proof<Instant>,
    to: Instant,
    /// The latest keys of every other identifier with a log.
    members: BTreeMap<Aid, Vec<String>>,
}

/// What the event is about.
#[derive(Debug, Clone, PartialEq)]
enum Subject {
    Issue(Box<Issue>),
    Revoke(Box<Revoke>),
}

/// An issuance. Where the evidence proves several, any of them will do; a draft of ours needs one.
#[derive(Debug, Clone, PartialEq)]
struct Issue {
    kind: Kind,
    lei: Proof<Lei>,
    issuee: Proof<Aid>,
    /// Beside the LEI: name and value, in order.
    attributes: Vec<(String, Proof<String>)>,
    issuer: Proof<Aid>,
    schemas: Vec<Proof<Said>>,
    registries: Vec<Proof<Said>>,
    /// What it rests on, of an entity the QVI's credentials, of a role the authorization: digest and schema.
    authorities: Vec<Proof<(Said, Said)>>,
    /// Rules: label, digest, and the text where it is at hand.
    rules: Vec<(String, Said, Option<String>)>,
}

/// A revocation: any of these, one at a time.
#[derive(Debug, Clone, PartialEq)]
struct Revoke {
    /// What the case is about, then what rests on it.
    credentials: Vec<Proof<Revocable>>,
    /// How many of them the case is about.
    mains: usize,
}

/// A credential that may be revoked.
#[derive(Debug, Clone, PartialEq)]
struct Revocable {
    said: Said,
    /// The credential's bytes.
    text: String,
    registry: Said,
    issuance: Proof<Said>,
}

impl<T> Proof<T> {
    fn new(value: T, by: impl Into<String>) -> Self {
        Self { value, by: by.into() }
    }
}

impl Proven {
    /// The group's state.
    pub fn group(&self) -> &Group {
        &self.group
    }

    /// What is proposed; of several credentials that fall, none is named.
    pub fn act(&self) -> Act {
        match &self.subject {
            Subject::Issue(_) => Act::Issue,
            Subject::Revoke(revoke) => Act::Revoke(match revoke.credentials.as_slice() {
                [one] => Some(one.value.said.clone()),
                _ => None,
            }),
        }
    }

    /// Whether a draft needs salts: the holder of an engagement role stays hidden behind them.
    pub fn needs_salts(&self) -> bool {
        match &self.subject {
            Subject::Issue(issue) => issue.kind.is_salted(),
            Subject::Revoke(_) => false,
        }
    }

    /// The entity, of an issuance.
    pub fn lei(&self) -> Option<&Lei> {
        match &self.subject {
            Subject::Issue(issue) => Some(&issue.lei.value),
            Subject::Revoke(_) => None,
        }
    }

    /// From when and until when its dates may be.
    pub fn window(&self) -> (Instant, Instant) {
        (self.from.value, self.to)
    }

    /// Where the latest key of an identifier stands among the group's keys; `None` if it has no log here, or no
    /// key of the group.
    pub fn member_index(&self, aid: &Aid) -> Option<u32> {
        let keys = self.members.get(aid)?;
        let at = self.group.keys.iter().position(|key| keys.contains(key))?;
        u32::try_from(at).ok()
    }
}
