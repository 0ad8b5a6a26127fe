//! The console beyond this machine: users, log-in, roles.

use std::io::Write as _;
use std::process::Stdio;

use crate::console::{Console, Page};
use crate::support::{Answer, Installation};

/// Hashes of `operator's password` and `reader's password`, as cheap as they come: a test is not about their cost.
const LI: &str = "li:operate:$argon2id$v=19$m=8,t=1,p=1$BwcHBwcHBwcHBwcHBwcHBw$D0/Vv8jbn7iVkM4+D+oE3u6M8Z5n25LJjspIbiKIweQ";
const WANG: &str =
    "wang:read:$argon2id$v=19$m=8,t=1,p=1$BwcHBwcHBwcHBwcHBwcHBw$voXC6oCkhqDDY40cpkToCc/EEw/iBvazRTUFK9y4h4w";

pub(crate) fn installation(url: Option<&str>) -> Installation {
    let mut installation = Installation::with_store();
    installation.set("RELAY_CONSOLE_USERS", format!("{LI}; {WANG}"));
    if let Some(url) = url {
        installation.set("RELAY_CONSOLE_URL", url);
    }
    installation
}

/// A browser, with its cookies.
struct Browser<'a> {
    console: &'a Console,
    host: &'a str,
    cookies: Vec<(String, String)>,
}

impl<'a> Browser<'a> {
    fn at(console: &'a Console) -> Self {
        Self { console, host: &console.address, cookies: Vec::new() }
    }

    fn asks(&mut self, method: &str, path: &str, form: &str) -> Page {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n", self.host, cookies.join("; "));
        let page = self.console.ask(&head, form);
        for (name, value) in page.cookies.clone() {
            self.cookies.retain(|(known, _)| *known != name);
            self.cookies.push((name, value));
        }
        page
    }

    fn get(&mut self, path: &str) -> Page {
        self.asks("GET", path, "")
    }

    fn logs_in(&mut self, name: &str, password: &str) -> Page {
        let token = self.get("/login").hidden("token");
        let password = password.replace('\'', "%27").replace(' ', "+");
        self.asks("POST", "/login", &format!("name={name}&password={password}&token={token}&next=/issues"))
    }

