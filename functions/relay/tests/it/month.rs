//! What comes up in a month: sums by shop and by rate of tax, from being paid to being billed, what was sent to whom, what fails most,
//! what has no bill yet, and by which text of a flow a bill was made. The same on the command line, as files and in the console.

use chrono::TimeDelta;
use relay_core::clock::{Clock as _, SystemClock};
use serde_json::json;

use crate::console::Console;
use crate::serve::eventually;
use crate::server::Server;
use crate::support::{Installation, Town};

/// Two trades of a shop and one of another are in Kingdee, and one that names what Kingdee does not have.
fn a_month(town: &Town) -> (Installation, Vec<String>) {
    let mut installation = town.installation();
    let now = SystemClock.now();
    installation.set("RELAY_START", (now - TimeDelta::hours(1)).to_rfc3339());
    let trade = |shop: &str, minutes| {
        town.vendors.wangdian.generate_trade(shop, 55, now - TimeDelta::minutes(minutes))
    };
    let trades = vec![trade("S001", 40), trade("S001", 30), trade("S002", 20)];
    installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0);
    installation.relay(&["drain"]).with_status(0);
    // Kingdee has nothing of what this trade names.
    installation.invoke("erp-pusher", "erp-pusher/sqs.json").with_status(0);
    (installation, trades)
}

#[test]
fn what_was_delivered_is_summed_by_a_field_and_reckoned_from_a_time_of_the_document() {
    let town = Town::open();
    let (installation, _) = a_month(&town);
    let sums = ["delivered", "--sums", "--since", "30d"];
    let with = |more: &[&str]| installation.relay(&[&sums[..], more].concat());

    let told = with(&["--by", "shop_no", "--json"]).with_status(0).json();
    let by: Vec<_> = told["sums"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sum| (sum["value"].clone(), sum["documents"].clone()))
        .collect();
    assert_eq!(by, [(json!("S001"), json!(2)), (json!("S002"), json!(1))], "{told}");
    let whole: Vec<_> = with(&["--amounts", "--json"]).json()["sums"].as_array().unwrap().clone();
    let amount = |sum: &serde_json::Value| {
        sum["content"]["amount"].as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap()
    };
    let parts: rust_decimal::Decimal = told["sums"].as_array().unwrap().iter().map(amount).sum();
    assert_eq!(parts, whole.iter().map(amount).sum(), "the shops are all that there is");

    let text = with(&["--by", "shop_no"]).with_status(0).stdout;
    assert!(text.contains("shop_no") && text.contains("S002") && text.contains("3 documents"), "{text}");
    let csv = with(&["--by", "tax_rate", "--csv"]).with_status(0).stdout;
    assert!(
        csv.contains("flow,tax_rate,documents,lines") && csv.contains("trade-to-kingdee,0.1300,3,"),
        "{csv}"
    );
    let unknown = with(&["--by", "nobody"]).with_status(0).stdout;
    assert!(unknown.contains("(none)"), "{unknown}");

    // It was paid half an hour before it came.
    let took = with(&["--after", "pay_time"]).with_status(0).stdout;
    assert!(took.contains("from pay_time until they were delivered (3 have that time)"), "{took}");
    let never = with(&["--after", "nobody"]).with_status(0).stdout;
    assert!(!never.contains("until they were delivered"), "{never}");
    installation.relay(&["delivered", "--by", "shop_no"]).with_status(2);

    let console = Console::of(&installation);
    console.get("/delivered").shows(&["/delivered?by=shop_no", "name=\"after\""]);
    console.get("/delivered?by=shop_no").shows(&["S001", "S002", "shop_no", "/delivered.csv"]);
    let file = console.get("/delivered.csv?by=shop_no&since=2020-01-01T00:00:00");
    assert!(file.body.contains("trade-to-kingdee,S002,1,"), "{}", file.body);
}

