//! The files of a merchant: the store, and the flows.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::flows;
use crate::scenario::{Conditions, Says};

/// Takes back every step of the schema but the first: what is left is a file as programs without a version wrote it.
const FORMER: &str = "
    DROP TRIGGER ledger_counts_insert;
    DROP TRIGGER ledger_counts_update;
    DROP TRIGGER ledger_counts_delete;
    DROP TABLE ledger_counts;
    DROP INDEX ledger_failed_by_flow;
    DROP INDEX messages_in_flight;
    DROP INDEX messages_in_flight_by_group;
    CREATE INDEX messages_by_group ON messages (queue, dead, group_id, visible_at);
    DROP INDEX lookups_by_expiry;
    DROP INDEX messages_by_death;
    DROP TABLE ledger_walk;
    DROP TABLE archive;
    DROP TABLE steady_time;
    DROP TABLE quotas;
    UPDATE messages SET body = CAST(body AS TEXT) || (SELECT text FROM shared_text WHERE id = shared_id)
        WHERE shared_id IS NOT NULL;
    DROP TRIGGER shared_text_goes;
    DROP TRIGGER shared_text_stays;
    DROP INDEX messages_by_shared_text;
    ALTER TABLE messages DROP COLUMN shared_id;
    DROP TABLE shared_text;
    DROP TABLE group_members;
    DROP TABLE group_open;
    DROP TABLE group_seals;
    DROP TABLE numbers;
    DROP TABLE audit;
    DROP TABLE group_documents;
    DROP TABLE group_lapsed;
    DROP TABLE waiting;
    DROP INDEX messages_in_order;
    CREATE INDEX messages_in_order ON messages (queue, dead, id, visible_at);
    DROP INDEX ledger_delivered;
    PRAGMA user_version = 0;
";

/// The steps that are taken back: whoever adds one adds it here too.
const STEPS: u32 = 12;

pub(super) struct Folder(tempfile::TempDir);

impl Folder {
    pub(super) fn new(conditions: &Conditions) -> io::Result<Self> {
        // In memory where the machine has such a folder: most of the time would go into the disk otherwise.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?;
        let this = Self(folder);
        fs::create_dir(this.flows())?;
        for (name, text) in flows::texts(conditions) {
            fs::write(this.flow(name), text)?;
        }
        Ok(this)
    }

    pub(super) fn store(&self) -> PathBuf {
        self.0.path().join("relay.db")
    }

    pub(super) fn flows(&self) -> PathBuf {
        self.0.path().join("flows")
    }

    /// Makes the store one of the former program, with all that is in it.
    pub(super) fn downgrade(&self) -> anyhow::Result<()> {
        let store = rusqlite::Connection::open(self.store())?;
        let steps: u32 = store.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        anyhow::ensure!(
            steps == STEPS,
            "the schema has {steps} steps: take the new one back in `FORMER` too"
        );
        Ok(store.execute_batch(FORMER)?)
    }

    fn flow(&self, name: &str) -> PathBuf {
        self.flows().join(format!("{name}.toml"))
    }

    fn away(&self, name: &str) -> PathBuf {
        self.0.path().join(format!("{name}.toml"))
    }

    /// Takes a flow's file away, or puts it back.
    pub(super) fn take_away(&self, name: &str, is_away: bool) -> io::Result<()> {
        let (here, away) = (self.flow(name), self.away(name));
        let (from, to) = if is_away { (here, away) } else { (away, here) };
        if from.exists() { fs::rename(from, to) } else { Ok(()) }
    }

    /// Has a flow go about its documents otherwise.
    pub(super) fn say(&self, name: &str, says: Says) -> io::Result<()> {
        let path: &Path = &self.flow(name);
        if !path.exists() {
            return Ok(());
        }
        let text = fs::read_to_string(path)?;
        fs::write(path, flows::saying(&text, says))
    }

    /// Has a flow say something more: one more constant, where its target takes any.
    pub(super) fn change(&self, name: &str) -> io::Result<()> {
        let path: &Path = &self.flow(name);
        if !path.exists() {
            return Ok(());
        }
        let mark = match name {
            "trade-to-kingdee" => "[fields]\nremark = { value = \"新\" }",
            "direct-order-to-wangdian" => "[fields]\nreceiver_zip = { value = \"000000\" }",
            "purchases-to-qince" => "[fields]\nreceive_name = { value = \"新\" }",
            "orders-to-http" | "bills-told" | "sales-to-http" | "states-to-qince" => {
                "[fields]\nchanged = { value = \"yes\" }"
            }
            "sales" | "sales-by-day" | "sales-by-warehouse" => {
                "[fields]\ncontact_phone = { value = \"95500\" }"
            }
            _ => "[fields.masterFieldVal]\nchanged = { value = \"yes\" }",
        };
        let section = mark.split('\n').next().unwrap_or_default();
        let text = fs::read_to_string(path)?;
        if text.contains(mark) {
            return Ok(());
        }
        fs::write(path, text.replacen(&format!("\n{section}\n"), &format!("\n{mark}\n"), 1))
    }
}
