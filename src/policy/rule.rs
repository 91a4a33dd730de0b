//! A rule: its expressions, and the texts a person needs when it does not hold.

use crate::expr;
use crate::expr::ast::{Binding, Expr, MessagePart};
use crate::primitives::Date;
use crate::source::{Fragment, Span};
use crate::terms::{Level, Stage, Strength};

use super::problem::Code;
use super::read::{Keys, Reader};
use super::yaml::Value;
use super::{Parsed, Spanned};

/// A rule.
#[derive(Debug, Clone)]
pub struct ParsedRule {
    /// Where it stands: its first entry, for a label about the whole rule.
    pub span: Span,
    /// The requirement's id.
    pub id: Fragment,
    /// What holds when it passes.
    pub title: Fragment,
    /// The section of the document.
    pub section: Fragment,
    /// The section in the version in force, where it is numbered differently.
    pub in_force_section: Option<Fragment>,
    /// How strongly the source says it.
    pub strength: Spanned<Strength>,
    /// How bad a failure is.
    pub level: Spanned<Level>,
    /// The packs it belongs to.
    pub packs: Vec<Fragment>,
    /// The first run that decides it.
    pub stage: Spanned<Stage>,
    /// First and last day in force.
    pub in_force: (Option<Date>, Option<Date>),
    /// What decides it.
    pub body: ParsedBody,
    /// The line for a failing element; a rule that repeats another or is made of others may go without.
    pub message: Option<Parsed<Vec<MessagePart>>>,
    /// What to do; as `message`.
    pub help: Option<Fragment>,
    /// Ids of the decisions that shaped it.
    pub conflict: Vec<Fragment>,
    /// Why it reads as it does.
    pub notes: Option<Fragment>,
}

/// What decides a rule.
#[derive(Debug, Clone)]
pub enum ParsedBody {
    /// Expressions of its own.
    Expressions(Box<ParsedExpressions>),
    /// The rule whose expressions it repeats.
    SameAs(Fragment),
    /// The rules it is made of.
    AllOf(Vec<Fragment>),
}

/// The expressions of a rule; `require` or `attested` is there, unless that was reported.
#[derive(Debug, Clone, Default)]
pub struct ParsedExpressions {
    /// `for each`
    pub for_each: Option<Parsed<Binding>>,
    /// `applies`
    pub applies: Option<Parsed<Expr>>,
    /// `require`
    pub require: Option<Parsed<Expr>>,
    /// `attested`
    pub attested: Option<Parsed<Expr>>,
    /// `warn_when`
    pub warn_when: Option<Parsed<Expr>>,
}

/// The keys of a rule in the order in which they are written.
pub(super) const RULE_KEYS: &[&str] = &[
    "id",
    "title",
    "source",
    "strength",
    "level",
    "packs",
    "stage",
    "in_force",
    "for each",
    "applies",
    "require",
    "attested",
    "warn_when",
    "same_as",
    "all_of",
    "message",
    "help",
    "conflict",
    "notes",
];

pub(super) const SOURCE_KEYS: &[&str] = &["section", "in_force_section"];
pub(super) const IN_FORCE_KEYS: &[&str] = &["from", "to"];

/// The keys that hold expressions of the rule's own.
pub(super) const EXPRESSION_KEYS: &[&str] = &["for each", "applies", "require", "attested", "warn_when"];

pub(super) const LEVELS: &[(&str, Level)] = &[("block", Level::Block), ("warn", Level::Warn), ("info", Level::Info)];

pub(super) const STAGES: &[(&str, Stage)] = &[
    ("evidence", Stage::Evidence),
    ("proposal", Stage::Proposal),
    ("approval", Stage::Approval),
    ("signature", Stage::Signature),
    ("closing", Stage::Closing),
];

pub(super) const STRENGTHS: &[(&str, Strength)] = &[
    ("MUST", Strength::Must),
    ("MUST-NOT", Strength::MustNot),
    ("SHALL", Strength::Shall),
    ("SHOULD", Strength::Should),
    ("MAY", Strength::May),
    ("PROC", Strength::Proc),
    ("CLAIM", Strength::Claim),
    ("INFO", Strength::Info),
];

