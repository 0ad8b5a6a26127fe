"""An operator's questions, each answered at most two clicks away from the overview.

A way is what is clicked: a link by its name, or `find NUMBER`, which is the field that stands on each page. `within` is the row in
which a link stands. The answer is a text on the page that is reached.

Those of docs/questions.md are clicked too, each by the pages that its last column names: what is done there in between is done
here, so that what a later question asks about is so.
"""

import re
from pathlib import Path

MOST = 2
TABLE = Path(__file__).resolve().parent.parent.parent / "docs" / "questions.md"


def asked(facts):
    order, group = facts["order"], facts["group"]
    to_wdt = "direct-order-to-wangdian"
    return [
        ("is all well?", [], "件事要人处理"),
        ("what needs a person?", [], "失败的原因"),
        ("why do documents fail?", [], "客户编码不存在或已禁用"),
        ("how many fail for each cause?", [], "数量"),
        ("since when?", [], "最早"),
        ("what can be done about it?", [], "按原话改好再重放"),
        ("which documents fail for the first cause?", ["first cause"], "JY2026"),
        ("which documents fail for any cause?", ["问题"], "失败的单据"),
        ("which documents of one flow fail?", [("失败", to_wdt)], to_wdt),
        ("why did this order not arrive?", [f"find {order}"], "失败"),
        ("what became of this order in each target?", [f"find {order}"], "已送达"),
        ("which id does the target have for it?", [f"find {order}"], "目标里的 id"),
        ("what was sent and answered?", [f"find {order}", (order, "direct-order-to-sharecrm")], "回答"),
        ("which version came, and when?", [f"find {order}", (order, "direct-order-to-sharecrm")], "收到"),
        ("how often was it tried?", [f"find {order}", (order, to_wdt)], "次尝试"),
        ("which numbers is it found by?", [f"find {order}", (order, "direct-order-to-sharecrm")], "单号"),
        ("can it be sent again?", [f"find {order}", (order, "direct-order-to-sharecrm")], "再发一次"),
        ("can it be settled?", [f"find {order}", (order, to_wdt)], "了结"),
        ("what does the source say of a number that nobody knows?", ["find nobody-has-it"], "哪个流程都没有见过它"),
        ("how far is each flow?", ["流程"], "读到"),
        ("what does a flow do, and do its tests pass?", [("direct-order-to-sharecrm", None)], "测试"),
        ("what would a flow make of this document?", [("trade-to-kingdee", None)], "解释"),
        ("how is a day read again?", [("trade-to-kingdee", None)], "先数一数"),
        ("where does each field come from?", [f"find {order}", (order, to_wdt)], "每个字段从哪里来"),
        ("how far behind is a flow?", [], "落后"),
        ("when does a flow run next?", [], "下次读取"),
        ("how many documents has a flow delivered?", [], "已送达"),
        ("what was delivered since yesterday, under which id?", ["已送达"], "目标里的 id"),
        ("how many a day, and how fast?", ["已送达", "最近十四天,按天和流程合计"], "一半在"),
        ("what did each shop's orders come to?", ["已送达", "按店铺合计"], "shop_no"),
        ("how many calls did each vendor get?", ["系统与额度", "各系统被调用了多少次"], "调用"),
        ("which documents have no bill yet?", ["队列"], "失败、等人处理的单据"),
        ("is there a backup?", [], "上次备份"),
        ("what came and what became of it?", ["经过"], "结果"),
        ("is it up?", [], "relay serve"),
        ("which settings are in force?", ["生效的设置"], "RELAY_HISTORY_DAYS"),
        ("what does a vendor's code mean?", ["问题", "报错索引:代码和原话是什么意思"], "1012"),
        ("what would happen with a changed file?", [("trade-to-kingdee", None)], "试一试"),
        ("which documents wait, since when?", ["队列"], "在等的单据"),
        ("what does a table say of a code?", ["对照表", "kingdee.customer"], "CUST-01"),
        ("how does it become a file?", ["已送达"], "下载 CSV"),
        ("how much room does the store take?", [], "磁盘还剩"),
        ("how is a flow rewound?", [("trade-to-kingdee", None)], "先看后果"),
        ("what does it cost to send all of a cause again?", [("全部重放", None)], "次调用"),
        ("which command does the same?", [("全部了结", None)], "relay settle"),
        ("does each system answer?", [], "作为目标"),
        ("how much of a quota is used?", ["系统与额度"], "一分钟内的调用"),
        ("who waits for a quota?", [], "在等额度"),
        ("what waits in the queues?", [], "等待"),
        ("how long has the oldest waited?", ["队列"], "最久等了"),
        ("what was given up?", ["队列"], "封死信"),
        ("which groups are open?", ["汇总"], "打开于"),
        ("when is a group closed?", ["汇总"], "到期"),
        ("which documents are in a bill?", ["汇总", group], "JY-M00000"),
        ("which bills has a group?", ["汇总", group], "XS-0001-1"),
        ("which bill is a document in?", ["find JY-M00001", "JY-M00001"], "它的单据"),
        ("how much would a group's bill be, if it were closed now?", ["汇总", "现在封账会有多少:成员、行数、数量、金额"], "金额"),
        ("what would this group be closed with?", ["汇总", "S000/2026-11-22"], "现在封账会是怎样"),
        ("which bills are saved, and not audited?", ["队列", "目标里已保存、待提交或待审核的单据"], "停在"),
        ("do alerts reach anybody?", ["流程", "发测试告警"], "relay test-alert"),
        ("which codes does nobody know?", ["对照表"], "SPU-00000-红-XL"),
        ("how many documents wait for a code?", ["对照表"], "在等的单据"),
        ("which tables are there, and who asks them?", ["对照表"], "用它的流程"),
        ("who has done what, and why?", ["操作记录"], "手工录入"),
        ("how is a target stopped?", [("暂停", "kingdee")], "单据照收"),
        ("how is a flow stopped?", [("暂停", to_wdt)], "原因"),
    ]


