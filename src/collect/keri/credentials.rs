//! `acdcs`: one for every credential, issued or drafted.

use crate::facts::{Cause, CellValue};
use crate::keri::pool::{AnchorFact, PooledCredential, Standing};
use crate::keri::{EdgeFact, Status};

use super::super::Collector;
use super::row::{Row, keys_of, number};

/// The fields that are read from section `a`.
const ATTRIBUTES: [&str; 9] = [
    "attributes",
    "issuee",
    "lei",
    "person_legal_name",
    "official_role",
    "engagement_context_role",
    "person_aid",
    "dated",
    "grace_period",
];

/// The fields that are read from section `e`.
const EDGES: [&str; 4] = ["edges", "qvi", "le", "auth"];

impl<'s, 'a> Collector<'s, 'a> {
    pub(super) fn credentials(&mut self, credentials: &[PooledCredential]) {
        for credential in credentials {
            let (file, span) = self.place(credential.spot);
            let Some(row) = self.row("acdc", file, span) else { return };
            self.credential(row, credential);
            self.attributes(row, credential);
            self.chain(row, credential);
            self.hide(row, credential);
            if let Some(anchor) = &credential.anchor {
                self.inner(row, "anchor", |this, row| this.anchor(row, anchor));
            }
        }
    }

    fn credential(&mut self, row: Row, credential: &PooledCredential) {
        let fact = &credential.fact;
        let (path, _) = self.paths(row.file);
        self.set(row, "said", |this| this.said(Some(fact.said.as_str())));
        self.set(row, "path", |_| CellValue::Text(path));
        self.set(row, "origin", |_| CellValue::Text(origin(credential.draft)));
        self.set(row, "type", |this| this.maybe_text(fact.kind.map(|kind| kind.as_str())));
        self.set(row, "version", |this| this.text(&credential.version));
        self.set(row, "schema", |this| this.said(Some(fact.schema.as_str())));
        self.set(row, "issuer", |this| this.aid(Some(fact.issuer.as_str())));
        self.set(row, "issuee", |this| this.aid(fact.issuee.as_ref().map(|aid| aid.as_str())));
        self.set(row, "registry", |this| this.said(Some(fact.registry.as_str())));
        self.set(row, "salted", |_| CellValue::Bool(credential.salted));
        self.set(row, "compact", |_| CellValue::Bool(credential.compact));
        self.set(row, "fits", |_| CellValue::Bool(fact.fits_profile && fact.fits_schema != Some(false)));
        self.set(row, "misfit", |this| this.maybe_text(fact.misfit.as_deref()));
    }

    fn attributes(&mut self, row: Row, credential: &PooledCredential) {
        let attributes = &credential.fact.attributes;
        let attribute = |name: &str| attributes.get(name).map(String::as_str);
        self.set(row, "attributes", |this| this.texts(credential.attributes.iter().map(String::as_str), row.span));
        self.set(row, "lei", |this| this.lei(attribute("LEI")));
        self.set(row, "person_legal_name", |this| this.maybe_text(attribute("personLegalName")));
        self.set(row, "official_role", |this| this.maybe_text(attribute("officialRole")));
        self.set(row, "engagement_context_role", |this| this.maybe_text(attribute("engagementContextRole")));
        self.set(row, "person_aid", |this| this.aid(attribute("AID")));
        self.set(row, "dated", |_| Self::instant(attribute("dt")));
        self.set(row, "grace_period", |_| match attribute("gracePeriod").map(str::parse::<i64>) {
            None => CellValue::Absent,
            Some(Ok(days)) => CellValue::Days(days),
            Some(Err(_)) => CellValue::Unknown(Cause::Invalid),
        });
    }

    /// What is not disclosed is not known, rather than absent.
    fn hide(&mut self, row: Row, credential: &PooledCredential) {
        let attributes = ATTRIBUTES.iter().filter(|_| credential.attributes_hidden);
        let edges = EDGES.iter().filter(|_| credential.edges_hidden);
        for name in attributes.chain(edges) {
            self.set(row, name, |_| CellValue::Unknown(Cause::Missing));
        }
    }

