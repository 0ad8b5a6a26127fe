use std::num::NonZeroU32;
use std::str::FromStr;

use secrecy::SecretString;
use url::Url;

use super::{Default, Setting, Settings, SettingsError};

/// A hundred percent.
const ALL: NonZeroU32 = NonZeroU32::new(100).unwrap();

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

    /// An address, over HTTP or HTTPS. A declared default must be one; it stands in where what is set is none, and the
    /// problem is noted.
    pub fn url(&mut self, setting: &Setting) -> Option<Url> {
        let usable = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
        let read = Url::parse(&self.text(setting)).ok().filter(usable);
        if read.is_none() && self.optional(setting).is_some() {
            let example = match setting.default {
                Default::Value(default) => default,
                _ => "https://example.com/path",
            };
            self.problem(setting.name, &format!("expects an address such as {example}"));
        }
        read
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

    /// A number of calls, of which this process takes the part that `share` says in percent: on AWS the functions run
    /// side by side, and none knows what the others call.
    pub fn calls(&mut self, setting: &Setting, share: &Setting) -> NonZeroU32 {
        let calls = self.parsed(setting).unwrap_or(NonZeroU32::MIN);
        self.share(calls, share)
    }

    /// That part of a number of calls.
    pub fn share(&mut self, calls: NonZeroU32, share: &Setting) -> NonZeroU32 {
        let percent = self.parsed(share).unwrap_or(ALL);
        if percent > ALL {
            self.problem(share.name, &format!("expects {}", share.expects));
        }
        let share = u64::from(calls.get()) * u64::from(percent.get()) / 100;
        u32::try_from(share).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN)
    }

    /// `name: value` pairs, comma-separated.
    pub fn headers(&mut self, setting: &Setting) -> Vec<(String, String)> {
        let mut headers = Vec::new();
        for pair in list(self.optional(setting).unwrap_or_default()) {
            match pair.split_once(':') {
                Some((header, value)) => headers.push((header.trim().to_owned(), value.trim().to_owned())),
                None => self.problem(setting.name, "expects `name: value` pairs, comma-separated"),
            }
        }
        headers
    }
}

/// The parts of a comma-separated list.
pub fn list(text: &str) -> impl Iterator<Item = String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned)
}
