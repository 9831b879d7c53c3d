"""The two accounts that are compared, each a process on a free loopback port, ended by its pid."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
SERVE = TARGET / "debug" / "examples" / "serve"
# The emulator's default account, so that ARNs can be compared as they are.
ACCOUNT = "000000000000"
# Wide: the machine may be busy. Nothing here measures speed.
PATIENCE = 120


class Server:
    """One process that says on its output where it listens."""

    def __init__(self, command, env=None):
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **(env or {})}
        )
        self.seen = []
        self.endpoint = None
        self._listens = threading.Event()
        # Drained to the end: a process whose pipe is full would stand still.
        threading.Thread(target=self._drain, daemon=True).start()
        if not self._listens.wait(PATIENCE) or self.endpoint is None:
            self.close()
            raise RuntimeError(f"{command} does not listen:\n{''.join(self.seen)}")

    def _drain(self):
        for line in self.process.stdout:
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            if self.endpoint is None:
                self.seen.append(line)
            if found and self.endpoint is None:
                self.endpoint = found.group()
                self._listens.set()
        self._listens.set()

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def emulator(*flags):
    """An empty account of the emulator."""
    return Server([str(SERVE), "127.0.0.1:0", *flags])


def moto():
    """moto in the emulator's account; it issues no certificate before the battery ends. Port 0: it says which it got."""
    env = {"MOTO_ACCOUNT_ID": ACCOUNT, "MOTO_ACM_VALIDATION_WAIT": "3600", "PYTHONUNBUFFERED": "1"}
    return Server([str(pathlib.Path(sys.executable).parent / "moto_server"), "-H", "127.0.0.1", "-p", "0"], env)


def empty(server):
    """Takes everything out of moto's account but what a new one has."""
    request = urllib.request.Request(f"{server.endpoint}/moto-api/reset", method="POST")
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        assert answer.status == 200
