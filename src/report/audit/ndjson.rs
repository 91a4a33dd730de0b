//! The audit as lines for analysts: the run, then one line a case and one line a finding.
//!
//! In: the document and its cases. Out: bytes to a writer; `line` says what a line is.

use std::io::{self, Write};

use serde::Serialize;

use super::super::json::canonical;
use super::{AuditDocument, AuditFinding, AuditRun, AuditSummary, CaseEntry, CaseFinding, Cases, Cost, Metrics};
use crate::evaluate::outcome::Verdict;

#[derive(Serialize)]
#[serde(tag = "line", rename_all = "kebab-case")]
enum Line<'a> {
    Audit {
        verdict: Verdict,
        run: &'a AuditRun,
        summary: &'a AuditSummary,
        metrics: &'a Metrics,
        #[serde(skip_serializing_if = "Option::is_none")]
        cost: Option<&'a Cost>,
    },
    Finding {
        #[serde(flatten)]
        finding: &'a AuditFinding,
    },
    Case {
        #[serde(flatten)]
        case: &'a CaseEntry,
    },
    CaseFinding {
        case: &'a str,
        bundle_id: &'a str,
        flow: &'a str,
        lei: &'a str,
        #[serde(flatten)]
        finding: &'a CaseFinding,
    },
}

/// Writes all of it.
///
/// # Errors
/// Of reading the cases or writing.
pub fn write(document: &AuditDocument, cases: &dyn Cases, out: &mut dyn Write) -> io::Result<()> {
    let mut line = |line: &Line<'_>| {
        out.write_all(&canonical(line))?;
        out.write_all(b"\n")
    };
    let AuditDocument { verdict, run, summary, metrics, cost, .. } = document;
    line(&Line::Audit { verdict: *verdict, run, summary, metrics, cost: cost.as_ref() })?;
    for finding in &document.findings {
        line(&Line::Finding { finding })?;
    }
    cases.each(&mut |mut case| {
        let findings = std::mem::take(&mut case.findings);
        line(&Line::Case { case: &case })?;
        for finding in &findings {
            let (bundle_id, flow, lei) = (&case.bundle_id, &case.flow, &case.lei);
            line(&Line::CaseFinding { case: &case.case, bundle_id, flow, lei, finding })?;
        }
        Ok(())
    })
}
