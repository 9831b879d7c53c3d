"""More is wanted than the account may have: what fits is served, what waits says for which quota."""

from conftest import run, until
from manifests import documents, ingress, service

ALB = "alb.ingress.kubernetes.io/"
# AWS's default, which the emulated account has and tells.
RULES = 100


def member(name, order, count):
    """An Ingress of so many rules."""
    keys = {ALB + "group.name": "full", ALB + "group.order": str(order)}
    paths = [(f"{name}.example.com", f"/{name}-{n}", "Exact", name, 80) for n in range(count)]
    return documents(service(name), ingress(name, paths, annotations=keys))


def served(edge):
    [rules] = edge.state()["rules"].values()
    paths = [c["PathPatternConfig"]["Values"] for r in rules for c in r["Conditions"] if c["Field"] == "path-pattern"]
    return {path for [path] in paths}


def path(name, n):
    return f"/{name}-{n}"


def status(edge, name, n):
    return edge.curl(f"http://{name}.example.com{path(name, n)}")[0]


def test_a_full_load_balancer_serves_what_fits_and_can_always_shrink(local, folder):
    (folder / "a.yaml").write_text(member("a", 1, 70))
    (folder / "b.yaml").write_text(member("b", 2, 40))
    edge = local(folder)
    a, b = ({path(name, n) for n in range(70)} for name in "ab")
    assert served(edge) == a | {path("b", n) for n in range(30)}, "the last in group order waits"
    needle = f'110 needed, the quota "Rules per Application Load Balancer" is {RULES} [PL0010]'
    assert needle in edge.text()
    assert (status(edge, "a", 69), status(edge, "b", 29), status(edge, "b", 30)) == (200, 200, 404)
    plan = run("plan", folder)
    assert needle in plan.stdout and "rule 80/101 and 9 more" in plan.stdout, plan.stdout
    explained = run("explain", "ingress/default/b", folder)
    assert needle in explained.stdout, explained.stdout

    # Who comes first in group order does not take away what is deployed.
    edge.save({"c.yaml": member("c", 0, 5)})
    assert served(edge) == a | {path("b", n) for n in range(30)}
    assert status(edge, "c", 0) == 404
    # One goes and others come in the same pass: what goes makes room.
    edge.save({"a.yaml": member("a", 1, 55), "c.yaml": None})
    until(lambda: status(edge, "b", 39) == 200)
    assert served(edge) == {path("a", n) for n in range(55)} | {path("b", n) for n in range(40)}
    assert run("plan", folder).returncode == 2
    edge.save({"c.yaml": member("c", 0, 5)})
    until(lambda: status(edge, "c", 4) == 200)
    assert len(served(edge)) == RULES
