//! `matches`: a pattern is compiled here once, so that a bad one is a problem of the policy.

use super::{Checker, Value};
use crate::compile::codes::Code;
use crate::compile::program::{Op, Pattern};
use crate::compile::types;
use crate::expr::ast::Expr;
use crate::facts::schema::Type;
use crate::source::Span;

impl<'a> Checker<'a, '_> {
    pub(super) fn matches(&mut self, text: &'a Expr, pattern: &str, pattern_span: Span, span: Span) -> Option<Value> {
        let value = self.operand(text, None);
        // Alone, so that no bracket of it closes the ones around it, and as the evaluator will: against the
        // whole text.
        let compile = || regex::Regex::new(pattern).and(regex::Regex::new(&format!("^(?:{pattern})$")));
        let compiled = match Pattern::is_plain(pattern) {
            true => Ok(()),
            false => compile().map(drop),
        };
        let compiled = match compiled {
            Ok(()) => Some(()),
            Err(error) => {
                let error = error.to_string();
                let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
                let message = format!("`{pattern}` is not a regular expression: {reason}");
                let at = offending(&error, pattern, pattern_span).unwrap_or(pattern_span);
                let problem = self.problem(Code::BadPattern, at, message, "cannot be compiled");
                self.refuse(problem.help("the pattern is matched against the whole text; a backslash takes the meaning from the next character"))
            }
        };
        let value = value?;
        if !types::stands_for(&value.type_, &Type::Text) {
            return self.refuse(self.wrong_type(text, &value.type_, "text"));
        }
        compiled?;
        let pattern = self.arena.pattern(pattern);
        Some(self.emit(Op::Matches { text: value.op, pattern }, span, Type::Bool))
    }
}

/// The part of a pattern that the regex crate points at. It gives no offsets: under the pattern, both
/// indented by four, it draws carets; of two groups the first shows what the second repeats.
fn offending(error: &str, pattern: &str, pattern_span: Span) -> Option<Span> {
    let mut lines = error.lines().skip_while(|line| line.strip_prefix("    ") != Some(pattern)).skip(1);
    let carets = lines.next()?.strip_prefix("    ").filter(|carets| carets.ends_with('^'))?;
    let start = carets.trim_end_matches('^').len();
    // The slash of `\/` is the only character that is written otherwise than it stands in the pattern.
    let written = |character: char| character.len_utf8() + usize::from(character == '/');
    let width = |characters: usize| pattern.chars().take(characters).map(written).sum::<usize>();
    let first = pattern_span.start as usize + "/".len();
    // What is missing at the end is missing before the closing slash.
    Some(Span::new(first + width(start), first + width(carets.len()).max(width(start) + 1)))
}
