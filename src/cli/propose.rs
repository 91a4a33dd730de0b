//! `countersign propose CASE`: the exact bytes that the evidence proves are to be signed.
//!
//! In: a sealed case whose evidence is clean, and either nothing else or a proposal made elsewhere. Out: files to be
//! signed, or a proposal in `decision/` with the signature of QAR1: by keys or a signer of this machine, or in a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::config::Settings;
use super::error::CliError;
use super::keys::{self, Folder};
use super::passphrase::Source;
use super::signers;
use super::terminal::{self, Terminal};
use super::write::{self, Existing};
use super::{Outcome, clock, load, side_by_side};
use crate::bundle::{Area, Form, Limits, Snapshot};
use crate::check::{self, Options};
use crate::compile::program::Stage;
use crate::evaluate::outcome::FailOn;
use crate::gate::{self, Proposing};
use crate::keri::build::attach::IndexedSignature;
use crate::keri::cesr::STREAM_MAX;
use crate::keri::schema::Library;
use crate::keystore::{self, KeyName, Signable};
use crate::primitives::{Instant, Said};
use crate::proposal::{self, Act, Assigned, Comparison, Draft, Given, Proven, Received, Sources, StoredProposal};
use crate::rehearsal;
use crate::report::Report;
use crate::store::Store;
use crate::store::folder::{self, Seen};
use crate::trust::Trust;

/// Exit status where a proposal is not what the evidence proves.
const EXIT_DIFFERS: u8 = 1;
/// Most bytes of a file with one signature.
const SIGNATURE_BYTES_MAX: u64 = 4096;

/// Build the credential and the events that the evidence proves, or compare a proposal with them
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Build the credential, its registry event and the event of the QVI's group that seals it, from a \
        sealed case whose evidence is clean: byte for byte what the evidence proves. Dates alone are given, and \
        salts made where the credential has them. The flow of the case says whether it is an issuance or a \
        revocation.\n\nA proposal made elsewhere (`--from`) is compared with what was built, and each field that differs is named \
        with what proves the right value: KERIA's `/multisig/iss` or `/multisig/rev` message, a CESR stream, or the \
        three parts as JSON.\n\nWith `--sign`, QAR1's key signs the event. Its place in the group's log is reserved in \
        the store before: for one place a key signs one event, and the same command again gives the same bytes. Or another program signs the bytes of \
        `anchor.json`, and its signature comes back with `--signature`.",
    after_help = "Examples:\n  countersign propose cases/acme --sign\n  countersign propose cases/acme --out unsigned\n  \
        countersign propose cases/acme --from unsigned/proposal.cesr --signature qar1.cesr\n  \
        countersign propose cases/acme --from keria-request.json --compare\n  \
        countersign propose cases/acme-ends --revoke SAID --out unsigned\n\n\
        Exit status: 0 built, or the same as proposed; 1 the proposal differs; 2 the command could not run."
)]
pub(super) struct Args {
    /// Folder of the case
    #[arg(value_name = "CASE")]
    case: PathBuf,
    /// Date of the credential and of its registry event; default: the instant of the run
    #[arg(long, value_name = "INSTANT", conflicts_with = "from", value_parser = |text: &str| text.parse::<Instant>())]
    dt: Option<Instant>,
    /// Compare this proposal; repeat it for a proposal in several files
    #[arg(long, value_name = "FILE")]
    from: Vec<PathBuf>,
    /// Compare only: whatever it is, nothing is written into the case
    #[arg(long, requires = "from", conflicts_with = "signature")]
    compare: bool,
    /// QAR1's indexed signature over the anchoring event; writes the proposal into the case
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
    /// Sign the event with the keys of QAR1; writes the proposal into the case
    #[arg(long, conflicts_with_all = ["compare", "signature", "as_of", "profile", "policies", "trust"])]
    sign: bool,
    /// Name of the keys that sign; default: those of QAR1's identifier
    #[arg(long, value_name = "NAME", value_parser = keys::name, requires = "sign")]
    sign_with: Option<KeyName>,
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    passphrase: Source,
    /// Write the parts, to be signed, into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Propose this revocation, of several that the case may make: that of a role, where its entity's credential goes
    #[arg(long, value_name = "SAID", num_args = 0..=1, value_parser = |text: &str| text.parse::<Said>())]
    revoke: Option<Option<Said>>,
    /// The registry to issue in, where the QVI has several
    #[arg(long, value_name = "SAID", conflicts_with_all = ["from", "revoke"], value_parser = |text: &str| text.parse::<Said>())]
    registry: Option<Said>,
    /// CESR stream that goes on from the logs of the bundle; may be repeated
    #[arg(long, value_name = "FILE")]
    live: Vec<PathBuf>,
    /// Instant to judge the evidence for; default: now
    #[arg(long, value_name = "INSTANT", value_parser = |text: &str| text.parse::<Instant>())]
    as_of: Option<Instant>,
    /// Which documents, levels and parameters are in force; default: the settings', else `house`
    #[arg(long)]
    profile: Option<String>,
    /// Policies to use instead of the embedded ones
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// The installation's trust file; default: the settings'
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Folder of official credential schemas, each verified by its SAID
    #[arg(long, value_name = "DIR")]
    schemas: Option<PathBuf>,
    /// Folder of earlier cases, in which references are looked up
    #[arg(long, value_name = "DIR")]
    cases: Option<PathBuf>,
}

