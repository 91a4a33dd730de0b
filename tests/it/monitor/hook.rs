//! The webhook: a receiver that fails, and what it is told when it is back.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign::monitor::hook::hmac;
use serde_json::Value;

use super::crash::killed_at;
use super::root::{MORNING, Root, finish};

/// How the receiver treats a request.
#[derive(Debug, Clone, Copy)]
enum Manner {
    Take,
    Fail,
    Close,
    /// Takes it and says so too late.
    Sleep(Duration),
    /// Takes it, and says so in so many bytes.
    Say(usize),
    /// Asks to be asked again in so many seconds.
    Later(u64),
}

#[derive(Debug, Clone)]
struct Got {
    key: String,
    signature: Option<String>,
    body: String,
}

/// A receiver on this machine that treats each request as the list says, and everything after it as the last entry.
struct Receiver {
    url: String,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Receiver {
    fn new(manners: Vec<Manner>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook?token=secret-path", listener.local_addr().unwrap());
        let got = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&got);
        std::thread::spawn(move || {
            for at in 0.. {
                let Ok((mut stream, _)) = listener.accept() else { return };
                let manner = manners[at.min(manners.len() - 1)];
                if matches!(manner, Manner::Close) {
                    continue;
                }
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut head = Vec::new();
                loop {
                    let mut line = String::new();
                    if reader.read_line(&mut line).unwrap() <= 2 {
                        break;
                    }
                    head.push(line.trim().to_owned());
                }
                let header = |name: &str| {
                    let found = head.iter().filter_map(|line| line.split_once(": "));
                    found.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next()
                };
                let mut body = vec![0; header("content-length").unwrap().parse().unwrap()];
                reader.read_exact(&mut body).unwrap();
                kept.lock().unwrap().push(Got {
                    key: header("idempotency-key").unwrap(),
                    signature: header("x-countersign-signature"),
                    body: String::from_utf8(body).unwrap(),
                });
                let (answer, said) = match manner {
                    Manner::Fail => ("500 Internal Server Error".to_owned(), 0),
                    Manner::Take | Manner::Close => ("204 No Content".to_owned(), 0),
                    Manner::Sleep(time) => {
                        std::thread::sleep(time);
                        ("204 No Content".to_owned(), 0)
                    }
                    Manner::Say(length) => ("200 OK".to_owned(), length),
                    Manner::Later(seconds) => (format!("503 Service Unavailable\r\nRetry-After: {seconds}"), 0),
                };
                let head = format!("HTTP/1.1 {answer}\r\nContent-Length: {said}\r\nConnection: close\r\n\r\n");
                let _ = stream.write_all(&[head.into_bytes(), vec![b'x'; said]].concat());
            }
        });
        Self { url, got }
    }

    fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

/// Four orphans and a warning.
fn noisy() -> Root {
    let root = Root::quiet();
    for name in ["monitoring", "ecr"] {
        std::fs::remove_dir_all(root.path().join("cases").join(name)).unwrap();
    }
    root
}

#[test]
fn each_event_is_sent_once_signed_and_never_again() {
    let root = noisy();
    let receiver = Receiver::new(vec![Manner::Take]);
    let send = |now: &str| {
        let mut command = root.command(now, &["--webhook", &receiver.url, "--webhook-secret-env", "HOOK_SECRET"]);
        command.env("HOOK_SECRET", "a secret");
        finish(command)
    };
    let run = send(MORNING);
    assert_eq!(run.status, Some(1), "{}", run.stderr);
    let got = receiver.got();
    assert_eq!(got.len(), 5, "{:?}", run.told());
    let rows = std::fs::read_to_string(root.log()).unwrap();
    for got in &got {
        let signature = format!("sha256={}", hmac(b"a secret", got.body.as_bytes()));
        assert_eq!(got.signature.as_deref(), Some(signature.as_str()));
        let body: Value = serde_json::from_str(&got.body).unwrap();
        assert_eq!((&body["event"], &body["row"]), (&"opened".into(), &got.key.clone().into()));
        assert!(rows.contains(body["finding"]["id"].as_str().unwrap()));
    }
    assert!(!rows.contains("secret"), "neither the address nor the secret is written");
    assert_eq!(send("2026-04-29T06:40:00Z").status, Some(1));
    assert_eq!(receiver.got().len(), 5, "nothing is new");
    root.case("ecr");
    send("2026-04-29T06:50:00Z");
    let last: Value = serde_json::from_str(&receiver.got()[5].body).unwrap();
    assert_eq!((receiver.got().len(), &last["event"]), (6, &"resolved".into()));
}

#[test]
fn what_a_receiver_does_not_take_waits_for_the_next_run() {
    let root = noisy();
    // The second event is refused three times, the connection breaks, and so on.
    let receiver = Receiver::new(vec![Manner::Take, Manner::Fail, Manner::Close, Manner::Fail, Manner::Take]);
    let run = root.run(MORNING, &["--webhook", &receiver.url]);
    assert_eq!(run.status, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("did not take 4 of 5 events"), "{}", run.stderr);
    assert!(!run.stderr.contains("secret-path"), "{}", run.stderr);
    assert!(run.lines.iter().any(|line| line["event"] == "webhook" && line["error"].is_string()));
    assert_eq!(run.of("orphan-event").len(), 4, "the findings are told all the same");

    let run = root.run("2026-04-29T06:40:00Z", &["--webhook", &receiver.url]);
    assert_eq!(run.status, Some(1), "{}", run.stderr);
    let keys: Vec<String> = receiver.got().into_iter().map(|got| got.key).collect();
    let mut distinct = keys.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), 5, "each event arrived");
    assert_eq!(keys.len(), 7, "one of them twice more, by the same key: {keys:?}");
    assert_eq!(keys[1], keys[2]);
    assert_eq!(keys[1], keys[3]);
    assert_eq!(root.verify(&[]).0, Some(0));
}

/// Its first run finds nobody there, and in the next one what had opened is over: it is told both.
#[test]
fn a_receiver_that_was_never_there_loses_nothing() {
    let root = noisy();
    assert_eq!(root.run(MORNING, &[]).status, Some(1));
    let receiver = Receiver::new(vec![Manner::Close, Manner::Close, Manner::Close, Manner::Take]);
    let run = root.run("2026-04-29T06:40:00Z", &["--webhook", &receiver.url]);
    assert_eq!((run.status, receiver.got().len()), (Some(2), 0), "{}", run.stderr);
    root.case("ecr");
    let run = root.run("2026-04-29T06:50:00Z", &["--webhook", &receiver.url]);
    assert_eq!(run.status, Some(1), "{}", run.stderr);
    let events: Vec<String> = receiver
        .got()
        .iter()
        .map(|got| serde_json::from_str::<Value>(&got.body).unwrap()["event"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(events, ["opened", "opened", "opened", "opened", "opened", "resolved"]);
}

/// Killed after the receiver took an event and before the log says so: it is sent again, by the same key.
#[test]
fn a_run_that_is_killed_between_sending_and_noting_it_sends_again() {
    let root = noisy();
    let receiver = Receiver::new(vec![Manner::Take]);
    let more = ["--webhook", receiver.url.as_str()];
    killed_at(&root, "monitor/sent", 2, MORNING, &more);
    assert_eq!(receiver.got().len(), 2);
    let run = root.run(MORNING, &more);
    assert_eq!(run.status, Some(1), "{}", run.stderr);
    let keys: Vec<String> = receiver.got().into_iter().map(|got| got.key).collect();
    assert_eq!(keys.len(), 6, "{keys:?}");
    assert_eq!(keys[1], keys[2]);
    assert_eq!(keys.iter().collect::<std::collections::BTreeSet<_>>().len(), 5);
}

#[cfg(unix)]
#[test]
fn the_secret_may_come_by_a_descriptor() {
    let root = noisy();
    let receiver = Receiver::new(vec![Manner::Take]);
    let secret = root.path().join("secret");
    std::fs::write(&secret, "from a file\n").unwrap();
    let run = root.command(MORNING, &["--webhook", &receiver.url, "--webhook-secret-fd", "3"]);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &format!("exec \"$@\" 3<'{}'", secret.display()), "sh"]);
    command.arg(run.get_program()).args(run.get_args()).current_dir(env!("CARGO_MANIFEST_DIR"));
    for (name, value) in run.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let run = finish(command);
    assert_eq!(run.status, Some(1), "{}", run.stderr);
    let got = receiver.got();
    assert_eq!(got.len(), 5);
    let signature = format!("sha256={}", hmac(b"from a file", got[0].body.as_bytes()));
    assert_eq!(got[0].signature.as_deref(), Some(signature.as_str()));
}

