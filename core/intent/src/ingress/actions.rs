//! Actions that annotations say (`actions.<name>`, load-balancers.md 1.5): a backend with the port
//! `use-annotation` to what is done with a request.

use inroad_words::{Diagnostic, Origin, balancer::Stickiness};

use super::{
    Desk,
    backend::{Found, nobody, service, unavailable},
    call::{Mistake, mistake, readable},
    group::Member,
};
use crate::{
    codes,
    model::{Goal, RouteAction},
    settings::{ACTIONS, ActionAsk, Aim, PREFIX},
};

/// What the annotation for the backend `name` says.
pub(super) fn annotated(
    member: &Member<'_>,
    name: &str,
    origin: &Origin,
    desk: &mut Desk<'_, '_>,
) -> Result<RouteAction, Mistake> {
    let suffix = format!("{}{name}", ACTIONS.row.ingress);
    let Some(said) = readable(&ACTIONS, &suffix, &[member.annotations()])? else {
        return missing(&suffix, origin, desk);
    };
    match &said.value {
        ActionAsk::Redirect(redirect) => Ok(RouteAction::Redirect(redirect.clone())),
        ActionAsk::FixedResponse(response) => Ok(RouteAction::FixedResponse(response.clone())),
        ActionAsk::Forward { targets, stickiness } => {
            forward(member, (targets, *stickiness), &said.origin, desk)
        }
    }
}

/// The peer answers 503 as well, unless it is told otherwise.
fn missing(suffix: &str, origin: &Origin, desk: &mut Desk<'_, '_>) -> Result<RouteAction, Mistake> {
    let message = format!("there is no annotation {suffix} for this backend");
    if !desk.settings.switches.tolerate_missing_action {
        let help = "write it; until then this path is not served";
        return Err(mistake(codes::NO_ACTION, origin, message, help));
    }
    let warning = Diagnostic::warning(codes::NO_ACTION, origin.clone(), message);
    desk.diagnostics.push(warning.help("write it; until then the answer is 503"));
    Ok(unavailable("Backend action does not exist"))
}

/// Services become backends. One that does not exist costs the path where there are several: a share
/// of the traffic would go nowhere.
fn forward(
    member: &Member<'_>,
    (targets, stickiness): (&[(Aim, Option<u32>)], Option<Stickiness>),
    origin: &Origin,
    desk: &mut Desk<'_, '_>,
) -> Result<RouteAction, Mistake> {
    if targets.len() > 1 && !desk.settings.switches.weighted_target_groups {
        let message = "several target groups in one action are switched off (WeightedTargetGroups)";
        return Err(mistake(codes::NO_WEIGHTS, origin, message, "name one target group"));
    }
    let mut goals = Vec::new();
    for (aim, weight) in targets {
        let goal = match aim {
            Aim::Arn(arn) => Goal::Arn(arn.clone()),
            Aim::Name(name) => Goal::Name(name.clone()),
            Aim::Service(name, port) => {
                match service(member, (name, port.clone()), origin, desk)? {
                    Found::Group(id) => Goal::Backend(id),
                    Found::Missing(warning) if targets.len() == 1 => {
                        return Ok(nobody(*warning, desk));
                    }
                    Found::Missing(warning) => {
                        let help = "create it; until then this path is not served";
                        return Err(mistake(codes::NO_SERVICE, origin, warning.message, help));
                    }
                }
            }
        };
        goals.push((goal, *weight));
    }
    Ok(RouteAction::Forward { targets: goals, stickiness })
}

/// Whether some action of the member, used or not, leads to this Service.
pub(super) fn leads_to(member: &Member<'_>, service: &str) -> bool {
    let annotations = member.ingress.metadata.annotations.iter().flatten();
    let actions = annotations.filter_map(|(key, text)| {
        key.strip_prefix(PREFIX)?.strip_prefix(ACTIONS.row.ingress)?;
        (ACTIONS.parse)(text).ok()
    });
    let mut targets = actions.flat_map(|action| match action {
        ActionAsk::Forward { targets, .. } => targets,
        _ => Vec::new(),
    });
    targets.any(|(aim, _)| matches!(aim, Aim::Service(name, _) if name == service))
}
