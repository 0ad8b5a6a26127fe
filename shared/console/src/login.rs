//! Logging in and out.

use std::time::Duration;

use maud::html;
use relay_core::clock::Rng;
use relay_operations::log::Did;

use crate::guard::{Access, check_form};
use crate::language;
use crate::page::{Page, framed_alone};
use crate::sessions::{Session, Sessions};
use crate::throttle::Throttle;
use crate::users::{User, Users};
use crate::{Desk, Request, Response};

/// What the form of the log-in carries beside it, so that no stranger's page logs anybody in.
const ENTRANCE: &str = "relay_entrance";

/// Who is logged in, and who tries to.
#[derive(Debug, Default)]
pub(crate) struct Doors {
    sessions: Sessions,
    throttle: Throttle,
}

/// A user, with what the forms of the session carry.
pub(crate) struct Inside {
    pub(crate) user: User,
    pub(crate) token: String,
}

impl Doors {
    /// The user whose session a request belongs to: still one of those who may log in.
    pub(crate) fn inside(
        &self,
        users: &Users,
        access: &Access,
        request: &Request,
        now: Duration,
    ) -> Option<Inside> {
        let Session { user, token, .. } = self.sessions.of(request.cookie(cookie(access))?, now)?;
        Some(Inside { user: users.named(&user)?.clone(), token })
    }

    /// What is answered to whoever is not logged in.
    pub(crate) async fn outside(
        &self,
        desk: &Desk<'_>,
        users: &Users,
        access: &Access,
        request: &Request,
    ) -> Response {
        let rng = desk.operations.rng.as_ref();
        match (request.path.as_str(), request.is_post) {
            ("/login", true) => self.enter(desk, users, access, request).await,
            ("/login", false) => asks(200, access, request, rng, None),
            _ => {
                let next = if request.is_post { "/".to_owned() } else { request.address() };
                let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
                Response::elsewhere(&format!("/login?next={next}"))
            }
        }
    }

    async fn enter(&self, desk: &Desk<'_>, users: &Users, access: &Access, request: &Request) -> Response {
        let (operations, language) = (&desk.operations, language::of(request));
        let (now, rng) = (operations.clock.monotonic(), operations.rng.as_ref());
        let entrance = request.cookie(ENTRANCE).filter(|entrance| !entrance.is_empty());
        if let Err(reason) = entrance
            .map_or(Err("no cookie came with the form: allow them, and load the page again"), |own| {
                check_form(request, own)
            })
        {
            return asks(403, access, request, rng, Some(reason));
        }
        let field = |name: &str| request.field(name).unwrap_or_default();
        let (name, address) = (field("name"), request.address_of_client);
        if let Some(wait) = self.throttle.wait(name, address, now) {
            let told = language.says("尝试太多,请稍后再试", "too many tries: wait, and try again");
            let mut response = asks(429, access, request, rng, Some(told));
            response.headers.push(("retry-after", wait.as_secs().max(1).to_string()));
            return response;
        }
        let Some(user) = users.with(name, request.raw("password").unwrap_or_default()) else {
            self.throttle.failed(name, address, now);
            // What is typed in the place of a name may be a password.
            let known = users.listed().map(|(known, _)| known).find(|known| *known == name);
            let from = address.map(|address| address.to_string()).unwrap_or_default();
            operations.note(Did { by: Some(known.unwrap_or("?")), ..Did::of("log in refused", from) }).await;
            let told = language.says("用户名或密码不对", "there is no such user with this password");
            return asks(401, access, request, rng, Some(told));
        };
        self.throttle.succeeded(name);
        let id = secret(rng);
        self.sessions.begin(id.clone(), &user.name, secret(rng), now);
        let from = address.map(|address| address.to_string()).unwrap_or_default();
        operations.note(Did { by: Some(&user.name), ..Did::of("log in", from) }).await;
        let mut response = Response::elsewhere(own_path(field("next")));
        response.sets_cookie(cookie(access), &id, access.is_encrypted());
        response
    }

    /// Logs a user out.
    pub(crate) async fn leave(&self, desk: &Desk<'_>, access: &Access, request: &Request) -> Response {
        if let Some(id) = request.cookie(cookie(access)) {
            self.sessions.end(id);
        }
        desk.operations.note(Did::of("log out", "")).await;
        let mut response = Response::elsewhere("/login");
        response.sets_cookie(cookie(access), "", access.is_encrypted());
        response
    }
}

/// The name of a session's cookie: behind TLS one that no other host and no page without TLS can set.
fn cookie(access: &Access) -> &'static str {
    if access.is_encrypted() { "__Host-relay_session" } else { "relay_session" }
}

/// What nobody can guess.
pub(crate) fn secret(rng: &dyn Rng) -> String {
    rng.bytes().iter().chain(&rng.bytes()).map(|byte| format!("{byte:02x}")).collect()
}

/// A path of this console, or its first page.
fn own_path(path: &str) -> &str {
    let is_own = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && !path.starts_with("/login");
    if is_own { path } else { "/" }
}

/// The page that asks who it is.
fn asks(status: u16, access: &Access, request: &Request, rng: &dyn Rng, told: Option<&str>) -> Response {
    let language = language::of(request);
    let entrance = secret(rng);
    let body = html! {
        @if let Some(told) = told { p.refused role="alert" { (told) } }
        form.asked method="post" action="/login" {
            input type="hidden" name="token" value=(entrance);
            input type="hidden" name="next" value=(own_path(request.field("next").unwrap_or_default()));
            p {
                label for="name" { (language.says("用户名", "Name")) }
                input id="name" name="name" required maxlength="100" autocomplete="username"
                    value=(request.field("name").unwrap_or_default());
            }
            p {
                label for="password" { (language.says("密码", "Password")) }
                input id="password" name="password" type="password" required maxlength="1000" autocomplete="current-password";
            }
            p { button { (language.says("登录", "Log in")) } }
        }
    };
    let page = Page::new(language.says("登录", "Log in"), body);
    let mut response = Response::page(status, framed_alone(&page, language, request));
    response.sets_cookie(ENTRANCE, &entrance, access.is_encrypted());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_the_log_in_one_goes_on_within_the_console_alone() {
        for (path, goes_on) in [
            ("/issues?cause=ab12", "/issues?cause=ab12"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/login?next=/login", "/"),
            ("", "/"),
        ] {
            assert_eq!(own_path(path), goes_on);
        }
    }
}
