//! Files into one tar and back: for whoever hands over more than a case.
//!
//! In: names and bytes. Out: an archive with nothing in it that depends on the machine or the moment; and its files
//! again, each name once, within bounds.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use tar::{Archive, Builder, EntryType, Header};

/// Most bytes of all files that are read back.
const BYTES_MAX: u64 = 2 << 30;
/// Most files.
const FILES_MAX: usize = 1 << 20;

/// An archive in the making.
pub struct Packer<W: Write> {
    builder: Builder<W>,
}

impl<W: Write> Packer<W> {
    /// An empty one.
    pub fn new(out: W) -> Self {
        Self { builder: Builder::new(out) }
    }

    /// Adds a file.
    ///
    /// # Errors
    /// Of writing; a name that a tar cannot hold.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut header = Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_entry_type(EntryType::Regular);
        self.builder.append_data(&mut header, name, bytes)
    }

    /// Ends the archive.
    ///
    /// # Errors
    /// Of writing.
    pub fn finish(self) -> io::Result<W> {
        self.builder.into_inner()
    }
}

/// The files of an archive; none of them is written to the disk.
///
/// # Errors
/// Of reading; a name twice, something that is no file, more than the bounds.
pub fn unpacked(path: &Path) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let refused = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
    let file = File::open(path)?;
    if file.metadata()?.len() > BYTES_MAX {
        return Err(refused(format!("it has more than {BYTES_MAX} bytes")));
    }
    let mut archive = Archive::new(file.take(BYTES_MAX));
    let mut files = BTreeMap::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = String::from_utf8(entry.path_bytes().into_owned())
            .map_err(|_| refused("a name is not UTF-8".to_owned()))?;
        if entry.header().entry_type() != EntryType::Regular {
            return Err(refused(format!("`{name}` is no regular file")));
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        if files.len() >= FILES_MAX || files.insert(name.clone(), bytes).is_some() {
            return Err(refused(format!("`{name}` is in it twice, or there are more than {FILES_MAX} files")));
        }
    }
    Ok(files)
}
