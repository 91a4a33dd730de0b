//! The loop over many cases: every core, and a bar where somebody watches.
//!
//! In: items and what to do with one. Out: what became of each, in order of the items, whatever the threads do; or
//! nothing, where there are too many to keep it.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::check::{each_on_all_cores, on_all_cores};

/// Does the work for each item.
pub(super) fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let progress = progress(items.len());
    let done = on_all_cores(items, |(): &mut (), item| {
        let done = work(item);
        progress.inc(1);
        done
    });
    progress.finish_and_clear();
    done
}

/// As [`each`], by place, where nothing is kept of what was done; a failure ends it.
///
/// # Errors
/// Of the failures, that of the first place.
pub(super) fn places<E: Send>(count: usize, work: impl Fn(usize) -> Result<(), E> + Sync) -> Result<(), E> {
    let progress = progress(count);
    let done = each_on_all_cores(count, |(): &mut (), at| {
        work(at)?;
        progress.inc(1);
        Ok(())
    });
    progress.finish_and_clear();
    done
}

/// A bar on a terminal; nothing where nobody watches.
fn progress(cases: usize) -> ProgressBar {
    let target = match std::io::stderr().is_terminal() {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let style = ProgressStyle::with_template("{bar:30} {pos} of {len} cases, {per_sec}, {eta} left");
    let bar = ProgressBar::with_draw_target(Some(cases as u64), target);
    // The template is ours; were it refused, the bar would look otherwise.
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
