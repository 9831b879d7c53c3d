//! The text of plans: one line for each thing, symbol first, origin last; below a thing that changes
//! its fields. Lines come structured, so that whoever has a terminal can colour them.

use inroad_words::{
    Origin,
    balancer::Mutual,
    record::{Record, RecordData},
    targets::HealthCheck,
};
use serde::Serialize;

use crate::{
    Op, Plan, RecordChange,
    phrase::{self, Names},
    plan::{Change, Counts, Step, Subject},
};

/// One line of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What kind of line it is.
    pub symbol: Symbol,
    /// Its columns, aligned with those of the other lines of this symbol's depth.
    pub cells: Vec<String>,
    /// Who says so; empty where nobody does.
    pub origin: String,
}

/// What a line says, and the sign that it begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Symbol {
    /// A unit; no sign, no indent.
    Unit,
    /// `+`.
    Add,
    /// `~`.
    Change,
    /// `-`.
    Delete,
    /// `~ hold`.
    Hold,
    /// A field of the thing above; no sign, indented further.
    Field,
    /// The last line.
    Total,
}

impl Symbol {
    fn lead(self) -> &'static str {
        match self {
            Symbol::Unit | Symbol::Total => "",
            Symbol::Add => "  + ",
            Symbol::Change | Symbol::Hold => "  ~ ",
            Symbol::Delete => "  - ",
            Symbol::Field => "      ",
        }
    }

    /// Only things are set in columns; headings and fields run on.
    fn is_tabular(self) -> bool {
        matches!(self, Symbol::Add | Symbol::Change | Symbol::Delete | Symbol::Hold)
    }
}

/// The lines of several plans, those that do and hold nothing left out, and their total.
pub fn render<'a>(plans: impl IntoIterator<Item = &'a Plan>) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut total = Counts::default();
    for plan in plans {
        total += plan.counts();
        if !plan.is_empty() || !plan.holds.is_empty() {
            unit(plan, &mut lines);
        }
    }
    let Counts { add, change, delete, held } = total;
    let text = format!("{add} to add, {change} to change, {delete} to delete, {held} held");
    lines.push(Line { symbol: Symbol::Total, cells: vec![text], origin: String::new() });
    lines
}

/// The lines as plain text, columns aligned, with a newline after each.
pub fn text(lines: &[Line]) -> String {
    let widths = widths(lines);
    let body: Vec<String> = lines.iter().map(|line| body(line, &widths)).collect();
    let with_origin = lines.iter().zip(&body).filter(|(line, _)| !line.origin.is_empty());
    let edge = with_origin.map(|(_, body)| body.chars().count()).max().unwrap_or(0) + 2;
    let mut text = String::new();
    for (line, body) in lines.iter().zip(body) {
        match line.origin.is_empty() {
            true => text.push_str(&body),
            false => text.push_str(&format!("{body:edge$}{}", line.origin)),
        }
        text.push('\n');
    }
    text
}

/// The last column is free: it may be long without pushing anything but the origin.
fn widths(lines: &[Line]) -> Vec<usize> {
    let mut widths = Vec::new();
    for line in lines.iter().filter(|line| line.symbol.is_tabular()) {
        for (column, cell) in line.cells.iter().enumerate().take(line.cells.len() - 1) {
            if widths.len() <= column {
                widths.push(0);
            }
            widths[column] = widths[column].max(cell.chars().count());
        }
    }
    widths
}

fn body(line: &Line, widths: &[usize]) -> String {
    let mut body = line.symbol.lead().to_owned();
    for (column, cell) in line.cells.iter().enumerate() {
        let width = widths.get(column).filter(|_| line.symbol.is_tabular());
        body.push_str(&format!("{cell:width$}  ", width = width.copied().unwrap_or(0)));
    }
    body.trim_end().to_owned()
}

fn unit(plan: &Plan, lines: &mut Vec<Line>) {
    let origins =
        plan.ops.values().map(|it| &it.origin).chain(plan.holds.iter().map(|it| &it.origin));
    let object = { origins }.find_map(Origin::object);
    let origin = object.map(|it| format!("origin {}", said_by(&Origin::field(it, ""))));
    let cells = vec![plan.unit.to_string()];
    lines.push(Line { symbol: Symbol::Unit, cells, origin: origin.unwrap_or_default() });
    let mut subjects: Vec<&Subject> = Vec::new();
    let shown: Vec<&Step> = plan.ops.values().filter(|step| !step.op.is_note()).collect();
    for step in &shown {
        if let Op::ChangeRecords { changes, .. } = &step.op {
            lines.extend(changes.iter().filter(|it| it.is_news()).map(|change| {
                let own = step.why.iter().find(|it| it.field == change.key().to_string());
                record(change, own.map_or(&step.origin, |it| &it.origin))
            }));
        } else if !subjects.contains(&&step.subject) {
            subjects.push(&step.subject);
        }
    }
    for subject in &subjects {
        let steps: Vec<&Step> =
            shown.iter().copied().filter(|it| it.subject == **subject).collect();
        thing(subject, &steps, &plan.names, lines);
        lines.extend(goes_first(subject, &subjects));
    }
    for hold in &plan.holds {
        let cells = vec!["hold".into(), hold.subject.clone(), hold.reason.to_string()];
        lines.push(Line { symbol: Symbol::Hold, cells, origin: said_by(&hold.origin) });
    }
}

