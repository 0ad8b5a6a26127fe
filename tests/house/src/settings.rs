//! The table of settings, made from what connectors and host declare.

use relay_connector::Setting;
use relay_connector::settings::Default;

/// Where it stands.
pub const FILE: &str = "docs/settings.md";

const HEAD: &str = "# Settings

<!-- Made from the code by `cargo run -p house`: change the declarations, not this file. -->

Read from the environment, and by `relay` from its [settings file](operating.md#the-settings-file) too, where each stands under
the same name in the section of its vendor; on Lambda the secret ones come from one secret (`RELAY_SECRET_ID`). A variable that
is set wins. A needed setting that is missing, or one that is malformed, stops the function that uses it at its start, and the error
names all of them at once. What looks like one of these and is none is an error too.
";

/// The page.
#[must_use]
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    for connector in relay_connectors::CONNECTORS {
        page.push_str(&section(connector.title(), connector.settings()));
    }
    page.push_str(&section("The relay itself", relay_host::settings::declared::OURS));
    page
}

fn section(title: &str, settings: &[Setting]) -> String {
    let rows = settings.iter().map(row).collect::<String>();
    format!("\n## {title}\n\n| setting | default | what | where to find it |\n|---|---|---|---|\n{rows}")
}

fn row(setting: &Setting) -> String {
    let secret = if setting.is_secret { " (secret)" } else { "" };
    let default = match setting.default {
        Default::Needed => "needed".to_owned(),
        Default::Absent => "none".to_owned(),
        Default::Value(value) => format!("`{value}`"),
        Default::SameAs(other) => format!("the `{other}`"),
        Default::Told(words) => words.to_owned(),
    };
    let Setting { name, expects, found, .. } = setting;
    format!("| `{name}`{secret} | {default} | {expects} | {found} |\n")
}
