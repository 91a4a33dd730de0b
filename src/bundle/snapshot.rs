//! All bytes of one case, as they were when they were hashed.
//!
//! In: a folder, a tar file, or files in memory. Out: a [`Snapshot`]. Everything after this reads the
//! snapshot and never the disk, so what is judged is what was hashed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::facts::FileId;
use crate::meter::{Work, during};
use crate::primitives::Sha256;

use super::archive;
use super::error::BundleError;
use super::intake::{Content, Intake};
use super::limits::Limits;
use super::manifest::{Entry, Manifest, UNLISTED};
use super::place::{printable, printable_path};
use super::problem::{Code, Problem};
use super::walk::walk;

/// The folders of a case.
pub const AREAS: [&str; 3] = ["bundle", "decision", "post"];

/// A part of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Area {
    /// Sealed evidence.
    Bundle,
    /// Case records.
    Decision,
    /// Evidence sealed after signing.
    Post,
}

/// What was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// A case: `bundle/`, `decision/`, `post/`.
    Case,
    /// A bundle alone: what is decided about it is not known.
    Bundle,
}

/// One case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    form: Form,
    files: Vec<File>,
    bundle: Option<Manifest>,
    post: Option<Manifest>,
    has_post: bool,
    outside: Vec<String>,
    problems: Vec<Problem>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Relative to the case: `bundle/records/x.json`.
    pub path: String,
    /// The part of the case.
    pub area: Area,
    content: Content,
    entry: Option<usize>,
    /// Whether it is what it should be.
    pub state: FileState,
}

/// Whether a file is what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileState {
    /// Read, and where a manifest must list it, listed with this digest.
    Good,
    /// Not read: a link, too big, changing, …
    Refused,
    /// Not listed: it is no evidence.
    Unlisted,
    /// Listed with another size or digest: its content is not used.
    Altered,
}

impl Snapshot {
    /// Reads a case, a bundle, or a tar file of either.
    ///
    /// # Errors
    /// `cannot_read`, `compressed`, `not_a_bundle`, `ambiguous`, `archive_too_big`. What is wrong
    /// inside is in [`Snapshot::problems`].
    pub fn read(path: &Path, limits: &Limits) -> Result<Self, BundleError> {
        let (intake, form, outside) = during(Work::Read, || taken_in(path, limits))?;
        Ok(during(Work::Parse, || Self::assemble(intake, form, outside)))
    }

    /// A case from files in memory; their paths begin with `bundle/`, `decision/` or `post/`, and
    /// others are outside of it. With nothing in `decision/` and `post/` it is still a case.
    pub fn from_files(files: BTreeMap<String, Vec<u8>>, limits: &Limits) -> Self {
        let mut intake = Intake::new(*limits);
        let mut outside = Vec::new();
        for (path, bytes) in files {
            if area_of(&path).is_none() {
                outside.push(path);
            } else if intake.admit(&path, bytes.len() as u64) {
                intake.take(&path, bytes);
            }
        }
        Self::assemble(intake, Form::Case, outside)
    }

    fn assemble(mut intake: Intake, form: Form, mut outside: Vec<String>) -> Self {
        intake.find_collisions();
        let Intake { files, mut problems, .. } = intake;
        let files: Vec<File> = files
            .into_iter()
            .map(|(path, content)| {
                let state = match content {
                    Content::Read { .. } => FileState::Unlisted,
                    Content::Refused => FileState::Refused,
                };
                // INVARIANT: walk, archive and from_files give only paths below an area, or refused ones.
                let area = area_of(&path).unwrap_or(Area::Bundle);
                File { path, area, content, entry: None, state }
            })
            .collect();
        outside.sort();
        let has_post = files.iter().any(|file| file.area == Area::Post);
        let mut snapshot = Self { form, files, bundle: None, post: None, has_post, outside, problems: Vec::new() };
        snapshot.bundle = snapshot.seal(Area::Bundle, &mut problems);
        if has_post {
            snapshot.post = snapshot.seal(Area::Post, &mut problems);
            snapshot.check_continuation(&mut problems);
        }
        for file in snapshot.files.iter_mut().filter(|file| file.area == Area::Decision) {
            if file.state == FileState::Unlisted {
                file.state = FileState::Good;
            }
        }
        for problem in &mut problems {
            if problem.file.is_none() {
                problem.file = snapshot.find(&problem.path);
            }
        }
        Problem::sort(&mut problems);
        snapshot.problems = problems;
        snapshot
    }

