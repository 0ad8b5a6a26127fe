//! Request parameters that a flow fixes.

use std::collections::BTreeMap;

use crate::fault::{Cause, Fault};

/// The value of a request parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Param {
    /// Written in the flow file.
    Fixed(String),
    /// The value of the setting of that name.
    Setting(String),
}

/// The parameters with their values, in the order of the flow file.
///
/// # Errors
/// When a setting is missing or empty: vendors sign empty parameters differently, so none is ever sent.
pub fn resolve(
    params: &[(String, Param)],
    settings: &BTreeMap<String, String>,
) -> Result<Vec<(String, String)>, Fault> {
    params
        .iter()
        .map(|(name, param)| match param {
            Param::Fixed(value) => Ok((name.clone(), value.clone())),
            Param::Setting(setting) => match settings.get(setting).filter(|value| !value.is_empty()) {
                Some(value) => Ok((name.clone(), value.clone())),
                None => {
                    let cause = Cause::NoSetting { name: setting.clone() };
                    Err(Fault::new(format!("params.{name}"), setting, None, cause))
                }
            },
        })
        .collect()
}

/// The settings that the parameters name.
pub(crate) fn settings(params: &[(String, Param)]) -> impl Iterator<Item = &str> {
    params.iter().filter_map(|(_, param)| match param {
        Param::Setting(name) => Some(name.as_str()),
        Param::Fixed(_) => None,
    })
}
