//! How an act comes into a case: all of it, once, after what was seen.

use std::process::{Command, Stdio};
use std::thread;

use super::*;

fn seen(case: &Case) -> Seen {
    Seen::of(case.snapshot().iter().map(|(_, file)| (file.path.clone(), file.sha256().unwrap())))
}

fn draft(case: &Case, now: &str, role: Role, person: &str) -> Signed {
    let snapshot = case.snapshot();
    let known = check::known(&snapshot, at(now), &[]);
    let desk = Desk::open(&snapshot, &program().schema, &case.trust, &known, at(now)).unwrap();
    let actor = Actor { person: "Q3".to_owned(), aid: aid("Q3") };
    case::assign(&desk, &actor, &[(role, person)]).unwrap().sign(&case.signer("Q3")).unwrap()
}

#[test]
fn of_two_acts_on_one_record_one_is_refused() {
    let case = Case::sealed();
    let before = seen(&case);
    let one = draft(&case, "2026-03-17T09:00:00Z", Role::Qar1, "Q1");
    let other = draft(&case, "2026-03-17T09:00:00Z", Role::Qar2, "Q2");
    folder::add(&case.path(), &before, one.files()).unwrap();
    let error = folder::add(&case.path(), &before, other.files()).unwrap_err();
    assert_eq!(code(&error), "countersign::store::case_moved");
    assert_eq!(case.decided(), ["01-assignment-qar1.json", "01-assignment-qar1.sig.cesr"]);

    // So it is when the evidence was sealed anew, or a record changed.
    let before = seen(&case);
    let next = draft(&case, "2026-03-17T09:05:00Z", Role::Qar2, "Q2");
    let manifest = fs::read(case.path().join("bundle/manifest.json")).unwrap();
    case.put("bundle/manifest.json", b"{}");
    assert_eq!(code(&folder::add(&case.path(), &before, next.files()).unwrap_err()), "countersign::store::case_moved");
    case.put("bundle/manifest.json", &manifest);
    folder::add(&case.path(), &before, next.files()).unwrap();
    assert_eq!(case.decided().len(), 4);
}

#[test]
fn of_many_at_once_one_is_written() {
    for _ in 0..5 {
        let case = Case::sealed();
        let before = seen(&case);
        let acts: Vec<Signed> =
            ["Q1", "Q2"].iter().map(|who| draft(&case, "2026-03-17T09:00:00Z", Role::Qar1, who)).collect();
        let written = thread::scope(|scope| {
            let add = |act: &Signed| folder::add(&case.path(), &before, act.files()).is_ok();
            let running: Vec<_> = acts.iter().chain(&acts).map(|act| scope.spawn(move || add(act))).collect();
            running.into_iter().map(|thread| thread.join().unwrap()).filter(|done| *done).count()
        });
        assert_eq!(written, 1);
        assert_eq!(case.decided().len(), 2);
        assert_eq!(check::problems(&case.snapshot(), &program().schema), []);
    }
}

#[test]
fn what_a_crash_interrupted_is_finished_by_the_next_act() {
    let case = Case::sealed();
    let act = draft(&case, "2026-03-17T09:00:00Z", Role::Qar1, "Q1");
    let stage = |files: &[(String, Vec<u8>)], folder: &str| {
        for (place, (path, bytes)) in files.iter().enumerate() {
            let name = path.strip_prefix("decision/").unwrap();
            case.put(&format!("{folder}/{place:02}.{name}"), bytes);
        }
    };
    // Before the rename nothing counts, and nobody reads it.
    stage(act.files(), ".act.4711.part");
    assert_eq!(folder::finish(&case.path()).unwrap(), Vec::<String>::new());
    assert_eq!(case.decided(), Vec::<String>::new());
    assert_eq!(check::problems(&case.snapshot(), &program().schema), []);

    // After it, each point at which it may have stopped.
    for moved in 0..=act.files().len() {
        let case_folder = case.path().join("decision");
        let _ = fs::remove_dir_all(&case_folder);
        stage(act.files(), ".act");
        for (place, (path, bytes)) in act.files().iter().enumerate().take(moved) {
            case.put(path, bytes);
            // The last one was linked and not yet taken away.
            if place + 1 < moved {
                let name = path.strip_prefix("decision/").unwrap();
                fs::remove_file(case.path().join(format!(".act/{place:02}.{name}"))).unwrap();
            }
        }
        folder::finish(&case.path()).unwrap();
        assert_eq!(case.decided().len(), 2, "{moved}");
        assert!(!case.path().join(".act").exists());
        assert_eq!(check::problems(&case.snapshot(), &program().schema), []);
        assert_eq!(folder::finish(&case.path()).unwrap(), Vec::<String>::new());
    }
    // The next act finds it done.
    case.assign("2026-03-17T09:05:00Z", "Q3", Role::Qar2, "Q2").unwrap();
}

