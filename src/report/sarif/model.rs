//! What of SARIF 2.1.0 we write, member by member. It is read by nobody here: tests read it with another's types.

use serde::Serialize;

use super::super::document::{PendingEntry, Run as ReportRun, Summary, WaiverEntry};
use crate::primitives::{Instant, Sha256};

#[derive(Debug, Serialize)]
pub(super) struct Log<'a> {
    #[serde(rename = "$schema")]
    pub schema: &'static str,
    pub version: &'static str,
    pub runs: [Run<'a>; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run<'a> {
    pub tool: Tool<'a>,
    pub automation_details: AutomationDetails,
    pub invocations: [Invocation; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original_uri_base_ids: Option<Bases>,
    pub artifacts: Vec<Artifact<'a>>,
    pub column_kind: &'static str,
    pub results: Vec<SarifResult<'a>>,
    pub properties: RunProperties<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct Tool<'a> {
    pub driver: Driver<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Driver<'a> {
    pub name: &'static str,
    pub semantic_version: &'a str,
    pub rules: Vec<Rule<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule<'a> {
    pub id: &'a str,
    pub short_description: Text,
    pub full_description: Text,
    pub help: Text,
    pub default_configuration: Configuration,
    pub properties: RuleProperties<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct Text {
    pub text: String,
}

impl Text {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned() }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Configuration {
    pub level: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct RuleProperties<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    pub document: &'a str,
    pub section: &'a str,
    pub strength: &'a str,
    pub precedence: &'a str,
    pub stage: &'a str,
    pub tags: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
pub(super) struct AutomationDetails {
    pub id: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invocation {
    pub execution_successful: bool,
    pub exit_code: u8,
}

#[derive(Debug, Serialize)]
pub(super) struct Bases {
    #[serde(rename = "SRCROOT", skip_serializing_if = "Option::is_none")]
    pub run_in: Option<Base>,
    #[serde(rename = "CASE")]
    pub case: Base,
    #[serde(rename = "POLICIES")]
    pub policies: Base,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Base {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri_base_id: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArtifactLocation {
    pub uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri_base_id: Option<&'static str>,
}

#[derive(Debug, Serialize)]
pub(super) struct Artifact<'a> {
    pub location: ArtifactLocation,
    pub length: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hashes: Option<Hashes>,
    pub properties: ArtifactProperties<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct Hashes {
    #[serde(rename = "sha-256")]
    pub sha256: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArtifactProperties<'a> {
    pub kind: &'a str,
    pub used_by: &'a [String],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SarifResult<'a> {
    pub rule_id: &'a str,
    pub rule_index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    pub level: &'static str,
    pub message: Text,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related_locations: Vec<Location>,
    pub partial_fingerprints: Fingerprints,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppressions: Option<Vec<Suppression<'a>>>,
    pub properties: ResultProperties<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct Fingerprints {
    #[serde(rename = "countersignFinding/v1")]
    ours: String,
    #[serde(rename = "primaryLocationLineHash", skip_serializing_if = "Option::is_none")]
    github: Option<String>,
}

impl Fingerprints {
    /// Code scanning computes one from the text of the line unless it is given one.
    pub(super) fn of(digest: Sha256, for_github: bool) -> Self {
        Self { ours: digest.to_string(), github: for_github.then(|| digest.to_string()) }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<usize>,
    pub physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Text>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhysicalLocation {
    pub artifact_location: ArtifactLocation,
    pub region: Region,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Region {
    pub start_line: u32,
    pub start_column: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snippet: Option<Text>,
}

#[derive(Debug, Serialize)]
pub(super) struct Suppression<'a> {
    pub kind: &'static str,
    pub status: &'static str,
    pub justification: String,
    pub properties: SuppressionProperties<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SuppressionProperties<'a> {
    pub waiver: &'a str,
    pub approved_by: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Instant>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResultProperties<'a> {
    pub outcome: &'static str,
    pub level: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub element: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiver: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_cause: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub all_of: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub same_as: &'a [String],
    pub passed: u32,
}

#[derive(Debug, Serialize)]
pub(super) struct Condition<'a> {
    pub expression: &'a str,
    pub expected: &'a str,
    pub actual: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RunProperties<'a> {
    pub headline: String,
    pub verdict: &'static str,
    pub said: &'a str,
    pub judgement: String,
    pub partial: bool,
    pub run: &'a ReportRun,
    pub summary: &'a Summary,
    pub not_yet_due: &'a [String],
    pub pending: &'a [PendingEntry],
    pub waivers: &'a [WaiverEntry],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Instant>,
}
