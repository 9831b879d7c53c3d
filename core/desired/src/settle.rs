//! Settles what members of a stack leave open: the value that is deployed counts where somebody says it,
//! or where it is somebody's who cannot say it now; else the first in group order. In: an intent, and
//! what is deployed of its stack. Out: the same with nothing open, and a Diagnostic for whoever said
//! otherwise. Forbidden: any other use of what is deployed.

use std::collections::{BTreeMap, BTreeSet};

use inroad_intent::model::{
    BalancerIntent, ClientCertificates, Goal, ListenerIntent, Open, OpenBalancer, OpenKeys,
    OpenListener, RouteAction, SecurityIntent, StackIntent, SubnetChoice, WebAclChoice,
};
use inroad_words::{
    Arn, Diagnostic, ObjectKey, Origin, Said, Value,
    balancer::{Action, BalancerKind, ListenerProtocol, Mutual},
    controller::Controller,
    facts::Facts,
    network::Peer,
    observed::{Observed, SeenBalancer, SeenListener, SeenWebAcl},
};

use crate::{
    balancer::{LOAD_BALANCER, listener::trust_store, security, subnets::Chooser, web_acl},
    codes,
};

/// Whether what is deployed must be known before the stack can be shaped.
pub(crate) fn is_open(stack: &StackIntent) -> bool {
    let Some(balancer) = &stack.balancer else { return false };
    let listeners = balancer.listeners.values();
    balancer.open != OpenBalancer::default()
        || listeners.into_iter().any(|it| it.open != OpenListener::default())
}

/// A load balancer of a Service that was made without security groups, and so can never wear any: it is left
/// to whoever made it.
pub(crate) fn bare(stack: &StackIntent, deployed: &Observed) -> Option<Diagnostic> {
    let asked = stack.balancer.as_ref().filter(|_| stack.key.is_of_service())?;
    let all = deployed.load_balancers.get(LOAD_BALANCER).into_iter().flatten();
    let seen = all.filter(|it| it.kind == stack.key.balancer().as_str());
    let bare = { seen }.find(|it| it.spec.security_groups.is_empty())?;
    let message =
        format!("{} was made without security groups, which is not served", bare.spec.name);
    let help = "it is left alone; for one with security groups, make the Service anew";
    Some(Diagnostic::error(codes::BARE, asked.origin.clone(), message).help(help))
}

/// The stack with nothing open, and what is to be told.
pub(crate) fn settle(
    stack: &StackIntent,
    deployed: &Observed,
    facts: &Facts,
    controller: &Controller,
) -> (StackIntent, Vec<Diagnostic>) {
    let mut settled = stack.clone();
    let all = deployed.load_balancers.get(LOAD_BALANCER).into_iter().flatten();
    let kind = stack.key.balancer();
    let seen = all.filter(|it| it.kind == kind.as_str()).max_by_key(|it| it.listeners.len());
    let mut desk = Desk { kind, seen, deployed, facts, controller, notes: Vec::new() };
    if let Some(balancer) = &mut settled.balancer {
        desk.balancer(balancer);
        for (port, listener) in &mut balancer.listeners {
            desk.listener(*port, listener);
        }
        desk.listener_tags(balancer, stack);
    }
    stand_by(&mut settled);
    (settled, desk.notes)
}

/// A backend that only an open default action led to is wanted where that one counts.
fn stand_by(stack: &mut StackIntent) {
    let listeners = stack.balancer.iter().flat_map(|it| it.listeners.values());
    let actions = listeners
        .flat_map(|it| it.routes.iter().map(|route| &route.action).chain([&it.default.value]));
    let used: BTreeSet<&String> = actions.flat_map(RouteAction::backends).collect();
    for (id, backend) in &mut stack.backends {
        backend.standby = !used.contains(id);
    }
}

