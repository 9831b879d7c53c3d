"""Load balancers, listeners, their attributes, certificates and tags."""

from . import Balanced, Network, arn, scenario, tags
from .acm import imported


@scenario
def load_balancers(aws):
    at = Network(aws)
    made = aws(
        "elbv2.CreateLoadBalancer", Name="battery", Subnets=at.subnets, SecurityGroups=[at.group], Scheme="internal",
        IpAddressType="ipv4", Type="application", Tags=tags(stack="shop"),
    )["LoadBalancers"][0]["LoadBalancerArn"]
    aws("elbv2.DescribeLoadBalancers", LoadBalancerArns=[made])
    aws("elbv2.DescribeLoadBalancers", Names=["battery"])
    aws("elbv2.DescribeTags", ResourceArns=[made])
    # Defaults: a load balancer that says only what it must.
    other = aws("elbv2.CreateLoadBalancer", Name="plain", Subnets=at.subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    aws("elbv2.DescribeLoadBalancers")
    aws("elbv2.DescribeLoadBalancers", LoadBalancerArns=[other])
    aws("elbv2.CreateLoadBalancer", Name="battery", Subnets=at.subnets, SecurityGroups=[at.group], Scheme="internet-facing")
    aws("elbv2.CreateLoadBalancer", Name="plain", Subnets=at.subnets)
    aws("elbv2.DeleteLoadBalancer", LoadBalancerArn=made)
    aws("elbv2.DeleteLoadBalancer", LoadBalancerArn=made)
    aws("elbv2.DescribeLoadBalancers", LoadBalancerArns=[made])


@scenario
def bad_load_balancers(aws):
    at = Network(aws)
    wrong = [
        {"Name": "battery", "Subnets": []},
        {"Name": "battery", "Subnets": at.subnets[:1]},
        {"Name": "battery", "Subnets": [at.subnets[0], "subnet-00000000000000000"]},
        {"Name": "battery", "Subnets": at.subnets, "SecurityGroups": ["sg-00000000000000000"]},
        {"Name": "-battery", "Subnets": at.subnets},
        {"Name": "battery-", "Subnets": at.subnets},
        {"Name": "internal-battery", "Subnets": at.subnets},
        {"Name": "b" * 33, "Subnets": at.subnets},
        {"Name": "under_score", "Subnets": at.subnets},
        {"Name": "battery", "Subnets": at.subnets, "Scheme": "outer"},
        {"Name": "battery", "Subnets": at.subnets, "Tags": tags(a="1") * 2},
    ]
    for params in wrong:
        aws("elbv2.CreateLoadBalancer", **params)
    aws("elbv2.DescribeLoadBalancers", Names=["nothing"])
    aws("elbv2.DescribeLoadBalancers", LoadBalancerArns=[arn("loadbalancer")])
    aws("elbv2.SetSubnets", LoadBalancerArn=arn("loadbalancer"), Subnets=at.subnets)
    aws("elbv2.SetSecurityGroups", LoadBalancerArn=arn("loadbalancer"), SecurityGroups=[at.group])
    aws("elbv2.SetIpAddressType", LoadBalancerArn=arn("loadbalancer"), IpAddressType="ipv4")
    aws("elbv2.DescribeLoadBalancerAttributes", LoadBalancerArn=arn("loadbalancer"))
    aws("elbv2.ModifyLoadBalancerAttributes", LoadBalancerArn=arn("loadbalancer"), Attributes=tags(**{"deletion_protection.enabled": "true"}))


@scenario
def changed_load_balancers(aws):
    at = Balanced(aws)
    third = aws("ec2.CreateSubnet", VpcId=at.vpc, CidrBlock="10.77.9.0/24", AvailabilityZone="us-west-2c")["Subnet"]["SubnetId"]
    other = aws("ec2.CreateSecurityGroup", GroupName="other", Description="another", VpcId=at.vpc)["GroupId"]
    aws("elbv2.SetSubnets", LoadBalancerArn=at.balancer, Subnets=[at.subnets[0], third])
    aws("elbv2.SetSecurityGroups", LoadBalancerArn=at.balancer, SecurityGroups=[other])
    aws("elbv2.DescribeLoadBalancers", LoadBalancerArns=[at.balancer])
    aws("elbv2.SetSubnets", LoadBalancerArn=at.balancer, Subnets=[third])
    aws("elbv2.SetSecurityGroups", LoadBalancerArn=at.balancer, SecurityGroups=["sg-00000000000000000"])
    aws("elbv2.SetIpAddressType", LoadBalancerArn=at.balancer, IpAddressType="ipv4")
    # Held by the load balancer's interfaces.
    aws("ec2.DeleteSecurityGroup", GroupId=other)


@scenario
def load_balancer_attributes(aws):
    at = Balanced(aws)
    aws("elbv2.DescribeLoadBalancerAttributes", LoadBalancerArn=at.balancer)
    wanted = tags(**{"idle_timeout.timeout_seconds": "120", "deletion_protection.enabled": "true", "routing.http2.enabled": "false"})
    aws("elbv2.ModifyLoadBalancerAttributes", LoadBalancerArn=at.balancer, Attributes=wanted)
    aws("elbv2.DescribeLoadBalancerAttributes", LoadBalancerArn=at.balancer)
    aws("elbv2.DeleteLoadBalancer", LoadBalancerArn=at.balancer)
    aws("elbv2.ModifyLoadBalancerAttributes", LoadBalancerArn=at.balancer, Attributes=tags(**{"no.such.attribute": "1"}))
    aws("elbv2.ModifyLoadBalancerAttributes", LoadBalancerArn=at.balancer, Attributes=tags(**{"idle_timeout.timeout_seconds": "many"}))
    aws("elbv2.ModifyLoadBalancerAttributes", LoadBalancerArn=at.balancer, Attributes=tags(**{"deletion_protection.enabled": "false"}))
    aws("elbv2.DeleteLoadBalancer", LoadBalancerArn=at.balancer)


@scenario
def network_load_balancer(aws):
    at = Network(aws)
    balancer = aws("elbv2.CreateLoadBalancer", Name="net", Subnets=at.subnets, Type="network")["LoadBalancers"][0]["LoadBalancerArn"]
    group = aws("elbv2.CreateTargetGroup", Name="net", Protocol="TCP", Port=80, VpcId=at.vpc, TargetType="ip")
    group = group["TargetGroups"][0]["TargetGroupArn"]
    listener = aws(
        "elbv2.CreateListener", LoadBalancerArn=balancer, Protocol="TCP", Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )["Listeners"][0]["ListenerArn"]
    aws("elbv2.DescribeLoadBalancerAttributes", LoadBalancerArn=balancer)
    aws("elbv2.DescribeTargetGroupAttributes", TargetGroupArn=group)
    aws("elbv2.DescribeListenerAttributes", ListenerArn=listener)
    aws("elbv2.DescribeListeners", ListenerArns=[listener])


@scenario
def listeners(aws):
    at = Balanced(aws)
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "no"}}
    made = aws(
        "elbv2.CreateListener", LoadBalancerArn=at.balancer, Protocol="HTTP", Port=8080, DefaultActions=[fixed], Tags=tags(a="1"),
    )["Listeners"][0]["ListenerArn"]
    aws("elbv2.DescribeListeners", LoadBalancerArn=at.balancer)
    aws("elbv2.DescribeListeners", ListenerArns=[made])
    aws("elbv2.DescribeTags", ResourceArns=[made])
    redirect = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}
    aws("elbv2.ModifyListener", ListenerArn=made, Port=8081, DefaultActions=[redirect])
    aws("elbv2.DescribeListeners", ListenerArns=[made])
    aws("elbv2.CreateListener", LoadBalancerArn=at.balancer, Protocol="HTTP", Port=80, DefaultActions=[fixed])
    aws("elbv2.ModifyListener", ListenerArn=made, Port=80)
    aws("elbv2.DeleteListener", ListenerArn=made)
    aws("elbv2.DescribeListeners", ListenerArns=[made])
    aws("elbv2.DeleteListener", ListenerArn=made)