/// What a run works with.
struct Run {
    snapshot: Snapshot,
    trust: Trust,
    schemas: Option<Arc<Library>>,
    as_of: Instant,
    qar1: Assigned,
    report: Report,
}

pub(super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    if (args.sign || args.signature.is_some()) && args.case.is_dir() {
        for path in folder::finish(&args.case)? {
            terminal::print_note(&format!("an act was interrupted; `{path}` is in its place now"));
        }
    }
    let run = clean(&args, settings)?;
    let act = match &args.revoke {
        Some(credential) => Act::Revoke(credential.clone()),
        // The flow of the case says what it is about.
        None => Act::of_flow(flow(&run.snapshot)).unwrap_or(Act::Issue),
    };
    let live = args.live.iter().map(|path| load::bytes(path, STREAM_MAX as u64)).collect::<Result<Vec<_>, _>>()?;
    let live: Vec<&[u8]> = live.iter().map(Vec::as_slice).collect();
    let proven = proposal::prove(
        &act,
        &Sources {
            snapshot: &run.snapshot,
            trust: &run.trust,
            as_of: run.as_of,
            live: &live,
            schemas: run.schemas.as_deref(),
            memory: None,
        },
    )?;
    let mut received = received(&args, settings, &proven, &run)?;
    let comparison = proven.compare(&received)?;
    if !comparison.differences.is_empty() {
        terminal.print(&differing(&comparison, &args.case))?;
        return Ok(EXIT_DIFFERS);
    }
    if args.sign {
        let own = own_signature(&args, settings, &run, &proven, &received)?;
        received.sign(Some(run.qar1.aid.clone()), own);
    }
    if let Some(path) = &args.signature {
        received.sign(Some(run.qar1.aid.clone()), signature(path)?);
    }
    if let Some(folder) = &args.out {
        unsigned(folder, &args.case, &proven, &comparison.draft)?;
    }
    let text = described(&proven, &comparison.draft, &run.qar1);
    if args.compare {
        terminal.print(&format!("{text}\nThe proposal is what the evidence proves, byte for byte.\n"))?;
        return Ok(0);
    }
    if received.signatures().is_empty() {
        // Nothing was asked for but the bytes.
        let Some(folder) = &args.out else { return Err(CliError::Unsigned { qar1: run.qar1.person_id }) };
        let next = format!(
            "\nSign the bytes of `{}`, then: countersign propose {} --from {} --signature FILE\n",
            folder.join(ANCHOR).display(),
            args.case.display(),
            folder.join(STREAM).display()
        );
        terminal.print(&(text + &next))?;
        return Ok(0);
    }
    let matched = proven.accept(&comparison, &received, &run.qar1.aid)?;
    let signed = received.signatures().iter().map(|claim| &claim.signature).find(|s| s.index() == matched.qar1());
    let signed = signed.ok_or(CliError::Internal { what: "the signature of QAR1" })?;
    if settings.store.is_some() {
        // Wherever it was made: this key has signed one event for the place, and signs no other one here.
        let mut store = store(settings, &run.trust)?;
        let proposal = gate::proposal(&run.proposing(&proven, &received), matched.draft())?;
        store.propose(&proposal)?;
        store.proposed(&proposal, signed.as_str())?;
    }
    let stored = proven.record(&run.snapshot, matched.draft(), &run.qar1, signed, run.as_of)?;
    keep(&args.case, &run.snapshot, &stored)?;
    terminal.print(&format!("{text}\nwritten: {}, {}\n", stored.record_path, stored.stream_path))?;
    terminal::print_note(&format!(
        "{} signs the record with `countersign case submit {}`; its signature will lie beside it, in `{}`",
        run.qar1.person_id,
        args.case.display(),
        stored.record_path.replace(".json", ".sig.cesr")
    ));
    Ok(0)
}

