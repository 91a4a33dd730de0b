//! A credential and everything it rests on: registry, seals, edges, and the logs behind them.
//!
//! In: the evidence, the replayed logs, which credential. Out: [`Verified`] and the findings of
//! cryptography. What the governance framework asks of a chain is `policy`'s.

mod registry;
mod tell;

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::{CredentialEntry, Evidence};
use super::json::{Node, Value};
use super::log::Logs;
use super::message::{Credential, Section};
use super::schema::{self, Library};
use super::verdict::{Code, Finding};
use super::verified::{CredentialFact, EdgeFact, LogFact, Status, Verified};
use crate::primitives::{Aid, Instant, Said};

/// Longest chain of credentials: an OOR credential's has four.
const CHAIN_MAX: usize = 16;

/// Most credentials in a chain, side by side and one after the other: an OOR credential's has four. What
/// is asked of a chain compares its credentials with each other.
const CREDENTIALS_MAX: usize = 64;

/// Examines a credential with its chain.
pub fn examine<'a>(
    evidence: &Evidence<'a>,
    logs: &Logs<'_, 'a>,
    library: Option<&Library>,
    target: &str,
    as_of: Instant,
) -> (Verified, Vec<Finding>) {
    begin(evidence, logs, library, target, as_of, false)
}

/// Examines a credential as drafted: everything but its own issuance.
pub fn examine_draft<'a>(
    evidence: &Evidence<'a>,
    logs: &Logs<'_, 'a>,
    library: Option<&Library>,
    target: &str,
    as_of: Instant,
) -> (Verified, Vec<Finding>) {
    begin(evidence, logs, library, target, as_of, true)
}

fn begin<'a>(
    evidence: &Evidence<'a>,
    logs: &Logs<'_, 'a>,
    library: Option<&Library>,
    target: &str,
    as_of: Instant,
    draft: bool,
) -> (Verified, Vec<Finding>) {
    let verified = Verified {
        messages: evidence.messages,
        signatures: logs.signatures().count(),
        target: target.parse().ok(),
        ..Verified::default()
    };
    let mut examination = Examination {
        library,
        as_of: Some(as_of),
        target: target.to_owned(),
        draft,
        verified,
        ..Examination::new(evidence, logs)
    };
    examination.visit(target, 0);
    (examination.verified, examination.findings)
}

/// Whether a credential's own registry says that it is issued and not revoked.
pub fn issued<'a>(evidence: &Evidence<'a>, logs: &Logs<'_, 'a>, said: &str) -> bool {
    let entry = evidence.credentials.get(said);
    entry.is_some_and(|entry| Examination::new(evidence, logs).status(entry).status == Status::Issued)
}

/// Examines logs only.
pub fn logs<'a>(
    evidence: &Evidence<'a>,
    logs: &Logs<'_, 'a>,
    prefixes: &[&str],
) -> (BTreeMap<Aid, LogFact>, Vec<Finding>) {
    let mut examination = Examination::new(evidence, logs);
    for prefix in prefixes {
        examination.involve(prefix);
    }
    (examination.verified.logs, examination.findings)
}

/// Whether a credential has the form that it should have.
struct Fit {
    profile: bool,
    official: Option<bool>,
    misfit: Option<String>,
}

struct Examination<'e, 'a> {
    evidence: &'e Evidence<'a>,
    logs: &'e Logs<'e, 'a>,
    library: Option<&'e Library>,
    as_of: Option<Instant>,
    target: String,
    /// Whether the target is not issued yet.
    draft: bool,
    findings: Vec<Finding>,
    verified: Verified,
    /// Identifiers whose logs were told about.
    involved: BTreeSet<String>,
    visited: BTreeSet<String>,
    /// Whether it was told that there are too many credentials.
    crowded: bool,
}

impl<'e, 'a> Examination<'e, 'a> {
    fn new(evidence: &'e Evidence<'a>, logs: &'e Logs<'e, 'a>) -> Self {
        Self {
            evidence,
            logs,
            library: None,
            as_of: None,
            target: String::new(),
            draft: false,
            findings: Vec::new(),
            verified: Verified::default(),
            involved: BTreeSet::new(),
            visited: BTreeSet::new(),
            crowded: false,
        }
    }

