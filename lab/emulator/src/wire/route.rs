//! Which service and which operation a request is for.

use bytes::Bytes;
use http::Request;

use super::model::{MODELS, Model, Protocol};
use super::{Asked, fields, header, model, rest};
use crate::Fault;

/// The service, by credential scope, else by `X-Amz-Target`, path or API version.
pub(super) fn service(request: &Request<Bytes>) -> Result<&'static Model, Fault> {
    let scoped = scope(request).and_then(|name| model::of(&name));
    scoped.or_else(|| by_target(request)).or_else(|| by_looks(request)).ok_or_else(|| {
        Fault::new("UnknownService", "The request names no service that is emulated here.")
    })
}

/// The service of `Credential=AKID/20261121/us-west-2/SERVICE/aws4_request`.
fn scope(request: &Request<Bytes>) -> Option<String> {
    let signed = header(request.headers(), "authorization").map(str::to_owned);
    let text = signed.or_else(|| {
        let query = request.uri().query()?.as_bytes();
        let found = url::form_urlencoded::parse(query).find(|(key, _)| key == "X-Amz-Credential");
        found.map(|(_, value)| format!("Credential={value}"))
    })?;
    let (_, credential) = text.split_once("Credential=")?;
    let credential = credential.split([',', ' ']).next()?;
    credential.rsplit('/').nth(1).map(str::to_owned)
}

fn by_target(request: &Request<Bytes>) -> Option<&'static Model> {
    let (prefix, _) = header(request.headers(), "x-amz-target")?.split_once('.')?;
    MODELS.iter().find(|model| model.target_prefix() == Some(prefix))
}

fn by_looks(request: &Request<Bytes>) -> Option<&'static Model> {
    let version = fields::one(request, "Version");
    MODELS.iter().find(|model| match model.protocol() {
        Protocol::RestXml => request.uri().path().starts_with(&format!("/{}/", model.version())),
        Protocol::Json => false,
        Protocol::Query | Protocol::Ec2 => version.as_deref() == Some(model.version()),
    })
}

/// The operation; those that the model of ours lacks are `InvalidAction`.
pub(super) fn operation<'r>(
    model: &'static Model,
    request: &'r Request<Bytes>,
) -> Result<Asked<'r>, Fault> {
    let name = match model.protocol() {
        Protocol::Query | Protocol::Ec2 => fields::one(request, "Action"),
        Protocol::RestXml => rest::operation(model, request).map(str::to_owned),
        Protocol::Json => header(request.headers(), "x-amz-target")
            .and_then(|target| Some(target.split_once('.')?.1.to_owned())),
    };
    let unnamed = || Fault::new("MissingAction", "The request is missing an action.");
    let wanted = name.ok_or_else(unnamed)?;
    let found = model.operations.get_key_value(&wanted);
    let (name, operation) = found.ok_or_else(|| unknown(model, &wanted))?;
    Ok(Asked { model, name, operation, request })
}

fn unknown(model: &Model, operation: &str) -> Fault {
    let code = match model.protocol() {
        Protocol::Json => "UnknownOperationException",
        _ => "InvalidAction",
    };
    let version = model.version();
    Fault::new(
        code,
        format!("The action {operation} is not valid for this web service (version {version})."),
    )
}
