#!/usr/bin/env python3
"""Write the pages of section 3 from the public headers: docs/site/man3.txt says which there are.

    man3.py FOLDER      write FOLDER/*.3; a name that shares a page is a file that leads there

The date of the pages is SOURCE_DATE_EPOCH's, or else that of the release in CHANGELOG.md.
"""
import datetime
import fnmatch
import os
import re
import sys
import textwrap

import reference

ROOT = reference.ROOT
WIDTH = 78
NAME = re.compile(r"\b(?:beluga_[a-z]\w*|BELUGA_[A-Z]\w*)\b")
RULE = ("Any thread may call these functions, as long as no other thread changes the same object meanwhile. "
        "They do not block.")
SIGNS = {"\\": "\\e", "…": "...", "–": "\\(en", "—": "\\(em", "“": "\\(lq", "”": "\\(rq", "^": "\\(ha", "~": "\\(ti",
         "`": "\\(ga", "×": "\\(mu", "≥": "\\(>=", "≤": "\\(<=", "→": "\\(->", "\u00a0": "\\ "}


# ---- the pages -------------------------------------------------------------------------------------------------------

class Page:
    def __init__(self, name, brief):
        self.name, self.brief = name, brief
        self.patterns, self.includes, self.headers, self.examples, self.entries = [], [], [], [], []

    def functions(self):
        return [entry for entry in self.entries if entry.kind == "function"]

    def types(self):
        return [entry for entry in self.entries if entry.kind != "function"]


def read_pages():
    pages = []
    with open(os.path.join(ROOT, "docs", "site", "man3.txt"), encoding="utf-8") as file:
        lines = [line.rstrip() for line in file if line.strip() and not line.startswith("#")]
    for line in lines:
        words = line.split()
        if not line.startswith(" "):
            pages.append(Page(words[0], " ".join(words[1:])))
        elif words[0] == "example":
            pages[-1].examples.append(words[1:])
        elif words[0] == "include":
            pages[-1].includes += words[1:]
        elif words[0] == "about":
            pages[-1].headers.append(words[1])
            pages[-1].patterns += words[2:]
        else:
            pages[-1].patterns += words
    return pages


def best(pages, name):
    """The page of a name: the one that says it most exactly."""
    found = [(len(pattern.rstrip("*")), -number, page) for number, page in enumerate(pages) for pattern in page.patterns
             if fnmatch.fnmatchcase(name, pattern)]
    return max(found, key=lambda row: row[:2])[2] if found else None


def distribute(pages, headers):
    told = {path for page in pages for path in page.headers}
    opaque = {entry.name for header in headers for entry in header.entries if header.path == "beluga/common.h"}
    for header in headers:
        for entry in header.entries:
            page = best(pages, entry.name)
            if page is None and entry.name in opaque:
                continue
            if page is None:
                raise SystemExit(f"man3: no page in docs/site/man3.txt takes {entry.name} of {header.path}")
            page.entries.append(entry)
            if header.path not in page.includes and header.path != "beluga/common.h":
                page.includes.append(header.path)
            if header.path not in told:
                told.add(header.path)
                page.headers.append(header.path)


# ---- roff ------------------------------------------------------------------------------------------------------------

def escaped(text, is_code=False):
    text = "".join(SIGNS.get(sign, sign) for sign in text)
    return text.replace("-", "\\-").replace("'", "\\(aq").replace('"', "\\(dq") if is_code else text


def safe(line):
    return "\\&" + line if line.startswith((".", "'")) else line


def named(text, page):
    """Text with the names of the interface in bold; the pages of other names are told."""
    def one(found):
        name = found.group(0)
        other = page.book.get(name)
        tail = "" if name not in page.callable else "()" if other is page else "(3)"
        if other and other is not page:
            page.see.add(other.name)
        if text[found.end():found.end() + 1] == "(":
            tail = ""
        return f"\\fB{name}\\fP{tail}"
    return NAME.sub(one, escaped(text))


def inline(line, page):
    out = []
    for style, text in line:
        if style == "code" and not NAME.fullmatch(text):
            out.append(f"\\fI{escaped(text, True)}\\fP")
        else:
            out.append(named(text, page))
    return "".join(out)


def filled(text):
    """Lines to be filled by roff; none is too long for the eyes, and none begins as a request."""
    text = " ".join(text.split())
    return [safe(line) for line in textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)]


def example(text):
    return [".PP", ".nf", ".RS 4", *(safe(escaped(line, True)) if line.strip() else ".sp" for line in text.split("\n")),
            ".RE", ".fi"]


def rendered(blocks, page, first=".PP"):
    """Blocks as requests; the first paragraph begins with `first`, or goes on where that is empty."""
    out = []
    for kind, value in blocks:
        if kind == "para":
            out += ([first] if first else []) + filled(inline(value, page))
        elif kind == "code":
            out += example(value)
        else:
            for item in value:
                out += [".IP \\(bu 2", *rendered(item, page, "")]
            out += [".PP"] if out else []
        first = ".PP"
    return out


