"""What is asked of both accounts. Each scenario starts with an empty account and is told by its name.

A scenario must not depend on an account's own contents: what it reads is narrowed to what it made.
"""

SCENARIOS = {}


def scenario(function):
    """Makes the function known under its module's last name and its own."""
    name = f"{function.__module__.rsplit('.', 1)[-1]}.{function.__name__}"
    assert name not in SCENARIOS, name
    SCENARIOS[name] = function
    return function


def tags(**pairs):
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


def tagged(kind, **pairs):
    """TagSpecifications for one resource type."""
    return [{"ResourceType": kind, "Tags": tags(**pairs)}]


def where(**filters):
    """EC2 filters; an underscore stands for a dash."""
    return [{"Name": name.replace("_", "-"), "Values": [values] if isinstance(values, str) else values}
            for name, values in filters.items()]


class Network:
    """A VPC with two subnets in two zones and a security group: where load balancers can stand."""

    def __init__(self, aws):
        self.vpc = aws("ec2.CreateVpc", CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [
            aws("ec2.CreateSubnet", VpcId=self.vpc, CidrBlock=f"10.77.{n}.0/24", AvailabilityZone=f"us-west-2{zone}")
            ["Subnet"]["SubnetId"]
            for n, zone in enumerate("ab")
        ]
        gateway = aws("ec2.CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
        aws("ec2.AttachInternetGateway", InternetGatewayId=gateway, VpcId=self.vpc)
        self.gateway = gateway
        self.group = aws("ec2.CreateSecurityGroup", GroupName="battery", Description="of the battery", VpcId=self.vpc)["GroupId"]


class Balanced(Network):
    """An ALB, a target group and a listener on port 80 that forwards to it."""

    def __init__(self, aws, name="battery"):
        super().__init__(aws)
        self.name = name
        self.balancer = aws(
            "elbv2.CreateLoadBalancer", Name=name, Subnets=self.subnets, SecurityGroups=[self.group]
        )["LoadBalancers"][0]["LoadBalancerArn"]
        self.target_group = self.another(aws, name)
        self.listener = aws(
            "elbv2.CreateListener", LoadBalancerArn=self.balancer, Protocol="HTTP", Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.target_group}],
        )["Listeners"][0]["ListenerArn"]

    def another(self, aws, name, **more):
        wanted = {"Protocol": "HTTP", "Port": 8080, "VpcId": self.vpc, "TargetType": "ip"} | more
        return aws("elbv2.CreateTargetGroup", Name=name, **wanted)["TargetGroups"][0]["TargetGroupArn"]

    def rule(self, aws, priority, path, **more):
        made = aws(
            "elbv2.CreateRule", ListenerArn=self.listener, Priority=priority,
            Conditions=[{"Field": "path-pattern", "Values": [path]}],
            Actions=[{"Type": "forward", "TargetGroupArn": self.target_group}], **more,
        )
        return made["Rules"][0]["RuleArn"]


NOTHING = "0" * 16


def arn(kind):
    """The ARN of something in load balancing that does not exist."""
    ends = {
        "loadbalancer": f"loadbalancer/app/nothing/{NOTHING}",
        "targetgroup": f"targetgroup/nothing/{NOTHING}",
        "listener": f"listener/app/nothing/{NOTHING}/{NOTHING}",
        "listener-rule": f"listener-rule/app/nothing/{NOTHING}/{NOTHING}/{NOTHING}",
    }
    return f"arn:aws:elasticloadbalancing:us-west-2:000000000000:{ends[kind]}"


from . import acm, ec2, elbv2, general, route53, routing, targets  # noqa: E402, F401
