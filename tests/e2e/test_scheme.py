"""Another scheme is another load balancer: it serves before the old one goes, and whoever asks is always answered."""

import http.client
import threading

import pytest
from conftest import run
from manifests import documents, ingress, service

ALB = "alb.ingress.kubernetes.io/"
HOST = "one.example.com"
RULES = [(HOST, "/", "Prefix", "a", 80), ("two.example.com", "/", "Prefix", "b", 80)]
# A port that needs no right: it is the real one on each load balancer's own address.
PORT = 8080


def web(scheme, **notes):
    notes = {"scheme": scheme, "listen_ports": f'[{{"HTTP": {PORT}}}]', **notes}
    keys = {ALB + key.replace("_", "-"): value for key, value in notes.items()}
    return documents(service("a"), service("b"), ingress("web", RULES, annotations=keys))


class Client:
    """Asks again and again, each time for the name first."""

    def __init__(self, edge):
        self.edge, self.over, self.answers, self.addresses = edge, threading.Event(), [], []
        self.thread = threading.Thread(target=self.ask)

    def ask(self):
        while not self.over.is_set():
            try:
                address = self.edge.dig(HOST)[0]
                connection = http.client.HTTPConnection(address, PORT, timeout=20)
                connection.request("GET", "/", headers={"Host": HOST})
                answer = connection.getresponse()
                answer.read()
                self.answers.append(answer.status)
                connection.close()
            except Exception as error:  # whatever it is, it is no answer
                self.answers.append(repr(error))
                address = None
            if address not in self.addresses[-1:]:
                self.addresses.append(address)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def names(state, kind, key):
    return {it[key] for it in state[kind]}


def test_traffic_never_fails_while_the_scheme_changes(local, folder, tmp_path):
    file = tmp_path / "state.json"
    (folder / "web.yaml").write_text(web("internal"))
    edge = local(folder, "--state", file)
    for scheme in ("internet-facing", "internal"):
        before = edge.state()
        with Client(edge) as client:
            edge.save({"web.yaml": web(scheme)})
            seen = len(client.answers)
            while len(client.answers) < seen + 5 and client.thread.is_alive():
                client.over.wait(0.1)
        after = edge.state()
        assert set(client.answers) == {200} and len(client.answers) > 10, client.answers
        assert len(client.addresses) == 2, "the name has moved once"

        [balancer] = after["balancers"]
        assert balancer["Scheme"] == scheme
        for kind, key in [("balancers", "LoadBalancerArn"), ("groups", "TargetGroupArn"), ("groups", "TargetGroupName")]:
            assert not names(before, kind, key) & names(after, kind, key), "everything of the old generation is gone"
        assert len(after["groups"]) == 2
        for group in after["groups"]:
            assert set(edge.targets(group["TargetGroupArn"]).values()) == {"healthy"}
        assert names(after, "security_groups", "GroupId") == names(before, "security_groups", "GroupId")
        assert edge.echo(f"http://two.example.com:{PORT}/")["service"] == "default/b"
        look = run("plan", folder, "--state", file)
        assert look.returncode == 0, look.stdout + look.stderr


@pytest.mark.parametrize("name, words", [
    (None, ["serves until k8s-default-web-", "is made"]),
    ("fixed", ["deleted first: the new one bears the same name; nothing answers until that stands"]),
])
def test_a_plan_says_what_goes_when(local, folder, tmp_path, name, words):
    file = tmp_path / "state.json"
    notes = {"load_balancer_name": name} if name else {}
    (folder / "web.yaml").write_text(web("internal", **notes))
    edge = local(folder, "--state", file)
    before = edge.state()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "web.yaml").write_text(web("internet-facing", **notes))
    look = run("plan", tmp_path / "other", "--state", file)
    assert all(word in look.stdout for word in words), look.stdout
    if name:
        edge.save({"web.yaml": web("internet-facing", **notes)})
        after = edge.state()
        assert names(after, "groups", "TargetGroupArn") == names(before, "groups", "TargetGroupArn"), "the groups stay"
        assert not names(after, "balancers", "LoadBalancerArn") & names(before, "balancers", "LoadBalancerArn")
        assert edge.echo(f"http://{HOST}:{PORT}/")["service"] == "default/a"
