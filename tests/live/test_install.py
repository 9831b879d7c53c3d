"""What `deploy/` installs is taken by a real API server, and what `inroad rbac` prints is enough and not more."""

import pathlib

import yaml

from account import CLUSTER
from rights import NAMESPACE, limited, printed

DEPLOY = pathlib.Path(__file__).resolve().parents[2] / "deploy"


def objects(text):
    return [o for o in yaml.safe_load_all(text) if o]


def test_the_manifests_are_taken_as_they_are(cluster):
    assert printed("crds") == (DEPLOY / "crds.yaml").read_text()
    for folders in ([".", "one"], [".", "two"]):
        for folder in folders:
            cluster.kubectl("apply", "--validate=strict", "-f", DEPLOY / folder)
    deployed = {o["metadata"]["name"]: o for o in cluster.ask("GET", f"{cluster.url}/apis/apps/v1/namespaces/{NAMESPACE}/deployments")["items"]}
    assert set(deployed) == {"inroad", "inroad-balancers", "inroad-dns"}
    for name, deployment in deployed.items():
        [container] = deployment["spec"]["template"]["spec"]["containers"]
        assert deployment["spec"]["template"]["spec"]["serviceAccountName"] == name
        assert cluster.get("serviceaccounts", NAMESPACE, name), name
        assert {p["name"]: p["containerPort"] for p in container["ports"]} == {"metrics": 8080, "health": 61779}
    for name in deployed:
        cluster.ask("DELETE", f"{cluster.url}/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{name}")


def test_a_binding_and_class_params_fit_their_definitions(cluster, namespace):
    definitions = {o["spec"]["names"]["kind"] for o in objects(printed("crds"))}
    assert definitions == {"TargetGroupBinding", "IngressClassParams"}
    cluster.kubectl("apply", "--validate=strict", "-f", "-", text=f"""\
apiVersion: elbv2.k8s.aws/v1beta1
kind: TargetGroupBinding
metadata: {{name: b, namespace: {namespace.name}}}
spec: {{targetGroupARN: arn, serviceRef: {{name: a, port: 80}}, networking: {{ingress: [{{from: [{{securityGroup: {{groupID: sg-1}}}}], ports: [{{port: http, protocol: TCP}}]}}]}}}}
""")
    refused = cluster.kubectl(
        "apply", "--validate=false", "-f", "-", ok=False,
        text=f"apiVersion: elbv2.k8s.aws/v1beta1\nkind: TargetGroupBinding\nmetadata: {{name: c, namespace: {namespace.name}}}\nspec: {{targetGroupARN: arn}}\n")
    assert refused == "" and cluster.get("targetgroupbindings", namespace.name, "c") is None


def test_what_is_not_printed_is_not_allowed(cluster, namespace):
    """`kubectl auth can-i` says what the account may; each verb that is printed, and none beside."""
    limited(cluster, "dns-only", "--controllers=dns", "--source=service", "--cluster-name", CLUSTER)
    may = lambda verb, kind: cluster.kubectl(
        "auth", "can-i", verb, kind, "-A", "--as", f"system:serviceaccount:{NAMESPACE}:dns-only", ok=False).strip() == "yes"
    allowed = {(verb, kind) for verb in ("get", "list", "watch", "create", "update", "patch", "delete") for kind in
               ("services", "ingresses", "pods", "events", "targetgroupbindings.elbv2.k8s.aws", "secrets") if may(verb, kind)}
    assert allowed == {("get", "services"), ("list", "services"), ("watch", "services"), ("create", "events"), ("patch", "events")}
