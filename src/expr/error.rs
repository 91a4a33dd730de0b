//! Why a text is not an expression.

use thiserror::Error;

use crate::source::Span;

/// A syntax error, with its place in the expression. `policy` gives it the file around it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct ExprError {
    /// Stable code: `countersign::expr::…`.
    pub code: &'static str,
    /// One line: what is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// What the underlined text is.
    pub label: String,
    /// Where it stands.
    pub span: Span,
}

impl ExprError {
    pub(crate) fn new(code: Code, span: Span, message: impl Into<String>, label: impl Into<String>) -> Self {
        Self { code: code.as_str(), message: message.into(), help: None, label: label.into(), span }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Declares a closed set of stable codes.
macro_rules! codes {
    ($(#[$outer:meta])* $prefix:literal: $($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)+
        }

        impl Code {
            /// Every code, in alphabetical order.
            pub const ALL: &[Code] = &[$(Code::$name,)+];

            /// As it is printed.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Code::$name => concat!($prefix, $text),)+
                }
            }
        }
    };
}
pub(crate) use codes;

codes! {
    /// The stable codes of syntax errors.
    "countersign::expr::":
    /// A word in capitals where a text literal was meant.
    BareText = "bare_text",
    /// `a < b < c`
    ChainedComparison = "chained_comparison",
    /// `1.5`
    Decimal = "decimal",
    /// Nothing was written.
    Empty = "empty",
    /// An operator of another language: `&&`, `=`, `!`.
    ForeignOperator = "foreign_operator",
    /// A word of another language, or one in capitals: `null`, `AND`.
    ForeignWord = "foreign_word",
    /// A form that lacks a part, or has one that it does not take.
    Form = "form",
    /// An integer that does not fit into 64 bits.
    IntOverflow = "int_overflow",
    /// A day that the calendar does not have.
    InvalidDate = "invalid_date",
    /// A text escape that is none.
    InvalidEscape = "invalid_escape",
    /// A moment that does not exist, or a leap second.
    InvalidInstant = "invalid_instant",
    /// Digits that are no number.
    InvalidNumber = "invalid_number",
    /// A `(or none)` that belongs to nothing.
    MisplacedOrNone = "misplaced_or_none",
    /// An instant without an offset.
    NaiveInstant = "naive_instant",
    /// `has` or `??` on something other than a path.
    NotAPath = "not_a_path",
    /// A quantifier or `not` as an operand of a tighter operator.
    Parenthesise = "parenthesise",
    /// A reserved word where a name is expected.
    ReservedWord = "reserved_word",
    /// More nesting than the bound.
    TooDeep = "too_deep",
    /// More symbols or nodes than the bound.
    TooLarge = "too_large",
    /// More bytes than the bound.
    TooLong = "too_long",
    /// A bracket that is never closed.
    UnclosedBracket = "unclosed_bracket",
    /// A pattern that is never closed.
    UnclosedPattern = "unclosed_pattern",
    /// A quote that is never closed.
    UnclosedText = "unclosed_text",
    /// Something else than what can stand here.
    Unexpected = "unexpected",
    /// A character that the language does not have.
    UnexpectedCharacter = "unexpected_character",
    /// The text ends where more is needed.
    UnexpectedEnd = "unexpected_end",
    /// A duration in a unit that is none.
    UnknownUnit = "unknown_unit",
    /// A closing bracket that closes nothing.
    UnmatchedBracket = "unmatched_bracket",
}