/// Where two load balancers would bear one name, AWS takes no second one before the first is gone.
fn goes_first(subject: &Subject, all: &[&Subject]) -> Option<Line> {
    let is_made = |it: &&&Subject| it.change == Change::Add && it.kind == subject.kind;
    let again = all.iter().filter(is_made).any(|it| it.name == subject.name);
    let goes = subject.kind == "load-balancer" && subject.change == Change::Delete;
    let text = "deleted first: the new one bears the same name; nothing answers until that stands";
    let line = |text: &str| Line {
        symbol: Symbol::Field,
        cells: vec![text.to_owned()],
        origin: String::new(),
    };
    (goes && again).then(|| line(text))
}

fn thing(subject: &Subject, steps: &[&Step], names: &Names, lines: &mut Vec<Line>) {
    let symbol = match subject.change {
        Change::Add => Symbol::Add,
        Change::Change => Symbol::Change,
        Change::Delete => Symbol::Delete,
    };
    let details = match (symbol, targets(steps)) {
        (_, Some(targets)) => targets,
        (Symbol::Add, None) => {
            let each = steps.iter().filter_map(|it| detail(&it.op, names));
            each.collect::<Vec<_>>().join("; ")
        }
        // What changes is below, what goes is known by its name.
        _ => String::new(),
    };
    let cells = vec![subject.kind.to_owned(), subject.name.clone(), details];
    let origin = match steps.first().map(|it| &it.origin) {
        None | Some(Origin::Default) if symbol == Symbol::Delete => "no longer wanted".to_owned(),
        origin => origin.map(said_by).unwrap_or_default(),
    };
    lines.push(Line { symbol, cells, origin });
    for change in steps.iter().flat_map(|it| &it.why) {
        let side = |value: &Option<serde_json::Value>| {
            value.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string)
        };
        let text = format!("{}: {} -> {}", change.field, side(&change.before), side(&change.after));
        let origin = said_by(&change.origin);
        lines.push(Line { symbol: Symbol::Field, cells: vec![text], origin });
    }
}

/// An Ingress is what nearly everything comes from, so its kind goes without saying.
fn said_by(origin: &Origin) -> String {
    let text = origin.to_string();
    text.strip_prefix("ingress/").map(str::to_owned).unwrap_or(text)
}

/// What a line says of a thing beyond its name.
fn detail(op: &Op, names: &Names) -> Option<String> {
    let text = match op {
        Op::AuthorizeIngress { rules, .. } => {
            let words: Vec<String> = rules.iter().map(|it| phrase::ingress(it, names)).collect();
            words.join(", ")
        }
        Op::CreateTargetGroup { spec, .. } => format!(
            "{}:{} {}, health {}",
            spec.protocol.as_str(),
            spec.port,
            spec.target_type.as_str(),
            health(&spec.health_check),
        ),
        Op::CreateLoadBalancer { spec, .. } => {
            format!("{}, {} subnets", spec.scheme.as_str(), spec.subnets.prefer.len())
        }
        Op::CreateListener { spec, .. } => {
            let then = phrase::actions(&spec.default_actions, names);
            let clients = match &spec.mutual {
                Some(Mutual::Verify(_)) => ", clients verified",
                Some(Mutual::Passthrough) => ", clients' certificates passed on",
                Some(Mutual::Off) | None => "",
            };
            format!("{}{clients}, else {then}", spec.protocol.as_str())
        }
        Op::CreateRule { spec, .. } => {
            let when = phrase::conditions(&spec.conditions);
            format!("{when} {}", phrase::deeds(spec, names))
        }
        _ => return None,
    };
    Some(text)
}

/// The targets that steps register or remove, where they do.
fn targets(steps: &[&Step]) -> Option<String> {
    let each = steps.iter().filter_map(|step| match &step.op {
        Op::RegisterTargets { targets, .. } | Op::DeregisterTargets { targets, .. } => {
            Some(targets)
        }
        _ => None,
    });
    let words: Vec<String> = each.flatten().map(|it| format!("{}:{}", it.id, it.port)).collect();
    (!words.is_empty()).then(|| some(&words))
}

fn health(check: &HealthCheck) -> String {
    let path = check.path.as_ref().map(|path| format!(":{path}")).unwrap_or_default();
    format!("{} {}{path}", check.protocol.as_str(), check.port)
}

/// The first few, and how many more.
fn some(words: &[String]) -> String {
    const SHOWN: usize = 4;
    match words.len().checked_sub(SHOWN) {
        Some(more @ 1..) => format!("{} and {more} more", words[..SHOWN].join(", ")),
        _ => words.join(", "),
    }
}

fn record(change: &RecordChange, origin: &Origin) -> Line {
    let (symbol, record) = match change {
        RecordChange::Create { record } => (Symbol::Add, record),
        RecordChange::Upsert { record, .. } => (Symbol::Change, record),
        RecordChange::Delete { before } => (Symbol::Delete, before),
    };
    let cells = vec!["record".into(), record.key.to_string(), data(record)];
    Line { symbol, cells, origin: said_by(origin) }
}

fn data(record: &Record) -> String {
    match &record.data {
        RecordData::Values(values) => values.iter().cloned().collect::<Vec<_>>().join(", "),
        RecordData::Alias { target, .. } => format!("alias {target}"),
    }
}
