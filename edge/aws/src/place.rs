//! Where this process runs: which VPC is the cluster's. In: tags, an instance, or nothing. Out: ids. Nothing is
//! decided here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_config::{imds, provider_config::ProviderConfig};
use aws_sdk_ec2::types::Filter;

use crate::client::Service;
use crate::{Aws, Error};

/// The link-local address answers at once, or there is nobody.
const PATIENCE: Duration = Duration::from_secs(1);

/// The VPCs that carry all these tags.
///
/// # Errors
/// What AWS refuses.
pub async fn tagged_vpcs(
    aws: &Aws,
    tags: &BTreeMap<String, String>,
) -> Result<BTreeSet<String>, Error> {
    let filter = |(key, value): (&String, &String)| {
        Filter::builder().name(format!("tag:{key}")).values(value).build()
    };
    let filters: Vec<Filter> = tags.iter().map(filter).collect();
    let vpcs = aws.pages(
        Service::Ec2,
        "DescribeVpcs",
        |token| {
            aws.ec2.describe_vpcs().set_filters(Some(filters.clone())).set_next_token(token).send()
        },
        |page| (page.vpcs.unwrap_or_default(), page.next_token),
    );
    Ok(vpcs.await?.into_iter().filter_map(|vpc| vpc.vpc_id).collect())
}

/// The VPC of an instance.
///
/// # Errors
/// What AWS refuses.
pub async fn vpc_of_instance(aws: &Aws, instance: &str) -> Result<Option<String>, Error> {
    let call = aws.ec2.describe_instances().instance_ids(instance).send();
    let output = aws.send(Service::Ec2, "DescribeInstances", call).await?;
    let mut instances = output.reservations().iter().flat_map(|one| one.instances());
    Ok(instances.find_map(|instance| instance.vpc_id()).map(str::to_owned))
}

/// The VPC of the instance that this process runs on, where its metadata service answers (EC2 user guide,
/// `network/interfaces/macs/mac/vpc-id`). `AWS_EC2_METADATA_DISABLED` forbids to ask.
pub async fn own_vpc(aws: &Aws) -> Option<String> {
    let disabled = std::env::var("AWS_EC2_METADATA_DISABLED");
    if disabled.is_ok_and(|value| value.eq_ignore_ascii_case("true")) {
        return None;
    }
    let mut provider = ProviderConfig::default();
    if let Some(http) = aws.config().http_client() {
        provider = provider.with_http_client(http);
    }
    let metadata = imds::Client::builder()
        .configure(&provider)
        .max_attempts(1)
        .connect_timeout(PATIENCE)
        .read_timeout(PATIENCE)
        .build();
    let mac = metadata.get("/latest/meta-data/mac").await.ok()?;
    let path = format!("/latest/meta-data/network/interfaces/macs/{}/vpc-id", mac.as_ref().trim());
    let vpc = metadata.get(path).await.ok()?;
    Some(vpc.as_ref().trim().to_owned())
}
