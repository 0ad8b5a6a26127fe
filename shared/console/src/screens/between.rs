//! What a form asks for that lists what was between two times: of which flow, from when until when, and with which text.

use chrono::{DateTime, Utc};
use maud::{Markup, html};
use relay_operations::OperationError;
use relay_operations::times::shown;

use crate::actions::in_china;
use crate::{Asked, Request};

/// Its fields; what else narrows the list stands after the flow.
pub(super) fn fields(
    asked: &Asked<'_>,
    (since, until): (DateTime<Utc>, DateTime<Utc>),
    narrows: &Markup,
) -> Markup {
    let (language, request) = (asked.language, asked.request);
    let flows = asked.desk.operations.flows.iter().map(|routed| routed.flow.name());
    html! {
        p {
            label for="flow" { (language.says("流程", "Flow")) }
            select id="flow" name="flow" {
                option value="" { (language.says("全部", "All")) }
                @for flow in flows { option value=(flow) selected[request.field("flow") == Some(flow)] { (flow) } }
            }
        }
        (narrows)
        p {
            label for="since" { (language.says("从(中国时间)", "Since (China time)")) }
            input id="since" name="since" type="datetime-local" step="1" value=(picked(since)) required;
        }
        p {
            label for="until" { (language.says("到(空:现在)", "Until (none: now)")) }
            input id="until" name="until" type="datetime-local" step="1" value=[request.field("until").map(|_| picked(until))];
        }
        p {
            label for="grep" { (language.says("其中含有(店铺、货品、单号…)", "With this text (a shop, a product, a number…)")) }
            input id="grep" name="grep" value=(request.field("grep").unwrap_or_default()) maxlength="200";
        }
    }
}

/// The time that a field names.
pub(super) fn time(request: &Request, name: &str) -> Result<Option<DateTime<Utc>>, OperationError> {
    match request.field(name) {
        None => Ok(None),
        Some(text) => in_china(text).map(Some).ok_or_else(|| OperationError::WrongTime(text.to_owned())),
    }
}

/// A time as such a field has it.
pub(super) fn picked(time: DateTime<Utc>) -> String {
    shown(time).replace(' ', "T")
}
