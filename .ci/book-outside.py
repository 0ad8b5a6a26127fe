"""A preprocessor of mdBook: a link out of docs/ becomes the file's name, because the site has no page of it."""

import json
import posixpath
import re
import sys

LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


def mended(chapter):
    folder = posixpath.dirname(chapter["path"] or "")

    def link(match):
        is_image, text, target = match.groups()
        file = posixpath.normpath(posixpath.join(folder, target.split("#")[0]))
        is_outside = not is_image and "://" not in target and file.startswith("../")
        return f"{text} (`{file[3:]}`)" if is_outside else match.group(0)

    chapter["content"] = LINK.sub(link, chapter["content"])
    for item in chapter["sub_items"]:
        if "Chapter" in item:
            mended(item["Chapter"])


if sys.argv[1:2] != ["supports"]:
    _, book = json.load(sys.stdin)
    for item in book.get("items", book.get("sections", [])):
        if "Chapter" in item:
            mended(item["Chapter"])
    json.dump(book, sys.stdout)
