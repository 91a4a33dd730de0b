//! Syntax tree to canonical text: one line, single spaces, parentheses only where the tree needs
//! them. Parsing what is printed gives the same tree.

use std::fmt::Write as _;

use super::ast::{
    Aggregate, Arithmetic, Binding, Expr, ExprKind, Literal, MessagePart, Quantifier, SetOperation, SetRelation,
    Signature, TypeName, TypeNameKind,
};
use super::scan::{Lexer, TokenKind};
use crate::source::Span;

/// The canonical text of an expression.
pub fn print(expr: &Expr) -> String {
    Printer::new(None).whole(expr)
}

/// The canonical text of an expression whose literals keep the spelling they have in `source`, the
/// text it was parsed from: `12 months` stays `12 months`.
pub fn print_as_written(expr: &Expr, source: &str) -> String {
    Printer::new(Some(source)).whole(expr)
}

/// The canonical text of a `for each`.
pub fn print_binding(binding: &Binding) -> String {
    let mut printer = Printer::new(None);
    printer.binding(binding, After::Nothing);
    printer.out
}

/// As [`print_as_written`], of a `for each`.
pub fn print_binding_as_written(binding: &Binding, source: &str) -> String {
    let mut printer = Printer::new(Some(source));
    printer.binding(binding, After::Nothing);
    printer.out
}

/// The canonical text of a definition's head.
pub fn print_signature(signature: &Signature) -> String {
    let mut out = signature.name.text.clone();
    if !signature.parameters.is_empty() {
        let parameters: Vec<String> = signature
            .parameters
            .iter()
            .map(|(name, type_name)| format!("{}: {}", name.text, print_type(type_name)))
            .collect();
        let _ = write!(out, "({})", parameters.join(", "));
    }
    out
}

/// The canonical text of a type.
pub fn print_type(type_name: &TypeName) -> String {
    let mut out = String::new();
    let mut inner = type_name;
    loop {
        match &inner.kind {
            TypeNameKind::ListOf(element) => {
                out.push_str("list of ");
                inner = element;
            }
            TypeNameKind::ItemOf(path) => return out + "item of " + &path.join("."),
            TypeNameKind::Named(name) => return out + name,
        }
    }
}

/// The text of a message, braces doubled.
pub fn print_message(parts: &[MessagePart]) -> String {
    print_message_with(parts, print)
}

/// As [`print_as_written`], of a message.
pub fn print_message_as_written(parts: &[MessagePart], source: &str) -> String {
    print_message_with(parts, |expr| print_as_written(expr, source))
}

fn print_message_with(parts: &[MessagePart], print: impl Fn(&Expr) -> String) -> String {
    let mut out = String::new();
    for part in parts {
        match part {
            MessagePart::Text(text) => out.push_str(&text.replace('{', "{{").replace('}', "}}")),
            MessagePart::Expr(expr) => {
                let _ = write!(out, "{{{}}}", print(expr));
            }
        }
    }
    out
}

/// Breaks the canonical text of an expression into lines: before each `and`, `or` and `satisfies`
/// outside brackets, and where a line would be longer than `width`, there too where it can. Joined
/// with single spaces the lines are the text again.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line: Vec<&str> = Vec::new();
    for (piece, outside) in pieces(text) {
        if outside && matches!(piece, "and" | "or" | "satisfies") && !line.is_empty() {
            lines.push(line.join(" "));
            line.clear();
        }
        line.push(piece);
        let length = line.iter().map(|piece| piece.chars().count() + 1).sum::<usize>() - 1;
        if length > width && line.len() > 1 {
            let natural = line.iter().rposition(|piece| matches!(*piece, "and" | "or" | "satisfies" | "where"));
            let at = natural.filter(|at| *at > 0).unwrap_or(line.len() - 1);
            let rest = line.split_off(at);
            lines.push(line.join(" "));
            line = rest;
        }
    }
    lines.push(line.join(" "));
    lines
}

/// What stands between the spaces of a canonical text, spaces within literals aside, and whether it
/// begins outside all brackets.
fn pieces(text: &str) -> Vec<(&str, bool)> {
    let mut pieces = Vec::new();
    let (mut start, mut end, mut depth, mut outside) = (0, 0, 0_usize, true);
    for token in Lexer::new(text, 0) {
        if token.start > end {
            pieces.push((&text[start..end], outside));
            start = token.start;
            outside = depth == 0;
        }
        end = token.end;
        match token.kind {
            TokenKind::Open => depth += 1,
            TokenKind::Close => depth = depth.saturating_sub(1),
            TokenKind::Word
            | TokenKind::Number
            | TokenKind::Text
            | TokenKind::Pattern
            | TokenKind::Symbol
            | TokenKind::Stray
            | TokenKind::UnclosedText
            | TokenKind::UnclosedPattern => {}
        }
    }
    pieces.push((&text[start..end], outside));
    pieces
}

