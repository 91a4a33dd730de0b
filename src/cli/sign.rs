//! `countersign sign CASE`: QAR2's signature, if the gate says yes.
//!
//! In: a case and what was fetched for this decision. Out: the event with both signatures, the decision in its
//! envelope and the gate's report, as files; or exit status 4, every reason, and a row in the ledger. On a no nothing
//! asks for a passphrase.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::config::Settings;
use super::error::CliError;
use super::gate::{About, EXIT_REFUSED, Format, Site, print};
use super::keys::Folder;
use super::passphrase::Source;
use super::signers::{self, Keys};
use super::terminal::{self, Terminal};
use super::write::{self, Existing};
use super::{Outcome, clock, load};
use crate::case::{self, Actor, Desk, PartialSignature, Role};
use crate::check::{self, OwnLog};
use crate::gate::{Clearance, Refusal};
use crate::keri::cesr::{self, Group as Attached};
use crate::keystore::Signer;
use crate::primitives::{Aid, Sha256};
use crate::proposal::{Assigned, Countersigned, Group};
use crate::rehearsal;
use crate::sign::{self, Bench, Sealing, SignError, Signed};
use crate::store::folder::{self, Seen};
use crate::store::{State, StoreError};

/// Sign the event of a case with the key of QAR2, if the gate says yes
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Sign the event of a case with the key of QAR2, if the gate says yes: exactly the bytes that evidence \
        and live state prove. The place in the group's log is reserved before any key is opened.\n\nDIR gets \
        `event.cesr`, the event with the signatures of both QARs; `decision.dsse.json`, the signed decision; and \
        `report.json`, the report of the gate's own run. A `refusal.json` of an earlier run goes to `refused/`. Where both signatures do not meet the threshold, there is \
        `partial.cesr` instead, and `partial-signature.json` says what is missing. The case gets a record of the \
        signature. If a run was cut off, the same command goes on where it was, with the same bytes.\n\nWith \
        `--abandon` nothing is signed: the event that both QARs gave up (`countersign case abandon`) is given up here, \
        and DIR gets `abandonment.json`. If nothing was signed, another event may have its place; a place where \
        something was signed is never given to another event.\n\nOn a no nothing is opened; DIR gets `refusal.json`, \
        and the ledger a row of it.",
    after_help = "Example:\n  countersign sign cases/acme --live live.cesr --out signed\n\n\
        Exit status: 0 signed or given up, 4 the gate says no, 2 the command could not run."
)]
pub(super) struct Args {
    #[command(flatten)]
    about: About,
    /// Folder for what is given out
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Give the event up, as both QARs said; nothing is signed
    #[arg(long, conflicts_with = "anchor_decision")]
    abandon: bool,
    /// Seal the decision in QAR2's own key event log as well, which `--live` must hold
    #[arg(long)]
    anchor_decision: bool,
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    passphrase: Source,
}

pub(super) fn run(args: Args, settings: &Settings, terminal: &Terminal) -> Outcome {
    writable(&args.out, &args.about.case)?;
    let mut site = Site::load(&args.about.case, &args.about.live, settings)?;
    reach("cli/loaded")?;
    if args.abandon {
        return abandon(&mut site, &args, terminal);
    }
    let outcome = match site.decide() {
        Err(refusal) => Err(refusal),
        Ok(clearance) => {
            reach("cli/cleared")?;
            // Nobody looks at keys for a no.
            let keys = key(&clearance, signers::all(&args.folder, settings)?)?;
            match clearance.admits(keys.aid(), keys.key()) {
                // Nor types a passphrase.
                Err(refusal) => Err(refusal),
                Ok(()) => {
                    let case = &args.about.case;
                    // Asked before anything is signed, as nothing is taken back afterwards.
                    let own = args.anchor_decision.then(|| own_log(&site, &clearance, &keys)).transpose()?;
                    // The passphrase is asked for now, and used by the signature: the key opens when its place is
                    // reserved.
                    keys.with(&args.passphrase, |signer| {
                        reach("cli/passphrase")?;
                        match signed(&mut site, &clearance, signer, case, &args.out)? {
                            Ok(signed) => {
                                let record = recorded(&site, &clearance, &signed, signer, case);
                                let seal = own
                                    .as_ref()
                                    .map(|own| sealed(&mut site, &clearance, &signed, own, signer, &args.out));
                                Ok(Ok((signed, record, seal.transpose()?)))
                            }
                            Err(refusal) => Ok(Err(refusal)),
                        }
                    })?
                }
            }
        }
    };
    match outcome {
        Ok((signed, record, seal)) => {
            terminal.print(&match args.about.format {
                Format::Human => told(&signed, &args.out, &record) + seal.as_deref().unwrap_or_default(),
                Format::Json => format!("{}\n", json(&signed)),
            })?;
            Ok(0)
        }
        Err(refusal) => {
            record(&mut site, &refusal, &args.out)?;
            print(&refusal, site.unfinished(), args.about.format, terminal)?;
            Ok(EXIT_REFUSED)
        }
    }
}

