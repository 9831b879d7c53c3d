"""Who asks, and tags over all services."""

from . import Balanced, scenario, tags
from .acm import imported


@scenario
def caller(aws):
    aws("sts.GetCallerIdentity")


@scenario
def tagged_resources(aws):
    at = Balanced(aws)
    at.rule(aws, 10, "/")
    certificate = imported(aws, "shop.example.com", Tags=tags(stack="shop"))
    assert certificate
    aws("elbv2.AddTags", ResourceArns=[at.balancer, at.target_group, at.listener], Tags=tags(stack="shop", owner="battery"))
    aws("ec2.CreateTags", Resources=[at.group, at.subnets[0]], Tags=tags(stack="shop"))
    by = [{"Key": "stack", "Values": ["shop"]}]
    load_balancing = [f"elasticloadbalancing:{kind}" for kind in ("loadbalancer", "targetgroup")]
    aws("resourcegroupstaggingapi.GetResources", TagFilters=by)
    aws("resourcegroupstaggingapi.GetResources", TagFilters=by, ResourceTypeFilters=load_balancing)
    aws("resourcegroupstaggingapi.GetResources", TagFilters=[{"Key": "stack"}], ResourceTypeFilters=["ec2:security-group"])
    aws("resourcegroupstaggingapi.GetResources", TagFilters=[{"Key": "stack", "Values": ["blog"]}])
    aws("resourcegroupstaggingapi.GetResources", TagFilters=by, ResourceTypeFilters=["ec2:no-such-type"])
    aws("resourcegroupstaggingapi.GetResources", TagFilters=by, ResourceTypeFilters=load_balancing, ResourcesPerPage=1)
