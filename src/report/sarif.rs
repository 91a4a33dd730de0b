//! The report as SARIF 2.1.0.
//!
//! In: a document and where its case is. Out: one run with every rule, every row as a result, waivers as
//! suppressions. Only a failure has a level; what passes, waits or cannot be judged says so by its kind. Code scanning of
//! GitHub reads no kind, so [`Profile::Github`] has only what needs somebody, and paths as the repository has them.
//!
//! Source: OASIS SARIF 2.1.0; GitHub, SARIF support for code scanning.

mod model;

use std::collections::HashMap;

use super::document::{EvidencePlace, PolicyPlace, ReportDocument};
use super::format::Layout;
use super::human;
use super::rows::{Class, Row, Standing, broken_waivers, clause, evidence_path, rows};
use super::text::encoded;
use crate::compile::program::Level;
use model::*;

/// Base of the paths of the case, and of the folder that countersign ran in.
const CASE: &str = "CASE";
const RUN_IN: &str = "SRCROOT";
/// Base of the paths of policies.
const POLICIES: &str = "POLICIES";
/// The rule that a waiver breaks which would have been needed and does not hold.
const WAIVER_RULE: &str = "countersign.waiver";
/// Where a finding is shown that has no place in the evidence.
const MANIFEST: &str = "bundle/manifest.json";

/// Who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Anybody: everything that was decided.
    Whole,
    /// Code scanning of GitHub.
    Github,
}

/// The bytes, ending in a newline.
pub fn render(document: &ReportDocument, layout: &Layout, profile: Profile) -> Vec<u8> {
    let log = Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [run(document, layout, profile)],
    };
    let mut bytes = serde_json::to_vec_pretty(&log).expect("these types hold only strings, flags and small integers");
    bytes.push(b'\n');
    bytes
}

fn run<'a>(document: &'a ReportDocument, layout: &Layout, profile: Profile) -> Run<'a> {
    let maker = Maker { document, layout, profile };
    let mut rules: Vec<Rule<'_>> = Vec::new();
    let mut index: HashMap<&str, usize> = HashMap::new();
    for result in &document.results {
        index.entry(&result.rule).or_insert_with(|| {
            rules.push(maker.rule(result));
            rules.len() - 1
        });
    }
    let mut results: Vec<SarifResult<'_>> =
        rows(document).filter_map(|row| maker.result(row, index.get(row.result.rule.as_str()).copied()?)).collect();
    let broken: Vec<_> = broken_waivers(document).collect();
    if !broken.is_empty() {
        rules.push(maker.waiver_rule());
        results.extend(broken.into_iter().map(|waiver| maker.broken(waiver, rules.len() - 1)));
    }
    let run = &document.run;
    Run {
        tool: Tool { driver: Driver { name: "countersign", semantic_version: &run.engine, rules } },
        automation_details: AutomationDetails {
            id: format!("countersign/{}/{}/", identifier(&run.bundle_id), run.stage.as_str()),
        },
        invocations: [Invocation { execution_successful: true, exit_code: document.verdict.exit_status(run.fail_on) }],
        original_uri_base_ids: maker.bases(),
        artifacts: document
            .files
            .iter()
            .map(|file| Artifact {
                location: maker.location(&file.path),
                length: file.size,
                hashes: file.sha256.map(|digest| Hashes { sha256: digest.to_string() }),
                properties: ArtifactProperties { kind: &file.kind, used_by: &file.used_by },
            })
            .collect(),
        column_kind: "unicodeCodePoints",
        results,
        properties: RunProperties {
            headline: human::headline(document),
            verdict: document.verdict.as_str(),
            said: &document.said,
            judgement: document.judgement.to_string(),
            partial: document.partial,
            run,
            summary: &document.summary,
            not_yet_due: &document.not_yet_due,
            pending: &document.pending,
            waivers: &document.waivers,
            valid_until: document.valid_until,
        },
    }
}

struct Maker<'a, 'l> {
    document: &'a ReportDocument,
    layout: &'l Layout,
    profile: Profile,
}

