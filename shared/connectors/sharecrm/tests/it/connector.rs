use std::sync::Arc;

use relay_connector::settings::Default;
use relay_connector::{Connector as _, Settings, Uses};
use secrecy::ExposeSecret as _;

use crate::support;

const NEEDED: [(&str, &str); 3] =
    [("SHARECRM_APP_ID", "given"), ("SHARECRM_APP_SECRET", SECRET), ("SHARECRM_PERMANENT_CODE", SECRET)];

const SECRET: &str = "never-to-be-shown";

fn settings(values: &[(&str, &str)]) -> Settings {
    values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn read(more: &[(&str, &str)]) -> Result<relay_sharecrm::Settings, Vec<String>> {
    let settings = settings(&[NEEDED.as_slice(), more].concat());
    relay_sharecrm::Settings::read(&settings).map_err(|error| error.problems)
}

#[test]
fn every_setting_that_is_missing_or_malformed_comes_at_once_with_what_it_expects() {
    let wrong = [
        ("SHARECRM_BASE_URL", "ftp://sharecrm"),
        ("SHARECRM_EXTRA_HEADERS", "token"),
        ("SHARECRM_MAX_BODY_BYTES", "1 MiB"),
    ];
    let error = relay_sharecrm::ShareCrm.check(&settings(&wrong), &Uses::default()).unwrap_err();
    assert_eq!(
        error.problems,
        [
            "SHARECRM_BASE_URL expects an address such as https://open.fxiaoke.com",
            "SHARECRM_APP_ID is not set: it expects the id of the self-built app",
            "SHARECRM_APP_SECRET is not set: it expects the secret of the self-built app",
            "SHARECRM_PERMANENT_CODE is not set: it expects the permanent code of the self-built app",
            "SHARECRM_EXTRA_HEADERS expects `name: value` pairs, comma-separated",
            "SHARECRM_MAX_BODY_BYTES expects a number of bytes",
        ]
    );
}

#[test]
fn what_holds_by_default_is_what_is_declared() {
    let unset = read(&[]).unwrap();
    let default = |name: &str| {
        relay_sharecrm::ShareCrm.settings().iter().find(|setting| setting.name == name).unwrap().default
    };
    assert_eq!(unset.base_url.as_str(), "https://open.fxiaoke.com/");
    assert_eq!((unset.user_id.as_str(), unset.max_body_bytes), ("1000", 1_048_576));
    assert_eq!((unset.extra_headers.len(), unset.pushes_in_20_seconds.get()), (0, 80));
    assert_eq!(default("SHARECRM_BASE_URL"), Default::Value("https://open.fxiaoke.com"));
    assert_eq!(default("SHARECRM_USER_ID"), Default::Value("1000"));
    assert_eq!(default("SHARECRM_MAX_BODY_BYTES"), Default::Value("1048576"));
}

#[test]
fn the_consoles_headers_go_with_every_call() {
    let headers = read(&[("SHARECRM_EXTRA_HEADERS", "token: t0ken, x-version : 2")]).unwrap().extra_headers;
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| (name.as_str(), value.expose_secret())).collect();
    assert_eq!(headers, [("token", "t0ken"), ("x-version", "2")]);
}

#[test]
fn the_data_centre_that_flows_name_is_declared_and_not_needed_to_connect() {
    let declared = relay_sharecrm::ShareCrm.settings();
    let data_center = declared.iter().find(|setting| setting.name == "SHARECRM_DATA_CENTER_ID").unwrap();
    assert!(!data_center.is_secret && !data_center.has_default());
    assert!(read(&[]).is_ok());
}

#[test]
fn no_secret_is_ever_shown() {
    for text in [format!("{:?}", read(&[])), format!("{:?}", read(&[("SHARECRM_BASE_URL", SECRET)]))] {
        assert!(!text.contains(SECRET), "{text}");
    }
    let secrets = relay_sharecrm::ShareCrm.settings().iter().filter(|setting| setting.is_secret);
    let names: Vec<_> = secrets.map(|setting| setting.name).collect();
    assert_eq!(names, ["SHARECRM_APP_SECRET", "SHARECRM_PERMANENT_CODE", "SHARECRM_EXTRA_HEADERS"]);
}

#[test]
fn a_connection_takes_records_and_makes_no_call_yet() {
    let sharecrm = Arc::new(support::ShareCrm::answering([]));
    let connection = relay_sharecrm::ShareCrm.connect(&settings(&NEEDED), &sharecrm.surroundings()).unwrap();
    assert!(connection.target().is_some() && connection.lists().is_none());
    assert!(connection.windows().is_none() && connection.pools().is_none() && connection.webhook().is_none());
    assert!(sharecrm.sent_to("").is_empty());
}
