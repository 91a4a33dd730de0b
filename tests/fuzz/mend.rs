//! Bytes that once were a stream, with sizes and digests made right again where a body still has its ends.

use countersign::primitives::Said;
use libfuzzer_sys::fuzzer_mutate;

/// What stands for a digest while it is computed.
const DUMMY: [u8; 44] = [b'#'; 44];

/// A change of the fuzzer's own, mended every second time.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let size = fuzzer_mutate(data, size, max_size);
    if seed % 2 == 0 {
        return size;
    }
    let mended = mend(&data[..size]);
    if mended.len() > max_size {
        return size;
    }
    data[..mended.len()].copy_from_slice(&mended);
    mended.len()
}

/// Mends every body that can be found.
fn mend(data: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(data.len());
    let mut rest = data;
    while let Some(start) = begin(rest) {
        text.extend_from_slice(&rest[..start]);
        rest = &rest[start..];
        let Some(length) = object(rest) else { break };
        text.extend(body(&rest[..length]));
        rest = &rest[length..];
    }
    text.extend_from_slice(rest);
    text
}

/// Where a body with a version string begins.
fn begin(text: &[u8]) -> Option<usize> {
    text.windows(16)
        .position(|found| found.starts_with(b"{\"v\":\"") && matches!(&found[6..], b"KERI10JSON" | b"ACDC10JSON"))
}

/// The length of the object that begins here.
fn object(text: &[u8]) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' if !quoted => depth += 1,
            b'}' if !quoted => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// A body with its size and its digests.
fn body(text: &[u8]) -> Vec<u8> {
    let mut text = text.to_vec();
    if text.len() < 24 || text[23] != b'"' {
        return text;
    }
    let size = format!("{:06x}", text.len());
    text[16..22].copy_from_slice(&size.as_bytes()[..6]);
    // Sections first: the digest of the whole is over theirs.
    let mut at = text.len();
    while let Some(start) = text[..at].windows(6).rposition(|found| found == b"{\"d\":\"") {
        at = start;
        if let Some(length) = object(&text[start..]).filter(|length| *length > 50) {
            digest(&mut text[start..start + length], &[6]);
        }
    }
    let value = |name: &[u8]| text.windows(6).position(|found| found == name).map(|at| at + 6);
    if let Some(own) = value(b",\"d\":\"").filter(|at| at + 45 < text.len()) {
        // Where the identifier is derived from the event, both stand for the digest.
        let both = value(b",\"i\":\"").filter(|at| at + 45 < text.len() && text[*at..at + 44] == text[own..own + 44]);
        let receipt = text.windows(11).any(|found| found == b",\"t\":\"rct\",");
        if !receipt {
            digest(&mut text, &[Some(own), both].into_iter().flatten().collect::<Vec<_>>());
        }
    }
    text
}

fn digest(text: &mut [u8], places: &[usize]) {
    // Only what has the place of a digest is one.
    if places.iter().any(|at| text.get(at + 44) != Some(&b'"') || text[*at..at + 44].contains(&b'"')) {
        return;
    }
    for at in places {
        text[*at..at + 44].copy_from_slice(&DUMMY);
    }
    let said = Said::of(text).to_string();
    for at in places {
        text[*at..at + 44].copy_from_slice(said.as_bytes());
    }
}
