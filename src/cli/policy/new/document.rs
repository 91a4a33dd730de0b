//! `countersign policy new document`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::super::super::config::Settings;
use super::super::super::error::CliError;
use super::super::super::terminal::Terminal;
use super::super::super::write::Existing;
use super::super::super::{Outcome, load};
use super::error::NewError;
use super::{Draft, Schema, one_line, schema_path, words, write_all};
use crate::policy::skeleton::{self, NewDocument};
use crate::policy::{FileKind, PolicySet, cases, document, file_kind};

/// Begin the policy file of a governance document, and the file of its cases
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Begin the policy file of a governance document, and the file of its cases beside it. Both stand \
        where the other documents of the folder are, and have no rule yet: `countersign policy new rule` adds them. \
        A file that is there is never replaced.",
    after_help = "Example:\n  countersign policy new document acme-procedure --title \"Acme onboarding procedure\"\n\n\
        Exit status: 0 written, 2 nothing was written."
)]
pub(in super::super::super) struct Args {
    /// Its id, and the name of its files: lower-case letters, digits and hyphens
    #[arg(value_name = "ID")]
    id: String,
    /// Its name, as reports print it
    #[arg(long)]
    title: String,
    /// Which document wins where two contradict
    #[arg(long, value_name = "WORD", value_parser = words("precedence"), default_value = "house")]
    precedence: String,
    /// Folder of policies; default: the settings', else `policies`
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
}

pub(in super::super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    usable(&args.id)?;
    one_line("title", &args.title)?;
    let folder = super::super::folder(args.policies, settings);
    let loaded = load::folder(&folder)?;
    if let Some(policy) = loaded.set.policies.iter().find(|policy| policy.document.text == args.id) {
        let file = folder.join(policy.source.name()).display().to_string();
        return Err(NewError::DocumentExists { id: args.id, file }.into());
    }
    let beside = place(&loaded.set);
    let (name, cases) = (format!("{beside}{}.yaml", args.id), format!("{beside}{}.cases.yaml", args.id));
    let new = NewDocument { id: &args.id, title: &args.title, precedence: &args.precedence };
    let (policy_schema, policy_draft) = schema_path(&folder, &name, Schema::Policy);
    let (cases_schema, cases_draft) = schema_path(&folder, &cases, Schema::Cases);
    let text = skeleton::document(&new, &policy_schema).map_err(|problems| CliError::Policies { problems })?;
    let cases_text = skeleton::cases(&args.id, &cases_schema);
    let mut drafts = vec![
        Draft { name, text, existing: Existing::Keep },
        Draft { name: cases, text: cases_text, existing: Existing::Keep },
    ];
    drafts.extend(policy_draft.into_iter().chain(cases_draft));
    write_all(&folder, load::policy_files(&folder)?, &drafts)?;
    let wrote: String = drafts.iter().map(|draft| format!("wrote {}\n", folder.join(&draft.name).display())).collect();
    terminal.print(&format!(
        "{wrote}next: countersign policy new rule RULE --document {} --section SECTION --pack PACK\n",
        args.id
    ))?;
    Ok(0)
}

/// The folder of the other documents, with a slash, if there is one for all of them.
fn place(set: &PolicySet) -> String {
    let documents = set.policies.iter().filter(|policy| !policy.shared);
    let folders: BTreeSet<&str> =
        documents.map(|policy| policy.source.name().rfind('/').map_or("", |at| &policy.source.name()[..=at])).collect();
    match folders.first() {
        Some(folder) if folders.len() == 1 => (*folder).to_owned(),
        Some(_) | None => String::new(),
    }
}

/// A document's id is the name of its files, so it must not be the name of another kind of file.
fn usable(id: &str) -> Result<(), NewError> {
    let bad = |help| Err(NewError::BadId { id: id.to_owned(), what: "document", help });
    let begins = id.starts_with(|first: char| first.is_ascii_lowercase());
    if !begins || !id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        return bad("write lower-case letters, digits and hyphens, a letter first: `acme-procedure`");
    }
    let taken = id == document::SHARED || id == cases::ACROSS;
    if taken || file_kind(&format!("{id}.yaml")) != FileKind::Policy {
        return bad("a file of that name holds something else than the rules of a document; choose another");
    }
    // `document: true` would be no text to other readers of the file.
    if ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&id) {
        return bad("YAML reads this word as something else than a text; choose another");
    }
    Ok(())
}
