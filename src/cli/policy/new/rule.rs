//! `countersign policy new rule`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::super::super::config::Settings;
use super::super::super::error::CliError;
use super::super::super::terminal::Terminal;
use super::super::super::write::Existing;
use super::super::super::{Outcome, load};
use super::error::NewError;
use super::{Draft, Schema, one_line, schema_path, words, write_all};
use crate::policy::skeleton::{self, NewRule};
use crate::policy::{ParsedPolicy, PolicySet};
use crate::source::{Fragment, Source};

/// Begin a rule in the file of its document, and its cases beside it
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Begin a rule in the file of its document, with the comments that help to write it, and the first of \
        its cases in the file beside it. Until `require` is written the rule fails every case, so that nobody takes it \
        for one that holds, and `countersign policy test` says what is missing.\n\nNothing is written unless the whole \
        folder is without a problem, before and afterwards. The file of the document is brought into the form of \
        `countersign policy fmt`.",
    after_help = "Example:\n  countersign policy new rule ACME-1.a --document acme-procedure --section 1.a \
        --pack lei-status\n  countersign policy new rule LE-6.3.1.g --document le-framework --section 6.3.1.g \
        --pack le-gate --level warn --after LE-6.3.1.e\n\n\
        Exit status: 0 written, 2 nothing was written."
)]
pub(in super::super::super) struct Args {
    /// The requirement's id, such as ACME-1.a
    #[arg(value_name = "RULE")]
    id: String,
    /// The document that it is a rule of
    #[arg(long, value_name = "ID")]
    document: String,
    /// The section of the document that demands it
    #[arg(long)]
    section: String,
    /// The pack it belongs to; flows.yaml says which flows run it
    #[arg(long)]
    pack: String,
    /// What holds when it passes, in one line
    #[arg(long)]
    title: Option<String>,
    /// How binding the source says it is
    #[arg(long, value_name = "WORD", value_parser = words("strength"), default_value = "MUST")]
    strength: String,
    /// How bad a failure is
    #[arg(long, value_name = "WORD", value_parser = words("level"), default_value = "block")]
    level: String,
    /// The first run that decides it
    #[arg(long, value_name = "WORD", value_parser = words("stage"), default_value = "evidence")]
    stage: String,
    /// The rule that it stands behind; default: the last of the document
    #[arg(long, value_name = "RULE")]
    after: Option<String>,
    /// The fixture that its first case is about
    #[arg(long, value_name = "NAME", default_value = "b0")]
    fixture: String,
    /// Folder of policies; default: the settings', else `policies`
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
}

pub(in super::super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    usable(&args.id)?;
    one_line("section", &args.section)?;
    args.title.as_deref().map_or(Ok(()), |title| one_line("title", title))?;
    let folder = super::super::folder(args.policies.clone(), settings);
    let loaded = load::folder(&folder)?;
    is_new(&folder, &loaded.set, &args.id)?;
    let policy = document_of(&folder, &loaded.set, &args)?;
    known_pack(&loaded, &args.pack)?;
    known_fixture(&folder, &args.fixture)?;

    let rule = NewRule {
        id: &args.id,
        section: &args.section,
        title: args.title.as_deref(),
        strength: &args.strength,
        level: &args.level,
        pack: &args.pack,
        stage: &args.stage,
    };
    let refused = |problems| CliError::Policies { problems };
    let text = skeleton::with_rule(&policy.source, &rule, args.after.as_deref()).map_err(refused)?;
    let (cases, existing, schema) = cases_of(&folder, &loaded.set, policy);
    let cases_text = skeleton::with_cases(&cases, &args.id, &args.fixture, &args.stage).map_err(refused)?;
    let mut drafts = vec![
        Draft { name: policy.source.name().to_owned(), text, existing: Existing::Replace },
        Draft { name: cases.name().to_owned(), text: cases_text, existing },
    ];
    drafts.extend(schema);
    write_all(&folder, load::policy_files(&folder)?, &drafts)?;
    terminal.print(&format!(
        "added rule {id} in {policy}\nadded its first case in {cases}\nnext: write `require`, `message` and `help`, then \
         the cases, and run\n  countersign policy test {folder} --filter {id}\n",
        id = args.id,
        policy = place(&folder, &drafts[0], &args.id),
        cases = place(&folder, &drafts[1], &args.id),
        folder = folder.display()
    ))?;
    Ok(0)
}

/// A file, and the line on which the rule is named first.
fn place(folder: &Path, draft: &Draft, id: &str) -> String {
    let names_it = |line: &str| line.split([' ', ':', '"']).any(|word| word == id);
    let line = draft.text.lines().position(names_it).map_or(1, |line| line + 1);
    format!("{}:{line}", folder.join(&draft.name).display())
}

