"""The package itself: its declarations match the headers, and Python ends without printing an error."""
import ast
import inspect
import os
import re
import subprocess
import sys

import pytest

import libbeluga

HERE = os.path.dirname(os.path.abspath(__file__))
BINDING = os.path.dirname(HERE)
INCLUDE = os.path.join(BINDING, "..", "..", "include")
PACKAGE = os.path.dirname(libbeluga.__file__)
sys.path.insert(0, BINDING)
declare = pytest.importorskip("declare")


def compiler():
    name = os.environ.get("CC", "cc")
    try:
        subprocess.run([name, "--version"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no C compiler")
    return name


def test_the_layouts_are_the_compilers(tmp_path):
    source = tmp_path / "layouts.c"
    cc = compiler()
    source.write_text(declare.check(INCLUDE))
    subprocess.run([cc, "-std=c11", "-fsyntax-only", "-I", INCLUDE, str(source)], check=True)
    assert len(re.findall("_Static_assert", source.read_text())) > 900


def test_the_declarations_are_todays(tmp_path):
    compiler()
    declare.write_module(INCLUDE, str(tmp_path / "_declarations.py"))
    with open(os.path.join(PACKAGE, "_declarations.py")) as made:
        assert made.read() == (tmp_path / "_declarations.py").read_text()


def test_every_exported_function_is_declared():
    compiler()
    text = declare.declarations(INCLUDE)
    exported = set()
    for name in declare.headers(INCLUDE):
        with open(os.path.join(INCLUDE, name)) as header:
            exported.update(re.findall(r"^BELUGA_API\b[^;(]*?\b(beluga_\w+)\(", header.read(), re.MULTILINE))
    assert len(exported) > 350
    assert [name for name in exported if not re.search(rf"\b{name}\b *\(", text)] == []
    for name in exported:
        assert getattr(libbeluga._library.lib, name)


def test_the_errors_are_those_of_the_header():
    with open(os.path.join(BINDING, "libbeluga", "errors.py")) as made:
        assert made.read() == declare.errors(INCLUDE), "run: bindings/python/declare.py include --errors …"
    for code, kind in libbeluga.errors.BY_CODE.items():
        assert libbeluga._library.lib.beluga_error_code_from_name(kind.name.encode()) == code


def test_the_version_is_the_headers():
    with open(os.path.join(INCLUDE, "beluga", "version.h")) as header:
        assert f'BELUGA_VERSION_STRING "{libbeluga.__version__}"' in header.read()


def test_everything_public_says_what_it_is():
    for name in libbeluga.__all__:
        thing = getattr(libbeluga, name)
        if isinstance(thing, type) or inspect.isfunction(thing):
            assert thing.__doc__, name
    for name, method in vars(libbeluga.Model).items():
        if not name.startswith("_") and callable(method) and not name.startswith("a"):
            assert method.__doc__, name


def test_the_sources_are_python_3_9():
    for name in os.listdir(os.path.join(BINDING, "libbeluga")):
        if name.endswith(".py"):
            with open(os.path.join(BINDING, "libbeluga", name)) as source:
                ast.parse(source.read(), feature_version=(3, 9))


def test_types():
    pytest.importorskip("mypy")
    done = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", os.devnull, PACKAGE],
                          capture_output=True, text=True, cwd=os.path.dirname(PACKAGE))
    assert done.returncode == 0, done.stdout + done.stderr


ENDS = {
    "nothing": "",
    "a model that stays": "m = Model('mock/echo').bind_tools(f); m.invoke('Hi')",
    "a stream under way": "s = Model('mock/echo').stream('a b c', mock={'word_delay_ms': 50}); next(s)",
    "an async stream under way": "s = Model('mock/echo').stream('a b c', mock={'word_delay_ms': 50}); asyncio.run(s.__anext__())",
    "a tool that runs": ("import threading; m = Model('mock/echo', mock={'tool_calls': [{'name': 'slow', 'arguments': {}}]}).bind_tools(slow);"
                         "t = threading.Thread(target=m.invoke, args=('Hi',), daemon=True); t.start(); time.sleep(0.2)"),
    "an event loop on a daemon thread": (
        "import threading\nm = Model('mock/echo')\nasync def go():\n    while True: await m.agenerate('Hi ' * 50)\n"
        "for _ in range(3): threading.Thread(target=lambda: asyncio.run(go()), daemon=True).start()\ntime.sleep(0.2)"),
    "a stream on a daemon thread": (
        "import threading; s = Model('mock/echo', mock={'word_delay_ms': 1}).stream('a ' * 9999)\n"
        "threading.Thread(target=lambda: read(s), daemon=True).start(); time.sleep(0.2); s.close()"),
    "a log": "libbeluga.log_to('x'); Model('mock/echo').generate('Hi')",
    "a provider": "libbeluga.register(P); m = Model('py-end'); m.generate('Hi'); s = m.stream('Hi'); next(s)",
    "an exception": "Model('mock/echo').stream('Hi').__next__(); sys.exit(0)",
}
# With -X dev, asyncio warns of each step that takes long, as all do on a loaded machine.
HEAD = """
import asyncio, logging, sys, time, libbeluga
from libbeluga import Model, Provider
logging.getLogger('asyncio').setLevel(logging.ERROR)
def read(stream):
    try: list(stream)
    except libbeluga.Error: pass
def f() -> str: return ''
def slow() -> str: time.sleep(1); return ''
class P(Provider):
    name = 'py-end'; default_model = 'm'
    def answer(self, call): yield 'a'; time.sleep(0.1); yield 'b'
"""


@pytest.mark.parametrize("end", ENDS)
def test_the_end_of_the_process(end):
    for _ in range(2):
        done = subprocess.run([sys.executable, "-X", "dev", "-W", "error", "-c", HEAD + ENDS[end]], capture_output=True, text=True,
                              timeout=300)
        assert (done.returncode, done.stderr) == (0, "")


def test_an_import_loads_neither_asyncio_nor_ssl():
    code = "import sys, libbeluga; print([m for m in ('asyncio', 'ssl', 'ctypes') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
