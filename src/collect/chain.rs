//! One credential of a stream, without a case, to facts.
//!
//! In: a verified [`Chain`], what is trusted. Out: `key_states` and `acdcs` of the chain, `trust` as far as it is
//! given, and a flow that is none. Everything else, evidence and case records above all, is not known because it
//! was not asked for ([`Cause::NotDue`]): a rule that rests on it is not decided by a stream alone.

use bumpalo::Bump;

use crate::bundle::Snapshot;
use crate::facts::schema::{FactSchema, KindClass, KindId};
use crate::facts::table::Layout;
use crate::facts::{Cause, CellValue, Facts};
use crate::keri::Trusted;
use crate::keri::pool::Chain;
use crate::source::Span;

use super::{Collector, RunFacts, cell};

const EMPTY: Span = Span { start: 0, end: 0 };

/// Collects the facts of a chain. `snapshot` holds its stream as the only file; `name` is what its owner calls it.
#[allow(clippy::too_many_arguments)]
pub fn chain<'a>(
    snapshot: &'a Snapshot,
    name: &'a str,
    arena: &'a Bump,
    schema: &FactSchema,
    layout: &Layout,
    chain: &Chain,
    trusted: &'a Trusted,
    run: &RunFacts<'a>,
) -> Facts<'a> {
    let mut collector = Collector::new(snapshot, arena, schema, layout);
    for (at, kind) in schema.kinds().iter().enumerate() {
        let unknown = (kind.class != KindClass::Table).then_some(Cause::NotDue);
        collector.facts.population_mut(KindId(at as u32)).unknown = unknown;
    }
    collector.chain_facts(chain);
    collector.call_it(name);
    if chain.open {
        collector.leave_open(chain);
    }
    collector.run(run);
    collector.pins(trusted);
    // What does not hold is in the verdict of cryptography already.
    for kind in ["key_state", "acdc", "keri_finding", "run", "trust"] {
        if let Some(kind) = schema.kind_named(kind) {
            collector.facts.population_mut(kind).unknown = None;
        }
    }
    collector.facts
}

impl<'a> Collector<'_, 'a> {
    /// Writes the name of the stream as the path of everything in it.
    fn call_it(&mut self, name: &'a str) {
        for kind in ["key_state", "acdc"] {
            let members = self.schema.kind_named(kind).map_or(0, |kind| self.facts.population(kind).members.len());
            (0..members).for_each(|at| self.overwrite(kind, at, "path", CellValue::Text(name)));
        }
    }

    /// Where something was not presented, what the rest does not show is not known to be otherwise.
    fn leave_open(&mut self, chain: &Chain) {
        for (at, log) in chain.logs.iter().enumerate() {
            self.not_shown("key_state", at, &["events", "seals"]);
            if log.fact.delegated_at.is_none() {
                self.not_shown("key_state", at, &["delegated"]);
            }
        }
        for (at, credential) in chain.credentials.iter().enumerate() {
            if !credential.fact.registry_proven {
                self.not_shown("acdc", at, &["registry_proven"]);
            }
            if credential.anchor.is_none() {
                self.not_shown("acdc", at, &["anchor"]);
            }
            if credential.top_issuer.is_none() {
                self.not_shown("acdc", at, &["top_issuer"]);
            }
        }
    }

    fn not_shown(&mut self, kind: &str, at: usize, fields: &[&str]) {
        fields.iter().for_each(|name| self.overwrite(kind, at, name, CellValue::Unknown(Cause::Missing)));
    }

    /// Replaces a field of a member.
    fn overwrite(&mut self, kind: &str, at: usize, name: &str, value: CellValue<'a>) {
        let Some(kind) = self.schema.kind_named(kind) else { return };
        let Some(node) = self.facts.population(kind).members.get(at).copied() else { return };
        let record = self.schema.kind(kind).record;
        let field = self.schema.struct_type(record).field(name);
        if let Some(slot) = field.and_then(|field| self.layout.slot(record, field)) {
            self.facts.set(node, slot, cell(value, EMPTY));
        }
    }

    /// `trust`, as far as a stream alone is judged by it. Without a GEDA that is pinned there is none.
    fn pins(&mut self, trusted: &'a Trusted) {
        let names = ["root_aid", "geda_aid", "qvi_aid", "officers", "officer_threshold", "reporting_agents"];
        let Some(slots) = self.slots("trust", names) else { return };
        let geda = trusted.geda.as_ref().map_or(CellValue::Absent, |geda| CellValue::Text(geda.as_str()));
        let not_due = CellValue::Unknown(Cause::NotDue);
        let cells = [CellValue::Text(trusted.root.as_str()), geda, not_due, not_due, not_due, not_due];
        self.add(&slots, None, EMPTY, cells.map(|value| cell(value, EMPTY)));
    }
}
