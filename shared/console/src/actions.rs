//! What a person does. Each action is weighed first: how many documents, what it costs and does there, and the command that
//! does the same; then it is done, and the audit trail says so.

mod weight;

use std::time::Duration;

use chrono::{DateTime, Utc};
use maud::html;
use relay_core::time::{china, read};
use relay_operations::OperationError;
use relay_operations::times::shown;
use relay_operations::which::Which;

use crate::language::Language;
use crate::page::Page;
use crate::{Asked, Desk, Request};

/// So many seconds an hour has.
const HOUR: u64 = 3_600;

/// What a person wants to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Failed documents, or one that was delivered, are sent again.
    Replay { which: Which, delivered: bool },
    /// Failed documents have been dealt with by hand.
    Settle { which: Which },
    /// A target, a flow or a source rests.
    Pause { name: String, is_source: bool },
    /// It goes on.
    Resume { name: String, is_source: bool },
    /// A target's dead letters go to the end of their queue.
    Redrive { target: String },
    /// A group is closed by the next run.
    Close { flow: String, group: String },
    /// A range of a flow's source is read again.
    Backfill { flow: String, from: DateTime<Utc>, to: DateTime<Utc> },
    /// A flow's source is read again from a time on, before anything new.
    Rewind { flow: String, to: DateTime<Utc> },
    /// An alert that says it is a test is sent by a flow, or by each that alerts.
    TestAlert { flow: Option<String> },
}

