//! A linear pass over the text of an expression, before the grammar sees it.
//!
//! In: the text. Out: its tokens, or the errors that a reader is most likely to make: operators of
//! other languages, quotes and brackets that are never closed, and nesting or size beyond the
//! bounds. Bounds are checked here because a grammar would already have recursed.

use crate::source::Span;

use super::error::{Code, ExprError};

/// Bytes of one expression: far beyond any rule a person can review.
pub const MAX_BYTES: usize = 1 << 20;
/// Levels of nesting: brackets, `not`, `has` and quantifiers.
pub const MAX_DEPTH: usize = 64;
/// Tokens of one expression; 20,000 nodes need fewer.
pub const MAX_TOKENS: usize = 100_000;

/// Words that cannot be names. Any of them may be a field after a dot.
pub const RESERVED: &[&str] = &[
    "after",
    "and",
    "before",
    "by",
    "count",
    "disjoint",
    "distinct",
    "earliest",
    "every",
    "exactly",
    "exists",
    "false",
    "for",
    "has",
    "in",
    "intersect",
    "latest",
    "matches",
    "max",
    "max_gap",
    "min",
    "minus",
    "no",
    "not",
    "null",
    "or",
    "recorded",
    "same",
    "satisfies",
    "some",
    "subset",
    "the",
    "true",
    "union",
    "where",
];

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A name, a field or a word of the language.
    Word,
    /// A numeral, up to the end of its letters and digits.
    Number,
    /// A quoted text.
    Text,
    /// A pattern after `matches`.
    Pattern,
    /// `(` or `[`
    Open,
    /// `)` or `]`
    Close,
    /// An operator or separator.
    Symbol,
    /// A character outside the language.
    Stray,
    /// A quote that is never closed; the token is the rest of its line.
    UnclosedText,
    /// A pattern that is never closed; the token is the rest of its line.
    UnclosedPattern,
}

/// A token and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Token {
    pub(super) fn span(self) -> Span {
        Span::new(self.start, self.end)
    }
}

/// Longest first, so that `==` is not two `=`.
const SYMBOLS: &[&str] = &[
    "===", "!==", "==", "!=", "<=", ">=", "<>", "=>", "=<", "&&", "||", "??", "..", "<", ">", "=", "+", "-", "*", "/",
    "%", "!", "&", "|", ".", ",", ":", "?", "{", "}",
];

/// Reads tokens one after the other; every byte of the text is in a token or is white space.
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
    after_matches: bool,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str, at: usize) -> Self {
        Self { text, at, after_matches: false }
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(|b| b" \t\r\n".contains(b)) {
            self.at += 1;
        }
        let start = self.at;
        let first = *bytes.get(start)?;
        let word =
            |from: usize| from + bytes[from..].iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        let (kind, end) = match first {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => (TokenKind::Word, word(start)),
            b'0'..=b'9' => (TokenKind::Number, word(start)),
            b'"' | b'\'' => match closing(bytes, start, first) {
                Some(end) => (TokenKind::Text, end),
                None => (TokenKind::UnclosedText, line_end(bytes, start)),
            },
            b'/' if self.after_matches => match closing(bytes, start, b'/') {
                Some(end) => (TokenKind::Pattern, end),
                None => (TokenKind::UnclosedPattern, line_end(bytes, start)),
            },
            b'(' | b'[' => (TokenKind::Open, start + 1),
            b')' | b']' => (TokenKind::Close, start + 1),
            _ => match SYMBOLS.iter().find(|symbol| self.text[start..].starts_with(**symbol)) {
                Some(symbol) => (TokenKind::Symbol, start + symbol.len()),
                None => (TokenKind::Stray, start + stray_length(&self.text[start..])),
            },
        };
        self.at = end;
        self.after_matches = &self.text[start..end] == "matches";
        Some(Token { kind, start, end })
    }
}

