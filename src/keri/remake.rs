//! Streams and signatures made again after a change, with the keys of a fixture: for tests and what-ifs.
//!
//! In: the files of a case after somebody changed them, as they were before, and a file of [`Keys`]. Out:
//! files in which digests, identifiers, seals and signatures agree again, so that a change shows nothing but
//! itself. Private keys come from a fixture and from nowhere else; nothing here is used to reach a verdict.
//!
//! Everything is looked up: which key stands at which index says the key event log in the case, which seed
//! makes its signatures says the file of keys. The same change gives the same bytes.

mod attached;
mod frame;
mod fresh;
mod keys;
mod said;
mod world;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;

pub use frame::{bodies, follow};
pub use keys::{Keys, KeysError};
pub use world::World;

use attached::{Claim, Signing};
use frame::Sent;
use said::{Renamed, Scope};
use world::{Event, Worlds};

/// Files by path.
pub type Files = BTreeMap<String, Vec<u8>>;

type Streams = BTreeMap<String, Vec<Sent>>;

/// Most rounds in which digests are made again: each settles at least the first message that is not settled.
const ROUNDS_MAX: usize = 1000;

/// Whether a path names a stream of messages, and not detached signatures.
pub fn is_stream(path: &str) -> bool {
    path.ends_with(".cesr") && !path.ends_with(".sig.cesr")
}

/// What was made again in one case.
#[derive(Debug)]
pub struct Remake<'k> {
    keys: &'k Keys,
    base: &'k World,
    /// The streams after they were made again; none if none changed.
    now: Option<World>,
    /// Digests and identifiers of the base that became others.
    renamed: HashMap<String, String>,
    /// Signatures that a change gave as text: they stay as they are.
    kept: HashSet<String>,
}

/// Files that are left as a step left them.
#[derive(Debug, Clone, Copy)]
pub struct Left<'f> {
    /// Nothing in them is changed.
    pub untouched: &'f BTreeSet<String>,
    /// Nothing in them is signed.
    pub unsigned: &'f BTreeSet<String>,
}

impl<'k> Remake<'k> {
    /// For a case whose streams were these.
    pub fn new(keys: &'k Keys, base: &'k World) -> Self {
        Self { keys, base, now: None, renamed: HashMap::new(), kept: HashSet::new() }
    }

    /// Whether there are keys to sign with.
    pub fn has_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Sets or removes something attached: `/0/-B/2` in a stream, `/signers/1` in a file of signatures.
    ///
    /// # Errors
    /// Why there is nothing at the pointer, or why it cannot hold the value.
    pub fn attach(
        &mut self,
        bytes: &[u8],
        sidecar: bool,
        pointer: &str,
        to: Option<&Value>,
    ) -> Result<Vec<u8>, String> {
        let mut steps: Vec<&str> = pointer.split('/').skip(1).collect();
        let (keys, base) = (self.keys, self.base);
        let named = |name: &str| claim(keys, base, name);
        if sidecar {
            let text = std::str::from_utf8(bytes).map_err(|_| "it is not text".to_owned())?;
            return attached::edit(text, &steps, to, &named, &mut self.kept).map(String::into_bytes);
        }
        if steps.is_empty() {
            return Err("it names no message".to_owned());
        }
        let index = steps.remove(0);
        let mut sent = frame::split(bytes)?;
        let count = sent.len();
        let message = index.parse::<usize>().ok().and_then(|index| sent.get_mut(index));
        let message = message.ok_or_else(|| format!("there is no message `{index}`: the stream has {count}"))?;
        message.attached = attached::edit(&message.attached, &steps, to, &named, &mut self.kept)?;
        Ok(frame::join(&sent))
    }

    /// A stream with a message more. What the message leaves out follows from the log that it continues;
    /// signatures are made when the case is settled.
    ///
    /// # Errors
    /// What is missing in it, or in the case.
    pub fn append(&self, files: &Files, stream: &[u8], message: &Value) -> Result<Vec<u8>, String> {
        let message = fresh::message(message, &frame::split(stream)?, &World::read(files), self.keys)?;
        Ok([stream, message.as_bytes()].concat())
    }

    /// Detached signatures by somebody of the fixture, yet to be made; `None` for somebody without keys.
    pub fn unsigned(&self, name: &str) -> Option<Vec<u8>> {
        attached::signature_file(&[claim(self.keys, self.base, name)?]).map(String::into_bytes)
    }

