"""Networks and security groups: what inroad reads of the VPC, and the groups that it keeps."""

from . import Network, scenario, tagged, tags, where


@scenario
def network(aws):
    at = Network(aws)
    aws("ec2.CreateTags", Resources=at.subnets, Tags=tags(**{"kubernetes.io/role/elb": "1"}))
    aws("ec2.DescribeVpcs", VpcIds=[at.vpc])
    aws("ec2.DescribeSubnets", Filters=where(vpc_id=at.vpc))
    aws("ec2.DescribeSubnets", SubnetIds=at.subnets[:1])
    aws("ec2.DescribeSubnets", Filters=where(vpc_id=at.vpc, tag_key="kubernetes.io/role/elb"))
    aws("ec2.DescribeSubnets", Filters=[{"Name": "tag:kubernetes.io/role/elb", "Values": ["1", ""]}])
    aws("ec2.DescribeSubnets", Filters=where(vpc_id=at.vpc, availability_zone="us-west-2b"))
    aws("ec2.DescribeAvailabilityZones", ZoneNames=["us-west-2a", "us-west-2b"])
    aws("ec2.DescribeInternetGateways", InternetGatewayIds=[at.gateway])
    aws("ec2.DescribeRouteTables", Filters=where(vpc_id=at.vpc))
    table = aws("ec2.CreateRouteTable", VpcId=at.vpc)["RouteTable"]["RouteTableId"]
    aws("ec2.CreateRoute", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=at.gateway)
    aws("ec2.AssociateRouteTable", RouteTableId=table, SubnetId=at.subnets[0])
    aws("ec2.DescribeRouteTables", RouteTableIds=[table])


@scenario
def absent(aws):
    aws("ec2.DescribeVpcs", VpcIds=["vpc-00000000000000000"])
    aws("ec2.DescribeSubnets", SubnetIds=["subnet-00000000000000000"])
    aws("ec2.DescribeSecurityGroups", GroupIds=["sg-00000000000000000"])
    aws("ec2.DescribeSecurityGroups", Filters=where(group_id="sg-00000000000000000"))
    aws("ec2.DescribeInstances", InstanceIds=["i-00000000000000000"])
    aws("ec2.DescribeInstances", Filters=where(instance_id="i-00000000000000000"))
    aws("ec2.DescribeNetworkInterfaces", NetworkInterfaceIds=["eni-00000000000000000"])
    aws("ec2.DescribeRouteTables", RouteTableIds=["rtb-00000000000000000"])
    aws("ec2.CreateSubnet", VpcId="vpc-00000000000000000", CidrBlock="10.77.0.0/24")
    aws("ec2.CreateSecurityGroup", GroupName="battery", Description="nowhere", VpcId="vpc-00000000000000000")
    aws("ec2.DeleteSecurityGroup", GroupId="sg-00000000000000000")
    aws("ec2.CreateTags", Resources=["sg-00000000000000000"], Tags=tags(a="1"))
    aws("ec2.AuthorizeSecurityGroupIngress", GroupId="sg-00000000000000000", IpPermissions=[port(80)])
    aws("ec2.RevokeSecurityGroupIngress", GroupId="sg-00000000000000000", IpPermissions=[port(80)])


