use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

use super::model::{MODELS, of};
use super::{parse, render, route};
use crate::faults::{Delay, Effect, Script};
use crate::{Emulator, Fault, Settings};

fn request(service: &str, method: &str, uri: &str, body: &str) -> Request<Bytes> {
    let credential = format!("Credential=AKID/20260101/us-west-2/{service}/aws4_request");
    Request::builder()
        .method(method)
        .uri(uri)
        .header("authorization", format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=host"))
        .body(Bytes::from(body.to_owned()))
        .expect("the tests write valid requests")
}

fn json_request(service: &str, operation: &str, body: &str) -> Request<Bytes> {
    let prefix = of(service).and_then(|model| model.target_prefix()).expect("a JSON service");
    let mut request = request(service, "POST", "/", body);
    let target = format!("{prefix}.{operation}").parse().expect("ASCII");
    request.headers_mut().insert("x-amz-target", target);
    request
}

fn read(request: &Request<Bytes>) -> Result<(&'static str, Value), Fault> {
    let asked = route::operation(route::service(request)?, request)?;
    Ok((asked.name, parse(&asked)?))
}

fn form(service: &str, body: &str) -> Result<Value, Fault> {
    let version = of(service).expect("a known service").version();
    let body = format!("Version={version}&{body}");
    read(&request(service, "POST", "/", &body)).map(|(_, tree)| tree)
}

#[test]
fn every_reference_in_the_models_resolves() {
    for model in MODELS.iter() {
        for (name, shape) in &model.shapes {
            for member in shape.members.values() {
                assert!(model.shapes.contains_key(&member.shape), "{name} -> {}", member.shape);
            }
        }
        let uncompiled: Vec<&str> = model
            .shapes
            .iter()
            .filter(|(_, shape)| shape.pattern.is_some() && shape.regex().is_none())
            .map(|(name, _)| name.as_str())
            .collect();
        // Java's dialect only: a lookahead, and surrogates in a class.
        assert!(
            ["DomainNameString", "arnType"].iter().any(|n| uncompiled == [*n])
                || uncompiled.is_empty()
        );
    }
}

#[test]
fn query_fields_become_typed_trees() {
    let cases = [
        (
            "elasticloadbalancing",
            "Action=CreateTargetGroup&Name=web&Port=8080&HealthCheckEnabled=true&Tags.member.1.Key=a&Tags.member.1.Value=b%20c&Tags.member.2.Key=d",
            json!({"Name": "web", "Port": 8080, "HealthCheckEnabled": true,
                   "Tags": [{"Key": "a", "Value": "b c"}, {"Key": "d"}]}),
        ),
        (
            "elasticloadbalancing",
            "Action=SetSecurityGroups&LoadBalancerArn=arn&SecurityGroups=",
            json!({"LoadBalancerArn": "arn", "SecurityGroups": []}),
        ),
        (
            "ec2",
            "Action=DescribeSecurityGroups&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1&Filter.1.Value.2=vpc-2&MaxResults=5&GroupId.1=sg-1",
            json!({"Filters": [{"Name": "vpc-id", "Values": ["vpc-1", "vpc-2"]}], "MaxResults": 5,
                   "GroupIds": ["sg-1"]}),
        ),
        (
            "ec2",
            "Action=AuthorizeSecurityGroupIngress&GroupId=sg-1&IpPermissions.10.FromPort=2&IpPermissions.10.IpProtocol=udp&IpPermissions.9.FromPort=-1&IpPermissions.9.IpProtocol=tcp&IpPermissions.9.IpRanges.1.CidrIp=0.0.0.0%2F0&IpPermissions.9.Groups.1.GroupId=sg-2",
            json!({"GroupId": "sg-1", "IpPermissions": [
                {"FromPort": -1, "IpProtocol": "tcp", "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
                 "UserIdGroupPairs": [{"GroupId": "sg-2"}]},
                {"FromPort": 2, "IpProtocol": "udp"}]}),
        ),
        (
            "ec2",
            "Action=CreateSecurityGroup&GroupName=g&GroupDescription=d&TagSpecification.1.ResourceType=security-group&TagSpecification.1.Tag.1.Key=k",
            json!({"GroupName": "g", "Description": "d", "TagSpecifications": [
                {"ResourceType": "security-group", "Tags": [{"Key": "k"}]}]}),
        ),
    ];
    for (service, body, tree) in cases {
        assert_eq!(form(service, body), Ok(tree), "{body}");
    }
}

#[test]
fn broken_input_is_refused_in_the_service_s_words() {
    let rule = "failed to satisfy constraint: Member must";
    let cases = [
        (
            form("elasticloadbalancing", "Action=CreateTargetGroup&Port=0"),
            "ValidationError",
            format!(
                "2 validation errors detected: Value null at 'name' {rule} not be null; Value '0' at 'port' {rule} have value greater than or equal to 1"
            ),
        ),
        (
            form(
                "elasticloadbalancing",
                "Action=CreateTargetGroup&Name=a&Tags.member.1.Key=%C2%A7",
            ),
            "ValidationError",
            format!(
                "1 validation error detected: Value '§' at 'tags.1.member.key' {rule} satisfy regular expression pattern: ^([\\p{{L}}\\p{{Z}}\\p{{N}}_.:/=+\\-@]*)$"
            ),
        ),
        (
            form("elasticloadbalancing", "Action=CreateTargetGroup&Name=a&TargetType=pod"),
            "ValidationError",
            format!(
                "1 validation error detected: Value 'pod' at 'targetType' {rule} satisfy enum value set: [instance, ip, lambda, alb]"
            ),
        ),
        (
            form("elasticloadbalancing", "Action=CreateTargetGroup&Name=a&Port=eighty"),
            "ValidationError",
            "Invalid value 'eighty' for Port.".into(),
        ),
        (
            form("ec2", "Action=CreateSecurityGroup&GroupName=a"),
            "MissingParameter",
            "The request must contain the parameter groupDescription".into(),
        ),
        (
            form("ec2", "Action=DescribeVpcs&VpcIdd.1=vpc-1"),
            "UnknownParameter",
            "The parameter VpcIdd is not recognized".into(),
        ),
        (
            form("ec2", "Action=MakeCoffee"),
            "InvalidAction",
            "The action MakeCoffee is not valid for this web service (version 2016-11-15).".into(),
        ),
        (
            read(&json_request("acm", "DescribeCertificate", r#"{"CertificateArn":"x"}"#))
                .map(|r| r.1),
            "ValidationException",
            format!(
                "2 validation errors detected: Value 'x' at 'certificateArn' {rule} have length greater than or equal to 20; Value 'x' at 'certificateArn' {rule} satisfy regular expression pattern: {}",
                of("acm")
                    .and_then(|acm| acm.shapes["Arn"].pattern.as_deref())
                    .expect("ARNs have a pattern")
            ),
        ),
        (
            read(&json_request("acm", "DescribeCertificate", r#"{"CertificateArn":7}"#))
                .map(|r| r.1),
            "SerializationException",
            "/CertificateArn has another type in the API".into(),
        ),
    ];
    for (answer, code, message) in cases {
        assert_eq!(answer, Err(Fault::new(code, message)));
    }
}

#[test]
fn rest_requests_are_known_by_path_and_carry_xml() {
    let batch = r#"<?xml version="1.0"?><ChangeResourceRecordSetsRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/">
        <ChangeBatch><Comment>a &amp; b&#33;</Comment><Changes><Change><Action>UPSERT</Action><ResourceRecordSet>
        <Name>\052.a.example.com</Name><Type>TXT</Type><TTL>300</TTL>
        <ResourceRecords><ResourceRecord><Value>"x"</Value></ResourceRecord></ResourceRecords>
        </ResourceRecordSet></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"#;
    let posted = request("route53", "POST", "/2013-04-01/hostedzone/Z1/rrset/", batch);
    let record = json!({"Name": "\\052.a.example.com", "Type": "TXT", "TTL": 300,
                        "ResourceRecords": [{"Value": "\"x\""}]});
    let tree = json!({"HostedZoneId": "Z1", "ChangeBatch": {"Comment": "a & b!",
        "Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}});
    assert_eq!(read(&posted), Ok(("ChangeResourceRecordSets", tree)));

    let listed =
        request("route53", "GET", "/2013-04-01/hostedzone/Z1/rrset?maxitems=2&name=a.b", "");
    let tree = json!({"HostedZoneId": "Z1", "MaxItems": "2", "StartRecordName": "a.b"});
    assert_eq!(read(&listed), Ok(("ListResourceRecordSets", tree)));

    let broken = batch.replace("<TTL>300</TTL>", "<TTL>soon</TTL>");
    let answer = read(&request("route53", "POST", "/2013-04-01/hostedzone/Z1/rrset", &broken));
    let wanted = Fault::new("InvalidInput", "Invalid XML ; 'soon' is not a valid value of TTL");
    assert_eq!(answer, Err(wanted));
}

#[test]
fn json_times_come_in_as_text_and_go_out_as_seconds() {
    let filtered = json_request("acm", "ListCertificates", r#"{"MaxItems":3,"NextToken":null}"#);
    assert_eq!(read(&filtered), Ok(("ListCertificates", json!({"MaxItems": 3}))));
    let asked_for = json_request("acm", "DescribeCertificate", r#"{"CertificateArn":"a"}"#);
    let asked = route::operation(of("acm").expect("known"), &asked_for).expect("an operation");
    let tree = json!({"Certificate": {"NotAfter": "2026-11-21 09:20:51+00:00", "Serial": null}});
    let answer = render::output(&asked, &tree, "id").expect("a tree of the model");
    assert_eq!(text(&answer), r#"{"Certificate":{"NotAfter":1795252851.0}}"#);
}

fn text(response: &Response<Bytes>) -> &str {
    std::str::from_utf8(response.body()).expect("answers are UTF-8")
}

/// The body of `tree` as the answer to a request, and the status.
fn rendered(request: &Request<Bytes>, tree: &Value) -> Result<String, Fault> {
    let asked = route::operation(route::service(request)?, request)?;
    let answer = render::output(&asked, tree, "ID")?;
    Ok(text(&answer).replace(r#"<?xml version="1.0" encoding="UTF-8"?>"#, ""))
}

#[test]
fn trees_become_answers_with_the_wire_s_names() {
    let ec2 =
        |action: &str| request("ec2", "GET", &format!("/?Action={action}&Version=2016-11-15"), "");
    let open = |name: &str| {
        format!(
            "<{name} xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15\"><requestId>ID</requestId>"
        )
    };
    let cases = [
        (
            ec2("DescribeVpcs"),
            json!({"Vpcs": [{"VpcId": "vpc-<1>", "IsDefault": false, "Tags": []}], "NextToken": null}),
            open("DescribeVpcsResponse")
                + "<vpcSet><item><isDefault>false</isDefault><tagSet></tagSet><vpcId>vpc-&lt;1&gt;</vpcId></item></vpcSet></DescribeVpcsResponse>",
        ),
        (
            ec2("CreateTags"),
            json!({}),
            open("CreateTagsResponse") + "<return>true</return></CreateTagsResponse>",
        ),
        (
            request("elasticloadbalancing", "POST", "/", "Action=DescribeLoadBalancers"),
            json!({"LoadBalancers": [{"CreatedTime": "2026-01-02T03:04:05Z", "SecurityGroups": ["sg-1"]}]}),
            "<DescribeLoadBalancersResponse xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\"><DescribeLoadBalancersResult><LoadBalancers><member><CreatedTime>2026-01-02T03:04:05.000Z</CreatedTime><SecurityGroups><member>sg-1</member></SecurityGroups></member></LoadBalancers></DescribeLoadBalancersResult><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></DescribeLoadBalancersResponse>".into(),
        ),
        (
            request("route53", "GET", "/2013-04-01/hostedzone", ""),
            json!({"HostedZones": [{"Id": "/hostedzone/Z", "Name": "a."}], "IsTruncated": false}),
            "<ListHostedZonesResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><HostedZones><HostedZone><Id>/hostedzone/Z</Id><Name>a.</Name></HostedZone></HostedZones><IsTruncated>false</IsTruncated></ListHostedZonesResponse>".into(),
        ),
    ];
    for (request, tree, body) in cases {
        assert_eq!(rendered(&request, &tree), Ok(body));
    }
    let odd = rendered(&ec2("DescribeVpcs"), &json!({"Vpcs": [{"VpcName": "x"}]}));
    let wanted =
        Fault::new("InternalFailure", "DescribeVpcs.Vpcs.VpcName is not in the API").status(500);
    assert_eq!(odd, Err(wanted));
}

#[test]
fn a_created_zone_is_201_with_its_location() {
    let made = request("route53", "POST", "/2013-04-01/hostedzone", "");
    let asked = route::operation(of("route53").expect("known"), &made).expect("an operation");
    let answer = render::output(&asked, &json!({"Location": "https://x/Z1"}), "ID").expect("valid");
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["location"]),
        (201, &"https://x/Z1".parse().expect("ASCII"))
    );
}

#[test]
fn errors_take_each_protocol_s_shape_and_the_model_s_status() {
    let cases = [
        (
            "ec2",
            "X",
            400,
            "<Response><Errors><Error><Code>X</Code><Message>a &lt; b</Message></Error></Errors><RequestID>ID</RequestID></Response>",
        ),
        (
            "elasticloadbalancing",
            "X",
            400,
            "<ErrorResponse xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\"><Error><Type>Sender</Type><Code>X</Code><Message>a &lt; b</Message></Error><RequestId>ID</RequestId></ErrorResponse>",
        ),
        (
            "route53",
            "NoSuchHostedZone",
            404,
            "<ErrorResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Error><Type>Sender</Type><Code>NoSuchHostedZone</Code><Message>a &lt; b</Message></Error><RequestId>ID</RequestId></ErrorResponse>",
        ),
        ("acm", "X", 400, r#"{"__type":"X","message":"a < b"}"#),
    ];
    for (service, code, status, body) in cases {
        let model = of(service).expect("known");
        let answer = render::fault(model, None, &Fault::new(code, "a < b"), "ID");
        assert_eq!(answer.status().as_u16(), status, "{service}");
        assert!(text(&answer).ends_with(body), "{}", text(&answer));
    }
}

#[test]
fn the_service_is_found_with_and_without_a_signature() {
    let emulator = Emulator::new(Settings::default());
    let signed = request("sts", "POST", "/", "Action=GetCallerIdentity&Version=2011-06-15");
    let mut bare = signed.clone();
    bare.headers_mut().clear();
    for request in [signed, bare] {
        let answer = emulator.http(request);
        assert!(text(&answer).contains("<Account>000000000000</Account>"), "{}", text(&answer));
    }
    let mut nobody = request("s3", "GET", "/bucket", "");
    assert_eq!(emulator.http(nobody.clone()).status().as_u16(), 400);
    *nobody.uri_mut() =
        "/?X-Amz-Credential=A%2F20260101%2Fx%2Fsts%2Faws4_request&Action=GetCallerIdentity"
            .parse()
            .expect("a URI");
    nobody.headers_mut().clear();
    assert_eq!(emulator.http(nobody).status().as_u16(), 200);
}

#[test]
fn scripts_meet_the_calls_they_name_and_everything_is_counted() {
    let emulator = Emulator::new(Settings::default());
    let whoami = || emulator.http(request("sts", "POST", "/", "Action=GetCallerIdentity"));
    emulator.script(Script::new("sts", "GetCallerIdentity", 1, Effect::Throttle).after(1));
    emulator.script(Script::new("sts", "*", 1, Effect::Delay(std::time::Duration::from_secs(3))));
    let slow = whoami();
    let wait = slow.extensions().get::<Delay>().map(|delay| delay.0.as_secs());
    assert_eq!((slow.status().as_u16(), wait), (200, Some(3)));
    let throttled = whoami();
    assert!(text(&throttled).contains("<Code>Throttling</Code>"), "{}", text(&throttled));
    assert_eq!(whoami().status().as_u16(), 200);
    let results: Vec<Option<String>> =
        emulator.calls().into_iter().map(|call| call.error).collect();
    assert_eq!(results, [None, Some("Throttling".to_owned()), None]);
    assert_eq!(emulator.call_counts().values().sum::<u64>(), 3);
}

#[test]
fn each_service_slows_its_callers_down_in_its_own_words() {
    let cases = [
        ("ec2", "DescribeVpcs", "RequestLimitExceeded", 503),
        ("elasticloadbalancing", "DescribeRules", "Throttling", 400),
        ("sts", "GetCallerIdentity", "Throttling", 400),
        ("acm", "ListCertificates", "ThrottlingException", 400),
        ("tagging", "GetResources", "ThrottledException", 400),
    ];
    for (service, operation, code, status) in cases {
        let emulator = Emulator::new(Settings::default());
        emulator.script(Script::new(service, operation, 1, Effect::Throttle));
        let asked = match service {
            "acm" | "tagging" => json_request(service, operation, "{}"),
            _ => request(service, "POST", "/", &format!("Action={operation}")),
        };
        let answer = emulator.http(asked);
        assert_eq!(answer.status().as_u16(), status, "{service}");
        assert!(text(&answer).contains(code), "{service}: {}", text(&answer));
    }
}

#[test]
fn an_answer_that_is_lost_has_taken_effect() {
    let emulator = Emulator::new(Settings::default());
    emulator.script(Script::new("ec2", "CreateVpc", 1, Effect::LoseAnswer));
    let answer =
        emulator.http(request("ec2", "POST", "/", "Action=CreateVpc&CidrBlock=10.0.0.0%2F16"));
    assert_eq!((answer.status().as_u16(), emulator.account().ec2.vpcs.len()), (503, 1));
}
