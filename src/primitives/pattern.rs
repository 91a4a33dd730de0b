//! Regular expressions that whole texts are matched against, prepared on first use.
//!
//! In: a pattern. Out: whether a text is what it describes. Most patterns of policies and schemas are runs of ASCII
//! characters, such as `[A-Z0-9]{18}[0-9]{2}`: those are compared byte by byte, which takes a fraction of what
//! preparing and running a general expression takes. All others are left to the `regex` crate.

use std::sync::OnceLock;

use regex::Regex;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A pattern, as written.
#[derive(Debug)]
pub struct Pattern {
    text: String,
    prepared: OnceLock<Prepared>,
}

#[derive(Debug)]
enum Prepared {
    Runs(Vec<Run>),
    General(Box<Regex>),
    /// It is no regular expression, which is refused wherever one is written; nothing matches it.
    Nothing,
}

/// Some characters of a set, one after the other.
#[derive(Debug)]
struct Run {
    /// Ranges of bytes, inclusive.
    ranges: Vec<(u8, u8)>,
    least: usize,
    most: Option<usize>,
}

impl Pattern {
    /// A pattern. An anchor at its ends says what holds anyway.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), prepared: OnceLock::new() }
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is a regular expression without any doubt, so that nobody need ask the `regex` crate.
    pub fn is_plain(text: &str) -> bool {
        runs(text).is_some()
    }

    /// Whether the whole text is what the pattern describes.
    pub fn matches(&self, text: &str) -> bool {
        match self.prepared.get_or_init(|| prepared(&self.text)) {
            Prepared::Runs(runs) => all_match(runs, text.as_bytes()),
            Prepared::General(regex) => regex.is_match(text),
            Prepared::Nothing => false,
        }
    }
}

impl Clone for Pattern {
    fn clone(&self) -> Self {
        Self::new(self.text.clone())
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

fn prepared(text: &str) -> Prepared {
    match runs(text) {
        Some(runs) => Prepared::Runs(runs),
        None => {
            Regex::new(&format!(r"\A(?:{text})\z")).map_or(Prepared::Nothing, |regex| Prepared::General(regex.into()))
        }
    }
}

/// Each run takes as much as it can: [`runs`] has made sure that no later one could want it.
fn all_match(runs: &[Run], text: &[u8]) -> bool {
    let mut rest = text;
    for run in runs {
        let most = run.most.unwrap_or(usize::MAX).min(rest.len());
        let taken = match run.most == Some(run.least) {
            true if most == run.least && run.hold(&rest[..most]) => most,
            true => return false,
            false => rest[..most].iter().take_while(|byte| run.holds(**byte)).count(),
        };
        if taken < run.least {
            return false;
        }
        rest = &rest[taken..];
    }
    rest.is_empty()
}

impl Run {
    fn holds(&self, byte: u8) -> bool {
        self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&byte))
    }

    /// Whether all of these bytes are of the set.
    fn hold(&self, bytes: &[u8]) -> bool {
        match (self.ranges.as_slice(), bytes.last_chunk()) {
            (&[a], Some(last)) => hold([a], bytes, last),
            (&[a, b], Some(last)) => hold([a, b], bytes, last),
            (&[a, b, c], Some(last)) => hold([a, b, c], bytes, last),
            (&[a, b, c, d], Some(last)) => hold([a, b, c, d], bytes, last),
            // Letters, digits, `-` and `_`: the alphabet of identifiers.
            (&[a, b, c, d, e], Some(last)) => hold([a, b, c, d, e], bytes, last),
            _ => bytes.iter().all(|byte| self.holds(*byte)),
        }
    }

    fn meets(&self, other: &Run) -> bool {
        self.ranges.iter().any(|(first, last)| other.ranges.iter().any(|(from, to)| first <= to && from <= last))
    }
}

/// Whether all bytes are in one of some ranges. Sixteen at a time and without branches, which becomes a few
/// instructions on wide registers where the number of ranges is known. `last`: the last of the bytes, with which what
/// is left over is looked at.
fn hold<const N: usize>(ranges: [(u8, u8); N], bytes: &[u8], last: &[u8; 16]) -> bool {
    let ranges = ranges.map(|(first, last)| (first, last - first));
    let mut all_held = [u8::MAX; 16];
    for chunk in bytes.as_chunks::<16>().0.iter().chain([last]) {
        let mut held = [0u8; 16];
        for (first, width) in ranges {
            for (held, byte) in held.iter_mut().zip(chunk) {
                *held |= if byte.wrapping_sub(first) <= width { u8::MAX } else { 0 };
            }
        }
        for (all, held) in all_held.iter_mut().zip(held) {
            *all &= held;
        }
    }
    // One comparison, where arrays would be compared member by member.
    u128::from_ne_bytes(all_held) == u128::MAX
}

/// The runs of a pattern that is nothing but runs; none if it is anything more, or if how far a run reaches depends
/// on what follows it.
fn runs(text: &str) -> Option<Vec<Run>> {
    let text = text.strip_prefix('^').unwrap_or(text);
    // An escaped dollar is a character; what escapes it is left over then, and refused below.
    let mut rest = text.strip_suffix('$').unwrap_or(text).as_bytes();
    let mut runs = Vec::new();
    while !rest.is_empty() {
        let (ranges, after) = set(rest)?;
        let (least, most, after) = quantity(after)?;
        runs.push(Run { ranges, least, most });
        rest = after;
    }
    let is_clear = |at: usize, run: &Run| {
        let mut later = runs[at + 1..].iter();
        // Up to the first that must be there, whatever follows could begin.
        run.most == Some(run.least)
            || later.try_fold((), |(), next| match run.meets(next) {
                true => Err(false),
                false if next.least > 0 => Err(true),
                false => Ok(()),
            }) != Err(false)
    };
    runs.iter().enumerate().all(|(at, run)| is_clear(at, run)).then_some(runs)
}

