//! What rules read of a case.

use bumpalo::Bump;
use countersign::facts::{Cause, CellValue};
use serde_json::json;

use super::sample::*;

#[test]
fn records_bodies_and_headers_are_facts() {
    let (snapshot, arena, trust) = (Sample::new().snapshot(), Bump::new(), trust());
    let case = collected(&snapshot, &arena, &trust);
    assert!(case.problems.is_empty(), "{:?}", case.problems);
    let lei = case.one("lei-record");
    assert_eq!(case.value(lei, "requested_lei"), CellValue::Text(LEI));
    assert_eq!(case.value(lei, "http_status"), CellValue::Int(200));
    assert_eq!(case.value(lei, "path"), CellValue::Text("bundle/records/lei.json"));
    assert_eq!(case.value(lei, "digest_ok"), CellValue::Bool(true));
    assert_eq!(case.value(lei, "tool_id"), CellValue::Absent);
    // The body: escapes decoded, null that fails, a code outside the open set.
    assert_eq!(case.value(lei, "body.data.attributes.entity.legalName.name"), CellValue::Text("ACME AG"));
    let status = case.value(lei, "body.data.attributes.registration.status");
    assert_eq!(status, CellValue::Unknown(Cause::Unrecognised));
    let category = case.value(lei, "body.data.attributes.entity.category");
    assert_eq!(category, CellValue::Unknown(Cause::Unrecognised));
    assert_eq!(case.population("record").members.len(), 2);
    let first = case.population("record").members[0];
    assert_eq!(case.value(first, "area"), CellValue::Text("bundle"));
    assert_eq!(case.value(first, "id"), CellValue::Text("lei"));
    assert!(matches!(case.value(first, "clauses"), CellValue::List(list) if list.length > 10));
}

#[test]
fn cells_know_their_bytes() {
    let (snapshot, arena, trust) = (Sample::new().snapshot(), Bump::new(), trust());
    let case = collected(&snapshot, &arena, &trust);
    let plan = case.one("issuance-plan");
    let node = case.facts.node(plan);
    let bytes = snapshot.file(node.file.unwrap()).bytes().unwrap();
    assert_eq!((node.span.start, node.span.end as usize), (0, bytes.len() - 1));
    let record = schema().kind(schema().kind_named("issuance-plan").unwrap()).record;
    let field = schema().struct_type(record).field("likely_issuance_date").unwrap();
    let slot = countersign::facts::table::Layout::full(schema()).slot(record, field).unwrap();
    let span = case.facts.cell(plan, slot).span;
    assert_eq!(&bytes[span.start as usize..span.end as usize], b"\"2026-03-20\"");
}

#[test]
fn derived_facts_describe_the_case() {
    let (snapshot, arena, trust) = (Sample::new().snapshot(), Bump::new(), trust());
    let case = collected(&snapshot, &arena, &trust);
    let digest = snapshot.digest().unwrap().to_string();
    assert_eq!(case.value(case.one("bundle"), "digest"), CellValue::Text(&digest));
    assert_eq!(case.value(case.one("bundle"), "files"), CellValue::Int(3));
    assert_eq!(case.value(case.one("manifest"), "flow"), CellValue::Text("le-unsolicited"));
    assert!(matches!(case.value(case.one("manifest"), "created_at"), CellValue::Instant(_)));
    assert_eq!(case.value(case.one("manifest"), "prior_manifest_sha256"), CellValue::Absent);
    assert_eq!(case.value(case.one("run"), "stage"), CellValue::Text("evidence"));
    assert_eq!(case.value(case.one("trust"), "qvi_aid"), CellValue::Text(AID));
    assert!(matches!(case.value(case.one("trust"), "officer_threshold"), CellValue::Threshold(_)));
    assert_eq!(case.population("listed_file").members.len(), 3);
    let checks = &case.population("file_check").members;
    // Three files and the manifest.
    assert_eq!(checks.len(), 4);
    assert!(checks.iter().all(|check| case.value(*check, "ok") == CellValue::Bool(true)));
    let pointers: Vec<_> = case
        .population("event_instant")
        .members
        .iter()
        .map(|event| (case.value(*event, "path"), case.value(*event, "pointer")))
        .collect();
    assert!(pointers.contains(&(CellValue::Text("bundle/records/plan.json"), CellValue::Text("/set_at"))));
    let publish = CellValue::Text("/meta/goldenCopy/publishDate");
    assert!(pointers.contains(&(CellValue::Text("bundle/raw/body.json"), publish)));
    // A plan is no event.
    assert!(
        !pointers
            .iter()
            .any(|(_, pointer)| *pointer == CellValue::Text("/data/attributes/registration/nextRenewalDate"))
    );
}

