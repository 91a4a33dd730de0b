//! Makes worlds of identifiers and credentials, honest or not, with keys that follow from names.

use std::collections::BTreeMap;

use countersign::check::credential::{self, NoVerdict};
use countersign::compile;
use countersign::keri::cesr::{IndexedCode, qualified, qualified_number};
use countersign::keri::{Options, Trusted, Verdict};
use countersign::primitives::Said;
use ed25519_dalek::{Signer, SigningKey};

/// As `countersign credential verify`, by the shipped rule book.
pub fn verify(stream: &[u8], trusted: &Trusted, options: &Options<'_>) -> Result<Verdict, NoVerdict> {
    credential::verify(compile::shipped().as_ref().unwrap(), stream, trusted, options)
}

/// What stands for a digest until it is known.
pub const DUMMY: &str = "############################################";

pub const QVI: &str = "EBfdlu8R27Fbx-ehrqwImnK-8Cm79sqbAQ4MmvEAYqao";
pub const LE: &str = "ENPXp1vQzRF6JwIuS-mp2U8Uf1MoADoP_GqQ62VsDZWY";
pub const OOR_AUTH: &str = "EKA57bKBKxr_kN7iN5i7lMUxpMG-s19dRcmov1iDxz-E";
pub const OOR: &str = "EBNaNu-M9P5cgrnfl2Fvymy4E_jvxxyjb70PRtiANlJy";

pub const LEI_QVI: &str = "984500NRDLYSQVI00137";
pub const LEI_LE: &str = "984500HARBRMLLS00330";

pub fn key(name: &str, index: usize) -> SigningKey {
    SigningKey::from_bytes(blake3::hash(format!("{name}/{index}").as_bytes()).as_bytes())
}

pub fn public(key: &SigningKey, code: &str) -> String {
    qualified(code, key.verifying_key().as_bytes()).unwrap()
}

fn digest(text: &str) -> String {
    Said::of(text.as_bytes()).to_string()
}

/// Fills in the size and the digest of a message.
pub fn finish(body: String) -> (String, String) {
    let body = body.replacen("000000_", &format!("{:06x}_", body.len()), 1);
    let said = digest(&body);
    (body.replace(DUMMY, &said), said)
}

/// Fills in the digest of a section.
pub fn section(text: String) -> String {
    let said = digest(&text);
    text.replacen(DUMMY, &said, 1)
}

/// A message with its attachments.
#[derive(Debug, Clone, Default)]
pub struct Sent {
    pub tag: String,
    pub body: String,
    pub said: String,
    pub sn: u64,
    pub prefix: String,
    pub signatures: Vec<String>,
    /// By index, key and raw signature.
    pub receipts: Vec<(u32, String, [u8; 64])>,
    pub couple: Option<(u64, String)>,
    pub triple: Option<(String, u64, String)>,
}

/// How attachments are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// All in one attachment group, receipts by index.
    Wrapped,
    /// Bare groups, receipts by key.
    Bare,
    /// Receipts as messages of their own.
    ReceiptMessages,
}

pub fn count(letter: char, count: usize) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    format!("-{letter}{}{}", char::from(DIGITS[count / 64]), char::from(DIGITS[count % 64]))
}

impl Sent {
    pub fn write(&self, manner: Manner) -> String {
        let mut attached = String::new();
        if !self.signatures.is_empty() {
            attached.push_str(&count('A', self.signatures.len()));
            attached.push_str(&self.signatures.concat());
        }
        let mut message = String::new();
        let couples = || -> String {
            let couples = self.receipts.iter().map(|(_, key, raw)| format!("{key}{}", qualified("0B", raw).unwrap()));
            count('C', self.receipts.len()) + &couples.collect::<String>()
        };
        if !self.receipts.is_empty() {
            match manner {
                Manner::Wrapped => {
                    attached.push_str(&count('B', self.receipts.len()));
                    for (index, _, raw) in &self.receipts {
                        attached.push_str(&IndexedCode::Both(*index).signature(raw).unwrap());
                    }
                }
                Manner::Bare => attached.push_str(&couples()),
                Manner::ReceiptMessages => {
                    let (sn, said) = (self.sn, &self.said);
                    let receipt = format!(
                        r#"{{"v":"KERI10JSON000000_","t":"rct","d":"{said}","i":"{}","s":"{sn:x}"}}"#,
                        self.prefix
                    );
                    message = receipt.replacen("000000_", &format!("{:06x}_", receipt.len()), 1) + &couples();
                }
            }
        }
        if let Some((sn, said)) = &self.couple {
            attached.push_str(&format!("{}{}{said}", count('G', 1), qualified_number(*sn)));
        }
        if let Some((prefix, sn, said)) = &self.triple {
            attached.push_str(&format!("{}{prefix}{}{said}", count('I', 1), qualified_number(*sn)));
        }
        if manner == Manner::Wrapped && !attached.is_empty() {
            attached.insert_str(0, &count('V', attached.len() / 4));
        }
        // The receipt comes first, so that its event is not known yet when it is read.
        format!("{message}{}{attached}", self.body)
    }
}

