//! Every message, attachment, seal and edge of a stream, readable, as claimed.

use std::collections::BTreeSet;

use crate::keri::cesr::{self, Attachment, CesrError, Group, Indexed};
use crate::keri::evidence::Evidence;
use crate::keri::json::Node;
use crate::keri::message::{self, Body, Credential, KeyEvent, RegistryEventKind, Section};
use crate::keri::schema;

use super::{line, threshold_text};

/// A stream for a terminal: what it claims, not what holds.
///
/// # Errors
/// The first byte that cannot be framed.
pub fn describe(stream: &[u8]) -> Result<String, CesrError> {
    let messages = cesr::read(stream)?;
    let mut text = String::new();
    for message in &messages {
        match message::read(message) {
            Ok(body) => describe_body(message.offset, &body, &mut text),
            Err(error) => line(&mut text, &format!("{:>7}  unusable: {error}", message.offset)),
        }
        describe_attachments(&message.attachments, 1, &mut text);
    }
    let evidence = Evidence::collect(&messages);
    line(&mut text, "");
    line(&mut text, &format!("{} messages; nothing of this is verified", messages.len()));
    let pointed: BTreeSet<&str> = evidence
        .credentials
        .values()
        .flat_map(|entry| edges(&entry.credential).into_iter().map(|(_, node, _)| node))
        .collect();
    let mut shown = BTreeSet::new();
    for said in evidence.credentials.keys().filter(|said| !pointed.contains(*said)) {
        tree(&evidence, said, "", 0, &mut shown, &mut text);
    }
    Ok(text)
}

fn describe_body(offset: usize, body: &Body<'_>, text: &mut String) {
    let mut tell = |content: String| line(text, &format!("{offset:>7}  {content}"));
    match body {
        Body::Key(event) => {
            tell(format!("{} {} sn {} of {}", event.kind.as_str(), event.said, event.sn, event.prefix));
            describe_event(event, text);
        }
        Body::Receipt(receipt) => tell(format!("rct for {} sn {} of {}", receipt.said, receipt.sn, receipt.prefix)),
        Body::Registry(event) => match event.kind {
            RegistryEventKind::Inception { issuer } => tell(format!("vcp {} of {issuer}", event.said)),
            RegistryEventKind::Issuance { registry } => {
                tell(format!("iss {} of credential {} in {registry}, {}", event.said, event.subject, event.dated));
            }
            RegistryEventKind::Revocation { registry, .. } => {
                tell(format!("rev {} of credential {} in {registry}, {}", event.said, event.subject, event.dated));
            }
        },
        Body::Credential(credential) => {
            let kind = schema::credential_type(credential.schema).map_or("of unknown type", |kind| kind.as_str());
            tell(format!("credential {} {kind} by {}", credential.said, credential.issuer));
            describe_section("a", credential.section("a"), text);
            for (label, node, operator) in edges(credential) {
                line(text, &format!("           edge {label} -> {node} {operator}"));
            }
        }
        Body::Exchange(exchange) => tell(format!("exn {} {} by {}", exchange.said, exchange.route, exchange.sender)),
        Body::Other { kind } => tell((*kind).to_owned()),
    }
}

fn describe_event(event: &KeyEvent<'_>, text: &mut String) {
    if let Some(keys) = &event.keys {
        let content = format!(
            "{} keys, threshold {}, {} next keys, witness threshold {}",
            keys.keys.len(),
            threshold_text(&keys.threshold),
            keys.next.len(),
            keys.witness_threshold
        );
        line(text, &format!("           {content}"));
    }
    if let Some(delegator) = event.delegator {
        line(text, &format!("           delegator {delegator}"));
    }
    for seal in &event.seals {
        line(text, &format!("           seals {} sn {} {}", seal.prefix, seal.sn, seal.said));
    }
}

fn describe_section(name: &str, section: Section<'_, '_>, text: &mut String) {
    match section {
        Section::Absent => {}
        Section::Compact(said) => line(text, &format!("           {name} not disclosed ({said})")),
        Section::Full(node) => {
            for (field, value) in node.fields().unwrap_or_default() {
                line(text, &format!("           {name}.{field} {}", value.raw));
            }
        }
    }
}

