//! `trace/v1` of one target group: name, port, health check and binding. A case gives an Ingress, a Service,
//! their annotations; here an Ingress whose default backend is the Service is compiled and shaped, and
//! the field in question is read from the stack. What a case leaves out is filled in.

use inroad_desired::{shape, stack_json};
use inroad_intent::{Compiled, Intent, compile};
use inroad_words::{
    Diagnostic, Field, ResourceKey, ResourceKind, Severity, StackKey, Unit, controller::Controller,
    facts::Facts,
};
use inroad_world::Lens;
use serde_json::{Map, Value, json};

use super::{diff, ingress_world as given, tables::Case};

const PREFIX: &str = "alb.ingress.kubernetes.io/";

/// One Ingress with one backend, as far as a case speaks of it.
struct Setup {
    ingress: Value,
    service: Value,
    controller: Controller,
    facts: Facts,
}

/// What became of it.
struct Made {
    group: Value,
    binding: Value,
    diagnostics: Vec<Diagnostic>,
}

impl Setup {
    /// An Ingress and a Service of this name with one port.
    fn new(name: &str, port: &Value, service_port: Value) -> Self {
        let metadata = json!({ "namespace": "ns-1", "name": name, "annotations": {} });
        let backend = json!({ "service": { "name": name, "port": port_of(port) } });
        Self {
            ingress: json!({
                "apiVersion": "networking.k8s.io/v1",
                "kind": "Ingress",
                "metadata": metadata,
                "spec": { "defaultBackend": backend },
            }),
            service: json!({
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": metadata,
                "spec": { "type": "NodePort", "ports": [service_port] },
            }),
            controller: Controller::default(),
            facts: Facts::default(),
        }
    }

    /// One where nothing but annotations matters.
    fn plain() -> Self {
        Self::new("svc-1", &json!(80), json!({ "port": 80, "nodePort": 30080 }))
    }

    fn annotate(&mut self, setting: &str, value: impl Into<Value>) {
        self.ingress["metadata"]["annotations"][format!("{PREFIX}{setting}")] = value.into();
    }

    /// What the peer calls the annotations of Service and Ingress together, on the Service.
    fn annotate_service(&mut self, annotations: &Value) {
        let all = annotations.as_object().cloned().unwrap_or_else(Map::new);
        for (key, value) in all {
            self.service["metadata"]["annotations"][key] = value;
        }
    }

    /// Compiles and shapes it, as this stack whatever group it is in.
    fn make(&self, stack: Option<StackKey>) -> Result<Made, String> {
        let member = json!({ "ingress": self.ingress });
        let mut objects = given::classed("case", &member, None);
        objects.push(self.service.clone());
        let world = given::world_of(&objects)?;
        let name = self.ingress["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let namespace = self.ingress["metadata"]["namespace"].as_str().unwrap_or_default().into();
        let unit = Unit::Stack(StackKey::Ingress { namespace, name });
        let Compiled { mut intent, mut diagnostics, .. } =
            compile(&Lens::new(&world), &unit, &self.controller);
        if let (Intent::Stack(intent), Some(stack)) = (&mut intent, stack) {
            intent.key = stack;
        }
        let shaped = shape(&intent, &self.facts, &self.controller);
        diagnostics.extend(shaped.diagnostics);
        let json = stack_json(&shaped.desired);
        let first = |kind: &str| {
            let all = json["resources"][kind].as_object();
            all.and_then(|all| all.values().next()).cloned().unwrap_or_default()
        };
        Ok(Made {
            group: first("AWS::ElasticLoadBalancingV2::TargetGroup")["spec"].take(),
            binding: first("K8S::ElasticLoadBalancingV2::TargetGroupBinding")
                .pointer_mut("/spec/template/spec")
                .map(Value::take)
                .unwrap_or_default(),
            diagnostics,
        })
    }
}

impl Made {
    /// The mistake is told where it is.
    fn refused(&self, setting: &str) -> Result<(), String> {
        let mut errors = self.diagnostics.iter().filter(|it| it.severity == Severity::Error);
        let is_told = errors.any(|it| it.origin.to_string().ends_with(&format!("@{setting}")));
        is_told.then_some(()).ok_or_else(|| format!("want an error of {setting}{}", self.told()))
    }

    fn is(&self, want: &Value, got: &Value) -> Result<(), String> {
        diff::compare(want, got).map_err(|why| why + &self.told())
    }

