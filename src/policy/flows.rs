//! `flows.yaml`, `profiles.yaml`, `pending.yaml` and `external.yaml`.

use crate::source::{Fragment, Source};
use crate::terms::{Level, Precedence, Stage, Strength};

use super::Spanned;
use super::document::PRECEDENCES;
use super::problem::Code;
use super::read::{Keys, Reader};
use super::rule::{LEVELS, STAGES, STRENGTHS};
use super::yaml::Value;

/// `flows.yaml`
#[derive(Debug, Clone)]
pub struct ParsedFlows {
    /// The file.
    pub source: Source,
    /// Its flows, as written.
    pub flows: Vec<ParsedFlow>,
}

/// A flow and the packs that decide it.
#[derive(Debug, Clone)]
pub struct ParsedFlow {
    /// Its id.
    pub id: Fragment,
    /// Its name.
    pub title: Fragment,
    /// Its packs.
    pub packs: Vec<Fragment>,
    /// The kinds of record that each stage needs.
    pub needs: Vec<(Spanned<Stage>, Vec<Fragment>)>,
}

/// `profiles.yaml`
#[derive(Debug, Clone)]
pub struct ParsedProfiles {
    /// The file.
    pub source: Source,
    /// Its profiles, as written.
    pub profiles: Vec<ParsedProfile>,
}

/// Which documents, levels and parameters are in force.
#[derive(Debug, Clone)]
pub struct ParsedProfile {
    /// Its id.
    pub id: Fragment,
    /// What it is for.
    pub title: Fragment,
    /// Precedences whose documents run; every one if none is named.
    pub only: Vec<Spanned<Precedence>>,
    /// Documents whose rules do not run.
    pub without: Vec<Fragment>,
    /// The level of every rule whose source says MUST, MUST NOT or SHALL.
    pub every_must: Option<Spanned<Level>>,
    /// Rules whose level differs.
    pub levels: Vec<(Fragment, Spanned<Level>)>,
    /// Parameters that differ.
    pub parameters: Vec<(Fragment, Value)>,
    /// Whether `warn_when` lowers.
    pub warn_when: bool,
    /// The stage of a run that names none; `evidence` if none.
    pub stage: Option<Spanned<Stage>>,
}

/// `pending.yaml`
#[derive(Debug, Clone)]
pub struct ParsedPending {
    /// The file.
    pub source: Source,
    /// Its requirements, as written.
    pub pending: Vec<PendingRequirement>,
}

/// A requirement that has no rule yet.
#[derive(Debug, Clone)]
pub struct PendingRequirement {
    /// The requirement.
    pub id: Fragment,
    /// Its document.
    pub document: Fragment,
    /// Its section.
    pub section: Fragment,
    /// The pack it will be in.
    pub pack: Fragment,
    /// When it will be first decided.
    pub stage: Spanned<Stage>,
    /// What it waits for.
    pub waits_for: Spanned<WaitsFor>,
    /// Which part of it needs that.
    pub why: Fragment,
}

/// `external.yaml`
#[derive(Debug, Clone)]
pub struct ParsedExternal {
    /// The file.
    pub source: Source,
    /// Its requirements, as written.
    pub external: Vec<ExternalRequirement>,
}

/// A requirement that no evidence of a QVI decides.
#[derive(Debug, Clone)]
pub struct ExternalRequirement {
    /// The requirement.
    pub id: Fragment,
    /// Its document.
    pub document: Fragment,
    /// Its section.
    pub section: Fragment,
    /// The pack it is counted in.
    pub pack: Fragment,
    /// How binding it is.
    pub strength: Spanned<Strength>,
    /// The reason for which the signing gate refuses, where the gate decides it.
    pub gate: Option<Fragment>,
    /// What would decide it, and who could.
    pub why: Fragment,
}

/// Fewest words of [`ExternalRequirement::why`]: fewer only say that it is so.
pub const REASON_WORDS: usize = 20;

/// What a requirement without a rule waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WaitsFor {
    /// Verified signatures, key states, registries or chains.
    Keri,
    /// What only the signing gate knows.
    Gate,
    /// Facts across cases.
    Population,
}

impl WaitsFor {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keri => "keri",
            Self::Gate => "gate",
            Self::Population => "population",
        }
    }
}

pub(super) const WAITS: &[(&str, WaitsFor)] =
    &[("keri", WaitsFor::Keri), ("gate", WaitsFor::Gate), ("population", WaitsFor::Population)];

pub(super) const FLOWS_FILE_KEYS: &[&str] = &["flows"];
pub(super) const FLOW_KEYS: &[&str] = &["flow", "title", "packs", "needs"];
pub(super) const PROFILES_FILE_KEYS: &[&str] = &["profiles"];
pub(super) const PROFILE_KEYS: &[&str] =
    &["profile", "title", "only", "without", "every_must", "levels", "parameters", "warn_when", "stage"];
pub(super) const PENDING_FILE_KEYS: &[&str] = &["pending"];
pub(super) const PENDING_KEYS: &[&str] = &["id", "document", "section", "pack", "stage", "waits_for", "why"];
pub(super) const EXTERNAL_FILE_KEYS: &[&str] = &["external"];
pub(super) const EXTERNAL_KEYS: &[&str] = &["id", "document", "section", "pack", "strength", "gate", "why"];

