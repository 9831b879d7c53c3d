//! What a caller of ACM sees, checked against the API's model on the way in and out.

use base64::Engine;
use serde_json::{Value, json};

use crate::{Emulator, Fault, Settings, acm, wire};

const NONE: &str = "arn:aws:acm:us-west-2:000000000000:certificate/none";

/// An account with one issued and one pending certificate.
pub(crate) struct World {
    emulator: Emulator,
    issued: String,
    pending: String,
}

impl World {
    fn new() -> Self {
        let emulator = Emulator::new(Settings::default());
        let names = ["example.com".to_owned()];
        let issued = acm::issue(&mut emulator.account(), "*.example.com", &names);
        let mut world =
            Self { emulator, issued: issued.expect("plain names"), pending: String::new() };
        let input = json!({ "DomainName": "new.example.com", "ValidationMethod": "DNS",
                            "SubjectAlternativeNames": ["*.new.example.com"] });
        let made = world.call("RequestCertificate", &input).expect("a plain request");
        world.pending = made["CertificateArn"].as_str().expect("an ARN").to_owned();
        world
    }

    fn call(&self, operation: &str, input: &Value) -> Result<Value, Fault> {
        wire::checked(&self.emulator, ("acm", operation), input)
    }

    fn ok(&self, operation: &str, input: Value) -> Value {
        let answer = self.call(operation, &input);
        answer.unwrap_or_else(|fault| panic!("{operation} {input}: {fault:?}"))
    }

    fn detail(&self, arn: &str) -> Value {
        self.ok("DescribeCertificate", json!({ "CertificateArn": arn }))["Certificate"].clone()
    }
}

fn tags(count: usize) -> Value {
    (0..count).map(|n| json!({ "Key": format!("k{n}"), "Value": "v" })).collect()
}

fn blob(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}

fn import(world: &World, more: Value) -> Value {
    let account = world.emulator.account();
    let pem = account.acm.certificates[&world.issued].pem.clone().expect("it is issued");
    let mut input = json!({ "Certificate": blob(&pem.certificate),
                            "PrivateKey": blob(&pem.private_key) });
    for (member, value) in more.as_object().into_iter().flatten() {
        input[member] = value.clone();
    }
    input
}

fn names(count: usize) -> Value {
    (0..count).map(|n| json!(format!("n{n}.example.com"))).collect()
}

pub(crate) type Case = (&'static str, &'static str, fn(&World) -> Value);

