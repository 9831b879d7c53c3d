//! `--endpoints FILE`: where everything listens, for scripts.

use std::net::SocketAddr;

use inroad_traffic::Endpoint;
use serde_json::{Value, json};

/// `{"aws": URL, "dns": "ADDR:PORT", "load_balancers": [{"name", "dns_name", "listeners": [...]}]}`.
pub(super) fn document(aws: SocketAddr, dns: SocketAddr, endpoints: &[Endpoint]) -> Value {
    let balancers: Vec<Value> = endpoints
        .iter()
        .map(|endpoint| {
            let listeners: Vec<Value> = endpoint
                .listeners
                .iter()
                .filter(|listener| listener.error.is_none())
                .map(|listener| {
                    json!({
                        "port": listener.port, "protocol": listener.protocol,
                        "listen": listener.listen.to_string(),
                    })
                })
                .collect();
            json!({"name": endpoint.name, "dns_name": endpoint.dns_name, "listeners": listeners})
        })
        .collect();
    json!({"aws": format!("http://{aws}"), "dns": dns.to_string(), "load_balancers": balancers})
}
