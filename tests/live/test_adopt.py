"""What the real controllers left behind is taken over without a write, in AWS and in the cluster."""

import json
import os
import pathlib
import types

import pytest
import yaml

from account import Account, emulator
from settle import quiet
from state import canonical
from cluster import until

GOLDENS = os.environ.get("INROAD_GOLDENS")
KINDS = {
    "Service": "services", "Pod": "pods", "EndpointSlice": "endpointslices", "Ingress": "ingresses", "Node": "nodes", "Secret": "secrets",
    "TargetGroupBinding": "targetgroupbindings", "IngressClass": "ingressclasses", "IngressClassParams": "ingressclassparams"}


def versions(cluster):
    """What would move with any write to what was adopted."""
    return {
        (kind, o["metadata"]["name"]): o["metadata"]["resourceVersion"]
        for kind in ("ingresses", "targetgroupbindings", "services") for o in cluster.list(kind)}


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
        for object in yaml.safe_load_all((recorded / "cluster.yaml").read_text()):
            meta = object["metadata"]
            if meta["name"] != "kubernetes":
                cluster.create(KINDS[object["kind"]], object, meta.get("namespace"))
        return types.SimpleNamespace(account=account, flags=flags)

    yield adopt
    for one in opened:
        one.close()


@pytest.mark.skipif(not GOLDENS, reason="INROAD_GOLDENS is not set")
@pytest.mark.parametrize("scenario", ["basic", "instance", "group"])
def test_taking_over_writes_nothing(cluster, adopted, run, scenario):
    it = adopted(scenario)
    before, objects = canonical(it.account), versions(cluster)
    controller = run(it.account, "--sync-period=2s", "--interval=2s", owner=it.flags["txtOwnerId"]).ready()
    quiet(it.account, 2)
    until(lambda: len(it.account.calls()) > 10, "a check was made")
    assert it.account.calls(mutating=True) == []
    assert canonical(it.account) == before and versions(cluster) == objects

    # And back: an edit, undone, leaves what was there.
    ingress = next(o for o in cluster.list("ingresses"))["metadata"]
    key = "alb.ingress.kubernetes.io/tags"
    for value in ("way=back", None):
        cluster.patch("ingresses", ingress["namespace"], ingress["name"], {"metadata": {"annotations": {key: value}}})
        until(lambda: it.account.calls(mutating=True))
        quiet(it.account, 1.5)
    assert canonical(it.account) == before
    assert controller.stop() == 0
