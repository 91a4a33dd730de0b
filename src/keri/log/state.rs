//! The key state after an event: keri-core's, with what it was read from.

use std::rc::Rc;

use keri_core::event::KeyEvent as CoreEvent;
use keri_core::event::event_data::{
    DelegatedInceptionEvent, EventData, InceptionEvent, InteractionEvent, RotationEvent,
};
use keri_core::event::sections::key_config::NextKeysData;
use keri_core::event::sections::threshold::SignatureThreshold;
use keri_core::event::sections::{InceptionWitnessConfig, KeyConfig, RotationWitnessConfig};
use keri_core::prefix::attached_signature::Index;
use keri_core::prefix::{BasicPrefix, IdentifierPrefix};
use keri_core::state::{EventSemantics, IdentifierState};
use said::SelfAddressingIdentifier;

use super::super::message::{Establishment, KeyEvent, KeyEventKind};
use crate::facts::threshold::Threshold;

/// Most witnesses of an identifier. Rotations carry the pool on without naming it, and each state holds
/// it: a short rotation of a large pool takes many times its size in memory.
pub const WITNESSES_MAX: usize = 64;

/// Keys, thresholds, witnesses and delegator from an event on.
#[derive(Debug, Clone)]
pub struct KeyState<'a> {
    core: IdentifierState,
    /// The keys in force.
    pub keys: Vec<&'a str>,
    /// How many of them must sign.
    pub threshold: Threshold,
    /// Digests of the next keys; none if the log is final.
    pub next: Vec<&'a str>,
    /// The threshold of the next keys.
    pub next_threshold: Option<Threshold>,
    /// The witnesses in force.
    pub witnesses: Vec<&'a str>,
    /// How many of them must receipt.
    pub witness_threshold: u32,
    /// Who delegated the identifier.
    pub delegator: Option<&'a str>,
    /// Configuration traits of the inception.
    pub traits: Vec<&'a str>,
    /// The last establishment event.
    pub established: (u64, &'a str),
}

impl<'a> KeyState<'a> {
    /// The state after an event that follows the one at a place; from `None` after an inception.
    ///
    /// # Errors
    /// What contradicts the state.
    pub fn after(before: Option<(&Rc<Self>, u64)>, event: &KeyEvent<'a>) -> Result<Rc<Self>, String> {
        let mut core = before.map(|(state, _)| state.core.clone()).unwrap_or_default();
        if let Some((_, sn)) = before {
            core.sn = sn;
        }
        let before = before.map(|(state, _)| state);
        let witnesses = match (before, &event.keys) {
            (_, None) => Vec::new(),
            (None, Some(keys)) => witnesses_after(Vec::new(), keys)?,
            (Some(before), Some(keys)) => witnesses_after(before.witnesses.clone(), keys)?,
        };
        let core = core_event(event)?.apply_to(core).map_err(|error| lower(&error.to_string()))?;
        match (before, &event.keys) {
            // An interaction changes nothing but its place: states are shared, or a long log of a large
            // group would hold a copy of all keys for each event.
            (Some(before), None) => Ok(before.clone()),
            (None, None) => Err("the log does not begin with an inception".to_owned()),
            (before, Some(keys)) => Ok(Rc::new(Self {
                core,
                keys: keys.keys.clone(),
                threshold: keys.threshold.clone(),
                next: keys.next.clone(),
                next_threshold: keys.next_threshold.clone(),
                witnesses,
                witness_threshold: keys.witness_threshold,
                delegator: event.delegator.or_else(|| before.and_then(|before| before.delegator)),
                traits: before.map_or_else(|| event.traits.clone(), |before| before.traits.clone()),
                established: (event.sn, event.said),
            })),
        }
    }

    /// Whether keys with these indices may speak for the identifier.
    pub fn satisfied(&self, indices: impl Iterator<Item = u32>) -> bool {
        let indices: Vec<usize> = indices.map(|index| index as usize).collect();
        !indices.is_empty() && self.core.current.threshold.enough_signatures(&indices).is_ok()
    }

    /// Whether signatures on the rotation to `after` meet the threshold of the keys committed to here.
    pub fn next_satisfied(&self, after: &Self, indices: &[(u32, Option<u32>)]) -> bool {
        let indices: Vec<Index> = indices
            .iter()
            .filter_map(|(current, prior)| {
                let current = u16::try_from(*current).ok()?;
                Some(match prior {
                    None => Index::CurrentOnly(current),
                    Some(prior) => Index::BothDifferent(current, u16::try_from(*prior).ok()?),
                })
            })
            .collect();
        let keys = &after.core.current.public_keys;
        self.core.current.next_keys_data.check_threshold(keys, indices.iter()).is_ok()
    }

