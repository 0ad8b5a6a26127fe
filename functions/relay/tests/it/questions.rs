//! An operator's fortnight, question by question: each is answered by one command, in the words that docs/questions.md says.
//!
//! That page is the table: its rows are read here, and played in their order against one installation.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use chrono::TimeDelta;
use relay_core::clock::{Clock as _, SystemClock};

use crate::serve::eventually;
use crate::support::{Answer, Installation, Stack, Town};

/// A row of the table.
struct Question {
    number: usize,
    command: String,
    says: Vec<String>,
    console: Vec<String>,
}

fn docs(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(file)).unwrap()
}

/// What stands between backquotes.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn questions(page: &str) -> Vec<Question> {
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<_> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
        let [number, _, command, says, console] = cells[..] else { return None };
        let number = number.parse().ok()?;
        let command = quoted(command).into_iter().next()?;
        Some(Question { number, command, says: quoted(says), console: quoted(console) })
    });
    rows.collect()
}

/// What stands for the numbers of this run in the table.
fn fortnight(town: &Town, mut installation: Installation) -> (Installation, BTreeMap<&'static str, String>) {
    let now = SystemClock.now();
    installation.set("RELAY_START", (now - TimeDelta::hours(1)).to_rfc3339());
    let trade = town.vendors.wangdian.generate_trade("S001", 55, now - TimeDelta::minutes(30));
    let shipped = town.vendors.wangdian.generate_trade("S001", 95, now - TimeDelta::minutes(20));
    installation.invoke("trade-poller", "trade-poller/schedule.json").with_status(0);
    installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(0);
    installation.relay(&["drain"]).with_status(0);
    until_quiet(&installation);
    // Kingdee has nothing of what this trade names.
    installation.invoke("erp-pusher", "erp-pusher/sqs.json").with_status(0);
    let explained = ["explain", "--flow", "trade-to-kingdee", "--number", &trade, "--json"];
    let document = installation.relay(&explained).with_status(0).json()["document"].clone();
    let tid = document["src_tids"].as_str().unwrap().to_owned();
    let shown = installation.relay(&["show", &trade, "--json"]).with_status(0).json();
    let bill = shown["found"][0]["documents"][0]["delivered"]["target_id"].as_str().unwrap().to_owned();
    fs::write(installation.path("trade.json"), document.to_string()).unwrap();
    fs::write(installation.path("codes.csv"), "code,id\napi_zy01,C9\n").unwrap();
    installation.relay(&["flows", "export", "flows"]).with_status(0);
    // One of them is changed.
    installation.relay(&["flows", "export", "changed"]).with_status(0);
    let changed = installation.path("changed/trade-to-kingdee.toml");
    let text = fs::read_to_string(&changed).unwrap();
    fs::write(&changed, text.replace("[fields]\n", "[fields]\nremark = \"trade_no\"\n")).unwrap();
    let failures = installation.relay(&["failures", "--flow", "unreadable", "--json"]).json();
    let unreadable = failures["failures"][0]["key"].as_str().unwrap().to_owned();
    let numbers =
        [("TRADE", trade), ("SHIPPED", shipped), ("TID", tid), ("BILL", bill), ("UNREADABLE", unreadable)];
    (installation, BTreeMap::from(numbers))
}

/// On a stack functions work what is sent, a moment later.
fn until_quiet(installation: &Installation) {
    eventually("the queues are worked", || {
        let status = installation.relay(&["status", "--json"]).json();
        let mut queues = status["queues"].as_object().unwrap().values();
        queues.all(|queue| queue["waiting"] == 0 && queue["in_flight"] == 0)
    });
}

fn ask(installation: &Installation, command: &str) -> Answer {
    let relay = installation.command(&[]);
    let program = Path::new(relay.get_program()).parent().unwrap().display().to_string();
    let mut shell = Command::new("sh");
    let settings = relay.get_envs().filter_map(|(name, value)| Some((name, value?)));
    shell.env_clear().envs(settings).env("PATH", format!("{program}:/usr/bin:/bin"));
    Answer::of(shell.current_dir(installation.path("")).args(["-c", command]))
}

#[test]
fn each_question_of_a_fortnight_is_answered_by_one_command() {
    let town = Town::open();
    each_is_answered(&town, town.installation(), |_| {});
}

#[test]
#[ignore = "needs the local AWS: tests/local-aws/run questions"]
fn each_is_answered_on_a_stack_too() {
    let stack = Stack::deployed();
    let town = Town::on(stack.vendors);
    let mut installation = town.installation();
    installation.work_on(&stack);
    // What is sent again is worked at once there: a pause that comes meanwhile would put it off for half an hour.
    each_is_answered(&town, installation, until_quiet);
}

/// `sent` follows each command that sends something.
fn each_is_answered(town: &Town, installation: Installation, sent: fn(&Installation)) {
    let questions = questions(&docs("questions.md"));
    assert_eq!(questions.iter().map(|it| it.number).collect::<Vec<_>>(), (1..=98).collect::<Vec<_>>());
    let (installation, numbers) = fortnight(town, installation);
    let named =
        |text: &str| numbers.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
    let mut unanswered = Vec::new();
    for Question { number, command, says, .. } in &questions {
        let answer = ask(&installation, &named(command));
        let told = format!("{}{}", answer.stdout, answer.stderr);
        let missing: Vec<_> =
            says.iter().map(|says| named(says)).filter(|says| !told.contains(says)).collect();
        if command.contains("replay") || command.contains("import") {
            sent(&installation);
        }
        // 2 is wrong usage: no answer.
        if !missing.is_empty() || !matches!(answer.status, Some(0 | 1)) || says.is_empty() {
            unanswered
                .push(format!("{number}. {command}: {:?}, without {missing:?}:\n{told}", answer.status));
        }
    }
    assert!(unanswered.is_empty(), "{}", unanswered.join("\n\n"));
}

#[test]
fn the_console_answers_each_by_two_clicks_at_most_from_the_overview() {
    for Question { number, console, .. } in questions(&docs("questions.md")) {
        let from_overview = console.first().is_some_and(|page| page == "/");
        assert!(from_overview && console.len() <= 3, "{number}: {console:?}");
    }
}

#[test]
fn the_chinese_page_asks_the_same_with_the_same_commands() {
    let rows = |page: &str| {
        questions(page).into_iter().map(|it| (it.number, it.command, it.console)).collect::<Vec<_>>()
    };
    let (english, chinese) = (rows(&docs("questions.md")), rows(&docs("zh/questions.md")));
    assert_eq!(english, chinese);
}
