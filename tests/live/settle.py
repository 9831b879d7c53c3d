"""Waiting for what the controller should come to, by what a person could look at."""

import time

from cluster import PATIENCE, until
from state import canonical

QUIET = 0.8


def pointed(account, host, balancer):
    """Whether a name leads to a load balancer, by an alias or by its name."""
    record = account.records().get((f"{host}.", "A")) or account.records().get((f"{host}.", "CNAME")) or {}
    name = record.get("AliasTarget", {}).get("DNSName") or (record.get("ResourceRecords") or [{}])[0].get("Value", "")
    return name.rstrip(".").lower().removeprefix("dualstack.") == balancer["DNSName"].lower()


def up(account, namespace, hosts, targets, name="web", stack=None):
    """Until the status says the load balancer's name, the hosts lead there and its groups hold these targets: the balancer."""
    def check():
        balancer = account.balancer(stack or f"{namespace.name}/{name}")
        if not balancer or namespace.hostname(name) != balancer["DNSName"]:
            return None
        if not all(pointed(account, host, balancer) for host in hosts):
            return None
        groups = account.groups_of(balancer)
        return balancer if groups and all(account.targets(g) == targets for g in groups) else None

    return until(check, lambda: f"{account.balancers()} {namespace.ingress(name)} {account.records()}", every=0.1)


def at(*addresses, port=8080):
    return {(address, port) for address in addresses}


def quiet(account, seconds=QUIET):
    """Until no call was made for a while; all calls since the last reset."""
    calls, since = account.calls(), time.monotonic()
    end = since + PATIENCE
    while time.monotonic() - since < seconds:
        time.sleep(0.05)
        now = account.calls()
        if len(now) != len(calls):
            calls, since = now, time.monotonic()
        assert since < end, f"never quiet: {names(calls)[-20:]}"
    return calls


def looked(account, operation, times):
    """Until it has looked at what exists this often since the last reset."""
    until(lambda: [c["operation"] for c in account.calls()].count(operation) >= times,
          lambda: f"{operation} {times} times: {names(account.calls())}")


def becomes(account, wanted, patience=PATIENCE):
    """Until the account holds exactly this."""
    def difference():
        now = canonical(account)
        return "\n".join([*(f"- {x}" for x in wanted if x not in now), *(f"+ {x}" for x in now if x not in wanted)])

    until(lambda: canonical(account) == wanted, difference, patience, every=0.15)


def gone(namespace, name="web"):
    until(lambda: namespace.ingress(name) is None, lambda: f"{namespace.ingress(name)}")


def names(calls):
    return [f"{c['service']}:{c['operation']}" for c in calls]
