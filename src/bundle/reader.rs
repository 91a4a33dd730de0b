//! Records to cells: one pass that checks every field and stores those that a rule reads.
//!
//! In: the bytes of a record, and its type. Out: a node of the fact table. A field that violates its schema
//! is unknown and a [`Problem`]; the others stay readable. A file that is not strict JSON gives no
//! field at all.
//! Which file is of which kind, and what the facts mean, is not known here.

mod scalar;

use std::borrow::Cow;

use bumpalo::Bump;

use crate::bundle::manifest::is_naive;
use crate::facts::schema::{FactSchema, Field, FieldOrigin, InstantRole, Shape, StructId, StructType, Type, Variants};
use crate::facts::table::Layout;
use crate::facts::{Cause, Cell, CellValue, Facts, FileId, NodeId};
use crate::source::Span;

use super::json::pointer::{Step, join};
use super::json::{JsonError, JsonErrorKind, Kind, Numbers, Object, Read, Scanner, duplicate_key};
use super::place::{printable, printable_path};
use super::problem::{Code, Problem};

/// Most problems shown of one file: a reader mends the first hundred and runs again.
const PROBLEMS_MAX: usize = 100;

/// Room for the steps to a field, before it must grow.
const DEPTH_USUAL: usize = 8;

/// Reads records against a schema.
#[derive(Debug)]
pub struct Reader<'s> {
    schema: &'s FactSchema,
    layout: &'s Layout,
    /// Whether instants are noted for the fact `event_instants`.
    notes_events: bool,
}

/// A file to read.
#[derive(Debug, Clone, Copy)]
pub struct Input<'i, 'a> {
    /// Its id in the snapshot.
    pub file: FileId,
    /// Its path, for problems.
    pub path: &'i str,
    /// All of it.
    pub bytes: &'a [u8],
    /// The type of the object it holds.
    pub type_id: StructId,
    /// Which numbers it may hold.
    pub numbers: Numbers,
}

/// What a file gave.
#[derive(Debug)]
pub struct Record<'a> {
    /// The object.
    pub node: NodeId,
    /// Its fields, whether stored or not: what is not an object or a list has its value.
    pub fields: Vec<Cell<'a>>,
    /// The instants in it that tell of something that happened.
    pub events: Vec<EventInstant<'a>>,
    /// What violates the schema.
    pub problems: Vec<Problem>,
}

/// An instant that tells of something that happened.
#[derive(Debug, Clone, Copy)]
pub struct EventInstant<'a> {
    /// JSON pointer.
    pub pointer: &'a str,
    /// The instant, or unknown if it is not well-formed.
    pub at: Cell<'a>,
}

impl<'s> Reader<'s> {
    /// A reader that stores what the layout says.
    pub fn new(schema: &'s FactSchema, layout: &'s Layout) -> Self {
        let events = schema.kind_named("event_instant").map(|kind| schema.kind(kind).record);
        let notes_events = events.is_some_and(|events| layout.width(events) > 0);
        Self { schema, layout, notes_events }
    }

    /// Reads one file into the fact table.
    ///
    /// # Errors
    /// The problem with a file that is not strict JSON, or no object: it gives no field.
    pub fn read<'a>(
        &self,
        facts: &mut Facts<'a>,
        arena: &'a Bump,
        input: Input<'_, 'a>,
    ) -> Result<Record<'a>, Box<Problem>> {
        let not_json = |error: &JsonError| Box::new(json_problem(error, input.path, input.file));
        let mut scanner = Scanner::new(input.bytes, input.numbers).map_err(|error| not_json(&error))?;
        match scanner.peek() {
            Err(error) => return Err(not_json(&error)),
            Ok(Kind::Object) => {}
            Ok(kind @ (Kind::Array | Kind::String | Kind::Number | Kind::Bool | Kind::Null)) => {
                let span = scanner.skip().map_err(|error| not_json(&error))?;
                return Err(Box::new(Problem {
                    code: Code::NotAnObject,
                    path: printable_path(input.path),
                    file: Some(input.file),
                    span: Some(span),
                    pointer: Some(String::new()),
                    message: format!("the file holds {}, not an object", kind.describe()),
                    help: "one file holds one record".to_owned(),
                }));
            }
        }
        facts.expect(input.bytes.len());
        let mut pass = Pass {
            reader: self,
            facts,
            arena,
            file: input.file,
            path: input.path,
            steps: Vec::with_capacity(DEPTH_USUAL),
            present: Vec::with_capacity(DEPTH_USUAL * DEPTH_USUAL),
            elements: Vec::new(),
            fields: vec![ABSENT; self.schema.struct_type(input.type_id).fields.len()],
            events: Vec::new(),
            problems: Vec::new(),
            further: 0,
        };
        let mut whole = ABSENT;
        let read = pass.object(&mut scanner, input.type_id, true, &mut whole).and_then(|()| scanner.end());
        read.map_err(|error| not_json(&error))?;
        let span = whole.span;
        if pass.further > 0 {
            let message = format!("{} further problems in this file are not shown", pass.further);
            pass.further = 0;
            pass.problems.push(Problem {
                code: Code::FurtherProblems,
                path: printable_path(input.path),
                file: Some(input.file),
                span: Some(span),
                pointer: None,
                message,
                help: "mend those that are shown, and run again".to_owned(),
            });
        }
        let node = match whole.value {
            CellValue::Record(node) => node,
            _ => pass.facts.push_node(input.type_id, 0, Some(input.file), span),
        };
        Ok(Record { node, fields: pass.fields, events: pass.events, problems: pass.problems })
    }
}

