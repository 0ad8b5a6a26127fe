"""Whatever can be pressed is reached by the Tab key, in the order in which it stands, and shows that it was."""

import screens

# Pages of hundreds of fields are walked so far.
FAR = 60

PLACES_OF_A_TIME = 8

FOCUSABLE = """() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), textarea, select, summary, [tabindex="0"]')]
  .filter(it => it.checkVisibility()).slice(0, %d).map((it, place) => { it.dataset.place = place; return it.outerHTML.slice(0, 100) })""" % FAR

AT = """() => { const at = document.activeElement, style = getComputedStyle(at);
  return { place: at.dataset.place, shows: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 } }"""


def drive(watched, facts):
    page = watched.page(facts["full"])
    reached = 0
    for name, path in screens.of(facts).items():
        page.goto(path)
        wanted = page.evaluate(FOCUSABLE)
        for place, what in enumerate(wanted):
            page.keyboard.press("Tab")
            at = page.evaluate(AT)
            # A field for a time has several places inside.
            for _ in range(PLACES_OF_A_TIME):
                if at["place"] != str(place - 1) or "datetime-local" not in wanted[place - 1]:
                    break
                page.keyboard.press("Tab")
                at = page.evaluate(AT)
            if at["place"] != str(place):
                watched.note(f"{name}: Tab {place + 1} does not reach {what}")
                break
            watched.expect(at["shows"], f"{name}: nothing shows that Tab has reached {what}")
            reached += 1
    page.context.close()
    return f"{reached} places reached"
