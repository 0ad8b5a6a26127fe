//! Hours, numbers of calls a day and numbers of lines: what the pages of single endpoints limit.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::trades::text;
use super::{Refusal, fields};
use crate::call::Params;

const DAY: i64 = 86_400;

/// The calls that are counted by days in China.
#[derive(Default)]
pub(super) struct Limits {
    /// Calls that counted stock.
    counts: BTreeMap<i64, u32>,
    /// How often stock was asked for by a good's number.
    walks: BTreeMap<(i64, String), u32>,
}

impl Limits {
    /// A count is taken from 20:00 to 06:00 in China, 2,000 times a day, with 500 rows at most.
    pub(super) fn admit_count(&mut self, params: &Params, now: i64) -> Result<(), Refusal> {
        let in_china = now + 8 * 3_600;
        let (day, second) = (in_china.div_euclid(DAY), in_china.rem_euclid(DAY));
        if (6 * 3_600..20 * 3_600).contains(&second) {
            return Err(Refusal::new(100, "该接口只允许在20:00-06:00调用"));
        }
        let counts = self.counts.entry(day).or_default();
        *counts += 1;
        if *counts > 2_000 {
            return Err(Refusal::new(100, "该接口每天最多调用2000次"));
        }
        let rows = params.get("goods_list").and_then(|text| serde_json::from_str::<Vec<Value>>(text).ok());
        match rows {
            Some(rows) if rows.len() > 500 => Err(Refusal::new(100, "goods_list最多500条")),
            _ => Ok(()),
        }
    }

    /// Stock may be walked through by its goods three times a day.
    pub(super) fn admit_walk(&mut self, params: &Params, now: i64) -> Result<(), Refusal> {
        let Some(goods) = ["spec_no", "barcode"].iter().find_map(|name| params.get(*name)) else {
            return Ok(());
        };
        if params.get("page_no").is_some_and(|page| page != "0") {
            return Ok(());
        }
        let day = (now + 8 * 3_600).div_euclid(DAY);
        let walks = self.walks.entry((day, goods.clone())).or_default();
        *walks += 1;
        if *walks > 3 {
            Err(Refusal::new(100, "按商家编码遍历库存每天最多3次"))
        } else {
            Ok(())
        }
    }
}

/// The rows of a count. With `is_post_error` 0 those that are wrong are left out and told; by default one refuses all.
pub(super) fn check_rows(body: &mut Map<String, Value>, errors: &mut Vec<Value>) -> Result<(), String> {
    let takes_rest = text(body, "is_post_error").as_deref() == Some("0");
    let rows = body.get("goods_list").and_then(Value::as_str).unwrap_or_default();
    let rows: Vec<Map<String, Value>> =
        serde_json::from_str(rows).map_err(|_| "goods_list json格式错误,无法解析".to_owned())?;
    let mut taken = Vec::with_capacity(rows.len());
    for row in rows {
        let counted = text(&row, "stock_num").and_then(|text| text.parse::<Decimal>().ok());
        let checked = fields::check("stock_sync_by_pd", "goods_list[]", &row).and_then(|()| match counted {
            Some(counted) if counted >= Decimal::ZERO => Ok(()),
            _ => Err("goods_list[].stock_num必须是不小于0的数字".to_owned()),
        });
        match checked {
            Ok(()) => taken.push(Value::Object(row)),
            Err(error) if takes_rest => {
                errors.push(json!({"spec_no": text(&row, "spec_no"), "error": error}));
            }
            Err(error) => return Err(error),
        }
    }
    if taken.is_empty() && errors.is_empty() {
        return Err("goods_list不能为空".to_owned());
    }
    body.insert("goods_list".to_owned(), Value::Array(taken));
    Ok(())
}

/// No document has more lines than its page says.
pub(super) fn check_lines(body: &Map<String, Value>) -> Result<(), String> {
    let most = [("spec_list", 500), ("skus", 500)];
    let is_long = |(name, most): &&(&str, usize)| {
        body.get(*name).and_then(Value::as_array).is_some_and(|lines| lines.len() > *most)
    };
    most.iter().find(is_long).map_or(Ok(()), |(name, most)| Err(format!("{name}最多{most}条")))
}
