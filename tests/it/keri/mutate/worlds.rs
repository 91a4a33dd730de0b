//! The streams that changes begin with: worlds whose keys are known, and those in `fixtures`.

use std::collections::BTreeMap;
use std::path::Path;

use countersign::keri::Trusted;
use countersign::keri::cesr::{self, IndexedCode, qualified_number};
use ed25519_dalek::Signer;
use serde_json::Value;

use super::super::forge::*;
use super::Seed;
use super::attached::attached_path;

/// Worlds of ours, and the streams in `fixtures`.
pub fn seeds(fixtures: &Path) -> Vec<Seed> {
    let mut seeds = worlds();
    let read = |path: &str| std::fs::read(fixtures.join(path)).unwrap();
    let streams: BTreeMap<String, BTreeMap<String, String>> =
        serde_json::from_slice(&read("streams/streams.json")).unwrap();
    for (name, told) in streams {
        let stream = read(&format!("streams/{name}.cesr"));
        let trusted = Trusted { root: told["root"].parse().unwrap(), geda: Some(told["geda"].parse().unwrap()) };
        if cesr::read(&stream).is_ok() {
            seeds.push(Seed::new(&name, &stream, trusted, Some(told["credential"].parse().unwrap()), None));
        }
    }
    let identities: Value = serde_json::from_slice(&read("keri/b0/identities.json")).unwrap();
    let aid = |name: &str| identities["aids"][name].as_str().unwrap().parse().unwrap();
    let trusted = || Trusted { root: aid("ROOT"), geda: Some(aid("GEDA")) };
    let files =
        ["credential-le", "kel-lar-a", "kel-lar-b", "response-a", "response-b", "request", "multisig-coordination"];
    let stream: Vec<u8> = files.iter().flat_map(|file| read(&format!("keri/b0/{file}.cesr"))).collect();
    seeds.push(Seed::new("b0", &stream, trusted(), None, None));
    seeds
}

fn worlds() -> Vec<Seed> {
    let mut seeds = Vec::new();
    let mut add = |name: &str, world: &World, target: &str, manner: Manner, more: &str| {
        let mut stream = world.stream(manner);
        stream.extend_from_slice(more.as_bytes());
        seeds.push(Seed::new(name, &stream, world.trusted(), Some(target.parse().unwrap()), Some(world)));
    };
    // Only the QVI must be many; elsewhere each signature would only take time.
    let light = || base_of(&group(), &single());
    let mut base = base();
    let le = base.issue_le();
    add("group", &base.world, &le, Manner::Wrapped, "");
    let mut base = light();
    let le = base.issue_le();
    add("le", &base.world, &le, Manner::Wrapped, "");

    // A role credential on an authorization, and a grant of it.
    let world = &mut base.world;
    world.incept("person", &single(), None);
    let registry = world.registry("le", "le");
    let role = format!(r#""LEI":"{LEI_LE}","personLegalName":"Ada Example","officialRole":"Chair""#);
    let person = format!(r#""AID":"{}",{role}"#, world.prefix("person"));
    let auth = draft("AUTH", OOR_AUTH, "le", &registry, "qvi", &person).edge("le", &le, LE, None);
    let auth = world.issue(&auth, "le");
    let oor = draft("OOR", OOR, "qvi", &base.qvi_registry, "person", &role).edge("auth", &auth, OOR_AUTH, Some("I2I"));
    let oor = world.issue(&oor, "qvi");
    add("role", world, &oor, Manner::Bare, "");
    let grant = grant(world, "le", &oor);
    add("grant", world, &oor, Manner::Wrapped, &grant);

    // Rotations, one of them partial, and a revocation.
    let mut base = light();
    base.world.rotate("qvi");
    let before = base.world.parties["qvi"].clone();
    let rotation = base.world.rotate_at("qvi", before.sn + 1, &before.last, Some(&[0, 2]));
    base.world.approve("geda", &before.prefix, rotation.sn, &rotation.said);
    base.world.rotate("root");
    let le = base.issue_le();
    add("rotated", &base.world, &le, Manner::ReceiptMessages, "");
    let registry = base.qvi_registry.clone();
    base.world.revoke(&le, &registry, "qvi", "2026-04-01T00:00:00Z");
    add("revoked", &base.world, &le, Manner::Wrapped, "");

    // A rotation that recovers from what a thief issued.
    let mut base = light();
    let before = base.world.parties["qvi"].clone();
    base.issue_le();
    base.world.parties.insert("qvi".into(), before.clone());
    let rotation = base.world.rotate_at("qvi", before.sn + 1, &before.last, None);
    base.world.approve("geda", &before.prefix, rotation.sn, &rotation.said);
    let mut draft = base.le_draft();
    draft.dated = "2026-03-03T08:00:00Z".into();
    let le = base.world.issue(&draft, "qvi");
    add("recovered", &base.world, &le, Manner::Bare, "");
    seeds
}

/// A signed exchange message that carries a credential with its issuance and sealing event.
fn grant(world: &mut World, sender: &str, credential: &str) -> String {
    let sent = |tag: String| world.messages.iter().find(|sent| sent.tag == tag).unwrap().clone();
    let acdc = world.messages.iter().find(|sent| sent.said == credential).unwrap().clone();
    let iss = sent(format!("iss.{credential}"));
    let prefix = world.prefix(sender);
    let body = format!(
        r#"{{"v":"KERI10JSON000000_","t":"exn","d":"{DUMMY}","i":"{prefix}","rp":"{prefix}","p":"","dt":"2026-03-04T08:00:00.000000+00:00","r":"/ipex/grant","q":{{}},"a":{{"m":""}},"e":{{"acdc":{},"iss":{},"d":"{}"}}}}"#,
        acdc.body, iss.body, acdc.said
    );
    let (body, _) = finish(body);
    let pathed = |path: &str, sent: &Sent| {
        let mut inner = attached_path(path);
        if let Some((sn, said)) = &sent.couple {
            inner.push_str(&format!("{}{}{said}", count('G', 1), qualified_number(*sn)));
        }
        if let Some((prefix, sn, said)) = &sent.triple {
            inner.push_str(&format!("{}{prefix}{}{said}", count('I', 1), qualified_number(*sn)));
        }
        format!("{}{inner}", count('L', inner.len() / 4))
    };
    let by = |index: usize| {
        let raw = key(&format!("{sender}-{index}"), 0).sign(body.as_bytes()).to_bytes();
        IndexedCode::Both(index as u32).signature(&raw).unwrap()
    };
    format!(
        "{body}{}{prefix}{}{}{}{}{}{}",
        count('F', 1),
        qualified_number(0),
        prefix,
        count('A', 1),
        by(0),
        pathed("-e-acdc", &acdc),
        pathed("-e-iss", &iss)
    )
}
