//! What the settings are read as, and what is said of those that are wrong.

use relay_connector::Uses;
use secrecy::{ExposeSecret as _, SecretString};

use super::*;
use crate::wiring::both;

fn wangdian(settings: &Settings) -> Result<relay_wangdian::Settings, SettingsError> {
    relay_wangdian::Settings::read(settings)
}

fn kingdee(settings: &Settings) -> Result<relay_kingdee::Settings, SettingsError> {
    relay_kingdee::Settings::read(settings)
}

fn sharecrm(settings: &Settings) -> Result<relay_sharecrm::Settings, SettingsError> {
    relay_sharecrm::Settings::read(settings)
}

fn qince(settings: &Settings) -> Result<relay_qince::Settings, SettingsError> {
    relay_qince::Settings::read(settings)
}

const SECRET: &str = "never-to-be-shown";

fn secrets() -> impl Iterator<Item = &'static str> {
    all::all().filter(|known| known.is_secret).map(|known| known.name)
}

fn settings(values: &[(&str, &str)]) -> Settings {
    values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn needed() -> Vec<(&'static str, &'static str)> {
    let names = ["WDT_SID", "WDT_APPKEY", "KINGDEE_CLIENT_ID", "KINGDEE_USERNAME", "SHARECRM_APP_ID"];
    let secret = |name: &'static str| {
        (name, if name.ends_with("_HEADERS") { "x-key: never-to-be-shown" } else { SECRET })
    };
    names.map(|name| (name, "given")).into_iter().chain(secrets().map(secret)).collect()
}

#[test]
fn what_is_left_out_gets_the_vendors_production_addresses_and_safe_limits() {
    let settings = settings(&needed());
    let wangdian = wangdian(&settings).unwrap();
    assert_eq!(wangdian.direct.unwrap().base_url.as_str(), "https://api.wangdian.cn/openapi2");
    assert!(wangdian.qimen.is_none(), "without its app key there is no Qimen route");
    assert!(wangdian.calls_per_minute.get() < 60);
    let kingdee = kingdee(&settings).unwrap();
    assert_eq!(kingdee.base_url.as_str(), "https://api.kingdee.com/");
    assert_eq!(kingdee.account_id, None);
    let sharecrm = sharecrm(&settings).unwrap();
    assert_eq!(sharecrm.base_url.as_str(), "https://open.fxiaoke.com/");
    assert_eq!((sharecrm.user_id.as_str(), sharecrm.max_body_bytes), ("1000", 1_048_576));
    assert!(!qince(&settings).unwrap().allow_raw_json);
    assert_eq!(super::store(&settings).unwrap(), Store::Sqlite("relay.db".into()));
    assert_eq!(flows_folder(&settings), None);
}

#[test]
fn the_qimen_route_comes_with_its_app_key() {
    let mut values = needed();
    values.push(("QIMEN_APP_KEY", "12345678"));
    let qimen = wangdian(&settings(&values)).unwrap().qimen.unwrap();
    assert_eq!(qimen.base_url.as_str(), "https://hu3cgwt0tc.api.taobao.com/router/qm");
    assert_eq!(qimen.target_app_key, "21363512");
    values.retain(|(name, _)| *name != "QIMEN_APP_SECRET");
    let error = wangdian(&settings(&values)).unwrap_err();
    assert_eq!(error.problems.len(), 1, "{error}");
    assert!(error.problems[0].starts_with("QIMEN_APP_SECRET is not set"), "{error}");
}

#[test]
fn empty_and_blank_are_unset_and_values_are_trimmed() {
    let settings = settings(&[("WDT_SID", ""), ("WDT_APPKEY", "  "), ("RELAY_FLOWS_DIR", " flows\n")]);
    assert_eq!((settings.get("WDT_SID"), settings.get("WDT_APPKEY")), (None, None));
    assert_eq!(flows_folder(&settings), Some("flows".into()));
}

#[test]
fn every_problem_of_a_vendor_comes_at_once() {
    let wrong = [("WDT_BASE_URL", "ftp://wdt"), ("WDT_CALLS_PER_MINUTE", "0"), ("WDT_APPKEY", "k")];
    let error = wangdian(&settings(&wrong)).unwrap_err();
    let names: Vec<_> =
        error.problems.iter().map(|problem| problem.split(' ').next().unwrap_or_default()).collect();
    assert_eq!(names, ["WDT_SID", "WDT_BASE_URL", "WDT_APPSECRET", "WDT_CALLS_PER_MINUTE"]);
}

