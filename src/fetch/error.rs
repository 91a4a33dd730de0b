//! Why nothing was fetched.

use miette::Diagnostic;
use thiserror::Error;
use url::Url;

use super::Limits;

/// A request that gave no answer to work with.
#[derive(Debug, Error, Diagnostic)]
pub enum FetchError {
    /// An address that is not asked.
    #[error("`{url}` is not fetched: {reason}")]
    #[diagnostic(code(countersign::fetch::url), help("give an https address"))]
    Url {
        /// As given.
        url: String,
        /// Why.
        reason: &'static str,
    },
    /// The HTTP client could not be set up.
    #[error("`{url}` cannot be fetched: the HTTP client could not be set up")]
    #[diagnostic(code(countersign::fetch::client), help("look at the proxy settings and certificates of this machine"))]
    Client {
        /// The address.
        url: String,
        /// What the client says.
        #[source]
        cause: reqwest::Error,
    },
    /// No connection, or it broke.
    #[error("`{url}` cannot be reached")]
    #[diagnostic(code(countersign::fetch::unreachable), help("look at the network, the address and the proxy"))]
    Unreachable {
        /// The address.
        url: String,
        /// What the client says.
        #[source]
        cause: reqwest::Error,
    },
    /// It took too long.
    #[error("`{url}` did not answer in full within {seconds} s")]
    #[diagnostic(code(countersign::fetch::timeout), help("try again later"))]
    Timeout {
        /// The address.
        url: String,
        /// The limit.
        seconds: u64,
    },
    /// The server asks to wait longer than a command should.
    #[error("`{url}` asks to wait {seconds} s before the next request")]
    #[diagnostic(
        code(countersign::fetch::asked_to_wait),
        help("run the command again after that time; GLEIF allows about 60 requests a minute")
    )]
    AskedToWait {
        /// The address.
        url: String,
        /// How long.
        seconds: u64,
    },
    /// Every attempt was refused.
    #[error("`{url}` answered {status} to each of {attempts} attempts")]
    #[diagnostic(code(countersign::fetch::kept_refusing), help("try again later"))]
    KeptRefusing {
        /// The address.
        url: String,
        /// The last status.
        status: u16,
        /// How many.
        attempts: u32,
    },
    /// The server points elsewhere.
    #[error("`{url}` redirects to `{to}`, which is not followed")]
    #[diagnostic(
        code(countersign::fetch::redirected),
        help("evidence must come from the address that the record names; give the right address with `--base-url`")
    )]
    Redirected {
        /// The address.
        url: String,
        /// Where to.
        to: String,
    },
    /// More bytes than one answer may have.
    #[error("`{url}` sends more than {limit} bytes")]
    #[diagnostic(code(countersign::fetch::too_large), help("this is not what the API sends for one LEI"))]
    TooLarge {
        /// The address.
        url: String,
        /// The limit.
        limit: u64,
    },
    /// The body ended early.
    #[error("the answer of `{url}` breaks off after {received} bytes")]
    #[diagnostic(code(countersign::fetch::truncated), help("run the command again; nothing was saved"))]
    Truncated {
        /// The address.
        url: String,
        /// What came.
        received: u64,
    },
}

impl FetchError {
    pub(super) fn client(url: &Url, cause: reqwest::Error) -> Self {
        Self::Client { url: url.to_string(), cause: cause.without_url() }
    }

    pub(super) fn transport(url: &Url, limits: &Limits, cause: reqwest::Error) -> Self {
        if cause.is_timeout() {
            return Self::Timeout { url: url.to_string(), seconds: limits.total.as_secs() };
        }
        Self::Unreachable { url: url.to_string(), cause: cause.without_url() }
    }

    pub(super) fn body(url: &Url, limits: &Limits, received: u64, cause: std::io::Error) -> Self {
        let inner = cause.get_ref().and_then(|inner| inner.downcast_ref::<reqwest::Error>());
        if cause.kind() == std::io::ErrorKind::TimedOut || inner.is_some_and(reqwest::Error::is_timeout) {
            return Self::Timeout { url: url.to_string(), seconds: limits.total.as_secs() };
        }
        Self::Truncated { url: url.to_string(), received }
    }

    /// Whether another attempt may go better.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Truncated { .. } => true,
            // A timeout has used its time already.
            Self::Url { .. }
            | Self::Client { .. }
            | Self::Timeout { .. }
            | Self::AskedToWait { .. }
            | Self::KeptRefusing { .. }
            | Self::Redirected { .. }
            | Self::TooLarge { .. } => false,
        }
    }
}
