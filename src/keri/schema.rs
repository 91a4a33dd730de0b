//! Credential schemas: our structural profiles, always, and the official schemas where they are at hand.
//!
//! In: a credential. Out: the first thing in it that its profile, or the official schema with the digest
//! that it names, does not allow. The profile decides; an official schema can only add a fail.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value as Schema};

use super::json::{Node, Value};
use super::message::{Credential, Section};
use super::verified::CredentialType;
use crate::primitives::Said;

/// Why a credential does not fit a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Place in the message.
    pub at: usize,
    /// Which field: `a.LEI`.
    pub path: String,
    /// What is wrong.
    pub why: String,
}

/// Official schemas by digest, each verified.
#[derive(Debug, Default, Clone)]
pub struct Library {
    schemas: BTreeMap<Said, Schema>,
}

/// Why a file is not an official schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotASchema {
    /// Not JSON, or not an object with a digest as its `$id`.
    #[error("it is not a JSON Schema with a digest as its `$id`")]
    Malformed,
    /// The digest in `$id` is not the digest of the schema.
    #[error("its `$id` is `{claimed}`, and its digest is `{actual}`")]
    Digest {
        /// What it says.
        claimed: Said,
        /// What it is.
        actual: Said,
    },
}

/// The digest of an official schema: over its compact JSON with `$id` dummied.
///
/// # Errors
/// Why the text is not a schema whose `$id` is its digest.
pub fn check_official(text: &[u8]) -> Result<(Said, Schema), NotASchema> {
    let schema: Schema = serde_json::from_slice(text).map_err(|_| NotASchema::Malformed)?;
    let claimed = schema.get("$id").and_then(Schema::as_str).and_then(|id| id.parse::<Said>().ok());
    let claimed = claimed.ok_or(NotASchema::Malformed)?;
    let mut dummied = schema.clone();
    let id = dummied.get_mut("$id").ok_or(NotASchema::Malformed)?;
    *id = Schema::String("#".repeat(claimed.as_str().len()));
    let actual = Said::of(dummied.to_string().as_bytes());
    if actual == claimed { Ok((claimed, schema)) } else { Err(NotASchema::Digest { claimed, actual }) }
}

impl Library {
    /// Adds a schema.
    ///
    /// # Errors
    /// Why it is none; nothing is added then.
    pub fn add(&mut self, text: &[u8]) -> Result<Said, NotASchema> {
        let (said, schema) = check_official(text)?;
        self.schemas.insert(said.clone(), schema);
        Ok(said)
    }

    /// The digests of the schemas in it.
    pub fn saids(&self) -> impl Iterator<Item = &Said> {
        self.schemas.keys()
    }

    /// The text with this digest, if an official schema prescribes it anywhere.
    pub fn text(&self, digest: &Said) -> Option<&str> {
        self.schemas.values().find_map(|schema| text_in(schema, digest))
    }

    /// What the official schema does not allow; `None` if it allows all, or is not at hand.
    pub fn misfit(&self, credential: &Credential<'_>, body: &str) -> Option<Misfit> {
        let schema = self.schemas.get(&credential.schema.parse::<Said>().ok()?)?;
        let refused = |path: String, why: String| Some(Misfit { at: 0, path, why });
        // Identifiers of schemas are digests, relative to a base of their own; nothing is fetched.
        let options = jsonschema::options().with_base_uri("said:///").should_validate_formats(true).offline();
        let validator = match options.build(schema) {
            Ok(validator) => validator,
            Err(error) => return refused(String::new(), format!("the official schema cannot be used: {error}")),
        };
        let instance: Schema = match serde_json::from_str(body) {
            Ok(instance) => instance,
            Err(error) => return refused(String::new(), error.to_string()),
        };
        let mut errors = validator.iter_errors(&instance);
        let error = errors.next()?;
        let path = error.instance_path().to_string().trim_start_matches('/').replace('/', ".");
        let why = match error.kind() {
            jsonschema::error::ValidationErrorKind::OneOfNotValid { context } => {
                // The last alternative is the disclosed form; its first error tells what is wrong.
                let inner = context.iter().rev().find_map(|errors| errors.first());
                inner.map_or_else(|| error.to_string(), ToString::to_string)
            }
            _ => error.to_string(),
        };
        refused(path, shorten(&why))
    }
}

/// A text with this digest; schemas are trees as deep as their JSON, which the parser bounds.
fn text_in<'s>(schema: &'s Schema, digest: &Said) -> Option<&'s str> {
    match schema {
        Schema::String(text) => (Said::of(text.as_bytes()) == *digest).then_some(text.as_str()),
        Schema::Array(items) => items.iter().find_map(|item| text_in(item, digest)),
        Schema::Object(fields) => fields.values().find_map(|field| text_in(field, digest)),
        Schema::Null | Schema::Bool(_) | Schema::Number(_) => None,
    }
}

/// Values in messages are user text; long ones are cut.
fn shorten(text: &str) -> String {
    const LENGTH_MAX: usize = 200;
    let mut short: String = text.chars().take(LENGTH_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short.replace('"', "`")
}

struct Profile {
    kind: CredentialType,
    said: String,
    schema: Schema,
}

static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    let read = |kind, text: &str| {
        let schema: Schema = serde_json::from_str(text).expect("a test reads every embedded profile");
        let said = schema["x-schema-said"].as_str().unwrap_or_default().to_owned();
        Profile { kind, said, schema }
    };
    vec![
        read(CredentialType::Qvi, include_str!("../../schemas/credentials/qvi.json")),
        read(CredentialType::Le, include_str!("../../schemas/credentials/le.json")),
        read(CredentialType::OorAuth, include_str!("../../schemas/credentials/oor-auth.json")),
        read(CredentialType::Oor, include_str!("../../schemas/credentials/oor.json")),
        read(CredentialType::EcrAuth, include_str!("../../schemas/credentials/ecr-auth.json")),
        read(CredentialType::Ecr, include_str!("../../schemas/credentials/ecr.json")),
    ]
});

