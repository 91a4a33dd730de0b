//! The cases of one QVI, one after the other.
//!
//! In: a year and the number of a QVI. Out: its files, and what is to be written of all QVIs together. Each case
//! continues the log where the one before left it.

use serde_json::{Value as Json, json};

use super::template::{Outputs, Scope, Template, Texts};
use super::value::Subject;
use super::violation::{VIOLATIONS, Violation, Wrong};
use super::{GROUP, Lines, Made, Worker, Year, YearFile, reference};
use crate::bundle::pack::Packer;
use crate::primitives::{Instant, Sha256};

/// What the log of a QVI and its registry hold so far.
struct Log {
    /// What stands before the first case.
    above: String,
    /// The events that seal credentials.
    anchors: String,
    /// The digest of the last event.
    last: String,
    /// The registry.
    registry: String,
}

/// A case as it was made, with what it was made from.
#[derive(Clone, Copy)]
struct Case<'w> {
    subject: &'w Subject<'w>,
    violation: Option<&'static Violation>,
    /// As the reference case would have it.
    own: &'w Texts,
    /// As it is.
    texts: &'w Texts,
    template: &'w Template,
}

impl Year {
    /// Makes the cases of a QVI, from 1 on, and hands each file on when it is made.
    ///
    /// # Errors
    /// What `emit` says.
    pub fn qvi<E>(
        &self,
        worker: &mut Worker,
        qvi: u32,
        emit: &mut dyn FnMut(YearFile) -> Result<(), E>,
    ) -> Result<Made, E> {
        let first = (qvi - 1) * GROUP + 1;
        let last = self.order.cases.min(qvi * GROUP);
        worker.begin(&self.reference, &self.subject(qvi, first, first, "", "", 0));
        let mut log = Log::new(&worker.reference, self.reference.outputs);
        let mut made = self.nothing_yet(&worker.reference, qvi);
        let mut leis = Vec::new();
        for number in first..=last {
            let drawn = self.drawn(number);
            let violation = drawn.and_then(|index| VIOLATIONS.get(index));
            let before = u64::from(number - first);
            let mut subject = self.subject(qvi, number, first, &log.last, &log.anchors, before);
            if violation.is_some_and(|violation| violation.wrong == Wrong::Borrowed) {
                // Of the case before; the first has none, and the one after it might not be filed.
                subject.borrowed = Some(if number > 1 { number - 1 } else { number + 2 });
            }
            worker.reference.make(&self.reference, Scope::Case, &subject);
            let template = drawn.and_then(|index| self.wrong.get(index)?.as_ref().map(|template| (index, template)));
            if let Some((index, template)) = template {
                worker.make_wrong(index, template, &subject);
            }
            let own = &worker.reference;
            let wrong = template.and_then(|(index, template)| Some((worker.wrong_texts(index)?, template)));
            let (texts, template) = wrong.unwrap_or((own, &self.reference));
            let case = Case { subject: &subject, violation, own, texts, template };
            if !case.is(&Wrong::Unfiled) {
                let path = format!("cases/{:04}/{}.tar", (number - 1) / 1000, subject.name());
                made.lines.cases.push_str(&self.index(&case, &path));
                emit(YearFile { path, bytes: case.tar() })?;
            }
            made.wrong += usize::from(case.violation.is_some());
            made.lines.expected.push_str(&case.expected());
            made.decisions.extend(self.decision(&case));
            leis.push(reference::lei_record(texts, template).to_owned());
            let added = case.added(self.reference.outputs);
            log.add(added);
        }
        emit(YearFile { path: format!("registries/qvi-{qvi:05}.cesr"), bytes: log.stream().into_bytes() })?;
        let leis = format!("[{}]\n", leis.join(","));
        emit(YearFile { path: format!("lei/qvi-{qvi:05}.json"), bytes: leis.into_bytes() })?;
        Ok(made)
    }

    /// Who a QVI is.
    fn nothing_yet(&self, texts: &Texts, qvi: u32) -> Made {
        let trusted = reference::trusted();
        let aid = |name: &String| self.aid(texts, name);
        let of_year = |names: &[String]| if qvi == 1 { names.iter().map(aid).collect() } else { Vec::new() };
        Made {
            names: [aid(&trusted.root), aid(&trusted.geda), aid(&trusted.qvi)],
            officers: of_year(&trusted.officers),
            agents: of_year(&trusted.agents),
            signer: reference::signed().and_then(|(qar2, _)| self.aid(texts, &qar2).parse().ok()),
            decisions: Vec::new(),
            lines: Lines::default(),
            wrong: 0,
        }
    }

