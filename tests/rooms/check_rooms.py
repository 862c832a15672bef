#!/usr/bin/env python3
"""Compare what the sources use with the table of rooms in docs/architecture.md.

    tests/rooms/check_rooms.py SOURCE_ROOT BUILD_FOLDER

A room uses what its row names, and rows name only rooms that stand above them: by includes, and by the symbols that nm
finds in the objects of a build. A function that include/ declares may be called from everywhere below the room that
defines it. Files use each other in no circle, whether they include each other or take each other's symbols.
"""
import collections
import json
import os
import re
import subprocess
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.MULTILINE)
ROW = re.compile(r"^\| `([a-z/]+)/` \|.*\|([^|]*)\|$", re.MULTILINE)
PUBLIC = re.compile(r"\b(beluga_[a-z0-9_]+)\s*\(")
SOURCES = ("src", "kit", "peer", "cli", "include", "bindings")
DEFINED, WANTED = "TDBRVWC", "U"


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Rooms:
    """The table: each room, in order from the one that all may use, with the rooms that it may use."""

    def __init__(self, root):
        page = read(os.path.join(root, "docs", "architecture.md"))
        self.uses = {room: re.findall(r"`([a-z/]+)/`", column) for room, column in ROW.findall(page)}
        self.order = list(self.uses)

    def of(self, path):
        rooms = [room for room in self.order if path.startswith(room + "/")]
        return max(rooms, key=len, default=None)

    def stands_above(self, upper, lower):
        return self.order.index(upper) < self.order.index(lower)

    def faults(self):
        for room, uses in self.uses.items():
            for other in uses:
                if other not in self.order or not self.stands_above(other, room):
                    yield f"docs/architecture.md: {room}/ may use {other}/, which does not stand above it"


class Tree:
    """The files, and which of them uses which: edges[user][used] is a set of reasons."""

    def __init__(self, root, build):
        self.root = root
        self.files = sorted(self.find())
        self.public = set()
        for path in self.files:
            if path.startswith("include/"):
                self.public |= set(PUBLIC.findall(read(os.path.join(root, path))))
        self.includes = collections.defaultdict(set)
        self.symbols = collections.defaultdict(set)
        self.read_includes()
        self.read_symbols(build)

    def find(self):
        for top in SOURCES:
            for folder, _, names in os.walk(os.path.join(self.root, top)):
                for name in names:
                    if name.endswith((".c", ".h")):
                        yield os.path.relpath(os.path.join(folder, name), self.root)

    def read_includes(self):
        known = set(self.files)
        for path in self.files:
            for name in INCLUDE.findall(read(os.path.join(self.root, path))):
                for base in (os.path.dirname(path), "src", "cli", "include", "."):
                    found = os.path.normpath(os.path.join(base, name))
                    if found in known:
                        self.includes[path, found].add(f'includes "{name}"')
                        break

    def objects(self, build):
        """The objects of the library, the command, the kit and the peer; of two of one source the first."""
        seen = set()
        for entry in json.loads(read(os.path.join(build, "compile_commands.json"))):
            source = os.path.relpath(os.path.join(entry["directory"], entry["file"]), self.root)
            object_file = os.path.join(build, entry["output"])
            if source in self.files and source not in seen and os.path.exists(object_file):
                seen.add(source)
                yield source, object_file

    def read_symbols(self, build):
        sources = {object_file: source for source, object_file in self.objects(build)}
        defined, wanted = {}, collections.defaultdict(set)
        lines = subprocess.run(["nm", "-A", "-P", *sources], capture_output=True, text=True, check=True).stdout
        for line in lines.splitlines():
            object_file, rest = line.split(": ", 1)
            name, kind = rest.split()[:2]
            if kind in DEFINED:
                defined[name] = sources[object_file]
            elif kind in WANTED:
                wanted[sources[object_file]].add(name)
        for source, names in wanted.items():
            for name in names & defined.keys():
                if defined[name] != source:
                    self.symbols[source, defined[name]].add(name)


def arrows(rooms, tree):
    """What no row of the table allows."""
    for (user, used), reasons in sorted(tree.includes.items()):
        a, b = rooms.of(user), rooms.of(used)
        if a != b and not b.startswith("include") and b not in rooms.uses[a]:
            yield f"{user} {min(reasons)}: {a}/ may not use {b}/"
    for (user, used), names in sorted(tree.symbols.items()):
        a, b = rooms.of(user), rooms.of(used)
        inner = names - tree.public
        if a == b:
            continue
        if inner and b not in rooms.uses[a]:
            yield f"{user} uses {min(inner)} of {used}: {a}/ may not use {b}/"
        elif not rooms.stands_above(b, a):
            yield f"{user} calls {min(names)} of {used}: {b}/ does not stand above {a}/"


def circles(graph):
    """Sets of files of which each uses each other, by Tarjan's algorithm."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            at = stack.index(node)
            found.append(sorted(stack[at:]))
            del stack[at:]

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return [members for members in found if len(members) > 1]


def file_circles(tree):
    graph = collections.defaultdict(set)
    why = {}
    for edges in (tree.includes, tree.symbols):
        for (user, used), reasons in edges.items():
            if not used.startswith("include/"):
                graph[user].add(used)
                why.setdefault((user, used), min(reasons))
    for members in circles(graph):
        yield "a circle of files: " + " ".join(members)
        for a in members:
            for b in sorted(graph[a] & set(members)):
                yield f"    {a} -> {b}: {why[a, b]}"


def main():
    root, build = (os.path.abspath(path) for path in sys.argv[1:3])
    rooms, tree = Rooms(root), Tree(root, build)
    homeless = [f"{path} is in no room of the table" for path in tree.files if not rooms.of(path)]
    checks = {
        "each_file_is_in_a_room": homeless,
        "a_room_may_use_only_rooms_above_it": list(rooms.faults()),
        "no_room_uses_what_its_row_does_not_name": [] if homeless else list(arrows(rooms, tree)),
        "no_files_use_each_other_in_a_circle": list(file_circles(tree)),
    }
    print(f"1..{len(checks)}")
    for number, (name, faults) in enumerate(checks.items(), 1):
        print(f"{'not ok' if faults else 'ok'} {number} - {name}")
        for fault in faults:
            print("# " + fault)
    return any(checks.values())


if __name__ == "__main__":
    sys.exit(main())
