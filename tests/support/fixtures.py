"""Fixtures for programs in Python: tests/fixtures/README.md has the format, and the kit tells what is wrong in one."""
import os
import re

ENDING = ".fixture"
ESCAPES = {b"\\": b"\\", b"r": b"\r", b"n": b"\n"}


def unescape(line):
    return re.sub(rb"\\(x..|.)", lambda m: ESCAPES.get(m[1]) or bytes.fromhex(m[1][1:].decode()), line)


def parse(data, name):
    """The cases of a file, each a dictionary of sections; "like" is the name of the case it is like."""
    cases, sections, lines, words = {}, None, None, ()

    def end():
        if lines is not None:
            text = b"".join(line + b"\n" for line in lines)
            sections[key] = text.removesuffix(b"\n") if b"no-newline" in words else text

    for line in data.replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n"):
        if line.startswith(b"=== case "):
            end()
            sections, lines = cases.setdefault(line.split()[2].decode(), {}), None
            continue
        if sections is None:
            sections = cases.setdefault(name, {})
        if line.startswith(b"==="):
            end()
            words, lines = line.split()[1:], []
            key = b" ".join(word for word in words if word not in (b"no-newline", b"escapes")).decode()
        elif lines is not None:
            lines.append(unescape(line) if b"escapes" in words else line)
        elif line.startswith(b"like: "):
            sections["like"] = line.removeprefix(b"like: ").decode()
    end()
    return cases


def read(root, name):
    """The cases of the file ROOT/NAME.fixture, with the sections of the case that each is like."""
    with open(os.path.join(root, name + ENDING), "rb") as file:
        cases = parse(file.read(), os.path.basename(name))
    for case, sections in cases.items():
        if "like" in sections:
            folder, _, other = sections.pop("like").rpartition("/")
            there = os.path.exists(os.path.join(root, folder, other + ENDING))
            cases[case] = read(root, f"{folder}/{other}" if there else folder)[other] | sections
    return cases


def walk(root, folder):
    """Each case of a folder below `root`, as its name and its sections."""
    for file in sorted(os.listdir(os.path.join(root, folder))):
        if file.endswith(ENDING):
            yield from sorted(read(root, os.path.join(folder, file.removesuffix(ENDING))).items())
