//! One run after the other: read, look, judge, write, tell.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::config::Settings;
use super::super::error::CliError;
use super::super::terminal::{Terminal, print_error};
use super::super::{Outcome, clock, load};
use super::deliver::{self, Receiver};
use super::looks::{self, Source};
use super::show::{self, Told};
use super::stop::Stop;
use super::{Format, Watch, files, lei_logs, log, root};
use crate::bundle::{Area, Limits, Snapshot};
use crate::check::{self, Options};
use crate::compile::program::{ParameterValue, Program, Stage};
use crate::evaluate::outcome::{EXIT_ERROR, FailOn};
use crate::gleif;
use crate::monitor::MonitorError;
use crate::monitor::cases::{Cases, WATCH_FLOW};
use crate::monitor::evidence;
use crate::monitor::finding::{Class, Finding};
use crate::monitor::journal::{Event, Journal};
use crate::monitor::judge::{self, Judgement, Times, World};
use crate::monitor::lei_log::{Keeper, LeiLogs, looks_of};
use crate::monitor::look::{self, Look};
use crate::monitor::registry::{self, Stream};
use crate::primitives::{Instant, Sha256};
use crate::trust::Trust;

/// Exit status where something cannot be told.
const EXIT_UNKNOWN: u8 = 3;

/// What stays the same from run to run.
struct Around<'a> {
    root: PathBuf,
    watch: &'a Watch,
    program: &'a Program,
    profile: String,
    times: Times,
    trust: Trust,
    source: Source,
    keeper: Keeper,
    receiver: Option<Receiver>,
    stop: Stop,
    terminal: &'a Terminal,
}

pub(super) fn run(watch: Watch, settings: &Settings, terminal: &Terminal) -> Outcome {
    let root = root(&watch)?;
    if !root.join("cases").is_dir() && !root.join("registries").is_dir() {
        return Err(MonitorError::NoRoot { path: root }.into());
    }
    let rule_book = load::rule_book(watch.policies.as_deref(), settings)?;
    let profile = watch.profile.clone().or_else(|| settings.profile.clone());
    let profile = profile.unwrap_or_else(|| check::DEFAULT_PROFILE.to_owned());
    let by = watch.by.clone().or_else(|| settings.person.clone());
    let around = Around {
        times: times(rule_book.program(), &profile, &watch.set)?,
        program: rule_book.program(),
        profile,
        trust: load::trust(watch.trust.as_deref(), settings)?,
        source: source(&root, &watch, settings)?,
        keeper: Keeper { performed_by: by.unwrap_or_else(|| "AUTOMATION".to_owned()), case: watch.case.clone() },
        receiver: Receiver::of(&watch)?,
        stop: Stop::listen()?,
        watch: &watch,
        terminal,
        root,
    };
    match watch.every {
        None => once(&around),
        Some(every) => again(&around, every),
    }
}

/// Runs until it is asked to end. A run that could not be made is told, and the next one is made all the same.
fn again(around: &Around<'_>, every: Duration) -> Outcome {
    // A hundredth early: what a run takes longer than the last one makes no gap.
    let pause = every - every / 100;
    let mut last = Err(CliError::Stopped);
    while !around.stop.asked() {
        let begun = std::time::Instant::now();
        match once(around) {
            Err(CliError::Stopped) => return last,
            outcome => last = outcome,
        }
        if let Err(error) = &last {
            print_error(error);
            last = Ok(EXIT_ERROR);
        }
        around.stop.sleep(pause.saturating_sub(begun.elapsed()));
    }
    last
}

