//! Whether our credentials may have changed.

use std::sync::atomic::{AtomicBool, Ordering};

use relay_connector::{Class, Failure};

/// Noted by a function that is refused, looked at by its host, who can read the secret again.
#[derive(Debug, Default)]
pub struct CredentialCheck(AtomicBool);

impl CredentialCheck {
    /// Notes that somebody does not take us, or we do not take somebody, for whom they say they are.
    pub fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Notes it where that may be why a call failed: vendors say the same of an account that is stopped or used up.
    pub fn note_failure(&self, failure: &Failure) {
        if matches!(failure.class, Class::Paused { .. }) {
            self.note();
        }
    }

    /// Whether there is a doubt.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The credentials have been looked at.
    pub fn settle(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
