//! A policy file: the rules of one governance document, with their parameters and definitions.

use crate::expr;
use crate::expr::ast::{Expr, Signature, TypeName};
use crate::primitives::Date;
use crate::source::{Fragment, Source};
use crate::terms::Precedence;

use super::problem::Code;
use super::read::Reader;
use super::rule::ParsedRule;
use super::yaml::Value;
use super::{Parsed, stem};

/// The file whose definitions every file sees.
pub const SHARED: &str = "definitions";

/// A policy file.
#[derive(Debug, Clone)]
pub struct ParsedPolicy {
    /// The file.
    pub source: Source,
    /// Whether it is `definitions.yaml`, whose definitions every file sees.
    pub shared: bool,
    /// The id of the document, which is the name of the file.
    pub document: Fragment,
    /// The name of the document.
    pub title: Fragment,
    /// Which wins where two contradict.
    pub precedence: Precedence,
    /// Version labels and the first day each is in force.
    pub versions: Vec<(Fragment, Date)>,
    /// Typed constants, visible in every file.
    pub parameters: Vec<ParsedParameter>,
    /// Named expressions.
    pub definitions: Vec<ParsedDefinition>,
    /// The rules, as written.
    pub rules: Vec<ParsedRule>,
}

/// A typed constant.
#[derive(Debug, Clone)]
pub struct ParsedParameter {
    /// Its name.
    pub name: Fragment,
    /// Its type.
    pub type_: Parsed<TypeName>,
    /// The value it has unless overridden.
    pub default: Option<Value>,
    /// What it is for.
    pub description: Fragment,
}

/// A named expression.
#[derive(Debug, Clone)]
pub struct ParsedDefinition {
    /// Its name and parameters.
    pub head: Parsed<Signature>,
    /// What it stands for.
    pub body: Parsed<Expr>,
}

pub(super) const FILE_KEYS: &[&str] =
    &["document", "title", "precedence", "versions", "parameters", "definitions", "rules"];
pub(super) const PARAMETER_KEYS: &[&str] = &["type", "default", "description"];
pub(super) const DEFINITION_KEYS: &[&str] = &["define", "as"];
pub(super) const VERSION_KEYS: &[&str] = &["version", "from"];

pub(super) const PRECEDENCES: &[(&str, Precedence)] = &[
    ("framework", Precedence::Framework),
    ("house", Precedence::House),
    ("encyclopedic", Precedence::Encyclopedic),
    ("gate", Precedence::Gate),
];

impl Reader<'_> {
    pub(super) fn policy(&mut self, root: &Value) -> Option<ParsedPolicy> {
        let keys = self.keys(root, "a policy file", FILE_KEYS)?;
        let name = stem(self.source.name()).to_owned();
        let shared = name == SHARED;
        let document = self.required_line(&keys, "document");
        if !document.text.is_empty() && document.text != name {
            self.problem(
                Code::FileName,
                format!("document `{}` stands in a file called `{name}`", document.text),
                Some(format!("rename the file to `{}.yaml`, or the document to `{name}`", document.text)),
                vec![(document.whole, "differs from the file's name".to_owned())],
            );
        }
        let title = self.required_line(&keys, "title");
        let precedence = self.required_word(&keys, "precedence", PRECEDENCES, Precedence::Gate).value;
        let versions = self.versions(keys.get("versions"));
        let parameters = self.parameters(keys.get("parameters"));
        let definitions = self.definitions(keys.get("definitions"));
        let rules = match keys.get("rules") {
            Some(rules) if shared => {
                let labels = vec![(keys.at("rules"), "not accepted here".to_owned())];
                let help = "`definitions.yaml` holds what every file sees; put rules into their document's file";
                self.problem(
                    Code::ConflictingKeys,
                    "rules among the shared definitions".to_owned(),
                    Some(help.to_owned()),
                    labels,
                );
                self.rules(rules)
            }
            Some(rules) => self.rules(rules),
            None if shared => Vec::new(),
            None => {
                self.required(&keys, "rules");
                Vec::new()
            }
        };
        Some(ParsedPolicy {
            source: self.source.clone(),
            shared,
            document,
            title,
            precedence,
            versions,
            parameters,
            definitions,
            rules,
        })
    }

    fn versions(&mut self, value: Option<&Value>) -> Vec<(Fragment, Date)> {
        let Some(value) = value else { return Vec::new() };
        let mut versions = Vec::new();
        for version in self.list(value, "`versions`") {
            let Some(keys) = self.keys(version, "a version", VERSION_KEYS) else { continue };
            let label = self.required_line(&keys, "version");
            let from = self.required(&keys, "from").and_then(|from| self.date(from, "`from`"));
            if let Some(from) = from {
                versions.push((label, from));
            }
        }
        self.unique("version", versions.iter().map(|(label, _)| label));
        versions
    }

    fn parameters(&mut self, value: Option<&Value>) -> Vec<ParsedParameter> {
        let Some(value) = value else { return Vec::new() };
        let mut parameters = Vec::new();
        for (name, body) in self.entries(value, "`parameters`") {
            self.declared_name(name, "parameter");
            let Some(keys) = self.keys(body, "a parameter", PARAMETER_KEYS) else { continue };
            parameters.push(ParsedParameter {
                name: name.clone(),
                type_: self.required_parsed(&keys, "type", expr::parse_type),
                default: keys.get("default").cloned(),
                description: self.required_line(&keys, "description"),
            });
        }
        parameters
    }

    /// A name that expressions use must be one that they can use.
    pub(super) fn declared_name(&mut self, name: &Fragment, what: &str) {
        let usable = name.text.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
            && name.text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
            && !expr::RESERVED.contains(&name.text.as_str());
        if !usable {
            let message = format!("`{}` cannot be the name of a {what}", name.text);
            let help = "a name is lower case with digits and underscores, and no word of the language";
            self.problem(
                Code::UnknownWord,
                message,
                Some(help.to_owned()),
                vec![(name.whole, "not a name".to_owned())],
            );
        }
    }

    fn definitions(&mut self, value: Option<&Value>) -> Vec<ParsedDefinition> {
        let Some(value) = value else { return Vec::new() };
        let mut definitions = Vec::new();
        for definition in self.list(value, "`definitions`") {
            let Some(keys) = self.keys(definition, "a definition", DEFINITION_KEYS) else { continue };
            let head = self.required_parsed(&keys, "define", expr::parse_definition);
            let body = self.required_parsed(&keys, "as", expr::parse);
            definitions.push(ParsedDefinition { head, body });
        }
        let names: Vec<Fragment> = definitions.iter().filter_map(ParsedDefinition::name).collect();
        self.unique("definition", names.iter());
        definitions
    }

    fn rules(&mut self, value: &Value) -> Vec<ParsedRule> {
        let elements = self.list(value, "`rules`");
        elements.iter().filter_map(|rule| self.rule(rule)).collect()
    }
}

impl ParsedDefinition {
    /// Its name, at its place in the file.
    pub fn name(&self) -> Option<Fragment> {
        let name = &self.head.tree.as_ref()?.name;
        let whole = self.head.text.locate(name.span);
        Some(Fragment { text: name.text.clone(), whole, runs: vec![(0, whole.start)] })
    }
}
