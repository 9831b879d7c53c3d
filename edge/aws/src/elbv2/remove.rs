//! Deletions: what is gone already is done.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::types as sdk;
use inroad_plan::{Op, OpOutputs};
use inroad_words::Arn;
use inroad_words::targets::Target;

use super::convert::ask_targets;
use crate::apply::{Patience, absent_is_done, done, when_free};
use crate::client::Service;
use crate::value::known;
use crate::{Aws, Error};

/// How long a target group waits for the listener that used it to let go.
const WAIT: Patience = Patience { step: Duration::from_secs(2), limit: Duration::from_secs(20) };

pub(super) async fn apply(aws: &Aws, op: &Op) -> Result<Option<OpOutputs>, Error> {
    let answer = match op {
        Op::DeleteLoadBalancer { arn } => {
            let call = aws.elbv2.delete_load_balancer().load_balancer_arn(&arn.0).send();
            aws.send(Service::Elbv2, "DeleteLoadBalancer", call).await.map(|_| ())
        }
        Op::DeleteListener { arn } => {
            let call = aws.elbv2.delete_listener().listener_arn(&arn.0).send();
            aws.send(Service::Elbv2, "DeleteListener", call).await.map(|_| ())
        }
        Op::DeleteRule { arn } => {
            let call = aws.elbv2.delete_rule().rule_arn(&arn.0).send();
            aws.send(Service::Elbv2, "DeleteRule", call).await.map(|_| ())
        }
        Op::DeleteTargetGroup { arn } => target_group(aws, arn).await,
        Op::RemoveCertificate { listener, certificate } => {
            let certificate = sdk::Certificate::builder().certificate_arn(&certificate.0).build();
            let call = aws.elbv2.remove_listener_certificates().listener_arn(&listener.0);
            let call = call.certificates(certificate).send();
            aws.send(Service::Elbv2, "RemoveListenerCertificates", call).await.map(|_| ())
        }
        Op::DeregisterTargets { group, targets } => deregister(aws, known(group)?, targets).await,
        _ => return Ok(None),
    };
    absent_is_done(answer)?;
    done()
}

async fn target_group(aws: &Aws, arn: &Arn) -> Result<(), Error> {
    let once = || async {
        let call = aws.elbv2.delete_target_group().target_group_arn(&arn.0).send();
        aws.send(Service::Elbv2, "DeleteTargetGroup", call).await.map(|_| ())
    };
    when_free(WAIT, once).await
}

async fn deregister(aws: &Aws, group: &Arn, targets: &BTreeSet<Target>) -> Result<(), Error> {
    let targets = Some(ask_targets(targets));
    let call = aws.elbv2.deregister_targets().target_group_arn(&group.0).set_targets(targets);
    aws.send(Service::Elbv2, "DeregisterTargets", call.send()).await.map(|_| ())
}
