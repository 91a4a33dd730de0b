//! Events that are given up.

use countersign::case::{Cause, GiveUp, Phase, Progress};

use super::*;

impl Case {
    fn abandon(&self, now: &str, by: &str, reason: &str) -> Result<Signed, CaseError> {
        self.act(now, by, |desk, actor| case::abandon(desk, actor, &GiveUp { cause: Cause::Withdrawn, reason }))
    }
}

fn approved() -> Case {
    let case = Case::submitted();
    case.decide("2026-03-20T14:50:00Z", "2026-03-20T14:55:00Z", "Q2", Decision::Approve).unwrap();
    case
}

#[test]
fn each_qar_gives_the_event_up_in_a_record_of_their_own() {
    let case = approved();
    let told = || {
        let (snapshot, now) = (case.snapshot(), at("2026-03-20T15:00:00Z"));
        let known = check::known(&snapshot, now, &[]);
        let progress = Progress::of(&snapshot, &program().schema, &known).unwrap();
        let steps = progress.next("case", now, None);
        let steps: Vec<String> =
            steps.iter().map(|step| format!("{}: {}", step.who, step.command.as_deref().unwrap_or_default())).collect();
        (progress.phase(now), steps)
    };
    case.abandon("2026-03-20T14:56:00Z", "Q2", "the entity merged").unwrap();
    let other = "Q1: countersign case abandon case --by Q1 --cause CAUSE --reason TEXT".to_owned();
    assert_eq!(told(), (Phase::Abandoned, vec![other]));
    case.abandon("2026-03-20T14:57:00Z", "Q1", "the entity merged").unwrap();
    let last = "Q2: countersign sign case --abandon --live FILE --out DIR".to_owned();
    assert_eq!(told(), (Phase::Abandoned, vec![last]));
    // Both are case records like any other.
    assert_eq!(check::problems(&case.snapshot(), &program().schema), []);
    let report = case.check(Stage::Approval, "2026-03-20T15:00:00Z");
    assert_eq!(report.document().verdict.as_str(), "clean");
    let record = case.decided().into_iter().find(|name| name.ends_with("-abandonment.json")).unwrap();
    let record: serde_json::Value =
        serde_json::from_slice(&fs::read(case.path().join("decision").join(record)).unwrap()).unwrap();
    assert_eq!((record["event_sn"].as_u64(), record["cause"].as_str()), (Some(2), Some("withdrawn")));
    assert_eq!(record["event_said"], "EK8TRAMSOUZ6PpZ2xSsM2BuVSBJ91dkVtJyvEUOV0vAI");
}

#[test]
fn who_may_not_give_up_does_not() {
    let case = approved();
    refused(case.abandon("2026-03-20T14:56:00Z", "Q3", "the entity merged"), "not_the_qar");
    refused(case.abandon("2026-03-20T14:56:00Z", "Q1", "  "), "no_text");
    case.abandon("2026-03-20T14:56:00Z", "Q1", "the entity merged").unwrap();
    refused(case.abandon("2026-03-20T14:57:00Z", "Q1", "the entity merged"), "given_up");
    refused(Case::assigned().abandon("2026-03-20T14:56:00Z", "Q1", "the entity merged"), "nothing_proposed");
    assert!("gone".parse::<Cause>().unwrap_err().contains("withdrawn, mistake"));
    assert!(Cause::ALL.into_iter().all(|cause| cause.as_str().parse() == Ok(cause)));
}
