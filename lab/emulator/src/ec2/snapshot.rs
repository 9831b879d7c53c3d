//! EC2's part of a snapshot: lists of the API's own documents.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::state::{
    Ec2, Group, Instance, Interface, InternetGateway, PrefixList, RouteTable, Rule, Subnet, Vpc,
};
use super::{object, permission, tags, text};
use crate::Account;

/// Every document, by the name that the API gives to its list.
pub(crate) fn snapshot(account: &Account) -> Value {
    let ec2 = &account.ec2;
    let lists = |list: &PrefixList| {
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

/// Puts the documents of a snapshot into an account. What the account holds under the same id stays as it
/// is, and a list that the snapshot lacks changes nothing. The error names the list and what is
/// wrong with it; nothing is restored then.
pub(crate) fn restore(account: &mut Account, document: &Value) -> Result<(), String> {
    let vpcs: Vec<Vpc> = read(document, "Vpcs")?;
    let subnets: Vec<Subnet> = read(document, "Subnets")?;
    let interfaces: Vec<Interface> = read(document, "NetworkInterfaces")?;
    let instances: Vec<Instance> = read(document, "Instances")?;
    let tables: Vec<RouteTable> = read(document, "RouteTables")?;
    let gateways: Vec<InternetGateway> = read(document, "InternetGateways")?;
    let lists: Vec<PrefixList> = read(document, "PrefixLists")?;
    let groups = document["SecurityGroups"].as_array().into_iter().flatten();
    let groups = groups.map(|tree| group(account, tree)).collect::<Result<Vec<Group>, String>>()?;
    let ec2 = &mut account.ec2;
    keep(&mut ec2.vpcs, vpcs, |vpc| vpc.vpc_id.clone());
    keep(&mut ec2.subnets, subnets, |subnet| subnet.subnet_id.clone());
    keep(&mut ec2.groups, groups, |group| group.group_id.clone());
    keep(&mut ec2.interfaces, interfaces, |interface| interface.network_interface_id.clone());
    keep(&mut ec2.instances, instances, |instance| instance.instance_id.clone());
    keep(&mut ec2.route_tables, tables, |table| table.route_table_id.clone());
    keep(&mut ec2.internet_gateways, gateways, |gateway| gateway.internet_gateway_id.clone());
    keep(&mut ec2.prefix_lists, lists, |list| list.prefix_list_id.clone());
    derived(ec2);
    Ok(())
}

/// What the state works out or keeps elsewhere is taken out of the documents again.
fn derived(ec2: &mut Ec2) {
    for subnet in ec2.subnets.values_mut() {
        subnet.rest.remove("AvailableIpAddressCount");
    }
    for instance in ec2.instances.values_mut() {
        instance.rest.remove("NetworkInterfaces");
    }
    for list in ec2.prefix_lists.values_mut() {
        if let Some(Value::Array(entries)) = list.rest.remove("Entries") {
            list.entries = entries;
        }
    }
}

fn read<T: DeserializeOwned>(document: &Value, list: &str) -> Result<Vec<T>, String> {
    let trees = document[list].as_array().into_iter().flatten();
    let record = |tree: &Value| {
        serde_json::from_value(tree.clone()).map_err(|error| format!("{list}: {error}"))
    };
    trees.map(record).collect()
}

fn keep<T>(records: &mut BTreeMap<String, T>, new: Vec<T>, id: impl Fn(&T) -> String) {
    for record in new {
        records.entry(id(&record)).or_insert(record);
    }
}

fn group(account: &Account, tree: &Value) -> Result<Group, String> {
    let mut rules = Vec::new();
    for (list, egress) in [("IpPermissions", false), ("IpPermissionsEgress", true)] {
        let owner = account.settings.account_id.clone();
        let asked = permission::read(&tree[list], egress, &owner);
        for (what, description) in
            asked.map_err(|fault| format!("SecurityGroups: {}", fault.message))?
        {
            let id = rule_id(text(tree, "GroupId"), rules.len());
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

/// `SecurityGroup` does not show its rules' ids, so a restored rule has one by its place.
fn rule_id(group: &str, place: usize) -> String {
    use sha2::Digest;
    let digest = hex::encode(sha2::Sha256::digest(format!("{group}/{place}")));
    format!("sgr-{}", &digest[..17])
}
