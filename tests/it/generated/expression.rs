//! Typed expressions, as text: what a rule's author could write.

use countersign::facts::schema::{FactSchema, FieldOrigin, KindClass, Type};

use super::Tape;
use super::world::{AID, DATES, INSTANTS, LEI, TEXTS};

/// Deepest nesting of what is generated.
const DEPTH: usize = 4;

/// Names of kinds, singular, that expressions read.
const KINDS: [&str; 5] = ["sample", "item", "pair", "broken", "ghost"];

pub struct Maker<'s, 't> {
    schema: &'s FactSchema,
    tape: Tape<'t>,
    /// Bound variables and their types.
    scope: Vec<(String, Type)>,
    bound: usize,
}

fn list(item: Type) -> Type {
    Type::List(Box::new(item))
}

impl<'s, 't> Maker<'s, 't> {
    pub fn new(schema: &'s FactSchema, tape: Tape<'t>) -> Self {
        Self { schema, tape, scope: Vec::new(), bound: 0 }
    }

    /// An expression of a type that can be shown.
    pub fn any(&mut self) -> String {
        match self.tape.choose(16) {
            0..8 => self.condition(DEPTH),
            8 => self.int(DEPTH),
            9 => self.text(DEPTH),
            10 => self.instant(DEPTH),
            11 => self.date(DEPTH),
            12 => self.duration(DEPTH),
            13 => self.days(DEPTH),
            14 => self.list_of(&Type::Text, DEPTH),
            _ => self.list_of(&Type::Int, DEPTH),
        }
    }

    /// Every path of a type, from what is bound and from the singular records.
    fn paths(&self, wanted: &dyn Fn(&Type) -> bool) -> Vec<String> {
        let mut found = Vec::new();
        for (name, type_) in &self.scope {
            // What is bound is near, and there is only little of it.
            for _ in 0..3 {
                self.below(name, type_, wanted, &mut found);
            }
        }
        for kind in KINDS {
            let id = self.schema.kind_named(kind).unwrap();
            self.below(kind, &Type::Record(self.schema.kind(id).record), wanted, &mut found);
        }
        found
    }

    fn below(&self, path: &str, type_: &Type, wanted: &dyn Fn(&Type) -> bool, found: &mut Vec<String>) {
        if wanted(type_) {
            found.push(path.to_owned());
        }
        let Type::Record(id) = type_ else { return };
        let type_ = self.schema.struct_type(*id);
        for (index, field) in type_.fields.iter().enumerate() {
            let tagged = type_.variants.as_ref().is_some_and(|variants| !variants.common.contains(&(index as u16)));
            // What countersign derives depends on how the harness names its files.
            if !tagged && field.origin == FieldOrigin::Member && !self.is_header(&field.name) {
                self.below(&format!("{path}.{}", field.name), &field.shape.type_, wanted, found);
            }
        }
    }

    fn is_header(&self, name: &str) -> bool {
        matches!(name, "kind" | "schema_version" | "producer" | "performed_by" | "recorded_at" | "subject_case")
    }

    fn path(&mut self, type_: &Type) -> String {
        let paths = self.paths(&|found| found == type_);
        self.tape.of(&paths)
    }

    /// A path that ends in a field.
    fn field(&mut self, type_: &Type) -> String {
        let paths: Vec<String> =
            self.paths(&|found| found == type_).into_iter().filter(|path| path.contains('.')).collect();
        self.tape.of(&paths)
    }

    fn number(&mut self) -> String {
        self.tape.of(&["1", "2", "3", "0", "7", "-1", "9_223_372_036_854_775_807"]).to_owned()
    }

    fn quoted(&mut self) -> String {
        format!("{:?}", self.tape.of(&TEXTS))
    }

    /// An expression of a type.
    fn value(&mut self, type_: &Type, depth: usize) -> String {
        match type_ {
            Type::Bool => self.condition(depth),
            Type::Int => self.int(depth),
            Type::Text => self.text(depth),
            Type::Instant => self.instant(depth),
            Type::Date => self.date(depth),
            Type::Duration => self.duration(depth),
            Type::Days => self.days(depth),
            Type::List(item) => self.list_of(item, depth),
            Type::Enum(_)
            | Type::Months
            | Type::Lei
            | Type::Aid
            | Type::Said
            | Type::Sha256
            | Type::Person
            | Type::Decimal
            | Type::Threshold
            | Type::Record(_) => self.path(type_),
        }
    }

