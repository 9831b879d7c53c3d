"""A Service of class NLB in a real cluster: what AWS, the zone and the Service itself hold while it is there, and after it."""

from cluster import until
from settle import at, looked, pointed, quiet
from state import canonical, ours

PODS = ["10.1.0.100", "10.1.1.100"]
OFTEN = ("--sync-period=3s", "--interval=3s")
NLB = "service.beta.kubernetes.io/aws-load-balancer-"


def tcp(namespace):
    notes = {NLB + "nlb-target-type": "ip", NLB + "scheme": "internet-facing", "external-dns.kubernetes.io/hostname": "db.example.com"}
    return {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "db", "namespace": namespace, "annotations": notes},
        "spec": {"type": "LoadBalancer", "loadBalancerClass": "service.k8s.aws/nlb", "allocateLoadBalancerNodePorts": False,
                 "ports": [{"port": 5432, "targetPort": 8080}]}}


def only(items):
    [item] = items
    return item


def test_from_apply_to_delete(cluster, account, namespace, run):
    before = canonical(account)
    run(account, *OFTEN).ready()
    read = lambda: cluster.get("services", namespace.name, "db")
    cluster.create("services", tcp(namespace.name), namespace.name)
    namespace.serve("db", PODS)

    def served():
        status = (read() or {}).get("status", {}).get("loadBalancer", {}).get("ingress") or [{}]
        balancers = account.balancers()
        named = balancers and status[0].get("hostname") == balancers[0]["DNSName"].lower()
        return named and pointed(account, "db.example.com", balancers[0]) and account.groups() and all(
            account.targets(group) == at(*PODS) for group in account.groups())

    until(served, lambda: f"{read()} {account.balancers()} {account.records()}")
    balancer, group = only(account.balancers()), only(account.groups())
    assert (balancer["Type"], balancer["Scheme"], group["Protocol"]) == ("network", "internet-facing", "TCP")
    listener = only(account.listeners(balancer))
    assert (listener["Protocol"], listener["Port"]) == ("TCP", 5432)
    assert account.tags(balancer["LoadBalancerArn"])["service.k8s.aws/stack"] == f"{namespace.name}/db"
    assert read()["metadata"]["finalizers"] == ["service.k8s.aws/resources"]
    assert [(p["port"], p["protocol"]) for p in only(read()["status"]["loadBalancer"]["ingress"])["ports"]] == [(5432, "TCP")]
    binding = only(namespace.bindings())
    assert binding["metadata"]["labels"] == {"service.k8s.aws/stack-name": "db", "service.k8s.aws/stack-namespace": namespace.name}
    assert binding["spec"]["targetGroupARN"] == group["TargetGroupArn"]

    quiet(account, 0.5)
    account.reset()
    looked(account, "DescribeListeners", 2)
    assert account.calls(mutating=True) == [], "a check found something to do"

    cluster.kubectl("delete", "service", "db", "-n", namespace.name, "--wait=false")
    until(lambda: read() is None, read)
    until(lambda: ours(account) == [], lambda: ours(account))
    assert canonical(account) == before
