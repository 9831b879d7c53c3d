"""Every answer of the emulator, as it was sent, against botocore's model. Requests are checked by botocore as it sends them."""

import dataclasses

import pytest

import model
from play import Step
from scenarios import SCENARIOS

# What inroad's edges call. A scenario must ask each at least once.
CALLED = {
    "ec2": """DescribeSecurityGroups CreateSecurityGroup DeleteSecurityGroup AuthorizeSecurityGroupIngress
        RevokeSecurityGroupIngress CreateTags DeleteTags DescribeSubnets DescribeVpcs DescribeRouteTables
        DescribeAvailabilityZones DescribeInstances DescribeNetworkInterfaces""",
    "elbv2": """CreateLoadBalancer DescribeLoadBalancers DeleteLoadBalancer DescribeLoadBalancerAttributes
        ModifyLoadBalancerAttributes SetSubnets SetSecurityGroups SetIpAddressType CreateListener DescribeListeners
        ModifyListener DeleteListener DescribeListenerAttributes ModifyListenerAttributes AddListenerCertificates
        RemoveListenerCertificates DescribeListenerCertificates CreateRule DescribeRules ModifyRule DeleteRule
        SetRulePriorities CreateTargetGroup DescribeTargetGroups ModifyTargetGroup DeleteTargetGroup
        DescribeTargetGroupAttributes ModifyTargetGroupAttributes RegisterTargets DeregisterTargets
        DescribeTargetHealth AddTags RemoveTags DescribeTags""",
    "acm": "ListCertificates DescribeCertificate",
    "route53": "ListHostedZones ListResourceRecordSets ChangeResourceRecordSets",
    "resourcegroupstaggingapi": "GetResources",
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_answer_is_of_the_model(battery, name):
    (steps, _), _ = battery.played(name)
    found = [f"step {n} {step.operation}: {text}" for n, step in enumerate(steps, 1) for text in model.defects(step)]
    assert not found, "\n".join(found)


def test_every_called_operation_succeeds_somewhere(battery):
    done = {step.operation for name in SCENARIOS for step in battery.played(name)[0][0] if step.error is None}
    missing = {f"{service}.{operation}" for service, all_of in CALLED.items() for operation in all_of.split()} - done
    assert not missing


XML = (
    '<DescribeTagsResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><DescribeTagsResult>'
    "<TagDescriptions><member><ResourceArn>a</ResourceArn><Tags><member><Key>k</Key><Value>v</Value></member></Tags></member>"
    "</TagDescriptions></DescribeTagsResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></DescribeTagsResponse>"
)
GOOD = Step("elbv2.DescribeTags", {}, 200, {}, None, XML.encode())
BROKEN = {
    "unknown member Colour": ("<Key>k</Key>", "<Key>k</Key><Colour>red</Colour>"),
    "required Key is missing": ("<Key>k</Key>", ""),
    "stands there twice": ("<Key>k</Key>", "<Key>k</Key><Key>k</Key>"),
    "element item of a list of member": ("<Tags><member><Key>k</Key><Value>v</Value></member></Tags>", "<Tags><item><Key>k</Key></item></Tags>"),
    "namespace": ("2015-12-01", "2012-06-01"),
    "the root is": ("DescribeTagsResponse", "DescribeTagResponse"),
    "parts": ("<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>", ""),
    "longer than 128": ("<Key>k</Key>", f"<Key>{'k' * 129}</Key>"),
}


@pytest.mark.parametrize("text", BROKEN)
def test_the_check_finds_defects(text):
    assert model.defects(GOOD) == []
    broken = dataclasses.replace(GOOD, raw=XML.replace(*BROKEN[text]).encode())
    assert any(text in found for found in model.defects(broken)), model.defects(broken)


def test_the_check_finds_defects_in_json_and_errors():
    page = Step("acm.ListCertificates", {}, 200, {}, None, b'{"CertificateSummaryList": [{"Status": "FINE", "InUse": "yes", "X": 1}]}')
    assert len(model.defects(page)) == 3
    body = b"<ErrorResponse><Error><Code>RuleNotFound</Code></Error></ErrorResponse>"
    assert model.defects(Step("elbv2.DeleteRule", {}, 400, {}, "RuleNotFound", body)) == []
    assert "status 404" in str(model.defects(Step("elbv2.DeleteRule", {}, 404, {}, "RuleNotFound", body)))
    assert "no error of the operation" in str(model.defects(Step("elbv2.DeleteListener", {}, 400, {}, "RuleNotFound", body)))
