//! Web ACLs: which there are, which load balancer each protects, and the two calls that change that. Nobody
//! is asked unless somebody says what should be associated: most roles may not, and most users need not.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_wafv2::types::{ResourceType, Scope};
use inroad_plan::{Op, OpOutputs};
use inroad_words::Arn;
use inroad_words::balancer::WebAcl;
use inroad_words::observed::{Observed, SeenWebAcl};

use crate::apply::done;
use crate::client::Service;
use crate::memory::SHORT;
use crate::value::known;
use crate::{Aws, Error};

/// Fills in the web ACLs of a stack's load balancers where nobody has asked yet, or nobody was told. What
/// AWS refuses to tell is noted where it is missing, and costs nothing else.
pub async fn observe_web_acls(aws: &Aws, observed: &mut Observed) {
    for balancer in observed.load_balancers.values_mut().flatten() {
        if matches!(balancer.web_acl, SeenWebAcl::Known(_)) || balancer.kind != "application" {
            continue;
        }
        balancer.web_acl = match of(aws, &balancer.arn).await {
            Ok(acl) => SeenWebAcl::Known(acl),
            Err(error) => SeenWebAcl::Unknown(error.told()),
        };
    }
}

async fn of(aws: &Aws, balancer: &Arn) -> Result<WebAcl, Error> {
    let call = aws.wafv2.get_web_acl_for_resource().resource_arn(&balancer.0).send();
    let answer = aws.send(Service::Wafv2, "GetWebACLForResource", call).await?;
    let acl = answer.web_acl();
    Ok(acl.map_or(WebAcl::Nothing, |acl| WebAcl::Arn(Arn(acl.arn().to_owned()))))
}

/// ARNs of those of these names that exist.
pub(crate) async fn named(
    aws: &Aws,
    names: &BTreeSet<String>,
) -> Result<BTreeMap<String, String>, Error> {
    let mut all = aws.memory.web_acls.or_ask("", SHORT, every(aws)).await?;
    all.retain(|name, _| names.contains(name));
    Ok(all)
}

/// Every regional web ACL, its ARN by its name.
async fn every(aws: &Aws) -> Result<BTreeMap<String, String>, Error> {
    let all = aws.pages(
        Service::Wafv2,
        "ListWebACLs",
        |marker| {
            let call = aws.wafv2.list_web_acls().scope(Scope::Regional).limit(100);
            call.set_next_marker(marker).send()
        },
        |page| {
            let acls = page.web_acls().iter();
            let named = acls.filter_map(|it| Some((it.name()?.to_owned(), it.arn()?.to_owned())));
            (named.collect(), page.next_marker().map(str::to_owned))
        },
    );
    Ok(all.await?.into_iter().collect())
}

/// Asks about every regional web ACL and the load balancers that it protects.
pub(crate) async fn survey(aws: &Aws) -> Result<(), Error> {
    for arn in every(aws).await?.values() {
        let call = aws.wafv2.list_resources_for_web_acl().web_acl_arn(arn);
        let call = call.resource_type(ResourceType::ApplicationLoadBalancer).send();
        aws.send(Service::Wafv2, "ListResourcesForWebACL", call).await?;
    }
    Ok(())
}

/// Takes the step if it is one of this service; `None`: it is another's.
pub(crate) async fn apply(aws: &Aws, op: &Op) -> Result<Option<OpOutputs>, Error> {
    match op {
        Op::AssociateWebAcl { balancer, acl } => {
            let call = aws.wafv2.associate_web_acl().web_acl_arn(&acl.0);
            let call = call.resource_arn(&known(balancer)?.0).send();
            aws.send(Service::Wafv2, "AssociateWebACL", call).await?;
        }
        Op::DisassociateWebAcl { balancer } => {
            let call = aws.wafv2.disassociate_web_acl().resource_arn(&known(balancer)?.0).send();
            aws.send(Service::Wafv2, "DisassociateWebACL", call).await?;
        }
        _ => return Ok(None),
    }
    done()
}
