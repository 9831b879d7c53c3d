//! `inroad flags`: what each flag of both peers became, as a table for people, as JSON, or as the generated part
//! of docs/flags.md. Forbidden: anything about a flag that the table does not say.

use std::{fmt::Write, process::ExitCode};

use clap::{Args, ValueEnum};
use serde_json::json;

use super::{Fate, Flag, Kind, Peer, all, line};
use crate::terminal;

/// What `flags` is told.
#[derive(Debug, Args)]
pub(crate) struct FlagsArgs {
    /// Only flags whose name contains this
    name: Option<String>,
    /// As a table, as JSON, or as Markdown
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Output {
    Text,
    Json,
    Markdown,
}

/// Prints the flags.
///
/// # Errors
/// None but the JSON writer's, which has nothing to fail on.
pub(crate) fn run(args: &FlagsArgs) -> anyhow::Result<ExitCode> {
    let name = args.name.as_deref().unwrap_or_default().trim_start_matches('-');
    let flags: Vec<_> = all().filter(|(_, flag)| flag.name.contains(name)).collect();
    match args.output {
        Output::Text => terminal::document(&text(&flags)),
        Output::Json => terminal::document(&json(&flags)?),
        Output::Markdown => terminal::document(&markdown()),
    }
    Ok(if flags.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn text(flags: &[(Peer, &Flag)]) -> String {
    let width = flags.iter().map(|(_, flag)| flag.name.len() + 2).max().unwrap_or_default();
    let lines = flags.iter().map(|(peer, flag)| {
        let name = format!("--{}", flag.name);
        format!("{name:width$}  {:11}  {}", whose(*peer), became(flag))
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn json(flags: &[(Peer, &Flag)]) -> serde_json::Result<String> {
    let rows: Vec<_> = flags
        .iter()
        .map(|(peer, flag)| {
            json!({
                "name": flag.name, "of": whose(*peer), "peerName": flag.peer_name,
                "takes": takes(flag.kind), "default": flag.defaults(), "variable": flag.variable(*peer),
                "became": became(flag), "doc": flag.doc,
            })
        })
        .collect();
    serde_json::to_string_pretty(&rows)
}

fn whose(peer: Peer) -> &'static str {
    match peer {
        Peer::Balancers => "ALBC",
        Peer::Dns => "ExternalDNS",
        Peer::Both => "both",
        Peer::Own => "inroad",
    }
}

/// What became of it, in words.
fn became(flag: &Flag) -> String {
    let fate = match flag.fate {
        Fate::Served => "served".to_owned(),
        Fate::NoEffect(why) => format!("taken, no effect: {why}"),
        Fate::DefaultOnly(why) => format!("refused but for its default: {why}"),
    };
    match flag.name == flag.peer_name {
        true => fate,
        false => format!("was --{}; {fate}", flag.peer_name),
    }
}

fn takes(kind: Kind) -> String {
    let words = |all: &[&str]| {
        let words: Vec<&str> = all.iter().copied().filter(|word| !word.is_empty()).collect();
        words.join(", ")
    };
    match kind {
        Kind::Choice(all) => format!("one of {}", words(all)),
        Kind::Choices(all) => format!("any of {}", words(all)),
        Kind::Commas => "a,b; may be repeated".into(),
        Kind::Pairs => "k=v,k=v".into(),
        Kind::Repeat => "text, repeated".into(),
        Kind::Secret => "text, masked in logs".into(),
        other => line::shape(other).to_lowercase(),
    }
}

/// The generated part of docs/flags.md.
fn markdown() -> String {
    let mut text = String::new();
    for peer in [Peer::Own, Peer::Both, Peer::Balancers, Peer::Dns] {
        let _ = write!(
            text,
            "\n### {}\n\n| Flag | Takes | Default | Meaning | Became |\n|---|---|---|---|---|\n",
            peer.title()
        );
        for (_, flag) in all().filter(|(whose, _)| *whose == peer) {
            let cell = |text: String| text.replace('|', "\\|").replace('<', "&lt;");
            let default =
                if flag.default.is_empty() { String::new() } else { format!("`{}`", flag.default) };
            let takes = cell(takes(flag.kind));
            let _ = writeln!(
                text,
                "| `--{}` | {takes} | {default} | {} | {} |",
                flag.name,
                cell(flag.doc.to_owned()),
                cell(became(flag))
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    const BEGIN: &str = "<!-- from the table of flags: `cargo xtask bless` -->\n";
    const END: &str = "<!-- end of what is written by `cargo xtask bless` -->\n";

    #[test]
    fn the_page_is_current() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/flags.md");
        let page = fs::read_to_string(&path).expect("docs/flags.md");
        let (head, rest) = page.split_once(BEGIN).expect("the mark where the tables begin");
        let (_, tail) = rest.split_once(END).expect("the mark where the tables end");
        let written = format!("{head}{BEGIN}{}\n{END}{tail}", markdown());
        if std::env::var_os("INROAD_BLESS").is_some() {
            fs::write(&path, &written).expect("docs/flags.md can be written");
            return;
        }
        assert!(written == page, "docs/flags.md is not what the table says: `cargo xtask bless`");
    }

    #[test]
    fn every_flag_has_a_line_of_five_cells() {
        let text = markdown();
        for (_, flag) in all() {
            let start = format!("| `--{}` |", flag.name);
            let lines: Vec<&str> = text.lines().filter(|line| line.starts_with(&start)).collect();
            assert_eq!(lines.len(), 1, "--{}", flag.name);
            assert_eq!(lines[0].replace("\\|", "").matches('|').count(), 6, "{}", lines[0]);
        }
    }
}
