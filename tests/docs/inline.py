"""What a page names between backticks must be there: targets of make, files of the repository, commands of beluga
with their options, and every name with an underscore: functions, options, codes, members, variables."""
import functools
import os
import re
import subprocess

CODE = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
# Those that the telemetry puts together from parts are not found.
WORD = re.compile(r"(?<![\w…])(?!OTEL_EXPORTER_OTLP_)[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+(?![\w…*<]|_…)")
FOLDERS = ("bench", "bindings", "cli", "data", "docs", "examples", "fuzz", "include", "kit", "peer", "plugins", "scripts", "src", "tests")


@functools.lru_cache(None)
def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


@functools.lru_cache(None)
def words_of(root):
    """All names in the sources that have an underscore in them. Lists of names have \\0 between them."""
    words = set(re.findall(r"[A-Z]+_[A-Z]+", read(os.path.join(root, "Makefile"))))
    for top in FOLDERS:
        for folder, _, files in os.walk(os.path.join(root, top)):
            for file in files:
                words.add(os.path.splitext(file)[0])
                if not file.endswith(".md"):
                    words.update(re.findall(r"[A-Za-z0-9]+(?:_[A-Za-z0-9]+)+", read(os.path.join(folder, file)).replace("\\0", " ")))
    return words


@functools.lru_cache(None)
def help_of(build, *words):
    done = subprocess.run([os.path.join(build, "beluga"), "help", *words], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None


def spans(page):
    lines = list(page.lines)
    for block in page.blocks:
        lines[block.first - 1:block.last + 1] = [""] * (block.last + 2 - block.first)
    text = "\n".join("" if line.lstrip().startswith("<!--") else line for line in lines)
    for match in CODE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match.group(1).replace("\n", " ")


def check_make(root, span):
    match = re.match(r"make ([a-z][a-z-]*)", span)
    return bool(match) and not re.search(rf"^{match.group(1)}:", read(os.path.join(root, "Makefile")), re.MULTILINE)


def check_path(root, span):
    path = span.split()[0].removeprefix("./")
    return path.startswith(tuple(f + "/" for f in FOLDERS)) and re.fullmatch(r"[a-z0-9_./-]+", path) and \
        not os.path.exists(os.path.join(root, path))


def check_words(root, span):
    return any(word not in words_of(root) for word in WORD.findall(re.sub(r"(?<!\S)-D", "", span)))


def check_command(build, span):
    words = span.split()
    if words[0] != "beluga" or len(words) < 2:
        return False
    command = [words[1]] if re.fullmatch(r"[a-z]+", words[1]) else []
    text = help_of(build, *command)
    if text is None:
        return True
    options = [word.split("=")[0] for word in words if re.fullmatch(r"--[a-z-]+(=.*)?", word)]
    return any(not re.search(rf"{option}\b", text + help_of(build)) for option in options)


def faults(page, build):
    for number, span in spans(page):
        if check_make(page.root, span) or check_path(page.root, span) or check_words(page.root, span) \
                or check_command(build, span):
            yield f"{page.name}:{number}: there is no such thing: {span}"
