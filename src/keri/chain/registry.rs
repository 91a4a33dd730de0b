//! What a credential's registry says: issued, revoked, or not proven.
//!
//! Registry events carry no signatures: their authority is a seal in the issuer's accepted log, and
//! nothing else. The attached sources only say where to look, and must not point elsewhere.

use std::collections::BTreeSet;

use super::Examination;
use crate::keri::evidence::{CredentialEntry, RegistryEntry};
use crate::keri::message::RegistryEventKind;
use crate::keri::verdict::{Code, Finding};
use crate::keri::verified::{Place, RegistryFact, Status};

/// What a registry says of a credential.
pub(super) struct Found {
    pub status: Status,
    pub issued: Option<RegistryFact>,
    pub revoked: Option<RegistryFact>,
    /// Whether the registry is the issuer's own and sealed.
    pub proven: bool,
}

impl<'e, 'a> Examination<'e, 'a> {
    /// The state of a credential in its registry.
    pub(super) fn status(&mut self, entry: &CredentialEntry<'a>) -> Found {
        let proven = self.registry(entry);
        let issued = self.issuance(entry);
        let (revoked, settled) = self.revocation(entry, issued.as_ref());
        let status = match (&issued, &revoked) {
            (_, Some(_)) => Status::Revoked,
            (Some(_), None) if proven && settled => Status::Issued,
            (Some(_) | None, None) => Status::Unproven,
        };
        Found { status, issued, revoked, proven }
    }

    /// The same of a draft, which nothing has issued yet.
    pub(super) fn drafted(&mut self, entry: &CredentialEntry<'a>) -> Found {
        let proven = self.registry(entry);
        Found { status: Status::Unproven, issued: None, revoked: None, proven }
    }

    /// Whether the registry is the issuer's own and sealed.
    fn registry(&mut self, entry: &CredentialEntry<'a>) -> bool {
        let credential = &entry.credential;
        let evidence = self.evidence;
        let tell = |code, text: String| Finding::new(code, text).at(entry.offset).about(credential.said);
        let inception = evidence.about(credential.registry).find_map(|found| match found.event.kind {
            RegistryEventKind::Inception { issuer } => Some((found, issuer)),
            RegistryEventKind::Issuance { .. } | RegistryEventKind::Revocation { .. } => None,
        });
        let Some((inception, issuer)) = inception else {
            if !evidence.claimed.contains(credential.registry) {
                let text = format!(
                    "the inception of registry `{}` of credential `{}` is not in the stream",
                    credential.registry, credential.said
                );
                self.findings.push(tell(Code::RegistryMissing, text));
            }
            return false;
        };
        if issuer != credential.issuer {
            let text = format!(
                "registry `{}` belongs to `{issuer}`, and credential `{}` says it was issued by `{}`",
                credential.registry, credential.said, credential.issuer
            );
            self.findings.push(tell(Code::RegistryIssuer, text).at(inception.offset));
            return false;
        }
        self.sealed(issuer, credential.registry, 0, inception, "the inception of registry").is_some()
    }