/// The credential type whose official schema has this digest.
pub fn credential_type(schema: &str) -> Option<CredentialType> {
    PROFILES.iter().find(|profile| profile.said == schema).map(|profile| profile.kind)
}

/// The six official schemas by digest.
pub fn official() -> impl Iterator<Item = (CredentialType, &'static str, &'static str)> {
    PROFILES
        .iter()
        .map(|profile| (profile.kind, profile.said.as_str(), profile.schema["title"].as_str().unwrap_or_default()))
}

/// The rules that a credential type must state, in order: label, and the digest of the text.
pub fn prescribed(kind: CredentialType) -> Vec<(&'static str, Said)> {
    let profile = PROFILES.iter().find(|profile| profile.kind == kind);
    let rules = profile.and_then(|profile| profile.schema["properties"]["r"]["properties"].as_object());
    let digest = |rule: &Schema| rule["properties"]["l"]["x-text-said"].as_str()?.parse().ok();
    rules.into_iter().flatten().filter_map(|(label, rule)| Some((label.as_str(), digest(rule)?))).collect()
}

/// What our profile of the credential's type does not allow. Sections that are not disclosed are not
/// judged here; `None` also where there is no profile.
pub fn misfit(credential: &Credential<'_>) -> Option<Misfit> {
    let profile = PROFILES.iter().find(|profile| profile.said == credential.schema)?;
    let undisclosed: Vec<&str> =
        ["a", "e", "r"].into_iter().filter(|name| matches!(credential.section(name), Section::Compact(_))).collect();
    object(&profile.schema, &credential.node, "", &undisclosed).err()
}

fn object(schema: &Schema, node: &Node<'_>, path: &str, skip: &[&str]) -> Result<(), Misfit> {
    let refused = |path: String, at, why: &str| Err(Misfit { at, path, why: why.to_owned() });
    let Some(fields) = node.fields() else { return refused(path.to_owned(), node.at, "must be an object") };
    let empty = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&empty);
    let inside = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Schema::as_str) {
        if node.get(name).is_none() {
            return refused(inside(name), node.at, "is missing");
        }
    }
    for (name, field) in fields {
        match properties.get(name.as_ref()) {
            None => return refused(inside(name), field.at, "is not one of this credential type"),
            Some(_) if skip.contains(&name.as_ref()) => {}
            Some(schema) => value(schema, field, &inside(name))?,
        }
    }
    Ok(())
}

fn value(schema: &Schema, node: &Node<'_>, path: &str) -> Result<(), Misfit> {
    let refused = |why: String| Err(Misfit { at: node.at, path: path.to_owned(), why });
    if let Some(alternatives) = schema["oneOf"].as_array() {
        // Alternatives differ in their required fields: the first one's reason stands for all.
        let outcomes: Vec<_> = alternatives.iter().map(|schema| value(schema, node, path)).collect();
        return match outcomes.iter().filter(|outcome| outcome.is_ok()).count() {
            1 => Ok(()),
            _ => outcomes.into_iter().find(Result::is_err).unwrap_or(Ok(())),
        };
    }
    if let Some(constant) = schema["const"].as_str() {
        return if node.text() == Some(constant) { Ok(()) } else { refused(format!("must be `{constant}`")) };
    }
    match (schema["type"].as_str(), &node.value) {
        (Some("object"), _) => object(schema, node, path, &[]),
        (Some("string"), Value::Text(text)) => {
            let least = schema["minLength"].as_u64().unwrap_or(0) as usize;
            if text.trim().chars().count() < least {
                return refused("must not be empty".to_owned());
            }
            match schema["x-text-said"].as_str() {
                Some(said) if Said::of(text.as_bytes()).as_str() != said => {
                    refused("is not the text that the governance framework prescribes".to_owned())
                }
                Some(_) | None => Ok(()),
            }
        }
        (Some("integer"), Value::Number(digits)) if digits.parse::<i64>().is_ok() => Ok(()),
        (Some(expected), _) => refused(format!("must be of type {expected}")),
        (None, _) => refused("cannot be judged".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_names_its_official_schema() {
        for profile in PROFILES.iter() {
            assert!(profile.said.parse::<Said>().is_ok(), "{:?}", profile.kind);
            assert_eq!(profile.schema["x-credential-type"], profile.kind.as_str());
            assert_eq!(profile.schema["properties"]["s"]["const"], profile.said);
            assert_eq!(profile.schema["additionalProperties"], false);
        }
    }

    #[test]
    fn a_schema_is_known_by_its_digest() {
        let with = |id: &str| format!(r#"{{"$id":"{id}","type":"object"}}"#);
        let said = Said::of(with(&"#".repeat(44)).as_bytes());
        let good = with(said.as_str());
        assert_eq!(check_official(good.as_bytes()).unwrap().0, said);
        let lie = good.replace("object", "string");
        assert!(matches!(check_official(lie.as_bytes()), Err(NotASchema::Digest { .. })));
        assert_eq!(check_official(b"{}").unwrap_err(), NotASchema::Malformed);
    }
}
