//! `trust.json` to a [`Trust`], with every problem at once.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use miette::NamedSource;

use crate::bundle::json::{Kind, Numbers, Tree};
use crate::bundle::place::printable;
use crate::facts::threshold::{Threshold, WEIGHTS_MAX, Weight};
use crate::keystore::{Domain, RecordToSign};
use crate::primitives::{Instant, Sha256};
use crate::source::Span;

use super::error::{TrustError, TrustProblem};
use super::{Audited, CredentialType, KeySignature, Keys, SchemaPin, Trust, without};

const TOP: [&str; 16] = [
    "version",
    "serial",
    "valid_from",
    "root_aid",
    "geda_aid",
    "qvi_aid",
    "officers",
    "policy_keys",
    "reporting_agents",
    "schemas",
    "ledger_genesis",
    "store_initialised",
    "practice",
    "audited",
    "logs",
    "signatures",
];

impl Trust {
    /// Reads a trust file. Signatures are kept, not verified.
    ///
    /// # Errors
    /// `not_json`, `invalid` with everything that is not as `schemas/trust.schema.json` says.
    pub fn parse(bytes: &[u8]) -> Result<Self, TrustError> {
        Self::parse_named(bytes, "trust file")
    }

    /// As [`Trust::parse`], with the name that problems call the file by.
    ///
    /// # Errors
    /// As [`Trust::parse`].
    pub fn parse_named(bytes: &[u8], name: &str) -> Result<Self, TrustError> {
        let shown: Arc<str> = String::from_utf8_lossy(bytes).into();
        let text = NamedSource::new(name, shown);
        let tree = Tree::parse(bytes, Numbers::Integers).map_err(|error| TrustError::NotJson {
            reason: error.kind.to_string(),
            help: error.kind.help(),
            at: error.at.label(),
            text: text.clone(),
        })?;
        let mut reader = Reader { text, problems: Vec::new() };
        let trust = reader.trust(&tree, Sha256::of(bytes));
        match trust {
            Some(trust) if reader.problems.is_empty() => Ok(trust),
            Some(_) | None => Err(TrustError::Invalid { problems: reader.problems }),
        }
    }
}

struct Reader {
    text: NamedSource<Arc<str>>,
    problems: Vec<TrustProblem>,
}

impl Reader {
    fn trust(&mut self, tree: &Tree<'_>, digest: Sha256) -> Option<Trust> {
        self.members(tree, "", &TOP)?;
        let version = self.integer(tree, "", "version", 1);
        if version.is_some_and(|version| version != 1) {
            self.refuse(tree.get("version").map_or(tree.span, |tree| tree.span), "/version", "`version` is 1");
        }
        // Each is read whether or not those before it could be, so that every problem is shown.
        let serial = self.integer(tree, "", "serial", 1);
        let valid_from = self.value::<Instant>(tree, "", "valid_from");
        let root_aid = self.value(tree, "", "root_aid");
        let geda_aid = self.value(tree, "", "geda_aid");
        let qvi_aid = self.value(tree, "", "qvi_aid");
        let officers = self.keys(tree, "officers");
        let policy_keys = self.keys(tree, "policy_keys");
        let reporting_agents = self.values(tree, "", "reporting_agents", 0);
        let schemas = self.schemas(tree);
        let ledger_genesis = self.nullable(tree, "", "ledger_genesis", true);
        let store_initialised = self.bool(tree, "store_initialised");
        let practice = match tree.get("practice") {
            Some(_) => self.bool(tree, "practice"),
            None => Some(false),
        };
        let audited = match tree.get("audited") {
            Some(_) => self.audited(tree),
            None => Some(Vec::new()),
        };
        let signatures = self.signatures(tree);
        let logs = self.nullable(tree, "", "logs", false);
        let record = without(tree, &["signatures"]).map(|document| RecordToSign::new(Domain::Trust, &document));
        Some(Trust {
            serial: serial?,
            valid_from: valid_from?,
            root_aid: root_aid?,
            geda_aid: geda_aid?,
            qvi_aid: qvi_aid?,
            officers: officers?,
            policy_keys: policy_keys?,
            reporting_agents: reporting_agents?,
            schemas: schemas?,
            ledger_genesis: ledger_genesis?,
            store_initialised: store_initialised?,
            practice: practice?,
            audited: audited?.into(),
            signatures: signatures?,
            logs: logs?,
            // INVARIANT: it is an object of strict JSON with no member `v`, or a member above is missing.
            record: record?.ok()?,
            digest,
        })
    }