fn once(around: &Around<'_>) -> Outcome {
    let now = clock::now()?;
    let mut journal = Journal::hold(&log(&around.root), around.trust.qvi_aid.as_str(), now)?;
    let logs = LeiLogs::at(&lei_logs(&around.root))?;
    logs.adopt(&mut journal, now)?;

    let streams = files::streams(&around.root, &around.watch.tel, now)?;
    let (cases, texts, unreadable) = cases(&around.root)?;
    let registries = registry::read(&streams, texts, &around.trust.qvi_aid);
    if !registries.has_qvi_log {
        let qvi = around.trust.qvi_aid.to_string();
        return Err(MonitorError::NoQviLog { qvi, streams: streams.len() }.into());
    }
    let leis = judge::leis(&registries, &around.trust.qvi_aid);
    let found = looks::take(&around.source, &leis, &logs, now, &around.stop)?;
    // Looking may take long; what is judged is judged for the moment after it.
    let now = clock::now()?.max(now);
    let earlier = earlier_looks(&logs, &journal, &cases)?;
    // A file that is read again is no new look.
    let known: BTreeSet<(&str, Instant, Sha256)> = earlier.looks.iter().map(key).collect();
    let fresh: Vec<Look> = found.into_iter().filter(|look| !known.contains(&key(look))).collect();
    logs.write(&mut journal, &around.keeper, earlier.before, &fresh, now)?;

    let looks = earlier.looks.into_iter().chain(fresh);
    let looks = look::histories(looks, around.times.copy_max_age, around.times.skew);
    let first_seen: BTreeMap<String, Instant> =
        journal.state().open.iter().map(|(id, open)| (id.clone(), open.first_seen)).collect();
    let world = World {
        registries: &registries,
        cases: &cases,
        looks: &looks,
        times: &around.times,
        qvi: &around.trust.qvi_aid,
        as_of: now,
        first_seen: &first_seen,
    };
    let mut judgement = judge::judge(&world);
    let by_rules = by_rules(around, &world, &streams, &logs, &journal, &judgement.findings)?;
    judgement.findings.extend(by_rules);
    judgement.findings.extend(unreadable);
    judgement.findings.sort_by(|a, b| (a.class, a.kind, &a.id).cmp(&(b.class, b.kind, &b.id)));
    judgement.findings.dedup_by(|a, b| a.id == b.id);

    let blocking = judgement.findings.iter().filter(|finding| finding.class == Class::Block).count();
    let ran = Event::Ran {
        open: judgement.findings.len() as u64,
        blocking: blocking as u64,
        policy: around.program.digest,
        trust: around.trust.digest,
    };
    if let Some(receiver) = &around.receiver {
        journal.join(now, receiver.id())?;
    }
    let news = journal.record(now, &judgement.findings, ran)?;
    let told = Told {
        root: around.root.display().to_string(),
        as_of: now,
        news: &news,
        judgement: &judgement,
        log: journal.state(),
        leis: leis.len(),
        cases: cases.count,
    };
    let format = around.watch.format.unwrap_or(match std::io::stdout().is_terminal() {
        true => Format::Human,
        false => Format::Ndjson,
    });
    around.terminal.print(&match format {
        Format::Human => show::human(&told, around.terminal),
        Format::Ndjson => show::ndjson(&told),
    })?;
    if let Some(receiver) = &around.receiver {
        let delivered = deliver::deliver(receiver, &mut journal, now, &around.stop);
        around.terminal.print(&match format {
            Format::Human => show::delivered(delivered.as_ref().ok()),
            Format::Ndjson => show::delivered_line(&delivered),
        })?;
        delivered?;
    }
    Ok(status(&judgement, around.watch.fail_on))
}

fn key(look: &Look) -> (&str, Instant, Sha256) {
    (&look.lei, look.checked_at, look.body_sha256)
}

fn status(judgement: &Judgement, fail_on: FailOn) -> u8 {
    let met: BTreeSet<Class> = judgement.findings.iter().map(|finding| finding.class).collect();
    let fails = met.contains(&Class::Block) || fail_on == FailOn::Warn && met.contains(&Class::Warn);
    match (fails, met.contains(&Class::Unknown)) {
        (true, _) => 1,
        (false, true) => EXIT_UNKNOWN,
        (false, false) => 0,
    }
}

/// Where LEIs are looked at.
fn source(root: &Path, watch: &Watch, settings: &Settings) -> Result<Source, CliError> {
    if let Some(path) = &watch.golden_copy {
        return Ok(Source::GoldenCopy(path.clone()));
    }
    let saved = root.join("lei");
    if watch.base_url.is_none() && saved.is_dir() {
        return Ok(Source::Saved(files::files(&saved, &["json", "csv"])?));
    }
    let base_url = watch.base_url.as_deref().or(settings.gleif_url.as_deref()).unwrap_or(gleif::BASE_URL);
    Ok(Source::Api { base_url: base_url.to_owned(), per_minute: watch.per_minute })
}

