//! `--report FORMAT=FILE`: a report in a format, written whole and never into the case that it is about.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::super::error::CliError;
use super::super::terminal::Terminal;
use super::super::write::{self, Existing};
use crate::report::format::Layout;
use crate::report::{Format, ReportDocument, render};

/// Stands for the name of a case in the name of a file.
const CASE: &str = "{case}";

/// Stands for standard output.
const STDOUT: &str = "-";

/// Reports to write
#[derive(Debug, Clone, Default, clap::Args)]
pub(in crate::cli) struct Reports {
    /// Write the report in a format, whatever is printed; may be repeated. Formats: json, sarif, sarif-github, junit,
    /// oscal, markdown, github (annotations; `github=-` prints them), vsa, html
    #[arg(long = "report", value_name = "FORMAT=FILE", value_parser = target)]
    targets: Vec<Target>,
}

/// A format and where it goes.
#[derive(Debug, Clone)]
struct Target {
    format: Format,
    place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Stdout,
    File(PathBuf),
}

fn target(text: &str) -> Result<Target, String> {
    let Some((format, place)) = text.split_once('=') else { return Err(format!("`{text}` is not `FORMAT=FILE`")) };
    let format: Format =
        format.trim().parse().map_err(|error: crate::report::format::UnknownFormat| error.to_string())?;
    match (place, format) {
        ("", _) => Err(format!("`{text}` names no file")),
        (STDOUT, Format::Github) => Ok(Target { format, place: Place::Stdout }),
        (STDOUT, _) => {
            Err(format!("only `github` can be printed beside what is printed already; name a file for `{format}`"))
        }
        (path, _) => Ok(Target { format, place: Place::File(PathBuf::from(path)) }),
    }
}

impl Reports {
    /// Whether there is nothing to write.
    pub(in crate::cli) fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Looks at the places before anything is judged.
    ///
    /// # Errors
    /// `output_in_case`; `report_twice`: two of them, or one and `other`, are the same file.
    pub(in crate::cli) fn refuse(&self, case: &Path, other: Option<&Path>) -> Result<(), CliError> {
        let mut seen: BTreeSet<PathBuf> = other.map(resolved).into_iter().collect();
        for path in self.files() {
            refuse_inside(path, case)?;
            if !seen.insert(resolved(path)) {
                return Err(CliError::ReportTwice { path: path.to_owned() });
            }
        }
        Ok(())
    }

    /// Those of each of several cases: in the names of the files `{case}` stands for the name of the case.
    ///
    /// # Errors
    /// `report_for_one`: a file without `{case}`; `report_twice`: two cases of one name; `output_in_case`.
    pub(in crate::cli) fn for_cases(&self, cases: &[PathBuf]) -> Result<Vec<Self>, CliError> {
        if let Some(path) = self.files().find(|path| !path.display().to_string().contains(CASE)) {
            return Err(CliError::ReportForOne { path: path.to_owned() });
        }
        let mut seen = BTreeSet::new();
        let mut all = Vec::with_capacity(cases.len());
        for case in cases {
            let name = case.canonicalize().unwrap_or_else(|_| case.clone());
            let name = name.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let name = name.strip_suffix(".tar").unwrap_or(&name);
            let place = |place: &Place| match place {
                Place::Stdout => Place::Stdout,
                Place::File(path) => Place::File(PathBuf::from(path.display().to_string().replace(CASE, name))),
            };
            let targets =
                self.targets.iter().map(|target| Target { format: target.format, place: place(&target.place) });
            let of_case = Self { targets: targets.collect() };
            for path in of_case.files() {
                refuse_inside(path, case)?;
                if !seen.insert(resolved(path)) {
                    return Err(CliError::ReportTwice { path: path.to_owned() });
                }
            }
            all.push(of_case);
        }
        Ok(all)
    }

    /// Writes them all.
    ///
    /// # Errors
    /// `write`, `exists`, `print`.
    pub(in crate::cli) fn write(
        &self,
        document: &ReportDocument,
        case: &Path,
        terminal: &Terminal,
    ) -> Result<(), CliError> {
        let layout = Layout { case_path: from_here(case) };
        for target in &self.targets {
            let bytes = render(target.format, document, &layout);
            match &target.place {
                Place::File(path) => write::atomically(path, &bytes, Existing::Replace)?,
                Place::Stdout => terminal.print(&String::from_utf8_lossy(&bytes))?,
            }
        }
        Ok(())
    }

    /// The files that are to be written.
    pub(in crate::cli) fn files(&self) -> impl Iterator<Item = &Path> {
        self.targets.iter().filter_map(|target| match &target.place {
            Place::Stdout => None,
            Place::File(path) => Some(path.as_path()),
        })
    }
}

/// A report inside the case would be a file that the manifest does not list, or take the place of one.
///
/// # Errors
/// `output_in_case`.
pub(in crate::cli) fn refuse_inside(output: &Path, case: &Path) -> Result<(), CliError> {
    // A folder that is not there yet is reported when the file is written.
    let (Ok(folder), Ok(case)) = (folder_of(output).canonicalize(), case.canonicalize()) else { return Ok(()) };
    let is_case = output.canonicalize().is_ok_and(|output| output == case);
    if is_case || folder.starts_with(&case) {
        return Err(CliError::OutputInCase { path: output.to_owned() });
    }
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

/// A path as it is compared with others.
fn resolved(path: &Path) -> PathBuf {
    match (folder_of(path).canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        (Ok(_), None) | (Err(_), _) => path.to_owned(),
    }
}

/// A path as it is seen from the current folder, which is the repository where code scanning looks.
pub(in crate::cli) fn from_here(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let inside = here.as_deref().and_then(|here| path.strip_prefix(here).ok());
    inside.unwrap_or(path).display().to_string()
}
