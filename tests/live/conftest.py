"""The built `inroad run` against a real API server and an AWS account that nobody in the test knows from inside."""

import pytest

from account import BUILT, Account, emulator, moto
from cluster import Cluster, until
from controller import BINARY, Controller
from rights import limited, printed
from world import CLASS, Namespace, node


@pytest.fixture(scope="session", autouse=True)
def built():
    for program in (BINARY, BUILT / "inroad-proxy", BUILT / "examples" / "serve"):
        if not program.exists():
            pytest.exit(f"{program} is not built", returncode=3)


@pytest.fixture(scope="session")
def session_cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    cluster.apply(printed("crds"))
    crds = f"{cluster.url}/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    established = lambda: all(
        any(c["type"] == "Established" and c["status"] == "True" for c in item.get("status", {}).get("conditions") or [])
        for item in cluster.ask("GET", crds)["items"])
    until(established)
    # Whoever is tested has the rights that an installation gives, and no more.
    cluster.limited = limited(cluster, "live", "--source=ingress", "--source=service")
    yield cluster
    cluster.stop()


@pytest.fixture
def cluster(session_cluster):
    """The cluster, empty but for the class `alb`."""
    session_cluster.apply(CLASS)
    yield session_cluster
    session_cluster.sweep()


@pytest.fixture(scope="session")
def session_moto():
    server = moto()
    yield server
    server.close()


@pytest.fixture
def open_account(request, cluster):
    """Makes an account of a kind, with its network, its nodes in the cluster and its zone."""
    opened = []

    def start(kind):
        if kind == "moto":
            server = request.getfixturevalue("session_moto")
        else:
            server = emulator("--region", "us-east-1")
            opened.append(server)
        account = Account(kind, server)
        opened.append(account)
        if kind == "moto":
            account.http.post(f"{server.said}/moto-api/reset", timeout=60)
        account.seed()
        for name, (instance, zone, address) in account.nodes.items():
            cluster.create("nodes", node(name, instance, zone, address))
        return account

    yield start
    for one in reversed(opened):
        one.close()


@pytest.fixture(params=["emulator", "moto"])
def account(request, open_account):
    return open_account(request.param)


@pytest.fixture
def emulated(open_account):
    """For tests whose matter is not the account."""
    return open_account("emulator")


@pytest.fixture
def namespace(cluster):
    return Namespace(cluster)


@pytest.fixture
def run(cluster, tmp_path):
    """Starts `inroad run`; ends it, by pid, after the test."""
    started = []

    def start(account, *flags, **more):
        started.append(Controller(cluster, account, tmp_path / f"run{len(started)}.txt", *flags, **more))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows what the controller said and which calls it made."""
    outcome = yield
    report = outcome.get_result()
    if report.when != "call" or not report.failed or "tmp_path" not in item.funcargs:
        return
    for log in sorted(item.funcargs["tmp_path"].glob("run*.txt")):
        report.sections.append((log.name, log.read_text(errors="replace")[-6000:]))
    for account in Account.open:
        calls = account.calls()[-60:]
        lines = [f"{c['at_ms']:>8} {c['service']}:{c['operation']} {c['status']} {c['effect'] or ''}" for c in calls]
        report.sections.append(("calls", "\n".join(lines)))
