//! `relay serve` says each minute that it runs, and how many calls it has made, so that whoever asks from elsewhere knows.

use std::fs;

use chrono::{DateTime, Utc};
use relay_operations::calls;
use relay_operations::status::{Program, SAYS_EVERY};

use crate::supervise::Supervisor;

/// Where Linux tells the machine's name.
const HOST: &str = "/proc/sys/kernel/hostname";

/// This program, which runs since then.
pub(crate) fn this(since: DateTime<Utc>) -> Program {
    let host = fs::read_to_string(HOST).ok().or_else(|| std::env::var("HOSTNAME").ok());
    Program {
        host: host.map_or_else(|| "localhost".to_owned(), |host| host.trim().to_owned()),
        process: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        since,
        seen: since,
    }
}

/// Says so again and again.
pub(crate) async fn says_so(supervisor: Supervisor, program: Program) {
    let turn = || async {
        let (checkpoints, now) = (supervisor.checkpoints.as_ref(), supervisor.clock.now());
        program.says_so(checkpoints, now).await?;
        calls::keep(checkpoints, now).await?;
        Ok(SAYS_EVERY)
    };
    supervisor.keep("alive", turn).await;
}
