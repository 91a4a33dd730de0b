//! `*.cases.yaml`: fixtures, patches, and what each rule must say of them.

use std::collections::HashSet;

use crate::expr;
use crate::expr::ast::Literal;
use crate::primitives::{Duration, Instant};
use crate::source::{Fragment, Source, Span};
use crate::terms::Stage;
use crate::terms::{Outcome, Verdict};

use super::problem::{Code, PolicyProblem};
use super::read::{Keys, Reader, did_you_mean};
use super::rule::STAGES;
use super::yaml::Value;
use super::{PolicySet, Spanned, stem};

/// The `document` of a file whose cases try rules of several documents.
pub const ACROSS: &str = "scenarios";

/// The cases of one document.
#[derive(Debug, Clone)]
pub struct ParsedCases {
    /// The file.
    pub source: Source,
    /// The document whose rules it tries, or [`ACROSS`].
    pub document: Fragment,
    /// The cases, as written.
    pub cases: Vec<ParsedCase>,
}

/// A case.
#[derive(Debug, Clone)]
pub struct ParsedCase {
    /// Where it stands: its first entry, for a label about the whole case.
    pub span: Span,
    /// What it shows.
    pub name: Fragment,
    /// The scenario it decides.
    pub scenario: Option<Fragment>,
    /// The folder under `fixtures/cases`.
    pub fixture: Fragment,
    /// The instant to judge for; the fixture's if none.
    pub as_of: Option<Spanned<Instant>>,
    /// The stage; the profile's if none.
    pub stage: Option<Spanned<Stage>>,
    /// The profile; `house` if none.
    pub profile: Option<Fragment>,
    /// A flow whose packs are added.
    pub flow: Option<Fragment>,
    /// Parameters that are overridden.
    pub set: Vec<(Fragment, Value)>,
    /// Rows that tables have beside their own: the table, and the cells.
    pub rows: Vec<(Fragment, Vec<(Fragment, Value)>)>,
    /// Changes of the fixture, in order.
    pub patch: Vec<PatchStep>,
    /// What each rule must say.
    pub expect: Vec<(Fragment, Spanned<Outcome>)>,
    /// What the run must say.
    pub verdict: Option<Spanned<Verdict>>,
    /// Whether no other rule may be worse than pass.
    pub others_clean: bool,
}

/// A change of the fixture.
#[derive(Debug, Clone)]
pub struct PatchStep {
    /// Where it stands: its first entry.
    pub span: Span,
    /// Whether digests are listed again afterwards; if not, nothing is signed again either.
    pub relist: bool,
    /// Whether what it touches is signed again afterwards.
    pub sign: bool,
    /// What it does.
    pub change: Change,
}

/// A patch file: what a case calls `patch`, and the keys to sign with.
#[derive(Debug, Clone)]
pub struct PatchFile {
    /// The changes, in order.
    pub steps: Vec<PatchStep>,
    /// The file of keys, relative to the patch file; without it nothing is signed again.
    pub keys: Option<Fragment>,
}

/// What a patch step does. Paths are relative to `bundle/`, or begin with `decision/` or `post/`.
#[derive(Debug, Clone)]
pub enum Change {
    /// `set: PATH#POINTER`, `to: VALUE`
    Set {
        /// The member.
        at: Target,
        /// Its new value.
        to: Value,
    },
    /// `remove: PATH#POINTER`
    Remove {
        /// The member.
        at: Target,
    },
    /// `remove: PATH`
    RemoveFile {
        /// The file.
        path: Fragment,
    },
    /// `copy: PATH`, `as: PATH`, `change: {POINTER: VALUE, …}`
    Copy {
        /// The old record.
        path: Fragment,
        /// The new one.
        to: Fragment,
        /// Members that differ: pointer and value.
        change: Vec<(Fragment, Value)>,
    },
    /// `add: PATH`, `kind: KIND`, `json: VALUE`
    AddJson {
        /// The new file.
        path: Fragment,
        /// Its kind.
        kind: Fragment,
        /// Its value.
        json: Value,
    },
    /// `add: PATH`, `kind: KIND`, `text: STRING`
    AddText {
        /// The new file.
        path: Fragment,
        /// Its kind.
        kind: Fragment,
        /// Its text.
        text: Fragment,
    },
    /// `replace: TEXT`, `by: TEXT`, `in: GLOB`
    Replace {
        /// What is replaced.
        text: Fragment,
        /// By what; may be empty.
        by: String,
        /// In which files.
        within: Fragment,
    },
    /// `shift: 30 days` or `shift: 2h`, `in: GLOB`
    Shift {
        /// How far.
        by: Shift,
        /// In which files.
        within: Fragment,
    },
}

