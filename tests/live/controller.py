"""`inroad run`, the built binary, as one process."""

import os
import pathlib
import signal
import subprocess

import pytest
import requests

from account import BUILT, CLUSTER, KEYS, REGION
from cluster import PATIENCE, free_port, until

# Another build of the same, e.g. the one that is released.
BINARY = pathlib.Path(os.environ.get("INROAD_BINARY", BUILT / "inroad"))

ALONE = ["--enable-leader-election=false", "--dns-enable-leader-election=false"]


class Controller:
    """Started at once; `ready` waits for /readyz."""

    def __init__(self, cluster, account, scratch, *flags, env=None, elect=False, owner="live", kubeconfig=None):
        self.log = scratch
        self.health, self.metrics = free_port(), free_port()
        command = [
            BINARY, "run", "--kubeconfig", kubeconfig or cluster.limited, "--cluster-name", CLUSTER, "--aws-region", REGION,
            "--aws-vpc-id", account.vpc, "--source", "ingress", "--source", "service", "--provider", "aws",
            "--registry", "txt", "--txt-owner-id", owner, "--policy", "sync", "--domain-filter", "example.com",
            "--metrics-bind-addr", f"127.0.0.1:{self.metrics}", "--health-probe-bind-addr", f"127.0.0.1:{self.health}",
            "--webhook-bind-port", free_port(), *([] if elect else ALONE), *flags]
        variables = {
            **os.environ, **KEYS, "AWS_ENDPOINT_URL": account.endpoint, "AWS_EC2_METADATA_DISABLED": "true", **(env or {})}
        self.output = open(scratch, "ab")
        self.process = subprocess.Popen(
            [str(c) for c in command], stdout=self.output, stderr=subprocess.STDOUT, env=variables)

    def text(self):
        return self.log.read_text(errors="replace")

    def probe(self, path="readyz"):
        if self.process.poll() is not None:
            pytest.fail(f"it ended with {self.process.returncode}:\n{self.text()[-4000:]}")
        try:
            return requests.get(f"http://127.0.0.1:{self.health}/{path}", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def ready(self):
        until(self.probe, lambda: f"/readyz\n{self.text()[-4000:]}", every=0.02)
        return self

    def scrape(self):
        return requests.get(f"http://127.0.0.1:{self.metrics}/metrics", timeout=10).text

    def kill(self):
        """As a machine that loses power."""
        self.process.kill()
        self.process.wait()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def wake(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        """As Kubernetes stops a pod; gives back the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"SIGTERM did not end it:\n{self.text()[-4000:]}")

    def close(self):
        if self.process.poll() is None:
            self.wake()
            self.kill()
        self.output.close()
        assert "panicked" not in self.text(), self.text()[-6000:]