const ABSENT: Cell<'static> = Cell { value: CellValue::Absent, span: Span { start: 0, end: 0 } };

/// One reading of one file.
struct Pass<'r, 's, 'i, 'a> {
    reader: &'r Reader<'s>,
    facts: &'r mut Facts<'a>,
    arena: &'a Bump,
    file: FileId,
    path: &'i str,
    /// Where in the document the pass is.
    steps: Vec<Step<&'s str>>,
    /// Per open object, per field: whether it is there.
    present: Vec<bool>,
    /// Elements of the lists that are open.
    elements: Vec<Cell<'a>>,
    /// The fields of the outermost object.
    fields: Vec<Cell<'a>>,
    events: Vec<EventInstant<'a>>,
    problems: Vec<Problem>,
    /// Problems beyond [`PROBLEMS_MAX`].
    further: usize,
}

impl<'s, 'a> Pass<'_, 's, '_, 'a> {
    /// Reads an object. `store`: whether it becomes a node.
    fn object(&mut self, scanner: &mut Scanner<'a>, id: StructId, store: bool, into: &mut Cell<'a>) -> Read<()> {
        let (schema, layout): (&'s FactSchema, &'s Layout) = (self.reader.schema, self.reader.layout);
        let (type_, slots) = (schema.struct_type(id), layout.slots(id));
        let slot_of = |index: usize| slots.get(index).copied().flatten();
        let node = store.then(|| self.facts.push_node(id, layout.width(id), Some(self.file), Span::default()));
        let outermost = self.steps.is_empty();
        let first = self.present.len();
        self.present.resize(first + type_.fields.len(), false);
        let mut tag: Option<&'a str> = None;
        let mut members = scanner.begin_object()?;
        // Producers write the members of an object in one order, which is mostly that of the schema.
        let (mut likely, mut found) = (0, 0);
        let mut cell = ABSENT;
        loop {
            let next = type_.fields.get(likely).filter(|field| field.origin == FieldOrigin::Member);
            let (index, key_span) = match next.and_then(|field| scanner.key_if(&mut members, &field.name)) {
                Some(span) => (likely, span),
                None => match self.other_member(scanner, type_, &mut members)? {
                    Some(member) => member,
                    None => break,
                },
            };
            likely = index + 1;
            if std::mem::replace(&mut self.present[first + index], true) {
                return Err(duplicate_key(&type_.fields[index].name, key_span));
            }
            found += 1;
            let field = &type_.fields[index];
            let slot = slot_of(index);
            self.steps.push(Step::Key(&field.name));
            self.value(scanner, &field.shape, field, slot.is_some(), &mut cell)?;
            self.steps.pop();
            if let (Some(variants), CellValue::Text(text)) = (&type_.variants, &cell.value)
                && variants.tag as usize == index
            {
                tag = Some(text);
            }
            self.put(node, slot, index, outermost, &cell);
        }
        let span = scanner.end_object(members);
        if found < type_.fields.len() {
            self.absent_members(type_, first, span, |pass, index| {
                let cell = Cell { value: CellValue::Unknown(Cause::Missing), span: Span::default() };
                pass.put(node, slot_of(index), index, outermost, &cell);
            });
        }
        if let (Some(variants), Some(tag)) = (&type_.variants, tag) {
            self.check_variant(type_, variants, tag, first, span, |pass, index, cause| {
                let cell = Cell { value: CellValue::Unknown(cause), span: Span::default() };
                pass.put(node, slot_of(index), index, outermost, &cell);
            });
        }
        self.present.truncate(first);
        into.span = span;
        into.value = CellValue::Absent;
        if let Some(node) = node {
            self.facts.set_span(node, span);
            into.value = CellValue::Record(node);
        }
        Ok(())
    }

