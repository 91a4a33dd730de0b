//! `manifest.json`: what a bundle says that it holds.
//!
//! In: its bytes. Out: a [`Manifest`] as far as it can be read, and a problem for each thing that is not
//! as `schemas/manifest.schema.json` says. Whether the listed files are there is not its business.

use std::collections::BTreeSet;

use crate::facts::FileId;
use crate::primitives::{Instant, Sha256};
use crate::source::Span;

use super::intake::refused_name;
use super::json::canonical::canonical;
use super::json::tree::Member;
use super::json::{Numbers, Tree, Value};
use super::limits::Limits;
use super::place::printable;
use super::problem::{Code, Problem};

/// The files that a manifest never lists: itself, and the signatures over it.
pub const UNLISTED: [&str; 2] = ["manifest.json", "manifest.sig.cesr"];

/// The kinds of files that are no records: they have no fields of their own.
pub const FILE_KINDS: [&str; 4] = [BODY_KIND, "cesr", "document", "signature"];

/// The kind of a body that a record attaches.
pub const BODY_KIND: &str = "lei-record-body";

/// Most entries, and most references, of a manifest.
pub const ENTRIES_MAX: usize = 10_000;
const REFERENCES_MAX: usize = 1_000;

/// What a manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The file.
    pub file: FileId,
    /// Digest of its bytes: the bundle digest.
    pub digest: Sha256,
    /// The members at its top that are texts, by name.
    pub top: Vec<TopField>,
    /// What it lists, in its order; entries that could not be read are not among them.
    pub entries: Vec<Entry>,
    /// What it takes over from earlier cases.
    pub references: Vec<Reference>,
    /// Whether every entry could be read: only then is it known what the bundle does not hold.
    pub complete: bool,
}

/// A text at the top of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopField {
    /// Its name.
    pub name: &'static str,
    /// Its value; `None` for null.
    pub value: Option<String>,
    /// Where it stands.
    pub span: Span,
}

/// A file that a manifest lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Relative to the bundle.
    pub path: String,
    /// A record kind, or one of the kinds that are no records.
    pub kind: String,
    /// Bytes.
    pub size: u64,
    /// Digest.
    pub sha256: Sha256,
    /// Media type; `None` if it is not a text.
    pub media_type: Option<String>,
    /// Where it came from; `None` if it is not a text.
    pub source: Option<String>,
    /// When it was captured, as written.
    pub captured_at: Option<String>,
    /// Who captured it.
    pub captured_by: Option<String>,
    /// Where the entry stands.
    pub span: Span,
}

/// A piece of evidence that an earlier case holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Digest of that case's bundle.
    pub bundle_digest: Sha256,
    /// Path in that bundle.
    pub path: String,
    /// Digest of the file.
    pub sha256: Sha256,
    /// The kind it stands for.
    pub stands_for: String,
    /// Where the reference stands.
    pub span: Span,
}

/// What a text must be.
#[derive(Clone, Copy)]
enum Check {
    Any,
    /// At least one character, at most so many.
    Length(usize),
    /// A file path in a bundle.
    Path,
    Name,
    Lei,
    Qb64,
    Instant,
    Digest,
}

/// The texts at the top: name, what they must be, whether they must be there, whether null may be.
const TOP: &[(&str, Check, bool, bool)] = &[
    ("bundle_id", Check::Length(128), true, false),
    ("flow", Check::Name, true, false),
    ("lei", Check::Lei, true, false),
    ("qvi_aid", Check::Qb64, true, false),
    ("policy_profile", Check::Any, false, false),
    ("created_at", Check::Instant, true, false),
    ("sealed_by", Check::Any, false, false),
    ("retention_until", Check::Instant, true, false),
    ("prior_manifest_sha256", Check::Digest, false, true),
];

const ENTRY: &[(&str, Check, bool)] = &[
    ("path", Check::Path, true),
    ("kind", Check::Any, true),
    ("sha256", Check::Digest, true),
    ("media_type", Check::Any, true),
    ("source", Check::Any, true),
    ("captured_at", Check::Instant, false),
    ("captured_by", Check::Any, false),
];

