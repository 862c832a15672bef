#!/usr/bin/env python3
"""run_pages must find what is wrong with a page. TAP.

    test_pages.py SOURCE_ROOT BUILD_ROOT
"""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
FENCE = "```"
WRONG = {
    "an unknown option in front of a pipe": f"{FENCE}sh\nbeluga --none | head -n 1\n{FENCE}",
    "an unknown option in a list": f"{FENCE}sh\nbeluga --none && echo\necho\n{FENCE}",
    "an unknown option that is excused": f"{FENCE}sh\nbeluga --none || echo\n{FENCE}",
    "a block that ends early": f"{FENCE}sh\nexit 0\nbeluga\n{FENCE}",
    "a block of remarks alone": f"{FENCE}sh\n# beluga --none\n{FENCE}",
    "a configuration that has no errors, and shall": f"<!-- has errors -->\n{FENCE}yaml\nmodel: mock/any\n{FENCE}",
    "output that is not printed": f"{FENCE}sh\nbeluga -m mock/echo Hi\n{FENCE}\n\n{FENCE}text\nHo\n{FENCE}",
    "C that does not compile": f"{FENCE}c\nnone();\n{FENCE}",
    "a program that fails": f"{FENCE}c\nint main(void) {{ return 1; }}\n{FENCE}",
    "a fence of tildes": "~~~sh\nbeluga\n~~~",
    "code that is indented alone": "Type\n\n    beluga --none",
    "code as HTML": "<pre>beluga --none</pre>",
    "code in a quotation": f"> {FENCE}sh\n> beluga --none\n> {FENCE}",
    "a script that is not there": "`./scripts/none`",
    "a wrong line in a table that is typed":
        "<!-- typed -->\n| a | b |\n|---|---|\n| c | `echo \\| cat` |\n| d | `beluga -m mock/echo --none` |",
    "a table that is typed and has no line": "<!-- typed -->\n| a | b |\n|---|---|\n| `beluga` | none |",
    "a command that is not there": "`beluga none`",
}


def passes(root, build, text):
    with tempfile.TemporaryDirectory() as folder:
        for name in os.listdir(root):
            if not name.startswith((".", "build")) and not name.endswith(".md"):
                os.symlink(os.path.join(root, name), os.path.join(folder, name))
        with open(os.path.join(folder, "PAGE.md"), "w", encoding="utf-8") as page:
            page.write(text + "\n")
        done = subprocess.run([os.path.join(HERE, "run_pages"), folder, build, "PAGE.md"], capture_output=True, text=True,
                              check=False)
    if not done.stdout.endswith("\n") or "\n1.." not in done.stdout:
        sys.exit(done.stdout + done.stderr)
    return done.returncode == 0


def main(root, build):
    root, build = os.path.abspath(root), os.path.abspath(build)
    if os.environ.get("BELUGA_SANITIZER"):
        print("1..0 # skip programs of users are not built with sanitizers")
        return 0
    cases = [(f"{name} is found", not passes(root, build, text)) for name, text in WRONG.items()]
    table = "<!-- typed -->\n| a | b |\n|---|---|\n| `cat` | `echo Hi \\| beluga -m mock/echo` |"
    cases.append(("a table whose lines are right passes", passes(root, build, table)))
    cases.append(("a page that is right passes", passes(root, build, f"{FENCE}sh\nbeluga -m mock/echo Hi\n{FENCE}")))
    for number, (name, good) in enumerate(cases, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {name}")
    print(f"1..{len(cases)}")
    return not all(good for _, good in cases)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
