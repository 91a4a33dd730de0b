//! What a policy file says, without how it is laid out: the formatter compares it before and after.

use std::fmt::Write as _;

use crate::expr::ast::{Binding, Expr, MessagePart};
use crate::expr::print;
use crate::policy::Parsed;
use crate::policy::document::ParsedPolicy;
use crate::policy::rule::{ParsedBody, ParsedRule};
use crate::policy::yaml::{Value, ValueKind};
use crate::source::Fragment;

/// A text that is equal for two files exactly if they say the same.
pub(super) fn of(policy: &ParsedPolicy) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{:?} {:?} {:?}", policy.document.text, policy.title.text, policy.precedence);
    for (label, from) in &policy.versions {
        let _ = writeln!(out, "version {:?} {from}", label.text);
    }
    for parameter in &policy.parameters {
        let type_name = parameter.type_.tree.as_ref().map(print::print_type);
        let default = parameter.default.as_ref().map(value);
        let _ = writeln!(
            out,
            "parameter {} {type_name:?} {default:?} {:?}",
            parameter.name.text, parameter.description.text
        );
    }
    for definition in &policy.definitions {
        let head = definition.head.tree.as_ref().map(print::print_signature);
        let _ = writeln!(out, "definition {head:?} {:?}", expression(&definition.body));
    }
    for one in &policy.rules {
        rule(&mut out, one);
    }
    out
}

fn rule(out: &mut String, rule: &ParsedRule) {
    let text = |text: &Option<Fragment>| text.as_ref().map(|text| text.text.clone());
    let texts = |texts: &[Fragment]| texts.iter().map(|text| text.text.clone()).collect::<Vec<_>>();
    let _ = writeln!(out, "rule {:?} {:?}", rule.id.text, rule.title.text);
    let _ = writeln!(out, "{:?} {:?}", rule.section.text, text(&rule.in_force_section));
    let _ = writeln!(out, "{:?} {:?} {:?}", rule.strength.value, rule.level.value, rule.stage.value);
    let _ = writeln!(out, "{:?} {:?}", texts(&rule.packs), rule.in_force);
    let _ = match &rule.body {
        ParsedBody::SameAs(other) => writeln!(out, "same as {:?}", other.text),
        ParsedBody::AllOf(parts) => writeln!(out, "all of {:?}", texts(parts)),
        ParsedBody::Expressions(own) => {
            let optional = |parsed: &Option<Parsed<Expr>>| parsed.as_ref().and_then(expression);
            let _ = writeln!(out, "{:?} {:?}", own.for_each.as_ref().and_then(binding), optional(&own.applies));
            let _ = writeln!(out, "{:?} {:?}", optional(&own.require), optional(&own.attested));
            writeln!(out, "{:?}", optional(&own.warn_when))
        }
    };
    let message = rule.message.as_ref().and_then(|parsed: &Parsed<Vec<MessagePart>>| parsed.tree.as_deref());
    let _ = writeln!(out, "{:?} {:?}", message.map(print::print_message), text(&rule.help));
    let _ = writeln!(out, "{:?} {:?}", texts(&rule.conflict), text(&rule.notes));
}

fn expression(parsed: &Parsed<Expr>) -> Option<String> {
    parsed.tree.as_ref().map(print::print)
}

fn binding(parsed: &Parsed<Binding>) -> Option<String> {
    parsed.tree.as_ref().map(print::print_binding)
}

fn value(value: &Value) -> String {
    match &value.kind {
        ValueKind::Scalar(scalar) => format!("{:?}", scalar.meaning()),
        ValueKind::List(elements) => format!("{:?}", elements.iter().map(self::value).collect::<Vec<_>>()),
        ValueKind::Map(entries) => {
            format!("{:?}", entries.iter().map(|(key, element)| (&key.text, self::value(element))).collect::<Vec<_>>())
        }
    }
}
