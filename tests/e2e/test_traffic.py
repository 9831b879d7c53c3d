"""What goes through the load balancer, seen from both ends."""

import base64
import json
import os
import socket
import ssl
import threading

import pytest
from conftest import until
from manifests import documents, ingress, service
from servers import backend, told

ALB = "alb.ingress.kubernetes.io/"
ARN = "arn:aws:acm:us-west-2:000000000000:certificate/00000000-0000-4000-8000-00000000000{}"
HTTPS = '[{"HTTP": 80}, {"HTTPS": 443}]'


def web(hosts=("one.example.com",), name="web", **notes):
    keys = {ALB + key.replace("_", "-"): value for key, value in notes.items()}
    return documents(service("a"), ingress(name, [(host, "/", "Prefix", "a", 80) for host in hosts], annotations=keys))


@pytest.fixture
def served(local, folder):
    def start(port, **notes):
        (folder / "web.yaml").write_text(web(**notes))
        return local(folder, "--backend", f"default/a=127.0.0.1:{port}")

    return start


def certificate(edge, name, port=443):
    """The names on the certificate that is shown for a server name."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(edge.address(name.replace("*", "any"), port), 10) as raw:
        with context.wrap_socket(raw, server_hostname=name) as tls:
            der = tls.getpeercert(binary_form=True)
    return {part for part in der.split(b"\x82") if part and part[1:].startswith(name.encode())}, der


def test_each_name_gets_its_certificate(local, folder):
    hosts = ("one.example.com", "two.example.com")
    (folder / "web.yaml").write_text(web(hosts, listen_ports=HTTPS))
    (folder / "given.yaml").write_text(web(
        ("three.example.com",), "given", listen_ports=HTTPS, certificate_arn=f"{ARN.format(1)},{ARN.format(2)}"))
    edge = local(folder)
    shown = {host: certificate(edge, host) for host in (*hosts, "three.example.com")}
    for host, (names, _) in shown.items():
        assert names, f"the certificate for {host} does not name it"
    assert shown[hosts[0]][1] != shown[hosts[1]][1]
    for listener, of in edge.state()["listeners"].items():
        if of["Port"] == 443:
            found = edge.client("elbv2").describe_listener_certificates(ListenerArn=listener)["Certificates"]
            assert len({c["CertificateArn"] for c in found}) == 2, found
    for url in ("https://one.example.com/x", "https://two.example.com/x"):
        status, version = edge.curl(url, "--http2", "-o", "/dev/null", "-w", "%{http_version}\n%{http_code}")
        assert (status, version) == (200, "2"), url
        assert edge.echo(url, "--http1.1")["path"] == "/x"


def test_headers_and_bodies(served):
    with backend() as port:
        edge = served(port, listen_ports=HTTPS)
        seen = lambda url, *flags: json.loads(edge.curl(url, *flags)[1])
        for url, scheme, number in [("http://one.example.com/a%20b?c=d", "http", "80"), ("https://one.example.com/", "https", "443")]:
            headers = seen(url)["headers"]
            assert (headers["x-forwarded-proto"], headers["x-forwarded-port"]) == (scheme, number)
            assert headers["x-forwarded-for"].startswith("127.") and headers["host"] == "one.example.com"
            assert headers["x-amzn-trace-id"].startswith("Root=1-")
        headers = seen("http://one.example.com/", "-H", "X-Forwarded-For: 192.0.2.7")["headers"]
        assert headers["x-forwarded-for"].split(", ")[0] == "192.0.2.7" and "127." in headers["x-forwarded-for"]
        assert seen("http://one.example.com/a%20b?c=d&e=%2F")["path"] == "/a%20b?c=d&e=%2F"
        body = os.urandom(5_000_000)
        post = lambda *flags: seen("https://one.example.com/up", "--data-binary", f"@{upload}", *flags)
        upload = edge.scratch / "upload"
        upload.write_bytes(body)
        for flags in ((), ("--http1.1",), ("--http1.1", "-H", "Transfer-Encoding: chunked")):
            got = post(*flags)
            assert (got["method"], got["length"], got["sum"]) == ("POST", len(body), sum(body)), flags
        assert edge.curl("http://one.example.com/", "-I")[0] == 200
        assert len(seen("http://one.example.com/", "-H", "X-Large: " + "x" * 12_000)["headers"]["x-large"]) == 12_000
        status, _ = edge.curl("http://one.example.com/", "-H", "Connection: x-hop", "-H", "x-hop: 1", "-X", "PUT")
        assert status == 200


def test_a_websocket_goes_through(served):
    """A handshake by hand, then bytes both ways."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                head = b""
                while b"\r\n\r\n" not in head and (part := client.recv(4096)):
                    head += part
                if b"upgrade: websocket" not in head.lower():
                    client.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                    continue
                client.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
                while part := client.recv(4096):
                    client.sendall(part.upper())

    threading.Thread(target=answer, daemon=True).start()
    try:
        edge = served(listener.getsockname()[1])
        with socket.create_connection(edge.address("one.example.com", 80), 10) as client:
            key = base64.b64encode(b"0123456789abcdef").decode()
            client.sendall(
                "GET /ws HTTP/1.1\r\nHost: one.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
            head = client.recv(4096)
            assert head.startswith(b"HTTP/1.1 101 "), head
            for word in (b"hello", b"again"):
                client.sendall(word)
                assert client.recv(4096) == word.upper()
    finally:
        listener.close()


def test_a_backend_that_dies_and_one_that_is_slow(served):
    release = threading.Event()

    def slow(handler, body):
        if handler.path == "/slow":
            release.wait(20)
        return told(handler, body)

    with backend(slow) as port:
        edge = served(port, load_balancer_attributes="idle_timeout.timeout_seconds=1",
                      healthcheck_interval_seconds="300", healthcheck_timeout_seconds="2")
        assert edge.curl("http://one.example.com/")[0] == 200
        assert edge.curl("http://one.example.com/slow")[0] == 504
        release.set()
        assert edge.curl("http://one.example.com/slow")[0] == 200
    assert edge.curl("http://one.example.com/")[0] == 502, "nobody listens there any more"


def test_health_decides_who_gets_traffic(local, folder):
    """Two Services in one rule set; one of them falls ill and gets well."""
    ill = threading.Event()

    def sickly(handler, body):
        return (500, "ill") if ill.is_set() and handler.path == "/health" else told(handler, body)

    with backend(sickly) as port:
        (folder / "web.yaml").write_text(web(
            healthcheck_path="/health", healthcheck_interval_seconds="5", healthcheck_timeout_seconds="2",
            healthy_threshold_count="2", unhealthy_threshold_count="2"))
        edge = local(folder, "--backend", f"default/a=127.0.0.1:{port}")
        [group] = edge.state()["groups"]
        health = lambda: edge.client("elbv2").describe_target_health(
            TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
        assert {t["TargetHealth"]["State"] for t in health()} == {"healthy"}
        ill.set()
        [sick] = until(lambda: [t["TargetHealth"] for t in health() if t["TargetHealth"]["State"] == "unhealthy"][:1])
        assert sick["Reason"] == "Target.ResponseCodeMismatch" and "500" in sick["Description"]
        # All are unhealthy: a load balancer then sends to all of them.
        assert edge.curl("http://one.example.com/")[0] == 200
        ill.clear()
        until(lambda: {t["TargetHealth"]["State"] for t in health()} == {"healthy"})
        # Another success code: the same answers now count as failures.
        edge.save({"web.yaml": web(
            healthcheck_path="/health", healthcheck_interval_seconds="5", healthcheck_timeout_seconds="2",
            healthy_threshold_count="2", unhealthy_threshold_count="2", success_codes="204")})
        until(lambda: {t["TargetHealth"]["State"] for t in health()} == {"unhealthy"})
