//! The formats, a closed set.
//!
//! In: the name of a format, or a document and where its case is. Out: bytes, the same for the same input.

use std::fmt;
use std::str::FromStr;

use super::document::ReportDocument;
use super::{github, html, json, junit, markdown, oscal, sarif, vsa};

/// What `--report FORMAT=FILE` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// The report itself, as RFC 8785 canonical JSON.
    Json,
    /// SARIF 2.1.0, everything that was decided.
    Sarif,
    /// SARIF 2.1.0 as code scanning of GitHub shows it: what needs somebody.
    SarifGithub,
    /// JUnit XML.
    Junit,
    /// OSCAL assessment results.
    Oscal,
    /// Markdown as GitHub and GitLab read it.
    Markdown,
    /// Workflow commands of GitHub Actions, which annotate lines.
    Github,
    /// in-toto statement with a SLSA verification summary, for others to sign.
    Vsa,
    /// A page for people.
    Html,
}

/// Where the case is, for places that can be opened and commands that can be copied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// The case as its path was given; empty: places are named relative to the case.
    pub case_path: String,
}

impl Format {
    /// Every format.
    pub const ALL: &[Self] = &[
        Self::Json,
        Self::Sarif,
        Self::SarifGithub,
        Self::Junit,
        Self::Oscal,
        Self::Markdown,
        Self::Github,
        Self::Vsa,
        Self::Html,
    ];

    /// As the command line writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::SarifGithub => "sarif-github",
            Self::Junit => "junit",
            Self::Oscal => "oscal",
            Self::Markdown => "markdown",
            Self::Github => "github",
            Self::Vsa => "vsa",
            Self::Html => "html",
        }
    }
}

/// A name that no format has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no format `{name}`; formats: {}", Format::ALL.iter().map(|format| format.as_str()).collect::<Vec<_>>().join(", "))]
pub struct UnknownFormat {
    /// The name.
    pub name: String,
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.iter().copied().find(|format| format.as_str() == text);
        found.ok_or_else(|| UnknownFormat { name: text.to_owned() })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A document, with its digests, in a format.
pub fn render(format: Format, document: &ReportDocument, layout: &Layout) -> Vec<u8> {
    match format {
        Format::Json => json::canonical(document),
        Format::Sarif => sarif::render(document, layout, sarif::Profile::Whole),
        Format::SarifGithub => sarif::render(document, layout, sarif::Profile::Github),
        Format::Junit => junit::render(document).into_bytes(),
        Format::Oscal => oscal::render(document),
        Format::Markdown => markdown::render(document, layout).into_bytes(),
        Format::Github => github::render(document, layout).into_bytes(),
        Format::Vsa => vsa::render(document),
        Format::Html => html::render(document, layout).into_bytes(),
    }
}