impl Reader<'_> {
    pub(super) fn rule(&mut self, value: &Value) -> Option<ParsedRule> {
        let keys = self.keys(value, "a rule", RULE_KEYS)?;
        let id = self.required_line(&keys, "id");
        let title = self.required_line(&keys, "title");
        let (section, in_force_section) = self.section(&keys);
        let strength = self.required_word(&keys, "strength", STRENGTHS, Strength::Must);
        let level = self.required_word(&keys, "level", LEVELS, Level::Block);
        let packs = self.required_lines(&keys, "packs");
        let stage = self.required_word(&keys, "stage", STAGES, Stage::Evidence);
        let in_force = self.in_force(&keys);
        let body = self.body(&keys);
        let message = self.message(&keys);
        let help = self.optional_text(&keys, "help");
        if matches!(body, ParsedBody::Expressions(_)) {
            self.required(&keys, "message");
            self.required(&keys, "help");
        }
        let conflict = keys.get("conflict").map(|value| self.lines(value, "`conflict`")).unwrap_or_default();
        let notes = self.optional_text(&keys, "notes");
        Some(ParsedRule {
            span: keys.span(),
            id,
            title,
            section,
            in_force_section,
            strength,
            level,
            packs,
            stage,
            in_force,
            body,
            message,
            help,
            conflict,
            notes,
        })
    }

    fn section(&mut self, keys: &Keys<'_>) -> (Fragment, Option<Fragment>) {
        let source = self.required(keys, "source");
        let inner = source.and_then(|source| self.keys(source, "`source`", SOURCE_KEYS));
        match inner {
            Some(inner) => (self.required_line(&inner, "section"), self.optional_line(&inner, "in_force_section")),
            None => (Fragment { text: String::new(), whole: keys.span(), runs: Vec::new() }, None),
        }
    }

    fn in_force(&mut self, keys: &Keys<'_>) -> (Option<Date>, Option<Date>) {
        let Some(value) = keys.get("in_force") else { return (None, None) };
        let Some(inner) = self.keys(value, "`in_force`", IN_FORCE_KEYS) else { return (None, None) };
        let from = inner.get("from").and_then(|value| self.date(value, "`from`"));
        let to = inner.get("to").and_then(|value| self.date(value, "`to`"));
        if let (Some(first), Some(last)) = (from, to)
            && last < first
        {
            let message = format!("in force to {last}, which is before {first}");
            let help = Some("both days are inclusive; exchange them or correct one".to_owned());
            self.problem(
                Code::ConflictingKeys,
                message,
                help,
                vec![(inner.at("to"), "ends before it begins".to_owned())],
            );
        }
        (from, to)
    }

    fn body(&mut self, keys: &Keys<'_>) -> ParsedBody {
        let alternative = ["same_as", "all_of"].into_iter().find(|key| keys.get(key).is_some());
        let Some(alternative) = alternative else { return self.expressions(keys) };
        let excluded = EXPRESSION_KEYS.iter().chain(&["all_of"]).filter(|key| **key != alternative);
        for key in excluded.filter(|key| keys.get(key).is_some()) {
            let message = format!("`{alternative}` and `{key}` in one rule");
            let help = match alternative {
                "same_as" => "a rule that is the same as another has no expressions of its own: keep one of the two",
                _ => "a rule that is made of others has no expressions of its own: keep one of the two",
            };
            let labels =
                vec![(keys.at(key), "excluded".to_owned()), (keys.at(alternative), format!("by `{alternative}`"))];
            self.problem(Code::ConflictingKeys, message, Some(help.to_owned()), labels);
        }
        if alternative == "same_as" {
            return ParsedBody::SameAs(self.required_line(keys, "same_as"));
        }
        ParsedBody::AllOf(self.required_lines(keys, "all_of"))
    }

    fn expressions(&mut self, keys: &Keys<'_>) -> ParsedBody {
        let meant = ["require", "attested", "same_as", "all_of"].iter().any(|key| keys.is_meant(key));
        if !meant {
            let help = "add `require`, `attested`, `same_as` or `all_of`";
            let labels = vec![(keys.span(), "has nothing to check".to_owned())];
            self.problem(Code::MissingKey, "a rule that requires nothing".to_owned(), Some(help.to_owned()), labels);
        }
        ParsedBody::Expressions(Box::new(ParsedExpressions {
            for_each: self.optional_parsed(keys, "for each", expr::parse_binding),
            applies: self.optional_parsed(keys, "applies", expr::parse),
            require: self.optional_parsed(keys, "require", expr::parse),
            attested: self.optional_parsed(keys, "attested", expr::parse),
            warn_when: self.optional_parsed(keys, "warn_when", expr::parse),
        }))
    }

    fn message(&mut self, keys: &Keys<'_>) -> Option<Parsed<Vec<MessagePart>>> {
        let text = self.optional_line(keys, "message")?;
        Some(self.parsed(text, expr::parse_message))
    }
}
