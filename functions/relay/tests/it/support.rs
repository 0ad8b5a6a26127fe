//! A folder to run `relay` in, and vendors on loopback for it to call.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use relay_core::clock::SystemClock;
use relay_simulators::{Ports, Served, Vendors};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The secret under which the sample pushes of `events/` are signed.
const EVENTS_PUSH_SECRET: &str = "s0EXAMPLEpushsecret";

/// The user that has no rights of its own on this machine.
const NOBODY: u32 = 65534;

/// A folder with a store of its own, and the settings that `relay` gets there.
pub(crate) struct Installation {
    folder: TempDir,
    settings: BTreeMap<String, String>,
    program: PathBuf,
}

impl Installation {
    /// Without any settings.
    pub(crate) fn empty() -> Self {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_relay"));
        Self { folder: tempfile::tempdir().unwrap(), settings: BTreeMap::new(), program }
    }

    /// With a store in which a push waits, and no settings but those of pushes.
    pub(crate) fn with_store() -> Self {
        let mut installation = Self::empty();
        installation.set("QINCE_PUSH_SECRETS", EVENTS_PUSH_SECRET);
        installation.invoke("webhook-receiver", "webhook-receiver/direct-order.json").with_status(0);
        installation
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) -> &mut Self {
        self.settings.insert(name.to_owned(), value.into());
        self
    }

    /// Works on the stores of a stack, as an operator does there.
    pub(crate) fn work_on(&mut self, stack: &Stack) {
        self.settings.extend(stack.settings.clone());
        self.program.clone_from(&stack.program);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `relay` with nothing of this machine's environment in it.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear().envs(&self.settings).args(arguments).current_dir(self.folder.path());
        command
    }

    /// `relay` as a user whom the rights of files hold for: they do not for root, as whom containers run tests.
    pub(crate) fn command_of_ordinary_user(&self, arguments: &[&str]) -> Command {
        if fs::metadata(self.folder.path()).unwrap().uid() != 0 {
            return self.command(arguments);
        }
        // Its own copy: the build may lie in root's home.
        let program = self.path("relay");
        fs::copy(env!("CARGO_BIN_EXE_relay"), &program).unwrap();
        let mut command = Command::new(program);
        command.env_clear().envs(&self.settings).args(arguments).current_dir(self.folder.path());
        as_ordinary_user(&mut command);
        command
    }

    /// `relay` in a shell that has done something before, such as setting a limit.
    pub(crate) fn within(&self, before: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("sh");
        let script = format!("{before}; exec \"$0\" \"$@\"");
        command.env_clear().envs(&self.settings).current_dir(self.folder.path());
        command.args(["-c", &script, env!("CARGO_BIN_EXE_relay")]).args(arguments);
        command
    }

    /// A line of a shell in its folder.
    pub(crate) fn shell(&self, line: &str) -> Command {
        let mut command = Command::new("sh");
        command.env_clear().env("PATH", "/usr/bin:/bin").envs(&self.settings).current_dir(self.folder.path());
        command.args(["-c", line]);
        command
    }

    pub(crate) fn relay(&self, arguments: &[&str]) -> Answer {
        Answer::of(&mut self.command(arguments))
    }

    /// `relay invoke FUNCTION --event FILE`, with a file of `events/`.
    pub(crate) fn invoke(&self, function: &str, event: &str) -> Answer {
        self.relay(&["invoke", function, "--event", events(event).to_str().unwrap()])
    }
}

/// Runs a command as a user that is not root.
pub(crate) fn as_ordinary_user(command: &mut Command) {
    if fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0) {
        command.uid(NOBODY).gid(NOBODY);
    }
}

