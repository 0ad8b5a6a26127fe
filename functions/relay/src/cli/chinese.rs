//! The help in Chinese.
//!
//! The English stands at each command and argument; its twin stands here under the same path. A test holds that no text lacks
//! its twin, and that no twin is left over.

use clap::{Arg, Command};

/// The help by the path of its command and the name of its argument. A second paragraph is for `--help` alone.
const HELP: &[(&str, &str)] = &[
    (
        "",
        "让旺店通、勤策、纷享销客和金蝶云星辰保持一致:不丢单,不重单。\n\n设置来自环境变量,以及启动所在文件夹里的 relay.toml。日志写到标准错误,级别由 `RUST_LOG` 决定。\n退出状态:0 完成;1 有失败,已列出;2 用法或设置不对。",
    ),
    ("--json", "用 JSON 回答,给程序读"),
    ("--config", "设置文件 [默认:本文件夹里的 relay.toml,有就用]"),
    ("demo", "对着模拟的各家系统把每个流程跑一遍,并说出发生了什么(不带命令时就是它)"),
    ("init", "写一个起步的文件夹:relay.toml、流程文件和它们的测试、systemd 单元、Caddyfile;已有的文件不动"),
    ("init --set", "哪一套流程"),
    ("init FOLDER", "文件夹"),
    ("serve", "运行推送服务、定时读取和队列,直到被停止"),
    ("serve --listen", "推送服务监听的地址"),
    ("serve --dry-run", "只读取、映射、显示;不发送、不回写、不移动水位"),
    ("serve --console", "同时开控制台,例如 127.0.0.1:8081;本机以外只对 `RELAY_CONSOLE_USERS` 里的用户开放"),
    ("serve --no-reconcile", "不自动对账;不加时每夜运行 `relay reconcile`,优先级最低"),
    ("console", "在本机的浏览器里看一切在哪一步,并操作它"),
    ("console --listen", "监听的地址"),
    ("console users", "列出谁可以登录控制台,各自可以做什么"),
    ("console hash-password", "从标准输入读一行密码,打印 `RELAY_CONSOLE_USERS` 里对应的一条"),
    ("console hash-password NAME", "用户名,操作记录里写的就是它"),
    ("console hash-password --role", "用户可以做什么:只看,或者看并且操作"),
    ("doctor", "把流程要用的每个连接试一遍,什么都不发送,说出哪里不对"),
    (
        "test-alert",
        "让每个发告警的流程发一条标明是测试的告警,并说出对方怎样回答\n\n从本机立刻发出:不经过队列、合并(damp)和流程的过滤条件。除 `relay log` 里的一行外什么都不留。",
    ),
    ("test-alert FLOW", "只用这个流程"),
    ("invoke", "用一个 Lambda 事件把一个函数运行一次,并打印它的回答"),
    ("invoke FUNCTION", "函数"),
    ("invoke --event", "事件的 JSON 文件;`-` 读标准输入"),
    ("drain", "处理队列,等过退避时间,直到队列空了或只剩暂停的"),
    (
        "backup",
        "把存储复制成一个文件,`relay serve` 照常运行\n\n是某一刻的全部:写在临时的名字下,从头到尾读过、完好,才改成它的名字;已有的文件不覆盖。只给属主读写。云上由 AWS 备份。",
    ),
    ("backup FILE", "文件;给文件夹时,按时间取名"),
    ("status", "每个流程、来源、目标和队列在哪一步,什么需要人处理"),
    ("status --watch", "每隔几秒再说一遍,直到被停止"),
    ("failures", "按原因列出失败,并列出失败的单据和原因"),
    ("failures --flow", "只看这个流程"),
    ("failures --cause", "只看这个原因(`relay failures` 里的名字)"),
    ("failures --grep", "键、单号、原因或内容里有这段文字的"),
    ("failures --since", "从这时起失败的:`2026-11-28`、`2026-11-28 08:00`,或 2h(两小时前)"),
    ("failures --until", "到这时为止失败的"),
    ("failures --limit", "最多列多少张 [默认:20]"),
    ("failures --recheck", "先到目标里查失败的单据,有人已经在那里做好的就关掉"),
    ("failures --csv", "用 Excel 能打开的 CSV 文件回答"),
    (
        "delivered",
        "列出一段时间里送达的,最近的在前:时间、流程、单据、单号、目标里的 id\n\n一张单据列在它最后一次送达的时间。云上没有按时间的索引:那时要把整个台账读一遍,会先说明,在终端里会询问。",
    ),
    (
        "calls",
        "说出今天、本周、本月、上月各厂商被调用了多少次,按操作和用途分,其中多少次没成\n\n每个程序数自己的调用,每分钟和结束时记一次。云上的函数数在日志里:会说明怎样查。",
    ),
    ("calls --csv", "用 Excel 能打开的 CSV 文件回答"),
    ("delivered --flow", "只看这个流程"),
    ("delivered --since", "从这时起:`2026-11-28`、`2026-11-28 08:00`,或 2h(两小时前)"),
    ("delivered --until", "到这时为止 [默认:现在]"),
    ("delivered --limit", "最多列多少张,取最近的 [默认:50;写文件时全部]"),
    (
        "delivered --by",
        "不按天,按这个字段的值合计:单据来时的字段(`shop_no`、`warehouse_no`),或发送时行里的字段(税率);带金额",
    ),
    ("delivered --after", "用了多久从单据来时的这个时间算起(例如 `pay_time`),不从收到算"),
    ("delivered --grep", "键、单号或内容里有这段文字的,例如店铺编码、货品编码"),
    ("delivered --sums", "不列单据,按天和流程说出合计"),
    ("delivered --amounts", "也说出发送时的行数、数量和金额:每张单据要读一次归档"),
    ("delivered --csv", "用 Excel 能打开的 CSV 文件回答"),
    ("delivered --yes", "不再询问"),
    (
        "history",
        "逐次列出一段时间里发生的,最近的在前:来了什么、结果、原因、调用\n\n流程的过滤条件在读取时就不要的不留记录,`relay reconcile` 会说出来。云上没有按时间的索引:要把台账读一遍,会先说明,在终端里会询问。",
    ),
    ("history --flow", "只看这个流程"),
    ("history --since", "从这时起:`2026-11-28`、`2026-11-28 08:00`,或 2h(两小时前)"),
    ("history --until", "到这时为止 [默认:现在]"),
    ("history --vendor", "这段时间里调用过这个厂商的(例如 kingdee)"),
    ("history --causes", "不列经过,说出什么失败得最多,以及前一段同样长的时间里有多少;已经解决的也算"),
    ("history --outcome", "只看这种结果的"),
    ("history --grep", "键、原因、来的和发的内容里有这段文字的"),
    ("history --limit", "最多列多少次,取最近的 [默认:50;写文件时全部]"),
    ("history --sums", "不逐次列,说出各种结果有多少、各家回答得怎样"),
    ("history --csv", "用 Excel 能打开的 CSV 文件回答"),
    ("history --yes", "不再询问"),
    ("log", "谁做过什么:暂停、重放、导入、了结"),
    ("log --since", "从这时起:`2026-11-28`、`2026-11-28 08:00`,或 2h(两小时前)"),
    ("log --grep", "只列含这段文字的:人名、命令、单据键、原因"),
    ("log --limit", "最多列多少条"),
    ("log --csv", "用 Excel 能打开的 CSV 文件回答"),
    (
        "backfill",
        "在水位之外补读流程来源的一段时间,优先级低于新单\n\n停下来之后再执行,会从停的地方接着读。不会重单:台账里有的跳过,没有的发送前先到目标里查。",
    ),
    ("backfill FLOW", "流程"),
    ("backfill --from", "从这个最后修改时间起"),
    ("backfill --to", "到这时为止 [默认:两分钟前]"),
    ("backfill --yes", "不再询问"),
    ("rewind", "让流程的来源从某个时间起重新读"),
    ("rewind FLOW", "流程"),
    ("rewind --to", "从这个最后修改时间起"),
    ("rewind --yes", "不再询问"),
    (
        "show",
        "说出一张单据的全部:来过什么、发过什么、回答了什么\n\n单据里的任何号码都能找到它,不分流程:订单号、物流单号、目标的单号或 id。没人认识的号码,会去问来源。",
    ),
    ("show NUMBERS", "号码"),
    ("show --flow", "只看这个流程"),
    ("show --key", "单据的键"),
    ("explain", "逐个字段说出一张单据会变成什么,什么都不发送"),
    ("explain FILE", "单据文件,来源交出的样子(JSON);`-` 读标准输入"),
    ("explain --flow", "它的流程"),
    ("explain --key", "台账或归档里这个键的单据"),
    ("explain --number", "来源里这个号码的单据:会去问来源"),
    (
        "waiting",
        "列出在目标队列里等的单据,等得最久的在前:从何时起、在等什么\n\n云上的队列只说有多少,不让人看是哪些。用 `--bills` 时,云上的队列里有东西就要把台账读一遍,会先说明,在终端里会询问。",
    ),
    ("waiting --target", "只看这个目标"),
    ("waiting --flow", "只看这个流程"),
    ("waiting --grep", "键或内容里有这段文字的"),
    ("waiting --for", "已经等了这么久的:30m、2h 或 1d"),
    ("waiting --failed", "失败了、等人处理的也列:来过而目标还没有的全部"),
    ("waiting --limit", "最多列多少张,取等得最久的 [默认:50;写文件时全部]"),
    (
        "waiting --bills",
        "不列消息,列单据:目标里已有、后面还有步骤(提交、审核)的,各停在哪一步、从何时起、为什么;在那一步失败的也在内",
    ),
    ("waiting --csv", "用 Excel 能打开的 CSV 文件回答"),
    ("waiting --yes", "不再询问"),
    ("dead", "列出死信:收了太多次的消息"),
    ("dead --target", "只看这个目标"),
    ("dead --redrive", "排到各自队列的末尾再发"),
    ("dead --id", "只要这个 id 的;可以给多次"),
    (
        "replay",
        "让单据再走一遍流程:失败的,或已送达的\n\n先说数量和调用次数;在终端里会询问。停下来的用 `--continue` 接着做。",
    ),
    ("replay --flow", "只要这个流程的"),
    ("replay --cause", "只要这个原因的(`relay failures` 里的名字)"),
    ("replay --grep", "键、单号、原因或内容里有这段文字的"),
    ("replay --since", "从这时起失败的:`2026-11-28`、`2026-11-28 08:00`,或 2h(两小时前)"),
    ("replay --until", "到这时为止失败的"),
    ("replay --key", "单据的键"),
    ("replay --all", "所有失败的单据"),
    ("replay --delivered", "已送达的,按号码,或按流程和时间"),
    ("replay NUMBERS", "已送达单据的号码"),
    ("replay --edit", "先用 $EDITOR 修改单据;或按这个文件的内容"),
    ("replay --reason", "为什么"),
    ("replay --continue", "接着做上次停下的重放"),
    ("replay --yes", "不再询问"),
    (
        "reconcile",
        "把一天的账三面比对:来源说的、台账记的、目标里有的\n\n按天、店铺、仓库:单数、行数、数量、金额;以及目标里缺的、多出一份的、这里不认识的、内容不同的每一张单据。什么都不改。先说明要调用多少次,在终端里会询问;额度里排在最后。退出状态:0 一致;1 不一致;2 有些没能比对。",
    ),
    ("reconcile FLOW", "流程 [默认:每个有日子的流程]"),
    ("reconcile --day", "哪一天,北京时间 [默认:昨天]"),
    ("reconcile --from", "从这一天起"),
    ("reconcile --to", "到这一天为止 [默认:昨天]"),
    (
        "reconcile --tolerate",
        "什么不算差异:`amount=0.01` 金额差这么多以内,`remark` 这个字段不管,`extra` 这里不认识的;RELAY_RECONCILE_TOLERATE 里的也算",
    ),
    ("reconcile --kept", "说出这些天最近一次比对的结果,谁也不问 [默认:最近一个月]"),
    ("reconcile --heal", "说明并询问之后,发送缺少的"),
    ("reconcile --csv", "用 Excel 能打开的 CSV 文件回答,只列不一致的单据"),
    ("reconcile --yes", "不再询问"),
    ("settle", "把失败的单据从清单上去掉:该做的事有人手工做了"),
    ("settle --flow", "只要这个流程的"),
    ("settle --cause", "只要这个原因的(`relay failures` 里的名字)"),
    ("settle --grep", "键、单号、原因或内容里有这段文字的"),
    ("settle --since", "从这时起失败的:`2026-11-28`、`2026-11-28 08:00`,或 2h(两小时前)"),
    ("settle --until", "到这时为止失败的"),
    ("settle --key", "单据的键"),
    ("settle --reason", "做了什么,为什么;一次多张时必填"),
    ("settle --by", "谁做的 [默认:登录名]"),
    ("settle --yes", "不再询问"),
    ("pause", "让目标或流程歇着,单据照收、排队等;或让来源歇着,不去读"),
    ("pause NAME", "目标(例如 kingdee,`relay status` 里都有),或流程"),
    ("pause --reason", "为什么"),
    ("pause --by", "谁说的 [默认:登录名]"),
    ("pause --for", "多久:90s、30m、2h 或 1d [默认:直到恢复]"),
    ("pause --source", "作为来源的厂商:不去读,以后从停的地方接着读;它推送来的照收"),
    ("resume", "原因解决之后,结束目标、流程或来源的暂停"),
    ("resume NAME", "目标(例如 kingdee,`relay status` 里都有),或流程"),
    ("resume --source", "作为来源的厂商"),
    ("errors", "说出厂商的错误码或原话是什么意思,怎么办"),
    ("errors TEXT", "错误码、原话里的字,或厂商 [默认:所有已知的]"),
    ("settings", "列出生效的设置,各是什么值、来自哪里;不显示密码"),
    ("settings TEXT", "名称或值里有这段文字的"),
    ("documents", "列出有什么:各家的单据和对照表"),
    ("documents TEXT", "名称或标题里有这段文字的"),
    ("fields", "列出一种单据的字段:标题、类型、代码表、出处"),
    ("fields DOCUMENT", "单据,`relay documents` 里的名字:`wangdian.trade_query`、`trade_query` 或标题"),
    ("fields TEXT", "名称、标题或代码里有这段文字的"),
    ("groups", "列出合并成一张单的组:还开着的和到期时间,以及最近封上的"),
    ("groups --flow", "只看这个流程"),
    ("groups --sums", "也说出每个开着的组现在封上会是怎样:成员、单数、行数、数量、金额;要读它的成员"),
    ("groups --csv", "用 Excel 能打开的 CSV 文件回答"),
    ("groups show", "说出一组的全部:成员、封存、单据、现在封上会是怎样"),
    ("groups show GROUP", "组,`relay groups` 里的名字"),
    ("groups close", "现在就封上一组:bill-closer 下次运行时把已有的做成单"),
    ("groups close GROUP", "组,`relay groups` 里的名字"),
    ("lookups", "对照表"),
    ("lookups list", "有哪些表,各有多少编码"),
    ("lookups show", "一张表里有什么"),
    ("lookups show TABLE", "表"),
    ("lookups show CODE", "只看这个编码"),
    (
        "lookups import",
        "把 CSV 文件导入一张表,要么全部要么不导,并重发等这些编码的单据\n\n您自己的表(`table.region`)列不限:第一列是编码,或由 `--code` 指定。厂商的表(`kingdee.customer`)两列:编码和 id。不写表名时文件有三列:表、编码、id。导入的永不过期。",
    ),
    ("lookups import TABLE", "表"),
    ("lookups import FILE", "文件"),
    ("lookups import --code", "哪些列合起来是编码 [默认:第一列]"),
    ("lookups import --columns", "文件没有表头时,各列是什么"),
    ("lookups import --replace", "文件里没有的行就删掉"),
    ("lookups export", "把一张表写成 Excel 能读的 CSV"),
    ("lookups export TABLE", "表"),
    ("lookups export FILE", "文件 [默认:标准输出]"),
    ("lookups remove", "删掉一张表里的一个编码,或整张表"),
    ("lookups remove TABLE", "表"),
    ("lookups remove CODE", "编码"),
    ("lookups missing", "列出没人认识的编码,每个一次,有多少单据在等"),
    ("lookups missing TABLE", "只看这张表"),
    ("lookups missing --csv", "用 CSV 文件回答:填上 id 再导入"),
    ("flows", "流程文件"),
    ("flows export", "把自带的流程文件写进一个文件夹,在那里改;已有的文件不动"),
    ("flows export FOLDER", "文件夹"),
    ("flows retire", "放弃一个文件已拿走的流程:为它来的不再保留"),
    ("flows retire NAME", "流程"),
    ("flows record", "把来过的一张单据做成测试(个人信息打码),接在流程的测试文件末尾"),
    ("flows record KEY", "单据的键"),
    ("flows record --flow", "它的流程,多个流程都有时要写"),
    ("flows test", "运行流程文件旁边的测试(NAME.test.toml),并说出哪些规则没有测试"),
    ("flows test FOLDER", "文件夹 [默认:RELAY_FLOWS_DIR,否则自带的流程]"),
    ("flows show", "说出流程文件的内容,从何时起用,改过什么"),
    ("flows show NAME", "流程"),
    ("flows try", "说出换上这些流程文件会怎样:和正在运行的差在哪,最近来过的单据会变成什么;什么都不发送"),
    ("flows try FOLDER", "文件夹 [默认:RELAY_FLOWS_DIR,否则自带的流程]"),
    ("flows try --flow", "只看这个流程"),
    ("flows try --last", "每个有变化的流程用最近多少张单据来试"),
    ("flows try --yes", "不再询问"),
    ("flows reload", "让运行中的 `relay serve` 重新读流程文件:先检查和测试,不通过就继续用原来的"),
    ("flows check", "检查流程文件,逐条列出错误和行号"),
    ("flows check FOLDER", "文件夹 [默认:RELAY_FLOWS_DIR,否则自带的流程]"),
    ("completions", "写出 shell 的命令补全脚本"),
    ("completions SHELL", "哪种 shell"),
    ("man", "写出手册:一页,或在文件夹里每个命令一页"),
    ("man FOLDER", "文件夹"),
];

