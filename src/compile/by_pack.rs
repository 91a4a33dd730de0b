//! The rules of a program, and which pack has which.
//!
//! In: the rules, as `compile` makes them, or what the image keeps of them. Out: a rule by its index, and
//! the indices of a pack. A run decides the packs of one flow; the rules of the others stay undecoded.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::blocks::Blocks;
use super::program::{Rule, RuleIndex};

/// Rules, each decoded where it is first asked for.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Rules {
    #[serde(skip)]
    list: Blocks<Rule, 1>,
    packs: BTreeMap<String, Vec<RuleIndex>>,
}

impl From<Vec<Rule>> for Rules {
    fn from(rules: Vec<Rule>) -> Self {
        let mut packs: BTreeMap<String, Vec<RuleIndex>> = BTreeMap::new();
        for (index, rule) in (0..).zip(&rules) {
            for pack in &rule.packs {
                packs.entry(pack.clone()).or_default().push(RuleIndex(index));
            }
        }
        Self { list: rules.into(), packs }
    }
}

impl Rules {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All of them, in program order; decodes each.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.list.iter()
    }

    /// Whether a rule says that it is in this pack.
    pub fn has_pack(&self, pack: &str) -> bool {
        self.packs.contains_key(pack)
    }

    /// The rules of a pack, in program order.
    pub fn of_pack(&self, pack: &str) -> impl Iterator<Item = RuleIndex> + '_ {
        self.packs.get(pack).into_iter().flatten().copied()
    }

    /// The rules of any of these packs, each once, in program order.
    pub fn of_packs<'p>(&self, packs: impl IntoIterator<Item = &'p str>) -> BTreeSet<RuleIndex> {
        packs.into_iter().flat_map(|pack| self.of_pack(pack)).collect()
    }

    /// The rules of a book in the making; which pack has which is told by [`Rules::from`].
    #[cfg(test)]
    pub(crate) fn whole(&mut self) -> &mut Vec<Rule> {
        self.list.whole().expect("it was compiled")
    }

    /// The list as the image keeps it: see [`Blocks::image`].
    pub(super) fn image(&self) -> (Vec<u32>, Vec<u8>) {
        self.list.image()
    }

    /// Puts in the list that [`Rules::image`] gave; none if it is no such list.
    pub(super) fn with_image(&mut self, length: usize, lengths: &[u32], bytes: &'static [u8]) -> Option<()> {
        self.list = Blocks::of_image(length, lengths, bytes)?;
        Some(())
    }
}

impl std::ops::Index<usize> for Rules {
    type Output = Rule;

    #[inline]
    fn index(&self, index: usize) -> &Rule {
        &self.list[index]
    }
}

impl std::ops::Index<RuleIndex> for Rules {
    type Output = Rule;

    #[inline]
    fn index(&self, index: RuleIndex) -> &Rule {
        &self.list[index.0 as usize]
    }
}
