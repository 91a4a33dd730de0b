//! keri-core's full processor beside ours: the same events must be accepted.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign::keri::cesr::{self, Group};
use countersign::keri::evidence::Evidence;
use countersign::keri::log::Logs;
use countersign::keri::message::{self, Body};
use countersign::keri::signature::Signatures;
use keri_core::database::memory::MemoryDatabase;
use keri_core::event::receipt::Receipt;
use keri_core::event::sections::seal::SourceSeal;
use keri_core::event_message::cesr_adapter::{EventType, parse_event_type};
use keri_core::event_message::signature::Nontransferable;
use keri_core::event_message::signed_event_message::{Notice, SignedEventMessage, SignedNontransferableReceipt};
use keri_core::prefix::{BasicPrefix, IdentifierPrefix, IndexedSignature, SelfSigningPrefix};
use keri_core::processor::Processor;
use keri_core::processor::basic_processor::BasicProcessor;
use keri_core::processor::escrow::{EscrowConfig, default_escrow_bus};
use keri_core::processor::event_storage::EventStorage;

use super::forge::*;

type Accepted = BTreeMap<String, Vec<String>>;

/// What our replay accepts.
fn ours(stream: &[u8]) -> Accepted {
    let messages = cesr::read(stream).unwrap();
    let evidence = Evidence::collect(&messages);
    let signatures = Signatures::verify(evidence.events.triples());
    let logs = Logs::new(&evidence.events, &signatures);
    let prefixes: Vec<&str> = evidence.events.prefixes().collect();
    let accepted = prefixes.into_iter().map(|prefix| {
        let log = logs.log(prefix).unwrap();
        let said = |entry: usize| evidence.events.entry(entry).unwrap().event.said.to_owned();
        (prefix.to_owned(), log.accepted.iter().map(|accepted| said(accepted.entry)).collect())
    });
    accepted.filter(|(_, events): &(_, Vec<_>)| !events.is_empty()).collect()
}

/// The first place of each log at which the stream contradicts itself: from there on keri-core follows the event
/// that it saw first, and we follow none and say so.
fn contradicted(stream: &[u8]) -> BTreeMap<String, u64> {
    let messages = cesr::read(stream).unwrap();
    let evidence = Evidence::collect(&messages);
    let signatures = Signatures::verify(evidence.events.triples());
    let logs = Logs::new(&evidence.events, &signatures);
    let first = |prefix: &str| logs.log(prefix)?.duplicity.iter().map(|found| found.sn).min();
    evidence.events.prefixes().filter_map(|prefix| Some((prefix.to_owned(), first(prefix)?))).collect()
}

/// The same as far as no log contradicts itself.
fn before(mut accepted: Accepted, contradicted: &BTreeMap<String, u64>) -> Accepted {
    for (prefix, sn) in contradicted {
        if let Some(events) = accepted.get_mut(prefix) {
            events.truncate(*sn as usize);
        }
    }
    accepted
}

