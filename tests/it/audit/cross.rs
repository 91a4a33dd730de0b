//! What is compared across cases: each rule with a pair of cases for which it tells, and one for which it does not.

use std::sync::Arc;

use countersign::audit::journal::Claimed;
use countersign::audit::traces::{Claim, Doubt, Person, Revocation, Roster, Side, Topic, Traces, Watched};
use countersign::audit::year::{Stream, Year};
use countersign::audit::{Journal, Question, Registries, Row, conclude};
use countersign::check::Options;
use countersign::compile::{program::Stage, shipped};
use countersign::evaluate::outcome::{FailOn, Verdict};
use countersign::keri::population::Action;
use countersign::keri::signature::Memory;
use countersign::primitives::{Instant, Sha256};
use countersign::report::audit::{Act, AuditDocument, CaseEntry};
use countersign::trust::Trust;

use crate::fixture::fixtures;

use super::LE;

fn act(action: &str, credential: &str) -> Act {
    Act { action: action.to_owned(), credential: credential.to_owned(), credential_type: "LE".to_owned() }
}

fn claim(topic: Topic, of: &str) -> Claim {
    Claim { topic, key: Sha256::of(of.as_bytes()), shown: "records/x.json".to_owned() }
}

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

fn seconds(text: &str) -> i64 {
    i64::try_from(at(text).nanoseconds() / 1_000_000_000).unwrap()
}

fn person(person: &str, aid: &str, side: Side) -> Person {
    Person { person: person.to_owned(), aid: aid.to_owned(), side }
}

/// A year of clean cases that leave these traces, against the registries of the reference case.
fn year(cases: &[Traces]) -> AuditDocument {
    let streams = ["kel-qvi-issued.cesr", "kel-geda.cesr", "kel-root.cesr", "tel-le.cesr"];
    year_of(cases, &streams.map(|name| format!("b0/{name}")), |_| ())
}

/// The same against other registries, of which the test may know something else.
fn year_of(cases: &[Traces], streams: &[String], change: impl FnOnce(&mut Registries)) -> AuditDocument {
    let program = shipped().unwrap();
    let trust = Trust::parse(&std::fs::read(fixtures().join("trust.json")).unwrap()).unwrap();
    let stream = |name: &String| Stream {
        name: name.clone(),
        bytes: std::fs::read(fixtures().join("keri").join(name)).unwrap(),
    };
    let streams: Vec<Stream> = streams.iter().map(stream).collect();
    let mut registries = Registries::read(streams.as_slice(), &trust, &Memory::default(), None).unwrap();
    assert_eq!(registries.flaws, []);
    change(&mut registries);
    let as_of = at("2026-03-25T00:00:00Z");
    let folder = tempfile::tempdir().unwrap();
    let claimed = Claimed::new(folder.path()).unwrap();
    let journal = Journal::open(claimed, Sha256::of(b""), as_of, cases.len()).unwrap();
    for (place, traces) in (0u32..).zip(cases) {
        let mut entry = CaseEntry::bare(format!("case-{place}"));
        entry.verdict = Some(Verdict::Clean);
        entry.lei = "254900OPPU84GM83MG36".to_owned();
        entry.acts = traces.acts.clone();
        let row = Row { at: place, stamp: Sha256::of(b""), inside: true, entry, traces: traces.clone() };
        journal.keep(&row).unwrap();
    }
    let question = Question {
        program,
        trust: &trust,
        cases: folder.path(),
        period: "2026-01-01..2026-12-31".parse().unwrap(),
        as_of,
        registries: &registries,
        ledger: None,
        options: Options {
            as_of,
            stage: Stage::Closing,
            flows: Vec::new(),
            profile: "audit".to_owned(),
            set: Vec::new(),
            fail_on: FailOn::Warn,
            schemas: None,
            memory: None,
        },
        memory: Arc::new(Memory::default()),
        draw: None,
        keep_judgements: false,
    };
    conclude(&question, &journal, &Year::default()).unwrap()
}

