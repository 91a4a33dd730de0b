//! Making a bundle: lay out a case, add files to it, seal it, and say what is in it.
//!
//! Every write goes to a new file beside the target and is moved over it, so that a manifest is never
//! half there. Nothing is overwritten but the manifest. Time comes in as an argument: the same files and the
//! same `created_at` give the same bytes.

pub mod error;
mod write;

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use bumpalo::Bump;
use serde::Serialize;

use crate::facts::schema::{FactSchema, KindClass, KindId};
use crate::facts::table::Layout;
use crate::facts::{Facts, FileId};
use crate::primitives::{Aid, Instant, Lei, Sha256};

use super::intake::refused_name;
use super::json::Numbers;
use super::limits::Limits;
use super::manifest::{Entry, FILE_KINDS, Manifest, Reference};
use super::problem::{Code, Problem};
use super::reader::{Input, Reader, closest};
use super::snapshot::{Area, FileState, Snapshot};

/// What to do where a bundle is missing.
const LAY_OUT: &str = "`countersign bundle new` lays out a case";
/// What to do where a file to be added cannot be read.
const ONE_FILE: &str = "name one file that can be read; of a folder, each file is added with its kind";

pub use error::AuthorError;

/// What a manifest is to say, as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ManifestDraft {
    version: u8,
    /// The bundle's name.
    pub bundle_id: String,
    /// The flow it claims.
    pub flow: String,
    /// The entity.
    pub lei: String,
    /// The QVI.
    pub qvi_aid: String,
    /// The profile the producer aimed at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_profile: Option<String>,
    /// When it was sealed.
    pub created_at: String,
    /// Who sealed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sealed_by: Option<String>,
    /// Until when it is kept.
    pub retention_until: String,
    /// The bundle it continues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prior_manifest_sha256: Option<String>,
    /// The files; sorted when written.
    pub entries: Vec<EntryDraft>,
    /// What it takes over from earlier cases.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<ReferenceDraft>,
}

/// A file to list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntryDraft {
    /// Relative to the bundle.
    pub path: String,
    /// Its kind.
    pub kind: String,
    /// Bytes.
    pub size: u64,
    /// Digest.
    pub sha256: Sha256,
    /// Media type.
    pub media_type: String,
    /// Where it came from.
    pub source: String,
    /// When it was captured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captured_at: Option<String>,
    /// Who captured it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captured_by: Option<String>,
}

/// A reference to list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReferenceDraft {
    /// Digest of the earlier bundle.
    pub bundle_digest: Sha256,
    /// Path in it.
    pub path: String,
    /// Digest of the file.
    pub sha256: Sha256,
    /// The kind it stands for.
    #[serde(rename = "as")]
    pub stands_for: String,
}

/// A case to lay out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCase<'a> {
    /// The bundle's name.
    pub bundle_id: &'a str,
    /// The flow.
    pub flow: &'a str,
    /// The entity.
    pub lei: &'a Lei,
    /// The QVI.
    pub qvi_aid: &'a Aid,
    /// When it is laid out.
    pub created_at: Instant,
    /// Until when it is to be kept.
    pub retention_until: Instant,
    /// What the flow needs: kind, and the stage that needs it.
    pub needs: &'a [(String, String)],
}

/// A file to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile<'a> {
    /// What to add.
    pub from: Origin<'a>,
    /// Its kind.
    pub kind: &'a str,
    /// Its path in the bundle; by its kind and name if none is given.
    pub path: Option<&'a str>,
    /// Where it came from: a URL, a system, a person.
    pub source: &'a str,
    /// When it was captured.
    pub captured_at: Option<Instant>,
    /// Who captured it.
    pub captured_by: Option<&'a str>,
}

/// Where the bytes of a new file come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin<'a> {
    /// A file to copy.
    File(&'a Path),
    /// Bytes that were fetched or made, and the name of the file they become.
    Bytes {
        /// The name.
        name: &'a str,
        /// All of it.
        bytes: &'a [u8],
    },
}

/// A bundle as it was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The bundle digest.
    pub digest: Sha256,
    /// Files it lists.
    pub files: usize,
}

