"""Quotas as settings and throttling on demand, seen from outside with a stock client."""

import pytest
from botocore.exceptions import ClientError

import servers
from play import Account, client
from scenarios import Balanced, Network, tags
from scenarios.route53 import change, record, zone


@pytest.fixture
def account():
    """Starts an emulator with flags; ends it, by pid, after the test."""
    running = []

    def start(*flags):
        running.append(servers.emulator(*flags))
        return Account(running[-1].endpoint)

    yield start
    for one in running:
        one.close()
        Account.forget(one.endpoint)


def rules(aws):
    at = Balanced(aws)
    for n in range(2):
        at.rule(aws, n + 1, f"/{n}")
    aws("elbv2.CreateRule", ListenerArn=at.listener, Priority=9, Conditions=[{"Field": "path-pattern", "Values": ["/9"]}],
        Actions=[{"Type": "forward", "TargetGroupArn": at.target_group}])


def listeners(aws):
    at = Balanced(aws)
    aws("elbv2.CreateListener", LoadBalancerArn=at.balancer, Protocol="HTTP", Port=81,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": at.target_group}])


def groups(aws):
    at = Balanced(aws)
    aws("elbv2.CreateTargetGroup", Name="more", Protocol="HTTP", Port=80, VpcId=at.vpc)


def balancers(aws):
    at = Balanced(aws)
    aws("elbv2.CreateLoadBalancer", Name="more", Subnets=at.subnets)


def targets(aws):
    at = Balanced(aws)
    wanted = [{"Id": f"10.77.0.{n}", "Port": 80} for n in (10, 11, 12)]
    aws("elbv2.RegisterTargets", TargetGroupArn=at.target_group, Targets=wanted)


def permissions(aws):
    at = Network(aws)
    ranges = [{"CidrIp": f"192.0.2.{n}/32"} for n in range(3)]
    aws("ec2.AuthorizeSecurityGroupIngress", GroupId=at.group,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": ranges}])


def resource_tags(aws):
    at = Balanced(aws)
    aws("elbv2.AddTags", ResourceArns=[at.balancer], Tags=tags(a="1", b="2", c="3"))


def zones(aws):
    zone(aws)
    aws("route53.CreateHostedZone", Name="example.org", CallerReference="another")


def records(aws):
    change(aws, zone(aws), *[("CREATE", record(f"n{n}.example.com", "A", "192.0.2.1")) for n in range(3)])


QUOTAS = {
    "rules_per_load_balancer=2": (rules, "TooManyRules"),
    "listeners_per_load_balancer=1": (listeners, "TooManyListeners"),
    "target_groups=1": (groups, "TooManyTargetGroups"),
    "load_balancers=1": (balancers, "TooManyLoadBalancers"),
    "targets_per_target_group=2": (targets, "TooManyTargets"),
    "rules_per_security_group=2": (permissions, "RulesPerSecurityGroupLimitExceeded"),
    "tags_per_resource=2": (resource_tags, "TooManyTags"),
    "route53.hosted_zones=1": (zones, "TooManyHostedZones"),
    "route53.record_sets_per_zone=3": (records, "InvalidChangeBatch"),
}


@pytest.mark.parametrize("quota", QUOTAS)
def test_a_quota_is_a_setting(account, quota):
    """With the quota the last request is refused; by default it is not."""
    play, code = QUOTAS[quota]
    for flags, wanted in ((["--quota", quota], code), ([], None)):
        aws = account(*flags)
        play(aws)
        assert [step.error for step in aws.steps[:-1]] == [None] * (len(aws.steps) - 1)
        assert aws.steps[-1].error == wanted


def test_refusals_are_botocores_own_exceptions(account):
    aws = account("--quota", "load_balancers=1", "--quota", "target_groups=1")
    at = Balanced(aws)
    elb, acm, route53 = (aws.client(name) for name in ("elbv2", "acm", "route53"))
    with pytest.raises(elb.exceptions.TooManyLoadBalancersException):
        elb.create_load_balancer(Name="more", Subnets=at.subnets)
    with pytest.raises(elb.exceptions.TooManyTargetGroupsException):
        elb.create_target_group(Name="more", Protocol="HTTP", Port=80, VpcId=at.vpc)
    with pytest.raises(elb.exceptions.ResourceInUseException):
        elb.delete_target_group(TargetGroupArn=at.target_group)
    with pytest.raises(acm.exceptions.ResourceNotFoundException):
        acm.describe_certificate(CertificateArn="arn:aws:acm:us-west-2:000000000000:certificate/00000000-0000-0000-0000-000000000000")
    with pytest.raises(route53.exceptions.NoSuchHostedZone):
        route53.get_hosted_zone(Id="Z00000000000000000000")


THROTTLED = {
    "elasticloadbalancing:DescribeLoadBalancers": ("elbv2", "describe_load_balancers", "Throttling", 400),
    "ec2:DescribeVpcs": ("ec2", "describe_vpcs", "RequestLimitExceeded", 503),
    "route53:ListHostedZones": ("route53", "list_hosted_zones", "Throttling", 400),
    "acm:ListCertificates": ("acm", "list_certificates", "ThrottlingException", 400),
    "tagging:GetResources": ("resourcegroupstaggingapi", "get_resources", "ThrottledException", 400),
}


@pytest.mark.parametrize("operation", THROTTLED)
def test_throttling_comes_on_demand_and_clients_know_it(account, operation):
    service, method, code, status = THROTTLED[operation]
    aws = account("--throttle", f"{operation}=3")
    once = aws.client(service)
    with pytest.raises(ClientError) as refused:
        getattr(once, method)()
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    # Two more are refused: a client that tries again gets through at the third.
    patient = client(aws.endpoint, service, retries={"mode": "standard", "max_attempts": 5})
    answer = getattr(patient, method)()
    assert answer["ResponseMetadata"]["RetryAttempts"] == 2


def test_flags_that_mean_nothing_are_refused():
    for flags in (["--quota", "no_such_quota=1"], ["--quota", "load_balancers"], ["--throttle", "CreateRule=1"], ["--colour"]):
        with pytest.raises(RuntimeError):
            servers.emulator(*flags)
