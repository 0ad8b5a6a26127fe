//! The connector: what the registry knows of 旺店通, and what a client of it can.

use std::sync::Arc;

use relay_connector::{
    Connection, Connector, Document, Lists, Pools, Setting, SettingsError, Surroundings, Target, Uses,
    Windows,
};
use relay_core::System;

use crate::catalog;
use crate::client::Client;
use crate::error::VENDOR;
use crate::settings::{Route, SETTINGS, Settings};

/// 旺店通·企业版.
#[derive(Debug, Clone, Copy)]
pub struct Wangdian;

impl Connector for Wangdian {
    fn system(&self) -> System {
        System::new(VENDOR)
    }

    fn title(&self) -> &'static str {
        "旺店通"
    }

    fn documents(&self) -> &'static [Document] {
        catalog::documents()
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn queue(&self) -> Option<&'static str> {
        Some("WDT")
    }

    fn check(&self, settings: &relay_connector::Settings, uses: &Uses) -> Result<(), SettingsError> {
        let over = |route: Route| uses.routes.contains(route.name());
        let over_direct = uses.over_usual || over(Route::Direct);
        let direct = if over_direct { Settings::needs_direct(settings) } else { Ok(()) };
        let qimen = if over(Route::Qimen) { Settings::needs_qimen(settings) } else { Ok(()) };
        let routes = SettingsError::both(direct, qimen);
        SettingsError::both(Settings::read(settings), routes).map(drop)
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

    fn pools(&self) -> Option<&dyn Pools> {
        Some(self)
    }

    fn target(&self) -> Option<&dyn Target> {
        Some(self)
    }
}
