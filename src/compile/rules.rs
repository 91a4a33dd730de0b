//! Rules: their expressions lowered, their references followed.
//!
//! In: parsed rules and the names they may use. Out: [`Rule`]s, with digests still to be taken.

use std::collections::HashMap;

use super::check::Checker;
use super::codes::Code;
use super::emit::Arena;
use super::meaning::Reads;
use super::names::{Here, Names};
use super::problem::{Place, Problem};
use super::program::{
    DocumentIndex, MessagePiece, OpId, Rule, RuleBody, RuleExpressions, RuleIndex,
};
use super::types;
use crate::expr::ast::{Expr, MessagePart};
use crate::facts::schema::Type;
use crate::policy::rule::ParsedExpressions;
use crate::policy::{Parsed, ParsedBody, ParsedRule};
use crate::primitives::Sha256;
use crate::source::Fragment;

/// A rule, and the document it stands in.
#[derive(Clone, Copy)]
pub(super) struct Written<'a> {
    pub(super) document: DocumentIndex,
    pub(super) rule: &'a ParsedRule,
}

/// What is at hand while rules are lowered.
pub(super) struct Lowering<'a, 'n> {
    pub(super) names: &'n Names<'a>,
    pub(super) arena: &'n mut Arena,
    pub(super) problems: &'n mut Vec<Problem>,
}

/// Lowers all rules; one with a problem becomes a stand-in, so that indices hold.
pub(super) fn lower<'a>(lowering: &mut Lowering<'a, '_>, written: &[Written<'a>]) -> Vec<Rule> {
    let index: HashMap<&str, usize> =
        written.iter().enumerate().rev().map(|(at, written)| (written.rule.id.text.as_str(), at)).collect();
    let targets: Vec<Vec<usize>> = written.iter().map(|rule| references(lowering, *rule, &index)).collect();
    circles(lowering, written, &targets);
    if !lowering.problems.is_empty() {
        // Everything else is still checked; what a broken reference leads to is not.
        return written.iter().map(|rule| lower_rule(lowering, *rule, written, &[], &targets)).collect();
    }
    let mut rules: Vec<Rule> = Vec::with_capacity(written.len());
    for (at, rule) in written.iter().enumerate() {
        rules.push(lower_rule(lowering, *rule, written, &targets[at], &targets));
    }
    rules
}

/// The rules that a rule refers to.
fn references(lowering: &mut Lowering<'_, '_>, written: Written<'_>, index: &HashMap<&str, usize>) -> Vec<usize> {
    let ids: &[Fragment] = match &written.rule.body {
        ParsedBody::Expressions(_) => &[],
        ParsedBody::SameAs(id) => std::slice::from_ref(id),
        ParsedBody::AllOf(ids) => ids,
    };
    let mut found = Vec::with_capacity(ids.len());
    for id in ids.iter().filter(|id| !id.text.is_empty()) {
        match index.get(id.text.as_str()) {
            Some(at) => found.push(*at),
            None => {
                let at = Place { file: written.document.0 as usize, span: id.whole };
                lowering.problems.push(unknown_rule(at, &id.text, index.keys().copied()));
            }
        }
    }
    found
}

/// A rule that is not there.
pub(super) fn unknown_rule<'r>(at: Place, id: &str, known: impl Iterator<Item = &'r str>) -> Problem {
    let problem = Problem::new(Code::UnknownRule, at, format!("unknown rule `{id}`"), "not a rule");
    problem.meant(types::closest(id, known), || "rules are named by their ids, such as `LE-6.3.1.b.2`".into())
}

