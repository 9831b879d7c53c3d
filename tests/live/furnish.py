"""A recorded account made anew in one that gives its own ids."""


class Furnished:
    """What stood in an account before any controller came: networks, instances, addresses, zones. `text` puts this account's
    ids in the place of the recorded ones."""

    def __init__(self, account, recorded):
        self.account, self.ec2, self.ids = account, account.client("ec2"), {}
        self.vpcs(recorded)
        self.subnets(recorded)
        self.security_groups(recorded)
        self.instances(recorded)
        for zone in recorded["HostedZones"]:
            made = account.client("route53").create_hosted_zone(Name=zone["Name"], CallerReference=zone["CallerReference"])
            account.zone = made["HostedZone"]["Id"].rsplit("/", 1)[-1]

    def text(self, text):
        for recorded, own in self.ids.items():
            text = text.replace(recorded, own)
        return text

    @staticmethod
    def tagged(kind, resource):
        return [{"ResourceType": kind, "Tags": resource["Tags"]}] if resource.get("Tags") else []

    def vpcs(self, recorded):
        """The default VPC is there already; nobody works in it."""
        for vpc in (v for v in recorded["Vpcs"] if not v["IsDefault"]):
            made = self.ec2.create_vpc(CidrBlock=vpc["CidrBlock"], TagSpecifications=self.tagged("vpc", vpc))["Vpc"]["VpcId"]
            self.ids[vpc["VpcId"]] = self.account.vpc = made

    def subnets(self, recorded):
        for subnet in (s for s in recorded["Subnets"] if s["VpcId"] in self.ids):
            made = self.ec2.create_subnet(
                VpcId=self.ids[subnet["VpcId"]], CidrBlock=subnet["CidrBlock"], AvailabilityZone=subnet["AvailabilityZone"],
                TagSpecifications=self.tagged("subnet", subnet))
            self.ids[subnet["SubnetId"]] = made["Subnet"]["SubnetId"]
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.account.vpc)
        for table in recorded["RouteTables"]:
            subnets = [self.ids[a["SubnetId"]] for a in table["Associations"] if a.get("SubnetId") in self.ids]
            if not subnets:
                continue
            made = self.ec2.create_route_table(VpcId=self.ids[table["VpcId"]])["RouteTable"]["RouteTableId"]
            if any(r.get("GatewayId", "").startswith("igw-") for r in table["Routes"]):
                self.ec2.create_route(RouteTableId=made, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
            for subnet in subnets:
                self.ec2.associate_route_table(RouteTableId=made, SubnetId=subnet)

    def security_groups(self, recorded):
        for group in recorded["SecurityGroups"]:
            if group["VpcId"] in self.ids and group["GroupName"] != "default":
                made = self.ec2.create_security_group(
                    GroupName=group["GroupName"], Description=group["Description"], VpcId=self.ids[group["VpcId"]],
                    TagSpecifications=self.tagged("security-group", group))
                self.ids[group["GroupId"]] = made["GroupId"]

    def instances(self, recorded):
        """Each with its interfaces; what is not the first one is made and attached, with all its addresses."""
        for instance in recorded["Instances"]:
            first, *others = sorted(
                (e for e in recorded["NetworkInterfaces"] if e["Attachment"]["InstanceId"] == instance["InstanceId"]),
                key=lambda e: e["Attachment"]["DeviceIndex"])
            [made] = self.ec2.run_instances(
                ImageId=instance["ImageId"], InstanceType=instance["InstanceType"], MinCount=1, MaxCount=1,
                SubnetId=self.ids[first["SubnetId"]], PrivateIpAddress=first["PrivateIpAddress"],
                SecurityGroupIds=[self.ids[g["GroupId"]] for g in first["Groups"]],
                TagSpecifications=self.tagged("instance", instance))["Instances"]
            self.ids[instance["InstanceId"]] = made["InstanceId"]
            for interface in others:
                addresses = [
                    {"PrivateIpAddress": a["PrivateIpAddress"], "Primary": a["Primary"]} for a in interface["PrivateIpAddresses"]]
                own = self.ec2.create_network_interface(
                    SubnetId=self.ids[interface["SubnetId"]], PrivateIpAddresses=addresses,
                    Groups=[self.ids[g["GroupId"]] for g in interface["Groups"]])["NetworkInterface"]["NetworkInterfaceId"]
                self.ec2.attach_network_interface(
                    NetworkInterfaceId=own, InstanceId=made["InstanceId"], DeviceIndex=interface["Attachment"]["DeviceIndex"])
