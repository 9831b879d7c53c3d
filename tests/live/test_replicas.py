"""Two replicas: one leads, the other is ready; whoever lost its lease writes nothing, not even when it wakes."""

import time

from cluster import until
from settle import at, gone, quiet, up
from state import canonical, ours
from world import web

LEASE = "aws-load-balancer-controller-leader"
LEASE_SECONDS = 15


def holder(cluster):
    found = [l for l in cluster.list("leases") if l["metadata"]["name"] == LEASE]
    return found[0]["spec"].get("holderIdentity") if found else None


def pair(cluster, account, run):
    """(leader, follower, the leader's identity)"""
    first = run(account, elect=True)
    identity = until(lambda: holder(cluster))
    second = run(account, elect=True).ready()
    assert holder(cluster) == identity
    return first.ready(), second, identity


def test_a_killed_leader_is_followed(cluster, emulated, namespace, run):
    account, host = emulated, f"{namespace.name}.example.com"
    leader, _, identity = pair(cluster, account, run)
    cluster.apply(web(namespace.name))
    namespace.serve("a", ["10.1.0.100"])
    up(account, namespace, [host], at("10.1.0.100"))
    leader.kill()
    namespace.serve("a", ["10.1.1.100"])
    up(account, namespace, [host], at("10.1.1.100"))
    assert holder(cluster) not in (None, "", identity)


def test_a_leader_that_was_paused_beyond_its_lease_writes_nothing(cluster, emulated, namespace, run):
    account, host = emulated, f"{namespace.name}.example.com"
    leader, follower, identity = pair(cluster, account, run)
    cluster.apply(web(namespace.name))
    namespace.serve("a", ["10.1.0.100"])
    up(account, namespace, [host], at("10.1.0.100"))
    quiet(account)
    # Woken in the middle of a write that it had begun, it would undo what the other made since.
    leader.pause()
    namespace.serve("a", ["10.1.1.100"])
    up(account, namespace, [host], at("10.1.1.100"))
    until(lambda: holder(cluster) not in (None, "", identity))
    namespace.delete()
    gone(namespace)
    until(lambda: ours(account) == [], lambda: ours(account))
    quiet(account)
    empty = canonical(account)
    follower.pause()
    account.reset()
    leader.wake()
    time.sleep(LEASE_SECONDS / 3)
    assert account.calls(mutating=True) == [] and canonical(account) == empty
    follower.wake()


def test_a_leader_that_stops_gives_its_lease_back(cluster, emulated, namespace, run):
    account, host = emulated, f"{namespace.name}.example.com"
    leader, _, identity = pair(cluster, account, run)
    assert leader.stop() == 0
    begun = time.monotonic()
    until(lambda: holder(cluster) not in (None, "", identity), lambda: holder(cluster))
    assert time.monotonic() - begun < LEASE_SECONDS, "the other need not wait until it has run out"
    cluster.apply(web(namespace.name))
    namespace.serve("a", ["10.1.0.100"])
    up(account, namespace, [host], at("10.1.0.100"))
