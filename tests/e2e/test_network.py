"""Who may reach a load balancer, over which networks, and what guards it: read back with boto3."""

import pytest
from conftest import arns, run, until
from manifests import documents, ingress, service

ALB = "alb.ingress.kubernetes.io/"
RULES = [("one.example.com", "/", "Prefix", "a", 80)]
ACL = "arn:aws:wafv2:us-west-2:000000000000:regional/webacl/office/00000000-0000-4000-8000-000000000001"


def web(rules=RULES, kind="ClusterIP", **notes):
    keys = {ALB + key.replace("_", "-"): value for key, value in notes.items()}
    return documents(service("a", kind=kind), ingress("web", rules, annotations=keys))


@pytest.fixture
def edged(local, folder, tmp_path):
    """A `local` on one file; `plan` on the same account finds nothing more to do."""
    file = tmp_path / "state.json"

    def start(text, *flags):
        (folder / "web.yaml").write_text(text)
        edge = local(folder, "--state", file, *flags)

        def quiet():
            look = run("plan", folder, "--state", file, *flags)
            assert look.returncode == 0, look.stdout + look.stderr

        edge.quiet = quiet
        quiet()
        return edge

    return start


def only(items):
    [item] = items
    return item


def admitted(edge, prefix="k8s-default-web"):
    """(port, who) of the load balancer's own group."""
    groups = edge.client("ec2").describe_security_groups()["SecurityGroups"]
    own = only([g for g in groups if g["GroupName"].startswith(prefix)])
    found = set()
    for rule in own["IpPermissions"]:
        for member, key in (("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6"), ("PrefixListIds", "PrefixListId")):
            found |= {(rule["FromPort"], one[key]) for one in rule[member]}
    return found


def test_prefix_lists_and_blocks_say_who_comes_in(edged):
    edge = edged(web())
    assert admitted(edge) == {(80, "0.0.0.0/0")}
    start = arns(edge.state())
    for notes, wanted in [
        ({"security_group_prefix_lists": "pl-0a,pl-0b"}, {(80, "pl-0a"), (80, "pl-0b")}),
        ({"security_group_prefix_lists": "pl-0a", "inbound_cidrs": "10.0.0.0/8"}, {(80, "pl-0a"), (80, "10.0.0.0/8")}),
        ({"inbound_cidrs": "10.0.0.0/8, 192.0.2.0/24"}, {(80, "10.0.0.0/8"), (80, "192.0.2.0/24")}),
        ({}, {(80, "0.0.0.0/0")}),
    ]:
        edge.save({"web.yaml": web(**notes)})
        assert admitted(edge) == wanted, notes
        edge.quiet()
    assert arns(edge.state()) == start
    assert edge.echo("http://one.example.com/")["service"] == "default/a"


def test_dualstack_comes_and_goes_in_place(edged):
    edge = edged(web(scheme="internet-facing"))
    start = edge.state()
    for kind, wanted in [("dualstack", {(80, "0.0.0.0/0"), (80, "::/0")}), ("ipv4", {(80, "0.0.0.0/0")})]:
        edge.save({"web.yaml": web(scheme="internet-facing", ip_address_type=kind)})
        assert only(edge.state()["balancers"])["IpAddressType"] == kind
        assert admitted(edge) == wanted
        assert edge.echo("http://one.example.com/")["service"] == "default/a"
        edge.quiet()
    assert {b["LoadBalancerArn"] for b in edge.state()["balancers"]} == {b["LoadBalancerArn"] for b in start["balancers"]}


def shared_rules(edge):
    """Sources of the rules of ours on the nodes' groups."""
    groups = edge.client("ec2").describe_security_groups()["SecurityGroups"]
    pairs = [pair for g in groups for rule in g["IpPermissions"] for pair in rule["UserIdGroupPairs"]]
    return {pair["GroupId"] for pair in pairs if "targetGroupBinding=shared" in pair.get("Description", "")}


def named(edge, start):
    groups = edge.client("ec2").describe_security_groups()["SecurityGroups"]
    return {g["GroupId"] for g in groups if g["GroupName"].startswith(start)}


def test_given_groups_are_worn_and_targets_opened_on_demand(edged):
    edge = edged(web(kind="NodePort", target_type="instance", security_groups="office,partners"))
    worn = only(edge.state()["balancers"])["SecurityGroups"]
    assert len(worn) == 2 and not named(edge, "k8s-") and not shared_rules(edge)
    notes = {"security_groups": "office,partners", "manage_backend_security_group_rules": "true"}
    edge.save({"web.yaml": web(kind="NodePort", target_type="instance", **notes)})
    [shared] = named(edge, "k8s-traffic")
    assert only(edge.state()["balancers"])["SecurityGroups"] == [*worn, shared]
    assert shared_rules(edge) == {shared}
    edge.quiet()
    edge.save({"web.yaml": web(kind="NodePort", target_type="instance")})
    [own] = named(edge, "k8s-default-web")
    assert set(only(edge.state()["balancers"])["SecurityGroups"]) == {own, shared}
    edge.quiet()


def test_without_the_shared_group_the_own_one_is_let_in(edged):
    edge = edged(web(kind="NodePort", target_type="instance"), "--enable-backend-security-group=false")
    [own] = named(edge, "k8s-")
    assert only(edge.state()["balancers"])["SecurityGroups"] == [own]
    assert shared_rules(edge) == {own}
    assert edge.echo("http://one.example.com/")["service"] == "default/a"


def associated(edge):
    """ARN of the web ACL on the only load balancer."""
    arn = only(edge.state()["balancers"])["LoadBalancerArn"]
    return edge.client("wafv2").get_web_acl_for_resource(ResourceArn=arn).get("WebACL", {}).get("ARN")


def test_web_acls_by_arn_and_by_name(edged):
    edge = edged(web(wafv2_acl_arn=ACL))
    assert associated(edge) == ACL
    edge.save({"web.yaml": web(wafv2_acl_name="world", wafv2_acl_arn=ACL)})
    other = associated(edge)
    assert ":regional/webacl/world/" in other, other
    edge.quiet()
    edge.save({"web.yaml": web()})
    assert associated(edge) == other, "whoever says nothing changes nothing"
    # Drift is found where somebody says what should be.
    edge.client("wafv2").associate_web_acl(
        WebACLArn=ACL, ResourceArn=only(edge.state()["balancers"])["LoadBalancerArn"])
    edge.save({"web.yaml": web(wafv2_acl_name="world")})
    assert associated(edge) == other
    edge.save({"web.yaml": web(wafv2_acl_arn="none")})
    assert associated(edge) is None
    assert edge.echo("http://one.example.com/")["service"] == "default/a"
    edge.quiet()


def test_web_acls_can_be_left_to_others(edged):
    edge = edged(web(wafv2_acl_arn=ACL), "--enable-wafv2=false")
    assert associated(edge) is None
    until(lambda: edge.dig("one.example.com"))
