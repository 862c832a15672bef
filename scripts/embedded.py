#!/usr/bin/env python3
"""Measure a small program that embeds the library, linked in four ways: the instructions to start and to make one call,
the mapped libraries, the resident memory, and the size of the files that have to be shipped.

    scripts/embedded.py [--curl-source FOLDER] [--record]

FOLDER is an unpacked source of curl, from which scripts/slim-curl makes a libcurl with HTTP and TLS, once, in build-embed/.
Without it only the programs that are linked to the system's libcurl are measured. --record writes the table into the guide.
The program is examples/hello.c; the server is the scripted peer.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "bench"))
import measure  # noqa: E402
import system  # noqa: E402

PAGE = os.path.join(ROOT, "docs", "guides", "embedding-a-slim-library.md")
BEGIN, END = "<!-- recorded by scripts/embedded.py --record -->\n", "<!-- end of what is recorded -->\n"
BUILT, RELEASE = os.path.join(ROOT, "build-embed"), os.path.join(ROOT, "build-bench")
CURL = os.path.join(BUILT, "curl")
SLIM = ["--native-file", os.path.join(ROOT, "scripts", "slim.ini"), "-Dtests=disabled"]
KIB, MIB = 1024, 1024 * 1024


def run(*command, **variables):
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=dict(os.environ, **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout[-4000:]}")
    return done.stdout


def slim_curl(source):
    if source and not os.path.exists(os.path.join(CURL, "lib", "libcurl.a")):
        run("scripts/slim-curl", source, CURL)
    return os.path.exists(os.path.join(CURL, "lib", "libcurl.a"))


def build(folder, options, **variables):
    place = os.path.join(BUILT, folder)
    run("scripts/build", place, *options, **variables)
    return os.path.join(place, "src")


def program(name, library, *more):
    """Compile the program; LIBRARY is a folder with the shared library."""
    out = os.path.join(BUILT, name)
    run(
        "cc",
        "-Os",
        "-Iinclude",
        "examples/hello.c",
        "-o",
        out,
        *(["-L" + library, "-lbeluga", "-Wl,-rpath," + library] if library else []),
        *more,
    )
    return out


def static_program(library):
    """Link everything except the C library statically. A library comes before the libraries that it needs."""
    return program(
        "hello-static",
        None,
        os.path.join(library, "libbeluga.a"),
        os.path.join(CURL, "lib", "libcurl.a"),
        "-Wl,-Bstatic",
        "-lnghttp2",
        "-lssl",
        "-lcrypto",
        "-lz",
        "-Wl,-Bdynamic",
        "-lm",
        "-ldl",
        "-pthread",
        "-Wl,--gc-sections",
    )


def ways(with_curl):
    """Yield pairs: how the program is linked, and its path."""
    curl_lib = os.path.join(CURL, "lib")
    yield "everything, with the system's libcurl", program("hello-whole", os.path.join(RELEASE, "src"))
    yield "the slim core, with the system's libcurl", program("hello-slim", build("slim", SLIM))
    if not with_curl:
        return
    library = build("slim-curl", SLIM, PKG_CONFIG_PATH=os.path.join(curl_lib, "pkgconfig"))
    yield "the slim core, with a libcurl of HTTP and TLS", program(
        "hello-slim-curl", library, "-Wl,-rpath-link," + curl_lib, "-Wl,--disable-new-dtags,-rpath," + curl_lib
    )
    yield "the same in one file, the C library apart", static_program(library)


def mapped(path):
    """Return the libraries that the loader maps, as {name: path}."""
    return dict(re.findall(r"(\S+) => (/\S+)", run("ldd", path)))


def peak_kib(*command):
    """Return the peak resident memory of a program."""
    return measure.numbers(measure.Bench(RELEASE).program("peak"), *command)[0]


def stripped_bytes(path):
    with tempfile.TemporaryDirectory() as place:
        copy = os.path.join(place, "stripped")
        run("strip", "-o", copy, os.path.realpath(path))
        return os.path.getsize(copy)


def shipped_mib(path, libraries):
    """Return the size of the program and of the libraries that it needs, without those of the C library."""
    parts = [path] + [
        file
        for name, file in libraries.items()
        if not re.match(r"(lib(c|m|dl|pthread|rt|resolv)|ld-linux.*)\.so", name)
    ]
    return sum(stripped_bytes(part) for part in parts) / MIB


def row(title, path):
    libraries = mapped(path)
    with measure.Bench(RELEASE).peer() as port:
        measure.ENVIRONMENT.update({"OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1", "OPENAI_API_KEY": "any"})
        start, once = measure.instructions([path]), measure.instructions([path, "openai/any"])
        start_kib, once_kib = peak_kib(path), peak_kib(path, "openai/any")
    cells = [
        title,
        str(len(libraries)),
        f"{start / 1e6:.2f}",
        f"{once / 1e6:.2f}",
        f"{start_kib / KIB:.1f}",
        f"{once_kib / KIB:.1f}",
        f"{shipped_mib(path, libraries):.1f}",
    ]
    print(", ".join(cells), file=sys.stderr)
    return "| " + " | ".join(cells) + " |\n"


def table(with_curl):
    heads = [
        "linked to",
        "libraries mapped",
        "M instructions: mock",
        "… openai, asked once",
        "MiB resident: mock",
        "… openai",
        "MiB shipped",
    ]
    rows = "".join(row(title, path) for title, path in ways(with_curl))
    return f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}\n{rows}\n- {system.name()}: {system.description()}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--curl-source", metavar="FOLDER")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    text = table(slim_curl(options.curl_source))
    if not options.record:
        print(text, end="")
        return
    with open(PAGE, encoding="utf-8") as file:
        before, _, rest = file.read().partition(BEGIN)
    system.write(PAGE, before + BEGIN + text + END + rest.partition(END)[2])


if __name__ == "__main__":
    main()
