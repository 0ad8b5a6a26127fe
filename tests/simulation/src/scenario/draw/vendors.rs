//! How vendors misbehave.

use std::time::Duration;

use rand::RngExt as _;
use relay_simulators::Fault;

use super::super::{Vendor, What};
use super::Draw;

impl Draw {
    pub(super) fn trouble(&mut self) -> What {
        if self.chance(1, 12) {
            return What::RefusedAcknowledgement { lasts: self.span() };
        }
        let vendor = self.one_of(&[
            Vendor::Wangdian,
            Vendor::Wangdian,
            Vendor::Kingdee,
            Vendor::Kingdee,
            Vendor::Sharecrm,
            Vendor::Sharecrm,
            Vendor::Http,
        ]);
        self.trouble_of(vendor)
    }

    /// A vendor misbehaves, once or for a while.
    pub(super) fn trouble_of(&mut self, vendor: Vendor) -> What {
        if self.chance(1, 4) {
            return self.maintenance(vendor);
        }
        let fault = self.fault(vendor);
        if self.chance(1, 3) {
            return What::Once { vendor, fault };
        }
        // One day's quota is used up once.
        if fault == Fault::DailyQuotaUsed {
            return What::Once { vendor, fault };
        }
        let per_mille = self.one_of(&[20, 100, 300, 1_000]);
        What::Trouble { vendor, fault, per_mille, lasts: self.span() }
    }

    /// Nothing goes for minutes or hours.
    fn maintenance(&mut self, vendor: Vendor) -> What {
        let fault = self.one_of(&[Fault::Status(503), Fault::LostRequest, Fault::HtmlRedirect]);
        let lasts = Duration::from_secs(self.dice.random_range(300..9_000));
        What::Trouble { vendor, fault, per_mille: 1_000, lasts }
    }

    fn fault(&mut self, vendor: Vendor) -> Fault {
        let slow = [2, 12, 29, 45, 80][self.below(5)];
        let slow = Duration::from_secs(slow);
        let mut faults = vec![
            Fault::LostAnswer,
            Fault::LostAnswer,
            Fault::LostRequest,
            Fault::RateLimited,
            Fault::Status(502),
            Fault::Status(503),
            Fault::Slow(slow),
            Fault::LateAnswer(slow),
            Fault::HtmlRedirect,
            Fault::Garbage,
            Fault::StringNumbers,
            Fault::IntNumbers,
            Fault::NullLists,
            Fault::LeaveOutEmptyLists,
            Fault::EmptyLists,
        ];
        match vendor {
            Vendor::Wangdian => faults.extend([
                Fault::Duplicate,
                Fault::MovingPages,
                Fault::ZeroDates,
                Fault::ErrorsUnderCodeZero,
                Fault::LyingCount,
                Fault::InnerRefusal("系统繁忙,请稍后重试".to_owned()),
                Fault::OuterRefusal("服务不可用 isp.remote-service-error".to_owned()),
            ]),
            Vendor::Kingdee => faults.extend([
                Fault::ExpireTokens,
                Fault::Http519("系统繁忙,请稍后再试".to_owned()),
                Fault::InnerRefusal("系统繁忙,请稍后再试".to_owned()),
            ]),
            Vendor::Sharecrm => faults.extend([
                Fault::Duplicate,
                Fault::ExpireTokens,
                Fault::ServiceException,
                Fault::DailyQuotaUsed,
            ]),
            // A call that is done twice makes two orders, so none is doubled.
            Vendor::Qince => {
                faults.extend([Fault::ServiceException, Fault::InnerRefusal("系统繁忙".to_owned())]);
            }
            Vendor::Http => {}
        }
        // A network that delivers twice makes two where the vendor takes the same number twice: that is nobody's fault.
        if vendor == Vendor::Kingdee && self.refuses_duplicates
            || vendor == Vendor::Http && self.receiver_replaces
        {
            faults.push(Fault::Duplicate);
        }
        self.one_of(&faults)
    }
}
