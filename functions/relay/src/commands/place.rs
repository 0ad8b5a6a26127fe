//! Where an answer comes from: the store and the flow files. Every answer names them, because a command in the wrong
//! folder looks at another installation.

use std::path::{Path, absolute};

use relay_host::{Store, Wiring, settings};
use serde::Serialize;

use crate::language::{self, said};

/// What stands in the place of a store that there is not yet.
const NO_STORE: &str = "none yet";

/// The store and the flow files of an answer.
#[derive(Debug, Serialize)]
pub(crate) struct Place {
    store: String,
    /// `None`: the shipped flows.
    flows_folder: Option<String>,
}

impl Place {
    pub(crate) fn of(wiring: &Wiring) -> anyhow::Result<Self> {
        let store = match settings::store(&wiring.settings)? {
            Store::Sqlite(file) => format!("sqlite:{}", whole(&file)),
            Store::Aws(names) => format!("aws (LEDGER_TABLE {})", names.ledger_table),
        };
        Ok(Self {
            store,
            flows_folder: settings::flows_folder(&wiring.settings).map(|folder| whole(&folder)),
        })
    }

    /// Of a process that works without a store.
    pub(crate) fn without_store(wiring: &Wiring) -> Self {
        let flows_folder = settings::flows_folder(&wiring.settings).map(|folder| whole(&folder));
        Self { store: NO_STORE.to_owned(), flows_folder }
    }

    /// As the console shows it.
    pub(crate) fn of_console(self) -> relay_console::Place {
        relay_console::Place { store: self.store, flows: self.flows_folder }
    }

    /// As a line.
    pub(crate) fn line(&self) -> String {
        let language = language::current();
        let flows = self.flows_folder.as_deref().unwrap_or(language.says("自带的", "the shipped ones"));
        let store = if self.store == NO_STORE { language.says("还没有", NO_STORE) } else { &self.store };
        said!("存储:{store};流程:{flows}", "Store: {store}; flows: {flows}")
    }

    /// A JSON answer with its place.
    pub(crate) fn with(&self, mut answer: serde_json::Value) -> serde_json::Value {
        answer["store"] = self.store.as_str().into();
        answer["flows_folder"] = self.flows_folder.as_deref().into();
        answer
    }
}

fn whole(path: &Path) -> String {
    absolute(path).as_deref().unwrap_or(path).display().to_string()
}
