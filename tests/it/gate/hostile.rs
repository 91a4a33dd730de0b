//! What a QAR might try who has the installation before them: files of their own, older copies, folders that change
//! while they are read, and a prompt that is left open.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use countersign::gate::Code;
use countersign::keystore::{Cost, Imported, Keystore, Passphrase, Seed};
use countersign::ledger::{Kind, Ledger};
use countersign::store::{State, Store};
use countersign::trust::Trust;

use super::kill::{another_event, event, whole};
use super::run::{Held, Keys, Ran};
use super::world::{
    PASSPHRASE, World, approve, at, live_streams, patched, put_in_force, stream, trust_file, undecided,
};

/// A trust file of one's own, with a lock and an approved report that fit it in everything.
pub fn own_trust() -> World {
    let mut world = World::reference();
    let genesis = world.trust.ledger_genesis.unwrap().to_string();
    let own = trust_file(|trust| {
        trust["ledger_genesis"] = genesis.into();
        trust["store_initialised"] = true.into();
        trust["practice"] = true.into();
        trust["serial"] = 2.into();
    });
    world.trust = Trust::parse(&own).unwrap();
    fs::write(world.folder.path().join("own-trust.json"), own).unwrap();
    world.files = approve(&undecided(), &world.trust);
    world.relock(|_| {});
    world
}

#[test]
fn a_trust_file_that_nobody_put_in_force() {
    let world = own_trust();
    let refusal = world.refused(Code::TrustNotInForce);
    assert_eq!(refusal.reasons().len(), 1, "{:#?}", refusal.reasons());
    put_in_force(&world.trust, &mut Ledger::open(&world.ledger_path).unwrap());
    assert_eq!(world.signed_by_command().status, Some(0));
}

/// The files of the store as they are on disk.
fn store_files(world: &World) -> Vec<(std::path::PathBuf, Option<Vec<u8>>)> {
    let path = world.store_path.to_str().unwrap();
    let files = ["", "-wal", "-shm"].map(|ending| std::path::PathBuf::from(format!("{path}{ending}")));
    files.map(|path| (path.clone(), fs::read(path).ok())).to_vec()
}

fn put_back(files: &[(std::path::PathBuf, Option<Vec<u8>>)]) {
    for (path, bytes) in files {
        match bytes {
            Some(bytes) => fs::write(path, bytes).unwrap(),
            None => drop(fs::remove_file(path)),
        }
    }
}

/// One event is signed, the store is put back as it was before, and another event of the case is brought.
pub fn store_rolled_back() -> World {
    let mut world = World::reference();
    let before = store_files(&world);
    assert_eq!(world.signed_by_command().status, Some(0));
    put_back(&before);
    fs::remove_dir_all(world.folder.path().join("out")).unwrap();
    world.files = another_event().files;
    world
}

#[test]
fn the_store_is_an_older_copy() {
    let world = store_rolled_back();
    let refusal = world.refused(Code::StoreRolledBack);
    assert_eq!(refusal.reasons().len(), 1, "{:#?}", refusal.reasons());
}

/// A decision that was reserved is not signed because it lies in the store.
#[test]
fn the_reserved_decision_is_written_over() {
    for change in [
        "draft = replace(draft, '254900OPPU84GM83MG36', '5493000IBP32UQZ0KL24')",
        "draft = replace(draft, 'LE-2026-017', 'LE-2026-018')",
        "draft = '{}'",
        "report = report || ' '",
    ] {
        let world = World::reference();
        world.lay_out();
        world.held(&mut world.command("sign", Keys::Open), "sign/signature_kept", 1).kill();
        let store = rusqlite::Connection::open(&world.store_path).unwrap();
        assert_eq!(store.execute(&format!("UPDATE reservations SET {change}"), []).unwrap(), 1);
        drop(store);
        let ran = Ran::of(world.command("sign", Keys::Open).output().unwrap());
        assert_ne!(ran.status, Some(0), "{change}");
        assert!(!world.out("event.cesr").exists() && !world.out("decision.dsse.json").exists());
        assert!(world.rows().iter().all(|(kind, _)| *kind != Kind::Decision));
    }
}

