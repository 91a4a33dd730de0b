//! What a person starts a document, a rule or its cases from.
//!
//! In: ids, and the text of the file that is added to. Out: the new text of the file, in canonical form
//! and without a problem of its own. A rule that nobody has written yet fails every case that it is run
//! on, so that it is never taken for one that holds.

use crate::source::{Source, Span};

use super::format::format;
use super::problem::{Code, PolicyProblem};
use super::yaml::{self, Value, ValueKind};

/// A document to begin.
#[derive(Debug, Clone, Copy)]
pub struct NewDocument<'a> {
    /// Its id, which is the name of its files.
    pub id: &'a str,
    /// Its name.
    pub title: &'a str,
    /// Which wins where two contradict, as it is written.
    pub precedence: &'a str,
}

/// A rule to begin. Its words are of the closed sets of [`vocabulary`](super::vocabulary).
#[derive(Debug, Clone, Copy)]
pub struct NewRule<'a> {
    /// The requirement's id.
    pub id: &'a str,
    /// The section of the document.
    pub section: &'a str,
    /// What holds when it passes, if that is known already.
    pub title: Option<&'a str>,
    /// How strongly the source says it.
    pub strength: &'a str,
    /// How bad a failure is.
    pub level: &'a str,
    /// The pack it belongs to.
    pub pack: &'a str,
    /// The first run that decides it.
    pub stage: &'a str,
}

/// The text of a new policy file without rules. Editors find its schema at `schema`.
///
/// # Errors
/// An id or a title that the file cannot hold.
pub fn document(new: &NewDocument<'_>, schema: &str) -> Result<String, Vec<PolicyProblem>> {
    let NewDocument { id, title, precedence } = new;
    let title = quoted(title);
    let text = format!("{}document: {id}\ntitle: {title}\nprecedence: {precedence}\nrules: []\n", editor_line(schema));
    format(&Source::new(format!("{id}.yaml"), text))
}

/// The text of a new file of cases without cases.
pub fn cases(document: &str, schema: &str) -> String {
    format!("{}document: {document}\ncases: []\n", editor_line(schema))
}

/// Where the language server of an editor finds the schema of the file.
fn editor_line(schema: &str) -> String {
    format!("# yaml-language-server: $schema={schema}\n")
}

/// A policy file with a rule more, behind the rule `after`, or at the end.
///
/// # Errors
/// The problems of the file, or a list of rules that nothing can be added to.
pub fn with_rule(file: &Source, rule: &NewRule<'_>, after: Option<&str>) -> Result<String, Vec<PolicyProblem>> {
    let canonical = Source::new(file.name(), format(file)?);
    let title = quoted(rule.title.unwrap_or("this rule is not written yet"));
    let NewRule { id, strength, level, pack, stage, .. } = rule;
    let section = quoted(rule.section);
    let item = format!(
        r#"# Not finished: as it stands, this rule fails every case that it is run on.
- id: {id}
  # What holds when the rule passes, in one line.
  title: {title}
  source: {{ section: {section} }}
  strength: {strength}
  level: {level}
  packs: [{pack}]
  stage: {stage}
  # `for each: r in lei_records` would give one finding for each element.
  # `applies: manifest.flow == "le-unsolicited"` would say which cases it is about.
  # What must be true. `false and` keeps the rule from passing: put what the clause demands in its place.
  require: false and has manifest.lei
  # One line for who reads the report: what is wrong, with the values, such as {{manifest.lei}} in braces.
  message: this rule is not written yet
  # Who must do what, with which document.
  help: write down what {id} demands, and what to do when it is not so
"#
    );
    let text = with_item(&canonical, "rules", after.map(|after| ("id", after)), true, &item)?;
    format(&Source::new(file.name(), text))
}

