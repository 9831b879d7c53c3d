//! Which actions a listener or a rule may have: checks them against the listener, the target groups and
//! the quotas, and fills in what AWS fills in.

use std::collections::{BTreeMap, BTreeSet};

use super::actions::{Action, ActionType, Forward, Redirect, Stickiness, Weighted};
use super::answer::{invalid, unconfigurable};
use super::state::{Kind, LoadBalancer, Protocol, TargetGroup};
use crate::{Account, Fault};

/// Most actions of one rule: authentication and the final one leave room for no more than this.
const ACTIONS: usize = 5;
/// Most target groups of one forward action (quota "Target Groups per Action per ALB").
const GROUPS_PER_ACTION: usize = 5;

/// Where the actions will be.
pub(super) struct Place<'a> {
    pub(super) balancer: &'a LoadBalancer,
    pub(super) protocol: Protocol,
    pub(super) port: u16,
    /// The rule whose actions they replace.
    pub(super) replaces: Option<&'a str>,
}

fn refused(message: impl Into<String>) -> Fault {
    Fault::new("InvalidLoadBalancerAction", message)
}

/// The actions as they are stored, in the order in which they run.
pub(super) fn check(
    account: &Account,
    place: &Place<'_>,
    mut actions: Vec<Action>,
) -> Result<Vec<Action>, Fault> {
    if actions.len() > ACTIONS {
        let message = format!("A rule can have at most {ACTIONS} actions");
        return Err(Fault::new("TooManyActions", message));
    }
    check_order(&actions)?;
    actions.sort_by_key(|action| action.order);
    let ends = actions.iter().position(|action| action.kind.is_final());
    if ends.is_none_or(|at| at + 1 != actions.len()) {
        return Err(refused("The last action, and only it, must forward, redirect or respond"));
    }
    for action in &mut actions {
        check_action(account, place, action)?;
    }
    check_groups(account, place, &actions)?;
    Ok(actions)
}

fn check_order(actions: &[Action]) -> Result<(), Fault> {
    let orders: BTreeSet<u32> = actions.iter().filter_map(|action| action.order).collect();
    if actions.len() > 1 && orders.len() < actions.len() {
        return Err(refused("Each of several actions needs an order of its own"));
    }
    Ok(())
}

fn check_action(account: &Account, place: &Place<'_>, action: &mut Action) -> Result<(), Fault> {
    if place.balancer.kind != Kind::Application && action.kind != ActionType::Forward {
        return Err(refused("Only forward actions are supported on this load balancer"));
    }
    match action.kind {
        ActionType::Forward => check_forward(account, place, action),
        ActionType::Redirect => {
            let redirect = action.redirect_config.as_ref();
            check_redirect(place, redirect.ok_or_else(|| refused("RedirectConfig is missing"))?)
        }
        ActionType::FixedResponse => check_response(action),
        _ if place.protocol != Protocol::Https => {
            Err(refused("Authentication and token validation need an HTTPS listener"))
        }
        ActionType::AuthenticateOidc => fill_authentication(&mut action.authenticate_oidc_config),
        ActionType::AuthenticateCognito => {
            fill_authentication(&mut action.authenticate_cognito_config)
        }
        ActionType::JwtValidation => match action.jwt_validation_config {
            Some(_) => Ok(()),
            None => Err(refused("JwtValidationConfig is missing")),
        },
    }
}

/// The defaults of both kinds of authentication; the client secret is never told again.
fn fill_authentication(config: &mut Option<serde_json::Value>) -> Result<(), Fault> {
    let members = config.as_mut().and_then(|config| config.as_object_mut());
    let members =
        members.ok_or_else(|| refused("The authentication's configuration is missing"))?;
    members.remove("ClientSecret");
    let defaults = [
        ("SessionCookieName", "AWSELBAuthSessionCookie".into()),
        ("Scope", "openid".into()),
        ("SessionTimeout", 604_800.into()),
        ("OnUnauthenticatedRequest", "authenticate".into()),
    ];
    for (member, default) in defaults {
        members.entry(member).or_insert(default);
    }
    Ok(())
}

