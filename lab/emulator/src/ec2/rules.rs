//! The rules of security groups: what is the same rule, adding and taking away.

use serde_json::{Value, json};

use super::describe::{self, Catalogue, strings};
use super::groups::named_by;
use super::permission::{Asked, invalid, permissions, read};
use super::state::{Ec2, Group, Peer, Permission, Rule};
use super::tags;
use crate::{Account, Fault};

/// The rules of a request: its list, or the older way with one rule in the request itself.
fn asked(account: &Account, input: &Value, egress: bool) -> Result<Vec<Asked>, Fault> {
    let own = &account.settings.account_id;
    if input["IpPermissions"].is_array() || input["IpProtocol"].is_null() {
        return read(&input["IpPermissions"], egress, own);
    }
    let mut permission = json!({"IpProtocol": input["IpProtocol"], "FromPort": input["FromPort"],
                                "ToPort": input["ToPort"]});
    if input["CidrIp"].is_string() {
        permission["IpRanges"] = json!([{"CidrIp": input["CidrIp"]}]);
    } else if let Some(name) = input["SourceSecurityGroupName"].as_str() {
        let id = named_by(&account.ec2, &json!({"GroupName": name}))?;
        permission["UserIdGroupPairs"] = json!([{"GroupId": id}]);
    }
    read(&json!([permission]), egress, own)
}

pub(super) fn authorize(
    account: &mut Account,
    input: &Value,
    egress: bool,
) -> Result<Value, Fault> {
    let id = named_by(&account.ec2, input)?;
    let asked = asked(account, input, egress)?;
    if asked.is_empty() {
        let message = "The request must contain the parameter ipPermissions";
        return Err(Fault::new("MissingParameter", message));
    }
    let tags = tags::specified(account, input, "security-group-rule")?;
    let group = account.ec2.group(&id)?;
    for (index, (what, _)) in asked.iter().enumerate() {
        peer_exists(&account.ec2, group, what)?;
        if asked[..index].iter().any(|(other, _)| other == what) {
            return Err(invalid("The same permission must not appear multiple times".into()));
        }
        if group.rules.iter().any(|rule| rule.what == *what) {
            return Err(Fault::new("InvalidPermission.Duplicate", already(what)));
        }
    }
    let new = |(what, description): Asked| {
        let id = format!("sgr-{}", account.fresh_hex(17));
        Rule {
            id,
            what,
            description: description.filter(|text| !text.is_empty()),
            tags: tags.clone(),
        }
    };
    let made: Vec<Rule> = asked.into_iter().map(new).collect();
    within_quota(account, &id, &made, egress)?;
    let group = account.ec2.group(&id)?;
    let trees: Vec<Value> = made.iter().map(|rule| rule_tree(account, group, rule)).collect();
    if let Some(group) = account.ec2.groups.get_mut(&id) {
        group.rules.extend(made);
    }
    Ok(json!({"Return": true, "SecurityGroupRules": trees}))
}

fn peer_exists(ec2: &Ec2, group: &Group, what: &Permission) -> Result<(), Fault> {
    match &what.peer {
        Peer::Group { id, owner } if *owner == group.owner_id => {
            let peer = ec2.group(id)?;
            if peer.vpc_id != group.vpc_id {
                let message = format!(
                    "You have specified two resources that belong to different networks: {id}"
                );
                return Err(Fault::new("InvalidGroup.NotFound", message));
            }
            Ok(())
        }
        Peer::PrefixList(id) if !ec2.prefix_lists.contains_key(id) => {
            let message = format!("The prefix list ID '{id}' does not exist");
            Err(Fault::new("InvalidPrefixListID.NotFound", message))
        }
        _ => Ok(()),
    }
}

fn already(what: &Permission) -> String {
    let peer = match &what.peer {
        Peer::V4(net) => net.to_string(),
        Peer::V6(net) => net.to_string(),
        Peer::PrefixList(id) | Peer::Group { id, .. } => id.clone(),
    };
    let protocol = match what.protocol.as_str() {
        "-1" => "ALL".to_owned(),
        other => other.to_ascii_uppercase(),
    };
    let ports = match (what.from, what.to) {
        (Some(from), Some(to)) => format!(", from port: {from}, to port: {to}"),
        _ => String::new(),
    };
    format!("the specified rule \"peer: {peer}, {protocol}{ports}, ALLOW\" already exists")
}

/// IPv4 and IPv6 are counted apart; a group counts in both, a prefix list as the entries it may have.
fn within_quota(account: &Account, id: &str, made: &[Rule], egress: bool) -> Result<(), Fault> {
    let group = account.ec2.group(id)?;
    let all = group.rules.iter().chain(made).filter(|rule| rule.what.egress == egress);
    let (mut v4, mut v6) = (0, 0);
    for rule in all {
        let (four, six) = match &rule.what.peer {
            Peer::V4(_) => (1, 0),
            Peer::V6(_) => (0, 1),
            Peer::Group { .. } => (1, 1),
            Peer::PrefixList(id) => {
                let list = account.ec2.prefix_lists.get(id);
                let weight = list.map_or(1, |list| list.max_entries);
                let six =
                    list.is_some_and(|list| list.rest.get("AddressFamily") == Some(&json!("IPv6")));
                if six { (0, weight) } else { (weight, 0) }
            }
        };
        (v4, v6) = (v4 + four, v6 + six);
    }
    if v4.max(v6) > account.settings.quotas.rules_per_security_group {
        let message = "The maximum number of rules per security group has been reached.";
        return Err(Fault::new("RulesPerSecurityGroupLimitExceeded", message));
    }
    Ok(())
}

