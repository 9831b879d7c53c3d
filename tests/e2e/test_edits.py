"""One thing is edited at a time; what it does not touch keeps its ARN, and a second look is quiet."""

import json

import pytest
from conftest import arns, run, until
from manifests import documents, ingress, service

ALB = "alb.ingress.kubernetes.io/"
RULES = [("one.example.com", "/", "Prefix", "a", 80)]


def web(rules=RULES, kind="ClusterIP", spec="", **notes):
    keys = {ALB + key.replace("_", "-"): value for key, value in notes.items()}
    return documents(service("a", kind=kind), ingress("web", rules, annotations=keys, spec=spec))


class Edited:
    """A `local` with its state in a file, so that `plan` can look at the same account."""

    def __init__(self, local, folder, tmp_path, text, *flags):
        self.folder, self.file, self.flags = folder, tmp_path / "state.json", flags
        (folder / "web.yaml").write_text(text)
        self.edge = local(folder, "--state", self.file, *flags)
        self.quiet()

    def quiet(self):
        look = run("plan", self.folder, "--state", self.file, *self.flags)
        assert look.returncode == 0, look.stdout + look.stderr

    def edit(self, text, quiet=True):
        before = self.edge.state()
        self.edge.save({"web.yaml": text})
        if quiet:
            self.quiet()
        return before, self.edge.state()


@pytest.fixture
def edited(local, folder, tmp_path):
    return lambda text, *flags: Edited(local, folder, tmp_path, text, *flags)


def only(items):
    [item] = items
    return item


def test_settings_of_a_target_group(edited):
    it = edited(web())
    table = [
        ({"healthcheck_path": "/up", "healthcheck_port": "9000", "success_codes": "200-204,301"},
         lambda g: (g["HealthCheckPath"], g["HealthCheckPort"], g["Matcher"]["HttpCode"]), ("/up", "9000", "200-204,301")),
        ({"healthcheck_protocol": "HTTPS", "healthcheck_timeout_seconds": "3", "healthy_threshold_count": "4",
          "unhealthy_threshold_count": "5", "healthcheck_interval_seconds": "7"},
         lambda g: (g["HealthCheckProtocol"], g["HealthCheckTimeoutSeconds"], g["HealthyThresholdCount"],
                    g["UnhealthyThresholdCount"], g["HealthCheckIntervalSeconds"]), ("HTTPS", 3, 4, 5, 7)),
        ({}, lambda g: (g["HealthCheckPath"], g["HealthCheckPort"], g["Matcher"]["HttpCode"], g["HealthCheckProtocol"],
                        g["HealthCheckTimeoutSeconds"], g["HealthyThresholdCount"], g["HealthCheckIntervalSeconds"]),
         ("/", "traffic-port", "200", "HTTP", 5, 2, 15)),
    ]
    for notes, read, wanted in table:
        before, after = it.edit(web(**notes))
        assert arns(after) == arns(before), notes
        assert read(only(after["groups"])) == wanted, notes
    elb = it.edge.client("elbv2")
    attribute = lambda key: {
        a["Key"]: a["Value"] for a in elb.describe_target_group_attributes(
            TargetGroupArn=only(it.edge.state()["groups"])["TargetGroupArn"])["Attributes"]}[key]
    before, after = it.edit(web(target_group_attributes="deregistration_delay.timeout_seconds=30,stickiness.enabled=true"))
    assert arns(after) == arns(before)
    assert (attribute("deregistration_delay.timeout_seconds"), attribute("stickiness.enabled")) == ("30", "true")


def test_what_replaces_a_target_group(edited):
    it = edited(web(kind="NodePort"))
    for notes, key, value in [
        ({"target_type": "instance"}, "TargetType", "instance"),
        ({"target_type": "ip"}, "TargetType", "ip"),
        ({"backend_protocol_version": "HTTP2"}, "ProtocolVersion", "HTTP2"),
        ({}, "ProtocolVersion", "HTTP1"),
    ]:
        before, after = it.edit(web(kind="NodePort", **notes))
        group = only(after["groups"])
        assert group[key] == value
        assert group["TargetGroupArn"] != only(before["groups"])["TargetGroupArn"], "it cannot be changed in place"
        gone = {only(before["groups"])["TargetGroupArn"]}
        assert arns(before) - gone == arns(after) - {group["TargetGroupArn"]}, "and nothing else is made again"
        if value != "HTTP2":
            assert it.edge.echo("http://one.example.com/")["service"] == "default/a"


