//! The decision as it will be signed: an in-toto Statement about the bundle, the credential and the event.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::clear::Asked;
use crate::bundle::json::{Numbers, Tree};
use crate::primitives::{Instant, Said, Sha256};
use crate::proposal::{Act, Assigned, Matched};
use crate::report::ReportDocument;

/// What a decision rests on beside the event.
pub(super) struct Basis<'b> {
    pub matched: &'b Matched,
    pub report: &'b ReportDocument,
    pub report_digest: Sha256,
    pub viewed: Sha256,
    pub qar1: &'b Assigned,
    pub qar2: &'b Assigned,
    pub expires: Instant,
}

/// The Statement, in canonical form.
pub(super) fn write(asked: &Asked<'_>, basis: &Basis<'_>) -> String {
    let fresh = asked.fresh;
    let draft = basis.matched.draft();
    let group = basis.matched.group();
    let credential = Tree::parse(draft.credential.text.as_bytes(), Numbers::Text).ok();
    let field = |steps: &[&str]| {
        let found = steps.iter().try_fold(credential.as_ref()?, |tree, step| tree.get(step))?;
        found.text().map(str::to_owned)
    };
    let sha256 = |digest: Sha256| format!("sha256:{digest}");
    let papers = fresh.papers();
    let approval = papers.decision();
    let waivers = basis.report.waivers.iter().filter(|waiver| waiver.state == "used").map(|waiver| &waiver.id);
    let preparers: Vec<_> = papers.preparers.iter().map(ToString::to_string).collect();
    let uses: Vec<_> = papers.uses.iter().map(ToString::to_string).collect();
    let lock = asked.lock.as_ref();
    let ledger = asked.ledger.ok();
    let said = |said: &crate::primitives::Said| format!("keri:{said}");
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            { "name": "bundle", "digest": { "sha256": fresh.snapshot().digest().map(|digest| digest.to_string()) } },
            {
                "name": "acdc",
                "uri": format!("acdc:{}", draft.credential.said),
                "digest": { "sha256": Sha256::of(draft.credential.text.as_bytes()).to_string() },
            },
            {
                "name": "anchor-event",
                "uri": said(&draft.anchor.said),
                "digest": { "sha256": Sha256::of(draft.anchor.text.as_bytes()).to_string() },
            },
        ],
        "predicateType": "urn:countersign:gate-decision:v1",
        "predicate": {
            "decision": "allow",
            "action": action(basis.matched),
            "case": fresh.case_id(),
            "event": {
                "group": group.aid.to_string(),
                "sn": group.sn.to_string(),
                "prior": group.prior.to_string(),
                "said": draft.anchor.said.to_string(),
                event_name(basis.matched): draft.event.said.to_string(),
                "acdc": draft.credential.said.to_string(),
                "registry": field(&["ri"]),
                "schema": field(&["s"]),
                "issuee": field(&["a", "i"]),
                "LEI": field(&["a", "LEI"]),
            },
            "proposal": { "sender": basis.qar1.aid.to_string() },
            "report": sha256(basis.report_digest),
            "judgement": sha256(basis.report.judgement),
            "policy": sha256(fresh.policy()),
            "lock": lock.map(|lock| json!({
                "id": lock.id,
                "serial": lock.serial.to_string(),
                "digest": sha256(lock.digest()),
            })),
            "trust": sha256(asked.trust.digest),
            "live": fresh.fetched_at().map(|at| json!({
                "fetched_at": at.to_string(),
                "dated_by": fresh.dated_by().as_str(),
            })),
            "engine": basis.report.run.engine,
            "waivers": waivers.collect::<Vec<_>>(),
            "actors": {
                "preparer": preparers,
                "proposer": basis.qar1.aid.to_string(),
                "approver": basis.qar2.aid.to_string(),
            },
            "approval": {
                "reason": approval.map(|approval| approval.reasons.join("\n")),
                "viewed_report": sha256(basis.viewed),
                "approved_at": approval.and_then(|approval| approval.decided_at).map(|at| at.to_string()),
            },
            "uses": uses,
            "not_before": fresh.now().to_string(),
            "expires_at": basis.expires.to_string(),
            // As the ledger stood when it was decided; the decision's own row comes after it.
            "log": ledger.map(|ledger| json!({ "size": ledger.size.to_string(), "root": ledger.root.to_string() })),
        },
    });
    canonical(&statement)
}

/// What is done with which credential: `vlei.le.issue`.
fn action(matched: &Matched) -> String {
    let verb = match matched.act() {
        Act::Issue => "issue",
        Act::Revoke(_) => "revoke",
    };
    format!("vlei.{}.{verb}", matched.credential_type().to_lowercase())
}

/// The type of the registry event.
fn event_name(matched: &Matched) -> &'static str {
    match matched.act() {
        Act::Issue => "iss",
        Act::Revoke(_) => "rev",
    }
}

/// What a decision of another moment may say otherwise: what was known then.
const OF_THE_MOMENT: [&str; 12] = [
    "approval",
    "engine",
    "expires_at",
    "judgement",
    "live",
    "lock",
    "log",
    "not_before",
    "policy",
    "report",
    "trust",
    "waivers",
];

/// Whether a draft that was kept is a decision about the same as this one, and rests on this report.
pub(super) fn same_but_for_the_moment(statement: &str, draft: &str, report: &str) -> bool {
    let parse = |text: &str| serde_json::from_str::<Value>(text).ok();
    let (Some(mut now), Some(mut then)) = (parse(statement), parse(draft)) else { return false };
    let digest = format!("sha256:{}", Sha256::of(report.as_bytes()));
    if then["predicate"]["report"] != digest {
        return false;
    }
    for statement in [&mut now, &mut then] {
        let Some(predicate) = statement.get_mut("predicate").and_then(Value::as_object_mut) else { return false };
        predicate.retain(|name, _| !OF_THE_MOMENT.contains(&name.as_str()));
    }
    now == then
}

/// The canonical text of a value whose numbers are texts.
pub(super) fn canonical(value: &Value) -> String {
    // Members of objects are sorted, and no number is in it: this is RFC 8785 already.
    let text = value.to_string();
    let tree = Tree::parse(text.as_bytes(), Numbers::Integers).ok();
    let bytes = tree.as_ref().and_then(crate::bundle::json::canonical::canonical);
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or(text)
}

/// The bundle of a decision, and what it used; `None` if the text is no decision.
pub(super) fn uses(draft: &str) -> Option<(Option<Sha256>, BTreeSet<Sha256>)> {
    let tree = Tree::parse(draft.as_bytes(), Numbers::Integers).ok()?;
    let subject = tree.get("subject")?.items()?.first()?;
    let bundle = subject.get("digest")?.get("sha256").and_then(Tree::text).and_then(|digest| digest.parse().ok());
    let items = tree.get("predicate")?.get("uses")?.items()?;
    let used: Option<BTreeSet<Sha256>> = items.iter().map(|item| item.text()?.parse().ok()).collect();
    Some((bundle, used?))
}

/// The event of the group that a decision is about.
pub(super) fn event(draft: &str) -> Option<Said> {
    let tree = Tree::parse(draft.as_bytes(), Numbers::Integers).ok()?;
    tree.get("predicate")?.get("event")?.get("said")?.text()?.parse().ok()
}
