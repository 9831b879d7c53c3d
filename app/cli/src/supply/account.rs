//! The part of the AWS account that was there before the controller came: the VPC with its subnets, the
//! nodes, and whatever the manifests name (zones, certificates, security groups, prefix lists).

use std::collections::{BTreeMap, BTreeSet};

use inroad_emulator::{Account, Emulator, acm, seed, wafv2};
use inroad_world::{World, crd::IngressClassParams};
use k8s_openapi::{
    api::{core::v1::Node, core::v1::Service, networking::v1::Ingress},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use serde_json::{Value, json};

use super::{cluster::Wiring, names};

const ALB: &str = "alb.ingress.kubernetes.io/";
const NLB: &str = "service.beta.kubernetes.io/aws-load-balancer-";
const DNS: [&str; 2] = ["external-dns.alpha.kubernetes.io/", "external-dns.kubernetes.io/"];

/// What the account must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Estate {
    pub(crate) vpc: String,
    pub(super) region: String,
    pub(super) cluster: String,
    /// Instance id -> address.
    pub(super) nodes: BTreeMap<String, Option<String>>,
    /// Addresses of pods.
    pub(super) pods: BTreeSet<String>,
    /// Names of hosted zones.
    zones: BTreeSet<String>,
    /// ARN, or the host where the manifests name none -> names that it covers.
    certificates: BTreeMap<String, BTreeSet<String>>,
    pub(super) groups: BTreeSet<String>,
    pub(super) subnets: Vec<String>,
    pub(super) prefix_lists: BTreeSet<String>,
    /// Names or ARNs.
    trust_stores: BTreeSet<String>,
    /// ARNs and names of web ACLs.
    web_acls: BTreeSet<String>,
}

impl Estate {
    /// What this world's objects take for granted.
    pub(crate) fn of(
        world: &World,
        wiring: &Wiring,
        (region, cluster, vpc): (&str, &str, &str),
    ) -> Self {
        let mut estate = Self {
            vpc: if vpc.is_empty() { names::id("vpc", "local") } else { vpc.to_owned() },
            region: region.to_owned(),
            cluster: cluster.to_owned(),
            nodes: world.all::<Node>().filter_map(|(_, node)| instance(node)).collect(),
            pods: wiring.pods.keys().map(|(address, _)| address.clone()).collect(),
            zones: BTreeSet::new(),
            certificates: BTreeMap::new(),
            groups: BTreeSet::new(),
            subnets: Vec::new(),
            prefix_lists: BTreeSet::new(),
            trust_stores: BTreeSet::new(),
            web_acls: BTreeSet::new(),
        };
        for (_, ingress) in world.all::<Ingress>() {
            estate.read(ingress);
        }
        for (_, service) in world.all::<Service>() {
            let meta = &service.metadata;
            estate.claim(claimed(meta));
            let said = |suffix: &str| words(meta, &format!("{NLB}{suffix}"));
            estate.groups.extend(said("security-groups"));
            estate.prefix_lists.extend(said("security-group-prefix-lists"));
            estate.name_subnets(said("subnets"));
        }
        for (_, params) in world.all::<IngressClassParams>() {
            let spec = &params.spec;
            let ids = spec.subnets.iter().flat_map(|subnets| subnets.ids.iter().cloned());
            estate.name_subnets(ids);
            estate.prefix_lists.extend(spec.prefix_lists_ids.iter().cloned());
            let acls = spec.wafv2_acl_arn.iter().chain(&spec.wafv2_acl_name);
            estate.web_acls.extend(acls.filter(|acl| is_web_acl(acl)).cloned());
            for arn in &spec.certificate_arn {
                estate.certificates.entry(arn.clone()).or_default();
            }
        }
        estate
    }

