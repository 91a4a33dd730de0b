//! A tar file into an intake. Nothing is unpacked to disk, and nothing is decompressed.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use tar::{Archive, Entry, EntryType, PaxExtensions};

use super::error::BundleError;
use super::intake::Intake;
use super::limits::Limits;
use super::place::printable;
use super::problem::Code;
use super::snapshot::{AREAS, Form};

/// Room for headers and padding beside the files themselves.
const OVERHEAD: u64 = 64 << 20;

/// Most bytes of what stands before an entry and names it: a path, and what else a packer remembers of a file.
const HEADER_BYTES_MAX: u64 = 64 << 10;

/// Most bytes of a name that are remembered: more than a path that is read can have.
const NAME_BYTES_MAX: usize = 1024;

/// First bytes of what is compressed.
const COMPRESSED: &[(&[u8], &str)] = &[
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ", "xz"),
    (b"BZh", "bzip2"),
    (b"PK\x03\x04", "zip"),
    (b"7z\xbc\xaf", "7z"),
    (b"\x04\x22\x4d\x18", "lz4"),
];

/// An entry of the archive before it is known what the archive's top folder is.
enum Packed {
    File(Vec<u8>),
    Refused(Code, String),
}

/// Reads a tar file of a case or of a bundle.
///
/// # Errors
/// Not a tar file, compressed, or too big as a whole.
pub(super) fn read(path: &Path, limits: &Limits) -> Result<(Intake, Form, Vec<String>), BundleError> {
    let cannot_read = |source| BundleError::CannotRead { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(cannot_read)?;
    let mut head = Vec::new();
    file.by_ref().take(512).read_to_end(&mut head).map_err(cannot_read)?;
    if let Some((_, format)) = COMPRESSED.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(BundleError::Compressed { path: path.to_owned(), format });
    }
    if head.get(257..262) != Some(b"ustar") {
        return Err(BundleError::NotABundle { path: path.to_owned() });
    }
    let bytes = file.metadata().map_err(cannot_read)?.len();
    let limit = limits.total_bytes.saturating_add(OVERHEAD);
    if bytes > limit {
        return Err(BundleError::ArchiveTooBig { path: path.to_owned(), bytes, limit });
    }
    file.seek(SeekFrom::Start(0)).map_err(cannot_read)?;
    let mut packed: Vec<(String, Packed)> = Vec::new();
    let mut broken = None;
    let most = limits.files.saturating_mul(2);
    let mut archive = Archive::new(file.take(limit));
    match archive.entries() {
        Ok(entries) => {
            let mut named = None;
            // As they stand there: what names the next entry would be taken whole into memory, however long it is.
            for entry in entries.raw(true) {
                match entry.and_then(|entry| unpack(entry, &mut named, limits)) {
                    Ok(Some(found)) => packed.push(found),
                    Ok(None) => {}
                    Err(error) => {
                        broken = Some(error.to_string());
                        break;
                    }
                }
                if packed.len() > most {
                    broken = Some(format!("it has more than {most} entries"));
                    break;
                }
            }
        }
        Err(error) => broken = Some(error.to_string()),
    }
    let (form, top) = layout(&packed, path)?;
    let mut intake = Intake::new(*limits);
    let mut outside = Vec::new();
    for (name, content) in packed {
        let inner = name.strip_prefix(&top).unwrap_or(&name);
        let path = match form {
            Form::Bundle => format!("bundle/{inner}"),
            Form::Case => inner.to_owned(),
        };
        let is_evidence = AREAS.iter().any(|area| path.strip_prefix(area).is_some_and(|rest| rest.starts_with('/')));
        match content {
            // What could leave the folder when unpacked is a problem wherever it stands.
            Packed::Refused(code, message) => intake.refuse(&path, code, &message, "pack only regular files"),
            Packed::File(_) if !is_evidence && super::intake::refused_name(&path, limits).is_none() => {
                outside.push(path)
            }
            Packed::File(bytes) => {
                if intake.admit(&path, bytes.len() as u64) {
                    intake.take(&path, bytes);
                }
            }
        }
    }
    if let Some(error) = broken {
        let message = format!("the archive cannot be read to its end: {}", printable(&error));
        intake.problem("bundle", Code::ArchiveBroken, &message, "fetch or pack the archive again");
    }
    Ok((intake, form, outside))
}

