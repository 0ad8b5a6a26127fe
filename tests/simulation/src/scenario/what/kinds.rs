//! What kind of thing something is that happens.

use chrono::TimeDelta;
use relay_simulators::Fault;

use super::What;
use crate::scenario::REFUSED;

impl What {
    /// Which process stands still.
    #[must_use]
    pub fn stops(&self) -> Option<usize> {
        match self {
            Self::Stop { slot, .. } | Self::StopAt { slot, .. } => Some(*slot),
            _ => None,
        }
    }

    /// Which process dies.
    #[must_use]
    pub fn kills(&self) -> Option<usize> {
        match self {
            Self::Kill { slot, .. } | Self::KillAt { slot, .. } => Some(*slot),
            _ => None,
        }
    }

    /// Whether requests to that vendor arrive twice.
    #[must_use]
    pub fn doubles_calls_of(&self, name: &str) -> bool {
        let (Self::Trouble { vendor, fault, .. } | Self::Once { vendor, fault }) = self else { return false };
        *fault == Fault::Duplicate && format!("{vendor:?}").eq_ignore_ascii_case(name)
    }

    /// Whether calls to that vendor come later than they were meant: it takes its time, or has others wait.
    #[must_use]
    pub fn holds_up_calls_of(&self, name: &str) -> bool {
        let (Self::Trouble { vendor, fault, .. } | Self::Once { vendor, fault }) = self else { return false };
        let holds_up = matches!(
            fault,
            Fault::Slow(_)
                | Fault::LateAnswer(_)
                | Fault::EndlessAnswer
                | Fault::RateLimited
                | Fault::DailyQuotaUsed
        );
        holds_up && format!("{vendor:?}").eq_ignore_ascii_case(name)
    }

    /// Whether a vendor refuses documents for good.
    #[must_use]
    pub fn refuses(&self) -> bool {
        let (Self::Trouble { fault, .. } | Self::Once { fault, .. }) = self else { return false };
        *fault == Fault::InnerRefusal(REFUSED.to_owned())
    }

    /// Whether a vendor may have done what it does not say that it has.
    #[must_use]
    pub fn loses_answers(&self) -> bool {
        let (Self::Trouble { fault, .. } | Self::Once { fault, .. }) = self else { return false };
        matches!(
            fault,
            Fault::LostAnswer | Fault::LateAnswer(_) | Fault::Slow(_) | Fault::Garbage | Fault::Duplicate
        )
    }

    /// Whether WDT shows zeros for times.
    #[must_use]
    pub fn shows_zero_dates(&self) -> bool {
        matches!(
            self,
            Self::Trouble { fault: Fault::ZeroDates, .. } | Self::Once { fault: Fault::ZeroDates, .. }
        )
    }

    /// Whether it sets a clock forward.
    #[must_use]
    pub fn sets_clock_forward(&self) -> bool {
        matches!(self, Self::ClockSet { ahead, .. } if *ahead > TimeDelta::zero())
    }

    /// Whether it sets a clock so far ahead that messages which are in flight are received anew.
    #[must_use]
    pub fn ends_flights(&self) -> bool {
        matches!(self, Self::ClockSet { ahead, .. } if *ahead >= TimeDelta::minutes(12))
    }

    /// Whether it disturbs a process: kills it, stops it, sets its clock, or has its store fail.
    #[must_use]
    pub fn is_of_process(&self) -> bool {
        matches!(
            self,
            Self::Kill { .. }
                | Self::KillAt { .. }
                | Self::Stop { .. }
                | Self::StopAt { .. }
                | Self::ClockSet { .. }
                | Self::Store { .. }
        )
    }

    /// Whether it is a fault, and not a document or a person's doing.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        let of_vendor = matches!(
            self,
            Self::Trouble { .. }
                | Self::Once { .. }
                | Self::RefusedAcknowledgement { .. }
                | Self::WrongSecret { .. }
        );
        of_vendor || self.is_of_process()
    }

    /// Its kind, for counting.
    #[must_use]
    pub fn kind(&self) -> String {
        let text = format!("{self:?}");
        let name = text.split([' ', '{', '(']).next().unwrap_or_default().to_owned();
        match self {
            Self::Trouble { vendor, fault, .. } | Self::Once { vendor, fault } => {
                let fault = format!("{fault:?}");
                format!("{vendor:?} {}", fault.split('(').next().unwrap_or_default())
            }
            Self::Store { port, side, kind, .. } => format!("Store {port:?} {side:?} {kind:?}"),
            Self::KillAt { port, operation, .. } | Self::StopAt { port, operation, .. } => {
                format!("{name} {port:?} {operation}")
            }
            _ => name,
        }
    }
}
