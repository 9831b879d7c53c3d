//! The reference of annotations, written from the settings table. In: `docs/annotations.md`, whose prose is
//! written by hand, and the table. Out: the same page with what stands between its two marks written again.
//! Forbidden: anything about an annotation that the table does not say.

use std::{fmt::Write, fs, path::PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use inroad_intent::settings::{
    ALL, AnySetting, Merge, NOT_YET, OF_SERVICES, PREFIX, SERVICE_PREFIX, Scope, UNSERVED,
};
use inroad_words::controller::BalancerSettings;

const BEGIN: &str = "<!-- from the settings table: `cargo xtask settings` -->\n";
const END: &str = "<!-- end of what is written by `cargo xtask settings` -->";

/// Headings in the order of the page.
const SECTIONS: [(Scope, &str); 5] = [
    (Scope::Group, "Groups"),
    (Scope::Balancer, "Load balancers"),
    (Scope::Listener, "Listeners"),
    (Scope::Rule, "Rules"),
    (Scope::TargetGroup, "Target groups"),
];

/// What to do with the page.
#[derive(Args)]
pub(crate) struct SettingsArgs {
    /// Write nothing; fail where the page is not what would be written.
    #[arg(long)]
    check: bool,
}

/// Writes the page, or looks whether it is current.
pub(crate) fn run(args: &SettingsArgs) -> anyhow::Result<()> {
    if args.check {
        return check();
    }
    let (path, page) = page()?;
    fs::write(&path, written(&page)?).with_context(|| path.display().to_string())
}

/// Fails where the page is not what the table says today.
pub(crate) fn check() -> anyhow::Result<()> {
    let (_, page) = page()?;
    if written(&page)? != page {
        bail!(
            "docs/annotations.md is not what the settings table says: run `cargo xtask settings`"
        );
    }
    println!("settings: docs/annotations.md is current, {} settings", ALL.len());
    Ok(())
}

fn page() -> anyhow::Result<(PathBuf, String)> {
    let path = crate::suite::root().join("docs/annotations.md");
    let page = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    Ok((path, page))
}

/// The page with its generated part written again.
fn written(page: &str) -> anyhow::Result<String> {
    let parts =
        page.split_once(BEGIN).and_then(|(head, rest)| Some((head, rest.split_once(END)?.1)));
    let Some((head, tail)) = parts else { bail!("the marks {BEGIN:?} and {END:?} are not in it") };
    Ok(format!("{head}{BEGIN}{}\n{END}{tail}", sections()))
}

fn sections() -> String {
    let defaults = BalancerSettings::default();
    let mut text = String::new();
    for (scope, heading) in SECTIONS {
        let rows = ALL.iter().filter(|setting| setting.row().scope == scope);
        let rows: String = rows.map(|setting| row(*setting, &defaults)).collect();
        let _ = write!(
            text,
            "\n### {heading}\n\n| Annotation | Class params | Default | In a group | Meaning |\n\
             |---|---|---|---|---|\n{rows}"
        );
    }
    let later: Vec<String> = NOT_YET.iter().map(|suffix| format!("`{suffix}`")).collect();
    let _ = write!(text, "\n### Known, not served yet\n\n{}.\n", later.join(", "));
    format!("\nEvery annotation below starts with `{PREFIX}`.\n{text}\n{}", of_services(&defaults))
}

/// The table's second dialect.
fn of_services(defaults: &BalancerSettings) -> String {
    let rows = OF_SERVICES.iter().filter_map(|setting| {
        let name = setting.row().service?;
        let like = setting.row().ingress;
        let named = if name.ends_with('.') { "…" } else { "" };
        let default = default(*setting, defaults);
        Some(format!("| `{name}{named}` | `{like}{named}` | {default} |\n"))
    });
    let unserved: Vec<String> = UNSERVED.iter().map(|(name, _)| format!("`{name}`")).collect();
    format!(
        "## Services of their own\n\nEvery annotation below starts with `{SERVICE_PREFIX}`; it means what its like \
         means on an Ingress.\n\n| Annotation | Like | Default |\n|---|---|---|\n{}\nKnown and not served, so that \
         the Service is left alone: {}.\n",
        rows.collect::<String>(),
        unserved.join(", ")
    )
}

fn default(setting: &dyn AnySetting, defaults: &BalancerSettings) -> String {
    match setting.default_text(defaults).as_deref() {
        None => String::new(),
        Some("") => "none".into(),
        Some(text) => format!("`{text}`"),
    }
}

fn row(setting: &dyn AnySetting, defaults: &BalancerSettings) -> String {
    let row = setting.row();
    let named = if row.ingress.ends_with('.') { "…" } else { "" };
    let params = row.params.map_or_else(String::new, |field| format!("`{field}`"));
    let default = default(setting, defaults);
    let doc = row.doc.replace('|', "\\|").replace('<', "&lt;");
    format!("| `{}{named}` | {params} | {default} | {} | {doc} |\n", row.ingress, merge(row.merge))
}

fn merge(merge: Merge) -> &'static str {
    match merge {
        Merge::Exclusive => "one value",
        Merge::ExclusivePerPort => "one value a port",
        Merge::Union => "united",
        Merge::Append => "appended",
        Merge::PerMember => "each its own",
        Merge::MostSpecific => "each backend its own",
        Merge::Either => "either",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_has_a_line_of_five_cells_on_the_page() {
        let text = sections();
        for setting in ALL {
            let start = format!("| `{}", setting.row().ingress);
            let lines: Vec<&str> = text.lines().filter(|line| line.starts_with(&start)).collect();
            assert!(!lines.is_empty(), "{} is in no section", setting.row().id);
            for line in lines {
                assert_eq!(line.replace("\\|", "").matches('|').count(), 6, "{line}");
            }
        }
    }

    #[test]
    fn prose_stays_and_the_rest_is_written_again() {
        let page = format!("# Head\n{BEGIN}stale words\n{END}\ntail\n");
        let written = written(&page).expect("the marks are there");
        assert!(written.starts_with("# Head\n") && written.ends_with(&format!("{END}\ntail\n")));
        assert!(!written.contains("stale words") && written.contains("`healthcheck-path`"));
        assert!(super::written("# no marks").is_err());
    }

    #[test]
    fn the_page_is_current() {
        check().expect("docs/annotations.md is written by `cargo xtask settings`");
    }
}
