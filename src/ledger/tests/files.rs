use std::fs;

use super::*;
use crate::keystore::{Cost, Embedded, Keystore, NewKeys, Passphrase, PublicKey, Seed, Signer, Witnesses};

fn signer(folder: &Path, name: &str) -> Embedded<'static> {
    let keys = Keystore::new(folder).with_cost(Cost { memory_kib: 64, passes: 1, lanes: 1 });
    let passphrase = || Passphrase::new("correct horse battery".to_owned());
    let (current, next) = (Seed::random().unwrap(), Seed::random().unwrap());
    let new = NewKeys { current, next, witnesses: Witnesses::default() };
    let file = keys.begin(&name.parse().unwrap(), new, &passphrase()).unwrap();
    Embedded::locked(file, move || Ok(passphrase()))
}

fn checkpoint(ledger: &Ledger) -> Checkpoint {
    Checkpoint::of(ledger, Some(3))
}

#[test]
fn rows_read_back_and_are_canonical() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("ledger");
    let written = ledger(&path, 5);
    let read = Ledger::open(&path).unwrap();
    assert_eq!(read.rows(), written.rows());
    assert_eq!((read.root(), read.genesis(), read.torn()), (written.root(), written.genesis(), None));
    for line in fs::read_to_string(&path).unwrap().lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(serde_json_canonicalizer::to_string(&value).unwrap(), line);
    }
    assert_eq!(read.rows()[1].prev, Some(Sha256::of(read.rows()[0].line().as_bytes())));
    assert!(read.begins_with(&written.genesis()).is_ok());
    assert_eq!(code(&read.begins_with(&Sha256::of(b"")).unwrap_err()), "another_genesis");
    assert_eq!(code(&Ledger::begin(&path, entry(Kind::Genesis, "x")).map(|_| ()).unwrap_err()), "exists");
    assert_eq!(code(&Ledger::open(&scratch.path().join("other")).map(|_| ()).unwrap_err()), "missing");
    assert!(!scratch.path().join("other").exists());
}

#[test]
fn edits_removals_and_exchanges_are_told() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("ledger");
    ledger(&path, 5);
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let joined = |lines: &[&str]| format!("{}\n", lines.join("\n"));
    let edited = lines[2].replace("decision", "refusal");
    let spaced = lines[2].replace(':', ": ");
    let renumbered = lines[3].replace("\"seq\":3", "\"seq\":2");
    let dated = lines[2].replace("15:00:00Z", "15:00:00+00:00");
    for (changed, expected) in [
        (joined(&[lines[0], lines[1], &edited, lines[3], lines[4]]), "broken_chain"),
        (joined(&[lines[0], lines[1], lines[3], lines[4]]), "out_of_order"),
        (joined(&[lines[0], lines[1], &renumbered, lines[4]]), "broken_chain"),
        (joined(&[lines[0], lines[2], lines[1], lines[3], lines[4]]), "out_of_order"),
        (joined(&[lines[0], lines[1], lines[1], lines[2], lines[3]]), "out_of_order"),
        (joined(&[lines[1], lines[2], lines[3]]), "out_of_order"),
        (joined(&[lines[0], lines[1], &spaced]), "not_a_row"),
        (joined(&[lines[0], lines[1], &dated]), "not_a_row"),
        (joined(&[lines[0], "", lines[1]]), "not_a_row"),
        (joined(&[lines[0], "{}"]), "not_a_row"),
        (format!("{text}something else"), "not_a_row"),
        (String::new(), "not_a_row"),
    ] {
        fs::write(&path, &changed).unwrap();
        let error = Ledger::open(&path).map(|_| ()).unwrap_err();
        assert_eq!(code(&error), expected, "{changed}");
    }
}

#[test]
fn against_a_checkpoint_no_byte_can_change_and_no_row_go() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("ledger");
    let whole = ledger(&path, 4);
    let checkpoint = checkpoint(&whole);
    let bytes = fs::read(&path).unwrap();
    let judged = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        Ledger::open(&path).and_then(|ledger| ledger.extends(&checkpoint))
    };
    judged(&bytes).unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(judged(&changed).is_err(), "byte {at}");
    }
    for end in 0..bytes.len() {
        let error = judged(&bytes[..end]).unwrap_err();
        assert!(["truncated", "not_a_row"].contains(&code(&error).as_str()), "{end}: {error}");
    }
    // Rewritten from some row on, with a chain that is good in itself.
    fs::remove_file(&path).unwrap();
    let mut other = ledger(&path, 3);
    other.append(entry(Kind::Refusal, "another")).unwrap();
    assert_eq!(code(&other.extends(&checkpoint).unwrap_err()), "rewritten");
    fs::remove_file(&path).unwrap();
    let other = Ledger::begin(&path, entry(Kind::Genesis, "another trust")).unwrap();
    assert_eq!(code(&other.extends(&checkpoint).unwrap_err()), "another_ledger");
    // What comes later is no contradiction.
    judged(&bytes).unwrap();
    let mut longer = Ledger::open(&path).unwrap();
    longer.append(entry(Kind::Refusal, "later")).unwrap();
    longer.extends(&checkpoint).unwrap();
}

