//! CESR version 1 text streams: framing, both ways.
//!
//! In: the bytes of a stream. Out: its [`Message`]s, each with its attachments, or the first
//! [`CesrError`] with its byte offset. Framing is all or nothing: a stream with one bad byte between
//! messages has no messages. It must not know what a message means; that is for the modules beside it.
//!
//! Source: CESR specification, version 1 count codes; what keripy 1.x writes.

mod code;
mod error;
mod read;
mod write;

pub(super) use code::encode;
pub use error::CesrError;
pub use read::{read, read_attachments};
pub use write::{IndexedCode, StreamWriter};

/// Longest stream that is read: a year of one issuer's credentials is about a tenth of it.
pub const STREAM_MAX: usize = 16 * 1024 * 1024;
/// Longest message body.
pub const BODY_MAX: usize = 1024 * 1024;
/// Most messages in one stream.
pub const MESSAGES_MAX: usize = 100_000;
/// Most attached items (signatures, couples, seals, pathed groups) on one message.
pub const ITEMS_MAX: usize = 4096;
/// Deepest nesting of attachment groups: a pathed group with wrapped groups needs three.
pub const NESTING_MAX: usize = 4;

/// The protocol of a message's version string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `KERI10JSON…`
    Keri,
    /// `ACDC10JSON…`
    Acdc,
}

/// A message body with what is attached to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Message<'a> {
    /// Offset of the body in the stream.
    pub offset: usize,
    /// What the version string says.
    pub protocol: Protocol,
    /// The body: JSON of exactly the size that its version string names.
    pub body: &'a str,
    /// The attached groups, unwrapped, in the order written.
    pub attachments: Vec<Attachment<'a>>,
    /// Offset of the first byte after the attachments.
    pub end: usize,
}

/// A group of attached items, and where its count code stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Attachment<'a> {
    /// Offset of the count code.
    pub offset: usize,
    /// Whether it stood in an attachment group (`-V`).
    pub wrapped: bool,
    /// What is attached.
    pub group: Group<'a>,
}

/// Attached items by count code.
#[derive(Debug, Clone, PartialEq)]
pub enum Group<'a> {
    /// `-A`: signatures by the controller's keys.
    ControllerSignatures(Vec<Indexed<'a>>),
    /// `-B`: signatures by the witnesses.
    WitnessSignatures(Vec<Indexed<'a>>),
    /// `-C`: receipts by non-transferable keys.
    ReceiptCouples(Vec<ReceiptCouple<'a>>),
    /// `-D`: receipts by transferable identifiers.
    ReceiptQuadruples(Vec<(Anchor<'a>, Indexed<'a>)>),
    /// `-E`: where and when somebody first saw the event; unsigned.
    FirstSeen(Vec<(u64, &'a str)>),
    /// `-F`: signatures by an identifier's keys at an establishment event.
    TransferableSignatures(Vec<(Anchor<'a>, Vec<Indexed<'a>>)>),
    /// `-G`: the event that seals this one, in a log that is known from the message.
    SealCouples(Vec<(u64, &'a str)>),
    /// `-H`: signatures by an identifier's latest keys.
    LatestSignatures(Vec<(&'a str, Vec<Indexed<'a>>)>),
    /// `-I`: the event that seals this one.
    SealTriples(Vec<Anchor<'a>>),
    /// `-L`: attachments of something embedded in the message.
    Pathed {
        /// The path to it: `-e-acdc`.
        path: &'a str,
        /// Its attachments.
        attachments: Vec<Attachment<'a>>,
    },
}

/// An event named by identifier, sequence number and digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Anchor<'a> {
    /// Whose log.
    pub prefix: &'a str,
    /// Which place in it.
    pub sn: u64,
    /// Which event.
    pub said: &'a str,
}

/// A signature by the key at an index of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Indexed<'a> {
    /// Offset in the stream.
    pub offset: usize,
    /// Index in the current list.
    pub index: u32,
    /// Index in the prior next list; none for a signature by a key that was not committed to.
    pub prior: Option<u32>,
    /// The algorithm.
    pub algorithm: Algorithm,
    /// As written, code included.
    pub text: &'a str,
}

/// A receipt: a non-transferable key and its signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiptCouple<'a> {
    /// Offset in the stream.
    pub offset: usize,
    /// The key.
    pub prefix: &'a str,
    /// The signature, code `0B`.
    pub text: &'a str,
}

/// How a signature is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Verified here.
    Ed25519,
    /// Read, never verified: vLEI infrastructure signs with Ed25519.
    Unsupported,
}

impl Indexed<'_> {
    /// The 64 bytes of an Ed25519 signature.
    pub fn bytes(&self) -> Option<[u8; 64]> {
        match self.algorithm {
            Algorithm::Ed25519 => code::signature_bytes(self.text),
            Algorithm::Unsupported => None,
        }
    }
}

impl ReceiptCouple<'_> {
    /// The 64 bytes of the signature.
    pub fn bytes(&self) -> Option<[u8; 64]> {
        code::signature_bytes(self.text)
    }
}

/// Raw bytes as qualified base64: a key (`D`, `B`), a digest (`E`), a signature (`0B`).
pub fn qualified(code: &str, raw: &[u8]) -> Option<String> {
    let lead = (3 - raw.len() % 3) % 3;
    (code.len() == lead && lead > 0).then(|| code::encode(lead, raw, code))
}

/// A sequence number as attached groups write it (`0A` and 22 characters).
pub fn qualified_number(number: u64) -> String {
    code::write_huge(number)
}

/// The 64 bytes of a signature without an index (`0B` and 86 characters).
pub fn unindexed_signature(text: &str) -> Option<[u8; 64]> {
    (text.len() == 88 && text.starts_with("0B")).then(|| code::signature_bytes(text)).flatten()
}

/// The 32 bytes of a key or digest with a one-character code.
pub fn key_bytes(text: &str) -> Option<[u8; 32]> {
    code::raw_32(text)
}
