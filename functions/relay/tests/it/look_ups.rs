//! A person asks which codes are missing, and imports them.

use std::fs;

use serde_json::json;

use crate::support::Town;

const FLOW: &str = r#"
[source]
document = "qince.direct_order"
key      = "id"

[target]
document = "sharecrm.objdata_push"

[fields]
id           = "id"
objAPIName   = { value = "o" }
dataCenterId = { value = "63f82854a8bd974420925e83" }

[fields.masterFieldVal]
region = { from = "id", lookup = "table.region", result = "区域" }
"#;

#[test]
fn a_missing_code_is_listed_imported_and_what_waited_for_it_arrives() {
    let town = Town::open();
    let mut installation = town.installation();
    let flows = installation.path("flows");
    fs::create_dir(&flows).unwrap();
    fs::write(flows.join("orders.toml"), FLOW).unwrap();
    let checked = installation.relay(&["flows", "check", "flows"]).with_status(0).stdout;
    assert!(checked.contains("warning: the table `table.region` was never imported"), "{checked}");
    assert!(checked.contains("relay lookups import table.region FILE"), "{checked}");
    installation.set("RELAY_FLOWS_DIR", flows.display().to_string());
    installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(0);
    installation.relay(&["drain"]).with_status(1);
    let missing = installation.relay(&["lookups", "missing", "--json"]).with_status(1).json();
    let code = missing["missing"][0]["code"].as_str().unwrap().to_owned();
    assert_eq!(
        (&missing["missing"][0]["table"], &missing["missing"][0]["documents"]),
        (&json!("table.region.区域"), &json!(1)),
        "{missing}"
    );

    let region = installation.path("region.csv");
    fs::write(&region, format!("编码,区域\r\n{code},华东\r\n{code},华北\r\n")).unwrap();
    let wrong =
        installation.relay(&["lookups", "import", "table.region", "region.csv"]).with_status(1).stdout;
    assert!(wrong.contains(&format!("line 3: the code `{code}` is on line 2 already")), "{wrong}");
    fs::write(&region, format!("编码,区域\r\n{code},华东\r\n")).unwrap();
    let told = installation.relay(&["lookups", "import", "table.region", "region.csv"]).with_status(0).stdout;
    assert!(told.contains("1 rows imported.\n1 documents waited for them"), "{told}");
    let drained = installation.relay(&["drain", "--json"]).with_status(0).json();
    assert_eq!(drained["flows"]["orders"]["delivered"], 1, "{drained}");
    let missing = installation.relay(&["lookups", "missing"]).with_status(0).stdout;
    assert!(missing.contains("No document waits for a code."), "{missing}");

    let shown = installation.relay(&["lookups", "show", "table.region"]).with_status(0).stdout;
    assert!(shown.contains(&format!("{code}: 区域=华东")), "{shown}");
    let listed = installation.relay(&["lookups", "list"]).with_status(0).stdout;
    assert!(
        listed.contains("table.region: 1 imported, 0 remembered for the day; named by orders\n  编码 → 区域"),
        "{listed}"
    );
    let exported = installation.relay(&["lookups", "export", "table.region"]).with_status(0).stdout;
    assert_eq!(exported, format!("\u{FEFF}编码,区域\n{code},华东\n"));
    installation.relay(&["lookups", "remove", "table.region"]).with_status(0);
    let gone = installation.relay(&["lookups", "show", "table.region"]).with_status(2).stderr;
    assert!(gone.contains("the look-up table `table.region` holds nothing"), "{gone}");
    let checked = installation.relay(&["flows", "check"]).with_status(0).stdout;
    assert!(checked.contains("was never imported"), "{checked}");
}

#[test]
fn a_look_up_in_the_deliveries_of_a_flow_that_there_is_not_says_which_was_meant() {
    let installation = crate::support::Installation::empty();
    let flows = installation.path("flows");
    fs::create_dir(&flows).unwrap();
    let refers = |flow: &str| {
        FLOW.replace("table.region", &format!("delivered.{flow}")).replace(", result = \"区域\"", "")
    };
    fs::write(flows.join("orders.toml"), refers("orders")).unwrap();
    fs::write(flows.join("refunds.toml"), refers("order")).unwrap();
    let checked = installation.relay(&["flows", "check", "flows"]).with_status(1).stdout;
    for said in [
        "error: there is no flow `order` whose deliveries could be looked up\n  --> flows/refunds.toml:15:34\n",
        "   |\n   = help: did you mean `delivered.orders`?\n\n1 mistake",
    ] {
        assert!(checked.contains(said), "{said} in {checked}");
    }
}
