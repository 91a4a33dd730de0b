//! The report as OSCAL assessment results.
//!
//! In: a document. Out: one result with an observation per row, a finding per rule that concerns the case, a risk per
//! waiver, and the files with their digests as resources. A rule that does not concern the case is an observation alone:
//! a finding would have to call it satisfied or not. Ids are UUIDs of the report's SAID, so the same in every run.
//!
//! Source: NIST OSCAL 1.1.3, assessment results.

pub mod audit;
mod model;

use std::collections::BTreeMap;

use uuid::Uuid;

use super::document::{ReportDocument, ResultEntry, WaiverEntry};
use super::human;
use super::markdown::inline;
use super::rows::{Row, Standing, clause, rows};
use super::text::encoded;
use super::text::safe;
use crate::evaluate::outcome::Outcome;
use crate::primitives::Sha256;
use model::*;

/// Names of our own properties are in this namespace.
const NAMESPACE: &str = "https://countersign.dev/ns/oscal";

/// The bytes, ending in a newline.
pub fn render(document: &ReportDocument) -> Vec<u8> {
    let maker = Maker::of(document);
    written(maker.results())
}

/// The bytes of results, ending in a newline.
fn written(results: Results) -> Vec<u8> {
    let results = AssessmentResults { assessment_results: results };
    let mut bytes = serde_json::to_vec_pretty(&results).expect("these types hold only strings and small integers");
    bytes.push(b'\n');
    bytes
}

struct Maker<'a> {
    document: &'a ReportDocument,
    namespace: Uuid,
    /// The resource of each file.
    resources: BTreeMap<&'a str, Uuid>,
}

impl<'a> Maker<'a> {
    fn of(document: &'a ReportDocument) -> Self {
        let namespace = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{NAMESPACE}/{}", document.said).as_bytes());
        let of_file = |path: &str| Uuid::new_v5(&namespace, format!("file/{path}").as_bytes());
        let resources = document.files.iter().map(|file| (file.path.as_str(), of_file(&file.path))).collect();
        Self { document, namespace, resources }
    }

    fn id(&self, of: &str) -> Uuid {
        Uuid::new_v5(&self.namespace, of.as_bytes())
    }

    fn results(&self) -> Results {
        let run = &self.document.run;
        let headline = human::headline(self.document);
        let rule_book = self.id("rule-book");
        Results {
            uuid: self.id("assessment-results"),
            metadata: Metadata {
                title: inline(&format!("Evidence of case {}", run.bundle_id)),
                last_modified: run.as_of,
                version: value(&self.document.said),
                oscal_version: "1.1.3",
            },
            import_ap: Link { href: format!("#{rule_book}") },
            results: [RunResult {
                uuid: self.id("result"),
                title: inline(&headline),
                description: inline(&format!(
                    "Rules of stage {} and before, profile {}, decided by countersign {}",
                    run.stage.as_str(),
                    run.profile,
                    run.engine
                )),
                start: run.as_of,
                props: self.about(),
                reviewed_controls: self.reviewed(),
                observations: rows(self.document).enumerate().map(|(at, row)| self.observation(at, row)).collect(),
                risks: self.document.waivers.iter().enumerate().map(|(at, waiver)| self.risk(at, waiver)).collect(),
                findings: self.findings(),
            }],
            back_matter: BackMatter { resources: self.resources(rule_book) },
        }
    }

    /// What the run rests on.
    fn about(&self) -> Vec<Prop> {
        let (document, run) = (self.document, &self.document.run);
        let mut props = vec![
            prop("verdict", document.verdict.as_str()),
            prop("partial", if document.partial { "true" } else { "false" }),
            prop("report-said", &document.said),
            prop("judgement", &document.judgement.to_string()),
            prop("stage", run.stage.as_str()),
            prop("profile", &run.profile),
            prop("policy-sha256", &run.policy.to_string()),
            prop("trust-sha256", &run.trust.to_string()),
            prop("engine", &run.engine),
        ];
        props.extend(run.bundle.map(|digest| prop("bundle-sha256", &digest.to_string())));
        props.extend(run.lei.as_deref().map(|lei| prop("lei", lei)));
        props.extend(document.valid_until.map(|until| prop("valid-until", &until.to_string())));
        props.extend(run.flows.iter().map(|flow| prop("flow", flow)));
        let parameter = |parameter: &super::document::ParameterEntry| {
            prop("parameter", &format!("{} = {} ({})", parameter.name, parameter.value, parameter.set_by))
        };
        props.extend(run.parameters.iter().map(parameter));
        props
    }