/// The last row is taken away: that something was refused is not to be known.
#[test]
fn a_refusal_is_cut_off_the_ledger() {
    let mut world = World::reference();
    world.now = at("2026-03-20T15:06:00Z");
    world.lay_out();
    assert_eq!(Ran::of(world.command("sign", Keys::Absent).output().unwrap()).status, Some(4));
    world.now = at("2026-03-20T15:05:00Z");
    let text = fs::read_to_string(&world.ledger_path).unwrap();
    let cut: String = text.split_inclusive('\n').take(2).collect();
    fs::write(&world.ledger_path, &cut).unwrap();
    let attempt = world.refused_unrecorded(Code::LedgerChanged);
    assert_eq!(attempt.rows, []);
    // With its row, the ledger is the one that was seen.
    fs::write(&world.ledger_path, &text).unwrap();
    assert_eq!(world.signed_by_command().status, Some(0));
}

/// The database that a run has open is no longer the one at its place.
#[test]
fn the_store_is_put_back_while_somebody_looks_for_a_passphrase() {
    let mut world = World::reference();
    world.lay_out();
    let before = store_files(&world);
    let held = world.held(&mut world.command("sign", Keys::Open), "cli/passphrase", 1);
    for (path, _) in &before {
        let _ = fs::remove_file(path);
    }
    put_back(&before);
    let first = held.go_on();
    // Whether or not SQLite noticed, no second event comes through.
    let signed = first.status == Some(0);
    let _ = fs::remove_dir_all(world.folder.path().join("out"));
    world.files = another_event().files;
    let second = world.signed_by_command();
    assert!(!(signed && second.status == Some(0)), "{first:#?} {second:#?}");
    assert_eq!(world.rows().iter().filter(|(kind, _)| *kind == Kind::Decision).count(), 1);
}

/// Another key under the name and identifier of QAR2.
#[test]
fn the_keystore_is_swapped_before_the_command_runs() {
    let world = World::reference();
    super::world::unmutated();
    world.lay_out();
    fs::remove_dir_all(world.folder.path().join("keys")).unwrap();
    let keystore =
        Keystore::new(&world.folder.path().join("keys")).with_cost(Cost { memory_kib: 64, passes: 1, lanes: 1 });
    let aid = crate::proposal::aid(crate::proposal::Q2);
    let keys = Imported { aid, current: Seed::random().unwrap(), next: None };
    keystore.import(&"q2".parse().unwrap(), keys, &Passphrase::new(PASSPHRASE.to_owned())).unwrap();
    let ran = Ran::of(world.command("sign", Keys::Locked).output().unwrap());
    assert_eq!((ran.status, ran.codes()), (Some(4), vec![Code::OtherKey.to_string()]), "{ran:#?}");
    assert_eq!(world.rows().last().unwrap().0, Kind::Refusal);
    assert_eq!(Store::open(&world.store_path, true).unwrap().history().unwrap(), []);
}

/// The prompt is left open: what was cleared at three is not signed at a quarter past.
#[test]
fn a_clearance_grows_old_at_the_prompt() {
    super::world::unmutated();
    for (later, over) in [
        ("2026-03-20T15:05:00Z", false),
        ("2026-03-20T15:05:01Z", true),
        ("2026-03-21T15:00:00Z", true),
        ("2026-03-20T14:59:59Z", true),
    ] {
        let world = World::reference();
        world.lay_out();
        let mut command = world.command("sign", Keys::Open);
        command.env("COUNTERSIGN_REHEARSE_NOW", format!("{},{later}", world.now));
        if over {
            // Who opens a key with it fails.
            command.env("COUNTERSIGN_PASSPHRASE", "another passphrase");
        }
        let ran = Ran::of(command.output().unwrap());
        match over {
            false => assert_eq!(ran.status, Some(0), "{later} {ran:#?}"),
            true => {
                assert_eq!((ran.status, ran.codes()), (Some(4), vec![Code::ClearanceOver.to_string()]), "{later}");
                assert_eq!(world.rows().last().unwrap().0, Kind::Refusal);
                assert_eq!(Store::open(&world.store_path, true).unwrap().history().unwrap(), []);
            }
        }
    }
    let clearance = World::reference().clear().unwrap();
    let refusal = clearance.holds(at("2026-03-20T15:05:01Z")).unwrap_err();
    assert!(refusal.is_for(Code::ClearanceOver));
}

