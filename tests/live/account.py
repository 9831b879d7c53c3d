"""An AWS account (our emulator, or moto) behind the scripted proxy. The controller goes through the proxy; what a test
reads or breaks behind its back goes to the account itself."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading

import boto3
import pytest
import requests
from botocore.config import Config

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILT = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"
REGION = "us-east-1"
CLUSTER = "demo"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


class Process:
    """A program that says in its first matching line where it listens."""

    def __init__(self, command, pattern, env=None):
        self.process = subprocess.Popen(
            [str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, **(env or {})})
        self.seen, self.said, ready = [], None, threading.Event()

        def drain():
            for line in self.process.stdout:
                if self.said is None:
                    self.seen.append(line)
                    if found := re.search(pattern, line):
                        self.said = found.group()
                        ready.set()
            ready.set()

        threading.Thread(target=drain, daemon=True).start()
        ready.wait(120)
        if self.said is None:
            self.close()
            pytest.fail(f"{command[0]} does not listen:\n{''.join(self.seen)}")

    def close(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def emulator(*flags):
    return Process([BUILT / "examples" / "serve", "127.0.0.1:0", *flags], r"http://127\.0\.0\.1:\d+")


def moto():
    program = pathlib.Path(sys.executable).parent / "moto_server"
    return Process([program, "-H", "127.0.0.1", "-p", "0"], r"http://127\.0\.0\.1:\d+",
                   {"PYTHONUNBUFFERED": "1", "MOTO_ACCOUNT_ID": "000000000000"})


class Account:
    """`kind`: `emulator` or `moto`; `server`: the running account."""

    open = []

    def __init__(self, kind, server):
        self.kind, self.server, self.clients = kind, server, {}
        flags = ["--moto"] if kind == "moto" else []
        self.proxy = Process([BUILT / "inroad-proxy", "--upstream", server.said, *flags], r"\{.*\}")
        said = json.loads(self.proxy.said)
        self.endpoint, self.control = said["aws"], said["control"]
        self.http = requests.Session()
        Account.open.append(self)

    def client(self, service):
        if service not in self.clients:
            self.clients[service] = boto3.client(
                service, endpoint_url=self.server.said, region_name=REGION,
                aws_access_key_id="test", aws_secret_access_key="test", config=Config(retries={"max_attempts": 1}))
        return self.clients[service]

    # The proxy.

    def calls(self, mutating=None):
        """Every attempt since the last reset, or only those that can (not) change something."""
        calls = self.http.get(f"{self.control}/calls", timeout=30).json()
        return [c for c in calls if mutating is None or c["mutating"] == mutating]

    def rule(self, effect, **matching):
        """E.g. `rule("cut-after", operation="CreateRule", times=1)`."""
        answer = self.http.post(f"{self.control}/rules", json={"effect": effect, **matching}, timeout=30)
        assert answer.ok, answer.text

    def unrule(self):
        self.http.delete(f"{self.control}/rules", timeout=30)

    def reset(self):
        self.http.post(f"{self.control}/reset", timeout=30)

    # What is there.

    def pages(self, service, operation, key, **args):
        return [x for p in self.client(service).get_paginator(operation).paginate(**args) for x in p[key]]

    def balancers(self):
        return self.pages("elbv2", "describe_load_balancers", "LoadBalancers")

    def balancer(self, stack):
        """The load balancer that carries our tags of a stack (`namespace/name`, or a group's name)."""
        for found in self.balancers():
            tags = self.tags(found["LoadBalancerArn"])
            if tags.get("ingress.k8s.aws/stack") == stack and tags.get("elbv2.k8s.aws/cluster") == CLUSTER:
                return found
        return None

    def listeners(self, balancer):
        return self.pages("elbv2", "describe_listeners", "Listeners", LoadBalancerArn=balancer["LoadBalancerArn"])

    def rules(self, listener):
        return self.pages("elbv2", "describe_rules", "Rules", ListenerArn=listener["ListenerArn"])

    def groups(self):
        return self.pages("elbv2", "describe_target_groups", "TargetGroups")

    def groups_of(self, balancer):
        """Those that it forwards to. moto's `LoadBalancerArns` tells of no rule that was changed to forward elsewhere."""
        actions = [a for l in self.listeners(balancer) for r in self.rules(l) for a in r["Actions"]]
        forwarded = {g["TargetGroupArn"] for a in actions for g in a.get("ForwardConfig", {}).get("TargetGroups", [])}
        forwarded |= {a["TargetGroupArn"] for a in actions if "TargetGroupArn" in a}
        return [g for g in self.groups() if g["TargetGroupArn"] in forwarded]

    def targets(self, group):
        """{(id, port)} of those that are not being drained."""
        health = self.client("elbv2").describe_target_health(TargetGroupArn=group["TargetGroupArn"])
        return {
            (t["Target"]["Id"], t["Target"]["Port"]) for t in health["TargetHealthDescriptions"]
            if t["TargetHealth"]["State"] != "draining"}

    def tags(self, arn):
        [found] = self.client("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"]
        return {t["Key"]: t["Value"] for t in found["Tags"]}

    def security_groups(self, *filters):
        """In the VPC of the cluster, without its `default`."""
        found = self.pages("ec2", "describe_security_groups", "SecurityGroups", Filters=[
            {"Name": "vpc-id", "Values": [self.vpc]}, *filters])
        return [g for g in found if g["GroupName"] != "default"]

    def records(self):
        """{(name, type): record} but for what every zone has."""
        found = self.pages("route53", "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=self.zone)
        return {(r["Name"], r["Type"]): r for r in found if r["Type"] not in ("NS", "SOA")}

    # What is given.

    def seed(self):
        """A VPC with three public subnets, a node in each with addresses for pods, and the zone example.com."""
        ec2 = self.client("ec2")
        tagged = lambda kind, **tags: [
            {"ResourceType": kind, "Tags": [{"Key": k.replace("__", "/"), "Value": v} for k, v in tags.items()]}]
        self.vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc)
        table = ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        self.node_group = ec2.create_security_group(
            GroupName="nodes", Description="nodes", VpcId=self.vpc,
            TagSpecifications=tagged("security-group", **{f"kubernetes.io/cluster/{CLUSTER}": "owned"}))["GroupId"]
        self.nodes, self.subnets = {}, []
        for number, zone in enumerate("abc"):
            subnet = ec2.create_subnet(
                VpcId=self.vpc, CidrBlock=f"10.1.{number}.0/24", AvailabilityZone=f"{REGION}{zone}",
                TagSpecifications=tagged("subnet", **{
                    "kubernetes.io/role/elb": "1", f"kubernetes.io/cluster/{CLUSTER}": "shared"}))["Subnet"]["SubnetId"]
            ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
            [instance] = ec2.run_instances(
                ImageId="ami-03cf127a", InstanceType="m5.large", MinCount=1, MaxCount=1, SubnetId=subnet,
                PrivateIpAddress=f"10.1.{number}.4", SecurityGroupIds=[self.node_group],
                TagSpecifications=tagged("instance", **{f"kubernetes.io/cluster/{CLUSTER}": "owned"}))["Instances"]
            ec2.assign_private_ip_addresses(
                NetworkInterfaceId=instance["NetworkInterfaces"][0]["NetworkInterfaceId"],
                PrivateIpAddresses=[f"10.1.{number}.{pod}" for pod in range(100, 110)])
            self.subnets.append(subnet)
            self.nodes[f"node-{zone}"] = (instance["InstanceId"], f"{REGION}{zone}", f"10.1.{number}.4")
        made = self.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
        self.zone = made["HostedZone"]["Id"].rsplit("/", 1)[-1]

    def close(self):
        Account.open.remove(self)
        self.proxy.close()
