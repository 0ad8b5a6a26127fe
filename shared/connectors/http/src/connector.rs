//! Everything else, as a connector.

use std::sync::Arc;

use relay_connector::{
    Connection, Connector, Document, Setting, SettingsError, Surroundings, Target, Uses, Webhook,
};
use relay_core::System;

use crate::VENDOR;
use crate::catalog::{self, NAME};
use crate::client::Client;
use crate::settings::{SETTINGS, Settings};
use crate::webhook::{self, Pushes};

/// Whatever speaks HTTPS and JSON: takes documents, and pushes them.
#[derive(Debug, Clone, Copy)]
pub struct Http;

impl Connector for Http {
    fn system(&self) -> System {
        System::new(VENDOR)
    }

    fn title(&self) -> &'static str {
        "HTTP"
    }

    fn documents(&self) -> &'static [Document] {
        catalog::documents()
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn queue(&self) -> Option<&'static str> {
        Some("HTTP")
    }

    fn webhook_prefix(&self) -> Option<&'static str> {
        Some(webhook::PREFIX)
    }

    fn pushed(
        &self,
        _settings: &relay_connector::Settings,
        kind: &str,
    ) -> Option<(&'static Document, Vec<(String, String)>)> {
        Some((catalog::webhook(), vec![(NAME.to_owned(), kind.to_owned())]))
    }

    fn check(&self, settings: &relay_connector::Settings, uses: &Uses) -> Result<(), SettingsError> {
        Settings::check(settings, uses)
    }

    fn connect(
        &self,
        settings: &relay_connector::Settings,
        surroundings: &Surroundings,
    ) -> Result<Arc<dyn Connection>, SettingsError> {
        let settings = Settings::read(settings)?;
        let (secrets, max_age) = (settings.webhook_secrets.clone(), settings.webhook_max_age);
        let pushes = (!secrets.is_empty()).then(|| Pushes::new(secrets, max_age, surroundings.clock.clone()));
        Ok(Arc::new(Connected { client: Client::new(settings, surroundings), pushes }))
    }
}

/// Both directions. Nothing is taken in without a secret to prove it by.
struct Connected {
    client: Client,
    pushes: Option<Pushes>,
}

impl Connection for Connected {
    fn webhook(&self) -> Option<&dyn Webhook> {
        self.pushes.as_ref().map(|pushes| pushes as &dyn Webhook)
    }

    fn target(&self) -> Option<&dyn Target> {
        Some(&self.client)
    }
}
