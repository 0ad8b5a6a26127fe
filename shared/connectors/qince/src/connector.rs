//! 勤策 as a connector.

use std::sync::Arc;

use relay_connector::{
    Connection, Connector, Document, Role, Setting, Settings, SettingsError, Surroundings, Target, Uses,
    Webhook, Windows,
};
use relay_core::System;

use crate::catalog::Path;
use crate::client::Client;
use crate::settings::Calls;
use crate::webhook::{self, Pushes};
use crate::{VENDOR, catalog, settings};

/// 勤策: its pushes come in, its orders are queried, and it takes orders and states.
#[derive(Debug, Clone, Copy)]
pub struct Qince;

/// Its two directions, each with a pair of keys of its own: either may be there alone.
struct Enterprise {
    pushes: Option<Pushes>,
    client: Option<Client>,
}

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

    fn queue(&self) -> Option<&'static str> {
        Some("QINCE")
    }

    fn webhook_prefix(&self) -> Option<&'static str> {
        Some(webhook::PREFIX)
    }

    fn pushed(&self, settings: &Settings, kind: &str) -> Option<(&'static Document, Vec<(String, String)>)> {
        let (data_type, source) = webhook::of_kind(kind);
        let is_an_order = settings::data_types(settings).iter().any(|taken| taken == data_type);
        let document =
            if is_an_order { Some(catalog::direct_order()) } else { catalog::of_data_type(data_type) };
        Some((document?, webhook::params(source)))
    }

    fn check(&self, settings: &Settings, uses: &Uses) -> Result<(), SettingsError> {
        let is_called = uses.roles.iter().any(|role| *role != Role::Pushed);
        let is_pushing = uses.roles.contains(&Role::Pushed) || !is_called;
        let pushes = if is_pushing { settings::Settings::read(settings).map(drop) } else { Ok(()) };
        let calls = if is_called { Calls::read(settings).map(drop) } else { Ok(()) };
        let mut checked = SettingsError::both(pushes, calls).map(drop);
        for path in uses.documents.iter().filter_map(|document| catalog::path(document)) {
            if let Path::Setting(name) = path {
                checked = SettingsError::both(checked, Calls::needs_path(settings, name)).map(drop);
            }
        }
        checked
    }

    fn connect(
        &self,
        settings: &Settings,
        surroundings: &Surroundings,
    ) -> Result<Arc<dyn Connection>, SettingsError> {
        // What is not there for calls that are made is told by the check. Who takes pushes alone may have a part of it.
        let is_called = Calls::NEEDED.iter().all(|needed| settings.get(needed).is_some());
        let is_pushing = settings.get("QINCE_PUSH_SECRETS").is_some() || !is_called;
        let pushes = is_pushing.then(|| settings::Settings::read(settings)).transpose();
        let calls = is_called.then(|| Calls::read(settings)).transpose();
        let (pushes, calls) = SettingsError::both(pushes, calls)?;
        Ok(Arc::new(Enterprise {
            pushes: pushes.map(|pushes| Pushes::new(pushes, surroundings.clock.clone())),
            client: calls.map(|calls| Client::new(calls, surroundings)),
        }))
    }
}

impl Connection for Enterprise {
    fn windows(&self) -> Option<&dyn Windows> {
        self.client.as_ref().map(|client| client as &dyn Windows)
    }

    fn webhook(&self) -> Option<&dyn Webhook> {
        self.pushes.as_ref().map(|pushes| pushes as &dyn Webhook)
    }

    fn target(&self) -> Option<&dyn Target> {
        self.client.as_ref().map(|client| client as &dyn Target)
    }
}
