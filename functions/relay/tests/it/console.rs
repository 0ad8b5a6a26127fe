//! The console, as a browser on this machine meets it.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Stdio};

use crate::again::unsplittable;
use crate::support::{Installation, Town};

const TO_WDT: &str = "direct-order-to-wangdian";
const TO_CRM: &str = "direct-order-to-sharecrm";

/// Orders whose customers Kingdee does not know.
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
customer = { from = "id", lookup = "kingdee.customer" }
"#;

/// `relay console`, ended with this.
pub(crate) struct Console {
    process: Child,
    _stdout: BufReader<ChildStdout>,
    pub(crate) address: String,
}

pub(crate) struct Page {
    pub(crate) status: u16,
    /// In small letters, as headers are compared.
    pub(crate) head: String,
    pub(crate) body: String,
    /// The cookies that it sets.
    pub(crate) cookies: Vec<(String, String)>,
}

impl Console {
    pub(crate) fn of(installation: &Installation) -> Self {
        Self::listening(installation, "127.0.0.1:0")
    }

    pub(crate) fn listening(installation: &Installation, at: &str) -> Self {
        let mut command = installation.command(&["console", "--listen", at]);
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("The console is at http://").expect(&line).to_owned();
        Self { process, _stdout: stdout, address }
    }

    pub(crate) fn get(&self, path: &str) -> Page {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: {}\r\n", self.address), "")
    }

    /// Sends a form as a page of ours would.
    pub(crate) fn post(&self, path: &str, form: &str) -> Page {
        let origin = format!("http://{}", self.address);
        self.ask(&format!("POST {path} HTTP/1.1\r\nHost: {}\r\nOrigin: {origin}\r\n", self.address), form)
    }