    fn keys(&mut self, tree: &Tree<'_>, name: &str) -> Option<Keys> {
        let base = format!("/{name}");
        let object = self.member(tree, "", name)?;
        self.members(object, &base, &["aids", "threshold"])?;
        let aids = self.values(object, &base, "aids", 1);
        let threshold = self.member(object, &base, "threshold").and_then(|value| {
            let parsed = threshold(value);
            if parsed.is_none() {
                let why = "a signing threshold is expected: `\"2\"`, or weights `[\"1/2\", \"1/2\"]`";
                self.refuse(value.span, &format!("{base}/threshold"), why);
            }
            parsed
        });
        let keys = Keys { aids: aids?, threshold: threshold? };
        let all = (0..keys.aids.len() as u32).collect::<BTreeSet<_>>();
        if !keys.threshold.satisfied(&all) {
            self.refuse(
                object.span,
                &base,
                &format!("its threshold is more than its {} AIDs can reach", keys.aids.len()),
            );
            return None;
        }
        Some(keys)
    }

    fn schemas(&mut self, tree: &Tree<'_>) -> Option<Vec<SchemaPin>> {
        let mut pins = Some(Vec::new());
        for (index, item) in self.list(tree, "", "schemas", 0)?.iter().enumerate() {
            let base = format!("/schemas/{index}");
            let pin = self.pin(item, &base);
            pins = pins.zip(pin).map(|(mut pins, pin)| {
                pins.push(pin);
                pins
            });
        }
        pins
    }

    fn pin(&mut self, item: &Tree<'_>, base: &str) -> Option<SchemaPin> {
        self.members(item, base, &["credential_type", "said", "valid_from", "valid_to"])?;
        let credential_type = self.value(item, base, "credential_type");
        let said = self.value(item, base, "said");
        let valid_from = self.value(item, base, "valid_from");
        let valid_to = self.nullable(item, base, "valid_to", false);
        Some(SchemaPin { credential_type: credential_type?, said: said?, valid_from: valid_from?, valid_to: valid_to? })
    }

    fn audited(&mut self, tree: &Tree<'_>) -> Option<Vec<Audited>> {
        let mut audited = Some(Vec::new());
        for (index, item) in self.list(tree, "", "audited", 0)?.iter().enumerate() {
            let base = format!("/audited/{index}");
            let one = self.one_audited(item, &base);
            audited = audited.zip(one).map(|(mut audited, one)| {
                audited.push(one);
                audited
            });
        }
        audited
    }

    fn one_audited(&mut self, item: &Tree<'_>, base: &str) -> Option<Audited> {
        self.members(item, base, &["root_aid", "geda_aid", "qvi_aid"])?;
        let root_aid = self.value(item, base, "root_aid");
        let geda_aid = self.value(item, base, "geda_aid");
        let qvi_aid = self.value(item, base, "qvi_aid");
        Some(Audited { root_aid: root_aid?, geda_aid: geda_aid?, qvi_aid: qvi_aid? })
    }

    fn signatures(&mut self, tree: &Tree<'_>) -> Option<Vec<KeySignature>> {
        let mut signatures = Some(Vec::new());
        for (index, item) in self.list(tree, "", "signatures", 0)?.iter().enumerate() {
            let base = format!("/signatures/{index}");
            let signature = self.signature(item, &base);
            signatures = signatures.zip(signature).map(|(mut signatures, signature)| {
                signatures.push(signature);
                signatures
            });
        }
        signatures
    }

    fn signature(&mut self, item: &Tree<'_>, base: &str) -> Option<KeySignature> {
        self.members(item, base, &["key_state", "signature"])?;
        let signature = self.value::<Qb64Signature>(item, base, "signature");
        let state = self.member(item, base, "key_state")?;
        let base = format!("{base}/key_state");
        self.members(state, &base, &["aid", "sn", "said"])?;
        let (aid, sn, said) =
            (self.value(state, &base, "aid"), self.integer(state, &base, "sn", 0), self.value(state, &base, "said"));
        Some(KeySignature { aid: aid?, sn: sn?, said: said?, signature: signature?.0 })
    }

    /// Checks that it is an object with no other members.
    fn members(&mut self, tree: &Tree<'_>, base: &str, known: &[&str]) -> Option<()> {
        let Some(members) = tree.members() else {
            self.refuse(tree.span, base, &format!("an object is expected, not {}", tree.kind().describe()));
            return None;
        };
        for member in members.iter().filter(|member| !known.contains(&&*member.key)) {
            let name = printable(&member.key);
            let message = match crate::bundle::reader::closest(&member.key, known.iter().copied()) {
                Some(meant) => format!("there is no member `{name}`; did you mean `{meant}`?"),
                None => format!("there is no member `{name}`"),
            };
            self.refuse(member.key_span, base, &message);
        }
        Some(())
    }

    fn member<'t, 'b>(&mut self, tree: &'t Tree<'b>, base: &str, name: &str) -> Option<&'t Tree<'b>> {
        let value = tree.get(name);
        if value.is_none() {
            self.refuse(tree.span, &format!("{base}/{name}"), &format!("`{name}` is missing"));
        }
        value
    }

    fn value<T: FromStr<Err: std::fmt::Display>>(&mut self, tree: &Tree<'_>, base: &str, name: &str) -> Option<T> {
        let value = self.member(tree, base, name)?;
        self.parsed(value, &format!("{base}/{name}"))
    }