    /// The next member that is a field, whichever it is; none where the object is closed. Others are passed on the way.
    #[inline(never)]
    fn other_member(
        &mut self,
        scanner: &mut Scanner<'a>,
        type_: &StructType,
        members: &mut Object<'a>,
    ) -> Read<Option<(usize, Span)>> {
        while let Some((key, span)) = scanner.key(members)? {
            if let Some(index) = type_.member(&key) {
                return Ok(Some((index, span)));
            }
            if type_.closed {
                self.unknown_member(type_, &key, span);
            }
            scanner.remember_key(members, key, span)?;
            scanner.skip()?;
        }
        Ok(None)
    }

    /// Reports the fields that must be there and are not.
    #[inline(never)]
    fn absent_members(
        &mut self,
        type_: &StructType,
        first: usize,
        span: Span,
        mut give_up: impl FnMut(&mut Self, usize),
    ) {
        for (index, field) in type_.fields.iter().enumerate() {
            if !self.present[first + index] && field.required && field.origin == FieldOrigin::Member {
                self.missing(field, span);
                give_up(self, index);
            }
        }
    }

    #[inline]
    fn put(&mut self, node: Option<NodeId>, slot: Option<u16>, index: usize, outermost: bool, cell: &Cell<'a>) {
        if let (Some(node), Some(slot)) = (node, slot) {
            self.facts.set(node, slot, *cell);
        }
        if outermost {
            self.fields[index] = *cell;
        }
    }

    /// A tagged object has the fields of its tag and no others.
    #[inline(never)]
    fn check_variant(
        &mut self,
        type_: &StructType,
        variants: &Variants,
        tag: &str,
        first: usize,
        span: Span,
        mut give_up: impl FnMut(&mut Self, usize, Cause),
    ) {
        let Some((_, own)) = variants.by_tag.iter().find(|(name, _)| name == tag) else { return };
        for (index, field) in type_.fields.iter().enumerate() {
            let at = index as u16;
            let present = self.present[first + index];
            if variants.common.contains(&at) {
                continue;
            }
            let belongs = own.contains(&at);
            if present && !belongs {
                let message = format!(
                    "an object with `{}` `{tag}` has no `{}`",
                    type_.fields[variants.tag as usize].name, field.name
                );
                let help = "take the field out, or correct the tag".to_owned();
                self.report(Code::FieldOfOtherVariant, span, message, help);
                give_up(self, index, Cause::Invalid);
            }
            if !present && belongs && !field.nullable && !field.required {
                self.missing(field, span);
                give_up(self, index, Cause::Missing);
            }
        }
    }

    /// Reads one value. What it gives is checked in any case, and complete if `store`.
    ///
    /// It is put where the caller says: most values are not stored, and what was just written need not be read again.
    fn value(
        &mut self,
        scanner: &mut Scanner<'a>,
        shape: &'s Shape,
        field: &'s Field,
        store: bool,
        into: &mut Cell<'a>,
    ) -> Read<()> {
        let kind = scanner.peek()?;
        // Most values of most records are texts.
        if kind == Kind::String && is_written_as_text(&shape.type_) {
            return match scanner.plain_string() {
                Some((text, span)) => {
                    self.text_value(shape, field, text, span, into);
                    Ok(())
                }
                None => self.escaped_text_value(scanner, shape, field, into),
            };
        }
        match (&shape.type_, kind) {
            (_, Kind::Null) => *into = self.null_value(scanner, shape, field)?,
            (Type::Record(id), Kind::Object) => self.object(scanner, *id, store, into)?,
            (Type::List(_), Kind::Array) => *into = self.list(scanner, shape, field, store)?,
            (Type::Threshold, Kind::String | Kind::Array) => *into = self.threshold(scanner)?,
            (Type::Bool, Kind::Bool) => {
                let (value, span) = scanner.bool()?;
                *into = Cell { value: CellValue::Bool(value), span };
            }
            (Type::Int | Type::Duration | Type::Days | Type::Months, Kind::Number) => {
                *into = self.integer(scanner, shape)?;
            }
            (Type::Decimal, Kind::Number) => {
                let (text, span) = scanner.number()?;
                *into = Cell { value: CellValue::Text(text), span };
            }
            (type_, Kind::Object | Kind::Array | Kind::String | Kind::Number | Kind::Bool) => {
                let span = scanner.skip()?;
                let wanted = self.wanted(type_);
                let message = format!("`{}` is {}, not {wanted}", self.name(), kind.describe());
                self.report(Code::WrongType, span, message, format!("write {wanted}"));
                *into = Cell { value: CellValue::Unknown(Cause::Invalid), span };
            }
        }
        Ok(())
    }

