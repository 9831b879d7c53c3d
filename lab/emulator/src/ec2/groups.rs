//! Security groups.

use serde_json::{Value, json};

use super::describe::{self, Catalogue};
use super::state::{Ec2, Group, Peer, Permission, Rule};
use super::{permission, tags, text};
use crate::{Account, Fault};

const CATALOGUE: Catalogue = Catalogue {
    list: "SecurityGroups",
    ids: "GroupIds",
    id: "GroupId",
    missing: ("InvalidGroup.NotFound", "security group"),
    filters: &[
        ("description", "Description"),
        ("egress.ip-permission.cidr", "IpPermissionsEgress.IpRanges.CidrIp"),
        ("egress.ip-permission.from-port", "IpPermissionsEgress.FromPort"),
        ("egress.ip-permission.group-id", "IpPermissionsEgress.UserIdGroupPairs.GroupId"),
        ("egress.ip-permission.ipv6-cidr", "IpPermissionsEgress.Ipv6Ranges.CidrIpv6"),
        ("egress.ip-permission.prefix-list-id", "IpPermissionsEgress.PrefixListIds.PrefixListId"),
        ("egress.ip-permission.protocol", "IpPermissionsEgress.IpProtocol"),
        ("egress.ip-permission.to-port", "IpPermissionsEgress.ToPort"),
        ("egress.ip-permission.user-id", "IpPermissionsEgress.UserIdGroupPairs.UserId"),
        ("group-id", "GroupId"),
        ("group-name", "GroupName"),
        ("ip-permission.cidr", "IpPermissions.IpRanges.CidrIp"),
        ("ip-permission.from-port", "IpPermissions.FromPort"),
        ("ip-permission.group-id", "IpPermissions.UserIdGroupPairs.GroupId"),
        ("ip-permission.ipv6-cidr", "IpPermissions.Ipv6Ranges.CidrIpv6"),
        ("ip-permission.prefix-list-id", "IpPermissions.PrefixListIds.PrefixListId"),
        ("ip-permission.protocol", "IpPermissions.IpProtocol"),
        ("ip-permission.to-port", "IpPermissions.ToPort"),
        ("ip-permission.user-id", "IpPermissions.UserIdGroupPairs.UserId"),
        ("owner-id", "OwnerId"),
        ("vpc-id", "VpcId"),
    ],
};

impl Group {
    /// An empty group of the account, without rules.
    pub(super) fn new(account: &Account, id: String, name: &str, vpc_id: &str) -> Self {
        let settings = &account.settings;
        Self {
            arn: format!(
                "arn:aws:ec2:{}:{}:security-group/{id}",
                settings.region, settings.account_id
            ),
            group_id: id,
            group_name: name.to_owned(),
            description: String::new(),
            vpc_id: vpc_id.to_owned(),
            owner_id: settings.account_id.clone(),
            rules: Vec::new(),
            tags: Default::default(),
        }
    }

    /// `SecurityGroup` of the API.
    pub fn tree(&self) -> Value {
        json!({
            "Description": self.description,
            "GroupId": self.group_id,
            "GroupName": self.group_name,
            "IpPermissions": permission::permissions(&self.rules, false),
            "IpPermissionsEgress": permission::permissions(&self.rules, true),
            "OwnerId": self.owner_id,
            "SecurityGroupArn": self.arn,
            "Tags": tags::to_list(&self.tags),
            "VpcId": self.vpc_id,
        })
    }
}

impl Rule {
    /// The rule that every new group has: everything may leave.
    pub(super) fn allow_all_out(account: &mut Account) -> Self {
        let everywhere = ipnet::Ipv4Net::default();
        let peer = Peer::V4(everywhere);
        Self {
            id: format!("sgr-{}", account.fresh_hex(17)),
            what: Permission { egress: true, protocol: "-1".into(), from: None, to: None, peer },
            description: None,
            tags: Default::default(),
        }
    }
}

pub(super) fn describe(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let mut groups: Vec<&Group> = account.ec2.groups.values().collect();
    let missing = |id: &str| {
        let message = format!("The security group '{id}' does not exist");
        Fault::new("InvalidGroup.NotFound", message)
    };
    for id in describe::strings(&input["GroupIds"]) {
        if !id.starts_with("sg-") {
            let message = format!("Invalid id: \"{id}\" (expecting \"sg-...\")");
            return Err(Fault::new("InvalidGroupId.Malformed", message));
        }
        account.ec2.group(id)?;
    }
    let names = describe::strings(&input["GroupNames"]);
    for name in &names {
        let found = groups.iter().any(|group| group.group_name == *name);
        found.then_some(()).ok_or_else(|| missing(name))?;
    }
    groups.retain(|group| names.is_empty() || names.contains(&group.group_name.as_str()));
    describe::answer(&CATALOGUE, input, groups.into_iter().map(Group::tree).collect())
}

