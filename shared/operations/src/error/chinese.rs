//! Why an operation was not done, in Chinese. A variant without its twin does not compile.

use super::{OperationError, Unknown};

impl OperationError {
    /// The error in Chinese. What a store or a vendor says stays in its own words.
    #[must_use]
    pub fn in_chinese(&self) -> String {
        match self {
            Self::UnknownFlow(unknown) => no("流程", unknown, "流程"),
            Self::UnknownTarget(unknown) => no("目标", unknown, "目标"),
            Self::UnknownSource(unknown) => no("会读的来源", unknown, "来源"),
            Self::UnknownName { unknown, targets } => format!(
                "`{}` 既不是目标也不是流程{}(目标有 {targets};流程有 {})",
                unknown.name,
                meant(unknown),
                unknown.known()
            ),
            Self::NoCause(unknown) => {
                format!("没有失败的原因叫 `{}`{}:`relay failures` 会列出来", unknown.name, meant(unknown))
            }
            Self::NoWindows { flow, document, instead } => {
                format!("`{flow}` 读的是 {document},没有可以从哪个时间读起:{instead}")
            }
            Self::WrongTime(what) => format!("时间不对:{what}"),
            Self::BeingRead(flow) => format!("`{flow}` 此刻正在读:一分钟后再试"),
            Self::WrongEdit(why) => format!("改过的没有发送:{why}"),
            Self::NoGroups(unknown) => no("有分组的流程", unknown, "有分组的流程"),
            Self::NoAlerts(unknown) => no("发告警的流程", unknown, "发告警的流程"),
            Self::UnknownGroup(unknown) => {
                format!("没有组 `{}`{}:`relay groups` 会列出来", unknown.name, meant(unknown))
            }
            Self::SeveralFlows { group, flows } => {
                format!("好几个流程有组 `{group}`:用 --flow 说明是哪个({})", flows.join("、"))
            }
            Self::NoAbsentFlow(unknown) => {
                format!("没有文件已拿走的流程 `{}`{}", unknown.name, meant(unknown))
            }
            Self::NoDocument { name, meant } => {
                let meant = match meant.is_empty() {
                    true => String::new(),
                    false => format!("(是不是 `{}`?)", meant.join("`、`")),
                };
                format!(
                    "没有哪家有单据 `{name}`{meant}:`relay documents` 全部列出,`relay documents 文字` 按名称或标题找"
                )
            }
            Self::IsBill(bill) => format!(
                "`{bill}` 是一组合成的单,测试要的是一张单据:录它的一个成员(`relay show @{bill}` 会列出来)"
            ),
            Self::HasFile { flow, file } => format!("流程 `{flow}` 还有文件 {file}:先把它拿走"),
            Self::UnknownTable { table, meant } => {
                format!("没有对照表 `{table}`{meant}(您自己的表叫 `table.` 加一个词:`table.region`)")
            }
            Self::EmptyTable { table, meant } => format!("对照表 `{table}` 是空的{meant}"),
            Self::NothingImported(table) => format!(
                "`{table}` 没有导入过什么:里面是厂商的回答,会自己过期,不用谁导入(`relay lookups show {table}` 会列出来)"
            ),
            Self::Unwritable(why) => format!("这张表写不成 CSV:{why}"),
            Self::PauseTooLong => "暂停的时长要在一秒到十年之间".to_owned(),
            Self::UnknownDocument { flow, unknown } => {
                format!("台账里没有流程 `{flow}` 的单据 `{}`{}", unknown.name, meant(unknown))
            }
            Self::NotFailed { flow, key } => format!("流程 `{flow}` 的单据 `{key}` 没有失败"),
            Self::NotFailedAnyMore { flow, key } => format!("流程 `{flow}` 的单据 `{key}` 已经不是失败了"),
            Self::NoFile(flow) => format!("流程 `{flow}` 没有文件:把它放回流程文件夹"),
            Self::NotKept { flow, key } => format!(
                "流程 `{flow}` 的单据 `{key}` 的内容没有保留(RELAY_HISTORY_DAYS):从来源取,或给一个文件"
            ),
            Self::OfSeveralFlows { key, flows } => {
                format!("好几个流程有键为 `{key}` 的单据({flows}):用 --flow 说明是哪个")
            }
            Self::NothingKept(key) => format!("单据 `{key}` 什么都没保留(RELAY_HISTORY_DAYS)"),
            Self::NotFetched { document, key, why } => format!("从 {document} 取不到 `{key}`:{why}"),
            Self::Store(error) => error.to_string(),
        }
    }
}

fn no(what: &str, unknown: &Unknown, are: &str) -> String {
    format!("`{}` 不是{what}{}({are}有 {})", unknown.name, meant(unknown), unknown.known())
}

fn meant(unknown: &Unknown) -> String {
    unknown.meant.as_ref().map(|meant| format!(":是不是 `{meant}`?")).unwrap_or_default()
}