    fn visit(&mut self, said: &str, depth: usize) {
        if !self.visited.insert(said.to_owned()) || depth >= CHAIN_MAX {
            return;
        }
        let Some(entry) = self.evidence.credentials.get(said) else { return };
        let credential = &entry.credential;
        let offset = entry.offset;

        let kind = schema::credential_type(credential.schema);
        if kind.is_none() {
            let text = format!("schema `{}` is none of the six vLEI credential types", credential.schema);
            self.findings.push(Finding::new(Code::SchemaUnknown, text).at(offset).about(said));
        }
        let fit = self.schema(entry);

        let issuee = self.issuee(entry);
        self.involve(credential.issuer);
        let found = if self.draft && depth == 0 { self.drafted(entry) } else { self.status(entry) };
        if let Some(issuee) = &issuee {
            self.involve(issuee.as_str());
        }
        let edges = self.edges(entry);
        let place = self.verified.chain.len();
        if let (Ok(said), Ok(issuer), Ok(registry), Ok(schema)) =
            (credential.said.parse(), credential.issuer.parse(), credential.registry.parse(), credential.schema.parse())
        {
            self.verified.chain.push(CredentialFact {
                said,
                offset,
                kind,
                schema,
                issuer,
                issuee,
                registry,
                attributes: attributes(credential),
                edges: edges.clone(),
                status: found.status,
                issued: found.issued,
                revoked: found.revoked,
                registry_proven: found.proven,
                fits_profile: fit.profile,
                fits_schema: fit.official,
                misfit: fit.misfit,
            });
        }
        for (at, edge) in edges.iter().enumerate() {
            let holds = self.edge(entry, edge, depth);
            if let Some(edge) = self.verified.chain.get_mut(place).and_then(|fact| fact.edges.get_mut(at)) {
                edge.holds = holds;
            }
        }
        self.tell_revocation(place);
    }

    /// Our profile always; the official schema where it is at hand.
    fn schema(&mut self, entry: &CredentialEntry<'a>) -> Fit {
        let credential = &entry.credential;
        let known = schema::credential_type(credential.schema);
        let library = self.library.filter(|library| library.saids().any(|said| said.as_str() == credential.schema));
        let profile = schema::misfit(credential);
        let official = library.and_then(|library| library.misfit(credential, entry.body));
        let mut fit = Fit {
            profile: known.is_some() && profile.is_none(),
            official: library.map(|_| official.is_none()),
            misfit: None,
        };
        for (misfit, which) in [(profile, "profile"), (official, "official schema")] {
            let Some(misfit) = misfit else { continue };
            let kind = known.map_or("credential", |kind| kind.as_str());
            fit.misfit.get_or_insert_with(|| format!("`{}` {} ({which})", misfit.path, misfit.why));
            let text = format!("{kind} credential `{}`: `{}` {} ({which})", credential.said, misfit.path, misfit.why);
            let finding = Finding::new(Code::SchemaInvalid, text).at(entry.offset + misfit.at).about(credential.said);
            self.findings.push(finding);
        }
        fit
    }

    fn issuee(&mut self, entry: &CredentialEntry<'a>) -> Option<Aid> {
        let credential = &entry.credential;
        if let Section::Compact(_) = credential.section("a") {
            self.undisclosed(entry, "a");
        }
        let issuee = credential.issuee()?;
        let aid = issuee.text().and_then(|text| text.parse().ok());
        if aid.is_none() {
            let text = format!("credential `{}`: its issuee {} is not an identifier", credential.said, issuee.raw);
            let finding = Finding::new(Code::SchemaInvalid, text).at(entry.offset + issuee.at).about(credential.said);
            self.findings.push(finding);
        }
        aid
    }

    fn undisclosed(&mut self, entry: &CredentialEntry<'a>, section: &str) {
        let said = entry.credential.said;
        let text = format!("section `{section}` of credential `{said}` is not disclosed; present its full form");
        self.findings.push(Finding::new(Code::SectionUndisclosed, text).at(entry.offset).about(said));
    }

