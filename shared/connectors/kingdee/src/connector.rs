//! 金蝶云·星辰 as a connector.

use std::sync::Arc;

use relay_connector::{
    Connection, Connector, Document, Lists, Lookup, Setting, SettingsError, Surroundings, Target, Uses,
};
use relay_core::System;

use crate::client::Client;
use crate::settings::{SETTINGS, Settings};
use crate::{VENDOR, catalog};

/// 金蝶云·星辰: takes bills of sales, resolves codes, and lists what it has.
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
    fn lists(&self) -> Option<&dyn Lists> {
        Some(self)
    }

    fn target(&self) -> Option<&dyn Target> {
        Some(self)
    }
}
