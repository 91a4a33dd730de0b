//! What a run cost: the processor's time by kind of work, over all threads, and the most memory.
//!
//! In: pieces of work, each named for what it is. Out: [`Spent`], for people. It is deaf until [`begin`] is called, and
//! nothing is decided by what it says: it reads the processor's clocks and never the time of day.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Work {
    /// Bytes from the disk.
    Read,
    /// SHA-256 of files.
    Hash,
    /// Manifests and records to facts.
    Parse,
    /// Streams, logs and signatures; their own digests too.
    Keri,
    /// Rules, and what a report says of them.
    Evaluate,
}

impl Work {
    /// All of them, in the order in which a case meets them.
    pub const ALL: [Self; 5] = [Self::Read, Self::Hash, Self::Parse, Self::Keri, Self::Evaluate];

    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Hash => "hash",
            Self::Parse => "parse",
            Self::Keri => "KERI",
            Self::Evaluate => "evaluate",
        }
    }
}

/// What was spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    /// By the clock on the wall.
    pub wall: Duration,
    /// By the processor, over all threads; zero where the system does not say.
    pub processor: Duration,
    /// Of that, on each kind of work, in the order of [`Work::ALL`].
    pub on: [Duration; 5],
    /// Most bytes of memory at any moment; none where the system does not say.
    pub peak_bytes: Option<u64>,
}

impl Spent {
    /// Of the processor's time, what is no kind of work by name: the state on the disk, conclusions, the start.
    pub fn other(&self) -> Duration {
        self.processor.saturating_sub(self.on.iter().sum())
    }
}

/// A run that is measured.
#[derive(Debug, Clone, Copy)]
pub struct Meter {
    began: Instant,
}

static IS_ON: AtomicBool = AtomicBool::new(false);
static SPENT: [AtomicU64; 5] = [const { AtomicU64::new(0) }; 5];

thread_local! {
    /// What this thread does, and since when by its own clock.
    static HERE: Cell<(Option<Work>, u64)> = const { Cell::new((None, 0)) };
}

/// Measures from here on, until the process ends.
pub fn begin() -> Meter {
    IS_ON.store(true, Ordering::Relaxed);
    Meter { began: Instant::now() }
}

impl Meter {
    /// What was spent so far. What threads still do is told once they have done it.
    pub fn spent(&self) -> Spent {
        Spent {
            wall: self.began.elapsed(),
            processor: Duration::from_nanos(clock::process()),
            on: Work::ALL.map(|work| Duration::from_nanos(SPENT[work as usize].load(Ordering::Relaxed))),
            peak_bytes: peak_bytes(),
        }
    }
}

/// Does a piece of work. Work of another kind within it is told as that kind only.
pub fn during<T>(work: Work, run: impl FnOnce() -> T) -> T {
    if !IS_ON.load(Ordering::Relaxed) {
        return run();
    }
    let _back = Back(turn_to(Some(work)));
    run()
}

/// Turns back to what was done before, also where the work ends early.
struct Back(Option<Work>);

impl Drop for Back {
    fn drop(&mut self) {
        turn_to(self.0);
    }
}

/// Books what was done until now, and gives what it was.
fn turn_to(work: Option<Work>) -> Option<Work> {
    let now = clock::thread();
    HERE.with(|here| {
        let (before, since) = here.replace((work, now));
        if let Some(before) = before {
            SPENT[before as usize].fetch_add(now.saturating_sub(since), Ordering::Relaxed);
        }
        before
    })
}

/// Linux says it; elsewhere nobody is asked.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

#[cfg(unix)]
mod clock {
    use rustix::time::{ClockId, clock_gettime};

    /// Nanoseconds of this thread.
    pub(super) fn thread() -> u64 {
        nanoseconds(ClockId::ThreadCPUTime)
    }

    /// Nanoseconds of all threads, those that ended too.
    pub(super) fn process() -> u64 {
        nanoseconds(ClockId::ProcessCPUTime)
    }

    fn nanoseconds(clock: ClockId) -> u64 {
        let now = clock_gettime(clock);
        u64::try_from(i128::from(now.tv_sec) * 1_000_000_000 + i128::from(now.tv_nsec)).unwrap_or_default()
    }
}

#[cfg(not(unix))]
mod clock {
    pub(super) fn thread() -> u64 {
        0
    }

    pub(super) fn process() -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So much arithmetic that every clock sees it.
    fn busy() -> u64 {
        let started = clock::thread();
        let mut sum = 0u64;
        while clock::thread() - started < 20_000_000 {
            sum = (0..1000u64).fold(sum, |sum, next| std::hint::black_box(sum.wrapping_mul(31).wrapping_add(next)));
        }
        sum
    }

    /// The only test that turns it on: what is spent is the process's.
    #[cfg(unix)]
    #[test]
    fn work_within_work_is_told_once_and_on_every_thread() {
        during(Work::Read, busy);
        let deaf = SPENT[Work::Read as usize].load(Ordering::Relaxed);
        assert_eq!(deaf, 0, "nobody asked yet");
        let meter = begin();
        during(Work::Read, || {
            busy();
            during(Work::Hash, busy);
            std::thread::scope(|scope| {
                scope.spawn(|| during(Work::Keri, busy));
            });
        });
        let spent = meter.spent();
        let [read, hash, _, keri, _] = spent.on.map(|spent| spent.as_millis());
        assert!((20..200).contains(&read) && hash >= 20 && keri >= 20, "{spent:?}");
        assert!(spent.processor >= spent.on.iter().sum() && spent.wall.as_millis() >= 20, "{spent:?}");
        if cfg!(target_os = "linux") {
            assert!(spent.peak_bytes.is_some_and(|bytes| bytes > 1 << 20), "{spent:?}");
        }
    }
}