impl Action {
    /// The action that a request names.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let field = |name: &str| request.field(name).map(str::to_owned);
        let which = Which {
            flow: field("flow"),
            keys: request.all("key").map(str::to_owned).collect(),
            cause: field("cause"),
            grep: field("grep"),
            ..Which::default()
        };
        let is_narrow =
            which.cause.is_some() || which.grep.is_some() || (which.flow.is_some() && !which.keys.is_empty());
        let is_source = request.field("side") == Some("source");
        match request.field("what")? {
            "replay" if is_narrow => {
                Some(Self::Replay { which, delivered: request.field("delivered").is_some() })
            }
            "settle" if is_narrow => Some(Self::Settle { which }),
            "pause" => Some(Self::Pause { name: field("name")?, is_source }),
            "resume" => Some(Self::Resume { name: field("name")?, is_source }),
            "redrive" => Some(Self::Redrive { target: field("target")? }),
            "backfill" => {
                let time = |name: &str| in_china(request.field(name)?);
                Some(Self::Backfill { flow: field("flow")?, from: time("from")?, to: time("to")? })
            }
            "rewind" => Some(Self::Rewind { flow: field("flow")?, to: in_china(request.field("to")?)? }),
            "test-alert" => Some(Self::TestAlert { flow: field("flow") }),
            "close" => Some(Self::Close { flow: field("flow")?, group: field("group")? }),
            _ => None,
        }
    }

    /// Its fields, for the form that does it.
    fn fields(&self) -> Vec<(&'static str, String)> {
        let named = |what: &str| ("what", what.to_owned());
        let side = |is_source: &bool| is_source.then(|| ("side", "source".to_owned()));
        match self {
            Self::Replay { which, delivered } => {
                let delivered = delivered.then(|| ("delivered", "yes".to_owned()));
                [named("replay")].into_iter().chain(named_by(which)).chain(delivered).collect()
            }
            Self::Settle { which } => [named("settle")].into_iter().chain(named_by(which)).collect(),
            Self::Pause { name, is_source } => {
                [named("pause"), ("name", name.clone())].into_iter().chain(side(is_source)).collect()
            }
            Self::Resume { name, is_source } => {
                [named("resume"), ("name", name.clone())].into_iter().chain(side(is_source)).collect()
            }
            Self::Redrive { target } => vec![named("redrive"), ("target", target.clone())],
            Self::Close { flow, group } => {
                vec![named("close"), ("flow", flow.clone()), ("group", group.clone())]
            }
            Self::Backfill { flow, from, to } => {
                vec![named("backfill"), ("flow", flow.clone()), ("from", shown(*from)), ("to", shown(*to))]
            }
            Self::Rewind { flow, to } => vec![named("rewind"), ("flow", flow.clone()), ("to", shown(*to))],
            Self::TestAlert { flow } => {
                let flow = flow.iter().map(|flow| ("flow", flow.clone()));
                [named("test-alert")].into_iter().chain(flow).collect()
            }
        }
    }

    /// Where one goes on when it is done.
    pub(crate) fn back(&self, desk: &Desk<'_>) -> &'static str {
        match self {
            Self::Replay { .. } | Self::Settle { .. } => "/issues",
            Self::Backfill { .. } => "/log",
            Self::Rewind { .. } | Self::TestAlert { .. } => "/flows",
            Self::Pause { name, .. } | Self::Resume { name, .. }
                if desk.operations.flows.named(name).is_some() =>
            {
                "/flows"
            }
            Self::Pause { .. } | Self::Resume { .. } => "/vendors",
            Self::Redrive { .. } => "/queues",
            Self::Close { .. } => "/groups",
        }
    }

    /// The command that does the same.
    fn command(&self) -> String {
        let of = |which: &Which| {
            let flow = which.flow.iter().map(|flow| format!(" --flow {}", quoted(flow)));
            let keys = which.keys.iter().map(|key| format!(" --key {}", quoted(key)));
            let cause = which.cause.iter().map(|cause| format!(" --cause {}", quoted(cause)));
            let grep = which.grep.iter().map(|grep| format!(" --grep {}", quoted(grep)));
            flow.chain(keys).chain(cause).chain(grep).collect::<String>()
        };
        let side = |is_source: &bool| if *is_source { " --source" } else { "" };
        match self {
            Self::Replay { which, delivered: false } => format!("relay replay{}", of(which)),
            Self::Replay { which, delivered: true } => {
                let flow =
                    which.flow.iter().map(|flow| format!(" --flow {}", quoted(flow))).collect::<String>();
                let keys = which.keys.iter().map(|key| format!(" {}", quoted(key))).collect::<String>();
                format!("relay replay --delivered{flow}{keys} --yes")
            }
            Self::Settle { which } => format!("relay settle{} --reason …", of(which)),
            Self::Pause { name, is_source } => {
                format!("relay pause {}{} --reason …", quoted(name), side(is_source))
            }
            Self::Resume { name, is_source } => format!("relay resume {}{}", quoted(name), side(is_source)),
            Self::Redrive { target } => format!("relay dead --redrive --target {}", quoted(target)),
            Self::Close { flow, group } => {
                format!("relay groups close {} --flow {}", quoted(group), quoted(flow))
            }
            Self::Backfill { flow, from, to } => {
                format!("relay backfill {} --from '{}' --to '{}'", quoted(flow), shown(*from), shown(*to))
            }
            Self::Rewind { flow, to } => format!("relay rewind {} --to '{}'", quoted(flow), shown(*to)),
            Self::TestAlert { flow } => {
                let flow = flow.iter().map(|flow| format!(" {}", quoted(flow)));
                format!("relay test-alert{}", flow.collect::<String>())
            }
        }
    }

    fn title(&self, language: Language) -> &str {
        match self {
            Self::Replay { .. } => language.says("重放", "Send again"),
            Self::Settle { .. } => language.says("了结", "Settle"),
            Self::Pause { .. } => language.says("暂停", "Pause"),
            Self::Resume { .. } => language.says("恢复", "Resume"),
            Self::Redrive { .. } => language.says("死信重新入队", "Send dead letters again"),
            Self::Close { .. } => language.says("封账", "Close a group"),
            Self::Backfill { .. } => language.says("补读", "Read a range again"),
            Self::Rewind { .. } => language.says("回退重读", "Read again from a time on"),
            Self::TestAlert { .. } => language.says("发测试告警", "Send a test alert"),
        }
    }

    /// Whether a person says why.
    fn asks_why(&self) -> bool {
        matches!(self, Self::Settle { .. } | Self::Pause { .. })
    }
}

/// The fields that name documents.
fn named_by(which: &Which) -> Vec<(&'static str, String)> {
    let flow = which.flow.clone().map(|flow| ("flow", flow));
    let cause = which.cause.clone().map(|cause| ("cause", cause));
    let grep = which.grep.clone().map(|grep| ("grep", grep));
    let keys = which.keys.iter().map(|key| ("key", key.clone()));
    flow.into_iter().chain(cause).chain(grep).chain(keys).collect()
}

/// A time as a field has it: China's.
pub(crate) fn in_china(text: &str) -> Option<DateTime<Utc>> {
    read(&text.replace('T', " "), &[], china()).map(|time| time.to_utc())
}