    /// Where a case is, and for which instant it is judged.
    fn index(&self, case: &Case<'_>, path: &str) -> String {
        line(&json!({
            "case": case.subject.name(),
            "path": path,
            "as_of": reference::closed().map(|closed| case.subject.at(closed).to_string()),
            "lei": case.subject.lei(),
            "qvi": self.aid(case.own, &reference::trusted().qvi),
            "credential": case.texts.get(case.template.outputs.credential),
        }))
    }

    /// What the ledger has of a case.
    fn decision(&self, case: &Case<'_>) -> Option<(Instant, Sha256)> {
        let (_, at) = reference::signed()?;
        Some((case.subject.at(at), reference::signed_digest(case.texts, case.template)?))
    }
}

/// What a case adds to the log and the registry.
struct Added {
    anchor: String,
    said: String,
    issuance: String,
}

impl Case<'_> {
    fn is(&self, wrong: &Wrong) -> bool {
        self.violation.is_some_and(|violation| violation.wrong == *wrong)
    }

    fn tar(&self) -> Vec<u8> {
        let mut packer = Packer::new(Vec::new());
        for file in &self.template.files {
            let name = format!("{}/{}", self.subject.name(), file.path);
            packer
                .add(&name, self.texts.get(file.text).as_bytes())
                .expect("a vector refuses nothing, and no path is long");
        }
        packer.finish().expect("a vector refuses nothing")
    }

    /// What is wrong with it, if anything is.
    fn expected(&self) -> String {
        self.violation.map_or_else(String::new, |violation| {
            line(&json!({
                "case": self.subject.name(),
                "violation": violation.name,
                "rules": violation.rules,
                "population": violation.population,
            }))
        })
    }

    /// Witnesses show what was signed in the end, whatever the case holds of it.
    fn added(&self, outputs: Outputs) -> Added {
        let own = (self.own, outputs);
        let is_same = self.texts.get(self.template.outputs.anchor_said) == self.own.get(outputs.anchor_said);
        let (texts, of) = if is_same { own } else { (self.texts, self.template.outputs) };
        let issuance = if self.is(&Wrong::Unregistered) { "" } else { texts.get(of.issuance) };
        Added {
            anchor: texts.get(of.anchor).to_owned(),
            said: texts.get(of.anchor_said).to_owned(),
            issuance: issuance.to_owned(),
        }
    }
}

impl Log {
    fn new(texts: &Texts, outputs: Outputs) -> Self {
        let text = |slot| texts.get(slot).to_owned();
        Self {
            above: text(outputs.above),
            anchors: String::new(),
            last: text(outputs.prior_said),
            registry: text(outputs.registry),
        }
    }

    fn add(&mut self, added: Added) {
        self.anchors.push_str(&added.anchor);
        self.last = added.said;
        self.registry.push_str(&added.issuance);
    }

    fn stream(self) -> String {
        [self.above, self.anchors, self.registry].concat()
    }
}

impl Worker {
    /// Makes what the cases of a QVI share.
    fn begin(&mut self, reference: &Template, subject: &Subject<'_>) {
        if !self.is_begun {
            self.reference.make(reference, Scope::Year, subject);
            self.is_begun = true;
        }
        self.reference.make(reference, Scope::Qvi, subject);
    }

    /// The texts of a case in which something is wrong.
    fn wrong_texts(&self, index: usize) -> Option<&Texts> {
        self.wrong.get(index)?.as_ref().map(|(texts, _)| texts)
    }

    /// Makes them.
    fn make_wrong(&mut self, index: usize, template: &Template, subject: &Subject<'_>) {
        let Some((texts, qvi)) = self.wrong.get_mut(index).and_then(Option::as_mut) else { return };
        if *qvi == 0 {
            texts.make(template, Scope::Year, subject);
        }
        if *qvi != subject.qvi {
            texts.make(template, Scope::Qvi, subject);
            *qvi = subject.qvi;
        }
        texts.make(template, Scope::Case, subject);
    }
}

/// A line of newline-delimited JSON.
fn line(value: &Json) -> String {
    format!("{value}\n")
}
