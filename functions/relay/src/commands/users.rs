use relay_console::Users;
use relay_host::settings::{self, declared};
use serde_json::json;

use crate::output::say;
use crate::tally::plain_table;
use crate::{Done, WrongUsage};

/// `relay console users`
pub(crate) fn run(json: bool) -> anyhow::Result<Done> {
    let settings = settings::of_process();
    let users =
        settings.get(declared::CONSOLE_USERS.name).map(Users::parse).transpose().map_err(WrongUsage)?;
    let listed: Vec<_> = users.iter().flat_map(Users::listed).collect();
    if json {
        let users: Vec<_> =
            listed.iter().map(|(name, role)| json!({ "name": name, "role": role.name() })).collect();
        say!("{}", json!({ "users": users }));
    } else if listed.is_empty() {
        say!(
            "没有用户:控制台不用登录,只在本机可用(RELAY_CONSOLE_USERS,用 `relay console hash-password 名字` 做一条)。",
            "There are no users: the console has no log-in and is for this machine alone (RELAY_CONSOLE_USERS; `relay console \
             hash-password NAME` makes an entry)."
        );
    } else {
        let mut table = plain_table(&[("用户", "user"), ("角色", "role")]);
        for (name, role) in listed {
            table.add_row([name, role.name()]);
        }
        say!("{table}");
    }
    Ok(Done::Well)
}
