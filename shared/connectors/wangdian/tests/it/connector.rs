//! What the registry knows of 旺店通, and which settings it needs for what.

use std::sync::Arc;

use relay_connector::settings::Default;
use relay_connector::{Class, Connection, Connector as _, Settings, Surroundings, Uses};
use relay_core::clock::{Deadline, SimulatedClock, SystemRng};
use relay_wangdian::{Route, Wangdian};

use crate::support::{Script, first_page, hour, payload, query, time};

fn set(names: &[&str]) -> Settings {
    names.iter().map(|name| ((*name).to_owned(), format!("value-of-{name}"))).collect()
}

const ACCOUNT: [&str; 3] = ["WDT_SID", "WDT_APPKEY", "WDT_APPSECRET"];

fn over(route: Option<&str>) -> Uses {
    let mut uses = Uses::default();
    let trades = Wangdian.documents().iter().find(|document| document.name == "wangdian.trade_query");
    uses.add(trades.unwrap(), route);
    uses
}

fn problems(settings: &Settings, uses: &Uses) -> Vec<String> {
    Wangdian.check(settings, uses).err().map_or(Vec::new(), |error| error.problems)
}

#[test]
fn it_is_known_by_its_name_and_takes_documents() {
    assert_eq!(Wangdian.system().name(), "wangdian");
    assert_eq!((Wangdian.title(), Wangdian.queue()), ("旺店通", Some("WDT")));
    assert_eq!(Wangdian.documents().len(), 42);
    assert!(Wangdian.documents().iter().all(|document| document.name.starts_with("wangdian.")));
    assert!(Wangdian.lookups().is_empty());
}

#[test]
fn every_use_of_the_usual_route_needs_its_account() {
    for uses in [over(None), over(Some("direct"))] {
        assert_eq!(
            problems(&set(&[]), &uses),
            [
                "WDT_SID is not set: it expects the seller account (卖家账号)",
                "WDT_APPKEY is not set: it expects the interface account (接口账号) of the direct route",
                "WDT_APPSECRET is not set: it expects the secret of the interface account",
            ]
        );
        assert!(problems(&set(&ACCOUNT), &uses).is_empty());
    }
}

#[test]
fn a_tenant_with_qimen_alone_needs_no_account_of_the_direct_route() {
    let alone = set(&["WDT_SID", "QIMEN_APP_KEY", "QIMEN_APP_SECRET"]);
    let mut uses = over(Some("qimen"));
    assert!(problems(&alone, &uses).is_empty());
    uses.add(Wangdian.documents().iter().find(|document| document.name == "wangdian.shop").unwrap(), None);
    let missing = problems(&alone, &uses);
    assert!(missing.len() == 2 && missing[0].starts_with("WDT_APPKEY"), "{missing:?}");
    let half = set(&["WDT_SID", "WDT_APPSECRET", "QIMEN_APP_KEY", "QIMEN_APP_SECRET"]);
    assert_eq!(problems(&half, &over(Some("qimen"))).len(), 1, "half an account is none");
}

#[test]
fn only_a_flow_over_qimen_needs_the_account_of_that_route() {
    let qimen = over(Some("qimen"));
    assert_eq!(
        problems(&set(&ACCOUNT), &qimen),
        [
            "QIMEN_APP_KEY is not set: it expects the Taobao appkey that WDT has authorised, because a flow reads over Qimen",
            "QIMEN_APP_SECRET is not set: it expects the secret of that appkey",
        ]
    );
    let key_alone = set(&[&ACCOUNT[..], &["QIMEN_APP_KEY"]].concat());
    let secret = ["QIMEN_APP_SECRET is not set: it expects the secret of that appkey"];
    assert_eq!(problems(&key_alone, &qimen), secret, "told once");
    assert_eq!(problems(&key_alone, &over(None)), secret, "half an account is none");
    let both = set(&[&ACCOUNT[..], &["QIMEN_APP_KEY", "QIMEN_APP_SECRET"]].concat());
    assert!(problems(&both, &qimen).is_empty());
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let wrong = [
        ("WDT_APPKEY", "key"),
        ("WDT_BASE_URL", "ftp://nowhere"),
        ("WDT_CALLS_PER_MINUTE", "many"),
        ("QIMEN_APP_KEY", "key"),
        ("QIMEN_APP_SECRET", "secret"),
        ("QIMEN_BASE_URL", "x"),
    ];
    let settings = wrong.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let told = problems(&settings, &over(None));
    let names: Vec<_> = told.iter().filter_map(|problem| problem.split(' ').next()).collect();
    assert_eq!(names, ["WDT_SID", "WDT_BASE_URL", "WDT_APPSECRET", "QIMEN_BASE_URL", "WDT_CALLS_PER_MINUTE"]);
    assert_eq!(told[1], "WDT_BASE_URL expects an address such as https://api.wangdian.cn/openapi2");
}