#[test]
fn a_receiver_that_is_slow_is_sent_the_same_again() {
    let root = Root::quiet();
    root.says(super::root::ACME, "ISSUED", "2026-05-29T06:30:00Z", "2026-04-29T00:00:00Z", "2026-04-29T06:10:00Z");
    let receiver = Receiver::new(vec![Manner::Sleep(Duration::from_secs(12)), Manner::Take]);
    let run = root.run(MORNING, &["--webhook", &receiver.url]);
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    let got = receiver.got();
    assert_eq!(got.len(), 2);
    assert_eq!(got[0].body, got[1].body);
}

/// What it says is not read, and so it may not be much.
#[test]
fn an_answer_has_so_many_bytes() {
    let root = noisy();
    let receiver = Receiver::new(vec![Manner::Say(64 << 10), Manner::Say((64 << 10) + 1)]);
    let run = root.run(MORNING, &["--webhook", &receiver.url]);
    assert_eq!(run.status, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("did not take 4 of 5 events"), "{}", run.stderr);
    let said = run.stderr.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("sends more than 65536 bytes"), "{said}");
}

/// Who asks for a longer wait is sent the events by the next run, and this one ends.
#[test]
fn a_wait_that_is_asked_for_is_bounded() {
    let root = noisy();
    let receiver = Receiver::new(vec![Manner::Later(1), Manner::Take, Manner::Later(31)]);
    let run = root.run(MORNING, &["--webhook", &receiver.url]);
    assert_eq!((run.status, receiver.got().len()), (Some(2), 3), "{}", run.stderr);
    assert!(run.stderr.contains("did not take 4 of 5 events") && run.stderr.contains("31"), "{}", run.stderr);
}

/// With the end of its line; what may follow after it is not known.
#[cfg(unix)]
#[test]
fn a_secret_is_bounded() {
    let root = noisy();
    let receiver = Receiver::new(vec![Manner::Take]);
    let send = |secret: &str, now: &str| {
        let path = root.path().join("secret");
        std::fs::write(&path, secret).unwrap();
        let mut command = root.command(now, &["--webhook", &receiver.url, "--webhook-secret-fd", "0"]);
        command.stdin(std::fs::File::open(path).unwrap());
        finish(command)
    };
    for secret in ["x".repeat(4097), "x".repeat(4096) + "\n", "x".repeat(4096) + "\nx"] {
        let run = send(&secret, MORNING);
        assert_eq!((run.status, receiver.got().len()), (Some(2), 0), "{}", run.stderr);
        assert!(run.stderr.contains("countersign::cli::secret_too_long"), "{}", run.stderr);
    }
    let run = send(&("x".repeat(4095) + "\n"), "2026-04-29T06:40:00Z");
    assert_eq!((run.status, receiver.got().len()), (Some(1), 5), "{}", run.stderr);
    let got = &receiver.got()[0];
    let signature = format!("sha256={}", hmac("x".repeat(4095).as_bytes(), got.body.as_bytes()));
    assert_eq!(got.signature.as_deref(), Some(signature.as_str()));
}

#[test]
fn only_https_or_this_machine_is_told_and_a_secret_must_be_there() {
    let root = noisy();
    let run = root.run(MORNING, &["--webhook", "http://hooks.example.com/x"]);
    assert_eq!(run.status, Some(2));
    assert!(run.stderr.contains("plain http is only for this machine"), "{}", run.stderr);
    let more = ["--webhook", "https://127.0.0.1:1/", "--webhook-secret-env", "COUNTERSIGN_NO_SUCH_VARIABLE"];
    let run = root.run("2026-04-29T06:40:00Z", &more);
    assert!(run.stderr.contains("holds no secret"), "{}", run.stderr);
    assert_eq!(run.status, Some(2));
}
