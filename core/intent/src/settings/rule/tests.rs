use inroad_words::{
    balancer::{FixedResponse, Redirect, Stickiness},
    targets::PortRef,
};
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::{super::action::*, *};

/// Annotations with every field that there is.
const SAMPLES: [(&str, &str); 6] = [
    ("actions", r#"{"type": "forward", "targetGroupARN": "arn:a"}"#),
    (
        "actions",
        r#"{"type": "forward", "forwardConfig": {"targetGroups": [
            {"serviceName": "a", "servicePort": "http", "weight": 0},
            {"serviceName": "b", "servicePort": 80, "weight": 999},
            {"targetGroupName": "theirs", "weight": 5}],
            "targetGroupStickinessConfig": {"enabled": true, "durationSeconds": 60}}}"#,
    ),
    (
        "actions",
        r##"{"type": "redirect", "redirectConfig": {"host": "a.b", "path": "/#{path}", "port": "443",
            "protocol": "HTTPS", "query": "k=v", "statusCode": "HTTP_302"}}"##,
    ),
    (
        "actions",
        r#"{"type": "fixed-response", "fixedResponseConfig":
            {"contentType": "text/plain", "messageBody": "busy", "statusCode": "503"}}"#,
    ),
    (
        "conditions",
        r#"[{"field": "host-header", "hostHeaderConfig": {"values": ["a.b"]}},
            {"field": "path-pattern", "pathPatternConfig": {"regexValues": ["^/a"]}},
            {"field": "http-header", "httpHeaderConfig": {"httpHeaderName": "X", "values": ["y"]}},
            {"field": "http-request-method", "httpRequestMethodConfig": {"values": ["GET"]}},
            {"field": "query-string", "queryStringConfig": {"values": [{"key": "k", "value": "v"}]}},
            {"field": "source-ip", "sourceIPConfig": {"values": ["10.0.0.0/8"]}}]"#,
    ),
    (
        "transforms",
        r#"[{"type": "host-header-rewrite", "hostHeaderRewriteConfig":
                {"rewrites": [{"regex": "a", "replace": "b"}]}},
            {"type": "url-rewrite", "urlRewriteConfig": {"rewrites": [{"regex": "a"}]}}]"#,
    ),
];

/// What an annotation says, put in words.
fn parsed(kind: &str, text: &str) -> Result<String, String> {
    Ok(match kind {
        "actions" => format!("{:?}", (ACTIONS.parse)(text)?),
        "conditions" => format!("{:?}", conditions(text)?),
        _ => format!("{:?}", transforms(text)?),
    })
}

#[test]
fn actions_are_read_with_everything_that_they_say() {
    let action = |nth: usize| (ACTIONS.parse)(SAMPLES[nth].1);
    let service = |name: &str, port: PortRef| Aim::Service(name.into(), port);
    let alone =
        ActionAsk::Forward { targets: vec![(Aim::Arn("arn:a".into()), None)], stickiness: None };
    assert_eq!(action(0), Ok(alone));
    let weighted = ActionAsk::Forward {
        targets: vec![
            (service("a", PortRef::Name("http".into())), Some(0)),
            (service("b", PortRef::Number(80)), Some(999)),
            (Aim::Name("theirs".into()), Some(5)),
        ],
        stickiness: Some(Stickiness { enabled: true, seconds: Some(60) }),
    };
    assert_eq!(action(1), Ok(weighted));
    let redirect = Redirect {
        host: Some("a.b".into()),
        path: Some("/#{path}".into()),
        port: Some("443".into()),
        protocol: Some("HTTPS".into()),
        query: Some("k=v".into()),
        status_code: "HTTP_302".into(),
    };
    assert_eq!(action(2), Ok(ActionAsk::Redirect(redirect)));
    let busy = FixedResponse {
        content_type: Some("text/plain".into()),
        message_body: Some("busy".into()),
        status_code: "503".into(),
    };
    assert_eq!(action(3), Ok(ActionAsk::FixedResponse(busy)));
}