const REFERENCE: &[(&str, Check, bool)] = &[
    ("bundle_digest", Check::Digest, true),
    ("path", Check::Path, true),
    ("sha256", Check::Digest, true),
    ("as", Check::Any, true),
];

impl Manifest {
    /// Reads a manifest. `None` if it is not strict JSON or no object: then a problem says so.
    pub fn parse(bytes: &[u8], path: &str, file: FileId, digest: Sha256, problems: &mut Vec<Problem>) -> Option<Self> {
        let mut reader = Reader { path, file, problems };
        let tree = match Tree::parse(bytes, Numbers::Integers) {
            Ok(tree) => tree,
            Err(error) => {
                let message = format!("the manifest is not strict JSON: {error}");
                reader.report(Code::ManifestUnreadable, error.at, "", &message, error.kind.help());
                return None;
            }
        };
        let Some(members) = tree.members() else {
            let message = format!("the manifest is {}, not an object", tree.kind().describe());
            reader.report(Code::ManifestUnreadable, tree.span, "", &message, "write the manifest with `bundle seal`");
            return None;
        };
        if canonical(&tree).is_none_or(|canonical| canonical != bytes) {
            let message = "the manifest is not its own canonical form (RFC 8785), so its digest is not the bundle's";
            reader.report(Code::ManifestNotCanonical, tree.span, "", message, "write the manifest with `bundle seal`");
        }
        let known = |name: &str| {
            TOP.iter().any(|(top, ..)| *top == name) || ["version", "entries", "references"].contains(&name)
        };
        reader.refuse_unknown(members, known, "");
        match tree.get("version") {
            Some(version) if version.integer() == Some(1) => {}
            Some(version) => reader.invalid(version.span, "/version", "`version` is 1"),
            None => reader.invalid(tree.span, "/version", "`version` is missing"),
        }
        let top = TOP.iter().filter_map(|&(name, check, required, nullable)| {
            let value = tree.get(name);
            if let Some(Tree { value: Value::Null, span }) = value
                && nullable
            {
                return Some(TopField { name, value: None, span: *span });
            }
            let (text, span) = reader.text(&tree, name, check, required, "")?;
            Some(TopField { name, value: Some(text), span })
        });
        let top = top.collect();
        let (entries, complete) = reader.entries(&tree);
        let references = reader.references(&tree);
        Some(Self { file, digest, top, entries, references, complete })
    }

    /// A text at the top; `None` if it is absent, null, or not as it should be.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.top.iter().find(|field| field.name == name)?.value.as_deref()
    }

    /// The entry of a path.
    pub fn entry(&self, path: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.path == path)
    }
}

struct Reader<'p> {
    path: &'p str,
    file: FileId,
    problems: &'p mut Vec<Problem>,
}

