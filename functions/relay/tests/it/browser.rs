//! The console in a browser: `tests/browser/run` brings the browser, and drives the pages of a busy installation.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use futures::future::try_join_all;
use relay_core::archive::{Event, Exchange, Record};
use relay_core::clock::{Clock as _, SystemClock};
use relay_core::groups::{Bill, Contribution, GroupId, Member, Seal};
use relay_core::ledger::UnknownCode;
use relay_core::{
    Action, Delivered, Entry, EntryId, Failed, FailureClass, Outgoing, Step, Stores, System, WorkItem,
};
use relay_operations::reconcile::{Day, kept};
use relay_store_sqlite::Sqlite;
use rusqlite::Connection;
use serde_json::{Map, Value, json};

use crate::again::unsplittable;
use crate::console::Console;
use crate::support::{Installation, Town};
use crate::{console_users, groups};

const TO_WDT: &str = "direct-order-to-wangdian";
const TO_CRM: &str = "direct-order-to-sharecrm";
const TO_KINGDEE: &str = "trade-to-kingdee";
const BILLS: &str = "daily-bills-to-kingdee";
/// A flow whose bills are not changed by newer versions.
const UNCHANGED: &str = "contracts-to-sharecrm";

/// A group with more members than a screen has lines.
const GROUP: &str = "A001/2026-11-22";

/// What vendors say of documents that they do not take.
const WORDS: [&str; 8] = [
    "无法从地址中识别省市区:请在来源单据中补全省、市、区后重放",
    "客户编码不存在或已禁用,请检查基础资料",
    "单据日期所在的会计期间已关账,不允许新增单据",
    "The product code does not exist in the target's base data, or it was disabled there by somebody else",
    "必填字段 customerid_id 为空",
    "折扣后的金额与明细合计不一致,差额 0.01",
    "对象不存在:object_7Xq2__c,请检查 apiName 是否正确,或该对象是否已经被管理员停用",
    "库存不足,无法出库",
];

/// Fills an installation with what a busy merchant has of everything.
pub(crate) struct Filled {
    pub(crate) stores: Stores,
    pub(crate) now: DateTime<Utc>,
}

impl Filled {
    async fn all(&self) {
        self.failures(2_000).await;
        self.deliveries(2_000).await;
        self.missing_codes(300).await;
        self.groups(400, 1_200).await;
        self.bills(400).await;
        self.messages(1_500).await;
        self.turns(2_000).await;
        self.actions(500).await;
        self.compared(40).await;
    }

    /// The day that many documents differ on: yesterday.
    fn red_day(&self) -> NaiveDate {
        self.now.date_naive() - Days::new(1)
    }

    /// So many days of a flow that were compared: some equal, some not, some that could not be.
    async fn compared(&self, days: u64) {
        for place in 0..days {
            let standing = ["different", "equal", "equal", "not_compared"][place as usize % 4];
            let sum = |documents: u64| json!({ "documents": documents, "content": { "lines": documents * 2, "quantity": "1234.5", "amount": "98765432.10" } });
            let verdicts = ["missing", "doubled", "different", "extra", "not_due", "explained"];
            let documents: Vec<_> = (0..if standing == "different" { 120 } else { 0 })
                .map(|number| {
                    json!({
                        "key": format!("JY2026{number:08}"), "number": null, "verdict": verdicts[number % 6],
                        "why": WORDS[number % WORDS.len()], "shop": "S001 直营旗舰店", "warehouse": "WH001 南京仓",
                    })
                })
                .collect();
            let counts: BTreeMap<_, _> = verdicts
                .iter()
                .map(|verdict| (*verdict, documents.len() / 6))
                .filter(|(_, count)| *count > 0)
                .collect();
            let not_compared: Vec<_> = (standing == "not_compared").then_some(WORDS[3]).into_iter().collect();
            let day = json!({
                "flow": TO_KINGDEE, "day": self.red_day() - Days::new(place), "at": self.now, "standing": standing,
                "source": sum(1_200), "ledger": sum(1_198), "target": sum(1_180), "places": [], "counts": counts,
                "explained": {}, "documents": documents, "not_compared": not_compared, "notes": [],
            });
            let day: Day = serde_json::from_value(day).unwrap();
            kept::keep(self.stores.checkpoints.as_ref(), &day).await.unwrap();
        }
    }

