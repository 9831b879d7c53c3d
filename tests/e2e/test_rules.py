"""What annotations say of rules, proven by traffic: conditions, weights, redirects, answers, rewrites."""

import collections
import json

from manifests import documents, service

ALB = "alb.ingress.kubernetes.io/"
HOST = "one.example.com"
URL = f"http://{HOST}"


def path(text, name, port="use-annotation", kind="Prefix"):
    port = f"number: {port}" if isinstance(port, int) else f"name: {port}"
    backend = f"{{service: {{name: {name}, port: {{{port}}}}}}}"
    return f"          - {{path: {text!r}, pathType: {kind}, backend: {backend}}}"


def ingress(paths, default=None, name="web", **notes):
    """`notes`: annotations without their prefix, with `__` for a dot and `_` for a dash; data becomes JSON."""
    text = lambda value: value if isinstance(value, str) else json.dumps(value)
    keys = {ALB + key.replace("__", ".").replace("_", "-"): text(value) for key, value in notes.items()}
    lines = [
        "apiVersion: networking.k8s.io/v1", "kind: Ingress", "metadata:", f"  name: {name}", "  annotations:",
        f"    {ALB}target-type: ip", *(f"    {key}: {json.dumps(value)}" for key, value in keys.items()),
        "spec:", "  ingressClassName: alb",
        *([f"  defaultBackend: {{service: {{name: {default}, port: {{name: use-annotation}}}}}}"] if default else []),
        "  rules:", f"    - host: {HOST}", "      http:", "        paths:", *paths,
    ]
    return "\n".join(lines) + "\n"


def serve(local, folder, *args, **notes):
    (folder / "web.yaml").write_text(documents(service("a"), service("b"), service("c"), ingress(*args, **notes)))
    return local(folder)


def forward(*targets, **more):
    tuples = [{"serviceName": name, "servicePort": 80, "weight": weight} for name, weight in targets]
    return {"type": "forward", "forwardConfig": {"targetGroups": tuples, **more}}


def answer(status, body="", kind="text/plain"):
    return {"type": "fixed-response", "fixedResponseConfig": {"contentType": kind, "messageBody": body, "statusCode": status}}


def test_a_rule_applies_where_all_of_its_conditions_hold(local, folder):
    header = {"field": "http-header", "httpHeaderConfig": {"httpHeaderName": "X-Team", "values": ["blue", "gr*"]}}
    query = {"field": "query-string", "queryStringConfig": {"values": [{"key": "v", "value": "2"}, {"value": "beta"}]}}
    method = {"field": "http-request-method", "httpRequestMethodConfig": {"values": ["PUT", "POST"]}}
    nearby = {"field": "source-ip", "sourceIpConfig": {"values": ["127.0.0.0/8"]}}
    far = {"field": "source-ip", "sourceIPConfig": {"values": ["192.0.2.0/24"]}}
    regex = {"field": "path-pattern", "pathPatternConfig": {"regexValues": ["^/v[0-9]+/$"]}}
    other = {"Field": "host-header", "HostHeaderConfig": {"Values": ["two.example.com"]}}
    edge = serve(
        local, folder,
        [path("/h", "a", 80), path("/q", "on-query"), path("/m", "on-method"), path("/near", "near"), path("/far", "far"),
         path("", "on-regex", kind="ImplementationSpecific"), path("/*", "rest", kind="ImplementationSpecific")],
        conditions__a=[header], conditions__on_query=[query, header], conditions__on_method=[method], conditions__near=[nearby],
        conditions__far=[far], conditions__on_regex=[regex], conditions__rest=[other],
        actions__on_query=answer("210"), actions__on_method=answer("211"), actions__near=answer("212"), actions__far=answer("213"),
        actions__on_regex=answer("214"), actions__rest=answer("215"),
    )
    asked = lambda where, *flags: edge.curl(URL + where, *flags)[0]
    blue = ("-H", "x-team: BLUE")
    assert edge.echo(URL + "/h/x", *blue)["service"] == "default/a"
    for where, flags, status in [
        ("/h", (), 215), ("/h", ("-H", "x-team: red"), 215), ("/h", ("-H", "X-TEAM: green"), 200),
        ("/q?v=2", blue, 210), ("/q?v=2", (), 215), ("/q?x=beta", blue, 210), ("/q?v=3", blue, 215),
        ("/m", ("-X", "POST"), 211), ("/m", ("-X", "PUT"), 211), ("/m", (), 215),
        ("/near", (), 212), ("/far", (), 215), ("/v12/", (), 214), ("/v12/x", (), 215),
    ]:
        assert asked(where, *flags) == status, (where, flags)
    assert asked("/", "-H", "Host: two.example.com") == 215, "the host of an annotation is one more"
    assert asked("/h", "-H", "Host: three.example.com") == 404


