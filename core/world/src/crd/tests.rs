use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::*;
use crate::yaml;

const CRDS: &str = include_str!("../../../../deploy/crds.yaml");

/// The stored version of a kind's definition.
fn stored(kind: &str) -> Value {
    let documents = yaml::documents("crds.yaml", CRDS).into_iter();
    let mut definitions = documents.filter_map(|it| Some(it.ok()?.value));
    let found = definitions.find(|it| it["spec"]["names"]["kind"] == kind);
    let versions = found.expect("the kind is defined")["spec"]["versions"].clone();
    let versions = versions.as_array().expect("versions").clone();
    let mut stored = versions.into_iter().filter(|it| it["storage"] == true);
    let version = stored.next().expect("one is stored");
    assert_eq!((&version["name"], stored.count()), (&json!("v1beta1"), 0), "{kind}");
    version
}

/// A value that says everything that a schema knows of.
fn sample(schema: &Value) -> Value {
    if schema["x-kubernetes-int-or-string"] == true {
        return json!(80);
    }
    match (schema["type"].as_str(), schema.get("properties"), schema.get("enum")) {
        (_, _, Some(values)) => values[0].clone(),
        (_, Some(Value::Object(properties)), _) => {
            properties.iter().map(|(key, it)| (key.clone(), sample(it))).collect()
        }
        (Some("object"), ..) => json!({ "key": sample(&schema["additionalProperties"]) }),
        (Some("array"), ..) => json!([sample(&schema["items"])]),
        (Some("integer"), ..) => json!(7),
        (Some("boolean"), ..) => json!(true),
        (Some("string"), ..) => json!("text"),
        other => panic!("a schema of no kind: {other:?}"),
    }
}

fn read_back<T: DeserializeOwned + Serialize>(value: &Value) -> Value {
    let typed: T = serde_json::from_value(value.clone()).expect("what the schema takes is read");
    serde_json::to_value(typed).expect("what was read can be written")
}

#[test]
fn types_and_definitions_say_the_same() {
    let spec =
        |kind: &str| sample(&stored(kind)["schema"]["openAPIV3Schema"]["properties"]["spec"]);
    let binding = spec("TargetGroupBinding");
    assert_eq!(read_back::<TargetGroupBindingSpec>(&binding), binding);
    let params = spec("IngressClassParams");
    assert_eq!(read_back::<IngressClassParamsSpec>(&params), params);
    // The other way: nothing that we read is cut off by the API server.
    let ours = serde_json::to_value(IngressClassParamsSpec::default()).expect("it can be written");
    let keys = |value: &Value| value.as_object().cloned().map_or(Map::new(), |it| it).len();
    assert_eq!(keys(&ours), keys(&params));
}

#[test]
fn bindings_have_a_status_and_the_columns_of_the_peer() {
    let version = stored("TargetGroupBinding");
    assert_eq!(version["subresources"], json!({ "status": {} }));
    let columns = version["additionalPrinterColumns"].as_array().expect("columns").iter();
    let names: Vec<_> = columns.map(|it| it["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["SERVICE-NAME", "SERVICE-PORT", "TARGET-TYPE", "ARN", "NAME", "AGE"]);
    let columns = stored("IngressClassParams")["additionalPrinterColumns"].clone();
    let names: Vec<_> = columns.as_array().into_iter().flatten().map(|it| &it["name"]).collect();
    assert_eq!(names, ["GROUP-NAME", "SCHEME", "IP-ADDRESS-TYPE", "AGE"]);
}
