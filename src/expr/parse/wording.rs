//! The grammar's refusals in plain words: what was found, what is expected, what to do.

use pest::error::{Error, ErrorVariant, InputLocation};

use crate::expr::error::{Code, ExprError};
use crate::expr::scan::{RESERVED, Token, TokenKind};
use crate::source::Span;

use super::grammar::Rule;

/// Nothing but white space.
pub(super) fn empty(rule: Rule, base: usize, text: &str) -> ExprError {
    let span = Span::new(base, base + text.len());
    let message = format!("{} is expected, and nothing is written", whole(rule));
    let error = ExprError::new(Code::Empty, span, message, "nothing here");
    ExprError { help: example(rule), ..error }
}

/// A refusal of the grammar.
pub(super) fn error(text: &str, tokens: &[Token], rule: Rule, error: &Error<Rule>) -> ExprError {
    let offset = match error.location {
        InputLocation::Pos(at) => at,
        InputLocation::Span((start, _)) => start,
    };
    let positives = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives.as_slice(),
        ErrorVariant::CustomError { .. } => {
            let error = ExprError::new(
                Code::TooLarge,
                Span::new(0, 1),
                "the expression takes too many steps to read",
                "begins here",
            );
            return error.help("split it with definitions");
        }
    };
    let found = tokens.iter().position(|token| token.end > offset);
    let previous = found.unwrap_or(tokens.len()).checked_sub(1).and_then(|at| tokens.get(at));
    let expected = expected(text, rule, positives, previous.copied());
    let Some(token) = found.and_then(|at| tokens.get(at)) else {
        let span = previous.map_or(Span::default(), |token| token.span());
        let message = format!("{} ends too early: {expected} is expected", whole(rule));
        let error = ExprError::new(Code::UnexpectedEnd, span, message, "ends here");
        return ExprError { help: example(rule), ..error };
    };
    let word = &text[token.start..token.end];
    let shown = if word.chars().count() > 40 {
        format!("{}…", word.chars().take(40).collect::<String>())
    } else {
        word.to_owned()
    };
    if token.kind == TokenKind::Word
        && RESERVED.contains(&word)
        && positives.contains(&Rule::name)
        && (positives == [Rule::name] || rule == Rule::whole_signature || !may_begin(word))
    {
        let error = ExprError::new(
            Code::ReservedWord,
            token.span(),
            format!("`{word}` is a reserved word: {expected} is expected"),
            "not a name",
        );
        return error.help("choose another name; after a dot any word may be a field");
    }
    let message = format!("unexpected `{shown}`: {expected} is expected");
    let error = ExprError::new(Code::Unexpected, token.span(), message, "not expected here");
    let hint = hint(word, previous.map(|previous| &text[previous.start..previous.end]));
    ExprError { help: hint.or_else(|| example(rule)), ..error }
}

/// Reserved words that begin an operand; elsewhere they are no names that someone chose.
fn may_begin(word: &str) -> bool {
    matches!(
        word,
        "not"
            | "has"
            | "true"
            | "false"
            | "every"
            | "no"
            | "some"
            | "exists"
            | "exactly"
            | "and"
            | "or"
            | "in"
            | "where"
            | "satisfies"
    )
}

