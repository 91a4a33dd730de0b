//! The audit as OSCAL assessment results.
//!
//! In: the document. Out: one result: an observation and a finding per rule that a case put to the test, and one of
//! each per finding over many cases. Single cases are in the other formats: their number has no bound.
//!
//! Source: NIST OSCAL 1.1.3, assessment results.

use uuid::Uuid;

use super::super::audit::human::word;
use super::super::audit::{AuditDocument, AuditFinding, Coverage, Weight};
use super::super::json::canonical;
use super::super::markdown::inline;
use super::super::text::encoded;
use super::model::*;
use super::{NAMESPACE, prop, token, written};
use crate::primitives::Sha256;

/// The bytes, ending in a newline.
pub fn render(document: &AuditDocument) -> Vec<u8> {
    let digest = Sha256::of(&canonical(document));
    let maker = Maker {
        document,
        namespace: Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{NAMESPACE}/audit/{digest}").as_bytes()),
        digest,
    };
    written(maker.results())
}

struct Maker<'a> {
    document: &'a AuditDocument,
    namespace: Uuid,
    digest: Sha256,
}

impl Maker<'_> {
    fn id(&self, of: &str) -> Uuid {
        Uuid::new_v5(&self.namespace, of.as_bytes())
    }

    fn results(&self) -> Results {
        let (document, run) = (self.document, &self.document.run);
        let tested: Vec<&Coverage> = document.coverage.iter().filter(|rule| rule.is_tested()).collect();
        let rule_book = self.id("rule-book");
        let over_cases = document.findings.iter().enumerate();
        let observations = over_cases
            .clone()
            .map(|(at, finding)| self.of_finding(at, finding))
            .chain(tested.iter().map(|rule| self.of_rule(rule)));
        let findings = over_cases
            .map(|(at, finding)| self.finding(at, finding))
            .chain(tested.iter().map(|rule| self.rule_finding(rule)));
        let include: Vec<Control> = tested.iter().map(|rule| Control { control_id: token(&rule.rule) }).collect();
        let selection = match include.is_empty() {
            true => Selection { include_all: Some(Empty {}), include_controls: Vec::new() },
            false => Selection { include_all: None, include_controls: include },
        };
        let untested: Vec<&str> =
            document.coverage.iter().filter(|rule| !rule.is_tested()).map(|rule| rule.rule.as_str()).collect();
        Results {
            uuid: self.id("assessment-results"),
            metadata: Metadata {
                title: inline(&format!("Audit of {} to {}", run.from, run.to)),
                last_modified: run.as_of,
                version: self.digest.to_string(),
                oscal_version: "1.1.3",
            },
            import_ap: Link { href: format!("#{rule_book}") },
            results: [RunResult {
                uuid: self.id("result"),
                title: inline(&format!("{} of {}", word(document.verdict), document.summary.cases)),
                description: inline(&format!(
                    "Every case of the period under the rules of its day, profile {}, countersign {}",
                    run.profile, run.engine
                )),
                start: run.as_of,
                props: self.about(),
                reviewed_controls: ReviewedControls {
                    control_selections: [selection],
                    remarks: (!untested.is_empty())
                        .then(|| inline(&format!("No case put to the test: {}.", untested.join(", ")))),
                },
                observations: observations.collect(),
                risks: Vec::new(),
                findings: findings.collect(),
            }],
            back_matter: BackMatter { resources: self.resources(rule_book) },
        }
    }

    fn about(&self) -> Vec<Prop> {
        let (document, run, summary) = (self.document, &self.document.run, &self.document.summary);
        vec![
            prop("verdict", document.verdict.as_str()),
            prop("period-from", &run.from.to_string()),
            prop("period-to", &run.to.to_string()),
            prop("issuer", &run.issuer),
            prop("policy-sha256", &run.policy.to_string()),
            prop("trust-sha256", &run.trust.to_string()),
            prop("cases", &summary.cases.to_string()),
            prop("cases-clean", &(summary.clean + summary.clean_with_waivers).to_string()),
            prop("issuances", &summary.issued.to_string()),
            prop("revocations", &summary.revoked.to_string()),
        ]
    }

    fn observed(&self, id: &str, title: &str, description: &str, props: Vec<Prop>) -> Observation {
        Observation {
            uuid: self.id(&format!("observation/{id}")),
            title: inline(title),
            description: inline(description),
            props,
            methods: ["EXAMINE"],
            types: ["control-objective"],
            relevant_evidence: Vec::new(),
            collected: self.document.run.as_of,
            remarks: None,
        }
    }

    fn of_finding(&self, at: usize, finding: &AuditFinding) -> Observation {
        let mut props = vec![
            prop("code", &finding.code),
            prop("level", finding.weight.as_str()),
            prop("subject", &finding.subject),
        ];
        props.extend(finding.cases.iter().map(|case| prop("case", case)));
        self.observed(&format!("finding/{at}"), &finding.code, &finding.message, props)
    }

    fn finding(&self, at: usize, finding: &AuditFinding) -> Finding {
        let reason = match finding.weight {
            Weight::Block | Weight::Warn => "fail",
            Weight::Unknown | Weight::Info => "other",
        };
        let clause = [finding.clause.requirement.as_str(), finding.clause.text.as_str()].join(" ");
        self.found(
            &format!("finding/{at}"),
            &format!("{}: {}", finding.code, finding.subject),
            clause.trim(),
            vec![prop("code", &finding.code), prop("level", finding.weight.as_str())],
            (&finding.clause.requirement, "not-satisfied", reason),
            Some(inline(&finding.help)),
        )
    }

    fn of_rule(&self, rule: &Coverage) -> Observation {
        let numbers = format!(
            "{} pass, {} fail, {} waived, {} cannot be judged, {} wait, {} not applicable",
            rule.pass, rule.fail, rule.waived, rule.indeterminate, rule.review, rule.not_applicable
        );
        let title = format!("{}: {}", rule.rule, rule.title);
        self.observed(&format!("rule/{}", rule.rule), &title, &numbers, vec![prop("rule", &rule.rule)])
    }

    fn rule_finding(&self, rule: &Coverage) -> Finding {
        let (state, reason) = match (rule.fail, rule.indeterminate + rule.review) {
            (0, 0) => ("satisfied", "pass"),
            (0, _) => ("not-satisfied", "other"),
            (_, _) => ("not-satisfied", "fail"),
        };
        self.found(
            &format!("rule/{}", rule.rule),
            &format!("{}: {}", rule.rule, rule.title),
            &rule.clause,
            vec![prop("rule", &rule.rule)],
            (&rule.rule, state, reason),
            None,
        )
    }

    fn found(
        &self,
        id: &str,
        title: &str,
        description: &str,
        props: Vec<Prop>,
        (target, state, reason): (&str, &'static str, &'static str),
        remarks: Option<String>,
    ) -> Finding {
        Finding {
            uuid: self.id(&format!("found/{id}")),
            title: inline(title),
            description: inline(description),
            props,
            target: Target { type_: "objective-id", target_id: token(target), status: Status { state, reason } },
            related_observations: vec![RelatedObservation { observation_uuid: self.id(&format!("observation/{id}")) }],
            related_risks: Vec::new(),
            remarks,
        }
    }

    fn resources(&self, rule_book: Uuid) -> Vec<Resource> {
        let run = &self.document.run;
        let rules = Resource {
            uuid: rule_book,
            title: "Rule book".to_owned(),
            description: format!("The rule book that was run, sha256 {}.", run.policy),
            rlinks: Vec::new(),
        };
        let streams = run.streams.iter().map(|stream| Resource {
            uuid: self.id(&format!("stream/{}", stream.name)),
            title: inline(&stream.name),
            description: "Logs and registries as fetched for the audit".to_owned(),
            rlinks: vec![ResourceLink {
                href: encoded(&stream.name),
                hashes: vec![Hash { algorithm: "SHA-256", value: stream.sha256 }],
            }],
        });
        std::iter::once(rules).chain(streams).collect()
    }
}
