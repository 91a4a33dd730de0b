//! What will be signed, beside what the evidence and GLEIF say.
//!
//! In: a case with a proposal, and the sources from which it is rebuilt. Out: every field of the proposed messages, with
//! what is proven, what proves it, and how the two compare. A proposal that cannot be rebuilt is still shown, and says
//! why it stands alone.

use crate::bundle::json::{Numbers, Tree};
use crate::bundle::place::printable_path;
use crate::bundle::{Area, FileState, Snapshot};
use crate::keri::json::{self, Node, Value};
use crate::proposal::{Act, Difference, Part, Proven, Received, Sources, prove};
use crate::report::document::{Comparison, FieldEntry, GleifEntry, ProposalEntry};

use super::{kept, text_at};

/// The parts, in the order in which one rests on the other.
const PARTS: [(Part, &str); 4] = [
    (Part::Credential, "credential"),
    (Part::Event, "registry event"),
    (Part::Anchor, "anchoring event"),
    (Part::Proposal, "proposal"),
];

/// The proposal of a case, compared with what an act should be, unless there is a reason not to; none: it has none.
pub(super) fn proposal(act: &Result<Act, &str>, sources: &Sources<'_>) -> Option<ProposalEntry> {
    let gleif = gleif(sources.snapshot);
    let entry = |path: String, not_compared: Option<String>, fields: Vec<FieldEntry>| ProposalEntry {
        path,
        not_compared,
        fields: fields.into_iter().map(|field| beside(field, gleif.as_ref())).collect(),
        gleif: gleif.clone(),
    };
    let (received, path) = match Received::of_case(sources.snapshot) {
        Ok(received) => received?,
        Err(error) => return Some(entry("decision".to_owned(), Some(error.to_string()), Vec::new())),
    };
    let path = printable_path(&path);
    let compared = match act {
        Err(why) => Err((*why).to_owned()),
        Ok(act) => prove(act, sources).map_err(|error| error.to_string()).and_then(|proven| {
            let comparison = proven.compare(&received).map_err(|error| error.to_string())?;
            Ok((proven, comparison))
        }),
    };
    Some(match compared {
        Ok((proven, comparison)) => {
            let expected = |part: Part| match part {
                Part::Credential => Some(comparison.draft.credential.text.as_str()),
                Part::Event => Some(comparison.draft.event.text.as_str()),
                Part::Anchor => Some(comparison.draft.anchor.text.as_str()),
                Part::Proposal => None,
            };
            let fields = PARTS.into_iter().flat_map(|(part, name)| {
                Beside { proven: &proven, part, name, differences: &comparison.differences }
                    .fields(received.part(part), expected(part))
            });
            entry(path, None, fields.collect())
        }
        Err(why) => {
            let alone = PARTS.into_iter().flat_map(|(part, name)| {
                leaves(received.part(part)).into_iter().map(move |(field, value)| FieldEntry {
                    part: name.to_owned(),
                    field,
                    proposed: Some(kept(&value)),
                    proven: None,
                    by: None,
                    evidence: Comparison::NotCompared,
                    gleif_value: None,
                    gleif_agrees: None,
                })
            });
            entry(path, Some(why), alone.collect())
        }
    })
}

/// One part of a proposal, with what it should be.
struct Beside<'b> {
    proven: &'b Proven,
    part: Part,
    name: &'static str,
    differences: &'b [Difference],
}

