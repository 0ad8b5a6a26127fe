//! What a browser asks, and what it is answered.

use std::net::IpAddr;

use form_urlencoded::parse;

/// Nothing but our own styles and forms: no script runs, no other page frames ours, and nothing is told to other addresses.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What a browser asks.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Whether something is to be done.
    pub is_post: bool,
    /// The path, such as `/issues`.
    pub path: String,
    /// The fields of the query, and of the form.
    pub fields: Vec<(String, String)>,
    /// The header `host`.
    pub host: Option<String>,
    /// The header `origin`.
    pub origin: Option<String>,
    /// The header `cookie`.
    pub cookie: Option<String>,
    /// The header `accept-language`.
    pub accept_language: Option<String>,
    /// Where it comes from.
    pub address_of_client: Option<IpAddr>,
}

impl Request {
    /// The fields of a query or of a form.
    #[must_use]
    pub fn parsed(text: &[u8]) -> Vec<(String, String)> {
        parse(text).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
    }

    /// A field that says something.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let first = self.fields.iter().find(|(own, _)| own == name);
        first.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// Every field of that name that says something.
    pub(crate) fn all<'r>(&'r self, name: &'r str) -> impl Iterator<Item = &'r str> {
        let named = self.fields.iter().filter(move |(own, _)| own == name);
        named.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// A field as it was typed, with the spaces around it.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// A cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let cookies = self.cookie.as_deref()?.split(';');
        cookies
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find(|(own, _)| *own == name)
            .map(|(_, value)| value)
    }

    /// The address that was asked for, without the language.
    pub(crate) fn address(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        self.fields
            .iter()
            .filter(|(name, _)| name != "lang" && name != "token" && name != "password")
            .for_each(|(name, value)| {
                query.append_pair(name, value);
            });
        let query = query.finish();
        if query.is_empty() { self.path.clone() } else { format!("{}?{query}", self.path) }
    }
}

/// What a browser is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

impl Response {
    fn new(status: u16, kind: &str, body: String) -> Self {
        let headers = [
            ("content-type", kind),
            ("content-security-policy", POLICY),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cache-control", "no-store"),
        ];
        Self { status, headers: headers.map(|(name, value)| (name, value.to_owned())).into(), body }
    }

    pub(crate) fn page(status: u16, html: String) -> Self {
        Self::new(status, "text/html; charset=utf-8", html)
    }

    pub(crate) fn styles(text: &str) -> Self {
        Self::new(200, "text/css; charset=utf-8", text.to_owned())
    }

    pub(crate) fn icon(text: &str) -> Self {
        Self::new(200, "image/svg+xml", text.to_owned())
    }

    /// A table that the browser saves.
    pub(crate) fn file(name: &str, csv: String) -> Self {
        let mut response = Self::new(200, "text/csv; charset=utf-8", csv);
        response.headers.push(("content-disposition", format!("attachment; filename=\"{name}\"")));
        response
    }

    pub(crate) fn refused(reason: &str) -> Self {
        Self::new(403, "text/plain; charset=utf-8", format!("{reason}\n"))
    }

    /// The next page after an action, so that to load it anew does nothing again.
    pub(crate) fn elsewhere(address: &str) -> Self {
        let mut response = Self::new(303, "text/plain; charset=utf-8", String::new());
        response.headers.push(("location", address.to_owned()));
        response
    }

    /// The same page in another language, which is remembered.
    pub(crate) fn in_language(language: crate::language::Language, request: &Request) -> Self {
        let mut response = Self::elsewhere(&request.address());
        let cookie = format!(
            "lang={}; Path=/; SameSite=Strict; HttpOnly; Max-Age=31536000",
            crate::language::name(language)
        );
        response.headers.push(("set-cookie", cookie));
        response
    }

    /// Sets a cookie that goes with the browser's window, and that no other site's page sends along.
    pub(crate) fn sets_cookie(&mut self, name: &str, value: &str, is_encrypted: bool) {
        let ends = if value.is_empty() { "; Max-Age=0" } else { "" };
        let secure = if is_encrypted { "; Secure" } else { "" };
        let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{ends}");
        self.headers.push(("set-cookie", cookie));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_its_fields_and_loses_language_and_token() {
        let fields = Request::parsed("q=JY 1&lang=en&token=x&flow=订单".as_bytes());
        let request = Request { path: "/search".to_owned(), fields, ..Request::default() };
        assert_eq!(request.address(), "/search?q=JY+1&flow=%E8%AE%A2%E5%8D%95");
    }

    #[test]
    fn a_field_that_is_empty_says_nothing() {
        let fields = Request::parsed(b"q=+&flow=a");
        let request = Request { fields, ..Request::default() };
        assert_eq!((request.field("q"), request.field("flow"), request.field("x")), (None, Some("a"), None));
    }
}
