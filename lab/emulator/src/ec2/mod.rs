//! VPCs, subnets, security groups and what hangs on them.
//!
//! Operations come in through [`call`] as trees of API member names; other services use the lookups of
//! [`Ec2`] and what `balancer.rs` offers. State is written only by the operations and by
//! [`restore`].

mod balancer;
mod describe;
mod groups;
mod instances;
mod interfaces;
mod network;
mod permission;
mod prefix_lists;
mod routing;
mod rules;
mod snapshot;
mod state;
mod tags;

#[cfg(test)]
mod tests;

use serde::Serialize;
use serde_json::Value;

use crate::{Account, Fault};

pub(crate) use balancer::{BalancerInterfaces, add_interfaces, remove_interfaces};
pub(crate) use snapshot::{restore, snapshot};
pub use state::{
    Address, Association, Attachment, Ec2, GatewayAttachment, Group, GroupName, Instance,
    InstanceState, Interface, InternetGateway, Peer, Permission, Prefix, PrefixList, RouteTable,
    Rule, Subnet, Vpc,
};
pub use tags::Tags;

type Operation = fn(&mut Account, &Value) -> Result<Value, Fault>;

/// One operation of the service.
pub(crate) fn call(account: &mut Account, operation: &str, input: &Value) -> Result<Value, Fault> {
    let found = find(operation);
    let run =
        found.ok_or_else(|| Fault::new("InvalidAction", format!("{operation} is not emulated")))?;
    if input["DryRun"] == true {
        let message = "Request would have succeeded, but DryRun flag is set.";
        return Err(Fault::new("DryRunOperation", message).status(412));
    }
    run(account, input)
}

fn find(operation: &str) -> Option<Operation> {
    Some(match operation {
        "AssignPrivateIpAddresses" => interfaces::assign,
        "AssociateRouteTable" => routing::associate,
        "AssociateVpcCidrBlock" => network::associate_cidr,
        "AttachInternetGateway" => routing::attach_gateway,
        "AuthorizeSecurityGroupEgress" => |account, input| rules::authorize(account, input, true),
        "AuthorizeSecurityGroupIngress" => |account, input| rules::authorize(account, input, false),
        "CreateInternetGateway" => routing::create_gateway,
        "CreateManagedPrefixList" => prefix_lists::create,
        "CreateNetworkInterface" => interfaces::create,
        "CreateRoute" => routing::create_route,
        "CreateRouteTable" => routing::create_table,
        "CreateSecurityGroup" => groups::create,
        "CreateSubnet" => network::create_subnet,
        "CreateTags" => tags::create,
        "CreateVpc" => network::create_vpc,
        "DeleteNetworkInterface" => interfaces::delete,
        "DeleteSecurityGroup" => groups::delete,
        "DeleteSubnet" => network::delete_subnet,
        "DeleteTags" => tags::delete,
        "DeleteVpc" => network::delete_vpc,
        "DescribeAvailabilityZones" => network::describe_zones,
        "DescribeInstances" => instances::describe,
        "DescribeInternetGateways" => routing::describe_gateways,
        "DescribeManagedPrefixLists" => prefix_lists::describe,
        "DescribeNetworkInterfaces" => interfaces::describe,
        "DescribeRouteTables" => routing::describe_tables,
        "DescribeSecurityGroupRules" => rules::describe,
        "DescribeSecurityGroups" => groups::describe,
        "DescribeSubnets" => network::describe_subnets,
        "DescribeTags" => tags::describe,
        "DescribeVpcs" => network::describe_vpcs,
        "GetManagedPrefixListEntries" => prefix_lists::entries,
        "ModifyNetworkInterfaceAttribute" => interfaces::modify,
        "ModifySubnetAttribute" => network::modify_subnet,
        "RevokeSecurityGroupEgress" => |account, input| rules::revoke(account, input, true),
        "RevokeSecurityGroupIngress" => |account, input| rules::revoke(account, input, false),
        "RunInstances" => instances::run,
        "TerminateInstances" => instances::terminate,
        _ => return None,
    })
}

/// A text member of a request, empty when it is not there.
fn text<'a>(input: &'a Value, name: &str) -> &'a str {
    input[name].as_str().unwrap_or_default()
}

/// The API's document of a record.
fn object<T: Serialize>(record: &T) -> Value {
    serde_json::to_value(record).expect("records have text keys and no floats")
}
