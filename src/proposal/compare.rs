//! A received proposal against what the evidence proves: whole bytes, and each field that differs.
//!
//! What differs only because something else does (a digest over it, a seal of that digest) is marked so: the
//! first difference that is not is the reason.

use crate::bundle::place::printable;
use crate::keri::build;
use crate::keri::json::{self, Node, Value};
use crate::primitives::Said;

use super::draft::{Draft, Given};
use super::error::{Incomparable, NotAProposal};
use super::flow::Kind;
use super::received::{Received, Stated};
use super::{Issue, Proof, Proven, Revoke, Subject};

/// A part of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The credential.
    Credential,
    /// The registry event.
    Event,
    /// The event of the group that seals it.
    Anchor,
    /// What it says beside them.
    Proposal,
}

/// A field that is not as the evidence proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// In which part.
    pub part: Part,
    /// Which field: `a.LEI`; empty: the whole.
    pub field: String,
    /// What is proven; none: there is no such field.
    pub expected: Option<String>,
    /// What stands there; none: nothing.
    pub found: Option<String>,
    /// What proves the expected value.
    pub by: String,
    /// Whether it differs only because something else does.
    pub follows: bool,
}

/// What became of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// What the evidence proves, with the dates and nonces of the proposal.
    pub draft: Draft,
    /// Every field that differs, reasons first; none: the bytes are the same.
    pub differences: Vec<Difference>,
}

impl Part {
    /// As messages name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Credential => "the credential",
            Self::Event => "the registry event",
            Self::Anchor => "the anchoring event",
            Self::Proposal => "the proposal",
        }
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let part = self.part.name();
        match self.field.as_str() {
            "" => write!(f, "{part}")?,
            field => write!(f, "`{}` of {part}", printable(field))?,
        }
        match (&self.expected, &self.found) {
            (Some(expected), Some(found)) => {
                write!(f, " is `{}`, and `{}` is proven", printable(found), printable(expected))?;
            }
            (Some(expected), None) => write!(f, " is missing, and `{}` is proven", printable(expected))?,
            (None, Some(found)) => write!(f, " is `{}`, and nothing belongs there", printable(found))?,
            (None, None) => write!(f, " differs")?,
        }
        write!(f, ": {}", self.by)
    }
}

impl Proven {
    /// Compares a proposal with what is proven.
    ///
    /// # Errors
    /// A part that is missing, or a value that the evidence itself leaves open.
    pub fn compare(&self, received: &Received) -> Result<Comparison, Incomparable> {
        let part = |part: Part| received.part(part).ok_or(NotAProposal::Missing { part: part.name() });
        let (event, anchor) = (part(Part::Event)?, part(Part::Anchor)?);
        // What is revoked is at hand; a proposal of KERIA does not repeat it.
        let credential = match &self.subject {
            Subject::Issue(_) => Some(part(Part::Credential)?),
            Subject::Revoke(_) => received.part(Part::Credential),
        };
        let (given, mut differences) = self.given(credential, event);
        let draft = self.write(&given)?;
        let consistent = [credential.and_then(build::consistent), build::consistent(event), build::consistent(anchor)];
        let own = Own {
            credential: consistent[0].as_deref().and_then(digest),
            event: consistent[1].as_deref().and_then(digest),
        };
        let found = [
            (Part::Credential, credential, &draft.credential.text, &consistent[0]),
            (Part::Event, Some(event), &draft.event.text, &consistent[1]),
            (Part::Anchor, Some(anchor), &draft.anchor.text, &consistent[2]),
        ];
        for (part, found, expected, consistent) in found {
            let Some(found) = found else { continue };
            if found != expected {
                let own = own.of(part, consistent.as_deref());
                let mut walk = Walk { proven: self, part, own, found: Vec::new() };
                walk.texts(expected, found);
                differences.extend(walk.found);
            }
        }
        differences.extend(self.stated(received, &draft));
        differences.sort_by_key(|difference| difference.follows);
        // Something must be the reason.
        if let Some(first) = differences.first_mut() {
            first.follows = false;
        }
        Ok(Comparison { draft, differences })
    }

