//! Personal data, masked: names, nicks, phones, addresses, numbers of identity cards, e-mail addresses, and what people write
//! to each other. The same value always gets the same mask, so that a flow makes of a masked document what it makes of the
//! document itself.

use std::collections::BTreeMap;

use relay_connector::{Field, Kind};
use serde_json::Value;

/// What kind of personal data a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Personal {
    Phone,
    Address,
    Identity,
    Mail,
    Text,
    Name,
}

/// Words of fields' names, and of their titles, by what they say of the content. Earlier lines win: a receiver's phone is
/// a phone.
const WORDS: [(Personal, &[&str], &[&str]); 6] = [
    (Personal::Phone, &["mobile", "phone", "tel", "telno", "telephone", "fax"], &["手机", "电话", "传真"]),
    (Personal::Address, &["addr", "address"], &["地址"]),
    (Personal::Identity, &["idcard", "identity", "passport", "account"], &["身份证", "证件", "账号"]),
    (Personal::Mail, &["mail", "email"], &["邮箱"]),
    (Personal::Text, &["remark", "memo", "message", "note", "comment"], &["备注", "留言"]),
    (
        Personal::Name,
        &["name", "nick", "contact", "linkman", "fullname", "buyer", "receiver", "consignee", "invoice"],
        &["姓名", "收货人", "收件人", "联系人", "昵称", "网名"],
    ),
];

/// Words of names of things, and of numbers that lead to persons without naming them.
const OF_THINGS: [&str; 40] = [
    "goods",
    "spec",
    "shop",
    "warehouse",
    "logistics",
    "brand",
    "class",
    "unit",
    "product",
    "promotion",
    "dept",
    "department",
    "platform",
    "suite",
    "template",
    "vehicles",
    "car",
    "storehouse",
    "distribution",
    "business",
    "flag",
    "voucher",
    "discount",
    "store",
    "api",
    "province",
    "city",
    "district",
    "country",
    "area",
    "id",
    "code",
    "no",
    "type",
    "count",
    "status",
    "gift",
    "amount",
    "price",
    "pool",
];

/// The masks that were given so far.
#[derive(Default)]
struct Masks {
    given: BTreeMap<(Personal, String), String>,
}

/// The document with its personal data masked. `fields`: what is known of its fields.
pub(super) fn masked(document: &Value, fields: &'static [Field]) -> Value {
    let (mut masks, mut document) = (Masks::default(), document.clone());
    masks.by_fields(&mut document, fields);
    masks.within_texts(&mut document);
    document
}

/// Whether a field of that name holds personal data.
pub(super) fn is_personal(name: &str) -> bool {
    personal(name, "").is_some()
}