/// Gives the event up.
fn abandon(site: &mut Site, args: &Args, terminal: &Terminal) -> Outcome {
    let given_up = match site.give_up() {
        Ok(given_up) => given_up,
        Err(refusal) => {
            record(site, &refusal, &args.out)?;
            print(&refusal, site.unfinished(), args.about.format, terminal)?;
            return Ok(EXIT_REFUSED);
        }
    };
    let now = site.now;
    let (Ok(store), Ok(ledger)) = (&mut site.store, &mut site.ledger) else {
        return Err(CliError::Internal { what: "an abandonment without store and ledger" });
    };
    let row = sign::abandon(&given_up, now, store, ledger)?;
    retire(&args.out)?;
    write::atomically(&args.out.join(ABANDONMENT), given_up.text().as_bytes(), Existing::Replace)?;
    terminal.print(&match args.about.format {
        Format::Human => {
            let (group, sn, said) = given_up.place();
            let place = match given_up.frees_place() {
                true => "free: nothing was signed there",
                false => "held: an event was signed there, and no other will be",
            };
            let rows = [
                ["event".to_owned(), said.to_string()],
                ["group".to_owned(), group.to_string()],
                [format!("number {sn}"), place.to_owned()],
                ["ledger row".to_owned(), row.to_string()],
            ];
            format!("given up\n{}", terminal::columns_of(&rows))
        }
        Format::Json => format!("{}\n", given_up.text()),
    })?;
    Ok(0)
}

const EVENT: &str = "event.cesr";
const PARTIAL_EVENT: &str = "partial.cesr";
const PARTIAL: &str = "partial-signature.json";
const DECISION: &str = "decision.dsse.json";
const REPORT: &str = "report.json";
const ANCHOR: &str = "decision-anchor.cesr";
const REFUSAL: &str = "refusal.json";
const ABANDONMENT: &str = "abandonment.json";
/// Refusals of earlier runs, each named by its digest, which the ledger has.
const REFUSED: &str = "refused";
/// Most bytes of a refusal.
const REFUSAL_BYTES_MAX: u64 = 64 << 20;

/// Puts the refusal of an earlier run away: it speaks of what was, and the ledger still has its digest.
fn retire(out: &Path) -> Result<(), CliError> {
    let path = out.join(REFUSAL);
    if fs::symlink_metadata(&path).is_err() {
        return Ok(());
    }
    let digest = Sha256::of(&load::bytes(&path, REFUSAL_BYTES_MAX)?);
    let folder = out.join(REFUSED);
    let failed = |source| CliError::Write { path: folder.clone(), source };
    fs::create_dir_all(&folder).map_err(failed)?;
    fs::rename(&path, folder.join(format!("{digest}.json"))).map_err(failed)
}

/// The folder for the output is there and not in the case, before anything is reserved.
fn writable(out: &Path, case: &Path) -> Result<(), CliError> {
    // Looked at before it is made: a folder in the case would change the case.
    let there = out.ancestors().map(|part| if part.as_os_str().is_empty() { Path::new(".") } else { part });
    let there = there.filter_map(|part| part.canonicalize().ok()).next();
    if let (Some(there), Ok(case)) = (there, case.canonicalize())
        && there.starts_with(&case)
    {
        return Err(CliError::OutputInCase { path: out.to_owned() });
    }
    fs::create_dir_all(out).map_err(|source| CliError::Write { path: out.to_owned(), source })
}

/// A place at which a test may stop the run.
fn reach(place: &str) -> Result<(), CliError> {
    rehearsal::reach(place).map_err(|source| CliError::Write { path: place.into(), source })
}

