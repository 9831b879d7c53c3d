//! Which subnets a load balancer stands in, and which security groups it wears. In: tables of ALBC's
//! resolvers with the answers that they got from EC2. Each case is one Ingress, compiled and shaped over
//! the same answers.

use std::collections::{BTreeMap, BTreeSet};

use inroad_desired::{Shaped, needs, shape};
use inroad_intent::compile;
use inroad_words::{
    Diagnostic, Severity, StackKey, Unit, Value as Reference,
    controller::{BalancerSettings, BalancerSwitches, Controller},
    facts::{Facts, Need, Subnet},
    observed::Observed,
};
use inroad_world::Lens;
use serde_json::{Value, json};

use super::{ingress_world as given, tables::Case};

const ANNOTATIONS: &str = "alb.ingress.kubernetes.io/";
const SERVICES: &str = "service.beta.kubernetes.io/aws-load-balancer-";
const CLUSTER: &str = "cluster-dummy";
const ROLES: [&str; 2] = ["kubernetes.io/role/elb", "kubernetes.io/role/internal-elb"];
const ZONAL: &str = "availability-zone";

/// Security groups by id and by name.
pub(super) fn groups(case: &Case) -> Result<(), String> {
    let asked = words(case.at("/row/args/nameOrIDs")).join(",");
    let calls = given::list(case.at("/row/args/describeSGCalls"));
    let groups = calls.iter().flat_map(|call| given::list(&call["resp"])).map(given::group);
    let facts = Facts {
        subnets: zones(2, ZONAL),
        security_groups: groups.map(|it| (it.id.clone(), it)).collect(),
        ..Facts::default()
    };
    let refused = calls.iter().find_map(|call| call["err"].as_str());
    let asked = Asked { annotations: vec![("security-groups", asked)], ..Asked::default() };
    let is_asked = |need: &Need| matches!(need, Need::SecurityGroups(_));
    let shaped = asked.shaped(facts, refused.map(|why| (is_asked as fn(&Need) -> bool, why)))?;
    let balancer = shaped.desired.load_balancers.values().next();
    let worn = balancer.map(|it| it.spec.security_groups.iter().filter_map(Reference::known));
    let worn = worn.map(|it| it.cloned().collect());
    expect(case, worn, &["@security-groups"], &shaped)
}

/// Subnets by their role tags, else by where their routes lead.
pub(super) fn discovered(case: &Case) -> Result<(), String> {
    resolved(case, Asked::of(case))
}

/// Subnets by id and by name.
pub(super) fn named(case: &Case) -> Result<(), String> {
    let mut asked = Asked::of(case);
    asked.annotations.push(("subnets", words(case.at("/row/args/nameOrIDs")).join(",")));
    resolved(case, asked)
}

/// Subnets as class params say.
pub(super) fn selected(case: &Case) -> Result<(), String> {
    let params = json!({ "apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "IngressClassParams",
                         "metadata": {}, "spec": { "subnets": case.at("/row/args/selector") } });
    resolved(case, Asked { params, ..Asked::of(case) })
}

/// The subnets of a load balancer whose member or class says something of them, or nothing.
pub(super) fn mapped(case: &Case) -> Result<(), String> {
    let member = given::member(case.at("/row/fields/ingGroup/Members/0"));
    let annotations = &member["ingress"]["metadata"]["annotations"];
    let said = annotations[format!("{ANNOTATIONS}subnets")].as_str().map(str::to_owned);
    let annotations = said.into_iter().map(|said| ("subnets", said)).collect();
    let params = member["ingressClassParams"].clone();
    resolved(case, Asked { annotations, params, ..Asked::of(case) })
}

/// One subnet for each zone.
pub(super) fn one_per_zone(case: &Case) -> Result<(), String> {
    let subnets = given::list(case.at("/row/subnets")).iter();
    let subnets = subnets.map(|it| subnet(it, ZONAL, roles())).collect();
    chosen(case, &Asked::of(case), subnets, None)
}

