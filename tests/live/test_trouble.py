"""AWS that is slow, full, broken or forbidding; a cluster that goes away. Whatever was missed is made up for, nothing is made twice."""

import pytest

from cluster import until
from settle import at, becomes, gone, names, quiet, up
from state import canonical, ours
from world import web

PODS = ["10.1.0.100", "10.1.1.100"]


@pytest.fixture
def made(cluster, namespace, run):
    """Makes an Ingress on an account and waits; the account's canonical state and the calls that it took."""
    def make(account):
        account.reset()
        cluster.apply(web(namespace.name))
        namespace.serve("a", PODS)
        up(account, namespace, [f"{namespace.name}.example.com"], at(*PODS))
        return canonical(account), quiet(account)

    return make


def remove(account, namespace):
    namespace.delete()
    gone(namespace)
    until(lambda: ours(account) == [], lambda: ours(account))


@pytest.mark.parametrize("effect", ["throttled", "unavailable", "cut-before", "cut-after", "half", {"delay": 400}], ids=str)
def test_trouble_with_every_operation_is_survived(account, namespace, run, made, effect):
    controller = run(account).ready()
    wanted, calls = made(account)
    remove(account, namespace)
    account.reset()
    for name in sorted(set(names(calls))):
        service, operation = name.split(":")
        account.rule(effect, service=service, operation=operation, times=2)
    host = f"{namespace.name}.example.com"
    namespace.cluster.apply(web(namespace.name))
    up(account, namespace, [host], at(*PODS))
    becomes(account, wanted)
    met = {f"{c['service']}:{c['operation']}" for c in account.calls() if c["effect"]}
    assert met, "the rules met something"
    remove(account, namespace)
    assert controller.probe("healthz")


def test_a_denied_operation_is_named_and_the_rest_goes_on(cluster, emulated, namespace, run, made):
    account, host = emulated, f"{namespace.name}.example.com"
    run(account).ready()
    wanted, calls = made(account)
    for name in sorted(set(names([c for c in calls if c["mutating"]]))):
        remove(account, namespace)
        quiet(account)
        account.reset()
        service, operation = name.split(":")
        account.rule("denied", service=service, operation=operation)
        cluster.apply(web(namespace.name))
        denied = lambda: [c for c in account.calls() if c["effect"]]
        until(denied, name)
        if operation == "AddTags":
            # On a create it writes only our own note, without which everything works.
            up(account, namespace, [host], at(*PODS))
        elif service != "route53":
            said = lambda: [e["message"] for e in cluster.list("events", namespace.name) if e["type"] == "Warning"]
            until(lambda: any(name in message for message in said()), lambda: f"{name}: {said()}")
        assert len(quiet(account, 1)) < 2 * len(calls) + 20, f"a hot loop after {name}"
        account.unrule()
        # Somebody who gave the permission need not restart anything; a touch hurries it.
        for value in ("1", None):
            namespace.touch(tags=value and "hurry=yes", **{"external-dns.alpha.kubernetes.io/ttl": value})
        namespace.serve("a", PODS[:1])
        namespace.serve("a", PODS)
        up(account, namespace, [host], at(*PODS))
        becomes(account, wanted)


def test_targets_follow_pods_while_creates_are_denied(cluster, emulated, namespace, run, made):
    account = emulated
    run(account).ready()
    made(account)
    for operation in ("CreateRule", "CreateTargetGroup", "CreateListener", "CreateLoadBalancer"):
        account.rule("denied", operation=operation)
    cluster.apply(web(namespace.name, [(f"{namespace.name}.example.com", f"/{p}", "Prefix", s, 80) for p, s in ("xa", "yb")],
                      services=("a", "b")))
    until(lambda: any(c["effect"] for c in account.calls()))
    namespace.serve("a", ["10.1.2.100"])
    [group] = account.groups()
    until(lambda: account.targets(group) == at("10.1.2.100"), lambda: account.targets(group))


def test_the_api_server_restarts(cluster, emulated, namespace, run, made):
    account, host = emulated, f"{namespace.name}.example.com"
    controller = run(account).ready()
    wanted, _ = made(account)
    account.reset()
    cluster.restart(pause=2)
    assert quiet(account, 2) is not None and account.calls(mutating=True) == [], "a cluster that is away is no reason"
    assert canonical(account) == wanted and controller.probe("healthz")
    namespace.serve("a", ["10.1.2.100"])
    up(account, namespace, [host], at("10.1.2.100"))


def test_what_happened_while_nobody_watched_is_seen(cluster, emulated, namespace, run, made):
    """The watches stand still, objects change, the server restarts: resuming is refused (410 Gone), all is listed again."""
    account, host = emulated, f"{namespace.name}.example.com"
    controller = run(account).ready()
    made(account)
    controller.pause()
    cluster.apply(web(namespace.name, name="second", services=("b",)))
    namespace.serve("a", ["10.1.2.100"])
    namespace.serve("b", PODS)
    cluster.restart()
    controller.wake()
    up(account, namespace, [host], at("10.1.2.100"))
    controller.pause()
    namespace.delete()
    cluster.restart()
    controller.wake()
    gone(namespace)
    until(lambda: len(account.balancers()) == 1)
    assert {g["TargetGroupName"].split("-")[2] for g in account.groups()} == {"b"}