fn expected(text: &str, rule: Rule, positives: &[Rule], previous: Option<Token>) -> String {
    let has = |rule: Rule| positives.contains(&rule);
    if rule == Rule::whole_type || has(Rule::type_name) || has(Rule::type_word) {
        return if has(Rule::EOI) { "nothing more".to_owned() } else { "a type".to_owned() };
    }
    if rule == Rule::whole_signature {
        return if has(Rule::name) { "a name" } else { "`:`, `,`, `)` or the end" }.to_owned();
    }
    if rule == Rule::whole_literal {
        return if has(Rule::EOI) { "nothing more" } else { "a literal" }.to_owned();
    }
    let single = [
        (Rule::pattern, "a pattern `/…/`"),
        (Rule::field_name, "the name of a field"),
        (Rule::kind, "the kind of a record"),
        (Rule::of_word, "`of`"),
        (Rule::from_word, "`from`"),
        (Rule::set_word, "`set`"),
        (Rule::as_word, "`as`"),
        (Rule::one_word, "`one`"),
        (Rule::numeral, "a number"),
    ];
    if let Some((_, words)) = single.iter().find(|(rule, _)| positives == [*rule]) {
        return (*words).to_owned();
    }
    if positives == [Rule::in_word] {
        return "`in`".to_owned();
    }
    if positives == [Rule::name] || positives == [Rule::binding] {
        return "a name for the elements".to_owned();
    }
    if previous.is_some_and(|token| ends_operand(text, token)) {
        let mut expected = vec!["an operator"];
        let closers = [(Rule::filter, "`where`"), (Rule::satisfies, "`satisfies`"), (Rule::by, "`by`")];
        expected.extend(closers.iter().filter(|(rule, _)| has(*rule)).map(|(_, words)| *words));
        expected.push(if has(Rule::EOI) { "the end" } else { "a closing bracket" });
        let last = expected.pop().unwrap_or_default();
        return format!("{} or {last}", expected.join(", "));
    }
    "a value".to_owned()
}

fn ends_operand(text: &str, token: Token) -> bool {
    let word = &text[token.start..token.end];
    match token.kind {
        TokenKind::Word => !RESERVED.contains(&word) || matches!(word, "true" | "false"),
        TokenKind::Number | TokenKind::Text | TokenKind::Pattern | TokenKind::Close => true,
        TokenKind::Open
        | TokenKind::Symbol
        | TokenKind::Stray
        | TokenKind::UnclosedText
        | TokenKind::UnclosedPattern => false,
    }
}

/// What a word of another language, or one out of place, is called here.
fn hint(word: &str, previous: Option<&str>) -> Option<String> {
    let hint = match word {
        "is" | "equals" | "eq" => "`==` compares two values",
        "contains" | "includes" => "write `x in LIST`; for texts, `matches /…/`",
        "like" | "regex" => "write `x matches /…/`",
        "between" => "write `x in a .. b`",
        "all" | "forall" | "each" => "write `every x in C satisfies P`",
        "any" => "write `some x in C satisfies P`",
        "if" | "implies" | "then" | "else" => "for `if a then b` write `not a or b`",
        "startswith" => "write `starts_with(text, prefix)`",
        "where" => "`where` follows `x in C`",
        "satisfies" => "`satisfies` follows `every x in C where F`",
        "in" => "`x in LIST`, or `exists x in C where F`",
        "-" => "only numbers have a sign; write `0 - x`",
        "." if previous == Some(".") => "a range is written `a .. b`",
        _ if previous == Some("-") => "only numbers have a sign; write `0 - x`",
        _ => return None,
    };
    Some(hint.to_owned())
}

fn whole(rule: Rule) -> &'static str {
    match rule {
        Rule::whole_binding => "`x in COLLECTION`",
        Rule::whole_signature => "the name of a definition",
        Rule::whole_type => "a type",
        Rule::whole_literal => "a literal",
        _ => "an expression",
    }
}

fn example(rule: Rule) -> Option<String> {
    let example = match rule {
        Rule::whole_binding => "write `r in lei_records where r.purpose == \"onboarding\"`",
        Rule::whole_signature => "write `rostered(p: person, t: instant)`",
        Rule::whole_type => {
            "types are `bool`, `int`, `text`, `instant`, `date`, `duration`, `days`, `months`, `lei`, `aid`, `said`, `sha256`, `person`, `threshold`, `list of T`, a record's name, or `item of PATH`"
        }
        Rule::whole_literal => {
            "write `true`, `42`, `\"text\"`, `2026-03-20`, `2026-03-20T15:00:00Z`, `168h`, `30 days` or `3 months`"
        }
        _ => return None,
    };
    Some(example.to_owned())
}
