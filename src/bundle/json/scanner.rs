//! The scanner: one pass over the bytes, no allocation but for escaped strings and wide objects.
//!
//! A caller asks [`Scanner::peek`] what comes, then reads exactly that; [`Scanner::skip`] checks a value
//! and drops it. Recursion is bounded by [`DEPTH_MAX`], so no input overflows the stack.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::bundle::place::printable;
use crate::source::Span;

use super::error::{JsonError, JsonErrorKind};

/// Deepest nesting of objects and lists: the deepest schema has 8, GLEIF's bodies have 9.
pub const DEPTH_MAX: u32 = 64;

/// Most values in one file: what a 16 MiB body could hold in practice, and little memory.
pub const VALUES_MAX: u32 = 2_000_000;

/// The greatest integer that every JSON reader keeps exactly.
pub const INTEGER_MAX: i64 = (1 << 53) - 1;

/// From this many members on, keys are compared through a set.
const WIDE_OBJECT: usize = 32;

/// Which numbers a document may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// Integers up to 2^53-1: documents of ours.
    Integers,
    /// Any JSON number, kept as text: bodies as others made them.
    Text,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{`
    Object,
    /// `[`
    Array,
    /// `"`
    String,
    /// `-` or a digit
    Number,
    /// `true` or `false`
    Bool,
    /// `null`
    Null,
}

impl Kind {
    /// As messages call it.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Array => "a list",
            Self::String => "a text",
            Self::Number => "a number",
            Self::Bool => "true or false",
            Self::Null => "null",
        }
    }
}

/// An object that is open.
#[derive(Debug)]
pub struct Object<'b> {
    start: usize,
    is_empty: bool,
    first_key: usize,
    /// Its keys, once there are many.
    wide: Option<HashSet<Cow<'b, str>>>,
}

/// Reads one document.
#[derive(Debug)]
pub struct Scanner<'b> {
    text: &'b str,
    bytes: &'b [u8],
    at: usize,
    depth: u32,
    values: u32,
    numbers: Numbers,
    /// Keys of the objects that are open, innermost last.
    keys: Vec<Cow<'b, str>>,
}

/// What comes of reading. The error is large and rare, so it does not travel with every value.
pub type Read<T> = Result<T, Box<JsonError>>;

