//! Signatures beside records and manifests: their files, their groups, and who signed what.

use std::collections::BTreeMap;

use crate::bundle::json::{Numbers, Tree};
use crate::bundle::place::printable_path;
use crate::bundle::signed::{self, ENDING};
use crate::bundle::{Area, Code, FileState, Problem};
use crate::facts::{Cause, Cell, CellValue, Fault, FileId};
use crate::keri::cesr::{self, Attachment};
use crate::keri::pool::PooledExchange;
use crate::keri::signed::Claim;
use crate::source::Span;

use super::super::{Collector, cell};
use super::EMPTY;
use super::row::number;

/// The kind under which manifests list such a file.
const KIND: &str = "signature";

/// A file of detached signatures.
pub struct Sidecar<'a> {
    /// The file.
    pub file: FileId,
    /// What it signs.
    pub signs: FileId,
    /// Whether that is a manifest.
    pub manifest: bool,
    /// Its groups.
    pub attachments: Vec<Attachment<'a>>,
}

/// Who signed a file.
pub enum Signers<'a> {
    /// By groups that were verified.
    Known {
        /// Identifiers whose group verifies and meets its threshold.
        aids: Vec<&'a str>,
        /// Whether every group does.
        fully: bool,
        /// Whether one of them names a key state that a later one replaces.
        superseded: bool,
    },
    /// The file beside it cannot be read.
    Unreadable,
}

impl<'s, 'a> Collector<'s, 'a> {
    /// Reads every file of detached signatures; one that cannot be read is a problem.
    pub(in crate::collect) fn sidecars(&mut self) {
        let snapshot = self.snapshot;
        // Of a record that could not be read, the signatures are not looked at: it has its problem.
        let records: BTreeMap<&str, Option<FileId>> =
            self.headers.iter().map(|header| (header.path, header.file.filter(|_| header.digest_ok))).collect();
        for (id, file) in snapshot.iter() {
            let listed = snapshot.entry(id).is_some_and(|entry| entry.kind == KIND);
            let stem = file.path.strip_suffix(ENDING);
            if stem.is_none() && !listed {
                continue;
            }
            let signs = stem.map(|stem| format!("{stem}.json"));
            let manifest = file.inner_path() == "manifest.sig.cesr" && file.area != Area::Decision;
            let signs = signs.and_then(|path| match manifest {
                true => snapshot.find(&path).map(Some),
                false => records.get(path.as_str()).copied(),
            });
            if signs == Some(None) {
                continue;
            }
            let Some(signs) = signs.flatten() else {
                let message = "no record or manifest lies beside these signatures, so they sign nothing".to_owned();
                let help = format!("name the file as the record it signs, with `{ENDING}` for `.json`, or take it out");
                self.spoiled(Code::SignatureDangling, id, None, message, help);
                continue;
            };
            // One that is not as it was sealed has its problem already.
            let Some(bytes) = file.bytes().filter(|_| file.state == FileState::Good) else {
                self.signers.insert(signs, Signers::Unreadable);
                continue;
            };
            match read(bytes) {
                Ok(attachments) => self.sidecars.push(Sidecar { file: id, signs, manifest, attachments }),
                Err((offset, why)) => {
                    let at = u32::try_from(offset).unwrap_or(u32::MAX);
                    let help = "let the signers sign again, or put back the file as they wrote it".to_owned();
                    self.spoiled(
                        Code::SignatureUnreadable,
                        id,
                        Some(Span { start: at, end: at.saturating_add(1) }),
                        why,
                        help,
                    );
                    self.signers.insert(signs, Signers::Unreadable);
                }
            }
        }
    }

    fn spoiled(&mut self, code: Code, file: FileId, span: Option<Span>, message: String, help: String) {
        let path = printable_path(&self.snapshot.file(file).path);
        self.problems.push(Problem { code, path, file: Some(file), span, pointer: None, message, help });
    }

