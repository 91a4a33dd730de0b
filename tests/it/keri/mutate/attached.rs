//! What is attached to a message, taken apart so that it can be changed, and written again.

use countersign::keri::cesr::{Anchor, Attachment, Group, Indexed, IndexedCode, qualified, qualified_number};
use ed25519_dalek::Verifier;

use super::super::forge::count;
use super::{Choose, Part, Seed};

#[derive(Debug, Clone)]
pub(super) struct Signature {
    pub(super) raw: [u8; 64],
    pub(super) index: u32,
    pub(super) prior: Option<u32>,
    /// Whose key made it, if it is one of ours.
    pub(super) key: Option<usize>,
}

#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) prefix: String,
    pub(super) sn: u64,
    pub(super) said: String,
}

#[derive(Debug, Clone)]
pub(super) enum Attached {
    Controller(Vec<Signature>),
    Witness(Vec<Signature>),
    Couples(Vec<(String, [u8; 64], Option<usize>)>),
    Quadruples(Vec<(Place, Signature)>),
    FirstSeen(Vec<(u64, String)>),
    Transferable(Vec<(Place, Vec<Signature>)>),
    SealCouples(Vec<(u64, String)>),
    Latest(Vec<(String, Vec<Signature>)>),
    SealTriples(Vec<Place>),
    Pathed(String, Vec<Attached>),
}

impl Seed {
    pub(super) fn attached(&self, attachment: &Attachment<'_>, body: &str) -> Attached {
        let signature = |found: &Indexed<'_>| {
            let raw = found.bytes().unwrap();
            let key = self.keys.iter().position(|key| {
                let signature = ed25519_dalek::Signature::from_bytes(&raw);
                key.secret.verifying_key().verify(body.as_bytes(), &signature).is_ok()
            });
            Signature { raw, index: found.index, prior: found.prior, key }
        };
        let list = |items: &[Indexed<'_>]| items.iter().map(signature).collect::<Vec<_>>();
        let place = |anchor: &Anchor<'_>| Place {
            prefix: anchor.prefix.to_owned(),
            sn: anchor.sn,
            said: anchor.said.to_owned(),
        };
        let numbered = |items: &[(u64, &str)]| items.iter().map(|(sn, text)| (*sn, (*text).to_owned())).collect();
        match &attachment.group {
            Group::ControllerSignatures(items) => Attached::Controller(list(items)),
            Group::WitnessSignatures(items) => Attached::Witness(list(items)),
            Group::ReceiptCouples(items) => Attached::Couples(
                items
                    .iter()
                    .map(|item| {
                        let key = self.keys.iter().position(|key| key.public == item.prefix);
                        (item.prefix.to_owned(), item.bytes().unwrap(), key)
                    })
                    .collect(),
            ),
            Group::ReceiptQuadruples(items) => {
                Attached::Quadruples(items.iter().map(|(anchor, item)| (place(anchor), signature(item))).collect())
            }
            Group::FirstSeen(items) => Attached::FirstSeen(numbered(items)),
            Group::TransferableSignatures(items) => {
                Attached::Transferable(items.iter().map(|(anchor, items)| (place(anchor), list(items))).collect())
            }
            Group::SealCouples(items) => Attached::SealCouples(numbered(items)),
            Group::LatestSignatures(items) => {
                Attached::Latest(items.iter().map(|(prefix, items)| ((*prefix).to_owned(), list(items))).collect())
            }
            Group::SealTriples(items) => Attached::SealTriples(items.iter().map(place).collect()),
            Group::Pathed { path, attachments } => Attached::Pathed(
                (*path).to_owned(),
                attachments.iter().map(|attachment| self.attached(attachment, body)).collect(),
            ),
        }
    }

    pub(super) fn change_attached(&self, attached: &mut Vec<Attached>, more: &[Attached], choose: Choose<'_>) {
        let at = choose(attached.len());
        let Some(group) = attached.get_mut(at) else { return attached.extend(more.iter().cloned()) };
        match choose(8) {
            0 => drop(attached.remove(at)),
            1 => attached.extend(more.iter().cloned()),
            2 => {
                let group = group.clone();
                attached.push(group);
            }
            3 => {
                let group = std::mem::replace(group, Attached::Controller(Vec::new()));
                *attached = vec![Attached::Pathed("-e-acdc".to_owned(), vec![group])];
            }
            _ => match group {
                Attached::Controller(items) | Attached::Witness(items) => self.change_signatures(items, choose),
                Attached::Couples(items) => match choose(3) {
                    0 => items.truncate(choose(items.len())),
                    1 => items.extend_from_within(..),
                    _ => {
                        let (item, key) = (choose(items.len()), choose(self.keys.len()));
                        if let (Some(item), Some(found)) = (items.get_mut(item), self.keys.get(key)) {
                            item.0 = format!("B{}", &found.public[1..]);
                            item.2 = Some(key);
                        }
                    }
                },
                Attached::SealCouples(items) => {
                    let item = choose(items.len());
                    if let Some((sn, _)) = items.get_mut(item) {
                        *sn = [0, 1, 2, 3, u64::MAX][choose(5)];
                    }
                }
                Attached::SealTriples(places) => {
                    let item = choose(places.len());
                    if let Some(place) = places.get_mut(item) {
                        place.sn = [0, 1, 2, 3, u64::MAX][choose(5)];
                    }
                }
                Attached::Transferable(items) => {
                    let item = choose(items.len());
                    if let Some((place, signatures)) = items.get_mut(item) {
                        match choose(3) {
                            0 => place.sn = choose(4) as u64,
                            _ => self.change_signatures(signatures, choose),
                        }
                    }
                }
                Attached::Latest(items) => {
                    let item = choose(items.len());
                    if let Some((_, signatures)) = items.get_mut(item) {
                        self.change_signatures(signatures, choose);
                    }
                }
                Attached::Quadruples(items) => items.truncate(choose(items.len())),
                Attached::FirstSeen(items) => items.truncate(choose(items.len())),
                Attached::Pathed(path, _) => *path = ["-e-acdc", "-e-iss", "-e-anc", "-"][choose(4)].to_owned(),
            },
        }
    }

    fn change_signatures(&self, items: &mut Vec<Signature>, choose: Choose<'_>) {
        let at = choose(items.len());
        let Some(item) = items.get_mut(at) else { return };
        match choose(6) {
            0 => drop(items.remove(at)),
            1 => item.index = [0, 1, 2, 3, 63, 64, 4095][choose(7)],
            2 => item.prior = [None, Some(0), Some(1), Some(2), Some(4095)][choose(5)],
            3 => item.raw[choose(64)] ^= 1 << choose(8),
            4 => item.key = Some(choose(self.keys.len())),
            _ => {
                let item = item.clone();
                items.push(item);
            }
        }
    }
}

