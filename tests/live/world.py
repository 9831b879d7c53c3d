"""What runs in the cluster, made by hand: nodes, pods, EndpointSlices. Manifests are those of tests/e2e."""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from manifests import documents, ingress, service  # noqa: E402

ALB = "alb.ingress.kubernetes.io/"
CLASS = "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: alb}\nspec: {controller: ingress.k8s.aws/alb}\n"


def suffix(key):
    """Python's `group__name` is the annotation's `group.name`, `listen_ports` its `listen-ports`."""
    return key.replace("__", ".").replace("_", "-")


def web(namespace, rules=None, name="web", services=("a",), kind="ClusterIP", spec="", **notes):
    """An Ingress with its Services, as a user writes them."""
    keys = {ALB + suffix(key): value for key, value in {"scheme": "internet-facing", **notes}.items()}
    rules = rules or [(f"{namespace}.example.com", "/", "Prefix", services[0], 80)]
    return documents(
        *(service(s, namespace=namespace, kind=kind) for s in services),
        ingress(name, rules, namespace=namespace, annotations=keys, spec=spec))


def node(name, instance, zone, address):
    return {
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone}},
        "spec": {"providerID": f"aws:///{zone}/{instance}"},
        "status": {
            "addresses": [{"type": "InternalIP", "address": address}],
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}]}}


def pod(namespace, name, address):
    node_name = f"node-{'abc'[int(address.split('.')[2])]}"
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace, "labels": {"app": "pool"}},
        "spec": {"nodeName": node_name, "containers": [{"name": "c", "image": "x", "ports": [{"containerPort": 8080}]}]},
        "status": {
            "phase": "Running", "podIP": address, "podIPs": [{"ip": address}],
            "conditions": [{"type": t, "status": "True"} for t in ("Ready", "ContainersReady", "PodScheduled")]}}


def endpoints(namespace, service, addresses, port=8080):
    ready = {"ready": True, "serving": True, "terminating": False}
    return {
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": f"{service}-1", "namespace": namespace, "labels": {"kubernetes.io/service-name": service}},
        "ports": [{"name": "", "port": port, "protocol": "TCP"}],
        "endpoints": [
            {"addresses": [a], "conditions": ready, "nodeName": f"node-{'abc'[int(a.split('.')[2])]}",
             "targetRef": {"kind": "Pod", "name": f"pod-{a.replace('.', '-')}", "namespace": namespace}}
            for a in addresses]}


class Namespace:
    """A namespace of a fresh name. It is never deleted: nobody in the cluster finishes that."""

    made = 0

    def __init__(self, cluster):
        Namespace.made += 1
        self.cluster, self.name = cluster, f"n{Namespace.made}"
        cluster.ask("POST", cluster.path("namespaces"), {"metadata": {"name": self.name}})

    def serve(self, service, addresses):
        """These pods are behind the Service from now on."""
        for address in addresses:
            made = pod(self.name, f"pod-{address.replace('.', '-')}", address)
            if not self.cluster.get("pods", self.name, made["metadata"]["name"]):
                self.cluster.create("pods", made, self.name)
        slice = endpoints(self.name, service, addresses)
        if self.cluster.get("endpointslices", self.name, slice["metadata"]["name"]):
            self.cluster.patch("endpointslices", self.name, slice["metadata"]["name"], {"endpoints": slice["endpoints"]})
        else:
            self.cluster.create("endpointslices", slice, self.name)

    def ingress(self, name="web"):
        return self.cluster.get("ingresses", self.name, name)

    def hostname(self, name="web"):
        """What the status says, or None."""
        found = (self.ingress(name) or {}).get("status", {}).get("loadBalancer", {}).get("ingress") or [{}]
        return found[0].get("hostname")

    def bindings(self):
        return self.cluster.list("targetgroupbindings", self.name)

    def events(self, name="web"):
        """[(type, reason)] of an object."""
        return [
            (e["type"], e["reason"]) for e in self.cluster.list("events", self.name) if e["involvedObject"]["name"] == name]

    def delete(self, name="web"):
        self.cluster.kubectl("delete", "ingress", name, "-n", self.name, "--wait=false")

    def touch(self, name="web", **notes):
        self.cluster.patch("ingresses", self.name, name, {"metadata": {"annotations": {
            (key if "/" in key else ALB + suffix(key)): value for key, value in notes.items()}}})