/// Reports each rule that leads back to itself.
fn circles(lowering: &mut Lowering<'_, '_>, written: &[Written<'_>], targets: &[Vec<usize>]) {
    let mut reported: Vec<usize> = Vec::new();
    for start in 0..written.len() {
        if reported.contains(&start) {
            continue;
        }
        let Some(circle) = circle_from(start, targets) else { continue };
        let rule = written[start].rule;
        let names: Vec<&str> = circle.iter().chain([&start]).map(|at| written[*at].rule.id.text.as_str()).collect();
        let at = Place { file: written[start].document.0 as usize, span: rule.id.whole };
        let message = format!("rule `{}` refers to itself: {}", rule.id.text, names.join(" -> "));
        let problem = Problem::new(Code::Cycle, at, message, "part of a circle");
        lowering.problems.push(problem.help("`same_as` and `all_of` lead to rules with expressions; cut the circle"));
        reported.extend(circle);
    }
}

/// The shortest way from a rule back to itself.
fn circle_from(start: usize, targets: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut came_from: HashMap<usize, usize> = HashMap::new();
    let mut waiting = std::collections::VecDeque::from([start]);
    while let Some(at) = waiting.pop_front() {
        for &next in &targets[at] {
            if next == start {
                let mut circle = vec![at];
                let mut step = at;
                while step != start {
                    step = *came_from.get(&step)?;
                    circle.push(step);
                }
                circle.reverse();
                return Some(circle);
            }
            if !came_from.contains_key(&next) {
                came_from.insert(next, at);
                waiting.push_back(next);
            }
        }
    }
    None
}

fn lower_rule<'a>(
    lowering: &mut Lowering<'a, '_>,
    written: Written<'a>,
    all: &[Written<'a>],
    direct: &[usize],
    targets: &[Vec<usize>],
) -> Rule {
    let rule = written.rule;
    let document = written.document;
    let mut shown = rule;
    let (body, message, locals, reads) = match &rule.body {
        ParsedBody::Expressions(expressions) => {
            let lowered = lower_expressions(lowering, written, expressions, rule.message.as_ref(), document);
            (RuleBody::Expressions(lowered.expressions), lowered.message, lowered.locals, lowered.reads)
        }
        ParsedBody::AllOf(_) => {
            let parts = direct.iter().map(|at| RuleIndex(*at as u32)).collect();
            let fragment = rule.message.as_ref().map_or(&rule.id, |message| &message.text);
            let mut checker = Checker::new(lowering.names, lowering.arena, lowering.problems, Here { document, fragment });
            let message = lower_message(&mut checker, rule.message.as_ref(), document);
            let locals = checker.locals();
            (RuleBody::AllOf(parts), message, locals, Reads::default())
        }
        ParsedBody::SameAs(_) => {
            let mut end = direct.first().copied();
            while let Some(at) = end
                && matches!(all[at].rule.body, ParsedBody::SameAs(_))
            {
                end = targets[at].first().copied();
            }
            let body = RuleBody::SameAs(RuleIndex(end.unwrap_or_default() as u32));
            let Some(target) = end.map(|at| all[at]) else {
                return finish(rule, rule, document, body, Vec::new(), 0, &Reads::default());
            };
            // Without a message of its own it has that of the rule it repeats, read in that rule's scope.
            let (message, spoken_by) = match &rule.message {
                Some(message) => (Some(message), document),
                None => (target.rule.message.as_ref(), target.document),
            };
            if rule.help.is_none() {
                shown = target.rule;
            }
            match &target.rule.body {
                ParsedBody::Expressions(expressions) => {
                    let lowered = lower_expressions(lowering, target, expressions, message, spoken_by);
                    (body, lowered.message, lowered.locals, lowered.reads)
                }
                ParsedBody::SameAs(_) | ParsedBody::AllOf(_) => {
                    let fragment = message.map_or(&rule.id, |message| &message.text);
                    let here = Here { document: spoken_by, fragment };
                    let mut checker = Checker::new(lowering.names, lowering.arena, lowering.problems, here);
                    let message = lower_message(&mut checker, message, spoken_by);
                    let locals = checker.locals();
                    (body, message, locals, Reads::default())
                }
            }
        }
    };
    finish(rule, shown, document, body, message, locals, &reads)
}

fn finish(
    rule: &ParsedRule,
    shown: &ParsedRule,
    document: DocumentIndex,
    body: RuleBody,
    message: Vec<MessagePiece>,
    locals: u16,
    reads: &Reads,
) -> Rule {
    let text = |fragment: &Fragment| fragment.text.trim_end().to_owned();
    Rule {
        id: text(&rule.id),
        title: text(&rule.title),
        document,
        section: text(&rule.section),
        in_force_section: rule.in_force_section.as_ref().map(text),
        strength: rule.strength.value,
        level: rule.level.value,
        packs: rule.packs.iter().map(text).collect(),
        stage: rule.stage.value,
        in_force: rule.in_force,
        body,
        message,
        help: shown.help.as_ref().map(text).unwrap_or_default(),
        conflict: rule.conflict.iter().map(text).collect(),
        notes: rule.notes.as_ref().map(text).unwrap_or_default(),
        reads: reads.kinds.iter().copied().collect(),
        // Taken over the finished program.
        digest: Sha256::of(&[]),
        span: rule.span,
        locals,
    }
}

struct Lowered {
    expressions: RuleExpressions,
    message: Vec<MessagePiece>,
    locals: u16,
    reads: Reads,
}

/// The expressions of a rule in one scope: `for each` binds, `applies` narrows what follows.
fn lower_expressions<'a>(
    lowering: &mut Lowering<'a, '_>,
    written: Written<'a>,
    expressions: &'a ParsedExpressions,
    message: Option<&'a Parsed<Vec<MessagePart>>>,
    spoken_by: DocumentIndex,
) -> Lowered {
    let document = written.document;
    let here = Here { document, fragment: &written.rule.id };
    let mut checker = Checker::new(lowering.names, lowering.arena, lowering.problems, here);
    let for_each = expressions.for_each.as_ref().and_then(|parsed| {
        checker.turn_to(Here { document, fragment: &parsed.text });
        let binding = parsed.tree.as_ref()?;
        let over = checker.open(binding);
        if let Some(over) = &over {
            let mut reads = Reads::default();
            reads.add(checker.arena(), over.list);
            if reads.kinds.is_empty() {
                checker.report(Code::ReadsNothing, binding.over.span, "`for each` over no fact", "the same for every case");
            }
        }
        over
    });
    let element = for_each.map(|over| over.local.0);
    let applies = condition(&mut checker, expressions.applies.as_ref(), document);
    if let Some(tree) = expressions.applies.as_ref().and_then(|parsed| parsed.tree.as_ref()) {
        checker.assume(tree);
    }
    let require = condition(&mut checker, expressions.require.as_ref(), document);
    reads_a_fact(&mut checker, require, element, expressions.require.as_ref(), Code::NoFact);
    let attested = condition(&mut checker, expressions.attested.as_ref(), document);
    reads_a_fact(&mut checker, attested, element, expressions.attested.as_ref(), Code::AttestedWithoutFact);
    let warn_when = condition(&mut checker, expressions.warn_when.as_ref(), document);

    let mut reads = Reads::default();
    let over = for_each.iter().flat_map(|over| [Some(over.list), over.filter]);
    for op in over.chain([applies, require, attested, warn_when]).flatten() {
        reads.add(checker.arena(), op);
    }
    let message = lower_message(&mut checker, message, spoken_by);
    let locals = checker.locals();
    let expressions = RuleExpressions { for_each, applies, require, attested, warn_when };
    Lowered { expressions, message, locals, reads }
}