fn check_forward(account: &Account, place: &Place<'_>, action: &mut Action) -> Result<(), Fault> {
    complete_forward(action)?;
    for arn in action.target_groups() {
        check_pairing(place, account.elbv2.target_group(arn)?)?;
    }
    Ok(())
}

/// Short form and long form of a forward, each from the other, with the defaults.
pub(super) fn complete_forward(action: &mut Action) -> Result<(), Fault> {
    let mut forward = action.forward_config.take().unwrap_or_default();
    match (&action.target_group_arn, &forward.target_groups[..]) {
        (None, []) => return Err(refused("A forward action needs a target group")),
        (Some(arn), []) => {
            forward.target_groups = vec![Weighted { target_group_arn: arn.clone(), weight: None }];
        }
        (None, _) => {}
        (Some(arn), [one]) if one.target_group_arn == *arn => {}
        (Some(_), _) => {
            return Err(refused("TargetGroupArn and ForwardConfig name different target groups"));
        }
    }
    fill_forward(&mut forward)?;
    action.target_group_arn = match &forward.target_groups[..] {
        [one] => Some(one.target_group_arn.clone()),
        _ => None,
    };
    action.forward_config = Some(forward);
    Ok(())
}

fn fill_forward(forward: &mut Forward) -> Result<(), Fault> {
    if forward.target_groups.len() > GROUPS_PER_ACTION {
        let message = format!("An action can forward to at most {GROUPS_PER_ACTION} target groups");
        return Err(Fault::new("TooManyTargetGroups", message));
    }
    let mut seen = BTreeSet::new();
    for weighted in &mut forward.target_groups {
        if weighted.weight.is_some_and(|weight| weight > 999) {
            return Err(invalid("A weight must be from 0 to 999"));
        }
        weighted.weight.get_or_insert(1);
        if !seen.insert(weighted.target_group_arn.clone()) {
            return Err(refused("A target group can be in a forward action only once"));
        }
    }
    let stickiness = forward
        .target_group_stickiness_config
        .get_or_insert(Stickiness { enabled: false, duration_seconds: None });
    let seconds = stickiness.duration_seconds;
    let legal = seconds.is_some_and(|seconds| (1..=604_800).contains(&seconds));
    if (stickiness.enabled || seconds.is_some()) && !legal {
        return Err(invalid("Target group stickiness lasts from 1 to 604800 seconds"));
    }
    Ok(())
}

/// Whether the listener can hand connections to the group, and is in its VPC.
fn check_pairing(place: &Place<'_>, group: &TargetGroup) -> Result<(), Fault> {
    use Protocol::{Geneve, Http, Https, Quic, Tcp, TcpQuic, TcpUdp, Tls, Udp};
    let ok = matches!(
        (place.protocol, group.protocol),
        (Http | Https, None | Some(Http | Https))
            | (Tcp, Some(Tcp | TcpUdp))
            | (Udp, Some(Udp | TcpUdp))
            | (Tls, Some(Tcp | Tls))
            | (Quic, Some(Quic | TcpQuic))
            | (TcpUdp, Some(TcpUdp))
            | (TcpQuic, Some(TcpQuic))
            | (Geneve, Some(Geneve))
    );
    if !ok {
        let message = format!(
            "Target group '{}' does not fit a listener of protocol {:?}",
            group.arn, place.protocol
        );
        return Err(Fault::new("IncompatibleProtocols", message));
    }
    if group.vpc_id.as_ref().is_some_and(|vpc| *vpc != place.balancer.network.vpc_id) {
        let message = format!("Target group '{}' is in another VPC", group.arn);
        return Err(unconfigurable(message));
    }
    Ok(())
}

fn check_redirect(place: &Place<'_>, redirect: &Redirect) -> Result<(), Fault> {
    let protocol = match place.protocol {
        Protocol::Https => "HTTPS",
        _ => "HTTP",
    };
    let same_protocol = [protocol, "#{protocol}"].contains(&redirect.protocol.as_str());
    let port = redirect.port.parse::<u16>().ok().filter(|port| *port > 0);
    let same_port = redirect.port == "#{port}" || port == Some(place.port);
    if redirect.port != "#{port}" && port.is_none() {
        return Err(invalid(format!("'{}' is not a port", redirect.port)));
    }
    if !["HTTP", "HTTPS", "#{protocol}"].contains(&redirect.protocol.as_str()) {
        return Err(invalid(format!("'{}' is not a protocol", redirect.protocol)));
    }
    if !redirect.path.starts_with('/') {
        return Err(invalid("The path of a redirect must start with '/'"));
    }
    if protocol == "HTTPS" && redirect.protocol == "HTTP" {
        return Err(refused("A redirect cannot lead from HTTPS to HTTP"));
    }
    let same_rest =
        redirect.host == "#{host}" && redirect.path == "/#{path}" && redirect.query == "#{query}";
    if same_protocol && same_port && same_rest {
        return Err(refused("The redirect configuration is not valid because it creates a loop"));
    }
    Ok(())
}

