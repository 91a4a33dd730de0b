//! Files that several commands read: policies, the trust file, schemas, earlier cases.
//!
//! In: paths from arguments and settings. Out: checked values of the library, or why not.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::config::Settings;
use super::error::CliError;
use crate::bundle::patch::TRUST;
use crate::bundle::{Limits, Snapshot};
use crate::check;
use crate::check::cases::{Fixture, Patched};
use crate::compile;
use crate::compile::program::Program;
use crate::facts::schema::FactSchema;
use crate::keri::cesr;
use crate::keri::remake::{Keys, KeysError};
use crate::keri::schema::Library;
use crate::lock::SignedLock;
use crate::policy::{self, FileKind, ParsedCases, PolicySet, file_kind};
use crate::primitives::Said;
use crate::source::Source;
use crate::trust::Trust;

/// Most bytes of a policy file.
const POLICY_BYTES_MAX: u64 = 4 << 20;
/// Most files of a policies folder.
const POLICY_FILES_MAX: usize = 1_000;
/// Most bytes of a trust file, and of a credential schema.
const DOCUMENT_BYTES_MAX: u64 = 1 << 20;
/// Most bytes of a policy lock, with the logs of its signers.
const LOCK_BYTES_MAX: u64 = 4 << 20;
/// Deepest folder of policies.
const POLICY_DEPTH_MAX: usize = 4;

/// The fact types that the schema files declare.
pub(super) fn fact_schema() -> &'static FactSchema {
    static SCHEMA: OnceLock<FactSchema> = OnceLock::new();
    SCHEMA.get_or_init(FactSchema::embedded)
}

