#!/usr/bin/env python3
"""Make the site: static HTML from the Markdown pages, the public headers and the manual page of the command.

    build.py [--command BELUGA] [--pictures FOLDER] OUT

docs/guides/README.md says which pages there are and in which order; what they link to comes along: other pages, and files
of the source as plain text. Every page can be read without scripts; search.js adds a search.
"""
import argparse
import concurrent.futures
import html
import json
import os
import posixpath
import re
import shutil
import string
import subprocess
import sys

import mermaid
import pictures
import reference

ROOT = reference.ROOT
SITE = os.path.join(ROOT, "docs", "site")
INDEX = "docs/guides/README.md"
FRONT = "docs/site/index.md"
MAX_SOURCE_BYTES = 400_000
NAME = re.compile(r"\b(?:beluga_[a-z]\w*|BELUGA_[A-Z]\w*)\b")
HEADER = re.compile(r"\b(?:beluga/)?((?:providers?/)?[a-z_]+)\.h\b")
TAG = re.compile(r"(<[^>]*>)")


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def place_of(path):
    """Where a page of the repository stands in the site."""
    path = path.removeprefix("docs/").removesuffix(".md")
    if path.startswith("site/"):
        return path.removeprefix("site/") + ".html"
    if path.rpartition("/")[2] == "README":
        path = path[:-6] + ("index" if "/" in path else "about/readme")
    return path.lower() + ".html" if "/" in path or path.islower() else f"about/{path.lower()}.html"


class Site:
    """What is known of all pages: where each goes, and what may be linked."""

    def __init__(self, out, command, pictured):
        self.out, self.command, self.pictured = out, command, pictured
        self.headers = reference.read()
        self.names, self.header_pages, self.index = {}, {}, []
        for header in self.headers:
            self.header_pages[header.path.removeprefix("beluga/").removesuffix(".h")] = f"api/{header.page()}.html"
            for entry in header.entries:
                for name in entry.names() + entry.constants:
                    self.names.setdefault(name, f"api/{header.page()}.html#{entry.name}")
                    if header.path != "beluga/common.h":
                        self.names[name] = f"api/{header.page()}.html#{entry.name}"
        self.pages, self.sources, self.files = {}, {}, set()
        self.files_known = set(subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
                               .stdout.split("\n"))
        self.template = string.Template(read("docs/site/template.html"))
        self.navigation = self.read_navigation()
        self.version = re.search(r"version: '([^']+)'", read("meson.build")).group(1)

    def read_navigation(self):
        """(title, [(text, place, page)]) for each part of the page with all guides."""
        parts = []
        for line in read(INDEX).split("\n"):
            link = re.match(r"- \[([^]]+)\]\(([^)]+)\)", line)
            if line.startswith("## "):
                parts.append((line[3:], []))
            elif link:
                page, _, anchor = posixpath.normpath(posixpath.join(posixpath.dirname(INDEX), link.group(2))).partition("#")
                parts[-1][1].append((link.group(1), place_of(page) + ("#" + anchor if anchor else ""), page))
        reference_part = next(rows for title, rows in parts if title == "Reference")
        reference_part[:0] = [("The API, header by header", "api/index.html", None)] + (
            [("The command", "reference/command.html", None)] if self.command else [])
        return parts

    def nav(self, place):
        out = []
        for title, rows in self.navigation:
            out.append(f"<section><h2>{html.escape(title)}</h2><ul>")
            for text, to, _ in rows:
                here = ' aria-current="page"' if to == place else ""
                out.append(f'<li><a href="{relative(to, place)}"{here}>{html.escape(text)}</a></li>')
            out.append("</ul></section>")
        if self.pictured:
            out.append(f'<section><h2>To look at</h2><ul><li><a href="{relative("screens.html", place)}">Pictures</a></li></ul></section>')
        return "\n".join(out)

    def near(self, place):
        """The pages before and behind this one, in the order of the guides."""
        rows = [(text, to) for _, part in self.navigation for text, to, _ in part if "#" not in to]
        at = next((number for number, row in enumerate(rows) if row[1] == place), None)
        if at is None:
            return ""
        before, behind = rows[at - 1:at], rows[at + 1:at + 2]
        links = [f'<a href="{relative(to, place)}" rel="prev">← {html.escape(text)}</a>' for text, to in before] or ["<span></span>"]
        links += [f'<a href="{relative(to, place)}" rel="next">{html.escape(text)} →</a>' for text, to in behind]
        return f'<nav class="near" aria-label="Before and behind">{"".join(links)}</nav>'

    def write(self, place, title, content, kind="page"):
        headings = re.findall(r'<h([123]) id="([^"]*)"[^>]*>(.*?)</h\1>', content, re.DOTALL)
        for level, anchor, text in headings:
            words = plain(text)
            self.index.append([words if level != "1" else title, "" if level == "1" else title, place + ("" if level == "1" else "#" + anchor)])
        first = re.search(r"</h1>\s*(?:<p[^>]*>)(.*?)</p>", content, re.DOTALL)
        page = self.template.substitute(
            title=html.escape(title if "Beluga" in title else f"{title} · Beluga for C"), root="../" * place.count("/"), kind=kind,
            description=html.escape(plain(first.group(1))[:200] if first else title, quote=True),
            command=f'<a href="{relative("reference/command.html", place)}">Command</a>' if self.command else "",
            toc=toc(headings), near=self.near(place), content=with_anchors(content), nav=self.nav(place), version=self.version)
        path = os.path.join(self.out, place)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(page)