/// A member of a JSON file.
#[derive(Debug, Clone)]
pub struct Target {
    /// The file.
    pub path: String,
    /// The RFC 6901 pointer, without `#`.
    pub pointer: String,
    /// Where both stand.
    pub span: Span,
}

/// How far a patch moves time; negative moves it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shift {
    /// Calendar days.
    Days(i64),
    /// An exact duration.
    Duration(Duration),
}

pub(super) const OUTCOMES: &[(&str, Outcome)] = &[
    ("pass", Outcome::Pass),
    ("fail", Outcome::Fail),
    ("not-applicable", Outcome::NotApplicable),
    ("indeterminate", Outcome::Indeterminate),
    ("review", Outcome::Review),
];

pub(super) const VERDICTS: &[(&str, Verdict)] = &[
    ("clean", Verdict::Clean),
    ("clean-with-waivers", Verdict::CleanWithWaivers),
    ("needs-waiver", Verdict::NeedsWaiver),
    ("indeterminate", Verdict::Indeterminate),
    ("not-clean", Verdict::NotClean),
];

pub(super) const CASES_FILE_KEYS: &[&str] = &["document", "cases"];
pub(super) const CASE_KEYS: &[&str] = &[
    "name",
    "scenario",
    "fixture",
    "as_of",
    "stage",
    "profile",
    "flow",
    "set",
    "tables",
    "patch",
    "expect",
    "verdict",
    "others_clean",
];

/// The first key of a step, and those it takes besides.
pub(super) const STEPS: &[(&str, &[&str])] = &[
    ("set", &["set", "to", "relist", "sign"]),
    ("remove", &["remove", "relist", "sign"]),
    ("copy", &["copy", "as", "change", "relist", "sign"]),
    ("add", &["add", "kind", "json", "text", "relist", "sign"]),
    ("replace", &["replace", "by", "in", "relist", "sign"]),
    ("shift", &["shift", "in", "relist", "sign"]),
];

/// Reads a patch file: what a case calls `patch`, beside the `name`, `fixture` and `as_of` it is about, and
/// `keys`.
///
/// # Errors
/// Every problem of the file.
pub fn patch_file(source: &Source) -> Result<PatchFile, Vec<PolicyProblem>> {
    let tree = super::yaml::read(source)?;
    let mut reader = Reader::new(source);
    let mut steps = Vec::new();
    let mut key_file = None;
    if let Some(keys) = reader.keys(&tree.root, "a patch file", PATCH_FILE_KEYS) {
        key_file = reader.optional_line(&keys, "keys");
        reader.optional_line(&keys, "name");
        reader.optional_line(&keys, "fixture");
        keys.get("as_of").and_then(|value| reader.instant(value, "`as_of`"));
        let list = reader.required(&keys, "patch");
        for step in list.map(|list| reader.list(list, "`patch`")).unwrap_or_default() {
            steps.extend(reader.step(step));
        }
    }
    if reader.problems.is_empty() { Ok(PatchFile { steps, keys: key_file }) } else { Err(reader.problems) }
}

const PATCH_FILE_KEYS: &[&str] = &["name", "fixture", "as_of", "keys", "patch"];

