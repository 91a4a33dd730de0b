//! The same 25 rules on the same documents, by countersign and by what one could use instead.
//!
//!   check [N]                       every contender fails the rules that the reference fails, on N documents
//!   bench [ROUNDS]                  the table: samples in turn, processor time of the thread, medians
//!   documents N DIR [SEED] [SHARE]  N documents as files, and which rules they fail

#![allow(clippy::unwrap_used)] // a measurement stops at the first surprise

mod cedar;
mod cel;
mod contender;
mod countersign;
mod documents;
mod guard;
mod jsonlogic;
mod measure;
mod plain;
mod rego;
#[cfg(test)]
mod renamed;
mod table;

use std::fs;
use std::path::Path;
use std::str::FromStr;

use contender::{RULES, contenders, ids};

/// The share of documents that break a rule where the verdicts are compared.
const BROKEN: f64 = 0.7;

fn main() {
    let count = argument(2, 400);
    match std::env::args().nth(1).as_deref() {
        Some("check") => check(count),
        Some("bench") => table::print(argument(2, 15)),
        Some("spin") => {
            let corpus = corpus(64, 3, 0.1);
            let c = contenders().remove(argument(2, 1usize));
            let mut e = c.load();
            let n = argument(4, 2000usize);
            match argument(3, "eval".to_owned()).as_str() {
                "eval" => {
                    let mut p: Vec<_> = corpus.iter().map(|(t, _)| e.parse(t)).collect();
                    let t = measure::processor_ns();
                    for i in 0..n { std::hint::black_box(e.eval(&mut *p[i % 64])); }
                    println!("{} ns", (measure::processor_ns() - t) / n as u64);
                }
                "parse" => {
                    let t = measure::processor_ns();
                    for i in 0..n { std::hint::black_box(e.parse(corpus[i % 64].0)); }
                    println!("{} ns", (measure::processor_ns() - t) / n as u64);
                }
                "load" => {
                    let t = measure::processor_ns();
                    for _ in 0..n { std::hint::black_box(c.load()); }
                    println!("{} ns", (measure::processor_ns() - t) / n as u64);
                }
                _ => {
                    let t = measure::processor_ns();
                    for i in 0..n { std::hint::black_box(e.verdict(corpus[i % 64].0)); }
                    println!("{} ns", (measure::processor_ns() - t) / n as u64);
                }
            }
        }
        Some("documents") => {
            write(count, Path::new(&argument(3, "documents".to_owned())), argument(4, 1), argument(5, 0.1));
        }
        Some(_) | None => eprintln!("one of: check [N], bench [ROUNDS], documents N DIR [SEED] [SHARE]"),
    }
}

fn argument<T: FromStr>(at: usize, default: T) -> T {
    std::env::args().nth(at).and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Documents, each with the rules that the reference fails.
fn corpus(count: u64, seed: u64, share: f64) -> Vec<(&'static str, u32)> {
    let one = |at| {
        let document = documents::numbered(seed, at, share);
        let text: &'static str = serde_json::to_string(&document).unwrap().leak();
        (text, plain::reference(&document))
    };
    (0..count).map(one).collect()
}

fn check(count: u64) {
    let corpus = corpus(count, 7, BROKEN);
    let bytes = corpus.iter().map(|(text, _)| text.len()).sum::<usize>() / corpus.len().max(1);
    let broken = corpus.iter().filter(|(_, failed)| *failed != 0).count();
    println!("{count} documents of {bytes} bytes in the mean, {broken} break a rule");
    let mut differ = 0;
    for contender in contenders() {
        let (mut engine, supported) = (contender.load(), contender.supported());
        let mut per_rule = [0; RULES as usize];
        let mut documents = 0;
        for (text, expected) in &corpus {
            let wrong = (engine.verdict(text) ^ expected) & supported;
            documents += u32::from(wrong != 0);
            for (at, count) in per_rule.iter_mut().enumerate() {
                *count += wrong >> at & 1;
            }
        }
        differ += documents;
        let rules = per_rule.iter().enumerate().filter(|(_, count)| **count > 0);
        let rules: Vec<String> = rules.map(|(at, count)| format!("{}: {count}", ids(1 << at).concat())).collect();
        println!("{:34} {:2} rules, {documents} differ {}", contender.name(), supported.count_ones(), rules.join(", "));
    }
    assert_eq!(differ, 0, "a contender decides otherwise");
}

fn write(count: u64, folder: &Path, seed: u64, share: f64) {
    fs::create_dir_all(folder).unwrap();
    let mut failed = String::from("file\tfailed\n");
    for (at, (text, mask)) in corpus(count, seed, share).into_iter().enumerate() {
        let name = format!("{at:06}.json");
        fs::write(folder.join(&name), text).unwrap();
        failed += &format!("{name}\t{}\n", ids(mask).join(","));
    }
    fs::write(folder.join("failed.tsv"), failed).unwrap();
}
