//! The relay's own documents: what became of a document, as a source of other flows. No vendor hands them over: the pusher
//! queues them, for each flow that listens, before the ledger records the outcome that they tell of.

use std::sync::Arc;

use relay_core::System;

use crate::settings::{Setting, Settings, SettingsError};
use crate::{Connection, Connector, Document, Field, Fields, Kind, Role, Surroundings, Uses};

/// What their names begin with.
const NAME: &str = "relay";

/// A document that its target has.
pub const DELIVERED: &str = "relay.delivered";
/// A document that failed, and waits for a person.
pub const FAILED: &str = "relay.failed";
/// Either.
pub const OUTCOME: &str = "relay.outcome";

/// The field that says when it was: a repetition of an outcome tells of another time, and of nothing new.
pub const AT: &str = "at";
/// The field that holds the version of the document that is told of.
pub const VERSION: &str = "version";
/// The field that says how versions of that document compare.
pub const VERSION_KIND: &str = "version_kind";
/// The field that holds the cause of a failure.
pub const CAUSE: &str = "cause";
/// The field that says how many failures an alert tells of.
pub const COUNT: &str = "count";
/// The field that says since when.
pub const SINCE: &str = "since";
/// The field that holds the flow's name.
pub const FLOW: &str = "flow";

static DOCUMENTS: [Document; 3] = [
    Document { name: DELIVERED, title: "已送达的单据 (a document that its target has)", ..TOLD },
    Document { name: FAILED, title: "失败的单据 (a document that failed)", ..TOLD },
    Document {
        name: OUTCOME,
        title: "单据的结果: 已送达或失败 (a document that was delivered, or failed)",
        ..TOLD
    },
];

const TOLD: Document = Document {
    role: Role::Own,
    fields: Fields::Written(OUTCOME_FIELDS),
    open: false,
    keys: &[&[FLOW, "key"], &[FLOW, "key", VERSION]],
    ..Document::UNKNOWN
};

const OUTCOME_FIELDS: &[Field] = &[
    Field::new(FLOW, "流程 (the flow that delivered it, or failed)", Kind::Text),
    Field::new("key", "单据的键 (the document's key in that flow)", Kind::Text),
    Field::new(VERSION, "单据的版本 (its version, as the source has it)", Kind::Text),
    Field::new(VERSION_KIND, "版本的比较方式 (how its versions compare)", Kind::Text),
    Field {
        codes: "delivered 已送达; failed 失败",
        ..Field::new("state", "结果 (what became of it)", Kind::Text)
    },
    Field::new("source", "来源单据 (the document, as the source handed it over)", Kind::Any),
    Field::new("target", "目标单据 (what it is in the target)", Kind::Object(TARGET_FIELDS)),
    Field::new("class", "失败类别 (the class of its failure, as `relay failures` has it)", Kind::Text),
    Field::new("code", "对方的错误码 (the vendor's code)", Kind::Text),
    Field::new("message", "失败原因 (the reason, and the way out)", Kind::Text),
    Field::new(
        CAUSE,
        "失败原因的归类 (what it has in common with others: flow, class, code, the reason without values)",
        Kind::Text,
    ),
    Field::new(COUNT, "失败次数 (how many failures an alert tells of, where its flow damps)", Kind::Integer),
    Field::new(SINCE, "自何时起 (when the first of them came)", Kind::Time),
    Field::new("step", "失败的步骤 (the step in the life of its bill that it failed at)", Kind::Text),
    Field::new(AT, "时间 (when)", Kind::Time),
];

const TARGET_FIELDS: &[Field] = &[
    Field::new("document", "目标单据类型 (the document, as flow files name it)", Kind::Text),
    Field::new("id", "目标系统的 id (the target's own id of it)", Kind::Text),
    Field::new("number", "单号 (the number by which the target knows it)", Kind::Text),
];

/// The relay as a source of flows.
#[derive(Debug, Clone, Copy)]
pub struct Own;

impl Connector for Own {
    fn system(&self) -> System {
        System::new(NAME)
    }

    fn title(&self) -> &'static str {
        NAME
    }

    fn documents(&self) -> &'static [Document] {
        &DOCUMENTS
    }

    fn settings(&self) -> &'static [Setting] {
        &[]
    }

    fn check(&self, _settings: &Settings, _uses: &Uses) -> Result<(), SettingsError> {
        Ok(())
    }

    fn connect(
        &self,
        _settings: &Settings,
        _surroundings: &Surroundings,
    ) -> Result<Arc<dyn Connection>, SettingsError> {
        Ok(Arc::new(Unconnected))
    }
}

/// Nothing is called.
struct Unconnected;

impl Connection for Unconnected {}