#[test]
fn what_was_sent_to_whom_what_fails_most_and_what_has_no_bill_is_told() {
    let town = Town::open();
    let (installation, trades) = a_month(&town);
    let history = |more: &[&str]| installation.relay(&[&["history"][..], more].concat());
    let sent = history(&["--vendor", "kingdee", "--json"]).with_status(0).json();
    let turns = sent["turns"].as_array().unwrap();
    assert!(trades.iter().all(|trade| turns.iter().any(|turn| turn["key"] == **trade)), "{sent}");
    assert!(turns[0]["calls"][0]["at"].is_string(), "{sent}");
    let before = history(&["--vendor", "kingdee", "--since", "2h", "--until", "1h"]).with_status(0).stdout;
    assert!(before.contains("Nothing is recorded of that time."), "{before}");
    let nobody = history(&["--vendor", "qince"]).with_status(0).stdout;
    assert!(nobody.contains("Nothing is recorded of that time."), "{nobody}");
    let wrong = history(&["--vendor", "kingdie"]).with_status(2).stderr;
    assert!(wrong.contains("did you mean `kingdee`?"), "{wrong}");

    let causes = history(&["--causes", "--since", "7d"]).with_status(0).stdout;
    for said in
        ["in brackets ", "1 document (0) trade-to-kingdee: ", "`kingdee.", "the last was JY202611220001"]
    {
        assert!(causes.contains(said), "{said} in {causes}");
    }
    let none = history(&["--causes", "--since", "30d", "--until", "29d"]).with_status(0).stdout;
    assert!(none.contains("Nothing failed in either."), "{none}");

    let waiting = installation.relay(&["waiting", "--failed"]).with_status(1).stdout;
    for said in [
        "trade-to-kingdee JY202611220001",
        "failed, and waits for a person",
        "2 documents failed.",
        "0 documents waiting.",
    ] {
        assert!(waiting.contains(said), "{said} in {waiting}");
    }
    installation.relay(&["waiting", "--failed", "--target", "wangdian"]).with_status(0);
    installation.relay(&["waiting", "--failed", "--grep", "nobody"]).with_status(0);
    let csv = installation.relay(&["waiting", "--failed", "--csv"]).with_status(1).stdout;
    assert!(csv.contains("JY202611220001"), "{csv}");

    let console = Console::of(&installation);
    console.get("/history?causes=yes").shows(&["JY202611220001", "前一段"]);
    console.get("/history?vendor=kingdee").shows(&[&trades[0]]);
    console.get("/queues").shows(&["失败、等人处理的单据", "JY202611220001", "/waiting.csv"]);
}

#[test]
fn a_bill_names_the_text_of_its_flow_that_it_was_made_by() {
    let town = Town::open();
    let (mut installation, trades) = a_month(&town);
    let shown = |installation: &Installation, key: &str| installation.relay(&["show", key]).stdout;
    let none = shown(&installation, &trades[0]);
    assert!(!none.contains("by the text that the flow's file"), "no program had noted one: {none}");
    installation.relay(&["flows", "export", "flows"]).with_status(0);
    installation.set("RELAY_FLOWS_DIR", "flows");
    let latest = town.vendors.wangdian.generate_trade("S002", 55, SystemClock.now() - TimeDelta::minutes(2));
    let server = Server::start(&installation);
    eventually("it is delivered", || {
        shown(&installation, &latest).contains("by the text that the flow's file has had since ")
    });
    drop(server);
    let flow = installation.path("flows/trade-to-kingdee.toml");
    let text = std::fs::read_to_string(&flow).unwrap();
    std::fs::write(&flow, text.replace("[fields]\n", "[fields]\nremark = \"trade_no\"\n")).unwrap();
    let server = Server::start(&installation);
    eventually("the changed text is begun with", || {
        shown(&installation, &latest).contains("changed 1 times since (`relay flows show trade-to-kingdee`)")
    });
    drop(server);
    Console::of(&installation)
        .get(&format!("/document?flow=trade-to-kingdee&key={latest}"))
        .shows(&["按流程文件", "此后改过"]);
}