/// An id that YAML, a shell and a report take as it is.
fn usable(id: &str) -> Result<(), NewError> {
    let begins = id.starts_with(|first: char| first.is_ascii_alphabetic());
    let has_digit = id.bytes().any(|byte| byte.is_ascii_digit());
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_#".contains(&byte);
    if begins && has_digit && id.bytes().all(allowed) {
        return Ok(());
    }
    let help =
        "write the document's letters and the section: letters, digits, `.`, `-`, `_` and `#`, such as `ACME-1.a`";
    Err(NewError::BadId { id: id.to_owned(), what: "rule", help })
}

/// No rule and no requirement without one has this id, in any case of letters: people look for it by hand.
fn is_new(folder: &Path, set: &PolicySet, id: &str) -> Result<(), NewError> {
    let is_it = |known: &Fragment| known.text.eq_ignore_ascii_case(id);
    let place = |source: &Source, known: &Fragment| {
        let file = folder.join(source.name()).display().to_string();
        (known.text.clone(), file, source.line_column(known.whole.start as usize).0)
    };
    for policy in &set.policies {
        if let Some(rule) = policy.rules.iter().find(|rule| is_it(&rule.id)) {
            let (id, file, line) = place(&policy.source, &rule.id);
            return Err(NewError::RuleExists { id, file, line });
        }
    }
    let pending = set.pending.iter().flat_map(|file| file.pending.iter().map(|entry| (&file.source, &entry.id)));
    let external = set.external.iter().flat_map(|file| file.external.iter().map(|entry| (&file.source, &entry.id)));
    match pending.chain(external).find(|(_, known)| is_it(known)) {
        Some((source, known)) => {
            let (id, file, line) = place(source, known);
            Err(NewError::ListedWithoutRule { id, file, line })
        }
        None => Ok(()),
    }
}

fn document_of<'s>(folder: &Path, set: &'s PolicySet, args: &Args) -> Result<&'s ParsedPolicy, NewError> {
    let mut documents = set.policies.iter().filter(|policy| !policy.shared);
    let Some(policy) = documents.clone().find(|policy| policy.document.text == args.document) else {
        let known = documents.by_ref().map(|policy| policy.document.text.clone()).collect();
        return Err(NewError::UnknownDocument { id: args.document.clone(), known });
    };
    match &args.after {
        Some(after) if policy.rules.iter().all(|rule| rule.id.text != *after) => {
            let file = folder.join(policy.source.name()).display().to_string();
            Err(NewError::UnknownRule { id: after.clone(), file })
        }
        Some(_) | None => Ok(policy),
    }
}

/// A rule in a pack that no flow runs would never be decided.
fn known_pack(loaded: &load::Loaded, pack: &str) -> Result<(), CliError> {
    let known: BTreeSet<&String> = loaded.program.flows.iter().flat_map(|flow| &flow.packs).collect();
    if known.iter().any(|known| *known == pack) {
        return Ok(());
    }
    Err(CliError::UnknownPack { pack: pack.to_owned(), known: known.into_iter().cloned().collect() })
}

/// A fixture that is not among those beside the policies; whoever keeps them elsewhere names the folder to
/// `policy test`.
fn known_fixture(folder: &Path, fixture: &str) -> Result<(), CliError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    if !fixture.starts_with(|first: char| first.is_ascii_alphabetic()) || !fixture.bytes().all(allowed) {
        let help = "it is the name of a folder: letters, digits, `.`, `-` and `_`, a letter first";
        return Err(NewError::BadId { id: fixture.to_owned(), what: "fixture", help }.into());
    }
    let cases = folder.join("..").join("fixtures").join("cases");
    if cases.is_dir() && !cases.join(fixture).is_dir() {
        return Err(CliError::NoFixture { name: fixture.to_owned(), path: cases.join(fixture) });
    }
    Ok(())
}

/// The cases of a document, or the beginning of a file of them beside it, with the schema if that is missing.
fn cases_of(folder: &Path, set: &PolicySet, policy: &ParsedPolicy) -> (Source, Existing, Option<Draft>) {
    if let Some(file) = set.cases.iter().find(|file| file.document.text == policy.document.text) {
        return (file.source.clone(), Existing::Replace, None);
    }
    let name = policy.source.name();
    let name = format!("{}.cases.yaml", name.strip_suffix(".yaml").unwrap_or(name));
    let (schema, draft) = schema_path(folder, &name, Schema::Cases);
    let text = skeleton::cases(&policy.document.text, &schema);
    (Source::new(name, text), Existing::Keep, draft)
}
