//! Who may ask. By itself the console answers browsers on its own machine alone, by the name under which they have reached it (a
//! stranger's name that leads to this machine is refused), and does what its own forms ask for. Where users log in, it may be
//! reached from elsewhere too.

use subtle::ConstantTimeEq as _;

use crate::Request;
use crate::users::Users;

/// Names of this machine that cannot be a stranger's.
const OWN: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// Who may use the console, and where browsers reach it.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Those who log in; `None`: whoever is on this machine.
    pub users: Option<Users>,
    /// The address under which browsers reach it, beside this machine's own names: `https://relay.example.com`.
    pub url: Option<String>,
}

impl Access {
    /// Whether browsers reach it through TLS.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }

    /// Whether a request is answered, or why not.
    pub(crate) fn check(&self, request: &Request) -> Result<(), &'static str> {
        let host = request.host.as_deref().unwrap_or_default();
        match (&self.url, &self.users) {
            _ if is_own(host) => Ok(()),
            (Some(url), _) if without_scheme(url).is_some_and(|own| own.trim_end_matches('/') == host) => {
                Ok(())
            }
            (Some(_), _) => Err("the console is reached at the address of RELAY_CONSOLE_URL alone"),
            // The cookie of a session is sent to no other name than the one under which its user has logged in.
            (None, Some(_)) => Ok(()),
            (None, None) => {
                Err("the console is reached as http://127.0.0.1:PORT or http://localhost:PORT alone")
            }
        }
    }
}

/// Whether a form is one of ours, or why it is not done.
pub(crate) fn check_form(request: &Request, token: &str) -> Result<(), &'static str> {
    let host = request.host.as_deref().unwrap_or_default();
    let is_of_another = request.origin.as_deref().is_some_and(|origin| without_scheme(origin) != Some(host));
    let given = request.field("token").unwrap_or_default();
    if is_of_another || !bool::from(given.as_bytes().ct_eq(token.as_bytes())) {
        return Err(
            "the form is not one of this console, or the console was begun anew: load the page again",
        );
    }
    Ok(())
}

fn without_scheme(url: &str) -> Option<&str> {
    url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"))
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
    use crate::users::{Role, entry};

    fn asking(host: &str) -> Request {
        Request { host: Some(host.to_owned()), ..Request::default() }
    }

    fn post(host: &str, origin: Option<&str>, token: &str) -> Request {
        let fields = vec![("token".to_owned(), token.to_owned())];
        Request { is_post: true, fields, origin: origin.map(str::to_owned), ..asking(host) }
    }

    #[test]
    fn a_name_that_a_stranger_has_pointed_at_this_machine_is_refused() {
        let access = Access::default();
        for host in ["evil.example:8081", "127.0.0.1.evil.example", "localhost.evil.example:8081", ""] {
            assert!(access.check(&asking(host)).is_err(), "{host}");
        }
        for host in ["127.0.0.1:8081", "localhost", "[::1]:8081"] {
            assert!(access.check(&asking(host)).is_ok(), "{host}");
        }
    }

    #[test]
    fn where_users_log_in_it_is_reached_by_its_address_or_by_any_where_none_is_set() {
        let li = entry("li", Role::Read, "a long password", [1; 16]).unwrap();
        let users = Users::parse(&li).ok();
        let url = Some("https://relay.example.com".to_owned());
        let behind = Access { users: users.clone(), url };
        assert!(behind.is_encrypted());
        assert!(behind.check(&asking("relay.example.com")).is_ok());
        assert!(behind.check(&asking("relay.example.com.evil.example")).is_err());
        let open = Access { users, url: None };
        assert!(open.check(&asking("192.168.1.7:8081")).is_ok());
        assert!(!open.is_encrypted());
    }

    #[test]
    fn an_action_needs_the_token_and_comes_from_our_own_pages() {
        let own = "127.0.0.1:8081";
        assert!(check_form(&post(own, Some("http://127.0.0.1:8081"), "t"), "t").is_ok());
        assert!(check_form(&post(own, None, "t"), "t").is_ok());
        assert!(check_form(&post(own, Some("http://evil.example"), "t"), "t").is_err());
        assert!(check_form(&post(own, Some("null"), "t"), "t").is_err());
        assert!(check_form(&post(own, None, ""), "t").is_err());
        assert!(check_form(&post(own, None, "u"), "t").is_err());
    }
}
