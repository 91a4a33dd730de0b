//! Fetching from a server on this machine: every way in which an answer can be wrong.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use countersign::fetch::{self, FetchError, Limits};

pub const LEI: &str = "254900OPPU84GM83MG36";

/// What the server does with one connection.
#[derive(Clone)]
pub enum Answer {
    /// Status line, extra headers, body, with the right length.
    Send(&'static str, Vec<(&'static str, String)>, Vec<u8>),
    /// Says it will send more than it does.
    Truncate(Vec<u8>),
    /// Says nothing for so long.
    Hang(Duration),
    /// Closes at once.
    Close,
}

/// A server that gives the answers in order, one connection each, and keeps the requests.
pub struct Server {
    pub url: String,
    requests: Arc<Mutex<Vec<String>>>,
    thread: JoinHandle<()>,
}

impl Server {
    pub fn new(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        let thread = std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut head = String::new();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                while !head.ends_with("\r\n\r\n") {
                    if reader.read_line(&mut head).unwrap() == 0 {
                        break;
                    }
                }
                kept.lock().unwrap().push(head);
                match answer {
                    Answer::Send(status, headers, body) => {
                        let headers: String =
                            headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
                        let head = format!(
                            "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n",
                            body.len()
                        );
                        // A client that refuses a large body hangs up; that is what is tested.
                        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
                    }
                    Answer::Truncate(body) => {
                        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len() + 100);
                        stream.write_all(head.as_bytes()).unwrap();
                        stream.write_all(&body).unwrap();
                    }
                    Answer::Hang(time) => std::thread::sleep(time),
                    Answer::Close => {}
                }
            }
        });
        Self { url, requests, thread }
    }

    /// The requests, once all answers were given.
    pub fn requests(self) -> Vec<String> {
        self.thread.join().unwrap();
        self.requests.lock().unwrap().clone()
    }
}

pub fn body(lei: &str) -> Vec<u8> {
    format!(
        r#"{{"meta":{{"goldenCopy":{{"publishDate":"2026-03-16T08:00:00Z"}}}},"data":{{"type":"lei-records","id":"{lei}","attributes":{{"lei":"{lei}","entity":{{"status":"ACTIVE"}},"registration":{{"status":"ISSUED"}}}}}}}}"#
    )
    .into_bytes()
}

pub fn ok(body: Vec<u8>) -> Answer {
    Answer::Send("200 OK", vec![("Content-Type", "application/vnd.api+json".to_owned())], body)
}

pub fn status(line: &'static str) -> Answer {
    Answer::Send(line, Vec::new(), Vec::new())
}

const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    total: Duration::from_secs(5),
    body_bytes: 10_000,
    attempts: 3,
    wait: Duration::from_secs(60),
};

/// Fetches and returns the outcome with the waits that were asked for.
fn fetched(server: &Server, limits: &Limits) -> (Result<fetch::Response, FetchError>, Vec<u64>) {
    let mut waits = Vec::new();
    let outcome = fetch::get(&format!("{}/x", server.url), limits, &mut |wait| waits.push(wait.as_secs()));
    (outcome, waits)
}

#[test]
fn an_answer_is_returned_as_it_was_received() {
    let server = Server::new(vec![ok(body(LEI))]);
    let (outcome, waits) = fetched(&server, &LIMITS);
    let response = outcome.unwrap();
    assert_eq!((response.status, response.body, waits.len()), (200, body(LEI), 0));
    let request = server.requests().remove(0).to_lowercase();
    assert!(request.contains("user-agent: countersign/"), "{request}");
}

#[test]
fn not_found_is_an_answer() {
    let server = Server::new(vec![status("404 Not Found")]);
    assert_eq!(fetched(&server, &LIMITS).0.unwrap().status, 404);
}

#[test]
fn too_many_requests_waits_as_long_as_it_is_told() {
    let busy = || Answer::Send("429 Too Many Requests", vec![("Retry-After", "7".to_owned())], Vec::new());
    let server = Server::new(vec![busy(), ok(body(LEI))]);
    let (outcome, waits) = fetched(&server, &LIMITS);
    assert_eq!((outcome.unwrap().status, waits), (200, vec![7]));

    let server = Server::new(vec![busy(), busy(), busy()]);
    let (outcome, waits) = fetched(&server, &LIMITS);
    assert!(matches!(outcome, Err(FetchError::KeptRefusing { status: 429, attempts: 3, .. })));
    assert_eq!(waits, [7, 7]);
}

