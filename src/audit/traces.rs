//! What a case leaves for comparing it with others: digests of what must be used once, who took part, clocks.
//!
//! In: a snapshot. Out: [`Traces`], kept in the journal and in no report. What cannot be read leaves no trace here: the
//! case's own report says so.

use serde::{Deserialize, Serialize};

use crate::bundle::json::{Numbers, Tree};
use crate::bundle::{Area, FileState, Snapshot};
use crate::facts::FileId;
use crate::primitives::{Instant, Sha256};
use crate::report::audit::Act;
use crate::sign::Envelope;

/// Kinds that are looked into.
const KINDS: [&str; 13] = [
    "challenge",
    "oobi-session",
    "recording",
    "onboarding-request",
    "notification-email",
    "credential",
    "reporting-receipt",
    "revocation-record",
    "data-challenge",
    "lei-monitoring-log",
    "qar-roster",
    "lar-designation",
    "ida-record",
];

/// Longest text that is quoted of evidence.
const QUOTED_MAX: usize = 120;

/// What must be the same nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// Of a challenge.
    Nonce,
    /// Time and people of a session.
    Session,
    /// Digest of a recording.
    Recording,
    /// An authorization that a credential rests on.
    Authorization,
    /// Of an e-mail.
    Message,
}

/// Something that must be used once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// What kind of thing.
    pub topic: Topic,
    /// Its digest.
    pub key: Sha256,
    /// As a reader finds it: a path and an id.
    pub shown: String,
}

/// The side on which somebody takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// QAR1 or QAR2 of the case.
    Qar,
    /// Representative or person of the entity.
    Entity,
    /// Approved a waiver.
    Waiver,
}

/// Somebody who takes part.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Person {
    /// Roster key.
    pub person: String,
    /// Identifier.
    pub aid: String,
    /// On which side.
    pub side: Side,
}

/// A revocation and its clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// The credential.
    pub credential: String,
    /// From the start of the clock to the anchor, in seconds; negative where the record contradicts itself.
    pub seconds: i64,
}

/// A challenge of data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// When GLEIF passed it on.
    pub opened: Instant,
    /// When it was answered.
    pub closed: Option<Instant>,
}

/// Looks at one LEI.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// The LEI.
    pub lei: String,
    /// Seconds since 1970, in order.
    pub at: Vec<i64>,
}

/// A statement of who holds the group's keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// Whose group.
    pub qvi: String,
    /// When.
    pub stated_at: Instant,
    /// Person, AID and index of everybody in force then, in order of index.
    pub members: Vec<(i64, String, String)>,
}

/// A waiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waived {
    /// Its id.
    pub id: String,
    /// The rule.
    pub rule: String,
    /// `used`, `expired`, …
    pub state: String,
    /// Who approved it.
    pub approved_by: Vec<String>,
    /// When it expires.
    pub expires: Instant,
}

/// What a case leaves.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Traces {
    /// Things that must be used once.
    pub claims: Vec<Claim>,
    /// The authorization that ties it to another case, which may then hold the same evidence.
    pub authorization: Option<String>,
    /// Who took part.
    pub people: Vec<Person>,
    /// What it did to a registry.
    pub acts: Vec<Act>,
    /// Whether QAR2 decided for it.
    pub approved: bool,
    /// Whether it was given up or refused.
    pub given_up: bool,
    /// When it says that it was signed.
    pub claimed_at: Option<Instant>,
    /// The latest moment at which a part of it was sealed or recorded.
    pub closed_at: Option<Instant>,
    /// Digests of the files of `decision/`, by which the ledger knows it.
    pub decisions: Vec<Sha256>,
    /// The decision in its envelope, and its digest.
    pub envelope: Option<(Sha256, String)>,
    /// Reported events.
    pub receipts: Vec<Act>,
    /// Clocks of revocations.
    pub revocations: Vec<Revocation>,
    /// Challenges of data.
    pub doubts: Vec<Doubt>,
    /// LEIs that were watched.
    pub watched: Vec<Watched>,
    /// The newest statement of the roster.
    pub roster: Option<Roster>,
    /// Waivers.
    pub waivers: Vec<Waived>,
    /// What others need to check the judgement again, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub judgement: Option<String>,
    /// The row of the ledger about it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub row: Option<u64>,
}

/// Reads what a case leaves.
pub fn traces(snapshot: &Snapshot) -> Traces {
    let mut traces = Traces::default();
    for area in [Area::Bundle, Area::Post] {
        let sealed = snapshot.manifest(area).and_then(|manifest| manifest.text("created_at"));
        traces.closed_at = traces.closed_at.max(sealed.and_then(|text| text.parse().ok()));
    }
    for (id, file) in snapshot.iter().filter(|(_, file)| file.state == FileState::Good) {
        let Some(bytes) = file.bytes().filter(|_| file.path.ends_with(".json")) else { continue };
        if file.area == Area::Decision {
            decision(&mut traces, file.sha256(), &file.path, bytes);
        } else if is_wanted(snapshot, id)
            && let Ok(tree) = Tree::parse(bytes, Numbers::Integers)
        {
            record(&mut traces, &file.path, &tree);
        }
    }
    traces.people.sort();
    traces.people.dedup();
    traces.acts.sort();
    traces.acts.dedup();
    traces
}

