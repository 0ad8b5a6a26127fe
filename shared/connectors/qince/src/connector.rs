//! 勤策 as a connector.

use std::sync::Arc;

use relay_connector::{
    Connection, Connector, Document, Setting, Settings, SettingsError, Surroundings, Uses,
};
use relay_core::System;

use crate::webhook::{self, Pushes};
use crate::{VENDOR, catalog, settings};

/// 勤策: its pushes come in; nothing is sent to it.
#[derive(Debug, Clone, Copy)]
pub struct Qince;

impl Connector for Qince {
    fn system(&self) -> System {
        System::new(VENDOR)
    }

    fn title(&self) -> &'static str {
        "勤策"
    }

    fn documents(&self) -> &'static [Document] {
        catalog::documents()
    }

    fn settings(&self) -> &'static [Setting] {
        settings::SETTINGS
    }

    fn webhook_prefix(&self) -> Option<&'static str> {
        Some(webhook::PREFIX)
    }

    fn pushed(&self, settings: &Settings, kind: &str) -> Option<(&'static Document, Vec<(String, String)>)> {
        let is_an_order = settings::data_types(settings).iter().any(|taken| taken == kind);
        is_an_order.then(|| (catalog::direct_order(), Vec::new()))
    }

    fn check(&self, settings: &Settings, _uses: &Uses) -> Result<(), SettingsError> {
        settings::Settings::read(settings).map(drop)
    }

    fn connect(
        &self,
        settings: &Settings,
        surroundings: &Surroundings,
    ) -> Result<Arc<dyn Connection>, SettingsError> {
        Ok(Arc::new(Pushes::new(settings::Settings::read(settings)?, surroundings.clock.clone())))
    }
}
