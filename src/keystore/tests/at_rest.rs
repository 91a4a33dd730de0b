use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;
use crate::primitives::Aid;

fn code(error: &KeystoreError) -> String {
    miette::Diagnostic::code(error).unwrap().to_string().replace("countersign::keystore::", "")
}

#[test]
fn keys_open_with_their_passphrase_and_no_other() {
    let scratch = tempfile::tempdir().unwrap();
    let keys = store(scratch.path());
    let made = keys.begin(&name("q2"), new_keys(1), &passphrase()).unwrap();
    let read = keys.read(&name("q2")).unwrap();
    assert_eq!((read.key(), read.next(), read.aid()), (made.key(), made.next(), made.aid()));
    assert_eq!(read.open(&passphrase()).unwrap().current.as_bytes(), &[1; 32]);
    let wrong = read.open(&Passphrase::new("Correct horse battery".to_owned())).unwrap_err();
    assert_eq!(code(&wrong), "wrong_passphrase");
    let text = fs::read_to_string(scratch.path().join("q2.keys.json")).unwrap();
    for secret in [[1u8; 32], [2u8; 32]] {
        let seed = crate::keri::cesr::qualified("A", &secret).unwrap();
        assert!(!text.contains(&seed) && !text.contains(&seed::to_hex(&secret)));
    }
    assert_eq!(format!("{:?}", read.open(&passphrase()).unwrap().current), "Seed(..)");
}

#[test]
fn two_files_of_the_same_keys_share_no_salt() {
    let one = KeyFile::begin(&name("q"), new_keys(1), &passphrase(), CHEAP).unwrap().write().unwrap();
    let two = KeyFile::begin(&name("q"), new_keys(1), &passphrase(), CHEAP).unwrap().write().unwrap();
    let member = |bytes: &[u8], pointer: &str| {
        serde_json::from_slice::<serde_json::Value>(bytes).unwrap().pointer(pointer).unwrap().clone()
    };
    for pointer in ["/kdf/salt", "/kdf/check", "/cipher/nonce", "/sealed"] {
        assert_ne!(member(&one, pointer), member(&two, pointer), "{pointer}");
    }
}

#[test]
fn no_byte_of_a_file_can_change() {
    let made = KeyFile::begin(&name("q2"), new_keys(1), &passphrase(), CHEAP).unwrap();
    let bytes = made.write().unwrap();
    let path = Path::new("q2.keys.json");
    let mut refused = 0;
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let Ok(read) = KeyFile::read(path, &changed) else { continue };
        match read.open(&passphrase()) {
            Err(_) => refused += 1,
            // White space, and the case of hexadecimal digits, say nothing.
            Ok(_) => assert_eq!(read.write().unwrap(), bytes, "byte {at}"),
        }
    }
    assert!(refused > 500, "{refused}");
    let swapped = KeyFile::begin(&name("q2"), new_keys(7), &passphrase(), CHEAP).unwrap().write().unwrap();
    let public = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
    let mut forged = public(&bytes);
    forged["key"] = public(&swapped)["key"].clone();
    let read = KeyFile::read(path, &serde_json::to_vec(&forged).unwrap()).unwrap();
    assert_eq!(code(&read.open(&passphrase()).unwrap_err()), "damaged");
}

#[test]
fn a_file_that_ends_early_is_told_from_a_foreign_one() {
    let bytes = KeyFile::begin(&name("q2"), new_keys(1), &passphrase(), CHEAP).unwrap().write().unwrap();
    let path = Path::new("q2.keys.json");
    for end in 0..bytes.len() - 1 {
        let error = KeyFile::read(path, &bytes[..end]).map(|_| ()).unwrap_err();
        assert_eq!(code(&error), "truncated", "{end}");
    }
    let text = String::from_utf8(bytes).unwrap();
    for (from, to, expected) in [
        ("countersign/keys", "somebody/keys", "foreign"),
        ("\"version\": 1", "\"version\": 2", "newer_version"),
        ("\"version\": 1", "\"version\": 0", "foreign"),
        ("argon2id", "argon2i", "foreign"),
        ("\"memory_kib\": 64", "\"memory_kib\": 4294967295", "foreign"),
        ("\"rotations\": 0", "\"rotations\": 0,\n  \"also\": 1", "foreign"),
        ("\"rotations\": 0", "\"rotations\": 0,\n  \"rotations\": 0", "foreign"),
    ] {
        assert!(text.contains(from), "{from}");
        let error = KeyFile::read(path, text.replace(from, to).as_bytes()).map(|_| ()).unwrap_err();
        assert_eq!(code(&error), expected, "{to}");
    }
    assert_eq!(code(&KeyFile::read(path, b"-----BEGIN KEY-----").map(|_| ()).unwrap_err()), "foreign");
}

