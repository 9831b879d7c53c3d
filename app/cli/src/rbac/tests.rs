use std::ffi::OsString;

use clap::Parser;

use super::*;
use crate::flags;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    rbac: RbacArgs,
}

fn printed(args: &[&str]) -> String {
    let line = ["inroad", "rbac"].into_iter().chain(args.iter().copied()).map(OsString::from);
    let args = flags::arguments(line).expect("no files are named").into_iter().skip(1);
    let line = Line::try_parse_from(args).expect("flags that there are");
    document(&line.rbac).expect("values that the flags take")
}

/// The arguments in a Deployment, but for `run`.
fn arguments(deployment: &str) -> Vec<&str> {
    deployment
        .lines()
        .filter_map(|line| {
            line.strip_prefix("        - --").map(|_| line.trim_start_matches("        - "))
        })
        .collect()
}

#[test]
fn what_is_installed_is_what_is_printed_for_its_flags() {
    let installed = [
        (
            "inroad",
            include_str!("../../../../deploy/one/deployment.yaml"),
            include_str!("../../../../deploy/one/rbac.yaml"),
        ),
        (
            "inroad-balancers",
            include_str!("../../../../deploy/two/balancers.yaml"),
            include_str!("../../../../deploy/two/rbac-balancers.yaml"),
        ),
        (
            "inroad-dns",
            include_str!("../../../../deploy/two/dns.yaml"),
            include_str!("../../../../deploy/two/rbac-dns.yaml"),
        ),
    ];
    for (account, deployment, rbac) in installed {
        let mut flags = arguments(deployment);
        assert!(flags.len() > 3, "{account}: {flags:?}");
        flags.extend(["--service-account", account]);
        assert_eq!(printed(&flags), rbac, "{account}: `inroad rbac {}`", flags.join(" "));
    }
}

#[test]
fn nothing_is_allowed_that_the_flags_do_not_need() {
    let dns = printed(&["--controllers=dns", "--source=service"]);
    for absent in ["ingresses", "pods", "elbv2", "aws-load-balancer", "delete", "\n  verbs: [patch"]
    {
        assert!(!dns.contains(absent), "{absent} in\n{dns}");
    }
    assert!(dns.contains("resources: [services]\n  verbs: [get, list, watch]"), "{dns}");

    let alone = printed(&["--enable-leader-election=false"]);
    assert!(!alone.contains("leases") && !alone.contains("kind: Role\n"), "{alone}");
    assert!(!alone.contains("inroad-dns"), "without sources there is no DNS half\n{alone}");

    let narrow = printed(&["--watch-namespace=shop", "--no-enable-leader-election"]);
    let (cluster, within) = narrow.split_once("kind: Role\n").expect("a Role of its own");
    assert!(within.starts_with("metadata:\n  name: inroad-balancers\n  namespace: shop\n"));
    assert!(cluster.contains("ingressclasses") && !cluster.contains("services"), "{cluster}");
    assert!(within.contains("ingresses/status") && !within.contains("nodes"), "{within}");

    let reader = printed(&["--read-only", "--source=ingress"]);
    let verbs = reader.lines().filter(|line| line.trim_start().starts_with("verbs:"));
    assert!(verbs.clone().count() > 3 && verbs.clone().all(|it| it == "  verbs: [list, watch]"));
    assert!(!reader.contains("leases"));
}
