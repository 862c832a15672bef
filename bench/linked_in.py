"""Measures the foreign code in the library: yyjson, if no package has it and the build links it in (.deps/)."""
import os
import re

import measure

OBJECT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".deps", "yyjson", "yyjson.o")
# Data of a function that has no symbol: its strings and its jump tables.
BESIDE = re.compile(r"\s\.rodata\.(\w+?)(?:\.(?:str|cst)[\d.]+)?\s+PROGBITS\s+\w+\s+\w+\s+(\w+)")


def symbols(library, source, prefix):
    """Yield kind, name and size of the functions and tables that come from one source file."""
    inside = False
    for line in measure.run("readelf", "--symbols", "--wide", library).splitlines():
        words = line.split()
        if len(words) < 7:
            continue
        name = words[7] if len(words) > 7 else ""
        if words[3] == "FILE":
            inside = name == source
        elif words[3] in ("FUNC", "OBJECT") and (inside or name.startswith(prefix)):
            yield words[3], name, int(words[2], 0)


def beside(functions):
    if not functions or not os.path.exists(OBJECT):
        return 0
    found = BESIDE.findall(measure.run("readelf", "--sections", "--wide", OBJECT))
    return sum(int(size, 16) for name, size in found if name in functions)


def yyjson(library):
    there = list(symbols(library, "yyjson.c", "yyjson_"))
    return sum(size for _, _, size in there) + beside({name for kind, name, _ in there if kind == "FUNC"})