    /// The bytes that a file of signatures is for. What has no canonical form was refused when it was
    /// read; no signature is over nothing.
    pub(super) fn signed_text(&self, sidecar: &Sidecar<'a>) -> &'a str {
        let bytes = self.snapshot.file(sidecar.signs).bytes().unwrap_or_default();
        let message = match sidecar.manifest {
            true => Some(signed::manifest(bytes)),
            false => Tree::parse(bytes, Numbers::Integers).ok().as_ref().and_then(signed::record),
        };
        let text = message.and_then(|bytes| String::from_utf8(bytes).ok());
        self.arena.alloc_str(&text.unwrap_or_default())
    }

    /// `signature_groups`, and the signers of each file.
    pub(super) fn signatures(&mut self, sidecars: &[Sidecar<'a>], claims: &[Vec<Claim>], exchanges: &[PooledExchange]) {
        for (sidecar, claims) in sidecars.iter().zip(claims) {
            let speaking = claims.iter().filter(|claim| claim.speaks()).filter_map(|claim| claim.aid.as_deref());
            let spoiled = |aid: &str| claims.iter().any(|claim| claim.aid.as_deref() == Some(aid) && !claim.verified());
            let mut aids: Vec<&'a str> =
                speaking.filter(|aid| !spoiled(aid)).map(|aid| &*self.arena.alloc_str(aid)).collect();
            aids.sort_unstable();
            aids.dedup();
            if claims.iter().any(Claim::contradicted) {
                let fault = if sidecar.manifest { Fault::Seal } else { Fault::Signature };
                self.facts.blame(sidecar.file, fault);
            }
            let fully = !claims.is_empty() && claims.iter().all(Claim::speaks);
            let superseded = claims.iter().any(Claim::superseded);
            self.signers.insert(sidecar.signs, Signers::Known { aids, fully, superseded });
            let (path, _) = self.paths(Some(sidecar.file));
            let (signed_path, _) = self.paths(Some(sidecar.signs));
            for claim in claims {
                let at = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
                let span = Span { start: at(claim.start), end: at(claim.end) };
                self.group(claim, Some(sidecar.file), span, path, signed_path);
            }
        }
        for (claim, spot) in exchanges.iter().flat_map(|exchange| &exchange.groups) {
            let (file, span) = self.place(*spot);
            let (path, _) = self.paths(file);
            self.group(claim, file, span, path, path);
        }
        self.unread_groups();
    }

    /// A file that cannot be read may hold any group.
    fn unread_groups(&mut self) {
        let Some(kind) = self.schema.kind_named("signature_group") else { return };
        let unread = self.signers.iter().filter(|(_, signers)| matches!(signers, Signers::Unreadable));
        let files: Vec<FileId> = unread.map(|(file, _)| *file).collect();
        for file in files {
            let node = self.unknown_node(self.schema.kind(kind).record, Some(file), EMPTY, Cause::Unreadable);
            self.facts.population_mut(kind).unreadable.push(node);
        }
    }

    fn group(&mut self, claim: &Claim, file: Option<FileId>, span: Span, path: &'a str, signed_path: &'a str) {
        let Some(row) = self.row("signature_group", file, span) else { return };
        let signer = claim.outcome.as_ref().ok();
        self.set(row, "path", |_| CellValue::Text(path));
        self.set(row, "signed_path", |_| CellValue::Text(signed_path));
        self.set(row, "aid", |this| this.aid(claim.aid.as_deref()));
        self.set(row, "verified", |_| CellValue::Bool(claim.verified()));
        self.set(row, "satisfied", |_| CellValue::Bool(signer.is_some_and(|signer| signer.satisfied)));
        self.set(row, "superseded", |_| signer.map_or(CellValue::Absent, |signer| CellValue::Bool(signer.superseded)));
        let none = std::collections::BTreeSet::new();
        self.set(row, "indices", |this| this.indices(signer.map_or(&none, |signer| &signer.indices), span));
        let established = claim.established.as_ref();
        self.set(row, "key_sn", |_| established.map_or(CellValue::Absent, |(sn, _)| number(*sn)));
        self.set(row, "key_said", |this| this.said(established.map(|(_, said)| said.as_str())));
        self.set(row, "why", |this| this.maybe_text(claim.why().as_deref()));
    }

    /// `signers` and `signed_fully` of the records of signed kinds.
    pub(super) fn record_signers(&mut self) {
        for (kind, node, file) in std::mem::take(&mut self.signed) {
            let (signers, fully) = self.signer_cells(Some(file));
            let type_id = self.schema.kind(kind).record;
            for (name, cell) in [("signers", signers), ("signed_fully", fully)] {
                let field = self.schema.struct_type(type_id).field(name);
                if let Some(slot) = field.and_then(|field| self.layout.slot(type_id, field)) {
                    self.facts.set(node, slot, cell);
                }
            }
        }
    }

    /// The cells `signers` and `signed_fully` of a file; `None`: it could not be read.
    pub(in crate::collect) fn signer_cells(&mut self, file: Option<FileId>) -> (Cell<'a>, Cell<'a>) {
        let unknown = |cause| (cell(CellValue::Unknown(cause), EMPTY), cell(CellValue::Unknown(cause), EMPTY));
        let Some(file) = file else { return unknown(Cause::Unreadable) };
        match self.signers.get(&file) {
            None if self.sidecars.iter().any(|sidecar| sidecar.signs == file) => unknown(Cause::NotDue),
            None if self.is_sidecar_listed(file) => unknown(Cause::Unreadable),
            None => unknown(Cause::Missing),
            Some(Signers::Unreadable) => unknown(Cause::Unreadable),
            Some(Signers::Known { aids, fully, superseded }) => {
                let fully = match (fully, superseded) {
                    (true, true) => CellValue::Unknown(Cause::Unproven),
                    (fully, _) => CellValue::Bool(*fully),
                };
                let signers = match superseded {
                    true => CellValue::Unknown(Cause::Unproven),
                    false => {
                        let cells: Vec<_> = aids.iter().map(|aid| cell(CellValue::Text(aid), EMPTY)).collect();
                        CellValue::List(self.facts.push_list(&cells))
                    }
                };
                (cell(signers, EMPTY), cell(fully, EMPTY))
            }
        }
    }

    /// Whether a manifest lists signatures of a file that are not there.
    fn is_sidecar_listed(&self, file: FileId) -> bool {
        let file = self.snapshot.file(file);
        let path = file.inner_path().strip_suffix(".json").map(|stem| format!("{stem}{ENDING}"));
        let manifest = self.snapshot.manifest(file.area);
        manifest.zip(path).is_some_and(|(manifest, path)| manifest.entry(&path).is_some())
    }
}

/// The groups of a file of detached signatures: groups and nothing else, not even a line feed.
fn read(bytes: &[u8]) -> Result<Vec<Attachment<'_>>, (usize, String)> {
    if bytes.ends_with(b"\n") {
        return Err((bytes.len() - 1, "a line feed ends the file; signatures are groups and nothing else".to_owned()));
    }
    cesr::read_attachments(bytes).map_err(|error| (error.offset(), error.to_string()))
}