#[test]
fn a_wait_beyond_patience_is_refused() {
    let server =
        Server::new(vec![Answer::Send("429 Too Many Requests", vec![("Retry-After", "3600".to_owned())], Vec::new())]);
    let (outcome, waits) = fetched(&server, &LIMITS);
    assert!(matches!(outcome, Err(FetchError::AskedToWait { seconds: 3600, .. })));
    assert!(waits.is_empty());
}

#[test]
fn a_date_to_wait_for_is_counted_from_the_date_of_the_answer() {
    let waits = |date: Option<&str>, retry: &str| {
        let date = date.map(|date| ("Date", date.to_owned()));
        let headers = date.into_iter().chain([("Retry-After", retry.to_owned())]).collect();
        let server = Server::new(vec![Answer::Send("503 Unavailable", headers, Vec::new()), ok(body(LEI))]);
        let (outcome, waits) = fetched(&server, &LIMITS);
        assert_eq!(outcome.unwrap().status, 200, "{retry}");
        waits
    };
    let answered = "Fri, 20 Mar 2026 14:59:50 GMT";
    let date = Some(answered);
    assert_eq!(waits(date, "Fri, 20 Mar 2026 15:00:00 GMT"), [10]);
    assert_eq!(waits(date, "Fri, 20 Mar 2026 14:00:00 GMT"), [0], "it has passed");
    // What cannot be counted gets the backoff: no date of the answer, another zone, no such day, no date at all.
    assert_eq!(waits(None, "Fri, 20 Mar 2026 15:00:00 GMT"), [1]);
    for unread in ["Fri, 20 Mar 2026 15:00:00 +0000", "Sat, 20 Mar 2026 15:00:00 GMT", "soon", ""] {
        assert_eq!(waits(date, unread), [1], "{unread}");
    }

    let far = vec![("Date", answered.to_owned()), ("Retry-After", "Sat, 20 Mar 2027 15:00:00 GMT".to_owned())];
    let server = Server::new(vec![Answer::Send("429 Too Many Requests", far, Vec::new())]);
    let (outcome, waits) = fetched(&server, &LIMITS);
    assert!(matches!(outcome, Err(FetchError::AskedToWait { seconds, .. }) if seconds == 31_536_010), "{outcome:?}");
    assert!(waits.is_empty());
}

#[test]
fn a_server_error_is_tried_again_with_backoff() {
    let server = Server::new(vec![status("500 Internal Server Error"), status("503 Unavailable"), ok(body(LEI))]);
    let (outcome, waits) = fetched(&server, &LIMITS);
    assert_eq!((outcome.unwrap().status, waits), (200, vec![1, 2]));
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn silence_ends_at_the_limit() {
    let server = Server::new(vec![Answer::Hang(Duration::from_secs(2))]);
    let limits = Limits { total: Duration::from_millis(200), ..LIMITS };
    let (outcome, waits) = fetched(&server, &limits);
    assert!(matches!(outcome, Err(FetchError::Timeout { .. })), "{outcome:?}");
    assert!(waits.is_empty());
}

#[test]
fn a_body_that_is_too_large_is_not_read() {
    let server = Server::new(vec![ok(vec![b' '; 2_000_000])]);
    let (outcome, _) = fetched(&server, &LIMITS);
    assert!(matches!(outcome, Err(FetchError::TooLarge { limit: 10_000, .. })), "{outcome:?}");
}

#[test]
fn a_body_that_breaks_off_is_no_body() {
    let cut = || Answer::Truncate(body(LEI));
    let server = Server::new(vec![cut(), cut(), cut()]);
    let (outcome, waits) = fetched(&server, &LIMITS);
    assert!(matches!(outcome, Err(FetchError::Truncated { .. })), "{outcome:?}");
    assert_eq!(waits, [1, 2]);
}

#[test]
fn a_connection_that_closes_is_tried_again() {
    let server = Server::new(vec![Answer::Close, ok(body(LEI))]);
    let (outcome, waits) = fetched(&server, &LIMITS);
    assert_eq!((outcome.unwrap().status, waits), (200, vec![1]));
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = vec![("Location", "http://127.0.0.1:9/elsewhere".to_owned())];
    let server = Server::new(vec![Answer::Send("302 Found", elsewhere, Vec::new())]);
    let (outcome, _) = fetched(&server, &LIMITS);
    assert!(matches!(outcome, Err(FetchError::Redirected { ref to, .. }) if to.ends_with("/elsewhere")), "{outcome:?}");
}

#[test]
fn only_https_or_this_machine_is_asked() {
    for url in ["http://api.gleif.org/", "ftp://127.0.0.1/", "https://user:secret@api.gleif.org/", "not a url"] {
        let outcome = fetch::get(url, &LIMITS, &mut |_| {});
        assert!(matches!(outcome, Err(FetchError::Url { .. })), "{url}: {outcome:?}");
    }
}