    /// What is taken from a proposal, and what of it is out of range.
    fn given(&self, credential: Option<&str>, event: &str) -> (Given, Vec<Difference>) {
        let read = |text: &str, steps: &[&str]| -> Option<String> {
            let node = json::parse(text).ok()?;
            let found = steps.iter().try_fold(&node, |node, step| node.get(step))?;
            found.text().map(str::to_owned)
        };
        let of_credential = |steps: &[&str]| credential.and_then(|text| read(text, steps));
        let mut differences = Vec::new();
        let mut date = |part, field: &str, dated: Option<String>| {
            let dated = dated.unwrap_or_default();
            if self.date(&dated).is_err() {
                let by = format!("a date between {}, which {}, and {}", self.from.value, self.from.by, self.to);
                let field = field.to_owned();
                let expected = Some(format!("{}…{}", build::dated(self.from.value), build::dated(self.to)));
                differences.push(Difference { part, field, expected, found: Some(dated.clone()), by, follows: false });
            }
            dated
        };
        let event_dated = date(Part::Event, "dt", read(event, &["dt"]));
        let mut given = Given { event_dated, ..Given::default() };
        let of_event = |field: &str| read(event, &[field]).and_then(|said| said.parse::<Said>().ok());
        match &self.subject {
            Subject::Issue(issue) => {
                given.dated = date(Part::Credential, "a.dt", of_credential(&["a", "dt"]));
                given.nonce = of_credential(&["u"]).filter(|nonce| is_nonce(nonce));
                if issue.kind.is_salted() {
                    given.attributes_nonce = of_credential(&["a", "u"]).filter(|nonce| is_nonce(nonce));
                    for (field, salt) in [("u", &given.nonce), ("a.u", &given.attributes_nonce)] {
                        let missing = || Difference::salt(field, of_credential(&field.split('.').collect::<Vec<_>>()));
                        differences.extend(salt.is_none().then(missing));
                    }
                }
                given.texts = credential.map(super::draft::rules).unwrap_or_default();
                let named = |steps: &[&str]| of_credential(steps).and_then(|said| said.parse::<Said>().ok());
                given.registry = meant(&issue.registries, |said| said, named(&["ri"]));
                given.schema = meant(&issue.schemas, |said| said, named(&["s"]));
                given.authority = meant(&issue.authorities, |(said, _)| said, named(&["e", issue.edge(), "n"]));
            }
            Subject::Revoke(revoke) => {
                given.credential = meant(&revoke.credentials, |credential| &credential.said, of_event("i"));
            }
        }
        (given, differences)
    }

    /// What a proposal says beside its parts.
    fn stated(&self, received: &Received, draft: &Draft) -> Vec<Difference> {
        let group = &self.group;
        let threshold = serde_json::to_string(&threshold_value(&group.threshold)).unwrap_or_default();
        let expected = [
            (Stated::Group, group.aid.to_string()),
            (Stated::Threshold, threshold),
            (Stated::Established, format!("{} {}", group.established.0, group.established.1)),
            (Stated::CredentialType, self.credential_type(draft).to_owned()),
        ];
        let mut differences = Vec::new();
        for (what, expected) in expected {
            if let Some(found) = received.stated.get(&what).filter(|found| **found != expected) {
                differences.push(Difference {
                    part: Part::Proposal,
                    field: what.name().to_owned(),
                    expected: Some(expected),
                    found: Some(found.clone()),
                    by: group.by.clone(),
                    follows: false,
                });
            }
        }
        differences
    }

