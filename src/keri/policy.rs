//! What the governance framework asks of a chain, as far as the stream alone can tell.
//!
//! In: [`Verified`] values, what is trusted, a moment. Out: findings with the rule behind them. It reads
//! nothing that was not verified, and it is small on purpose: policy packs over the same values replace
//! it rule by rule.

use unicode_normalization::UnicodeNormalization;

use super::verdict::{Code, Finding, Trusted};
use super::verified::{CredentialFact, CredentialType, LogFact, StateFact, Verified};
use crate::primitives::{Aid, Instant, Lei};

/// Judges a chain.
pub fn judge(verified: &Verified, trusted: &Trusted, as_of: Instant) -> Vec<Finding> {
    let mut findings = Vec::new();
    for credential in &verified.chain {
        dates(credential, as_of, &mut findings);
        parties(verified, credential, &mut findings);
        match credential.kind {
            Some(CredentialType::Qvi) => authority(verified, credential, trusted, &mut findings),
            Some(CredentialType::Le) => {}
            Some(CredentialType::OorAuth | CredentialType::EcrAuth) => {
                authorization(verified, credential, &mut findings)
            }
            Some(CredentialType::Oor | CredentialType::Ecr) => role(verified, credential, &mut findings),
            None => {}
        }
    }
    leis(verified, &mut findings);
    findings
}

fn about(credential: &CredentialFact, code: Code, text: String) -> Finding {
    Finding::new(code, text).at(credential.offset).about(credential.said.as_str())
}

fn name(credential: &CredentialFact) -> String {
    let kind = credential.kind.map_or("", |kind| kind.as_str());
    format!("{kind} credential `{}`", credential.said)
}

/// The far credential of an edge, if the chain has it.
fn far<'v>(verified: &'v Verified, credential: &CredentialFact, label: &str) -> Option<&'v CredentialFact> {
    let edge = credential.edges.iter().find(|edge| edge.label == label)?;
    verified.credential(&edge.node)
}

/// The QVI credential's issuer is the pinned GEDA, delegated from the root; its issuee is delegated from
/// that GEDA and strong enough.
///
/// Source: Qualified vLEI Issuer Credential Framework v1.5, sections 6.4, 6.5 and 7; Technical
/// Requirements Part 1 v1.3, sections 2.1.1 and 6.2.1.
fn authority(verified: &Verified, credential: &CredentialFact, trusted: &Trusted, findings: &mut Vec<Finding>) {
    let issuer = &credential.issuer;
    // A log that is not there has its finding.
    if let Some(log) = verified.logs.get(issuer).filter(|log| !log.events.is_empty()) {
        let delegated = log.delegator.as_ref() == Some(&trusted.root) && log.delegated_at.is_some();
        if !delegated {
            let text = match &log.delegator {
                Some(other) => format!(
                    "the chain ends at `{other}`, which delegated `{issuer}`, and not at the trusted root `{}`",
                    trusted.root
                ),
                None => format!(
                    "the chain ends at `{issuer}`, which nobody delegated, and not at the trusted root `{}`",
                    trusted.root
                ),
            };
            findings.push(about(credential, Code::WrongRoot, text).rule("VLEI-22"));
        } else if trusted.geda.as_ref().is_some_and(|geda| geda != issuer) {
            let text = format!("{} was issued by `{issuer}`, and not by the GEDA that is pinned", name(credential));
            findings.push(about(credential, Code::WrongGeda, text).rule("QVIW-18"));
        }
    }
    if let Some(qvi) = &credential.issuee {
        delegation(verified, credential, qvi, findings);
        if let Some(state) = verified.state(qvi) {
            strength(credential, qvi, state, findings);
        }
        // What it issued was issued under the state of that time.
        for issued in verified.chain.iter().filter(|issued| issued.issuer == *qvi) {
            if let Some(state) = issued.issued.as_ref().and_then(|fact| verified.state_at(&fact.sealed)) {
                strength(issued, qvi, state, findings);
            }
        }
    }
    if credential.attributes.get("gracePeriod").is_some_and(|days| days.parse::<i64>().is_ok_and(|days| days < 90)) {
        let text = format!("the grace period of {} is shorter than 90 days", name(credential));
        findings.push(about(credential, Code::GraceShort, text).rule("EGF3-QVI-10.1.2.b"));
    }
}

fn delegation(verified: &Verified, credential: &CredentialFact, qvi: &Aid, findings: &mut Vec<Finding>) {
    let Some(log) = verified.logs.get(qvi).filter(|log| !log.events.is_empty()) else { return };
    let geda = &credential.issuer;
    let (code, text) = match (&log.delegator, &log.delegated_at) {
        (Some(delegator), Some(_)) if delegator == geda => return,
        (Some(delegator), _) => {
            let text = format!("QVI `{qvi}` was delegated by `{delegator}`, and its credential was issued by `{geda}`");
            (Code::QviWrongDelegator, text)
        }
        (None, _) => (Code::QviNotDelegated, format!("QVI `{qvi}` has no delegator; `{geda}` must have delegated it")),
    };
    findings.push(about(credential, code, text).rule("QVIW-16"));
}