#[test]
fn problems_of_two_vendors_come_at_once_and_each_once() {
    let settings = settings(&[]);
    let (wangdian, kingdee) = (wangdian(&settings).unwrap_err(), kingdee(&settings).unwrap_err());
    let expected = wangdian.problems.len() + kingdee.problems.len();
    let failed = |error: &SettingsError| anyhow::Result::<()>::Err(error.clone().into());
    let merged = both(both(failed(&wangdian), failed(&kingdee)), failed(&wangdian)).unwrap_err();
    assert_eq!(merged.downcast::<SettingsError>().unwrap().problems.len(), expected);
    let other = both(failed(&wangdian), anyhow::Result::<()>::Err(anyhow::anyhow!("the disk"))).unwrap_err();
    assert_eq!(other.to_string(), "the disk");
}

#[test]
fn no_secret_is_ever_shown() {
    let mut values = needed();
    for name in ["WDT_BASE_URL", "KINGDEE_BASE_URL", "SHARECRM_BASE_URL", "QINCE_ALLOW_RAW_JSON"] {
        values.push((name, SECRET));
    }
    let settings = settings(&values);
    let shown = [
        wangdian(&settings).unwrap_err().to_string(),
        kingdee(&settings).unwrap_err().to_string(),
        sharecrm(&settings).unwrap_err().to_string(),
        qince(&settings).unwrap_err().to_string(),
        for_flows(&settings, secrets()).unwrap_err().to_string(),
        format!("{settings:?}"),
    ];
    for text in shown {
        assert!(!text.contains(SECRET) && !text.is_empty(), "{text}");
    }
    let sound = self::settings(&needed());
    for text in [format!("{:?}", wangdian(&sound)), format!("{:?}", kingdee(&sound))] {
        assert!(!text.contains(SECRET), "{text}");
    }
}

#[test]
fn push_secrets_are_a_list_for_rotation() {
    let qince = qince(&settings(&[("QINCE_PUSH_SECRETS", "old, new ,")])).unwrap();
    let secrets: Vec<_> = qince.push_secrets.iter().map(SecretString::expose_secret).collect();
    assert_eq!(secrets, ["old", "new"]);
}

#[test]
fn the_calls_of_an_account_are_settings_and_the_processes_share_them() {
    let calls = |given: &[(&'static str, &'static str)]| {
        let settings = settings(&[needed().as_slice(), given].concat());
        let wangdian = wangdian(&settings).map(|wangdian| wangdian.calls_per_minute.get());
        (wangdian, kingdee(&settings).map(|kingdee| kingdee.calls_per_minute.get()))
    };
    assert_eq!(calls(&[]), (Ok(50), Ok(60)));
    assert_eq!(calls(&[("WDT_CALLS_PER_MINUTE", "59")]), (Ok(59), Ok(60)));
}

#[test]
fn the_names_of_a_stack_come_with_its_store() {
    let names = ["CHECKPOINT_TABLE", "LEDGER_TABLE", "LOOKUP_TABLE", "GROUP_TABLE"].map(|name| (name, "t"));
    let queues: Vec<_> = relay_connectors::queues().map(|(_, queue)| format!("{queue}_QUEUE_URL")).collect();
    let queues: Vec<_> = queues.iter().map(|name| (name.as_str(), "q")).collect();
    let with = |given: &[(&str, &str)]| {
        super::store(&settings(&[names.as_slice(), queues.as_slice(), given].concat()))
    };
    assert!(matches!(with(&[("RELAY_STORE", "aws")]), Ok(Store::Aws(_))));
    assert!(matches!(with(&[("AWS_LAMBDA_FUNCTION_NAME", "erp-pusher")]), Ok(Store::Aws(_))));
    assert!(matches!(with(&[]), Ok(Store::Sqlite(_))), "by default the operator's own file");
    let error = super::store(&settings(&[("RELAY_STORE", "aws"), ("LEDGER_TABLE", "t")])).unwrap_err();
    assert_eq!(error.problems.len(), names.len() - 1 + queues.len(), "{error}");
    assert!(error.problems[0].starts_with("CHECKPOINT_TABLE is not set: it expects an output"), "{error}");
}

