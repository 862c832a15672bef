"""The public interface, as Doxygen reads it from the headers: what the site and the manual pages are made of.

    reference.py      print Doxygen's warnings, which must be none; TAP

A header has entries, an entry has a declaration and blocks of text. A block is ("para", pieces), ("code", text) or
("list", items of blocks); a piece is (style, text) with the style "text", "code" or "strong".
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

import docstrings

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Text inside a paragraph, and how it is shown.
STYLES = {"computeroutput": "code", "ref": "text", "bold": "strong", "emphasis": "strong", "ulink": "text"}
SIGNS = {"ndash": "–", "mdash": "—", "sp": " ", "linebreak": "\n", "hellip": "…"}
OF_CXX = re.compile(r"^#ifdef __cplusplus\n.*?^#else\n", re.MULTILINE | re.DOTALL)
ELSEWHERE = re.compile(r"^[^.]*: [\w/]+\.h\.$")  # what common.h says of a type that another header has
SECTION = re.compile(r"^/\* --- (.*?) -{3,}", re.MULTILINE)


class Entry:
    """A function, macro, type or constant: what is declared, and what is said of it."""

    def __init__(self, kind, name):
        self.kind, self.name, self.section = kind, name, ""
        self.declaration, self.text = "", []
        self.parameters, self.result, self.notes = [], [], {}
        self.constants = []  # of an enum
        self.twin = None  # of a function in _n: the macro with options as further arguments

    def declarations(self):
        return [self.twin.declaration, self.declaration] if self.twin else [self.declaration]

    def names(self):
        return [self.twin.name, self.name] if self.twin else [self.name]


class Header:
    """One file: its path below include/, what it is about, and its entries in their order."""

    def __init__(self, path):
        self.path, self.text, self.entries = path, [], []
        with open(os.path.join(ROOT, "include", path), encoding="utf-8") as file:
            self.source = file.read()

    def page(self):
        return self.path.removeprefix("beluga/").removesuffix(".h").replace("/", "-")


# ---- text ------------------------------------------------------------------------------------------------------------

def pieces(element):
    """The text of an element without what is a block of its own."""
    if element.text:
        yield "text", element.text
    for child in element:
        if child.tag in STYLES:
            yield STYLES[child.tag], "".join(child.itertext())
        elif child.tag in SIGNS:
            yield "text", SIGNS[child.tag]
        else:
            yield "block", child
        if child.tail:
            yield "text", child.tail


def code(element):
    if element.tag == "verbatim":
        return "".join(element.itertext()).strip("\n")
    lines = ["".join(SIGNS.get(part.tag, "") + (part.text or "") + (part.tail or "") if part.tag in SIGNS else
                     (part.text or "") for part in line.iter()) for line in element.iter("codeline")]
    return "\n".join(lines).strip("\n")


class Reader:
    """Sorts what stands in a description: blocks of text, and what is said of parameters, result and threads."""

    def __init__(self):
        self.blocks, self.parameters, self.result, self.notes = [], [], [], {}

    def flush(self, line):
        if "".join(text for _, text in line).strip():
            self.blocks.append(("para", line))
        return []

    def read(self, parent):
        for element in parent:
            if element.tag == "para":
                self.read_para(element)
            elif element.tag not in ("title",):
                raise ValueError(f"a <{element.tag}> is not expected in a description")
        return self

    def read_para(self, para):
        line = []
        for style, value in pieces(para):
            if style != "block":
                line.append((style, value))
                continue
            line = self.flush(line)
            self.read_block(value)
        self.flush(line)

    def read_block(self, element):
        if element.tag in ("verbatim", "programlisting"):
            self.blocks.append(("code", code(element)))
        elif element.tag in ("itemizedlist", "orderedlist"):
            self.blocks.append(("list", [Reader().read(item).blocks for item in element.findall("listitem")]))
        elif element.tag == "parameterlist":
            for item in element:
                names = [name.text for name in item.iter("parametername")]
                self.parameters.append((names, Reader().read(item.find("parameterdescription")).blocks))
        elif element.tag == "simplesect":
            self.read_section(element)
        else:
            raise ValueError(f"a <{element.tag}> is not expected in a paragraph")

    def read_section(self, element):
        blocks = Reader().read(element).blocks
        if element.get("kind") == "return":
            self.result += blocks
        else:
            self.notes[element.findtext("title") or element.get("kind").capitalize()] = blocks


def plain(blocks):
    """Blocks as one line of text."""
    words = []
    for kind, value in blocks:
        words.append(value if kind == "code" else
                     "".join(text for _, text in value) if kind == "para" else " ".join(plain(item) for item in value))
    return " ".join(" ".join(words).split())


def summary(blocks):
    """The first sentence."""
    text = plain(blocks[:1])
    found = re.match(r".*?[^.]\.(?= |$)", text)
    return found.group(0) if found else text


# ---- declarations ----------------------------------------------------------------------------------------------------

def wrapped(text, width=80):
    """A declaration of a function on lines of at most `width`, its parameters below each other."""
    if len(text) <= width or "(" not in text:
        return text
    start = text.index("(", text.index(")(") if text.startswith("typedef") else 0) + 1
    lines, line = [], text[:start]
    indent = start if start < 48 else 8
    for number, part in enumerate(docstrings.split_arguments(text[start:])):
        part = part.strip() if number else part
        if len(line) + len(part) > width and line.strip():
            lines.append(line.rstrip())
            line = " " * indent
        line += part + ", "
    return "\n".join(lines + [line.rstrip(", ")])


def of_function(member):
    definition, arguments = member.findtext("definition"), member.findtext("argsstring")
    definition = re.sub(r"^static ", "", definition)
    return wrapped(f"{definition}{arguments};".replace("* *", "**").replace("* beluga", "*beluga").replace("()", "(void)").replace("int(*", "int (*"))


def of_macro(member, source):
    """A macro as it is written, or its name alone where its body would explain nothing."""
    name = member.findtext("name")
    source = OF_CXX.sub("", source)
    found = re.search(rf"^#define {name}\b(\([^)]*\))?[ \t]*((?:[^\n]*\\\n)*[^\n]*)", source, re.MULTILINE)
    parameters, value = (found.group(1) or "", found.group(2)) if found else ("", "")
    twin = re.search(rf"BELUGA_API (int|beluga_config \*)\s*{name}_n\(([^;]*?),? ?const beluga_option \*\w+,\s*size_t \w+\);", source)
    if twin:
        before = " ".join(twin.group(2).split()).rstrip(",")
        return wrapped(f"{twin.group(1)} {name}({before}, ...);".replace("* b", "*b").replace("(, ", "("))
    return f"#define {name}{parameters}" + ("" if "\n" in value or parameters else f" {value.strip()}")


def of_type(name, source):
    """A struct, union or enum as its header declares it, with the words beside its members."""
    start = re.search(rf"^(?:typedef )?(?:struct|union|enum) {name} \{{|^enum \{{(?=\s*{name}\b)", source, re.MULTILINE)
    if start is None:
        return f"typedef struct {name} {name};"
    depth, at = 1, start.end()
    while depth:
        depth += {"{": 1, "}": -1}.get(source[at], 0)
        at += 1
    return source[start.start():source.index(";", at) + 1]


def of_typedef(name, source):
    found = re.search(rf"^typedef [^;{{]*?\b{name}\b[^;{{]*;", source, re.MULTILINE)
    return " ".join(found.group(0).split()) if found else ""


# ---- reading ---------------------------------------------------------------------------------------------------------

def described(entry, element):
    detail = Reader().read(element.find("detaileddescription"))
    entry.text, entry.result, entry.notes = detail.blocks, detail.result, detail.notes
    order = [name.text for name in element.findall("param/declname") + element.findall("param/defname")]
    known = {name: number for number, name in enumerate(order)}
    entry.parameters = sorted(detail.parameters, key=lambda row: min(known.get(name, 99) for name in row[0]))
    return entry


def entry_of(member, source):
    kind, name = member.get("kind"), member.findtext("name")
    constants = [value.findtext("name") for value in member.findall("enumvalue")]
    if kind == "enum" and (not name or name.startswith("@")):
        name = constants[0]
    if not name or (kind == "typedef" and f"struct {name} {{" in source):
        return None
    entry = described(Entry(kind, name), member)
    entry.constants = constants
    if kind == "function":
        entry.declaration = of_function(member)
    elif kind == "define":
        entry.declaration = of_macro(member, source)
    else:
        entry.declaration = of_type(name, source) if kind == "enum" else wrapped(of_typedef(name, source))
    return entry


def place(entry, source):
    """Where an entry is declared in its header."""
    name = re.escape(entry.name)
    macro = re.search(rf"^#define {name}\b", source, re.MULTILINE) if entry.kind == "define" else None
    kinds = rf"^(?:typedef )?(?:struct|enum|union) {name}\b|^enum \{{\s*{name}\b|^(?:BELUGA_API|static inline|typedef|int) [^;{{]*?\b{name}\b"
    found = macro or re.search(kinds, source, re.MULTILINE)
    return found.start() if found else len(source)


def read_header(path, element, compounds):
    header = Header(path)
    entry = described(Entry("file", path), element)
    header.text = entry.text + [("para", [("strong", f"{name}: ")] + text[0][1])
                                                            for name, text in entry.notes.items() if text]
    for member in element.iter("memberdef"):
        one = entry_of(member, header.source)
        if one:
            header.entries.append(one)
    for inner in element.iter("innerclass"):
        if "::" not in inner.text and f"{inner.text} {{" in header.source:
            one = described(Entry("struct", inner.text), compounds[inner.get("refid")])
            one.declaration = of_type(inner.text, header.source)
            one.text = [block for block in one.text if not ELSEWHERE.search(plain([block]))]
            header.entries.append(one)
    by_name = {one.name: one for one in header.entries}
    for one in header.entries:
        if one.kind == "function" and one.name.endswith("_n"):
            one.twin = by_name.get(one.name[:-2]) if "..." in by_name.get(one.name[:-2], one).declaration else None
    twins = {one.twin.name for one in header.entries if one.twin}
    header.entries = [one for one in header.entries if one.name not in twins]
    sections = [(found.start(), found.group(1).strip()) for found in SECTION.finditer(header.source)]
    header.entries.sort(key=lambda one: place(one, header.source))
    for one in header.entries:
        before = [title for start, title in sections if start < place(one, header.source)]
        one.section = before[-1] if before else ""
    return header


def order(path):
    """beluga.h and common.h first, then what programs include, then what providers do."""
    return (path.startswith("beluga/provider/"), path.startswith("beluga/providers/"),
            path not in ("beluga/beluga.h", "beluga/common.h"), path)


def doxygen(folder, check):
    """Run Doxygen into a folder, and return its warnings. Some of them it only has when it writes HTML."""
    with open(os.path.join(ROOT, "docs", "site", "Doxyfile"), encoding="utf-8") as file:
        settings = file.read()
    settings += f'\nOUTPUT_DIRECTORY = "{folder}"\nGENERATE_HTML = {"YES" if check else "NO"}\n'
    settings += "" if check else "WARNINGS = NO\nWARN_NO_PARAMDOC = NO\n"
    done = subprocess.run(["doxygen", "-"], input=settings, cwd=ROOT, capture_output=True, text=True, check=True)
    return [line for line in done.stderr.splitlines() if line.strip()]


def read(folder=None):
    """All public headers."""
    with tempfile.TemporaryDirectory(prefix="beluga-reference-") as scratch:
        doxygen(folder or scratch, check=False)
        xml = os.path.join(folder or scratch, "xml")
        compounds, files = {}, {}
        for name in os.listdir(xml):
            if name.endswith(".xml") and name not in ("index.xml", "Doxyfile.xml"):
                for element in ET.parse(os.path.join(xml, name)).getroot().iter("compounddef"):
                    compounds[element.get("id")] = element
                    if element.get("kind") == "file":
                        files[element.find("location").get("file")] = element
        return [read_header(path, files[path], compounds) for path in sorted(files, key=order)]


def check():
    if not shutil.which("doxygen"):
        print("1..0 # SKIP needs doxygen")
        return 0
    with tempfile.TemporaryDirectory(prefix="beluga-reference-") as scratch:
        warnings = doxygen(scratch, check=True)
    for line in warnings:
        print(f"# {line.replace(ROOT + '/', '')}")
    print(f"{'not ok' if warnings else 'ok'} 1 - Doxygen finds nothing public without words\n1..1")
    return 1 if warnings else 0


if __name__ == "__main__":
    sys.exit(check())