    fn ago(&self, minutes: usize) -> DateTime<Utc> {
        self.now - TimeDelta::minutes(i64::try_from(minutes).unwrap())
    }

    async fn write(&self, entries: Vec<Entry>) {
        let writes = entries.iter().map(|entry| self.stores.ledger.write(entry));
        try_join_all(writes).await.unwrap();
    }

    pub(crate) async fn failures(&self, count: usize) {
        let flows = [TO_WDT, TO_CRM, TO_KINGDEE];
        let entries = (0..count).map(|place| {
            let flow = flows[place % flows.len()];
            let words = WORDS[place % WORDS.len()];
            let mut entry = Entry::new(EntryId::new(flow, format!("XS-2026-{place:06}")));
            entry.fail(self.failed(place, words, Vec::new()));
            entry
        });
        self.write(entries.collect()).await;
    }

    fn failed(&self, place: usize, message: &str, missing: Vec<UnknownCode>) -> Failed {
        let document = json!({ "id": place, "receive_name": "李四", "receive_addr": "江苏省南京市玄武区1号", "total": "12.50" });
        Failed {
            version: Some("2026-11-22 10:00:00".to_owned()),
            version_kind: None,
            hash: format!("{place:064x}"),
            class: if missing.is_empty() { FailureClass::Refused } else { FailureClass::Mapping },
            code: missing.is_empty().then(|| format!("{}", 4_000 + place % WORDS.len())),
            message: message.to_owned(),
            attempts: 1,
            document,
            received_at: self.ago(place + 1),
            at: self.ago(place),
            trace: format!("{place:016x}"),
            replay: None,
            step: None,
            target_id: None,
            missing,
        }
    }

    async fn deliveries(&self, count: usize) {
        let entries = (0..count).map(|place| {
            let mut entry = Entry::new(EntryId::new(TO_CRM, format!("DD-2026-{place:06}")));
            entry.deliver(self.delivered(format!("63f8{place:020}")), None);
            entry
        });
        self.write(entries.collect()).await;
    }

    /// Bills whose change was refused.
    async fn bills(&self, count: usize) {
        let entries = (0..count).map(|place| {
            let mut entry = Entry::new(EntryId::new(UNCHANGED, format!("HT-2026-{place:06}")));
            let target_id = Some(format!("63f9{place:020}"));
            entry.bills.push(relay_core::Bill {
                number: Some(format!("HT-2026-{place:06}")),
                target_id: target_id.clone(),
                takes_back: None,
                version: None,
                body_hash: "b".repeat(64),
                stage: Some(Step::Save),
                at: self.ago(place + 2),
                body: None,
            });
            let failed = self.failed(place, WORDS[place % WORDS.len()], Vec::new());
            entry.fail(Failed { step: Some(Step::Save), target_id, ..failed });
            entry
        });
        self.write(entries.collect()).await;
    }

    fn delivered(&self, target_id: String) -> Delivered {
        Delivered {
            version: Some("2026-11-22 10:00:00".to_owned()),
            version_kind: None,
            hash: "a".repeat(64),
            body_hash: "b".repeat(64),
            target_id: Some(target_id),
            number: None,
            received_at: Some(self.ago(2)),
            at: self.ago(1),
            follows: None,
        }
    }

    async fn missing_codes(&self, count: usize) {
        let entries = (0..count).map(|place| {
            let code =
                UnknownCode { table: "kingdee.material".to_owned(), code: format!("SPU-{place:05}-红-XL") };
            let mut entry = Entry::new(EntryId::new(TO_KINGDEE, format!("JY2026{place:08}")));
            let said =
                format!("kingdee.material does not know `{}`: create it there, or import its id", code.code);
            entry.fail(self.failed(place, &said, vec![code]));
            entry
        });
        self.write(entries.collect()).await;
    }