/// What keri-core's processor accepts, in stream order, with its escrows.
fn theirs(stream: &[u8]) -> Accepted {
    let db = Arc::new(MemoryDatabase::new());
    let (bus, escrows) = default_escrow_bus(db.clone(), EscrowConfig::default(), None);
    let processor = BasicProcessor::new(db.clone(), Some(bus));
    let storage = EventStorage::new(db);
    let mut places = Vec::new();
    for sent in cesr::read(stream).unwrap() {
        let Ok(body) = message::read(&sent) else { continue };
        let mut signatures: Vec<IndexedSignature> = Vec::new();
        let mut receipts = Vec::new();
        let mut source = None;
        for attachment in &sent.attachments {
            match &attachment.group {
                Group::ControllerSignatures(items) => {
                    signatures.extend(items.iter().map(|item| item.text.parse::<IndexedSignature>().unwrap()));
                }
                Group::WitnessSignatures(items) => {
                    receipts
                        .push(Nontransferable::Indexed(items.iter().map(|item| item.text.parse().unwrap()).collect()));
                }
                Group::ReceiptCouples(items) => receipts.push(Nontransferable::Couplet(
                    items
                        .iter()
                        .map(|item| {
                            let key: BasicPrefix = item.prefix.parse().unwrap();
                            (key, item.text.parse::<SelfSigningPrefix>().unwrap())
                        })
                        .collect(),
                )),
                Group::SealCouples(items) => {
                    source = items.first().map(|(sn, said)| SourceSeal::new(*sn, said.parse().unwrap()));
                }
                _ => {}
            }
        }
        let notice = match body {
            Body::Key(event) => {
                places.push((event.prefix.to_owned(), event.sn, event.said.to_owned()));
                let Ok(EventType::KeyEvent(core)) = parse_event_type(sent.body.as_bytes()) else { continue };
                let receipts = (!receipts.is_empty()).then_some(receipts);
                Notice::Event(SignedEventMessage::new(&core, signatures, receipts, source))
            }
            Body::Receipt(_) => {
                let Ok(EventType::Receipt(core)) = parse_event_type(sent.body.as_bytes()) else { continue };
                let core: Receipt = core;
                Notice::NontransferableRct(SignedNontransferableReceipt::new(&core, receipts))
            }
            _ => continue,
        };
        let _refused = processor.process_notice(&notice);
    }
    drop(escrows);
    let mut accepted: BTreeMap<String, BTreeMap<u64, String>> = BTreeMap::new();
    for (prefix, sn, said) in places {
        let id: IdentifierPrefix = prefix.parse().unwrap();
        let found = storage.get_event_at_sn(&id, sn);
        let same =
            found.is_some_and(|found| found.signed_event_message.event_message.digest().unwrap().to_string() == said);
        if same {
            accepted.entry(prefix).or_default().insert(sn, said);
        }
    }
    accepted.into_iter().map(|(prefix, events)| (prefix, events.into_values().collect())).collect()
}

#[test]
fn the_streams_of_the_ecosystem_are_accepted_alike() {
    let Some(folder) = super::shared("keri/ecosystem") else { return };
    let ecosystem = super::ecosystem(&folder);
    let mut compared = 0;
    for case in &ecosystem.cases {
        if cesr::read(&case.stream).is_err() {
            continue;
        }
        let contradicted = contradicted(&case.stream);
        let [ours, theirs] = [ours(&case.stream), theirs(&case.stream)].map(|accepted| before(accepted, &contradicted));
        assert_eq!(ours, theirs, "{}", case.file);
        compared += 1;
    }
    assert!(compared >= ecosystem.cases.len() * 8 / 10, "only {compared} streams can be framed");
}

#[test]
fn forged_worlds_are_accepted_alike() {
    let same = |world: &World| {
        for manner in [Manner::Wrapped, Manner::Bare, Manner::ReceiptMessages] {
            let stream = world.stream(manner);
            assert_eq!(ours(&stream), theirs(&stream), "{manner:?}");
        }
    };
    let mut base = base();
    base.issue_le();
    same(&base.world);

    let mut world = base.world.clone();
    world.rotate("qvi");
    world.rotate("geda");
    world.rotate("root");
    world.rotate("qvi");
    same(&world);

    // Partial rotation, then the recovery from a stolen interaction.
    let before = world.parties["qvi"].clone();
    let rotation = world.rotate_at("qvi", before.sn + 1, &before.last, Some(&[2, 0]));
    world.approve("geda", &before.prefix, rotation.sn, &rotation.said);
    let before = world.parties["le"].clone();
    world.interact("le", &[]);
    world.interact("le", &[]);
    world.parties.insert("le".into(), before.clone());
    world.rotate_at("le", before.sn + 1, &before.last, None);
    same(&world);

    world.sent("qvi.icp").signatures.truncate(1);
    same(&world);
}