/// How many subnets there must be: so many that one less is refused.
pub(super) fn least(case: &Case) -> Result<(), String> {
    let network = case.at("/row/args/resolveOpts/LBType") == "network";
    let locale = case.at("/row/args/subnetLocale").as_str().unwrap_or_default();
    let suffice = |count: &u64| {
        let facts = Facts { subnets: zones(*count, locale), ..Facts::default() };
        let shaped = Asked { network, ..Asked::of(case) }.shaped(facts, None);
        shaped.is_ok_and(|it| errors(&it).next().is_none())
    };
    let least = (1..).take(9).find(suffice);
    let want = case.at("/row/want").as_u64();
    (want == least).then_some(()).ok_or_else(|| format!("want {want:?}, got {least:?}"))
}

/// Of which kind the place of a subnet is.
pub(super) fn locale(case: &Case) -> Result<(), String> {
    let calls = given::list(case.at("/row/fields/fetchAZInfosCalls"));
    let outpost = case.at("/row/args/subnet/OutpostArn").as_str();
    let zones = calls.iter().filter_map(|call| call["azInfoByAZID"].as_object()).flatten();
    let kind = zones.filter_map(|(_, zone)| zone["ZoneType"].as_str()).next();
    if let Some(why) = calls.iter().find_map(|call| call["err"].as_str()) {
        return chosen(case, &Asked::default(), BTreeMap::new(), Some(why));
    }
    let (want, got) = (case.at("/row/want"), Subnet::locale(outpost, kind));
    (want == got).then_some(()).ok_or_else(|| format!("want {want}, got {got}"))
}

/// What is asked of a load balancer.
#[derive(Default)]
struct Asked {
    annotations: Vec<(&'static str, String)>,
    /// Class params; null: none.
    params: Value,
    switches: BalancerSwitches,
    /// Whether it is that of a Service.
    network: bool,
}

impl Asked {
    /// What the resolver's options and switches are called here.
    fn of(case: &Case) -> Self {
        let options = given::list(case.at("/row/args/opts")).iter();
        let applied: Vec<&Value> = options.map(|option| &option["applied"]).collect();
        let option = |name: &str| applied.iter().find_map(|it| it[name].as_str());
        let said = [("scheme", option("LBScheme")), ("ip-address-type", option("LBIPAddressType"))];
        let said = said.into_iter().filter_map(|(key, text)| Some((key, text?.to_owned())));
        let is_on = |name: &str, default: bool| {
            case.at(&format!("/row/fields/{name}")).as_bool().unwrap_or(default)
        };
        let switches = BalancerSwitches {
            single_subnet: is_on("albSingleSubnetEnabled", false),
            check_subnet_cluster_tag: is_on("clusterTagCheckEnabled", true),
            discover_by_reachability: is_on("discoveryByReachabilityEnabled", true),
            ..BalancerSwitches::default()
        };
        let network = option("LBType") == Some("network");
        Self { annotations: said.collect(), params: Value::Null, switches, network }
    }

    /// Who asks for it, and the unit that it is.
    fn objects(&self) -> (Unit, Vec<Value>) {
        let (namespace, name) = ("ns".to_owned(), "ing".to_owned());
        let prefix = if self.network { SERVICES } else { ANNOTATIONS };
        let said = self.annotations.iter();
        let said: BTreeMap<String, &String> =
            said.map(|(key, text)| (format!("{prefix}{key}"), text)).collect();
        let metadata = json!({ "namespace": namespace, "name": name, "annotations": said });
        if self.network {
            let spec = json!({ "type": "LoadBalancer", "loadBalancerClass": "service.k8s.aws/nlb",
                "ports": [{ "port": 80, "nodePort": 30080 }] });
            let service = json!({ "apiVersion": "v1", "kind": "Service",
                "metadata": metadata, "spec": spec });
            return (Unit::Stack(StackKey::Service { namespace, name }), vec![service]);
        }
        let ingress = json!({ "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": metadata, "spec": {} });
        let member = json!({ "ingress": ingress, "ingressClassParams": self.params });
        let unit = Unit::Stack(StackKey::Ingress { namespace, name });
        (unit, given::classed("case", &member, None))
    }

