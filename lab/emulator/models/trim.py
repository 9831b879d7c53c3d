#!/usr/bin/env python3
"""Cut botocore's service models down to the operations that the emulator answers.

Usage: trim.py   (no arguments; writes <service>.json next to this file)

What is kept is what the wire needs at run time: protocol, names on the wire, types, constraints and the modelled errors.
Documentation, paginators and everything unreachable from the listed operations are dropped. The models are Apache-2.0,
copyright Amazon.com, Inc.; see NOTICE in this folder.
"""
import gzip
import json
import pathlib

import botocore

HERE = pathlib.Path(__file__).parent
DATA = pathlib.Path(botocore.__file__).parent / "data"

OPERATIONS = {
    "ec2": """DescribeVpcs CreateVpc DeleteVpc DescribeSubnets CreateSubnet DeleteSubnet DescribeRouteTables
        CreateRouteTable AssociateRouteTable CreateRoute CreateInternetGateway AttachInternetGateway
        DescribeInternetGateways DescribeAvailabilityZones DescribeSecurityGroups CreateSecurityGroup
        DeleteSecurityGroup AuthorizeSecurityGroupIngress RevokeSecurityGroupIngress AuthorizeSecurityGroupEgress
        RevokeSecurityGroupEgress DescribeSecurityGroupRules CreateTags DeleteTags DescribeTags DescribeInstances
        RunInstances TerminateInstances DescribeNetworkInterfaces CreateNetworkInterface DeleteNetworkInterface
        ModifyNetworkInterfaceAttribute AssignPrivateIpAddresses DescribeManagedPrefixLists CreateManagedPrefixList
        GetManagedPrefixListEntries ModifySubnetAttribute AssociateVpcCidrBlock""",
    "elbv2": """AddListenerCertificates AddTags CreateListener CreateLoadBalancer CreateRule CreateTargetGroup
        DeleteListener DeleteLoadBalancer DeleteRule DeleteTargetGroup DeregisterTargets DescribeAccountLimits
        DescribeCapacityReservation DescribeListenerAttributes DescribeListenerCertificates DescribeListeners
        DescribeLoadBalancerAttributes DescribeLoadBalancers DescribeRules DescribeSSLPolicies DescribeTags
        DescribeTargetGroupAttributes DescribeTargetGroups DescribeTargetHealth DescribeTrustStoreAssociations
        DescribeTrustStoreRevocations DescribeTrustStores ModifyCapacityReservation ModifyIpPools ModifyListener
        ModifyListenerAttributes ModifyLoadBalancerAttributes ModifyRule ModifyTargetGroup
        ModifyTargetGroupAttributes RegisterTargets RemoveListenerCertificates RemoveTags SetIpAddressType
        SetRulePriorities SetSecurityGroups SetSubnets""",
    "route53": """ListHostedZones ListHostedZonesByName GetHostedZone CreateHostedZone DeleteHostedZone
        ChangeResourceRecordSets ListResourceRecordSets GetChange ListTagsForResource ListTagsForResources
        ChangeTagsForResource AssociateVPCWithHostedZone""",
    "acm": """ListCertificates DescribeCertificate RequestCertificate ImportCertificate DeleteCertificate
        GetCertificate AddTagsToCertificate ListTagsForCertificate RemoveTagsFromCertificate""",
    "resourcegroupstaggingapi": "GetResources",
    "sts": "GetCallerIdentity",
    "wafv2": "AssociateWebACL DisassociateWebACL GetWebACLForResource ListResourcesForWebACL ListWebACLs",
}
# Shapes of which only these members are kept: what a web ACL decides by is nobody's business here.
MEMBERS = {
    ("wafv2", "WebACL"): "Name Id ARN Description Capacity ManagedByFirewallManager",
}
METADATA = ("apiVersion", "protocol", "xmlNamespace", "targetPrefix", "jsonVersion")
SHAPE = ("type", "required", "enum", "min", "max", "pattern", "flattened", "error", "exception", "union", "timestampFormat")
REFERENCE = ("shape", "locationName", "queryName", "location", "flattened", "timestampFormat", "xmlNamespace")


def pick(source, keys):
    return {k: source[k] for k in keys if k in source}


def reference(ref):
    return pick(ref, REFERENCE)


def shape(full):
    out = pick(full, SHAPE)
    out |= {k: reference(full[k]) for k in ("member", "key", "value") if k in full}
    if "members" in full:
        out["members"] = {name: reference(ref) for name, ref in full["members"].items()}
    return out


def closure(shapes, names):
    seen, todo = set(), list(names)
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        full = shapes[name]
        refs = list(full.get("members", {}).values()) + [full[k] for k in ("member", "key", "value") if k in full]
        todo += [ref["shape"] for ref in refs]
    return {name: shape(shapes[name]) for name in sorted(seen)}


def operation(full):
    out = {"http": full["http"], "errors": [e["shape"] for e in full.get("errors", [])]}
    for side in ("input", "output"):
        if side in full:
            out[side] = pick(full[side], REFERENCE + ("resultWrapper",))
    return out


def trim(service, names):
    version = max(p.name for p in (DATA / service).iterdir() if p.is_dir())
    full = json.load(gzip.open(DATA / service / version / "service-2.json.gz"))
    for (of, name), members in MEMBERS.items():
        if of == service:
            whole = full["shapes"][name]
            whole["members"] = pick(whole["members"], members.split())
            whole["required"] = [member for member in whole["required"] if member in whole["members"]]
    operations = {name: operation(full["operations"][name]) for name in sorted(names)}
    roots = [op[side]["shape"] for op in operations.values() for side in ("input", "output") if side in op]
    roots += [error for op in operations.values() for error in op["errors"]]
    return {
        "metadata": pick(full["metadata"], METADATA),
        "operations": operations,
        "shapes": closure(full["shapes"], roots),
    }


def main():
    for service, names in OPERATIONS.items():
        model = trim(service, names.split())
        (HERE / f"{service}.json").write_text(json.dumps(model, separators=(",", ":"), sort_keys=True) + "\n")
    print("botocore", botocore.__version__)


if __name__ == "__main__":
    main()
