//! The state of every credential, and what follows from it.
//!
//! In: what registries prove, what cases say, what GLEIF said, the times of the rule book, and now. Out: findings and
//! how many credentials are in which state. The clocks are here; everything that only a rule can tell is not.

use std::collections::{BTreeMap, BTreeSet};

use super::cases::Cases;
use super::finding::{Class, Finding, Kind};
use super::look::History;
use super::registry::{CredentialText, Entry, QviSeal, Registries, Sealed, What};
use crate::bundle::place::printable;
use crate::keri::CredentialType;
use crate::primitives::{Aid, Duration, Instant, Lei};

/// The times that the rule book gives, as they are in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// From a bad status of the LEI to the revocation.
    pub lei_breach: Duration,
    /// From the end of an authorization, or of the entity's credential, to that of the role.
    pub role_revocation: Duration,
    /// Days of grace where the credential of the QVI states none.
    pub grace_days: i64,
    /// Between two looks at an LEI.
    pub max_gap: Duration,
    /// Oldest copy of GLEIF's data with which a look counts.
    pub copy_max_age: Duration,
    /// How far two clocks may differ.
    pub skew: Duration,
    /// Days before a renewal at which the entity is warned.
    pub renewal_days: i64,
}

/// What is judged.
#[derive(Debug, Clone, Copy)]
pub struct World<'w> {
    /// Registries and logs.
    pub registries: &'w Registries,
    /// Cases.
    pub cases: &'w Cases,
    /// Looks at LEIs.
    pub looks: &'w BTreeMap<String, History>,
    /// Times of the rule book.
    pub times: &'w Times,
    /// The QVI.
    pub qvi: &'w Aid,
    /// Now.
    pub as_of: Instant,
    /// When each finding that is still open was first seen: nobody stops a clock with a date of his own.
    pub first_seen: &'w BTreeMap<String, Instant>,
}

/// The state of a credential, in the order in which it gets worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Nothing is due.
    Issued,
    /// Its LEI is to be renewed soon.
    AtRisk,
    /// Its LEI is not in good standing.
    Breach,
    /// What it rests on is gone.
    ToBeRevoked,
    /// The credential of its QVI is revoked.
    Ghost,
    /// It is revoked.
    Revoked,
    /// Its registry does not prove it.
    Unproven,
}

/// What was judged.
#[derive(Debug, Default)]
pub struct Judgement {
    /// What was found, worst first.
    pub findings: Vec<Finding>,
    /// How many credentials are in which state.
    pub states: BTreeMap<State, usize>,
}

impl State {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::AtRisk => "at risk",
            Self::Breach => "in breach",
            Self::ToBeRevoked => "to be revoked",
            Self::Ghost => "ghosts",
            Self::Revoked => "revoked",
            Self::Unproven => "not proven",
        }
    }
}

/// The LEIs to look at: those of credentials that the QVI has issued and not revoked. What is no LEI is none to ask for.
pub fn leis(registries: &Registries, qvi: &Aid) -> BTreeSet<Lei> {
    let live = registries.entries.iter().filter(|(_, entry)| is_live(entry) && is_of(entry, qvi));
    live.filter_map(|(said, _)| registries.texts.get(said)?.lei.as_deref()?.parse().ok()).collect()
}

fn is_of(entry: &Entry, qvi: &Aid) -> bool {
    entry.owner.as_deref() == Some(qvi.as_str())
}

fn is_live(entry: &Entry) -> bool {
    entry.issued.is_some() && entry.revoked.is_none()
}

/// Judges.
pub fn judge(world: &World<'_>) -> Judgement {
    let mut judge = Judge { world, findings: Vec::new(), states: BTreeMap::new(), by_lei: BTreeMap::new() };
    judge.streams();
    judge.seals();
    let ends = judge.qvi_credentials();
    for (said, entry) in &world.registries.entries {
        judge.credential(said, entry, &ends);
    }
    judge.leis();
    judge.contracts();
    let Judge { mut findings, states, .. } = judge;
    findings.sort_by(|a, b| (a.class, a.kind, &a.id).cmp(&(b.class, b.kind, &b.id)));
    findings.dedup_by(|a, b| a.id == b.id);
    Judgement { findings, states }
}

