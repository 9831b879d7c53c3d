//! Creating, describing, changing, ordering and deleting rules.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::actions::Action;
use super::answer::{invalid, page, parse, strings, text, tree};
use super::routing::{self, Place};
use super::state::{Kind, Listener, Rule};
use super::{conditions, settle, tags};
use crate::{Account, Fault};

fn priority_in_use(priority: u32) -> Fault {
    Fault::new("PriorityInUse", format!("Priority '{priority}' is currently in use"))
}

pub(super) fn create(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let listener = account.elbv2.listener(text(input, "ListenerArn")?)?.clone();
    let balancer = account.elbv2.load_balancer(&listener.load_balancer_arn)?;
    if balancer.kind != Kind::Application {
        let message = "Rules are only for the listeners of Application Load Balancers";
        return Err(Fault::new("UnsupportedProtocol", message));
    }
    let priority: u32 = parse(&input["Priority"])?;
    let tags = tags::given(account, input)?;
    let quotas = &account.settings.quotas;
    let conditions = conditions::check(quotas, parse(&input["Conditions"])?)?;
    let transforms = match &input["Transforms"] {
        Value::Null => Vec::new(),
        given => conditions::check_transforms(parse(given)?)?,
    };
    let actions = actions(account, &listener, input, None)?;
    if account.elbv2.rules_of(&listener.arn).iter().any(|rule| rule.priority == Some(priority)) {
        return Err(priority_in_use(priority));
    }
    check_count(account, &listener)?;
    let rule = Rule {
        arn: fresh_arn(account, &listener.arn),
        listener_arn: listener.arn,
        priority: Some(priority),
        conditions,
        actions,
        transforms,
        tags,
    };
    let answer = json!({ "Rules": [view(&rule)] });
    account.elbv2.rules.insert(rule.arn.clone(), rule);
    settle::settle(account);
    Ok(answer)
}

/// A listener's ARN with a rule's own id after it.
pub(super) fn fresh_arn(account: &mut Account, listener: &str) -> String {
    let id = account.fresh_hex(16);
    format!("{}/{id}", listener.replacen(":listener/", ":listener-rule/", 1))
}

fn actions(
    account: &Account,
    listener: &Listener,
    input: &Value,
    replaces: Option<&str>,
) -> Result<Vec<Action>, Fault> {
    let balancer = account.elbv2.load_balancer(&listener.load_balancer_arn)?;
    let given = parse(&input["Actions"])?;
    let place = Place { balancer, protocol: listener.protocol, port: listener.port, replaces };
    routing::check(account, &place, given)
}

fn check_count(account: &Account, listener: &Listener) -> Result<(), Fault> {
    let limit = account.settings.quotas.rules_per_load_balancer;
    let listeners = account.elbv2.listeners_of(&listener.load_balancer_arn);
    let rules = listeners.iter().flat_map(|listener| account.elbv2.rules_of(&listener.arn));
    if rules.filter(|rule| rule.priority.is_some()).count() >= limit {
        let message = format!("A load balancer can have at most {limit} rules");
        return Err(Fault::new("TooManyRules", message));
    }
    Ok(())
}

/// The API's `Rule`.
pub(super) fn view(rule: &Rule) -> Value {
    let priority = rule.priority.map_or_else(|| "default".to_owned(), |number| number.to_string());
    let mut view = json!({
        "RuleArn": rule.arn,
        "Priority": priority,
        "Conditions": tree(&rule.conditions),
        "Actions": tree(&rule.actions),
        "IsDefault": rule.priority.is_none(),
    });
    if !rule.transforms.is_empty() {
        view["Transforms"] = tree(&rule.transforms);
    }
    view
}

pub(super) fn describe(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let arns = strings(input, "RuleArns");
    let views = match input["ListenerArn"].as_str() {
        Some(listener) => {
            account.elbv2.listener(listener)?;
            account.elbv2.rules_of(listener).into_iter().map(view).collect()
        }
        None if arns.is_empty() => {
            return Err(invalid("Either a listener or rules must be specified"));
        }
        None => {
            let found: Result<Vec<_>, _> =
                arns.iter().map(|arn| account.elbv2.rule(arn).map(view)).collect();
            found?
        }
    };
    page("Rules", views, input)
}

fn changeable(account: &Account, arn: &str) -> Result<Rule, Fault> {
    let rule = account.elbv2.rule(arn)?;
    if rule.priority.is_none() {
        let message = format!("Default rule '{arn}' cannot be modified or deleted");
        return Err(Fault::new("OperationNotPermitted", message));
    }
    Ok(rule.clone())
}

pub(super) fn modify(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let mut rule = changeable(account, text(input, "RuleArn")?)?;
    let listener = account.elbv2.listener(&rule.listener_arn)?.clone();
    if !input["Conditions"].is_null() {
        let quotas = &account.settings.quotas;
        rule.conditions = conditions::check(quotas, parse(&input["Conditions"])?)?;
    }
    if !input["Actions"].is_null() {
        rule.actions = actions(account, &listener, input, Some(&rule.arn))?;
    }
    let reset = input["ResetTransforms"].as_bool().unwrap_or(false);
    match &input["Transforms"] {
        Value::Null if reset => rule.transforms.clear(),
        Value::Null => {}
        _ if reset => return Err(invalid("Give transforms or reset them, not both")),
        given => rule.transforms = conditions::check_transforms(parse(given)?)?,
    }
    let answer = json!({ "Rules": [view(&rule)] });
    account.elbv2.rules.insert(rule.arn.clone(), rule);
    settle::settle(account);
    Ok(answer)
}

pub(super) fn delete(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let rule = changeable(account, text(input, "RuleArn")?)?;
    account.elbv2.rules.remove(&rule.arn);
    settle::settle(account);
    Ok(json!({}))
}

/// The order after the call is what counts: rules may swap priorities.
pub(super) fn set_priorities(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let mut wanted: BTreeMap<String, u32> = BTreeMap::new();
    for pair in input["RulePriorities"].as_array().into_iter().flatten() {
        let rule = changeable(account, text(pair, "RuleArn")?)?;
        wanted.insert(rule.arn, parse(&pair["Priority"])?);
    }
    let mut after: BTreeMap<(&str, u32), &str> = BTreeMap::new();
    for rule in account.elbv2.rules.values() {
        let Some(priority) = wanted.get(&rule.arn).copied().or(rule.priority) else { continue };
        if after.insert((&rule.listener_arn, priority), &rule.arn).is_some() {
            return Err(priority_in_use(priority));
        }
    }
    let mut views = Vec::new();
    for (arn, priority) in wanted {
        let rule = account.elbv2.rule_mut(&arn)?;
        rule.priority = Some(priority);
        views.push(view(rule));
    }
    Ok(json!({ "Rules": views }))
}
