//! Flows that take from one pool: a row is gone from it for all of them once one has acknowledged it.

use std::sync::Arc;

use relay_mapping::{Diagnostic, Param, Source};

use crate::flows::Routed;

/// The parameter that divides a pool: flows that fix it to different values share no row.
const SHOP_NO: &str = "shop_no";

/// What is to be said of flows that pull from the same pool in different ways. Those that pull in the same way share their
/// pulls, and each row is acknowledged when all of them are done with it.
pub(crate) fn divided(flows: &[Arc<Routed>]) -> Vec<Diagnostic> {
    let said = |routed: &Arc<Routed>| {
        let source = routed.flow.source();
        let meant = source.pool.as_ref()?;
        let other = flows.iter().find(|other| {
            let theirs = other.flow.source();
            theirs.document == source.document && !is_same(source, theirs) && !is_apart(source, theirs)
        })?;
        let help = format!(
            "give this and `{}` the same `route` and `params`, or each a `{SHOP_NO}` of its own",
            other.flow.name()
        );
        Some(meant.clone().with_help(help))
    };
    flows.iter().filter_map(said).collect()
}

/// What a setting says is not known here: it may be what the other flow has.
fn is_same(one: &Source, other: &Source) -> bool {
    let route =
        |source: &Source| source.route.clone().or(source.document.routes.first().map(|it| (*it).to_owned()));
    let has = |source: &Source, (name, value): &(String, Param)| {
        let theirs = source.params.iter().find(|(theirs, _)| theirs == name);
        theirs.is_some_and(|(_, theirs)| match (value, theirs) {
            (Param::Fixed(value), Param::Fixed(theirs)) => value == theirs,
            _ => true,
        })
    };
    route(one) == route(other)
        && one.params.len() == other.params.len()
        && one.params.iter().all(|param| has(other, param))
}

fn is_apart(one: &Source, other: &Source) -> bool {
    let shop = |source: &Source| -> Option<Param> {
        source.params.iter().find(|(name, _)| name == SHOP_NO).map(|(_, value)| value.clone())
    };
    matches!((shop(one), shop(other)), (Some(one), Some(other)) if one != other)
}

#[cfg(test)]
mod tests {
    use relay_connector::Settings;

    use crate::flows::{FlowFile, Flows};

    fn flow(name: &str, source: &str) -> FlowFile {
        let text = format!(
            "[source]\ndocument = \"wangdian.logistics_sync_query\"\n{source}\nkey = \"rec_id\"\n\n[target]\ndocument = \
             \"http.post\"\n\n[fields]\nid = \"rec_id\"\n"
        );
        FlowFile { name: name.to_owned(), file: format!("{name}.toml"), text }
    }

    fn mistakes(one: &str, other: &str) -> Vec<(usize, String)> {
        let files = [flow("one", one), flow("other", other)];
        match Flows::parse(files, &relay_connectors::catalog_by(&Settings::default())) {
            Ok(_) => Vec::new(),
            Err(found) => found.0.into_iter().map(|it| (it.line, it.help.unwrap_or_default())).collect(),
        }
    }

    #[test]
    fn flows_that_pull_from_a_pool_in_different_ways_are_a_mistake_at_both() {
        let found = mistakes("route = \"direct\"", "route = \"qimen\"");
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|(line, _)| *line == 2), "{found:?}");
        assert!(found[0].1.contains("`other`") && found[1].1.contains("`one`"), "{found:?}");
        let of_all = mistakes("route = \"direct\"", "params = { shop_no = \"S1\" }");
        assert_eq!(of_all.len(), 2, "who takes all takes those of the shop too: {of_all:?}");
    }

    #[test]
    fn flows_that_pull_alike_or_of_different_shops_are_none() {
        assert!(mistakes("route = \"direct\"", "").is_empty());
        assert!(mistakes("params = { shop_no = \"S1\" }", "params = { shop_no = \"S2\" }").is_empty());
    }
}
