//! The Resource Groups Tagging API over every service's tags.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::wire::page;
use crate::{Account, Fault};

type Tags = BTreeMap<String, String>;

/// One operation of the service.
pub(crate) fn call(account: &mut Account, operation: &str, input: &Value) -> Result<Value, Fault> {
    if operation != "GetResources" {
        return Err(Fault::new("InvalidAction", format!("{operation} is not emulated")));
    }
    get_resources(account, input)
}

const STYLE: page::Style = page::Style {
    size: "ResourcesPerPage",
    token: "PaginationToken",
    next: "PaginationToken",
    default_size: Some(50),
    bad_token: "PaginationTokenExpiredException",
};

fn get_resources(account: &Account, input: &Value) -> Result<Value, Fault> {
    check(input)?;
    let arns = input["ResourceARNList"].as_array();
    let wanted = |arn: &str, tags: &Tags| {
        arns.is_none_or(|arns| arns.iter().any(|wanted| wanted == arn))
            && of_type(arn, &input["ResourceTypeFilters"])
            && tagged_so(tags, &input["TagFilters"])
    };
    let all = resources(account).into_iter().filter(|(arn, tags)| wanted(arn, tags));
    let tree = |(arn, tags): (String, Tags)| {
        let tags: Vec<Value> =
            tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        json!({"ResourceARN": arn, "Tags": tags})
    };
    let mut answer = page::page(&STYLE, input, "ResourceTagMappingList", all.map(tree).collect())?;
    if answer["PaginationToken"].is_null() {
        // The last page's token is an empty text, not a missing one.
        answer["PaginationToken"] = json!("");
    }
    Ok(answer)
}

fn check(input: &Value) -> Result<(), Fault> {
    let bad = |message: &str| Err(Fault::new("InvalidParameterException", message));
    if input["ResourceARNList"].is_array()
        && [
            "TagFilters",
            "ResourceTypeFilters",
            "ResourcesPerPage",
            "TagsPerPage",
            "PaginationToken",
        ]
        .iter()
        .any(|name| !input[*name].is_null())
    {
        return bad("ResourceARNList cannot be combined with other parameters");
    }
    if input["ResourcesPerPage"].as_i64().is_some_and(|size| !(1..=100).contains(&size)) {
        return bad("ResourcesPerPage must be between 1 and 100");
    }
    if input["TagsPerPage"].as_i64().is_some_and(|n| !(100..=500).contains(&n) || n % 100 != 0) {
        return bad("TagsPerPage must be a multiple of 100 between 100 and 500");
    }
    Ok(())
}

/// Every tagged resource by ARN. Hosted zones are global and listed in us-east-1 only.
fn resources(account: &Account) -> BTreeMap<String, Tags> {
    let (region, id) = (&account.settings.region, &account.settings.account_id);
    let ec2 = account.ec2.tagged().into_iter();
    let ec2 = ec2.map(|(kind, name, tags)| {
        (format!("arn:aws:ec2:{region}:{id}:{kind}/{name}"), tags.clone())
    });
    let elb = account.elbv2.tagged().map(|(arn, tags)| (arn.to_owned(), tags.clone()));
    let certificates = account.acm.certificates.values().map(|c| (c.arn.clone(), c.tags.clone()));
    let mut all: BTreeMap<String, Tags> = ec2.chain(elb).chain(certificates).collect();
    if region == "us-east-1" {
        let zones = account.route53.tagged_zones();
        all.extend(
            zones
                .map(|(zone, tags)| (format!("arn:aws:route53:::hostedzone/{zone}"), tags.clone())),
        );
    }
    all.retain(|_, tags| !tags.is_empty());
    all
}

/// `service` or `service:type`, the type being what the ARN's resource part begins with.
fn of_type(arn: &str, filters: &Value) -> bool {
    let Some(filters) = filters.as_array().filter(|filters| !filters.is_empty()) else {
        return true;
    };
    let mut parts = arn.splitn(6, ':').skip(2);
    let service = parts.next().unwrap_or_default();
    let resource = parts.nth(2).unwrap_or_default();
    filters.iter().filter_map(Value::as_str).any(|filter| match filter.split_once(':') {
        None => filter == service,
        Some((wanted, kind)) => {
            wanted == service
                && resource.strip_prefix(kind).is_some_and(|rest| rest.starts_with('/'))
        }
    })
}