    /// The type of the credential that it is about.
    pub(super) fn credential_type(&self, draft: &Draft) -> &'static str {
        match &self.subject {
            Subject::Issue(issue) => issue.kind.credential_type().as_str(),
            Subject::Revoke(_) => {
                let schema = json::parse(&draft.credential.text).ok();
                let schema = schema.as_ref().and_then(|node| node.get("s")).and_then(Node::text).unwrap_or_default();
                crate::keri::schema::credential_type(schema).map_or("", |kind| kind.as_str())
            }
        }
    }

    /// What proves the value of a field.
    pub fn by(&self, part: Part, field: &str) -> String {
        let group = &self.group.by;
        let own = |what: &str| format!("it follows from {what}");
        match (part, field) {
            (_, "v") => own("the size of the message"),
            (Part::Credential, field) => match &self.subject {
                Subject::Issue(issue) => issue.by(field),
                Subject::Revoke(revoke) => revoke.by(),
            },
            (_, "d") => own("the fields of the message"),
            (Part::Event, "t" | "s") => match &self.subject {
                Subject::Issue(_) => "an issuance is the first event about a credential".to_owned(),
                Subject::Revoke(_) => "a revocation is the second event about a credential".to_owned(),
            },
            (Part::Event, "i") => match &self.subject {
                Subject::Issue(_) => own("the credential"),
                Subject::Revoke(revoke) => revoke.by(),
            },
            (Part::Event, "p") => match &self.subject {
                Subject::Issue(_) => "an issuance follows no other event".to_owned(),
                Subject::Revoke(revoke) => revoke.issuance_by(),
            },
            (Part::Event, "ri") => match &self.subject {
                Subject::Issue(issue) => issue.by("ri"),
                Subject::Revoke(revoke) => revoke.by(),
            },
            (Part::Anchor, "t") => "an interaction event seals and changes no keys".to_owned(),
            (Part::Anchor, "i") => "the trust file, `qvi_aid`".to_owned(),
            (Part::Anchor, "s" | "p") => group.clone(),
            (Part::Anchor, field) if field.starts_with('a') => {
                "exactly one seal, that of the registry event".to_owned()
            }
            (Part::Event | Part::Anchor | Part::Proposal, _) => own("the form of the message"),
        }
    }
}

impl Difference {
    /// A salt that is missing, or is none.
    fn salt(field: &str, found: Option<String>) -> Self {
        Self {
            part: Part::Credential,
            field: field.to_owned(),
            expected: Some("a salt of 128 bits".to_owned()),
            found,
            by: "the type of the credential hides its holder behind salts".to_owned(),
            follows: false,
        }
    }
}

impl Revoke {
    fn by(&self) -> String {
        self.credentials.first().map(|credential| credential.by.clone()).unwrap_or_default()
    }

    fn issuance_by(&self) -> String {
        self.credentials.first().map(|credential| credential.value.issuance.by.clone()).unwrap_or_default()
    }
}

impl Issue {
    /// The edge to what it rests on.
    pub(super) fn edge(&self) -> &'static str {
        match self.kind {
            Kind::Le => "qvi",
            Kind::Oor | Kind::Ecr => "auth",
        }
    }

    fn by(&self, field: &str) -> String {
        let attribute = field.strip_prefix("a.").unwrap_or_default();
        if let Some((_, proof)) = self.attributes.iter().find(|(name, _)| name == attribute) {
            return proof.by.clone();
        }
        let all = |proofs: Vec<&String>| proofs.first().map(|by| (*by).clone()).unwrap_or_default();
        match field {
            "i" => self.issuer.by.clone(),
            "ri" => all(self.registries.iter().map(|proof| &proof.by).collect()),
            "s" => all(self.schemas.iter().map(|proof| &proof.by).collect()),
            "a.i" => self.issuee.by.clone(),
            "a.LEI" => self.lei.by.clone(),
            "d" | "a.d" | "e.d" | "r.d" => "it follows from the fields of the credential".to_owned(),
            field if field.starts_with("e.") => all(self.authorities.iter().map(|proof| &proof.by).collect()),
            field if field.starts_with("r.") => "the text that the governance framework prescribes".to_owned(),
            _ => "it follows from the form of the credential".to_owned(),
        }
    }
}

/// The one of several that a proposal names, else the first.
fn meant<T>(proven: &[Proof<T>], name: impl Fn(&T) -> &Said, named: Option<Said>) -> Option<Said> {
    let found = proven.iter().find(|proof| Some(name(&proof.value)) == named.as_ref());
    found.or(proven.first()).map(|proof| name(&proof.value).clone())
}

/// A salt of 128 bits, or a digest: what nonces are written as.
fn is_nonce(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    match text.len() {
        24 => text.starts_with("0A") && digits(text),
        44 => text.starts_with(['A', 'E']) && digits(text),
        _ => false,
    }
}

/// A threshold as KERI writes it.
pub(super) fn threshold_value(threshold: &crate::facts::threshold::Threshold) -> serde_json::Value {
    use crate::facts::threshold::{Threshold, Weight};
    let weight = |weight: &Weight| match (weight.numerator, weight.denominator) {
        (numerator, 1) => serde_json::Value::from(numerator.to_string()),
        (numerator, denominator) => serde_json::Value::from(format!("{numerator}/{denominator}")),
    };
    let group = |group: &Vec<Weight>| serde_json::Value::Array(group.iter().map(weight).collect());
    match threshold {
        Threshold::Count(count) => serde_json::Value::from(format!("{count:x}")),
        Threshold::Weighted(groups) => match groups.as_slice() {
            [one] => group(one),
            several => serde_json::Value::Array(several.iter().map(group).collect()),
        },
    }
}

