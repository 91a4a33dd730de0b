//! Reads a stream into messages. One pass, no look-back, everything bounded.

use super::code::{digit, huge, number, raw_32, signature_bytes};
use super::{
    Algorithm, Anchor, Attachment, BODY_MAX, CesrError, Group, ITEMS_MAX, Indexed, MESSAGES_MAX, Message, NESTING_MAX,
    Protocol, ReceiptCouple, STREAM_MAX,
};

/// Reads all messages of a stream.
///
/// # Errors
/// The first byte that cannot be read; then nothing of the stream is used.
pub fn read(stream: &[u8]) -> Result<Vec<Message<'_>>, CesrError> {
    if stream.len() > STREAM_MAX {
        return Err(CesrError::TooLarge { offset: STREAM_MAX, what: "the stream", limit: STREAM_MAX });
    }
    // A text file's last line ends in a newline; that is the one byte that may stand outside of messages.
    let length = stream.strip_suffix(b"\r\n").or_else(|| stream.strip_suffix(b"\n")).unwrap_or(stream).len();
    let mut reader = Reader { stream: &stream[..length], at: 0, items: 0 };
    let mut messages = Vec::new();
    while reader.at < length {
        if reader.genus()? {
            continue;
        }
        if messages.len() == MESSAGES_MAX {
            return Err(CesrError::TooLarge { offset: reader.at, what: "the number of messages", limit: MESSAGES_MAX });
        }
        messages.push(reader.message()?);
    }
    if messages.is_empty() { Err(CesrError::Empty) } else { Ok(messages) }
}

/// Reads attached groups that stand alone, as beside a signed record.
///
/// # Errors
/// The first byte that cannot be read.
pub fn read_attachments(text: &[u8]) -> Result<Vec<Attachment<'_>>, CesrError> {
    if text.len() > BODY_MAX {
        return Err(CesrError::TooLarge { offset: BODY_MAX, what: "the size of attachments", limit: BODY_MAX });
    }
    let length = text.strip_suffix(b"\r\n").or_else(|| text.strip_suffix(b"\n")).unwrap_or(text).len();
    let mut reader = Reader { stream: &text[..length], at: 0, items: 0 };
    let mut attachments = Vec::new();
    while reader.at < length {
        if !reader.genus()? {
            reader.attachment(length, false, 0, &mut attachments)?;
        }
    }
    if attachments.is_empty() { Err(CesrError::Empty) } else { Ok(attachments) }
}

struct Reader<'a> {
    stream: &'a [u8],
    at: usize,
    /// Items attached to the current message.
    items: usize,
}

/// A count code: its letters, and how many digits of count follow.
struct Counter {
    offset: usize,
    letter: u8,
    count: usize,
}

impl<'a> Reader<'a> {
    /// The next bytes for a message, printable.
    fn found(&self) -> String {
        let end = self.stream.len().min(self.at + 12);
        self.stream[self.at.min(end)..end].escape_ascii().to_string()
    }

    /// The next `length` bytes as text.
    fn take(&mut self, length: usize, what: &'static str) -> Result<&'a str, CesrError> {
        let offset = self.at;
        let Some(bytes) = self.stream.get(offset..offset.saturating_add(length)) else {
            let missing = length - (self.stream.len() - offset);
            return Err(CesrError::Truncated { offset, what, missing });
        };
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Err(CesrError::Malformed { offset, what, why: "it is not UTF-8" });
        };
        self.at += length;
        Ok(text)
    }

    /// Skips a protocol genus and version code (`-_AAABAA`, formerly `--AAABAA`).
    fn genus(&mut self) -> Result<bool, CesrError> {
        let rest = &self.stream[self.at..];
        if !rest.starts_with(b"-_AAA") && !rest.starts_with(b"--AAA") {
            return Ok(false);
        }
        let offset = self.at;
        let code = self.take(8, "a genus and version code")?;
        if code.as_bytes()[5] != b'B' {
            return Err(CesrError::Unsupported {
                offset,
                what: format!("the genus and version code `{code}` (CESR version 1 is `-_AAABAA`)"),
            });
        }
        Ok(true)
    }

