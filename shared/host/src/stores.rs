//! Where everything is stored: in one SQLite file, or in SQS and DynamoDB.

use std::sync::Arc;

#[cfg(feature = "sqlite")]
use relay_core::StoreErrorKind;
use relay_core::Stores;
use relay_core::clock::Clock;
#[cfg(feature = "sqlite")]
pub use relay_store_sqlite::{Held, Mark, back_up};
#[cfg(feature = "sqlite")]
use relay_store_sqlite::{Retention, Sqlite};

use crate::settings::store;
use crate::{Settings, SettingsError, Store};

/// Opens the store that `RELAY_STORE` names, or creates it. The tables and queues of AWS are the stack's to create.
///
/// # Errors
/// A setting that is missing or malformed, or a store that does not open.
pub async fn open(settings: &Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Stores> {
    open_as(Opening::OrCreate, settings, clock).await
}

/// Opens the store that `RELAY_STORE` names, and creates none.
///
/// # Errors
/// As [`open`], and where there is no such store.
pub async fn open_existing(settings: &Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Stores> {
    open_as(Opening::Existing, settings, clock).await
}

/// Whether a store that is not there is created.
enum Opening {
    Existing,
    OrCreate,
}

#[cfg_attr(
    not(feature = "sqlite"),
    expect(unused_variables, reason = "a build without SQLite creates no store")
)]
async fn open_as(opening: Opening, settings: &Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Stores> {
    match store(settings)? {
        #[cfg(feature = "sqlite")]
        Store::Sqlite(file) => {
            let retention = retention(settings)?;
            let open = match opening {
                Opening::Existing => Sqlite::open_existing_with,
                Opening::OrCreate => Sqlite::open_with,
            };
            Ok(open(&file, clock, retention).map_err(not_opened)?.stores())
        }
        #[cfg(feature = "aws")]
        Store::Aws(names) => {
            let (config, rng) = (crate::aws::config().await, Arc::new(relay_core::clock::SystemRng));
            Ok(relay_store_aws::Aws::new(config, *names, Arc::new(crate::http::ForAws), clock, rng).stores())
        }
        #[cfg(not(feature = "sqlite"))]
        Store::Sqlite(_) => Err(not_built("sqlite")),
        #[cfg(not(feature = "aws"))]
        Store::Aws(_) => Err(not_built("aws")),
    }
}

/// How long a file keeps what is done with.
#[cfg(feature = "sqlite")]
fn retention(settings: &Settings) -> Result<Retention, SettingsError> {
    let (history, ledger) = (crate::settings::history(settings), crate::settings::ledger(settings));
    let (history, ledger) = SettingsError::both(history, ledger)?;
    Ok(Retention { history, ledger })
}

/// A damaged file is the right file: no setting mends it.
#[cfg(feature = "sqlite")]
fn not_opened(error: relay_core::StoreError) -> anyhow::Error {
    match error.kind {
        StoreErrorKind::Corrupt => error.into(),
        _ => SettingsError { problems: vec![format!("RELAY_STORE: {error}")] }.into(),
    }
}

#[cfg(not(all(feature = "sqlite", feature = "aws")))]
fn not_built(store: &str) -> anyhow::Error {
    let problem = format!(
        "RELAY_STORE is `{store}`, which this build does without: build it with `--features {store}`"
    );
    SettingsError { problems: vec![problem] }.into()
}

#[cfg(all(test, not(feature = "aws")))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_build_without_aws_says_which_build_has_it() {
        let tables = ["CHECKPOINT_TABLE", "LEDGER_TABLE", "LOOKUP_TABLE", "GROUP_TABLE"].map(str::to_owned);
        let queues = relay_connectors::queues().map(|(_, queue)| format!("{queue}_QUEUE_URL"));
        let named = tables.into_iter().chain(queues).map(|name| (name, "of the stack".to_owned()));
        let settings = named.chain([("RELAY_STORE".to_owned(), "aws".to_owned())]).collect();
        let error =
            open(&settings, Arc::new(relay_core::clock::SystemClock)).await.err().unwrap().to_string();
        assert!(error.contains("build it with `--features aws`"), "{error}");
    }
}
