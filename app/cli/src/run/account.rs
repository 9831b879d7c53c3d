//! The AWS account: where it is, which VPC is the cluster's, how fast it is asked. In: flags, and what instance and
//! nodes say. Out: [`Aws`]. Forbidden: any call but those that tell where we are.

use std::{collections::BTreeMap, env};

use anyhow::{Context, bail};
use http::Uri;
use inroad_aws::{Aws, Connect, Gate, Patience, Throttle, own_vpc, tagged_vpcs, vpc_of_instance};
use inroad_cluster::{Client, live};
use tracing::info;

use crate::flags::Values;

/// Connects with the SDK's own credential chain. The region is the flag's, else what environment, profile or
/// instance say, else the nodes'.
///
/// # Errors
/// A flag that cannot be read, or nobody who knows the region.
pub(crate) async fn connect(values: &Values, client: &Client, gate: Gate) -> anyhow::Result<Aws> {
    let connect = settings(values, gate)?;
    let aws = Aws::connect(connect.clone()).await;
    if aws.config().region().is_some() {
        return Ok(aws);
    }
    let place = live::place(client).await.context("the nodes cannot be asked for the region")?;
    let Some(region) = place.region else {
        bail!("nobody knows the AWS region: --aws-region is needed");
    };
    info!(region, "the nodes say where the cluster is");
    Ok(Aws::connect(Connect { region: Some(region), ..connect }).await)
}

/// The cluster's VPC: the flag's, else the only one with `--aws-vpc-tags`, else the instance's that this process
/// runs on, else that of a node.
///
/// # Errors
/// Nobody who knows it, tags that several or none have.
pub(crate) async fn vpc(values: &Values, client: &Client, aws: &Aws) -> anyhow::Result<String> {
    if let Some(vpc) = values.some("aws-vpc-id") {
        return Ok(vpc);
    }
    let tags = values.pairs("aws-vpc-tags");
    if !tags.is_empty() {
        let found = tagged_vpcs(aws, &tags).await.context("--aws-vpc-tags")?;
        let found: Vec<String> = found.into_iter().collect();
        return match found.as_slice() {
            [vpc] => Ok(vpc.clone()),
            [] => bail!("--aws-vpc-tags: no VPC has these tags"),
            several => bail!("--aws-vpc-tags: several VPCs have them: {}", several.join(", ")),
        };
    }
    if let Some(vpc) = own_vpc(aws).await {
        info!(vpc, "the instance says which VPC this is");
        return Ok(vpc);
    }
    let place = live::place(client).await.context("the nodes cannot be asked for the VPC")?;
    if let Some(instance) = place.instance
        && let Some(vpc) = vpc_of_instance(aws, &instance).await.context(instance)?
    {
        info!(vpc, "a node says which VPC this is");
        return Ok(vpc);
    }
    bail!("nobody knows the cluster's VPC: --aws-vpc-id is needed")
}

/// How the flags say that AWS is asked.
///
/// # Errors
/// A flag, or an endpoint of the environment, that cannot be read.
pub(crate) fn settings(values: &Values, gate: Gate) -> anyhow::Result<Connect> {
    let throttle = match values.some("aws-api-throttle") {
        Some(text) => text.parse().context("--aws-api-throttle")?,
        None => Throttle::default(),
    };
    let surroundings = env::vars_os().map(|(name, url)| (name.into_string(), url.into_string()));
    let surroundings = surroundings.filter_map(|(name, url)| name.ok().zip(url.ok()));
    let given = values.pairs("aws-api-endpoints");
    reachable(surroundings.filter(|(name, _)| name.starts_with("AWS_ENDPOINT_URL")))?;
    reachable(given.clone().into_iter()).context("--aws-api-endpoints")?;
    let retries = u32::try_from(values.number("aws-max-retries")).unwrap_or(u32::MAX - 1);
    Ok(Connect {
        region: values.some("aws-region"),
        endpoints: endpoints(given),
        gate: Some(gate),
        throttle: Some(throttle),
        patience: Patience { attempts: retries.saturating_add(1), ..Patience::default() },
        ..Connect::default()
    })
}

/// The SDK panics at an endpoint that is empty, and names one without a scheme only with the first call.
fn reachable(mut endpoints: impl Iterator<Item = (String, String)>) -> anyhow::Result<()> {
    let is_url = |url: &str| url.parse::<Uri>().is_ok_and(|it| it.scheme().is_some());
    match endpoints.find(|(_, url)| !is_url(url)) {
        Some((name, url)) => {
            bail!("{name}={url:?} is no URL: leave it out, or begin with https://")
        }
        None => Ok(()),
    }
}

/// Services by their SDK id, and by the names that IAM and endpoints have.
fn endpoints(said: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let id = |name: &str| match name.to_ascii_lowercase().as_str() {
        "elasticloadbalancing" | "elbv2" => "Elastic Load Balancing v2".to_owned(),
        "tagging" => "Resource Groups Tagging API".to_owned(),
        "route53" => "Route 53".to_owned(),
        _ => name.to_owned(),
    };
    said.into_iter().map(|(name, url)| (id(&name), url)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_url() {
        for (url, good) in [
            ("http://127.0.0.1:1", true),
            ("https://elb.internal", true),
            ("", false),
            ("aws", false),
        ] {
            let said = [("AWS_ENDPOINT_URL_EC2".to_owned(), url.to_owned())];
            let answer = reachable(said.into_iter()).map_err(|error| error.to_string());
            assert_eq!(answer.is_ok(), good, "{url:?}: {answer:?}");
            assert!(good || answer.is_err_and(|text| text.contains("AWS_ENDPOINT_URL_EC2=")));
        }
    }
}
