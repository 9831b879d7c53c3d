"""Hosted zones and their record sets."""

from . import Network, scenario

ALB_ZONE = "Z1H1FL5HABSF5"


def zone(aws, name="example.com", **more):
    return aws("route53.CreateHostedZone", Name=name, CallerReference=f"battery {name}", **more)["HostedZone"]["Id"]


def record(name, kind, *values, ttl=300, **more):
    return {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": value} for value in values], **more}


def change(aws, where, *changes):
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": what} for action, what in changes]}
    return aws("route53.ChangeResourceRecordSets", HostedZoneId=where, ChangeBatch=batch)


@scenario
def zones(aws):
    made = zone(aws, HostedZoneConfig={"Comment": "of the battery"})
    aws("route53.GetHostedZone", Id=made)
    zone(aws, "other.example.org")
    aws("route53.ListHostedZones")
    aws("route53.ListHostedZonesByName")
    aws("route53.ListHostedZonesByName", DNSName="other.example.org", MaxItems="1")
    aws("route53.CreateHostedZone", Name="example.com", CallerReference="battery example.com")
    aws("route53.ListResourceRecordSets", HostedZoneId=made)
    aws("route53.DeleteHostedZone", Id=made)
    aws("route53.GetHostedZone", Id=made)
    aws("route53.DeleteHostedZone", Id=made)


@scenario
def private_zones(aws):
    at = Network(aws)
    made = zone(aws, "internal.example.com", VPC={"VPCRegion": "us-west-2", "VPCId": at.vpc}, HostedZoneConfig={"PrivateZone": True})
    aws("route53.GetHostedZone", Id=made)
    aws("route53.ListHostedZones")
    aws("route53.AssociateVPCWithHostedZone", HostedZoneId=made, VPC={"VPCRegion": "us-west-2", "VPCId": at.vpc})


@scenario
def tags_of_zones(aws):
    made = zone(aws).rsplit("/", 1)[-1]
    aws("route53.ChangeTagsForResource", ResourceType="hostedzone", ResourceId=made,
        AddTags=[{"Key": "stack", "Value": "shop"}, {"Key": "owner", "Value": "battery"}])
    aws("route53.ChangeTagsForResource", ResourceType="hostedzone", ResourceId=made, RemoveTagKeys=["owner"])
    aws("route53.ListTagsForResource", ResourceType="hostedzone", ResourceId=made)
    aws("route53.ListTagsForResources", ResourceType="hostedzone", ResourceIds=[made])
    aws("route53.ListTagsForResource", ResourceType="hostedzone", ResourceId="Z00000000000000000000")


@scenario
def records(aws):
    made = zone(aws)
    done = change(
        aws, made,
        ("CREATE", record("shop.example.com", "A", "192.0.2.1", "192.0.2.2")),
        ("CREATE", record("shop.example.com", "TXT", '"heritage=external-dns,external-dns/owner=default"')),
        ("CREATE", record("*.example.com", "CNAME", "shop.example.com")),
        ("UPSERT", record("v6.example.com", "AAAA", "2001:db8::1", ttl=60)),
    )
    aws("route53.GetChange", Id=done["ChangeInfo"]["Id"])
    aws("route53.ListResourceRecordSets", HostedZoneId=made)
    aws("route53.ListResourceRecordSets", HostedZoneId=made, StartRecordName="shop.example.com", StartRecordType="TXT", MaxItems="1")
    change(aws, made, ("UPSERT", record("shop.example.com", "A", "192.0.2.3")))
    change(aws, made, ("DELETE", record("shop.example.com", "A", "192.0.2.3")))
    aws("route53.ListResourceRecordSets", HostedZoneId=made)
    aws("route53.DeleteHostedZone", Id=made)
    # Made, deleted and made again.
    change(aws, made, ("CREATE", record("shop.example.com", "A", "192.0.2.4")))
    aws("route53.GetChange", Id="C00000000000000000000")


@scenario
def bad_batches(aws):
    made = zone(aws)
    change(aws, made, ("CREATE", record("shop.example.com", "A", "192.0.2.1")))
    wrong = [
        ("CREATE", record("shop.example.com", "A", "192.0.2.1")),
        ("CREATE", record("shop.example.com", "A", "192.0.2.2")),
        ("DELETE", record("nothing.example.com", "A", "192.0.2.1")),
        ("DELETE", record("shop.example.com", "A", "192.0.2.9")),
        ("CREATE", record("shop.example.org", "A", "192.0.2.1")),
        ("CREATE", record("bad.example.com", "A", "not an address")),
        ("CREATE", record("bad.example.com", "TXT", "no quotes")),
        ("CREATE", record("shop.example.com", "CNAME", "other.example.com")),
        ("CREATE", {"Name": "bad.example.com", "Type": "A"}),
    ]
    for one in wrong:
        change(aws, made, one)
    # All or nothing.
    change(aws, made, ("CREATE", record("fine.example.com", "A", "192.0.2.1")), wrong[2])
    aws("route53.ListResourceRecordSets", HostedZoneId=made)
    change(aws, "Z00000000000000000000", ("CREATE", record("shop.example.com", "A", "192.0.2.1")))
    aws("route53.ListResourceRecordSets", HostedZoneId="Z00000000000000000000")


@scenario
def aliases(aws):
    at = Network(aws)
    balancer = aws("elbv2.CreateLoadBalancer", Name="battery", Subnets=at.subnets)["LoadBalancers"][0]
    made = zone(aws)
    target = {"HostedZoneId": ALB_ZONE, "DNSName": balancer["DNSName"], "EvaluateTargetHealth": True}
    alias = {"Name": "shop.example.com", "Type": "A", "AliasTarget": target}
    change(aws, made, ("CREATE", alias), ("CREATE", alias | {"Type": "AAAA"}))
    aws("route53.ListResourceRecordSets", HostedZoneId=made)
    change(aws, made, ("CREATE", alias | {"Name": "bad.example.com", "AliasTarget": target | {"HostedZoneId": "Z00000000000000000000"}}))
    change(aws, made, ("DELETE", alias))


@scenario
def policies(aws):
    made = zone(aws)
    change(
        aws, made,
        *[("CREATE", record("w.example.com", "A", f"192.0.2.{n}", SetIdentifier=f"set-{n}", Weight=n)) for n in (1, 2)],
        ("CREATE", record("r.example.com", "A", "192.0.2.1", SetIdentifier="west", Region="us-west-2")),
        ("CREATE", record("f.example.com", "A", "192.0.2.1", SetIdentifier="p", Failover="SECONDARY")),
        ("CREATE", record("g.example.com", "A", "192.0.2.1", SetIdentifier="all", GeoLocation={"CountryCode": "*"})),
        ("CREATE", record("m.example.com", "A", "192.0.2.1", SetIdentifier="m", MultiValueAnswer=True)),
    )
    aws("route53.ListResourceRecordSets", HostedZoneId=made)
    change(aws, made, ("CREATE", record("w.example.com", "A", "192.0.2.9", SetIdentifier="region", Region="us-west-2")))
    change(aws, made, ("CREATE", record("w.example.com", "A", "192.0.2.9")))


@scenario
def pages(aws):
    made = zone(aws)
    change(aws, made, *[("CREATE", record(f"n{n}.example.com", "A", f"192.0.2.{n}")) for n in range(5)])
    seen, start = 0, {}
    for _ in range(9):
        page = aws("route53.ListResourceRecordSets", HostedZoneId=made, MaxItems="3", **start)
        seen += len(page["ResourceRecordSets"])
        if not page["IsTruncated"]:
            break
        start = {"StartRecordName": page["NextRecordName"], "StartRecordType": page["NextRecordType"]}
    assert seen == 7, seen
    for n in range(2):
        zone(aws, f"zone{n}.example.net")
    first = aws("route53.ListHostedZones", MaxItems="2")
    aws("route53.ListHostedZones", MaxItems="2", Marker=first["NextMarker"])
