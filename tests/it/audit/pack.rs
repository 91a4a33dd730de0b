//! `audit pack` and `audit verify`: a pack holds, and whoever changes it is found out.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use countersign::bundle::pack::{Packer, unpacked};
use countersign::primitives::Sha256;
use serde_json::Value;

use super::{AS_OF, Done, PERIOD, Year};
use crate::fixture::fixtures;

pub type Files = BTreeMap<String, Vec<u8>>;

fn packed(year: &Year) -> Files {
    let lock = fixtures().join("lock.json").display().to_string();
    let asked = ["pack", ".", "--period", PERIOD, "--as-of", AS_OF, "--output", "pack.tar", "--lock", &lock];
    let run = year.command(&asked, &[]);
    assert!(run.status != 2, "{}", run.stderr);
    unpacked(&year.root().join("pack.tar")).unwrap()
}

fn verified(year: &Year, files: &Files) -> Done {
    write(&year.root().join("other.tar"), files);
    year.command(&["verify", "other.tar"], &[])
}

pub fn write(path: &Path, files: &Files) {
    let mut pack = Packer::new(fs::File::create(path).unwrap());
    for (name, bytes) in files {
        pack.add(name, bytes).unwrap();
    }
    pack.finish().unwrap();
}

/// What somebody would do who wants to be believed: the list fits again.
pub fn listed(mut files: Files) -> Files {
    files.remove("pack.json");
    let digests: BTreeMap<&String, String> =
        files.iter().map(|(name, bytes)| (name, Sha256::of(bytes).to_string())).collect();
    let list = serde_json::json!({ "format": "countersign/audit-pack/v1", "files": digests });
    let list = serde_json_canonicalizer::to_vec(&list).unwrap();
    files.insert("pack.json".to_owned(), list);
    files
}

fn changed(files: &Files, change: impl FnOnce(&mut Value)) -> Files {
    let mut files = files.clone();
    let mut report: Value = serde_json::from_slice(&files["audit.json"]).unwrap();
    change(&mut report);
    files.insert("audit.json".to_owned(), serde_json_canonicalizer::to_vec(&report).unwrap());
    listed(files)
}

#[test]
fn a_pack_holds_and_has_no_evidence() {
    let year = Year::good();
    let files = packed(&year);
    let run = verified(&year, &files);
    // The lock of the fixtures pins the rule book by digest; whatever it says of that, all the rest holds.
    for part in ["files", "trust file", "judgements", "population", "ledger", "decisions"] {
        assert!(run.stdout.contains(&format!("{part}: holds")), "{part}: {}", run.stdout);
    }
    let all: Vec<u8> = files.values().flatten().copied().collect();
    let all = String::from_utf8(all).unwrap();
    for personal in ["Anna Berger", "Erika Beispiel", "anna.berger@acme.example", "emil.sommer@acme.example"] {
        let case = fixtures().join("cases/b0/bundle/records");
        let known = fs::read_dir(&case)
            .unwrap()
            .any(|entry| fs::read_to_string(entry.unwrap().path()).is_ok_and(|text| text.contains(personal)));
        assert!(known || personal.starts_with("Erika"), "{personal} is in no record");
        assert!(!all.contains(personal), "{personal}");
    }
    assert_eq!(packed(&year), files, "the same bytes again");
}

