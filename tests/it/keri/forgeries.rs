//! Worlds that lie, and honest worlds written in every manner.

use countersign::keri::{Answer, Options, Verdict, Weight};
use countersign::primitives::Said;

use super::forge::*;

fn judge(world: &World, target: &str, stream: &[u8]) -> Verdict {
    let target: Said = target.parse().unwrap();
    let options = Options { as_of: super::as_of(), schemas: None, credential: Some(&target) };
    verify(stream, &world.trusted(), &options).unwrap()
}

/// The finding that decides; of a valid credential nothing, or the note that is looked for.
fn deciding<'v>(verdict: &'v Verdict, note: &str) -> &'v str {
    let heavy = verdict.findings.iter().find(|finding| finding.code.weight() != Weight::Note);
    heavy.or(verdict.findings.iter().find(|finding| finding.name() == note)).map_or("", |finding| finding.name())
}

#[track_caller]
fn expect(world: &World, target: &str, answer: Answer, code: &str) {
    for manner in [Manner::Wrapped, Manner::Bare, Manner::ReceiptMessages] {
        let verdict = judge(world, target, &world.stream(manner));
        let first = deciding(&verdict, code);
        assert!(
            verdict.answer == answer && first == code,
            "{manner:?}: {} {first}, and {answer} {code} is expected\n{:#?}",
            verdict.answer,
            verdict.findings
        );
    }
}

#[test]
fn an_honest_world_is_valid_in_every_manner_and_order() {
    let mut base = base();
    let le = base.issue_le();
    expect(&base.world, &le, Answer::Valid, "");
    let mut world = base.world.clone();
    world.messages.reverse();
    expect(&world, &le, Answer::Valid, "");
    world.messages.extend(base.world.messages.clone());
    expect(&world, &le, Answer::Valid, "");
    // A seeded shuffle, several times.
    let mut seed = 7u64;
    for _ in 0..10 {
        for at in (1..world.messages.len()).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            world.messages.swap(at, (seed >> 33) as usize % (at + 1));
        }
        expect(&world, &le, Answer::Valid, "");
    }
}

#[test]
fn signatures_may_be_spread_over_copies_of_an_event() {
    let mut base = base();
    let le = base.issue_le();
    let at = base.world.messages.iter().position(|sent| sent.tag == "qvi.icp").unwrap();
    let mut copy = base.world.messages[at].clone();
    base.world.messages[at].signatures.truncate(1);
    base.world.messages[at].receipts.truncate(2);
    copy.signatures.remove(0);
    copy.receipts.drain(..2);
    base.world.messages.push(copy);
    expect(&base.world, &le, Answer::Valid, "");
}

#[test]
fn a_surplus_signature_that_is_bad_is_dropped() {
    let mut base = base();
    let le = base.issue_le();
    let bad = base.world.sent("geda.icp").signatures[0].replacen("AA", "AB", 1);
    base.world.sent("qvi.icp").signatures.push(bad);
    expect(&base.world, &le, Answer::Valid, "");
}

#[test]
fn one_key_does_not_count_twice() {
    let mut base = base();
    let le = base.issue_le();
    let event = base.world.sent("qvi.icp");
    event.signatures.truncate(1);
    let again = event.signatures[0].replacen("AA", "BA", 1);
    event.signatures.push(again);
    expect(&base.world, &le, Answer::Invalid, "threshold_unmet");
    let event = base.world.sent("qvi.icp");
    event.signatures[1] = event.signatures[0].replacen("AA", "AB", 1);
    expect(&base.world, &le, Answer::Invalid, "signature_invalid");
}

#[test]
fn one_witness_does_not_count_twice() {
    let mut base = base();
    let le = base.issue_le();
    let event = base.world.sent("qvi.icp");
    event.receipts.truncate(3);
    let (_, key, raw) = event.receipts[0].clone();
    event.receipts.push((1, key, raw));
    expect(&base.world, &le, Answer::Invalid, "receipts_short");
}

