use aws_sdk_elasticloadbalancingv2::types as sdk;
use inroad_words::{Arn, Value};

use super::*;

fn group(name: &str, weight: Option<u32>) -> Weighted {
    Weighted { group: Value::Known(Arn(name.into())), weight }
}

#[test]
fn actions_survive_the_way_to_aws_and_back() {
    let redirect = Redirect {
        host: Some("other.example.com".into()),
        port: Some("443".into()),
        protocol: Some("HTTPS".into()),
        status_code: "HTTP_301".into(),
        ..Redirect::default()
    };
    let fixed = FixedResponse {
        content_type: Some("text/plain".into()),
        message_body: None,
        status_code: "503".into(),
    };
    for actions in [
        vec![Action::Forward { targets: vec![group("a", None)], stickiness: None }],
        vec![Action::Forward {
            targets: vec![group("b", Some(0)), group("a", Some(999))],
            stickiness: Some(Stickiness { enabled: true, seconds: Some(60) }),
        }],
        vec![Action::Redirect(redirect)],
        vec![Action::FixedResponse(fixed.clone())],
        vec![
            Action::Forward { targets: vec![group("a", None)], stickiness: None },
            Action::FixedResponse(fixed),
        ],
    ] {
        let mut asked = ask_actions(&actions).expect("every value is known");
        // AWS gives them in any order and says which.
        asked.reverse();
        assert_eq!(seen_actions(&asked), actions);
    }
}

#[test]
fn what_aws_adds_to_an_answer_is_not_seen() {
    let tuple = sdk::TargetGroupTuple::builder().target_group_arn("a").weight(1).build();
    let forward = sdk::Action::builder()
        .r#type(sdk::ActionTypeEnum::Forward)
        .target_group_arn("a")
        .order(1)
        .forward_config(
            sdk::ForwardActionConfig::builder()
                .target_groups(tuple)
                .target_group_stickiness_config(
                    sdk::TargetGroupStickinessConfig::builder()
                        .enabled(false)
                        .duration_seconds(3600)
                        .build(),
                )
                .build(),
        )
        .build();
    let plain =
        sdk::Action::builder().r#type(sdk::ActionTypeEnum::Forward).target_group_arn("a").build();
    let wanted = [Action::Forward { targets: vec![group("a", None)], stickiness: None }];
    assert_eq!(seen_actions(&[forward]), wanted);
    assert_eq!(seen_actions(&[plain]), wanted);

    let redirect = sdk::Action::builder()
        .r#type(sdk::ActionTypeEnum::Redirect)
        .redirect_config(
            sdk::RedirectActionConfig::builder()
                .host("#{host}")
                .path("/#{path}")
                .port("443")
                .protocol("#{protocol}")
                .query("#{query}")
                .status_code(sdk::RedirectActionStatusCodeEnum::Http302)
                .build(),
        )
        .build();
    let wanted = Redirect {
        port: Some("443".into()),
        status_code: "HTTP_302".into(),
        ..Redirect::default()
    };
    assert_eq!(seen_actions(&[redirect]), [Action::Redirect(wanted)]);
}

#[test]
fn what_we_have_no_word_for_is_seen_and_never_asked() {
    let oidc = sdk::Action::builder().r#type(sdk::ActionTypeEnum::AuthenticateOidc).build();
    let new = sdk::Action::builder().r#type("teleport".into()).build();
    // A forward that leads nowhere is not one.
    let broken = sdk::Action::builder().r#type(sdk::ActionTypeEnum::Forward).build();
    let seen = seen_actions(&[oidc, new, broken]);
    let foreign = |kind: &str| Action::Foreign(kind.into());
    assert_eq!(seen, [foreign("authenticate-oidc"), foreign("teleport"), foreign("forward")]);
    assert!(matches!(ask_actions(&seen), Err(Error::Unsayable(_))));

    let condition = sdk::RuleCondition::builder().field("weekday").values("Sunday").build();
    let seen = seen_condition(&condition);
    assert_eq!(seen, Condition::Foreign("weekday".into()));
    assert!(matches!(ask_condition(&seen), Err(Error::Unsayable(_))));
}

#[test]
fn conditions_survive_the_way_to_aws_and_back() {
    let values = |values: &[&str]| Patterns::values(values.iter().map(|v| v.to_string()));
    let regex = Patterns { values: vec![], regex_values: vec!["^/a".into()] };
    for condition in [
        Condition::HostHeader(values(&["b.example.com", "*.a.example.com"])),
        Condition::PathPattern(values(&["/cart", "/cart/*"])),
        Condition::PathPattern(regex.clone()),
        Condition::HttpHeader { name: "X-A".into(), patterns: values(&["b"]) },
        Condition::HttpHeader { name: "X-A".into(), patterns: regex },
        Condition::HttpRequestMethod(vec!["GET".into(), "HEAD".into()]),
        Condition::QueryString(vec![(Some("a".into()), "b".into()), (None, "c".into())]),
        Condition::SourceIp(vec!["10.0.0.0/8".into()]),
    ] {
        let asked = ask_condition(&condition).expect("we have words for all of these");
        assert_eq!(seen_condition(&asked), condition);
    }
    // The older shape, which AWS still gives beside the newer one.
    let old = sdk::RuleCondition::builder().field("path-pattern").values("/x").build();
    assert_eq!(seen_condition(&old), Condition::PathPattern(values(&["/x"])));
}

#[test]
fn transforms_survive_the_way_to_aws_and_back() {
    let rewrite = Rewrite { regex: "^/a/(.*)".into(), replace: "/b/$1".into() };
    let transforms =
        [Transform::UrlRewrite(vec![rewrite.clone()]), Transform::HostHeaderRewrite(vec![rewrite])];
    let asked = ask_transforms(&transforms).expect("we have words for these").expect("some");
    assert_eq!(asked.iter().map(seen_transform).collect::<Vec<_>>(), transforms);
    assert_eq!(ask_transforms(&[]).expect("nothing is sayable"), None);
    let new = sdk::RuleTransform::builder().r#type("shout".into()).build();
    let seen = seen_transform(&new);
    assert_eq!(seen, Transform::Foreign("shout".into()));
    assert!(matches!(ask_transforms(&[seen]), Err(Error::Unsayable(_))));
}

#[test]
fn what_aws_does_not_tell_is_no_difference() {
    let off = Some(Stickiness { enabled: false, seconds: Some(60) });
    let asked = [Action::Forward { targets: vec![group("a", Some(5))], stickiness: off }];
    let answer = ask_actions(&asked).expect("every value is known");
    assert_eq!(seen_actions(&answer), as_told(&asked));
}