/// The heads of the sections of a help.
const TEMPLATE: &str = "{before-help}{about-with-newline}\n用法:{usage}\n\n{all-args}{after-help}";

/// The command line with its help in Chinese.
pub(super) fn of(mut command: Command) -> Command {
    // What clap adds by itself, such as `--help`, is there from here on.
    command.build();
    translated(command, "")
}

fn translated(command: Command, path: &str) -> Command {
    let mut command = command.help_template(TEMPLATE).subcommand_help_heading("命令");
    if let Some((short, long)) = help(path) {
        command = command.about(short).long_about(long);
    }
    command = command.mut_args(|arg| {
        let heading = if arg.is_positional() { "参数" } else { "选项" };
        let text = match arg.get_id().as_str() {
            "help" => Some(("显示帮助", "显示帮助")),
            "version" => Some(("显示版本", "显示版本")),
            _ => help(&of_argument(path, &arg)).or_else(|| help(&of_argument("", &arg))),
        };
        match text {
            Some((short, long)) => {
                let default = default(&arg);
                let arg = arg.hide_default_value(true).help_heading(heading);
                arg.help(format!("{short}{default}")).long_help(format!("{long}{default}"))
            }
            None => arg.help_heading(heading),
        }
    });
    for inner in command.get_subcommands_mut() {
        let name = inner.get_name().to_owned();
        let taken = std::mem::take(inner);
        *inner = match name.as_str() {
            "help" => taken.about("显示一个命令的帮助"),
            _ => translated(taken, &below(path, &name)),
        };
    }
    command
}