# ---- sections of a page ----------------------------------------------------------------------------------------------

def grouped(rows):
    """(who, what) as what -> all who, in the order in which they came."""
    groups = {}
    for who, what in rows:
        groups.setdefault(what, []).append(who)
    return groups


def of_whom(names, everybody):
    return "" if len(names) == len(everybody) else ", ".join(f"\\fB{name}\\fP()" for name in names) + ": "


def synopsis(page):
    out = [".SH SYNOPSIS", ".nf"]
    out += [f".B #include <{path}>" for path in page.includes]
    for entry in page.functions() + [entry for entry in page.types() if entry.kind == "define"]:
        for text in entry.declarations():
            out += [".PP"] + [f".B \"{escaped(line, True)}\"" for line in text.split("\n")]
    out += [".fi", ".PP"]
    return out + filled("Compile and link with \\fIpkg\\-config \\-\\-cflags \\-\\-libs beluga\\fP.")


def description(page):
    out = [".SH DESCRIPTION"]
    for path in page.headers:
        header = page.by_path[path]
        out += rendered(header.text, page)
    for entry in page.functions() + [entry for entry in page.types() if entry.kind == "define"]:
        out += [f".SS {', '.join(entry.names())}", *rendered(entry.text, page)]
    return out


def types(page):
    out = []
    for entry in page.types():
        if entry.kind != "define":
            out += [f".SS {entry.name}", *rendered(entry.text, page), *example(entry.declaration)]
            for names, blocks in entry.parameters:
                out += [".TP", f".I {', '.join(names)}", *rendered(blocks, page, "")]
            out += rendered([("para", [("text", "It returns " + reference.plain(entry.result))])], page) if entry.result else []
    return [".SH TYPES"] + out if out else []


def parameters(page):
    everybody = [entry.name for entry in page.functions()]
    rows = [(entry.name, (tuple(names), reference.plain(blocks), index)) for entry in page.functions()
            for index, (names, blocks) in enumerate(entry.parameters)]
    groups = {}
    for who, (names, text, _) in rows:
        groups.setdefault(names, {}).setdefault(text, []).append(who)
    out = []
    for names, texts in groups.items():
        out += [".TP", f".I {', '.join(names)}"]
        for number, (text, who) in enumerate(texts.items()):
            whom = of_whom(who, everybody) if len(texts) > 1 else ""
            out += ([".sp 0"] if number else []) + filled(whom + named(text, page))
    return [".SH PARAMETERS"] + out if out else []


def parts_of(text):
    """What a text of @return says, split at semicolons outside of parentheses."""
    depth, part = 0, ""
    for sign in text:
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == ";" and depth == 0:
            yield part.strip()
            part = ""
        else:
            part += sign
    yield part.strip()


def sentence(text):
    """A reason, and what is said behind its first sentence."""
    reason, _, rest = text.partition(". ")
    return reason.strip(" ."), rest.strip()


ERROR = re.compile(r"((?:BELUGA_ERROR_[A-Z_]+,? ?(?:and |or )?)+)(.*)", re.DOTALL)


def results(page):
    everybody = [entry.name for entry in page.functions() if entry.result]
    rows, codes = [], {}
    for entry in page.functions():
        keep, behind = [], ""
        for part in parts_of(reference.plain(entry.result)) if entry.result else ():
            error = ERROR.fullmatch(part)
            reason, rest = sentence(error.group(2)) if error else ("", part)
            for code in re.findall(r"BELUGA_ERROR_[A-Z_]+", error.group(1)) if error else ():
                codes.setdefault(code, []).append((entry.name, reason))
            keep += [rest] if rest and not error else []
            behind += f" {rest.rstrip('.')}." if rest and error else ""
        if entry.result:
            keep[:1] = ["0, or a code below 0"] if keep[:1] == ["0"] else keep[:1]
            rows.append((entry.name, "; ".join(keep).rstrip(".") + "." + behind))
    out = []
    for text, who in grouped(rows).items():
        out += [".PP", *filled(of_whom(who, everybody) + named(text, page))]
    return ([".SH RETURN VALUE"] + out if out else []) + errors(codes, page)


def errors(codes, page):
    out = []
    for code, rows in codes.items():
        out += [".TP", f".B {code}"]
        groups = grouped(rows)
        for number, (text, who) in enumerate(groups.items()):
            whom = of_whom(who, groups and [who for who, _ in rows])
            text = text or page.meanings.get(code, "")
            out += ([".sp 0"] if number else []) + filled(whom + named(text[:1].upper() + text[1:], page) + ".")
    if not out:
        return []
    return [".SH ERRORS", *filled("A result below 0 is one of the codes of " + named("beluga_error_name", page) + ", and"
                                  " the error that was passed tells the detail. These have reasons of their own here:"), *out]