impl Reader<'_> {
    fn entries(&mut self, tree: &Tree<'_>) -> (Vec<Entry>, bool) {
        let Some(list) = self.list(tree, "entries", true, ENTRIES_MAX) else { return (Vec::new(), false) };
        let mut entries: Vec<Entry> = Vec::with_capacity(list.len());
        let mut complete = true;
        let mut seen = BTreeSet::new();
        let mut unsorted = false;
        for (index, item) in list.iter().enumerate() {
            let pointer = format!("/entries/{index}");
            let Some(entry) = self.entry(item, &pointer) else {
                complete = false;
                continue;
            };
            if !seen.insert(entry.path.clone()) {
                let message = format!("`{}` is listed twice", printable(&entry.path));
                self.report(
                    Code::EntryDuplicate,
                    item.span,
                    &pointer,
                    &message,
                    "write the manifest with `bundle seal`",
                );
                complete = false;
                continue;
            }
            unsorted |= entries.last().is_some_and(|last| last.path > entry.path);
            entries.push(entry);
        }
        if unsorted {
            let (message, help) = ("the entries are not sorted by path", "write the manifest with `bundle seal`");
            self.report(
                Code::EntriesUnsorted,
                tree.get("entries").map_or(tree.span, |list| list.span),
                "/entries",
                message,
                help,
            );
        }
        (entries, complete)
    }

    /// One entry; `None` if it is not known which file it lists, or as what.
    fn entry(&mut self, item: &Tree<'_>, pointer: &str) -> Option<Entry> {
        let Some(members) = item.members() else {
            self.invalid(item.span, pointer, &format!("an entry is an object, not {}", item.kind().describe()));
            return None;
        };
        let known = |name: &str| name == "size" || ENTRY.iter().any(|(field, ..)| *field == name);
        self.refuse_unknown(members, known, pointer);
        let mut texts = ENTRY.iter().map(|&(name, check, required)| self.text(item, name, check, required, pointer));
        let mut next = || texts.next().flatten().map(|(text, _)| text);
        let (path, kind, sha256) = (next(), next(), next());
        let (media_type, source, captured_at, captured_by) = (next(), next(), next(), next());
        let size = match item.get("size").map(|size| (size.integer(), size.span)) {
            Some((Some(size), _)) if size >= 0 => Some(size.unsigned_abs()),
            Some((_, span)) => {
                self.invalid(span, &format!("{pointer}/size"), "`size` is a number of bytes");
                None
            }
            None => {
                self.invalid(item.span, &format!("{pointer}/size"), "`size` is missing");
                None
            }
        };
        let (path, kind, sha256) = (path?, kind?, sha256?.parse().ok()?);
        if UNLISTED.contains(&path.as_str()) {
            let message = format!("`{path}` lists itself; the manifest and its signatures are never listed");
            self.report(Code::PathRefused, item.span, pointer, &message, "write the manifest with `bundle seal`");
            return None;
        }
        Some(Entry { path, kind, size: size?, sha256, media_type, source, captured_at, captured_by, span: item.span })
    }

    fn references(&mut self, tree: &Tree<'_>) -> Vec<Reference> {
        let Some(list) = self.list(tree, "references", false, REFERENCES_MAX) else { return Vec::new() };
        let mut references = Vec::with_capacity(list.len());
        for (index, item) in list.iter().enumerate() {
            let pointer = format!("/references/{index}");
            let Some(members) = item.members() else {
                self.invalid(item.span, &pointer, &format!("a reference is an object, not {}", item.kind().describe()));
                continue;
            };
            self.refuse_unknown(members, |name| REFERENCE.iter().any(|(field, ..)| *field == name), &pointer);
            let mut texts =
                REFERENCE.iter().map(|&(name, check, required)| self.text(item, name, check, required, &pointer));
            let mut next = || texts.next().flatten().map(|(text, _)| text);
            let (bundle_digest, path, sha256, stands_for) = (next(), next(), next(), next());
            let digests =
                bundle_digest.and_then(|text| text.parse().ok()).zip(sha256.and_then(|text| text.parse().ok()));
            if let (Some((bundle_digest, sha256)), Some(path), Some(stands_for)) = (digests, path, stands_for) {
                references.push(Reference { bundle_digest, path, sha256, stands_for, span: item.span });
            }
        }
        references
    }

    /// A list of at most `most` elements. A longer one is not read at all.
    fn list<'t, 'b>(&mut self, tree: &'t Tree<'b>, name: &str, required: bool, most: usize) -> Option<&'t [Tree<'b>]> {
        let pointer = format!("/{name}");
        let Some(value) = tree.get(name) else {
            if required {
                self.invalid(tree.span, &pointer, &format!("`{name}` is missing"));
            }
            return None;
        };
        match value.items() {
            Some(items) if items.len() <= most => Some(items),
            Some(items) => {
                let message = format!("`{name}` has {} elements; at most {most} are allowed", items.len());
                self.invalid(value.span, &pointer, &message);
                None
            }
            None => {
                self.invalid(value.span, &pointer, &format!("`{name}` is a list, not {}", value.kind().describe()));
                None
            }
        }
    }

    /// A text that is as it should be; else a problem, if it must be there.
    fn text(
        &mut self,
        object: &Tree<'_>,
        name: &str,
        check: Check,
        required: bool,
        base: &str,
    ) -> Option<(String, Span)> {
        let pointer = || format!("{base}/{name}");
        let Some(value) = object.get(name) else {
            if required {
                self.invalid(object.span, &pointer(), &format!("`{name}` is missing"));
            }
            return None;
        };
        let Some(text) = value.text() else {
            self.invalid(value.span, &pointer(), &format!("`{name}` is a text, not {}", value.kind().describe()));
            return None;
        };
        match check.refusal(text) {
            None => Some((text.to_owned(), value.span)),
            Some((code, why)) => {
                let message = format!("`{name}` is `{}`: {why}", printable(text));
                self.report(code, value.span, &pointer(), &message, help_for(code));
                None
            }
        }
    }

    fn refuse_unknown(&mut self, members: &[Member<'_>], known: impl Fn(&str) -> bool, base: &str) {
        for member in members.iter().filter(|member| !known(&member.key)) {
            let name = printable(&member.key);
            let message = format!("a manifest has no member `{name}` here");
            self.report(
                Code::ManifestInvalid,
                member.key_span,
                base,
                &message,
                "take it out; what it says is not used",
            );
        }
    }

    fn invalid(&mut self, span: Span, pointer: &str, message: &str) {
        let message = format!("the manifest is not as it should be: {message}");
        self.report(Code::ManifestInvalid, span, pointer, &message, help_for(Code::ManifestInvalid));
    }

    fn report(&mut self, code: Code, span: Span, pointer: &str, message: &str, help: &str) {
        self.problems.push(Problem {
            code,
            path: self.path.to_owned(),
            file: Some(self.file),
            span: Some(span),
            pointer: Some(printable(pointer)),
            message: message.to_owned(),
            help: help.to_owned(),
        });
    }
}

