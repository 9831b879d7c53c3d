//! What load balancing needs of EC2: the network interfaces through which a load balancer reaches its
//! targets. While they exist, their subnets and security groups cannot be deleted.

use serde_json::json;

use super::interfaces::{self, Plan};
use super::state::Interface;
use crate::{Account, Fault};

/// The interfaces of one load balancer, one in each subnet.
pub(crate) struct BalancerInterfaces<'a> {
    /// The end of its ARN: `app/my-lb/50dc6c495c0c9188`.
    pub(crate) name: &'a str,
    pub(crate) subnets: &'a [String],
    /// Ids; empty for a load balancer without security groups.
    pub(crate) groups: &'a [String],
}

fn description(name: &str) -> String {
    format!("ELB {name}")
}

/// Makes the interfaces that are missing, drops those in other subnets and gives all of them the groups.
/// Call it after every change of subnets or groups.
pub(crate) fn add_interfaces(
    account: &mut Account,
    wanted: &BalancerInterfaces<'_>,
) -> Result<(), Fault> {
    let description = description(wanted.name);
    let ids: Vec<&str> = wanted.groups.iter().map(String::as_str).collect();
    let groups = account.ec2.group_names(&ids)?;
    let own = |interface: &Interface| interface.description == description;
    account.ec2.interfaces.retain(|_, i| !own(i) || wanted.subnets.contains(&i.subnet_id));
    for subnet in wanted.subnets {
        if !account.ec2.interfaces.values().any(|i| own(i) && i.subnet_id == *subnet) {
            let asked = json!({"Description": description, "InterfaceType": kind(wanted.name)});
            let id = interfaces::add(account, Plan::read(account, &asked, subnet)?)?;
            managed(account, &id);
        }
    }
    for interface in account.ec2.interfaces.values_mut().filter(|interface| own(interface)) {
        interface.groups.clone_from(&groups);
    }
    Ok(())
}

/// ALBs have plain interfaces, the others have types of their own.
fn kind(name: &str) -> &'static str {
    match name.split('/').next() {
        Some("net") => "network_load_balancer",
        Some("gwy") => "gateway_load_balancer",
        _ => "interface",
    }
}

fn managed(account: &mut Account, id: &str) {
    let attachment = format!("eni-attach-{}", account.fresh_hex(17));
    let time = account.now.to_string();
    let Some(interface) = account.ec2.interfaces.get_mut(id) else { return };
    interface.status = "in-use".into();
    interface.rest.insert("RequesterId".into(), json!("amazon-elb"));
    interface.rest.insert("RequesterManaged".into(), json!(true));
    interface.attachment = Some(super::state::Attachment {
        attachment_id: attachment,
        instance_id: None,
        delete_on_termination: false,
        rest: super::network::rest(json!({
            "AttachTime": time,
            "DeviceIndex": 1,
            "InstanceOwnerId": "amazon-elb",
            "Status": "attached",
        })),
    });
}

/// Takes the interfaces of a deleted load balancer away.
pub(crate) fn remove_interfaces(account: &mut Account, name: &str) {
    let description = description(name);
    account.ec2.interfaces.retain(|_, interface| interface.description != description);
}
