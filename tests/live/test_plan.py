"""`plan --live` and `explain --live`: what `run` would do, with read rights only."""

import os
import subprocess

from account import CLUSTER, KEYS, REGION
from controller import BINARY
from rights import limited
from settle import at, up
from world import web

SOURCES = ["--source", "ingress", "--source", "service"]


def environment(account):
    return {**os.environ, **KEYS, "AWS_ENDPOINT_URL": account.endpoint, "AWS_EC2_METADATA_DISABLED": "true"}


def ask(cluster, account, *command, who=None):
    """As the account `reader`, which may only read."""
    who = who or limited(cluster, "reader", "--read-only", *SOURCES)
    out = subprocess.run(
        [str(x) for x in (
            BINARY, *command, "--live", "--kubeconfig", who, "--cluster-name", CLUSTER, "--aws-region", REGION,
            "--aws-vpc-id", account.vpc, *SOURCES, "--provider", "aws", "--txt-owner-id", "live", "--policy", "sync",
            "--domain-filter", "example.com")],
        capture_output=True, text=True, timeout=120, env=environment(account))
    assert "panicked" not in out.stderr, out.stderr
    return out


def versions(cluster):
    return {(o["metadata"]["namespace"], o["metadata"]["name"]): o["metadata"]["resourceVersion"] for o in cluster.list("ingresses")}


def test_a_plan_of_the_cluster_writes_nothing_and_is_what_run_does(cluster, account, namespace, run):
    host = f"{namespace.name}.example.com"
    cluster.apply(web(namespace.name))
    namespace.serve("a", ["10.1.0.100"])
    before = versions(cluster)
    plan = ask(cluster, account, "plan")
    assert plan.returncode == 2 and "+ load-balancer" in plan.stdout and "0 to delete" in plan.stdout, plan.stdout + plan.stderr
    explained = ask(cluster, account, "explain", f"ingress/{namespace.name}/web")
    assert explained.returncode == 0 and host in explained.stdout and "10.1.0.100" in explained.stdout, explained.stdout + explained.stderr
    assert account.calls(mutating=True) == [] and versions(cluster) == before

    controller = run(account).ready()
    up(account, namespace, [host], at("10.1.0.100"))
    controller.stop()
    account.reset()
    settled = ask(cluster, account, "plan")
    assert settled.returncode == 0 and "0 to add, 0 to change, 0 to delete, 0 held" in settled.stdout, settled.stdout + settled.stderr
    namespace.touch(healthcheck_path="/ready")
    changed = ask(cluster, account, "plan")
    assert changed.returncode == 2 and '-> "/ready"' in changed.stdout, changed.stdout + changed.stderr
    assert account.calls(mutating=True) == []


def test_a_live_cluster_against_a_snapshot_asks_no_aws(cluster, emulated, namespace, run, tmp_path):
    account, file = emulated, tmp_path / "aws.json"
    cluster.apply(web(namespace.name))
    namespace.serve("a", ["10.1.0.100"])
    controller = run(account).ready()
    up(account, namespace, [f"{namespace.name}.example.com"], at("10.1.0.100"))
    controller.stop()
    account.reset()
    taken = subprocess.run(
        [str(BINARY), "snapshot", "--aws-region", REGION, "--aws-vpc-id", account.vpc, "-o", str(file)],
        capture_output=True, text=True, timeout=120, env=environment(account))
    assert taken.returncode == 0, taken.stderr
    assert account.calls() and account.calls(mutating=True) == []
    account.reset()
    plan = ask(cluster, account, "plan", "--snapshot", file)
    assert plan.returncode == 0 and "0 to add, 0 to change, 0 to delete, 0 held" in plan.stdout, plan.stdout + plan.stderr
    assert account.calls() == []


def test_what_cannot_be_read_ends_the_plan(cluster, emulated, namespace):
    cluster.apply(web(namespace.name))
    blind = limited(cluster, "blind", "--read-only", "--controllers=dns", "--source=service")
    refused = ask(cluster, emulated, "plan", who=blind)
    assert refused.returncode == 1 and "forbidden" in refused.stderr and refused.stdout == "", refused.stdout + refused.stderr
    assert emulated.calls() == []
