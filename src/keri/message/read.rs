//! Reads a body by its type.

use super::fields::Fields;
use super::{Body, BodyError, Credential, Exchange, KeyEventKind, Receipt, RegistryEvent, RegistryEventKind};
use crate::keri::cesr::{Message, Protocol};
use crate::keri::json::{self, Node};

/// Reads a body.
///
/// # Errors
/// Why the message is not what its type says, or its digest not its own.
pub fn read<'a>(message: &Message<'a>) -> Result<Body<'a>, BodyError> {
    let node =
        json::parse(message.body).map_err(|refused| BodyError::NotStrict { at: refused.at, why: refused.why })?;
    if node.fields().is_none() {
        return Err(BodyError::NotStrict { at: 0, why: "an object is expected" });
    }
    match message.protocol {
        Protocol::Acdc => {
            let fields = Fields { kind: "ACDC", body: message.body, node: &node };
            let credential = fields.credential()?;
            Ok(Body::Credential(Box::new(Credential { node, ..credential })))
        }
        Protocol::Keri => {
            let kind = node.get("t").and_then(Node::plain).unwrap_or_default();
            let fields = Fields { kind, body: message.body, node: &node };
            match fields.keri()? {
                Body::Exchange(exchange) => Ok(Body::Exchange(Exchange { node, ..exchange })),
                body @ (Body::Key(_)
                | Body::Receipt(_)
                | Body::Registry(_)
                | Body::Credential(_)
                | Body::Other { .. }) => Ok(body),
            }
        }
    }
}

impl<'n, 'a> Fields<'n, 'a> {
    fn keri(&self) -> Result<Body<'a>, BodyError> {
        Ok(match self.kind {
            "icp" => self.key_event(KeyEventKind::Icp, &["v t d i s kt k nt n bt b c a"])?,
            "dip" => self.key_event(KeyEventKind::Dip, &["v t d i s kt k nt n bt b c a di"])?,
            "rot" => self.key_event(KeyEventKind::Rot, &["v t d i s p kt k nt n bt br ba a"])?,
            "drt" => self.key_event(
                KeyEventKind::Drt,
                // Early writers repeat the delegator at the end.
                &["v t d i s p kt k nt n bt br ba a", "v t d i s p kt k nt n bt br ba a di"],
            )?,
            "ixn" => self.key_event(KeyEventKind::Ixn, &["v t d i s p a"])?,
            "rct" => {
                self.order(&["v t d i s"])?;
                Body::Receipt(Receipt {
                    said: self.said("d")?,
                    prefix: self.prefix("i")?,
                    sn: self.sn(self.node, "s")?,
                })
            }
            "vcp" | "iss" | "rev" => Body::Registry(self.registry_event()?),
            "bis" | "brv" | "vrt" => {
                let what = format!("registry event `{}`: a registry with backers", self.kind);
                return Err(BodyError::Unsupported { at: 0, what });
            }
            "exn" => Body::Exchange(self.exchange()?),
            "rpy" | "qry" | "pro" | "bar" => {
                self.own_digest(&["d"])?;
                Body::Other { kind: self.kind }
            }
            _ => {
                let what = format!("message type `{}`", self.kind);
                return Err(BodyError::Unsupported { at: 0, what });
            }
        })
    }

    fn registry_event(&self) -> Result<RegistryEvent<'a>, BodyError> {
        match self.kind {
            "vcp" => {
                self.order(&["v t d i ii s c bt b n"])?;
                let subject = self.prefix("i")?;
                let said = self.own_digest(&["d", "i"])?;
                if said != subject {
                    return Err(BodyError::Prefix { prefix: subject.to_owned() });
                }
                self.number_is("s", 0)?;
                let no_backers = |name: &str| self.field(name).ok().and_then(Node::items).is_some_and(<[_]>::is_empty);
                let traits = self.field("c")?.items().unwrap_or_default();
                if !no_backers("b") || !traits.iter().any(|item| item.plain() == Some("NB")) {
                    let what = format!("registry `{subject}`, which has backers");
                    return Err(BodyError::Unsupported { at: self.field("b")?.at, what });
                }
                let issuer = self.prefix("ii")?;
                Ok(RegistryEvent { kind: RegistryEventKind::Inception { issuer }, said, subject, dated: "" })
            }
            "iss" => {
                self.order(&["v t d i s ri dt"])?;
                self.number_is("s", 0)?;
                let kind = RegistryEventKind::Issuance { registry: self.said("ri")? };
                let (said, subject) = (self.own_digest(&["d"])?, self.said("i")?);
                Ok(RegistryEvent { kind, said, subject, dated: self.plain("dt")? })
            }
            _ => {
                self.order(&["v t d i s ri p dt"])?;
                self.number_is("s", 1)?;
                let kind = RegistryEventKind::Revocation { registry: self.said("ri")?, prior: self.said("p")? };
                let (said, subject) = (self.own_digest(&["d"])?, self.said("i")?);
                Ok(RegistryEvent { kind, said, subject, dated: self.plain("dt")? })
            }
        }
    }

    fn exchange(&self) -> Result<Exchange<'a>, BodyError> {
        self.order(&["v t d i rp p dt r q a e", "v t d i p dt r q a e"])?;
        Ok(Exchange {
            said: self.own_digest(&["d"])?,
            sender: self.prefix("i")?,
            route: self.field("r")?.text().unwrap_or_default().to_owned(),
            node: Node { at: 0, raw: "", value: json::Value::Null },
        })
    }
}