/// The case of the one issuance, with a look at the LEI every eight hours.
fn issued() -> Traces {
    let first = seconds("2026-03-19T09:50:00Z");
    Traces {
        acts: vec![act("iss", LE)],
        approved: true,
        receipts: vec![act("iss", LE)],
        watched: vec![Watched {
            lei: "254900OPPU84GM83MG36".to_owned(),
            at: (0..18).map(|look| first + look * 8 * 3600).collect(),
        }],
        ..Traces::default()
    }
}

fn codes(cases: &[Traces]) -> Vec<String> {
    let mut all = vec![issued()];
    all.extend_from_slice(cases);
    let mut codes: Vec<String> = year(&all).findings.into_iter().map(|finding| finding.code).collect();
    codes.dedup();
    codes
}

fn none() -> Vec<String> {
    Vec::new()
}

#[test]
fn a_year_without_anything_to_tell() {
    let document = year(&[issued()]);
    assert_eq!((document.findings, document.verdict), (Vec::new(), Verdict::Clean));
    assert_eq!((document.metrics.issued_le, document.metrics.watched_leis), (1, 1));
}

#[test]
fn what_must_be_used_once() {
    for (topic, code) in [
        (Topic::Nonce, "nonce_reused"),
        (Topic::Session, "session_reused"),
        (Topic::Recording, "recording_reused"),
        (Topic::Message, "message_id_reused"),
    ] {
        let with = |of: &str, authorization: Option<&str>| Traces {
            claims: vec![claim(topic, of)],
            authorization: authorization.map(str::to_owned),
            ..Traces::default()
        };
        assert_eq!(codes(&[with("a", None), with("a", None)]), [code]);
        assert_eq!(codes(&[with("a", None), with("b", None)]), none());
        // The intake of an authorization and the role on it hold the same evidence.
        assert_eq!(codes(&[with("a", Some("auth")), with("a", Some("auth"))]), none(), "{code}");
        assert_eq!(codes(&[with("a", Some("auth")), with("a", Some("other"))]), [code]);
    }
    // The same text is not the same thing.
    let nonce = Traces { claims: vec![claim(Topic::Nonce, "a")], ..Traces::default() };
    let message = Traces { claims: vec![claim(Topic::Message, "a")], ..Traces::default() };
    assert_eq!(codes(&[nonce, message]), none());
}

#[test]
fn an_authorization_carries_one_credential() {
    let on = |credential: &str| Traces {
        claims: vec![claim(Topic::Authorization, "auth")],
        acts: vec![act("iss", credential)],
        ..Traces::default()
    };
    assert_eq!(codes(&[on("one"), on("other")]), ["authorization_reused"]);
    assert_eq!(codes(&[on("one")]), none());
}

#[test]
fn people_stand_on_one_side() {
    let with = |people: Vec<Person>| Traces { people, ..Traces::default() };
    let qar = || person("Q1", "aid-1", Side::Qar);
    assert_eq!(codes(&[with(vec![qar()]), with(vec![person("LAR-A", "aid-2", Side::Entity)])]), none());
    assert_eq!(
        codes(&[with(vec![qar()]), with(vec![person("LAR-A", "aid-1", Side::Entity)])]),
        ["aid_of_two_persons", "qar_on_both_sides"]
    );
    assert_eq!(codes(&[with(vec![qar()]), with(vec![person("Q1", "aid-1", Side::Entity)])]), ["qar_on_both_sides"]);
    assert_eq!(codes(&[with(vec![qar()]), with(vec![person("Q1", "aid-1", Side::Waiver)])]), ["waiver_by_qar"]);
    assert_eq!(codes(&[with(vec![qar()]), with(vec![person("OFFICER-1", "aid-3", Side::Waiver)])]), none());
}

