"""Runs the built binary and reads the results back with everybody else's tools: boto3, dig, curl."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import boto3
import pytest
from botocore.config import Config

from waiting import PATIENCE, until

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
BINARY = TARGET / "debug" / "inroad"


def run(*args, **kwargs):
    out = subprocess.run([str(BINARY), *map(str, args)], capture_output=True, text=True, timeout=PATIENCE * 2, **kwargs)
    assert "panicked" not in out.stderr, out.stderr
    return out


def arns(state):
    """What is made once and then kept: load balancers, listeners, target groups, security groups."""
    return (
        {b["LoadBalancerArn"] for b in state["balancers"]} | set(state["listeners"])
        | {g["TargetGroupArn"] for g in state["groups"]} | {g["GroupId"] for g in state["security_groups"]}
    )


class Local:
    """One `inroad local` on a folder of its own."""

    def __init__(self, folder, scratch, *flags, user=None):
        self.folder, self.scratch = pathlib.Path(folder), pathlib.Path(scratch)
        self.endpoints_file = self.scratch / "endpoints.json"
        command = [
            str(BINARY), "local", str(folder), "--aws-listen", "127.0.0.1:0", "--dns-listen", "127.0.0.1:0",
            "--endpoints", str(self.endpoints_file), *map(str, flags),
        ]
        self.output = open(self.scratch / "output.txt", "w+")
        self.process = subprocess.Popen(command, stdout=self.output, stderr=subprocess.STDOUT, user=user)
        self.generation, self.clients = 0, {}
        self.wait()

    def text(self):
        return (self.scratch / "output.txt").read_text()

    def wait(self):
        """Until the endpoints file was written again."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                stamp = self.endpoints_file.stat().st_mtime_ns
            except FileNotFoundError:
                stamp = 0
            if stamp > self.generation:
                self.generation = stamp
                self.endpoints = json.loads(self.endpoints_file.read_text())
                return
            time.sleep(0.05)
        pytest.fail(f"not settled (exit {self.process.poll()}):\n{self.text()}")

    def save(self, files):
        """Writes files and waits until that is settled. A text of None removes the file."""
        for name, text in files.items():
            path = self.folder / name
            if text is None:
                path.unlink()
            else:
                fresh = self.scratch / "fresh"
                fresh.write_text(text)
                shutil.move(fresh, path)
        self.wait()

    def client(self, service):
        if service not in self.clients:
            self.clients[service] = boto3.client(
                service, endpoint_url=self.endpoints["aws"], region_name="us-west-2",
                aws_access_key_id="test", aws_secret_access_key="test", config=Config(retries={"max_attempts": 1}),
            )
        return self.clients[service]

    def dig(self, name, kind="A"):
        address, port = self.endpoints["dns"].rsplit(":", 1)
        out = subprocess.run(
            ["dig", "+short", "+tries=2", "+time=5", f"@{address}", "-p", port, name, kind],
            capture_output=True, text=True, timeout=PATIENCE,
        )
        assert out.returncode == 0, out.stderr
        return out.stdout.split()

    def listener(self, address, port):
        """Where the listener `port` of the load balancer at a DNS name's address really listens."""
        for balancer in self.endpoints["load_balancers"]:
            for listener in balancer["listeners"]:
                host, real = listener["listen"].rsplit(":", 1)
                if host == address and listener["port"] == port:
                    return host, real
        pytest.fail(f"nothing listens for {address} port {port}: {self.endpoints}")

    def curl(self, url, *flags):
        """Asks as a user would: the name by dig, then curl to the address that it gave. (status, body)"""
        from urllib.parse import urlsplit

        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        addresses = self.dig(parts.hostname)
        assert addresses, f"{parts.hostname} has no address"
        host, real = self.listener(addresses[0], port)
        out = subprocess.run(
            ["curl", "-s", "-k", "-m", "20", "--connect-to", f"{parts.hostname}:{port}:{host}:{real}",
             "-w", "\n%{http_code}", *flags, url],
            capture_output=True, text=True, timeout=PATIENCE,
        )
        assert out.returncode == 0, (out.returncode, out.stderr)
        body, status = out.stdout.rsplit("\n", 1)
        return int(status), body

    def echo(self, url, *flags):
        """What the echo behind a URL says of itself."""
        status, body = self.curl(url, *flags)
        assert status == 200, (status, body)
        return json.loads(body)

    def state(self):
        """Everything of ours that AWS holds, by the stock client."""
        elb, ec2, route53 = (self.client(s) for s in ("elbv2", "ec2", "route53"))
        pages = lambda c, op, key, **a: [x for p in c.get_paginator(op).paginate(**a) for x in p[key]]
        balancers = pages(elb, "describe_load_balancers", "LoadBalancers")
        listeners = {
            l["ListenerArn"]: l
            for b in balancers
            for l in pages(elb, "describe_listeners", "Listeners", LoadBalancerArn=b["LoadBalancerArn"])
        }
        zones = pages(route53, "list_hosted_zones", "HostedZones")
        return {
            "balancers": balancers,
            "listeners": listeners,
            "rules": {a: pages(elb, "describe_rules", "Rules", ListenerArn=a) for a in listeners},
            "groups": pages(elb, "describe_target_groups", "TargetGroups"),
            "security_groups": pages(
                ec2, "describe_security_groups", "SecurityGroups",
                Filters=[{"Name": "tag-key", "Values": ["elbv2.k8s.aws/cluster"]}],
            ),
            "records": [
                r
                for z in zones
                for r in pages(route53, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=z["Id"])
                if r["Type"] not in ("NS", "SOA")
            ],
        }

    def targets(self, group_arn):
        health = self.client("elbv2").describe_target_health(TargetGroupArn=group_arn)
        return {
            (t["Target"]["Id"], t["Target"]["Port"]): t["TargetHealth"]["State"]
            for t in health["TargetHealthDescriptions"]
        }

    def tags(self, arn):
        [found] = self.client("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"]
        return {t["Key"]: t["Value"] for t in found["Tags"]}

    def address(self, name, port):
        """Where a listener of the load balancer that a name leads to really is."""
        host, real = self.listener(self.dig(name)[0], port)
        return host, int(real)

    def close(self):
        assert "panicked" not in self.text(), self.text()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                pytest.fail(f"SIGTERM did not end it within 10 s:\n{self.text()}")
        self.output.close()


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "manifests"
    path.mkdir()
    return path


@pytest.fixture
def local(tmp_path):
    """Starts `local`; ends it, by pid, after the test."""
    running = []

    def start(folder, *flags, **kwargs):
        scratch = tmp_path / f"run{len(running)}"
        scratch.mkdir()
        running.append(Local(folder, scratch, *flags, **kwargs))
        return running[-1]

    yield start
    for one in running:
        one.close()


@pytest.fixture(scope="session", autouse=True)
def built():
    if not BINARY.exists():
        pytest.exit(f"{BINARY} is not built", returncode=3)