impl Reader<'_> {
    pub(super) fn cases(&mut self, root: &Value) -> Option<ParsedCases> {
        let keys = self.keys(root, "a file of cases", CASES_FILE_KEYS)?;
        let document = self.required_line(&keys, "document");
        let name = stem(self.source.name()).to_owned();
        if !document.text.is_empty() && document.text != name {
            let message = format!("cases of document `{}` stand in a file called `{name}.cases.yaml`", document.text);
            let help = Some(format!("rename the file to `{}.cases.yaml`", document.text));
            self.problem(
                Code::FileName,
                message,
                help,
                vec![(document.whole, "differs from the file's name".to_owned())],
            );
        }
        let list = self.required(&keys, "cases");
        let elements = list.map(|list| self.list(list, "`cases`")).unwrap_or_default();
        let cases: Vec<ParsedCase> = elements.iter().filter_map(|case| self.case(case)).collect();
        self.unique("case", cases.iter().map(|case| &case.name));
        Some(ParsedCases { source: self.source.clone(), document, cases })
    }

    fn case(&mut self, value: &Value) -> Option<ParsedCase> {
        let keys = self.keys(value, "a case", CASE_KEYS)?;
        let name = self.required_line(&keys, "name");
        let set = keys.get("set").map(|value| self.entries(value, "`set`").to_vec()).unwrap_or_default();
        let rows = keys.get("tables").map(|value| self.added_rows(value)).unwrap_or_default();
        let steps = keys.get("patch").map(|value| self.list(value, "`patch`")).unwrap_or_default();
        let patch = steps.iter().filter_map(|step| self.step(step)).collect();
        let mut expect = Vec::new();
        let expected = self.required(&keys, "expect");
        for (rule, outcome) in expected.map(|value| self.entries(value, "`expect`")).unwrap_or_default() {
            if let Some(outcome) = self.word(outcome, "`outcome`", OUTCOMES) {
                expect.push((rule.clone(), outcome));
            }
        }
        Some(ParsedCase {
            span: keys.span(),
            name,
            scenario: self.optional_line(&keys, "scenario"),
            fixture: self.required_line(&keys, "fixture"),
            as_of: keys.get("as_of").and_then(|value| self.instant(value, "`as_of`")),
            stage: keys.get("stage").and_then(|value| self.word(value, "`stage`", STAGES)),
            profile: self.optional_line(&keys, "profile"),
            flow: self.optional_line(&keys, "flow"),
            set,
            rows,
            patch,
            expect,
            verdict: keys.get("verdict").and_then(|value| self.word(value, "`verdict`", VERDICTS)),
            others_clean: keys
                .get("others_clean")
                .and_then(|value| self.boolean(value, "`others_clean`"))
                .unwrap_or(false),
        })
    }

    /// `tables: { TABLE: [{ COLUMN: VALUE, … }] }`
    fn added_rows(&mut self, value: &Value) -> Vec<(Fragment, Vec<(Fragment, Value)>)> {
        let mut added = Vec::new();
        for (table, rows) in self.entries(value, "`tables`").to_vec() {
            for row in self.list(&rows, "the rows of a table") {
                added.push((table.clone(), self.entries(row, "a row").to_vec()));
            }
        }
        added
    }

    fn step(&mut self, value: &Value) -> Option<PatchStep> {
        let all: Vec<&str> = STEPS.iter().flat_map(|(_, keys)| keys.iter().copied()).collect();
        let entries = self.entries(value, "a patch step");
        let form = STEPS.iter().find(|(first, _)| entries.iter().any(|(key, _)| key.text == *first));
        let Some((first, known)) = form else {
            let keys = self.keys(value, "a patch step", &all)?;
            if !keys.has_misspelt() {
                let words: Vec<&str> = STEPS.iter().map(|(first, _)| *first).collect();
                let help = Some(format!("it begins with one of: {}", words.join(", ")));
                let labels = vec![(keys.span(), "changes nothing".to_owned())];
                self.problem(Code::MissingKey, "a patch step that does nothing".to_owned(), help, labels);
            }
            return None;
        };
        let keys = self.keys(value, "a patch step", known)?;
        let relist = keys.get("relist").and_then(|value| self.boolean(value, "`relist`")).unwrap_or(true);
        let sign = keys.get("sign").and_then(|value| self.boolean(value, "`sign`")).unwrap_or(true);
        let change = self.change(first, &keys)?;
        Some(PatchStep { span: keys.span(), relist, sign, change })
    }

    fn change(&mut self, first: &str, keys: &Keys<'_>) -> Option<Change> {
        let path = self.required(keys, first).and_then(|value| self.text(value, &format!("`{first}`")));
        match first {
            "set" => {
                let to = self.required(keys, "to");
                if let Some(to) = to {
                    self.unambiguous(to);
                }
                let at = self.target(path?)?;
                Some(Change::Set { at, to: to?.clone() })
            }
            "remove" => {
                let path = path?;
                if path.text.contains('#') {
                    Some(Change::Remove { at: self.target(path)? })
                } else {
                    Some(Change::RemoveFile { path })
                }
            }
            "copy" => {
                let to = self.required_line(keys, "as");
                let change =
                    keys.get("change").map(|value| self.entries(value, "`change`").to_vec()).unwrap_or_default();
                for (pointer, value) in &change {
                    self.pointer(&pointer.text, pointer.whole);
                    self.unambiguous(value);
                }
                Some(Change::Copy { path: path?, to, change })
            }
            "add" => self.addition(path?, keys),
            "replace" => {
                let by = self.required(keys, "by");
                let within = self.required_line(keys, "in");
                let by = match by.map(|value| (value, value.scalar())) {
                    Some((_, Some(scalar))) => scalar.text.text.clone(),
                    Some((value, None)) => {
                        self.shape(value, "`by`", "a text");
                        return None;
                    }
                    None => return None,
                };
                Some(Change::Replace { text: path?, by, within })
            }
            _ => {
                let within = self.required_line(keys, "in");
                let by = self.shift(path?)?;
                Some(Change::Shift { by, within })
            }
        }
    }

    fn addition(&mut self, path: Fragment, keys: &Keys<'_>) -> Option<Change> {
        let kind = self.required_line(keys, "kind");
        match (keys.get("json"), keys.get("text")) {
            (Some(json), None) => {
                self.unambiguous(json);
                Some(Change::AddJson { path, kind, json: json.clone() })
            }
            (None, Some(text)) => {
                let text = match text.scalar() {
                    Some(scalar) => scalar.text.clone(),
                    None => {
                        self.shape(text, "`text`", "a text");
                        return None;
                    }
                };
                Some(Change::AddText { path, kind, text })
            }
            (Some(_), Some(_)) => {
                let labels = vec![(keys.at("text"), "excluded".to_owned()), (keys.at("json"), "by `json`".to_owned())];
                let help = Some("a file is either JSON or text: keep one of the two".to_owned());
                self.problem(Code::ConflictingKeys, "`json` and `text` in one step".to_owned(), help, labels);
                None
            }
            (None, None) => {
                let labels = vec![(keys.at("add"), "has no content".to_owned())];
                let help = Some("add `json` or `text`".to_owned());
                self.problem(Code::MissingKey, "a file without content".to_owned(), help, labels);
                None
            }
        }
    }

    /// `PATH#POINTER`
    fn target(&mut self, text: Fragment) -> Option<Target> {
        let Some((path, pointer)) = text.text.split_once('#') else {
            let message = format!("`{}` names no member", text.text);
            let help = Some(format!("write `{}#/member`", text.text));
            self.problem(Code::Shape, message, help, vec![(text.whole, "`PATH#POINTER` is expected".to_owned())]);
            return None;
        };
        self.pointer(pointer, text.whole);
        Some(Target { path: path.to_owned(), pointer: pointer.to_owned(), span: text.whole })
    }

    fn pointer(&mut self, pointer: &str, span: Span) {
        if !pointer.is_empty() && !pointer.starts_with('/') {
            let message = format!("`{pointer}` is not a pointer");
            let help = Some("a pointer begins with a slash: `/data/id`".to_owned());
            self.problem(Code::Shape, message, help, vec![(span, "not a pointer".to_owned())]);
        }
    }

    /// `30 days`, `2h`, each with a minus sign to move back.
    fn shift(&mut self, text: Fragment) -> Option<Shift> {
        let (sign, unsigned) = match text.text.trim().strip_prefix('-') {
            Some(rest) => (-1, rest.trim_start()),
            None => (1, text.text.trim()),
        };
        let shift = match expr::parse_literal(unsigned) {
            Ok(Literal::Days(days)) => Some(Shift::Days(sign * days)),
            Ok(Literal::Duration(duration)) => {
                Duration::from_nanoseconds(i128::from(sign) * duration.nanoseconds()).map(Shift::Duration)
            }
            Ok(
                Literal::Bool(_)
                | Literal::Int(_)
                | Literal::Text(_)
                | Literal::Instant(_)
                | Literal::Date(_)
                | Literal::Months(_),
            )
            | Err(_) => None,
        };
        if shift.is_none() {
            let message = format!("`{}` is no distance in time", text.text);
            let help = Some("write `30 days`, `2h` or `-2h`".to_owned());
            self.problem(Code::Shape, message, help, vec![(text.whole, "days or a duration are expected".to_owned())]);
        }
        shift
    }
}

