"""Deletes need a reason: an object that has gone while its finalizer was known."""

import json

from conftest import arns, run, until
from manifests import documents, ingress, service


def web(group=None, name="web"):
    annotations = {"alb.ingress.kubernetes.io/group.name": group} if group else {}
    return documents(service(name), ingress(name, [(f"{name}.example.com", "/", "Prefix", name, 80)], annotations=annotations))


def kept(local, folder, state):
    """The state file of a run that has settled, and what stood then."""
    first = local(folder, "--state", state)
    stood = arns(first.state())
    first.close()
    assert stood
    return stood


def test_a_file_that_goes_while_nobody_looks_is_a_delete(local, folder, tmp_path):
    state = tmp_path / "state.json"
    (folder / "web.yaml").write_text(web())
    kept(local, folder, state)
    carriers = json.loads(state.read_text())["InroadFinalizers"]
    assert [c["metadata"]["finalizers"] for c in carriers] == [["ingress.k8s.aws/resources"]]
    (folder / "web.yaml").unlink()
    plan = run("plan", folder, "--state", state)
    assert plan.returncode == 2 and "- load-balancer" in plan.stdout, plan.stdout + plan.stderr
    assert "A web.example.com" in plan.stdout and "8 to delete, 0 held" in plan.stdout, plan.stdout
    second = local(folder, "--state", state)
    until(lambda: not any(second.state().values()), "nothing is left")
    second.close()
    assert json.loads(state.read_text())["InroadFinalizers"] == []
    again = run("plan", folder, "--state", state)
    assert again.returncode == 0 and "LB0030" not in again.stderr, again.stdout + again.stderr


def test_without_its_finalizer_a_stack_is_an_orphan_and_stays(local, folder, tmp_path):
    state = tmp_path / "state.json"
    (folder / "web.yaml").write_text(web("shop"))
    stood = kept(local, folder, state)
    document = json.loads(state.read_text())
    del document["InroadFinalizers"]
    state.write_text(json.dumps(document))
    (folder / "web.yaml").unlink()
    plan = run("plan", folder, "--state", state)
    assert "- load-balancer" not in plan.stdout and "- security-group" not in plan.stdout, plan.stdout
    assert "LB0030" in plan.stderr and "ingress.k8s.aws/stack=shop" in plan.stderr, plan.stderr
    second = local(folder, "--state", state)
    assert "LB0030" in second.text()
    assert arns(second.state()) == stood
    # Its object comes back, and goes as everybody does.
    second.save({"web.yaml": web("shop")})
    assert arns(second.state()) == stood and second.echo("http://web.example.com/")["service"] == "default/web"
    (folder / "web.yaml").unlink()
    until(lambda: not any(second.state().values()), "nothing is left")


def test_an_orphan_keeps_what_it_shares_with_others(local, folder, tmp_path):
    state = tmp_path / "state.json"
    (folder / "web.yaml").write_text(web())
    (folder / "api.yaml").write_text(web(name="api"))
    stood = kept(local, folder, state)
    document = json.loads(state.read_text())
    document["InroadFinalizers"] = [c for c in document["InroadFinalizers"] if c["metadata"]["name"] == "api"]
    state.write_text(json.dumps(document))
    (folder / "web.yaml").unlink()
    (folder / "api.yaml").unlink()
    edge = local(folder, "--state", state)
    until(lambda: len(edge.state()["balancers"]) == 1, "api goes")
    left = arns(edge.state())
    assert left < stood and len(edge.state()["security_groups"]) == 2, "its own group and the shared one"


def test_a_file_that_cannot_be_read_at_the_start_is_not_gone(local, folder, tmp_path):
    state = tmp_path / "state.json"
    (folder / "web.yaml").write_text(web())
    stood = kept(local, folder, state)
    (folder / "web.yaml").write_text("kind: [")
    edge = local(folder, "--state", state)
    assert arns(edge.state()) == stood
