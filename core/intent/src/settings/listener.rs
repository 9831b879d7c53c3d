//! Settings of listeners and rules.

use std::collections::BTreeMap;

use inroad_words::balancer::ListenerProtocol;
use ipnet::IpNet;

use super::{Fallback, Merge, Row, Scope, Setting, balancer::said, grammar, no_params};

pub(crate) static LISTEN_PORTS: Setting<BTreeMap<u16, ListenerProtocol>> = Setting {
    row: Row {
        id: "listener.ports",
        ingress: "listen-ports",
        service: None,
        gateway: Some("Gateway:/spec/listeners"),
        params: None,
        scope: Scope::Listener,
        merge: Merge::Union,
        doc: "Ports as [{\"HTTP\": 80}]; else HTTPS 443 with certificate-arn, HTTP 80 without.",
    },
    parse: listen_ports,
    fallback: Fallback::Nothing,
    params: no_params,
};

pub(crate) static SSL_REDIRECT: Setting<u16> = Setting {
    row: Row {
        id: "listener.ssl-redirect",
        ingress: "ssl-redirect",
        service: None,
        gateway: None,
        params: Some("sslRedirectPort"),
        scope: Scope::Listener,
        merge: Merge::Exclusive,
        doc: "Port of the HTTPS listener that every HTTP listener redirects to.",
    },
    parse: grammar::port,
    fallback: Fallback::Nothing,
    params: |spec| said(&spec.ssl_redirect_port).map(grammar::port),
};

pub(crate) static CERTIFICATE_ARN: Setting<Vec<String>> = Setting {
    row: Row {
        id: "listener.certificates",
        ingress: "certificate-arn",
        service: Some("aws-load-balancer-ssl-cert"),
        gateway: Some("LoadBalancerConfiguration:/listenerConfigurations/defaultCertificate"),
        params: Some("certificateArn"),
        scope: Scope::Listener,
        merge: Merge::Append,
        doc: "Certificates by ARN, the default one first; else they are found by host name.",
    },
    parse: grammar::list,
    fallback: Fallback::Text(""),
    params: |spec| (!spec.certificate_arn.is_empty()).then(|| Ok(spec.certificate_arn.clone())),
};

pub(crate) static SSL_POLICY: Setting<String> = Setting {
    row: Row {
        id: "listener.ssl-policy",
        ingress: "ssl-policy",
        service: Some("aws-load-balancer-ssl-negotiation-policy"),
        gateway: Some("LoadBalancerConfiguration:/listenerConfigurations/sslPolicy"),
        params: Some("sslPolicy"),
        scope: Scope::Listener,
        merge: Merge::ExclusivePerPort,
        doc: "TLS policy of the HTTPS listeners.",
    },
    parse: grammar::text,
    fallback: Fallback::Flag("default-ssl-policy", |s| s.ssl_policy.clone()),
    params: |spec| said(&spec.ssl_policy).map(grammar::text),
};

pub(crate) static INBOUND_CIDRS: Setting<Vec<String>> = Setting {
    row: Row {
        id: "listener.inbound-cidrs",
        ingress: "inbound-cidrs",
        service: Some("load-balancer-source-ranges"),
        gateway: Some("LoadBalancerConfiguration:/sourceRanges"),
        params: Some("inboundCIDRs"),
        scope: Scope::Listener,
        merge: Merge::ExclusivePerPort,
        doc: "Who may come in, as CIDRs; ignored with security-groups.",
    },
    parse: |text| cidrs(&grammar::list(text)?),
    fallback: Fallback::Text("0.0.0.0/0, ::/0"),
    params: |spec| (!spec.inbound_cidrs.is_empty()).then(|| cidrs(&spec.inbound_cidrs)),
};

pub(crate) static PREFIX_LISTS: Setting<Vec<String>> = Setting {
    row: Row {
        id: "listener.prefix-lists",
        ingress: "security-group-prefix-lists",
        service: Some("aws-load-balancer-security-group-prefix-lists"),
        gateway: Some("LoadBalancerConfiguration:/securityGroupPrefixes"),
        params: Some("prefixListsIDs"),
        scope: Scope::Listener,
        merge: Merge::ExclusivePerPort,
        doc: "Managed prefix lists that may come in; without inbound-cidrs nobody else may.",
    },
    parse: grammar::list,
    fallback: Fallback::Text(""),
    params: |spec| {
        let lists = [&spec.prefix_lists_ids, &spec.legacy_prefix_lists_ids];
        lists.into_iter().find(|list| !list.is_empty()).map(|list| Ok(list.clone()))
    },
};

pub(crate) static LISTENER_ATTRIBUTES: Setting<BTreeMap<String, String>> = Setting {
    row: Row {
        id: "listener.attributes",
        ingress: "listener-attributes.",
        service: Some("aws-load-balancer-listener-attributes."),
        gateway: Some("LoadBalancerConfiguration:/listenerConfigurations/listenerAttributes"),
        params: Some("listeners"),
        scope: Scope::Listener,
        merge: Merge::Union,
        doc: "Attributes of the listener <PROTO>-<PORT> as key=value; others are left as they are.",
    },
    parse: grammar::map,
    fallback: Fallback::Text(""),
    params: no_params, // by port: read where listeners are made
};

pub(crate) static REGEX_PATHS: Setting<bool> = Setting {
    row: Row {
        id: "rule.regex-paths",
        ingress: "use-regex-path-match",
        service: None,
        gateway: None,
        params: None,
        scope: Scope::Rule,
        merge: Merge::PerMember,
        doc: "Whether paths of type ImplementationSpecific are regular expressions.",
    },
    parse: grammar::boolean,
    fallback: Fallback::Text("false"),
    params: no_params,
};

fn listen_ports(text: &str) -> Result<BTreeMap<u16, ListenerProtocol>, String> {
    let shape = || "expected a list such as [{\"HTTP\": 80}, {\"HTTPS\": 443}]".to_owned();
    let entries: Vec<BTreeMap<String, i64>> = serde_json::from_str(text).map_err(|_| shape())?;
    let mut ports = BTreeMap::new();
    for (protocol, port) in entries.iter().flatten() {
        let protocol = match protocol.as_str() {
            "HTTP" => ListenerProtocol::Http,
            "HTTPS" => ListenerProtocol::Https,
            other => return Err(format!("expected HTTP or HTTPS, found {other}")),
        };
        let port = u16::try_from(*port).ok().filter(|port| *port > 0);
        ports.insert(port.ok_or("expected ports from 1 to 65535")?, protocol);
    }
    if ports.is_empty() { Err(shape()) } else { Ok(ports) }
}

/// CIDRs without their host bits, as EC2 keeps them.
fn cidrs(list: &[String]) -> Result<Vec<String>, String> {
    let cidr = |text: &String| {
        let net: IpNet = text.parse().map_err(|_| format!("{text} is not a CIDR"))?;
        Ok(net.trunc().to_string())
    };
    list.iter().map(cidr).collect()
}
