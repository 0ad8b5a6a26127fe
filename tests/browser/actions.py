"""Every action, done: by what is on the page, as a person does it. The test that began this looks at what has come of it."""

from watched import address

TO_WDT = "direct-order-to-wangdian"


def drive(watched, facts):
    page = watched.page(facts["full"])
    order, flow = facts["order"], facts["flow"]
    failed = "/issues?flow=direct-order-to-sharecrm"
    done = [
        ("send a failure again", failed, "重放", {}, "1 张已重新发送"),
        ("settle a failure", failed, "了结", {"reason": "手工录入", "by": "小王"}, "1 张已了结"),
        ("send a cause again", "/issues", "全部重放", {}, "张已重新发送"),
        ("settle a cause", "/issues", "全部了结", {"reason": "已在目标中录入", "by": "小王"}, "张已了结"),
        ("send what was delivered again", address("/document", flow=flow, key=order), "再发一次", {}, "1 张已重新发送"),
        ("stop a target for two hours", "/vendors", ("暂停", "/do?what=pause&name=kingdee"), {"reason": "盘点", "hours": "2"}, "kingdee: 已暂停"),
        ("have it go on", "/vendors", ("恢复", "/do?what=resume&name=kingdee"), {}, "kingdee: 已恢复"),
        ("stop a source", "/vendors", ("暂停", "/do?what=pause&name=wangdian&side=source"), {"reason": "升级"}, "已暂停"),
        ("have it go on", "/vendors", ("恢复", "/do?what=resume&name=wangdian&side=source"), {}, "已恢复"),
        ("stop a flow", "/flows", ("暂停", f"/do?what=pause&name={TO_WDT}"), {"reason": "对账"}, "已暂停"),
        ("have it go on", "/flows", ("恢复", f"/do?what=resume&name={TO_WDT}"), {}, "已恢复"),
        ("send dead letters again", "/queues", "重新入队", {}, "300 封已重新入队"),
        ("close a group", "/groups", "封账", {}, "将由下一轮封账"),
        ("send a test alert", "/flows", "发测试告警", {}, "已发出,对方收下"),
    ]
    reveal(watched, page, address("/document", flow=flow, key=order))
    fill(watched, page)
    for what, path, name, fields, told in done:
        try:
            one(watched, page, what, path, name, fields, told)
        except Exception as error:
            watched.note(f"{what}: {str(error).splitlines()[0]}")
    together(watched, page)
    explain(watched, page)
    backfill(watched, page)
    rewind(watched, page)
    download(watched, page)
    page.context.close()
    return f"{len(done) + 7} actions"


def one(watched, page, what, path, name, fields, told):
    page.goto(path)
    if isinstance(name, tuple):
        page.locator(f'main a.act[href="{name[1]}"]').first.click(timeout=60_000)
    else:
        page.get_by_role("link", name=name, exact=True).first.click(timeout=60_000)
    page.wait_for_url("**/do?**")
    watched.expect("relay " in page.inner_text("main code"), f"{what}: no command stands beside it")
    for field, value in fields.items():
        page.fill(f"#{field}", value)
    page.locator("form.asked button").click()
    page.wait_for_url("**done=**")
    said = page.inner_text("[role=status]")
    watched.expect(told in said, f"{what}: it says `{said}`")


def reveal(watched, page, path):
    page.goto(path)
    masked = page.inner_text("main")
    watched.expect("老地方0" not in masked, "an address is shown before somebody asks for it")
    page.get_by_role("button", name="显示").click()
    page.wait_for_load_state()
    watched.expect("老地方0" in page.inner_text("main"), "an address is not shown to who asks for it")


def fill(watched, page):
    page.goto("/lookups")
    page.get_by_label("kingdee.material SPU-00000-红-XL").fill("4711")
    page.get_by_role("button", name="导入").click()
    page.wait_for_load_state()
    watched.expect("1 个编码已导入" in page.inner_text("main"), "a code that was filled in is not imported")


def together(watched, page):
    page.goto(f"/issues?flow={TO_WDT}")
    ticks = page.locator("input[name=key]")
    for place in range(3):
        ticks.nth(place).check()
    page.get_by_role("button", name="了结").click()
    watched.expect("3 张单据" in page.inner_text("main"), "three that were ticked are not three")
    page.fill("#reason", "手工录入")
    page.locator("form.asked button").click()
    page.wait_for_url("**done=**")
    said = page.inner_text("[role=status]")
    watched.expect("3 张已了结" in said, f"settle those that are ticked: it says `{said}`")


def explain(watched, page):
    page.goto("/flow?flow=direct-order-to-sharecrm")
    watched.expect("通过" in page.inner_text("main"), "the tests of a flow do not pass")
    page.fill("#pasted", '{"id": "4711", "receive_name": "李四"}')
    page.get_by_role("button", name="解释").click()
    page.wait_for_url("**/explain")
    said = page.inner_text("main")
    watched.expect("目标字段" in said and "4711" in said, f"a pasted document is not explained: {said[:200]}")


def backfill(watched, page):
    page.goto("/flow?flow=trade-to-kingdee")
    page.fill("#from", "2026-11-28T08:00")
    page.fill("#to", "2026-11-28T10:00")
    page.get_by_role("button", name="先数一数").click()
    page.wait_for_url("**/do?**")
    said = page.inner_text("main")
    watched.expect("次调用" in said and "relay backfill trade-to-kingdee" in said, f"no cost is told of a range: {said[:200]}")
    page.locator("form.asked button").click()
    page.wait_for_url("**done=**")
    watched.expect("已开始补读" in page.inner_text("[role=status]"), "a range is not read")


def rewind(watched, page):
    page.goto("/flow?flow=trade-to-kingdee")
    page.fill("#rewind-to", "2026-11-28T08:00")
    page.get_by_role("button", name="先看后果").click()
    page.wait_for_url("**/do?**")
    said = page.inner_text("main")
    watched.expect("RELAY_LEDGER_DAYS" in said and "relay rewind trade-to-kingdee --to" in said, f"a rewinding does not warn: {said[:200]}")
    page.locator("form.asked button").click()
    page.wait_for_url("**done=**")
    watched.expect("下一次轮询从 2026-11-28 08:00:00 读起" in page.inner_text("[role=status]"), "a flow is not rewound")


def download(watched, page):
    page.goto("/delivered")
    with page.expect_download() as downloading:
        page.get_by_role("link", name="下载 CSV(Excel)").click()
    text = downloading.value.path().read_text("utf-8")
    lines = text.splitlines()
    watched.expect(text.startswith("\ufeff时间,流程,单据"), f"the file is no table: {text[:100]}")
    watched.expect(len(lines) > 2_000, f"the file has {len(lines)} lines")