/// Every key must be there, with one of its values if the filter gives any.
fn tagged_so(tags: &Tags, filters: &Value) -> bool {
    filters.as_array().into_iter().flatten().all(|filter| {
        let key = filter["Key"].as_str().unwrap_or_default();
        let values = filter["Values"].as_array().filter(|values| !values.is_empty());
        let has = |value: &String| values.is_none_or(|values| values.iter().any(|v| v == value));
        tags.get(key).is_some_and(has)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{Emulator, Settings};

    fn arns(answer: &Value) -> Vec<String> {
        let list = answer["ResourceTagMappingList"].as_array().into_iter().flatten();
        list.map(|one| one["ResourceARN"].as_str().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn resources_of_all_services_are_found_by_tag_and_type() {
        let emulator =
            Emulator::new(Settings { region: "us-east-1".into(), ..Settings::default() });
        let call = |service: &str, operation: &str, input: Value| {
            let answer = emulator.call(service, operation, &input);
            answer.unwrap_or_else(|fault| panic!("{operation}: {fault:?}"))
        };
        let tags = json!([{"Key": "team", "Value": "a"}, {"Key": "env", "Value": "x"}]);
        let specified = json!([{"ResourceType": "vpc", "Tags": tags}]);
        let vpc = call(
            "ec2",
            "CreateVpc",
            json!({"CidrBlock": "10.0.0.0/16", "TagSpecifications": specified}),
        );
        let group = json!({"Name": "web", "Protocol": "HTTP", "Port": 80, "TargetType": "ip",
                           "VpcId": vpc["Vpc"]["VpcId"], "Tags": tags});
        call("elasticloadbalancing", "CreateTargetGroup", group);
        call(
            "acm",
            "RequestCertificate",
            json!({"DomainName": "a.example.com",
            "Tags": [{"Key": "team", "Value": "b"}]}),
        );
        let zone =
            call("route53", "CreateHostedZone", json!({"Name": "a.dev", "CallerReference": "1"}));
        let id = zone["HostedZone"]["Id"]
            .as_str()
            .unwrap_or_default()
            .trim_start_matches("/hostedzone/");
        call(
            "route53",
            "ChangeTagsForResource",
            json!({"ResourceType": "hostedzone", "ResourceId": id,
            "AddTags": [{"Key": "team", "Value": "a"}]}),
        );
        let get = |input: Value| arns(&call("tagging", "GetResources", input));
        assert_eq!(get(json!({})).len(), 4);
        assert_eq!(
            get(json!({"TagFilters": [{"Key": "team", "Values": ["a"]}, {"Key": "env"}]})).len(),
            2
        );
        assert_eq!(get(json!({"TagFilters": [{"Key": "team", "Values": ["b"]}]})).len(), 1);
        let groups = get(json!({"ResourceTypeFilters": ["elasticloadbalancing:targetgroup"]}));
        assert!(groups.len() == 1 && groups[0].contains(":targetgroup/web/"), "{groups:?}");
        assert!(
            get(json!({"ResourceTypeFilters": ["elasticloadbalancing:loadbalancer"]})).is_empty()
        );
        assert_eq!(get(json!({"ResourceTypeFilters": ["ec2", "route53"]})).len(), 2);
        let first = call("tagging", "GetResources", json!({"ResourcesPerPage": 3}));
        let rest =
            call("tagging", "GetResources", json!({"PaginationToken": first["PaginationToken"]}));
        assert_eq!(
            (arns(&first).len(), arns(&rest).len(), &rest["PaginationToken"]),
            (3, 1, &json!(""))
        );
    }

    #[test]
    fn parameters_that_do_not_fit_are_refused() {
        let emulator = Emulator::new(Settings::default());
        let cases = [
            (json!({"ResourcesPerPage": 101}), "InvalidParameterException"),
            (json!({"TagsPerPage": 150}), "InvalidParameterException"),
            (json!({"ResourceARNList": ["arn:x"], "TagFilters": []}), "InvalidParameterException"),
            (json!({"PaginationToken": "old"}), "PaginationTokenExpiredException"),
        ];
        for (input, code) in cases {
            let refused =
                emulator.call("tagging", "GetResources", &input).map_err(|fault| fault.code);
            assert_eq!(refused, Err(code.to_owned()), "{input}");
        }
    }
}
