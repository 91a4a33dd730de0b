//! Elements of attached groups: found by pointer, set, removed; and the same change made in copies.

use std::collections::HashSet;

use serde_json::Value;

use super::{read, write};
use crate::keri::cesr::{Anchor, Attachment, Group, Indexed, IndexedCode, ReceiptCouple, read_attachments};

/// Whose key state is claimed, and which of its keys sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Claim {
    pub aid: String,
    pub sn: u64,
    pub said: String,
    pub indices: Vec<u32>,
}

/// Somebody of the fixture, by name.
type Named<'n> = dyn Fn(&str) -> Option<Claim> + 'n;

/// A signature that is yet to be made.
const UNSIGNED: [u8; 64] = [0; 64];

/// A file of detached signatures, yet to be made.
pub(in super::super) fn signature_file(claims: &[Claim]) -> Option<String> {
    let signatures: Option<Vec<Vec<String>>> = claims.iter().map(unsigned).collect();
    let signatures = signatures?;
    let items = claims.iter().zip(&signatures).map(|(claim, texts)| item(claim, texts)).collect();
    let group = Group::TransferableSignatures(items);
    write(vec![Attachment { offset: 0, wrapped: false, group }]).ok()
}

/// What must be attached to a new message.
#[derive(Debug, Default)]
pub(in super::super) struct Skeleton {
    /// Number of keys that sign.
    pub signatures: usize,
    /// Number of witnesses that receipt.
    pub receipts: usize,
    /// Number and digest of the event that seals it.
    pub sealed: Option<(u64, String)>,
    /// Whose key state signs it, if it is no event of a log.
    pub signer: Option<Claim>,
}

/// Attached groups with signatures that are yet to be made.
pub(in super::super) fn unsigned_groups(skeleton: &Skeleton) -> Result<String, String> {
    let too_many = || "more keys sign than a count code can say".to_owned();
    let dummies = |count: usize| -> Option<Vec<String>> {
        let indices = 0..u32::try_from(count).ok()?;
        indices.map(|index| IndexedCode::Both(index).signature(&UNSIGNED)).collect()
    };
    let signatures = dummies(skeleton.signatures).ok_or_else(too_many)?;
    let receipts = dummies(skeleton.receipts).ok_or_else(too_many)?;
    let signed = skeleton.signer.as_ref().map(unsigned).unwrap_or_else(|| Some(Vec::new())).ok_or_else(too_many)?;
    let event = [
        Group::ControllerSignatures(signatures.iter().map(|text| indexed(text)).collect()),
        Group::WitnessSignatures(receipts.iter().map(|text| indexed(text)).collect()),
        Group::SealCouples(skeleton.sealed.iter().map(|(sn, said)| (*sn, said.as_str())).collect()),
    ];
    let wrapped = event.map(|group| Attachment { offset: 0, wrapped: true, group });
    let items = skeleton.signer.iter().map(|claim| item(claim, &signed)).collect();
    let signer = Attachment { offset: 0, wrapped: false, group: Group::TransferableSignatures(items) };
    write(wrapped.into_iter().chain([signer]).collect())
}

fn unsigned(claim: &Claim) -> Option<Vec<String>> {
    claim.indices.iter().map(|index| IndexedCode::Both(*index).signature(&UNSIGNED)).collect()
}

pub(super) fn item<'t>(claim: &'t Claim, signatures: &'t [String]) -> (Anchor<'t>, Vec<Indexed<'t>>) {
    let anchor = Anchor { prefix: &claim.aid, sn: claim.sn, said: &claim.said };
    (anchor, signatures.iter().map(|text| indexed(text)).collect())
}

/// A signature to be written; only its text counts.
fn indexed(text: &str) -> Indexed<'_> {
    Indexed { offset: 0, index: 0, prior: None, algorithm: crate::keri::cesr::Algorithm::Ed25519, text }
}

/// Sets or removes what a pointer names: `-A/0`, `-F/1/-A/0`, `signers`, `signers/-`, `-L/0/-B/3`.
pub(in super::super) fn edit(
    text: &str,
    steps: &[&str],
    to: Option<&Value>,
    named: &Named<'_>,
    kept: &mut HashSet<String>,
) -> Result<String, String> {
    let new = New::of(steps, to, named)?;
    if let New::Text(text) = &new {
        kept.insert(text.clone());
    }
    let mut attachments = read(text)?;
    change(&mut attachments, steps, &new)?;
    let made = write(attachments)?;
    // What was given as text may be anything; it must still be a group.
    if !made.is_empty() {
        read_attachments(made.as_bytes()).map_err(|error| format!("it cannot hold that: {error}"))?;
    }
    Ok(made)
}

