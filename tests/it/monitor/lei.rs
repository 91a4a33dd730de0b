//! LEIs: renewals, lapses, gaps; the API, a Golden Copy, saved records; and that the logs are evidence.

use std::fs;
use std::path::Path;

use super::root::{ACME, MORNING, Root, record, touch};
use crate::lei::{Answer, Server, ok, status};

#[test]
fn an_lei_that_lapses_has_a_day_by_the_date_that_gleif_published_it() {
    let root = Root::quiet();
    assert_eq!(root.run(MORNING, &[]).status, Some(0));
    root.fetched("2026-04-30T05:15:00Z");
    root.says(ACME, "LAPSED", "2026-04-29T20:00:00Z", "2026-04-30T00:00:00Z", "2026-04-30T06:00:00Z");
    let run = root.run("2026-04-30T06:05:00Z", &[]);
    let [breach] = run.of("lei-breach")[..] else { panic!("{:?} {}", run.told(), run.stderr) };
    assert_eq!((&breach["event"], &breach["seconds_left"]), (&"opened".into(), &(64_500).into()));
    assert_eq!(breach["finding"]["due_at"], "2026-05-01T00:00:00Z");
    assert_eq!((run.status, &run.summary()["credentials"]["in breach"]), (Some(1), &2.into()));

    // The first bad look counts, not the newest.
    root.fetched("2026-05-01T05:15:00Z");
    root.says(ACME, "LAPSED", "2026-04-29T20:00:00Z", "2026-05-01T00:00:00Z", "2026-05-01T06:00:00Z");
    let run = root.run("2026-05-01T06:00:00Z", &[]);
    let [breach] = run.of("lei-breach")[..] else { panic!("{:?}", run.told()) };
    assert_eq!((&breach["event"], &breach["finding"]["overdue"]), (&"changed".into(), &true.into()));

    root.says(ACME, "ISSUED", "2027-04-29T20:00:00Z", "2026-05-01T08:00:00Z", "2026-05-01T09:00:00Z");
    let run = root.run("2026-05-01T09:30:00Z", &[]);
    let [breach] = run.of("lei-breach")[..] else { panic!("{:?}", run.told()) };
    assert_eq!(breach["event"], "resolved");
}

#[test]
fn a_renewal_within_thirty_days_warns() {
    let root = Root::quiet();
    root.says(ACME, "ISSUED", "2026-05-29T06:30:00Z", "2026-04-29T00:00:00Z", "2026-04-29T06:10:00Z");
    let run = root.run(MORNING, &[]);
    assert_eq!(run.of("lei-renewal").len(), 1, "{:?}", run.told());
    assert_eq!(run.status, Some(0), "a warning blocks nothing");
    assert_eq!(run.summary()["credentials"]["at risk"], 2);
    assert_eq!(root.run("2026-04-29T06:31:00Z", &["--fail-on", "warn"]).status, Some(1));
}

#[test]
fn a_watch_that_stands_still_is_told() {
    let root = Root::quiet();
    assert_eq!(root.run(MORNING, &[]).status, Some(0));
    // Nobody saved a record since: the file of yesterday is no new look.
    root.fetched("2026-04-30T06:00:00Z");
    let run = root.run("2026-04-30T06:10:00Z", &[]);
    assert!(run.of("lei-unseen").is_empty(), "to the last instant: {:?}", run.told());
    let run = root.run("2026-04-30T06:10:01Z", &[]);
    let [unseen] = run.of("lei-unseen")[..] else { panic!("{:?}", run.told()) };
    assert_eq!(unseen["finding"]["class"], "block");
    assert_eq!(run.status, Some(1));
}

/// What the watch writes fits the schema of the evidence, and the rules on the watch count it.
#[test]
fn the_logs_are_evidence() {
    let root = Root::quiet();
    root.run(MORNING, &[]);
    root.fetched("2026-04-30T05:15:00Z");
    root.says(ACME, "ISSUED", "2027-05-01T00:00:00Z", "2026-04-30T00:00:00Z", "2026-04-30T06:00:00Z");
    let run = root.run("2026-04-30T06:05:00Z", &[]);
    // Were the log of yesterday or of today not counted, EGF3-SLA-3.3.a would tell a gap.
    assert_eq!((run.status, run.told()), (Some(0), Vec::new()), "{}", run.stderr);
    let folder = root.path().join("monitor/lei");
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let (first, second) = (read("lei-monitoring-000001.json"), read("lei-monitoring-000002.json"));
    let value: serde_json::Value = serde_json::from_slice(&second).unwrap();
    assert_eq!(value["prior_log_sha256"], countersign::primitives::Sha256::of(&first).to_string());
    let value: serde_json::Value = serde_json::from_slice(&first).unwrap();
    let sealed = fs::read(root.path().join("cases/monitoring/bundle/records/lei-monitoring-2026-04.json")).unwrap();
    assert_eq!(value["prior_log_sha256"], countersign::primitives::Sha256::of(&sealed).to_string());

    // The reader of evidence finds nothing wrong in a case that holds one.
    let case = root.path().join("cases/monitoring");
    let snapshot = countersign::bundle::Snapshot::read(&case, &countersign::bundle::Limits::STANDARD).unwrap();
    let mut files = snapshot.to_files();
    let path = "bundle/records/lei-monitoring-2026-04.json";
    files.insert(path.to_owned(), first);
    let text = String::from_utf8(files["bundle/manifest.json"].clone()).unwrap();
    let mut manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    for entry in manifest["entries"].as_array_mut().unwrap() {
        if format!("bundle/{}", entry["path"].as_str().unwrap()) == path {
            entry["sha256"] = countersign::primitives::Sha256::of(&files[path]).to_string().into();
            entry["size"] = files[path].len().into();
        }
    }
    files.insert("bundle/manifest.json".to_owned(), manifest.to_string().into_bytes());
    let snapshot = countersign::bundle::Snapshot::from_files(files, &countersign::bundle::Limits::STANDARD);
    let schema = countersign::facts::schema::FactSchema::embedded();
    let problems = countersign::check::problems(&snapshot, &schema);
    assert!(problems.iter().all(|problem| problem.path != path), "{problems:#?}");
}