impl<'b> Scanner<'b> {
    /// Begins a document.
    ///
    /// # Errors
    /// Bytes that are no UTF-8, and a byte order mark.
    pub fn new(bytes: &'b [u8], numbers: Numbers) -> Read<Self> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let start = error.valid_up_to();
            refused(JsonErrorKind::NotUtf8, Span::new(start, start + error.error_len().unwrap_or(1)))
        })?;
        if text.starts_with('\u{feff}') {
            return Err(refused(JsonErrorKind::ByteOrderMark, Span::new(0, 3)));
        }
        Ok(Self { text, bytes, at: 0, depth: 0, values: 0, numbers, keys: Vec::new() })
    }

    /// What comes next.
    ///
    /// # Errors
    /// Something that no value begins with.
    #[inline]
    pub fn peek(&mut self) -> Read<Kind> {
        self.skip_space();
        match self.bytes.get(self.at) {
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b'"') => Ok(Kind::String),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b't' | b'f') => Ok(Kind::Bool),
            Some(b'n') => Ok(Kind::Null),
            Some(_) | None => Err(self.unexpected("a value")),
        }
    }

    /// Reads an object; `member` is called after each key and must read exactly one value.
    pub fn object(&mut self, mut member: impl FnMut(&mut Self, Cow<'b, str>, Span) -> Read<()>) -> Read<Span> {
        let mut object = self.begin_object()?;
        while let Some((key, span)) = self.key(&mut object)? {
            self.remember_key(&mut object, key.clone(), span)?;
            member(self, key, span)?;
        }
        Ok(self.end_object(object))
    }

    /// Begins an object. Its members are read in turn, [`Scanner::key`] before each value, to the end; who does so
    /// tells equal keys apart, or leaves that to [`Scanner::remember_key`].
    pub fn begin_object(&mut self) -> Read<Object<'b>> {
        self.skip_space();
        let start = self.at;
        self.open(b'{', "an object")?;
        Ok(Object { start, is_empty: true, first_key: self.keys.len(), wide: None })
    }

    /// The next key of an object; none: it is closed.
    #[inline]
    pub fn key(&mut self, object: &mut Object<'b>) -> Read<Option<(Cow<'b, str>, Span)>> {
        self.skip_space();
        match (self.bytes.get(self.at), object.is_empty) {
            (Some(b'}'), _) => {
                self.at += 1;
                return Ok(None);
            }
            (Some(b','), false) => {
                self.at += 1;
                self.skip_space();
            }
            (_, true) => object.is_empty = false,
            (_, false) => return Err(self.unexpected("a comma or a closing brace")),
        }
        if self.bytes.get(self.at) != Some(&b'"') {
            return Err(self.unexpected("a key in quotes"));
        }
        let key = self.string()?;
        self.skip_space();
        if self.bytes.get(self.at) != Some(&b':') {
            return Err(self.unexpected("a colon"));
        }
        self.at += 1;
        Ok(Some(key))
    }

    /// Passes the next key of an object if it is this name, written without escapes; its bytes. Else nothing is passed,
    /// and [`Scanner::key`] says what stands there.
    #[inline]
    pub fn key_if(&mut self, object: &mut Object<'b>, name: &str) -> Option<Span> {
        let begin = after_space(self.bytes, self.at);
        let quote = match (self.bytes.get(begin)?, object.is_empty) {
            (b',', false) => after_space(self.bytes, begin + 1),
            (_, is_empty) => is_empty.then_some(begin)?,
        };
        let end = quote + name.len() + 2;
        let is_name = match self.bytes.get(quote..end)? {
            [b'"', key @ .., b'"'] => is_same(key, name.as_bytes()),
            _ => false,
        };
        let colon = after_space(self.bytes, end);
        if !is_name || self.bytes.get(colon) != Some(&b':') || self.values >= VALUES_MAX {
            return None;
        }
        self.values += 1;
        self.at = colon + 1;
        object.is_empty = false;
        Some(Span::new(quote, end))
    }

    /// Refuses a key that was remembered before.
    pub fn remember_key(&mut self, object: &mut Object<'b>, key: Cow<'b, str>, span: Span) -> Read<()> {
        let known = &self.keys[object.first_key..];
        let duplicate = match &mut object.wide {
            Some(set) => !set.insert(key.clone()),
            None if known.len() < WIDE_OBJECT => known.contains(&key),
            None => {
                let set: &mut HashSet<Cow<'b, str>> = object.wide.insert(known.iter().cloned().collect());
                !set.insert(key.clone())
            }
        };
        if duplicate {
            return Err(duplicate_key(&key, span));
        }
        if object.wide.is_none() {
            self.keys.push(key);
        }
        Ok(())
    }

    /// Ends an object after its last member; its bytes.
    pub fn end_object(&mut self, object: Object<'b>) -> Span {
        self.keys.truncate(object.first_key);
        self.depth -= 1;
        Span::new(object.start, self.at)
    }

    /// Reads a list; `item` is called before each element and must read exactly one value.
    pub fn array(&mut self, mut item: impl FnMut(&mut Self, u32) -> Read<()>) -> Read<Span> {
        self.skip_space();
        let start = self.at;
        self.open(b'[', "a list")?;
        self.skip_space();
        if self.bytes.get(self.at) == Some(&b']') {
            self.at += 1;
        } else {
            for index in 0.. {
                item(self, index)?;
                self.skip_space();
                match self.bytes.get(self.at) {
                    Some(b',') => self.at += 1,
                    Some(b']') => {
                        self.at += 1;
                        break;
                    }
                    Some(_) | None => return Err(self.unexpected("a comma or a closing bracket")),
                }
            }
        }
        self.depth -= 1;
        Ok(Span::new(start, self.at))
    }

    /// Reads a text; it is allocated only if it has escapes. The span includes the quotes.
    pub fn string(&mut self) -> Read<(Cow<'b, str>, Span)> {
        self.skip_space();
        match self.plain_string() {
            Some((text, span)) => Ok((Cow::Borrowed(text), span)),
            None => self.unusual_string(),
        }
    }

    /// Passes a text without escapes that stands right here. None: nothing is passed, and [`Scanner::string`] reads what
    /// stands there, or refuses it.
    #[inline]
    pub fn plain_string(&mut self) -> Option<(&'b str, Span)> {
        let start = self.at;
        if self.bytes.get(start) != Some(&b'"') || self.values >= VALUES_MAX {
            return None;
        }
        let stop = plain_until(self.bytes, start + 1);
        if self.bytes.get(stop) != Some(&b'"') {
            return None;
        }
        // Both ends stand beside ASCII bytes, so they are character boundaries.
        let text = self.text.get(start + 1..stop)?;
        self.values += 1;
        self.at = stop + 1;
        Some((text, Span::new(start, self.at)))
    }

    /// A text with escapes, or none.
    fn unusual_string(&mut self) -> Read<(Cow<'b, str>, Span)> {
        let start = self.at;
        if self.bytes.get(start) != Some(&b'"') {
            return Err(self.unexpected("a text in quotes"));
        }
        self.count()?;
        let mut decoded = String::new();
        let mut from = start + 1;
        loop {
            let stop = plain_until(self.bytes, from);
            decoded.push_str(&self.text[from..stop]);
            match self.bytes.get(stop) {
                Some(b'"') => {
                    self.at = stop + 1;
                    return Ok((Cow::Owned(decoded), Span::new(start, self.at)));
                }
                Some(b'\\') => {
                    let (character, next) = self.escape(stop)?;
                    decoded.push(character);
                    from = next;
                }
                Some(&control) => {
                    let kind = JsonErrorKind::ControlCharacter(control);
                    return Err(refused(kind, Span::new(stop, stop + 1)));
                }
                None => {
                    self.at = self.bytes.len();
                    return Err(self.unexpected("a closing quote"));
                }
            }
        }
    }

    /// Reads a number, as written.
    pub fn number(&mut self) -> Read<(&'b str, Span)> {
        self.skip_space();
        self.count()?;
        let start = self.at;
        let digits = |bytes: &[u8], from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
        let mut at = start + usize::from(self.bytes.get(start) == Some(&b'-'));
        let whole = digits(self.bytes, at.min(self.bytes.len()));
        if whole == 0 {
            self.at = at;
            return Err(self.unexpected("a digit"));
        }
        if whole > 1 && self.bytes[at] == b'0' {
            self.at = at + 1;
            return Err(self.unexpected("no digit after a leading zero"));
        }
        at += whole;
        let mut float = false;
        if self.bytes.get(at) == Some(&b'.') {
            let fraction = digits(self.bytes, at + 1);
            if fraction == 0 {
                self.at = at + 1;
                return Err(self.unexpected("a digit after the decimal point"));
            }
            at += 1 + fraction;
            float = true;
        }
        if let Some(b'e' | b'E') = self.bytes.get(at) {
            let signed = usize::from(matches!(self.bytes.get(at + 1), Some(b'+' | b'-')));
            let exponent = digits(self.bytes, (at + 1 + signed).min(self.bytes.len()));
            if exponent == 0 {
                self.at = at + 1 + signed;
                return Err(self.unexpected("a digit of the exponent"));
            }
            at += 1 + signed + exponent;
            float = true;
        }
        let (text, span) = (&self.text[start..at], Span::new(start, at));
        self.at = at;
        match self.numbers {
            Numbers::Text => Ok((text, span)),
            Numbers::Integers if float => Err(refused(JsonErrorKind::Float(printable(text)), span)),
            Numbers::Integers if integer(text).is_none() => {
                Err(refused(JsonErrorKind::BigInteger(printable(text)), span))
            }
            Numbers::Integers => Ok((text, span)),
        }
    }

    /// Reads `true` or `false`.
    pub fn bool(&mut self) -> Read<(bool, Span)> {
        self.skip_space();
        self.count()?;
        let start = self.at;
        for (word, value) in [("true", true), ("false", false)] {
            if self.text[start..].starts_with(word) {
                self.at = start + word.len();
                return Ok((value, Span::new(start, self.at)));
            }
        }
        Err(self.unexpected("`true` or `false`"))
    }

    /// Reads `null`.
    pub fn null(&mut self) -> Read<Span> {
        self.skip_space();
        self.count()?;
        let start = self.at;
        if self.text[start..].starts_with("null") {
            self.at = start + 4;
            return Ok(Span::new(start, self.at));
        }
        Err(self.unexpected("`null`"))
    }

    /// Checks a value and drops it.
    pub fn skip(&mut self) -> Read<Span> {
        match self.peek()? {
            Kind::Object => self.object(|scanner, _, _| scanner.skip().map(drop)),
            Kind::Array => self.array(|scanner, _| scanner.skip().map(drop)),
            Kind::String => self.string().map(|(_, span)| span),
            Kind::Number => self.number().map(|(_, span)| span),
            Kind::Bool => self.bool().map(|(_, span)| span),
            Kind::Null => self.null(),
        }
    }

    /// Ends the document.
    ///
    /// # Errors
    /// Text after the value.
    pub fn end(&mut self) -> Read<()> {
        self.skip_space();
        if self.at == self.bytes.len() {
            return Ok(());
        }
        Err(refused(JsonErrorKind::TrailingText, Span::new(self.at, self.at + 1)))
    }

    #[inline]
    fn skip_space(&mut self) {
        self.at = after_space(self.bytes, self.at);
    }

    fn open(&mut self, bracket: u8, expected: &'static str) -> Read<()> {
        if self.bytes.get(self.at) != Some(&bracket) {
            return Err(self.unexpected(expected));
        }
        self.count()?;
        if self.depth == DEPTH_MAX {
            let kind = JsonErrorKind::TooDeep(DEPTH_MAX);
            return Err(refused(kind, Span::new(self.at, self.at + 1)));
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    #[inline]
    fn count(&mut self) -> Read<()> {
        self.values += 1;
        if self.values > VALUES_MAX {
            let kind = JsonErrorKind::TooManyValues(VALUES_MAX);
            return Err(refused(kind, Span::new(self.at, self.at + 1)));
        }
        Ok(())
    }

    /// Reads the escape that begins at `at`: its character, and the offset after it.
    fn escape(&mut self, at: usize) -> Read<(char, usize)> {
        let simple = |character| Ok((character, at + 2));
        match self.bytes.get(at + 1) {
            Some(b'"') => simple('"'),
            Some(b'\\') => simple('\\'),
            Some(b'/') => simple('/'),
            Some(b'b') => simple('\u{8}'),
            Some(b'f') => simple('\u{c}'),
            Some(b'n') => simple('\n'),
            Some(b'r') => simple('\r'),
            Some(b't') => simple('\t'),
            Some(b'u') => self.unicode_escape(at),
            Some(_) => {
                let character = self.text[at + 1..].chars().next();
                let shown = character.map(|c| printable(&format!("\\{c}"))).unwrap_or_default();
                Err(refused(JsonErrorKind::BadEscape(shown), Span::new(at, at + 2)))
            }
            None => {
                self.at = self.bytes.len();
                Err(self.unexpected("a closing quote"))
            }
        }
    }

    fn unicode_escape(&self, at: usize) -> Read<(char, usize)> {
        let shown = |length: usize| {
            let end = (at + length).min(self.bytes.len());
            String::from_utf8_lossy(&self.bytes[at..end])
                .chars()
                .map(|c| printable(c.encode_utf8(&mut [0; 4])))
                .collect()
        };
        let bad = || refused(JsonErrorKind::BadEscape(shown(6)), Span::new(at, at + 6));
        let lone = || refused(JsonErrorKind::LoneSurrogate(shown(6)), Span::new(at, at + 6));
        let first = self.hex(at).ok_or_else(bad)?;
        match first {
            0xD800..0xDC00 => match self.hex(at + 6) {
                Some(second @ 0xDC00..0xE000) => {
                    let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                    char::from_u32(code).map(|character| (character, at + 12)).ok_or_else(lone)
                }
                Some(_) | None => Err(lone()),
            },
            code => char::from_u32(code).map(|character| (character, at + 6)).ok_or_else(lone),
        }
    }

    /// The four hexadecimal digits of `\uXXXX` at `at`.
    fn hex(&self, at: usize) -> Option<u32> {
        let (lead, digits) = (self.bytes.get(at..at + 2)?, self.bytes.get(at + 2..at + 6)?);
        let well_formed = lead == b"\\u" && digits.iter().all(u8::is_ascii_hexdigit);
        well_formed
            .then(|| digits.iter().filter_map(|&digit| char::from(digit).to_digit(16)).fold(0, |n, d| n << 4 | d))
    }

    fn unexpected(&self, expected: &'static str) -> Box<JsonError> {
        let (found, length) = match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            None => ("the end of the file".to_owned(), 1),
            Some(character) => (format!("`{}`", printable(character.encode_utf8(&mut [0; 4]))), character.len_utf8()),
        };
        refused(JsonErrorKind::Syntax { expected, found }, Span::new(self.at, self.at + length))
    }
}

