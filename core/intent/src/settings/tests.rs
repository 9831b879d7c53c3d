use std::collections::BTreeSet;

use inroad_words::Kind;

use super::*;

#[test]
fn the_table_is_sound() {
    let settings = BalancerSettings::default();
    let mut spellings = BTreeSet::new();
    for setting in ALL {
        let row = setting.row();
        assert!(spellings.insert(("id", row.id)), "{} twice", row.id);
        assert!(spellings.insert(("ingress", row.ingress)), "{} twice", row.ingress);
        for (kind, name) in
            [("service", row.service), ("params", row.params), ("gateway", row.gateway)]
        {
            assert!(name.is_none_or(|name| spellings.insert((kind, name))), "{name:?} twice");
        }
        assert!(!NOT_YET.contains(&row.ingress), "{} is served", row.ingress);
        assert!(row.doc.ends_with('.'), "{}", row.doc);
        if let Some(text) = setting.default_text(&settings) {
            assert_eq!(setting.check(&text), Ok(()), "default of {}", row.id);
        }
    }
}

#[test]
fn services_read_the_same_rows_with_defaults_of_their_own() {
    let settings = BalancerSettings::default();
    let mut seen = BTreeSet::new();
    for setting in OF_SERVICES {
        let row = setting.row();
        let name = row.service.expect("every row has a name on Services");
        assert!(seen.insert(name), "{name} twice");
        assert!(ALL.iter().any(|it| it.row().id == row.id), "{} is a row of the table", row.id);
        assert!(!UNSERVED.iter().any(|(known, _)| *known == name), "{name} is served");
        if let Some(text) = setting.default_text(&settings) {
            assert_eq!(setting.check(&text), Ok(()), "default of {name}");
        }
    }
    for text in ["tcp", "HTTP", "Https"] {
        assert!(
            NLB_HEALTH_PROTOCOL.check(text).is_ok()
                && HEALTH_PROTOCOL.check(text).is_err() == (text != "HTTP")
        );
    }
    assert!(NLB_IP_ADDRESS_TYPE.check("dualstack-without-public-ipv4").is_err());
}

#[test]
fn strange_annotations_are_told_with_the_nearest_known_one() {
    let key = ObjectKey::new(Kind::Ingress, "shop", "web");
    let cases = [
        ("scheme", None),
        ("listener-attributes.HTTP-80", None),
        ("dry-run-plan", None),
        ("actions.redirect", None),
        ("auth-type", Some(("LB0004", None))),
        ("shceme", Some(("LB0003", Some("did you mean scheme?")))),
        (
            "healthcheck-interval",
            Some(("LB0003", Some("did you mean healthcheck-interval-seconds?"))),
        ),
        ("qqq", Some(("LB0003", None))),
    ];
    for (suffix, want) in cases {
        let annotations = BTreeMap::from([
            (format!("{PREFIX}{suffix}"), String::new()),
            ("x/y".into(), String::new()),
        ]);
        let found = strange(&key, Some(&annotations));
        let found: Vec<_> = found.iter().map(|d| (d.code.0, d.help.as_deref())).collect();
        assert_eq!(found, Vec::from_iter(want), "{suffix}");
    }
}

#[test]
fn listen_ports_and_cidrs_refuse_what_is_none() {
    let bad = [
        (&LISTEN_PORTS as &dyn AnySetting, "[]"),
        (&LISTEN_PORTS, "[{\"HTTP\": \"80\"}]"),
        (&LISTEN_PORTS, "[{\"TCP\": 80}]"),
        (&LISTEN_PORTS, "[{\"HTTP\": 65536}]"),
        (&LISTEN_PORTS, "[{\"HTTP\": 0}]"),
        (&LISTEN_PORTS, "80"),
        (&INBOUND_CIDRS, "10.0.0.0"),
        (&INBOUND_CIDRS, "10.0.0.0/8,10.0.0.0/33"),
        (&GROUP_NAME, ""),
        (&GROUP_NAME, "-a"),
        (&GROUP_NAME, "a_b"),
        (&GROUP_ORDER, "1001"),
        (&LOAD_BALANCER_NAME, "123456789012345678901234567890123"),
        (&SCHEME, "Internal"),
        (&SSL_REDIRECT, "https"),
        (&HEALTH_INTERVAL, "4"),
    ];
    for (setting, text) in bad {
        assert!(setting.check(text).is_err(), "{} {text}", setting.row().id);
    }
    let ports = (LISTEN_PORTS.parse)("[{\"HTTP\": 80}, {\"HTTPS\": 80}]").map(|p| p[&80].as_str());
    assert_eq!(ports, Ok("HTTPS"), "the last word on a port counts");
    assert_eq!(
        (INBOUND_CIDRS.parse)("10.1.2.3/8, ::1/128"),
        Ok(vec!["10.0.0.0/8".into(), "::1/128".into()])
    );
}
