"""`inroad local`: create, change, delete, each read back from outside."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

from conftest import ROOT, arns, run
from manifests import documents, ingress, service, slice


def test_the_shop_works_door_to_door(local):
    shop = local(ROOT / "examples/shop")
    for url, who, path in [
        ("https://shop.example.com/cart/7?x=1", "shop/cart", "/cart/7"),
        ("https://shop.example.com/checkout", "shop/checkout", "/checkout"),
        ("https://shop.example.com/checkout/more", "shop/frontend", "/checkout/more"),
        ("https://shop.example.com/", "shop/frontend", "/"),
        ("https://api.example.com/v1/x", "shop/api", "/v1/x"),
        ("http://blog.example.com/", "blog/blog", "/"),
        ("http://docs.example.com/guide/a", "blog/docs", "/guide/a"),
        ("http://old.example.com:8081/any", "legacy/old", "/any"),
    ]:
        seen = shop.echo(url)
        assert (seen["service"], seen["path"]) == (who, path), url
        assert "x-forwarded-for" in seen["headers"], seen
    status, _ = shop.curl("https://api.example.com/v2")
    assert status == 404, "no rule: the listener's default"
    status, _ = shop.curl("http://shop.example.com/cart")
    assert status == 301, "ssl-redirect"
    state = shop.state()
    assert len(state["balancers"]) == 3 and len(state["groups"]) == 7
    groups = {g["TargetGroupArn"]: g for g in state["groups"]}
    for arn, group in groups.items():
        health = shop.targets(arn)
        assert health and set(health.values()) == {"healthy"}, (group["TargetGroupName"], health)
        ids = {id for id, _ in health}
        assert all(id.startswith("i-") for id in ids) == (group["TargetType"] == "instance"), ids
    txt = {r["Name"]: r["ResourceRecords"][0]["Value"] for r in state["records"] if r["Type"] == "TXT"}
    assert txt["a-shop.example.com."] == (
        '"heritage=external-dns,external-dns/owner=default,external-dns/resource=ingress/shop/web"'
    )


def test_a_save_changes_just_what_it_touches(local, folder):
    (folder / "web.yaml").write_text(documents(
        service("a"), service("b"),
        ingress("web", [("one.example.com", "/a", "Prefix", "a", 80), ("one.example.com", "/b", "Prefix", "b", 80)]),
    ))
    edge = local(folder)
    before = edge.state()
    assert edge.echo("http://one.example.com/a/x")["service"] == "default/a"

    # Host and path.
    edge.save({"web.yaml": documents(
        service("a"), service("b"),
        ingress("web", [("two.example.com", "/c", "Exact", "a", 80), ("one.example.com", "/b", "Prefix", "b", 80)]),
    )})
    assert edge.echo("http://two.example.com/c")["service"] == "default/a"
    assert edge.curl("http://one.example.com/a/x")[0] == 404
    assert edge.curl("http://two.example.com/c/d")[0] == 404, "Exact"
    after = edge.state()
    assert arns(after) == arns(before), "nothing was made again"

    # Backend port and health check.
    edge.save({"web.yaml": documents(
        service("a", port=8000, target=9000), service("b"),
        ingress(
            "web", [("two.example.com", "/c", "Exact", "a", 8000), ("one.example.com", "/b", "Prefix", "b", 80)],
            annotations={"alb.ingress.kubernetes.io/healthcheck-path": "/ready",
                         "alb.ingress.kubernetes.io/healthcheck-interval-seconds": "20"},
        ),
    )})
    assert edge.echo("http://two.example.com/c")["port"] == 9000
    groups = edge.state()["groups"]
    assert {g["HealthCheckPath"] for g in groups} == {"/ready"}
    assert {g["HealthCheckIntervalSeconds"] for g in groups} == {20}
    assert {b["LoadBalancerArn"] for b in edge.state()["balancers"]} == {b["LoadBalancerArn"] for b in before["balancers"]}

    # A name goes: its records go, and only its.
    edge.save({"web.yaml": documents(
        service("b"), ingress("web", [("one.example.com", "/b", "Prefix", "b", 80)]))})
    assert edge.dig("two.example.com") == []
    assert edge.echo("http://one.example.com/b")["service"] == "default/b"

    # Deletion of the file takes everything of ours, and nothing else.
    edge.save({"web.yaml": "# nothing\n"})
    gone = edge.state()
    assert {k: len(v) for k, v in gone.items()} == dict.fromkeys(gone, 0), gone


def test_scheme_and_subnets(local, folder):
    rules = [("one.example.com", "/", "Prefix", "a", 80)]
    (folder / "web.yaml").write_text(documents(service("a"), ingress("web", rules)))
    edge = local(folder)
    [first] = edge.state()["balancers"]
    assert first["Scheme"] == "internal"
    public = {"alb.ingress.kubernetes.io/scheme": "internet-facing"}
    edge.save({"web.yaml": documents(service("a"), ingress("web", rules, annotations=public))})
    [second] = edge.state()["balancers"]
    assert second["Scheme"] == "internet-facing" and second["LoadBalancerArn"] != first["LoadBalancerArn"]
    assert edge.echo("http://one.example.com/x")["service"] == "default/a", "the record followed"
    chosen = {**public, "alb.ingress.kubernetes.io/subnets": "edge-one, edge-two"}
    edge.save({"web.yaml": documents(service("a"), ingress("web", rules, annotations=chosen))})
    [third] = edge.state()["balancers"]
    assert third["LoadBalancerArn"] == second["LoadBalancerArn"]
    ids = [z["SubnetId"] for z in third["AvailabilityZones"]]
    subnets = edge.client("ec2").describe_subnets(SubnetIds=ids)["Subnets"]
    names = {t["Value"] for s in subnets for t in s["Tags"] if t["Key"] == "Name"}
    assert names == {"edge-one", "edge-two"}


def test_group_members_come_and_go(local, folder):
    def member(name, order):
        return documents(service(name), ingress(
            name, [(f"{name}.example.com", "/", "Prefix", name, 80)],
            annotations={"alb.ingress.kubernetes.io/group.name": "shared",
                         "alb.ingress.kubernetes.io/group.order": str(order)}))

    for name, order in [("one", 1), ("two", 2), ("three", 3)]:
        (folder / f"{name}.yaml").write_text(member(name, order))
    edge = local(folder)
    [balancer] = edge.state()["balancers"]
    hosts = lambda: [
        r["Conditions"][0]["HostHeaderConfig"]["Values"][0]
        for rules in edge.state()["rules"].values()
        for r in sorted(rules, key=lambda r: int(r["Priority"]) if not r["IsDefault"] else 10**6)
        if not r["IsDefault"]
    ]
    assert hosts() == [f"{n}.example.com" for n in ("one", "two", "three")]
    edge.save({"two.yaml": None})
    assert hosts() == ["one.example.com", "three.example.com"]
    assert edge.dig("two.example.com") == [] and edge.dig("three.example.com")
    edge.save({"zero.yaml": member("zero", -5), "one.yaml": member("one", 9)})
    edge.wait() if hosts() != ["zero.example.com", "three.example.com", "one.example.com"] else None
    assert hosts() == ["zero.example.com", "three.example.com", "one.example.com"]
    assert [b["LoadBalancerArn"] for b in edge.state()["balancers"]] == [balancer["LoadBalancerArn"]]
    for name in ("zero", "three", "one"):
        assert edge.echo(f"http://{name}.example.com/")["service"] == f"default/{name}"


def test_endpoints_scale(local, folder):
    (folder / "web.yaml").write_text(documents(
        service("a"), ingress("web", [("one.example.com", "/", "Prefix", "a", 80)])))
    (folder / "slice.yaml").write_text(slice("a", []))
    edge = local(folder)
    [group] = edge.state()["groups"]
    assert edge.targets(group["TargetGroupArn"]) == {}
    assert edge.curl("http://one.example.com/")[0] == 503, "no targets"
    pods = ["10.0.200.1", "10.0.200.2", "10.0.200.3"]
    edge.save({"slice.yaml": slice("a", pods)})
    assert set(edge.targets(group["TargetGroupArn"])) == {(p, 8080) for p in pods}
    seen = {edge.echo("http://one.example.com/")["pod"] for _ in range(30)}
    assert len(seen) == 3, seen
    edge.save({"slice.yaml": slice("a", pods[1:2])})
    health = edge.targets(group["TargetGroupArn"])
    assert health.pop((pods[1], 8080)) == "healthy"
    assert set(health.values()) <= {"draining"}, health
    assert {edge.echo("http://one.example.com/")["pod"] for _ in range(10)} == {pods[1]}


def test_shapes_that_people_have(local, folder):
    """No class, no host, a NodePort without nodePort, a Service that is not there."""
    (folder / "web.yaml").write_text(documents(
        service("a", kind="NodePort"),
        ingress("web", [(None, "/a", "Prefix", "a", 80), (None, "/gone", "Prefix", "gone", 80)],
                annotations={"alb.ingress.kubernetes.io/target-type": "instance",
                             "external-dns.alpha.kubernetes.io/hostname": "one.example.com"}),
    ))
    edge = local(folder)
    assert edge.echo("http://one.example.com/a")["service"] == "default/a"
    status, body = edge.curl("http://one.example.com/gone")
    assert (status, body) == (503, "Backend service does not exist")
    assert "supplied: IngressClass alb" in edge.text() and "nodePort" in edge.text()


def test_a_file_that_does_not_parse_keeps_its_objects(local, folder):
    good = documents(service("a"), ingress("web", [("one.example.com", "/", "Prefix", "a", 80)]))
    (folder / "web.yaml").write_text(good)
    edge = local(folder)
    before = edge.state()
    edge.save({"web.yaml": good.replace("spec:\n  ingressClassName", "spec: [\n  ingressClassName")})
    assert arns(edge.state()) == arns(before)
    assert edge.echo("http://one.example.com/")["service"] == "default/a"
    assert "web.yaml:" in edge.text(), "the place is said"


def test_a_backend_of_the_users_own(local, folder):
    server = subprocess.Popen(
        ["python3", "-u", "-c",
         "import http.server\n"
         "class H(http.server.BaseHTTPRequestHandler):\n"
         "    def do_GET(self):\n"
         "        self.send_response(200); self.send_header('content-length', '4'); self.end_headers(); self.wfile.write(b'mine')\n"
         "    def log_message(self, *a): pass\n"
         "s = http.server.ThreadingHTTPServer(('127.0.0.1', 0), H)\n"
         "print(s.server_address[1], flush=True)\n"
         "s.serve_forever()\n"],
        stdout=subprocess.PIPE, text=True)
    try:
        port = int(server.stdout.readline())
        (folder / "web.yaml").write_text(documents(
            service("a"), ingress("web", [("one.example.com", "/", "Prefix", "a", 80)])))
        edge = local(folder, "--backend", f"default/a=127.0.0.1:{port}")
        assert edge.curl("http://one.example.com/") == (200, "mine")
    finally:
        server.kill()
        server.wait()


def test_one_address_for_all_and_a_user_without_rights(local, folder):
    (folder / "web.yaml").write_text(documents(
        service("a"), ingress("web", [("one.example.com", "/", "Prefix", "a", 80)])))
    edge = local(folder, "--shared-address")
    assert edge.dig("one.example.com") == ["127.0.0.1"]
    assert edge.echo("http://one.example.com/")["service"] == "default/a"
    # The printed line is the one that works.
    [line] = [l.strip() for l in edge.text().splitlines() if l.strip().startswith("curl")][:1]
    out = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=20)
    assert json.loads(out.stdout)["service"] == "default/a", (line, out)


def test_state_survives(local, folder, tmp_path):
    (folder / "web.yaml").write_text(documents(
        service("a"), ingress("web", [("one.example.com", "/", "Prefix", "a", 80)])))
    state = tmp_path / "state.json"
    first = local(folder, "--state", state)
    before = arns(first.state())
    first.close()
    plan = run("plan", folder, "--state", state)
    assert plan.returncode == 0, plan.stdout + plan.stderr
    second = local(folder, "--state", state)
    assert arns(second.state()) == before
    assert second.echo("http://one.example.com/")["service"] == "default/a"


def test_foreign_things_stay(local, folder):
    """A load balancer, a rule's neighbour, a group and a record that somebody else made."""
    (folder / "web.yaml").write_text(documents(
        service("a"), ingress("web", [("one.example.com", "/", "Prefix", "a", 80)])))
    edge = local(folder)
    elb, ec2, route53 = (edge.client(s) for s in ("elbv2", "ec2", "route53"))
    [ours] = edge.state()["balancers"]
    subnets = [z["SubnetId"] for z in ours["AvailabilityZones"]]
    other = elb.create_load_balancer(Name="somebody-elses", Subnets=subnets)["LoadBalancers"][0]
    group = elb.create_target_group(Name="somebody-elses", Protocol="HTTP", Port=80, VpcId=ours["VpcId"])["TargetGroups"][0]
    sg = ec2.create_security_group(GroupName="k8s-default-web-ffffffffff", Description="x", VpcId=ours["VpcId"])["GroupId"]
    [zone] = [z["Id"] for z in route53.list_hosted_zones()["HostedZones"]]
    mine = {"Name": "two.example.com.", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    route53.change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": mine}]})
    # The folder now claims the foreign name as well: it must not be taken.
    edge.save({"web.yaml": documents(service("a"), ingress("web", [
        ("one.example.com", "/", "Prefix", "a", 80), ("two.example.com", "/", "Prefix", "a", 80)]))})
    assert edge.dig("two.example.com") == ["192.0.2.1"]
    edge.save({"web.yaml": "# nothing\n"})
    state = edge.state()
    assert [b["LoadBalancerArn"] for b in state["balancers"]] == [other["LoadBalancerArn"]]
    assert [g["TargetGroupArn"] for g in state["groups"]] == [group["TargetGroupArn"]]
    assert ec2.describe_security_groups(GroupIds=[sg])["SecurityGroups"]
    assert [(r["Name"], r["Type"]) for r in state["records"]] == [("two.example.com.", "A")]


def test_plan_says_and_writes_nothing(folder):
    (folder / "web.yaml").write_text(documents(
        service("a"), ingress("web", [("one.example.com", "/", "Prefix", "a", 80)])))
    before = {p: p.read_bytes() for p in pathlib.Path(folder).rglob("*")}
    plan = run("plan", folder)
    assert plan.returncode == 2, plan.stdout + plan.stderr
    assert "load-balancer" in plan.stdout and "to add" in plan.stdout
    assert run("plan", folder).stdout == plan.stdout, "the same text each time"
    document = json.loads(run("plan", folder, "-o", "json").stdout)
    assert document["plans"]
    [stack] = json.loads(run("plan", folder, "-o", "stack").stdout)
    assert stack["id"] == "default/web" and "AWS::ElasticLoadBalancingV2::LoadBalancer" in stack["resources"]
    assert {p: p.read_bytes() for p in pathlib.Path(folder).rglob("*")} == before
    (folder / "web.yaml").write_text("# nothing\n")
    empty = run("plan", folder)
    assert empty.returncode == 0, empty.stdout + empty.stderr


def test_explain_says_where_each_value_comes_from():
    out = run("explain", "ingress/shop/web", ROOT / "examples/shop")
    assert out.returncode == 0, out.stdout + out.stderr
    [line] = [l for l in out.stdout.splitlines() if "healthyThresholdCount" in l][:1]
    assert "3" in line and "shop/web@healthy-threshold-count" in line
    assert "shop.example.com" in out.stdout


def test_mistakes_have_code_place_and_help(folder):
    (folder / "good.yaml").write_text(documents(
        service("a"), ingress("good", [("good.example.com", "/", "Prefix", "a", 80)])))
    (folder / "bad.yaml").write_text(documents(
        service("b"),
        ingress("scheme", [("s.example.com", "/", "Prefix", "b", 80)],
                annotations={"alb.ingress.kubernetes.io/scheme": "sideways"}),
        ingress("port", [("p.example.com", "/", "Prefix", "b", 81)])))
    (folder / "broken.yaml").write_text("apiVersion: v1\nkind: Service\nmetadata: [unclosed\n")
    plan = run("plan", folder)
    assert plan.returncode == 2
    assert "good.example.com" in plan.stdout, "the others go on"
    text = plan.stderr
    for needle in ("sideways", "bad.yaml:", "broken.yaml:", "help:", "error["):
        assert needle in text, (needle, text)
    (folder / "good.yaml").unlink()
    (folder / "bad.yaml").unlink()
    assert run("plan", folder).returncode == 1, "no change but an error"


def test_once_exits_and_signals_end_it(local, folder):
    shutil.copy(ROOT / "examples/quickstart/web.yaml", folder)
    once = run("local", folder, "--once", "--aws-listen", "127.0.0.1:0", "--dns-listen", "127.0.0.1:0")
    assert once.returncode == 0, once.stdout + once.stderr
    assert "load-balancer" in once.stdout and "curl" in once.stdout and "\x1b[" not in once.stdout
    edge = local(folder)
    start = time.monotonic()
    edge.process.terminate()
    assert edge.process.wait(15) == 0
    assert time.monotonic() - start < 10


def test_the_stock_cli_reads_it(local):
    edge = local(ROOT / "examples/quickstart")
    [listener] = edge.state()["listeners"]
    aws = pathlib.Path(sys.executable).parent / "aws"
    out = subprocess.run(
        [sys.executable, aws, "--endpoint-url", edge.endpoints["aws"], "--region", "us-west-2",
         "elbv2", "describe-rules", "--listener-arn", listener],
        capture_output=True, text=True, timeout=60,
        env={**os.environ, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"},
    )
    assert out.returncode == 0, out.stderr
    assert {r["Priority"] for r in json.loads(out.stdout)["Rules"]} == {"1", "default"}


def test_a_broken_class_takes_nothing_down(local, tmp_path):
    """The slip is in the platform's file; the load balancers of everybody else stay and serve."""
    folder = tmp_path / "shop"
    shutil.copytree(ROOT / "examples/shop", folder)
    edge = local(folder)
    before = edge.state()
    platform = (folder / "platform.yaml").read_text()
    edge.save({"platform.yaml": platform.replace("    name: alb\n---\napiVersion: elbv2", "    name: alp\n---\napiVersion: elbv2")})
    after = edge.state()
    assert "there are no IngressClassParams alp" in edge.text(), edge.text()
    assert arns(after) == arns(before)
    assert after["records"] == before["records"] and after["rules"] == before["rules"]
    assert after["security_groups"] == before["security_groups"]
    for url, who in [("https://shop.example.com/cart", "shop/cart"), ("http://blog.example.com/", "blog/blog")]:
        assert edge.echo(url)["service"] == who
    edge.save({"platform.yaml": platform})
    assert arns(edge.state()) == arns(before)
    assert edge.echo("http://docs.example.com/guide")["service"] == "blog/docs"
