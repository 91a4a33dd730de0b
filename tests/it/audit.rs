//! `countersign audit`: years put together from the fixtures, and what is found when something is not as it should be.

mod cross;
mod decided;
mod oscal;
mod pack;

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use countersign::bundle::pack::Packer;
use countersign::ledger::{Entry, Kind, Ledger};
use countersign::primitives::{Instant, Sha256};
use serde_json::Value;

use crate::fixture::{aid, copy_folder, fixtures};

const PERIOD: &str = "2026-01-01..2026-12-31";
const AS_OF: &str = "2026-12-31T00:00:00Z";
/// Place in the group's log and when a watcher saw it: LE, OOR.
const SEEN: [(usize, &str); 2] = [(2, "2026-03-20T15:00:00Z"), (3, "2026-03-31T15:00:00Z")];
const LE: &str = "EN0J20c4cxM42FLjf4mtts0q20dSreqXjgeGRcia0Mfa";
const OOR: &str = "ENk9yyyGGB1tHeKx-ymV8jSyLUlOn-SXaerGCOoozeLO";

pub struct Year {
    folder: tempfile::TempDir,
}

pub struct Done {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Done {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }

    pub fn codes(&self) -> Vec<String> {
        let document = self.json();
        let mut codes: Vec<String> = document["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| finding["code"].as_str().unwrap().to_owned())
            .collect();
        codes.dedup();
        codes
    }
}

impl Year {
    /// A Legal Entity credential and an official role, each with its case; the log ends there.
    pub fn good() -> Self {
        let year = Self { folder: tempfile::tempdir().unwrap() };
        for case in ["b0", "oor-auth", "oor"] {
            copy_folder(&fixtures().join("cases").join(case), &year.case(case));
        }
        year.log(3);
        year.registry("tel-le", &fixtures().join("keri/b0/tel-le.cesr"), None);
        year.registry(
            "tel-oor",
            &fixtures().join("keri/revocations/tel-oor-le-revocation.cesr"),
            Some("\"t\":\"rev\""),
        );
        for above in ["geda", "root"] {
            year.registry(above, &fixtures().join(format!("keri/b0/kel-{above}.cesr")), None);
        }
        year
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn case(&self, name: &str) -> PathBuf {
        self.root().join("cases").join(name)
    }

    fn stream(&self, name: &str) -> PathBuf {
        fs::create_dir_all(self.root().join("registries")).unwrap();
        self.root().join("registries").join(format!("{name}.cesr"))
    }

    /// The group's log up to a place, with what a watcher saw.
    pub fn log(&self, last: usize) {
        let text = fs::read_to_string(fixtures().join("keri/revocations/kel-qvi-after-le-revocation.cesr")).unwrap();
        let mut messages = messages(&text);
        messages.truncate(last + 1);
        for (sn, at) in SEEN {
            if let Some(message) = messages.get_mut(sn) {
                let date = at.replace(':', "c").replace('Z', "d000000p00c00");
                message.push_str(&format!("-EAB0A{}1AAG{date}", "A".repeat(22)));
            }
        }
        fs::write(self.stream("kel-qvi"), messages.concat()).unwrap();
    }

    /// A stream, without the first message that has this in it and everything after.
    fn registry(&self, name: &str, from: &Path, without: Option<&str>) {
        let text = fs::read_to_string(from).unwrap();
        let messages =
            messages(&text).into_iter().take_while(|message| without.is_none_or(|part| !message.contains(part)));
        fs::write(self.stream(name), messages.collect::<String>()).unwrap();
    }

    pub fn command(&self, command: &[&str], arguments: &[&str]) -> Done {
        let trust = fixtures().join("trust.json").display().to_string();
        let mut run = Command::cargo_bin("countersign").unwrap();
        run.current_dir(self.root()).env("LC_ALL", "C.UTF-8").env("NO_COLOR", "1").env("COLUMNS", "80");
        run.args(["audit"]).args(command).args(["--trust", &trust]).args(arguments);
        let output = run.output().unwrap();
        Done {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub fn audit(&self, arguments: &[&str]) -> Done {
        let asked = [".", "--period", PERIOD, "--as-of", AS_OF];
        self.command(&asked, arguments)
    }

    pub fn judged(&self) -> Done {
        self.audit(&["--format", "json"])
    }

    pub fn ledger(&self, of: &Path) -> Instant {
        let at: Instant = "2026-03-20T15:00:03Z".parse().unwrap();
        let entry = |kind, payload, at| Entry { at, actor: aid("Q2"), kind, payload };
        let genesis = entry(Kind::Genesis, Sha256::of(b"trust"), "2026-01-01T00:00:00Z".parse().unwrap());
        let mut ledger = Ledger::begin(&self.root().join("ledger"), genesis).unwrap();
        ledger.append(entry(Kind::Decision, Sha256::of(&fs::read(of).unwrap()), at)).unwrap();
        at
    }
}

fn messages(text: &str) -> Vec<String> {
    let mut starts: Vec<usize> = text.match_indices("{\"v\":\"KERI10JSON").map(|(at, _)| at).collect();
    starts.push(text.len());
    starts.windows(2).map(|pair| text[pair[0]..pair[1]].to_owned()).collect()
}

fn finding<'d>(document: &'d Value, code: &str) -> &'d Value {
    let findings = document["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["code"] == code).unwrap_or_else(|| panic!("no {code} in {findings:#?}"))
}

#[test]
fn a_year_in_which_registries_and_cases_agree() {
    let year = Year::good();
    let run = year.judged();
    // Nothing of the year tells how LEIs were watched; all the rest holds.
    assert_eq!((run.status, run.codes()), (3, vec!["monitoring_missing".to_owned()]), "{}", run.stderr);
    let document = run.json();
    assert_eq!(document["summary"]["clean"], 3);
    assert_eq!((&document["summary"]["issued"], &document["summary"]["revoked"]), (&2.into(), &0.into()));
    let case =
        |name: &str| document["cases"].as_array().unwrap().iter().find(|case| case["case"] == name).unwrap().clone();
    assert_eq!(
        (case("b0")["signed_at"].as_str(), case("b0")["proven_by"].as_str()),
        (Some(SEEN[0].1), Some("watcher"))
    );
    assert_eq!(case("b0")["as_of"], "2026-03-20T15:04:30Z", "the moment at which `post/` was sealed");
    assert_eq!(case("oor-auth")["proven_by"], "unsigned");
    assert_eq!(year.judged().stdout, run.stdout, "whatever the threads do");

    let people = year.audit(&[]);
    assert!(people.stdout.starts_with("cannot be judged yet: 1 finding cannot be judged\n"), "{}", people.stdout);
    assert!(people.stdout.lines().all(|line| line.chars().count() <= 80), "{}", people.stdout);
}

#[test]
fn an_issuance_without_a_case_leads_the_report() {
    let year = Year::good();
    fs::remove_dir_all(year.case("oor")).unwrap();
    let run = year.judged();
    assert_eq!((run.status, run.codes()[0].as_str()), (1, "issuance_without_case"));
    let document = run.json();
    let finding = finding(&document, "issuance_without_case");
    assert_eq!((finding["subject"].as_str(), finding["weight"].as_str()), (Some(OOR), Some("block")));
    assert!(finding["message"].as_str().unwrap().contains("2026-03-31T15:00:00Z"), "{finding}");
    assert!(!finding["help"].as_str().unwrap().is_empty() && finding["clause"]["requirement"] == "EGF3-AGR-cl.16");
    let people = year.audit(&[]).stdout;
    let (found, cases) = (people.find("issuance_without_case").unwrap(), people.find("Every case is clean").unwrap());
    assert!(found < cases, "{people}");
}

#[test]
fn a_case_without_an_issuance_and_an_event_that_no_log_seals() {
    let year = Year::good();
    year.log(2);
    let run = year.judged();
    assert_eq!(run.status, 1);
    assert!(run.codes().contains(&"registry_broken".to_owned()), "{:?}", run.codes());
    let document = run.json();
    let found = finding(&document, "case_without_issuance");
    assert_eq!((found["subject"].as_str(), &found["cases"][0]), (Some(OOR), &"oor".into()));

    // A case that is still open, or that was given up, has nothing to issue.
    for decision in ["06-approval.json", "06-approval.sig.cesr"] {
        fs::remove_file(year.case("oor/decision").join(decision)).unwrap();
    }
    assert!(!year.judged().codes().contains(&"case_without_issuance".to_owned()));
}

#[test]
fn an_event_that_nobody_presents_is_missed() {
    let year = Year::good();
    fs::remove_file(year.stream("tel-oor")).unwrap();
    let run = year.judged();
    assert!(run.codes().contains(&"event_withheld".to_owned()), "{:?}", run.codes());
    assert!(finding(&run.json(), "event_withheld")["message"].as_str().unwrap().contains("event 3"), "{}", run.stdout);
}

#[test]
fn a_signature_without_a_decision_and_an_event_without_a_receipt() {
    let year = Year::good();
    for decision in ["06-approval.json", "06-approval.sig.cesr"] {
        fs::remove_file(year.case("oor/decision").join(decision)).unwrap();
    }
    // What is not as sealed is no evidence.
    let receipt = year.case("b0/post/records/reporting-receipt-1.json");
    fs::write(&receipt, fs::read_to_string(&receipt).unwrap() + " ").unwrap();
    let document = year.judged().json();
    let decision = finding(&document, "signature_without_decision");
    assert_eq!((decision["subject"].as_str(), &decision["cases"][0]), (Some(OOR), &"oor".into()));
    let missing = finding(&document, "reporting_receipt_missing");
    assert_eq!((missing["subject"].as_str(), &missing["cases"][0]), (Some(LE), &"b0".into()));
    let compliance = finding(&document, "issuance_not_compliant");
    assert!(compliance["message"].as_str().unwrap().starts_with("1 of 1"), "{compliance}");
    assert_eq!(
        (&document["metrics"]["not_compliant_le"], &document["metrics"]["not_compliant_oor"]),
        (&1.into(), &1.into())
    );
}

#[test]
fn two_events_at_one_place_and_two_cases_for_one_event() {
    let year = Year::good();
    for world in ["le-revocation", "oor-revocation"] {
        let from = fixtures().join(format!("keri/revocations/kel-qvi-after-{world}.cesr"));
        year.registry(world, &from, None);
    }
    copy_folder(&fixtures().join("cases/b0"), &year.case("b0-again"));
    let run = year.judged();
    assert_eq!(run.codes()[0], "duplicity");
    let document = run.json();
    assert_eq!(finding(&document, "several_cases_for_one_event")["cases"].as_array().unwrap().len(), 2);
    // The copy uses everything a second time.
    for code in ["nonce_reused", "session_reused", "recording_reused", "message_id_reused"] {
        assert_eq!(finding(&document, code)["cases"], serde_json::json!(["b0", "b0-again"]), "{code}");
    }
}

#[test]
fn a_signing_time_that_only_the_case_claims_is_told_of() {
    let year = Year::good();
    let log = year.stream("kel-qvi");
    let text = fs::read_to_string(&log).unwrap();
    fs::write(&log, messages(&text).iter().map(|message| message.split("-EAB").next().unwrap()).collect::<String>())
        .unwrap();
    let document = year.judged().json();
    assert_eq!(finding(&document, "signing_time_unproven")["cases"], serde_json::json!(["b0", "oor"]));
    assert_eq!(document["cases"][0]["proven_by"], "claim");
}

#[test]
fn the_ledger_proves_when_and_what_it_does_not_know_is_found() {
    let year = Year::good();
    let at = year.ledger(&year.case("b0/decision/06-approval.json"));
    let run = year.judged();
    let document = run.json();
    assert_eq!(document["cases"][0]["signed_at"], at.to_string());
    assert_eq!(document["cases"][0]["proven_by"], "ledger");
    let missing = finding(&document, "decision_not_in_ledger");
    assert_eq!((missing["subject"].as_str(), &missing["cases"][0]), (Some(OOR), &"oor".into()));
}

#[test]
fn a_poisoned_case_is_one_finding() {
    let year = Year::good();
    fs::write(year.case("broken.tar"), [0x5a; 4096]).unwrap();
    fs::write(year.case("pressed.tar"), [0x1f, 0x8b, 8, 0]).unwrap();
    fs::write(year.case("notes.txt"), "not a case").unwrap();
    fs::create_dir_all(year.case("empty/bundle")).unwrap();
    let run = year.judged();
    assert_eq!(run.status, 2, "{}", run.stderr);
    let document = run.json();
    assert_eq!(document["summary"]["unreadable"], 2);
    assert_eq!(document["summary"]["clean"], 3, "the others are judged");
    assert_eq!(finding(&document, "not_a_case")["subject"], "notes.txt");
    let unreadable = document["findings"].as_array().unwrap().iter().filter(|found| found["code"] == "case_unreadable");
    assert_eq!(unreadable.count(), 2);
    let pressed = document["cases"].as_array().unwrap().iter().find(|case| case["case"] == "pressed.tar").unwrap();
    assert_eq!(pressed["error"]["code"], "countersign::bundle::compressed");
    let human = year.audit(&[]);
    assert!(human.stdout.contains("pressed.tar: could not be checked"), "{}", human.stdout);
}

#[test]
fn a_tar_is_judged_as_its_folder_is() {
    let year = Year::good();
    let before = year.judged().json();
    let mut pack = Packer::new(fs::File::create(year.case("b0.tar")).unwrap());
    add(&mut pack, &year.case("b0"), "b0");
    pack.finish().unwrap();
    fs::remove_dir_all(year.case("b0")).unwrap();
    let after = year.judged().json();
    let of = |document: &Value| {
        let mut case = document["cases"][0].clone();
        case["case"] = Value::Null;
        case
    };
    assert_eq!(after["cases"][0]["case"], "b0.tar");
    assert_eq!(of(&after), of(&before));
}

fn add(pack: &mut Packer<fs::File>, folder: &Path, name: &str) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let inside = format!("{name}/{}", entry.file_name().to_str().unwrap());
        match entry.file_type().unwrap().is_dir() {
            true => add(pack, &entry.path(), &inside),
            false => pack.add(&inside, &fs::read(entry.path()).unwrap()).unwrap(),
        }
    }
}

#[test]
fn cases_outside_the_period_are_counted_and_not_judged() {
    let year = Year::good();
    let run = year.command(&[".", "--period", "2026-03-26..2026-12-31", "--as-of", AS_OF], &["--format", "json"]);
    let document = run.json();
    assert_eq!((&document["summary"]["outside"], &document["summary"]["cases"]), (&1.into(), &2.into()));
    assert_eq!(document["summary"]["issued"], 1);
    assert!(!run.codes().iter().any(|code| code.contains("without")), "{:?}", run.codes());
}

#[test]
fn an_interrupted_run_goes_on_and_gives_the_same_bytes() {
    let year = Year::good();
    let whole = year.judged().stdout;
    let state = year.root().join("state");
    let arguments = ["--format", "json", "--state", "state"];
    assert_eq!(year.audit(&arguments).stdout, whole);
    let journal = state.join("cases.ndjson");
    let lines = fs::read_to_string(&journal).unwrap();
    let rows: Vec<&str> = lines.split_inclusive('\n').collect();
    assert_eq!(rows.len(), 4, "a head and a row for each case");
    for kept in 1..rows.len() {
        // The next row was being written when the power went.
        let torn = &rows[kept][..rows[kept].len() / 2];
        fs::write(&journal, rows[..kept].concat() + torn).unwrap();
        assert_eq!(year.audit(&arguments).stdout, whole, "{kept} lines kept");
        assert_eq!(fs::read_to_string(&journal).unwrap().lines().count(), rows.len());
    }
    // A row that is there is not judged again; one whose case changed is.
    let forged = lines.replace("\"verdict\":\"clean\"", "\"verdict\":\"needs-waiver\"");
    fs::write(&journal, &forged).unwrap();
    assert_ne!(year.audit(&arguments).stdout, whole);
    fs::write(&journal, &lines).unwrap();
    let record = year.case("b0/bundle/records/issuance-plan.json");
    fs::write(&record, fs::read_to_string(&record).unwrap() + "\n").unwrap();
    assert_eq!(year.audit(&arguments).json()["summary"]["not_clean"], 1);

    let other = year.command(&[".", "--period", "2026-01-01..2026-06-30", "--as-of", AS_OF], &["--state", "state"]);
    assert_eq!(other.status, 2);
    assert!(other.stderr.contains("countersign::audit::other_state"), "{}", other.stderr);
}

#[test]
fn the_state_of_a_finished_run_is_taken_away() {
    let year = Year::good();
    let run = year.audit(&["--format", "json", "--output", "audit.json"]);
    assert_eq!(run.status, 3, "{}", run.stderr);
    let names: Vec<String> = fs::read_dir(year.root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("state") || name.contains("part"))
        .collect();
    assert_eq!(names, Vec::<String>::new());
}

/// What a run cost is another each time, so it stands in no report that did not ask for it.
#[test]
fn a_run_says_what_it_cost() {
    let year = Year::good();
    assert!(year.judged().json().get("cost").is_none());
    let document = year.audit(&["--format", "json", "--timings", "--report", "ndjson=audit.ndjson"]).json();
    let schema = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/audit.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    assert!(validator.is_valid(&document), "{:?}", validator.iter_errors(&document).next().map(|e| e.to_string()));
    let number = |pointer: &str| document["cost"].pointer(pointer).and_then(Value::as_u64).unwrap();
    assert_eq!(number("/cases"), 3);
    let kinds =
        ["read", "hash", "parse", "keri", "evaluate", "other"].map(|kind| number(&format!("/processor_ms/{kind}")));
    let all = number("/processor_ms/all");
    // Each is cut to whole milliseconds.
    assert!(kinds.iter().sum::<u64>() <= all && all <= kinds.iter().sum::<u64>() + 7, "{document:?}");
    assert!(kinds[3] > 0, "signatures were verified: {:?}", document["cost"]);
    if cfg!(target_os = "linux") {
        assert!(number("/peak_bytes") > 1 << 20);
    }
    let first = fs::read_to_string(year.root().join("audit.ndjson")).unwrap();
    let first: Value = serde_json::from_str(first.lines().next().unwrap()).unwrap();
    assert_eq!(first["cost"], document["cost"]);
    let people = year.audit(&["--timings"]).stdout;
    let cost = people.split("What this run cost\n").nth(1).unwrap_or_else(|| panic!("{people}"));
    assert!(cost.contains("3 cases in ") && cost.contains("KERI"), "{cost}");
    assert!(people.lines().all(|line| line.chars().count() <= 80), "{people}");

    // What an earlier run judged costs nothing now.
    let of = |document: Value| document["cost"]["cases"].clone();
    assert_eq!(of(year.audit(&["--format", "json", "--timings", "--state", "state"]).json()), 3);
    assert_eq!(of(year.audit(&["--format", "json", "--timings", "--state", "state"]).json()), 0);
    let left: Vec<String> = fs::read_dir(year.root().join("state"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(left, ["cases.ndjson"], "tables are made anew by each run");
}

/// A run that was killed leaves tables half written; they are nobody's.
#[test]
fn what_a_killed_run_left_is_taken_away() {
    let year = Year::good();
    let whole = year.judged().stdout;
    let state = year.root().join("state");
    fs::create_dir(&state).unwrap();
    for name in ["events-lines.table", "rows-keys.table", "compared-1.sorted"] {
        fs::write(state.join(name), "half a ta").unwrap();
    }
    fs::write(state.join("notes.txt"), "not ours").unwrap();
    assert_eq!(year.audit(&["--format", "json", "--state", "state"]).stdout, whole);
    let mut left: Vec<String> =
        fs::read_dir(&state).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    assert_eq!(left, ["cases.ndjson", "notes.txt"]);
}

/// The streams are looked through and verified one after the other: in whichever files they lie, the year is the same.
#[test]
fn the_streams_may_lie_in_one_file_or_in_many() {
    let year = Year::good();
    let whole = year.judged().json();
    let folder = year.root().join("registries");
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        all.extend(fs::read(&path).unwrap());
        fs::remove_file(path).unwrap();
    }
    fs::write(folder.join("all.cesr"), all).unwrap();
    let one = year.judged().json();
    assert_eq!(one["run"]["streams"].as_array().unwrap().len(), 1);
    for member in ["cases", "findings", "summary", "roster", "metrics", "verdict"] {
        assert_eq!(one[member], whole[member], "{member}");
    }
}

#[test]
fn the_sample_can_be_drawn_again_by_hand() {
    let year = Year::good();
    let document = year.audit(&["--format", "json", "--sample", "2", "--seed", "2026"]).json();
    let drawn = document["sample"]["drawn"].as_array().unwrap();
    assert_eq!(drawn.len(), 2);
    for case in drawn {
        let name = case["case"].as_str().unwrap();
        assert_eq!(case["hash"], Sha256::of(format!("2026:{name}").as_bytes()).to_string());
    }
    let again = year.audit(&["--format", "json", "--sample", "2", "--seed", "2026"]).json();
    assert_eq!(again["sample"], document["sample"]);
    assert_eq!(year.audit(&["--sample", "2"]).status, 2, "a draw without a seed cannot be made again");
}

#[test]
fn every_format_says_the_same() {
    let year = Year::good();
    fs::remove_dir_all(year.case("oor")).unwrap();
    let record = year.case("b0/bundle/records/issuance-plan.json");
    fs::write(&record, fs::read_to_string(&record).unwrap() + "\n").unwrap();
    let formats = ["json=audit.json", "html=audit.html", "oscal=audit.oscal.json", "ndjson=audit.ndjson"];
    let run = year.audit(&formats.map(|format| ["--report", format]).concat());
    assert_eq!(run.status, 1, "{}", run.stderr);
    let read = |name: &str| fs::read_to_string(year.root().join(name)).unwrap();
    let document: Value = serde_json::from_str(&read("audit.json")).unwrap();
    let schema = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/audit.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&document).map(|error| format!("{error} at {}", error.instance_path())).collect();
    assert_eq!(errors, Vec::<String>::new());
    let mut strange = document.clone();
    strange["summary"]["surprise"] = 1.into();
    assert!(!validator.is_valid(&strange), "the schema is closed");
    let canonical = serde_json_canonicalizer::to_vec(&document).unwrap();
    assert_eq!(read("audit.json").trim_end().as_bytes(), canonical);

    let lines: Vec<Value> = read("audit.ndjson").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |kind: &str| lines.iter().filter(|line| line["line"] == kind).count();
    assert_eq!((of("audit"), of("case")), (1, 2));
    assert_eq!(of("finding"), document["findings"].as_array().unwrap().len());
    let case_findings: usize =
        document["cases"].as_array().unwrap().iter().map(|case| case["findings"].as_array().map_or(0, Vec::len)).sum();
    assert_eq!(of("case-finding"), case_findings);

    let oscal: Value = serde_json::from_str(&read("audit.oscal.json")).unwrap();
    let result = &oscal["assessment-results"]["results"][0];
    let mut codes = Vec::new();
    for finding in result["findings"].as_array().unwrap() {
        let prop = finding["props"].as_array().unwrap().iter().find(|prop| prop["name"] == "code");
        codes.extend(prop.map(|prop| prop["value"].as_str().unwrap()));
    }
    let expected: Vec<&str> =
        document["findings"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect();
    assert_eq!(codes, expected);

    let page = read("audit.html");
    for finding in document["findings"].as_array().unwrap() {
        assert!(page.contains(&format!("data-code=\"{}\"", finding["code"].as_str().unwrap())));
    }
    assert!(page.contains("default-src 'none'") || page.contains("default-src &#39;none&#39;"), "{}", &page[..600]);
    assert!(!page.contains("<script"));
    let unbalanced = html5gum::Tokenizer::new(&page).flatten().any(|token| matches!(token, html5gum::Token::Error(_)));
    assert!(!unbalanced, "it is not HTML");
}

#[test]
fn what_cannot_be_audited_is_an_error_with_a_code() {
    let year = Year::good();
    let refused = |run: Done, code: &str| {
        assert_eq!(run.status, 2, "{}", run.stdout);
        assert!(run.stderr.contains(code), "{code}: {}", run.stderr);
    };
    refused(year.command(&["elsewhere", "--period", PERIOD], &[]), "countersign::audit::unreadable");
    refused(year.audit(&["--output", "cases/b0/audit.txt"]), "output_in_case");
    refused(year.audit(&["--profile", "nonsense"]), "unknown_profile");
    refused(year.audit(&["--report", "pdf=x"]), "there is no format `pdf`");
    refused(year.command(&[".", "--period", "2026-12-31..2026-01-01"], &[]), "ends before it begins");
    fs::remove_dir_all(year.root().join("registries")).unwrap();
    fs::create_dir(year.root().join("registries")).unwrap();
    refused(year.audit(&[]), "countersign::audit::no_registries");
    fs::remove_dir_all(year.root().join("cases")).unwrap();
    fs::create_dir(year.root().join("cases")).unwrap();
    refused(year.audit(&[]), "countersign::audit::no_case");
}

#[test]
fn the_commands_of_the_guide_run_as_they_stand() {
    let year = Year::good();
    let folder = tempfile::tempdir().unwrap();
    copy_folder(year.root(), &folder.path().join("2026"));
    fs::copy(fixtures().join("trust.json"), folder.path().join("trust.json")).unwrap();
    let guide = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/audit.md")).unwrap();
    let mut commands = 0;
    for block in guide.split("```sh\n").skip(1) {
        let line = block.split("```").next().unwrap().trim();
        let Some(arguments) = line.strip_prefix("countersign ") else {
            assert!(line.starts_with("printf '%s' '2026:b0' | sha256sum"), "{line}");
            continue;
        };
        commands += 1;
        let mut run = Command::cargo_bin("countersign").unwrap();
        let output = run.current_dir(folder.path()).args(arguments.split(' ')).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        // How LEIs were watched, and a lock, are not shown; everything else holds.
        assert_eq!(output.status.code(), Some(3), "{line}: {text}{}", String::from_utf8(output.stderr).unwrap());
    }
    assert_eq!(commands, 5);
    for written in ["audit.html", "audit.json", "audit.oscal.json", "audit.ndjson", "audit-2026.tar"] {
        assert!(folder.path().join(written).is_file(), "{written}");
    }
}

#[test]
fn the_guide_lists_every_code() {
    let guide = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/audit.md")).unwrap();
    let listed: Vec<&str> = guide.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    for code in countersign::audit::Code::ALL {
        assert!(listed.contains(&code.as_str()), "docs/audit.md does not list `{code}`");
    }
}
