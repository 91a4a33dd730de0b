//! `--changed-since REF`: the cases in which something changed, as git sees it.
//!
//! In: case paths and a git revision. Out: those with a file that differs from the merge base with that
//! revision, or that git does not know yet. git is asked by its command; nothing of a repository's hooks
//! or filters is run for it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::super::error::CliError;

/// Settings of a repository that would run a program.
const NO_PROGRAMS: [&str; 4] = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"];

/// The cases in which something changed, in the order given.
///
/// # Errors
/// `git`: git is not there, this is no repository, or the revision is unknown; `unreadable`: a case that is
/// not there; `outside_repository`.
pub(super) fn changed(cases: &[PathBuf], revision: &str) -> Result<Vec<PathBuf>, CliError> {
    let top = PathBuf::from(text(&git(Path::new("."), ["rev-parse", "--show-toplevel"])?).trim_end_matches('\n'));
    let top = resolved(&top)?;
    let commit = format!("{revision}^{{commit}}");
    let commit = text(&git(&top, ["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])?);
    let commit = commit.trim();
    let differing = git(&top, ["diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--merge-base", commit])?;
    let unknown = git(&top, ["ls-files", "-z", "--others"])?;
    let touched: Vec<PathBuf> = differing
        .split(|byte| *byte == 0)
        .chain(unknown.split(|byte| *byte == 0))
        .filter(|name| !name.is_empty())
        .map(|name| top.join(path(name)))
        .collect();
    let mut changed = Vec::new();
    for case in cases {
        let whole = resolved(case)?;
        if !whole.starts_with(&top) {
            return Err(CliError::OutsideRepository { path: case.clone(), top });
        }
        if touched.iter().any(|touched| touched.starts_with(&whole)) {
            changed.push(case.clone());
        }
    }
    Ok(changed)
}

fn resolved(path: &Path) -> Result<PathBuf, CliError> {
    path.canonicalize().map_err(|source| CliError::Unreadable { path: path.to_owned(), source })
}

fn git<I: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = I>) -> Result<Vec<u8>, CliError> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(NO_PROGRAMS).args(arguments).stdin(Stdio::null());
    let output = command.output().map_err(|error| CliError::Git { says: error.to_string() })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let says = text(&output.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
    let says = if says.is_empty() { "it knows no such revision".to_owned() } else { says };
    Err(CliError::Git { says })
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(unix)]
fn path(name: &[u8]) -> &Path {
    Path::new(<OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(name))
}

/// Elsewhere git writes names as UTF-8.
#[cfg(not(unix))]
fn path(name: &[u8]) -> PathBuf {
    PathBuf::from(text(name))
}
