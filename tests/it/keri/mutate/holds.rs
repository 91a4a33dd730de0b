//! What must hold for whatever a changed stream is said to prove.

use std::collections::BTreeSet;

use countersign::keri::cesr;
use countersign::keri::evidence::Evidence;
use countersign::keri::log::Logs;
use countersign::keri::signature::Signatures;
use countersign::keri::signed::signers;
use countersign::keri::{Answer, Options, Status, Verdict, show};
use countersign::primitives::{Aid, Said};

use super::super::forge::verify;
use super::{Mutant, Seed, as_of};

impl Seed {
    /// Whether an identifier is one whose keys nobody else has.
    fn safe(&self, aid: &str, stolen: &BTreeSet<String>) -> bool {
        self.parties.get(aid).is_some_and(|party| !stolen.contains(party))
    }

    /// What must hold for a mutant: one thing, by its number. Panics where it does not. The answer, where
    /// that was asked for and it is clear what was asked.
    pub fn examine(&self, mutant: &Mutant, what: usize) -> Option<Answer> {
        match what {
            0 => {
                let verdict = self.verdict(mutant, &mutant.stream);
                let shuffled = mutant.shuffled.as_ref().filter(|shuffled| same_messages(&mutant.stream, shuffled));
                if let Some(again) = shuffled.map(|shuffled| self.verdict(mutant, shuffled)) {
                    assert_eq!(told(&verdict), told(&again), "{}: the order of messages matters", self.name);
                }
                return verdict.map(|verdict| verdict.answer);
            }
            1 => {
                let unsigned = mutant.unsigned.as_ref().and_then(|unsigned| self.verdict(mutant, unsigned));
                let valid = unsigned.is_some_and(|verdict| verdict.answer == Answer::Valid);
                assert!(!valid, "{}: valid without signatures", self.name);
            }
            2 => self.kel(mutant),
            _ => self.exchanges(mutant),
        }
        None
    }

    /// How many things there are to examine.
    pub const EXAMINED: usize = 4;

    fn verdict(&self, mutant: &Mutant, stream: &[u8]) -> Option<Verdict> {
        let options = Options { as_of: as_of(), schemas: None, credential: mutant.target.as_ref() };
        let verdict = verify(stream, &mutant.trusted, &options).ok()?;
        bounded(&show::verdict_text(&verdict), stream);
        bounded(&show::verdict_json(&verdict).to_string(), stream);
        for credential in &verdict.verified.chain {
            if !self.safe(credential.issuer.as_str(), &mutant.stolen) {
                continue;
            }
            // Nobody but the issuer issues or revokes, and this issuer did not do it twice.
            let known = |said: &Said| self.saids.contains(said.as_str());
            assert!(credential.status != Status::Issued || known(&credential.said), "{}: {credential:?}", self.name);
            for fact in credential.issued.iter().chain(&credential.revoked) {
                assert!(known(&fact.said) && known(&fact.sealed.said), "{}: {credential:?}", self.name);
            }
        }
        self.logs(mutant, verdict.verified.logs.iter());
        Some(verdict)
    }

    /// Nobody adds an event to a log without its keys.
    fn logs<'l>(&self, mutant: &Mutant, logs: impl Iterator<Item = (&'l Aid, &'l countersign::keri::LogFact)>) {
        for (aid, log) in logs {
            if self.safe(aid.as_str(), &mutant.stolen) {
                for event in &log.events {
                    assert!(self.saids.contains(event.said.as_str()), "{}: `{aid}` {event:?}", self.name);
                }
            }
        }
    }

    fn kel(&self, mutant: &Mutant) {
        let report = show::logs(&mutant.stream, None);
        bounded(&show::logs_text(&report), &mutant.stream);
        self.logs(mutant, report.logs.iter().map(|(aid, log)| (aid, log)));
        match show::describe(&mutant.stream) {
            Ok(text) => bounded(&text, &mutant.stream),
            Err(error) => assert!(error.offset() <= mutant.stream.len()),
        }
    }

    /// Nobody signs for another.
    fn exchanges(&self, mutant: &Mutant) {
        let Ok(messages) = cesr::read(&mutant.stream) else { return };
        let evidence = Evidence::collect(&messages);
        if evidence.exchanges.is_empty() {
            return;
        }
        let signatures = Signatures::verify(evidence.events.triples());
        let logs = Logs::new(&evidence.events, &signatures);
        for entry in &evidence.exchanges {
            let body = entry.message.body;
            for signer in signers(&logs, body, &entry.message.attachments).into_iter().flatten() {
                let safe = self.safe(&signer.aid, &mutant.stolen);
                assert!(!safe || self.bodies.contains(body), "{}: {signer:?} of {body}", self.name);
            }
        }
    }
}

/// What is shown grows with what was sent, and no faster.
fn bounded(text: &str, stream: &[u8]) {
    assert!(text.len() <= 64 * stream.len() + 65_536, "{} bytes are shown for {}", text.len(), stream.len());
}

/// Whether two streams are read as the same messages: a wrong size may take in what follows.
fn same_messages(one: &[u8], other: &[u8]) -> bool {
    let bodies = |stream| {
        let mut bodies: Vec<_> = cesr::read(stream).ok()?.iter().map(|message| message.body.to_owned()).collect();
        bodies.sort();
        Some(bodies)
    };
    bodies(one).is_some_and(|bodies_one| bodies(other) == Some(bodies_one))
}

/// Codes, and what they are about.
type Told = BTreeSet<(String, Option<String>)>;

/// A verdict without the places in the stream.
fn told(verdict: &Option<Verdict>) -> Option<(Answer, Told)> {
    let verdict = verdict.as_ref()?;
    let findings = verdict.findings.iter().map(|finding| (finding.name().to_owned(), finding.said.clone()));
    Some((verdict.answer, findings.collect()))
}
