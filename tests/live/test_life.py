"""The life of Ingresses by kubectl: made, edited, grouped, deleted; what AWS, the zone and the cluster hold at each point."""

import pytest

from cluster import until
from settle import at, gone, names, quiet, up
from state import canonical, ours
from world import documents, service, web

PODS = ["10.1.0.100", "10.1.1.100", "10.1.2.100"]


def only(items):
    [item] = items
    return item


def arns(account):
    balancers = account.balancers()
    return (
        {b["LoadBalancerArn"] for b in balancers} | {g["TargetGroupArn"] for g in account.groups()}
        | {l["ListenerArn"] for b in balancers for l in account.listeners(b)} | {g["GroupId"] for g in account.security_groups()})


def test_from_apply_to_delete(cluster, account, namespace, run):
    before, host = canonical(account), f"{namespace.name}.example.com"
    controller = run(account).ready()
    cluster.apply(web(namespace.name))
    namespace.serve("a", PODS)
    balancer = up(account, namespace, [host], at(*PODS))
    assert balancer["Scheme"] == "internet-facing" and len(balancer["AvailabilityZones"]) == 3

    ingress = namespace.ingress()
    assert ingress["metadata"]["finalizers"] == ["ingress.k8s.aws/resources"]
    status = only(ingress["status"]["loadBalancer"]["ingress"])
    assert status["hostname"] == balancer["DNSName"] and [p["port"] for p in status["ports"]] == [80]
    until(lambda: ("Normal", "SuccessfullyReconciled") in namespace.events(), namespace.events)
    txt = [r["ResourceRecords"][0]["Value"] for (_, kind), r in account.records().items() if kind == "TXT"]
    assert txt and all(f"external-dns/owner=live,external-dns/resource=ingress/{namespace.name}/web" in t for t in txt), txt

    group, binding = only(account.groups()), only(until(namespace.bindings))
    assert binding["metadata"]["name"] == group["TargetGroupName"]
    assert binding["metadata"]["labels"] == {"ingress.k8s.aws/stack-name": "web", "ingress.k8s.aws/stack-namespace": namespace.name}
    assert binding["metadata"]["finalizers"] == ["elbv2.k8s.aws/resources"]
    spec = binding["spec"]
    assert spec["targetGroupARN"] == group["TargetGroupArn"] and spec["serviceRef"] == {"name": "a", "port": 80}
    assert (spec["targetType"], spec["ipAddressType"], spec["vpcID"]) == ("ip", "ipv4", account.vpc)
    until(lambda: "elbv2.k8s.aws/checkpoint" in only(namespace.bindings())["metadata"].get("annotations", {}))

    quiet(account)
    account.reset()
    assert quiet(account, 2) == [], "who has nothing to do asks nothing"
    namespace.serve("a", PODS[1:] + ["10.1.0.101"])
    up(account, namespace, [host], at(*PODS[1:], "10.1.0.101"))
    operations = {c["operation"] for c in quiet(account) if c["mutating"]}
    assert operations == {"RegisterTargets", "DeregisterTargets"}

    namespace.delete()
    gone(namespace)
    until(lambda: ours(account) == [], lambda: ours(account))
    assert canonical(account) == before
    until(lambda: namespace.bindings() == [], namespace.bindings)
    assert controller.stop() == 0


EDITS = [
    ("a health check", {"healthcheck_path": "/up", "success_codes": "200-299"}, "same",
     lambda a, b: (only(a.groups())["HealthCheckPath"], only(a.groups())["Matcher"]["HttpCode"]) == ("/up", "200-299")),
    ("tags", {"tags": "team=a"}, "same",
     lambda a, b: a.tags(b["LoadBalancerArn"]).get("team") == "a" and a.tags(only(a.groups())["TargetGroupArn"]).get("team") == "a"),
    ("listeners come", {"listen_ports": '[{"HTTP": 80}, {"HTTP": 8080}]'}, "more",
     lambda a, b: sorted(l["Port"] for l in a.listeners(b)) == [80, 8080]),
    ("listeners go", {}, "fewer", lambda a, b: [l["Port"] for l in a.listeners(b)] == [80]),
    ("who may come in", {"inbound_cidrs": "192.0.2.0/24"}, "same",
     lambda a, b: {r["CidrIp"] for g in a.security_groups() for p in g["IpPermissions"] for r in p["IpRanges"]} == {"192.0.2.0/24"}),
    ("attributes", {"load_balancer_attributes": "idle_timeout.timeout_seconds=33"}, "same",
     lambda a, b: {"Key": "idle_timeout.timeout_seconds", "Value": "33"} in a.client(
         "elbv2").describe_load_balancer_attributes(LoadBalancerArn=b["LoadBalancerArn"])["Attributes"]),
    ("another protocol version", {"backend_protocol_version": "HTTP2"}, "replaced",
     lambda a, b: [g["ProtocolVersion"] for g in a.groups()] == ["HTTP2"]),
    ("and back", {}, "replaced", lambda a, b: [g["ProtocolVersion"] for g in a.groups()] == ["HTTP1"]),
]


def test_edits_change_what_they_name(cluster, account, namespace, run):
    run(account).ready()
    cluster.apply(web(namespace.name))
    namespace.serve("a", PODS)
    host = f"{namespace.name}.example.com"
    balancer = up(account, namespace, [host], at(*PODS))
    for what, notes, arn, check in EDITS:
        before = arns(account)
        cluster.apply(web(namespace.name, **notes))
        until(lambda: check(account, balancer), lambda: f"{what}: {account.groups()} {account.security_groups()}")
        quiet(account, 0.5)
        after = arns(account)
        kept = {"same": before == after, "more": before < after, "fewer": after < before, "replaced": len(before ^ after) == 2}
        assert kept[arn], (what, before ^ after)
        up(account, namespace, [host], at(*PODS))