    fn issuance(&mut self, entry: &CredentialEntry<'a>) -> Option<RegistryFact> {
        let credential = &entry.credential;
        let evidence = self.evidence;
        let said = credential.said;
        let tell = |code, text: String| Finding::new(code, text).at(entry.offset).about(said);
        let mut here = Vec::new();
        let mut elsewhere = Vec::new();
        for found in evidence.about(said) {
            match found.event.kind {
                RegistryEventKind::Issuance { registry } if registry == credential.registry => here.push(found),
                RegistryEventKind::Issuance { registry } => elsewhere.push((found, registry)),
                RegistryEventKind::Inception { .. } | RegistryEventKind::Revocation { .. } => {}
            }
        }
        let mut seals = Vec::new();
        if let Some(log) = self.logs.log(credential.issuer) {
            for sealed in log.seals(said).filter(|sealed| sealed.seal.sn == 0) {
                if !seals.contains(&sealed.seal.said) {
                    seals.push(sealed.seal.said);
                }
            }
        }
        if seals.len() > 1 {
            let text = format!(
                "the log of `{}` seals {} different issuances of credential `{said}`",
                credential.issuer,
                seals.len()
            );
            self.findings.push(tell(Code::RegistryDuplicity, text));
            return None;
        }
        let issuance = here.iter().find(|found| seals.contains(&found.event.said)).or(here.first()).copied();
        let named_elsewhere = entry.sources.iter().find(|source| {
            let other = evidence.registry.get(source.said).is_some_and(|found| found.event.subject != said);
            source.prefix != said || source.sn != 0 || other
        });
        let Some(issuance) = issuance else {
            if let Some((found, registry)) = elsewhere.first() {
                let text = format!(
                    "credential `{said}` names registry `{}`, and its issuance event stands in `{registry}`",
                    credential.registry
                );
                self.findings.push(tell(Code::RegistryOther, text).at(found.offset));
            } else if let Some(source) = named_elsewhere {
                let text = format!(
                    "the source attached to credential `{said}` names event `{}`, which is not its issuance",
                    source.said
                );
                self.findings.push(tell(Code::SourceMismatch, text));
            } else {
                let text = match seals.first() {
                    Some(seal) => {
                        format!("issuance event `{seal}` of credential `{said}` is sealed, and not in the stream")
                    }
                    None => format!("no issuance event of credential `{said}` is in the stream"),
                };
                self.findings.push(tell(Code::IssuanceMissing, text));
            }
            return None;
        };
        let wrong = entry
            .sources
            .iter()
            .find(|source| source.prefix != said || source.sn != 0 || source.said != issuance.event.said);
        if let Some(source) = wrong {
            let text = format!(
                "the source attached to credential `{said}` names event `{}`, and its issuance is `{}`",
                source.said, issuance.event.said
            );
            self.findings.push(tell(Code::SourceMismatch, text));
            return None;
        }
        if entry.sources.is_empty() {
            let text = format!("credential `{said}` has no source attached: the event that issued it is not named");
            self.findings.push(tell(Code::SourceMissing, text));
            return None;
        }
        let sealed = self.sealed(credential.issuer, said, 0, issuance, "the issuance of credential")?;
        registry_fact(issuance, sealed)
    }

    /// The revocation, and whether there is nothing open about one.
    fn revocation(
        &mut self,
        entry: &CredentialEntry<'a>,
        issued: Option<&RegistryFact>,
    ) -> (Option<RegistryFact>, bool) {
        let credential = &entry.credential;
        let evidence = self.evidence;
        let said = credential.said;
        let presented: Vec<_> = evidence
            .about(said)
            .filter_map(|found| match found.event.kind {
                RegistryEventKind::Revocation { registry, prior } => Some((found, registry, prior)),
                RegistryEventKind::Inception { .. } | RegistryEventKind::Issuance { .. } => None,
            })
            .collect();
        let log = self.logs.log(credential.issuer);
        let seal = log.as_ref().and_then(|log| log.seals(said).find(|sealed| sealed.seal.sn == 1));
        if let Some(sealed) = seal {
            let place = self.place(credential.issuer, sealed.entry);
            let found = presented.iter().find(|(found, ..)| found.event.said == sealed.seal.said);
            let follows = found.is_some_and(|(_, registry, prior)| {
                *registry == credential.registry && issued.is_none_or(|issued| issued.said.as_str() == *prior)
            });
            return match (found, place) {
                (Some((found, ..)), Some(place)) if follows => (registry_fact(found, place), false),
                (_, place) => {
                    let text = format!(
                        "the log of `{}` seals a revocation of credential `{said}` at sn {}, and that event was not presented",
                        credential.issuer, sealed.sn
                    );
                    let offset = place.as_ref().map_or(entry.offset, |place| place.offset);
                    self.findings.push(Finding::new(Code::RevocationWithheld, text).at(offset).about(said));
                    (None, false)
                }
            };
        }
        let mut settled = true;
        for (found, ..) in presented {
            // Nobody's log seals it, so it revokes nothing; unless the log that may do so is cut short.
            let open = found.sources.iter().any(|(sn, source)| {
                let reached = log.as_ref().is_some_and(|log| log.at(*sn).is_some());
                let refused = evidence.events.find(source).is_some_and(|event| event.event.prefix == credential.issuer);
                !reached || (refused && !self.accepted(credential.issuer, source))
            });
            let (code, text) = if open {
                settled = false;
                let why = "and the event that is said to seal it is not there or not accepted";
                (Code::RevocationUnsettled, format!("a revocation of credential `{said}` was presented, {why}"))
            } else {
                let why = "and no log seals it, so it revokes nothing";
                (Code::RevocationNotSealed, format!("a revocation of credential `{said}` was presented, {why}"))
            };
            self.findings.push(Finding::new(code, text).at(found.offset).about(found.event.said));
        }
        (None, settled)
    }

