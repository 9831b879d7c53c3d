//! What an ALB answers by itself: error pages, fixed responses and redirects, with the bodies and headers
//! that its users know (`Server: awselb/2.0`).

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION, SERVER};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use inroad_emulator::elbv2;

/// Whatever a body may fail with.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
/// The body of every answer and of every request on its way to a target.
pub(crate) type Body = BoxBody<Bytes, BoxError>;

/// A request cannot be used with the protocol version of its target group (HTTP 464).
pub(crate) const INCOMPATIBLE: u16 = 464;

/// A whole body in memory.
pub(crate) fn body(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).map_err(|never| match never {}).boxed()
}

/// A page of the load balancer's own, as for 502, 503 and 504.
pub(crate) fn page(status: u16) -> Response<Body> {
    let title = format!("{status} {}", reason(status));
    let html = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n\
         <center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    );
    text(status, "text/html", html)
}

/// An answer with a body of our own words.
pub(crate) fn text(status: u16, content_type: &str, content: String) -> Response<Body> {
    let mut response = Response::new(body(content));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(SERVER, HeaderValue::from_static("awselb/2.0"));
    if let Ok(kind) = HeaderValue::from_str(content_type) {
        headers.insert(CONTENT_TYPE, kind);
    }
    response
}

/// The reason phrases are nginx's, which differ from RFC 9110 in 302, 503 and 504.
fn reason(status: u16) -> &'static str {
    match status {
        302 => "Found",
        405 => "Not Allowed",
        503 => "Service Temporarily Unavailable",
        504 => "Gateway Time-out",
        INCOMPATIBLE => "",
        other => StatusCode::from_u16(other)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or_default(),
    }
}

/// A `FixedResponseActionConfig`.
#[derive(Debug, Clone)]
pub(crate) struct Fixed {
    status: u16,
    content_type: String,
    message: String,
}

impl Fixed {
    pub(crate) fn compile(config: &elbv2::FixedResponse) -> Self {
        let content_type = config.content_type.as_deref().unwrap_or("text/plain");
        Self {
            status: config.status_code.parse().unwrap_or(500),
            content_type: format!("{content_type}; charset=utf-8"),
            message: config.message_body.clone().unwrap_or_default(),
        }
    }

    pub(crate) fn answer(&self) -> Response<Body> {
        text(self.status, &self.content_type, self.message.clone())
    }
}

/// The parts of the URL that was asked for, from which a redirect takes what it does not change.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// `http` or `https`.
    pub(crate) protocol: &'a str,
    pub(crate) host: &'a str,
    /// The port of the listener.
    pub(crate) port: u16,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
}

/// A `RedirectActionConfig`.
#[derive(Debug, Clone)]
pub(crate) struct Redirect(pub(crate) elbv2::Redirect);

impl Redirect {
    /// The address to go to. The port is always written, also where it is the protocol's own, as
    /// an ALB does.
    pub(crate) fn location(&self, asked: &Asked<'_>) -> String {
        let fill = |template: &str| {
            template
                .replace("#{protocol}", asked.protocol)
                .replace("#{host}", asked.host)
                .replace("#{port}", &asked.port.to_string())
                .replace("#{path}", asked.path.trim_start_matches('/'))
                .replace("#{query}", asked.query)
        };
        let to = &self.0;
        let protocol = fill(&to.protocol).to_ascii_lowercase();
        let query = fill(&to.query);
        let mark = if query.is_empty() { "" } else { "?" };
        let (host, port, path) = (fill(&to.host), fill(&to.port), fill(&to.path));
        format!("{protocol}://{host}:{port}{path}{mark}{query}")
    }

    pub(crate) fn answer(&self, asked: &Asked<'_>) -> Response<Body> {
        let Ok(location) = HeaderValue::try_from(self.location(asked)) else { return page(500) };
        let mut response = page(if self.0.status_code == "HTTP_302" { 302 } else { 301 });
        response.headers_mut().insert(LOCATION, location);
        response
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use serde_json::json;

    use super::*;

    #[test]
    fn redirects_keep_what_they_do_not_change() {
        let asked =
            Asked { protocol: "http", host: "a.example.com", port: 80, path: "/x/y", query: "q=1" };
        let bare = Asked { query: "", path: "/", ..asked };
        let table = [
            (
                json!({"Protocol": "HTTPS", "Port": "443"}),
                asked,
                "https://a.example.com:443/x/y?q=1",
            ),
            (json!({"Protocol": "HTTPS", "Port": "443"}), bare, "https://a.example.com:443/"),
            (json!({"Host": "www.#{host}"}), asked, "http://www.a.example.com:80/x/y?q=1"),
            (
                json!({"Path": "/old/#{path}/#{port}", "Query": ""}),
                asked,
                "http://a.example.com:80/old/x/y/80",
            ),
            (
                json!({"Query": "from=#{host}&#{query}"}),
                asked,
                "http://a.example.com:80/x/y?from=a.example.com&q=1",
            ),
        ];
        for (mut config, asked, location) in table {
            config["StatusCode"] = "HTTP_301".into();
            let redirect = Redirect(serde_json::from_value(config.clone()).expect("a redirect"));
            assert_eq!(redirect.location(&asked), location, "{config}");
        }
    }

    /// 134 and 110 bytes are what an ALB's 301 and 302 are known by in every log.
    #[tokio::test]
    async fn pages_have_the_size_of_an_albs() {
        for (status, size) in [(301, 134), (302, 110), (502, 122), (503, 162), (504, 132)] {
            let page = page(status);
            assert_eq!(page.headers()[SERVER], "awselb/2.0");
            let body = page.into_body().collect().await.expect("a body in memory").to_bytes();
            assert_eq!(body.len(), size, "{status}");
        }
    }
}
