//! From the evidence to what it proves: who issues, to whom, in which registry, under whose authority, and
//! where in the group's log.
//!
//! Every value comes from a verified log, a verified credential, the trust file, or a record that the manifest
//! lists; where two of them speak about one value, they must agree.

use std::collections::BTreeSet;

use crate::bundle::json::Numbers;
use crate::bundle::place::{printable, printable_path};
use crate::bundle::{Area, FileState, Snapshot};
use crate::keri::pool::{self, Pooled, PooledCredential, PooledLog, Question, Spot, Standing, Stream};
use crate::keri::{CredentialType, Status, Weight, schema};
use crate::primitives::{Aid, Instant, Lei, Said};
use crate::trust;

use super::error::Unproven;
use super::flow::{Flow, Kind};
use super::records::{self, Document};
use super::{Act, Group, Issue, Proof, Proven, Sources, Subject};

/// The kind that the manifest gives a stream.
const STREAM_KIND: &str = "cesr";

/// The ids of live streams begin here; those of files are places in the snapshot.
const LIVE: u32 = 1 << 31;

/// What the evidence proves is to be signed.
///
/// # Errors
/// The first thing that it does not prove.
pub fn prove(act: &Act, sources: &Sources<'_>) -> Result<Proven, Unproven> {
    let world = World::verify(sources)?;
    let group = world.group()?;
    let manifest = sources.snapshot.manifest(Area::Bundle).ok_or(Unproven::Unsealed)?;
    let sealed = manifest.text("created_at").and_then(|text| text.parse::<Instant>().ok());
    let from = Proof::new(sealed.ok_or(Unproven::Unsealed)?, "is when the bundle was sealed");
    let flow = manifest.text("flow").unwrap_or_default();
    let other = |what: &'static str| Err(Unproven::OtherFlow { flow: printable(flow), what });
    let subject = match (act, Flow::named(flow)) {
        (Act::Issue, Some(Flow::Issue(kind))) => Subject::Issue(Box::new(world.issue(kind)?)),
        (Act::Revoke(credential), Some(Flow::Revoke(kind, cause))) => {
            Subject::Revoke(Box::new(world.revoke(kind, cause, credential.as_ref())?))
        }
        (Act::Issue, Some(Flow::Revoke(..)) | None) => return other("issues"),
        (Act::Revoke(_), Some(Flow::Issue(_)) | None) => return other("revokes"),
    };
    let others = world.pooled.logs.iter().filter(|log| log.aid != group.aid);
    let latest = |log: &PooledLog| Some((log.aid.clone(), log.fact.states.last()?.keys.clone()));
    Ok(Proven { members: others.filter_map(latest).collect(), group, subject, from, to: sources.as_of })
}

/// The streams of a case and what they prove together.
pub(super) struct World<'s> {
    pub(super) sources: &'s Sources<'s>,
    streams: Vec<Stream<'s>>,
    pub(super) pooled: Pooled,
}

impl<'s> World<'s> {
    fn verify(sources: &'s Sources<'s>) -> Result<Self, Unproven> {
        let mut streams = listed(sources.snapshot)?;
        let live = sources.live.iter().zip(LIVE..);
        streams.extend(live.map(|(bytes, id)| Stream { id, bytes }));
        let pooled = pool::verify(&Question {
            streams: &streams,
            drafts: &[],
            detached: &[],
            as_of: sources.as_of,
            schemas: sources.schemas,
            memory: sources.memory,
        });
        let world = Self { sources, streams, pooled };
        let broken = world.pooled.findings.iter().find(|found| found.finding.code.weight() == Weight::Invalid);
        match broken {
            Some(found) => Err(Unproven::Stream { path: world.file(found.spot), why: found.finding.message.clone() }),
            None => Ok(world),
        }
    }

