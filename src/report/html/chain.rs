//! The chain of credentials, drawn and as a table.
//!
//! In: the credentials of a document, each after those that it rests on. Out: a section of the page. What does not hold
//! is marked by a sign, a word and the shape of its lines.

use super::super::document::{ChainState, CredentialEntry, EdgeEntry, EdgeState, Party, RegistryState, ReportDocument};
use super::super::text::count;
use super::drawing::{Drawing, Face, LINE, Sign, WIDTH, said, short};
use super::text::shown;

/// Most credentials that are drawn; the table has them all.
const DRAWN_MAX: usize = 12;
/// Left of the cards, where lines run past others.
const GUTTER: usize = 28;
/// The same where none does.
const MARGIN: usize = 4;
/// Between two cards.
const GAP: usize = 30;
/// Lines side by side in the gutter.
const LANES: usize = 3;

/// Writes the section; none without credentials.
pub(super) fn section(page: &mut String, document: &ReportDocument) {
    let chain = &document.chain;
    if chain.is_empty() {
        return;
    }
    page.push_str(&format!(
        "<section id=\"chain\">\n<h2>Chain of credentials <span class=\"count\">({})</span></h2>\n<figure class=\"drawing\">\n{}",
        chain.len(),
        drawing(chain)
    ));
    if chain.len() > DRAWN_MAX {
        let more = count(chain.len() - DRAWN_MAX, "more credential is", "more credentials are");
        page.push_str(&format!("<figcaption>{more} in the table</figcaption>\n"));
    }
    page.push_str("</figure>\n<details>\n<summary>the same as a table, in full</summary>\n<table class=\"stack cards\">\n<thead><tr>");
    for head in ["credential", "issuer", "subject", "LEI", "registry", "rests on", "stream"] {
        page.push_str(&format!("<th scope=\"col\">{head}</th>"));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for entry in chain {
        row(page, chain, entry);
    }
    page.push_str("</tbody>\n</table>\n</details>\n</section>\n");
}

fn row(page: &mut String, chain: &[CredentialEntry], entry: &CredentialEntry) {
    let party = |party: &Party| {
        let name = party.name.as_ref().map(|name| format!("{}<br>", shown(name))).unwrap_or_default();
        format!("{name}<code>{}</code>", shown(&party.aid))
    };
    let mut subject = entry.issuee.as_ref().map_or_else(|| "nobody named".to_owned(), party);
    for text in [&entry.person, &entry.role].into_iter().flatten() {
        subject.push_str(&format!("<br>{}", shown(text)));
    }
    let rests: Vec<String> = entry
        .edges
        .iter()
        .map(|edge| {
            let name = far(chain, &edge.node).map_or_else(|| short(&edge.node), kind);
            format!("{}: {}", shown(&name), edge_word(edge.state))
        })
        .collect();
    let rests = match (rests.is_empty(), entry.credential_type.as_deref()) {
        (false, _) => rests.join("<br>"),
        (true, Some("QVI")) => "its issuer".to_owned(),
        (true, _) => "nothing".to_owned(),
    };
    let mut registry = state_text(entry);
    if let Some(problem) = standing_text(entry) {
        registry.push_str(&format!("; {problem}"));
    }
    page.push_str(&format!(
        "<tr data-state=\"{}\"><th scope=\"row\" data-head=\"credential\">{}<br><code>{}</code></th>",
        entry.state.map_or("unknown", RegistryState::as_str),
        shown(&kind(entry)),
        shown(&entry.said)
    ));
    for (head, cell) in [
        ("issuer", party(&entry.issuer)),
        ("subject", subject),
        ("LEI", shown(entry.lei.as_deref().unwrap_or("none"))),
        ("registry", shown(&registry)),
        ("rests on", rests),
        ("stream", format!("<code>{}</code>", shown(&entry.path))),
    ] {
        page.push_str(&format!("<td data-head=\"{head}\"><div>{cell}</div></td>"));
    }
    page.push_str("</tr>\n");
}

fn drawing(chain: &[CredentialEntry]) -> String {
    let mut drawing = Drawing::default();
    let left = if chain.iter().zip(chain.iter().skip(1)).all(|(above, entry)| follows(above, entry)) {
        MARGIN
    } else {
        GUTTER
    };
    let mut y = 4;
    // Where each card stands: its digest, top and bottom.
    let mut placed: Vec<(&str, usize, usize)> = Vec::new();
    let mut lane = 0;
    for (at, entry) in chain.iter().take(DRAWN_MAX).enumerate() {
        if entry.edges.is_empty() {
            y = root(&mut drawing, entry, left, y);
        }
        for edge in entry.edges.iter().filter(|edge| far(chain, &edge.node).is_none()) {
            drawing.card((left, y), (WIDTH - left - 4, 26), "card absent");
            drawing.sign((left + 16, y + 13), Sign::Bad);
            let text = format!("{} {}: not presented", edge.label, short(&edge.node));
            drawing.text((left + 30, y + 17), Face::Label, WIDTH - left - 44, &text);
            drawing.path(&[(left + 16, y + 26), (left + 16, y + 26 + GAP)], "link broken");
            y += 26 + GAP;
        }
        let lines = lines(chain, entry);
        let height = 30 + lines.len() * LINE + 6;
        for edge in &entry.edges {
            let Some((_, _, bottom)) = placed.iter().find(|(said, ..)| *said == edge.node) else { continue };
            let class = match edge.state {
                Some(EdgeState::Holds) if is_sound(chain, &edge.node) => "link",
                Some(EdgeState::Holds | EdgeState::Broken | EdgeState::NotPresented) | None => "link broken",
            };
            let above = at.checked_sub(1).and_then(|above| chain.get(above));
            if above.is_some_and(|above| follows(above, entry)) && *bottom + GAP == y {
                let x = left + 16;
                drawing.path(&[(x, *bottom), (x, y)], class);
                drawing.arrow((x, y), if class == "link" { "head" } else { "head broken" });
                let word = format!("{}: {}", edge.label, link_word(chain, edge));
                drawing.text((x + 12, y - GAP / 2 + 4), Face::Label, WIDTH - left - 40, &word);
            } else {
                let x = 4 + (lane % LANES) * 8;
                lane += 1;
                let from = bottom.saturating_sub(14);
                drawing.path(&[(left, from), (x, from), (x, y + 14), (left, y + 14)], class);
            }
        }
        card(&mut drawing, entry, &lines, (left, y), height);
        placed.push((entry.said.as_str(), y, y + height));
        y += height + GAP;
    }
    let height = y.saturating_sub(GAP) + 4;
    drawing.svg("chain-drawing", height, "Chain of credentials", &description(chain))
}

/// Whether a credential rests on the one above it, and on no other that is there.
fn follows(above: &CredentialEntry, entry: &CredentialEntry) -> bool {
    entry.edges.len() <= 1 && entry.edges.iter().all(|edge| edge.node == above.said)
}

/// Who stands above a credential that rests on no other.
fn root(drawing: &mut Drawing, entry: &CredentialEntry, left: usize, y: usize) -> usize {
    let known = entry.issuer.name.as_deref();
    let trusted = entry.credential_type.as_deref() != Some("QVI") || known == Some("GEDA");
    let text = match (trusted, known) {
        (true, Some(name)) => name.to_owned(),
        (true, None) => format!("issuer {}", short(&entry.issuer.aid)),
        (false, _) => format!("not the GEDA: {}", short(&entry.issuer.aid)),
    };
    drawing.card((left, y), (WIDTH - left - 4, 26), if trusted { "card root" } else { "card absent" });
    drawing.text((left + 12, y + 17), Face::Strong, WIDTH - left - 32, &text);
    let (class, head) = if trusted { ("link", "head") } else { ("link broken", "head broken") };
    drawing.path(&[(left + 16, y + 26), (left + 16, y + 26 + GAP)], class);
    drawing.arrow((left + 16, y + 26 + GAP), head);
    drawing.text((left + 28, y + 26 + GAP / 2 + 4), Face::Label, 100, "issues");
    y + 26 + GAP
}

fn card(
    drawing: &mut Drawing,
    entry: &CredentialEntry,
    lines: &[(&'static str, String)],
    (left, y): (usize, usize),
    height: usize,
) {
    let (sign, word) = sign(entry);
    let class = match entry.state {
        Some(RegistryState::Issued) if standing_text(entry).is_none() => "card",
        Some(RegistryState::Draft) if standing_text(entry).is_none() => "card draft",
        Some(RegistryState::Issued | RegistryState::Draft | RegistryState::Unproven) | None => "card doubtful",
        Some(RegistryState::Revoked) => "card revoked",
    };
    drawing.card((left, y), (WIDTH - left - 4, height), class);
    drawing.sign((left + 16, y + 18), sign);
    drawing.text((left + 30, y + 22), Face::Strong, WIDTH - left - 130, &kind(entry));
    drawing.text((WIDTH - 12, y + 22), Face::State, 100, word);
    for (at, (label, text)) in lines.iter().enumerate() {
        let y = y + 30 + LINE * at + 12;
        drawing.text((left + 12, y), Face::Label, 58, label);
        drawing.text((left + 72, y), Face::Value, WIDTH - left - 84, text);
    }
}

fn lines(chain: &[CredentialEntry], entry: &CredentialEntry) -> Vec<(&'static str, String)> {
    let party = |party: &Party| match &party.name {
        Some(name) => format!("{name} {}", short(&party.aid)),
        None => short(&party.aid),
    };
    let mut lines = vec![
        ("issuer", party(&entry.issuer)),
        ("subject", entry.issuee.as_ref().map_or_else(|| "nobody named".to_owned(), party)),
    ];
    lines.extend(entry.person.clone().map(|person| ("person", person)));
    lines.extend(entry.role.clone().map(|role| ("role", role)));
    lines.extend(entry.lei.clone().map(|lei| ("LEI", lei)));
    lines.push(("registry", state_text(entry)));
    if entry.edges.len() > 1 || entry.edges.iter().any(|edge| edge.state != Some(EdgeState::Holds)) {
        for edge in &entry.edges {
            let name = far(chain, &edge.node).map_or_else(|| short(&edge.node), kind);
            lines.push(("rests on", format!("{name}: {}", edge_word(edge.state))));
        }
    }
    lines.extend(standing_text(entry).map(|text| ("chain", text.to_owned())));
    lines
}

/// The whole drawing in words.
fn description(chain: &[CredentialEntry]) -> String {
    let sentence = |entry: &CredentialEntry| {
        let name = |party: &Party| said(party.name.as_ref().unwrap_or(&short(&party.aid)));
        let to = entry.issuee.as_ref().map(|issuee| format!(" to {}", name(issuee))).unwrap_or_default();
        let lei = entry.lei.as_ref().map(|lei| format!(", LEI {}", said(lei))).unwrap_or_default();
        let problem = standing_text(entry).map(|text| format!(", {text}")).unwrap_or_default();
        format!("{} by {}{to}{lei}: {}{problem}.", said(&kind(entry)), name(&entry.issuer), state_text(entry))
    };
    let sentences: Vec<String> = chain.iter().take(DRAWN_MAX).map(sentence).collect();
    sentences.join(" ")
}

/// What the credential is called.
fn kind(entry: &CredentialEntry) -> String {
    match entry.credential_type.as_deref() {
        Some("QVI") => "QVI credential".to_owned(),
        Some("LE") => "LE credential".to_owned(),
        Some("OOR_AUTH") => "OOR authorization".to_owned(),
        Some("ECR_AUTH") => "ECR authorization".to_owned(),
        Some("OOR") => "OOR credential".to_owned(),
        Some("ECR") => "ECR credential".to_owned(),
        Some(other) => other.to_owned(),
        None => "other credential".to_owned(),
    }
}

fn far<'c>(chain: &'c [CredentialEntry], said: &str) -> Option<&'c CredentialEntry> {
    chain.iter().find(|entry| entry.said == said)
}

/// Whether a credential can be rested on.
fn is_sound(chain: &[CredentialEntry], said: &str) -> bool {
    far(chain, said).is_some_and(|entry| entry.state == Some(RegistryState::Issued) && standing_text(entry).is_none())
}

fn sign(entry: &CredentialEntry) -> (Sign, &'static str) {
    match entry.state {
        Some(RegistryState::Revoked) => (Sign::Bad, "revoked"),
        Some(RegistryState::Unproven) => (Sign::Open, "not proven"),
        None => (Sign::Open, "not looked at"),
        Some(RegistryState::Issued) if standing_text(entry).is_some() => (Sign::Bad, "chain broken"),
        Some(RegistryState::Draft) if standing_text(entry).is_some() => (Sign::Bad, "chain broken"),
        Some(RegistryState::Issued) => (Sign::Good, "issued"),
        Some(RegistryState::Draft) => (Sign::Next, "to be signed"),
    }
}

/// What its registry says, in words.
fn state_text(entry: &CredentialEntry) -> String {
    let on = |at: Option<crate::primitives::Instant>| at.map(|at| format!(" {at}")).unwrap_or_default();
    match entry.state {
        Some(RegistryState::Draft) => "proposed, in no registry yet".to_owned(),
        Some(RegistryState::Issued) => format!("issued{}", on(entry.issued_at)),
        Some(RegistryState::Revoked) => format!("revoked{}", on(entry.revoked_at)),
        Some(RegistryState::Unproven) => "no sealed event proves it".to_owned(),
        None => "not looked at".to_owned(),
    }
}

/// What is wrong with all that it rests on; none: nothing, or its own registry says it already.
fn standing_text(entry: &CredentialEntry) -> Option<&'static str> {
    match entry.standing? {
        ChainState::Valid => None,
        ChainState::Revoked if entry.state == Some(RegistryState::Revoked) => None,
        ChainState::Revoked => Some("it rests on what is revoked"),
        ChainState::Ghost => Some("QVI revoked, grace period runs"),
        ChainState::Incomplete if entry.state == Some(RegistryState::Unproven) => None,
        ChainState::Incomplete => Some("something of it is missing"),
        ChainState::Invalid => Some("it does not verify"),
    }
}

/// What an edge says, and what it leads to.
fn link_word(chain: &[CredentialEntry], edge: &EdgeEntry) -> &'static str {
    match (edge.state, far(chain, &edge.node).and_then(|entry| entry.state)) {
        (Some(EdgeState::Holds), Some(RegistryState::Revoked)) => "leads to what is revoked",
        (Some(EdgeState::Holds), Some(RegistryState::Unproven) | None) => "leads to what is not proven",
        (state, _) => edge_word(state),
    }
}

fn edge_word(state: Option<EdgeState>) -> &'static str {
    match state {
        Some(EdgeState::Holds) => "holds",
        Some(EdgeState::Broken) => "does not hold",
        Some(EdgeState::NotPresented) => "not presented",
        None => "not looked at",
    }
}