#[test]
fn a_pack_that_was_changed_is_refused() {
    let year = Year::good();
    let files = packed(&year);
    let refused = |files: &Files, part: &str, why: &str| {
        let run = verified(&year, files);
        assert_eq!(run.status, 1, "{why}: {}{}", run.stdout, run.stderr);
        let told = format!("{part}: does not hold: ");
        let text = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&told) && text.contains(why), "{told}{why}: {}", run.stdout);
    };
    let mut one = files.clone();
    one.get_mut("audit.json").unwrap().push(b' ');
    refused(&one, "files", "`audit.json` is not as listed");
    let mut more = files.clone();
    more.insert("note.txt".to_owned(), b"hello".to_vec());
    refused(&more, "files", "`note.txt` is not listed");
    let mut less = files.clone();
    less.remove("registries/tel-oor.cesr");
    refused(&less, "files", "is listed and not there");
    refused(&listed(less), "population", "`registries/tel-oor.cesr` is not in the pack");

    let without_case = changed(&files, |report| {
        report["cases"].as_array_mut().unwrap().retain(|case| case["case"] != "oor");
    });
    refused(&without_case, "population", "has neither a case nor a finding");
    let fewer = changed(&files, |report| report["summary"]["issued"] = 1.into());
    refused(&fewer, "population", "the registries have 2 issuances");
    let other = changed(&files, |report| {
        let outcomes = report["cases"][0]["outcomes"].as_str().unwrap().replacen('p', "n", 1);
        report["cases"][0]["outcomes"] = outcomes.into();
    });
    refused(&other, "judgements", "is not that of the judgement");
    let happier = changed(&files, |report| report["verdict"] = "clean".into());
    refused(&happier, "counts", "the verdict is clean, and the cases and findings say indeterminate");
    let fewer = changed(&files, |report| report["coverage"][200]["fail"] = 7.into());
    refused(&fewer, "counts", "are not those of the cases");
    let hidden = changed(&files, |report| report["findings"] = Value::Array(Vec::new()));
    refused(&hidden, "counts", "the summary is not that");
    let rebound = changed(&files, |report| report["cases"][0]["bundle"] = Sha256::of(b"x").to_string().into());
    refused(&rebound, "judgements", "of another bundle");
    let policy = changed(&files, |report| report["run"]["policy"] = Sha256::of(b"x").to_string().into());
    refused(&policy, "judgements", "of another rule book");
    let mut trust = files.clone();
    trust.get_mut("trust.json").unwrap().push(b'\n');
    refused(&listed(trust), "trust file", "is not the trust file that was given");
    let log = "registries/kel-qvi.cesr";
    let mut forged = files.clone();
    let text = String::from_utf8(forged[log].clone()).unwrap();
    forged.insert(log.to_owned(), text.replacen("-EAB", "-EAC", 1).into_bytes());
    refused(&listed(forged), "population", "is not the stream that was audited");
    let lock = files.iter().map(|(name, bytes)| {
        let bytes = if name == "lock.json" {
            String::from_utf8(bytes.clone()).unwrap().replacen("\"serial\": 1", "\"serial\": 2", 1).into_bytes()
        } else {
            bytes.clone()
        };
        (name.clone(), bytes)
    });
    refused(&listed(lock.collect()), "policy lock", "not signed by the policy keys");
}

#[test]
fn decisions_are_proven_to_stand_in_the_ledger() {
    let year = Year::good();
    year.ledger(&year.case("b0/decision/06-approval.json"));
    let files = packed(&year);
    assert!(files.contains_key("ledger/checkpoint.txt"));
    let run = verified(&year, &files);
    assert!(run.stdout.contains("ledger: holds: 1 decisions stand in a ledger of 2 rows"), "{}", run.stdout);
    assert!(run.stdout.contains("checkpoint: not shown"), "{}", run.stdout);

    let refused = |files: Files, why: &str| {
        let run = verified(&year, &listed(files));
        let text = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(run.status, 1, "{}", run.stdout);
        assert!(text.contains("ledger: does not hold: ") && text.contains(why), "{why}: {}", run.stdout);
    };
    let proofs = String::from_utf8(files["ledger/proofs.ndjson"].clone()).unwrap();
    let mut row = files.clone();
    row.insert("ledger/proofs.ndjson".to_owned(), proofs.replace("15:00:03Z", "15:00:04Z").into_bytes());
    refused(row, "is not proven to stand in the ledger");
    let mut none = files.clone();
    none.insert("ledger/proofs.ndjson".to_owned(), Vec::new());
    refused(none, "has no proof");
    let later = changed(&files, |report| report["cases"][0]["signed_at"] = "2026-03-20T15:00:04Z".into());
    refused(later, "another signing time");
    let mut other = files.clone();
    other.insert("ledger/checkpoint.txt".to_owned(), b"another ledger\n".to_vec());
    refused(other, "is not of the ledger that was audited");
}

#[test]
fn what_is_no_pack_is_an_error() {
    let year = Year::good();
    fs::write(year.root().join("x.tar"), b"nothing").unwrap();
    let run = year.command(&["verify", "x.tar"], &[]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("countersign::audit::not_a_pack"), "{}", run.stderr);
    write(&year.root().join("empty.tar"), &Files::new());
    assert_eq!(year.command(&["verify", "empty.tar"], &[]).status, 2);
}
