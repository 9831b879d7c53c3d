//! What several unit tests need.

use inroad_emulator::elbv2::{HealthCheck, State};

use crate::model::{Group, Target};

/// A target group with one target for each state: 10.0.0.1, its port being its index.
pub(crate) fn group(states: &[State], attribute: Option<(&str, &str)>) -> Group {
    let targets = states.iter().zip(0..);
    let target =
        |(state, port): (&State, u16)| Target { id: "10.0.0.1".to_owned(), port, state: *state };
    let check = HealthCheck {
        protocol: None,
        port: None,
        enabled: true,
        interval: 15,
        timeout: 5,
        healthy_threshold: 5,
        unhealthy_threshold: 2,
        path: None,
        matcher: None,
    };
    Group {
        arn: "tg".to_owned(),
        secure: false,
        version: "HTTP1".to_owned(),
        targets: targets.map(target).collect(),
        attributes: attribute.map(|(k, v)| (k.to_owned(), v.to_owned())).into_iter().collect(),
        check,
    }
}
