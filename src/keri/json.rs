//! Strict, compact JSON with the place of every value: what KERI and ACDC digests are made over.
//!
//! In: the text of one message. Out: a [`Node`] tree that borrows from it. A digest is computed over
//! the received bytes, so only the one form that every writer of version 1 messages produces is read:
//! no white space between tokens, no needless escapes, no duplicate keys. Two readers can then not
//! disagree about what was signed.

use std::borrow::Cow;
use std::collections::BTreeSet;

/// Deepest nesting: credentials need five levels.
const DEPTH_MAX: usize = 32;

/// Fields among which a repeated name is looked for one by one; no message has more at one level.
const FEW_FIELDS: usize = 24;

/// The bytes that end a run of plain text: a quote, an escape, a control character.
const ENDS_PLAIN: [bool; 256] = {
    let mut ends = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        ends[byte] = true;
        byte += 1;
    }
    ends[b'"' as usize] = true;
    ends[b'\\' as usize] = true;
    ends
};

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node<'a> {
    /// Offset of the first byte in the message.
    pub at: usize,
    /// The value as written.
    pub raw: &'a str,
    /// What it is.
    pub value: Value<'a>,
}

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// Fields in the order written.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
    /// Items.
    Array(Vec<Node<'a>>),
    /// Text without its quotes and escapes.
    Text(Cow<'a, str>),
    /// A number as written.
    Number(&'a str),
    /// `true` or `false`.
    Bool(bool),
    /// `null`
    Null,
}

/// Why a text is not strict, compact JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotStrict {
    /// Offset of the offending byte.
    pub at: usize,
    /// What is wrong.
    pub why: &'static str,
}

impl<'a> Node<'a> {
    /// The fields, if this is an object.
    pub fn fields(&self) -> Option<&[(Cow<'a, str>, Node<'a>)]> {
        match &self.value {
            Value::Object(fields) => Some(fields),
            Value::Array(_) | Value::Text(_) | Value::Number(_) | Value::Bool(_) | Value::Null => None,
        }
    }

    /// The items, if this is an array.
    pub fn items(&self) -> Option<&[Node<'a>]> {
        match &self.value {
            Value::Array(items) => Some(items),
            Value::Object(_) | Value::Text(_) | Value::Number(_) | Value::Bool(_) | Value::Null => None,
        }
    }

    /// The text, if this is one.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Object(_) | Value::Array(_) | Value::Number(_) | Value::Bool(_) | Value::Null => None,
        }
    }

    /// The text as it stands in the message, if it is one without escapes.
    pub fn plain(&self) -> Option<&'a str> {
        match &self.value {
            Value::Text(Cow::Borrowed(text)) => Some(text),
            Value::Text(Cow::Owned(_))
            | Value::Object(_)
            | Value::Array(_)
            | Value::Number(_)
            | Value::Bool(_)
            | Value::Null => None,
        }
    }

    /// The field of this name, if this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Node<'a>> {
        self.fields()?.iter().find(|(key, _)| key == name).map(|(_, node)| node)
    }
}