/// One past the closing delimiter, or `None` if the line ends before it.
fn closing(bytes: &[u8], start: usize, delimiter: u8) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match bytes.get(at)? {
            b'\n' | b'\r' => return None,
            // An escaped line end is still a line end.
            b'\\' if !matches!(bytes.get(at + 1), Some(b'\n' | b'\r')) => at += 2,
            byte if *byte == delimiter => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// A word with foreign letters is one mistake; any other foreign character is one of its own.
fn stray_length(text: &str) -> usize {
    let letters = text.find(|character: char| !character.is_alphanumeric() && character != '_').unwrap_or(text.len());
    letters.max(text.chars().next().map_or(1, char::len_utf8))
}

fn line_end(bytes: &[u8], start: usize) -> usize {
    start + bytes[start..].iter().take_while(|b| !b"\r\n".contains(b)).count()
}

/// The tokens of a text within the bounds.
///
/// # Errors
/// Everything that the words of the language alone can tell is wrong.
pub(super) fn scan(text: &str) -> Result<Vec<Token>, Vec<ExprError>> {
    if text.len() > MAX_BYTES {
        let message = format!("an expression of {} bytes; at most {MAX_BYTES} are read", text.len());
        let error = ExprError::new(Code::TooLong, Span::new(0, 1), message, "begins here");
        return Err(vec![error.help("split it with definitions")]);
    }
    let mut scanner =
        Scanner { text, tokens: Vec::new(), errors: Vec::new(), frames: Vec::new(), level: Level::default() };
    for token in Lexer::new(text, 0) {
        if scanner.tokens.len() == MAX_TOKENS {
            let message = format!("more than {MAX_TOKENS} symbols in one expression");
            let error = ExprError::new(Code::TooLarge, token.span(), message, "the first one too many");
            return Err(vec![error.help("split it with definitions")]);
        }
        if !scanner.take(token) {
            break;
        }
    }
    scanner.close();
    if scanner.errors.is_empty() { Ok(scanner.tokens) } else { Err(scanner.errors) }
}

/// Nesting within one pair of brackets.
#[derive(Default, Clone, Copy)]
struct Level {
    /// Levels around this pair.
    base: usize,
    /// The same, and the quantifiers within it: each reaches to the next comma or the end.
    depth: usize,
    /// `not` and `has` directly before the next operand.
    prefixes: usize,
}

struct Scanner<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    errors: Vec<ExprError>,
    frames: Vec<(Token, Level)>,
    level: Level,
}

