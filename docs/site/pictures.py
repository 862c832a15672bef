#!/usr/bin/env python3
"""Pictures of the real thing for the site: the command in a terminal, and its pages in a browser.

    pictures.py BUILD FOLDER      take them; without tmux or Chromium those that need it are left out

A terminal is tmux, drawn as scripts/screens draws it; a page is photographed by headless Chromium. Servers listen on
127.0.0.1, and the model is `mock`: no picture needs a key or a network.
"""
import html
import importlib.machinery
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TRACE = os.path.join(ROOT, "tests", "cli", "traces", "agent.jsonl")
WIDTH, PATIENCE_S = 92, 60
# The file's name without its ending, and what the page says of it. In this order.
CAPTIONS = (
    ("chat", "`beluga chat`: a message of several lines, its answer, a slip, and a message that is being edited"),
    ("answer", "An answer in Markdown, drawn while it arrives"),
    ("batch", "`beluga batch`: how far it is, how fast, and what it cost; Ctrl-C and the same line again go on"),
    ("logs", "`beluga logs`: what was asked and answered, when it is kept"),
    ("trace", "`beluga trace`: where the time went"),
    ("serve", "`beluga serve` has a page: health, latency, errors, spending, and a box to try a model"),
    ("trace-page", "A trace as a page of its own, which loads nothing and runs nothing"),
)
# The lines of a terminal: ("type" or "enter", …) as in scripts/screens; ("until", TEXT) waits for it while a command runs.
LINES = [f"Line {number}" for number in range(1, 41)]
SCENES = {
    "batch": [("type", "beluga batch lines.txt --out answers.jsonl -m mock/any -o mock.latency_ms=700 -j 4"), ("keys", "Enter"),
              ("until", "20/40")],
    "logs": [("type", "beluga logs on -q"), ("enter", "$ "), ("type", "beluga -m mock/echo 'Why is the sky blue?'"), ("enter", "$ "),
             ("type", "beluga -c 'And at night?'"), ("enter", "$ "), ("type", "beluga logs -n 5"), ("enter", "$ ")],
    "trace": [("type", "beluga trace agent.jsonl"), ("enter", "$ ")],
}


def module(name, path):
    loader = importlib.machinery.SourceFileLoader(name, path)
    made = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(made)
    return made


# ---- a terminal ------------------------------------------------------------------------------------------------------

def has(seen, screen, text):
    seen.append(screen)
    return any(text in line for line in screen[0])


def take_scene(screens, build, steps):
    terminal = screens.Terminal(build, WIDTH)
    try:
        with open(os.path.join(terminal.home, "lines.txt"), "w", encoding="utf-8") as file:
            file.write("\n".join(LINES) + "\n")
        shutil.copy(TRACE, terminal.home)
        for kind, value in steps:
            if kind != "until":
                terminal.play(kind, value)
        seen = []  # the last step of a command that goes on is a moment of it
        if steps[-1][0] == "until":
            terminal.wait(repr(steps[-1][1]), lambda: has(seen, terminal.screen(), steps[-1][1]))
        return seen[-1] if seen else terminal.screen()
    finally:
        terminal.end()


def take_scenes(build, folder):
    screens = module("screens", os.path.join(ROOT, "scripts", "screens"))
    for name, steps in SCENES.items():
        lines, cursor = take_scene(screens, build, steps)
        while len(lines) <= cursor[1]:
            lines.append("")
        for theme in screens.THEMES:
            with open(os.path.join(folder, f"{name}-{theme}.svg"), "w", encoding="utf-8") as file:
                file.write(screens.draw(lines, cursor, WIDTH, theme))


# ---- a browser -------------------------------------------------------------------------------------------------------

