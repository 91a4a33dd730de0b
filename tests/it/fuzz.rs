//! What the targets of `tests/fuzz` look for without end, as a seeded sample; and what they found, for ever.
//!
//! Each target is a module that makes a machine and its seeds from the project's folder; the fuzzers include the
//! same modules.

mod bundle;
mod expression;
mod judge;
mod policy;
mod proposal;
mod record;
mod report;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A small generator with a seed: the same inputs in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

/// What texts of all targets are made of.
const WORDS: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"\n",
    b"- ",
    b"  ",
    b"null",
    b"true",
    b"-1",
    b"0",
    b"1e9",
    b"''",
    b"9007199254740993",
    b"\xff",
    b"\xe2\x80\xae",
    b"\0",
    b"|",
    b">-",
    b"&a",
    b"*a",
    b"!!",
    b"#",
    b"not ",
    b" and ",
    b"(",
    b")",
    b" in ",
    b"any ",
    b"all ",
    b"count ",
    b"??",
    b"has ",
    b"24h",
    b"2026-03-20T15:00:00Z",
    b"-AAB",
    b"{\"v\":\"",
];

/// One to four changes.
fn changed(seed: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut text = seed.to_vec();
    for _ in 0..=dice.below(4) {
        let at = dice.below(text.len() + 1);
        let to = (at + dice.below(24)).min(text.len());
        match dice.below(6) {
            0 if at < text.len() => text[at] ^= 1 << dice.below(8),
            1 => drop(text.drain(at..to)),
            2 => {
                let copy = text[at..to].to_vec();
                let place = dice.below(text.len() + 1);
                text.splice(place..place, copy);
            }
            3 => text.truncate(at),
            4 => drop(text.splice(at..to, WORDS[dice.below(WORDS.len())].iter().copied())),
            _ => drop(text.splice(at..at, WORDS[dice.below(WORDS.len())].iter().copied())),
        }
    }
    text
}

/// The words of the seeds, the most frequent first, as libFuzzer reads them: no change of single bytes makes a name.
fn dictionary(seeds: &[Vec<u8>]) -> String {
    let mut words: BTreeMap<&[u8], usize> = BTreeMap::new();
    let of_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
    for seed in seeds {
        for word in seed.split(|byte| !of_word(byte)).filter(|word| (2..=40).contains(&word.len())) {
            *words.entry(word).or_default() += 1;
        }
    }
    let mut words: Vec<_> = words.into_iter().filter(|(_, count)| *count > 1).collect();
    words.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let symbols = WORDS.iter().map(|word| word.iter().map(|byte| format!("\\x{byte:02x}")).collect::<String>());
    let words = words.into_iter().take(1000).map(|(word, _)| String::from_utf8_lossy(word).into_owned());
    symbols.chain(words).map(|word| format!("\"{word}\"\n")).collect()
}

/// Runs what the fuzzer of this name found, every seed, and `rounds` changed seeds.
///
/// `COUNTERSIGN_SOAK` multiplies the rounds; `COUNTERSIGN_SEEDS` names a folder in which the seeds are left for the
/// fuzzer, and beside them the words that they are made of, `NAME.dict`.
fn sample(name: &str, seeds: &[Vec<u8>], rounds: usize, run: impl Fn(&[u8])) {
    let folder = root().join("tests/fuzz/regressions").join(name);
    let found = fs::read_dir(&folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    for path in found {
        println!("{}", path.display());
        run(&fs::read(&path).unwrap());
    }
    assert!(!seeds.is_empty());
    let left = std::env::var_os("COUNTERSIGN_SEEDS").map(|folder| Path::new(&folder).join(name));
    if let Some(folder) = &left {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.with_extension("dict"), dictionary(seeds)).unwrap();
    }
    for (number, seed) in seeds.iter().enumerate() {
        if let Some(folder) = &left {
            fs::write(folder.join(number.to_string()), seed).unwrap();
        }
        run(seed);
    }
    let factor: usize = std::env::var("COUNTERSIGN_SOAK").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut dice = Dice(name.bytes().map(u64::from).sum());
    for _ in 0..rounds * factor {
        let seed = &seeds[dice.below(seeds.len())];
        run(&changed(seed, &mut dice));
    }
}

#[test]
fn a_changed_file_never_leaves_a_case_clean() {
    let target = bundle::Target::new(root());
    sample("bundle", &bundle::seeds(root()), 60, |data| target.run(data));
}

#[test]
fn expressions_are_refused_or_mean_what_they_print() {
    let target = expression::Target::new(root());
    sample("expression", &expression::seeds(root()), 400, |data| target.run(data));
}

#[test]
fn policies_are_refused_with_places_or_formatted_alike() {
    let target = policy::Target::new();
    sample("policy", &policy::seeds(root()), 150, |data| target.run(data));
}

#[test]
fn a_changed_proposal_is_never_what_is_proven() {
    let target = proposal::Target::new(root());
    sample("proposal", &proposal::seeds(root()), 1500, |data| target.run(data));
}

#[test]
fn what_is_no_strict_json_gives_no_record() {
    let target = record::Target::new();
    sample("record", &record::seeds(root()), 3000, |data| target.run(data));
}

#[test]
fn a_saved_report_is_refused_or_rendered_in_every_format() {
    sample("report", &report::seeds(root()), 60, |data| report::Target.run(data));
}
