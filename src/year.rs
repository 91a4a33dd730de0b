//! A year of practice: sealed, closed cases as an auditor would find them, made from the reference case.
//!
//! In: an [`Order`]: how many cases, how many of them with something wrong, a seed. Out: the files of each QVI of the
//! year, one tar a case, with the log of the QVI as witnesses show it; the trust file; and which rules must not pass.
//! The same order gives the same bytes. Every key follows from the seed, so the trust file says that it is practice.
//! It must not know rules, and writes no file itself.
//!
//! A QVI signs at most [`GROUP`] credentials a year: each case holds the log of its QVI up to its own event, so that
//! a case stays small, and each is signed before the next one of the same QVI is sealed, as the log demands. More
//! cases have more QVIs, each with a root of its own above it, all of which the trust file names.

mod compile;
mod group;
mod reference;
mod template;
mod value;
mod violation;

use std::collections::BTreeSet;

use miette::Diagnostic;
use thiserror::Error;

use crate::ledger::{Entry, Kind, practised};
use crate::primitives::{Aid, Date, Instant, Sha256};
use crate::trust::{Audited, CredentialType, Trust, TrustDraft};

use compile::Shared;
use template::{Template, Texts};
use value::{SIGNED, Subject};
pub use violation::{VIOLATIONS, Violation, Wrong};

/// Most cases of one QVI.
pub const GROUP: u32 = 32;

/// Most cases of a year: what the identifiers of cases have room for.
pub const CASES_MAX: u32 = 999_999;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Order {
    /// How many cases.
    pub cases: u32,
    /// How many of a million cases have something wrong.
    pub wrong_ppm: u32,
    /// What keys, names and what is wrong follow from.
    pub seed: u64,
    /// The year in which the credentials are signed.
    pub year: i16,
}

/// Why there is no year.
#[derive(Debug, Clone, PartialEq, Eq, Error, Diagnostic)]
pub enum YearError {
    /// The reference case cannot be used.
    #[error("the reference case cannot be used: {0}")]
    #[diagnostic(code(countersign::year::reference), help("this is a defect of countersign; please report it"))]
    Reference(String),
    /// A violation cannot be made.
    #[error("the violation `{name}` cannot be made: {reason}")]
    #[diagnostic(code(countersign::year::violation), help("this is a defect of countersign; please report it"))]
    Violation {
        /// Which.
        name: &'static str,
        /// Why.
        reason: String,
    },
}

/// A year that is ready to be made.
#[derive(Debug)]
pub struct Year {
    order: Order,
    reference: Template,
    /// A program for each violation that is drawn and differs in its files.
    wrong: Vec<Option<Template>>,
}

/// What one thread remembers from case to case.
#[derive(Debug)]
pub struct Worker {
    reference: Texts,
    wrong: Vec<Option<(Texts, u32)>>,
    is_begun: bool,
}

/// A file of the year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YearFile {
    /// Where, from the root of the year.
    pub path: String,
    /// What.
    pub bytes: Vec<u8>,
}

/// What was made of one QVI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its root, its delegator, and itself.
    names: [String; 3],
    /// Those of the year, said by the first QVI.
    officers: Vec<String>,
    agents: Vec<String>,
    /// Who signed the events.
    signer: Option<Aid>,
    /// When each case was decided, and the digest that the ledger has of it.
    decisions: Vec<(Instant, Sha256)>,
    /// Lines about its cases.
    pub lines: Lines,
    wrong: usize,
}

/// What is said of the cases of a QVI.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lines {
    /// A line for each case: where, and for which instant it is judged.
    pub cases: String,
    /// A line for each case with something wrong.
    pub expected: String,
}

impl Made {
    /// How many of its cases have something wrong.
    pub fn wrong(&self) -> usize {
        self.wrong
    }

    /// What is needed until the end of the year, and the lines, which are not.
    pub fn without_lines(mut self) -> (Self, Lines) {
        let lines = std::mem::take(&mut self.lines);
        self.decisions.shrink_to_fit();
        (self, lines)
    }
}

impl Year {
    /// Prepares a year.
    ///
    /// # Errors
    /// `Reference`, `Violation`: a defect of this module, which its tests hold.
    pub fn new(order: Order) -> Result<Self, YearError> {
        let files = reference::files();
        let shared = reference::shared(&files).map_err(YearError::Reference)?;
        let reference = compile::compile(&files, &shared).map_err(YearError::Reference)?;
        let mut year = Self { order, reference, wrong: Vec::new() };
        let drawn: BTreeSet<usize> = (1..=order.cases).filter_map(|case| year.drawn(case)).collect();
        for (index, violation) in VIOLATIONS.iter().enumerate() {
            let is_drawn = drawn.contains(&index);
            let template = match &violation.wrong {
                Wrong::Files(patch) if is_drawn => Some(patched(violation.name, patch, &shared)?),
                Wrong::Files(_) | Wrong::Borrowed | Wrong::Unfiled | Wrong::Unregistered => None,
            };
            year.wrong.push(template);
        }
        Ok(year)
    }

    /// How many QVIs the year has.
    pub fn qvis(&self) -> u32 {
        self.order.cases.div_ceil(GROUP)
    }

    /// What a thread begins with.
    pub fn worker(&self) -> Worker {
        let wrong = self.wrong.iter().map(|template| template.as_ref().map(|template| (Texts::new(template), 0)));
        Worker { reference: Texts::new(&self.reference), wrong: wrong.collect(), is_begun: false }
    }
}

