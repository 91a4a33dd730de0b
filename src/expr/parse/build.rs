//! Pairs of the grammar to nodes of the tree: operands, names, types.
//!
//! Nothing here recurses deeper than the nesting that `scan` allowed, and no tree is built higher
//! than [`MAX_HEIGHT`], so every later walk over a tree is safe on a small stack.

use pest::iterators::Pair;

use crate::expr::ast::{Binding, Expr, ExprKind, Literal, Name, Signature, TypeName, TypeNameKind};
use crate::expr::error::{Code, ExprError};
use crate::source::Span;

use super::grammar::Rule;
use super::literal;

/// Height of a tree: nesting and chains of operators together.
pub(super) const MAX_HEIGHT: u32 = 256;
/// Nodes of a tree; `compile` applies the same bound again after definitions are put in.
pub(super) const MAX_NODES: usize = 20_000;

/// An expression under construction.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) expr: Expr,
    /// Its span with the parentheses around it.
    pub(super) outer: Span,
    /// Its height.
    pub(super) height: u32,
}

/// An expression, and a `(or none)` at its end that belongs to something around it.
pub(super) struct Ended {
    pub(super) built: Built,
    pub(super) or_none: Option<Span>,
}

pub(super) struct Builder<'t> {
    pub(super) text: &'t str,
    base: usize,
    nodes: usize,
    bound_reported: bool,
    pub(super) errors: Vec<ExprError>,
}

impl<'t> Builder<'t> {
    pub(super) fn new(text: &'t str, base: usize) -> Self {
        Self { text, base, nodes: 0, bound_reported: false, errors: Vec::new() }
    }

