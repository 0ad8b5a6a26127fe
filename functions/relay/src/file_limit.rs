use tokio::signal::unix::{SignalKind, signal};

/// On Linux and macOS.
const SIGXFSZ: i32 = 25;

/// Lets a write beyond the limit on file sizes (`ulimit -f`) fail, as on a full disk. Unless somebody takes the signal, it
/// ends the program, and the pushes that come meanwhile find nobody.
pub(crate) fn survive() {
    // Once taken, the signal stays so for the rest of the program.
    if let Err(error) = signal(SignalKind::from_raw(SIGXFSZ)) {
        tracing::warn!(%error, "a limit on file sizes would end this program");
    }
}