fn flow(snapshot: &Snapshot) -> &str {
    snapshot.manifest(Area::Bundle).and_then(|manifest| manifest.text("flow")).unwrap_or_default()
}

/// The signature of QAR1 by keys of this machine, which are opened when everything else was looked at.
fn own_signature(
    args: &Args,
    settings: &Settings,
    run: &Run,
    proven: &Proven,
    received: &Received,
) -> Result<IndexedSignature, CliError> {
    let cleared = gate::first(&run.proposing(proven, received))?;
    let keys = match &args.sign_with {
        Some(name) => signers::named(name, &args.folder, settings)?,
        None => {
            let theirs = signers::all(&args.folder, settings)?.into_iter().find(|keys| *keys.aid() == run.qar1.aid);
            theirs.ok_or_else(|| CliError::NoKeysOf { person: run.qar1.person_id.clone() })?
        }
    };
    cleared.admits(keys.aid(), keys.key())?;
    if let Some(path) = proposed(&args.case)? {
        return Err(CliError::Proposed { path });
    }
    let mut store = store(settings, &run.trust)?;
    let proposal = cleared.proposal();
    let read =
        |text: &str| IndexedSignature::parse(text).map_err(|_| CliError::Internal { what: "the signature of QAR1" });
    let held = store.proposal(&proposal.group, proposal.sn, &proposal.signer)?;
    // What an earlier run signed is given again, and no key is opened for it.
    if let Some(kept) = held.filter(|held| held.proposal.said == proposal.said).and_then(|held| held.signature) {
        return read(&kept);
    }
    // The passphrase is asked for now; the key opens when the place is reserved.
    keys.with(&args.passphrase, |signer| {
        store.propose(proposal)?;
        reach("propose/reserved")?;
        let made = signer.sign(&Signable::Event(cleared.event()))?;
        let signature = read(&made.indexed(cleared.index()).unwrap_or_default())?;
        reach("propose/signed")?;
        store.proposed(proposal, signature.as_str())?;
        reach("propose/kept")?;
        Ok(signature)
    })
}

/// The store, which must be there: what a key signs twice is seen by nobody else.
fn store(settings: &Settings, trust: &Trust) -> Result<Store, CliError> {
    let path = settings.store.as_deref().ok_or(CliError::NoStore)?;
    Ok(Store::open(path, trust.store_initialised)?)
}

/// A place at which a test may stop the run.
fn reach(place: &str) -> Result<(), CliError> {
    rehearsal::reach(place).map_err(|source| CliError::Write { path: place.into(), source })
}

impl Run {
    fn proposing<'p>(&'p self, proven: &'p Proven, received: &'p Received) -> Proposing<'p> {
        Proposing {
            snapshot: &self.snapshot,
            trust: &self.trust,
            report: &self.report,
            proven,
            received,
            qar1: &self.qar1,
            now: self.as_of,
        }
    }
}

