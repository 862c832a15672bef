#!/usr/bin/env python3
"""Print how large the library is without each part and each provider, and which libraries it needs besides libc.

    scripts/sizes.py              print the table
    scripts/sizes.py --record     write it into docs/guides/building.md, and its numbers into docs/architecture.md

A size is that of the stripped shared library, as packages install it, without the parts of yyjson that are linked in. All
are release builds in build-sizes/, except the last, which is built by scripts/slim.ini. Lines are those of the compiled
sources, with their comments but without headers.
"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "bench"))
import linked_in  # noqa: E402

FOLDER, CORE = "build-sizes", "build-sizes-slim"
PAGE = os.path.join(ROOT, "docs", "guides", "building.md")
REASONS = os.path.join(ROOT, "docs", "architecture.md")
# {title of a row in docs/architecture.md about the reasons for a part: beginning of the table's row}
REASONED = {
    "telemetry by OTLP": "`-Dtelemetry=", "MCP": "`-Dmcp=", "YAML": "`-Dyaml=", "Bedrock's signing and framing": "without the provider bedrock ",
    "batch jobs": "`-Dbatch_jobs=", "embeddings, counts of tokens": "`-Dembeddings=", "cassettes": "`-Dcassettes=",
    "keys that are exchanged for tokens": "`-Dtoken_exchange=", "loading of plug-ins": "`-Dplugins=", "the cache": "`-Dcache=",
}
COMMANDS = {"the trace, in the command": "cli/trace", "the gateway, in the command": "cli/serve"}
BEGIN, END = "<!-- recorded by scripts/sizes.py --record -->\n", "<!-- end of what is recorded -->\n"
PARTS = ["batch_jobs", "cache", "cassettes", "embeddings", "mcp", "plugins", "telemetry", "token_exchange", "yaml"]


def providers(what="uses"):
    """Return the table of src/providers/meson.build: each provider with those that it "uses" (or the parts that it "needs")."""
    with open(os.path.join(ROOT, "src", "providers", "meson.build"), encoding="utf-8") as file:
        entries = re.findall(r"^  '([\w-]+)': \{(.*?)^  \},", file.read(), re.DOTALL | re.MULTILINE)
    return {name: re.findall(r"'([\w-]+)'", (re.findall(rf"'{what}': \[(.*?)\]", entry) or [""])[0]) for name, entry in entries}


def needing(part):
    """Return the providers that need a part and so would include it again."""
    return [name for name, parts in providers("needs").items() if part in parts]


def without_part(part):
    return [f"-D{part}=disabled", f"-Dproviders={','.join(name for name in providers() if name not in needing(part))}"]


def without(provider):
    """Return all other providers, except those that use this one and so would include it again."""
    return [name for name, uses in providers().items() if provider != name and provider not in uses]


def run(*command):
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout[-4000:]}")
    return done.stdout


def library(folder):
    return os.path.realpath(os.path.join(ROOT, folder, "src", "libbeluga.so"))


def kib(folder):
    with tempfile.TemporaryDirectory() as place:
        copy = os.path.join(place, "library")
        run("strip", "-o", copy, library(folder))
        return (os.path.getsize(copy) - linked_in.yyjson(library(folder))) / 1024


def count(paths):
    total = 0
    for path in paths:
        with open(path, "rb") as file:
            total += file.read().count(b"\n")
    return total


def lines(folder):
    """Count the lines of the library's sources that this build compiles."""
    with open(os.path.join(ROOT, folder, "compile_commands.json"), encoding="utf-8") as file:
        files = {os.path.realpath(os.path.join(entry["directory"], entry["file"])) for entry in json.load(file)}
    return count(path for path in files if path.startswith(os.path.join(ROOT, "src") + os.sep))


def needed(folder):
    return re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-d", library(folder)))


def row(title, folder, whole=None):
    size, length = kib(folder), lines(folder)
    names = [re.sub(r"\.so.*", "", name) for name in needed(folder)]
    libraries = ", ".join(sorted(name for name in names if name not in ("libc", "ld-linux-x86-64")))
    less = ("", "") if whole is None else (f"{whole[0] - size:.0f}", f"{whole[1] - length:,}")
    print(f"{title}: {size:.1f} KiB, {length:,} lines, {libraries}", file=sys.stderr)
    return (size, length), f"| {title} | {size:.0f} | {less[0]} | {length:,} | {less[1]} | {libraries} |\n"


def build(options):
    run("meson", "configure", FOLDER, *options)
    run("ninja", "-C", FOLDER)


def rows():
    everything = ",".join(providers())
    all_on = [f"-D{part}=auto" for part in PARTS] + [f"-Dproviders={everything}"]
    run("scripts/build", "--configure", FOLDER, "--buildtype=release", "-Doptimization=2", "-Dtests=disabled", "-Dcommand=disabled")
    build(all_on)
    whole, text = row("everything", FOLDER)
    yield text
    for part in PARTS:
        build([*all_on, *without_part(part)])
        also = f", and without {' and '.join(needing(part))}, which need it" if needing(part) else ""
        yield row(f"`-D{part}=disabled`{also}", FOLDER, whole)[1]
    for provider in providers():
        rest = without(provider)
        also = [name for name in providers() if name not in rest and name != provider]
        build([*all_on[:-1], f"-Dproviders={','.join(rest)}"])
        yield row(f"without the provider {provider}" + (f", and {', '.join(also)}, which use it" if also else ""), FOLDER, whole)[1]
    build([f"-D{part}=disabled" for part in PARTS] + ["-Dproviders=openai,mock"])
    yield row("`-Dauto_features=disabled -Dproviders=openai,mock`", FOLDER, whole)[1]
    run("scripts/build", CORE, "--native-file", "scripts/slim.ini")
    yield row("`--native-file scripts/slim.ini`", CORE, whole)[1]


def table():
    return "| build | KiB | less | lines | less | needs |\n|---|---|---|---|---|---|\n" + "".join(rows())


def reasons(recorded, text):
    """Return the text of docs/architecture.md with the numbers of the table."""
    told = {title: next(row.split(" | ") for row in recorded.splitlines() if row.startswith("| " + start)) for title, start in REASONED.items()}
    numbers = {title: (cells[2], cells[4]) for title, cells in told.items()}
    for title, folder in COMMANDS.items():
        numbers[title] = ("", f"{count(glob.glob(os.path.join(ROOT, folder, '**', '*.[ch]'), recursive=True)):,}")
    for title, (size, length) in numbers.items():
        text, found = re.subn(rf"^\| {title} \|[ \d]*\| [\d,]+ \|", f"| {title} |{size and ' ' + size} | {length} |", text, flags=re.MULTILINE)
        if found != 1:
            sys.exit(f"{os.path.relpath(REASONS, ROOT)} has {found} rows for {title}")
    return text


def rewrite(path, change):
    with open(path, encoding="utf-8") as file:
        text = change(file.read())
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main(record):
    text = table()
    if not record:
        print(text, end="")
        return
    rewrite(PAGE, lambda page: page.partition(BEGIN)[0] + BEGIN + text + END + page.partition(END)[2])
    rewrite(REASONS, lambda page: reasons(text, page))


if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["--record"]):
        sys.exit(__doc__)
    main(sys.argv[1:] == ["--record"])