/// What a command came to.
pub(crate) struct Answer {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Answer {
    pub(crate) fn of(command: &mut Command) -> Self {
        let Output { status, stdout, stderr } = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { status: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }

    /// The answer, which must have that exit status.
    #[track_caller]
    pub(crate) fn with_status(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// Standard output, which must be JSON and nothing else.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

/// The stack that `tests/local-aws/run` has deployed, with its functions at work.
pub(crate) struct Stack {
    /// Where its functions find the vendors.
    pub(crate) vendors: Ports,
    /// What an operator's shell has to have set.
    settings: BTreeMap<String, String>,
    /// `relay` as it is built for an operator of a stack.
    program: PathBuf,
}

impl Stack {
    pub(crate) fn deployed() -> Self {
        let file = std::env::var("LOCAL_AWS_STACK").expect("it is deployed by tests/local-aws/run");
        let told: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let set =
            |name: &str| serde_json::from_value::<BTreeMap<String, String>>(told[name].clone()).unwrap();
        let settings = set("aws").into_iter().chain(set("settings")).collect();
        let port = u16::try_from(told["vendors_port"].as_u64().unwrap()).unwrap();
        let program = Path::new(&file).with_file_name("relay");
        Self { vendors: Ports::from(port), settings, program }
    }
}

/// The simulated vendors, listening while this lives.
pub(crate) struct Town {
    pub(crate) vendors: Arc<Vendors>,
    served: Served,
    _runtime: Runtime,
}

impl Town {
    pub(crate) fn open() -> Self {
        Self::on(Ports::default())
    }

    /// The vendors on these ports.
    pub(crate) fn on(ports: Ports) -> Self {
        let runtime = Runtime::new().unwrap();
        let vendors = Vendors::new(Arc::new(SystemClock), 7);
        vendors.load_master_data();
        vendors.wangdian.set_calls_a_minute(None);
        let served = runtime.block_on(vendors.serve_on(ports)).unwrap();
        Self { vendors, served, _runtime: runtime }
    }

    /// An installation that calls these vendors.
    pub(crate) fn installation(&self) -> Installation {
        let mut installation = Installation::empty();
        for (name, value) in relay_simulators::settings() {
            installation.set(name, value);
        }
        for (name, value) in self.served.base_urls().into_iter().filter(|(name, _)| name.starts_with("MAIL_"))
        {
            installation.set(name, value);
        }
        installation
            .set("WDT_BASE_URL", &self.served.wdt_base_url)
            .set("QIMEN_BASE_URL", &self.served.qimen_base_url)
            .set("KINGDEE_BASE_URL", &self.served.kingdee_base_url)
            .set("SHARECRM_BASE_URL", &self.served.sharecrm_base_url)
            .set("HTTP_WECOM_BASE_URL", &self.served.http_base_url)
            .set("WDT_SHOP_NO", "S001")
            // Their limits are lifted, so ours need not be kept: a test that waits for them tests nothing more.
            .set("WDT_CALLS_PER_MINUTE", "6000")
            .set("KINGDEE_CALLS_PER_MINUTE", "6000")
            .set(
                "QINCE_PUSH_SECRETS",
                format!("{EVENTS_PUSH_SECRET}, {}", relay_simulators::qince::PUSH_SECRET),
            );
        installation
    }

    /// Where their mail server listens.
    pub(crate) fn mail(&self) -> SocketAddr {
        let told = self.served.base_urls();
        let set = |wanted| &told.iter().find(|(name, _)| *name == wanted).unwrap().1;
        format!("{}:{}", set("MAIL_HOST"), set("MAIL_PORT")).parse().unwrap()
    }

    /// Gives Kingdee what the trade of `events/wangdian/trade.json` names.
    pub(crate) fn stock_the_sample_trade(&self) {
        let kingdee = &self.vendors.kingdee;
        kingdee.add_customer("api_zy01", "直营商城");
        kingdee.add_store("WH001", "南京仓");
        let bottle = kingdee.add_unit("U11", "瓶");
        for spec_no in ["P0001-2KG", "P0002"] {
            kingdee.add_material(spec_no, spec_no, &[bottle.as_str()]);
        }
    }
}

/// A file of `events/`.
pub(crate) fn events(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events").join(file)
}