/// A file of cases with the beginning of those of a rule.
///
/// # Errors
/// The problems of the file, or a list of cases that nothing can be added to.
pub fn with_cases(file: &Source, rule: &str, fixture: &str, stage: &str) -> Result<String, Vec<PolicyProblem>> {
    let stage_line = if stage == "evidence" { String::new() } else { format!("  stage: {stage}\n") };
    let commented_stage = if stage == "evidence" { String::new() } else { format!("#   stage: {stage}\n") };
    let item = format!(
        r#"- name: {rule} holds in the case {fixture}
  fixture: {fixture}
{stage_line}  expect: {{ {rule}: pass }}
# A case that fails, and one that cannot be judged, are needed as well; and one that does not apply, if the
# rule has `applies`. Take the `#` away, name what each shows, and change what the rule reads:
# - name: {rule} fails when
#   fixture: {fixture}
{commented_stage}#   patch:
#     - set: records/FILE.json#/MEMBER
#       to: VALUE
#   expect: {{ {rule}: fail }}
# - name: {rule} cannot be judged without
#   fixture: {fixture}
{commented_stage}#   patch:
#     - remove: records/FILE.json
#   expect: {{ {rule}: indeterminate }}
"#
    );
    with_item(file, "cases", None, false, &item)
}

/// A text with an item more in the list at `key`: behind the one whose member has this value, or at the end.
fn with_item(
    file: &Source,
    key: &str,
    after: Option<(&str, &str)>,
    separated: bool,
    item: &str,
) -> Result<String, Vec<PolicyProblem>> {
    let tree = yaml::read(file)?;
    let Some(list) = member(&tree.root, key) else {
        return Err(refused(file, key, tree.root.span));
    };
    let ValueKind::List(elements) = &list.kind else {
        return Err(refused(file, key, list.span));
    };
    let text = file.text();
    let Some(last) = elements.last() else {
        // `rules: []`, or nothing behind the colon: the list begins on a line of its own.
        let (start, end) = (list.span.start as usize, list.span.end as usize);
        let (before, behind) = (text.get(..start).unwrap_or_default(), text.get(end..).unwrap_or_default());
        return Ok(format!("{}\n{}{}", before.trim_end(), indented(item, 2), behind.trim_start_matches([' ', '\n'])));
    };
    let named = after.and_then(|(name, value)| {
        let is_it = |element: &&Value| {
            member(element, name).and_then(Value::scalar).is_some_and(|scalar| scalar.text.text == value)
        };
        elements.iter().find(is_it)
    });
    let start = named.unwrap_or(last).span.start as usize;
    let line_start = text.get(..start).and_then(|text| text.rfind('\n')).map_or(0, |at| at + 1);
    let rest = text.get(line_start..).unwrap_or_default();
    let indent = rest.len() - rest.trim_start_matches(' ').len();
    if !rest[indent..].starts_with("- ") {
        return Err(refused(file, key, list.span));
    }
    let has_next = named.is_some_and(|named| named.span != last.span);
    let end = line_start + item_length(rest, indent, has_next);
    let (before, behind) = text.split_at(end);
    let line_break = if before.ends_with('\n') { "" } else { "\n" };
    let blank = if separated { "\n" } else { "" };
    Ok(format!("{before}{line_break}{blank}{}{behind}", indented(item, indent)))
}

/// The length of an item of a block: its first line, and those that are indented further, up to the last that
/// says something. A comment between two items is about the second; behind the last one it is about the last.
fn item_length(text: &str, indent: usize, has_next: bool) -> usize {
    let mut length = 0;
    let mut read = 0;
    for (at, line) in text.split_inclusive('\n').enumerate() {
        let margin = line.len() - line.trim_start_matches(' ').len();
        let says_something = !line.trim().is_empty();
        let is_about_it = !has_next && margin == indent && line.trim_start().starts_with('#');
        if at > 0 && says_something && margin <= indent && !is_about_it {
            break;
        }
        read += line.len();
        if says_something {
            length = read;
        }
    }
    length
}

fn indented(item: &str, indent: usize) -> String {
    item.lines().map(|line| format!("{}{line}\n", " ".repeat(indent))).collect()
}

fn member<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    let ValueKind::Map(entries) = &value.kind else { return None };
    entries.iter().find(|(name, _)| name.text == key).map(|(_, value)| value)
}

fn refused(file: &Source, key: &str, span: Span) -> Vec<PolicyProblem> {
    let message = format!("nothing can be added to `{key}` as it is written");
    let help = Some(format!("write `{key}` as a list with one entry below the other, each behind `- `"));
    let labels = vec![(span, "a list of lines is expected".to_owned())];
    vec![PolicyProblem::new(Code::Shape.as_str(), message, help, file, labels)]
}

/// A text as a double-quoted scalar: JSON's escapes are YAML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests;
