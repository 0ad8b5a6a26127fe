//! The ports with a hook around every call, for tests: stores that fail, hang, are killed or count.
//!
//! [`decorate`] wraps the ports of an installation, and calls a closure before and after each call. A port's method is
//! one line at the end of this file; without it the crate does not compile.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use relay_core::archive::{Listed, Record};
use relay_core::clock::Rng;
use relay_core::groups::{Contribution, GroupId, Open, Seal};
use relay_core::ledger::Counts;
use relay_core::queue::{Seen, Sought};
use relay_core::quota::{Ask, Grant, Limit, Used};
use relay_core::{
    Action, Archive, Audit, Checkpoint, Checkpoints, DeadLetter, Depth, Entry, EntryId, Groups, Lease,
    Ledger, LookupRow, Lookups, Outgoing, Queue, Quotas, Received, StoreError, Stores, System, UnknownCode,
    Waiter,
};

/// A port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Port {
    /// Messages between the functions.
    Queue,
    /// Watermarks, leases, pauses, tokens.
    Checkpoints,
    /// What became of every document.
    Ledger,
    /// Ids of the targets by our codes.
    Lookups,
    /// What came, what was sent, what was answered.
    Archive,
    /// One budget of calls for each account of a vendor.
    Quotas,
    /// Documents that become one bill together.
    Groups,
    /// What people have done.
    Audit,
}

/// One call of a port.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Which port.
    pub port: Port,
    /// Which of its methods, by its name.
    pub operation: &'static str,
    /// What is handed over with it.
    pub carries: Carries<'a>,
}