/// How tightly an expression holds together, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Or,
    And,
    Not,
    Comparison,
    Set,
    Coalesce,
    Sum,
    Product,
    Has,
    Primary,
}

fn level(expr: &Expr) -> Level {
    match &expr.kind {
        ExprKind::Or(..) => Level::Or,
        ExprKind::And(..) => Level::And,
        ExprKind::Not(..) | ExprKind::Quantified { .. } => Level::Not,
        ExprKind::Compare(..)
        | ExprKind::In { .. }
        | ExprKind::InRange { .. }
        | ExprKind::Matches { .. }
        | ExprKind::SetRelation { .. } => Level::Comparison,
        ExprKind::SetOperation(..) => Level::Set,
        ExprKind::Coalesce(..) => Level::Coalesce,
        ExprKind::Arithmetic(Arithmetic::Add | Arithmetic::Subtract, ..) => Level::Sum,
        ExprKind::Arithmetic(Arithmetic::Multiply, ..) => Level::Product,
        ExprKind::Has(..) => Level::Has,
        ExprKind::Literal(..)
        | ExprKind::Name(..)
        | ExprKind::Field(..)
        | ExprKind::List(..)
        | ExprKind::Project { .. }
        | ExprKind::Aggregate { .. }
        | ExprKind::AggregateList { .. }
        | ExprKind::MaxGap { .. }
        | ExprKind::Recorded(..)
        | ExprKind::Call { .. } => Level::Primary,
    }
}

/// What follows an expression and might be taken for a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    /// A closing bracket, a comma, or the end.
    Nothing,
    /// An operator, or `satisfies`: a quantifier at the end would swallow it.
    More,
    /// `(or none)`: a set relation or `distinct(…)` at the end would swallow it.
    OrNone,
}

struct Printer<'s> {
    source: Option<&'s str>,
    out: String,
}

impl<'s> Printer<'s> {
    fn new(source: Option<&'s str>) -> Self {
        Self { source, out: String::new() }
    }

    fn whole(mut self, expr: &Expr) -> String {
        self.expr(expr, Level::Or, After::Nothing);
        self.out
    }

    /// Prints an expression where only `least` or tighter may stand bare.
    fn expr(&mut self, expr: &Expr, least: Level, after: After) {
        let swallows = match after {
            After::Nothing => false,
            After::More => matches!(expr.kind, ExprKind::Quantified { .. }),
            After::OrNone => takes_or_none(expr) || matches!(expr.kind, ExprKind::Quantified { .. }),
        };
        if level(expr) < least || swallows {
            self.out.push('(');
            self.bare(expr, After::Nothing);
            self.out.push(')');
        } else {
            self.bare(expr, after);
        }
    }

    fn infix(&mut self, left: (&Expr, Level), operator: &str, right: (&Expr, Level), after: After) {
        self.expr(left.0, left.1, After::More);
        let _ = write!(self.out, " {operator} ");
        self.expr(right.0, right.1, after);
    }

