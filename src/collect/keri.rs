//! What streams and signatures prove, as facts.
//!
//! In: the streams that manifests list, those that a proposal names, and the signatures beside records
//! and manifests. Out: the populations `key_states`, `acdcs`, `exns`, `signature_groups` and
//! `keri_findings`, and the signers of every record. `keri` verifies; nothing is decided here.

mod credentials;
mod exchanges;
mod findings;
mod logs;
mod row;
mod sidecars;

use crate::bundle::place::{printable, printable_path};
use crate::bundle::signed;
use crate::bundle::{Area, Code, FileState, Problem};
use crate::facts::{Cause, CellValue, FileId};
use crate::keri::pool::{self, Chain, Detached, Question, Spot, Stream};
use crate::source::Span;

use super::{Collector, Keri};

pub(super) use sidecars::{Sidecar, Signers};

/// The kind under which manifests list streams.
const STREAM_KIND: &str = "cesr";

/// The facts that are filled here.
pub const KINDS: [&str; 5] = ["key_state", "acdc", "exn", "signature_group", "keri_finding"];

/// The streams that proposals name.
pub(super) struct Drafts {
    files: Vec<FileId>,
    /// Whether each that is named is there.
    whole: bool,
}

impl Drafts {
    pub(super) const NONE: Self = Self { files: Vec::new(), whole: true };
}

const EMPTY: Span = Span { start: 0, end: 0 };

impl<'s, 'a> Collector<'s, 'a> {
    /// Verifies the streams and fills every fact that rests on them.
    pub(super) fn keri(&mut self, keri: Option<&Keri<'_>>) {
        let Some(keri) = keri else {
            // Nobody asked: nothing is known, rather than nothing there.
            KINDS.iter().for_each(|kind| self.unknown_population(kind, Cause::NotDue));
            return;
        };
        let (streams, mut whole) = self.streams();
        let texts: Vec<&'a str> = self.sidecars.iter().map(|sidecar| self.signed_text(sidecar)).collect();
        let sidecars = std::mem::take(&mut self.sidecars);
        let detached: Vec<Detached<'_>> = sidecars
            .iter()
            .zip(&texts)
            .map(|(sidecar, text)| Detached { attachments: &sidecar.attachments, text })
            .collect();
        let drafts: Vec<Stream<'a>> = self.drafts.files.iter().filter_map(|id| self.stream(*id)).collect();
        let question = Question {
            streams: &streams,
            drafts: &drafts,
            detached: &detached,
            as_of: keri.as_of,
            schemas: keri.schemas,
            memory: keri.memory,
        };
        let pooled = pool::verify(&question);

        self.logs(&pooled.logs);
        self.credentials(&pooled.credentials);
        self.exchanges(&pooled.exchanges);
        self.signatures(&sidecars, &pooled.detached, &pooled.exchanges);
        self.findings(&pooled.findings);
        self.sidecars = sidecars;
        self.record_signers();

        let broken = |stream: &Stream<'_>| pooled.unreadable.contains(&stream.id);
        whole &= !streams.iter().any(broken);
        let drafted = self.drafts.whole && !drafts.iter().any(broken);
        let closed = self.is_closed();
        for (kind, known) in [
            ("key_state", whole),
            ("acdc", whole && drafted),
            ("exn", whole),
            ("signature_group", true),
            ("keri_finding", true),
        ] {
            if !known || !closed {
                self.unknown_population(kind, Cause::Unreadable);
            }
        }
    }

    /// Fills the facts of one chain.
    pub(super) fn chain_facts(&mut self, chain: &Chain) {
        self.logs(&chain.logs);
        self.credentials(&chain.credentials);
    }

    /// The listed streams that can be read, and whether that is all of them.
    fn streams(&self) -> (Vec<Stream<'a>>, bool) {
        let snapshot = self.snapshot;
        let mut streams = Vec::new();
        let mut whole = true;
        for area in [Area::Bundle, Area::Post] {
            let Some(manifest) = snapshot.manifest(area) else { continue };
            for entry in manifest.entries.iter().filter(|entry| entry.kind == STREAM_KIND) {
                let id = snapshot.find(&format!("{}/{}", area.folder(), entry.path));
                match id.and_then(|id| self.stream(id)) {
                    Some(stream) => streams.push(stream),
                    // A problem says so already.
                    None => whole = false,
                }
            }
        }
        streams.sort_by_key(|stream| stream.id);
        (streams, whole)
    }

    fn stream(&self, id: FileId) -> Option<Stream<'a>> {
        let file = self.snapshot.file(id);
        let bytes = file.bytes().filter(|_| file.state == FileState::Good)?;
        Some(Stream { id: id.0, bytes })
    }

    /// Finds the streams that proposals name; a stream of `decision/` that none names is no part of the case.
    pub(super) fn proposed_streams(&mut self) {
        let snapshot = self.snapshot;
        for (record, named) in std::mem::take(&mut self.proposed) {
            let name = match named.value {
                CellValue::Text(name) => name,
                _ => {
                    self.drafts.whole = false;
                    continue;
                }
            };
            let id = snapshot.find(name).filter(|id| snapshot.file(*id).area == Area::Decision);
            match id.filter(|id| snapshot.file(*id).state == FileState::Good) {
                Some(id) if !self.drafts.files.contains(&id) => self.drafts.files.push(id),
                Some(_) => {}
                None => {
                    self.drafts.whole = false;
                    let message = format!("`cesr_path` names `{}`, which is no file of `decision/`", printable(name));
                    self.problems.push(Problem {
                        code: Code::StreamMissing,
                        path: printable_path(&snapshot.file(record).path),
                        file: Some(record),
                        span: Some(named.span),
                        pointer: Some("/cesr_path".to_owned()),
                        message,
                        help: "put the stream of the proposal where the record says it is".to_owned(),
                    });
                }
            }
        }
        for (id, file) in snapshot.iter().filter(|(_, file)| file.area == Area::Decision) {
            let stream = file.path.ends_with(".cesr") && !file.path.ends_with(signed::ENDING);
            if stream && file.state == FileState::Good && !self.drafts.files.contains(&id) {
                self.problems.push(Problem {
                    code: Code::StreamUnnamed,
                    path: printable_path(&file.path),
                    file: Some(id),
                    span: None,
                    pointer: None,
                    message: "no proposal names this stream, so it is no part of the case".to_owned(),
                    help: "name it in the `cesr_path` of the proposal, or take it out".to_owned(),
                });
            }
        }
    }

    /// The file and the bytes of something found in a pool.
    fn place(&self, spot: Option<Spot>) -> (Option<FileId>, Span) {
        match spot {
            Some(spot) => {
                let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
                (Some(FileId(spot.stream)), Span { start: number(spot.start), end: number(spot.end) })
            }
            None => (None, EMPTY),
        }
    }

    /// The path of a file, as reports and as the records of its bundle name it.
    fn paths(&self, file: Option<FileId>) -> (&'a str, &'a str) {
        let snapshot = self.snapshot;
        file.map_or(("", ""), |file| (snapshot.file(file).path.as_str(), snapshot.file(file).inner_path()))
    }
}
