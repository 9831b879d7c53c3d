"""Certificates: requested, imported, listed, described."""

import datetime
import functools

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from . import scenario, tags

NOTHING = "arn:aws:acm:us-west-2:000000000000:certificate/00000000-0000-0000-0000-000000000000"


@functools.cache
def pem(name):
    """A self-signed certificate and its key; made once, so that both accounts get the same."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    certificate = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name), x509.DNSName(f"www.{name}")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoded = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), encoded


def imported(aws, name, **more):
    certificate, key = pem(name)
    return aws("acm.ImportCertificate", Certificate=certificate, PrivateKey=key, **more)["CertificateArn"]


@scenario
def imports(aws):
    made = imported(aws, "shop.example.com", Tags=tags(stack="shop"))
    aws("acm.DescribeCertificate", CertificateArn=made)
    aws("acm.ListCertificates", CertificateStatuses=["ISSUED"])
    aws("acm.ListCertificates", Includes={"keyTypes": ["RSA_2048", "EC_prime256v1"]})
    aws("acm.ListCertificates", Includes={"keyTypes": ["EC_prime256v1"]})
    aws("acm.ListTagsForCertificate", CertificateArn=made)
    certificate, key = pem("blog.example.com")
    aws("acm.ImportCertificate", CertificateArn=made, Certificate=certificate, PrivateKey=key)
    aws("acm.GetCertificate", CertificateArn=made)
    aws("acm.ImportCertificate", CertificateArn=NOTHING, Certificate=certificate, PrivateKey=key)
    aws("acm.ImportCertificate", Certificate=b"no certificate", PrivateKey=key)
    aws("acm.DeleteCertificate", CertificateArn=made)
    aws("acm.DescribeCertificate", CertificateArn=made)


@scenario
def requests(aws):
    made = aws(
        "acm.RequestCertificate", DomainName="shop.example.com", ValidationMethod="DNS",
        SubjectAlternativeNames=["www.shop.example.com"], IdempotencyToken="once", Tags=tags(stack="shop"),
    )["CertificateArn"]
    again = aws(
        "acm.RequestCertificate", DomainName="shop.example.com", ValidationMethod="DNS",
        SubjectAlternativeNames=["www.shop.example.com"], IdempotencyToken="once", Tags=tags(stack="shop"),
    )["CertificateArn"]
    assert made == again
    aws("acm.ListCertificates", CertificateStatuses=["PENDING_VALIDATION"])
    aws("acm.DescribeCertificate", CertificateArn=made)
    aws("acm.GetCertificate", CertificateArn=made)
    aws("acm.AddTagsToCertificate", CertificateArn=made, Tags=tags(owner="battery"))
    aws("acm.RemoveTagsFromCertificate", CertificateArn=made, Tags=[{"Key": "stack"}])
    aws("acm.ListTagsForCertificate", CertificateArn=made)
    aws("acm.DeleteCertificate", CertificateArn=made)
    aws("acm.ListCertificates")


@scenario
def absent(aws):
    aws("acm.DescribeCertificate", CertificateArn=NOTHING)
    aws("acm.GetCertificate", CertificateArn=NOTHING)
    aws("acm.DeleteCertificate", CertificateArn=NOTHING)
    aws("acm.ListTagsForCertificate", CertificateArn=NOTHING)
    aws("acm.AddTagsToCertificate", CertificateArn=NOTHING, Tags=tags(a="1"))
    aws("acm.DescribeCertificate", CertificateArn="arn:aws:acm:us-west-2:000000000000:no/certificate")
    aws("acm.RequestCertificate", DomainName="not a name")
    aws("acm.RequestCertificate", DomainName="shop.example.com", SubjectAlternativeNames=[f"n{n}.example.com" for n in range(101)])


@scenario
def pages(aws):
    for n in range(3):
        imported(aws, f"page{n}.example.com")
    seen, token = 0, {}
    for _ in range(9):
        page = aws("acm.ListCertificates", MaxItems=2, **token)
        seen += len(page["CertificateSummaryList"])
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert seen == 3, seen
