"""Bad input: each mistake is said with code, place and help, and everything else goes on."""

import json
import re

import pytest
from conftest import run, until
from manifests import documents, ingress, service

ALB = "alb.ingress.kubernetes.io/"
GOOD = documents(service("good"), ingress("good", [("good.example.com", "/", "Prefix", "good", 80)]))
PLACE = re.compile(r"^  at \S+\.(ya?ml|json):\d+:\d+  ", re.M)


def mistakes(stderr):
    """[(severity, code, message, the lines below)]"""
    parts = re.split(r"^(error|warning|note)\[(\w+)\] ", stderr, flags=re.M)[1:]
    return [
        (severity, code, *text.split("\n", 1)) for severity, code, text in zip(parts[::3], parts[1::3], parts[2::3])
    ]


def planned(folder, *flags):
    """Plans; the good Ingress is in the plan whatever else is in the folder."""
    (folder / "good.yaml").write_text(GOOD)
    out = run("plan", folder, *flags)
    assert out.returncode == 2, out.stdout + out.stderr
    assert "good.example.com /*" in out.stdout and re.search(r"hold +good.example.com", out.stdout), out.stdout + out.stderr
    return out


def annotated(**notes):
    return documents(service("b"), ingress(
        "bad", [("bad.example.com", "/", "Prefix", "b", 80)],
        annotations={ALB + key.replace("_", "-"): value for key, value in notes.items()}))


@pytest.mark.parametrize("key, value", [
    ("scheme", "sideways"), ("target-type", "pod"), ("ip-address-type", "ipv9"),
    ("backend-protocol", "GOPHER"), ("backend-protocol-version", "HTTP9"),
    ("healthcheck-interval-seconds", "soon"), ("healthcheck-timeout-seconds", "5s"),
    ("healthy-threshold-count", "99999999999999999999"), ("unhealthy-threshold-count", "-"),
    ("group.order", "first"), ("group.order", "99999"), ("group.name", "Not A Name"),
    ("listen-ports", "[{"), ("listen-ports", '{"HTTP": 80}'), ("listen-ports", '[{"HTTP": 0}]'),
    ("listen-ports", '[{"HTTP": 70000}]'), ("listen-ports", '[{"FTP": 21}]'), ("listen-ports", "[]"),
    ("ssl-redirect", "yes"), ("tags", "no-equals-sign"), ("load-balancer-attributes", "idle"),
    ("target-group-attributes", "=,="), ("inbound-cidrs", "10.0.0.0/99"), ("inbound-cidrs", "anywhere"),
])
def test_an_annotation_that_cannot_be_read(folder, key, value):
    (folder / "bad.yaml").write_text(annotated(**{key: value}))
    out = planned(folder)
    said = [m for m in mistakes(out.stderr) if "bad" in m[3]]
    assert said, f"{key}: {value} is passed over in silence\n{out.stdout}{out.stderr}"
    lines = (folder / "bad.yaml").read_text().splitlines()
    places = [int(re.search(r"bad\.yaml:(\d+):", m[3])[1]) for m in said]
    assert any(key in lines[line - 1] for line in places), "the annotation's own line"
    for severity, code, message, rest in said:
        assert PLACE.search(rest + "\n"), (message, rest)
        assert "help: " in rest, (code, message, rest)
        if severity == "error":
            assert run("explain", "ingress/default/bad", folder).returncode == 1


FILES = {
    "unclosed": "apiVersion: v1\nkind: Service\nmetadata: [unclosed\n",
    "tabs": "apiVersion: v1\nkind: Service\nmetadata:\n\tname: x\n",
    "binary": "\x00\x01\x02\udcff\udcfe" * 50,
    "wrong type": "apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {ports: seven}\n",
    "no name": "apiVersion: v1\nkind: Service\nspec: {ports: [{port: 80}]}\n",
    "anchor without end": "a: &a [*a, *a]\nb: *c\n",
    "metadata is a list": "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: []\n",
    "annotation is a map": "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: x, annotations: {a: {b: c}}}\n",
}


@pytest.mark.parametrize("what", FILES)
def test_a_document_that_cannot_be_read(folder, what):
    (folder / "broken.yaml").write_bytes(FILES[what].encode(errors="surrogateescape"))
    out = planned(folder)
    said = mistakes(out.stderr)
    assert said and any(m[0] == "error" for m in said), out.stderr
    for _, code, message, rest in said:
        assert PLACE.search(rest + "\n") and "broken.yaml:" in rest, (message, rest)
        assert "help: " in rest, (code, message, rest)


