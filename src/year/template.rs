//! A case as a program: slots in order of need, each a text that follows from others.
//!
//! In: a [`Template`] that `compile` made, and a [`Source`] of what a case is about. Out: [`Texts`], one a slot, and
//! with them the files of the case. What a year or a QVI shares is made once. It must not know what a file means.

use crate::keri::build::keys::PracticeKey;
use crate::primitives::{Said, Sha256};

use super::value::Value;

/// How much shares a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Scope {
    /// All cases.
    Year,
    /// The cases of one QVI.
    Qvi,
    /// One case.
    Case,
}

/// A slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Slot(pub u32);

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// As it stands.
    Fixed(Box<str>),
    /// The text of a slot.
    Slot(Slot),
    /// In a message: its own digest, 44 characters.
    Own,
    /// In a message: its size, six hexadecimal digits.
    Size,
}

/// How the text of a slot is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rule {
    /// Given by the source.
    Value(Value),
    /// The public key of a label, with its code.
    Key { label: String, code: &'static str },
    /// The digest of a text, as KERI writes it.
    Digest(Slot),
    /// The digest of an object with its own digest blotted out.
    Section(Vec<Part>),
    /// A message, with its size and its digest.
    Message(Vec<Part>),
    /// The digest of a message.
    SaidOf(Slot),
    /// A text.
    Text(Vec<Part>),
    /// SHA-256 of a text.
    Sha256(Slot),
    /// Number of bytes of a text.
    SizeOf(Slot),
    /// A signature by a key over a text.
    Signature { message: Slot, key: Slot, code: Box<str> },
}

/// A file of the case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TemplateFile {
    pub path: String,
    pub text: Slot,
}

/// What the log of the QVI gets by a case, and what a case is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outputs {
    /// GLEIF's logs and the log of the QVI before its first case, with what its registry begins with.
    pub above: Slot,
    /// The registry's own events.
    pub registry: Slot,
    /// The event of the QVI's log that seals the issuance, as sent.
    pub anchor: Slot,
    /// Its digest.
    pub anchor_said: Slot,
    /// The event before the first case.
    pub prior_said: Slot,
    /// The issuance event, as sent.
    pub issuance: Slot,
    /// The credential.
    pub credential: Slot,
}

/// A case as a program.
#[derive(Debug)]
pub(super) struct Template {
    pub rules: Vec<Rule>,
    pub scopes: Vec<Scope>,
    /// Slots, each after those it needs.
    pub order: Vec<Slot>,
    pub files: Vec<TemplateFile>,
    pub outputs: Outputs,
    /// Identifiers of the fixture and their slots.
    pub named: std::collections::HashMap<String, Slot>,
}

/// What a case is about.
pub(super) trait Source {
    /// The text of a value.
    fn value(&self, value: &Value) -> String;
    /// 32 bytes for a key.
    fn seed(&self, scope: Scope, label: &str) -> [u8; 32];
}

/// The texts of one case after another.
#[derive(Debug)]
pub(super) struct Texts {
    texts: Vec<String>,
    keys: Vec<Option<PracticeKey>>,
    own: Vec<Option<Said>>,
}

impl Texts {
    pub fn new(template: &Template) -> Self {
        let count = template.rules.len();
        Self {
            texts: vec![String::new(); count],
            keys: std::iter::repeat_with(|| None).take(count).collect(),
            own: vec![None; count],
        }
    }

    /// The text of a slot.
    pub fn get(&self, slot: Slot) -> &str {
        self.texts.get(slot.0 as usize).map_or("", String::as_str)
    }

    /// Makes all texts that are shared so far and no further.
    pub fn make(&mut self, template: &Template, scope: Scope, source: &dyn Source) {
        for slot in &template.order {
            let at = slot.0 as usize;
            if template.scopes[at] == scope {
                let text = self.text(at, &template.rules[at], scope, source);
                self.texts[at] = text;
            }
        }
    }

    fn text(&mut self, at: usize, rule: &Rule, scope: Scope, source: &dyn Source) -> String {
        match rule {
            Rule::Value(value) => source.value(value),
            Rule::Key { label, code } => {
                let key = PracticeKey::new(&source.seed(scope, label));
                let public = key.public(code).unwrap_or_default();
                self.keys[at] = Some(key);
                public
            }
            Rule::Digest(of) => Said::of(self.get(*of).as_bytes()).to_string(),
            Rule::Section(parts) => Said::of(self.filled(parts, None).as_bytes()).to_string(),
            Rule::Message(parts) => {
                let blotted = self.filled(parts, None);
                let said = Said::of(blotted.as_bytes());
                let text = self.filled(parts, Some(said.as_str()));
                self.own[at] = Some(said);
                text
            }
            Rule::SaidOf(of) => self.own[of.0 as usize].as_ref().map_or_else(String::new, ToString::to_string),
            Rule::Text(parts) => self.filled(parts, None),
            Rule::Sha256(of) => Sha256::of(self.get(*of).as_bytes()).to_string(),
            Rule::SizeOf(of) => self.get(*of).len().to_string(),
            Rule::Signature { message, key, code } => {
                let signed = self.keys[key.0 as usize].as_ref();
                signed.and_then(|key| key.sign(code, self.get(*message).as_bytes())).unwrap_or_default()
            }
        }
    }

    fn filled(&self, parts: &[Part], own: Option<&str>) -> String {
        let length = parts.iter().map(|part| match part {
            Part::Fixed(text) => text.len(),
            Part::Slot(slot) => self.get(*slot).len(),
            Part::Own => BLOT.len(),
            Part::Size => 6,
        });
        let length = length.sum();
        let mut text = String::with_capacity(length);
        for part in parts {
            match part {
                Part::Fixed(fixed) => text.push_str(fixed),
                Part::Slot(slot) => text.push_str(self.get(*slot)),
                Part::Own => text.push_str(own.unwrap_or(BLOT)),
                Part::Size => text.push_str(&format!("{length:06x}")),
            }
        }
        text
    }
}

/// What stands in the place of a digest while it is made.
const BLOT: &str = "############################################";
