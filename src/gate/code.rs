//! The reasons that the gate can have, as a closed table: each belongs to one step.

use std::fmt;

/// The steps, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The bundle is the one that was submitted and approved.
    Snapshot,
    /// The policy lock is in force, and nothing older than what was used before.
    Lock,
    /// The live state is there, fresh, and goes on from the evidence.
    Live,
    /// The rules say yes now, as they did in the report that QAR2 approved.
    Judge,
    /// The proposed event is what evidence and live state prove, byte for byte.
    Event,
    /// Two persons, each with their own key, and officers beside them.
    Persons,
    /// The place in the group's log is free, and the key is QAR2's.
    Reserve,
    /// The ledger can take the decision.
    Record,
}

impl Step {
    /// All of them, in order.
    pub const ALL: [Self; 8] =
        [Self::Snapshot, Self::Lock, Self::Live, Self::Judge, Self::Event, Self::Persons, Self::Reserve, Self::Record];

    /// Its number, from 1.
    pub fn number(self) -> usize {
        self as usize + 1
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Snapshot => "snapshot",
            Self::Lock => "lock",
            Self::Live => "live",
            Self::Judge => "judge",
            Self::Event => "event",
            Self::Persons => "persons",
            Self::Reserve => "reserve",
            Self::Record => "record",
        }
    }
}

/// Writes the table: variant, step, name, help.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $step:ident, $help:literal;)*) => {
        /// Why the gate says no.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// All of them, in order of step.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The step that it belongs to.
            pub fn step(self) -> Step {
                match self { $(Self::$variant => Step::$step,)* }
            }

            /// Its stable name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => concat!("countersign::gate::", $name),)* }
            }

            /// What to do.
            pub fn help(self) -> &'static str {
                match self { $(Self::$variant => $help,)* }
            }
        }
    };
}

