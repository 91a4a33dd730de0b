//! From the evidence of a revocation to the credentials that fall: the one that the case is about, and whatever the
//! QVI issued that rests on it.

use crate::keri::pool::PooledCredential;
use crate::keri::{CredentialType, Status};
use crate::primitives::{Lei, Said};

use super::error::Unproven;
use super::evidence::{World, agree};
use super::flow::{Cause, Kind};
use super::records;
use super::{Proof, Revocable, Revoke};

impl World<'_> {
    /// What may be revoked: what the case is about first. `asked`: only this one.
    pub(super) fn revoke(&self, kind: Kind, cause: Cause, asked: Option<&Said>) -> Result<Revoke, Unproven> {
        let named = match cause {
            Cause::Request => Some(self.requested(kind)?),
            Cause::Lei => None,
        };
        let lei = self.claimed_lei()?;
        let mains: Vec<&PooledCredential> = self
            .standing()
            .filter(|credential| {
                let fact = &credential.fact;
                let of_entity = fact.attributes.get("LEI").map(String::as_str) == Some(lei.value.as_str());
                let is_named = named.as_ref().is_none_or(|named| named.value == fact.said);
                fact.kind == Some(kind.credential_type()) && of_entity && is_named
            })
            .collect();
        let rests = |credential: &&PooledCredential| {
            let below =
                |main: &&PooledCredential| credential.chain.iter().any(|said| *said == *main.fact.said.as_str());
            mains.iter().any(below) && !mains.iter().any(|main| main.fact.said == credential.fact.said)
        };
        let main = mains.iter().map(|credential| self.revocable(credential, self.shown(credential)));
        let below = self.standing().filter(rests).map(|credential| {
            let by = format!("{}, which rests on what the case revokes", self.shown(credential));
            self.revocable(credential, by)
        });
        let mut credentials = main.chain(below).collect::<Option<Vec<_>>>().unwrap_or_default();
        let mut mains = mains.len();
        if let Some(asked) = asked {
            credentials.retain(|credential| credential.value.said == *asked);
            mains = credentials.len();
        }
        if credentials.is_empty() {
            let asked = asked.cloned().or(named.map(|named| named.value));
            return Err(Unproven::NothingToRevoke { qvi: self.sources.trust.qvi_aid.clone(), asked });
        }
        Ok(Revoke { credentials, mains })
    }

    /// The credential that the entity asks to revoke.
    fn requested(&self, kind: Kind) -> Result<Proof<Said>, Unproven> {
        let mut named: Option<Proof<Said>> = None;
        let mut lei: Option<Proof<Lei>> = Some(self.claimed_lei()?);
        let mut type_of = Some(Proof::new(kind.credential_type().as_str().to_owned(), "`flow` of the manifest"));
        for request in records::of_kind(self.sources.snapshot, "revocation-request")? {
            let [said, entity, stated] = ["credential_said", "lei", "credential_type"];
            agree("the credential to revoke", &mut named, Proof::new(request.value(&[said])?, request.by(&[said])))?;
            agree("the LEI", &mut lei, Proof::new(request.value(&[entity])?, request.by(&[entity])))?;
            let stated = Proof::new(request.text(&[stated])?.to_owned(), request.by(&[stated]));
            agree("the type of credential", &mut type_of, stated)?;
        }
        named.ok_or(Unproven::NoRecord { kind: "revocation-request" })
    }

    /// What the QVI issued and has not revoked.
    fn standing(&self) -> impl Iterator<Item = &PooledCredential> {
        let qvi = &self.sources.trust.qvi_aid;
        let issued = move |credential: &&PooledCredential| {
            credential.fact.issuer == *qvi && credential.fact.status == Status::Issued
        };
        self.pooled.credentials.iter().filter(issued)
    }

    fn shown(&self, credential: &PooledCredential) -> String {
        let kind = credential.fact.kind.map_or("", CredentialType::as_str);
        format!("the {kind} credential in {}, issued and not revoked", self.file(credential.spot))
    }

    fn revocable(&self, credential: &PooledCredential, by: String) -> Option<Proof<Revocable>> {
        let issued = credential.fact.issued.as_ref()?;
        let issuance = Proof::new(
            issued.said.clone(),
            format!("its issuance, sealed by event number {} of the QVI", issued.sealed.sn),
        );
        let value = Revocable {
            said: credential.fact.said.clone(),
            text: self.bytes(credential.spot)?.to_owned(),
            registry: credential.fact.registry.clone(),
            issuance,
        };
        Some(Proof::new(value, by))
    }
}