# ---- HTML ------------------------------------------------------------------------------------------------------------

def plain(text):
    return html.unescape(" ".join(re.sub(r"<[^>]*>", "", text).split()))


def relative(to, place):
    if to == place:
        return to.rpartition("/")[2]
    path, _, anchor = to.partition("#")
    return posixpath.relpath(path, posixpath.dirname(place) or ".") + ("#" + anchor if anchor else "")


def toc(headings):
    """What is on the page: its headings of the second and third level, where there are enough of them."""
    rows = [(level, anchor, re.sub(r"</?a\b[^>]*>", "", text)) for level, anchor, text in headings if level in "23"]
    if len(rows) < 3:
        return ""
    many = len(rows) > 60
    out, depth = [], 2
    for level, anchor, text in rows:
        if many and level == "3":
            continue
        out.append("<ul>" * (int(level) - depth) + "</ul>" * (depth - int(level)) + f'<li><a href="#{anchor}">{text}</a></li>')
        depth = int(level)
    return f'<details class="toc"><summary>On this page</summary><ul>{"".join(out)}{"</ul>" * (depth - 2)}</ul></details>'


def with_anchors(content):
    return re.sub(r'<h([234]) id="([^"]*)"([^>]*)>(.*?)</h\1>',
                  r'<h\1 id="\2"\3>\4<a class="here" href="#\2" aria-label="Link to this heading"></a></h\1>', content, flags=re.DOTALL)


def linked(text, site, place, known=NAME):
    """Names of the interface in a piece of HTML as links, where they stand in no link and no heading."""
    out, inside = [], 0
    for part in TAG.split(text):
        if re.match(r"<(a|h[1-6]|svg|button|title)\b", part):
            inside += 1
        elif re.match(r"</(a|h[1-6]|svg|button|title)>", part):
            inside -= 1
        elif not part.startswith("<") and not inside:
            part = known.sub(lambda found: link_of(found.group(0), site, place), part)
        out.append(part)
    return "".join(out)


def link_of(name, site, place):
    to = site.names.get(name)
    if to is None or to.split("#")[1] == place.partition("#")[2]:
        return name
    return f'<a href="{relative(to, place.partition("#")[0])}">{name}</a>'


# ---- pages of Markdown -----------------------------------------------------------------------------------------------