fn is_wanted(snapshot: &Snapshot, id: FileId) -> bool {
    snapshot.entry(id).is_some_and(|entry| KINDS.contains(&entry.kind.as_str()))
}

fn decision(traces: &mut Traces, digest: Option<Sha256>, path: &str, bytes: &[u8]) {
    traces.decisions.extend(digest);
    let Ok(tree) = Tree::parse(bytes, Numbers::Integers) else { return };
    if let Some(digest) = digest.filter(|_| path.ends_with(".dsse.json"))
        && let Ok(text) = std::str::from_utf8(bytes)
        && Envelope::unverified(text).is_some()
    {
        traces.envelope = Some((digest, text.to_owned()));
        return;
    }
    traces.closed_at = traces.closed_at.max(instant(&tree, "recorded_at"));
    match text(&tree, "kind") {
        Some("qar-assignment") if text(&tree, "superseded_at").is_none() => {
            person(traces, &tree, ("person_id", "aid"), Side::Qar);
        }
        Some("proposal") => proposal(traces, &tree),
        Some("approval") => {
            person(traces, &tree, ("approver_person_id", "approver_aid"), Side::Qar);
            match text(&tree, "decision") {
                Some("approve") => traces.approved = true,
                Some(_) | None => traces.given_up = true,
            }
        }
        Some("abandonment") => traces.given_up = true,
        Some("partial-signature") => traces.claimed_at = instant(&tree, "signed_at").or(traces.claimed_at),
        Some("waiver") => {
            for by in tree.get("approved_by").and_then(Tree::items).into_iter().flatten() {
                person(traces, by, ("person_id", "aid"), Side::Waiver);
            }
        }
        Some(_) | None => {}
    }
}

/// The last proposal counts; of a draft, what it would issue.
fn proposal(traces: &mut Traces, tree: &Tree<'_>) {
    let Some(draft) = tree.get("draft_credential") else { return };
    let kind = text(tree, "credential_type").unwrap_or_default();
    let Some(said) = text(draft, "d") else { return };
    traces.acts.retain(|act| act.action != "iss");
    traces.acts.push(Act { action: "iss".to_owned(), credential: quoted(said), credential_type: quoted(kind) });
    let authorization = draft.get("e").and_then(|edges| edges.get("auth")).and_then(|edge| text(edge, "n"));
    if let Some(authorization) = authorization {
        traces.authorization = Some(quoted(authorization));
        traces.claims.retain(|claim| claim.topic != Topic::Authorization);
        claim(traces, Topic::Authorization, authorization, format!("authorization {}", quoted(authorization)));
    }
}

fn record(traces: &mut Traces, path: &str, tree: &Tree<'_>) {
    match text(tree, "kind") {
        Some("challenge") => {
            if let Some(nonce) = text(tree, "nonce") {
                claim(traces, Topic::Nonce, nonce, path.to_owned());
            }
        }
        Some("oobi-session") => session(traces, path, tree),
        Some("recording") => {
            if let Some(media) = text(tree, "media_sha256") {
                claim(traces, Topic::Recording, media, path.to_owned());
            }
        }
        Some("onboarding-request" | "notification-email") => {
            if let Some(message) = text(tree, "message_id") {
                claim(traces, Topic::Message, message, path.to_owned());
            }
        }
        Some("credential") => {
            let authorizes = text(tree, "credential_type").is_some_and(|kind| kind.ends_with("_AUTH"));
            if let Some(said) = text(tree, "credential_said").filter(|_| authorizes) {
                traces.authorization.get_or_insert_with(|| quoted(said));
            }
        }
        Some("reporting-receipt") => {
            if let Some((action, credential)) = text(tree, "action").zip(text(tree, "credential_said")) {
                let credential_type = String::new();
                traces.receipts.push(Act { action: quoted(action), credential: quoted(credential), credential_type });
            }
        }
        Some("revocation-record") => revocation(traces, tree),
        Some("data-challenge") => {
            if let Some(opened) = instant(tree, "opened_at") {
                traces.doubts.push(Doubt { opened, closed: instant(tree, "closed_at") });
            }
        }
        Some("lei-monitoring-log") => watched(traces, tree),
        Some("qar-roster") => roster(traces, tree),
        Some("lar-designation") => {
            for lar in tree.get("lars").and_then(Tree::items).into_iter().flatten() {
                person(traces, lar, ("person_id", "aid"), Side::Entity);
            }
        }
        Some(_) | None => {}
    }
}

