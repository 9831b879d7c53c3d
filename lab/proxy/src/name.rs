//! What a request is called: service and operation. In comes an HTTP request of an AWS client; out goes a
//! [`Name`]. Nothing is checked; what cannot be told is called `?`.

use bytes::Bytes;
use http::{Request, header::AUTHORIZATION};
use serde::Serialize;

/// How a service says that something went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// EC2's own form of the query protocol.
    Ec2,
    /// The query protocol (Elastic Load Balancing, STS).
    Query,
    /// JSON 1.1 (ACM, Resource Groups Tagging, WAFv2).
    Json,
    /// REST with XML (Route 53).
    RestXml,
}

/// Service (as in the signature's credential scope) and operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Name {
    pub(crate) service: String,
    pub(crate) operation: String,
}

impl Name {
    pub(crate) fn of(request: &Request<Bytes>) -> Self {
        let service = scope(request).unwrap_or_else(|| "?".into());
        let operation = match protocol(&service) {
            Protocol::Ec2 | Protocol::Query => action(request),
            Protocol::Json => target(request),
            Protocol::RestXml => Some(route53(request)),
        };
        Self { service, operation: operation.unwrap_or_else(|| "?".into()) }
    }

    pub(crate) fn protocol(&self) -> Protocol {
        protocol(&self.service)
    }

    /// Whether it can change anything, by AWS's own habit of naming.
    pub(crate) fn mutating(&self) -> bool {
        !["Describe", "List", "Get"].iter().any(|reading| self.operation.starts_with(reading))
    }
}

fn protocol(service: &str) -> Protocol {
    match service {
        "ec2" => Protocol::Ec2,
        "acm" | "tagging" | "wafv2" => Protocol::Json,
        "route53" => Protocol::RestXml,
        _ => Protocol::Query,
    }
}

/// SERVICE of `Credential=AKID/20261121/us-east-1/SERVICE/aws4_request`.
fn scope(request: &Request<Bytes>) -> Option<String> {
    let signed = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (_, credential) = signed.split_once("Credential=")?;
    credential.split([',', ' ']).next()?.rsplit('/').nth(1).map(str::to_owned)
}

fn action(request: &Request<Bytes>) -> Option<String> {
    url::form_urlencoded::parse(request.body())
        .find(|(key, _)| key == "Action")
        .map(|(_, value)| value.into_owned())
}

fn target(request: &Request<Bytes>) -> Option<String> {
    let target = request.headers().get("x-amz-target")?.to_str().ok()?;
    Some(target.split_once('.')?.1.to_owned())
}

/// Route 53 names an operation by method and path.
fn route53(request: &Request<Bytes>) -> String {
    let path = request.uri().path().trim_matches('/');
    let steps: Vec<&str> = path.split('/').skip(1).collect();
    let known = match (request.method().as_str(), steps.as_slice()) {
        ("GET", ["hostedzone"]) => "ListHostedZones",
        ("POST", ["hostedzone"]) => "CreateHostedZone",
        ("GET", ["hostedzonesbyname"]) => "ListHostedZonesByName",
        ("GET", ["hostedzone", _]) => "GetHostedZone",
        ("DELETE", ["hostedzone", _]) => "DeleteHostedZone",
        ("GET", ["hostedzone", _, "rrset"]) => "ListResourceRecordSets",
        ("POST", ["hostedzone", _, "rrset"]) => "ChangeResourceRecordSets",
        ("GET", ["change", _]) => "GetChange",
        ("GET", ["tags", "hostedzone", _]) => "ListTagsForResource",
        ("POST", ["tags", "hostedzone"]) => "ListTagsForResources",
        ("POST", ["tags", "hostedzone", _]) => "ChangeTagsForResource",
        (method, _) => return format!("{method} {path}"),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(request: http::request::Builder, service: &str, body: &'static str) -> (String, bool) {
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential=AK/20261121/us-east-1/{service}/aws4_request, X=1"
        );
        let request =
            request.header(AUTHORIZATION, scope).body(Bytes::from_static(body.as_bytes()));
        let name = Name::of(&request.expect("a request of constants"));
        (format!("{}:{}", name.service, name.operation), name.mutating())
    }

    #[test]
    fn each_protocol_names_its_call() {
        let post = || Request::post("http://x/");
        let json = |target| post().header("x-amz-target", target);
        let zone = |method| {
            Request::builder().method(method).uri("/2013-04-01/hostedzone/Z1/rrset/?name=a")
        };
        let table = [
            (named(post(), "ec2", "Action=DescribeVpcs&Version=1"), ("ec2:DescribeVpcs", false)),
            (
                named(post(), "elasticloadbalancing", "Version=1&Action=CreateRule"),
                ("elasticloadbalancing:CreateRule", true),
            ),
            (
                named(json("CertificateManager.ListCertificates"), "acm", "{}"),
                ("acm:ListCertificates", false),
            ),
            (
                named(json("AWSWAF_20190729.AssociateWebACL"), "wafv2", "{}"),
                ("wafv2:AssociateWebACL", true),
            ),
            (named(zone("GET"), "route53", ""), ("route53:ListResourceRecordSets", false)),
            (named(zone("POST"), "route53", "<x/>"), ("route53:ChangeResourceRecordSets", true)),
            (
                named(Request::put("/2013-04-01/odd"), "route53", ""),
                ("route53:PUT 2013-04-01/odd", true),
            ),
            (named(post(), "ec2", ""), ("ec2:?", true)),
        ];
        for (got, (name, mutating)) in table {
            assert_eq!(got, (name.to_owned(), mutating));
        }
    }
}