/// What a case holds of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// The kind.
    pub kind: KindId,
    /// Paths of its records, relative to the case.
    pub paths: Vec<String>,
    /// How many of them cannot be used.
    pub broken: usize,
}

/// Lays out a case: a manifest without entries, and `CHECKLIST.md` with what is needed.
///
/// # Errors
/// `not_empty` if something is there already, `kind_not_evidence` for a need that is no kind, `write_failed`.
pub fn new_case(folder: &Path, new: &NewCase<'_>, schema: &FactSchema) -> Result<Vec<PathBuf>, AuthorError> {
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(AuthorError::NotEmpty { path: folder.to_owned() });
    }
    let checklist = checklist(new, schema)?;
    for part in ["bundle/records", "bundle/raw", "bundle/documents", "decision"] {
        write::make_folder(&folder.join(part))?;
    }
    let draft = ManifestDraft {
        version: 1,
        bundle_id: new.bundle_id.to_owned(),
        flow: new.flow.to_owned(),
        lei: new.lei.to_string(),
        qvi_aid: new.qvi_aid.to_string(),
        policy_profile: None,
        created_at: new.created_at.to_string(),
        sealed_by: None,
        retention_until: new.retention_until.to_string(),
        prior_manifest_sha256: None,
        entries: Vec::new(),
        references: Vec::new(),
    };
    let (manifest, list) = (folder.join("bundle/manifest.json"), folder.join("CHECKLIST.md"));
    write::create(&manifest, &draft.to_bytes())?;
    write::create(&list, checklist.as_bytes())?;
    Ok(vec![manifest, list])
}