def test_files_of_every_make_are_read(folder, tmp_path):
    def pair(name):
        return service(name), ingress(name, [(f"{name}.example.com", "/", "Prefix", name, 80)])

    import yaml

    (folder / "crlf.yaml").write_bytes(documents(*pair("crlf")).replace("\n", "\r\n").encode())
    (folder / "bom.yml").write_bytes(b"\xef\xbb\xbf" + documents(*pair("bom")).encode())
    objects = [yaml.safe_load(text) for text in pair("json")]
    (folder / "list.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    objects = [yaml.safe_load(text) for text in pair("typed")]
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep/er/service.json").write_text(json.dumps(objects[0]))
    (folder / "typed.yaml").write_text(yaml.safe_dump(
        {"apiVersion": "networking.k8s.io/v1", "kind": "IngressList", "items": objects[1:]}))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "linked.yaml").write_text(documents(*pair("linked")))
    (folder / "linked.yaml").symlink_to(elsewhere / "linked.yaml")
    (folder / "gone.yaml").symlink_to(elsewhere / "nowhere.yaml")
    (folder / ".hidden.yaml").write_text(documents(*pair("hidden")))
    (folder / "notes.txt").write_text("not a manifest: [")
    (folder / "kustomization.yaml").write_text("resources: [a.yaml]\n")
    (folder / "empty.yaml").write_text("")
    (folder / "comments.yaml").write_text("---\n# only\n---\n---\n...\n")
    (folder / "huge.yaml").write_text("---\n".join(
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{n}}}\ndata: {{a: {'x' * 4000}}}\n" for n in range(500)))
    (folder / "apps.yaml").write_text("---\n".join(
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d{n}}}\n" for n in range(3)))
    out = planned(folder)
    for name in ("crlf", "bom", "json", "typed", "linked"):
        assert f" {name}.example.com " in out.stdout, (name, out.stderr)
    assert "hidden" not in out.stdout
    assert mistakes(out.stderr) == [], out.stderr
    assert out.stderr.count("apps/v1 Deployment is left alone") == 1
    assert out.stderr.count("v1 ConfigMap is left alone") == 1


def test_an_ingress_of_an_old_version_is_said_to_be_left_alone(folder):
    (folder / "old.yaml").write_text(ingress("old", []).replace("networking.k8s.io/v1", "extensions/v1beta1"))
    assert "extensions/v1beta1 Ingress is left alone" in planned(folder).stderr


def test_backends_and_classes_that_are_not_there(folder):
    (folder / "bad.yaml").write_text(documents(
        service("b"),
        ingress("gone", [("a.example.com", "/x", "Prefix", "nobody", 80), ("a.example.com", "/y", "Prefix", "b", 80)]),
        ingress("port", [("b.example.com", "/x", "Prefix", "b", 81), ("b.example.com", "/y", "Prefix", "b", 80)]),
        ingress("class", [("c.example.com", "/", "Prefix", "b", 80)]).replace("ClassName: alb", "ClassName: nobodys"),
        ingress("wild", [("d.example.com", "/x*", "Prefix", "b", 80), ("d.example.com", "/y", "Prefix", "b", 80)]),
    ))
    out = planned(folder)
    said = {re.search(r"ingress/default/(\w+)", m[3])[1]: m for m in mistakes(out.stderr)}
    assert {name: said[name][1] for name in said if name != "class"} == {
        "gone": "LB0007", "port": "LB0008", "wild": "LB0011"}
    for name, (_, _, message, rest) in said.items():
        assert PLACE.search(rest + "\n") and "help: " in rest, (message, rest)
    for host in "abd":
        assert f"{host}.example.com /y" in out.stdout, "the other path goes on"
    assert "c.example.com /" not in out.stdout and "A c.example.com" not in out.stdout, "no rule and no record for it"


def test_certificates_and_subnets_that_cannot_be(folder):
    table = {
        "no-arn": {"certificate-arn": "letmein"},
        "no-host": {"listen-ports": '[{"HTTPS": 443}]'},
        "one-subnet": {"subnets": "lonely"},
        "redirect": {"ssl-redirect": "8443"},
    }
    for name, notes in table.items():
        host = None if name == "no-host" else f"{name}.example.com"
        (folder / f"{name}.yaml").write_text(ingress(
            name, [(host, "/", "Prefix", "good", 80)], annotations={ALB + k: v for k, v in notes.items()}))
    out = planned(folder)
    for name in table:
        said = [m for m in mistakes(out.stderr) if f"ingress/default/{name}" in m[3] and m[0] == "error"]
        assert said, (name, out.stdout, out.stderr)
        for _, _, message, rest in said:
            assert PLACE.search(rest + "\n") and "help: " in rest, (message, rest)


