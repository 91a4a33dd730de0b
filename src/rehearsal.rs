//! What only tests may have: another clock, a gate without one of its steps, a place at which a run stops.
//!
//! In: three variables of the environment. Out: answers that are `None`, `false` and `Ok` for every user. They are
//! heard only where the feature `rehearsal` is on, which this package turns on for its own tests, *and* debug
//! assertions are, which no release build has. A test compiles this file alone, as a release does, and shows it; so
//! it knows no other module.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// Instants, with commas between them: one for each look at the clock, and the last one from then on.
const NOW: &str = "COUNTERSIGN_REHEARSE_NOW";
/// Steps of the gate to leave out, with commas between them.
const WITHOUT: &str = "COUNTERSIGN_REHEARSE_WITHOUT";
/// `PLACE VISIT hold FILE`: at this visit, make the file and wait until somebody takes it away, or the process.
/// `PLACE VISIT fail`: fail there as a full disk does.
const STOP: &str = "COUNTERSIGN_REHEARSE_STOP";

/// How often a run that waits looks whether it may go on.
const PAUSE: Duration = Duration::from_millis(3);

/// The one way in.
#[cfg(all(feature = "rehearsal", debug_assertions))]
fn told(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}

/// Nobody says anything.
#[cfg(not(all(feature = "rehearsal", debug_assertions)))]
fn told(_: &str) -> Option<String> {
    None
}

/// What the clock says instead.
pub(crate) fn now() -> Option<String> {
    static LOOKS: AtomicUsize = AtomicUsize::new(0);
    let told = told(NOW)?;
    let instants: Vec<&str> = told.split(',').collect();
    let look = LOOKS.fetch_add(1, Ordering::Relaxed).min(instants.len() - 1);
    instants.get(look).map(|instant| (*instant).to_owned())
}

/// Whether the gate leaves out a step.
pub(crate) fn leaves_out(step: &str) -> bool {
    told(WITHOUT).is_some_and(|steps| steps.split(',').any(|left_out| left_out == step))
}

/// A run has come to a place.
///
/// # Errors
/// It is to fail there.
pub(crate) fn reach(place: &str) -> io::Result<()> {
    told(STOP).map_or(Ok(()), |order| stop(place, &order))
}

fn stop(place: &str, order: &str) -> io::Result<()> {
    static VISITS: AtomicUsize = AtomicUsize::new(0);
    let mut words = order.splitn(4, ' ');
    let (Some(at), Some(visit), Some(act)) = (words.next(), words.next(), words.next()) else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{order}` is no order to stop")));
    };
    if at != place || (VISITS.fetch_add(1, Ordering::Relaxed) + 1).to_string() != visit {
        return Ok(());
    }
    match (act, words.next()) {
        ("fail", None) => Err(io::Error::from(io::ErrorKind::StorageFull)),
        ("hold", Some(file)) => {
            fs::write(file, place)?;
            while Path::new(file).exists() {
                thread::sleep(PAUSE);
            }
            Ok(())
        }
        (_, _) => Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{order}` is no order to stop"))),
    }
}
