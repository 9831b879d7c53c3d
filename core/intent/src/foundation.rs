//! What stacks share: the backend security group, and the ports that must be open for it on targets
//! (load-balancers.md 5.2, 5.3). In: every stack with its endpoints. Out: a [`FoundationIntent`].

use inroad_words::{Origin, controller::BalancerSettings, hold::Hold};
use inroad_world::Lens;

use crate::{
    compile::Stacks,
    model::{Backend, FoundationIntent, SecurityIntent, Source, StackIntent, TargetPort},
    targets,
};

/// What the stacks of the world share. Mistakes are told with the stacks and targets themselves.
pub(crate) fn compile(
    lens: &Lens<'_>,
    settings: &BalancerSettings,
    stacks: &Stacks,
) -> FoundationIntent {
    let mut intent = FoundationIntent::default();
    let shared = settings.switches.backend_security_group;
    for (key, stack) in stacks {
        if intent.held.is_none() && !is_elsewhere(stack) {
            intent.held = stack.held.clone().or_else(|| stack.kept.targets.clone());
        }
        let security = stack.balancer.as_ref().map(|balancer| &balancer.security);
        if let Some(SecurityIntent::Given { groups, .. }) = security {
            let named = groups.value.iter().map(|name| (name.clone(), groups.origin.clone()));
            intent.named.extend(named);
        }
        let source = match (shared, security, stack.members.first()) {
            (true, Some(_), Some(first)) if wears_backend_group(stack) => {
                intent.needed_by.insert(key.clone(), first.clone());
                Source::Shared
            }
            (false, Some(SecurityIntent::Managed), _) => Source::Stack(key.clone()),
            _ => continue,
        };
        for backend in stack.backends.values() {
            open(lens, backend, settings, (&source, &mut intent));
        }
    }
    intent
}

/// A Service that is left to others and that nobody has made anything for relies on nothing.
fn is_elsewhere(stack: &StackIntent) -> bool {
    let orphan = |held: &Hold| matches!(held.origin, Origin::Stack(_));
    let idle = stack.members.is_empty() && stack.torn.is_empty();
    stack.key.is_of_service() && idle && !stack.held.as_ref().is_some_and(orphan)
}

fn wears_backend_group(stack: &StackIntent) -> bool {
    let balancer = stack.balancer.as_ref();
    // Where members differ, what is deployed decides, and that is not known here.
    let others = balancer.map(|balancer| &balancer.open.manage_backend_rules.others);
    let open = others.is_some_and(|others| others.iter().any(|said| said.value));
    balancer.is_some_and(|balancer| match &balancer.security {
        SecurityIntent::Managed => true,
        SecurityIntent::Given { manage_backend_rules, .. } => manage_backend_rules.value || open,
    })
}

/// The ports of traffic, health check and control of each endpoint, or all TCP where the operator says
/// so.
fn open(
    lens: &Lens<'_>,
    backend: &Backend,
    settings: &BalancerSettings,
    (source, intent): (&Source, &mut FoundationIntent),
) {
    intent.instances.extend(targets::hosts(lens, backend));
    let health: Option<u16> = backend.protocol.health_port.value.parse().ok();
    for target in targets::endpoints(lens, backend, settings, &mut Vec::new()).into_keys() {
        let openings = intent.openings.entry(source.clone()).or_default();
        let openings = openings.entry(target.id).or_default();
        let mut add = |port: TargetPort, origin: &Origin| {
            openings.entry(port).or_insert_with(|| origin.clone());
        };
        if settings.switches.unrestricted_rules {
            add(TargetPort::AllTcp, &backend.origin);
            continue;
        }
        add(TargetPort::Tcp(target.port), &backend.origin);
        if let Some(port) = health {
            add(TargetPort::Tcp(port), &backend.protocol.health_port.origin);
        }
        if let Some(port) = &backend.control_port {
            add(TargetPort::Tcp(port.value), &port.origin);
        }
    }
}
