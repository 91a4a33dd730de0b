//! Cases that a patch changed: everything in them that is signed still verifies, but for what the patch says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;

use countersign::bundle::json::{Numbers, Tree, canonical::canonical};
use countersign::bundle::patch::{self, Change, Settle, Step, TRUST};
use countersign::bundle::{Limits, Snapshot};
use countersign::check::cases;
use countersign::check::patch::Workshop;
use countersign::facts::schema::FactSchema;
use countersign::keri::cesr::{self, Group};
use countersign::keri::evidence::Evidence;
use countersign::keri::log::Logs;
use countersign::keri::remake::{Keys, World};
use countersign::keri::signature::Signatures;
use countersign::keri::signed;
use countersign::policy::cases::patch_file;
use countersign::source::Source;

type Files = BTreeMap<String, Vec<u8>>;

fn fixtures() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn schema() -> &'static FactSchema {
    static SCHEMA: OnceLock<FactSchema> = OnceLock::new();
    SCHEMA.get_or_init(FactSchema::embedded)
}

fn keys() -> Keys {
    Keys::parse(&std::fs::read(fixtures().join("keri/b0/keys.json")).unwrap()).unwrap()
}

fn reference_case() -> Snapshot {
    Snapshot::read(&fixtures().join("cases/b0"), &Limits::STANDARD).unwrap()
}

fn patched(steps: &str) -> Result<Files, String> {
    let source = Source::new("patch.yaml", format!("patch:\n{steps}"));
    let file = patch_file(&source).unwrap_or_else(|problems| panic!("{problems:?}"));
    let patched = cases::patched(&reference_case(), &file.steps, schema(), &keys())?;
    assert_eq!(patched.stale, Vec::<String>::new());
    Ok(patched.snapshot.to_files())
}