    /// `PATH`, `PATH ?? value`, or the value of a field of a chosen record.
    fn read(&mut self, type_: &Type, depth: usize) -> String {
        match self.tape.choose(if depth == 0 { 2 } else { 5 }) {
            0 | 1 => self.path(type_),
            2 => {
                let (path, otherwise) = (self.field(type_), self.value(type_, depth - 1));
                format!("({path} ?? ({otherwise}))")
            }
            _ => {
                let (record, of) = self.record(depth - 1);
                let mut paths = Vec::new();
                self.below(&record, &of, &|found| found == type_, &mut paths);
                if paths.is_empty() { self.path(type_) } else { self.tape.of(&paths) }
            }
        }
    }

    /// One record, chosen among several.
    fn record(&mut self, depth: usize) -> (String, Type) {
        let (over, item) = self.collection(depth);
        self.bind(item.clone(), |maker, name| {
            let filter = maker.filter(depth);
            let text = match maker.tape.choose(3) {
                0 => format!("the({name} in {over}{filter})"),
                choice => {
                    let key = maker.ordered(&Type::Int, depth);
                    let which = if choice == 1 { "latest" } else { "earliest" };
                    format!("{which}({name} in {over}{filter} by {key})")
                }
            };
            (text, item)
        })
    }

    /// A key of an ordered type, or of this one.
    fn ordered(&mut self, otherwise: &Type, depth: usize) -> String {
        let type_ = self.tape.of(&[otherwise.clone(), Type::Instant, Type::Int, Type::Date]);
        self.value(&type_, depth.saturating_sub(1))
    }

    /// A key that can be told apart.
    fn key(&mut self, depth: usize) -> String {
        let types = [Type::Int, Type::Text, Type::Instant, Type::Bool, Type::Lei, Type::Aid, Type::Duration];
        let type_ = self.tape.of(&types);
        self.value(&type_, depth.saturating_sub(1))
    }

    fn bind<T>(&mut self, type_: Type, run: impl FnOnce(&mut Self, &str) -> T) -> T {
        self.bound += 1;
        let name = format!("x{}", self.bound);
        self.scope.push((name.clone(), type_));
        let result = run(self, &name);
        self.scope.pop();
        result
    }

    /// ` where …`, or nothing.
    fn filter(&mut self, depth: usize) -> String {
        match self.tape.choose(2) {
            0 => String::new(),
            _ => format!(" where ({})", self.condition(depth.saturating_sub(1))),
        }
    }

    /// A list of records.
    fn collection(&mut self, depth: usize) -> (String, Type) {
        let lists = self.paths(&|type_| matches!(type_, Type::List(item) if matches!(**item, Type::Record(_))));
        let kinds = self.schema.kinds().iter().filter(|kind| kind.class == KindClass::Evidence);
        let mut choices: Vec<(String, Type)> = kinds
            .filter_map(|kind| Some((kind.plural.clone()?, Type::Record(kind.record))))
            .flat_map(|kind| [kind.clone(), kind])
            .collect();
        choices.extend(lists.into_iter().map(|path| {
            let item = self.type_of(&path);
            (path, item)
        }));
        if depth > 0 && self.tape.rarely(5) {
            let (over, item) = self.tape.of(&choices);
            let text = self
                .bind(item.clone(), |maker, name| format!("[{name} for {name} in {over}{}]", maker.filter(depth - 1)));
            return (text, item);
        }
        self.tape.of(&choices)
    }

    /// The element type of a path to a list.
    fn type_of(&self, path: &str) -> Type {
        let mut steps = path.split('.');
        let root = steps.next().unwrap();
        let bound = self.scope.iter().find(|(name, _)| name == root).map(|(_, type_)| type_.clone());
        let kind = || Type::Record(self.schema.kind(self.schema.kind_named(root).unwrap()).record);
        let mut type_ = bound.unwrap_or_else(kind);
        for step in steps {
            let Type::Record(id) = type_ else { panic!("{path}") };
            let object = self.schema.struct_type(id);
            type_ = object.fields[usize::from(object.field(step).unwrap())].shape.type_.clone();
        }
        match type_ {
            Type::List(item) => *item,
            other => other,
        }
    }

