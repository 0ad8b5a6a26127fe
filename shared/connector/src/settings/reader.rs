use std::num::NonZeroU32;
use std::str::FromStr;

use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

use super::{Default, Setting, Settings, SettingsError};

/// Reads settings and collects what is wrong with them, so that one start tells everything.
pub struct Reader<'a> {
    settings: &'a Settings,
    problems: Vec<String>,
}

impl<'a> Reader<'a> {
    /// Reads these settings.
    #[must_use]
    pub fn new(settings: &'a Settings) -> Self {
        Self { settings, problems: Vec::new() }
    }

    /// Notes what is wrong with a setting.
    pub fn problem(&mut self, name: &str, what: &str) {
        self.problems.push(format!("{name} {what}"));
    }

    /// What was read, unless something was wrong.
    ///
    /// # Errors
    /// Everything that was wrong.
    pub fn done<T>(self, value: T) -> Result<T, SettingsError> {
        if self.problems.is_empty() { Ok(value) } else { Err(SettingsError { problems: self.problems }) }
    }

    /// The value that is set or holds by default, if any.
    #[must_use]
    pub fn optional(&self, setting: &Setting) -> Option<&'a str> {
        self.settings.get(setting.name).or(match setting.default {
            Default::Value(value) => Some(value),
            Default::SameAs(other) => self.settings.get(other),
            Default::Needed | Default::Absent | Default::Told(_) => None,
        })
    }

    /// A text; where it is neither set nor has a default that is a problem.
    pub fn text(&mut self, setting: &Setting) -> String {
        let value = self.optional(setting);
        if value.is_none() {
            self.missing(setting.name, setting.expects);
        }
        value.unwrap_or_default().to_owned()
    }

    /// Notes that a setting is not set.
    pub fn missing(&mut self, name: &str, expects: &str) {
        self.problem(name, &format!("is not set: it expects {expects}"));
    }

    /// A secret.
    pub fn secret(&mut self, setting: &Setting) -> SecretString {
        SecretString::from(self.text(setting))
    }

    /// An address over HTTPS: credentials and customers' data go to it. Only on the machine itself, where nobody listens
    /// in, plain HTTP will do. Nothing where it is none, and the problem is noted.
    pub fn url(&mut self, setting: &Setting) -> Option<Url> {
        let usable = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
        let read = Url::parse(&self.text(setting)).ok().filter(usable);
        match &read {
            Some(url) if url.scheme() == "https" || is_of_this_machine(url) => read,
            Some(_) => {
                self.problem(setting.name, "expects an address over HTTPS, unless it is one of this machine");
                None
            }
            None => {
                if self.optional(setting).is_some() {
                    self.problem(setting.name, &format!("expects an address such as {}", example(setting)));
                }
                None
            }
        }
    }

    /// A value of another type, by its text.
    pub fn parsed<T: FromStr>(&mut self, setting: &Setting) -> Option<T> {
        let text = self.optional(setting)?;
        let read = text.parse().ok();
        if read.is_none() {
            self.problem(setting.name, &format!("expects {}", setting.expects));
        }
        read
    }

    /// A number of calls.
    pub fn calls(&mut self, setting: &Setting) -> NonZeroU32 {
        self.parsed(setting).unwrap_or(NonZeroU32::MIN)
    }

    /// `name: value` pairs, comma-separated. The values count as secret: most are keys.
    pub fn headers(&mut self, setting: &Setting) -> Vec<(String, SecretString)> {
        let mut headers = Vec::new();
        for pair in list(self.optional(setting).unwrap_or_default()) {
            match pair.split_once(':') {
                Some((header, value)) => headers.push((header.trim().to_owned(), value.trim().into())),
                None => self.problem(setting.name, "expects `name: value` pairs, comma-separated"),
            }
        }
        headers
    }
}

fn example(setting: &Setting) -> &'static str {
    match setting.default {
        Default::Value(default) => default,
        _ => "https://example.com/path",
    }
}

fn is_of_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Bytes.
const SHORTEST_KEY: usize = 8;

/// The values of headers that may be keys, to be taken out of what is told. A shorter one is a version or a flag, which
/// stands everywhere.
pub fn keys(headers: &[(String, SecretString)]) -> impl Iterator<Item = &SecretString> {
    headers.iter().map(|(_, value)| value).filter(|value| value.expose_secret().len() >= SHORTEST_KEY)
}

/// The parts of a comma-separated list.
pub fn list(text: &str) -> impl Iterator<Item = String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned)
}
