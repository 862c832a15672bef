#!/usr/bin/env python3
"""The page of `beluga serve` in headless Chromium, at a server that plays what it may be told, and at the command. TAP.

    test_page.py BELUGA [FOLDER]      also keep photographs there
"""
import json
import os
import sys
import time
import urllib.error
import urllib.request

import browser
import gateway
import page_server

SHOWN = "!document.getElementById('board').hidden"
TEXT = "document.body.innerText"
WIDTHS = (375, 1280)


class Served:
    """The command in place of the server that plays."""

    def __init__(self, gate):
        self.gate, self.go_on, self.url = gate, gate.provider.go_on, f"http://127.0.0.1:{gate.port}/"

    def post(self, prompt, stream=True, key=""):
        body = json.dumps({"model": "m", "stream": stream, "messages": [{"role": "user", "content": prompt}]}).encode()
        request = urllib.request.Request(self.url + "v1/chat/completions", body,
                                         {"Content-Type": "application/json", "Authorization": "Bearer " + key})
        try:
            with urllib.request.urlopen(request, timeout=gateway.WAIT_S) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def shutdown(self):
        self.gate.close()

    def server_close(self):
        """It is closed."""


class Page:
    """The page of a server, open in the browser; at the end nothing may stand in its console but what has one of the
    expected words."""

    def __init__(self, chromium, expected=(), served=None, **played):
        self.chromium, self.expected, self.server = chromium, expected, served or page_server.start(**played)

    def __enter__(self):
        self.chromium.faults.clear()
        self.chromium.screen(1280, 800, False)
        self.chromium.open(self.server.url)
        self.chromium.ask("sessionStorage.clear()")
        self.chromium.open(self.server.url)
        return self

    def __exit__(self, kind, *_):
        faults = [fault for fault in self.chromium.faults if not any(word in fault for word in self.expected)]
        self.chromium.open("about:blank")
        self.server.go_on.set()
        self.server.shutdown()
        self.server.server_close()
        if kind is None and faults:
            raise AssertionError("the console says: " + "; ".join(faults))

    def wait(self, expression):
        self.chromium.wait(expression)

    def says(self, *words):
        for word in words:
            self.wait(f"{TEXT}.includes({word!r})")

    def click(self, selector):
        self.chromium.ask(f"document.querySelector({selector!r}).click()")

    def type(self, selector, text):
        self.chromium.ask(f"document.querySelector({selector!r}).focus(); document.querySelector({selector!r}).value = ''")
        self.chromium.type(text)


def all_is_drawn(chromium, _):
    with Page(chromium) as page:
        page.wait(SHOWN)
        page.says("serving", "3,2", "p95 3.71 s", "anthropic/claude-opus-4-5", "fallback (groq/llama-4-scout) › retry (2)", "healthy",
                  "unsteady", "failing", "not asked", "$4.42 of $5.00", "expired", "502 authentication_error", "req_7f3a90c2",
                  "Name a fallback")
        assert chromium.ask("document.querySelectorAll('#latency path').length") == 6
        assert chromium.ask("document.querySelectorAll('#requests .wrong').length") > 6


def labels(chromium, figure):
    return chromium.ask(f"[...document.querySelectorAll('#{figure} text')].map(t => t.textContent).slice(0, -3).join(', ')")


def an_axis_has_round_numbers_that_are_true(chromium, _):
    with Page(chromium, status=page_server.quick) as page:
        page.wait(SHOWN)
        assert labels(chromium, "latency") == "20 ms, 40 ms", labels(chromium, "latency")
        assert labels(chromium, "first") == "1 s, 2 s", labels(chromium, "first")
    with Page(chromium, status=page_server.instant) as page:
        page.wait(SHOWN)
        assert labels(chromium, "latency") == "1 ms, 2 ms, 3 ms, 4 ms", labels(chromium, "latency")
    with Page(chromium) as page:
        page.wait(SHOWN)
        assert labels(chromium, "latency") == "2 s, 4 s, 6 s", labels(chromium, "latency")


def a_server_that_has_just_begun_is_drawn(chromium, _):
    with Page(chromium, status=page_server.empty) as page:
        page.wait(SHOWN)
        page.says("nothing in the last hour", "mock/any", "None in the last hour.", "Nobody was asked")
        assert chromium.ask("document.getElementById('keys-box').hidden")


def it_fits_narrow_and_wide_screens_light_and_dark(chromium, folder):
    for width in WIDTHS:
        for dark in (False, True):
            with Page(chromium) as page:
                chromium.screen(width, 800, dark)
                page.wait(SHOWN)
                assert chromium.ask("document.documentElement.scrollWidth") <= width, f"it is wider than {width}"
                light = chromium.ask("getComputedStyle(document.documentElement).backgroundColor.match(/[0-9]+/)[0] > 128")
                assert light != dark, "the colours are those of the other scheme"
                if folder:
                    chromium.photograph(os.path.join(folder, f"page-{width}-{'dark' if dark else 'light'}.png"))