#[test]
fn a_bad_field_leaves_the_others_readable() {
    let mut sample = Sample::new();
    let mut plan = issuance_plan("plan");
    plan["set_at"] = json!("2026-03-17T09:00:00");
    plan.as_object_mut().unwrap().remove("set_by");
    sample.put("records/plan.json", "issuance-plan", &plan);
    let (snapshot, arena, trust) = (sample.snapshot(), Bump::new(), trust());
    let case = collected(&snapshot, &arena, &trust);
    let plan = case.one("issuance-plan");
    assert_eq!(case.value(plan, "set_at"), CellValue::Unknown(Cause::Invalid));
    assert_eq!(case.value(plan, "set_by"), CellValue::Unknown(Cause::Missing));
    assert!(matches!(case.value(plan, "likely_issuance_date"), CellValue::Date(_)));
    // The naive instant is an event whose time is not known, and a check that fails GATE-7.
    let events = &case.population("event_instant").members;
    let naive = events.iter().find(|event| case.value(**event, "pointer") == CellValue::Text("/set_at")).unwrap();
    assert_eq!(case.value(*naive, "at"), CellValue::Unknown(Cause::Invalid));
    let checks = &case.population("file_check").members;
    let bad: Vec<_> = checks.iter().filter(|check| case.value(**check, "ok") == CellValue::Bool(false)).collect();
    assert_eq!(bad.len(), 2);
    assert_eq!(case.value(*bad[0], "rule"), CellValue::Text("GATE-5"));
    assert_eq!(case.value(*bad[1], "rule"), CellValue::Text("GATE-7"));
    assert_eq!(case.value(*bad[1], "code"), CellValue::Text("countersign::bundle::naive_instant"));
}

#[test]
fn malformed_identifiers_are_values() {
    let mut sample = Sample::new();
    let mut lei = lei_record("lei");
    lei["requested_lei"] = json!("254900OPPU84GM83MG63");
    sample.put("records/lei.json", "lei-record", &lei);
    let (snapshot, arena, trust) = (sample.snapshot(), Bump::new(), trust());
    let case = collected(&snapshot, &arena, &trust);
    assert!(case.problems.is_empty());
    assert_eq!(case.value(case.one("lei-record"), "requested_lei"), CellValue::Malformed("254900OPPU84GM83MG63"));
}

#[test]
fn an_unreadable_record_is_a_possible_member() {
    let mut sample = Sample::new();
    sample.put_bytes("records/plan.json", "issuance-plan", b"{\"kind\": 1.5}");
    let (snapshot, arena, trust) = (sample.snapshot(), Bump::new(), trust());
    let case = collected(&snapshot, &arena, &trust);
    let plans = case.population("issuance-plan");
    assert_eq!((plans.members.len(), plans.unreadable.len(), plans.unknown), (0, 1, None));
    assert_eq!(case.value(plans.unreadable[0], "set_by"), CellValue::Unknown(Cause::Unreadable));
    assert_eq!(case.value(plans.unreadable[0], "digest_ok"), CellValue::Bool(false));
    assert_eq!(case.population("event_instant").unreadable.len(), 1);
    // It is listed, so it is one of the records; what it says is not known.
    let records = &case.population("record").members;
    assert_eq!(records.len(), 2);
    assert_eq!(case.value(records[1], "kind"), CellValue::Text("issuance-plan"));
    assert_eq!(case.value(records[1], "performed_at"), CellValue::Unknown(Cause::Unreadable));
}

#[test]
fn an_altered_or_missing_record_is_not_read() {
    for alter in [true, false] {
        let mut files = Sample::new().sealed();
        if alter {
            files.get_mut("bundle/records/plan.json").unwrap().push(b'\n');
        } else {
            files.remove("bundle/records/plan.json");
        }
        let (snapshot, arena, trust) = (snapshot(files), Bump::new(), trust());
        let case = collected(&snapshot, &arena, &trust);
        let plans = case.population("issuance-plan");
        assert_eq!((plans.members.len(), plans.unreadable.len()), (0, 1));
        let listed = &case.population("listed_file").members;
        let plan = listed.iter().find(|file| case.value(**file, "path") == CellValue::Text("records/plan.json"));
        assert_eq!(case.value(*plan.unwrap(), "digest_ok"), CellValue::Bool(false));
    }
}

#[test]
fn without_a_manifest_nothing_is_known_to_be_absent() {
    let mut files = Sample::new().sealed();
    files.remove("bundle/manifest.json");
    let (snapshot, arena, trust) = (snapshot(files), Bump::new(), trust());
    let case = collected(&snapshot, &arena, &trust);
    for kind in ["issuance-plan", "lei-record", "manifest", "bundle", "record", "event_instant", "listed_file"] {
        assert_eq!(case.population(kind).unknown, Some(Cause::Unreadable), "{kind}");
        assert!(case.population(kind).members.is_empty(), "{kind}");
    }
    assert_eq!(case.population("file_check").unknown, None);
    assert_eq!(case.population("waiver").unknown, None);
}