    /// A collection of any element type.
    fn any_collection(&mut self, depth: usize) -> (String, Type) {
        match self.tape.choose(5) {
            0..3 => self.collection(depth),
            3 => (format!("({})", self.list_of(&Type::Int, depth)), Type::Int),
            _ => (format!("({})", self.list_of(&Type::Text, depth)), Type::Text),
        }
    }

    fn list_of(&mut self, item: &Type, depth: usize) -> String {
        let type_ = list(item.clone());
        match self.tape.choose(if depth == 0 { 2 } else { 7 }) {
            0 => match self.paths(&|found| *found == type_).is_empty() {
                false => self.path(&type_),
                true => self.literal_list(item, depth),
            },
            1 => self.literal_list(item, depth),
            2 | 3 => {
                let (over, element) = self.any_collection(depth - 1);
                self.bind(element, |maker, name| {
                    let filter = maker.filter(depth - 1);
                    let value = maker.value(item, depth - 1);
                    format!("[({value}) for {name} in {over}{filter}]")
                })
            }
            4 if !self.paths(&|found| *found == type_).is_empty() => {
                let (path, otherwise) = (self.field(&type_), self.list_of(item, depth - 1));
                format!("({path} ?? ({otherwise}))")
            }
            _ => {
                let operation = self.tape.of(&["union", "intersect", "minus"]);
                let (left, right) = (self.list_of(item, depth - 1), self.list_of(item, depth - 1));
                format!("(({left}) {operation} ({right}))")
            }
        }
    }

    fn literal_list(&mut self, item: &Type, depth: usize) -> String {
        let count = self.tape.of(&[2usize, 1, 2, 3]);
        let elements: Vec<String> = (0..count).map(|_| self.value(item, depth.saturating_sub(1))).collect();
        format!("[{}]", elements.join(", "))
    }

    fn int(&mut self, depth: usize) -> String {
        match self.tape.choose(if depth == 0 { 3 } else { 9 }) {
            0 | 1 => self.path(&Type::Int),
            2 => self.number(),
            3 => self.read(&Type::Int, depth),
            4 => {
                let sign = self.tape.of(&["+", "-", "*"]);
                format!("(({}) {sign} ({}))", self.int(depth - 1), self.int(depth - 1))
            }
            5 | 6 => {
                let which = self.tape.of(&["min", "max"]);
                format!("{which}({})", self.list_of(&Type::Int, depth - 1))
            }
            7 => format!("length({})", self.text(depth - 1)),
            _ => format!("min_signers({})", self.path(&Type::Threshold)),
        }
    }

    fn text(&mut self, depth: usize) -> String {
        match self.tape.choose(if depth == 0 { 3 } else { 6 }) {
            0 | 1 => self.path(&Type::Text),
            2 => self.quoted(),
            3 => format!("url_host({})", self.text(depth - 1)),
            _ => self.read(&Type::Text, depth),
        }
    }

    fn offset(&mut self, depth: usize) -> String {
        match self.tape.choose(4) {
            0 => self.tape.of(&["1h", "90min", "168h", "0s"]).to_owned(),
            1 => self.tape.of(&["1 day", "30 days", "0 days", "1 month", "1 year"]).to_owned(),
            2 => format!("({})", self.duration(depth.saturating_sub(1))),
            _ => format!("({})", self.days(depth.saturating_sub(1))),
        }
    }

    fn instant(&mut self, depth: usize) -> String {
        match self.tape.choose(if depth == 0 { 3 } else { 6 }) {
            0 | 1 => self.path(&Type::Instant),
            2 => self.tape.of(&INSTANTS).to_owned(),
            3 => {
                let sign = self.tape.of(&["+", "-"]);
                format!("(({}) {sign} {})", self.instant(depth - 1), self.offset(depth - 1))
            }
            4 => {
                let which = self.tape.of(&["min", "max"]);
                format!("{which}({})", self.list_of(&Type::Instant, depth - 1))
            }
            _ => self.read(&Type::Instant, depth),
        }
    }

