//! The flags of ExternalDNS v0.22 about the process, zones, policy, registry and Route 53.

use super::{Flag, Kind};

const AT_ONCE: &str = "changes in the cluster are acted on at once";
const OWN_BATCHES: &str = "batches are cut by what the provider takes";
const ZONE_CACHE: &str =
    "a zone is read once, then kept by what is written; --interval reads it again";
const NO_ENCRYPTION: &str = "encrypted ownership records are not built yet";
const NO_DYNAMODB: &str = "only the registry dynamodb reads it, which is not built yet";

/// Registries, built or not.
const REGISTRIES: &[&str] = &["txt", "noop", "dynamodb", "aws-sd", "crd"];

/// The process, zones, policy, registry, Route 53.
#[rustfmt::skip] // a table: one line a flag
pub(super) const FLAGS: &[Flag] = &[
    Flag::new("server", Kind::Text, "", "URL of the API server instead of the kubeconfig's"),
    Flag::new("request-timeout", Kind::Duration, "30s", "Deprecated name of --kube-api-request-timeout; another value than 30s counts"),
    Flag::new("kube-api-request-timeout", Kind::Duration, "30s", "How long one request to the API server may take; 0: for ever. Watches are not bound by it"),
    Flag::new("kube-api-qps", Kind::Number, "0", "Requests a second to the API server; 0: as many as it takes (ExternalDNS's default: 5)"),
    Flag::new("kube-api-burst", Kind::Number, "0", "Requests that may go at once (ExternalDNS's default: 10)"),
    Flag::new("namespace", Kind::Text, "", "Only names of this namespace's objects; not given: all"),
    Flag::new("interval", Kind::Duration, "1m", "How long until a zone is read again where nothing changed"),
    Flag::new("min-event-sync-interval", Kind::Duration, "5s", "Pause between passes that events cause").no_effect(AT_ONCE),
    Flag::new("once", Kind::Bool, "false", "Settle once and end (`run`, `local`); 1: something failed"),
    Flag::new("dry-run", Kind::Bool, "false", "Write nothing, tell what would be written"),
    Flag::new("events", Kind::Bool, "false", "Act on changes of sources").no_effect(AT_ONCE),
    Flag::new("listen-endpoint-events", Kind::Bool, "false", "Act on changes of EndpointSlices").no_effect(AT_ONCE),
    Flag::new("events-emit", Kind::Choices(&["RecordReady", "RecordError", "RecordDeleted"]), "", "Events to write for records (repeat)").no_effect("Events say what a person must know; records as such have none yet"),
    Flag::new("log-format", Kind::Choice(&["text", "json"]), "text", "How it is told"),
    Flag::new("metrics-address", Kind::Text, "", "A second place for /metrics and /healthz (ExternalDNS's default: :7979); not given: none"),
    Flag::new("min-ttl", Kind::Duration, "0s", "TTL of records that have none").default_only("records without a TTL get 300 s"),
    // zones
    Flag::new("provider", Kind::Choice(PROVIDERS), "", "Where the zones are; today: aws"),
    Flag::new("provider-cache-time", Kind::Duration, "0s", "How long a provider's records are kept").no_effect(ZONE_CACHE),
    Flag::new("domain-filter", Kind::Repeat, "", "Only names under these domains (repeat)"),
    Flag::new("exclude-domains", Kind::Repeat, "", "No names under these domains (repeat)"),
    Flag::new("regex-domain-filter", Kind::Text, "", "Only names that match").default_only("filters by regular expression are not built yet"),
    Flag::new("regex-domain-exclusion", Kind::Text, "", "No names that match").default_only("filters by regular expression are not built yet"),
    Flag::new("zone-name-filter", Kind::Repeat, "", "Only zones of these names (repeat)").no_effect("ExternalDNS reads it for Azure only"),
    Flag::new("zone-id-filter", Kind::Repeat, "", "Only zones whose id ends so (repeat)"),
    Flag::new("policy", Kind::Choice(&["sync", "upsert-only", "create-only"]), "", "What may happen to records; `run` with a --source needs it, elsewhere it is `sync`"),
    // registry
    Flag::new("registry", Kind::Choice(REGISTRIES), "txt", "Where ownership is written; today: txt"),
    Flag::new("crd-registry-namespace", Kind::Text, "", "Namespace of the registry's objects").no_effect("only the registry crd reads it, which is not built yet"),
    Flag::new("txt-owner-id", Kind::Text, "default", "Who we are in ownership records"),
    Flag::new("txt-prefix", Kind::Text, "", "Prefix of ownership records' names; not with --txt-suffix"),
    Flag::new("txt-suffix", Kind::Text, "", "Suffix of ownership records' first label"),
    Flag::new("txt-wildcard-replacement", Kind::Text, "", "Stands for * in ownership records' names"),
    Flag::new("txt-encrypt-enabled", Kind::Bool, "false", "Encrypt ownership records").default_only(NO_ENCRYPTION),
    Flag::new("txt-encrypt-aes-key", Kind::Secret, "", "Key of encrypted ownership records").default_only(NO_ENCRYPTION),
    Flag::new("txt-cache-interval", Kind::Duration, "0s", "How long ownership records are kept").no_effect(ZONE_CACHE),
    Flag::new("migrate-from-txt-owner", Kind::Text, "", "Take the records of this owner over"),
    Flag::new("dynamodb-region", Kind::Text, "", "Region of the registry's table").no_effect(NO_DYNAMODB),
    Flag::new("dynamodb-table", Kind::Text, "external-dns", "The registry's table").no_effect(NO_DYNAMODB),
    Flag::new("batch-change-size", Kind::Number, "200", "Records in one batch").no_effect(OWN_BATCHES),
    Flag::new("batch-change-interval", Kind::Duration, "1s", "Pause between batches").no_effect(OWN_BATCHES),
    // Route 53
    Flag::new("aws-zone-type", Kind::Choice(&["", "public", "private"]), "", "Only zones of this type"),
    Flag::new("aws-zone-tags", Kind::Repeat, "", "Only zones with these tags (repeat)").default_only("zones are not chosen by tags yet"),
    Flag::new("aws-profile", Kind::Repeat, "", "Profiles whose accounts hold zones (repeat)").default_only("zones of one account are served: the one of AWS_PROFILE"),
    Flag::new("aws-assume-role", Kind::Text, "", "Role that zones are written with").default_only("zones are written with the process's own credentials; a profile with role_arn assumes one"),
    Flag::new("aws-assume-role-external-id", Kind::Secret, "", "External id for that role").default_only("as --aws-assume-role"),
    Flag::new("aws-batch-change-size", Kind::Number, "1000", "Records in one batch").no_effect(OWN_BATCHES),
    Flag::new("aws-batch-change-size-bytes", Kind::Number, "32000", "Bytes in one batch").no_effect(OWN_BATCHES),
    Flag::new("aws-batch-change-size-values", Kind::Number, "1000", "Values in one batch").no_effect(OWN_BATCHES),
    Flag::new("aws-batch-change-interval", Kind::Duration, "1s", "Pause between batches").no_effect("Route 53's own answers set the pace"),
    Flag::new("aws-evaluate-target-health", Kind::Bool, "true", "Let alias records follow the health of their targets"),
    Flag::new("aws-api-retries", Kind::Number, "3", "Attempts of a call").no_effect("--aws-max-retries is for all services"),
    Flag::new("aws-prefer-cname", Kind::Bool, "false", "CNAME instead of alias records"),
    Flag::new("aws-zones-cache-duration", Kind::Duration, "0s", "How long the list of zones is kept").no_effect(ZONE_CACHE),
    Flag::new("aws-zone-match-parent", Kind::Bool, "false", "A filter below a zone admits the zone").no_effect("a zone is served for the names that the filters admit, whether they name it or what is below it"),
];

/// Providers, built or not.
#[rustfmt::skip] // a list to be searched
const PROVIDERS: &[&str] = &[
    "alibabacloud", "aws", "aws-sd", "azure", "azure-dns", "azure-private-dns", "civo", "cloudflare", "coredns",
    "dnsimple", "exoscale", "godaddy", "google", "inmemory", "linode", "ns1", "oci", "ovh", "pdns", "pihole",
    "rfc2136", "scaleway", "skydns", "webhook",
];
