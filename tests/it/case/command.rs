//! `countersign case` as people run it. The clock is the machine's: what is judged by it is in the other modules.

use assert_cmd::Command;

use super::*;

struct Ran {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Case {
    /// An installation beside the case, with these people's keys.
    fn installed(self, people: &[&str]) -> Self {
        people.iter().for_each(|person| drop(self.signer(person)));
        let settings = format!("trust = \"{}\"\nkeys = \"keys\"\n", fixtures().join("trust.json").display());
        fs::write(self.scratch.path().join("countersign.toml"), settings).unwrap();
        self
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("countersign"));
        command.current_dir(self.scratch.path()).env("LC_ALL", "C.UTF-8").env("COLUMNS", "120");
        command.env("COUNTERSIGN_PASSPHRASE", PASSPHRASE).env_remove("NO_COLOR");
        command.arg("case").args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let output = Command::from_std(self.command(arguments)).write_stdin("").output().unwrap();
        Ran {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    fn says_no(&self, arguments: &[&str], code: &str) {
        let before = self.decided();
        let ran = self.run(arguments);
        assert_eq!(ran.status, Some(2), "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(&format!("countersign::{code}")), "{code}\n{}", ran.stderr);
        assert_eq!(self.decided(), before);
    }
}

#[test]
fn both_qars_are_assigned_shown_and_logged() {
    let case = Case::sealed().installed(&["Q1", "Q2", "Q3"]);
    let shown = case.run(&["show", "case"]);
    assert_eq!(shown.status, Some(0), "{}", shown.stderr);
    for expected in ["LE-2026-017", "unassigned", "countersign case assign case --qar1 PERSON --qar2 PERSON"] {
        assert!(shown.stdout.contains(expected), "{expected}\n{}", shown.stdout);
    }
    // The keys are found by the identifier that the roster gives to who acts.
    let assigned = case.run(&["assign", "case", "--qar1", "Q1", "--qar2", "Q2", "--by", "Q3"]);
    assert_eq!(assigned.status, Some(0), "{}", assigned.stderr);
    for expected in ["Q1 (Quirin Adler)", "written: decision/01-assignment-qar1.json", "next: Q1"] {
        assert!(assigned.stdout.contains(expected), "{expected}\n{}", assigned.stdout);
    }
    let log = case.run(&["log", "case"]);
    assert_eq!((log.status, log.stdout.lines().count()), (Some(0), 3), "{}", log.stdout);
    assert!(log.stdout.contains("made Q2 QAR2  good"), "{}", log.stdout);
    let json = case.run(&["log", "case", "--format", "json"]).stdout;
    let rows: Vec<serde_json::Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows[0]["signed_by"], serde_json::json!([aid("Q3").as_str()]));
    let digest =
        countersign::primitives::Sha256::of(&fs::read(case.path().join("decision/01-assignment-qar1.json")).unwrap());
    assert_eq!(rows[0]["sha256"], digest.to_string());
    assert_eq!(check::problems(&case.snapshot(), &program().schema), []);
    assert!(case.run(&["show", "case"]).stdout.contains("countersign propose case --sign"));

    fs::remove_file(case.path().join("decision/02-assignment-qar2.sig.cesr")).unwrap();
    let log = case.run(&["log", "case"]);
    assert_eq!(log.status, Some(1), "{}", log.stdout);
    assert!(log.stdout.contains("made Q2 QAR2  none"), "{}", log.stdout);
}

#[test]
fn a_command_that_may_not_run_says_why_and_writes_nothing() {
    let case = Case::sealed().installed(&["Q1", "Q3"]);
    let assign = ["assign", "case", "--qar1", "Q1", "--qar2", "Q2"];
    case.says_no(&assign, "cli::nobody_acts");
    case.says_no(&[&assign[..], &["--by", "Q2"]].concat(), "cli::no_keys_of");
    case.says_no(&[&assign[..], &["--by", "Q3", "--sign-with", "q1"]].concat(), "case::not_their_aid");
    case.says_no(&[&assign[..], &["--by", "Q3", "--sign-with", "q7"]].concat(), "keystore::missing");
    case.says_no(&["assign", "case", "--qar1", "Q9", "--by", "Q3"], "case::not_on_roster");
    case.says_no(&["submit", "case", "--by", "Q1"], "case::not_assigned");
    case.says_no(&["approve", "case/bundle", "--by", "Q1", "--yes", "--reason", "x"], "cli::not_a_case");
    assert_eq!(case.run(&["assign", "case", "--by", "Q3"]).status, Some(2));
    assert_eq!(case.run(&["waive", "case", "--rule", "PROV-1.d"]).status, Some(2));

    // The evidence is of last March, and it is later than that.
    let case = Case::assigned().installed(&["Q1", "Q2"]);
    case.says_no(&["submit", "case", "--by", "Q1"], "case::not_clean");
    case.says_no(&["submit", "case", "--by", "Q2"], "case::not_the_qar");
    let case = Case::submitted().installed(&["Q1", "Q2"]);
    case.says_no(&["approve", "case", "--by", "Q2", "--yes", "--reason", "It looks right."], "case::not_clean");
    // A rejection asks, and nobody is there to answer.
    case.says_no(&["reject", "case", "--by", "Q2"], "cli::no_terminal");
    case.says_no(&["reject", "case", "--by", "Q2", "--reason", "It is stale."], "cli::no_terminal");
    let rejected = case.run(&["reject", "case", "--by", "Q2", "--reason", "It is stale.", "--yes"]);
    assert_eq!(rejected.status, Some(0), "{}", rejected.stderr);
    assert!(rejected.stdout.contains("decision  reject"), "{}", rejected.stdout);
    assert!(case.run(&["show", "case"]).stdout.contains("rejected"));
}

#[test]
fn a_wrong_passphrase_writes_nothing() {
    let case = Case::sealed().installed(&["Q3"]);
    let mut command = case.command(&["assign", "case", "--qar1", "Q1", "--by", "Q3"]);
    let output = command.env("COUNTERSIGN_PASSPHRASE", "another passphrase").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("wrong_passphrase"));
    assert_eq!(case.decided(), Vec::<String>::new());
}

#[test]
fn of_two_processes_one_assigns() {
    let case = Case::sealed().installed(&["Q3"]);
    let assign = |person: &str| {
        let mut command = case.command(&["assign", "case", "--qar1", person, "--by", "Q3"]);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped()).spawn().unwrap()
    };
    let running = [assign("Q1"), assign("Q2"), assign("Q1"), assign("Q2")];
    let ended: Vec<_> = running.map(|child| child.wait_with_output().unwrap()).into_iter().collect();
    assert_eq!(ended.iter().filter(|output| output.status.success()).count(), 1);
    for output in ended.iter().filter(|output| !output.status.success()) {
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains("case_moved") || stderr.contains("already_assigned"), "{stderr}");
    }
    assert_eq!(case.decided().len(), 2);
    assert_eq!(check::problems(&case.snapshot(), &program().schema), []);
}

