//! Digests listed again: whatever in a case names the digest of a changed file names the new one.
//!
//! Manifests are corrected entry by entry and written in their canonical form. In every other file
//! the old digest, 64 hexadecimal digits, is replaced by the new one; that changes the file, and so
//! on, until nothing changes any more. Digests cannot name each other in a circle, so it ends.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::bundle::json::{Numbers, Tree};
use crate::primitives::Sha256;

use super::{Added, Done, Listing, TRUST, edit};

type Files = BTreeMap<String, Vec<u8>>;

/// More rounds than any chain of digests is long: records, manifest, case records one by one, `post/`.
const ROUNDS_MAX: usize = 1_000;

const MANIFESTS: [&str; 2] = ["bundle/manifest.json", "post/manifest.json"];

pub(super) fn relist(files: &mut Files, before: &Files, done: &Done) {
    close_gaps(files, done);
    let mut assigned: BTreeMap<String, Sha256> =
        before.iter().map(|(path, bytes)| (path.clone(), Sha256::of(bytes))).collect();
    list_entries(files, done);
    settle(files, before, done, &mut assigned);
    // Only now do the digests that new case records are to name stand still.
    chain_new(files, done);
    settle(files, before, done, &mut assigned);
}

/// Corrects digests until nothing changes. `assigned` is what the case names each file by.
fn settle(files: &mut Files, before: &Files, done: &Done, assigned: &mut BTreeMap<String, Sha256>) {
    let is_free = |path: &&String| path.as_str() != TRUST && !done.frozen.contains(*path);
    for _ in 0..ROUNDS_MAX {
        let mut stable = true;
        for path in files.keys().filter(is_free).cloned().collect::<Vec<_>>() {
            canonicalize(files, &path, before);
            let Some(bytes) = files.get(&path) else { continue };
            let (digest, size) = (Sha256::of(bytes), bytes.len());
            let old = assigned.insert(path.clone(), digest);
            if old != Some(digest) {
                stable = false;
                name_digest(files, done, assigned, &path, old, digest, size);
            }
        }
        if stable {
            return;
        }
    }
}

/// A case record that was removed is taken out of the chain: who named it names the one before it.
fn close_gaps(files: &mut Files, done: &Done) {
    let mut gone: BTreeMap<String, Value> = BTreeMap::new();
    for (path, bytes) in &done.removed {
        if path.starts_with("decision/") && !done.frozen.contains(path) {
            gone.insert(Sha256::of(bytes).to_string(), predecessor(bytes).unwrap_or(Value::Null));
        }
    }
    for (path, bytes) in files.iter_mut().filter(|(path, _)| path.starts_with("decision/")) {
        let Some(Value::String(named)) = predecessor(bytes) else { continue };
        let mut next = gone.get(&named);
        // Several in a row may be gone; each is passed once.
        for _ in 0..gone.len() {
            match next.and_then(Value::as_str).and_then(|named| gone.get(named)) {
                Some(further) => next = Some(further),
                None => break,
            }
        }
        if let Some(next) = next
            && let Ok(edited) = edit::set(bytes, path, "/predecessor_sha256", next)
        {
            *bytes = edited;
        }
    }
}

/// Lists new files, and takes removed ones from the list.
fn list_entries(files: &mut Files, done: &Done) {
    for manifest in MANIFESTS {
        let folder = manifest.trim_end_matches("manifest.json");
        let added: Vec<&Added> = done
            .added
            .iter()
            .filter(|added| added.path.starts_with(folder) && !done.frozen.contains(&added.path))
            .collect();
        let removed: BTreeSet<&str> = done
            .removed
            .keys()
            .filter(|path| !done.frozen.contains(*path) && !files.contains_key(*path))
            .filter_map(|path| path.strip_prefix(folder))
            .collect();
        if added.is_empty() && removed.is_empty() || done.frozen.contains(manifest) {
            continue;
        }
        let Some(mut document) = files.get(manifest).and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok())
        else {
            continue;
        };
        let Some(entries) = document.get_mut("entries").and_then(Value::as_array_mut) else { continue };
        let path_of = |entry: &Value| entry.get("path").and_then(Value::as_str).map(str::to_owned);
        let all = entries.clone();
        entries.retain(|entry| path_of(entry).is_none_or(|path| !removed.contains(path.as_str())));
        for new in added {
            let Some(inner) = new.path.strip_prefix(folder) else { continue };
            entries.retain(|entry| path_of(entry).is_none_or(|path| path != inner));
            entries.push(entry(new, inner, folder, &all, files));
        }
        entries.sort_by_key(path_of);
        write_canonical(files, manifest, &document);
    }
}

fn entry(new: &Added, inner: &str, folder: &str, all: &[Value], files: &Files) -> Value {
    let bytes = files.get(&new.path).map(Vec::as_slice).unwrap_or_default();
    let like = match &new.listing {
        Listing::Kind(_) => None,
        Listing::Like(path) => {
            all.iter().find(|entry| entry.get("path").and_then(Value::as_str) == path.strip_prefix(folder)).cloned()
        }
    };
    let mut entry = like.and_then(|like| like.as_object().cloned()).unwrap_or_else(|| {
        let kind = match &new.listing {
            Listing::Kind(kind) => kind.clone(),
            Listing::Like(_) => "document".to_owned(),
        };
        let media_type = if inner.ends_with(".json") { "application/json" } else { "text/plain" };
        Map::from_iter([
            ("kind".to_owned(), kind.into()),
            ("media_type".to_owned(), media_type.into()),
            ("source".to_owned(), "patch".into()),
        ])
    });
    entry.insert("path".to_owned(), inner.into());
    entry.insert("size".to_owned(), bytes.len().into());
    entry.insert("sha256".to_owned(), json!(Sha256::of(bytes)));
    entry.into()
}