#[test]
fn a_bundle_alone_says_nothing_of_the_case() {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in Sample::new().sealed() {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let limits = countersign::bundle::Limits::STANDARD;
    let snapshot = countersign::bundle::Snapshot::read(&folder.path().join("bundle"), &limits).unwrap();
    let (arena, trust) = (Bump::new(), trust());
    let case = collected(&snapshot, &arena, &trust);
    assert_eq!(case.population("qar-assignment").unknown, Some(Cause::NotDue));
    assert_eq!(case.population("lei-record").unknown, None);
}

#[test]
fn an_unreadable_case_record_may_be_of_any_kind() {
    let mut files = Sample::new().sealed();
    files.insert("decision/x.json".into(), b"{".into());
    let (snapshot, arena, trust) = (snapshot(files), Bump::new(), trust());
    let case = collected(&snapshot, &arena, &trust);
    for kind in ["waiver", "approval", "qar-assignment"] {
        assert_eq!(case.population(kind).unreadable.len(), 1, "{kind}");
    }
}

#[test]
fn waivers_are_read_and_bad_ones_waive_nothing() {
    let waiver = |expires: &str| {
        record(
            "waiver",
            "w1",
            json!({
                "bundle_digest": "a".repeat(64), "predecessor_sha256": null, "rule": "PROV-1.a",
                "rule_digest": "b".repeat(64), "element": null, "reason": "why", "requested_by": "Q1",
                "approved_by": [{"person_id": "O1", "aid": AID, "approved_at": "2026-03-19T12:00:00Z"}],
                "not_before": "2026-03-19T12:00:00Z", "expires": expires, "max_uses": 1,
            }),
        )
    };
    let case = |expires: &str| {
        let mut files = Sample::new().sealed();
        files.insert("decision/w.json".into(), waiver(expires).to_string().into_bytes());
        countersign::case::waivers(&snapshot(files), schema())
    };
    let waivers = case("2026-04-01T00:00:00Z");
    assert_eq!(waivers.len(), 1);
    assert_eq!((waivers[0].id.as_str(), waivers[0].element.as_str()), ("w1", ""));
    assert_eq!(waivers[0].approved_by, ["O1"]);
    assert!(case("2026-04-01T00:00:00").is_empty());
}

#[test]
fn references_are_resolved_by_digest() {
    use countersign::bundle::author::ReferenceDraft;
    use countersign::collect::{RunFacts, collect};
    use countersign::primitives::Sha256;
    let cases = tempfile::tempdir().unwrap();
    let earlier = Sample::new();
    for (path, bytes) in earlier.sealed() {
        let path = cases.path().join("earlier").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let digest = earlier.snapshot().digest().unwrap();
    let plan = Sha256::of(&earlier.files["bundle/records/plan.json"]);
    let reference = |bundle_digest, sha256| ReferenceDraft {
        bundle_digest,
        path: "records/plan.json".into(),
        sha256,
        stands_for: "issuance-plan".into(),
    };
    let mut manifest = Sample::new().manifest();
    manifest.references =
        vec![reference(digest, plan), reference(digest, Sha256::of(b"")), reference(Sha256::of(b"x"), plan)];
    let mut files = Sample::new().sealed();
    files.insert("bundle/manifest.json".into(), manifest.to_bytes());
    let (snapshot, arena, trust) = (snapshot(files), Bump::new(), trust());
    let layout = countersign::facts::table::Layout::full(schema());
    let run = RunFacts { stage: "evidence", flow: "le-solicited", profile: "house", keri: None };
    let (facts, problems) = collect(&snapshot, &arena, schema(), &layout, &trust, &run, Some(cases.path()));
    assert!(problems.is_empty(), "{problems:?}");
    let kind = schema().kind_named("reference").unwrap();
    let record = schema().kind(kind).record;
    let value = |at: usize, name: &str| {
        let slot = layout.slot(record, schema().struct_type(record).field(name).unwrap()).unwrap();
        facts.cell(facts.population(kind).members[at], slot).value
    };
    assert_eq!(value(0, "resolved"), CellValue::Bool(true));
    assert_eq!(value(0, "lei"), CellValue::Text(LEI));
    assert_eq!(value(0, "le_aid"), CellValue::Unknown(Cause::Missing));
    assert_eq!(value(1, "resolved"), CellValue::Bool(false));
    assert_eq!(value(2, "resolved"), CellValue::Unknown(Cause::Missing));
}

#[test]
fn the_reference_case_has_no_problem() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let limits = countersign::bundle::Limits::STANDARD;
    let snapshot = countersign::bundle::Snapshot::read(&root.join("fixtures/cases/b0"), &limits).unwrap();
    let trust = countersign::trust::Trust::parse(&std::fs::read(root.join("fixtures/trust.json")).unwrap()).unwrap();
    let arena = Bump::new();
    let case = collected(&snapshot, &arena, &trust);
    assert!(case.problems.is_empty(), "{:#?}", case.problems);
    assert_eq!(case.population("lei-record").members.len(), 3);
    assert_eq!(case.population("delivery").members.len(), 1);
    assert_eq!(case.population("approval").members.len(), 1);
}