    #[inline]
    fn text_value(&mut self, shape: &'s Shape, field: &'s Field, text: &'a str, span: Span, into: &mut Cell<'a>) {
        into.span = span;
        if shape.takes_any_text() {
            into.value = CellValue::Text(text);
            return;
        }
        into.value = self.text(shape, text, span);
        // Without an offset no instant can be told from one that has happened, whatever its role (GATE-7).
        let is_event = || field.role == InstantRole::Event || is_naive(text);
        if matches!(shape.type_, Type::Instant) && self.reader.notes_events && is_event() {
            let pointer = self.arena.alloc_str(&join(&self.steps));
            self.events.push(EventInstant { pointer, at: *into });
        }
    }

    #[inline(never)]
    fn escaped_text_value(
        &mut self,
        scanner: &mut Scanner<'a>,
        shape: &'s Shape,
        field: &'s Field,
        into: &mut Cell<'a>,
    ) -> Read<()> {
        let (text, span) = scanner.string()?;
        let text = match text {
            Cow::Borrowed(text) => text,
            Cow::Owned(text) => self.arena.alloc_str(&text),
        };
        self.text_value(shape, field, text, span, into);
        Ok(())
    }

    fn null_value(&mut self, scanner: &mut Scanner<'a>, shape: &'s Shape, field: &'s Field) -> Read<Cell<'a>> {
        let span = scanner.null()?;
        // An element of a list is never null, whatever the list may be.
        let value = match (field.nullable && std::ptr::eq(shape, &field.shape), field.null_fails) {
            (true, false) => CellValue::Absent,
            (true, true) => CellValue::Unknown(Cause::Unrecognised),
            (false, _) => {
                let message = format!("`{}` is null, which is not allowed here", self.name());
                self.report(Code::NullRefused, span, message, format!("write {}", self.wanted(&shape.type_)));
                CellValue::Unknown(Cause::Invalid)
            }
        };
        Ok(Cell { value, span })
    }

    fn list(&mut self, scanner: &mut Scanner<'a>, shape: &'s Shape, field: &'s Field, store: bool) -> Read<Cell<'a>> {
        let Some(items) = shape.items.as_deref() else {
            // A list type always says what it holds; without that nothing in it can be checked.
            let span = scanner.skip()?;
            return Ok(Cell { value: CellValue::Unknown(Cause::Invalid), span });
        };
        let first = self.elements.len();
        let mut count = 0u64;
        let span = scanner.array(|scanner, index| {
            count += 1;
            self.steps.push(Step::Index(index));
            let mut cell = ABSENT;
            self.value(scanner, items, field, store, &mut cell)?;
            self.steps.pop();
            if store {
                self.elements.push(cell);
            }
            Ok(())
        })?;
        let list = self.facts.push_list(&self.elements[first..]);
        self.elements.truncate(first);
        let (least, most) = shape.length;
        if least.is_some_and(|least| count < least) || most.is_some_and(|most| count > most) {
            let message = format!("`{}` has {count} elements; {} expected", self.name(), bounds(least, most, "are"));
            self.report(Code::LengthRefused, span, message, "correct the list".to_owned());
            return Ok(Cell { value: CellValue::Unknown(Cause::Invalid), span });
        }
        Ok(Cell { value: CellValue::List(list), span })
    }

    fn unknown_member(&mut self, type_: &StructType, key: &str, span: Span) {
        let names =
            type_.fields.iter().filter(|field| field.origin == FieldOrigin::Member).map(|field| field.name.as_str());
        let help = match closest(key, names) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "take it out; what it says is not used".to_owned(),
        };
        let message = format!("{} has no member `{}`", article(&type_.name), printable(key));
        self.report(Code::UnknownField, span, message, help);
    }

    fn missing(&mut self, field: &Field, span: Span) {
        let name = match self.name() {
            name if name.is_empty() => field.name.clone(),
            name => format!("{name}.{}", field.name),
        };
        let opening = Span { start: span.start, end: span.start + 1 };
        let help = match field.description.as_str() {
            "" => format!("write {}", self.wanted(&field.shape.type_)),
            description => format!("write {}: {description}", self.wanted(&field.shape.type_)),
        };
        self.report(Code::MissingField, opening, format!("`{name}` is missing"), help);
    }

    fn report(&mut self, code: Code, span: Span, message: String, help: String) {
        if self.problems.len() >= PROBLEMS_MAX {
            self.further += 1;
            return;
        }
        self.problems.push(Problem {
            code,
            path: printable_path(self.path),
            file: Some(self.file),
            span: Some(span),
            pointer: Some(printable(&join(&self.steps))),
            message,
            help,
        });
    }

    /// The field as people call it: `lars[0].aid`.
    fn name(&self) -> String {
        let mut name = String::new();
        for step in &self.steps {
            match step {
                Step::Key(key) => {
                    if !name.is_empty() {
                        name.push('.');
                    }
                    name.push_str(key);
                }
                Step::Index(index) => name.push_str(&format!("[{index}]")),
            }
        }
        printable(&name)
    }

    /// A value of a type, in words.
    fn wanted(&self, type_: &Type) -> String {
        match type_ {
            Type::Bool => "true or false".to_owned(),
            Type::Int => "an integer".to_owned(),
            Type::Text => "a text".to_owned(),
            Type::Enum(id) => format!("one of {}", self.reader.schema.enum_type(*id).values.join(", ")),
            Type::Instant => "an instant as `2026-03-20T15:00:00Z`".to_owned(),
            Type::Date => "a date as `2026-03-20`".to_owned(),
            Type::Duration => "an integer (a duration)".to_owned(),
            Type::Days => "an integer (days)".to_owned(),
            Type::Months => "an integer (months)".to_owned(),
            Type::Lei => "an LEI".to_owned(),
            Type::Aid => "an AID".to_owned(),
            Type::Said => "a SAID".to_owned(),
            Type::Sha256 => "64 lower-case hexadecimal digits".to_owned(),
            Type::Person => "a person id".to_owned(),
            Type::Decimal => "a number".to_owned(),
            Type::Threshold => "a signing threshold".to_owned(),
            Type::List(_) => "a list".to_owned(),
            Type::Record(_) => "an object".to_owned(),
        }
    }
}

/// Whether a JSON string may be a value of a type, and is read as a text.
fn is_written_as_text(type_: &Type) -> bool {
    match type_ {
        Type::Text
        | Type::Enum(_)
        | Type::Instant
        | Type::Date
        | Type::Lei
        | Type::Aid
        | Type::Said
        | Type::Sha256
        | Type::Person
        | Type::Decimal => true,
        Type::Bool
        | Type::Int
        | Type::Duration
        | Type::Days
        | Type::Months
        | Type::Threshold
        | Type::List(_)
        | Type::Record(_) => false,
    }
}

/// The name that was probably meant.
pub(crate) fn closest<'n>(written: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    // A long key is no slip of a known name, and comparing it would take long.
    if written.len() > 64 {
        return None;
    }
    let scored = names.map(|name| (strsim::jaro_winkler(written, name), name));
    scored.filter(|(score, _)| *score > 0.85).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
}