    fn read(&mut self, ingress: &Ingress) {
        let meta = &ingress.metadata;
        let hosts = hosts(ingress);
        let mut arns = list(meta, "certificate-arn");
        let secure = list(meta, "listen-ports").concat().contains("HTTPS");
        // What is no ARN is a mistake that must show, not a certificate to be supplied.
        let named = !arns.is_empty();
        arns.retain(|arn| arn.starts_with("arn:"));
        for arn in &arns {
            self.certificates.entry(arn.clone()).or_default().extend(hosts.iter().cloned());
        }
        if !named && secure {
            for host in &hosts {
                self.certificates.insert(host.clone(), BTreeSet::from([host.clone()]));
            }
        }
        self.claim(hosts.into_iter().chain(claimed(meta)));
        self.groups.extend(list(meta, "security-groups"));
        self.prefix_lists.extend(list(meta, "security-group-prefix-lists"));
        self.name_subnets(list(meta, "subnets"));
        self.trust_stores.extend(trust_stores(meta));
        let acls = ["wafv2-acl-arn", "wafv2-acl-name"].map(|suffix| list(meta, suffix));
        self.web_acls.extend(acls.into_iter().flatten().filter(|acl| is_web_acl(acl)));
    }

    fn claim(&mut self, hosts: impl IntoIterator<Item = String>) {
        let zone = |host: String| {
            let host = host.trim_start_matches("*.").trim_end_matches('.').to_lowercase();
            psl::domain_str(&host).map(str::to_owned)
        };
        self.zones.extend(hosts.into_iter().filter_map(zone));
    }

    fn name_subnets(&mut self, subnets: impl IntoIterator<Item = String>) {
        for subnet in subnets {
            if !self.subnets.contains(&subnet) {
                self.subnets.push(subnet);
            }
        }
    }
}

/// Brings the account to hold the estate; what is there already, and whatever others made, stays.
/// Returns what was made of what manifests name, in words.
///
/// # Errors
/// The account refuses a document of ours.
pub(crate) fn furnish(emulator: &Emulator, estate: &Estate) -> anyhow::Result<Vec<String>> {
    let mut notes = Vec::new();
    {
        let mut account = emulator.account();
        let missing = estate.missing(&account.ec2);
        seed::restore(&mut account, &missing).map_err(anyhow::Error::msg)?;
        for (key, names) in &estate.certificates {
            let names: Vec<String> = names.iter().cloned().collect();
            notes.extend(certify(&mut account, key, &names));
        }
        for store in &estate.trust_stores {
            notes.extend(trust(&mut account, store));
        }
        for acl in &estate.web_acls {
            notes.extend(protect(&mut account, acl));
        }
    }
    emulator.touched();
    for zone in &estate.zones {
        notes.extend(host(emulator, zone));
    }
    Ok(notes)
}

/// A certificate by ARN, or for the host that `key` is, unless one is there that covers it.
fn certify(account: &mut Account, key: &str, names: &[String]) -> Option<String> {
    let named = key.starts_with("arn:");
    let mut all = account.acm.certificates.values();
    let there = all.any(|it| if named { it.arn == key } else { it.names.iter().any(|n| n == key) });
    if there {
        return None;
    }
    let domain = names.first().map_or("example.com", String::as_str);
    let issued = match named {
        true => acm::issue_with_arn(account, key, domain, names),
        false => acm::issue(account, domain, names).map(drop),
    };
    Some(match issued {
        Ok(()) => format!("certificate {key}"),
        Err(fault) => format!("no certificate {key}: {}", fault.message),
    })
}

/// A trust store by name or ARN, unless there is one. Whom it should trust is not in manifests: nobody.
fn trust(account: &mut Account, store: &str) -> Option<String> {
    let stores = &mut account.elbv2.trust_stores;
    if stores.values().any(|it| it.name == store || it.trust_store_arn == store) {
        return None;
    }
    let given = store.starts_with("arn:").then(|| store.to_owned());
    let arn = given.unwrap_or_else(|| {
        let place = "arn:aws:elasticloadbalancing:us-west-2:000000000000";
        format!("{place}:truststore/{store}/{}", names::id("ts", store))
    });
    let name = store.split('/').nth(1).unwrap_or(store);
    let made = json!({ "Name": name, "TrustStoreArn": arn, "Status": "ACTIVE" });
    let made = serde_json::from_value(made).ok()?;
    stores.insert(arn, made);
    Some(format!("trust store {store}, which trusts nobody (--state can hold one that does)"))
}

