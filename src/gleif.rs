//! GLEIF's lei-records API.
//!
//! In: a LEI and an answer of the API. Out: the `lei-record` that says how it was fetched, or why the
//! answer is no evidence for that LEI. The body is kept byte for byte; HTTPS is no signature, so the
//! QAR who saves the record answers for it. A Golden Copy file holds the records of all LEIs in another form.

mod error;
pub mod golden_copy;
mod standing;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::fetch::Response;
use crate::primitives::{Instant, Lei, Sha256};

pub use error::GleifError;
pub use standing::{Standing, standing};

/// The public API.
pub const BASE_URL: &str = "https://api.gleif.org/api/v1";

/// What the fetch is for, as `lei-record` records write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Before the session.
    Onboarding,
    /// In the session with the representatives.
    Session,
    /// Before signing, when the record has aged.
    Refresh,
    /// Between issuances.
    Monitor,
    /// For an audit.
    Audit,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Onboarding, Self::Session, Self::Refresh, Self::Monitor, Self::Audit];

    /// As records write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Onboarding => "onboarding",
            Self::Session => "session",
            Self::Refresh => "refresh",
            Self::Monitor => "monitor",
            Self::Audit => "audit",
        }
    }
}

/// Who fetched what, when, for which case.
#[derive(Debug, Clone)]
pub struct Fetch<'a> {
    /// The LEI that was asked for.
    pub lei: &'a Lei,
    /// What for.
    pub purpose: Purpose,
    /// Id of the record, unique in its case.
    pub record_id: &'a str,
    /// The case.
    pub case: &'a str,
    /// Person id of the QAR.
    pub performed_by: &'a str,
    /// When the answer came.
    pub fetched_at: Instant,
    /// Path of the body in the bundle.
    pub body_path: &'a str,
}

/// The address of one LEI's record. The API without a LEI answers with a list, which is no evidence.
pub fn record_url(base_url: &str, lei: &Lei) -> String {
    format!("{}/lei-records/{lei}", base_url.trim_end_matches('/'))
}

/// Accepts an answer as the record of one LEI.
///
/// # Errors
/// The status is not 200, the headers are more or longer than a record keeps, or the body is not one JSON object about
/// this LEI.
pub fn accept(lei: &Lei, response: &Response) -> Result<(), GleifError> {
    match response.status {
        200 => {}
        404 => return Err(GleifError::NotFound { lei: lei.to_string(), url: response.url.clone() }),
        status => return Err(GleifError::Status { url: response.url.clone(), status }),
    }
    // All of them are kept, or nothing is.
    let headers = response.headers.len();
    if headers > HEADERS_MAX {
        let reason = format!("{headers} headers, and {HEADERS_MAX} are kept");
        return Err(GleifError::Headers { url: response.url.clone(), reason });
    }
    if let Some((name, value)) = response.headers.iter().find(|(_, value)| value.len() > HEADER_BYTES_MAX) {
        let reason = format!("a header `{name}` of {} bytes, and {HEADER_BYTES_MAX} are kept", value.len());
        return Err(GleifError::Headers { url: response.url.clone(), reason });
    }
    let not_json = |reason: String| GleifError::NotJson {
        url: response.url.clone(),
        media_type: response.header("content-type").unwrap_or("no media type").to_owned(),
        reason,
    };
    let text = std::str::from_utf8(&response.body).map_err(|_| not_json("it is not UTF-8".to_owned()))?;
    // Only the members that say what the body is about; the rest is judged when the bundle is checked.
    let body: Body = serde_json::from_str(text).map_err(|cause| {
        if cause.is_data() {
            GleifError::Shape { url: response.url.clone(), reason: cause.to_string() }
        } else {
            not_json(cause.to_string())
        }
    })?;
    let record = match body.data {
        Data::One(record) => record,
        Data::List(records) => {
            return Err(GleifError::List { url: response.url.clone(), records: records.len() });
        }
    };
    for found in [&record.id, &record.attributes.lei] {
        if found != lei.as_str() {
            return Err(GleifError::OtherLei { asked: lei.to_string(), found: found.clone() });
        }
    }
    Ok(())
}

/// The LEI whose record these bytes are, as the API sends it.
pub fn subject(bytes: &[u8]) -> Option<Lei> {
    let body: Body = serde_json::from_slice(bytes).ok()?;
    match body.data {
        Data::One(record) if record.id == record.attributes.lei => record.id.parse().ok(),
        Data::One(_) | Data::List(_) => None,
    }
}

