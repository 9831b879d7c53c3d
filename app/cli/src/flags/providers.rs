//! The flags of ExternalDNS v0.22 that only one provider reads. None of these providers is built yet, and
//! `--provider` refuses them: the flags are taken so that one set of arguments can serve a migration.

use super::{Flag, Kind};

const NOT_BUILT: &str = "only a provider reads it that is not built yet";

const fn text(name: &'static str, default: &'static str, doc: &'static str) -> Flag {
    Flag::new(name, Kind::Text, default, doc).no_effect(NOT_BUILT)
}

const fn secret(name: &'static str, doc: &'static str) -> Flag {
    Flag::new(name, Kind::Secret, "", doc).no_effect(NOT_BUILT)
}

const fn switch(name: &'static str, doc: &'static str) -> Flag {
    Flag::new(name, Kind::Bool, "false", doc).no_effect(NOT_BUILT)
}

const fn number(name: &'static str, default: &'static str, doc: &'static str) -> Flag {
    Flag::new(name, Kind::Number, default, doc).no_effect(NOT_BUILT)
}

const fn time(name: &'static str, default: &'static str, doc: &'static str) -> Flag {
    Flag::new(name, Kind::Duration, default, doc).no_effect(NOT_BUILT)
}

const fn repeat(name: &'static str, doc: &'static str) -> Flag {
    Flag::new(name, Kind::Repeat, "", doc).no_effect(NOT_BUILT)
}

