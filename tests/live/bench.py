"""What the built `inroad run` costs: attempts at AWS, counted at the proxy in front of the account, and memory. Bounds are
asserted, times are only printed. Run by `cargo xtask bench`, not with the suite."""

import collections
import os
import time

import pytest

from account import Account, emulator
from cluster import until
from settle import at, gone, names, quiet, up
from world import Namespace, documents, node, service, web

QUOTAS = ["rules_per_load_balancer=1000", "target_groups_per_load_balancer=1000", "target_groups=3000", "load_balancers=100"]
PODS = ["10.1.0.100", "10.1.1.100", "10.1.2.100"]
ROWS = []


def row(what, calls, bound, peers, seconds=None):
    took = "" if seconds is None else f"{seconds:.1f} s"
    ROWS.append(f"| {what} | {len(calls)} | {bound} | {peers} | {took} |")
    print(ROWS[-1])
    assert len(calls) <= bound, (what, dict(collections.Counter(names(calls)).most_common()))


@pytest.fixture(scope="module", autouse=True)
def table():
    yield
    print("\n| AWS calls (attempts at a proxy) | inroad | bound | ALBC 3.5 + ExternalDNS 0.22 | until quiet |\n|---|---|---|---|---|")
    print("\n".join(ROWS))


@pytest.fixture
def account(cluster):
    """An account that takes two hundred rules on one load balancer."""
    server = emulator("--region", "us-east-1", *(word for quota in QUOTAS for word in ("--quota", quota)))
    account = Account("emulator", server)
    account.seed()
    for name, (instance, zone, address) in account.nodes.items():
        cluster.create("nodes", node(name, instance, zone, address))
    yield account
    account.close()
    server.close()


@pytest.fixture
def start(account, run):
    """Starts it; checks for drift lie beyond the test."""
    def start():
        return run(account, "--interval", "1h", "--sync-period", "1h").ready()

    return start


def counted(account, act, then=lambda: None, seconds=1.5):
    """All attempts from an act until nothing is asked any more, and how long that took."""
    quiet(account, seconds)
    account.reset()
    begun = time.monotonic()
    act()
    then()
    calls = quiet(account, seconds)
    return calls, time.monotonic() - begun - seconds


def peak(controller):
    """The most memory that the process ever held, in MB."""
    status = open(f"/proc/{controller.process.pid}/status").read()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1]) / 1024


def weigh(controller, units):
    """The bound is for 250 units, of the program as it is released: without optimisation its code alone is larger."""
    memory, bound = peak(controller), 60 if "INROAD_BINARY" in os.environ and units <= 250 else None
    ROWS.append(f"| peak memory with {units} units, MB | {memory:.0f} | {bound or ''} | 89 + 56 | |")
    print(ROWS[-1])
    assert bound is None or memory <= bound


def fleet(namespace, size, group=None, first=0, prefix="w"):
    notes = {"group.name": group} if group else {}
    members = [
        web(namespace, [(f"{prefix}{i}.{namespace}.example.com", "/", "Prefix", f"{prefix}{i}", 80)], name=f"{prefix}{i}",
            services=(f"{prefix}{i}",), **notes)
        for i in range(first, first + size)]
    return documents(*members)


def fleet_up(account, namespace, size, prefix="w"):
    """Every Ingress has its load balancer's name, every name its record, every group its targets."""
    def check():
        items = namespace.cluster.list("ingresses", namespace.name)
        named = [i for i in items if (i.get("status", {}).get("loadBalancer", {}).get("ingress") or [{}])[0].get("hostname")]
        records = {name for name, kind in account.records() if kind == "A" and name.startswith(prefix)}
        return len(named) >= size and len(records) >= size

    until(check, lambda: f"{len(account.records())} records", patience=240, every=0.5)


def serve(namespace, size, first=0, prefix="w"):
    for i in range(first, first + size):
        namespace.serve(f"{prefix}{i}", PODS)


