//! What the connector reads of the settings, and the routes that a flow can name.

use std::num::NonZeroU32;
use std::str::FromStr;

use relay_connector::settings::{Default, Reader};
use relay_connector::{Setting, SettingsError};
use secrecy::SecretString;
use url::Url;

/// Every setting of the connector.
pub(crate) static SETTINGS: &[Setting] = &[
    SID,
    APPKEY,
    APPSECRET,
    BASE_URL,
    SHOP_NO,
    CALLS_PER_MINUTE,
    QUEUE_URL,
    QIMEN_APP_KEY,
    QIMEN_APP_SECRET,
    QIMEN_BASE_URL,
    QIMEN_TARGET_APP_KEY,
];

const SID: Setting =
    Setting::needed("WDT_SID", "the seller account (卖家账号)", "旺店通 gives it to the buyer of the ERP");

const APPKEY: Setting = Setting::needed(
    "WDT_APPKEY",
    "the interface account (接口账号) of the direct route",
    "旺店通's open platform (open.wangdian.cn), which gives it on application, by self-service",
);

const APPSECRET: Setting = Setting::secret(
    "WDT_APPSECRET",
    "the secret of the interface account",
    "旺店通's open platform (open.wangdian.cn), which gives it with the interface account",
);

const BASE_URL: Setting =
    Setting::optional("WDT_BASE_URL", Default::Value("https://api.wangdian.cn/openapi2"), "an address")
        .found("the test environment is https://sandbox.wangdian.cn/openapi2");

const SHOP_NO: Setting = Setting::optional(
    "WDT_SHOP_NO",
    Default::SameAs("WDT_APPKEY"),
    "the shop that pushed orders go to",
)
.found("the ERP: the 店铺编号 of a shop whose platform is 自有/其它; in the sandbox the interface account");

const CALLS_PER_MINUTE: Setting = Setting::optional(
    "WDT_CALLS_PER_MINUTE",
    // Below the 60 a minute that the vendor allows, for both routes together.
    Default::Value("50"),
    "a number of calls above 0",
);

const QUEUE_URL: Setting =
    Setting::needed("WDT_QUEUE_URL", "an output of the stack", "the outputs of the stack");

const QIMEN_APP_KEY: Setting =
    Setting::optional("QIMEN_APP_KEY", Default::Absent, "the Taobao appkey that WDT has authorised")
        .found("the Taobao open platform; 旺店通 authorises it (open.wangdian.cn, guide_qmzdy)");

const QIMEN_APP_SECRET: Setting = Setting::secret(
    "QIMEN_APP_SECRET",
    "the secret of that appkey",
    "the Taobao open platform, which gives it with the appkey",
);

const QIMEN_BASE_URL: Setting = Setting::optional(
    "QIMEN_BASE_URL",
    Default::Value("https://hu3cgwt0tc.api.taobao.com/router/qm"),
    "an address",
);

const QIMEN_TARGET_APP_KEY: Setting =
    Setting::optional("QIMEN_TARGET_APP_KEY", Default::Value("21363512"), "WDT's own appkey")
        .found("旺店通, which authorises the appkey; the default is what a client in production sends");

/// What a [`Client`](crate::Client) needs to know of one seller account.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `WDT_SID`, the seller account (卖家账号). Both routes need it.
    pub sid: String,
    /// The account of the direct route; without one, only the Qimen route works.
    pub direct: Option<DirectSettings>,
    /// The account of the Qimen route; without one, only the direct route works.
    pub qimen: Option<QimenSettings>,
    /// The allowance of both routes together. The vendor's is 60 a minute; ours should stay below it.
    pub calls_per_minute: NonZeroU32,
}

/// The account of the direct route.
#[derive(Debug, Clone)]
pub struct DirectSettings {
    /// `WDT_BASE_URL`, such as `https://api.wangdian.cn/openapi2`, with or without a slash at its end.
    pub base_url: Url,
    /// `WDT_APPKEY`, the interface account (接口账号).
    pub appkey: String,
    /// `WDT_APPSECRET`, which signs and is never sent.
    pub appsecret: SecretString,
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

impl Settings {
    /// Reads `WDT_*` and `QIMEN_*`: of each route, where its account is set.
    ///
    /// # Errors
    /// Settings that are missing or malformed. That a route has no account is none of them.
    pub fn read(settings: &relay_connector::Settings) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(settings);
        let has = |setting: &Setting| settings.get(setting.name).is_some();
        let sid = reader.text(&SID);
        let has_direct = has(&APPKEY) || has(&APPSECRET);
        let direct = has_direct.then(|| DirectSettings::read(&mut reader)).flatten();
        let qimen = has(&QIMEN_APP_KEY).then(|| QimenSettings::read(&mut reader)).flatten();
        let calls_per_minute = reader.calls(&CALLS_PER_MINUTE);
        reader.done(Self { sid, direct, qimen, calls_per_minute })
    }

    /// Checks that the account of the direct route is there, because something goes over it.
    ///
    /// # Errors
    /// Settings that are missing.
    pub(crate) fn needs_direct(settings: &relay_connector::Settings) -> Result<(), SettingsError> {
        let mut reader = Reader::new(settings);
        _ = DirectSettings::read(&mut reader);
        reader.done(())
    }

    /// Checks that the account of the Qimen route is there, because a flow reads over it.
    ///
    /// # Errors
    /// Settings that are missing.
    pub(crate) fn needs_qimen(settings: &relay_connector::Settings) -> Result<(), SettingsError> {
        let mut reader = Reader::new(settings);
        let expects = format!("{}, because a flow reads over Qimen", QIMEN_APP_KEY.expects);
        if reader.optional(&QIMEN_APP_KEY).is_none() {
            reader.missing(QIMEN_APP_KEY.name, &expects);
        }
        reader.secret(&QIMEN_APP_SECRET);
        reader.done(())
    }
}

impl DirectSettings {
    /// Nothing where the address is none, which the reader then notes.
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let base_url = reader.url(&BASE_URL);
        let (appkey, appsecret) = (reader.text(&APPKEY), reader.secret(&APPSECRET));
        Some(Self { base_url: base_url?, appkey, appsecret })
    }
}

impl QimenSettings {
    /// Nothing where the address is none, which the reader then notes.
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let base_url = reader.url(&QIMEN_BASE_URL);
        let (app_key, app_secret) = (reader.text(&QIMEN_APP_KEY), reader.secret(&QIMEN_APP_SECRET));
        let target_app_key = reader.text(&QIMEN_TARGET_APP_KEY);
        Some(Self { base_url: base_url?, app_key, app_secret, target_app_key })
    }
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
    pub const fn name(self) -> &'static str {
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
