//! The settings that are in force: each with its value and where that comes from. No secret is shown.

use serde::Serialize;

use crate::language::Said;

/// A setting as it is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InForce {
    /// Whose it is: a vendor's, the relay's own, or one that flow files name.
    pub of: String,
    /// Its name.
    pub name: String,
    /// Its value; `None` where it has none, and of a secret.
    pub value: Option<String>,
    /// Whether its value is never shown.
    pub is_secret: bool,
    /// Where its value comes from.
    pub from: Origin,
    /// What it expects.
    pub expects: Said,
}

/// Where the value of a setting comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A variable of the environment.
    Environment,
    /// The settings file.
    File,
    /// A secret of Secrets Manager.
    Secret,
    /// Nobody has set it, and this holds.
    Default,
    /// Nobody has set it, and nothing holds.
    Nowhere,
}

impl Origin {
    /// As people call it.
    #[must_use]
    pub fn said(self) -> Said {
        match self {
            Self::Environment => Said::new("环境变量", "the environment"),
            Self::File => Said::new("设置文件", "the settings file"),
            Self::Secret => Said::new("Secrets Manager", "Secrets Manager"),
            Self::Default => Said::new("默认", "default"),
            Self::Nowhere => Said::new("没有设置", "not set"),
        }
    }
}

impl InForce {
    /// Its value for people: of a secret whether it has one.
    #[must_use]
    pub fn shown(&self) -> Said {
        match (self.is_secret, self.from, &self.value) {
            (true, Origin::Nowhere | Origin::Default, _) => Said::same("–"),
            (true, ..) => Said::new("(已设置,不显示)", "(set, and not shown)"),
            (false, _, Some(value)) => Said::of(value),
            (false, _, None) => Said::same("–"),
        }
    }

    /// Whether a text stands in its name, its value, or whose it is.
    #[must_use]
    pub fn holds(&self, text: &str) -> bool {
        let value = self.value.as_deref().unwrap_or_default();
        [self.name.as_str(), value, self.of.as_str()].iter().any(|own| crate::delivered::holds(own, text))
    }
}