    fn told(&self) -> String {
        self.diagnostics.iter().map(|it| format!("\n{it}")).collect()
    }
}

/// A port of a Service in the words of an Ingress.
fn port_of(port: &Value) -> Value {
    if port.is_string() { json!({ "name": port }) } else { json!({ "number": port }) }
}

/// `buildTargetGroupName`.
pub(super) fn name(case: &Case) -> Result<(), String> {
    let args = case.at("/row/args");
    let (port, is_ip) = (&args["port"], args["targetType"] == "ip");
    let mut service_port = json!({ "port": port.as_u64().unwrap_or(80) });
    if port.is_string() {
        service_port["name"] = port.clone();
    }
    service_port[if is_ip { "targetPort" } else { "nodePort" }] = args["tgPort"].clone();
    let mut setup = Setup::new("name-1", port, service_port);
    setup.ingress["metadata"]["namespace"] = args["ingKey"]["namespace"].clone();
    setup.ingress["metadata"]["name"] = args["ingKey"]["name"].clone();
    setup.service["metadata"] = args["svc"]["metadata"].clone();
    setup.annotate("target-type", args["targetType"].clone());
    setup.annotate("backend-protocol", args["tgProtocol"].clone());
    setup.annotate("backend-protocol-version", args["tgProtocolVersion"].clone());
    if let Some(control) = args["controlPort"].as_u64() {
        let written = port.as_str().map_or(port.to_string(), str::to_owned);
        let setting = format!("target-control-port.name-1.{written}");
        setup.annotate(&setting, control.to_string());
    }
    // The peer's test names no group.
    let made = setup.make(Some(StackKey::Group(String::new())))?;
    made.is(case.at("/row/want"), &made.group["name"])
}

/// `buildTargetGroupPort`.
pub(super) fn port(case: &Case) -> Result<(), String> {
    let service_port = case.at("/row/args/svcPort");
    let mut setup = Setup::new("svc-1", &service_port["name"], service_port.clone());
    setup.annotate("target-type", case.at("/row/args/targetType").clone());
    let made = setup.make(None)?;
    made.is(case.at("/row/want"), &made.group["port"])
}

/// `buildTargetGroupSpec`: the recorded case is a refusal.
pub(super) fn spec(case: &Case) -> Result<(), String> {
    let args = case.at("/row/args");
    let mut setup = Setup::new("svc-1", &args["port"], args["svcPort"].clone());
    let annotations = args.pointer("/ing/Ing/metadata/annotations").cloned();
    setup.ingress["metadata"]["annotations"] = annotations.unwrap_or_else(|| json!({}));
    match case.at("/row/wantErr").as_str() {
        Some(error) if error.contains("target control port") => {
            setup.make(None)?.refused("target-control-port.svc-1.80")
        }
        other => Err(format!("nothing is known of this outcome: {other:?}")),
    }
}

/// `buildTargetGroupHealthCheckPath` and `…Matcher`: what one member of the health check says.
fn health_check(case: &Case, member: &str) -> Result<(), String> {
    let args = case.at("/row/args");
    let mut setup = Setup::plain();
    setup.annotate("backend-protocol-version", args["tgProtocolVersion"].clone());
    setup.annotate_service(&args["svcAndIngAnnotations"]);
    let made = setup.make(None)?;
    made.is(case.at("/row/want"), &made.group["healthCheckConfig"][member])
}

/// `buildTargetGroupHealthCheckPath`.
pub(super) fn health_path(case: &Case) -> Result<(), String> {
    health_check(case, "path")
}

/// `buildTargetGroupHealthCheckMatcher`.
pub(super) fn matcher(case: &Case) -> Result<(), String> {
    health_check(case, "matcher")
}

/// `buildTargetGroupTargetControlPort`. The tables know a port 0; in a cluster there is none.
pub(super) fn control_port(case: &Case) -> Result<(), String> {
    let args = case.at("/row/args");
    let port = json!(args["port"].as_u64().filter(|port| *port > 0).unwrap_or(80));
    let mut setup = Setup::new("svc-1", &port, json!({ "port": port }));
    setup.annotate("target-type", "ip");
    setup.annotate_service(&args["svcAndIngAnnotations"]);
    let made = setup.make(None)?;
    made.is(case.at("/row/want"), &made.group["targetControlPort"])
}

/// `buildTargetGroupBindingMultiClusterFlag`.
pub(super) fn multi_cluster(case: &Case) -> Result<(), String> {
    const SETTING: &str = "multi-cluster-target-group";
    let mut setup = Setup::plain();
    let said = &case.at("/row/ing/Ing/metadata/annotations")[format!("{PREFIX}{SETTING}")];
    if said.is_string() {
        setup.annotate(SETTING, said.clone());
    }
    setup.annotate_service(case.at("/row/svc/metadata/annotations"));
    let made = setup.make(None)?;
    if case.at("/row/wantErr") == &json!(true) {
        return made.refused(SETTING);
    }
    let got = json!(made.binding["multiClusterTargetGroup"] == json!(true));
    made.is(case.at("/row/want"), &got)
}

/// `buildTargetGroupBindingNodeSelector`.
pub(super) fn node_selector(case: &Case) -> Result<(), String> {
    let mut setup = Setup::plain();
    setup.annotate_service(case.at("/row/args/svc/metadata/annotations"));
    let annotations = case.at("/row/args/ing/Ing/metadata/annotations");
    for (key, value) in annotations.as_object().into_iter().flatten() {
        setup.ingress["metadata"]["annotations"][key] = value.clone();
    }
    let made = setup.make(None)?;
    if made.binding.is_null() {
        return Err(format!("there is no binding{}", made.told()));
    }
    made.is(case.at("/row/want"), &made.binding["nodeSelector"])
}

/// `buildTargetGroupBindingNetworking`.
pub(super) fn networking(case: &Case) -> Result<(), String> {
    let row = case.at("/row");
    let service_port = json!({ "port": 80, "targetPort": row["targetPort"] });
    let mut setup = Setup::new("svc-1", &json!(80), service_port);
    setup.annotate("target-type", "ip");
    if let Some(port) = row["healthCheckPort"].as_u64() {
        setup.annotate("healthcheck-port", port.to_string());
    }
    if let Some(port) = row["targetControlPort"].as_u64() {
        setup.annotate("target-control-port.svc-1.80", port.to_string());
    }
    let switches = &mut setup.controller.balancers.switches;
    switches.unrestricted_rules = row["disableRestrictedSGRules"] == json!(true);
    if let Some(group) = row["backendSGIDToken"].as_str() {
        let key = ResourceKey::new(Unit::Foundation, ResourceKind::SecurityGroup, "backend-sg");
        setup.facts.outputs.0.insert((key, Field::GroupId), group.to_owned());
    }
    let made = setup.make(None)?;
    made.is(case.at("/row/expected"), &made.binding["networking"])
}
