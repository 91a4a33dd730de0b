//! Bounds of a case, at them and just beyond.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};

use countersign::bundle::{BundleError, Code, Limits, Snapshot};
use serde_json::json;

use super::sample::*;

/// The problems of a case that holds this file.
fn with(path: &str, bytes: u64) -> Vec<Code> {
    codes(&snapshot(BTreeMap::from([(path.to_owned(), vec![0; bytes as usize])])))
}

#[test]
fn files_of_the_largest_size_are_read_and_larger_ones_are_not() {
    for (path, most) in [("bundle/records/x.json", 16 << 20), ("bundle/raw/x.cesr", 64 << 20)] {
        assert!(!with(path, most).contains(&Code::FileTooBig), "{path}");
        assert!(with(path, most + 1).contains(&Code::FileTooBig), "{path}");
    }
}

/// A file without an end takes no memory: its size is asked before it is read.
#[test]
fn a_file_that_is_far_too_large_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("bundle")).unwrap();
    File::create(folder.path().join("bundle/x.bin")).unwrap().set_len(1 << 40).unwrap();
    let read = Snapshot::read(folder.path(), &Limits::STANDARD).unwrap();
    assert!(codes(&read).contains(&Code::FileTooBig));
}

#[test]
fn a_case_has_so_many_files() {
    let of = |files: usize| {
        let paths = (0..files).map(|at| (format!("bundle/raw/{at}.txt"), Vec::new()));
        codes(&snapshot(paths.collect())).contains(&Code::TooManyFiles)
    };
    assert!(!of(10_000));
    assert!(of(10_001));
}

/// Folders without a file are no evidence, and cost as much to look through.
#[test]
fn a_case_has_so_many_folders_and_neighbours() {
    let limits = Limits { files: 20, ..Limits::STANDARD };
    let case = tempfile::tempdir().unwrap();
    let read = || codes(&Snapshot::read(case.path(), &limits).unwrap()).contains(&Code::TooManyFiles);
    let folder = |at: usize| fs::create_dir_all(case.path().join(format!("bundle/{at}"))).unwrap();
    (0..20).for_each(folder);
    assert!(!read());
    folder(20);
    assert!(read());
    fs::remove_dir(case.path().join("bundle/20")).unwrap();
    let neighbour = |at: usize| fs::write(case.path().join(format!("{at}.txt")), "").unwrap();
    (0..20).for_each(neighbour);
    assert!(!read());
    neighbour(20);
    assert!(read());
}

#[test]
fn the_longest_and_the_deepest_path() {
    let path = |length: usize| format!("bundle/{}", "x".repeat(length - "bundle/".len()));
    assert!(!with(&path(512), 1).contains(&Code::PathTooLong));
    assert!(with(&path(513), 1).contains(&Code::PathTooLong));
    let nested = |names: usize| format!("bundle/{}x", "a/".repeat(names - 2));
    assert!(!with(&nested(16), 1).contains(&Code::FolderTooDeep));
    assert!(with(&nested(17), 1).contains(&Code::FolderTooDeep));
}

#[test]
fn an_archive_has_room_for_headers_and_no_more() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("case.tar");
    let mut file = File::create(&path).unwrap();
    let mut header = tar::Header::new_ustar();
    header.set_path("bundle/x.txt").unwrap();
    header.set_size(0);
    header.set_cksum();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.write_all(header.as_bytes()).unwrap();
    // Zeros end an archive, and none of them is on the disk.
    let most = (512 << 20) + (64 << 20);
    file.set_len(most).unwrap();
    assert_eq!(Snapshot::read(&path, &Limits::STANDARD).unwrap().files().len(), 1);
    file.set_len(most + 1).unwrap();
    let refused = Snapshot::read(&path, &Limits::STANDARD);
    assert!(matches!(refused, Err(BundleError::ArchiveTooBig { limit, .. }) if limit == most));
}

/// A list that is too long is no list: its elements are not read one by one.
#[test]
fn a_manifest_lists_so_much() {
    let listing = |name: &str, element: serde_json::Value, count: usize| {
        let mut files = Sample::new().sealed();
        let mut manifest: serde_json::Value = serde_json::from_slice(&files["bundle/manifest.json"]).unwrap();
        manifest[name] = json!(vec![element; count]);
        files.insert("bundle/manifest.json".into(), serde_json_canonicalizer::to_vec(&manifest).unwrap());
        let found = snapshot(files);
        found
            .problems()
            .iter()
            .any(|problem| problem.code == Code::ManifestInvalid && problem.message.contains("elements; at most"))
    };
    for (name, most) in [("entries", 10_000), ("references", 1_000)] {
        assert!(!listing(name, json!({}), most), "{name}");
        assert!(listing(name, json!({}), most + 1), "{name}");
    }
}

/// What names an entry is not taken into memory however long it is, and a long name is not remembered whole.
#[test]
fn what_names_an_entry_of_an_archive_is_bounded() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("case.tar");
    let entry = |kind: tar::EntryType, name: &str, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_path(name).unwrap();
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_cksum();
        let padding = vec![0; content.len().next_multiple_of(512) - content.len()];
        [header.as_bytes(), content, &padding].concat()
    };
    let read = |kind: tar::EntryType, content: &[u8]| {
        let file = entry(tar::EntryType::Regular, "bundle/x.txt", b"x");
        fs::write(&path, [entry(kind, "name", content), file, vec![0; 1024]].concat()).unwrap();
        let snapshot = Snapshot::read(&path, &Limits::STANDARD).unwrap();
        let paths: Vec<String> = snapshot.files().iter().map(|file| file.path.clone()).collect();
        (paths, codes(&snapshot))
    };
    let pax = |key: &str, value: &str| {
        let length = |digits: usize| digits + " =\n".len() + key.len() + value.len();
        let digits = (1..7).find(|digits| length(*digits).to_string().len() == *digits).unwrap();
        format!("{} {key}={value}\n", length(digits)).into_bytes()
    };
    let long = format!("bundle/{}", "y".repeat(400));
    for (kind, content) in [
        (tar::EntryType::GNULongName, format!("{long}\0").into_bytes()),
        (tar::EntryType::XHeader, [pax("mtime", "1.5"), pax("path", &long)].concat()),
    ] {
        assert_eq!(read(kind, &content).0, [long.as_str()]);
    }
    let longest = format!("bundle/{}", "y".repeat((64 << 10) - "bundle/".len()));
    let (paths, found) = read(tar::EntryType::GNULongName, longest.as_bytes());
    assert!(found.contains(&Code::PathTooLong) && paths[0].len() == 1024, "{found:?}");
    let (paths, found) = read(tar::EntryType::GNULongName, format!("{longest}y").as_bytes());
    assert!(found.contains(&Code::ArchiveBroken) && paths.is_empty(), "{found:?}");
    let other = pax("comment", &"c".repeat(64 << 10));
    assert!(read(tar::EntryType::XHeader, &other).1.contains(&Code::ArchiveBroken));
    for refused in [pax("size", "0"), [pax("path", "a"), pax("path", "b")].concat()] {
        assert!(read(tar::EntryType::XHeader, &refused).1.contains(&Code::ArchiveBroken));
    }
}