/// The `lei-record` that stands beside an accepted body.
pub fn record(fetch: &Fetch<'_>, response: &Response) -> Value {
    let at = fetch.fetched_at.to_string();
    let headers = response.headers.iter().filter(|(name, _)| !name.is_empty());
    json!({
        "kind": "lei-record",
        "id": fetch.record_id,
        "schema_version": 1,
        "producer": "tool",
        "performed_by": fetch.performed_by,
        "performed_at": at,
        "recorded_at": at,
        "subject_case": fetch.case,
        "purpose": fetch.purpose.as_str(),
        "requested_lei": fetch.lei.as_str(),
        "request_url": response.url,
        "http_status": response.status,
        "fetched_at": at,
        "response_headers": headers.map(|(name, value)| json!({ "name": name, "value": value })).collect::<Vec<_>>(),
        "body_path": fetch.body_path,
        "body_sha256": Sha256::of(&response.body).to_string(),
        "tool_id": concat!("countersign/", env!("CARGO_PKG_VERSION")),
    })
}

/// Bounds of `schemas/evidence/lei-record.json`.
const HEADERS_MAX: usize = 200;
const HEADER_BYTES_MAX: usize = 8192;

#[derive(Deserialize)]
struct Body {
    data: Data,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "`data` with `id` and `attributes.lei` is expected")]
enum Data {
    One(Record),
    List(Vec<serde::de::IgnoredAny>),
}

#[derive(Deserialize)]
struct Record {
    id: String,
    attributes: Attributes,
}

#[derive(Deserialize)]
struct Attributes {
    lei: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEI: &str = "254900OPPU84GM83MG36";

    fn answer(status: u16, body: &str) -> Response {
        let headers = vec![("Content-Type".to_owned(), "application/vnd.api+json".to_owned())];
        Response { url: format!("{BASE_URL}/lei-records/{LEI}"), status, headers, body: body.as_bytes().to_vec() }
    }

    fn accepted(status: u16, body: &str) -> Result<(), GleifError> {
        accept(&LEI.parse().unwrap(), &answer(status, body))
    }

    fn body(id: &str, lei: &str) -> String {
        format!(r#"{{"data":{{"type":"lei-records","id":"{id}","attributes":{{"lei":"{lei}","entity":{{}}}}}}}}"#)
    }

    #[test]
    fn the_record_of_the_lei_is_accepted() {
        accepted(200, &body(LEI, LEI)).unwrap();
    }

    #[test]
    fn another_lei_is_refused_wherever_it_stands() {
        let other = "506700GE1G29325QX363";
        for body in [body(other, LEI), body(LEI, other), body(&LEI.to_lowercase(), LEI)] {
            assert!(matches!(accepted(200, &body), Err(GleifError::OtherLei { .. })), "{body}");
        }
    }

    #[test]
    fn what_is_not_one_record_is_refused() {
        assert!(matches!(accepted(200, r#"{"data":[]}"#), Err(GleifError::List { records: 0, .. })));
        let list = format!(r#"{{"data":[{{"id":"{LEI}"}}]}}"#);
        assert!(matches!(accepted(200, &list), Err(GleifError::List { records: 1, .. })));
        assert!(matches!(accepted(200, "<html></html>"), Err(GleifError::NotJson { .. })));
        assert!(matches!(accepted(200, ""), Err(GleifError::NotJson { .. })));
        assert!(matches!(accepted(200, "{}"), Err(GleifError::Shape { .. })));
        assert!(matches!(accepted(200, r#"{"data":null}"#), Err(GleifError::Shape { .. })));
        assert!(matches!(accepted(200, r#"{"data":{"id":1}}"#), Err(GleifError::Shape { .. })));
        let twice = body(LEI, LEI).replacen(r#"{"data""#, r#"{"data":{"id":"x","attributes":{"lei":"x"}},"data""#, 1);
        assert!(matches!(accepted(200, &twice), Err(GleifError::Shape { .. })), "{twice}");
        assert!(matches!(accepted(404, "{}"), Err(GleifError::NotFound { .. })));
        assert!(matches!(accepted(403, "{}"), Err(GleifError::Status { status: 403, .. })));
    }
}
