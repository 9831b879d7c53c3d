//! The part of the AWS account that was there before the controller came: the VPC with its subnets, the
//! nodes, and whatever the manifests name (zones, certificates, security groups, prefix lists).

use std::collections::{BTreeMap, BTreeSet};

use inroad_emulator::{Account, Emulator, acm, seed};
use inroad_world::{World, crd::IngressClassParams};
use k8s_openapi::{
    api::{core::v1::Node, core::v1::Service, networking::v1::Ingress},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use serde_json::{Value, json};

use super::{cluster::Wiring, names};

const ZONES: [&str; 3] = ["a", "b", "c"];
const ALB: &str = "alb.ingress.kubernetes.io/";
const DNS: [&str; 2] = ["external-dns.alpha.kubernetes.io/", "external-dns.kubernetes.io/"];

/// What the account must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Estate {
    pub(crate) vpc: String,
    region: String,
    cluster: String,
    /// Instance id -> address.
    nodes: BTreeMap<String, Option<String>>,
    /// Addresses of pods.
    pods: BTreeSet<String>,
    /// Names of hosted zones.
    zones: BTreeSet<String>,
    /// ARN, or the host where the manifests name none -> names that it covers.
    certificates: BTreeMap<String, BTreeSet<String>>,
    groups: BTreeSet<String>,
    subnets: Vec<String>,
    prefix_lists: BTreeSet<String>,
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
        };
        for (_, ingress) in world.all::<Ingress>() {
            estate.read(ingress);
        }
        for (_, service) in world.all::<Service>() {
            estate.claim(claimed(&service.metadata));
        }
        for (_, params) in world.all::<IngressClassParams>() {
            let spec = &params.spec;
            let ids = spec.subnets.iter().flat_map(|subnets| subnets.ids.iter().cloned());
            estate.name_subnets(ids);
            estate.prefix_lists.extend(spec.prefix_lists_ids.iter().cloned());
            for arn in &spec.certificate_arn {
                estate.certificates.entry(arn.clone()).or_default();
            }
        }
        estate
    }

    fn read(&mut self, ingress: &Ingress) {
        let meta = &ingress.metadata;
        let hosts = hosts(ingress);
        let arns = list(meta, "certificate-arn");
        let secure = list(meta, "listen-ports").concat().contains("HTTPS");
        for arn in &arns {
            self.certificates.entry(arn.clone()).or_default().extend(hosts.iter().cloned());
        }
        if arns.is_empty() && secure {
            for host in &hosts {
                self.certificates.insert(host.clone(), BTreeSet::from([host.clone()]));
            }
        }
        self.claim(hosts.into_iter().chain(claimed(meta)));
        self.groups.extend(list(meta, "security-groups"));
        self.prefix_lists.extend(list(meta, "security-group-prefix-lists"));
        self.name_subnets(list(meta, "subnets"));
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

    /// The state file's form of all this.
    fn document(&self) -> Value {
        let nodes = self.nodes();
        let interfaces =
            nodes.iter().flat_map(|node| node["NetworkInterfaces"].as_array().cloned());
        json!({
            "Vpcs": [self.vpc()],
            "Subnets": self.all_subnets(),
            "RouteTables": self.route_tables(),
            "SecurityGroups": self.security_groups(),
            "NetworkInterfaces": interfaces.flatten().collect::<Vec<_>>(),
            "Instances": nodes,
            "InternetGateways": [{
                "InternetGatewayId": names::id("igw", "local"), "Tags": [],
                "Attachments": [{"State": "available", "VpcId": self.vpc}],
            }],
            "PrefixLists": self.prefix_lists.iter().map(|id| json!({
                "PrefixListId": id, "PrefixListName": id, "AddressFamily": "IPv4", "MaxEntries": 10,
                "Version": 1, "State": "create-complete", "OwnerId": "000000000000", "Tags": [],
                "Entries": [{"Cidr": "10.0.0.0/8"}],
            })).collect::<Vec<_>>(),
        })
    }

    fn vpc(&self) -> Value {
        json!({
            "VpcId": self.vpc, "CidrBlock": "10.0.0.0/16", "State": "available", "IsDefault": false,
            "OwnerId": "000000000000",
            "Ipv6CidrBlockAssociationSet": [ipv6("2600:1f14:a00:ff00::/56")],
            "Tags": [tag("Name", "local")],
        })
    }

    fn all_subnets(&self) -> Vec<Value> {
        let role = |prefix: &'static str, role: &'static str, base: usize| {
            ZONES.iter().enumerate().map(move |(n, zone)| {
                (format!("{prefix}-{zone}"), *zone, (base + n) * 16, 20, vec![tag(role, "1")])
            })
        };
        let named =
            self.subnets.iter().enumerate().map(|(n, name)| {
                (name.clone(), ZONES[n % ZONES.len()], 96 + n % 32, 24, Vec::new())
            });
        let pods = [("pods".to_owned(), "a", 128, 17, Vec::new())];
        role("public", "kubernetes.io/role/elb", 0)
            .chain(role("private", "kubernetes.io/role/internal-elb", 3))
            .chain(named)
            .chain(pods)
            .map(|(name, zone, octet, bits, mut tags)| {
                tags.push(tag("Name", &name));
                json!({
                    "SubnetId": self.subnet_id(&name), "VpcId": self.vpc, "State": "available",
                    "OwnerId": "000000000000",
                    "CidrBlock": format!("10.0.{octet}.0/{bits}"),
                    "AvailabilityZone": format!("{}{zone}", self.region),
                    "AvailabilityZoneId": format!("local-az-{zone}"),
                    "Ipv6CidrBlockAssociationSet": [ipv6(&format!("2600:1f14:a00:ff{octet:02x}::/64"))],
                    "Tags": tags,
                })
            })
            .collect()
    }

    fn subnet_id(&self, name: &str) -> String {
        if name.starts_with("subnet-") { name.to_owned() } else { names::id("subnet", name) }
    }

    fn route_tables(&self) -> Vec<Value> {
        let local = json!({
            "DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local",
            "Origin": "CreateRouteTable", "State": "active",
        });
        let out = json!({
            "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": names::id("igw", "local"),
            "Origin": "CreateRoute", "State": "active",
        });
        let [main, public] = ["main", "public"].map(|name| names::id("rtb", name));
        let association = |name: &str, table: &str| {
            json!({
                "RouteTableAssociationId": names::id("rtbassoc", name), "RouteTableId": table,
                "AssociationState": {"State": "associated"},
            })
        };
        let mut main_association = association("main", &main);
        main_association["Main"] = true.into();
        let public_associations: Vec<Value> = ZONES
            .iter()
            .map(|zone| {
                let name = format!("public-{zone}");
                let mut association = association(&name, &public);
                association["SubnetId"] = self.subnet_id(&name).into();
                association["Main"] = false.into();
                association
            })
            .collect();
        vec![
            json!({"RouteTableId": main, "VpcId": self.vpc, "Routes": [local],
                "Associations": [main_association], "Tags": []}),
            json!({"RouteTableId": public, "VpcId": self.vpc, "Routes": [local, out],
                "Associations": public_associations, "Tags": []}),
        ]
    }

    fn security_groups(&self) -> Vec<Value> {
        let group = |name: &str, id: String, tags: Vec<Value>| {
            json!({
                "GroupId": id, "GroupName": name, "Description": name, "VpcId": self.vpc,
                "OwnerId": "000000000000", "IpPermissions": [],
                "IpPermissionsEgress": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
                "Tags": tags,
            })
        };
        let owned = tag(&format!("kubernetes.io/cluster/{}", self.cluster), "owned");
        let nodes = group("nodes", names::id("sg", "nodes"), vec![owned, tag("Name", "nodes")]);
        let named = self.groups.iter().map(|name| {
            let id = if name.starts_with("sg-") { name.clone() } else { names::id("sg", name) };
            group(name, id, vec![tag("Name", name)])
        });
        std::iter::once(nodes).chain(named).collect()
    }

    /// Instances with their interfaces; the first carries those of the pods too, one for each.
    fn nodes(&self) -> Vec<Value> {
        let mut taken = BTreeSet::new();
        self.nodes
            .iter()
            .enumerate()
            .map(|(n, (id, address))| {
                let address = address.clone().unwrap_or_else(|| {
                    names::address(&format!("node/{id}"), &mut taken).to_string()
                });
                let zone = ZONES[n % ZONES.len()];
                let mut interfaces = vec![self.interface(id, &format!("public-{zone}"), &address)];
                if n == 0 {
                    let pods = self.pods.iter();
                    interfaces.extend(
                        pods.map(|pod| self.interface(&format!("{id}/{pod}"), "pods", pod)),
                    );
                }
                json!({
                    "InstanceId": id, "State": {"Code": 16, "Name": "running"}, "VpcId": self.vpc,
                    "SubnetId": self.subnet_id(&format!("public-{zone}")),
                    "PrivateIpAddress": address, "InstanceType": "m7g.large",
                    "Placement": {"AvailabilityZone": format!("{}{zone}", self.region)},
                    "SecurityGroups": [{"GroupId": names::id("sg", "nodes"), "GroupName": "nodes"}],
                    "NetworkInterfaces": interfaces, "Tags": [],
                })
            })
            .collect()
    }

    /// `what`: an instance, or `instance/pod`.
    fn interface(&self, what: &str, subnet: &str, address: &str) -> Value {
        let instance = what.split('/').next().unwrap_or(what);
        json!({
            "NetworkInterfaceId": names::id("eni", what), "VpcId": self.vpc,
            "SubnetId": self.subnet_id(subnet), "Status": "in-use", "InterfaceType": "interface",
            "Description": "", "PrivateIpAddress": address,
            "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": address}],
            "Groups": [{"GroupId": names::id("sg", "nodes"), "GroupName": "nodes"}],
            "Attachment": {
                "AttachmentId": names::id("eni-attach", what), "InstanceId": instance,
                "DeviceIndex": i32::from(what != instance), "Status": "attached",
                "DeleteOnTermination": true,
            },
            "TagSet": [],
        })
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
        seed::restore(&mut account, &estate.document()).map_err(anyhow::Error::msg)?;
        for (key, names) in &estate.certificates {
            let names: Vec<String> = names.iter().cloned().collect();
            notes.extend(certify(&mut account, key, &names));
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

fn tag(key: &str, value: &str) -> Value {
    json!({"Key": key, "Value": value})
}

fn ipv6(block: &str) -> Value {
    json!({
        "AssociationId": names::id("vpc-cidr-assoc", block), "Ipv6CidrBlock": block,
        "Ipv6CidrBlockState": {"State": "associated"},
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

fn list(meta: &ObjectMeta, suffix: &str) -> Vec<String> {
    let value = meta.annotations.as_ref().and_then(|all| all.get(&format!("{ALB}{suffix}")));
    let items = value.into_iter().flat_map(|value| value.split(','));
    items.map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
}