    /// Reads the manifest of a part and compares it with the files that are there.
    fn seal(&mut self, area: Area, problems: &mut Vec<Problem>) -> Option<Manifest> {
        let prefix = area.folder();
        if !self.files.iter().any(|file| file.area == area) {
            problems.push(bare(Code::EmptyBundle, prefix, "there is no file in the bundle", "begin with `bundle new`"));
            return None;
        }
        let path = format!("{prefix}/manifest.json");
        let Some(id) = self.find(&path) else {
            let message = "there is no `manifest.json`, so nothing here is evidence";
            problems.push(bare(Code::ManifestMissing, &path, message, "write the manifest with `bundle seal`"));
            return None;
        };
        // A refused manifest has its problem already.
        let (bytes, digest) = self.file(id).bytes().zip(self.file(id).sha256())?;
        let manifest = Manifest::parse(bytes, &path, id, digest, problems)?;
        if manifest.entries.is_empty() && manifest.complete {
            let (message, help) = ("the manifest lists no file", "add evidence with `bundle add`");
            problems.push(bare(Code::EmptyBundle, &path, message, help));
        }
        for (index, entry) in manifest.entries.iter().enumerate() {
            self.compare(prefix, id, index, entry, problems);
        }
        for file in self.files.iter_mut().filter(|file| file.area == area && file.entry.is_none()) {
            let name = file.path.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/')).unwrap_or(&file.path);
            if UNLISTED.contains(&name) {
                if file.state == FileState::Unlisted {
                    file.state = FileState::Good;
                }
            } else if file.state == FileState::Unlisted && manifest.complete {
                let message = format!("`{}` is not listed in the manifest, so it is no evidence", printable(name));
                let help = "list it with `bundle add`, or take it out";
                problems.push(bare(Code::FileUnlisted, &file.path, &message, help));
            }
        }
        Some(manifest)
    }

    fn compare(&mut self, prefix: &str, manifest: FileId, index: usize, entry: &Entry, problems: &mut Vec<Problem>) {
        let path = format!("{prefix}/{}", entry.path);
        let mut report = |code, message: String, help: &str| {
            problems.push(Problem {
                code,
                path: printable_path(&path),
                file: Some(manifest),
                span: Some(entry.span),
                pointer: Some(format!("/entries/{index}")),
                message,
                help: help.to_owned(),
            });
        };
        let shown = printable(&entry.path);
        let Some(id) = self.find(&path) else {
            let help = "put the file back as it was when the bundle was sealed";
            report(Code::FileMissing, format!("`{shown}` is listed in the manifest and is not there"), help);
            return;
        };
        let file = &mut self.files[id.0 as usize];
        file.entry = Some(index);
        let Content::Read { bytes, sha256 } = &file.content else {
            // Refused when it was read; its problem says why.
            return;
        };
        let help = "put the file back as it was when the bundle was sealed; what it says now is not used";
        file.state = FileState::Altered;
        if bytes.len() as u64 != entry.size {
            let message = format!("`{shown}` has {} bytes; the manifest lists {}", bytes.len(), entry.size);
            report(Code::SizeMismatch, message, help);
        } else if *sha256 != entry.sha256 {
            let message = format!("`{shown}` has the digest {sha256}; the manifest lists {}", entry.sha256);
            report(Code::DigestMismatch, message, help);
        } else {
            file.state = FileState::Good;
        }
    }

    fn check_continuation(&self, problems: &mut Vec<Problem>) {
        let Some(post) = &self.post else { return };
        let named = post.text("prior_manifest_sha256").and_then(|text| text.parse::<Sha256>().ok());
        let digest = self.digest();
        if named.is_none() || named != digest {
            let span = post.top.iter().find(|field| field.name == "prior_manifest_sha256").map(|field| field.span);
            let shown = |digest: Option<Sha256>| digest.map_or("no bundle".to_owned(), |digest| digest.to_string());
            problems.push(Problem {
                code: Code::PostNotContinuing,
                path: "post/manifest.json".to_owned(),
                file: Some(post.file),
                span,
                pointer: Some("/prior_manifest_sha256".to_owned()),
                message: format!("`post/` continues {}, and this bundle is {}", shown(named), shown(digest)),
                help: "seal `post/` again with the digest of this bundle as its prior".to_owned(),
            });
        }
    }

    /// The same files as a bundle alone, about which nothing is known to be decided.
    pub fn as_bundle(self) -> Self {
        Self { form: Form::Bundle, ..self }
    }

    /// The case as it stood before anything was sealed after the signing: without `post/`.
    pub fn before_closing(&self) -> Self {
        let mut earlier = self.clone();
        // Files are in order of path, and `post/` comes last: the ids of the others stay.
        earlier.files.retain(|file| file.area != Area::Post);
        earlier.problems.retain(|problem| problem.path != "post" && !problem.path.starts_with("post/"));
        earlier.post = None;
        earlier.has_post = false;
        earlier
    }

    /// Whether a case or a bundle was given.
    pub fn form(&self) -> Form {
        self.form
    }

