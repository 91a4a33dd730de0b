//! Why nothing can be proposed, and why a file is no proposal.

use miette::Diagnostic;
use thiserror::Error;

use crate::primitives::{Aid, Instant, Said};

/// Why the evidence does not prove what is to be signed.
#[derive(Debug, Clone, PartialEq, Eq, Error, Diagnostic)]
pub enum Unproven {
    /// No manifest, or one that cannot be read to its end.
    #[error("the bundle has no manifest that can be read")]
    #[diagnostic(code(countersign::proposal::unsealed), help("seal it with `countersign bundle seal`"))]
    Unsealed,
    /// A listed file that is not as listed.
    #[error("`{path}` is not as the manifest lists it, or is not strict JSON")]
    #[diagnostic(
        code(countersign::proposal::unreadable),
        help("put it back as it was when the bundle was sealed; `countersign check` says what is wrong with it")
    )]
    Unreadable {
        /// The file.
        path: String,
    },
    /// A stream that nothing of can be used.
    #[error("`{path}` cannot be used as evidence: {why}")]
    #[diagnostic(
        code(countersign::proposal::stream),
        help("fetch the log again; `countersign kel verify FILE` says what is wrong with it")
    )]
    Stream {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// A kind of record that is missing.
    #[error("there is no record of kind `{kind}` in the bundle")]
    #[diagnostic(
        code(countersign::proposal::no_record),
        help("what is to be signed follows from it; records that are taken over from another case do not count here")
    )]
    NoRecord {
        /// The kind.
        kind: &'static str,
    },
    /// A record without a value, or with one that is none.
    #[error("`{path}` has no usable `{field}`")]
    #[diagnostic(
        code(countersign::proposal::no_field),
        help("what is to be signed follows from it; make the record anew")
    )]
    NoField {
        /// The record.
        path: String,
        /// Its field.
        field: String,
    },
    /// Two pieces of evidence that say different things.
    #[error("{what} is `{one}` by {one_by}, and `{other}` by {other_by}")]
    #[diagnostic(
        code(countersign::proposal::contradiction),
        help("evidence that contradicts itself proves nothing; correct it and seal the bundle anew")
    )]
    Contradiction {
        /// What they are about.
        what: &'static str,
        /// One value.
        one: String,
        /// What says so.
        one_by: String,
        /// The other.
        other: String,
        /// What says so.
        other_by: String,
    },
    /// A log that is not there, or not accepted.
    #[error("there is no verified key event log of {whose}, `{aid}`")]
    #[diagnostic(
        code(countersign::proposal::no_log),
        help("fetch it, with the logs of those who delegated it, and seal it in the bundle")
    )]
    NoLog {
        /// Whose, for people.
        whose: &'static str,
        /// Its identifier.
        aid: Aid,
    },
    /// Two signed events at one place.
    #[error("the log of `{aid}` has two different signed events at number {sn}")]
    #[diagnostic(
        code(countersign::proposal::duplicity),
        help("somebody signed both; sign nothing for this identifier, and tell the officers and GLEIF")
    )]
    Duplicity {
        /// Whose log.
        aid: Aid,
        /// Where.
        sn: u64,
    },
    /// A QVI that somebody else delegated, or nobody.
    #[error("`{aid}` is not delegated by the GEDA `{geda}` of the trust file")]
    #[diagnostic(
        code(countersign::proposal::not_delegated),
        help("compare `qvi_aid` and `geda_aid` of the trust file with what GLEIF told you")
    )]
    NotDelegated {
        /// The QVI.
        aid: Aid,
        /// Who should have.
        geda: Aid,
    },
    /// No authority to issue.
    #[error("no valid QVI credential of `{qvi}` by the GEDA `{geda}` is in the evidence")]
    #[diagnostic(
        code(countersign::proposal::no_authority),
        help("fetch the QVI credential with its registry; if it is revoked, this QVI issues nothing")
    )]
    NoAuthority {
        /// The QVI.
        qvi: Aid,
        /// Its GEDA.
        geda: Aid,
    },
    /// No registry to issue in.
    #[error("no registry that the log of `{aid}` seals is in the evidence")]
    #[diagnostic(
        code(countersign::proposal::no_registry),
        help("put the inception of the registry (`vcp`) into a stream of the bundle")
    )]
    NoRegistry {
        /// The QVI.
        aid: Aid,
    },
    /// No schema to issue by.
    #[error("the trust file pins no {credential_type} schema for {as_of}")]
    #[diagnostic(code(countersign::proposal::no_schema), help("have the officers pin the schema that is in force"))]
    NoSchema {
        /// The type.
        credential_type: &'static str,
        /// When.
        as_of: Instant,
    },
    /// A group that others control.
    #[error("key `{key}` of `{aid}` is of none of the LARs that were designated")]
    #[diagnostic(
        code(countersign::proposal::not_the_lars),
        help("the entity's AID must be controlled by its LARs alone; ask them which AID is theirs")
    )]
    NotTheLars {
        /// The entity's AID.
        aid: Aid,
        /// The key.
        key: String,
    },
    /// Several that could be meant.
    #[error("the evidence proves more than one {what}: {}", values.join(", "))]
    #[diagnostic(
        code(countersign::proposal::several),
        help("name the one that is meant (`--registry SAID`, `--revoke SAID`), or take only that one into the bundle")
    )]
    Several {
        /// What.
        what: &'static str,
        /// Which there are.
        values: Vec<String>,
    },
    /// A rule whose text is not at hand.
    #[error("the prescribed text of `{label}` is not at hand")]
    #[diagnostic(
        code(countersign::proposal::no_text),
        help("give the folder of the official schemas with `--schemas DIR`; `countersign schema pull` fills it")
    )]
    NoText {
        /// The rule.
        label: String,
    },
    /// Nothing to revoke.
    #[error("the evidence holds no credential that `{qvi}` issued and has not revoked{}", asked.as_ref().map(|said| format!(" with the digest `{said}`")).unwrap_or_default())]
    #[diagnostic(
        code(countersign::proposal::nothing_to_revoke),
        help("put the credential, its registry and the log of the QVI into the bundle")
    )]
    NothingToRevoke {
        /// The QVI.
        qvi: Aid,
        /// What was asked for.
        asked: Option<Said>,
    },
    /// A flow that ends otherwise.
    #[error("the flow of the case, `{flow}`, {what} no credential")]
    #[diagnostic(
        code(countersign::proposal::other_flow),
        help(
            "`flow` in the manifest says what a case is about: issuances, revocations (`--revoke`), or no event of the QVI at all"
        )
    )]
    OtherFlow {
        /// The flow.
        flow: String,
        /// `issues` or `revokes`.
        what: &'static str,
    },
    /// A role that nobody authorized.
    #[error("no record of kind `credential` names the {kind} that the role rests on")]
    #[diagnostic(
        code(countersign::proposal::no_authorization),
        help(
            "the entity issues the authorization to the QVI; take its chain and registry into the bundle, with a record"
        )
    )]
    NoAuthorization {
        /// The type of authorization.
        kind: &'static str,
    },
    /// An authorization that does not hold.
    #[error("the {kind} `{said}` {why}")]
    #[diagnostic(
        code(countersign::proposal::authorization),
        help(
            "a role says what its authorization says, and stands as long as that does; ask the entity for one that holds"
        )
    )]
    Authorization {
        /// The type of authorization.
        kind: &'static str,
        /// Which.
        said: Said,
        /// Why not.
        why: String,
    },
    /// A credential that needs salts.
    #[error("the credential has no salts, and its type hides its holder behind two")]
    #[diagnostic(
        code(countersign::proposal::no_salts),
        help(
            "`countersign propose` makes them; a proposal made elsewhere has `u` at the top and among the attributes"
        )
    )]
    NoSalts,
    /// A date outside of its range.
    #[error("`{dated}` is not between {from}, which {by}, and {to}")]
    #[diagnostic(
        code(countersign::proposal::dated),
        help("date the proposal after the bundle was sealed and not in the future")
    )]
    Dated {
        /// The date.
        dated: String,
        /// First moment.
        from: Instant,
        /// What says so.
        by: String,
        /// Last moment.
        to: Instant,
    },
}