/// The keys that may sign; else those of QAR2 by name, else any: the gate says why they may not.
fn key(clearance: &Clearance, mut keys: Vec<Keys>) -> Result<Keys, CliError> {
    let (qar2, _) = clearance.qar2();
    keys.sort_by_key(|keys| (clearance.admits(keys.aid(), keys.key()).is_err(), keys.aid() != qar2));
    keys.into_iter().next().ok_or(CliError::EmptyKeystore)
}

fn signed(
    site: &mut Site,
    clearance: &Clearance,
    signer: &dyn Signer,
    case: &Path,
    out: &Path,
) -> Result<Result<Signed, Refusal>, CliError> {
    // Somebody may have looked for a passphrase since.
    let now = clock::now()?;
    // Somebody may have given the event up, or taken something out of the case. From here on nobody does.
    let _still = match folder::still(case, &seen(site)) {
        Ok(still) => still,
        Err(StoreError::CaseMoved { path }) => {
            let message = format!("`{}` was changed since it was looked at", path.display());
            return Ok(Err(clearance.moved(message)));
        }
        Err(error) => return Err(error.into()),
    };
    let (Ok(store), Ok(ledger)) = (&mut site.store, &mut site.ledger) else {
        // The gate says no without them.
        return Err(CliError::Internal { what: "a clearance without store and ledger" });
    };
    let mut release = |signed: &Signed| {
        retire(out).map_err(|error| io::Error::other(error.to_string()))?;
        let files = outputs(clearance.matched().group(), signed);
        files.iter().try_for_each(|(name, bytes)| {
            write::atomically(&out.join(name), bytes, Existing::Replace)
                .map_err(|error| io::Error::other(error.to_string()))
        })
    };
    let mut bench =
        Bench { signer, store, ledger, release: &mut release, reached: &mut |point| rehearsal::reach(point.as_str()) };
    match sign::sign(clearance, now, &mut bench) {
        Ok(signed) => Ok(Ok(signed)),
        Err(SignError::Refused(refusal)) => Ok(Err(*refusal)),
        Err(error) => Err(error.into()),
    }
}

/// The files of the case as they were judged.
fn seen(site: &Site) -> Seen {
    Seen::of(site.snapshot.iter().filter_map(|(_, file)| Some((file.path.clone(), file.sha256()?))))
}

/// What is given out, by name. The event last: whoever finds it finds what stands behind it.
fn outputs(group: &Group, signed: &Signed) -> Vec<(&'static str, Vec<u8>)> {
    let event = &signed.event;
    let mut files = vec![(REPORT, signed.report.as_bytes().to_vec()), (DECISION, signed.decision.as_bytes().to_vec())];
    files.extend(event_files(group, event));
    files
}

/// The event, or what there is of it with what it lacks: half an event never has the name of a whole one.
fn event_files(group: &Group, event: &Countersigned) -> Vec<(&'static str, Vec<u8>)> {
    match event.satisfied {
        true => vec![(EVENT, event.stream.clone())],
        false => vec![
            (PARTIAL, format!("{:#}\n", missing(group, event)).into_bytes()),
            (PARTIAL_EVENT, event.stream.clone()),
        ],
    }
}

/// What a partial lacks until witnesses take it.
fn missing(group: &Group, event: &Countersigned) -> serde_json::Value {
    let unsigned = event
        .unsigned
        .iter()
        .map(|index| serde_json::json!({ "index": index, "key": group.keys.get(*index as usize) }));
    serde_json::json!({
        "format": "countersign/partial-signature/v1",
        "event": event.said.to_string(),
        "group": group.aid.to_string(),
        "sn": group.sn.to_string(),
        "signed_at_indices": event.signers,
        "missing_signatures": {
            "needed_in_all": group.threshold.min_signers(),
            "unsigned": unsigned.collect::<Vec<_>>(),
        },
        "missing_receipts": { "needed": event.receipts, "witnesses": event.witnesses },
    })
}

/// QAR2's own log, if it can take a seal.
fn own_log(site: &Site, clearance: &Clearance, keys: &Keys) -> Result<OwnLog, CliError> {
    let (qar2, _) = clearance.qar2();
    let refused = |reason: String| CliError::NoOwnLog { reason };
    let own = site.own_log(qar2).map_err(refused)?;
    clearance.can_anchor(&own, keys.key())?;
    if let Ok(store) = &site.store
        && let Some(held) = store.reservation(qar2, own.sn)?
        && held.reservation.case_id != clearance.reservation().case_id
    {
        let case = &held.reservation.case_id;
        return Err(refused(format!(
            "event {} of `{qar2}` seals the decision about case `{case}`: publish it",
            own.sn
        )));
    }
    Ok(own)
}

