//! Where everything is stored: in one SQLite file, or in SQS and DynamoDB.

use std::sync::Arc;

use clock::Clock;
use pipeline::Stores;
use pipeline::sqlite::Sqlite;

use crate::{Settings, SettingsError, Store};

/// Opens the store that `RELAY_STORE` names.
///
/// # Errors
/// A setting that is missing or malformed, or a store that does not open.
pub async fn open(settings: &Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Stores> {
    match settings.store()? {
        Store::Sqlite(file) => {
            let store = Sqlite::open(&file, clock)
                .map_err(|error| SettingsError { problems: vec![format!("RELAY_STORE: {error}")] })?;
            Ok(store.stores())
        }
        #[cfg(feature = "aws")]
        Store::Aws(names) => {
            let (config, chance) = (crate::aws::config().await, Arc::new(clock::SystemChance));
            Ok(pipeline::aws::Aws::new(config, names, clock, chance).stores())
        }
        #[cfg(not(feature = "aws"))]
        Store::Aws(_) => Err(SettingsError {
            problems: vec![
                "RELAY_STORE is `aws`, which this build does without: build it with `--features aws`"
                    .to_owned(),
            ],
        }
        .into()),
    }
}