    fn session(&self) -> Option<&str> {
        let found = self.cookies.iter().find(|(name, _)| name.ends_with("relay_session"));
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

#[test]
fn beyond_this_machine_it_starts_with_users_alone() {
    let mut alone = Installation::with_store();
    let told = alone.relay(&["console", "--listen", "0.0.0.0:0"]).with_status(2).stderr;
    assert!(told.contains("RELAY_CONSOLE_USERS") && told.contains("ssh -L"), "{told}");
    alone.set("RELAY_CONSOLE_URL", "https://relay.example.com");
    let told = alone.relay(&["console", "--listen", "127.0.0.1:0"]).with_status(2).stderr;
    assert!(told.contains("RELAY_CONSOLE_USERS"), "a proxy brings strangers: {told}");
    alone.set("RELAY_CONSOLE_USERS", "li:operate:open-sesame");
    let told = alone.relay(&["console", "--listen", "0.0.0.0:0"]).with_status(2).stderr;
    assert!(told.contains("hash-password") && !told.contains("open-sesame"), "{told}");

    let installation = installation(None);
    let console = Console::listening(&installation, "0.0.0.0:0");
    let port = console.address.rsplit(':').next().unwrap().to_owned();
    let mut browser = Browser::at(&console);
    let host = format!("192.168.1.7:{port}");
    browser.host = &host;
    assert_eq!(browser.get("/login").status, 200);
}

#[test]
fn whoever_has_not_logged_in_sees_nothing_and_does_nothing() {
    let installation = installation(None);
    let console = Console::of(&installation);
    let mut browser = Browser::at(&console);
    for path in ["/", "/issues", "/document?flow=a&key=1", "/nowhere"] {
        let page = browser.get(path);
        assert_eq!((page.status, page.body.as_str()), (303, ""), "{path}");
        assert!(page.head.contains("location: /login?next="), "{}", page.head);
    }
    let page = browser.asks("POST", "/do", "what=pause&name=sharecrm&reason=x");
    assert!(page.status == 303 && page.head.contains("location: /login"), "{}", page.head);
    let login = browser.get("/login");
    login.shows(&["登录", "autocomplete=\"current-password\""]);
    assert!(!login.body.contains("sqlite") && !login.body.contains("/issues"), "{}", login.body);
    assert!(login.head.contains("content-security-policy: default-src 'none'"), "{}", login.head);
    let status = installation.relay(&["status", "--json"]).json();
    assert!(status["queues"]["sharecrm"]["paused"].is_null(), "{status}");
}

#[test]
fn a_user_logs_in_acts_under_their_own_name_and_logs_out() {
    let installation = installation(None);
    let console = Console::of(&installation);
    let mut browser = Browser::at(&console);
    let page = browser.logs_in("li", "operator's password");
    assert!(page.status == 303 && page.head.contains("location: /issues"), "{}", page.head);
    assert!(
        page.head.contains("httponly; samesite=strict") && !page.head.contains("secure"),
        "{}",
        page.head
    );
    browser.get("/").shows(&["总览", "li", "退出"]);
    let weighed = browser.get("/do?what=pause&name=sharecrm");
    assert!(!weighed.body.contains("name=\"by\""), "nobody acts under another's name: {}", weighed.body);
    let token = weighed.hidden("token");
    let form = format!("what=pause&name=sharecrm&reason=x&by=somebody-else&token={token}");
    assert_eq!(browser.asks("POST", "/do", &form).status, 303);
    let log = installation.relay(&["log", "--json"]).json();
    let did = |place: usize| (log["actions"][place]["by"].as_str(), log["actions"][place]["did"].as_str());
    assert_eq!((did(0), did(1)), ((Some("li"), Some("pause")), (Some("li"), Some("log in"))), "{log}");

    // Another session's token is no good, nor is a form of a stranger's page.
    let mut other = Browser::at(&console);
    other.logs_in("li", "operator's password");
    let resume = format!("what=resume&name=sharecrm&token={token}");
    assert_eq!(other.asks("POST", "/do", &resume).status, 403);

    let left = browser.asks("POST", "/logout", &format!("token={token}"));
    assert!(left.status == 303 && left.head.contains("location: /login"), "{}", left.head);
    assert!(browser.session().is_none(), "{:?}", browser.cookies);
    assert!(browser.get("/").head.contains("location: /login"));
    assert_eq!(other.get("/").status, 200, "the other session goes on");
}

#[test]
fn a_session_that_was_ended_or_made_up_is_none() {
    let installation = installation(None);
    let console = Console::of(&installation);
    let mut browser = Browser::at(&console);
    browser.logs_in("li", "operator's password");
    let cookies = browser.cookies.clone();
    let token = browser.get("/").hidden("token");
    browser.asks("POST", "/logout", &format!("token={token}"));
    browser.cookies = cookies;
    assert_eq!(browser.get("/").status, 303, "the cookie of a session that was ended");
    browser.cookies = vec![("relay_session".to_owned(), "0".repeat(64))];
    assert_eq!(browser.get("/").status, 303);
}

#[test]
fn whoever_may_only_read_sees_no_action_and_does_none() {
    let installation = installation(None);
    let console = Console::of(&installation);
    let mut browser = Browser::at(&console);
    browser.logs_in("wang", "reader's password");
    for path in [
        "/",
        "/issues",
        "/flows",
        "/flow?flow=trade-to-kingdee",
        "/delivered",
        "/issues?grep=a",
        "/vendors",
        "/queues",
        "/groups",
        "/lookups",
        "/reconciliation",
        "/search?q=JY1",
        "/log",
    ] {
        let page = browser.get(path);
        page.shows(&["<h1>"]);
        assert!(!page.body.contains("/do?") && !page.body.contains("class=\"act\""), "{path}: {}", page.body);
    }
    let token = browser.get("/").hidden("token");
    assert_eq!(browser.get("/do?what=pause&name=sharecrm").status, 403);
    assert_eq!(browser.get("/do?what=rewind&flow=trade-to-kingdee&to=2026-11-28T08:00").status, 403);
    let users = browser.get("/log");
    users.shows(&["可以登录的用户", "operate"]);
    assert!(!users.body.contains("argon2"), "{}", users.body);
    for (path, form) in [
        ("/do", "what=pause&name=sharecrm&reason=x"),
        ("/do", "what=rewind&flow=trade-to-kingdee&to=2026-11-28"),
        ("/document", "flow=a&key=1"),
        ("/lookups", ""),
    ] {
        let page = browser.asks("POST", path, &format!("{form}&token={token}"));
        assert_eq!(page.status, 403, "{path}: {}", page.body);
    }
    let status = installation.relay(&["status", "--json"]).json();
    assert!(status["queues"]["sharecrm"]["paused"].is_null(), "{status}");
}

#[test]
fn a_password_is_not_found_by_trying() {
    let installation = installation(None);
    let console = Console::of(&installation);
    let mut browser = Browser::at(&console);
    for name in ["li", "nobody"] {
        for _ in 0..5 {
            let page = browser.logs_in(name, "a wrong password");
            assert_eq!(page.status, 401);
            assert!(
                page.body.contains("用户名或密码不对"),
                "nobody learns which names there are: {}",
                page.body
            );
        }
        let page = browser.logs_in(name, "operator's password");
        assert!(page.status == 429 && page.head.contains("retry-after: "), "{}", page.head);
        assert!(browser.session().is_none());
    }
    assert_eq!(browser.logs_in("wang", "reader's password").status, 303, "another name is let in");
    let mut stranger = Browser::at(&console);
    stranger.cookies = vec![("relay_entrance".to_owned(), "x".to_owned())];
    assert_eq!(stranger.asks("POST", "/login", "name=wang&password=x&token=y").status, 403);
    assert_eq!(Browser::at(&console).asks("POST", "/login", "name=wang&password=x&token=").status, 403);
}

#[test]
fn behind_tls_cookies_are_secure_and_only_its_own_address_is_answered() {
    let installation = installation(Some("https://relay.example.com/"));
    let console = Console::of(&installation);
    let mut browser = Browser::at(&console);
    browser.host = "relay.example.com";
    let page = browser.logs_in("li", "operator's password");
    assert!(page.head.contains("__host-relay_session=") && page.head.contains("; secure"), "{}", page.head);
    browser.get("/").shows(&["总览"]);
    browser.host = "evil.example";
    assert_eq!(browser.get("/").status, 403);
}

#[test]
fn an_entry_that_was_made_lets_its_user_in() {
    let mut installation = Installation::with_store();
    let mut command = installation.command(&["console", "hash-password", "li", "--role", "read"]);
    let mut made = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    made.stdin.take().unwrap().write_all("a password of 李\n".as_bytes()).unwrap();
    let output = made.wait_with_output().unwrap();
    let entry = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    assert!(entry.starts_with("li:read:$argon2id$v=19$m=19456,t=2,p=1$"), "{entry}");
    installation.set("RELAY_CONSOLE_USERS", entry);
    let console = Console::of(&installation);
    let mut browser = Browser::at(&console);
    assert_eq!(browser.logs_in("li", "a password of 李").status, 303);
    let wrong = installation.relay(&["console", "hash-password", "li", "--role", "admin"]);
    assert!(wrong.with_status(2).stderr.contains("`read` or `operate`"));
    let short: Answer = installation.relay(&["console", "hash-password", "li"]);
    assert!(short.with_status(2).stderr.contains("shorter"));
}
