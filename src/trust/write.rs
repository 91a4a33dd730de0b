//! Trust files, written: a first one, and a changed one.

use serde_json::{Value, json};

use crate::facts::threshold::Threshold;
use crate::primitives::{Aid, Instant, Said, Sha256};

use super::error::TrustError;
use super::{Audited, CredentialType, KeySignature, SchemaPin, Trust};

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
    /// Whether people practise with it.
    pub practice: bool,
}

impl TrustDraft {
    /// The file, serial 1, without signatures, and what it says when it is read back.
    ///
    /// # Errors
    /// `invalid`: a threshold that is none or cannot be reached, an AID that is there twice.
    pub fn build(&self) -> Result<(Vec<u8>, Trust), TrustError> {
        self.build_with(&[])
    }

    /// The same, with other QVIs whose cases are audited with it.
    ///
    /// # Errors
    /// As [`TrustDraft::build`].
    pub fn build_with(&self, audited: &[Audited]) -> Result<(Vec<u8>, Trust), TrustError> {
        let schemas = self.schemas.iter().map(|(credential_type, said)| SchemaPin {
            credential_type: *credential_type,
            said: said.clone(),
            valid_from: self.valid_from,
            valid_to: None,
        });
        let bytes = bytes(&Parts {
            serial: 1,
            valid_from: self.valid_from,
            root_aid: &self.root_aid,
            geda_aid: &self.geda_aid,
            qvi_aid: &self.qvi_aid,
            officers: (&self.officers, json!(self.officer_threshold)),
            policy_keys: (&self.policy_keys, json!(self.policy_threshold)),
            reporting_agents: &self.reporting_agents,
            schemas: &schemas.collect::<Vec<_>>(),
            ledger_genesis: None,
            store_initialised: false,
            practice: self.practice,
            audited,
            logs: None,
            signatures: &[],
        });
        let trust = Trust::parse(&bytes)?;
        Ok((bytes, trust))
    }
}

/// What a file is written from.
struct Parts<'p> {
    serial: u64,
    valid_from: Instant,
    root_aid: &'p Aid,
    geda_aid: &'p Aid,
    qvi_aid: &'p Aid,
    officers: (&'p [Aid], Value),
    policy_keys: (&'p [Aid], Value),
    reporting_agents: &'p [Aid],
    schemas: &'p [SchemaPin],
    ledger_genesis: Option<Sha256>,
    store_initialised: bool,
    practice: bool,
    audited: &'p [Audited],
    logs: Option<&'p str>,
    signatures: &'p [KeySignature],
}

fn bytes(parts: &Parts<'_>) -> Vec<u8> {
    let schemas = parts.schemas.iter().map(|pin| {
        let mut entry = json!({
            "credential_type": pin.credential_type.as_str(), "said": pin.said, "valid_from": pin.valid_from
        });
        if let Some(valid_to) = pin.valid_to {
            entry["valid_to"] = json!(valid_to);
        }
        entry
    });
    let signatures = parts.signatures.iter().map(|signature| {
        let KeySignature { aid, sn, said, signature } = signature;
        json!({ "key_state": { "aid": aid, "sn": sn, "said": said }, "signature": signature })
    });
    let mut document = json!({
        "version": 1,
        "serial": parts.serial,
        "valid_from": parts.valid_from,
        "root_aid": parts.root_aid,
        "geda_aid": parts.geda_aid,
        "qvi_aid": parts.qvi_aid,
        "officers": { "aids": parts.officers.0, "threshold": parts.officers.1 },
        "policy_keys": { "aids": parts.policy_keys.0, "threshold": parts.policy_keys.1 },
        "reporting_agents": parts.reporting_agents,
        "schemas": schemas.collect::<Vec<_>>(),
        "ledger_genesis": parts.ledger_genesis,
        "store_initialised": parts.store_initialised,
        "signatures": signatures.collect::<Vec<_>>(),
    });
    if parts.practice {
        document["practice"] = json!(true);
    }
    if !parts.audited.is_empty() {
        let audited = parts.audited.iter().map(|audited| {
            let Audited { root_aid, geda_aid, qvi_aid } = audited;
            json!({ "root_aid": root_aid, "geda_aid": geda_aid, "qvi_aid": qvi_aid })
        });
        document["audited"] = audited.collect();
    }
    if let Some(logs) = parts.logs {
        document["logs"] = json!(logs);
    }
    format!("{document:#}\n").into_bytes()
}

/// A threshold as the file writes it.
fn written(threshold: &Threshold) -> Value {
    match threshold {
        // Hexadecimal, as KERI writes them.
        Threshold::Count(count) => json!(format!("{count:x}")),
        Threshold::Weighted(groups) => {
            let group = |weights: &Vec<_>| weights.iter().map(weight).collect::<Vec<_>>();
            match groups.as_slice() {
                [weights] => json!(group(weights)),
                groups => json!(groups.iter().map(group).collect::<Vec<_>>()),
            }
        }
    }
}

impl Trust {
    /// The file again, as countersign writes it.
    pub(super) fn write(&self) -> Vec<u8> {
        bytes(&Parts {
            serial: self.serial,
            valid_from: self.valid_from,
            root_aid: &self.root_aid,
            geda_aid: &self.geda_aid,
            qvi_aid: &self.qvi_aid,
            officers: (&self.officers.aids, written(&self.officers.threshold)),
            policy_keys: (&self.policy_keys.aids, written(&self.policy_keys.threshold)),
            reporting_agents: &self.reporting_agents,
            schemas: &self.schemas,
            ledger_genesis: self.ledger_genesis,
            store_initialised: self.store_initialised,
            practice: self.practice,
            audited: &self.audited,
            logs: self.logs.as_deref(),
            signatures: &self.signatures,
        })
    }

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
        if self.practice {
            lines.push(("practice", "yes: the clock may be set".to_owned()));
        }
        lines.extend(self.audited.iter().map(|audited| ("audited QVI", audited.qvi_aid.to_string())));
        lines.push(("logs", if self.logs.is_some() { "of officers or policy keys" } else { "none" }.to_owned()));
        lines.extend(self.signatures.iter().map(|signature| ("signature", signature.aid.to_string())));
        if self.signatures.is_empty() {
            lines.push(("signatures", "none".to_owned()));
        }
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
