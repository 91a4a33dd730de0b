//! Whole files or none: written beside the target, flushed, then moved.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::error::AuthorError;

/// Writes a file that must not be there yet. If writing fails half-way, it is taken away again.
pub(super) fn create(path: &Path, bytes: &[u8]) -> Result<(), AuthorError> {
    write_new(path, bytes).map_err(|source| AuthorError::WriteFailed { path: path.to_owned(), source })
}

/// Writes a file, over the one that is there.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), AuthorError> {
    let written = beside(path, bytes).and_then(|temporary| {
        fs::rename(&temporary, path).inspect_err(|_| drop(fs::remove_file(&temporary)))?;
        // The rename itself must reach the disk; not every system lets a folder be opened for that.
        if let Some(folder) = path.parent().and_then(|folder| File::open(folder).ok()) {
            let _ = folder.sync_all();
        }
        Ok(())
    });
    written.map_err(|source| AuthorError::WriteFailed { path: path.to_owned(), source })
}

/// Makes a folder and those above it.
pub(super) fn make_folder(path: &Path) -> Result<(), AuthorError> {
    fs::create_dir_all(path).map_err(|source| AuthorError::WriteFailed { path: path.to_owned(), source })
}

/// Writes the bytes to a new file in the same folder.
fn beside(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    write_new(&temporary, bytes)?;
    Ok(temporary)
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.inspect_err(|_| drop(fs::remove_file(path)))
}
