//! `countersign bundle show CASE`.

use std::path::PathBuf;

use super::super::config::Settings;
use super::super::terminal::{Terminal, columns_of};
use super::super::{Outcome, load};
use crate::bundle::place::printable;
use crate::bundle::{Area, Limits, Snapshot};
use crate::check;
use crate::compile::program::{Program, Stage};
use crate::facts::schema::KindId;

/// Rules that are named as waiting for a kind.
const RULES_NAMED: usize = 5;

/// Show what is there, what is missing, and which rules wait for it
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  countersign bundle show cases/acme --stage proposal")]
pub(in super::super) struct Args {
    /// Folder of a case or bundle, or a tar file of it
    #[arg(value_name = "CASE")]
    case: PathBuf,
    /// Show what is needed up to this stage
    #[arg(long, default_value = "closing")]
    stage: Stage,
    /// Policies to use instead of the embedded ones
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let rule_book = load::rule_book(args.policies.as_deref(), settings)?;
    let program = rule_book.program();
    let snapshot = Snapshot::read(&args.case, &Limits::STANDARD)?;
    let claim = |name| snapshot.manifest(Area::Bundle).and_then(|manifest| manifest.text(name)).map(printable);
    let digest = snapshot.digest().map_or("(no manifest)".to_owned(), |digest| digest.to_string());
    let mut text = columns_of(&[
        ["case".to_owned(), claim("bundle_id").unwrap_or_else(|| "(not stated)".to_owned())],
        ["flow".to_owned(), claim("flow").unwrap_or_else(|| "(not stated)".to_owned())],
        ["LEI".to_owned(), claim("lei").unwrap_or_else(|| "(not stated)".to_owned())],
        ["bundle".to_owned(), digest],
    ]);

    let holdings = check::holdings(&snapshot, &program.schema);
    let flow = claim("flow").and_then(|flow| program.flows.iter().find(|known| known.id == flow));
    let needs: &[(KindId, Stage)] = flow.map_or(&[], |flow| &flow.needs);
    text.push_str("\nthere:\n");
    let mut rows = Vec::new();
    for holding in holdings.iter().filter(|holding| !holding.paths.is_empty()) {
        let broken = match holding.broken {
            0 => String::new(),
            broken => format!("{broken} cannot be used"),
        };
        let paths = holding.paths.iter().map(|path| printable(path)).collect::<Vec<_>>().join(", ");
        let name = program.schema.kind(holding.kind).name.clone();
        rows.push(([format!("  {name}"), holding.paths.len().to_string(), broken], paths));
    }
    if rows.is_empty() {
        text.push_str("  nothing that can be read as evidence\n");
    }
    text.push_str(&table(&rows, terminal));

    let missing = needs.iter().filter(|(kind, stage)| {
        *stage <= args.stage && holdings.iter().any(|holding| holding.kind == *kind && holding.paths.is_empty())
    });
    let rows: Vec<([String; 3], String)> = missing.map(|&(kind, stage)| row(program, flow, kind, stage)).collect();
    if rows.is_empty() {
        text.push_str(match flow {
            Some(_) => "\nnothing that the flow needs is missing\n",
            None => "\nwhat is missing cannot be said: the flow is not known\n",
        });
    } else {
        text.push_str("\nmissing:\n");
        text.push_str(&table(&rows, terminal));
    }
    let problems = check::problems(&snapshot, &program.schema);
    if !problems.is_empty() {
        text.push_str("\nproblems:\n");
        text.push_str(&super::problems(&problems, Some(&snapshot)));
    }
    terminal.print(&text)?;
    Ok(0)
}

/// A kind that is missing, when it is needed, and which rules wait for it.
fn row(
    program: &Program,
    flow: Option<&crate::compile::program::Flow>,
    kind: KindId,
    stage: Stage,
) -> ([String; 3], String) {
    let in_flow = |rule: &&crate::compile::program::Rule| {
        flow.is_some_and(|flow| rule.packs.iter().any(|pack| flow.packs.contains(pack))) && rule.reads.contains(&kind)
    };
    let rules: Vec<&str> = program.rules.iter().filter(in_flow).map(|rule| rule.id.as_str()).collect();
    let mut waiting = rules.iter().take(RULES_NAMED).copied().collect::<Vec<_>>().join(", ");
    if rules.len() > RULES_NAMED {
        waiting.push_str(&format!(" and {} more", rules.len() - RULES_NAMED));
    }
    let count = match rules.len() {
        1 => "1 rule waits".to_owned(),
        many => format!("{many} rules wait"),
    };
    ([format!("  {}", program.schema.kind(kind).name), stage.as_str().to_owned(), count], waiting)
}

/// Columns, and after them a list that goes on below itself.
fn table(rows: &[([String; 3], String)], terminal: &Terminal) -> String {
    let heads = columns_of(&rows.iter().map(|(head, _)| head.clone()).collect::<Vec<_>>());
    let indent = heads.lines().map(|head| head.chars().count()).max().unwrap_or_default() + 2;
    let mut text = String::new();
    for (head, (_, list)) in heads.lines().zip(rows) {
        let list = terminal.wrap(list, indent, indent);
        text.push_str(&format!("{head:<indent$}{}", list.trim_start_matches(' ')));
    }
    text
}