def test_an_object_in_two_files(folder):
    (folder / "a.yaml").write_text(service("good"))
    out = planned(folder)
    [(severity, code, message, rest)] = mistakes(out.stderr)
    assert (severity, code) == ("warning", "CL0001") and "a.yaml" in message + rest and "good.yaml:" in rest
    (folder / "a.yaml").write_text(documents(service("good"), service("good")))
    (folder / "good.yaml").unlink()
    out = run("plan", folder)
    assert [m[1] for m in mistakes(out.stderr)] == ["CL0001"], "twice in one file"


def test_folders_that_are_none(folder, tmp_path):
    assert run("plan", folder).returncode == 0
    for args in (["plan"], ["local", "--once"], ["explain", "ingress/a/b"]):
        out = run(*args, tmp_path / "nowhere")
        assert out.returncode == 1 and "nowhere" in out.stderr, (args, out)
    (tmp_path / "file.yaml").write_text(GOOD)
    out = run("plan", tmp_path / "file.yaml")
    assert out.returncode == 1 and "file.yaml" in out.stderr, out


def test_a_file_that_cannot_be_read(folder):
    """A file of the system whose reading always fails, for root too."""
    (folder / "secret.yaml").symlink_to("/proc/self/mem")
    out = planned(folder)
    [(severity, code, message, rest)] = mistakes(out.stderr)
    assert (severity, code) == ("error", "CL0002") and "secret.yaml" in message and "help: " in rest, out.stderr


def test_settings_that_are_none(folder, tmp_path):
    (tmp_path / "state.json").write_text("{ not json")
    for flags in (
        ["--state", tmp_path / "state.json"], ["--default-tags", "x"], ["--feature-gates", "Nope=true"],
        ["--managed-record-types", "WORD"], ["--policy", "never"], ["--txt-prefix", "a", "--txt-suffix", "b"],
    ):
        out = run("plan", folder, *flags)
        assert out.returncode in (1, 2) and out.stderr.startswith("error"), (flags, out)
        assert out.stdout == ""


def test_explain_of_what_is_wrong_or_not_there(folder):
    (folder / "bad.yaml").write_text(annotated(scheme="sideways"))
    out = run("explain", "ingress/default/bad", folder)
    assert out.returncode == 1 and "sideways" in out.stderr and PLACE.search(out.stderr)
    assert "bad.example.com" in out.stdout, "what it comes to nevertheless"
    out = run("explain", "service/default/b", folder)
    assert out.returncode == 0 and "default/b" in out.stdout, out
    for unknown in ("ingress/default/nobody", "service/default/bad", "ing/bad/default"):
        out = run("explain", unknown, folder)
        assert out.returncode == 1 and out.stdout == "" and "is not in" in out.stderr, out
    for nonsense in ("bad", "ingress/bad", "deployment/default/x", "ingress//"):
        assert run("explain", nonsense, folder).returncode in (1, 2), nonsense


def test_a_bad_file_while_it_runs(local, folder):
    """Nothing that is saved ends it; what is mended works."""
    (folder / "good.yaml").write_text(GOOD)
    edge = local(folder)
    for what, text in FILES.items():
        (folder / "broken.yaml").write_bytes(text.encode(errors="surrogateescape"))
        edge.wait()
    edge.save({"broken.yaml": documents(service("b"), ingress("b", [("b.example.com", "/", "Prefix", "b", 80)]))})
    assert edge.echo("http://b.example.com/")["service"] == "default/b"
    assert edge.echo("http://good.example.com/")["service"] == "default/good"


def test_a_folder_that_goes_away_while_it_is_watched(local, folder):
    (folder / "good.yaml").write_text(GOOD)
    edge = local(folder)
    before = edge.state()
    away = folder.rename(folder.with_name("away"))
    until(lambda: "failed" in edge.text(), "it says that the folder is gone")
    assert edge.echo("http://good.example.com/")["service"] == "default/good", "the last objects stay"
    away.rename(folder)
    edge.save({"more.yaml": documents(service("b"), ingress("b", [("b.example.com", "/", "Prefix", "b", 80)]))})
    assert edge.echo("http://b.example.com/")["service"] == "default/b", "watched again"
    assert {b["LoadBalancerArn"] for b in before["balancers"]} <= {b["LoadBalancerArn"] for b in edge.state()["balancers"]}
