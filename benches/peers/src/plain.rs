//! The rules written by hand: on typed structs that borrow from the text, which is the floor for speed, and on
//! `serde_json::Value`, which is the reference for verdicts.

use std::any::Any;
use std::collections::HashSet;

use chrono::{DateTime, FixedOffset};
use regex::Regex;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::contender::{Contender, Engine};

/// On `serde_json::Value`.
pub struct Dynamic;

impl Contender for Dynamic {
    fn name(&self) -> String {
        "plain Rust, serde_json::Value".to_owned()
    }

    fn load(&self) -> Box<dyn Engine> {
        Box::new(Patterns::new())
    }
}

struct Patterns {
    lei: Regex,
    aid: Regex,
    sha: Regex,
}

impl Patterns {
    fn new() -> Self {
        Self {
            lei: Regex::new("^[A-Z0-9]{18}[0-9]{2}$").unwrap(),
            aid: Regex::new("^[EB][A-Za-z0-9_-]{43}$").unwrap(),
            sha: Regex::new("^[0-9a-f]{64}$").unwrap(),
        }
    }
}
fn t(v: &Value) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc3339(v.as_str()?).ok()
}
fn arr(v: &Value) -> &[Value] {
    v.as_array().map(|a| a.as_slice()).unwrap_or(&[])
}
fn distinct<'a>(it: impl Iterator<Item = Option<&'a str>>) -> bool {
    let mut s = HashSet::new();
    for x in it {
        match x {
            Some(x) if s.insert(x) => {}
            _ => return false,
        }
    }
    true
}
impl Patterns {
    fn rules(&self, d: &Value) -> u32 {
        let mut m = 0u32;
        let mut chk = |n: u32, ok: Option<bool>| {
            if ok != Some(true) {
                m |= 1 << (n - 1)
            }
        };
        let i = &d["issuance"];
        let rec = &d["lei_record"]["data"];
        let ent = &rec["attributes"]["entity"];
        let reg = &rec["attributes"]["registration"];
        let le = &d["legal_entity"];
        let ms = &le["multisig"];
        let lars = arr(&d["lars"]);
        let o = &d["oobi_session"];
        let exs = arr(&o["exchanges"]);
        let att = arr(&d["attachments"]);
        let issued = t(&i["issued_at"]);
        let started = t(&o["started_at"]);
        chk(1, i["lei"].as_str().map(|s| self.lei.is_match(s)));
        chk(2, Some(ent["status"] == "ACTIVE"));
        chk(3, reg["status"].as_str().map(|s| matches!(s, "ISSUED" | "PENDING_TRANSFER" | "PENDING_ARCHIVAL")));
        chk(4, (|| Some(t(&reg["nextRenewalDate"])? > issued?))());
        chk(
            5,
            (|| {
                let s = (issued? - t(&d["lei_record"]["meta"]["retrieved_at"])?).num_seconds();
                Some((0..=7 * 86400).contains(&s))
            })(),
        );
        chk(
            6,
            Some(
                i["lei"].is_string()
                    && [&rec["id"], &rec["attributes"]["lei"], &le["lei"], &d["credential"]["a"]["LEI"]]
                        .iter()
                        .all(|x| **x == i["lei"]),
            ),
        );
        chk(7, Some(le["name"].is_string() && le["name"] == ent["legalName"]["name"]));
        chk(
            8,
            reg["corroborationLevel"].as_str().map(|s| matches!(s, "FULLY_CORROBORATED" | "PARTIALLY_CORROBORATED")),
        );
        chk(9, Some((1..=5).contains(&lars.len())));
        chk(10, Some(lars.iter().all(|l| l["identity_assurance"]["level"].as_i64().is_some_and(|x| x >= 2))));
        chk(
            11,
            Some(lars.iter().all(|l| {
                let a = &l["identity_assurance"];
                (|| {
                    let p = t(&a["performed_at"])?;
                    Some(a["outcome"] == "VERIFIED" && p <= started? && (issued? - p).num_seconds() <= 365 * 86400)
                })() == Some(true)
            })),
        );
        chk(
            12,
            Some(lars.iter().all(|l| {
                arr(&l["identity_assurance"]["documents"]).iter().any(|x| {
                    x["type"].as_str().is_some_and(|s| matches!(s, "PASSPORT" | "NATIONAL_ID" | "RESIDENCE_PERMIT"))
                        && (|| Some(t(&x["expires_on"])? > issued?))() == Some(true)
                })
            })),
        );
        chk(13, Some(distinct(lars.iter().map(|l| l["aid"].as_str()))));
        chk(14, Some(lars.iter().all(|l| l["aid"].as_str().is_some_and(|s| self.aid.is_match(s)))));
        chk(
            15,
            (|| {
                let e = t(&o["ended_at"])?;
                let s = (e - started?).num_seconds();
                Some((0..=4 * 3600).contains(&s) && e <= issued?)
            })(),
        );
        chk(
            16,
            Some(i["qar1"]["aid"].is_string() && i["qar2"]["aid"].is_string() && i["qar1"]["aid"] != i["qar2"]["aid"]),
        );
        chk(17, Some(o["conducted_by"].is_string() && o["conducted_by"] == i["qar1"]["aid"]));
        chk(18, Some(distinct(exs.iter().map(|x| x["challenge"]["nonce"].as_str()))));
        chk(
            19,
            Some(exs.iter().all(|x| {
                (|| {
                    let s = (t(&x["response"]["received_at"])? - t(&x["challenge"]["sent_at"])?).num_seconds();
                    Some(x["response"]["verified"] == true && (0..=1800).contains(&s))
                })() == Some(true)
            })),
        );
        chk(
            20,
            ms["signing_threshold"]
                .as_i64()
                .map(|n| exs.iter().filter(|x| x["response"]["verified"] == true).count() as i64 >= n),
        );
        let aids: HashSet<&str> = lars.iter().filter_map(|l| l["aid"].as_str()).collect();
        chk(21, Some(exs.iter().all(|x| x["lar_aid"].as_str().is_some_and(|s| aids.contains(s)))));
        let keys = arr(&ms["keys"]);
        chk(
            22,
            ms["signing_threshold"].as_i64().map(|n| {
                keys.len() == lars.len()
                    && keys.iter().all(|k| k["owner_aid"].as_str().is_some_and(|s| aids.contains(s)))
                    && (keys.len() < 2 || n >= 2)
            }),
        );
        chk(
            23,
            Some(
                att.iter().all(|a| a["sha256"].as_str().is_some_and(|s| self.sha.is_match(s)))
                    && distinct(att.iter().map(|a| a["path"].as_str())),
            ),
        );
        let shas: HashSet<&str> = att.iter().filter_map(|a| a["sha256"].as_str()).collect();
        chk(
            24,
            Some(lars.iter().all(|l| {
                arr(&l["identity_assurance"]["documents"])
                    .iter()
                    .all(|x| x["sha256"].as_str().is_some_and(|s| shas.contains(s)))
            })),
        );
        let del = &i["delegation"];
        chk(
            25,
            Some(
                del.is_null()
                    || ((|| Some(t(&del["expires_at"])? > issued?))() == Some(true)
                        && arr(&del["scope"]).iter().any(|s| s == "LE_ISSUANCE")),
            ),
        );
        m
    }
}
impl Engine for Patterns {
    fn parse(&mut self, s: &'static str) -> Box<dyn Any> {
        Box::new(serde_json::from_str::<Value>(s).unwrap())
    }
    fn eval(&mut self, d: &mut dyn Any) -> u32 {
        self.rules(d.downcast_ref::<Value>().unwrap())
    }
}
/// The rules that fail on a document.
pub fn reference(document: &Value) -> u32 {
    thread_local!(static PATTERNS: Patterns = Patterns::new());
    PATTERNS.with(|patterns| patterns.rules(document))
}

