use inroad_words::{Origin, balancer::IpAddressType};

use super::*;
use crate::testing::{balancer, controller, facts, said, subnet, web};

struct Case {
    balancer: BalancerIntent,
    facts: Facts,
    settings: BalancerSettings,
}

impl Case {
    fn new(choice: SubnetChoice) -> Self {
        let mut balancer = balancer([]);
        balancer.subnets = said(choice);
        Self { balancer, facts: facts(), settings: controller().balancers }
    }

    fn of(subnets: impl IntoIterator<Item = Subnet>) -> Self {
        let mut case = Self::new(SubnetChoice::Discover);
        case.facts.subnets = subnets.into_iter().map(|it| (it.id.clone(), it)).collect();
        case
    }

    fn choose(&self) -> Result<(bool, Vec<String>), String> {
        let Self { balancer, facts, settings } = self;
        let pick = Chooser { kind: BalancerKind::Application, balancer, facts, settings }.choose();
        pick.map(|pick| (pick.keep, pick.prefer.into_iter().collect()))
            .map_err(|diagnostic| format!("{} {}", diagnostic.code, diagnostic.message))
    }

    fn ids(&self) -> Vec<String> {
        self.choose().expect("this case has subnets").1
    }
}

fn named(names: &[&str]) -> Case {
    Case::new(SubnetChoice::Named(names.iter().map(ToString::to_string).collect()))
}

fn tagged(id: &str, zone: &str, key: &str, value: &str) -> Subnet {
    let mut subnet = subnet(id, zone);
    subnet.tags.insert(key.into(), value.into());
    subnet
}

#[test]
fn discovery_goes_by_role_and_then_by_reachability() {
    let mut case = Case::new(SubnetChoice::Discover);
    assert_eq!(case.ids(), ["subnet-internal-elb-a", "subnet-internal-elb-b"]);
    case.balancer.scheme = said(Scheme::InternetFacing);
    assert_eq!(case.ids(), ["subnet-elb-a", "subnet-elb-b"]);
    assert!(case.choose().is_ok_and(|(keep, _)| keep), "what stands keeps its own");

    for subnet in case.facts.subnets.values_mut() {
        subnet.tags.insert(PUBLIC_ROLE.into(), "no".into());
        subnet.tags.remove(PRIVATE_ROLE);
    }
    assert_eq!(case.ids(), ["subnet-elb-a", "subnet-elb-b"]);
    case.balancer.scheme = said(Scheme::Internal);
    assert_eq!(case.ids(), ["subnet-internal-elb-a", "subnet-internal-elb-b"]);
    case.settings.switches.discover_by_reachability = false;
    assert!(case.choose().unwrap_err().starts_with("LB0101 no subnet"));
}

#[test]
fn one_subnet_a_zone_this_clusters_first() {
    let ours = "kubernetes.io/cluster/prod";
    let case = Case::of([
        subnet("subnet-1", "a"),
        tagged("subnet-2", "a", ours, "shared"),
        subnet("subnet-3", "b"),
        subnet("subnet-4", "b"),
    ]);
    assert_eq!(case.ids(), ["subnet-2", "subnet-3"]);
}

#[test]
fn what_will_not_do_is_counted() {
    let mut full = subnet("subnet-full", "b");
    full.available_addresses = 7;
    let foreign = tagged("subnet-foreign", "a", "kubernetes.io/cluster/other", "owned");
    let mut case = Case::of([foreign, full, subnet("subnet-v4", "c")]);
    case.balancer.ip_address_type = said(IpAddressType::Dualstack);
    assert_eq!(
        case.choose().unwrap_err(),
        "LB0101 no subnet for the load balancer: 3 evaluated, 1 tagged for other clusters, 1 with \
         fewer than 8 free addresses, 1 without an IPv6 CIDR block"
    );
    case.balancer.ip_address_type = said(IpAddressType::Ipv4);
    assert!(case.choose().unwrap_err().contains("at least 2 needed: subnet-v4"));
    case.settings.switches.check_subnet_cluster_tag = false;
    assert_eq!(case.ids(), ["subnet-foreign", "subnet-v4"]);
}

#[test]
fn a_lone_subnet_needs_a_reason() {
    let mut case = Case::of([subnet("subnet-1", "a")]);
    assert!(case.choose().is_err());
    case.settings.switches.single_subnet = true;
    assert_eq!(case.ids(), ["subnet-1"]);
    let mut local = Case::of([subnet("subnet-1", "a")]);
    local.facts.subnets.get_mut("subnet-1").expect("just made").locale = "local-zone".into();
    assert_eq!(local.ids(), ["subnet-1"]);
    local.facts.subnets.insert("subnet-2".into(), subnet("subnet-2", "b"));
    assert!(local.choose().unwrap_err().starts_with("LB0103 subnets of different kinds"));
}

#[test]
fn named_subnets_are_taken_as_they_are() {
    let shared = ["a", "b", "c"].map(|zone| tagged(&format!("subnet-{zone}"), zone, "Name", "dmz"));
    let with = |mut case: Case| {
        case.facts.subnets = shared.clone().map(|it| (it.id.clone(), it)).into();
        case
    };
    assert_eq!(with(named(&["subnet-c", "subnet-a"])).ids(), ["subnet-a", "subnet-c"]);
    assert_eq!(with(named(&["dmz", "dmz"])).ids(), ["subnet-a", "subnet-b"]);
    assert_eq!(with(named(&["subnet-c", "dmz"])).choose().map(|it| it.0), Ok(false));
    for (names, want) in [
        (&["subnet-a", "nowhere"][..], "LB0102 subnet nowhere does not exist"),
        (&["dmz"; 4], "LB0102 subnet dmz is named more often than the 3"),
        (&["subnet-a", "dmz"], "LB0103 subnets subnet-a and subnet-a are both"),
        (&["subnet-a"], "LB0101 1 subnet found"),
    ] {
        let error = with(named(names)).choose().unwrap_err();
        assert!(error.starts_with(want), "{names:?}: {error}");
    }
    let mut dual = with(named(&["subnet-a", "subnet-b"]));
    dual.balancer.ip_address_type = said(IpAddressType::Dualstack);
    assert!(dual.choose().unwrap_err().contains("has no IPv6 CIDR block"));
}

#[test]
fn tags_choose_and_the_field_is_blamed() {
    let any = |values: &[&str]| values.iter().map(ToString::to_string).collect();
    let tags = BTreeMap::from([("kubernetes.io/role/elb".to_owned(), any(&["1", "2"]))]);
    let mut case = Case::new(SubnetChoice::Tagged(tags));
    assert_eq!(
        case.choose(),
        Ok((false, vec!["subnet-elb-a".to_owned(), "subnet-elb-b".to_owned()]))
    );
    case.facts.subnets.clear();
    let Case { balancer, facts, settings } = &mut case;
    let blamed = |balancer: &BalancerIntent| {
        Chooser { kind: BalancerKind::Application, balancer, facts, settings }
            .choose()
            .expect_err("there are none")
            .origin
    };
    assert_eq!(blamed(balancer), web(""));
    balancer.subnets.origin = Origin::Flag("subnets".into());
    assert_eq!(blamed(balancer), Origin::Flag("subnets".into()));
}