/// A new case record that does not say its predecessor follows the last one; without a bundle digest
/// it is about the bundle of the case.
fn chain_new(files: &mut Files, done: &Done) {
    for (index, new) in done.added.iter().enumerate() {
        if !new.path.starts_with("decision/") || new.chained || done.frozen.contains(&new.path) {
            continue;
        }
        let Some(bytes) = files.get(&new.path).cloned() else { continue };
        let Ok(tree) = Tree::parse(&bytes, Numbers::Integers) else { continue };
        if tree.get("kind").is_none() {
            continue;
        }
        let mut edited = bytes.clone();
        if let Some(digest) = last_record(files, &done.added[index..]) {
            edited = edit::set(&edited, &new.path, "/predecessor_sha256", &json!(digest)).unwrap_or(edited);
        }
        if tree.get("bundle_digest").is_none()
            && let Some(manifest) = files.get(MANIFESTS[0])
        {
            let digest = Sha256::of(manifest);
            edited = edit::set(&edited, &new.path, "/bundle_digest", &json!(digest)).unwrap_or(edited);
        }
        files.insert(new.path.clone(), edited);
    }
}

/// The case record that no other one names; `waiting` are not yet in the chain.
fn last_record(files: &Files, waiting: &[Added]) -> Option<Sha256> {
    let records: Vec<(Sha256, Value)> = files
        .iter()
        .filter(|(path, _)| path.starts_with("decision/") && path.ends_with(".json"))
        .filter(|(path, _)| !waiting.iter().any(|new| new.path == **path && !new.chained))
        .filter_map(|(_, bytes)| Some((Sha256::of(bytes), predecessor(bytes)?)))
        .collect();
    let named: BTreeSet<&str> = records.iter().filter_map(|(_, named)| named.as_str()).collect();
    records.iter().map(|(digest, _)| *digest).rfind(|digest| !named.contains(digest.to_string().as_str()))
}

fn predecessor(bytes: &[u8]) -> Option<Value> {
    let tree = Tree::parse(bytes, Numbers::Integers).ok()?;
    let named = tree.get("predecessor_sha256")?;
    Some(named.text().map_or(Value::Null, Value::from))
}

/// A manifest that a step changed is written in its canonical form again.
fn canonicalize(files: &mut Files, path: &str, before: &Files) {
    if MANIFESTS.contains(&path) && files.get(path) != before.get(path) {
        let document = files.get(path).and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
        if let Some(document) = document {
            write_canonical(files, path, &document);
        }
    }
}

fn write_canonical(files: &mut Files, path: &str, document: &Value) {
    if let Ok(bytes) = serde_json_canonicalizer::to_vec(document) {
        files.insert(path.to_owned(), bytes);
    }
}

/// Puts the new digest of a file wherever the old one stands.
fn name_digest(
    files: &mut Files,
    done: &Done,
    assigned: &BTreeMap<String, Sha256>,
    path: &str,
    old: Option<Sha256>,
    new: Sha256,
    size: usize,
) {
    for manifest in MANIFESTS {
        let Some(inner) = path.strip_prefix(manifest.trim_end_matches("manifest.json")) else { continue };
        let Some(mut document) = files.get(manifest).and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok())
        else {
            continue;
        };
        if done.frozen.contains(manifest) {
            continue;
        }
        let entries = document.get_mut("entries").and_then(Value::as_array_mut);
        let entry = entries.and_then(|entries| {
            entries.iter_mut().find(|entry| entry.get("path").and_then(Value::as_str) == Some(inner))
        });
        if let Some(entry) = entry.and_then(Value::as_object_mut) {
            entry.insert("sha256".to_owned(), json!(new));
            entry.insert("size".to_owned(), json!(size));
            write_canonical(files, manifest, &document);
        }
    }
    let Some(old) = old else { return };
    let (old_text, new_text) = (old.to_string(), new.to_string());
    // Where another file has the same content, its digest is meant unless this one's path is named.
    let is_shared = assigned.iter().any(|(other, digest)| other != path && *digest == old && files.contains_key(other));
    let inner = path.split_once('/').map_or(path, |(_, inner)| inner).to_owned();
    for (other, bytes) in files.iter_mut() {
        if other == path || other == TRUST || done.frozen.contains(other) {
            continue;
        }
        let own_entries = MANIFESTS.contains(&other.as_str()) && path.split('/').next() == other.split('/').next();
        let Ok(text) = std::str::from_utf8(bytes) else { continue };
        if own_entries || !text.contains(&old_text) || (is_shared && !text.contains(&inner)) {
            continue;
        }
        *bytes = text.replace(&old_text, &new_text).into_bytes();
    }
}