/// Reads one value that is all of the text.
///
/// # Errors
/// The first byte that is not strict, compact JSON.
pub fn parse(text: &str) -> Result<Node<'_>, NotStrict> {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0 };
    let node = reader.node(0)?;
    if reader.at < text.len() {
        return Err(reader.refused("there is more after the value"));
    }
    Ok(node)
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn refused(&self, why: &'static str) -> NotStrict {
        NotStrict { at: self.at, why }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn expect(&mut self, byte: u8, why: &'static str) -> Result<(), NotStrict> {
        if self.peek() != Some(byte) {
            return Err(self.refused(why));
        }
        self.at += 1;
        Ok(())
    }

    fn node(&mut self, depth: usize) -> Result<Node<'a>, NotStrict> {
        if depth > DEPTH_MAX {
            return Err(self.refused("it is nested too deeply"));
        }
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Value::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            Some(b' ' | b'\t' | b'\n' | b'\r') => {
                return Err(self.refused("white space between tokens is not compact JSON"));
            }
            Some(_) => return Err(self.refused("a value is expected")),
            None => return Err(self.refused("it ends where a value is expected")),
        };
        Ok(Node { at: start, raw: &self.text[start..self.at], value })
    }

    fn word(&mut self, word: &'static str, value: Value<'a>) -> Result<Value<'a>, NotStrict> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.refused("a value is expected"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn object(&mut self, depth: usize) -> Result<Value<'a>, NotStrict> {
        self.at += 1;
        let mut fields: Vec<(Cow<'a, str>, Node<'a>)> = Vec::new();
        let mut seen = BTreeSet::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(fields));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.refused("a field name is expected"));
            }
            let start = self.at;
            let key = self.string()?;
            if fields.len() == FEW_FIELDS {
                seen.extend(fields.iter().map(|(key, _)| key.clone()));
            }
            let twice = if fields.len() < FEW_FIELDS {
                fields.iter().any(|(known, _)| *known == key)
            } else {
                !seen.insert(key.clone())
            };
            if twice {
                return Err(NotStrict { at: start, why: "the same field stands twice" });
            }
            self.expect(b':', "`:` is expected after a field name")?;
            let node = self.node(depth + 1)?;
            fields.push((key, node));
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::Object(fields));
                }
                _ => return Err(self.refused("`,` or `}` is expected")),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value<'a>, NotStrict> {
        self.at += 1;
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.node(depth + 1)?);
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::Array(items));
                }
                _ => return Err(self.refused("`,` or `]` is expected")),
            }
        }
    }

    /// `-`? digits (`.` digits)? exponent?, without a leading zero.
    fn number(&mut self) -> Result<&'a str, NotStrict> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let whole = self.digits();
        if whole == 0 {
            return Err(self.refused("a digit is expected"));
        }
        if whole > 1 && self.bytes[self.at - whole] == b'0' {
            return Err(self.refused("a number has no leading zero"));
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(self.refused("a digit is expected"));
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(self.refused("a digit is expected"));
            }
        }
        Ok(&self.text[start..self.at])
    }

    fn digits(&mut self) -> usize {
        let count = self.bytes[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }

    fn string(&mut self) -> Result<Cow<'a, str>, NotStrict> {
        self.at += 1;
        let start = self.at;
        let mut decoded: Option<String> = None;
        let mut copied = start;
        loop {
            let plain = self.bytes[self.at..].iter().take_while(|byte| !ENDS_PLAIN[usize::from(**byte)]).count();
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    let tail = &self.text[copied..self.at];
                    self.at += 1;
                    return Ok(match decoded {
                        None => Cow::Borrowed(tail),
                        Some(mut text) => {
                            text.push_str(tail);
                            Cow::Owned(text)
                        }
                    });
                }
                Some(b'\\') => {
                    let text = decoded.get_or_insert_with(String::new);
                    text.push_str(&self.text[copied..self.at]);
                    let c = self.escape()?;
                    if let Some(text) = decoded.as_mut() {
                        text.push(c);
                    }
                    copied = self.at;
                }
                Some(_) => return Err(self.refused("a control character must be escaped")),
                None => return Err(self.refused("the text does not end")),
            }
        }
    }

    /// The escapes that JSON writers need: everything else has a plainer form.
    fn escape(&mut self) -> Result<char, NotStrict> {
        let rest = &self.bytes[self.at + 1..];
        let (c, length) = match rest {
            [b'"', ..] => ('"', 2),
            [b'\\', ..] => ('\\', 2),
            [b'b', ..] => ('\u{8}', 2),
            [b'f', ..] => ('\u{c}', 2),
            [b'n', ..] => ('\n', 2),
            [b'r', ..] => ('\r', 2),
            [b't', ..] => ('\t', 2),
            [b'u', b'0', b'0', high @ b'0'..=b'1', low, ..] => {
                let low = match low {
                    b'0'..=b'9' => low - b'0',
                    b'a'..=b'f' => low - b'a' + 10,
                    _ => return Err(self.refused("this escape is not the compact form")),
                };
                let c = (high - b'0') * 16 + low;
                if matches!(c, 8 | 9 | 10 | 12 | 13) {
                    return Err(self.refused("this escape is not the compact form"));
                }
                (char::from(c), 6)
            }
            _ => return Err(self.refused("this escape is not the compact form")),
        };
        self.at += length;
        Ok(c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_knows_its_place() {
        let text = r#"{"d":"Eabc","a":[1,{"é":"x\ny"}],"n":null,"t":true}"#;
        let node = parse(text).unwrap();
        for (_, field) in node.fields().unwrap() {
            assert_eq!(&text[field.at..field.at + field.raw.len()], field.raw);
        }
        assert_eq!(node.get("d").unwrap().plain(), Some("Eabc"));
        let inner = node.get("a").unwrap().items().unwrap()[1].get("é").unwrap();
        assert_eq!(inner.text(), Some("x\ny"));
        assert_eq!(inner.plain(), None);
    }

    #[test]
    fn a_field_twice_is_refused_among_few_and_many() {
        for count in [1, FEW_FIELDS - 1, FEW_FIELDS, FEW_FIELDS + 1, 3 * FEW_FIELDS] {
            let fields: Vec<String> = (0..count).map(|field| format!("\"f{field}\":1")).collect();
            let text = format!("{{{}}}", fields.join(","));
            assert_eq!(parse(&text).unwrap().fields().unwrap().len(), count);
            for field in [0, count / 2, count - 1] {
                let twice = format!("{{{},\"f{field}\":2}}", fields.join(","));
                assert_eq!(parse(&twice).unwrap_err().at, text.len(), "{twice}");
            }
        }
    }

    #[test]
    fn what_is_not_compact_is_refused_where_it_stands() {
        for (text, at) in [
            (r#"{"a": 1}"#, 5),
            (r#"{"a":1,"a":2}"#, 7),
            (r#"{"a":"\u0041"}"#, 6),
            (r#"{"a":"\/"}"#, 6),
            (r#"{"a":"\u000a"}"#, 6),
            (r#"{"a":01}"#, 7),
            (r#"{"a":1}x"#, 7),
            ("{\"a\":\"\n\"}", 6),
            (r#"{"a":"x"#, 7),
            ("", 0),
            ("{", 1),
            ("[1,]", 3),
        ] {
            assert_eq!(parse(text).unwrap_err().at, at, "{text}");
        }
        assert!(parse(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
        assert!(parse(&nested(DEPTH_MAX)).is_ok());
        assert_eq!(parse(&nested(DEPTH_MAX + 1)).unwrap_err().at, 5 * (DEPTH_MAX + 1));
    }
}
