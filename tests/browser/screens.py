"""Every screen, in both languages, light and dark, on a desk and on a phone."""

from axe_playwright_python.sync_playwright import Axe

from watched import address

WIDTHS = {"desk": 1280, "phone": 375}
# So much of a long page is kept as a picture.
TALLEST = 1_800

# How each row of a table is made is judged by the first few: axe takes a minute for a thousand.
JUDGED_ROWS = 5
LEAVE_FEW = "rows => document.querySelectorAll(`tbody tr:nth-child(n + ${rows + 1})`).forEach(row => row.remove())"

# In these looks axe judges each screen, and the screens of an installation that has next to nothing are shown too.
JUDGED = ("zh-dark-desk", "en-light-phone")

# What a page says of itself, in its own language: the names of columns and fields, what can be pressed.
OWN_WORDS = "th, button, label, nav a, dt, summary, a.act, a.skip"


def of(facts):
    """The screens of the busy console, by name."""
    flow, order = facts["flow"], facts["order"]
    return {
        "overview": "/",
        "issues": "/issues",
        "flows": "/flows",
        "flow": "/flow?flow=trade-to-kingdee",
        "delivered": "/delivered?amounts=yes",
        "delivered-sums": "/delivered?sums=yes&amounts=yes",
        "history": "/history",
        "history-sums": "/history?sums=yes",
        "settings": "/settings",
        "errors": "/errors",
        "lookups-table": "/lookups?table=kingdee.customer",
        "vendors": "/vendors",
        "queues": "/queues",
        "bills": "/bills",
        "groups": "/groups",
        "groups-sums": "/groups?sums=yes",
        "group-open": "/group?flow=daily-bills-to-kingdee&group=S000%2F2026-11-22",
        "group": address("/group", flow="daily-bills-to-kingdee", group=facts["group"]),
        "lookups": "/lookups",
        "reconciliation": "/reconciliation",
        "reconciliation-day": address("/reconciliation", flow="trade-to-kingdee", day=facts["day"]),
        "log": "/log",
        "search": address("/search", q=order),
        "search-nothing": address("/search", q="nobody-has-it"),
        "document": address("/document", flow=flow, key=order),
        "document-failed": address("/document", flow="direct-order-to-wangdian", key=order),
        "explain": address("/explain", flow=flow, key=order),
        "confirm": address("/do", what="settle", flow="direct-order-to-wangdian", key=order),
        "issues-of-one-flow": "/issues?flow=direct-order-to-wangdian",
        "groups-page-2": "/groups?page=2",
        "confirm-rewind": address("/do", what="rewind", flow="trade-to-kingdee", to="2026-11-28 08:00:00"),
        "confirm-test-alert": "/do?what=test-alert",
        "confirm-replay": address("/do", what="replay", flow=flow, key=order, delivered="yes"),
    }


EMPTY = ["/", "/issues", "/flows", "/delivered", "/history", "/settings", "/vendors", "/queues", "/bills", "/groups", "/lookups", "/reconciliation", "/log", "/search"]


def drive(watched, facts):
    busy = of(facts)
    empty = {f"empty-{path.strip('/') or 'overview'}": path for path in EMPTY}
    seen = 0
    for language in ("zh", "en"):
        for scheme in ("light", "dark"):
            for device, width in WIDTHS.items():
                look = f"{language}-{scheme}-{device}"
                is_judged = look in JUDGED
                for console, paths in (("full", busy), ("empty", empty if is_judged else {})):
                    page = watched.page(facts[console], language, scheme, width)
                    for name, path in paths.items():
                        one(watched, page, path, f"{look}/{name}", language)
                        if is_judged:
                            accessible(watched, page, f"{look}/{name}")
                        seen += 1
                    page.context.close()
    return f"{seen} screens"


def one(watched, page, path, name, language):
    page.goto(path)
    width = page.evaluate("document.documentElement.clientWidth")
    wide = page.evaluate("document.documentElement.scrollWidth")
    watched.expect(wide <= width, f"{name}: {wide} pixels wide, on a screen of {width}")
    cut = page.eval_on_selector_all(".wide", "all => all.filter(it => it.scrollWidth > it.clientWidth).length")
    watched.expect(cut == 0 or width > WIDTHS["phone"], f"{name}: {cut} tables are wider than the phone")
    words = page.eval_on_selector_all(OWN_WORDS, "all => all.filter(it => !it.lang).map(it => it.innerText.trim())")
    for word in filter(None, words):
        is_chinese = any("\u4e00" <= letter <= "\u9fff" for letter in word)
        watched.expect(is_chinese == (language == "zh") or not any(map(str.isalpha, word)), f"{name}: `{word}` is not in {language}")
    picture = watched.folder / f"{name}.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    tall = min(page.evaluate("document.documentElement.scrollHeight"), TALLEST)
    page.screenshot(path=picture, full_page=True, clip={"x": 0, "y": 0, "width": width, "height": max(tall, 200)})


def accessible(watched, page, name):
    page.evaluate(LEAVE_FEW, JUDGED_ROWS)
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    for violation in found:
        nodes = ", ".join(node["html"][:120] for node in violation["nodes"][:3])
        watched.note(f"{name}: axe {violation['id']} ({len(violation['nodes'])}): {violation['help']}: {nodes}")