impl Scanner<'_> {
    /// Takes one token; false when reading on would only repeat the error.
    fn take(&mut self, token: Token) -> bool {
        let word = &self.text[token.start..token.end];
        let is_field = self.tokens.last().is_some_and(|last| &self.text[last.start..last.end] == ".");
        let previous = self.tokens.last().copied();
        self.tokens.push(token);
        match token.kind {
            TokenKind::Word if is_field => self.level.prefixes = 0,
            TokenKind::Word => {
                match word {
                    "not" | "has" => self.level.prefixes += 1,
                    "every" | "no" | "some" | "exists" | "exactly" => {
                        self.level.depth += 1 + self.level.prefixes;
                        self.level.prefixes = 0;
                    }
                    _ => self.level.prefixes = 0,
                }
                if let Some(error) = foreign_word(word, token.span()) {
                    self.errors.push(error);
                }
            }
            TokenKind::Number => {
                self.level.prefixes = 0;
                self.decimal(token);
                self.short_date(token);
            }
            TokenKind::Text | TokenKind::Pattern => self.level.prefixes = 0,
            TokenKind::Open => {
                self.frames.push((token, self.level));
                let base = self.level.depth + self.level.prefixes + 1;
                self.level = Level { base, depth: base, prefixes: 0 };
            }
            TokenKind::Close => match self.frames.pop() {
                Some((open, level)) => {
                    self.level = Level { prefixes: 0, ..level };
                    let opened = &self.text[open.start..open.end];
                    if (opened == "(") != (word == ")") {
                        let message = format!("`{opened}` is closed by `{word}`");
                        let error =
                            ExprError::new(Code::UnmatchedBracket, token.span(), message, "closes the wrong bracket");
                        self.errors
                            .push(error.help(format!("close it with `{}`", if opened == "(" { ")" } else { "]" })));
                    }
                }
                None => {
                    let message = format!("`{word}` closes nothing");
                    let error =
                        ExprError::new(Code::UnmatchedBracket, token.span(), message, "no bracket is open here");
                    self.errors.push(error.help("remove it, or add the opening bracket"));
                }
            },
            TokenKind::Symbol => {
                self.level.prefixes = 0;
                if word == "," {
                    self.level.depth = self.level.base;
                }
                if let Some(error) = foreign_symbol(self.text, previous, token) {
                    self.errors.push(error);
                }
            }
            TokenKind::Stray => {
                // `größe` is read as the word `gr` and what is foreign in it.
                let begins =
                    previous.filter(|previous| previous.kind == TokenKind::Word && previous.end == token.start);
                let start = begins.map_or(token.start, |word| word.start);
                self.errors.push(stray(&self.text[start..token.end], Span::new(start, token.end)));
            }
            TokenKind::UnclosedText => {
                let shown = if word.starts_with('\'') { "`'`" } else { "`\"`" };
                let message = format!("a text that opens with {shown} is never closed");
                let error = ExprError::new(Code::UnclosedText, token.span(), message, "opens here");
                self.errors.push(error.help(format!("a text ends on its own line: close it with {shown}")));
                return false;
            }
            TokenKind::UnclosedPattern => {
                let error =
                    ExprError::new(Code::UnclosedPattern, token.span(), "a pattern is never closed", "opens here");
                self.errors.push(error.help("a pattern ends on its own line with `/`; a slash in it is `\\/`"));
                return false;
            }
        }
        if self.level.depth + self.level.prefixes > MAX_DEPTH {
            let message = format!("nested more than {MAX_DEPTH} levels deep");
            let error = ExprError::new(Code::TooDeep, token.span(), message, format!("level {}", MAX_DEPTH + 1));
            self.errors.push(error.help("name the inner parts with definitions"));
            // The brackets that are open are no error of their own.
            self.frames.clear();
            return false;
        }
        true
    }

    /// After the last token: what is still open was never closed.
    fn close(&mut self) {
        let unread = self
            .errors
            .iter()
            .any(|error| [Code::UnclosedText, Code::UnclosedPattern].iter().any(|code| code.as_str() == error.code));
        if unread {
            return;
        }
        for (open, _) in self.frames.drain(..) {
            let bracket = &self.text[open.start..open.end];
            let close = if bracket == "(" { ")" } else { "]" };
            let message = format!("`{bracket}` is never closed");
            let error = ExprError::new(Code::UnclosedBracket, open.span(), message, "opens here");
            self.errors.push(error.help(format!("add the missing `{close}`")));
        }
    }

    fn decimal(&mut self, token: Token) {
        let bytes = self.text.as_bytes();
        let follows = bytes.get(token.end) == Some(&b'.') && bytes.get(token.end + 1).is_some_and(u8::is_ascii_digit);
        let in_a_clock = token.start > 0 && bytes[token.start - 1] == b':';
        if follows && !in_a_clock {
            let fraction = bytes[token.end + 1..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
            let span = Span::new(token.start, token.end + 1 + fraction);
            let number = &self.text[span.start as usize..span.end as usize];
            let error =
                ExprError::new(Code::Decimal, span, format!("`{number}` is not a whole number"), "a decimal number");
            self.errors.push(error.help("use a smaller unit: `90min` instead of `1.5h`"));
        }
    }

    /// `2026-3-2` would be read as a subtraction.
    fn short_date(&mut self, token: Token) {
        let rest = &self.text[token.start..];
        let length = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'-').count();
        let written = &rest[..length];
        let mut parts = written.split('-').map(str::len);
        let lengths = [parts.next(), parts.next(), parts.next(), parts.next()];
        if let [Some(4), Some(month @ 1..=2), Some(day @ 1..=2), None] = lengths
            && (month, day) != (2, 2)
        {
            let span = Span::new(token.start, token.start + length);
            let error =
                ExprError::new(Code::InvalidDate, span, format!("`{written}` is not a date"), "a digit is missing");
            self.errors.push(error.help("a date is written `YYYY-MM-DD`; put spaces around a minus sign"));
        }
    }
}

