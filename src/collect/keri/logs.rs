//! `key_states`: one for every identifier with events.

use crate::facts::CellValue;
use crate::keri::pool::{PooledLog, SubjectKind};
use crate::keri::{EventFact, StateFact};

use super::super::Collector;
use super::row::{Row, number};

impl<'s, 'a> Collector<'s, 'a> {
    pub(super) fn logs(&mut self, logs: &[PooledLog]) {
        for log in logs {
            let (file, span) = self.place(log.spot);
            let Some(row) = self.row("key_state", file, span) else { return };
            self.log(row, log);
        }
    }

    fn log(&mut self, row: Row, log: &PooledLog) {
        let fact = &log.fact;
        let accepted = !fact.events.is_empty();
        let sound = accepted && fact.refused.is_empty() && fact.duplicitous.is_empty();
        let problem = fact.refused.iter().min_by_key(|refused| refused.sn);
        let (path, _) = self.paths(row.file);
        self.set(row, "aid", |this| this.text(log.aid.as_str()));
        self.set(row, "path", |_| CellValue::Text(path));
        self.set(row, "accepted", |_| CellValue::Bool(accepted));
        self.set(row, "sound", |_| CellValue::Bool(sound));
        self.set(row, "duplicitous", |_| CellValue::Bool(!fact.duplicitous.is_empty()));
        self.set(row, "problem", |this| {
            this.maybe_text(problem.map(|refused| format!("event at sn {}: {}", refused.sn, refused.why)).as_deref())
        });
        let last = fact.events.last();
        self.set(row, "sn", |_| last.map_or(CellValue::Absent, |_| number(fact.events.len() - 1)));
        self.set(row, "said", |this| this.said(last.map(|event| event.said.as_str())));
        let state = fact.states.last();
        let established = state.map(|state| &state.established);
        self.set(row, "established_sn", |_| established.map_or(CellValue::Absent, |(sn, _)| number(*sn)));
        self.set(row, "established_said", |this| this.said(established.map(|(_, said)| said.as_str())));
        if let Some(state) = state {
            self.state(row, state);
            self.set(row, "traits", |this| this.texts(state.traits.iter().map(String::as_str), row.span));
        }
        let rotates = state.is_some_and(|state| state.next_keys > 0) && !log.aid.as_str().starts_with('B');
        self.set(row, "transferable", |_| CellValue::Bool(rotates));
        self.set(row, "delegator", |this| this.aid(fact.delegator.as_ref().map(|aid| aid.as_str())));
        self.set(row, "delegated", |_| CellValue::Bool(fact.delegated_at.is_some()));
        if let (Some(event), Some(state)) = (fact.events.first(), fact.states.first()) {
            self.inner(row, "inception", |this, row| {
                this.event(row, event);
                this.state(row, state);
            });
        }
        self.inner_list(row, "events", fact.events.iter().enumerate(), |this, row, (sn, event)| {
            this.set(row, "sn", |_| number(sn));
            this.event(row, event);
            this.set(row, "seals", |_| number(event.seals));
        });
        self.inner_list(row, "seals", &log.seals, |this, row, seal| {
            this.set(row, "sn", |_| number(seal.sn));
            this.set(row, "subject", |this| this.text(&seal.subject));
            this.set(row, "subject_kind", |_| CellValue::Text(subject_kind(seal.kind)));
            this.set(row, "subject_sn", |_| number(seal.subject_sn));
            this.set(row, "said", |this| this.said(Some(&seal.said)));
        });
    }

    fn event(&mut self, row: Row, event: &EventFact) {
        self.set(row, "kind", |this| this.text(event.kind));
        self.set(row, "said", |this| this.said(Some(event.said.as_str())));
        self.set(row, "signers", |this| this.indices(&event.signers, row.span));
        self.set(row, "receipts", |_| number(event.witnesses.len()));
    }

    fn state(&mut self, row: Row, state: &StateFact) {
        self.set(row, "keys", |this| this.texts(state.keys.iter().map(String::as_str), row.span));
        self.set(row, "threshold", |this| this.threshold(Some(&state.threshold)));
        self.set(row, "next_keys", |_| number(state.next_keys));
        self.set(row, "next_threshold", |this| this.threshold(state.next_threshold.as_ref()));
        self.set(row, "witnesses", |this| this.texts(state.witnesses.iter().map(String::as_str), row.span));
        self.set(row, "witness_threshold", |_| number(state.witness_threshold));
    }
}

fn subject_kind(kind: SubjectKind) -> &'static str {
    match kind {
        SubjectKind::Identifier => "identifier",
        SubjectKind::Registry => "registry",
        SubjectKind::Credential => "credential",
        SubjectKind::Unknown => "unknown",
    }
}
