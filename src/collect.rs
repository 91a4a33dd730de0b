//! One case to facts.
//!
//! In: a [`Snapshot`], the schema and which fields are read, the trust file, and what was asked of the run.
//! Out: the [`Facts`] that rules read, and every [`Problem`] met on the way: each is also a fact (`file_checks`),
//! so nothing that was not read goes unnoticed. Streams and signatures are verified by `keri`, and only where a
//! rule reads what they prove.
//! This module must not know rules, the network or the clock.

mod chain;
mod derived;
mod keri;
mod records;
mod references;

use std::collections::BTreeMap;
use std::path::Path;

use bumpalo::Bump;

use crate::bundle::reader::{EventInstant, Reader};
use crate::bundle::{Area, Form, Problem, Snapshot};
use crate::facts::schema::{FactSchema, KindClass, KindId, StructId};
use crate::facts::table::Layout;
use crate::facts::{Cause, Cell, CellValue, Facts, FileId, NodeId};
use crate::keri::schema::Library;
use crate::keri::signature::Memory;
use crate::meter::{Work, during};
use crate::primitives::Instant;
use crate::source::Span;
use crate::trust::Trust;

use self::keri::{Drafts, Sidecar, Signers};

pub use self::chain::chain;
pub use self::keri::KINDS as KERI_KINDS;

/// With what streams and signatures are verified.
#[derive(Debug, Clone, Copy)]
pub struct Keri<'k> {
    /// The instant that is judged for.
    pub as_of: Instant,
    /// Official credential schemas, where they are at hand.
    pub schemas: Option<&'k Library>,
    /// Signatures that held in other cases of the same run.
    pub memory: Option<&'k Memory>,
}

/// What was asked of a run.
#[derive(Debug, Clone, Copy)]
pub struct RunFacts<'a> {
    /// The stage: `evidence`.
    pub stage: &'a str,
    /// The flow in force.
    pub flow: &'a str,
    /// The profile in force.
    pub profile: &'a str,
    /// With what streams and signatures are verified; none: no rule reads what they prove.
    pub keri: Option<Keri<'a>>,
}

/// Collects the facts of one case. `cases` is the folder of earlier cases, for references.
///
/// The problems are those of the snapshot and those found in records, in order of path.
pub fn collect<'a>(
    snapshot: &'a Snapshot,
    arena: &'a Bump,
    schema: &FactSchema,
    layout: &Layout,
    trust: &'a Trust,
    run: &RunFacts<'a>,
    cases: Option<&Path>,
) -> (Facts<'a>, Vec<Problem>) {
    let mut collector = Collector::new(snapshot, arena, schema, layout);
    collector.records();
    collector.sidecars();
    collector.proposed_streams();
    during(Work::Keri, || collector.keri(run.keri.as_ref()));
    collector.record_facts();
    collector.manifest();
    collector.run(run);
    collector.trust(trust);
    collector.references(cases);
    collector.file_checks();
    (collector.facts, collector.problems)
}

/// Every problem of a case: of its files, its manifests and its records.
pub fn problems(snapshot: &Snapshot, schema: &FactSchema) -> Vec<Problem> {
    let arena = Bump::new();
    // No field is stored; each is checked.
    let layout = Layout::new(schema, |_, _| false);
    let mut collector = Collector::new(snapshot, &arena, schema, &layout);
    collector.records();
    collector.sidecars();
    collector.proposed_streams();
    Problem::sort(&mut collector.problems);
    collector.problems
}