#[test]
fn a_flow_may_name_settings_but_no_secrets() {
    let settings = settings(&needed());
    assert_eq!(for_flows(&settings, ["WDT_SHOP_NO"]).unwrap().0["WDT_SHOP_NO"], "given");
    let error = for_flows(&settings, ["SHARECRM_DATA_CENTER_ID", "KINGDEE_PASSWORD"]).unwrap_err();
    assert!(error.problems[0].starts_with("KINGDEE_PASSWORD is a secret"), "{error}");
    assert!(error.problems[1].starts_with("SHARECRM_DATA_CENTER_ID is not set"), "{error}");
}

#[test]
fn a_watermark_begins_one_day_back_or_where_it_is_told() {
    let now = DateTime::from_timestamp(1_795_348_800, 0).unwrap();
    assert_eq!(start(&settings(&[]), now).unwrap(), now - chrono::Days::new(1));
    let told = start(&settings(&[("RELAY_START", "2026-11-22T00:00:00+08:00")]), now).unwrap();
    assert_eq!(told.to_rfc3339(), "2026-11-21T16:00:00+00:00");
    assert!(start(&settings(&[("RELAY_START", "2026-11-22")]), now).is_err());
}

#[test]
fn only_stores_of_this_build_are_taken() {
    let store = |text: &str| super::store(&settings(&[("RELAY_STORE", text)]));
    assert_eq!(store("sqlite:/var/lib/relay.db").unwrap(), Store::Sqlite("/var/lib/relay.db".into()));
    for text in ["aws", "sqlite:", "relay.db"] {
        assert!(store(text).is_err(), "{text}");
    }
    let in_lambda = settings(&[("AWS_LAMBDA_FUNCTION_NAME", "erp-pusher")]);
    assert!(super::store(&in_lambda).is_err(), "Lambda's own disk forgets: its default is no file");
}

#[test]
fn a_flow_that_reads_over_qimen_needs_its_account() {
    let mut uses = Uses::default();
    uses.add(relay_connectors::catalog().document("wangdian.trade_query").unwrap(), Some("qimen"));
    let check = |given: &[(&str, &str)]| {
        let account = [("WDT_SID", "s"), ("WDT_APPKEY", "k"), ("WDT_APPSECRET", SECRET)];
        let connector = relay_connectors::named("wangdian").unwrap();
        connector.check(&settings(&[account.as_slice(), given].concat()), &uses)
    };
    let error = check(&[]).unwrap_err();
    assert_eq!(error.problems.len(), 2, "{error}");
    assert_eq!(check(&[("QIMEN_APP_KEY", "12345678"), ("QIMEN_APP_SECRET", SECRET)]), Ok(()));
}

#[test]
fn variables_that_every_program_has_are_not_taken_for_ours() {
    let flows = crate::flows::load(None, &Settings::default()).unwrap();
    let given =
        settings(&[("HTTP_PROXY", "http://proxy"), ("HTTP_PORT", "tcp://10.0.0.1:80"), ("WDT_SIDD", "s")]);
    assert_eq!(declared::unknown(&given, &flows).into_iter().collect::<Vec<_>>(), ["WDT_SIDD"]);
}

#[test]
fn a_list_of_commas_is_no_list_of_secrets() {
    let error = qince(&settings(&[("QINCE_PUSH_SECRETS", " , ,")])).unwrap_err();
    assert!(error.problems[0].starts_with("QINCE_PUSH_SECRETS"), "{error}");
}

#[test]
fn what_holds_by_default_is_what_the_list_says() {
    let unset = settings(&needed());
    let (wangdian, kingdee) = (wangdian(&unset).unwrap(), kingdee(&unset).unwrap());
    let (sharecrm, qince) = (sharecrm(&unset).unwrap(), qince(&unset).unwrap());
    let default =
        |name: &str| Reader::new(&settings(&[])).optional(all::named(name).unwrap()).unwrap().to_owned();
    for (name, holds) in [
        ("WDT_BASE_URL", wangdian.direct.unwrap().base_url.to_string()),
        ("WDT_CALLS_PER_MINUTE", wangdian.calls_per_minute.to_string()),
        ("KINGDEE_CALLS_PER_MINUTE", kingdee.calls_per_minute.to_string()),
        ("KINGDEE_EDITS", if kingdee.edits { "on" } else { "off" }.to_owned()),
        ("SHARECRM_USER_ID", sharecrm.user_id),
        ("SHARECRM_MAX_BODY_BYTES", sharecrm.max_body_bytes.to_string()),
        ("QINCE_DATA_TYPES", qince.data_types.join(", ")),
        ("QINCE_ALLOW_RAW_JSON", qince.allow_raw_json.to_string()),
    ] {
        assert_eq!(default(name), holds, "{name}");
    }
}
