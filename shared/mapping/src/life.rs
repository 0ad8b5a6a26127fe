//! The life of a document's bill, as `[target]` and `cancelled_when` of `[source]` say it.

use chrono::NaiveDate;
use relay_core::life::{Change, Step};
use serde_json::{Map, Value};

use crate::apply::{Context, Mapped, Mapper};
use crate::expression::{Failing, Scope, holds};
use crate::fault::Fault;
use crate::flow::Flow;
use crate::params::resolve;
use crate::rule::{Condition, Fields};

/// What becomes of a document's bill at its target once it is saved.
#[derive(Debug, Default)]
pub struct Life {
    pub(crate) then: Vec<Step>,
    pub(crate) changes: Option<Change>,
    pub(crate) cancelled_when: Option<Condition>,
    pub(crate) when_cancelled: Option<Change>,
    /// Of a flow that splits its documents.
    pub(crate) when_withdrawn: Option<Change>,
    pub(crate) moves_date: bool,
    /// The rule of the first day whose books are open, as the only field.
    pub(crate) open_from: Fields,
}

impl Life {
    /// The steps that it takes.
    #[must_use]
    pub fn then(&self) -> &[Step] {
        &self.then
    }

    /// What a newer version may do to it; `None`: what the target does with newer versions by itself.
    #[must_use]
    pub fn changes(&self) -> Option<Change> {
        self.changes
    }

    /// What the cancellation of its source may do to it.
    #[must_use]
    pub fn when_cancelled(&self) -> Change {
        self.when_cancelled.unwrap_or(Change::Refuse)
    }

    /// What may be done to the bill of a part that its document has no lines for any more; `None`: nothing by itself.
    #[must_use]
    pub fn when_withdrawn(&self) -> Option<Change> {
        self.when_withdrawn
    }

    /// Whether a date in a closed period is moved to the next open day.
    #[must_use]
    pub fn moves_date(&self) -> bool {
        self.moves_date
    }

    /// Whether a bill may be taken back by another, for which what was sent in it must be known.
    #[must_use]
    pub fn takes_back(&self) -> bool {
        [self.changes, self.when_cancelled, self.when_withdrawn].contains(&Some(Change::Offset))
    }

    /// Whether the flow says anything of it.
    pub(crate) fn is_said(&self) -> bool {
        let changes = [self.changes, self.when_cancelled, self.when_withdrawn];
        !self.then.is_empty() || changes.iter().any(Option::is_some) || self.moves_date
    }
}

impl Flow {
    /// What becomes of its bills, where it says so.
    #[must_use]
    pub fn life(&self) -> Option<&Life> {
        Some(&self.life).filter(|life| life.is_said())
    }

    /// Whether the source has cancelled this document, or deleted it: `cancelled_when`.
    ///
    /// # Errors
    /// When that cannot be evaluated.
    pub fn cancels(&self, document: &Value) -> Result<bool, Fault> {
        let Some(condition) = &self.life.cancelled_when else { return Ok(false) };
        holds(&condition.expression, &Scope::document(document)).map_err(
            |Failing { source, value, cause }| {
                Fault::new("cancelled_when".to_owned(), &source, value.as_deref(), cause)
            },
        )
    }

    /// What a document is sent with, whatever it holds: where it has no body, because its source has cancelled it.
    ///
    /// # Errors
    /// A setting that is missing, or a first open day that cannot be read.
    pub fn frame(&self, document: &Value, context: &Context<'_>) -> Result<Mapped, Vec<Fault>> {
        let open_from = self.open_from(document, context)?;
        let params = resolve(&self.target.params, context.settings).map_err(|fault| vec![fault])?;
        Ok(Mapped { body: Value::Null, params, route: self.target.route, open_from })
    }

    /// The first day whose books are open, by the flow's `open_from`; what is wrong with it is a fault of the document.
    pub(crate) fn open_from(
        &self,
        document: &Value,
        context: &Context<'_>,
    ) -> Result<Option<NaiveDate>, Vec<Fault>> {
        let mut mapper = Mapper::new(Some(context));
        let read = mapper.fields(&self.life.open_from, &Scope::document(document), None);
        if mapper.faults.is_empty() { Ok(day(&read)) } else { Err(mapper.faults) }
    }
}

fn day(read: &Map<String, Value>) -> Option<NaiveDate> {
    // The rule writes a day, or fails.
    read.values().next()?.as_str()?.parse().ok()
}
