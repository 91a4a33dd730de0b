//! What an audit cost, as its report says it.

use std::time::Duration;

use crate::meter::{Meter, Spent, Work};
use crate::report::audit::{Cost, Processor};

/// What was spent until now on so many cases.
pub(super) fn of(meter: &Meter, judged: u64) -> Cost {
    let spent = meter.spent();
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let on = |work: Work| ms(spent.on[work as usize]);
    let Spent { wall, processor, peak_bytes, .. } = &spent;
    Cost {
        cases: judged,
        wall_ms: ms(*wall),
        peak_bytes: *peak_bytes,
        processor_ms: Processor {
            all: ms(*processor),
            read: on(Work::Read),
            hash: on(Work::Hash),
            parse: on(Work::Parse),
            keri: on(Work::Keri),
            evaluate: on(Work::Evaluate),
            other: ms(spent.other()),
        },
    }
}
