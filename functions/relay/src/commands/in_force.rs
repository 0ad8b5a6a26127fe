//! `relay settings`: which are in force, and where each comes from.

use std::collections::BTreeSet;

use relay_connector::Setting;
use relay_connector::settings::Default;
use relay_host::settings::declared::{self, OURS};
use relay_host::{Settings, Wiring, settings};
use relay_operations::in_force::{InForce, Origin};
use relay_operations::language::Said;
use serde_json::json;

use super::looked_at;
use crate::Done;
use crate::config::{OF_FLOWS, OURSELVES};
use crate::language;
use crate::output::say;
use crate::tally::plain_table;

/// `relay settings`
pub(crate) async fn run(text: Option<&str>, json: bool) -> anyhow::Result<Done> {
    let (wiring, place) = looked_at().await?;
    let wanted = |setting: &InForce| text.is_none_or(|text| setting.holds(text));
    let listed: Vec<_> = in_force(&wiring).into_iter().filter(wanted).collect();
    if json {
        say!("{}", place.with(json!({ "settings": listed })));
        return Ok(Done::Well);
    }
    say!("{}\n", place.line());
    let mut table = plain_table(&[("属于", "of"), ("设置", "setting"), ("值", "value"), ("来自", "from")]);
    let language = language::current();
    for setting in &listed {
        let (value, from) = (setting.shown(), setting.from.said());
        table.add_row([setting.of.as_str(), &setting.name, value.told(language), from.told(language)]);
    }
    say!("{table}");
    Ok(Done::Well)
}

/// Those of the relay and of the vendors that flows name, and those that flow files name themselves.
pub(crate) fn in_force(wiring: &Wiring) -> Vec<InForce> {
    let here = Origins::of(&wiring.settings);
    let is_ours = |setting: &&Setting| !declared::is_of_the_stack(setting) || here.is_set(setting.name);
    let ours = OURS.iter().filter(is_ours).map(|setting| here.in_force(OURSELVES, setting));
    let used: BTreeSet<_> =
        wiring.flows.iter().flat_map(|routed| [routed.system, routed.source_system()]).collect();
    let vendors = relay_connectors::CONNECTORS.iter().filter(|connector| used.contains(&connector.system()));
    let of_vendors = vendors.flat_map(|connector| {
        let settings = connector.settings().iter().filter(|setting| is_ours(setting));
        settings.map(|setting| here.in_force(connector.system().name(), setting)).collect::<Vec<_>>()
    });
    let open = settings::open_to_flows(&wiring.settings);
    let named = wiring.flows.settings();
    let of_flows = named.iter().filter(|name| declared::named(name).is_none()).map(|name| InForce {
        of: OF_FLOWS.to_owned(),
        name: (*name).to_owned(),
        value: open.0.get(*name).cloned(),
        is_secret: false,
        from: here.origin(name),
        expects: Said::new("流程文件所用", "named by flow files"),
    });
    ours.chain(of_vendors).chain(of_flows).collect()
}

/// Where settings come from.
struct Origins<'s> {
    /// All of them.
    all: &'s Settings,
    environment: Settings,
    /// The environment's and the file's.
    of_process: Settings,
}

impl<'s> Origins<'s> {
    fn of(all: &'s Settings) -> Self {
        Self { all, environment: Settings::from_environment(), of_process: settings::of_process() }
    }

    fn is_set(&self, name: &str) -> bool {
        self.all.get(name).is_some()
    }

    fn origin(&self, name: &str) -> Origin {
        match name {
            _ if self.environment.get(name).is_some() => Origin::Environment,
            _ if self.of_process.get(name).is_some() => Origin::File,
            _ if self.is_set(name) => Origin::Secret,
            _ => Origin::Nowhere,
        }
    }

    fn in_force(&self, of: &str, setting: &Setting) -> InForce {
        let set = self.all.get(setting.name).map(str::to_owned);
        let default = match setting.default {
            Default::Value(value) => Some(value.to_owned()),
            Default::SameAs(other) => self.all.get(other).map(str::to_owned),
            Default::Told(words) => Some(words.to_owned()),
            Default::Needed | Default::Absent => None,
        };
        let from = match (self.origin(setting.name), &default) {
            (Origin::Nowhere, Some(_)) => Origin::Default,
            (origin, _) => origin,
        };
        InForce {
            of: of.to_owned(),
            name: setting.name.to_owned(),
            value: set.or(default).filter(|_| !setting.is_secret),
            is_secret: setting.is_secret,
            from,
            expects: Said::of(setting.expects),
        }
    }
}
