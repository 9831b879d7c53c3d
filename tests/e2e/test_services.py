"""Services that ask for a load balancer of their own: a Network Load Balancer each, with real connections through it."""

import pytest
from conftest import arns, run, until
from manifests import documents, ingress, service

NLB = "service.beta.kubernetes.io/aws-load-balancer-"
SOURCES = ("--source", "service", "--source", "ingress")


def tcp(name="db", port=5432, protocol="TCP", kind="LoadBalancer", spec="", **notes):
    """A Service of class NLB; notes are its annotations without their prefix."""
    keys = {NLB + key.replace("_", "-"): value for key, value in notes.items()}
    keys["external-dns.kubernetes.io/hostname"] = f"{name}.example.com"
    lines = "".join(f"    {key}: {value!r}\n" for key, value in keys.items())
    own = "  loadBalancerClass: service.k8s.aws/nlb\n" if kind == "LoadBalancer" else ""
    return (
        f"apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n  namespace: default\n  annotations:\n{lines}"
        f"spec:\n  type: {kind}\n{own}{spec}  selector: {{app: {name}}}\n"
        f"  ports: [{{name: main, port: {port}, targetPort: 8080, protocol: {protocol}}}]\n")


@pytest.fixture
def edged(local, folder, tmp_path):
    """A `local` on one file; `plan` on the same account finds nothing more to do."""
    file = tmp_path / "state.json"

    def start(text):
        (folder / "db.yaml").write_text(text)
        edge = local(folder, "--state", file, *SOURCES)

        def quiet():
            look = run("plan", folder, "--state", file, *SOURCES)
            assert look.returncode == 0, look.stdout + look.stderr

        edge.quiet = quiet
        quiet()
        return edge

    return start


def only(items):
    [item] = items
    return item


def healthy(edge):
    groups = [g["TargetGroupArn"] for g in edge.state()["groups"]]
    return groups and all(set(edge.targets(group).values()) == {"healthy"} for group in groups)


@pytest.mark.parametrize("target_type", ["ip", "instance"])
def test_connections_reach_the_pods(edged, target_type):
    edge = edged(tcp(nlb_target_type=target_type, scheme="internet-facing"))
    state = edge.state()
    balancer, group = only(state["balancers"]), only(state["groups"])
    assert (balancer["Type"], balancer["Scheme"]) == ("network", "internet-facing")
    listener = only(state["listeners"].values())
    assert (listener["Protocol"], listener["Port"]) == ("TCP", 5432)
    assert (group["Protocol"], group["TargetType"], group["HealthCheckProtocol"]) == ("TCP", target_type, "TCP")
    assert edge.tags(balancer["LoadBalancerArn"]).items() >= {
        "service.k8s.aws/stack": "default/db", "service.k8s.aws/resource": "LoadBalancer",
        "elbv2.k8s.aws/cluster": "local"}.items()
    until(lambda: healthy(edge), lambda: edge.text())
    said = edge.echo("http://db.example.com:5432/x")
    assert said["service"] == "default/db", said
    records = {(r["Name"], r["Type"]) for r in state["records"]}
    assert ("db.example.com.", "A") in records and ("a-db.example.com.", "TXT") in records


def test_a_word_on_the_scheme_replaces_and_silence_keeps(edged):
    edge = edged(tcp(nlb_target_type="ip", scheme="internet-facing"))
    first = only(edge.state()["balancers"])
    edge.save({"db.yaml": tcp(nlb_target_type="ip")})
    assert only(edge.state()["balancers"])["LoadBalancerArn"] == first["LoadBalancerArn"]
    edge.quiet()
    edge.save({"db.yaml": tcp(nlb_target_type="ip", scheme="internal")})
    second = only(edge.state()["balancers"])
    assert second["Scheme"] == "internal" and second["DNSName"] != first["DNSName"]
    edge.quiet()
    until(lambda: healthy(edge), lambda: edge.text())
    assert edge.echo("http://db.example.com:5432/")["service"] == "default/db"


@pytest.mark.parametrize("end", [None, tcp(kind="ClusterIP")], ids=["deleted", "another type"])
def test_what_was_made_for_it_goes_with_it(edged, end):
    beside = ingress("web", [("web.example.com", "/", "Prefix", "web", 80)])
    edge = edged(documents(tcp(nlb_target_type="ip"), service("web"), beside))
    assert len(edge.state()["balancers"]) == 2
    edge.save({"db.yaml": documents(*([end] if end else []), service("web"), beside)})
    state = edge.state()
    assert only(state["balancers"])["Type"] == "application"
    assert {g["GroupName"][:11] for g in state["security_groups"]} == {"k8s-traffic", "k8s-default"}
    assert not [r for r in state["records"] if r["Name"].startswith("db.")], state["records"]
    edge.quiet()


def test_what_is_not_served_is_left_alone_as_a_whole(local, folder, tmp_path):
    file = tmp_path / "state.json"
    (folder / "db.yaml").write_text(tcp(nlb_target_type="ip"))
    edge = local(folder, "--state", file, *SOURCES)
    before = arns(edge.state())
    for text, word in [
        (tcp(nlb_target_type="ip", port=5433, ssl_cert="arn:x"), "aws-load-balancer-ssl-cert"),
        (tcp(nlb_target_type="ip", port=53, protocol="UDP"), "speaks UDP"),
        (tcp(nlb_target_type="ip", port=5433, scheme="public"), "aws-load-balancer-scheme cannot be read"),
    ]:
        edge.save({"db.yaml": text})
        assert word in edge.text() and arns(edge.state()) == before
    edge.save({"db.yaml": documents(tcp("dns", port=53, protocol="UDP"), tcp(nlb_target_type="ip"))})
    assert arns(edge.state()) == before, "a Service beside one that is not served is served"