def test_listeners_come_and_go(edited):
    it = edited(web(listen_ports='[{"HTTP": 80}]'))
    ports = lambda state: sorted((l["Port"], l["Protocol"]) for l in state["listeners"].values())
    before, after = it.edit(web(listen_ports='[{"HTTP": 80}, {"HTTP": 8080}, {"HTTPS": 443}]'))
    assert ports(after) == [(80, "HTTP"), (443, "HTTPS"), (8080, "HTTP")] and arns(before) < arns(after)
    assert it.edge.echo("https://one.example.com/")["service"] == "default/a"
    assert it.edge.echo("http://one.example.com:8080/")["service"] == "default/a"
    opened = {p["FromPort"] for g in after["security_groups"] for p in g["IpPermissions"] if p["IpRanges"]}
    assert opened == {80, 443, 8080}

    before, after = it.edit(web(listen_ports='[{"HTTP": 80}, {"HTTPS": 443}]', ssl_redirect="443"))
    assert ports(after) == [(80, "HTTP"), (443, "HTTPS")] and arns(after) < arns(before)
    assert it.edge.curl("http://one.example.com/x?y=1")[0] == 301
    headers = it.edge.curl("http://one.example.com/x?y=1", "-D", "-", "-o", "/dev/null")[1].lower()
    assert "location: https://one.example.com:443/x?y=1" in headers

    before, after = it.edit(web(listen_ports='[{"HTTP": 80}, {"HTTPS": 443}]'))
    assert arns(after) == arns(before)
    assert it.edge.echo("http://one.example.com/x")["path"] == "/x"
    before, after = it.edit(web())
    assert ports(after) == [(80, "HTTP")] and arns(after) < arns(before)
    assert {p["FromPort"] for g in after["security_groups"] for p in g["IpPermissions"] if p["IpRanges"]} == {80}


def test_tags(edited):
    it = edited(web(tags="team=a,stage=one"), "--default-tags", "from=operator,stage=zero")
    everything = lambda state: [
        *(b["LoadBalancerArn"] for b in state["balancers"]), *state["listeners"], *(g["TargetGroupArn"] for g in state["groups"])]
    ours = lambda arn: {k: v for k, v in it.edge.tags(arn).items() if "k8s" not in k and not k.startswith("inroad")}
    # `tags` of an Ingress does not override the operator's.
    for arn in everything(it.edge.state()):
        assert ours(arn)["team"] == "a" and ours(arn)["from"] == "operator", arn
    before, after = it.edit(web(tags="team=b"))
    assert arns(after) == arns(before)
    for arn in everything(after):
        assert ours(arn) == {"team": "b", "from": "operator", "stage": "zero"}, arn
    before, after = it.edit(web())
    for arn in everything(after):
        assert ours(arn) == {"from": "operator", "stage": "zero"}, arn
    group = next(g for g in after["security_groups"] if any(p["IpRanges"] for p in g["IpPermissions"]))
    assert {t["Key"] for t in group["Tags"]} >= {"from", "stage", "elbv2.k8s.aws/cluster"}


def test_who_may_come_in(edited):
    it = edited(web())
    managed = lambda state: only(
        g for g in state["security_groups"] if any(p["IpRanges"] or p["Ipv6Ranges"] for p in g["IpPermissions"]))
    ranges = lambda state: {r["CidrIp"] for p in managed(state)["IpPermissions"] for r in p["IpRanges"]}
    assert ranges(it.edge.state()) == {"0.0.0.0/0"}
    before, after = it.edit(web(inbound_cidrs="10.0.0.0/8, 192.0.2.0/24"))
    assert arns(after) == arns(before) and ranges(after) == {"10.0.0.0/8", "192.0.2.0/24"}
    before, after = it.edit(web(inbound_cidrs="192.0.2.0/24"))
    assert arns(after) == arns(before) and ranges(after) == {"192.0.2.0/24"}

    # Groups of the user's own, and back. The load balancer stays; the managed group goes and comes.
    before, after = it.edit(web(security_groups="my-group"))
    ids = only(after["balancers"])["SecurityGroups"]
    names = {g["GroupName"] for g in it.edge.client("ec2").describe_security_groups(GroupIds=ids)["SecurityGroups"]}
    assert names == {"my-group"}
    assert only(after["balancers"])["LoadBalancerArn"] == only(before["balancers"])["LoadBalancerArn"]
    assert after["security_groups"] == [], "managed ones are gone"
    assert it.edge.echo("http://one.example.com/")["service"] == "default/a"
    before, after = it.edit(web())
    assert len(after["security_groups"]) == 2 and ranges(after) == {"0.0.0.0/0"}
    assert only(after["balancers"])["LoadBalancerArn"] == only(before["balancers"])["LoadBalancerArn"]
    assert it.edge.client("ec2").describe_security_groups(GroupIds=ids)["SecurityGroups"], "the user's own stays"


