//! Which settings are in force?

use maud::html;
use relay_operations::in_force::InForce;

use crate::Asked;
use crate::page::{Page, cell, table};

pub(crate) fn page(asked: &Asked<'_>) -> Page {
    let language = asked.language;
    let columns = [
        language.says("属于", "Of"),
        language.says("设置", "Setting"),
        language.says("值", "Value"),
        language.says("来自", "From"),
        language.says("是什么", "What it expects"),
    ];
    let row = |setting: &InForce| {
        let InForce { of, name, from, expects, .. } = setting;
        let (value, from) = (setting.shown(), from.said());
        let told = [value.told(language), from.told(language), expects.told(language)].map(cell);
        [cell(of.as_str()), cell(name.as_str())].into_iter().chain(told).collect()
    };
    let rows: Vec<Vec<_>> = (asked.desk.settings)().iter().map(row).collect();
    let body = html! {
        p.faint { (language.says("密码不显示。改设置后要重新启动。", "No secret is shown. A setting that is changed takes effect with the next start.")) }
        (table(language, &columns, &rows))
    };
    Page::new(language.says("生效的设置", "Settings in force"), body)
}
