//! The command that makes a report again.
//!
//! In: a document and where its case is. Out: a line that can be copied into a shell.

use super::document::ReportDocument;
use super::rows::evidence_path;
use super::text::{quoted, safe};
use crate::evaluate::outcome::FailOn;

/// Who set a parameter, where the command line did.
const SET_BY_COMMAND_LINE: &str = "command line";

/// The command that makes a report again, of a case or of a credential.
pub(super) fn made_again(document: &ReportDocument, case_path: &str) -> String {
    match super::is_of_credential(document) {
        true => verify_again(document, case_path),
        false => check_again(document, case_path),
    }
}

/// `countersign credential verify FILE …`, with everything that the report rests on but whom it trusts.
fn verify_again(document: &ReportDocument, case_path: &str) -> String {
    let run = &document.run;
    let stream = document.files.first().map_or("FILE".to_owned(), |file| evidence_path(case_path, &file.path));
    let mut command = format!("countersign credential verify {} --trust FILE", quoted(&safe(&stream)));
    if !run.bundle_id.is_empty() {
        command.push_str(&format!(" --credential {}", quoted(&safe(&run.bundle_id))));
    }
    format!("{command} --as-of {}", run.as_of)
}

/// `countersign check CASE …`, with everything that the report rests on but the trust file's path.
fn check_again(document: &ReportDocument, case_path: &str) -> String {
    let run = &document.run;
    let case = if case_path.is_empty() { "CASE".to_owned() } else { quoted(&safe(case_path)) };
    let mut command = format!("countersign check {case} --trust FILE --stage {}", run.stage.as_str());
    for flow in &run.flows {
        command.push_str(&format!(" --flow {}", quoted(&safe(flow))));
    }
    command.push_str(&format!(" --profile {} --as-of {}", quoted(&safe(&run.profile)), run.as_of));
    for parameter in run.parameters.iter().filter(|parameter| parameter.set_by == SET_BY_COMMAND_LINE) {
        command.push_str(&format!(" --set {}", quoted(&safe(&format!("{}={}", parameter.name, parameter.value)))));
    }
    match run.fail_on {
        FailOn::Warn => {}
        FailOn::Block => command.push_str(" --fail-on block"),
    }
    command
}