/// The digest that a message gives itself.
fn digest(text: &str) -> Option<String> {
    json::parse(text).ok()?.get("d")?.text().map(str::to_owned)
}

/// What the digests of a proposal are by its own content.
struct Own {
    credential: Option<String>,
    event: Option<String>,
}

/// The values that a part must have if nothing is wrong with it but what it rests on.
struct OwnPart<'t> {
    consistent: Option<Node<'t>>,
    pointed: Vec<(&'static str, Option<String>)>,
}

impl Own {
    fn of<'t>(&self, part: Part, consistent: Option<&'t str>) -> OwnPart<'t> {
        let pointed = match part {
            Part::Event => vec![("i", self.credential.clone())],
            Part::Anchor => vec![("a[0].i", self.credential.clone()), ("a[0].d", self.event.clone())],
            Part::Credential | Part::Proposal => Vec::new(),
        };
        OwnPart { consistent: consistent.and_then(|text| json::parse(text).ok()), pointed }
    }
}

impl OwnPart<'_> {
    fn follows(&self, field: &str, found: &str) -> bool {
        let pointed = self.pointed.iter().find(|(name, _)| *name == field);
        match pointed {
            Some((_, own)) => own.as_deref() == Some(found),
            None if field == "v" || field == "d" || field.ends_with(".d") => {
                let own = self.consistent.as_ref();
                let own = field.split('.').try_fold(own, |node, step| Some(node?.get(step)));
                own.flatten().and_then(Node::text) == Some(found)
            }
            None => false,
        }
    }
}

/// The walk over both texts.
struct Walk<'p, 't> {
    proven: &'p Proven,
    part: Part,
    own: OwnPart<'t>,
    found: Vec<Difference>,
}

impl Walk<'_, '_> {
    fn texts(&mut self, expected: &str, found: &str) {
        let Ok(expected) = json::parse(expected) else {
            return self.push("", None, Some(found.to_owned()));
        };
        match json::parse(found) {
            Ok(found) => {
                self.nodes("", &expected, &found);
                if self.found.is_empty() {
                    self.push(
                        "",
                        Some(expected.raw.to_owned()),
                        Some(format!("its fields in another order: {}", found.raw)),
                    );
                }
            }
            Err(refused) => {
                let what = format!("no compact JSON: {} at byte {}", refused.why, refused.at);
                self.push("", Some(expected.raw.to_owned()), Some(what));
            }
        }
    }

    fn nodes(&mut self, field: &str, expected: &Node<'_>, found: &Node<'_>) {
        if expected.raw == found.raw {
            return;
        }
        match (&expected.value, &found.value) {
            (Value::Object(proven), Value::Object(given)) => {
                for (name, expected) in proven {
                    let field = inside(field, name);
                    match found.get(name) {
                        Some(found) => self.nodes(&field, expected, found),
                        None => self.push(&field, Some(shown(expected)), None),
                    }
                }
                for (name, found) in given.iter().filter(|(name, _)| expected.get(name).is_none()) {
                    self.push(&inside(field, name), None, Some(shown(found)));
                }
            }
            (Value::Array(proven), Value::Array(given)) => {
                for at in 0..proven.len().max(given.len()) {
                    let field = format!("{field}[{at}]");
                    match (proven.get(at), given.get(at)) {
                        (Some(expected), Some(found)) => self.nodes(&field, expected, found),
                        (expected, found) => self.push(&field, expected.map(shown), found.map(shown)),
                    }
                }
            }
            _ => self.push(field, Some(shown(expected)), Some(shown(found))),
        }
    }

    fn push(&mut self, field: &str, expected: Option<String>, found: Option<String>) {
        let follows = found.as_deref().is_some_and(|found| self.own.follows(field, found));
        let by = self.proven.by(self.part, field);
        self.found.push(Difference { part: self.part, field: field.to_owned(), expected, found, by, follows });
    }
}

fn inside(field: &str, name: &str) -> String {
    if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") }
}

fn shown(node: &Node<'_>) -> String {
    node.text().map_or_else(|| node.raw.to_owned(), str::to_owned)
}
