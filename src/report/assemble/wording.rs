//! Words of the document for values of the program.

use crate::compile::program::{Precedence, Strength};
use crate::facts::Cause;

/// How strongly the source says it.
pub(super) fn strength(strength: Strength) -> &'static str {
    match strength {
        Strength::Must => "MUST",
        Strength::MustNot => "MUST-NOT",
        Strength::Shall => "SHALL",
        Strength::Should => "SHOULD",
        Strength::May => "MAY",
        Strength::Proc => "PROC",
        Strength::Claim => "CLAIM",
        Strength::Info => "INFO",
    }
}

/// Which document wins.
pub(super) fn precedence(precedence: Precedence) -> &'static str {
    match precedence {
        Precedence::Framework => "framework",
        Precedence::House => "house",
        Precedence::Encyclopedic => "encyclopedic",
        Precedence::Gate => "gate",
    }
}

/// Why `unproven()` is not known.
pub(super) const NOT_PRESENTED: &str = "what it rests on was not presented, and may still be";

/// Why something is not known, in one sentence.
pub(super) fn explanation(cause: Cause, wanted: &str, missing_kind: Option<&str>) -> String {
    if let Some(kind) = missing_kind {
        return format!("no record of kind `{kind}` is listed");
    }
    match cause {
        Cause::Missing => format!("`{wanted}` is not there"),
        Cause::Unreadable => format!("`{wanted}` stands in a file that cannot be read or is not the listed one"),
        Cause::Invalid => format!("`{wanted}` is there and is not what its schema asks for"),
        Cause::Unrecognised => format!("`{wanted}` is outside the known set of values"),
        Cause::Empty => format!("`{wanted}` has no element, and nothing is shown by a list of none"),
        Cause::None => format!("nothing matches `{wanted}`"),
        Cause::Several => format!("more than one matches `{wanted}`, and one is expected"),
        Cause::Tied => format!("several are first or last alike in `{wanted}`"),
        Cause::Overflow => format!("`{wanted}` is too large or too long to compute"),
        Cause::Unproven => format!("the order of events that `{wanted}` needs is not proven"),
        Cause::NotDue => format!("`{wanted}` belongs to a later stage, or to a part of the case that was not given"),
    }
}