class Page:
    def __init__(self, site, path):
        self.site, self.path, self.place = site, path, place_of(path)

    def convert(self):
        text = re.sub(r"^ *<!-- (?!front:).*? -->\n", "", read(self.path), flags=re.MULTILINE)
        done = subprocess.run(["pandoc", "-f", "gfm", "-t", "html5", "--wrap=preserve"], input=text, capture_output=True, text=True,
                              check=True, timeout=120)
        self.html = done.stdout
        return self

    def target(self, link):
        """Where a link of this page leads in the site. What it needs is noted."""
        if re.match(r"[a-z]+:", link) or link.startswith("#"):
            return link
        path, _, anchor = link.partition("#")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(self.path), path))
        to = self.place_of_file(path)
        return relative(to, self.place) + ("#" + anchor if anchor and path.endswith(".md") else "")

    def place_of_file(self, path):
        site = self.site
        if path.endswith(".md"):
            site.pages.setdefault(path, None)
            return place_of(path)
        if path.startswith("include/beluga/") and path.endswith(".h"):
            return site.header_pages[path.removeprefix("include/beluga/").removesuffix(".h")]
        if path.endswith((".svg", ".png")):
            site.files.add(path)
            return path.removeprefix("docs/")
        place = f"source/{path}/index.html" if os.path.isdir(os.path.join(ROOT, path)) else f"source/{path}.html"
        site.sources[path] = place
        return place

    def finished(self):
        text = re.sub(r'<a href="([^"]*)"', lambda found: f'<a href="{html.escape(self.target(html.unescape(found.group(1))))}"', self.html)
        text = re.sub(r'<img src="([^"]*)"', lambda found: f'<img loading="lazy" src="{self.target(found.group(1))}"', text)
        text = re.sub(r'<pre class="mermaid"><code>(.*?)</code></pre>',
                      lambda found: f'<div class="diagram">{mermaid.draw(html.unescape(found.group(1)))}</div>', text, flags=re.DOTALL)
        text = re.sub(r"(<table.*?</table>)", r'<div class="scroll">\1</div>', text, flags=re.DOTALL)
        return linked(text, self.site, self.place)

    def write(self):
        text = self.finished()
        heading = re.search(r"<h1[^>]*>(.*?)</h1>", text, re.DOTALL)
        if self.path == FRONT:
            text = front(text, self.site)
        self.site.write(self.place, plain(heading.group(1)), text, "front" if self.path == FRONT else "page")


def front(text, site):
    """The first page: its head in two columns, and where to go on as cards."""
    head, _, rest = text.partition("<!-- front: hero -->")
    head = re.sub(r"<p>", '<p class="lead">', head, count=1)
    buttons = ('<ul class="go"><li><a href="#a-program">A program</a></li><li><a href="guides/index.html">Guides</a></li>'
               '<li><a href="api/index.html">API</a></li></ul>')
    rest = re.sub(r"<ul>(?!.*<ul>)", '<ul class="cards">', rest, count=1, flags=re.DOTALL)
    rest = rest.replace("<!-- front: picture -->", pictures.front(site.pictured))
    return f'<div class="hero"><div>{head}{buttons}</div><img src="beluga.svg" alt="" width="240" height="150"></div>{rest}'


def write_markdown(site):
    """The pages, and what they link to, until there is nothing new."""
    site.pages.update({FRONT: None, INDEX: None, **{page: None for _, rows in site.navigation for _, _, page in rows if page}})
    written = set()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        while set(site.pages) - written:
            new = sorted(set(site.pages) - written)
            for page in pool.map(Page.convert, [Page(site, path) for path in new]):
                page.write()
            written |= set(new)


# ---- the source ------------------------------------------------------------------------------------------------------

def source_of(path, site, place):
    full = os.path.join(ROOT, path)
    if os.path.isdir(full):
        rows = []
        for name in sorted({known[len(path) + 1:].split("/")[0] for known in site.files_known if known.startswith(path + "/")} or os.listdir(full)):
            to = site.sources.get(f"{path}/{name}") or (place_of(f"{path}/{name}") if f"{path}/{name}" in site.pages else None)
            shown = html.escape(name + ("/" if os.path.isdir(os.path.join(full, name)) else ""))
            rows.append(f'<li><a href="{relative(to, place)}">{shown}</a></li>' if to else f"<li><code>{shown}</code></li>")
        return "<ul class=\"names\">" + "".join(rows) + "</ul>"
    with open(full, encoding="utf-8", errors="replace") as file:
        text = file.read(MAX_SOURCE_BYTES)
    return f"<pre><code>{linked(html.escape(text, quote=False), site, place)}</code></pre>"


