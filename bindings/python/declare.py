#!/usr/bin/env python3
"""Make the declarations of the Python package from the public headers, so that the two can't differ.

    declare.py INCLUDE --module FILE       the module that cffi loads (out-of-line ABI mode: no parser, no compiler)
    declare.py INCLUDE --errors FILE       the classes of errors, from BELUGA_ERROR_MAP
    declare.py INCLUDE --check             a C program that compiles only if cffi's layouts are the compiler's

Needs a C compiler for its preprocessor, and cffi. A user of the package needs neither the compiler nor this file.
"""
import argparse
import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile

import cffi

# Left out: constants that cffi can't evaluate, and objects that the library does not export.
NOT_DECLARED = [
    re.compile(r"^enum \{ BELUGA_PROVIDER_MIN_SIZE = .*?\};$", re.MULTILINE | re.DOTALL),
    re.compile(r"^static const size_t BELUGA_OPTIONS_TERMINATED = .*?;$", re.MULTILINE),
    re.compile(r"^extern const .*?;$", re.MULTILINE),
]
NUMBER = re.compile(r"^#define (BELUGA_[A-Z0-9_]+) (-?[0-9]+)$", re.MULTILINE)
ERROR = re.compile(r'XX\((\w+), (-\d+), "(\w+)", ([01]),\s*"([^"]+)"\)')
# The built-in exception from which the class of an error code also inherits.
ALSO = {
    "NETWORK": "ConnectionError", "TIMEOUT": "builtins.TimeoutError", "STREAM_TIMEOUT": "builtins.TimeoutError",
    "CONTEXT_TIMEOUT": "builtins.TimeoutError", "INVALID_INPUT": "ValueError", "INVALID_CONFIG": "ValueError",
    "NO_MEMORY": "MemoryError",
}
ERRORS_HEAD = '''"""The exceptions: one class for each code of the library. Made by declare.py from beluga/error.h: do not edit."""
from __future__ import annotations

import builtins
from typing import Dict, Type

from ._error import Error

__all__ = [
    "BY_CODE",
'''


def headers(include):
    """The names of the public headers, except plugin.h and those of single providers (macros and inline functions)."""
    for folder in ("beluga", "beluga/provider"):
        for name in sorted(os.listdir(os.path.join(include, folder))):
            if name.endswith(".h") and name != "plugin.h":
                yield f"{folder}/{name}"


def preprocess(include, *arguments):
    with tempfile.TemporaryDirectory() as fake:
        # cffi knows the types of these headers, but can't parse the compiler's versions: hide them behind empty files.
        for name in ("stdbool.h", "stddef.h", "stdint.h"):
            with open(os.path.join(fake, name), "w", encoding="utf-8"):
                pass
        source = "#define BELUGA_PLUGIN\n#define BELUGA_PROVIDER_PLUGIN_H\n"
        source += "".join(f"#include <{name}>\n" for name in headers(include))
        command = [os.environ.get("CC", "cc"), "-E", "-P", "-nostdinc", "-I", fake, "-I", include, "-D__attribute__(x)=",
                   *arguments, "-"]
        return subprocess.run(command, input=source, capture_output=True, text=True, check=True).stdout


def declarations(include):
    text = preprocess(include)
    for pattern in NOT_DECLARED:
        text = pattern.sub("", text)
    numbers = sorted(set(NUMBER.findall(preprocess(include, "-dM"))))
    return text + "".join(f"#define {name} {value}\n" for name, value in numbers)


def build(include, module):
    ffi = cffi.FFI()
    ffi.set_source(module, None)
    ffi.cdef(declarations(include))
    return ffi


def write_module(include, path):
    """Write the module. cffi prints messages about it, which are discarded."""
    with contextlib.redirect_stdout(io.StringIO()):
        build(include, "libbeluga._declarations").emit_python_code(path)


def error_rows(include):
    with open(os.path.join(include, "beluga", "error.h"), encoding="utf-8") as header:
        text = re.sub(r"\\\n", "", header.read())
    return [(constant, int(value), name, retryable == "1", meaning)
            for constant, value, name, retryable, meaning in ERROR.findall(text)]


def class_name(constant):
    return "".join(word.capitalize() for word in constant.split("_")) + "Error"


def errors(include):
    rows = error_rows(include)
    lines = [ERRORS_HEAD]
    lines += [f'    "{class_name(row[0])}",\n' for row in rows]
    lines.append("]\n")
    for constant, value, name, retryable, meaning in rows:
        also = f", {ALSO[constant]}" if constant in ALSO else ""
        lines.append(f'\n\nclass {class_name(constant)}(Error{also}):\n    """{meaning[0].upper()}{meaning[1:]}."""\n\n'
                     f'    code = {value}\n    name = "{name}"\n    retryable = {retryable}\n')
    lines.append("\n\nBY_CODE: Dict[int, Type[Error]] = {\n")
    lines += [f"    {row[1]}: {class_name(row[0])},\n" for row in rows]
    lines.append("}\n")
    return "".join(lines)


def spelled(kind):
    """Return the C name of a cffi type, or None if it has no name."""
    name = kind.cname
    return None if "$" in name or "<" in name else name


def check(include):
    """Return a C program that asserts the sizes, offsets and enum values that cffi has computed by itself."""
    ffi = build(include, "declarations")
    typedefs, structs, unions = ffi.list_types()
    lines = [f"#include <{name}>\n" for name in headers(include)]
    asserted = 0
    for name in [f"struct {s}" for s in structs] + list(typedefs) + [f"union {u}" for u in unions]:
        kind = ffi.typeof(name)
        if kind.kind not in ("struct", "union") or kind.fields is None or spelled(kind) is None:
            continue
        lines.append(f'_Static_assert(sizeof({name}) == {ffi.sizeof(name)}, "{name}");\n')
        for field, of in kind.fields:
            if field:
                lines.append(f'_Static_assert(offsetof({name}, {field}) == {of.offset}, "{name}.{field}");\n')
                asserted += 1
    for enum in typedefs:
        kind = ffi.typeof(enum)
        if kind.kind == "enum":
            for word, value in kind.relements.items():
                lines.append(f'_Static_assert({word} == {value}, "{word}");\n')
                asserted += 1
    lines.append(f"int main(void) {{ return 0; }} /* {asserted} assertions */\n")
    return "".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("include")
    parser.add_argument("--module")
    parser.add_argument("--errors")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    if arguments.module:
        write_module(arguments.include, arguments.module)
    if arguments.errors:
        with open(arguments.errors, "w", encoding="utf-8") as out:
            out.write(errors(arguments.include))
    if arguments.check:
        sys.stdout.write(check(arguments.include))


if __name__ == "__main__":
    main()
