//! What is wrong with a set of policy files, each with the characters it is about.
//!
//! `compile` reports type errors as the same kind of problem, so that a reader sees one list.

use std::fmt;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use thiserror::Error;

use crate::expr::ExprError;
use crate::expr::error::codes;
use crate::source::{Fragment, Source, Span};

/// A problem in a policy file.
#[derive(Debug, Clone, Error)]
#[error("{message}")]
pub struct PolicyProblem {
    code: &'static str,
    message: String,
    help: Option<String>,
    file: Source,
    named: NamedSource<std::sync::Arc<str>>,
    labels: Vec<(Span, String)>,
}

impl PolicyProblem {
    /// A problem at places of a file, the most telling first.
    pub fn new(
        code: &'static str,
        message: impl Into<String>,
        help: Option<String>,
        source: &Source,
        labels: Vec<(Span, String)>,
    ) -> Self {
        Self { code, message: message.into(), help, file: source.clone(), named: source.named(), labels }
    }

    /// A syntax error of an expression that stands in a scalar of a file.
    pub fn syntax(error: &ExprError, fragment: &Fragment, source: &Source) -> Self {
        let labels = vec![(fragment.locate(error.span), error.label.clone())];
        Self::new(error.code, error.message.clone(), error.help.clone(), source, labels)
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// One line: what is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The file it is in.
    pub fn file(&self) -> &Source {
        &self.file
    }

    /// The places it is about, the most telling first.
    pub fn labels(&self) -> &[(Span, String)] {
        &self.labels
    }

    /// Where it begins: file, then offset.
    fn place(&self) -> (&str, u32) {
        (self.file.name(), self.labels.first().map_or(0, |(span, _)| span.start))
    }
}

impl Diagnostic for PolicyProblem {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.named)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let length = self.file.text().len();
        Some(Box::new(self.labels.iter().enumerate().map(move |(at, (span, label))| {
            // A label past the end of the text would hide the snippet.
            let end = (span.end as usize).min(length);
            let start = (span.start as usize).min(end.saturating_sub(usize::from(span.start == span.end)));
            let place = Span::new(start, end).label();
            if at == 0 {
                LabeledSpan::new_primary_with_span(Some(label.clone()), place)
            } else {
                LabeledSpan::new_with_span(Some(label.clone()), place)
            }
        })))
    }
}

/// Puts problems in the order of the files, then of the text.
pub fn sort(problems: &mut [PolicyProblem]) {
    problems.sort_by(|a, b| a.place().cmp(&b.place()));
}

/// How [`render`] draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drawing {
    /// Box characters and colours, for a terminal.
    Colour,
    /// Box characters.
    Plain,
    /// Nothing but ASCII.
    Ascii,
}

/// The problems as a reader sees them, underlined in their files, with a count at the end.
pub fn render(problems: &[PolicyProblem], width: usize, drawing: Drawing) -> String {
    let theme = match drawing {
        Drawing::Colour => GraphicalTheme::unicode(),
        Drawing::Plain => GraphicalTheme::unicode_nocolor(),
        Drawing::Ascii => GraphicalTheme { styles: miette::ThemeStyles::none(), ..GraphicalTheme::ascii() },
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(width)
        .with_links(false)
        .with_context_lines(1)
        .without_syntax_highlighting();
    let mut out = String::new();
    for problem in problems {
        // Writing to a string does not fail, and labels are within their text.
        if handler.render_report(&mut out, problem).is_err() {
            out.push_str(&format!("{}: {}\n", problem.code, problem.message));
        }
        out.push('\n');
    }
    match problems.len() {
        0 => {}
        1 => out.push_str("1 problem\n"),
        many => out.push_str(&format!("{many} problems\n")),
    }
    out
}

codes! {
    /// The stable codes of problems in policy files.
    "countersign::policy::":
    /// A plain scalar that could be a text or something else.
    AmbiguousScalar = "ambiguous_scalar",
    /// An anchor, an alias or a tag.
    AnchorOrTag = "anchor_or_tag",
    /// A comment that the formatter has no place for.
    CommentPlace = "comment_place",
    /// Keys that exclude each other.
    ConflictingKeys = "conflicting_keys",
    /// The same id twice.
    DuplicateId = "duplicate_id",
    /// The same key twice in one mapping.
    DuplicateKey = "duplicate_key",
    /// A value that is empty.
    Empty = "empty",
    /// A file whose name and content disagree.
    FileName = "file_name",
    /// A day or instant that is none.
    InvalidTime = "invalid_time",
    /// A file that means something else when formatted: a fault of the formatter.
    MeaningChanged = "meaning_changed",
    /// A key that must be there.
    MissingKey = "missing_key",
    /// More than one YAML document, or none.
    NotOneDocument = "not_one_document",
    /// A text that must stay on one line.
    NotOneLine = "not_one_line",
    /// A reason of too few words.
    ReasonTooShort = "reason_too_short",
    /// Something else than the text, list or mapping that is expected.
    Shape = "shape",
    /// A file beyond the bound.
    TooLarge = "too_large",
    /// A key that does not exist.
    UnknownKey = "unknown_key",
    /// A reference to something that is not there.
    UnknownReference = "unknown_reference",
    /// A word that is not one of those that can stand here.
    UnknownWord = "unknown_word",
    /// Not well-formed YAML.
    Yaml = "yaml",
}
