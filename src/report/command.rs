//! The command that makes a report again.
//!
//! In: a document and where its case is. Out: a line that can be copied into a shell.

use super::document::ReportDocument;
use super::text::{quoted, safe};
use crate::evaluate::outcome::FailOn;

/// Who set a parameter, where the command line did.
const SET_BY_COMMAND_LINE: &str = "command line";

/// `countersign check CASE …`, with everything that the report rests on but the trust file's path.
pub(super) fn check_again(document: &ReportDocument, case_path: &str) -> String {
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
