//! A proposal as somebody made it: read, not believed.
//!
//! Three forms: the `/multisig/iss` and `/multisig/rev` messages of KERIA, alone, in the answer of its agent or in
//! a stream; credential, registry event and anchor as JSON or CESR; and the proposal record of a case with its
//! stream. However it came, a part is the compact text that its digest is made over.

use std::collections::BTreeMap;

use crate::bundle::json::canonical::write_text;
use crate::bundle::json::{Numbers, Tree, Value};
use crate::bundle::place::printable;
use crate::bundle::{Area, Snapshot};
use crate::keri::build;
use crate::keri::build::attach::IndexedSignature;
use crate::keri::cesr::{self, Attachment, Group};
use crate::primitives::Aid;

use super::compare::Part;
use super::error::NotAProposal;

/// A signature of the anchoring event, and whose it is said to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Who is said to have signed.
    pub by: Option<Aid>,
    /// The signature.
    pub signature: IndexedSignature,
}

/// What a proposal says beside its parts: a name of ours, and the value as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stated {
    /// The group.
    Group,
    /// The group's threshold.
    Threshold,
    /// Number and digest of its last establishment event.
    Established,
    /// The type of credential.
    CredentialType,
    /// The index of QAR1's key.
    Index,
    /// Who made that signature.
    Signer,
}

/// A proposal as it came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Received {
    pub(super) parts: BTreeMap<Part, String>,
    pub(super) signatures: Vec<Claims>,
    pub(super) stated: BTreeMap<Stated, String>,
}

