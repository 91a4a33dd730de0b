//! `countersign policy schema`.

use clap::ValueEnum;

use super::super::Outcome;
use super::super::terminal::Terminal;

/// Print the JSON Schema of a file of policies, for editors
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Print the JSON Schema (2020-12) of a file of policies. Editors complete and check a file by it \
        while it is written; what expressions mean is checked by `countersign policy check`. docs/writing-a-rule.md \
        says how to set up an editor.",
    after_help = "Example:\n  countersign policy schema policy > policies/policy.schema.json\n  \
        countersign policy schema cases > policies/policy-cases.schema.json"
)]
pub(in super::super) struct Args {
    /// Which file
    #[arg(value_enum)]
    file: File,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum File {
    /// Rules of a document, and definitions.yaml
    Policy,
    /// *.cases.yaml
    Cases,
    /// flows.yaml
    Flows,
    /// profiles.yaml
    Profiles,
    /// tables/*.yaml
    Table,
    /// pending.yaml and pending-*.yaml
    Pending,
    /// external.yaml
    External,
    /// equivalent-mutants.yaml
    Equivalents,
}

/// The schema of files of rules.
pub(super) const POLICY: &str = include_str!("../../../schemas/policy.schema.json");
/// The schema of files of cases.
pub(super) const CASES: &str = include_str!("../../../schemas/policy-cases.schema.json");

pub(in super::super) fn run(args: Args, terminal: &Terminal) -> Outcome {
    terminal.print(match args.file {
        File::Policy => POLICY,
        File::Cases => CASES,
        File::Flows => include_str!("../../../schemas/policy-flows.schema.json"),
        File::Profiles => include_str!("../../../schemas/policy-profiles.schema.json"),
        File::Table => include_str!("../../../schemas/policy-table.schema.json"),
        File::Pending => include_str!("../../../schemas/policy-pending.schema.json"),
        File::External => include_str!("../../../schemas/policy-external.schema.json"),
        File::Equivalents => include_str!("../../../schemas/policy-equivalents.schema.json"),
    })?;
    Ok(0)
}