/// Copies files into the bundle of a case and lists them, all or none. A record is read at once: one
/// with a problem is not taken. Gives their paths in the bundle.
///
/// # Errors
/// `kind_not_evidence`, `exists`, `already_signed`, `refused` with every problem, `write_failed`; then
/// nothing has changed.
pub fn add(bundle: &Path, files: &[NewFile<'_>], schema: &FactSchema) -> Result<Vec<String>, AuthorError> {
    let (folder, mut draft) = open(bundle)?;
    let mut taken = Vec::with_capacity(files.len());
    for new in files {
        let (path, bytes) = admit(&folder, &draft, new, schema)?;
        draft.entries.push(EntryDraft {
            path: path.clone(),
            kind: new.kind.to_owned(),
            size: bytes.len() as u64,
            sha256: Sha256::of(&bytes),
            media_type: media_type(&path).to_owned(),
            source: new.source.to_owned(),
            captured_at: new.captured_at.map(|at| at.to_string()),
            captured_by: new.captured_by.map(str::to_owned),
        });
        taken.push((path, bytes));
    }
    list(&folder, &draft, taken)
}

/// Takes over files of a bundle that was made elsewhere, as its manifest lists them: all but those named, or none.
///
/// # Errors
/// As [`add`]; `not_listed`: one of those named is not in it.
pub fn take_over(
    bundle: &Path,
    from: &Path,
    without: &[String],
    schema: &FactSchema,
) -> Result<Vec<String>, AuthorError> {
    let (folder, mut draft) = open(bundle)?;
    let listed = manifest_of(from)?;
    if let Some(path) = without.iter().find(|path| listed.entries.iter().all(|entry| entry.path != **path)) {
        return Err(AuthorError::NotListed { path: super::place::printable(path) });
    }
    let mut taken = Vec::new();
    for entry in listed.entries.into_iter().filter(|entry| !without.contains(&entry.path)) {
        let source = from.join(&entry.path);
        let new = NewFile {
            from: Origin::File(&source),
            kind: &entry.kind,
            path: Some(&entry.path),
            source: &entry.source,
            captured_at: None,
            captured_by: None,
        };
        let (path, bytes) = admit(&folder, &draft, &new, schema)?;
        if Sha256::of(&bytes) != entry.sha256 || bytes.len() as u64 != entry.size {
            return Err(AuthorError::NotAsListed { path });
        }
        draft.entries.push(entry);
        taken.push((path, bytes));
    }
    list(&folder, &draft, taken)
}

/// Puts a file of signatures beside a record and lists it, over one that had fewer.
///
/// # Errors
/// `already_signed`, `not_listed`: there is no such record, `refused`, `write_failed`.
pub fn put_signatures(
    bundle: &Path,
    record: &str,
    signatures: &[u8],
    by: &str,
    at: Instant,
) -> Result<String, AuthorError> {
    let (folder, mut draft) = open(bundle)?;
    let stem = record.strip_suffix(".json").filter(|_| draft.entries.iter().any(|entry| entry.path == record));
    let stem = stem.ok_or_else(|| AuthorError::NotListed { path: super::place::printable(record) })?;
    let path = format!("{stem}{}", super::signed::ENDING);
    let before = draft.entries.iter().position(|entry| entry.path == path).map(|place| draft.entries.remove(place));
    let said = format!("signed by {by}");
    draft.entries.push(EntryDraft {
        path: path.clone(),
        kind: "signature".to_owned(),
        size: signatures.len() as u64,
        sha256: Sha256::of(signatures),
        media_type: media_type(&path).to_owned(),
        source: before.map_or(said.clone(), |before| format!("{}, {said}", before.source)),
        captured_at: Some(at.to_string()),
        captured_by: Some(by.to_owned()),
    });
    // A crash between the two leaves a file that is not as it is listed, which no seal passes over.
    write::replace(&folder.join(&path), signatures)?;
    write::replace(&folder.join("manifest.json"), &draft.to_bytes())?;
    Ok(path)
}

/// Lays out the bundle of what follows the signature: a manifest without entries that names the first one.
///
/// # Errors
/// `not_empty`, `not_sealed`: the first bundle is not signed, `refused`, `write_failed`.
pub fn new_post(case: &Path, created_at: Instant) -> Result<PathBuf, AuthorError> {
    let (first, folder) = (case.join("bundle"), case.join("post"));
    if fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(AuthorError::NotEmpty { path: folder });
    }
    if fs::symlink_metadata(first.join("manifest.sig.cesr")).is_err() {
        return Err(AuthorError::NotSealed { path: first });
    }
    let draft = manifest_of(&first)?;
    let prior = Sha256::of(&read_source(&first.join("manifest.json"), LAY_OUT)?);
    let draft = ManifestDraft {
        bundle_id: format!("{}-post", draft.bundle_id),
        created_at: created_at.to_string(),
        sealed_by: None,
        prior_manifest_sha256: Some(prior.to_string()),
        entries: Vec::new(),
        references: Vec::new(),
        ..draft
    };
    for part in ["records", "raw", "documents", "streams"] {
        write::make_folder(&folder.join(part))?;
    }
    let manifest = folder.join("manifest.json");
    write::create(&manifest, &draft.to_bytes())?;
    Ok(manifest)
}

/// Writes files that were admitted and the manifest that lists them, all or none.
fn list(folder: &Path, draft: &ManifestDraft, taken: Vec<(String, Vec<u8>)>) -> Result<Vec<String>, AuthorError> {
    let mut written: Vec<PathBuf> = Vec::with_capacity(taken.len());
    let mut write = || {
        for (path, bytes) in &taken {
            let target = folder.join(path);
            if let Some(parent) = target.parent() {
                write::make_folder(parent)?;
            }
            write::create(&target, bytes)?;
            written.push(target);
        }
        write::replace(&folder.join("manifest.json"), &draft.to_bytes())
    };
    if let Err(error) = write() {
        // The files would lie there unlisted; taking them back is a courtesy, and `verify` shows them otherwise.
        for path in &written {
            let _ = fs::remove_file(path);
        }
        return Err(error);
    }
    Ok(taken.into_iter().map(|(path, _)| path).collect())
}

