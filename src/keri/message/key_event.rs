//! Key events: inceptions, rotations and interactions.

use super::fields::{Fields, is_digest, is_identifier, sequence_number};
use super::{Body, BodyError, Establishment, KeyEvent, KeyEventKind, Seal};
use crate::facts::threshold::{Threshold, WEIGHTS_MAX, Weight};
use crate::keri::json::{self, Node};

impl<'n, 'a> Fields<'n, 'a> {
    pub(super) fn key_event(&self, kind: KeyEventKind, order: &[&str]) -> Result<Body<'a>, BodyError> {
        self.order(order)?;
        let prefix = self.prefix("i")?;
        let sn = self.sn(self.node, "s")?;
        let inception = matches!(kind, KeyEventKind::Icp | KeyEventKind::Dip);
        if inception != (sn == 0) {
            return Err(self.refused("s", self.field("s")?.at, "must be 0 in an inception, and only there"));
        }
        let self_addressing = inception && prefix.starts_with('E');
        let said = self.own_digest(if self_addressing { &["d", "i"] } else { &["d"] })?;
        if self_addressing && said != prefix {
            return Err(BodyError::Prefix { prefix: prefix.to_owned() });
        }
        let keys = if kind.establishes() { Some(self.establishment(inception)?) } else { None };
        if inception && !self_addressing {
            // A basic identifier is its one key; a non-transferable one can never rotate.
            let bound = keys
                .as_ref()
                .is_some_and(|keys| keys.keys == [prefix] && (prefix.starts_with('D') || keys.next.is_empty()));
            if !bound || kind == KeyEventKind::Dip {
                return Err(BodyError::Prefix { prefix: prefix.to_owned() });
            }
        }
        let traits = if inception { self.traits()? } else { Vec::new() };
        Ok(Body::Key(Box::new(KeyEvent {
            kind,
            said,
            prefix,
            sn,
            prior: if inception { None } else { Some(self.said("p")?) },
            keys,
            delegator: if kind == KeyEventKind::Dip { Some(self.prefix("di")?) } else { None },
            traits,
            seals: self.seals()?,
        })))
    }

    fn traits(&self) -> Result<Vec<&'a str>, BodyError> {
        let node = self.field("c")?;
        let items = node.items().ok_or_else(|| self.refused("c", node.at, "must be a list"))?;
        let mut traits = Vec::new();
        for item in items {
            let known = match item.plain() {
                Some("EO") => "EO",
                Some("DND") => "DND",
                Some("NRB") => "NRB",
                Some(other) => {
                    let what = format!("configuration trait `{other}`");
                    return Err(BodyError::Unsupported { at: item.at, what });
                }
                None => return Err(self.refused("c", item.at, "must be a list of traits")),
            };
            // Every key state carries the traits: one that is repeated a thousand times is still one.
            if !traits.contains(&known) {
                traits.push(known);
            }
        }
        Ok(traits)
    }

    fn establishment(&self, inception: bool) -> Result<Establishment<'a>, BodyError> {
        let (witnesses, cut) =
            if inception { (self.keys("b")?, Vec::new()) } else { (self.keys("ba")?, self.keys("br")?) };
        let next = self.list("n", |name, node| self.said_of(name, node))?;
        Ok(Establishment {
            keys: self.keys("k")?,
            threshold: self.threshold("kt", false)?.ok_or_else(|| self.refused("kt", 0, "must be at least 1"))?,
            next_threshold: self.threshold("nt", next.is_empty())?,
            next,
            witness_threshold: self.witness_threshold()?,
            witnesses,
            cut,
        })
    }

    fn list<T>(&self, name: &str, item: impl Fn(&str, &Node<'a>) -> Result<T, BodyError>) -> Result<Vec<T>, BodyError> {
        let node = self.field(name)?;
        let items = node.items().ok_or_else(|| self.refused(name, node.at, "must be a list"))?;
        if items.len() > WEIGHTS_MAX {
            return Err(self.refused(name, node.at, "has more items than any log needs"));
        }
        items.iter().map(|node| item(name, node)).collect()
    }

    fn keys(&self, name: &str) -> Result<Vec<&'a str>, BodyError> {
        self.list(name, |name, node| {
            let key = self.prefix_of(name, node)?;
            if key.starts_with('E') {
                return Err(self.refused(name, node.at, "must hold Ed25519 keys"));
            }
            Ok(key)
        })
    }

    /// `bt`: hexadecimal text, or a number as signify writes it in rotations.
    fn witness_threshold(&self) -> Result<u32, BodyError> {
        let node = self.field("bt")?;
        let number = match &node.value {
            json::Value::Number(digits) => digits.parse().ok(),
            json::Value::Text(text) => sequence_number(text).and_then(|number| u32::try_from(number).ok()),
            json::Value::Object(_) | json::Value::Array(_) | json::Value::Bool(_) | json::Value::Null => None,
        };
        number.ok_or_else(|| self.refused("bt", node.at, "must be a number of witnesses"))
    }

    /// A signing threshold. `None` for 0, which stands only where there are no next keys.
    fn threshold(&self, name: &str, none: bool) -> Result<Option<Threshold>, BodyError> {
        let node = self.field(name)?;
        let malformed = || self.refused(name, node.at, "must be a threshold: a number, or weights such as `1/2`");
        let threshold = match &node.value {
            json::Value::Text(text) if none && text == "0" => return Ok(None),
            json::Value::Number(digits) if none && *digits == "0" => return Ok(None),
            json::Value::Text(text) => Threshold::parse_count(text).ok_or_else(malformed)?,
            json::Value::Number(digits) => {
                let count = digits.parse::<u32>().ok().filter(|count| *count > 0 && *count <= WEIGHTS_MAX as u32);
                Threshold::Count(count.ok_or_else(malformed)?)
            }
            json::Value::Array(items) if none && items.is_empty() => return Ok(None),
            json::Value::Array(items) => {
                let groups = if items.iter().all(|item| item.items().is_some()) {
                    items.iter().map(|group| self.weights(name, group)).collect::<Result<Vec<_>, _>>()?
                } else {
                    vec![self.weights(name, node)?]
                };
                if groups.iter().map(Vec::len).sum::<usize>() > WEIGHTS_MAX || groups.is_empty() {
                    return Err(malformed());
                }
                Threshold::Weighted(groups)
            }
            json::Value::Object(_) | json::Value::Bool(_) | json::Value::Null => return Err(malformed()),
        };
        if !summable(&threshold) {
            let what = format!("a threshold in field `{name}` whose weights have such different denominators");
            return Err(BodyError::Unsupported { at: node.at, what });
        }
        Ok(Some(threshold))
    }

    fn weights(&self, name: &str, node: &Node<'a>) -> Result<Vec<Weight>, BodyError> {
        let items = node.items().unwrap_or_default();
        items
            .iter()
            .map(|item| match (&item.value, item.text().and_then(Weight::parse)) {
                (_, Some(weight)) => Ok(weight),
                (json::Value::Object(_), None) => {
                    let what = format!("a threshold in field `{name}` with groups inside a group");
                    Err(BodyError::Unsupported { at: item.at, what })
                }
                (_, None) => Err(self.refused(name, item.at, "must hold weights such as `1/2`, from 0 to 1")),
            })
            .collect()
    }

    /// Event seals. Seals of another form are allowed and mean nothing here.
    fn seals(&self) -> Result<Vec<Seal<'a>>, BodyError> {
        let node = self.field("a")?;
        let items = match &node.value {
            json::Value::Array(items) => items,
            // A data map instead of a list of seals seals nothing.
            json::Value::Object(_) => return Ok(Vec::new()),
            json::Value::Text(_) | json::Value::Number(_) | json::Value::Bool(_) | json::Value::Null => {
                return Err(self.refused("a", node.at, "must be a list of seals"));
            }
        };
        let mut seals = Vec::new();
        for item in items {
            let fields = item.fields().unwrap_or_default();
            let names: Vec<&str> = fields.iter().map(|(key, _)| key.as_ref()).collect();
            if names != ["i", "s", "d"] {
                continue;
            }
            let prefix = item.get("i").and_then(Node::plain).filter(|text| is_identifier(text));
            let said = item.get("d").and_then(Node::plain).filter(|text| is_digest(text));
            let sn = item.get("s").and_then(Node::plain).and_then(sequence_number);
            match (prefix, sn, said) {
                (Some(prefix), Some(sn), Some(said)) => seals.push(Seal { at: item.at, prefix, sn, said }),
                _ => {
                    return Err(self.refused(
                        "a",
                        item.at,
                        "holds a seal with a malformed identifier, number or digest",
                    ));
                }
            }
        }
        Ok(seals)
    }
}

/// Whether the weights can be summed in 64-bit fractions, whatever their order.
fn summable(threshold: &Threshold) -> bool {
    match threshold {
        Threshold::Count(_) => true,
        Threshold::Weighted(groups) => groups.iter().all(|group| {
            let multiple = group.iter().try_fold(1u64, |multiple, weight| {
                let denominator = u64::from(weight.denominator);
                let next = multiple / gcd(multiple, denominator) * denominator;
                (next < 1 << 32).then_some(next)
            });
            multiple.is_some()
        }),
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a.max(1) } else { gcd(b, a % b) }
}