/// Seals the decision in QAR2's own log; what is told about it.
fn sealed(
    site: &mut Site,
    clearance: &Clearance,
    signed: &Signed,
    own: &OwnLog,
    signer: &dyn Signer,
    out: &Path,
) -> Result<String, CliError> {
    let now = site.now;
    let (Ok(store), Ok(ledger)) = (&mut site.store, &mut site.ledger) else {
        return Err(CliError::Internal { what: "a clearance without store and ledger" });
    };
    let Some(anchor) = clearance.anchoring(&signed.decision, own, signer.key())? else {
        return Ok("The log of QAR2 seals the decision already.\n".to_owned());
    };
    let mut release = |stream: &[u8]| {
        write::atomically(&out.join(ANCHOR), stream, Existing::Replace)
            .map_err(|error| io::Error::other(error.to_string()))
    };
    let reached = &mut |point: sign::Point| rehearsal::reach(point.as_str());
    sign::anchor(&anchor, now, &mut Sealing { signer, store, ledger, release: &mut release, reached })?;
    Ok(format!(
        "Event {} of QAR2's own log seals the decision: {ANCHOR}. It needs {} of these receipts: {}\n",
        own.sn,
        own.receipts,
        own.witnesses.join(", ")
    ))
}

/// What is told of the record in the case. The signature is given out by now, and a case that cannot be written
/// takes nothing back of it: that is said, and the same command records it later.
fn recorded(site: &Site, clearance: &Clearance, signed: &Signed, signer: &dyn Signer, case: &Path) -> String {
    match record_in_case(site, clearance, signed, signer, case) {
        Ok(Some(path)) => path,
        Ok(None) => "recorded before".to_owned(),
        Err(error) => {
            terminal::print_error(&error);
            "not recorded; run the same command again when the case can be written".to_owned()
        }
    }
}

/// Keeps the signature in the case, as a record that QAR2 signs; its path, unless the case has it already.
fn record_in_case(
    site: &Site,
    clearance: &Clearance,
    signed: &Signed,
    signer: &dyn Signer,
    case: &Path,
) -> Result<Option<String>, CliError> {
    let known = check::known(&site.snapshot, site.now, &[]);
    let desk = Desk::open(&site.snapshot, site.schema(), &site.trust, &known, site.now)?;
    if desk.progress().has_signed(signer.aid()) {
        return Ok(None);
    }
    let internal = || CliError::Internal { what: "the signed event" };
    let messages = cesr::read(&signed.event.stream).map_err(|_| internal())?;
    let attachments = messages.first().map(|message| message.attachments.as_slice()).unwrap_or_default();
    let own = attachments.iter().find_map(|attachment| match &attachment.group {
        Attached::ControllerSignatures(items) => items.iter().find(|item| item.index == clearance.index()),
        _ => None,
    });
    let group = clearance.matched().group();
    let made = PartialSignature {
        anchor: &signed.event.said,
        index: clearance.index(),
        group: &group.aid,
        established: (group.established.0, &group.established.1),
        signature: own.ok_or_else(internal)?.text,
    };
    let person = desk.progress().qar(Role::Qar2, site.now).map(|held| held.person.clone()).ok_or_else(internal)?;
    let actor = Actor { person, aid: signer.aid().clone() };
    let act = case::record_signature(&desk, &actor, &made)?.sign(signer)?;
    folder::add(case, &seen(site), act.files())?;
    Ok(act.records().first().cloned())
}

/// Writes a refusal into the ledger, if that can still be trusted, and beside the output.
fn record(site: &mut Site, refusal: &Refusal, out: &Path) -> Result<(), CliError> {
    if let Ok(ledger) = &mut site.ledger {
        let qar2 = Assigned::find(&site.snapshot, "QAR2", site.now);
        let actor: Aid = qar2.map_or_else(|| site.trust.qvi_aid.clone(), |qar2| qar2.aid);
        if sign::record(refusal, &actor, ledger)?.is_some()
            && let Ok(store) = &mut site.store
            && !store.is_read_only()?
        {
            sign::remember(ledger, store)?;
        }
    }
    reach("cli/refusal_recorded")?;
    retire(out)?;
    write::atomically(&out.join(REFUSAL), refusal.text().as_bytes(), Existing::Replace)
}

