use std::sync::Arc;

use relay_connector::settings::Default;
use relay_connector::{Connector as _, Settings, Uses};

use crate::support;

const NEEDED: [(&str, &str); 4] = [
    ("KINGDEE_CLIENT_ID", "given"),
    ("KINGDEE_CLIENT_SECRET", SECRET),
    ("KINGDEE_USERNAME", "given"),
    ("KINGDEE_PASSWORD", SECRET),
];

const SECRET: &str = "never-to-be-shown";

fn settings(values: &[(&str, &str)]) -> Settings {
    values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn read(more: &[(&str, &str)]) -> Result<relay_kingdee::Settings, Vec<String>> {
    let settings = settings(&[NEEDED.as_slice(), more].concat());
    relay_kingdee::Settings::read(&settings).map_err(|error| error.problems)
}

#[test]
fn every_setting_that_is_missing_or_malformed_comes_at_once_with_what_it_expects() {
    let wrong = [("KINGDEE_AUTH", "v1"), ("KINGDEE_BASE_URL", "ftp://kingdee"), ("KINGDEE_EDITS", "yes")];
    let error = relay_kingdee::Kingdee.check(&settings(&wrong), &Uses::default()).unwrap_err();
    assert_eq!(
        error.problems,
        [
            "KINGDEE_BASE_URL expects an address such as https://api.kingdee.com",
            "KINGDEE_CLIENT_ID is not set: it expects the client id of the application",
            "KINGDEE_CLIENT_SECRET is not set: it expects the client secret of the application",
            "KINGDEE_USERNAME is not set: it expects a user of the tenant (of `v1`)",
            "KINGDEE_PASSWORD is not set: it expects that user's password (of `v1`)",
            "KINGDEE_EDITS expects `on` or `off`",
        ]
    );
}

#[test]
fn v2_wants_the_instance_and_no_user() {
    let v2 = |more: &[(&str, &str)]| {
        let application = [("KINGDEE_AUTH", "v2"), NEEDED[0], NEEDED[1]];
        relay_kingdee::Settings::read(&settings(&[application.as_slice(), more].concat()))
    };
    let problems = v2(&[]).unwrap_err().problems;
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with("KINGDEE_OUTER_INSTANCE_ID is not set"), "{problems:?}");
    assert!(v2(&[("KINGDEE_OUTER_INSTANCE_ID", "i-1")]).is_ok());
    assert_eq!(read(&[("KINGDEE_AUTH", "v3")]).unwrap_err(), ["KINGDEE_AUTH expects `v1` or `v2`"]);
}

#[test]
fn the_documents_are_those_of_the_interface_that_is_set() {
    let names = |by: &[(&str, &str)]| -> Vec<&str> {
        let documents = relay_kingdee::Kingdee.documents_by(&settings(by));
        documents.iter().map(|document| document.name).collect()
    };
    let (unset, v1, v2) = (names(&[]), names(&[("KINGDEE_AUTH", "v1")]), names(&[("KINGDEE_AUTH", "v2")]));
    assert_eq!(unset, v1);
    assert!(v2.contains(&"kingdee.ar_credit_save") && !v1.contains(&"kingdee.ar_credit_save"));
    assert!(v1.contains(&"kingdee.sal_order_save") && v2.contains(&"kingdee.sal_order_save"));
}

#[test]
fn what_holds_by_default_is_what_is_declared() {
    let unset = read(&[]).unwrap();
    let default = |name: &str| {
        relay_kingdee::Kingdee.settings().iter().find(|setting| setting.name == name).unwrap().default
    };
    assert_eq!(unset.base_url.as_str(), "https://api.kingdee.com/");
    assert_eq!((unset.account_id, unset.calls_per_minute.get(), unset.edits), (None, 60, false));
    assert_eq!(default("KINGDEE_BASE_URL"), Default::Value("https://api.kingdee.com"));
    assert_eq!(default("KINGDEE_CALLS_PER_MINUTE"), Default::Value("60"));
    assert_eq!(default("KINGDEE_EDITS"), Default::Value("off"));
    assert!(read(&[("KINGDEE_EDITS", "on")]).unwrap().edits);
}

#[test]
fn the_calls_of_a_minute_are_a_setting() {
    let calls = |more: &[(&str, &str)]| read(more).map(|settings| settings.calls_per_minute.get());
    assert_eq!((calls(&[]), calls(&[("KINGDEE_CALLS_PER_MINUTE", "600")])), (Ok(60), Ok(600)));
    for wrong in ["0", "many", "0.5", "-1"] {
        assert_eq!(calls(&[("KINGDEE_CALLS_PER_MINUTE", wrong)]).unwrap_err().len(), 1, "{wrong}");
    }
}

#[test]
fn no_secret_is_ever_shown() {
    for text in [format!("{:?}", read(&[])), format!("{:?}", read(&[("KINGDEE_BASE_URL", SECRET)]))] {
        assert!(!text.contains(SECRET), "{text}");
    }
    let secrets = relay_kingdee::Kingdee.settings().iter().filter(|setting| setting.is_secret);
    let names: Vec<_> = secrets.map(|setting| setting.name).collect();
    assert_eq!(names, ["KINGDEE_CLIENT_SECRET", "KINGDEE_PASSWORD"]);
}

#[test]
fn a_connection_takes_documents_and_reads_them_and_makes_no_call_yet() {
    let kingdee = Arc::new(support::Kingdee::answering([]));
    let connection = relay_kingdee::Kingdee.connect(&settings(&NEEDED), &kingdee.surroundings()).unwrap();
    assert!(connection.target().is_some() && connection.lists().is_some());
    assert!(connection.windows().is_some() && connection.pools().is_none() && connection.webhook().is_none());
    assert!(kingdee.sent_to("").is_empty());
}