/// The first offset from `at` on that is no white space.
#[inline]
fn after_space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

/// The error of a key that an object has already.
pub fn duplicate_key(key: &str, span: Span) -> Box<JsonError> {
    refused(JsonErrorKind::DuplicateKey(printable(key)), span)
}

fn refused(kind: JsonErrorKind, at: Span) -> Box<JsonError> {
    Box::new(JsonError { kind, at })
}

/// Whether two names are the same. Most are short: their first and their last eight bytes are all of them.
#[inline]
fn is_same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() || a.len() > 16 {
        return a == b;
    }
    match (a.first_chunk::<8>(), a.last_chunk::<8>(), b.first_chunk::<8>(), b.last_chunk::<8>()) {
        (Some(a_first), Some(a_last), Some(b_first), Some(b_last)) => (a_first == b_first) & (a_last == b_last),
        _ => match (a.first_chunk::<4>(), a.last_chunk::<4>(), b.first_chunk::<4>(), b.last_chunk::<4>()) {
            (Some(a_first), Some(a_last), Some(b_first), Some(b_last)) => (a_first == b_first) & (a_last == b_last),
            _ => a.iter().eq(b),
        },
    }
}

/// The first byte from `from` on that is a quote, a backslash or a control character; the end, if there is none.
/// Sixteen bytes at a time and without branches, which becomes a few instructions on wide registers.
#[inline]
fn plain_until(bytes: &[u8], from: usize) -> usize {
    let ends = |byte: u8| (byte < 0x20) | (byte == b'"') | (byte == b'\\');
    let mut at = from;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<16>) {
        if chunk.iter().fold(false, |any, byte| any | ends(*byte)) {
            return at + first_end(chunk);
        }
        at += chunk.len();
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| ends(*byte)).unwrap_or(rest.len())
}

