//! Route tables and internet gateways.

use serde_json::{Map, Value, json};

use super::describe::{self, Catalogue};
use super::network::rest;
use super::state::{Association, GatewayAttachment, InternetGateway, RouteTable};
use super::tags::{self, Tags};
use super::{object, text};
use crate::{Account, Fault};

const TABLES: Catalogue = Catalogue {
    list: "RouteTables",
    ids: "RouteTableIds",
    id: "RouteTableId",
    missing: ("InvalidRouteTableID.NotFound", "routeTable"),
    filters: &[
        ("association.gateway-id", "Associations.GatewayId"),
        ("association.main", "Associations.Main"),
        ("association.route-table-association-id", "Associations.RouteTableAssociationId"),
        ("association.route-table-id", "Associations.RouteTableId"),
        ("association.subnet-id", "Associations.SubnetId"),
        ("owner-id", "OwnerId"),
        ("route.destination-cidr-block", "Routes.DestinationCidrBlock"),
        ("route.destination-ipv6-cidr-block", "Routes.DestinationIpv6CidrBlock"),
        ("route.gateway-id", "Routes.GatewayId"),
        ("route.nat-gateway-id", "Routes.NatGatewayId"),
        ("route.origin", "Routes.Origin"),
        ("route.state", "Routes.State"),
        ("route-table-id", "RouteTableId"),
        ("vpc-id", "VpcId"),
    ],
};

const GATEWAYS: Catalogue = Catalogue {
    list: "InternetGateways",
    ids: "InternetGatewayIds",
    id: "InternetGatewayId",
    missing: ("InvalidInternetGatewayID.NotFound", "internetGateway"),
    filters: &[
        ("attachment.state", "Attachments.State"),
        ("attachment.vpc-id", "Attachments.VpcId"),
        ("internet-gateway-id", "InternetGatewayId"),
        ("owner-id", "OwnerId"),
    ],
};

pub(super) fn describe_tables(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    describe::answer(&TABLES, input, account.ec2.route_tables.values().map(object).collect())
}

pub(super) fn describe_gateways(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    describe::answer(&GATEWAYS, input, account.ec2.internet_gateways.values().map(object).collect())
}

/// A table with the VPC's local route; gives its id.
pub(super) fn add_table(account: &mut Account, vpc_id: &str, tags: Tags, main: bool) -> String {
    let id = format!("rtb-{}", account.fresh_hex(17));
    let blocks = account.ec2.vpc(vpc_id).map(|vpc| vpc.blocks()).unwrap_or_default();
    let local = |block: &ipnet::Ipv4Net| {
        rest(json!({"DestinationCidrBlock": block.to_string(), "GatewayId": "local",
                    "Origin": "CreateRouteTable", "State": "active"}))
    };
    let main = main.then(|| association(account, &id, None));
    let table = RouteTable {
        route_table_id: id.clone(),
        vpc_id: vpc_id.to_owned(),
        associations: main.into_iter().collect(),
        routes: blocks.iter().map(local).collect(),
        tags,
        rest: rest(json!({"OwnerId": account.settings.account_id, "PropagatingVgws": []})),
    };
    account.ec2.route_tables.insert(id.clone(), table);
    id
}

fn association(account: &mut Account, table: &str, subnet: Option<&str>) -> Association {
    Association {
        main: subnet.is_none(),
        route_table_association_id: format!("rtbassoc-{}", account.fresh_hex(17)),
        subnet_id: subnet.map(str::to_owned),
        rest: rest(json!({"RouteTableId": table, "AssociationState": {"State": "associated"}})),
    }
}

pub(super) fn create_table(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let vpc = account.ec2.vpc(text(input, "VpcId"))?.vpc_id.clone();
    let tags = tags::specified(account, input, "route-table")?;
    let id = add_table(account, &vpc, tags, false);
    Ok(json!({"RouteTable": table_mut(account, &id).map(|table| object(table))?}))
}

fn table_mut<'a>(account: &'a mut Account, id: &str) -> Result<&'a mut RouteTable, Fault> {
    account.ec2.route_tables.get_mut(id).ok_or_else(|| {
        let message = format!("The routeTable ID '{id}' does not exist");
        Fault::new("InvalidRouteTableID.NotFound", message)
    })
}

