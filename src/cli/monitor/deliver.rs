//! The webhook: every event in order, at least once, and what is not taken stays in the log for the next run.

use std::io::Read;
use std::time::Duration;

use super::super::error::CliError;
use super::Watch;
use super::stop::Stop;
use crate::fetch::{self, Limits};
use crate::monitor::MonitorError;
use crate::monitor::hook;
use crate::monitor::journal::{Event, Journal};
use crate::primitives::{Instant, Sha256};
use crate::rehearsal;

/// Most bytes of a secret from a file descriptor, with the end of its line.
const SECRET_MAX: u64 = 4096;

/// What one event may cost.
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    total: Duration::from_secs(10),
    body_bytes: 64 << 10,
    attempts: 3,
    wait: Duration::from_secs(30),
};

/// Who is told.
pub(super) struct Receiver {
    url: String,
    /// An address may itself be a secret: the log has its digest.
    id: Sha256,
    secret: Option<Vec<u8>>,
}

impl Receiver {
    /// What the log calls it.
    pub(super) fn id(&self) -> Sha256 {
        self.id
    }

    /// The receiver that is named, with its secret, which is never an argument.
    ///
    /// # Errors
    /// The secret is not there, or is empty.
    pub(super) fn of(watch: &Watch) -> Result<Option<Self>, CliError> {
        let Some(url) = watch.webhook.clone() else { return Ok(None) };
        let secret = match (&watch.webhook_secret_env, watch.webhook_secret_fd) {
            (Some(variable), _) => {
                let text = std::env::var_os(variable).map(|text| text.to_string_lossy().into_owned().into_bytes());
                Some(text.ok_or_else(|| CliError::NoSecret { source_: format!("the variable `{variable}`") })?)
            }
            (None, Some(number)) => Some(of_descriptor(number)?),
            (None, None) => None,
        };
        if secret.as_ref().is_some_and(Vec::is_empty) {
            return Err(CliError::NoSecret { source_: "what was given".to_owned() });
        }
        let id = Sha256::of(url.as_bytes());
        Ok(Some(Self { url, id, secret }))
    }
}

fn of_descriptor(number: u32) -> Result<Vec<u8>, CliError> {
    let missing = || CliError::NoSecret { source_: format!("file descriptor {number}") };
    let file = std::fs::File::open(format!("/dev/fd/{number}")).map_err(|_| missing())?;
    let mut secret = Vec::new();
    file.take(SECRET_MAX + 1).read_to_end(&mut secret).map_err(|_| missing())?;
    // Before the end of its line goes: what was not read may follow.
    if secret.len() as u64 > SECRET_MAX {
        return Err(CliError::SecretTooLong { number, limit: SECRET_MAX });
    }
    while secret.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        secret.pop();
    }
    Ok(secret)
}

/// Sends what the receiver has not taken, oldest first, and stops at the first that it does not take: order is part of
/// the meaning. How many it took.
///
/// # Errors
/// `webhook`; the log cannot be written.
pub(super) fn deliver(
    receiver: &Receiver,
    journal: &mut Journal,
    now: Instant,
    stop: &Stop,
) -> Result<usize, CliError> {
    let due = journal.due(&receiver.id)?;
    let refused = |taken: usize, reason: String| {
        CliError::from(MonitorError::Webhook { waiting: due.len() - taken, due: due.len(), reason })
    };
    for (taken, row) in due.iter().enumerate() {
        let Some(message) = hook::message(row, receiver.secret.as_deref()) else { continue };
        if stop.asked() {
            return Err(CliError::Stopped);
        }
        let mut sleep = |time| stop.sleep(time);
        let answer = fetch::post(&receiver.url, &message.headers, &message.body, &LIMITS, &mut sleep);
        match answer {
            Ok(answer) if (200..300).contains(&answer.status) => {}
            Ok(answer) => return Err(refused(taken, format!("it answered {}", answer.status))),
            Err(_) if stop.asked() => return Err(CliError::Stopped),
            Err(error) => return Err(refused(taken, hidden(&error.to_string(), &receiver.url))),
        }
        let failed = |source| MonitorError::Write { path: journal.path().to_owned(), source };
        rehearsal::reach("monitor/sent").map_err(failed)?;
        journal.append(now, vec![Event::Delivered { hook: receiver.id, through: row.seq }])?;
    }
    Ok(due.len())
}

/// A message without the path of the address: it may hold a token.
fn hidden(text: &str, url: &str) -> String {
    let origin: String = url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    text.replace(url, &format!("{origin}/…"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;
    use crate::fetch::FetchError;

    /// A receiver that never takes a connection: what is waiting there already leaves no room for another.
    #[test]
    fn a_receiver_that_nobody_can_connect_to_costs_so_much_time() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let waiting: Vec<TcpStream> =
            std::iter::from_fn(|| TcpStream::connect_timeout(&address, Duration::from_millis(300)).ok()).collect();
        assert!(!waiting.is_empty());
        let begun = std::time::Instant::now();
        let once = Limits { attempts: 1, ..LIMITS };
        let refused = fetch::post(&format!("http://{address}/"), &[], "{}", &once, &mut |_| {}).unwrap_err();
        assert!(matches!(refused, FetchError::Timeout { .. }), "{refused}");
        let took = begun.elapsed();
        assert!(took >= LIMITS.connect && took < LIMITS.total, "{took:?}");
    }
}