fn article(name: &str) -> String {
    match name.split_once(' ') {
        Some(_) => format!("`{name}`"),
        None => format!("a record `{name}`"),
    }
}

/// `at least 1 are`, `1 to 20 are`, `at most 5 are`.
fn bounds(least: Option<u64>, most: Option<u64>, verb: &str) -> String {
    match (least, most) {
        (Some(least), Some(most)) => format!("{least} to {most} {verb}"),
        (Some(least), None) => format!("at least {least} {verb}"),
        (None, Some(most)) => format!("at most {most} {verb}"),
        (None, None) => format!("any number {verb}"),
    }
}

/// The problem with a file that is not strict JSON.
pub fn json_problem(error: &JsonError, path: &str, file: FileId) -> Problem {
    let code = match &error.kind {
        JsonErrorKind::NotUtf8 => Code::NotUtf8,
        JsonErrorKind::ByteOrderMark => Code::ByteOrderMark,
        JsonErrorKind::Syntax { .. } => Code::NotJson,
        JsonErrorKind::DuplicateKey(_) => Code::DuplicateKey,
        JsonErrorKind::Float(_) => Code::Float,
        JsonErrorKind::BigInteger(_) => Code::BigInteger,
        JsonErrorKind::TooDeep(_) => Code::NestedTooDeep,
        JsonErrorKind::TrailingText => Code::TrailingText,
        JsonErrorKind::LoneSurrogate(_) => Code::LoneSurrogate,
        JsonErrorKind::ControlCharacter(_) => Code::ControlCharacter,
        JsonErrorKind::BadEscape(_) => Code::BadEscape,
        JsonErrorKind::TooManyValues(_) => Code::TooManyValues,
    };
    Problem {
        code,
        path: printable_path(path),
        file: Some(file),
        span: Some(error.at),
        pointer: None,
        message: format!("the file is not strict JSON, so nothing in it is used: {}", error.kind),
        help: error.kind.help().to_owned(),
    }
}
