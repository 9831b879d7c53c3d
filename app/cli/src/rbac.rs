//! `inroad rbac`: the least that the API server must allow, as YAML for kubectl. In: the flags that `run` will
//! get. Out: a ServiceAccount with its roles. Forbidden: knowing what is read and written; that is
//! [`inroad_cluster::rights`].

use std::{
    collections::{BTreeMap, BTreeSet},
    process::ExitCode,
};

use clap::Args;
use inroad_cluster::rights::{LEASE_VERBS, Right, Writes, rights};
use inroad_words::{Kind, controller::Source};

use crate::flags::{SettingsArgs, Values};

/// What `rbac` is told: what `run` will be told, and where it will run.
#[derive(Debug, Args)]
pub(crate) struct RbacArgs {
    /// Namespace of the Deployment and its ServiceAccount
    #[arg(long, default_value = "inroad")]
    install_namespace: String,
    /// Name of the ServiceAccount
    #[arg(long, default_value = "inroad")]
    service_account: String,
    /// Only what `plan --live` and `explain --live` need: no writes
    #[arg(long)]
    read_only: bool,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Prints what is to be allowed.
///
/// # Errors
/// Values that a flag does not take.
pub(crate) fn run(args: &RbacArgs) -> anyhow::Result<ExitCode> {
    anstream::print!("{}", document(args)?);
    Ok(ExitCode::SUCCESS)
}

/// What one half of inroad needs.
struct Half {
    name: String,
    rights: Vec<Right>,
    /// The only namespace that is read.
    namespace: Option<String>,
    /// Namespace and name of the Lease; none where it is not contended for.
    lease: Option<(String, String)>,
}

fn document(args: &RbacArgs) -> anyhow::Result<String> {
    let values = args.settings.values()?;
    let (account, namespace) = (&args.service_account, &args.install_namespace);
    let mut text = format!(
        "# What inroad must be allowed, and nothing else. `inroad rbac` prints this for any flags.\n\
         apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {account}\n  namespace: {namespace}\n"
    );
    for half in [balancers(&values, args), dns(&values, args)].into_iter().flatten() {
        text.push_str(&half.roles(args));
    }
    Ok(text)
}

fn is_on(values: &Values, half: &str) -> bool {
    values.list("controllers").iter().any(|name| name == half)
}

fn balancers(values: &Values, args: &RbacArgs) -> Option<Half> {
    let reads: BTreeSet<Kind> = Kind::ALL.iter().copied().collect();
    is_on(values, "balancers").then(|| Half {
        name: name(args, "balancers"),
        rights: rights(&reads, if args.read_only { Writes::Nothing } else { Writes::Everything }),
        namespace: values.some("watch-namespace"),
        lease: lease(values, args, ("enable-leader-election", "leader-election-id")),
    })
}

fn dns(values: &Values, args: &RbacArgs) -> Option<Half> {
    let sources = values.list("source");
    let reads: BTreeSet<Kind> =
        sources.iter().filter_map(|name| Source::parse(name).kind()).collect();
    (is_on(values, "dns") && !reads.is_empty()).then(|| Half {
        name: name(args, "dns"),
        rights: rights(&reads, if args.read_only { Writes::Nothing } else { Writes::Events }),
        namespace: values.some("namespace"),
        lease: lease(values, args, ("dns-enable-leader-election", "dns-leader-election-id")),
    })
}

/// Roles are named after the account, so that one account's do not take another one's place.
fn name(args: &RbacArgs, half: &str) -> String {
    let account = &args.service_account;
    match account.ends_with(half) {
        true => account.clone(),
        false => format!("{account}-{half}"),
    }
}

fn lease(values: &Values, args: &RbacArgs, flags: (&str, &str)) -> Option<(String, String)> {
    let namespace = values.some("leader-election-namespace");
    let namespace = namespace.unwrap_or_else(|| args.install_namespace.clone());
    (values.on(flags.0) && !args.read_only).then(|| (namespace, values.text(flags.1)))
}

impl Half {
    fn roles(&self, args: &RbacArgs) -> String {
        let everywhere = |right: &&Right| self.namespace.is_none() || !right.namespaced;
        let (cluster, within): (Vec<&Right>, Vec<&Right>) =
            self.rights.iter().partition(everywhere);
        let mut text = String::new();
        if !cluster.is_empty() {
            text.push_str(&role(&self.name, None, &rules(&cluster), args));
        }
        if let Some(namespace) = self.namespace.as_deref().filter(|_| !within.is_empty()) {
            text.push_str(&role(&self.name, Some(namespace), &rules(&within), args));
        }
        if let Some((namespace, lease)) = &self.lease {
            let name = format!("{}-lease", self.name);
            text.push_str(&role(&name, Some(namespace), &lease_rules(lease), args));
        }
        text
    }
}

/// A role and its binding; without a namespace: of the whole cluster.
fn role(name: &str, namespace: Option<&str>, rules: &str, args: &RbacArgs) -> String {
    let scope = if namespace.is_some() { "" } else { "Cluster" };
    let place = namespace.map_or_else(String::new, |it| format!("\n  namespace: {it}"));
    let head = |kind: &str| {
        format!(
            "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {scope}{kind}\n\
             metadata:\n  name: {name}{place}\n"
        )
    };
    format!(
        "{}rules:\n{rules}{}roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: {scope}Role\n  \
         name: {name}\nsubjects:\n- kind: ServiceAccount\n  name: {}\n  namespace: {}\n",
        head("Role"),
        head("RoleBinding"),
        args.service_account,
        args.install_namespace
    )
}

/// Resources of one group that the same is done with share a rule.
fn rules(rights: &[&Right]) -> String {
    let mut alike = BTreeMap::<_, Vec<&str>>::new();
    for right in rights {
        alike.entry((&right.group, &right.verbs)).or_default().push(&right.resource);
    }
    let rules = alike.into_iter().map(|((group, verbs), resources)| {
        let verbs: Vec<&str> = verbs.iter().copied().collect();
        rule(group, &resources, "", &verbs)
    });
    rules.collect()
}

/// RBAC cannot tie a creation to a name.
fn lease_rules(lease: &str) -> String {
    let (named, unnamed) = LEASE_VERBS;
    let only = format!("  resourceNames: [{lease}]\n");
    let rule = |only: &str, verbs| rule("coordination.k8s.io", &["leases"], only, verbs);
    rule("", &unnamed) + &rule(&only, &named)
}

fn rule(group: &str, resources: &[&str], only: &str, verbs: &[&str]) -> String {
    let (resources, verbs) = (resources.join(", "), verbs.join(", "));
    format!("- apiGroups: [{group:?}]\n  resources: [{resources}]\n{only}  verbs: [{verbs}]\n")
}

#[cfg(test)]
mod tests;