/// Characters, each range by its first and last.
type Ranges = Vec<(u8, u8)>;

/// One character, or a class of them; and what follows.
fn set(pattern: &[u8]) -> Option<(Ranges, &[u8])> {
    match pattern {
        [b'[', inside @ ..] => class(inside),
        [b'\\', escaped, rest @ ..] if escaped.is_ascii_punctuation() && !b"<>".contains(escaped) => {
            Some((vec![(*escaped, *escaped)], rest))
        }
        [byte, rest @ ..] if byte.is_ascii_alphanumeric() || b" _-:/,;@#%&=!\"'~<>`".contains(byte) => {
            Some((vec![(*byte, *byte)], rest))
        }
        _ => None,
    }
}

/// A class of characters and ranges; none with a negation, an escape, a class in a class or a set operation.
fn class(mut inside: &[u8]) -> Option<(Ranges, &[u8])> {
    let is_member = |byte: u8| byte.is_ascii_graphic() && !b"[]^\\&~-".contains(&byte);
    let mut ranges = Vec::new();
    loop {
        inside = match *inside {
            [b']', ref rest @ ..] if !ranges.is_empty() => return Some((ranges, rest)),
            [first, b'-', last, ref rest @ ..] if is_member(first) && is_member(last) && first <= last => {
                ranges.push((first, last));
                rest
            }
            [b'-', ref rest @ ..] if rest.first() == Some(&b']') => {
                ranges.push((b'-', b'-'));
                rest
            }
            [byte, ref rest @ ..] if is_member(byte) => {
                ranges.push((byte, byte));
                rest
            }
            _ => return None,
        };
    }
}

/// How often the last set stands: least and most.
fn quantity(pattern: &[u8]) -> Option<(usize, Option<usize>, &[u8])> {
    let (least, most, rest) = match pattern {
        [b'*', rest @ ..] => (0, None, rest),
        [b'+', rest @ ..] => (1, None, rest),
        [b'?', rest @ ..] => (0, Some(1), rest),
        [b'{', inside @ ..] => {
            let end = inside.iter().position(|byte| *byte == b'}')?;
            let bounds = std::str::from_utf8(&inside[..end]).ok()?;
            let number = |text: &str| -> Option<usize> {
                let is_number = !text.is_empty() && text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
                text.parse().ok().filter(|_| is_number)
            };
            let (least, most) = match bounds.split_once(',') {
                None => (number(bounds)?, Some(number(bounds)?)),
                Some((least, "")) => (number(least)?, None),
                Some((least, most)) => (number(least)?, Some(number(most)?)),
            };
            (
                least,
                most.filter(|most| *most >= least).map(Some).or(most.is_none().then_some(None))?,
                &inside[end + 1..],
            )
        }
        rest => (1, Some(1), rest),
    };
    // `a*?`, `a{2}+`: another meaning, or none.
    (!matches!(rest, [b'*' | b'+' | b'?' | b'{', ..])).then_some((least, most, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What the `regex` crate says.
    fn general(pattern: &str, text: &str) -> bool {
        Regex::new(&format!(r"\A(?:{pattern})\z")).unwrap().is_match(text)
    }

    #[test]
    fn runs_are_told_from_what_is_more() {
        for plain in [
            "[A-Z0-9]{18}[0-9]{2}",
            "[EB][A-Za-z0-9_-]{43}",
            "^[a-z][a-z0-9-]*$",
            "a/b: c",
            r"\.json",
            "",
            "[0-9]+,[0-9]?",
        ] {
            assert!(Pattern::is_plain(plain), "{plain}");
        }
        for other in [
            "a|b",
            "(a)",
            ".",
            "[^a]",
            "[a&&b]",
            r"\d+",
            "[[:alpha:]]",
            "(?i)a",
            "a*a",
            "a?[a-c]",
            "a+?",
            "ä",
            "[ä]",
            "a{2,1}",
            "[a--b]",
            "[]a]",
            "a$b",
            r"a\$",
            r"\<",
            "a{,2}",
            "[0-9]*[5-6]",
            "[a-z]?[0-9]*[x-z]",
            "*",
            "a{",
            "[a",
            r"[\]]",
            "[a~~b]",
        ] {
            assert!(!Pattern::is_plain(other), "{other}");
        }
    }

    #[test]
    fn a_pattern_that_cannot_be_compiled_matches_nothing() {
        assert!(!Pattern::new("(").matches("("));
    }

    proptest! {
        #[test]
        fn both_ways_agree(
            pattern in r"\^?([abc0-9-]|\[[ab0-1]{1,2}-?\]|\[a-c0-5_-\]|\\\.)([*+?]|\{[0-2]\}|\{1,3\}|\{2,\})?([abc]([*+?]|\{17\}|\{16,33\})?){0,3}\$?",
            text in "[abc0-6_.-]{0,8}(a{10,40}|[ab]{0,20})c?",
        ) {
            if Regex::new(&pattern).is_ok() {
                prop_assert_eq!(Pattern::new(pattern.as_str()).matches(&text), general(&pattern, &text), "{}", pattern);
            }
        }

        #[test]
        fn only_patterns_are_plain(text in "\\PC{0,12}") {
            if Pattern::is_plain(&text) {
                prop_assert!(Regex::new(&text).is_ok(), "{text}");
            }
        }
    }
}