fn describe_attachments(attachments: &[Attachment<'_>], depth: usize, text: &mut String) {
    let indent = "   ".repeat(depth + 1);
    let indices = |signatures: &[Indexed<'_>]| {
        let index = |signature: &Indexed<'_>| match signature.prior {
            Some(prior) if prior == signature.index => signature.index.to_string(),
            Some(prior) => format!("{} (next {prior})", signature.index),
            None => format!("{} (current only)", signature.index),
        };
        signatures.iter().map(index).collect::<Vec<_>>().join(", ")
    };
    for attachment in attachments {
        let content = match &attachment.group {
            Group::ControllerSignatures(items) => format!("-A signatures by keys {}", indices(items)),
            Group::WitnessSignatures(items) => format!("-B receipts by witnesses {}", indices(items)),
            Group::ReceiptCouples(items) => {
                format!("-C receipts by {}", items.iter().map(|item| item.prefix).collect::<Vec<_>>().join(", "))
            }
            Group::ReceiptQuadruples(items) => {
                let from = items.iter().map(|(anchor, _)| anchor.prefix).collect::<Vec<_>>();
                format!("-D receipts by {}", from.join(", "))
            }
            Group::FirstSeen(items) => {
                let seen = items.iter().map(|(sn, at)| format!("{sn} at {}", instant(at))).collect::<Vec<_>>();
                format!("-E first seen as {} (unsigned)", seen.join(", "))
            }
            Group::TransferableSignatures(items) => {
                let from = items.iter().map(|(anchor, signatures)| {
                    format!("{} (keys {} at sn {})", anchor.prefix, indices(signatures), anchor.sn)
                });
                format!("-F signatures by {}", from.collect::<Vec<_>>().join(", "))
            }
            Group::SealCouples(items) => {
                let from = items.iter().map(|(sn, said)| format!("{said} sn {sn}")).collect::<Vec<_>>();
                format!("-G sealed in {}", from.join(", "))
            }
            Group::LatestSignatures(items) => {
                let from = items.iter().map(|(prefix, signatures)| format!("{prefix} (keys {})", indices(signatures)));
                format!("-H signatures by {}", from.collect::<Vec<_>>().join(", "))
            }
            Group::SealTriples(items) => {
                let from = items.iter().map(|anchor| format!("{} sn {} of {}", anchor.said, anchor.sn, anchor.prefix));
                format!("-I issued by {}", from.collect::<Vec<_>>().join(", "))
            }
            Group::Pathed { path, attachments } => {
                line(text, &format!("{:>7}{indent}-L attachments of {path}", attachment.offset));
                describe_attachments(attachments, depth + 1, text);
                continue;
            }
        };
        line(text, &format!("{:>7}{indent}{content}", attachment.offset));
    }
}

/// An instant as people write it: CESR replaces `:`, `.` and `+`.
fn instant(text: &str) -> String {
    text.replace('c', ":").replace('d', ".").replace('p', "+")
}

/// Label, node and operator of each edge.
fn edges<'e>(credential: &'e Credential<'_>) -> Vec<(&'e str, &'e str, &'e str)> {
    credential
        .edges()
        .iter()
        .filter_map(|(label, edge)| {
            let operator = edge.get("o").and_then(Node::text).unwrap_or_default();
            Some((label.as_ref(), edge.get("n")?.text()?, operator))
        })
        .collect()
}

/// Each credential is drawn once: chains that part and meet again have more ways through them than there
/// is paper for.
fn tree<'e>(
    evidence: &'e Evidence<'_>,
    said: &'e str,
    label: &str,
    depth: usize,
    shown: &mut BTreeSet<&'e str>,
    text: &mut String,
) {
    const DEPTH_MAX: usize = 16;
    let indent = "   ".repeat(depth);
    let arrow = if label.is_empty() { String::new() } else { format!("{label} -> ") };
    let Some(entry) = evidence.credentials.get(said) else {
        return line(text, &format!("{indent}{arrow}{said}: not in the stream"));
    };
    let kind = schema::credential_type(entry.credential.schema).map_or("unknown", |kind| kind.as_str());
    if !shown.insert(said) {
        return line(text, &format!("{indent}{arrow}{kind} {said}: see above"));
    }
    line(text, &format!("{indent}{arrow}{kind} {said}"));
    if depth < DEPTH_MAX {
        for (label, node, _) in edges(&entry.credential) {
            tree(evidence, node, label, depth + 1, shown, text);
        }
    }
}