impl Masks {
    fn by_fields(&mut self, value: &mut Value, fields: &'static [Field]) {
        match value {
            Value::Object(object) => {
                for (name, value) in object {
                    let known = relay_connector::field(fields, name);
                    let inner = match known.map(|field| field.kind) {
                        Some(Kind::List(inner) | Kind::Object(inner)) => inner,
                        _ => &[],
                    };
                    match (personal(name, known.map_or("", |field| field.title)), &mut *value) {
                        (Some(kind), Value::String(text)) if !text.trim().is_empty() => {
                            *text = self.mask(kind, text.trim());
                        }
                        (Some(kind @ Personal::Phone), Value::Number(number)) => {
                            *value = Value::from(self.mask(kind, &number.to_string()));
                        }
                        _ => self.by_fields(value, inner),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.by_fields(item, fields)),
            _ => {}
        }
    }

    fn mask(&mut self, kind: Personal, value: &str) -> String {
        let number = 1 + self.given.keys().filter(|(other, _)| *other == kind).count();
        let mask = || match kind {
            Personal::Name => format!("姓名{number}"),
            Personal::Phone => format!("1380000{number:04}"),
            // The parts that a flow splits off stay; who lives there does not.
            Personal::Address => relay_mapping::without_street(value, &format!("某路{number}号")),
            Personal::Identity => format!("11010119900101{number:04}"),
            Personal::Mail => format!("person{number}@example.com"),
            Personal::Text => format!("备注{number}"),
        };
        self.given.entry((kind, value.to_owned())).or_insert_with(mask).clone()
    }

    /// What stands in other texts too: the values that were masked, and numbers of mobiles.
    fn within_texts(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => {
                for ((_, known), mask) in &self.given {
                    if known.chars().count() > 1
                        && text.contains(known.as_str())
                        && !text.contains(mask.as_str())
                    {
                        *text = text.replace(known.as_str(), mask);
                    }
                }
                for number in mobiles(text) {
                    if !self.given.values().any(|mask| *mask == number) {
                        *text = text.replace(&number, &self.mask(Personal::Phone, &number));
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.within_texts(item)),
            Value::Object(object) => object.values_mut().for_each(|value| self.within_texts(value)),
            _ => {}
        }
    }
}

fn personal(name: &str, title: &str) -> Option<Personal> {
    let words = words(name);
    if words.ends_with(&["id".to_owned(), "card".to_owned()]) {
        return Some(Personal::Identity);
    }
    if words.iter().any(|word| OF_THINGS.contains(&word.as_str())) {
        return None;
    }
    let says = |(_, names, titles): &&(Personal, &[&str], &[&str])| {
        names.iter().any(|known| words.iter().any(|word| word == known))
            || titles.iter().any(|known| title.contains(known))
    };
    WORDS.iter().find(says).map(|(kind, ..)| *kind)
}

/// `receiverName` and `receiver_name` are two words each, and `objAPIName` is three.
fn words(name: &str) -> Vec<String> {
    let mut spaced = String::new();
    let mut before = None;
    let mut rest = name.chars().peekable();
    while let Some(character) = rest.next() {
        let is_upper = |other: char| other.is_ascii_uppercase();
        let begins = !before.is_some_and(is_upper) || rest.peek().is_some_and(char::is_ascii_lowercase);
        if is_upper(character) && begins {
            spaced.push('_');
        }
        spaced.push(character.to_ascii_lowercase());
        before = Some(character);
    }
    let words = spaced.split(['_', '-', ' ']).filter(|word| !word.is_empty());
    words.map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned()).collect()
}

/// Numbers of mobiles: eleven digits that begin as such, and are not part of more.
fn mobiles(text: &str) -> Vec<String> {
    let runs = text.split(|character: char| !character.is_ascii_digit());
    let is_mobile = |run: &&str| {
        let mut digits = run.bytes();
        run.len() == 11 && digits.next() == Some(b'1') && digits.next().is_some_and(|digit| digit >= b'3')
    };
    runs.filter(is_mobile).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use relay_connector::{Certainty, Need};
    use serde_json::json;

    use super::*;

    #[test]
    fn names_phones_and_addresses_are_masked_alike_wherever_they_stand() {
        let document = json!({
            "trade_no": "JY1", "objAPIName": "erpOrderObj", "shop_name": "直营商城", "receiverName": "李四", "customer_name": "李四",
            "buyer_nick": "lisi_nj", "receiver_mobile": "18254623212", "receiver_telno": "",
            "receiver_address": "云龙山路66号", "receive_addr": "江苏省南京建邺区云龙山路66号", "receive_addr_id": "77",
            "cs_remark": "李四要发票", "id_card": "110101199003070000", "title": "收:李四 18254623212", "ref": "7226306356013346628",
            "goods_list": [{ "goods_name": "洗衣液", "remark": "轻放", "contact": "王芳 13912345678" }],
        });
        assert_eq!(
            masked(&document, &[]),
            json!({
                "trade_no": "JY1", "objAPIName": "erpOrderObj", "shop_name": "直营商城", "receiverName": "姓名1", "customer_name": "姓名1",
                "buyer_nick": "姓名2", "receiver_mobile": "13800000001", "receiver_telno": "",
                "receiver_address": "某路1号", "receive_addr": "江苏省南京市建邺区某路2号", "receive_addr_id": "77",
                "cs_remark": "备注1", "id_card": "110101199001010001", "title": "收:姓名1 13800000001",
                "ref": "7226306356013346628",
                "goods_list": [{ "goods_name": "洗衣液", "remark": "备注2", "contact": "姓名3" }],
            })
        );
    }

    #[test]
    fn a_field_whose_title_names_a_person_is_masked_whatever_it_is_called() {
        let shr = Field {
            name: "shr",
            title: "收货人姓名",
            kind: Kind::Text,
            need: Need::Optional,
            codes: "",
            certainty: Certainty::Vendor,
            note: "",
            is_number: false,
        };
        let known: &'static [Field] = Box::leak(Box::new([shr]));
        assert_eq!(
            masked(&json!({ "shr": "李四", "xyz": "李四" }), known),
            json!({ "shr": "姓名1", "xyz": "姓名1" })
        );
    }
}
