//! One call about a security group. What is gone already counts as deleted, what is there already as
//! made where its tags prove it ours.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_ec2::types::{Filter, ResourceType, TagSpecification};
use inroad_plan::{Op, OpOutputs};
use inroad_words::network::{IngressRule, SecurityGroup};
use inroad_words::{Field, Tags};

use super::convert::{ask_rules, ask_tags, seen_group};
use crate::apply::{Patience, absent_is_done, done, when_free};
use crate::client::Service;
use crate::ownership::proves;
use crate::value::known;
use crate::{Aws, Error};

/// How long a deletion waits here for the last network interface to let go. A load balancer's may take
/// minutes; the caller then asks again ([`inroad_words::Retry::Soon`]).
const WAIT: Patience = Patience { step: Duration::from_secs(2), limit: Duration::from_secs(10) };

/// Takes the step if it is about a security group; `None`: it is another's.
pub(crate) async fn apply(aws: &Aws, op: &Op) -> Result<Option<OpOutputs>, Error> {
    match op {
        Op::CreateSecurityGroup { spec, .. } => return create(aws, spec).await.map(Some),
        Op::AuthorizeIngress { group, rules } => authorize(aws, known(group)?, rules).await?,
        Op::RevokeIngress { group, rules } => revoke(aws, known(group)?, rules).await?,
        Op::DeleteSecurityGroup { id } => delete(aws, id).await?,
        Op::TagEc2 { id, set, remove } => tag(aws, id, set, remove).await?,
        _ => return Ok(None),
    }
    done()
}

async fn create(aws: &Aws, spec: &SecurityGroup) -> Result<OpOutputs, Error> {
    let tags = TagSpecification::builder()
        .resource_type(ResourceType::SecurityGroup)
        .set_tags(Some(ask_tags(&spec.tags)))
        .build();
    let call = aws
        .ec2
        .create_security_group()
        .group_name(&spec.name)
        .description(&spec.description)
        .vpc_id(&spec.vpc)
        .tag_specifications(tags)
        .send();
    let id = match aws.send(Service::Ec2, "CreateSecurityGroup", call).await {
        Ok(output) => output.group_id.unwrap_or_default(),
        Err(error @ Error::Exists(_)) => adopt(aws, spec).await?.ok_or(error)?,
        Err(error) => return Err(error),
    };
    Ok(BTreeMap::from([(Field::GroupId, id)]))
}

/// The group of this name, if it is the one that an earlier attempt made.
async fn adopt(aws: &Aws, spec: &SecurityGroup) -> Result<Option<String>, Error> {
    let filter = |name: &str, value: &str| Filter::builder().name(name).values(value).build();
    let call = aws
        .ec2
        .describe_security_groups()
        .filters(filter("group-name", &spec.name))
        .filters(filter("vpc-id", &spec.vpc))
        .send();
    let output = aws.send(Service::Ec2, "DescribeSecurityGroups", call).await?;
    let mut found = output.security_groups().iter().filter_map(seen_group);
    let ours = found.find(|group| proves(&spec.tags, &group.spec.tags));
    if ours.is_some() {
        aws.memory.adopt();
    }
    Ok(ours.map(|group| group.id))
}

async fn authorize(aws: &Aws, group: &str, rules: &BTreeSet<IngressRule>) -> Result<(), Error> {
    match authorize_at_once(aws, group, rules).await {
        // One rule that is there refuses the whole call; the others are still to be made.
        Err(Error::Exists(_)) => {
            for rule in rules {
                let one = BTreeSet::from([rule.clone()]);
                match authorize_at_once(aws, group, &one).await {
                    Ok(()) | Err(Error::Exists(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        }
        answer => answer,
    }
}

async fn authorize_at_once(
    aws: &Aws,
    group: &str,
    rules: &BTreeSet<IngressRule>,
) -> Result<(), Error> {
    let call = aws
        .ec2
        .authorize_security_group_ingress()
        .group_id(group)
        .set_ip_permissions(Some(ask_rules(rules)?))
        .send();
    aws.send(Service::Ec2, "AuthorizeSecurityGroupIngress", call).await.map(|_| ())
}

async fn revoke(aws: &Aws, group: &str, rules: &BTreeSet<IngressRule>) -> Result<(), Error> {
    match revoke_at_once(aws, group, rules).await {
        Err(error) if error.is("InvalidPermission.NotFound") => {
            for rule in rules {
                absent_is_done(revoke_at_once(aws, group, &BTreeSet::from([rule.clone()])).await)?;
            }
            Ok(())
        }
        answer => absent_is_done(answer),
    }
}

async fn revoke_at_once(
    aws: &Aws,
    group: &str,
    rules: &BTreeSet<IngressRule>,
) -> Result<(), Error> {
    let call = aws
        .ec2
        .revoke_security_group_ingress()
        .group_id(group)
        .set_ip_permissions(Some(ask_rules(rules)?))
        .send();
    aws.send(Service::Ec2, "RevokeSecurityGroupIngress", call).await.map(|_| ())
}

async fn delete(aws: &Aws, id: &str) -> Result<(), Error> {
    let once = || async {
        let call = aws.ec2.delete_security_group().group_id(id).send();
        aws.send(Service::Ec2, "DeleteSecurityGroup", call).await.map(|_| ())
    };
    absent_is_done(when_free(WAIT, once).await)
}

async fn tag(aws: &Aws, id: &str, set: &Tags, remove: &BTreeSet<String>) -> Result<(), Error> {
    if !set.is_empty() {
        let call = aws.ec2.create_tags().resources(id).set_tags(Some(ask_tags(set))).send();
        aws.send(Service::Ec2, "CreateTags", call).await?;
    }
    if !remove.is_empty() {
        let keys = remove.iter().map(|key| aws_sdk_ec2::types::Tag::builder().key(key).build());
        let call = aws.ec2.delete_tags().resources(id).set_tags(Some(keys.collect())).send();
        aws.send(Service::Ec2, "DeleteTags", call).await?;
    }
    Ok(())
}