#[test]
fn a_torn_row_is_cut_off_by_the_next() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("ledger");
    ledger(&path, 3);
    let bytes = fs::read(&path).unwrap();
    let last = bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for end in last + 1..bytes.len() {
        for filled in [0, 7] {
            let torn = [&bytes[..end], &vec![0; filled]].concat();
            fs::write(&path, &torn).unwrap();
            let mut ledger = Ledger::open(&path).unwrap();
            assert_eq!((ledger.size(), ledger.torn()), (2, Some(Torn { bytes: end - last + filled })));
            if end % 40 == 0 {
                let appended = ledger.append(entry(Kind::Refusal, "after the crash")).unwrap();
                assert_eq!((appended.row.seq, appended.cut), (2, Some(Torn { bytes: end - last + filled })));
                let read = Ledger::open(&path).unwrap();
                assert_eq!((read.size(), read.torn()), (3, None));
            }
        }
    }
}

#[test]
fn what_changed_since_it_was_opened_is_told() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("ledger");
    let mut open = ledger(&path, 4);
    let text = fs::read_to_string(&path).unwrap();
    let fewer: String = text.lines().take(2).map(|line| format!("{line}\n")).collect();
    fs::write(&path, &fewer).unwrap();
    assert_eq!(code(&open.append(entry(Kind::Refusal, "x")).unwrap_err()), "truncated");
    assert_eq!(fs::read_to_string(&path).unwrap(), fewer);
    fs::remove_file(&path).unwrap();
    assert_eq!(code(&open.append(entry(Kind::Refusal, "x")).unwrap_err()), "missing");
    assert!(!path.exists());
    let mut other = Ledger::begin(&path, entry(Kind::Genesis, "another")).unwrap();
    for _ in 0..4 {
        other.append(entry(Kind::Refusal, "x")).unwrap();
    }
    assert_eq!(code(&open.append(entry(Kind::Refusal, "x")).unwrap_err()), "rewritten");
}

#[test]
fn two_writers_make_one_chain() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("ledger");
    ledger(&path, 1);
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let path = &path;
            scope.spawn(move || {
                let mut ledger = Ledger::open(path).unwrap();
                for at in 0..10 {
                    ledger.append(entry(Kind::Decision, &format!("{writer} {at}"))).unwrap();
                }
            });
        }
    });
    assert_eq!(Ledger::open(&path).unwrap().size(), 41);
}

#[test]
fn a_checkpoint_is_a_signed_note() {
    let scratch = tempfile::tempdir().unwrap();
    let ledger = ledger(&scratch.path().join("ledger"), 3);
    let (ours, other) = (signer(scratch.path(), "ours"), signer(scratch.path(), "other"));
    let signed = checkpoint(&ledger).sign(&ours).unwrap();
    let note = signed.write();
    let (text, signatures) = note.split_once("\n\n").unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], format!("countersign/ledger/{}", ledger.genesis()));
    assert_eq!((lines[1], lines[3], lines[4]), ("3", "lock-serial 3", "latest 2026-03-20T15:00:00Z"));
    assert!(signatures.starts_with(&format!("\u{2014} {} ", ours.aid())));
    let read = SignedCheckpoint::read(note.as_bytes()).unwrap();
    assert_eq!(read, signed);
    let verified = read.verified_by(ours.aid(), ours.key()).unwrap();
    assert_eq!(verified, &checkpoint(&ledger));
    ledger.extends(verified).unwrap();
    for (aid, key) in [(ours.aid(), other.key()), (other.aid(), ours.key()), (other.aid(), other.key())] {
        assert_eq!(code(&read.verified_by(aid, key).unwrap_err()), "checkpoint_signature");
    }
    refuses_every_other_byte(note.as_bytes(), ours.aid(), ours.key());
}

fn refuses_every_other_byte(note: &[u8], aid: &Aid, key: PublicKey) {
    let judged = |note: &[u8]| SignedCheckpoint::read(note).and_then(|read| read.verified_by(aid, key).cloned());
    for at in 0..note.len() {
        let mut changed = note.to_vec();
        changed[at] ^= 1;
        assert!(judged(&changed).is_err(), "byte {at}");
        assert!(judged(&note[..at]).is_err(), "cut at {at}");
    }
}

#[test]
fn a_checkpoint_has_so_many_bytes_and_signatures() {
    let scratch = tempfile::tempdir().unwrap();
    let ledger = ledger(&scratch.path().join("ledger"), 3);
    let note = checkpoint(&ledger).sign(&signer(scratch.path(), "ours")).unwrap().write();
    let (text, signature) = note.split_once("\n\n").unwrap();
    let signed = |times: usize| SignedCheckpoint::read(format!("{text}\n\n{}", signature.repeat(times)).as_bytes());
    assert!(signed(64).is_ok());
    assert_eq!(code(&signed(65).unwrap_err()), "not_a_checkpoint");
    let refused = |bytes: usize| SignedCheckpoint::read(&vec![b'x'; bytes]).unwrap_err();
    assert!(refused((16 << 10) + 1).to_string().contains("more than 16384 bytes"));
    assert!(!refused(16 << 10).to_string().contains("more than"));
}
