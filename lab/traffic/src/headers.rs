//! What an ALB does to the headers of a request on its way to a target, and of the answer on its way back
//! (Elastic Load Balancing user guide, "HTTP headers and Application Load Balancers").

use std::net::SocketAddr;
use std::sync::Arc;

use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue};

use crate::model::Attributes;
use crate::mutual;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const TRACE: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// What belongs to one connection and must not travel on (RFC 9110 section 7.6.1).
const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// How the request came in.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) client: SocketAddr,
    pub(crate) secure: bool,
    /// The port of the listener in AWS, wherever it is bound here.
    pub(crate) port: u16,
    /// Where clients are asked for certificates: what targets are told of this one's.
    pub(crate) certificate: Option<Arc<HeaderMap>>,
}

impl Arrival {
    pub(crate) fn protocol(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }
}

/// Removes the headers of the connection, `upgrade` aside where it is asked for, and gRPC's `te: trailers`.
pub(crate) fn strip_hop_by_hop(headers: &mut HeaderMap, keep_upgrade: bool) {
    let trailers = headers.get(header::TE).is_some_and(|te| te == "trailers");
    let upgrade = headers.get(header::UPGRADE).cloned().filter(|_| keep_upgrade);
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
    if trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
    if let Some(upgrade) = upgrade {
        headers.insert(header::UPGRADE, upgrade);
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    }
}

/// Adds what the target is to know of the client, as the load balancer's attributes ask.
pub(crate) fn forward(
    headers: &mut HeaderMap,
    arrival: &Arrival,
    attributes: &Attributes,
    trace: &str,
) {
    if attributes.is("routing.http.drop_invalid_header_fields.enabled") {
        drop_invalid(headers);
    }
    forwarded_for(headers, arrival.client, attributes);
    headers.insert(FORWARDED_PROTO, HeaderValue::from_static(arrival.protocol()));
    headers.insert(FORWARDED_PORT, HeaderValue::from(arrival.port));
    if let Some(told) = &arrival.certificate {
        mutual::forward(headers, told, attributes);
    }
    let traced = traced(headers.get(TRACE).and_then(|value| value.to_str().ok()), trace);
    if let Ok(value) = HeaderValue::try_from(traced) {
        headers.insert(TRACE, value);
    }
}

fn forwarded_for(headers: &mut HeaderMap, client: SocketAddr, attributes: &Attributes) {
    match attributes.text("routing.http.xff_header_processing.mode") {
        Some("preserve") => return,
        Some("remove") => {
            headers.remove(FORWARDED_FOR);
            return;
        }
        _ => {}
    }
    let address = match attributes.is("routing.http.xff_client_port.enabled") {
        true => client.to_string(),
        false => client.ip().to_string(),
    };
    let mut chain: Vec<String> = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    chain.push(address);
    if let Ok(value) = HeaderValue::try_from(chain.join(", ")) {
        headers.insert(FORWARDED_FOR, value);
    }
}

/// A field name that is not letters, digits and hyphens.
fn drop_invalid(headers: &mut HeaderMap) {
    let valid = |name: &HeaderName| {
        name.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let invalid: Vec<_> = headers.keys().filter(|name| !valid(name)).cloned().collect();
    for name in invalid {
        headers.remove(name);
    }
}

/// `Root` names the first load balancer's request, `Self` this one's where there was one before.
fn traced(given: Option<&str>, id: &str) -> String {
    let fields = given.unwrap_or_default().split(';').map(str::trim);
    let kept: Vec<&str> =
        fields.filter(|field| !field.is_empty() && !field.starts_with("Self=")).collect();
    if kept.iter().any(|field| field.starts_with("Root=")) {
        return format!("Self={id};{}", kept.join(";"));
    }
    std::iter::once(format!("Root={id}"))
        .chain(kept.into_iter().map(str::to_owned))
        .collect::<Vec<_>>()
        .join(";")
}

/// The host header that the target gets: as it came, or with the listener's port where that is neither
/// 80 nor 443 and without a port where it is.
pub(crate) fn host(given: &str, port: u16, attributes: &Attributes) -> String {
    if attributes.is("routing.http.preserve_host_header.enabled") {
        return given.to_owned();
    }
    let name = without_port(given);
    match port {
        80 | 443 => name.to_owned(),
        other => format!("{name}:{other}"),
    }
}

/// The name or address in a host header; an IPv6 address keeps its brackets.
pub(crate) fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => {
            name
        }
        _ => host,
    }
}

