//! AWS WAF: web ACLs by name and ARN, and which load balancer each protects. In come operations and
//! seeds, out go answers. What a web ACL decides by is not looked at: no request is ever refused.

mod snapshot;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::wire::page;
use crate::{Account, Fault};

pub use snapshot::{restore, snapshot};

/// Everything that WAF remembers.
#[derive(Debug, Default)]
pub struct Wafv2 {
    /// By ARN.
    pub web_acls: BTreeMap<String, WebAcl>,
    /// ARN of a protected resource -> ARN of its web ACL.
    pub associations: BTreeMap<String, String>,
}

/// A web ACL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAcl {
    pub name: String,
    pub id: String,
    pub arn: String,
    pub description: String,
}

type Operation = fn(&mut Account, &Value) -> Result<Value, Fault>;

const OPERATIONS: &[(&str, Operation)] = &[
    ("AssociateWebACL", associate),
    ("DisassociateWebACL", disassociate),
    ("GetWebACLForResource", of_resource),
    ("ListResourcesForWebACL", resources),
    ("ListWebACLs", list),
];

const STYLE: page::Style = page::Style {
    size: "Limit",
    token: "NextMarker",
    next: "NextMarker",
    default_size: Some(100),
    bad_token: "WAFInvalidParameterException",
};

/// One operation of the service.
pub(crate) fn call(account: &mut Account, operation: &str, input: &Value) -> Result<Value, Fault> {
    match OPERATIONS.iter().find(|(name, _)| *name == operation) {
        Some((_, run)) => run(account, input),
        None => Err(Fault::new("InvalidAction", format!("{operation} is not emulated"))),
    }
}

/// Makes a web ACL of this name, with an id that follows from it.
pub fn add(account: &mut Account, name: &str) -> String {
    let id = account.fresh_hex(32);
    let parts = [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]];
    let (id, settings) = (parts.join("-"), &account.settings);
    let arn = format!(
        "arn:aws:wafv2:{}:{}:regional/webacl/{name}/{id}",
        settings.region, settings.account_id
    );
    let acl = WebAcl { name: name.into(), id, arn: arn.clone(), description: String::new() };
    account.wafv2.web_acls.insert(arn.clone(), acl);
    arn
}

/// Makes the web ACL of this ARN.
///
/// # Errors
/// Where it is no ARN of a regional web ACL.
pub fn add_with_arn(account: &mut Account, arn: &str) -> Result<(), Fault> {
    let named = arn.split_once(":regional/webacl/").filter(|(start, _)| start.contains(":wafv2:"));
    let Some((name, id)) = named.and_then(|(_, rest)| rest.split_once('/')) else {
        return Err(bad_arn(arn));
    };
    let (name, id) = (name.to_owned(), id.to_owned());
    let acl = WebAcl { name, id, arn: arn.into(), description: String::new() };
    account.wafv2.web_acls.insert(arn.into(), acl);
    Ok(())
}

/// What goes is protected no longer.
pub(crate) fn forget(account: &mut Account, resource: &str) {
    account.wafv2.associations.remove(resource);
}

fn bad_arn(arn: &str) -> Fault {
    let message = format!(
        "Error reason: The ARN isn't valid. A valid ARN begins with arn: and includes other information \
         separated by colons or slashes., field: RESOURCE_ARN, parameter: {arn}"
    );
    Fault::new("WAFInvalidParameterException", message)
}

fn missing() -> Fault {
    let message = "AWS WAF couldn\u{2019}t perform the operation because your resource doesn\u{2019}t \
                   exist.";
    Fault::new("WAFNonexistentItemException", message)
}

/// The Application Load Balancer of the request; other resources are not known here.
fn resource<'a>(account: &Account, input: &'a Value) -> Result<&'a str, Fault> {
    let arn = input["ResourceArn"].as_str().unwrap_or_default();
    if !arn.contains(":loadbalancer/app/") {
        return Err(bad_arn(arn));
    }
    account.elbv2.load_balancers.contains_key(arn).then_some(arn).ok_or_else(missing)
}

fn web_acl<'a>(account: &'a Account, input: &Value) -> Result<&'a WebAcl, Fault> {
    let arn = input["WebACLArn"].as_str().unwrap_or_default();
    if !arn.contains(":regional/webacl/") {
        return Err(bad_arn(arn));
    }
    account.wafv2.web_acls.get(arn).ok_or_else(missing)
}

fn associate(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let acl = web_acl(account, input)?.arn.clone();
    let resource = resource(account, input)?.to_owned();
    account.wafv2.associations.insert(resource, acl);
    Ok(json!({}))
}

fn disassociate(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let resource = resource(account, input)?;
    forget(account, resource);
    Ok(json!({}))
}

fn of_resource(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let resource = resource(account, input)?;
    let acl = account.wafv2.associations.get(resource);
    let acl = acl.and_then(|arn| account.wafv2.web_acls.get(arn));
    Ok(acl.map_or_else(|| json!({}), |acl| json!({ "WebACL": view(acl) })))
}

fn resources(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let acl = web_acl(account, input)?;
    let all = account.wafv2.associations.iter().filter(|(_, its)| **its == acl.arn);
    Ok(json!({ "ResourceArns": all.map(|(resource, _)| resource).collect::<Vec<_>>() }))
}

fn list(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let regional = input["Scope"] == "REGIONAL";
    let all = account.wafv2.web_acls.values().filter(|_| regional);
    page::page(&STYLE, input, "WebACLs", all.map(view).collect())
}

fn view(acl: &WebAcl) -> Value {
    json!({ "Name": acl.name, "Id": acl.id, "ARN": acl.arn, "Description": acl.description })
}