impl Year {
    /// The trust file of the year, which knows every QVI of it.
    ///
    /// # Errors
    /// `Reference`: the parts do not make a trust file.
    pub fn trust(&self, made: &[Made]) -> Result<Vec<u8>, YearError> {
        let reference = |reason: &str| YearError::Reference(reason.to_owned());
        let first = made.first().ok_or_else(|| reference("it has no case"))?;
        let fixture = reference::trusted();
        let from: Instant = fixture.valid_from.parse().map_err(|_| reference("its trust file has no beginning"))?;
        let aid = |text: &String| text.parse::<Aid>().map_err(|error| YearError::Reference(error.to_string()));
        let aids = |texts: &[String]| texts.iter().map(aid).collect::<Result<Vec<_>, _>>();
        let audited = |made: &Made| {
            let [root_aid, geda_aid, qvi_aid] = &made.names;
            Ok(Audited { root_aid: aid(root_aid)?, geda_aid: aid(geda_aid)?, qvi_aid: aid(qvi_aid)? })
        };
        let own = audited(first)?;
        let schemas = fixture.schemas.iter().map(|(kind, said)| {
            let said = said.parse().map_err(|_| reference("it pins a schema without a digest"));
            Ok((kind.parse::<CredentialType>().map_err(YearError::Reference)?, said?))
        });
        let draft = TrustDraft {
            valid_from: self.subject(1, 1, 1, "", "", 0).trusted_from(from),
            root_aid: own.root_aid,
            geda_aid: own.geda_aid,
            qvi_aid: own.qvi_aid,
            officers: aids(&first.officers)?,
            officer_threshold: "2".to_owned(),
            // Nobody signs a rule book for practice; the file must name somebody.
            policy_keys: aids(&first.officers)?,
            policy_threshold: "2".to_owned(),
            reporting_agents: aids(&first.agents)?,
            schemas: schemas.collect::<Result<_, YearError>>()?,
            practice: true,
        };
        let others = made.iter().skip(1).map(audited).collect::<Result<Vec<_>, YearError>>()?;
        let (bytes, _) = draft.build_with(&others).map_err(|error| YearError::Reference(error.to_string()))?;
        Ok(bytes)
    }

    /// The ledger of the year, line by line: that it begins, with its trust file, and a row for each event that was
    /// signed.
    ///
    /// # Errors
    /// `Reference`: nobody can begin it.
    pub fn ledger<'m>(
        &self,
        made: &'m [Made],
        trust: &[u8],
    ) -> Result<impl Iterator<Item = String> + use<'m>, YearError> {
        let reference = |reason: &str| YearError::Reference(reason.to_owned());
        let trusted = Trust::parse(trust).map_err(|error| YearError::Reference(error.to_string()))?;
        let officer = trusted.officers.aids.first().ok_or_else(|| reference("it has no officers"))?;
        let begins =
            Entry { at: trusted.valid_from, actor: officer.clone(), kind: Kind::Genesis, payload: trusted.digest };
        let of_qvi = |made: &'m Made| made.signer.iter().flat_map(|by| made.decisions.iter().map(move |of| (of, by)));
        let mut decisions: Vec<(&(Instant, Sha256), &Aid)> = made.iter().flat_map(of_qvi).collect();
        decisions.sort_unstable_by_key(|(decided, _)| **decided);
        let entry = |(decided, by): (&(Instant, Sha256), &Aid)| {
            let (at, payload) = *decided;
            Entry { at, actor: by.clone(), kind: Kind::Decision, payload }
        };
        Ok(practised([begins].into_iter().chain(decisions.into_iter().map(entry))))
    }

    /// What stands for an identifier of the reference case.
    fn aid(&self, texts: &Texts, reference: &str) -> String {
        self.reference.named.get(reference).map_or_else(String::new, |slot| texts.get(*slot).to_owned())
    }

    /// Which violation a case has, by its place in [`VIOLATIONS`].
    fn drawn(&self, case: u32) -> Option<usize> {
        let random = self.random(&format!("what is wrong with case {case}"));
        let wrong = (random & 0xffff_ffff) * 1_000_000 / (1 << 32) < u64::from(self.order.wrong_ppm);
        // In turn, so that a year of enough cases has all of them.
        let turn = self.random("the first thing that is wrong") % VIOLATIONS.len() as u64 + u64::from(case);
        wrong.then(|| (turn % VIOLATIONS.len() as u64) as usize)
    }

    fn random(&self, label: &str) -> u64 {
        let bytes = Sha256::of(format!("countersign practice year\n{}\n{label}", self.order.seed).as_bytes());
        bytes.as_bytes().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    fn subject<'y>(
        &self,
        qvi: u32,
        case: u32,
        first: u32,
        prior: &'y str,
        earlier: &'y str,
        before: u64,
    ) -> Subject<'y> {
        // Signed between the end of January and Christmas, a week apart within a QVI.
        let day = 29 + i64::from(case - first) * 330 / i64::from(GROUP) + i64::from(qvi % 5);
        let (year, month, signed) = SIGNED;
        let reference = Date::new(year, month, signed).zip(Date::new(self.order.year, 1, 1));
        let days = reference.map_or(0, |(reference, january)| reference.days_until(january)) + day;
        let minutes = (self.random(&format!("time of case {case}")) % 240) as i64 - 120;
        let place = reference::PLACE + before;
        Subject {
            seed: self.order.seed,
            year: self.order.year,
            qvi,
            case,
            days,
            minutes,
            place,
            prior,
            earlier,
            borrowed: None,
        }
    }
}

/// The program of a case with a patch.
fn patched(name: &'static str, patch: &str, shared: &Shared) -> Result<Template, YearError> {
    let violation = |reason| YearError::Violation { name, reason };
    let files = reference::patched(name, patch).map_err(violation)?;
    compile::compile(&files, shared).map_err(violation)
}