fn session(traces: &mut Traces, path: &str, tree: &Tree<'_>) {
    let participants = tree.get("participants").and_then(Tree::items).unwrap_or_default();
    let mut aids: Vec<&str> = participants.iter().filter_map(|participant| text(participant, "aid")).collect();
    aids.sort_unstable();
    for participant in participants {
        let entity = matches!(text(participant, "role"), Some("LAR" | "DAR" | "OOR" | "ECR"));
        if entity {
            person(traces, participant, ("person_id", "aid"), Side::Entity);
        }
    }
    if let Some((start, end)) = text(tree, "start").zip(text(tree, "end")) {
        // Each case calls its session as it likes: what makes it the same is when and with whom it was.
        let same = format!("{start} {end} {}", aids.join(" "));
        claim(traces, Topic::Session, &same, format!("{path} (from {})", quoted(start)));
    }
}

fn revocation(traces: &mut Traces, tree: &Tree<'_>) {
    let Some(credential) = text(tree, "credential_said") else { return };
    let kind = text(tree, "credential_type").unwrap_or_default();
    // An authorization is the entity's to revoke, in the entity's registry.
    if !kind.ends_with("_AUTH") {
        traces.acts.push(Act {
            action: "rev".to_owned(),
            credential: quoted(credential),
            credential_type: quoted(kind),
        });
        let seen = instant(tree, "anchor_first_seen_at");
        traces.claimed_at = match (traces.claimed_at, seen) {
            (Some(known), Some(seen)) => Some(known.min(seen)),
            (known, seen) => known.or(seen),
        };
        if let Some((start, seen)) = instant(tree, "clock_started_at").zip(seen) {
            let seconds = (seconds(seen)).saturating_sub(seconds(start));
            traces.revocations.push(Revocation { credential: quoted(credential), seconds });
        }
    }
}

fn watched(traces: &mut Traces, tree: &Tree<'_>) {
    for entry in tree.get("entries").and_then(Tree::items).into_iter().flatten() {
        let answered = entry.get("http_status").and_then(Tree::integer) == Some(200);
        let Some((lei, at)) = text(entry, "lei").zip(instant(entry, "checked_at")).filter(|_| answered) else {
            continue;
        };
        let at = seconds(at);
        match traces.watched.iter_mut().find(|watched| watched.lei == lei) {
            Some(watched) => watched.at.push(at),
            None => traces.watched.push(Watched { lei: quoted(lei), at: vec![at] }),
        }
    }
    for watched in &mut traces.watched {
        watched.at.sort_unstable();
        watched.at.dedup();
    }
}

fn roster(traces: &mut Traces, tree: &Tree<'_>) {
    let Some(stated_at) = instant(tree, "stated_at") else { return };
    if traces.roster.as_ref().is_some_and(|known| known.stated_at >= stated_at) {
        return;
    }
    let in_force = |member: &&Tree<'_>| {
        instant(member, "valid_from").is_none_or(|from| from <= stated_at)
            && instant(member, "valid_to").is_none_or(|to| to > stated_at)
    };
    let members = tree.get("members").and_then(Tree::items).unwrap_or_default();
    let mut members: Vec<(i64, String, String)> = members
        .iter()
        .filter(in_force)
        .filter_map(|member| {
            let index = member.get("group_index")?.integer()?;
            Some((index, quoted(text(member, "person_id")?), quoted(text(member, "aid")?)))
        })
        .collect();
    members.sort();
    let qvi = text(tree, "qvi_aid").map(quoted).unwrap_or_default();
    traces.roster = Some(Roster { qvi, stated_at, members });
}

fn person(traces: &mut Traces, tree: &Tree<'_>, (person, aid): (&str, &str), side: Side) {
    if let Some((person, aid)) = text(tree, person).zip(text(tree, aid)) {
        traces.people.push(Person { person: quoted(person), aid: quoted(aid), side });
    }
}

fn claim(traces: &mut Traces, topic: Topic, of: &str, shown: String) {
    let key = Sha256::of(of.as_bytes());
    if !traces.claims.iter().any(|claim| (claim.topic, claim.key) == (topic, key)) {
        traces.claims.push(Claim { topic, key, shown });
    }
}

/// Seconds since 1970.
pub(super) fn seconds(at: Instant) -> i64 {
    i64::try_from(at.nanoseconds().div_euclid(1_000_000_000)).unwrap_or(i64::MAX)
}

fn text<'t>(tree: &'t Tree<'_>, name: &str) -> Option<&'t str> {
    tree.get(name)?.text()
}

fn instant(tree: &Tree<'_>, name: &str) -> Option<Instant> {
    text(tree, name)?.parse().ok()
}

/// A text of evidence, cut where no id is as long.
fn quoted(text: &str) -> String {
    text.chars().take(QUOTED_MAX).collect()
}