impl Received {
    /// Reads one or more files that make one proposal.
    ///
    /// # Errors
    /// A file that is no part of one, or two that say different things.
    pub fn read<'f>(files: impl IntoIterator<Item = &'f [u8]>) -> Result<Self, NotAProposal> {
        let mut received = Self::default();
        for file in files {
            received.file(file)?;
        }
        Ok(received)
    }

    /// The last proposal among the case records; `None` if there is none.
    ///
    /// # Errors
    /// As [`Received::read`].
    pub fn of_case(snapshot: &Snapshot) -> Result<Option<(Self, String)>, NotAProposal> {
        let mut found = None;
        for (_, file) in snapshot.iter().filter(|(_, file)| file.area == Area::Decision && file.path.ends_with(".json"))
        {
            let Some(tree) = file.bytes().and_then(|bytes| Tree::parse(bytes, Numbers::Integers).ok()) else {
                continue;
            };
            if tree.get("kind").and_then(Tree::text) == Some("proposal") {
                found = Some((file.path.clone(), tree));
            }
        }
        let Some((path, tree)) = found else { return Ok(None) };
        let mut received = Self::default();
        received.record(&tree)?;
        if let Some(named) = tree.get("cesr_path").and_then(Tree::text) {
            let stream = snapshot.find(named).and_then(|id| snapshot.file(id).bytes());
            received.stream(stream.ok_or(NotAProposal::Missing { part: "the stream that `cesr_path` names" })?)?;
        }
        Ok(Some((received, path)))
    }

    /// The signatures of the anchoring event, as they came.
    pub fn signatures(&self) -> &[Claims] {
        &self.signatures
    }

    /// The text of a part.
    pub fn part(&self, part: Part) -> Option<&str> {
        self.parts.get(&part).map(String::as_str)
    }

    /// Adds a signature that came apart from it.
    pub fn sign(&mut self, by: Option<Aid>, signature: IndexedSignature) {
        let known = self.signatures.iter_mut().find(|known| known.signature == signature);
        match known {
            Some(known) => known.by = known.by.take().or(by),
            None => self.signatures.push(Claims { by, signature }),
        }
    }

    fn file(&mut self, bytes: &[u8]) -> Result<(), NotAProposal> {
        if bytes.starts_with(b"{\"v\":\"") && cesr::read(bytes).is_ok() {
            return self.stream(bytes);
        }
        match Tree::parse(bytes, Numbers::Text) {
            Ok(tree) => self.document(&tree),
            // What begins like a stream is told of as one.
            Err(_) if bytes.starts_with(b"{\"v\":\"") => self.stream(bytes),
            Err(error) => Err(NotAProposal::NotReadable { why: error.kind.to_string() }),
        }
    }

    fn document(&mut self, tree: &Tree<'_>) -> Result<(), NotAProposal> {
        let text = |name: &str| tree.get(name).and_then(Tree::text);
        match &tree.value {
            // KERIA answers with one entry for each member that has proposed.
            Value::List(items) => items.iter().try_for_each(|item| self.document(item)),
            Value::Object(_) if tree.get("exn").is_some() => self.request(tree),
            Value::Object(_) if text("kind") == Some("proposal") => self.record(tree),
            Value::Object(_) if tree.get("v").is_some() => self.message(&compact(tree), &[]),
            Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {
                Err(NotAProposal::NotAPart { found: "JSON that is no KERI or ACDC message".to_owned() })
            }
        }
    }

    fn stream(&mut self, bytes: &[u8]) -> Result<(), NotAProposal> {
        let messages = cesr::read(bytes).map_err(|error| NotAProposal::NotReadable { why: error.to_string() })?;
        messages.iter().try_for_each(|message| self.message(message.body, &message.attachments))
    }

    /// A message of a multisig group, as an agent hands it on: signatures by path, or as they were attached.
    fn request(&mut self, tree: &Tree<'_>) -> Result<(), NotAProposal> {
        let Some(exn) = tree.get("exn") else { return Ok(()) };
        let exn = compact(exn);
        let sender = self.exchange(&exn)?;
        if let Some(signatures) = tree.get("paths").and_then(|paths| paths.get("anc")).and_then(Tree::text) {
            self.signed(sender.as_ref(), signatures)?;
        }
        if let Some(attached) = tree.get("atc").and_then(Tree::text).filter(|attached| !attached.is_empty()) {
            let groups = cesr::read_attachments(attached.as_bytes());
            let groups = groups.map_err(|error| NotAProposal::Signature { why: error.to_string() })?;
            self.pathed(sender.as_ref(), &groups)?;
        }
        Ok(())
    }

    fn message(&mut self, text: &str, attached: &[Attachment<'_>]) -> Result<(), NotAProposal> {
        let tree = Tree::parse(text.as_bytes(), Numbers::Text);
        let tree = tree.map_err(|error| NotAProposal::NotReadable { why: error.kind.to_string() })?;
        let kind = tree.get("t").and_then(Tree::text).unwrap_or_default();
        if kind == "exn" {
            let sender = self.exchange(text)?;
            return self.pathed(sender.as_ref(), attached);
        }
        let part = part_of(&tree)?;
        self.put(part, text.to_owned())?;
        if part == Part::Anchor {
            self.controllers(None, attached)?;
        }
        Ok(())
    }

    /// The messages that an exchange message carries; gives its sender.
    fn exchange(&mut self, text: &str) -> Result<Option<Aid>, NotAProposal> {
        build::check(text).map_err(|why| NotAProposal::NotReadable { why })?;
        let tree = Tree::parse(text.as_bytes(), Numbers::Text);
        let tree = tree.map_err(|error| NotAProposal::NotReadable { why: error.kind.to_string() })?;
        let route = tree.get("r").and_then(Tree::text).unwrap_or_default();
        if !matches!(route, "/multisig/iss" | "/multisig/rev") {
            return Err(NotAProposal::NotAPart { found: format!("an `exn` of route `{}`", printable(route)) });
        }
        for member in tree.get("e").and_then(Tree::members).unwrap_or_default() {
            // The digest of the section is a text among them.
            if member.tree.members().is_some() {
                self.put(part_of(&member.tree)?, compact(&member.tree))?;
            }
        }
        if let Some(group) = tree.get("a").and_then(|a| a.get("gid")).and_then(Tree::text) {
            self.state(Stated::Group, group)?;
        }
        Ok(tree.get("i").and_then(Tree::text).and_then(|aid| aid.parse().ok()))
    }

    fn pathed(&mut self, sender: Option<&Aid>, attached: &[Attachment<'_>]) -> Result<(), NotAProposal> {
        for attachment in attached {
            if let Group::Pathed { path: "-e-anc", attachments } = &attachment.group {
                self.controllers(sender, attachments)?;
            }
        }
        Ok(())
    }

    fn controllers(&mut self, by: Option<&Aid>, attached: &[Attachment<'_>]) -> Result<(), NotAProposal> {
        for attachment in attached {
            if let Group::ControllerSignatures(items) = &attachment.group {
                for item in items {
                    let why = || "its algorithm is not Ed25519".to_owned();
                    let signature = IndexedSignature::of(item);
                    self.sign(by.cloned(), signature.ok_or_else(|| NotAProposal::Signature { why: why() })?);
                }
            }
        }
        Ok(())
    }

    fn signed(&mut self, by: Option<&Aid>, text: &str) -> Result<(), NotAProposal> {
        let signatures = IndexedSignature::parse_all(text);
        let signatures = signatures.map_err(|error| NotAProposal::Signature { why: error.to_string() })?;
        signatures.into_iter().for_each(|signature| self.sign(by.cloned(), signature));
        Ok(())
    }

    /// The parts that a proposal record of ours spells out.
    fn record(&mut self, tree: &Tree<'_>) -> Result<(), NotAProposal> {
        let text = |object: &str, name: &str| tree.get(object)?.get(name)?.text();
        let number = |object: &str, name: &str| tree.get(object)?.get(name)?.integer();
        let credential = tree.get("draft_credential").ok_or(NotAProposal::Missing { part: "`draft_credential`" })?;
        self.put(Part::Credential, compact(credential))?;
        let event = match (tree.get("issuance"), tree.get("revocation")) {
            (Some(_), Some(_)) => return Err(NotAProposal::Twice { part: "the registry event" }),
            (Some(_), None) => Some(("issuance", "iss", "issued_at")),
            (None, Some(_)) => Some(("revocation", "rev", "revoked_at")),
            (None, None) => None,
        };
        if let Some((name, kind, dated)) = event {
            let prior = text(name, "prior_said").map(|prior| ("p", prior.to_owned()));
            let fields = [
                Some(("t", kind.to_owned())),
                text(name, "said").map(|said| ("d", said.to_owned())),
                text(name, "credential_said").map(|said| ("i", said.to_owned())),
                number(name, "sn").map(|sn| ("s", format!("{sn:x}"))),
                text(name, "registry_said").map(|said| ("ri", said.to_owned())),
                prior,
                text(name, dated).map(|dated| ("dt", dated.to_owned())),
            ];
            self.put(Part::Event, spelled(&fields, None))?;
        }
        if let Some(anchor) = tree.get("anchor") {
            let fields = [
                text("anchor", "type").map(|kind| ("t", kind.to_owned())),
                text("anchor", "said").map(|said| ("d", said.to_owned())),
                text("anchor", "aid").map(|aid| ("i", aid.to_owned())),
                number("anchor", "sn").map(|sn| ("s", format!("{sn:x}"))),
                text("anchor", "prior_said").map(|said| ("p", said.to_owned())),
            ];
            self.put(Part::Anchor, spelled(&fields, anchor.get("seals")))?;
        }
        if let Some(kind) = tree.get("credential_type").and_then(Tree::text) {
            self.state(Stated::CredentialType, kind)?;
        }
        if let Some(index) = number("qar1_signature", "index") {
            self.state(Stated::Index, &index.to_string())?;
        }
        if let Some(signer) = text("qar1_signature", "signer_aid") {
            self.state(Stated::Signer, signer)?;
        }
        if let Some(state) = tree.get("group_state") {
            self.state(Stated::Group, text("group_state", "aid").unwrap_or_default())?;
            let (sn, said) =
                (number("group_state", "sn").unwrap_or(-1), text("group_state", "said").unwrap_or_default());
            self.state(Stated::Established, &format!("{sn} {said}"))?;
            if let Some(threshold) = state.get("threshold") {
                self.state(Stated::Threshold, &compact(threshold))?;
            }
        }
        Ok(())
    }

    fn put(&mut self, part: Part, text: String) -> Result<(), NotAProposal> {
        match self.parts.get(&part) {
            Some(known) if *known != text => Err(NotAProposal::Twice { part: part.name() }),
            Some(_) => Ok(()),
            None => {
                self.parts.insert(part, text);
                Ok(())
            }
        }
    }

    fn state(&mut self, what: Stated, value: &str) -> Result<(), NotAProposal> {
        match self.stated.insert(what, value.to_owned()) {
            Some(before) if before != value => Err(NotAProposal::Twice { part: what.name() }),
            Some(_) | None => Ok(()),
        }
    }
}

impl Stated {
    /// As messages name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Group => "the group",
            Self::Threshold => "the threshold of the group",
            Self::Established => "the establishment event of the group",
            Self::CredentialType => "the type of credential",
            Self::Index => "the index of the signature",
            Self::Signer => "the signer",
        }
    }
}