/// The same evidence for a second credential, once the first is in the log.
#[test]
fn a_case_is_signed_for_twice() {
    let mut world = World::reference();
    assert_eq!(world.signed_by_command().status, Some(0));
    fs::remove_dir_all(world.folder.path().join("out")).unwrap();
    let issued = stream("kel-qvi-issued.cesr");
    let text = String::from_utf8(issued.clone()).unwrap();
    let last = text[text.rfind("\"t\":\"ixn\",\"d\":\"").unwrap()..].split('"').nth(7).unwrap().to_owned();
    let [credential, event, anchor] = crate::proposal::bodies();
    let prior = "EAbTpgqkCGRK4OcWb1-xvHipAYTbwXh7t4nXSgvakhZg";
    let next = anchor.replacen("\"s\":\"2\"", "\"s\":\"3\"", 1).replacen(prior, &last, 1);
    let next = countersign::keri::build::consistent(&next).unwrap();
    world.files = super::proposed::proposing(&credential, &event, &next).files;
    let mut streams = live_streams();
    streams[2] = issued;
    world.live.as_mut().unwrap().streams = streams;
    let refusal = world.refused(Code::UsedElsewhere);
    assert!(!refusal.is_for(Code::EventPlace), "{:#?}", refusal.reasons());
}

/// Settings say whom this installation trusts; those that came with the case would say whom its author trusts.
#[cfg(unix)]
#[test]
fn the_settings_lie_in_the_case() {
    use std::os::unix::fs::symlink;
    let world = World::reference();
    world.lay_out();
    let (folder, case) = (world.folder.path(), world.folder.path().join("case"));
    for inside in ["countersign.toml", "bundle/countersign.toml"] {
        fs::copy(folder.join("countersign.toml"), case.join(inside)).unwrap();
    }
    symlink(case.join("bundle"), folder.join("elsewhere")).unwrap();
    symlink(case.join("countersign.toml"), folder.join("mine.toml")).unwrap();
    let command = |verb: &str, at: &Path, case: &str, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.current_dir(at).args([verb, case]).args(more).stdin(Stdio::null());
        Ran::of(command.output().unwrap())
    };
    for (verb, more) in [("gate", &[][..]), ("sign", &["--out", "/nowhere/out", "--keys", "keys"]), ("check", &[])] {
        for (at, path) in [(case.clone(), "."), (case.join("bundle"), ".."), (folder.join("elsewhere"), "..")] {
            let ran = command(verb, &at, path, more);
            assert_eq!(ran.status, Some(2), "{verb} {at:?} {ran:#?}");
            assert!(ran.stderr.contains("countersign::cli::settings_in_case"), "{verb} {at:?} {ran:#?}");
        }
        let ran = command(verb, folder, "case", &[more, &["--config", "mine.toml"]].concat());
        assert!(ran.stderr.contains("countersign::cli::settings_in_case"), "{verb} {ran:#?}");
    }
}

/// A command that has read the case, and is stopped before it decides.
fn loaded(world: &World) -> Held {
    world.lay_out();
    world.held(&mut world.command("sign", Keys::Open), "cli/loaded", 1)
}

/// What was read is what is judged and signed, whatever lies there meanwhile.
#[test]
fn the_case_is_swapped_between_the_look_and_the_signature() {
    let mut world = World::reference();
    let held = loaded(&world);
    world.files = another_event().files;
    world.lay_out();
    let ran = held.go_on();
    assert_eq!(ran.status, Some(4), "{ran:#?}");
    assert_eq!(ran.codes(), [Code::EvidenceChanged.to_string()]);
    assert!(!world.out("event.cesr").exists());
    // And the other way round: a good case put in the place of a bad one saves nothing.
    let mut world = World::reference();
    world.files.get_mut("bundle/raw/contract.txt").unwrap()[0] ^= 1;
    let held = loaded(&world);
    world.files = World::reference().files;
    world.lay_out();
    let ran = held.go_on();
    assert_eq!(ran.status, Some(4), "{ran:#?}");
    assert!(ran.codes().contains(&Code::EvidenceChanged.to_string()));
}

