//! What a person sees: colour on a terminal only (`anstream` takes it out elsewhere, and honours
//! `NO_COLOR`). Results go to stdout; mistakes, failures and notes to stderr.

use std::{fmt::Display, net::SocketAddr, path::Path};

use anstream::{eprintln, print, println};
use anstyle::{AnsiColor, Style};
use inroad_plan::{
    Outcome, Plan,
    render::{self, Line, Symbol},
};
use inroad_words::{Diagnostic, Mark, Origin, Severity};

const BOLD: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();
const GREEN: Style = colour(AnsiColor::Green);
const YELLOW: Style = colour(AnsiColor::Yellow);
const RED: Style = colour(AnsiColor::Red);
const CYAN: Style = colour(AnsiColor::Cyan);

const fn colour(colour: AnsiColor) -> Style {
    colour.on_default()
}

fn painted(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// What this run is about.
pub(crate) fn title(text: &str) {
    println!("{}", painted(BOLD, text));
}

/// Something worth knowing that is nobody's mistake.
pub(crate) fn note(text: &str) {
    eprintln!("{}", painted(FAINT, text));
}

/// Something that the outside refused.
pub(crate) fn failure(text: &str) {
    eprintln!("{} {text}", painted(RED, "failed"));
}

/// Several plans with their total.
pub(crate) fn plans(plans: &[&Plan]) {
    lines(&render::render(plans.iter().copied()));
}

/// One plan, without a total; nothing where there is nothing to do or to wait for.
pub(crate) fn plan(plan: &Plan) {
    let mut all = render::render([plan]);
    all.retain(|line| line.symbol != Symbol::Total);
    lines(&all);
}

fn lines(lines: &[Line]) {
    let text = render::text(lines);
    for (line, text) in lines.iter().zip(text.lines()) {
        let style = match line.symbol {
            Symbol::Unit | Symbol::Total => BOLD,
            Symbol::Add => GREEN,
            Symbol::Change => YELLOW,
            Symbol::Delete => RED,
            Symbol::Hold => CYAN,
            Symbol::Field => Style::new(),
        };
        let (body, origin) = text.split_at(text.len() - line.origin.len());
        println!("{}{}", painted(style, body), painted(FAINT, origin));
    }
}

/// How the steps of a plan went.
pub(crate) fn outcome(plan: &Plan, outcome: &Outcome) {
    let steps = outcome.done.len();
    let done = if steps == 1 { "1 step" } else { &format!("{steps} steps") };
    println!("  {} {}: {done}", painted(GREEN, "applied"), plan.unit);
    for (id, error) in &outcome.failed {
        let subject = plan.ops.get(id).map(|step| step.subject.to_string()).unwrap_or_default();
        failure(&format!("{subject}: {error}"));
    }
}

/// Mistakes with the place where they stand and what to do.
pub(crate) fn diagnostics(all: &[&Diagnostic], mark: impl Fn(&Origin) -> Option<Mark>) {
    for diagnostic in all {
        let (style, word) = match diagnostic.severity {
            Severity::Error => (RED, "error"),
            Severity::Warning => (YELLOW, "warning"),
            Severity::Note => (FAINT, "note"),
        };
        let head = painted(style, format_args!("{word}[{}]", diagnostic.code));
        eprintln!("{head} {}", painted(BOLD, &diagnostic.message));
        let place = mark(&diagnostic.origin).map(|mark| format!("{mark}  "));
        eprintln!("  at {}{}", place.unwrap_or_default(), diagnostic.origin);
        if let Some(help) = &diagnostic.help {
            eprintln!("  help: {help}");
        }
    }
}

/// A whole answer, with a line end. A reader that has gone away is no failure of ours, which is why
/// all output goes through `anstream`: the standard library's macros would panic.
pub(crate) fn document(text: &str) {
    println!("{text}");
}

/// The state that everything has settled to.
pub(crate) fn result(text: &str) {
    if text.is_empty() {
        return;
    }
    print!("\n{text}");
}

/// Command lines to try.
pub(crate) fn tries(commands: &[String]) {
    if commands.is_empty() {
        return;
    }
    println!("\n{}", painted(BOLD, "try"));
    for command in commands {
        println!("  {}", painted(CYAN, command));
    }
}

/// Where the emulated services are.
pub(crate) fn services(aws: SocketAddr, dns: SocketAddr) {
    println!("\nAWS API  http://{aws}   DNS  {dns}");
}

/// The folder is being watched.
pub(crate) fn watching(root: &Path) {
    println!("\n{}", painted(FAINT, format_args!("watching {}; Ctrl-C ends", root.display())));
}