/// An identifier with its keys.
#[derive(Debug, Clone)]
pub struct Party {
    pub prefix: String,
    pub sn: u64,
    pub last: String,
    /// Names and generations of the keys in force, and of the next ones.
    pub keys: Vec<(String, usize)>,
    pub threshold: String,
    pub sign_with: Vec<usize>,
    pub witnesses: Vec<String>,
    pub toad: usize,
    pub delegator: Option<String>,
}

#[derive(Debug, Default, Clone)]
pub struct World {
    pub parties: BTreeMap<String, Party>,
    pub messages: Vec<Sent>,
}

/// What an inception says.
#[derive(Debug, Clone)]
pub struct Shape {
    pub members: usize,
    pub threshold: &'static str,
    pub sign_with: Vec<usize>,
    pub witnesses: usize,
    pub toad: usize,
}

pub fn group() -> Shape {
    Shape { members: 3, threshold: r#"["1/2","1/2","1/2"]"#, sign_with: vec![0, 2], witnesses: 5, toad: 4 }
}

pub fn single() -> Shape {
    Shape { members: 1, threshold: r#""1""#, sign_with: vec![0], witnesses: 0, toad: 0 }
}

fn list(items: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", items.into_iter().map(|item| format!("\"{item}\"")).collect::<Vec<_>>().join(","))
}

fn publics(keys: &[(String, usize)]) -> Vec<String> {
    keys.iter().map(|(name, index)| public(&key(name, *index), "D")).collect()
}

