"""What a person at a terminal meets: colours, signals, ports, and lines to copy."""

import json
import os
import pty
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest
from conftest import BINARY, PATIENCE, ROOT, run, until
from manifests import documents, ingress, service

WEB = documents(service("a"), ingress("web", [("one.example.com", "/", "Prefix", "a", 80)]))
LISTEN = ["--aws-listen", "127.0.0.1:0", "--dns-listen", "127.0.0.1:0"]


def at_a_terminal(*args, **env):
    """What it writes where both outputs are a terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen([str(BINARY), *map(str, args)], stdin=slave, stdout=slave, stderr=slave,
                               env={**os.environ, "TERM": "xterm-256color", **env})
    os.close(slave)
    seen = b""
    while True:
        try:
            if not select.select([master], [], [], PATIENCE)[0]:
                break
            part = os.read(master, 65536)
        except OSError:
            part = b""
        if not part:
            break
        seen += part
    os.close(master)
    return process.wait(PATIENCE), seen.decode()


def test_colour_is_for_terminals(folder):
    (folder / "web.yaml").write_text(WEB.replace("target-type: 'ip'", "target-type: 'pod'"))
    for args in (["plan", folder], ["local", folder, "--once", *LISTEN]):
        _, shown = at_a_terminal(*args)
        assert "\x1b[" in shown and "error[" in shown, args
        _, plain = at_a_terminal(*args, NO_COLOR="1")
        assert "\x1b[" not in plain and "error[" in plain, args
        piped = run(*args)
        assert "\x1b[" not in piped.stdout + piped.stderr
    assert "\x1b[" not in at_a_terminal("plan", folder, "-o", "json")[1].split("error[")[0].rsplit("}", 1)[0]


@pytest.mark.parametrize("args", [["plan"], ["plan", "-o", "json"], ["explain", "ingress/shop/web"], ["local", "--once", *LISTEN]])
def test_a_reader_that_goes_away(args):
    """`inroad plan DIR | head -1` is no crash."""
    read, write = os.pipe()
    os.close(read)
    process = subprocess.Popen([str(BINARY), *args, str(ROOT / "examples/shop")], stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    _, stderr = process.communicate(timeout=PATIENCE)
    assert "panicked" not in stderr, stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("sign", [None, "is the cluster", "applied foundation", "applied stack", "watching"])
def test_a_signal_ends_it_in_every_phase(folder, tmp_path, number, sign):
    for n in range(12):
        (folder / f"web{n}.yaml").write_text(WEB.replace("one.", f"h{n}.").replace("name: a,", f"name: a{n},").replace(
            "name: web", f"name: web{n}").replace("name: a}", f"name: a{n}}}"))
    out = tmp_path / "out"
    with open(out, "w") as file:
        process = subprocess.Popen([str(BINARY), "local", str(folder), *LISTEN], stdout=file, stderr=file)
    try:
        # Signal handlers are there as soon as anything is said; before that the default of Unix holds.
        until(lambda: (sign or "") in out.read_text() and (sign is not None or out.read_text() != ""))
        start = time.monotonic()
        process.send_signal(number)
        code = process.wait(15)
    finally:
        if process.poll() is None:
            process.kill()
    assert code == 0 and time.monotonic() - start < 10, (code, out.read_text())
    assert "panicked" not in out.read_text()


def test_a_connection_that_stays_open_does_not_keep_it(local, folder):
    (folder / "web.yaml").write_text(WEB)
    edge = local(folder)
    with socket.create_connection(edge.address("one.example.com", 80)) as held:
        held.sendall(b"GET / HTTP/1.1\r\nHost: one.example.com\r\n")
        start = time.monotonic()
        edge.process.send_signal(signal.SIGINT)
        assert edge.process.wait(15) == 0
        assert time.monotonic() - start < 10


def test_once_says_by_its_exit_whether_all_is_well(folder):
    assert run("local", folder, "--once", *LISTEN).returncode == 0, "an empty folder is settled"
    (folder / "web.yaml").write_text(WEB)
    assert run("local", folder, "--once", *LISTEN).returncode == 0


def printed(text):
    lines = [line.strip() for line in text.splitlines()]
    return [l for l in lines if l.startswith("curl ")], [l for l in lines if l.startswith("dig ")]


def all_work(text):
    curls, digs = printed(text)
    assert curls and digs, text
    for line in curls:
        out = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=PATIENCE)
        assert out.returncode == 0 and out.stdout.startswith("{"), (line, out)
        assert json.loads(out.stdout)["service"], (line, out)
    for line in digs:
        out = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=PATIENCE)
        assert out.returncode == 0 and out.stdout.startswith("127."), (line, out)


STRANGE = documents(service("a"), ingress("strange", [
    ("*.wild.example.com", "/", "Prefix", "a", 80), ("q.example.com", "/it's", "Exact", "a", 80),
    ("g.example.com", "/a[b]{c}", "Exact", "a", 80), ("s.example.com", "/$HOME&x~@:+.", "Exact", "a", 80),
    ("i.example.com", "/x/*/y?", "ImplementationSpecific", "a", 80),
]), ingress("hostless", [(None, "/only", "Prefix", "a", 80)])).replace("path: /it's", 'path: "/it\'s"').replace(
    "path: /a[b]{c}", 'path: "/a[b]{c}"').replace("path: /$HOME&x~@:+.", 'path: "/$HOME&x~@:+."').replace(
    "path: /x/*/y?", 'path: "/x/*/y?"')


@pytest.mark.parametrize("flags", [[], ["--shared-address"]])
def test_every_printed_line_works_as_it_stands(local, folder, flags):
    (folder / "strange.yaml").write_text(STRANGE)
    text = local(folder, *flags).text()
    all_work(text)
    urls = "".join(printed(text)[0])
    assert "s.example.com" in urls and "q.example.com" in urls
    assert "g.example.com" not in urls, "AWS takes no brackets in a path, so no such rule stands"
    shop = local(ROOT / "examples/shop", *flags)
    all_work(shop.text())


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_a_user_without_rights():
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        os.chmod(place, 0o777)
        binary = shutil.copy(BINARY, f"{place}/inroad")
        os.chmod(binary, 0o755)
        folder = shutil.copytree(ROOT / "examples/quickstart", f"{place}/manifests")
        os.chmod(folder, 0o755)
        out = open(f"{place}/out", "w+")
        process = subprocess.Popen([binary, "local", folder, *LISTEN], stdout=out, stderr=out, user="nobody", cwd=place)
        try:
            text = lambda: open(f"{place}/out").read()
            until(lambda: "watching" in text() or process.poll() is not None)
            all_work(text())
        finally:
            process.terminate()
            assert process.wait(15) == 0


def test_two_at_once_share_the_default_ports(folder, tmp_path):
    (folder / "web.yaml").write_text(WEB)
    running = []
    try:
        for n in range(2):
            out = open(tmp_path / f"out{n}", "w+")
            running.append((subprocess.Popen([str(BINARY), "local", str(folder)], stdout=out, stderr=out), tmp_path / f"out{n}"))
            until(lambda: "watching" in running[n][1].read_text() or running[n][0].poll() is not None)
        texts = [path.read_text() for _, path in running]
        assert "is taken: the AWS API is on" in texts[1] and "is taken: DNS is on" in texts[1], texts[1]
        for text in texts:
            all_work(text)
        addresses = [next(l for l in text.splitlines() if l.startswith("AWS API")) for text in texts]
        assert addresses[0] != addresses[1]
    finally:
        for process, _ in running:
            process.terminate()
            assert process.wait(15) == 0


def test_a_port_that_was_asked_for_and_is_taken(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        out = run("local", folder, "--once", "--aws-listen", f"127.0.0.1:{port}", "--dns-listen", "127.0.0.1:0")
        assert out.returncode == 1 and f"127.0.0.1:{port}" in out.stderr, out


def test_help_names_what_there_is():
    for args in (["--help"], ["local", "--help"], ["plan", "--help"], ["explain", "--help"], ["--version"]):
        out = run(*args)
        assert out.returncode == 0 and out.stdout and not out.stderr
    settings = {"--cluster-name", "--aws-vpc-id", "--txt-owner-id", "--policy", "--domain-filter"}
    for command in ("local", "plan", "explain"):
        assert settings <= set(run(command, "--help").stdout.replace(",", " ").split()), command
