//! Rules: their expressions lowered, their references followed.
//!
//! In: parsed rules and the names they may use. Out: [`Rule`]s, with digests still to be taken.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use super::check::Checker;
use super::codes::Code;
use super::emit::Arena;
use super::meaning::Reads;
use super::names::{Here, Names};
use super::problem::{Place, Problem};
use super::program::{DocumentIndex, MessagePiece, OpId, Rule, RuleBody, RuleExpressions, RuleIndex};
use super::types;
use crate::expr::ast::{Expr, MessagePart};
use crate::facts::schema::{KindId, Type};
use crate::policy::rule::ParsedExpressions;
use crate::policy::{Parsed, ParsedBody, ParsedRule};
use crate::primitives::Sha256;
use crate::source::{Fragment, Span};

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
    let before = lowering.problems.len();
    let targets: Vec<Vec<usize>> = written.iter().map(|rule| references(lowering, *rule, &index)).collect();
    circles(lowering, written, &targets);
    let sound = lowering.problems.len() == before;
    let mut rules: Vec<Rule> = Vec::with_capacity(written.len());
    for (at, rule) in written.iter().enumerate() {
        rules.push(lower_rule(lowering, *rule, &targets[at]));
    }
    if sound {
        // References are only followed where each leads somewhere.
        for at in 0..rules.len() {
            follow(lowering, written, &targets, &mut rules, at);
        }
        for at in 0..rules.len() {
            rules[at].reads = reads_of(&rules, at).into_iter().collect();
        }
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
        let problem = Problem::new(Code::CyclicRule, at, message, "part of a circle");
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
            if let Entry::Vacant(entry) = came_from.entry(next) {
                entry.insert(at);
                waiting.push_back(next);
            }
        }
    }
    None
}

fn lower_rule<'a>(lowering: &mut Lowering<'a, '_>, written: Written<'a>, direct: &[usize]) -> Rule {
    let rule = written.rule;
    let document = written.document;
    if let Some((help, at)) = rule.help.as_ref().and_then(|help| Some((help, help.text.find('{')?))) {
        let end = help.text[at..].find('}').map_or(help.text.len(), |end| at + end + 1);
        let at = Place { file: document.0 as usize, span: help.locate(Span::new(at, end)) };
        let problem = Problem::new(Code::HelpNotFilled, at, "a help is printed as it stands", "would not be filled in");
        lowering.problems.push(problem.help("say it in words here, and name the value in `message`"));
    }
    match &rule.body {
        ParsedBody::Expressions(expressions) => {
            let lowered = lower_expressions(lowering, written, expressions, rule.message.as_ref(), document);
            let mut made = stand_in(rule, document, RuleBody::Expressions(lowered.expressions));
            made.message = lowered.message;
            made.locals = lowered.locals;
            made.reads = lowered.reads.kinds.into_iter().collect();
            made
        }
        ParsedBody::AllOf(_) => {
            let parts = direct.iter().map(|at| RuleIndex(*at as u32)).collect();
            let mut made = stand_in(rule, document, RuleBody::AllOf(parts));
            (made.message, made.locals) = lower_free_message(lowering, rule, document);
            made
        }
        ParsedBody::SameAs(_) => {
            let target = direct.first().copied().unwrap_or_default();
            stand_in(rule, document, RuleBody::SameAs(RuleIndex(target as u32)))
        }
    }
}

/// Leads a `same_as` to its end, and lets it speak: without a message of its own it has that of the
/// rule it repeats; with one, that is read in the scope of that rule.
fn follow<'a>(
    lowering: &mut Lowering<'a, '_>,
    written: &[Written<'a>],
    targets: &[Vec<usize>],
    rules: &mut [Rule],
    at: usize,
) {
    let (rule, document) = (written[at].rule, written[at].document);
    if !matches!(rule.body, ParsedBody::SameAs(_)) {
        return;
    }
    let mut end = at;
    while matches!(written[end].rule.body, ParsedBody::SameAs(_)) {
        let Some(&next) = targets[end].first() else { return };
        end = next;
    }
    let target = written[end];
    let (message, locals) = match (&rule.message, &target.rule.body) {
        (None, _) => (rules[end].message.clone(), rules[end].locals),
        (Some(message), ParsedBody::Expressions(expressions)) => {
            let lowered = lower_expressions(lowering, target, expressions, Some(message), document);
            (lowered.message, lowered.locals)
        }
        (Some(_), ParsedBody::SameAs(_) | ParsedBody::AllOf(_)) => lower_free_message(lowering, rule, document),
    };
    let help = if rule.help.is_none() { rules[end].help.clone() } else { std::mem::take(&mut rules[at].help) };
    let made = &mut rules[at];
    made.body = RuleBody::SameAs(RuleIndex(end as u32));
    (made.message, made.locals, made.help) = (message, locals, help);
}

/// The message of a rule without expressions.
fn lower_free_message<'a>(
    lowering: &mut Lowering<'a, '_>,
    rule: &'a ParsedRule,
    document: DocumentIndex,
) -> (Vec<MessagePiece>, u16) {
    let here = Here { document, fragment: &rule.id };
    let mut checker = Checker::new(lowering.names, lowering.arena, lowering.problems, here);
    let message = lower_message(&mut checker, rule.message.as_ref(), document);
    (message, checker.locals())
}

/// The kinds that a rule, or the rules it leads to, read.
fn reads_of(rules: &[Rule], at: usize) -> BTreeSet<KindId> {
    let mut kinds = BTreeSet::new();
    let mut seen = BTreeSet::from([at]);
    let mut waiting = vec![at];
    while let Some(at) = waiting.pop() {
        kinds.extend(rules[at].reads.iter().copied());
        let next = match &rules[at].body {
            RuleBody::Expressions(_) => continue,
            RuleBody::SameAs(target) => std::slice::from_ref(target),
            RuleBody::AllOf(parts) => parts,
        };
        waiting.extend(next.iter().map(|index| index.0 as usize).filter(|index| seen.insert(*index)));
    }
    kinds
}

/// A rule without what is lowered.
fn stand_in(rule: &ParsedRule, document: DocumentIndex, body: RuleBody) -> Rule {
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
        message: Vec::new(),
        help: rule.help.as_ref().map(text).unwrap_or_default(),
        conflict: rule.conflict.iter().map(text).collect(),
        notes: rule.notes.as_ref().map(text).unwrap_or_default(),
        reads: Vec::new(),
        // Taken over the finished program.
        digest: Sha256::of(&[]),
        span: rule.span,
        locals: 0,
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
        checker.open(binding)
    });
    // An element of a list of constants is no fact.
    let element = for_each.filter(|over| {
        let mut reads = Reads::default();
        reads.add(checker.arena(), over.list);
        !reads.kinds.is_empty()
    });
    let element = element.map(|over| over.local.0);
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
