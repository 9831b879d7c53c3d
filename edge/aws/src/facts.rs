//! Questions to AWS and their answers. Each question is asked on its own: one that is refused goes into
//! [`Facts::missing`] with AWS's words and takes nothing else with it. Hosted zones are the DNS
//! provider's answer, not ours.

pub(crate) mod interfaces;
pub(crate) mod limits;
mod named;
pub(crate) mod network;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_acm::types::{
    CertificateDetail, CertificateStatus, CertificateSummary, CertificateType, Filters,
    KeyAlgorithm,
};
use futures::future::join_all;
use futures::{StreamExt, TryStreamExt, stream};
use inroad_words::facts::{Certificate, Facts, GroupFact, Need};
use inroad_words::observed::SeenGroup;

use crate::client::Service;
use crate::memory::{NETWORK, SHORT};
use crate::{Aws, Error, Ownership, ec2, wafv2};

/// Asks everything that a unit needs to know, at once. The surroundings are remembered for a while
/// ([`Aws::forget`]).
pub async fn gather(aws: &Aws, needs: &BTreeSet<Need>, vpc: &str) -> Facts {
    let answers = join_all(needs.iter().map(|need| answer(aws, need, vpc))).await;
    let mut facts = Facts { limits: limits::known(aws), ..Facts::default() };
    for (need, answer) in needs.iter().zip(answers) {
        match answer {
            Ok(part) => merge(&mut facts, part),
            Err(error) => drop(facts.missing.insert(need.clone(), error.to_string())),
        }
    }
    facts
}

async fn answer(aws: &Aws, need: &Need, vpc: &str) -> Result<Facts, Error> {
    let mut facts = Facts::default();
    match need {
        Need::Vpc => {
            let ask = network::vpc(aws, vpc);
            facts.vpc = Some(aws.memory.vpcs.or_ask(vpc, NETWORK, ask).await?);
        }
        Need::Subnets => {
            let ask = network::subnets(aws, vpc);
            facts.subnets = aws.memory.subnets.or_ask(vpc, NETWORK, ask).await?;
        }
        Need::Certificates => {
            let ask = certificates(aws);
            facts.certificates = aws.memory.certificates.or_ask("", SHORT, ask).await?;
        }
        Need::CertificateAuthorities => {
            let ask = authorities(aws);
            facts.authorities = aws.memory.authorities.or_ask("", SHORT, ask).await?;
        }
        Need::TrustStores(names) => facts.trust_stores = named::trust_stores(aws, names).await?,
        Need::SecurityGroups(names) => facts.security_groups = groups(aws, names, vpc).await?,
        Need::Interfaces(of) => facts.interfaces = interfaces::interfaces(aws, of, vpc).await?,
        Need::TargetGroups(names) => facts.target_groups = named::target_groups(aws, names).await?,
        Need::WebAcls(names) => facts.web_acls = wafv2::named(aws, names).await?,
        Need::Limits => facts.limits.told = limits::told(aws).await,
        Need::Zones => {}
    }
    Ok(facts)
}

fn merge(facts: &mut Facts, part: Facts) {
    facts.vpc = part.vpc.or(facts.vpc.take());
    facts.subnets.extend(part.subnets);
    facts.certificates.extend(part.certificates);
    facts.authorities.extend(part.authorities);
    facts.trust_stores.extend(part.trust_stores);
    facts.security_groups.extend(part.security_groups);
    facts.interfaces.extend(part.interfaces);
    facts.target_groups.extend(part.target_groups);
    facts.web_acls.extend(part.web_acls);
    facts.limits.told.extend(part.limits.told);
}