/// A file that somebody else writes while the case is read: as it was sealed, or not at all.
#[test]
fn a_bundle_changes_while_it_is_read() {
    let world = World::reference();
    world.lay_out();
    let path = world.folder.path().join("case/bundle/raw/contract.txt");
    let good = fs::read(&path).unwrap();
    let mut bad = good.clone();
    bad[0] ^= 1;
    let done = std::sync::atomic::AtomicBool::new(false);
    let (mut signed, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                for bytes in [&bad, &good, &good[..good.len() / 2].to_vec()] {
                    fs::write(&path, bytes).unwrap();
                    std::thread::sleep(std::time::Duration::from_micros(300));
                }
            }
        });
        for _ in 0..6 {
            let ran = Ran::of(world.command("gate", Keys::Absent).output().unwrap());
            match ran.status {
                Some(0) => signed += 1,
                Some(4) => {
                    assert!(ran.codes().contains(&Code::EvidenceChanged.to_string()), "{ran:#?}");
                    refused += 1;
                }
                _ => {
                    done.store(true, std::sync::atomic::Ordering::Relaxed);
                    panic!("{ran:#?}");
                }
            }
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(signed + refused, 6);
    fs::write(&path, good).unwrap();
    assert_eq!(world.signed_by_command().status, Some(0));
}

/// Evidence that is a link, a pipe, or as large as a disk.
#[cfg(unix)]
#[test]
fn files_that_are_no_evidence() {
    use std::os::unix::fs::symlink;
    super::world::unmutated();
    type Place = fn(&Path);
    let places: [Place; 5] = [
        // To the very bytes that were sealed.
        |case| {
            let (file, aside) = (case.join("bundle/raw/contract.txt"), case.join("../contract.txt"));
            fs::rename(&file, &aside).unwrap();
            symlink(aside, file).unwrap();
        },
        |case| {
            fs::rename(case.join("bundle"), case.join("../aside")).unwrap();
            symlink("../aside", case.join("bundle")).unwrap();
        },
        |case| {
            assert!(Command::new("mkfifo").arg(case.join("decision/08-pipe.json")).status().unwrap().success());
        },
        |case| File::create(case.join("bundle/large.bin")).unwrap().set_len(1 << 40).unwrap(),
        |case| File::create(case.join("decision/09-large.json")).unwrap().set_len(1 << 40).unwrap(),
    ];
    for (number, place) in places.into_iter().enumerate() {
        let world = World::reference();
        world.lay_out();
        place(&world.folder.path().join("case"));
        let ran = Ran::of(world.command("sign", Keys::Absent).output().unwrap());
        assert_eq!(ran.status, Some(4), "{number} {ran:#?}");
        assert!(ran.codes().contains(&Code::EvidenceChanged.to_string()), "{number} {ran:#?}");
        assert_eq!(world.rows().last().unwrap().0, Kind::Refusal);
    }
}

/// Another name for the same file is the same file; its bytes count.
#[test]
fn a_second_name_of_a_file_changes_nothing() {
    let world = World::reference();
    world.lay_out();
    let (file, other) =
        (world.folder.path().join("case/bundle/raw/contract.txt"), world.folder.path().join("other.txt"));
    fs::hard_link(&file, &other).unwrap();
    let held = world.held(&mut world.command("sign", Keys::Open), "cli/loaded", 1);
    fs::write(&other, b"something else").unwrap();
    assert_eq!(held.go_on().status, Some(0));
    fs::remove_dir_all(world.folder.path().join("out")).unwrap();
    let again = Ran::of(world.command("sign", Keys::Absent).output().unwrap());
    assert!(again.codes().contains(&Code::EvidenceChanged.to_string()));
}

/// A live file without an end, and one that is none.
#[test]
fn live_files_that_are_none() {
    let world = World::reference();
    world.lay_out();
    File::options().write(true).open(world.folder.path().join("live-0.cesr")).unwrap().set_len(1 << 40).unwrap();
    let ran = Ran::of(world.command("sign", Keys::Absent).output().unwrap());
    assert_eq!(ran.status, Some(2), "{ran:#?}");
    assert!(ran.stderr.contains("countersign::cli::too_large"), "{ran:#?}");
    fs::remove_file(world.folder.path().join("live-0.cesr")).unwrap();
    let ran = Ran::of(world.command("sign", Keys::Absent).output().unwrap());
    assert_eq!(ran.status, Some(2), "{ran:#?}");
}

