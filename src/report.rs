//! The report: findings as a document, and its renderings.
//!
//! In: an evaluation, the program it ran, and the bytes it ran over. Out: [`document::ReportDocument`],
//! whose canonical JSON is the report; and the renderings, one file each, that read only it.
//! Nothing here judges.

pub mod document;
