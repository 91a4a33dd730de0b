//! Signatures made again, each with the key that stands at its index.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::edit::{Claim, item};
use super::{read, write};
use crate::keri::cesr::{Anchor, Attachment, Group, Indexed, IndexedCode, ReceiptCouple, qualified};
use crate::keri::remake::keys::Keys;
use crate::keri::remake::world::{Event, Worlds};

/// What signing needs.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Signing<'s> {
    pub keys: &'s Keys,
    pub worlds: Worlds<'s>,
    /// Signatures that stay as they are.
    pub kept: &'s HashSet<String>,
}

/// Attachments that were made again.
#[derive(Debug)]
pub(in super::super) struct Made {
    pub text: String,
    /// Signatures that became others.
    pub replaced: BTreeMap<String, String>,
}

/// Makes the signatures and receipts of a message again, and of those it carries.
pub(in super::super) fn sign(attached: &str, body: &str, signing: &Signing<'_>) -> Result<Made, String> {
    let mut attachments = read(attached)?;
    let mut places = Places { signing: *signing, at: Vec::new(), gone: HashSet::new() };
    let value: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    places.groups(&attachments, &About::new(&value, body, signing))?;
    let mut text = attached.as_bytes().to_vec();
    let mut replaced = BTreeMap::new();
    for (offset, old, new) in &places.at {
        // A signature and the one made for it have the same code, so the same length.
        if let Some(place) = text.get_mut(*offset..offset + new.len()) {
            place.copy_from_slice(new.as_bytes());
        }
        if old != new {
            replaced.insert(old.clone(), new.clone());
        }
    }
    let mut text = String::from_utf8(text).map_err(|_| "it is not text".to_owned())?;
    if !places.gone.is_empty() {
        attachments = read(&text)?;
        let gone = places.gone;
        attachments.iter_mut().for_each(|attachment| without(&mut attachment.group, &gone));
        text = write(attachments)?;
    }
    Ok(Made { text, replaced })
}

/// The message that signatures are about.
struct About<'v> {
    value: &'v Value,
    body: String,
    /// The key event that it is, or that it is a receipt of.
    event: Option<Event>,
}

impl<'v> About<'v> {
    fn new(value: &'v Value, body: &str, signing: &Signing<'_>) -> Self {
        let kind = value.get("t").and_then(Value::as_str);
        let receipted = value.get("d").and_then(Value::as_str).filter(|_| kind == Some("rct"));
        match receipted.and_then(|said| signing.worlds.event(said)) {
            Some(event) => Self { value, body: event.body.clone(), event: Some(event.clone()) },
            None => Self { value, body: body.to_owned(), event: Event::read(value) },
        }
    }
}

struct Places<'s> {
    signing: Signing<'s>,
    /// Offset, old and new signature.
    at: Vec<(usize, String, String)>,
    /// Offsets of signatures whose index names no key.
    gone: HashSet<usize>,
}

impl Places<'_> {
    fn groups(&mut self, attachments: &[Attachment<'_>], about: &About<'_>) -> Result<(), String> {
        for attachment in attachments {
            match &attachment.group {
                Group::ControllerSignatures(items) => {
                    let keys = about.event.as_ref().and_then(|event| self.signing.worlds.keys(event));
                    self.indexed(items, keys.as_deref(), about)?;
                }
                Group::WitnessSignatures(items) => {
                    let witnesses = about.event.as_ref().map(|event| self.signing.worlds.witnesses(event));
                    self.indexed(items, witnesses.as_deref(), about)?;
                }
                Group::ReceiptCouples(items) => {
                    for item in items {
                        self.couple(item, about)?;
                    }
                }
                Group::ReceiptQuadruples(items) => {
                    for (anchor, item) in items {
                        self.indexed(std::slice::from_ref(item), self.state(anchor).as_deref(), about)?;
                    }
                }
                Group::TransferableSignatures(items) => {
                    for (anchor, items) in items {
                        self.indexed(items, self.state(anchor).as_deref(), about)?;
                    }
                }
                Group::LatestSignatures(items) => {
                    for (prefix, items) in items {
                        let keys = self.signing.worlds.latest(prefix).map(|event| event.keys.clone());
                        self.indexed(items, keys.as_deref(), about)?;
                    }
                }
                Group::Pathed { path, attachments } => {
                    let mut steps = path.split('-').skip(1);
                    let carried = steps.try_fold(about.value, |value, step| value.get(step));
                    if let Some(carried) = carried {
                        let body = carried.to_string();
                        self.groups(attachments, &About::new(carried, &body, &self.signing))?;
                    }
                }
                Group::FirstSeen(_) | Group::SealCouples(_) | Group::SealTriples(_) => {}
            }
        }
        Ok(())
    }

    /// The keys of the key state that is named, else of the latest.
    fn state(&self, anchor: &Anchor<'_>) -> Option<Vec<String>> {
        state(anchor.prefix, anchor.said, &self.signing.worlds).map(|event| event.keys.clone())
    }

    fn indexed(&mut self, items: &[Indexed<'_>], keys: Option<&[String]>, about: &About<'_>) -> Result<(), String> {
        for item in items.iter().filter(|item| !self.signing.kept.contains(item.text)) {
            let keys = keys.ok_or("the key event log of who signed it is not in the case")?;
            let Some(key) = keys.get(item.index as usize) else {
                self.gone.insert(item.offset);
                continue;
            };
            let raw = self.signing.keys.sign(key, about.body.as_bytes())?;
            self.at.push((item.offset, item.text.to_owned(), like(item.text, &raw)?));
        }
        Ok(())
    }

    fn couple(&mut self, item: &ReceiptCouple<'_>, about: &About<'_>) -> Result<(), String> {
        if !self.signing.kept.contains(item.text) {
            let raw = self.signing.keys.sign(item.prefix, about.body.as_bytes())?;
            self.at.push((item.offset + item.prefix.len(), item.text.to_owned(), like(item.text, &raw)?));
        }
        Ok(())
    }
}

/// The event that establishes what a group of signatures claims: the one it names, if that is one of the
/// identifier, else the latest.
fn state<'w>(prefix: &str, said: &str, worlds: &Worlds<'w>) -> Option<&'w Event> {
    let is_meant = |event: &&Event| event.prefix == prefix && event.establishes;
    worlds.event(said).filter(is_meant).or_else(|| worlds.latest(prefix))
}