/// A web ACL of this ARN or name, unless there is one.
fn protect(account: &mut Account, acl: &str) -> Option<String> {
    if account.wafv2.web_acls.values().any(|it| it.arn == acl || it.name == acl) {
        return None;
    }
    let made = match acl.starts_with("arn:") {
        true => wafv2::add_with_arn(account, acl),
        false => {
            wafv2::add(account, acl);
            Ok(())
        }
    };
    Some(match made {
        Ok(()) => format!("web ACL {acl}"),
        Err(fault) => format!("no web ACL {acl}: {}", fault.message),
    })
}

/// Whether a value names a web ACL; `none` says that there is to be none.
fn is_web_acl(value: &str) -> bool {
    !value.is_empty() && value != "none"
}

/// A hosted zone of this name, unless there is one.
fn host(emulator: &Emulator, zone: &str) -> Option<String> {
    let question = json!({"DNSName": zone, "MaxItems": "1"});
    let answer = emulator.call("route53", "ListHostedZonesByName", &question).ok()?;
    let found = answer["HostedZones"][0]["Name"].as_str();
    if found.is_some_and(|name| name.trim_end_matches('.') == zone) {
        return None;
    }
    let input = json!({"Name": zone, "CallerReference": format!("supplied/{zone}")});
    Some(match emulator.call("route53", "CreateHostedZone", &input) {
        Ok(_) => format!("hosted zone {zone}"),
        Err(fault) => format!("no hosted zone {zone}: {}", fault.message),
    })
}

fn instance(node: &Node) -> Option<(String, Option<String>)> {
    let provider = node.spec.as_ref()?.provider_id.as_ref()?;
    let id = provider.rsplit('/').next().filter(|id| id.starts_with("i-"))?;
    let addresses = node.status.as_ref().and_then(|status| status.addresses.as_ref());
    let internal = addresses.into_iter().flatten().find(|a| a.type_ == "InternalIP");
    Some((id.to_owned(), internal.map(|a| a.address.clone())))
}

fn hosts(ingress: &Ingress) -> BTreeSet<String> {
    let spec = ingress.spec.iter();
    let rules = spec.clone().flat_map(|s| s.rules.iter().flatten()).filter_map(|r| r.host.clone());
    let tls =
        spec.flat_map(|s| s.tls.iter().flatten()).flat_map(|t| t.hosts.iter().flatten().cloned());
    rules.chain(tls).collect()
}

/// Hosts of the DNS annotations, under either prefix.
fn claimed(meta: &ObjectMeta) -> Vec<String> {
    let value = |key: &str| meta.annotations.as_ref()?.get(key).cloned();
    DNS.iter()
        .filter_map(|prefix| value(&format!("{prefix}hostname")))
        .flat_map(|hosts| hosts.split(',').map(|h| h.trim().to_owned()).collect::<Vec<_>>())
        .filter(|host| !host.is_empty())
        .collect()
}

/// Trust stores that `mutual-authentication` names; keys of its JSON know no case.
fn trust_stores(meta: &ObjectMeta) -> Vec<String> {
    let key = format!("{ALB}mutual-authentication");
    let text = meta.annotations.as_ref().and_then(|all| all.get(&key));
    let entries = text.and_then(|text| serde_json::from_str::<Vec<Value>>(text).ok());
    let entries = entries.unwrap_or_default();
    let members = entries.iter().filter_map(Value::as_object).flatten();
    let stores = members.filter(|(key, _)| key.eq_ignore_ascii_case("trustStore"));
    let named = stores.filter_map(|(_, store)| store.as_str().map(str::to_owned));
    named.filter(|store| !store.is_empty()).collect()
}

fn list(meta: &ObjectMeta, suffix: &str) -> Vec<String> {
    words(meta, &format!("{ALB}{suffix}"))
}

fn words(meta: &ObjectMeta, annotation: &str) -> Vec<String> {
    let value = meta.annotations.as_ref().and_then(|all| all.get(annotation));
    let items = value.into_iter().flat_map(|value| value.split(','));
    items.map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
}