/// `named`: what the entry before said of the name of this one.
fn unpack<R: Read>(
    mut entry: Entry<'_, R>,
    named: &mut Option<Vec<u8>>,
    limits: &Limits,
) -> io::Result<Option<(String, Packed)>> {
    let kind = entry.header().entry_type();
    match kind {
        EntryType::GNULongName => {
            let mut name = header(&mut entry)?;
            name.truncate(name.iter().position(|byte| *byte == 0).unwrap_or(name.len()));
            rename(named, name)?;
            return Ok(None);
        }
        EntryType::XHeader => {
            for extension in PaxExtensions::new(&header(&mut entry)?) {
                let extension = extension?;
                match extension.key_bytes() {
                    b"path" => rename(named, extension.value_bytes().to_owned())?,
                    // Only of files beyond every bound; where the next entry begins would be another place.
                    b"size" => return Err(io::Error::other("the size of an entry stands outside of its header")),
                    _ => {}
                }
            }
            return Ok(None);
        }
        // Where a link points to, which is not followed; and what holds for all entries, which is no name.
        EntryType::GNULongLink | EntryType::XGlobalHeader => return Ok(None),
        _ => {}
    }
    let mut raw = named.take().unwrap_or_else(|| entry.path_bytes().into_owned());
    if raw.len() > limits.path_bytes.max(NAME_BYTES_MAX) {
        let message = format!("the path has {} bytes; at most {} are read", raw.len(), limits.path_bytes);
        raw.truncate(NAME_BYTES_MAX);
        let name = String::from_utf8_lossy(&raw).into_owned();
        return Ok(Some((name, Packed::Refused(Code::PathTooLong, message))));
    }
    let (name, utf8) = match String::from_utf8(raw) {
        Ok(name) => (name, true),
        Err(error) => (String::from_utf8_lossy(error.as_bytes()).into_owned(), false),
    };
    let name = name.strip_prefix("./").map(str::to_owned).unwrap_or(name);
    let refused = |code, message: &str| Ok(Some((name.clone(), Packed::Refused(code, message.to_owned()))));
    match kind {
        EntryType::Directory => {
            let folder = name.trim_end_matches('/');
            Ok(match super::intake::refused_name(folder, limits) {
                Some((code, message)) if !folder.is_empty() && folder != "." => {
                    Some((folder.to_owned(), Packed::Refused(code, message)))
                }
                Some(_) | None => None,
            })
        }
        EntryType::Regular | EntryType::Continuous if !utf8 => {
            refused(Code::NameNotUtf8, "the name of the file is not UTF-8")
        }
        EntryType::Regular | EntryType::Continuous => {
            let (size, limit) = (entry.size(), limits.bytes_for(&name));
            if size > limit {
                return refused(Code::FileTooBig, &format!("the file has {size} bytes; at most {limit} are read"));
            }
            let mut bytes = Vec::with_capacity(size as usize);
            entry.read_to_end(&mut bytes)?;
            if bytes.len() as u64 != size {
                return Err(io::Error::other(format!("`{}` is cut off", printable(&name))));
            }
            Ok(Some((name, Packed::File(bytes))))
        }
        EntryType::Symlink | EntryType::Link => refused(Code::Symlink, "it is a link, which is not followed"),
        _ => refused(Code::NotAFile, "it is not a regular file"),
    }
}

/// Which of two names counts is told differently by other readers.
fn rename(named: &mut Option<Vec<u8>>, name: Vec<u8>) -> io::Result<()> {
    match named.replace(name) {
        None => Ok(()),
        Some(_) => Err(io::Error::other("an entry has two names")),
    }
}

/// What stands before an entry, within its bound.
fn header<R: Read>(entry: &mut Entry<'_, R>) -> io::Result<Vec<u8>> {
    let size = entry.size();
    if size > HEADER_BYTES_MAX {
        let message = format!("what names an entry has {size} bytes; at most {HEADER_BYTES_MAX} are read");
        return Err(io::Error::other(message));
    }
    let mut bytes = Vec::with_capacity(size as usize);
    entry.read_to_end(&mut bytes)?;
    if bytes.len() as u64 != size {
        return Err(io::Error::other("what names an entry is cut off"));
    }
    Ok(bytes)
}

/// Whether the archive holds a case or a bundle, and the top folder around it (`b0/` or nothing).
fn layout(packed: &[(String, Packed)], path: &Path) -> Result<(Form, String), BundleError> {
    let names = || packed.iter().map(|(name, _)| name.as_str());
    let form = |top: &str| {
        let inside = || names().filter_map(|name| name.strip_prefix(top));
        let area = AREAS
            .iter()
            .find(|area| inside().any(|name| name.strip_prefix(**area).is_some_and(|rest| rest.starts_with('/'))));
        match (inside().any(|name| name == "manifest.json"), area) {
            (true, Some(area)) => Err(BundleError::Ambiguous { path: path.to_owned(), area }),
            (true, None) => Ok(Some(Form::Bundle)),
            (false, Some(_)) => Ok(Some(Form::Case)),
            (false, None) => Ok(None),
        }
    };
    if let Some(form) = form("")? {
        return Ok((form, String::new()));
    }
    let first = names().next().and_then(|name| name.split_once('/')).map(|(top, _)| format!("{top}/"));
    if let Some(top) = first.filter(|top| names().all(|name| name.starts_with(top.as_str())))
        && let Some(form) = form(&top)?
    {
        return Ok((form, top));
    }
    // No manifest anywhere: a bundle without one, which is a finding.
    Ok((Form::Bundle, String::new()))
}