#[test]
fn what_cannot_be_a_rule_is_told() {
    let forward = |config: &str| format!(r#"{{"type":"forward","forwardConfig":{config}}}"#);
    let groups = |groups: &str| forward(&format!(r#"{{"targetGroups":[{groups}]}}"#));
    let a = r#"{"serviceName":"a","servicePort":80,"weight":1}"#;
    let redirect = |code: &str| format!(r#"{{"type":"redirect","redirectConfig":{{{code}}}}}"#);
    let answer =
        |config: &str| format!(r#"{{"type":"fixed-response","fixedResponseConfig":{{{config}}}}}"#);
    let condition = |rest: &str| format!(r#"[{{"field":{rest}}}]"#);
    let rewrite = |rest: &str| {
        let config = format!(r#""urlRewriteConfig":{{"rewrites":[{rest}]}}"#);
        format!(r#"[{{"type":"url-rewrite",{config}}}]"#)
    };
    let cases = [
        ("actions", "null".to_owned(), "expected type"),
        ("actions", r#"{"type":"Forward"}"#.into(), "expected type"),
        ("actions", r#"{"type":"forward"}"#.into(), "a forward needs one of"),
        (
            "actions",
            r#"{"type":"forward","targetGroupARN":"a","forwardConfig":{}}"#.into(),
            "a forward needs",
        ),
        ("actions", groups(""), "a forwardConfig needs targetGroups"),
        ("actions", groups(r#"{"weight":1}"#), "each of targetGroups needs one of"),
        ("actions", groups(r#"{"serviceName":"a"}"#), "a needs a servicePort"),
        ("actions", groups(r#"{"serviceName":"a","servicePort":"0"}"#), "servicePort 0"),
        ("actions", groups(r#"{"serviceName":"a","servicePort":70000}"#), "servicePort 70000"),
        ("actions", groups(&format!(r#"{a},{{"targetGroupARN":"b"}}"#)), "each of several"),
        ("actions", groups(&a.replace('1', "1000")), "expected a weight from 0 to 999"),
        (
            "actions",
            forward(&format!(
                r#"{{"targetGroups":[{a}],"targetGroupStickinessConfig":{{"durationSeconds":0}}}}"#
            )),
            "expected a durationSeconds",
        ),
        ("actions", redirect(""), "a redirect needs statusCode"),
        ("actions", redirect(r#""statusCode":"301""#), "expected statusCode HTTP_301"),
        ("actions", answer(""), "a fixed-response needs a statusCode"),
        ("actions", answer(r#""statusCode":"302""#), "expected a statusCode of 2XX"),
        ("actions", answer(r#""statusCode":503"#), "fixedresponseconfig.statuscode: invalid type"),
        (
            "actions",
            answer(&format!(r#""statusCode":"200","messageBody":"{}""#, "a".repeat(1025))),
            "a messageBody",
        ),
        ("conditions", condition(r#""host-header""#), "condition 0: host-header needs"),
        (
            "conditions",
            condition(r#""path-pattern","pathPatternConfig":{}"#),
            "condition 0: give values",
        ),
        (
            "conditions",
            condition(
                r#""path-pattern","pathPatternConfig":{"values":["/a"],"regexValues":["b"]}"#,
            ),
            "condition 0: give values",
        ),
        (
            "conditions",
            condition(r#""http-header","httpHeaderConfig":{"values":["a"]}"#),
            "condition 0: http-header needs",
        ),
        (
            "conditions",
            condition(r#""http-request-method","httpRequestMethodConfig":{"values":[]}"#),
            "condition 0: values",
        ),
        (
            "conditions",
            condition(r#""query-string","queryStringConfig":{"values":[{"key":"a"}]}"#),
            "condition 0: each of",
        ),
        (
            "conditions",
            condition(r#""source-ip","sourceIPConfig":{"values":["10.0.0.1"]}"#),
            "condition 0: 10.0.0.1 is not",
        ),
        ("conditions", "{}".into(), "invalid type: map"),
        ("transforms", r#"[{"type":"shout"}]"#.into(), "there is no transform"),
        (
            "transforms",
            r#"[{"type":"url-rewrite"}]"#.into(),
            "url-rewrite needs its urlRewriteConfig",
        ),
        ("transforms", rewrite(""), "expected one of rewrites, found 0"),
        ("transforms", rewrite(r#"{"replace":"a"}"#), "a rewrite needs a regex"),
        (
            "transforms",
            rewrite(r#"{"regex":"a"},{"regex":"b"}"#),
            "expected one of rewrites, found 2",
        ),
        (
            "transforms",
            format!("[{0},{0}]", &rewrite(r#"{"regex":"a"}"#).trim_matches(['[', ']'])),
            "there can be one",
        ),
    ];
    for (kind, text, why) in cases {
        let told = parsed(kind, &text).expect_err(&text);
        assert!(told.starts_with(why), "{text}: {told}");
    }
    let unknown = conditions(r#"[{"field": "moon-phase"}, {}]"#);
    let foreign = |field: &str| Condition::Foreign(field.into());
    assert_eq!(unknown, Ok(vec![foreign("moon-phase"), foreign("")]), "passed over later");
}

/// The same JSON with the letters of its keys in another case, by the bits of `mask`.
fn recased(value: &Value, mask: &mut impl Iterator<Item = bool>) -> Value {
    match value {
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| {
                let letter = |letter: char| match mask.next() {
                    Some(true) => letter.to_ascii_uppercase(),
                    _ => letter.to_ascii_lowercase(),
                };
                let key: String = key.chars().map(letter).collect();
                (key, recased(value, mask))
            };
            members.iter().map(member).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(|item| recased(item, mask)).collect(),
        other => other.clone(),
    }
}

proptest! {
    #[test]
    fn the_case_of_keys_changes_nothing(
        sample in 0..SAMPLES.len(),
        bits in proptest::collection::vec(any::<bool>(), 256),
    ) {
        let (kind, text) = SAMPLES[sample];
        let value: Value = serde_json::from_str(text).expect("the samples are JSON");
        let other = recased(&value, &mut bits.into_iter()).to_string();
        let want = parsed(kind, text);
        prop_assert!(want.is_ok(), "{:?}", want);
        prop_assert_eq!(parsed(kind, &other), want, "{}", other);
    }
}
