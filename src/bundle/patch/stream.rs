//! Pointers into streams: `/N/member` is a member of a message, `/N/-A/0` something attached to it, and
//! `/signers/0` somebody who signed a record.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

use crate::bundle::signed::ENDING;

use super::error::PatchError;
use super::{Files, Maker, edit, short};

/// Whether a path names a stream of messages, and not detached signatures.
pub(super) fn is_stream(path: &str) -> bool {
    path.ends_with(".cesr") && !path.ends_with(ENDING)
}

/// The streams of a case.
pub(super) fn contents(files: &Files) -> BTreeMap<String, Vec<u8>> {
    files.iter().filter(|(path, _)| is_stream(path)).map(|(path, bytes)| (path.clone(), bytes.clone())).collect()
}

/// Sets what a pointer names, or removes it.
pub(super) fn edit(
    files: &Files,
    bytes: &[u8],
    (path, pointer): (&str, &str),
    to: Option<&Value>,
    maker: &mut dyn Maker,
) -> Result<Vec<u8>, PatchError> {
    let failed =
        |reason: String| PatchError::NoMatch { path: short(path).to_owned(), pointer: pointer.to_owned(), reason };
    if !is_stream(path) {
        return maker.attach(bytes, true, pointer, to).map_err(failed);
    }
    let bodies = maker.bodies(bytes).map_err(failed)?;
    let (index, rest) = split(pointer).ok_or_else(|| failed("it names no message: write `/0/member`".to_owned()))?;
    if index == "-" && rest.is_empty() {
        let to = to.ok_or_else(|| failed("`-` is the place after the last message".to_owned()))?;
        return maker.append(files, bytes, to).map_err(failed);
    }
    let at = index.parse::<usize>().ok().and_then(|index| bodies.get(index).cloned());
    let at = at.ok_or_else(|| failed(format!("there is no message `{index}`: the stream has {}", bodies.len())))?;
    if rest.starts_with("/-") || rest == "/signers" || rest.starts_with("/signers/") {
        return maker.attach(bytes, false, pointer, to).map_err(failed);
    }
    let body = &bytes[at.clone()];
    let Some(to) = to else {
        let end = bodies.iter().map(|body| body.start).find(|start| *start > at.start).unwrap_or(bytes.len());
        return match rest {
            "" => Ok(splice(bytes, at.start..end, b"")),
            rest => edit::remove(body, path, rest).map(|body| splice(bytes, at, &compact(body, true))),
        };
    };
    // A version string that is set is meant as it is.
    edit::set(body, path, rest, to).map(|body| splice(bytes, at, &compact(body, rest != "/v")))
}

/// The first step of a pointer, and the rest.
fn split(pointer: &str) -> Option<(&str, &str)> {
    let inner = pointer.strip_prefix('/')?;
    Some(inner.split_at(inner.find('/').unwrap_or(inner.len())))
}

fn splice(bytes: &[u8], at: Range<usize>, by: &[u8]) -> Vec<u8> {
    [&bytes[..at.start], by, &bytes[at.end..]].concat()
}

/// A message as KERI writes it: compact, and if asked with its size in its version string.
fn compact(body: Vec<u8>, sized: bool) -> Vec<u8> {
    let Ok(mut value) = serde_json::from_slice::<Value>(&body) else { return body };
    let size = value.to_string().len();
    if let Some(Value::String(version)) = value.get_mut("v").filter(|_| sized)
        && version.len() == 17
        && version.is_ascii()
    {
        version.replace_range(10..16, &format!("{size:06x}"));
    }
    value.to_string().into_bytes()
}

/// Rewrites the text values of every message; `None` if nothing is rewritten.
pub(super) fn rewrite_texts(
    bytes: &[u8],
    bodies: &[Range<usize>],
    rewrite: impl Fn(&str) -> Option<Result<String, PatchError>>,
) -> Result<Option<Vec<u8>>, PatchError> {
    let mut made = None;
    for at in bodies.iter().rev() {
        if let Some(body) = edit::rewrite_texts(&bytes[at.clone()], &rewrite)? {
            made = Some(splice(made.as_deref().unwrap_or(bytes), at.clone(), &compact(body, true)));
        }
    }
    Ok(made)
}