/// A word of a command line.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_./:@".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The page that says what an action comes to, and asks.
pub(crate) async fn weighed(asked: &Asked<'_>, action: &Action) -> Result<Page, OperationError> {
    let (desk, language) = (asked.desk, asked.language);
    let weight = weight::weight(desk, action, language).await?;
    let body = html! {
        (weight)
        p { (language.says("同样的命令", "The same as a command")) ": " code { (action.command()) } }
        form.asked method="post" action="/do" {
            @for (name, value) in action.fields() { input type="hidden" name=(name) value=(value); }
            input type="hidden" name="token" value=(asked.token);
            @if action.asks_why() {
                p {
                    label for="reason" { (language.says("原因", "Reason")) }
                    input id="reason" name="reason" required maxlength="500";
                }
                @if asked.user.is_none() {
                    p {
                        label for="by" { (language.says("谁", "By whom")) }
                        input id="by" name="by" value=(desk.operations.by) maxlength="100";
                    }
                }
            }
            @if matches!(action, Action::Pause { .. }) {
                p {
                    label for="hours" { (language.says("几小时(空:直到恢复)", "For how many hours (none: until it is resumed)")) }
                    input id="hours" name="hours" type="number" min="1" max="720";
                }
            }
            p { button { (action.title(language)) } }
        }
    };
    Ok(Page::new(action.title(language), body))
}

/// Does it, and says what came of it.
pub(crate) async fn done(asked: &Asked<'_>, action: &Action) -> Result<String, OperationError> {
    let Asked { desk, request, language, .. } = asked;
    let operations = &desk.operations;
    let reason = request.field("reason").unwrap_or_default();
    // Whoever has logged in is who they are.
    let by = request.field("by").filter(|_| asked.user.is_none()).unwrap_or(&operations.by);
    Ok(match action {
        Action::Replay { which, delivered } => {
            let plan = operations.plan_replay(which.clone(), *delivered).await?;
            let replayed = operations.replay_plan(plan, desk.connect, &|_| true).await?;
            let kept =
                if replayed.is_whole() { "" } else { language.says(",有的留下了", ", some stay") };
            format!("{} {}{kept}", replayed.sent, language.says("张已重新发送", "sent again"))
        }
        Action::Settle { which } => {
            let settled = match (which.flow.as_deref(), which.keys.as_slice()) {
                (Some(flow), [key]) if which.cause.is_none() && which.grep.is_none() => {
                    vec![operations.settle(flow, key, Some(reason), by).await?]
                }
                _ => operations.settle_all(which, reason, by).await?,
            };
            format!("{} {}", settled.len(), language.says("张已了结", "settled"))
        }
        Action::Pause { name, is_source } => {
            let hours = request.field("hours").and_then(|hours| hours.parse::<u64>().ok());
            let lasts = hours.map(|hours| Duration::from_secs(hours.saturating_mul(HOUR)));
            let (steered, _) = match is_source {
                true => operations.pause_source(name, reason, by, lasts).await?,
                false => operations.pause(name, reason, by, lasts).await?,
            };
            format!("{}: {}", steered.told(), language.says("已暂停", "paused"))
        }
        Action::Resume { name, is_source } => {
            let steered = match is_source {
                true => operations.resume_source(name).await?,
                false => operations.resume(name).await?,
            };
            format!("{}: {}", steered.told(), language.says("已恢复", "resumed"))
        }
        Action::Redrive { target } => {
            let moved: u64 = operations.redrive(Some(target), None).await?.values().sum();
            format!("{moved} {}", language.says("封已重新入队", "sent to their queue again"))
        }
        Action::Close { flow, group } => {
            let closed = operations.close_group(Some(flow), group).await?;
            format!("{} {}", closed.group, language.says("将由下一轮封账", "is closed by the next run"))
        }
        Action::Backfill { flow, from, to } => {
            let plan = operations.plan_backfill(flow, (*from, *to), desk.connect).await?;
            (desk.backfill)(plan, by.to_owned()).map_err(OperationError::WrongTime)?;
            let begun = "已开始补读;读完后写入操作记录";
            format!(
                "{flow}: {}",
                language.says(begun, "it is being read; the audit trail says when it is done")
            )
        }
        Action::TestAlert { flow } => {
            let tested = operations.test_alerts(flow.as_deref(), *language, desk.connect).await?;
            let told = tested.iter().map(|it| format!("{}: {}", it.alerting.flow, it.said().told(*language)));
            told.collect::<Vec<_>>().join("; ")
        }
        Action::Rewind { flow, to } => {
            let rewound = operations.rewind(flow, *to).await?;
            format!("{flow}: {}", rewound.on().told(*language))
        }
    })
}

#[cfg(test)]
mod tests;
