//! The loops over many things: every core takes the next one until none is left.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// What becomes of each item, in order; a thread a core, each with a state of its own.
pub(crate) fn on_all_cores<T: Sync, S: Default, R: Send>(items: &[T], work: impl Fn(&mut S, &T) -> R + Sync) -> Vec<R> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let worker = || {
        let (mut state, mut done) = (S::default(), Vec::new());
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return done };
            done.push((at, work(&mut state, item)));
        }
    };
    let mut done: Vec<(usize, R)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..cores).map(|_| scope.spawn(worker)).collect();
        let mut done = worker();
        for other in others {
            match other.join() {
                Ok(theirs) => done.extend(theirs),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Does the work for each place from 0 on, and keeps nothing of it; a thread a core, each with a state of its own.
/// After a failure no other is begun.
///
/// # Errors
/// Of the failures, that of the first place.
pub(crate) fn each_on_all_cores<S: Default, E: Send>(
    count: usize,
    work: impl Fn(&mut S, usize) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let is_over = AtomicBool::new(false);
    let failure: Mutex<Option<(usize, E)>> = Mutex::new(None);
    let worker = || {
        let mut state = S::default();
        while !is_over.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count {
                return;
            }
            if let Err(error) = work(&mut state, at) {
                is_over.store(true, Ordering::Relaxed);
                let mut failure = failure.lock().unwrap_or_else(PoisonError::into_inner);
                if failure.as_ref().is_none_or(|(first, _)| at < *first) {
                    *failure = Some((at, error));
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..cores {
            scope.spawn(worker);
        }
        worker();
    });
    match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        None => Ok(()),
        Some((_, error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_worked_on_once_and_a_failure_ends_it() {
        let done: Vec<AtomicUsize> = (0..1000).map(|_| AtomicUsize::new(0)).collect();
        let work = |(): &mut (), at: usize| {
            done[at].fetch_add(1, Ordering::Relaxed);
            Ok::<(), usize>(())
        };
        assert_eq!(each_on_all_cores(done.len(), work), Ok(()));
        assert!(done.iter().all(|count| count.load(Ordering::Relaxed) == 1));

        let begun = AtomicUsize::new(0);
        let failing = |(): &mut (), at: usize| {
            begun.fetch_add(1, Ordering::Relaxed);
            if at >= 10 { Err(at) } else { Ok(()) }
        };
        assert_eq!(each_on_all_cores(1_000_000, failing), Err(10));
        assert!(begun.load(Ordering::Relaxed) < 1_000_000);
    }
}
