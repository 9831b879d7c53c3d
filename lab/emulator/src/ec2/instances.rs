//! Instances: what a cluster's nodes are to the APIs that we call.

use serde_json::{Map, Value, json};

use super::describe::{self, Catalogue, strings};
use super::interfaces::{self, Plan};
use super::network::rest;
use super::state::{Attachment, Ec2, Instance, InstanceState, Interface};
use super::{object, tags, text};
use crate::wire::page;
use crate::{Account, Fault};

const CATALOGUE: Catalogue = Catalogue {
    list: "Instances",
    ids: "InstanceIds",
    id: "InstanceId",
    missing: ("InvalidInstanceID.NotFound", "instance"),
    filters: &[
        ("availability-zone", "Placement.AvailabilityZone"),
        ("image-id", "ImageId"),
        ("instance-id", "InstanceId"),
        ("instance-state-code", "State.Code"),
        ("instance-state-name", "State.Name"),
        ("instance-type", "InstanceType"),
        ("instance.group-id", "SecurityGroups.GroupId"),
        (
            "network-interface.addresses.private-ip-address",
            "NetworkInterfaces.PrivateIpAddresses.PrivateIpAddress",
        ),
        ("network-interface.group-id", "NetworkInterfaces.Groups.GroupId"),
        ("network-interface.network-interface-id", "NetworkInterfaces.NetworkInterfaceId"),
        ("network-interface.private-ip-address", "NetworkInterfaces.PrivateIpAddress"),
        ("network-interface.subnet-id", "NetworkInterfaces.SubnetId"),
        ("private-dns-name", "PrivateDnsName"),
        ("private-ip-address", "PrivateIpAddress"),
        ("subnet-id", "SubnetId"),
        ("vpc-id", "VpcId"),
    ],
};

impl Ec2 {
    /// `Instance` of the API.
    pub(super) fn instance_tree(&self, instance: &Instance) -> Value {
        let mut tree = object(instance);
        let interfaces = self.interfaces_of(&instance.instance_id);
        tree["NetworkInterfaces"] = interfaces.into_iter().map(nested).collect();
        tree
    }

    fn reservation_of(&self, instance_id: &str) -> String {
        let instance = self.instances.get(instance_id);
        let own = instance.map(|i| i.reservation_id.clone()).filter(|id| !id.is_empty());
        own.unwrap_or_else(|| format!("r-{}", instance_id.trim_start_matches("i-")))
    }
}

/// `InstanceNetworkInterface` of the API: the interface without what its instance says.
fn nested(interface: &Interface) -> Value {
    let mut tree = object(interface);
    if let Some(members) = tree.as_object_mut() {
        let elsewhere =
            ["AvailabilityZone", "AvailabilityZoneId", "TagSet", "RequesterId", "RequesterManaged"];
        members.retain(|name, _| !elsewhere.contains(&name.as_str()));
    }
    if let Some(attachment) = tree["Attachment"].as_object_mut() {
        attachment.retain(|name, _| !["InstanceId", "InstanceOwnerId"].contains(&name.as_str()));
    }
    tree
}

pub(super) fn describe(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let ec2 = &account.ec2;
    for id in strings(&input["InstanceIds"]) {
        if !id.starts_with("i-") {
            let message = format!("Invalid id: \"{id}\"");
            return Err(Fault::new("InvalidInstanceID.Malformed", message));
        }
        ec2.instance(id)?;
    }
    let all = ec2.instances.values().map(|instance| ec2.instance_tree(instance)).collect();
    let selected = describe::select(&CATALOGUE, input, all)?;
    let mut answer = page::page(&page::EC2, input, "Reservations", selected)?;
    let page = answer["Reservations"].take();
    answer["Reservations"] = reservations(ec2, &account.settings.account_id, page);
    Ok(answer)
}

/// The instances of a page by their reservations, in the page's order.
fn reservations(ec2: &Ec2, owner: &str, page: Value) -> Value {
    let mut groups: Vec<Value> = Vec::new();
    for instance in page.as_array().into_iter().flatten() {
        let id = ec2.reservation_of(text(instance, "InstanceId"));
        let known = groups.iter().position(|group| group["ReservationId"] == *id);
        let index = known.unwrap_or_else(|| {
            groups.push(
                json!({"ReservationId": id, "OwnerId": owner, "Groups": [], "Instances": []}),
            );
            groups.len() - 1
        });
        if let Some(instances) = groups[index]["Instances"].as_array_mut() {
            instances.push(instance.clone());
        }
    }
    Value::Array(groups)
}

pub(super) fn run(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let count = input["MaxCount"].as_u64().unwrap_or(1);
    let tags = tags::specified(account, input, "instance")?;
    let reservation = format!("r-{}", account.fresh_hex(17));
    let mut trees = Vec::new();
    for index in 0..count {
        let interfaces = plans(account, input, index)?;
        let id = format!("i-{}", account.fresh_hex(17));
        for (device, (plan, keep)) in interfaces.into_iter().enumerate() {
            attach(account, &id, plan, device, keep)?;
        }
        let mut instance = launched(account, input, &id);
        (instance.reservation_id, instance.tags) = (reservation.clone(), tags.clone());
        let mut tree = account.ec2.instance_tree(&instance);
        // The answer tells of the moment of the request; whoever asks later finds the instance running.
        tree["State"] = json!({"Code": 0, "Name": "pending"});
        trees.push(tree);
        account.ec2.instances.insert(id, instance);
    }
    Ok(json!({"ReservationId": reservation, "OwnerId": account.settings.account_id, "Groups": [],
              "Instances": trees}))
}

