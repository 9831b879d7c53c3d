use inroad_words::{Field, ResourceKey, StackKey, Unit, facts::Need, hold::HoldReason};

use super::*;
use crate::{
    balancer::LOAD_BALANCER,
    model::Shaped,
    needs, shape,
    testing::{balancer, controller, facts, said, stack},
};

/// What comes of a choice: in an account where `office` is a web ACL, before or after the load balancer.
fn shaped(choice: Option<WebAclChoice>, stands: bool, refused: bool) -> Shaped {
    let intent = stack(BalancerIntent { web_acl: choice.map(said), ..balancer([]) });
    let mut facts = facts();
    facts.web_acls.insert("office".into(), "arn:office".into());
    if stands {
        let unit = Unit::Stack(StackKey::parse("shop/web"));
        let key = ResourceKey::new(unit, ResourceKind::LoadBalancer, LOAD_BALANCER);
        facts.outputs.0.insert((key, Field::Arn), "arn:lb".into());
    }
    if refused {
        let asked = needs(&intent, &controller()).into_iter();
        let asked = asked.filter(|need| matches!(need, Need::WebAcls(_)));
        facts.missing.extend(asked.map(|need| (need, "AccessDenied".to_owned())));
        facts.web_acls.clear();
    }
    shape(&intent, &facts, &controller())
}

#[test]
fn names_are_looked_up_and_what_cannot_be_told_is_left_alone() {
    let named = |name: &str| Some(WebAclChoice::Named(name.into()));
    let arn = |arn: &str| Some(WebAcl::Arn(Arn(arn.into())));
    for (choice, refused, want, told, holds) in [
        (None, false, None, 0, 0),
        (Some(WebAclChoice::Nothing), false, Some(WebAcl::Nothing), 0, 0),
        (Some(WebAclChoice::Arn("arn:x".into())), true, arn("arn:x"), 0, 0),
        (named("office"), false, arn("arn:office"), 0, 0),
        (named("offise"), false, None, 1, 1),
        (named("office"), true, None, 0, 1),
    ] {
        let case = format!("{choice:?} {refused}");
        let standing = shaped(choice.clone(), true, refused);
        let balancer = &standing.desired.load_balancers[LOAD_BALANCER].spec;
        assert_eq!(balancer.web_acl, want, "{case}");
        let found = standing.diagnostics.iter().filter(|it| it.code == codes::WEB_ACL_UNKNOWN);
        assert_eq!((found.count(), standing.desired.held.resources.len()), (told, holds), "{case}");

        let new = shaped(choice, false, refused).desired;
        assert_eq!(new.load_balancers.is_empty(), holds > 0, "without its protection: {case}");
    }
}

#[test]
fn a_missing_answer_is_told_in_the_words_of_who_refused() {
    let shaped = shaped(Some(WebAclChoice::Named("office".into())), true, true);
    let reasons: Vec<_> = shaped.desired.held.resources.values().map(|it| &it.reason).collect();
    assert_eq!(reasons, [&HoldReason::MissingFact("AccessDenied".into())]);
}
