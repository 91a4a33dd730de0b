//! Each step holds what it is there for: without it, the attack on it signs.
//!
//! The command under test can leave a step out (see `src/rehearsal.rs`); a user's cannot, which is shown at the end.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use countersign::check::fresh::Live;
use countersign::compile::program::Stage;
use countersign::gate::{Code, Step};
use countersign::primitives::Duration;
use countersign::store::{Memory, Store};

use super::kill::another_event;
use super::run::{Keys, Ran, files_in};
use super::world::{World, at, live_streams, report, undecided, with_report};

/// What becomes of an attack when its step is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Without {
    /// It is signed.
    Signed,
    /// The gate says yes, and what comes after it still does not sign: for this.
    Held(Code),
}

/// What it is refused for, which other step holds it as well, what becomes of it, and how it is made.
type Attack = (Code, Option<Step>, Without, fn() -> World);

/// A rule is about it as well.
const JUDGE: Option<Step> = Some(Step::Judge);

const ATTACKS: [Attack; 24] = [
    (Code::EvidenceChanged, JUDGE, Without::Signed, || {
        let mut world = World::reference();
        world.files.get_mut("bundle/raw/contract.txt").unwrap()[0] ^= 1;
        world
    }),
    (Code::OtherSubmitted, JUDGE, Without::Signed, || decided("04-submission.json#/manifest_sha256", OTHER)),
    (Code::OtherApproved, JUDGE, Without::Signed, || decided("06-approval.json#/reviewed_manifest_sha256", OTHER)),
    (Code::NotApproved, JUDGE, Without::Signed, || decided("06-approval.json#/decision", "reject")),
    (Code::NotSubmitted, JUDGE, Without::Signed, || decided("04-submission.sig.cesr#/signers", "[Q3]")),
    (Code::FlowNotLocked, None, Without::Signed, || {
        let mut world = World::reference();
        world.relock(|terms| terms.flows = ["le-solicited".to_owned()].into());
        world
    }),
    (Code::OtherPolicies, None, Without::Signed, || {
        let mut world = World::reference();
        world.relock(|terms| terms.policy_digest = countersign::primitives::Sha256::of(b"another rule book"));
        world
    }),
    (Code::TrustNotInForce, None, Without::Signed, super::hostile::own_trust),
    (Code::LiveStale, None, Without::Signed, || fetched("2026-03-20T15:02:01Z")),
    // A clearance ends when what it rests on is too old, whoever gave it.
    (Code::LiveStale, None, Without::Held(Code::ClearanceOver), || fetched("2026-03-20T14:44:59Z")),
    (Code::ReportTooOld, None, Without::Held(Code::ClearanceOver), || reported("2026-03-20T14:44:59Z")),
    (Code::ReportFromFuture, None, Without::Signed, || reported("2026-03-20T15:00:01Z")),
    (Code::ClockBack, None, Without::Signed, || {
        // Within the skew of the store, which looks for itself, and beyond that of the lock.
        let mut world = World::reference();
        world.relock(|terms| terms.skew = Duration::from_seconds(60));
        let actor = crate::proposal::aid(crate::proposal::Q2);
        let entry = countersign::ledger::Entry {
            at: at("2026-03-20T15:01:01Z"),
            actor,
            kind: countersign::ledger::Kind::CaseRecord,
            payload: countersign::primitives::Sha256::of(b"later"),
        };
        countersign::ledger::Ledger::open(&world.ledger_path).unwrap().append(entry).unwrap();
        world
    }),
    (Code::SchemaNotLocked, None, Without::Signed, || {
        let mut world = World::reference();
        world.relock(|terms| terms.schemas = ["EBNaNu-M9P5cgrnfl2Fvymy4E_jvxxyjb70PRtiANlJy".parse().unwrap()].into());
        world
    }),
    (Code::SchemaMissing, None, Without::Signed, World::real),
    // The clearance holds the event that was rebuilt, so there is none for another.
    (Code::EventPlace, None, Without::Held(Code::NotSignable), || {
        let mut world = World::reference();
        let mut streams = live_streams();
        streams[2] = super::world::stream("kel-qvi-issued.cesr");
        world.live = Some(Live { streams, fetched_at: at("2026-03-20T14:59:00Z") });
        world
    }),
    (Code::KeyNotInPlace, None, Without::Signed, || {
        World::with(
            "  - set: records/qar-roster.json#/members/1/group_index\n    to: 2\n  \
             - set: records/qar-roster.json#/members/2/group_index\n    to: 1\n",
            "",
        )
    }),
    (Code::RosterUnsigned, JUDGE, Without::Signed, || {
        World::with("  - set: records/qar-roster.sig.cesr#/signers\n    to: [Q3]\n", "")
    }),
    (Code::NotRostered, JUDGE, Without::Signed, || {
        World::with("  - set: records/qar-roster.json#/members/1/valid_to\n    to: 2026-03-20T14:59:59Z\n", "")
    }),
    (Code::PreparerSigns, JUDGE, Without::Signed, || {
        World::with("  - set: manifest.sig.cesr#/signers\n    to: [Q2]\n", "")
    }),
    (Code::StoreRolledBack, None, Without::Signed, super::hostile::store_rolled_back),
    // The store has one event at a place, whatever the gate says.
    (Code::PlaceTaken, None, Without::Held(Code::PlaceTaken), || {
        let world = World::reference();
        let mut other = world.clear().unwrap().reservation();
        other.said = crate::proposal::QVI.parse().unwrap();
        // It used nothing that this case uses.
        let mut draft: serde_json::Value = serde_json::from_str(&other.draft).unwrap();
        draft["predicate"]["uses"] = serde_json::json!([]);
        other.draft = draft.to_string();
        Store::open(&world.store_path, true).unwrap().reserve(&other).unwrap();
        world
    }),
    (Code::OtherKey, None, Without::Held(Code::OtherKey), || {
        let mut world = World::reference();
        world.signer = "Q3";
        world
    }),
    (Code::LedgerChanged, None, Without::Signed, || {
        let world = World::reference();
        assert!(world.attempt().outcome.is_ok());
        fs::remove_file(world.folder.path().join("event.cesr")).unwrap();
        let text = fs::read_to_string(&world.ledger_path).unwrap();
        let first: String = text.split_inclusive('\n').take(2).collect();
        fs::write(&world.ledger_path, first).unwrap();
        world
    }),
];