/// What is put there.
enum New {
    Nothing,
    Text(String),
    Signers(Vec<(Claim, Vec<String>)>),
}

impl New {
    fn of(steps: &[&str], to: Option<&Value>, named: &Named<'_>) -> Result<Self, String> {
        let Some(to) = to else { return Ok(Self::Nothing) };
        let signer = |name: &Value| {
            let name = name.as_str().ok_or("the name of somebody who holds keys is expected")?;
            let claim = named(name).ok_or_else(|| format!("the file of keys has no key state for `{name}`"))?;
            let signatures = unsigned(&claim).ok_or_else(|| format!("`{name}` has too many keys"))?;
            Ok::<_, String>((claim, signatures))
        };
        let groups = match steps {
            ["-F" | "signers"] => {
                let names = to.as_array().ok_or("a list of names is expected")?;
                names.iter().map(signer).collect::<Result<_, _>>()?
            }
            ["-F" | "signers", _] => vec![signer(to)?],
            [] | [_, ..] => {
                return to.as_str().map(|text| Self::Text(text.to_owned())).ok_or("a text is expected".to_owned());
            }
        };
        Ok(Self::Signers(groups))
    }

    fn items(&self) -> Vec<(Anchor<'_>, Vec<Indexed<'_>>)> {
        match self {
            Self::Signers(signers) => signers.iter().map(|(claim, texts)| item(claim, texts)).collect(),
            Self::Nothing | Self::Text(_) => Vec::new(),
        }
    }
}

fn change<'t>(attachments: &mut Vec<Attachment<'t>>, steps: &[&str], new: &'t New) -> Result<(), String> {
    let (code, rest) = steps.split_first().ok_or("it names no group: `-A`, `-B`, … or `signers`")?;
    let code = if *code == "signers" { "-F" } else { code };
    let Some((index, rest)) = rest.split_first() else {
        attachments.retain(|attachment| letter(&attachment.group) != code);
        if matches!(new, New::Signers(_)) {
            let group = Group::TransferableSignatures(new.items());
            attachments.push(Attachment { offset: 0, wrapped: false, group });
        } else if matches!(new, New::Text(_)) {
            return Err(format!("`{code}` is a group: set one of its elements, as `{code}/0`"));
        }
        return Ok(());
    };
    let mut groups = attachments.iter_mut().filter(|attachment| letter(&attachment.group) == code);
    if *index == "-" {
        let Some(last) = groups.last() else { return Err(format!("there is no group `{code}`")) };
        return append(&mut last.group, new);
    }
    let mut left = index.parse::<usize>().map_err(|_| format!("`{index}` is no index"))?;
    let asked = left;
    for attachment in &mut groups {
        let count = count(&attachment.group);
        if left < count {
            return at(&mut attachment.group, left, rest, new);
        }
        left -= count;
    }
    Err(format!("group `{code}` has {} elements, and none is number {asked}", asked - left))
}

