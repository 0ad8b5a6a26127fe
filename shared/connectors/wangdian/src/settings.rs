use std::num::NonZeroU32;
use std::str::FromStr;

use secrecy::SecretString;
use url::Url;

/// What a [`Client`](crate::Client) needs to know of one seller account.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `WDT_BASE_URL`, such as `https://api.wangdian.cn/openapi2`, with or without a slash at its end.
    pub base_url: Url,
    /// `WDT_SID`, the seller account (卖家账号). Both routes need it.
    pub sid: String,
    /// `WDT_APPKEY`, the interface account (接口账号) of the direct route.
    pub appkey: String,
    /// `WDT_APPSECRET`, which signs the direct route and is never sent.
    pub appsecret: SecretString,
    /// The account of the Qimen route; without one, only the direct route works.
    pub qimen: Option<QimenSettings>,
    /// The allowance of both routes together. The vendor's is 60 a minute; ours should stay below it.
    pub calls_per_minute: NonZeroU32,
}

/// The account of the Qimen route (奇门自定义).
#[derive(Debug, Clone)]
pub struct QimenSettings {
    /// `QIMEN_BASE_URL`, the gateway's whole address.
    pub base_url: Url,
    /// `QIMEN_APP_KEY`, a Taobao open-platform appkey that WDT has authorised.
    pub app_key: String,
    /// `QIMEN_APP_SECRET`, which signs and is never sent.
    pub app_secret: SecretString,
    /// `QIMEN_TARGET_APP_KEY`, WDT's own application on the gateway.
    pub target_app_key: String,
}

/// Which of the two pipes a call goes through. The business functions behind them are the same, but only
/// Qimen hands over orders of Taobao and Tmall (淘系), and hands them over without the buyer's private fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// WDT's own open API.
    Direct,
    /// The Qimen custom API (奇门自定义) on Taobao's gateway.
    Qimen,
}

impl Route {
    /// The route's name in a flow file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Qimen => "qimen",
        }
    }
}

/// A flow file names a route that there is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no route to 旺店通: write `direct` or `qimen`")]
pub struct UnknownRoute(String);

impl FromStr for Route {
    type Err = UnknownRoute;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [Self::Direct, Self::Qimen]
            .into_iter()
            .find(|route| route.name() == name)
            .ok_or_else(|| UnknownRoute(name.to_owned()))
    }
}