/// Facts in the making.
struct Collector<'s, 'a> {
    snapshot: &'a Snapshot,
    arena: &'a Bump,
    schema: &'s FactSchema,
    layout: &'s Layout,
    reader: Reader<'s>,
    facts: Facts<'a>,
    problems: Vec<Problem>,
    /// Header of every record, readable or not, in order of path.
    headers: Vec<Header<'a>>,
    /// Events, each with its file.
    events: Vec<(FileId, EventInstant<'a>)>,
    /// Files that may hold events and could not be read.
    silent: Vec<(Option<FileId>, Span)>,
    /// Records of signed kinds, to be given their signers.
    signed: Vec<(KindId, NodeId, FileId)>,
    /// Streams that case records name, each with the record that does.
    proposed: Vec<(FileId, Cell<'a>)>,
    /// Those of them that are there.
    drafts: Drafts,
    /// Files of detached signatures.
    sidecars: Vec<Sidecar<'a>>,
    /// Who signed a file, by what lies beside it.
    signers: BTreeMap<FileId, Signers<'a>>,
}

/// What every record says about itself.
struct Header<'a> {
    file: Option<FileId>,
    span: Span,
    path: &'a str,
    area: Area,
    digest_ok: bool,
    kind: Option<KindId>,
    /// The cells of [`HEADER`].
    cells: [Cell<'a>; HEADER.len()],
}

/// The fields of `schemas/record.json`.
const HEADER: [&str; 8] =
    ["kind", "id", "schema_version", "producer", "performed_by", "performed_at", "recorded_at", "subject_case"];

/// A kind, the type of its members, and the slots of some of its fields.
type Slots<const N: usize> = (KindId, StructId, [Option<u16>; N]);

impl<'s, 'a> Collector<'s, 'a> {
    fn new(snapshot: &'a Snapshot, arena: &'a Bump, schema: &'s FactSchema, layout: &'s Layout) -> Self {
        Self {
            snapshot,
            arena,
            schema,
            layout,
            reader: Reader::new(schema, layout),
            facts: Facts::new(schema),
            problems: snapshot.problems().to_vec(),
            headers: Vec::new(),
            events: Vec::new(),
            silent: Vec::new(),
            signed: Vec::new(),
            proposed: Vec::new(),
            drafts: Drafts::NONE,
            sidecars: Vec::new(),
            signers: BTreeMap::new(),
        }
    }

    /// Whether it is known what the sealed parts of the case do not hold.
    fn is_closed(&self) -> bool {
        let complete = |area| self.snapshot.manifest(area).is_some_and(|manifest| manifest.complete);
        complete(Area::Bundle) && (!self.snapshot.has_post() || complete(Area::Post))
    }

    /// Marks the populations whose members are not known as a whole.
    fn mark_unknown(&mut self) {
        let closed = self.is_closed();
        for (at, kind) in self.schema.kinds().iter().enumerate() {
            let unknown = match (kind.class, self.snapshot.form()) {
                (KindClass::Evidence, _) if !closed => Some(Cause::Unreadable),
                (KindClass::Case, Form::Bundle) => Some(Cause::NotDue),
                (KindClass::Evidence | KindClass::Case | KindClass::Derived | KindClass::Table, _) => None,
            };
            self.facts.population_mut(KindId(at as u32)).unknown = unknown;
        }
    }

    /// The slots of a derived fact; `None` if the schemas do not have it, so that no rule reads it.
    fn slots<const N: usize>(&self, kind: &str, fields: [&str; N]) -> Option<Slots<N>> {
        let id = self.schema.kind_named(kind)?;
        let record = self.schema.kind(id).record;
        let type_ = self.schema.struct_type(record);
        Some((id, record, fields.map(|name| type_.field(name).and_then(|field| self.layout.slot(record, field)))))
    }

    /// Adds one member of a derived fact.
    fn add<const N: usize>(&mut self, slots: &Slots<N>, file: Option<FileId>, span: Span, cells: [Cell<'a>; N]) {
        let node = self.node(slots, file, span, cells);
        self.facts.population_mut(slots.0).members.push(node);
    }

    fn node<const N: usize>(
        &mut self,
        slots: &Slots<N>,
        file: Option<FileId>,
        span: Span,
        cells: [Cell<'a>; N],
    ) -> NodeId {
        let node = self.facts.push_node(slots.1, self.layout.width(slots.1), file, span);
        for (slot, cell) in slots.2.iter().zip(cells) {
            if let Some(slot) = slot {
                self.facts.set(node, *slot, cell);
            }
        }
        node
    }

    /// Adds a member all of whose cells are unknown.
    fn unknown_node(&mut self, type_id: StructId, file: Option<FileId>, span: Span, cause: Cause) -> NodeId {
        let width = self.layout.width(type_id);
        let node = self.facts.push_node(type_id, width, file, span);
        for slot in 0..width {
            self.facts.set(node, slot, Cell { value: CellValue::Unknown(cause), span });
        }
        node
    }

    /// Says that the members of a derived fact are not known.
    fn unknown_population(&mut self, kind: &str, cause: Cause) {
        if let Some(kind) = self.schema.kind_named(kind) {
            self.facts.population_mut(kind).unknown = Some(cause);
        }
    }
}

fn cell(value: CellValue<'_>, span: Span) -> Cell<'_> {
    Cell { value, span }
}

fn text_or_absent<'a>(text: Option<&'a str>, span: Span) -> Cell<'a> {
    Cell { value: text.map_or(CellValue::Absent, CellValue::Text), span }
}