pub(super) fn create(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let (name, description) = (text(input, "GroupName"), text(input, "Description"));
    let vpc_id = match text(input, "VpcId") {
        "" => default_vpc(&account.ec2)?,
        id => account.ec2.vpc(id)?.vpc_id.clone(),
    };
    named(name, description)?;
    let same = |group: &Group| group.vpc_id == vpc_id && group.group_name == name;
    if account.ec2.groups.values().any(same) {
        let message = format!("The security group '{name}' already exists for VPC '{vpc_id}'");
        return Err(Fault::new("InvalidGroup.Duplicate", message));
    }
    let tags = tags::specified(account, input, "security-group")?;
    let id = format!("sg-{}", account.fresh_hex(17));
    let rules = vec![Rule::allow_all_out(account)];
    let mut group = Group::new(account, id.clone(), name, &vpc_id);
    (group.description, group.rules, group.tags) = (description.to_owned(), rules, tags);
    let answer =
        json!({"GroupId": id, "SecurityGroupArn": group.arn, "Tags": tags::to_list(&group.tags)});
    account.ec2.groups.insert(id, group);
    Ok(answer)
}

fn default_vpc(ec2: &Ec2) -> Result<String, Fault> {
    let found = ec2.vpcs.values().find(|vpc| vpc.is_default);
    found
        .map(|vpc| vpc.vpc_id.clone())
        .ok_or_else(|| Fault::new("VPCIdNotSpecified", "No default VPC for this user"))
}

fn named(name: &str, description: &str) -> Result<(), Fault> {
    let bad = |message: String| Err(Fault::new("InvalidParameterValue", message));
    let allowed = |text: &str| {
        let other = "._-:/()#,@[]+=&;{}!$* ";
        text.chars().count() <= 255
            && text.chars().all(|c| c.is_ascii_alphanumeric() || other.contains(c))
    };
    if name.is_empty() || !allowed(name) {
        return bad(format!(
            "Value ({name}) for parameter GroupName is invalid. Character sets beyond ASCII are not supported."
        ));
    }
    if name.starts_with("sg-") {
        return bad(format!(
            "Value ({name}) for parameter GroupName is invalid. Group names may not be in the format sg-*."
        ));
    }
    if name == "default" {
        return bad("Cannot use reserved security group name: default".into());
    }
    if !allowed(description) {
        return bad(format!(
            "Value ({description}) for parameter GroupDescription is invalid. Character sets beyond ASCII are not supported."
        ));
    }
    Ok(())
}

/// The group that a request names by id, or by name in the default VPC.
pub(super) fn named_by(ec2: &Ec2, input: &Value) -> Result<String, Fault> {
    match (input["GroupId"].as_str(), input["GroupName"].as_str()) {
        (Some(id), _) => Ok(ec2.group(id)?.group_id.clone()),
        (None, Some(name)) => {
            let vpc = default_vpc(ec2)?;
            let found = ec2.groups.values().find(|g| g.vpc_id == vpc && g.group_name == name);
            found.map(|group| group.group_id.clone()).ok_or_else(|| {
                let message =
                    format!("The security group '{name}' does not exist in default VPC '{vpc}'");
                Fault::new("InvalidGroup.NotFound", message)
            })
        }
        (None, None) => {
            let message = "The request must contain the parameter groupName or groupId";
            Err(Fault::new("MissingParameter", message))
        }
    }
}

pub(super) fn delete(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let id = named_by(&account.ec2, input)?;
    let group = account.ec2.group(&id)?;
    if group.group_name == "default" {
        let message =
            format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user");
        return Err(Fault::new("CannotDelete", message));
    }
    let refers =
        |rule: &Rule| matches!(&rule.what.peer, Peer::Group { id: peer, .. } if *peer == id);
    let mut others = account.ec2.groups.values().filter(|other| other.group_id != id);
    let used = others.any(|other| other.rules.iter().any(refers))
        || account.ec2.interfaces.values().any(|i| i.groups.iter().any(|g| g.group_id == id));
    if used {
        let message = format!("resource {id} has a dependent object");
        return Err(Fault::new("DependencyViolation", message));
    }
    account.ec2.groups.remove(&id);
    Ok(json!({"Return": true, "GroupId": id}))
}