def write_sources(site):
    site.sources.setdefault("LICENSE", "source/LICENSE.html")
    for path, place in sorted(site.sources.items()):
        content = f'<h1 id="file"><code>{html.escape(path)}</code></h1>{source_of(path, site, place)}'
        site.write(place, path, content, "source")
    for path in site.files:
        to = os.path.join(site.out, path.removeprefix("docs/"))
        os.makedirs(os.path.dirname(to), exist_ok=True)
        shutil.copyfile(os.path.join(ROOT, path), to)


# ---- the interface ---------------------------------------------------------------------------------------------------

def of_piece(style, text, site, place):
    shown = html.escape(text, quote=False)
    if style == "code":
        return f"<code>{linked(shown, site, place)}</code>"
    shown = linked(shown, site, place)
    shown = HEADER.sub(lambda found: f'<a href="{relative(site.header_pages[found.group(1)], place.partition("#")[0])}">{found.group(0)}</a>'
                       if found.group(1) in site.header_pages else found.group(0), shown)
    return f"<strong>{shown}</strong>" if style == "strong" else shown


def of_blocks(blocks, site, place):
    out = []
    for kind, value in blocks:
        if kind == "para":
            out.append("<p>" + "".join(of_piece(style, text, site, place) for style, text in value).strip() + "</p>")
        elif kind == "code":
            out.append(f"<pre><code>{linked(html.escape(value, quote=False), site, place)}</code></pre>")
        else:
            out.append("<ul>" + "".join(f"<li>{of_blocks(item, site, place)}</li>" for item in value) + "</ul>")
    return "".join(out)


def declaration(text, site, place):
    shown = html.escape(text, quote=False)
    shown = re.sub(r"/\*.*?\*/", lambda found: "\n".join(f'<span class="co">{line}</span>' for line in found.group(0).split("\n")), shown, flags=re.DOTALL)
    return f"<pre><code>{linked(shown, site, place)}</code></pre>"


def entry_html(entry, site, header_place):
    place = f"{header_place}#{entry.name}"
    out = [f'<section class="entry"><h3 id="{entry.name}">{", ".join(html.escape(name) for name in entry.names())}</h3>']
    if entry.twin:
        out.append(f'<span id="{entry.twin.name}"></span>')
    out += [declaration(text, site, place) for text in entry.declarations()] + [of_blocks(entry.text, site, place)]
    if entry.parameters:
        rows = "".join(f"<dt>{', '.join(names)}</dt><dd>{of_blocks(blocks, site, place)}</dd>" for names, blocks in entry.parameters)
        out.append(f'<dl class="arguments">{rows}</dl>')
    if entry.result and not reference.plain(entry.text).startswith("Return " + reference.plain(entry.result)[:40]):
        out.append(f'<p class="facts"><b>Returns</b> {of_blocks(entry.result, site, place)[3:]}')
    facts = [f"<b>{title}:</b> {of_blocks(blocks, site, place)[3:-4]}" for title, blocks in entry.notes.items()]
    if facts:
        out.append(f'<p class="facts">{" ".join(facts)}</p>')
    return "".join(out) + "</section>"


KINDS = (("Functions", ("function",)), ("Macros", ("define",)), ("Types", ("struct", "enum", "typedef")))


def write_header(site, header):
    place = f"api/{header.page()}.html"
    out = [f'<h1 id="top"><code>&lt;{header.path}&gt;</code></h1>', of_blocks(header.text, site, place)]
    section = None
    for entry in header.entries:
        if entry.section != section:
            section = entry.section
            out.append(f'<h2 id="{re.sub(r"[^a-z]+", "-", section.lower())}">{html.escape(section[:1].upper() + section[1:])}</h2>' if section else "")
        out.append(entry_html(entry, site, place))
    names = [name for entry in header.entries for name in entry.names()]
    listed = "".join(f'<li><a href="#{name}"><code>{name}</code></a></li>' for name in names)
    if len(names) > 60:  # more than the list at the side has
        out.insert(2, f'<details open><summary>{len(names)} names</summary><ul class="names">{listed}</ul></details>')
    site.write(place, header.path, "\n".join(out))