/// The times of the rule book.
fn times(program: &Program, profile: &str, set: &[(String, String)]) -> Result<Times, CliError> {
    let values = check::parameters(program, profile, set)?;
    let missing = |name: &str| CliError::NoParameter { name: name.to_owned() };
    let duration = |name: &str| match values.get(name) {
        Some(ParameterValue::Duration(duration)) => Ok(*duration),
        Some(_) | None => Err(missing(name)),
    };
    let days = |name: &str| match values.get(name) {
        Some(ParameterValue::Days(days)) => Ok(*days),
        Some(_) | None => Err(missing(name)),
    };
    Ok(Times {
        lei_breach: duration("lei_breach_revocation_time")?,
        role_revocation: duration("role_revocation_time")?,
        grace_days: days("default_grace")?,
        max_gap: duration("monitoring_max_gap")?,
        copy_max_age: duration("golden_copy_max_age")?,
        skew: duration("skew")?,
        renewal_days: days("renewal_warning_lead")?,
    })
}

/// What all cases say, the texts of their credentials, and the cases that cannot be read.
fn cases(root: &Path) -> Result<(Cases, Vec<registry::CredentialText>, Vec<Finding>), CliError> {
    let mut all = Cases::default();
    let mut texts: BTreeMap<String, registry::CredentialText> = BTreeMap::new();
    let mut unreadable = Vec::new();
    for read in files::cases(root)? {
        match read {
            Ok(case) => texts.extend(all.take(case).into_iter().map(|text| (text.said.clone(), text))),
            Err((path, reason)) => {
                let path = path.strip_prefix(root).unwrap_or(&path).display().to_string();
                unreadable.push(Finding::unreadable_case(&path, &reason));
            }
        }
    }
    Ok((all, texts.into_values().collect(), unreadable))
}

/// Looks of logs that are there already.
struct Earlier {
    looks: Vec<Look>,
    /// The log before the first of the watch's own: the newest of the sealed case.
    before: Option<Sha256>,
}

fn earlier_looks(logs: &LeiLogs, journal: &Journal, cases: &Cases) -> Result<Earlier, CliError> {
    let mut looks = Vec::new();
    let sealed = cases.watch.iter().flat_map(|case| &case.lei_logs);
    let own: BTreeSet<Sha256> = journal.state().lei_logs.iter().map(|(_, _, digest)| *digest).collect();
    let newest = sealed.clone().max_by_key(|log| log.end).map(|log| log.digest);
    for log in sealed.filter(|log| !own.contains(&log.digest)) {
        looks.extend(looks_of(&log.bytes));
    }
    logs.each(&journal.state().lei_logs, &mut |_, _, found| looks.extend(found))?;
    Ok(Earlier { looks, before: newest })
}

/// What the rules on the watch say of the evidence of the day.
fn by_rules(
    around: &Around<'_>,
    world: &World<'_>,
    streams: &[Stream],
    logs: &LeiLogs,
    journal: &Journal,
    clocks: &[Finding],
) -> Result<Vec<Finding>, CliError> {
    let World { cases, registries, as_of: now, .. } = *world;
    let Some(watch) = &cases.watch else {
        return Ok(vec![evidence::not_judged(&format!("no case of flow `{WATCH_FLOW}` is among the cases"))]);
    };
    let count = registries.in_streams + watch.texts;
    if count > evidence::CREDENTIALS_MAX {
        let limit = evidence::CREDENTIALS_MAX;
        let reason = format!("streams and sealed case hold {count} credentials, and rules judge {limit} at once");
        return Ok(vec![evidence::not_judged(&reason)]);
    }
    let base = Snapshot::read(&watch.path, &Limits::STANDARD)?;
    let mut own = Vec::new();
    logs.each(&journal.state().lei_logs, &mut |name, bytes, _| own.push((name.to_owned(), bytes.to_vec())))?;
    let sources = evidence::Sources {
        case: base.manifest(Area::Bundle).and_then(|manifest| manifest.text("bundle_id")).unwrap_or_default(),
        base: &base,
        streams,
        registries,
        logs: &own,
        keeper: &around.keeper,
        as_of: now,
    };
    let Some(draft) = evidence::draft(&sources) else {
        let reason = format!("the manifest of `{}` cannot be read", watch.path.display());
        return Ok(vec![evidence::not_judged(&reason)]);
    };
    let options = Options {
        as_of: now,
        stage: Stage::Evidence,
        flows: Vec::new(),
        profile: around.profile.clone(),
        set: around.watch.set.clone(),
        fail_on: around.watch.fail_on,
        schemas: None,
        memory: None,
    };
    let report = check::check(around.program, &draft, &around.trust, None, &options)?;
    Ok(evidence::findings(around.program, report.content(), clocks, cases))
}
