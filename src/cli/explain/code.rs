//! Error codes: what each means, from `docs/errors.md` and from the compiler's own table.

use super::super::terminal::Terminal;

/// The page; a section per code.
const PAGE: &str = include_str!("../../../docs/errors.md");

/// A code and its explanation.
#[derive(Debug, Clone)]
pub(in super::super) struct Explained {
    /// `countersign::bundle::duplicate_key`
    pub code: String,
    /// What it means, a sentence a line.
    pub text: String,
}

/// Every code there is.
pub(in super::super) fn all() -> Vec<Explained> {
    let sections = PAGE.split("\n## `").skip(1).filter_map(|section| {
        let (code, text) = section.split_once('`')?;
        Some(Explained { code: code.to_owned(), text: text.trim().to_owned() })
    });
    let compiler = crate::compile::codes().iter().map(|(code, title, text)| Explained {
        code: (*code).to_owned(),
        text: format!("{}{}.\n{text}", title[..1].to_uppercase(), &title[1..]),
    });
    let mut all: Vec<Explained> = sections.chain(compiler).collect();
    all.sort_by(|a, b| a.code.cmp(&b.code));
    all
}

/// The explanation of a code, or of every code that ends like this.
pub(super) fn explain(what: &str, terminal: &Terminal) -> Option<String> {
    let all = all();
    let exact: Vec<&Explained> = all.iter().filter(|code| code.code == what).collect();
    let found = if exact.is_empty() {
        let tail = format!("::{what}");
        all.iter().filter(|code| code.code.ends_with(&tail)).collect()
    } else {
        exact
    };
    if found.is_empty() {
        return None;
    }
    let sections = found.iter().map(|code| {
        let text: String = code.text.lines().map(|line| terminal.wrap(line, 0, 0)).collect();
        format!("{}\n\n{text}", code.code)
    });
    Some(sections.collect::<Vec<_>>().join("\n"))
}
