//! The records of a case: evidence in `bundle/` and `post/`, case records in `decision/`.

use crate::bundle::json::Numbers;
use crate::bundle::manifest::{BODY_KIND as BODY, Entry, FILE_KINDS};
use crate::bundle::place::{printable, printable_path};
use crate::bundle::reader::{Input, Record, closest};
use crate::bundle::{Area, Code, FileState, Problem};
use crate::case;
use crate::facts::schema::{FieldOrigin, KindClass, KindId, Type};
use crate::facts::{Cause, Cell, CellValue, FileId, NodeId};
use crate::source::Span;

use super::{Collector, HEADER, Header, cell};

const EMPTY: Span = Span { start: 0, end: 0 };

impl<'s, 'a> Collector<'s, 'a> {
    /// Reads every record, and the populations of their kinds.
    pub(super) fn records(&mut self) {
        self.mark_unknown();
        for area in [Area::Bundle, Area::Decision, Area::Post] {
            match area {
                Area::Bundle | Area::Post => self.sealed(area),
                Area::Decision => self.decided(),
            }
        }
        self.duplicate_ids();
        self.event_facts();
    }

    /// The records that a manifest lists, in order of path.
    fn sealed(&mut self, area: Area) {
        let Some(manifest) = self.snapshot.manifest(area) else { return };
        let mut entries: Vec<(usize, &'a Entry)> = manifest.entries.iter().enumerate().collect();
        entries.sort_by(|a, b| a.1.path.cmp(&b.1.path));
        for (index, entry) in entries {
            let path: &'a str = self.arena.alloc_str(&format!("{}/{}", area.folder(), entry.path));
            let id = self.snapshot.find(path);
            let Some(kind) = self.evidence_kind(entry, index, path, manifest.file) else { continue };
            let place = id.map_or((manifest.file, entry.span), |id| (id, EMPTY));
            match id.filter(|id| self.snapshot.file(*id).state == FileState::Good) {
                Some(file) => self.record(file, path, area, kind),
                // Not there, or not as listed: a problem says so already.
                None => self.unreadable(place, path, area, &[kind], Some(kind)),
            }
        }
    }

    /// The record kind of an entry; `None` if it is no record, with a problem unless it need not be one.
    fn evidence_kind(&mut self, entry: &Entry, index: usize, path: &str, manifest: FileId) -> Option<KindId> {
        let shown = printable(&entry.kind);
        let (code, message, help) = match self.schema.kind_named(&entry.kind) {
            Some(kind) if self.schema.kind(kind).class == KindClass::Evidence => return Some(kind),
            Some(kind) => {
                let help = match self.schema.kind(kind).class {
                    KindClass::Case => "case records belong into `decision/`",
                    KindClass::Evidence | KindClass::Derived | KindClass::Table => {
                        "countersign computes it and never accepts it from a file"
                    }
                };
                (Code::KindRefused, format!("`{shown}` is no kind of evidence"), help.to_owned())
            }
            None if FILE_KINDS.contains(&entry.kind.as_str()) => return None,
            None => {
                let kinds = self.schema.kinds().iter().filter(|kind| kind.class == KindClass::Evidence);
                let help = match closest(&entry.kind, kinds.map(|kind| kind.name.as_str()).chain(FILE_KINDS)) {
                    Some(kind) => format!("did you mean `{kind}`?"),
                    None => "list it with one of the kinds of schemas/README.md".to_owned(),
                };
                (Code::UnknownKind, format!("`{shown}` is not a kind that is known here"), help)
            }
        };
        self.problems.push(Problem {
            code,
            path: printable_path(path),
            file: Some(manifest),
            span: Some(entry.span),
            pointer: Some(format!("/entries/{index}/kind")),
            message,
            help,
        });
        None
    }

    /// Case records: their kind is what they say, and they are chained by digest.
    fn decided(&mut self) {
        let sorted = case::sort_files(self.snapshot, self.schema);
        self.problems.extend(sorted.problems);
        let case_kinds: Vec<KindId> = (0..self.schema.kinds().len() as u32)
            .map(KindId)
            .filter(|kind| self.schema.kind(*kind).class == KindClass::Case)
            .collect();
        for file in sorted.unreadable {
            // Of which kind it is cannot be read: it may be one more of each.
            let path: &'a str = &self.snapshot.file(file).path;
            self.unreadable((file, EMPTY), path, Area::Decision, &case_kinds, None);
        }
        let mut links = Vec::new();
        for (file, kind) in sorted.records {
            let path: &'a str = &self.snapshot.file(file).path;
            self.record(file, path, Area::Decision, kind);
            links.extend(case::link(self.snapshot, file));
        }
        case::check_chain(self.snapshot, &links, &mut self.problems);
    }

    /// Reads a record that is as its manifest says.
    fn record(&mut self, file: FileId, path: &'a str, area: Area, kind: KindId) {
        // INVARIANT: callers pass files that were read.
        let bytes: &'a [u8] = self.snapshot.file(file).bytes().unwrap_or_default();
        let type_id = self.schema.kind(kind).record;
        let input = Input { file, path, bytes, type_id, numbers: Numbers::Integers };
        let record = match self.reader.read(&mut self.facts, self.arena, input) {
            Ok(record) => record,
            Err(problem) => {
                self.problems.push(*problem);
                self.unreadable((file, EMPTY), path, area, &[kind], Some(kind));
                return;
            }
        };
        let Record { node, fields, events, problems } = record;
        self.problems.extend(problems);
        let header = self.header_cells(kind, &fields);
        if let CellValue::Text(said) = header[0].value
            && said != self.schema.kind(kind).name
        {
            self.kind_mismatch(file, path, area, kind, said, header[0].span);
            return;
        }
        self.events.extend(events.into_iter().map(|event| (file, event)));
        self.derived_fields(kind, node, path, true, EMPTY);
        self.attach(kind, node, area, &fields, path, file);
        self.facts.population_mut(kind).members.push(node);
        if self.schema.kind(kind).signed {
            self.signed.push((kind, node, file));
        }
        if let Some(cell) = self.proposed_stream(kind, &fields) {
            self.proposed.push((file, cell));
        }
        let span = self.facts.node(node).span;
        self.headers.push(Header {
            file: Some(file),
            span,
            path,
            area,
            digest_ok: true,
            kind: Some(kind),
            cells: header,
        });
    }

    /// A record that says it is of another kind than listed: it may be one of either.
    fn kind_mismatch(&mut self, file: FileId, path: &'a str, area: Area, kind: KindId, said: &str, span: Span) {
        let listed = &self.schema.kind(kind).name;
        self.problems.push(Problem {
            code: Code::KindMismatch,
            path: printable_path(path),
            file: Some(file),
            span: Some(span),
            pointer: Some("/kind".to_owned()),
            message: format!(
                "the record says it is of kind `{}`, the manifest lists it as `{listed}`",
                printable(said)
            ),
            help: "list it under the kind it is of".to_owned(),
        });
        let mut kinds = vec![kind];
        let other = self.schema.kind_named(said);
        kinds.extend(other.filter(|other| self.schema.kind(*other).class == self.schema.kind(kind).class));
        self.unreadable((file, EMPTY), path, area, &kinds, None);
    }

    /// The stream that a case record names: what is proposed.
    fn proposed_stream(&self, kind: KindId, fields: &[Cell<'a>]) -> Option<Cell<'a>> {
        let of = self.schema.kind(kind);
        let field = self.schema.struct_type(of.record).field("cesr_path").filter(|_| of.class == KindClass::Case)?;
        fields.get(field as usize).copied()
    }

    fn header_cells(&self, kind: KindId, fields: &[Cell<'a>]) -> [Cell<'a>; HEADER.len()] {
        let type_ = self.schema.struct_type(self.schema.kind(kind).record);
        HEADER.map(|name| {
            let field = type_.field(name).and_then(|field| fields.get(field as usize));
            field.copied().unwrap_or(cell(CellValue::Absent, EMPTY))
        })
    }

    /// A record that may be one more member of these kinds.
    fn unreadable(&mut self, place: (FileId, Span), path: &'a str, area: Area, kinds: &[KindId], kind: Option<KindId>) {
        let (file, span) = place;
        for of in kinds {
            let node = self.unknown_node(self.schema.kind(*of).record, Some(file), span, Cause::Unreadable);
            self.derived_fields(*of, node, path, false, span);
            self.facts.population_mut(*of).unreadable.push(node);
        }
        self.silent.push((Some(file), span));
        let cells = [cell(CellValue::Unknown(Cause::Unreadable), span); HEADER.len()];
        self.headers.push(Header { file: Some(file), span, path, area, digest_ok: false, kind, cells });
    }

    /// Fills `path`, `digest_ok` and `clauses`.
    fn derived_fields(&mut self, kind: KindId, node: NodeId, path: &'a str, digest_ok: bool, span: Span) {
        let type_id = self.schema.kind(kind).record;
        for (index, field) in self.schema.struct_type(type_id).fields.iter().enumerate() {
            let Some(slot) = self.layout.slot(type_id, index as u16) else { continue };
            if field.origin != FieldOrigin::Derived {
                continue;
            }
            let value = match field.name.as_str() {
                "path" => CellValue::Text(path),
                "digest_ok" => CellValue::Bool(digest_ok),
                "clauses" => self.clauses(kind),
                // Signers are known once the signatures beside the record are verified.
                _ if digest_ok => CellValue::Unknown(Cause::NotDue),
                _ => CellValue::Unknown(Cause::Unreadable),
            };
            self.facts.set(node, slot, cell(value, span));
        }
    }

    pub(super) fn clauses(&mut self, kind: KindId) -> CellValue<'a> {
        let clauses = &self.schema.kind(kind).clauses;
        let cells: Vec<Cell<'a>> =
            clauses.iter().map(|clause| cell(CellValue::Text(self.arena.alloc_str(clause)), EMPTY)).collect();
        CellValue::List(self.facts.push_list(&cells))
    }

    /// Reads the bodies that a record names.
    fn attach(&mut self, kind: KindId, node: NodeId, area: Area, fields: &[Cell<'a>], path: &str, file: FileId) {
        let (type_id, attached) = (self.schema.kind(kind).record, &self.schema.kind(kind).attached);
        for attached in attached {
            let type_ = self.schema.struct_type(type_id);
            let (Type::Record(body_type), Some(from)) =
                (&type_.fields[attached.field as usize].shape.type_, fields.get(attached.from as usize))
            else {
                continue;
            };
            let value = match from.value {
                CellValue::Text(name) => {
                    let place =
                        Named { name, span: from.span, path, file, field: &type_.fields[attached.from as usize].name };
                    self.body(area, *body_type, &place)
                }
                CellValue::Absent => CellValue::Unknown(Cause::Missing),
                CellValue::Unknown(cause) => CellValue::Unknown(cause),
                CellValue::Malformed(_)
                | CellValue::Bool(_)
                | CellValue::Int(_)
                | CellValue::Instant(_)
                | CellValue::Date(_)
                | CellValue::Duration(_)
                | CellValue::Days(_)
                | CellValue::Threshold(_)
                | CellValue::List(_)
                | CellValue::Record(_) => CellValue::Unknown(Cause::Invalid),
            };
            if let Some(slot) = self.layout.slot(type_id, attached.field) {
                self.facts.set(node, slot, cell(value, from.span));
            }
        }
    }

    fn body(&mut self, area: Area, type_id: crate::facts::schema::StructId, named: &Named<'_>) -> CellValue<'a> {
        let shown = printable(named.name);
        let found = self.snapshot.find(&format!("{}/{}", area.folder(), named.name));
        let entry = found
            .and_then(|id| self.snapshot.entry(id))
            .or_else(|| self.snapshot.manifest(area).and_then(|manifest| manifest.entry(named.name)));
        let problem = match entry {
            None => Some((
                Code::BodyMissing,
                format!("`{}` names `{shown}`, which the manifest does not list", named.field),
            )),
            Some(entry) if entry.kind != BODY => {
                let listed = printable(&entry.kind);
                Some((
                    Code::BodyKind,
                    format!("`{}` names `{shown}`, which is listed as `{listed}`, not as `{BODY}`", named.field),
                ))
            }
            Some(_) => None,
        };
        if let Some((code, message)) = problem {
            self.problems.push(Problem {
                code,
                path: printable_path(named.path),
                file: Some(named.file),
                span: Some(named.span),
                pointer: Some(format!("/{}", named.field)),
                message,
                help: format!("add the body as received, as kind `{BODY}`"),
            });
            return CellValue::Unknown(Cause::Unreadable);
        }
        let good = found.filter(|id| self.snapshot.file(*id).state == FileState::Good);
        let Some(id) = good else {
            self.silent.push((Some(named.file), named.span));
            return CellValue::Unknown(Cause::Unreadable);
        };
        let body = self.snapshot.file(id);
        let input = Input {
            file: id,
            path: &body.path,
            bytes: body.bytes().unwrap_or_default(),
            type_id,
            numbers: Numbers::Text,
        };
        match self.reader.read(&mut self.facts, self.arena, input) {
            Ok(record) => {
                self.events.extend(record.events.into_iter().map(|event| (id, event)));
                self.problems.extend(record.problems);
                CellValue::Record(record.node)
            }
            Err(problem) => {
                self.silent.push((Some(id), EMPTY));
                self.problems.push(*problem);
                CellValue::Unknown(Cause::Unreadable)
            }
        }
    }

    /// An id stands for one record of the case.
    fn duplicate_ids(&mut self) {
        let mut seen: std::collections::BTreeMap<&str, &str> = std::collections::BTreeMap::new();
        let mut problems = Vec::new();
        for header in &self.headers {
            let CellValue::Text(id) = header.cells[1].value else { continue };
            match seen.get(id) {
                None => drop(seen.insert(id, header.path)),
                Some(other) => problems.push(Problem {
                    code: Code::DuplicateId,
                    path: printable_path(header.path),
                    file: header.file,
                    span: Some(header.cells[1].span),
                    pointer: Some("/id".to_owned()),
                    message: format!("the id `{}` is also that of `{}`", printable(id), printable(other)),
                    help: "give each record of the case an id of its own".to_owned(),
                }),
            }
        }
        self.problems.extend(problems);
    }

    /// The fact `records`.
    pub(super) fn record_facts(&mut self) {
        let names = [
            "kind",
            "id",
            "schema_version",
            "producer",
            "performed_by",
            "performed_at",
            "recorded_at",
            "subject_case",
            "path",
            "area",
            "digest_ok",
            "clauses",
            "signed",
            "signers",
            "signed_fully",
        ];
        let Some(slots) = self.slots("record", names) else { return };
        for header in std::mem::take(&mut self.headers) {
            let clauses = match (slots.2[11], header.kind) {
                (None, _) => CellValue::Absent,
                (Some(_), Some(kind)) => self.clauses(kind),
                (Some(_), None) => CellValue::Unknown(Cause::Unreadable),
            };
            let [kind, id, version, producer, by, performed, recorded, subject] = header.cells;
            // What an unreadable file is listed as is known.
            let kind = match (kind.value, header.kind) {
                (CellValue::Unknown(_), Some(listed)) => {
                    cell(CellValue::Text(self.arena.alloc_str(&self.schema.kind(listed).name)), kind.span)
                }
                _ => kind,
            };
            let own = |value| cell(value, EMPTY);
            let signed = match header.kind {
                Some(kind) => CellValue::Bool(self.schema.kind(kind).signed),
                None => CellValue::Unknown(Cause::Unreadable),
            };
            let (signers, signed_fully) = self.signer_cells(header.file.filter(|_| header.digest_ok));
            let cells = [
                kind,
                id,
                version,
                producer,
                by,
                performed,
                recorded,
                subject,
                own(CellValue::Text(header.path)),
                own(CellValue::Text(header.area.folder())),
                own(CellValue::Bool(header.digest_ok)),
                own(clauses),
                own(signed),
                signers,
                signed_fully,
            ];
            self.add(&slots, header.file, header.span, cells);
        }
        if !self.is_closed() {
            self.unknown_population("record", Cause::Unreadable);
        }
    }

    /// The fact `event_instants`.
    fn event_facts(&mut self) {
        let Some(slots) = self.slots("event_instant", ["path", "pointer", "at"]) else { return };
        for (file, event) in std::mem::take(&mut self.events) {
            let path: &'a str = &self.snapshot.file(file).path;
            let own = |text| cell(CellValue::Text(text), event.at.span);
            self.add(&slots, Some(file), event.at.span, [own(path), own(event.pointer), event.at]);
        }
        for (file, span) in std::mem::take(&mut self.silent) {
            let node = self.unknown_node(slots.1, file, span, Cause::Unreadable);
            self.facts.population_mut(slots.0).unreadable.push(node);
        }
        if !self.is_closed() {
            self.unknown_population("event_instant", Cause::Unreadable);
        }
    }
}

/// A file that a record names.
struct Named<'n> {
    name: &'n str,
    field: &'n str,
    span: Span,
    path: &'n str,
    file: FileId,
}