    fn date(&mut self, depth: usize) -> String {
        match self.tape.choose(if depth == 0 { 2 } else { 5 }) {
            0 => self.path(&Type::Date),
            1 => self.tape.of(&DATES).to_owned(),
            2 => format!("date({})", self.instant(depth - 1)),
            3 => {
                let (sign, offset) =
                    (self.tape.of(&["+", "-"]), self.tape.of(&["1 day", "30 days", "1 month", "1 year"]));
                format!("(({}) {sign} {offset})", self.date(depth - 1))
            }
            _ => self.read(&Type::Date, depth),
        }
    }

    fn duration(&mut self, depth: usize) -> String {
        match self.tape.choose(if depth == 0 { 2 } else { 6 }) {
            0 => self.path(&Type::Duration),
            1 => self.tape.of(&["1h", "90s", "168h", "15min", "0s"]).to_owned(),
            2 => format!("(({}) - ({}))", self.instant(depth - 1), self.instant(depth - 1)),
            3 => {
                let sign = self.tape.of(&["+", "-"]);
                format!("(({}) {sign} ({}))", self.duration(depth - 1), self.duration(depth - 1))
            }
            4 => {
                let (from, to) = (self.instant(depth - 1), self.instant(depth - 1));
                let (over, item) = self.any_collection(depth - 1);
                self.bind(item, |maker, name| {
                    let (filter, by) = (maker.filter(depth - 1), maker.instant(depth - 1));
                    format!("max_gap({name} in {over}{filter} by {by}, {from}, {to})")
                })
            }
            _ => self.read(&Type::Duration, depth),
        }
    }

    fn days(&mut self, depth: usize) -> String {
        match self.tape.choose(if depth == 0 { 3 } else { 6 }) {
            0 => self.path(&Type::Days),
            1 => self.tape.of(&["1 day", "30 days", "4 days", "0 days"]).to_owned(),
            2 => "margin".to_owned(),
            3 => {
                let sign = self.tape.of(&["+", "-"]);
                format!("(({}) {sign} ({}))", self.days(depth - 1), self.days(depth - 1))
            }
            _ => {
                let time = |maker: &mut Self| match maker.tape.choose(3) {
                    0 => maker.instant(depth - 1),
                    1 => maker.date(depth - 1),
                    _ => maker.tape.of(&["as_of", "t_sign"]).to_owned(),
                };
                format!("days_between({}, {})", time(self), time(self))
            }
        }
    }

