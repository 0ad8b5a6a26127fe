//! Windows and pages: the rules that every query shares.

use super::Refusal;
use super::endpoints::{Endpoint, Kind, MONTH};
use super::time;
use crate::call::Params;

/// Which rows an answer shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    pub(super) number: usize,
    pub(super) size: usize,
}

impl Page {
    pub(super) fn of(params: &Params, endpoint: &Endpoint) -> Result<Self, Refusal> {
        let number = |name: &str, default: usize| match params.get(name) {
            None => Ok(default),
            Some(text) => {
                text.parse().map_err(|_| Refusal::new(100, format!("{name}必须是不小于0的整数: {text}")))
            }
        };
        let page = Self { number: number("page_no", 0)?, size: number("page_size", endpoint.page_size)? };
        if page.size == 0 || page.size > endpoint.page_size_max {
            let most = endpoint.page_size_max;
            return Err(Refusal::new(100, format!("page_size超出范围(1-{most}): {}", page.size)));
        }
        Ok(page)
    }
}

/// The closed window on last-modified time; `None` where a number stands in for it.
pub(super) fn window(params: &Params, endpoint: &Endpoint) -> Result<Option<(i64, i64)>, Refusal> {
    let is_given = ["start_time", "end_time"].iter().any(|name| params.contains_key(*name));
    let minutes = match endpoint.kind {
        // Of bundles both apply where both are given; of the others the number alone.
        Kind::Windowed { minutes, instead } if instead.iter().any(|name| params.contains_key(*name)) => {
            if !(is_given && endpoint.name == "suites_query") {
                return Ok(None);
            }
            minutes
        }
        Kind::Windowed { minutes, .. } => minutes,
        // What may be asked for without times is selected by them where they are given.
        _ if is_given => MONTH,
        _ => return Ok(None),
    };
    let time = |name: &str| {
        let text = params.get(name).ok_or_else(|| Refusal::new(100, format!("{name}不能为空")))?;
        time::parse(text).ok_or_else(|| Refusal::new(100, format!("{name}格式错误: {text}")))
    };
    let (start, end) = (time("start_time")?, time("end_time")?);
    if end < start {
        return Err(Refusal::new(100, "结束时间不能小于开始时间"));
    }
    if end - start > minutes * 60 {
        return Err(Refusal::new(100, format!("时间跨度不能超过{minutes}分钟")));
    }
    Ok(Some((start, end)))
}
