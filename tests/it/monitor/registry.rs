//! What registries and cases give rise to: alarms, cascades and the grace period.

use std::fs;

use countersign::monitor::finding::Kind;

use super::root::{MORNING, Root};
use crate::fixture::fixtures;
use crate::keri::forge::{DUMMY, LE, finish};

#[test]
fn a_quiet_day_leaves_nothing_open_and_says_so_twice() {
    let root = Root::quiet();
    let first = root.run(MORNING, &["--once"]);
    assert_eq!((first.status, first.told()), (Some(0), Vec::new()), "{}", first.stderr);
    assert_eq!(first.summary()["credentials"], serde_json::json!({ "issued": 2, "revoked": 2 }));
    assert_eq!(first.summary()["case_signatures"], "not verified");
    let rows = root.rows().len();
    let second = root.run(MORNING, &["--once"]);
    assert_eq!((second.status, second.told()), (Some(0), Vec::new()));
    assert_eq!(root.rows().len(), rows + 1, "only that a run was done");
}

#[test]
fn every_clause_of_a_finding_is_a_rule_of_the_book() {
    let program = countersign::compile::shipped().unwrap();
    for kind in Kind::ALL {
        let known = |id: &str| program.rules.iter().any(|rule| rule.id == id);
        assert!(kind.rule().is_none_or(known), "{}", kind.as_str());
    }
}

#[test]
fn an_issuance_without_a_case_is_an_alarm_until_the_case_is_there() {
    let root = Root::quiet();
    // Without the register, the cases are all that explains.
    fs::remove_dir_all(root.path().join("cases/monitoring")).unwrap();
    fs::remove_dir_all(root.path().join("cases/ecr")).unwrap();
    let found = root.run(MORNING, &[]);
    assert_eq!(found.status, Some(1));
    let orphans = found.of("orphan-event");
    assert_eq!(orphans.len(), 4, "ecr, the end of oor, beta and its end: {:?}", found.told());
    let issuance = "ECUnV7M1YRkrTOTgzLI07-niuoLK0B7KJ-VlXPLtF6oP";
    assert!(orphans.iter().any(|line| line["finding"]["subject"] == issuance));
    assert!(orphans.iter().all(|line| line["finding"]["rule"] == "EGF3-TR1-6.7.1"));

    let again = root.run("2026-04-29T06:40:00Z", &[]);
    assert_eq!(again.of("orphan-event").len(), 4);
    assert!(again.of("orphan-event").iter().all(|line| line["event"] == "open" && line["first_seen"] == MORNING));

    root.case("ecr");
    let resolved = root.run("2026-04-29T06:50:00Z", &[]);
    let line = resolved.lines.iter().find(|line| line["finding"]["subject"] == issuance).unwrap();
    assert_eq!(line["event"], "resolved");
    assert_eq!(resolved.of("orphan-event").len(), 4);
}