/// By provider.
#[rustfmt::skip] // a table: one line a flag
pub(super) const FLAGS: &[Flag] = &[
    switch("aws-sd-service-cleanup", "Cloud Map: delete services without endpoints"),
    repeat("aws-sd-create-tag", "Cloud Map: tags of new services, k=v (repeat)"),
    text("google-project", "", "Google: project of the zones"),
    number("google-batch-change-size", "1000", "Google: records in one batch"),
    time("google-batch-change-interval", "1s", "Google: pause between batches"),
    text("google-zone-visibility", "", "Google: public or private zones only"),
    text("azure-config-file", "/etc/kubernetes/azure.json", "Azure: file with access"),
    text("azure-resource-group", "", "Azure: resource group of the zones"),
    text("azure-subscription-id", "", "Azure: subscription"),
    text("azure-user-assigned-identity-client-id", "", "Azure: identity"),
    time("azure-zones-cache-duration", "0s", "Azure: how long the list of zones is kept"),
    Flag::new("azure-maxretries-count", Kind::Text, "3", "Azure: how often a call is tried again; negative: not").no_effect(NOT_BUILT),
    switch("cloudflare-proxied", "Cloudflare: proxy records"),
    switch("cloudflare-custom-hostnames", "Cloudflare: custom hostnames"),
    text("cloudflare-custom-hostnames-min-tls-version", "1.0", "Cloudflare: their least TLS version"),
    text("cloudflare-custom-hostnames-certificate-authority", "none", "Cloudflare: their authority"),
    number("cloudflare-dns-records-per-page", "100", "Cloudflare: records in one answer"),
    switch("cloudflare-regional-services", "Cloudflare: regional services"),
    text("cloudflare-region-key", "", "Cloudflare: region"),
    text("cloudflare-record-comment", "", "Cloudflare: comment on records"),
    text("alibaba-cloud-config-file", "/etc/kubernetes/alibaba-cloud.json", "Alibaba Cloud: file with access"),
    text("alibaba-cloud-zone-type", "", "Alibaba Cloud: public or private zones only"),
    text("coredns-prefix", "/skydns/", "CoreDNS: prefix of keys"),
    switch("coredns-strictly-owned", "CoreDNS: only keys of this owner"),
    text("oci-config-file", "/etc/kubernetes/oci.yaml", "Oracle: file with access"),
    text("oci-compartment-ocid", "", "Oracle: compartment"),
    text("oci-zone-scope", "GLOBAL", "Oracle: GLOBAL or PRIVATE zones only"),
    switch("oci-auth-instance-principal", "Oracle: the instance's own identity"),
    time("oci-zones-cache-duration", "0s", "Oracle: how long the list of zones is kept"),
    text("ovh-endpoint", "ovh-eu", "OVH: endpoint"),
    number("ovh-api-rate-limit", "20", "OVH: calls a second"),
    switch("ovh-enable-cname-relative", "OVH: relative CNAMEs"),
    repeat("inmemory-zone", "In memory: zones (repeat)"),
    text("pdns-server", "http://localhost:8081", "PowerDNS: server"),
    text("pdns-server-id", "localhost", "PowerDNS: id of the server"),
    secret("pdns-api-key", "PowerDNS: key"),
    switch("pdns-skip-tls-verify", "PowerDNS: trust any certificate"),
    text("tls-ca", "", "PowerDNS, RFC 2136: authority"),
    text("tls-client-cert", "", "PowerDNS, RFC 2136: our certificate"),
    text("tls-client-cert-key", "", "PowerDNS, RFC 2136: its key"),
    text("ns1-endpoint", "", "NS1: endpoint"),
    switch("ns1-ignoressl", "NS1: trust any certificate"),
    number("ns1-min-ttl", "0", "NS1: least TTL, in seconds"),
    secret("godaddy-api-key", "GoDaddy: key"),
    secret("godaddy-api-secret", "GoDaddy: secret"),
    number("godaddy-api-ttl", "0", "GoDaddy: TTL, in seconds"),
    switch("godaddy-api-ote", "GoDaddy: the test environment"),
    text("exoscale-apienv", "api", "Exoscale: environment"),
    text("exoscale-apizone", "ch-gva-2", "Exoscale: zone"),
    secret("exoscale-apikey", "Exoscale: key"),
    secret("exoscale-apisecret", "Exoscale: secret"),
    time("exoscale-zones-cache-duration", "0s", "Exoscale: how long the list of zones is kept"),
    text("pihole-server", "", "Pi-hole: server"),
    secret("pihole-password", "Pi-hole: password"),
    switch("pihole-tls-skip-verify", "Pi-hole: trust any certificate"),
    repeat("rfc2136-host", "RFC 2136: servers (repeat)"),
    number("rfc2136-port", "0", "RFC 2136: port"),
    repeat("rfc2136-zone", "RFC 2136: zones (repeat)"),
    switch("rfc2136-insecure", "RFC 2136: no TSIG"),
    text("rfc2136-tsig-keyname", "", "RFC 2136: name of the key"),
    secret("rfc2136-tsig-secret", "RFC 2136: the key"),
    text("rfc2136-tsig-secret-alg", "", "RFC 2136: its algorithm"),
    switch("rfc2136-axfr", "RFC 2136: list records by zone transfer"),
    switch("rfc2136-tsig-axfr", "RFC 2136: deprecated name of --rfc2136-axfr"),
    time("rfc2136-min-ttl", "0s", "RFC 2136: least TTL"),
    switch("rfc2136-gss-tsig", "RFC 2136: GSS-TSIG"),
    text("rfc2136-kerberos-username", "", "RFC 2136: Kerberos user"),
    secret("rfc2136-kerberos-password", "RFC 2136: Kerberos password"),
    text("rfc2136-kerberos-realm", "", "RFC 2136: Kerberos realm"),
    number("rfc2136-batch-change-size", "50", "RFC 2136: records in one update"),
    switch("rfc2136-use-tls", "RFC 2136: over TLS"),
    switch("rfc2136-skip-tls-verify", "RFC 2136: trust any certificate"),
    text("rfc2136-load-balancing-strategy", "disabled", "RFC 2136: which server is asked"),
    text("webhook-provider-url", "http://localhost:8888", "Webhook: the provider's URL"),
    time("webhook-provider-read-timeout", "5s", "Webhook: how long an answer may take"),
    time("webhook-provider-write-timeout", "10s", "Webhook: how long a question may take"),
    time("webhook-provider-read-header-timeout", "5s", "Webhook server: how long headers may take"),
    time("webhook-provider-idle-timeout", "30s", "Webhook server: how long a connection may rest"),
    number("webhook-provider-max-body-size", "33554432", "Webhook: bytes of an answer; 0: no bound"),
    Flag::new("webhook-server", Kind::Bool, "false", "Be a webhook provider").default_only("inroad is no webhook provider yet"),
];
