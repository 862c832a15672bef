#!/usr/bin/env python3
"""Put the Python package together in a folder: its sources, the declarations, and a shared library.

    assemble.py FOLDER LIBRARY [--link]        --link: refer to the library instead of copying it
"""
import os
import shutil
import sys

import declare

HERE = os.path.dirname(os.path.abspath(__file__))
INCLUDE = os.path.join(HERE, "..", "..", "include")


def assemble(folder, library, link=False):
    package = os.path.join(folder, "libbeluga")
    shutil.rmtree(package, ignore_errors=True)
    shutil.copytree(os.path.join(HERE, "libbeluga"), package, ignore=shutil.ignore_patterns("__pycache__", "_declarations.py"))
    declare.write_module(INCLUDE, os.path.join(package, "_declarations.py"))
    shutil.copyfile(os.path.join(HERE, "..", "..", "data", "prices.yaml"), os.path.join(package, "prices.yaml"))
    target = os.path.join(package, "libbeluga.so")
    if link:
        os.symlink(os.path.realpath(library), target)
    else:
        shutil.copyfile(library, target)
    return package


if __name__ == "__main__":
    assemble(sys.argv[1], sys.argv[2], "--link" in sys.argv[3:])
