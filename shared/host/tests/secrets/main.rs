//! Secrets of all connectors: none is printed, none is open to flows, and none goes over the network in the clear. What is
//! here goes by the declared settings alone, so that a new connector is held to it too.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::sync::Arc;

use relay_connector::{Connector, Setting, Settings, SettingsError, Surroundings, Uses};
use relay_connectors::CONNECTORS;
use relay_core::clock::{SeededRng, SystemClock};
use relay_host::settings::declared::{self, is_secret};
use relay_host::settings::{for_flows, open_to_flows};
use relay_simulators::{Vendors, settings_in_process};

/// What every secret here begins with.
const HIDDEN: &str = "never-to-be-shown-";

/// What every address is told by.
const AN_ADDRESS: &str = "an address";

fn hidden(setting: &Setting) -> String {
    let value = format!("{HIDDEN}{}", setting.name.to_lowercase());
    if setting.expects.starts_with("`name: value`") { format!("x-key: {value}") } else { value }
}

/// A value for everything that is declared, and of secrets one that must not be seen.
fn all() -> Settings {
    let given = settings_in_process().into_iter().filter(|(name, _)| !is_secret(name));
    let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let secrets = declared::all().filter(|setting| setting.is_secret);
    secrets.map(|setting| (setting.name.to_owned(), hidden(setting))).chain(given).collect()
}

/// The same, with another value of one setting.
fn with(name: &str, value: &str) -> Settings {
    let one: Settings = [(name.to_owned(), value.to_owned())].into_iter().collect();
    one.or(all())
}

/// Uses every document that a connector has, over every route.
fn uses(connector: &dyn Connector) -> Uses {
    let mut uses = Uses::default();
    for document in connector.documents() {
        uses.add(document, None);
        document.routes.iter().for_each(|route| uses.add(document, Some(route)));
    }
    uses
}

fn connect(connector: &dyn Connector, settings: &Settings) -> Result<(), SettingsError> {
    let clock = Arc::new(SystemClock);
    let transport = Vendors::new(clock.clone(), 1).transport();
    let surroundings = Surroundings::unshared(transport, clock, Arc::new(SeededRng::new(1)));
    let checked = connector.check(settings, &uses(connector));
    SettingsError::both(checked, connector.connect(settings, &surroundings)).map(drop)
}

/// What each vendor's client is made of, as it prints.
fn printed(settings: &Settings) -> Vec<(&'static str, String)> {
    vec![
        ("http", format!("{:?}", relay_http::Settings::read(settings).unwrap())),
        ("kingdee", format!("{:?}", relay_kingdee::Settings::read(settings).unwrap())),
        ("mail", format!("{:?}", relay_mail::Settings::read(settings).unwrap())),
        ("qince", format!("{:?}", relay_qince::Settings::read(settings).unwrap())),
        ("sharecrm", format!("{:?}", relay_sharecrm::Settings::read(settings).unwrap())),
        ("wangdian", format!("{:?}", relay_wangdian::Settings::read(settings).unwrap())),
    ]
}

#[test]
fn settings_print_no_secret_of_any_connector() {
    let settings = all();
    for connector in CONNECTORS {
        assert_eq!(connect(*connector, &settings), Ok(()), "{} has all it needs", connector.system().name());
    }
    let printed = printed(&settings);
    let names: Vec<_> = CONNECTORS.iter().map(|connector| connector.system().name()).collect();
    assert_eq!(printed.iter().map(|(name, _)| *name).collect::<Vec<_>>(), names, "each is looked at");
    for (name, text) in printed.into_iter().chain([("all", format!("{settings:?}"))]) {
        assert!(text.len() > 20 && !text.contains(HIDDEN), "{name}: {text}");
    }
}

#[test]
fn no_error_shows_a_value_wherever_a_secret_was_put_by_mistake() {
    for connector in CONNECTORS {
        let mut refused = 0;
        for setting in connector.settings() {
            // A list of commas, a header without a colon, a secret in another's place.
            for value in [format!("{HIDDEN}misplaced"), format!(" ,{HIDDEN}misplaced, ,"), " , ".to_owned()] {
                if let Err(error) = connect(*connector, &with(setting.name, &value)) {
                    refused += 1;
                    let told = format!("{error} {error:?}");
                    assert!(told.contains(setting.name) && !told.contains(HIDDEN), "{told}");
                }
            }
        }
        assert!(refused > 1, "{}", connector.system().name());
    }
}

#[test]
fn no_vendor_is_called_in_the_clear_but_on_this_machine() {
    let mut tried = 0;
    for connector in CONNECTORS {
        for setting in connector.settings().iter().filter(|setting| setting.expects.starts_with(AN_ADDRESS)) {
            for url in
                ["https://vendor.test/x", "http://localhost:1/x", "http://127.0.0.1/x", "http://[::1]/x"]
            {
                assert_eq!(connect(*connector, &with(setting.name, url)), Ok(()), "{} = {url}", setting.name);
            }
            for url in
                ["http://vendor.test/x", "http://localhost.test/", "http://10.0.0.1/", "http://[fe80::1]/"]
            {
                let error = connect(*connector, &with(setting.name, url)).unwrap_err();
                let [problem] = &error.problems[..] else { panic!("{error}") };
                assert!(problem.starts_with(setting.name) && problem.contains("over HTTPS"), "{problem}");
            }
            tried += 1;
        }
    }
    // The console's address is told to people, and never called.
    let is_called = |name: &str| !name.ends_with("_QUEUE_URL") && name != "RELAY_CONSOLE_URL";
    let named = |setting: &&Setting| setting.name.ends_with("_URL") && is_called(setting.name);
    assert_eq!(tried, declared::all().filter(named).count(), "every address is declared as one");
}

#[test]
fn a_flow_gets_no_secret_and_no_credentials_of_other_programs() {
    let others = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "DATABASE_URL", "HTTP_PROXY", "GITHUB_TOKEN"];
    let environment: Settings =
        others.iter().map(|name| ((*name).to_owned(), format!("{HIDDEN}{name}"))).collect();
    let environment = environment.or(with("MY_OWN_SHOP", "S001"));
    let secrets = declared::all().filter(|setting| setting.is_secret).map(|setting| setting.name);
    for name in secrets.chain(others) {
        let error = for_flows(&environment, [name]).unwrap_err().to_string();
        assert!(error.contains(name) && !error.contains(HIDDEN), "{error}");
    }
    assert_eq!(for_flows(&environment, ["MY_OWN_SHOP"]).unwrap().0["MY_OWN_SHOP"], "S001");
    let open = open_to_flows(&environment).0;
    assert!(open.contains_key("MY_OWN_SHOP") && open.contains_key("WDT_SHOP_NO"));
    let leak = open.iter().find(|(_, value)| value.contains(HIDDEN));
    assert_eq!(leak, None);
}
