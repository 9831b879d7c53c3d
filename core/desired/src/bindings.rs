//! Which TargetGroupBindings a stack publishes (load-balancers.md 3.1, 4.4, 4.8), what is to be done about those
//! that stand, and their checkpoints (7.3). In: what should be there, what is known of it, what stands. Out:
//! plain data. Forbidden: reading wishes out of bindings; those with a stack's labels are outputs.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use inroad_words::{
    Arn, Field, Kind, ObjectKey, ResourceKey, ResourceKind, Unit, Value,
    facts::Outputs,
    published::{BindingStep, Published, Standing},
    targets::{Binding, BindingRule, PortRef, TargetGroup},
};
use serde::Serialize;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::{model::Desired, tags::binding_labels};

/// The bindings of a stack by the target group's resource id. One whose references are not all known yet is
/// left out.
pub fn bindings(desired: &Desired, known: &Outputs) -> BTreeMap<String, Published> {
    let Unit::Stack(stack) = &desired.unit else { return BTreeMap::new() };
    let refer = |of: &ResourceKey, field| known.get(of, field).map(Json::from);
    let publish = |(id, binding): (&String, &crate::Resource<Binding>)| {
        let group = &desired.target_groups.get(id)?.spec;
        let binding = &binding.spec;
        let arn = match &binding.group {
            Value::Known(arn) => arn.clone(),
            Value::Output { of, field } => Arn(known.get(of, *field)?.to_owned()),
        };
        let published = Published {
            object: ObjectKey::new(
                Kind::TargetGroupBinding,
                &binding.namespace,
                name_in(&arn).unwrap_or(&binding.name),
            ),
            labels: binding_labels(stack),
            group: arn,
            spec: serde_json::to_string(&spec(binding, group, &refer)?).ok()?,
        };
        Some((id.clone(), published))
    };
    desired.bindings.iter().filter_map(publish).collect()
}

/// A target group's name as its ARN says it: one of another generation has another than is wanted.
fn name_in(group: &Arn) -> Option<&str> {
    group.0.split_once(":targetgroup/")?.1.split('/').next()
}

/// What is to be done so that exactly the wanted bindings stand. `standing`: those in the cluster with the
/// stack's labels; `known`: outputs of all resources that stay. A binding keeps its name for as long as its
/// target group lives, as readiness gates spell it, and goes only after its target group.
pub fn publish(
    desired: &Desired,
    known: &Outputs,
    standing: impl IntoIterator<Item = Standing>,
) -> Vec<BindingStep> {
    let mut wanted: BTreeMap<Arn, Published> =
        bindings(desired, known).into_values().map(|it| (it.group.clone(), it)).collect();
    let (mut gone, mut changed) = (Vec::new(), Vec::new());
    for it in standing {
        if it.leaving {
            gone.push(BindingStep::Delete(it.says.object));
        } else if let Some(mut want) = wanted.remove(&it.says.group) {
            want.object = it.says.object.clone();
            if want != it.says || !it.guarded {
                changed.push(BindingStep::Update(want));
            }
        } else if !stays(desired, known, &it.says.group) {
            gone.push(BindingStep::Delete(it.says.object));
        }
    }
    gone.extend(changed);
    gone.extend(wanted.into_values().map(BindingStep::Create));
    gone
}

/// Whether a binding's target group is there to stay, as far as it is ours to say.
fn stays(desired: &Desired, known: &Outputs, group: &Arn) -> bool {
    let ours =
        |key: &ResourceKey| key.kind == ResourceKind::TargetGroup && key.unit == desired.unit;
    let mut known = known.0.iter();
    desired.held.unit.is_some() || known.any(|((key, _), arn)| ours(key) && *arn == group.0)
}

/// What a binding's checkpoint says once exactly these endpoints are registered. `identities`: each endpoint as
/// `id:port:created`, the last in milliseconds since 1970. The peer computes the same.
pub fn checkpoint(identities: &BTreeSet<String>, spec: &str) -> String {
    let list = identities.iter().map(String::as_str).collect::<Vec<_>>().join(",");
    format!("{}/{}", digest(&list), digest(spec))
}

/// Whether a binding says that exactly these endpoints were registered with success: then nobody need ask
/// AWS which targets there are.
pub fn is_current(standing: &Standing, identities: &BTreeSet<String>) -> bool {
    !standing.leaving && standing.checkpoint == checkpoint(identities, &standing.says.spec)
}

fn digest(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

/// `spec`, in the order of the peer's type.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Spec<'a> {
    #[serde(rename = "targetGroupARN")]
    target_group_arn: Json,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    multi_cluster_target_group: bool,
    target_type: &'static str,
    target_group_protocol: &'static str,
    service_ref: ServiceRef<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    networking: Option<Networking>,
    #[serde(skip_serializing_if = "Option::is_none")]
    node_selector: Option<Json>,
    ip_address_type: &'static str,
    #[serde(rename = "vpcID", skip_serializing_if = "str::is_empty")]
    vpc_id: &'a str,
}

#[derive(Serialize)]
struct ServiceRef<'a> {
    name: &'a str,
    port: &'a PortRef,
}

#[derive(Serialize)]
struct Networking {
    ingress: Vec<Rule>,
}

#[derive(Serialize)]
struct Rule {
    from: [Json; 1],
    ports: Vec<Port>,
}

#[derive(Serialize)]
struct Port {
    protocol: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<PortRef>,
}

/// The spec of a binding, with what `refer` says for each reference; `None` where it knows one not.
pub(crate) fn spec<'a>(
    binding: &'a Binding,
    group: &'a TargetGroup,
    refer: &impl Fn(&ResourceKey, Field) -> Option<Json>,
) -> Option<Spec<'a>> {
    let arn = match &binding.group {
        Value::Known(arn) => json!(arn),
        Value::Output { of, field } => refer(of, *field)?,
    };
    let networking = match &binding.networking {
        Some(rules) => {
            let ingress = rules.iter().map(|it| rule(it, refer)).collect::<Option<Vec<_>>>()?;
            Some(Networking { ingress })
        }
        None => None,
    };
    let labels = &binding.node_labels;
    Some(Spec {
        target_group_arn: arn,
        multi_cluster_target_group: binding.multi_cluster,
        target_type: group.target_type.as_str(),
        target_group_protocol: group.protocol.as_str(),
        service_ref: ServiceRef { name: &binding.service, port: &binding.port },
        networking,
        node_selector: (!labels.is_empty()).then(|| json!({ "matchLabels": labels })),
        ip_address_type: group.ip_address_type.as_str(),
        vpc_id: &group.vpc,
    })
}

fn rule(rule: &BindingRule, refer: &impl Fn(&ResourceKey, Field) -> Option<Json>) -> Option<Rule> {
    let source = match &rule.source {
        Value::Known(id) => json!(id),
        Value::Output { of, field } => refer(of, *field)?,
    };
    let port = |port| Port { protocol: "TCP", port };
    let ports = match rule.ports.as_slice() {
        [] => vec![port(None)],
        some => some.iter().cloned().map(Some).map(port).collect(),
    };
    Some(Rule { from: [json!({ "securityGroup": { "groupID": source } })], ports })
}

#[cfg(test)]
mod tests;