    /// The edges as written, operators by default filled in.
    fn edges(&mut self, entry: &CredentialEntry<'a>) -> Vec<EdgeFact> {
        if let Section::Compact(_) = entry.credential.section("e") {
            self.undisclosed(entry, "e");
        }
        let mut edges = Vec::new();
        for (label, node) in entry.credential.edges() {
            match (label.as_ref(), node.text()) {
                ("d" | "u", _) | ("o", Some("AND")) => {}
                (_, Some(_)) if !matches!(label.as_ref(), "o" | "w" | "n" | "s") => {
                    self.undisclosed(entry, &format!("e.{label}"));
                }
                _ => match self.read_edge(label, node) {
                    Ok(edge) => edges.push(edge),
                    Err(what) => {
                        let said = entry.credential.said;
                        let text = format!("edge `{label}` of credential `{said}`: {what} is not supported");
                        let finding = Finding::new(Code::Unsupported, text).at(entry.offset + node.at).about(said);
                        self.findings.push(finding);
                    }
                },
            }
        }
        edges
    }

    fn read_edge(&self, label: &str, node: &Node<'a>) -> Result<EdgeFact, String> {
        for (name, _) in node.fields().ok_or_else(|| format!("a value {}", node.raw))? {
            if !matches!(name.as_ref(), "d" | "u" | "n" | "s" | "o") {
                return Err(format!("field `{name}`"));
            }
        }
        let far = node.get("n").ok_or("a group of edges")?;
        let far: Said = far.text().and_then(|text| text.parse().ok()).ok_or_else(|| format!("node {}", far.raw))?;
        let schema = match node.get("s") {
            None => None,
            Some(schema) => {
                let said = schema.text().and_then(|text| text.parse().ok());
                Some(said.ok_or_else(|| format!("schema {}", schema.raw))?)
            }
        };
        let written = match node.get("o").map(|operator| &operator.value) {
            None => None,
            Some(Value::Text(text)) => Some(text.to_string()),
            Some(Value::Array(items)) => match items.as_slice() {
                [one] => Some(one.text().unwrap_or_default().to_owned()),
                _ => return Err("a list of operators".to_owned()),
            },
            Some(Value::Object(_) | Value::Number(_) | Value::Bool(_) | Value::Null) => {
                return Err("such an operator".to_owned());
            }
        };
        let targeted = self.evidence.credentials.get(far.as_str()).is_none_or(|entry| {
            entry.credential.issuee().is_some() || matches!(entry.credential.section("a"), Section::Compact(_))
        });
        let operator = match written.as_deref() {
            None => {
                if targeted {
                    "I2I"
                } else {
                    "NI2I"
                }
            }
            Some("I2I") => "I2I",
            Some("NI2I") => "NI2I",
            Some("DI2I") => "DI2I",
            Some(other) => return Err(format!("operator `{other}`")),
        };
        Ok(EdgeFact { label: label.to_owned(), node: far, schema, operator, holds: None })
    }

