//! Streams as one pool: what a verdict on one credential says, and whatever else does not hold.

use countersign::keri::cesr;
use countersign::keri::pool::{self, Pooled, Question, Standing, Stream};
use countersign::keri::signature::Memory;
use countersign::keri::{Answer, Code, Weight};

use super::forge::*;

fn pooled(streams: &[&[u8]], memory: Option<&Memory>) -> Pooled {
    let streams: Vec<Stream<'_>> =
        streams.iter().enumerate().map(|(id, bytes)| Stream { id: id as u32, bytes }).collect();
    let as_of = super::as_of();
    pool::verify(&Question { streams: &streams, drafts: &[], detached: &[], as_of, schemas: None, memory })
}

/// A pool of one stream with one draft on top.
fn drafted(stream: &[u8], draft: &[u8]) -> Pooled {
    let (streams, drafts) = ([Stream { id: 0, bytes: stream }], [Stream { id: 1, bytes: draft }]);
    let as_of = super::as_of();
    pool::verify(&Question { streams: &streams, drafts: &drafts, detached: &[], as_of, schemas: None, memory: None })
}

fn told(pooled: &Pooled) -> Vec<String> {
    let heavy = pooled.findings.iter().filter(|found| found.finding.code.weight() != Weight::Note);
    heavy.map(|found| format!("{} {}", found.finding.code, found.finding.message)).collect()
}

/// A stream in three parts, the last first and one of them twice.
fn torn(stream: &[u8]) -> Vec<&[u8]> {
    let messages = cesr::read(stream).unwrap();
    let third = |at: usize| messages.get(messages.len() * at / 3).map_or(stream.len(), |message| message.offset);
    let (first, second) = (third(1), third(2));
    let parts = [&stream[second..], &stream[..first], &stream[first..second], &stream[..first]];
    parts.into_iter().filter(|part| !part.is_empty()).collect()
}

