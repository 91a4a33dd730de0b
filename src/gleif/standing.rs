//! What a record of GLEIF's API says of an LEI's standing.

use serde::Deserialize;

use crate::primitives::Instant;

/// The standing of an LEI, as far as a record tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// When GLEIF published what the record says.
    pub published_at: Option<Instant>,
    /// `ACTIVE` or `INACTIVE`.
    pub entity_status: Option<String>,
    /// `ISSUED`, `LAPSED`, …
    pub registration_status: Option<String>,
    /// When the LEI is to be renewed.
    pub next_renewal_at: Option<Instant>,
}

/// Longest status that is taken over; GLEIF's longest has 16 letters.
const STATUS_MAX: usize = 64;

/// The standing that an accepted body tells; what it does not tell, or tells in another form, is not known.
pub fn standing(body: &[u8]) -> Standing {
    let Ok(body) = serde_json::from_slice::<Body>(body) else { return Standing::default() };
    let attributes = body.data.attributes;
    Standing {
        published_at: body.meta.and_then(|meta| instant(meta.golden_copy?.publish_date?)),
        entity_status: attributes.entity.and_then(|entity| status(entity.status)),
        registration_status: attributes.registration.as_ref().and_then(|found| status(found.status.clone())),
        next_renewal_at: attributes.registration.and_then(|found| instant(found.next_renewal_date?)),
    }
}

pub(super) fn instant(text: String) -> Option<Instant> {
    text.parse().ok()
}

pub(super) fn status(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty() && text.len() <= STATUS_MAX)
}

#[derive(Deserialize)]
struct Body {
    meta: Option<Meta>,
    data: Data,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "goldenCopy")]
    golden_copy: Option<GoldenCopy>,
}

#[derive(Deserialize)]
struct GoldenCopy {
    #[serde(rename = "publishDate")]
    publish_date: Option<String>,
}

#[derive(Deserialize)]
struct Data {
    attributes: Attributes,
}

#[derive(Deserialize)]
struct Attributes {
    entity: Option<Entity>,
    registration: Option<Registration>,
}

#[derive(Deserialize)]
struct Entity {
    status: Option<String>,
}

#[derive(Deserialize)]
struct Registration {
    status: Option<String>,
    #[serde(rename = "nextRenewalDate")]
    next_renewal_date: Option<String>,
}