/// At least two of at least two keys, and a witness pool that tolerates faults.
fn strength(credential: &CredentialFact, qvi: &Aid, state: &StateFact, findings: &mut Vec<Finding>) {
    let mut tell = |code, rule, text: String| {
        let known = findings.iter().any(|finding: &Finding| finding.code == code && finding.message == text);
        if !known {
            findings.push(about(credential, code, text).rule(rule));
        }
    };
    let keys = state.keys.len();
    match state.threshold.min_signers() {
        Some(2..) if keys >= 3 => {}
        Some(2..) => {
            let text = format!("QVI `{qvi}` has {keys} keys; the technical requirements name three");
            tell(Code::QviSmallGroup, "EGF3-TR1-6.2.1.b", text);
        }
        Some(_) | None => {
            let text = format!("one key of {keys} suffices to sign for QVI `{qvi}`; two must sign");
            tell(Code::QviWeakGroup, "QVIW-22", text);
        }
    }
    let (pool, needed) = (state.witnesses.len() as u64, u64::from(state.witness_threshold));
    let (least, most) = sufficient_majority(pool);
    if pool < 5 {
        let text = format!("QVI `{qvi}` has {pool} witnesses; five are needed");
        tell(Code::QviWeakWitnesses, "QVIW-24", text);
    } else if needed < least {
        let text = format!("{needed} of {pool} witnesses suffice for QVI `{qvi}`; {least} must receipt");
        tell(Code::QviWeakWitnesses, "EGF3-TR1-2.1.1", text);
    } else if needed > most {
        let text = format!("QVI `{qvi}` needs {needed} of {pool} receipts, so that no witness may fail");
        tell(Code::QviWitnessesNotFaultTolerant, "EGF3-TR1-2.1.1", text);
    }
}

/// The least and the most receipts of a pool of this size that tolerate its faulty witnesses: with
/// N >= 3F + 1, from (N + F + 1) / 2 to N - F.
///
/// Source: Technical Requirements Part 1 v1.3, section 2.1.1 (KAWA).
fn sufficient_majority(pool: u64) -> (u64, u64) {
    let faulty = pool.saturating_sub(1) / 3;
    ((pool + faulty + 1).div_ceil(2), pool.saturating_sub(faulty))
}

/// The authorization goes to the QVI that issued the LE credential.
///
/// Source: Qualified vLEI Issuer Authorization vLEI Credential Framework, section 6.1.1.
fn authorization(verified: &Verified, credential: &CredentialFact, findings: &mut Vec<Finding>) {
    let Some(le) = far(verified, credential, "le") else { return };
    if credential.issuee.as_ref().is_some_and(|issuee| *issuee != le.issuer) {
        let text = format!(
            "{} was issued to another QVI than `{}`, which issued the LE credential",
            name(credential),
            le.issuer
        );
        findings.push(about(credential, Code::AuthIssuee, text).rule("AUTH-6.1.1.b"));
    }
    let aid = credential.attributes.get("AID").map(|aid| aid.parse::<Aid>());
    match aid {
        Some(Ok(aid)) if aid.as_str().starts_with('B') => {
            let text = format!("{} authorizes `{aid}`, which can never rotate", name(credential));
            findings.push(about(credential, Code::NotTransferable, text).rule("AUTH-6.3"));
        }
        Some(Err(error)) => {
            findings.push(
                about(credential, Code::SchemaInvalid, format!("{}: {error}", name(credential))).rule("AUTH-6.3"),
            );
        }
        Some(Ok(_)) | None => {}
    }
}

/// A role credential says what its authorization says, and rests on the LE credential of its issuer.
///
/// Source: Authorization Framework, section 6.4.1.4; OOR Framework v1.4, sections 6.6.2 and 9.1.
fn role(verified: &Verified, credential: &CredentialFact, findings: &mut Vec<Finding>) {
    let Some(auth) = far(verified, credential, "auth") else { return };
    let mut tell = |code, rule, text| findings.push(about(credential, code, text).rule(rule));
    let mut differ = |label: &str, here: Option<&String>, there: Option<&String>| {
        // Names are compared as people read them: composed or decomposed accents are the same.
        let composed = |value: Option<&String>| value.map(|value| value.nfc().collect::<String>());
        if composed(here) != composed(there) {
            let text = |value: Option<&String>| value.map_or("(missing)".to_owned(), |value| format!("`{value}`"));
            let text =
                format!("{}: {label} is {}, and its authorization says {}", name(credential), text(here), text(there));
            tell(Code::RoleMismatch, "AUTH-6.4.1.4.b", text);
        }
    };
    for label in ["personLegalName", "officialRole", "engagementContextRole"] {
        differ(label, credential.attributes.get(label), auth.attributes.get(label));
    }
    let holder = credential.issuee.as_ref().map(|aid| aid.as_str().to_owned());
    differ("the holder", holder.as_ref(), auth.attributes.get("AID"));
    let dated = |fact: &CredentialFact| {
        let dated = fact.issued.as_ref().map(|issued| issued.dated.parse::<Instant>().ok());
        dated.flatten().or_else(|| fact.attributes.get("dt")?.parse().ok())
    };
    if let (Some(role_at), Some(auth_at)) = (dated(credential), dated(auth))
        && auth_at > role_at
    {
        let text = format!("{} is dated before its authorization ({role_at}, {auth_at})", name(credential));
        tell(Code::AuthAfterRole, "VLEI-08", text);
    }
}

