"""What the real controllers left behind is taken over without a write, in AWS and in the cluster."""

import json
import os
import pathlib
import types

import pytest

from account import Account, emulator
from settle import becomes, looked
from state import canonical
from cluster import until

GOLDENS = os.environ.get("INROAD_GOLDENS")


def objects(cluster):
    """What was adopted in the cluster. Pods are younger here than in the recording, so checkpoints differ: they name when pods were made."""
    found = {}
    for kind in ("ingresses", "targetgroupbindings", "services"):
        for object in cluster.list(kind):
            meta = object["metadata"]
            notes = {k: v for k, v in meta.get("annotations", {}).items() if not k.startswith("elbv2.k8s.aws/checkpoint")}
            kept = {k: meta.get(k) for k in ("uid", "labels", "finalizers", "generation")}
            found[kind, meta["name"]] = (kept, notes, object.get("spec"), object.get("status"))
    return found


@pytest.fixture
def adopted(cluster, tmp_path):
    opened = []

    def adopt(scenario):
        recorded = pathlib.Path(GOLDENS) / "adopt" / scenario
        flags = json.loads((recorded / "controller.json").read_text())["flags"]
        server = emulator("--seed", recorded / "aws.json")
        account = Account("emulator", server)
        opened.extend([account, server])
        document = json.loads((recorded / "aws.json").read_text())
        account.vpc, account.zone = flags["vpc"], document["HostedZones"][0]["Id"].rsplit("/", 1)[-1]
        account.subnets = sorted(s["SubnetId"] for s in document["Subnets"])
        cluster.restore((recorded / "cluster.yaml").read_text())
        return types.SimpleNamespace(account=account, flags=flags)

    yield adopt
    for one in opened:
        one.close()


@pytest.mark.skipif(not GOLDENS, reason="INROAD_GOLDENS is not set")
@pytest.mark.parametrize("scenario", ["basic", "instance", "group"])
def test_taking_over_writes_nothing(cluster, adopted, run, scenario):
    it = adopted(scenario)
    before, adopted_objects = canonical(it.account), objects(cluster)
    controller = run(it.account, "--sync-period=2s", "--interval=2s", owner=it.flags["txtOwnerId"]).ready()
    looked(it.account, "DescribeLoadBalancers", 2)
    assert it.account.calls(mutating=True) == []
    assert canonical(it.account) == before and objects(cluster) == adopted_objects

    # And back: an edit, undone, leaves what was there.
    ingress = next(o for o in cluster.list("ingresses"))["metadata"]
    key = "alb.ingress.kubernetes.io/tags"
    for value in ("way=back", ingress["annotations"].get(key)):
        it.account.reset()
        cluster.patch("ingresses", ingress["namespace"], ingress["name"], {"metadata": {"annotations": {key: value}}})
        until(lambda: it.account.calls(mutating=True))
    becomes(it.account, before)
    assert controller.stop() == 0
