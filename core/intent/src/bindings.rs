//! TargetGroupBindings that stand, and who the endpoints of a target group are, as plain data
//! (load-balancers.md 4.4, 7.3). In: the world, not through a `Lens`: our own outputs make nothing due. Out:
//! what `desired` compares with what it would publish.

use std::collections::{BTreeMap, BTreeSet};

use inroad_words::{
    Arn, ObjectKey, Origin,
    published::{BINDING_FINALIZER, CHECKPOINT, Published, Standing},
};
use inroad_world::{Resource, World, crd::TargetGroupBinding};
use k8s_openapi::{
    api::{
        core::v1::{Node, Pod},
        discovery::v1::EndpointSlice,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use crate::model::{EndpointTarget, TargetsIntent};

/// The bindings of the whole cluster that carry these labels among theirs.
pub fn standing(world: &World, labels: &BTreeMap<String, String>) -> Vec<Standing> {
    let carries = |it: &&TargetGroupBinding| {
        let found = it.metadata.labels.as_ref();
        found.is_some_and(|found| labels.iter().all(|(key, value)| found.get(key) == Some(value)))
    };
    let all = world.all::<TargetGroupBinding>().filter(|(_, it)| carries(it));
    all.filter_map(|(key, it)| read(key, it)).collect()
}

fn read(key: &ObjectKey, binding: &TargetGroupBinding) -> Option<Standing> {
    let meta = &binding.metadata;
    let annotation = |name: &str| meta.annotations.as_ref()?.get(name).cloned();
    let says = Published {
        object: key.clone(),
        labels: meta.labels.clone().unwrap_or_default(),
        group: Arn(binding.spec.target_group_arn.clone()),
        spec: serde_json::to_string(&binding.spec).ok()?,
    };
    Some(Standing {
        says,
        checkpoint: annotation(CHECKPOINT).unwrap_or_default(),
        guarded: meta.finalizers.iter().flatten().any(|it| it == BINDING_FINALIZER),
        leaving: meta.deletion_timestamp.is_some(),
    })
}

/// The endpoints of a target group as checkpoints spell them: `id:port:created`, the last in milliseconds since
/// 1970 of the Pod or Node behind it, 0 where there is none. An address that another Pod has taken over is
/// so told from the old one.
pub fn identities(world: &World, targets: &TargetsIntent) -> BTreeSet<String> {
    let identity = |(target, origin): (&EndpointTarget, &Origin)| {
        let created = behind(world, origin).and_then(|meta| meta.creation_timestamp.as_ref());
        let millis = created.map_or(0, |time| time.0.as_millisecond());
        format!("{}:{}:{millis}", target.id, target.port)
    };
    targets.endpoints.iter().map(identity).collect()
}

/// The Pod or Node that an endpoint's origin leads to.
fn behind<'w>(world: &'w World, origin: &Origin) -> Option<&'w ObjectMeta> {
    let Origin::Object { object, path } = origin else { return None };
    if let Some(node) = world.get::<Node>(object) {
        return Some(&node.metadata);
    }
    let index: usize = path.strip_prefix("/endpoints/")?.parse().ok()?;
    let endpoint = world.get::<EndpointSlice>(object)?.endpoints.get(index)?;
    let name = endpoint.target_ref.as_ref()?.name.as_ref()?;
    let pod = ObjectKey::new(Pod::KIND, &object.namespace, name);
    Some(&world.get::<Pod>(&pod)?.metadata)
}
