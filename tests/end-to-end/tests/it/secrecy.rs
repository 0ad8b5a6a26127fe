//! Logs hold names, keys and numbers: no secret, no token, nothing of a customer.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use relay_connector::settings::Setting;
use relay_host::settings::declared;
use relay_simulators::qince::{Digest, PushStyle, Story};
use relay_simulators::wangdian::TradeMix;
use relay_simulators::{Fault, FaultRates};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::house::{House, object};
use crate::process::Process;

/// Everything that is logged, at every level.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Runs something, and answers with what it came to and what was logged meanwhile.
    pub(crate) async fn of<T>(work: impl Future<Output = T>) -> (T, String) {
        let log = Self::default();
        // Where there is one subscriber only, a line that another test comes to first is taken for one that nobody reads.
        let another = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(log.clone());
        let guard = tracing::subscriber::set_default(subscriber.finish());
        let done = work.await;
        drop((guard, another));
        let lines = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        (done, lines)
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

const SHIPMENT: (&str, &str, &str) = ("欧阳收件", "13977776666", "虹桥路九百号");

fn misbehave(house: &House) {
    let rates = FaultRates::none()
        .with(Fault::LostAnswer, 60)
        .with(Fault::LostRequest, 60)
        .with(Fault::Status(502), 40)
        .with(Fault::RateLimited, 40)
        .with(Fault::ExpireTokens, 40)
        .with(Fault::Garbage, 40)
        .with(Fault::Http519("系统繁忙,请稍后再试".to_owned()), 30)
        .with(Fault::InnerRefusal("数据错误".to_owned()), 30)
        .with(Fault::ErrorsUnderCodeZero, 100);
    for faults in
        [&house.vendors.wangdian.faults, &house.vendors.kingdee.faults, &house.vendors.sharecrm.faults]
    {
        faults.set_rates(rates.clone());
    }
}

/// Everything that happens on a bad day; answers what must not be told of it.
async fn bad_day(house: &House) -> Vec<String> {
    let mut private = Vec::new();
    house.vendors.wangdian.generate_trades(
        60,
        house.minutes_ago(50),
        house.minutes_ago(5),
        TradeMix::default(),
    );
    for place in 0..20_u32 {
        house.vendors.wangdian.change_stock("S001", "G1", &format!("G1-{place}"), Decimal::from(place));
        let (contact, mobile, address) = SHIPMENT;
        let mut row =
            json!({"tid": format!("T{place}"), "contact": contact, "mobile": mobile, "address": address});
        if place % 3 > 0 {
            row["logistics_no"] = json!(format!("SF{place}"));
        }
        house.vendors.wangdian.add_shipment(object(row));
    }
    private.extend([SHIPMENT.0, SHIPMENT.1, SHIPMENT.2].map(str::to_owned));

    misbehave(house);
    let process = house.start();
    for (place, mut order) in
        house.vendors.qince.orders(24, house.minutes_ago(90), house.minutes_ago(5)).into_iter().enumerate()
    {
        if place % 4 == 0 {
            order["receive_addr"] = json!("天通苑某处,无门牌");
            order["order_amount"] = json!("十二元整");
        }
        for field in
            ["receive_phone", "receive_tel", "receive_name", "receive_addr", "cm_name", "remark", "emp_name"]
        {
            private.extend(order[field].as_str().filter(|text| !text.is_empty()).map(str::to_owned));
        }
        for push in house.vendors.qince.tell(Story::ALL[place % 6], &order) {
            process.post(&push).await;
        }
        let wrong = PushStyle { digest: Digest::Wrong, ..PushStyle::default() };
        let push = house.vendors.qince.push(&order, &wrong);
        process.request(&push.content_type, &push.body).await;
        process.request(&push.content_type, &push.body[..push.body.len() / 2]).await;
    }
    for _ in 0..4 {
        process.poll().await;
        process.sync().await;
        process.drain_through_pauses().await;
        house.clock.advance(Duration::from_secs(300));
    }
    assert!(!process.failures().await.is_empty());
    private.extend(customers_of_trades(house));
    private.extend(tokens(&process).await);
    private
}

fn customers_of_trades(house: &House) -> Vec<String> {
    let mut private = Vec::new();
    for trade in house.vendors.wangdian.trades() {
        let row = house.vendors.wangdian.trade(&trade.trade_no).unwrap();
        for field in ["receiver_name", "receiver_mobile", "receiver_address", "buyer_nick", "customer_name"] {
            private.extend(row[field].as_str().filter(|text| text.len() > 3).map(str::to_owned));
        }
    }
    private
}

async fn tokens(process: &Process) -> Vec<String> {
    let tokens = process.wiring.stores.checkpoints.list("token/").await.unwrap();
    assert_eq!(tokens.len(), 2, "Kingdee's and ShareCRM's");
    let value =
        |text: &str| serde_json::from_str::<Value>(text).unwrap()["value"].as_str().unwrap().to_owned();
    tokens.iter().map(|(_, checkpoint)| value(&checkpoint.value)).collect()
}

fn secrets() -> Vec<String> {
    let secrets = relay_simulators::settings().into_iter().filter(|(name, _)| declared::is_secret(name));
    let mut secrets: Vec<_> = secrets.map(|(_, value)| value.to_owned()).collect();
    // The console's users are read by `relay` alone, and are hashes.
    let is_read = |setting: &&Setting| setting.is_secret && setting.name != declared::CONSOLE_USERS.name;
    assert_eq!(secrets.len(), declared::all().filter(is_read).count());
    // As it stands in the query of the token call.
    secrets.extend(["p%26ss".to_owned(), "p&ss".to_owned()]);
    secrets
}

#[tokio::test]
async fn nothing_private_is_logged_on_a_bad_day() {
    let (mut private, log) = Log::of(async {
        let house = House::new(1);
        let mut private = bad_day(&house).await;
        let wrong = House::new(2)
            .with("KINGDEE_PASSWORD", "an-old-password")
            .with("SHARECRM_APP_SECRET", "an-old-secret");
        private.extend(["an-old-password".to_owned(), "an-old-secret".to_owned()]);
        private.extend(bad_day_of_wrong_credentials(&wrong).await);
        private
    })
    .await;

    private.extend(secrets());
    private.extend(
        ["access_token=", "masterFieldVal", "receive_addr\"", "goods_list\"", "sign="].map(str::to_owned),
    );
    private.sort();
    private.dedup();
    assert!(
        log.lines().count() > 500 && private.len() > 50,
        "{} lines, {} words",
        log.lines().count(),
        private.len()
    );
    for line in log.lines() {
        if let Some(told) = private.iter().find(|private| line.contains(private.as_str())) {
            panic!("`{told}` is told in: {line}");
        }
    }
}

async fn bad_day_of_wrong_credentials(house: &House) -> Vec<String> {
    house.vendors.wangdian.generate_trades(
        3,
        house.minutes_ago(50),
        house.minutes_ago(5),
        TradeMix::default(),
    );
    let process = house.start();
    let order = house.vendors.qince.order(house.now());
    process.post(&house.vendors.qince.push(&order, &PushStyle::default())).await;
    process.poll().await;
    process.drain().await;
    vec![order["receive_phone"].as_str().unwrap().to_owned()]
}