    /// Makes streams again until digests, identifiers, seals and signatures agree, and puts the new ones
    /// wherever other files name the old ones.
    ///
    /// # Errors
    /// A stream that is none any more, or a message that nobody can sign.
    pub fn settle(&mut self, files: &mut Files, before: &Files, left: Left<'_>) -> Result<(), String> {
        let is_free = |path: &str| is_stream(path) && !left.untouched.contains(path) && !left.unsigned.contains(path);
        if !files.iter().any(|(path, bytes)| is_free(path) && before.get(path) != Some(bytes)) {
            return Ok(());
        }
        let mut streams = Streams::new();
        for (path, bytes) in files.iter().filter(|(path, _)| is_free(path)) {
            match frame::split(bytes) {
                Ok(sent) => {
                    streams.insert(path.clone(), sent);
                }
                // What was no stream before may stay none.
                Err(_) if before.get(path) == Some(bytes) => {}
                Err(why) => return Err(format!("`{path}` is no stream any more: {why}; `sign: false` leaves it so")),
            }
        }
        for sent in streams.values_mut().flatten() {
            sent.settled = self.base.has(&sent.body);
        }
        let mut renamed = digests(&mut streams)?;
        let world = World::of(streams.values().flatten());
        self.signatures(&mut streams, &world, &mut renamed)?;
        for (path, sent) in &streams {
            files.insert(path.clone(), frame::join(sent));
        }
        for (_, bytes) in files.iter_mut().filter(|(path, _)| !is_stream(path) && !left.untouched.contains(*path)) {
            let text = std::str::from_utf8(bytes).ok().and_then(|text| said::put(text, &renamed));
            if let Some(text) = text {
                *bytes = text.into_bytes();
            }
        }
        for (old, new) in renamed {
            self.renamed.values_mut().filter(|value| **value == old).for_each(|value| value.clone_from(&new));
            self.renamed.insert(old, new);
        }
        self.now = Some(world);
        Ok(())
    }
}

impl Remake<'_> {
    /// Makes the signatures of every message that changed, each with the key that stands at its index.
    fn signatures(&self, streams: &mut Streams, world: &World, renamed: &mut Renamed) -> Result<(), String> {
        let worlds = Worlds { now: Some(world), base: self.base };
        for (path, sent) in streams {
            for (index, message) in sent.iter_mut().enumerate().filter(|(_, message)| !message.settled) {
                let signing = Signing { keys: self.keys, worlds, kept: &self.kept };
                let made = attached::sign(&message.attached, &message.body, &signing);
                let made = made.map_err(|why| format!("message {index} of `{path}` cannot be signed again: {why}"))?;
                renamed.extend(made.replaced);
                message.attached = made.text;
                message.settled = true;
            }
        }
        Ok(())
    }

    /// The detached signatures of a record or manifest made again over these bytes. Who signed before signs
    /// again; where the record names another person now, that person signs instead.
    ///
    /// # Errors
    /// A key that is not at hand.
    pub fn sign(&self, sidecar: &[u8], message: &[u8], moved: Option<(&str, &str)>) -> Result<Vec<u8>, String> {
        let text = std::str::from_utf8(sidecar).map_err(|_| "it is not text".to_owned())?;
        let worlds = Worlds { now: self.now.as_ref(), base: self.base };
        let signing = Signing { keys: self.keys, worlds, kept: &self.kept };
        let moved = moved.and_then(|(from, to)| Some((self.aid(from)?, self.aid(to)?)));
        attached::sign_again(text, message, moved, &signing).map(String::into_bytes)
    }

    /// The identifier of a holder of keys, as it is now.
    fn aid(&self, name: &str) -> Option<&str> {
        let aid = self.keys.aid(name)?;
        Some(self.renamed.get(aid).map_or(aid, String::as_str))
    }
}

/// Whose key state somebody signs with, and with which keys of it.
fn claim(keys: &Keys, world: &World, name: &str) -> Option<Claim> {
    world.latest(keys.aid(name)?).map(|state| claim_of(state, keys))
}

/// A key state, and those of its keys that are at hand.
fn claim_of(state: &Event, keys: &Keys) -> Claim {
    let indices = state.keys.iter().zip(0..).filter(|(key, _)| keys.seed(key).is_some()).map(|(_, index)| index);
    Claim { aid: state.prefix.clone(), sn: state.sn, said: state.said.clone(), indices: indices.collect() }
}

/// Makes the digests of all messages that are not settled, and of those that name them, and so on.
fn digests(streams: &mut Streams) -> Result<Renamed, String> {
    let mut renamed = Renamed::new();
    for _ in 0..ROUNDS_MAX {
        let mut found: Vec<(String, said::Rename)> = Vec::new();
        for (path, sent) in streams.iter_mut() {
            for (index, message) in sent.iter_mut().enumerate().filter(|(_, message)| !message.settled) {
                let made = said::make(&message.body);
                let (body, renames) = made.map_err(|why| {
                    format!("message {index} of `{path}` is none any more: {why}; `sign: false` leaves it so")
                })?;
                if body != message.body {
                    message.body = body;
                    found.extend(renames.into_iter().map(|rename| (path.clone(), rename)));
                }
            }
        }
        if found.is_empty() {
            return Ok(renamed);
        }
        // What still stands somewhere is another thing now: only those who came with the new one mean it.
        let standing: HashSet<String> = streams.values().flatten().flat_map(|sent| said::named(&sent.body)).collect();
        let mut global = Renamed::new();
        for (path, rename) in found {
            let only = match (standing.contains(&rename.old), rename.scope) {
                (false, Scope::Message | Scope::Section) => None,
                (true, Scope::Message) => Some(path.as_str()),
                (true, Scope::Section) => continue,
            };
            match only {
                None => {
                    global.insert(rename.old, rename.new);
                }
                Some(path) => {
                    let one = Renamed::from([(rename.old, rename.new)]);
                    streams.get_mut(path).into_iter().flatten().for_each(|message| message.rename(&one));
                }
            }
        }
        streams.values_mut().flatten().for_each(|message| message.rename(&global));
        for (old, new) in global {
            renamed.values_mut().filter(|value| **value == old).for_each(|value| value.clone_from(&new));
            renamed.insert(old, new);
        }
    }
    Err("its messages name each other in a circle".to_owned())
}
