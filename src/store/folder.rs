//! What an act adds to a case: all of its files, after what was seen when it was judged, or none.
//!
//! The folder of the case is locked while its files are compared with those that were seen, so of two processes
//! that add to the same record one is refused, on whichever machines they run and whether or not there is a store.
//! The files are first written beside the parts of the case, where nobody reads them, and one rename decides that
//! they count: what a crash interrupts after it is finished by the next act.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::error::StoreError;
use crate::primitives::Sha256;

/// The files of an act that counts, until each is at its place.
const ACT: &str = ".act";
/// Their names in it: the place in the order, then the name in `decision/`.
const SEPARATOR: char = '.';
/// Where they go.
const DECISION: &str = "decision";
/// What says which evidence was judged.
const MANIFEST: &str = "bundle/manifest.json";
/// Most bytes of a file that is compared.
const BYTES_MAX: u64 = 64 << 20;

/// The files of `decision/` and the manifest, as they were when an act was judged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen(BTreeMap<String, Sha256>);

impl Seen {
    /// Of the files of a case that were read, by path; others than those that count are left out.
    pub fn of(files: impl IntoIterator<Item = (String, Sha256)>) -> Self {
        let counts =
            |path: &String| path == MANIFEST || path.strip_prefix(DECISION).is_some_and(|r| r.starts_with('/'));
        Self(files.into_iter().filter(|(path, _)| counts(path)).collect())
    }

    /// As they are on the disk.
    fn now(case: &Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        let mut add = |path: &Path, name: String| -> io::Result<()> {
            let metadata = fs::symlink_metadata(path)?;
            if !metadata.is_file() || metadata.len() > BYTES_MAX {
                return Err(io::Error::new(io::ErrorKind::InvalidData, format!("`{name}` is no file of a case")));
            }
            files.insert(name, Sha256::of(&fs::read(path)?));
            Ok(())
        };
        let manifest = case.join(MANIFEST);
        if manifest.exists() {
            add(&manifest, MANIFEST.to_owned())?;
        }
        let decision = case.join(DECISION);
        if decision.exists() {
            for entry in fs::read_dir(&decision)? {
                let entry = entry?;
                add(&entry.path(), format!("{DECISION}/{}", entry.file_name().to_string_lossy()))?;
            }
        }
        Ok(Self(files))
    }
}

/// Finishes what a crash interrupted; says which files came to their place. Nothing is done where there is none.
///
/// # Errors
/// `case_write`.
pub fn finish(case: &Path) -> Result<Vec<String>, StoreError> {
    if fs::symlink_metadata(case.join(ACT)).is_err() {
        return Ok(Vec::new());
    }
    let _lock = lock(case)?;
    moved(case).map_err(|source| failed(case, &source))
}

/// A case to which nobody adds anything as long as this lives.
#[derive(Debug)]
pub struct Still {
    _lock: File,
}

/// What another process may have added meanwhile without changing what was judged: the record of the same signature.
const SAME_SIGNATURE: [&str; 2] = ["-partial-signature.json", "-partial-signature.sig.cesr"];

/// Holds a case that is as it was seen.
///
/// # Errors
/// `case_moved`: something was added or changed since; `case_write`: it cannot be held.
pub fn still(case: &Path, seen: &Seen) -> Result<Still, StoreError> {
    let held = lock(case)?;
    let failed = |source: io::Error| failed(case, &source);
    moved(case).map_err(failed)?;
    let mut now = Seen::now(case).map_err(failed)?;
    now.0.retain(|path, _| seen.0.contains_key(path) || !SAME_SIGNATURE.iter().any(|end| path.ends_with(end)));
    match now == *seen {
        true => Ok(Still { _lock: held }),
        false => Err(StoreError::CaseMoved { path: case.to_owned() }),
    }
}

/// Adds the files of an act, given by their paths in the case and in the order in which they may appear.
///
/// # Errors
/// `case_moved`: something else was added meanwhile; `case_write`: nothing was added.
pub fn add(case: &Path, seen: &Seen, files: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
    let _lock = lock(case)?;
    let write = |source: io::Error| failed(case, &source);
    moved(case).map_err(write)?;
    if Seen::now(case).map_err(write)? != *seen {
        return Err(StoreError::CaseMoved { path: case.to_owned() });
    }
    let draft = case.join(format!("{ACT}.{}.part", std::process::id()));
    let staged = stage(&draft, files).and_then(|()| {
        // From here on the act counts.
        fs::rename(&draft, case.join(ACT))?;
        synced(case)
    });
    if let Err(error) = staged {
        // Nobody reads the draft; the error to report is the first one.
        let _ = fs::remove_dir_all(&draft);
        return Err(write(error));
    }
    moved(case).map_err(write).map(drop)
}

fn stage(draft: &Path, files: &[(String, Vec<u8>)]) -> io::Result<()> {
    // What an earlier process of this number left; it never counted.
    let _ = fs::remove_dir_all(draft);
    fs::create_dir(draft)?;
    for (at, (path, bytes)) in files.iter().enumerate() {
        let name = path.strip_prefix(DECISION).and_then(|rest| rest.strip_prefix('/'));
        let name = name.filter(|name| !name.is_empty() && !name.contains(['/', '\\']) && !name.starts_with('.'));
        let name = name.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, format!("`{path}` is no act's")))?;
        let mut file = File::create_new(draft.join(format!("{at:02}{SEPARATOR}{name}")))?;
        file.write_all(bytes)?;
        file.sync_all()?;
    }
    synced(draft)
}

/// Moves the files of an act that counts to their places.
fn moved(case: &Path) -> io::Result<Vec<String>> {
    let act = case.join(ACT);
    if fs::symlink_metadata(&act).is_err() {
        return Ok(Vec::new());
    }
    let decision = case.join(DECISION);
    fs::create_dir_all(&decision)?;
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(&act)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let mut done = Vec::new();
    for staged in names {
        let Some((_, name)) = staged.split_once(SEPARATOR) else { continue };
        let target = decision.join(name);
        // A link fails where something is already; a rename would replace it.
        match fs::hard_link(act.join(&staged), &target) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if fs::read(&target)? != fs::read(act.join(&staged))? {
                    let why = format!("`{DECISION}/{name}` is there with other content");
                    return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
                }
            }
            Err(error) => return Err(error),
        }
        fs::remove_file(act.join(&staged))?;
        done.push(format!("{DECISION}/{name}"));
    }
    synced(&decision)?;
    fs::remove_dir(&act)?;
    synced(case)?;
    Ok(done)
}

fn lock(case: &Path) -> Result<File, StoreError> {
    let folder = File::open(case).map_err(|source| failed(case, &source))?;
    folder.lock().map_err(|error| failed(case, &error))?;
    Ok(folder)
}

fn synced(folder: &Path) -> io::Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all())
}

fn failed(case: &Path, error: &io::Error) -> StoreError {
    StoreError::CaseWrite { path: PathBuf::from(case), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_beyond_the_bound_is_none_of_a_case() {
        let case = tempfile::tempdir().unwrap();
        fs::create_dir(case.path().join(DECISION)).unwrap();
        let file = File::create(case.path().join(DECISION).join("01-assignment.json")).unwrap();
        let added = || add(case.path(), &Seen::default(), &[]).unwrap_err();
        // Read, and it is not what was seen.
        file.set_len(BYTES_MAX).unwrap();
        assert!(matches!(added(), StoreError::CaseMoved { .. }));
        file.set_len(BYTES_MAX + 1).unwrap();
        assert!(matches!(added(), StoreError::CaseWrite { .. }));
    }
}
