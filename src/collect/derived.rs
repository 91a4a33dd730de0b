//! Facts about the case as a whole: manifest, files, run, trust.

use std::collections::BTreeSet;

use crate::bundle::manifest::Manifest;
use crate::bundle::{Area, FileState, Problem};
use crate::facts::{Cause, Cell, CellValue, Fault, FileId};
use crate::primitives::{Aid, Instant, Lei};
use crate::source::Span;
use crate::trust::Trust;

use super::{Collector, RunFacts, cell, text_or_absent};

const EMPTY: Span = Span { start: 0, end: 0 };

/// Whether it only follows from another problem, and what is told: path, file, place, cells.
type FileCheck<'a> = (bool, &'a str, Option<FileId>, Span, [Cell<'a>; 7]);

impl<'s, 'a> Collector<'s, 'a> {
    /// `manifest`, `bundle` and `listed_files`.
    pub(super) fn manifest(&mut self) {
        let snapshot = self.snapshot;
        match snapshot.manifest(Area::Bundle) {
            Some(manifest) => self.manifest_facts(manifest),
            None => {
                self.unknown_population("manifest", Cause::Unreadable);
                self.unknown_population("bundle", Cause::Unreadable);
            }
        }
        for area in [Area::Bundle, Area::Post] {
            if let Some(manifest) = snapshot.manifest(area) {
                self.listed_files(area, manifest);
            }
        }
        if !self.is_closed() {
            self.unknown_population("listed_file", Cause::Unreadable);
        }
    }

    fn manifest_facts(&mut self, manifest: &'a Manifest) {
        let names = [
            "bundle_id",
            "flow",
            "lei",
            "qvi_aid",
            "policy_profile",
            "created_at",
            "sealed_by",
            "retention_until",
            "prior_manifest_sha256",
            "signers",
            "signed_fully",
        ];
        if let Some(slots) = self.slots("manifest", names) {
            let (signers, signed_fully) = self.signer_cells(Some(manifest.file));
            let cells = names.map(|name| match name {
                "signers" => signers,
                "signed_fully" => signed_fully,
                _ => self.top_field(manifest, name),
            });
            self.add(&slots, Some(manifest.file), EMPTY, cells);
        }
        if let Some(slots) = self.slots("bundle", ["digest", "files"]) {
            let digest = self.arena.alloc_str(&manifest.digest.to_string());
            let files = CellValue::Int(manifest.entries.len() as i64);
            self.add(&slots, Some(manifest.file), EMPTY, [cell(CellValue::Text(digest), EMPTY), cell(files, EMPTY)]);
        }
    }

    /// A text at the top of the manifest, as its fact is typed.
    fn top_field(&self, manifest: &'a Manifest, name: &str) -> Cell<'a> {
        let Some(field) = manifest.top.iter().find(|field| field.name == name) else {
            // A member that is there and not as it should be is a problem, and its value unknown.
            let pointer = format!("/{name}");
            let of_field = |problem: &&Problem| {
                problem.file == Some(manifest.file) && problem.pointer.as_deref() == Some(pointer.as_str())
            };
            return match self.problems.iter().find(of_field) {
                Some(problem) => self.refused_top_field(manifest, name, problem.span.unwrap_or_default()),
                None => cell(CellValue::Absent, EMPTY),
            };
        };
        let Some(text) = field.value.as_deref() else { return cell(CellValue::Absent, field.span) };
        let value = match name {
            "lei" if text.parse::<Lei>().is_err() => CellValue::Malformed(text),
            "qvi_aid" if text.parse::<Aid>().is_err() => CellValue::Malformed(text),
            "created_at" | "retention_until" => instant(text),
            _ => CellValue::Text(text),
        };
        cell(value, field.span)
    }

    /// A LEI or AID that is no such thing is malformed, as in any record; everything else is unknown.
    fn refused_top_field(&self, manifest: &'a Manifest, name: &str, span: Span) -> Cell<'a> {
        let written = self.snapshot.file(manifest.file).bytes().and_then(|bytes| {
            let token = bytes.get(span.start as usize..span.end as usize)?;
            let token = std::str::from_utf8(token).ok()?;
            token.strip_prefix('"')?.strip_suffix('"').filter(|text| !text.contains('\\'))
        });
        match (name, written) {
            ("lei" | "qvi_aid", Some(text)) => cell(CellValue::Malformed(text), span),
            _ => cell(CellValue::Unknown(Cause::Invalid), span),
        }
    }

    fn listed_files(&mut self, area: Area, manifest: &'a Manifest) {
        let names =
            ["path", "kind", "sha256", "size", "media_type", "source", "captured_at", "captured_by", "digest_ok"];
        let Some(slots) = self.slots("listed_file", names) else { return };
        for entry in &manifest.entries {
            let path = format!("{}/{}", area.folder(), entry.path);
            let good = self.snapshot.find(&path).is_some_and(|id| self.snapshot.file(id).state == FileState::Good);
            let own = |value| cell(value, entry.span);
            let claimed = |text: &'a Option<String>| match text {
                Some(text) => CellValue::Text(text),
                None => CellValue::Unknown(Cause::Invalid),
            };
            let cells = [
                // As the manifest and the records of its bundle name it.
                own(CellValue::Text(&entry.path)),
                own(CellValue::Text(&entry.kind)),
                own(CellValue::Text(self.arena.alloc_str(&entry.sha256.to_string()))),
                own(i64::try_from(entry.size).map_or(CellValue::Unknown(Cause::Overflow), CellValue::Int)),
                own(claimed(&entry.media_type)),
                own(claimed(&entry.source)),
                own(entry.captured_at.as_deref().map_or(CellValue::Absent, instant)),
                text_or_absent(entry.captured_by.as_deref(), entry.span),
                own(CellValue::Bool(good)),
            ];
            self.add(&slots, Some(manifest.file), entry.span, cells);
        }
    }

    /// `run`.
    pub(super) fn run(&mut self, run: &RunFacts<'a>) {
        if let Some(slots) = self.slots("run", ["stage", "flow", "profile"]) {
            let cells = [run.stage, run.flow, run.profile].map(|text| cell(CellValue::Text(text), EMPTY));
            self.add(&slots, None, EMPTY, cells);
        }
    }

    /// `trust`.
    pub(super) fn trust(&mut self, trust: &'a Trust) {
        let names = ["root_aid", "geda_aid", "qvi_aid", "officers", "officer_threshold", "reporting_agents"];
        let Some(slots) = self.slots("trust", names) else { return };
        let mut list = |aids: &'a [Aid]| {
            let cells: Vec<_> = aids.iter().map(|aid| cell(CellValue::Text(aid.as_str()), EMPTY)).collect();
            CellValue::List(self.facts.push_list(&cells))
        };
        let (officers, agents) = (list(&trust.officers.aids), list(&trust.reporting_agents));
        let cells = [
            CellValue::Text(trust.root_aid.as_str()),
            CellValue::Text(trust.geda_aid.as_str()),
            CellValue::Text(trust.qvi_aid.as_str()),
            officers,
            CellValue::Threshold(&trust.officers.threshold),
            agents,
        ];
        self.add(&slots, None, EMPTY, cells.map(|value| cell(value, EMPTY)));
    }

    /// `file_checks`: one for every file that is as it should be, and one for every problem.
    pub(super) fn file_checks(&mut self) {
        Problem::sort(&mut self.problems);
        let names = ["path", "kind", "ok", "code", "rule", "message", "help"];
        let Some(slots) = self.slots("file_check", names) else { return };
        // The path of a problem is that of the file which has it; where a manifest lists what is not
        // there, the manifest itself is as it should be.
        let bad: BTreeSet<FileId> =
            self.problems.iter().filter_map(|problem| self.snapshot.find(&problem.path)).collect();
        let mut rows: Vec<FileCheck<'a>> = Vec::new();
        for problem in &self.problems {
            if let Some(file) = problem.file.filter(|_| !problem.code.follows()) {
                self.facts.blame(file, Fault::Bytes);
            }
            let span = problem.span.unwrap_or_default();
            let own = |value| cell(value, span);
            let text = |text: &str| CellValue::Text(self.arena.alloc_str(text));
            let path: &'a str = self.arena.alloc_str(&problem.path);
            let kind = self.snapshot.find(&problem.path).and_then(|id| self.snapshot.entry(id));
            let cells = [
                own(CellValue::Text(path)),
                text_or_absent(kind.map(|entry| entry.kind.as_str()), span),
                own(CellValue::Bool(false)),
                own(CellValue::Text(problem.code.as_str())),
                own(CellValue::Text(problem.code.rule().as_str())),
                own(text(&problem.message)),
                own(text(&problem.help)),
            ];
            rows.push((problem.code.follows(), path, problem.file, span, cells));
        }
        for (id, file) in self.snapshot.iter() {
            if file.state != FileState::Good || bad.contains(&id) {
                continue;
            }
            let path: &'a str = &file.path;
            let own = |value| cell(value, EMPTY);
            let cells = [
                own(CellValue::Text(path)),
                text_or_absent(self.snapshot.entry(id).map(|entry| entry.kind.as_str()), EMPTY),
                own(CellValue::Bool(true)),
                own(CellValue::Absent),
                own(CellValue::Text("GATE-5")),
                own(CellValue::Absent),
                own(CellValue::Absent),
            ];
            rows.push((false, path, Some(id), EMPTY, cells));
        }
        // As problems are ordered: what can follow from another stands last.
        rows.sort_by_key(|row| (row.0, row.1));
        for (_, _, file, span, cells) in rows {
            self.add(&slots, file, span, cells);
        }
    }
}

fn instant(text: &str) -> CellValue<'_> {
    text.parse::<Instant>().map_or(CellValue::Unknown(Cause::Invalid), CellValue::Instant)
}