pub(super) fn associate(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let subnet = account.ec2.subnet(text(input, "SubnetId"))?.clone();
    let id = text(input, "RouteTableId");
    if table_mut(account, id)?.vpc_id != subnet.vpc_id {
        let message = format!(
            "Route table {id} and subnet {} belong to different networks",
            subnet.subnet_id
        );
        return Err(Fault::new("InvalidParameterValue", message));
    }
    let mut all = account.ec2.route_tables.values().flat_map(|table| &table.associations);
    if all.any(|association| association.subnet_id.as_ref() == Some(&subnet.subnet_id)) {
        let message = format!(
            "the specified association for route table {id} conflicts with an existing association"
        );
        return Err(Fault::new("Resource.AlreadyAssociated", message));
    }
    let made = association(account, id, Some(&subnet.subnet_id));
    let answer = json!({"AssociationId": made.route_table_association_id,
                        "AssociationState": {"State": "associated"}});
    table_mut(account, id)?.associations.push(made);
    Ok(answer)
}

const DESTINATIONS: [&str; 3] =
    ["DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"];
const HOPS: [&str; 8] = [
    "GatewayId",
    "NatGatewayId",
    "TransitGatewayId",
    "InstanceId",
    "NetworkInterfaceId",
    "VpcPeeringConnectionId",
    "EgressOnlyInternetGatewayId",
    "CarrierGatewayId",
];

pub(super) fn create_route(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let table = table_mut(account, text(input, "RouteTableId"))?;
    let mut route = Map::new();
    for name in DESTINATIONS.iter().chain(&HOPS) {
        if let Some(value) = input[*name].as_str() {
            route.insert((*name).to_owned(), json!(value));
        }
    }
    let to = DESTINATIONS.iter().find(|name| route.contains_key(**name)).ok_or_else(|| {
        Fault::new(
            "MissingParameter",
            "The request must contain the parameter destinationCidrBlock",
        )
    })?;
    if !HOPS.iter().any(|name| route.contains_key(*name)) {
        let message = "The request must contain exactly one of gatewayId, natGatewayId, instanceId and the like";
        return Err(Fault::new("MissingParameter", message));
    }
    if table.routes.iter().any(|old| old.get(*to) == route.get(*to)) {
        let message = format!("The route identified by {} already exists.", text(input, to));
        return Err(Fault::new("RouteAlreadyExists", message));
    }
    route.extend(rest(json!({"Origin": "CreateRoute", "State": "active"})));
    let gateway = text(input, "GatewayId").to_owned();
    if gateway.starts_with("igw-") && !account.ec2.internet_gateways.contains_key(&gateway) {
        return Err(no_gateway(&gateway));
    }
    table_mut(account, text(input, "RouteTableId"))?.routes.push(route);
    Ok(json!({"Return": true}))
}

fn no_gateway(id: &str) -> Fault {
    let message = format!("The internetGateway ID '{id}' does not exist");
    Fault::new("InvalidInternetGatewayID.NotFound", message)
}

pub(super) fn create_gateway(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let tags = tags::specified(account, input, "internet-gateway")?;
    let id = format!("igw-{}", account.fresh_hex(17));
    let rest = rest(json!({"OwnerId": account.settings.account_id}));
    let gateway =
        InternetGateway { internet_gateway_id: id.clone(), attachments: Vec::new(), tags, rest };
    let tree = object(&gateway);
    account.ec2.internet_gateways.insert(id, gateway);
    Ok(json!({"InternetGateway": tree}))
}

pub(super) fn attach_gateway(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let vpc_id = account.ec2.vpc(text(input, "VpcId"))?.vpc_id.clone();
    let id = text(input, "InternetGatewayId");
    let of_vpc = |gateway: &InternetGateway| gateway.attachments.iter().any(|a| a.vpc_id == vpc_id);
    let taken = account.ec2.internet_gateways.values().any(of_vpc);
    let gateway = account.ec2.internet_gateways.get_mut(id).ok_or_else(|| no_gateway(id))?;
    if taken || !gateway.attachments.is_empty() {
        let message = format!("Network {vpc_id} already has an internet gateway attached");
        return Err(Fault::new("Resource.AlreadyAssociated", message));
    }
    gateway.attachments.push(GatewayAttachment { state: "available".into(), vpc_id });
    Ok(json!({}))
}
