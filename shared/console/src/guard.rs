//! Who may ask. The console has no log-in, so it answers browsers on its own machine alone, by the name under which they have
//! reached it (a stranger's name that leads to this machine is refused), and does what our own forms ask for.

use subtle::ConstantTimeEq as _;

use crate::Request;

/// Names of this machine that cannot be a stranger's.
const OWN: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// Whether a request is answered, or why not.
pub(crate) fn check(request: &Request, token: &str) -> Result<(), &'static str> {
    let host = request.host.as_deref().unwrap_or_default();
    if !is_own(host) {
        return Err("the console is reached as http://127.0.0.1:PORT or http://localhost:PORT alone");
    }
    if !request.is_post {
        return Ok(());
    }
    let is_of_another = request.origin.as_deref().is_some_and(|origin| {
        origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) != Some(host)
    });
    let given = request.field("token").unwrap_or_default();
    if is_of_another || !bool::from(given.as_bytes().ct_eq(token.as_bytes())) {
        return Err(
            "the form is not one of this console, or the console was begun anew: load the page again",
        );
    }
    Ok(())
}

fn is_own(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    OWN.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(host: &str, origin: Option<&str>, token: &str) -> Request {
        let fields = vec![("token".to_owned(), token.to_owned())];
        let (host, origin) = (Some(host.to_owned()), origin.map(str::to_owned));
        Request { is_post: true, fields, host, origin, ..Request::default() }
    }

    #[test]
    fn a_name_that_a_stranger_has_pointed_at_this_machine_is_refused() {
        for host in ["evil.example:8081", "127.0.0.1.evil.example", "localhost.evil.example:8081", ""] {
            let request = Request { host: Some(host.to_owned()), ..Request::default() };
            assert!(check(&request, "t").is_err(), "{host}");
        }
        for host in ["127.0.0.1:8081", "localhost", "[::1]:8081"] {
            let request = Request { host: Some(host.to_owned()), ..Request::default() };
            assert!(check(&request, "t").is_ok(), "{host}");
        }
    }

    #[test]
    fn an_action_needs_the_token_and_comes_from_our_own_pages() {
        let own = "127.0.0.1:8081";
        assert!(check(&post(own, Some("http://127.0.0.1:8081"), "t"), "t").is_ok());
        assert!(check(&post(own, None, "t"), "t").is_ok());
        assert!(check(&post(own, Some("http://evil.example"), "t"), "t").is_err());
        assert!(check(&post(own, Some("null"), "t"), "t").is_err());
        assert!(check(&post(own, None, ""), "t").is_err());
        assert!(check(&post(own, None, "u"), "t").is_err());
    }
}
