use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use relay_core::clock::SystemClock;

use super::*;
use crate::open;

/// A writer on a file of its own, with a table of numbers and blobs.
struct Bench {
    folder: tempfile::TempDir,
    writer: Arc<Writer>,
}

impl Bench {
    fn new(prepare: impl FnOnce(&Connection)) -> Self {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let file = folder.path().join("relay.db");
        let connection = open::writer(&file).unwrap();
        connection.execute_batch("CREATE TABLE done (n INTEGER UNIQUE, bytes BLOB)").unwrap();
        prepare(&connection);
        let health = Arc::new(Health::of(&file).unwrap());
        let writer = Writer::new(
            connection,
            health,
            SteadyTime::new(Arc::new(SystemClock)),
            Retention::default(),
            Blocking::Threads,
        );
        Self { folder, writer: Arc::new(writer) }
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("relay.db")
    }

    /// Keeps the writer busy until the guard is dropped, so that requests gather.
    async fn busy(&self) -> impl Drop {
        struct Guard(Arc<Barrier>);
        impl Drop for Guard {
            fn drop(&mut self) {
                self.0.wait();
            }
        }
        let [began, end] = [(); 2].map(|()| Arc::new(Barrier::new(2)));
        let (writer, busy, ended) = (self.writer.clone(), began.clone(), end.clone());
        tokio::spawn(async move {
            // Not when it is done once more: those that gather share its transaction.
            let mut is_first = true;
            let wait = move |_: &Connection, _| {
                if std::mem::take(&mut is_first) {
                    busy.wait();
                    ended.wait();
                }
                Ok(())
            };
            writer.ask("waiting", wait).await
        });
        tokio::task::spawn_blocking(move || began.wait()).await.unwrap();
        Guard(end)
    }

    fn insert(&self, n: u64, bytes: usize) -> tokio::task::JoinHandle<Result<(), StoreError>> {
        let writer = self.writer.clone();
        tokio::spawn(async move {
            let insert = move |connection: &Connection, _| {
                connection.execute("INSERT INTO done VALUES (?1, zeroblob(?2))", (n, bytes)).map(drop)
            };
            writer.ask("inserting", insert).await
        })
    }

    fn done(&self) -> Vec<u64> {
        let connection = Connection::open(self.file()).unwrap();
        let mut numbers = connection.prepare("SELECT n FROM done ORDER BY n").unwrap();
        numbers.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }
}

/// How many transactions a write-ahead log holds: each ends with a frame that tells the size of the file after it.
fn transactions(log: &Path) -> usize {
    const HEADER: usize = 32;
    const FRAME: usize = 24 + 8192;
    let log = std::fs::read(log).unwrap();
    log[HEADER..].chunks_exact(FRAME).filter(|frame| frame[4..8] != [0; 4]).count()
}

/// Lets what was spawned come as far as it can.
async fn settle() {
    let never = std::future::pending::<()>();
    relay_core::clock::timeout(&SystemClock, Duration::from_millis(100), never).await.unwrap_err();
}

#[tokio::test]
async fn what_has_gathered_is_one_transaction_and_what_fails_in_it_rolls_back_alone() {
    let bench = Bench::new(|_| {});
    let log = bench.folder.path().join("relay.db-wal");
    let before = transactions(&log);
    let busy = bench.busy().await;
    let inserted: Vec<_> = [0, 1, 2, 3, 1, 4, 5].map(|n| bench.insert(n, 10)).into();
    settle().await;
    drop(busy);
    let mut failed = 0;
    for inserted in inserted {
        failed += usize::from(inserted.await.unwrap().is_err());
    }
    assert_eq!((failed, bench.done()), (1, (0..6).collect()));
    let transactions = transactions(&log) - before;
    // What waited was itself a transaction, and wrote nothing; cleaning up is one.
    assert!(transactions <= 2, "{transactions}");
}

#[tokio::test]
async fn who_fails_alone_is_done_once() {
    let bench = Bench::new(|_| {});
    let (times, before) = (Arc::new(AtomicUsize::new(0)), bench.insert(1, 10));
    before.await.unwrap().unwrap();
    let counted = times.clone();
    let work = move |connection: &Connection, _| {
        counted.fetch_add(1, Ordering::Relaxed);
        connection.execute("INSERT INTO done VALUES (2, NULL)", [])?;
        connection.execute("INSERT INTO done VALUES (1, NULL)", []).map(drop)
    };
    assert!(bench.writer.ask("inserting twice", work).await.is_err());
    assert_eq!((times.load(Ordering::Relaxed), bench.done()), (1, vec![1]));
}

