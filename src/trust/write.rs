//! A first trust file.

use crate::facts::threshold::Threshold;
use crate::primitives::{Aid, Instant, Said};

use super::error::TrustError;
use super::{CredentialType, Trust};

/// What `trust init` is told. Texts are checked by [`TrustDraft::build`], all at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustDraft {
    /// First moment it holds.
    pub valid_from: Instant,
    /// GLEIF's root AID.
    pub root_aid: Aid,
    /// GLEIF's external delegated AID.
    pub geda_aid: Aid,
    /// The QVI.
    pub qvi_aid: Aid,
    /// The officers.
    pub officers: Vec<Aid>,
    /// How many of them, in the hexadecimal form.
    pub officer_threshold: String,
    /// The keys that sign the rule book.
    pub policy_keys: Vec<Aid>,
    /// How many of them, in the hexadecimal form.
    pub policy_threshold: String,
    /// Whom issuances are reported to.
    pub reporting_agents: Vec<Aid>,
    /// Pinned schemas, from `valid_from` on.
    pub schemas: Vec<(CredentialType, Said)>,
}

impl TrustDraft {
    /// The file, serial 1, without signatures, and what it says when it is read back.
    ///
    /// # Errors
    /// `invalid`: a threshold that is none or cannot be reached, an AID that is there twice.
    pub fn build(&self) -> Result<(Vec<u8>, Trust), TrustError> {
        let schemas: Vec<_> = self
            .schemas
            .iter()
            .map(|(of, said)| {
                serde_json::json!({ "credential_type": of.as_str(), "said": said, "valid_from": self.valid_from })
            })
            .collect();
        let document = serde_json::json!({
            "version": 1,
            "serial": 1,
            "valid_from": self.valid_from,
            "root_aid": self.root_aid,
            "geda_aid": self.geda_aid,
            "qvi_aid": self.qvi_aid,
            "officers": { "aids": self.officers, "threshold": self.officer_threshold },
            "policy_keys": { "aids": self.policy_keys, "threshold": self.policy_threshold },
            "reporting_agents": self.reporting_agents,
            "schemas": schemas,
            "ledger_genesis": null,
            "store_initialised": false,
            "signatures": [],
        });
        let bytes = format!("{document:#}\n").into_bytes();
        let trust = Trust::parse(&bytes)?;
        Ok((bytes, trust))
    }
}

impl Trust {
    /// What it says, a name and a value per line, for `trust show`.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![
            ("digest", self.digest.to_string()),
            ("serial", self.serial.to_string()),
            ("valid from", self.valid_from.to_string()),
            ("root", self.root_aid.to_string()),
            ("GEDA", self.geda_aid.to_string()),
            ("QVI", self.qvi_aid.to_string()),
        ];
        for (keys, of_key, of_threshold) in
            [(&self.officers, "officer", "officer threshold"), (&self.policy_keys, "policy key", "policy threshold")]
        {
            lines.extend(keys.aids.iter().map(|aid| (of_key, aid.to_string())));
            lines.push((of_threshold, shown(&keys.threshold)));
        }
        lines.extend(self.reporting_agents.iter().map(|aid| ("reporting agent", aid.to_string())));
        for pin in &self.schemas {
            let until = pin.valid_to.map_or(String::new(), |to| format!(" until {to}"));
            lines.push((
                "schema",
                format!("{} {} from {}{until}", pin.credential_type.as_str(), pin.said, pin.valid_from),
            ));
        }
        lines.push(("ledger genesis", self.ledger_genesis.map_or("none yet".to_owned(), |digest| digest.to_string())));
        lines.push(("store", if self.store_initialised { "initialised" } else { "not initialised" }.to_owned()));
        lines.push((
            "signatures",
            match self.signatures.len() {
                0 => "none".to_owned(),
                count => format!("{count}, not verified"),
            },
        ));
        lines
    }
}

fn shown(threshold: &Threshold) -> String {
    match threshold {
        Threshold::Count(count) => count.to_string(),
        Threshold::Weighted(groups) => {
            let group = |weights: &Vec<_>| weights.iter().map(weight).collect::<Vec<_>>().join(" ");
            groups.iter().map(group).collect::<Vec<_>>().join(" and ")
        }
    }
}

fn weight(weight: &crate::facts::threshold::Weight) -> String {
    match weight.denominator {
        1 => weight.numerator.to_string(),
        denominator => format!("{}/{denominator}", weight.numerator),
    }
}
