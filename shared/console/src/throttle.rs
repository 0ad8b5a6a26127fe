//! How often a log-in may be tried: a password is not found by trying, and nobody keeps the machine busy with hashes.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Tries are forgotten after so long.
const SPAN: Duration = Duration::from_secs(10 * 60);

/// So many tries may fail for one name, and so many from one address, within that time.
const OF_A_NAME: usize = 5;
const OF_AN_ADDRESS: usize = 20;

/// So many names and addresses are remembered: of more, those that have tried longest ago are forgotten.
const MOST: usize = 10_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Who {
    Name(String),
    Address(IpAddr),
}

impl Who {
    fn may_fail(&self) -> usize {
        match self {
            Self::Name(_) => OF_A_NAME,
            Self::Address(_) => OF_AN_ADDRESS,
        }
    }
}

/// The tries that have failed.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<HashMap<Who, VecDeque<Duration>>>);

impl Throttle {
    /// How long a name, or an address, has to wait before it may try again.
    pub(crate) fn wait(&self, name: &str, address: Option<IpAddr>, now: Duration) -> Option<Duration> {
        let tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = |who: Who| {
            let failed = tries.get(&who)?;
            let first = failed.iter().rev().nth(who.may_fail() - 1)?;
            (*first + SPAN).checked_sub(now).filter(|wait| !wait.is_zero())
        };
        those(name, address).filter_map(wait).max()
    }

    /// Notes a try that has failed.
    pub(crate) fn failed(&self, name: &str, address: Option<IpAddr>, now: Duration) {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() >= MOST {
            tries.retain(|_, failed| failed.back().is_some_and(|last| *last + SPAN > now));
            let oldest = tries.iter().min_by_key(|(_, failed)| failed.back()).map(|(who, _)| who.clone());
            oldest.filter(|_| tries.len() >= MOST).and_then(|who| tries.remove(&who));
        }
        for who in those(name, address) {
            let most = who.may_fail();
            let failed = tries.entry(who).or_default();
            failed.push_back(now);
            if failed.len() > most {
                failed.pop_front();
            }
        }
    }

    /// Whoever has the password may have mistyped it before.
    pub(crate) fn succeeded(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&Who::Name(name.to_owned()));
    }
}

fn those(name: &str, address: Option<IpAddr>) -> impl Iterator<Item = Who> {
    std::iter::once(Who::Name(name.to_owned())).chain(address.map(|address| Who::Address(network(address))))
}

/// Whoever has one address of IPv6 has all of its network.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn address(text: &str) -> Option<IpAddr> {
        text.parse().ok()
    }

    #[test]
    fn a_name_that_has_failed_five_times_waits_wherever_it_comes_from() {
        let throttle = Throttle::default();
        for place in 1..=5_u8 {
            assert_eq!(throttle.wait("li", address("10.0.0.9"), MINUTE), None, "{place}");
            throttle.failed("li", address(&format!("10.0.0.{place}")), MINUTE);
        }
        assert_eq!(throttle.wait("li", address("10.0.0.9"), 2 * MINUTE), Some(9 * MINUTE));
        assert_eq!(throttle.wait("wang", address("10.0.0.1"), 2 * MINUTE), None);
        assert_eq!(throttle.wait("li", address("10.0.0.9"), 11 * MINUTE), None);
        throttle.succeeded("li");
        assert_eq!(throttle.wait("li", None, 2 * MINUTE), None);
    }

    #[test]
    fn an_address_that_has_failed_twenty_times_waits_whatever_name_it_gives() {
        let throttle = Throttle::default();
        for place in 0..20 {
            throttle.failed(&format!("user-{place}"), address("2001:db8:1:2::1"), Duration::ZERO);
        }
        assert_eq!(throttle.wait("li", address("2001:db8:1:2:ffff::7"), MINUTE), Some(9 * MINUTE));
        assert_eq!(throttle.wait("li", address("2001:db8:1:3::1"), MINUTE), None);
    }

    #[test]
    fn strangers_take_no_more_than_so_much_memory() {
        let throttle = Throttle::default();
        for place in 0..MOST + 100 {
            throttle.failed(&place.to_string(), None, Duration::ZERO);
        }
        assert!(throttle.0.lock().unwrap().len() <= MOST);
    }
}