#[tokio::test]
async fn a_panic_harms_nobody_else_in_its_transaction() {
    let bench = Bench::new(|_| {});
    let busy = bench.busy().await;
    let (before, writer) = (bench.insert(1, 10), bench.writer.clone());
    settle().await;
    let panicking = tokio::spawn(async move {
        let work = |connection: &Connection, _| -> rusqlite::Result<()> {
            connection.execute("INSERT INTO done VALUES (2, NULL)", [])?;
            panic!("a mistake");
        };
        writer.ask("panicking", work).await
    });
    settle().await;
    let after = bench.insert(3, 10);
    settle().await;
    drop(busy);
    before.await.unwrap().unwrap();
    after.await.unwrap().unwrap();
    let error = panicking.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("panicked"), "{error}");
    bench.insert(4, 10).await.unwrap().unwrap();
    assert_eq!(bench.done(), [1, 3, 4]);
}

#[tokio::test]
async fn who_is_gone_before_its_turn_has_done_nothing() {
    let bench = Bench::new(|_| {});
    let busy = bench.busy().await;
    let (gone, stays) = (bench.insert(1, 10), bench.insert(2, 10));
    settle().await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    drop(busy);
    stays.await.unwrap().unwrap();
    assert_eq!(bench.done(), [2]);
}

#[tokio::test]
async fn one_that_finds_no_room_does_not_take_the_others_with_it() {
    // 1 MiB more than there is.
    let limit = |connection: &Connection| {
        let pages: u64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        connection.pragma_update(None, "max_page_count", pages + 128).unwrap();
    };
    let bench = Bench::new(limit);
    let busy = bench.busy().await;
    let small = [bench.insert(1, 1_000), bench.insert(2, 1_000)];
    settle().await;
    let large = bench.insert(3, 5_000_000);
    settle().await;
    let last = bench.insert(4, 1_000);
    settle().await;
    drop(busy);
    assert_eq!(large.await.unwrap().unwrap_err().kind, StoreErrorKind::Full);
    for fits in small.into_iter().chain([last]) {
        fits.await.unwrap().unwrap();
    }
    assert_eq!(bench.done(), [1, 2, 4]);
}

#[tokio::test]
async fn free_pages_are_given_back_within_a_budget_and_not_while_somebody_waits() {
    // 16 MiB.
    let bench = Bench::new(|connection| {
        connection
            .execute_batch("INSERT INTO done VALUES (0, zeroblob(16777216)); DELETE FROM done")
            .unwrap();
    });
    let mut at_work = bench.writer.shared.at_work();
    let at_work = at_work.as_mut().unwrap();
    let mut free_after = |is_idle: &dyn Fn() -> bool| {
        at_work.pace = Pace::default();
        at_work.keep_house(is_idle);
        at_work.connection.query_row("PRAGMA freelist_count", [], |row| row.get::<_, usize>(0)).unwrap()
    };
    let all = free_after(&|| false);
    assert!(all > 2_000, "{all}");
    let asked = std::cell::Cell::new(0);
    let somebody_comes = || asked.replace(asked.get() + 1) < 3;
    assert_eq!(free_after(&somebody_comes), all - 3 * 32, "whoever comes waits for one step");
    assert_eq!(free_after(&|| true), all - 3 * 32 - 16 * 32);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_stands_still_while_the_program_works_stands_still_while_the_store_does() {
    let bench = Bench::new(|_| {});
    let patience = relay_core::clock::timeout(&SystemClock, Duration::from_millis(1), async {
        for n in 0..100 {
            bench.insert(n, 10_000).await.unwrap().unwrap();
        }
    });
    patience.await.expect("no time goes by");
}

#[tokio::test]
async fn dropping_the_writer_does_what_was_asked_for_and_closes_the_file() {
    let bench = Bench::new(|_| {});
    let inserted = bench.insert(1, 10);
    inserted.await.unwrap().unwrap();
    let (file, Bench { folder, writer }) = (bench.file(), bench);
    drop(writer);
    assert!(!folder.path().join("relay.db-wal").exists(), "the last to close takes the log away");
    assert_eq!(Connection::open(file).unwrap().query_row("SELECT n FROM done", [], |row| row.get(0)), Ok(1));
}