def texts_of_others_stay_texts(chromium, _):
    with Page(chromium, status=page_server.hostile) as page:
        page.wait(SHOWN)
        page.says(page_server.EVIL)
        assert chromium.ask("document.querySelectorAll('main img, main script').length") == 0
        assert chromium.ask("document.title") == "Beluga"
        assert chromium.ask("[...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames()).filter(n => n.startsWith('on')).length") == 0


def the_policy_stops_all_other_code(chromium, _):
    with Page(chromium, expected=("Content Security Policy", "TrustedHTML", "TrustedScript")) as page:
        page.wait(SHOWN)
        stopped = chromium.ask("""(async () => {
            const stopped = new Set();
            document.addEventListener('securitypolicyviolation', e => stopped.add(e.effectiveDirective));
            const ignored = async action => { try { await action(); } catch (e) { } };
            await ignored(() => { document.body.innerHTML = '<img>'; });
            await ignored(() => fetch('http://127.0.0.1:9/'));
            await ignored(() => {
                const button = document.createElement('button');
                button.setAttribute('onclick', 'document.title = "broken"');
                button.click();
            });
            await ignored(() => { document.head.append(document.createElement('style')); document.head.lastChild.textContent = 'p {}'; });
            const image = document.createElement('img');
            await new Promise(done => { image.onerror = done; image.src = 'http://127.0.0.1:9/'; });
            return [...stopped].sort().join(' ');
        })()""")
        assert chromium.ask("document.title") == "Beluga"
        for wanted in ("connect-src", "img-src", "require-trusted-types-for", "style-src"):
            assert wanted in stopped, stopped


def a_key_is_asked_for_kept_and_forgotten(chromium, _):
    keys = {"Bearer sk-seen": 200, "Bearer sk-other": 403}
    with Page(chromium, expected=("401", "403"), keys=keys) as page:
        page.says("Enter a key whose entry in serve.keys has")
        for key, answer in (("sk-wrong", "The server does not know this key"), ("sk-other", "page: true")):
            page.type("#key", key)
            chromium.press("Enter", text="\r")
            page.says(answer)
        page.type("#key", "sk-seen")
        page.click("#gate-form button")
        page.wait(SHOWN)
        assert "sk-seen" not in chromium.ask("document.documentElement.outerHTML")
        assert chromium.ask("document.getElementById('key').value") == ""
        chromium.open(page.server.url)
        page.wait(SHOWN)
        page.click("#forget")
        page.says("Enter a key whose entry in serve.keys has")
        assert chromium.ask("sessionStorage.length") == 0
        assert "502" not in chromium.ask("document.getElementById('errors').textContent")


def it_goes_on_when_the_server_is_back(chromium, _):
    with Page(chromium, expected=("503",)) as page:
        page.wait(SHOWN)
        page.server.broken = True
        page.says("the server answered 503")
        page.server.broken = False
        page.says("serving")


def the_box_shows_an_answer_as_it_arrives(chromium, _):
    with Page(chromium) as page:
        page.wait(SHOWN)
        page.click("#models li:nth-child(2) button")
        page.type("#prompt", "Hello?")
        chromium.press("Enter", modifiers=2)
        page.wait("document.getElementById('answer').textContent === 'Thinking.Hello '")
        page.server.go_on.set()
        page.says(page_server.EVIL, "mock/any", "first token after", "12 tokens in", "1.3K out", "$0.0021")
        assert chromium.ask("document.querySelectorAll('#answer img').length") == 0
        path, key, body = page.server.posted[0]
        assert (path, key, body["model"], body["stream"]) == ("/v1/chat/completions", None, "fast", True), page.server.posted
        assert body["messages"] == [{"role": "user", "content": "Hello?"}]


def the_box_says_that_an_answer_was_cut(chromium, _):
    with Page(chromium) as page:
        page.wait(SHOWN)
        page.type("#prompt", "cut")
        page.click("#send")
        page.server.go_on.set()
        page.says("the answer was cut: it ended without a finish reason")


def the_box_shows_why_a_server_refuses(chromium, _):
    with Page(chromium, expected=("429",)) as page:
        page.wait(SHOWN)
        page.type("#prompt", "refused")
        page.click("#send")
        page.says("slow down, <img")


def an_answer_can_be_stopped(chromium, _):
    with Page(chromium) as page:
        page.wait(SHOWN)
        page.click("#send")
        page.wait("document.getElementById('answer').textContent.includes('Hello')")
        page.click("#stop")
        page.says("stopped")
        page.wait("!document.getElementById('send').disabled")


