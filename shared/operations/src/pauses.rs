//! Targets, flows and sources that a person pauses and resumes. Of a target or a flow that is paused, sources go on being read
//! and pushes go on being taken: the documents wait in the queue. A source that is paused is not read, and goes on where it
//! stood; what it pushes is taken all the same, because nobody knows whether it would be pushed again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use relay_core::System;
use relay_core::pause::{self, Pause, Scope};
use serde::Serialize;

use crate::both;
use crate::language::Said;
use crate::log::Did;
use crate::times::shown;
use crate::{OperationError, Operations};

/// Longer than a pause is meant to be, and short enough for every calendar.
const LONGEST: Duration = Duration::from_secs(10 * 366 * 86_400);

/// A pause in words: until when, by whom, and why.
#[must_use]
pub fn said(pause: &Pause) -> Said {
    let Pause { until, reason, since, by } = pause;
    let since = shown(*since);
    match (by, until.map(shown)) {
        (Some(by), Some(until)) => both!(
            "已由 {by} 于 {since} 暂停,到 {until}:{reason}",
            "paused by {by} since {since} until {until}: {reason}"
        ),
        (Some(by), None) => both!(
            "已由 {by} 于 {since} 暂停,直到恢复:{reason}",
            "paused by {by} since {since} until it is resumed: {reason}"
        ),
        (None, Some(until)) => both!("已暂停,到 {until}:{reason}", "paused until {until}: {reason}"),
        (None, None) => both!("已暂停,直到恢复:{reason}", "paused until it is resumed: {reason}"),
    }
}

/// The same in English.
#[must_use]
pub fn told(pause: &Pause) -> String {
    said(pause).to_string()
}

/// A target, a flow or a source that is paused or goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "scope", content = "name", rename_all = "lowercase")]
pub enum Steered {
    /// A target.
    Target(String),
    /// A flow.
    Flow(String),
    /// A source.
    Source(String),
}

impl Steered {
    /// What it is, and its name.
    #[must_use]
    pub fn told(&self) -> String {
        match self {
            Self::Target(name) => format!("target {name}"),
            Self::Flow(name) => format!("flow {name}"),
            Self::Source(name) => format!("source {name}"),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Target(name) | Self::Flow(name) | Self::Source(name) => name,
        }
    }
}

impl From<Scope<'_>> for Steered {
    fn from(scope: Scope<'_>) -> Self {
        match scope {
            Scope::Target(system) => Self::Target(system.name().to_owned()),
            Scope::Flow(flow) => Self::Flow(flow.to_owned()),
            Scope::Source(system) => Self::Source(system.name().to_owned()),
        }
    }
}

impl Operations<'_> {
    /// Pauses a target, a flow or a source, for a while or until a person resumes it. Workers that run already notice it within a
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
        let until = self.end_of(lasts)?;
        self.pause_scope(self.scope(name).await?, reason, by, until).await
    }

    /// Pauses a source, which several vendors are beside being a target, for a while or until a person resumes it.
    ///
    /// # Errors
    /// A name that is none; a store that does not answer.
    pub async fn pause_source(
        &self,
        name: &str,
        reason: &str,
        by: &str,
        lasts: Option<Duration>,
    ) -> Result<(Steered, Pause), OperationError> {
        let until = self.end_of(lasts)?;
        self.pause_scope(Scope::Source(self.source(name)?), reason, by, until).await
    }

    fn end_of(&self, lasts: Option<Duration>) -> Result<Option<DateTime<Utc>>, OperationError> {
        let Some(lasts) = lasts else { return Ok(None) };
        let lasts = Some(lasts).filter(|lasts| !lasts.is_zero() && *lasts <= LONGEST);
        let lasts = lasts.and_then(|lasts| TimeDelta::from_std(lasts).ok());
        Ok(Some(self.clock.now() + lasts.ok_or(OperationError::PauseTooLong)?))
    }

    async fn pause_scope(
        &self,
        scope: Scope<'_>,
        reason: &str,
        by: &str,
        until: Option<DateTime<Utc>>,
    ) -> Result<(Steered, Pause), OperationError> {
        let since = self.clock.now();
        let pause = Pause { until, reason: reason.to_owned(), since, by: Some(by.to_owned()) };
        pause::begin(self.stores.checkpoints.as_ref(), scope, &pause).await?;
        let steered = Steered::from(scope);
        let until = pause.until.map(|until| format!("{reason} (until {})", shown(until)));
        let done = Did { by: Some(by), ..Did::of("pause", steered.told()) };
        self.note(done.because(Some(until.unwrap_or_else(|| reason.to_owned())))).await;
        Ok((steered, pause))
    }

    /// Ends the pause of a target, of a flow or of a source, whoever has set it.
    ///
    /// # Errors
    /// A name that is neither; a store that does not answer.
    pub async fn resume(&self, name: &str) -> Result<Steered, OperationError> {
        self.resume_scope(self.scope(name).await?).await
    }

    /// Ends the pause of a source.
    ///
    /// # Errors
    /// A name that is none; a store that does not answer.
    pub async fn resume_source(&self, name: &str) -> Result<Steered, OperationError> {
        self.resume_scope(Scope::Source(self.source(name)?)).await
    }

    async fn resume_scope(&self, scope: Scope<'_>) -> Result<Steered, OperationError> {
        pause::end(self.stores.checkpoints.as_ref(), scope).await?;
        let steered = Steered::from(scope);
        self.note(Did::of("resume", steered.told())).await;
        Ok(steered)
    }

    /// The pause of a flow, if it is paused.
    ///
    /// # Errors
    /// When the checkpoints cannot be read.
    pub async fn pause_of_flow(&self, flow: &str) -> Result<Option<Pause>, OperationError> {
        let (checkpoints, now) = (self.stores.checkpoints.as_ref(), self.clock.now());
        Ok(pause::current(checkpoints, Scope::Flow(flow), now).await?)
    }

    /// The pause for which the documents of a flow wait: its target's, or its own.
    pub(crate) async fn pause_of(&self, flow: &str, target: System) -> Result<Option<Pause>, OperationError> {
        let (checkpoints, now) = (self.stores.checkpoints.as_ref(), self.clock.now());
        match pause::current(checkpoints, Scope::Target(target), now).await? {
            Some(pause) => Ok(Some(pause)),
            None => self.pause_of_flow(flow).await,
        }
    }
}