/// Why a proposal cannot be compared with the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Error, Diagnostic)]
pub enum Incomparable {
    /// The evidence leaves something open.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Unproven(#[from] Unproven),
    /// The proposal is none.
    #[error(transparent)]
    #[diagnostic(transparent)]
    NotAProposal(#[from] NotAProposal),
}

/// Why a file is no proposal.
#[derive(Debug, Clone, PartialEq, Eq, Error, Diagnostic)]
pub enum NotAProposal {
    /// Neither JSON nor CESR.
    #[error("it is neither a CESR stream nor strict JSON: {why}")]
    #[diagnostic(
        code(countersign::proposal::not_readable),
        help(
            "give the answer of KERIA to `/multisig/request`, a CESR stream, or credential, registry event and anchor as JSON"
        )
    )]
    NotReadable {
        /// Why.
        why: String,
    },
    /// Another route, or another message.
    #[error("it holds {found}, which is no part of a proposal")]
    #[diagnostic(
        code(countersign::proposal::not_a_part),
        help(
            "a proposal is a `/multisig/iss` or `/multisig/rev` message, or its credential, registry event and anchor"
        )
    )]
    NotAPart {
        /// What it is.
        found: String,
    },
    /// A part that is missing.
    #[error("{part} is missing in the proposal")]
    #[diagnostic(
        code(countersign::proposal::part_missing),
        help(
            "give all parts: credential, registry event (`iss` or `rev`) and anchoring event; `--from` may be repeated"
        )
    )]
    Missing {
        /// Which.
        part: &'static str,
    },
    /// A part that is there twice, in two forms.
    #[error("the proposal holds two different ones of {part}")]
    #[diagnostic(
        code(countersign::proposal::part_twice),
        help("whoever proposes must say one thing; ask for a new proposal")
    )]
    Twice {
        /// Which.
        part: &'static str,
    },
    /// A signature that cannot be read.
    #[error("the signature of the proposal cannot be used: {why}")]
    #[diagnostic(
        code(countersign::proposal::signature_unreadable),
        help("an indexed Ed25519 signature in CESR text is expected: 88 characters, with `-AAB` in front or not")
    )]
    Signature {
        /// Why.
        why: String,
    },
}