def the_keyboard_reaches_all(chromium, _):
    with Page(chromium) as page:
        page.wait(SHOWN)
        seen = []
        for _ in range(30):
            chromium.press("Tab")
            at = chromium.ask("document.activeElement.id || document.activeElement.tagName")
            if seen and at in ("BODY", seen[0]):
                break
            seen.append(at)
        for wanted in ("latency", "first", "requests", "more", "model", "prompt", "send", "SUMMARY"):
            assert wanted in seen, f"{wanted} is not among {seen}"
        chromium.ask("document.getElementById('latency').focus()")
        chromium.press("ArrowLeft")
        page.wait("/^[0-9]{2}:[0-9]{2}  p50/.test(document.querySelector('#latency span').textContent)")
        chromium.press("Escape")
        page.wait("document.querySelector('#latency span').textContent.startsWith('p50')")


def the_command_gives_its_page_and_figures(chromium, folder):
    served = Served(gateway.Gateway(chromium.beluga, "  max_requests: 100\n"))
    for prompt, stream in (("Hello", True), ("Hello", False), ("cut", True)):
        served.post(prompt, stream)
    with Page(chromium, served=served) as page:
        page.wait(SHOWN)
        page.says("serving", "in the last hour", "stream_closed", "The provider cut its answer", "openai/m")
        page.wait("document.querySelectorAll('#requests .count').length > 0 && document.querySelectorAll('#requests .wrong').length > 0")
        page.wait("document.querySelectorAll('#latency svg circle, #latency svg path').length > 0")
        assert chromium.ask("document.getElementById('tiles').textContent").count("–") <= 1
        page.type("#prompt", "wait")
        page.click("#send")
        page.wait("document.getElementById('answer').textContent === 'Hello '")
        served.go_on.set()
        page.wait("document.getElementById('answer').textContent === 'Hello world.'")
        page.says("first token after")
        if folder:
            chromium.photograph(os.path.join(folder, "page-served.png"))


def the_command_shows_it_to_keys_that_may_see_it(chromium, _):
    serve = (f'  keys:\n    - {{name: operator, sha256: "{gateway.KEY_SHA256}", page: true, budget_per_day: 2}}\n'
             f'    - {{name: user, sha256: "{gateway.hash_of("bk-user")}"}}\n')
    served = Served(gateway.Gateway(chromium.beluga, serve))
    with Page(chromium, served=served, expected=("401", "403")) as page:
        page.says("Enter a key whose entry in serve.keys has")
        page.type("#key", "bk-user")
        page.click("#gate-form button")
        page.says("This key may not see the page.")
        page.type("#key", gateway.KEY)
        page.click("#gate-form button")
        page.wait(SHOWN)
        page.says("operator", "Today $0.00 of $2.00", "user")
        page.click("#send")
        page.wait("document.getElementById('answer').textContent === 'Hello world.'")
        page.says("1 request,")


def another_site_can_neither_ask_nor_read(chromium, _):
    served, other = Served(gateway.Gateway(chromium.beluga)), page_server.start()
    try:
        chromium.open(other.url + "nothing")
        seen = chromium.ask(f"""(async () => {{
            const seen = [];
            const body = JSON.stringify({{model: 'm', messages: [{{role: 'user', content: 'stolen'}}]}});
            for (const [path, more] of [['status', {{}}], ['v1/models', {{}}], ['v1/chat/completions', {{method: 'POST', body}}],
                ['v1/chat/completions', {{method: 'POST', mode: 'no-cors', body}}]])
                try {{ const a = await fetch('{served.url}' + path, more); seen.push(a.type + (await a.text()).length); }}
                catch (e) {{ seen.push(e.name); }}
            return seen.join(' ');
        }})()""")
        assert seen == "TypeError TypeError TypeError opaque0", seen
        assert not served.gate.provider.asked, "a page of another site asked a model"
    finally:
        other.shutdown()
        other.server_close()
        served.shutdown()


CASES = (all_is_drawn, an_axis_has_round_numbers_that_are_true, a_server_that_has_just_begun_is_drawn, it_fits_narrow_and_wide_screens_light_and_dark, texts_of_others_stay_texts,
         the_policy_stops_all_other_code, a_key_is_asked_for_kept_and_forgotten, it_goes_on_when_the_server_is_back,
         the_box_shows_an_answer_as_it_arrives, the_box_says_that_an_answer_was_cut, the_box_shows_why_a_server_refuses,
         an_answer_can_be_stopped, the_keyboard_reaches_all, the_command_gives_its_page_and_figures,
         the_command_shows_it_to_keys_that_may_see_it, another_site_can_neither_ask_nor_read)


def main(beluga, folder=None):
    program = browser.find()
    if not program:
        print("1..0 # skip chromium is not installed")
        return 0
    chromium, failed = browser.Browser(program), False
    chromium.beluga = beluga
    try:
        for number, case in enumerate(CASES, 1):
            why, began = "", time.monotonic()
            try:
                case(chromium, folder)
            except (AssertionError, RuntimeError) as error:
                why = f"{type(error).__name__}: {error}"
            failed |= bool(why)
            print(f"{'not ' if why else ''}ok {number} - {case.__name__} # {time.monotonic() - began:.1f} s", flush=True)
            print("".join(f"# {line}\n" for line in why.splitlines()), end="")
    finally:
        chromium.close()
    print(f"1..{len(CASES)}")
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