    fn message(&mut self) -> Result<Message<'a>, CesrError> {
        let offset = self.at;
        let (protocol, body) = self.body()?;
        self.items = 0;
        let mut attachments = Vec::new();
        while self.stream.get(self.at) == Some(&b'-') && !self.stream[self.at..].starts_with(b"-_") {
            self.attachment(self.stream.len(), false, 0, &mut attachments)?;
        }
        Ok(Message { offset, protocol, body, attachments, end: self.at })
    }

    /// A JSON body that begins with its version string: `{"v":"KERI10JSON00012b_"`.
    fn body(&mut self) -> Result<(Protocol, &'a str), CesrError> {
        const HEAD: usize = 24;
        let offset = self.at;
        let rest = &self.stream[offset..];
        if rest.first() != Some(&b'{') {
            // The first three bits tell binary from text; neither can begin a message here.
            if rest.first().is_some_and(|byte| byte >> 5 == 0b111) {
                let what = "CESR in its binary form".to_owned();
                return Err(CesrError::Unsupported { offset, what });
            }
            let expected = "a message or an attached group";
            return Err(CesrError::Garbage { offset, expected, found: self.found() });
        }
        let Some(head) = rest.get(..HEAD) else {
            let missing = HEAD - rest.len();
            return Err(CesrError::Truncated { offset, what: "a version string", missing });
        };
        let Some(version) = head.strip_prefix(b"{\"v\":\"").and_then(|head| head.strip_suffix(b"\"")) else {
            let expected = "`{\"v\":\"` and a version string of 17 characters";
            return Err(CesrError::Garbage { offset, expected, found: self.found() });
        };
        let unknown = || CesrError::Version { offset: offset + 6, found: version.escape_ascii().to_string() };
        let protocol = match &version[..10] {
            b"KERI10JSON" => Protocol::Keri,
            b"ACDC10JSON" => Protocol::Acdc,
            _ => return Err(unknown()),
        };
        let mut size = 0usize;
        for byte in &version[10..16] {
            size = size * 16
                + match byte {
                    b'0'..=b'9' => usize::from(byte - b'0'),
                    b'a'..=b'f' => usize::from(byte - b'a' + 10),
                    _ => return Err(unknown()),
                };
        }
        if version[16] != b'_' {
            return Err(unknown());
        }
        if size > BODY_MAX {
            return Err(CesrError::TooLarge { offset, what: "the size of a message", limit: BODY_MAX });
        }
        if size <= HEAD {
            return Err(CesrError::WrongSize { offset, size, why: "which is less than its own length" });
        }
        let body = self.take(size, "a message body")?;
        if !body.ends_with('}') {
            return Err(CesrError::WrongSize { offset, size, why: "and no object ends there" });
        }
        match self.stream.get(self.at) {
            None | Some(b'-' | b'{') => Ok((protocol, body)),
            Some(_) => {
                Err(CesrError::WrongSize { offset, size, why: "and neither a message nor an attachment follows" })
            }
        }
    }

    /// A count code of four (`-A##`) or eight characters (`-0V#####`).
    fn counter(&mut self) -> Result<Counter, CesrError> {
        let offset = self.at;
        let text = self.take(4, "a count code")?;
        let malformed = |why| CesrError::Malformed { offset, what: "a count code", why };
        match text.as_bytes() {
            [b'-', b'0', letter, _] => {
                let letter = *letter;
                self.at = offset;
                let text = self.take(8, "a count code")?;
                // A letter beyond ASCII ends inside of the count: then there is no text from there on.
                let count = text.get(3..).and_then(number).ok_or_else(|| malformed("its count is not base64url"))?;
                if !matches!(letter, b'V' | b'L') {
                    return Err(unknown_count_code(offset, &text[..3], letter));
                }
                Ok(Counter { offset, letter, count: count as usize })
            }
            [b'-', letter, high, low] => {
                let (letter, high, low) = (*letter, digit(*high), digit(*low));
                let (Some(high), Some(low)) = (high, low) else {
                    return Err(malformed("its count is not base64url"));
                };
                Ok(Counter { offset, letter, count: usize::from(high) * 64 + usize::from(low) })
            }
            _ => Err(CesrError::Garbage { offset, expected: "a count code", found: text.escape_debug().to_string() }),
        }
    }

    /// One attached group; the members of an attachment group are pushed one by one.
    fn attachment(
        &mut self,
        end: usize,
        wrapped: bool,
        depth: usize,
        found: &mut Vec<Attachment<'a>>,
    ) -> Result<(), CesrError> {
        if depth > NESTING_MAX {
            return Err(CesrError::Nesting { offset: self.at, limit: NESTING_MAX });
        }
        let Counter { offset, letter, count } = self.counter()?;
        let group = match letter {
            b'V' => {
                let inner = self.quadlets(offset, count, end, "-V")?;
                while self.at < inner {
                    self.attachment(inner, true, depth + 1, found)?;
                }
                return self.ends(inner, offset, "-V");
            }
            b'L' => {
                let inner = self.quadlets(offset, count, end, "-L")?;
                let path = self.path(inner)?;
                self.counted(1)?;
                let mut attachments = Vec::new();
                while self.at < inner {
                    self.attachment(inner, false, depth + 1, &mut attachments)?;
                }
                self.ends(inner, offset, "-L")?;
                Group::Pathed { path, attachments }
            }
            b'A' => Group::ControllerSignatures(self.several(count, Self::indexed)?),
            b'B' => Group::WitnessSignatures(self.several(count, Self::indexed)?),
            b'C' => Group::ReceiptCouples(self.several(count, Self::receipt_couple)?),
            b'D' => Group::ReceiptQuadruples(self.several(count, |reader| Ok((reader.anchor()?, reader.indexed()?)))?),
            b'E' => Group::FirstSeen(self.several(count, |reader| Ok((reader.sn()?, reader.date()?)))?),
            b'F' => Group::TransferableSignatures(
                self.several(count, |reader| Ok((reader.anchor()?, reader.nested_signatures()?)))?,
            ),
            b'G' => Group::SealCouples(self.several(count, |reader| Ok((reader.sn()?, reader.digest()?)))?),
            b'H' => Group::LatestSignatures(
                self.several(count, |reader| Ok((reader.prefix()?, reader.nested_signatures()?)))?,
            ),
            b'I' => Group::SealTriples(self.several(count, Self::anchor)?),
            _ => {
                let code = String::from_utf8_lossy(&self.stream[offset..offset + 2]).into_owned();
                return Err(unknown_count_code(offset, &code, letter));
            }
        };
        if self.at > end {
            return Err(CesrError::Overrun { offset, code: "-V" });
        }
        found.push(Attachment { offset, wrapped, group });
        Ok(())
    }

    /// Where a group that counts quadlets ends.
    fn quadlets(&self, offset: usize, count: usize, end: usize, code: &'static str) -> Result<usize, CesrError> {
        let inner = self.at.saturating_add(count.saturating_mul(4));
        if inner > self.stream.len() {
            let missing = inner - self.stream.len();
            return Err(CesrError::Truncated { offset, what: "an attachment group", missing });
        }
        if inner > end {
            return Err(CesrError::Overrun { offset, code });
        }
        Ok(inner)
    }

    fn ends(&self, inner: usize, offset: usize, code: &'static str) -> Result<(), CesrError> {
        if self.at == inner { Ok(()) } else { Err(CesrError::Overrun { offset, code }) }
    }

    fn several<T>(
        &mut self,
        count: usize,
        mut item: impl FnMut(&mut Self) -> Result<T, CesrError>,
    ) -> Result<Vec<T>, CesrError> {
        // A group takes more memory than its code has characters: empty ones would add up to a multiple
        // of the stream, and nobody writes them.
        if count == 0 {
            let what = "a count code";
            return Err(CesrError::Malformed { offset: self.at, what, why: "a group without items is no group" });
        }
        self.counted(count)?;
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// Counts what is attached to the current message.
    fn counted(&mut self, count: usize) -> Result<(), CesrError> {
        self.items = self.items.saturating_add(count);
        if self.items > ITEMS_MAX {
            let what = "the number of items attached to a message";
            return Err(CesrError::TooLarge { offset: self.at, what, limit: ITEMS_MAX });
        }
        Ok(())
    }

    /// `-A##` and its signatures, inside a `-F` or `-H` group.
    fn nested_signatures(&mut self) -> Result<Vec<Indexed<'a>>, CesrError> {
        let Counter { offset, letter, count } = self.counter()?;
        if letter != b'A' {
            return Err(CesrError::Malformed { offset, what: "a group of signatures", why: "`-A` is expected here" });
        }
        self.several(count, Self::indexed)
    }

    fn anchor(&mut self) -> Result<Anchor<'a>, CesrError> {
        Ok(Anchor { prefix: self.prefix()?, sn: self.sn()?, said: self.digest()? })
    }

    fn receipt_couple(&mut self) -> Result<ReceiptCouple<'a>, CesrError> {
        let offset = self.at;
        let prefix = self.prefix()?;
        if !prefix.starts_with('B') {
            let why = "only a non-transferable key (code `B`) signs without naming its key state";
            return Err(CesrError::Malformed { offset, what: "a receipt couple", why });
        }
        let at = self.at;
        let text = self.take(88, "a signature")?;
        if !text.starts_with("0B") {
            let what = format!("the signature code `{}`", text.chars().take(2).collect::<String>());
            return Err(CesrError::Unsupported { offset: at, what });
        }
        signature_bytes(text).ok_or(CesrError::Malformed { offset: at, what: "a signature", why: NOT_BASE64 })?;
        Ok(ReceiptCouple { offset, prefix, text })
    }

    /// An identifier or key of 44 characters.
    fn prefix(&mut self) -> Result<&'a str, CesrError> {
        self.short("an identifier", b"BDE")
    }

    /// A digest of 44 characters.
    fn digest(&mut self) -> Result<&'a str, CesrError> {
        self.short("a digest", b"E")
    }

    fn short(&mut self, what: &'static str, codes: &[u8]) -> Result<&'a str, CesrError> {
        let offset = self.at;
        let text = self.take(44, what)?;
        if !codes.contains(&text.as_bytes()[0]) {
            let code: String = text.chars().take(4).collect();
            return Err(CesrError::Unsupported { offset, what: format!("the code of `{code}…` for {what}") });
        }
        match raw_32(text) {
            Some(_) => Ok(text),
            None => Err(CesrError::Malformed { offset, what, why: NOT_BASE64 }),
        }
    }

    /// A sequence number of 24 characters.
    fn sn(&mut self) -> Result<u64, CesrError> {
        let offset = self.at;
        let text = self.take(24, "a sequence number")?;
        let malformed = |why| CesrError::Malformed { offset, what: "a sequence number", why };
        let number = huge(text).ok_or_else(|| malformed("`0A` and 22 base64url characters are expected"))?;
        u64::try_from(number).map_err(|_| malformed("it is larger than 64 bits"))
    }

    /// `1AAG` and an instant with its signs replaced: `2026-03-02T08c43c18d602502p00c00`.
    fn date(&mut self) -> Result<&'a str, CesrError> {
        let offset = self.at;
        let text = self.take(36, "an instant")?;
        match text.strip_prefix("1AAG") {
            Some(date) if date.bytes().all(|byte| digit(byte).is_some()) => Ok(date),
            _ => Err(CesrError::Malformed { offset, what: "an instant", why: "`1AAG` and 32 characters are expected" }),
        }
    }

    /// A path of variable length: `4A`, `5A` or `6A`, a count of quadlets, text.
    fn path(&mut self, end: usize) -> Result<&'a str, CesrError> {
        let offset = self.at;
        let malformed = |why| CesrError::Malformed { offset, what: "a path", why };
        let head = self.take(4, "a path")?;
        let lead = match head.as_bytes() {
            [b'4', b'A', ..] => 0,
            [b'5', b'A', ..] => 1,
            [b'6', b'A', ..] => 2,
            _ => return Err(malformed("`4A`, `5A` or `6A` is expected")),
        };
        let count = number(&head[2..]).ok_or_else(|| malformed("its count is not base64url"))?;
        let length = count as usize * 4;
        if self.at + length > end {
            return Err(CesrError::Overrun { offset, code: "-L" });
        }
        let text = self.take(length, "a path")?;
        if !text.bytes().all(|byte| digit(byte).is_some()) || text.len() < lead {
            return Err(malformed(NOT_BASE64));
        }
        // Pad characters in front make the text whole quadlets.
        Ok(text.trim_start_matches('A').get(..).unwrap_or(text))
    }

    fn indexed(&mut self) -> Result<Indexed<'a>, CesrError> {
        let offset = self.at;
        let rest = &self.stream[offset..];
        let malformed = |why| CesrError::Malformed { offset, what: "an indexed signature", why };
        let small = |algorithm| (88, 1, 2, algorithm);
        let big = |algorithm| (92, 2, 6, algorithm);
        let (length, digits, code, algorithm) = match rest {
            [b'A' | b'B', ..] => small(Algorithm::Ed25519),
            [b'C'..=b'F', ..] => small(Algorithm::Unsupported),
            [b'2', b'A' | b'B', ..] => big(Algorithm::Ed25519),
            [b'2', b'C'..=b'F', ..] => big(Algorithm::Unsupported),
            [] => return Err(CesrError::Truncated { offset, what: "an indexed signature", missing: 88 }),
            [b'0' | b'3', ..] => {
                let what = "the signature code of Ed448".to_owned();
                return Err(CesrError::Unsupported { offset, what });
            }
            _ => return Err(malformed("its code is none of `A`, `B`, `2A`, `2B`")),
        };
        let text = self.take(length, "an indexed signature")?;
        let bytes = text.as_bytes();
        let current_only = matches!(bytes[code_letter(digits)], b'B' | b'D' | b'F');
        let index = number(text.get(digits..digits * 2).unwrap_or("!")).ok_or_else(|| malformed(NOT_BASE64))?;
        let prior = match (digits, current_only) {
            (1, false) => Some(index),
            (1, true) => None,
            (_, only) => {
                let prior = number(text.get(4..code).unwrap_or("!")).ok_or_else(|| malformed(NOT_BASE64))?;
                if only && prior != 0 {
                    return Err(malformed("it has a prior index and a code that says it has none"));
                }
                (!only).then_some(prior)
            }
        };
        if signature_bytes(text).is_none() {
            return Err(malformed(NOT_BASE64));
        }
        Ok(Indexed { offset, index: index as u32, prior: prior.map(|prior| prior as u32), algorithm, text })
    }
}

/// Where the letter of an indexed signature's code stands.
fn code_letter(digits: usize) -> usize {
    digits - 1
}

const NOT_BASE64: &str = "it is not base64url with zero pad bits";

/// Tells the codes that exist from those that do not.
fn unknown_count_code(offset: usize, code: &str, letter: u8) -> CesrError {
    let name = match letter {
        b'J' | b'K' => "signatures over parts of a message",
        b'T' => "a generic group",
        b'U' => "a body with its attachments as one group",
        b'W' => "a body in an enclosing group",
        b'Z' => "an encrypted payload",
        b'_' | b'-' => "a change of the code table inside a message",
        _ => return CesrError::UnknownCode { offset, code: code.to_owned() },
    };
    CesrError::Unsupported { offset, what: format!("`{code}` ({name})") }
}
