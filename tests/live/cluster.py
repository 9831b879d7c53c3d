"""A real API server on a free loopback port: kubectl for what a user does, plain requests for quick looks."""

import base64
import datetime
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

import pytest
import requests
import yaml

from waiting import PATIENCE, until

GROUPS = {
    "ingresses": "apis/networking.k8s.io/v1", "ingressclasses": "apis/networking.k8s.io/v1",
    "endpointslices": "apis/discovery.k8s.io/v1", "leases": "apis/coordination.k8s.io/v1",
    "targetgroupbindings": "apis/elbv2.k8s.aws/v1beta1", "ingressclassparams": "apis/elbv2.k8s.aws/v1beta1",
}
# In the order in which they are made: what others name comes before them.
KINDS = {
    "IngressClass": "ingressclasses", "IngressClassParams": "ingressclassparams", "Node": "nodes", "Secret": "secrets", "Pod": "pods",
    "Service": "services", "EndpointSlice": "endpointslices", "Ingress": "ingresses", "TargetGroupBinding": "targetgroupbindings"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    """One cluster. `restart` is a crash: same address, same data, no watch survives."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.kubeconfig = self.folder / "kubeconfig"
        self.port = free_port()
        self.processes = []
        self.start()
        self.session = self.admin()

    def start(self):
        if assets := os.environ.get("KUBEBUILDER_ASSETS"):
            self.start_binaries(pathlib.Path(assets))
        else:
            program = os.environ.get("TESTCLUSTER") or pytest.exit(
                "TESTCLUSTER is not set: `cargo xtask test --only live` finds or builds it", returncode=3)
            self.kubeconfig.unlink(missing_ok=True)
            self.spawn("testcluster", [program, "--dir", self.folder, "--kubeconfig", self.kubeconfig, "--port", self.port])
            until(self.kubeconfig.exists, self.log, 180)

    def start_binaries(self, assets):
        """The two programs of a setup-envtest folder. The server signs its own certificate; a token is the admin."""
        store, peer = free_port(), free_port()
        self.spawn("etcd", [
            assets / "etcd", "--data-dir", self.folder / "etcd", "--unsafe-no-fsync", "--log-level", "error",
            "--listen-client-urls", f"http://127.0.0.1:{store}", "--advertise-client-urls", f"http://127.0.0.1:{store}",
            "--listen-peer-urls", f"http://127.0.0.1:{peer}"])
        tokens, key = self.folder / "tokens.csv", self.folder / "tokens.key"
        if not key.exists():
            tokens.write_text('admin-token,admin,admin,"system:masters"\n')
            subprocess.run(["openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", key], check=True)
        self.spawn("kube-apiserver", [
            assets / "kube-apiserver", f"--etcd-servers=http://127.0.0.1:{store}", "--bind-address=127.0.0.1",
            f"--secure-port={self.port}", "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
            "--service-cluster-ip-range=10.0.0.0/16", f"--cert-dir={self.folder}", f"--token-auth-file={tokens}",
            "--service-account-issuer=https://kubernetes.default.svc", f"--service-account-signing-key-file={key}",
            f"--service-account-key-file={key}", "--authorization-mode=RBAC",
            "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition"])
        authority = self.folder / "apiserver.crt"
        until(authority.exists, self.log, 180)
        url = f"https://127.0.0.1:{self.port}"
        ready = lambda: self.answers(f"{url}/readyz", authority)
        until(ready, self.log, 180)
        encoded = base64.b64encode(authority.read_bytes()).decode()
        self.kubeconfig.write_text(yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "admin"}}],
            "clusters": [{"name": "c", "cluster": {"server": url, "certificate-authority-data": encoded}}],
            "users": [{"name": "admin", "user": {"token": "admin-token"}}]}))

    @staticmethod
    def answers(url, authority):
        try:
            return requests.get(url, verify=authority, headers={"authorization": "Bearer admin-token"}, timeout=5).ok
        except requests.RequestException:
            return False

    def spawn(self, name, command):
        output = open(self.folder / f"{name}.log", "ab")
        self.processes.append(subprocess.Popen([str(c) for c in command], stdout=output, stderr=output))

    def log(self):
        return "".join(path.read_text()[-2000:] for path in self.folder.glob("*.log"))

    def admin(self):
        config = yaml.safe_load(self.kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.url = cluster["server"]
        session = requests.Session()
        # Else an operator's CA bundle in the environment would take the place of the cluster's own.
        session.trust_env = False
        (self.folder / "admin-ca.crt").write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
        session.verify = str(self.folder / "admin-ca.crt")
        if "token" in user:
            session.headers["authorization"] = f"Bearer {user['token']}"
        else:
            (self.folder / "admin.pem").write_bytes(
                base64.b64decode(user["client-certificate-data"]) + base64.b64decode(user["client-key-data"]))
            session.cert = str(self.folder / "admin.pem")
        return session

    def stop(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGKILL)
            process.wait()
        self.processes = []

    def restart(self, pause=0):
        self.stop()
        time.sleep(pause)
        self.start()

    # What a user does.

    def kubectl(self, *args, text=None, ok=True):
        program = os.environ.get("KUBECTL") or shutil.which("kubectl") or pytest.exit("KUBECTL is not set", returncode=3)
        out = subprocess.run(
            [program, "--kubeconfig", str(self.kubeconfig), "--cache-dir", str(self.folder / "cache"), *map(str, args)],
            input=text, capture_output=True, text=True, timeout=PATIENCE)
        assert not ok or out.returncode == 0, out.stderr
        return out.stdout

    def apply(self, text):
        """Declares the manifests as a user does. An object that changes nothing is no write."""
        return self.kubectl("apply", "--validate=false", "-f", "-", text=text)

    # Quick looks and what controllers would have made.

    def path(self, kind, namespace=None, name=None, sub=None):
        steps = [GROUPS.get(kind, "api/v1"), *(["namespaces", namespace] if namespace else []), kind, name, sub]
        return "/".join([self.url, *(s for s in steps if s)])

    def ask(self, method, path, body=None, kind="application/json", ok=True):
        send = lambda: self.session.request(
            method, path, data=None if body is None else json.dumps(body), headers={"content-type": kind}, timeout=30)
        answer = send()
        # "Storage is (re)initializing": a kind that was just made, a server that was just started.
        while answer.status_code == 429:
            time.sleep(0.1)
            answer = send()
        if ok:
            assert answer.ok, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.ok else None

    def get(self, kind, namespace, name):
        """None: there is none."""
        return self.ask("GET", self.path(kind, namespace, name), ok=False)

    def list(self, kind, namespace=None):
        return self.ask("GET", self.path(kind, namespace))["items"]

    def create(self, kind, object, namespace=None):
        """Makes it or puts it in the place of what is there, with its status."""
        name = object["metadata"]["name"]
        self.ask("DELETE", self.path(kind, namespace, name), {"gracePeriodSeconds": 0}, ok=False)
        made = self.ask("POST", self.path(kind, namespace), object)
        if "status" in object:
            self.ask("PATCH", self.path(kind, namespace, name, "status"), {"status": object["status"]}, "application/merge-patch+json")
        return made

    def restore(self, recorded, settled=True):
        """What a recording holds of the kinds above, but for the API server's own Service; unless settled, without what controllers reported."""
        objects = [o for o in yaml.safe_load_all(recorded) if o["kind"] in KINDS and o["metadata"]["name"] != "kubernetes"]
        for object in sorted(objects, key=lambda o: list(KINDS).index(o["kind"])):
            object["metadata"].pop("resourceVersion", None)
            if not settled:
                object.get("status", {}).pop("loadBalancer", None)
            self.create(KINDS[object["kind"]], object, object["metadata"].get("namespace"))

    def patch(self, kind, namespace, name, body, sub=None, ok=True):
        return self.ask("PATCH", self.path(kind, namespace, name, sub), body, "application/merge-patch+json", ok)

    def sweep(self):
        """Takes away what a test left, finalizers or not: no controller of the cluster's own would."""
        for kind in ("ingresses", "targetgroupbindings", "services", "endpointslices", "pods", "leases", "events"):
            for item in self.list(kind):
                meta = item["metadata"]
                if meta["name"] == "kubernetes" or meta["namespace"] == "kube-node-lease" or "apiserver-" in meta["name"]:
                    continue
                if meta.get("finalizers"):
                    self.patch(kind, meta["namespace"], meta["name"], {"metadata": {"finalizers": None}}, ok=False)
                self.ask("DELETE", self.path(kind, meta["namespace"], meta["name"]), {"gracePeriodSeconds": 0}, ok=False)
        for kind in ("nodes", "ingressclasses", "ingressclassparams"):
            self.ask("DELETE", self.path(kind))


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