pub(super) fn attached_path(path: &str) -> String {
    let padded = format!("{}{path}", "A".repeat((4 - path.len() % 4) % 4));
    format!("4A{}{padded}", &count('A', padded.len() / 4)[2..])
}

pub(super) fn write(parts: &[Part]) -> Vec<u8> {
    let mut text = String::new();
    for part in parts {
        text.push_str(&part.body);
        let attached: String = part.attached.iter().map(written).collect();
        if part.wrapped && attached.len() / 4 < 4096 && !attached.is_empty() {
            text.push_str(&count('V', attached.len() / 4));
        }
        text.push_str(&attached);
    }
    text.into_bytes()
}

fn written(attached: &Attached) -> String {
    let empty = match attached {
        Attached::Controller(items) | Attached::Witness(items) => items.is_empty(),
        Attached::Couples(items) => items.is_empty(),
        Attached::Quadruples(items) => items.is_empty(),
        Attached::Transferable(items) => items.iter().any(|(_, items)| items.is_empty()) || items.is_empty(),
        Attached::FirstSeen(items) | Attached::SealCouples(items) => items.is_empty(),
        Attached::Latest(items) => items.iter().any(|(_, items)| items.is_empty()) || items.is_empty(),
        Attached::SealTriples(items) => items.is_empty(),
        Attached::Pathed(..) => false,
    };
    // A group without items would be refused before anything else is looked at.
    if empty {
        return String::new();
    }
    let place = |place: &Place| format!("{}{}{}", place.prefix, qualified_number(place.sn), place.said);
    let signatures = |items: &[Signature]| count('A', items.len()) + &items.iter().map(signature).collect::<String>();
    let each = |letter: char, items: Vec<String>| count(letter, items.len()) + &items.concat();
    match attached {
        Attached::Controller(items) => signatures(items),
        Attached::Witness(items) => each('B', items.iter().map(signature).collect()),
        Attached::Couples(items) => {
            let couple = |(prefix, raw, _): &(String, [u8; 64], Option<usize>)| {
                format!("{prefix}{}", qualified("0B", raw).unwrap())
            };
            each('C', items.iter().map(couple).collect())
        }
        Attached::Quadruples(items) => each('D', items.iter().map(|(at, item)| place(at) + &signature(item)).collect()),
        Attached::FirstSeen(items) => {
            each('E', items.iter().map(|(sn, date)| format!("{}1AAG{date}", qualified_number(*sn))).collect())
        }
        Attached::Transferable(items) => {
            each('F', items.iter().map(|(at, items)| place(at) + &signatures(items)).collect())
        }
        Attached::SealCouples(items) => {
            each('G', items.iter().map(|(sn, said)| format!("{}{said}", qualified_number(*sn))).collect())
        }
        Attached::Latest(items) => {
            each('H', items.iter().map(|(aid, items)| format!("{aid}{}", signatures(items))).collect())
        }
        Attached::SealTriples(items) => each('I', items.iter().map(place).collect()),
        Attached::Pathed(path, inner) => {
            let inner: String = attached_path(path) + &inner.iter().map(written).collect::<String>();
            if inner.len() / 4 < 4096 { count('L', inner.len() / 4) + &inner } else { String::new() }
        }
    }
}

fn signature(signature: &Signature) -> String {
    let Signature { raw, index, prior, .. } = signature;
    let code = match prior {
        None => IndexedCode::CurrentOnly(*index),
        Some(prior) if prior == index => IndexedCode::Both(*index),
        Some(prior) => IndexedCode::Different { current: *index, prior: *prior },
    };
    code.signature(raw).unwrap()
}