const OTHER: &str = "41b476c2b9aa9d00fa4c328c580c6be53a01e1fc7a1c620247853e2e55ef31e6";

/// A case record says something else.
fn decided(at: &str, to: &str) -> World {
    World::with("", &format!("  - set: decision/{at}\n    to: {to}\n"))
}

fn fetched(fetched_at: &str) -> World {
    let mut world = World::reference();
    world.live = Some(Live { streams: live_streams(), fetched_at: at(fetched_at) });
    world
}

fn reported(as_of: &str) -> World {
    let mut world = World::reference();
    let report = report(&undecided(), &world.trust, as_of, Stage::Proposal);
    world.files = with_report(&undecided(), &report);
    world
}

fn left_out(attacks: &[Attack]) {
    super::world::unmutated();
    for (code, also, without, world) in attacks {
        let world = world();
        world.lay_out();
        let step = code.step();
        let of_both = |found: &String| {
            let found = Code::ALL.iter().find(|code| code.to_string() == *found).unwrap();
            found == code || Some(found.step()) == *also
        };
        let refused = Ran::of(world.command("sign", Keys::Locked).output().unwrap());
        assert_eq!(refused.status, Some(4), "{code} {refused:#?}");
        assert!(refused.codes().iter().all(of_both), "{code} {:?}", refused.codes());

        let left_out = |steps: &[Step]| {
            let names: Vec<&str> = steps.iter().map(|step| step.as_str()).collect();
            let mut command = world.command("sign", Keys::Open);
            Ran::of(command.env("COUNTERSIGN_REHEARSE_WITHOUT", names.join(",")).output().unwrap())
        };
        // The step holds it alone.
        let others: Vec<Step> = Step::ALL.into_iter().filter(|other| *other != step).collect();
        let alone = left_out(&others);
        assert_eq!(alone.status, Some(4), "{code} {alone:#?}");
        assert!(alone.codes().iter().all(|found| *found == code.to_string()), "{code} {:?}", alone.codes());
        // Where a rule is about it as well, that holds it too; nothing else does.
        if also.is_some() {
            let alone = left_out(&[step]);
            assert_eq!(alone.status, Some(4), "{code} {alone:#?}");
            assert!(!alone.codes().contains(&code.to_string()));
        }
        let signed = left_out(&[&[step], also.as_slice()].concat());
        match without {
            Without::Signed => {
                assert_eq!(signed.status, Some(0), "{code} {signed:#?}");
                assert!(world.out("event.cesr").exists());
            }
            Without::Held(held) => {
                assert_eq!(signed.codes(), [held.to_string()], "{code}");
                assert!(!world.out("event.cesr").exists());
            }
        }
    }
}

#[test]
fn without_the_first_steps_their_attacks_sign() {
    left_out(&ATTACKS[..8]);
}

#[test]
fn without_the_middle_steps_their_attacks_sign() {
    left_out(&ATTACKS[8..16]);
}

#[test]
fn without_the_last_steps_their_attacks_sign() {
    left_out(&ATTACKS[16..]);
}

