//! The API's own models, cut down by `models/trim.py`: operations, shapes, names on the wire.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use regex::Regex;
use serde::Deserialize;

/// How a service speaks over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Protocol {
    Query,
    Ec2,
    RestXml,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Structure,
    List,
    Map,
    String,
    Integer,
    Long,
    Float,
    Double,
    Boolean,
    Timestamp,
    Blob,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    protocol: Protocol,
    api_version: String,
    xml_namespace: Option<String>,
    target_prefix: Option<String>,
}

/// One service.
#[derive(Debug, Deserialize)]
pub(crate) struct Model {
    /// The name in a signature's credential scope, which is also the emulator's name for the service.
    #[serde(skip)]
    pub(crate) service: &'static str,
    metadata: Metadata,
    pub(crate) operations: BTreeMap<String, Operation>,
    pub(crate) shapes: BTreeMap<String, Shape>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Operation {
    pub(crate) http: Http,
    pub(crate) input: Option<Reference>,
    pub(crate) output: Option<Reference>,
    /// Names of the error shapes that the API documents for this operation.
    pub(crate) errors: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Http {
    pub(crate) method: String,
    pub(crate) request_uri: String,
    pub(crate) response_code: Option<u16>,
}

/// A use of a shape: by a member, a list or an operation.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reference {
    pub(crate) shape: String,
    pub(crate) location_name: Option<String>,
    pub(crate) query_name: Option<String>,
    pub(crate) location: Option<Location>,
    #[serde(default)]
    pub(crate) flattened: bool,
    pub(crate) result_wrapper: Option<String>,
}

/// Where a member travels, if not in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Location {
    Header,
    Uri,
    Querystring,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Shape {
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
    #[serde(default)]
    pub(crate) members: BTreeMap<String, Reference>,
    member: Option<Reference>,
    value: Option<Reference>,
    #[serde(default)]
    pub(crate) required: Vec<String>,
    #[serde(default, rename = "enum")]
    pub(crate) choices: Vec<String>,
    pub(crate) min: Option<i64>,
    pub(crate) max: Option<i64>,
    pub(crate) pattern: Option<String>,
    #[serde(default)]
    pub(crate) flattened: bool,
    error: Option<ErrorTrait>,
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErrorTrait {
    code: Option<String>,
    http_status_code: Option<u16>,
}

impl Shape {
    /// What a list holds.
    pub(crate) fn item(&self) -> &Reference {
        self.member.as_ref().expect("the model gives every list a member")
    }

    /// What a map holds.
    pub(crate) fn map_value(&self) -> &Reference {
        self.value.as_ref().expect("the model gives every map a value")
    }

    /// The pattern as an anchored expression; `None` also where it uses what only Java's dialect has.
    pub(crate) fn regex(&self) -> Option<&Regex> {
        let compile = || Regex::new(&format!("^(?:{})$", self.pattern.as_ref()?)).ok();
        self.compiled.get_or_init(compile).as_ref()
    }
}

impl Model {
    pub(crate) fn protocol(&self) -> Protocol {
        self.metadata.protocol
    }

    pub(crate) fn version(&self) -> &str {
        &self.metadata.api_version
    }

    /// What `X-Amz-Target` starts with, for services that use it.
    pub(crate) fn target_prefix(&self) -> Option<&str> {
        self.metadata.target_prefix.as_deref()
    }

    /// The namespace of answers. Route 53's model names it only on its requests.
    pub(crate) fn namespace(&self) -> &str {
        self.metadata
            .xml_namespace
            .as_deref()
            .unwrap_or("https://route53.amazonaws.com/doc/2013-04-01/")
    }

    pub(crate) fn shape(&self, reference: &Reference) -> &Shape {
        &self.shapes[&reference.shape]
    }

    /// The status that the model gives to an error code.
    pub(crate) fn error_status(&self, code: &str) -> Option<u16> {
        let named = |(name, shape): (&String, &Shape)| {
            let error = shape.error.as_ref()?;
            (error.code.as_deref().unwrap_or(name) == code).then_some(error.http_status_code)?
        };
        self.shapes.iter().find_map(named)
    }

    fn read(service: &'static str, text: &str) -> Self {
        let parsed = serde_json::from_str(text);
        let mut model: Self = parsed.expect("the models in this crate are checked by its tests");
        model.service = service;
        model
    }
}

/// Every emulated service.
pub(crate) static MODELS: LazyLock<[Model; 7]> = LazyLock::new(|| {
    [
        Model::read("ec2", include_str!("../../models/ec2.json")),
        Model::read("elasticloadbalancing", include_str!("../../models/elbv2.json")),
        Model::read("route53", include_str!("../../models/route53.json")),
        Model::read("acm", include_str!("../../models/acm.json")),
        Model::read("tagging", include_str!("../../models/resourcegroupstaggingapi.json")),
        Model::read("sts", include_str!("../../models/sts.json")),
        Model::read("wafv2", include_str!("../../models/wafv2.json")),
    ]
});

/// The model of a service by the emulator's name for it.
pub(crate) fn of(service: &str) -> Option<&'static Model> {
    MODELS.iter().find(|model| model.service == service)
}