#[test]
fn what_is_there_with_other_content_is_not_replaced() {
    let case = Case::sealed();
    let act = draft(&case, "2026-03-17T09:00:00Z", Role::Qar1, "Q1");
    for (place, (path, bytes)) in act.files().iter().enumerate() {
        case.put(&format!(".act/{place:02}.{}", path.strip_prefix("decision/").unwrap()), bytes);
    }
    case.put("decision/01-assignment-qar1.sig.cesr", b"something else");
    let error = folder::finish(&case.path()).unwrap_err();
    assert_eq!(code(&error), "countersign::store::case_write");
    assert!(error.to_string().contains("01-assignment-qar1.sig.cesr"), "{error}");
    assert_eq!(fs::read(case.path().join("decision/01-assignment-qar1.sig.cesr")).unwrap(), b"something else");
}

#[test]
fn an_act_writes_into_decision_only() {
    let case = Case::sealed();
    let before = seen(&case);
    for path in ["bundle/x.json", "decision/../x.json", "decision/a/b.json", "decision/", "decision/.hidden", "x"] {
        let error = folder::add(&case.path(), &before, &[(path.to_owned(), b"{}".to_vec())]).unwrap_err();
        assert_eq!(code(&error), "countersign::store::case_write", "{path}");
    }
    assert_eq!(case.decided(), Vec::<String>::new());
    let names: Vec<String> = fs::read_dir(case.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names, ["bundle"]);
}

const CASE: &str = "COUNTERSIGN_TEST_CASE";

/// Another run of this test binary, which makes one act after the other until it is killed.
fn process(test: &str, case: &Path) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(CASE, case)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_process_that_is_killed_leaves_whole_acts() {
    let test = "case::written::a_process_that_is_killed_leaves_whole_acts";
    if let Ok(folder) = std::env::var(CASE) {
        // Acts of two files each, as fast as they can be written.
        for round in 0..100_000 {
            let path = Path::new(&folder);
            let snapshot = Snapshot::read(path, &Limits::STANDARD).unwrap();
            let seen = Seen::of(snapshot.iter().filter_map(|(_, file)| Some((file.path.clone(), file.sha256()?))));
            let files = ["sig.cesr", "json"].map(|ending| (format!("decision/{round:05}.{ending}"), vec![b'x'; 4096]));
            if folder::add(path, &seen, &files).is_err() {
                return;
            }
        }
        return;
    }
    for round in 0..8u32 {
        let scratch = tempfile::tempdir().unwrap();
        fs::create_dir(scratch.path().join("decision")).unwrap();
        let mut child = process(test, scratch.path());
        let decided = || fs::read_dir(scratch.path().join("decision")).unwrap().count();
        while decided() < 3 + round as usize {
            thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        folder::finish(scratch.path()).unwrap();
        assert!(!scratch.path().join(".act").exists());
        assert_eq!(decided() % 2, 0, "half an act");
        for entry in fs::read_dir(scratch.path().join("decision")).unwrap() {
            assert_eq!(entry.unwrap().metadata().unwrap().len(), 4096);
        }
    }
}
