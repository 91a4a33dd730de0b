//! The HTML in Chromium. Skipped where Python with playwright, or Chromium, is absent; `COUNTERSIGN_BROWSER` names the
//! interpreter.

use std::fs;
use std::process::{Command, Stdio};

use countersign::report::Format;
use countersign::report::format::Layout;
use serde_json::json;

use super::exhibits;
use super::formats::{markup, sealed};
use super::*;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/browser.py");

fn browser() -> Option<String> {
    let python = std::env::var("COUNTERSIGN_BROWSER").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python).args([SCRIPT, "--there"]).stderr(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        return Some(python);
    }
    let required = std::env::var("COUNTERSIGN_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name == "browser"), "playwright or Chromium is required and absent");
    println!("skipped: {python} has no playwright, or there is no Chromium");
    None
}

/// So many findings, of every class that there is; and rules that pass.
fn failures(count: u32) -> ReportDocument {
    let mut document = document(if count == 0 { Verdict::Clean } else { Verdict::NotClean });
    for at in 0..count {
        let finding = match at % 4 {
            0 | 1 => failing(Level::Block, Some(&format!("lar-{at}"))),
            2 => failing(Level::Warn, None),
            _ => missing("issuance-plan"),
        };
        let outcome = finding.outcome;
        let mut found = result(&format!("PROV-{at}"), "a step was taken in its time", outcome, vec![finding]);
        if at == 0 {
            found.findings[0].message = "these words stand in one finding alone".to_owned();
        }
        document.results.push(found);
    }
    document.results.extend((0..40).map(|at| passing(&format!("LE-6.3.{at}"))));
    document.results.push(result("LE-9.9", "not of concern", Outcome::NotApplicable, Vec::new()));
    if count > 0 {
        document.kinds = vec![kind("issuance-plan", "the likely day of issuance", 0, &["PROV-3"])];
        document.waivers = waived().waivers;
        exhibits::in_trouble(&mut document);
    } else {
        exhibits::in_order(&mut document);
    }
    document
}

/// Evidence of ten million characters, and evidence that turns and hides text, in every text there is.
fn vast() -> ReportDocument {
    let mut document = hostile();
    let evil = "<script>window.owned = 1</script><img src=x onerror='window.owned = 1'>\u{202e}gpj.exe\u{2066}\u{200b}";
    let vast = evil.repeat(10_000_000 / evil.len() + 1);
    assert!(vast.len() >= 10_000_000);
    let finding = &mut document.results[0].findings[0];
    finding.message.clone_from(&vast);
    finding.deciding[0].actual.clone_from(&vast);
    finding.deciding[0].evidence[0].excerpt.clone_from(&vast);
    document.run.bundle_id.clone_from(&vast);
    exhibits::in_trouble(&mut document);
    for entry in &mut document.chain {
        entry.person = Some(vast.clone());
        entry.role = Some(evil.to_owned());
        entry.issuer.name = Some(evil.to_owned());
        entry.said = evil.to_owned();
    }
    for step in &mut document.steps {
        step.person = Some(vast.clone());
        step.remarks.push(evil.to_owned());
    }
    for field in document.proposal.iter_mut().flat_map(|proposal| &mut proposal.fields) {
        field.proposed = Some(vast.clone());
        field.by = Some(evil.to_owned());
    }
    document
}

#[test]
fn people_can_use_the_page() {
    let Some(python) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout { case_path: "cases/b0".to_owned() };
    let write = |name: &str, document: ReportDocument| {
        let page = countersign::report::render(Format::Html, &sealed(document), &layout);
        fs::write(folder.path().join(format!("{name}.html")), page).unwrap();
    };
    for (name, count) in [("zero", 0), ("five", 5), ("eighty", 80)] {
        write(name, failures(count));
    }
    write("hostile", vast());
    write("markup", markup());
    let command = "countersign check cases/b0 --trust FILE --stage evidence --flow le-unsolicited --profile house --as-of \
                   2026-03-20T15:00:00Z";
    let pages = json!({
        "zero": { "findings": 0, "drawings": exhibits::words_in_order() },
        "five": { "findings": 5, "passing": "rule-LE-6.3.39", "command": command, "drawings": exhibits::words_in_trouble() },
        "eighty": {
            "findings": 80,
            "classes": { "block": 40, "warn": 20, "unknown": 20 },
            "words": "these words stand in one finding alone",
            "passing_title": "something holds",
            "file": "bundle/records/lei-record-r1.json",
        },
        "hostile": {},
        "markup": {},
    });
    fs::write(folder.path().join("pages.json"), pages.to_string()).unwrap();
    if let Ok(kept) = std::env::var("COUNTERSIGN_KEEP_PAGES") {
        for entry in fs::read_dir(folder.path()).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), std::path::Path::new(&kept).join(entry.file_name())).unwrap();
        }
    }
    let output = Command::new(python).arg(SCRIPT).arg(folder.path()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(text(&output.stdout).lines().count(), 10, "{}", text(&output.stdout));
}
