//! Alerts, tried: one is sent at once by each flow that alerts, marked as a test, and what the receiver answered is told. It goes past
//! queue, ledger and damping, and past the flow's filter: whether the way is free shows, and nothing is remembered of it but the
//! audit trail.

use std::time::Duration;

use relay_connector::own::{
    AT, CAUSE, CONSOLE_URL, COUNT, FAILED, FLOW, HEALTH, LANGUAGE, LINK, SINCE, TOLD, VERSION, VERSION_KIND,
    link,
};
use relay_connector::record::recorded;
use relay_connector::{Delivery, china};
use relay_core::{FailureClass, VersionKind};
use relay_job::Routed;
use relay_mapping::{Context, Fault, Mapped};
use relay_reconcile::codes::Codes;
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::Unknown;
use crate::explain::Connect;
use crate::language::{Language, Said};
use crate::log::Did;
use crate::{OperationError, Operations, both, pauses};

/// So much of an answer is told.
const LONGEST: usize = 500;

/// A flow that alerts: what needs a person, or documents that fail, told to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alerting {
    /// The flow.
    pub flow: String,
    /// The target's document, such as `http.wecom_robot`.
    pub target: &'static str,
}

/// A test alert, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tested {
    /// The flow, and where it alerts.
    #[serde(flatten)]
    pub alerting: Alerting,
    /// Whether the receiver has taken it.
    pub is_taken: bool,
    /// What was sent, in the target's form; `None` where the flow could make nothing of it.
    pub sent: Option<Value>,
    /// What the receiver answered, word by word; `None` where it was not called, or gave no answer.
    pub answer: Option<String>,
    /// How long that took.
    pub took_ms: Option<u64>,
    /// Why it was not taken.
    pub why: Option<Said>,
    /// Why alerts do not go out now all the same: their target or flow is paused.
    pub paused: Option<Said>,
}

impl Tested {
    fn new(alerting: Alerting) -> Self {
        Self { alerting, is_taken: false, sent: None, answer: None, took_ms: None, why: None, paused: None }
    }

    /// What became of it, for people.
    #[must_use]
    pub fn said(&self) -> Said {
        let Self { is_taken, answer, took_ms, why, paused, .. } = self;
        let answered = match (answer, took_ms) {
            (Some(answer), Some(took)) => {
                both!(",{took} 毫秒后回答:{answer}", ", answered after {took} ms: {answer}")
            }
            _ => Said::same(""),
        };
        let went = match (is_taken, why) {
            (true, _) => Said::new("已发出,对方收下", "sent and taken"),
            (false, Some(why)) => {
                Said::new(format!("没有发成:{}", why.told(Language::Chinese)), format!("NOT sent: {why}"))
            }
            (false, None) => Said::new("没有发成", "NOT sent"),
        };
        let paused = match paused {
            Some(paused) => Said::new(
                format!(";真正的告警此刻在等:{}", paused.told(Language::Chinese)),
                format!("; real alerts wait now: {paused}"),
            ),
            None => Said::same(""),
        };
        let all = [&went, &answered, &paused];
        let told = |language| all.map(|said| said.told(language)).concat();
        Said::new(told(Language::Chinese), told(Language::English))
    }
}