    /// The state of the QVI's group, whose next event it will be.
    fn group(&self) -> Result<Group, Unproven> {
        let trust = self.sources.trust;
        let aid = &trust.qvi_aid;
        let no_log = || Unproven::NoLog { whose: "the QVI", aid: aid.clone() };
        let log = self.log(aid).ok_or_else(no_log)?;
        if log.fact.delegator.as_ref() != Some(&trust.geda_aid) {
            return Err(Unproven::NotDelegated { aid: aid.clone(), geda: trust.geda_aid.clone() });
        }
        let delegator = self.log(&trust.geda_aid);
        delegator.ok_or_else(|| Unproven::NoLog { whose: "the GEDA", aid: trust.geda_aid.clone() })?;
        for log in [Some(log), delegator].into_iter().flatten() {
            if let Some(sn) = log.fact.duplicitous.first() {
                return Err(Unproven::Duplicity { aid: log.aid.clone(), sn: *sn });
            }
        }
        let last = log.fact.events.last().ok_or_else(no_log)?;
        let state = log.fact.states.get(last.state).ok_or_else(no_log)?;
        let sn = log.fact.events.len() as u64;
        let (established, event) = &state.established;
        Ok(Group {
            aid: aid.clone(),
            sn,
            prior: last.said.clone(),
            established: (*established, event.parse().map_err(|_| no_log())?),
            keys: state.keys.clone(),
            threshold: state.threshold.clone(),
            witnesses: state.witnesses.clone(),
            witness_threshold: state.witness_threshold,
            by: format!("the log of the QVI in {}, whose last event is number {}", self.file(log.spot), sn - 1),
        })
    }

    fn issue(&self, kind: Kind) -> Result<Issue, Unproven> {
        match kind.authorization() {
            Some(authorized_by) => self.issue_role(kind, authorized_by),
            None => self.issuance(kind, self.lei()?, self.issuee()?, Vec::new(), self.authorities()?),
        }
    }

    /// What every issuance has: schema, registry and prescribed texts.
    pub(super) fn issuance(
        &self,
        kind: Kind,
        lei: Proof<Lei>,
        issuee: Proof<Aid>,
        attributes: Vec<(String, Proof<String>)>,
        authorities: Vec<Proof<(Said, Said)>>,
    ) -> Result<Issue, Unproven> {
        let trust = self.sources.trust;
        let type_of = kind.pinned();
        let pinned = |pin: &&trust::SchemaPin| {
            let as_of = self.sources.as_of;
            pin.credential_type == type_of && pin.valid_from <= as_of && pin.valid_to.is_none_or(|to| as_of <= to)
        };
        let schemas: Vec<Proof<Said>> = trust
            .schemas
            .iter()
            .filter(pinned)
            .map(|pin| Proof::new(pin.said.clone(), "the trust file, `schemas`"))
            .collect();
        if schemas.is_empty() {
            return Err(Unproven::NoSchema { credential_type: type_of.as_str(), as_of: self.sources.as_of });
        }
        let rules = schema::prescribed(kind.credential_type()).into_iter();
        Ok(Issue {
            kind,
            lei,
            issuee,
            attributes,
            issuer: Proof::new(trust.qvi_aid.clone(), "the trust file, `qvi_aid`"),
            schemas,
            registries: self.registries()?,
            authorities,
            rules: rules.map(|(label, said)| (label.to_owned(), said.clone(), self.text(&said))).collect(),
        })
    }

    /// The LEI of the case, as its manifest says.
    pub(super) fn claimed_lei(&self) -> Result<Proof<Lei>, Unproven> {
        let manifest = self.sources.snapshot.manifest(Area::Bundle).ok_or(Unproven::Unsealed)?;
        let lei = manifest.text("lei").and_then(|text| text.parse::<Lei>().ok());
        let path = "bundle/manifest.json".to_owned();
        let lei = lei.ok_or(Unproven::NoField { path, field: "lei".to_owned() })?;
        Ok(Proof::new(lei, "`bundle/manifest.json`, `lei`"))
    }

    /// The LEI: of the bodies that GLEIF gave for it, and of the request.
    fn lei(&self) -> Result<Proof<Lei>, Unproven> {
        let snapshot = self.sources.snapshot;
        let mut lei: Option<Proof<Lei>> = None;
        for request in records::of_kind(snapshot, "issuance-request")? {
            agree("the LEI", &mut lei, Proof::new(request.value(&["lei"])?, request.by(&["lei"])))?;
        }
        self.lei_of_gleif(&mut lei)
    }