/// Cases of documents that are not there, and expectations of rules that do not exist.
pub(super) fn unknown_references(set: &PolicySet, problems: &mut Vec<PolicyProblem>) {
    let documents: Vec<&str> = set.policies.iter().map(|policy| policy.document.text.as_str()).collect();
    let rules: Vec<&str> =
        set.policies.iter().flat_map(|policy| policy.rules.iter().map(|rule| rule.id.text.as_str())).collect();
    let known: HashSet<&str> = rules.iter().copied().collect();
    let pending: HashSet<&str> =
        set.pending.iter().flat_map(|file| file.pending.iter().map(|pending| pending.id.text.as_str())).collect();
    let external: HashSet<&str> =
        set.external.iter().flat_map(|file| file.external.iter().map(|entry| entry.id.text.as_str())).collect();
    for file in &set.cases {
        let mut report = |message: String, help: Option<String>, span: Span| {
            let labels = vec![(span, "not found".to_owned())];
            problems.push(PolicyProblem::new(Code::UnknownReference.as_str(), message, help, &file.source, labels));
        };
        let named = !file.document.text.is_empty() && file.document.text != ACROSS;
        if named && !documents.contains(&file.document.text.as_str()) {
            let message = format!("there is no document `{}`", file.document.text);
            report(message, did_you_mean(&file.document.text, &documents), file.document.whole);
        }
        for (rule, _) in file.cases.iter().flat_map(|case| &case.expect) {
            if known.contains(rule.text.as_str()) {
                continue;
            }
            let help = if pending.contains(rule.text.as_str()) {
                Some("it is listed as pending: it has no rule yet".to_owned())
            } else if external.contains(rule.text.as_str()) {
                Some("it is listed as external: no rule decides it".to_owned())
            } else {
                did_you_mean(&rule.text, &rules)
            };
            report(format!("there is no rule `{}`", rule.text), help, rule.whole);
        }
    }
}