/// Security groups of the VPC by id (`sg-…`) or by `Name` tag. What does not exist is left out.
async fn groups(
    aws: &Aws,
    names: &BTreeSet<String>,
    vpc: &str,
) -> Result<BTreeMap<String, GroupFact>, Error> {
    let own = Ownership { vpc: vpc.to_owned(), ..Ownership::default() };
    let (ids, names): (BTreeSet<_>, BTreeSet<_>) =
        names.iter().cloned().partition(|name| name.starts_with("sg-"));
    let (by_id, by_name) = futures::try_join!(
        ec2::groups(aws, "group-id", &ids, &own),
        ec2::groups(aws, "tag:Name", &names, &own)
    )?;
    Ok(by_id.into_iter().chain(by_name).map(|group| (group.id.clone(), fact(group))).collect())
}

pub(crate) fn fact(group: SeenGroup) -> GroupFact {
    GroupFact { id: group.id, name: group.spec.name, tags: group.spec.tags }
}

/// Issued certificates of every key type: ACM leaves all but RSA out unless they are asked for.
async fn certificates(aws: &Aws) -> Result<BTreeMap<String, Certificate>, Error> {
    let summaries = summaries(aws).await?;
    let certificates = summaries.into_iter().map(|summary| certificate(aws, summary));
    let certificates: Vec<_> =
        stream::iter(certificates.collect::<Vec<_>>()).buffered(4).try_collect().await?;
    Ok(certificates.into_iter().map(|one| (one.arn.clone(), one)).collect())
}

/// Asks about each of them, for whoever wants to know all.
pub(crate) async fn every_certificate(aws: &Aws) -> Result<(), Error> {
    for summary in summaries(aws).await? {
        describe(aws, &ec2::text(summary.certificate_arn())).await?;
    }
    Ok(())
}

async fn summaries(aws: &Aws) -> Result<Vec<CertificateSummary>, Error> {
    let keys = KeyAlgorithm::values().iter().map(|key| KeyAlgorithm::from(*key)).collect();
    let includes = Filters::builder().set_key_types(Some(keys)).build();
    aws.pages(
        Service::Acm,
        "ListCertificates",
        |token| {
            let call = aws.acm.list_certificates().certificate_statuses(CertificateStatus::Issued);
            let call = call.includes(includes.clone()).max_items(1000);
            call.set_next_token(token).send()
        },
        |page| (page.certificate_summary_list.unwrap_or_default(), page.next_token),
    )
    .await
}

/// The listing holds the first hundred names; only a certificate with more costs a call.
async fn certificate(aws: &Aws, summary: CertificateSummary) -> Result<Certificate, Error> {
    let arn = ec2::text(summary.certificate_arn());
    let mut names: BTreeSet<_> =
        summary.subject_alternative_name_summaries().iter().cloned().collect();
    names.extend(summary.domain_name().map(str::to_owned));
    if summary.has_additional_subject_alternative_names() == Some(true) {
        let described = describe(aws, &arn).await?;
        let all = described.iter().flat_map(|one| one.subject_alternative_names());
        names.extend(all.cloned());
    }
    Ok(Certificate { arn, names })
}

/// Only a private certificate has an authority that can be named.
async fn authorities(aws: &Aws) -> Result<BTreeMap<String, String>, Error> {
    let summaries = summaries(aws).await?.into_iter();
    let private = summaries.filter(|it| it.r#type() == Some(&CertificateType::Private));
    let asks = private.map(|summary| async move {
        let arn = ec2::text(summary.certificate_arn());
        let authority = describe(aws, &arn).await?.and_then(|it| it.certificate_authority_arn);
        Ok::<_, Error>(authority.map(|authority| (arn, authority)))
    });
    let told: Vec<_> = stream::iter(asks.collect::<Vec<_>>()).buffered(4).try_collect().await?;
    Ok(told.into_iter().flatten().collect())
}

async fn describe(aws: &Aws, arn: &str) -> Result<Option<CertificateDetail>, Error> {
    let call = aws.acm.describe_certificate().certificate_arn(arn).send();
    Ok(aws.send(Service::Acm, "DescribeCertificate", call).await?.certificate)
}