codes! {
    /// The case is not whole.
    EvidenceChanged = "evidence_changed", Snapshot,
        "put back what was changed since the bundle was sealed; `countersign bundle verify CASE` names it";
    /// QAR1 did not submit.
    NotSubmitted = "not_submitted", Snapshot, "QAR1 submits the case, and signs the submission: `countersign case submit CASE`";
    /// Another bundle was submitted.
    OtherSubmitted = "other_submitted", Snapshot, "put the bundle back as it was submitted; if it has to change, the case is decided anew: QAR1 submits it as it is now, and QAR2 reviews it";
    /// QAR2 did not approve.
    NotApproved = "not_approved", Snapshot, "QAR2 reads the report, approves it with a reason, and signs the approval: `countersign case approve CASE`";
    /// Another bundle was approved.
    OtherApproved = "other_approved", Snapshot, "QAR2 reviews the bundle as it is now, and approves the report on it anew: `countersign case approve CASE`";
    /// A QAR gave the event up.
    EventGivenUp = "event_given_up", Snapshot, "what a QAR gave up is never signed; make a new case, with a proposal of its own";

    /// There is no lock.
    NoLock = "no_lock", Lock, "name the lock as `lock` in countersign.toml; if there is none, `countersign lock new` writes one, and those who hold the policy keys sign it";
    /// The lock cannot be read.
    LockUnusable = "lock_unusable", Lock, "get the lock again from those who sign it";
    /// Too few of the policy keys signed the lock.
    LockUnsigned = "lock_unsigned", Lock, "those who hold the policy keys of the trust file sign the lock: `countersign lock sign`";
    /// The lock does not hold yet.
    LockNotYet = "lock_not_yet", Lock, "look at the clock of this machine, or wait until the lock holds";
    /// The lock has expired.
    LockExpired = "lock_expired", Lock, "those who hold the policy keys sign a new lock: `countersign lock new`, then `countersign lock sign`";
    /// A later lock was in force.
    LockRolledBack = "lock_rolled_back", Lock, "use the latest lock; an older one never comes back into force";
    /// The lock is for another trust file.
    LockOtherTrust = "lock_other_trust", Lock, "use the trust file that the lock names, or have a new lock signed";
    /// The lock needs a later engine.
    LockEngine = "lock_engine", Lock, "update countersign on this machine";
    /// The rule book is not the locked one.
    OtherPolicies = "other_policies", Lock, "use the rule book that is locked, or have a new lock signed";
    /// The trust file is older than one that was used.
    TrustRolledBack = "trust_rolled_back", Lock, "use the latest trust file; an officer has it";
    /// The trust file is not the one that was put in force.
    TrustNotInForce = "trust_not_in_force", Lock, "`countersign trust replace` puts a trust file in force that the officers signed; tell an officer if nobody did";
    /// The lock does not allow the flow.
    FlowNotLocked = "flow_not_locked", Lock, "this installation does not sign such cases; the policy lock says which";

    /// There is no live state.
    NoLiveState = "no_live_state", Live, "fetch the logs and name them with `--live FILE`, or name addresses that answer as `live` in countersign.toml";
    /// The live state is too old.
    LiveStale = "live_stale", Live, "fetch the logs again and run the command at once";
    /// The live state does not hold.
    LiveUnusable = "live_unusable", Live, "fetch the logs again; `countersign kel verify FILE` says what is wrong";
    /// Something is missing in the live state.
    LiveIncomplete = "live_incomplete", Live,
        "fetch the logs of the group, of its delegator and of its root, its registry and the QVI credential with its registry";
    /// The live state is older than the evidence.
    LiveBehind = "live_behind", Live, "fetch the logs again from witnesses that are up to date; if they all are behind, do not sign and tell an officer";
    /// The live state contradicts the evidence.
    LiveContradicts = "live_contradicts", Live, "stop and tell an officer of the QVI: two versions of a log are signed";
    /// The QVI's credential is revoked.
    AuthorityRevoked = "authority_revoked", Live, "nothing can be issued; an officer asks GLEIF about the QVI's credential";

    /// No report could be made.
    NotJudged = "not_judged", Judge, "`countersign check CASE --stage approval` says why";
    /// The case is not clean now.
    NotClean = "not_clean", Judge, "`countersign check CASE --stage approval` shows the report";
    /// A waiver that would have been needed does not hold.
    WaiverVoid = "waiver_void", Judge, "an officer approves a new waiver of this very finding: `countersign case waive CASE`";
    /// A requirement has no rule.
    Pending = "pending", Judge, "an officer updates the rule book; a report without the rule is no permission to sign";
    /// The approved report is not there.
    NoReport = "no_report", Judge, "put the report that QAR2 approved back, byte for byte; if it is lost, QAR2 approves a new one";
    /// The approved report is none.
    ReportUnusable = "report_unusable", Judge, "QAR2 approves anew: `countersign case approve CASE` makes and saves the report";
    /// The approved report is about something else.
    OtherReport = "other_report", Judge, "QAR2 approves a report on this case: `countersign case approve CASE`";
    /// The approved report was made with other rules.
    OtherRules = "other_rules", Judge, "make the report with the locked rules, profile and parameters, and have QAR2 approve it";
    /// The approved report is not clean.
    ReportNotClean = "report_not_clean", Judge, "do not sign; settle what the report says, and QAR2 approves a new one; if the bundle has to change for it, the case is decided anew";
    /// An outcome changed since.
    OutcomesDiffer = "outcomes_differ", Judge, "QAR2 reads what changed and approves anew: `countersign case approve CASE` makes a new report";
    /// The approved report is too old.
    ReportTooOld = "report_too_old", Judge, "QAR2 approves anew and signs at once: `countersign case approve CASE` makes a new report";
    /// The approved report is of the future.
    ReportFromFuture = "report_from_future", Judge, "look at the clock of this machine";
    /// The clock runs behind what was seen.
    ClockBack = "clock_back", Judge, "set the clock of this machine; if it is right, do not sign and tell an officer";
    /// What may be used once was used by another case.
    UsedElsewhere = "used_elsewhere", Judge, "a QAR repeats the session with a new challenge, or refers to the earlier case";

    /// The flow ends with no event.
    NothingToSign = "nothing_to_sign", Event, "the QVI's group signs issuances by the QVI and their revocations; the entity signs its own";
    /// The evidence does not prove what would be signed.
    NotProven = "not_proven", Event, "`countersign propose CASE` says what is missing";
    /// There is no proposal.
    NoProposal = "no_proposal", Event, "QAR1 proposes: `countersign propose CASE`";
    /// The proposal cannot be read or compared.
    ProposalUnusable = "proposal_unusable", Event, "QAR1 proposes anew: `countersign propose CASE`";
    /// The credential differs from the evidence.
    CredentialDiffers = "credential_differs", Event, "do not sign; QAR1 makes the proposal anew from the evidence";
    /// The registry event differs from the evidence.
    RegistryEventDiffers = "registry_event_differs", Event, "do not sign; QAR1 makes the proposal anew from the evidence";
    /// The anchoring event has another place in the log.
    EventPlace = "event_place", Event, "the group's log went on; QAR1 proposes anew from the live state";
    /// The anchoring event seals something else, or more.
    EventSeals = "event_seals", Event, "do not sign; tell an officer what was proposed";
    /// The anchoring event is of another type.
    EventKind = "event_kind", Event, "do not sign; tell an officer what was proposed";
    /// The anchoring event differs otherwise.
    EventDiffers = "event_differs", Event, "do not sign; QAR1 makes the proposal anew";
    /// The proposal says something else of the group.
    ProposalDiffers = "proposal_differs", Event, "do not sign; QAR1 makes the proposal anew from the logs";
    /// The signature of QAR1 does not hold.
    Qar1Signature = "qar1_signature", Event, "QAR1 signs the anchoring event with their key of the group";
    /// The schema is not one that is locked.
    SchemaNotLocked = "schema_not_locked", Event, "do not sign; the policy lock says under which schemas credentials are issued, and QAR1 proposes anew under one of them";
    /// The official schema is not at hand.
    SchemaMissing = "schema_missing", Event, "fetch it by its digest, `countersign schema pull SAID`, into the folder that countersign.toml names as `schemas`";
    /// It cannot be signed for another reason.
    NotSignable = "not_signable", Event, "do not sign; QAR1 makes the proposal again from the case and compares the events: `countersign propose CASE`";

    /// A QAR is not assigned.
    NotAssigned = "not_assigned", Persons, "`countersign case assign` names QAR1 and QAR2";
    /// QAR1 and QAR2 are one.
    OnePerson = "one_person", Persons, "the case is decided anew, with another person, who has a key of their own, as QAR2";
    /// QAR2 sealed the evidence.
    PreparerSigns = "preparer_signs", Persons, "assign a QAR who did not prepare the bundle as QAR2";
    /// Nobody knows who prepared the bundle.
    NoPreparer = "no_preparer", Persons, "the QAR who prepared the bundle seals it with their signature";
    /// There is no roster, or several.
    NoRoster = "no_roster", Persons, "the bundle holds one roster of the QARs, signed by an officer";
    /// The roster is signed by no officer.
    RosterUnsigned = "roster_unsigned", Persons, "an officer whom the trust file names signs the roster";
    /// A QAR is not on the roster now.
    NotRostered = "not_rostered", Persons, "assign QARs who are on the roster today";
    /// A QAR's key does not stand at their place.
    KeyNotInPlace = "key_not_in_place", Persons, "the officers sign a corrected roster, or the QARs rotate the group to the QAR's key";
    /// An officer approved a waiver that they may not.
    WaiverByParty = "waiver_by_party", Persons, "an officer who is no party to the case approves the waiver, and signs it";
    /// Not both QARs gave the event up.
    NotGivenUp = "not_given_up", Persons, "QAR1 and QAR2 each give up the event of the proposal: `countersign case abandon CASE`";

    /// The store is not there or cannot be used.
    NoStore = "no_store", Reserve, "if it was lost, officers sign a recovery: `countersign state recover`; it is never made again by itself";
    /// The store can be read, and not written.
    StoreReadOnly = "store_read_only", Reserve, "let whoever signs write the store and its folder; no place can be reserved otherwise";
    /// The store is older than the ledger.
    StoreRolledBack = "store_rolled_back", Reserve, "stop and tell an officer; put the store back as it was last, an older copy forgets what was signed";
    /// Another event is reserved at the place.
    PlaceTaken = "place_taken", Reserve, "the QARs finish the other case, or both give its event up: `countersign case abandon CASE`";
    /// Nothing is held for the event.
    NothingReserved = "nothing_reserved", Reserve, "there is no place to give up; the records of both QARs are enough";
    /// The event stands in the log.
    EventInLog = "event_in_log", Reserve, "what stands in the log cannot be given up; the two QARs revoke the credential";
    /// The key is not QAR2's.
    OtherKey = "other_key", Reserve, "use the keys of the QAR who was assigned as QAR2; `countersign keys list` shows them";
    /// What was cleared is not sure any more.
    ClearanceOver = "clearance_over", Reserve, "no key was opened; run the command again, with live state that is fetched anew";

    /// The ledger is not there or cannot be read.
    NoLedger = "no_ledger", Record, "put the ledger back; if it was lost, officers sign a recovery: `countersign state recover`; it is never made again by itself";
    /// The ledger is another one.
    OtherLedger = "other_ledger", Record, "use the ledger that the trust file names by its first row";
    /// Rows of the ledger are gone or changed.
    LedgerChanged = "ledger_changed", Record, "stop and tell an officer, who puts the ledger back from a copy";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
