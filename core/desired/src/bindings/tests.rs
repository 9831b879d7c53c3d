use inroad_intent::Intent;
use inroad_words::{
    Origin, StackKey,
    balancer::ListenerProtocol,
    hold::{Hold, HoldReason},
};

use super::*;
use crate::{
    shape,
    testing::{CART, balancer, controller, facts, listener, stack},
};

const ARN: &str = "arn:tg/cart";

/// A stack of one target group, and what is known of it.
fn given() -> (Desired, Outputs) {
    let asked: Intent = stack(balancer([(80, listener(ListenerProtocol::Http, vec![]))]));
    let desired = shape(&asked, &facts(), &controller()).desired;
    let group = ResourceKey::new(desired.unit.clone(), ResourceKind::TargetGroup, CART);
    let shared = ResourceKey::new(Unit::Foundation, ResourceKind::SecurityGroup, "backend-sg");
    let known = [((group, Field::Arn), ARN), ((shared, Field::GroupId), "sg-1")];
    (desired, Outputs(known.map(|(key, value)| (key, value.to_owned())).into()))
}

fn wanted() -> Published {
    let (desired, known) = given();
    bindings(&desired, &known).remove(CART).expect("everything is known")
}

fn standing(change: impl FnOnce(&mut Standing)) -> Standing {
    let mut standing =
        Standing { says: wanted(), checkpoint: String::new(), guarded: true, leaving: false };
    change(&mut standing);
    standing
}

fn renamed(name: &str) -> Published {
    let mut published = wanted();
    published.object.name = name.into();
    published
}

#[test]
fn bindings_follow_their_target_groups() {
    let other = |it: &mut Standing| {
        it.says.group = Arn("arn:tg/other".into());
        it.says.object.name = "other".into();
    };
    let object = wanted().object;
    let gone = BindingStep::Delete(renamed("other").object);
    let table = [
        ("nothing stands", vec![], vec![BindingStep::Create(wanted())]),
        ("all is well", vec![standing(|_| ())], vec![]),
        ("a name stays", vec![standing(|it| it.says.object.name = "old".into())], vec![]),
        (
            "other words",
            vec![standing(|it| it.says = Published { spec: "{}".into(), ..renamed("old") })],
            vec![BindingStep::Update(renamed("old"))],
        ),
        (
            "a label too many",
            vec![standing(|it| drop(it.says.labels.insert("a".into(), "b".into())))],
            vec![BindingStep::Update(wanted())],
        ),
        (
            "no finalizer",
            vec![standing(|it| it.guarded = false)],
            vec![BindingStep::Update(wanted())],
        ),
        (
            "somebody deletes it",
            vec![standing(|it| it.leaving = true)],
            vec![BindingStep::Delete(object), BindingStep::Create(wanted())],
        ),
        ("its group is gone", vec![standing(other), standing(|_| ())], vec![gone]),
    ];
    let (desired, known) = given();
    for (name, standing, want) in table {
        assert_eq!(publish(&desired, &known, standing), want, "{name}");
    }
}

#[test]
fn what_stays_in_aws_keeps_its_binding() {
    let (desired, known) = given();
    let nothing = Desired::nothing(desired.unit.clone());
    let gone = [BindingStep::Delete(wanted().object)];
    assert_eq!(publish(&nothing, &known, [standing(|_| ())]), [], "the group could not be deleted");
    assert_eq!(publish(&nothing, &Outputs::default(), [standing(|_| ())]), gone);
    let mut held = nothing;
    held.held.unit = Some(Hold {
        subject: "everything".into(),
        reason: HoldReason::MissingFact("nobody answers".into()),
        origin: Origin::Default,
    });
    assert_eq!(publish(&held, &Outputs::default(), [standing(|_| ())]), []);
}

#[test]
fn nothing_is_published_before_its_references_are_known() {
    let (desired, known) = given();
    for missing in known.0.keys() {
        let mut known = known.clone();
        known.0.remove(missing);
        assert_eq!(bindings(&desired, &known), BTreeMap::new(), "{missing:?}");
    }
}

#[test]
fn a_spec_reads_as_the_peer_writes_it() {
    let spec = r#"{"targetGroupARN":"arn:tg/cart","targetType":"instance","targetGroupProtocol":"HTTP","serviceRef":{"name":"cart","port":80},"networking":{"ingress":[{"from":[{"securityGroup":{"groupID":"sg-1"}}],"ports":[{"protocol":"TCP","port":30080}]}]},"ipAddressType":"ipv4","vpcID":"vpc-1"}"#;
    let published = wanted();
    assert_eq!(published.spec, spec);
    assert_eq!(published.object.namespace, "shop");
    assert_eq!(published.labels, binding_labels(&StackKey::parse("shop/web")));
}

#[test]
fn a_checkpoint_is_of_exactly_these_endpoints() {
    let one = BTreeSet::from(["10.0.0.1:80:5".to_owned()]);
    let standing = standing(|it| it.checkpoint = checkpoint(&one, &it.says.spec));
    assert!(is_current(&standing, &one));
    for other in ["10.0.0.1:80:6", "10.0.0.1:81:5", "10.0.0.2:80:5"] {
        assert!(!is_current(&standing, &BTreeSet::from([other.to_owned()])), "{other}");
    }
    let mut blank = standing.clone();
    blank.checkpoint.clear();
    assert!(!is_current(&blank, &one), "blank while targets change");
    let mut edited = standing;
    edited.says.spec.push(' ');
    assert!(!is_current(&edited, &one), "another spec");
}
