//! Each kind of bad input has its own code, and gives what it should: nothing, or all but one field.

use std::collections::BTreeSet;

use countersign::bundle::{Area, Code, FileRule, FileState, Limits, Snapshot};
use serde_json::{Value, json};

use super::sample::*;

#[test]
fn codes_are_stable_and_unique() {
    let all: Vec<String> = Code::ALL.iter().map(|code| format!("{} {}", code.as_str(), code.rule().as_str())).collect();
    let unique: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(unique.len(), all.len());
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn a_good_case_has_no_problem() {
    let snapshot = Sample::new().snapshot();
    assert_eq!(codes(&snapshot), []);
    assert!(snapshot.files().iter().all(|file| file.state == FileState::Good));
}

// Manifest.

#[test]
fn no_manifest() {
    let mut files = Sample::new().sealed();
    files.remove("bundle/manifest.json");
    assert_eq!(only_problem(&snapshot(files)).code, Code::ManifestMissing);
}

#[test]
fn no_file_at_all_and_nothing_listed() {
    assert_eq!(only_problem(&snapshot(Default::default())).code, Code::EmptyBundle);
    let listed_nothing = [("bundle/manifest.json".to_owned(), empty_manifest().to_bytes())];
    assert_eq!(only_problem(&snapshot(listed_nothing.into())).code, Code::EmptyBundle);
}

#[test]
fn a_manifest_that_is_not_strict_json() {
    for text in ["{", "[]", "{\"a\":1,\"a\":2}", "{\"version\":1.0}", "\u{feff}{}", ""] {
        let mut files = Sample::new().sealed();
        files.insert("bundle/manifest.json".into(), text.into());
        assert_eq!(only_problem(&snapshot(files)).code, Code::ManifestUnreadable, "{text}");
    }
}

#[test]
fn a_manifest_that_is_not_its_canonical_form() {
    let mut files = Sample::new().sealed();
    files.get_mut("bundle/manifest.json").unwrap().push(b'\n');
    assert_eq!(only_problem(&snapshot(files)).code, Code::ManifestNotCanonical);
}

fn spoiled_manifest(change: impl FnOnce(&mut Value)) -> Snapshot {
    let mut files = Sample::new().sealed();
    let mut manifest: Value = serde_json::from_slice(&files["bundle/manifest.json"]).unwrap();
    change(&mut manifest);
    files.insert("bundle/manifest.json".into(), serde_json_canonicalizer::to_vec(&manifest).unwrap());
    snapshot(files)
}

#[test]
fn a_manifest_with_a_bad_member() {
    let changes: &[fn(&mut Value)] = &[
        |m| m["version"] = json!(2),
        |m| drop(m.as_object_mut().unwrap().remove("flow")),
        |m| m["flow"] = json!("LE"),
        |m| m["lei"] = json!("X"),
        |m| m["qvi_aid"] = json!(7),
        |m| m["created_at"] = json!("yesterday"),
        |m| m["extra"] = json!(true),
        |m| m["bundle_id"] = json!(""),
        |m| m["prior_manifest_sha256"] = json!("no"),
        |m| m["references"] = json!([{"bundle_digest": "no"}]),
        |m| m["entries"][0]["extra"] = json!(1),
        |m| m["entries"][0]["media_type"] = json!(null),
    ];
    for (index, change) in changes.iter().enumerate() {
        let codes = codes(&spoiled_manifest(change));
        assert!(!codes.is_empty() && codes.iter().all(|code| *code == Code::ManifestInvalid), "{index}: {codes:?}");
    }
    let naive = spoiled_manifest(|m| m["created_at"] = json!("2026-03-19T10:00:00"));
    assert_eq!(only_problem(&naive).code, Code::NaiveInstant);
}

#[test]
fn an_entry_that_cannot_be_read_leaves_open_what_there_is() {
    for change in [
        |m: &mut Value| m["entries"][0]["size"] = json!("12"),
        |m: &mut Value| m["entries"][0]["kind"] = json!(null),
        |m: &mut Value| m["entries"] = json!({}),
        |m: &mut Value| m["entries"][0] = json!("x"),
    ] {
        let snapshot = spoiled_manifest(change);
        assert!(!snapshot.manifest(Area::Bundle).unwrap().complete);
        assert!(codes(&snapshot).contains(&Code::ManifestInvalid));
    }
}

#[test]
fn entries_out_of_order_or_twice() {
    let unsorted = spoiled_manifest(|m| m["entries"].as_array_mut().unwrap().reverse());
    assert_eq!(only_problem(&unsorted).code, Code::EntriesUnsorted);
    let twice = spoiled_manifest(|m| {
        let first = m["entries"][0].clone();
        m["entries"].as_array_mut().unwrap().insert(0, first);
    });
    assert_eq!(only_problem(&twice).code, Code::EntryDuplicate);
    assert!(!twice.manifest(Area::Bundle).unwrap().complete);
}

#[test]
fn a_path_that_leaves_the_bundle() {
    for path in ["/etc/passwd", "../x", "a/../b", "a//b", "./a", "a\\b", "", "a\u{7}b", "manifest.json"] {
        let snapshot = spoiled_manifest(|m| m["entries"][0]["path"] = json!(path));
        assert!(codes(&snapshot).contains(&Code::PathRefused), "{path:?}");
    }
    let long = spoiled_manifest(|m| m["entries"][0]["path"] = json!("x".repeat(513)));
    assert!(codes(&long).contains(&Code::PathTooLong));
    let deep = spoiled_manifest(|m| m["entries"][0]["path"] = json!("x/".repeat(20) + "x"));
    assert!(codes(&deep).contains(&Code::FolderTooDeep));
}

#[test]
fn listed_and_absent() {
    let mut files = Sample::new().sealed();
    files.remove("bundle/records/plan.json");
    let problem = only_problem(&snapshot(files));
    assert_eq!((problem.code, problem.path.as_str()), (Code::FileMissing, "bundle/records/plan.json"));
}

#[test]
fn a_long_path_is_named_whole() {
    let mut sample = Sample::new();
    let path = format!("records/{}.json", "x".repeat(300));
    sample.put(&path, "issuance-plan", &json!({}));
    let snapshot = sample.snapshot();
    let id = snapshot.find(&format!("bundle/{path}"));
    let problems = countersign::collect::problems(&snapshot, schema());
    assert!(id.is_some() && problems.iter().all(|problem| snapshot.find(&problem.path) == id), "{problems:?}");
}

#[test]
fn a_problem_of_a_shared_body_is_told_once() {
    let mut sample = Sample::new();
    sample.put("records/lei2.json", "lei-record", &lei_record("lei2"));
    sample.put_bytes("raw/body.json", "lei-record-body", b"{\"data\": 1}");
    assert_eq!(only_problem(&sample.snapshot()).code, Code::WrongType);
}

#[test]
fn present_and_unlisted() {
    let mut files = Sample::new().sealed();
    files.insert("bundle/records/smuggled.json".into(), b"{}".into());
    let snapshot = snapshot(files);
    assert_eq!(only_problem(&snapshot).code, Code::FileUnlisted);
    let id = snapshot.find("bundle/records/smuggled.json").unwrap();
    assert_eq!(snapshot.file(id).state, FileState::Unlisted);
}

#[test]
fn the_signatures_of_the_manifest_are_not_listed() {
    let mut files = Sample::new().sealed();
    files.insert("bundle/manifest.sig.cesr".into(), b"-".into());
    // It need not be listed, and must be what its name says.
    assert_eq!(codes(&snapshot(files)), [Code::SignatureUnreadable]);
}

#[test]
fn another_digest_or_size() {
    let mut files = Sample::new().sealed();
    let plan = files.get_mut("bundle/records/plan.json").unwrap();
    *plan = String::from_utf8(plan.clone()).unwrap().replace("2026-03-20", "2026-03-21").into_bytes();
    assert_eq!(only_problem(&snapshot(files.clone())).code, Code::DigestMismatch);
    files.get_mut("bundle/records/plan.json").unwrap().push(b' ');
    assert_eq!(only_problem(&snapshot(files)).code, Code::SizeMismatch);
}

#[test]
fn a_kind_that_is_not_known_or_does_not_belong() {
    let with_kind = |kind: &str| {
        let mut sample = Sample::new();
        sample.kinds.insert("records/plan.json".into(), kind.into());
        only_problem(&sample.snapshot())
    };
    let unknown = with_kind("isuance-plan");
    assert_eq!((unknown.code, unknown.help.as_str()), (Code::UnknownKind, "did you mean `issuance-plan`?"));
    assert_eq!(with_kind("trust").code, Code::KindRefused);
    assert_eq!(with_kind("waiver").code, Code::KindRefused);
}

#[test]
fn names_that_differ_in_case_only() {
    let mut sample = Sample::new();
    sample.put("records/Plan.json", "issuance-plan", &issuance_plan("other"));
    assert_eq!(only_problem(&sample.snapshot()).code, Code::CaseCollision);
    let mut sample = Sample::new();
    sample.put("records/e\u{301}.json", "issuance-plan", &issuance_plan("a"));
    sample.put("records/\u{c9}.json", "issuance-plan", &issuance_plan("b"));
    assert_eq!(only_problem(&sample.snapshot()).code, Code::CaseCollision);
}

#[test]
fn too_big_too_many_too_much() {
    let files = Sample::new().sealed();
    let with = |limits: Limits| codes(&Snapshot::from_files(files.clone(), &limits));
    assert!(with(Limits { json_bytes: 600, ..Limits::STANDARD }).contains(&Code::FileTooBig));
    assert!(with(Limits { files: 2, ..Limits::STANDARD }).contains(&Code::TooManyFiles));
    assert!(with(Limits { total_bytes: 900, ..Limits::STANDARD }).contains(&Code::CaseTooBig));
}

// Strict JSON, in a record.

fn spoiled_plan(change: impl FnOnce(String) -> Vec<u8>) -> Snapshot {
    let mut sample = Sample::new();
    let text = String::from_utf8(sample.files["bundle/records/plan.json"].clone()).unwrap();
    sample.files.insert("bundle/records/plan.json".into(), change(text));
    sample.snapshot()
}

#[test]
fn what_is_not_strict_json_gives_no_field() {
    let set_at = "\"set_by\": \"Q1\"";
    let cases: &[(&str, &str, Code)] = &[
        ("\"set_by\": \"Q1\",\n", "\"set_by\": \"Q1\", \"set_by\": \"Q2\",\n", Code::DuplicateKey),
        ("\"set_by\": \"Q1\",\n", "\"set_by\": \"Q1\", \"set\\u005fby\": \"Q2\",\n", Code::DuplicateKey),
        ("\"schema_version\": 1,", "\"schema_version\": 1.0,", Code::Float),
        ("\"schema_version\": 1,", "\"schema_version\": 1e0,", Code::Float),
        ("\"schema_version\": 1,", "\"schema_version\": 9007199254740992,", Code::BigInteger),
        (set_at, "\"set_by\": \"\\ud800\"", Code::LoneSurrogate),
        (set_at, "\"set_by\": \"a\tb\"", Code::ControlCharacter),
        (set_at, "\"set_by\": \"\\q\"", Code::BadEscape),
        (set_at, "\"set_by\": 'Q1'", Code::NotJson),
        ("}\n", "} {}", Code::TrailingText),
    ];
    for (from, to, code) in cases {
        let snapshot = spoiled_plan(|text| {
            assert!(text.contains(from));
            text.replacen(from, to, 1).into_bytes()
        });
        let problem = only_problem(&snapshot);
        assert_eq!(problem.code, *code, "{to}");
        assert_eq!(problem.path, "bundle/records/plan.json");
    }
    let deep = spoiled_plan(|_| format!("{}1{}", "{\"a\":".repeat(70), "}".repeat(70)).into_bytes());
    assert_eq!(only_problem(&deep).code, Code::NestedTooDeep);
    let latin = spoiled_plan(|text| {
        text.replace("Q1", "\u{0}").into_bytes().into_iter().map(|b| if b == 0 { 0xe4 } else { b }).collect()
    });
    assert_eq!(only_problem(&latin).code, Code::NotUtf8);
    let marked = spoiled_plan(|text| format!("\u{feff}{text}").into_bytes());
    assert_eq!(only_problem(&marked).code, Code::ByteOrderMark);
    let list = spoiled_plan(|_| b"[]".into());
    assert_eq!(only_problem(&list).code, Code::NotAnObject);
    let many = spoiled_plan(|_| format!("[{}0]", "0,".repeat(2_000_001)).into_bytes());
    assert_eq!(only_problem(&many).code, Code::TooManyValues);
}

#[test]
fn a_place_is_shown_to_the_character() {
    let snapshot = spoiled_plan(|text| text.replace("\"schema_version\": 1,", "\"schema_version\": 1.5,").into_bytes());
    let problem = only_problem(&snapshot);
    let bytes = snapshot.file(problem.file.unwrap()).bytes().unwrap();
    let located = countersign::bundle::place::place(bytes, problem.span.unwrap());
    assert_eq!((located.line, located.column), (4, 21));
    assert_eq!(located.excerpt, "  \"schema_version\": 1.5,");
    assert_eq!(located.mark, (20, 3));
    // The record breaks there, so the pointer is that of the member being read, as far as it is known.
    assert_eq!(located.pointer, "/schema_version");
}

// Schema violations, in a record.

fn with_plan(change: impl FnOnce(&mut Value)) -> countersign::bundle::Problem {
    let mut plan = issuance_plan("plan");
    change(&mut plan);
    with_record("records/plan.json", "issuance-plan", &plan)
}

fn with_record(path: &str, kind: &str, record: &Value) -> countersign::bundle::Problem {
    let mut sample = Sample::new();
    sample.put(path, kind, record);
    only_problem(&sample.snapshot())
}

#[test]
fn a_field_that_violates_its_schema() {
    assert_eq!(with_plan(|p| drop(p.as_object_mut().unwrap().remove("set_by"))).code, Code::MissingField);
    assert_eq!(with_plan(|p| p["set_by"] = json!(7)).code, Code::WrongType);
    assert_eq!(with_plan(|p| p["set_by"] = json!(null)).code, Code::NullRefused);
    assert_eq!(with_plan(|p| p["likely_issuance_date"] = json!("2026-02-30")).code, Code::BadDate);
    assert_eq!(with_plan(|p| p["set_at"] = json!("noon")).code, Code::BadInstant);
    assert_eq!(with_plan(|p| p["producer"] = json!("qv")).code, Code::NotInEnum);
    assert_eq!(with_plan(|p| p["id"] = json!("")).code, Code::LengthRefused);
    assert_eq!(with_plan(|p| p["schema_version"] = json!(2)).code, Code::RangeRefused);
    let unknown = with_plan(|p| p["likely_isuance_date"] = json!("2026-03-20"));
    assert_eq!((unknown.code, unknown.help.as_str()), (Code::UnknownField, "did you mean `likely_issuance_date`?"));
    // What countersign derives is never taken from a file.
    assert_eq!(with_plan(|p| p["digest_ok"] = json!(true)).code, Code::UnknownField);
    let naive = with_plan(|p| p["set_at"] = json!("2026-03-17T09:00:00"));
    assert_eq!((naive.code, naive.code.rule()), (Code::NaiveInstant, FileRule::Gate7));
    assert_eq!(naive.pointer.as_deref(), Some("/set_at"));
    assert_eq!(with_plan(|p| p["kind"] = json!("challenge")).code, Code::KindMismatch);
}

#[test]
fn formats_patterns_and_digests() {
    let lei = |change: fn(&mut Value)| {
        let mut record = lei_record("lei");
        change(&mut record);
        with_record("records/lei.json", "lei-record", &record).code
    };
    assert_eq!(lei(|r| r["request_url"] = json!("gleif.org")), Code::FormatRefused);
    assert_eq!(lei(|r| r["body_sha256"] = json!("ABC")), Code::BadSha256);
    assert_eq!(lei(|r| r["body_path"] = json!("raw/other.json")), Code::BodyMissing);
    assert_eq!(lei(|r| r["body_path"] = json!("records/plan.json")), Code::BodyKind);
    let invoice = record(
        "invoice",
        "i",
        json!({
            "number": "1", "issued_at": "2026-03-21T09:00:00Z", "lei": LEI, "credential_said": AID, "amount_minor": 1,
            "currency": "eur",
        }),
    );
    assert_eq!(with_record("records/i.json", "invoice", &invoice).code, Code::PatternMismatch);
}

#[test]
fn fields_of_another_tag() {
    let session = |event: Value| {
        let record = record(
            "oobi-session",
            "s",
            json!({
                "start": "2026-03-16T14:00:00Z", "end": null, "mode": "live-av", "platform": "x", "audio": true,
                "video": true, "hosted_by": "Q1", "participants": [],
                "attestations": {"no_filters_avatars": true, "no_secrets_shown": true}, "events": [event],
            }),
        );
        with_record("records/s.json", "oobi-session", &record)
    };
    let other = session(json!({"type": "verified", "at": "2026-03-16T14:50:00Z", "challenge_id": "c", "aid": AID}));
    assert_eq!(other.code, Code::FieldOfOtherVariant);
    let missing = session(json!({"type": "verified", "at": "2026-03-16T14:50:00Z"}));
    assert_eq!(missing.code, Code::MissingField);
    assert_eq!(missing.message, "`events[0].challenge_id` is missing");
}

#[test]
fn two_records_with_one_id() {
    let mut sample = Sample::new();
    sample.put("records/plan2.json", "issuance-plan", &issuance_plan("plan"));
    assert_eq!(only_problem(&sample.snapshot()).code, Code::DuplicateId);
}

#[test]
fn a_file_with_many_problems_is_cut_and_says_so() {
    let mut plan = issuance_plan("plan");
    for index in 0..150 {
        plan[format!("made_up_{index}")] = json!(1);
    }
    let mut sample = Sample::new();
    sample.put("records/plan.json", "issuance-plan", &plan);
    let codes = codes(&sample.snapshot());
    assert_eq!(codes.len(), 101);
    assert!(codes.contains(&Code::FurtherProblems));
}

// Case records.

fn case_with(records: &[(&str, Value)]) -> Snapshot {
    let mut files = Sample::new().sealed();
    for (name, record) in records {
        files.insert(format!("decision/{name}"), record.to_string().into_bytes());
    }
    snapshot(files)
}

#[test]
fn case_records_form_one_chain() {
    use countersign::primitives::Sha256;
    let first = assignment("a1", None, None);
    let digest = Sha256::of(first.to_string().as_bytes());
    let second = assignment("a2", Some(digest), None);
    assert_eq!(codes(&case_with(&[("1.json", first.clone()), ("2.json", second.clone())])), []);
    assert_eq!(only_problem(&case_with(&[("2.json", second.clone())])).code, Code::ChainGap);
    let third = assignment("a3", Some(digest), None);
    let fork = case_with(&[("1.json", first.clone()), ("2.json", second), ("3.json", third)]);
    assert_eq!(only_problem(&fork).code, Code::ChainFork);
    let two_firsts = case_with(&[("1.json", first), ("2.json", assignment("a2", None, None))]);
    assert_eq!(only_problem(&two_firsts).code, Code::ChainFork);
}

#[test]
fn what_is_no_case_record() {
    assert_eq!(only_problem(&case_with(&[("p.json", issuance_plan("p"))])).code, Code::NotACaseRecord);
    assert_eq!(only_problem(&case_with(&[("p.json", json!({}))])).code, Code::NotACaseRecord);
    assert_eq!(only_problem(&case_with(&[("notes.txt", json!("x"))])).code, Code::NotACaseRecord);
    // The gate's decision may be kept with its case, under its name and as what it is.
    let decision = json!({ "payload": "e30=", "payloadType": "application/vnd.in-toto+json", "signatures": [] });
    let with = |name: &str, member: &str, value: &str| {
        let mut decision = decision.clone();
        decision[member] = value.into();
        case_with(&[(name, decision)])
    };
    assert_eq!(codes(&with("decision.dsse.json", "payload", "e30=")), []);
    for other in [
        with("decision.json", "payload", "e30="),
        with("decision.dsse.json", "payloadType", "text/plain"),
        with("decision.dsse.json", "kind", "contract"),
    ] {
        assert_eq!(only_problem(&other).code, Code::NotACaseRecord);
    }
    // A stream belongs to the proposal that names it.
    assert_eq!(only_problem(&case_with(&[("proposal.cesr", json!("-"))])).code, Code::StreamUnnamed);
}

#[test]
fn evidence_after_signing_continues_the_bundle() {
    let mut files = Sample::new().sealed();
    let digest = snapshot(files.clone()).digest().unwrap();
    let mut post = empty_manifest();
    let plan = issuance_plan("later").to_string().into_bytes();
    post.entries.push(countersign::bundle::author::EntryDraft {
        path: "records/later.json".into(),
        kind: "issuance-plan".into(),
        size: plan.len() as u64,
        sha256: countersign::primitives::Sha256::of(&plan),
        media_type: "application/json".into(),
        source: "test".into(),
        captured_at: None,
        captured_by: None,
    });
    files.insert("post/records/later.json".into(), plan);
    files.insert("post/manifest.json".into(), post.to_bytes());
    assert_eq!(only_problem(&snapshot(files.clone())).code, Code::PostNotContinuing);
    post.prior_manifest_sha256 = Some(digest.to_string());
    files.insert("post/manifest.json".into(), post.to_bytes());
    assert_eq!(codes(&snapshot(files)), []);
}
