//! A rule, explained: clause, source, evidence, expressions, examples.

use std::fmt::Write as _;

use super::super::load::{self, RuleBook};
use super::super::terminal::Terminal;
use crate::compile::program::{Document, External, Pending, Program, Rule, RuleBody};
use crate::evaluate::outcome::Outcome;
use crate::facts::schema::{Kind, KindClass};
use crate::policy::ParsedCases;
use crate::policy::cases::ParsedCase;

/// The explanation of a rule, or of a requirement that has none.
pub(super) fn explain(rule_book: &RuleBook, id: &str, terminal: &Terminal) -> Option<String> {
    let program = rule_book.program();
    let is_it = |known: &str| known.eq_ignore_ascii_case(id);
    if let Some(rule) = program.rules.iter().find(|rule| is_it(&rule.id)) {
        return Some(of_rule(rule_book, rule, terminal));
    }
    if let Some(pending) = program.pending.iter().find(|pending| is_it(&pending.id)) {
        return Some(of_pending(pending, terminal));
    }
    let external = program.external.iter().find(|external| is_it(&external.id))?;
    Some(of_external(program, external, terminal))
}

fn of_rule(rule_book: &RuleBook, rule: &Rule, terminal: &Terminal) -> String {
    let program = rule_book.program();
    let document = &program.documents[rule.document.0 as usize];
    let mut text = terminal.wrap(&format!("{}  {}", rule.id, rule.title), 0, 2);
    let in_force = rule.in_force_section.as_deref().filter(|section| *section != rule.section);
    let in_force = in_force.map_or(String::new(), |section| format!(" (now {section})"));
    text.push_str(&terminal.wrap(&format!("{}, {}{in_force}", document.title, rule.section), 0, 2));
    let level = rule.level.as_str();
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        text,
        "{}; level {level}, stage {}, packs {}",
        crate::report::strength_text(rule.strength),
        rule.stage.as_str(),
        rule.packs.join(", ")
    );
    let _ = writeln!(text, "digest {}", rule.digest);
    if !rule.notes.is_empty() {
        text.push('\n');
        text.push_str(&terminal.wrap(rule.notes.trim(), 0, 0));
    }
    text.push_str(&evidence(program, rule, terminal));
    let _ = writeln!(text, "\nrule ({}):\n{}", document.path, source(document, rule));
    if let RuleBody::SameAs(target) = rule.body {
        let target = &program.rules[target.0 as usize];
        let target_document = &program.documents[target.document.0 as usize];
        let _ = writeln!(text, "{} ({}):\n{}", target.id, target_document.path, source(target_document, target));
    }
    if !rule.help.is_empty() {
        text.push_str(&terminal.wrap(&format!("help: {}", rule.help.trim()), 0, 6));
    }
    // What shows the rule that this one is the same as shows this one.
    let mut ids = vec![rule.id.as_str()];
    if let RuleBody::SameAs(target) = rule.body {
        ids.push(&program.rules[target.0 as usize].id);
    }
    let cases = load::cases_about(rule_book, &ids);
    text.push_str(&example(&cases, &ids, Outcome::Pass, "passes, for example", terminal));
    text.push_str(&example(&cases, &ids, Outcome::Fail, "fails, for example", terminal));
    text
}

fn of_pending(pending: &Pending, terminal: &Terminal) -> String {
    format!(
        "{}  has no rule yet: it waits for {}\n{}, {}; pack {}, stage {}\n\n{}",
        pending.id,
        pending.waits_for,
        pending.document,
        pending.section,
        pending.pack,
        pending.stage.as_str(),
        terminal.wrap(&pending.why, 0, 0)
    )
}

fn of_external(program: &Program, external: &External, terminal: &Terminal) -> String {
    let document = &program.documents[external.document.0 as usize];
    let heading = format!("{}  has no rule: no evidence of a case decides it, and it is in no verdict", external.id);
    format!(
        "{}{}{}; pack {}\n\n{}",
        terminal.wrap(&heading, 0, 2),
        terminal.wrap(&format!("{}, {}", document.title, external.section), 0, 2),
        crate::report::strength_text(external.strength),
        external.pack,
        terminal.wrap(&format!("why: {}", external.why), 0, 5)
    )
}

fn evidence(program: &Program, rule: &Rule, terminal: &Terminal) -> String {
    let kinds = rule.reads.iter().map(|&kind| program.schema.kind(kind));
    // What countersign computes is nothing that anybody has to bring.
    let records: Vec<&Kind> =
        kinds.filter(|kind| matches!(kind.class, KindClass::Evidence | KindClass::Case)).collect();
    if records.is_empty() {
        return String::new();
    }
    let mut text = "\nevidence:\n".to_owned();
    for kind in records {
        text.push_str(&terminal.wrap(&format!("{}: {}", kind.name, kind.description), 2, 4));
    }
    text
}

/// The rule as it is written: its entry in the list of rules.
fn source(document: &Document, rule: &Rule) -> String {
    let start = (rule.span.start as usize).min(document.text.len());
    let line_start = document.text[..start].rfind('\n').map_or(0, |at| at + 1);
    let mut lines = document.text[line_start..].lines();
    let Some(first) = lines.next() else { return String::new() };
    let indent = first.len() - first.trim_start().len();
    let belongs = |line: &&str| line.trim().is_empty() || line.len() - line.trim_start().len() > indent;
    let rest: Vec<&str> = lines.take_while(belongs).collect();
    let mut text = String::new();
    for line in std::iter::once(first).chain(rest) {
        let line = line.get(indent..).unwrap_or_default();
        let _ = writeln!(text, "  {}", line.trim_end());
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// The case with the fewest changes that shows an outcome of one of these rules, as it is written.
fn example(cases: &[ParsedCases], ids: &[&str], outcome: Outcome, label: &str, terminal: &Terminal) -> String {
    let shows = |case: &&ParsedCase| {
        case.expect.iter().any(|(id, shown)| ids.contains(&id.text.as_str()) && shown.value == outcome)
    };
    // The case with the fewest changes says most.
    let found = cases.iter().flat_map(|file| file.cases.iter().filter(shows).map(move |case| (file, case)));
    let Some((file, case)) = found.min_by_key(|(_, case)| case.patch.len()) else { return String::new() };
    let heading = format!("{label}: {} (fixture {})", case.name.text, case.fixture.text);
    let mut text = format!("\n{}", terminal.wrap(&heading, 0, 2));
    for step in &case.patch {
        let start = (step.span.start as usize).min(file.source.text().len());
        text.push_str(&block(&file.source.text()[start..], file.source.line_column(start).1));
    }
    text
}

/// A YAML block that begins at a column: its first line, and those that are indented as far.
fn block(text: &str, column: usize) -> String {
    let indent = column - 1;
    let mut lines = text.lines();
    let mut out = String::new();
    if let Some(first) = lines.next() {
        let _ = writeln!(out, "  {}", first.trim_end());
    }
    let inside = |line: &&str| line.get(..indent).is_some_and(|margin| margin.trim().is_empty());
    for line in lines.take_while(inside) {
        let _ = writeln!(out, "  {}", line.get(indent..).unwrap_or_default().trim_end());
    }
    out
}