/// Two records with one id, two approvals of one moment, two submissions.
#[test]
fn a_record_stands_there_twice() {
    for (name, code) in [
        ("06-approval", Code::NotApproved),
        ("04-submission", Code::NotSubmitted),
        ("02-assignment-qar2", Code::NotClean),
        ("03-proposal", Code::NotClean),
    ] {
        let mut world = World::reference();
        for ending in ["json", "sig.cesr"] {
            let bytes = world.files[&format!("decision/{name}.{ending}")].clone();
            world.files.insert(format!("decision/99-{name}.{ending}"), bytes);
        }
        world.refused(code);
    }
}

/// What people are called is shown, and does not steer the terminal or hide anything.
#[test]
fn names_that_are_no_names() {
    for name in ["Q2\\u202e", "Q2\\u0000", "\\uff312", "Q2\\u001b[2J", "Q2 "] {
        let steps = format!("  - set: decision/02-assignment-qar2.json#/person_id\n    to: \"{name}\"\n");
        let world = World::with("", &steps);
        world.refused(Code::NotRostered);
        let ran = Ran::of(world.command_as("gate", Keys::Absent, "human").output().unwrap());
        assert_eq!(ran.status, Some(4));
        let odd = |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!ran.stdout.contains(odd), "{:?}", ran.stdout);
    }
}

/// What a killed process of the same number left is not in the way: in a container it is always the same number.
#[cfg(unix)]
#[test]
fn what_a_killed_process_left_is_not_in_the_way() {
    let world = World::reference();
    world.lay_out();
    let command = world.command("sign", Keys::Open);
    let left = "mkdir -p out && for name in report.json decision.dsse.json event.cesr; do echo half > \
                out/.$name.$$.part; done; exec \"$0\" \"$@\"";
    let mut shell = Command::new("sh");
    shell.current_dir(world.folder.path()).args(["-c", left]).arg(command.get_program()).args(command.get_args());
    shell.env("COUNTERSIGN_PASSPHRASE", PASSPHRASE).env("COUNTERSIGN_REHEARSE_NOW", world.now.to_string());
    let ran = Ran::of(shell.output().unwrap());
    assert_eq!(ran.status, Some(0), "{ran:#?}");
    whole(&world);
    assert_eq!(fs::read_dir(world.folder.path().join("out")).unwrap().count(), 3);
}

/// Two versions of the group's log, both signed.
#[test]
fn the_live_log_is_another_one_than_the_evidence_has() {
    let mut world = World::with("  - set: streams/kel-qvi.cesr#/-\n    to: { t: ixn, a: [] }\n", "");
    world.live.as_mut().unwrap().streams[2] = stream("kel-qvi-issued.cesr");
    world.refused(Code::LiveContradicts);
}

#[test]
fn there_is_no_roster() {
    World::with("  - remove: records/qar-roster.json\n", "").refused(Code::NoRoster);
}

#[test]
fn the_proposal_is_no_stream() {
    let mut world = World::reference();
    world.files.insert("decision/03-proposal.cesr".to_owned(), b"{}".to_vec());
    world.refused(Code::ProposalUnusable);
}

#[test]
fn the_evidence_proves_nothing_that_could_be_signed() {
    let mut world = World::reference();
    let at = world.live.as_ref().unwrap().streams[2].len() - 10;
    let byte = &mut world.live.as_mut().unwrap().streams[2][at];
    *byte = if *byte == b'A' { b'B' } else { b'A' };
    world.refused(Code::NotProven);
}

