//! Quantifiers and aggregates, each with the parts it takes.

use pest::iterators::Pair;

use crate::expr::ast::{Aggregate, ExprKind, Quantifier};
use crate::expr::error::{Code, ExprError};
use crate::source::Span;

use super::build::{Builder, Built};
use super::grammar::Rule;

/// What a quantifier takes after its binding.
struct QuantifierForm {
    quantifier: Quantifier,
    word: &'static str,
    satisfies: bool,
    or_none: bool,
}

fn quantifier_form(rule: Rule) -> QuantifierForm {
    let (quantifier, word, satisfies, or_none) = match rule {
        Rule::every_op => (Quantifier::Every, "every", true, true),
        Rule::no_op => (Quantifier::No, "no", true, true),
        Rule::some_op => (Quantifier::Some, "some", true, false),
        Rule::exists_op => (Quantifier::Exists, "exists", false, false),
        _ => (Quantifier::ExactlyOne, "exactly one", false, false),
    };
    QuantifierForm { quantifier, word, satisfies, or_none }
}

/// What an aggregate takes between its parentheses.
struct AggregateForm {
    aggregate: Option<Aggregate>,
    written: &'static str,
    binding: bool,
    list: bool,
    by: bool,
    /// Expressions after a comma.
    more: usize,
}

fn aggregate_form(rule: Rule) -> AggregateForm {
    let form = |aggregate, written, binding, list, by| AggregateForm { aggregate, written, binding, list, by, more: 0 };
    match rule {
        Rule::count_op => form(Some(Aggregate::Count), "count(x in C where F)` or `count(LIST)", true, true, false),
        Rule::count_distinct_op => {
            form(Some(Aggregate::CountDistinct), "count distinct(x in C where F by KEY)", true, false, true)
        }
        Rule::distinct_op => {
            form(Some(Aggregate::Distinct), "distinct(x in C where F by KEY)` or `distinct(LIST)", true, true, true)
        }
        Rule::the_op => form(Some(Aggregate::The), "the(x in C where F)", true, false, false),
        Rule::latest_op => form(Some(Aggregate::Latest), "latest(x in C where F by KEY)", true, false, true),
        Rule::earliest_op => form(Some(Aggregate::Earliest), "earliest(x in C where F by KEY)", true, false, true),
        Rule::min_op => form(Some(Aggregate::Min), "min(LIST)", false, true, false),
        Rule::max_op => form(Some(Aggregate::Max), "max(LIST)", false, true, false),
        _ => AggregateForm { more: 2, ..form(None, "max_gap(x in C where F by KEY, FROM, TO)", true, false, true) },
    }
}

