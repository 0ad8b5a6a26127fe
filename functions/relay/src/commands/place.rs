//! Where an answer comes from: the store and the flow files. Every answer names them, because a command in the wrong
//! folder looks at another installation.

use std::path::{Path, absolute};

use relay_host::{Store, Wiring, settings};
use serde::Serialize;

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
        Self { store: "none yet".to_owned(), flows_folder }
    }

    /// As the console shows it.
    pub(crate) fn of_console(self) -> relay_console::Place {
        relay_console::Place { store: self.store, flows: self.flows_folder }
    }

    /// As a line.
    pub(crate) fn line(&self) -> String {
        let flows = self.flows_folder.as_deref().unwrap_or("the shipped ones");
        format!("Store: {}; flows: {flows}", self.store)
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