/// The installation has its official schemas in this folder.
fn with_schemas(world: &World, folder: &Path) {
    world.lay_out();
    let settings = world.folder.path().join("countersign.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, format!("{text}schemas = {:?}\n", folder.to_str().unwrap())).unwrap();
}

/// Nobody pulled it: no folder is named, it is not there yet, or there is nothing in it.
#[test]
fn the_official_schema_is_not_at_hand() {
    let world = World::real();
    let refusal = world.refused(Code::SchemaMissing);
    assert_eq!(refusal.reasons().len(), 1, "{:#?}", refusal.reasons());
    assert!(refusal.reasons()[0].message.contains("`ENPXp1vQzRF6JwIuS-mp2U8Uf1MoADoP_GqQ62VsDZWY`"));
    assert!(Code::SchemaMissing.help().contains("`countersign schema pull SAID`"));
    let empty = world.folder.path().join("schemas");
    fs::create_dir(&empty).unwrap();
    for folder in [&empty, Path::new("nowhere")] {
        with_schemas(&world, folder);
        let ran = Ran::of(world.command("sign", Keys::Absent).output().unwrap());
        assert_eq!((ran.status, ran.codes()), (Some(4), vec![Code::SchemaMissing.to_string()]), "{ran:#?}");
    }
    // Where people practise they need none; but who names a folder there has it as well.
    let practice = World::reference();
    with_schemas(&practice, &empty);
    let ran = Ran::of(practice.command("sign", Keys::Absent).output().unwrap());
    assert_eq!((ran.status, ran.codes()), (Some(4), vec![Code::SchemaMissing.to_string()]), "{ran:#?}");
}

/// The official schemas are not part of this repository; where they are beside it, the real thing signs.
#[test]
fn with_the_official_schema_at_hand_it_signs() {
    let Some(folder) = crate::keri::shared("keri/schemas") else { return };
    let world = World::real();
    with_schemas(&world, &folder);
    let ran = Ran::of(world.command("sign", Keys::Open).output().unwrap());
    assert_eq!(ran.status, Some(0), "{ran:#?}");
    whole(&world);
}

#[test]
fn the_lock_is_no_lock() {
    for bytes in [&b"{"[..], b"{}", b"", &[0xff; 40]] {
        let world = World::reference();
        world.lay_out();
        fs::write(world.folder.path().join("lock.json"), bytes).unwrap();
        let ran = Ran::of(world.command("sign", Keys::Absent).output().unwrap());
        assert_eq!(ran.status, Some(4), "{ran:#?}");
        assert_eq!(ran.codes()[0], Code::LockUnusable.to_string());
        assert_eq!(world.rows().last().unwrap().0, Kind::Refusal);
    }
}

/// The clock is set back to before the case was submitted, and everything else with it.
#[test]
fn the_clock_is_behind_the_case() {
    let mut world = World::reference();
    let early = super::world::report(
        &undecided(),
        &world.trust,
        "2026-03-19T09:00:00Z",
        countersign::compile::program::Stage::Proposal,
    );
    world.files = super::world::with_report(&undecided(), &early);
    world.now = at("2026-03-19T09:10:00Z");
    world.live.as_mut().unwrap().fetched_at = at("2026-03-19T09:09:00Z");
    world.refused(Code::NotClean);
}

/// As of yesterday everything was fine.
#[test]
fn the_report_is_as_of_yesterday() {
    let mut world = World::reference();
    let trust = &world.trust;
    let report = super::world::report(
        &undecided(),
        trust,
        "2026-03-19T15:00:00Z",
        countersign::compile::program::Stage::Proposal,
    );
    world.files = super::world::with_report(&undecided(), &report);
    world.refused(Code::ReportTooOld);
}

/// The key of QAR2 was rotated in the evidence itself, and the approval is by the one before.
#[test]
fn the_approval_is_by_a_key_that_was_rotated_out_before() {
    let reference = World::reference().files;
    let rotated = patched(&reference, "  - set: streams/kel-q2.cesr#/-\n    to: { t: rot }\n");
    let mut world = World::reference();
    world.files = rotated;
    // The signature as it was made with the old key.
    let old = reference["decision/06-approval.sig.cesr"].clone();
    world.files.insert("decision/06-approval.sig.cesr".to_owned(), old);
    world.refused(Code::NotApproved);
}

#[test]
fn a_store_that_was_never_given_out_is_told() {
    let mut world = World::reference();
    world.lay_out();
    world.held(&mut world.command("sign", Keys::Open), "sign/row_kept", 1).kill();
    let kept = Store::open(&world.store_path, true).unwrap().unfinished().unwrap();
    assert_eq!(kept.iter().map(|held| held.state).collect::<Vec<_>>(), [State::Logged]);
    world.now = at("2026-03-20T15:01:00Z");
    assert_eq!(world.signed_by_command().status, Some(0));
    assert_eq!(fs::read(world.out("event.cesr")).unwrap(), event());
}