def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Gateway:
    """`beluga serve` with models that answer soon, late, or not at all."""

    CONFIGURATION = """\
model: soon
models:
  soon: {model: mock/any, mock.latency_ms: 60, mock.word_delay_ms: 8}
  late: {model: mock/echo, mock.latency_ms: 420, mock.word_delay_ms: 20}
  busy: {model: mock/error-rate_limit, max_retries: 0}
"""
    ASKED = ("soon", "late", "soon", "soon", "late", "soon", "busy", "soon")

    def __init__(self, build):
        self.home = tempfile.mkdtemp(prefix="beluga-pictures-")
        self.port = free_port()
        with open(os.path.join(self.home, "config.yaml"), "w", encoding="utf-8") as file:
            file.write(self.CONFIGURATION)
        environment = {"PATH": os.environ["PATH"], "HOME": self.home, "LANG": "C.UTF-8"}
        self.process = subprocess.Popen([os.path.join(os.path.abspath(build), "beluga"), "serve", "--config", "config.yaml",
                                         "--listen", f"127.0.0.1:{self.port}"],
                                        env=environment, cwd=self.home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.url = f"http://127.0.0.1:{self.port}/"
        self.wait()

    def wait(self):
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                with urllib.request.urlopen(self.url + "ready", timeout=5):
                    return
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def ask(self, model, text):
        body = json.dumps({"model": model, "messages": [{"role": "user", "content": text}]}).encode()
        request = urllib.request.Request(self.url + "v1/chat/completions", body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                answer.read()
        except urllib.error.HTTPError as error:
            error.read()

    def end(self):
        self.process.terminate()
        self.process.wait(PATIENCE_S)
        shutil.rmtree(self.home, ignore_errors=True)


def photograph(chromium, url, ready, path, height):
    for theme in ("dark", "light"):
        chromium.screen(1280, height, theme == "dark")
        chromium.open(url)
        chromium.wait(ready)
        chromium.photograph(f"{path}-{theme}.png")


def take_pages(build, folder):
    sys.path.insert(0, os.path.join(ROOT, "tests", "serve"))
    browser = module("browser", os.path.join(ROOT, "tests", "serve", "browser.py"))
    if not browser.find():
        print("pictures: no Chromium, so no pictures of pages", file=sys.stderr)
        return
    gateway, chromium = Gateway(build), browser.Browser(browser.find())
    try:
        for number in range(3 * len(Gateway.ASKED)):
            gateway.ask(Gateway.ASKED[number % len(Gateway.ASKED)], f"Why is the sky blue, in {number + 3} words?")
        photograph(chromium, gateway.url, "!document.getElementById('board').hidden", os.path.join(folder, "serve"), 900)
        page = os.path.join(gateway.home, "trace.html")
        subprocess.run([os.path.join(os.path.abspath(build), "beluga"), "trace", os.path.basename(TRACE), "--html", page], check=True,
                       cwd=os.path.dirname(TRACE), timeout=PATIENCE_S, env={"PATH": os.environ["PATH"], "HOME": gateway.home}, stdout=subprocess.DEVNULL)
        photograph(chromium, "file://" + page, "document.readyState === 'complete'", os.path.join(folder, "trace-page"), 800)
    finally:
        chromium.close()
        gateway.end()


# ---- in the site -----------------------------------------------------------------------------------------------------

def found(folder):
    """The pictures that there are: name -> its files, light and dark."""
    rows = {name: tuple(os.path.join(ROOT, "docs", "screens", f"{name}-80-{theme}.svg") for theme in ("light", "dark"))
            for name in ("chat", "answer")}
    for name, _ in CAPTIONS if folder else ():
        for ending in ("svg", "png"):
            pair = tuple(os.path.join(folder, f"{name}-{theme}.{ending}") for theme in ("light", "dark"))
            if all(os.path.exists(path) for path in pair):
                rows[name] = pair
    return rows


def place(path):
    return "pictures/" + os.path.basename(path).replace("-80-", "-")


def element(name, pair):
    caption = next(text for key, text in CAPTIONS if key == name)
    parts = caption.split("`")
    shown = "".join(f"<code>{html.escape(part)}</code>" if number % 2 else html.escape(part) for number, part in enumerate(parts))
    return (f'<figure id="{name}"><picture><source srcset="{place(pair[1])}" media="(prefers-color-scheme: dark)">'
            f'<img loading="lazy" src="{place(pair[0])}" alt="{html.escape(caption.replace("`", ""), quote=True)}"></picture>'
            f"<figcaption>{shown}</figcaption></figure>")


def front(rows):
    shown = "".join(element(name, rows[name]) for name in ("answer", "trace") if name in rows)
    return f'<div class="pair">{shown}</div>' + '<p><a href="screens.html">More pictures</a></p>'


def write_page(site):
    os.makedirs(os.path.join(site.out, "pictures"), exist_ok=True)
    for pair in site.pictured.values():
        for path in pair:
            shutil.copyfile(path, os.path.join(site.out, place(path)))
    shown = "".join(element(name, site.pictured[name]) for name, _ in CAPTIONS if name in site.pictured)
    site.write("screens.html", "Pictures", '<h1 id="pictures">Pictures</h1><p>Taken by a script from the real thing, with the provider '
               "<code>mock</code>.</p>" + shown)


def main(build, folder):
    os.makedirs(folder, exist_ok=True)
    if shutil.which("tmux"):
        take_scenes(build, folder)
    else:
        print("pictures: no tmux, so no pictures of terminals", file=sys.stderr)
    take_pages(build, folder)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__.strip())
    main(*sys.argv[1:])
