//! Who signed the case records, and with which key state somebody signs now.
//!
//! In: a snapshot, and further streams. Out: [`Known`], by the logs that the streams prove. Evidence is not
//! judged here.

use std::collections::BTreeMap;

use crate::bundle::json::{Numbers, Tree};
use crate::bundle::signed::{self, ENDING};
use crate::bundle::{Area, FileState, Snapshot};
use crate::case::{KeyState, Known};
use crate::keri::cesr;
use crate::keri::pool::{self, Detached, Question, Stream};
use crate::keri::signed::Claim;
use crate::primitives::{Aid, Instant};

/// The kind that a manifest gives a stream.
const STREAM_KIND: &str = "cesr";
/// The ids of further streams begin here; those of files are places in the snapshot.
const FURTHER: u32 = 1 << 31;

/// What the logs of a case, and further streams, tell about signatures.
pub fn known(snapshot: &Snapshot, as_of: Instant, further: &[&[u8]]) -> Known {
    let listed = snapshot.iter().filter(|(id, file)| {
        file.state == FileState::Good && snapshot.entry(*id).is_some_and(|entry| entry.kind == STREAM_KIND)
    });
    let mut streams: Vec<Stream<'_>> =
        listed.filter_map(|(id, file)| Some(Stream { id: id.0, bytes: file.bytes()? })).collect();
    streams.extend(further.iter().zip(FURTHER..).map(|(bytes, id)| Stream { id, bytes }));

    // Each record that has signatures, with what they are over.
    let mut files = Vec::new();
    for (_, file) in snapshot.iter().filter(|(_, file)| file.area == Area::Decision) {
        let beside = file.path.strip_suffix(".json").and_then(|stem| snapshot.find(&format!("{stem}{ENDING}")));
        let tree = file.bytes().and_then(|bytes| Tree::parse(bytes, Numbers::Integers).ok());
        let text = tree.as_ref().and_then(signed::record).and_then(|bytes| String::from_utf8(bytes).ok());
        let groups = beside.and_then(|id| snapshot.file(id).bytes()).and_then(|b| cesr::read_attachments(b).ok());
        if let (Some(text), Some(groups)) = (text, groups) {
            files.push((file.path.clone(), text, groups));
        }
    }
    let detached: Vec<Detached<'_>> =
        files.iter().map(|(_, text, attachments)| Detached { attachments, text }).collect();
    let pooled = pool::verify(&Question {
        streams: &streams,
        drafts: &[],
        detached: &detached,
        as_of,
        schemas: None,
        memory: None,
    });
    let states = pooled.logs.iter().filter(|log| log.fact.duplicitous.is_empty()).filter_map(|log| {
        let state = log.fact.states.last()?;
        let said = state.established.1.parse().ok()?;
        let held = KeyState { aid: log.aid.clone(), sn: state.established.0, said, keys: state.keys.clone() };
        Some((log.aid.clone(), held))
    });
    let states: BTreeMap<Aid, KeyState> = states.collect();
    let speaks = |claims: &Vec<Claim>| {
        let aids = claims.iter().filter(|claim| claim.speaks()).filter_map(|claim| claim.aid.as_deref()?.parse().ok());
        aids.collect::<Vec<Aid>>()
    };
    let signers = files.iter().zip(&pooled.detached).map(|((path, _, _), claims)| (path.clone(), speaks(claims)));
    Known { signers: signers.collect(), states }
}
