//! How resources and their parts are put in words, for plans and for what changes in them.

use std::collections::BTreeMap;

use inroad_words::{
    Arn, Value,
    balancer::{Action, Condition, Patterns, Redirect, Rewrite, Rule, Stickiness, Transform},
    network::{IngressRule, Peer},
    observed::Observed,
};

/// ARNs and ids -> what people call them.
pub type Names = BTreeMap<String, String>;

/// The names of everything that is there.
pub(crate) fn names(observed: &Observed) -> Names {
    let mut names = Names::new();
    for group in observed.security_groups.values().flatten() {
        names.insert(group.id.clone(), group.spec.name.clone());
    }
    for (id, seen) in &observed.target_groups {
        names.extend(seen.iter().map(|it| (it.arn.0.clone(), id.clone())));
    }
    for balancer in observed.load_balancers.values().flatten() {
        names.insert(balancer.arn.0.clone(), balancer.spec.name.clone());
        for (port, listener) in &balancer.listeners {
            names.insert(listener.arn.0.clone(), port.to_string());
            for rule in &listener.rules {
                let name = format!("{port}/{}", rule.spec.priority);
                names.insert(rule.arn.0.clone(), name);
            }
        }
    }
    names
}

/// A reference: the name of what it refers to, or the bare ARN or id.
pub(crate) fn reference<T: AsText>(value: &Value<T>, names: &Names) -> String {
    match value {
        Value::Known(text) => names.get(text.text()).map_or(text.text(), String::as_str).to_owned(),
        Value::Output { of, .. } => of.id.clone(),
    }
}

/// An ARN or an id.
pub(crate) trait AsText {
    fn text(&self) -> &str;
}

impl AsText for String {
    fn text(&self) -> &str {
        self
    }
}

impl AsText for Arn {
    fn text(&self) -> &str {
        &self.0
    }
}

/// `-> cart 80%, pay`, `redirect https://…`, `503`.
pub fn actions(actions: &[Action], names: &Names) -> String {
    let words: Vec<String> = actions.iter().map(|it| action(it, names)).collect();
    words.join(", then ")
}

fn action(action: &Action, names: &Names) -> String {
    match action {
        Action::Forward { targets, stickiness } => {
            let words = targets.iter().map(|it| match it.weight.filter(|_| targets.len() > 1) {
                Some(weight) => format!("{} ({weight})", reference(&it.group, names)),
                None => reference(&it.group, names),
            });
            let words = words.collect::<Vec<_>>().join(", ");
            match stickiness {
                Some(Stickiness { enabled: true, seconds: Some(seconds) }) => {
                    format!("-> {words}, sticky {seconds}s")
                }
                Some(Stickiness { enabled: true, seconds: None }) => format!("-> {words}, sticky"),
                _ => format!("-> {words}"),
            }
        }
        Action::Redirect(to) => format!("redirect {} to {}", to.status_code, url(to)),
        Action::FixedResponse(answer) => format!("answer {}", answer.status_code),
        Action::Foreign(kind) => kind.clone(),
    }
}

fn url(to: &Redirect) -> String {
    let part = |part: &Option<String>, default: &str| part.as_deref().unwrap_or(default).to_owned();
    format!(
        "{}://{}:{}{}?{}",
        part(&to.protocol, "#{protocol}"),
        part(&to.host, "#{host}"),
        part(&to.port, "#{port}"),
        part(&to.path, "/#{path}"),
        part(&to.query, "#{query}"),
    )
}

/// `a.example.com /cart*`.
pub fn conditions(conditions: &[Condition]) -> String {
    let words: Vec<String> = conditions.iter().map(condition).collect();
    words.join(" ")
}

fn condition(condition: &Condition) -> String {
    match condition {
        Condition::HostHeader(patterns) | Condition::PathPattern(patterns) => any_of(patterns),
        Condition::HttpHeader { name, patterns } => format!("{name}={}", any_of(patterns)),
        Condition::HttpRequestMethod(methods) => methods.join("|"),
        Condition::QueryString(pairs) => {
            let words = pairs.iter().map(|(key, value)| match key {
                Some(key) => format!("?{key}={value}"),
                None => format!("?{value}"),
            });
            words.collect::<Vec<_>>().join("|")
        }
        Condition::SourceIp(cidrs) => format!("from {}", cidrs.join("|")),
        Condition::Foreign(field) => field.clone(),
    }
}

/// What is done with a request: `-> cart, url ^/api/ => /`.
pub fn deeds(rule: &Rule, names: &Names) -> String {
    let words = [actions(&rule.actions, names), transforms(&rule.transforms)];
    words.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(", ")
}

/// `url ^/api/ => /, host a => b`; nothing where nothing is rewritten.
pub(crate) fn transforms(transforms: &[Transform]) -> String {
    let rewrites = |part: &str, all: &[Rewrite]| {
        let each = all.iter().map(|it| format!("{part} {} => {}", it.regex, it.replace));
        each.collect::<Vec<_>>().join(", ")
    };
    let words = transforms.iter().map(|transform| match transform {
        Transform::HostHeaderRewrite(all) => rewrites("host", all),
        Transform::UrlRewrite(all) => rewrites("url", all),
        Transform::Foreign(kind) => kind.clone(),
    });
    words.collect::<Vec<_>>().join(", ")
}

fn any_of(patterns: &Patterns) -> String {
    let regexes = patterns.regex_values.iter().map(|it| format!("~{it}"));
    patterns.values.iter().cloned().chain(regexes).collect::<Vec<_>>().join("|")
}

/// `tcp 443 from 0.0.0.0/0`.
pub(crate) fn ingress(rule: &IngressRule, names: &Names) -> String {
    let ports = match (rule.from_port, rule.to_port) {
        (Some(from), Some(to)) if from == to => format!(" {from}"),
        (Some(from), Some(to)) => format!(" {from}-{to}"),
        _ => String::new(),
    };
    let peer = match &rule.peer {
        Peer::Ipv4(text) | Peer::Ipv6(text) | Peer::PrefixList(text) => text.clone(),
        Peer::Group(group) => reference(group, names),
    };
    format!("{}{ports} from {peer}", rule.protocol)
}