    /// Whether the identifier can still rotate.
    pub fn transferable(&self) -> bool {
        !self.next.is_empty()
    }
}

/// The witness list after a rotation: cuts must be there, adds must not, and no witness stands twice.
fn witnesses_after<'a>(before: Vec<&'a str>, keys: &Establishment<'a>) -> Result<Vec<&'a str>, String> {
    if let Some(absent) = keys.cut.iter().find(|cut| !before.contains(cut)) {
        return Err(format!("it removes `{absent}`, which is not a witness"));
    }
    let mut witnesses: Vec<&str> = before.into_iter().filter(|witness| !keys.cut.contains(witness)).collect();
    for added in &keys.witnesses {
        if witnesses.contains(added) || keys.cut.contains(added) {
            return Err(format!("it adds witness `{added}` twice, or removes it at once"));
        }
        witnesses.push(added);
    }
    if witnesses.len() > WITNESSES_MAX {
        return Err(format!("it makes a pool of more than {WITNESSES_MAX} witnesses"));
    }
    Ok(witnesses)
}

fn core_event(event: &KeyEvent<'_>) -> Result<CoreEvent, String> {
    let malformed = |text: &str| format!("`{text}` is malformed");
    let key = |text: &&str| text.parse::<BasicPrefix>().map_err(|_| malformed(text));
    let said = |text: &str| text.parse::<SelfAddressingIdentifier>().map_err(|_| malformed(text));
    let prefix = |text: &str| text.parse::<IdentifierPrefix>().map_err(|_| malformed(text));
    let keys = |list: &[&str]| list.iter().map(key).collect::<Result<Vec<_>, _>>();
    let config = |establishment: &Establishment<'_>| -> Result<KeyConfig, String> {
        let next: Vec<_> = establishment.next.iter().map(|text| said(text)).collect::<Result<_, _>>()?;
        let next_threshold = establishment.next_threshold.as_ref().map_or(SignatureThreshold::Simple(0), threshold);
        let current = threshold(&establishment.threshold);
        Ok(KeyConfig::new(keys(&establishment.keys)?, NextKeysData::new(next_threshold, next), Some(current)))
    };
    let absent = || "a field is missing".to_owned();
    let inception = || -> Result<InceptionEvent, String> {
        let establishment = event.keys.as_ref().ok_or_else(absent)?;
        let witnesses = InceptionWitnessConfig {
            tally: SignatureThreshold::Simple(establishment.witness_threshold.into()),
            initial_witnesses: keys(&establishment.witnesses)?,
        };
        Ok(InceptionEvent::new(config(establishment)?, Some(witnesses), None))
    };
    let prior = || said(event.prior.ok_or_else(absent)?);
    let data = match event.kind {
        KeyEventKind::Icp => EventData::Icp(inception()?),
        KeyEventKind::Dip => EventData::Dip(DelegatedInceptionEvent {
            inception_data: inception()?,
            delegator: prefix(event.delegator.ok_or_else(absent)?)?,
        }),
        KeyEventKind::Rot | KeyEventKind::Drt => {
            let establishment = event.keys.as_ref().ok_or_else(absent)?;
            let witnesses = RotationWitnessConfig {
                tally: SignatureThreshold::Simple(establishment.witness_threshold.into()),
                prune: keys(&establishment.cut)?,
                graft: keys(&establishment.witnesses)?,
            };
            let rotation = RotationEvent::new(prior()?, config(establishment)?, witnesses, Vec::new());
            if event.kind == KeyEventKind::Drt { EventData::Drt(rotation) } else { EventData::Rot(rotation) }
        }
        KeyEventKind::Ixn => EventData::Ixn(InteractionEvent::new(prior()?, Vec::new())),
    };
    Ok(CoreEvent::new(prefix(event.prefix)?, event.sn, data))
}

fn threshold(threshold: &Threshold) -> SignatureThreshold {
    let pair = |weight: &crate::facts::threshold::Weight| (weight.numerator.into(), weight.denominator.into());
    match threshold {
        Threshold::Count(count) => SignatureThreshold::simple((*count).into()),
        Threshold::Weighted(groups) => match groups.as_slice() {
            [group] => SignatureThreshold::single_weighted(group.iter().map(pair).collect()),
            groups => SignatureThreshold::multi_weighted(
                groups.iter().map(|group| group.iter().map(pair).collect()).collect(),
            ),
        },
    }
}

/// keri-core's sentences as ours: lower case first.
fn lower(text: &str) -> String {
    let text = text.strip_prefix("Error while applying event: ").unwrap_or(text);
    let mut characters = text.chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}
