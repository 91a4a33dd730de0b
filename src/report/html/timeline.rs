//! What the two QARs did, drawn side by side and as a table.
//!
//! In: the steps of a document, in order of time. Out: a section of the page. A step with a remark is marked by a sign,
//! its words and its border.

use super::super::document::{QarRole, ReportDocument, Step, StepEntry};
use super::super::text::count;
use super::drawing::{Drawing, Face, LINE, Sign, WIDTH, said, wrapped};
use super::text::shown;

/// Most steps that are drawn; the table has them all.
const DRAWN_MAX: usize = 24;
/// Width of a lane.
const LANE: usize = 154;
/// Width of its texts.
const INNER: usize = LANE - 16;
/// Between two steps.
const GAP: usize = 10;

/// Writes the section; none without steps.
pub(super) fn section(page: &mut String, document: &ReportDocument) {
    let steps = &document.steps;
    if steps.is_empty() {
        return;
    }
    let remarks = steps.iter().filter(|step| !step.remarks.is_empty()).count();
    let head = match remarks {
        0 => String::new(),
        1 => " <span class=\"count\">(1 step with a remark)</span>".to_owned(),
        more => format!(" <span class=\"count\">({more} steps with remarks)</span>"),
    };
    page.push_str(&format!(
        "<section id=\"people\">\n<h2>Who did what{head}</h2>\n<figure class=\"drawing\">\n{}",
        drawing(steps)
    ));
    if steps.len() > DRAWN_MAX {
        let more = count(steps.len() - DRAWN_MAX, "more step is", "more steps are");
        page.push_str(&format!("<figcaption>{more} in the table</figcaption>\n"));
    }
    page.push_str("</figure>\n<details>\n<summary>the same as a table, in full</summary>\n<table class=\"stack cards\">\n<thead><tr>");
    for head in ["step", "who", "when", "record", "remarks"] {
        page.push_str(&format!("<th scope=\"col\">{head}</th>"));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for step in steps {
        row(page, step);
    }
    page.push_str("</tbody>\n</table>\n</details>\n</section>\n");
}

fn row(page: &mut String, step: &StepEntry) {
    let mut who = step.person.as_deref().map(shown).unwrap_or_default();
    if let Some(aid) = &step.aid {
        who.push_str(&format!("{}<code>{}</code>", if who.is_empty() { "" } else { "<br>" }, shown(aid)));
    }
    if who.is_empty() {
        who.push_str(if step.path.is_some() { "not said" } else { "nobody yet" });
    }
    let (at, path) = match &step.path {
        None => ("still to be done".to_owned(), "none yet".to_owned()),
        Some(path) => {
            let signed = match step.signed {
                Some(true) => "<br>signed",
                Some(false) => "<br>not signed",
                None => "",
            };
            (from_to(step), format!("<code>{}</code>{signed}", shown(path)))
        }
    };
    let remarks: Vec<String> = step.remarks.iter().map(|remark| shown(remark)).collect();
    let mark = if remarks.is_empty() { "" } else { " class=\"marked\"" };
    page.push_str(&format!(
        "<tr{mark}><th scope=\"row\" data-head=\"step\">{} {}</th>",
        step.role.as_str(),
        word(step)
    ));
    let remarks = if remarks.is_empty() { "none".to_owned() } else { remarks.join("<br>") };
    for (head, cell) in [("who", who), ("when", shown(&at)), ("record", path), ("remarks", remarks)] {
        page.push_str(&format!("<td data-head=\"{head}\"><div>{cell}</div></td>"));
    }
    page.push_str("</tr>\n");
}

fn drawing(steps: &[StepEntry]) -> String {
    let mut drawing = Drawing::default();
    let axis = WIDTH / 2;
    let drawn = &steps[..steps.len().min(DRAWN_MAX)];
    let texts: Vec<Vec<(Face, String)>> = drawn.iter().map(lines).collect();
    let heights: Vec<usize> = texts.iter().map(|lines| 14 + LINE * lines.len()).collect();
    let end: usize = 30 + heights.iter().map(|height| height + GAP).sum::<usize>();
    let last = end.saturating_sub(GAP + heights.last().copied().unwrap_or(0)) + 18;
    drawing.path(&[(axis, 24), (axis, last)], "axis");
    drawing.text((4 + LANE / 2, 16), Face::Middle, INNER, QarRole::First.as_str());
    drawing.text((WIDTH - 4 - LANE / 2, 16), Face::Middle, INNER, QarRole::Second.as_str());
    let mut y = 30;
    for ((step, lines), height) in drawn.iter().zip(&texts).zip(heights) {
        let left = match step.role {
            QarRole::First => 4,
            QarRole::Second => WIDTH - 4 - LANE,
        };
        let edge = match step.role {
            QarRole::First => left + LANE,
            QarRole::Second => left,
        };
        let (class, sign) = match (&step.path, step.remarks.is_empty()) {
            (None, _) => ("card absent", Sign::Next),
            (Some(_), true) => ("card", Sign::Good),
            (Some(_), false) => ("card revoked", Sign::Bad),
        };
        drawing.path(&[(edge, y + 18), (axis, y + 18)], "axis");
        drawing.sign((axis, y + 18), sign);
        drawing.card((left, y), (LANE, height), class);
        for (at, (face, text)) in lines.iter().enumerate() {
            drawing.text((left + 9, y + 21 + LINE * at), *face, INNER, text);
        }
        y += height + GAP;
    }
    drawing.svg("people-drawing", end, "Who did what, in order of time", &description(drawn))
}

fn lines(step: &StepEntry) -> Vec<(Face, String)> {
    let mut lines = vec![(Face::Strong, word(step).to_owned())];
    if step.path.is_none() {
        lines.push((Face::Label, "still to be done".to_owned()));
        return lines;
    }
    lines.extend(step.person.clone().map(|person| (Face::Value, person)));
    lines.push((Face::Label, when(step)));
    let ended = step.ended_at.map(|at| format!("ended at {at}"));
    let ended = ended.iter().flat_map(|text| wrapped(text, Face::Label, INNER, 2));
    lines.extend(ended.map(|line| (Face::Label, line)));
    for remark in &step.remarks {
        lines.extend(
            wrapped(&format!("· {remark}"), Face::Remark, INNER, 4).into_iter().map(|line| (Face::Remark, line)),
        );
    }
    lines
}

fn when(step: &StepEntry) -> String {
    step.at.map_or_else(|| "no instant".to_owned(), |at| at.to_string())
}

/// The same, with when it ended.
fn from_to(step: &StepEntry) -> String {
    let to = step.ended_at.map(|at| format!(" to {at}")).unwrap_or_default();
    format!("{}{to}", when(step))
}

fn description(steps: &[StepEntry]) -> String {
    let sentence = |step: &StepEntry| {
        let person = step.person.as_ref().map(|person| format!(", {}", said(person))).unwrap_or_default();
        let at = match step.path {
            None => "still to be done".to_owned(),
            Some(_) => from_to(step),
        };
        let remarks = step.remarks.iter().map(|remark| format!(", {}", said(remark))).collect::<String>();
        format!("{} {}{person}, {at}{remarks}.", step.role.as_str(), word(step))
    };
    let sentences: Vec<String> = steps.iter().map(sentence).collect();
    sentences.join(" ")
}

fn word(step: &StepEntry) -> &'static str {
    match step.step {
        Step::Assigned => "assigned",
        Step::Proposed => "proposal signed",
        Step::Submitted => "submission",
        Step::Reported => "report",
        Step::Approved => "approval",
        Step::Rejected => "rejection",
        Step::Signed => "signature",
    }
}
