//! `relay flows reload`: has a running `relay serve` on this store take its flow files anew.

use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use relay_core::{Checkpoints, StoreError};
use relay_host::{Store, settings};
use relay_operations::log::Did;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::test;
use crate::commands::{existing, operations, person};
use crate::language::said;
use crate::output::say;
use crate::{Done, WrongUsage};

/// Where it is asked for, and answered.
const ASKED: &str = "reload/asked";
const ANSWERED: &str = "reload/answered";

/// How long the program may take that is asked.
const PATIENCE: Duration = Duration::from_secs(60);

const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Somebody wants the flow files to be taken anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asking {
    /// Tells one from another.
    pub(crate) id: String,
    /// Since when.
    pub(crate) at: DateTime<Utc>,
}

/// What has come of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// Of which asking.
    pub(crate) id: String,
    /// Why what ran goes on; `None`: the new ones run.
    pub(crate) error: Option<String>,
}

/// Who asks last.
pub(crate) async fn asked(checkpoints: &dyn Checkpoints) -> Result<Option<Asking>, StoreError> {
    let asked = checkpoints.get(ASKED).await?;
    Ok(asked.and_then(|asked| serde_json::from_str(&asked.value).ok()))
}

/// Answers.
pub(crate) async fn answer(checkpoints: &dyn Checkpoints, answer: &Answer) -> Result<(), StoreError> {
    write(checkpoints, ANSWERED, &json!(answer).to_string()).await
}

async fn write(checkpoints: &dyn Checkpoints, name: &str, value: &str) -> Result<(), StoreError> {
    let revision = checkpoints.get(name).await?.map(|checkpoint| checkpoint.revision);
    checkpoints.put(name, value, revision, None).await.map(drop)
}

/// `relay flows reload`
pub(crate) async fn run(json: bool) -> anyhow::Result<Done> {
    // First: mistakes are told here, where somebody reads them.
    test::must_pass(&settings::of_process())?;
    let (wiring, place) = existing().await?;
    if matches!(settings::store(&wiring.settings)?, Store::Aws(_)) {
        let way = said!(
            "整套的函数从它的层里取流程:重新部署",
            "the functions of a stack take their flows from its layer: deploy it anew"
        );
        return Err(WrongUsage(way).into());
    }
    let checkpoints = wiring.stores.checkpoints.as_ref();
    let asking = Asking { id: wiring.rng.uuid().to_string(), at: wiring.clock.now() };
    write(checkpoints, ASKED, &json!(asking).to_string()).await?;
    let began = wiring.clock.monotonic();
    let answer = loop {
        let answered = checkpoints.get(ANSWERED).await?;
        let answer = answered.and_then(|answered| serde_json::from_str::<Answer>(&answered.value).ok());
        if let Some(answer) = answer.filter(|answer| answer.id == asking.id) {
            break Some(answer);
        }
        if wiring.clock.monotonic().saturating_sub(began) > PATIENCE {
            break None;
        }
        wiring.clock.sleep(LOOK_EVERY).await;
    };
    let answer = answer.with_context(|| said!(
        "一分钟内没有用这个存储的 `relay serve` 回答:有一个在运行吗?它启动时会重新读流程文件",
        "no `relay serve` on this store has answered within a minute: does one run? It takes the flow files anew when it is \
         started"
    ))?;
    let operations = operations(&wiring);
    let done = Did { by: Some(person(None, &wiring)), ..Did::of("flows reload", "the flow files") };
    operations.note(done.because(answer.error.clone())).await;
    if json {
        say!("{}", place.with(json!({ "reloaded": answer.error.is_none(), "error": answer.error })));
    } else {
        say!("{}", place.line());
        match &answer.error {
            None => say!("流程文件已重新读取。", "The flow files were taken anew."),
            Some(error) => say!(
                "原来的继续运行,因为新的不能用:{error}",
                "What ran goes on, because the new ones cannot be begun with: {error}"
            ),
        }
    }
    Ok(if answer.error.is_none() { Done::Well } else { Done::WithFailures })
}