fn part_of(tree: &Tree<'_>) -> Result<Part, NotAProposal> {
    let text = |name: &str| tree.get(name).and_then(Tree::text).unwrap_or_default();
    match (text("v").get(..4).unwrap_or_default(), text("t")) {
        ("ACDC", _) => Ok(Part::Credential),
        ("KERI", "iss" | "rev") => Ok(Part::Event),
        // Whatever it is, it is what was put forward to be signed.
        ("KERI", "ixn" | "rot" | "drt" | "icp" | "dip") => Ok(Part::Anchor),
        (_, kind) => Err(NotAProposal::NotAPart { found: format!("a message of type `{}`", printable(kind)) }),
    }
}

/// A message from the fields that a record spells out, with the size it would have.
fn spelled(fields: &[Option<(&str, String)>], seals: Option<&Tree<'_>>) -> String {
    let mut text = "{\"v\":\"KERI10JSON000000_\"".to_owned();
    for (name, value) in fields.iter().flatten() {
        text.push(',');
        write_text(&mut text, name);
        text.push(':');
        write_text(&mut text, value);
    }
    if let Some(seals) = seals {
        text.push_str(",\"a\":");
        write(&mut text, seals);
    }
    text.push('}');
    build::sized(&text).unwrap_or(text)
}

/// The compact form of a document, members in their order.
pub(super) fn compact(tree: &Tree<'_>) -> String {
    let mut text = String::new();
    write(&mut text, tree);
    text
}

fn write(out: &mut String, tree: &Tree<'_>) {
    match &tree.value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => out.push_str(number),
        Value::Text(text) => write_text(out, text),
        Value::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(out, item);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (at, member) in members.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_text(out, &member.key);
                out.push(':');
                write(out, &member.tree);
            }
            out.push('}');
        }
    }
}
