//! Everything that there is, asked for once. In: a connection whose wire somebody listens to. Out: nothing;
//! the answers are for that listener, who keeps them as AWS gave them (`inroad snapshot`). Forbidden:
//! any call that is not a Describe or List.

use aws_sdk_ec2::types::Filter;

use crate::client::Service;
use crate::{Aws, Error, ec2, elbv2, facts, wafv2};

/// Asks all that a plan could ask, about all that is there: in one VPC, or in every VPC of the region.
///
/// # Errors
/// The first question that AWS refuses: half an account is none. Web ACLs may be refused.
pub async fn survey(aws: &Aws, vpc: Option<&str>) -> Result<(), Error> {
    let vpcs = vpcs(aws, vpc).await?;
    let networks = async {
        for vpc in &vpcs {
            futures::try_join!(
                facts::network::subnets(aws, vpc),
                facts::interfaces::list(aws, vpc, None),
                ec2::every_group(aws, vpc),
                instances(aws, vpc)
            )?;
        }
        Ok(())
    };
    futures::try_join!(
        Box::pin(networks),
        Box::pin(elbv2::survey(aws, &vpcs)),
        Box::pin(facts::every_certificate(aws))
    )?;
    // Most roles may not ask, and most accounts have none.
    if let Err(error) = wafv2::survey(aws).await {
        tracing::warn!(%error, "without web ACLs");
    }
    Ok(())
}

async fn vpcs(aws: &Aws, only: Option<&str>) -> Result<Vec<String>, Error> {
    let vpcs = aws.pages(
        Service::Ec2,
        "DescribeVpcs",
        |token| {
            let call = aws.ec2.describe_vpcs();
            match only {
                // By id, EC2 takes no page size and gives no token.
                Some(vpc) => call.vpc_ids(vpc).send(),
                None => call.set_next_token(token).send(),
            }
        },
        |page| (page.vpcs.unwrap_or_default(), page.next_token),
    );
    Ok(vpcs.await?.into_iter().filter_map(|vpc| vpc.vpc_id).collect())
}

async fn instances(aws: &Aws, vpc: &str) -> Result<(), Error> {
    let filter = Filter::builder().name("vpc-id").values(vpc).build();
    let all = aws.pages(
        Service::Ec2,
        "DescribeInstances",
        |token| {
            let call = aws.ec2.describe_instances().filters(filter.clone());
            call.max_results(1000).set_next_token(token).send()
        },
        |page| (page.reservations.unwrap_or_default(), page.next_token),
    );
    all.await.map(drop)
}
