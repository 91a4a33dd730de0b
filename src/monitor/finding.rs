//! What the watch finds: which credential or LEI, why it matters, what to do and until when.
//!
//! A finding has an identity that neither its wording nor the day it is seen changes: two runs over the same evidence
//! find the same thing once.

use serde::{Deserialize, Serialize};

use crate::bundle::place::printable;
use crate::primitives::{Duration, Instant};

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The log of the QVI seals something that no case explains.
    OrphanEvent,
    /// A case explains it, and nobody approved that case.
    UndecidedEvent,
    /// Two signed events at one place of a log.
    ForkedLog,
    /// Something was issued after the credential of the QVI was revoked.
    IssuedAfterEnd,
    /// The LEI is not in good standing; the clock of the revocation runs.
    LeiBreach,
    /// The authorization or the entity's credential is gone; the clock of the role's revocation runs.
    RoleGroundGone,
    /// The credential of the QVI is revoked and its grace period runs.
    Grace,
    /// The grace period is over, and the credential is still issued.
    GraceOver,
    /// Nobody has seen GLEIF's record of the LEI for longer than may be.
    LeiUnseen,
    /// The contract of the entity has ended, and its credential is still issued.
    ContractOver,
    /// What is needed to tell the state of a credential was not fetched.
    StatusUnknown,
    /// A stream that cannot be read.
    StreamUnreadable,
    /// A case that cannot be read.
    CaseUnreadable,
    /// The LEI is to be renewed soon.
    LeiRenewal,
    /// A rule of the rule book does not pass over the evidence of the day.
    Rule,
}

/// What a finding means to its reader, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Somebody has to act now.
    Block,
    /// It cannot be told.
    Unknown,
    /// Somebody has to act soon.
    Warn,
    /// Good to know.
    Info,
}

/// Something that the watch found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Its identity: kind, subject and, where the same can come again, what it began with.
    pub id: String,
    /// What was found.
    pub kind: Kind,
    /// How bad it is.
    pub class: Class,
    /// The credential, event, LEI, file or element it is about.
    pub subject: String,
    /// The LEI that it concerns.
    pub lei: Option<String>,
    /// The rule whose clause it rests on.
    pub rule: Option<String>,
    /// When it began, by the evidence.
    pub since: Option<Instant>,
    /// The last moment at which what is due is in time.
    pub due_at: Option<Instant>,
    /// Whether that has passed.
    pub overdue: bool,
    /// What is so, in a sentence.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Kind {
    /// As the log and the lines of a run write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OrphanEvent => "orphan-event",
            Self::UndecidedEvent => "undecided-event",
            Self::ForkedLog => "forked-log",
            Self::IssuedAfterEnd => "issued-after-end",
            Self::LeiBreach => "lei-breach",
            Self::RoleGroundGone => "role-ground-gone",
            Self::Grace => "grace",
            Self::GraceOver => "grace-over",
            Self::LeiUnseen => "lei-unseen",
            Self::ContractOver => "contract-over",
            Self::StatusUnknown => "status-unknown",
            Self::StreamUnreadable => "stream-unreadable",
            Self::CaseUnreadable => "case-unreadable",
            Self::LeiRenewal => "lei-renewal",
            Self::Rule => "rule",
        }
    }

    /// The rule whose clause a finding of this kind rests on; none: no rule has it, or the finding names its own.
    pub fn rule(self) -> Option<&'static str> {
        match self {
            Self::OrphanEvent | Self::UndecidedEvent | Self::ForkedLog => Some("EGF3-TR1-6.7.1"),
            Self::IssuedAfterEnd => Some("EGF3-QVI-6.9"),
            Self::LeiBreach | Self::LeiUnseen => Some("EGF3-SLA-3.3.a"),
            Self::RoleGroundGone => Some("QVIW-35"),
            Self::Grace => Some("VLEI-20"),
            Self::GraceOver => Some("QVIW-62"),
            Self::StatusUnknown | Self::StreamUnreadable => Some("VLEI-35"),
            Self::LeiRenewal => Some("EGF3-SLA-3.3.b"),
            Self::ContractOver | Self::CaseUnreadable | Self::Rule => None,
        }
    }

    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::OrphanEvent,
        Self::UndecidedEvent,
        Self::ForkedLog,
        Self::IssuedAfterEnd,
        Self::LeiBreach,
        Self::RoleGroundGone,
        Self::Grace,
        Self::GraceOver,
        Self::LeiUnseen,
        Self::ContractOver,
        Self::StatusUnknown,
        Self::StreamUnreadable,
        Self::CaseUnreadable,
        Self::LeiRenewal,
        Self::Rule,
    ];
}

impl Class {
    /// The word in front of a finding.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Unknown => "unknown",
            Self::Warn => "warn",
            Self::Info => "info",
        }
    }
}

impl Finding {
    /// A finding without a clock, whose identity is its kind and its subject.
    pub(super) fn new(kind: Kind, class: Class, subject: &str, message: String, help: &str) -> Self {
        Self {
            id: format!("{}:{subject}", kind.as_str()),
            kind,
            class,
            subject: subject.to_owned(),
            lei: None,
            rule: kind.rule().map(str::to_owned),
            since: None,
            due_at: None,
            overdue: false,
            message,
            help: help.to_owned(),
        }
    }

    /// That a case cannot be read: what it explains is not known.
    pub fn unreadable_case(path: &str, reason: &str) -> Self {
        let message = format!("the case `{}` cannot be read: {}", printable(path), printable(reason));
        let help = "mend it or put it back as it was sealed; until then what it explains counts as not explained";
        Self::new(Kind::CaseUnreadable, Class::Unknown, path, message, help)
    }

    /// The same, about an LEI.
    pub(super) fn of_lei(mut self, lei: Option<&str>) -> Self {
        self.lei = lei.map(str::to_owned);
        self
    }

    /// The same, with the clock that began at `since` and runs for `limit`. A limit beyond the end of time never ends.
    pub(super) fn clocked(mut self, since: Instant, due_at: Option<Instant>, as_of: Instant) -> Self {
        self.since = Some(since);
        self.due_at = due_at;
        // The last instant still belongs to the time that there is.
        self.overdue = due_at.is_some_and(|due_at| as_of > due_at);
        self
    }

    /// How much time is left, negative once it is over; none: nothing is due.
    pub fn left(&self, now: Instant) -> Option<Duration> {
        self.due_at.map(|due_at| due_at.since(now))
    }

    /// Whether the reader must hear of it again: it got worse or better, or its time is over.
    pub(super) fn differs_from(&self, earlier: &Self) -> bool {
        (self.class, self.overdue) != (earlier.class, earlier.overdue)
    }
}
