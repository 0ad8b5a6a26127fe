//! The relay's own documents, as sources of other flows: what became of a document, and what needs a person. No vendor hands
//! them over. The pusher queues an outcome, for each flow that listens, before the ledger records it; the closer looks each
//! time it runs at what has begun to need a person, and what is over.

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
/// Something that has begun to need a person, or is over.
pub const HEALTH: &str = "relay.health";

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
/// The field that holds the page of the console to look at.
pub const LINK: &str = "link";

/// The field that tells a reason in the language of people.
pub const TOLD: &str = "told";
/// The field that names that language.
pub const LANGUAGE: &str = "language";

/// The setting that names the language of people: `zh` or `en`.
pub const SPOKEN: &str = "RELAY_LANG";

/// The setting that holds the console's address, as those who get alerts reach it.
pub const CONSOLE_URL: &str = "RELAY_CONSOLE_URL";

/// A page of the console that stands at that address, with fields in its query.
#[must_use]
pub fn link(console: &str, path: &str, fields: &[(&str, &str)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{}{path}{mark}{query}", console.trim_end_matches('/'))
}

static DOCUMENTS: [Document; 4] = [
    Document { name: DELIVERED, title: "已送达的单据 (a document that its target has)", ..OUTCOMES },
    Document { name: FAILED, title: "失败的单据 (a document that failed)", ..OUTCOMES },
    Document {
        name: OUTCOME,
        title: "单据的结果: 已送达或失败 (a document that was delivered, or failed)",
        ..OUTCOMES
    },
    Document {
        name: HEALTH,
        title: "需要人处理的状况: 开始或结束 (what has begun to need a person, or is over)",
        fields: Fields::Written(HEALTH_FIELDS),
        keys: &[&["condition"], &["condition", VERSION]],
        ..OUTCOMES
    },
];

const OUTCOMES: Document = Document {
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
    Field::new(TOLD, "失败原因,用人的语言 (the reason, in the language of RELAY_LANG)", Kind::Text),
    Field {
        codes: "zh 中文; en English",
        ..Field::new(LANGUAGE, "人的语言 (the language of people: RELAY_LANG)", Kind::Text)
    },
    Field::new(
        CAUSE,
        "失败原因的归类 (what it has in common with others: flow, class, code, the reason without values)",
        Kind::Text,
    ),
    Field::new(COUNT, "失败次数 (how many failures an alert tells of, where its flow damps)", Kind::Integer),
    Field::new(SINCE, "自何时起 (when the first of them came)", Kind::Time),
    Field::new("step", "失败的步骤 (the step in the life of its bill that it failed at)", Kind::Text),
    Field::new(LINK, "控制台页面 (the page of the console, where RELAY_CONSOLE_URL is set)", Kind::Text),
    Field::new(AT, "时间 (when)", Kind::Time),
];

const HEALTH_FIELDS: &[Field] = &[
    Field::new("condition", "状况 (its name: the kind, and what is concerned)", Kind::Text),
    Field::new(VERSION, "序号 (each that is told has the next number)", Kind::Integer),
    Field::new(VERSION_KIND, "版本的比较方式 (how these compare)", Kind::Text),
    Field {
        codes: "began 开始; ended 结束", ..Field::new("state", "状态 (what has happened)", Kind::Text)
    },
    Field {
        codes: "lag 读取落后; source 来源读不到; pushes 推送收不下; refusing 目标拒收; pause 暂停; quota 额度用尽; \
                waiting 排队过久; dead 死信; absent 流程文件不在; reconciliation 对账不平; disk 磁盘空间不足; task 任务停止",
        ..Field::new("kind", "种类 (what kind of condition)", Kind::Text)
    },
    Field::new("of", "对象 (the flow, the system or the task that is concerned)", Kind::Text),
    Field::new("message", "说明 (what is so)", Kind::Text),
    Field::new(TOLD, "说明,用人的语言 (what is so, in the language of RELAY_LANG)", Kind::Text),
    Field {
        codes: "zh 中文; en English",
        ..Field::new(LANGUAGE, "人的语言 (the language of people: RELAY_LANG)", Kind::Text)
    },
    Field::new("action", "处理命令 (the command that tells more, or ends it)", Kind::Text),
    Field::new(CAUSE, "归类 (what flows that damp count together)", Kind::Text),
    Field::new(COUNT, "次数 (how many times it has begun or ended, where its flow damps)", Kind::Integer),
    Field::new(SINCE, "自何时起 (since when it is so)", Kind::Time),
    Field::new(LINK, "控制台页面 (the page of the console, where RELAY_CONSOLE_URL is set)", Kind::Text),
    Field::new(AT, "时间 (when it was seen)", Kind::Time),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_a_page_of_the_console_whatever_its_fields_hold() {
        let cause = [("cause", "trade-to-kingdee refused: 客户 & more")];
        assert_eq!(
            link("https://relay.example.com/", "/issues", &cause),
            "https://relay.example.com/issues?cause=trade-to-kingdee+refused%3A+%E5%AE%A2%E6%88%B7+%26+more"
        );
        assert_eq!(link("http://127.0.0.1:8081", "/queues", &[]), "http://127.0.0.1:8081/queues");
    }
}
