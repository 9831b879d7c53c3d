//! EC2's part of a snapshot: lists of the API's own documents.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::state::{Ec2, Group, Rule};
use super::{object, permission, tags, text};
use crate::Account;

/// Every document, by the name that the API gives to its list.
pub(crate) fn snapshot(account: &Account) -> Value {
    let ec2 = &account.ec2;
    let lists = |list: &super::state::PrefixList| {
        let mut tree = object(list);
        tree["Entries"] = json!(list.entries);
        tree
    };
    json!({
        "Vpcs": all(&ec2.vpcs, object),
        "Subnets": all(&ec2.subnets, |subnet| {
            let mut tree = object(subnet);
            tree["AvailableIpAddressCount"] = json!(ec2.free_addresses(subnet));
            tree
        }),
        "SecurityGroups": all(&ec2.groups, Group::tree),
        "NetworkInterfaces": all(&ec2.interfaces, object),
        "Instances": all(&ec2.instances, |instance| ec2.instance_tree(instance)),
        "RouteTables": all(&ec2.route_tables, object),
        "InternetGateways": all(&ec2.internet_gateways, object),
        "PrefixLists": all(&ec2.prefix_lists, lists),
    })
}

fn all<T>(records: &BTreeMap<String, T>, tree: impl Fn(&T) -> Value) -> Value {
    records.values().map(tree).collect()
}

/// Puts the documents of a snapshot into an account without EC2 resources. The error names the list and
/// what is wrong with it.
pub(crate) fn restore(account: &mut Account, document: &Value) -> Result<(), String> {
    let ec2 = Ec2 {
        vpcs: records(document, "Vpcs", |vpc: &super::Vpc| vpc.vpc_id.clone())?,
        subnets: records(document, "Subnets", |subnet: &super::Subnet| subnet.subnet_id.clone())?,
        groups: BTreeMap::new(),
        interfaces: records(document, "NetworkInterfaces", |interface: &super::Interface| {
            interface.network_interface_id.clone()
        })?,
        instances: records(document, "Instances", |i: &super::Instance| i.instance_id.clone())?,
        route_tables: records(document, "RouteTables", |t: &super::RouteTable| {
            t.route_table_id.clone()
        })?,
        internet_gateways: records(document, "InternetGateways", |g: &super::InternetGateway| {
            g.internet_gateway_id.clone()
        })?,
        prefix_lists: records(document, "PrefixLists", |l: &super::PrefixList| {
            l.prefix_list_id.clone()
        })?,
    };
    account.ec2 = ec2;
    derived(account, document);
    for tree in document["SecurityGroups"].as_array().into_iter().flatten() {
        let group = group(account, tree)?;
        account.ec2.groups.insert(group.group_id.clone(), group);
    }
    Ok(())
}

/// What the state keeps elsewhere or works out is taken out of the documents again.
fn derived(account: &mut Account, document: &Value) {
    for subnet in account.ec2.subnets.values_mut() {
        subnet.rest.remove("AvailableIpAddressCount");
    }
    for instance in account.ec2.instances.values_mut() {
        instance.rest.remove("NetworkInterfaces");
    }
    for list in account.ec2.prefix_lists.values_mut() {
        list.rest.remove("Entries");
        let mut trees = document["PrefixLists"].as_array().into_iter().flatten();
        let tree = trees.find(|tree| text(tree, "PrefixListId") == list.prefix_list_id);
        let entries = tree.and_then(|tree| tree["Entries"].as_array());
        list.entries = entries.cloned().unwrap_or_default();
    }
}

fn records<T: DeserializeOwned>(
    document: &Value,
    list: &str,
    id: impl Fn(&T) -> String,
) -> Result<BTreeMap<String, T>, String> {
    let trees = document[list].as_array().into_iter().flatten();
    let record = |tree: &Value| {
        let record: T = serde_json::from_value(tree.clone()).map_err(|e| format!("{list}: {e}"))?;
        Ok((id(&record), record))
    };
    trees.map(record).collect()
}

fn group(account: &mut Account, tree: &Value) -> Result<Group, String> {
    let mut rules = Vec::new();
    for (list, egress) in [("IpPermissions", false), ("IpPermissionsEgress", true)] {
        let owner = account.settings.account_id.clone();
        let asked = permission::read(&tree[list], egress, &owner);
        for (what, description) in
            asked.map_err(|fault| format!("SecurityGroups: {}", fault.message))?
        {
            let id = format!("sgr-{}", account.fresh_hex(17));
            let description = description.filter(|text| !text.is_empty());
            rules.push(Rule { id, what, description, tags: Default::default() });
        }
    }
    Ok(Group {
        group_id: text(tree, "GroupId").to_owned(),
        group_name: text(tree, "GroupName").to_owned(),
        description: text(tree, "Description").to_owned(),
        vpc_id: text(tree, "VpcId").to_owned(),
        owner_id: text(tree, "OwnerId").to_owned(),
        arn: text(tree, "SecurityGroupArn").to_owned(),
        rules,
        tags: tags::from_list(&tree["Tags"]),
    })
}
