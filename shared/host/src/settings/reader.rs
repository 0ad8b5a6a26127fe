//! Reading single settings.

use std::num::NonZeroU32;
use std::str::FromStr;

use secrecy::SecretString;
use url::Url;

use super::{Settings, SettingsError};

/// A hundred percent.
const ALL: NonZeroU32 = NonZeroU32::new(100).unwrap();

/// Reads settings and collects what is wrong with them, so that one start tells everything.
pub(super) struct Reader<'a> {
    settings: &'a Settings,
    problems: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(settings: &'a Settings) -> Self {
        Self { settings, problems: Vec::new() }
    }

    pub(super) fn problem(&mut self, name: &str, what: &str) {
        self.problems.push(format!("{name} {what}"));
    }

    pub(super) fn done<T>(self, value: T) -> Result<T, SettingsError> {
        if self.problems.is_empty() { Ok(value) } else { Err(SettingsError { problems: self.problems }) }
    }

    pub(super) fn or(&self, name: &str, default: &str) -> String {
        self.settings.get(name).unwrap_or(default).to_owned()
    }

    pub(super) fn text(&mut self, name: &str, expects: &str) -> String {
        let value = self.settings.get(name);
        if value.is_none() {
            self.problem(name, &format!("is not set: it expects {expects}"));
        }
        value.unwrap_or_default().to_owned()
    }

    pub(super) fn secret(&mut self, name: &str, expects: &str) -> SecretString {
        SecretString::from(self.text(name, expects))
    }

    pub(super) fn url(&mut self, name: &str, default: &str) -> Url {
        let usable = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
        #[expect(clippy::expect_used, reason = "the defaults are constants of this file")]
        let default = Url::parse(default).expect("a default address is an address");
        match self.settings.get(name).map(|text| Url::parse(text).ok().filter(usable)) {
            Some(Some(url)) => url,
            Some(None) => {
                self.problem(name, &format!("expects an address such as {default}"));
                default
            }
            None => default,
        }
    }

    pub(super) fn parsed<T: FromStr>(&mut self, name: &str, default: T, expects: &str) -> T {
        match self.settings.get(name).map(str::parse) {
            Some(Ok(value)) => value,
            Some(Err(_)) => {
                self.problem(name, &format!("expects {expects}"));
                default
            }
            None => default,
        }
    }

    /// The calls per minute that this process may make.
    pub(super) fn calls(&mut self, name: &str, default: NonZeroU32, share: &str) -> NonZeroU32 {
        let calls = self.parsed(name, default, "a number of calls above 0");
        self.share(calls, share)
    }

    /// The part of a quota that this process takes, in percent: on AWS the functions run side by side, and none knows
    /// what the others call.
    pub(super) fn share(&mut self, calls: NonZeroU32, name: &str) -> NonZeroU32 {
        let expects = "a whole number of percent, 1 to 100";
        let percent = self.parsed(name, ALL, expects);
        if percent > ALL {
            self.problem(name, &format!("expects {expects}"));
        }
        let share = u64::from(calls.get()) * u64::from(percent.get()) / 100;
        u32::try_from(share).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN)
    }

    pub(super) fn headers(&mut self, name: &str) -> Vec<(String, String)> {
        let text = self.or(name, "");
        let mut headers = Vec::new();
        for pair in list(&text) {
            match pair.split_once(':') {
                Some((header, value)) => headers.push((header.trim().to_owned(), value.trim().to_owned())),
                None => self.problem(name, "expects `name: value` pairs, comma-separated"),
            }
        }
        headers
    }
}

/// The parts of a comma-separated list.
pub(super) fn list(text: &str) -> impl Iterator<Item = String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned)
}
