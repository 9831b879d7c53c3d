//! Creating, describing, changing and deleting load balancers.

use serde_json::{Value, json};

use super::answer::{invalid, members, page, parse, strings, text, unconfigurable};
use super::placement::{self, Wish};
use super::state::{Kind, LoadBalancer, Network};
use super::{attributes, network, settle, tags, zones};
use crate::{Account, Fault, wafv2};

/// A name of a load balancer or a target group: 1 to 32 letters, digits and inner hyphens.
pub(super) fn check_name(what: &str, name: &str) -> Result<(), Fault> {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let problem = if name.is_empty() || name.len() > 32 {
        "cannot be empty or longer than '32' characters"
    } else if !name.chars().all(legal) {
        "can only contain characters that are alphanumeric characters and hyphens(-)"
    } else if name.starts_with('-') || name.ends_with('-') {
        "cannot begin or end with a hyphen"
    } else {
        return Ok(());
    };
    Err(invalid(format!("{what} name '{name}' {problem}")))
}

/// `arn:PARTITION:elasticloadbalancing:REGION:ACCOUNT:` and the resource.
pub(super) fn arn(account: &Account, resource: &str) -> String {
    let region = &account.settings.region;
    let partition = match region.split('-').take(2).collect::<Vec<_>>()[..] {
        ["cn", _] => "aws-cn",
        ["us", "gov"] => "aws-us-gov",
        _ => "aws",
    };
    let id = &account.settings.account_id;
    format!("arn:{partition}:elasticloadbalancing:{region}:{id}:{resource}")
}

/// What `CreateLoadBalancer` asks for, defaults filled in.
struct Wanted {
    name: String,
    kind: Kind,
    scheme: String,
    network: Network,
}

pub(super) fn create(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let name = text(input, "Name")?.to_owned();
    check_name("Load balancer", &name)?;
    if name.starts_with("internal-") {
        return Err(invalid("Load balancer name cannot begin with 'internal-'"));
    }
    let tags = tags::given(account, input)?;
    let existing = account.elbv2.load_balancers.values().find(|other| other.name == name).cloned();
    let own = existing.as_ref().map(|found| found.arn.clone());
    let wanted = want(account, name, input, own.as_deref())?;
    if let Some(existing) = existing {
        let same = existing.kind == wanted.kind
            && existing.scheme == wanted.scheme
            && existing.tags == tags
            && same_place(&existing.network, &wanted.network);
        return if same { Ok(one(account, &existing)) } else { Err(duplicate(&existing.name)) };
    }
    if account.elbv2.load_balancers.len() >= account.settings.quotas.load_balancers {
        return Err(Fault::new("TooManyLoadBalancers", "The quota on load balancers is reached"));
    }
    let mut made = build(account, wanted);
    made.tags = tags;
    network::attach(account, &made)?;
    account.elbv2.load_balancers.insert(made.arn.clone(), made.clone());
    Ok(begun(account, &made))
}

/// The answer to a creation: `provisioning` is the initial state, however short it lasts.
fn begun(account: &Account, balancer: &LoadBalancer) -> Value {
    let mut answer = one(account, balancer);
    answer["LoadBalancers"][0]["State"]["Code"] = "provisioning".into();
    answer
}

fn duplicate(name: &str) -> Fault {
    let message =
        format!("A load balancer with the same name '{name}' exists, but with different settings");
    Fault::new("DuplicateLoadBalancerName", message)
}

/// Subnets and groups are sets to the caller; the order of the first call stays.
fn same_place(one: &Network, other: &Network) -> bool {
    let sorted = |network: &Network| {
        let mut network = network.clone();
        network.availability_zones.sort_by(|a, b| a.subnet_id.cmp(&b.subnet_id));
        network.security_groups.sort();
        network
    };
    sorted(one) == sorted(other)
}

fn want(
    account: &mut Account,
    name: String,
    input: &Value,
    own: Option<&str>,
) -> Result<Wanted, Fault> {
    let kind = match &input["Type"] {
        Value::Null => Kind::Application,
        given => parse(given)?,
    };
    let scheme = scheme(kind, input["Scheme"].as_str())?;
    let ip_address_type = input["IpAddressType"].as_str().unwrap_or("ipv4").to_owned();
    check_ip_type(kind, &scheme, &ip_address_type)?;
    let wish = Wish { kind, scheme: &scheme, ip_address_type: &ip_address_type, arn: own };
    let (vpc_id, availability_zones) = placement::zones(account, &wish, input)?;
    let groups = strings(input, "SecurityGroups");
    let security_groups = groups_of(account, kind, groups, &vpc_id)?;
    let own = |member: &str| input[member].as_str().map(str::to_owned);
    let network = Network {
        vpc_id,
        availability_zones,
        security_groups,
        ip_address_type,
        customer_owned_ipv4_pool: own("CustomerOwnedIpv4Pool"),
        enforce_security_group_inbound_rules_on_private_link_traffic: None,
        enable_prefix_for_ipv6_source_nat: own("EnablePrefixForIpv6SourceNat"),
        ipam_pools: Some(input["IpamPools"].clone()).filter(|pools| !pools.is_null()),
    };
    Ok(Wanted { name, kind, scheme, network })
}

