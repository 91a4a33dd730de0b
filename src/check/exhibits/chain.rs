//! Who rests on whom.
//!
//! In: the credentials that streams and signatures prove, and their own bytes. Out: an entry for each, after those that
//! it rests on. What a credential says is read from its bytes; what is proven of it, from the facts.

use std::collections::{BTreeMap, BTreeSet};

use crate::bundle::json::{Numbers, Tree};
use crate::bundle::place::printable_path;
use crate::facts::NodeId;
use crate::primitives::Aid;
use crate::report::document::{ChainState, CredentialEntry, EdgeEntry, EdgeState, Party, RegistryState};

use super::{Read, kept, text_at};

/// Whom the installation knows.
pub(in crate::check) struct Known<'k> {
    pub root: &'k Aid,
    pub geda: Option<&'k Aid>,
    pub qvi: Option<&'k Aid>,
}

/// The order in which types of credential rest on each other.
const TYPES: [&str; 6] = ["QVI", "LE", "OOR_AUTH", "ECR_AUTH", "OOR", "ECR"];

/// The credentials of a run.
pub(in crate::check) fn credentials(read: Read<'_, '_>, known: &Known<'_>) -> Vec<CredentialEntry> {
    let Some(kind) = read.program.schema.kind_named("acdc") else { return Vec::new() };
    let members = &read.facts.population(kind).members;
    let mut entries: BTreeMap<String, CredentialEntry> = BTreeMap::new();
    for entry in members.iter().filter_map(|&node| entry(read, node)) {
        let drafted = entry.state == Some(RegistryState::Draft);
        // What was issued is more than its draft.
        if !drafted || !entries.contains_key(&entry.said) {
            entries.insert(entry.said.clone(), entry);
        }
    }
    let names = names(entries.values(), known);
    let mut entries = ordered(entries);
    for entry in &mut entries {
        for party in std::iter::once(&mut entry.issuer).chain(entry.issuee.as_mut()) {
            party.name = names.get(&party.aid).cloned();
        }
    }
    entries
}

fn entry(read: Read<'_, '_>, node: NodeId) -> Option<CredentialEntry> {
    let at = read.facts.node(node);
    let file = read.snapshot.file(at.file?);
    let bytes = file.bytes()?.get(at.span.start as usize..at.span.end as usize)?;
    let tree = Tree::parse(bytes, Numbers::Text).ok()?;
    let said = |steps: &[&str]| text_at(&tree, steps).map(kept);
    let party = |aid: String| Party { aid, name: None };
    let draft = read.text(node, "origin") == Some("draft");
    let state = match read.text(node, "status") {
        Some("issued") => Some(RegistryState::Issued),
        Some("revoked") => Some(RegistryState::Revoked),
        _ if draft => Some(RegistryState::Draft),
        Some(_) => Some(RegistryState::Unproven),
        None => None,
    };
    let standing = read.text(node, "chain").map(|standing| match standing {
        "valid" => ChainState::Valid,
        "revoked" => ChainState::Revoked,
        "ghost" => ChainState::Ghost,
        "incomplete" => ChainState::Incomplete,
        _ => ChainState::Invalid,
    });
    Some(CredentialEntry {
        said: said(&["d"])?,
        credential_type: read.text(node, "type").map(str::to_owned),
        path: printable_path(&file.path),
        issuer: party(said(&["i"])?),
        issuee: said(&["a", "i"]).map(party),
        lei: said(&["a", "LEI"]),
        person: said(&["a", "personLegalName"]),
        role: said(&["a", "officialRole"]).or_else(|| said(&["a", "engagementContextRole"])),
        registry: said(&["ri"]),
        state,
        issued_at: read.instant(node, "issued_at"),
        revoked_at: read.instant(node, "revoked_at"),
        standing,
        edges: edges(read, node, &tree),
    })
}

/// What a credential says that it rests on, with what is proven of that.
fn edges(read: Read<'_, '_>, node: NodeId, tree: &Tree<'_>) -> Vec<EdgeEntry> {
    let proven = read.records(node, "edges");
    let state = |label: &str| {
        let edge = proven.iter().find(|edge| read.text(**edge, "label") == Some(label))?;
        match (read.flag(*edge, "found"), read.flag(*edge, "holds")) {
            (_, Some(true)) => Some(EdgeState::Holds),
            (_, Some(false)) => Some(EdgeState::Broken),
            (Some(false), None) => Some(EdgeState::NotPresented),
            (Some(true) | None, None) => None,
        }
    };
    let members = tree.get("e").and_then(Tree::members).unwrap_or_default();
    let edge = |member: &crate::bundle::json::tree::Member<'_>| {
        let far = text_at(&member.tree, &["n"])?;
        Some(EdgeEntry { label: kept(&member.key), node: kept(far), state: state(&member.key) })
    };
    members.iter().filter_map(edge).collect()
}

/// Who an identifier is: by the trust file, else by what was issued to it.
fn names<'e>(entries: impl Iterator<Item = &'e CredentialEntry>, known: &Known<'_>) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for entry in entries {
        let name = match entry.credential_type.as_deref() {
            Some("QVI") => "QVI",
            Some("LE") => "legal entity",
            Some("OOR" | "ECR") => "person",
            _ => continue,
        };
        if let Some(issuee) = &entry.issuee {
            names.insert(issuee.aid.clone(), name.to_owned());
        }
    }
    let pinned = [(Some(known.root), "root of trust"), (known.geda, "GEDA"), (known.qvi, "QVI")];
    let pinned = pinned.into_iter().filter_map(|(aid, name)| Some((aid?.to_string(), name.to_owned())));
    names.extend(pinned);
    names
}

/// Each after those that it rests on; where that leaves a choice, by type and digest.
fn ordered(mut entries: BTreeMap<String, CredentialEntry>) -> Vec<CredentialEntry> {
    let rank = |entry: &CredentialEntry| {
        let kind = entry.credential_type.as_deref();
        TYPES.iter().position(|known| kind == Some(*known)).unwrap_or(TYPES.len())
    };
    let mut done: Vec<CredentialEntry> = Vec::with_capacity(entries.len());
    let mut placed: BTreeSet<String> = BTreeSet::new();
    while !entries.is_empty() {
        let rests = |entry: &CredentialEntry| {
            entry.edges.iter().any(|edge| entries.contains_key(&edge.node) && !placed.contains(&edge.node))
        };
        // Digests make a circle impossible; were there one, the least would begin.
        let free = entries.values().filter(|entry| !rests(entry)).min_by_key(|entry| (rank(entry), &entry.said));
        let next = free.or_else(|| entries.values().next()).map(|entry| entry.said.clone());
        let Some(entry) = next.and_then(|said| entries.remove(&said)) else { break };
        placed.insert(entry.said.clone());
        done.push(entry);
    }
    done
}
