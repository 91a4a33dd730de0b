//! The exact bytes that follow from what is proven, with the dates and nonces that they are given.

use crate::keri::build::{self, Credential, Edge, Interaction, Issuance, Made, Revocation, Seal};
use crate::keri::json::{self, Node};
use crate::primitives::{Instant, Said};

use super::error::Unproven;
use super::flow::Kind;
use super::{Issue, Proof, Proven, Revocable, Revoke, Subject};

/// What a draft takes from elsewhere: dates and nonces, each within its range; and which one is meant where the
/// evidence proves several.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Given {
    /// The date in the credential, as it is written.
    pub dated: String,
    /// The date in the registry event, as it is written.
    pub event_dated: String,
    /// A nonce at the top of the credential.
    pub nonce: Option<String>,
    /// A nonce among its attributes.
    pub attributes_nonce: Option<String>,
    /// Texts of rules; each counts only by its digest.
    pub texts: Vec<String>,
    /// The registry, of several.
    pub registry: Option<Said>,
    /// The schema, of several.
    pub schema: Option<Said>,
    /// The QVI credential, of several.
    pub authority: Option<Said>,
    /// What is revoked, of several.
    pub credential: Option<Said>,
}

/// A credential, the registry event about it, and the event that seals that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The credential: to be issued, or as it was issued.
    pub credential: Made,
    /// `iss` or `rev`.
    pub event: Made,
    /// The interaction event of the group.
    pub anchor: Made,
    /// What it seals, and nothing else.
    pub seal: Seal,
}

impl Given {
    /// Both dates alike, no nonces.
    pub fn at(instant: Instant) -> Self {
        Self::dated(&build::dated(instant))
    }

    pub(super) fn dated(text: &str) -> Self {
        Self { dated: text.to_owned(), event_dated: text.to_owned(), ..Self::default() }
    }
}

impl Proven {
    /// The exact bytes.
    ///
    /// # Errors
    /// A date outside of its range, or something that the evidence leaves open.
    pub fn draft(&self, given: &Given) -> Result<Draft, Unproven> {
        for dated in [&given.dated, &given.event_dated] {
            self.date(dated)?;
        }
        if self.needs_salts() && (given.nonce.is_none() || given.attributes_nonce.is_none()) {
            return Err(Unproven::NoSalts);
        }
        self.write(given)
    }

    /// Whether a date is one, as keripy writes it, and within its range.
    pub(super) fn date(&self, dated: &str) -> Result<(), Unproven> {
        let instant = dated.parse::<Instant>().ok();
        match instant.filter(|instant| build::dated(*instant) == dated) {
            Some(instant) if self.from.value <= instant && instant <= self.to => Ok(()),
            Some(_) | None => Err(Unproven::Dated {
                dated: dated.to_owned(),
                from: self.from.value,
                by: self.from.by.clone(),
                to: self.to,
            }),
        }
    }

    /// The bytes, whatever the dates.
    pub(super) fn write(&self, given: &Given) -> Result<Draft, Unproven> {
        let (credential, event, seal) = match &self.subject {
            Subject::Issue(issue) => {
                let credential = issue.credential(given)?.make();
                let event = Issuance {
                    credential: credential.said.clone(),
                    registry: issue.registry(given)?.clone(),
                    dated: given.event_dated.clone(),
                };
                (credential, event.make(), event.seal())
            }
            Subject::Revoke(revoke) => {
                let meant = revoke.meant(given)?;
                let event = meant.event(given);
                (meant.credential(), event.make(), event.seal())
            }
        };
        let anchor = Interaction {
            prefix: self.group.aid.clone(),
            sn: self.group.sn,
            prior: self.group.prior.clone(),
            seals: vec![seal.clone()],
        };
        Ok(Draft { credential, event, anchor: anchor.make(), seal })
    }
}

impl Issue {
    fn credential(&self, given: &Given) -> Result<Credential, Unproven> {
        let (what, operator) = match self.kind {
            Kind::Le => ("QVI credential", None),
            Kind::Oor | Kind::Ecr => ("authorization", Some("I2I".to_owned())),
        };
        let label = self.edge().to_owned();
        let (node, far) = pick(what, &self.authorities, |(said, _)| said, given.authority.as_ref())?;
        let rule = |(label, said, text): &(String, Said, Option<String>)| {
            let given = || given.texts.iter().find(|text| Said::of(text.as_bytes()) == *said);
            match text.as_ref().or_else(given) {
                Some(text) => Ok((label.clone(), text.clone())),
                None => Err(Unproven::NoText { label: label.clone() }),
            }
        };
        let lei = ("LEI".to_owned(), self.lei.value.to_string());
        let others = self.attributes.iter().map(|(name, proof)| (name.clone(), proof.value.clone()));
        Ok(Credential {
            nonce: given.nonce.clone(),
            issuer: self.issuer.value.clone(),
            registry: self.registry(given)?.clone(),
            schema: pick("schema", &self.schemas, |said| said, given.schema.as_ref())?.clone(),
            attributes_nonce: given.attributes_nonce.clone(),
            issuee: self.issuee.value.clone(),
            dated: given.dated.clone(),
            attributes: std::iter::once(lei).chain(others).collect(),
            edges: vec![Edge { label, node: node.clone(), schema: far.clone(), operator }],
            rules: self.rules.iter().map(rule).collect::<Result<_, _>>()?,
        })
    }

    fn registry(&self, given: &Given) -> Result<&Said, Unproven> {
        pick("registry", &self.registries, |said| said, given.registry.as_ref())
    }
}

impl Revoke {
    /// The one that is meant; none named: the one that the case is about.
    pub(super) fn meant(&self, given: &Given) -> Result<&Revocable, Unproven> {
        let all = self.credentials.as_slice();
        let among = if given.credential.is_some() { all } else { all.get(..self.mains).unwrap_or(all) };
        pick("credential to revoke", among, |credential| &credential.said, given.credential.as_ref())
    }
}

impl Revocable {
    fn event(&self, given: &Given) -> Revocation {
        Revocation {
            credential: self.said.clone(),
            registry: self.registry.clone(),
            prior: self.issuance.value.clone(),
            dated: given.event_dated.clone(),
        }
    }

    fn credential(&self) -> Made {
        Made { said: self.said.clone(), text: self.text.clone() }
    }
}

/// The one that is proven, or of several the one that is meant.
fn pick<'p, T>(
    what: &'static str,
    proven: &'p [Proof<T>],
    name: impl Fn(&T) -> &Said,
    meant: Option<&Said>,
) -> Result<&'p T, Unproven> {
    match proven {
        [one] => Ok(&one.value),
        several => {
            let found = several.iter().find(|proof| Some(name(&proof.value)) == meant);
            let values = || several.iter().map(|proof| name(&proof.value).to_string()).collect();
            found.map(|proof| &proof.value).ok_or_else(|| Unproven::Several { what, values: values() })
        }
    }
}

/// The texts of the rules of a credential.
pub(super) fn rules(text: &str) -> Vec<String> {
    let Ok(node) = json::parse(text) else { return Vec::new() };
    let rules = node.get("r").and_then(Node::fields).unwrap_or_default();
    rules.iter().filter_map(|(_, rule)| rule.get("l")?.text().map(str::to_owned)).collect()
}
