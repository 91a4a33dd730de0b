//! Looks at LEIs: what GLEIF said, when, and what follows from all looks together.
//!
//! In: answers of the API or records of a Golden Copy, as entries of a `lei-monitoring-log`. Out: per LEI the newest
//! look that counts, since when the LEI is bad, and the newest try.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::gleif::Standing;
use crate::primitives::{Duration, Instant, Sha256};

/// One look, as the log writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// The LEI.
    pub lei: String,
    /// When GLEIF was asked.
    pub checked_at: Instant,
    /// What the server answered.
    pub http_status: u16,
    /// When GLEIF published what it says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub published_at: Option<Instant>,
    /// `ACTIVE` or `INACTIVE`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub entity_status: Option<String>,
    /// `ISSUED`, `LAPSED`, …
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub registration_status: Option<String>,
    /// When the LEI is to be renewed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_renewal_at: Option<Instant>,
    /// Digest of the body as received.
    pub body_sha256: Sha256,
}

/// What all looks at one LEI say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// The newest look that counts.
    pub newest: Option<Look>,
    /// The newest try of any kind.
    pub tried: Option<Look>,
    /// The first of the bad looks since the last good one, published or else looked at then.
    pub bad_since: Option<Instant>,
}

/// Statuses of a registration with which a credential may stand; as the rules have them.
pub const STANDING: [&str; 3] = ["ISSUED", "PENDING_TRANSFER", "PENDING_ARCHIVAL"];

impl Look {
    /// A look at an answer with status 200 that was accepted.
    pub fn of(lei: &str, checked_at: Instant, body: Sha256, standing: Standing) -> Self {
        Self {
            lei: lei.to_owned(),
            checked_at,
            http_status: 200,
            published_at: standing.published_at,
            entity_status: standing.entity_status,
            registration_status: standing.registration_status,
            next_renewal_at: standing.next_renewal_at,
            body_sha256: body,
        }
    }

    /// A look that was answered with something else than a record.
    pub fn without_record(lei: &str, checked_at: Instant, status: u16, body: Sha256) -> Self {
        Self { http_status: status, ..Self::of(lei, checked_at, body, Standing::default()) }
    }

    /// Whether it counts: a record that was no old copy. As definition `checked` of the rule book.
    pub fn counts(&self, copy_max_age: Duration, skew: Duration) -> bool {
        let told = self.entity_status.is_some() && self.registration_status.is_some();
        let fresh = self.published_at.is_some_and(|published| {
            let age = self.checked_at.since(published);
            age <= copy_max_age && Duration::from_seconds(0).checked_sub(skew).is_some_and(|least| age >= least)
        });
        self.http_status == 200 && told && fresh
    }

    /// Whether the LEI is not in good standing. As definition `bad_look` of the rule book.
    pub fn is_bad(&self) -> bool {
        let entity = self.entity_status.as_deref() == Some("ACTIVE");
        let registration = self.registration_status.as_deref().is_some_and(|status| STANDING.contains(&status));
        !(entity && registration)
    }
}

/// The histories of all LEIs that were looked at; looks may come in any order.
pub fn histories(
    looks: impl IntoIterator<Item = Look>,
    copy_max_age: Duration,
    skew: Duration,
) -> BTreeMap<String, History> {
    let mut by_lei: BTreeMap<String, Vec<Look>> = BTreeMap::new();
    for look in looks {
        by_lei.entry(look.lei.clone()).or_default().push(look);
    }
    let history = |mut looks: Vec<Look>| {
        looks.sort_by_key(|look| look.checked_at);
        let mut history = History::default();
        for look in looks {
            if look.http_status == 200 && look.is_bad() {
                // Bad news counts however old the copy is.
                history.bad_since.get_or_insert(look.published_at.unwrap_or(look.checked_at));
            } else if look.counts(copy_max_age, skew) {
                history.bad_since = None;
            }
            if look.counts(copy_max_age, skew) {
                history.newest = Some(look.clone());
            }
            history.tried = Some(look);
        }
        history
    };
    by_lei.into_iter().map(|(lei, looks)| (lei, history(looks))).collect()
}