/// What an earlier run reserved for the place and did not bring into the case, if it is still what is proven.
fn begun(args: &Args, settings: &Settings, run: &Run, proven: &Proven) -> Result<Option<Received>, CliError> {
    if !args.sign || args.dt.is_some() || args.registry.is_some() {
        return Ok(None);
    }
    let group = proven.group();
    let held = store(settings, &run.trust)?.proposal(&group.aid, group.sn, &run.qar1.aid)?;
    let Some(held) = held else { return Ok(None) };
    let received = Received::read([held.proposal.stream.as_bytes()])?;
    let same = proven.compare(&received).is_ok_and(|comparison| comparison.differences.is_empty());
    Ok(same.then_some(received))
}

/// The case, if its evidence is clean.
fn clean(args: &Args, settings: &Settings) -> Result<Run, CliError> {
    let (rule_book, snapshot) = side_by_side(
        || load::rule_book(args.policies.as_deref(), settings),
        || Snapshot::read(&args.case, &Limits::STANDARD),
    );
    let (rule_book, snapshot) = (rule_book?, snapshot?);
    let trust = load::trust(args.trust.as_deref(), settings)?;
    if snapshot.form() != Form::Case || !args.case.is_dir() {
        return Err(CliError::NotACase { path: args.case.clone() });
    }
    let schemas = args.schemas.as_deref().or(settings.schemas.as_deref());
    let schemas = schemas.map(load::schema_library).transpose()?.map(Arc::new);
    let earlier = load::earlier_cases(args.cases.as_deref().or(settings.cases.as_deref()))?;
    let as_of = args.as_of.map_or_else(clock::now, Ok)?;
    let profile = args.profile.clone().or_else(|| settings.profile.clone());
    let options = Options {
        as_of,
        stage: Stage::Evidence,
        flows: Vec::new(),
        profile: profile.unwrap_or_else(|| check::DEFAULT_PROFILE.to_owned()),
        set: Vec::new(),
        fail_on: FailOn::Warn,
        schemas: schemas.clone(),
        memory: None,
    };
    let report = check::check(rule_book.program(), &snapshot, &trust, earlier, &options)?;
    let verdict = report.content().verdict;
    if verdict.exit_status(FailOn::Warn) != 0 {
        return Err(CliError::EvidenceNotClean { path: args.case.clone(), verdict: verdict.as_str(), as_of });
    }
    let qar1 = Assigned::find(&snapshot, "QAR1", as_of);
    let qar1 = qar1.ok_or_else(|| CliError::NoQar1 { path: args.case.clone(), as_of })?;
    Ok(Run { snapshot, trust, schemas, as_of, qar1, report })
}

/// The proposal of the files, or our own without a signature.
fn received(args: &Args, settings: &Settings, proven: &Proven, run: &Run) -> Result<Received, CliError> {
    if args.from.is_empty() {
        if let Some(begun) = begun(args, settings, run, proven)? {
            return Ok(begun);
        }
        let mut given = Given { registry: args.registry.clone(), ..Given::at(args.dt.unwrap_or(run.as_of)) };
        if proven.needs_salts() {
            (given.nonce, given.attributes_nonce) = (Some(keystore::salt()?), Some(keystore::salt()?));
        }
        let stream = proven.draft(&given)?.stream(proven.group().sn, None);
        return Ok(Received::read([stream.as_slice()])?);
    }
    let files = args.from.iter().map(|path| load::bytes(path, STREAM_MAX as u64)).collect::<Result<Vec<_>, _>>()?;
    Ok(Received::read(files.iter().map(Vec::as_slice))?)
}

fn signature(path: &Path) -> Result<IndexedSignature, CliError> {
    let text = load::text(path, SIGNATURE_BYTES_MAX)?;
    IndexedSignature::parse(&text).map_err(|source| CliError::Signature { path: path.to_owned(), source })
}

const CREDENTIAL: &str = "credential.json";
const EVENT: &str = "registry-event.json";
const ANCHOR: &str = "anchor.json";
const STREAM: &str = "proposal.cesr";