pub(super) fn check_ip_type(kind: Kind, scheme: &str, ip_type: &str) -> Result<(), Fault> {
    let ok = match ip_type {
        "ipv4" | "dualstack" => true,
        "dualstack-without-public-ipv4" => kind == Kind::Application && scheme == "internet-facing",
        _ => return Err(invalid(format!("'{ip_type}' is not an IP address type"))),
    };
    let message = || format!("The IP address type '{ip_type}' is not supported here");
    if ok { Ok(()) } else { Err(unconfigurable(message())) }
}

fn scheme(kind: Kind, given: Option<&str>) -> Result<String, Fault> {
    match given {
        None => Ok("internet-facing".into()),
        Some(scheme @ ("internet-facing" | "internal")) if kind != Kind::Gateway => {
            Ok(scheme.into())
        }
        Some(scheme) => {
            Err(Fault::new("InvalidScheme", format!("The scheme '{scheme}' is not valid")))
        }
    }
}

fn groups_of(
    account: &mut Account,
    kind: Kind,
    groups: Vec<String>,
    vpc: &str,
) -> Result<Vec<String>, Fault> {
    if groups.is_empty() && kind == Kind::Application {
        return Ok(network::default_group(account, vpc));
    }
    if kind == Kind::Gateway && !groups.is_empty() {
        return Err(unconfigurable("Gateway Load Balancers have no security groups"));
    }
    network::check_groups(account, &groups, vpc)?;
    Ok(groups)
}

fn build(account: &mut Account, wanted: Wanted) -> LoadBalancer {
    let Wanted { name, kind, scheme, network } = wanted;
    let id = account.fresh_hex(16);
    let region = account.settings.region.clone();
    let path = match kind {
        Kind::Application => "app",
        Kind::Network => "net",
        Kind::Gateway => "gwy",
    };
    LoadBalancer {
        arn: arn(account, &format!("loadbalancer/{path}/{name}/{id}")),
        dns_name: dns_name(account, &name, kind, &scheme, &id),
        canonical_hosted_zone_id: zones::canonical(&region, kind).to_owned(),
        created: account.now,
        active_at: account.now + account.settings.provisioning,
        attributes: attributes::new_balancer(kind, &scheme),
        tags: Default::default(),
        capacity: Default::default(),
        name,
        kind,
        scheme,
        network,
    }
}

/// ALB: `[internal-]NAME-DIGITS.REGION.elb.amazonaws.com`; NLB: `NAME-HEX.elb.REGION.amazonaws.com`.
fn dns_name(account: &mut Account, name: &str, kind: Kind, scheme: &str, id: &str) -> String {
    let region = account.settings.region.clone();
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    if kind != Kind::Application {
        return format!("{name}-{id}.elb.{region}.{suffix}");
    }
    let digits = u32::from_str_radix(&account.fresh_hex(8), 16).unwrap_or(u32::MAX);
    let prefix = if scheme == "internal" { "internal-" } else { "" };
    format!("{prefix}{name}-{digits}.{region}.elb.{suffix}")
}

/// The API's `LoadBalancer`.
pub(super) fn view(account: &Account, balancer: &LoadBalancer) -> Value {
    let mut view = members(balancer);
    view.insert("State".into(), json!({ "Code": balancer.state_code(account.now) }));
    Value::Object(view)
}

fn one(account: &Account, balancer: &LoadBalancer) -> Value {
    json!({ "LoadBalancers": [view(account, balancer)] })
}

pub(super) fn describe(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let (arns, names) = (strings(input, "LoadBalancerArns"), strings(input, "Names"));
    for arn in &arns {
        account.elbv2.load_balancer(arn)?;
    }
    let all = || account.elbv2.load_balancers.values();
    if let Some(missing) = names.iter().find(|name| !all().any(|found| found.name == **name)) {
        let message = format!("Load balancers '[{missing}]' not found");
        return Err(Fault::new("LoadBalancerNotFound", message));
    }
    let named = |found: &&LoadBalancer| {
        (arns.is_empty() && names.is_empty())
            || arns.contains(&found.arn)
            || names.contains(&found.name)
    };
    let views = all().filter(named).map(|found| view(account, found)).collect();
    page("LoadBalancers", views, input)
}

/// A load balancer that is not there is deleted already: the call succeeds (API reference).
pub(super) fn delete(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let arn = text(input, "LoadBalancerArn")?;
    let found = match account.elbv2.load_balancer(arn) {
        Ok(found) => found,
        Err(fault) if fault.code == "LoadBalancerNotFound" => return Ok(json!({})),
        Err(fault) => return Err(fault),
    };
    if found.attribute("deletion_protection.enabled") == Some("true") {
        let message = format!(
            "Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
        );
        return Err(Fault::new("OperationNotPermitted", message));
    }
    let found = found.clone();
    network::detach(account, &found);
    account.elbv2.load_balancers.remove(arn);
    wafv2::forget(account, arn);
    account.elbv2.listeners.retain(|_, listener| listener.load_balancer_arn != arn);
    let listeners = &account.elbv2.listeners;
    account.elbv2.rules.retain(|_, rule| listeners.contains_key(&rule.listener_arn));
    settle::settle(account);
    Ok(json!({}))
}
