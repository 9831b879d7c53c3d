//! Health checks that really probe: one task for each target that a load balancer uses, by its target
//! group's settings. In comes the model, out go probe results to the emulated account, which knows
//! thresholds and states.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, Version, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use inroad_emulator::elbv2::{Failure, HealthCheck, Probe, Protocol, State};
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::answer;
use crate::model::Model;
use crate::serve::Served;
use crate::traffic::Config;
use crate::upstream::{Destination, NoAnswer};

/// What one task probes; when any of it changes, another task takes over.
#[derive(Debug, Clone, PartialEq)]
struct Probed {
    group: String,
    id: String,
    port: u16,
    version: String,
    check: HealthCheck,
}

/// Keeps one prober for each target in use, until `stop`.
pub(crate) async fn run(served: Arc<Served>, config: Config, stop: CancellationToken) {
    let mut changes = served.emulator.subscribe();
    let mut probers = Probers::default();
    loop {
        changes.mark_unchanged();
        probers.follow(&served, &config);
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { break },
            () = stop.cancelled() => break,
        }
    }
    probers.abort(|_| true);
}

/// The running tasks by group, target and port.
#[derive(Default)]
struct Probers(BTreeMap<(String, String, u16), (Probed, AbortHandle)>);

impl Probers {
    fn follow(&mut self, served: &Arc<Served>, config: &Config) {
        let wanted: BTreeMap<_, _> = wanted(&served.current())
            .map(|probed| ((probed.group.clone(), probed.id.clone(), probed.port), probed))
            .collect();
        self.abort(|probed| {
            let key = (probed.group.clone(), probed.id.clone(), probed.port);
            wanted.get(&key) != Some(probed)
        });
        for (key, probed) in wanted {
            self.0.entry(key).or_insert_with(|| {
                let task =
                    tokio::spawn(probe_forever(served.clone(), config.clone(), probed.clone()));
                (probed, task.abort_handle())
            });
        }
    }

    fn abort(&mut self, gone: impl Fn(&Probed) -> bool) {
        self.0.retain(|_, (probed, task)| {
            let gone = gone(probed);
            if gone {
                task.abort();
            }
            !gone
        });
    }
}

fn wanted(model: &Model) -> impl Iterator<Item = Probed> {
    let checked = model.groups.values().filter(|group| group.check.enabled);
    checked.flat_map(|group| {
        group.targets.iter().map(|target| Probed {
            group: group.arn.clone(),
            id: target.id.clone(),
            port: target.port,
            version: group.version.clone(),
            check: group.check.clone(),
        })
    })
}

async fn probe_forever(served: Arc<Served>, config: Config, probed: Probed) {
    let mut routes = served.routes.subscribe();
    loop {
        routes.mark_unchanged();
        let seen = probe(&served, &probed).await;
        let decided = report(&served, &probed, &seen);
        let interval = Duration::from_secs(probed.check.interval.into());
        let pause = match decided {
            true => config.health_interval.unwrap_or(interval),
            false => config.health_hurry,
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            // A target that moved on this machine is asked again at once.
            _ = routes.changed() => {}
        }
    }
}

/// Hands the result to the account. True: the target's state agrees with it, so that there is no hurry.
fn report(served: &Served, probed: &Probed, seen: &Probe) -> bool {
    let mut account = served.emulator.account();
    let now = account.now;
    let moved = account.elbv2.report_health(&probed.group, &probed.id, probed.port, seen, now);
    let target = account.elbv2.targets_of(&probed.group).iter().find(|target| {
        target.id == probed.id && target.port.is_none_or(|port| port == probed.port)
    });
    let decided = target.is_none_or(|target| match target.health.state {
        State::Healthy => *seen == Probe::Passed,
        State::Unhealthy => *seen != Probe::Passed,
        state => state != State::Initial,
    });
    drop(account);
    if moved {
        served.emulator.touched();
    }
    decided
}

