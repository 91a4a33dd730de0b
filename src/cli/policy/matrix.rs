//! `countersign policy matrix`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::super::config::Settings;
use super::super::error::CliError;
use super::super::terminal::{Terminal, columns_of};
use super::super::{Outcome, load};
use crate::compile::program::{Program, RuleBody};

/// List every requirement: its rule, or what it waits for
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  countersign policy matrix\n  countersign policy matrix --pack two-qar --policies policies"
)]
pub(in super::super) struct Args {
    /// Policies to list instead of the embedded ones
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Only requirements of this pack
    #[arg(long)]
    pack: Option<String>,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let rule_book = load::rule_book(args.policies.as_deref(), settings)?;
    let program = rule_book.program();
    let cases = load::cases(&rule_book);
    if let Some(pack) = &args.pack {
        known_pack(pack, program)?;
    }
    let of_pack = |pack: &str| args.pack.as_deref().is_none_or(|wanted| wanted == pack);
    let number_of = |rule: &str| {
        let all = cases.iter().flat_map(|file| &file.cases);
        all.filter(|case| case.expect.iter().any(|(id, _)| id.text == rule)).count()
    };
    let mut rows = vec![
        ["requirement", "document", "section", "packs", "stage", "level", "decided by", "cases"].map(str::to_owned),
    ];
    for rule in &program.rules {
        if !rule.packs.iter().any(|pack| of_pack(pack)) {
            continue;
        }
        let decided_by = match &rule.body {
            RuleBody::Expressions(_) => "rule".to_owned(),
            RuleBody::SameAs(target) => format!("same as {}", program.rules[target.0 as usize].id),
            RuleBody::AllOf(parts) => format!("{} parts", parts.len()),
        };
        rows.push([
            rule.id.clone(),
            program.documents[rule.document.0 as usize].id.clone(),
            rule.section.clone(),
            rule.packs.join(", "),
            rule.stage.as_str().to_owned(),
            rule.level.as_str().to_owned(),
            decided_by,
            number_of(&rule.id).to_string(),
        ]);
    }
    let rules = rows.len() - 1;
    for pending in program.pending.iter().filter(|pending| of_pack(&pending.pack)) {
        rows.push([
            pending.id.clone(),
            pending.document.clone(),
            pending.section.clone(),
            pending.pack.clone(),
            pending.stage.as_str().to_owned(),
            "-".to_owned(),
            format!("pending: {}", pending.waits_for),
            "-".to_owned(),
        ]);
    }
    let pending = rows.len() - 1 - rules;
    let mut text = columns_of(&rows);
    text.push_str(&format!("\n{rules} rules, {pending} requirements without a rule yet\n"));
    terminal.print(&text)?;
    Ok(0)
}

/// A pack that nothing is in would give an empty list, which reads as if nothing were required.
fn known_pack(pack: &str, program: &Program) -> Result<(), CliError> {
    let of_rules = program.rules.iter().flat_map(|rule| rule.packs.iter());
    let known: BTreeSet<&String> = of_rules.chain(program.pending.iter().map(|pending| &pending.pack)).collect();
    if known.iter().any(|known| *known == pack) {
        return Ok(());
    }
    Err(CliError::UnknownPack { pack: pack.to_owned(), known: known.into_iter().cloned().collect() })
}
