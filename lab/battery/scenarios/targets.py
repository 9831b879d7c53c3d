"""Target groups, their attributes, targets and health."""

from . import Balanced, Network, arn, scenario, tagged, tags


@scenario
def groups(aws):
    at = Network(aws)
    wanted = [
        {"Name": "plain", "Protocol": "HTTP", "Port": 80, "VpcId": at.vpc},
        {"Name": "addresses", "Protocol": "HTTP", "Port": 80, "VpcId": at.vpc, "TargetType": "ip", "Tags": tags(stack="shop")},
        {"Name": "secure", "Protocol": "HTTPS", "Port": 443, "VpcId": at.vpc, "TargetType": "ip"},
        {"Name": "grpc", "Protocol": "HTTP", "ProtocolVersion": "GRPC", "Port": 50051, "VpcId": at.vpc, "TargetType": "ip"},
        {"Name": "http2", "Protocol": "HTTP", "ProtocolVersion": "HTTP2", "Port": 80, "VpcId": at.vpc, "TargetType": "ip"},
        {"Name": "tcp", "Protocol": "TCP", "Port": 5432, "VpcId": at.vpc, "TargetType": "ip"},
        {"Name": "udp", "Protocol": "UDP", "Port": 53, "VpcId": at.vpc, "TargetType": "ip"},
        {"Name": "checked", "Protocol": "HTTP", "Port": 80, "VpcId": at.vpc, "TargetType": "ip", "HealthCheckPath": "/health",
         "HealthCheckPort": "8081", "HealthCheckProtocol": "HTTP", "HealthCheckIntervalSeconds": 10,
         "HealthCheckTimeoutSeconds": 3, "HealthyThresholdCount": 2, "UnhealthyThresholdCount": 4, "Matcher": {"HttpCode": "200-299"}},
    ]
    made = [aws("elbv2.CreateTargetGroup", **params)["TargetGroups"][0]["TargetGroupArn"] for params in wanted]
    aws("elbv2.DescribeTargetGroups", TargetGroupArns=made)
    aws("elbv2.DescribeTargetGroups", Names=["checked", "plain"])
    aws("elbv2.DescribeTags", ResourceArns=made[:2])
    aws("elbv2.DescribeTargetGroupAttributes", TargetGroupArn=made[1])
    aws("elbv2.CreateTargetGroup", **wanted[0])
    aws("elbv2.CreateTargetGroup", **(wanted[0] | {"Port": 81}))
    aws("elbv2.DeleteTargetGroup", TargetGroupArn=made[0])
    aws("elbv2.DeleteTargetGroup", TargetGroupArn=made[0])
    aws("elbv2.DescribeTargetGroups", TargetGroupArns=[made[0]])


