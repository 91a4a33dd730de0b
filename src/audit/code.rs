//! Codes of findings over many cases, each with its weight, the requirement behind it and what to do.

use std::fmt;

use crate::compile::program::Program;
use crate::report::audit::{AuditFinding, Clause, Weight};

macro_rules! table_of_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $weight:ident, $requirement:literal, $help:literal;)*) => {
        /// What can be found; part of the interface. In the order in which a report tells of them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// As reports write it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// How bad it is.
            pub fn weight(self) -> Weight {
                match self { $(Self::$name => Weight::$weight,)* }
            }

            /// The requirement behind it.
            pub fn requirement(self) -> &'static str {
                match self { $(Self::$name => $requirement,)* }
            }

            /// What to do.
            pub fn help(self) -> &'static str {
                match self { $(Self::$name => $help,)* }
            }
        }
    };
}

table_of_codes! (
    // The population.
    /// Two events at one place of a log, or two issuances of one credential.
    Duplicity = "duplicity", Block, "EGF3-TR1-6.2.1.b",
        "treat the keys of the group as compromised: tell GLEIF within 24 hours, and find out which event is genuine";
    /// A log or registry that does not hold.
    RegistryBroken = "registry_broken", Block, "VLEI-35",
        "fetch the logs and registries again from witnesses and watchers; what they refuse was not issued by the group";
    /// The log seals an event that nobody presented.
    EventWithheld = "event_withheld", Block, "VLEI-35",
        "fetch the registry event from the QVI's witnesses; until it is there, the population is not complete";
    /// An issuance without a case.
    IssuanceWithoutCase = "issuance_without_case", Block, "EGF3-AGR-cl.16",
        "find the case and put it into the folder of the year; an issuance that nobody prepared is a key compromise";
    /// A revocation without a case.
    RevocationWithoutCase = "revocation_without_case", Block, "LE-6.5.1.a",
        "find the case and put it into the folder of the year; a revocation that nobody asked for is an incident";
    /// A case that was decided and issued nothing.
    CaseWithoutIssuance = "case_without_issuance", Block, "EGF3-AGR-cl.16",
        "say why nothing followed the decision, with a record that gives the case up, or fetch the registry anew";
    /// Several cases for one event.
    SeveralCases = "several_cases_for_one_event", Block, "EGF3-AGR-cl.16",
        "keep the case that was decided, and take the others out of the year with a note of why they were there";
    /// An event of the group without a decision of QAR2.
    SignatureWithoutDecision = "signature_without_decision", Block, "LE-6.4.2.d",
        "ask QAR2 on which report the event was signed; a signature that nobody decided is a key compromise";
    /// A decision that the ledger does not know.
    DecisionNotInLedger = "decision_not_in_ledger", Block, "GATE-2",
        "compare the ledger with its checkpoints; a decision without a row was made beside the gate";
    /// An issuance or revocation that was not reported.
    ReceiptMissing = "reporting_receipt_missing", Block, "EGF3-SLA-2.4",
        "report the event to GLEIF's reporting agent now, and file the receipt with the case";
    /// A case that cannot be read.
    CaseUnreadable = "case_unreadable", Block, "EGF3-AGR-cl.16",
        "fetch the case from the archive again; what cannot be read is no evidence";
    /// Nobody but the issuer says when.
    SigningTimeUnproven = "signing_time_unproven", Unknown, "GATE-7",
        "give the ledger with `--ledger`, or streams with what a watcher saw first; until then a case is judged for \
         the time that it claims";

    // Cases taken together.
    /// A nonce in two challenges.
    NonceReused = "nonce_reused", Block, "LE-6.3.2.c.iv.2",
        "repeat the challenge of the later case with a fresh nonce; an old answer proves nothing";
    /// A session in two cases.
    SessionReused = "session_reused", Block, "LE-6.3.2.b.1",
        "hold the session that the later case lacks; to take over an earlier one, refer to it in the manifest";
    /// A recording in two cases.
    RecordingReused = "recording_reused", Block, "PROV-11.b",
        "find the recording of each session; one recording cannot be of two";
    /// An authorization on which two credentials rest.
    AuthorizationReused = "authorization_reused", Block, "AUTH-6.4.1.4.a",
        "revoke the later credential, and ask the entity for an authorization of its own";
    /// A message that stands for two.
    MessageReused = "message_id_reused", Block, "PROV-U.1",
        "find the message of each case; one message cannot have begun two of them";
    /// One AID, two people.
    AidOfTwoPersons = "aid_of_two_persons", Block, "PROV-14.b",
        "find out whose AID it is; two people with one AID are one signature";
    /// Somebody who works for the QVI stands on the entity's side of a case.
    QarOnBothSides = "qar_on_both_sides", Block, "PROV-14.b",
        "have the case reviewed by a QAR who is not the entity's representative";
    /// Who approves waivers signs cases.
    WaiverByQar = "waiver_by_qar", Block, "GATE-1",
        "have the waivers approved by officers who sign no cases";
    /// The LEI was not watched for more than a day.
    MonitoringGap = "monitoring_gap", Block, "EGF3-SLA-3.3.a",
        "find the logs of the missing time; where there are none, tell GLEIF and close the gap";
    /// Nothing of the year tells that LEIs were watched.
    MonitoringMissing = "monitoring_missing", Unknown, "EGF3-SLA-3.3.a",
        "put the sealed cases of the watch into the folder of the year";
    /// The roster changed and the keys did not.
    RosterWithoutRotation = "roster_without_rotation", Block, "EGF3-TR1-6.5.3",
        "rotate the group's keys whenever somebody joins or leaves, or correct the roster";
    /// The keys changed and no roster followed.
    RotationWithoutRoster = "rotation_without_roster", Warn, "EGF3-TR1-6.5.3",
        "have the officers state the roster after each rotation";
    /// More or fewer people than keys.
    RosterSize = "roster_size_differs", Block, "EGF3-TR1-6.2.1.b",
        "have the officers state who holds which key of the group";

    // Service levels.
    /// A credential was issued by a case that is not clean.
    IssuanceNotCompliant = "issuance_not_compliant", Block, "EGF3-SLA-2.2.b",
        "treat the issuance as a breach of service levels, and mend or revoke it";
    /// A revocation took more than a day.
    RevocationLate = "revocation_late", Block, "LE-6.5.2",
        "report the breach of service levels to GLEIF, with the reason";
    /// A challenge took more than 15 days.
    ChallengeLate = "challenge_late", Block, "EGF3-SLA-2.5",
        "answer the challenge, and report the breach of service levels to GLEIF";

    // Worth telling.
    /// Something in the folder of cases is no case.
    NotACase = "not_a_case", Warn, "EGF3-AGR-cl.16",
        "take it out of the folder, or lay it out as a case: a folder with `bundle/`, or one tar file";
);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Code {
    /// A finding.
    pub fn finding(
        self,
        program: &Program,
        subject: impl Into<String>,
        cases: Vec<String>,
        message: String,
    ) -> AuditFinding {
        AuditFinding {
            code: self.as_str().to_owned(),
            weight: self.weight(),
            subject: subject.into(),
            cases,
            message,
            help: self.help().to_owned(),
            clause: self.clause(program),
        }
    }

    fn clause(self, program: &Program) -> Clause {
        let rule = program.rules.iter().find(|rule| rule.id == self.requirement());
        let text = rule.map_or_else(String::new, |rule| clause(program, rule));
        Clause { requirement: self.requirement().to_owned(), text }
    }
}

/// Document and section of a rule, for people.
pub(super) fn clause(program: &Program, rule: &crate::compile::program::Rule) -> String {
    let title = program.documents.get(rule.document.0 as usize).map_or("", |document| document.title.as_str());
    let section = rule.in_force_section.as_deref().unwrap_or(&rule.section);
    format!("{title}, {section}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_rest_on_rules() {
        let texts: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(texts.len(), Code::ALL.len());
        let program = crate::compile::shipped().expect("the shipped rule book compiles");
        for code in Code::ALL {
            assert!(
                program.rules.iter().any(|rule| rule.id == code.requirement()),
                "{code} rests on {}, which no rule is",
                code.requirement()
            );
        }
    }
}