#[test]
fn an_act_that_was_interrupted_is_finished_first() {
    let case = Case::assigned().installed(&["Q1", "Q3"]);
    for (place, name) in ["02-assignment-qar2.sig.cesr", "02-assignment-qar2.json"].iter().enumerate() {
        let from = case.path().join("decision").join(name);
        case.put(&format!(".act/{place:02}.{name}"), &fs::read(&from).unwrap());
        fs::remove_file(from).unwrap();
    }
    let shown = case.run(&["show", "case"]);
    assert!(shown.stderr.contains("an act was interrupted"), "{}", shown.stderr);
    assert_eq!(case.decided().len(), 2);
    let ran = case.run(&["assign", "case", "--qar2", "Q2", "--by", "Q3"]);
    assert!(
        ran.stderr.contains("already_assigned") && ran.stderr.contains("02-assignment-qar2.json"),
        "{}",
        ran.stderr
    );
    assert_eq!(case.decided().len(), 4);
}

#[test]
fn the_store_holds_where_the_case_lies_and_sees_a_clock_that_was_set_back() {
    let case = Case::sealed().installed(&["Q3"]);
    let folder = case.scratch.path();
    let mut trust: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(fixtures().join("trust.json")).unwrap()).unwrap();
    trust["store_initialised"] = true.into();
    fs::write(folder.join("trust.json"), trust.to_string()).unwrap();
    fs::write(folder.join("countersign.toml"), "trust = \"trust.json\"\nkeys = \"keys\"\nstore = \"store\"\n").unwrap();
    let assign = ["assign", "case", "--qar1", "Q1", "--by", "Q3"];
    case.says_no(&assign, "store::state_missing");
    let mut store = countersign::store::Store::init(&folder.join("store")).unwrap();
    let ran = case.run(&assign);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let row = store.case("LE-2026-017").unwrap().unwrap();
    assert_eq!((row.folder.as_str(), row.bundle), ("case", case.snapshot().digest()));
    // Somebody was here in a year to come.
    let memory = countersign::store::Memory { latest: Some(at("2999-01-01T00:00:00Z")), ..Default::default() };
    store.remember(&memory, countersign::primitives::Duration::from_seconds(0)).unwrap();
    case.says_no(&["assign", "case", "--qar2", "Q2", "--by", "Q3"], "store::rollback");
}