def port(number, **more):
    given = more or {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    return {"IpProtocol": "tcp", "FromPort": number, "ToPort": number, **given}


@scenario
def group(aws):
    at = Network(aws)
    made = aws(
        "ec2.CreateSecurityGroup", GroupName="tagged", Description="with tags", VpcId=at.vpc,
        TagSpecifications=tagged("security-group", stack="shop", cluster="demo"),
    )["GroupId"]
    aws("ec2.CreateSecurityGroup", GroupName="tagged", Description="its name is taken", VpcId=at.vpc)
    aws("ec2.DescribeSecurityGroups", GroupIds=[made])
    aws("ec2.DescribeSecurityGroups", Filters=where(vpc_id=at.vpc))
    aws("ec2.DescribeSecurityGroups", Filters=[{"Name": "tag:stack", "Values": ["shop", "other"]}, *where(vpc_id=at.vpc)])
    aws("ec2.DescribeSecurityGroups", Filters=where(vpc_id=at.vpc, tag_key="cluster", group_name="tag*"))
    aws("ec2.CreateTags", Resources=[made], Tags=tags(stack="blog", more="yes"))
    aws("ec2.DeleteTags", Resources=[made], Tags=[{"Key": "cluster"}])
    aws("ec2.DeleteTags", Resources=[made], Tags=tags(more="another value"))
    aws("ec2.DescribeSecurityGroups", GroupIds=[made])
    aws("ec2.DescribeTags", Filters=where(resource_id=made))
    aws("ec2.DeleteSecurityGroup", GroupId=made)
    aws("ec2.DescribeSecurityGroups", GroupIds=[made])


@scenario
def permissions(aws):
    at = Network(aws)
    aws("ec2.AuthorizeSecurityGroupIngress", GroupId=at.group, IpPermissions=[
        port(80, IpRanges=[{"CidrIp": "10.0.0.0/8", "Description": "inside"}, {"CidrIp": "192.0.2.0/24"}]),
        port(443, Ipv6Ranges=[{"CidrIpv6": "::/0"}]),
        {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": at.group}]},
    ])
    aws("ec2.DescribeSecurityGroups", GroupIds=[at.group])
    aws("ec2.DescribeSecurityGroupRules", Filters=where(group_id=at.group))
    aws("ec2.AuthorizeSecurityGroupIngress", GroupId=at.group, IpPermissions=[port(80, IpRanges=[{"CidrIp": "10.0.0.0/8"}])])
    aws("ec2.DescribeSecurityGroups", Filters=where(group_id=at.group, **{"ip_permission.cidr": "192.0.2.0/24"}))
    aws("ec2.RevokeSecurityGroupIngress", GroupId=at.group, IpPermissions=[port(443, Ipv6Ranges=[{"CidrIpv6": "::/0"}])])
    aws("ec2.RevokeSecurityGroupIngress", GroupId=at.group, IpPermissions=[port(80, IpRanges=[{"CidrIp": "10.0.0.0/8"}])])
    aws("ec2.DescribeSecurityGroups", GroupIds=[at.group])
    aws("ec2.RevokeSecurityGroupIngress", GroupId=at.group, IpPermissions=[port(22)])
    aws("ec2.AuthorizeSecurityGroupEgress", GroupId=at.group, IpPermissions=[port(53)])
    aws("ec2.RevokeSecurityGroupEgress", GroupId=at.group, IpPermissions=[port(53)])
    aws("ec2.DescribeSecurityGroups", GroupIds=[at.group])


@scenario
def bad_permissions(aws):
    at = Network(aws)
    wrong = [
        port(80, IpRanges=[{"CidrIp": "10.0.0.0/33"}]),
        port(80, IpRanges=[{"CidrIp": "10.0.0.1/8"}]),
        port(70000),
        {"IpProtocol": "tcp", "FromPort": 90, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        port(80, UserIdGroupPairs=[{"GroupId": "sg-00000000000000000"}]),
        port(80, PrefixListIds=[{"PrefixListId": "pl-00000000000000000"}]),
    ]
    for permission in wrong:
        aws("ec2.AuthorizeSecurityGroupIngress", GroupId=at.group, IpPermissions=[permission])


@scenario
def held_groups(aws):
    at = Network(aws)
    other = aws("ec2.CreateSecurityGroup", GroupName="other", Description="refers", VpcId=at.vpc)["GroupId"]
    pair = [port(80, UserIdGroupPairs=[{"GroupId": at.group, "Description": "from the other"}])]
    aws("ec2.AuthorizeSecurityGroupIngress", GroupId=other, IpPermissions=pair)
    aws("ec2.DescribeSecurityGroups", GroupIds=[other])
    aws("ec2.DeleteSecurityGroup", GroupId=at.group)
    aws("ec2.RevokeSecurityGroupIngress", GroupId=other, IpPermissions=pair)
    interface = aws("ec2.CreateNetworkInterface", SubnetId=at.subnets[0], Groups=[at.group])["NetworkInterface"]
    aws("ec2.DescribeNetworkInterfaces", Filters=where(group_id=at.group))
    aws("ec2.DeleteSecurityGroup", GroupId=at.group)
    aws("ec2.ModifyNetworkInterfaceAttribute", NetworkInterfaceId=interface["NetworkInterfaceId"], Groups=[other])
    aws("ec2.DeleteSecurityGroup", GroupId=at.group)
    aws("ec2.DeleteNetworkInterface", NetworkInterfaceId=interface["NetworkInterfaceId"])
    aws("ec2.DeleteSecurityGroup", GroupId=other)


@scenario
def instances(aws):
    at = Network(aws)
    made = aws(
        "ec2.RunInstances", ImageId="ami-12c6146b", MinCount=1, MaxCount=1, InstanceType="t3.micro", SubnetId=at.subnets[0],
        SecurityGroupIds=[at.group], TagSpecifications=tagged("instance", Name="node"),
    )["Instances"][0]["InstanceId"]
    aws("ec2.DescribeInstances", InstanceIds=[made])
    aws("ec2.DescribeInstances", Filters=where(instance_id=made))
    aws("ec2.DescribeInstances", Filters=where(vpc_id=at.vpc, instance_state_name="stopped"))
    aws("ec2.TerminateInstances", InstanceIds=[made])


@scenario
def pages(aws):
    at = Network(aws)
    for n in range(5):
        aws("ec2.CreateSecurityGroup", GroupName=f"group-{n}", Description="one of many", VpcId=at.vpc)
    aws("ec2.DescribeSecurityGroups", MaxResults=5, GroupIds=[at.group])
    aws("ec2.DescribeSubnets", Filters=where(vpc_id=at.vpc), MaxResults=1000)
    aws("ec2.DescribeSubnets", Filters=where(vpc_id=at.vpc), MaxResults=1001)
    seen, token = 0, {}
    for _ in range(9):
        page = aws("ec2.DescribeSecurityGroups", Filters=where(vpc_id=at.vpc), MaxResults=5, **token)
        seen += len(page["SecurityGroups"])
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert seen == 7, seen


@scenario
def prefix_lists(aws):
    made = aws(
        "ec2.CreateManagedPrefixList", PrefixListName="office", MaxEntries=5, AddressFamily="IPv4",
        Entries=[{"Cidr": "192.0.2.0/24", "Description": "office"}],
    )["PrefixList"]["PrefixListId"]
    aws("ec2.DescribeManagedPrefixLists", PrefixListIds=[made])
    aws("ec2.GetManagedPrefixListEntries", PrefixListId=made)
    at = Network(aws)
    aws("ec2.AuthorizeSecurityGroupIngress", GroupId=at.group, IpPermissions=[port(80, PrefixListIds=[{"PrefixListId": made}])])
    aws("ec2.DescribeSecurityGroups", GroupIds=[at.group])