/// The path and the bytes of a file that may be added.
fn admit(
    folder: &Path,
    draft: &ManifestDraft,
    new: &NewFile<'_>,
    schema: &FactSchema,
) -> Result<(String, Vec<u8>), AuthorError> {
    let class = kind_class(schema, new.kind)?;
    let (name, bytes) = match &new.from {
        Origin::File(path) => {
            (path.file_name().and_then(|name| name.to_str()).unwrap_or_default(), read_source(path, ONE_FILE)?)
        }
        Origin::Bytes { name, bytes } => (*name, bytes.to_vec()),
    };
    let path = new.path.map_or_else(|| format!("{}/{name}", default_folder(new.kind)), str::to_owned);
    if let Some((_, why)) = refused_name(&format!("bundle/{path}"), &Limits::STANDARD) {
        return Err(AuthorError::BadPath { path, why });
    }
    let is_taken = draft.entries.iter().any(|entry| entry.path.eq_ignore_ascii_case(&path));
    if is_taken || fs::symlink_metadata(folder.join(&path)).is_ok() {
        return Err(AuthorError::Exists { path });
    }
    if let Some(kind) = class {
        let problems = record_problems(schema, kind, &format!("bundle/{path}"), &bytes);
        if !problems.is_empty() {
            return Err(AuthorError::Refused { problems });
        }
    }
    Ok((path, bytes))
}

/// Seals the bundle of a case: every file is read again and must be as it is listed; then the
/// manifest is written in its canonical form. `check` gives every problem of a snapshot
/// (`collect::problems`).
///
/// # Errors
/// `refused` with every problem, `already_signed`, `write_failed`.
pub fn seal(
    bundle: &Path,
    created_at: Instant,
    sealed_by: Option<&str>,
    check: &dyn Fn(&Snapshot) -> Vec<Problem>,
) -> Result<Sealed, AuthorError> {
    sealing(bundle, created_at, sealed_by, check)?.write(None)
}

/// A bundle that may be sealed; nothing is written yet, so that its manifest can be signed first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealing {
    folder: PathBuf,
    bytes: Vec<u8>,
    files: usize,
}

impl Sealing {
    /// The manifest as it will stand.
    pub fn manifest(&self) -> &[u8] {
        &self.bytes
    }

    /// Writes it, and the signature beside it if there is one.
    ///
    /// # Errors
    /// `write_failed`.
    pub fn write(&self, signature: Option<&[u8]>) -> Result<Sealed, AuthorError> {
        write::replace(&self.folder.join("manifest.json"), &self.bytes)?;
        if let Some(signature) = signature {
            write::create(&self.folder.join("manifest.sig.cesr"), signature)?;
        }
        Ok(Sealed { digest: Sha256::of(&self.bytes), files: self.files })
    }
}

/// As [`seal`], without writing.
///
/// # Errors
/// `refused` with every problem, `already_signed`.
pub fn sealing(
    bundle: &Path,
    created_at: Instant,
    sealed_by: Option<&str>,
    check: &dyn Fn(&Snapshot) -> Vec<Problem>,
) -> Result<Sealing, AuthorError> {
    let (folder, mut draft) = open(bundle)?;
    let snapshot = Snapshot::read(&folder, &Limits::STANDARD)?;
    let mut problems = check(&snapshot);
    // Sealing mends these two.
    problems.retain(|problem| !matches!(problem.code, Code::ManifestNotCanonical | Code::EntriesUnsorted));
    if !problems.is_empty() {
        return Err(AuthorError::Refused { problems });
    }
    draft.created_at = created_at.to_string();
    if let Some(person) = sealed_by {
        draft.sealed_by = Some(person.to_owned());
    }
    Ok(Sealing { folder, bytes: draft.to_bytes(), files: draft.entries.len() })
}

/// What a case holds, per kind of evidence and of case record, in schema order; kinds of which it holds
/// nothing have no paths. `decided` are the case records (`case::sort_files`).
pub fn holdings(snapshot: &Snapshot, schema: &FactSchema, decided: &[(FileId, KindId)]) -> Vec<Holding> {
    let mut holdings: Vec<Holding> = schema
        .kinds()
        .iter()
        .enumerate()
        .filter(|(_, kind)| matches!(kind.class, KindClass::Evidence | KindClass::Case))
        .map(|(at, _)| Holding { kind: KindId(at as u32), paths: Vec::new(), broken: 0 })
        .collect();
    let mut hold = |name: &str, path: String, good: bool| {
        let holding = holdings.iter_mut().find(|holding| schema.kind(holding.kind).name == name);
        if let Some(holding) = holding {
            holding.paths.push(path);
            holding.broken += usize::from(!good);
        }
    };
    for area in [Area::Bundle, Area::Post] {
        for entry in snapshot.manifest(area).map(|manifest| manifest.entries.as_slice()).unwrap_or_default() {
            let path = format!("{}/{}", area.folder(), entry.path);
            let good = snapshot.find(&path).is_some_and(|id| snapshot.file(id).state == FileState::Good);
            hold(&entry.kind, path, good);
        }
    }
    for (id, kind) in decided {
        hold(&schema.kind(*kind).name, snapshot.file(*id).path.clone(), true);
    }
    holdings
}