/// The rule book of a run.
#[derive(Debug)]
pub(super) enum RuleBook {
    /// The one that is part of countersign.
    Embedded(&'static Program),
    /// From a folder.
    Folder(Box<Loaded>),
}

/// A folder of policies, as read and as compiled.
#[derive(Debug)]
pub(super) struct Loaded {
    /// As read.
    pub set: PolicySet,
    /// Compiled.
    pub program: Program,
}

impl RuleBook {
    /// The program.
    pub(super) fn program(&self) -> &Program {
        match self {
            Self::Embedded(program) => program,
            Self::Folder(loaded) => &loaded.program,
        }
    }
}

/// The rule book: of the option, else of the settings, else the embedded one. The cases beside the rules of a folder,
/// two thirds of what is in it, are left to `policy check` and `policy test`.
///
/// # Errors
/// The folder cannot be read, or its policies have problems: all of them.
pub(super) fn rule_book(policies: Option<&Path>, settings: &Settings) -> Result<RuleBook, CliError> {
    rule_book_of(policies, settings, |file| file_kind(file.name()) != FileKind::Cases)
}

/// As [`rule_book`], with its cases, for who shows them.
///
/// # Errors
/// As [`rule_book`]; cases have problems.
pub(super) fn rule_book_and_cases(policies: Option<&Path>, settings: &Settings) -> Result<RuleBook, CliError> {
    rule_book_of(policies, settings, |_| true)
}

fn rule_book_of(
    policies: Option<&Path>,
    settings: &Settings,
    wanted: impl Fn(&Source) -> bool,
) -> Result<RuleBook, CliError> {
    let Some(path) = policies.or(settings.policies.as_deref()) else {
        return match compile::shipped() {
            Ok(program) => Ok(RuleBook::Embedded(program)),
            Err(problems) => Err(CliError::Policies { problems: problems.to_vec() }),
        };
    };
    let mut files = policy_files(path)?;
    files.retain(wanted);
    Ok(RuleBook::Folder(Box::new(loaded(files)?)))
}

/// A folder of policies, read and compiled.
///
/// # Errors
/// The folder cannot be read, or its policies have problems: all of them.
pub(super) fn folder(path: &Path) -> Result<Loaded, CliError> {
    loaded(policy_files(path)?)
}

fn loaded(files: Vec<Source>) -> Result<Loaded, CliError> {
    let (set, mut problems) = policy::load(files);
    match compile::compile(&set, fact_schema().clone()) {
        Ok(program) if problems.is_empty() => Ok(Loaded { set, program }),
        Ok(_) => Err(CliError::Policies { problems }),
        Err(found) => {
            problems.extend(found);
            policy::problem::sort(&mut problems);
            Err(CliError::Policies { problems })
        }
    }
}

/// The cases beside the policies of a rule book.
pub(super) fn cases(rule_book: &RuleBook) -> Vec<ParsedCases> {
    cases_in(rule_book, Some)
}

/// As [`cases`]; of the embedded ones those that name one of these rules, since reading them all takes longer than
/// everything else that explains a rule.
pub(super) fn cases_about(rule_book: &RuleBook, rules: &[&str]) -> Vec<ParsedCases> {
    cases_in(rule_book, |file| about(&file, rules))
}

fn cases_in(rule_book: &RuleBook, wanted: impl Fn(Source) -> Option<Source>) -> Vec<ParsedCases> {
    match rule_book {
        RuleBook::Embedded(_) => {
            let files = compile::shipped_files().into_iter().filter(|file| file_kind(file.name()) == FileKind::Cases);
            // The rules that they name are in other files; a test holds that the shipped files have no problem.
            policy::load(files.filter_map(wanted).collect()).0.cases
        }
        RuleBook::Folder(loaded) => loaded.set.cases.clone(),
    }
}

/// A file of cases without those that name none of these rules; nothing if none of them does.
fn about(file: &Source, rules: &[&str]) -> Option<Source> {
    const ITEM: &str = "\n  - ";
    let names_one = |text: &str| rules.iter().any(|rule| text.contains(rule));
    let mut items = file.text().split(ITEM);
    let mut text = items.next().unwrap_or_default().to_owned();
    let mut found = false;
    for item in items.filter(|item| names_one(item)) {
        found = true;
        text.push_str(ITEM);
        text.push_str(item);
    }
    found.then(|| Source::new(file.name(), text))
}

/// A fixture: its files, the trust file beside it, and the instant that `cases.yaml` gives it.
///
/// # Errors
/// `no_fixture`, or a file that cannot be read.
pub(super) fn fixture(folder: &Path, name: &str) -> Result<Fixture, CliError> {
    let case = folder.join("cases").join(name);
    if name.contains(['/', '\\']) || name.starts_with('.') || !case.is_dir() {
        return Err(CliError::NoFixture { name: name.to_owned(), path: case });
    }
    let snapshot = Snapshot::read(&case, &Limits::STANDARD)?;
    let instants = folder.join("cases.yaml");
    let text = text(&instants, DOCUMENT_BYTES_MAX)?;
    let source = Source::new(instants.display().to_string(), text);
    let as_of = check::cases::instant_of(&source, name).map_err(|problems| CliError::Policies { problems })?;
    let mut files = snapshot.to_files();
    files.insert(TRUST.to_owned(), bytes(&folder.join("trust.json"), DOCUMENT_BYTES_MAX)?);
    let keys = folder.join("keri").join(name).join("keys.json");
    let keys = if keys.is_file() { load_keys(&keys)? } else { Keys::default() };
    Ok(Fixture { files, as_of, keys, earlier: Some(folder.join("cases")) })
}

fn load_keys(path: &Path) -> Result<Keys, CliError> {
    let refused = |error: KeysError| CliError::Keys { path: path.to_owned(), reason: error.to_string() };
    Keys::parse(&bytes(path, DOCUMENT_BYTES_MAX)?).map_err(refused)
}

/// A snapshot with the changes of a patch file, made in memory and signed with the keys that it names.
///
/// # Errors
/// The file or that of its keys cannot be read, or a step cannot be made.
pub(super) fn patched(snapshot: &Snapshot, schema: &FactSchema, path: &Path) -> Result<Patched, CliError> {
    let source = Source::new(path.display().to_string(), text(path, POLICY_BYTES_MAX)?);
    let file = policy::cases::patch_file(&source).map_err(|problems| CliError::Policies { problems })?;
    let keys = match &file.keys {
        Some(keys) => load_keys(&path.parent().unwrap_or(Path::new("")).join(&keys.text))?,
        None => Keys::default(),
    };
    check::cases::patched(snapshot, &file.steps, schema, &keys)
        .map_err(|reason| CliError::Patch { path: path.to_owned(), reason })
}

/// The folder of earlier cases; it must be there if it is named.
///
/// # Errors
/// It cannot be read.
pub(super) fn earlier_cases(path: Option<&Path>) -> Result<Option<&Path>, CliError> {
    if let Some(path) = path {
        fs::read_dir(path).map_err(|source| CliError::Unreadable { path: path.to_owned(), source })?;
    }
    Ok(path)
}

/// The YAML files of a policies folder, named relative to it, in order.
///
/// # Errors
/// The folder cannot be read, holds no policy, or more than the bounds.
pub(super) fn policy_files(folder: &Path) -> Result<Vec<Source>, CliError> {
    let mut files = Vec::new();
    yaml_files(folder, folder, 0, &mut files)?;
    if files.is_empty() {
        return Err(CliError::NoPolicies { path: folder.to_owned() });
    }
    files.sort_by(|a, b| a.name().cmp(b.name()));
    Ok(files)
}

fn yaml_files(root: &Path, folder: &Path, depth: usize, files: &mut Vec<Source>) -> Result<(), CliError> {
    let unreadable = |source| CliError::Unreadable { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            if depth == POLICY_DEPTH_MAX {
                return Err(CliError::FolderTooDeep { path, limit: POLICY_DEPTH_MAX });
            }
            yaml_files(root, &path, depth + 1, files)?;
        } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            if files.len() == POLICY_FILES_MAX {
                return Err(CliError::TooManyFiles { path: root.to_owned(), limit: POLICY_FILES_MAX });
            }
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            files.push(Source::new(name, text(&path, POLICY_BYTES_MAX)?));
        }
    }
    Ok(())
}

