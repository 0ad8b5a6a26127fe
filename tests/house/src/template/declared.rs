//! What comes from the settings alone: parameters, their groups, the environment.

use relay_connector::Setting;
use relay_connector::settings::Default;

use super::vendor::{Vendor, camel_case};

/// The stack knows the queues.
const OF_THE_STACK: &str = "_QUEUE_URL";

/// The parameters by vendor, for the console of CloudFormation.
#[must_use]
pub fn groups(vendors: &[Vendor]) -> Vec<String> {
    let mut lines = Vec::new();
    for vendor in vendors {
        lines.push(format!("- Label: {{ default: {} }}", vendor.called()));
        lines.push("  Parameters:".to_owned());
        let delivery = vendor.queue.map(|_| format!("    - {}", delivery(vendor)));
        lines.extend(delivery);
        lines.extend(settings(vendor).map(|setting| format!("    - {}", camel_case(setting.name))));
    }
    lines
}

/// A parameter for each setting that is no secret, and one for each target that says whether its queue is worked.
#[must_use]
pub fn parameters(vendors: &[Vendor]) -> Vec<String> {
    let of = |vendor| {
        targets(std::slice::from_ref(vendor)).map(delivery_parameter).chain(settings(vendor).map(parameter))
    };
    vendors.iter().flat_map(of).collect()
}

/// Whether the queue of each target is worked.
#[must_use]
pub fn conditions(vendors: &[Vendor]) -> Vec<String> {
    let condition = |vendor: &Vendor| {
        format!("{}Delivers: !Equals [!Ref {}, \"on\"]", vendor.logical_id(), delivery(vendor))
    };
    targets(vendors).map(condition).collect()
}

fn targets(vendors: &[Vendor]) -> impl Iterator<Item = &Vendor> {
    vendors.iter().filter(|vendor| vendor.queue.is_some())
}

fn delivery(vendor: &Vendor) -> String {
    format!("{}Delivery", vendor.logical_id())
}

fn delivery_parameter(vendor: &Vendor) -> String {
    let (name, called) = (delivery(vendor), vendor.called());
    let description = quoted(&format!(
        "Whether documents are delivered to {called}. off - where no flow goes there; what comes for it waits in its queue."
    ));
    format!(
        "{name}: {{ Type: String, Default: \"on\", AllowedValues: [\"on\", \"off\"], Description: {description} }}"
    )
}

/// The same settings in the environment of the functions.
#[must_use]
pub fn variables(vendors: &[Vendor]) -> Vec<String> {
    let variable = |setting: &Setting| format!("{}: !Ref {}", setting.name, camel_case(setting.name));
    vendors.iter().flat_map(settings).map(variable).collect()
}

fn settings(vendor: &Vendor) -> impl Iterator<Item = &'static Setting> {
    vendor.settings.iter().filter(|setting| !setting.is_secret && !setting.name.ends_with(OF_THE_STACK))
}

fn parameter(setting: &Setting) -> String {
    let name = camel_case(setting.name);
    let (default, allowed) = (default(setting), allowed(setting));
    let description = quoted(&description(setting));
    format!("{name}: {{ Type: String, Default: {default}, {allowed}Description: {description} }}")
}

/// Addresses are shown. Every other default is the connector's: an empty variable is not set.
fn default(setting: &Setting) -> String {
    match setting.default {
        Default::Value(value) if is_address(setting) => quoted(value),
        _ => quoted(""),
    }
}

/// What CloudFormation can check before it deploys: an address, a number, one of some values.
fn allowed(setting: &Setting) -> String {
    let pattern = |pattern: &str| format!("AllowedPattern: {}, ", quoted(pattern));
    if is_address(setting) {
        let has_default = matches!(setting.default, Default::Value(_));
        return pattern(if has_default { r"^https?://\S+$" } else { r"^$|^https?://\S+$" });
    }
    if ["a number ", "a whole number "].iter().any(|number| setting.expects.starts_with(number)) {
        return pattern(r"^\d*$");
    }
    let in_quotes = |value: &'static str| value.strip_prefix('`')?.strip_suffix('`');
    let values = setting.expects.split(" or ").map(in_quotes).collect::<Option<Vec<_>>>();
    values.map_or_else(String::new, |values| {
        let values = [""].into_iter().chain(values).map(quoted).collect::<Vec<_>>();
        format!("AllowedValues: [{}], ", values.join(", "))
    })
}

fn is_address(setting: &Setting) -> bool {
    setting.expects.starts_with("an address")
}

/// What it expects, and what holds where it is empty.
fn description(setting: &Setting) -> String {
    let what = sentence(setting.expects);
    match setting.default {
        Default::Value(value) if !is_address(setting) => format!("{what} Empty - {value}."),
        Default::SameAs(other) => format!("{what} Empty - the {}.", camel_case(other)),
        Default::Told(words) => format!("{what} Empty - {words}."),
        Default::Value(_) | Default::Needed | Default::Absent => what,
    }
}

/// A sentence in ASCII, which is all that CloudFormation keeps: without what stands in brackets in another script.
fn sentence(words: &str) -> String {
    let mut kept = String::new();
    for part in words.split_inclusive(')') {
        match part.split_once(" (") {
            Some((before, aside)) if !aside.is_ascii() => kept.push_str(before),
            _ => kept.push_str(part),
        }
    }
    if !kept.is_ascii() {
        return "See docs/settings.md.".to_owned();
    }
    let (first, rest) = kept.split_at(usize::from(!kept.is_empty()));
    format!("{}{rest}.", first.to_ascii_uppercase())
}

/// As a string of JSON, which YAML reads alike.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