/// What a call hands over, where tests look at it.
#[derive(Debug, Clone, Copy)]
pub enum Carries<'a> {
    /// Nothing that a test looks at.
    Nothing,
    /// Messages to send.
    Messages(&'a [Outgoing]),
    /// Messages to send to several systems.
    Batches(&'a [(System, Vec<Outgoing>)]),
    /// An entry to write.
    Entry(&'a Entry),
    /// The name of a checkpoint to write.
    Name(&'a str),
    /// What is looked at, taken or removed, by its name.
    Key(&'a str),
    /// A lease to give back.
    Lease(&'a Lease),
}

/// On which side of a call the hook is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The store knows nothing of the call yet: an error keeps the call from it.
    Before,
    /// The store has done what it does: an error takes the place of its answer, as one that got lost.
    After,
}

/// Calls `hook` before and after every call of a port. A hook that waits delays the call, one whose future never ends is a
/// process that was killed there, and one that fails fails the call.
pub fn decorate<H, F>(stores: &Stores, hook: H) -> Stores
where
    H: Fn(Side, &Call<'_>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), StoreError>> + Send + 'static,
{
    let hook = Box::new(move |side, call: &Call<'_>| hook(side, call).boxed());
    let this = Arc::new(Decorated { stores: stores.clone(), hook });
    Stores {
        queue: this.clone(),
        checkpoints: this.clone(),
        ledger: this.clone(),
        lookups: this.clone(),
        archive: this.clone(),
        quotas: this.clone(),
        groups: this.clone(),
        audit: this,
    }
}

type Hook = dyn Fn(Side, &Call<'_>) -> BoxFuture<'static, Result<(), StoreError>> + Send + Sync;

struct Decorated {
    stores: Stores,
    hook: Box<Hook>,
}

impl Decorated {
    async fn around<T: Send>(
        &self,
        call: Call<'_>,
        made: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        (self.hook)(Side::Before, &call).await?;
        let answer = made.await;
        (self.hook)(Side::After, &call).await?;
        answer
    }
}

/// By hand, because a location is no call to a store.
#[async_trait]
impl Archive for Decorated {
    fn location(&self, now: DateTime<Utc>, rng: &dyn Rng) -> Option<String> {
        self.stores.archive.location(now, rng)
    }

    async fn write(&self, location: Option<&str>, records: &[Record]) -> Result<(), StoreError> {
        let call = Call { port: Port::Archive, operation: "write", carries: Carries::Nothing };
        self.around(call, self.stores.archive.write(location, records)).await
    }

    async fn read(&self, id: &EntryId, locations: &[String]) -> Result<Vec<Record>, StoreError> {
        let call = Call { port: Port::Archive, operation: "read", carries: Carries::Nothing };
        self.around(call, self.stores.archive.read(id, locations)).await
    }

    async fn between(
        &self,
        flow: Option<&str>,
        span: (DateTime<Utc>, DateTime<Utc>),
        from: Option<&str>,
        limit: usize,
    ) -> Result<Option<Listed>, StoreError> {
        let call = Call { port: Port::Archive, operation: "between", carries: Carries::Nothing };
        self.around(call, self.stores.archive.between(flow, span, from, limit)).await
    }

    fn day_of(&self, location: &str) -> Option<NaiveDate> {
        self.stores.archive.day_of(location)
    }
}

macro_rules! decorated {
    ($($port:ident as $field:ident {
        $($operation:ident($($argument:ident: $type:ty),*) -> $answer:ty $(, carries $kind:ident($carried:ident))?;)*
    })*) => {$(
        #[async_trait]
        impl $port for Decorated {
            $(async fn $operation(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                let carries = [$(Carries::$kind($carried),)? Carries::Nothing][0];
                let call = Call { port: Port::$port, operation: stringify!($operation), carries };
                self.around(call, self.stores.$field.$operation($($argument),*)).await
            })*
        }
    )*};
}

decorated! {
    Queue as queue {
        send(system: System, messages: &[Outgoing]) -> (), carries Messages(messages);
        send_all(messages: &[(System, Vec<Outgoing>)]) -> (), carries Batches(messages);
        receive(system: System, max: usize, visibility: Duration) -> Vec<Received>;
        delete(system: System, receipts: &[String]) -> ();
        delay(system: System, receipt: &str, delay: Duration) -> bool;
        delay_all(system: System, delays: &[(String, Duration)]) -> ();
        depth(system: System) -> Depth;
        by_flow(system: System) -> Option<HashMap<String, u64>>;
        seek(system: System, sought: Sought<'_>) -> Option<Vec<Seen>>;
        dead(system: System) -> u64;
        dead_letters(system: System, limit: usize, after: Option<&str>) -> Vec<DeadLetter>;
        redrive(system: System, ids: Option<&[String]>) -> u64;
    }

    Checkpoints as checkpoints {
        get(name: &str) -> Option<Checkpoint>, carries Key(name);
        put(name: &str, value: &str, expected: Option<u64>, lease: Option<&Lease>) -> bool, carries Name(name);
        remove(name: &str) -> (), carries Key(name);
        acquire(name: &str, owner: &str, ttl: Duration) -> Option<Lease>, carries Key(name);
        release(lease: &Lease) -> (), carries Lease(lease);
        list(prefix: &str) -> Vec<(String, Checkpoint)>;
    }

    Ledger as ledger {
        read(ids: &[EntryId]) -> HashMap<EntryId, Entry>;
        write(entry: &Entry) -> bool, carries Entry(entry);
        failed(flow: Option<&str>, limit: usize, after: Option<&EntryId>) -> Vec<Entry>;
        find(number: &str) -> Vec<EntryId>;
        known(numbers: &[String]) -> HashSet<String>;
        list(flow: Option<&str>, from: Option<&str>, limit: usize) -> (Vec<Entry>, Option<String>);
        delivered(flow: Option<&str>, span: (DateTime<Utc>, DateTime<Utc>), from: Option<&str>, limit: usize) -> (Vec<Entry>, Option<String>);
        finds_by_time() -> bool;
        counts() -> Counts;
    }

    Lookups as lookups {
        get(codes: &[(String, String)]) -> HashMap<(String, String), String>;
        put(table: &str, code: &str, id: &str, expires_at: Option<DateTime<Utc>>) -> ();
        put_all(table: &str, ids: &[(String, String)]) -> ();
        replace(table: &str, ids: &[(String, String)]) -> ();
        list(table: Option<&str>) -> Vec<LookupRow>;
        remove(table: &str, code: &str) -> ();
        wait(code: &UnknownCode, document: &EntryId) -> ();
        waiting(code: &UnknownCode, after: Option<&EntryId>, limit: usize) -> Vec<Waiter>;
        release(code: &UnknownCode, documents: &[EntryId]) -> ();
    }

    Quotas as quotas {
        ask(name: &str, limit: Limit, ask: &Ask) -> Grant, carries Key(name);
        used() -> Vec<(String, Used)>;
    }

    Groups as groups {
        put(group: &GroupId, contribution: &Contribution) -> bool;
        group_of(document: &EntryId) -> Option<GroupId>;
        members(group: &GroupId, after: Option<&str>, limit: usize) -> Vec<Contribution>;
        open(flow: &str) -> Vec<Open>;
        ask(group: &GroupId) -> ();
        looked(open: &Open) -> ();
        seals(group: &GroupId) -> Vec<Seal>;
        seal(group: &GroupId, seal: &Seal) -> bool;
        queued(group: &GroupId, seal: &Seal) -> ();
        lapse(flow: &str) -> bool;
        sealed(flow: &str, limit: usize) -> Vec<(GroupId, DateTime<Utc>)>;
    }

    Audit as audit {
        note(action: &Action) -> ();
        actions(since: Option<DateTime<Utc>>, limit: usize) -> Vec<Action>;
    }
}
