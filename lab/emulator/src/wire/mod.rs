//! The AWS protocols. What comes in is an HTTP request as an SDK writes it; what goes out is an HTTP
//! response that the SDK understands. Between the two the [`Emulator`] is asked with plain trees keyed by
//! the API's member names. Forbidden here: any knowledge of what an operation means. Names, types,
//! constraints and error shapes all come from the API's own model ([`model`]).

mod answer;
mod fields;
mod input;
mod json;
pub(crate) mod model;
pub(crate) mod page;
mod query;
mod render;
mod rest;
mod route;
mod validate;
mod xml;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use serde_json::Value;

use crate::faults::Delay;
use crate::transcript::Exchange;
use crate::{Emulator, Fault};
use model::{Model, Operation, Protocol};

/// A request whose service and operation are known.
pub(crate) struct Asked<'r> {
    model: &'static Model,
    name: &'static str,
    operation: &'static Operation,
    request: &'r Request<Bytes>,
}

impl Emulator {
    /// One HTTP request of any emulated service, answered at once. The service is taken from the
    /// signature's credential scope, else from what the request looks like; the signature itself is
    /// not checked. A scripted latency is not waited for here: it comes as the response's
    /// [`Delay`] extension.
    pub fn http(&self, request: Request<Bytes>) -> Response<Bytes> {
        let id = self.fresh_request_id();
        let model = match route::service(&request) {
            Ok(model) => model,
            Err(fault) => return render::unrouted(&fault, &id),
        };
        let asked = match route::operation(model, &request) {
            Ok(asked) => asked,
            Err(fault) => {
                self.refused(model.service, "?", &fault);
                return render::fault(model, None, &fault, &id);
            }
        };
        let (answer, delay) = self.answer(&asked);
        let rendered = answer.and_then(|tree| render::output(&asked, &tree, &id));
        let mut response = rendered
            .unwrap_or_else(|fault| render::fault(model, Some(asked.operation), &fault, &id));
        if let Some(delay) = delay {
            response.extensions_mut().insert(delay);
        }
        response
    }

    fn answer(&self, asked: &Asked<'_>) -> (Result<Value, Fault>, Option<Delay>) {
        match parse(asked) {
            Ok(input) => self.call_with_delay(asked.model.service, asked.name, &input),
            Err(fault) => {
                self.refused(asked.model.service, asked.name, &fault);
                (Err(fault), None)
            }
        }
    }
}

/// One operation with what the wire checks before and after it, for the tests of the services behind it.
#[cfg(test)]
pub(crate) fn checked(
    emulator: &Emulator,
    (service, name): (&str, &str),
    input: &Value,
) -> Result<Value, Fault> {
    let model = model::of(service).expect("tests name emulated services");
    let operation = &model.operations[name];
    validate::input(model, operation, input)?;
    let answer = emulator.call(service, name, input)?;
    if let Some(output) = &operation.output {
        render::known(model, model.shape(output), &answer, name)?;
    }
    Ok(answer)
}

/// The request's input tree, valid by the model.
fn parse(asked: &Asked<'_>) -> Result<Value, Fault> {
    let input = match asked.model.protocol() {
        Protocol::Query | Protocol::Ec2 => query::parse(asked),
        Protocol::RestXml => rest::parse(asked),
        Protocol::Json => json::parse(asked),
    }?;
    validate::input(asked.model, asked.operation, &input)?;
    Ok(input)
}

/// What is a secret is not listened to.
const UNHEARD: &str = "sts";

/// A call and its answer as they passed between others; `None` where no model knows them.
pub(crate) fn overheard(request: &Request<Bytes>, body: &[u8]) -> Option<Exchange> {
    let model = route::service(request).ok().filter(|model| model.service != UNHEARD)?;
    let asked = route::operation(model, request).ok()?;
    let (service, operation) = (model.service, asked.name);
    let (input, output) = (parse(&asked).ok()?, answer::read(&asked, body)?);
    Some(Exchange { service, operation, input, output })
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).map(HeaderValue::to_str)?.ok()
}