    pub(crate) fn ask(&self, head: &str, body: &str) -> Page {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        let request = format!("{head}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let set = head.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
        let pairs = set.filter_map(|cookie| cookie.split(';').next()?.split_once('='));
        let cookies = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Page { status, head: head.to_lowercase(), body: body.to_owned(), cookies }
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

impl Page {
    #[track_caller]
    pub(crate) fn shows(&self, texts: &[&str]) -> &Self {
        assert_eq!(self.status, 200, "{}", self.body);
        texts.iter().for_each(|text| assert!(self.body.contains(text), "{text} is not in {}", self.body));
        self
    }

    /// The value of a hidden field.
    pub(crate) fn hidden(&self, name: &str) -> String {
        let field = format!("name=\"{name}\" value=\"");
        let (_, rest) = self.body.split_once(&field).expect(name);
        rest.split('"').next().unwrap().to_owned()
    }

    /// The cause of the first issue.
    fn cause(&self) -> String {
        let (_, rest) = self.body.split_once("/issues?cause=").expect("an issue");
        rest.split('"').next().unwrap().to_owned()
    }
}

#[test]
fn every_screen_is_shown_in_both_languages() {
    let town = Town::open();
    let installation = town.installation();
    let ids = unsplittable(&town, &installation, 2);
    let console = Console::of(&installation);
    let screens = [
        "/",
        "/issues",
        "/flows",
        "/delivered",
        "/vendors",
        "/queues",
        "/bills",
        "/groups",
        "/lookups",
        "/reconciliation",
        "/log",
    ];
    for screen in screens {
        let page = console.get(screen);
        page.shows(&["<h1>", "erp-relay", "lang=\"zh-CN\"", "class=", "/console.css"]);
        assert!(page.head.contains("content-security-policy: default-src 'none'"), "{}", page.head);
        let host = &console.address;
        let english =
            console.ask(&format!("GET {screen} HTTP/1.1\r\nHost: {host}\r\nCookie: lang=en\r\n"), "");
        english.shows(&["lang=\"en\"", "times are China time"]);
    }
    console.get("/").shows(&["件事要人处理", TO_WDT, TO_CRM, "mapping", "重放"]);
    console.get("/flows").shows(&[TO_WDT, "暂停"]);
    console.get("/vendors").shows(&["wangdian", "kingdee"]);
    console.get(&format!("/search?q={}", ids[0])).shows(&[TO_WDT, TO_CRM, "失败", "已送达"]);
    console.get("/search?q=nobody-has-it").shows(&["哪个流程都没有见过它"]);
    let explained = console.get(&format!("/explain?flow={TO_WDT}&key={}", ids[0]));
    explained.shows(&["不会发送", "receive_addr", "receiver_mobile", "•••"]);
    assert!(!explained.body.contains("李四"), "{}", explained.body);
    assert_eq!(console.get("/nowhere").status, 404);
    assert_eq!(console.get("/document?flow=nobody&key=1").status, 400);
    assert_eq!(console.get("/console.css").status, 200);
}

#[test]
fn an_action_says_what_it_comes_to_and_is_done_once_it_is_asked_for() {
    let town = Town::open();
    let installation = town.installation();
    let ids = unsplittable(&town, &installation, 3);
    let console = Console::of(&installation);
    let cause = console.get("/issues").cause();

    let weighed = console.get(&format!("/do?what=replay&cause={cause}"));
    weighed.shows(&["3 张单据", "wangdian.trade_push: 3", &format!("relay replay --cause {cause}")]);
    let token = weighed.hidden("token");
    let done = console.post("/do", &format!("what=replay&cause={cause}&token={token}"));
    assert_eq!(done.status, 303, "{}", done.body);
    assert!(done.head.contains("location: /issues?done=3"), "{}", done.head);
    installation.relay(&["drain"]).with_status(1);

    let by = "reason=%E6%89%8B%E5%B7%A5&by=%E5%B0%8F%E7%8E%8B";
    let settled =
        console.post("/do", &format!("what=settle&flow={TO_WDT}&key={}&{by}&token={token}", ids[0]));
    assert_eq!(settled.status, 303, "{}", settled.body);
    let settled = console.post("/do", &format!("what=settle&cause={cause}&{by}&token={token}"));
    assert!(settled.head.contains("location: /issues?done=2"), "{}", settled.head);
    installation.relay(&["failures"]).with_status(0);
    console.get("/log").shows(&["小王", "settle", "手工"]);

    let paused = console.post("/do", &format!("what=pause&name=kingdee&hours=2&{by}&token={token}"));
    assert_eq!(paused.status, 303, "{}", paused.body);
    console.get("/vendors").shows(&["已暂停", "恢复"]);
    let resumed = console.post("/do", &format!("what=resume&name=kingdee&token={token}"));
    assert_eq!(resumed.status, 303, "{}", resumed.body);
    let status = installation.relay(&["status", "--json"]).json();
    assert!(status["queues"]["kingdee"]["paused"].is_null(), "{status}");
}

#[test]
fn what_was_delivered_is_listed_and_downloaded() {
    let town = Town::open();
    let installation = town.installation();
    let ids = unsplittable(&town, &installation, 2);
    let console = Console::of(&installation);
    console.get("/flows").shows(&["/delivered?flow="]);
    console.get("/delivered").shows(&[&ids[0], &ids[1], TO_CRM, "2 张单据", "/delivered.csv"]);
    let none = console.get(&format!("/delivered?flow={TO_WDT}"));
    none.shows(&["0 张单据"]);
    assert_eq!(console.get("/delivered?since=yesterday").status, 400);
    let file = console.get(&format!("/delivered.csv?flow={TO_CRM}&since=2026-01-01T00:00&amounts=yes"));
    assert!(file.head.contains("content-type: text/csv; charset=utf-8"), "{}", file.head);
    assert!(file.head.contains("attachment; filename=\"delivered.csv\""), "{}", file.head);
    assert!(file.body.starts_with("\u{FEFF}时间,流程,单据") && file.body.contains(&ids[1]), "{}", file.body);
    console.get("/").shows(&["存储:", "磁盘还剩"]);
}

#[test]
fn a_flow_is_rewound_and_what_a_text_finds_is_settled_once_it_is_agreed_to() {
    let town = Town::open();
    let installation = town.installation();
    let ids = unsplittable(&town, &installation, 2);
    let console = Console::of(&installation);
    console.get("/flow?flow=trade-to-kingdee").shows(&["回退重读", "先看后果"]);
    let weighed = console.get("/do?what=rewind&flow=trade-to-kingdee&to=2026-11-28T08:00");
    weighed.shows(&["RELAY_LEDGER_DAYS", "次调用", "relay rewind trade-to-kingdee --to"]);
    let token = weighed.hidden("token");
    let form = format!("what=rewind&flow=trade-to-kingdee&to=2026-11-28+08:00:00&token={token}");
    assert_eq!(console.post("/do", &form.replace(&token, "x")).status, 403);
    let done = console.post("/do", &form);
    assert!(done.status == 303 && done.head.contains("location: /flows?done="), "{}", done.head);
    console.get("/flows").shows(&["2026-11-28 08:00:00"]);
    console.get("/log").shows(&["rewind", "trade-to-kingdee to 2026-11-28 08:00:00"]);
    assert_eq!(console.get(&format!("/do?what=rewind&flow={TO_CRM}&to=2026-11-28T08:00")).status, 400);
    assert_eq!(console.get("/do?what=rewind&flow=trade-to-kingdee&to=2036-01-01T00:00").status, 400);

    console.get(&format!("/issues?grep={}", ids[1])).shows(&["筛出的全部了结"]);
    let weighed = console.get(&format!("/do?what=settle&grep={}", ids[1]));
    weighed.shows(&["1 张单据", &format!("relay settle --grep {}", ids[1])]);
    let form = format!("what=settle&grep={}&reason=x&token={token}", ids[1]);
    let settled = console.post("/do", &form);
    assert!(settled.head.contains("location: /issues?done=1"), "{}", settled.head);
}

#[test]
fn personal_data_is_masked_until_somebody_asks_for_it_and_the_asking_is_noted() {
    let town = Town::open();
    let installation = town.installation();
    let ids = unsplittable(&town, &installation, 1);
    let console = Console::of(&installation);
    let path = format!("/document?flow={TO_CRM}&key={}", ids[0]);
    let masked = console.get(&path);
    masked.shows(&["已送达", "收到", "receive_addr"]);
    assert!(!masked.body.contains("老地方0"), "{}", masked.body);

    let token = masked.hidden("token");
    let form = format!("flow={TO_CRM}&key={}&token={token}", ids[0]);
    console.post("/document", &form).shows(&["老地方0"]);
    console.get("/log").shows(&["reveal", &ids[0]]);
}

#[test]
fn nobody_else_may_ask_and_no_strangers_page_may_act() {
    let installation = Installation::with_store();
    let console = Console::of(&installation);
    let of = |host: &str| console.ask(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n"), "");
    assert_eq!(of("evil.example").status, 403, "a name that was pointed at this machine");
    assert_eq!(of(&console.address).status, 200);
    let post = |origin: &str, form: &str| {
        let head = format!("POST /do HTTP/1.1\r\nHost: {}\r\nOrigin: {origin}\r\n", console.address);
        console.ask(&head, form).status
    };
    let token = console.get("/do?what=pause&name=sharecrm").hidden("token");
    let form = format!("what=pause&name=sharecrm&reason=x&token={token}");
    assert_eq!(post("http://evil.example", &form), 403);
    assert_eq!(post(&format!("http://{}", console.address), "what=pause&name=sharecrm&reason=x"), 403);
    assert_eq!(post(&format!("http://{}", console.address), &form), 303);

    let told = installation.relay(&["console", "--listen", "0.0.0.0:8081"]).with_status(2).stderr;
    assert!(told.contains("RELAY_CONSOLE_USERS") && told.contains("ssh -L"), "{told}");
}

#[test]
fn missing_codes_are_filled_in_and_what_waits_for_them_is_sent() {
    let town = Town::open();
    let mut installation = town.installation();
    let flows = installation.path("flows");
    fs::create_dir(&flows).unwrap();
    fs::write(flows.join("orders.toml"), FLOW).unwrap();
    installation.set("RELAY_FLOWS_DIR", flows.display().to_string());
    installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(0);
    installation.relay(&["drain"]).with_status(1);
    let console = Console::of(&installation);
    let page = console.get("/lookups");
    page.shows(&["kingdee.customer", "导入填好的"]);
    let (_, rest) = page.body.split_once("name=\"id").unwrap();
    let name = format!("id{}", rest.split('"').next().unwrap());
    let name: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let token = page.hidden("token");
    let filled = console.post("/lookups", &format!("{name}=4711&token={token}"));
    filled.shows(&["1 个编码已导入", "1 张单据已重新发送"]);
    installation.relay(&["drain"]).with_status(0);
}
