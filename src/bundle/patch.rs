//! Small changes of a case in memory: how the cases of a rule differ from their fixture.
//!
//! In: the files of a case by path, steps, and a [`Maker`] that knows keys and streams. Out: the changed
//! files, settled: what was signed is signed again, and a file's digest is corrected wherever the case names it
//! (manifests, records, the chain of case records), so that a patch changes the one thing it says. A step may
//! say that what it touches is left as it is. Files keep their layout: a changed value is spliced into the text.

mod edit;
mod error;
mod place;
mod relist;
mod shift;
mod stream;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde_json::Value;

use crate::bundle::json::{Numbers, Tree};
use crate::primitives::Duration;

pub use error::PatchError;

use place::{beside, full, matching, short};

/// The name of the trust file among the files of a case.
pub const TRUST: &str = "trust";

/// Files by path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A change, and what is made to agree with it afterwards.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What is made to agree.
    pub settle: Settle,
    /// What is done.
    pub change: Change,
}

/// What is made to agree with a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settle {
    /// Everything: what the step touches is signed again and listed again.
    Signed,
    /// Digests: it is listed again, and not signed.
    Listed,
    /// Nothing: what the step touches stays as the step leaves it.
    Nothing,
}

/// What this module cannot do itself, as it knows neither keys nor CESR.
pub trait Maker {
    /// Where the body of each message of a stream stands.
    ///
    /// # Errors
    /// What is no message.
    fn bodies(&self, stream: &[u8]) -> Result<Vec<Range<usize>>, String>;

    /// Makes the change between two versions of a stream in another stream; `None` if it holds nothing of it.
    fn follow(&self, old: &[u8], new: &[u8], other: &[u8]) -> Option<Vec<u8>>;

    /// Sets or removes something attached to a message, or in a file of detached signatures.
    ///
    /// # Errors
    /// Why there is nothing at the pointer, or why it cannot hold the value.
    fn attach(&mut self, bytes: &[u8], detached: bool, pointer: &str, to: Option<&Value>) -> Result<Vec<u8>, String>;

    /// A stream with a message more, which may leave out what follows from the log it continues.
    ///
    /// # Errors
    /// What is missing in it, or in the case.
    fn append(&self, files: &Files, stream: &[u8], message: &Value) -> Result<Vec<u8>, String>;

    /// Whether records of a kind carry signatures.
    fn is_signed(&self, kind: &str) -> bool;

    /// Detached signatures by a person, yet to be made; `None` for somebody without keys.
    fn unsigned(&self, person: &str) -> Option<Vec<u8>>;

    /// Makes changed streams again, and puts new identifiers and digests wherever old ones stand.
    ///
    /// # Errors
    /// A stream that is none any more, or a message that nobody can sign.
    fn settle(&mut self, files: &mut Files, before: &Files, left: &Left) -> Result<(), String>;

    /// Makes detached signatures again over these bytes; `moved` are the persons who performed it before and
    /// now. `None` if there are no keys at all.
    ///
    /// # Errors
    /// A key that is not at hand.
    fn sign(&self, detached: &[u8], message: &[u8], moved: Option<(&str, &str)>) -> Result<Option<Vec<u8>>, String>;
}

/// Files that stay as a step left them.
#[derive(Debug, Default)]
pub struct Left {
    /// Neither listed nor signed again.
    pub untouched: BTreeSet<String>,
    /// Listed, and not signed again.
    pub unsigned: BTreeSet<String>,
}

/// What became of a patch.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Records and manifests that changed and whose signatures, for want of keys, are those of before.
    pub stale: Vec<String>,
}

