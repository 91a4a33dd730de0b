//! `countersign fixtures generate`.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::Outcome;
use super::error::CliError;
use super::terminal::Terminal;
use crate::check::on_all_cores;
use crate::year::{CASES_MAX, Made, Order, Worker, Year, YearFile};

/// Make cases to practise and to measure with
#[derive(Debug, clap::Subcommand)]
#[command(
    after_help = "Example:\n  countersign fixtures generate --cases 1000 --violations 0.05 --seed 1 --output year"
)]
pub(super) enum Command {
    /// Write a year of sealed and closed cases, one tar a case
    Generate(Args),
}

/// Write a year of sealed and closed cases, one tar a case
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Write a year of sealed and closed cases into a new folder: `cases/` with one tar file a case, \
        `registries/` with the logs that witnesses would show, `lei/` with what GLEIF says of each entity, \
        `trust.json`, the `ledger` of the year, `cases.ndjson` with the instant each case is judged for, and `expected.ndjson` with what is \
        wrong with which case.\n\nThe same arguments give the same bytes. Nobody in it exists: all keys follow from \
        the seed, and the trust file says that it is practice.",
    after_help = "Examples:\n  countersign fixtures generate --cases 1000 --violations 0.05 --seed 1 --output year\n  \
        countersign check year/cases/0000/LE-2026-000001.tar --trust year/trust.json --profile audit \\\n    \
        --as-of $(jq -r 'select(.case == \"LE-2026-000001\").as_of' year/cases.ndjson)"
)]
pub(super) struct Args {
    /// How many cases
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=i64::from(CASES_MAX)))]
    cases: u32,
    /// How many of them have something wrong, from 0 to 1
    #[arg(long, value_name = "FRACTION", default_value = "0", value_parser = fraction)]
    violations: u32,
    /// What keys, names and what is wrong follow from
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// The year in which the credentials are signed
    #[arg(long, value_name = "YEAR", default_value_t = 2026, value_parser = clap::value_parser!(i16).range(2000..=2100))]
    year: i16,
    /// The folder to make
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
}

pub(super) fn run(command: &Command, terminal: &Terminal) -> Outcome {
    match command {
        Command::Generate(args) => generate(args, terminal),
    }
}

fn generate(args: &Args, terminal: &Terminal) -> Outcome {
    if fs::symlink_metadata(&args.output).is_ok() {
        return Err(CliError::Exists { path: args.output.clone() });
    }
    let order = Order { cases: args.cases, wrong_ppm: args.violations, seed: args.seed, year: args.year };
    let year = Year::new(order)?;
    let made = made(&year, &args.output)?;
    let trust = year.trust(&made)?;
    let mut ledger = year.ledger(&made, &trust)?;
    let mut file = Lines::new(&args.output, "ledger")?;
    ledger.try_for_each(|line| file.write(&line))?;
    file.finish()?;
    put(&args.output, &YearFile { path: "trust.json".to_owned(), bytes: trust })?;
    let wrong: usize = made.iter().map(Made::wrong).sum();
    terminal.print(&format!(
        "{}: {} cases of {} QVIs, {wrong} of them with something wrong\n",
        args.output.display(),
        args.cases,
        made.len()
    ))?;
    Ok(0)
}

/// QVIs whose lines are in memory before they are in a file.
const QVIS: usize = 64;

/// Makes one QVI after the other on each core, and writes what is said of the cases; gives what is needed of all QVIs
/// together, in order. After a failure no other is begun.
fn made(year: &Year, output: &Path) -> Result<Vec<Made>, CliError> {
    let qvis: Vec<u32> = (1..=year.qvis()).collect();
    let failed = AtomicBool::new(false);
    let (mut cases, mut expected) = (Lines::new(output, "cases.ndjson")?, Lines::new(output, "expected.ndjson")?);
    let mut all = Vec::with_capacity(qvis.len());
    for some in qvis.chunks(QVIS) {
        let made = on_all_cores(some, |worker: &mut Option<Worker>, qvi| {
            if failed.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let worker = worker.get_or_insert_with(|| year.worker());
            let made = year.qvi(worker, *qvi, &mut |file| put(output, &file));
            made.inspect_err(|_| failed.store(true, Ordering::Relaxed)).map(Some)
        });
        for made in made.into_iter().filter_map(Result::transpose) {
            let (made, lines) = made?.without_lines();
            cases.write(&lines.cases)?;
            expected.write(&lines.expected)?;
            all.push(made);
        }
    }
    cases.finish()?;
    expected.finish()?;
    Ok(all)
}

/// A file that is written as its lines come.
struct Lines {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Lines {
    fn new(output: &Path, name: &str) -> Result<Self, CliError> {
        let path = output.join(name);
        let begun = fs::create_dir_all(output).and_then(|()| File::create(&path));
        let file = begun.map_err(|source| CliError::Write { path: path.clone(), source })?;
        Ok(Self { path, file: BufWriter::new(file) })
    }

    fn write(&mut self, lines: &str) -> Result<(), CliError> {
        let written = self.file.write_all(lines.as_bytes());
        written.map_err(|source| CliError::Write { path: self.path.clone(), source })
    }

    fn finish(mut self) -> Result<(), CliError> {
        let written = self.file.flush();
        written.map_err(|source| CliError::Write { path: self.path.clone(), source })
    }
}

/// Writes a file of the year. Nobody waits for the disk: a year that was cut short is made again.
fn put(output: &Path, file: &YearFile) -> Result<(), CliError> {
    let path = output.join(&file.path);
    let failed = |source| CliError::Write { path: path.clone(), source };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(&path, &file.bytes).map_err(failed)
}

/// A fraction as parts of a million.
fn fraction(text: &str) -> Result<u32, String> {
    let refused = || format!("`{text}` is no fraction between 0 and 1");
    let fraction: f64 = text.parse().map_err(|_| refused())?;
    if (0.0..=1.0).contains(&fraction) { Ok((fraction * 1e6).round() as u32) } else { Err(refused()) }
}