    /// Checks an edge and what it points to; whether the edge holds, if its far node is there.
    fn edge(&mut self, entry: &CredentialEntry<'a>, edge: &EdgeFact, depth: usize) -> Option<bool> {
        let near = &entry.credential;
        let far = edge.node.as_str();
        let tell = |code, text: String| Finding::new(code, text).at(entry.offset).about(near.said);
        if depth + 1 >= CHAIN_MAX {
            let text = format!("the chain of credentials is longer than {CHAIN_MAX}");
            self.findings.push(tell(Code::Unsupported, text));
            return None;
        }
        if self.visited.len() >= CREDENTIALS_MAX && !self.visited.contains(far) {
            if !std::mem::replace(&mut self.crowded, true) {
                let text = format!("the chain holds more than {CREDENTIALS_MAX} credentials");
                self.findings.push(tell(Code::Unsupported, text));
            }
            return None;
        }
        let Some(found) = self.evidence.credentials.get(far) else {
            // A far node that is there and unusable already has its finding.
            if !self.evidence.claimed.contains(far) {
                let text = format!(
                    "edge `{}` of credential `{}` points to `{far}`, which is not in the stream",
                    edge.label, near.said
                );
                self.findings.push(tell(Code::EdgeMissing, text));
            }
            return None;
        };
        let schema = found.credential.schema;
        let other_schema = edge.schema.as_ref().filter(|expected| expected.as_str() != schema);
        if let Some(expected) = other_schema {
            let text = format!(
                "edge `{}` of credential `{}` asks for schema `{expected}`, and `{far}` has `{schema}`",
                edge.label, near.said
            );
            self.findings.push(tell(Code::EdgeSchema, text));
        }
        let issuee = found.credential.issuee().and_then(Node::text).map(str::to_owned);
        let same = issuee.as_deref() == Some(near.issuer);
        let holds = match edge.operator {
            "NI2I" => true,
            "DI2I" => same || issuee.as_deref().is_some_and(|issuee| self.delegated_by(near.issuer, issuee)),
            _ => same,
        };
        let disclosed = matches!(found.credential.section("a"), Section::Full(_));
        if !holds && disclosed {
            let text = format!(
                "edge `{}` of credential `{}` ({}): its issuer `{}` is not the issuee `{}` of `{far}`",
                edge.label,
                near.said,
                edge.operator,
                near.issuer,
                issuee.as_deref().unwrap_or("(none)")
            );
            self.findings.push(tell(Code::EdgeOperator, text));
        }
        self.visit(far, depth + 1);
        Some(holds && other_schema.is_none())
    }

    /// Whether an accepted log shows that an identifier was delegated by another, directly or through
    /// others.
    fn delegated_by(&mut self, delegate: &str, delegator: &str) -> bool {
        self.involve(delegate);
        let mut seen = BTreeSet::new();
        let mut at = delegate.to_owned();
        while seen.insert(at.clone()) {
            let above = self.logs.log(&at).and_then(|log| log.state().and_then(|state| state.delegator));
            match above {
                Some(above) if above == delegator => return true,
                Some(above) => at = above.to_owned(),
                None => return false,
            }
        }
        false
    }

    /// Tells of a revocation: of the credential itself, or of one that it rests on.
    fn tell_revocation(&mut self, place: usize) {
        let Some(fact) = self.verified.chain.get(place) else { return };
        let (Status::Revoked, Some(revoked)) = (fact.status, &fact.revoked) else { return };
        let kind = fact.kind.map_or("", |kind| kind.as_str());
        let said = fact.said.as_str();
        let (code, text) = if said == self.target {
            (Code::Revoked, format!("credential `{said}` was revoked, dated {}", revoked.dated))
        } else {
            let text = format!("the {kind} credential `{said}` that it rests on was revoked, dated {}", revoked.dated);
            match grace_ends(fact).filter(|end| self.as_of.is_some_and(|as_of| as_of.date() <= *end)) {
                Some(end) => (Code::Ghost, format!("{text}; the grace period runs until {end}, and it is not valid")),
                None => (Code::UpstreamRevoked, text),
            }
        };
        let finding = Finding::new(code, text).at(revoked.sealed.offset).about(said);
        self.findings.push(finding);
    }
}

/// The last day on which credentials below a revoked QVI credential are pending revocation.
///
/// Source: vLEI EGF, Qualified vLEI Issuer Credential Framework, sections 6.9 and 9.3.
fn grace_ends(fact: &CredentialFact) -> Option<crate::primitives::Date> {
    const GRACE_DAYS: i64 = 90;
    if fact.kind != Some(super::verified::CredentialType::Qvi) {
        return None;
    }
    let days = match fact.attributes.get("gracePeriod") {
        None => GRACE_DAYS,
        Some(days) => days.parse().ok()?,
    };
    let revoked: Instant = fact.revoked.as_ref()?.dated.parse().ok()?;
    revoked.date().checked_add_days(days)
}

/// Attributes that are text or numbers.
fn attributes(credential: &Credential<'_>) -> BTreeMap<String, String> {
    credential
        .attributes()
        .iter()
        .filter_map(|(name, node)| match &node.value {
            Value::Text(text) => Some((name.to_string(), text.to_string())),
            Value::Number(digits) => Some((name.to_string(), (*digits).to_owned())),
            Value::Object(_) | Value::Array(_) | Value::Bool(_) | Value::Null => None,
        })
        .collect()
}
