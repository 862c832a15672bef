#!/usr/bin/env python3
"""Check a built site: every link and anchor leads somewhere, nothing comes from elsewhere, no id is there twice, and each
page has one heading of the first level, a title and words instead of each picture. TAP.

    check.py FOLDER
"""
import html.parser
import os
import re
import sys
import urllib.parse

# Attributes that a browser loads from by itself, and where only a person goes.
LOADED = {("script", "src"), ("link", "href"), ("img", "src"), ("source", "srcset")}
FOLLOWED = {("a", "href")}


class Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.path, self.ids, self.links, self.faults, self.headings, self.title = path, [], [], [], 0, ""
        self.in_title, self.drawings = False, 0
        with open(path, encoding="utf-8") as file:
            self.feed(file.read())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if "id" in attributes:
            self.ids.append(attributes["id"])
        self.headings += tag == "h1"
        # A drawing has titles, too, and no page is named by those.
        self.drawings += tag == "svg"
        self.in_title = tag == "title" and not self.drawings
        if tag == "img" and "alt" not in attributes:
            self.faults.append("a picture has no alt")
        if tag == "style" or "style" in attributes and "expression" in attributes["style"]:
            self.faults.append("style of its own")
        self.faults += [f"a handler {name}" for name in attributes if name.startswith("on")]
        for name, value in attributes.items():
            if (tag, name) in LOADED | FOLLOWED and value is not None:
                self.links.append((value, (tag, name) in LOADED))

    def handle_endtag(self, tag):
        self.drawings -= tag == "svg"
        self.in_title = False

    def handle_data(self, data):
        self.title += data if self.in_title else ""


def pages_of(folder):
    for path, folders, names in os.walk(folder):
        folders.sort()
        yield from (os.path.normpath(os.path.join(path, name)) for name in sorted(names) if name.endswith(".html"))


def fault_of_link(page, link, is_loaded, pages):
    if re.match(r"(https?|mailto):|//", link):
        return f"{link} is loaded from elsewhere" if is_loaded or link.startswith("//") else None
    path, _, anchor = link.partition("#")
    target = os.path.normpath(os.path.join(os.path.dirname(page.path), urllib.parse.unquote(path))) if path else page.path
    if not os.path.isfile(target):
        return f"nothing is at {link}"
    if anchor and target in pages and urllib.parse.unquote(anchor) not in pages[target].ids:
        return f"no anchor for {link}"
    return None


def faults_of(page, pages):
    faults = page.faults + [f"the id {name} is there twice" for name in sorted(set(page.ids)) if page.ids.count(name) > 1]
    faults += [] if page.headings == 1 else [f"{page.headings} headings of the first level"]
    faults += [] if page.title.strip() else ["no title"]
    found = {fault_of_link(page, link, is_loaded, pages) for link, is_loaded in page.links}
    return faults + sorted(fault for fault in found if fault)


def styles(folder):
    with open(os.path.join(folder, "style.css"), encoding="utf-8") as file:
        return [f"style.css loads {match}" for match in re.findall(r"url\([^)]*\)|@import[^;]*", file.read())]


def main(folder):
    pages = {path: Page(path) for path in pages_of(folder)}
    failed = not pages
    rows = [(os.path.relpath(path, folder), faults_of(page, pages)) for path, page in pages.items()] + [("style.css", styles(folder))]
    groups = {}
    for name, faults in rows:
        groups.setdefault(name.split("/")[0] if "/" in name else "the first pages", []).extend(f"{name}: {fault}" for fault in faults)
    for number, (group, faults) in enumerate(groups.items(), 1):
        failed = failed or bool(faults)
        for fault in faults[:40]:
            print(f"# {fault}")
        print(f"{'not ok' if faults else 'ok'} {number} - {group}: links and anchors lead somewhere, and nothing comes from elsewhere")
    print(f"1..{len(groups)}")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    sys.exit(main(sys.argv[1]))