    /// All files, in order of path; a [`FileId`] is an index of this list.
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// All files with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &File)> {
        self.files.iter().enumerate().map(|(at, file)| (FileId(at as u32), file))
    }

    /// A file.
    pub fn file(&self, id: FileId) -> &File {
        &self.files[id.0 as usize]
    }

    /// The file of a path.
    pub fn find(&self, path: &str) -> Option<FileId> {
        self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok().map(|at| FileId(at as u32))
    }

    /// The manifest of a part, as far as it could be read.
    pub fn manifest(&self, area: Area) -> Option<&Manifest> {
        match area {
            Area::Bundle => self.bundle.as_ref(),
            Area::Decision => None,
            Area::Post => self.post.as_ref(),
        }
    }

    /// Whether there is a `post/`.
    pub fn has_post(&self) -> bool {
        self.has_post
    }

    /// The manifest's entry of a file.
    pub fn entry(&self, id: FileId) -> Option<&Entry> {
        let file = self.file(id);
        self.manifest(file.area)?.entries.get(file.entry?)
    }

    /// The bundle digest: SHA-256 of `bundle/manifest.json` as it is; `None` if there is none.
    pub fn digest(&self) -> Option<Sha256> {
        self.find("bundle/manifest.json").and_then(|id| self.file(id).sha256())
    }

    /// What is wrong with the files and the manifests, in order of path. What is wrong inside
    /// records is found when they are read (`collect`).
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Names at the top of the case that are no part of it: not read, not judged.
    pub fn outside(&self) -> &[String] {
        &self.outside
    }

    /// The content of every file that was read, by path: to change some and make a new snapshot.
    pub fn to_files(&self) -> BTreeMap<String, Vec<u8>> {
        let read = self.files.iter().filter_map(|file| Some((file.path.clone(), file.bytes()?.to_vec())));
        read.collect()
    }
}

impl File {
    /// All of it; `None` if it was not read.
    pub fn bytes(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Read { bytes, .. } => Some(bytes),
            Content::Refused => None,
        }
    }

    /// Its digest; `None` if it was not read.
    pub fn sha256(&self) -> Option<Sha256> {
        match &self.content {
            Content::Read { sha256, .. } => Some(*sha256),
            Content::Refused => None,
        }
    }

    /// Whether a manifest lists it.
    pub fn is_listed(&self) -> bool {
        self.entry.is_some()
    }

    /// Its path in its part of the case: `records/x.json`.
    pub fn inner_path(&self) -> &str {
        self.path.split_once('/').map_or(self.path.as_str(), |(_, inner)| inner)
    }
}

impl Area {
    /// Its folder in a case.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::Decision => "decision",
            Self::Post => "post",
        }
    }
}

/// The files of a case, a bundle or a tar file, hashed and not yet compared; what stands beside the case.
fn taken_in(path: &Path, limits: &Limits) -> Result<(Intake, Form, Vec<String>), BundleError> {
    let cannot_read = |source| BundleError::CannotRead { path: path.to_owned(), source };
    // The path is the user's own: a link to a case is followed here, and nowhere below.
    let metadata = fs::metadata(path).map_err(cannot_read)?;
    if metadata.is_file() {
        return archive::read(path, limits);
    }
    if !metadata.is_dir() {
        return Err(BundleError::NotABundle { path: path.to_owned() });
    }
    let mut intake = Intake::new(*limits);
    let areas: Vec<&'static str> =
        AREAS.into_iter().filter(|area| fs::symlink_metadata(path.join(area)).is_ok()).collect();
    let has_manifest = fs::symlink_metadata(path.join("manifest.json")).is_ok();
    match (has_manifest, areas.first()) {
        (true, Some(area)) => return Err(BundleError::Ambiguous { path: path.to_owned(), area }),
        (true, None) | (false, None) => {
            fs::read_dir(path).map_err(cannot_read)?;
            walk(&mut intake, path, "bundle");
            return Ok((intake, Form::Bundle, Vec::new()));
        }
        (false, Some(_)) => {}
    }
    for area in areas {
        let folder = path.join(area);
        match fs::symlink_metadata(&folder) {
            Ok(metadata) if metadata.is_dir() => walk(&mut intake, &folder, area),
            Ok(_) => {
                let help = "make it a folder with the files themselves";
                intake.problem(area, Code::Symlink, "it is a link or a file, where a folder should be", help);
            }
            Err(error) => {
                let message = format!("the folder cannot be read: {error}");
                intake.problem(area, Code::FileUnreadable, &message, "give the reader access to the folder");
            }
        }
    }
    let most = limits.files;
    let mut outside: Vec<String> = fs::read_dir(path)
        .map_err(cannot_read)?
        .take(most.saturating_add(AREAS.len() + 1))
        .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_, _>>()
        .map_err(cannot_read)?;
    outside.retain(|name| !AREAS.contains(&name.as_str()));
    if outside.len() > most {
        let message = format!("more than {most} files and folders stand beside those of the case");
        intake.problem("bundle", Code::TooManyFiles, &message, "take out what is not part of the case");
    }
    Ok((intake, Form::Case, outside))
}

fn area_of(path: &str) -> Option<Area> {
    match path.split_once('/')?.0 {
        "bundle" => Some(Area::Bundle),
        "decision" => Some(Area::Decision),
        "post" => Some(Area::Post),
        _ => None,
    }
}

fn bare(code: Code, path: &str, message: &str, help: &str) -> Problem {
    Problem {
        code,
        path: printable_path(path),
        file: None,
        span: None,
        pointer: None,
        message: message.to_owned(),
        help: help.to_owned(),
    }
}