/// Where the first of those bytes is that end plain text; one of them does. Eight bytes at a time, in one number: a byte
/// of it from which one too much is taken borrows from the bytes after it, never from those before.
#[inline]
fn first_end(chunk: &[u8; 16]) -> usize {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    let (words, _) = chunk.as_chunks::<8>();
    let mut at = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        let (quote, backslash) = (word ^ (EACH * 0x22), word ^ (EACH * 0x5c));
        let control = word.wrapping_sub(EACH * 0x20) & !word;
        let quote = quote.wrapping_sub(EACH) & !quote;
        let backslash = backslash.wrapping_sub(EACH) & !backslash;
        let marked = (control | quote | backslash) & (EACH * 0x80);
        if marked != 0 {
            return at + marked.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at
}

/// An integer of at most 2^53-1 in either direction; `None` for any other text.
pub fn integer(text: &str) -> Option<i64> {
    let value: i64 = text.parse().ok()?;
    (-INTEGER_MAX..=INTEGER_MAX).contains(&value).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str, numbers: Numbers) -> (JsonErrorKind, Span) {
        let read = Scanner::new(text.as_bytes(), numbers).and_then(|mut scanner| {
            scanner.skip()?;
            scanner.end()
        });
        let error = read.expect_err(text);
        (error.kind, error.at)
    }

    fn accepted(text: &str, numbers: Numbers) {
        let mut scanner = Scanner::new(text.as_bytes(), numbers).unwrap();
        scanner.skip().unwrap();
        scanner.end().unwrap();
    }

    #[test]
    fn what_is_json_is_read() {
        for text in
            ["{}", "[]", " [1, -2,\t\"a\\u00e9\\n\", true, false, null, {\"a\": {\"b\": []}}]\r\n", "\"ä\"", "0", "-0"]
        {
            accepted(text, Numbers::Integers);
        }
        for text in ["1.5", "-0.0e+10", "1E5", "123456789012345678901234567890"] {
            accepted(text, Numbers::Text);
        }
        accepted("9007199254740991", Numbers::Integers);
        accepted("-9007199254740991", Numbers::Integers);
    }

    #[test]
    fn names_are_the_same_only_byte_by_byte() {
        for length in 0..40 {
            let name: Vec<u8> = (0..length).map(|at| b'a' + at % 26).collect();
            assert!(is_same(&name, &name.clone()));
            assert!(!is_same(&name, &[&name[..], b"a"].concat()));
            for at in 0..name.len() {
                let mut other = name.clone();
                other[at] = b'_';
                assert!(!is_same(&name, &other), "{length} at {at}");
            }
        }
    }

    #[test]
    fn equal_keys_are_refused_also_when_escaped_or_many() {
        assert_eq!(
            refusal(r#"{"a":1,"a":2}"#, Numbers::Text),
            (JsonErrorKind::DuplicateKey("a".into()), Span::new(7, 10))
        );
        assert_eq!(refusal(r#"{"a":1,"\u0061":2}"#, Numbers::Text).0, JsonErrorKind::DuplicateKey("a".into()));
        let members: Vec<_> = (0..100).map(|n| format!("\"k{n}\":{n}")).collect();
        accepted(&format!("{{{}}}", members.join(",")), Numbers::Integers);
        for again in [0, 31, 32, 33, 99] {
            let text = format!("{{{},\"k{again}\":0}}", members.join(","));
            assert_eq!(refusal(&text, Numbers::Integers).0, JsonErrorKind::DuplicateKey(format!("k{again}")));
        }
        accepted(r#"{"a":{"a":1},"b":{"a":{"a":2}}}"#, Numbers::Integers);
    }

    #[test]
    fn numbers_that_readers_disagree_on_are_refused() {
        for float in ["1.0", "1e2", "-0.5"] {
            assert_eq!(refusal(float, Numbers::Integers).0, JsonErrorKind::Float(float.into()));
        }
        for big in ["9007199254740992", "-9007199254740992", "99999999999999999999999"] {
            assert_eq!(refusal(big, Numbers::Integers).0, JsonErrorKind::BigInteger(big.into()));
        }
        for broken in ["01", "-", "1.", "1e", "+1", ".5", "1e+", "-x"] {
            let (kind, _) = refusal(broken, Numbers::Text);
            assert!(matches!(kind, JsonErrorKind::Syntax { .. } | JsonErrorKind::TrailingText), "{broken}: {kind}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        accepted(&nested(64), Numbers::Integers);
        assert_eq!(refusal(&nested(65), Numbers::Integers), (JsonErrorKind::TooDeep(64), Span::new(64, 65)));
        assert_eq!(refusal(&"[".repeat(1_000_000), Numbers::Integers).0, JsonErrorKind::TooDeep(64));
        assert_eq!(refusal(&"{\"a\":".repeat(100), Numbers::Integers).0, JsonErrorKind::TooDeep(64));
    }

    #[test]
    fn texts_are_strict() {
        assert_eq!(refusal("\"a\u{1}\"", Numbers::Text).0, JsonErrorKind::ControlCharacter(1));
        assert_eq!(refusal("\"a\n\"", Numbers::Text).1, Span::new(2, 3));
        for lone in [r#""\ud800""#, r#""\udc00""#, r#""\ud800\u0041""#, r#""\ud800x""#] {
            assert!(matches!(refusal(lone, Numbers::Text).0, JsonErrorKind::LoneSurrogate(_)), "{lone}");
        }
        for bad in [r#""\x""#, r#""\u12""#, r#""\u12g4""#, "\"\\ä\""] {
            assert!(matches!(refusal(bad, Numbers::Text).0, JsonErrorKind::BadEscape(_)), "{bad}");
        }
        let mut scanner = Scanner::new(br#""\ud83d\ude00 \"\/\b""#, Numbers::Text).unwrap();
        assert_eq!(scanner.string().unwrap().0, "\u{1f600} \"/\u{8}");
    }

    #[test]
    fn every_byte_of_a_word_is_looked_at() {
        for at in 0..40 {
            for byte in 0..=127u8 {
                let mut text = vec![b'a'; 40];
                text[at] = byte;
                let stops = byte < 0x20 || byte == b'"' || byte == b'\\';
                for from in [0, at / 2, at] {
                    assert_eq!(plain_until(&text, from), if stops { at } else { 40 }, "{byte} at {at} from {from}");
                }
            }
        }
        assert_eq!(plain_until("\u{80}\u{a2}\u{dc}\u{ff}\u{100}\u{1f600}ab\"".as_bytes(), 0), 16);
        assert_eq!(plain_until(b"", 0), 0);
    }

    #[test]
    fn what_is_around_the_value_is_refused() {
        assert_eq!(refusal("\u{feff}{}", Numbers::Text).0, JsonErrorKind::ByteOrderMark);
        assert_eq!(refusal("{} {}", Numbers::Text), (JsonErrorKind::TrailingText, Span::new(3, 4)));
        let error = Scanner::new(b"{\"a\": \"\xff\"}", Numbers::Text).unwrap_err();
        assert_eq!((error.kind, error.at), (JsonErrorKind::NotUtf8, Span::new(7, 8)));
        for broken in
            ["", " ", "{", "[1,]", "{\"a\"}", "{\"a\":1,}", "{a:1}", "nul", "tru", "\"a", "\"\\", "[1 2]", "//"]
        {
            assert!(matches!(refusal(broken, Numbers::Text).0, JsonErrorKind::Syntax { .. }), "{broken}");
        }
    }
}
