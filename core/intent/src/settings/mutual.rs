//! `mutual-authentication`: what listeners ask of clients' certificates.

use std::collections::BTreeMap;

use inroad_words::balancer::{Mutual, Verify};
use serde::Deserialize;

use super::{Fallback, Merge, Row, Scope, Setting, json, no_params};

pub(crate) static MUTUAL_AUTHENTICATION: Setting<BTreeMap<u16, Mutual<String>>> = Setting {
    row: Row {
        id: "listener.mutual-authentication",
        ingress: "mutual-authentication",
        service: None,
        gateway: Some("LoadBalancerConfiguration:/listenerConfigurations/mutualAuthentication"),
        params: None,
        scope: Scope::Listener,
        merge: Merge::ExclusivePerPort,
        doc: "Client certificates of HTTPS ports, as [{\"port\": 443, \"mode\": \"verify\", \
              \"trustStore\": \"name or ARN\"}]; modes off, passthrough, verify; else left as it is.",
    },
    parse: by_port,
    fallback: Fallback::Nothing,
    params: no_params,
};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    port: Option<i64>,
    mode: Option<String>,
    truststore: Option<String>,
    ignoreclientcertificateexpiry: Option<bool>,
    advertisetruststorecanames: Option<String>,
}

/// Of two entries for a port the later one counts.
fn by_port(text: &str) -> Result<BTreeMap<u16, Mutual<String>>, String> {
    let entries: Vec<Entry> = json::read(text)?;
    if entries.is_empty() {
        return Err("expected at least one port".into());
    }
    entries.into_iter().map(Entry::read).collect()
}

impl Entry {
    fn read(self) -> Result<(u16, Mutual<String>), String> {
        let said = self.port.unwrap_or_default();
        let port = u16::try_from(said).ok().filter(|port| *port > 0);
        let port = port.ok_or_else(|| format!("expected ports from 1 to 65535: {said}"))?;
        let trust_store = self.truststore.unwrap_or_default();
        let advertise = match self.advertisetruststorecanames.as_deref() {
            None => None,
            Some("on") => Some(true),
            Some("off") => Some(false),
            Some(other) => {
                return Err(format!("expected advertiseTrustStoreCaNames on or off: {other}"));
            }
        };
        let expiry = self.ignoreclientcertificateexpiry;
        let mutual = match self.mode.as_deref().unwrap_or_default() {
            "verify" if trust_store.is_empty() => {
                return Err(format!("expected a trustStore for mode verify of port {port}"));
            }
            "verify" => Mutual::Verify(Verify {
                trust_store,
                ignore_expiry: expiry.unwrap_or(false),
                advertise,
            }),
            mode @ ("off" | "passthrough") => {
                if !trust_store.is_empty() || expiry.is_some() || advertise.is_some() {
                    return Err(format!(
                        "expected no more than the mode, which is {mode}, for port {port}"
                    ));
                }
                if mode == "off" { Mutual::Off } else { Mutual::Passthrough }
            }
            mode => return Err(format!("expected mode off, passthrough or verify: {mode:?}")),
        };
        Ok((port, mutual))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_verification_can_mean_is_refused_elsewhere() {
        let verify = |advertise| {
            Mutual::Verify(Verify { trust_store: "store".into(), ignore_expiry: true, advertise })
        };
        let good = [
            (r#"[{"port": 1, "mode": "off", "trustStore": ""}]"#, vec![(1, Mutual::Off)]),
            (r#"[{"PORT": 1, "Mode": "passthrough", "x": 1}]"#, vec![(1, Mutual::Passthrough)]),
            (
                r#"[{"port": 2, "mode": "verify", "truststore": "store",
                    "ignoreClientCertificateExpiry": true, "advertiseTrustStoreCaNames": "on"}]"#,
                vec![(2, verify(Some(true)))],
            ),
            (
                r#"[{"port": 1, "mode": "off"}, {"port": 1, "mode": "passthrough"}]"#,
                vec![(1, Mutual::Passthrough)],
            ),
        ];
        for (text, want) in good {
            assert_eq!(by_port(text), Ok(want.into_iter().collect()), "{text}");
        }
        for text in [
            "[]",
            "{}",
            "off",
            r#"[{"mode": "off"}]"#,
            r#"[{"port": "443", "mode": "off"}]"#,
            r#"[{"port": 443}]"#,
            r#"[{"port": 443, "mode": "verify"}]"#,
            r#"[{"port": 443, "mode": "off", "ignoreClientCertificateExpiry": false}]"#,
            r#"[{"port": 443, "mode": "verify", "trustStore": "a", "advertiseTrustStoreCaNames": ""}]"#,
            r#"[{"port": 443, "mode": "off"}, {"port": 444, "mode": "on"}]"#,
        ] {
            assert!(by_port(text).is_err(), "{text}");
        }
    }
}
