//! A new user's way: the steps of docs/quick-start.md, taken from the page and run in an empty folder.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use relay_core::clock::{Clock as _, SystemClock};

use crate::support::{Answer, Installation, Town};

/// Under the load of a whole test run.
const PATIENCE: Duration = Duration::from_secs(120);

/// The lines of the page that a person types.
fn steps() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/quick-start.md");
    let page = fs::read_to_string(page).unwrap();
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.flat_map(str::lines).map(str::to_owned).collect()
}

/// A shell in the folder that the steps have come to, where `relay` is the program under test and `$NUMBER` an order's number.
struct Shell<'i> {
    installation: &'i Installation,
    folder: &'static str,
    number: &'i str,
}

impl Shell<'_> {
    fn command(&self, line: &str) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_relay")).parent().unwrap().display();
        let script =
            format!("cd {} && PATH={program}:$PATH; NUMBER={}; exec {line}", self.folder, self.number);
        self.installation.shell(&script)
    }

    fn run(&self, line: &str) -> Answer {
        Answer::of(&mut self.command(line))
    }
}

/// A program that runs until Ctrl-C, with what it says in a file.
struct Running {
    child: Child,
    said: std::path::PathBuf,
}

impl Running {
    fn of(shell: &Shell<'_>, line: &str) -> Self {
        let said = shell.installation.path("said");
        let file = fs::File::create(&said).unwrap();
        let mut command = shell.command(line);
        command.stdout(file.try_clone().unwrap()).stderr(file).stdin(Stdio::null());
        Self { child: command.spawn().unwrap(), said }
    }

    fn until_it_says(&mut self, what: &str) -> String {
        eventually(|| {
            let said = fs::read_to_string(&self.said).unwrap();
            assert!(self.child.try_wait().unwrap().is_none(), "it ended: {said}");
            said.contains(what).then_some(said)
        })
    }

    fn interrupt(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }
}

/// What comes true while others work.
#[expect(clippy::disallowed_methods, reason = "programs of their own run by the machine's clock")]
fn eventually<T>(mut is: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = is() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "it does not come true");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// A page of the console, as a browser asks for it.
fn page(address: &str, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

#[test]
fn a_new_user_delivers_a_first_order_by_the_page_alone_and_finds_it() {
    let town = Town::open();
    town.stock_the_sample_trade();
    town.vendors.wangdian.generate_trade("S001", 55, SystemClock.now() - TimeDelta::seconds(90));
    let trade = town.vendors.wangdian.trades()[0].clone();
    let installation = town.installation();
    let steps = steps();
    let expected = [
        "relay init --set default my-relay",
        "cd my-relay",
        "relay flows check",
        "relay flows test",
        "relay doctor",
        "relay serve --dry-run",
        "relay explain --flow trade-to-kingdee --number $NUMBER",
        "relay serve --console 127.0.0.1:8081",
        "relay status",
        "relay show $NUMBER",
    ];
    assert_eq!(steps, expected, "a step of the page that this test does not know");

    let mut shell = Shell { installation: &installation, folder: ".", number: &trade.trade_no };
    shell.run(&steps[0]).with_status(0);
    shell.folder = "my-relay";
    for step in &steps[2..=4] {
        shell.run(step).with_status(0);
    }
    // Other tests listen at the addresses of the page.
    let dry_run = format!("{} --listen 127.0.0.1:0", steps[5]);
    let mut dry = Running::of(&shell, &dry_run);
    let shown = dry.until_it_says("It would be sent.");
    assert!(shown.contains(&trade.trade_no), "{shown}");
    dry.interrupt();
    assert!(town.vendors.kingdee.orders(&trade.trade_no).is_empty(), "nothing is sent before the fifth step");
    let explained = shell.run(&steps[6]).with_status(0).stdout;
    assert!(explained.contains("It would be sent"), "{explained}");

    let serve = steps[7].replace("127.0.0.1:8081", "127.0.0.1:0 --listen 127.0.0.1:0");
    let mut serving = Running::of(&shell, &serve);
    let said = serving.until_it_says("The console is at http://");
    let console = said.split("The console is at http://").nth(1).unwrap().lines().next().unwrap().to_owned();
    let found = eventually(|| {
        let shown = shell.run(&steps[9]).stdout;
        shown.contains(" delivered ").then_some(shown)
    });
    assert!(found.contains("in the target") && found.contains("answered:"), "{found}");
    shell.run(&steps[8]).with_status(0);
    let searched = page(&console, &format!("/search?q={}", trade.trade_no)).unwrap();
    assert!(searched.contains("trade-to-kingdee") && searched.contains(&trade.trade_no), "{searched}");
    serving.interrupt();
}
