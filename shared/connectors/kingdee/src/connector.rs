//! 金蝶云·星辰 as a connector.

use std::sync::Arc;

use relay_connector::{
    Connection, Connector, Document, Lists, Lookup, Setting, SettingsError, Surroundings, Target, Uses,
    Variant, Windows,
};
use relay_core::System;

use crate::client::Client;
use crate::settings::{self, SETTINGS, Settings};
use crate::{VENDOR, catalog};

/// The documents of each interface.
static VARIANTS: &[Variant] = &[
    Variant { setting: settings::AUTH, value: "v1", documents: catalog::documents },
    Variant { setting: settings::AUTH, value: "v2", documents: catalog::documents_of_v2 },
];

/// 金蝶云·星辰: takes bills and base data, resolves codes, and lists what it has; over V2 by windows of the last change.
#[derive(Debug, Clone, Copy)]
pub struct Kingdee;

impl Connector for Kingdee {
    fn system(&self) -> System {
        System::new(VENDOR)
    }

    fn title(&self) -> &'static str {
        "金蝶云星辰"
    }

    fn documents(&self) -> &'static [Document] {
        catalog::documents()
    }

    fn variants(&self) -> &'static [Variant] {
        VARIANTS
    }

    fn lookups(&self) -> &'static [Lookup] {
        catalog::lookups()
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn queue(&self) -> Option<&'static str> {
        Some("KINGDEE")
    }

    fn check(&self, settings: &relay_connector::Settings, _uses: &Uses) -> Result<(), SettingsError> {
        Settings::read(settings).map(drop)
    }

    fn connect(
        &self,
        settings: &relay_connector::Settings,
        surroundings: &Surroundings,
    ) -> Result<Arc<dyn Connection>, SettingsError> {
        Ok(Arc::new(Client::new(Settings::read(settings)?, surroundings)))
    }
}

impl Connection for Client {
    fn windows(&self) -> Option<&dyn Windows> {
        Some(self)
    }

    fn lists(&self) -> Option<&dyn Lists> {
        Some(self)
    }

    fn target(&self) -> Option<&dyn Target> {
        Some(self)
    }
}
