#!/usr/bin/env python3
"""The site is built, its links lead somewhere, and it can be read: on a phone and a wide screen, in a text browser, and
without scripts. TAP.

    check_site.py SOURCE_ROOT BELUGA
"""
import os
import shutil
import subprocess
import sys
import tempfile

ROOT, BELUGA = sys.argv[1], sys.argv[2]
SITE = os.path.join(ROOT, "docs", "site")
NEEDED = ("doxygen", "pandoc", "dot", "mandoc")
WIDTHS = (375, 1400)
LOOKED_AT = ("index.html", "guides/index.html", "guides/configuration.html", "architecture.html", "api/chat_model.html", "api/index.html",
             "reference/command.html", "providers.html", "performance.html", "screens.html")
sys.path.insert(0, os.path.join(ROOT, "tests", "serve"))
import browser  # noqa: E402


class Report:
    def __init__(self):
        self.count, self.failed = 0, False

    def say(self, faults, title, skip=None):
        self.count += 1
        self.failed = self.failed or bool(faults)
        for fault in faults:
            print(f"# {fault}")
        print(f"{'not ok' if faults else 'ok'} {self.count} - {title}" + (f" # SKIP {skip}" if skip else ""), flush=True)


def links_lead_somewhere(folder):
    done = subprocess.run([sys.executable, "-B", os.path.join(SITE, "check.py"), folder], capture_output=True, text=True, timeout=1500,
                          check=False)
    return [line.lstrip("# ") for line in done.stdout.splitlines() if line.startswith("#")] or ([] if done.returncode == 0 else [done.stderr])


def a_broken_link_is_found(folder):
    """The checker is no better than what it finds: a page with every fault."""
    bad = os.path.join(folder, "bad")
    os.mkdir(bad)
    with open(os.path.join(bad, "index.html"), "w", encoding="utf-8") as file:
        file.write('<html><body><p id="a"></p><p id="a"></p><a href="none.html">x</a><a href="#none">x</a>'
                   '<script src="https://other.invalid/x.js"></script><img src="none.png"><svg><title>x</title></svg></body></html>')
    with open(os.path.join(bad, "style.css"), "w", encoding="utf-8") as file:
        file.write("@import 'x';")
    done = subprocess.run([sys.executable, "-B", os.path.join(SITE, "check.py"), bad], capture_output=True, text=True, timeout=600, check=False)
    words = ("the id a", "none.html", "#none", "other.invalid", "none.png", "no alt", "no title", "0 headings", "@import")
    return [f"{word} was not found" for word in words if word not in done.stdout] + ([] if done.returncode else ["it was content"])


def diagrams_are_drawn(folder):
    with open(os.path.join(folder, "architecture.html"), encoding="utf-8") as file:
        text = file.read()
    with open(os.path.join(ROOT, "docs", "architecture.md"), encoding="utf-8") as file:
        wanted = file.read().count("```mermaid")
    drawn = text.count('<div class="diagram"><svg')
    return [] if wanted and drawn == wanted and 'class="mermaid"' not in text else [f"{drawn} of {wanted} diagrams are drawn"]


def widths_fit(chromium, folder):
    faults = []
    for name in LOOKED_AT:
        for width in WIDTHS:
            for dark in (False, True):
                chromium.screen(width, 800, dark)
                chromium.open("file://" + os.path.join(folder, name))
                wide = chromium.ask("document.documentElement.scrollWidth")
                light = chromium.ask("getComputedStyle(document.body).backgroundColor.match(/[0-9]+/)[0] > 128")
                faults += [f"{name} is {wide} wide on {width}"] if wide > width else []
                faults += [f"{name} has the colours of the other scheme"] if light == dark else []
    return faults + [f"the console says {fault}" for fault in chromium.faults]


def names_are_found(chromium, folder):
    chromium.open("file://" + os.path.join(folder, "guides", "streaming.html"))
    chromium.press("/", "Slash", "/")
    chromium.wait("document.activeElement.type === 'search'")
    chromium.type("generate_start")
    chromium.wait("document.querySelectorAll('.search li').length > 0")
    chromium.press("Enter", "Enter", "\r")
    chromium.wait("location.href.endsWith('api/chat_model.html#beluga_generate_start_n')")
    return []


def it_reads_without_scripts(folder):
    text = subprocess.run(["w3m", "-dump", "-cols", "80", os.path.join(folder, "guides", "streaming.html")], capture_output=True, text=True,
                          timeout=600, check=True).stdout
    return [f"{word!r} is not to be read" for word in ("Inside your event loop", "beluga_stream_next", "All pages", "Configuration")
            if word not in text]


def look(report, folder):
    if not browser.find():
        report.say([], "it fits phones and wide screens, light and dark", "needs Chromium")
        return
    chromium = browser.Browser(browser.find())
    try:
        report.say(widths_fit(chromium, folder), "it fits phones and wide screens, light and dark, and the console is silent")
        report.say(names_are_found(chromium, folder), "the search leads to a name")
    finally:
        chromium.close()


def main():
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing:
        print(f"1..0 # SKIP needs {' '.join(missing)}")
        return 0
    report = Report()
    with tempfile.TemporaryDirectory(prefix="beluga-site-") as scratch:
        folder = os.path.join(scratch, "site")
        subprocess.run([sys.executable, "-B", os.path.join(SITE, "build.py"), "--command", BELUGA, folder], check=True, timeout=3000)
        report.say(links_lead_somewhere(folder), "every link and anchor leads somewhere, and nothing comes from elsewhere")
        report.say(a_broken_link_is_found(scratch), "what would be wrong is found")
        report.say(diagrams_are_drawn(folder), "the diagrams are drawn")
        if shutil.which("w3m"):
            report.say(it_reads_without_scripts(folder), "it can be read in a text browser")
        else:
            report.say([], "it can be read in a text browser", "needs w3m")
        look(report, folder)
    print(f"1..{report.count}")
    return 1 if report.failed else 0


sys.exit(main())