#[test]
fn service_levels() {
    let revoked =
        |seconds| Traces { revocations: vec![Revocation { credential: LE.to_owned(), seconds }], ..Traces::default() };
    // The registries of this year revoke nothing: a clock without an event measures nothing.
    assert_eq!(year(&[issued(), revoked(90_000)]).metrics.revocations, 0);
    let doubt = |opened: &str, closed: Option<&str>| Traces {
        doubts: vec![Doubt { opened: at(opened), closed: closed.map(at) }],
        ..Traces::default()
    };
    assert_eq!(codes(&[doubt("2026-03-01T23:59:00Z", Some("2026-03-16T00:01:00Z"))]), none());
    assert_eq!(codes(&[doubt("2026-03-01T23:59:00Z", Some("2026-03-17T00:01:00Z"))]), ["challenge_late"]);
    assert_eq!(codes(&[doubt("2026-03-12T00:00:00Z", None)]), none());
    assert_eq!(codes(&[doubt("2026-03-09T00:00:00Z", None)]), ["challenge_late"]);
    let bad = |verdict| {
        let mut document = year(&[issued()]);
        document.verdict = verdict;
        document.verdict
    };
    assert_eq!(bad(Verdict::Clean), Verdict::Clean);
}

#[test]
fn the_watch_has_no_gap() {
    let unwatched = Traces { watched: Vec::new(), ..issued() };
    let of =
        |traces: Traces| -> Vec<String> { year(&[traces]).findings.into_iter().map(|finding| finding.code).collect() };
    assert_eq!(of(unwatched), ["monitoring_missing"]);
    let mut gap = issued();
    gap.watched[0].at.drain(6..9);
    assert_eq!(of(gap.clone()), ["monitoring_gap"]);
    gap.watched[0].at.pop();
    let message = &year(&[gap]).findings[0].message;
    assert!(message.starts_with("LEI 254900OPPU84GM83MG36 was not looked at for 32 hours"), "{message}");
    let mut shorter = issued();
    shorter.watched[0].at.drain(6..8);
    assert_eq!(of(shorter), none(), "24 hours are allowed");
    // Another case's log closes the gap.
    let mut first = issued();
    let rest = first.watched[0].at.split_off(6);
    let second = Traces { watched: vec![Watched { at: rest, ..first.watched[0].clone() }], ..Traces::default() };
    assert!(year(&[first, second]).findings.is_empty());
}

#[test]
fn roster_and_keys_change_together() {
    let stated = |when: &str, people: &[&str]| Traces {
        roster: Some(Roster {
            qvi: crate::proposal::QVI.to_owned(),
            stated_at: at(when),
            members: (0i64..)
                .zip(people)
                .map(|(index, who)| (index, (*who).to_owned(), format!("aid-{who}")))
                .collect(),
        }),
        ..Traces::default()
    };
    let same = ["Q1", "Q2", "Q3"];
    assert_eq!(codes(&[stated("2026-02-01T00:00:00Z", &same), stated("2026-03-01T00:00:00Z", &same)]), none());
    assert_eq!(
        codes(&[stated("2026-02-01T00:00:00Z", &same), stated("2026-03-01T00:00:00Z", &["Q1", "Q2", "Q4"])]),
        ["roster_without_rotation"]
    );
    assert_eq!(codes(&[stated("2026-02-01T00:00:00Z", &["Q1", "Q2"])]), ["roster_size_differs"]);
    let document = year(&[issued(), stated("2026-02-01T00:00:00Z", &same), stated("2026-03-01T00:00:00Z", &same)]);
    let what: Vec<&str> = document.roster.iter().map(|entry| entry.what.as_str()).collect();
    assert_eq!(what, ["keys", "roster"], "a statement that changes nothing is not listed again");
}

