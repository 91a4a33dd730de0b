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
    pub const ALL: [Self; 8] = [
        Self::Snapshot,
        Self::Lock,
        Self::Live,
        Self::Judge,
        Self::Event,
        Self::Persons,
        Self::Reserve,
        Self::Record,
    ];

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
    ($($(#[$doc:meta])* $variant:ident $step:ident $name:literal $help:literal;)*) => {
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
    EvidenceChanged Snapshot "evidence_changed"
        "put back what was changed since the bundle was sealed; `countersign bundle verify CASE` names it";
    /// QAR1 did not submit.
    NotSubmitted Snapshot "not_submitted" "QAR1 submits the case, and signs the submission";
    /// Another bundle was submitted.
    OtherSubmitted Snapshot "other_submitted" "QAR1 submits the bundle as it is now, and QAR2 reviews it again";
    /// QAR2 did not approve.
    NotApproved Snapshot "not_approved" "QAR2 reads the report, approves it with a reason, and signs the approval";
    /// Another bundle was approved.
    OtherApproved Snapshot "other_approved" "QAR2 reviews the bundle as it is now";

    /// There is no lock.
    NoLock Lock "no_lock" "name the lock as `lock` in countersign.toml; the policy keys sign one";
    /// The lock cannot be read.
    LockUnusable Lock "lock_unusable" "get the lock again from those who sign it";
    /// Too few of the policy keys signed the lock.
    LockUnsigned Lock "lock_unsigned" "those whom the trust file names as policy keys sign the lock";
    /// The lock does not hold yet.
    LockNotYet Lock "lock_not_yet" "look at the clock of this machine, or wait until the lock holds";
    /// The lock has expired.
    LockExpired Lock "lock_expired" "the policy keys sign a new lock";
    /// A later lock was in force.
    LockRolledBack Lock "lock_rolled_back" "use the latest lock; an older one never comes back into force";
    /// The lock is for another trust file.
    LockOtherTrust Lock "lock_other_trust" "use the trust file that the lock names, or have a new lock signed";
    /// The lock needs a later engine.
    LockEngine Lock "lock_engine" "update countersign on this machine";
    /// The rule book is not the locked one.
    OtherPolicies Lock "other_policies" "use the rule book that is locked, or have a new lock signed";
    /// The trust file is older than one that was used.
    TrustRolledBack Lock "trust_rolled_back" "use the latest trust file";
    /// The lock does not allow the flow.
    FlowNotLocked Lock "flow_not_locked" "this installation does not sign such cases; the policy lock says which";

    /// There is no live state.
    NoLiveState Live "no_live_state" "fetch the logs and name them with `--live FILE`";
    /// The live state is too old.
    LiveStale Live "live_stale" "fetch the logs again and run the command at once";
    /// The live state does not hold.
    LiveUnusable Live "live_unusable" "fetch the logs again; `countersign kel verify FILE` says what is wrong";
    /// Something is missing in the live state.
    LiveIncomplete Live "live_incomplete"
        "fetch the logs of the group, of its delegator and of its root, its registry and the QVI credential with its registry";
    /// The live state is older than the evidence.
    LiveBehind Live "live_behind" "fetch the logs from witnesses that are up to date";
    /// The live state contradicts the evidence.
    LiveContradicts Live "live_contradicts" "stop and tell an officer of the QVI: two versions of a log are signed";
    /// The QVI's credential is revoked.
    AuthorityRevoked Live "authority_revoked" "nothing can be issued; ask GLEIF about the QVI's credential";

    /// No report could be made.
    NotJudged Judge "not_judged" "`countersign check CASE --stage approval` says why";
    /// The case is not clean now.
    NotClean Judge "not_clean" "`countersign check CASE --stage approval` shows the report";
    /// A waiver that would have been needed does not hold.
    WaiverVoid Judge "waiver_void" "an officer approves a new waiver of this very finding";
    /// A requirement has no rule.
    Pending Judge "pending" "an officer updates the rule book; a report without the rule is no permission to sign";
    /// The approved report is not there.
    NoReport Judge "no_report" "put the report that QAR2 approved back, byte for byte";
    /// The approved report is none.
    ReportUnusable Judge "report_unusable" "run `countersign check CASE --stage proposal --format json` and have QAR2 approve that";
    /// The approved report is about something else.
    OtherReport Judge "other_report" "have QAR2 approve a report on this case";
    /// The approved report was made with other rules.
    OtherRules Judge "other_rules" "make the report with the locked rules, profile and parameters, and have QAR2 approve it";
    /// The approved report is not clean.
    ReportNotClean Judge "report_not_clean" "cure what the report says, and have QAR2 approve a new one";
    /// An outcome changed since.
    OutcomesDiffer Judge "outcomes_differ" "make a new report and have QAR2 approve it";
    /// The approved report is too old.
    ReportTooOld Judge "report_too_old" "make a new report, have QAR2 approve it, and sign at once";
    /// The approved report is of the future.
    ReportFromFuture Judge "report_from_future" "look at the clock of this machine";
    /// The clock runs behind what was seen.
    ClockBack Judge "clock_back" "set the clock of this machine";
    /// What may be used once was used by another case.
    UsedElsewhere Judge "used_elsewhere" "repeat the session with a new challenge, or refer to the earlier case";

    /// The evidence does not prove what would be signed.
    NotProven Event "not_proven" "`countersign propose CASE` says what is missing";
    /// There is no proposal.
    NoProposal Event "no_proposal" "QAR1 proposes: `countersign propose CASE`";
    /// The proposal cannot be read or compared.
    ProposalUnusable Event "proposal_unusable" "QAR1 proposes anew: `countersign propose CASE`";
    /// The credential differs from the evidence.
    CredentialDiffers Event "credential_differs" "do not sign; QAR1 makes the proposal anew from the evidence";
    /// The registry event differs from the evidence.
    RegistryEventDiffers Event "registry_event_differs" "do not sign; QAR1 makes the proposal anew from the evidence";
    /// The anchoring event has another place in the log.
    EventPlace Event "event_place" "the group's log went on; QAR1 proposes anew from the live state";
    /// The anchoring event seals something else, or more.
    EventSeals Event "event_seals" "do not sign; tell an officer what was proposed";
    /// The anchoring event is of another type.
    EventKind Event "event_kind" "do not sign; tell an officer what was proposed";
    /// The anchoring event differs otherwise.
    EventDiffers Event "event_differs" "do not sign; QAR1 makes the proposal anew";
    /// The proposal says something else of the group.
    ProposalDiffers Event "proposal_differs" "do not sign; QAR1 makes the proposal anew from the logs";
    /// The signature of QAR1 does not hold.
    Qar1Signature Event "qar1_signature" "QAR1 signs the anchoring event with their key of the group";
    /// The schema is not one that is locked.
    SchemaNotLocked Event "schema_not_locked" "the policy lock says under which schemas credentials are issued";
    /// The official schema is not at hand.
    SchemaMissing Event "schema_missing" "fetch it with `countersign schema pull`";
    /// It cannot be signed for another reason.
    NotSignable Event "not_signable" "make the proposal again from the case, and compare the events";

    /// A QAR is not assigned.
    NotAssigned Persons "not_assigned" "`countersign case assign` names QAR1 and QAR2";
    /// QAR1 and QAR2 are one.
    OnePerson Persons "one_person" "assign another person, with a key of their own, as QAR2";
    /// QAR2 sealed the evidence.
    PreparerSigns Persons "preparer_signs" "assign a QAR who did not prepare the bundle as QAR2";
    /// Nobody knows who prepared the bundle.
    NoPreparer Persons "no_preparer" "the QAR who prepared the bundle seals it with their signature";
    /// There is no roster, or several.
    NoRoster Persons "no_roster" "the bundle holds one roster of the QARs, signed by an officer";
    /// The roster is signed by no officer.
    RosterUnsigned Persons "roster_unsigned" "an officer whom the trust file names signs the roster";
    /// A QAR is not on the roster now.
    NotRostered Persons "not_rostered" "assign QARs who are on the roster today";
    /// A QAR's key does not stand at their place.
    KeyNotInPlace Persons "key_not_in_place" "correct the roster, or rotate the group to the QAR's key";
    /// An officer approved a waiver that they may not.
    WaiverByParty Persons "waiver_by_party" "an officer who is no party to the case approves the waiver, and signs it";

    /// The store is not there or cannot be used.
    NoStore Reserve "no_store" "if it was lost, officers sign a recovery: `countersign state recover`; it is never made again by itself";
    /// Another event is reserved at the place.
    PlaceTaken Reserve "place_taken" "finish the other case, or have both QARs give its event up";
    /// The key is not QAR2's.
    OtherKey Reserve "other_key" "use the keys of the QAR who was assigned as QAR2; `countersign keys list` shows them";

    /// The ledger is not there or cannot be read.
    NoLedger Record "no_ledger" "put the ledger back; it is never made again by itself";
    /// The ledger is another one.
    OtherLedger Record "other_ledger" "use the ledger that the trust file names by its first row";
    /// Rows of the ledger are gone or changed.
    LedgerChanged Record "ledger_changed" "stop and tell an officer; put the ledger back from a copy";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