def test_settings_of_a_load_balancer(edited):
    it = edited(web())
    arn = only(it.edge.state()["balancers"])["LoadBalancerArn"]
    elb = it.edge.client("elbv2")
    attributes = lambda: {
        a["Key"]: a["Value"] for a in elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]}
    fresh = attributes()
    before, after = it.edit(web(load_balancer_attributes="idle_timeout.timeout_seconds=90,routing.http2.enabled=false"))
    assert arns(after) == arns(before)
    assert (attributes()["idle_timeout.timeout_seconds"], attributes()["routing.http2.enabled"]) == ("90", "false")
    assert {k for k in fresh if fresh[k] != attributes()[k]} == {"idle_timeout.timeout_seconds", "routing.http2.enabled"}
    before, after = it.edit(web(ip_address_type="dualstack"))
    assert arns(after) == arns(before) and only(after["balancers"])["IpAddressType"] == "dualstack"
    six = {r["CidrIpv6"] for g in after["security_groups"] for p in g["IpPermissions"] for r in p["Ipv6Ranges"]}
    assert six == {"::/0"}
    assert it.edge.echo("http://one.example.com/")["service"] == "default/a"
    before, after = it.edit(web())
    assert arns(after) == arns(before) and only(after["balancers"])["IpAddressType"] == "ipv4"


def test_default_backend_and_rules(edited):
    it = edited(web())
    default = "defaultBackend: {service: {name: a, port: {number: 80}}}"
    before, after = it.edit(web(spec=default))
    assert arns(after) == arns(before)
    assert it.edge.echo("http://one.example.com/", "-H", "Host: nobody.example.org")["service"] == "default/a"
    many = [(f"h{n}.example.com", f"/p{n}", ["Exact", "Prefix", "ImplementationSpecific"][n % 3], "a", 80) for n in range(9)]
    before, after = it.edit(web(rules=many))
    assert sum(len(rules) for rules in after["rules"].values()) == 10
    for n in range(9):
        assert it.edge.echo(f"http://h{n}.example.com/p{n}")["path"] == f"/p{n}"
    kept = {r["RuleArn"] for rules in after["rules"].values() for r in rules}
    before, after = it.edit(web(rules=many[:4] + many[5:]))
    now = {r["RuleArn"] for rules in after["rules"].values() for r in rules}
    assert now < kept and len(kept) - len(now) == 1, "one rule went, no other was made again"
    priorities = sorted(int(r["Priority"]) for rules in after["rules"].values() for r in rules if not r["IsDefault"])
    assert priorities == list(range(1, 9))


def test_a_name_changes_service_and_namespace(edited):
    it = edited(web())
    moved = documents(service("a", namespace="other"), ingress("web", RULES, namespace="other"))
    before, after = it.edit(moved)
    shared = arns(before) & arns(after)
    assert all(arn.startswith("sg-") for arn in shared) and len(shared) == 1, "but for the shared security group"
    assert it.edge.echo("http://one.example.com/")["service"] == "other/a"
    txt = [r["ResourceRecords"][0]["Value"] for r in after["records"] if r["Type"] == "TXT"]
    assert all("ingress/other/web" in value for value in txt), txt
    assert len(after["balancers"]) == 1 and len(after["groups"]) == 1


def test_plan_as_json_is_stable_and_as_stack_has_the_peers_form(folder):
    (folder / "web.yaml").write_text(web(listen_ports='[{"HTTP": 80}, {"HTTPS": 443}]', tags="a=b"))
    texts = {run("plan", folder, "-o", "json").stdout for _ in range(3)}
    document = json.loads(only(texts))
    assert {"plans", "summary", "diagnostics"} <= set(document)
    for plan in document["plans"]:
        assert set(plan) == {"unit", "steps", "holds"}
        for step in plan["steps"]:
            assert set(step) == {"id", "step", "after"}
    stack = only(json.loads(run("plan", folder, "-o", "stack").stdout))
    assert set(stack) == {"id", "resources"}
    resources = stack["resources"]
    assert set(resources) >= {
        "AWS::EC2::SecurityGroup", "AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::ListenerRule",
        "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::TargetGroup",
        "K8S::ElasticLoadBalancingV2::TargetGroupBinding"}
    assert set(resources["AWS::ElasticLoadBalancingV2::LoadBalancer"]) == {"LoadBalancer"}
    assert set(resources["AWS::ElasticLoadBalancingV2::Listener"]) == {"80", "443"}
    assert set(resources["AWS::ElasticLoadBalancingV2::ListenerRule"]) == {"80:1", "443:1"}
    rule = resources["AWS::ElasticLoadBalancingV2::ListenerRule"]["80:1"]["spec"]
    assert rule["listenerARN"]["$ref"] == "#/resources/AWS::ElasticLoadBalancingV2::Listener/80/status/listenerARN"
