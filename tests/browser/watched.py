"""Pages that note whatever a browser finds wrong with them."""

from urllib.parse import quote

PATIENCE_MS = 120_000


class Watched:
    def __init__(self, browser, folder):
        self.browser = browser
        self.folder = folder
        self.wrong = []

    def page(self, address, language="zh", scheme="light", width=1280, height=900):
        """A page of a browser of its own, at the console of that address."""
        context = self.browser.new_context(
            base_url=f"http://{address}",
            color_scheme=scheme,
            viewport={"width": width, "height": height},
            locale={"zh": "zh-CN", "en": "en-GB"}[language],
        )
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        where = f"{language} {scheme} {width}"
        page.on("console", lambda said: self.note(f"{where}: {page.url}: {said.type}: {said.text}"))
        page.on("pageerror", lambda error: self.note(f"{where}: {page.url}: {error}"))
        page.on("requestfailed", lambda request: self.note(f"{where}: {request.url}: {request.failure}"))
        page.on("response", lambda answer: answer.status >= 400 and self.note(f"{where}: {answer.url}: {answer.status}"))
        return page

    def note(self, wrong):
        self.wrong.append(wrong)

    def expect(self, is_so, wrong):
        if not is_so:
            self.note(wrong)


def address(path, **fields):
    query = "&".join(f"{name}={quote(value)}" for name, value in fields.items())
    return f"{path}?{query}" if query else path
