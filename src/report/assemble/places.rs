//! Spans into places a reader can go to.
//!
//! In: spans of policy documents and of files. Out: path, line, column, text.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::bundle::{Snapshot, place};
use crate::compile::program::{DocumentIndex, OpId, Program};
use crate::evaluate::finding::Place;
use crate::source::Span;

use super::super::document::{EvidencePlace, PolicyPlace};

/// Places of one program and one snapshot. Many findings share a place, so each is located once.
pub(super) struct Places<'a> {
    program: &'a Program,
    snapshot: &'a Snapshot,
    line_starts: RefCell<HashMap<DocumentIndex, Vec<usize>>>,
    located: RefCell<HashMap<Place, EvidencePlace>>,
}

impl<'a> Places<'a> {
    pub(super) fn new(program: &'a Program, snapshot: &'a Snapshot) -> Self {
        Self { program, snapshot, line_starts: RefCell::default(), located: RefCell::default() }
    }

    /// A span of a policy document.
    pub(super) fn in_policy(&self, document: DocumentIndex, span: Span) -> PolicyPlace {
        let source = &self.program.documents[document.0 as usize];
        let mut cache = self.line_starts.borrow_mut();
        let starts = cache.entry(document).or_insert_with(|| {
            std::iter::once(0).chain(memchr::memchr_iter(b'\n', source.text.as_bytes()).map(|at| at + 1)).collect()
        });
        let offset = (span.start as usize).min(source.text.len());
        let line = starts.partition_point(|&start| start <= offset);
        let start = line.checked_sub(1).and_then(|at| starts.get(at)).copied().unwrap_or(0);
        let column = source.text.as_bytes()[start..offset].iter().filter(|&&byte| byte & 0xC0 != 0x80).count() + 1;
        PolicyPlace { path: source.path.clone(), line: line as u32, column: column as u32 }
    }

    /// The text of an operation as it stands in the policy, on one line.
    pub(super) fn expression(&self, op: OpId) -> String {
        let origin = &self.program.origins[op.0 as usize];
        let text = &self.program.documents[origin.document.0 as usize].text;
        let text = text.get(origin.span.start as usize..origin.span.end as usize).unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// A span of a file of the case.
    pub(super) fn in_evidence(&self, at: Place) -> EvidencePlace {
        if let Some(known) = self.located.borrow().get(&at) {
            return known.clone();
        }
        let file = self.snapshot.file(at.file);
        let located = place::place(file.bytes().unwrap_or_default(), at.span);
        let found = EvidencePlace {
            path: place::printable(&file.path),
            sha256: file.sha256(),
            pointer: located.pointer,
            line: located.line,
            column: located.column,
            excerpt: located.excerpt,
            mark: located.mark,
        };
        self.located.borrow_mut().insert(at, found.clone());
        found
    }
}