/// Every LEI is one, and all below the QVI's are equal.
fn leis(verified: &Verified, findings: &mut Vec<Finding>) {
    let mut first: Option<(&CredentialFact, &str)> = None;
    // From the root down, so that the difference is told of the lower credential.
    for credential in verified.chain.iter().rev() {
        let Some(text) = credential.attributes.get("LEI") else { continue };
        if let Err(error) = text.parse::<Lei>() {
            let text = format!("{}: {error}", name(credential));
            findings.push(about(credential, Code::LeiMalformed, text).rule("LE-9.1.2.a"));
        }
        if credential.kind == Some(CredentialType::Qvi) {
            continue;
        }
        match first {
            None => first = Some((credential, text)),
            Some((above, lei)) if lei != text => {
                let text = format!("{} says LEI `{text}`, and the {} says `{lei}`", name(credential), name(above));
                findings.push(about(credential, Code::LeiMismatch, text).rule("AUTH-10.1.2.b"));
            }
            Some(_) => {}
        }
    }
}

/// Issuer and issuee can rotate, and have not ended their logs.
///
/// Source: Technical Requirements Part 1 v1.3, section 4.1.2.
fn parties(verified: &Verified, credential: &CredentialFact, findings: &mut Vec<Finding>) {
    let parties = [("issuer", Some(&credential.issuer)), ("issuee", credential.issuee.as_ref())];
    for (which, aid) in parties.into_iter().filter_map(|(which, aid)| Some((which, aid?))) {
        let log: Option<&LogFact> = verified.logs.get(aid);
        let inception = log.and_then(|log| log.states.first());
        let never = aid.as_str().starts_with('B') || inception.is_some_and(|state| state.next_keys == 0);
        let (code, text) = if never {
            (Code::NotTransferable, format!("{}: its {which} `{aid}` can never rotate", name(credential)))
        } else if verified.state(aid).is_some_and(|state| state.next_keys == 0) {
            (Code::Abandoned, format!("{}: its {which} `{aid}` has ended its log", name(credential)))
        } else {
            continue;
        };
        findings.push(about(credential, code, text).rule("EGF3-TR1-4.1.2"));
    }
}

/// Nothing is dated after the moment that is asked about.
fn dates(credential: &CredentialFact, as_of: Instant, findings: &mut Vec<Finding>) {
    let registry = |label, fact: Option<&super::verified::RegistryFact>| fact.map(|fact| (label, fact.dated.clone()));
    let dates = [
        credential.attributes.get("dt").map(|dated| ("the credential", dated.clone())),
        registry("its issuance", credential.issued.as_ref()),
        registry("its revocation", credential.revoked.as_ref()),
    ];
    for (label, text) in dates.into_iter().flatten() {
        let (code, text) = match text.parse::<Instant>() {
            Err(error) => (Code::DateMalformed, format!("{}: {label}: {error}", name(credential))),
            Ok(dated) if dated > as_of => {
                (Code::DatedInFuture, format!("{}: {label} is dated {dated}, after {as_of}", name(credential)))
            }
            Ok(_) => continue,
        };
        findings.push(about(credential, code, text).rule("GATE-7"));
    }
}

/// Role credentials of the stream that rest on an authorization: one each.
///
/// Source: Authorization Framework, section 6.4.1.4.a.
pub fn reused<'v>(verified: &Verified, roles: impl Iterator<Item = (&'v str, &'v str)>) -> Option<Finding> {
    let target = verified.chain.first()?;
    let auth = far(verified, target, "auth")?;
    let all: Vec<&str> = roles.filter(|(_, node)| *node == auth.said.as_str()).map(|(said, _)| said).collect();
    if all.len() < 2 {
        return None;
    }
    let text = format!("{} role credentials rest on the one authorization `{}`", all.len(), auth.said);
    Some(about(target, Code::AuthReused, text).rule("AUTH-6.4.1.4.a"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_majority_is_sufficient_if_it_outvotes_the_faulty() {
        for (pool, majority) in [(4, (3, 3)), (5, (4, 4)), (6, (4, 5)), (7, (5, 5)), (10, (7, 7)), (9, (6, 7))] {
            assert_eq!(sufficient_majority(pool), majority, "{pool}");
        }
    }
}
