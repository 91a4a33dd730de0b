//! Text to syntax tree.
//!
//! In: the text of an expression, a `for each`, a definition's head, a type or a message. Out: the
//! tree, or every error that can be told apart. Names are not looked up here.

mod build;
mod climb;
mod form;
mod literal;
mod wording;

use std::num::NonZeroUsize;
use std::sync::Once;

use pest::Parser;
use pest::iterators::Pair;

use crate::source::Span;

use super::ast::{Binding, Expr, Literal, MessagePart, Signature, TypeName};
use super::error::{Code, ExprError};
use super::scan::{self, Lexer, TokenKind};

use build::Builder;

/// The generated parser; its rules are named in `grammar.pest`.
#[allow(missing_docs)]
mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "expr/grammar.pest"]
    pub(super) struct Grammar;
}

use grammar::{Grammar, Rule};

/// Steps of the grammar for one text: some five hundred for each of [`scan::MAX_TOKENS`] tokens.
const MAX_STEPS: usize = 50_000_000;

/// Parses an expression.
///
/// # Errors
/// Every syntax error found; see [`Code`].
pub fn parse(text: &str) -> Result<Expr, Vec<ExprError>> {
    parse_at(text, 0)
}

/// Parses the `x in xs where f` of a `for each`.
///
/// # Errors
/// As [`parse`].
pub fn parse_binding(text: &str) -> Result<Binding, Vec<ExprError>> {
    read(text, Rule::whole_binding, 0, |builder, pair| builder.binding(pair))
}

/// Parses the `name(parameter: type, …)` of a definition.
///
/// # Errors
/// As [`parse`].
pub fn parse_definition(text: &str) -> Result<Signature, Vec<ExprError>> {
    read(text, Rule::whole_signature, 0, |builder, pair| builder.signature(pair))
}

/// Parses the type of a parameter or a column.
///
/// # Errors
/// As [`parse`].
pub fn parse_type(text: &str) -> Result<TypeName, Vec<ExprError>> {
    read(text, Rule::whole_type, 0, |builder, pair| builder.type_name(pair))
}

/// Parses a literal and nothing else: the value of a parameter.
///
/// # Errors
/// As [`parse`].
pub fn parse_literal(text: &str) -> Result<Literal, Vec<ExprError>> {
    read(text, Rule::whole_literal, 0, |builder, pair| builder.literal(pair))
}

/// Parses a message: text with `{expression}` in it, `{{` and `}}` for the braces themselves.
/// Spans are offsets in the whole message.
///
/// # Errors
/// As [`parse`], of all expressions in it.
pub fn parse_message(text: &str) -> Result<Vec<MessagePart>, Vec<ExprError>> {
    let mut parts = Vec::new();
    let mut errors = Vec::new();
    let mut plain = String::new();
    let mut at = 0;
    while let Some(brace) = text[at..].find(['{', '}']).map(|found| at + found) {
        plain.push_str(&text[at..brace]);
        let character = &text[brace..=brace];
        if text[brace + 1..].starts_with(character) {
            plain.push_str(character);
            at = brace + 2;
            continue;
        }
        if character == "}" {
            let error = ExprError::new(
                Code::UnmatchedBracket,
                Span::new(brace, brace + 1),
                "`}` closes nothing",
                "no `{` is open here",
            );
            errors.push(error.help("a brace in a message is written twice: `}}`"));
            at = brace + 1;
            continue;
        }
        let Some(close) = closing_brace(text, brace + 1) else {
            let error =
                ExprError::new(Code::UnclosedBracket, Span::new(brace, brace + 1), "`{` is never closed", "opens here");
            errors.push(error.help("close the expression with `}`; a brace in a message is written twice: `{{`"));
            at = text.len();
            break;
        };
        if !plain.is_empty() {
            parts.push(MessagePart::Text(std::mem::take(&mut plain)));
        }
        match parse_at(&text[brace + 1..close], brace + 1) {
            Ok(expr) => parts.push(MessagePart::Expr(expr)),
            Err(found) => errors.extend(found),
        }
        at = close + 1;
    }
    plain.push_str(&text[at..]);
    if !plain.is_empty() {
        parts.push(MessagePart::Text(plain));
    }
    if errors.is_empty() { Ok(parts) } else { Err(errors) }
}

/// The `}` that ends an expression: the first one outside texts and patterns.
fn closing_brace(text: &str, from: usize) -> Option<usize> {
    Lexer::new(text, from)
        .find(|token| token.kind == TokenKind::Symbol && &text[token.start..token.end] == "}")
        .map(|token| token.start)
}

fn parse_at(text: &str, base: usize) -> Result<Expr, Vec<ExprError>> {
    read(text, Rule::whole_expression, base, |builder, pair| builder.expr(pair).expr)
}

/// Scans, parses and builds one of the `whole_…` rules of the grammar.
fn read<T>(
    text: &str,
    rule: Rule,
    base: usize,
    build: impl FnOnce(&mut Builder<'_>, Pair<'_, Rule>) -> T,
) -> Result<T, Vec<ExprError>> {
    static STEPS: Once = Once::new();
    STEPS.call_once(|| pest::set_call_limit(NonZeroUsize::new(MAX_STEPS)));

    let tokens = scan::scan(text).map_err(|errors| shift(errors, base))?;
    if tokens.is_empty() {
        return Err(vec![wording::empty(rule, base, text)]);
    }
    let mut pairs = Grammar::parse(rule, text).map_err(|error| {
        let error = wording::error(text, &tokens, rule, &error);
        shift(vec![error], base)
    })?;
    let whole = pairs.next().and_then(|pair| pair.into_inner().next());
    let Some(inner) = whole else {
        return Err(vec![wording::empty(rule, base, text)]);
    };
    let mut builder = Builder::new(text, base);
    let value = build(&mut builder, inner);
    if builder.errors.is_empty() { Ok(value) } else { Err(builder.errors) }
}

fn shift(mut errors: Vec<ExprError>, base: usize) -> Vec<ExprError> {
    for error in &mut errors {
        error.span = Span::new(error.span.start as usize + base, error.span.end as usize + base);
    }
    errors
}
