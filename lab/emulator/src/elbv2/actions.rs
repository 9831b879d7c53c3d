//! What a listener or a rule does with a request: the API's `Action`, checked and with the defaults
//! that AWS fills in.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `Action` of the API. The configuration that goes with `kind` is present after [`normalise`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Action {
    #[serde(rename = "Type")]
    pub kind: ActionType,
    /// 1 to 50000; authentication comes before the action that ends the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_group_arn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward_config: Option<Forward>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_config: Option<Redirect>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_response_config: Option<FixedResponse>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authenticate_oidc_config: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authenticate_cognito_config: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwt_validation_config: Option<Value>,
}

/// `ActionTypeEnum`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActionType {
    Forward,
    AuthenticateOidc,
    AuthenticateCognito,
    JwtValidation,
    Redirect,
    FixedResponse,
}

impl ActionType {
    /// Whether it answers or forwards, so that nothing can come after it.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Forward | Self::Redirect | Self::FixedResponse)
    }
}

/// `ForwardActionConfig`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Forward {
    #[serde(default)]
    pub target_groups: Vec<Weighted>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_group_stickiness_config: Option<Stickiness>,
}

/// `TargetGroupTuple`: weight 0 to 999, 1 where none is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Weighted {
    pub target_group_arn: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
}

/// `TargetGroupStickinessConfig`: 1 to 604800 seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Stickiness {
    #[serde(default)]
    pub enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<u32>,
}

/// `RedirectActionConfig`; every part but the status code defaults to the request's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Redirect {
    #[serde(default = "protocol")]
    pub protocol: String,
    #[serde(default = "port")]
    pub port: String,
    #[serde(default = "host")]
    pub host: String,
    #[serde(default = "path")]
    pub path: String,
    #[serde(default = "query")]
    pub query: String,
    /// `HTTP_301` or `HTTP_302`.
    pub status_code: String,
}

fn protocol() -> String {
    "#{protocol}".into()
}

fn port() -> String {
    "#{port}".into()
}

fn host() -> String {
    "#{host}".into()
}

fn path() -> String {
    "/#{path}".into()
}

fn query() -> String {
    "#{query}".into()
}

/// `FixedResponseActionConfig`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FixedResponse {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_body: Option<String>,
    /// `2XX`, `4XX` or `5XX`.
    pub status_code: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
}

impl Action {
    /// The ARNs of the target groups that the action forwards to.
    pub fn target_groups(&self) -> impl Iterator<Item = &str> {
        let weighted = self.forward_config.iter().flat_map(|forward| &forward.target_groups);
        weighted.map(|weighted| weighted.target_group_arn.as_str())
    }
}
