//! The registry: the one list of the vendors that the relay connects.
//!
//! A connector joins with a line in [`CONNECTORS`]. Everything else that goes through all vendors goes through this list:
//! the documents that flows may name, the settings that there are, the queues of a store.

use relay_connector::own::Own;
use relay_connector::{Catalog, Connector, Setting, Settings};
use relay_core::System;

/// Every connector.
pub static CONNECTORS: &[&dyn Connector] = &[
    // By name, one a line.
    &relay_http::Http,
    &relay_kingdee::Kingdee,
    &relay_mail::Mail,
    &relay_qince::Qince,
    &relay_sharecrm::ShareCrm,
    &relay_wangdian::Wangdian,
];

/// Whose documents flows can name: every vendor's, and the relay's own.
#[must_use]
pub fn documented() -> Vec<&'static dyn Connector> {
    CONNECTORS.iter().copied().chain([&Own as &dyn Connector]).collect()
}

/// The connector of that name, such as `wangdian`.
#[must_use]
pub fn named(name: &str) -> Option<&'static dyn Connector> {
    CONNECTORS.iter().copied().find(|connector| connector.system().name() == name)
}

/// The connector of a system.
#[must_use]
pub fn of(system: System) -> Option<&'static dyn Connector> {
    named(system.name())
}

/// Everything that flows can name where nothing is set.
#[must_use]
pub fn catalog() -> Catalog {
    catalog_by(&Settings::default())
}

/// Everything that flows can name by these settings, and what they could by others.
#[must_use]
pub fn catalog_by(settings: &Settings) -> Catalog {
    let add = |catalog: Catalog, connector: &&dyn Connector| {
        let catalog = catalog.with(connector.documents_by(settings), connector.lookups());
        connector.variants().iter().fold(catalog, |catalog, variant| {
            let (name, documents) = (variant.setting.name, (variant.documents)());
            match variant.is_chosen(settings) {
                true => catalog.because(name, variant.value, documents),
                false => catalog.without(name, variant.value, documents),
            }
        })
    };
    documented().iter().fold(Catalog::default(), add)
}

/// Every setting of a connector.
pub fn settings() -> impl Iterator<Item = &'static Setting> {
    CONNECTORS.iter().flat_map(|connector| connector.settings())
}

/// Every system that a stack on AWS has a queue for, with what that is called: `WDT` in `WDT_QUEUE_URL`.
pub fn queues() -> impl Iterator<Item = (System, &'static str)> {
    let of_stacks = CONNECTORS.iter().filter(|connector| connector.not_on_a_stack().is_none());
    of_stacks.filter_map(|connector| Some((connector.system(), connector.queue()?)))
}

/// Every system that takes documents.
pub fn targets() -> impl Iterator<Item = System> {
    CONNECTORS.iter().filter(|connector| connector.queue().is_some()).map(|connector| connector.system())
}