/// The trust file: of the option, else of the settings.
///
/// # Errors
/// `no_trust` if neither names one; it cannot be read or used.
pub(super) fn trust(given: Option<&Path>, settings: &Settings) -> Result<Trust, CliError> {
    let path = given.or(settings.trust.as_deref()).ok_or(CliError::NoTrust)?;
    Ok(Trust::parse_named(text(path, DOCUMENT_BYTES_MAX)?.as_bytes(), &path.display().to_string())?)
}

/// The trust file that is in force and its path.
///
/// # Errors
/// As [`trust`].
pub(super) fn trust_and_path<'s>(
    given: Option<&'s Path>,
    settings: &'s Settings,
) -> Result<(Trust, &'s Path), CliError> {
    let path = given.or(settings.trust.as_deref()).ok_or(CliError::NoTrust)?;
    Ok((trust(Some(path), settings)?, path))
}

/// Key event logs, one after the other.
///
/// # Errors
/// A file cannot be read, or is no CESR stream.
pub(super) fn logs(paths: &[PathBuf]) -> Result<String, CliError> {
    let mut logs = String::new();
    for path in paths {
        let text = text(path, DOCUMENT_BYTES_MAX)?;
        cesr::read(text.as_bytes()).map_err(|source| CliError::Stream { path: path.to_owned(), source })?;
        logs.push_str(text.trim_end());
    }
    Ok(logs)
}

/// A policy lock, not verified.
///
/// # Errors
/// `no_lock`; it cannot be read or used.
pub(super) fn lock(given: Option<&Path>, settings: &Settings) -> Result<SignedLock, CliError> {
    let path = given.or(settings.lock.as_deref()).ok_or(CliError::NoLock)?;
    Ok(SignedLock::read(&bytes(path, LOCK_BYTES_MAX)?)?)
}

/// The official credential schemas of a folder, each verified by its SAID.
///
/// # Errors
/// The folder or a file cannot be read, or a SAID does not hold.
pub(super) fn schema_library(folder: &Path) -> Result<Library, CliError> {
    let unreadable = |source| CliError::Unreadable { path: folder.to_owned(), source };
    let mut library = Library::default();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let refused = |source| CliError::NotASchema { name: path.display().to_string(), source };
            library.add(&bytes(&path, DOCUMENT_BYTES_MAX)?).map_err(refused)?;
        }
    }
    Ok(library)
}

/// The SAIDs of the schemas of a folder, if there is one: a schema that is not what it says stops the run.
///
/// # Errors
/// As [`schema_library`].
pub(super) fn verify_schemas(folder: Option<&Path>) -> Result<Vec<Said>, CliError> {
    let library = folder.map(schema_library).transpose()?;
    Ok(library.iter().flat_map(Library::saids).cloned().collect())
}

/// A text file within a bound.
///
/// # Errors
/// It cannot be read, or is too large.
pub(super) fn text(path: &Path, limit: u64) -> Result<String, CliError> {
    let bytes = bytes(path, limit)?;
    String::from_utf8(bytes).map_err(|_| CliError::NotText { path: path.to_owned() })
}

/// A file within a bound.
///
/// # Errors
/// It cannot be read, or is too large.
pub(super) fn bytes(path: &Path, limit: u64) -> Result<Vec<u8>, CliError> {
    let unreadable = |source| CliError::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    let mut bytes = Vec::new();
    if size <= limit {
        // A device says that it has no bytes and has no end: what is read is bounded, not what is announced.
        file.take(limit + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    }
    let size = size.max(bytes.len() as u64);
    if size > limit {
        return Err(CliError::TooLarge { path: path.to_owned(), bytes: size, limit });
    }
    Ok(bytes)
}
