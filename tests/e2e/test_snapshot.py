"""What `snapshot` writes is what `--state` keeps, as far as plans read it; against it plans need no AWS."""

import json
import os

import pytest

from conftest import run
from manifests import documents, ingress, service

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}
# Nobody listens there: whoever asks AWS fails.
NOWHERE = {**os.environ, **KEYS, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}


def shop(path="/"):
    rules = [("shop.example.com", path, "Prefix", "a", 80)]
    return documents(service("a"), ingress("web", rules, annotations={"alb.ingress.kubernetes.io/scheme": "internet-facing"}))


@pytest.fixture
def taken(folder, local, tmp_path):
    """(the file, how to take another one) of an account in which the shop is deployed."""
    (folder / "shop.yaml").write_text(shop())
    state = tmp_path / "state.json"
    edge = local(folder, "--state", state)

    def take(*flags):
        file = tmp_path / "snapshot.json"
        env = {**os.environ, **KEYS, "AWS_ENDPOINT_URL": f"http://{edge.endpoints['aws'].removeprefix('http://')}"}
        out = run("snapshot", "--aws-region", "us-west-2", "-o", file, *flags, env=env)
        assert out.returncode == 0, out.stderr
        assert run("snapshot", "--aws-region", "us-west-2", *flags, env=env).stdout == file.read_text() + "\n"
        return json.loads(file.read_text())

    return tmp_path / "snapshot.json", state, take


def test_a_snapshot_is_the_state_that_plans_read(folder, taken):
    file, state, take = taken
    snapshot, kept = take(), json.loads(state.read_text())
    ids = {
        "Vpcs": "VpcId", "Subnets": "SubnetId", "SecurityGroups": "GroupId", "RouteTables": "RouteTableId", "Instances": "InstanceId",
        "NetworkInterfaces": "NetworkInterfaceId", "LoadBalancers": "LoadBalancerArn", "TargetGroups": "TargetGroupArn",
        "Certificates": "CertificateArn", "HostedZones": "Id"}
    for name, id in ids.items():
        assert {x[id] for x in snapshot[name]} == {x[id] for x in kept[name]}, name
    assert len(snapshot["LoadBalancers"]) == 1 and snapshot["HostedZones"][0]["ResourceRecordSets"]

    plan = run("plan", folder, "--snapshot", file, env=NOWHERE)
    assert plan.returncode == 0 and "0 to add, 0 to change, 0 to delete, 0 held" in plan.stdout, plan.stdout + plan.stderr
    (folder / "shop.yaml").write_text(shop("/cart"))
    against = [run("plan", folder, flag, at, env=NOWHERE) for flag, at in (("--snapshot", file), ("--state", state))]
    assert [p.returncode for p in against] == [2, 2] and against[0].stdout == against[1].stdout
    assert "/cart" in against[0].stdout
    explained = run("explain", "ingress/default/web", folder, "--snapshot", file, env=NOWHERE)
    assert explained.returncode == 0 and "shop.example.com" in explained.stdout, explained.stdout


def test_nothing_is_made_up_in_a_snapshot(folder, taken):
    file, _, take = taken
    snapshot = take()
    file.write_text(json.dumps({**snapshot, "HostedZones": []}))
    (folder / "more.yaml").write_text(documents(service("b"), ingress("more", [("b.other.org", "/", "Prefix", "b", 80)])))
    plan = run("plan", folder, "--snapshot", file, env=NOWHERE)
    assert "hosted zone" not in plan.stdout + plan.stderr and "A shop.example.com" not in plan.stdout, plan.stdout
    assert "k8s-default-more" in plan.stdout


def test_a_snapshot_holds_only_zones_that_are_served_and_only_one_vpc(taken):
    _, _, take = taken
    assert take("--domain-filter", "other.org")["HostedZones"][0].get("ResourceRecordSets") == []
    [vpc] = [v["VpcId"] for v in take()["Vpcs"]]
    assert take("--aws-vpc-id", vpc, "--domain-filter", "shop.example.com")["HostedZones"][0]["ResourceRecordSets"]


def test_what_is_no_snapshot_is_said(folder, tmp_path):
    (folder / "shop.yaml").write_text(shop())
    missing = run("plan", folder, "--snapshot", tmp_path / "none.json")
    assert missing.returncode == 1 and "none.json" in missing.stderr
    (tmp_path / "odd.json").write_text("[")
    odd = run("plan", folder, "--snapshot", tmp_path / "odd.json")
    assert odd.returncode == 1 and "odd.json" in odd.stderr
    refused = run("snapshot", "--aws-region", "us-west-2", "--aws-max-retries=0", env=NOWHERE)
    assert refused.returncode == 1 and "error" in refused.stderr and not refused.stdout