/// The parts as files: each is the exact bytes that its digest is made over.
fn unsigned(folder: &Path, case: &Path, proven: &Proven, draft: &Draft) -> Result<(), CliError> {
    fs::create_dir_all(folder).map_err(|source| CliError::Write { path: folder.to_owned(), source })?;
    if let (Ok(folder), Ok(case)) = (folder.canonicalize(), case.canonicalize())
        && folder.starts_with(&case)
    {
        return Err(CliError::OutputInCase { path: folder });
    }
    let stream = draft.stream(proven.group().sn, None);
    let files: [(&str, &[u8]); 4] = [
        (CREDENTIAL, draft.credential.text.as_bytes()),
        (EVENT, draft.event.text.as_bytes()),
        (ANCHOR, draft.anchor.text.as_bytes()),
        (STREAM, &stream),
    ];
    files.iter().try_for_each(|(name, bytes)| write::atomically(&folder.join(name), bytes, Existing::Replace))
}

/// Puts the proposal into the case, record and stream or neither.
fn keep(case: &Path, snapshot: &Snapshot, stored: &StoredProposal) -> Result<(), CliError> {
    if let Some(path) = proposed(case)? {
        return Err(CliError::Proposed { path });
    }
    let seen = Seen::of(snapshot.iter().filter_map(|(_, file)| Some((file.path.clone(), file.sha256()?))));
    let files =
        [(stored.stream_path.clone(), stored.stream.clone()), (stored.record_path.clone(), stored.record.clone())];
    Ok(folder::add(case, &seen, &files)?)
}

/// A proposal that the case has already.
fn proposed(case: &Path) -> Result<Option<PathBuf>, CliError> {
    let decision = case.join("decision");
    let taken = fs::read_dir(&decision).map_err(|source| CliError::Unreadable { path: decision.clone(), source })?;
    for entry in taken {
        let entry = entry.map_err(|source| CliError::Unreadable { path: decision.clone(), source })?;
        if entry.file_name().to_string_lossy().ends_with("-proposal.json") {
            return Ok(Some(entry.path()));
        }
    }
    Ok(None)
}

fn described(proven: &Proven, draft: &Draft, qar1: &Assigned) -> String {
    let group = proven.group();
    let what = match proven.act() {
        Act::Issue => "issuance",
        Act::Revoke(_) => "revocation",
    };
    let index = proven.member_index(&qar1.aid).map_or_else(|| "none".to_owned(), |index| index.to_string());
    let needed = group.threshold.min_signers().map_or_else(|| "all".to_owned(), |count| count.to_string());
    let rows = [
        [what.to_owned(), draft.credential.said.to_string()],
        ["registry event".to_owned(), draft.event.said.to_string()],
        ["anchoring event".to_owned(), draft.anchor.said.to_string()],
        ["group".to_owned(), group.aid.to_string()],
        ["number".to_owned(), group.sn.to_string()],
        ["prior event".to_owned(), group.prior.to_string()],
        ["signatures".to_owned(), format!("at least {needed} of {}", group.keys.len())],
        ["QAR1".to_owned(), format!("{}, key at index {index}", qar1.person_id)],
    ];
    terminal::columns_of(&rows)
}

fn differing(comparison: &Comparison, case: &Path) -> String {
    let reasons = comparison.differences.iter().filter(|difference| !difference.follows);
    let mut text = String::from("The proposal is not what the evidence proves:\n");
    reasons.for_each(|difference| text.push_str(&format!("  {difference}\n")));
    let follow = comparison.differences.iter().filter(|difference| difference.follows).count();
    if follow > 0 {
        text.push_str(&format!("  and {follow} fields that follow from these\n"));
    }
    let case = case.display();
    text.push_str(&format!("Do not sign it. `countersign propose {case} --out DIR` builds what is proven.\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_a_signature_is_bounded() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("signature");
        let read = |bytes: u64| {
            std::fs::write(&path, " ".repeat(bytes as usize)).unwrap();
            signature(&path).unwrap_err()
        };
        assert!(matches!(read(SIGNATURE_BYTES_MAX), CliError::Signature { .. }));
        assert!(matches!(read(SIGNATURE_BYTES_MAX + 1), CliError::TooLarge { limit: SIGNATURE_BYTES_MAX, .. }));
    }
}