/// The interfaces that each instance gets, and whether they outlive it.
fn plans(account: &Account, input: &Value, index: u64) -> Result<Vec<(Plan, bool)>, Fault> {
    let specified = input["NetworkInterfaces"].as_array().map(Vec::as_slice).unwrap_or_default();
    if specified.is_empty() {
        let subnet = match text(input, "SubnetId") {
            "" => first_default_subnet(&account.ec2)?,
            id => id.to_owned(),
        };
        let mut plain = json!({"Groups": input["SecurityGroupIds"], "Description": "Primary network interface"});
        if index == 0 {
            plain["PrivateIpAddress"] = input["PrivateIpAddress"].clone();
        }
        return Ok(vec![(Plan::read(account, &plain, &subnet)?, false)]);
    }
    let mut ordered: Vec<&Value> = specified.iter().collect();
    ordered.sort_by_key(|interface| interface["DeviceIndex"].as_i64());
    let plan = |interface: &Value| {
        let keep = interface["DeleteOnTermination"] == false;
        let subnet = interface["SubnetId"].as_str().unwrap_or_else(|| text(input, "SubnetId"));
        Ok((Plan::read(account, interface, subnet)?, keep))
    };
    ordered.into_iter().map(plan).collect()
}

fn first_default_subnet(ec2: &Ec2) -> Result<String, Fault> {
    let default =
        |subnet: &&super::state::Subnet| ec2.vpcs.get(&subnet.vpc_id).is_some_and(|v| v.is_default);
    let found = ec2.subnets.values().find(default).map(|subnet| subnet.subnet_id.clone());
    let message = "No subnets found for the default VPC. Please specify a subnet.";
    found.ok_or_else(|| Fault::new("MissingInput", message))
}

fn attach(
    account: &mut Account,
    instance: &str,
    plan: Plan,
    device: usize,
    keep: bool,
) -> Result<(), Fault> {
    let id = interfaces::add(account, plan)?;
    let attachment = Attachment {
        attachment_id: format!("eni-attach-{}", account.fresh_hex(17)),
        instance_id: Some(instance.to_owned()),
        delete_on_termination: !keep,
        rest: rest(json!({
            "AttachTime": account.now.to_string(),
            "DeviceIndex": device,
            "InstanceOwnerId": account.settings.account_id,
            "NetworkCardIndex": 0,
            "Status": "attached",
        })),
    };
    if let Some(interface) = account.ec2.interfaces.get_mut(&id) {
        interface.status = "in-use".into();
        interface.attachment = Some(attachment);
    }
    Ok(())
}

/// The record of an instance whose interfaces are already attached.
fn launched(account: &Account, input: &Value, id: &str) -> Instance {
    let first = account.ec2.interfaces_of(id).first().copied().cloned();
    let address = first.as_ref().map(|interface| interface.private_ip_address);
    Instance {
        instance_id: id.to_owned(),
        state: InstanceState { code: 16, name: "running".into() },
        subnet_id: first.as_ref().map(|interface| interface.subnet_id.clone()),
        vpc_id: first.as_ref().map(|interface| interface.vpc_id.clone()),
        private_ip_address: address,
        reservation_id: String::new(),
        tags: Default::default(),
        rest: launched_rest(account, input, first.as_ref()),
    }
}

fn launched_rest(
    account: &Account,
    input: &Value,
    first: Option<&Interface>,
) -> Map<String, Value> {
    let dns = first.map(|interface| {
        let dashed = interface.private_ip_address.to_string().replace('.', "-");
        format!("ip-{dashed}.{}.compute.internal", account.settings.region)
    });
    let zone = first.and_then(|interface| interface.rest.get("AvailabilityZone")).cloned();
    rest(json!({
        "AmiLaunchIndex": 0,
        "Architecture": "x86_64",
        "BlockDeviceMappings": [],
        "EbsOptimized": false,
        "Hypervisor": "xen",
        "ImageId": input["ImageId"],
        "InstanceType": input["InstanceType"].as_str().unwrap_or("m5.large"),
        "LaunchTime": account.now.to_string(),
        "Monitoring": {"State": "disabled"},
        "Placement": {"AvailabilityZone": zone, "GroupName": "", "Tenancy": "default"},
        "PrivateDnsName": dns,
        "ProductCodes": [],
        "RootDeviceName": "/dev/xvda",
        "RootDeviceType": "ebs",
        "SecurityGroups": first.map(|interface| object(&interface.groups)),
        "SourceDestCheck": true,
        "StateTransitionReason": "",
        "VirtualizationType": "hvm",
    }))
}

pub(super) fn terminate(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let ids = strings(&input["InstanceIds"]);
    for id in &ids {
        account.ec2.instance(id)?;
    }
    let mut answers = Vec::new();
    for id in ids {
        let attached: Vec<String> =
            account.ec2.interfaces_of(id).iter().map(|i| i.network_interface_id.clone()).collect();
        for interface in attached {
            release(&mut account.ec2, &interface);
        }
        let Some(instance) = account.ec2.instances.get_mut(id) else { continue };
        let after = InstanceState { code: 48, name: "terminated".into() };
        let before = std::mem::replace(&mut instance.state, after.clone());
        (instance.subnet_id, instance.vpc_id, instance.private_ip_address) = (None, None, None);
        let current = match before.code {
            48 => object(&after),
            _ => json!({"Code": 32, "Name": "shutting-down"}),
        };
        answers.push(
            json!({"InstanceId": id, "CurrentState": current, "PreviousState": object(&before)}),
        );
    }
    Ok(json!({"TerminatingInstances": answers}))
}

/// Takes an interface off its instance; most go with it.
fn release(ec2: &mut Ec2, id: &str) {
    let Some(interface) = ec2.interfaces.get_mut(id) else { return };
    let dies = interface.attachment.take().is_some_and(|a| a.delete_on_termination);
    interface.status = "available".into();
    if dies {
        ec2.interfaces.remove(id);
    }
}