impl ManifestDraft {
    /// The RFC 8785 form, entries sorted by path.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut sorted = self.clone();
        sorted.entries.sort_by(|a, b| a.path.cmp(&b.path));
        serde_json_canonicalizer::to_vec(&sorted).expect("texts, integers and lists of them have a canonical form")
    }

    /// What a manifest says, to be written again. `None` if a text at its top that must be there is not.
    pub fn of(manifest: &Manifest) -> Option<Self> {
        let text = |name: &str| manifest.text(name).map(str::to_owned);
        Some(Self {
            version: 1,
            bundle_id: text("bundle_id")?,
            flow: text("flow")?,
            lei: text("lei")?,
            qvi_aid: text("qvi_aid")?,
            policy_profile: text("policy_profile"),
            created_at: text("created_at")?,
            sealed_by: text("sealed_by"),
            retention_until: text("retention_until")?,
            prior_manifest_sha256: text("prior_manifest_sha256"),
            entries: manifest.entries.iter().map(EntryDraft::of).collect(),
            references: manifest.references.iter().map(ReferenceDraft::of).collect(),
        })
    }
}

impl EntryDraft {
    fn of(entry: &Entry) -> Self {
        Self {
            path: entry.path.clone(),
            kind: entry.kind.clone(),
            size: entry.size,
            sha256: entry.sha256,
            media_type: entry.media_type.clone().unwrap_or_default(),
            source: entry.source.clone().unwrap_or_default(),
            captured_at: entry.captured_at.clone(),
            captured_by: entry.captured_by.clone(),
        }
    }
}

impl ReferenceDraft {
    fn of(reference: &Reference) -> Self {
        Self {
            bundle_digest: reference.bundle_digest,
            path: reference.path.clone(),
            sha256: reference.sha256,
            stands_for: reference.stands_for.clone(),
        }
    }
}

/// The folder of a bundle (of a case: its `bundle/`) and what its manifest says.
fn open(path: &Path) -> Result<(PathBuf, ManifestDraft), AuthorError> {
    let case = path.join("bundle");
    let folder = if fs::symlink_metadata(case.join("manifest.json")).is_ok() { case } else { path.to_owned() };
    if fs::symlink_metadata(folder.join("manifest.sig.cesr")).is_ok() {
        return Err(AuthorError::AlreadySigned { path: folder });
    }
    let draft = manifest_of(&folder)?;
    Ok((folder, draft))
}

/// What the manifest of a folder says, if all of it is understood.
fn manifest_of(folder: &Path) -> Result<ManifestDraft, AuthorError> {
    let bytes = read_source(&folder.join("manifest.json"), LAY_OUT)?;
    let mut problems = Vec::new();
    let read = Manifest::parse(&bytes, "bundle/manifest.json", FileId(0), Sha256::of(&bytes), &mut problems);
    problems.retain(|problem| !matches!(problem.code, Code::ManifestNotCanonical | Code::EntriesUnsorted));
    match read.as_ref().and_then(ManifestDraft::of) {
        // A manifest that is not wholly understood is not written again: something would be lost.
        Some(draft) if problems.is_empty() => Ok(draft),
        Some(_) | None => Err(AuthorError::Refused { problems }),
    }
}

