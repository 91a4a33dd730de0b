//! A command that signs: for hardware, agents, and keys that nobody on this machine can copy.
//!
//! It is started for each signature, gets one request on stdin, and has a bounded time for one answer of bounded
//! length on stdout. Whatever else it does, there is no signature; and a signature is verified before it is one.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::error::SignerError;
use super::protocol::{self, Said};
use super::signable::Signable;
use super::signer::Signer;
use super::{PublicKey, Signature};
use crate::primitives::Aid;

/// How long a signer has: somebody may have to find the device and press its button.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// Most bytes of an answer.
const ANSWER_MAX: usize = 16 << 10;
/// Most bytes of what it says on stderr that are kept.
const WORDS_MAX: usize = 4 << 10;
/// How often it is looked at whether it has ended, once it has answered.
const POLL: Duration = Duration::from_millis(5);

/// A command that signs with a key that this program never sees.
#[derive(Debug, Clone)]
pub struct External {
    program: String,
    arguments: Vec<String>,
    aid: Aid,
    key: PublicKey,
    deadline: Duration,
}

impl External {
    /// The command, whose key it must hold, and how long it has. `key` is the key in force by the identifier's log.
    pub fn new(program: String, arguments: Vec<String>, aid: Aid, key: PublicKey, deadline: Duration) -> Self {
        Self { program, arguments, aid, key, deadline }
    }

    fn command(&self) -> String {
        protocol::words(&self.program)
    }

    fn timeout(&self) -> SignerError {
        SignerError::Timeout { command: self.command(), seconds: self.deadline.as_secs() }
    }

    /// Gives a request and takes what comes.
    fn ask(&self, request: String) -> Result<Vec<u8>, SignerError> {
        let started = Instant::now();
        let start = |source| SignerError::Start { command: self.command(), source };
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(start)?;
        // The pipes have threads of their own: a device that reads nothing, or whose own children keep stdout open,
        // must not hold us longer than its deadline.
        if let Some(mut stdin) = child.stdin.take() {
            thread::spawn(move || {
                // One that does not want to read all of it may still answer.
                let _ = stdin.write_all(request.as_bytes());
            });
        }
        let answer = child.stdout.take().map(|stdout| reader(stdout, ANSWER_MAX + 1));
        let words = child.stderr.take().map(|stderr| reader(stderr, WORDS_MAX));
        let outcome = self.outcome(&mut child, started, answer, words);
        // Whatever came of it, nothing is left running. That it has ended already is no error.
        let _ = child.kill();
        let _ = child.wait();
        outcome
    }

    fn outcome(
        &self,
        child: &mut Child,
        started: Instant,
        answer: Option<Receiver<Vec<u8>>>,
        words: Option<Receiver<Vec<u8>>>,
    ) -> Result<Vec<u8>, SignerError> {
        let left = || self.deadline.saturating_sub(started.elapsed());
        let answer = match answer.map(|answer| answer.recv_timeout(left())) {
            Some(Ok(answer)) => answer,
            Some(Err(RecvTimeoutError::Timeout)) => return Err(self.timeout()),
            Some(Err(RecvTimeoutError::Disconnected)) | None => Vec::new(),
        };
        if answer.len() > ANSWER_MAX {
            return Err(SignerError::Output { command: self.command(), limit: ANSWER_MAX });
        }
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if left().is_zero() => return Err(self.timeout()),
                Ok(None) => thread::sleep(POLL),
                Err(source) => return Err(SignerError::Start { command: self.command(), source }),
            }
        };
        // An answer of a command that failed is no answer.
        if !status.success() || answer.is_empty() {
            let said = words.and_then(|words| words.recv_timeout(left().min(Duration::from_secs(1))).ok());
            let said = protocol::words(&String::from_utf8_lossy(&said.unwrap_or_default()));
            return Err(SignerError::Exit { command: self.command(), status: ended(status), said });
        }
        Ok(answer)
    }
}

impl Signer for External {
    fn aid(&self) -> &Aid {
        &self.aid
    }

    fn key(&self) -> PublicKey {
        self.key
    }

    fn sign(&self, signable: &Signable<'_>) -> Result<Signature, SignerError> {
        let garbled = |reason| SignerError::Answer { command: self.command(), reason };
        let request = protocol::request(signable, &self.aid, self.key).map_err(garbled)?;
        let answer = self.ask(request)?;
        match protocol::answer(signable, &answer).map_err(garbled)? {
            Said::Refused(reason) => Err(SignerError::Refused { command: self.command(), reason }),
            Said::Signed(raw) => Signature::checked(self.key, signable.message().as_bytes(), raw)
                .ok_or_else(|| SignerError::WrongSignature { signer: self.command(), key: self.key.to_string() }),
        }
    }
}

/// Reads at most so many bytes of a pipe on a thread of its own.
fn reader(pipe: impl Read + Send + 'static, limit: usize) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What came before an error is looked at, and found wanting there.
        let _ = pipe.take(limit as u64).read_to_end(&mut bytes);
        // Nobody may be waiting any more.
        let _ = sender.send(bytes);
    });
    receiver
}

fn ended(status: ExitStatus) -> String {
    match status.code() {
        Some(0) => "no answer".to_owned(),
        Some(code) => format!("exit status {code}"),
        None => "a signal".to_owned(),
    }
}
