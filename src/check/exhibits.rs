//! What a report shows beside its findings, read once the run is judged.
//!
//! In: the facts of a run, the bytes they were read from, the trust file. Out: [`Exhibits`]: who rests on whom, who did
//! what when, and what will be signed beside what the evidence proves. Rules have decided before; nothing here changes a
//! verdict, and a check that is only read as text does without.

mod chain;
mod signing;
mod steps;

use crate::bundle::json::{Numbers, Tree};
use crate::bundle::{Area, FileState, Form, Snapshot};
use crate::compile::program::Program;
use crate::facts::{Cause, Cell, CellValue, Facts, FileId, NodeId};
use crate::primitives::Instant;
use crate::proposal::{Act, Sources};
use crate::report::document::Exhibits;

pub(super) use chain::{Known, credentials};

/// Most characters of a value that are kept: the prescribed texts are shorter.
const VALUE_MAX: usize = 1_000;

/// What a run has read.
#[derive(Clone, Copy)]
pub(super) struct Read<'r, 'f> {
    /// The rule book, which says what is stored where.
    pub program: &'r Program,
    /// The facts.
    pub facts: &'r Facts<'f>,
    /// The bytes they come from.
    pub snapshot: &'r Snapshot,
}

/// What is shown of a case. Where no rule reads what streams prove (`keri`), none is verified for this either.
pub(super) fn of_case(read: Read<'_, '_>, sources: &Sources<'_>, keri: bool) -> Exhibits {
    let trust = sources.trust;
    let known = Known { root: &trust.root_aid, geda: Some(&trust.geda_aid), qvi: Some(&trust.qvi_aid) };
    let chain = credentials(read, &known);
    if read.snapshot.form() == Form::Bundle {
        return Exhibits { chain, steps: Vec::new(), proposal: None };
    }
    let flow = read.snapshot.manifest(Area::Bundle).and_then(|manifest| manifest.text("flow"));
    let act = flow.and_then(Act::of_flow);
    let signs = act.is_some();
    let act = match (act, keri) {
        (Some(act), true) => Ok(act),
        (Some(_), false) => Err("no rule of the rule book reads what streams prove"),
        (None, _) => Err("the flow of the case signs no event"),
    };
    Exhibits { chain, steps: steps::steps(read, signs), proposal: signing::proposal(&act, sources) }
}

impl<'f> Read<'_, 'f> {
    /// A field of an object, where a rule reads it.
    fn value(&self, node: NodeId, field: &str) -> Option<CellValue<'f>> {
        let type_id = self.facts.node(node).type_id;
        let at = self.program.schema.struct_type(type_id).field(field)?;
        Some(self.facts.cell(node, self.program.layout.slot(type_id, at)?).value)
    }

    fn text(&self, node: NodeId, field: &str) -> Option<&'f str> {
        match self.value(node, field)? {
            CellValue::Text(text) => Some(text),
            _ => None,
        }
    }

    fn instant(&self, node: NodeId, field: &str) -> Option<Instant> {
        match self.value(node, field)? {
            CellValue::Instant(instant) => Some(instant),
            _ => None,
        }
    }

    fn flag(&self, node: NodeId, field: &str) -> Option<bool> {
        match self.value(node, field)? {
            CellValue::Bool(flag) => Some(flag),
            _ => None,
        }
    }

    /// The objects of a list.
    fn records(&self, node: NodeId, field: &str) -> Vec<NodeId> {
        let Some(CellValue::List(list)) = self.value(node, field) else { return Vec::new() };
        let record = |cell: &Cell<'_>| match cell.value {
            CellValue::Record(node) => Some(node),
            _ => None,
        };
        self.facts.elements(list).iter().filter_map(record).collect()
    }

    /// Whether all signatures of a record hold; none where nobody looked.
    fn signed(&self, file: FileId) -> Option<bool> {
        let kind = self.program.schema.kind_named("record")?;
        let members = &self.facts.population(kind).members;
        let node = members.iter().copied().find(|node| self.facts.node(*node).file == Some(file))?;
        match self.value(node, "signed_fully")? {
            CellValue::Bool(signed) => Some(signed),
            CellValue::Unknown(Cause::NotDue) => None,
            // Without signatures that can be read it is not signed.
            _ => Some(false),
        }
    }
}

/// The case records that can be read, in order of path.
fn case_records(snapshot: &Snapshot) -> impl Iterator<Item = (FileId, &str, Tree<'_>)> {
    snapshot.iter().filter_map(|(id, file)| {
        let good = file.area == Area::Decision && file.state == FileState::Good && file.path.ends_with(".json");
        let bytes = file.bytes().filter(|_| good)?;
        Some((id, file.path.as_str(), Tree::parse(bytes, Numbers::Integers).ok()?))
    })
}

/// A text at a path of members.
fn text_at<'t>(tree: &'t Tree<'_>, steps: &[&str]) -> Option<&'t str> {
    steps.iter().try_fold(tree, |tree, step| tree.get(step)).and_then(Tree::text)
}

/// A value as it is kept: whole, unless nobody would read it.
fn kept(text: &str) -> String {
    match text.char_indices().nth(VALUE_MAX) {
        Some((end, _)) => format!("{}… ({} more characters)", &text[..end], text[end..].chars().count()),
        None => text.to_owned(),
    }
}
