//! KERI and ACDC: verified key states, registries, credentials and signatures from CESR bytes.
//!
//! In: a CESR stream and what is trusted. Out: a [`Verdict`] with findings, and everything it rests on
//! as values with their byte offsets ([`Verified`]). Nothing in a stream is believed because it is
//! there: a key event counts when its log accepts it, a registry event when the issuer's log seals it,
//! a credential when its registry issued it and its chain ends at the trusted root.
//!
//! It must not know policies, bundles, the network or the clock. keri-core's types stay inside.

pub mod build;
pub mod cesr;
mod chain;
pub mod evidence;
pub mod json;
pub mod log;
pub mod message;
pub mod pool;
pub mod population;
pub mod remake;
pub mod schema;
pub mod show;
pub mod signature;
pub mod signed;
mod verdict;
mod verified;

pub use verdict::{Answer, Code, Finding, Trusted, Unclear, Verdict, Weight};
pub use verified::{
    CredentialFact, CredentialType, EdgeFact, EventFact, LogFact, Place, RefusedFact, RegistryFact, StateFact, Status,
    Verified,
};

use evidence::Evidence;
use log::Logs;
use message::Credential;
use pool::Chain;
use schema::Library;
use signature::Signatures;

use crate::primitives::{Instant, Said};

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Options<'o> {
    /// The moment that is asked about.
    pub as_of: Instant,
    /// Official schemas, where they are at hand.
    pub schemas: Option<&'o Library>,
    /// The credential; none: the one that no other points to.
    pub credential: Option<&'o Said>,
}

/// What a stream proves of one credential.
#[derive(Debug)]
pub struct Examined {
    /// The verdict of cryptography: digests, signatures, logs, registries, edges and schemas.
    pub verdict: Verdict,
    /// The chain for rules to judge; empty if there is none.
    pub chain: Chain,
}

/// Examines a credential with its chain. What the governance framework asks of a chain is not asked here.
///
/// # Errors
/// Which credential is meant, if that is not clear.
pub fn examine(stream: &[u8], options: &Options<'_>) -> Result<Examined, Unclear> {
    let cryptography =
        |findings, verified| Ok(Examined { verdict: Verdict::of(findings, verified), chain: Chain::default() });
    let messages = match cesr::read(stream) {
        Ok(messages) => messages,
        Err(error) => return cryptography(vec![framing(&error)], Verified::default()),
    };
    let mut evidence = Evidence::collect(&messages);
    let mut findings = std::mem::take(&mut evidence.findings);
    let target = match target(&evidence, options.credential, &findings)? {
        Ok(target) => target,
        Err(missing) => {
            findings.extend(missing);
            return cryptography(findings, Verified { messages: messages.len(), ..Verified::default() });
        }
    };
    let signatures = Signatures::verify(evidence.events.triples());
    let logs = Logs::new(&evidence.events, &signatures);
    let (verified, found) = chain::examine(&evidence, &logs, options.schemas, &target, options.as_of);
    findings.extend(found);

    // Valid is what was proven, not what nobody complained about.
    let mut verdict = Verdict::of(findings, verified);
    let proven = !verdict.verified.chain.is_empty()
        && verdict.verified.chain.iter().all(|credential| credential.status == Status::Issued)
        && verdict.verified.chain.iter().any(|credential| credential.kind == Some(CredentialType::Qvi));
    if verdict.answer == Answer::Valid && !proven {
        let text =
            format!("credential `{target}` could not be traced to a QVI credential and an issuance for every step");
        verdict = verdict.with([Finding::new(Code::Unproven, text).about(&target)]);
    }
    let chain = pool::chain(&messages, &evidence, &logs, &verdict, options);
    Ok(Examined { verdict, chain })
}

/// A framing error as a finding.
fn framing(error: &cesr::CesrError) -> Finding {
    let code = Code::ALL.iter().copied().find(|code| code.as_str() == error.code()).unwrap_or(Code::StreamMalformed);
    Finding::new(code, error.to_string()).at(error.offset())
}

/// The credential that is meant; the inner error is why there is none.
fn target(
    evidence: &Evidence<'_>,
    asked: Option<&Said>,
    findings: &[Finding],
) -> Result<Result<String, Option<Finding>>, Unclear> {
    if let Some(asked) = asked {
        if evidence.credentials.contains_key(asked.as_str()) {
            return Ok(Ok(asked.to_string()));
        }
        // One that is there and unusable has its finding.
        let claimed = evidence.claimed.iter().any(|claimed| claimed == asked.as_str());
        let text = format!("credential `{asked}` is not in the stream");
        let missing = Finding::new(Code::CredentialMissing, text).about(asked.as_str());
        return Ok(Err((!claimed).then_some(missing)));
    }
    let pointed: std::collections::BTreeSet<&str> =
        evidence.credentials.values().flat_map(|entry| nodes(&entry.credential)).collect();
    let tips: Vec<&str> = evidence.credentials.keys().copied().filter(|said| !pointed.contains(said)).collect();
    // What an unusable message would have pointed to is not known, and it decides the verdict anyway.
    let broken = findings.iter().any(|finding| finding.code.weight() == Weight::Invalid);
    match tips.as_slice() {
        [one] => Ok(Ok((*one).to_owned())),
        [] | [_, ..] if broken => Ok(Err(None)),
        [] => Ok(Err(Some(Finding::new(Code::CredentialMissing, "there is no credential in the stream")))),
        several => Err(Unclear::Several(several.iter().filter_map(|said| said.parse().ok()).collect())),
    }
}

/// The credentials that an edge section points to.
fn nodes<'e>(credential: &'e Credential<'_>) -> impl Iterator<Item = &'e str> {
    credential.edges().iter().filter_map(|(_, edge)| edge.get("n")?.text())
}