def drive(watched, facts):
    page = watched.page(facts["full"])
    for question, way, answer in asked(facts):
        page.goto("/")
        watched.expect(len(way) <= MOST, f"{question} {len(way)} clicks")
        try:
            for step in way:
                click(page, step)
        except Exception as error:
            watched.note(f"{question} {step} cannot be clicked: {str(error).splitlines()[0]}")
            continue
        said = page.inner_text("main")
        watched.expect(answer in said, f"{question} `{answer}` does not stand at {page.url}")
    table = rows(facts)
    watched.expect(len(table) == 98, f"{len(table)} questions stand in {TABLE}")
    for question, command, way in table:
        try:
            clicked(watched, page, question, command, way)
        except Exception as error:
            watched.note(f"{question} {way} cannot be clicked: {str(error).splitlines()[0]}")
    page.context.close()
    return f"{len(asked(facts))} questions and {len(table)} of the table"


def rows(facts):
    """The table's questions, each with its command and its way; what stands for numbers is of this installation."""
    numbers = {"TRADE": facts["order"], "TID": facts["order"], "BILL": facts["order"], "SHIPPED": "nobody-has-it"}
    read = []
    for line in TABLE.read_text().splitlines():
        cells = line.strip("| ").split(" | ")
        if len(cells) != 5 or not cells[0].isdigit():
            continue
        command = re.findall(r"`([^`]*)`", cells[2])[0].split()
        read.append((f"{cells[0]}. {cells[1]}", [numbers.get(word, word) for word in command], re.findall(r"`([^`]*)`", cells[4])))
    return read


def clicked(watched, page, question, command, way):
    watched.expect(way[0] == "/" and len(way) <= MOST + 1, f"{question} {way}")
    page.goto("/")
    for step in way[1:]:
        if step == "/search":
            click(page, f"find {number(command)}")
        elif step == "/explain" and "/flow?" in page.url:
            # A document is pasted, and told by a button.
            page.fill("#pasted", '{"trade_no": "4711"}')
            page.get_by_role("button", name="解释").click(timeout=60_000)
            page.wait_for_url("**/explain")
        elif step == "/try":
            # The file is pasted with a line more.
            lines = page.locator("pre.file span").all_inner_texts()
            page.fill("#text", "\n".join(lines + ["# what would happen"]))
            page.get_by_role("button", name="试一试").click(timeout=60_000)
            page.wait_for_url("**/try")
        else:
            link(page, step, command).click(timeout=60_000)
            page.wait_for_url(f"**{step}**")
    last, said = way[-1], page.inner_text("main")
    if last == "/search":
        watched.expect(number(command) in said, f"{question} the number does not stand at {page.url}")
    if last == "/do":
        # The action is told with the command that does the same, before anything is done.
        words = f"relay {command[1]} {command[2]}" if command[1] in ("pause", "resume") else f"relay {command[1]}"
        told = page.inner_text("main code")
        watched.expect(words in told, f"{question} `{words}` does not stand in `{told}`")
        watched.expect(("--source" in command) == ("--source" in told), f"{question} it is the other side: `{told}`")
    if last == "/do" and command[1] in ("pause", "resume"):
        if command[1] == "pause":
            page.fill("#reason", "盘点")
        page.locator("form.asked button").click()
        page.wait_for_url("**done=**")
    watched.expect(len(said) > 40, f"{question} nothing stands at {page.url}: {said}")


def number(command):
    """The number that a command names."""
    place = command.index("--key") + 1 if "--key" in command else 2
    return next(word for word in command[place:] if not word.startswith("--"))


def link(page, step, command):
    """The link to a page that has to do with what the command names, or else any."""
    within = "main a" if step in ("/do", "/document", "/explain", "/flow") else "a"
    links = page.locator(f"{within}[href^='{step}']")
    if step == "/do":
        side = "[href*='side=source']" if "--source" in command else ":not([href*='side=source'])"
        links = page.locator(f"main a[href^='/do?what={command[1]}']{side}")
        named = page.locator(f"main a[href^='/do?what={command[1]}&name={command[2]}']{side}")
        return named.first if command[1] in ("pause", "resume") else links.first
    return links.first


def click(page, step):
    if step == "first cause":
        page.locator("main table a[href^='/issues?cause=']").first.click(timeout=60_000)
    elif isinstance(step, tuple):
        name, row = step
        rows = page.locator("main tr").filter(has_text=row) if row else page.locator("main")
        column = {"失败": "a[href^='/issues?flow=']"}.get(name)
        found = rows.locator(column) if column else rows.get_by_role("link", name=name, exact=True)
        found.first.click(timeout=60_000)
    elif step.startswith("find "):
        page.fill("#q", step.removeprefix("find "), timeout=60_000)
        page.keyboard.press("Enter")
        page.wait_for_url("**/search?**")
    else:
        page.get_by_role("link", name=step, exact=True).first.click(timeout=60_000)
