//! Secrets in memory, closed to whatever else runs as the same user.
//!
//! Settings, tokens and documents stand in the memory of a process and in its environment. By default a program of the same
//! user may read both (`ptrace`, `/proc/PID/mem`, `/proc/PID/environ`), and a crash may write them to a file. Whoever is
//! root can read them all the same: to attach a debugger, be root.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Closes this process's memory: it leaves no core file, and on Linux nobody but root may trace it or read its memory and
/// environment. What cannot be closed is logged, and the program goes on: its work is worth more.
pub fn close() {
    let no_file = Rlimit { current: Some(0), maximum: Some(0) };
    told("a crash may write memory to a core file", setrlimit(Resource::Core, no_file));
    told("programs of this user may read memory", not_dumpable());
}

fn told(what: &str, done: rustix::io::Result<()>) {
    if let Err(error) = done {
        tracing::warn!(%error, "{what}");
    }
}

#[cfg(target_os = "linux")]
fn not_dumpable() -> rustix::io::Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};

    set_dumpable_behavior(DumpableBehavior::NotDumpable)
}

/// Elsewhere there is no such switch.
#[cfg(not(target_os = "linux"))]
fn not_dumpable() -> rustix::io::Result<()> {
    Ok(())
}