/// What is done. Paths are relative to `bundle/`; `decision/…`, `post/…` and `trust` name other parts.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Sets a member; its parents must exist, and `-` appends to a list.
    Set {
        /// The file.
        path: String,
        /// RFC 6901, with selectors `[person_id=LAR-C]` as steps.
        pointer: String,
        /// The new value.
        to: Value,
    },
    /// Removes a member.
    Remove {
        /// The file.
        path: String,
        /// The member.
        pointer: String,
    },
    /// Removes a file, and its entry in the manifest.
    RemoveFile {
        /// The file.
        path: String,
    },
    /// Makes a new file like an old one.
    Copy {
        /// The old file.
        path: String,
        /// The new one.
        to: String,
        /// Members that differ.
        change: Vec<(String, Value)>,
    },
    /// Adds a file.
    Add {
        /// The new file.
        path: String,
        /// Its kind; not used for case records.
        kind: String,
        /// What it holds.
        content: Content,
    },
    /// Replaces text in every file whose path matches.
    Replace {
        /// What is replaced.
        text: String,
        /// By what.
        by: String,
        /// A path with `*` (no `/`) and `**`; `**` alone is every file of the bundle.
        within: String,
    },
    /// Moves every instant and date in the JSON files whose path matches.
    Shift {
        /// How far.
        by: Shift,
        /// A path with `*` (no `/`) and `**`; `**` alone is every file of the bundle.
        within: String,
    },
}

/// What a new file holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A JSON document.
    Json(Value),
    /// A text.
    Text(String),
}

/// How far time is moved; negative moves it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shift {
    /// Calendar days.
    Days(i64),
    /// An exact duration; a date moves as its midnight does.
    Duration(Duration),
}

/// What the steps did, for settling.
#[derive(Debug, Default)]
struct Done {
    /// Files that a step left as they are.
    left: Left,
    /// New files, each with its kind or the file it is like.
    added: Vec<Added>,
    /// Files that were removed, with their bytes.
    removed: BTreeMap<String, Vec<u8>>,
}

#[derive(Debug)]
struct Added {
    path: String,
    listing: Listing,
    /// Whether the new case record says its predecessor itself.
    chained: bool,
}

#[derive(Debug)]
enum Listing {
    Kind(String),
    Like(String),
}

impl Done {
    fn is_frozen(&self, path: &str) -> bool {
        self.left.untouched.contains(path)
    }

    fn is_added(&self, path: &str) -> bool {
        self.added.iter().any(|added| added.path == path)
    }
}

/// How often a case is settled at most: streams, then signatures and digests. Only a stream that names the
/// digest of a file that names the stream needs more than two.
const ROUNDS_MAX: usize = 8;

/// Applies the steps in order, then settles the case. The key of the trust file is [`TRUST`].
///
/// # Errors
/// The first step that cannot be done, with its index, or that nothing can be made to agree with the last;
/// then `files` is as far as it got.
pub fn apply(files: &mut Files, steps: &[Step], maker: &mut dyn Maker) -> Result<Applied, (usize, PatchError)> {
    let before = files.clone();
    let mut done = Done::default();
    for (index, step) in steps.iter().enumerate() {
        let touched = change(files, step, &mut done, maker).map_err(|error| (index, error))?;
        match step.settle {
            Settle::Signed => {}
            Settle::Listed => done.left.unsigned.extend(touched),
            Settle::Nothing => done.left.untouched.extend(touched),
        }
    }
    let last = steps.len().saturating_sub(1);
    let unsettled = |reason: String| (last, PatchError::Unsettled { reason });
    for _ in 0..ROUNDS_MAX {
        maker.settle(files, &before, &done.left).map_err(unsettled)?;
        let streams = stream::contents(files);
        let stale = relist::relist(files, &before, &done, maker).map_err(unsettled)?;
        if stream::contents(files) == streams {
            return Ok(Applied { stale });
        }
    }
    Err(unsettled("streams and files name each other in a circle".to_owned()))
}

