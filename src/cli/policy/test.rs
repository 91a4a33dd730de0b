//! `countersign policy test`.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::super::config::Settings;
use super::super::terminal::Terminal;
use super::super::{Outcome, load};
use crate::check;
use crate::check::cases::{self, Outcomes};
use crate::check::equivalents::{self, Settled, Survivor};
use crate::compile;
use crate::compile::program::Program;

/// Run the cases beside the policies
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Run the cases beside the policies (`*.cases.yaml`): each is a fixture, changed in memory, and what \
        the rules must say of it. A rule that no case shows passing, failing and indeterminate fails the run, and so \
        do no cases at all.",
    after_help = "Example:\n  countersign policy test policies --coverage\n  \
        countersign policy test policies --filter LE-6.3.1.b.2\n\n\
        Exit status: 0 all as expected, 1 not, 2 the cases could not be read."
)]
pub(in super::super) struct Args {
    /// Folder of policies; default: the settings', else `policies`
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Folder with `cases/` and `trust.json`; default: `fixtures` beside the policies
    #[arg(long, value_name = "DIR")]
    fixtures: Option<PathBuf>,
    /// Only cases with this text in their name, or about this rule or scenario; of a rule, also what its cases lack
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Also list conditions that no case made true, or false
    #[arg(long)]
    coverage: bool,
    /// Also change each operator and constant once; a change that no case notices needs a case, or a proof in
    /// `equivalent-mutants.yaml`
    #[arg(long)]
    mutants: bool,
}

pub(in super::super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    let folder = super::folder(args.folder, settings);
    let loaded = load::folder(&folder)?;
    let fixtures = args.fixtures.unwrap_or_else(|| folder.join("..").join("fixtures"));
    let fixture = |name: &str| load::fixture(&fixtures, name).map_err(|error| error.to_string());
    let (program, set, filter) = (&loaded.program, &loaded.set, args.filter.as_deref());
    let again = || compile::compile(set, load::fact_schema().clone()).ok();
    let mutated = args.mutants.then(|| check::mutants::run(program, &again, &set.cases, filter, &fixture)).flatten();
    let (outcomes, mutation) = match mutated {
        Some((outcomes, mutation)) => (outcomes, Some(mutation)),
        None => (cases::run(program, &set.cases, filter, &fixture), None),
    };
    let settled = mutation.map(|mutation| equivalents::settle(program, set, &mutation));
    let mut text = failures(&outcomes);
    if args.coverage {
        text.push_str(&coverage(&loaded.program, &outcomes, args.filter.as_deref()));
    }
    if let Some(settled) = &settled {
        text.push_str(&mutants(settled));
    }
    text.push_str(&totals(&outcomes, args.filter.as_deref()));
    terminal.print(&text)?;
    // Cases that a filter leaves out may notice what the others do not.
    let unsettled = |settled: &Settled| !settled.wrong.is_empty() || filter.is_none() && !settled.surviving.is_empty();
    Ok(u8::from(!outcomes.all_good() || settled.as_ref().is_some_and(unsettled)))
}

fn failures(outcomes: &Outcomes) -> String {
    let mut text = String::new();
    for result in outcomes.results.iter().filter(|result| !result.problems.is_empty()) {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{}:{}: {}", result.file, result.line, result.name);
        for problem in &result.problems {
            let _ = writeln!(text, "  {problem}");
        }
    }
    for (rule, missing) in &outcomes.incomplete {
        let _ = writeln!(text, "{rule} has no case that shows it {}", missing.join(", "));
    }
    text
}

/// Conditions that are not covered; if the cases of one rule were run, those of that rule.
fn coverage(program: &Program, outcomes: &Outcomes, filter: Option<&str>) -> String {
    let (mut uncovered, all) = outcomes.coverage.uncovered(program);
    let rule = program.rules.iter().find(|rule| Some(rule.id.as_str()) == filter);
    if let Some(rule) = rule {
        // It ends where the next one of its document begins.
        let begins = program.rules.iter().filter(|other| other.document == rule.document);
        let end = begins.map(|other| other.span.start).filter(|start| *start > rule.span.start).min();
        let inside = rule.span.start..end.unwrap_or(u32::MAX);
        uncovered.retain(|condition| condition.document == rule.document && inside.contains(&condition.span.start));
    }
    let mut text = String::new();
    for condition in &uncovered {
        let document = &program.documents[condition.document.0 as usize];
        let (line, column) = crate::source::line_column(document.text.as_bytes(), condition.span.start as usize);
        let source = document.text.get(condition.span.start as usize..condition.span.end as usize).unwrap_or_default();
        let source = source.split_whitespace().collect::<Vec<_>>().join(" ");
        let never = match (condition.never_true, condition.never_false) {
            (true, true) => "never true and never false",
            (true, false) => "never true",
            (false, _) => "never false",
        };
        let _ = writeln!(text, "{}:{line}:{column}: {never}: {source}", document.path);
    }
    let _ = match rule {
        Some(rule) => {
            let (count, id) = (uncovered.len(), &rule.id);
            let conditions = if count == 1 { "condition of" } else { "conditions of" };
            let were = if count == 1 { "was" } else { "were" };
            writeln!(text, "coverage: {count} {conditions} {id} {were} not both true and false")
        }
        None => {
            let covered = all - uncovered.len();
            writeln!(text, "coverage: {covered} of {all} conditions were both true and false")
        }
    };
    text
}

fn mutants(settled: &Settled) -> String {
    let mut text = String::new();
    for wrong in &settled.wrong {
        let _ = writeln!(text, "{}:{}: {}", wrong.file, wrong.line, wrong.problem);
    }
    for mutant in &settled.surviving {
        let Survivor { file, line, column, within, change, of } = mutant;
        let _ = writeln!(text, "{file}:{line}:{column}: {within}: no case notices {change}: {of}");
    }
    let Settled { noticed, equivalent, surviving, .. } = settled;
    let (surviving, all) = (surviving.len(), noticed + equivalent + surviving.len());
    let _ = writeln!(
        text,
        "mutants: of {all}, {noticed} are noticed, {equivalent} are proven equivalent, {surviving} are neither"
    );
    text
}

fn totals(outcomes: &Outcomes, filter: Option<&str>) -> String {
    let all = outcomes.results.len();
    if all == 0 {
        return match filter {
            Some(filter) => format!("0 cases: none is about `{filter}`\n"),
            None => "0 cases: a policy without cases is not tested\n".to_owned(),
        };
    }
    let failed = outcomes.results.iter().filter(|result| !result.problems.is_empty()).count();
    let incomplete = match outcomes.incomplete.len() {
        0 => String::new(),
        1 => ", 1 rule lacks cases".to_owned(),
        many => format!(", {many} rules lack cases"),
    };
    format!("{all} cases, {} as expected, {failed} not{incomplete}\n", all - failed)
}
