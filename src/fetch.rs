//! One HTTP request, bounded in every way.
//!
//! In: a URL, limits, and how to wait; of a POST its headers and its body. Out: status, headers and body as received, or why not.
//! It must not know what the body means. reqwest stays in this file.

mod error;

use std::io::Read;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::blocking::{Client, Response as HttpResponse};
use url::{Host, Url};

use crate::primitives::Instant;

pub use error::FetchError;

/// What a request may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Time to connect.
    pub connect: Duration,
    /// Time for one attempt as a whole.
    pub total: Duration,
    /// Most bytes of a body.
    pub body_bytes: u64,
    /// Most attempts.
    pub attempts: u32,
    /// Longest wait that a server may ask for with `Retry-After`.
    pub wait: Duration,
}

impl Limits {
    /// Limits for a small API document: one MiB is a hundred times what GLEIF sends for one LEI.
    pub const API: Self = Self {
        connect: Duration::from_secs(5),
        total: Duration::from_secs(20),
        body_bytes: 1 << 20,
        attempts: 4,
        wait: Duration::from_secs(60),
    };
}

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The URL that was asked; redirects are not followed, so it is the one that answered.
    pub url: String,
    /// Status code.
    pub status: u16,
    /// Headers in the order received; a value that is not text is shown with its bytes replaced.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of a name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Gets a URL. Status 429 and 5xx, and a connection that fails, are tried again after `sleep`; every
/// other answer is returned, whatever its status.
///
/// # Errors
/// The URL may not be asked, the limits were passed, or the server kept refusing.
pub fn get(url: &str, limits: &Limits, sleep: &mut dyn FnMut(Duration)) -> Result<Response, FetchError> {
    let accept = [("accept", "application/vnd.api+json, application/json".to_owned())];
    ask(url, &Request { headers: &accept, body: None }, limits, sleep)
}

/// Sends a body to a URL. As [`get`], and a request that is not answered in time is tried again too: whoever receives it
/// must know a repetition.
///
/// # Errors
/// As [`get`].
pub fn post(
    url: &str,
    headers: &[(&'static str, String)],
    body: &str,
    limits: &Limits,
    sleep: &mut dyn FnMut(Duration),
) -> Result<Response, FetchError> {
    ask(url, &Request { headers, body: Some(body) }, limits, sleep)
}

/// What is sent.
struct Request<'r> {
    headers: &'r [(&'static str, String)],
    /// None: a GET.
    body: Option<&'r str>,
}

fn ask(
    url: &str,
    request: &Request<'_>,
    limits: &Limits,
    sleep: &mut dyn FnMut(Duration),
) -> Result<Response, FetchError> {
    let target = parse(url)?;
    let client = client(&target, limits)?;
    let again = |error: &FetchError| {
        error.is_transient() || request.body.is_some() && matches!(error, FetchError::Timeout { .. })
    };
    let mut attempt = 1;
    loop {
        let outcome = attempt_once(&client, &target, request, limits);
        let last = attempt >= limits.attempts;
        let wait = match &outcome {
            Ok(response) if is_transient(response.status) => match retry_after(response) {
                Some(asked) if asked > limits.wait => {
                    return Err(FetchError::AskedToWait { url: target.into(), seconds: asked.as_secs() });
                }
                Some(asked) => asked,
                None => backoff(attempt),
            },
            Err(error) if again(error) => backoff(attempt),
            Ok(_) | Err(_) => return outcome,
        };
        if last {
            return match outcome {
                Ok(response) => {
                    Err(FetchError::KeptRefusing { url: target.into(), status: response.status, attempts: attempt })
                }
                Err(error) => Err(error),
            };
        }
        sleep(wait);
        attempt += 1;
    }
}

/// 1 s, 2 s, 4 s, …
fn backoff(attempt: u32) -> Duration {
    Duration::from_secs(1 << (attempt - 1).min(5))
}

fn is_transient(status: u16) -> bool {
    status == 429 || (500..600).contains(&status)
}

/// What `Retry-After` asks for: seconds, or a date, which is counted from the date that the server gives the
/// answer and not from the clock of this machine. A header that cannot be read so asks for nothing; the caller
/// refuses more than the bound.
fn retry_after(response: &Response) -> Option<Duration> {
    let asked = response.header("retry-after")?.trim();
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let answered = Instant::from_http_date(response.header("date")?)?;
    let seconds = Instant::from_http_date(asked)?.since(answered).nanoseconds() / 1_000_000_000;
    // A date that has passed asks for no wait.
    u64::try_from(seconds.max(0)).ok().map(Duration::from_secs)
}

fn parse(url: &str) -> Result<Url, FetchError> {
    let refused = |reason| FetchError::Url { url: url.to_owned(), reason };
    let target = Url::parse(url).map_err(|_| refused("it is not a URL"))?;
    if !target.username().is_empty() || target.password().is_some() {
        return Err(refused("it carries a user name or a password"));
    }
    match target.scheme() {
        "https" => Ok(target),
        "http" if is_loopback(&target) => Ok(target),
        "http" => Err(refused("plain http is only for this machine itself; use https")),
        _ => Err(refused("only https is fetched")),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

fn client(target: &Url, limits: &Limits) -> Result<Client, FetchError> {
    let mut builder = Client::builder()
        .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(limits.connect)
        .timeout(limits.total)
        // Evidence must come from the address that the record names.
        .redirect(reqwest::redirect::Policy::none())
        .https_only(target.scheme() == "https");
    if is_loopback(target) {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| FetchError::client(target, error))
}

fn attempt_once(client: &Client, target: &Url, request: &Request<'_>, limits: &Limits) -> Result<Response, FetchError> {
    let mut draft = match request.body {
        None => client.get(target.clone()),
        Some(body) => client.post(target.clone()).body(body.to_owned()),
    };
    for (name, value) in request.headers {
        draft = draft.header(*name, value);
    }
    let answer = draft.send().map_err(|error| FetchError::transport(target, limits, error))?;
    let status = answer.status().as_u16();
    if answer.status().is_redirection() {
        let to = answer.headers().get("location").map_or(String::new(), |to| text(to.as_bytes()));
        return Err(FetchError::Redirected { url: target.to_string(), to });
    }
    let headers = answer.headers().iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect();
    let body = read_body(answer, target, limits)?;
    Ok(Response { url: target.to_string(), status, headers, body })
}

fn read_body(answer: HttpResponse, target: &Url, limits: &Limits) -> Result<Vec<u8>, FetchError> {
    let announced = answer.content_length();
    let mut body = Vec::new();
    // One byte more than allowed tells a body that fits from one that does not.
    let read = answer.take(limits.body_bytes + 1).read_to_end(&mut body);
    if body.len() as u64 > limits.body_bytes {
        return Err(FetchError::TooLarge { url: target.to_string(), limit: limits.body_bytes });
    }
    match (read, announced) {
        (Ok(_), Some(announced)) if announced != body.len() as u64 => {
            Err(FetchError::Truncated { url: target.to_string(), received: body.len() as u64 })
        }
        (Ok(_), _) => Ok(body),
        (Err(error), _) => Err(FetchError::body(target, limits, body.len() as u64, error)),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
