"""A ServiceAccount with just what `inroad rbac` prints for some flags, and a kubeconfig that has nothing else."""

import base64
import subprocess

import yaml

from controller import BINARY

NAMESPACE = "inroad"


def printed(*command):
    out = subprocess.run([str(BINARY), *command], capture_output=True, text=True, timeout=60)
    assert out.returncode == 0, out.stderr
    return out.stdout


def limited(cluster, name, *flags):
    """Installs the account `name` in `cluster`; where its kubeconfig is. Its namespace is that of a Pod's client."""
    if not cluster.get("namespaces", None, NAMESPACE):
        cluster.kubectl("create", "namespace", NAMESPACE)
    cluster.kubectl("apply", "-f", "-", text=printed("rbac", "--service-account", name, *flags))
    path = cluster.path("serviceaccounts", NAMESPACE, name, "token")
    token = cluster.ask("POST", path, {"spec": {"expirationSeconds": 86400}})["status"]["token"]
    config = cluster.folder / f"{name}.kubeconfig"
    authority = base64.b64encode(open(cluster.session.verify, "rb").read()).decode()
    config.write_text(yaml.safe_dump({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": name, "namespace": NAMESPACE}}],
        "clusters": [{"name": "c", "cluster": {"server": cluster.url, "certificate-authority-data": authority}}],
        "users": [{"name": name, "user": {"token": token}}]}))
    return config
