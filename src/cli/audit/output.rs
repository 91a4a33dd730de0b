//! Where the report of an audit goes, and in which formats.

use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::super::error::CliError;
use super::super::report::target::refuse_inside;
use super::super::terminal::Terminal;
use super::super::write::{self, Existing};
use super::Output;
use crate::audit::Journal;
use crate::report::audit::human::{self, Layout};
use crate::report::audit::{AuditDocument, json, ndjson};
use crate::report::{html, oscal};

/// How to print the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Human,
    /// As schemas/audit.schema.json describes it
    Json,
}

/// A format that is written to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileFormat {
    Json,
    Html,
    Oscal,
    Ndjson,
}

/// A format and where it goes.
#[derive(Debug, Clone)]
pub(super) struct Target {
    format: FileFormat,
    path: PathBuf,
}

pub(super) fn target(text: &str) -> Result<Target, String> {
    let Some((format, path)) = text.split_once('=') else { return Err(format!("`{text}` is not `FORMAT=FILE`")) };
    let format = match format.trim() {
        "json" => FileFormat::Json,
        "html" => FileFormat::Html,
        "oscal" => FileFormat::Oscal,
        "ndjson" => FileFormat::Ndjson,
        other => return Err(format!("there is no format `{other}` of an audit; formats: json, html, oscal, ndjson")),
    };
    match path {
        "" => Err(format!("`{text}` names no file")),
        path => Ok(Target { format, path: PathBuf::from(path) }),
    }
}

/// Looks at the places before anything is judged.
///
/// # Errors
/// `output_in_case`, `report_twice`.
pub(super) fn refuse(args: &Output, root: &Path) -> Result<(), CliError> {
    let mut seen: Vec<&PathBuf> = Vec::new();
    for path in args.reports.iter().map(|target| &target.path).chain(args.output.as_ref()) {
        refuse_inside(path, &root.join("cases"))?;
        if seen.contains(&path) {
            return Err(CliError::ReportTwice { path: path.clone() });
        }
        seen.push(path);
    }
    Ok(())
}

/// Writes and prints what was asked for.
///
/// # Errors
/// `write`, `exists`, `print`, the journal's.
pub(super) fn write(
    args: &Output,
    document: &AuditDocument,
    journal: &Journal,
    terminal: &Terminal,
) -> Result<(), CliError> {
    for Target { format, path } in &args.reports {
        write::streamed(path, Existing::Replace, |file| {
            let mut out = BufWriter::new(file);
            match format {
                FileFormat::Json => json::write(document, journal, &mut out)?,
                FileFormat::Html => html::audit::write(document, journal, &mut out)?,
                FileFormat::Oscal => out.write_all(&oscal::audit::render(document))?,
                FileFormat::Ndjson => ndjson::write(document, journal, &mut out)?,
            }
            out.flush()
        })?;
    }
    let unreadable = |source| CliError::Unreadable { path: journal.folder().to_owned(), source };
    let layout = Layout { width: terminal.width, unicode: terminal.unicode, all: args.all };
    match (&args.output, args.format) {
        (None, Format::Human) => terminal.print(&human::render(document, journal, layout).map_err(unreadable)?),
        (None, Format::Json) => {
            let mut out = Printed { out: BufWriter::new(std::io::stdout().lock()), refused: None };
            let written = json::write(document, journal, &mut out).and_then(|()| out.flush());
            match (out.refused, written) {
                // A reader that has gone, as `head` does, is no error.
                (Some(ErrorKind::BrokenPipe), _) | (None, Ok(())) => Ok(()),
                (Some(_), Err(source)) => Err(CliError::Print { source }),
                (Some(_), Ok(())) => Ok(()),
                (None, Err(source)) => Err(unreadable(source)),
            }
        }
        (Some(path), Format::Human) => {
            let text = human::render(document, journal, layout).map_err(unreadable)?;
            write::atomically(path, text.as_bytes(), Existing::Replace)?;
            terminal.print(&human::headline(document, layout))
        }
        (Some(path), Format::Json) => {
            write::streamed(path, Existing::Replace, |file| {
                let mut out = BufWriter::new(file);
                json::write(document, journal, &mut out)?;
                out.flush()
            })?;
            terminal.print(&human::headline(document, layout))
        }
    }
}

/// What is printed piece by piece, as it may be too much for memory; remembers whether it was the printing that failed.
struct Printed<W: Write> {
    out: W,
    refused: Option<ErrorKind>,
}

impl<W: Write> Write for Printed<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.out.write(bytes).inspect_err(|error| self.refused = Some(error.kind()))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush().inspect_err(|error| self.refused = Some(error.kind()))
    }
}
