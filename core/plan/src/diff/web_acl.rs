//! Web ACLs of load balancers, where somebody says which. An association is no part of the load balancer:
//! what AWS does not tell of it holds it alone.

use inroad_words::{
    Field, ResourceKind, Value,
    balancer::WebAcl,
    hold::HoldReason,
    observed::{SeenBalancer, SeenWebAcl},
};

use super::{Room, why::Why};
use crate::{
    Op, keep,
    plan::{Change, Step, Subject},
};

const KIND: &str = "web-acl";

pub(super) fn diff(room: &mut Room<'_>) {
    for (id, want) in &room.desired.load_balancers {
        let key = keep::key_of(room.desired, ResourceKind::LoadBalancer, id);
        let Some(acl) = &want.spec.web_acl else { continue };
        if room.is_held(&key) || room.kept.frozen.contains_key(id.as_str()) {
            continue;
        }
        match room.kept.load_balancers.get(id.as_str()).copied() {
            Some(seen) => update(room, seen, id, acl),
            None => {
                let WebAcl::Arn(arn) = acl else { continue };
                let subject = Subject::new(KIND, &want.spec.name, Change::Add);
                let op = Op::AssociateWebAcl { balancer: key.output(Field::Arn), acl: arn.clone() };
                room.admit(Step::new(op, subject, want.origins.get("webACL")));
            }
        }
    }
}

fn update(room: &mut Room<'_>, seen: &SeenBalancer, id: &str, acl: &WebAcl) {
    let want = &room.desired.load_balancers[id];
    let subject = |change| Subject::new(KIND, &seen.spec.name, change);
    let have = match &seen.web_acl {
        SeenWebAcl::Known(have) => have,
        SeenWebAcl::Unknown(why) => {
            let reason = HoldReason::MissingFact(why.clone());
            return room.hold(&subject(Change::Change), reason, want.origins.get("webACL"));
        }
        SeenWebAcl::Unasked => {
            let reason = HoldReason::MissingFact("which one protects it is not known".into());
            return room.hold(&subject(Change::Change), reason, want.origins.get("webACL"));
        }
    };
    let mut why = Why::new(&want.origins);
    why.compare("webACL", &have.arn(), &acl.arn());
    if why.is_empty() {
        return;
    }
    let balancer = Value::Known(seen.arn.clone());
    let (op, change) = match (have, acl) {
        (_, WebAcl::Nothing) => (Op::DisassociateWebAcl { balancer }, Change::Delete),
        (WebAcl::Nothing, WebAcl::Arn(arn)) => {
            (Op::AssociateWebAcl { balancer, acl: arn.clone() }, Change::Add)
        }
        (WebAcl::Arn(_), WebAcl::Arn(arn)) => {
            (Op::AssociateWebAcl { balancer, acl: arn.clone() }, Change::Change)
        }
    };
    room.admit(Step::new(op, subject(change), why.origin()).because(why.into_changes()));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use inroad_desired::{Desired, Resource};
    use inroad_words::{
        Arn, Origins, Pick, StackKey, Tags, Unit,
        balancer::{IpAddressType, LoadBalancer, Scheme},
        controller::Controller,
        observed::Observed,
    };

    use super::*;

    fn balancer(web_acl: Option<WebAcl>) -> LoadBalancer {
        LoadBalancer {
            kind: Default::default(),
            name: "k8s-shop".into(),
            scheme: Scheme::Internal,
            ip_address_type: IpAddressType::Ipv4,
            subnets: Pick { keep: true, prefer: ["subnet-1".to_owned()].into() },
            security_groups: Vec::new(),
            attributes: BTreeMap::new(),
            customer_owned_pool: None,
            web_acl,
            tags: Tags::new(),
        }
    }

    fn acl(name: &str) -> WebAcl {
        WebAcl::Arn(Arn(name.into()))
    }

    /// The calls about web ACLs, and how many things wait.
    fn plan(want: Option<WebAcl>, have: Option<SeenWebAcl>) -> (Vec<String>, usize) {
        let mut desired = Desired::nothing(Unit::Stack(StackKey::Group("shop".into())));
        let resource = Resource { spec: balancer(want), origins: Origins::default() };
        desired.load_balancers.insert("LoadBalancer".into(), resource);
        let mut observed = Observed::default();
        let seen = have.map(|web_acl| SeenBalancer {
            arn: Arn("arn:lb".into()),
            dns_name: String::new(),
            state: "active".into(),
            kind: "application".into(),
            spec: balancer(None),
            web_acl,
            listeners: BTreeMap::new(),
        });
        observed.load_balancers.extend(seen.map(|it| ("LoadBalancer".into(), vec![it])));
        let plan = crate::diff(&desired, &observed, &Controller::default());
        let said = plan.ops.values().filter_map(|step| match &step.op {
            Op::AssociateWebAcl { acl, .. } => Some(format!("{:?} {acl}", step.subject.change)),
            Op::DisassociateWebAcl { .. } => Some(format!("{:?}", step.subject.change)),
            _ => None,
        });
        (said.collect(), plan.holds.len())
    }

    #[test]
    fn only_what_is_said_and_differs_is_associated() {
        use SeenWebAcl::{Known, Unasked, Unknown};
        let cases = [
            (None, Some(Known(acl("a"))), vec![], 0),
            (None, Some(Unasked), vec![], 0),
            (None, None, vec![], 0),
            (Some(WebAcl::Nothing), None, vec![], 0),
            (Some(acl("a")), None, vec!["Add a"], 0),
            (Some(acl("a")), Some(Known(acl("a"))), vec![], 0),
            (Some(acl("a")), Some(Known(WebAcl::Nothing)), vec!["Add a"], 0),
            (Some(acl("a")), Some(Known(acl("b"))), vec!["Change a"], 0),
            (Some(WebAcl::Nothing), Some(Known(acl("b"))), vec!["Delete"], 0),
            (Some(WebAcl::Nothing), Some(Known(WebAcl::Nothing)), vec![], 0),
            (Some(acl("a")), Some(Unknown("AccessDenied".into())), vec![], 1),
            (Some(acl("a")), Some(Unasked), vec![], 1),
        ];
        for (want, have, ops, holds) in cases {
            let got = plan(want.clone(), have.clone());
            assert_eq!(
                (got.0.iter().map(String::as_str).collect(), got.1),
                (ops, holds),
                "{want:?} {have:?}"
            );
        }
    }
}
