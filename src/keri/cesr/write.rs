//! Writes messages and attachments as keripy 1.x does.

use super::code::{encode, write_huge, write_number};
use super::{Attachment, Group, Indexed, Message};

/// Which list an index counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexedCode {
    /// The same index in the current and the prior next list.
    Both(u32),
    /// Different indices in the two.
    Different {
        /// In the current list.
        current: u32,
        /// In the prior next list.
        prior: u32,
    },
    /// In the current list only.
    CurrentOnly(u32),
}

/// A stream under construction.
#[derive(Debug, Default, Clone)]
pub struct StreamWriter {
    text: Vec<u8>,
}

impl StreamWriter {
    /// Nothing written.
    pub fn new() -> Self {
        Self::default()
    }

    /// The bytes written.
    pub fn finish(self) -> Vec<u8> {
        self.text
    }

    /// Writes a body and its attachments, wrapped in an attachment group (`-V`) or bare.
    ///
    /// `None` if a count does not fit its code.
    pub fn message(&mut self, body: &[u8], groups: &[Group<'_>], wrapped: bool) -> Option<&mut Self> {
        let mut attached = String::new();
        for group in groups {
            write_group(group, &mut attached)?;
        }
        self.text.extend_from_slice(body);
        if wrapped && !attached.is_empty() {
            self.text.extend_from_slice(quadlets(b'V', attached.len())?.as_bytes());
        }
        self.text.extend_from_slice(attached.as_bytes());
        Some(self)
    }

    /// Writes a message that was read, attachment groups where they were.
    pub fn copy(&mut self, message: &Message<'_>) -> Option<&mut Self> {
        self.text.extend_from_slice(message.body.as_bytes());
        let text = write_attachments(&message.attachments)?;
        self.text.extend_from_slice(text.as_bytes());
        Some(self)
    }
}

impl IndexedCode {
    /// An Ed25519 signature as an indexed one.
    pub fn signature(self, raw: &[u8; 64]) -> Option<String> {
        let small = |index: u32| index < 64;
        let code = match self {
            Self::Both(index) if small(index) => format!("A{}", write_number(index.into(), 1)?),
            Self::Both(index) => format!("2A{0}{0}", write_number(index.into(), 2)?),
            Self::CurrentOnly(index) if small(index) => format!("B{}", write_number(index.into(), 1)?),
            Self::CurrentOnly(index) => format!("2B{}AA", write_number(index.into(), 2)?),
            Self::Different { current, prior } => {
                format!("2A{}{}", write_number(current.into(), 2)?, write_number(prior.into(), 2)?)
            }
        };
        Some(encode(2, raw, &code))
    }
}

/// Attachments with runs of wrapped ones put back into one attachment group.
fn write_attachments(attachments: &[Attachment<'_>]) -> Option<String> {
    let mut text = String::new();
    for run in attachments.chunk_by(|a, b| a.wrapped == b.wrapped) {
        let mut inner = String::new();
        for attachment in run {
            write_group(&attachment.group, &mut inner)?;
        }
        if run.first().is_some_and(|first| first.wrapped) {
            text.push_str(&quadlets(b'V', inner.len())?);
        }
        text.push_str(&inner);
    }
    Some(text)
}

/// A count code that counts quadlets, in its short or its long form.
fn quadlets(letter: u8, length: usize) -> Option<String> {
    let count = (length / 4) as u64;
    let letter = char::from(letter);
    match write_number(count, 2) {
        Some(count) => Some(format!("-{letter}{count}")),
        None => Some(format!("-0{letter}{}", write_number(count, 5)?)),
    }
}

fn write_group(group: &Group<'_>, text: &mut String) -> Option<()> {
    let counter = |letter: char, count: usize| Some(format!("-{letter}{}", write_number(count as u64, 2)?));
    match group {
        Group::ControllerSignatures(items) => {
            text.push_str(&counter('A', items.len())?);
            items.iter().for_each(|item| text.push_str(item.text));
        }
        Group::WitnessSignatures(items) => {
            text.push_str(&counter('B', items.len())?);
            items.iter().for_each(|item| text.push_str(item.text));
        }
        Group::ReceiptCouples(items) => {
            text.push_str(&counter('C', items.len())?);
            for item in items {
                text.push_str(item.prefix);
                text.push_str(item.text);
            }
        }
        Group::ReceiptQuadruples(items) => {
            text.push_str(&counter('D', items.len())?);
            for (anchor, item) in items {
                write_anchor(anchor, text);
                text.push_str(item.text);
            }
        }
        Group::FirstSeen(items) => {
            text.push_str(&counter('E', items.len())?);
            for (sn, date) in items {
                text.push_str(&write_huge(*sn));
                text.push_str("1AAG");
                text.push_str(date);
            }
        }
        Group::TransferableSignatures(items) => {
            text.push_str(&counter('F', items.len())?);
            for (anchor, signatures) in items {
                write_anchor(anchor, text);
                write_signatures(signatures, text)?;
            }
        }
        Group::SealCouples(items) => {
            text.push_str(&counter('G', items.len())?);
            for (sn, said) in items {
                text.push_str(&write_huge(*sn));
                text.push_str(said);
            }
        }
        Group::LatestSignatures(items) => {
            text.push_str(&counter('H', items.len())?);
            for (prefix, signatures) in items {
                text.push_str(prefix);
                write_signatures(signatures, text)?;
            }
        }
        Group::SealTriples(items) => {
            text.push_str(&counter('I', items.len())?);
            items.iter().for_each(|anchor| write_anchor(anchor, text));
        }
        Group::Pathed { path, attachments } => {
            let lead = (4 - path.len() % 4) % 4;
            let padded = format!("{}{path}", "A".repeat(lead));
            // The code tells how many pad bytes stand in front of the text.
            let code = ["4A", "4A", "5A", "6A"].get(lead)?;
            let mut inner = format!("{code}{}{padded}", write_number((padded.len() / 4) as u64, 2)?);
            inner.push_str(&write_attachments(attachments)?);
            text.push_str(&quadlets(b'L', inner.len())?);
            text.push_str(&inner);
        }
    }
    Some(())
}

fn write_signatures(signatures: &[Indexed<'_>], text: &mut String) -> Option<()> {
    text.push_str(&format!("-A{}", write_number(signatures.len() as u64, 2)?));
    signatures.iter().for_each(|signature| text.push_str(signature.text));
    Some(())
}

fn write_anchor(anchor: &super::Anchor<'_>, text: &mut String) {
    text.push_str(anchor.prefix);
    text.push_str(&write_huge(anchor.sn));
    text.push_str(anchor.said);
}