struct Judge<'j, 'w> {
    world: &'j World<'w>,
    findings: Vec<Finding>,
    states: BTreeMap<State, usize>,
    /// Live credentials of the QVI by LEI.
    by_lei: BTreeMap<String, Vec<(String, Entry)>>,
}

/// The end of a QVI's credential.
struct QviEnd {
    said: String,
    revoked_at: Instant,
    grace_ends: Option<Instant>,
    days: i64,
}

const COMPROMISE: &str = "treat it as a key compromise until it is explained: stop all signing and tell an officer, who \
    reports it to GLEIF within a day; if a case approved it, put that case into the folder of cases";

impl Judge<'_, '_> {
    fn tell(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    fn streams(&mut self) {
        for (name, why) in &self.world.registries.unreadable {
            let message = format!("the stream `{}` cannot be read: {}", printable(name), printable(why));
            let help = "fetch it again from the witnesses; until then what it holds is not watched";
            self.findings.push(Finding::new(Kind::StreamUnreadable, Class::Unknown, name, message, help));
        }
        for (aid, sn, saids) in &self.world.registries.forks {
            let own = aid == self.world.qvi.as_str();
            let class = if own { Class::Block } else { Class::Warn };
            let message = format!("the log of `{aid}` has two signed events at place {sn}: `{}`", saids.join("`, `"));
            let help = if own {
                COMPROMISE
            } else {
                "ask the holder which of the two is theirs; rely on nothing that rests on this log until then"
            };
            self.findings.push(Finding::new(Kind::ForkedLog, class, &format!("{aid}/{sn}"), message, help));
        }
        for (said, sn) in &self.world.registries.refused {
            let message = format!(
                "event `{said}` at place {sn} of the QVI's log is not accepted: it is not signed, \
                receipted or placed as the log demands"
            );
            let help = "fetch the log again from all witnesses; if it stays, tell an officer: somebody made an event";
            self.findings.push(Finding::new(Kind::StatusUnknown, Class::Unknown, said, message, help));
        }
    }

    /// Everything that the log of the QVI seals has a case, and the case an approval.
    fn seals(&mut self) {
        let world = self.world;
        let mut used: BTreeSet<&str> = BTreeSet::new();
        for entry in world.registries.entries.values().filter(|entry| is_of(entry, world.qvi)) {
            let explained = entry.issued.iter().any(|issued| world.cases.approved.contains(&issued.said));
            used.extend(entry.registry.as_deref().filter(|_| explained));
        }
        for seal in &world.registries.seals {
            let registry = world.cases.registries.contains(&seal.said)
                || world.cases.registries.contains(&seal.subject)
                || used.contains(seal.subject.as_str());
            match seal.what {
                Some(What::Registry) if registry => {}
                Some(What::Issuance | What::Revocation) | None if self.is_explained(seal) => {}
                Some(What::Registry | What::Issuance | What::Revocation) | None => self.orphan(seal),
            }
        }
    }

    fn is_explained(&self, seal: &QviSeal) -> bool {
        let cases = self.world.cases;
        let revokes = seal.what == Some(What::Revocation) && cases.revokes.contains_key(&seal.subject);
        // A registry whose inception was not presented is known by its name.
        let registry = seal.what.is_none() && seal.subject_sn == 0 && cases.registries.contains(&seal.subject);
        cases.approved.contains(&seal.said) || revokes || registry
    }

    fn orphan(&mut self, seal: &QviSeal) {
        let text = self.world.registries.texts.get(&seal.subject);
        let lei = text.and_then(|text| text.lei.as_deref());
        let what = match seal.what {
            Some(What::Registry) => "the inception of registry",
            Some(What::Issuance) => "the issuance of credential",
            Some(What::Revocation) => "the revocation of credential",
            None => "an event that was not presented, of",
        };
        let place = format!("event {} of the QVI's log seals {what} `{}` (`{}`)", seal.sn, seal.subject, seal.said);
        let finding = match self.world.cases.events.get(&seal.said) {
            Some(case) => Finding::new(
                Kind::UndecidedEvent,
                Class::Block,
                &seal.said,
                format!("{place}; case `{}` has it, and holds no approval of QAR2", printable(case)),
                COMPROMISE,
            ),
            None => Finding::new(
                Kind::OrphanEvent,
                Class::Block,
                &seal.said,
                format!("{place}, and no case has it"),
                COMPROMISE,
            ),
        };
        self.tell(finding.of_lei(lei));
    }

    /// QVI credentials of this QVI that are revoked.
    fn qvi_credentials(&mut self) -> Vec<QviEnd> {
        let world = self.world;
        let mut ends = Vec::new();
        let mut known = false;
        for (said, text) in &world.registries.texts {
            let own = text.kind == Some(CredentialType::Qvi) && text.issuee.as_deref() == Some(world.qvi.as_str());
            if !own {
                continue;
            }
            known = true;
            let Some(entry) = world.registries.entries.get(said).filter(|entry| entry.issued.is_some()) else {
                let message = format!(
                    "the registry of QVI credential `{said}` is not among the streams, so whether GLEIF \
                    revoked it is not known"
                );
                let help = "fetch GLEIF's registry and log as well, and put them with the other registries";
                self.tell(Finding::new(Kind::StatusUnknown, Class::Unknown, said, message, help));
                continue;
            };
            let Some(revoked) = &entry.revoked else { continue };
            let revoked_at = self.began(revoked, &format!("{}:{said}", Kind::Grace.as_str()));
            let days = text.grace_days.unwrap_or(world.times.grace_days);
            let grace_ends = revoked_at.checked_add_days(days);
            ends.push(QviEnd { said: said.clone(), revoked_at, grace_ends, days });
            let live =
                world.registries.entries.values().filter(|entry| is_of(entry, world.qvi) && is_live(entry)).count();
            let message = format!(
                "QVI credential `{said}` was revoked {revoked_at}, with {days} days of grace; {live} credentials of the QVI \
                 are still issued"
            );
            let help = "stop issuing; an officer tells every entity the day, helps it to another QVI, and two QARs revoke \
                every credential before the grace period ends; then GLEIF gets the revocation log";
            let finding = Finding::new(Kind::Grace, Class::Block, said, message, help);
            self.tell(finding.clocked(revoked_at, grace_ends, world.as_of));
        }
        if !known {
            let message = format!(
                "no credential of the QVI `{}` is in any case or stream, so whether GLEIF revoked it is \
                not known",
                world.qvi
            );
            let help = "put the credential of the QVI, with GLEIF's registry and logs, with the other registries";
            self.tell(Finding::new(Kind::StatusUnknown, Class::Unknown, world.qvi.as_str(), message, help));
        }
        ends
    }

    /// When something began: at the date that its issuer gives, and no later than it was first seen.
    fn began(&self, event: &Sealed, id: &str) -> Instant {
        let seen = self.world.first_seen.get(id).copied().unwrap_or(self.world.as_of);
        event.dated.map_or(seen, |dated| dated.min(seen))
    }

    fn count(&mut self, state: State) {
        *self.states.entry(state).or_default() += 1;
    }

    fn credential(&mut self, said: &str, entry: &Entry, ends: &[QviEnd]) {
        let world = self.world;
        if entry.owner.is_none() || entry.issued.is_none() && is_of(entry, world.qvi) {
            self.count(State::Unproven);
            let registry = entry.registry.as_deref().unwrap_or_default();
            let message =
                format!("no accepted log seals registry `{registry}` with the issuance of credential `{said}`");
            let help = "fetch the registry and the log of its owner again, and put them with the other registries";
            return self.tell(Finding::new(Kind::StatusUnknown, Class::Unknown, said, message, help));
        }
        if !is_of(entry, world.qvi) {
            return;
        }
        if entry.revoked.is_some() {
            return self.count(State::Revoked);
        }
        let Some(text) = world.registries.texts.get(said) else {
            self.count(State::Unproven);
            // Of an event that no case has, the alarm is told already.
            if !entry.issued.as_ref().is_some_and(|issued| world.cases.approved.contains(&issued.said)) {
                return;
            }
            let message = format!("credential `{said}` is issued, and its text is in no case and no stream");
            let help = "put the case of the credential into the folder of cases, or its stream with the registries";
            return self.tell(Finding::new(Kind::StatusUnknown, Class::Unknown, said, message, help));
        };
        if let Some(lei) = &text.lei {
            self.by_lei.entry(lei.clone()).or_default().push((said.to_owned(), entry.clone()));
        }
        let mut state = self.ground(text);
        for end in ends {
            state = state.max(self.below(text, entry, end));
        }
        state = state.max(self.standing(text));
        self.count(state);
    }

    /// The state that the LEI gives; what is to be said of it is said once for the LEI.
    fn standing(&self, text: &CredentialText) -> State {
        let history = text.lei.as_ref().and_then(|lei| self.world.looks.get(lei));
        let Some(history) = history else { return State::Issued };
        if history.bad_since.is_some() {
            return State::Breach;
        }
        match self.renewal(history) {
            Some(_) => State::AtRisk,
            None => State::Issued,
        }
    }

    /// The renewal date, if it is near.
    fn renewal(&self, history: &History) -> Option<Instant> {
        let renewal = history.newest.as_ref()?.next_renewal_at?;
        let warn_from = renewal.checked_add_days(-self.world.times.renewal_days)?;
        (self.world.as_of >= warn_from).then_some(renewal)
    }

    /// What a role rests on: its authorization, and the entity's credential.
    fn ground(&mut self, text: &CredentialText) -> State {
        let world = self.world;
        let (said, lei) = (text.said.as_str(), text.lei.as_deref());
        let role = match text.kind {
            Some(CredentialType::Oor) => "official role",
            Some(CredentialType::Ecr) => "engagement role",
            Some(CredentialType::Qvi | CredentialType::Le | CredentialType::OorAuth | CredentialType::EcrAuth)
            | None => {
                return State::Issued;
            }
        };
        let mut state = State::Issued;
        let edge = |text: &CredentialText, label: &str| {
            text.edges.iter().find(|(name, _)| name == label).map(|(_, node)| node.clone())
        };
        let auth = edge(text, "auth");
        let auth_text = auth.as_ref().and_then(|auth| world.registries.texts.get(auth));
        let entity = edge(text, "le").or_else(|| auth_text.and_then(|auth| edge(auth, "le")));
        let contracts = lei.map(|lei| world.cases.contracts_of(lei)).unwrap_or_default();
        let hours = contracts.iter().filter_map(|contract| contract.ecr_hours).min();
        let agreed = hours.filter(|_| text.kind == Some(CredentialType::Ecr));
        let limit =
            agreed.map_or(world.times.role_revocation, |hours| Duration::from_seconds(hours.saturating_mul(3600)));
        if entity.is_none() {
            let message = format!(
                "{role} credential `{said}` rests on authorization `{}`, whose text is in no case and no stream, so the \
                 credential of the entity is not known",
                auth.as_deref().unwrap_or_default()
            );
            let help = "put the case of the authorization into the folder of cases, or its stream with the registries";
            let mut finding = Finding::new(Kind::StatusUnknown, Class::Unknown, said, message, help).of_lei(lei);
            finding.id = format!("{}:{said}:entity", Kind::StatusUnknown.as_str());
            self.tell(finding);
        }
        for (what, below) in [("authorization", auth), ("Legal Entity credential", entity)] {
            let Some(below) = below else { continue };
            let id = format!("{}:{said}:{below}", Kind::RoleGroundGone.as_str());
            match world.registries.entries.get(&below) {
                Some(entry) if entry.revoked.is_some() => {
                    let Some(revoked) = &entry.revoked else { continue };
                    let began = self.began(revoked, &id);
                    let message = format!(
                        "{role} credential `{said}` is issued, and its {what} `{below}` was revoked {began}; it is to be \
                         revoked within {limit}"
                    );
                    let help = "two QARs revoke the credential and report it to GLEIF where it is an official role";
                    let mut finding = Finding::new(Kind::RoleGroundGone, Class::Block, said, message, help).of_lei(lei);
                    finding.id = id;
                    self.tell(finding.clocked(began, began.checked_add(limit), world.as_of));
                    state = State::ToBeRevoked;
                }
                Some(entry) if entry.issued.is_some() => {}
                Some(_) | None => {
                    let message = format!(
                        "the registry of {what} `{below}` is not among the streams, so whether {role} credential `{said}` \
                         is to be revoked is not known"
                    );
                    let help =
                        "fetch the registry and the log of the entity each day, and put them with the registries";
                    self.tell(Finding::new(Kind::StatusUnknown, Class::Unknown, &below, message, help).of_lei(lei));
                }
            }
        }
        state
    }

    /// What follows from the end of the QVI's credential.
    fn below(&mut self, text: &CredentialText, entry: &Entry, end: &QviEnd) -> State {
        let (said, lei, as_of) = (text.said.as_str(), text.lei.as_deref(), self.world.as_of);
        let dated = entry.issued.as_ref().and_then(|issued| issued.dated);
        if dated.is_some_and(|dated| dated > end.revoked_at) {
            let message = format!(
                "credential `{said}` was issued after QVI credential `{}` was revoked {}",
                end.said, end.revoked_at
            );
            let help = "stop issuing; an officer finds out who signed it and tells GLEIF; two QARs revoke it";
            self.tell(Finding::new(Kind::IssuedAfterEnd, Class::Block, said, message, help).of_lei(lei));
        }
        if end.grace_ends.is_some_and(|ends| as_of > ends) {
            let message = format!(
                "credential `{said}` is still issued, and the {} days of grace after the end of QVI credential `{}` are over",
                end.days, end.said
            );
            let help = "two QARs revoke it at once and report it to GLEIF";
            let finding = Finding::new(Kind::GraceOver, Class::Block, said, message, help).of_lei(lei);
            self.tell(finding.clocked(end.revoked_at, end.grace_ends, as_of));
        }
        State::Ghost
    }

    fn leis(&mut self) {
        let world = self.world;
        let watched = std::mem::take(&mut self.by_lei);
        for (lei, credentials) in &watched {
            let saids: Vec<&str> = credentials.iter().map(|(said, _)| said.as_str()).take(SHOWN).collect();
            let shown = shown(&saids, credentials.len());
            let history = world.looks.get(lei).cloned().unwrap_or_default();
            self.seen(lei, credentials, &history);
            if let Some(since) = history.bad_since {
                let look = history.tried.as_ref();
                let status = |status: Option<&String>| status.map_or("unknown".to_owned(), |status| printable(status));
                let message = format!(
                    "LEI `{lei}` is {} with a registration that is {}, published {since}; {shown} still issued, and to be \
                     revoked within {}",
                    status(look.and_then(|look| look.entity_status.as_ref())),
                    status(look.and_then(|look| look.registration_status.as_ref())),
                    world.times.lei_breach
                );
                let help = "two QARs revoke the credential of the entity, and its roles with it, unless GLEIF's record \
                    is good again before; then they report the revocations to GLEIF";
                let finding = Finding::new(Kind::LeiBreach, Class::Block, lei, message, help).of_lei(Some(lei));
                self.tell(finding.clocked(since, since.checked_add(world.times.lei_breach), world.as_of));
            } else if let Some(renewal) = self.renewal(&history) {
                let message = format!("LEI `{lei}` is to be renewed by {renewal}; {shown} issued on it");
                let help = "write to the DAR and the LARs in the contract-register that the credential is revoked if the LEI \
                    lapses, and save the message as a customer-notice of type renewal-warning";
                let mut finding = Finding::new(Kind::LeiRenewal, Class::Warn, lei, message, help).of_lei(Some(lei));
                finding.id = format!("{}:{lei}:{}", Kind::LeiRenewal.as_str(), renewal.date());
                let from = renewal.checked_add_days(-world.times.renewal_days).unwrap_or(renewal);
                self.tell(finding.clocked(from, Some(renewal), world.as_of));
            }
        }
    }

    /// The LEI was looked at in time.
    fn seen(&mut self, lei: &str, credentials: &[(String, Entry)], history: &History) {
        let world = self.world;
        let issued = credentials.iter().filter_map(|(_, entry)| entry.issued.as_ref()?.dated).max();
        let newest = history.newest.as_ref().map(|look| look.checked_at);
        // A date of the issuer in the future begins no watch.
        let from = newest.or(issued).filter(|from| *from <= world.as_of);
        let due = from.and_then(|from| from.checked_add(world.times.max_gap));
        if due.is_some_and(|due| world.as_of <= due) && newest.is_some() {
            return;
        }
        let answer = match &history.tried {
            None => "nobody has looked yet".to_owned(),
            Some(look) if look.http_status != 200 => {
                format!("GLEIF answered {} at {}", look.http_status, look.checked_at)
            }
            Some(look) => match look.published_at {
                Some(published) => {
                    format!("the newest record, looked at {}, was published {published}", look.checked_at)
                }
                None => format!("the newest record, looked at {}, does not say when it was published", look.checked_at),
            },
        };
        let class = if due.is_some_and(|due| world.as_of <= due) { Class::Warn } else { Class::Block };
        let last = newest.map_or("no look that counts yet".to_owned(), |at| format!("last seen {at}"));
        let message = format!(
            "the standing of LEI `{}` is not known: {last}; {answer}; at most {} may lie between two looks",
            printable(lei),
            world.times.max_gap
        );
        let help = "run the watch again when GLEIF answers, or with a Golden Copy of today; an officer records why the watch \
            stood still: what was missed cannot be made up";
        let finding = Finding::new(Kind::LeiUnseen, class, lei, message, help).of_lei(Some(lei));
        self.tell(finding.clocked(from.unwrap_or(world.as_of), due, world.as_of));
    }

    /// The entity of a live Legal Entity credential has a contract that runs.
    fn contracts(&mut self) {
        let world = self.world;
        for (said, entry) in &world.registries.entries {
            let Some(text) = world.registries.texts.get(said) else { continue };
            let Some(lei) = text.lei.as_deref() else { continue };
            let entity = text.kind == Some(CredentialType::Le) && is_of(entry, world.qvi) && is_live(entry);
            let contracts = world.cases.contracts_of(lei);
            if !entity || contracts.is_empty() {
                continue;
            }
            let ends: Option<Vec<Instant>> = contracts.iter().map(|contract| contract.ends_at).collect();
            let Some(ended) = ends.and_then(|ends| ends.into_iter().max()).filter(|end| *end <= world.as_of) else {
                continue;
            };
            let message = format!("the contract of LEI `{lei}` ended {ended}, and credential `{said}` is still issued");
            let help = "two QARs revoke the credential, or an officer puts the new contract into the contract-register";
            let mut finding = Finding::new(Kind::ContractOver, Class::Block, said, message, help).of_lei(Some(lei));
            finding.since = Some(ended);
            self.tell(finding);
        }
    }
}

/// Most credentials that a message names.
const SHOWN: usize = 3;

fn shown(saids: &[&str], count: usize) -> String {
    let more = match count.saturating_sub(saids.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let verb = if count == 1 { "credential" } else { "credentials" };
    let are = if count == 1 { "is" } else { "are" };
    format!("{verb} `{}`{more} {are}", saids.join("`, `"))
}