#[test]
fn a_registry_of_somebody_else_issues_nothing() {
    let mut base = base();
    base.world.incept("mallory", &group(), None);
    let registry = base.world.registry("mallory", "mallory");
    let mut forged = base.le_draft();
    forged.registry = registry;
    let le = base.world.issue(&forged, "mallory");
    expect(&base.world, &le, Answer::Invalid, "registry_issuer");
}

#[test]
fn an_issuance_in_another_registry_does_not_count() {
    let mut base = base();
    let other = base.world.registry("qvi", "other");
    let draft = base.le_draft();
    let (body, said) = finish(draft.body(&base.world));
    let iss = base.world.issuance(&said, &other, &draft.dated, "qvi");
    let sent = Sent {
        tag: "acdc.LE".into(),
        body,
        said: said.clone(),
        triple: Some((said.clone(), 0, iss)),
        ..Sent::default()
    };
    base.world.messages.push(sent);
    expect(&base.world, &said, Answer::Invalid, "registry_other");
}

#[test]
fn an_edge_with_another_schema_than_its_node_is_refused() {
    let mut base = base();
    // The LE credential's holder poses as a QVI.
    base.issue_le();
    let le = base.issue_le_as_authority();
    expect(&base.world, &le, Answer::Invalid, "edge_schema");
}

