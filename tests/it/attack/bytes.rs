//! One byte of the reference case is another: the verdict is not clean, and the first finding names the file.
//!
//! Then by somebody who lists the file again, so that digests hold, and signs the manifest: with a key that is not
//! the roster's, or with the roster's own, which signs for nobody else.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign::bundle::{Limits, Snapshot};
use countersign::compile::program::Stage;
use countersign::evaluate::outcome::Verdict;
use countersign::keri::remake::{Remake, World};
use countersign::primitives::Sha256;
use countersign::report::ReportDocument;
use serde_json::{Value, json};

use super::{Dice, Files, MANIFEST, Target, flip};

/// An attack: what it is, the case, the stage at which it must be noticed, and the files of which the first
/// finding names one.
struct Attack {
    name: String,
    files: Files,
    stage: Stage,
    named: Vec<String>,
}

/// Judges all attacks, on every core; gives those that are not noticed as they should be.
fn unnoticed(target: &Target, count: usize, attack: impl Fn(usize) -> Option<Attack> + Sync) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found = Vec::new();
        loop {
            let round = next.fetch_add(1, Ordering::Relaxed);
            if round >= count {
                return found;
            }
            let Some(attack) = attack(round) else { continue };
            let snapshot = Snapshot::from_files(attack.files, &Limits::STANDARD);
            let document = target.judge(&snapshot, attack.stage);
            if matches!(document.verdict, Verdict::Clean | Verdict::CleanWithWaivers) {
                found.push(format!("clean: {}", attack.name));
            } else if !attack.named.iter().any(|path| first_names(&document, path)) {
                found.push(format!("the first finding names another file: {}\n  {}", attack.name, first(&document)));
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// The first finding; the worst stand first.
fn first(document: &ReportDocument) -> String {
    document
        .results
        .first()
        .map(|result| format!("{}: {}", result.rule, json!(result.findings.first())))
        .unwrap_or_default()
}

/// Whether it names the file, or the record that the signatures in it are for, or the other way round.
fn first_names(document: &ReportDocument, path: &str) -> bool {
    let stem = path.trim_end_matches(".sig.cesr").trim_end_matches(".json");
    let first = first(document);
    [path, &format!("{stem}.json"), &format!("{stem}.sig.cesr")].iter().any(|name| first.contains(name))
}

const STAGES: [Stage; 4] = [Stage::Evidence, Stage::Proposal, Stage::Approval, Stage::Closing];

#[test]
fn no_byte_of_the_case_can_change_unnoticed() {
    let target = Target::new();
    let files = target.snapshot.to_files();
    let paths: Vec<&String> = files.keys().collect();
    // Files take turns, so that small ones are hit as often as large ones.
    let mut dice = Dice(3);
    let flips: Vec<(&String, u64)> =
        (0..2_000).map(|round| (paths[round % paths.len()], dice.below(1 << 30) as u64)).collect();
    let found = unnoticed(&target, flips.len(), |round| {
        let (path, seed) = flips[round];
        let mut files = files.clone();
        let at = flip(&mut files, path, &mut Dice(seed));
        // What was sealed after the signing is read at the last stage only.
        let stage = match path.starts_with("post/") {
            true => Stage::Closing,
            false => STAGES[(seed % 4) as usize],
        };
        Some(Attack { name: format!("byte {at} of {path}, {stage:?}"), files, stage, named: vec![path.clone()] })
    });
    assert!(found.is_empty(), "{} of 2000:\n{}", found.len(), found.join("\n"));
}

/// The evidence before it was submitted: case records that name the bundle by its digest are not there yet.
fn before_submission(target: &Target) -> Files {
    let mut files = target.snapshot.to_files();
    files.retain(|path, _| {
        path.starts_with("bundle/") || path.starts_with("decision/01") || path.starts_with("decision/02")
    });
    let snapshot = Snapshot::from_files(files.clone(), &Limits::STANDARD);
    assert_eq!(target.judge(&snapshot, Stage::Evidence).verdict, Verdict::Clean);
    files
}

/// Lists a changed file again, as whoever can write the manifest can.
fn list_again(files: &mut Files, path: &str) {
    let inner = path.strip_prefix("bundle/").unwrap();
    let mut manifest: Value = serde_json::from_slice(&files[MANIFEST]).unwrap();
    let entries = manifest["entries"].as_array_mut().unwrap();
    let entry = entries.iter_mut().find(|entry| entry["path"] == inner).unwrap();
    entry["sha256"] = json!(Sha256::of(&files[path]));
    entry["size"] = json!(files[path].len());
    files.insert(MANIFEST.to_owned(), serde_json_canonicalizer::to_vec(&manifest).unwrap());
}

const MANIFEST_SIGNATURES: &str = "bundle/manifest.sig.cesr";

/// How the manifest is signed again.
#[derive(Clone, Copy)]
enum Signed {
    /// By who sealed it.
    Own,
    /// By somebody else, who says so.
    Foreign,
    /// By somebody else, in the name of who sealed it.
    Forged,
}

fn sign_again(files: &mut Files, remake: &Remake<'_>, by: Signed) {
    let message = [b"countersign/manifest/v1\n", files[MANIFEST].as_slice()].concat();
    let own = remake.sign(&files[MANIFEST_SIGNATURES], &message, None).unwrap();
    let foreign = remake.sign(&remake.unsigned("LAR-A").unwrap(), &message, None).unwrap();
    // The code of the group and the claimed key state, then the signatures.
    let claim = 4 + 44 + 24 + 44;
    let signatures = match by {
        Signed::Own => own,
        Signed::Foreign => foreign,
        Signed::Forged => [&own[..claim], &foreign[claim..]].concat(),
    };
    files.insert(MANIFEST_SIGNATURES.to_owned(), signatures);
}

/// Files whose own signatures an attacker with the roster's key cannot make: signed records, their signatures,
/// and streams.
fn targets(files: &Files) -> Vec<String> {
    let beside = |path: &str| path.replace(".json", ".sig.cesr");
    let is_target = |path: &&String| {
        path.starts_with("bundle/records/") && files.contains_key(&beside(path)) || path.starts_with("bundle/streams/")
    };
    files.keys().filter(is_target).cloned().collect()
}

/// Changes one letter or digit to another, so that most files still read as what they are.
fn change_a_letter(bytes: &mut [u8], dice: &mut Dice) -> usize {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    loop {
        let (at, letter) = (dice.below(bytes.len()), LETTERS[dice.below(LETTERS.len())]);
        if bytes[at].is_ascii_alphanumeric() && bytes[at] != letter {
            bytes[at] = letter;
            return at;
        }
    }
}

#[test]
fn no_byte_can_change_though_it_is_listed_again_and_the_manifest_signed() {
    let target = Target::new();
    let original = before_submission(&target);
    let world = World::read(&original);
    // Listed and signed again as it is, nothing is wrong with it: the attacks fail for what they change.
    let remake = Remake::new(&target.keys, &world);
    let mut same = original.clone();
    list_again(&mut same, "bundle/records/session-1.json");
    sign_again(&mut same, &remake, Signed::Own);
    assert!(same == original);

    let all: Vec<String> =
        original.keys().filter(|path| !path.contains("manifest.") && path.starts_with("bundle/")).cloned().collect();
    let aimed = targets(&original);
    let mut dice = Dice(17);
    let seeds: Vec<(usize, u64)> = (0..200).map(|_| (dice.below(1 << 20), dice.below(1 << 30) as u64)).collect();
    let found = unnoticed(&target, seeds.len(), |round| {
        let (pick, seed) = seeds[round];
        let by = [Signed::Own, Signed::Foreign, Signed::Own, Signed::Forged][round % 4];
        let pool = if matches!(by, Signed::Own) { &aimed } else { &all };
        let path = &pool[pick % pool.len()];
        let mut files = original.clone();
        let at = change_a_letter(files.get_mut(path).unwrap(), &mut Dice(seed));
        list_again(&mut files, path);
        sign_again(&mut files, &Remake::new(&target.keys, &world), by);
        let name = format!("byte {at} of {path}, listed again");
        // With a foreign key the manifest itself cannot be believed either.
        let mut named = vec![path.clone()];
        if !matches!(by, Signed::Own) {
            named.push(MANIFEST.to_owned());
        }
        Some(Attack { name, files, stage: Stage::Evidence, named })
    });
    assert!(found.is_empty(), "{} of 200:\n{}", found.len(), found.join("\n"));
}

/// The one letter of a signature's code that says nothing about its key: `B` for `A`.
#[test]
fn a_signature_by_one_key_cannot_be_written_as_that_of_a_group_member() {
    let target = Target::new();
    let files = target.snapshot.to_files();
    // The code of the group and the claimed key state, then the first signature.
    let at = 4 + 44 + 24 + 44 + 4;
    let paths: Vec<&String> = files.keys().filter(|path| path.ends_with(".sig.cesr")).collect();
    let found = unnoticed(&target, paths.len(), |round| {
        let path = paths[round];
        let mut files = files.clone();
        let bytes = files.get_mut(path).unwrap();
        assert_eq!(&bytes[at..at + 2], b"AA", "{path}");
        bytes[at] = b'B';
        Some(Attack { name: format!("code of {path}"), files, stage: Stage::Closing, named: vec![path.clone()] })
    });
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The same, one file of each kind: files that a manifest lists.
#[test]
fn a_listed_file_that_changes_is_what_the_first_finding_names() {
    let target = Target::new();
    let files = target.snapshot.to_files();
    let listed: Vec<&String> =
        files.keys().filter(|path| path.starts_with("bundle/") && !path.contains("manifest.")).collect();
    let per_kind: BTreeMap<&str, &String> =
        listed.iter().map(|path| (path.rsplit('.').next().unwrap(), *path)).collect();
    let found = unnoticed(&target, per_kind.len(), |round| {
        let path = *per_kind.values().nth(round)?;
        let mut files = files.clone();
        let at = flip(&mut files, path, &mut Dice(round as u64));
        Some(Attack { name: format!("byte {at} of {path}"), files, stage: Stage::Evidence, named: vec![path.clone()] })
    });
    assert!(found.is_empty(), "{}", found.join("\n"));
}