    fn parsed<T: FromStr<Err: std::fmt::Display>>(&mut self, value: &Tree<'_>, pointer: &str) -> Option<T> {
        let Some(text) = value.text() else {
            self.refuse(value.span, pointer, &format!("a text is expected, not {}", value.kind().describe()));
            return None;
        };
        match text.parse() {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.refuse(value.span, pointer, &printable(&error.to_string()));
                None
            }
        }
    }

    /// The inner `None` is null, or absence where that is allowed.
    fn nullable<T: FromStr<Err: std::fmt::Display>>(
        &mut self,
        tree: &Tree<'_>,
        base: &str,
        name: &str,
        required: bool,
    ) -> Option<Option<T>> {
        let value = if required {
            self.member(tree, base, name)?
        } else {
            match tree.get(name) {
                None => return Some(None),
                Some(value) => value,
            }
        };
        if value.kind() == Kind::Null {
            return Some(None);
        }
        self.parsed(value, &format!("{base}/{name}")).map(Some)
    }

    fn list<'t, 'b>(&mut self, tree: &'t Tree<'b>, base: &str, name: &str, least: usize) -> Option<&'t [Tree<'b>]> {
        let value = self.member(tree, base, name)?;
        let pointer = format!("{base}/{name}");
        match value.items() {
            Some(items) if items.len() >= least => Some(items),
            Some(_) => {
                self.refuse(value.span, &pointer, "at least one is expected");
                None
            }
            None => {
                self.refuse(value.span, &pointer, &format!("a list is expected, not {}", value.kind().describe()));
                None
            }
        }
    }

    /// A list of different values.
    fn values<T: FromStr<Err: std::fmt::Display> + PartialEq>(
        &mut self,
        tree: &Tree<'_>,
        base: &str,
        name: &str,
        least: usize,
    ) -> Option<Vec<T>> {
        let items = self.list(tree, base, name, least)?;
        let mut values = Vec::with_capacity(items.len());
        let mut good = true;
        for (index, item) in items.iter().enumerate() {
            let pointer = format!("{base}/{name}/{index}");
            match self.parsed::<T>(item, &pointer) {
                Some(value) if values.contains(&value) => {
                    self.refuse(item.span, &pointer, "it is there twice, and would count twice");
                    good = false;
                }
                Some(value) => values.push(value),
                None => good = false,
            }
        }
        good.then_some(values)
    }

    fn integer(&mut self, tree: &Tree<'_>, base: &str, name: &str, least: i64) -> Option<u64> {
        let value = self.member(tree, base, name)?;
        let number = value.integer().filter(|number| *number >= least).map(i64::unsigned_abs);
        if number.is_none() {
            self.refuse(value.span, &format!("{base}/{name}"), &format!("an integer from {least} on is expected"));
        }
        number
    }

    fn bool(&mut self, tree: &Tree<'_>, name: &str) -> Option<bool> {
        let value = self.member(tree, "", name)?;
        match value.value {
            crate::bundle::json::Value::Bool(value) => Some(value),
            _ => {
                self.refuse(value.span, &format!("/{name}"), "true or false is expected");
                None
            }
        }
    }

    fn refuse(&mut self, span: Span, pointer: &str, message: &str) {
        self.problems.push(TrustProblem {
            pointer: if pointer.is_empty() { "/".to_owned() } else { pointer.to_owned() },
            message: message.to_owned(),
            at: span.label(),
            text: self.text.clone(),
        });
    }
}

/// A signing threshold as `schemas/types.json` writes it.
fn threshold(value: &Tree<'_>) -> Option<Threshold> {
    if let Some(text) = value.text() {
        return Threshold::parse_count(text);
    }
    let items = value.items()?;
    let weights = |items: &[Tree<'_>]| -> Option<Vec<Weight>> {
        let weights = items.iter().map(|item| Weight::parse(item.text()?)).collect::<Option<Vec<_>>>()?;
        (!weights.is_empty()).then_some(weights)
    };
    let groups = if items.first()?.items().is_some() {
        items.iter().map(|group| weights(group.items()?)).collect::<Option<Vec<_>>>()?
    } else {
        vec![weights(items)?]
    };
    (groups.iter().map(Vec::len).sum::<usize>() <= WEIGHTS_MAX).then_some(Threshold::Weighted(groups))
}

/// A signature of 64 bytes in qualified base64.
struct Qb64Signature(String);

impl FromStr for Qb64Signature {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let good =
            text.len() == 88 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if good { Ok(Self(text.to_owned())) } else { Err("a signature of 88 characters is expected".to_owned()) }
    }
}

impl FromStr for CredentialType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.map(Self::as_str);
        Self::ALL
            .into_iter()
            .find(|of| of.as_str() == text)
            .ok_or_else(|| format!("`{text}` is none of {}", known.join(", ")))
    }
}