    /// The LEI as the bodies say that GLEIF gave for it, all of which agree with what is known of it.
    pub(super) fn lei_of_gleif(&self, lei: &mut Option<Proof<Lei>>) -> Result<Proof<Lei>, Unproven> {
        let snapshot = self.sources.snapshot;
        let mut proven = None;
        for record in records::of_kind(snapshot, "lei-record")? {
            let asked: Lei = record.value(&["requested_lei"])?;
            if lei.as_ref().is_some_and(|lei| lei.value != asked) {
                continue;
            }
            let body = records::document(snapshot, record.text(&["body_path"])?, Numbers::Text)?;
            let field = ["data", "attributes", "lei"];
            let found = Proof::new(body.value(&field)?, body.by(&field));
            agree("the LEI", lei, found.clone())?;
            proven = Some(found);
        }
        proven.ok_or(Unproven::NoRecord { kind: "lei-record" })
    }

    /// The entity's AID: of the request, with a log of its own that the designated LARs control.
    fn issuee(&self) -> Result<Proof<Aid>, Unproven> {
        let snapshot = self.sources.snapshot;
        let mut issuee: Option<Proof<Aid>> = None;
        for request in records::of_kind(snapshot, "issuance-request")? {
            agree(
                "the AID of the entity",
                &mut issuee,
                Proof::new(request.value(&["le_aid"])?, request.by(&["le_aid"])),
            )?;
        }
        let issuee = issuee.ok_or(Unproven::NoRecord { kind: "issuance-request" })?;
        let whose = "the entity";
        let log = self.log(&issuee.value).ok_or_else(|| Unproven::NoLog { whose, aid: issuee.value.clone() })?;
        if let Some(sn) = log.fact.duplicitous.first() {
            return Err(Unproven::Duplicity { aid: issuee.value, sn: *sn });
        }
        let mut keys: BTreeSet<&String> = BTreeSet::new();
        for designation in records::of_kind(snapshot, "lar-designation")? {
            for aid in lars(&designation)? {
                let log = self.log(&aid).ok_or_else(|| Unproven::NoLog { whose: "a LAR", aid: aid.clone() })?;
                // A member that rotated since is still the one whose key stands in the group.
                keys.extend(log.fact.states.iter().flat_map(|state| &state.keys));
            }
        }
        let state = log.fact.states.last();
        let foreign = state.and_then(|state| state.keys.iter().find(|key| !keys.contains(key)));
        match foreign {
            Some(key) => Err(Unproven::NotTheLars { aid: issuee.value, key: key.clone() }),
            None => Ok(issuee),
        }
    }

    /// The registries of the QVI that its log seals.
    fn registries(&self) -> Result<Vec<Proof<Said>>, Unproven> {
        let aid = &self.sources.trust.qvi_aid;
        let own = self.pooled.registries.iter().filter(|registry| registry.issuer == *aid);
        let proof = |registry: &pool::PooledRegistry| {
            let by = format!(
                "its inception in {}, sealed by event number {} of the QVI",
                self.file(registry.spot),
                registry.sealed_at
            );
            Proof::new(registry.said.clone(), by)
        };
        let registries: Vec<Proof<Said>> = own.map(proof).collect();
        if registries.is_empty() { Err(Unproven::NoRegistry { aid: aid.clone() }) } else { Ok(registries) }
    }

    /// The valid QVI credentials of this QVI.
    fn authorities(&self) -> Result<Vec<Proof<(Said, Said)>>, Unproven> {
        let trust = self.sources.trust;
        let ours = |credential: &&PooledCredential| {
            let fact = &credential.fact;
            fact.kind == Some(CredentialType::Qvi)
                && fact.issuer == trust.geda_aid
                && fact.issuee.as_ref() == Some(&trust.qvi_aid)
                && fact.status == Status::Issued
                && credential.standing == Standing::Valid
        };
        let proof = |credential: &PooledCredential| {
            let by = format!("the QVI credential in {}, issued and not revoked", self.file(credential.spot));
            Proof::new((credential.fact.said.clone(), credential.fact.schema.clone()), by)
        };
        let found: Vec<Proof<(Said, Said)>> = self.pooled.credentials.iter().filter(ours).map(proof).collect();
        if found.is_empty() {
            return Err(Unproven::NoAuthority { qvi: trust.qvi_aid.clone(), geda: trust.geda_aid.clone() });
        }
        Ok(found)
    }