def test_weights_share_the_traffic_and_stickiness_keeps_it(local, folder):
    sticky = {"targetGroupStickinessConfig": {"enabled": True, "durationSeconds": 60}}
    paths = [path("/shared", "shared"), path("/drained", "drained"), path("/sticky", "sticky"), path("/theirs", "theirs")]
    actions = {
        "actions__shared": forward(("a", 80), ("b", 20)), "actions__drained": forward(("a", 0), ("b", 1)),
        "actions__sticky": forward(("a", 50), ("b", 50), **sticky),
    }
    edge = serve(local, folder, [*paths, path("/c", "c", 80)], **actions, actions__theirs={"type": "forward", "targetGroupName": "theirs"})
    count = lambda where, n, *flags: collections.Counter(edge.echo(URL + where, *flags)["service"] for _ in range(n))
    shares = count("/shared", 60)
    assert shares["default/a"] > 36 and shares["default/b"] > 4, shares
    assert count("/drained", 8) == {"default/b": 8}
    jar = edge.scratch / "jar"
    assert len(count("/sticky", 8, "-b", jar, "-c", jar)) == 1, "a client stays with the group that it came to"
    assert "LB0110" in edge.text() and edge.curl(URL + "/theirs")[0] == 404
    # A target group that somebody else made, by its name: nobody is in it.
    vpc = edge.state()["balancers"][0]["VpcId"]
    edge.client("elbv2").create_target_group(Name="theirs", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")
    edge.save({"web.yaml": documents(
        service("a"), service("b"), service("c"),
        ingress(paths, **actions, actions__theirs={"Type": "forward", "TargetGroupName": "theirs"}))})
    assert edge.curl(URL + "/theirs")[0] == 503
    assert count("/drained", 4) == {"default/b": 4}


def test_redirects_and_answers(local, folder):
    moved = {"type": "redirect", "redirectConfig": {"host": "new.example.com", "path": "/to/#{path}", "query": "#{query}&a=b", "statusCode": "HTTP_302"}}
    secure = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}
    edge = serve(
        local, folder,
        [path("/moved", "moved"), path("/secure", "ssl-redirect"), path("/json", "as-json"), path("/nothing", "no-such-action")],
        default="none",
        listen_ports='[{"HTTP": 80}, {"HTTPS": 443}]',
        actions__moved=moved, actions__ssl_redirect=secure, actions__as_json=answer("418", '{"a": 1}', "application/json"),
        actions__none=answer("404", "nobody is here"),
    )
    where = lambda url: tuple(edge.curl(url, "-o", "/dev/null", "-w", "%{redirect_url}\n%{http_code}"))
    assert where(f"{URL}/moved/x?c=d") == (302, "http://new.example.com:80/to/moved/x?c=d&a=b")
    assert where(f"{URL}/secure/x") == (301, f"https://{HOST}:443/secure/x")
    status, _ = edge.curl(f"https://{HOST}/secure/x")
    assert status == 404, "on the listener that it leads to, the redirect would only lead to itself"
    status, body = edge.curl(f"{URL}/json", "-w", "%{content_type}\n%{http_code}")
    assert (status, body) == (418, '{"a": 1}application/json; charset=utf-8')
    assert edge.curl(URL) == (404, "nobody is here")
    assert edge.curl(f"{URL}/nothing") == (503, "Backend action does not exist") and "LB0019" in edge.text()


def test_rewrites_reach_the_target_and_go_again(local, folder):
    url = {"type": "url-rewrite", "urlRewriteConfig": {"rewrites": [{"regex": "^/api/(.*)$", "replace": "/v2/$1"}]}}
    host = {"type": "host-header-rewrite", "hostHeaderRewriteConfig": {"rewrites": [{"regex": "^one", "replace": "inner"}]}}
    edge = serve(local, folder, [path("/api", "a", 80)], transforms__a=[url, host])
    seen = edge.echo(f"{URL}/api/x?y=z")
    assert (seen["path"], seen["query"], seen["host"]) == ("/v2/x", "y=z", "inner.example.com")
    rules = edge.state()["rules"]
    edge.save({"web.yaml": documents(service("a"), ingress([path("/api", "a", 80)], transforms__a=[{**host, "type": "host-header-rewrite"}]))})
    seen = edge.echo(f"{URL}/api/x")
    assert (seen["path"], seen["host"]) == ("/api/x", "inner.example.com")
    edge.save({"web.yaml": documents(service("a"), ingress([path("/api", "a", 80)]))})
    seen = edge.echo(f"{URL}/api/x")
    assert (seen["path"], seen["host"]) == ("/api/x", HOST)
    arns = lambda all: {rule["RuleArn"] for of in all.values() for rule in of}
    assert arns(edge.state()["rules"]) == arns(rules), "the rule was changed in place"


def test_more_values_than_a_rule_takes_become_several_rules(local, folder):
    hosts = [f"h{n}.example.com" for n in range(9)]
    many = {"field": "host-header", "hostHeaderConfig": {"values": hosts}}
    edge = serve(local, folder, [path("/wide", "wide"), path("/narrow", "a", 80)], conditions__wide=[many], actions__wide=answer("210"))
    for host in (HOST, *hosts):
        assert edge.curl(f"{URL}/wide/x", "-H", f"Host: {host}")[0] == 210, host
    assert edge.curl(f"{URL}/wide", "-H", "Host: h9.example.com")[0] == 404
    assert edge.curl(f"{URL}/narrow")[0] == 200
    [rules] = edge.state()["rules"].values()
    values = lambda rule: sum(len(c["Values"]) for c in rule["Conditions"])
    assert len(rules) == 6 and all(values(rule) <= 5 for rule in rules), rules


def test_a_mistake_in_an_annotation_costs_its_path(local, folder):
    names = ("bad-json", "bad-weight", "mixed", "bad-rewrite")
    edge = serve(
        local, folder,
        [*(path(f"/{name}", name) for name in names), path("/good", "a", 80)],
        actions__bad_json="{", actions__bad_weight=forward(("a", 1), ("b", 1000)), actions__mixed=answer("210"),
        conditions__mixed=[{"field": "path-pattern", "pathPatternConfig": {"regexValues": ["^/x"]}}],
        actions__bad_rewrite=answer("210"), transforms__bad_rewrite=[{"type": "url-rewrite"}],
    )
    assert edge.curl(f"{URL}/good")[0] == 200
    assert {edge.curl(f"{URL}/{name}")[0] for name in names} == {404}
    for told in ("actions.bad-json", "actions.bad-weight", "LB0020", "transforms.bad-rewrite"):
        assert told in edge.text(), told
