//! Targets and flows that a person pauses and resumes. Sources go on being read, pushes go on being taken: their documents
//! wait in the queue.

use std::time::Duration;

use chrono::TimeDelta;
use relay_core::pause::{self, Pause, Scope};
use serde::Serialize;

use crate::times::shown;
use crate::{OperationError, Operations};

/// Longer than a pause is meant to be, and short enough for every calendar.
const LONGEST: Duration = Duration::from_secs(10 * 366 * 86_400);

/// A pause in words: until when, by whom, and why.
#[must_use]
pub fn told(pause: &Pause) -> String {
    let by = pause.by.as_ref().map(|by| format!(" by {by} since {}", shown(pause.since)));
    let until = pause
        .until
        .map_or_else(|| "until it is resumed".to_owned(), |until| format!("until {}", shown(until)));
    format!("paused{} {until}: {}", by.unwrap_or_default(), pause.reason)
}

/// A target or a flow that is paused or goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "scope", content = "name", rename_all = "lowercase")]
pub enum Steered {
    /// A target.
    Target(String),
    /// A flow.
    Flow(String),
}

impl Steered {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Target(name) | Self::Flow(name) => name,
        }
    }
}

impl From<Scope<'_>> for Steered {
    fn from(scope: Scope<'_>) -> Self {
        match scope {
            Scope::Target(system) => Self::Target(system.name().to_owned()),
            Scope::Flow(flow) => Self::Flow(flow.to_owned()),
        }
    }
}

impl Operations<'_> {
    /// Pauses a target or a flow, for a while or until a person resumes it. Workers that run already notice it within a
    /// minute.
    ///
    /// # Errors
    /// A name that is neither; a store that does not answer.
    pub async fn pause(
        &self,
        name: &str,
        reason: &str,
        by: &str,
        lasts: Option<Duration>,
    ) -> Result<(Steered, Pause), OperationError> {
        let since = self.clock.now();
        let until = match lasts {
            None => None,
            Some(lasts) => {
                let lasts = Some(lasts).filter(|lasts| !lasts.is_zero() && *lasts <= LONGEST);
                let lasts = lasts.and_then(|lasts| TimeDelta::from_std(lasts).ok());
                Some(since + lasts.ok_or(OperationError::PauseTooLong)?)
            }
        };
        let scope = self.scope(name).await?;
        let pause = Pause { until, reason: reason.to_owned(), since, by: Some(by.to_owned()) };
        pause::begin(self.stores.checkpoints.as_ref(), scope, &pause).await?;
        Ok((scope.into(), pause))
    }

    /// Ends the pause of a target or of a flow, whoever has set it.
    ///
    /// # Errors
    /// A name that is neither; a store that does not answer.
    pub async fn resume(&self, name: &str) -> Result<Steered, OperationError> {
        let scope = self.scope(name).await?;
        pause::end(self.stores.checkpoints.as_ref(), scope).await?;
        Ok(scope.into())
    }

    /// The pause of a flow, if it is paused.
    ///
    /// # Errors
    /// When the checkpoints cannot be read.
    pub async fn pause_of_flow(&self, flow: &str) -> Result<Option<Pause>, OperationError> {
        let (checkpoints, now) = (self.stores.checkpoints.as_ref(), self.clock.now());
        Ok(pause::current(checkpoints, Scope::Flow(flow), now).await?)
    }
}
