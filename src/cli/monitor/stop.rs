//! Ctrl-C and SIGTERM: the run finishes what it writes and ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};

use super::super::error::CliError;

/// How long a wait goes on before it is asked whether it may.
const SLICE: Duration = Duration::from_millis(100);

/// Whether somebody asked the run to end.
#[derive(Debug, Clone)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Listens from here on. A second signal ends the process at once.
    ///
    /// # Errors
    /// `signals`: the system does not let it listen.
    pub(super) fn listen() -> Result<Self, CliError> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            let failed = |source| CliError::Signals { source };
            // In this order: the first signal finds the flag down, sets it, and the second finds it up.
            signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&asked)).map_err(failed)?;
            signal_hook::flag::register(signal, Arc::clone(&asked)).map_err(failed)?;
        }
        Ok(Self(asked))
    }

    /// Whether it is asked to end.
    pub(super) fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Waits, or until it is asked to end.
    pub(super) fn sleep(&self, time: Duration) {
        let mut left = time;
        while !left.is_zero() && !self.asked() {
            let slice = left.min(SLICE);
            std::thread::sleep(slice);
            left = left.saturating_sub(slice);
        }
    }
}
