//! Cedar, which has no quantifiers: the host asks once per document, per LAR and per exchange.

use std::any::Any;
use std::collections::HashMap;

use cedar_policy::{
    AuthorizationError, Authorizer, Context, Decision, Entities, EntityUid, PolicyId, PolicySet, Request,
    RestrictedExpression,
};

use crate::contender::{Contender, Engine, bit, only};
use crate::plain::{Document, Text};

const RULES: &str = include_str!("../rules/issuance.cedar");

pub struct Cedar;

impl Contender for Cedar {
    fn name(&self) -> String {
        "cedar-policy 4.14.1 (Cedar)".to_owned()
    }

    fn supported(&self) -> u32 {
        only(&[2, 3, 4, 5, 6, 7, 8, 10, 11, 15, 16, 17, 19, 21, 24, 25])
    }

    fn load(&self) -> Box<dyn Engine> {
        let policies: PolicySet = RULES.parse().unwrap();
        let named = policies.policies().filter_map(|policy| policy.annotation("id").map(|id| (policy.id(), bit(id))));
        Box::new(Loaded {
            bits: named.map(|(policy, bit)| (policy.clone(), bit)).collect(),
            authorizer: Authorizer::new(),
            principal: r#"QAR::"q""#.parse().unwrap(),
            resource: r#"Issuance::"i""#.parse().unwrap(),
            actions: ["issue", "lar", "exchange"].map(|action| format!("Action::\"{action}\"").parse().unwrap()),
            entities: Entities::empty(),
            policies,
        })
    }
}

struct Loaded {
    policies: PolicySet,
    bits: HashMap<PolicyId, u32>,
    authorizer: Authorizer,
    principal: EntityUid,
    resource: EntityUid,
    actions: [EntityUid; 3],
    entities: Entities,
}

/// What is asked of one document: an action and its context.
type Questions = Vec<(usize, Context)>;

impl Engine for Loaded {
    fn parse(&mut self, text: &'static str) -> Box<dyn Any> {
        let document: Document<'static> = serde_json::from_str(text).unwrap();
        Box::new(questions(&document))
    }

    fn eval(&mut self, document: &mut dyn Any) -> u32 {
        let mut mask = 0;
        for (action, context) in document.downcast_ref::<Questions>().unwrap() {
            let (principal, resource) = (self.principal.clone(), self.resource.clone());
            let request = Request::new(principal, self.actions[*action].clone(), resource, context.clone(), None);
            let response = self.authorizer.is_authorized(&request.unwrap(), &self.policies, &self.entities);
            if response.decision() == Decision::Deny {
                mask |= response.diagnostics().reason().fold(0, |mask, id| mask | self.bits[id]);
            }
            // A `forbid` that errs is skipped by Cedar; to the host it has failed.
            for AuthorizationError::PolicyEvaluationError(error) in response.diagnostics().errors() {
                mask |= self.bits[error.policy_id()];
            }
        }
        mask
    }
}

fn text(text: &Text<'_>) -> Option<RestrictedExpression> {
    text.0.map(|text| RestrictedExpression::new_string(text.into()))
}

fn instant(text: &Text<'_>) -> Option<RestrictedExpression> {
    text.0.map(RestrictedExpression::new_datetime)
}

fn set<'t>(texts: impl Iterator<Item = &'t Text<'t>>) -> Option<RestrictedExpression> {
    Some(RestrictedExpression::new_set(texts.filter_map(text)))
}

fn context(members: Vec<(&str, Option<RestrictedExpression>)>) -> Context {
    let known = members.into_iter().filter_map(|(name, value)| value.map(|value| (name.to_owned(), value)));
    Context::from_pairs(known).unwrap()
}

fn questions(document: &Document<'_>) -> Questions {
    let Document { issuance, lei_record, legal_entity, lars, oobi_session: session, attachments, credential, .. } =
        document;
    let attributes = &lei_record.data.attributes;
    let registration = &attributes.registration;
    let delegation = issuance.delegation.as_ref().map(|delegation| {
        let scope = set(delegation.scope.iter()).unwrap();
        let members =
            [("scope".to_owned(), scope), ("expires_at".to_owned(), instant(&delegation.expires_at).unwrap())];
        RestrictedExpression::new_record(members).unwrap()
    });
    let documents = lars.iter().flat_map(|lar| lar.identity_assurance.documents.iter().map(|shown| &shown.sha256));
    let whole = context(vec![
        ("entity_status", text(&attributes.entity.status)),
        ("reg_status", text(&registration.status)),
        ("next_renewal", instant(&registration.nextRenewalDate)),
        ("issued_at", instant(&issuance.issued_at)),
        ("lei_retrieved_at", instant(&lei_record.meta.retrieved_at)),
        ("lei", text(&issuance.lei)),
        ("rec_id", text(&lei_record.data.id)),
        ("rec_lei", text(&attributes.lei)),
        ("le_lei", text(&legal_entity.lei)),
        ("cred_lei", text(&credential.a.LEI)),
        ("le_name", text(&legal_entity.name)),
        ("legal_name", text(&attributes.entity.legalName.name)),
        ("corroboration", text(&registration.corroborationLevel)),
        ("started_at", instant(&session.started_at)),
        ("ended_at", instant(&session.ended_at)),
        ("qar1", text(&issuance.qar1.aid)),
        ("qar2", text(&issuance.qar2.aid)),
        ("conducted_by", text(&session.conducted_by)),
        ("delegation", delegation),
        ("lar_aids", set(lars.iter().map(|lar| &lar.aid))),
        ("responder_aids", set(session.exchanges.iter().map(|exchange| &exchange.lar_aid))),
        ("attachment_sha", set(attachments.iter().map(|attachment| &attachment.sha256))),
        ("document_sha", set(documents)),
    ]);
    let of_lar = lars.iter().map(|lar| {
        let assurance = &lar.identity_assurance;
        let level = assurance.level.map(RestrictedExpression::new_long);
        context(vec![
            ("level", level),
            ("outcome", text(&assurance.outcome)),
            ("performed_at", instant(&assurance.performed_at)),
            ("started_at", instant(&session.started_at)),
            ("issued_at", instant(&issuance.issued_at)),
        ])
    });
    let of_exchange = session.exchanges.iter().map(|exchange| {
        context(vec![
            ("verified", exchange.response.verified.map(RestrictedExpression::new_bool)),
            ("received_at", instant(&exchange.response.received_at)),
            ("sent_at", instant(&exchange.challenge.sent_at)),
        ])
    });
    [(0, whole)].into_iter().chain(of_lar.map(|context| (1, context))).chain(of_exchange.map(|c| (2, c))).collect()
}
