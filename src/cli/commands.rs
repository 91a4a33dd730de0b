//! docs/commands.md: every command with its options, from the definitions of the command line.
//!
//! A test holds the page, and writes it anew with `COUNTERSIGN_BLESS=1`.

use std::fs;

use clap::{Arg, ArgAction, Command, CommandFactory};

use super::Arguments;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/commands.md");

const HEAD: &str = "# Commands\n\n\
    Every command with its options, as `--help` says it.\n\
    This page is made from the program by a test; `COUNTERSIGN_BLESS=1 cargo test --lib commands` writes it anew.\n\
    [docs/README.md](README.md) says which page tells how people work with them.\n";

fn page() -> String {
    let mut root = Arguments::command();
    root.build();
    let mut page = HEAD.to_owned();
    page.push_str("\n| command | |\n|---|---|\n");
    visit(&root, "", &mut |command, path| {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let anchor = path.replace(' ', "-");
        page.push_str(&format!("| [`{path}`](#{anchor}) | {} |\n", cell(&about)));
    });
    visit(&root, "", &mut |command, path| page.push_str(&section(command, path)));
    page
}

/// Every command that people type, in the order of the program.
fn visit(command: &Command, before: &str, tell: &mut dyn FnMut(&Command, &str)) {
    let path = format!("{before} {}", command.get_name());
    tell(command, path.trim());
    let subcommands = command.get_subcommands().filter(|sub| sub.get_name() != "help" && !sub.is_hide_set());
    subcommands.for_each(|sub| visit(sub, &path, tell));
}

fn section(command: &Command, path: &str) -> String {
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    let usage = command.clone().render_usage().to_string();
    let mut text = format!("\n## {path}\n\n{}\n\n```text\n{}\n```\n", sentences(&about), usage.trim_end());
    let is_root = !path.contains(' ');
    let told = |arg: &&Arg| {
        let ours = !matches!(
            arg.get_action(),
            ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
        );
        ours && !arg.is_hide_set() && (is_root || !arg.is_global_set())
    };
    let arguments: Vec<&Arg> = command.get_arguments().filter(told).collect();
    if !arguments.is_empty() {
        text.push_str(if is_root { "\nWith every command:\n" } else { "" });
        text.push_str("\n| option | |\n|---|---|\n");
        arguments.iter().for_each(|arg| text.push_str(&row(arg)));
    }
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    text.push_str(&format!("\n```text\n{}\n```\n", after.trim_end()));
    text
}

fn row(arg: &Arg) -> String {
    let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let mut help = cell(&help);
    let values: Vec<String> = arg
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    if !values.is_empty() && arg.get_action().takes_values() {
        help.push_str(&format!("; one of {}", values.join(", ")));
    }
    let defaults: Vec<String> =
        arg.get_default_values().iter().map(|value| format!("`{}`", value.to_string_lossy())).collect();
    if !defaults.is_empty() && arg.get_action().takes_values() {
        help.push_str(&format!("; default: {}", defaults.join(", ")));
    }
    format!("| `{}` | {help} |\n", cell(&arg.to_string()))
}

/// In a cell of a table.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// One sentence on a line.
fn sentences(text: &str) -> String {
    let mut told = String::new();
    for (at, character) in text.char_indices() {
        let ended = text[..at].ends_with(['.', ':', '?']) && !text[..at].ends_with("...");
        let begins = text[at..].trim_start().starts_with(|next: char| next.is_uppercase() || next == '`');
        told.push(if character == ' ' && ended && begins { '\n' } else { character });
    }
    told.trim_end().to_owned()
}

#[test]
fn the_page_of_commands_is_what_the_program_says() {
    let page = page();
    if std::env::var_os("COUNTERSIGN_BLESS").is_some() {
        fs::write(PAGE, &page).unwrap();
    }
    let there = fs::read_to_string(PAGE).unwrap();
    assert_eq!(there, page, "docs/commands.md is not what the program says; COUNTERSIGN_BLESS=1 writes it anew");
}

#[test]
fn no_command_and_no_option_is_left_out() {
    let page = page();
    let mut root = Arguments::command();
    root.build();
    let mut commands = 0;
    visit(&root, "", &mut |command, path| {
        commands += 1;
        let heading = format!("\n## {path}\n");
        let section = page.split_once(&heading).unwrap_or_else(|| panic!("`{path}` is not on the page")).1;
        let section = section.split("\n## ").next().unwrap();
        let own = command.get_arguments().filter(|arg| !arg.is_global_set());
        for long in own.filter_map(Arg::get_long).filter(|long| !["help", "version"].contains(long)) {
            assert!(section.contains(&format!("`--{long}")), "`{path}` has `--{long}`");
        }
    });
    assert!(commands > 50, "{commands}");
}
