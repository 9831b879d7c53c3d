"""What the two controllers left behind: the same objects ask for no change of it."""

import json
import os
import pathlib

import pytest

from conftest import run

GOLDENS = os.environ.get("INROAD_GOLDENS")


@pytest.mark.skipif(not GOLDENS, reason="INROAD_GOLDENS is not set")
@pytest.mark.parametrize("scenario", ["basic", "instance", "group"])
def test_an_adopted_account_needs_no_change(scenario, folder):
    recorded = pathlib.Path(GOLDENS) / "adopt" / scenario
    flags = json.loads((recorded / "controller.json").read_text())["flags"]
    (folder / "cluster.yaml").write_text((recorded / "cluster.yaml").read_text())
    plan = run(
        "plan", folder, "--state", recorded / "aws.json", "--cluster-name", flags["clusterName"],
        "--aws-region", flags["region"], "--aws-vpc-id", flags["vpc"], "--txt-owner-id", flags["txtOwnerId"],
        "--policy", flags["policy"], "--annotation-prefix", flags["annotationPrefix"],
        *(x for domain in flags["domainFilter"] for x in ("--domain-filter", domain)),
    )
    assert plan.returncode == 0, plan.stdout + plan.stderr
    assert "0 to add, 0 to change, 0 to delete, 0 held" in plan.stdout, plan.stdout


@pytest.mark.skipif(not GOLDENS, reason="INROAD_GOLDENS is not set")
def test_of_adopted_services_one_is_served_and_one_is_left_alone(folder):
    recorded = pathlib.Path(GOLDENS) / "adopt" / "nlb"
    flags = json.loads((recorded / "controller.json").read_text())["flags"]
    (folder / "cluster.yaml").write_text((recorded / "cluster.yaml").read_text())
    plan = run(
        "plan", folder, "--state", recorded / "aws.json", "--cluster-name", flags["clusterName"],
        "--aws-region", flags["region"], "--aws-vpc-id", flags["vpc"], "--txt-owner-id", flags["txtOwnerId"],
        "--policy", flags["policy"], "--annotation-prefix", flags["annotationPrefix"],
        *(x for domain in flags["domainFilter"] for x in ("--domain-filter", domain)),
        *(x for source in flags["sources"] for x in ("--source", source)),
    )
    # What asks for TLS is told and held; the shared rules wait with it, and all the rest needs nothing.
    assert "0 to add, 0 to change, 0 to delete, 2 held" in plan.stdout, plan.stdout
    assert "service:default/tls" in plan.stdout and "service:default/tcp" not in plan.stdout, plan.stdout
    assert "LB0029" in plan.stderr and "aws-load-balancer-ssl-cert" in plan.stderr, plan.stderr
