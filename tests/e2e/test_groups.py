"""Several Ingresses on one load balancer: who comes, who goes, who quarrels."""

import pytest
from conftest import arns, run, until
from manifests import documents, ingress, service

ALB = "alb.ingress.kubernetes.io/"


def member(name, group="shared", order=None, **notes):
    keys = {ALB + "group.name": group, ALB + "group.order": order and str(order)}
    keys |= {ALB + key.replace("_", "-"): value for key, value in notes.items()}
    keys = {key: value for key, value in keys.items() if value is not None}
    return documents(service(name), ingress(name, [(f"{name}.example.com", "/", "Prefix", name, 80)], annotations=keys))


def answers(edge, *names):
    for name in names:
        assert edge.echo(f"http://{name}.example.com/")["service"] == f"default/{name}", name


def test_members_that_quarrel_or_are_broken(local, folder):
    (folder / "a.yaml").write_text(member("a", order=1, scheme="internet-facing"))
    (folder / "b.yaml").write_text(member("b", order=2, scheme="internal"))
    (folder / "c.yaml").write_text(member("c", order=5000))
    (folder / "d.yaml").write_text(member("d", target_type="pod"))
    (folder / "e.yaml").write_text(member("e").replace("number: 80", "number: 99"))
    edge = local(folder)
    [balancer] = edge.state()["balancers"]
    assert balancer["Scheme"] == "internet-facing", "the first in group order counts"
    answers(edge, "a", "b")
    text = edge.text()
    for needle in ("error[LB0002]", "b.yaml:", "c.yaml:", "d.yaml:", "e.yaml:", "error[LB0008]"):
        assert needle in text, (needle, text)
    edge.save({"b.yaml": member("b", order=2), "c.yaml": member("c", order=3)})
    until(lambda: edge.dig("c.example.com"))
    answers(edge, "a", "b", "c")
    assert [b["LoadBalancerArn"] for b in edge.state()["balancers"]] == [balancer["LoadBalancerArn"]]


def test_a_member_leaves_and_comes_back_and_all_move(local, folder):
    for name in ("a", "b", "c"):
        (folder / f"{name}.yaml").write_text(member(name))
    edge = local(folder)
    start = edge.state()
    [shared] = start["balancers"]
    edge.save({"b.yaml": member("b", group=None)})
    apart = edge.state()
    assert len(apart["balancers"]) == 2 and len(apart["groups"]) == 3
    assert edge.dig("b.example.com") != edge.dig("a.example.com")
    answers(edge, "a", "b", "c")
    host, port = edge.address("a.example.com", 80)
    assert edge.curl("http://a.example.com/", "-H", "Host: b.example.com")[0] == 404, "its rule left with it"
    edge.save({"b.yaml": member("b")})
    back = edge.state()
    assert [b["LoadBalancerArn"] for b in back["balancers"]] == [shared["LoadBalancerArn"]] and len(back["groups"]) == 3
    answers(edge, "a", "b", "c")
    # The group gets another name: another load balancer, and nothing of the old one is left.
    for name in ("a", "b"):
        (folder / f"{name}.yaml").write_text(member(name, group="renamed"))
    edge.save({"c.yaml": member("c", group="renamed")})
    until(lambda: len(edge.state()["balancers"]) == 1 and len(edge.state()["groups"]) == 3, "all have moved")
    moved = edge.state()
    assert not {a for a in arns(moved) & arns(start) if not a.startswith("sg-")}
    assert len(moved["security_groups"]) == 2, "one of the load balancer, one of the backends"
    answers(edge, "a", "b", "c")
    for name in ("a", "b", "c"):
        (folder / f"{name}.yaml").unlink()
    until(lambda: not any(edge.state().values()), "nothing is left")


def test_a_big_group_and_a_big_folder(local, folder):
    """More load balancers than a fresh AWS account may have, and thirty Ingresses on one of them."""
    for n in range(30):
        (folder / f"g{n}.yaml").write_text(member(f"g{n}"))
    for n in range(70):
        (folder / f"s{n}.yaml").write_text(member(f"s{n}", group=None))
    edge = local(folder)
    state = edge.state()
    assert len(state["balancers"]) == 71 and len(state["groups"]) == 100
    assert max(len(rules) for rules in state["rules"].values()) == 31
    answers(edge, "g0", "g17", "g29", "s0", "s69")
    # Most go, and what stays does not notice.
    for path in folder.iterdir():
        if path.name not in ("g7.yaml", "s7.yaml"):
            path.unlink()
    until(lambda: len(edge.client("elbv2").describe_target_groups()["TargetGroups"]) == 2)
    edge.wait()
    left = edge.state()
    assert arns(left) <= arns(state) and len(left["balancers"]) == 2
    answers(edge, "g7", "s7")
    (folder / "g7.yaml").unlink()
    edge.save({"s7.yaml": None})
    until(lambda: not any(edge.state().values()), "nothing is left")


def served(edge):
    """Hosts of the rules that AWS holds, in their order."""
    rules = [r for rules in edge.state()["rules"].values() for r in rules if not r["IsDefault"]]
    rules.sort(key=lambda rule: int(rule["Priority"]))
    return [rule["Conditions"][0]["HostHeaderConfig"]["Values"][0] for rule in rules]


BREAKAGES = {
    "LB0001": lambda: member("b", order=2, scheme="public"),
    "LB0005": lambda: member("b", order=2).replace("ingressClassName: alb", "ingressClassName: gone"),
    "LB0008": lambda: member("b", order=2).replace("number: 80", "number: 99"),
}


@pytest.mark.parametrize("code", BREAKAGES)
def test_a_broken_member_keeps_its_rules_and_others_go_on(local, folder, code):
    for order, name in enumerate(("a", "b", "c"), 1):
        (folder / f"{name}.yaml").write_text(member(name, order=order))
    edge = local(folder)
    start = edge.state()
    edge.save({"b.yaml": BREAKAGES[code]()})
    assert f"error[{code}]" in edge.text()
    assert arns(edge.state()) == arns(start) and served(edge) == [f"{n}.example.com" for n in "abc"]
    answers(edge, "a", "b", "c")
    # A healthy one is edited: its new path is served, and the broken one's rule keeps its place.
    rules = [("a.example.com", "/old", "Exact", "x", 80), ("a.example.com", "/", "Prefix", "a", 80)]
    notes = {ALB + "group.name": "shared", ALB + "group.order": "1"}
    edge.save({"a.yaml": documents(service("a"), service("x"), ingress("a", rules, annotations=notes))})
    assert edge.echo("http://a.example.com/old")["service"] == "default/x"
    assert served(edge) == [f"{n}.example.com" for n in "aabc"]
    # A third one is deleted: its rule, name and finalizer go.
    edge.save({"c.yaml": None})
    until(lambda: served(edge) == ["a.example.com"] * 2 + ["b.example.com"], "c's rule has gone")
    until(lambda: edge.dig("c.example.com") == [], "c's name has gone")
    answers(edge, "a", "b")
    # Mended, everything is as if nothing had been.
    edge.save({"b.yaml": member("b", order=2)})
    answers(edge, "a", "b")
    for name in ("a", "b"):
        (folder / f"{name}.yaml").unlink()
    until(lambda: not any(edge.state().values()), "nothing is left")
