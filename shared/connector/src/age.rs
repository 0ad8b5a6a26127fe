//! How old a push may be, where a setting limits it.
//!
//! A signature proves who wrote a push, and not that it is new: whoever has seen one can send it again. The ledger skips
//! what was delivered and everything older, so a repetition changes nothing there; but a flow whose target keeps no
//! numbers, or an old version of a document that nobody knows any more, would be delivered. A limit stops that, at a price:
//! a sender that repeats its pushes under their old time is refused too. So the default is none.

use chrono::{DateTime, TimeDelta, Utc};

use crate::settings::{Reader, Setting};

/// How far the time that a push says it was sent at may be from our clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgeLimit {
    setting: &'static str,
    /// Any where there is none.
    most: Option<TimeDelta>,
}

impl AgeLimit {
    /// Reads a setting in minutes, where 0 takes any age.
    pub fn read(reader: &mut Reader<'_>, setting: &Setting) -> Self {
        let minutes: u32 = reader.parsed(setting).unwrap_or_default();
        let most = (minutes > 0).then(|| TimeDelta::minutes(minutes.into()));
        Self { setting: setting.name, most }
    }

    /// No limit; `setting` would name one.
    #[must_use]
    pub const fn any(setting: &'static str) -> Self {
        Self { setting, most: None }
    }

    /// Checks when a push was sent, as it says itself; `None` where it says no time that can be read.
    ///
    /// # Errors
    /// Why it is not taken, and the way out.
    pub fn check(&self, sent: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<(), String> {
        let Self { setting, most: Some(most) } = self else { return Ok(()) };
        let Some(sent) = sent else {
            return Err(format!("it says no time that can be read, and {setting} limits the age of pushes"));
        };
        let age = now - sent;
        if age.abs() <= *most {
            return Ok(());
        }
        let (minutes, most) = (age.num_minutes().abs(), most.num_minutes());
        let how = if age > TimeDelta::zero() { "old" } else { "ahead of our clock" };
        Err(format!(
            "it is {minutes} minutes {how}, and {setting} takes {most}: compare the clocks of both sides; where they are \
             right, it is an old push that somebody sends again. If the sender itself repeats pushes for so long, set \
             {setting} higher, or to 0, which takes any age"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;
    use crate::settings::Default::Value;

    const AGE: Setting = Setting::optional("AGE", Value("0"), "a whole number of minutes");

    fn limit(minutes: &str) -> AgeLimit {
        let settings: Settings = [("AGE".to_owned(), minutes.to_owned())].into_iter().collect();
        let mut reader = Reader::new(&settings);
        let limit = AgeLimit::read(&mut reader, &AGE);
        reader.done(limit).unwrap()
    }

    fn check(minutes: &str, seconds_old: i64) -> Result<(), String> {
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        limit(minutes).check(Some(now - TimeDelta::seconds(seconds_old)), now)
    }

    #[test]
    fn any_age_is_taken_unless_it_is_limited() {
        assert_eq!(check("", 1_000_000_000), Ok(()));
        assert_eq!(check("0", -1_000_000_000), Ok(()));
        assert_eq!(limit("0").check(None, DateTime::UNIX_EPOCH), Ok(()));
    }

    #[test]
    fn what_is_too_old_or_too_far_ahead_is_refused_and_the_way_out_is_told() {
        for taken in [0, 600, -600] {
            assert_eq!(check("10", taken), Ok(()), "{taken}");
        }
        let old = check("10", 601).unwrap_err();
        assert!(old.starts_with("it is 10 minutes old, and AGE takes 10: compare the clocks"), "{old}");
        let ahead = check("10", -86_400).unwrap_err();
        assert!(ahead.starts_with("it is 1440 minutes ahead of our clock"), "{ahead}");
        assert!(limit("10").check(None, DateTime::UNIX_EPOCH).unwrap_err().contains("AGE limits"));
    }

    #[test]
    fn the_largest_limit_and_the_furthest_times_are_reckoned_with() {
        let limit = limit("4294967295");
        let (first, last) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
        assert!(limit.check(Some(first), last).is_err() && limit.check(Some(last), first).is_err());
    }
}
