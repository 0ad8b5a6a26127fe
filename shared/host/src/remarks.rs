//! What is to be said of flow files by the settings, when the files are checked.

use relay_job::{Flows, Routed};

use crate::Settings;
use crate::settings::{closed_to_flows, declared, is_on_aws};

/// A remark on a flow file, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Whether the flow cannot run so on any machine; otherwise it may run where the setting is set.
    pub is_mistake: bool,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// The way out, where one is known.
    pub help: Option<String>,
}

/// What is to be said of the settings that the flows name: secrets, variables of other programs and misspelt
/// names are mistakes. One that is merely not set here is told, because the flow may run on another machine.
#[must_use]
pub fn of_settings(flows: &Flows, settings: &Settings) -> Vec<Remark> {
    let remarks = flows.iter().flat_map(|routed| {
        routed.settings().into_iter().filter_map(|name| remark(routed, name, settings)).collect::<Vec<_>>()
    });
    remarks.collect()
}

/// That a stack on AWS has no queue for the target of a flow, where these are the settings of one.
#[must_use]
pub fn of_targets(flows: &Flows, settings: &Settings) -> Vec<Remark> {
    let refused = flows.iter().filter_map(|routed| {
        let why = relay_connectors::of(routed.system)?.not_on_a_stack()?;
        let (line, column) = place(&routed.text, routed.flow.target().document.name);
        let (file, message) = (routed.file.clone(), why.to_owned());
        Some(Remark { is_mistake: true, file, line, column, message, help: None })
    });
    if is_on_aws(settings) { refused.collect() } else { Vec::new() }
}

fn remark(routed: &Routed, name: &str, settings: &Settings) -> Option<Remark> {
    let (is_mistake, message, help) = if let Some(why) = closed_to_flows(name) {
        (true, format!("the setting `{name}` {why}"), None)
    } else if settings.get(name).is_some() || declared::has_default(name) {
        return None;
    } else if let Some(meant) = declared::misspelt(name) {
        let message = format!("there is no setting `{name}`");
        (true, message, Some(format!("did you mean `{meant}`? A setting of that name must be set here")))
    } else {
        let help = "set it where the flow runs".to_owned();
        (false, format!("the setting `{name}` is not set here"), Some(help))
    };
    let (line, column) = place(&routed.text, name);
    Some(Remark { is_mistake, file: routed.file.clone(), line, column, message, help })
}

/// Where a file names a setting.
fn place(text: &str, name: &str) -> (usize, usize) {
    let quoted = [format!("\"{name}\""), format!("'{name}'")];
    let start = quoted.iter().find_map(|quoted| text.find(quoted)).unwrap_or_default();
    let before = &text[..start];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remark_names_line_and_column() {
        assert_eq!(place("[target]\nkey = { setting = \"WDT_SHOP_N0\" }\n", "WDT_SHOP_N0"), (2, 19));
        assert_eq!(place("", "WDT_SHOP_N0"), (1, 1));
    }
}