fn help_for(code: Code) -> &'static str {
    match code {
        Code::NaiveInstant => "write the offset: `2026-03-20T15:00:00Z`",
        Code::PathRefused | Code::PathTooLong | Code::FolderTooDeep => {
            "rename the file: relative, `/` between names, no `.` or `..`"
        }
        _ => "write the manifest with `bundle new` and `bundle seal`",
    }
}

impl Check {
    /// Why a text is not what it must be.
    fn refusal(self, text: &str) -> Option<(Code, String)> {
        let all = |allowed: fn(&u8) -> bool| text.bytes().all(|byte| allowed(&byte));
        let expected = match self {
            Self::Any => return None,
            Self::Length(most) => {
                let length = text.chars().count();
                if (1..=most).contains(&length) {
                    return None;
                }
                format!("1 to {most} characters are expected")
            }
            Self::Path => return refused_name(text, &Limits::STANDARD),
            Self::Name => {
                let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
                if first && all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-') {
                    return None;
                }
                "lower-case letters, digits and hyphens are expected".to_owned()
            }
            Self::Lei => {
                let body = all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
                if text.len() == 20 && body && text.as_bytes()[18..].iter().all(u8::is_ascii_digit) {
                    return None;
                }
                "20 characters `A` to `Z` and `0` to `9`, the last two digits, are expected".to_owned()
            }
            Self::Qb64 => {
                if text.len() == 44 && all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
                    return None;
                }
                "an AID of 44 characters is expected".to_owned()
            }
            Self::Digest => {
                if text.parse::<Sha256>().is_ok() {
                    return None;
                }
                "64 lower-case hexadecimal digits are expected".to_owned()
            }
            Self::Instant => match text.parse::<Instant>() {
                Ok(_) => return None,
                Err(_) if is_naive(text) => return Some((Code::NaiveInstant, "it has no offset".to_owned())),
                Err(_) => "an instant as `2026-03-20T15:00:00Z` is expected".to_owned(),
            },
        };
        Some((Code::ManifestInvalid, expected))
    }
}

/// Whether a text would be an instant if it said its offset.
pub(super) fn is_naive(text: &str) -> bool {
    text.parse::<Instant>().is_err() && format!("{text}Z").parse::<Instant>().is_ok()
}