fn letter(group: &Group<'_>) -> &'static str {
    match group {
        Group::ControllerSignatures(_) => "-A",
        Group::WitnessSignatures(_) => "-B",
        Group::ReceiptCouples(_) => "-C",
        Group::ReceiptQuadruples(_) => "-D",
        Group::FirstSeen(_) => "-E",
        Group::TransferableSignatures(_) => "-F",
        Group::SealCouples(_) => "-G",
        Group::LatestSignatures(_) => "-H",
        Group::SealTriples(_) => "-I",
        Group::Pathed { .. } => "-L",
    }
}

fn count(group: &Group<'_>) -> usize {
    match group {
        Group::ControllerSignatures(items) | Group::WitnessSignatures(items) => items.len(),
        Group::ReceiptCouples(items) => items.len(),
        Group::ReceiptQuadruples(items) => items.len(),
        Group::FirstSeen(items) => items.len(),
        Group::TransferableSignatures(items) => items.len(),
        Group::SealCouples(items) => items.len(),
        Group::LatestSignatures(items) => items.len(),
        Group::SealTriples(items) => items.len(),
        Group::Pathed { .. } => 1,
    }
}

pub(super) fn is_empty(group: &Group<'_>) -> bool {
    match group {
        Group::Pathed { attachments, .. } => attachments.iter().all(|attachment| is_empty(&attachment.group)),
        Group::ControllerSignatures(_)
        | Group::WitnessSignatures(_)
        | Group::ReceiptCouples(_)
        | Group::ReceiptQuadruples(_)
        | Group::FirstSeen(_)
        | Group::TransferableSignatures(_)
        | Group::SealCouples(_)
        | Group::LatestSignatures(_)
        | Group::SealTriples(_) => count(group) == 0,
    }
}

fn append<'t>(group: &mut Group<'t>, new: &'t New) -> Result<(), String> {
    match (group, new) {
        (Group::ControllerSignatures(items) | Group::WitnessSignatures(items), New::Text(text)) => {
            items.push(indexed(text));
        }
        (Group::TransferableSignatures(items), New::Signers(_)) => items.extend(new.items()),
        (
            Group::ControllerSignatures(_)
            | Group::WitnessSignatures(_)
            | Group::ReceiptCouples(_)
            | Group::ReceiptQuadruples(_)
            | Group::FirstSeen(_)
            | Group::TransferableSignatures(_)
            | Group::SealCouples(_)
            | Group::LatestSignatures(_)
            | Group::SealTriples(_)
            | Group::Pathed { .. },
            _,
        ) => return Err("only signatures and signers can be added".to_owned()),
    }
    Ok(())
}

/// Changes one element of a group, or something in it.
fn at<'t>(group: &mut Group<'t>, index: usize, rest: &[&str], new: &'t New) -> Result<(), String> {
    match (group, rest) {
        (Group::Pathed { attachments, .. }, [_, ..]) => change(attachments, rest, new),
        (Group::TransferableSignatures(items), ["-A", inner]) => signature(&mut items[index].1, inner, new),
        (Group::LatestSignatures(items), ["-A", inner]) => signature(&mut items[index].1, inner, new),
        (Group::Pathed { attachments, .. }, []) if matches!(new, New::Nothing) => {
            attachments.clear();
            Ok(())
        }
        (Group::ControllerSignatures(items) | Group::WitnessSignatures(items), []) => put(items, index, new, indexed),
        (Group::ReceiptCouples(items), []) => put(items, index, new, |text| {
            let (prefix, text) = text.split_at_checked(44).unwrap_or((text, ""));
            ReceiptCouple { offset: 0, prefix, text }
        }),
        (Group::TransferableSignatures(items), []) => {
            items.splice(index..=index, new.items());
            Ok(())
        }
        (Group::SealCouples(items), []) if matches!(new, New::Nothing) => removed(items, index),
        (Group::SealTriples(items), []) if matches!(new, New::Nothing) => removed(items, index),
        (Group::ReceiptQuadruples(items), []) if matches!(new, New::Nothing) => removed(items, index),
        (Group::FirstSeen(items), []) if matches!(new, New::Nothing) => removed(items, index),
        (Group::LatestSignatures(items), []) if matches!(new, New::Nothing) => removed(items, index),
        (
            Group::SealCouples(_)
            | Group::SealTriples(_)
            | Group::ReceiptQuadruples(_)
            | Group::FirstSeen(_)
            | Group::LatestSignatures(_)
            | Group::Pathed { .. },
            [],
        ) => Err("such an element can be removed and not set; `replace` changes its text".to_owned()),
        (
            Group::ControllerSignatures(_)
            | Group::WitnessSignatures(_)
            | Group::ReceiptCouples(_)
            | Group::ReceiptQuadruples(_)
            | Group::FirstSeen(_)
            | Group::TransferableSignatures(_)
            | Group::SealCouples(_)
            | Group::LatestSignatures(_)
            | Group::SealTriples(_),
            [step, ..],
        ) => Err(format!("there is no `{step}` in such an element")),
    }
}

fn signature<'t>(items: &mut Vec<Indexed<'t>>, index: &str, new: &'t New) -> Result<(), String> {
    let count = items.len();
    let index = index.parse::<usize>().ok().filter(|index| *index < count);
    put(items, index.ok_or_else(|| format!("the signer has {count} signatures"))?, new, indexed)
}

