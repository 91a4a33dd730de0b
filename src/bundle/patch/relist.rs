//! Records signed again and digests listed again: whatever in a case names the digest of a changed file names
//! the new one.
//!
//! Manifests are corrected entry by entry and written in their canonical form. In every other file
//! the old digest, 64 hexadecimal digits, is replaced by the new one; that changes the file, and so
//! on, until nothing changes any more. A file is corrected only for what was there before it: case records
//! name the bundle, and never the other way round.

use std::collections::{BTreeMap, BTreeSet};

use memchr::memmem::Finder;
use serde_json::{Map, Value, json};

use crate::bundle::json::{Numbers, Tree};
use crate::bundle::manifest::UNLISTED;
use crate::bundle::signed;
use crate::primitives::Sha256;

use super::place::{beside, short};
use super::{Added, Done, Files, Listing, Maker, TRUST, edit};

/// How often one file is looked at again at most. A file changes once for each digest that it names;
/// only a patch that writes digests by hand could make two files name each other.
const LOOKS_MAX: usize = 200;

const MANIFESTS: [&str; 2] = ["bundle/manifest.json", "post/manifest.json"];

/// Gives the files whose signatures nobody could make again.
pub(super) fn relist(files: &mut Files, before: &Files, done: &Done, maker: &dyn Maker) -> Result<Vec<String>, String> {
    close_gaps(files, done);
    let mut settling = Settling {
        before,
        done,
        maker,
        assigned: before.iter().map(|(path, bytes)| (path.clone(), Sha256::of(bytes))).collect(),
        entries: BTreeMap::new(),
        stale: BTreeSet::new(),
    };
    list_entries(files, done);
    settling.settle(files)?;
    // Only now do the digests that new case records are to name stand still.
    if chain_new(files, done) {
        settling.settle(files)?;
    }
    Ok(settling.stale.into_iter().collect())
}

struct Settling<'s> {
    before: &'s Files,
    done: &'s Done,
    maker: &'s dyn Maker,
    /// What the case names each file by.
    assigned: BTreeMap<String, Sha256>,
    /// Entries of manifests that are to be corrected: path, digest and size.
    entries: BTreeMap<&'static str, BTreeMap<String, (Sha256, usize)>>,
    /// Files whose signatures nobody could make again.
    stale: BTreeSet<String>,
}

/// The manifest that lists a file, and the path that it lists.
fn manifest_of(path: &str) -> Option<(&'static str, &str)> {
    MANIFESTS.into_iter().find_map(|manifest| {
        let inner = path.strip_prefix(manifest.trim_end_matches("manifest.json"))?;
        Some((manifest, inner)).filter(|_| !UNLISTED.contains(&inner))
    })
}