    fn bare(&mut self, expr: &Expr, after: After) {
        match &expr.kind {
            ExprKind::Literal(value) => self.literal(value, expr.span),
            ExprKind::Name(name) => self.out.push_str(name),
            ExprKind::Field(base, name) => {
                let numeral = matches!(base.kind, ExprKind::Literal(_));
                if numeral || takes_or_none(base) || has_or_none(base) {
                    self.out.push('(');
                    self.bare(base, After::Nothing);
                    self.out.push(')');
                } else {
                    self.expr(base, Level::Primary, After::Nothing);
                }
                let _ = write!(self.out, ".{}", name.text);
            }
            ExprKind::Has(path) => {
                self.out.push_str("has ");
                self.expr(path, Level::Primary, after);
            }
            ExprKind::Coalesce(path, otherwise) => {
                self.infix((path, Level::Sum), "??", (otherwise, Level::Coalesce), after);
            }
            ExprKind::Not(operand) => {
                self.out.push_str("not ");
                self.expr(operand, Level::Not, after);
            }
            ExprKind::And(left, right) => self.infix((left, Level::And), "and", (right, Level::Not), after),
            ExprKind::Or(left, right) => self.infix((left, Level::Or), "or", (right, Level::And), after),
            ExprKind::Compare(comparison, left, right) => {
                self.infix((left, Level::Set), comparison.as_str(), (right, Level::Set), after);
            }
            ExprKind::In { item, list, negated } => {
                self.infix((item, Level::Set), if *negated { "not in" } else { "in" }, (list, Level::Set), after);
            }
            ExprKind::InRange { item, low, low_exclusive, high, high_exclusive, negated } => {
                self.expr(item, Level::Set, After::More);
                self.out.push_str(if *negated { " not in " } else { " in " });
                self.out.push_str(if *low_exclusive { "after " } else { "" });
                self.expr(low, Level::Set, After::More);
                self.out.push_str(if *high_exclusive { " .. before " } else { " .. " });
                self.expr(high, Level::Set, after);
            }
            ExprKind::Matches { text, pattern, .. } => {
                self.expr(text, Level::Set, After::More);
                self.out.push_str(" matches ");
                self.pattern(pattern);
            }
            ExprKind::SetRelation { relation, left, right, or_none } => {
                self.expr(left, Level::Set, After::More);
                self.out.push_str(match relation {
                    SetRelation::Subset => " subset of ",
                    SetRelation::Disjoint => " disjoint from ",
                    SetRelation::Same => " same set as ",
                });
                self.expr(right, Level::Set, if *or_none { After::OrNone } else { after });
                self.out.push_str(if *or_none { " (or none)" } else { "" });
            }
            ExprKind::SetOperation(operation, left, right) => {
                let word = match operation {
                    SetOperation::Union => "union",
                    SetOperation::Intersect => "intersect",
                    SetOperation::Minus => "minus",
                };
                self.infix((left, Level::Set), word, (right, Level::Coalesce), after);
            }
            ExprKind::Arithmetic(arithmetic, left, right) => {
                let (sign, left_least, right_least) = match arithmetic {
                    Arithmetic::Add => ("+", Level::Sum, Level::Product),
                    Arithmetic::Subtract => ("-", Level::Sum, Level::Product),
                    Arithmetic::Multiply => ("*", Level::Product, Level::Has),
                };
                self.infix((left, left_least), sign, (right, right_least), after);
            }
            ExprKind::List(elements) => {
                self.out.push('[');
                self.separated(elements);
                self.out.push(']');
            }
            ExprKind::Project { element, binding } => {
                self.out.push('[');
                self.expr(element, Level::Or, After::Nothing);
                self.out.push_str(" for ");
                self.binding(binding, After::Nothing);
                self.out.push(']');
            }
            ExprKind::Quantified { quantifier, binding, or_none, satisfies } => {
                self.out.push_str(match quantifier {
                    Quantifier::Every => "every ",
                    Quantifier::No => "no ",
                    Quantifier::Some => "some ",
                    Quantifier::Exists => "exists ",
                    Quantifier::ExactlyOne => "exactly one ",
                });
                let follows = match (or_none, satisfies) {
                    (true, _) => After::OrNone,
                    (false, Some(_)) => After::More,
                    (false, None) => after,
                };
                self.binding(binding, follows);
                self.out.push_str(if *or_none { " (or none)" } else { "" });
                if let Some(satisfies) = satisfies {
                    self.out.push_str(" satisfies ");
                    self.expr(satisfies, Level::Or, after);
                }
            }
            ExprKind::Aggregate { aggregate, binding, by, or_none } => {
                let _ = write!(self.out, "{}(", aggregate.as_str());
                self.binding(binding, After::Nothing);
                if let Some(by) = by {
                    self.out.push_str(" by ");
                    self.expr(by, Level::Or, After::Nothing);
                }
                self.out.push_str(if *or_none { ") (or none)" } else { ")" });
            }
            ExprKind::AggregateList { aggregate, list, or_none } => {
                let _ = write!(self.out, "{}(", aggregate.as_str());
                // `count(x in xs)` names elements, so a condition on a name keeps its parentheses.
                let named = matches!(
                    &list.kind,
                    ExprKind::In { .. } | ExprKind::InRange { .. } | ExprKind::And(..) | ExprKind::Or(..)
                );
                self.expr(list, if named { Level::Primary } else { Level::Or }, After::Nothing);
                self.out.push_str(if *or_none { ") (or none)" } else { ")" });
            }
            ExprKind::MaxGap { binding, by, from, to } => {
                self.out.push_str("max_gap(");
                self.binding(binding, After::Nothing);
                self.out.push_str(" by ");
                self.expr(by, Level::Or, After::Nothing);
                self.out.push_str(", ");
                self.expr(from, Level::Or, After::Nothing);
                self.out.push_str(", ");
                self.expr(to, Level::Or, After::Nothing);
                self.out.push(')');
            }
            ExprKind::Recorded(kind) => {
                let _ = write!(self.out, "recorded({})", kind.text);
            }
            ExprKind::Call { name, arguments } => {
                let _ = write!(self.out, "{}(", name.text);
                self.separated(arguments);
                self.out.push(')');
            }
        }
    }

