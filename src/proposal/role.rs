//! From the evidence of a role to its credential: everything that it says stands in the authorization that the
//! entity issued to the QVI, and the authorization must hold.

use crate::keri::pool::{PooledCredential, Standing};
use crate::keri::{CredentialType, Status};
use crate::primitives::{Aid, Lei, Said};

use super::error::Unproven;
use super::evidence::{World, agree};
use super::flow::Kind;
use super::records;
use super::{Issue, Proof};

/// The attribute of an authorization that names the person's identifier.
const PERSON: &str = "AID";
/// What an authorization and the role's credential say alike, beside LEI and role.
const NAME: &str = "personLegalName";

impl World<'_> {
    /// The credential of a role.
    pub(super) fn issue_role(&self, kind: Kind, authorized_by: CredentialType) -> Result<Issue, Unproven> {
        let auth = self.authorization(authorized_by)?;
        let said = auth.fact.said.clone();
        let file = self.file(auth.spot);
        let by = |name: &str| format!("the authorization in {file}, `a.{name}`");
        let attribute = |name: &str| -> Result<Proof<String>, Unproven> {
            let missing =
                || Unproven::Authorization { kind: authorized_by.as_str(), said: said.clone(), why: lacks(name) };
            let value = auth.fact.attributes.get(name).cloned().ok_or_else(missing)?;
            Ok(Proof::new(value, by(name)))
        };
        let lei = self.lei_of_role(attribute("LEI")?)?;
        let issuee = self.person(attribute(PERSON)?)?;
        let mut attributes = vec![(NAME.to_owned(), attribute(NAME)?)];
        if let Some(role) = kind.role() {
            attributes.push((role.to_owned(), attribute(role)?));
        }
        let authority = Proof::new(
            (said.clone(), auth.fact.schema.clone()),
            format!("the authorization in {file}, issued and not revoked"),
        );
        self.issuance(kind, lei, issuee, attributes, vec![authority])
    }

    /// The one authorization that the case records, as the streams prove it.
    fn authorization(&self, kind: CredentialType) -> Result<&PooledCredential, Unproven> {
        let mut recorded: Option<Proof<Said>> = None;
        for record in records::of_kind(self.sources.snapshot, "credential")? {
            if record.text(&["credential_type"])? == kind.as_str() {
                let field = ["credential_said"];
                agree("the authorization", &mut recorded, Proof::new(record.value(&field)?, record.by(&field)))?;
            }
        }
        let recorded = recorded.ok_or(Unproven::NoAuthorization { kind: kind.as_str() })?;
        let said = recorded.value;
        let refused = |why: String| Unproven::Authorization { kind: kind.as_str(), said: said.clone(), why };
        let found = self.pooled.credentials.iter().find(|credential| credential.fact.said == said);
        let found = found.ok_or_else(|| refused("is in no stream".to_owned()))?;
        let fact = &found.fact;
        let qvi = &self.sources.trust.qvi_aid;
        if fact.kind != Some(kind) {
            let of = fact.kind.map_or("no type of the vLEI", CredentialType::as_str);
            return Err(refused(format!("is of type {of} by its schema")));
        }
        if fact.issuee.as_ref() != Some(qvi) {
            return Err(refused(format!("was issued to another than the QVI `{qvi}`")));
        }
        match (fact.status, found.standing) {
            (Status::Issued, Standing::Valid) => {}
            (Status::Revoked, _) => return Err(refused("is revoked".to_owned())),
            (Status::Issued | Status::Unproven, _) => {
                return Err(refused("or something that it rests on does not hold".to_owned()));
            }
        }
        self.entity(found).ok_or_else(|| refused("is not by the entity that its LEI names".to_owned()))?;
        Ok(found)
    }

    /// The entity's own credential, which names whoever issued the authorization and has its LEI.
    fn entity(&self, auth: &PooledCredential) -> Option<&PooledCredential> {
        let edge = auth.fact.edges.iter().find(|edge| edge.label == "le")?;
        self.pooled.credentials.iter().find(|credential| {
            let fact = &credential.fact;
            fact.said == edge.node
                && fact.kind == Some(CredentialType::Le)
                && fact.issuee.as_ref() == Some(&auth.fact.issuer)
                && fact.attributes.contains_key("LEI")
                && fact.attributes.get("LEI") == auth.fact.attributes.get("LEI")
        })
    }

    /// The LEI of an authorization: that of the case, and of a body that GLEIF gave for it.
    fn lei_of_role(&self, stated: Proof<String>) -> Result<Proof<Lei>, Unproven> {
        let unusable = || Unproven::NoField { path: stated.by.clone(), field: "a.LEI".to_owned() };
        let mut lei = Some(Proof::new(stated.value.parse::<Lei>().map_err(|_| unusable())?, stated.by.clone()));
        agree("the LEI", &mut lei, self.claimed_lei()?)?;
        let found = self.lei_of_gleif(&mut lei)?;
        Ok(lei.unwrap_or(found))
    }

    /// The person: the identifier of the authorization, with a log of its own.
    fn person(&self, stated: Proof<String>) -> Result<Proof<Aid>, Unproven> {
        let unusable = || Unproven::NoField { path: stated.by.clone(), field: format!("a.{PERSON}") };
        let aid: Aid = stated.value.parse().map_err(|_| unusable())?;
        let log = self.log(&aid).ok_or_else(|| Unproven::NoLog { whose: "the person", aid: aid.clone() })?;
        match log.fact.duplicitous.first() {
            Some(sn) => Err(Unproven::Duplicity { aid, sn: *sn }),
            None => Ok(Proof::new(aid, stated.by)),
        }
    }
}

fn lacks(name: &str) -> String {
    format!("has no `{name}`")
}
