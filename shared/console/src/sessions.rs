//! Who is logged in. Sessions are in memory alone: a program that begins anew asks everybody to log in again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// One who does nothing for so long is logged out.
const IDLE: Duration = Duration::from_secs(30 * 60);

/// Whoever is logged in logs in again after so long.
const LONGEST: Duration = Duration::from_secs(12 * 3_600);

/// So many may be logged in at once: of more, the one that has been idle for longest ends.
const MOST: usize = 1_000;

/// Somebody who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    /// The user's name.
    pub(crate) user: String,
    /// What the session's forms carry.
    pub(crate) token: String,
    began: Duration,
    seen: Duration,
}

impl Session {
    fn is_over(&self, now: Duration) -> bool {
        now.saturating_sub(self.seen) > IDLE || now.saturating_sub(self.began) > LONGEST
    }
}

/// The sessions, each by what its cookie says, which nobody can guess. Times are those of a clock that is never set.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<String, Session>>);

impl Sessions {
    /// Begins one.
    pub(crate) fn begin(&self, id: String, user: &str, token: String, now: Duration) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, session| !session.is_over(now));
        if sessions.len() >= MOST {
            let idlest = sessions.iter().min_by_key(|(_, session)| session.seen).map(|(id, _)| id.clone());
            idlest.and_then(|id| sessions.remove(&id));
        }
        sessions.insert(id, Session { user: user.to_owned(), token, began: now, seen: now });
    }

    /// The session of a cookie, which is not idle from now on.
    pub(crate) fn of(&self, id: &str, now: Duration) -> Option<Session> {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, session| !session.is_over(now));
        let session = sessions.get_mut(id)?;
        session.seen = now;
        Some(session.clone())
    }

    /// Ends one.
    pub(crate) fn end(&self, id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn begun() -> Sessions {
        let sessions = Sessions::default();
        sessions.begin("a".to_owned(), "li", "t".to_owned(), Duration::ZERO);
        sessions
    }

    #[test]
    fn a_session_ends_when_nothing_is_done_and_when_it_is_ended() {
        let sessions = begun();
        assert_eq!(sessions.of("a", 29 * MINUTE).map(|session| session.user), Some("li".to_owned()));
        assert!(sessions.of("a", 58 * MINUTE).is_some(), "it was not idle");
        assert!(sessions.of("b", 58 * MINUTE).is_none());
        assert!(sessions.of("a", 89 * MINUTE).is_none(), "idle for 31 minutes");
        let sessions = begun();
        sessions.end("a");
        assert!(sessions.of("a", MINUTE).is_none());
    }

    #[test]
    fn a_session_ends_after_twelve_hours_whatever_is_done() {
        let sessions = begun();
        let is_there = |minutes: u32| sessions.of("a", minutes * MINUTE).is_some();
        assert!((1..=48).all(|quarter| is_there(15 * quarter)));
        assert!(!is_there(12 * 60 + 1));
    }

    #[test]
    fn of_too_many_the_idlest_ends() {
        let sessions = begun();
        for place in 0..MOST {
            sessions.begin(place.to_string(), "wang", "t".to_owned(), MINUTE);
        }
        assert!(sessions.of("a", MINUTE).is_none());
        assert!(sessions.of("0", MINUTE).is_some());
    }
}
