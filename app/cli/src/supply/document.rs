//! The estate as a document of the account, in the API's own member names.

use std::collections::BTreeSet;

use inroad_emulator::ec2::Ec2;
use serde_json::{Value, json};

use super::{account::Estate, names};

const ZONES: [&str; 3] = ["a", "b", "c"];

impl Estate {
    /// What of the document the account lacks. An account that has the VPC was furnished before, by us
    /// or by somebody who knows better: it gets what manifests name, and nothing else.
    pub(super) fn missing(&self, there: &Ec2) -> Value {
        let mut document = self.document();
        let addresses: BTreeSet<String> = there
            .interfaces
            .values()
            .flat_map(|interface| &interface.private_ip_addresses)
            .map(|address| address.private_ip_address.to_string())
            .collect();
        keep(&mut document["NetworkInterfaces"], |it| {
            it["PrivateIpAddress"].as_str().is_none_or(|address| !addresses.contains(address))
        });
        if there.vpcs.contains_key(&self.vpc) {
            for list in ["RouteTables", "InternetGateways"] {
                document[list] = json!([]);
            }
            let subnets = there.subnets.values().map(|it| (&it.subnet_id, it.tags.get("Name")));
            let known = names_of(subnets);
            keep(&mut document["Subnets"], |it| lacks(it, "SubnetId", &self.subnets, &known));
            let groups = there.groups.values().map(|it| (&it.group_id, it.tags.get("Name")));
            let known = names_of(groups);
            let named: Vec<String> = self.groups.iter().cloned().collect();
            keep(&mut document["SecurityGroups"], |it| lacks(it, "GroupId", &named, &known));
        }
        document
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

fn tag(key: &str, value: &str) -> Value {
    json!({"Key": key, "Value": value})
}

fn ipv6(block: &str) -> Value {
    json!({
        "AssociationId": names::id("vpc-cidr-assoc", block), "Ipv6CidrBlock": block,
        "Ipv6CidrBlockState": {"State": "associated"},
    })
}

fn keep(list: &mut Value, wanted: impl Fn(&Value) -> bool) {
    if let Some(items) = list.as_array_mut() {
        items.retain(wanted);
    }
}

/// Ids and `Name` tags.
fn names_of<'a>(all: impl Iterator<Item = (&'a String, Option<&'a String>)>) -> BTreeSet<&'a str> {
    all.flat_map(|(id, name)| [Some(id.as_str()), name.map(String::as_str)]).flatten().collect()
}

/// Whether a resource is one that manifests name, and that the account does not know.
fn lacks(resource: &Value, id: &str, named: &[String], known: &BTreeSet<&str>) -> bool {
    let tags = resource["Tags"].as_array().into_iter().flatten();
    let name = tags.filter(|tag| tag["Key"] == "Name").find_map(|tag| tag["Value"].as_str());
    let called = [name, resource[id].as_str()];
    let is = |it: &str| called.contains(&Some(it));
    named.iter().any(|it| is(it)) && !known.iter().any(|it| is(it))
}