#[test]
fn a_revocation_takes_a_day() {
    let streams = [
        "revocations/kel-qvi-after-le-revocation.cesr",
        "b0/kel-geda.cesr",
        "b0/kel-root.cesr",
        "revocations/tel-le-le-revocation.cesr",
        "revocations/tel-oor-le-revocation.cesr",
        "revocations/tel-ecr-le-revocation.cesr",
    ];
    let streams = streams.map(str::to_owned);
    // The credential that the registries revoke.
    let mut revoked = None;
    year_of(&[issued()], &streams, |registries| {
        let each = registries.each(|event| {
            if event.action == Action::Revoked {
                revoked = Some(event.credential.to_string());
            }
            Ok(())
        });
        each.unwrap();
    });
    let revoked = revoked.expect("something is revoked in this year");
    let of = |seconds: i64| {
        let clock = Revocation { credential: revoked.clone(), seconds };
        let case = Traces { revocations: vec![clock], acts: vec![act("rev", &revoked)], ..Traces::default() };
        year_of(&[issued(), case], &streams, |_| ())
    };
    let late = |document: &AuditDocument| {
        let late = document.findings.iter().find(|finding| finding.code == "revocation_late");
        late.map(|finding| (finding.subject.clone(), finding.message.clone(), finding.cases.clone()))
    };
    let kept = of(24 * 3600);
    assert_eq!((late(&kept), kept.metrics.revocations, kept.metrics.revocations_over_24h), (None, 1, 0));
    let over = of(24 * 3600 + 1);
    let (subject, message, cases) = late(&over).expect("it is late");
    assert_eq!((subject, cases), (revoked.clone(), vec!["case-1".to_owned()]));
    assert!(message.contains("24 hours after the clock began"), "{message}");
    assert_eq!((over.metrics.revocations_over_24h, over.metrics.revocation_longest_s), (1, Some(24 * 3600 + 1)));
}

#[test]
fn a_rotation_is_followed_by_a_roster() {
    let named = |when: &str, letter: char| Traces {
        roster: Some(Roster {
            qvi: crate::proposal::QVI.to_owned(),
            stated_at: at(when),
            members: (0i64..3).map(|index| (index, format!("{letter}{index}"), format!("aid-{index}"))).collect(),
        }),
        ..Traces::default()
    };
    let stated = |when: &str| named(when, 'Q');
    let streams = ["kel-qvi-issued.cesr", "kel-geda.cesr", "kel-root.cesr", "tel-le.cesr"];
    let streams = streams.map(|name| format!("b0/{name}"));
    let of = |cases: &[Traces], seen: Option<&str>, keys: usize| {
        let mut all = vec![issued()];
        all.extend_from_slice(cases);
        let document = year_of(&all, &streams, |registries| {
            let mut rotation = registries.establishments[0].clone();
            (rotation.sn, rotation.first_seen) = (rotation.sn + 1, seen.map(at));
            rotation.keys.truncate(keys);
            registries.establishments.push(rotation);
        });
        document.findings.into_iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    let before = stated("2026-02-01T00:00:00Z");
    assert_eq!(of(std::slice::from_ref(&before), Some("2026-03-01T00:00:00Z"), 3), ["rotation_without_roster"]);
    assert_eq!(of(&[before.clone(), stated("2026-03-02T00:00:00Z")], Some("2026-03-01T00:00:00Z"), 3), none());
    // Before the year, of a moment that nobody noted, and of a group about which nothing is stated: nothing is told.
    assert_eq!(of(std::slice::from_ref(&before), Some("2025-12-31T23:59:59Z"), 3), none());
    assert_eq!(of(std::slice::from_ref(&before), None, 3), none());
    assert_eq!(of(&[], Some("2026-03-01T00:00:00Z"), 3), none());
    // A roster that follows has as many people as keys.
    let after = named("2026-03-02T00:00:00Z", 'R');
    assert_eq!(of(&[before.clone(), after.clone()], Some("2026-03-01T00:00:00Z"), 3), none());
    assert_eq!(of(&[before, after], Some("2026-03-01T00:00:00Z"), 2), ["roster_size_differs"]);
}
