"""kill -9 at every AWS call of a create, an update and a delete: once before AWS sees the call, once after AWS executed it and
before the answer. The next process brings the account to exactly what an undisturbed run leaves: nothing twice, nothing left over."""

import time

import yaml

from cluster import until
from settle import QUIET, at, becomes, gone, quiet, up
from state import canonical
from world import documents, web

PODS = ["10.1.0.100", "10.1.1.100"]
PHASES = ["create", "update", "delete"]
# A kill that found its phase already over is tried again; phases are not the same call by call.
TRIES = 3


class Cycle:
    """Create, update, delete of one Ingress with two Services, each until the account holds what it should."""

    def __init__(self, cluster, account, namespace, run):
        self.cluster, self.account, self.namespace, self.run = cluster, account, namespace, run
        self.host = f"{namespace.name}.example.com"
        self.wanted, self.cuts = {}, dict.fromkeys(PHASES, 0)
        for name in "ab":
            namespace.serve(name, PODS)
        self.controller = run(account).ready()
        quiet(account)

    def manifest(self, phase):
        rules = [(self.host, "/a", "Prefix", "a", 80), (self.host, "/b", "Prefix", "b", 80)]
        if phase == "create":
            return web(self.namespace.name, rules[:1])
        return web(self.namespace.name, [*rules, (f"x.{self.host}", "/", "Prefix", "a", 80)], services=("a", "b"),
                   healthcheck_path="/up", listen_ports='[{"HTTP": 80}, {"HTTP": 8080}]')

    def act(self, phase):
        if phase == "delete":
            return self.namespace.delete()
        for object in yaml.safe_load_all(self.manifest(phase)):
            kind = {"Service": "services", "Ingress": "ingresses"}[object["kind"]]
            name = object["metadata"]["name"]
            if self.cluster.get(kind, self.namespace.name, name):
                self.cluster.patch(kind, self.namespace.name, name, {
                    "metadata": {"annotations": object["metadata"].get("annotations", {})}, "spec": object["spec"]})
            else:
                self.cluster.create(kind, object, self.namespace.name)

    def settled(self, phase):
        if phase == "delete":
            gone(self.namespace)
        else:
            hosts = [self.host] if phase == "create" else [self.host, f"x.{self.host}"]
            up(self.account, self.namespace, hosts, at(*PODS))
        if phase in self.wanted:
            becomes(self.account, self.wanted[phase])

    def measure(self, phase):
        """An undisturbed run: how many calls it makes and what it leaves."""
        self.account.reset()
        self.act(phase)
        self.settled(phase)
        calls = quiet(self.account)
        self.wanted[phase] = canonical(self.account)
        return len(calls)

    def cut(self, phase, number, effect):
        """The phase with the process killed at this call: whether there was such a call."""
        self.account.reset()
        self.account.rule(effect, skip=number, times=1)
        self.act(phase)
        hung = self.hung(phase)
        if hung:
            self.controller.kill()
            self.cuts[phase] += 1
        self.account.unrule()
        if hung:
            self.controller = self.run(self.account).ready()
        self.settled(phase)
        return hung

    def hung(self, phase):
        """Until the call stands still, or everything was done without it."""
        still = {"calls": 0, "since": time.monotonic()}

        def check():
            calls = self.account.calls()
            # Cut after AWS executed it: not before AWS has answered the proxy.
            if any(c["effect"] == "hang-before" or c["effect"] and c["status"] for c in calls):
                return "hung"
            if len(calls) != still["calls"]:
                still.update(calls=len(calls), since=time.monotonic())
            return "over" if time.monotonic() - still["since"] > QUIET and self.over(phase) else None

        return until(check, f"{phase}: neither hung nor over", every=0.02) == "hung"

    def over(self, phase):
        return canonical(self.account) == self.wanted[phase]


def test_a_kill_at_every_call(cluster, account, namespace, run):
    cycle = Cycle(cluster, account, namespace, run)
    # Twice: in its first create a process asks what it then knows for a while.
    measured = [{phase: cycle.measure(phase) for phase in PHASES} for _ in range(2)][-1]
    print(f"calls of an undisturbed run: {measured}")
    assert all(measured.values()), measured
    for number in range(max(measured.values())):
        for effect in ("hang-before", "hang-after"):
            missing = {phase for phase in PHASES if number < measured[phase]}
            for _ in range(TRIES):
                for phase in PHASES:
                    if phase in missing and cycle.cut(phase, number, effect):
                        missing.discard(phase)
                    elif phase not in missing:
                        cycle.act(phase)
                        cycle.settled(phase)
                if not missing:
                    break
    print(f"cuts: {cycle.cuts}")
    short = {phase: (cycle.cuts[phase], 2 * measured[phase]) for phase in PHASES if cycle.cuts[phase] < 2 * measured[phase]}
    assert not short, f"fewer kills than calls, twice: {short}"


def test_targets_are_right_at_once_after_a_pause_of_the_controller(cluster, account, namespace, run):
    controller = run(account).ready()
    cluster.apply(documents(web(namespace.name)))
    namespace.serve("a", PODS)
    host = f"{namespace.name}.example.com"
    up(account, namespace, [host], at(*PODS))
    quiet(account)
    assert controller.stop() == 0
    namespace.serve("a", ["10.1.2.100", "10.1.2.101"])
    account.reset()
    run(account).ready()
    up(account, namespace, [host], at("10.1.2.100", "10.1.2.101"))
    assert {c["operation"] for c in quiet(account) if c["mutating"]} == {"RegisterTargets", "DeregisterTargets"}