@scenario
def bad_listeners(aws):
    at = Balanced(aws)
    forward = [{"Type": "forward", "TargetGroupArn": at.target_group}]
    wrong = [
        {"LoadBalancerArn": arn("loadbalancer"), "Protocol": "HTTP", "Port": 81, "DefaultActions": forward},
        {"LoadBalancerArn": at.balancer, "Protocol": "HTTPS", "Port": 443, "DefaultActions": forward},
        {"LoadBalancerArn": at.balancer, "Protocol": "TCP", "Port": 81, "DefaultActions": forward},
        {"LoadBalancerArn": at.balancer, "Protocol": "HTTP", "Port": 81,
         "DefaultActions": [{"Type": "forward", "TargetGroupArn": arn("targetgroup")}]},
        {"LoadBalancerArn": at.balancer, "Protocol": "HTTP", "Port": 81, "DefaultActions": [{"Type": "redirect"}]},
        {"LoadBalancerArn": at.balancer, "Protocol": "HTTP", "Port": 81, "DefaultActions": [
            {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTP", "Port": "81", "StatusCode": "HTTP_301"}}]},
        {"LoadBalancerArn": at.balancer, "Protocol": "HTTP", "Port": 81, "DefaultActions": [
            {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "999"}}]},
        {"LoadBalancerArn": at.balancer, "Protocol": "HTTPS", "Port": 443, "DefaultActions": forward, "Certificates": [
            {"CertificateArn": "arn:aws:acm:us-west-2:000000000000:certificate/00000000-0000-0000-0000-000000000000"}]},
    ]
    for params in wrong:
        aws("elbv2.CreateListener", **params)
    aws("elbv2.DescribeListeners", LoadBalancerArn=arn("loadbalancer"))
    aws("elbv2.DescribeListeners", ListenerArns=[arn("listener")])
    aws("elbv2.DescribeListenerAttributes", ListenerArn=arn("listener"))
    aws("elbv2.ModifyListener", ListenerArn=arn("listener"), Port=99)
    aws("elbv2.DescribeListenerCertificates", ListenerArn=arn("listener"))


@scenario
def listener_attributes(aws):
    at = Balanced(aws)
    aws("elbv2.DescribeListenerAttributes", ListenerArn=at.listener)
    aws("elbv2.ModifyListenerAttributes", ListenerArn=at.listener, Attributes=tags(**{"routing.http.response.server.enabled": "false"}))
    aws("elbv2.DescribeListenerAttributes", ListenerArn=at.listener)
    aws("elbv2.ModifyListenerAttributes", ListenerArn=at.listener, Attributes=tags(**{"no.such.attribute": "1"}))


@scenario
def secure_listeners(aws):
    at = Balanced(aws)
    first, second = imported(aws, "shop.example.com"), imported(aws, "blog.example.com")
    listener = aws(
        "elbv2.CreateListener", LoadBalancerArn=at.balancer, Protocol="HTTPS", Port=443, Certificates=[{"CertificateArn": first}],
        DefaultActions=[{"Type": "forward", "TargetGroupArn": at.target_group}],
    )["Listeners"][0]["ListenerArn"]
    aws("elbv2.AddListenerCertificates", ListenerArn=listener, Certificates=[{"CertificateArn": second}])
    aws("elbv2.DescribeListenerCertificates", ListenerArn=listener)
    aws("elbv2.AddListenerCertificates", ListenerArn=listener, Certificates=[{"CertificateArn": second}])
    aws("acm.DeleteCertificate", CertificateArn=second)
    aws("acm.DescribeCertificate", CertificateArn=second)
    aws("elbv2.RemoveListenerCertificates", ListenerArn=listener, Certificates=[{"CertificateArn": second}])
    aws("elbv2.DescribeListenerCertificates", ListenerArn=listener)
    aws("elbv2.RemoveListenerCertificates", ListenerArn=listener, Certificates=[{"CertificateArn": first}])
    aws("elbv2.ModifyListener", ListenerArn=listener, SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06")
    aws("elbv2.ModifyListener", ListenerArn=listener, SslPolicy="ELBSecurityPolicy-None")
    aws("elbv2.DescribeListenerAttributes", ListenerArn=listener)
    aws("elbv2.ModifyListener", ListenerArn=listener, Protocol="HTTP", Port=8443)
    aws("elbv2.DescribeListeners", ListenerArns=[listener])


@scenario
def tags_of_all(aws):
    at = Balanced(aws)
    rule = at.rule(aws, 10, "/", Tags=tags(kind="rule"))
    everything = [at.balancer, at.target_group, at.listener, rule]
    aws("elbv2.AddTags", ResourceArns=everything, Tags=tags(stack="shop", owner="battery"))
    aws("elbv2.AddTags", ResourceArns=everything, Tags=tags(stack="blog"))
    aws("elbv2.DescribeTags", ResourceArns=everything)
    aws("elbv2.RemoveTags", ResourceArns=everything, TagKeys=["owner", "never"])
    aws("elbv2.DescribeTags", ResourceArns=everything)
    aws("elbv2.AddTags", ResourceArns=[at.balancer], Tags=tags(a="1") + tags(a="2"))
    aws("elbv2.AddTags", ResourceArns=[at.balancer], Tags=tags(**{f"key{n}": "x" for n in range(51)}))
    for kind in ("loadbalancer", "targetgroup", "listener", "listener-rule"):
        aws("elbv2.DescribeTags", ResourceArns=[arn(kind)])
        aws("elbv2.AddTags", ResourceArns=[arn(kind)], Tags=tags(a="1"))
        aws("elbv2.RemoveTags", ResourceArns=[arn(kind)], TagKeys=["a"])


@scenario
def pages(aws):
    at = Balanced(aws)
    for n in range(3):
        at.another(aws, f"group-{n}")
    aws("elbv2.DescribeLoadBalancers", PageSize=1)
    aws("elbv2.DescribeListeners", LoadBalancerArn=at.balancer, PageSize=1)
    aws("elbv2.DescribeTargetGroups", LoadBalancerArn=at.balancer)
    wanted, token = [], {}
    for _ in range(9):
        page = aws("elbv2.DescribeTargetGroups", PageSize=2, **token)
        wanted += [group["TargetGroupName"] for group in page["TargetGroups"]]
        if "NextMarker" not in page:
            break
        token = {"Marker": page["NextMarker"]}
    assert sorted(wanted) == ["battery", "group-0", "group-1", "group-2"], wanted


@scenario
def limits(aws):
    aws("elbv2.DescribeAccountLimits", PageSize=400)
    aws("elbv2.DescribeSSLPolicies", Names=["ELBSecurityPolicy-2016-08"])
