//! E-mail, as a connector.

use std::sync::Arc;

use relay_connector::{Connection, Connector, Document, Setting, SettingsError, Surroundings, Uses};
use relay_core::System;

use crate::VENDOR;
use crate::catalog;
use crate::settings::{SETTINGS, Settings};

/// What is to be done instead.
const NOT_ON_A_STACK: &str = "a stack on AWS sends no mail of its own: have its alarms mailed by SNS (the parameter AlarmEmail), or tell a group or an \
     address (http.wecom_robot, http.post); `relay serve` on a machine sends mails";

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
        Some(NOT_ON_A_STACK)
    }

    fn check(&self, settings: &relay_connector::Settings, uses: &Uses) -> Result<(), SettingsError> {
        Settings::check(settings, uses)
    }

    fn connect(
        &self,
        settings: &relay_connector::Settings,
        surroundings: &Surroundings,
    ) -> Result<Arc<dyn Connection>, SettingsError> {
        connected(settings, surroundings)
    }
}

#[cfg(not(feature = "smtp"))]
fn connected(_: &relay_connector::Settings, _: &Surroundings) -> Result<Arc<dyn Connection>, SettingsError> {
    Err(SettingsError { problems: vec![NOT_ON_A_STACK.to_owned()] })
}

#[cfg(feature = "smtp")]
fn connected(
    settings: &relay_connector::Settings,
    surroundings: &Surroundings,
) -> Result<Arc<dyn Connection>, SettingsError> {
    Ok(Arc::new(Connected(crate::Client::new(Settings::read(settings)?, surroundings))))
}

#[cfg(feature = "smtp")]
struct Connected(crate::Client);

#[cfg(feature = "smtp")]
impl Connection for Connected {
    fn target(&self) -> Option<&dyn relay_connector::Target> {
        Some(&self.0)
    }
}
