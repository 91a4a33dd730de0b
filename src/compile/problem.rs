//! A problem of a policy file, before it gets the file around it.

use super::codes::Code;
use crate::source::Span;

/// A span of one of the policy files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Index in the order of `digest::sources`.
    pub(super) file: usize,
    pub(super) span: Span,
}

/// What is wrong, where, and what to do about it.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub(super) code: Code,
    pub(super) at: Place,
    pub(super) message: String,
    pub(super) label: String,
    pub(super) help: Option<String>,
    /// A second place of the same file that explains the first.
    pub(super) also: Option<(Span, String)>,
}

impl Problem {
    pub(super) fn new(code: Code, at: Place, message: impl Into<String>, label: impl Into<String>) -> Self {
        Self { code, at, message: message.into(), label: label.into(), help: None, also: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// A second label; dropped if it stands in another file.
    pub(super) fn also(mut self, at: Place, label: impl Into<String>) -> Self {
        if at.file == self.at.file {
            self.also = Some((at.span, label.into()));
        }
        self
    }

    /// "did you mean", or else this help.
    pub(super) fn meant(self, meant: Option<String>, otherwise: impl FnOnce() -> String) -> Self {
        let help = meant.map_or_else(otherwise, |meant| format!("did you mean `{meant}`?"));
        self.help(help)
    }
}