impl Base {
    fn issue_le_as_authority(&mut self) -> String {
        let first = self.world.sent("acdc.LE").said.clone();
        let registry = self.world.registry("le", "le");
        let draft =
            draft("LE2", LE, "le", &registry, "qvi", &format!(r#""LEI":"{LEI_LE}""#)).edge("qvi", &first, QVI, None);
        self.world.issue(&draft, "le")
    }
}

#[test]
fn a_section_with_a_wrong_digest_is_refused() {
    let mut base = base();
    let mut draft = base.le_draft();
    draft.wrong_section = true;
    let le = base.world.issue(&draft, "qvi");
    expect(&base.world, &le, Answer::Invalid, "section_said_mismatch");
}

#[test]
fn a_revocation_counts_presented_or_not() {
    let mut base = base();
    let le = base.issue_le();
    let registry = base.qvi_registry.clone();
    base.world.revoke(&le, &registry, "qvi", "2026-04-01T00:00:00Z");
    expect(&base.world, &le, Answer::Revoked, "revoked");
    base.world.drop(&format!("rev.{le}"));
    expect(&base.world, &le, Answer::Revoked, "revocation_withheld");
}

#[test]
fn a_revocation_that_nobody_sealed_revokes_nothing() {
    let mut base = base();
    let le = base.issue_le();
    let registry = base.qvi_registry.clone();
    let mut sealed = base.world.clone();
    sealed.revoke(&le, &registry, "qvi", "2026-04-01T00:00:00Z");
    let mut rev = sealed.sent(&format!("rev.{le}")).clone();
    // It names an event that is in the log and seals something else.
    rev.couple = base.world.sent(&format!("iss.{le}")).couple.clone();
    let mut world = base.world.clone();
    world.messages.push(rev.clone());
    expect(&world, &le, Answer::Valid, "revocation_not_sealed");
    // It names an event that was cut off.
    rev.couple = sealed.sent(&format!("rev.{le}")).couple.clone();
    base.world.messages.push(rev);
    expect(&base.world, &le, Answer::Incomplete, "revocation_unsettled");
}

#[test]
fn a_source_that_names_another_event_is_refused() {
    let mut base = base();
    let le = base.issue_le();
    let honest = base.world.clone();
    let vcp = base.world.sent("vcp.qvi").said.clone();
    base.world.sent("acdc.LE").triple.as_mut().unwrap().2 = vcp;
    expect(&base.world, &le, Answer::Invalid, "source_mismatch");
    base.world = honest.clone();
    let other = base.world.sent("vcp.qvi").couple.clone();
    base.world.sent(&format!("iss.{le}")).couple = other;
    expect(&base.world, &le, Answer::Invalid, "source_mismatch");
    base.world = honest;
    base.world.sent("acdc.LE").triple = None;
    expect(&base.world, &le, Answer::Incomplete, "source_missing");
}

#[test]
fn two_events_at_one_place_are_duplicity_whatever_came_first() {
    let mut base = base();
    let le = base.issue_le();
    let qvi = base.world.parties["qvi"].clone();
    let mut before = qvi.clone();
    before.last = base
        .world
        .messages
        .iter()
        .rfind(|sent| sent.prefix == qvi.prefix && sent.sn + 1 == qvi.sn)
        .unwrap()
        .said
        .clone();
    let body = base.world.ixn(&before, &[seal(&qvi.prefix, 9, &qvi.prefix)]);
    let indices = [countersign::keri::cesr::IndexedCode::Both(0), countersign::keri::cesr::IndexedCode::Both(1)];
    base.world.send("qvi", "fork", body, &qvi.keys, &indices);
    expect(&base.world, &le, Answer::Invalid, "duplicity");
    base.world.messages.rotate_right(1);
    expect(&base.world, &le, Answer::Invalid, "duplicity");
    // Too few receipts do not unsign it; too few signatures do.
    base.world.sent("qvi.fork").receipts.clear();
    expect(&base.world, &le, Answer::Invalid, "duplicity");
    base.world.sent("qvi.fork").signatures.truncate(1);
    let verdict = judge(&base.world, &le, &base.world.stream(Manner::Wrapped));
    assert!(verdict.findings.iter().all(|finding| finding.name() != "duplicity"));
}

/// The order of a stream is whoever wrote it's to choose; which of two contradicting events is told about
/// further is not.
#[test]
fn contradicting_events_give_one_log_in_any_order() {
    let mut base = base();
    let before = base.world.parties["qvi"].clone();
    let le = base.issue_le();
    base.world.parties.insert("qvi".into(), before);
    let mut draft = base.le_draft();
    draft.dated = "2026-03-03T08:00:00Z".into();
    base.world.issue(&draft, "qvi");
    let told = |world: &World| {
        let verdict = judge(world, &le, &world.stream(Manner::Wrapped));
        let findings = verdict.findings.iter().map(|finding| (finding.message.clone(), finding.said.clone()));
        let logs = verdict
            .verified
            .logs
            .iter()
            .map(|(aid, log)| (aid.clone(), log.events.iter().map(|event| event.said.clone()).collect::<Vec<_>>()));
        let statuses: Vec<_> = verdict.verified.chain.iter().map(|found| found.status).collect();
        (verdict.answer, findings.collect::<Vec<_>>(), logs.collect::<Vec<_>>(), statuses)
    };
    let first = told(&base.world);
    assert_eq!(first.0, Answer::Invalid);
    base.world.messages.reverse();
    assert_eq!(told(&base.world), first);
}

#[test]
fn a_rotation_supersedes_interactions_and_what_they_sealed() {
    let mut base = base();
    let before = base.world.parties["qvi"].clone();
    let le = base.issue_le();
    let stolen = base.world.clone();
    base.world.parties.insert("qvi".into(), before.clone());
    let rotation = base.world.rotate_at("qvi", before.sn + 1, &before.last, None);
    base.world.approve("geda", &before.prefix, rotation.sn, &rotation.said);
    expect(&base.world, &le, Answer::Invalid, "seal_superseded");
    base.world.messages.reverse();
    expect(&base.world, &le, Answer::Invalid, "seal_superseded");
    // Without the delegator's approval the rotation recovers nothing, and it is not explained away.
    let mut world = stolen;
    let rotation = {
        world.parties.insert("qvi".into(), before.clone());
        world.rotate_at("qvi", before.sn + 1, &before.last, None)
    };
    assert!(rotation.couple.is_none());
    expect(&world, &le, Answer::Invalid, "delegation_missing");
    // After the recovery the credential can be issued again.
    base.world.messages.reverse();
    let again = base.issue_again();
    expect(&base.world, &again, Answer::Valid, "");
}

impl Base {
    fn issue_again(&mut self) -> String {
        let mut draft = self.le_draft();
        draft.dated = "2026-03-03T08:00:00Z".into();
        self.world.issue(&draft, "qvi")
    }
}

#[test]
fn partial_rotations_and_old_keys() {
    let mut base = base();
    let before = base.world.parties["qvi"].clone();
    let rotation = base.world.rotate_at("qvi", before.sn + 1, &before.last, Some(&[0, 2]));
    base.world.approve("geda", &before.prefix, rotation.sn, &rotation.said);
    let le = base.issue_le();
    expect(&base.world, &le, Answer::Valid, "QVIW-21");
    // Signed with the keys that were rotated out.
    let at = base.world.parties["qvi"].clone();
    let tag = format!("qvi.ixn{}", at.sn);
    let body = base.world.sent(&tag).body.clone();
    let old = |at: usize, index: u32| {
        use ed25519_dalek::Signer;
        let (name, generation) = &before.keys[at];
        let raw = key(name, *generation).sign(body.as_bytes()).to_bytes();
        countersign::keri::cesr::IndexedCode::Both(index).signature(&raw).unwrap()
    };
    base.world.sent(&tag).signatures = vec![old(0, 0), old(2, 1)];
    expect(&base.world, &le, Answer::Invalid, "signature_invalid");
}

#[test]
fn a_rotation_needs_the_keys_that_were_committed_to() {
    let mut base = base();
    let before = base.world.parties["qvi"].clone();
    // The thief holds the current keys and puts keys of their own in.
    base.world.parties.get_mut("qvi").unwrap().keys = (0..3).map(|at| (format!("thief-{at}"), 0)).collect();
    let rotation = base.world.rotate_at("qvi", before.sn + 1, &before.last, None);
    base.world.approve("geda", &before.prefix, rotation.sn, &rotation.said);
    let le = base.issue_le();
    expect(&base.world, &le, Answer::Invalid, "event_invalid");
}

#[test]
fn a_gap_in_a_log_is_incomplete() {
    let mut base = base();
    let le = base.issue_le();
    base.world.drop("geda.ixn1");
    expect(&base.world, &le, Answer::Incomplete, "event_missing");
}

#[test]
fn a_weak_qvi_is_refused() {
    let weak = |shape: Shape, code: &str| {
        let mut base = base_with(&shape);
        let le = base.issue_le();
        expect(&base.world, &le, Answer::Invalid, code);
    };
    weak(Shape { threshold: r#"["1","1/2","1/2"]"#, ..group() }, "QVIW-22");
    weak(Shape { threshold: r#""1""#, ..group() }, "QVIW-22");
    weak(Shape { witnesses: 4, toad: 3, ..group() }, "QVIW-24");
    weak(Shape { witnesses: 5, toad: 3, ..group() }, "QVIW-24");
    let mut strong = base_with(&Shape {
        members: 5,
        threshold: r#"[["1/2","1/2","1/2"],["1","1/2"]]"#,
        sign_with: vec![0, 1, 3],
        witnesses: 7,
        toad: 5,
    });
    let le = strong.issue_le();
    expect(&strong.world, &le, Answer::Valid, "");
}

#[test]
fn grace_is_never_valid() {
    let mut base = base();
    let le = base.issue_le();
    let (qvi, registry) = (base.qvi_credential.clone(), base.geda_registry.clone());
    base.world.revoke(&qvi, &registry, "geda", "2026-05-01T00:00:00Z");
    expect(&base.world, &le, Answer::Revoked, "ghost");
    let mut base = super::forge::base();
    let le = base.issue_le();
    let (qvi, registry) = (base.qvi_credential.clone(), base.geda_registry.clone());
    base.world.revoke(&qvi, &registry, "geda", "2026-02-01T00:00:00Z");
    expect(&base.world, &le, Answer::Revoked, "upstream_revoked");
}

#[test]
fn dates_leis_and_parties() {
    let mut base = base();
    let mut draft = base.le_draft();
    draft.dated = "2026-06-01T00:10:00Z".into();
    let le = base.world.issue(&draft, "qvi");
    expect(&base.world, &le, Answer::Invalid, "QVIW-13");

    let mut base = super::forge::base();
    let mut draft = base.le_draft();
    draft.attributes = r#""LEI":"984500HARBRMLLS00331""#.into();
    let le = base.world.issue(&draft, "qvi");
    expect(&base.world, &le, Answer::Invalid, "LE-9.1.2.a");

    let mut base = super::forge::base();
    let mut draft = base.le_draft();
    draft.issuee = public(&key("le-basic", 0), "B");
    let le = base.world.issue(&draft, "qvi");
    expect(&base.world, &le, Answer::Invalid, "EGF3-TR1-4.1.2");
}

/// An OOR credential with its authorization.
fn with_role(change: impl Fn(&mut Draft, &mut Draft)) -> (World, String) {
    let mut base = base();
    let le = base.issue_le();
    base.world.incept("person", &single(), None);
    let registry = base.world.registry("le", "le");
    let person = base.world.prefix("person");
    let role = format!(r#""LEI":"{LEI_LE}","personLegalName":"Ada Example","officialRole":"Chair""#);
    let mut auth = draft("AUTH", OOR_AUTH, "le", &registry, "qvi", &format!(r#""AID":"{person}",{role}"#))
        .edge("le", &le, LE, None);
    let mut oor = draft("OOR", OOR, "qvi", &base.qvi_registry, "person", &role);
    change(&mut auth, &mut oor);
    let auth = base.world.issue(&auth, "le");
    let oor = base.world.issue(&oor.edge("auth", &auth, OOR_AUTH, Some("I2I")), "qvi");
    (base.world, oor)
}

#[test]
fn a_role_says_what_its_authorization_says() {
    let (world, oor) = with_role(|_, _| {});
    expect(&world, &oor, Answer::Valid, "");
    let (world, oor) = with_role(|_, oor| oor.attributes = oor.attributes.replace("Chair", "Chief"));
    expect(&world, &oor, Answer::Invalid, "AUTH-10.1.2.d");
    let (world, oor) = with_role(|auth, _| auth.attributes = auth.attributes.replace("Ada", "Eve"));
    expect(&world, &oor, Answer::Invalid, "EGF3-OOR-9.1.2.a-c");
    let (world, oor) = with_role(|_, oor| oor.issuee = "le".into());
    expect(&world, &oor, Answer::Invalid, "VLEI-10");
    let (world, oor) = with_role(|auth, _| auth.dated = "2026-03-02T08:00:01Z".into());
    expect(&world, &oor, Answer::Invalid, "VLEI-08");
    let (world, oor) = with_role(|auth, _| auth.attributes = auth.attributes.replace("Ada Example", " "));
    expect(&world, &oor, Answer::Invalid, "schema_invalid");
}

#[test]
fn one_role_for_one_authorization() {
    let (mut world, oor) = with_role(|_, _| {});
    let auth = world.sent("acdc.AUTH").said.clone();
    let registry = world.sent("vcp.qvi").said.clone();
    let role = format!(r#""LEI":"{LEI_LE}","personLegalName":"Ada Example","officialRole":"Chair""#);
    let mut second = draft("OOR2", OOR, "qvi", &registry, "person", &role).edge("auth", &auth, OOR_AUTH, Some("I2I"));
    second.dated = "2026-03-04T08:00:00Z".into();
    let second = world.issue(&second, "qvi");
    expect(&world, &oor, Answer::Invalid, "AUTH-6.4.1.4.a");
    // The first was revoked: the second takes its place.
    world.revoke(&oor, &registry, "qvi", "2026-03-03T08:00:00Z");
    expect(&world, &second, Answer::Valid, "");
}

#[test]
fn an_approval_in_a_superseded_event_is_none() {
    let mut base = base();
    let le = base.issue_le();
    let geda = base.world.parties["geda"].clone();
    // The event that approves the QVI, and all that follow it, are recovered from.
    let prior = base.world.sent("geda.icp").said.clone();
    let rotation = base.world.rotate_at("geda", 1, &prior, None);
    base.world.approve("root", &geda.prefix, 1, &rotation.said);
    expect(&base.world, &le, Answer::Invalid, "delegation_missing");
    base.world.messages.reverse();
    expect(&base.world, &le, Answer::Invalid, "delegation_missing");
}

#[test]
fn the_root_of_trust_is_the_installation_s() {
    let mut base = base();
    let le = base.issue_le();
    let target: Said = le.parse().unwrap();
    let options = Options { as_of: super::as_of(), schemas: None, credential: Some(&target) };
    let stream = base.world.stream(Manner::Wrapped);
    let code = |root: &str, geda: Option<&str>| {
        let trusted = countersign::keri::Trusted {
            root: base.world.prefix(root).parse().unwrap(),
            geda: geda.map(|geda| base.world.prefix(geda).parse().unwrap()),
        };
        let verdict = verify(&stream, &trusted, &options).unwrap();
        deciding(&verdict, "").to_owned()
    };
    assert_eq!(code("root", None), "");
    assert_eq!(code("root", Some("geda")), "");
    assert_eq!(code("root", Some("qvi")), "LE-6.1.1");
    assert_eq!(code("geda", None), "QVIW-13");
    assert_eq!(code("le", Some("geda")), "QVIW-13");
}

#[test]
fn an_undisclosed_section_is_incomplete() {
    let mut base = base();
    let draft = base.le_draft();
    let body = draft.body(&base.world);
    let start = body.find(r#""a":{"#).unwrap() + 4;
    let end = start + body[start..].find('}').unwrap() + 1;
    let said = body[start + 6..start + 50].to_owned();
    let (body, said) = finish(format!("{}\"{said}\"{}", &body[..start], &body[end..]));
    let iss = base.world.issuance(&said, &draft.registry, &draft.dated, "qvi");
    let triple = Some((said.clone(), 0, iss));
    base.world.messages.push(Sent { tag: "acdc.LE".into(), body, said: said.clone(), triple, ..Sent::default() });
    expect(&base.world, &said, Answer::Incomplete, "section_undisclosed");
}

#[test]
fn a_credential_that_is_not_named_is_the_one_at_the_tip() {
    let mut base = base();
    let le = base.issue_le();
    let stream = base.world.stream(Manner::Wrapped);
    let options = Options { as_of: super::as_of(), schemas: None, credential: None };
    let verdict = verify(&stream, &base.world.trusted(), &options).unwrap();
    assert_eq!(verdict.verified.target.unwrap().as_str(), le);
    base.issue_again();
    let stream = base.world.stream(Manner::Wrapped);
    assert!(verify(&stream, &base.world.trusted(), &options).is_err());
}

#[test]
fn other_seals_and_numbers_are_read() {
    // A seal that KERI does not define says nothing; the log goes on.
    let mut base = base();
    base.world.interact("qvi", &[r#"{"foo":"bar"}"#.to_owned(), r#""text""#.to_owned()]);
    // Several seals in one event.
    let draft = base.le_draft();
    let (body, said) = finish(draft.body(&base.world));
    let iss = finish(format!(
        r#"{{"v":"KERI10JSON000000_","t":"iss","d":"{DUMMY}","i":"{said}","s":"0","ri":"{}","dt":"{}"}}"#,
        draft.registry, draft.dated
    ));
    let place = base.world.interact("qvi", &[seal(&draft.registry, 7, &iss.1), seal(&said, 0, &iss.1)]);
    base.world.messages.push(Sent {
        tag: "iss".into(),
        body: iss.0,
        said: iss.1.clone(),
        couple: Some(place),
        ..Sent::default()
    });
    let triple = Some((said.clone(), 0, iss.1));
    base.world.messages.push(Sent { tag: "acdc.LE".into(), body, said: said.clone(), triple, ..Sent::default() });
    expect(&base.world, &said, Answer::Valid, "");
}