async fn probe(served: &Served, probed: &Probed) -> Probe {
    let check = &probed.check;
    let port = check.port.as_deref().and_then(|port| port.parse().ok()).unwrap_or(probed.port);
    // Nobody at the address: packets get lost, and AWS sees a timeout.
    let Some(socket) = served.resolve(&probed.id, port) else {
        return Probe::Failed(Failure::Timeout);
    };
    let limit = Duration::from_secs(check.timeout.into());
    let attempt = async {
        if !check.protocol.is_some_and(Protocol::is_http) {
            return served.upstream.connect(socket).await.map(|_| Probe::Passed);
        }
        let to = Destination {
            socket,
            secure: check.protocol == Some(Protocol::Https),
            http2: probed.version != "HTTP1",
            idle: limit,
        };
        let request = request(probed, port).ok_or(NoAnswer::Broken)?;
        let response = served.upstream.send(to, request).await?;
        status(probed, response).await.map(|status| judge(probed, status))
    };
    match timeout(limit, attempt).await {
        Ok(Ok(result)) => result,
        Ok(Err(NoAnswer::Broken)) => Probe::Failed(Failure::Connection),
        Ok(Err(NoAnswer::TimedOut)) | Err(_) => Probe::Failed(Failure::Timeout),
    }
}

async fn status(probed: &Probed, response: Response<Incoming>) -> Result<u16, NoAnswer> {
    match probed.version.as_str() {
        "GRPC" => grpc_status(response).await.ok_or(NoAnswer::Broken),
        _ => Ok(response.status().as_u16()),
    }
}

fn request(probed: &Probed, port: u16) -> Option<Request<answer::Body>> {
    let grpc = probed.version == "GRPC";
    let path = probed.check.path.as_deref();
    let path = path.unwrap_or(if grpc { "/AWS.ALB/healthcheck" } else { "/" });
    let authority = format!("{}:{port}", probed.id);
    let http2 = probed.version != "HTTP1";
    let mut request = Request::new(answer::body(""));
    *request.method_mut() = if grpc { Method::POST } else { Method::GET };
    *request.uri_mut() = match http2 {
        true => Uri::builder()
            .scheme("http")
            .authority(authority.clone())
            .path_and_query(path)
            .build()
            .ok()?,
        false => path.parse().ok()?,
    };
    *request.version_mut() = if http2 { Version::HTTP_2 } else { Version::HTTP_11 };
    let headers = request.headers_mut();
    headers.insert(header::USER_AGENT, HeaderValue::from_static("ELB-HealthChecker/2.0"));
    if !http2 {
        headers.insert(header::HOST, HeaderValue::try_from(authority).ok()?);
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if grpc {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
    Some(request)
}

/// `grpc-status`: in the headers of an answer without a body, else in the trailers.
async fn grpc_status(response: Response<Incoming>) -> Option<u16> {
    let code = |headers: &HeaderMap| headers.get("grpc-status")?.to_str().ok()?.parse().ok();
    if let Some(code) = code(response.headers()) {
        return Some(code);
    }
    let body = response.into_body().collect().await.ok()?;
    body.trailers().and_then(code)
}

/// Whether the status is one that the matcher names; 12, a gRPC server's word for a method that it does
/// not have, and 200 are the API's defaults.
fn judge(probed: &Probed, status: u16) -> Probe {
    let matcher = probed.check.matcher.as_ref();
    let wanted = match probed.version.as_str() {
        "GRPC" => matcher.and_then(|codes| codes.grpc_code.as_deref()).unwrap_or("12"),
        _ => matcher.and_then(|codes| codes.http_code.as_deref()).unwrap_or("200"),
    };
    match named(wanted, status) {
        true => Probe::Passed,
        false => Probe::Failed(Failure::Code(status)),
    }
}

/// `200`, `200,202`, `200-299`.
fn named(codes: &str, status: u16) -> bool {
    codes.split(',').any(|part| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        match (from.trim().parse::<u16>(), to.trim().parse::<u16>()) {
            (Ok(from), Ok(to)) => (from..=to).contains(&status),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matchers_name_codes_lists_and_ranges() {
        let table = [
            ("200", 200, true),
            ("200", 201, false),
            ("200,302", 302, true),
            ("200-299, 401", 299, true),
            ("200-299, 401", 401, true),
            ("200-299", 300, false),
            ("", 200, false),
            ("ok", 200, false),
        ];
        for (codes, status, expected) in table {
            assert_eq!(named(codes, status), expected, "{codes} {status}");
        }
    }
}