#[test]
fn a_pool_says_what_the_verdict_on_each_credential_says() {
    let Some(folder) = super::shared("keri/ecosystem") else { return };
    let ecosystem = super::ecosystem(&folder);
    let memory = Memory::new();
    let mut wrong = Vec::new();
    for case in &ecosystem.cases {
        let verdict = super::judge(&ecosystem.trusted, case, None);
        let whole = pooled(&[&case.stream], Some(&memory));
        let standing = |pooled: &Pooled| {
            let found = pooled.credentials.iter().find(|credential| credential.fact.said == case.target);
            found.map(|credential| credential.standing)
        };
        // What the framework asks of a chain is for rules to say: a pool may find nothing in what fails by it.
        let valid = standing(&whole) == Some(Standing::Valid);
        let by_policy = verdict.findings.iter().all(|finding| finding.rule.is_some() || is_policy(finding.code));
        if case.verdict == Answer::Valid && !(valid && told(&whole).is_empty()) {
            wrong.push(format!("{}: {:?} {:#?}", case.file, standing(&whole), told(&whole)));
        }
        if valid && case.verdict != Answer::Valid && !by_policy {
            wrong.push(format!("{}: valid, {:#?}", case.file, verdict.findings));
        }
        if cesr::read(&case.stream).is_ok() {
            let parts = pooled(&torn(&case.stream), Some(&memory));
            if standing(&parts) != standing(&whole) || parts.logs.len() != whole.logs.len() {
                wrong.push(format!("{}: {:?} in parts, {:?} whole", case.file, standing(&parts), standing(&whole)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What pools do not tell: governance rules, and what the verdict does not rest on.
fn is_policy(code: Code) -> bool {
    matches!(
        code,
        Code::RuleFails
            | Code::RuleUndecided
            | Code::RuleWarns
            | Code::Unproven
            | Code::NotUsed
            | Code::RevocationNotSealed
    )
}

#[test]
fn what_held_once_is_not_verified_again() {
    let mut base = base();
    base.issue_le();
    let stream = base.world.stream(Manner::Wrapped);
    let memory = Memory::new();
    let first = pooled(&[&stream], Some(&memory));
    let known = memory.len();
    assert!(known > 10 && told(&first).is_empty(), "{known} {:?}", told(&first));
    let second = pooled(&[&stream, &stream], Some(&memory));
    assert_eq!(memory.len(), known);
    assert_eq!(told(&second), Vec::<String>::new());

    // A signature that does not hold is not remembered, and does not hold the second time either.
    let mut bad = String::from_utf8(stream).unwrap();
    let at = bad.find("-BA").unwrap() + 60;
    let other = if bad.as_bytes()[at] == b'A' { "B" } else { "A" };
    bad.replace_range(at..=at, other);
    for _ in 0..2 {
        let found = pooled(&[bad.as_bytes()], Some(&memory));
        assert!(told(&found).iter().any(|told| told.starts_with("signature_invalid")), "{:?}", told(&found));
        assert_eq!(memory.len(), known);
    }
}

#[test]
fn a_receipt_for_what_is_not_there_is_told_of() {
    let base = base();
    let whole = base.world.stream(Manner::ReceiptMessages);
    assert_eq!(told(&pooled(&[&whole], None)), Vec::<String>::new());
    // The same without the first event; its receipts stay.
    let messages = cesr::read(&whole).unwrap();
    let first = messages.iter().find(|message| message.body.contains(r#""t":"icp""#)).unwrap();
    let found = pooled(&[&[&whole[..first.offset], &whole[first.end..]].concat()], None);
    assert!(told(&found).iter().any(|told| told.contains("a receipt is for event")), "{:?}", told(&found));
    let spot = found.findings.iter().find(|found| found.finding.message.contains("a receipt is for")).unwrap().spot;
    assert!(spot.is_some_and(|spot| spot.stream == 0 && spot.start < spot.end));
}

#[test]
fn one_stream_that_cannot_be_framed_leaves_the_others() {
    let base = base();
    let stream = base.world.stream(Manner::Bare);
    let found = pooled(&[b"{", &stream], None);
    assert_eq!(found.unreadable, [0]);
    assert_eq!(found.logs.len(), pooled(&[&stream], None).logs.len());
    let spot = found.findings[0].spot.unwrap();
    assert_eq!((spot.stream, spot.start, spot.end), (0, 0, 1));
}

#[test]
fn a_proposed_event_follows_the_log_as_it_is() {
    // An event that only one of the keys signed, and nobody receipted.
    let proposed = |seals: &[String]| {
        let mut base = base();
        base.world.interact("qvi", seals);
        let mut sent = base.world.messages.pop().unwrap();
        sent.signatures.truncate(1);
        sent.receipts.clear();
        sent.write(Manner::Bare)
    };
    let draft = proposed(&[]);
    let settled = base().world.stream(Manner::Wrapped);
    assert_eq!(told(&drafted(&settled, draft.as_bytes())), Vec::<String>::new());

    // Meanwhile the log went on: another event stands in that place.
    let mut other = base();
    other.world.interact("qvi", &[seal(&other.world.prefix("le"), 7, &other.qvi_credential)]);
    let found = drafted(&other.world.stream(Manner::Wrapped), draft.as_bytes());
    assert_eq!(found.findings.iter().map(|found| found.finding.code).collect::<Vec<_>>(), [Code::Duplicity]);
    assert!(found.findings[0].draft && found.findings[0].spot.is_some_and(|spot| spot.stream == 1));

    // The log does not reach so far.
    let root: Vec<u8> = base().world.messages[0].write(Manner::Bare).into_bytes();
    let found = drafted(&root, draft.as_bytes());
    assert!(told(&found).iter().all(|told| told.starts_with("event_invalid")), "{:?}", told(&found));
    assert_eq!(told(&found).len(), 1);

    // A signature that does not hold.
    let mut bad = draft.clone();
    let at = bad.len() - 20;
    let other = if bad.as_bytes()[at] == b'A' { "B" } else { "A" };
    bad.replace_range(at..=at, other);
    let found = drafted(&settled, bad.as_bytes());
    assert_eq!(found.findings.iter().map(|found| found.finding.code).collect::<Vec<_>>(), [Code::SignatureInvalid]);
}
