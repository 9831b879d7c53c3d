use super::*;
use crate::testing::{redirect, route};

fn kept(routes: &[Route]) -> Vec<usize> {
    let kept = optimise(443, ListenerProtocol::Https, routes);
    let position = |route: &Route| routes.iter().position(|it| std::ptr::eq(it, route));
    kept.into_iter().filter_map(position).collect()
}

/// A URL part that may be what it was, and one that may not.
#[test]
fn a_redirect_to_itself_goes() {
    let hosts = ["www.example.com", "app.example.com"];
    let paths = ["/www", "/app"];
    let part = |change: fn(&mut Redirect, Option<String>), value: &str| {
        let action = redirect(|it| change(it, Some(value.into())));
        kept(&[route(&hosts, &paths, action)]).is_empty()
    };
    let cases: [(fn(&mut Redirect, Option<String>), [&str; 2], &str); 5] = [
        (|it, value| it.host = value, ["#{host}", "app.example.com"], "home.example.com"),
        (|it, value| it.path = value, ["/#{path}", "/app"], "/home"),
        (|it, value| it.port = value, ["#{port}", "443"], "80"),
        (|it, value| it.protocol = value, ["#{protocol}", "HTTPS"], "HTTP"),
        (|it, value| it.query = value, ["#{query}", "#{query}"], "a=b"),
    ];
    for (change, same, other) in cases {
        assert!(same.iter().all(|value| part(change, value)), "{same:?}");
        assert!(!part(change, other), "{other}");
    }
    let mut regex = route(&hosts, &[], redirect(|_| ()));
    let patterns = Patterns { values: vec![], regex_values: vec!["^/a".into()] };
    regex.conditions.push(Condition::PathPattern(patterns));
    assert_eq!(kept(&[regex]), [0], "what an expression matches cannot be compared");
}

#[test]
fn what_an_earlier_redirect_answers_goes() {
    let away = || redirect(|it| it.host = Some("home.example.com".into()));
    let (ab, a) = (["a.example.com", "b.example.com"], ["a.example.com"]);
    let cases: [(&[&str], &[&str], &[&str], &[&str], bool); 8] = [
        (&[], &["/*"], &a, &["/x"], true),
        (&[], &["/*"], &[], &[], true),
        (&ab, &[], &a, &["/x"], true),
        (&a, &[], &ab, &[], false),
        (&a, &[], &[], &["/x"], false),
        (&[], &["/x", "/y"], &a, &["/x"], true),
        (&[], &["/x"], &a, &["/x", "/y"], false),
        (&[], &["/x/*"], &a, &["/x/y"], false),
    ];
    for (hosts, paths, later_hosts, later_paths, gone) in cases {
        let later = || route(later_hosts, later_paths, RouteAction::not_found());
        let want: &[usize] = if gone { &[0] } else { &[0, 1] };
        assert_eq!(kept(&[route(hosts, paths, away()), later()]), want, "{hosts:?} {paths:?}");
        let answered = [route(hosts, paths, RouteAction::not_found()), later()];
        assert_eq!(kept(&answered), [0, 1], "only redirects shadow");
    }
    let mut narrow = route(&[], &["/*"], away());
    narrow.conditions.push(Condition::SourceIp(vec!["10.0.0.0/8".into()]));
    assert_eq!(kept(&[narrow, route(&a, &["/x"], RouteAction::not_found())]), [0, 1]);
}

/// `actions.ssl-redirect` for everything, on a group that listens on 80 and 443.
#[test]
fn the_classic_redirect_works_on_both_listeners() {
    let to_https =
        || redirect(|it| (it.protocol, it.port) = (Some("HTTPS".into()), Some("443".into())));
    let routes =
        [route(&[], &["/*"], to_https()), route(&["a"], &["/x"], RouteAction::not_found())];
    assert_eq!(kept(&routes), [1]);
    let clear = optimise(80, ListenerProtocol::Http, &routes);
    assert_eq!(clear, [&routes[0]]);
}
