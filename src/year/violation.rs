//! What can be wrong with a case of a year, and which rules must say so.
//!
//! Out: a table. A patch is written as in the cases of policies and made in the reference case; a test makes each
//! and compares the rules.

/// Something wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Its name.
    pub name: &'static str,
    /// What is done.
    pub wrong: Wrong,
    /// The rules that must not pass when the case is checked alone, and no others.
    pub rules: &'static [&'static str],
    /// What an audit of the year must find as well, by code. That a case with such rules was not to be issued is not
    /// said here.
    pub population: &'static [&'static str],
}

/// How a case becomes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// Its files differ, by a patch of the reference case.
    Files(&'static str),
    /// Its challenge has the words of another case.
    Borrowed,
    /// It is not in the folder.
    Unfiled,
    /// Its event is not in the registry that witnesses show.
    Unregistered,
}

/// Everything that can be wrong.
pub const VIOLATIONS: &[Violation] = &[
    Violation {
        name: "lapsed LEI",
        wrong: Wrong::Files(
            r#"patch:
  - set: raw/lei-record-r2.json#/data/attributes/registration/status
    to: LAPSED
"#,
        ),
        rules: &["EGF3-SLA-3.1", "LE-6.3.1.b.2", "PROV-16.b", "PROV-6.a", "VLEI-05"],
        population: &[],
    },
    Violation {
        name: "inactive entity",
        wrong: Wrong::Files(
            r#"patch:
  - set: raw/lei-record-r2.json#/data/attributes/entity/status
    to: INACTIVE
"#,
        ),
        rules: &["EGF3-SLA-3.1", "LE-6.3.1.b.1", "PROV-16.b", "PROV-6.a", "VLEI-05"],
        population: &[],
    },
    Violation {
        name: "renewal of the LEI overdue",
        wrong: Wrong::Files(
            r#"patch:
  - set: raw/lei-record-r2.json#/data/attributes/registration/nextRenewalDate
    to: "2026-03-10T00:00:00Z"
"#,
        ),
        rules: &["PROV-1.d"],
        population: &[],
    },
    Violation {
        name: "LEI record fetched long before the session",
        wrong: Wrong::Files(
            r#"patch:
  - set: records/lei-record-r2.json#/fetched_at
    to: 2026-03-09T14:05:00Z
  - set: records/lei-record-r2.json#/performed_at
    to: 2026-03-09T14:05:00Z
  - set: records/lei-record-r2.json#/recorded_at
    to: 2026-03-09T14:05:00Z
  - set: records/lei-record-r2.json#/response_headers/1/value
    to: "Mon, 09 Mar 2026 14:05:00 GMT"
"#,
        ),
        rules: &[
            "EGF3-SLA-3.1",
            "LE-6.3.1.a",
            "LE-6.3.1.b.1",
            "LE-6.3.1.b.2",
            "PROV-16.a",
            "PROV-6.a",
            "PROV-6.b",
            "VLEI-05",
        ],
        population: &[],
    },
    Violation {
        name: "name differs from the LEI record",
        wrong: Wrong::Files(
            r#"patch:
  - set: raw/lei-record-r2.json#/data/attributes/entity/legalName/name
    to: Anders Handel AG
"#,
        ),
        rules: &["LE-6.3.1.a"],
        population: &[],
    },
    Violation {
        name: "identity assured at level 1",
        wrong: Wrong::Files(
            r#"patch:
  - set: records/ida-lar-c.json#/level
    to: IAL1
"#,
        ),
        rules: &["LE-6.3.1.d.1"],
        population: &[],
    },
    Violation {
        name: "identity document expired",
        wrong: Wrong::Files(
            r#"patch:
  - set: records/ida-lar-b.json#/evidence/0/expires_on
    to: "2026-03-01"
"#,
        ),
        rules: &["LE-6.3.1.d.1"],
        population: &[],
    },
    Violation {
        name: "no physical comparison",
        wrong: Wrong::Files(
            r#"patch:
  - set: records/ida-lar-a.json#/biometric_check
    to: none
"#,
        ),
        rules: &["LE-6.3.1.d.1"],
        population: &[],
    },
    Violation {
        name: "identity assured after the session",
        wrong: Wrong::Files(
            r#"patch:
  - set: records/ida-lar-c.json#/completed_at
    to: 2026-03-16T14:30:00Z
  - set: records/ida-lar-c.json#/performed_at
    to: 2026-03-16T14:30:00Z
  - set: records/ida-lar-c.json#/recorded_at
    to: 2026-03-16T14:30:00Z
"#,
        ),
        rules: &["LE-6.3.2.c.i", "PROV-5.a"],
        population: &[],
    },
    Violation {
        name: "session over before the last answer",
        wrong: Wrong::Files(
            r#"patch:
  - set: records/session-1.json#/end
    to: 2026-03-16T14:46:00Z
"#,
        ),
        rules: &["LE-6.3.2.c", "LE-6.3.2.c.vi", "PROV-9"],
        population: &[],
    },
    Violation {
        name: "session without video",
        wrong: Wrong::Files(
            r#"patch:
  - set: records/session-1.json#/video
    to: false
"#,
        ),
        rules: &["LE-6.3.2.b.3", "LE-6.3.2.c.i", "VLEI-16"],
        population: &[],
    },
    Violation {
        name: "avatars in the session",
        wrong: Wrong::Files(
            r#"patch:
  - set: records/session-1.json#/attestations/no_filters_avatars
    to: false
"#,
        ),
        rules: &["EGF3-LE-6.3.3.c"],
        population: &[],
    },
    Violation {
        name: "no recording of the session",
        wrong: Wrong::Files(
            r#"patch:
  - remove: records/recording-1.json
"#,
        ),
        rules: &["LE-6.3.2.b.3", "PROV-11.b", "PROV-11.c", "PROV-X.audit"],
        population: &[],
    },
    Violation {
        name: "recording with a gap",
        wrong: Wrong::Files(
            r#"patch:
  - set: records/recording-1.json#/duration_s
    to: 60
"#,
        ),
        rules: &["PROV-11.b"],
        population: &[],
    },
    Violation {
        name: "short challenge",
        wrong: Wrong::Files(
            r#"patch:
  - set: records/challenge-1.json#/entropy_bits
    to: 64
"#,
        ),
        rules: &["EGF3-TR1-6.10.1", "LE-6.3.2.c.iv.2"],
        population: &[],
    },
    Violation {
        name: "answer that was not good",
        wrong: Wrong::Files(
            r#"patch:
  - set: records/verification-1.json#/responses/2/ok
    to: false
"#,
        ),
        rules: &["EGF3-TR1-6.10.3", "GATE-17", "LE-6.3.2.c.vi", "PROV-9"],
        population: &[],
    },
    Violation {
        name: "threshold of the entity not met",
        wrong: Wrong::Files(
            r#"patch:
  - set: records/verification-1.json#/threshold_met
    to: false
"#,
        ),
        rules: &["GATE-17"],
        population: &[],
    },
    Violation {
        name: "no contract",
        wrong: Wrong::Files(
            r#"patch:
  - remove: records/le-qvi-contract.json
"#,
        ),
        rules: &["EGF3-LE-6.1.4", "PROV-X.audit"],
        population: &[],
    },
    Violation {
        name: "contract that had ended",
        wrong: Wrong::Files(
            r#"patch:
  - set: records/le-qvi-contract.json#/valid_to
    to: 2026-03-01T00:00:00Z
"#,
        ),
        rules: &["EGF3-LE-6.1.4"],
        population: &[],
    },
    Violation {
        name: "uncertified proof of signing authority",
        wrong: Wrong::Files(
            r#"patch:
  - set: records/signing-authority-proof.json#/certified
    to: false
"#,
        ),
        rules: &["EGF3-LE-6.3.1.c"],
        population: &[],
    },
    Violation {
        name: "nobody asked the entity whether it wants a vLEI",
        wrong: Wrong::Files(
            r#"patch:
  - remove: records/le-intent-assurance.json
"#,
        ),
        rules: &["PROV-2.a", "PROV-X.audit"],
        population: &[],
    },
    Violation {
        name: "keys of a LAR made by the QVI",
        wrong: Wrong::Files(
            r#"patch:
  - set: records/wallet-b.json#/keys_created_by
    to: qvi
"#,
        ),
        rules: &["PROV-4.b"],
        population: &[],
    },
    Violation {
        name: "qualification of the QVI overdue",
        wrong: Wrong::Files(
            r#"patch:
  - set: records/qualification-status.json#/next_due_on
    to: "2026-03-01"
"#,
        ),
        rules: &["LE-6.1.1"],
        population: &[],
    },
    Violation {
        name: "credential of the QVI revoked",
        wrong: Wrong::Files(
            r#"patch:
  - set: streams/kel-geda.cesr#/-
    to: { t: ixn, a: [{ i: EHExaqxkfCRN0RaSdkYM08AQsiBsvfuUejdYmROYbP6Y, s: "1", d: ERevocationOfTheQviCredentialInTheseCases000 }] }
  - set: streams/tel-qvi.cesr#/-
    to: { t: rev, d: ERevocationOfTheQviCredentialInTheseCases000, dt: "2026-03-18T12:00:00.000000+00:00" }
"#,
        ),
        rules: &["EGF3-QVI-9.3", "GATE-29", "LE-6.1.1", "LE-9.1.3", "QVIW-01", "QVIW-13", "QVIW-20"],
        population: &[],
    },
    Violation {
        name: "entity AID that one key controls",
        wrong: Wrong::Files(
            r#"patch:
  - set: streams/kel-le.cesr#/0/kt
    to: "1"
"#,
        ),
        rules: &["EGF3-LE-6.3.1.f.ii", "PROV-3.b", "VLEI-11", "VLEI-13"],
        population: &[],
    },
    Violation {
        name: "log of a LAR without receipts",
        wrong: Wrong::Files(
            r#"patch:
  - remove: streams/kel-lar-b.cesr#/0/-B
"#,
        ),
        rules: &[
            "EGF3-LE-6.3.1.f.iv",
            "EGF3-TR1-6.10.2",
            "EGF3-TR1-6.10.3",
            "EGF3-TR2-2.1",
            "GATE-25",
            "GATE-26",
            "GATE-27",
            "GATE-33",
            "GATE-35",
            "GATE-36",
            "GATE-40",
            "LE-6.3.2.c.iv.1",
            "LE-6.3.2.c.v.1",
            "LE-6.3.2.c.vi",
            "LE-6.3.2.c.vii",
            "PROV-12",
            "PROV-4.b",
            "PROV-4.c",
            "PROV-8",
            "PROV-9",
            "QVIW-12",
            "VLEI-18",
            "VLEI-25",
        ],
        population: &[],
    },
    Violation {
        name: "file that differs from its digest",
        wrong: Wrong::Files(
            r#"patch:
  - replace: covers Legal Entity
    by: excludes Legal Entity
    in: raw/contract.txt
    relist: false
"#,
        ),
        rules: &["GATE-21", "GATE-5"],
        population: &[],
    },
    Violation {
        name: "listed file that is not there",
        wrong: Wrong::Files(
            r#"patch:
  - remove: raw/registry-extract.txt
    relist: false
"#,
        ),
        rules: &["EGF3-LE-6.3.1.c", "GATE-21", "GATE-5"],
        population: &[],
    },
    Violation {
        name: "file that is not listed",
        wrong: Wrong::Files(
            r#"patch:
  - add: raw/note.txt
    kind: document
    text: found on the desk
    relist: false
"#,
        ),
        rules: &["GATE-5"],
        population: &[],
    },
    Violation {
        name: "unsigned assurance",
        wrong: Wrong::Files(
            r#"patch:
  - remove: records/ida-lar-b.sig.cesr
"#,
        ),
        rules: &["GATE-25"],
        population: &[],
    },
    Violation {
        name: "record changed after it was signed",
        wrong: Wrong::Files(
            r#"patch:
  - set: records/challenge-1.json#/medium
    to: qr
    sign: false
"#,
        ),
        rules: &["GATE-25", "GATE-26"],
        population: &[],
    },
    Violation {
        name: "manifest changed after it was sealed",
        wrong: Wrong::Files(
            r#"patch:
  - set: manifest.json#/policy_profile
    to: egf-strict
    sign: false
"#,
        ),
        rules: &["GATE-23", "GATE-26"],
        population: &[],
    },
    Violation {
        name: "one QAR twice",
        wrong: Wrong::Files(
            r#"patch:
  - set: decision/02-assignment-qar2.json#/person_id
    to: Q1
  - set: decision/02-assignment-qar2.json#/aid
    to: EJC6mvmEK_i-S0kQkRZh781RupPQ1pjHNSZLi0dxPhKk
"#,
        ),
        rules: &["GATE-12", "GATE-39", "LE-6.4.2.a", "LE-6.4.2.d", "PROV-14.b", "PROV-18.a", "PROV-19.a", "PROV-20.a"],
        population: &[],
    },
    Violation {
        name: "rejected and issued",
        wrong: Wrong::Files(
            r#"patch:
  - set: decision/06-approval.json#/decision
    to: reject
"#,
        ),
        rules: &["LE-6.4.2.d", "PROV-19.b", "PROV-20.a"],
        population: &[],
    },
    Violation {
        name: "approved before it was reviewed",
        wrong: Wrong::Files(
            r#"patch:
  - set: decision/06-approval.json#/reviewed_at
    to: 2026-03-20T14:56:00Z
"#,
        ),
        rules: &["GATE-13"],
        population: &[],
    },
    Violation {
        name: "approval of another report",
        wrong: Wrong::Files(
            r#"patch:
  - set: decision/06-approval.json#/report_sha256
    to: "abababababababababababababababababababababababababababababababab"
"#,
        ),
        rules: &["GATE-13", "PROV-19.a"],
        population: &[],
    },
    Violation {
        name: "signed without an approval",
        wrong: Wrong::Files(
            r#"patch:
  - remove: decision/06-approval.json
"#,
        ),
        rules: &["GATE-13", "GATE-3", "LE-6.4.2.d", "PROV-19.a", "PROV-19.b", "PROV-20.a"],
        population: &["signature_without_decision"],
    },
    Violation {
        name: "signed without a report",
        wrong: Wrong::Files(
            r#"patch:
  - remove: decision/05-report.json
"#,
        ),
        rules: &["GATE-13", "GATE-2", "GATE-3", "PROV-19.a"],
        population: &[],
    },
    Violation {
        name: "anchor signed by one QAR",
        wrong: Wrong::Files(
            r#"patch:
  - remove: post/streams/kel-qvi-issued.cesr#/2/-A/1
"#,
        ),
        rules: &["GATE-27", "GATE-30", "GATE-32", "GATE-42", "PROV-20.a", "QVIW-12", "QVIW-13"],
        population: &[],
    },
    Violation {
        name: "no reporting receipt",
        wrong: Wrong::Files(
            r#"patch:
  - remove: post/records/reporting-receipt-1.json
"#,
        ),
        rules: &["EGF3-SLA-2.4", "GATE-41", "LE-6.4.3", "PROV-21.b"],
        population: &["reporting_receipt_missing"],
    },
    Violation {
        name: "reported to somebody else",
        wrong: Wrong::Files(
            r#"patch:
  - set: post/records/reporting-receipt-1.json#/recipient_aid
    to: EHowwGuu5lztml5EN_RGXAdDYdFCTAh6zPLvpqmXn7PU
"#,
        ),
        rules: &["EGF3-SLA-2.4", "GATE-41", "LE-6.4.3", "PROV-21.b"],
        population: &[],
    },
    Violation {
        name: "no notification of a LAR",
        wrong: Wrong::Files(
            r#"patch:
  - remove: post/records/notification-c.json
"#,
        ),
        rules: &["PROV-21.a"],
        population: &[],
    },
    Violation {
        name: "admitted by one LAR",
        wrong: Wrong::Files(
            r#"patch:
  - set: post/records/delivery-1.json#/admit_fully_signed
    to: false
"#,
        ),
        rules: &["EGF3-LE-6.4.7", "GATE-40"],
        population: &[],
    },
    Violation {
        name: "no invoice",
        wrong: Wrong::Files(
            r#"patch:
  - remove: post/records/invoice-1.json
"#,
        ),
        rules: &["PROV-21.c.i", "PROV-21.c.ii"],
        population: &[],
    },
    Violation { name: "challenge of another case", wrong: Wrong::Borrowed, rules: &[], population: &["nonce_reused"] },
    Violation {
        name: "issuance without a case",
        wrong: Wrong::Unfiled,
        rules: &[],
        population: &["issuance_without_case"],
    },
    Violation {
        name: "case without an issuance",
        wrong: Wrong::Unregistered,
        rules: &[],
        population: &["case_without_issuance", "event_withheld"],
    },
];