impl Reader<'_> {
    pub(super) fn flows(&mut self, root: &Value) -> Option<ParsedFlows> {
        let keys = self.keys(root, "the file of flows", FLOWS_FILE_KEYS)?;
        let list = self.required(&keys, "flows")?;
        let mut flows = Vec::new();
        for flow in self.list(list, "`flows`") {
            let Some(keys) = self.keys(flow, "a flow", FLOW_KEYS) else { continue };
            let id = self.required_line(&keys, "flow");
            let title = self.required_line(&keys, "title");
            let packs = self.required_lines(&keys, "packs");
            let mut needs = Vec::new();
            if let Some(value) = keys.get("needs") {
                for (stage, kinds) in self.entries(value, "`needs`") {
                    let Some(stage) = self.key_word(stage, "stage", STAGES) else { continue };
                    needs.push((stage, self.lines(kinds, "`needs`")));
                }
            }
            flows.push(ParsedFlow { id, title, packs, needs });
        }
        Some(ParsedFlows { source: self.source.clone(), flows })
    }

    pub(super) fn profiles(&mut self, root: &Value) -> Option<ParsedProfiles> {
        let keys = self.keys(root, "the file of profiles", PROFILES_FILE_KEYS)?;
        let list = self.required(&keys, "profiles")?;
        let mut profiles = Vec::new();
        for profile in self.list(list, "`profiles`") {
            let Some(keys) = self.keys(profile, "a profile", PROFILE_KEYS) else { continue };
            let id = self.required_line(&keys, "profile");
            let title = self.required_line(&keys, "title");
            let only = keys.get("only").map(|value| self.precedences(value)).unwrap_or_default();
            let without = keys.get("without").map(|value| self.lines(value, "`without`")).unwrap_or_default();
            let mut levels = Vec::new();
            if let Some(value) = keys.get("levels") {
                for (rule, level) in self.entries(value, "`levels`") {
                    if let Some(level) = self.word(level, "`level`", LEVELS) {
                        levels.push((rule.clone(), level));
                    }
                }
            }
            let parameters = keys.get("parameters").map(|value| self.entries(value, "`parameters`").to_vec());
            // Lowering is a privilege: it must be written out.
            let warn_when = self.required(&keys, "warn_when").and_then(|value| self.boolean(value, "`warn_when`"));
            profiles.push(ParsedProfile {
                id,
                title,
                only,
                without,
                every_must: keys.get("every_must").and_then(|value| self.word(value, "`level`", LEVELS)),
                levels,
                parameters: parameters.unwrap_or_default(),
                warn_when: warn_when.unwrap_or(false),
                stage: keys.get("stage").and_then(|value| self.word(value, "`stage`", STAGES)),
            });
        }
        Some(ParsedProfiles { source: self.source.clone(), profiles })
    }

    /// Which precedences count: different ones, at least one.
    fn precedences(&mut self, value: &Value) -> Vec<Spanned<Precedence>> {
        let words = self.filled_lines(value, "`only`");
        words.iter().filter_map(|word| self.key_word(word, "precedence", PRECEDENCES)).collect()
    }

    pub(super) fn pending(&mut self, root: &Value) -> Option<ParsedPending> {
        let keys = self.keys(root, "the file of pending requirements", PENDING_FILE_KEYS)?;
        let list = self.required(&keys, "pending")?;
        let mut pending = Vec::new();
        for requirement in self.list(list, "`pending`") {
            let Some(keys) = self.keys(requirement, "a pending requirement", PENDING_KEYS) else { continue };
            pending.push(PendingRequirement {
                id: self.required_line(&keys, "id"),
                document: self.required_line(&keys, "document"),
                section: self.required_line(&keys, "section"),
                pack: self.required_line(&keys, "pack"),
                stage: self.required_word(&keys, "stage", STAGES, Stage::Evidence),
                waits_for: self.required_word(&keys, "waits_for", WAITS, WaitsFor::Keri),
                why: self.required_line(&keys, "why"),
            });
        }
        Some(ParsedPending { source: self.source.clone(), pending })
    }

    pub(super) fn external(&mut self, root: &Value) -> Option<ParsedExternal> {
        let keys = self.keys(root, "the file of external requirements", EXTERNAL_FILE_KEYS)?;
        let list = self.required(&keys, "external")?;
        let mut external = Vec::new();
        for requirement in self.list(list, "`external`") {
            let Some(keys) = self.keys(requirement, "an external requirement", EXTERNAL_KEYS) else { continue };
            external.push(ExternalRequirement {
                id: self.required_line(&keys, "id"),
                document: self.required_line(&keys, "document"),
                section: self.required_line(&keys, "section"),
                pack: self.required_line(&keys, "pack"),
                strength: self.required_word(&keys, "strength", STRENGTHS, Strength::Must),
                gate: self.optional_line(&keys, "gate"),
                why: self.reason(&keys),
            });
        }
        Some(ParsedExternal { source: self.source.clone(), external })
    }

    /// A reason that is long enough to be one.
    fn reason(&mut self, keys: &Keys<'_>) -> Fragment {
        let why = self.required_line(keys, "why");
        let words = why.text.split_whitespace().count();
        // One that is missing or empty was reported.
        if (1..REASON_WORDS).contains(&words) {
            let message = format!("the reason has {words} of at least {REASON_WORDS} words");
            let help = "say what would decide the requirement, who holds that, and why no evidence of a case does";
            let labels = vec![(why.whole, "too short for a reason".to_owned())];
            self.problem(Code::ReasonTooShort, message, Some(help.to_owned()), labels);
        }
        why
    }
}