    fn chain(&mut self, row: Row, credential: &PooledCredential) {
        let fact = &credential.fact;
        self.inner_list(row, "edges", &fact.edges, |this, row, edge| {
            this.set(row, "label", |this| this.text(&edge.label));
            this.set(row, "node", |this| this.said(Some(edge.node.as_str())));
            this.set(row, "schema", |this| this.said(edge.schema.as_ref().map(|said| said.as_str())));
            this.set(row, "operator", |_| CellValue::Text(edge.operator));
            this.set(row, "found", |_| CellValue::Bool(edge.holds.is_some()));
            this.set(row, "holds", |_| edge.holds.map_or(CellValue::Absent, CellValue::Bool));
        });
        for label in ["qvi", "le", "auth"] {
            self.set(row, label, |this| this.said(node(&fact.edges, label)));
        }
        let person = fact.attributes.get("AID").map(String::as_str);
        let named = [Some(fact.issuer.as_str()), fact.issuee.as_ref().map(|aid| aid.as_str()), person];
        let fixed: Vec<&str> = named.into_iter().flatten().filter(|aid| aid.starts_with('B')).collect();
        self.set(row, "fixed_aids", |this| this.texts(fixed, row.span));
        self.set(row, "registry_proven", |_| CellValue::Bool(fact.registry_proven));
        self.set(row, "status", |_| CellValue::Text(status(fact.status)));
        self.set(row, "issued_at", |_| Self::instant(fact.issued.as_ref().map(|event| event.dated.as_str())));
        self.set(row, "revoked_at", |_| Self::instant(fact.revoked.as_ref().map(|event| event.dated.as_str())));
        let revoked = fact.revoked.as_ref();
        self.set(row, "revocation_said", |this| this.said(revoked.map(|event| event.said.as_str())));
        self.set(row, "revocation_anchor_sn", |_| revoked.map_or(CellValue::Absent, |event| number(event.sealed.sn)));
        self.set(row, "revocation_anchor_said", |this| this.said(revoked.map(|event| event.sealed.said.as_str())));
        self.set(row, "chain", |_| CellValue::Text(standing(credential.standing)));
        self.set(row, "chain_saids", |this| this.texts(credential.chain.iter().map(String::as_str), row.span));
        self.set(row, "top_issuer", |this| this.aid(credential.top_issuer.as_deref()));
        self.set(row, "tip", |_| CellValue::Bool(credential.tip));
    }

    fn anchor(&mut self, row: Row, anchor: &AnchorFact) {
        let (file, span) = self.place(anchor.spot);
        let row = Row { file, span, ..row };
        let in_force = anchor.in_force.as_ref();
        self.set(row, "aid", |this| this.aid(Some(&anchor.aid)));
        self.set(row, "kind", |_| CellValue::Text(anchor.kind));
        self.set(row, "sn", |_| number(anchor.sn));
        self.set(row, "said", |this| this.said(Some(&anchor.said)));
        self.set(row, "prior", |this| this.said(anchor.prior.as_deref()));
        self.set(row, "seals", |_| number(anchor.seals));
        self.set(row, "signers", |this| this.indices(&anchor.signers, span));
        self.set(row, "satisfied", |_| CellValue::Bool(anchor.satisfied));
        self.set(row, "receipts", |_| number(anchor.receipts));
        self.set(row, "accepted", |_| CellValue::Bool(anchor.accepted));
        let keys = in_force.map(|(keys, _)| keys.as_slice());
        self.set(row, "keys", |this| match keys {
            Some(keys) => this.texts(keys.iter().map(String::as_str), span),
            None => CellValue::Absent,
        });
        self.set(row, "threshold", |this| this.threshold(in_force.map(|(_, threshold)| threshold)));
        self.set(row, "signer_keys", |this| this.texts(keys_of(keys.unwrap_or_default(), &anchor.signers), span));
    }
}

/// Where an edge with this label points.
fn node<'e>(edges: &'e [EdgeFact], label: &str) -> Option<&'e str> {
    edges.iter().find(|edge| edge.label == label).map(|edge| edge.node.as_str())
}

/// As `origin` writes it.
pub(super) fn origin(draft: bool) -> &'static str {
    if draft { "draft" } else { "evidence" }
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Issued => "issued",
        Status::Revoked => "revoked",
        Status::Unproven => "unproven",
    }
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Valid => "valid",
        Standing::Revoked => "revoked",
        Standing::Ghost => "ghost",
        Standing::Incomplete => "incomplete",
        Standing::Invalid => "invalid",
    }
}
