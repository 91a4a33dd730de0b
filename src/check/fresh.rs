//! A case as it stands now: the files, the live state beside them, the report of this very moment.
//!
//! In: a snapshot, the trust file, live streams with the instant at which they were fetched, now, and what the policy
//! lock says a run is made with. Out: [`Fresh`], which nothing else makes: what the gate judges. A report that was
//! made elsewhere or earlier is not in it.

mod live;
mod papers;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::bundle::{Area, Snapshot};
use crate::compile::program::{Program, Stage};
use crate::evaluate::outcome::FailOn;
use crate::keri::schema::Library;
use crate::keri::signature::Memory;
use crate::primitives::{Duration, Instant, Said, Sha256};
use crate::report::Report;
use crate::trust::Trust;

pub use live::{Established, LiveProblem, LiveState};
pub use papers::{Abandonment, Approval, Member, Named, Papers, Roster, Submission, WaiverPaper};

use super::{Options, check};

/// Streams that were fetched for this decision.
#[derive(Debug, Clone)]
pub struct Live {
    /// As they came.
    pub streams: Vec<Vec<u8>>,
    /// When.
    pub fetched_at: Instant,
}

/// What the age of live streams rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DatedBy {
    /// The dates that the files have on the disk, which whoever writes them sets.
    #[default]
    Files,
    /// The clock of this run, which asked for them itself.
    Clock,
}

impl DatedBy {
    /// As decisions write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Clock => "clock",
        }
    }
}

/// What a run is made with: by the policy lock, never by options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The profile.
    pub profile: String,
    /// Parameters, as written.
    pub parameters: Vec<(String, String)>,
}

/// What [`Fresh::take`] works with beside the case.
#[derive(Debug, Clone)]
pub struct Around<'a> {
    /// The rule book.
    pub program: &'a Program,
    /// The installation's trust.
    pub trust: &'a Trust,
    /// Earlier cases, for references.
    pub cases: Option<&'a Path>,
    /// Official schemas, where they are at hand.
    pub schemas: Option<Arc<Library>>,
    /// Of the policy lock in force; none: there is none, and no report is made.
    pub terms: Option<Terms>,
}

/// A case as it stands now.
#[derive(Debug)]
pub struct Fresh {
    snapshot: Snapshot,
    now: Instant,
    policy: Sha256,
    terms: Option<Terms>,
    live: Option<Live>,
    no_live: Option<String>,
    dated_by: DatedBy,
    state: LiveState,
    papers: Papers,
    report: Result<Report, String>,
    schemas: Option<Arc<Library>>,
}

impl Fresh {
    /// Looks at a case now.
    pub fn take(around: &Around<'_>, snapshot: &Snapshot, live: Option<Live>, now: Instant) -> Self {
        // What was sealed after a signing is none of its reasons.
        let snapshot = snapshot.before_closing();
        // An empty one says nothing, least of all that nothing is wrong.
        let live = live.filter(|live| !live.streams.is_empty());
        let memory = Arc::new(Memory::default());
        let schemas = around.schemas.clone();
        let streams: Vec<&[u8]> = live.iter().flat_map(|live| &live.streams).map(Vec::as_slice).collect();
        let asked = live::Asked {
            snapshot: &snapshot,
            trust: around.trust,
            live: &streams,
            now,
            schemas: schemas.as_deref(),
            memory: &memory,
        };
        let (state, detached) = live::verify(&asked);
        let papers = Papers::read(&snapshot, &detached);
        let report = match &around.terms {
            None => Err("no policy lock says with which rules".to_owned()),
            Some(terms) => {
                let options = Options {
                    as_of: now,
                    stage: Stage::Approval,
                    flows: Vec::new(),
                    profile: terms.profile.clone(),
                    set: terms.parameters.clone(),
                    fail_on: FailOn::Warn,
                    schemas: schemas.clone(),
                    memory: Some(memory),
                };
                let made = check(around.program, &snapshot, around.trust, around.cases, &options);
                made.map_err(|error| error.to_string())
            }
        };
        let (policy, terms) = (around.program.digest, around.terms.clone());
        let dated_by = DatedBy::default();
        Self { snapshot, now, policy, terms, live, no_live: None, dated_by, state, papers, report, schemas }
    }

    /// The same, with why there is no live state.
    #[must_use]
    pub fn without_live(self, why: String) -> Self {
        Self { no_live: self.live.is_none().then_some(why), ..self }
    }

    /// The same, with what the age of the live state rests on.
    #[must_use]
    pub fn dated(self, dated_by: DatedBy) -> Self {
        Self { dated_by, ..self }
    }

    /// What the age of the live state rests on.
    pub fn dated_by(&self) -> DatedBy {
        self.dated_by
    }

    /// Why there is no live state, where that is known.
    pub fn no_live(&self) -> Option<&str> {
        self.no_live.as_deref()
    }

    /// The case, without what followed a signing.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The moment.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The digest of the rule book that judged.
    pub fn policy(&self) -> Sha256 {
        self.policy
    }

    /// What the report was made with; none: there is no report.
    pub fn terms(&self) -> Option<&Terms> {
        self.terms.as_ref()
    }

    /// The live streams.
    pub fn live(&self) -> Vec<&[u8]> {
        self.live.iter().flat_map(|live| &live.streams).map(Vec::as_slice).collect()
    }

    /// When they were fetched; none: there are none.
    pub fn fetched_at(&self) -> Option<Instant> {
        self.live.as_ref().map(|live| live.fetched_at)
    }

    /// How long ago they were fetched; none: there are none.
    pub fn live_age(&self) -> Option<Duration> {
        self.live.as_ref().map(|live| self.now.since(live.fetched_at))
    }

    /// What the live streams prove.
    pub fn state(&self) -> &LiveState {
        &self.state
    }

    /// The case records, with who signed them.
    pub fn papers(&self) -> &Papers {
        &self.papers
    }

    /// The report of this moment, at stage approval.
    ///
    /// # Errors
    /// Why none could be made.
    pub fn report(&self) -> Result<&Report, &str> {
        self.report.as_ref().map_err(String::as_str)
    }

    /// Official schemas at hand.
    pub fn schemas(&self) -> Option<&Library> {
        self.schemas.as_deref()
    }

    /// Whether an official schema is at hand.
    pub fn has_schema(&self, said: &Said) -> bool {
        self.schemas().is_some_and(|library| library.saids().any(|known| known == said))
    }

    /// The id of the case, as its manifest says.
    pub fn case_id(&self) -> Option<&str> {
        self.snapshot.manifest(Area::Bundle)?.text("bundle_id")
    }

    /// The flow that the manifest claims.
    pub fn flow(&self) -> Option<&str> {
        self.snapshot.manifest(Area::Bundle)?.text("flow")
    }

    /// Bundles of earlier cases that evidence is taken over from.
    pub fn references(&self) -> BTreeSet<Sha256> {
        let manifest = self.snapshot.manifest(Area::Bundle);
        manifest.into_iter().flat_map(|manifest| &manifest.references).map(|of| of.bundle_digest).collect()
    }
}
