//! The audit as one canonical JSON object, written case by case.
//!
//! In: the document and its cases. Out: bytes to a writer. `cases` is the first member by name, so that the object
//! needs not be in memory as a whole.

use std::io::{self, Write};

use super::super::json::canonical;
use super::{AuditDocument, CaseEntry, Cases};

/// Writes all of it, ending in a line feed.
///
/// # Errors
/// Of reading the cases or writing.
pub fn write(document: &AuditDocument, cases: &dyn Cases, out: &mut dyn Write) -> io::Result<()> {
    write_with(document, cases, &|case| case, out)
}

/// As [`write()`], with what `change` leaves of each case.
///
/// # Errors
/// As [`write()`].
pub fn write_with(
    document: &AuditDocument,
    cases: &dyn Cases,
    change: &dyn Fn(CaseEntry) -> CaseEntry,
    out: &mut dyn Write,
) -> io::Result<()> {
    out.write_all(b"{\"cases\":[")?;
    let mut first = true;
    cases.each(&mut |case| {
        if !std::mem::replace(&mut first, false) {
            out.write_all(b",")?;
        }
        out.write_all(&canonical(&change(case)))
    })?;
    let rest = canonical(document);
    // INVARIANT: a document is an object with members, all of whose names come after `cases`.
    out.write_all(b"],")?;
    out.write_all(rest.get(1..).unwrap_or_default())?;
    out.write_all(b"\n")
}
