//! Documents, from a seed: one issuance of a Legal Entity vLEI each, about 20 KB of JSON.
use chrono::{DateTime, Duration, TimeZone, Utc};
use serde_json::{Value, json};

pub struct Rng(u64);
impl Rng {
    pub fn new(seed: u64) -> Self {
        Rng(seed.wrapping_mul(0x9E3779B97F4A7C15) ^ 0xD1B54A32D192ED03)
    }
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E3779B97F4A7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58476D1CE4E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D049BB133111EB);
        z ^ (z >> 31)
    }
    pub fn below(&mut self, n: u64) -> u64 {
        self.draw() % n
    }
    pub fn f(&mut self) -> f64 {
        (self.draw() >> 11) as f64 / (1u64 << 53) as f64
    }
    pub fn pick<'a, T>(&mut self, xs: &'a [T]) -> &'a T {
        &xs[self.below(xs.len() as u64) as usize]
    }
    pub fn chars(&mut self, n: usize, set: &[u8]) -> String {
        (0..n).map(|_| *self.pick(set) as char).collect()
    }
    pub fn aid(&mut self) -> String {
        format!("E{}", self.chars(43, B64))
    }
    pub fn sig(&mut self) -> String {
        format!("0B{}", self.chars(86, B64))
    }
    pub fn hex(&mut self, n: usize) -> String {
        self.chars(n, b"0123456789abcdef")
    }
    pub fn lei(&mut self) -> String {
        format!("{}{}", self.chars(18, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"), self.chars(2, b"0123456789"))
    }
    pub fn uuid(&mut self) -> String {
        let h = self.hex(32);
        format!("{}-{}-{}-{}-{}", &h[0..8], &h[8..12], &h[12..16], &h[16..20], &h[20..32])
    }
}
const B64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const WORDS: &[&str] = &[
    "abandon", "ability", "able", "about", "above", "absent", "absorb", "abstract", "absurd", "abuse", "access",
    "accident", "account", "accuse", "achieve", "acid", "acoustic", "acquire", "across", "action", "actor", "actress",
    "actual", "adapt", "address", "adjust", "admit", "adult", "advance", "advice", "aerobic", "affair",
];
const FIRST: &[&str] =
    &["Anna", "Bela", "Carlos", "Dimitra", "Erik", "Fatima", "Georg", "Hana", "Ines", "Jonas", "Katarina", "Luca"];
const LAST: &[&str] = &[
    "Schmidt",
    "Nagy",
    "Garcia",
    "Papadopoulou",
    "Larsson",
    "Rahman",
    "Weber",
    "Novak",
    "Silva",
    "Berg",
    "Horvat",
    "Rossi",
];

fn ts(t: DateTime<Utc>) -> String {
    t.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `violate`: None → a clean document; Some(k) → the k-th (1..=25) rule is broken.
pub fn document(seed: u64, violate: Option<u32>) -> Value {
    let r = &mut Rng::new(seed);
    let issued = Utc.with_ymd_and_hms(2026, 1, 5, 10, 0, 0).unwrap()
        + Duration::days(r.below(330) as i64)
        + Duration::minutes(r.below(400) as i64);
    let lei = r.lei();
    let qvi_lei = r.lei();
    let le_aid = r.aid();
    let qvi_aid = r.aid();
    let qar1 = r.aid();
    let qar2 = r.aid();
    let name = format!(
        "{} {} {}",
        r.pick(LAST),
        r.pick(&["Industrie", "Holding", "Logistik", "Capital", "Energia"]),
        r.pick(&["GmbH", "S.A.", "N.V.", "Kft.", "AB"])
    );
    let oobi_start = issued - Duration::hours(26) - Duration::minutes(r.below(600) as i64);
    let n = 3usize;
    let aids: Vec<String> = (0..n).map(|_| r.aid()).collect();
    let mut attach = vec![];
    let mut add = |r: &mut Rng, path: String, mt: &str, sha: String, at: DateTime<Utc>| {
        attach.push(json!({"path": path, "media_type": mt, "sha256": sha, "size": 1000 + r.below(900_000), "added_at": ts(at), "added_by": format!("qar:{}", r.hex(8))}))
    };
    let mut lars = vec![];
    let mut ex = vec![];
    let mut keys = vec![];
    for (i, aid) in aids.iter().enumerate() {
        let performed = oobi_start - Duration::days(2 + r.below(60) as i64);
        let (fname, lname) = (*r.pick(FIRST), *r.pick(LAST));
        let mut docs = vec![];
        for (j, t) in ["PASSPORT", "UTILITY_BILL"].iter().enumerate() {
            let sha = r.hex(64);
            add(r, format!("evidence/lar-{}/doc-{}.pdf", i + 1, j), "application/pdf", sha.clone(), performed);
            docs.push(json!({"type": t, "number_hash": r.hex(64), "issuing_country": r.pick(&["DE","HU","SE","GR","PT"]), "issued_on": ts(performed - Duration::days(900)), "expires_on": ts(issued + Duration::days(300 + r.below(2000) as i64)), "sha256": sha, "mrz_checked": true, "chip_read": j == 0}));
        }
        lars.push(json!({"id": format!("lar-{}", i + 1), "given_name": fname, "family_name": lname, "email": format!("{}.{}@example-{}.test", fname.to_lowercase(), lname.to_lowercase(), r.below(900)),
            "aid": aid, "role": "Legal Entity Authorized Representative", "official_role": r.pick(&["CFO","Director","General Counsel","Company Secretary"]),
            "authorization": {"method": "BOARD_RESOLUTION", "document": "evidence/board-resolution.pdf", "granted_at": ts(performed - Duration::days(5)), "granted_by": {"name": format!("{} {}", r.pick(FIRST), r.pick(LAST)), "capacity": "Designated Authorized Representative"}},
            "identity_assurance": {"standard": "NIST-800-63A", "level": 2 + r.below(2), "method": "REMOTE_SUPERVISED", "provider": {"name": "IDnow", "aid": r.aid(), "accreditation": "eIDAS-LoA-substantial"}, "performed_at": ts(performed), "performed_by": qar1, "outcome": "VERIFIED", "reference": r.uuid(),
                "liveness": {"performed": true, "score": 0.9 + r.f() / 10.0, "vendor": "example"}, "face_match": {"performed": true, "score": 0.85 + r.f() / 8.0}, "documents": docs,
                "notes": "Name, date of birth and nationality compared with the document; portrait compared live on video."}}));
        let sent = oobi_start + Duration::minutes(5 + 6 * i as i64);
        let words: Vec<&str> = (0..12).map(|_| *r.pick(WORDS)).collect();
        ex.push(json!({"lar_id": format!("lar-{}", i + 1), "lar_aid": aid, "oobi": {"url": format!("http://witness{}.example.test:5642/oobi/{}/witness/{}", i, aid, r.aid()), "resolved_at": ts(sent - Duration::minutes(2)), "kel_sn": 0},
            "challenge": {"nonce": format!("0A{}", r.chars(22, B64)), "words": words, "sent_at": ts(sent), "sent_by": qar1}, "response": {"received_at": ts(sent + Duration::minutes(1 + r.below(9) as i64)), "said": r.aid(), "signature": r.sig(), "key_index": 0, "verified": true},
            "reverse_challenge": {"nonce": format!("0A{}", r.chars(22, B64)), "sent_at": ts(sent + Duration::minutes(1)), "responded_at": ts(sent + Duration::minutes(3)), "signature": r.sig(), "verified": true}}));
        keys.push(json!({"owner_aid": aid, "public_key": format!("D{}", r.chars(43, B64)), "next_digest": r.aid(), "index": i, "weight": "1/2"}));
    }
    for p in [
        "evidence/board-resolution.pdf",
        "evidence/power-of-attorney.pdf",
        "evidence/register-extract.pdf",
        "evidence/lei-record.json",
        "evidence/oobi-session.webm",
        "evidence/oobi-transcript.txt",
        "evidence/contract.pdf",
        "evidence/dar-authorization.pdf",
        "evidence/kel-snapshot.cesr",
        "evidence/tel-snapshot.cesr",
    ] {
        let sha = r.hex(64);
        let mt = *r.pick::<&str>(&["application/pdf", "application/json", "application/cesr", "video/webm"]);
        add(r, p.to_string(), mt, sha, oobi_start);
    }
    let retrieved = issued - Duration::hours(3 + r.below(100) as i64);
    let addr = |r: &mut Rng| json!({"language": "de", "addressLines": [format!("Hauptstrasse {}", r.below(200)), "Gebaeude B"], "addressNumber": null, "addressNumberWithinBuilding": null, "mailRouting": null, "city": "Frankfurt am Main", "region": "DE-HE", "country": "DE", "postalCode": format!("{}", 10000 + r.below(80000))});
    let cred = |r: &mut Rng,
                issuer: &str,
                issuee: &str,
                lei: &str,
                schema: &str,
                dt: DateTime<Utc>,
                edge: Option<&str>| {
        let mut c = json!({"v": "ACDC10JSON0005c8_", "d": r.aid(), "i": issuer, "ri": r.aid(), "s": schema, "a": {"d": r.aid(), "i": issuee, "dt": ts(dt), "LEI": lei},
            "r": {"d": r.aid(), "usageDisclaimer": {"l": "Usage of a valid, unexpired, and non-revoked vLEI Credential, as defined in the associated Ecosystem Governance Framework, does not assert that the Legal Entity is trustworthy, honest, reputable in its business dealings, safe to do business with, or compliant with any laws or that an implied or expressly intended purpose will be fulfilled."}, "issuanceDisclaimer": {"l": "All information in a valid, unexpired, and non-revoked vLEI Credential, as defined in the associated Ecosystem Governance Framework, is accurate as of the date the validation process was complete. The vLEI Credential has been issued to the legal entity or person named in the vLEI Credential as the subject; and the qualified vLEI Issuer exercised reasonable care to perform the validation process set forth in the vLEI Ecosystem Governance Framework."}}});
        if let Some(e) = edge {
            c["e"] = json!({"d": r.aid(), "qvi": {"n": e, "s": "EBfdlu8R27Fbx-ehrqwImnK-8Cm79sqbAQ4MmvEAYqao"}});
        }
        c
    };
    let gleif = r.aid();
    let qvi_cred = cred(
        r,
        &gleif,
        &qvi_aid,
        &qvi_lei,
        "EBfdlu8R27Fbx-ehrqwImnK-8Cm79sqbAQ4MmvEAYqao",
        issued - Duration::days(200),
        None,
    );
    let qd = qvi_cred["d"].as_str().unwrap().to_string();
    let le_cred = cred(r, &qvi_aid, &le_aid, &lei, "ENPXp1vQzRF6JwIuS-mp2U8Uf1MoADoP_GqQ62VsDZWY", issued, Some(&qd));
    let mut d = json!({
        "bundle_version": "1.0", "bundle_id": r.uuid(), "framework": {"id": "vLEI-EGF", "version": "3.0", "document": "Legal Entity vLEI Credential Framework"}, "credential_type": "LegalEntityvLEICredential",
        "issuance": {"id": r.uuid(), "lei": lei, "requested_at": ts(oobi_start - Duration::days(70)), "approved_at": ts(issued - Duration::hours(1)), "issued_at": ts(issued), "channel": "QVI-PORTAL",
            "qvi": {"name": "Example QVI AG", "aid": qvi_aid, "lei": qvi_lei, "qualified_until": ts(issued + Duration::days(165))},
            "qar1": {"name": "Q. One", "aid": qar1, "key_state_sn": 3}, "qar2": {"name": "Q. Two", "aid": qar2, "key_state_sn": 1},
            "approvals": [{"by": qar1, "at": ts(issued - Duration::hours(2)), "signature": r.sig()}, {"by": qar2, "at": ts(issued - Duration::hours(1)), "signature": r.sig()}]},
        "lei_record": {"meta": {"goldenCopy": {"publishDate": ts(retrieved - Duration::hours(8))}, "retrieved_at": ts(retrieved), "source": format!("https://api.gleif.org/api/v1/lei-records/{}", lei)},
            "data": {"type": "lei-records", "id": lei, "attributes": {"lei": lei, "entity": {"legalName": {"name": name, "language": "de"}, "otherNames": [{"name": format!("{} International", name), "language": "en", "type": "ALTERNATIVE_LANGUAGE_LEGAL_NAME"}], "transliteratedOtherNames": [], "legalAddress": addr(r), "headquartersAddress": addr(r), "registeredAt": {"id": "RA000242", "other": null}, "registeredAs": format!("HRB {}", r.below(99999)), "jurisdiction": "DE", "category": "GENERAL", "legalForm": {"id": "2HBR", "other": null}, "associatedEntity": {"lei": null, "name": null}, "status": "ACTIVE", "expiration": {"date": null, "reason": null}, "successorEntity": {"lei": null, "name": null}, "successorEntities": [], "creationDate": "1998-04-21T00:00:00Z", "subCategory": null, "otherAddresses": [], "eventGroups": []},
                "registration": {"initialRegistrationDate": "2014-02-11T09:00:00Z", "lastUpdateDate": ts(retrieved - Duration::days(40)), "status": "ISSUED", "nextRenewalDate": ts(issued + Duration::days(60 + r.below(290) as i64)), "managingLou": "529900T8BM49AURSDO55", "corroborationLevel": "FULLY_CORROBORATED", "validatedAt": {"id": "RA000242", "other": null}, "validatedAs": "HRB", "otherValidationAuthorities": []}, "bic": null, "mic": null, "ocid": null, "spglobal": [], "conformityFlag": "CONFORMING"},
                "relationships": {"managing-lou": {"links": {"related": format!("https://api.gleif.org/api/v1/lei-records/{}/managing-lou", lei)}}, "lei-issuer": {"links": {"related": format!("https://api.gleif.org/api/v1/lei-records/{}/lei-issuer", lei)}}, "field-modifications": {"links": {"related": format!("https://api.gleif.org/api/v1/lei-records/{}/field-modifications", lei)}}, "direct-parent": {"links": {"reporting-exception": format!("https://api.gleif.org/api/v1/lei-records/{}/direct-parent-reporting-exception", lei)}}}, "links": {"self": format!("https://api.gleif.org/api/v1/lei-records/{}", lei)}}},
        "legal_entity": {"name": name, "lei": lei, "aid": le_aid, "multisig": {"signing_threshold": 2, "rotation_threshold": 2, "keys": keys, "witnesses": (0..5).map(|_| format!("B{}", r.chars(43, B64))).collect::<Vec<_>>(), "toad": 4, "icp_said": le_aid}},
        "lars": lars,
        "oobi_session": {"session_id": r.uuid(), "started_at": ts(oobi_start), "ended_at": ts(oobi_start + Duration::minutes(25 + r.below(60) as i64)), "conducted_by": qar1, "platform": "video-conference", "recording": "evidence/oobi-session.webm", "participants": aids, "exchanges": ex},
        "attachments": attach,
        "credential": le_cred, "qvi_credential": qvi_cred});
    if r.below(2) == 0 {
        d["issuance"]["delegation"] = json!({"to": r.aid(), "scope": ["LE_ISSUANCE", "OOR_AUTH"], "granted_at": ts(issued - Duration::days(30)), "expires_at": ts(issued + Duration::days(30))});
    }
    if let Some(k) = violate {
        break_rule(&mut d, k, issued, r);
    }
    d
}

fn break_rule(d: &mut Value, k: u32, issued: DateTime<Utc>, r: &mut Rng) {
    let li = r.below(3) as usize;
    match k {
        1 => d["issuance"]["lei"] = json!("529900t8bm49aursdo5x"),
        2 => d["lei_record"]["data"]["attributes"]["entity"]["status"] = json!("INACTIVE"),
        3 => d["lei_record"]["data"]["attributes"]["registration"]["status"] = json!("LAPSED"),
        4 => {
            d["lei_record"]["data"]["attributes"]["registration"]["nextRenewalDate"] =
                json!(ts(issued - Duration::days(2)))
        }
        5 => d["lei_record"]["meta"]["retrieved_at"] = json!(ts(issued - Duration::days(9))),
        6 => d["credential"]["a"]["LEI"] = json!(r.lei()),
        7 => d["legal_entity"]["name"] = json!("Wrong Name Ltd"),
        8 => {
            d["lei_record"]["data"]["attributes"]["registration"]["corroborationLevel"] = json!("ENTITY_SUPPLIED_ONLY")
        }
        9 => {
            let x = d["lars"][0].clone();
            let a = d["lars"].as_array_mut().unwrap();
            for i in 0..3 {
                let mut y = x.clone();
                y["aid"] = json!(r.aid());
                y["id"] = json!(format!("lar-{}", 4 + i));
                a.push(y);
            }
        }
        10 => d["lars"][li]["identity_assurance"]["level"] = json!(1),
        11 => d["lars"][li]["identity_assurance"]["performed_at"] = json!(ts(issued - Duration::days(400))),
        12 => d["lars"][li]["identity_assurance"]["documents"][0]["expires_on"] = json!(ts(issued - Duration::days(4))),
        13 => {
            let x = d["lars"][0]["aid"].clone();
            d["lars"][1]["aid"] = x;
        }
        14 => d["lars"][li]["aid"] = json!("did:example:123"),
        15 => d["oobi_session"]["ended_at"] = json!(ts(issued + Duration::hours(1))),
        16 => {
            let x = d["issuance"]["qar1"]["aid"].clone();
            d["issuance"]["qar2"]["aid"] = x;
        }
        17 => {
            let x = d["issuance"]["qar2"]["aid"].clone();
            d["oobi_session"]["conducted_by"] = x;
        }
        18 => {
            let x = d["oobi_session"]["exchanges"][0]["challenge"]["nonce"].clone();
            d["oobi_session"]["exchanges"][2]["challenge"]["nonce"] = x;
        }
        19 => d["oobi_session"]["exchanges"][li]["response"]["received_at"] = json!(ts(issued)),
        20 => {
            for i in 0..2 {
                d["oobi_session"]["exchanges"][i]["response"]["verified"] = json!(false);
            }
        }
        21 => d["oobi_session"]["exchanges"][li]["lar_aid"] = json!(r.aid()),
        22 => d["legal_entity"]["multisig"]["signing_threshold"] = json!(1),
        23 => d["attachments"][3]["sha256"] = json!("deadbeef"),
        24 => d["lars"][li]["identity_assurance"]["documents"][1]["sha256"] = json!(r.hex(64)),
        25 => {
            d["issuance"]["delegation"] = json!({"to": r.aid(), "scope": ["OOR_AUTH"], "granted_at": ts(issued - Duration::days(90)), "expires_at": ts(issued - Duration::days(1))})
        }
        26 => {
            d["lei_record"]["data"]["attributes"]["registration"].as_object_mut().unwrap().remove("nextRenewalDate");
        } // missing field → R04 must fail, not vanish
        27 => {
            d["lars"][li]["identity_assurance"].as_object_mut().unwrap().remove("level");
        } // missing field inside a for-all → R10 must fail
        _ => unreachable!(),
    }
}
/// Document `i` of a corpus; one in `frac` breaks one rule, or lacks a field that a rule reads.
pub fn numbered(seed: u64, i: u64, frac: f64) -> Value {
    let mut r = Rng::new(seed ^ i.wrapping_mul(0xA24BAED4963EE407));
    let v = if r.f() < frac { Some(1 + r.below(27) as u32) } else { None };
    document(r.draw(), v)
}
