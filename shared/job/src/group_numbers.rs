//! Flows whose groups number bills of one kind alike.

use std::sync::Arc;

use relay_mapping::Diagnostic;

use crate::flows::Routed;

/// What is to be said of flows of which one's bills have the numbers of another's: at both.
pub(crate) fn alike(flows: &[Arc<Routed>]) -> Vec<Diagnostic> {
    let said = |routed: &Arc<Routed>| {
        let others = flows.iter().filter(|other| !Arc::ptr_eq(other, routed));
        let alike = others.filter_map(|other| Some((routed.flow.numbers_bills_as(&other.flow)?, other)));
        let (meant, other) = alike.into_iter().next()?;
        let help = format!("give this or `{}` a `prefix` of its own in [group]", other.flow.name());
        Some(meant.clone().with_help(help))
    };
    flows.iter().filter_map(said).collect()
}

#[cfg(test)]
mod tests {
    use relay_connector::Settings;

    use crate::flows::{FlowFile, Flows};

    const FLOW: &str = r#"
[source]
document = "http.webhook"
params   = { name = "orders" }
key      = "id"

[target]
document = "kingdee.sal_outbound_save"

[group]
by         = ["shop", "day(paid_at)"]
lines      = ["material_id"]
sum        = ["qty"]
close      = { every = "1h" }
difference = "red"
PREFIX

[fields]
bill_date   = { from = "paid_at", as = "date" }
customer_id = { value = "1" }

[fields.material_entity]
each        = "items"
material_id = { from = "sku", as = "text" }
qty         = { from = "quantity", as = "decimal" }
"#;

    fn mistakes(one: &str, other: &str) -> Vec<(String, String)> {
        let file = |name: &str, text: &str| {
            let (name, file) = (name.to_owned(), format!("{name}.toml"));
            FlowFile { name, file, text: text.to_owned() }
        };
        let settings = Settings::from_iter([("KINGDEE_AUTH".to_owned(), "v2".to_owned())]);
        let files = [file("one", one), file("other", other)];
        match Flows::parse(files, &relay_connectors::catalog_by(&settings)) {
            Ok(_) => Vec::new(),
            Err(found) => {
                let errors = found.0.into_iter().filter(|it| it.severity == relay_mapping::Severity::Error);
                errors.map(|it| (it.message, it.help.unwrap_or_default())).collect()
            }
        }
    }

    #[test]
    fn groups_that_number_bills_of_one_kind_alike_are_a_mistake_at_both() {
        let flow = FLOW.replace("PREFIX", "prefix = \"XS-\"");
        let found = mistakes(&flow, &flow);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found.iter().all(|(message, _)| message.contains("one would be taken for the other")),
            "{found:?}"
        );
        assert!(found[0].1.contains("`other`") && found[1].1.contains("`one`"), "{found:?}");
    }

    #[test]
    fn those_of_other_prefixes_groups_or_kinds_are_none() {
        let flow = FLOW.replace("PREFIX", "");
        for other in [
            FLOW.replace("PREFIX", "prefix = \"TH-\""),
            flow.replace("\"shop\", ", "\"shop\", \"warehouse\", "),
            flow.replace("sal_outbound", "sal_order"),
        ] {
            assert_eq!(mistakes(&flow, &other), []);
        }
    }
}
