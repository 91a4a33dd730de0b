//! The members' signatures on the anchoring event: whose they are, whether they hold, and what they make together.
//!
//! A [`Matched`] is a proposal whose bytes are the proven ones and that QAR1 signed; nothing else makes one. It
//! gives the exact bytes that are left to sign, and takes an indexed signature back.

use std::collections::BTreeSet;

use miette::Diagnostic;
use thiserror::Error;

use crate::bundle::place::printable;
use crate::keri::build::Seal;
use crate::keri::build::attach::{self, IndexedSignature, SignatureError};
use crate::primitives::{Aid, Said};

use super::compare::Comparison;
use super::draft::Draft;
use super::received::{Received, Stated};
use super::{Act, Group, Proven};

/// Why a proposal may not be signed for its signatures.
#[derive(Debug, Clone, PartialEq, Eq, Error, Diagnostic)]
pub enum SignatureRefused {
    /// Its bytes are not what the evidence proves.
    #[error("the proposal differs from what the evidence proves: {first}")]
    #[diagnostic(
        code(countersign::proposal::differs),
        help("do not sign; have QAR1 make a new proposal from the evidence with `countersign propose`")
    )]
    Differs {
        /// The first difference.
        first: String,
    },
    /// Somebody who has no key in the group.
    #[error("`{aid}` has no key among those in force of the group `{group}`")]
    #[diagnostic(
        code(countersign::proposal::not_a_member),
        help("a QAR signs with the key that stands in the group; fetch the logs anew if it was rotated")
    )]
    NotAMember {
        /// Who.
        aid: Aid,
        /// Which group.
        group: Aid,
    },
    /// An index without a key.
    #[error("there is no key at index {index}: the group has {keys} keys")]
    #[diagnostic(
        code(countersign::proposal::no_such_index),
        help("the signature was made for another group, or for an earlier list of keys")
    )]
    NoSuchIndex {
        /// The index.
        index: u32,
        /// How many keys.
        keys: usize,
    },
    /// A signature that does not hold.
    #[error("the signature at index {index} is not by that key over the anchoring event")]
    #[diagnostic(
        code(countersign::proposal::bad_signature),
        help("it was made over other bytes, or with another key; ask for a new one")
    )]
    Bad {
        /// The index.
        index: u32,
    },
    /// Nothing by QAR1.
    #[error("QAR1 (`{aid}`, index {index}) has not signed the anchoring event")]
    #[diagnostic(
        code(countersign::proposal::not_by_qar1),
        help("have QAR1 sign it: `countersign propose CASE --signature FILE`")
    )]
    NotByQar1 {
        /// Who.
        aid: Aid,
        /// Where the key stands.
        index: u32,
    },
    /// A signature that is said to be another's.
    #[error("`{aid}` is said to have signed at index {index}, and their key stands at {stands}")]
    #[diagnostic(
        code(countersign::proposal::other_index),
        help("do not sign; somebody mistakes or misstates who signed")
    )]
    OtherIndex {
        /// Who.
        aid: Aid,
        /// The index of the signature.
        index: u32,
        /// Where the key stands; `no index`.
        stands: String,
    },
    /// A proposal that names somebody else as its signer.
    #[error("the proposal says that `{stated}` signed it, and QAR1 is `{qar1}`")]
    #[diagnostic(
        code(countersign::proposal::other_signer),
        help("do not sign; only the QAR who was assigned as QAR1 proposes")
    )]
    OtherSigner {
        /// Who is named.
        stated: String,
        /// Who it must be.
        qar1: Aid,
    },
    /// The second signature by the first signer.
    #[error("index {index} has signed already, and two persons must sign")]
    #[diagnostic(
        code(countersign::proposal::same_signer),
        help("the second signature is QAR2's, with the key of QAR2")
    )]
    SameSigner {
        /// The index.
        index: u32,
    },
    /// Two signatures that do not go together.
    #[error("the signatures do not go together: {why}")]
    #[diagnostic(code(countersign::proposal::signatures), help("ask for a new signature of the exact event"))]
    Together {
        /// Why.
        why: SignatureError,
    },
}

/// A proposal that is what the evidence proves, signed by QAR1.
#[derive(Debug, Clone, PartialEq)]
pub struct Matched {
    draft: Draft,
    act: Act,
    credential_type: &'static str,
    group: Group,
    qar1: u32,
    signatures: Vec<IndexedSignature>,
}

/// The event with the signatures of two members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Countersigned {
    /// The event as a CESR stream, version 1.
    pub stream: Vec<u8>,
    /// The event.
    pub said: Said,
    /// Who signed, by index.
    pub signers: BTreeSet<u32>,
    /// Whether they meet the threshold: only then the witnesses receipt it.
    pub satisfied: bool,
    /// Indices of the keys that have not signed.
    pub unsigned: BTreeSet<u32>,
    /// How many receipts the log needs.
    pub receipts: u32,
    /// By whom.
    pub witnesses: Vec<String>,
}