struct Desk<'a> {
    kind: BalancerKind,
    /// The load balancer that stands.
    seen: Option<&'a SeenBalancer>,
    deployed: &'a Observed,
    facts: &'a Facts,
    controller: &'a Controller,
    notes: Vec<Diagnostic>,
}

impl Desk<'_> {
    /// Takes what is deployed among what is said, else the first; whoever says otherwise is told.
    fn choose<T: Clone + PartialEq>(
        &mut self,
        what: &str,
        (said, open): (&mut Said<T>, &Open<T>),
        is_deployed: impl Fn(&T) -> bool,
    ) -> bool {
        let all: Vec<Said<T>> = [&*said].into_iter().chain(&open.others).cloned().collect();
        let winner = all.iter().find(|it| is_deployed(&it.value));
        let (winner, deployed) = (winner.unwrap_or(&all[0]), winner.is_some());
        for other in all.iter().filter(|it| it.value != winner.value) {
            let diagnostic = conflict(what, &winner.origin, deployed, &other.origin);
            self.notes.push(diagnostic);
        }
        *said = winner.clone();
        deployed
    }

    /// The same where a value that cannot be read may be the deployed one.
    fn choose_or_keep<T: Clone + PartialEq>(
        &mut self,
        what: &str,
        (said, open): (&mut Said<T>, &Open<T>),
        deployed: Option<T>,
    ) {
        let stands = self.choose(what, (said, open), |it| Some(it) == deployed.as_ref());
        if let (Some(origin), Some(value), false) = (&open.unreadable, deployed, stands) {
            *said = Said::new(value, origin.clone());
        }
    }

    fn balancer(&mut self, it: &mut BalancerIntent) {
        let open = std::mem::take(&mut it.open);
        let seen = self.seen;
        self.choose_or_keep("scheme", (&mut it.scheme, &open.scheme), seen.map(|s| s.spec.scheme));
        let kind = seen.map(|seen| seen.spec.ip_address_type);
        let types = (&mut it.ip_address_type, &open.ip_address_type);
        self.choose_or_keep("ip-address-type", types, kind);
        if let Some(name) = &mut it.name {
            let is_deployed = |name: &String| seen.is_some_and(|seen| seen.spec.name == *name);
            self.choose("load-balancer-name", (name, &open.name), is_deployed);
        }
        self.subnets(it, &open.subnets);
        self.security(it, &open);
        if let Some(pool) = &mut it.customer_owned_pool {
            let deployed = seen.and_then(|seen| seen.spec.customer_owned_pool.as_ref());
            let said = (pool, &open.customer_owned_pool);
            self.choose("customer-owned-ipv4-pool", said, |it| Some(it) == deployed);
        }
        self.web_acl(&mut it.web_acl, &open.web_acl);
        let attribute = |key: &str| seen?.spec.attributes.get(key).cloned();
        self.keys("the attribute", (&mut it.attributes, &open.attributes), attribute);
        let tag = |key: &str| seen?.spec.tags.get(key).cloned();
        self.keys("the tag", (&mut it.tags, &open.tags), tag);
    }

    /// What cannot be read leaves whatever protects the load balancer alone.
    fn web_acl(&mut self, it: &mut Option<Said<WebAclChoice>>, open: &Open<WebAclChoice>) {
        let Some(said) = it else { return };
        let deployed = match self.seen.map(|seen| &seen.web_acl) {
            Some(SeenWebAcl::Known(acl)) => Some(acl),
            _ => None,
        };
        let facts = self.facts;
        let is_deployed =
            |choice: &WebAclChoice| web_acl::resolved(choice, facts).as_ref() == deployed;
        let stands =
            self.choose("the web ACL", (said, open), |it| deployed.is_some() && is_deployed(it));
        if open.unreadable.is_some() && self.seen.is_some() && !stands {
            *it = None;
        }
    }

    fn keys(
        &mut self,
        what: &str,
        (said, open): (&mut BTreeMap<String, Said<String>>, &OpenKeys),
        deployed: impl Fn(&str) -> Option<String>,
    ) {
        for (key, others) in open {
            let Some(said) = said.get_mut(key) else { continue };
            let open = Open { others: others.clone(), unreadable: None };
            let deployed = deployed(key);
            let is_deployed = |it: &String| Some(it) == deployed.as_ref();
            self.choose(&format!("{what} {key}"), (said, &open), is_deployed);
        }
    }

    fn subnets(&mut self, it: &mut BalancerIntent, open: &Open<SubnetChoice>) {
        let standing = self.seen.map(|seen| &seen.spec.subnets.prefer);
        let (kind, facts, settings) = (self.kind, self.facts, &self.controller.balancers);
        let asked = it.clone();
        let is_deployed = |choice: &SubnetChoice| {
            let mut balancer = asked.clone();
            balancer.subnets.value = choice.clone();
            let chosen = Chooser { kind, balancer: &balancer, facts, settings }.choose();
            chosen.is_ok_and(|chosen| Some(&chosen.prefer) == standing)
        };
        let stands = self.choose("subnets", (&mut it.subnets, open), is_deployed);
        if let (Some(origin), true, false) = (&open.unreadable, standing.is_some(), stands) {
            // Discovery leaves a load balancer that stands where it is.
            it.subnets = Said::new(SubnetChoice::Discover, origin.clone());
        }
    }

    fn security(&mut self, it: &mut BalancerIntent, open: &OpenBalancer) {
        let SecurityIntent::Given { groups, manage_backend_rules } = &mut it.security else {
            return;
        };
        let worn = self.seen.map(|seen| &seen.spec.security_groups);
        let worn: Option<BTreeSet<String>> =
            worn.map(|groups| groups.iter().filter_map(Value::known).cloned().collect());
        let facts = self.facts;
        let ids = |names: &Vec<String>| -> BTreeSet<String> {
            names.iter().flat_map(|name| security::called(facts, name)).collect()
        };
        // One more group than the given ones is the shared one.
        let is_deployed = |names: &Vec<String>| {
            let ids = ids(names);
            let fits = |worn: &BTreeSet<String>| ids.is_subset(worn) && worn.len() <= ids.len() + 1;
            !ids.is_empty() && worn.as_ref().is_some_and(fits)
        };
        self.choose("security-groups", (groups, &open.security_groups), is_deployed);
        let manages = worn.as_ref().map(|worn| worn.len() > ids(&groups.value).len());
        let manage = (manage_backend_rules, &open.manage_backend_rules);
        self.choose_or_keep("manage-backend-security-group-rules", manage, manages);
    }

    fn listener(&mut self, port: u16, it: &mut ListenerIntent) {
        let seen = self.seen.and_then(|seen| seen.listeners.get(&port));
        let mut protocol = Said::new(it.protocol, it.origin.clone());
        let is_deployed = |it: &ListenerProtocol| seen.is_some_and(|s| s.spec.protocol == *it);
        let what = format!("the protocol of port {port}");
        self.choose(&what, (&mut protocol, &it.open.protocol), is_deployed);
        if let Some(instead) = it.open.instead.take().filter(|_| protocol.value != it.protocol) {
            *it = *instead;
        }
        let open = std::mem::take(&mut it.open);
        self.admission(port, it, &open);
        if let Some(policy) = &mut it.ssl_policy {
            let deployed = seen.and_then(|seen| seen.spec.ssl_policy.clone());
            self.choose_or_keep("ssl-policy", (policy, &open.ssl_policy), deployed);
        }
        let withdrawn = self.clients(it, &open.clients, seen);
        let attribute = |key: &str| seen?.spec.attributes.get(key).cloned();
        self.keys("the listener attribute", (&mut it.attributes, &open.attributes), attribute);
        self.default_action(it, &open.default, seen);
        withdraw(it, &withdrawn);
    }

    /// What is asked of clients' certificates. Where they are not verified, those are named who want them to
    /// be.
    fn clients(
        &mut self,
        it: &mut ListenerIntent,
        open: &Open<Mutual<String>>,
        seen: Option<&SeenListener>,
    ) -> BTreeSet<ObjectKey> {
        let seen = seen.filter(|seen| seen.spec.protocol == ListenerProtocol::Https);
        let deployed = seen.map(|seen| seen.spec.mutual.clone().unwrap_or(Mutual::Off));
        if it.protocol != ListenerProtocol::Https {
            return BTreeSet::new();
        }
        let facts = self.facts;
        let told = |asked: &Mutual<String>| {
            asked.with_store(|store| trust_store(facts, store).ok_or(())).ok()
        };
        let kept = deployed.as_ref().map(|it| it.with_store(|arn| Ok::<_, ()>(arn.0.clone())));
        let kept = kept.and_then(Result::ok).zip(open.unreadable.clone());
        let kept = kept.map(|(value, origin)| ClientCertificates::Said(Said::new(value, origin)));
        let ClientCertificates::Said(said) = &mut it.clients else {
            it.clients = kept.unwrap_or_else(|| std::mem::take(&mut it.clients));
            return BTreeSet::new();
        };
        let asking = [&*said].into_iter().chain(&open.others);
        let asking = asking.filter(|said| said.value.verify().is_some());
        let asking: BTreeSet<ObjectKey> =
            asking.filter_map(|said| said.origin.object().cloned()).collect();
        let stands = self.choose("mutual-authentication", (said, open), |asked| {
            deployed.is_some() && told(asked).is_some_and(|it| it.is_met_by(deployed.as_ref()))
        });
        // Somebody's readable word that clients are verified is not undone by another's mistake.
        if let (Some(kept), true) = (kept, !stands && said.value.verify().is_none()) {
            it.clients = kept;
        }
        let verifies = it.clients.said().is_some_and(|said| said.value.verify().is_some());
        if verifies { BTreeSet::new() } else { asking }
    }

    /// Who may come in: told from the rules of the stack's own security group.
    fn admission(&mut self, port: u16, it: &mut ListenerIntent, open: &OpenListener) {
        let groups = self.deployed.security_groups.get(security::MANAGED);
        let group = groups.and_then(|all| all.first());
        let rules = group.into_iter().flat_map(|group| &group.spec.ingress);
        let peers = rules.filter(|rule| rule.from_port == Some(port.into())).map(|rule| &rule.peer);
        let (mut cidrs, mut lists) = (BTreeSet::new(), BTreeSet::new());
        for peer in peers {
            match peer {
                Peer::Ipv4(text) | Peer::Ipv6(text) => drop(cidrs.insert(text.clone())),
                Peer::PrefixList(text) => drop(lists.insert(text.clone())),
                Peer::Group(_) => {}
            }
        }
        let deployed = !cidrs.is_empty() || !lists.is_empty();
        let has_ipv6 = cidrs.iter().any(|it| it.contains(':'));
        let is_in = |it: &Vec<String>| {
            let asked = it.iter().filter(|it| has_ipv6 || !it.contains(':'));
            deployed && asked.collect::<BTreeSet<_>>() == cidrs.iter().collect()
        };
        let said = (&mut it.inbound_cidrs, &open.inbound_cidrs);
        let stands = self.choose("inbound-cidrs", said, is_in);
        if let (Some(origin), true, false) = (&open.inbound_cidrs.unreadable, deployed, stands) {
            it.inbound_cidrs = Said::new(cidrs.into_iter().collect(), origin.clone());
        }
        let is_in = |it: &Vec<String>| {
            deployed && it.iter().collect::<BTreeSet<_>>() == lists.iter().collect()
        };
        let said = (&mut it.prefix_lists, &open.prefix_lists);
        let stands = self.choose("security-group-prefix-lists", said, is_in);
        // Where lists alone let anybody in, they are what is kept of `inbound-cidrs`.
        let only = it.inbound_cidrs.value.is_empty() && it.prefix_lists.value.is_empty();
        let instead = open.inbound_cidrs.unreadable.as_ref().filter(|_| only);
        let unreadable = open.prefix_lists.unreadable.as_ref().or(instead);
        if let (Some(origin), true, false) = (unreadable, deployed, stands) {
            it.prefix_lists = Said::new(lists.into_iter().collect(), origin.clone());
        }
    }

    fn default_action(
        &mut self,
        it: &mut ListenerIntent,
        open: &Open<RouteAction>,
        seen: Option<&SeenListener>,
    ) {
        let deployed = seen.and_then(|seen| seen.spec.default_actions.first());
        let known = |goal: &Goal| match goal {
            Goal::Backend(id) => {
                let all = self.deployed.target_groups.get(id).into_iter().flatten();
                all.map(|group| group.arn.clone()).collect::<Vec<_>>()
            }
            Goal::Arn(arn) => vec![Arn(arn.clone())],
            Goal::Name(name) => {
                self.facts.target_groups.get(name).cloned().map(Arn).into_iter().collect()
            }
        };
        let is_deployed = |asked: &RouteAction| match (asked, deployed) {
            (RouteAction::Forward { .. }, Some(Action::Forward { targets, .. })) => {
                let is_there = |arn: &Arn| targets.iter().any(|it| it.group.known() == Some(arn));
                asked.goals().all(|goal| known(goal).iter().any(is_there))
            }
            (RouteAction::Redirect(asked), Some(Action::Redirect(there))) => {
                asked.port == there.port && asked.protocol == there.protocol
            }
            (RouteAction::FixedResponse(asked), Some(Action::FixedResponse(there))) => {
                asked == there
            }
            _ => false,
        };
        let all = [&it.default].into_iter().chain(&open.others);
        let winner = all.map(|said| &said.value).find(|it| is_deployed(it)).cloned();
        self.choose("the default action", (&mut it.default, open), |it| {
            Some(it) == winner.as_ref()
        });
        // Whether clear text is redirected cannot be read: where it was, it stays.
        if let (Some(origin), Some(Action::Redirect(there)), true) =
            (&open.unreadable, deployed, it.protocol == ListenerProtocol::Http)
        {
            it.default = Said::new(RouteAction::Redirect(there.clone()), origin.clone());
            it.routes.clear();
        }
    }

    /// A tag that counts on the load balancer counts on its listeners.
    fn listener_tags(&self, it: &mut BalancerIntent, stack: &StackIntent) {
        let open = stack.balancer.iter().flat_map(|it| it.open.tags.keys());
        for key in open {
            let Some(winner) = it.tags.get(key).cloned() else { continue };
            for listener in it.listeners.values_mut() {
                if let Some(said) = listener.tags.get_mut(key) {
                    said.clone_from(&winner);
                }
            }
        }
    }
}

/// Whoever wants clients' certificates verified has no routes where they are not.
fn withdraw(it: &mut ListenerIntent, members: &BTreeSet<ObjectKey>) {
    let theirs = |origin: &Origin| origin.object().is_some_and(|object| members.contains(object));
    it.routes.retain(|route| !theirs(&route.origin));
    if theirs(&it.default.origin) {
        it.default = Said::default_value(RouteAction::not_found());
    }
}

/// Whoever says otherwise is told whose word counts, and why.
fn conflict(what: &str, winner: &Origin, deployed: bool, loser: &Origin) -> Diagnostic {
    let why =
        if deployed { "which is deployed and counts" } else { "which comes first and counts" };
    let message = format!("{what} differs from what {winner} says, {why}");
    Diagnostic::error(codes::CONFLICT, loser.clone(), message)
        .help("say the same in all Ingresses of the group, or in one only")
}
