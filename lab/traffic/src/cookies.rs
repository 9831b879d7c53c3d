//! The stickiness cookies of an ALB. AWS encrypts their content; ours is opaque too, so that nobody comes
//! to depend on it: the moment from which it is stale, and to whom it sticks.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;

/// The cookie that sticks a client to a target group of a weighted forward action.
pub(crate) const GROUP: &str = "AWSALBTG";
/// The cookie that sticks a client to a target for a duration.
pub(crate) const TARGET: &str = "AWSALB";
/// The cookie that sticks a client to a target along with the application's own cookie.
pub(crate) const APPLICATION: &str = "AWSALBAPP-0";

/// The value of the request's cookie `name`.
pub(crate) fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// To whom the request's cookie `name` sticks; `None` also when it is stale or not ours.
pub(crate) fn sticks_to(headers: &HeaderMap, name: &str, now: Timestamp) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(read(headers, name)?).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (stale, whom) = text.split_once('|')?;
    (now.as_second() < stale.parse::<i64>().ok()?).then(|| whom.to_owned())
}

/// Sets cookie `name` for `seconds` from now, and its twin for cross-origin requests where AWS has one.
pub(crate) fn stick(
    headers: &mut HeaderMap,
    name: &str,
    whom: &str,
    (now, seconds): (Timestamp, i64),
) {
    let stale = now.as_second().saturating_add(seconds);
    let value = URL_SAFE_NO_PAD.encode(format!("{stale}|{whom}"));
    let expires = Timestamp::from_second(stale)
        .unwrap_or(Timestamp::MAX)
        .strftime("%a, %d %b %Y %H:%M:%S GMT");
    let mut set = |cookie: String| {
        if let Ok(cookie) = HeaderValue::try_from(cookie) {
            headers.append(header::SET_COOKIE, cookie);
        }
    };
    set(format!("{name}={value}; Expires={expires}; Path=/"));
    if name != APPLICATION {
        set(format!("{name}CORS={value}; Expires={expires}; Path=/; SameSite=None; Secure"));
    }
}

/// Whether the answer sets cookie `name`.
pub(crate) fn sets(headers: &HeaderMap, name: &str) -> bool {
    headers
        .get_all(header::SET_COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.split('=').next().is_some_and(|key| key.trim() == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_sticks_until_it_is_stale() {
        let now = Timestamp::from_second(1_000_000).expect("in range");
        let mut answer = HeaderMap::new();
        stick(&mut answer, GROUP, "arn:tg/a|b", (now, 60));
        let cookies: Vec<_> =
            answer.get_all(header::SET_COOKIE).iter().map(|v| v.to_str().expect("text")).collect();
        assert_eq!(cookies.len(), 2, "one for cross-origin requests");
        assert!(cookies[0].ends_with("; Expires=Mon, 12 Jan 1970 13:47:40 GMT; Path=/"));
        let pair = cookies[0].split(';').next().expect("the pair comes first");
        let mut request = HeaderMap::new();
        request.insert(header::COOKIE, format!("a=b; {pair}; c=d").parse().expect("a cookie"));
        for (later, whom) in [(0, Some("arn:tg/a|b")), (59, Some("arn:tg/a|b")), (60, None)] {
            let then = Timestamp::from_second(1_000_000 + later).expect("in range");
            assert_eq!(sticks_to(&request, GROUP, then).as_deref(), whom, "{later} s later");
        }
        assert_eq!(sticks_to(&request, TARGET, now), None);
        assert!(sets(&answer, "AWSALBTGCORS") && !sets(&answer, "AWSALBTGCOR"));
    }
}
