"""A console with users: whoever may only see logs in, is shown no action, and logs out."""

import screens


def drive(watched, facts):
    for language, scheme, device in (("zh", "dark", "phone"), ("en", "light", "desk")):
        page = watched.page(facts["guarded"], language, scheme, screens.WIDTHS[device])
        look = f"{language}-{scheme}-{device}"
        screens.one(watched, page, "/issues", f"{look}/login", language)
        screens.accessible(watched, page, f"{look}/login")
        page.fill("#name", "wang")
        page.fill("#password", "reader's password")
        page.keyboard.press("Enter")
        page.wait_for_url("**/issues")
        for path in ("/", "/vendors", "/flows"):
            screens.one(watched, page, path, f"{look}/reader-{path.strip('/') or 'overview'}", language)
            watched.expect(page.locator(".act").count() == 0, f"{look}: whoever may only see is shown an action at {path}")
        page.locator("footer button").click()
        page.wait_for_url("**/login")
        page.goto("/")
        watched.expect("/login" in page.url, "whoever has logged out goes on")
        page.context.close()
    return "2 log-ins"
