//! The settings under which a relay may call the simulated vendors.

use crate::{
    HTTP_BASE_URL, KINGDEE_BASE_URL, MAIL_HOST, QIMEN_BASE_URL, QINCE_BASE_URL, SHARECRM_BASE_URL,
    WDT_BASE_URL,
};
use crate::{http, kingdee, mail, qince, sharecrm, wangdian};

/// Every setting but the base URLs and `HTTP_POST_URL`: those are [`WDT_BASE_URL`](crate::WDT_BASE_URL) and its like in process, and
/// those of [`Served`](crate::Served) on sockets.
#[must_use]
pub fn settings() -> Vec<(&'static str, &'static str)> {
    let (wdt, jdy, crm) = (wangdian::ACCOUNT, kingdee::CREDENTIALS, sharecrm::CREDENTIALS);
    vec![
        ("WDT_SID", wdt.sid),
        ("WDT_APPKEY", wdt.appkey),
        ("WDT_APPSECRET", wdt.appsecret),
        ("WDT_SHOP_NO", "S001"),
        ("QIMEN_APP_KEY", wdt.qimen_app_key),
        ("QIMEN_APP_SECRET", wdt.qimen_app_secret),
        ("QIMEN_TARGET_APP_KEY", wdt.target_app_key),
        ("KINGDEE_AUTH", "v1"),
        ("KINGDEE_CLIENT_ID", jdy.client_id),
        ("KINGDEE_CLIENT_SECRET", jdy.client_secret),
        ("KINGDEE_USERNAME", jdy.username),
        ("KINGDEE_PASSWORD", jdy.password),
        ("KINGDEE_ACCOUNT_ID", jdy.account_id),
        ("KINGDEE_OUTER_INSTANCE_ID", kingdee::OUTER_INSTANCE_ID),
        ("SHARECRM_APP_ID", crm.app_id),
        ("SHARECRM_APP_SECRET", crm.app_secret),
        ("SHARECRM_PERMANENT_CODE", crm.permanent_code),
        ("SHARECRM_EXTRA_HEADERS", sharecrm::EXTRA_HEADERS),
        ("SHARECRM_USER_ID", crm.user_id),
        ("SHARECRM_DATA_CENTER_ID", crm.data_center_id),
        ("QINCE_PUSH_SECRETS", qince::PUSH_SECRET),
        ("QINCE_OPENID", qince::CREDENTIALS.openid),
        ("QINCE_APPKEY", qince::CREDENTIALS.appkey),
        qince::PATHS[0],
        qince::PATHS[1],
        qince::PATHS[2],
        ("HTTP_POST_HEADERS", http::POST_HEADERS),
        ("HTTP_POST_SECRET", http::POST_SECRET),
        ("HTTP_WECOM_KEY", http::WECOM_KEY),
        ("HTTP_DINGTALK_TOKEN", http::DINGTALK_TOKEN),
        ("HTTP_DINGTALK_SECRET", http::DINGTALK_SECRET),
        ("HTTP_FEISHU_TOKEN", http::FEISHU_TOKEN),
        ("HTTP_FEISHU_SECRET", http::FEISHU_SECRET),
        ("HTTP_WEBHOOK_SECRETS", http::WEBHOOK_SECRET),
        ("MAIL_FROM", mail::FROM),
        ("MAIL_PASSWORD", mail::PASSWORD),
    ]
}

/// The same, with the addresses of the vendors in process.
#[must_use]
pub fn settings_in_process() -> Vec<(&'static str, &'static str)> {
    let addresses = [
        ("WDT_BASE_URL", WDT_BASE_URL),
        ("QIMEN_BASE_URL", QIMEN_BASE_URL),
        ("KINGDEE_BASE_URL", KINGDEE_BASE_URL),
        ("SHARECRM_BASE_URL", SHARECRM_BASE_URL),
        ("QINCE_BASE_URL", QINCE_BASE_URL),
        ("HTTP_POST_URL", "https://http.invalid/receive"),
        ("HTTP_WECOM_BASE_URL", HTTP_BASE_URL),
        ("HTTP_DINGTALK_BASE_URL", HTTP_BASE_URL),
        ("HTTP_FEISHU_BASE_URL", HTTP_BASE_URL),
        ("MAIL_HOST", MAIL_HOST),
    ];
    [settings(), addresses.to_vec()].concat()
}
