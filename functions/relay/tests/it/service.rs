//! What `relay init` writes to run as a service: systemd takes the unit, and Caddy the `Caddyfile`, with pushes through it.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use relay_core::clock::{Clock as _, SystemClock};
use relay_simulators::qince::PushStyle;

use crate::server::Server;
use crate::support::{Answer, Installation, Town};

#[test]
fn systemd_finds_nothing_to_say_of_the_unit_wherever_its_folder_is() {
    let installation = Installation::empty();
    for folder in ["mine", "my %relay"] {
        installation.relay(&["init", "--set", "default", folder]).with_status(0);
        let unit = installation.path(folder).join("relay.service");
        let text = fs::read_to_string(&unit).unwrap();
        // By /proc/sys it is told from a former run of the machine, and shares its quotas with the commands of a shell.
        assert!(!text.contains("ProcSubset"), "{text}");
        fs::write(&unit, text.replace("/usr/local/bin/relay", env!("CARGO_BIN_EXE_relay"))).unwrap();
        // It comes with systemd, which not every machine has.
        let Ok(verified) = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&unit).output()
        else {
            return;
        };
        let said = String::from_utf8_lossy(&verified.stderr);
        assert!(verified.status.success() && !said.contains("relay.service"), "{text}\n{said}");
    }
}

/// Caddy, ended with this.
struct Proxy(Child);

impl Drop for Proxy {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// A port that nobody has.
fn free() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn listens(address: &str) -> bool {
    (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        TcpStream::connect(address).is_ok()
    })
}

#[test]
#[ignore = ".ci/service brings Caddy and runs it"]
fn caddy_passes_on_pushes_and_nothing_else() {
    let caddy = std::env::var("CADDY").unwrap();
    let town = Town::open();
    let installation = town.installation();
    installation.relay(&["init", "--set", "field-sales", "mine"]).with_status(0);
    let mut server = Server::start(&installation).unread();
    let written = fs::read_to_string(installation.path("mine/Caddyfile")).unwrap();
    let validate = |file: &str| {
        Answer::of(Command::new(&caddy).args(["validate", "--config"]).arg(installation.path(file)))
    };
    validate("mine/Caddyfile").with_status(0);

    // As it is, but for who it is: certificates are given out to whoever owns a name.
    let address = format!("127.0.0.1:{}", free());
    let here = written.replacen("relay.example.com {", &format!("http://{address} {{"), 1).replacen(
        "127.0.0.1:8080",
        &server.address,
        1,
    );
    fs::write(installation.path("Caddyfile"), format!("{{\n\tadmin off\n}}\n{here}")).unwrap();
    let mut command = Command::new(&caddy);
    command.args(["run", "--config"]).arg(installation.path("Caddyfile")).env("HOME", installation.path("."));
    let _proxy = Proxy(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    assert!(listens(&address), "Caddy does not listen: {here}");

    let own = std::mem::replace(&mut server.address, address);
    let order = town.vendors.qince.order(SystemClock.now());
    assert!(server.stores(&town.vendors.qince.push(&order, &PushStyle::default())));
    for path in ["/", "/metrics", "/readyz", "/healthz", "/qince", "/login"] {
        assert_eq!(server.get(path).0, 404, "{path}");
    }
    server.address = own;
    assert_eq!(server.get("/readyz").0, 200);
}