    pub(super) fn log(&self, aid: &Aid) -> Option<&PooledLog> {
        self.pooled.logs.iter().find(|log| log.aid == *aid && !log.fact.events.is_empty())
    }

    /// A prescribed text, of a credential in the streams or of an official schema.
    fn text(&self, said: &Said) -> Option<String> {
        let bodies = self.pooled.credentials.iter().filter_map(|credential| self.bytes(credential.spot));
        let mut rules = bodies.flat_map(super::draft::rules);
        let found = rules.find(|rule| Said::of(rule.as_bytes()) == *said);
        found.or_else(|| self.sources.schemas.and_then(|library| library.text(said)).map(str::to_owned))
    }

    pub(super) fn bytes(&self, spot: Option<Spot>) -> Option<&'s str> {
        let spot = spot?;
        let stream = self.streams.iter().find(|stream| stream.id == spot.stream)?;
        std::str::from_utf8(stream.bytes.get(spot.start..spot.end)?).ok()
    }

    /// The file of something found, for people.
    pub(super) fn file(&self, spot: Option<Spot>) -> String {
        match spot {
            Some(spot) if spot.stream >= LIVE => "the live state".to_owned(),
            Some(spot) => {
                let file = self.sources.snapshot.files().get(spot.stream as usize);
                file.map_or_else(String::new, |file| format!("`{}`", printable_path(&file.path)))
            }
            None => "the streams of the case".to_owned(),
        }
    }
}

/// The streams that the manifest of the bundle lists; each must be as it is listed.
fn listed(snapshot: &Snapshot) -> Result<Vec<Stream<'_>>, Unproven> {
    let manifest = snapshot.manifest(Area::Bundle).filter(|manifest| manifest.complete).ok_or(Unproven::Unsealed)?;
    let entries = manifest.entries.iter().filter(|entry| entry.kind == STREAM_KIND);
    let stream = |path: &str| {
        let id = snapshot.find(&format!("bundle/{path}"))?;
        let file = snapshot.file(id);
        Some(Stream { id: id.0, bytes: file.bytes().filter(|_| file.state == FileState::Good)? })
    };
    let found = entries.map(|entry| {
        let unreadable = || Unproven::Unreadable { path: printable_path(&format!("bundle/{}", entry.path)) };
        stream(&entry.path).ok_or_else(unreadable)
    });
    let mut streams = found.collect::<Result<Vec<_>, _>>()?;
    streams.sort_by_key(|stream| stream.id);
    Ok(streams)
}

/// Takes a value, or says that it is another than the one before.
pub(super) fn agree<T: Clone + PartialEq + ToString>(
    what: &'static str,
    known: &mut Option<Proof<T>>,
    found: Proof<T>,
) -> Result<(), Unproven> {
    match known {
        Some(known) if known.value != found.value => Err(Unproven::Contradiction {
            what,
            one: known.value.to_string(),
            one_by: known.by.clone(),
            other: found.value.to_string(),
            other_by: found.by,
        }),
        Some(_) => Ok(()),
        None => {
            *known = Some(found);
            Ok(())
        }
    }
}

/// The identifiers of the designated LARs.
fn lars(designation: &Document<'_>) -> Result<Vec<Aid>, Unproven> {
    let no_field = || Unproven::NoField { path: printable_path(designation.path), field: "lars".to_owned() };
    let items = designation.tree.get("lars").and_then(|lars| lars.items()).ok_or_else(no_field)?;
    let aids = items.iter().map(|lar| lar.get("aid").and_then(|aid| aid.text()).and_then(|aid| aid.parse().ok()));
    aids.collect::<Option<Vec<Aid>>>().filter(|aids| !aids.is_empty()).ok_or_else(no_field)
}
