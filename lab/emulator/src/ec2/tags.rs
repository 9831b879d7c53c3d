//! Tags of EC2's resources: one set of rules for all kinds.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::describe::{self, Catalogue};
use super::state::Ec2;
use crate::{Account, Fault};

/// Key and value.
pub type Tags = BTreeMap<String, String>;

/// Tags as the API's list of `{Key, Value}`.
pub(crate) mod list {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::Value;

    use super::{Tags, from_list, to_list};

    pub(crate) fn serialize<S: Serializer>(tags: &Tags, to: S) -> Result<S::Ok, S::Error> {
        to_list(tags).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Tags, D::Error> {
        Ok(from_list(&Value::deserialize(from)?))
    }
}

/// `[{Key, Value}]` of tags.
pub(crate) fn to_list(tags: &Tags) -> Value {
    tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

/// Tags of `[{Key, Value}]`; a missing value is an empty one.
pub(crate) fn from_list(list: &Value) -> Tags {
    let items = list.as_array().into_iter().flatten();
    let pair = |tag: &Value| {
        let text = |name: &str| tag[name].as_str().unwrap_or_default().to_owned();
        (text("Key"), text("Value"))
    };
    items.map(pair).collect()
}

/// The tags that a request gives to the resource it makes.
pub(super) fn specified(account: &Account, input: &Value, kind: &str) -> Result<Tags, Fault> {
    let mut tags = Tags::new();
    for specification in input["TagSpecifications"].as_array().into_iter().flatten() {
        let given = specification["ResourceType"].as_str().unwrap_or_default();
        if given == kind {
            tags.extend(from_list(&specification["Tags"]));
        } else if kind != "instance" || !["volume", "network-interface"].contains(&given) {
            let message =
                format!("'{given}' is not a valid taggable resource type for this operation.");
            return Err(Fault::new("InvalidParameterValue", message));
        }
    }
    valid(account, &tags)?;
    Ok(tags)
}

fn valid(account: &Account, tags: &Tags) -> Result<(), Fault> {
    let bad = |message: &str| Err(Fault::new("InvalidParameterValue", message));
    for (key, value) in tags {
        if key.to_ascii_lowercase().starts_with("aws:") {
            return bad("Tag keys starting with 'aws:' are reserved for internal use");
        }
        if key.is_empty() || key.chars().count() > 127 {
            return bad("Tag key exceeds the maximum length of 127 characters");
        }
        if value.chars().count() > 256 {
            return bad("Tag value exceeds the maximum length of 256 characters");
        }
    }
    let limit = account.settings.quotas.tags_per_resource;
    if tags.len() > limit {
        let message = format!("More than {limit} tags specified for the resource");
        return Err(Fault::new("TagLimitExceeded", message));
    }
    Ok(())
}

impl Ec2 {
    /// The tags of any resource, by its id; the fault is the one for that kind of id.
    fn tags_mut(&mut self, id: &str) -> Result<&mut Tags, Fault> {
        let kind = id.split_once('-').map_or("", |(kind, _)| kind);
        let found = match kind {
            "vpc" => self.vpcs.get_mut(id).map(|vpc| &mut vpc.tags),
            "subnet" => self.subnets.get_mut(id).map(|subnet| &mut subnet.tags),
            "sg" => self.groups.get_mut(id).map(|group| &mut group.tags),
            "eni" => self.interfaces.get_mut(id).map(|interface| &mut interface.tag_set),
            "i" => self.instances.get_mut(id).map(|instance| &mut instance.tags),
            "rtb" => self.route_tables.get_mut(id).map(|table| &mut table.tags),
            "igw" => self.internet_gateways.get_mut(id).map(|gateway| &mut gateway.tags),
            "pl" => self.prefix_lists.get_mut(id).map(|list| &mut list.tags),
            "sgr" => {
                let mut rules = self.groups.values_mut().flat_map(|group| &mut group.rules);
                rules.find(|rule| rule.id == id).map(|rule| &mut rule.tags)
            }
            _ => return Err(Fault::new("InvalidID", format!("The ID '{id}' is not valid"))),
        };
        found.ok_or_else(|| not_found(kind, id))
    }

    /// Every tagged resource: kind, id, tags.
    pub(crate) fn tagged(&self) -> Vec<(&'static str, &str, &Tags)> {
        let mut all: Vec<(&'static str, &str, &Tags)> = Vec::new();
        all.extend(self.instances.iter().map(|(id, i)| ("instance", id.as_str(), &i.tags)));
        all.extend(
            self.internet_gateways.iter().map(|(id, g)| ("internet-gateway", id.as_str(), &g.tags)),
        );
        all.extend(
            self.interfaces.iter().map(|(id, i)| ("network-interface", id.as_str(), &i.tag_set)),
        );
        all.extend(self.prefix_lists.iter().map(|(id, l)| ("prefix-list", id.as_str(), &l.tags)));
        all.extend(self.route_tables.iter().map(|(id, t)| ("route-table", id.as_str(), &t.tags)));
        all.extend(self.groups.iter().map(|(id, g)| ("security-group", id.as_str(), &g.tags)));
        let rules = self.groups.values().flat_map(|group| &group.rules);
        all.extend(rules.map(|rule| ("security-group-rule", rule.id.as_str(), &rule.tags)));
        all.extend(self.subnets.iter().map(|(id, s)| ("subnet", id.as_str(), &s.tags)));
        all.extend(self.vpcs.iter().map(|(id, v)| ("vpc", id.as_str(), &v.tags)));
        all.retain(|(_, _, tags)| !tags.is_empty());
        all
    }
}

fn not_found(kind: &str, id: &str) -> Fault {
    let (code, noun) = match kind {
        "vpc" => ("InvalidVpcID.NotFound", "vpc"),
        "subnet" => ("InvalidSubnetID.NotFound", "subnet"),
        "sg" => ("InvalidGroup.NotFound", "securityGroup"),
        "eni" => ("InvalidNetworkInterfaceID.NotFound", "networkInterface"),
        "i" => ("InvalidInstanceID.NotFound", "instance"),
        "rtb" => ("InvalidRouteTableID.NotFound", "routeTable"),
        "igw" => ("InvalidInternetGatewayID.NotFound", "internetGateway"),
        "sgr" => ("InvalidSecurityGroupRuleId.NotFound", "securityGroupRule"),
        _ => ("InvalidPrefixListID.NotFound", "prefix list"),
    };
    Fault::new(code, format!("The {noun} ID '{id}' does not exist"))
}

fn resources(input: &Value) -> Vec<String> {
    let ids = input["Resources"].as_array().into_iter().flatten();
    ids.filter_map(|id| id.as_str().map(str::to_owned)).collect()
}

pub(super) fn create(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let added = from_list(&input["Tags"]);
    for id in resources(input) {
        let mut merged = account.ec2.tags_mut(&id)?.clone();
        merged.extend(added.clone());
        valid(account, &merged)?;
    }
    for id in resources(input) {
        account.ec2.tags_mut(&id)?.extend(added.clone());
    }
    Ok(json!({}))
}

/// A tag given with a value goes only if it has that value; no tags given: all go.
pub(super) fn delete(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let given = input["Tags"].as_array();
    for id in resources(input) {
        let tags = account.ec2.tags_mut(&id)?;
        match given {
            None => tags.clear(),
            Some(given) => tags.retain(|key, value| {
                !given.iter().any(|tag| {
                    tag["Key"] == **key
                        && tag["Value"].as_str().is_none_or(|wanted| wanted == value)
                })
            }),
        }
    }
    Ok(json!({}))
}

const CATALOGUE: Catalogue = Catalogue {
    list: "Tags",
    ids: "",
    id: "ResourceId",
    missing: ("", ""),
    filters: &[
        ("key", "Key"),
        ("resource-id", "ResourceId"),
        ("resource-type", "ResourceType"),
        ("value", "Value"),
    ],
};

pub(super) fn describe(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let mut all = Vec::new();
    for (kind, id, tags) in account.ec2.tagged() {
        all.extend(tags.iter().map(|(key, value)| {
            json!({"Key": key, "ResourceId": id, "ResourceType": kind, "Value": value})
        }));
    }
    describe::answer(&CATALOGUE, input, all)
}