/// The record kind of this name; `None` if it is a kind of file that is no record.
fn kind_class(schema: &FactSchema, name: &str) -> Result<Option<KindId>, AuthorError> {
    match schema.kind_named(name) {
        Some(kind) if schema.kind(kind).class == KindClass::Evidence => Ok(Some(kind)),
        None if FILE_KINDS.contains(&name) => Ok(None),
        Some(_) | None => {
            let kinds = schema.kinds().iter().filter(|kind| kind.class == KindClass::Evidence);
            let names = kinds.map(|kind| kind.name.as_str()).chain(FILE_KINDS);
            let help = match closest(name, names) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "schemas/README.md lists the kinds".to_owned(),
            };
            Err(AuthorError::KindNotEvidence { kind: super::place::printable(name), help })
        }
    }
}

fn record_problems(schema: &FactSchema, kind: KindId, path: &str, bytes: &[u8]) -> Vec<Problem> {
    let arena = Bump::new();
    let layout = Layout::new(schema, |_, _| false);
    let reader = Reader::new(schema, &layout);
    let type_id = schema.kind(kind).record;
    let input = Input { file: FileId(0), path, bytes, type_id, numbers: Numbers::Integers };
    let mut problems = match reader.read(&mut Facts::new(schema), &arena, input) {
        Err(problem) => vec![*problem],
        Ok(record) => {
            let field = schema.struct_type(type_id).field("kind");
            let said = field.and_then(|field| record.fields.get(field as usize)).map(|cell| cell.value);
            let mut problems = record.problems;
            if let Some(crate::facts::CellValue::Text(said)) = said
                && said != schema.kind(kind).name
            {
                let (said, listed) = (super::place::printable(said), &schema.kind(kind).name);
                problems.push(Problem {
                    code: Code::KindMismatch,
                    path: path.to_owned(),
                    file: None,
                    span: None,
                    pointer: Some("/kind".to_owned()),
                    message: format!("the record says it is of kind `{said}`, not `{listed}`"),
                    help: format!("add it as kind `{said}`"),
                });
            }
            problems
        }
    };
    for problem in &mut problems {
        problem.file = None;
    }
    problems
}

fn read_source(path: &Path, help: &'static str) -> Result<Vec<u8>, AuthorError> {
    let failed = |source| AuthorError::ReadFailed { path: path.to_owned(), source, help };
    let file = File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let limit = Limits::STANDARD.bytes_for(&path.to_string_lossy());
    let mut bytes = Vec::new();
    if size <= limit {
        // A device has no end, whatever size it says.
        file.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    }
    let size = size.max(bytes.len() as u64);
    if size > limit {
        return Err(AuthorError::TooBig { path: path.to_owned(), bytes: size, limit });
    }
    Ok(bytes)
}

fn default_folder(kind: &str) -> &'static str {
    match kind {
        "lei-record-body" => "raw",
        "cesr" => "streams",
        "document" => "documents",
        "signature" => "signatures",
        _ => "records",
    }
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("json") => "application/json",
        Some("cesr") => "application/json+cesr",
        Some("pdf") => "application/pdf",
        Some("eml") => "message/rfc822",
        Some("txt") => "text/plain",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some(_) | None => "application/octet-stream",
    }
}

/// What is needed, as a list to tick off.
fn checklist(new: &NewCase<'_>, schema: &FactSchema) -> Result<String, AuthorError> {
    let mut out = format!("# Case {}\n\n", new.bundle_id);
    out.push_str(&format!("Flow `{}` for LEI {}.\n", new.flow, new.lei));
    out.push_str("Add each piece with `countersign bundle add FILE --kind KIND`; `countersign bundle show` says what is still missing.\n");
    let mut stage = "";
    for (kind, needed_at) in new.needs {
        if needed_at != stage {
            out.push_str(&format!("\n## Stage {needed_at}\n\n"));
            stage = needed_at;
        }
        let Some(id) = schema.kind_named(kind) else {
            return Err(AuthorError::KindNotEvidence {
                kind: super::place::printable(kind),
                help: "the flow needs a kind that no schema describes".to_owned(),
            });
        };
        let first = schema.kind(id).description.split(". ").next().unwrap_or_default().trim_end_matches('.');
        out.push_str(&format!("- [ ] `{kind}`: {first}.\n"));
    }
    Ok(out)
}