    /// Where the accepted log of `issuer` seals a registry event; else a finding that says why not.
    fn sealed(&mut self, issuer: &str, subject: &str, sn: u64, found: &RegistryEntry<'a>, what: &str) -> Option<Place> {
        let event = &found.event;
        let tell = |code, text: String| Finding::new(code, text).at(found.offset).about(event.said);
        // Without a log there is nothing to say beyond that it is missing.
        let log = self.logs.log(issuer)?;
        let events = &self.evidence.events;
        let seals: Vec<_> =
            log.seals(subject).filter(|sealed| sealed.seal.sn == sn && sealed.seal.said == event.said).collect();
        if found.sources.is_empty() {
            let text = format!("{what} `{subject}` has no source attached: the event that seals it is not named");
            self.findings.push(tell(Code::SourceMissing, text));
            return None;
        }
        if let Some(first) = seals.first() {
            let sealing: BTreeSet<(u64, &str)> =
                seals.iter().filter_map(|sealed| Some((sealed.sn, events.entry(sealed.entry)?.event.said))).collect();
            if let Some((sn, source)) = found.sources.difference(&sealing).next() {
                let text = format!(
                    "the source attached to {what} `{subject}` names event `{source}` at sn {sn}, which does not seal it"
                );
                self.findings.push(tell(Code::SourceMismatch, text));
                return None;
            }
            return self.place(issuer, first.entry);
        }
        if log.was_sealed(subject, sn, event.said) {
            let text = format!("{what} `{subject}` was sealed in an event that `{issuer}` superseded");
            self.findings.push(tell(Code::SealSuperseded, text));
            return None;
        }
        for (sn, source) in &found.sources {
            let (code, text) = match events.find(source) {
                None if log.at(*sn).is_none() => (
                    Code::EventMissing,
                    format!(
                        "{what} `{subject}` is said to be sealed at sn {sn} of `{issuer}`, and that event is not in the stream"
                    ),
                ),
                Some(entry) if entry.event.prefix == issuer && !self.accepted(issuer, source) => {
                    // The log already says why that event is not accepted.
                    let text = format!(
                        "{what} `{subject}` is sealed in event `{source}` of `{issuer}`, which is not accepted"
                    );
                    (Code::NotUsed, text)
                }
                Some(_) | None => (
                    Code::NotSealed,
                    format!("{what} `{subject}` is not sealed in the log of `{issuer}` (sn {sn} was named)"),
                ),
            };
            self.findings.push(tell(code, text));
        }
        None
    }

    fn accepted(&self, prefix: &str, said: &str) -> bool {
        let events = &self.evidence.events;
        self.logs.log(prefix).is_some_and(|log| {
            let accepted = events.find(said).and_then(|entry| log.at(entry.event.sn));
            accepted.and_then(|accepted| events.entry(accepted.entry)).is_some_and(|entry| entry.event.said == said)
        })
    }

    fn place(&self, prefix: &str, entry: usize) -> Option<Place> {
        let entry = self.evidence.events.entry(entry)?;
        Some(Place {
            aid: prefix.parse().ok()?,
            sn: entry.event.sn,
            said: entry.event.said.parse().ok()?,
            offset: entry.offset,
        })
    }
}

fn registry_fact(found: &RegistryEntry<'_>, sealed: Place) -> Option<RegistryFact> {
    Some(RegistryFact { said: found.event.said.parse().ok()?, dated: found.event.dated.to_owned(), sealed })
}