#[test]
fn every_setting_says_where_it_is_found_or_what_holds_without_it() {
    for setting in Wangdian.settings() {
        assert!(setting.has_default() || !setting.found.is_empty(), "{}", setting.name);
        assert_eq!(setting.is_secret, setting.name.ends_with("SECRET"), "{}", setting.name);
    }
    let shop = Wangdian.settings().iter().find(|setting| setting.name == "WDT_SHOP_NO").unwrap();
    assert_eq!(shop.default, Default::SameAs("WDT_APPKEY"), "as in the vendor's sandbox");
}

fn connected(settings: &Settings, script: Arc<Script>) -> Arc<dyn Connection> {
    let clock = Arc::new(SimulatedClock::starting_at(time("2022-11-01T02:00:00Z")));
    let surroundings = Surroundings::unshared(script, clock, Arc::new(SystemRng));
    Wangdian.connect(settings, &surroundings).unwrap()
}

#[tokio::test]
async fn a_connection_reads_delivers_and_acknowledges_and_takes_no_pushes() {
    let script = Arc::new(Script::answering(vec![payload("qimen/trades.json")]));
    let both = set(&[&ACCOUNT[..], &["QIMEN_APP_KEY", "QIMEN_APP_SECRET"]].concat());
    let connection = connected(&both, script.clone());
    assert!(connection.lists().is_some() && connection.pools().is_some() && connection.target().is_some());
    assert!(connection.webhook().is_none());

    let trades = query("wangdian.trade_query", Route::Qimen, vec![]);
    let windows = connection.windows().unwrap();
    assert_eq!(windows.pace().as_millis(), 1_200, "fifty calls a minute");
    windows.window(&trades, hour(), first_page(), Deadline::NONE).await.unwrap();
    let sent = script.requests().remove(0).url.to_string();
    assert!(sent.starts_with("https://hu3cgwt0tc.api.taobao.com/router/qm?"), "{sent}");
    assert!(sent.contains("app_key=value-of-QIMEN_APP_KEY") && sent.contains("target_app_key=21363512"));
}

#[tokio::test]
async fn without_a_qimen_account_a_connection_has_the_direct_route_alone() {
    let connection = connected(&set(&ACCOUNT), Arc::new(Script::answering(vec![])));
    let trades = query("wangdian.trade_query", Route::Qimen, vec![]);
    let windows = connection.windows().unwrap();
    let failure = windows.window(&trades, hour(), first_page(), Deadline::NONE).await.unwrap_err();
    assert_eq!(failure.class, Class::Paused { until: None });
}

#[tokio::test]
async fn with_a_qimen_account_alone_a_connection_has_the_qimen_route_alone() {
    let alone = set(&["WDT_SID", "QIMEN_APP_KEY", "QIMEN_APP_SECRET"]);
    let script = Arc::new(Script::answering(vec![payload("qimen/trades.json")]));
    let connection = connected(&alone, script.clone());
    let windows = connection.windows().unwrap();
    let read = async |route| {
        let trades = query("wangdian.trade_query", route, vec![]);
        windows.window(&trades, hour(), first_page(), Deadline::NONE).await
    };
    assert_eq!(read(Route::Qimen).await.unwrap().rows.len(), 1);
    let failure = read(Route::Direct).await.unwrap_err();
    assert_eq!((failure.class, script.requests().len()), (Class::Paused { until: None }, 1));
    assert!(failure.message.contains("set WDT_APPKEY and WDT_APPSECRET"), "{}", failure.message);
}