/// Asked of a server: each LEI by its own address, and what it answers is the look.
#[test]
fn the_api_is_asked_politely() {
    let root = Root::quiet();
    let busy = Answer::Send("429 Too Many Requests", vec![("Retry-After", "1".to_owned())], Vec::new());
    let body = record(ACME, "ISSUED", "2027-05-01T00:00:00Z", "2026-04-29T00:00:00Z");
    let server = Server::new(vec![busy, ok(body.clone())]);
    let url = server.url.clone();
    let begun = std::time::Instant::now();
    let run = root.run(MORNING, &["--base-url", &url]);
    assert_eq!(run.status, Some(0), "{:?} {}", run.told(), run.stderr);
    assert!(begun.elapsed() >= std::time::Duration::from_secs(1), "Retry-After");
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[1].starts_with(&format!("GET /lei-records/{ACME} ")), "{}", requests[1]);
    let log = fs::read_to_string(root.path().join("monitor/lei/lei-monitoring-000001.json")).unwrap();
    assert!(log.contains(&countersign::primitives::Sha256::of(&body).to_string()));
    assert!(!root.path().join("monitor/lei/looks.part").exists());
}

#[test]
fn an_answer_that_is_no_record_is_no_look_that_counts() {
    let root = Root::quiet();
    fs::remove_dir_all(root.path().join("cases/monitoring")).unwrap();
    for (answer, logged) in [
        (status("404 Not Found"), true),
        (ok(record("984500EXAMPLEBETA040", "ISSUED", "2027-05-01T00:00:00Z", "2026-04-29T00:00:00Z")), false),
        (ok(b"<html></html>".to_vec()), false),
    ] {
        let folder = root.path().join("monitor");
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        let server = Server::new(vec![answer]);
        let run = root.run(MORNING, &["--base-url", &server.url.clone()]);
        server.requests();
        assert_eq!(run.of("lei-unseen").len(), 1, "{:?}", run.told());
        assert_eq!(folder.join("lei/lei-monitoring-000001.json").exists(), logged);
        assert_eq!(run.stderr.contains("was not seen"), !logged, "{}", run.stderr);
    }
}

fn golden_copy(root: &Path, name: &str, lei: &str, status: &str) -> String {
    let path = root.join(name);
    let text = format!(
        "LEI,Entity.EntityStatus,Registration.RegistrationStatus,Registration.NextRenewalDate\n\
         {lei},ACTIVE,{status},2027-05-01T00:00:00Z\n"
    );
    fs::write(&path, text).unwrap();
    touch(&path, "2026-04-29T06:00:30Z");
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_golden_copy_does_as_well() {
    let name = "20260429-0000-gleif-goldencopy-lei2-golden-copy.csv";
    let looked = |lei: &str, status: &str, name: &str| {
        let root = Root::quiet();
        let path = golden_copy(root.path(), name, lei, status);
        let run = root.run(MORNING, &["--golden-copy", &path]);
        (run.status, run.kinds(), run.stderr)
    };
    let (status, kinds, stderr) = looked(ACME, "ISSUED", name);
    assert_eq!((status, kinds), (Some(0), Vec::new()), "{stderr}");
    assert_eq!(looked(ACME, "LAPSED", name).1[0], "lei-breach");
    let (_, _, stderr) = looked(ACME, "ISSUED", "copy.csv");
    assert!(stderr.contains("does not say when GLEIF published it"), "{stderr}");
    let (status, _, stderr) = looked("", "", "README.csv");
    assert_eq!(status, Some(0), "the sealed log of the morning still counts: {stderr}");
}

/// A larger file is no answer of the API: it is read as a Golden Copy, which it is not either.
#[test]
fn a_saved_record_has_so_many_bytes() {
    let root = Root::quiet();
    let path = root.path().join("lei").join(format!("{ACME}.json"));
    let mut bytes = record(ACME, "LAPSED", "2026-04-20T00:00:00Z", "2026-04-29T00:00:00Z");
    bytes.resize(1 << 20, b' ');
    fs::write(&path, &bytes).unwrap();
    touch(&path, "2026-04-29T06:10:00Z");
    let run = root.run(MORNING, &[]);
    assert_eq!((run.status, run.of("lei-breach").len()), (Some(1), 1), "{}", run.stderr);
    bytes.push(b' ');
    fs::write(&path, &bytes).unwrap();
    touch(&path, "2026-04-29T06:20:00Z");
    let run = root.run("2026-04-29T06:31:00Z", &[]);
    assert_eq!(run.status, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("countersign::cli::not_a_golden_copy"), "{}", run.stderr);
}
