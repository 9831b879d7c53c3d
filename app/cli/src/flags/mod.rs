//! Every flag there is, once: what it is called, whose it was, what it takes, and what became of it. From this
//! table come the command line, the environment, the keys of `--config`, `inroad flags` and docs/flags.md.
//! Forbidden: what a flag's value does; that is [`crate::settings`] and [`crate::run`].

mod balancers;
mod config;
mod dns;
mod line;
mod own;
mod page;
mod providers;
mod sources;
mod value;
mod values;

pub(crate) use line::{SettingsArgs, arguments};
pub(crate) use page::{FlagsArgs, run};
pub(crate) use value::boolean;
pub(crate) use values::Values;

/// One flag.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flag {
    /// Without dashes; also the key in `--config`.
    pub(crate) name: &'static str,
    /// What its peer calls it; differs from `name` only where both peers use one name for two things.
    pub(crate) peer_name: &'static str,
    /// What it takes.
    pub(crate) kind: Kind,
    /// As one would write it; lists with commas; empty: nothing.
    pub(crate) default: &'static str,
    /// What it is for.
    pub(crate) doc: &'static str,
    /// What became of it.
    pub(crate) fate: Fate,
}

/// What a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Anything.
    Text,
    /// Anything, and nobody may read it in a log.
    Secret,
    /// `--x`, `--x=false`, `--no-x`, with the words that Go takes for true and false.
    Bool,
    /// A whole number that is not negative.
    Number,
    /// A length of time as Go writes it: `1m30s`, `1.5h`.
    Duration,
    /// One of these.
    Choice(&'static [&'static str]),
    /// `a,b`; several times adds up (pflag's string slice).
    Commas,
    /// `k=v,k=v` (pflag's string to string).
    Pairs,
    /// Once for each value; a comma is part of the value (kingpin's strings).
    Repeat,
    /// As [`Kind::Repeat`], each one of these.
    Choices(&'static [&'static str]),
}

/// What became of a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It does what it did.
    Served,
    /// Any value is taken and changes nothing, because of this.
    NoEffect(&'static str),
    /// Only its default can be had today, because of this; another value is refused, not ignored.
    DefaultOnly(&'static str),
}

/// Whose flags they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// AWS Load Balancer Controller v3.5.
    Balancers,
    /// ExternalDNS v0.22.
    Dns,
    /// Both have it and mean the same.
    Both,
    /// Nobody had it before.
    Own,
}

impl Peer {
    /// As a heading.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Peer::Balancers => "Load balancers (flags of AWS Load Balancer Controller)",
            Peer::Dns => "DNS (flags of ExternalDNS)",
            Peer::Both => "Both halves",
            Peer::Own => "inroad",
        }
    }
}

/// All flags, by whose they are.
pub(crate) const TABLE: [(Peer, &[Flag]); 6] = [
    (Peer::Own, own::FLAGS),
    (Peer::Both, own::SHARED),
    (Peer::Balancers, balancers::FLAGS),
    (Peer::Dns, dns::FLAGS),
    (Peer::Dns, sources::FLAGS),
    (Peer::Dns, providers::FLAGS),
];

/// All flags with whose they are, in the table's order.
pub(crate) fn all() -> impl Iterator<Item = (Peer, &'static Flag)> {
    TABLE.into_iter().flat_map(|(peer, flags)| flags.iter().map(move |flag| (peer, flag)))
}

/// The flag of this name.
pub(crate) fn find(name: &str) -> Option<(Peer, &'static Flag)> {
    all().find(|(_, flag)| flag.name == name)
}

impl Flag {
    const fn new(name: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Self {
        Self { name, peer_name: name, kind, default, doc, fate: Fate::Served }
    }

    const fn was(mut self, peer_name: &'static str) -> Self {
        self.peer_name = peer_name;
        self
    }

    const fn no_effect(mut self, why: &'static str) -> Self {
        self.fate = Fate::NoEffect(why);
        self
    }

    const fn default_only(mut self, why: &'static str) -> Self {
        self.fate = Fate::DefaultOnly(why);
        self
    }

    /// The variable that sets it: ExternalDNS has one for each of its flags.
    pub(crate) fn variable(&self, peer: Peer) -> Option<String> {
        let name = || self.peer_name.to_uppercase().replace('-', "_");
        matches!(peer, Peer::Dns | Peer::Both).then(|| format!("EXTERNAL_DNS_{}", name()))
    }

    /// Whether it holds several values.
    pub(crate) fn is_list(&self) -> bool {
        matches!(self.kind, Kind::Commas | Kind::Pairs | Kind::Repeat | Kind::Choices(_))
    }

    /// The values that hold where nobody says any.
    pub(crate) fn defaults(&self) -> Vec<String> {
        match self.default {
            "" => Vec::new(),
            list if self.is_list() => list.split(',').map(str::to_owned).collect(),
            text => vec![text.to_owned()],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_and_variables_are_unique_and_every_default_can_be_read() {
        let mut names = BTreeSet::new();
        let mut variables = BTreeSet::new();
        for (peer, flag) in all() {
            assert!(names.insert(flag.name), "--{} is there twice", flag.name);
            if let Some(variable) = flag.variable(peer) {
                assert!(variables.insert(variable), "--{}: its variable is taken", flag.name);
            }
            for value in flag.defaults() {
                value::check(flag, &value).expect(flag.name);
            }
            assert!(!flag.doc.is_empty() && !flag.doc.ends_with('.'), "--{}", flag.name);
        }
    }

    #[test]
    fn only_what_both_peers_have_in_two_meanings_is_called_otherwise() {
        let renamed = all().filter(|(_, flag)| flag.name != flag.peer_name);
        for (peer, flag) in renamed {
            let other = find(flag.peer_name).expect("the other peer's flag has the name");
            assert_eq!((peer, other.0), (Peer::Dns, Peer::Balancers), "--{}", flag.name);
            assert_eq!(flag.name, format!("dns-{}", flag.peer_name));
        }
    }
}
