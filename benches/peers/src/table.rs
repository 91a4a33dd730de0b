//! The table: every contender in turn, so that what disturbs one disturbs all.

use std::hint::black_box;

use crate::contender::{Contender, Engine, contenders};
use crate::measure::{allocated, median, processor_ns};

/// How many documents.
const DOCUMENTS: u64 = 64;
/// The share of them that break a rule, as in a year of cases.
const BROKEN: f64 = 0.1;
/// Processor time of one sample.
const SAMPLE_NS: u64 = 8_000_000;

/// What is measured of each contender.
#[derive(Clone, Copy)]
enum Step {
    Load,
    Parse,
    Evaluate,
    Verdict,
    /// Only documents that break a rule.
    Failing,
}

const STEPS: [Step; 5] = [Step::Load, Step::Parse, Step::Evaluate, Step::Verdict, Step::Failing];

/// Samples of one contender, in nanoseconds, and allocations of one turn, per step.
#[derive(Default)]
pub struct Samples {
    ns: [Vec<f64>; STEPS.len()],
    allocations: [f64; STEPS.len()],
}

impl Samples {
    /// Median of a step.
    fn of(&mut self, step: Step) -> f64 {
        median(&mut self.ns[step as usize])
    }

    /// Median of deciding a parsed document.
    pub fn evaluate(&mut self) -> f64 {
        self.of(Step::Evaluate)
    }

    /// Median from text to verdict.
    pub fn verdict(&mut self) -> f64 {
        self.of(Step::Verdict)
    }
}

/// Measures contenders in turn, `rounds` times after one that does not count.
pub fn measure(contenders: &[Box<dyn Contender>], documents: &[&[&'static str]], rounds: usize) -> Vec<Samples> {
    let mut engines: Vec<Box<dyn Engine>> = contenders.iter().map(|contender| contender.load()).collect();
    let mut samples: Vec<Samples> = contenders.iter().map(|_| Samples::default()).collect();
    for round in 0..=rounds {
        for (at, contender) in contenders.iter().enumerate() {
            let (engine, texts) = (&mut *engines[at], documents[at % documents.len()]);
            for step in STEPS {
                let (ns, allocations) = sample(&**contender, engine, texts, step);
                samples[at].allocations[step as usize] = allocations;
                if round > 0 {
                    samples[at].ns[step as usize].push(ns);
                }
            }
        }
    }
    samples
}

/// One sample: nanoseconds and allocations of one turn.
fn sample(contender: &dyn Contender, engine: &mut dyn Engine, texts: &[&'static str], step: Step) -> (f64, f64) {
    let mut parsed: Vec<_> = match step {
        Step::Evaluate | Step::Failing => texts.iter().map(|text| engine.parse(text)).collect(),
        Step::Load | Step::Parse | Step::Verdict => Vec::new(),
    };
    if let Step::Failing = step {
        parsed.retain_mut(|document| engine.eval(&mut **document) != 0);
    }
    if parsed.is_empty() && matches!(step, Step::Evaluate | Step::Failing) {
        return (0.0, 0.0);
    }
    let (mut turns, every) = (0, if contender.slow() || matches!(step, Step::Load) { 1 } else { 4 });
    let (before, start) = (allocated().0, processor_ns());
    let taken = loop {
        let text = texts[turns % texts.len()];
        match step {
            Step::Load => drop(black_box(contender.load())),
            Step::Parse => drop(black_box(engine.parse(text))),
            Step::Verdict => drop(black_box(engine.verdict(text))),
            Step::Evaluate => {
                let at = turns % parsed.len();
                black_box(engine.eval(&mut *parsed[at]));
            }
            Step::Failing => {
                let at = turns % parsed.len();
                black_box(engine.eval(&mut *parsed[at]));
            }
        }
        turns += 1;
        let taken = processor_ns() - start;
        if turns % every == 0 && taken > SAMPLE_NS {
            break taken;
        }
    };
    (taken as f64 / turns as f64, (allocated().0 - before) as f64 / turns as f64)
}

/// Prints the table in Markdown.
pub fn print(rounds: usize) {
    let corpus = crate::corpus(DOCUMENTS, 3, BROKEN);
    let texts: Vec<&'static str> = corpus.iter().map(|(text, _)| *text).collect();
    let contenders = contenders();
    let mut samples = measure(&contenders, &[&texts], rounds);
    let bytes = texts.iter().map(|text| text.len()).sum::<usize>() / texts.len();
    println!("{DOCUMENTS} documents of {bytes} bytes in the mean; processor time, median of {rounds} samples\n");
    println!(
        "| contender | rules | load, µs | parse, µs | evaluate, µs | text to verdict, µs | evaluate | text to verdict | a failing document, µs | allocations parse/evaluate |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    let floor = (samples[0].evaluate(), samples[0].verdict());
    for (contender, samples) in contenders.iter().zip(&mut samples) {
        let [load, parse, evaluate, verdict, failing] = STEPS.map(|step| samples.of(step) / 1e3);
        let [_, parsed, evaluated, ..] = samples.allocations;
        println!(
            "| {} | {} | {load:.0} | {parse:.1} | {evaluate:.2} | {verdict:.1} | {:.1}x | {:.2}x | {failing:.2} | {parsed:.0}/{evaluated:.0} |",
            contender.name(),
            contender.supported().count_ones(),
            evaluate * 1e3 / floor.0,
            verdict * 1e3 / floor.1,
        );
    }
}
