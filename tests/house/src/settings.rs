//! The table of settings in both languages, made from what connectors and host declare.

use relay_connector::Setting;
use relay_connector::settings::Default;
use relay_operations::language::Language;

/// Where it stands.
pub const FILE: &str = "docs/settings.md";
/// And in Chinese.
pub const IN_CHINESE: &str = "docs/zh/settings.md";

const CHINESE_HEAD: &str = "# 设置

<!-- 由 `cargo run -p house` 从代码生成:要改就改声明和 shared/operations/src/phrases/settings.txt。 -->

[English](../settings.md)

从环境变量读取;`relay` 还读[设置文件](../operating.md#the-settings-file) `relay.toml`,各项在那里用同样的名字,放在各家的小节里。在 Lambda 上,
密钥来自同一个密文(`RELAY_SECRET_ID`)。环境变量优先。必填而没有填的、填错的,用到它的程序启动时就停下,并一次说出全部。
看着像设置而不是设置的名字,也算错。
";

const HEAD: &str = "# Settings

<!-- Made from the code by `cargo run -p house`: change the declarations, not this file. -->

Read from the environment, and by `relay` from its [settings file](operating.md#the-settings-file) too, where each stands under
the same name in the section of its vendor; on Lambda the secret ones come from one secret (`RELAY_SECRET_ID`). A variable that
is set wins. A needed setting that is missing, or one that is malformed, stops the function that uses it at its start, and the error
names all of them at once. What looks like one of these and is none is an error too.
";

/// The page in that language.
#[must_use]
pub fn page(language: Language) -> String {
    let mut page = language.says(CHINESE_HEAD, HEAD).to_owned();
    for connector in relay_connectors::CONNECTORS {
        page.push_str(&section(language, connector.title(), connector.settings()));
    }
    let ours = language.says("本程序自己的", "The relay itself");
    page.push_str(&section(language, ours, relay_host::settings::declared::OURS));
    page
}

fn section(language: Language, title: &str, settings: &[Setting]) -> String {
    let rows = settings.iter().map(|setting| row(language, setting)).collect::<String>();
    let heads =
        language.says("| 设置 | 默认 | 填什么 | 在哪里 |", "| setting | default | what | where to find it |");
    format!("\n## {title}\n\n{heads}\n|---|---|---|---|\n{rows}")
}

fn row(language: Language, setting: &Setting) -> String {
    let secret = if setting.is_secret { language.says("(密钥)", " (secret)") } else { "" };
    let default = match setting.default {
        Default::Needed => language.says("必填", "needed").to_owned(),
        Default::Absent => language.says("没有", "none").to_owned(),
        Default::Value(value) => format!("`{value}`"),
        Default::SameAs(other) => format!("{}`{other}`", language.says("同 ", "the ")),
        Default::Told(words) => language.words(words).into_owned(),
    };
    let Setting { name, expects, found, .. } = setting;
    let (expects, found) = (language.words(expects), language.words(found));
    format!("| `{name}`{secret} | {default} | {expects} | {found} |\n")
}