impl Builder<'_> {
    pub(super) fn quantified(&mut self, pair: Pair<'_, Rule>) -> Built {
        let span = self.span(&pair);
        let mut form = quantifier_form(Rule::exactly_one_op);
        let mut head = span;
        let mut binding = None;
        let mut satisfies: Option<(Built, Span)> = None;
        for part in pair.into_inner() {
            let at = self.span(&part);
            match part.as_rule() {
                Rule::binding => binding = Some(self.ended_binding(part)),
                Rule::satisfies => {
                    let inner = part.into_inner().find(|part| part.as_rule() == Rule::expr);
                    satisfies = inner.map(|inner| (self.expr(inner), at));
                }
                rule => {
                    form = quantifier_form(rule);
                    head = at;
                }
            }
        }
        let Some((binding, mut below, or_none)) = binding else { return self.stand_in(span) };
        if let (Some(at), false) = (or_none, form.or_none) {
            let error = ExprError::new(
                Code::MisplacedOrNone,
                at,
                format!("`{}` takes no `(or none)`", form.word),
                "not expected",
            );
            self.error(error.help(
                "over nothing it is false; if this belongs to a set relation in `where`, put that in parentheses",
            ));
        }
        match (&satisfies, form.satisfies) {
            (None, true) => {
                let error = ExprError::new(
                    Code::Form,
                    head,
                    format!("`{}` without `satisfies`", form.word),
                    "what must its elements satisfy?",
                );
                self.error(error.help(format!("write `{} x in C where F satisfies P`", form.word)));
            }
            (Some((_, at)), false) => {
                let error =
                    ExprError::new(Code::Form, *at, format!("`{}` takes no `satisfies`", form.word), "not expected");
                self.error(error.help(format!("write `{} x in C where F`", form.word)));
            }
            (Some(_), true) | (None, false) => {}
        }
        let mut end = or_none.unwrap_or(binding.span).to(binding.span);
        let satisfies = satisfies.map(|(built, _)| {
            end = built.outer;
            below = below.max(built.height);
            Box::new(built.expr)
        });
        let kind = ExprKind::Quantified {
            quantifier: form.quantifier,
            binding: Box::new(binding),
            or_none: or_none.is_some(),
            satisfies,
        };
        self.node(kind, head.to(end), below)
    }

    pub(super) fn aggregate(&mut self, pair: Pair<'_, Rule>) -> Built {
        let span = self.span(&pair);
        let mut form = aggregate_form(Rule::count_op);
        let mut head = span;
        let mut elements = None;
        let mut or_none = false;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::elements => elements = Some(part),
                Rule::or_none => or_none = true,
                rule => {
                    form = aggregate_form(rule);
                    head = self.span(&part);
                }
            }
        }
        let Some(elements) = elements else { return self.stand_in(span) };
        let mut binding = None;
        let mut list = None;
        let mut by = None;
        let mut more = Vec::new();
        let mut below = 0;
        for part in elements.into_inner() {
            match part.as_rule() {
                Rule::binding => {
                    let (bound, height) = self.bounded_binding(part);
                    below = below.max(height);
                    binding = Some(bound);
                }
                Rule::by => {
                    let Some(key) = part.into_inner().find(|part| part.as_rule() == Rule::expr) else { continue };
                    let key = self.expr(key);
                    below = below.max(key.height);
                    by = Some(Box::new(key.expr));
                }
                _ => {
                    let built = self.expr(part);
                    below = below.max(built.height);
                    if binding.is_none() && list.is_none() { list = Some(built.expr) } else { more.push(built.expr) }
                }
            }
        }
        let complaint = if binding.is_some() && !form.binding {
            Some("takes a list")
        } else if list.is_some() && !form.list {
            Some("names the elements of a collection")
        } else if list.is_some() && by.is_some() {
            Some("has a key but no name for its elements")
        } else if by.is_some() && !form.by {
            Some("takes no `by`")
        } else if binding.is_some() && form.by && by.is_none() {
            Some("needs a key after `by`")
        } else if more.len() != form.more {
            Some(if form.more == 0 { "takes no second argument" } else { "needs both ends after its key" })
        } else {
            None
        };
        if let Some(complaint) = complaint {
            let word = self.at(head).split_whitespace().collect::<Vec<_>>().join(" ");
            let error = ExprError::new(Code::Form, head, format!("`{word}` {complaint}"), "not its form");
            self.error(error.help(format!("write `{}`", form.written)));
            return self.stand_in(span);
        }
        let mut more = more.into_iter();
        let kind = match (form.aggregate, binding, list, by, more.next(), more.next()) {
            (Some(aggregate), Some(binding), _, by, _, _) => {
                ExprKind::Aggregate { aggregate, binding: Box::new(binding), by, or_none }
            }
            (Some(aggregate), None, Some(list), _, _, _) => {
                ExprKind::AggregateList { aggregate, list: Box::new(list), or_none }
            }
            (None, Some(binding), _, Some(by), Some(from), Some(to)) => {
                ExprKind::MaxGap { binding: Box::new(binding), by, from: Box::new(from), to: Box::new(to) }
            }
            // The complaint above has been made for every other combination.
            _ => return self.stand_in(span),
        };
        self.node(kind, span, below)
    }
}
