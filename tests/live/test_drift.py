"""What somebody changed in AWS behind the controller's back is as it was after the next check."""

import pytest

from settle import at, becomes, quiet, up
from state import canonical
from world import web

PODS = ["10.1.0.100", "10.1.1.100"]
OFTEN = ("--sync-period=3s", "--interval=3s")


def listener(account):
    return account.listeners(account.balancers()[0])[0]


def forwarding(account):
    return next(r for r in account.rules(listener(account)) if not r["IsDefault"])


def rule_deleted(account, elb):
    elb.delete_rule(RuleArn=forwarding(account)["RuleArn"])


def rule_added(account, elb):
    elb.create_rule(
        ListenerArn=listener(account)["ListenerArn"], Priority=77, Conditions=[{"Field": "path-pattern", "Values": ["/mine"]}],
        Actions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "418"}}])


def default_action_changed(account, elb):
    elb.modify_listener(ListenerArn=listener(account)["ListenerArn"], DefaultActions=[
        {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "418", "ContentType": "text/plain"}}])


def attribute_changed(account, elb):
    elb.modify_load_balancer_attributes(
        LoadBalancerArn=account.balancers()[0]["LoadBalancerArn"], Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "7"}])


def health_check_changed(account, elb):
    elb.modify_target_group(TargetGroupArn=account.groups()[0]["TargetGroupArn"], HealthCheckPath="/elsewhere")


def target_deregistered(account, elb):
    elb.deregister_targets(TargetGroupArn=account.groups()[0]["TargetGroupArn"], Targets=[{"Id": PODS[0], "Port": 8080}])


def security_group_rule_revoked(account, _):
    managed = next(g for g in account.security_groups() if any(p["IpRanges"] for p in g["IpPermissions"]))
    account.client("ec2").revoke_security_group_ingress(GroupId=managed["GroupId"], IpPermissions=managed["IpPermissions"])


def security_group_rule_added(account, _):
    managed = next(g for g in account.security_groups() if any(p["IpRanges"] for p in g["IpPermissions"]))
    account.client("ec2").authorize_security_group_ingress(GroupId=managed["GroupId"], IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])


def way_to_the_nodes_closed(account, _):
    nodes = next(g for g in account.security_groups() if g["GroupId"] == account.node_group)
    account.client("ec2").revoke_security_group_ingress(GroupId=nodes["GroupId"], IpPermissions=nodes["IpPermissions"])


def record_deleted(account, _):
    record = next(r for (_, kind), r in account.records().items() if kind == "A")
    account.client("route53").change_resource_record_sets(
        HostedZoneId=account.zone, ChangeBatch={"Changes": [{"Action": "DELETE", "ResourceRecordSet": record}]})


def load_balancer_deleted(account, elb):
    elb.delete_load_balancer(LoadBalancerArn=account.balancers()[0]["LoadBalancerArn"])


KINDS = [
    rule_deleted, rule_added, default_action_changed, attribute_changed, health_check_changed, target_deregistered,
    security_group_rule_revoked, security_group_rule_added, way_to_the_nodes_closed, record_deleted, load_balancer_deleted]


def test_drift_is_repaired_at_the_next_check(cluster, account, namespace, run):
    run(account, *OFTEN).ready()
    host = f"{namespace.name}.example.com"
    cluster.apply(web(namespace.name, load_balancer_attributes="idle_timeout.timeout_seconds=60"))
    namespace.serve("a", PODS)
    up(account, namespace, [host], at(*PODS))
    quiet(account)
    wanted = canonical(account)
    for kind in KINDS:
        kind(account, account.client("elbv2"))
        assert canonical(account) != wanted, f"{kind.__name__} changed nothing"
        try:
            becomes(account, wanted, 60)
        except pytest.fail.Exception as failure:
            raise AssertionError(f"{kind.__name__}: {failure}") from failure
    up(account, namespace, [host], at(*PODS))
