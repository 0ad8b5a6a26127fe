"""Opens the console in a browser, as `tests/browser/run` says: drive.py CHROMIUM FOLDER FACTS.

FACTS is JSON: the addresses of a console with thousands of rows and of one with next to none, and names that stand there.
"""

import json
import sys
import time
import traceback
from pathlib import Path

from playwright.sync_api import sync_playwright

import actions
import keyboard
import login
import questions
import screens
from watched import Watched


def main():
    chromium, folder, facts = sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3])
    # Root, as whom containers run tests, has no sandbox; nothing but our own pages is opened.
    flags = ["--no-sandbox", "--disable-gpu", "--force-color-profile=srgb"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        watched = Watched(browser, folder)
        for part in (screens, keyboard, login, questions, actions):
            began = time.monotonic()
            try:
                told = part.drive(watched, facts)
            except Exception:
                told = "broken off"
                watched.note(f"{part.__name__}: {traceback.format_exc()}")
            print(f"{part.__name__}: {told} in {time.monotonic() - began:.1f} s", flush=True)
        browser.close()
    for wrong in watched.wrong:
        print(f"wrong: {wrong}", flush=True)
    sys.exit(bool(watched.wrong))


if __name__ == "__main__":
    main()
