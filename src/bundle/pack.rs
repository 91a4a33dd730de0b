//! Files into one tar and back: for whoever hands over more than a case.
//!
//! In: names and bytes. Out: an archive with nothing in it that depends on the machine or the moment; and its files
//! again, each name once, within bounds.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use tar::{Archive, Builder, EntryType, Header};

/// Most bytes of an archive that is read back.
const BYTES_MAX: u64 = 2 << 30;
/// Most files in it.
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
    unpacked_of(path, BYTES_MAX, FILES_MAX)
}

fn unpacked_of(path: &Path, bytes_max: u64, files_max: usize) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let refused = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
    let file = File::open(path)?;
    if file.metadata()?.len() > bytes_max {
        return Err(refused(format!("it has more than {bytes_max} bytes")));
    }
    let mut archive = Archive::new(file.take(bytes_max));
    let mut files = BTreeMap::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = String::from_utf8(entry.path_bytes().into_owned())
            .map_err(|_| refused("a name is not UTF-8".to_owned()))?;
        if entry.header().entry_type() != EntryType::Regular {
            return Err(refused(format!("`{name}` is no regular file")));
        }
        if files.len() >= files_max {
            return Err(refused(format!("it has more than {files_max} files")));
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        if files.insert(name.clone(), bytes).is_some() {
            return Err(refused(format!("`{name}` is in it twice")));
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_that_is_read_back_has_so_many_bytes_and_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pack.tar");
        let mut pack = Packer::new(Vec::new());
        for name in ["a", "b", "c"] {
            pack.add(name, b"some bytes").unwrap();
        }
        let archive = pack.finish().unwrap();
        std::fs::write(&path, &archive).unwrap();
        let size = archive.len() as u64;
        assert_eq!(unpacked_of(&path, size, 3).unwrap().len(), 3);
        let why = |bytes, files| unpacked_of(&path, bytes, files).unwrap_err().to_string();
        assert_eq!(why(size, 2), "it has more than 2 files");
        assert_eq!(why(size - 1, 3), format!("it has more than {} bytes", size - 1));
        // The bounds of every pack: nothing of this file is on the disk.
        File::options().write(true).open(&path).unwrap().set_len(BYTES_MAX).unwrap();
        assert_eq!(unpacked(&path).unwrap().len(), 3);
        File::options().write(true).open(&path).unwrap().set_len(BYTES_MAX + 1).unwrap();
        assert_eq!(unpacked(&path).unwrap_err().to_string(), format!("it has more than {BYTES_MAX} bytes"));
    }
}
