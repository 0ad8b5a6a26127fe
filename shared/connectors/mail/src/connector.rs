//! E-mail, as a connector.

use std::sync::Arc;

use relay_connector::{Connection, Connector, Document, Setting, SettingsError, Surroundings, Target, Uses};
use relay_core::System;

use crate::VENDOR;
use crate::catalog;
use crate::client::Client;
use crate::settings::{SETTINGS, Settings};

/// Mail servers: they take mails.
#[derive(Debug, Clone, Copy)]
pub struct Mail;

impl Connector for Mail {
    fn system(&self) -> System {
        System::new(VENDOR)
    }

    fn title(&self) -> &'static str {
        "E-mail"
    }

    fn documents(&self) -> &'static [Document] {
        catalog::documents()
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn queue(&self) -> Option<&'static str> {
        Some("MAIL")
    }

    /// A client of SMTP would make the archive of each function that pushes a tenth larger, and a stack has a way of its own:
    /// its alarms go to a topic of SNS, which writes mails.
    fn not_on_a_stack(&self) -> Option<&'static str> {
        Some(
            "a stack on AWS sends no mail of its own: have its alarms mailed by SNS (the parameter AlarmEmail), or tell a group \
             or an address (http.wecom_robot, http.post); `relay serve` on a machine sends mails",
        )
    }

    fn check(&self, settings: &relay_connector::Settings, uses: &Uses) -> Result<(), SettingsError> {
        Settings::check(settings, uses)
    }

    fn connect(
        &self,
        settings: &relay_connector::Settings,
        surroundings: &Surroundings,
    ) -> Result<Arc<dyn Connection>, SettingsError> {
        Ok(Arc::new(Connected(Client::new(Settings::read(settings)?, surroundings))))
    }
}

struct Connected(Client);

impl Connection for Connected {
    fn target(&self) -> Option<&dyn Target> {
        Some(&self.0)
    }
}