/// The headers that listener attributes put on, or take off, each answer.
pub(crate) fn respond(headers: &mut HeaderMap, attributes: &Attributes) {
    if attributes.text("routing.http.response.server.enabled") == Some("false") {
        headers.remove(header::SERVER);
    }
    for (key, value) in attributes.starting_with("routing.http.response.") {
        let Some(name) = key.strip_suffix(".header_value").filter(|_| !value.is_empty()) else {
            continue;
        };
        let name = HeaderName::try_from(name.replace('_', "-"));
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(pairs: &[(&str, &str)]) -> Attributes {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    fn client() -> Arrival {
        Arrival {
            client: "192.0.2.9:4711".parse().expect("an address"),
            secure: true,
            port: 8443,
            certificate: None,
        }
    }

    #[test]
    fn the_client_is_named_as_the_attributes_ask() {
        let mode = "routing.http.xff_header_processing.mode";
        let table = [
            (vec![], vec![], Some("192.0.2.9")),
            (vec![], vec!["10.0.0.1", "10.0.0.2"], Some("10.0.0.1, 10.0.0.2, 192.0.2.9")),
            (vec![(mode, "preserve")], vec!["10.0.0.1"], Some("10.0.0.1")),
            (vec![(mode, "preserve")], vec![], None),
            (vec![(mode, "remove")], vec!["10.0.0.1"], None),
            (
                vec![("routing.http.xff_client_port.enabled", "true")],
                vec![],
                Some("192.0.2.9:4711"),
            ),
        ];
        for (set, given, expected) in table {
            let mut headers = HeaderMap::new();
            for value in &given {
                headers.append(FORWARDED_FOR, value.parse().expect("a header value"));
            }
            forward(&mut headers, &client(), &attributes(&set), "1-a-b");
            let value = headers.get(FORWARDED_FOR).map(|v| v.to_str().expect("text"));
            assert_eq!(value, expected, "{set:?} {given:?}");
            assert_eq!(headers[FORWARDED_PROTO], "https");
            assert_eq!(headers[FORWARDED_PORT], "8443");
        }
    }

    #[test]
    fn a_trace_keeps_its_root() {
        let table = [
            (None, "Root=1-a-b"),
            (Some("Root=1-x-y;CalledFrom=app"), "Self=1-a-b;Root=1-x-y;CalledFrom=app"),
            (Some("Self=1-o-o;Root=1-x-y"), "Self=1-a-b;Root=1-x-y"),
            (Some("CalledFrom=app"), "Root=1-a-b;CalledFrom=app"),
        ];
        for (given, expected) in table {
            assert_eq!(traced(given, "1-a-b"), expected, "{given:?}");
        }
    }

    #[test]
    fn the_host_follows_the_listeners_port_unless_preserved() {
        let keep = [("routing.http.preserve_host_header.enabled", "true")];
        let table = [
            ("a.example.com:8080", 80, &[][..], "a.example.com"),
            ("a.example.com", 443, &[], "a.example.com"),
            ("a.example.com", 8080, &[], "a.example.com:8080"),
            ("a.example.com:1", 80, &keep, "a.example.com:1"),
            ("[::1]:80", 80, &[], "[::1]"),
            ("[::1]", 80, &[], "[::1]"),
        ];
        for (given, port, set, expected) in table {
            assert_eq!(host(given, port, &attributes(set)), expected, "{given} {port} {set:?}");
        }
    }

    #[test]
    fn what_belongs_to_the_connection_stays_there() {
        for (keep_upgrade, left) in
            [(false, vec!["te", "x-app"]), (true, vec!["connection", "te", "upgrade", "x-app"])]
        {
            let mut headers = HeaderMap::new();
            let given = [
                ("connection", "Upgrade, X-Hop"),
                ("upgrade", "websocket"),
                ("x-hop", "1"),
                ("te", "trailers"),
                ("transfer-encoding", "chunked"),
                ("x-app", "1"),
            ];
            for (name, value) in given {
                headers.insert(name, HeaderValue::from_static(value));
            }
            strip_hop_by_hop(&mut headers, keep_upgrade);
            let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
            names.sort_unstable();
            assert_eq!(names, left);
        }
    }

    #[test]
    fn listener_attributes_set_and_remove_answer_headers() {
        let set = attributes(&[
            ("routing.http.response.server.enabled", "false"),
            ("routing.http.response.x_frame_options.header_value", "DENY"),
            ("routing.http.response.content_security_policy.header_value", ""),
        ]);
        let mut headers = HeaderMap::new();
        headers.insert(header::SERVER, HeaderValue::from_static("x"));
        respond(&mut headers, &set);
        assert_eq!(headers.len(), 1);
        assert_eq!(headers["x-frame-options"], "DENY");
    }
}
