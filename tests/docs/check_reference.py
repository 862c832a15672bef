#!/usr/bin/env python3
"""The reference is whole and can be read: Doxygen finds nothing public without words, and the pages of section 3 are such
that their checkers have nothing to say. TAP.

    check_reference.py SOURCE_ROOT
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

SITE = os.path.join(sys.argv[1], "docs", "site")
sys.path.insert(0, SITE)
import reference  # noqa: E402

DAY = "86400"  # the second day of 1970


def pages(folder):
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            yield name, file.read()


def nothing_public_is_without_words(folder):
    return reference.doxygen(os.path.join(folder, "doxygen"), check=True)


def every_exported_function_has_a_page(folder):
    headers = ""
    for path, _, names in os.walk(os.path.join(sys.argv[1], "include")):
        for name in names:
            with open(os.path.join(path, name), encoding="utf-8") as file:
                headers += file.read()
    functions = set(re.findall(r"^BELUGA_API [^;{]*?\b(beluga_\w+)\(", headers, re.MULTILINE))
    assert functions, "no function was found"
    return [f"{name} has no page" for name in sorted(functions) if not os.path.exists(os.path.join(folder, "man3", name + ".3"))]


def every_other_name_leads_to_a_page(folder):
    texts = dict(pages(os.path.join(folder, "man3")))
    links = {name: text.split("/")[1].strip() for name, text in texts.items() if text.startswith(".so man3/")}
    assert links, "no page has a second name"
    return [f"{name} leads to {to}" for name, to in links.items() if to not in texts or to in links]


def a_page_has_the_date_that_it_is_given(folder):
    return [name for name, text in pages(os.path.join(folder, "man3"))
            if not text.startswith(".so") and '3 "1970-01-02" "libbeluga ' not in text]


def checked(folder, command):
    faults = []
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80", "MAN_DISABLE_SECCOMP": "1"}
    for name, text in pages(os.path.join(folder, "man3")):
        if not text.startswith(".so"):
            done = subprocess.run([*command, os.path.join(folder, "man3", name)], capture_output=True, text=True,
                                  env=environment, timeout=60, check=False)
            said = done.stdout if command[0] == "mandoc" else done.stderr
            faults += [f"{name}: {line}" for line in said.splitlines()]
    return faults


def mandoc_has_nothing_to_say(folder):
    return checked(folder, ["mandoc", "-T", "lint", "-W", "style"])


def man_has_nothing_to_say(folder):
    return checked(folder, ["man", "--warnings=w", "-E", "UTF-8", "-Tutf8", "-l"])


# Each check, and the program that it needs.
CHECKS = [(nothing_public_is_without_words, "doxygen"), (every_exported_function_has_a_page, "doxygen"),
          (every_other_name_leads_to_a_page, "doxygen"), (a_page_has_the_date_that_it_is_given, "doxygen"),
          (mandoc_has_nothing_to_say, "mandoc"), (man_has_nothing_to_say, "man")]


def main():
    if not shutil.which("doxygen"):
        print("1..0 # SKIP needs doxygen")
        return 0
    failed = False
    with tempfile.TemporaryDirectory(prefix="beluga-reference-") as folder:
        os.mkdir(os.path.join(folder, "doxygen"))
        subprocess.run([sys.executable, "-B", os.path.join(SITE, "man3.py"), os.path.join(folder, "man3")], check=True,
                       env={**os.environ, "SOURCE_DATE_EPOCH": DAY})
        for number, (check, program) in enumerate(CHECKS, 1):
            title = check.__name__.replace("_", " ")
            if not shutil.which(program):
                print(f"ok {number} - {title} # SKIP needs {program}")
                continue
            faults = check(folder)
            failed = failed or bool(faults)
            for line in faults[:20]:
                print(f"# {line}")
            print(f"{'not ok' if faults else 'ok'} {number} - {title}")
    print(f"1..{len(CHECKS)}")
    return 1 if failed else 0


sys.exit(main())
