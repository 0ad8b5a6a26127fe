//! Wrong usage in words.

use clap::Error;
use clap::error::{ContextKind, ErrorKind};

use crate::language::{self, Language};

/// What is wrong, in the language of this process. English is clap's own.
pub(crate) fn told(wrong: &Error) -> String {
    match language::current() {
        Language::English => wrong.render().to_string().trim_end().to_owned(),
        Language::Chinese => in_chinese(wrong),
    }
}

fn in_chinese(wrong: &Error) -> String {
    let named = |kind| wrong.get(kind).map(ToString::to_string).unwrap_or_default();
    let argument = named(ContextKind::InvalidArg);
    let what = match wrong.kind() {
        ErrorKind::UnknownArgument => format!("不认识参数 `{argument}`"),
        ErrorKind::InvalidSubcommand => format!("没有命令 `{}`", named(ContextKind::InvalidSubcommand)),
        ErrorKind::InvalidValue if named(ContextKind::InvalidValue).is_empty() => {
            format!("`{argument}` 要有一个值")
        }
        ErrorKind::InvalidValue => format!("`{argument}` 不能是 `{}`", named(ContextKind::InvalidValue)),
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(wrong).map(ToString::to_string).unwrap_or_default();
            format!("`{argument}` 不能是 `{}`:{why}", named(ContextKind::InvalidValue))
        }
        ErrorKind::MissingRequiredArgument => format!("缺少:{argument}"),
        ErrorKind::ArgumentConflict => {
            format!("`{argument}` 不能和 `{}` 一起用", named(ContextKind::PriorArg))
        }
        ErrorKind::MissingSubcommand => "缺少命令".to_owned(),
        // The help itself among them, which is Chinese as it stands.
        _ => return wrong.render().to_string().trim_end().to_owned(),
    };
    let mut lines = vec![format!("错误:{what}")];
    let suggested =
        [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    let suggested = suggested.into_iter().find_map(|kind| wrong.get(kind));
    let suggested = suggested.map(|suggested| suggested.to_string().replace(", ", "` 或 `"));
    lines.extend(suggested.map(|suggested| format!("  是不是 `{suggested}`?")));
    let valid = wrong.get(ContextKind::ValidValue).or_else(|| wrong.get(ContextKind::ValidSubcommand));
    lines.extend(valid.map(|valid| format!("  可以是:{valid}")));
    if let Some(usage) = wrong.get(ContextKind::Usage) {
        lines.push(format!("\n{}", usage.to_string().replacen("Usage:", "用法:", 1)));
    }
    lines.push("\n更多说明:`--help`".to_owned());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn wrong_usage_is_told_in_chinese_with_what_was_meant() {
        for (arguments, said) in [
            (&["relay", "status", "--wach"][..], "不认识参数 `--wach`\n  是不是 `--watch`?"),
            (&["relay", "statsu"], "没有命令 `statsu`\n  是不是 `settings` 或 `status`?"),
            (&["relay", "init"], "缺少:--set <SET>"),
            (&["relay", "init", "--set", "mine"], "不能是 `mine`\n  可以是:default, e-commerce, "),
            (&["relay", "pause", "kingdee", "--for", "soon"], "不能是 `soon`:"),
            (&["relay", "replay", "--delivered", "--all"], "一起用"),
        ] {
            let wrong = Cli::command().try_get_matches_from(arguments).unwrap_err();
            let told = in_chinese(&wrong);
            assert!(told.starts_with("错误:") && told.contains(said), "{arguments:?}: {told}");
            assert!(!told.contains("Usage:"), "{told}");
        }
    }
}