impl Settling<'_> {
    /// Signs again and corrects digests until nothing changes.
    fn settle(&mut self, files: &mut Files) -> Result<(), String> {
        let (before, done) = (self.before, self.done);
        let is_free = |path: &&String| path.as_str() != TRUST && !done.is_frozen(path);
        let is_changed = |path: &&String| before.get(*path) != files.get(*path);
        let mut waiting: BTreeSet<(Rank, String)> =
            files.keys().filter(is_free).filter(is_changed).map(|path| (Rank::of(path), path.clone())).collect();
        let mut looks: BTreeMap<String, usize> = BTreeMap::new();
        while let Some((rank, path)) = waiting.pop_first() {
            let looked = looks.entry(path.clone()).or_default();
            *looked += 1;
            if *looked > LOOKS_MAX {
                return Err(format!("`{path}` and files that it names name each other in a circle"));
            }
            self.list(files, &path);
            self.sign(files, &path)?;
            let Some(bytes) = files.get(&path) else { continue };
            let (digest, size) = (Sha256::of(bytes), bytes.len());
            let old = self.assigned.insert(path.clone(), digest);
            // Signatures are made when the record stands still, and before they are listed.
            if let Some(beside) = beside(&path).filter(|beside| files.contains_key(beside) && !done.is_frozen(beside)) {
                waiting.insert((Rank::of(&beside), beside));
            }
            if old != Some(digest) {
                let changed = Changed { path: &path, rank, old, new: digest };
                let mut touched = name_digest(files, done, &self.assigned, &changed);
                // The entry is written when all that the manifest lists stands still.
                if let Some((manifest, inner)) = manifest_of(&path).filter(|(manifest, _)| !done.is_frozen(manifest)) {
                    self.entries.entry(manifest).or_default().insert(inner.to_owned(), (digest, size));
                    touched.push(manifest.to_owned());
                }
                waiting.extend(touched.into_iter().map(|path| (Rank::of(&path), path)));
            }
        }
        Ok(())
    }

    /// Corrects the entries of a manifest, and writes one that a step changed in its canonical form again.
    fn list(&mut self, files: &mut Files, path: &str) {
        let changed = self.entries.remove(path).unwrap_or_default();
        let is_edited = MANIFESTS.contains(&path) && files.get(path) != self.before.get(path);
        if changed.is_empty() && !is_edited {
            return;
        }
        let document = files.get(path).and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
        let Some(mut document) = document else { return };
        let mut left = changed;
        for entry in document.get_mut("entries").and_then(Value::as_array_mut).into_iter().flatten() {
            let listed = entry.get("path").and_then(Value::as_str).and_then(|path| left.remove(path));
            if let (Some((digest, size)), Some(entry)) = (listed, entry.as_object_mut()) {
                entry.insert("sha256".to_owned(), json!(digest));
                entry.insert("size".to_owned(), json!(size));
            }
        }
        write_canonical(files, path, &document);
    }

    /// Makes a file of detached signatures again, if the path is one and nobody wants it as it is.
    fn sign(&mut self, files: &mut Files, path: &str) -> Result<(), String> {
        let left = |path: &str| self.done.is_frozen(path) || self.done.left.unsigned.contains(path);
        let Some(record) = path.strip_suffix(signed::ENDING).map(|stem| format!("{stem}.json")) else { return Ok(()) };
        let (Some(signatures), Some(bytes)) = (files.get(path), files.get(&record)) else { return Ok(()) };
        if left(path) || left(&record) {
            return Ok(());
        }
        // What is no JSON any more cannot be signed, and says so itself.
        let Some((message, person)) = what_is_signed(&record, bytes) else { return Ok(()) };
        // A copy is signed by who signed its original.
        let like = self.done.added.iter().find_map(|added| match &added.listing {
            Listing::Like(like) if added.path == record => Some(like),
            Listing::Like(_) | Listing::Kind(_) => None,
        });
        let was = self.before.get(like.unwrap_or(&record)).and_then(|bytes| what_is_signed(&record, bytes));
        let was = was.and_then(|(_, person)| person);
        let moved = was.as_deref().zip(person.as_deref()).filter(|(was, is)| was != is);
        let made = self.maker.sign(signatures, &message, moved);
        match made.map_err(|why| format!("`{}` cannot be signed again: {why}", short(&record)))? {
            Some(made) => {
                files.insert(path.to_owned(), made);
            }
            None => {
                self.stale.insert(record);
            }
        }
        Ok(())
    }
}

/// What is signed of a record or manifest, and who performed or sealed it.
fn what_is_signed(path: &str, bytes: &[u8]) -> Option<(Vec<u8>, Option<String>)> {
    let tree = Tree::parse(bytes, Numbers::Integers).ok()?;
    let is_manifest = MANIFESTS.contains(&path);
    let person = tree.get(if is_manifest { "sealed_by" } else { "performed_by" });
    let person = person.and_then(|person| person.text()).map(str::to_owned);
    let message = if is_manifest { signed::manifest(bytes) } else { signed::record(&tree)? };
    Some((message, person))
}

/// What comes before what in a case: a file names only files of its own rank or of a lower one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Evidence,
    Signatures,
    Manifest,
    ManifestSignatures,
    Decision,
    DecisionSignatures,
    PostEvidence,
    PostSignatures,
    PostManifest,
    PostManifestSignatures,
}

impl Rank {
    fn of(path: &str) -> Self {
        let signatures = path.ends_with(signed::ENDING);
        match path.split_once('/') {
            Some(("decision", _)) if signatures => Self::DecisionSignatures,
            Some(("decision", _)) => Self::Decision,
            Some(("post", "manifest.json")) => Self::PostManifest,
            Some(("post", "manifest.sig.cesr")) => Self::PostManifestSignatures,
            Some(("post", _)) if signatures => Self::PostSignatures,
            Some(("post", _)) => Self::PostEvidence,
            Some((_, "manifest.json")) => Self::Manifest,
            Some((_, "manifest.sig.cesr")) => Self::ManifestSignatures,
            Some(_) | None if signatures => Self::Signatures,
            Some(_) | None => Self::Evidence,
        }
    }
}

