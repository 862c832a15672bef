"""The clients that are compared, and how to install each. The usual tool of a client's language fetches it into
build-peers/, at the version in go.mod, Cargo.toml, package.json or requirements.txt.
No tool-chain is ever installed: a client whose tools are missing is skipped, and the reason is printed."""

import os
import re
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
MINUTES = 60
MOST_SECONDS = 40 * MINUTES


class Skipped(Exception):
    """A client that can't run here; the text is the reason."""


def run(place, logs, *command, **variables):
    """Run a tool that fetches or builds, in the folder `place`. Its output goes into a log."""
    log = os.path.join(logs, "log")
    with open(log, "w", encoding="utf-8") as output:
        done = subprocess.run(
            command,
            cwd=place,
            env=dict(os.environ, **variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=MOST_SECONDS,
            check=False,
        )
    if done.returncode:
        raise Skipped("%s failed; see %s" % (" ".join(command[:2]), log))


def need(*tools):
    for tool in tools:
        if not shutil.which(tool):
            raise Skipped("%s is not installed" % tool)


def read(*parts):
    with open(os.path.join(HERE, *parts), encoding="utf-8") as file:
        return file.read()


# ---- how a language's clients are had: each function returns the command of a name -----------------------------------


def in_go(place):
    need("go")
    run(place, place, "go", "build", "-trimpath", "-o", "bin/", "./...", GOTOOLCHAIN="local", GOFLAGS="-mod=mod")
    return lambda name: [os.path.join(place, "bin", name)]


def in_rust(place):
    need("cargo", "cc", "cmake")
    run(place, place, "cargo", "build", "--release")
    return lambda name: [os.path.join(place, "target", "release", name)]


def in_node(place):
    need("node", "npm")
    run(place, place, "npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts")
    return lambda name: ["node", os.path.join(place, name + ".mjs")]


def in_python(place):
    need("python3")
    python = os.path.join(place, "venv", "bin", "python")
    if not os.path.exists(python):
        run(place, place, "python3", "-m", "venv", "venv")
    run(place, place, python, "-m", "pip", "install", "--quiet", "--requirement", "requirements.txt")
    return lambda name: [python, os.path.join(place, "peer_%s.py" % name)]


LANGUAGES = {"go": in_go, "rust": in_rust, "node": in_node, "python": in_python}


class Client:
    """A client: its name, its language, and the package whose version is reported."""

    def __init__(self, name, language, program, package, pattern, **facts):
        self.name, self.language, self.program, self.package, self.pattern = name, language, program, package, pattern
        self.counts_bytes = language == "rust" or language == "go"
        self.can_connect_anew = facts.get("can_connect_anew", True)
        self.one_at_a_time = facts.get("one_at_a_time", False)
        self.commands = self.reason = None

    def version(self):
        manifest = {"go": "go.mod", "rust": "Cargo.toml", "node": "package.json", "python": "requirements.txt"}.get(
            self.language
        )
        return re.search(self.pattern, read(self.language, manifest)).group(1) if manifest else ""


def go(name, program, module):
    return Client(name, "go", program, module, re.escape(module) + r" v(\S+)")


def rust(name, crate, **facts):
    return Client(name, "rust", name, crate, r'(?m)^%s = .*"=([\d.]+)"' % crate, **facts)


def node(name, program, package):
    return Client(name, "node", program, package, r'"%s": "([\d.]+)"' % package, can_connect_anew=False)


def python(name, program):
    return Client(name, "python", program, program, r"(?m)^%s==(\S+)" % program, can_connect_anew=False)


OURS, BARE = "beluga", "bare libcurl"


def all_clients(build):
    """Return all clients. Ours is the first, since every ratio is relative to it."""
    ours = [
        Client(OURS, "c", "bench-client", "", ""),
        Client("beluga, waiting", "c", "bench-client", "", "", one_at_a_time=True, can_connect_anew=False),
        Client(BARE, "c", "bench-client-bare", "", ""),
    ]
    for client, options in zip(ours, ([], ["--blocking"], [])):
        client.command = [os.path.join(build, "bench", client.program), *options]
    return ours + [
        rust("async-openai", "async-openai"),
        rust("genai", "genai"),
        rust("rig", "rig-core", can_connect_anew=False),
        go("go-openai", "goopenai", "github.com/sashabaranov/go-openai"),
        go("openai-go", "openaigo", "github.com/openai/openai-go/v3"),
        go("langchaingo", "langchaingo", "github.com/tmc/langchaingo"),
        go("eino", "eino", "github.com/cloudwego/eino"),
        node("openai for Node", "openai", "openai"),
        node("ai", "ai", "ai"),
        python("openai-python", "openai"),
        python("litellm", "litellm"),
    ]


def prepare(clients, folder, say):
    """Set the command of each client, or the reason why it is skipped."""
    ready = {}
    for client in clients:
        if client.language == "c":
            continue
        if client.language not in ready:
            say("fetching and building what is in %s" % client.language)
            ready[client.language] = have(client.language, os.path.join(folder, client.language))
        found = ready[client.language]
        client.command, client.reason = (None, found) if isinstance(found, str) else (found(client.program), None)


def have(language, place):
    """Install a language's clients. Returns a function that gives a client's command, or the reason of a failure."""
    shutil.copytree(os.path.join(HERE, language), place, dirs_exist_ok=True)
    try:
        return LANGUAGES[language](place)
    except (Skipped, subprocess.TimeoutExpired) as why:
        return str(why)
