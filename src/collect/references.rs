//! Evidence taken over from earlier cases.
//!
//! A manifest's reference names a bundle by digest and a file in it by path and digest. It is resolved in
//! a folder of cases: the digest decides, not a folder's name.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bumpalo::Bump;

use crate::bundle::manifest::Reference;
use crate::bundle::{Area, FileState, Limits, Snapshot};
use crate::facts::schema::FactSchema;
use crate::facts::table::Layout;
use crate::facts::{Cause, Cell, CellValue, Facts};
use crate::primitives::Sha256;
use crate::source::Span;

use super::{Collector, cell};

/// Most folders looked at in the folder of cases.
const CASES_MAX: usize = 10_000;

const EMPTY: Span = Span { start: 0, end: 0 };

impl<'s, 'a> Collector<'s, 'a> {
    /// `references`.
    pub(super) fn references(&mut self, cases: Option<&Path>) {
        let names = ["bundle_digest", "path", "sha256", "as", "resolved", "lei", "qvi_aid", "le_aid", "lar_aids"];
        let Some(slots) = self.slots("reference", names) else { return };
        let Some(manifest) = self.snapshot.manifest(Area::Bundle) else {
            self.unknown_population("reference", Cause::Unreadable);
            return;
        };
        if manifest.references.is_empty() {
            return;
        }
        let (bundles, absent) = match cases.map(bundles_in).transpose() {
            Ok(bundles) => (bundles.unwrap_or_default(), Cause::Missing),
            Err(cause) => (BTreeMap::new(), cause),
        };
        let mut read: BTreeMap<Sha256, Option<Earlier<'a>>> = BTreeMap::new();
        for reference in &manifest.references {
            let earlier = read.entry(reference.bundle_digest).or_insert_with(|| {
                let path = bundles.get(&reference.bundle_digest)?;
                Earlier::read(path, reference.bundle_digest, self.schema, self.arena)
            });
            let own = |value| cell(value, reference.span);
            let text = |text: &str| CellValue::Text(self.arena.alloc_str(text));
            let resolved = match earlier {
                None => CellValue::Unknown(absent),
                Some(earlier) => CellValue::Bool(earlier.holds(reference)),
            };
            let [lei, qvi_aid, le_aid] = match earlier {
                None => [CellValue::Unknown(absent); 3],
                Some(earlier) => [earlier.lei, earlier.qvi_aid, earlier.le_aid],
            };
            let lar_aids = match earlier.as_ref().map(|earlier| &earlier.lar_aids) {
                Some(Ok(aids)) => CellValue::List(self.facts.push_list(aids)),
                Some(Err(cause)) => CellValue::Unknown(*cause),
                None => CellValue::Unknown(absent),
            };
            let cells = [
                own(text(&reference.bundle_digest.to_string())),
                own(text(&reference.path)),
                own(text(&reference.sha256.to_string())),
                own(text(&reference.stands_for)),
                own(resolved),
                own(lei),
                own(qvi_aid),
                own(le_aid),
                own(lar_aids),
            ];
            self.add(&slots, Some(manifest.file), reference.span, cells);
        }
    }
}

/// An earlier case, as far as references need it.
struct Earlier<'a> {
    /// Files as sealed, by path in the bundle.
    files: BTreeMap<String, Sha256>,
    lei: CellValue<'a>,
    qvi_aid: CellValue<'a>,
    le_aid: CellValue<'a>,
    lar_aids: Result<Vec<Cell<'a>>, Cause>,
}

impl<'a> Earlier<'a> {
    /// Reads a case whose manifest had this digest; `None` if it has another by now.
    fn read(path: &Path, digest: Sha256, schema: &FactSchema, arena: &'a Bump) -> Option<Self> {
        let snapshot = Snapshot::read(path, &Limits::STANDARD).ok()?;
        if snapshot.digest() != Some(digest) {
            return None;
        }
        let manifest = snapshot.manifest(Area::Bundle)?;
        let good = snapshot.iter().filter(|(_, file)| file.area == Area::Bundle && file.state == FileState::Good);
        let files = good.filter_map(|(_, file)| Some((file.inner_path().to_owned(), file.sha256()?))).collect();
        let top = |name: &str, well_formed: fn(&str) -> bool| match manifest.text(name) {
            None => CellValue::Unknown(Cause::Missing),
            Some(text) if well_formed(text) => CellValue::Text(arena.alloc_str(text)),
            Some(text) => CellValue::Malformed(arena.alloc_str(text)),
        };
        let lei = top("lei", |text| text.parse::<crate::primitives::Lei>().is_ok());
        let qvi_aid = top("qvi_aid", crate::primitives::Aid::is_well_formed);
        let inner = Bump::new();
        let layout = Layout::full(schema);
        let mut collector = Collector::new(&snapshot, &inner, schema, &layout);
        collector.records();
        let facts = &collector.facts;
        let le_aid = one_value(schema, &layout, facts, "issuance-request", "le_aid", arena);
        let lar_aids = lar_aids(schema, &layout, facts, arena);
        Some(Self { files, lei, qvi_aid, le_aid, lar_aids })
    }