impl Proven {
    /// A proposal whose bytes are the proven ones, with the signature of QAR1.
    ///
    /// # Errors
    /// A difference, or a signature that is not what it must be.
    pub fn accept(
        &self,
        comparison: &Comparison,
        received: &Received,
        qar1: &Aid,
    ) -> Result<Matched, SignatureRefused> {
        if let Some(first) = comparison.differences.first() {
            return Err(SignatureRefused::Differs { first: first.to_string() });
        }
        let not_a_member = || SignatureRefused::NotAMember { aid: qar1.clone(), group: self.group.aid.clone() };
        let index = self.member_index(qar1).ok_or_else(not_a_member)?;
        for claim in received.signatures() {
            self.holds(&claim.signature, &comparison.draft)?;
            let stands = claim.by.as_ref().map(|aid| (aid, self.member_index(aid)));
            if let Some((aid, stands)) = stands.filter(|(_, stands)| *stands != Some(claim.signature.index())) {
                let stands = stands.map_or_else(|| "no index".to_owned(), |stands| stands.to_string());
                return Err(SignatureRefused::OtherIndex { aid: aid.clone(), index: claim.signature.index(), stands });
            }
        }
        let not_by = || SignatureRefused::NotByQar1 { aid: qar1.clone(), index };
        let mut own = received.signatures().iter().filter(|claim| claim.signature.index() == index);
        own.next().ok_or_else(not_by)?;
        if let Some(stated) = received.stated.get(&Stated::Index).filter(|stated| **stated != index.to_string()) {
            let stated = stated.parse().unwrap_or(u32::MAX);
            let stands = index.to_string();
            return Err(SignatureRefused::OtherIndex { aid: qar1.clone(), index: stated, stands });
        }
        if let Some(stated) = received.stated.get(&Stated::Signer).filter(|stated| stated.as_str() != qar1.as_str()) {
            return Err(SignatureRefused::OtherSigner { stated: printable(stated), qar1: qar1.clone() });
        }
        let signatures = attach::merge(received.signatures().iter().map(|claim| &claim.signature));
        Ok(Matched {
            draft: comparison.draft.clone(),
            act: self.act(),
            credential_type: self.credential_type(&comparison.draft),
            group: self.group.clone(),
            qar1: index,
            signatures: signatures.map_err(|why| SignatureRefused::Together { why })?,
        })
    }

    /// Whether a signature is by the key at its index, over the anchoring event.
    ///
    /// # Errors
    /// Why it is not.
    pub fn holds(&self, signature: &IndexedSignature, draft: &Draft) -> Result<(), SignatureRefused> {
        self.group.holds(signature, draft)
    }
}

impl Group {
    fn holds(&self, signature: &IndexedSignature, draft: &Draft) -> Result<(), SignatureRefused> {
        let index = signature.index();
        let key = self.keys.get(index as usize);
        let key = key.ok_or(SignatureRefused::NoSuchIndex { index, keys: self.keys.len() })?;
        if signature.holds(key, &draft.anchor.text) { Ok(()) } else { Err(SignatureRefused::Bad { index }) }
    }
}

impl Matched {
    /// The exact bytes that the second member signs.
    pub fn event(&self) -> &str {
        &self.draft.anchor.text
    }

    /// The credential, the registry event and the event.
    pub fn draft(&self) -> &Draft {
        &self.draft
    }

    /// What it does.
    pub fn act(&self) -> &Act {
        &self.act
    }

    /// The type of the credential: `LE`.
    pub fn credential_type(&self) -> &'static str {
        self.credential_type
    }

    /// The group that signs, with its place, prior event, keys and threshold.
    pub fn group(&self) -> &Group {
        &self.group
    }

    /// The one seal of the event.
    pub fn seal(&self) -> &Seal {
        &self.draft.seal
    }

    /// Where QAR1's key stands.
    pub fn qar1(&self) -> u32 {
        self.qar1
    }

    /// The event with one more signature.
    ///
    /// # Errors
    /// The signature does not hold, or is by somebody who signed before.
    pub fn merge(&self, second: &IndexedSignature) -> Result<Countersigned, SignatureRefused> {
        let index = second.index();
        self.group.holds(second, &self.draft)?;
        if index == self.qar1 {
            return Err(SignatureRefused::SameSigner { index });
        }
        let merged = attach::merge(self.signatures.iter().chain([second]));
        let merged = merged.map_err(|why| SignatureRefused::Together { why })?;
        let signers: BTreeSet<u32> = merged.iter().map(IndexedSignature::index).collect();
        let keys = u32::try_from(self.group.keys.len()).unwrap_or(u32::MAX);
        let stream = attach::event(self.event(), &merged, &[]);
        Ok(Countersigned {
            // There are fewer keys than a count code can say.
            stream: stream.unwrap_or_default(),
            said: self.draft.anchor.said.clone(),
            satisfied: self.group.threshold.satisfied(&signers),
            unsigned: (0..keys).filter(|index| !signers.contains(index)).collect(),
            receipts: self.group.witness_threshold,
            witnesses: self.group.witnesses.clone(),
            signers,
        })
    }
}