def threads(page):
    rows = []
    for entry in page.functions():
        text = " ".join(f"{title}: {reference.plain(entry.notes[title])}" for title in ("Threads", "Blocks") if title in entry.notes)
        text = text.removeprefix("Threads: ")
        text = text[:1].upper() + text[1:]
        rows.append((entry.name, text or RULE))
    if not rows:
        return []
    out = [".SH THREADS"]
    groups = grouped(rows)
    for text, who in sorted(groups.items(), key=lambda row: -len(row[1])):
        most = text == max(groups, key=lambda key: len(groups[key]))
        whom = "" if len(groups) == 1 else "All that are not named here: " if most else of_whom(who, [])
        out += [".PP", *filled(whom + named(text, page))]
    return out


def function_of(text, name):
    found = re.search(rf"^(?:/\*[^\n]*\*/\n|(?://[^\n]*\n))*(?:static )?[\w ]+\**{name}\([^;]*?\n\{{.*?^\}}", text, re.MULTILINE | re.DOTALL)
    if not found:
        raise SystemExit(f"man3: an example has no function {name}")
    return found.group(0)


def examples(page):
    out = []
    for path, *functions in page.examples:
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            text = file.read().rstrip("\n")
        what = f"From \\fI{escaped(path)}\\fP of the source:" if functions else f"\\fI{escaped(path)}\\fP of the source:"
        out += [".PP", *filled(what), *example("\n\n".join(function_of(text, name) for name in functions) or text)]
    return [".SH EXAMPLES"] + out if out else []


def see_also(page):
    names = sorted((page.see | {"libbeluga"}) - {page.name})
    names = names[:24] if page.name != "libbeluga" else sorted(set(page.all) - {page.name})
    out = [".SH SEE ALSO", ".BR beluga (1),"]
    return out + [f".BR {name} (3){',' if number < len(names) - 1 else ''}" for number, name in enumerate(names)]


def head_of(page, date, version):
    names = [name for entry in page.functions() for name in entry.names()]
    shown = names if 0 < len(names) <= 12 else []
    if page.name not in shown:
        shown = [page.name] + shown
    return [f'.TH {page.name.upper()} 3 "{date}" "libbeluga {version}" "Library of language models"', ".nh", ".ad l", ".SH NAME",
            *filled(", ".join(shown) + " \\- " + escaped(page.brief))]


def write(page, folder, date, version):
    lines = head_of(page, date, version) + synopsis(page) + description(page) + parameters(page) + results(page)
    lines += types(page) + threads(page) + examples(page)
    lines += see_also(page)
    with open(os.path.join(folder, page.name + ".3"), "w", encoding="utf-8") as file:
        file.write('.\\" Made from the headers by docs/site/man3.py\n' + "\n".join(tidy(lines)) + "\n")
    for entry in page.entries:
        for name in entry.names() if entry.kind != "define" else ():
            if name not in page.all:
                with open(os.path.join(folder, name + ".3"), "w", encoding="utf-8") as file:
                    file.write(f".so man3/{page.name}.3\n")


def tidy(lines):
    """No paragraph begins where none is needed: roff takes it, and its checkers complain."""
    out = []
    for line in lines:
        if out and line == ".PP" and (out[-1].startswith((".SH", ".SS")) or out[-1] == ".PP"):
            continue
        if out and line.startswith((".SH", ".SS")) and out[-1] == ".PP":
            out.pop()
        if out and line.startswith((".IP", ".TP", ".nf")) and out[-1] == ".PP" and not line.startswith(".nf"):
            out.pop()
        out.append(line)
    return out


def read_version():
    with open(os.path.join(ROOT, "meson.build"), encoding="utf-8") as file:
        return re.search(r"version: '([^']+)'", file.read()).group(1)


def read_date(version):
    if os.environ.get("SOURCE_DATE_EPOCH"):
        at = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
        return at.date().isoformat()
    with open(os.path.join(ROOT, "CHANGELOG.md"), encoding="utf-8") as file:
        found = re.search(rf"^## {re.escape(version)}, (\d{{4}}-\d\d-\d\d)", file.read(), re.MULTILINE)
    return found.group(1) if found else ""


def main(folder):
    headers, pages = reference.read(), read_pages()
    distribute(pages, headers)
    os.makedirs(folder, exist_ok=True)
    book = {name: page for page in pages for entry in page.entries for name in entry.names()}
    error_h = next(header for header in headers if header.path == "beluga/error.h")
    meanings = {f"BELUGA_ERROR_{code}": text for code, text in
                re.findall(r'XX\((\w+), -\d+, "\w+", \d, "([^"]+)"\)', error_h.source)}
    version = read_version()
    for page in pages:
        page.book, page.meanings, page.see = book, meanings, set()
        page.by_path = {header.path: header for header in headers}
        page.callable = {name for one in pages for entry in one.functions() for name in entry.names()}
        page.all = [one.name for one in pages]
        write(page, folder, read_date(version), version)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    main(sys.argv[1])