/// What holds where nobody says it, as clap writes it in English.
fn default(arg: &Arg) -> String {
    let values: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let is_hidden = values.is_empty() || arg.is_hide_default_value_set() || !arg.get_action().takes_values();
    if is_hidden { String::new() } else { format!(" [默认:{}]", values.join(" ")) }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path} {name}") }
}

/// `failures --limit`, `init FOLDER`.
fn of_argument(path: &str, arg: &Arg) -> String {
    let name =
        arg.get_long().map_or_else(|| arg.get_id().as_str().to_uppercase(), |long| format!("--{long}"));
    below(path, &name)
}

/// Of a path: the first paragraph, and all of it.
fn help(path: &str) -> Option<(&'static str, &'static str)> {
    let (_, text) = HELP.iter().find(|(known, _)| *known == path)?;
    Some((text.split("\n\n").next().unwrap_or(text), text))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    /// The paths of all that has a help in English.
    fn helped(command: &Command, path: &str, found: &mut BTreeSet<String>) {
        assert!(command.get_about().is_some(), "{path} says what it is for");
        found.insert(path.to_owned());
        for arg in command.get_arguments() {
            assert!(arg.get_help().is_some(), "{path} {}", arg.get_id());
            found.insert(of_argument(path, arg));
        }
        for inner in command.get_subcommands() {
            helped(inner, &below(path, inner.get_name()), found);
        }
    }

    #[test]
    fn no_help_lacks_its_twin_and_none_is_left_over() {
        let mut english = BTreeSet::new();
        helped(&Cli::command(), "", &mut english);
        let chinese: BTreeSet<_> = HELP.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(chinese, english);
        assert_eq!(chinese.len(), HELP.len());
    }

    #[test]
    fn a_second_paragraph_has_one_in_both() {
        let (english, mut chinese) = (Cli::command(), of(Cli::command()));
        for inner in english.get_subcommands() {
            let twin = chinese.find_subcommand_mut(inner.get_name()).unwrap();
            let is_long = twin.get_long_about().is_some_and(|long| long.to_string().contains("\n\n"));
            assert_eq!(inner.get_long_about().is_some(), is_long, "{}", inner.get_name());
            assert!(twin.render_help().to_string().contains("选项:"));
        }
    }
}