fn told(signed: &Signed, out: &Path, record: &str) -> String {
    let event = &signed.event;
    let list = |indices: &std::collections::BTreeSet<u32>| {
        indices.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let mut text = match signed.resumed {
        Some(State::Reserved) => "signed; an earlier run had come to `reserved`, and opened no key\n".to_owned(),
        Some(state) => format!("signed; an earlier run had come to `{state}`, and the bytes are the same\n"),
        None => "signed\n".to_owned(),
    };
    let files = if event.satisfied { EVENT.to_owned() } else { format!("{PARTIAL}, {PARTIAL_EVENT}") };
    let rows = [
        ["event".to_owned(), event.said.to_string()],
        ["signatures at".to_owned(), list(&event.signers)],
        ["ledger row".to_owned(), signed.row.to_string()],
        ["written".to_owned(), format!("{}, {DECISION}, {REPORT} in {}", files, out.display())],
        ["in the case".to_owned(), record.to_owned()],
    ];
    text.push_str(&terminal::columns_of(&rows));
    text.push('\n');
    text.push_str(&match event.satisfied {
        true => format!(
            "The threshold is met. The event needs {} of these receipts: {}\n",
            event.receipts,
            event.witnesses.join(", ")
        ),
        false => format!(
            "This is a partial: the threshold is not met. Not signed yet at {}; then {} receipts of {}\n",
            list(&event.unsigned),
            event.receipts,
            event.witnesses.join(", ")
        ),
    });
    text
}

fn json(signed: &Signed) -> serde_json::Value {
    let event = &signed.event;
    serde_json::json!({
        "format": "countersign/signed/v1",
        "event": event.said.to_string(),
        "signers": event.signers,
        "satisfied": event.satisfied,
        "unsigned": event.unsigned,
        "receipts": event.receipts,
        "witnesses": event.witnesses,
        "ledger_row": signed.row,
        "resumed": signed.resumed.map(|state| state.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::threshold::Threshold;

    /// Nothing of this file is on the disk.
    #[test]
    fn a_refusal_that_is_put_away_has_so_many_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let put_away = |size: u64| {
            fs::File::create(folder.path().join(REFUSAL)).unwrap().set_len(size).unwrap();
            retire(folder.path())
        };
        put_away(REFUSAL_BYTES_MAX).unwrap();
        assert!(!folder.path().join(REFUSAL).exists());
        assert_eq!(fs::read_dir(folder.path().join(REFUSED)).unwrap().count(), 1);
        let refused = put_away(REFUSAL_BYTES_MAX + 1).unwrap_err();
        assert_eq!(miette::Diagnostic::code(&refused).unwrap().to_string(), "countersign::cli::too_large");
        assert!(folder.path().join(REFUSAL).exists(), "it stays where it is");
    }

    #[test]
    fn a_partial_says_what_is_missing_and_has_no_event_file() {
        let said = "EK8TRAMSOUZ6PpZ2xSsM2BuVSBJ91dkVtJyvEUOV0vAI";
        let group = Group {
            aid: "ECUxeizfTn669ZtV6hk8qJyk-59G8S7RCp4N_xPiQJme".parse().unwrap(),
            sn: 2,
            prior: said.parse().unwrap(),
            established: (0, said.parse().unwrap()),
            keys: ["one", "two", "three"].map(str::to_owned).to_vec(),
            threshold: Threshold::Count(3),
            witnesses: vec!["witness".to_owned()],
            witness_threshold: 1,
            by: String::new(),
        };
        let mut event = Countersigned {
            stream: b"event".to_vec(),
            said: said.parse().unwrap(),
            signers: [0, 1].into(),
            satisfied: false,
            unsigned: [2].into(),
            receipts: 1,
            witnesses: group.witnesses.clone(),
        };
        let files = event_files(&group, &event);
        assert_eq!(files.iter().map(|(name, _)| *name).collect::<Vec<_>>(), [PARTIAL, PARTIAL_EVENT]);
        let told: serde_json::Value = serde_json::from_slice(&files[0].1).unwrap();
        assert_eq!(told["missing_signatures"]["needed_in_all"], 3);
        assert_eq!(told["missing_signatures"]["unsigned"], serde_json::json!([{ "index": 2, "key": "three" }]));
        assert_eq!(told["missing_receipts"], serde_json::json!({ "needed": 1, "witnesses": ["witness"] }));
        event.satisfied = true;
        assert_eq!(event_files(&group, &event), [(EVENT, b"event".to_vec())]);
    }
}
