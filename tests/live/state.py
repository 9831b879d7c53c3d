"""What an account holds in words that say the same after every run: ids and ARNs are replaced by names."""

import json

IGNORED = ("LoadBalancerArn", "CreatedTime", "CanonicalHostedZoneId", "State", "LoadBalancerArns", "SecurityGroupRuleArn",
           "OwnerId", "SecurityGroupArn", "ResponseMetadata", "ListenerArn", "RuleArn")


def plain(value):
    """Without what differs from run to run; lists of things without an order are sorted."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in sorted(value.items()) if k not in IGNORED}
    if isinstance(value, list):
        return sorted((plain(v) for v in value), key=lambda v: json.dumps(v, sort_keys=True))
    return value


def theirs(tags):
    """Tags without inroad's own notes."""
    return {k: v for k, v in tags.items() if not k.startswith("inroad")}


def canonical(account):
    """Everything that a controller of load balancers and names may leave behind."""
    elb, names = account.client("elbv2"), {}
    groups, secure, balancers = account.groups(), account.security_groups(), account.balancers()
    names |= {g["TargetGroupArn"]: f"group {g['TargetGroupName']}" for g in groups}
    names |= {g["GroupId"]: f"security group {g['GroupName']}" for g in secure}
    names |= {b["DNSName"].lower(): f"name of {b['LoadBalancerName']}" for b in balancers}
    names |= {subnet: f"subnet {n}" for n, subnet in enumerate(account.subnets)}
    attributes = lambda call, **of: {a["Key"]: a["Value"] for a in call(**of)["Attributes"]}
    found = []
    for balancer in balancers:
        arn, name = balancer["LoadBalancerArn"], balancer["LoadBalancerName"]
        found.append({"balancer": plain({k: v for k, v in balancer.items() if k != "DNSName"}), "tags": theirs(account.tags(arn)),
                      "attributes": attributes(elb.describe_load_balancer_attributes, LoadBalancerArn=arn)})
        for listener in account.listeners(balancer):
            found.append({"listener": plain(listener), "of": name, "tags": theirs(account.tags(listener["ListenerArn"]))})
            for rule in account.rules(listener):
                found.append({"rule": plain(rule), "of": [name, listener["Port"]], "tags": theirs(account.tags(rule["RuleArn"]))})
    for group in groups:
        arn = group["TargetGroupArn"]
        found.append({"group": plain(group), "tags": theirs(account.tags(arn)), "targets": sorted(account.targets(group)),
                      "attributes": attributes(elb.describe_target_group_attributes, TargetGroupArn=arn)})
    for one in secure:
        peers = plain([{**p, "UserIdGroupPairs": [
            [names.get(u["GroupId"], u["GroupId"]), u.get("Description")] for u in p["UserIdGroupPairs"]]} for p in one["IpPermissions"]])
        found.append({"security group": one["GroupName"], "permissions": peers,
                      "tags": theirs({t["Key"]: t["Value"] for t in one.get("Tags", [])})})
    for record in account.records().values():
        found.append({"record": plain({k: v for k, v in record.items() if k != "TTL" or v})})
    text = json.dumps(found, sort_keys=True, default=str)
    for id in sorted(names, key=len, reverse=True):
        text = text.replace(f"dualstack.{id}", names[id]).replace(id, names[id])
    # Lists were sorted by ids; names have another order.
    return sorted(json.dumps(plain(one), sort_keys=True) for one in json.loads(text.replace(account.vpc, "the VPC")))


def ours(account):
    """What should be gone when nothing is asked for: load balancers, groups, security groups and records."""
    tagged = account.security_groups({"Name": "tag-key", "Values": ["elbv2.k8s.aws/cluster"]})
    return [
        *(b["LoadBalancerName"] for b in account.balancers()), *(g["TargetGroupName"] for g in account.groups()),
        *(g["GroupName"] for g in tagged), *sorted(account.records())]
