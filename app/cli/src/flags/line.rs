//! The command line, made from the table. In: argv. Out: for each flag, the values that were given, as text
//! that its kind takes. Forbidden: defaults, the environment, files; those are [`super::values`]'.

use std::{collections::BTreeMap, ffi::OsString, path::Path};

use anyhow::Context;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, parser::ValueSource};

use super::{Fate, Flag, Kind, Peer, TABLE, all, find, value};

/// What the command line says of every flag of the table.
#[derive(Debug, Clone, Default)]
pub(crate) struct SettingsArgs {
    /// Flag -> its values in the order in which they were given.
    pub(super) given: BTreeMap<&'static str, Vec<String>>,
}

impl Args for SettingsArgs {
    fn augment_args(command: Command) -> Command {
        let mut command = command;
        for (peer, flags) in TABLE {
            for flag in flags {
                command = command.arg(argument(peer, flag));
            }
        }
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingsArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut settings = Self::default();
        settings.update_from_arg_matches(matches)?;
        Ok(settings)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for (_, flag) in all() {
            if matches.value_source(flag.name) == Some(ValueSource::CommandLine) {
                let values = matches.get_many::<String>(flag.name).into_iter().flatten();
                self.given.insert(flag.name, values.cloned().collect());
            }
        }
        Ok(())
    }
}

fn argument(peer: Peer, flag: &'static Flag) -> Arg {
    let arg = Arg::new(flag.name)
        .long(flag.name)
        .help(flag.doc)
        .help_heading(peer.title())
        .value_parser(move |text: &str| value::check(flag, text).map(|()| text.to_owned()))
        .value_name(shape(flag.kind))
        .action(ArgAction::Append)
        // A page of what does nothing helps nobody; `inroad flags` has them all.
        .hide(flag.fate != Fate::Served);
    let arg = match flag.kind {
        Kind::Bool => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
        _ => arg.allow_hyphen_values(true),
    };
    match flag.default {
        "" => arg,
        list if flag.is_list() => arg.default_values(list.split(',')),
        text => arg.default_value(text),
    }
}

/// What stands for a value in help.
pub(super) fn shape(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Secret | Kind::Repeat => "TEXT",
        Kind::Bool => "BOOL",
        Kind::Number => "NUMBER",
        Kind::Duration => "TIME",
        Kind::Choice(_) | Kind::Choices(_) => "WORD",
        Kind::Commas => "A,B",
        Kind::Pairs => "K=V,K=V",
    }
}

/// The arguments of this process, all spelled alike: `@FILE` stands for its lines and `--no-x` for `--x=false`,
/// as kingpin has it, and with no subcommand it is `run`.
///
/// # Errors
/// Such a file cannot be read.
pub(crate) fn arguments(args: impl IntoIterator<Item = OsString>) -> anyhow::Result<Vec<OsString>> {
    let mut out = Vec::new();
    for (place, arg) in args.into_iter().enumerate() {
        match arg.to_str().and_then(|text| text.strip_prefix('@')).filter(|it| !it.is_empty()) {
            Some(file) if place > 0 => out.extend(lines(Path::new(file))?),
            _ => out.push(arg),
        }
    }
    out.iter_mut().for_each(positive);
    let first = out.get(1).and_then(|arg| arg.to_str());
    let asks = matches!(first, Some("--help" | "-h" | "--version" | "-V"));
    if first.is_none_or(|first| first.starts_with('-')) && !asks {
        let place = out.len().min(1);
        out.insert(place, "run".into());
    }
    Ok(out)
}

fn positive(arg: &mut OsString) {
    let name = arg.to_str().and_then(|text| text.strip_prefix("--no-"));
    if let Some((_, flag)) = name.and_then(find).filter(|(_, flag)| flag.kind == Kind::Bool) {
        *arg = format!("--{}=false", flag.name).into();
    }
}

fn lines(file: &Path) -> anyhow::Result<Vec<OsString>> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    Ok(lines.map(OsString::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(args: &[&str]) -> Result<BTreeMap<&'static str, Vec<String>>, clap::Error> {
        let command = SettingsArgs::augment_args(Command::new("x").no_binary_name(true));
        let args = ["inroad", "run"].iter().chain(args).map(OsString::from);
        let args = arguments(args).expect("no files");
        let matches = command.try_get_matches_from(args.into_iter().skip(2))?;
        Ok(SettingsArgs::from_arg_matches(&matches)?.given)
    }

    #[test]
    fn flags_are_spelled_as_both_peers_spell_them() {
        for (args, name, values) in [
            (&["--enable-waf=false"][..], "enable-waf", &["false"][..]),
            (&["--enable-waf"], "enable-waf", &["true"]),
            (&["--enable-waf=F"], "enable-waf", &["F"]),
            (&["--no-aws-evaluate-target-health"], "aws-evaluate-target-health", &["false"]),
            (&["--no-dry-run", "--dry-run"], "dry-run", &["false", "true"]),
            (&["--dry-run", "--no-dry-run"], "dry-run", &["true", "false"]),
            (&["--domain-filter=a,b", "--domain-filter", "c"], "domain-filter", &["a,b", "c"]),
            (&["--default-tags=a=b,c=d"], "default-tags", &["a=b,c=d"]),
            (&["--cluster-name", "x", "--cluster-name=y"], "cluster-name", &["x", "y"]),
            (&["--txt-prefix=-x-"], "txt-prefix", &["-x-"]),
            (&["--sync-period=1h30m"], "sync-period", &["1h30m"]),
        ] {
            let given = given(args).unwrap_or_else(|error| panic!("{args:?}: {error}"));
            assert_eq!(
                given.get(name).map(Vec::as_slice),
                Some(&values.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>()[..])
            );
        }
    }

    #[test]
    fn what_a_flag_cannot_take_is_refused() {
        for args in [
            &["--enable-waf=yes"][..],
            &["--interval=5"],
            &["--source=ingresses"],
            &["--policy", "Sync"],
            &["--aws-max-retries=-1"],
            &["--default-tags=a"],
            &["--cluster-names=x"],
            &["--no-policy"],
        ] {
            assert!(given(args).is_err(), "{args:?}");
        }
    }

    #[test]
    fn without_a_subcommand_it_is_run_and_files_hold_arguments() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "# ours\n--cluster-name=demo\n\n--source=ingress\n")
            .expect("it");
        let at = format!("@{}", file.path().display());
        for (args, expected) in [
            (&["inroad"][..], &["inroad", "run"][..]),
            (&["inroad", "--cluster-name", "demo"], &["inroad", "run", "--cluster-name", "demo"]),
            (&["inroad", "plan", "x"], &["inroad", "plan", "x"]),
            (&["inroad", "--help"], &["inroad", "--help"]),
            (&["inroad", &at], &["inroad", "run", "--cluster-name=demo", "--source=ingress"]),
        ] {
            let read = arguments(args.iter().map(OsString::from)).expect("the file is there");
            assert_eq!(read, expected, "{args:?}");
        }
        assert!(arguments(["inroad", "@/no/such/file"].map(OsString::from)).is_err());
    }
}