#[test]
fn each_step_has_an_attack() {
    let steps: BTreeSet<Step> = ATTACKS.iter().map(|(code, ..)| code.step()).collect();
    assert_eq!(steps, Step::ALL.into());
}

/// The reasons that no test of an attack names, each with where it is tested.
const ELSEWHERE: [Code; 1] = [
    // A defect of countersign if it is ever seen; `steps` brings it about.
    Code::NotSignable,
];

/// Each code of the table is what some attack is refused for.
#[test]
fn each_code_has_a_test_that_expects_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/gate");
    let tests: Vec<String> = files_in(&folder).into_values().map(|bytes| String::from_utf8(bytes).unwrap()).collect();
    let tests = tests.join("\n");
    for code in Code::ALL.iter().filter(|code| !ELSEWHERE.contains(code)) {
        let expected = ["-auth\", ", "keeps(", "refused(", "refused_unrecorded(", "is_for(", "vec![", "codes()[0], "];
        let expected = expected.map(|by| format!("{by}Code::{code:?}"));
        assert!(expected.iter().any(|expected| tests.contains(expected.as_str())), "no test expects {code:?}");
    }
}

/// What a user's build hears of the three variables, and what one for tests does.
#[test]
fn no_release_build_hears_of_it() {
    let scratch = tempfile::tempdir().unwrap();
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rehearsal.rs");
    let main = format!(
        "#[path = {:?}]\nmod rehearsal;\nfn main() {{\n    println!(\"{{:?}} {{}} {{}}\", rehearsal::now(), \
         rehearsal::leaves_out(\"lock\"), rehearsal::reach(\"here\").is_err());\n}}\n",
        module.to_str().unwrap()
    );
    fs::write(scratch.path().join("main.rs"), main).unwrap();
    let feature = "--cfg=feature=\"rehearsal\"";
    let [tests, release, debug, plain] = [
        (vec![feature, "-Cdebug-assertions=on"], "Some(\"2026-03-20T15:00:00Z\") true true"),
        (vec![feature, "-O", "-Cdebug-assertions=off"], "None false false"),
        (vec!["-Cdebug-assertions=on"], "None false false"),
        (vec!["-O"], "None false false"),
    ]
    .map(|(options, expected)| {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let mut compile = Command::new(rustc);
        compile.current_dir(scratch.path()).args(["--edition=2024", "--crate-name=told", "main.rs"]).args(options);
        let compiled = Ran::of(compile.output().unwrap());
        assert_eq!(compiled.status, Some(0), "{compiled:#?}");
        let mut told = Command::new(scratch.path().join("told"));
        told.env("COUNTERSIGN_REHEARSE_NOW", "2026-03-20T15:00:00Z");
        told.env("COUNTERSIGN_REHEARSE_WITHOUT", "lock").env("COUNTERSIGN_REHEARSE_STOP", "here 1 fail");
        let told = Ran::of(told.output().unwrap());
        (told.stdout.trim_end().to_owned(), expected)
    });
    for (told, expected) in [tests, release, debug, plain] {
        assert_eq!(told, expected);
    }
}

/// Nothing else in the sources asks for the feature, and nothing but the package's own tests turns it on.
#[test]
fn the_feature_is_asked_for_in_one_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (path, bytes) in files_in(&root.join("src")) {
        let text = String::from_utf8(bytes).unwrap();
        let asks = text.contains("feature = \"") || text.contains("COUNTERSIGN_REHEARSE");
        assert_eq!(asks, path.ends_with("src/rehearsal.rs"), "{}", path.display());
    }
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let (of_users, of_tests) = manifest.split_once("[dev-dependencies]").unwrap();
    assert!(!of_users.contains("default ="), "a feature is on by default");
    assert_eq!(of_users.matches("rehearsal").count(), 2, "its name, and where it is explained");
    assert!(of_tests.contains("countersign = { path = \".\", features = [\"rehearsal\"] }"));
}

/// Two events may not stand at a place: what `Without::Held` leans on, without any step of the gate.
#[test]
fn the_store_keeps_a_place_without_the_gate() {
    let mut world = World::reference();
    assert_eq!(world.signed_by_command().status, Some(0));
    world.files = another_event().files;
    world.lay_out();
    let all: Vec<&str> = Step::ALL.iter().map(|step| step.as_str()).collect();
    let mut command = world.command("sign", Keys::Open);
    let ran = Ran::of(command.env("COUNTERSIGN_REHEARSE_WITHOUT", all.join(",")).output().unwrap());
    assert_eq!(ran.codes(), [Code::PlaceTaken.to_string()]);
    let seen = Memory { latest: Some(world.now), ..Memory::default() };
    assert!(Store::open(&world.store_path, true).unwrap().memory().unwrap().latest >= seen.latest);
}