fn put<'t, T>(items: &mut Vec<T>, index: usize, new: &'t New, make: impl Fn(&'t str) -> T) -> Result<(), String> {
    match new {
        New::Nothing => removed(items, index),
        New::Text(text) => {
            items[index] = make(text);
            Ok(())
        }
        New::Signers(_) => Err("a text is expected".to_owned()),
    }
}

fn removed<T>(items: &mut Vec<T>, index: usize) -> Result<(), String> {
    items.remove(index);
    Ok(())
}

/// Makes the change between two attachments in those of a copy: what is gone goes, what became another
/// text becomes it. `None` if one of them cannot be read.
pub(in super::super) fn follow(old: &str, new: &str, copy: &str) -> Option<String> {
    let (before, after) = (elements(old)?, elements(new)?);
    let mut made = copy.to_owned();
    if before.len() == after.len() {
        for (old, new) in before.iter().zip(&after).filter(|(old, new)| old != new) {
            made = made.replace(old, new);
        }
        return Some(made);
    }
    let left: HashSet<&String> = after.iter().collect();
    let gone: HashSet<&str> = before.iter().filter(|text| !left.contains(text)).map(String::as_str).collect();
    let mut attachments = read(&made).ok()?;
    attachments.iter_mut().for_each(|attachment| without(&mut attachment.group, &gone));
    write(attachments).ok()
}

/// The texts of all elements.
fn elements(text: &str) -> Option<Vec<String>> {
    let attachments = read(text).ok()?;
    let mut found = Vec::new();
    attachments.iter().for_each(|attachment| texts(&attachment.group, &mut found));
    Some(found)
}

fn texts(group: &Group<'_>, found: &mut Vec<String>) {
    let anchored = |anchor: &Anchor<'_>| format!("{} {} {}", anchor.prefix, anchor.sn, anchor.said);
    let signed = |items: &[Indexed<'_>], found: &mut Vec<String>| found.extend(items.iter().map(|s| s.text.to_owned()));
    match group {
        Group::ControllerSignatures(items) | Group::WitnessSignatures(items) => signed(items, found),
        Group::ReceiptCouples(items) => found.extend(items.iter().map(|item| item.text.to_owned())),
        Group::ReceiptQuadruples(items) => found.extend(items.iter().map(|(_, item)| item.text.to_owned())),
        Group::FirstSeen(items) => found.extend(items.iter().map(|(_, date)| (*date).to_owned())),
        Group::TransferableSignatures(items) => items.iter().for_each(|(_, items)| signed(items, found)),
        Group::SealCouples(items) => found.extend(items.iter().map(|(_, said)| (*said).to_owned())),
        Group::LatestSignatures(items) => items.iter().for_each(|(_, items)| signed(items, found)),
        Group::SealTriples(items) => found.extend(items.iter().map(anchored)),
        Group::Pathed { attachments, .. } => attachments.iter().for_each(|inner| texts(&inner.group, found)),
    }
}

fn without(group: &mut Group<'_>, gone: &HashSet<&str>) {
    match group {
        Group::ControllerSignatures(items) | Group::WitnessSignatures(items) => {
            items.retain(|item| !gone.contains(item.text));
        }
        Group::ReceiptCouples(items) => items.retain(|item| !gone.contains(item.text)),
        Group::ReceiptQuadruples(items) => items.retain(|(_, item)| !gone.contains(item.text)),
        Group::FirstSeen(items) => items.retain(|(_, date)| !gone.contains(date)),
        Group::TransferableSignatures(items) => {
            items.iter_mut().for_each(|(_, items)| items.retain(|item| !gone.contains(item.text)));
            items.retain(|(_, items)| !items.is_empty());
        }
        Group::SealCouples(items) => items.retain(|(_, said)| !gone.contains(said)),
        Group::LatestSignatures(items) => {
            items.iter_mut().for_each(|(_, items)| items.retain(|item| !gone.contains(item.text)));
            items.retain(|(_, items)| !items.is_empty());
        }
        Group::SealTriples(items) => {
            items.retain(|anchor| !gone.contains(format!("{} {} {}", anchor.prefix, anchor.sn, anchor.said).as_str()));
        }
        Group::Pathed { attachments, .. } => attachments.iter_mut().for_each(|inner| without(&mut inner.group, gone)),
    }
}