/// Cases as one tar each, deeper in the folder, and streams that lie elsewhere.
#[test]
fn cases_in_tar_files_and_named_streams_do_as_well() {
    let root = Root::quiet();
    let cases = root.path().join("cases");
    fs::create_dir_all(cases.join("2026/q2")).unwrap();
    for name in ["monitoring", "b0", "oor", "ecr"] {
        let mut archive = tar::Builder::new(fs::File::create(cases.join(format!("2026/q2/{name}.tar"))).unwrap());
        archive.append_dir_all(name, cases.join(name)).unwrap();
        archive.finish().unwrap();
        fs::remove_dir_all(cases.join(name)).unwrap();
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let mut more = Vec::new();
    for entry in fs::read_dir(root.path().join("registries")).unwrap() {
        let path = entry.unwrap().path();
        let target = elsewhere.path().join(path.file_name().unwrap());
        fs::rename(&path, &target).unwrap();
        more.extend(["--tel".to_owned(), target.to_str().unwrap().to_owned()]);
    }
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    let run = root.run(MORNING, &more);
    assert_eq!((run.status, run.told()), (Some(0), Vec::new()), "{}", run.stderr);
    assert_eq!(run.summary()["cases"], 4);
    fs::remove_file(cases.join("2026/q2/monitoring.tar")).unwrap();
    fs::remove_file(cases.join("2026/q2/ecr.tar")).unwrap();
    let run = root.run("2026-04-29T06:40:00Z", &more);
    assert_eq!(run.of("orphan-event").len(), 4, "{:?}", run.told());
}

#[test]
fn a_case_that_nobody_approved_explains_nothing() {
    let root = Root::quiet();
    fs::remove_dir_all(root.path().join("cases/monitoring")).unwrap();
    fs::remove_file(root.path().join("cases/ecr/decision/06-approval.json")).unwrap();
    let found = root.run(MORNING, &[]);
    let undecided = found.of("undecided-event");
    assert_eq!(undecided.len(), 1, "{:?}", found.told());
    assert!(undecided[0]["finding"]["message"].as_str().unwrap().contains("ECR-2026-004"));
    assert_eq!(found.status, Some(1));
}

/// The authorization of an official role is revoked, the role is not.
#[test]
fn a_role_follows_its_authorization_within_the_hours_of_the_rule_book() {
    let root = Root::empty();
    root.case("b0");
    root.case("oor");
    let keri = fixtures().join("keri");
    root.streams("b0", &["kel-"], "2026-04-20T08:00:00Z");
    root.streams("watch", &["tel-le", "tel-qvi", "tel-oor-auth", "credential-"], "2026-04-20T08:00:00Z");
    root.streams("roles", &["tel-auth-oor", "role-oor"], "2026-04-20T08:00:00Z");
    for name in ["kel-le-oor-revocation", "kel-qvi-before-oor-revocation", "tel-auth-oor-revocation"] {
        root.stream(&keri.join(format!("revocations/{name}.cesr")), &format!("{name}.cesr"), "2026-04-20T09:30:00Z");
    }
    let oor = "ENk9yyyGGB1tHeKx-ymV8jSyLUlOn-SXaerGCOoozeLO";
    let due = |now: &str, more: &[&str]| {
        let run = root.run(now, more);
        let lines = run.of("role-ground-gone");
        let line = lines.iter().find(|line| line["finding"]["subject"] == oor);
        let line = (*line.unwrap_or_else(|| panic!("{:?} {}", run.told(), run.stderr))).clone();
        assert_eq!(run.status, Some(1));
        line
    };
    let line = due("2026-04-20T10:00:00Z", &[]);
    assert_eq!(line["event"], "opened");
    assert_eq!(line["finding"]["rule"], "QVIW-35");
    assert_eq!(line["seconds_left"], 23 * 3600, "{line}");
    let line = due("2026-04-21T09:00:00Z", &[]);
    assert_eq!((&line["event"], &line["finding"]["overdue"]), (&"open".into(), &false.into()), "the last instant");
    let line = due("2026-04-21T09:00:01Z", &[]);
    assert_eq!((&line["event"], &line["finding"]["overdue"]), (&"changed".into(), &true.into()));

    for name in ["kel-qvi-after-oor-revocation", "tel-role-oor-revocation"] {
        root.stream(&keri.join(format!("revocations/{name}.cesr")), &format!("{name}.cesr"), "2026-04-21T10:00:00Z");
    }
    let run = root.run("2026-04-21T10:30:00Z", &[]);
    let lines = run.of("role-ground-gone");
    assert_eq!(lines[0]["event"], "resolved", "{:?}", run.told());
}

/// What an entity dates in the future to win time begins when it is seen.
#[test]
fn the_hours_of_another_rule_book_are_counted() {
    let root = Root::empty();
    root.case("b0");
    root.case("oor");
    let keri = fixtures().join("keri");
    root.streams("b0", &["kel-"], "2026-04-20T08:00:00Z");
    root.streams("watch", &["tel-le", "tel-qvi", "credential-"], "2026-04-20T08:00:00Z");
    root.streams("roles", &["role-oor"], "2026-04-20T08:00:00Z");
    for name in ["kel-le-oor-revocation", "kel-qvi-before-oor-revocation", "tel-auth-oor-revocation"] {
        root.stream(&keri.join(format!("revocations/{name}.cesr")), &format!("{name}.cesr"), "2026-04-20T09:30:00Z");
    }
    // Seen an hour before the date that its issuer gave it.
    let run = root.run("2026-04-20T08:00:00Z", &["--set", "role_revocation_time=2h"]);
    assert_eq!(run.of("role-ground-gone")[0]["finding"]["due_at"], "2026-04-20T10:00:00Z", "{:?}", run.told());
    let run = root.run("2026-04-20T08:30:00Z", &["--set", "role_revocation_time=2h"]);
    assert_eq!(run.of("role-ground-gone")[0]["finding"]["due_at"], "2026-04-20T10:00:00Z");
}

/// The log of the QVI up to the end of the entity's credential, then to that of its roles.
#[test]
fn with_the_credential_of_the_entity_its_roles_go() {
    let root = Root::empty();
    for name in ["b0", "oor", "ecr", "le-revocation"] {
        root.case(name);
    }
    root.streams("b0", &["kel-"], "2026-05-06T08:00:00Z");
    root.streams("watch", &["tel-qvi", "credential-"], "2026-05-06T08:00:00Z");
    root.streams("roles", &["role-oor", "role-ecr", "tel-auth", "kel-le"], "2026-05-06T08:00:00Z");
    root.streams("revocations", &["tel-le-le-revocation."], "2026-05-06T14:00:00Z");
    let whole = fixtures().join("keri/revocations/kel-qvi-after-le-revocation.cesr");
    let text = fs::read_to_string(&whole).unwrap();
    let (at, _) = text.match_indices("{\"v\":\"KERI10").nth(6).unwrap();
    let cut = root.path().join("cut.cesr");
    fs::write(&cut, &text[..at]).unwrap();
    root.stream(&cut, "kel-qvi.cesr", "2026-05-06T14:00:00Z");
    let run = root.run("2026-05-06T14:30:00Z", &[]);
    let due = run.of("role-ground-gone");
    assert_eq!(due.len(), 2, "both roles: {:?} {}", run.told(), run.stderr);
    let entity = "EN0J20c4cxM42FLjf4mtts0q20dSreqXjgeGRcia0Mfa";
    for line in &due {
        assert!(line["finding"]["message"].as_str().unwrap().contains(entity), "{line}");
        assert!(line["seconds_left"].as_i64().unwrap() > 0, "{line}");
    }
    assert_eq!(run.status, Some(1));
    assert_eq!(run.summary()["credentials"]["to be revoked"], 2);
    assert!(run.of("orphan-event").is_empty(), "the case of the revocation explains it: {:?}", run.told());

    // The log goes on, and the streams withhold the events that it seals.
    root.stream(&whole, "kel-qvi.cesr", "2026-05-06T15:00:00Z");
    let run = root.run("2026-05-06T15:30:00Z", &[]);
    assert_eq!(run.of("role-ground-gone").iter().filter(|line| line["event"] == "resolved").count(), 2);
    assert_eq!(run.summary()["credentials"]["revoked"], 3);
}

/// A case that was approved after the register of the day was sealed is no key compromise.
#[test]
fn a_register_that_is_older_than_an_approved_case_warns() {
    let root = Root::quiet();
    let path = root.path().join("cases/monitoring/bundle/records/case-register.json");
    let mut register: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    register["entries"].as_array_mut().unwrap().retain(|entry| entry["case_id"] != "ECR-2026-004");
    seal_again(&root, &path, &register);
    let run = root.run(MORNING, &[]);
    let found = |rule: &str| {
        let lines = run.of("rule");
        let found = lines.into_iter().find(|line| line["finding"]["rule"] == rule);
        found.unwrap_or_else(|| panic!("{:?} {}", run.told(), run.stderr)).clone()
    };
    let line = found("EGF3-TR1-6.7.1");
    assert_eq!(line["finding"]["class"], "warn", "{line}");
    assert!(line["finding"]["message"].as_str().unwrap().contains("ECR-2026-004"), "{line}");

    // Without the case, the same is an alarm, by the clock of the watch, once.
    fs::remove_dir_all(root.path().join("cases/ecr")).unwrap();
    let run = root.run("2026-04-29T06:40:00Z", &[]);
    assert_eq!(run.of("orphan-event").len(), 1, "{:?}", run.told());
    let open = run.of("rule").into_iter().filter(|line| line["event"] != "resolved").count();
    assert_eq!((run.status, open), (Some(1), 0), "{:?}", run.told());
}

/// Writes a record of a sealed case anew, and its digest into the manifest; nobody signs it.
fn seal_again(root: &Root, path: &std::path::Path, record: &serde_json::Value) {
    fs::write(path, format!("{record:#}\n")).unwrap();
    let manifest = root.path().join("cases/monitoring/bundle/manifest.json");
    let mut value: serde_json::Value = serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
    let bytes = fs::read(path).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    for entry in value["entries"].as_array_mut().unwrap() {
        if entry["path"].as_str().unwrap().ends_with(&format!("/{name}")) {
            entry["sha256"] = countersign::primitives::Sha256::of(&bytes).to_string().into();
            entry["size"] = bytes.len().into();
        }
    }
    fs::write(&manifest, value.to_string()).unwrap();
}

#[test]
fn the_grace_period_counts_down_and_ends() {
    let root = Root::empty();
    root.case("monitoring-grace");
    root.streams("watch", &["kel-", "tel-"], "2026-08-02T05:15:00Z");
    for name in ["kel-geda", "kel-other-qvi", "tel-moved", "tel-other-qvi", "tel-qvi"] {
        let from = fixtures().join(format!("keri/watch/grace-{name}.cesr"));
        root.stream(&from, &format!("{name}.cesr"), "2026-08-02T05:15:00Z");
    }
    root.says("254900OPPU84GM83MG36", "ISSUED", "2027-05-01T00:00:00Z", "2026-08-02T00:00:00Z", "2026-08-02T06:10:00Z");
    let run = root.run("2026-08-02T11:00:00Z", &[]);
    let [grace] = run.of("grace")[..] else { panic!("{:?} {}", run.told(), run.stderr) };
    assert_eq!(grace["seconds_left"], 3600);
    assert_eq!(grace["finding"]["due_at"], "2026-08-02T12:00:00Z");
    assert_eq!(run.status, Some(1));
    assert!(run.of("grace-over").is_empty());
    assert_eq!(run.summary()["credentials"]["ghosts"], 2);
    let run = root.run("2026-08-02T12:00:01Z", &[]);
    assert_eq!(run.of("grace-over").len(), 2, "{:?}", run.told());
    let rules: Vec<&str> = run.of("rule").iter().map(|line| line["finding"]["rule"].as_str().unwrap()).collect();
    assert!(rules.contains(&"EGF3-ECR-6.7.1.5-6"), "{rules:?}");
}

#[test]
fn what_cannot_be_read_is_told_and_nothing_passes_for_it() {
    let root = Root::quiet();
    fs::write(root.path().join("registries/broken.cesr"), "{\"v\":").unwrap();
    fs::write(root.path().join("cases/broken.tar"), "no tar").unwrap();
    let run = root.run(MORNING, &[]);
    assert_eq!(run.status, Some(3), "{:?}", run.told());
    assert_eq!(run.of("stream-unreadable").len(), 1);
    assert_eq!(run.of("case-unreadable").len(), 1);
    let nothing = Root::empty();
    let run = nothing.run(MORNING, &[]);
    assert_eq!(run.status, Some(2));
    assert!(run.stderr.contains("there is no stream of a registry"), "{}", run.stderr);
    nothing.streams("watch", &["kel-le", "tel-le"], MORNING);
    let run = nothing.run(MORNING, &[]);
    assert!(run.stderr.contains("the log of the QVI"), "{}", run.stderr);
    assert_eq!(run.status, Some(2));
}

/// Beyond it the rules are not heard, which is told; the clocks go on.
#[test]
fn rules_judge_so_many_credentials() {
    let root = Root::quiet();
    let sealed = countersign::bundle::Snapshot::read(
        &root.path().join("cases/monitoring"),
        &countersign::bundle::Limits::STANDARD,
    );
    let sealed = countersign::monitor::cases::read("case".into(), &sealed.unwrap()).texts.len();
    let somebody = countersign::primitives::Said::of(b"somebody");
    let credential = |number: usize| {
        let body = format!(
            r#"{{"v":"ACDC10JSON000000_","d":"{DUMMY}","i":"{somebody}","ri":"{somebody}","s":"{LE}","a":{{"dt":"{number}"}}}}"#
        );
        finish(body).0
    };
    let run = |count: usize, now: &str| {
        let stream: String = (0..count).map(credential).collect();
        let path = root.path().join("registries/many.cesr");
        fs::write(&path, stream).unwrap();
        super::root::touch(&path, "2026-04-29T05:15:00Z");
        let run = root.run(now, &[]);
        let not_judged = run.of("rule").iter().any(|line| line["finding"]["subject"] == "monitoring");
        (not_judged, run.stderr)
    };
    let (not_judged, stderr) = run(250 - sealed, MORNING);
    assert!(!not_judged, "{stderr}");
    let (not_judged, stderr) = run(251 - sealed, "2026-04-29T06:40:00Z");
    assert!(not_judged, "{stderr}");
}
