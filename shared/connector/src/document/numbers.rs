use serde_json::Value;

use super::Document;

/// More are not taken of one document, so that a bill of hundreds of orders costs no hundreds of writes.
const MOST: usize = 16;

/// No vendor nests deeper what has numbers.
const DEEPEST: usize = 6;

impl Document {
    /// The numbers in one of these documents that a person may ask for it by.
    #[must_use]
    pub fn numbers_in(&self, document: &Value) -> Vec<String> {
        let keys = self.keys.iter().filter(|key| key.len() == 1).flat_map(|key| key.iter());
        let names: Vec<_> = self.numbers.iter().chain(keys).copied().collect();
        let mut numbers = Vec::new();
        collect(document, &names, DEEPEST, &mut numbers);
        numbers
    }
}

/// Fields at the top come before those of lines, so that these are left out first.
fn collect(value: &Value, names: &[&str], depth: usize, numbers: &mut Vec<String>) {
    let Value::Object(fields) = value else { return };
    for value in names.iter().filter_map(|name| fields.get(*name)) {
        match value {
            // Some fields hold a list in one text: `src_tids` is `T1001,T1002`.
            Value::String(text) => {
                text.split([',', '，', ';', '；']).for_each(|number| note(number, numbers));
            }
            Value::Number(number) => note(&number.to_string(), numbers),
            _ => {}
        }
    }
    if depth == 0 {
        return;
    }
    for value in fields.values() {
        match value {
            Value::Object(_) => collect(value, names, depth - 1, numbers),
            Value::Array(values) => values.iter().for_each(|value| collect(value, names, depth - 1, numbers)),
            _ => {}
        }
    }
}

fn note(number: &str, numbers: &mut Vec<String>) {
    let number = number.trim();
    // `0` stands for none in many fields.
    let is_any = number.chars().any(|character| character != '0');
    if is_any && numbers.len() < MOST && !numbers.iter().any(|known| known == number) {
        numbers.push(number.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TRADE: Document =
        Document { keys: &[&["trade_no"]], numbers: &["src_tids", "tid"], ..Document::UNKNOWN };

    #[test]
    fn numbers_stand_in_fields_in_lines_and_in_lists_that_are_one_text() {
        let document = json!({
            "lines": [{ "tid": "T9", "spec_no": "S1" }, { "tid": 1003 }, { "tid": "0" }],
            "src_tids": "T1001, T1002",
            "trade_no": "JY1",
            "shop_no": "S001",
        });
        let mut numbers = TRADE.numbers_in(&document);
        assert_eq!(numbers.split_off(3), ["T9", "1003"]);
        numbers.sort();
        assert_eq!(numbers, ["JY1", "T1001", "T1002"], "the head's come first");
    }

    #[test]
    fn a_key_of_several_fields_is_no_number() {
        let stock = Document { keys: &[&["spec_no", "warehouse_no"]], ..Document::UNKNOWN };
        assert!(stock.numbers_in(&json!({ "spec_no": "S1", "warehouse_no": "W1" })).is_empty());
    }

    #[test]
    fn of_hundreds_of_lines_some_are_taken() {
        let lines: Vec<_> = (100..300).map(|tid| json!({ "tid": tid })).collect();
        assert_eq!(TRADE.numbers_in(&json!({ "lines": lines })).len(), MOST);
    }
}
