//! Rules and paths of an Ingress to routes in the order in which they are tried (load-balancers.md
//! 4.7).

use inroad_words::{Origin, Said};
use k8s_openapi::api::networking::v1::HTTPIngressPath;

use super::{Desk, backend, conditions, group::Member, merge::SaidMap};
use crate::{
    model::Route,
    settings::{REGEX_PATHS, Setting, TRANSFORMS, Unreadable, look, look_named},
};

/// The routes of one member. A path that is wrong is left out.
pub(super) fn routes(member: &Member<'_>, tags: &SaidMap, desk: &mut Desk<'_, '_>) -> Vec<Route> {
    let regex = look(&REGEX_PATHS, &[member.annotations()], desk.diagnostics);
    let regex = regex.map(|said| said.is_some_and(|said| said.value)).ok();
    let rules = member.ingress.spec.as_ref().and_then(|spec| spec.rules.as_ref());
    let mut routes = Vec::new();
    for (index, rule) in rules.into_iter().flatten().enumerate() {
        let paths = rule.http.as_ref().map(|http| http.paths.as_slice()).unwrap_or_default();
        for (at, path) in in_order(paths) {
            let origin = Origin::field(&member.key, format!("/spec/rules/{index}/http/paths/{at}"));
            let asked = conditions::Asked { member, rule, path, regex, origin: &origin };
            let conditions = conditions::read(&asked, desk);
            let transforms = said_for(&TRANSFORMS, member, path, desk);
            // Also for a path that is wrong: the rule that it was may still lead to its backend.
            let action = backend::action(member, &path.backend, &origin, desk);
            let (Some(conditions), Ok(transforms), Some(action)) = (conditions, transforms, action)
            else {
                continue;
            };
            let transforms = transforms.map(|said| said.value).unwrap_or_default();
            let tags = tags.clone();
            routes.push(Route { origin, conditions, action, transforms, tags });
        }
    }
    routes
}

/// Exact paths, then prefixes with the longest first, then the rest; each as they were written.
fn in_order(paths: &[HTTPIngressPath]) -> Vec<(usize, &HTTPIngressPath)> {
    let mut paths: Vec<_> = paths.iter().enumerate().collect();
    paths.sort_by_key(|(_, path)| match path.path_type.as_str() {
        "Exact" => (0, 0),
        "Prefix" => (1, usize::MAX - path.path.as_deref().unwrap_or_default().len()),
        _ => (2, 0),
    });
    paths
}

/// What the annotation that bears the name of the path's backend says. `Err`: it cannot be read.
pub(super) fn said_for<T>(
    setting: &Setting<T>,
    member: &Member<'_>,
    path: &HTTPIngressPath,
    desk: &mut Desk<'_, '_>,
) -> Result<Option<Said<T>>, Unreadable> {
    let Some(service) = &path.backend.service else { return Ok(None) };
    let suffix = format!("{}{}", setting.row.ingress, service.name);
    look_named(setting, &suffix, &[member.annotations()], desk.diagnostics)
}