fn foreign_word(word: &str, span: Span) -> Option<ExprError> {
    let lower = word.to_ascii_lowercase();
    let error = |message: String, label: &str, help: String| {
        Some(ExprError::new(Code::ForeignWord, span, message, label).help(help))
    };
    match lower.as_str() {
        "null" | "nil" | "undefined" => error(
            format!("`{word}` is not a value here"),
            "there is no null",
            "ask with `has PATH` whether a field is there, or give a value for an absent one with `PATH ?? value`"
                .to_owned(),
        ),
        _ if lower != word && RESERVED.contains(&lower.as_str()) => {
            error(format!("`{word}` is written in capitals"), "words are lower case", format!("write `{lower}`"))
        }
        _ => None,
    }
}

/// What to write instead of an operator of another language.
fn foreign_symbol(text: &str, previous: Option<Token>, token: Token) -> Option<ExprError> {
    let symbol = &text[token.start..token.end];
    let help = match symbol {
        "=" | "===" => "`==` compares two values",
        "!==" | "<>" => "`!=` is the opposite of `==`",
        "=>" | "=<" => "write `>=` or `<=`; for `if a then b` write `not a or b`",
        "&&" | "&" => "write `and`",
        "||" | "|" => "write `or`; for lists write `union`",
        "!" => "write `not`",
        "%" => "there is no remainder and no per cent",
        "/" => "there is no division; a pattern stands after `matches`",
        "?" => "`??` gives a value for an absent field; there is no `? :`",
        "{" | "}" => "a list is written `[a, b]`",
        ":" => {
            let clock =
                previous.is_some_and(|previous| previous.kind == TokenKind::Number && previous.end == token.start);
            let signature = previous.is_some_and(|previous| previous.kind == TokenKind::Word);
            return if clock || signature { None } else { Some(stray(symbol, token.span())) };
        }
        _ => return None,
    };
    let message = format!("`{symbol}` is not an operator");
    Some(ExprError::new(Code::ForeignOperator, token.span(), message, "not an operator").help(help))
}

fn stray(character: &str, span: Span) -> ExprError {
    if character.starts_with(char::is_alphanumeric) {
        let message = format!("`{character}` holds letters other than a to z");
        let error = ExprError::new(Code::UnexpectedCharacter, span, message, "not a name");
        return error.help("names are written in a to z, digits and underscores; a text stands in quotes");
    }
    let printable = if character.chars().all(char::is_control) {
        character.escape_unicode().to_string()
    } else {
        character.to_owned()
    };
    let message = format!("unexpected character `{printable}`");
    let error = ExprError::new(Code::UnexpectedCharacter, span, message, "not part of the language");
    match character {
        "“" | "”" | "„" | "‘" | "’" | "«" | "»" | "`" => error.help("quote a text with `\"` or `'`"),
        "≤" => error.help("write `<=`"),
        "≥" => error.help("write `>=`"),
        "≠" => error.help("write `!=`"),
        "–" | "—" | "−" => error.help("write the minus sign as `-`"),
        "…" => error.help("write a range as `a .. b`"),
        "∈" => error.help("write `in`"),
        "#" => error.help("an expression has no comments; use the rule's `notes`"),
        "\u{a0}" => error.help("this is a no-break space; write a plain one"),
        _ if !character.is_ascii() => error.help("only texts in quotes may hold other letters than a to z"),
        _ => error.help("remove it"),
    }
}