impl Operations<'_> {
    /// The flows that alert.
    #[must_use]
    pub fn alerting(&self) -> Vec<Alerting> {
        self.alert_flows().map(alerting).collect()
    }

    /// Sends one test alert by each flow that alerts, or by the one that is named, in the language of people.
    ///
    /// # Errors
    /// A flow that alerts nobody; a store that does not answer.
    pub async fn test_alerts(
        &self,
        flow: Option<&str>,
        language: Language,
        connect: Connect<'_>,
    ) -> Result<Vec<Tested>, OperationError> {
        let is_meant = |routed: &&Routed| flow.is_none_or(|flow| routed.flow.name() == flow);
        let chosen: Vec<_> = self.alert_flows().filter(is_meant).collect();
        if let Some(flow) = flow.filter(|_| chosen.is_empty()) {
            let names = self.alert_flows().map(|routed| routed.flow.name());
            return Err(OperationError::NoAlerts(Unknown::new(flow, names)));
        }
        let mut tested = Vec::with_capacity(chosen.len());
        for routed in chosen {
            let told = self.test_alert(routed, language, connect).await?;
            self.note(Did::of("test-alert", routed.flow.name()).because(Some(told.said().to_string()))).await;
            tested.push(told);
        }
        Ok(tested)
    }

    fn alert_flows(&self) -> impl Iterator<Item = &Routed> {
        self.flows.iter().map(|routed| &**routed).filter(|routed| alerts(routed))
    }

    async fn test_alert(
        &self,
        routed: &Routed,
        language: Language,
        connect: Connect<'_>,
    ) -> Result<Tested, OperationError> {
        let paused = self.pause_of(routed.flow.name(), routed.system).await?.as_ref().map(pauses::said);
        let tested = Tested { paused, ..Tested::new(alerting(routed)) };
        let document = self.test_document(routed, language);
        let mut codes = Codes::new(self.stores, self.flows, connect);
        let resolved = codes.resolve(routed.flow.lookups(&document), &|| self.patience()).await?;
        let context = Context { settings: &self.flow_settings.0, lookups: &resolved.ids };
        let mapped = match routed.flow.apply(&document, &context) {
            Ok(mapped) => mapped,
            Err(faults) => return Ok(Tested { why: Some(told(&faults)), ..tested }),
        };
        let connection = match connect(routed.system) {
            Ok(connection) => connection,
            Err(why) => return Ok(Tested { why: Some(Said::of(why)), ..tested }),
        };
        let Some(target) = connection.target() else {
            let why = both!("{} 不收单据", "{} takes no documents", routed.system);
            return Ok(Tested { why: Some(why), ..tested });
        };
        let Mapped { body, params, route, .. } = &mapped;
        let delivery =
            Delivery { route: *route, ..Delivery::of(routed.flow.target().document, params, body) };
        let (answers, calls) = recorded(target.deliver(&[delivery], self.patience())).await;
        let failure = match answers.into_iter().next() {
            Some(Ok(_)) => None,
            Some(Err(failure)) => Some(Said::of(failure.in_full())),
            None => Some(Said::new("没有结果", "nothing came of it")),
        };
        let call = calls.into_iter().next_back();
        let took_ms = call.as_ref().map(|call| millis(call.duration));
        let answer = call.and_then(|call| call.answer.ok()).map(|answer| shortened(&answer));
        Ok(Tested {
            is_taken: failure.is_none(),
            why: failure,
            sent: Some(mapped.body),
            answer,
            took_ms,
            ..tested
        })
    }

    /// What the flow is told: what needs a person, or a failure, that says of itself that it is a test.
    fn test_document(&self, routed: &Routed, language: Language) -> Value {
        let now = china::format(self.clock.now());
        let of = language.says("测试", "test");
        let words = language
            .says("这是一条测试告警,没有什么要处理", "this is a test alert, and nothing needs to be done");
        let english = "this is a test alert, and nothing needs to be done";
        let (is_health, language) = (routed.flow.source().document.name == HEALTH, language.says("zh", "en"));
        let mut document = match is_health {
            true => json!({
                "condition": format!("task/{of}"), VERSION: "0", VERSION_KIND: VersionKind::Integer, "state": "began",
                "kind": "task", "of": of, "message": english, TOLD: words, LANGUAGE: language,
                "action": "relay test-alert", CAUSE: format!("task/{of} began"), COUNT: 1, SINCE: now, AT: now,
            }),
            false => json!({
                FLOW: of, "key": "TEST", VERSION: now, VERSION_KIND: VersionKind::Time, "state": "failed",
                "source": {}, "target": { "document": routed.flow.target().document.name },
                "class": FailureClass::Refused.code(), "code": "TEST", "message": english, TOLD: words,
                LANGUAGE: language, CAUSE: "test", COUNT: 1, SINCE: now, AT: now,
            }),
        };
        if let Some(console) = self.settings.get(CONSOLE_URL) {
            document[LINK] = json!(link(console, if is_health { "/" } else { "/issues" }, &[]));
        }
        document
    }
}

/// Whether a flow tells people what needs them: it reads what does, or failures that are damped.
fn alerts(routed: &Routed) -> bool {
    let source = routed.flow.source();
    source.document.name == HEALTH || (source.document.name == FAILED && source.damp.is_some())
}

fn alerting(routed: &Routed) -> Alerting {
    Alerting { flow: routed.flow.name().to_owned(), target: routed.flow.target().document.name }
}

fn told(faults: &[Fault]) -> Said {
    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    Said::of(faults.join("; "))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn shortened(answer: &str) -> String {
    answer.trim().chars().take(LONGEST).collect()
}
