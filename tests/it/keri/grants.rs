//! Messages between people: grants and other signed messages.

use countersign::keri::cesr::{self, IndexedCode};
use countersign::keri::evidence::Evidence;
use countersign::keri::log::Logs;
use countersign::keri::signature::Signatures;
use countersign::keri::signed::{NotSigned, Signer, signers};
use countersign::keri::{Answer, Options};
use ed25519_dalek::Signer as _;

use super::forge::*;

#[test]
fn a_grant_carries_its_credential() {
    let Some(folder) = super::shared("keri/ecosystem") else { return };
    let ecosystem = super::ecosystem(&folder);
    for name in ["LE", "OOR", "ECR"] {
        let stream = std::fs::read(folder.join(format!("ipex/{name}.grant.cesr"))).unwrap();
        let options = Options { as_of: super::as_of(), schemas: None, credential: None };
        let verdict = verify(&stream, &ecosystem.trusted, &options).unwrap();
        assert_eq!(verdict.answer, Answer::Valid, "{name}: {:#?}", verdict.findings);
        let kind = verdict.verified.chain.first().and_then(|credential| credential.kind).unwrap();
        assert_eq!(kind.as_str(), name);

        // The grant itself is signed by its holder's group.
        let messages = cesr::read(&stream).unwrap();
        let evidence = Evidence::collect(&messages);
        let signatures = Signatures::verify(evidence.events.triples());
        let logs = Logs::new(&evidence.events, &signatures);
        let grant = evidence.exchanges.first().unwrap();
        let found = signers(&logs, grant.message.body, &grant.message.attachments);
        let signer = found[0].as_ref().unwrap();
        assert_eq!(signer.aid, grant.exchange.sender);
        assert!(signer.satisfied && signer.bad == 0, "{signer:?}");
    }
}

/// Signers of a text by the keys of a party at its inception.
fn signed(world: &World, name: &str, text: &str, by: &[(usize, &str)], sn: u64) -> Result<Signer, NotSigned> {
    let party = &world.parties[name];
    let inception = world.messages.iter().find(|sent| sent.tag == format!("{name}.icp")).unwrap();
    let group: String = by
        .iter()
        .map(|(index, text)| {
            let raw = key(&format!("{name}-{index}"), 0).sign(text.as_bytes()).to_bytes();
            IndexedCode::Both(*index as u32).signature(&raw).unwrap()
        })
        .collect();
    let digits = b"ABCDEFGH";
    let attached = format!(
        "-FAB{}{}{}-AA{}{group}",
        party.prefix,
        cesr::qualified_number(sn),
        inception.said,
        char::from(digits[by.len()])
    );
    let stream = world.stream(Manner::Wrapped);
    let messages = cesr::read(&stream).unwrap();
    let evidence = Evidence::collect(&messages);
    let signatures = Signatures::verify(evidence.events.triples());
    let logs = Logs::new(&evidence.events, &signatures);
    let attachments = cesr::read_attachments(attached.as_bytes()).unwrap();
    signers(&logs, text, &attachments).remove(0)
}

#[test]
fn a_record_is_signed_by_enough_keys_or_not() {
    let mut base = base();
    let text = "countersign/record/v1\n{}";
    let both = signed(&base.world, "le", text, &[(0, text), (2, text)], 0).unwrap();
    assert!(both.satisfied && !both.superseded);
    assert_eq!(both.indices.len(), 2);
    let one = signed(&base.world, "le", text, &[(1, text)], 0).unwrap();
    assert!(!one.satisfied);
    let half = signed(&base.world, "le", text, &[(0, text), (1, "something else")], 0).unwrap();
    assert_eq!((half.satisfied, half.bad), (false, 1));
    let none = signed(&base.world, "le", text, &[(0, "something else")], 0);
    assert!(matches!(none, Err(NotSigned::Bad { bad: 1, .. })), "{none:?}");
    let elsewhere = signed(&base.world, "le", text, &[(0, text), (1, text)], 1);
    assert!(matches!(elsewhere, Err(NotSigned::NotEstablished { sn: 1, .. })), "{elsewhere:?}");
    base.world.rotate("le");
    let old = signed(&base.world, "le", text, &[(0, text), (2, text)], 0).unwrap();
    assert!(old.satisfied && old.superseded);
}
