//! Which web ACL protects a load balancer. In: what members say, and the ARNs of those that they call by
//! name. Out: the one to associate, `none`, or nothing where that is left to others. One that cannot be
//! told stays as it is; where no load balancer stands, none is made without its protection.

use inroad_intent::model::{BalancerIntent, WebAclChoice};
use inroad_words::{
    Arn, Diagnostic, Origin, ResourceKind, Said, balancer::WebAcl, facts::Facts, hold::HoldReason,
};

use crate::{codes, needs, shape::Shaping};

/// Id under which an association is held; what hangs on the load balancer goes on.
const ASSOCIATION: &str = "LoadBalancer/WebACL";

/// The web ACL to associate. `Err`: the load balancer waits for it to be told.
pub(crate) fn choose(
    shaping: &mut Shaping<'_>,
    balancer: &BalancerIntent,
) -> Result<Option<WebAcl>, HoldReason> {
    let Some(said) = &balancer.web_acl else { return Ok(None) };
    if let Some(acl) = resolved(&said.value, shaping.facts) {
        return Ok(Some(acl));
    }
    let missing = needs::web_acls(balancer).and_then(|need| shaping.facts.missing.get(&need));
    let reason = match missing {
        Some(why) => HoldReason::MissingFact(why.clone()),
        None => shaping.report(unknown(said)),
    };
    if !shaping.stands() {
        return Err(reason);
    }
    shaping.hold(ResourceKind::LoadBalancer, ASSOCIATION, reason, &said.origin);
    Ok(None)
}

/// The web ACL that is meant; `None`: there is none of the name, as far as is known.
pub(crate) fn resolved(choice: &WebAclChoice, facts: &Facts) -> Option<WebAcl> {
    match choice {
        WebAclChoice::Nothing => Some(WebAcl::Nothing),
        WebAclChoice::Arn(arn) => Some(WebAcl::Arn(Arn(arn.clone()))),
        WebAclChoice::Named(name) => {
            facts.web_acls.get(name).map(|arn| WebAcl::Arn(Arn(arn.clone())))
        }
    }
}

fn unknown(said: &Said<WebAclChoice>) -> Diagnostic {
    let name = match &said.value {
        WebAclChoice::Named(name) => name.as_str(),
        WebAclChoice::Nothing | WebAclChoice::Arn(_) => "",
    };
    let origin: Origin = said.origin.clone();
    let message = format!("there is no regional web ACL called {name}");
    Diagnostic::error(codes::WEB_ACL_UNKNOWN, origin, message)
        .help("create it in the cluster's region, or give its ARN in wafv2-acl-arn")
}

#[cfg(test)]
mod tests;