/// A signature with the code of another.
fn like(old: &str, raw: &[u8; 64]) -> Result<String, String> {
    let text = qualified("AA", raw).ok_or("a signature cannot be written")?;
    let code = old.len().checked_sub(86).and_then(|length| old.get(..length)).ok_or("a signature is too short")?;
    Ok(format!("{code}{}", &text[2..]))
}

fn without(group: &mut Group<'_>, gone: &HashSet<usize>) {
    let clear = |items: &mut Vec<Indexed<'_>>| items.retain(|item| !gone.contains(&item.offset));
    match group {
        Group::ControllerSignatures(items) | Group::WitnessSignatures(items) => clear(items),
        Group::ReceiptQuadruples(items) => items.retain(|(_, item)| !gone.contains(&item.offset)),
        Group::TransferableSignatures(items) => {
            items.iter_mut().for_each(|(_, items)| clear(items));
            items.retain(|(_, items)| !items.is_empty());
        }
        Group::LatestSignatures(items) => {
            items.iter_mut().for_each(|(_, items)| clear(items));
            items.retain(|(_, items)| !items.is_empty());
        }
        Group::Pathed { attachments, .. } => {
            attachments.iter_mut().for_each(|inner| without(&mut inner.group, gone));
        }
        Group::ReceiptCouples(_) | Group::FirstSeen(_) | Group::SealCouples(_) | Group::SealTriples(_) => {}
    }
}

/// Detached signatures made again over other bytes. Who signed signs again, with the key state that is
/// claimed, or the latest if that is none of theirs; `moved` puts one identifier in the place of another.
pub(in super::super) fn sign_again(
    text: &str,
    message: &[u8],
    moved: Option<(&str, &str)>,
    signing: &Signing<'_>,
) -> Result<String, String> {
    let attachments = read(text)?;
    let mut written: Vec<Attachment<'_>> = Vec::new();
    let mut claims: Vec<(Claim, Vec<String>)> = Vec::new();
    let mut couples: Vec<(String, String)> = Vec::new();
    for attachment in &attachments {
        match &attachment.group {
            Group::TransferableSignatures(items) => {
                for (anchor, items) in items {
                    let made = group(anchor, items, message, moved, signing)?;
                    // Who was moved to may have signed already.
                    if !claims.iter().any(|(claim, _)| claim.aid == made.0.aid) {
                        claims.push(made);
                    }
                }
            }
            Group::ReceiptCouples(items) => {
                for item in items {
                    let raw = signing.keys.sign(item.prefix, message)?;
                    couples.push((item.prefix.to_owned(), like(item.text, &raw)?));
                }
            }
            Group::ControllerSignatures(_)
            | Group::WitnessSignatures(_)
            | Group::ReceiptQuadruples(_)
            | Group::FirstSeen(_)
            | Group::SealCouples(_)
            | Group::LatestSignatures(_)
            | Group::SealTriples(_)
            | Group::Pathed { .. } => {
                return Err("only signatures that name their signer stand beside a record".to_owned());
            }
        }
    }
    if !claims.is_empty() {
        let items = claims.iter().map(|(claim, texts)| item(claim, texts)).collect();
        written.push(Attachment { offset: 0, wrapped: false, group: Group::TransferableSignatures(items) });
    }
    if !couples.is_empty() {
        let items = couples.iter().map(|(prefix, text)| ReceiptCouple { offset: 0, prefix, text }).collect();
        written.push(Attachment { offset: 0, wrapped: false, group: Group::ReceiptCouples(items) });
    }
    write(written)
}

fn group(
    anchor: &Anchor<'_>,
    items: &[Indexed<'_>],
    message: &[u8],
    moved: Option<(&str, &str)>,
    signing: &Signing<'_>,
) -> Result<(Claim, Vec<String>), String> {
    let moved_to = moved.filter(|(from, _)| *from == anchor.prefix).map(|(_, to)| to);
    let prefix = moved_to.unwrap_or(anchor.prefix);
    let unknown = || format!("the key event log of `{prefix}` is not in the case");
    let event = state(prefix, anchor.said, &signing.worlds).ok_or_else(unknown)?;
    // Somebody else's key state may have more or fewer keys: all that are at hand sign.
    let indices: Vec<u32> = if event.said == anchor.said || moved_to.is_none() {
        items.iter().map(|item| item.index).filter(|index| (*index as usize) < event.keys.len()).collect()
    } else {
        (0..).zip(&event.keys).filter(|(_, key)| signing.keys.seed(key).is_some()).map(|(index, _)| index).collect()
    };
    let mut signatures = Vec::new();
    for index in &indices {
        let kept = items.iter().find(|item| item.index == *index && signing.kept.contains(item.text));
        signatures.push(match kept {
            Some(kept) => kept.text.to_owned(),
            None => {
                let key = event.keys.get(*index as usize).ok_or_else(unknown)?;
                let raw = signing.keys.sign(key, message)?;
                IndexedCode::Both(*index).signature(&raw).ok_or("a signature cannot be written")?
            }
        });
    }
    Ok((Claim { aid: prefix.to_owned(), sn: event.sn, said: event.said.clone(), indices }, signatures))
}
