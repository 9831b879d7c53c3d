"""The stand itself: what the other tests rely on must do as it says."""

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, HTTPClientError

import boto3
from account import REGION
from state import canonical, ours
from world import web


def through(account, service):
    return boto3.client(
        service, endpoint_url=account.endpoint, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 0}, read_timeout=2))


def test_the_proxy_names_counts_cuts_and_refuses(account):
    ec2, elb, dns = (through(account, s) for s in ("ec2", "elbv2", "route53"))
    ec2.describe_vpcs(), elb.describe_load_balancers(), dns.list_hosted_zones()
    names = [(c["service"], c["operation"], c["status"], c["mutating"]) for c in account.calls()]
    assert names == [
        ("ec2", "DescribeVpcs", 200, False), ("elasticloadbalancing", "DescribeLoadBalancers", 200, False),
        ("route53", "ListHostedZones", 200, False)]

    group = lambda name: elb.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=account.vpc)
    exists = lambda: {g["TargetGroupName"] for g in account.groups()}
    for effect, there in [("cut-before", False), ("hang-before", False), ("cut-after", True), ("hang-after", True), ("half", True)]:
        account.reset()
        account.rule(effect, operation="CreateTargetGroup", times=1)
        with pytest.raises((HTTPClientError, EndpointConnectionError, ClientError)):
            group(effect)
        assert (effect in exists()) == there, effect
        assert [c["effect"] for c in account.calls()] == [effect]
    account.reset()
    account.rule("denied")
    for call, code in [
        (ec2.describe_vpcs, "UnauthorizedOperation"), (elb.describe_load_balancers, "AccessDenied"), (dns.list_hosted_zones, "AccessDenied"),
        (through(account, "acm").list_certificates, "AccessDeniedException"),
    ]:
        with pytest.raises(ClientError) as refused:
            call()
        assert refused.value.response["Error"]["Code"] == code
    account.unrule()
    ec2.describe_vpcs()


def test_what_moto_does_otherwise_is_repaired(account):
    elb, dns = through(account, "elbv2"), through(account, "route53")
    group = elb.create_target_group(Name="g", Protocol="HTTP", Port=80, VpcId=account.vpc, TargetType="ip")["TargetGroups"][0]["TargetGroupArn"]
    make = lambda: elb.create_load_balancer(Name="b", Subnets=account.subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    balancer = make()
    assert make() == balancer
    action = [{"Type": "forward", "TargetGroupArn": group}]
    listen = lambda port: elb.create_listener(
        LoadBalancerArn=balancer, Protocol="HTTP", Port=port, DefaultActions=action)["Listeners"][0]["ListenerArn"]
    listener, other = listen(80), listen(81)
    assert (listen(80), listen(81)) == (listener, other) and listener != other
    first, second = (
        elb.create_rule(ListenerArn=listener, Priority=n, Actions=action, Conditions=[{"Field": "path-pattern", "Values": [f"/{n}"]}])
        ["Rules"][0]["RuleArn"] for n in (1, 2))
    elb.set_rule_priorities(RulePriorities=[{"RuleArn": first, "Priority": 2}, {"RuleArn": second, "Priority": 1}])
    now = {r["RuleArn"]: r["Priority"] for r in elb.describe_rules(ListenerArn=listener)["Rules"]}
    assert (now[first], now[second]) == ("2", "1")

    targets = [{"Id": f"10.1.0.{n}", "Port": 8080} for n in (100, 101)]
    elb.register_targets(TargetGroupArn=group, Targets=targets[:1])
    elb.deregister_targets(TargetGroupArn=group, Targets=targets)
    assert account.targets({"TargetGroupArn": group}) == set()

    record = lambda name: {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    change = lambda action, name: dns.change_resource_record_sets(
        HostedZoneId=account.zone, ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record(name)}]})
    for action, name in [("CREATE", "a.example.com"), ("CREATE", "b.example.com"), ("DELETE", "a.example.com"), ("CREATE", "a.example.com")]:
        change(action, name)
    assert {n for n, _ in account.records()} == {"a.example.com.", "b.example.com."}


def test_the_cluster_keeps_what_it_was_told_over_a_restart(cluster, namespace, emulated):
    cluster.apply(web(namespace.name))
    namespace.serve("a", ["10.1.0.100", "10.1.1.100"])
    assert ours(emulated) == [] and canonical(emulated) == canonical(emulated)
    version = namespace.ingress()["metadata"]["resourceVersion"]
    cluster.restart()
    assert namespace.ingress()["metadata"]["resourceVersion"] == version
    assert "v1.36" in cluster.kubectl("version")
    assert len(cluster.list("nodes")) == 3 and len(cluster.list("pods", namespace.name)) == 2