#[rustfmt::skip]
pub(crate) const CASES: &[Case] = &[
    ("ListCertificates", "ValidationException", |_| json!({ "SortBy": "CREATED_AT" })),
    ("ListCertificates", "InvalidArgsException", |_| json!({ "NextToken": "none" })),
    ("DescribeCertificate", "InvalidArnException", |_| json!({ "CertificateArn": "arn:aws:acm:us-west-2:000000000000:other/none" })),
    ("DescribeCertificate", "ResourceNotFoundException", |_| json!({ "CertificateArn": NONE })),
    ("RequestCertificate", "InvalidParameterException", |_| json!({ "DomainName": format!("{}.example.com", "n".repeat(60)) })),
    ("RequestCertificate", "InvalidArnException", |_| json!({ "DomainName": "a.example.com", "CertificateAuthorityArn": "arn:aws:acm-pca:us-west-2:000000000000:certificate-authority/none" })),
    ("RequestCertificate", "InvalidTagException", |_| json!({ "DomainName": "a.example.com", "Tags": [{ "Key": "aws:k", "Value": "v" }] })),
    ("RequestCertificate", "InvalidDomainValidationOptionsException", |_| json!({ "DomainName": "a.example.com", "DomainValidationOptions": [{ "DomainName": "a.example.com", "ValidationDomain": "example.org" }] })),
    ("RequestCertificate", "LimitExceededException", |_| json!({ "DomainName": "a.example.com", "SubjectAlternativeNames": names(10) })),
    ("ImportCertificate", "InvalidParameterException", |w| import(w, json!({ "Certificate": blob("none") }))),
    ("ImportCertificate", "InvalidTagException", |w| import(w, json!({ "Tags": [{ "Key": "aws:k" }] }))),
    ("ImportCertificate", "InvalidArnException", |w| import(w, json!({ "CertificateArn": "arn:aws:acm:us-west-2:000000000000:other/none" }))),
    ("ImportCertificate", "ResourceNotFoundException", |w| import(w, json!({ "CertificateArn": NONE }))),
    ("ImportCertificate", "LimitExceededException", |w| {
        let mut account = w.emulator.account();
        let one = account.acm.certificates[&w.issued].clone();
        (0..2500).for_each(|n| {
            account.acm.certificates.insert(format!("{NONE}-{n}"), one.clone());
        });
        drop(account);
        import(w, json!({}))
    }),
    ("GetCertificate", "InvalidArnException", |_| json!({ "CertificateArn": "arn:aws:acm:us-west-2:000000000000:other/none" })),
    ("GetCertificate", "RequestInProgressException", |w| json!({ "CertificateArn": w.pending })),
    ("GetCertificate", "ResourceNotFoundException", |_| json!({ "CertificateArn": NONE })),
    ("DeleteCertificate", "ResourceInUseException", |w| {
        used(w);
        json!({ "CertificateArn": w.issued })
    }),
    ("DeleteCertificate", "InvalidArnException", |_| json!({ "CertificateArn": "arn:aws:acm:us-west-2:000000000000:other/none" })),
    ("DeleteCertificate", "ResourceNotFoundException", |_| json!({ "CertificateArn": NONE })),
    ("AddTagsToCertificate", "InvalidParameterException", |w| json!({ "CertificateArn": w.issued, "Tags": [{ "Key": "k" }, { "Key": "k" }] })),
    ("AddTagsToCertificate", "TooManyTagsException", |w| {
        w.ok("AddTagsToCertificate", json!({ "CertificateArn": w.issued, "Tags": tags(50) }));
        json!({ "CertificateArn": w.issued, "Tags": [{ "Key": "more" }] })
    }),
    ("AddTagsToCertificate", "InvalidArnException", |_| json!({ "CertificateArn": "arn:aws:acm:us-west-2:000000000000:other/none", "Tags": tags(1) })),
    ("AddTagsToCertificate", "InvalidTagException", |w| json!({ "CertificateArn": w.issued, "Tags": [{ "Key": "k", "Value": "aws:v" }] })),
    ("AddTagsToCertificate", "ResourceNotFoundException", |_| json!({ "CertificateArn": NONE, "Tags": tags(1) })),
    ("RemoveTagsFromCertificate", "InvalidParameterException", |w| json!({ "CertificateArn": w.issued, "Tags": [{ "Key": "k" }, { "Key": "k" }] })),
    ("RemoveTagsFromCertificate", "InvalidArnException", |_| json!({ "CertificateArn": "arn:aws:acm:us-west-2:000000000000:other/none", "Tags": tags(1) })),
    ("RemoveTagsFromCertificate", "InvalidTagException", |w| json!({ "CertificateArn": w.issued, "Tags": [{ "Key": "aws:k" }] })),
    ("RemoveTagsFromCertificate", "ResourceNotFoundException", |_| json!({ "CertificateArn": NONE, "Tags": tags(1) })),
    ("ListTagsForCertificate", "InvalidArnException", |_| json!({ "CertificateArn": "arn:aws:acm:us-west-2:000000000000:other/none" })),
    ("ListTagsForCertificate", "ResourceNotFoundException", |_| json!({ "CertificateArn": NONE })),
];

/// A load balancer's listener that uses the issued certificate.
fn used(world: &World) {
    let document = json!({ "LoadBalancers": [{
        "LoadBalancerArn": "arn:lb", "LoadBalancerName": "lb", "Type": "application",
        "Scheme": "internal", "DNSName": "lb", "CanonicalHostedZoneId": "Z",
        "CreatedTime": "2026-11-21 09:21:32.595000+00:00", "VpcId": "vpc-1",
        "AvailabilityZones": [], "IpAddressType": "ipv4",
        "Listeners": [{
            "ListenerArn": "arn:listener", "Port": 443, "Protocol": "HTTPS", "DefaultActions": [],
            "AllCertificates": [{ "CertificateArn": world.issued, "IsDefault": true }],
        }],
    }] });
    crate::elbv2::restore(&mut world.emulator.account(), &document).expect("the API's members");
}

