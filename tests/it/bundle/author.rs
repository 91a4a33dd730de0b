//! Making a bundle.

use std::fs;
use std::path::Path;

use countersign::bundle::author::{AuthorError, NewCase, NewFile, Origin, add, holdings, new_case, seal};
use countersign::bundle::{Code, Limits, Snapshot};
use countersign::collect::problems;
use countersign::primitives::Instant;

use super::sample::*;

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

fn lay_out(folder: &Path) {
    let needs = [("issuance-plan", "evidence"), ("lei-record", "evidence"), ("approval", "approval")];
    let needs = needs.map(|(kind, stage)| (kind.to_owned(), stage.to_owned()));
    let new = NewCase {
        bundle_id: "B0",
        flow: "le-unsolicited",
        lei: &LEI.parse().unwrap(),
        qvi_aid: &AID.parse().unwrap(),
        created_at: at("2026-03-02T08:00:00Z"),
        retention_until: at("2036-03-02T08:00:00Z"),
        needs: &needs,
    };
    new_case(folder, &new, schema()).unwrap();
    assert!(matches!(new_case(folder, &new, schema()), Err(AuthorError::NotEmpty { .. })));
}

fn put(case: &Path, from: &Path, kind: &str) -> Result<String, AuthorError> {
    let new = NewFile {
        from: Origin::File(from),
        kind,
        path: None,
        source: "test",
        captured_at: None,
        captured_by: Some("Q1"),
    };
    Ok(add(case, &[new], schema())?.remove(0))
}

fn seal_at(case: &Path, time: &str) -> Result<countersign::bundle::author::Sealed, AuthorError> {
    seal(case, at(time), Some("Q1"), &|snapshot| problems(snapshot, schema()))
}

#[test]
fn a_case_is_laid_out_filled_and_sealed() {
    let (work, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let case = folder.path().join("case");
    lay_out(&case);
    let list = fs::read_to_string(case.join("CHECKLIST.md")).unwrap();
    assert!(list.contains("- [ ] `issuance-plan`: ") && list.contains("## Stage approval"), "{list}");
    assert_eq!(only_problem(&Snapshot::read(&case, &Limits::STANDARD).unwrap()).code, Code::EmptyBundle);
    let source = |name: &str, text: String| {
        let path = work.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let plan = source("plan.json", issuance_plan("plan").to_string());
    assert_eq!(put(&case, &plan, "issuance-plan").unwrap(), "records/plan.json");
    let body = source("body.json", BODY.to_owned());
    assert_eq!(put(&case, &body, "lei-record-body").unwrap(), "raw/body.json");
    put(&case, &source("lei.json", lei_record("lei").to_string()), "lei-record").unwrap();
    let sealed = seal_at(&case, "2026-03-19T10:00:00Z").unwrap();
    let bytes = fs::read(case.join("bundle/manifest.json")).unwrap();
    assert_eq!(sealed.files, 3);
    // The same files and the same time give the same bytes.
    assert_eq!(seal_at(&case, "2026-03-19T10:00:00Z").unwrap(), sealed);
    assert_eq!(fs::read(case.join("bundle/manifest.json")).unwrap(), bytes);
    let snapshot = Snapshot::read(&case, &Limits::STANDARD).unwrap();
    assert_eq!((codes(&snapshot), snapshot.digest()), (vec![], Some(sealed.digest)));
    let held = holdings(&snapshot, schema(), &[]);
    let of = |kind: &str| held.iter().find(|held| schema().kind(held.kind).name == kind).unwrap();
    assert_eq!(of("issuance-plan").paths, ["bundle/records/plan.json"]);
    assert!(of("approval").paths.is_empty());
    assert!(
        !fs::read_dir(case.join("bundle")).unwrap().any(|entry| entry
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with('.'))
    );
}

#[test]
fn what_is_refused_changes_nothing() {
    let (work, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let case = folder.path().join("case");
    lay_out(&case);
    let before = fs::read(case.join("bundle/manifest.json")).unwrap();
    let plan = work.path().join("plan.json");
    fs::write(&plan, issuance_plan("plan").to_string().replace("2026-03-17T09:00:00Z", "2026-03-17T09:00:00")).unwrap();
    let Err(AuthorError::Refused { problems }) = put(&case, &plan, "issuance-plan") else { panic!() };
    assert_eq!(problems[0].code, Code::NaiveInstant);
    fs::write(&plan, issuance_plan("plan").to_string()).unwrap();
    assert!(matches!(put(&case, &plan, "isuance-plan"), Err(AuthorError::KindNotEvidence { .. })));
    assert!(matches!(put(&case, &plan, "approval"), Err(AuthorError::KindNotEvidence { .. })));
    let Err(AuthorError::Refused { problems }) = put(&case, &plan, "challenge") else { panic!() };
    assert!(problems.iter().any(|problem| problem.code == Code::KindMismatch));
    let outside = NewFile {
        from: Origin::File(&plan),
        kind: "issuance-plan",
        path: Some("../x.json"),
        source: "t",
        captured_at: None,
        captured_by: None,
    };
    assert!(matches!(add(&case, &[outside], schema()), Err(AuthorError::BadPath { .. })));
    assert_eq!(fs::read(case.join("bundle/manifest.json")).unwrap(), before);
    assert!(!case.join("bundle/records/plan.json").exists());
    put(&case, &plan, "issuance-plan").unwrap();
    assert!(matches!(put(&case, &plan, "issuance-plan"), Err(AuthorError::Exists { .. })));
    // A file that changed since it was added is not sealed over.
    fs::write(case.join("bundle/records/plan.json"), "{}").unwrap();
    let Err(AuthorError::Refused { problems }) = seal_at(&case, "2026-03-19T10:00:00Z") else { panic!() };
    assert_eq!(problems[0].code, Code::SizeMismatch);
    fs::write(case.join("bundle/manifest.sig.cesr"), "-").unwrap();
    assert!(matches!(put(&case, &plan, "issuance-plan"), Err(AuthorError::AlreadySigned { .. })));
}