def write_api(site):
    for header in site.headers:
        write_header(site, header)
    groups = (("For programs", lambda path: path.count("/") == 1), ("Options of single providers", lambda path: "/providers/" in path),
              ("For authors of providers", lambda path: "/provider/" in path))
    out = ['<h1 id="api">The API</h1>', "<p>Made from the public headers, which are the manual. "
           f'<a href="common.html">beluga/common.h</a> tells what holds for all: who owns what, what may be NULL, what a result means. '
           "The same is installed as pages of section 3: <code>man beluga_generate</code>.</p>"]
    for title, holds in groups:
        out.append(f'<h2 id="{title.lower().replace(" ", "-")}">{title}</h2><div class="scroll"><table>')
        for header in site.headers:
            if holds(header.path):
                out.append(f'<tr><td><a href="{header.page()}.html"><code>{header.path}</code></a></td>'
                           f"<td>{html.escape(reference.summary(header.text))}</td></tr>")
        out.append("</table></div>")
    out.append('<h2 id="names">All names</h2><ul class="names">')
    out += [f'<li><a href="{relative(to, "api/index.html")}"><code>{name}</code></a></li>' for name, to in sorted(site.names.items())]
    site.write("api/index.html", "The API", "\n".join(out) + "</ul>")


# ---- the command -----------------------------------------------------------------------------------------------------

def write_command(site):
    page = subprocess.run([site.command, "help", "--man"], capture_output=True, text=True, check=True, timeout=60).stdout
    text = subprocess.run(["mandoc", "-T", "html", "-O", "fragment"], input=page, capture_output=True, text=True, check=True,
                          timeout=60).stdout
    text = re.sub(r'<table class="(head|foot)">.*?</table>', "", text, flags=re.DOTALL)
    text = re.sub(r'<h1 class="Sh"([^>]*)>(.*?)</h1>', r"<h2\1>\2</h2>", text, flags=re.DOTALL)
    text = re.sub(r'<h2 class="Ss"([^>]*)>(.*?)</h2>', r"<h3\1>\2</h3>", text, flags=re.DOTALL)
    text = re.sub(r'<a class="permalink" href="[^"]*">(.*?)</a>', r"\1", text, flags=re.DOTALL)
    text = re.sub(r' (class|title)="[^"]*"', "", text)
    site.write("reference/command.html", "The command", f'<h1 id="command">The command <code>beluga</code></h1>'
               f"<p>This is <code>man beluga</code>.</p>{text}")


# ---- all of it -------------------------------------------------------------------------------------------------------

def main():
    parser = argparse.ArgumentParser(description="Make the site.")
    parser.add_argument("--command", help="the built command: its manual page, and pictures of it")
    parser.add_argument("--pictures", help="folder with the pictures of docs/site/pictures.py")
    parser.add_argument("out")
    arguments = parser.parse_args()
    shutil.rmtree(arguments.out, ignore_errors=True)
    os.makedirs(arguments.out)
    site = Site(arguments.out, arguments.command, pictures.found(arguments.pictures))
    for name in ("style.css", "search.js", "beluga.svg"):
        shutil.copyfile(os.path.join(SITE, name), os.path.join(site.out, name))
    write_markdown(site)
    write_api(site)
    if site.command:
        write_command(site)
    pictures.write_page(site)
    write_sources(site)
    rows = json.dumps([row for row in site.index if not row[2].startswith("source/")], ensure_ascii=False, separators=(",", ":"))
    with open(os.path.join(site.out, "search-index.js"), "w", encoding="utf-8") as file:
        file.write(f"window.searchIndex = {rows};\n")


if __name__ == "__main__":
    sys.exit(main())