#[test]
fn refusals_have_aws_codes() {
    let mut wrong = Vec::new();
    for (operation, code, input) in CASES {
        let world = World::new();
        let input = input(&world);
        match world.call(operation, &input) {
            Err(fault) if fault.code == *code => {}
            other => wrong.push(format!("{operation}: {code} expected, {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_requested_certificate_waits_until_it_is_validated() {
    let world = World::new();
    let detail = world.detail(&world.pending);
    assert_eq!(detail["Status"], "PENDING_VALIDATION");
    let proofs = &detail["DomainValidationOptions"];
    assert_eq!(proofs[0]["ResourceRecord"], proofs[1]["ResourceRecord"], "a wildcard shares it");
    let name = proofs[0]["ResourceRecord"]["Name"].as_str().unwrap_or_default();
    assert!(name.starts_with('_') && name.ends_with(".new.example.com."), "{name}");
    acm::validate(&mut world.emulator.account(), &world.pending).expect("it is there");
    assert_eq!(world.detail(&world.pending)["Status"], "ISSUED");
    let pem = world.ok("GetCertificate", json!({ "CertificateArn": world.pending }));
    assert!(pem["Certificate"].as_str().is_some_and(|text| text.starts_with("-----BEGIN CERT")));
    assert!(pem["CertificateChain"].is_null());
}

#[test]
fn the_same_token_is_the_same_request() {
    let world = World::new();
    let input = json!({ "DomainName": "t.example.com", "IdempotencyToken": "once" });
    let first = world.ok("RequestCertificate", input.clone());
    assert_eq!(first, world.ok("RequestCertificate", input.clone()));
    world.emulator.advance(jiff::SignedDuration::from_hours(2));
    assert_ne!(first, world.ok("RequestCertificate", input));
}

#[test]
fn an_import_is_read_from_its_pem_and_can_be_replaced() {
    let world = World::new();
    let made = world.ok("ImportCertificate", import(&world, json!({ "Tags": tags(1) })));
    let arn = made["CertificateArn"].as_str().expect("an ARN");
    let detail = world.detail(arn);
    let read = ["DomainName", "SubjectAlternativeNames", "KeyAlgorithm", "Type", "Status"];
    let read: Vec<&Value> = read.iter().map(|member| &detail[*member]).collect();
    let expected = [
        json!("*.example.com"),
        json!(["*.example.com", "example.com"]),
        json!("EC_prime256v1"),
        json!("IMPORTED"),
        json!("ISSUED"),
    ];
    assert_eq!(read, expected.iter().collect::<Vec<_>>());
    assert_eq!(detail["NotAfter"], world.detail(&world.issued)["NotAfter"]);
    let again = world.ok("ImportCertificate", import(&world, json!({ "CertificateArn": arn })));
    assert_eq!(again, made);
    let tags = world.ok("ListTagsForCertificate", json!({ "CertificateArn": arn }));
    assert_eq!(tags["Tags"], json!([{ "Key": "k0", "Value": "v" }]));
}

#[test]
fn a_list_is_filtered_and_paged() {
    let world = World::new();
    let arns = |input: Value| {
        let answer = world.ok("ListCertificates", input);
        let list = answer["CertificateSummaryList"].as_array().cloned().unwrap_or_default();
        let arns =
            list.iter().map(|one| one["CertificateArn"].as_str().expect("an ARN").to_owned());
        (arns.collect::<Vec<_>>(), answer["NextToken"].clone())
    };
    let every = json!({ "keyTypes": ["RSA_2048", "EC_prime256v1"] });
    assert_eq!(arns(json!({})).0, [&*world.pending], "only RSA by default");
    let issued = json!({ "Includes": every, "CertificateStatuses": ["ISSUED"] });
    assert_eq!(arns(issued).0, [&*world.issued]);
    let (mut all, token) = arns(json!({ "Includes": every, "MaxItems": 1 }));
    all.extend(arns(json!({ "Includes": every, "NextToken": token })).0);
    all.sort();
    let mut expected = vec![world.issued.clone(), world.pending.clone()];
    expected.sort();
    assert_eq!(all, expected);
}

#[test]
fn a_snapshot_keeps_certificates_with_their_keys() {
    let world = World::new();
    world.ok("AddTagsToCertificate", json!({ "CertificateArn": world.issued, "Tags": tags(2) }));
    let before = acm::snapshot(&world.emulator.account());
    let other = Emulator::new(Settings::default());
    acm::restore(&mut other.account(), &before).expect("what a snapshot gives");
    let account = other.account();
    assert_eq!(acm::snapshot(&account), before);
    assert!(account.acm.certificates[&world.issued].pem.is_some());
    assert!(account.acm.certificates[&world.pending].pem.is_none());
}
