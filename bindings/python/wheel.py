#!/usr/bin/env python3
"""Write a wheel: the package and the library in one archive, reproducibly: the same files make the same bytes. Needs cffi.

    wheel.py FOLDER LIBRARY PLATFORM [LICENCES]     PLATFORM: such as manylinux_2_28_x86_64; LICENCES: a folder with the
                                                    licence of each library that is linked into LIBRARY
"""
import base64
import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
import zipfile

import assemble

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
METADATA = """\
Metadata-Version: 2.1
Name: libbeluga
Version: {version}
Summary: One interface for language models: streams, tools, structured output, 60 providers, in C
License: MIT; of the libraries inside: curl, Apache-2.0 (OpenSSL), MIT (nghttp2, yyjson, libyaml), Zlib, BSD-2-Clause (protobuf-c), LGPL-3.0-or-later (GMP, Nettle)
Keywords: llm,chat,streaming,asyncio,openai,anthropic,gemini,ollama,tools
Classifier: Development Status :: 4 - Beta
Classifier: Framework :: AsyncIO
Classifier: License :: OSI Approved :: MIT License
Classifier: Operating System :: POSIX :: Linux
Classifier: Programming Language :: C
Classifier: Programming Language :: Python :: 3
Classifier: Programming Language :: Python :: 3.9
Classifier: Programming Language :: Python :: 3.10
Classifier: Programming Language :: Python :: 3.11
Classifier: Programming Language :: Python :: 3.12
Classifier: Programming Language :: Python :: 3.13
Classifier: Typing :: Typed
Requires-Python: >=3.9
Requires-Dist: cffi>=1.15
Description-Content-Type: text/markdown

"""
WHEEL = "Wheel-Version: 1.0\nGenerator: libbeluga\nRoot-Is-Purelib: false\nTag: py3-none-{platform}\n"


def version():
    """Return the version. version.h is the only file that states it."""
    with open(os.path.join(assemble.INCLUDE, "beluga", "version.h"), encoding="utf-8") as header:
        return re.search(r'BELUGA_VERSION_STRING "([^"]+)"', header.read()).group(1)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def below(folder):
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(place, name)
            yield os.path.relpath(path, folder).replace(os.sep, "/"), path


def content(library, platform, licences):
    """Return the files of the wheel except RECORD, as {name: bytes}, and the folder of its metadata."""
    files = {}
    work = tempfile.mkdtemp()
    try:
        package = assemble.assemble(work, library)
        for name, path in below(package):
            files["libbeluga/" + name] = read(path)
    finally:
        shutil.rmtree(work)
    info = f"libbeluga-{version()}.dist-info/"
    readme = read(os.path.join(HERE, "README.md")).decode()
    files[info + "METADATA"] = (METADATA.format(version=version()) + readme).encode()
    files[info + "WHEEL"] = WHEEL.format(platform=platform).encode()
    files[info + "licenses/LICENSE"] = read(os.path.join(ROOT, "LICENSE"))
    for name, path in below(licences) if licences else ():
        files[info + "licenses/" + name] = read(path)
    return files, info


def record(files, name):
    lines = []
    for path in sorted(files):
        digest = base64.urlsafe_b64encode(hashlib.sha256(files[path]).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(files[path])}\n")
    return "".join(lines + [f"{name},,\n"]).encode()


def write(folder, library, platform, licences=None):
    files, info = content(library, platform, licences)
    files[info + "RECORD"] = record(files, info + "RECORD")
    path = os.path.join(folder, f"libbeluga-{version()}-py3-none-{platform}.whl")
    # Zip archives can't store times before 1980.
    moment = time.gmtime(max(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), 315532800))[:6]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, moment)
            entry.external_attr = (0o755 if name.endswith(".so") else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name], compresslevel=9)
    return path


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    print(write(*sys.argv[1:]))