def test_rules_and_names_follow_the_spec(cluster, account, namespace, run):
    run(account).ready()
    n = namespace.name
    rules = [(f"h{i}.{n}.example.com", f"/p{i}", "Prefix", "ab"[i % 2], 80) for i in range(4)]
    cluster.apply(web(n, rules, services=("a", "b")))
    for s in "ab":
        namespace.serve(s, PODS)
    balancer = up(account, namespace, [r[0] for r in rules], at(*PODS))
    [listener] = account.listeners(balancer)
    kept = {r["RuleArn"] for r in account.rules(listener)}
    cluster.apply(web(n, rules[:1] + rules[2:], services=("a", "b")))
    until(lambda: {r["RuleArn"] for r in account.rules(listener)} < kept)
    until(lambda: (f"h1.{n}.example.com.", "A") not in account.records())
    # Rules are numbered from 1; the one that is gone leaves no hole.
    until(lambda: sorted(r["Priority"] for r in account.rules(listener)) == ["1", "2", "3", "default"],
          lambda: account.rules(listener))


def test_a_group_is_one_load_balancer_until_its_last_member_left(cluster, account, namespace, run):
    run(account).ready()
    n = namespace.name
    member = lambda name, **notes: web(
        n, [(f"{name}.{n}.example.com", "/", "Prefix", name, 80)], name=name, services=(name,), group__name=f"g{n}", **notes)
    cluster.apply(documents(*(member(name) for name in ("one", "two"))))
    for name in ("one", "two"):
        namespace.serve(name, PODS)
    for name in ("one", "two"):
        up(account, namespace, [f"{name}.{n}.example.com"], at(*PODS), name=name, stack=f"g{n}")
    [balancer] = account.balancers()
    for name in ("one", "two"):
        assert namespace.ingress(name)["metadata"]["finalizers"] == [f"group.ingress.k8s.aws/g{n}"]

    # A member that goes wrong harms nobody: not even itself, for it keeps what it had.
    [listener] = account.listeners(balancer)
    rules = {r["RuleArn"] for r in account.rules(listener)}
    cluster.apply(member("two", conditions__two="{nonsense"))
    until(lambda: any(kind == "Warning" for kind, _ in namespace.events("two")), lambda: namespace.events("two"))
    quiet(account)
    assert {r["RuleArn"] for r in account.rules(listener)} == rules
    cluster.apply(member("one", healthcheck_path="/up"))
    until(lambda: "/up" in {g["HealthCheckPath"] for g in account.groups()})

    namespace.delete("one")
    gone(namespace, "one")
    until(lambda: (f"one.{n}.example.com.", "A") not in account.records())
    assert [b["LoadBalancerArn"] for b in account.balancers()] == [balancer["LoadBalancerArn"]]
    namespace.delete("two")
    gone(namespace, "two")
    until(lambda: ours(account) == [], lambda: ours(account))


def test_instance_targets_are_nodes(cluster, account, namespace, run):
    run(account).ready()
    cluster.apply(web(namespace.name, kind="NodePort", target_type="instance"))
    namespace.serve("a", PODS)
    port = cluster.get("services", namespace.name, "a")["spec"]["ports"][0]["nodePort"]
    nodes = {(instance, port) for instance, _, _ in account.nodes.values()}
    up(account, namespace, [f"{namespace.name}.example.com"], nodes)
    cluster.ask("DELETE", cluster.path("nodes", None, "node-c"))
    up(account, namespace, [f"{namespace.name}.example.com"], nodes - {(account.nodes["node-c"][0], port)})


def test_a_service_has_its_name(cluster, account, namespace, run):
    """The load balancer of a Service is another controller's; its name is ours."""
    run(account).ready()
    n = namespace.name
    cluster.apply(service("lb", namespace=n, kind="LoadBalancer"))
    cluster.patch("services", n, "lb", {"metadata": {"annotations": {
        "external-dns.alpha.kubernetes.io/hostname": f"lb.{n}.example.com"}}})
    cluster.patch("services", n, "lb", {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}}, sub="status")
    found = until(lambda: account.records().get((f"lb.{n}.example.com.", "A")))
    assert [v["Value"] for v in found["ResourceRecords"]] == ["192.0.2.7"]
    account.reset()
    cluster.kubectl("delete", "service", "lb", "-n", n, "--wait=false")
    until(lambda: account.records() == {}, account.records)
    assert set(names(account.calls(mutating=True))) == {"route53:ChangeResourceRecordSets"}


@pytest.mark.parametrize("source", ["ingress", "service"])
def test_an_empty_world_empties_no_zone(cluster, account, namespace, run, source):
    """Records that we own, and nothing in the cluster: kept, whatever the policy says."""
    mark = f'"heritage=external-dns,external-dns/owner=live,external-dns/resource={source}/gone/gone"'
    made = [("old.example.com", "A", "192.0.2.1"), ("a-old.example.com", "TXT", mark)]
    account.client("route53").change_resource_record_sets(HostedZoneId=account.zone, ChangeBatch={"Changes": [
        {"Action": "CREATE", "ResourceRecordSet": {"Name": n, "Type": t, "TTL": 60, "ResourceRecords": [{"Value": v}]}}
        for n, t, v in made]})
    run(account).ready()
    quiet(account, 2)
    assert account.calls(mutating=True) == [] and len(account.records()) == 2
