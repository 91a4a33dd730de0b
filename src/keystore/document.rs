//! The file of keys: what it says openly, and what it seals.
//!
//! In: seeds and a passphrase, or the bytes of a file. Out: the bytes of a file, or a [`KeyFile`] whose public part
//! is readable and whose private part opens with the passphrase. What it says openly is sealed with the seeds, so
//! that a file whose public part was changed does not open.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::error::KeystoreError;
use super::inception::{self, Witnesses};
use super::seal::{CHECK, Cost, NONCE, Passphrase, SALT, Salted};
use super::seed::{Seed, from_hex, to_hex};
use super::{PublicKey, Signature};
use crate::keri::cesr::{self, Group, Indexed, StreamWriter};
use crate::primitives::{Aid, Said};

/// What the first member of a file says.
const FORMAT: &str = "countersign/keys";
/// The version that is written.
const VERSION: u64 = 1;
/// Longest name.
const NAME_MAX: usize = 48;
const KDF: &str = "argon2id";
const CIPHER: &str = "chacha20poly1305";

/// The name of keys on this machine; also their file's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyName {
    type Err = KeystoreError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let begins = text.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if begins && text.len() <= NAME_MAX && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(KeystoreError::Name { name: text.chars().take(NAME_MAX * 2).collect() })
        }
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Keys of a new identifier.
#[derive(Debug, Clone)]
pub struct NewKeys {
    /// The current key.
    pub current: Seed,
    /// The key that the identifier commits to.
    pub next: Seed,
    /// Who receipts its events.
    pub witnesses: Witnesses,
}

/// Keys of an identifier that began elsewhere.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The identifier.
    pub aid: Aid,
    /// The current key.
    pub current: Seed,
    /// The key that the identifier committed to, if it is at hand.
    pub next: Option<Seed>,
}

/// A file of keys that was read and not opened.
#[derive(Debug, Clone)]
pub struct KeyFile {
    name: KeyName,
    aid: Aid,
    key: PublicKey,
    next: Option<Said>,
    inception: Option<String>,
    rotations: u64,
    salted: Salted,
    check: [u8; CHECK],
    sealed: Vec<u8>,
}

/// The private keys of a file that was opened.
#[derive(Debug)]
pub(super) struct Opened {
    pub current: Seed,
    pub next: Option<Seed>,
}