    fn reviewed(&self) -> ReviewedControls {
        let mut remarks = Vec::new();
        if !self.document.not_yet_due.is_empty() {
            remarks.push(format!("Not yet due: {}.", self.document.not_yet_due.join(", ")));
        }
        if !self.document.pending.is_empty() {
            let ids: Vec<&str> = self.document.pending.iter().map(|pending| pending.requirement.as_str()).collect();
            remarks.push(format!("No rule yet: {}.", ids.join(", ")));
        }
        let include: Vec<Control> =
            self.document.results.iter().map(|result| Control { control_id: token(&result.rule) }).collect();
        let selection = match include.is_empty() {
            // A list of none is not allowed; a run without a rule is not made either.
            true => Selection { include_all: Some(Empty {}), include_controls: Vec::new() },
            false => Selection { include_all: None, include_controls: include },
        };
        ReviewedControls {
            control_selections: [selection],
            remarks: (!remarks.is_empty()).then(|| inline(&remarks.join(" "))),
        }
    }

    fn observation_id(&self, at: usize) -> Uuid {
        self.id(&format!("observation/{at}"))
    }

    fn observation(&self, at: usize, row: Row<'a>) -> Observation {
        let mut props = vec![
            prop("rule", &row.result.rule),
            prop("outcome", row.outcome().as_str()),
            prop("level", row.level().as_str()),
        ];
        props.extend(row.element().map(|element| prop("element", element)));
        props.extend(row.waiver().map(|waiver| prop("waiver", waiver)));
        let evidence = row.places().into_iter().map(|place| {
            let href = match self.resources.get(place.path.as_str()) {
                Some(resource) => format!("#{resource}"),
                None => encoded(&place.path),
            };
            let at = format!("{}:{}:{}", place.path, place.line, place.column);
            let excerpt = place.excerpt.trim();
            let text = if excerpt.is_empty() { at } else { format!("{at}: {excerpt}") };
            Evidence { href, description: inline(&text) }
        });
        let conditions = row.finding.map(|finding| finding.deciding.as_slice()).unwrap_or_default();
        let conditions: Vec<String> = conditions
            .iter()
            .map(|deciding| {
                format!("{}: expected {}, found {}", deciding.expression, deciding.expected, deciding.actual)
            })
            .collect();
        Observation {
            uuid: self.observation_id(at),
            title: inline(&format!("{}: {}", row.result.rule, row.result.title)),
            description: inline(&row.message()),
            props,
            methods: ["EXAMINE"],
            types: ["control-objective"],
            relevant_evidence: evidence.collect(),
            collected: self.document.run.as_of,
            remarks: (!conditions.is_empty()).then(|| inline(&conditions.join("; "))),
        }
    }

    fn risk_id(&self, at: usize) -> Uuid {
        self.id(&format!("risk/{at}"))
    }

    fn risk(&self, at: usize, waiver: &WaiverEntry) -> Risk {
        let covered = rows(self.document).enumerate().filter(|(_, row)| row.waiver() == Some(waiver.id.as_str()));
        let related: Vec<RelatedObservation> =
            covered.map(|(at, _)| RelatedObservation { observation_uuid: self.observation_id(at) }).collect();
        let used = waiver.state == "used";
        Risk {
            uuid: self.risk_id(at),
            title: inline(&format!("Waiver {} for {} {}", waiver.id, waiver.rule, waiver.element)),
            description: inline(&format!("Approved by {}: {}", waiver.approved_by.join(", "), waiver.reason)),
            statement: inline(&format!("The waiver is {}.", waiver.state)),
            props: vec![
                prop("waiver", &waiver.id),
                prop("rule", &waiver.rule),
                prop("state", &waiver.state),
                prop("level", waiver.level.as_str()),
            ],
            // A waiver that covers nothing leaves what it was meant for as it is.
            status: if used { "deviation-approved" } else { "open" },
            deadline: waiver.expires,
            related_observations: related,
        }
    }

