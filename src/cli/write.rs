//! Files that commands write: whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::error::CliError;
use crate::rehearsal;

/// What may be there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    /// An earlier output, which is replaced.
    Replace,
    /// Nothing: what is there stays, and the command ends.
    Keep,
}

/// Writes a file under another name and moves it to its place, so that no reader sees half of it.
///
/// # Errors
/// `write`: the file system's reason; `exists`: something is there that must stay.
pub(super) fn atomically(path: &Path, bytes: &[u8], existing: Existing) -> Result<(), CliError> {
    streamed(path, existing, |file| file.write_all(bytes))
}

/// As [`atomically`], what is too much for memory.
///
/// # Errors
/// As [`atomically`].
pub(super) fn streamed(
    path: &Path,
    existing: Existing,
    content: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), CliError> {
    let failed = |source| CliError::Write { path: path.to_owned(), source };
    match fs::symlink_metadata(path) {
        Ok(metadata) if existing == Existing::Keep || !metadata.is_file() => {
            return Err(CliError::Exists { path: path.to_owned() });
        }
        Ok(_) | Err(_) => {}
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    let name = path.file_name().ok_or_else(|| CliError::Exists { path: path.to_owned() })?.to_string_lossy();
    let draft = folder.join(format!(".{name}.{}.part", std::process::id()));
    // What a process of this number left when it was killed; in a container it is always the same number.
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        Ok(()) | Err(_) => {}
    }
    let mut file = File::create_new(&draft).map_err(failed)?;
    let written = content(&mut file).and_then(|()| file.sync_all());
    let written = written.and_then(|()| rehearsal::reach("write/draft")).and_then(|()| match existing {
        Existing::Replace => fs::rename(&draft, path),
        // A link fails where something is already; a rename would replace what came in the meantime.
        Existing::Keep => fs::hard_link(&draft, path).and_then(|()| fs::remove_file(&draft)),
    });
    written.map_err(|source| {
        // Half a file is worse than none; the reason to report is the first one.
        let _ = fs::remove_file(&draft);
        match source.kind() {
            io::ErrorKind::AlreadyExists => CliError::Exists { path: path.to_owned() },
            _ => failed(source),
        }
    })
}
