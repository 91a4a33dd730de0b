//! Streams one after the other: an offset of the whole, and back to a stream and its bytes.

use std::collections::BTreeMap;

use crate::keri::cesr::{self, Attachment, Group, Message};
use crate::keri::evidence::Evidence;
use crate::keri::log::Entry;
use crate::keri::verdict::Finding;

/// A stream and what its owner calls it.
#[derive(Debug, Clone, Copy)]
pub struct Stream<'q> {
    /// The owner's id.
    pub id: u32,
    /// The bytes.
    pub bytes: &'q [u8],
}

/// Bytes of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// The id of the stream.
    pub stream: u32,
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
}

/// Where each stream and each message begins, in the whole.
#[derive(Debug, Default)]
pub(super) struct Frame {
    /// Begin of the stream and its id, in order.
    streams: Vec<(usize, u32)>,
    /// Begin, end of the body, and end of the attachments, in order.
    messages: Vec<(usize, usize, usize)>,
    length: usize,
}

impl Frame {
    /// The messages of further streams, their offsets counted through. Of a stream that cannot be framed
    /// there is nothing but the reason.
    pub fn read<'q>(
        &mut self,
        streams: &[Stream<'q>],
        refused: &mut dyn FnMut(u32, Finding, Spot),
    ) -> Vec<Message<'q>> {
        let mut all = Vec::new();
        for stream in streams {
            let base = self.length;
            self.streams.push((base, stream.id));
            self.length += stream.bytes.len() + 1;
            match cesr::read(stream.bytes) {
                Ok(messages) => {
                    for mut message in messages {
                        shift(&mut message, base);
                        self.messages.push((message.offset, message.offset + message.body.len(), message.end));
                        all.push(message);
                    }
                }
                Err(error) => {
                    let start = error.offset().min(stream.bytes.len());
                    let end = (start + 1).min(stream.bytes.len());
                    let mut finding = crate::keri::framing(&error);
                    finding.offset = Some(base + start);
                    refused(stream.id, finding, Spot { stream: stream.id, start, end });
                }
            }
        }
        all
    }

    /// The bytes that an offset is about: the body from there on, or the attachments from there on.
    pub fn spot(&self, offset: usize) -> Option<Spot> {
        let at = self.messages.partition_point(|message| message.0 <= offset).checked_sub(1)?;
        let (_, body_end, end) = *self.messages.get(at)?;
        let stop = if offset < body_end { body_end } else { end.max(offset) };
        self.range(offset, stop)
    }

    /// The same for a range of the whole.
    pub fn range(&self, start: usize, end: usize) -> Option<Spot> {
        let at = self.streams.partition_point(|stream| stream.0 <= start).checked_sub(1)?;
        let (base, stream) = *self.streams.get(at)?;
        Some(Spot { stream, start: start - base, end: end.max(start) - base })
    }

    /// The first event of each log that was presented.
    pub fn first_events<'a>(&self, evidence: &Evidence<'a>) -> BTreeMap<&'a str, Spot> {
        let mut first: BTreeMap<&str, &Entry<'a>> = BTreeMap::new();
        for entry in (0..).map_while(|at| evidence.events.entry(at)) {
            let known = first.entry(entry.event.prefix).or_insert(entry);
            if entry.event.sn < known.event.sn {
                *known = entry;
            }
        }
        let spot = |entry: &Entry<'a>| self.range(entry.offset, entry.offset + entry.body.len());
        first.into_iter().filter_map(|(prefix, entry)| Some((prefix, spot(entry)?))).collect()
    }
}

fn shift(message: &mut Message<'_>, base: usize) {
    message.offset += base;
    message.end += base;
    shift_all(&mut message.attachments, base);
}

fn shift_all(attachments: &mut [Attachment<'_>], base: usize) {
    for attachment in attachments {
        attachment.offset += base;
        match &mut attachment.group {
            Group::ControllerSignatures(items) | Group::WitnessSignatures(items) => {
                items.iter_mut().for_each(|item| item.offset += base);
            }
            Group::ReceiptCouples(items) => items.iter_mut().for_each(|item| item.offset += base),
            Group::ReceiptQuadruples(items) => items.iter_mut().for_each(|(_, item)| item.offset += base),
            Group::TransferableSignatures(items) => {
                items.iter_mut().flat_map(|(_, items)| items).for_each(|item| item.offset += base);
            }
            Group::LatestSignatures(items) => {
                items.iter_mut().flat_map(|(_, items)| items).for_each(|item| item.offset += base);
            }
            Group::Pathed { attachments, .. } => shift_all(attachments, base),
            Group::FirstSeen(_) | Group::SealCouples(_) | Group::SealTriples(_) => {}
        }
    }
}