fn check_response(action: &Action) -> Result<(), Fault> {
    let config = action.fixed_response_config.as_ref();
    let config = config.ok_or_else(|| refused("FixedResponseConfig is missing"))?;
    let digits = config.status_code.as_bytes();
    let legal = digits.len() == 3
        && matches!(digits[0], b'2' | b'4' | b'5')
        && digits.iter().all(u8::is_ascii_digit);
    if !legal {
        return Err(invalid(format!("'{}' is not a status code", config.status_code)));
    }
    let types =
        ["text/plain", "text/css", "text/html", "application/javascript", "application/json"];
    match &config.content_type {
        Some(given) if !types.contains(&given.as_str()) => {
            Err(invalid(format!("'{given}' is not a content type of a fixed response")))
        }
        _ => Ok(()),
    }
}

/// The limits that only show when all of the load balancer's actions are looked at together.
fn check_groups(account: &Account, place: &Place<'_>, actions: &[Action]) -> Result<(), Fault> {
    let state = &account.elbv2;
    let wanted: BTreeSet<&str> = actions.iter().flat_map(Action::target_groups).collect();
    let usage = state.usage();
    for group in &wanted {
        let elsewhere =
            usage.get(group).is_some_and(|by| by.iter().any(|arn| *arn != place.balancer.arn));
        if elsewhere {
            let message = format!(
                "The following target groups cannot be associated with more than one load \
                 balancer: {group}"
            );
            return Err(Fault::new("TargetGroupAssociationLimit", message));
        }
    }
    let kept = groups_besides(account, place);
    let all: BTreeSet<&str> = kept.iter().map(String::as_str).chain(wanted).collect();
    check_quotas(account, &all)
}

/// The groups that the load balancer's other rules forward to.
fn groups_besides(account: &Account, place: &Place<'_>) -> BTreeSet<String> {
    let state = &account.elbv2;
    let rules = state.rules.values().filter(|rule| {
        Some(rule.arn.as_str()) != place.replaces
            && state
                .listeners
                .get(&rule.listener_arn)
                .is_some_and(|listener| listener.load_balancer_arn == place.balancer.arn)
    });
    let groups = rules.flat_map(|rule| rule.actions.iter().flat_map(Action::target_groups));
    groups.map(str::to_owned).collect()
}

/// Target groups, targets and registrations of one target on a load balancer with these groups.
pub(super) fn check_quotas(account: &Account, groups: &BTreeSet<&str>) -> Result<(), Fault> {
    let quotas = &account.settings.quotas;
    let over = |code: &str, limit: usize, what: &str| {
        Err(Fault::new(code, format!("A load balancer can have at most {limit} {what}")))
    };
    let limit = quotas.target_groups_per_load_balancer;
    if groups.len() > limit {
        return over("TooManyUniqueTargetGroupsPerLoadBalancer", limit, "target groups");
    }
    let targets = groups.iter().flat_map(|group| account.elbv2.targets_of(group));
    let mut registrations: BTreeMap<&str, usize> = BTreeMap::new();
    targets
        .filter(|target| target.draining_until.is_none())
        .for_each(|target| *registrations.entry(&target.id).or_default() += 1);
    let limit = quotas.registrations_per_target;
    if registrations.values().any(|count| *count > limit) {
        return over("TooManyRegistrationsForTargetId", limit, "registrations of one target");
    }
    let limit = quotas.targets_per_load_balancer;
    if registrations.values().sum::<usize>() > limit {
        return over("TooManyTargets", limit, "targets");
    }
    Ok(())
}
