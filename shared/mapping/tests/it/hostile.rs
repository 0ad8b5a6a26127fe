//! Flow files that were written to do harm.

use relay_mapping::Flow;

use super::catalog;

/// The report on a flow with this field and this filter.
fn refused(field: &str, filter: &str) -> String {
    let text = format!(
        "[source]\ndocument = \"wangdian.trade_query\"\nkey = \"trade_no\"\nfilter = \"{filter}\"\n\
         [target]\ndocument = \"sharecrm.objdata_push\"\n[fields]\nid = \"trade_no\"\n\
         objAPIName = {{ value = \"o\" }}\ndataCenterId = {{ value = \"d\" }}\n[fields.masterFieldVal]\nx = {field}\n"
    );
    Flow::parse("f", "f.toml", &text, &catalog()).unwrap_err().to_string()
}

#[test]
fn an_expression_of_any_length_or_depth_is_refused_with_its_place() {
    const TIMES: usize = 10_000;
    let (sound, filter) = ("\"trade_no\"", "has(trade_no)");
    for hostile in ["(", "not ", "sum(goods_list, ", "1 + ", "- ", "a | "].map(|part| part.repeat(TIMES)) {
        let report = refused(&format!("{{ compute = \"{hostile}1\" }}"), filter);
        assert!(report.contains("f.toml:12:") && report.len() < 1_000_000, "{} bytes", report.len());
        let report = refused(sound, &format!("{hostile}has(a)"));
        assert!(report.contains("f.toml:4:"), "{} bytes", report.len());
    }
    for [begin, end] in [["[", "]"], ["{ when = \"has(a)\", from = [", "] }"], ["{ a = ", "}"]] {
        let report = refused(&format!("{}1{}", begin.repeat(TIMES), end.repeat(TIMES)), filter);
        assert!(report.contains("f.toml:12:"), "{} bytes", report.len());
    }
}
