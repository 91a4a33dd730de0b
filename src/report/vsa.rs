//! The report as an in-toto statement with a SLSA verification summary, for tools that know nothing of the vLEI.
//!
//! In: a document. Out: the statement in canonical JSON, unsigned: whoever vouches for it signs it. It passes where
//! `check` ends with 0 at `--fail-on warn`; the level names the stage, and whether a requirement lacks a rule.
//! The subject is the bundle's manifest; without one, the report, which then says why it fails.
//!
//! Source: in-toto Statement v1; SLSA Verification Summary Attestation v1.

use serde::Serialize;

use super::document::{ReportDocument, WaiverEntry};
use super::json;
use super::rows::rows;
use super::text::encoded;
use crate::evaluate::outcome::Verdict;
use crate::primitives::{Instant, Sha256};

/// The bytes.
pub fn render(document: &ReportDocument) -> Vec<u8> {
    let run = &document.run;
    let report = Sha256::of(&json::canonical(document));
    let subject = match run.bundle {
        Some(digest) => Subject { name: "bundle", digest: Digest { sha256: digest } },
        None => Subject { name: "report", digest: Digest { sha256: report } },
    };
    let statement = Statement {
        type_: "https://in-toto.io/Statement/v1",
        subject: [subject],
        predicate_type: "https://slsa.dev/verification_summary/v1",
        predicate: Predicate {
            verifier: Verifier { id: "urn:countersign", version: Versions { countersign: &run.engine } },
            time_verified: run.as_of,
            resource_uri: format!("urn:countersign:case:{}", encoded(&run.bundle_id)),
            policy: Policy { uri: "urn:countersign:rule-book", digest: Digest { sha256: run.policy } },
            input_attestations: inputs(document).unwrap_or_default(),
            verification_result: if passed(document) { "PASSED" } else { "FAILED" },
            verified_levels: [level(document)],
            report: ReportRef { said: &document.said, digest: Digest { sha256: report }, partial: document.partial },
            verdict: document.verdict.as_str(),
            valid_until: document.valid_until,
            findings: rows(document)
                .map(|row| Finding {
                    rule: &row.result.rule,
                    outcome: row.outcome().as_str(),
                    level: row.level().as_str(),
                    element: row.element(),
                    waiver: row.waiver(),
                })
                .collect(),
            waivers: &document.waivers,
        },
    };
    json::canonical(&statement)
}

fn passed(document: &ReportDocument) -> bool {
    match document.verdict {
        Verdict::Clean | Verdict::CleanWithWaivers => true,
        Verdict::NotClean | Verdict::Indeterminate | Verdict::NeedsWaiver => false,
    }
}

/// A level of our own; those of SLSA begin with `SLSA_`. One that is asked for by its name is not reached by a rule book
/// with holes.
fn level(document: &ReportDocument) -> String {
    let stage = document.run.stage.as_str().to_uppercase();
    let partial = if document.partial { "PARTIAL_" } else { "" };
    match document.verdict {
        Verdict::Clean => format!("COUNTERSIGN_{partial}CLEAN_AT_{stage}"),
        Verdict::CleanWithWaivers => format!("COUNTERSIGN_{partial}CLEAN_WITH_WAIVERS_AT_{stage}"),
        Verdict::NotClean | Verdict::Indeterminate | Verdict::NeedsWaiver => "FAILED".to_owned(),
    }
}

/// Every file, or nothing where one of them was not read: a list that leaves something out says more than is known.
fn inputs(document: &ReportDocument) -> Option<Vec<Input>> {
    let input = |file: &super::document::FileEntry| {
        Some(Input {
            uri: format!("urn:countersign:file:{}", encoded(&file.path)),
            digest: Digest { sha256: file.sha256? },
        })
    };
    document.files.iter().map(input).collect()
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Statement<'a> {
    #[serde(rename = "_type")]
    type_: &'static str,
    subject: [Subject; 1],
    predicate_type: &'static str,
    predicate: Predicate<'a>,
}

#[derive(Debug, Serialize)]
struct Subject {
    name: &'static str,
    digest: Digest,
}

#[derive(Debug, Serialize)]
struct Digest {
    sha256: Sha256,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Predicate<'a> {
    verifier: Verifier<'a>,
    time_verified: Instant,
    resource_uri: String,
    policy: Policy,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    input_attestations: Vec<Input>,
    verification_result: &'static str,
    verified_levels: [String; 1],
    #[serde(rename = "countersign_report")]
    report: ReportRef<'a>,
    #[serde(rename = "countersign_verdict")]
    verdict: &'static str,
    #[serde(rename = "countersign_validUntil", skip_serializing_if = "Option::is_none")]
    valid_until: Option<Instant>,
    #[serde(rename = "countersign_findings")]
    findings: Vec<Finding<'a>>,
    #[serde(rename = "countersign_waivers")]
    waivers: &'a [WaiverEntry],
}

#[derive(Debug, Serialize)]
struct Verifier<'a> {
    id: &'static str,
    version: Versions<'a>,
}

#[derive(Debug, Serialize)]
struct Versions<'a> {
    countersign: &'a str,
}

#[derive(Debug, Serialize)]
struct Policy {
    uri: &'static str,
    digest: Digest,
}

#[derive(Debug, Serialize)]
struct Input {
    uri: String,
    digest: Digest,
}

#[derive(Debug, Serialize)]
struct ReportRef<'a> {
    said: &'a str,
    digest: Digest,
    partial: bool,
}

#[derive(Debug, Serialize)]
struct Finding<'a> {
    rule: &'a str,
    outcome: &'static str,
    level: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    element: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiver: Option<&'a str>,
}