impl<'a> Maker<'a, '_> {
    fn bases(&self) -> Option<Bases> {
        let described = |text: &'static str| Base { uri: None, uri_base_id: None, description: Some(Text::new(text)) };
        let case_path = self.layout.case_path.trim_end_matches(['/', '\\']);
        let case = match case_path {
            "" => described("the folder of the case"),
            path if path.starts_with('/') => {
                Base { uri: Some(format!("file://{}/", encoded(path))), uri_base_id: None, description: None }
            }
            path => Base { uri: Some(format!("{}/", encoded(path))), uri_base_id: Some(RUN_IN), description: None },
        };
        let bases = Bases {
            run_in: case.uri_base_id.map(|_| described("the folder that countersign ran in")),
            case,
            policies: described("the folder of the policies, as part of countersign or given with --policies"),
        };
        (self.profile == Profile::Whole).then_some(bases)
    }

    fn location(&self, path: &str) -> ArtifactLocation {
        match self.profile {
            Profile::Whole => ArtifactLocation { uri: encoded(path), uri_base_id: Some(CASE) },
            Profile::Github => {
                let path = evidence_path(&self.layout.case_path, path);
                ArtifactLocation { uri: encoded(&path), uri_base_id: None }
            }
        }
    }

    fn rule(&self, result: &'a super::document::ResultEntry) -> Rule<'a> {
        Rule {
            id: &result.rule,
            short_description: Text::new(&result.title),
            full_description: Text { text: format!("{}: {}", clause(result), result.title) },
            help: Text::new(if result.help.is_empty() { &result.title } else { &result.help }),
            default_configuration: Configuration { level: level(result.level) },
            properties: RuleProperties {
                digest: Some(result.rule_digest.to_string()),
                document: &result.document,
                section: &result.section,
                strength: &result.strength,
                precedence: &result.precedence,
                stage: result.stage.as_str(),
                tags: tags(&result.document, &result.precedence),
            },
        }
    }

    fn result(&self, row: Row<'a>, rule_index: usize) -> Option<SarifResult<'a>> {
        let standing = row.standing();
        let (kind, level) = match (self.profile, standing) {
            (Profile::Whole, standing) => kind(standing, row.level()),
            (Profile::Github, Standing::Found(class)) => (None, shown(class, row.level())?),
            (Profile::Github, Standing::ByParts | Standing::Pass | Standing::NotApplicable) => return None,
        };
        let mut places: Vec<Location> = row.places().into_iter().map(|place| self.evidence(place)).collect();
        if places.is_empty() && self.profile == Profile::Github {
            // Without a place nothing is shown at all.
            places.push(self.place(MANIFEST, 1, 1, None));
        }
        let text = match self.profile {
            Profile::Whole => row.message(),
            Profile::Github => {
                let advice = row.advice(self.document, &self.layout.case_path);
                let advice = if advice.is_empty() { String::new() } else { format!("; {advice}") };
                format!("{}: {}{advice}", standing.word(), row.message())
            }
        };
        Some(SarifResult {
            rule_id: &row.result.rule,
            rule_index,
            kind,
            level,
            message: Text { text },
            locations: places,
            related_locations: self.policies(row),
            partial_fingerprints: Fingerprints::of(row.fingerprint(), self.profile == Profile::Github),
            suppressions: self.suppressions(row),
            properties: ResultProperties {
                outcome: row.outcome().as_str(),
                level: row.level().as_str(),
                element: row.element(),
                waiver: row.waiver(),
                root_cause: row.finding.and_then(|finding| finding.root_cause.as_deref()),
                conditions: row
                    .finding
                    .map(|finding| finding.deciding.iter().map(condition).collect())
                    .unwrap_or_default(),
                all_of: &row.result.all_of,
                same_as: &row.result.same_as,
                passed: row.result.passed,
            },
        })
    }

    /// Suppressions stand beside a failure; an empty list says that nothing suppresses it.
    fn suppressions(&self, row: Row<'a>) -> Option<Vec<Suppression<'a>>> {
        if self.profile == Profile::Github {
            return None;
        }
        let id = row.waiver()?;
        let waiver = self.document.waivers.iter().find(|waiver| waiver.id == id);
        Some(vec![Suppression {
            kind: "external",
            status: "accepted",
            justification: waiver.map_or_else(|| format!("waiver {id}"), |waiver| waiver.reason.clone()),
            properties: SuppressionProperties {
                waiver: id,
                approved_by: waiver.map(|waiver| waiver.approved_by.as_slice()).unwrap_or_default(),
                expires: waiver.map(|waiver| waiver.expires),
            },
        }])
    }

    fn evidence(&self, place: &EvidencePlace) -> Location {
        let snippet = (!place.excerpt.is_empty()).then(|| Text::new(&place.excerpt));
        self.place(&place.path, place.line, place.column, snippet)
    }

    fn place(&self, path: &str, line: u32, column: u32, snippet: Option<Text>) -> Location {
        Location {
            id: None,
            physical_location: PhysicalLocation {
                artifact_location: self.location(path),
                region: Region { start_line: line.max(1), start_column: column.max(1), snippet },
            },
            message: None,
        }
    }

    fn policies(&self, row: Row<'_>) -> Vec<Location> {
        let related = |id: usize, place: &PolicyPlace, text: &str| Location {
            id: Some(id),
            physical_location: PhysicalLocation {
                artifact_location: ArtifactLocation { uri: encoded(&place.path), uri_base_id: Some(POLICIES) },
                region: Region { start_line: place.line.max(1), start_column: place.column.max(1), snippet: None },
            },
            message: Some(Text::new(text)),
        };
        let mut places = vec![related(0, &row.result.policy, "the rule")];
        if let Some(finding) = row.finding {
            let deciding = finding.deciding.iter().map(|deciding| (&deciding.policy, "the condition that decided"));
            let unknown = finding.unknowns.iter().map(|unknown| (&unknown.policy, "what is not known"));
            for (place, text) in deciding.chain(unknown) {
                places.push(related(places.len(), place, text));
            }
        }
        // Code scanning would look for policies in the repository.
        if self.profile == Profile::Github { Vec::new() } else { places }
    }

    fn waiver_rule(&self) -> Rule<'a> {
        Rule {
            id: WAIVER_RULE,
            short_description: Text::new("a waiver that is needed holds"),
            full_description: Text::new("a waiver that is needed holds"),
            help: Text::new("have the officers approve a waiver for this finding, or cure it"),
            default_configuration: Configuration { level: "error" },
            properties: RuleProperties {
                digest: None,
                document: "countersign",
                section: "",
                strength: "MUST",
                precedence: "gate",
                stage: "evidence",
                tags: tags("countersign", "gate"),
            },
        }
    }

    fn broken(&self, waiver: &'a super::document::WaiverEntry, rule_index: usize) -> SarifResult<'a> {
        let identity = format!("waiver\n{}", waiver.id);
        SarifResult {
            rule_id: WAIVER_RULE,
            rule_index,
            kind: (self.profile == Profile::Whole).then_some("fail"),
            level: "error",
            message: Text {
                text: format!("waiver {} for {} {}: {}", waiver.id, waiver.rule, waiver.element, waiver.state),
            },
            locations: vec![self.place(MANIFEST, 1, 1, None)],
            related_locations: Vec::new(),
            partial_fingerprints: Fingerprints::of(
                crate::primitives::Sha256::of(identity.as_bytes()),
                self.profile == Profile::Github,
            ),
            suppressions: None,
            properties: ResultProperties {
                outcome: "fail",
                level: waiver.level.as_str(),
                element: Some(&waiver.element),
                waiver: None,
                root_cause: None,
                conditions: Vec::new(),
                all_of: &[],
                same_as: &[],
                passed: 0,
            },
        }
    }
}

fn condition(deciding: &super::document::DecidingEntry) -> Condition<'_> {
    Condition { expression: &deciding.expression, expected: &deciding.expected, actual: &deciding.actual }
}

/// Kind and level of a row. Source: SARIF 2.1.0, 3.27.9 and 3.27.10: whatever is no failure has level `none`.
fn kind(standing: Standing, of_finding: Level) -> (Option<&'static str>, &'static str) {
    match standing {
        Standing::Found(Class::Block | Class::Warn) => (Some("fail"), level(of_finding)),
        // A waiver stands beside the failure and does not take it away.
        Standing::Found(Class::Waived) => (Some("fail"), level(of_finding)),
        Standing::Found(Class::Info) => (Some("informational"), "none"),
        Standing::Found(Class::Unknown) => (Some("open"), "none"),
        Standing::Found(Class::Review) => (Some("review"), "none"),
        Standing::ByParts => (Some("informational"), "none"),
        Standing::Pass => (Some("pass"), "none"),
        Standing::NotApplicable => (Some("notApplicable"), "none"),
    }
}

/// The level at which code scanning shows a finding; none: it needs nobody.
fn shown(class: Class, of_finding: Level) -> Option<&'static str> {
    match class {
        Class::Block | Class::Warn | Class::Unknown | Class::Review => Some(level(of_finding)),
        Class::Info => Some("note"),
        Class::Waived => None,
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Block => "error",
        Level::Warn => "warning",
        Level::Info => "note",
    }
}

/// Tags of a rule, each once.
fn tags<'t>(document: &'t str, precedence: &'t str) -> Vec<&'t str> {
    if document == precedence { vec![document] } else { vec![document, precedence] }
}

/// An id as part of a hierarchy, in which `/` means something.
fn identifier(id: &str) -> String {
    if id.is_empty() { "unnamed".to_owned() } else { encoded(id).replace('/', "%2F") }
}
