//! Why nothing was begun. Nothing is written then.

use miette::Diagnostic;
use thiserror::Error;

/// A document or rule that cannot be begun.
#[derive(Debug, Error, Diagnostic)]
pub(in super::super::super) enum NewError {
    /// A document that is there.
    #[error("document `{id}` is there already, in {file}")]
    #[diagnostic(
        code(countersign::cli::document_exists),
        help("add a rule to it with `countersign policy new rule RULE --document {id}`, or choose another id")
    )]
    DocumentExists {
        /// Its id.
        id: String,
        /// Its file.
        file: String,
    },
    /// A requirement that has a rule.
    #[error("rule `{id}` is there already, in {file}:{line}")]
    #[diagnostic(code(countersign::cli::rule_exists), help("change it there, or choose another id"))]
    RuleExists {
        /// Its id.
        id: String,
        /// Its file.
        file: String,
        /// The line.
        line: usize,
    },
    /// A requirement that is listed as one without a rule.
    #[error("requirement `{id}` is listed as one without a rule, in {file}:{line}")]
    #[diagnostic(
        code(countersign::cli::listed_without_rule),
        help("read there why it has none; if it gets one now, take its entry out first")
    )]
    ListedWithoutRule {
        /// Its id.
        id: String,
        /// The file that lists it.
        file: String,
        /// The line.
        line: usize,
    },
    /// A document that is not there.
    #[error("there is no document `{id}`")]
    #[diagnostic(
        code(countersign::cli::unknown_document),
        help("begin it with `countersign policy new document {id} --title TITLE`, or name one of these: {}", known.join(", "))
    )]
    UnknownDocument {
        /// As given.
        id: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A rule to stand behind that is not there.
    #[error("there is no rule `{id}` in {file}")]
    #[diagnostic(
        code(countersign::cli::unknown_rule),
        help("`--after` names the rule that the new one stands behind; without it the new one is the last")
    )]
    UnknownRule {
        /// As given.
        id: String,
        /// The file of the document.
        file: String,
    },
    /// A text that cannot be an id.
    #[error("`{id}` cannot be the name of a {what}")]
    #[diagnostic(code(countersign::cli::bad_id), help("{help}"))]
    BadId {
        /// As given.
        id: String,
        /// Of what.
        what: &'static str,
        /// What it may be.
        help: &'static str,
    },
    /// A title or section that does not fit on a line.
    #[error("the {what} is not one line of text")]
    #[diagnostic(code(countersign::cli::not_one_line), help("write it on one line, without control characters"))]
    NotOneLine {
        /// Which.
        what: &'static str,
    },
}