    /// The load balancer over these facts; questions that are `refused` have no answer.
    fn shaped(
        &self,
        facts: Facts,
        refused: Option<(fn(&Need) -> bool, &str)>,
    ) -> Result<Shaped, String> {
        let (unit, objects) = self.objects();
        let world = given::world_of(&objects)?;
        let balancers = BalancerSettings {
            cluster_name: CLUSTER.into(),
            switches: self.switches.clone(),
            ..BalancerSettings::default()
        };
        let controller = Controller { balancers, ..Controller::default() };
        let compiled = compile(&Lens::new(&world), &unit, &controller);
        let mut facts = Facts { deployed: Some(Observed::default()), ..facts };
        if let Some((is_refused, why)) = refused {
            let asked = needs(&compiled.intent, &controller).into_iter();
            let without = asked.filter(is_refused).map(|need| (need, why.to_owned()));
            facts.missing = without.collect();
        }
        let mut shaped = shape(&compiled.intent, &facts, &controller);
        shaped.diagnostics.extend(compiled.diagnostics);
        Ok(shaped)
    }
}

/// The choice over every subnet that the recorded calls had to show.
fn resolved(case: &Case, asked: Asked) -> Result<(), String> {
    let tables = calls(case, "DescribeRouteTablesAsList");
    let public = Routes::read(tables.iter().flat_map(|call| given::list(&call["output"])));
    let mut subnets = BTreeMap::new();
    for call in calls(case, "DescribeSubnetsAsList") {
        for answer in given::list(&call["output"]) {
            let zone = answer["AvailabilityZoneId"].as_str().unwrap_or_default();
            let mut found = subnet(answer, &kind_of(case, zone), filtered(&call["input"]));
            found.1.public = public.is_public(&found.0);
            subnets.insert(found.0, found.1);
        }
    }
    let refused = given::list(case.at("/mock_calls")).iter();
    let refused = refused.filter_map(|call| call["returns"][1].as_str()).next();
    chosen(case, &asked, subnets, refused)
}

/// What the peer asked EC2 with this method, and the answers.
fn calls(case: &Case, method: &str) -> Vec<Value> {
    let all = given::list(case.at("/mock_calls")).iter().filter(|call| call["method"] == method);
    all.map(|call| json!({ "input": call["args"][0], "output": call["returns"][0] })).collect()
}

fn chosen(
    case: &Case,
    asked: &Asked,
    subnets: BTreeMap<String, Subnet>,
    refused: Option<&str>,
) -> Result<(), String> {
    let facts = Facts { subnets, ..Facts::default() };
    let is_asked = |need: &Need| matches!(need, Need::Subnets);
    let shaped = asked.shaped(facts, refused.map(|why| (is_asked as fn(&Need) -> bool, why)))?;
    let balancer = shaped.desired.load_balancers.values().next();
    let prefer = balancer.map(|it| it.spec.subnets.prefer.clone()).filter(|it| !it.is_empty());
    expect(case, prefer, &["@subnets", "#/spec/subnets", "ns/ing"], &shaped)
}

/// The ids that the case wants, or a mistake at one of these places, or a wait for an answer.
fn expect(
    case: &Case,
    got: Option<BTreeSet<String>>,
    places: &[&str],
    shaped: &Shaped,
) -> Result<(), String> {
    let refused = case.at("/row/wantErr").as_str().is_some_and(|error| !error.is_empty());
    let blamed = errors(shaped).any(|it| places.iter().any(|at| ends(it, at)));
    let waits = !shaped.desired.held.resources.is_empty();
    let id = |it: &Value| it.as_str().or(it["SubnetId"].as_str()).unwrap_or_default().to_owned();
    let want: BTreeSet<String> = given::list(case.at("/row/want")).iter().map(id).collect();
    let good = match refused {
        true => got.is_none() && (blamed || waits),
        false => got.as_ref() == Some(&want) && !blamed,
    };
    let why = || format!("want {want:?}, got {got:?}\n{:?}", shaped.diagnostics);
    good.then_some(()).ok_or_else(why)
}

fn errors(shaped: &Shaped) -> impl Iterator<Item = &Diagnostic> {
    shaped.diagnostics.iter().filter(|it| it.severity == Severity::Error)
}

fn ends(diagnostic: &Diagnostic, place: &str) -> bool {
    diagnostic.origin.to_string().ends_with(place)
}

fn words(list: &Value) -> Vec<String> {
    given::list(list).iter().map(given::text).collect()
}

/// Tags that a recorded call asked for: what it shows has them, written down or not.
fn filtered(input: &Value) -> BTreeMap<String, String> {
    let tag = |filter: &Value| {
        let key = filter["Name"].as_str()?.strip_prefix("tag:")?;
        Some((key.to_owned(), given::list(&filter["Values"]).last().map(given::text)?))
    };
    given::list(&input["Filters"]).iter().filter_map(tag).collect()
}

/// The tags that discovery looks for.
fn roles() -> BTreeMap<String, String> {
    ROLES.map(|role| (role.to_owned(), "1".to_owned())).into()
}

fn kind_of(case: &Case, zone: &str) -> String {
    let calls = given::list(case.at("/row/fields/fetchAZInfosCalls")).iter();
    let kind = calls.filter_map(|call| call["azInfoByAZID"][zone]["ZoneType"].as_str()).next();
    kind.unwrap_or(ZONAL).to_owned()
}

/// Subnets of this kind, each in a zone of its own, that discovery finds.
fn zones(count: u64, locale: &str) -> BTreeMap<String, Subnet> {
    let one = |nth| {
        let answer = json!({ "SubnetId": format!("subnet-{nth}"), "AvailabilityZone": nth,
                             "AvailableIpAddressCount": 8 });
        subnet(&answer, locale, roles())
    };
    (0..count).map(one).collect()
}

fn subnet(answer: &Value, locale: &str, tagged: BTreeMap<String, String>) -> (String, Subnet) {
    let mut tags = tagged;
    tags.extend(given::tags(answer));
    let associated = |it: &Value| it["Ipv6CidrBlockState"]["State"] == "associated";
    let id = given::text(&answer["SubnetId"]);
    let subnet = Subnet {
        id: id.clone(),
        zone: answer["AvailabilityZone"].to_string(),
        locale: locale.into(),
        cidr: given::text(&answer["CidrBlock"]),
        has_ipv6: given::list(&answer["Ipv6CidrBlockAssociationSet"]).iter().any(associated),
        available_addresses: answer["AvailableIpAddressCount"].as_i64().unwrap_or_default(),
        public: false,
        tags,
    };
    (id, subnet)
}

/// Which subnets lead to an internet gateway: what `edge/aws` reads from the same answers.
#[derive(Default)]
struct Routes {
    own: BTreeMap<String, bool>,
    main: bool,
}

impl Routes {
    fn read<'a>(tables: impl Iterator<Item = &'a Value>) -> Self {
        let mut routes = Self::default();
        for table in tables {
            let gateways = given::list(&table["Routes"]).iter().map(|it| &it["GatewayId"]);
            let public = gateways.filter_map(Value::as_str).any(|it| it.starts_with("igw"));
            for association in given::list(&table["Associations"]) {
                routes.main = routes.main || (public && association["Main"] == true);
                if let Some(subnet) = association["SubnetId"].as_str() {
                    routes.own.insert(subnet.to_owned(), public);
                }
            }
        }
        routes
    }

    fn is_public(&self, subnet: &str) -> bool {
        self.own.get(subnet).copied().unwrap_or(self.main)
    }
}
