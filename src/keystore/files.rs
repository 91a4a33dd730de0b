//! Files of keys in a folder: mode 0600, whole or not at all, never replaced but by a rotation.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::document::{Imported, KeyFile, KeyName, NewKeys};
use super::error::KeystoreError;
use super::seal::{Cost, Passphrase};
use super::seed::{Seed, random, to_hex};

/// How the name of a file of keys ends.
const ENDING: &str = ".keys.json";
/// Most bytes of a file of keys; one with twenty witnesses has 3 kB.
const BYTES_MAX: u64 = 64 << 10;
/// Most entries of a folder that are looked at.
const ENTRIES_MAX: usize = 10_000;

/// A folder of keys.
#[derive(Debug, Clone)]
pub struct Keystore {
    folder: PathBuf,
    cost: Cost,
}

/// An entry of the folder.
#[derive(Debug)]
pub struct Listed {
    /// By its file's name.
    pub name: KeyName,
    /// What it says, or why it cannot be used.
    pub file: Result<KeyFile, KeystoreError>,
}

impl Keystore {
    /// The keys in a folder.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), cost: Cost::HOUSE }
    }

    /// As [`Keystore::new`], with another cost for new files.
    #[must_use]
    pub fn with_cost(self, cost: Cost) -> Self {
        Self { cost, ..self }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Begins an identifier.
    ///
    /// # Errors
    /// Keys of that name are there, or the file cannot be written.
    pub fn begin(&self, name: &KeyName, keys: NewKeys, passphrase: &Passphrase) -> Result<KeyFile, KeystoreError> {
        self.keep(KeyFile::begin(name, keys, passphrase, self.cost)?)
    }

    /// Takes over keys of an identifier that began elsewhere.
    ///
    /// # Errors
    /// Keys of that name are there, or the file cannot be written.
    pub fn import(&self, name: &KeyName, keys: Imported, passphrase: &Passphrase) -> Result<KeyFile, KeystoreError> {
        self.keep(KeyFile::import(name, keys, passphrase, self.cost)?)
    }

    /// Makes the next key the current one, and a new next one.
    ///
    /// # Errors
    /// The file does not open, has no next key, or cannot be written; another process rotates it.
    pub fn rotate(&self, name: &KeyName, passphrase: &Passphrase) -> Result<KeyFile, KeystoreError> {
        let lock_path = self.folder.join(format!(".{name}.lock"));
        let failed = |source| KeystoreError::Write { path: lock_path.clone(), source };
        // Whoever cannot read the keys is told so before a lock is made beside them.
        self.read(name)?;
        let lock = private(OpenOptions::new().create(true).truncate(false)).open(&lock_path).map_err(failed)?;
        // Two rotations at once would lose the key that one of them promised.
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(KeystoreError::Busy { name: name.clone() }),
            Err(fs::TryLockError::Error(source)) => return Err(failed(source)),
        }
        let rotated = self.read(name)?.rotate(Seed::random()?, passphrase)?;
        let path = self.path(name);
        let draft = self.draft(&path, &rotated)?;
        fs::rename(&draft, &path).map_err(|source| discard(&draft, &path, source))?;
        self.sync()?;
        Ok(rotated)
    }

    /// Reads keys without opening them.
    ///
    /// # Errors
    /// They are not there, others can read them, or the file is none of keys.
    pub fn read(&self, name: &KeyName) -> Result<KeyFile, KeystoreError> {
        let path = self.path(name);
        let unreadable = |source| KeystoreError::Unreadable { path: path.clone(), source };
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_file() => {}
            Ok(_) => return Err(KeystoreError::NotAFile { path }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(KeystoreError::Missing { name: name.clone(), folder: self.folder.clone() });
            }
            Err(error) => return Err(unreadable(error)),
        }
        let file = File::open(&path).map_err(unreadable)?;
        // What was opened is asked, not what the path names by now.
        check_mode(&file, &path)?;
        let mut bytes = Vec::new();
        file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > BYTES_MAX {
            return Err(KeystoreError::Foreign { path, reason: format!("it has more than {BYTES_MAX} bytes") });
        }
        let read = KeyFile::read(&path, &bytes)?;
        if read.name() != name {
            let reason = format!("it holds the keys `{}`", read.name());
            return Err(KeystoreError::Foreign { path, reason });
        }
        Ok(read)
    }

    /// All keys of the folder, by name. A file that cannot be used is listed with its reason.
    ///
    /// # Errors
    /// The folder cannot be read, or has more entries than are looked at.
    pub fn list(&self) -> Result<Vec<Listed>, KeystoreError> {
        let unreadable = |source| KeystoreError::Unreadable { path: self.folder.clone(), source };
        let mut listed = Vec::new();
        for (at, entry) in fs::read_dir(&self.folder).map_err(unreadable)?.enumerate() {
            if at == ENTRIES_MAX {
                return Err(unreadable(io::Error::other(format!("it has more than {ENTRIES_MAX} entries"))));
            }
            let entry = entry.map_err(unreadable)?.file_name();
            let stem = entry.to_str().and_then(|name| name.strip_suffix(ENDING));
            if let Some(name) = stem.and_then(|stem| stem.parse::<KeyName>().ok()) {
                listed.push(Listed { file: self.read(&name), name });
            }
        }
        listed.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(listed)
    }

    fn path(&self, name: &KeyName) -> PathBuf {
        self.folder.join(format!("{name}{ENDING}"))
    }

    fn keep(&self, file: KeyFile) -> Result<KeyFile, KeystoreError> {
        let path = self.path(file.name());
        let folder_failed = |source| KeystoreError::Write { path: self.folder.clone(), source };
        fs::create_dir_all(&self.folder).map_err(folder_failed)?;
        let draft = self.draft(&path, &file)?;
        // A link fails where something is already; a rename would replace it.
        let linked = fs::hard_link(&draft, &path);
        match linked {
            Ok(()) => fs::remove_file(&draft).map_err(|source| KeystoreError::Write { path: draft, source })?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                discard(&draft, &path, error);
                return Err(KeystoreError::Exists { name: file.name().clone(), folder: self.folder.clone() });
            }
            Err(error) => return Err(discard(&draft, &path, error)),
        }
        self.sync()?;
        Ok(file)
    }

    /// The file under another name, on the disk.
    fn draft(&self, path: &Path, file: &KeyFile) -> Result<PathBuf, KeystoreError> {
        let mut suffix = [0; 8];
        random(&mut suffix)?;
        let draft = self.folder.join(format!(".{}.{}.part", file.name(), to_hex(&suffix)));
        let bytes = file.write()?;
        let failed = |source| KeystoreError::Write { path: path.to_owned(), source };
        let mut out = private(OpenOptions::new().create_new(true)).open(&draft).map_err(failed)?;
        out.write_all(&bytes).and_then(|()| out.sync_all()).map_err(|source| discard(&draft, path, source))?;
        Ok(draft)
    }

    /// The folder's own entry must be on the disk as well.
    fn sync(&self) -> Result<(), KeystoreError> {
        let failed = |source| KeystoreError::Write { path: self.folder.clone(), source };
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }
}

/// Removes a draft; the error to report is the first one.
fn discard(draft: &Path, path: &Path, source: io::Error) -> KeystoreError {
    let _ = fs::remove_file(draft);
    KeystoreError::Write { path: path.to_owned(), source }
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    options.write(true).mode(0o600)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.write(true)
}

#[cfg(unix)]
fn check_mode(file: &File, path: &Path) -> Result<(), KeystoreError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = file.metadata().map_err(|source| KeystoreError::Unreadable { path: path.to_owned(), source })?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o177 == 0 { Ok(()) } else { Err(KeystoreError::Mode { path: path.to_owned(), mode }) }
}

#[cfg(not(unix))]
fn check_mode(_: &File, _: &Path) -> Result<(), KeystoreError> {
    Ok(())
}
