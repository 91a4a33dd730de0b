//! Checkpoints: the size and root of the tree in a signed note.
//!
//! Source: C2SP signed-note and tlog-checkpoint. The origin is named after the ledger's first row. Two lines of our
//! own may follow the root: the highest serial of a policy lock, and the latest instant, so that whoever keeps the
//! checkpoint keeps the installation's memory too.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::error::LedgerError;
use super::file::Ledger;
use crate::keystore::{CheckpointToSign, PublicKey, Signable, Signer, SignerError};
use crate::primitives::{Aid, Instant, Sha256};

/// How a signature's line begins.
const DASH: &str = "\u{2014} ";
/// The algorithm of signed notes: Ed25519.
const ED25519: u8 = 1;
/// Most bytes of a checkpoint.
pub(super) const BYTES_MAX: usize = 16 << 10;
/// Most signatures.
const SIGNATURES_MAX: usize = 64;

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which ledger.
    pub origin: String,
    /// How many rows.
    pub size: u64,
    /// The root over them.
    pub root: Sha256,
    /// What else the installation remembers.
    pub extensions: Extensions,
}

/// What an installation must not forget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extensions {
    /// The highest serial of a policy lock that was in force.
    pub lock_serial: Option<u64>,
    /// The latest instant of any row.
    pub latest: Option<Instant>,
}

/// A checkpoint with its signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    text: String,
    /// Name, key hash and signature.
    signatures: Vec<(String, [u8; 4], [u8; 64])>,
}

impl Checkpoint {
    /// What is true of a ledger now.
    pub fn of(ledger: &Ledger, lock_serial: Option<u64>) -> Self {
        Self {
            origin: Self::origin(&ledger.genesis()),
            size: ledger.size(),
            root: ledger.root(),
            extensions: Extensions { lock_serial, latest: ledger.latest() },
        }
    }

    /// The origin of the ledger that begins with this row.
    pub fn origin(genesis: &Sha256) -> String {
        format!("{}{genesis}", crate::keystore::CHECKPOINT_ORIGIN)
    }

    /// The signed text.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.as_bytes()));
        if let Some(serial) = self.extensions.lock_serial {
            text.push_str(&format!("lock-serial {serial}\n"));
        }
        if let Some(latest) = self.extensions.latest {
            text.push_str(&format!("latest {latest}\n"));
        }
        text
    }

    /// Signs it.
    ///
    /// # Errors
    /// The signer's.
    pub fn sign(self, signer: &dyn Signer) -> Result<SignedCheckpoint, SignerError> {
        let text = self.text();
        let to_sign = CheckpointToSign::new(&text)?;
        let signature = signer.sign(&Signable::Checkpoint(&to_sign))?;
        let name = signer.aid().to_string();
        let hash = key_hash(&name, signer.key());
        Ok(SignedCheckpoint { checkpoint: self, text, signatures: vec![(name, hash, *signature.raw())] })
    }

    fn read(text: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        let mut next = |what: &'static str| lines.next().ok_or(format!("its {what} is missing"));
        let origin = next("origin")?.to_owned();
        let genesis = origin.strip_prefix(crate::keystore::CHECKPOINT_ORIGIN).and_then(|hash| hash.parse().ok());
        if genesis.map(|genesis: Sha256| Self::origin(&genesis)).as_ref() != Some(&origin) {
            return Err("its origin is no ledger of countersign".to_owned());
        }
        let size = next("size")?.parse().map_err(|_| "its size is no number")?;
        let root = STANDARD.decode(next("root")?).ok().and_then(|root| <[u8; 32]>::try_from(root).ok());
        let root = Sha256::from(root.ok_or("its root is no hash")?);
        let mut extensions = Extensions::default();
        for line in lines {
            match line.split_once(' ') {
                Some(("lock-serial", serial)) if extensions.lock_serial.is_none() => {
                    extensions.lock_serial = Some(serial.parse().map_err(|_| "its lock serial is no number")?);
                }
                Some(("latest", latest)) if extensions.latest.is_none() => {
                    extensions.latest = Some(latest.parse().map_err(|_| "its latest instant is none")?);
                }
                Some(_) | None => return Err("it has a line that is not known".to_owned()),
            }
        }
        let checkpoint = Self { origin, size, root, extensions };
        // Two ways to write a number would be two texts of one checkpoint.
        if checkpoint.text() == text { Ok(checkpoint) } else { Err("it is not as countersign writes it".to_owned()) }
    }
}

impl SignedCheckpoint {
    /// Reads a signed note. Whose signatures count is for [`SignedCheckpoint::verified_by`].
    ///
    /// # Errors
    /// `not_a_checkpoint`.
    pub fn read(bytes: &[u8]) -> Result<Self, LedgerError> {
        Self::parse(bytes).map_err(|reason| LedgerError::NotACheckpoint { reason })
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > BYTES_MAX {
            return Err(format!("it has more than {BYTES_MAX} bytes"));
        }
        let note = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8")?;
        let (text, signed) = note.rsplit_once("\n\n").ok_or("no signature follows its text")?;
        let text = format!("{text}\n");
        let checkpoint = Checkpoint::read(&text)?;
        let signed = signed.strip_suffix('\n').ok_or("its last line has no end")?;
        let mut signatures = Vec::new();
        for line in signed.split('\n') {
            let (name, encoded) =
                line.strip_prefix(DASH).and_then(|line| line.split_once(' ')).ok_or("a signature's line is none")?;
            let raw = STANDARD.decode(encoded).map_err(|_| "a signature is not base64")?;
            let (hash, signature) = raw.split_first_chunk::<4>().ok_or("a signature is too short")?;
            // Keys of another algorithm are other people's, and say nothing here.
            if let Ok(signature) = <[u8; 64]>::try_from(signature) {
                signatures.push((name.to_owned(), *hash, signature));
            }
            if signatures.len() > SIGNATURES_MAX {
                return Err("it has too many signatures".to_owned());
            }
        }
        Ok(Self { checkpoint, text, signatures })
    }

    /// The note.
    pub fn write(&self) -> String {
        let lines = self.signatures.iter().map(|(name, hash, signature)| {
            let raw = [hash.as_slice(), signature.as_slice()].concat();
            format!("{DASH}{name} {}\n", STANDARD.encode(raw))
        });
        format!("{}\n{}", self.text, lines.collect::<String>())
    }

    /// What it says, whoever signed it.
    pub fn unverified(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Who claims to have signed it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.signatures.iter().map(|(name, _, _)| name.as_str())
    }

    /// The checkpoint, if this key of this identifier signed it.
    ///
    /// # Errors
    /// `checkpoint_signature`.
    pub fn verified_by(&self, aid: &Aid, key: PublicKey) -> Result<&Checkpoint, LedgerError> {
        let expected = key_hash(aid.as_str(), key);
        let mut by = self.signatures.iter().filter(|(name, hash, _)| name == aid.as_str() && *hash == expected);
        match by.any(|(_, _, signature)| key.verifies(self.text.as_bytes(), signature)) {
            true => Ok(&self.checkpoint),
            false => Err(LedgerError::CheckpointSignature { name: aid.to_string(), key: key.to_string() }),
        }
    }
}

/// What tells the keys of one name apart. Source: C2SP signed-note, "Signature types".
fn key_hash(name: &str, key: PublicKey) -> [u8; 4] {
    let hash = Sha256::of(&[name.as_bytes(), b"\n", &[ED25519], key.as_bytes()].concat());
    let mut first = [0; 4];
    first.copy_from_slice(&hash.as_bytes()[..4]);
    first
}