    async fn groups(&self, count: usize, members: usize) {
        for place in 0..count {
            let group = GroupId::new(BILLS, format!("S{place:03}/2026-11-22"));
            self.stores.groups.put(&group, &self.contribution(&format!("JY-G{place:05}"))).await.unwrap();
        }
        let group = GroupId::new(BILLS, GROUP);
        let keys: Vec<_> = (0..members).map(|place| format!("JY-M{place:05}")).collect();
        let contributions: Vec<_> = keys.iter().map(|key| self.contribution(key)).collect();
        try_join_all(contributions.iter().map(|it| self.stores.groups.put(&group, it))).await.unwrap();
        let bill =
            Bill { name: "XS-0001-1".to_owned(), is_return: false, head: Map::new(), lines: vec![line()] };
        let members = contributions.iter().map(|it| Member {
            key: it.key.clone(),
            version: it.version.clone(),
            hash: it.hash(),
            is_withdrawn: false,
        });
        let seal = Seal {
            number: 1,
            at: self.ago(5),
            members: members.collect(),
            bills: vec![bill],
            is_queued: true,
        };
        assert!(self.stores.groups.seal(&group, &seal).await.unwrap());
        self.stores.groups.queued(&group, &seal).await.unwrap();
        let entries = keys.iter().map(|key| {
            let mut entry = Entry::new(EntryId::new(BILLS, key.as_str()));
            entry.deliver(self.delivered(group.marked()), None);
            entry
        });
        self.write(entries.collect()).await;
    }

    fn contribution(&self, key: &str) -> Contribution {
        Contribution {
            key: key.to_owned(),
            version: Some("2026-11-22 10:00:00".to_owned()),
            received_at: self.ago(60),
            head: Map::new(),
            lines: vec![line()],
            is_withdrawn: false,
        }
    }

    async fn messages(&self, count: usize) {
        let messages: Vec<_> = (0..count)
            .map(|place| {
                let item = WorkItem {
                    flow: TO_KINGDEE.to_owned(),
                    key: format!("JY-W{place:05}"),
                    version: Some("2026-11-22 10:00:00".to_owned()),
                    version_kind: None,
                    document: json!({ "trade_no": format!("JY-W{place:05}"), "receiver_name": "李四" }),
                    acknowledge: false,
                    received_at: self.ago(place),
                    trace: format!("{place:016x}"),
                    replay: None,
                };
                let (group, deduplication, body) = (item.group(), item.deduplication(), item.encode());
                Outgoing { group, deduplication, body }
            })
            .collect();
        self.stores.queue.send(System::new("kingdee"), &messages).await.unwrap();
    }

