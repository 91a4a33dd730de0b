//! Folders and archives: what is read from them, and what is not.

use std::fs;
use std::path::Path;

use countersign::bundle::{BundleError, Code, Form, Limits, Snapshot};

use super::sample::*;

fn write(folder: &Path, files: &std::collections::BTreeMap<String, Vec<u8>>) {
    for (path, bytes) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn read(path: &Path) -> Snapshot {
    Snapshot::read(path, &Limits::STANDARD).unwrap()
}

#[test]
fn a_case_a_bundle_and_archives_of_both_read_the_same() {
    let files = Sample::new().sealed();
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &files);
    fs::write(folder.path().join("CHECKLIST.md"), "x").unwrap();
    let case = read(folder.path());
    assert_eq!((case.form(), case.outside()), (Form::Case, &["CHECKLIST.md".to_owned()][..]));
    assert_eq!(case.to_files(), files);
    assert_eq!(codes(&case), []);
    let bundle = read(&folder.path().join("bundle"));
    assert_eq!((bundle.form(), bundle.to_files()), (Form::Bundle, files.clone()));
    for (top, from) in [("", "bundle/"), ("", ""), ("b0/", ""), ("./", "bundle/")] {
        let path = folder.path().join("x.tar");
        let mut archive = tar::Builder::new(fs::File::create(&path).unwrap());
        for (name, bytes) in &files {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            let name = format!("{top}{}", name.strip_prefix(from).unwrap());
            archive.append_data(&mut header, name, &bytes[..]).unwrap();
        }
        archive.into_inner().unwrap();
        let snapshot = read(&path);
        assert_eq!(snapshot.to_files(), files, "{top}{from}");
        assert_eq!(snapshot.digest(), case.digest());
        assert_eq!(codes(&snapshot), []);
    }
}

#[test]
fn what_is_no_bundle_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str, bytes: &[u8]| {
        fs::write(folder.path().join(name), bytes).unwrap();
        Snapshot::read(&folder.path().join(name), &Limits::STANDARD).unwrap_err()
    };
    assert!(matches!(at("a.tar.gz", b"\x1f\x8b\x08rest"), BundleError::Compressed { format: "gzip", .. }));
    assert!(matches!(at("a.zip", b"PK\x03\x04rest"), BundleError::Compressed { format: "zip", .. }));
    assert!(matches!(at("a.txt", b"hello"), BundleError::NotABundle { .. }));
    assert!(matches!(at("empty", b""), BundleError::NotABundle { .. }));
    let absent = Snapshot::read(&folder.path().join("absent"), &Limits::STANDARD).unwrap_err();
    assert!(matches!(absent, BundleError::CannotRead { .. }));
    let both = tempfile::tempdir().unwrap();
    write(both.path(), &Sample::new().sealed());
    fs::write(both.path().join("manifest.json"), "{}").unwrap();
    assert!(matches!(Snapshot::read(both.path(), &Limits::STANDARD), Err(BundleError::Ambiguous { .. })));
}

#[test]
fn an_empty_folder_is_an_empty_bundle() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(only_problem(&read(folder.path())).code, Code::EmptyBundle);
}

#[cfg(unix)]
#[test]
fn links_and_pipes_are_not_opened() {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &Sample::new().sealed());
    let plan = folder.path().join("bundle/records/plan.json");
    fs::rename(&plan, folder.path().join("elsewhere.json")).unwrap();
    symlink(folder.path().join("elsewhere.json"), &plan).unwrap();
    let problem = only_problem(&read(folder.path()));
    assert_eq!((problem.code, problem.path.as_str()), (Code::Symlink, "bundle/records/plan.json"));
    fs::remove_file(&plan).unwrap();
    let _socket = UnixListener::bind(&plan).unwrap();
    assert_eq!(only_problem(&read(folder.path())).code, Code::NotAFile);
}

#[cfg(unix)]
#[test]
fn a_linked_folder_is_not_entered() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &Sample::new().sealed());
    fs::rename(folder.path().join("bundle"), folder.path().join("real")).unwrap();
    symlink(folder.path().join("real"), folder.path().join("bundle")).unwrap();
    let codes = codes(&read(folder.path()));
    assert_eq!(codes, [Code::Symlink, Code::EmptyBundle]);
}

#[cfg(unix)]
#[test]
fn a_name_that_is_not_utf8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &Sample::new().sealed());
    let name = OsStr::from_bytes(b"bundle/records/\xff.json");
    // Some file systems refuse such names themselves.
    if fs::write(folder.path().join(name), "{}").is_ok() {
        assert_eq!(only_problem(&read(folder.path())).code, Code::NameNotUtf8);
    }
}

fn archive(entries: &[(&[u8], tar::EntryType, &[u8])]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut archive = tar::Builder::new(file.reopen().unwrap());
    for (name, kind, bytes) in entries {
        let mut header = tar::Header::new_ustar();
        // Set by hand: the crate itself refuses to write hostile names.
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_entry_type(*kind);
        if kind.is_symlink() {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        archive.append(&header, *bytes).unwrap();
    }
    archive.into_inner().unwrap();
    file
}

#[test]
fn a_hostile_archive_gives_problems() {
    use tar::EntryType;
    let manifest = empty_manifest().to_bytes();
    let with = |name: &[u8], kind, bytes: &[u8]| {
        let file = archive(&[(b"manifest.json", EntryType::Regular, &manifest), (name, kind, bytes)]);
        codes(&read(file.path()))
    };
    assert!(with(b"../x", EntryType::Regular, b"x").contains(&Code::PathRefused));
    assert!(with(b"/etc/x", EntryType::Regular, b"x").contains(&Code::PathRefused));
    assert!(with(b"records/x", EntryType::Symlink, b"").contains(&Code::Symlink));
    assert!(with(b"records/x", EntryType::Link, b"").contains(&Code::Symlink));
    assert!(with(b"records/x", EntryType::Fifo, b"").contains(&Code::NotAFile));
    assert!(with(b"records/x", EntryType::Char, b"").contains(&Code::NotAFile));
    assert!(with(b"records/\xff", EntryType::Regular, b"x").contains(&Code::NameNotUtf8));
    assert!(with(b"manifest.json", EntryType::Regular, b"x").contains(&Code::DuplicatePath));
}

#[test]
fn an_archive_that_is_cut_off() {
    let manifest = empty_manifest().to_bytes();
    let file =
        archive(&[(b"manifest.json", tar::EntryType::Regular, &manifest), (b"x", tar::EntryType::Regular, &[7; 4000])]);
    let bytes = fs::read(file.path()).unwrap();
    let cut = tempfile::NamedTempFile::new().unwrap();
    fs::write(cut.path(), &bytes[..2500]).unwrap();
    assert!(codes(&read(cut.path())).contains(&Code::ArchiveBroken));
}
