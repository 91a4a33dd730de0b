//! A Golden Copy file of GLEIF, read record by record: such a file has millions of them.
//!
//! In: the bytes of a file in GLEIF's JSON or CSV form, unpacked, and the LEIs that are looked for. Out: the standing of
//! each that is found, with the digest of its record. The file is never in memory as a whole.

use std::collections::BTreeSet;
use std::io::{self, BufRead};

use serde::Deserialize;

use super::standing::{Standing, instant, status};
use crate::primitives::{Instant, Lei, Sha256};

/// Most bytes of one record; GLEIF's have a few kilobytes.
const RECORD_MAX: usize = 4 << 20;

/// A record that was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The LEI.
    pub lei: Lei,
    /// What the record says; when it was published, the file says.
    pub standing: Standing,
    /// Digest of the record as it stands in the file: of the object, or of the row without its end.
    pub digest: Sha256,
}

/// Why a file is no Golden Copy.
#[derive(Debug, thiserror::Error)]
pub enum NotAGoldenCopy {
    /// It cannot be read.
    #[error("it cannot be read")]
    Unreadable(#[source] io::Error),
    /// It is packed or XML.
    #[error("it is {0}; unpacked JSON or CSV is read")]
    Form(&'static str),
    /// It ends early.
    #[error("it breaks off in record {0}")]
    BreaksOff(u64),
    /// A record that is none.
    #[error("record {number} is none: {reason}")]
    Record {
        /// Its number, from 1.
        number: u64,
        /// What is wrong.
        reason: String,
    },
    /// A column that is not there.
    #[error("it has no column `{0}`")]
    Column(&'static str),
}

/// The publication that the name of a file tells, as GLEIF names them: `20260429-0800-gleif-goldencopy-…`.
pub fn published_at(name: &str) -> Option<Instant> {
    let part =
        |range: std::ops::Range<usize>| name.get(range).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let (year, month, day) = (part(0..4)?, part(4..6)?, part(6..8)?);
    let (hour, minute) = (part(9..11)?, part(11..13)?);
    let fits = name.get(8..9) == Some("-") && name.get(13..14) == Some("-");
    format!("{year}-{month}-{day}T{hour}:{minute}:00Z").parse().ok().filter(|_| fits)
}

/// Reads the file and gives each record that is looked for. The number of all records.
///
/// # Errors
/// It is no Golden Copy, or breaks off: then what was given does not count.
pub fn scan(
    mut reader: impl BufRead,
    wanted: &BTreeSet<Lei>,
    found: &mut dyn FnMut(Found),
) -> Result<u64, NotAGoldenCopy> {
    let head = reader.fill_buf().map_err(NotAGoldenCopy::Unreadable)?;
    let packed = [(&b"PK\x03\x04"[..], "a zip file"), (b"\x1f\x8b", "a gzip file"), (b"<", "XML")];
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    if let Some((_, form)) = packed.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(NotAGoldenCopy::Form(form));
    }
    let first = head.iter().find(|byte| !byte.is_ascii_whitespace());
    match first {
        Some(b'{' | b'[') => objects(reader, wanted, found),
        Some(_) => rows(reader, wanted, found),
        None => Err(NotAGoldenCopy::BreaksOff(0)),
    }
}

/// The bytes of a file, one after the other.
fn each_byte(
    mut reader: impl BufRead,
    mut take: impl FnMut(u8) -> Result<(), NotAGoldenCopy>,
) -> Result<(), NotAGoldenCopy> {
    loop {
        let buffer = match reader.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            buffer => buffer.map_err(NotAGoldenCopy::Unreadable)?,
        };
        if buffer.is_empty() {
            return Ok(());
        }
        let length = buffer.len();
        for byte in buffer {
            take(*byte)?;
        }
        reader.consume(length);
    }
}

/// `{"records":[{…},…]}` or `[{…},…]`: the objects of the outermost list.
fn objects(reader: impl BufRead, wanted: &BTreeSet<Lei>, found: &mut dyn FnMut(Found)) -> Result<u64, NotAGoldenCopy> {
    let (mut depth, mut list, mut closed) = (0_usize, None, false);
    let (mut in_text, mut escaped) = (false, false);
    let mut record: Vec<u8> = Vec::new();
    let mut number = 0;
    each_byte(reader, |byte| {
        let inside = list.is_some_and(|list| depth > list);
        if inside {
            record.push(byte);
            if record.len() > RECORD_MAX {
                return Err(NotAGoldenCopy::Record { number: number + 1, reason: "it is too long".to_owned() });
            }
        }
        if in_text {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_text = false,
                _ => {}
            }
            return Ok(());
        }
        match byte {
            b'"' => in_text = true,
            b'{' | b'[' => {
                depth += 1;
                if byte == b'[' && list.is_none() && depth <= 2 && !closed {
                    list = Some(depth);
                } else if list.is_some_and(|list| depth == list + 1) {
                    record.clear();
                    record.push(byte);
                }
            }
            b'}' | b']' => {
                let Some(outside) = depth.checked_sub(1) else {
                    return Err(NotAGoldenCopy::BreaksOff(number));
                };
                depth = outside;
                if list == Some(depth) {
                    number += 1;
                    object(&record, number, wanted, found)?;
                    record.clear();
                } else if list.is_some_and(|list| depth < list) {
                    (list, closed) = (None, true);
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    if closed && depth == 0 { Ok(number) } else { Err(NotAGoldenCopy::BreaksOff(number + 1)) }
}

#[derive(Deserialize)]
struct Object {
    #[serde(rename = "LEI")]
    lei: Value,
    #[serde(rename = "Entity")]
    entity: Option<EntityPart>,
    #[serde(rename = "Registration")]
    registration: Option<RegistrationPart>,
}

#[derive(Deserialize)]
struct EntityPart {
    #[serde(rename = "EntityStatus")]
    status: Option<Value>,
}

#[derive(Deserialize)]
struct RegistrationPart {
    #[serde(rename = "RegistrationStatus")]
    status: Option<Value>,
    #[serde(rename = "NextRenewalDate")]
    renewal: Option<Value>,
}

/// A value, as the XML of the same data has it.
#[derive(Deserialize)]
struct Value {
    #[serde(rename = "$")]
    text: String,
}

fn object(
    record: &[u8],
    number: u64,
    wanted: &BTreeSet<Lei>,
    found: &mut dyn FnMut(Found),
) -> Result<(), NotAGoldenCopy> {
    let object: Object =
        serde_json::from_slice(record).map_err(|error| NotAGoldenCopy::Record { number, reason: error.to_string() })?;
    let Some(lei) = object.lei.text.parse().ok().filter(|lei| wanted.contains(lei)) else { return Ok(()) };
    let standing = Standing {
        published_at: None,
        entity_status: object.entity.and_then(|entity| status(Some(entity.status?.text))),
        registration_status: object
            .registration
            .as_ref()
            .and_then(|part| status(Some(part.status.as_ref()?.text.clone()))),
        next_renewal_at: object.registration.and_then(|part| instant(part.renewal?.text)),
    };
    found(Found { lei, standing, digest: Sha256::of(record) });
    Ok(())
}

/// Where the columns stand.
struct Columns {
    lei: usize,
    entity: usize,
    registration: usize,
    renewal: usize,
}

const LEI: &str = "LEI";
const ENTITY: &str = "Entity.EntityStatus";
const REGISTRATION: &str = "Registration.RegistrationStatus";
const RENEWAL: &str = "Registration.NextRenewalDate";

impl Columns {
    fn of(header: &[String]) -> Result<Self, NotAGoldenCopy> {
        let column =
            |name: &'static str| header.iter().position(|found| found == name).ok_or(NotAGoldenCopy::Column(name));
        Ok(Self {
            lei: column(LEI)?,
            entity: column(ENTITY)?,
            registration: column(REGISTRATION)?,
            renewal: column(RENEWAL)?,
        })
    }
}

/// Rows with commas between cells; a cell in quotes may hold commas, line ends and doubled quotes.
fn rows(reader: impl BufRead, wanted: &BTreeSet<Lei>, found: &mut dyn FnMut(Found)) -> Result<u64, NotAGoldenCopy> {
    let mut columns: Option<Columns> = None;
    let mut number = 0;
    let mut row: Vec<u8> = Vec::new();
    let mut in_text = false;
    let mut take = |row: &mut Vec<u8>, number: &mut u64| {
        let bytes = row.strip_suffix(b"\r").unwrap_or(row);
        let bytes = if columns.is_none() { bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes) } else { bytes };
        match &columns {
            None => columns = Some(Columns::of(&cells(bytes))?),
            Some(_) if bytes.is_empty() => {}
            Some(columns) => {
                *number += 1;
                let cells = cells(bytes);
                let cell = |at: usize| cells.get(at).cloned();
                let lei = cell(columns.lei).ok_or_else(|| NotAGoldenCopy::Record {
                    number: *number,
                    reason: "it has fewer cells than there are columns".to_owned(),
                })?;
                if let Some(lei) = lei.parse().ok().filter(|lei| wanted.contains(lei)) {
                    let standing = Standing {
                        published_at: None,
                        entity_status: status(cell(columns.entity)),
                        registration_status: status(cell(columns.registration)),
                        next_renewal_at: cell(columns.renewal).and_then(instant),
                    };
                    found(Found { lei, standing, digest: Sha256::of(bytes) });
                }
            }
        }
        row.clear();
        Ok(())
    };
    each_byte(reader, |byte| {
        match byte {
            b'\n' if !in_text => return take(&mut row, &mut number),
            b'"' => in_text = !in_text,
            _ => {}
        }
        row.push(byte);
        if row.len() > RECORD_MAX {
            return Err(NotAGoldenCopy::Record { number: number + 1, reason: "it is too long".to_owned() });
        }
        Ok(())
    })?;
    // The last row may lack its line end; a file that was cut off inside one cannot be told from that, unless a cell is open.
    if in_text {
        return Err(NotAGoldenCopy::BreaksOff(number + 1));
    }
    if !row.is_empty() {
        take(&mut row, &mut number)?;
    }
    Ok(number)
}

fn cells(row: &[u8]) -> Vec<String> {
    let mut cells = Vec::new();
    let mut cell = Vec::new();
    let mut in_text = false;
    let mut bytes = row.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' if in_text && bytes.peek() == Some(&b'"') => {
                cell.push(b'"');
                bytes.next();
            }
            b'"' => in_text = !in_text,
            b',' if !in_text => cells.push(String::from_utf8_lossy(&std::mem::take(&mut cell)).into_owned()),
            byte => cell.push(byte),
        }
    }
    cells.push(String::from_utf8_lossy(&cell).into_owned());
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACME: &str = "254900OPPU84GM83MG36";
    const OTHER: &str = "506700GE1G29325QX363";

    fn scanned(text: &str) -> Result<(u64, Vec<Found>), NotAGoldenCopy> {
        let wanted = [ACME.parse().unwrap()].into();
        let mut found = Vec::new();
        // Small pieces: a record may lie across any of them.
        let reader = std::io::BufReader::with_capacity(7, text.as_bytes());
        let records = scan(reader, &wanted, &mut |record| found.push(record))?;
        Ok((records, found))
    }

    fn object(lei: &str, status: &str) -> String {
        format!(
            r#"{{"LEI":{{"$":"{lei}"}},"Entity":{{"LegalName":{{"$":"A \"]}}, Ltd"}},"OtherNames":[{{"$":"x"}}],"EntityStatus":{{"$":"ACTIVE"}}}},"Registration":{{"RegistrationStatus":{{"$":"{status}"}},"NextRenewalDate":{{"$":"2026-05-01T00:00:00+00:00"}}}}}}"#
        )
    }

    #[test]
    fn both_forms_give_the_same_standing() {
        let json = format!("{{\"records\":[\n{},\n{}]}}", object(OTHER, "ISSUED"), object(ACME, "LAPSED"));
        let csv = format!(
            "\u{feff}\"LEI\",\"Entity.LegalName\",\"Entity.EntityStatus\",\"Registration.RegistrationStatus\",\"Registration.NextRenewalDate\"\r\n\
             \"{OTHER}\",\"B\",\"ACTIVE\",\"ISSUED\",\"2026-05-01T00:00:00Z\"\r\n\
             \"{ACME}\",\"A \"\"quoted\"\",\nLtd\",\"ACTIVE\",\"LAPSED\",\"2026-05-01T00:00:00Z\"\r\n"
        );
        let expected = Standing {
            published_at: None,
            entity_status: Some("ACTIVE".to_owned()),
            registration_status: Some("LAPSED".to_owned()),
            next_renewal_at: Some("2026-05-01T00:00:00Z".parse().unwrap()),
        };
        for text in [json, csv] {
            let (records, found) = scanned(&text).unwrap();
            assert_eq!(records, 2, "{text}");
            let [found] = found.as_slice() else { panic!("{found:?}") };
            assert_eq!((found.lei.as_str(), &found.standing), (ACME, &expected));
        }
    }

    #[test]
    fn the_digest_is_that_of_the_record_as_it_stands() {
        let record = object(ACME, "ISSUED");
        let (_, found) = scanned(&format!("[{}, {record}]", object(OTHER, "ISSUED"))).unwrap();
        assert_eq!(found[0].digest, Sha256::of(record.as_bytes()));
    }

    /// The record of another LEI as well: where one ends and the next begins is not known any more.
    #[test]
    fn a_record_has_so_many_bytes() {
        let room = RECORD_MAX - object(OTHER, "").len();
        let json = |more: usize| {
            let long = object(OTHER, &"x".repeat(room + more));
            scanned(&format!("[{long},{}]", object(ACME, "ISSUED")))
        };
        let columns = [LEI, ENTITY, REGISTRATION, RENEWAL].join(",");
        let csv = |more: usize| {
            let cells = format!("{OTHER},ACTIVE,ISSUED,");
            let long = "x".repeat(RECORD_MAX + more - cells.len());
            scanned(&format!("{columns}\n{cells}{long}\n{ACME},ACTIVE,ISSUED,2026-05-01T00:00:00Z\n"))
        };
        for (at_most, beyond) in [(json(0), json(1)), (csv(0), csv(1))] {
            let (records, found) = at_most.unwrap();
            assert_eq!((records, found.len()), (2, 1));
            let refused = beyond.unwrap_err();
            assert!(matches!(&refused, NotAGoldenCopy::Record { number: 1, reason } if reason == "it is too long"));
        }
    }

    #[test]
    fn what_breaks_off_is_no_copy() {
        let whole = format!("{{\"records\":[{},{}]}}", object(OTHER, "ISSUED"), object(ACME, "ISSUED"));
        for end in 0..whole.len() {
            assert!(scanned(&whole[..end]).is_err(), "{}", &whole[..end]);
        }
        assert!(scanned("\"LEI\",\"Entity.EntityStatus\"\n").is_err());
        let header = "LEI,Entity.EntityStatus,Registration.RegistrationStatus,Registration.NextRenewalDate\n";
        assert!(scanned(&format!("{header}\"{ACME}")).is_err());
        assert_eq!(scanned(header).unwrap().0, 0);
        for packed in ["PK\x03\x04", "<xml>", ""] {
            assert!(scanned(packed).is_err(), "{packed}");
        }
    }

    #[test]
    fn the_name_of_a_file_says_when_it_was_published() {
        let at = |name: &str| published_at(name).map(|at| at.to_string());
        assert_eq!(at("20260429-0800-gleif-goldencopy-lei2-golden-copy.csv").as_deref(), Some("2026-04-29T08:00:00Z"));
        for name in ["golden-copy.csv", "20261329-0800-x", "20260429_0800-x", "20260429-0800", "é0260429-0800-x"] {
            assert_eq!(at(name), None, "{name}");
        }
    }
}