pub(super) fn revoke(account: &mut Account, input: &Value, egress: bool) -> Result<Value, Fault> {
    let id = named_by(&account.ec2, input)?;
    let asked = asked(account, input, egress)?;
    let group = account.ec2.group(&id)?;
    let mut gone: Vec<&str> = Vec::new();
    let mut unknown = Vec::new();
    for (what, _) in &asked {
        match group.rules.iter().find(|rule| rule.what == *what) {
            Some(rule) => gone.push(&rule.id),
            None => unknown.push(what),
        }
    }
    let in_default_vpc = account.ec2.vpc(&group.vpc_id).is_ok_and(|vpc| vpc.is_default);
    if !unknown.is_empty() && !in_default_vpc {
        let message = "The specified rule does not exist in this security group.";
        return Err(Fault::new("InvalidPermission.NotFound", message));
    }
    for rule_id in strings(&input["SecurityGroupRuleIds"]) {
        let found =
            group.rules.iter().find(|rule| rule.id == rule_id && rule.what.egress == egress);
        gone.push(&found.ok_or_else(|| no_rule(rule_id))?.id);
    }
    let gone: Vec<String> = gone.into_iter().map(str::to_owned).collect();
    let taken = |rule: &&Rule| gone.contains(&rule.id);
    let trees: Vec<Value> =
        group.rules.iter().filter(taken).map(|r| revoked_tree(group, r)).collect();
    let unknown = unknown.into_iter().map(|what| Rule {
        id: String::new(),
        what: what.clone(),
        description: None,
        tags: Default::default(),
    });
    let unknown: Vec<Rule> = unknown.collect();
    if let Some(group) = account.ec2.groups.get_mut(&id) {
        group.rules.retain(|rule| !gone.contains(&rule.id));
    }
    Ok(json!({"Return": true, "RevokedSecurityGroupRules": trees,
              "UnknownIpPermissions": permissions(&unknown, egress)}))
}

fn no_rule(id: &str) -> Fault {
    let message = format!("The security group rule ID '{id}' does not exist");
    Fault::new("InvalidSecurityGroupRuleId.NotFound", message)
}

/// `SecurityGroupRule` of the API.
fn rule_tree(account: &Account, group: &Group, rule: &Rule) -> Value {
    let region = &account.settings.region;
    let arn = format!("arn:aws:ec2:{region}:{}:security-group-rule/{}", group.owner_id, rule.id);
    let mut tree = common_tree(group, rule);
    tree["GroupOwnerId"] = json!(group.owner_id);
    tree["SecurityGroupRuleArn"] = json!(arn);
    tree["Tags"] = tags::to_list(&rule.tags);
    if let Peer::Group { id, owner } = &rule.what.peer {
        tree["ReferencedGroupInfo"] = json!({"GroupId": id, "UserId": owner});
    }
    tree
}

/// `RevokedSecurityGroupRule` of the API.
fn revoked_tree(group: &Group, rule: &Rule) -> Value {
    let mut tree = common_tree(group, rule);
    if let Peer::Group { id, .. } = &rule.what.peer {
        tree["ReferencedGroupId"] = json!(id);
    }
    tree
}

/// What both kinds of answer say of a rule.
fn common_tree(group: &Group, rule: &Rule) -> Value {
    let mut tree = json!({
        "GroupId": group.group_id,
        "IsEgress": rule.what.egress,
        "IpProtocol": rule.what.protocol,
        "FromPort": rule.what.from.unwrap_or(-1),
        "ToPort": rule.what.to.unwrap_or(-1),
        "SecurityGroupRuleId": rule.id,
        "Description": rule.description,
    });
    match &rule.what.peer {
        Peer::V4(net) => tree["CidrIpv4"] = json!(net.to_string()),
        Peer::V6(net) => tree["CidrIpv6"] = json!(net.to_string()),
        Peer::PrefixList(id) => tree["PrefixListId"] = json!(id),
        Peer::Group { .. } => {}
    }
    tree
}

const CATALOGUE: Catalogue = Catalogue {
    list: "SecurityGroupRules",
    ids: "SecurityGroupRuleIds",
    id: "SecurityGroupRuleId",
    missing: ("InvalidSecurityGroupRuleId.NotFound", "security group rule"),
    filters: &[("group-id", "GroupId"), ("security-group-rule-id", "SecurityGroupRuleId")],
};

pub(super) fn describe(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let mut all = Vec::new();
    for group in account.ec2.groups.values() {
        all.extend(group.rules.iter().map(|rule| rule_tree(account, group, rule)));
    }
    describe::answer(&CATALOGUE, input, all)
}