@scenario
def bad_groups(aws):
    at = Network(aws)
    good = {"Name": "group", "Protocol": "HTTP", "Port": 80, "VpcId": at.vpc, "TargetType": "ip"}
    wrong = [
        {"Name": "-group"}, {"Name": "group-"}, {"Name": "g" * 33}, {"Name": "under_score"}, {"Protocol": "GOPHER"},
        {"VpcId": "vpc-00000000000000000"}, {"TargetType": "pod"}, {"HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 5},
        {"HealthCheckPath": "relative"}, {"Matcher": {"HttpCode": "99"}},
        {"HealthCheckTimeoutSeconds": 20, "HealthCheckIntervalSeconds": 10}, {"ProtocolVersion": "HTTP9"},
    ]
    for change in wrong:
        aws("elbv2.CreateTargetGroup", **(good | change))
    aws("elbv2.CreateTargetGroup", Name="group", Protocol="HTTP", TargetType="ip")
    aws("elbv2.DescribeTargetGroups", Names=["nothing"])
    aws("elbv2.DescribeTargetGroups", TargetGroupArns=[arn("targetgroup")])
    aws("elbv2.DescribeTargetGroups", LoadBalancerArn=arn("loadbalancer"))
    aws("elbv2.ModifyTargetGroup", TargetGroupArn=arn("targetgroup"), HealthCheckPath="/")
    aws("elbv2.DescribeTargetGroupAttributes", TargetGroupArn=arn("targetgroup"))
    aws("elbv2.ModifyTargetGroupAttributes", TargetGroupArn=arn("targetgroup"), Attributes=tags(**{"stickiness.enabled": "true"}))
    aws("elbv2.DescribeTargetHealth", TargetGroupArn=arn("targetgroup"))
    aws("elbv2.RegisterTargets", TargetGroupArn=arn("targetgroup"), Targets=[{"Id": "10.77.0.9"}])
    aws("elbv2.DeregisterTargets", TargetGroupArn=arn("targetgroup"), Targets=[{"Id": "10.77.0.9"}])


@scenario
def changed_groups(aws):
    at = Balanced(aws)
    aws("elbv2.ModifyTargetGroup", TargetGroupArn=at.target_group, HealthCheckPath="/ready", HealthCheckIntervalSeconds=20,
        Matcher={"HttpCode": "200,204"})
    aws("elbv2.DescribeTargetGroups", TargetGroupArns=[at.target_group])
    aws("elbv2.DescribeTargetGroupAttributes", TargetGroupArn=at.target_group)
    wanted = tags(**{"deregistration_delay.timeout_seconds": "10", "stickiness.enabled": "true", "stickiness.type": "lb_cookie"})
    aws("elbv2.ModifyTargetGroupAttributes", TargetGroupArn=at.target_group, Attributes=wanted)
    aws("elbv2.DescribeTargetGroupAttributes", TargetGroupArn=at.target_group)
    for key, value in {"no.such.attribute": "1", "deregistration_delay.timeout_seconds": "3601", "stickiness.enabled": "maybe"}.items():
        aws("elbv2.ModifyTargetGroupAttributes", TargetGroupArn=at.target_group, Attributes=tags(**{key: value}))
    aws("elbv2.DeleteTargetGroup", TargetGroupArn=at.target_group)
    aws("elbv2.DeleteListener", ListenerArn=at.listener)
    aws("elbv2.DeleteTargetGroup", TargetGroupArn=at.target_group)


@scenario
def registered(aws):
    at = Balanced(aws)
    one, two = {"Id": "10.77.0.9", "Port": 8080}, {"Id": "10.77.1.9", "Port": 8080}
    aws("elbv2.DescribeTargetHealth", TargetGroupArn=at.target_group)
    aws("elbv2.RegisterTargets", TargetGroupArn=at.target_group, Targets=[one, two])
    aws("elbv2.RegisterTargets", TargetGroupArn=at.target_group, Targets=[one])
    aws("elbv2.DescribeTargetHealth", TargetGroupArn=at.target_group)
    aws("elbv2.DescribeTargetHealth", TargetGroupArn=at.target_group, Targets=[one])
    aws("elbv2.DescribeTargetHealth", TargetGroupArn=at.target_group, Targets=[{"Id": "10.77.0.10", "Port": 8080}])
    aws("elbv2.RegisterTargets", TargetGroupArn=at.target_group, Targets=[{"Id": "10.77.0.9", "Port": 9090}])
    aws("elbv2.DescribeTargetHealth", TargetGroupArn=at.target_group)
    aws("elbv2.DeregisterTargets", TargetGroupArn=at.target_group, Targets=[two])
    aws("elbv2.DescribeTargetHealth", TargetGroupArn=at.target_group)
    aws("elbv2.DeregisterTargets", TargetGroupArn=at.target_group, Targets=[{"Id": "10.77.0.99", "Port": 8080}])
    aws("elbv2.RegisterTargets", TargetGroupArn=at.target_group, Targets=[{"Id": "10.77.0.20"}])
    aws("elbv2.RegisterTargets", TargetGroupArn=at.target_group, Targets=[{"Id": "i-00000000000000000"}])
    aws("elbv2.RegisterTargets", TargetGroupArn=at.target_group, Targets=[{"Id": "203.0.113.9"}])
    aws("elbv2.RegisterTargets", TargetGroupArn=at.target_group, Targets=[{"Id": "10.77.0.9", "Port": 65535}])


@scenario
def instances(aws):
    at = Balanced(aws)
    group = at.another(aws, "nodes", TargetType="instance")
    unused = {"TargetGroupArn": group}
    node = aws(
        "ec2.RunInstances", ImageId="ami-12c6146b", MinCount=1, MaxCount=1, InstanceType="t3.micro", SubnetId=at.subnets[0],
        SecurityGroupIds=[at.group], TagSpecifications=tagged("instance", Name="node"),
    )["Instances"][0]["InstanceId"]
    aws("elbv2.RegisterTargets", Targets=[{"Id": node, "Port": 30080}], **unused)
    aws("elbv2.DescribeTargetHealth", **unused)
    aws("elbv2.RegisterTargets", Targets=[{"Id": "i-00000000000000000", "Port": 30080}], **unused)
    aws("elbv2.RegisterTargets", Targets=[{"Id": "10.77.0.9", "Port": 30080}], **unused)


@scenario
def shared_group(aws):
    """An ALB's target group cannot serve a second load balancer."""
    at = Balanced(aws)
    second = aws("elbv2.CreateLoadBalancer", Name="second", Subnets=at.subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    aws(
        "elbv2.CreateListener", LoadBalancerArn=second, Protocol="HTTP", Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": at.target_group}],
    )
    aws("elbv2.DescribeTargetGroups", TargetGroupArns=[at.target_group])
