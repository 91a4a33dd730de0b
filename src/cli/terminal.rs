//! The terminal: how wide it is, what it shows, and how diagnostics look on it.
//!
//! In: the environment of the process. Out: a [`Terminal`] that is passed on as a value.

use std::io::{ErrorKind, IsTerminal, Write};

use clap::ValueEnum;
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, ThemeStyles};

use super::error::CliError;
use crate::bundle::author::AuthorError;
use crate::policy::{self, Drawing};

/// Columns where nobody says how many there are: a pipe, a file.
const DEFAULT_WIDTH: usize = 80;

/// Where results go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terminal {
    /// Columns.
    pub width: usize,
    /// Whether UTF-8 is shown.
    pub unicode: bool,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl When {
    /// Makes it hold for the process.
    pub(super) fn apply(self) {
        match self {
            Self::Auto => {}
            Self::Always => anstream::ColorChoice::Always.write_global(),
            Self::Never => anstream::ColorChoice::Never.write_global(),
        }
    }
}

impl Terminal {
    /// The terminal behind stdout.
    pub(super) fn of_stdout() -> Self {
        let size = std::io::stdout().is_terminal().then(terminal_size::terminal_size).flatten();
        let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let width = size.map(|(width, _)| usize::from(width.0)).or(columns).unwrap_or(DEFAULT_WIDTH);
        Self { width, unicode: shows_utf8() }
    }

    /// Prints a result. Colours are dropped where they would not be shown. A reader that has gone, as `head` does,
    /// is no error, and takes nothing from the exit status: what is not clean stays so.
    ///
    /// # Errors
    /// `print`: stdout cannot be written to.
    pub(super) fn print(&self, text: &str) -> Result<(), CliError> {
        let mut stdout = anstream::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(source) if source.kind() != ErrorKind::BrokenPipe => Err(CliError::Print { source }),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// A paragraph wrapped at spaces; its first line is indented by `first`, the others by `rest`.
    pub(super) fn wrap(&self, text: &str, first: usize, rest: usize) -> String {
        let width = self.width.clamp(40, 120);
        let mut out = " ".repeat(first);
        let mut column = first;
        let mut fresh = true;
        for word in text.split_whitespace() {
            let length = word.chars().count();
            if !fresh && column + 1 + length > width {
                out.push('\n');
                out.push_str(&" ".repeat(rest));
                column = rest;
                fresh = true;
            }
            if !fresh {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += length;
            fresh = false;
        }
        out.push('\n');
        out
    }

    /// A diagnostic as text, with ANSI colours.
    pub(super) fn diagnostic(&self, diagnostic: &dyn Diagnostic) -> String {
        let (colour, plain) = if self.unicode {
            (GraphicalTheme::unicode(), GraphicalTheme::unicode_nocolor())
        } else {
            (GraphicalTheme::ascii(), GraphicalTheme { styles: ThemeStyles::none(), ..GraphicalTheme::ascii() })
        };
        harmless(self.themed(diagnostic, plain), || self.themed(diagnostic, colour))
    }

    fn themed(&self, diagnostic: &dyn Diagnostic, theme: GraphicalTheme) -> String {
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_width(self.width.clamp(40, 120))
            .with_links(false)
            .with_cause_chain();
        let mut text = String::new();
        match handler.render_report(&mut text, diagnostic) {
            Ok(()) => text,
            // The handler fails only where a source cannot be read; the message is there in any case.
            Err(_) => format!("{diagnostic}\n"),
        }
    }
}

/// Prints an error on stderr, where nobody who reads results looks.
pub(super) fn print_error(error: &CliError) {
    let terminal = Terminal::of_stdout();
    let text = match error {
        CliError::Policies { problems } => {
            let width = terminal.width.clamp(40, 120);
            let (colour, plain) =
                if terminal.unicode { (Drawing::Colour, Drawing::Plain) } else { (Drawing::Ascii, Drawing::Ascii) };
            harmless(policy::render(problems, width, plain), || policy::render(problems, width, colour))
        }
        CliError::Author(AuthorError::Refused { problems }) => {
            format!("{}{}", super::bundle::problems(problems, None), terminal.diagnostic(error))
        }
        _ => terminal.diagnostic(error),
    };
    // There is nowhere to report that stderr is gone.
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}

/// A text that says nothing to the terminal but what it shows. The lines of a file that are underlined in it are
/// whatever somebody wrote: one with control characters is shown without colour, and they are replaced.
fn harmless(plain: String, colour: impl FnOnce() -> String) -> String {
    let plain = plain.replace("\r\n", "\n");
    let speaks_to_terminal = |character: char| character.is_control() && character != '\n';
    if plain.contains(speaks_to_terminal) { plain.replace(speaks_to_terminal, "\u{fffd}") } else { colour() }
}

/// Whether the locale is UTF-8. Windows terminals are.
fn shows_utf8() -> bool {
    if cfg!(windows) {
        return true;
    }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty())
        .unwrap_or_default()
        .to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// Rows with aligned columns; the last one is as long as it is.
pub(super) fn columns_of<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (at, (cell, width)) in row.iter().zip(widths).enumerate() {
            let gap = if at + 1 == N { 0 } else { width + 2 - cell.chars().count() };
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', gap));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