    fn comparison(&mut self) -> &'static str {
        self.tape.of(&["==", "!=", "<", "<=", ">", ">="])
    }

    fn condition(&mut self, depth: usize) -> String {
        if depth == 0 {
            return match self.tape.choose(4) {
                0 | 1 => self.path(&Type::Bool),
                2 => format!("({} {} {})", self.path(&Type::Int), self.comparison(), self.number()),
                _ => format!("({} == {})", self.path(&Type::Text), self.quoted()),
            };
        }
        let below = depth - 1;
        match self.tape.choose(26) {
            0 => self.read(&Type::Bool, depth),
            1 => format!("not ({})", self.condition(below)),
            2 | 3 => format!("(({}) and ({}))", self.condition(below), self.condition(below)),
            4 => format!("(({}) or ({}))", self.condition(below), self.condition(below)),
            5 => format!("(({}) {} ({}))", self.int(below), self.comparison(), self.int(below)),
            6 => {
                let type_ = self.tape.of(&[Type::Instant, Type::Date, Type::Duration, Type::Days]);
                format!("(({}) {} ({}))", self.value(&type_, below), self.comparison(), self.value(&type_, below))
            }
            7 => {
                let operator = self.tape.of(&["before", "after"]);
                let type_ = self.tape.of(&[Type::Instant, Type::Date]);
                format!("(({}) {operator} ({}))", self.value(&type_, below), self.value(&type_, below))
            }
            8 => self.equality(below),
            9 => self.clock(below),
            10 => {
                let type_ = self.tape.of(&[Type::Int, Type::Text, Type::Instant, Type::Lei]);
                let not = self.tape.of(&["", "not "]);
                let item = self.value(&type_, below);
                format!("(({item}) {not}in ({}))", self.list_of(&type_, below))
            }
            11 => {
                let type_ = self.tape.of(&[Type::Int, Type::Instant, Type::Days]);
                let (after, before) = (self.tape.of(&["", "after "]), self.tape.of(&["", "before "]));
                let not = self.tape.of(&["", "not "]);
                let item = self.value(&type_, below);
                let (low, high) = (self.value(&type_, below), self.value(&type_, below));
                format!("(({item}) {not}in {after}({low}) .. {before}({high}))")
            }
            12 => {
                let pattern = self.tape.of(&["[A-C]", "A|B", "", ".*", "https:\\/\\/.+", "(?i)ACME +ag"]);
                format!("(({}) matches /{pattern}/)", self.text(below))
            }
            13 | 14 => {
                let relation = self.tape.of(&["subset of", "disjoint from", "same set as"]);
                let type_ = self.tape.of(&[Type::Int, Type::Text, Type::Text]);
                let or_none = self.tape.of(&["", " (or none)"]);
                let (left, right) = (self.list_of(&type_, below), self.list_of(&type_, below));
                format!("(({left}) {relation} ({right}){or_none})")
            }
            15..19 => self.quantified(below),
            19 | 20 => self.count(below),
            21 => self.distinct(below),
            22 => {
                let paths: Vec<String> = self.paths(&|_| true).into_iter().filter(|path| path.contains('.')).collect();
                format!("has {}", self.tape.of(&paths))
            }
            23 => {
                let kind = self.tape.of(&KINDS);
                format!("recorded({kind})")
            }
            24 => self.function(below),
            _ => {
                let (over, _) = self.tagged();
                self.bind(Type::Bool, |maker, name| {
                    // What is bound has no type that anything else asks for: only its tagged field is read.
                    maker.scope.pop();
                    let field = maker.tape.of(&["opened", "moved"]);
                    let quantifier = maker.tape.of(&["every", "some", "no"]);
                    let text = maker.tape.of(&TEXTS);
                    let text = format!(
                        "({quantifier} {name} in {over} where {name}.type == {field:?} satisfies {name}.door == {text:?})"
                    );
                    maker.scope.push((name.to_owned(), Type::Bool));
                    text
                })
            }
        }
    }

    /// The list of objects whose fields depend on a tag.
    fn tagged(&self) -> (String, Type) {
        ("sample.events".to_owned(), self.type_of("sample.events"))
    }

    fn equality(&mut self, depth: usize) -> String {
        let operator = self.tape.of(&["==", "!="]);
        match self.tape.choose(7) {
            0 | 1 => format!("(({}) {operator} ({}))", self.text(depth), self.text(depth)),
            2 => {
                let type_ = self.tape.of(&[Type::Lei, Type::Aid, Type::Said, Type::Person, Type::Sha256]);
                format!("({} {operator} {})", self.path(&type_), self.path(&type_))
            }
            3 => {
                let given = format!("lei_of({})", self.text(depth));
                let lei = self.tape.of(&[format!("{LEI:?}"), given]);
                format!("({} {operator} {lei})", self.path(&Type::Lei))
            }
            4 => format!("({} {operator} {AID:?})", self.path(&Type::Aid)),
            5 => {
                let paths = self.paths(&|type_| matches!(type_, Type::Enum(_)));
                let path = self.tape.of(&paths);
                let Type::Enum(id) = self.type_of(&path) else { panic!("{path}") };
                let values = self.schema.enum_type(id).values.clone();
                match self.tape.choose(3) {
                    0 => format!("({path} in [{:?}, {:?}])", self.tape.of(&values), self.tape.of(&values)),
                    1 => format!("({path} {operator} {:?})", self.tape.of(&values)),
                    _ => format!("({path} {operator} {})", self.path(&Type::Text)),
                }
            }
            _ => format!("(({}) {operator} ({}))", self.condition(depth), self.condition(depth)),
        }
    }

    fn clock(&mut self, depth: usize) -> String {
        let clock = self.tape.of(&["as_of", "t_sign"]);
        let comparison = self.comparison();
        match self.tape.choose(6) {
            0 => format!("({clock} {comparison} ({}))", self.instant(depth)),
            1 => format!("(({}) {comparison} {clock})", self.instant(depth)),
            2 => {
                let sign = self.tape.of(&["+", "-"]);
                let offset = self.tape.of(&[Type::Duration, Type::Days]);
                // Sums with a clock are taken apart, so what stands beside it is no sum itself.
                format!("({clock} {sign} {} {comparison} ({}))", self.value(&offset, 0), self.instant(depth))
            }
            3 => format!("({clock} - {} {comparison} ({}))", self.path(&Type::Instant), self.duration(depth)),
            4 => format!("({clock} in ({}) .. ({}))", self.instant(depth), self.instant(depth)),
            _ => format!("(days_between({clock}, {}) {comparison} ({}))", self.date(depth), self.days(depth)),
        }
    }

    fn quantified(&mut self, depth: usize) -> String {
        let (over, item) = self.any_collection(depth);
        self.bind(item, |maker, name| {
            let filter = maker.filter(depth);
            match maker.tape.choose(5) {
                0 => format!("(exists {name} in {over}{filter})"),
                1 => format!("(exactly one {name} in {over}{filter})"),
                2 => format!("(some {name} in {over}{filter} satisfies ({}))", maker.condition(depth)),
                choice => {
                    let quantifier = if choice == 3 { "every" } else { "no" };
                    let or_none = maker.tape.of(&["", " (or none)"]);
                    format!("({quantifier} {name} in {over}{filter}{or_none} satisfies ({}))", maker.condition(depth))
                }
            }
        })
    }

    fn count(&mut self, depth: usize) -> String {
        let (over, item) = self.any_collection(depth);
        let count = match self.tape.choose(3) {
            0 => format!("count({over})"),
            choice => self.bind(item, |maker, name| {
                let filter = maker.filter(depth);
                match choice {
                    1 => format!("count({name} in {over}{filter})"),
                    _ => format!("count distinct({name} in {over}{filter} by {})", maker.key(depth)),
                }
            }),
        };
        let (comparison, other) = (self.comparison(), self.int(depth));
        match self.tape.choose(2) {
            0 => format!("({count} {comparison} ({other}))"),
            _ => format!("(({other}) {comparison} {count})"),
        }
    }

    fn distinct(&mut self, depth: usize) -> String {
        let or_none = self.tape.of(&["", " (or none)"]);
        if self.tape.choose(2) == 0 {
            let type_ = self.tape.of(&[Type::Int, Type::Text]);
            return format!("distinct({}){or_none}", self.list_of(&type_, depth));
        }
        let (over, item) = self.any_collection(depth);
        self.bind(item, |maker, name| {
            let filter = maker.filter(depth);
            format!("distinct({name} in {over}{filter} by {}){or_none}", maker.key(depth))
        })
    }

    fn function(&mut self, depth: usize) -> String {
        match self.tape.choose(7) {
            0 => {
                let type_ = self.tape.of(&[Type::Lei, Type::Aid, Type::Said]);
                let identifier = self.path(&type_);
                let other = format!("lei_of({})", self.text(depth));
                format!("well_formed({})", self.tape.of(&[identifier, other]))
            }
            1 => format!("same_name({}, {})", self.text(depth), self.text(depth)),
            2 => format!("satisfied({}, {})", self.path(&Type::Threshold), self.list_of(&Type::Int, depth)),
            3 => {
                let segment = self.tape.of(&[Type::Text, Type::Lei, Type::Aid]);
                format!("url_has_segment({}, {})", self.text(depth), self.value(&segment, depth))
            }
            4 => format!("starts_with({}, {})", self.text(depth), self.text(depth)),
            5 => "unproven()".to_owned(),
            _ => {
                let (start, end) = (self.instant(depth), self.field(&Type::Instant));
                let limit = self.tape.of(&["24h", "1 day", "1 month", "0s"]);
                format!("within({start}, {end}, {limit})")
            }
        }
    }
}
