"""What is not ours, however like it looks, is as it was after a whole life of ours beside it."""

import json

from cluster import until
from settle import at, gone, looked, quiet, up
from state import canonical, ours
from world import web

PODS = ["10.1.0.100"]


def twin(account, name):
    """A load balancer as somebody else would name it, with a rule and a group, but without our tags."""
    elb = account.client("elbv2")
    secure = account.client("ec2").create_security_group(GroupName=name, Description="theirs", VpcId=account.vpc)["GroupId"]
    group = elb.create_target_group(Name=f"{name}-t"[:32], Protocol="HTTP", Port=80, VpcId=account.vpc, TargetType="ip")["TargetGroups"][0]
    elb.register_targets(TargetGroupArn=group["TargetGroupArn"], Targets=[{"Id": "10.1.2.109", "Port": 80}])
    balancer = elb.create_load_balancer(
        Name=name, Subnets=account.subnets, SecurityGroups=[secure], Tags=[{"Key": "elbv2.k8s.aws/cluster", "Value": "another"}])
    arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
    action = [{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}]
    listener = elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=action)["Listeners"][0]["ListenerArn"]
    elb.create_rule(ListenerArn=listener, Priority=1, Actions=action, Conditions=[{"Field": "path-pattern", "Values": ["/theirs"]}])


def record(account, name, kind, value, action="CREATE"):
    account.client("route53").change_resource_record_sets(HostedZoneId=account.zone, ChangeBatch={"Changes": [
        {"Action": action, "ResourceRecordSet": {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]}}]})


def test_foreign_things_are_never_touched(cluster, account, namespace, run):
    n = namespace.name
    host = f"{n}.example.com"
    twin(account, f"k8s-{n}-web-0123456789")
    record(account, f"taken.{host}", "A", "192.0.2.1")
    record(account, f"other.{host}", "A", "192.0.2.2")
    record(account, f"a-other.{host}", "TXT", '"heritage=external-dns,external-dns/owner=somebody,external-dns/resource=ingress/x/y"')
    before = canonical(account)
    run(account).ready()
    rules = [(h, "/", "Prefix", "a", 80) for h in (host, f"taken.{host}", f"other.{host}")]
    cluster.apply(web(n, rules))
    namespace.serve("a", PODS)
    up(account, namespace, [host], at(*PODS))
    quiet(account)
    assert [x for x in before if x not in canonical(account) and "nodes" not in x] == []
    cluster.apply(web(n, rules, tags="a=b"))
    quiet(account, 1.5)
    namespace.delete()
    gone(namespace)
    until(lambda: canonical(account) == before, lambda: json.dumps([x for x in canonical(account) if x not in before]))


def test_a_stack_without_an_object_is_an_orphan_and_stays(cluster, account, namespace, run):
    """The Ingress vanished while nobody ran, finalizer and all: nobody asked for a delete."""
    controller = run(account).ready()
    cluster.apply(web(namespace.name))
    namespace.serve("a", PODS)
    up(account, namespace, [f"{namespace.name}.example.com"], at(*PODS))
    quiet(account)
    controller.kill()
    cluster.patch("ingresses", namespace.name, "web", {"metadata": {"finalizers": None}})
    namespace.delete()
    gone(namespace)
    account.reset()
    run(account, "--sync-period=2s").ready()
    looked(account, "DescribeSecurityGroups", 3)
    assert [c["operation"] for c in account.calls(mutating=True) if c["service"] == "elasticloadbalancing"] == []
    assert len(account.balancers()) == 1 and ours(account)
