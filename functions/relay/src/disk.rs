//! The room that the store takes on its disk, looked at by `relay serve`.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use relay_host::settings::declared::STORE_MB;
use relay_host::{Settings, Store, Wiring, settings};
use relay_job::room::{self, Room};

use crate::supervise::Supervisor;

const LOOK_EVERY: Duration = Duration::from_secs(5 * 60);

/// The store's file, and how large it should become.
pub(crate) struct Disk {
    file: PathBuf,
    most: u64,
}

impl Disk {
    /// That of a store in a file; AWS has room.
    ///
    /// # Errors
    /// A bound that is none.
    pub(crate) fn of(wiring: &Wiring) -> anyhow::Result<Option<Self>> {
        let most = settings::number(&wiring.settings, &STORE_MB)?.saturating_mul(1_000_000);
        Ok(match settings::store(&wiring.settings)? {
            Store::Sqlite(file) => Some(Self { file, most }),
            Store::Aws(_) => None,
        })
    }

    /// Looks, and notes what there is too little room for.
    pub(crate) async fn look(&self, supervisor: &Supervisor) -> anyhow::Result<()> {
        let found = measured(&self.file)
            .with_context(|| format!("the room that {} takes cannot be told", self.file.display()))?;
        let (checkpoints, now) = (supervisor.checkpoints.as_ref(), supervisor.clock.now());
        room::note(checkpoints, found.shortages(self.most), now).await?;
        Ok(())
    }
}

/// Looks again and again.
pub(crate) async fn watch(supervisor: Supervisor, disk: Disk) {
    let turn = || async {
        disk.look(&supervisor).await?;
        Ok(LOOK_EVERY)
    };
    supervisor.keep("disk", turn).await;
}

/// What the store of an installation takes, where it is a file that can be looked at.
pub(crate) fn room(settings: &Settings) -> Option<Room> {
    match settings::store(settings).ok()? {
        Store::Sqlite(file) => measured(&file).ok(),
        Store::Aws(_) => None,
    }
}

/// What the file takes with those that SQLite keeps beside it, and what is left.
fn measured(file: &Path) -> io::Result<Room> {
    let beside = ["-wal", "-shm"].map(|end| {
        let mut name = file.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    });
    let length = |file: &PathBuf| file.metadata().map_or(0, |known| known.len());
    let (log, length) = (beside.iter().map(length).sum(), file.metadata()?.len());
    let disk = rustix::fs::statvfs(file)?;
    Ok(Room { file: length, log, free: disk.f_bavail.saturating_mul(disk.f_frsize) })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use relay_core::clock::{Clock as _, SimulatedClock};
    use relay_job::room::Shortage;
    use relay_store_sqlite::Sqlite;

    use super::*;

    #[tokio::test]
    async fn a_file_that_grows_beyond_its_bound_is_noted_since_then_until_it_is_small_again() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(SimulatedClock::starting_at(chrono::DateTime::UNIX_EPOCH));
        let stores = Sqlite::open(&folder.path().join("relay.db"), clock.clone()).unwrap().stores();
        let (_stop, stopped) = tokio::sync::watch::channel(false);
        let checkpoints = stores.checkpoints.clone();
        let supervisor = Supervisor { clock: clock.clone(), checkpoints: checkpoints.clone(), stopped };
        let file = folder.path().join("large");
        let disk = Disk { file: file.clone(), most: 1_000_000 };
        assert!(disk.look(&supervisor).await.is_err(), "there is none");
        for (bytes, wal, since) in
            [(900_000, 0, None), (900_000, 200_000, Some(300)), (1_200_000, 0, Some(300)), (10, 0, None)]
        {
            std::fs::write(&file, vec![0; bytes]).unwrap();
            std::fs::write(folder.path().join("large-wal"), vec![0; wal]).unwrap();
            disk.look(&supervisor).await.unwrap();
            let short = room::short(checkpoints.as_ref()).await.unwrap();
            let large = short.iter().find(|short| short.shortage == Shortage::Large);
            assert_eq!(large.map(|short| short.since.timestamp()), since, "{bytes} and {wal}");
            clock.sleep(LOOK_EVERY).await;
        }
    }

    #[test]
    fn what_is_left_on_the_disk_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("relay.db");
        std::fs::write(&file, "12345").unwrap();
        let found = measured(&file).unwrap();
        assert_eq!((found.file, found.log), (5, 0));
        assert!(found.free > 0);
    }
}