    fn findings(&self) -> Vec<Finding> {
        let mut by_rule: Vec<(&ResultEntry, Vec<(usize, Row<'_>)>)> = Vec::new();
        for (at, row) in rows(self.document).enumerate() {
            match by_rule.last_mut().filter(|(result, _)| std::ptr::eq(*result, row.result)) {
                Some((_, rows)) => rows.push((at, row)),
                None => by_rule.push((row.result, vec![(at, row)])),
            }
        }
        let concerns =
            |rows: &[(usize, Row<'_>)]| rows.iter().any(|(_, row)| row.standing() != Standing::NotApplicable);
        by_rule
            .into_iter()
            .filter(|(_, rows)| concerns(rows))
            .map(|(result, rows)| self.finding(result, &rows))
            .collect()
    }

    fn finding(&self, result: &ResultEntry, rows: &[(usize, Row<'_>)]) -> Finding {
        let (state, reason) = match result.outcome {
            Outcome::Pass => ("satisfied", "pass"),
            Outcome::Fail => ("not-satisfied", "fail"),
            // A finding of a rule that does not concern the case would contradict it; it is not called satisfied.
            Outcome::Indeterminate | Outcome::Review | Outcome::NotApplicable => ("not-satisfied", "other"),
        };
        let waivers = rows.iter().filter_map(|(_, row)| row.waiver());
        let risk = |id: &str| self.document.waivers.iter().position(|waiver| waiver.id == id);
        let mut risks: Vec<usize> = waivers.filter_map(risk).collect();
        risks.dedup();
        Finding {
            uuid: self.id(&format!("finding/{}", result.rule)),
            title: inline(&format!("{}: {}", result.rule, result.title)),
            description: inline(&clause(result)),
            props: vec![
                prop("outcome", result.outcome.as_str()),
                prop("level", result.level.as_str()),
                prop("rule-digest", &result.rule_digest.to_string()),
            ],
            target: Target { type_: "objective-id", target_id: token(&result.rule), status: Status { state, reason } },
            related_observations: rows
                .iter()
                .map(|(at, _)| RelatedObservation { observation_uuid: self.observation_id(*at) })
                .collect(),
            related_risks: risks.into_iter().map(|at| RelatedRisk { risk_uuid: self.risk_id(at) }).collect(),
            remarks: (!result.help.is_empty()).then(|| inline(&result.help)),
        }
    }

    fn resources(&self, rule_book: Uuid) -> Vec<Resource> {
        let rules = Resource {
            uuid: rule_book,
            title: "Rule book".to_owned(),
            description: format!("The rule book that was run, sha256 {}.", self.document.run.policy),
            rlinks: Vec::new(),
        };
        let file = |file: &super::document::FileEntry| Resource {
            uuid: self.id(&format!("file/{}", file.path)),
            title: inline(&file.path),
            description: inline(&format!("Evidence of kind {}, {} bytes", file.kind, file.size)),
            rlinks: vec![ResourceLink {
                href: encoded(&file.path),
                hashes: file.sha256.iter().map(|digest| Hash { algorithm: "SHA-256", value: *digest }).collect(),
            }],
        };
        std::iter::once(rules).chain(self.document.files.iter().map(file)).collect()
    }
}

fn prop(name: &'static str, of: &str) -> Prop {
    Prop { name, ns: NAMESPACE, value: value(of) }
}

/// A string as OSCAL has it: not empty, and no space at either end.
fn value(text: &str) -> String {
    let text = safe(text);
    if text.is_empty() {
        return "(empty)".to_owned();
    }
    let trimmed = text.trim();
    let start = text.len() - text.trim_start().len();
    let end = text.len() - text.trim_end().len();
    if trimmed.is_empty() {
        return "\\u{20}".repeat(text.chars().count());
    }
    format!("{}{trimmed}{}", "\\u{20}".repeat(start), "\\u{20}".repeat(end))
}

/// An id as OSCAL has it; another one is named by its digest.
fn token(id: &str) -> String {
    let begins = |c: char| c.is_alphabetic() || c == '_';
    let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    if id.starts_with(begins) && id.chars().all(goes_on) {
        id.to_owned()
    } else {
        format!("rule-{}", Sha256::of(id.as_bytes()))
    }
}
