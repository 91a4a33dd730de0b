//! Files into one tar and back: for whoever hands over more than a case.
//!
//! In: names and bytes. Out: an archive with nothing in it that depends on the machine or the moment; and its files
//! again, each name once, within bounds.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use tar::{Archive, Builder, EntryType, Header};

/// Most bytes of an archive.
const BYTES_MAX: u64 = 2 << 30;
/// Most files in it.
const FILES_MAX: usize = 1 << 20;

/// A tar is made of blocks of so many bytes.
const BLOCK: u64 = 512;

/// An archive in the making, of which no more is made than is read back.
pub struct Packer<W: Write> {
    builder: Builder<W>,
    bytes_left: u64,
    files_left: usize,
}

impl<W: Write> Packer<W> {
    /// An empty one.
    pub fn new(out: W) -> Self {
        Self::with(out, BYTES_MAX, FILES_MAX)
    }

    fn with(out: W, bytes_max: u64, files_max: usize) -> Self {
        // Two empty blocks are its end.
        Self { builder: Builder::new(out), bytes_left: bytes_max.saturating_sub(2 * BLOCK), files_left: files_max }
    }

    /// Adds a file.
    ///
    /// # Errors
    /// Of writing; a name that a tar cannot hold; more than the bounds.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        // A name that a header has no room for takes two blocks and itself.
        let named = if name.len() > 100 { 2 * BLOCK + name.len() as u64 } else { 0 };
        let taken = BLOCK + (bytes.len() as u64).next_multiple_of(BLOCK) + named.next_multiple_of(BLOCK);
        let left = (self.bytes_left.checked_sub(taken), self.files_left.checked_sub(1));
        let (Some(bytes_left), Some(files_left)) = left else {
            let why = format!(
                "with `{name}` it would have more than {BYTES_MAX} bytes or {FILES_MAX} files, and not be read"
            );
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
        };
        (self.bytes_left, self.files_left) = (bytes_left, files_left);
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
        let made = |bytes, files| {
            let mut pack = Packer::with(Vec::new(), bytes, files);
            ["a", "b", "c"].map(|name| pack.add(name, b"some bytes").is_ok())
        };
        assert_eq!(
            [made(size, 3), made(size, 2), made(size - 1, 3)],
            [[true; 3], [true, true, false], [true, true, false]]
        );
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