pub fn seal(prefix: &str, sn: u64, said: &str) -> String {
    format!(r#"{{"i":"{prefix}","s":"{sn:x}","d":"{said}"}}"#)
}

impl World {
    /// Signs and receipts a body, and sends it.
    pub fn send(
        &mut self,
        name: &str,
        tag: &str,
        body: String,
        keys: &[(String, usize)],
        indices: &[IndexedCode],
    ) -> Sent {
        let party = self.parties[name].clone();
        let (body, said) = finish(body);
        let signatures = indices.iter().map(|code| {
            let at = match code {
                IndexedCode::Both(at) | IndexedCode::CurrentOnly(at) => *at,
                IndexedCode::Different { current, .. } => *current,
            };
            let (name, index) = &keys[at as usize];
            code.signature(&key(name, *index).sign(body.as_bytes()).to_bytes()).unwrap()
        });
        let receipts = party.witnesses.iter().enumerate().map(|(index, witness)| {
            let witness = key(witness, 0);
            (index as u32, public(&witness, "B"), witness.sign(body.as_bytes()).to_bytes())
        });
        let sent = Sent {
            tag: format!("{name}.{tag}"),
            said: said.clone(),
            sn: party.sn,
            prefix: party.prefix.clone(),
            signatures: signatures.collect(),
            receipts: receipts.collect(),
            body,
            ..Sent::default()
        };
        self.parties.get_mut(name).unwrap().last = said;
        self.messages.push(sent.clone());
        sent
    }

    pub fn incept(&mut self, name: &str, shape: &Shape, delegator: Option<&str>) -> String {
        let keys: Vec<_> = (0..shape.members).map(|member| (format!("{name}-{member}"), 0)).collect();
        let next: Vec<_> = keys.iter().map(|(name, _)| digest(&public(&key(name, 1), "D"))).collect();
        let witnesses: Vec<_> = (0..shape.witnesses).map(|at| format!("{name}-wit{at}")).collect();
        let pool = list(witnesses.iter().map(|witness| public(&key(witness, 0), "B")));
        let (kind, tail) = match delegator {
            None => ("icp", String::new()),
            Some(delegator) => ("dip", format!(r#","di":"{}""#, self.parties[delegator].prefix)),
        };
        let body = format!(
            r#"{{"v":"KERI10JSON000000_","t":"{kind}","d":"{DUMMY}","i":"{DUMMY}","s":"0","kt":{0},"k":{1},"nt":{0},"n":{2},"bt":"{3:x}","b":{pool},"c":[],"a":[]{tail}}}"#,
            shape.threshold,
            list(publics(&keys)),
            list(next),
            shape.toad,
        );
        let (_, prefix) = finish(body.clone());
        let party = Party {
            prefix: prefix.clone(),
            sn: 0,
            last: String::new(),
            keys: keys.clone(),
            threshold: shape.threshold.to_owned(),
            sign_with: shape.sign_with.clone(),
            witnesses,
            toad: shape.toad,
            delegator: delegator.map(str::to_owned),
        };
        self.parties.insert(name.to_owned(), party);
        let indices: Vec<_> = shape.sign_with.iter().map(|at| IndexedCode::Both(*at as u32)).collect();
        self.send(name, "icp", body, &keys, &indices);
        if let Some(delegator) = delegator {
            self.approve(delegator, &prefix, 0, &prefix);
        }
        prefix
    }

    /// The delegator seals an event, and the event gets the source attached.
    pub fn approve(&mut self, delegator: &str, prefix: &str, sn: u64, said: &str) {
        let place = self.interact(delegator, &[seal(prefix, sn, said)]);
        let event = self.messages.iter_mut().find(|sent| sent.said == said).unwrap();
        event.couple = Some(place);
    }

    /// An interaction with these seals; its place.
    pub fn interact(&mut self, name: &str, seals: &[String]) -> (u64, String) {
        let party = self.parties.get_mut(name).unwrap();
        party.sn += 1;
        let party = party.clone();
        let body = self.ixn(&party, seals);
        let indices: Vec<_> = party.sign_with.iter().map(|at| IndexedCode::Both(*at as u32)).collect();
        let sent = self.send(name, &format!("ixn{}", party.sn), body, &party.keys, &indices);
        (party.sn, sent.said)
    }

    pub fn ixn(&self, party: &Party, seals: &[String]) -> String {
        format!(
            r#"{{"v":"KERI10JSON000000_","t":"ixn","d":"{DUMMY}","i":"{}","s":"{:x}","p":"{}","a":[{}]}}"#,
            party.prefix,
            party.sn,
            party.last,
            seals.join(",")
        )
    }

    /// Rotates to the committed keys at `sn` after `prior`; `kept`: which of them, none for all.
    pub fn rotate_at(&mut self, name: &str, sn: u64, prior: &str, kept: Option<&[usize]>) -> Sent {
        let party = self.parties.get_mut(name).unwrap();
        party.sn = sn;
        let party = party.clone();
        let members: Vec<usize> = kept.map_or_else(|| (0..party.keys.len()).collect(), <[_]>::to_vec);
        let keys: Vec<_> = members.iter().map(|at| (party.keys[*at].0.clone(), party.keys[*at].1 + 1)).collect();
        let next: Vec<_> = keys.iter().map(|(name, index)| digest(&public(&key(name, index + 1), "D"))).collect();
        let threshold = if kept.is_some() { format!("\"{}\"", members.len()) } else { party.threshold.clone() };
        let kind = if party.delegator.is_some() { "drt" } else { "rot" };
        let body = format!(
            r#"{{"v":"KERI10JSON000000_","t":"{kind}","d":"{DUMMY}","i":"{}","s":"{sn:x}","p":"{prior}","kt":{threshold},"k":{},"nt":{threshold},"n":{},"bt":"{:x}","br":[],"ba":[],"a":[]}}"#,
            party.prefix,
            list(publics(&keys)),
            list(next),
            party.toad,
        );
        let indices: Vec<_> = match kept {
            None => party.sign_with.iter().map(|at| IndexedCode::Both(*at as u32)).collect(),
            Some(kept) => kept
                .iter()
                .enumerate()
                .map(|(current, prior)| IndexedCode::Different { current: current as u32, prior: *prior as u32 })
                .collect(),
        };
        let changed = self.parties.get_mut(name).unwrap();
        changed.keys = keys.clone();
        if kept.is_some() {
            changed.threshold = threshold;
            changed.sign_with = (0..members.len()).collect();
        }
        self.send(name, &format!("rot{sn}"), body, &keys, &indices)
    }

    pub fn rotate(&mut self, name: &str) -> Sent {
        let party = self.parties[name].clone();
        let sent = self.rotate_at(name, party.sn + 1, &party.last, None);
        if let Some(delegator) = party.delegator {
            self.approve(&delegator, &party.prefix, sent.sn, &sent.said);
        }
        sent
    }

    fn send_bare(&mut self, tag: &str, body: String, couple: Option<(u64, String)>) -> String {
        let (body, said) = finish(body);
        let sent = Sent { tag: tag.to_owned(), body, said: said.clone(), couple, ..Sent::default() };
        self.messages.push(sent);
        said
    }

    /// A registry of `owner`.
    pub fn registry(&mut self, owner: &str, nonce: &str) -> String {
        let body = format!(
            r#"{{"v":"KERI10JSON000000_","t":"vcp","d":"{DUMMY}","i":"{DUMMY}","ii":"{}","s":"0","c":["NB"],"bt":"0","b":[],"n":"{nonce}"}}"#,
            self.parties[owner].prefix
        );
        let (_, said) = finish(body.clone());
        let place = self.interact(owner, &[seal(&said, 0, &said)]);
        self.send_bare(&format!("vcp.{nonce}"), body, Some(place))
    }

    /// A credential, issued in a registry and sealed by `sealer`.
    pub fn issue(&mut self, draft: &Draft, sealer: &str) -> String {
        let (body, said) = finish(draft.body(self));
        let iss = self.issuance(&said, &draft.registry, &draft.dated, sealer);
        let sent = Sent {
            tag: format!("acdc.{}", draft.tag),
            body,
            said: said.clone(),
            triple: Some((said.clone(), 0, iss)),
            ..Sent::default()
        };
        self.messages.push(sent);
        said
    }

    pub fn issuance(&mut self, said: &str, registry: &str, dated: &str, sealer: &str) -> String {
        let body = format!(
            r#"{{"v":"KERI10JSON000000_","t":"iss","d":"{DUMMY}","i":"{said}","s":"0","ri":"{registry}","dt":"{dated}"}}"#
        );
        let (_, iss) = finish(body.clone());
        let place = self.interact(sealer, &[seal(said, 0, &iss)]);
        self.send_bare(&format!("iss.{said}"), body, Some(place))
    }

    pub fn revoke(&mut self, said: &str, registry: &str, sealer: &str, dated: &str) -> String {
        let iss = self.messages.iter().find(|sent| sent.tag == format!("iss.{said}")).unwrap().said.clone();
        let body = format!(
            r#"{{"v":"KERI10JSON000000_","t":"rev","d":"{DUMMY}","i":"{said}","s":"1","ri":"{registry}","p":"{iss}","dt":"{dated}"}}"#
        );
        let (_, rev) = finish(body.clone());
        let place = self.interact(sealer, &[seal(said, 1, &rev)]);
        self.send_bare(&format!("rev.{said}"), body, Some(place))
    }

    pub fn stream(&self, manner: Manner) -> Vec<u8> {
        self.messages.iter().map(|sent| sent.write(manner)).collect::<String>().into_bytes()
    }

    pub fn sent(&mut self, tag: &str) -> &mut Sent {
        self.messages.iter_mut().find(|sent| sent.tag == tag).unwrap_or_else(|| panic!("no {tag}"))
    }

    pub fn drop(&mut self, tag: &str) {
        let before = self.messages.len();
        self.messages.retain(|sent| sent.tag != tag);
        assert_ne!(self.messages.len(), before, "no {tag}");
    }

    pub fn prefix(&self, name: &str) -> String {
        self.parties[name].prefix.clone()
    }

    pub fn trusted(&self) -> Trusted {
        Trusted { root: self.prefix("root").parse().unwrap(), geda: Some(self.prefix("geda").parse().unwrap()) }
    }
}

/// A credential before it has a digest.
#[derive(Debug, Clone)]
pub struct Draft {
    pub tag: String,
    pub schema: String,
    pub issuer: String,
    pub registry: String,
    pub issuee: String,
    pub dated: String,
    /// Further attributes, as JSON fields.
    pub attributes: String,
    /// Label, node, schema, operator.
    pub edge: Option<(String, String, String, Option<String>)>,
    /// Replaces the attribute section's digest by a wrong one.
    pub wrong_section: bool,
}

impl Draft {
    pub fn body(&self, world: &World) -> String {
        let prefix = |name: &str| world.parties.get(name).map_or(name.to_owned(), |party| party.prefix.clone());
        let mut attributes = section(format!(
            r#"{{"d":"{DUMMY}","i":"{}","dt":"{}",{}}}"#,
            prefix(&self.issuee),
            self.dated,
            self.attributes
        ));
        if self.wrong_section {
            let said = digest("something else");
            attributes.replace_range(6..50, &said);
        }
        let edge = match &self.edge {
            None => String::new(),
            Some((label, node, schema, operator)) => {
                let operator = operator.as_ref().map(|operator| format!(r#","o":"{operator}""#)).unwrap_or_default();
                let block = format!(r#"{{"d":"{DUMMY}","{label}":{{"n":"{node}","s":"{schema}"{operator}}}}}"#);
                format!(r#","e":{}"#, section(block))
            }
        };
        format!(
            r#"{{"v":"ACDC10JSON000000_","d":"{DUMMY}","i":"{}","ri":"{}","s":"{}","a":{attributes}{edge},"r":"{}"}}"#,
            prefix(&self.issuer),
            self.registry,
            self.schema,
            digest("rules")
        )
    }
}

pub fn draft(tag: &str, schema: &str, issuer: &str, registry: &str, issuee: &str, attributes: &str) -> Draft {
    Draft {
        tag: tag.to_owned(),
        schema: schema.to_owned(),
        issuer: issuer.to_owned(),
        registry: registry.to_owned(),
        issuee: issuee.to_owned(),
        dated: "2026-03-02T08:00:00.000000+00:00".to_owned(),
        attributes: attributes.to_owned(),
        edge: None,
        wrong_section: false,
    }
}

impl Draft {
    pub fn edge(mut self, label: &str, node: &str, schema: &str, operator: Option<&str>) -> Self {
        self.edge = Some((label.to_owned(), node.to_owned(), schema.to_owned(), operator.map(str::to_owned)));
        self
    }
}

/// A root, a GEDA, a QVI with its credential, and a legal entity.
pub struct Base {
    pub world: World,
    pub geda_registry: String,
    pub qvi_registry: String,
    pub qvi_credential: String,
}

pub fn base_with(qvi: &Shape) -> Base {
    base_of(qvi, &group())
}

pub fn base_of(qvi: &Shape, others: &Shape) -> Base {
    let mut world = World::default();
    world.incept("root", others, None);
    world.incept("geda", others, Some("root"));
    world.incept("qvi", qvi, Some("geda"));
    world.incept("le", others, None);
    let geda_registry = world.registry("geda", "geda");
    let lei = format!(r#""LEI":"{LEI_QVI}","gracePeriod":90"#);
    let qvi_credential = world.issue(&draft("QVI", QVI, "geda", &geda_registry, "qvi", &lei), "geda");
    let qvi_registry = world.registry("qvi", "qvi");
    Base { world, geda_registry, qvi_registry, qvi_credential }
}

pub fn base() -> Base {
    base_with(&group())
}

impl Base {
    pub fn le_draft(&self) -> Draft {
        draft("LE", LE, "qvi", &self.qvi_registry, "le", &format!(r#""LEI":"{LEI_LE}""#)).edge(
            "qvi",
            &self.qvi_credential,
            QVI,
            None,
        )
    }

    pub fn issue_le(&mut self) -> String {
        let draft = self.le_draft();
        self.world.issue(&draft, "qvi")
    }
}
