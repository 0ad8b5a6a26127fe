//! In which language people are told of what is English by its nature.

use relay_connector::own;

use crate::FlowSettings;

/// The language of people, and its words.
#[derive(Debug, Clone, Copy)]
pub struct Speech {
    /// `zh` or `en`.
    pub language: &'static str,
    /// Puts an English text into that language, as far as its words are known.
    pub words: fn(&str) -> String,
}

/// What has no words of another language says a text as it is.
impl Default for Speech {
    fn default() -> Self {
        Self { language: "en", words: str::to_owned }
    }
}

impl Speech {
    /// As a setting names it, of a program that has the words of no other language than English.
    #[must_use]
    pub fn of(settings: &FlowSettings) -> Self {
        let is_chinese = settings.0.get(own::SPOKEN).is_some_and(|language| language == "zh");
        Self { language: if is_chinese { "zh" } else { "en" }, ..Self::default() }
    }
}
