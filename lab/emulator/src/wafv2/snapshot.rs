//! Web ACLs in a snapshot of an account: the API's own summary of each, with the load balancers that it
//! protects (member `ResourceArns`).

use serde_json::{Value, json};

use super::{Wafv2, WebAcl, view};
use crate::Account;

/// Every web ACL, under `WebACLs`.
pub fn snapshot(account: &Account) -> Value {
    let waf = &account.wafv2;
    let all = waf.web_acls.values().map(|acl| {
        let resources = waf.associations.iter().filter(|(_, its)| **its == acl.arn);
        let mut tree = view(acl);
        tree["ResourceArns"] = resources.map(|(resource, _)| resource.as_str()).collect();
        tree
    });
    json!({ "WebACLs": all.collect::<Vec<_>>() })
}

/// Puts a snapshot's web ACLs in the place of the account's.
///
/// # Errors
/// A sentence when one has no ARN.
pub fn restore(account: &mut Account, document: &Value) -> Result<(), String> {
    let mut waf = Wafv2::default();
    for tree in document["WebACLs"].as_array().into_iter().flatten() {
        let text = |member: &str| tree[member].as_str().unwrap_or_default().to_owned();
        let arn = text("ARN");
        if arn.is_empty() {
            return Err(format!("ARN is missing in {tree}"));
        }
        for resource in tree["ResourceArns"].as_array().into_iter().flatten() {
            let resource = resource.as_str().unwrap_or_default().to_owned();
            waf.associations.insert(resource, arn.clone());
        }
        let (name, id, description) = (text("Name"), text("Id"), text("Description"));
        waf.web_acls.insert(arn.clone(), WebAcl { name, id, arn, description });
    }
    account.wafv2 = waf;
    Ok(())
}
