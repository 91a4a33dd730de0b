//! A cold start to the verdict, beside the least that it can cost.
//!
//!   cold COUNTERSIGN CASE TRUST AS_OF [ROUNDS]
//!
//! In turn, each in a process of its own: one that does nothing; the floor, which reads the bytes of the case from one
//! file, takes their SHA-256 and verifies as many signatures as the check does, one after the other; and the check.

#![allow(clippy::unwrap_used)] // a measurement stops at the first surprise

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use countersign::bundle::{Limits, Snapshot};
use countersign::check::{DEFAULT_PROFILE, Options, check};
use countersign::compile;
use countersign::compile::program::Stage;
use countersign::evaluate::outcome::FailOn;
use countersign::keri::cesr;
use countersign::keri::evidence::Evidence;
use countersign::keri::signature::Memory;
use countersign::trust::Trust;
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

/// Key and signature, before each signed message and its length.
const HEAD: usize = 32 + 64;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["nothing"] => {}
        ["floor", work] => floor(&fs::read(work).unwrap()),
        [countersign, case, trust, as_of] => measure(countersign, case, trust, as_of, 120),
        [countersign, case, trust, as_of, rounds] => measure(countersign, case, trust, as_of, rounds.parse().unwrap()),
        _ => eprintln!("cold COUNTERSIGN CASE TRUST AS_OF [ROUNDS]"),
    }
}

/// The least that a check has to do.
fn floor(work: &[u8]) {
    let (count, mut rest) = work.split_first_chunk::<8>().unwrap();
    for _ in 0..u64::from_le_bytes(*count) {
        let (head, after) = rest.split_first_chunk::<HEAD>().unwrap();
        let (length, after) = after.split_first_chunk::<8>().unwrap();
        let (message, after) = after.split_at(u64::from_le_bytes(*length) as usize);
        let key = VerifyingKey::from_bytes(head.first_chunk::<32>().unwrap()).unwrap();
        key.verify_strict(message, &Signature::from_bytes(head.last_chunk::<64>().unwrap())).unwrap();
        rest = after;
    }
    assert_ne!(Sha256::digest(rest).as_slice(), [0; 32]);
}

/// Writes what the floor works on; how many signatures that are.
fn work(case: &str, trust: &str, as_of: &str, into: &Path) -> usize {
    let snapshot = Snapshot::read(Path::new(case), &Limits::STANDARD).unwrap();
    let memory = Arc::new(Memory::new());
    let options = Options {
        as_of: as_of.parse().unwrap(),
        stage: Stage::Evidence,
        flows: Vec::new(),
        profile: DEFAULT_PROFILE.to_owned(),
        set: Vec::new(),
        fail_on: FailOn::Warn,
        schemas: None,
        memory: Some(memory.clone()),
    };
    let trust = Trust::parse(&fs::read(trust).unwrap()).unwrap();
    check(compile::shipped().unwrap(), &snapshot, &trust, None, &options).unwrap();
    let count = memory.len();

    // Those of the streams, over again where files beside records carry further ones: each takes as long.
    let files = || snapshot.files().iter().filter_map(|file| Some((file, file.bytes()?)));
    let streams = files().filter(|(file, _)| file.path.ends_with(".cesr"));
    let framed: Vec<_> = streams.filter_map(|(_, bytes)| cesr::read(bytes).ok()).collect();
    let mut seen = HashSet::new();
    let mut signatures = Vec::new();
    for messages in &framed {
        for triple in Evidence::collect(messages).events.triples() {
            let key =
                cesr::key_bytes(triple.key).and_then(|bytes| Some((bytes, VerifyingKey::from_bytes(&bytes).ok()?)));
            let Some((bytes, key)) = key.filter(|_| seen.insert(triple)) else { continue };
            if key.verify_strict(triple.message.as_bytes(), &Signature::from_bytes(&triple.signature)).is_ok() {
                let length = (triple.message.len() as u64).to_le_bytes();
                signatures.push([&bytes[..], &triple.signature, &length, triple.message.as_bytes()].concat());
            }
        }
    }
    let mut work = (count as u64).to_le_bytes().to_vec();
    signatures.iter().cycle().take(count).for_each(|signature| work.extend(signature));
    files().for_each(|(_, bytes)| work.extend(bytes));
    fs::write(into, work).unwrap();
    count
}

fn measure(countersign: &str, case: &str, trust: &str, as_of: &str, rounds: usize) {
    let own = std::env::current_exe().unwrap();
    let path = std::env::temp_dir().join(format!("cold-{}", std::process::id()));
    let count = work(case, trust, as_of, &path);
    let own = own.to_str().unwrap();
    let rows: [(&str, Vec<&str>); 4] = [
        ("a process that does nothing", vec![own, "nothing"]),
        ("floor", vec![own, "floor", path.to_str().unwrap()]),
        ("countersign --version", vec![countersign, "--version"]),
        ("countersign check", vec![countersign, "check", case, "--as-of", as_of, "--trust", trust]),
    ];
    let mut samples = rows.each_ref().map(|_| (Vec::new(), Vec::new()));
    for _ in 0..rounds {
        for ((_, command), (wall, processor)) in rows.iter().zip(&mut samples) {
            let mut process = Command::new(command[0]);
            process.args(&command[1..]).stdout(Stdio::null());
            let (start, before) = (Instant::now(), children_ms());
            assert!(process.status().unwrap().success(), "{command:?}");
            wall.push(start.elapsed().as_secs_f64() * 1e3);
            processor.push(children_ms() - before);
        }
    }
    fs::remove_file(&path).unwrap();
    println!("{rounds} rounds, {count} signatures\n");
    println!("| | wall, least, ms | wall, median | processor, least | processor, median |\n|---|--:|--:|--:|--:|");
    let mut summary = |at: usize| {
        let (wall, processor) = &mut samples[at];
        wall.sort_by(f64::total_cmp);
        processor.sort_by(f64::total_cmp);
        [wall[0], wall[wall.len() / 2], processor[0], processor[processor.len() / 2]]
    };
    for (at, (name, _)) in rows.iter().enumerate() {
        let [least, median, processor_least, processor_median] = summary(at);
        println!("| {name} | {least:.1} | {median:.1} | {processor_least:.1} | {processor_median:.1} |");
    }
    let (floor, check) = (summary(1), summary(3));
    let ratio = |at: usize| check[at] / floor[at];
    println!("\ncheck over floor: wall {:.2} at the least, {:.2} in the median", ratio(0), ratio(1));
}

/// Processor time of the processes that have ended, in milliseconds.
fn children_ms() -> f64 {
    // SAFETY: every byte of the structure may be zero, and the call fills it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_CHILDREN, &mut usage);
        usage
    };
    let ms = |time: libc::timeval| time.tv_sec as f64 * 1e3 + time.tv_usec as f64 / 1e3;
    ms(usage.ru_utime) + ms(usage.ru_stime)
}
