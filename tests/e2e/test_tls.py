"""HTTPS listeners seen by clients: which certificate is shown for which name, and who is let in."""

import json
import subprocess

import pytest
from manifests import documents, ingress, service
from test_traffic import certificate

ALB = "alb.ingress.kubernetes.io/"
ARN = "arn:aws:acm:us-west-2:000000000000:certificate/00000000-0000-4000-8000-00000000000{}"
STORE = "arn:aws:elasticloadbalancing:us-west-2:000000000000:truststore/staff/0123456789abcdef"
HTTPS = '[{"HTTPS": 443}]'


def member(name, hosts, order=1, **notes):
    keys = {ALB + "listen-ports": HTTPS, ALB + "group.name": "shop", ALB + "group.order": str(order)}
    keys |= {ALB + key.replace("_", "-"): value for key, value in notes.items()}
    return documents(service("a"), ingress(name, [(host, "/", "Prefix", "a", 80) for host in hosts], annotations=keys))


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


@pytest.fixture(scope="module")
def identities(tmp_path_factory):
    """A certificate authority of ours and one of strangers, each with somebody that it vouches for."""
    at = tmp_path_factory.mktemp("identities")
    for authority, person in (("ours", "ada"), ("theirs", "eve")):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
                "-subj", f"/O=Shop/CN={authority}", "-keyout", at / f"{authority}.key", "-out", at / f"{authority}.pem")
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-subj", f"/O=Shop/CN={person}", "-keyout", at / f"{person}.key", "-out", at / f"{person}.csr")
        (at / "v3").write_text("extendedKeyUsage=clientAuth\n")
        openssl("x509", "-req", "-in", at / f"{person}.csr", "-CA", at / f"{authority}.pem", "-CAkey", at / f"{authority}.key",
                "-CAcreateserial", "-days", "30", "-extfile", at / "v3", "-out", at / f"{person}.pem")
    return at


@pytest.fixture
def trusting(local, folder, identities, tmp_path):
    """`local` in an account whose trust store `staff` holds our authority."""
    state = tmp_path / "state.json"
    store = {"Name": "staff", "TrustStoreArn": STORE, "Status": "ACTIVE",
             "CaCertificatesBundle": (identities / "ours.pem").read_text()}
    state.write_text(json.dumps({"TrustStores": [store]}))
    return lambda: local(folder, "--state", state)


def mutual(mode, **more):
    return json.dumps([{"port": 443, "mode": mode, **more}])


def knock(edge, url, *flags):
    """The echo's headers, or None where TLS does not let the client in."""
    try:
        return edge.echo(url, *flags)["headers"]
    except AssertionError as refused:
        # What curl says of a handshake that fails, at once or (TLS 1.3) with the first answer.
        assert any(f"({code}," in str(refused) for code in (16, 35, 55, 56, 92, 98)), refused
        return None


def test_the_certificate_follows_the_server_name(local, folder):
    (folder / "given.yaml").write_text(member(
        "given", ("one.example.com",), 1, certificate_arn=f"{ARN.format(1)},{ARN.format(2)}"))
    (folder / "found.yaml").write_text(member("found", ("*.example.com", "two.example.com"), 2))
    edge = local(folder)
    shown = {host: certificate(edge, host)[1] for host in ("one.example.com", "two.example.com", "any.example.com")}
    assert b"two.example.com" in shown["two.example.com"] and b"*.example.com" not in shown["two.example.com"]
    assert b"*.example.com" in shown["any.example.com"], "one label behind a wildcard"
    assert b"one.example.com" in shown["one.example.com"]
    [listener] = [it for it in edge.state()["listeners"].values() if it["Port"] == 443]
    assert listener["Certificates"][0]["CertificateArn"] == ARN.format(1), "the first of the first member"
    found = edge.client("elbv2").describe_listener_certificates(ListenerArn=listener["ListenerArn"])["Certificates"]
    arns = {it["CertificateArn"] for it in found}
    assert {ARN.format(1), ARN.format(2)} < arns and len(arns) == 4, "all of all members are in the list"

    # Another order of members, another default: that of whose certificates are found.
    edge.save({"found.yaml": member("found", ("*.example.com", "two.example.com"), 0)})
    [listener] = [it for it in edge.state()["listeners"].values() if it["Port"] == 443]
    assert listener["Certificates"][0]["CertificateArn"] not in (ARN.format(1), ARN.format(2))


def test_verification_lets_in_whom_the_trust_store_vouches_for(trusting, folder, identities):
    who = lambda name: ("--cert", identities / f"{name}.pem", "--key", identities / f"{name}.key")
    url = "https://one.example.com/"
    (folder / "web.yaml").write_text(member("web", ("one.example.com",), mutual_authentication=mutual("verify", trustStore="staff")))
    edge = trusting()
    [listener] = edge.state()["listeners"].values()
    assert listener["MutualAuthentication"]["Mode"] == "verify"
    assert listener["MutualAuthentication"]["TrustStoreArn"] == STORE
    for flags in ((), ("--http1.1",), ("--tls-max", "1.2")):
        assert knock(edge, url, *flags) is None, "nobody comes in without a certificate"
        assert knock(edge, url, *flags, *who("eve")) is None, "nor with somebody else's"
        headers = knock(edge, url, *flags, *who("ada"))
        assert headers["x-amzn-mtls-clientcert-subject"] == "CN=ada,O=Shop"
        assert headers["x-amzn-mtls-clientcert-issuer"] == "CN=ours,O=Shop"
        assert headers["x-amzn-mtls-clientcert-leaf"].startswith("-----BEGIN%20CERTIFICATE-----%0A")

    edge.save({"web.yaml": member("web", ("one.example.com",), mutual_authentication=mutual("passthrough"))})
    assert knock(edge, url) is not None
    headers = knock(edge, url, *who("eve"))
    assert headers["x-amzn-mtls-clientcert"].startswith("-----BEGIN%20CERTIFICATE-----%0A")
    assert "x-amzn-mtls-clientcert-subject" not in headers

    # Nobody says it any more: it stays as it is. A word that cannot be read changes nothing either.
    edge.save({"web.yaml": member("web", ("one.example.com",))})
    assert "x-amzn-mtls-clientcert" in knock(edge, url, *who("eve"))
    edge.save({"web.yaml": member("web", ("one.example.com",), mutual_authentication=mutual("verify"))})
    assert "x-amzn-mtls-clientcert" in knock(edge, url, *who("eve"))
    assert "LB0001" in edge.text()
    edge.save({"web.yaml": member("web", ("one.example.com",), mutual_authentication=mutual("off"))})
    assert "x-amzn-mtls-clientcert" not in knock(edge, url, *who("eve"))
