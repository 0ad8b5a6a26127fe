//! Settings: declared as data, read with every problem told at once, never shown.
//!
//! A connector declares what it reads as [`Setting`]s. The start-up check, the table of the README and the check of the
//! template all come from that declaration, so that none of them can forget one.

mod reader;

use std::collections::BTreeMap;
use std::fmt;

use relay_core::ordered;

pub use reader::{Reader, keys, list};

/// A setting, as it is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Its name in the environment.
    pub name: &'static str,
    /// Whether its value must never be shown, nor be sent by a flow.
    pub is_secret: bool,
    /// What holds where it is not set.
    pub default: Default,
    /// What it expects.
    pub expects: &'static str,
    /// Where a person finds the value: the place in the vendor's console, or who decides it. Empty where a default says
    /// it all.
    pub found: &'static str,
}

/// What holds where a setting is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Default {
    /// Nothing: who needs it cannot start.
    Needed,
    /// Nothing, and nothing is missing.
    Absent,
    /// This value.
    Value(&'static str),
    /// The value of another setting.
    SameAs(&'static str),
    /// What is told in words, such as "one day back".
    Told(&'static str),
}

impl Setting {
    /// A setting that must be set where it is used.
    #[must_use]
    pub const fn needed(name: &'static str, expects: &'static str, found: &'static str) -> Self {
        Self { name, is_secret: false, default: Default::Needed, expects, found }
    }

    /// A secret that must be set where it is used.
    #[must_use]
    pub const fn secret(name: &'static str, expects: &'static str, found: &'static str) -> Self {
        Self { name, is_secret: true, default: Default::Needed, expects, found }
    }

    /// A setting that may be left out.
    #[must_use]
    pub const fn optional(name: &'static str, default: Default, expects: &'static str) -> Self {
        Self { name, is_secret: false, default, expects, found: "" }
    }

    /// The same, with where a person finds the value.
    #[must_use]
    pub const fn found(self, found: &'static str) -> Self {
        Self { found, ..self }
    }

    /// Whether something holds where it is not set.
    #[must_use]
    pub const fn has_default(&self) -> bool {
        !matches!(self.default, Default::Needed | Default::Absent)
    }
}

/// All settings, as text by name.
#[derive(Clone, std::default::Default, PartialEq, Eq)]
pub struct Settings {
    values: BTreeMap<String, String>,
}

/// Names only: the values hold secrets.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

impl FromIterator<(String, String)> for Settings {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(values: I) -> Self {
        // An empty variable is an unset one: templates set parameters that were left out to nothing.
        let given = values.into_iter().filter(|(_, value)| !value.trim().is_empty());
        Self { values: ordered::map(given.map(|(name, value)| (name, value.trim().to_owned()))) }
    }
}

impl Settings {
    /// The environment's.
    #[must_use]
    pub fn from_environment() -> Self {
        // Variables that are no text are none of ours.
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// The value of a setting, if it is set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The names of all that is set.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// These settings, and those of `others` that are not set here.
    #[must_use]
    pub fn or(&self, others: Self) -> Self {
        let mut merged = self.clone();
        for (name, value) in others.values {
            merged.values.entry(name).or_insert(value);
        }
        merged
    }
}

/// Settings that are missing or malformed, each with what it expects.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SettingsError {
    /// One line per setting.
    pub problems: Vec<String>,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("settings: ")?;
        f.write_str(&self.problems.join("; "))
    }
}

impl SettingsError {
    /// Both, or what is wrong with either: one start tells everything.
    ///
    /// # Errors
    /// The problems of both as one error.
    pub fn both<A, B>(one: Result<A, Self>, other: Result<B, Self>) -> Result<(A, B), Self> {
        match (one, other) {
            (Ok(one), Ok(other)) => Ok((one, other)),
            (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
            (Err(one), Err(other)) => Err(one.and(other)),
        }
    }

    /// The problems of both, each once: two functions of one vendor miss the same settings.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let mut problems = self.problems;
        for problem in other.problems {
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
        Self { problems }
    }
}