def test_one_ingress(cluster, account, namespace, run, start):
    n = namespace.name
    controller = start()
    hosts = [f"a.{n}.example.com", f"b.{n}.example.com"]
    rules = [(hosts[0], "/cart", "Prefix", "cart", 80), (hosts[0], "/pay", "Prefix", "pay", 80), (hosts[1], "/", "Prefix", "cart", 80)]
    for s in ("cart", "pay"):
        namespace.serve(s, PODS)
    calls, took = counted(
        account, lambda: cluster.apply(web(n, rules, services=("cart", "pay"))), lambda: up(account, namespace, hosts, at(*PODS)))
    row("one Ingress: 2 hosts, 3 paths, 2 Services", calls, 24, "41 + 5", took)

    rules[1] = (hosts[0], "/checkout", "Prefix", "pay", 80)
    calls, took = counted(account, lambda: cluster.apply(web(n, rules, services=("cart", "pay"))))
    writes = [c for c in calls if c["mutating"]]
    row("one path edited, writes", writes, 2, "the whole group is read again", took)
    assert writes and not [c for c in calls if not c["mutating"] and c["operation"].startswith(("DescribeLoadBalancers", "DescribeTags", "GetResources"))]

    calls, _ = counted(account, lambda: time.sleep(10))
    row("idle, between checks for drift", calls, 0, "0 + 3 a minute")
    assert controller.stop() == 0


def test_endpoints(cluster, account, namespace, start):
    start()
    pods = [f"10.1.{i % 3}.{30 + i // 3}" for i in range(102)]
    cluster.apply(web(namespace.name))
    namespace.serve("a", pods[:100])
    up(account, namespace, [f"{namespace.name}.example.com"], at(*pods[:100]))
    for address in pods[100:]:
        namespace.serve("unused", [address])
    calls, took = counted(
        account, lambda: namespace.serve("a", pods[2:]), lambda: up(account, namespace, [f"{namespace.name}.example.com"], at(*pods[2:])))
    row("2 of 100 endpoints changed", calls, 2, "4", took)


def test_fleets(cluster, account, run, start):
    """Fifty in a group, one more, two hundred in a group, fifty alone, and what a new process needs to find all that."""
    controller = start()
    fifty = Namespace(cluster)
    serve(fifty, 51)
    calls, took = counted(
        account, lambda: cluster.apply(fleet(fifty.name, 50, "fifty")), lambda: fleet_up(account, fifty, 50), 3)
    row("50 Ingresses in one group", calls, 200, "393 + 10", took)
    calls, took = counted(
        account, lambda: cluster.apply(fleet(fifty.name, 1, "fifty", first=50)), lambda: fleet_up(account, fifty, 51), 3)
    tags = [c for c in calls if c["operation"] == "AddTags" and "listener-rule" in c["body"]]
    row(f"one more, without {len(tags)} tags of moved rules", [c for c in calls if c not in tags], 8, "74 + 3", took)

    alone = Namespace(cluster)
    serve(alone, 50, prefix="s")
    calls, took = counted(
        account, lambda: cluster.apply(fleet(alone.name, 50, prefix="s")), lambda: fleet_up(account, alone, 50, "s"), 3)
    row("50 Ingresses with a load balancer each", calls, 480, "1235 + 20", took)
    assert controller.stop() == 0
    account.reset()
    controller = start()
    begun = time.monotonic()
    row("restart with these 51 load balancers", quiet(account, 5), 20, "823 + 6 (50 alone)", time.monotonic() - begun - 5)

    many = Namespace(cluster)
    serve(many, 200, prefix="m")
    calls, took = counted(
        account, lambda: cluster.apply(fleet(many.name, 200, "many", prefix="m")), lambda: fleet_up(account, many, 200, "m"), 5)
    row("200 Ingresses in one group", calls, 700, "1419 + 17", took)
    weigh(controller, 355)
    assert controller.stop() == 0


def test_restart_of_two_hundred(cluster, account, start):
    many = Namespace(cluster)
    serve(many, 200, prefix="m")
    controller = start()
    cluster.apply(fleet(many.name, 200, "many", prefix="m"))
    fleet_up(account, many, 200, "m")
    vouched = lambda: len([b for b in many.bindings() if b["metadata"].get("annotations", {}).get("elbv2.k8s.aws/checkpoint")])
    until(lambda: vouched() == 200, lambda: f"{vouched()} checkpoints", patience=240, every=1)
    quiet(account, 5)
    assert controller.stop() == 0
    account.reset()
    controller = start()
    begun = time.monotonic()
    row("restart with 200 in one group", quiet(account, 5), 12, "242 + 2", time.monotonic() - begun - 5)
    serve(many, 47, first=200, prefix="m")
    cluster.apply(fleet(many.name, 47, "many", first=200, prefix="m"))
    fleet_up(account, many, 247, "m")
    quiet(account, 5)
    # Their target groups, the stack, the foundation and the zone.
    weigh(controller, 250)