fn condition<'a>(
    checker: &mut Checker<'a, '_>,
    parsed: Option<&'a Parsed<Expr>>,
    document: DocumentIndex,
) -> Option<OpId> {
    let parsed = parsed?;
    checker.turn_to(Here { document, fragment: &parsed.text });
    checker.condition(parsed.tree.as_ref()?)
}

/// A condition that reads no fact says the same of every case.
fn reads_a_fact(
    checker: &mut Checker<'_, '_>,
    op: Option<OpId>,
    element: Option<u16>,
    parsed: Option<&Parsed<Expr>>,
    code: Code,
) {
    let (Some(op), Some(tree)) = (op, parsed.and_then(|parsed| parsed.tree.as_ref())) else { return };
    let mut reads = Reads::default();
    reads.add(checker.arena(), op);
    if reads.kinds.is_empty() && element.is_none_or(|element| !reads.locals.contains(&element)) {
        let message = match code {
            Code::AttestedWithoutFact => "`attested` reads no fact",
            _ => "`require` reads no fact",
        };
        checker.report(code, tree.span, message, "the same for every case");
    }
}

fn lower_message<'a>(
    checker: &mut Checker<'a, '_>,
    message: Option<&'a Parsed<Vec<MessagePart>>>,
    document: DocumentIndex,
) -> Vec<MessagePiece> {
    let Some(parsed) = message else { return Vec::new() };
    checker.turn_to(Here { document, fragment: &parsed.text });
    let mut pieces = Vec::new();
    for part in parsed.tree.iter().flatten() {
        match part {
            MessagePart::Text(text) => pieces.push(MessagePiece::Text(text.clone())),
            MessagePart::Expr(expr) => {
                let Some(value) = checker.value(expr, None) else { continue };
                if is_printable(&value.type_) {
                    pieces.push(MessagePiece::Value(value.op));
                } else {
                    checker.report(Code::NotPrintable, expr.span, "an object cannot be printed", "not a single value");
                }
            }
        }
    }
    pieces
}

fn is_printable(type_: &Type) -> bool {
    match type_ {
        Type::Record(_) => false,
        Type::List(item) => is_printable(item),
        _ => true,
    }
}
