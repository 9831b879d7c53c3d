"""The same manifests leave the same state in AWS as the real controllers left, key by key."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

from account import REGION, Account
from cluster import until
from furnish import Furnished
from settle import quiet
from state import theirs

GOLDENS = os.environ.get("INROAD_GOLDENS")
FOLDERS = sorted(p for p in (pathlib.Path(GOLDENS) / "differential").iterdir() if p.is_dir()) if GOLDENS else []
NLB = "service.k8s.aws/stack"


def dump(account):
    """In the words of the tool that recorded the peers."""
    tool = pathlib.Path(GOLDENS).parent / "tools" / "awsdump.py"
    out = subprocess.run([sys.executable, tool, account.server.said, "--region", REGION], capture_output=True, text=True)
    assert out.returncode == 0, out.stderr
    return json.loads(out.stdout)


def served(state):
    """What belongs to Ingresses: network load balancers, and all that names them, are left out; tags of inroad's own as well."""
    strange = {key for group in ("load_balancers", "target_groups", "security_groups") for key, it in state[group].items() if NLB in it["tags"]}
    kept = {group: {key: it for key, it in state[group].items() if key not in strange}
            for group in ("load_balancers", "target_groups", "security_groups")}
    for it in (it for group in kept.values() for it in group.values()):
        it["tags"] = theirs(it["tags"])
    leads_to = lambda record: record.get("AliasTarget", {}).get("DNSName", "").removeprefix("dns:")
    kept["dns"] = {}
    for zone, records in state["dns"].items():
        # With the marks of ownership, whose names begin with the type of what they mark.
        left = {f"{mark}{key.split()[0]}" for key, record in records.items() if leads_to(record) in strange for mark in ("", "a-", "aaaa-")}
        kept["dns"][zone] = {key: it for key, it in records.items() if key.split()[0] not in left}
    return kept


def differences(wanted, found, path=""):
    """One line for each key that is missing, is too much, or says something else."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key in sorted({*wanted, *found}):
            yield from differences(wanted.get(key), found.get(key), f"{path}/{key}")
    elif wanted != found:
        yield f"{path}: peers {json.dumps(wanted)[:600]} inroad {json.dumps(found)[:600]}"


def ports(rule):
    """`tcp 3000-30176 sg:x` as (protocol, first, last, whom)."""
    protocol, between, whom = rule.split(" ", 2)
    first, _, last = between.partition("-")
    return protocol, int(first), int(last), whom


def covered(wanted, found):
    """Rules towards nodes are one range from the lowest to the highest port of all load balancers; those of network load balancers
    widen that of the peers."""
    inside = lambda a, b: a[0] == b[0] and a[3] == b[3] and b[1] <= a[1] and a[2] <= b[2]
    return found and all(any(inside(ports(rule), ports(other)) for other in wanted) for rule in found)


@pytest.mark.skipif(not GOLDENS, reason="INROAD_GOLDENS is not set")
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_same_manifests_give_the_same_state(request, cluster, run, folder):
    server = request.getfixturevalue("session_moto")
    account = Account("moto", server)
    try:
        account.http.post(f"{server.said}/moto-api/reset", timeout=60)
        furnished = Furnished(account, json.loads((folder / "aws-before.json").read_text()))
        cluster.restore(furnished.text((folder / "cluster.yaml").read_text()), settled=False)
        run(account, owner="bench").ready()
        wanted = served(json.loads((folder / "peers.json").read_text()))
        until(lambda: len(account.balancers()) >= len(wanted["load_balancers"]), lambda: f"{len(account.balancers())}", every=1)
        quiet(account, 3)
        found = served(dump(account))
        nodes = [it["security_groups"].get("nodes", {}).pop("ingress", []) for it in (wanted, found)]
        assert covered(*nodes), nodes
        lines = list(differences(wanted, found))
        assert not lines, f"{len(lines)} differences\n" + "\n".join(lines[:200])
    finally:
        account.close()
