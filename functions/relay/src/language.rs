//! The language in which this process answers: what `RELAY_LANG` says, else the locale.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};

use relay_host::settings::declared::LANGUAGE;
use relay_host::{Settings, SettingsError};
use relay_job::Speech;
use relay_mapping::Diagnostic;
pub(crate) use relay_operations::language::Language;

/// Whether it is Chinese.
static IS_CHINESE: AtomicBool = AtomicBool::new(false);

/// The language of this process.
pub(crate) fn current() -> Language {
    if IS_CHINESE.load(Ordering::Relaxed) { Language::Chinese } else { Language::English }
}

/// Has the process speak the language of these settings.
///
/// # Errors
/// A language that it does not speak; it goes on in that of the locale.
pub(crate) fn begin_with(settings: &Settings) -> Result<(), SettingsError> {
    let (language, spoken) = match settings.get(LANGUAGE.name) {
        Some(asked) if ["zh", "en"].iter().any(|known| asked.to_lowercase().starts_with(known)) => {
            (Language::of_locale(asked), Ok(()))
        }
        asked => {
            let problem = format!("{} expects {}", LANGUAGE.name, LANGUAGE.expects);
            let spoken = asked.map_or(Ok(()), |_| Err(SettingsError { problems: vec![problem] }));
            (Language::of_locale(of_system(settings)), spoken)
        }
    };
    IS_CHINESE.store(language == Language::Chinese, Ordering::Relaxed);
    spoken
}

/// What stands in English alone, such as what the ledger keeps, in the language of this process where that is known.
pub(crate) fn words(english: &str) -> Cow<'_, str> {
    current().words(english)
}

/// How people are told elsewhere, as by alerts: in the language of this process.
pub(crate) fn speech() -> Speech {
    let language = match current() {
        Language::Chinese => "zh",
        Language::English => "en",
    };
    Speech { language, words: |english| words(english).into_owned() }
}

/// A mistake of a flow file in the language of this process.
pub(crate) fn told(mistake: &Diagnostic) -> String {
    mistake.told(&|english| words(english).into_owned())
}

/// The locale of messages, as every program of the system finds it.
fn of_system(settings: &Settings) -> &str {
    ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| settings.get(name)).unwrap_or_default()
}

/// A text in the language of this process, of two formats with the same arguments.
macro_rules! said {
    ($chinese:literal, $english:literal $(, $($argument:tt)*)?) => {
        match $crate::language::current() {
            $crate::language::Language::Chinese => format!($chinese $(, $($argument)*)?),
            $crate::language::Language::English => format!($english $(, $($argument)*)?),
        }
    };
}

pub(crate) use said;