/// Does one change; gives the paths it touched.
fn change(files: &mut Files, step: &Step, done: &mut Done, maker: &mut dyn Maker) -> Result<Vec<String>, PatchError> {
    match &step.change {
        Change::Set { path, pointer, to } => set(files, step, &full(path), pointer, Some(to), done, maker),
        Change::Remove { path, pointer } => set(files, step, &full(path), pointer, None, done, maker),
        Change::RemoveFile { path } => {
            let path = full(path);
            let mut touched = vec![path.clone()];
            if step.settle != Settle::Nothing {
                touched.extend(belonging(files, &path));
            }
            for path in &touched {
                let bytes = files.remove(path).ok_or_else(|| PatchError::NoFile { path: short(path).to_owned() })?;
                done.added.retain(|added| added.path != *path);
                done.removed.insert(path.clone(), bytes);
            }
            Ok(touched)
        }
        Change::Copy { path, to, change } => {
            let (path, to) = (full(path), full(to));
            let mut bytes = existing(files, &path)?.clone();
            for (pointer, value) in change {
                bytes = edited(files, &bytes, (&path, pointer), Some(value), maker)?;
            }
            let signatures =
                beside(&path).and_then(|beside| Some((files.get(&beside)?.clone(), Listing::Like(beside))));
            let chained = change.iter().any(|(pointer, _)| pointer == "/predecessor_sha256");
            add(files, done, &to, bytes, Listing::Like(path), chained)?;
            signed(files, done, step, &to, signatures)
        }
        Change::Add { path, kind, content } => {
            let path = full(path);
            let (bytes, chained, signatures) = match content {
                Content::Json(value) => {
                    let text = |member: &str| value.get(member).and_then(Value::as_str);
                    let person =
                        text("performed_by").filter(|_| text("kind").is_some_and(|kind| maker.is_signed(kind)));
                    let signatures = person.and_then(|person| maker.unsigned(person));
                    let chained = value.get("predecessor_sha256").is_some_and(|named| !named.is_null());
                    (format!("{value:#}\n").into_bytes(), chained, signatures)
                }
                Content::Text(text) => (text.clone().into_bytes(), true, None),
            };
            add(files, done, &path, bytes, Listing::Kind(kind.clone()), chained)?;
            let signatures = signatures.map(|bytes| (bytes, Listing::Kind("signature".to_owned())));
            signed(files, done, step, &path, signatures)
        }
        Change::Replace { text, by, within } => {
            let rewrite = |_: &str, bytes: &[u8]| {
                let old = std::str::from_utf8(bytes).ok()?;
                let matches = !text.is_empty() && old.contains(text.as_str());
                matches.then(|| Ok(old.replace(text.as_str(), by).into_bytes()))
            };
            let new = rewritten(files, within, &rewrite)?;
            if new.is_empty() {
                return Err(PatchError::NoText { text: text.clone(), within: within.clone() });
            }
            Ok(replaced(files, new, step, done, maker))
        }
        Change::Shift { by, within } => {
            let bodies = |stream: &[u8]| maker.bodies(stream);
            let rewrite = |path: &str, bytes: &[u8]| {
                if stream::is_stream(path) {
                    return stream::rewrite_texts(bytes, &bodies(bytes).ok()?, |text| by.moved(text)).transpose();
                }
                edit::rewrite_texts(bytes, |text| by.moved(text)).transpose()
            };
            let moved = rewritten(files, within, &rewrite)?;
            if moved.is_empty() {
                return Err(PatchError::NoInstant { within: within.clone() });
            }
            Ok(replaced(files, moved, step, done, maker))
        }
    }
}

/// Sets or removes a member of a file, of a message in a stream, or something attached to it.
fn set(
    files: &mut Files,
    step: &Step,
    path: &str,
    pointer: &str,
    to: Option<&Value>,
    done: &Done,
    maker: &mut dyn Maker,
) -> Result<Vec<String>, PatchError> {
    let bytes = existing(files, path)?.clone();
    let new = edited(files, &bytes, (path, pointer), to, maker)?;
    Ok(replaced(files, vec![(path.to_owned(), new)], step, done, maker))
}

fn edited(
    files: &Files,
    bytes: &[u8],
    (path, pointer): (&str, &str),
    to: Option<&Value>,
    maker: &mut dyn Maker,
) -> Result<Vec<u8>, PatchError> {
    if path.ends_with(".cesr") {
        return stream::edit(files, bytes, (path, pointer), to, maker);
    }
    match to {
        Some(to) => edit::set(bytes, path, pointer, to),
        None => edit::remove(bytes, path, pointer),
    }
}

