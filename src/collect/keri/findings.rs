//! `keri_findings`: one for everything that does not hold.

use crate::facts::{CellValue, Fault};
use crate::keri::Weight;
use crate::keri::pool::PooledFinding;

use super::super::Collector;
use super::credentials::origin;

impl<'s, 'a> Collector<'s, 'a> {
    pub(super) fn findings(&mut self, findings: &[PooledFinding]) {
        for found in findings {
            let finding = &found.finding;
            let (file, span) = self.place(found.spot);
            let (path, _) = self.paths(file);
            if let Some(file) = file.filter(|_| finding.code.weight() == Weight::Invalid && !finding.follows) {
                self.facts.blame(file, Fault::Events);
            }
            let Some(row) = self.row("keri_finding", file, span) else { return };
            self.set(row, "path", |_| CellValue::Text(path));
            self.set(row, "code", |_| CellValue::Text(finding.code.as_str()));
            self.set(row, "weight", |_| CellValue::Text(weight(finding.code.weight())));
            self.set(row, "message", |this| this.text(&finding.message));
            self.set(row, "about", |this| this.maybe_text(finding.said.as_deref()));
            self.set(row, "credential", |this| this.said(found.credential.as_deref()));
            self.set(row, "origin", |_| CellValue::Text(origin(found.draft)));
        }
    }
}

fn weight(weight: Weight) -> &'static str {
    match weight {
        Weight::Note => "note",
        Weight::Incomplete => "incomplete",
        Weight::Revoked => "revoked",
        Weight::Invalid => "invalid",
    }
}