#[test]
fn others_may_not_read_a_file_of_keys() {
    let scratch = tempfile::tempdir().unwrap();
    let keys = store(scratch.path());
    keys.begin(&name("q2"), new_keys(1), &passphrase()).unwrap();
    let path = scratch.path().join("q2.keys.json");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    for mode in [0o640, 0o604, 0o620, 0o700, 0o644] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(code(&keys.read(&name("q2")).map(|_| ()).unwrap_err()), "mode", "{mode:o}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    keys.read(&name("q2")).unwrap();
    symlink(&path, scratch.path().join("q3.keys.json")).unwrap();
    assert_eq!(code(&keys.read(&name("q3")).map(|_| ()).unwrap_err()), "not_a_file");
    fs::copy(&path, scratch.path().join("q4.keys.json")).unwrap();
    assert_eq!(code(&keys.read(&name("q4")).map(|_| ()).unwrap_err()), "foreign");
    assert_eq!(code(&keys.read(&name("q5")).map(|_| ()).unwrap_err()), "missing");
    let listed: Vec<_> = keys.list().unwrap().into_iter().map(|entry| (entry.name, entry.file.is_ok())).collect();
    assert_eq!(listed, [(name("q2"), true), (name("q3"), false), (name("q4"), false)]);
}

#[test]
fn keys_are_never_replaced_and_leave_no_draft() {
    let scratch = tempfile::tempdir().unwrap();
    let keys = store(scratch.path());
    let first = keys.begin(&name("q2"), new_keys(1), &passphrase()).unwrap();
    assert_eq!(code(&keys.begin(&name("q2"), new_keys(5), &passphrase()).map(|_| ()).unwrap_err()), "exists");
    assert_eq!(keys.read(&name("q2")).unwrap().key(), first.key());
    let entries: Vec<_> = fs::read_dir(scratch.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(entries, ["q2.keys.json"]);
    let short = Passphrase::new("short".to_owned());
    assert_eq!(code(&keys.begin(&name("q3"), new_keys(1), &short).map(|_| ()).unwrap_err()), "weak_passphrase");
}

#[test]
fn a_rotation_keeps_what_was_committed_to() {
    let scratch = tempfile::tempdir().unwrap();
    let keys = store(scratch.path());
    let first = keys.begin(&name("q2"), new_keys(1), &passphrase()).unwrap();
    let second = keys.rotate(&name("q2"), &passphrase()).unwrap();
    let third = keys.rotate(&name("q2"), &passphrase()).unwrap();
    for (before, after) in [(&first, &second), (&second, &third)] {
        assert_eq!(before.next(), Some(&after.key().digest()));
        assert_eq!((before.aid(), before.inception()), (after.aid(), after.inception()));
        assert_ne!(before.next(), after.next());
    }
    assert_eq!(keys.read(&name("q2")).unwrap().key(), third.key());
    assert_eq!(third.rotations(), 2);
    let wrong = Passphrase::new("another passphrase".to_owned());
    assert_eq!(code(&keys.rotate(&name("q2"), &wrong).map(|_| ()).unwrap_err()), "wrong_passphrase");
    let lock = File::create(scratch.path().join(".q2.lock")).unwrap();
    lock.lock().unwrap();
    assert_eq!(code(&keys.rotate(&name("q2"), &passphrase()).map(|_| ()).unwrap_err()), "busy");
    assert_eq!(keys.read(&name("q2")).unwrap().key(), third.key());
}

#[test]
fn imported_keys_are_those_of_their_log() {
    let scratch = tempfile::tempdir().unwrap();
    let keys = store(scratch.path());
    let fixture: serde_json::Value = serde_json::from_str(&fs::read_to_string(Q2).unwrap()).unwrap();
    let holder = &fixture["holders"]["Q2"];
    let seed = |member: &str| Seed::parse(holder[member].as_str().unwrap()).unwrap();
    let aid: Aid = holder["aid"].as_str().unwrap().parse().unwrap();
    let imported = Imported { aid: aid.clone(), current: seed("current"), next: Some(seed("next")) };
    let file = keys.import(&name("q2"), imported, &passphrase()).unwrap();
    let log = fs::read_to_string("fixtures/keri/b0/kel-q2.cesr").unwrap();
    assert!(log.contains(&format!("\"k\":[\"{}\"]", file.key())) && log.contains(file.next().unwrap().as_str()));
    assert_eq!((file.aid(), file.inception()), (&aid, None));

    let alone = Imported { aid, current: seed("current"), next: None };
    keys.import(&name("q2-alone"), alone, &passphrase()).unwrap();
    assert_eq!(code(&keys.rotate(&name("q2-alone"), &passphrase()).map(|_| ()).unwrap_err()), "no_next");

    let witness: Aid = "BCfYBKFLzyKqWGTrI4QKSJLWaRxcsKyqv-xsVtiaxpjn".parse().unwrap();
    let other = Imported { aid: witness, current: seed("current"), next: None };
    assert_eq!(code(&keys.import(&name("w"), other, &passphrase()).map(|_| ()).unwrap_err()), "another_aid");
}

#[test]
fn a_seed_is_read_in_both_forms() {
    let raw: [u8; 32] = std::array::from_fn(|at| at as u8);
    let qualified = crate::keri::cesr::qualified("A", &raw).unwrap();
    for text in [qualified.clone(), seed::to_hex(&raw), seed::to_hex(&raw).to_uppercase()] {
        assert_eq!(Seed::parse(&text).unwrap().as_bytes(), &raw);
    }
    for text in ["", "A", &qualified[1..], &qualified.replacen('A', "D", 1), &seed::to_hex(&raw[1..]), "zz"] {
        let error = Seed::parse(text).unwrap_err();
        assert!(!error.to_string().contains(text) || text.is_empty(), "a seed is never repeated");
    }
}

#[test]
fn an_inception_begins_a_log() {
    let file = KeyFile::begin(&name("q2"), new_keys(1), &passphrase(), CHEAP).unwrap();
    let report = crate::keri::show::logs(file.inception().unwrap().as_bytes(), Some(file.aid()));
    let json = crate::keri::show::logs_json(&report).to_string();
    assert_eq!(report.answer, crate::keri::Answer::Valid, "{json}");
    assert!(json.contains(file.aid().as_str()), "{json}");
    // With witnesses it waits for their receipts.
    let witness: Aid = "BCfYBKFLzyKqWGTrI4QKSJLWaRxcsKyqv-xsVtiaxpjn".parse().unwrap();
    let keys = NewKeys { witnesses: Witnesses::new(vec![witness], None).unwrap(), ..new_keys(1) };
    let file = KeyFile::begin(&name("q2"), keys, &passphrase(), CHEAP).unwrap();
    let report = crate::keri::show::logs(file.inception().unwrap().as_bytes(), Some(file.aid()));
    assert_ne!(report.answer, crate::keri::Answer::Valid);
    assert!(file.inception().unwrap().contains("\"bt\":\"1\""));
}

#[test]
fn names_that_could_be_paths_are_refused() {
    for refused in ["", "Q2", "../q2", "q/2", "q 2", "-q", "2q", ".q", "q.keys", &"q".repeat(49)] {
        assert!(refused.parse::<KeyName>().is_err(), "{refused}");
    }
    assert!("qar-2".parse::<KeyName>().is_ok() && "q".repeat(48).parse::<KeyName>().is_ok());
}

#[test]
fn a_file_of_keys_is_bounded() {
    let scratch = tempfile::tempdir().unwrap();
    let keys = store(scratch.path());
    keys.begin(&name("q2"), new_keys(1), &passphrase()).unwrap();
    let path = scratch.path().join("q2.keys.json");
    let mut bytes = fs::read(&path).unwrap();
    bytes.resize(64 << 10, b' ');
    fs::write(&path, &bytes).unwrap();
    assert!(keys.read(&name("q2")).is_ok());
    fs::write(&path, [&bytes[..], b" "].concat()).unwrap();
    let error = keys.read(&name("q2")).unwrap_err();
    assert_eq!(code(&error), "foreign");
    assert!(error.to_string().contains("more than 65536 bytes"), "{error}");
}

#[test]
fn a_folder_with_too_many_entries_is_not_listed_in_part() {
    let scratch = tempfile::tempdir().unwrap();
    let keys = store(scratch.path());
    keys.begin(&name("q2"), new_keys(1), &passphrase()).unwrap();
    let others = 10_000 - fs::read_dir(scratch.path()).unwrap().count();
    for at in 0..others {
        File::create(scratch.path().join(at.to_string())).unwrap();
    }
    assert_eq!(keys.list().unwrap().len(), 1);
    File::create(scratch.path().join("one more")).unwrap();
    assert_eq!(code(&keys.list().map(|_| ()).unwrap_err()), "unreadable");
}

/// Before it is known whose file it is, it may not ask for all there is.
#[test]
fn what_opening_a_file_costs_is_bounded() {
    let bytes = KeyFile::begin(&name("q2"), new_keys(1), &passphrase(), CHEAP).unwrap().write().unwrap();
    let with = |member: &str, value: u32| {
        let mut file: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        file["kdf"][member] = value.into();
        KeyFile::read(Path::new("q2.keys.json"), &serde_json::to_vec(&file).unwrap())
    };
    for (member, most) in [("memory_kib", 1 << 20), ("passes", 64), ("lanes", 16)] {
        assert!(with(member, most).is_ok(), "{member}");
        let error = with(member, most + 1).map(|_| ()).unwrap_err();
        assert_eq!(code(&error), "foreign");
        assert!(error.to_string().contains("more memory or time"), "{error}");
    }
}

#[test]
fn an_identifier_has_so_many_witnesses() {
    let witnesses = |count: u8| {
        let aid = |at| crate::keri::cesr::qualified("B", &[at; 32]).unwrap().parse::<Aid>().unwrap();
        Witnesses::new((0..count).map(aid).collect(), None)
    };
    assert!(witnesses(20).is_ok());
    assert_eq!(code(&witnesses(21).map(|_| ()).unwrap_err()), "witnesses");
}