    /// Turns of documents, as the archive has them.
    async fn turns(&self, count: usize) {
        for place in 0..count {
            let id = EntryId::new(TO_KINGDEE, format!("JY-T{place:05}"));
            let record = |event| Record {
                id: id.clone(),
                version: Some("2026-11-22 10:00:00".to_owned()),
                trace: format!("{place:016x}"),
                at: self.ago(place),
                event,
            };
            let (outcome, message) = [
                ("delivered", None),
                ("skipped", Some("a newer version of it is known")),
                ("failed", Some(WORDS[place % WORDS.len()])),
            ][place % 3];
            let call = Exchange {
                vendor: "kingdee".to_owned(),
                operation: "/jdy/v2/scm/sal_order".to_owned(),
                parameters: Vec::new(),
                body: "{}".to_owned(),
                answer: if place % 7 == 0 { Err("no answer came".to_owned()) } else { Ok("{}".to_owned()) },
                duration: Duration::from_millis(place as u64),
            };
            let came = Event::Received { document: r#"{"trade_no":"JY","shop_no":"S001"}"#.to_owned() };
            let ended =
                Event::Ended { outcome: outcome.to_owned(), message: message.map(str::to_owned), attempt: 1 };
            let records = [came, Event::Called(call), ended].map(record);
            self.stores.archive.write(None, &records).await.unwrap();
        }
    }

    async fn actions(&self, count: usize) {
        for place in 0..count {
            let action = Action {
                at: self.ago(place),
                by: ["小王", "li.si@merchant.example", "console"][place % 3].to_owned(),
                did: ["replay", "settle", "pause"][place % 3].to_owned(),
                to: format!("{TO_WDT} XS-2026-{place:06}"),
                count: Some(1),
                reason: Some("手工录入,月底盘点之前先停一下".to_owned()),
            };
            self.stores.audit.note(&action).await.unwrap();
        }
    }
}

fn line() -> Map<String, Value> {
    let line =
        json!({ "materialid_id": "1", "stockid_id": "2", "unit_id": "3", "qty": "4", "amount": "5.00" });
    line.as_object().unwrap().clone()
}

/// Kills some of the messages that wait: a thousand attempts at each take longer than a test may.
fn bury(installation: &Installation, count: usize) {
    let connection = Connection::open(installation.path("relay.db")).unwrap();
    let bury = "UPDATE messages SET dead = 1, receive_count = 1000 WHERE id IN (SELECT id FROM messages WHERE queue = 'kingdee' LIMIT ?1)";
    assert_eq!(connection.execute(bury, [count]).unwrap(), count);
}

/// An installation with the shipped flows and one that has groups.
fn installation(town: &Town) -> Installation {
    let mut installation = town.installation();
    installation.relay(&["flows", "export", "flows"]).with_status(0);
    let alerts = include_str!("../../../../shared/flows/examples/failures-to-wecom.toml");
    let unchanged = include_str!("flows/contracts.toml");
    for (name, text) in [(BILLS, groups::FLOW), (UNCHANGED, unchanged), ("failures-to-wecom", alerts)] {
        fs::write(installation.path(&format!("flows/{name}.toml")), text).unwrap();
    }
    installation.set("RELAY_FLOWS_DIR", "flows").set("USER", "operator");
    installation
}

/// Opens the pages of a store with thousands of rows, and does every action. What the browser does stands in
/// `tests/browser/drive.py`, which says where it stops.
#[test]
#[ignore = "needs a browser: tests/browser/run brings one"]
fn every_screen_and_every_action_in_a_browser() {
    let drive = std::env::var("CONSOLE_DRIVEN_BY").expect("run by tests/browser/run");
    let town = Town::open();
    let installation = installation(&town);
    let ids = unsplittable(&town, &installation, 2);
    // Kingdee has nothing of what the trade names.
    installation.invoke("erp-pusher", "erp-pusher/sqs.json").with_status(0);
    fs::write(installation.path("codes.csv"), "code,id\nCUST-01,700001\n").unwrap();
    installation.relay(&["lookups", "import", "kingdee.customer", "codes.csv"]).with_status(0);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = Sqlite::open(&installation.path("relay.db"), Arc::new(SystemClock)).unwrap();
    let filled = Filled { stores: store.stores(), now: SystemClock.now() };
    runtime.block_on(filled.all());
    let day = filled.red_day();
    let calls =
        runtime.block_on(filled.stores.archive.read(&EntryId::new(TO_CRM, ids[0].as_str()), &[])).unwrap();
    assert!(calls.iter().any(|Record { event, .. }| matches!(event, Event::Called(_))), "{calls:?}");
    bury(&installation, 300);
    drop(store);
    let (untouched, guarded) = (Installation::with_store(), console_users::installation(None));
    let with_users = Console::of(&guarded);
    let (full, empty) = (Console::of(&installation), Console::of(&untouched));
    let facts = json!({
        "full": full.address,
        "empty": empty.address,
        "guarded": with_users.address,
        "order": ids[0],
        "group": GROUP,
        "flow": TO_CRM,
        "day": day,
    });
    let mut words = drive.lines();
    let driven = Command::new(words.next().unwrap()).args(words).arg(facts.to_string()).status().unwrap();
    assert!(driven.success(), "{driven}");
    // What was clicked has happened.
    let status = installation.relay(&["status", "--json"]).json();
    assert!(status["queues"]["kingdee"]["paused"].is_null(), "{status}");
    let log = installation.relay(&["log", "--json", "--limit", "50"]).json();
    let did: Vec<_> =
        log["actions"].as_array().unwrap().iter().map(|it| it["did"].as_str().unwrap()).collect();
    for action in [
        "replay",
        "settle",
        "pause",
        "resume",
        "dead --redrive",
        "groups close",
        "reveal",
        "rewind",
        "test-alert",
    ] {
        assert!(did.contains(&action), "{action} in {did:?}");
    }
}