impl Beside<'_> {
    fn fields(&self, found: Option<&str>, expected: Option<&str>) -> Vec<FieldEntry> {
        let (found, expected) = (leaves(found), leaves(expected));
        let of_part: Vec<&Difference> =
            self.differences.iter().filter(|difference| difference.part == self.part).collect();
        let value = |of: &[(String, String)], field: &str| {
            of.iter().find(|(name, _)| name == field).map(|(_, value)| value.clone())
        };
        // What is proposed stands first, in its own order; then what is missing in it.
        let mut names: Vec<&String> = found.iter().map(|(name, _)| name).collect();
        names.extend(expected.iter().map(|(name, _)| name).filter(|name| value(&found, name).is_none()));
        let mut fields: Vec<FieldEntry> = Vec::new();
        // What is revoked is at hand, and need not be repeated: then there is nothing to compare.
        if found.is_empty() && of_part.is_empty() {
            return fields;
        }
        for name in names {
            let difference = of_part.iter().find(|difference| difference.field == *name);
            let range = self.chosen(name);
            let (proposed, proven) = (value(&found, name), value(&expected, name));
            let evidence = match (difference, &range) {
                (Some(difference), _) if difference.follows => Comparison::Follows,
                (Some(_), _) => Comparison::Differs,
                (None, Some(_)) => Comparison::InRange,
                (None, None) if proposed == proven => Comparison::Equal,
                // An object stands where a text should, or the other way round: its difference is another row.
                (None, None) => Comparison::Differs,
            };
            let proven = match difference {
                Some(difference) => difference.expected.clone(),
                None => range.or(proven),
            };
            let by = match (difference, evidence) {
                (Some(difference), _) => difference.by.clone(),
                (None, Comparison::InRange) => "the proposal chooses it".to_owned(),
                (None, _) => self.proven.by(self.part, name),
            };
            fields.push(self.entry(name, proposed, proven, by, evidence));
        }
        let told = |difference: &&&Difference| fields.iter().any(|field| field.field == difference.field);
        let rest: Vec<FieldEntry> = of_part
            .iter()
            .filter(|difference| !told(difference))
            .map(|difference| {
                let evidence = if difference.follows { Comparison::Follows } else { Comparison::Differs };
                let (found, expected) = (difference.found.clone(), difference.expected.clone());
                self.entry(&difference.field, found, expected, difference.by.clone(), evidence)
            })
            .collect();
        fields.extend(rest);
        fields
    }

    /// What a proposal chooses itself, and within which range.
    fn chosen(&self, field: &str) -> Option<String> {
        let (from, to) = self.proven.window();
        match (self.part, field) {
            (Part::Credential, "a.dt") | (Part::Event, "dt") if self.issues() || self.part == Part::Event => {
                Some(format!("a date from {from} to {to}"))
            }
            (Part::Credential, "u" | "a.u") if self.issues() => Some("a salt of 128 bits".to_owned()),
            _ => None,
        }
    }

    fn issues(&self) -> bool {
        matches!(self.proven.act(), Act::Issue)
    }

    fn entry(
        &self,
        field: &str,
        proposed: Option<String>,
        proven: Option<String>,
        by: String,
        evidence: Comparison,
    ) -> FieldEntry {
        FieldEntry {
            part: self.name.to_owned(),
            field: kept(field),
            proposed: proposed.as_deref().map(kept),
            proven: proven.as_deref().map(kept),
            by: (!by.is_empty()).then(|| kept(&by)),
            evidence,
            gleif_value: None,
            gleif_agrees: None,
        }
    }
}

/// Every value of a message with its path, in order; a text that is no message is one value without a path.
fn leaves(text: Option<&str>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    if let Some(text) = text {
        match json::parse(text) {
            Ok(node) => walk("", &node, &mut found),
            Err(_) => found.push((String::new(), text.to_owned())),
        }
    }
    found
}

fn walk(field: &str, node: &Node<'_>, found: &mut Vec<(String, String)>) {
    match &node.value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, node) in fields {
                let field = if field.is_empty() { name.to_string() } else { format!("{field}.{name}") };
                walk(&field, node, found);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (at, node) in items.iter().enumerate() {
                walk(&format!("{field}[{at}]"), node, found);
            }
        }
        Value::Text(text) => found.push((field.to_owned(), text.to_string())),
        Value::Object(_) | Value::Array(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {
            found.push((field.to_owned(), node.raw.to_owned()));
        }
    }
}

/// The newest saved record about the LEI of the case, with its body.
fn gleif(snapshot: &Snapshot) -> Option<GleifEntry> {
    let manifest = snapshot.manifest(Area::Bundle)?;
    let lei = manifest.text("lei")?;
    let read = |path: &str| {
        let id = snapshot.find(&format!("bundle/{path}"))?;
        let file = snapshot.file(id);
        let bytes = file.bytes().filter(|_| file.state == FileState::Good && file.is_listed())?;
        Some((file.path.as_str(), Tree::parse(bytes, Numbers::Text).ok()?))
    };
    let newest = manifest
        .entries
        .iter()
        .filter(|entry| entry.kind == "lei-record")
        .filter_map(|entry| read(&entry.path))
        .filter(|(_, record)| text_at(record, &["requested_lei"]) == Some(lei))
        .max_by(|(a_path, a), (b_path, b)| {
            let at = |record: &Tree<'_>| {
                text_at(record, &["performed_at"]).and_then(|at| at.parse::<crate::primitives::Instant>().ok())
            };
            (at(a), a_path).cmp(&(at(b), b_path))
        })?;
    let (path, body) = read(text_at(&newest.1, &["body_path"])?)?;
    let of = |steps: &[&str]| {
        let steps = [&["data", "attributes"], steps].concat();
        text_at(&body, &steps).map(kept)
    };
    Some(GleifEntry {
        path: printable_path(path),
        lei: of(&["lei"])?,
        legal_name: of(&["entity", "legalName", "name"]),
        entity_status: of(&["entity", "status"]),
        registration_status: of(&["registration", "status"]),
        next_renewal: of(&["registration", "nextRenewalDate"]),
    })
}

/// The same field with what GLEIF says of it: of all that is signed, its records have the LEI.
fn beside(field: FieldEntry, gleif: Option<&GleifEntry>) -> FieldEntry {
    let of_lei = field.part == "credential" && field.field == "a.LEI";
    match gleif.filter(|_| of_lei) {
        Some(gleif) => FieldEntry {
            gleif_agrees: Some(field.proposed.as_deref() == Some(gleif.lei.as_str())),
            gleif_value: Some(gleif.lei.clone()),
            ..field
        },
        None => field,
    }
}
