//! Why an act is refused. Nothing was signed then.

use miette::Diagnostic;
use thiserror::Error;

use crate::keystore::{NotSignable, SignerError};
use crate::primitives::{Aid, Instant, Sha256};

use super::progress::Role;

/// An act that the person, the order or the time does not allow.
#[derive(Debug, Error, Diagnostic)]
pub enum CaseError {
    /// The case records do not hold together.
    #[error("the case records do not hold together: {first}")]
    #[diagnostic(
        code(countersign::case::broken),
        help("`countersign check CASE` lists what is wrong; nothing is added to such a case")
    )]
    Broken {
        /// The first problem.
        first: String,
    },
    /// A record without a good signature of who made it.
    #[error("`{path}` has no good signature of {person}, who made it")]
    #[diagnostic(
        code(countersign::case::unsigned_record),
        help("who made the record signs it; nothing is added after a record that nobody answers for")
    )]
    UnsignedRecord {
        /// The record.
        path: String,
        /// Who made it.
        person: String,
    },
    /// A field that an act needs.
    #[error("`{path}` does not say its `{field}` as it should")]
    #[diagnostic(code(countersign::case::unreadable), help("`countersign check CASE` shows the file and the line"))]
    Unreadable {
        /// The record.
        path: String,
        /// The field.
        field: String,
    },
    /// A clock behind the records.
    #[error("it is {now} here, and `{path}` was made at {at}")]
    #[diagnostic(
        code(countersign::case::too_early),
        help("set the clock of this machine; acts follow each other in time")
    )]
    TooEarly {
        /// The clock.
        now: Instant,
        /// The record.
        path: String,
        /// Its instant.
        at: Instant,
    },
    /// Nobody can be looked up.
    #[error("the bundle has no readable roster, or several")]
    #[diagnostic(
        code(countersign::case::no_roster),
        help("add the one `qar-roster` that the officers signed: `countersign bundle add CASE FILE`")
    )]
    NoRoster,
    /// Evidence that is not sealed.
    #[error("the bundle is not sealed and signed")]
    #[diagnostic(
        code(countersign::case::unsealed),
        help("seal it with `countersign bundle seal CASE --by PERSON`, and sign the manifest")
    )]
    Unsealed,
    /// Somebody who is not on the roster.
    #[error("`{person}` is not on the roster at {at}")]
    #[diagnostic(
        code(countersign::case::not_on_roster),
        help("a QAR on the roster acts; if the roster is wrong, the officers sign a new one")
    )]
    NotOnRoster {
        /// Who.
        person: String,
        /// When.
        at: Instant,
    },
    /// A person with several identifiers.
    #[error("the roster gives `{person}` several identifiers at {at}: {aids}")]
    #[diagnostic(
        code(countersign::case::several_aids),
        help("a person acts under one identifier; the officers correct the roster")
    )]
    SeveralAids {
        /// Who.
        person: String,
        /// When.
        at: Instant,
        /// Which.
        aids: String,
    },
    /// Keys of somebody else.
    #[error("the keys are of `{aid}`, and `{person}` acts as `{expected}`")]
    #[diagnostic(
        code(countersign::case::not_their_aid),
        help("sign with the keys of the person who acts: `--sign-with NAME`; `countersign keys list` shows them")
    )]
    NotTheirAid {
        /// Who.
        person: String,
        /// Whose keys.
        aid: Aid,
        /// Whose they should be.
        expected: String,
    },
    /// Somebody who is no officer.
    #[error("`{person}` with `{aid}` is no officer of the trust file")]
    #[diagnostic(
        code(countersign::case::not_an_officer),
        help("an officer of the QVI does this; `countersign trust show` lists them")
    )]
    NotAnOfficer {
        /// Who.
        person: String,
        /// With which identifier.
        aid: Aid,
    },
    /// A role that is taken.
    #[error("{role} is `{person}`, assigned in `{path}`")]
    #[diagnostic(
        code(countersign::case::already_assigned),
        help("a role is given once; whoever cannot go on hands over in a new case")
    )]
    AlreadyAssigned {
        /// The role.
        role: Role,
        /// Who has it.
        person: String,
        /// The record.
        path: String,
    },
    /// One person for two.
    #[error("`{person}` cannot be {role}: {why}")]
    #[diagnostic(
        code(countersign::case::same_person),
        help("QAR1 and QAR2 are two persons, each with an identifier and a key of their own")
    )]
    SamePerson {
        /// Who.
        person: String,
        /// As what.
        role: Role,
        /// What they share.
        why: String,
    },
    /// A role that nobody has.
    #[error("no {role} is assigned")]
    #[diagnostic(
        code(countersign::case::not_assigned),
        help("assign both first: `countersign case assign CASE --qar1 PERSON --qar2 PERSON`")
    )]
    NotAssigned {
        /// The role.
        role: Role,
    },
    /// Somebody else than the QAR.
    #[error("`{person}` is not {role} of the case, that is `{assigned}`")]
    #[diagnostic(
        code(countersign::case::not_the_qar),
        help("`countersign case show CASE` says who acts next; name the person with `--by`")
    )]
    NotTheQar {
        /// Who.
        person: String,
        /// As what.
        role: Role,
        /// Who it is.
        assigned: String,
    },
    /// A QAR under another identifier than at the assignment.
    #[error("{role} was assigned as `{assigned}`, and the roster gives `{person}` the identifier `{aid}`")]
    #[diagnostic(
        code(countersign::case::other_aid),
        help("the assignment and the roster must name one identifier; an officer looks at what changed")
    )]
    OtherAid {
        /// The role.
        role: Role,
        /// Who.
        person: String,
        /// As assigned.
        assigned: Aid,
        /// On the roster.
        aid: Aid,
    },
    /// A second submission.
    #[error("the evidence was submitted already, in `{path}`")]
    #[diagnostic(code(countersign::case::already_submitted), help("`countersign case show CASE` says who acts next"))]
    AlreadySubmitted {
        /// The record.
        path: String,
    },
    /// Nothing to decide on.
    #[error("the evidence was not submitted")]
    #[diagnostic(code(countersign::case::not_submitted), help("QAR1 submits first: `countersign case submit CASE`"))]
    NotSubmitted,
    /// A submission of other evidence.
    #[error("`{path}` submits the bundle {submitted}, and this one is {bundle}")]
    #[diagnostic(
        code(countersign::case::other_bundle),
        help("the bundle was changed after it was submitted; restore it, or begin the decision anew")
    )]
    OtherBundle {
        /// The record.
        path: String,
        /// As submitted.
        submitted: Sha256,
        /// As it is.
        bundle: Sha256,
    },
    /// Nothing to give up.
    #[error("the case has no proposal, so there is no event to give up")]
    #[diagnostic(
        code(countersign::case::nothing_proposed),
        help("a case without a proposal is rejected, or left as it is: `countersign case reject CASE`")
    )]
    NothingProposed,
    /// Given up before.
    #[error("{person} gave the event up in `{path}`")]
    #[diagnostic(
        code(countersign::case::given_up),
        help("the other QAR gives it up as well; then: `countersign sign CASE --abandon --live FILE --out DIR`")
    )]
    GivenUp {
        /// Who.
        person: String,
        /// The record.
        path: String,
    },
    /// A proposal of somebody else.
    #[error("`{path}` was not made by `{person}`, who submits it")]
    #[diagnostic(
        code(countersign::case::other_proposer),
        help("the QAR1 of the case proposes and submits; take the proposal out, and propose anew")
    )]
    OtherProposer {
        /// The record.
        path: String,
        /// QAR1.
        person: String,
    },
    /// Too late.
    #[error("QAR2 decided in `{path}`")]
    #[diagnostic(
        code(countersign::case::decided),
        help("what was decided stays; `countersign case show CASE` goes on")
    )]
    Decided {
        /// The record.
        path: String,
    },
    /// A run on which nothing may follow.
    #[error("the run of stage {stage} is {verdict} as of {as_of}")]
    #[diagnostic(
        code(countersign::case::not_clean),
        help("`countersign check CASE --stage {stage}` shows what is wrong; nothing was signed")
    )]
    NotClean {
        /// The stage.
        stage: &'static str,
        /// What it says.
        verdict: &'static str,
        /// When.
        as_of: Instant,
    },
    /// A report of something else.
    #[error("the report is not of this case: {what}")]
    #[diagnostic(
        code(countersign::case::other_report),
        help("a report counts where it was made over this bundle, for this stage, with this trust file, now")
    )]
    OtherReport {
        /// What differs.
        what: String,
    },
    /// A rule that waits for no statement.
    #[error("no finding of `{rule}`{element} waits for the statement of a person")]
    #[diagnostic(
        code(countersign::case::nothing_to_attest),
        help("`countersign check CASE` marks what is up for review; evidence settles everything else")
    )]
    NothingToAttest {
        /// The rule.
        rule: String,
        /// ` about X`, where it is about one element.
        element: String,
    },
    /// Nothing that could be waived.
    #[error("no finding of `{rule}`{element} needs a waiver")]
    #[diagnostic(
        code(countersign::case::nothing_to_waive),
        help("`countersign check CASE` shows the findings, with the rule and the element of each")
    )]
    NothingToWaive {
        /// The rule.
        rule: String,
        /// ` about X`, where it is about one element.
        element: String,
    },
    /// A finding that nobody may waive.
    #[error("the finding of `{rule}`{element} is at level {level}, which nobody waives")]
    #[diagnostic(
        code(countersign::case::not_waivable),
        help("only findings at level warn can be waived; settle this one with evidence")
    )]
    NotWaivable {
        /// The rule.
        rule: String,
        /// ` about X`, where it is about one element.
        element: String,
        /// Its level.
        level: &'static str,
    },
    /// A request that is not there.
    #[error("there is no open waiver request `{id}`")]
    #[diagnostic(code(countersign::case::no_request), help("open requests: {open}"))]
    NoRequest {
        /// As given.
        id: String,
        /// What there is.
        open: String,
    },
    /// Somebody who may not approve it.
    #[error("`{person}` may not approve the waiver: {why}")]
    #[diagnostic(
        code(countersign::case::party),
        help("an officer who is neither QAR of the case nor asked for the waiver approves it")
    )]
    Party {
        /// Who.
        person: String,
        /// Why.
        why: String,
    },
    /// An end that has passed.
    #[error("the waiver would expire at {expires}, and it is {now}")]
    #[diagnostic(
        code(countersign::case::expired),
        help("ask for an instant to come with `--expires`; a waiver holds for a time, and not before it was approved")
    )]
    Expired {
        /// When it ends.
        expires: Instant,
        /// The clock.
        now: Instant,
    },
    /// A text that says nothing.
    #[error("the {what} is empty or too long")]
    #[diagnostic(
        code(countersign::case::no_text),
        help("say in a sentence why, with `{option}`; at most {most} characters are kept")
    )]
    NoText {
        /// Which text.
        what: &'static str,
        /// Where it is given.
        option: &'static str,
        /// The limit.
        most: usize,
    },
    /// No key state to sign under.
    #[error("there is no sound key event log of `{aid}` in the bundle")]
    #[diagnostic(
        code(countersign::case::no_log),
        help("add the log as evidence, or give it with `--kel FILE` until the bundle has it")
    )]
    NoLog {
        /// Whose.
        aid: Aid,
    },
    /// Keys that are not in force.
    #[error("the key `{key}` is not in force for `{aid}`: its log names {known}")]
    #[diagnostic(
        code(countersign::case::other_key),
        help("sign with the current key; if it was rotated, fetch the log anew and add it to the bundle")
    )]
    OtherKey {
        /// Whose.
        aid: Aid,
        /// The key.
        key: String,
        /// Those in force.
        known: String,
    },
    /// One signature by each.
    #[error("`{aid}` has signed this already")]
    #[diagnostic(
        code(countersign::case::vouched),
        help("nothing is to be done; somebody else signs with `--by PERSON --sign-with NAME`")
    )]
    Vouched {
        /// Who.
        aid: Aid,
    },
    /// A file of signatures that is none.
    #[error("what lies beside the document is no file of signatures")]
    #[diagnostic(
        code(countersign::case::sidecar),
        help("a `.sig.cesr` holds one group of signatures by identifiers; take away what is there and sign again")
    )]
    Sidecar,
    /// A record that cannot be signed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    NotSignable(#[from] NotSignable),
    /// No signature.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Signer(#[from] SignerError),
}