    fn separated(&mut self, elements: &[Expr]) {
        for (at, element) in elements.iter().enumerate() {
            self.out.push_str(if at == 0 { "" } else { ", " });
            self.expr(element, Level::Or, After::Nothing);
        }
    }

    fn binding(&mut self, binding: &Binding, after: After) {
        let _ = write!(self.out, "{} in ", binding.name.text);
        let before_filter = if binding.filter.is_some() { After::Nothing } else { after };
        self.expr(&binding.over, Level::Set, before_filter);
        if let Some(filter) = &binding.filter {
            self.out.push_str(" where ");
            self.expr(filter, Level::Or, after);
        }
    }

    fn literal(&mut self, value: &Literal, span: Span) {
        if let Some(written) = self.source.and_then(|source| source.get(span.start as usize..span.end as usize)) {
            match value {
                Literal::Text(_) => self.out.push_str(written),
                Literal::Bool(_)
                | Literal::Int(_)
                | Literal::Instant(_)
                | Literal::Date(_)
                | Literal::Duration(_)
                | Literal::Days(_)
                | Literal::Months(_) => self.out.push_str(&written.split_whitespace().collect::<Vec<_>>().join(" ")),
            }
            return;
        }
        let _ = match value {
            Literal::Bool(value) => write!(self.out, "{value}"),
            Literal::Int(value) => write!(self.out, "{value}"),
            Literal::Text(text) => {
                self.text(text);
                Ok(())
            }
            Literal::Instant(instant) => write!(self.out, "{instant}"),
            Literal::Date(date) => write!(self.out, "{date}"),
            Literal::Duration(duration) => write!(self.out, "{duration}"),
            Literal::Days(1) => write!(self.out, "1 day"),
            Literal::Days(days) => write!(self.out, "{days} days"),
            Literal::Months(12) => write!(self.out, "1 year"),
            Literal::Months(months) if *months > 0 && months % 12 == 0 => write!(self.out, "{} years", months / 12),
            Literal::Months(1) => write!(self.out, "1 month"),
            Literal::Months(months) => write!(self.out, "{months} months"),
        };
    }

    fn text(&mut self, text: &str) {
        self.out.push('"');
        for character in text.chars() {
            match character {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\t' => self.out.push_str("\\t"),
                // What a reader cannot see is written out.
                _ if character.is_control() || is_invisible(character) => {
                    let _ = write!(self.out, "\\u{{{:x}}}", character as u32);
                }
                _ => self.out.push(character),
            }
        }
        self.out.push('"');
    }

    fn pattern(&mut self, pattern: &str) {
        self.out.push('/');
        let mut characters = pattern.chars();
        while let Some(character) = characters.next() {
            match character {
                '/' => self.out.push_str("\\/"),
                '\\' => {
                    self.out.push('\\');
                    self.out.extend(characters.next());
                }
                _ => self.out.push(character),
            }
        }
        self.out.push('/');
    }
}

/// Characters that change how text is read without being seen: line separators, byte order marks,
/// directional marks.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{a0}' | '\u{ad}')
}

/// Whether a `(or none)` after this expression would become a part of it.
fn takes_or_none(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::SetRelation { right, or_none, .. } => !or_none || takes_or_none(right),
        ExprKind::Aggregate { aggregate: Aggregate::Distinct, or_none, .. }
        | ExprKind::AggregateList { aggregate: Aggregate::Distinct, or_none, .. } => !or_none,
        // The end of these is the end of an operand that is printed bare.
        ExprKind::Not(operand) => takes_or_none(operand),
        ExprKind::And(_, right) | ExprKind::Or(_, right) => takes_or_none(right),
        ExprKind::Compare(_, _, right)
        | ExprKind::Coalesce(_, right)
        | ExprKind::SetOperation(_, _, right)
        | ExprKind::Arithmetic(_, _, right)
        | ExprKind::In { list: right, .. }
        | ExprKind::InRange { high: right, .. } => takes_or_none(right),
        ExprKind::Quantified { .. } => true,
        ExprKind::Literal(..)
        | ExprKind::Name(..)
        | ExprKind::Field(..)
        | ExprKind::Has(..)
        | ExprKind::Matches { .. }
        | ExprKind::List(..)
        | ExprKind::Project { .. }
        | ExprKind::Aggregate { .. }
        | ExprKind::AggregateList { .. }
        | ExprKind::MaxGap { .. }
        | ExprKind::Recorded(..)
        | ExprKind::Call { .. } => false,
    }
}

fn has_or_none(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Aggregate { or_none: true, .. } | ExprKind::AggregateList { or_none: true, .. })
}