/// A case record that was removed is taken out of the chain: who named it names the one before it.
fn close_gaps(files: &mut Files, done: &Done) {
    let mut gone: BTreeMap<String, Value> = BTreeMap::new();
    for (path, bytes) in &done.removed {
        if path.starts_with("decision/") && !done.is_frozen(path) {
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
    let listed = listed(files);
    for manifest in MANIFESTS {
        let folder = manifest.trim_end_matches("manifest.json");
        let added: Vec<&Added> =
            done.added.iter().filter(|added| added.path.starts_with(folder) && !done.is_frozen(&added.path)).collect();
        let removed: BTreeSet<&str> = done
            .removed
            .keys()
            .filter(|path| !done.is_frozen(path) && !files.contains_key(*path))
            .filter_map(|path| path.strip_prefix(folder))
            .collect();
        if added.is_empty() && removed.is_empty() || done.is_frozen(manifest) {
            continue;
        }
        let Some(mut document) = files.get(manifest).and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok())
        else {
            continue;
        };
        let Some(entries) = document.get_mut("entries").and_then(Value::as_array_mut) else { continue };
        let path_of = |entry: &Value| entry.get("path").and_then(Value::as_str).map(str::to_owned);
        entries.retain(|entry| path_of(entry).is_none_or(|path| !removed.contains(path.as_str())));
        for new in added {
            let Some(inner) = new.path.strip_prefix(folder) else { continue };
            entries.retain(|entry| path_of(entry).is_none_or(|path| path != inner));
            entries.push(entry(new, inner, &listed, files));
        }
        entries.sort_by_key(path_of);
        write_canonical(files, manifest, &document);
    }
}

/// The entry of every listed file, by its path in the case.
fn listed(files: &Files) -> BTreeMap<String, Value> {
    let mut listed = BTreeMap::new();
    for manifest in MANIFESTS {
        let folder = manifest.trim_end_matches("manifest.json");
        let document = files.get(manifest).and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
        let entries = document.as_ref().and_then(|document| document.get("entries")).and_then(Value::as_array);
        for entry in entries.into_iter().flatten() {
            if let Some(path) = entry.get("path").and_then(Value::as_str) {
                listed.insert(format!("{folder}{path}"), entry.clone());
            }
        }
    }
    listed
}

fn entry(new: &Added, inner: &str, listed: &BTreeMap<String, Value>, files: &Files) -> Value {
    let bytes = files.get(&new.path).map(Vec::as_slice).unwrap_or_default();
    let like = match &new.listing {
        Listing::Kind(_) => None,
        Listing::Like(path) => listed.get(path).cloned(),
    };
    let mut entry = like.and_then(|like| like.as_object().cloned()).unwrap_or_else(|| {
        let kind = match &new.listing {
            Listing::Kind(kind) => kind.clone(),
            Listing::Like(_) => "document".to_owned(),
        };
        let media_type = match inner.rsplit_once('.') {
            Some((_, "json")) => "application/json",
            Some((_, "cesr")) => "application/json+cesr",
            Some(_) | None => "text/plain",
        };
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
fn chain_new(files: &mut Files, done: &Done) -> bool {
    let mut chained = false;
    for (index, new) in done.added.iter().enumerate() {
        if !new.path.starts_with("decision/") || new.chained || done.is_frozen(&new.path) {
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
        chained |= edited != bytes;
        files.insert(new.path.clone(), edited);
    }
    chained
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

fn write_canonical(files: &mut Files, path: &str, document: &Value) {
    if let Ok(bytes) = serde_json_canonicalizer::to_vec(document) {
        files.insert(path.to_owned(), bytes);
    }
}

/// A file that has another digest than the case names it by.
struct Changed<'c> {
    path: &'c str,
    rank: Rank,
    old: Option<Sha256>,
    new: Sha256,
}

/// Puts the new digest of a file wherever the old one stands; gives the files that changed by it.
fn name_digest(
    files: &mut Files,
    done: &Done,
    assigned: &BTreeMap<String, Sha256>,
    changed: &Changed<'_>,
) -> Vec<String> {
    let mut touched = Vec::new();
    let Some(old) = changed.old else { return touched };
    let (old_text, new_text) = (old.to_string(), changed.new.to_string());
    let finder = Finder::new(&old_text);
    // Where another file has the same content, its digest is meant unless this one's path is named.
    let shares =
        |(path, digest): (&String, &Sha256)| path != changed.path && *digest == old && files.contains_key(path);
    let is_shared = assigned.iter().any(shares);
    let inner = changed.path.split_once('/').map_or(changed.path, |(_, inner)| inner);
    for (other, bytes) in files.iter_mut() {
        let rank = Rank::of(other);
        if other == changed.path || other == TRUST || done.is_frozen(other) || rank < changed.rank {
            continue;
        }
        // The entry of the file is corrected already; that of another with the same content is right.
        let lists_it = matches!(
            (changed.rank, rank),
            (Rank::Evidence | Rank::Signatures, Rank::Manifest)
                | (Rank::PostEvidence | Rank::PostSignatures, Rank::PostManifest)
        );
        if lists_it || finder.find(bytes).is_none() {
            continue;
        }
        let Ok(text) = std::str::from_utf8(bytes) else { continue };
        if is_shared && !text.contains(inner) {
            continue;
        }
        *bytes = text.replace(&old_text, &new_text).into_bytes();
        touched.push(other.clone());
    }
    touched
}
