//! Text with a name, and spans in it that a diagnostic can point at.
//!
//! In: the text of a policy file. Out: [`Source`]s, byte [`Span`]s, and [`Fragment`]s: the decoded
//! value of a YAML scalar that knows which byte of the file each of its bytes came from.
//! It must not know what the text means.

use std::sync::Arc;

use miette::{NamedSource, SourceSpan};

/// A named text: a policy file, a cases file, or an expression given on the command line.
#[derive(Debug, Clone)]
pub struct Source {
    name: Arc<str>,
    text: Arc<str>,
}

impl Source {
    /// Names a text.
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// The name: a path as the user gave it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text as miette wants it.
    pub fn named(&self) -> NamedSource<Arc<str>> {
        NamedSource::new(&*self.name, Arc::clone(&self.text))
    }

    /// Line and column (both from 1, column in characters) of a byte offset.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        line_column(self.text.as_bytes(), offset)
    }
}

/// Line and column (both from 1, column in characters; a byte that is no UTF-8 start counts as part
/// of the character before it) of a byte offset.
pub fn line_column(text: &[u8], offset: usize) -> (usize, usize) {
    let before = &text[..offset.min(text.len())];
    let line_start = before.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
    let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
    let column = before[line_start..].iter().filter(|&&b| b & 0xC0 != 0x80).count() + 1;
    (line, column)
}

/// A range of bytes, start inclusive, end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span of bytes.
    pub fn new(start: usize, end: usize) -> Self {
        // INVARIANT: every text is bounded far below 4 GiB before it is spanned.
        Self { start: start.min(u32::MAX as usize) as u32, end: end.min(u32::MAX as usize) as u32 }
    }

    /// The smallest span that covers both.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// As miette wants it; miette does not draw an empty label, so it is at least one byte.
    pub fn label(self) -> SourceSpan {
        let length = (self.end.saturating_sub(self.start)).max(1) as usize;
        (self.start as usize, length).into()
    }
}

/// A decoded scalar of a YAML file: its text, and where in the file each byte of it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// The decoded text.
    pub text: String,
    /// The span of the whole scalar in the file, quotes or block indicator included.
    pub whole: Span,
    /// Runs `(offset in text, offset in file)`, ascending: from each offset on, text and file
    /// advance together until the next run. Empty only if `text` is empty.
    pub runs: Vec<(u32, u32)>,
}

impl Fragment {
    /// A text that is its own source (an expression from the command line or a test).
    pub fn plain(text: &str) -> Self {
        Self { text: text.to_owned(), whole: Span::new(0, text.len()), runs: vec![(0, 0)] }
    }

    /// Where a span of the decoded text stands in the file.
    pub fn locate(&self, span: Span) -> Span {
        let start = self.locate_offset(span.start);
        // The end is the place after the last byte, which may stand in an earlier run than the
        // first byte of what follows.
        let end = if span.end > span.start { self.locate_offset(span.end - 1) + 1 } else { start };
        Span { start, end: end.max(start) }
    }

    fn locate_offset(&self, offset: u32) -> u32 {
        let after = self.runs.partition_point(|&(text, _)| text <= offset);
        match after.checked_sub(1).and_then(|at| self.runs.get(at)) {
            Some(&(text, file)) => file + (offset - text),
            None => self.whole.start,
        }
    }
}