    fn holds(&self, reference: &Reference) -> bool {
        self.files.get(&reference.path) == Some(&reference.sha256)
    }
}

/// A field of the one record of a kind.
fn one_value<'a>(
    schema: &FactSchema,
    layout: &Layout,
    facts: &Facts<'_>,
    kind: &str,
    field: &str,
    arena: &'a Bump,
) -> CellValue<'a> {
    match the_one(schema, layout, facts, kind, field) {
        Ok(CellValue::Text(text)) => CellValue::Text(arena.alloc_str(text)),
        Ok(CellValue::Malformed(text)) => CellValue::Malformed(arena.alloc_str(text)),
        Ok(_) => CellValue::Unknown(Cause::Invalid),
        Err(cause) => CellValue::Unknown(cause),
    }
}

fn the_one<'f>(
    schema: &FactSchema,
    layout: &Layout,
    facts: &Facts<'f>,
    kind: &str,
    field: &str,
) -> Result<CellValue<'f>, Cause> {
    let kind = schema.kind_named(kind).ok_or(Cause::Missing)?;
    let population = facts.population(kind);
    if let Some(cause) = population.unknown {
        return Err(cause);
    }
    let node = match (population.members.as_slice(), population.unreadable.is_empty()) {
        ([node], true) => *node,
        ([], true) => return Err(Cause::Missing),
        (_, true) => return Err(Cause::Several),
        (_, false) => return Err(Cause::Unreadable),
    };
    let record = schema.kind(kind).record;
    let slot = schema.struct_type(record).field(field).and_then(|field| layout.slot(record, field));
    match slot.map(|slot| facts.cell(node, slot).value) {
        Some(CellValue::Unknown(cause)) => Err(cause),
        Some(CellValue::Absent) | None => Err(Cause::Missing),
        Some(value) => Ok(value),
    }
}

/// The AIDs of the LARs that the earlier case designated.
fn lar_aids<'a>(
    schema: &FactSchema,
    layout: &Layout,
    facts: &Facts<'_>,
    arena: &'a Bump,
) -> Result<Vec<Cell<'a>>, Cause> {
    let CellValue::List(list) = the_one(schema, layout, facts, "lar-designation", "lars")? else {
        return Err(Cause::Invalid);
    };
    let mut aids = Vec::new();
    for lar in facts.elements(list) {
        let CellValue::Record(node) = lar.value else { return Err(Cause::Invalid) };
        let type_id = facts.node(node).type_id;
        let slot = schema.struct_type(type_id).field("aid").and_then(|field| layout.slot(type_id, field));
        match slot.map(|slot| facts.cell(node, slot).value) {
            Some(CellValue::Text(aid)) => aids.push(cell(CellValue::Text(arena.alloc_str(aid)), EMPTY)),
            Some(CellValue::Malformed(aid)) => aids.push(cell(CellValue::Malformed(arena.alloc_str(aid)), EMPTY)),
            // A LAR without an AID: the list is not known as a whole.
            _ => return Err(Cause::Missing),
        }
    }
    Ok(aids)
}

/// The bundles of a folder of cases, by the digest of their manifest; or why none of them is known: which ones the
/// first so many of a larger folder are is for its file system to say.
fn bundles_in(cases: &Path) -> Result<BTreeMap<Sha256, PathBuf>, Cause> {
    let entries = fs::read_dir(cases).and_then(|entries| {
        entries.take(CASES_MAX + 1).map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<_>>()
    });
    let mut folders: Vec<PathBuf> = entries.map_err(|_| Cause::Unreadable)?;
    if folders.len() > CASES_MAX {
        return Err(Cause::Overflow);
    }
    folders.sort();
    let digest = |folder: &Path| {
        let manifests = ["bundle/manifest.json", "manifest.json"].map(|name| folder.join(name));
        let path = manifests.into_iter().find(|path| fs::symlink_metadata(path).is_ok_and(|found| found.is_file()))?;
        let size = fs::symlink_metadata(&path).ok()?.len();
        (size <= Limits::STANDARD.json_bytes).then(|| fs::read(&path).ok()).flatten().map(|bytes| Sha256::of(&bytes))
    };
    // The first of two equal bundles, by name: they hold the same.
    Ok(folders.into_iter().rev().filter_map(|folder| Some((digest(&folder)?, folder))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_more_cases_than_are_looked_at_tells_of_none() {
        let folder = tempfile::tempdir().unwrap();
        let case = |at: usize| fs::write(folder.path().join(format!("{at}")), "").unwrap();
        (1..CASES_MAX).for_each(case);
        let bundle = folder.path().join("last/bundle");
        fs::create_dir_all(&bundle).unwrap();
        fs::write(bundle.join("manifest.json"), "{}").unwrap();
        let found = bundles_in(folder.path()).unwrap();
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [(Sha256::of(b"{}"), folder.path().join("last"))]);
        case(0);
        assert_eq!(bundles_in(folder.path()), Err(Cause::Overflow));
        assert_eq!(bundles_in(&folder.path().join("none")), Err(Cause::Unreadable));
    }
}
