//! Which types go together, and how messages call them.
//!
//! In: two types. Out: whether they can be compared, ordered, added. Nothing here knows expressions.

use crate::expr::ast::Arithmetic;
use crate::facts::schema::{EnumId, FactSchema, Type};

/// Why two types cannot be compared.
pub(super) enum Apart {
    /// They are different types.
    Different,
    /// Both are enumerations, and no value is in both.
    Disjoint,
}

/// Whether values of these types can be equal.
pub(super) fn comparable(schema: &FactSchema, left: &Type, right: &Type) -> Result<(), Apart> {
    match (left, right) {
        (Type::Enum(a), Type::Enum(b)) if a != b && !overlap(schema, *a, *b) => Err(Apart::Disjoint),
        (Type::Enum(_), Type::Enum(_) | Type::Text) | (Type::Text, Type::Enum(_)) => Ok(()),
        (Type::List(a), Type::List(b)) => comparable(schema, a, b),
        _ if left == right => Ok(()),
        _ => Err(Apart::Different),
    }
}

fn overlap(schema: &FactSchema, a: EnumId, b: EnumId) -> bool {
    let values = &schema.enum_type(b).values;
    schema.enum_type(a).values.iter().any(|value| values.contains(value))
}

/// Whether a value of type `from` can stand where `to` is asked for: an enumeration is a text.
pub(super) fn stands_for(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (Type::Enum(_), Type::Text) => true,
        (Type::List(from), Type::List(to)) => stands_for(from, to),
        _ => from == to,
    }
}

/// The type of a list or choice that holds values of both types.
pub(super) fn common(left: &Type, right: &Type) -> Type {
    match (left, right) {
        (Type::Enum(a), Type::Enum(b)) if a == b => left.clone(),
        (Type::Enum(_), _) => right.clone(),
        (Type::List(a), Type::List(b)) => Type::List(Box::new(common(a, b))),
        _ => left.clone(),
    }
}

/// Whether `==` is defined on values of the type.
pub(super) fn has_equality(type_: &Type) -> bool {
    !matches!(type_, Type::List(_) | Type::Record(_))
}

/// Whether `<` is defined on values of the type.
pub(super) fn has_order(type_: &Type) -> bool {
    matches!(type_, Type::Int | Type::Instant | Type::Date | Type::Duration | Type::Days)
}

/// Whether a text literal can be written for the type.
pub(super) fn is_textual(type_: &Type) -> bool {
    match type_ {
        Type::Text
        | Type::Enum(_)
        | Type::Lei
        | Type::Aid
        | Type::Said
        | Type::Sha256
        | Type::Person
        | Type::Decimal => true,
        Type::List(item) => is_textual(item),
        Type::Bool
        | Type::Int
        | Type::Instant
        | Type::Date
        | Type::Duration
        | Type::Days
        | Type::Months
        | Type::Threshold
        | Type::Record(_) => false,
    }
}

/// The type of a sum, difference or product.
pub(super) fn arithmetic(operator: Arithmetic, left: &Type, right: &Type) -> Option<Type> {
    use Arithmetic::{Add, Multiply, Subtract};
    use Type::{Date, Days, Duration, Instant, Int, Months};
    Some(match (operator, left, right) {
        (Add | Subtract | Multiply, Int, Int) => Int,
        (Add | Subtract, Instant, Duration | Days | Months) => Instant,
        (Add, Duration | Days | Months, Instant) => Instant,
        (Add | Subtract, Date, Days | Months) => Date,
        (Add, Days | Months, Date) => Date,
        (Add | Subtract, Duration, Duration) => Duration,
        (Add | Subtract, Days, Days) => Days,
        (Subtract, Instant, Instant) => Duration,
        _ => return None,
    })
}

/// A type as messages call it: an enumeration by its name, not by all its values.
pub(super) fn name(schema: &FactSchema, type_: &Type) -> String {
    match type_ {
        Type::Enum(id) => {
            let values = &schema.enum_type(*id).values;
            match values.as_slice() {
                [] => "enum".to_owned(),
                few if few.len() <= 4 => format!("one of {}", few.join(", ")),
                many => format!("one of {}, … ({} values)", many[..3].join(", "), many.len()),
            }
        }
        Type::List(item) => format!("list of {}", name(schema, item)),
        _ => schema.describe(type_),
    }
}

/// A type with its article: `an instant`, `a list of text`, `one of QAR1, QAR2`.
pub(super) fn a(schema: &FactSchema, type_: &Type) -> String {
    let name = name(schema, type_);
    match type_ {
        Type::Enum(_) => name,
        Type::Record(_) => format!("an object `{name}`"),
        Type::Text => "text".to_owned(),
        Type::Days | Type::Months => format!("a number of {name}"),
        Type::Lei => "a LEI".to_owned(),
        Type::Aid => "an AID".to_owned(),
        Type::Said => "a SAID".to_owned(),
        _ if name.starts_with(['a', 'e', 'i', 'o', 'u']) => format!("an {name}"),
        _ => format!("a {name}"),
    }
}

/// The name among these that was most likely meant.
pub(super) fn closest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<String> {
    let lower = name.to_lowercase().replace('-', "_");
    let allowed = 1 + name.chars().count() / 4;
    names
        .into_iter()
        .filter(|candidate| *candidate != name)
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase().replace('-', "_")), candidate))
        // Half of a name must be right, or it is another name.
        .filter(|(distance, _)| *distance <= allowed && distance * 2 <= name.chars().count())
        .min()
        .map(|(_, candidate)| candidate.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_meant_name_is_found() {
        let names = ["registration", "entity", "lei_record", "lei_records"];
        assert_eq!(closest("registraton", names).as_deref(), Some("registration"));
        assert_eq!(closest("lei-record", names).as_deref(), Some("lei_record"));
        assert_eq!(closest("Entity", names).as_deref(), Some("entity"));
        assert_eq!(closest("x", names), None);
        assert_eq!(closest("holder", names), None);
    }

    #[test]
    fn sums_keep_calendar_and_exact_time_apart() {
        use Arithmetic::{Add, Multiply, Subtract};
        assert_eq!(arithmetic(Subtract, &Type::Instant, &Type::Instant), Some(Type::Duration));
        assert_eq!(arithmetic(Add, &Type::Days, &Type::Date), Some(Type::Date));
        assert_eq!(arithmetic(Add, &Type::Date, &Type::Duration), None);
        assert_eq!(arithmetic(Add, &Type::Duration, &Type::Days), None);
        assert_eq!(arithmetic(Add, &Type::Instant, &Type::Instant), None);
        assert_eq!(arithmetic(Multiply, &Type::Duration, &Type::Int), None);
    }
}