type Rewrite<'r> = dyn Fn(&str, &[u8]) -> Option<Result<Vec<u8>, PatchError>> + 'r;

/// What a rewriting makes of every file whose path matches, where it makes something else.
fn rewritten(files: &Files, within: &str, rewrite: &Rewrite<'_>) -> Result<Vec<(String, Vec<u8>)>, PatchError> {
    let mut new = Vec::new();
    for path in matching(files, within)? {
        if let Some(bytes) = files.get(&path).and_then(|bytes| rewrite(&path, bytes)) {
            new.push((path, bytes?));
        }
    }
    Ok(new)
}

/// Puts new content in the place of old. A message is one thing, so its copies in other streams change with
/// it, unless the step leaves files as they are, or the stream is a new one that differs on purpose.
fn replaced(
    files: &mut Files,
    new: Vec<(String, Vec<u8>)>,
    step: &Step,
    done: &Done,
    maker: &dyn Maker,
) -> Vec<String> {
    let mut touched = Vec::new();
    let mut changed = Vec::new();
    for (path, bytes) in new {
        let old = files.insert(path.clone(), bytes).unwrap_or_default();
        touched.push(path.clone());
        changed.push((path, old));
    }
    if step.settle == Settle::Signed {
        for (path, old) in changed.iter().filter(|(path, _)| stream::is_stream(path) && !done.is_added(path)) {
            let Some(new) = files.get(path).cloned() else { continue };
            for (other, bytes) in files.iter_mut().filter(|(other, _)| stream::is_stream(other) && *other != path) {
                let left = done.is_added(other) || done.is_frozen(other) || done.left.unsigned.contains(other);
                if let Some(followed) = maker.follow(old, &new, bytes).filter(|_| !left) {
                    *bytes = followed;
                }
            }
        }
    }
    touched
}

/// What a record takes along when it goes: its signatures, and the stream that it alone proposes.
fn belonging(files: &Files, path: &str) -> Vec<String> {
    let signatures = beside(path).filter(|beside| files.contains_key(beside));
    let proposed = |path: &str| {
        let record = files.get(path).filter(|_| path.starts_with("decision/") && path.ends_with(".json"))?;
        let tree = Tree::parse(record, Numbers::Integers).ok()?;
        Some(tree.get("cesr_path")?.text()?.to_owned())
    };
    let others = || files.keys().filter(|other| *other != path).filter_map(|other| proposed(other));
    let stream = proposed(path).filter(|stream| stream.starts_with("decision/") && files.contains_key(stream));
    let stream = stream.filter(|stream| others().all(|other| other != *stream));
    signatures.into_iter().chain(stream).collect()
}

/// Gives a new record a file of signatures, which are made when the case is settled.
fn signed(
    files: &mut Files,
    done: &mut Done,
    step: &Step,
    path: &str,
    signatures: Option<(Vec<u8>, Listing)>,
) -> Result<Vec<String>, PatchError> {
    let mut touched = vec![path.to_owned()];
    if let (Settle::Signed, Some(beside), Some((bytes, listing))) = (step.settle, beside(path), signatures)
        && !files.contains_key(&beside)
    {
        touched.extend(add(files, done, &beside, bytes, listing, true)?);
    }
    Ok(touched)
}

fn add(
    files: &mut Files,
    done: &mut Done,
    path: &str,
    bytes: Vec<u8>,
    listing: Listing,
    chained: bool,
) -> Result<Vec<String>, PatchError> {
    if files.contains_key(path) {
        return Err(PatchError::FileExists { path: short(path).to_owned() });
    }
    files.insert(path.to_owned(), bytes);
    done.added.push(Added { path: path.to_owned(), listing, chained });
    Ok(vec![path.to_owned()])
}

fn existing<'f>(files: &'f mut Files, path: &str) -> Result<&'f mut Vec<u8>, PatchError> {
    files.get_mut(path).ok_or_else(|| PatchError::NoFile { path: short(path).to_owned() })
}