    /// Where a pair stands, white space around it left out.
    pub(super) fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        let found = pair.as_span();
        let start = found.start() + self.base;
        Span::new(start, start + pair.as_str().trim_end().len())
    }

    /// What stands at a span.
    pub(super) fn at(&self, span: Span) -> &'t str {
        self.text.get(span.start as usize - self.base..span.end as usize - self.base).unwrap_or_default()
    }

    pub(super) fn error(&mut self, error: ExprError) {
        self.errors.push(error);
    }

    /// A node above others.
    pub(super) fn node(&mut self, kind: ExprKind, span: Span, below: u32) -> Built {
        self.nodes += 1;
        let height = below + 1;
        if height > MAX_HEIGHT || self.nodes > MAX_NODES {
            if !self.bound_reported {
                self.bound_reported = true;
                self.errors.push(beyond(height, span));
            }
            // The rest is still read, over something small.
            let expr = Expr { kind: ExprKind::Literal(Literal::Bool(false)), span };
            return Built { expr, outer: span, height: 1 };
        }
        Built { expr: Expr { kind, span }, outer: span, height }
    }

    /// Stands in for what could not be read; an error has been reported.
    pub(super) fn stand_in(&mut self, span: Span) -> Built {
        self.node(ExprKind::Literal(Literal::Bool(false)), span, 0)
    }

    /// An expression that must end where it ends.
    pub(super) fn expr(&mut self, pair: Pair<'_, Rule>) -> Built {
        let ended = self.ended(pair);
        if let Some(span) = ended.or_none {
            self.misplaced(span);
        }
        ended.built
    }

    pub(super) fn misplaced(&mut self, span: Span) {
        let error = ExprError::new(Code::MisplacedOrNone, span, "`(or none)` belongs to nothing here", "not expected");
        self.error(error.help(
            "it follows the collection of `every` and `no`, a set relation, or `distinct(…)`; put what it belongs to in parentheses",
        ));
    }

    /// `has_op? ~ primary ~ field*`
    pub(super) fn operand(&mut self, pair: Pair<'_, Rule>) -> Built {
        let span = self.span(&pair);
        let mut has = None;
        let mut parts = pair.into_inner().peekable();
        if let Some(word) = parts.next_if(|part| part.as_rule() == Rule::has_op) {
            has = Some(self.span(&word));
        }
        let Some(primary) = parts.next() else { return self.stand_in(span) };
        let mut built = self.primary(primary);
        for field in parts {
            let Some(name) = field.into_inner().next().map(|name| self.name(&name)) else { continue };
            let whole = built.outer.to(name.span);
            built = self.node(ExprKind::Field(Box::new(built.expr), name), whole, built.height);
        }
        if let Some(has) = has {
            if !matches!(built.expr.kind, ExprKind::Field(..)) {
                let error =
                    ExprError::new(Code::NotAPath, built.outer, "`has` asks for a field of a record", "not a path");
                let text = self.at(built.outer);
                self.error(match &built.expr.kind {
                    ExprKind::Name(name) => error.help(format!(
                        "name the field: `has {name}.field`; whether a record is listed is `recorded({name})`"
                    )),
                    _ if text.len() <= 40 => error.help(format!("name the field: `has {text}.field`")),
                    _ => error.help("name the field: `has record.field`"),
                });
            }
            let whole = has.to(built.outer);
            built = self.node(ExprKind::Has(Box::new(built.expr)), whole, built.height);
        }
        built
    }

    fn primary(&mut self, pair: Pair<'_, Rule>) -> Built {
        let span = self.span(&pair);
        match pair.as_rule() {
            Rule::paren => match pair.into_inner().next() {
                Some(inner) => {
                    let built = self.expr(inner);
                    Built { outer: span, ..built }
                }
                None => self.stand_in(span),
            },
            Rule::list => self.list(pair),
            Rule::text | Rule::quantity | Rule::negative | Rule::boolean => {
                let value = self.literal(pair);
                self.node(ExprKind::Literal(value), span, 0)
            }
            Rule::recorded => {
                let kind = pair.into_inner().find(|part| part.as_rule() == Rule::kind).map(|kind| self.name(&kind));
                match kind {
                    Some(kind) => self.node(ExprKind::Recorded(kind), span, 0),
                    None => self.stand_in(span),
                }
            }
            Rule::aggregate => self.aggregate(pair),
            Rule::call => self.call(pair),
            _ => {
                let name = self.lower_case(&pair);
                self.node(ExprKind::Name(name.text), span, 0)
            }
        }
    }

    fn list(&mut self, pair: Pair<'_, Rule>) -> Built {
        let span = self.span(&pair);
        let mut elements = Vec::new();
        let mut below = 0;
        for part in pair.into_inner() {
            if part.as_rule() == Rule::projection {
                let binding = part.into_inner().find(|part| part.as_rule() == Rule::binding);
                let (Some(binding), Some(element)) = (binding, elements.pop()) else { return self.stand_in(span) };
                let (binding, height) = self.bounded_binding(binding);
                let kind = ExprKind::Project { element: Box::new(element), binding: Box::new(binding) };
                return self.node(kind, span, below.max(height));
            }
            let built = self.expr(part);
            below = below.max(built.height);
            elements.push(built.expr);
        }
        self.node(ExprKind::List(elements), span, below)
    }

    fn call(&mut self, pair: Pair<'_, Rule>) -> Built {
        let span = self.span(&pair);
        let mut inner = pair.into_inner();
        let Some(name) = inner.next() else { return self.stand_in(span) };
        let name = self.lower_case(&name);
        let mut arguments = Vec::new();
        let mut below = 0;
        for part in inner {
            let built = self.expr(part);
            below = below.max(built.height);
            arguments.push(built.expr);
        }
        self.node(ExprKind::Call { name, arguments }, span, below)
    }

    pub(super) fn literal(&mut self, pair: Pair<'_, Rule>) -> Literal {
        let span = self.span(&pair);
        match literal::read(pair.as_rule(), pair.as_str().trim_end(), span) {
            Ok(value) => value,
            Err(error) => {
                self.error(error);
                Literal::Bool(false)
            }
        }
    }

    /// `x in xs where f`, nothing after it.
    pub(super) fn binding(&mut self, pair: Pair<'_, Rule>) -> Binding {
        self.bounded_binding(pair).0
    }

    /// The same with its height.
    pub(super) fn bounded_binding(&mut self, pair: Pair<'_, Rule>) -> (Binding, u32) {
        let (binding, height, or_none) = self.ended_binding(pair);
        if let Some(span) = or_none {
            self.misplaced(span);
        }
        (binding, height)
    }

    /// The same with a `(or none)` after it.
    pub(super) fn ended_binding(&mut self, pair: Pair<'_, Rule>) -> (Binding, u32, Option<Span>) {
        let start = self.span(&pair);
        let mut name = Name { text: String::new(), span: start };
        let mut over = None;
        let mut filter: Option<Ended> = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::name => name = self.lower_case(&part),
                Rule::expr => over = Some(self.collection(part)),
                Rule::filter => {
                    filter = part.into_inner().find(|part| part.as_rule() == Rule::expr).map(|part| self.ended(part));
                }
                _ => {}
            }
        }
        let over = match over {
            Some(over) => over,
            None => Ended { built: self.stand_in(start), or_none: None },
        };
        let mut end = over.built.outer;
        let mut height = over.built.height;
        let mut or_none = over.or_none;
        let filter = filter.map(|filter| {
            if let Some(span) = or_none.take() {
                self.misplaced(span);
            }
            end = filter.built.outer;
            height = height.max(filter.built.height);
            or_none = filter.or_none;
            filter.built.expr
        });
        (Binding { span: name.span.to(end), name, over: over.built.expr, filter }, height, or_none)
    }

    pub(super) fn name(&self, pair: &Pair<'_, Rule>) -> Name {
        Name { text: pair.as_str().trim_end().to_owned(), span: self.span(pair) }
    }

    /// A name of ours; a word with capitals is a text without its quotes.
    fn lower_case(&mut self, pair: &Pair<'_, Rule>) -> Name {
        let name = self.name(pair);
        if name.text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            let message = format!("`{}` is not a name", name.text);
            let error = ExprError::new(Code::BareText, name.span, message, "names are lower case");
            self.error(error.help(format!("if it is a text, quote it: `\"{}\"`", name.text)));
        }
        name
    }

    pub(super) fn signature(&mut self, pair: Pair<'_, Rule>) -> Signature {
        let mut name = Name { text: String::new(), span: self.span(&pair) };
        let mut parameters = Vec::new();
        for part in pair.into_inner() {
            if part.as_rule() == Rule::name {
                name = self.lower_case(&part);
                continue;
            }
            let mut inner = part.into_inner();
            if let (Some(parameter), Some(type_name)) = (inner.next(), inner.next()) {
                let parameter = self.lower_case(&parameter);
                let type_name = self.type_name(type_name);
                parameters.push((parameter, type_name));
            }
        }
        Signature { name, parameters }
    }

    pub(super) fn type_name(&mut self, pair: Pair<'_, Rule>) -> TypeName {
        let span = self.span(&pair);
        let mut lists = Vec::new();
        let mut inner = TypeName { kind: TypeNameKind::Named(String::new()), span };
        for part in pair.into_inner() {
            let at = self.span(&part);
            match part.as_rule() {
                Rule::list_of => lists.push(at),
                Rule::item_of => {
                    let path = part.into_inner().find(|part| part.as_rule() == Rule::path);
                    let steps = path.map(|path| path.into_inner().map(|step| self.name(&step).text).collect());
                    inner = TypeName { kind: TypeNameKind::ItemOf(steps.unwrap_or_default()), span: at };
                }
                _ => inner = TypeName { kind: TypeNameKind::Named(self.name(&part).text), span: at },
            }
        }
        if lists.len() as u32 >= MAX_HEIGHT {
            self.error(beyond(lists.len() as u32, span));
            lists.clear();
        }
        lists.into_iter().rev().fold(inner, |element, at| {
            let span = at.to(element.span);
            TypeName { kind: TypeNameKind::ListOf(Box::new(element)), span }
        })
    }
}

fn beyond(height: u32, span: Span) -> ExprError {
    let (code, message) = if height > MAX_HEIGHT {
        (Code::TooDeep, format!("more than {MAX_HEIGHT} levels of nesting and chained operators"))
    } else {
        (Code::TooLarge, format!("more than {MAX_NODES} operations in one expression"))
    };
    ExprError::new(code, span, message, "the first one too many").help("split it with definitions")
}