/// Structs whose every member may be absent.
macro_rules! structs { ($($n:ident { $($f:ident : $t:ty),* $(,)? })*) => { $( #[derive(Deserialize, Default)] #[serde(default)] #[allow(non_snake_case)] pub struct $n<'a> { $( #[serde(borrow)] pub $f: $t, )* #[serde(skip)] pub _p: std::marker::PhantomData<&'a ()> } )* } }
/// A text, borrowed; null is none.
#[derive(Default)]
pub struct Text<'a>(pub Option<&'a str>);
impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<&'a str>::deserialize(deserializer).map(Text)
    }
}
structs! {
    Document { issuance: Issuance<'a>, lei_record: LeiRecord<'a>, legal_entity: LegalEntity<'a>, lars: Vec<Lar<'a>>, oobi_session: Session<'a>, attachments: Vec<Attachment<'a>>, credential: Credential<'a> }
    Issuance { lei: Text<'a>, issued_at: Text<'a>, qar1: Person<'a>, qar2: Person<'a>, delegation: Option<Delegation<'a>> }
    Person { aid: Text<'a> }
    Delegation { scope: Vec<Text<'a>>, expires_at: Text<'a> }
    LeiRecord { meta: Meta<'a>, data: Data<'a> }
    Meta { retrieved_at: Text<'a> }
    Data { id: Text<'a>, attributes: Attributes<'a> }
    Attributes { lei: Text<'a>, entity: Entity<'a>, registration: Registration<'a> }
    Entity { legalName: LegalName<'a>, status: Text<'a> }
    LegalName { name: Text<'a> }
    Registration { status: Text<'a>, nextRenewalDate: Text<'a>, corroborationLevel: Text<'a> }
    LegalEntity { name: Text<'a>, lei: Text<'a>, multisig: Multisig<'a> }
    Attachment { path: Text<'a>, sha256: Text<'a> }
    Credential { a: CredentialAttributes<'a> }
    CredentialAttributes { LEI: Text<'a> }
    Shown { expires_on: Text<'a>, sha256: Text<'a>, r#type: Text<'a> }
    Session { started_at: Text<'a>, ended_at: Text<'a>, conducted_by: Text<'a>, exchanges: Vec<Exchange<'a>> }
    Challenge { nonce: Text<'a>, sent_at: Text<'a> }
    Key { owner_aid: Text<'a> }
}
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Multisig<'a> {
    pub signing_threshold: Option<i64>,
    #[serde(borrow)]
    pub keys: Vec<Key<'a>>,
}
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Lar<'a> {
    #[serde(borrow)]
    pub aid: Text<'a>,
    #[serde(borrow)]
    pub identity_assurance: Assurance<'a>,
}
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Assurance<'a> {
    pub level: Option<i64>,
    #[serde(borrow)]
    pub performed_at: Text<'a>,
    #[serde(borrow)]
    pub outcome: Text<'a>,
    #[serde(borrow)]
    pub documents: Vec<Shown<'a>>,
}
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Exchange<'a> {
    #[serde(borrow)]
    pub lar_aid: Text<'a>,
    #[serde(borrow)]
    pub challenge: Challenge<'a>,
    #[serde(borrow)]
    pub response: Response<'a>,
}
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Response<'a> {
    #[serde(borrow)]
    pub received_at: Text<'a>,
    pub verified: Option<bool>,
}

/// YYYY-MM-DDTHH:MM:SSZ → seconds since epoch (falls back to chrono for any other RFC 3339 shape)
pub fn epoch(b: &Text) -> Option<i64> {
    let s = b.0?;
    let x = s.as_bytes();
    if x.len() != 20 || x[19] != b'Z' || x[4] != b'-' || x[7] != b'-' || x[10] != b'T' || x[13] != b':' || x[16] != b':'
    {
        return DateTime::parse_from_rfc3339(s).ok().map(|d| d.timestamp());
    }
    let n = |a: usize, l: usize| -> Option<i64> {
        let mut v = 0i64;
        for c in &x[a..a + l] {
            if !c.is_ascii_digit() {
                return None;
            }
            v = v * 10 + (c - b'0') as i64;
        }
        Some(v)
    };
    let (y, mo, d, h, mi, se) = (n(0, 4)?, n(5, 2)?, n(8, 2)?, n(11, 2)?, n(14, 2)?, n(17, 2)?);
    if !(1..=12).contains(&mo) || !(1..=31).contains(&d) || h > 23 || mi > 59 || se > 60 {
        return None;
    }
    let y2 = if mo <= 2 { y - 1 } else { y };
    let era = y2.div_euclid(400);
    let yoe = y2 - era * 400;
    let doy = (153 * (mo + if mo > 2 { -3 } else { 9 }) + 2) / 5 + d - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    Some((era * 146097 + doe - 719468) * 86400 + h * 3600 + mi * 60 + se)
}
fn is_lei(s: &str) -> bool {
    let x = s.as_bytes();
    x.len() == 20
        && x[..18].iter().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
        && x[18..].iter().all(|c| c.is_ascii_digit())
}
fn is_aid(s: &str) -> bool {
    let x = s.as_bytes();
    x.len() == 44
        && (x[0] == b'E' || x[0] == b'B')
        && x[1..].iter().all(|c| c.is_ascii_alphanumeric() || *c == b'_' || *c == b'-')
}
fn is_sha(s: &str) -> bool {
    s.len() == 64 && s.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c))
}
fn small_distinct<'a>(mut it: impl Iterator<Item = Option<&'a str>> + Clone) -> bool {
    while let Some(x) = it.next() {
        if x.is_none() || it.clone().any(|y| y == x) {
            return false;
        }
    }
    true
}

/// On typed structs.
pub struct Typed;
impl Contender for Typed {
    fn name(&self) -> String {
        "plain Rust, typed".to_owned()
    }
    fn load(&self) -> Box<dyn Engine> {
        Box::new(Loaded)
    }
}
struct Loaded;
pub fn typed_rules(d: &Document) -> u32 {
    let mut m = 0u32;
    let mut chk = |n: u32, ok: bool| {
        if !ok {
            m |= 1 << (n - 1)
        }
    };
    let i = &d.issuance;
    let a = &d.lei_record.data.attributes;
    let reg = &a.registration;
    let ms = &d.legal_entity.multisig;
    let o = &d.oobi_session;
    let issued = epoch(&i.issued_at);
    let started = epoch(&o.started_at);
    let cmp = |x: Option<i64>, y: Option<i64>, f: fn(i64, i64) -> bool| matches!((x, y), (Some(x), Some(y)) if f(x, y));
    chk(1, i.lei.0.is_some_and(is_lei));
    chk(2, a.entity.status.0 == Some("ACTIVE"));
    chk(3, matches!(reg.status.0, Some("ISSUED" | "PENDING_TRANSFER" | "PENDING_ARCHIVAL")));
    chk(4, cmp(epoch(&reg.nextRenewalDate), issued, |x, y| x > y));
    chk(5, cmp(issued, epoch(&d.lei_record.meta.retrieved_at), |x, y| (0..=7 * 86400).contains(&(x - y))));
    chk(
        6,
        i.lei.0.is_some()
            && i.lei.0 == d.lei_record.data.id.0
            && i.lei.0 == a.lei.0
            && i.lei.0 == d.legal_entity.lei.0
            && i.lei.0 == d.credential.a.LEI.0,
    );
    chk(7, d.legal_entity.name.0.is_some() && d.legal_entity.name.0 == a.entity.legalName.name.0);
    chk(8, matches!(reg.corroborationLevel.0, Some("FULLY_CORROBORATED" | "PARTIALLY_CORROBORATED")));
    chk(9, (1..=5).contains(&d.lars.len()));
    chk(10, d.lars.iter().all(|l| l.identity_assurance.level.is_some_and(|x| x >= 2)));
    chk(
        11,
        d.lars.iter().all(|l| {
            let p = epoch(&l.identity_assurance.performed_at);
            l.identity_assurance.outcome.0 == Some("VERIFIED")
                && cmp(p, started, |x, y| x <= y)
                && cmp(p, issued, |x, y| y - x <= 365 * 86400)
        }),
    );
    chk(
        12,
        d.lars.iter().all(|l| {
            l.identity_assurance.documents.iter().any(|x| {
                matches!(x.r#type.0, Some("PASSPORT" | "NATIONAL_ID" | "RESIDENCE_PERMIT"))
                    && cmp(epoch(&x.expires_on), issued, |x, y| x > y)
            })
        }),
    );
    chk(13, small_distinct(d.lars.iter().map(|l| l.aid.0)));
    chk(14, d.lars.iter().all(|l| l.aid.0.is_some_and(is_aid)));
    let ended = epoch(&o.ended_at);
    chk(15, cmp(ended, started, |x, y| (0..=4 * 3600).contains(&(x - y))) && cmp(ended, issued, |x, y| x <= y));
    chk(16, i.qar1.aid.0.is_some() && i.qar2.aid.0.is_some() && i.qar1.aid.0 != i.qar2.aid.0);
    chk(17, o.conducted_by.0.is_some() && o.conducted_by.0 == i.qar1.aid.0);
    chk(18, small_distinct(o.exchanges.iter().map(|x| x.challenge.nonce.0)));
    chk(
        19,
        o.exchanges.iter().all(|x| {
            x.response.verified == Some(true)
                && cmp(epoch(&x.response.received_at), epoch(&x.challenge.sent_at), |r, s| {
                    (0..=1800).contains(&(r - s))
                })
        }),
    );
    chk(
        20,
        ms.signing_threshold
            .is_some_and(|n| o.exchanges.iter().filter(|x| x.response.verified == Some(true)).count() as i64 >= n),
    );
    let has = |s: Option<&str>| s.is_some() && d.lars.iter().any(|l| l.aid.0 == s);
    chk(21, o.exchanges.iter().all(|x| has(x.lar_aid.0)));
    chk(
        22,
        ms.signing_threshold.is_some_and(|n| {
            ms.keys.len() == d.lars.len() && ms.keys.iter().all(|k| has(k.owner_aid.0)) && (ms.keys.len() < 2 || n >= 2)
        }),
    );
    chk(
        23,
        d.attachments.iter().all(|a| a.sha256.0.is_some_and(is_sha))
            && small_distinct(d.attachments.iter().map(|a| a.path.0)),
    );
    chk(
        24,
        d.lars.iter().all(|l| {
            l.identity_assurance
                .documents
                .iter()
                .all(|x| x.sha256.0.is_some() && d.attachments.iter().any(|a| a.sha256.0 == x.sha256.0))
        }),
    );
    chk(
        25,
        i.delegation.as_ref().is_none_or(|x| {
            cmp(epoch(&x.expires_at), issued, |e, y| e > y) && x.scope.iter().any(|s| s.0 == Some("LE_ISSUANCE"))
        }),
    );
    m
}
impl Engine for Loaded {
    fn parse(&mut self, s: &'static str) -> Box<dyn Any> {
        Box::new(serde_json::from_str::<Document<'static>>(s).unwrap())
    }
    fn eval(&mut self, d: &mut dyn Any) -> u32 {
        typed_rules(d.downcast_ref::<Document<'static>>().unwrap())
    }
}
