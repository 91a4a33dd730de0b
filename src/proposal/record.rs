//! The proposal as the case keeps it: a record, and a stream with the exact bytes and the signature of QAR1.
//!
//! The record itself is signed by QAR1 like every case record; that is not done here.

use serde_json::{Map, Value, json};

use crate::bundle::{Area, Snapshot};
use crate::keri::build::attach::{self, IndexedSignature};
use crate::primitives::Instant;

use super::compare::threshold_value;
use super::draft::Draft;
use super::error::Unproven;
use super::records::{self, Assigned};
use super::{Proven, Subject};

/// The files of a proposal, with their paths in the case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredProposal {
    /// `decision/03-proposal.json`
    pub record_path: String,
    /// The record.
    pub record: Vec<u8>,
    /// `decision/03-proposal.cesr`
    pub stream_path: String,
    /// Credential, registry event and anchor with the signature.
    pub stream: Vec<u8>,
}

impl Draft {
    /// Credential, registry event and anchor as a stream; with QAR1's signature, where there is one.
    pub fn stream(&self, sn: u64, signature: Option<&IndexedSignature>) -> Vec<u8> {
        let signatures: Vec<IndexedSignature> = signature.cloned().into_iter().collect();
        // Neither has more than a count code can say.
        let event = attach::registry_event(&self.event.text, sn, &self.anchor.said).unwrap_or_default();
        let anchor = attach::event_bare(&self.anchor.text, &signatures, &[]).unwrap_or_default();
        [self.credential.text.as_bytes(), &event, &anchor].concat()
    }
}

impl Proven {
    /// The record of a proposal that QAR1 signed, and its stream; it follows the last case record.
    ///
    /// # Errors
    /// A case that has no manifest.
    pub fn record(
        &self,
        snapshot: &Snapshot,
        draft: &Draft,
        qar1: &Assigned,
        signature: &IndexedSignature,
        at: Instant,
    ) -> Result<StoredProposal, Unproven> {
        let manifest = snapshot.manifest(Area::Bundle).ok_or(Unproven::Unsealed)?;
        let (predecessor, number) = records::last_record(snapshot);
        let name = format!("decision/{:02}-proposal", number + 1);
        let proposals = snapshot.iter().filter(|(_, file)| file.path.ends_with("-proposal.json")).count();
        let group = &self.group;
        let values = Values::read(draft);
        let at = at.to_string();

        let mut record = Map::new();
        let mut put = |name: &str, value: Value| record.insert(name.to_owned(), value);
        put("kind", json!("proposal"));
        put("id", json!(format!("proposal-{}", proposals + 1)));
        put("schema_version", json!(1));
        put("producer", json!("qvi"));
        put("performed_by", json!(qar1.person_id));
        put("performed_at", json!(at));
        put("recorded_at", json!(at));
        put("subject_case", json!(manifest.text("bundle_id").unwrap_or_default()));
        put("bundle_digest", json!(manifest.digest.to_string()));
        put("predecessor_sha256", json!(predecessor.map(|digest| digest.to_string())));
        put("credential_type", json!(self.credential_type(draft)));
        put("draft_credential", values.credential.clone());
        let event = |name: &str| values.event.get(name).cloned().unwrap_or(Value::Null);
        let mut named = json!({
            "said": draft.event.said.as_str(),
            "credential_said": draft.credential.said.as_str(),
            "registry_said": event("ri"),
        });
        match &self.subject {
            Subject::Issue(_) => {
                named["sn"] = json!(0);
                named["issued_at"] = event("dt");
                put("issuance", named);
            }
            Subject::Revoke(_) => {
                named["sn"] = json!(1);
                named["prior_said"] = event("p");
                named["revoked_at"] = event("dt");
                put("revocation", named);
            }
        }
        put(
            "group_state",
            json!({
                "aid": group.aid.as_str(),
                "sn": group.established.0,
                "said": group.established.1.as_str(),
                "threshold": threshold_value(&group.threshold),
            }),
        );
        put(
            "anchor",
            json!({
                "aid": group.aid.as_str(),
                "type": "ixn",
                "sn": group.sn,
                "prior_said": group.prior.as_str(),
                "said": draft.anchor.said.as_str(),
                "seals": values.anchor.get("a").cloned().unwrap_or(Value::Null),
            }),
        );
        put("created_by_aid", json!(qar1.aid.as_str()));
        let created = values.event.get("dt").and_then(Value::as_str).and_then(|dated| dated.parse::<Instant>().ok());
        put("created_at", json!(created.map(|created| created.to_string())));
        put("qar1_signature", json!({ "signer_aid": qar1.aid.as_str(), "index": signature.index(), "signed_at": at }));
        put("cesr_path", json!(format!("{name}.cesr")));

        // A map of texts and numbers can always be written.
        let mut text = serde_json::to_string_pretty(&record).unwrap_or_default();
        text.push('\n');
        Ok(StoredProposal {
            record_path: format!("{name}.json"),
            record: text.into_bytes(),
            stream_path: format!("{name}.cesr"),
            stream: draft.stream(group.sn, Some(signature)),
        })
    }
}

/// The parts of a draft as values, fields in their order.
struct Values {
    credential: Value,
    event: Value,
    anchor: Value,
}

impl Values {
    fn read(draft: &Draft) -> Self {
        let read = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
        Self {
            credential: read(&draft.credential.text),
            event: read(&draft.event.text),
            anchor: read(&draft.anchor.text),
        }
    }
}