/// What does not hold in a case: problems of files, of messages, of logs, of attached signatures and of those
/// beside records. Each with the file where it can be told.
fn problems(files: &Files) -> BTreeSet<String> {
    let snapshot = Snapshot::from_files(files.clone(), &Limits::STANDARD);
    let mut found: BTreeSet<String> =
        snapshot.problems().iter().map(|problem| format!("{}: {:?}", problem.path, problem.code)).collect();
    let is_stream = |path: &str| path.ends_with(".cesr") && !path.ends_with(".sig.cesr");
    // The anchor event as drafted has one signature of two; it is no part of the log yet.
    let mut streams: Vec<(&String, Vec<cesr::Message<'_>>)> = Vec::new();
    for (path, bytes) in files.iter().filter(|(path, _)| is_stream(path) && !path.starts_with("decision/")) {
        match cesr::read(bytes) {
            Ok(messages) => streams.push((path, messages)),
            Err(error) => {
                found.insert(format!("{path}: {}", error.code()));
            }
        }
    }
    let messages: Vec<_> = streams.iter().flat_map(|(_, messages)| messages.clone()).collect();
    let evidence = Evidence::collect(&messages);
    found.extend(evidence.findings.iter().map(|finding| format!("stream: {}", finding.code.as_str())));
    let signatures = Signatures::verify(evidence.events.triples());
    let logs = Logs::new(&evidence.events, &signatures);
    for prefix in evidence.events.prefixes() {
        let log = logs.log(prefix).unwrap();
        found.extend(log.refused.iter().map(|(_, refusal)| format!("log: {refusal:?}")));
        found.extend(log.duplicity.iter().map(|_| "log: duplicity".to_owned()));
        for accepted in &log.accepted {
            let entry = logs.events().entry(accepted.entry).unwrap();
            // More than enough may have signed; each of them must hold.
            if accepted.signers.len() != entry.signatures.len() {
                found.insert("log: bad signature".to_owned());
            }
            if accepted.witnesses.len() != entry.witness_signatures.len() {
                found.insert("log: bad receipt".to_owned());
            }
        }
    }
    for entry in &evidence.exchanges {
        let signers = signed::signers(&logs, entry.message.body, &entry.message.attachments);
        let whole = signers.iter().all(|signer| signer.as_ref().is_ok_and(|s| s.satisfied && s.bad == 0));
        if signers.is_empty() || !whole {
            found.insert(format!("exn: {signers:?}"));
        }
    }
    for (path, bytes) in files.iter().filter(|(path, _)| path.ends_with(".sig.cesr")) {
        let record = path.replace(".sig.cesr", ".json");
        let Some(record_bytes) = files.get(&record) else {
            found.insert(format!("{path}: no record"));
            continue;
        };
        let message = if record.ends_with("manifest.json") {
            format!("countersign/manifest/v1\n{}", String::from_utf8(record_bytes.clone()).unwrap())
        } else {
            let tree = Tree::parse(record_bytes, Numbers::Integers).unwrap();
            format!("countersign/record/v1\n{}", String::from_utf8(canonical(&tree).unwrap()).unwrap())
        };
        let attachments = cesr::read_attachments(bytes).unwrap();
        let signers = signed::signers(&logs, &message, &attachments);
        let whole = signers.iter().all(|signer| signer.as_ref().is_ok_and(|s| s.satisfied && s.bad == 0));
        if signers.is_empty() || !whole {
            found.insert(format!("{path}: not signed"));
        }
    }
    found
}

/// Who signed a record: identifiers.
fn signers(files: &Files, path: &str) -> Vec<String> {
    let attachments = cesr::read_attachments(&files[path]).unwrap();
    let groups = attachments.iter().flat_map(|attachment| match &attachment.group {
        Group::TransferableSignatures(items) => items.iter().map(|(anchor, _)| anchor.prefix.to_owned()).collect(),
        _ => Vec::new(),
    });
    groups.collect()
}

fn json(files: &Files, path: &str) -> serde_json::Value {
    serde_json::from_slice(&files[path]).unwrap()
}

const LE: &str = "EDJJ2SAzuBNdvMwNsxfvrLbgHQtPbqDW1RddezZkuQE9";
const QVI: &str = "ECUxeizfTn669ZtV6hk8qJyk-59G8S7RCp4N_xPiQJme";
const Q1: &str = "EJC6mvmEK_i-S0kQkRZh781RupPQ1pjHNSZLi0dxPhKk";
const Q2: &str = "EHowwGuu5lztml5EN_RGXAdDYdFCTAh6zPLvpqmXn7PU";

#[test]
fn the_reference_case_holds_and_stays_as_it_is() {
    let files = reference_case().to_files();
    assert_eq!(problems(&files), BTreeSet::new());
    let same = patched("  - set: records/session-1.json#/audio\n    to: true\n").unwrap();
    assert!(same == files);
}

#[test]
fn a_changed_record_is_signed_again() {
    let files = patched("  - set: records/session-1.json#/audio\n    to: false\n").unwrap();
    assert_eq!(problems(&files), BTreeSet::new());
    assert_eq!(signers(&files, "bundle/records/session-1.sig.cesr"), [Q1]);
    let before = reference_case().to_files();
    let changed: Vec<&String> = files.keys().filter(|path| before.get(*path) != files.get(*path)).collect();
    assert!(changed.iter().any(|path| *path == "bundle/manifest.sig.cesr"), "{changed:?}");
    assert!(changed.iter().any(|path| *path == "decision/03-proposal.sig.cesr"), "{changed:?}");
    assert!(!changed.iter().any(|path| path.starts_with("bundle/streams/")), "{changed:?}");
}

#[test]
fn who_performed_a_record_signs_it() {
    let files = patched("  - set: records/session-1.json#/performed_by\n    to: Q2\n").unwrap();
    assert_eq!(problems(&files), BTreeSet::new());
    assert_eq!(signers(&files, "bundle/records/session-1.sig.cesr"), [Q2]);
    let files = patched("  - set: manifest.json#/sealed_by\n    to: Q2\n").unwrap();
    assert_eq!(problems(&files), BTreeSet::new());
    assert_eq!(signers(&files, "bundle/manifest.sig.cesr"), [Q2]);
    // Nobody has keys of somebody who is not there: who signed signs.
    let files = patched("  - set: records/session-1.json#/performed_by\n    to: NOBODY\n").unwrap();
    assert_eq!(problems(&files), BTreeSet::new());
    assert_eq!(signers(&files, "bundle/records/session-1.sig.cesr"), [Q1]);
}

#[test]
fn a_new_record_is_signed_and_a_removed_one_takes_its_signatures_along() {
    let files = patched(
        "  - copy: records/session-1.json\n    as: records/session-2.json\n    change: { /id: session-2, /performed_by: Q2 }\n",
    )
    .unwrap();
    assert_eq!(problems(&files), BTreeSet::new());
    assert_eq!(signers(&files, "bundle/records/session-2.sig.cesr"), [Q2]);
    let files = patched(
        "  - add: records/plan-2.json\n    kind: issuance-plan\n    json: { kind: issuance-plan, id: plan-2, \
         schema_version: 1, producer: qvi, performed_by: Q2, performed_at: 2026-03-03T09:15:00Z, recorded_at: \
         2026-03-03T09:15:00Z, subject_case: LE-2026-017, likely_issuance_date: 2026-03-20, set_by: Q2, set_at: \
         2026-03-03T09:15:00Z }\n  \
         - add: decision/08-waiver.json\n    kind: waiver\n    json: { kind: waiver, id: w, performed_by: Q3 }\n",
    )
    .unwrap();
    assert_eq!(problems(&files), BTreeSet::new());
    assert!(files.contains_key("bundle/records/plan-2.sig.cesr") || !schema_signs("issuance-plan"));
    assert_eq!(signers(&files, "decision/08-waiver.sig.cesr").len(), 1);
    let files = patched("  - remove: records/session-1.json\n  - remove: decision/04-submission.json\n").unwrap();
    assert_eq!(problems(&files), BTreeSet::new());
    assert!(!files.contains_key("bundle/records/session-1.sig.cesr"));
    let files = patched("  - remove: records/session-1.sig.cesr\n").unwrap();
    assert_eq!(problems(&files), BTreeSet::new());
    assert!(files.contains_key("bundle/records/session-1.json"));
}

fn schema_signs(kind: &str) -> bool {
    schema().kind(schema().kind_named(kind).unwrap()).signed
}

#[test]
fn signers_are_named_and_removed() {
    let files = patched("  - set: records/session-1.sig.cesr#/signers\n    to: [Q2, LE]\n").unwrap();
    assert_eq!(problems(&files), BTreeSet::new());
    assert_eq!(signers(&files, "bundle/records/session-1.sig.cesr"), [Q2, LE]);
    let files = patched("  - remove: records/qar-roster.sig.cesr#/signers/0\n").unwrap();
    assert_eq!(problems(&files), BTreeSet::new());
    assert_eq!(signers(&files, "bundle/records/qar-roster.sig.cesr").len(), 1);
    let files = patched("  - set: records/session-1.sig.cesr#/signers/-\n    to: Q3\n").unwrap();
    assert_eq!(signers(&files, "bundle/records/session-1.sig.cesr").len(), 2);
    assert!(
        patched("  - set: records/session-1.sig.cesr#/signers\n    to: [NOBODY]\n").unwrap_err().contains("NOBODY")
    );
}

#[test]
fn a_new_threshold_is_a_new_identifier_everywhere() {
    let files = patched("  - set: streams/kel-le.cesr#/0/kt\n    to: '1'\n").unwrap();
    assert_eq!(problems(&files), BTreeSet::new());
    for (path, bytes) in &files {
        assert!(!String::from_utf8_lossy(bytes).contains(LE), "{path}");
    }
    let aid = json(&files, "bundle/records/kel-le.json")["aid"].as_str().unwrap().to_owned();
    let streams = [&files["bundle/streams/kel-le.cesr"], &files["post/streams/credential-le.cesr"]];
    for stream in streams {
        let text = String::from_utf8(stream.clone()).unwrap();
        let inception = format!("\"d\":\"{aid}\",\"i\":\"{aid}\",\"s\":\"0\",\"kt\":\"1\"");
        assert!(text.contains(&inception));
    }
    // The draft in the proposal is the credential in the stream beside it.
    let draft = json(&files, "decision/03-proposal.json")["draft_credential"].to_string();
    assert!(String::from_utf8_lossy(&files["decision/03-proposal.cesr"]).starts_with(&draft));
    assert_eq!(json(&files, "decision/03-proposal.json")["draft_credential"]["a"]["i"], aid.as_str());
    // And the signature that Q2 wrote down is that of the new anchor event.
    let signature = json(&files, "decision/07-partial-signature.json")["signature"].as_str().unwrap().to_owned();
    assert!(String::from_utf8_lossy(&files["post/streams/kel-qvi-issued.cesr"]).contains(&signature));
}

#[test]
fn another_group_of_the_qvi_is_still_the_one_that_is_trusted() {
    let mut files = reference_case().to_files();
    files.insert(TRUST.to_owned(), std::fs::read(fixtures().join("trust.json")).unwrap());
    let (world, keys) = (World::read(&files), keys());
    let step = Step {
        settle: Settle::Signed,
        change: Change::Set {
            path: "streams/kel-qvi.cesr".to_owned(),
            pointer: "/0/c".to_owned(),
            to: serde_json::json!([]),
        },
    };
    patch::apply(&mut files, &[step], &mut Workshop::new(schema(), &keys, &world)).unwrap();
    let trust = json(&files, TRUST);
    files.remove(TRUST);
    assert_eq!(problems(&files), BTreeSet::new());
    assert!(!String::from_utf8_lossy(&files["bundle/streams/credential-qvi.cesr"]).contains(QVI));
    assert_ne!(trust["qvi_aid"], QVI);
    assert_eq!(trust["qvi_aid"], json(&files, "bundle/records/kel-qvi.json")["aid"]);
}

#[test]
fn what_is_attached_is_removed_from_all_copies() {
    let files =
        patched("  - remove: streams/kel-qvi.cesr#/0/-B/4\n  - remove: streams/kel-qvi.cesr#/0/-B/3\n").unwrap();
    let count = |path: &str| {
        let messages = cesr::read(&files[path]).unwrap();
        let event =
            messages.iter().find(|message| message.body.contains(&format!("\"t\":\"dip\",\"d\":\"{QVI}\""))).unwrap();
        event
            .attachments
            .iter()
            .map(|a| if let Group::WitnessSignatures(items) = &a.group { items.len() } else { 0 })
            .sum()
    };
    for path in ["bundle/streams/kel-qvi.cesr", "bundle/streams/credential-qvi.cesr", "post/streams/credential-le.cesr"]
    {
        let count: usize = count(path);
        assert_eq!(count, 3, "{path}");
    }
    let found = problems(&files);
    assert!(found.iter().any(|problem| problem.starts_with("log: ReceiptsShort")), "{found:?}");
    assert!(!found.iter().any(|problem| problem.contains("not signed") && problem.contains("records/")), "{found:?}");
}

#[test]
fn removed_keys_and_witnesses_take_their_signatures_along() {
    for steps in [
        "  - remove: streams/kel-le.cesr#/0/k/2\n  - remove: streams/kel-le.cesr#/0/n/2\n",
        "  - remove: streams/kel-le.cesr#/0/b/4\n",
        "  - set: streams/request-1.cesr#/0/a/m\n    to: please\n",
        "  - set: streams/request-1.cesr#/0/a/LEI\n    to: 5493000IBP32UQZ0KL2400\n",
        "  - set: streams/credential-qvi.cesr#/11/dt\n    to: 2025-09-15T11:45:00.000000+00:00\n",
        "  - remove: streams/request-1.cesr#/0/-F/0/-A/2\n",
        "  - shift: 1 days\n    in: '**'\n",
        "  - replace: please\n    by: pleases\n    in: records/*.json\n  - shift: 2h\n    in: streams/*.cesr\n",
        "  - set: streams/kel-q2.cesr#/0/bt\n    to: '3'\n",
    ] {
        match patched(steps) {
            Ok(files) => assert_eq!(problems(&files), BTreeSet::new(), "{steps}"),
            Err(why) => assert!(why.contains("please") || why.contains("/11"), "{steps}: {why}"),
        }
    }
}

#[test]
fn what_a_step_leaves_is_left() {
    // Listed, and not signed.
    let files = patched("  - set: records/session-1.json#/audio\n    to: false\n    sign: false\n").unwrap();
    assert_eq!(problems(&files), BTreeSet::from(["bundle/records/session-1.sig.cesr: not signed".to_owned()]));
    // A wrong digest, in one copy.
    let wrong = LE.replace("EDJJ", "EDJK");
    let step = format!("  - set: streams/kel-le.cesr#/0/d\n    to: {wrong}\n    sign: false\n");
    let files = patched(&step).unwrap();
    let found = problems(&files);
    assert!(found.contains("stream: said_mismatch") && !found.iter().any(|p| p.contains("Digest")), "{found:?}");
    // Neither listed nor signed.
    let files = patched("  - set: streams/kel-le.cesr#/0/kt\n    to: '1'\n    relist: false\n").unwrap();
    let found = problems(&files);
    assert!(found.contains("bundle/streams/kel-le.cesr: DigestMismatch"), "{found:?}");
    // A signature that is given stays, whatever else is made again.
    let foreign = {
        let files = reference_case().to_files();
        let messages = cesr::read(&files["bundle/streams/kel-q1.cesr"]).unwrap();
        let Group::ControllerSignatures(items) = &messages[0].attachments[0].group else { panic!() };
        items[0].text.to_owned()
    };
    let step = format!(
        "  - set: streams/kel-le.cesr#/0/-A/0\n    to: {foreign}\n  - set: streams/kel-le.cesr#/0/kt\n    to: '1'\n"
    );
    let files = patched(&step).unwrap();
    assert!(String::from_utf8_lossy(&files["bundle/streams/kel-le.cesr"]).contains(&foreign));
    assert_eq!(problems(&files), BTreeSet::from(["log: bad signature".to_owned()]));
}

#[test]
fn a_copy_of_a_stream_may_differ() {
    // Two events where a log can hold one; both are signed.
    let files =
        patched("  - copy: streams/kel-qvi.cesr\n    as: streams/kel-qvi-2.cesr\n    change: { /1/a: [] }\n").unwrap();
    let found = problems(&files);
    assert!(found.contains("log: duplicity"), "{found:?}");
    assert!(!found.iter().any(|p| p.contains("BadSignature") || p.contains("stream")), "{found:?}");
    assert!(files["bundle/streams/kel-qvi.cesr"] == reference_case().to_files()["bundle/streams/kel-qvi.cesr"]);
}

#[test]
fn without_keys_it_says_what_no_longer_holds() {
    let source = Source::new("p.yaml", "patch:\n  - set: records/session-1.json#/audio\n    to: false\n".to_owned());
    let steps = patch_file(&source).unwrap().steps;
    let patched = cases::patched(&reference_case(), &steps, schema(), &Keys::default()).unwrap();
    assert!(patched.stale.contains(&"bundle/records/session-1.json".to_owned()), "{:?}", patched.stale);
    let source = Source::new("p.yaml", "patch:\n  - set: streams/kel-le.cesr#/0/kt\n    to: '1'\n".to_owned());
    let steps = patch_file(&source).unwrap().steps;
    let why = cases::patched(&reference_case(), &steps, schema(), &Keys::default()).unwrap_err();
    assert!(why.contains("no private key"), "{why}");
}

#[test]
fn messages_are_added_and_signed() {
    let files = patched(
        "  - set: streams/kel-le.cesr#/-\n    to: { t: rot }\n  - set: streams/kel-le.cesr#/-\n    to: { t: ixn }\n",
    )
    .unwrap();
    let found = problems(&files);
    assert_eq!(found, BTreeSet::new());
    let messages = cesr::read(&files["bundle/streams/kel-le.cesr"]).unwrap();
    assert_eq!(messages.len(), 3);
    let logs = |stream: &[u8], prefix: &str| {
        let messages = cesr::read(stream).unwrap();
        let evidence = Evidence::collect(&messages);
        let signatures = Signatures::verify(evidence.events.triples());
        let logs = Logs::new(&evidence.events, &signatures);
        logs.log(prefix).unwrap().accepted.len()
    };
    assert_eq!(logs(&files["bundle/streams/kel-le.cesr"], LE), 3);

    // GLEIF revokes the credential of the QVI.
    let said = format!("E{}", "revoked".repeat(7).split_at(43).0);
    let credential = "EHExaqxkfCRN0RaSdkYM08AQsiBsvfuUejdYmROYbP6Y";
    let files = patched(&format!(
        "  - set: streams/kel-geda.cesr#/-\n    to: {{ t: ixn, a: [{{ i: {credential}, s: '1', d: {said} }}] }}\n  \
         - set: streams/tel-qvi.cesr#/-\n    to: {{ t: rev, d: {said}, dt: '2026-03-18T09:00:00.000000+00:00' }}\n",
    ))
    .unwrap();
    assert_eq!(problems(&files), BTreeSet::new());
    for path in ["bundle/streams/kel-geda.cesr", "bundle/streams/tel-qvi.cesr"] {
        assert!(!String::from_utf8_lossy(&files[path]).contains(&said), "{path}");
    }
    let whole = [
        files["bundle/streams/credential-qvi.cesr"].as_slice(),
        &files["bundle/streams/kel-geda.cesr"],
        &files["bundle/streams/tel-qvi.cesr"],
    ]
    .concat();
    let as_of = "2026-03-20T15:00:00Z".parse().unwrap();
    let options = countersign::keri::Options { as_of, schemas: None, credential: None };
    let root = json(&files, "bundle/records/kel-root.json")["aid"].as_str().unwrap().parse().unwrap();
    let trusted = countersign::keri::Trusted { root, geda: None };
    let verdict = crate::keri::forge::verify(&whole, &trusted, &options).unwrap();
    assert_eq!(verdict.answer, countersign::keri::Answer::Revoked, "{:?}", verdict.findings);

    let unsealed =
        patched("  - set: streams/tel-qvi.cesr#/-\n    to: { t: rev, dt: '2026-03-18T09:00:00.000000+00:00' }\n");
    assert!(unsealed.unwrap_err().contains("no event seals it"));
}

/// keripy takes what we made again: logs with their signatures, receipts and approvals, and registries.
#[test]
fn keripy_accepts_what_was_made_again() {
    let Some(python) = crate::keri::interop::keripy() else { return };
    let files = patched(
        "  - set: streams/kel-le.cesr#/0/kt\n    to: '1'\n  - set: streams/kel-root.cesr#/0/bt\n    to: '3'\n  \
         - set: streams/kel-qvi.cesr#/0/bt\n    to: '3'\n",
    )
    .unwrap();
    assert_eq!(problems(&files).into_iter().filter(|problem| !problem.starts_with("log: ")).count(), 0);
    let messages = cesr::read(&files["post/streams/credential-le.cesr"]).unwrap();
    // Without official schemas keripy keeps credentials waiting.
    let mut stream = Vec::new();
    for message in messages.iter().filter(|message| !message.body.starts_with("{\"v\":\"ACDC")) {
        stream.extend_from_slice(&files["post/streams/credential-le.cesr"][message.offset..message.end]);
    }
    let found = crate::keri::interop::accepted(&python, &stream);
    assert_eq!(found["left"], 0, "{found}");
    let aid = |record: &str| json(&files, record)["aid"].as_str().unwrap().to_owned();
    for (record, sn) in
        [("bundle/records/kel-le.json", 0), ("bundle/records/kel-qvi.json", 2), ("bundle/records/kel-root.json", 1)]
    {
        assert_eq!(found["logs"][aid(record)][0], sn, "{record}: {found}");
    }
    assert_eq!(found["registries"].as_array().unwrap().len(), 2, "{found}");
}
