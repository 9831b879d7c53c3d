use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use super::{Exchange, document};
use crate::wire::overheard;

/// A request as an SDK signs it.
fn request(service: &str, method: &str, uri: &str, body: &str) -> Request<Bytes> {
    let scope = format!("AKID/20260101/us-east-1/{service}/aws4_request");
    Request::builder()
        .method(method)
        .uri(uri)
        .header("authorization", format!("AWS4-HMAC-SHA256 Credential={scope}, Signature=x"))
        .header("x-amz-target", "CertificateManager.DescribeCertificate")
        .body(Bytes::from(body.to_owned()))
        .expect("a valid request")
}

/// Answers with members that no model knows, comments, entities, empty lists.
#[test]
fn answers_of_all_protocols_become_trees() {
    let table = [
        (
            request(
                "ec2",
                "POST",
                "/",
                "Action=DescribeSubnets&Version=2016-11-15&MaxResults=1000",
            ),
            r#"<?xml version="1.0"?><DescribeSubnetsResponse xmlns="http://ec2/"><requestId>r</requestId>
            <subnetSet><item><subnetId>subnet-1</subnetId><availableIpAddressCount>251</availableIpAddressCount>
            <mapPublicIpOnLaunch>true</mapPublicIpOnLaunch><novelty><item>1</item></novelty><tagSet/></item></subnetSet>
            <nextToken>n</nextToken></DescribeSubnetsResponse>"#,
            ("ec2", "DescribeSubnets", json!({"MaxResults": 1000})),
            json!({"NextToken": "n", "Subnets": [{
                "SubnetId": "subnet-1", "AvailableIpAddressCount": 251,
                "MapPublicIpOnLaunch": true, "Tags": [],
            }]}),
        ),
        (
            request(
                "elasticloadbalancing",
                "POST",
                "/",
                "Action=DescribeRules&Version=2015-12-01&ListenerArn=arn",
            ),
            "<DescribeRulesResponse><DescribeRulesResult><Rules><member><Priority>1</Priority>\
             <IsDefault>false</IsDefault><Conditions><member><Field>path-pattern</Field><Values>\
             <member>/a&amp;b</member></Values></member></Conditions></member></Rules>\
             </DescribeRulesResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>\
             </DescribeRulesResponse>",
            ("elasticloadbalancing", "DescribeRules", json!({"ListenerArn": "arn"})),
            json!({"Rules": [{
                "Priority": "1", "IsDefault": false,
                "Conditions": [{"Field": "path-pattern", "Values": ["/a&b"]}],
            }]}),
        ),
        (
            request("route53", "GET", "/2013-04-01/hostedzone/Z1/rrset?maxitems=300", ""),
            "<ListResourceRecordSetsResponse><ResourceRecordSets><ResourceRecordSet>\
             <Name>a.example.com.</Name><Type>TXT</Type><TTL>300</TTL><ResourceRecords>\
             <ResourceRecord><Value>&quot;x&quot;</Value></ResourceRecord></ResourceRecords>\
             </ResourceRecordSet></ResourceRecordSets><IsTruncated>false</IsTruncated>\
             <MaxItems>300</MaxItems></ListResourceRecordSetsResponse>",
            ("route53", "ListResourceRecordSets", json!({"HostedZoneId": "Z1", "MaxItems": "300"})),
            json!({"IsTruncated": false, "MaxItems": "300", "ResourceRecordSets": [{
                "Name": "a.example.com.", "Type": "TXT", "TTL": 300,
                "ResourceRecords": [{"Value": "\"x\""}],
            }]}),
        ),
        (
            request(
                "acm",
                "POST",
                "/",
                r#"{"CertificateArn": "arn:aws:acm:us-east-1:1:certificate/1"}"#,
            ),
            r#"{"Certificate": {"DomainName": "a.example.com", "NotAfter": 1767225600.5, "Novelty": {}, "Serial": null}}"#,
            (
                "acm",
                "DescribeCertificate",
                json!({"CertificateArn": "arn:aws:acm:us-east-1:1:certificate/1"}),
            ),
            json!({"Certificate": {
                "DomainName": "a.example.com", "NotAfter": "2026-01-01T00:00:00.5Z",
            }}),
        ),
    ];
    for (request, body, (service, operation, input), output) in table {
        let heard = overheard(&request, body.as_bytes());
        assert_eq!(heard, Some(Exchange { service, operation, input, output }), "{operation}");
        assert_eq!(overheard(&request, b"<html>"), None, "{operation}");
    }
}

#[test]
fn what_hands_out_credentials_and_what_nobody_knows_is_not_kept() {
    let sts = request("sts", "POST", "/", "Action=GetCallerIdentity&Version=2011-06-15");
    let unknown = request("s3", "GET", "/", "");
    for request in [sts, unknown] {
        assert_eq!(overheard(&request, b"<GetCallerIdentityResponse/>"), None);
    }
}

#[test]
fn pages_are_put_together_once_and_in_order() {
    let page = |operation, input: Value, output: Value| Exchange {
        service: "elasticloadbalancing",
        operation,
        input,
        output,
    };
    let rule = |arn: &str| json!({"RuleArn": arn});
    let exchanges = [
        page(
            "DescribeTags",
            json!({}),
            json!({"TagDescriptions": [
                {"ResourceArn": "r2", "Tags": [{"Key": "k", "Value": "v"}]},
            ]}),
        ),
        page("DescribeRules", json!({"ListenerArn": "l"}), json!({"Rules": [rule("r1")]})),
        page("DescribeRules", json!({"ListenerArn": "other"}), json!({"Rules": [rule("r3")]})),
        page(
            "DescribeRules",
            json!({"ListenerArn": "l", "Marker": "m"}),
            json!({"Rules": [rule("r2")]}),
        ),
        page(
            "DescribeListeners",
            json!({"LoadBalancerArn": "b"}),
            json!({"Listeners": [
                {"ListenerArn": "l", "Port": 80},
            ]}),
        ),
        page(
            "DescribeLoadBalancers",
            json!({}),
            json!({"LoadBalancers": [{"LoadBalancerArn": "c"}]}),
        ),
        page(
            "DescribeLoadBalancers",
            json!({"Marker": "m"}),
            json!({"LoadBalancers": [
                {"LoadBalancerArn": "b"}, {"LoadBalancerArn": "c"},
            ]}),
        ),
    ];
    let document = document(&exchanges);
    let arns = document["LoadBalancers"].as_array().expect("a list").iter();
    let arns: Vec<&Value> = arns.map(|it| &it["LoadBalancerArn"]).collect();
    assert_eq!(arns, ["b", "c"]);
    assert_eq!(
        document["LoadBalancers"][0]["Listeners"][0]["Rules"],
        json!([{"RuleArn": "r1", "Tags": []}, {"RuleArn": "r2", "Tags": [{"Key": "k", "Value": "v"}]}])
    );
    assert_eq!(document["Subnets"], json!([]));
}