/// What is written of keys before they are sealed.
struct Draft {
    name: KeyName,
    aid: Aid,
    inception: Option<String>,
    rotations: u64,
    opened: Opened,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    format: String,
    version: u64,
    name: String,
    aid: String,
    key: String,
    next: Option<String>,
    inception: Option<String>,
    rotations: u64,
    kdf: KdfWire,
    cipher: CipherWire,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    sealed: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KdfWire {
    algorithm: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    check: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CipherWire {
    algorithm: String,
    nonce: String,
}

/// What tells which reader a file needs.
#[derive(Deserialize)]
struct Head {
    format: Option<String>,
    version: Option<u64>,
}

impl KeyFile {
    /// Begins an identifier with these keys.
    ///
    /// # Errors
    /// No random numbers, or a passphrase that is too short.
    pub fn begin(name: &KeyName, keys: NewKeys, passphrase: &Passphrase, cost: Cost) -> Result<Self, KeystoreError> {
        passphrase.fit()?;
        let (body, aid) = inception::body(keys.current.public(), &keys.next.public().digest(), &keys.witnesses)?;
        let inception = Some(signed(&body, &keys.current)?);
        let opened = Opened { current: keys.current, next: Some(keys.next) };
        Draft { name: name.clone(), aid, inception, rotations: 0, opened }.seal(passphrase, cost)
    }

    /// Takes over keys of an identifier that began elsewhere.
    ///
    /// # Errors
    /// `another_aid`: the identifier is a key itself, and another one; a passphrase that is too short.
    pub fn import(name: &KeyName, keys: Imported, passphrase: &Passphrase, cost: Cost) -> Result<Self, KeystoreError> {
        passphrase.fit()?;
        let public = keys.current.public();
        let aid = keys.aid.as_str();
        // Only after an inception with this very key is such an identifier its key; it may have rotated since.
        if aid.starts_with('B') && cesr::key_bytes(aid) != Some(*public.as_bytes()) {
            return Err(KeystoreError::AnotherAid { key: public.to_string(), aid: aid.to_owned() });
        }
        let opened = Opened { current: keys.current, next: keys.next };
        Draft { name: name.clone(), aid: keys.aid, inception: None, rotations: 0, opened }.seal(passphrase, cost)
    }

    /// Makes the next key the current one, and a new next one.
    ///
    /// # Errors
    /// The file does not open, or its next key is not in it.
    pub fn rotate(&self, fresh: Seed, passphrase: &Passphrase) -> Result<Self, KeystoreError> {
        let opened = self.open(passphrase)?;
        let current = opened.next.ok_or_else(|| KeystoreError::NoNext { name: self.name.clone() })?;
        let draft = Draft {
            name: self.name.clone(),
            aid: self.aid.clone(),
            inception: self.inception.clone(),
            rotations: self.rotations + 1,
            opened: Opened { current, next: Some(fresh) },
        };
        draft.seal(passphrase, self.salted.cost)
    }

    /// Its name.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// Whose keys they are.
    pub fn aid(&self) -> &Aid {
        &self.aid
    }

    /// The current key.
    pub fn key(&self) -> PublicKey {
        self.key
    }

    /// The digest of the next key, where it is in the file.
    pub fn next(&self) -> Option<&Said> {
        self.next.as_ref()
    }

    /// The message that begins the identifier (CESR version 1), if it began here.
    pub fn inception(&self) -> Option<&str> {
        self.inception.as_deref()
    }

    /// How often the keys were rotated here.
    pub fn rotations(&self) -> u64 {
        self.rotations
    }

    /// Opens the private keys.
    pub(super) fn open(&self, passphrase: &Passphrase) -> Result<Opened, KeystoreError> {
        let derived = self.salted.derive(passphrase)?;
        if derived.check != self.check {
            return Err(KeystoreError::WrongPassphrase { name: self.name.clone() });
        }
        let damaged = || KeystoreError::Damaged { name: self.name.clone() };
        let secret = self.salted.open(&derived, &self.header()?, &self.sealed).ok_or_else(damaged)?;
        let (current, rest) = secret.split_first_chunk::<32>().ok_or_else(damaged)?;
        let current = Seed::from_raw(current);
        let next = match rest {
            [] => None,
            rest => Some(Seed::from_raw(rest.try_into().map_err(|_| damaged())?)),
        };
        // Who knows the passphrase could have sealed other keys under this header.
        let agree = current.public() == self.key && next.as_ref().map(|next| next.public().digest()) == self.next;
        if agree { Ok(Opened { current, next }) } else { Err(damaged()) }
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// `internal`: it cannot be written as JSON.
    pub fn write(&self) -> Result<Vec<u8>, KeystoreError> {
        let wire = Wire { sealed: to_hex(&self.sealed), ..self.wire() };
        let mut bytes = serde_json::to_vec_pretty(&wire).map_err(|_| KeystoreError::Internal { what: "the keys" })?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads a file. `path` is for messages.
    ///
    /// # Errors
    /// `truncated`, `foreign`, `newer_version`.
    pub fn read(path: &Path, bytes: &[u8]) -> Result<Self, KeystoreError> {
        let foreign = |reason: &str| KeystoreError::Foreign { path: path.to_owned(), reason: reason.to_owned() };
        let refused = |error: serde_json::Error| match error.is_eof() {
            true => KeystoreError::Truncated { path: path.to_owned() },
            false => foreign(&error.to_string()),
        };
        let head: Head = serde_json::from_slice(bytes).map_err(refused)?;
        if head.format.as_deref() != Some(FORMAT) {
            return Err(foreign(&format!("its `format` is not `{FORMAT}`")));
        }
        match head.version {
            Some(VERSION) => {}
            Some(version) if version > VERSION => {
                return Err(KeystoreError::NewerVersion { path: path.to_owned(), version, known: VERSION });
            }
            Some(_) | None => return Err(foreign("its `version` is none that there ever was")),
        }
        let wire: Wire = serde_json::from_slice(bytes).map_err(refused)?;
        wire.file().map_err(foreign)
    }

    fn wire(&self) -> Wire {
        let Cost { memory_kib, passes, lanes } = self.salted.cost;
        Wire {
            format: FORMAT.to_owned(),
            version: VERSION,
            name: self.name.to_string(),
            aid: self.aid.to_string(),
            key: self.key.to_string(),
            next: self.next.as_ref().map(ToString::to_string),
            inception: self.inception.clone(),
            rotations: self.rotations,
            kdf: KdfWire {
                algorithm: KDF.to_owned(),
                memory_kib,
                passes,
                lanes,
                salt: to_hex(&self.salted.salt),
                check: to_hex(&self.check),
            },
            cipher: CipherWire { algorithm: CIPHER.to_owned(), nonce: to_hex(&self.salted.nonce) },
            sealed: String::new(),
        }
    }

    /// What the file says openly, in canonical form: it is sealed with the keys.
    fn header(&self) -> Result<Vec<u8>, KeystoreError> {
        serde_json_canonicalizer::to_vec(&self.wire()).map_err(|_| KeystoreError::Internal { what: "the keys" })
    }
}

impl Draft {
    fn seal(self, passphrase: &Passphrase, cost: Cost) -> Result<KeyFile, KeystoreError> {
        let salted = Salted::random(cost)?;
        let derived = salted.derive(passphrase)?;
        let mut file = KeyFile {
            key: self.opened.current.public(),
            next: self.opened.next.as_ref().map(|next| next.public().digest()),
            name: self.name,
            aid: self.aid,
            inception: self.inception,
            rotations: self.rotations,
            salted,
            check: derived.check,
            sealed: Vec::new(),
        };
        // Enough room from the start: a vector that grows leaves a copy behind.
        let mut secret = Zeroizing::new(Vec::with_capacity(64));
        secret.extend_from_slice(self.opened.current.as_bytes());
        if let Some(next) = &self.opened.next {
            secret.extend_from_slice(next.as_bytes());
        }
        file.sealed = salted.seal(&derived, &file.header()?, &secret)?;
        Ok(file)
    }
}

impl Wire {
    fn file(self) -> Result<KeyFile, &'static str> {
        fn fixed<const N: usize>(text: &str) -> Option<[u8; N]> {
            from_hex(text)?.try_into().ok()
        }
        if self.kdf.algorithm != KDF || self.cipher.algorithm != CIPHER {
            return Err("it names another algorithm");
        }
        let cost = Cost { memory_kib: self.kdf.memory_kib, passes: self.kdf.passes, lanes: self.kdf.lanes };
        if !cost.bounded() {
            return Err("opening it would take more memory or time than is given");
        }
        let salt: [u8; SALT] = fixed(&self.kdf.salt).ok_or("its `salt` is none")?;
        let nonce: [u8; NONCE] = fixed(&self.cipher.nonce).ok_or("its `nonce` is none")?;
        let next = self.next.map(|next| next.parse().map_err(|_| "its `next` is no digest")).transpose()?;
        Ok(KeyFile {
            name: self.name.parse().map_err(|_| "its `name` is none")?,
            aid: self.aid.parse().map_err(|_| "its `aid` is no identifier")?,
            key: self.key.parse().map_err(|_| "its `key` is no public key")?,
            next,
            inception: self.inception,
            rotations: self.rotations,
            salted: Salted { cost, salt, nonce },
            check: fixed(&self.kdf.check).ok_or("its `check` is none")?,
            sealed: from_hex(&self.sealed).ok_or("its `sealed` is not hexadecimal")?,
        })
    }
}

/// An inception with its signature, as KERI software takes it.
fn signed(body: &str, seed: &Seed) -> Result<String, KeystoreError> {
    let internal = || KeystoreError::Internal { what: "an inception" };
    let raw = ed25519_dalek::Signer::sign(&seed.signing_key(), body.as_bytes()).to_bytes();
    let signature = Signature::checked(seed.public(), body.as_bytes(), raw).ok_or_else(internal)?;
    let text = signature.indexed(0).ok_or_else(internal)?;
    let indexed =
        Indexed { offset: 0, index: 0, prior: Some(0), algorithm: cesr::Algorithm::Ed25519, text: text.as_str() };
    let mut writer = StreamWriter::new();
    writer.message(body.as_bytes(), &[Group::ControllerSignatures(vec![indexed])], true).ok_or_else(internal)?;
    String::from_utf8(writer.finish()).map_err(|_| internal())
}
