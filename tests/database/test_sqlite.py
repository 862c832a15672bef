#!/usr/bin/env python3
"""The extension of SQLite, in Python's module, in the shell, and by the C API. TAP.

    test_sqlite.py MODULE PEER [CASE…]
"""
import ctypes
import ctypes.util
import json
import os
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading

import service as services

MODULE, PEER = sys.argv[1:3]
SYSTEM_PYTHON = "/usr/bin/python3"


def find_python():
    """Go on in a Python whose module may load extensions; return why there is none."""
    if hasattr(sqlite3.connect(":memory:"), "enable_load_extension"):
        return None
    if os.path.exists(SYSTEM_PYTHON) and not os.environ.get("BELUGA_TEST_PYTHON"):
        os.environ["BELUGA_TEST_PYTHON"] = "found"
        os.execv(SYSTEM_PYTHON, [SYSTEM_PYTHON, *sys.argv])
    return "this Python's sqlite3 can't load extensions, and neither can " + SYSTEM_PYTHON


def connect(path=":memory:", **settings):
    """Open a connection with the extension; settings are variables of it while it is loaded."""
    variables = {"BELUGA_SQLITE_" + name.upper(): str(value) for name, value in settings.items()}
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    try:
        db.enable_load_extension(True)
        db.load_extension(MODULE)
        db.enable_load_extension(False)
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    return db


def ask(db, query, *values):
    row = db.execute(query, values).fetchone()
    return row[0] if len(row) == 1 else row


def fault(db, query, *values):
    try:
        rows = db.execute(query, values).fetchall()
    except sqlite3.Error as error:
        return str(error)
    raise AssertionError(f"no error but {rows}")


class Host:
    """A host in C, as far as ctypes is one: only it can bind pointers."""

    def __init__(self):
        self.lib = ctypes.CDLL(ctypes.util.find_library("sqlite3"))
        self.db = ctypes.c_void_p()
        self.lib.sqlite3_column_text.restype = ctypes.c_char_p
        self.lib.sqlite3_errmsg.restype = ctypes.c_char_p
        self.lib.sqlite3_open(b":memory:", ctypes.byref(self.db))
        self.lib.sqlite3_enable_load_extension(self.db, 1)
        assert self.lib.sqlite3_load_extension(self.db, MODULE.encode(), None, None) == 0, self.error()

    def error(self):
        return self.lib.sqlite3_errmsg(self.db).decode()

    def prepare(self, sql):
        statement = ctypes.c_void_p()
        assert self.lib.sqlite3_prepare_v2(self.db, sql.encode(), -1, ctypes.byref(statement), None) == 0, self.error()
        return statement

    def step(self, statement):
        code = self.lib.sqlite3_step(statement)
        text = self.lib.sqlite3_column_text(statement, 0) if code == 100 else None
        return code, text.decode() if text else None

    def query(self, sql, pointer=None):
        statement = self.prepare(sql)
        if pointer is not None:
            self.lib.sqlite3_bind_pointer(statement, 1, ctypes.c_char_p(pointer), b"beluga_settings", None)
        code, text = self.step(statement)
        error = self.error()
        self.lib.sqlite3_finalize(statement)
        return code, text, error

    def close(self):
        assert self.lib.sqlite3_close(self.db) == 0, "something of the extension is still open"


def resident():
    with open("/proc/self/status") as file:
        return int(next(line for line in file if line.startswith("VmRSS")).split()[1])


def interrupted(service, query):
    """Run a query that hangs, interrupt it from another thread, and return its error."""
    db, told = connect(), []
    thread = threading.Thread(target=lambda: told.append(fault(db, query)))
    thread.start()
    service.wait_asked()
    db.interrupt()
    service.wait_closed()
    thread.join(60)
    assert ask(db, "SELECT llm('on')") == "on"
    return told[0]


def cases(service, folder):
    def answers():
        """llm answers, with the default model and with one that is named"""
        db = connect()
        assert ask(db, "SELECT llm('hello')") == "hello"
        assert ask(db, "SELECT llm('hello', 'mock/echo')") == "hello"
        assert ask(db, "SELECT llm(?)", "häßlich €") == "häßlich €"
        assert ask(db, "SELECT llm(12)") == "12"
        utf16 = connect()
        utf16.execute("PRAGMA encoding = 'UTF-16le'")
        utf16.execute("CREATE TABLE t(x)")
        assert ask(utf16, "SELECT llm('häßlich €')") == "häßlich €"

    def nulls():
        """NULL in gives NULL, and asks nobody"""
        db, before = connect(), len(service.requests)
        assert ask(db, "SELECT llm(NULL), llm_json(NULL, '{}'), llm_json('x', NULL), embed(NULL), "
                       "cosine_similarity(NULL, x'00000000')") == (None,) * 5
        assert db.execute("SELECT * FROM llm_stream(NULL)").fetchall() == []
        assert db.execute("SELECT * FROM llm_many(NULL)").fetchall() == []
        assert len(service.requests) == before

    def options():
        """options reach the request, and so does the system text of an alias"""
        db = connect()
        ask(db, "SELECT llm('hi', NULL, ?)", '{"temperature": 0.5, "max_tokens": 7, "system": "Be kind.", "seed": 3, '
            '"stop_sequences": ["x", "y"]}')
        sent = service.requests[-1]
        assert sent["temperature"] == 0.5 and sent["seed"] == 3 and sent["stop"] == ["x", "y"], sent
        assert sent["messages"][0]["content"] == "Be kind.", sent
        ask(db, "SELECT llm('hi', 'brief')")
        assert service.requests[-1]["messages"][0]["content"] == "Be brief."
        for wrong in ("[]", "{", '{"temperature": 9}', '{"temperature": "hot"}', '{"system": 1}', '{"top": 1}'):
            assert "invalid_input" in fault(db, "SELECT llm('hi', NULL, ?)", wrong), wrong
        assert "did you mean temperature?" in fault(db, "SELECT llm('hi', NULL, ?)", '{"temprature": 1}')
        told = fault(db, "SELECT llm('hi', NULL, ?)", '{"zork": 1}')
        assert '"zork"' in told and "max_tokens" in told and "PROVIDER" not in told, told

    def forbidden_options():
        """addresses, keys, headers and bodies can't be set from SQL"""
        db = connect()
        for name in ("base_url", "api_key", "extra_headers", "extra_body", "proxy", "fallback", "model_name", "mock.error"):
            assert "can't be set from SQL" in fault(db, "SELECT llm('hi', NULL, ?)", json.dumps({name: "x"})), name

    def streams():
        """llm_stream gives each piece as it comes, before the next is there"""
        service.step.clear()
        host = Host()  # Python's module reads a row ahead
        statement = host.prepare("SELECT piece FROM llm_stream('steps')")
        assert host.step(statement) == (100, "one")
        service.step.set()
        assert host.step(statement) == (100, "two")
        assert host.step(statement) == (101, None)
        host.lib.sqlite3_finalize(statement)
        host.close()

    def stops_early():
        """a stream that is not read to its end closes its connection"""
        db = connect()
        assert ask(db, "SELECT piece FROM llm_stream('half') LIMIT 1") == "half"
        service.wait_asked()
        service.wait_closed()
        used = json.loads(ask(db, "SELECT llm_usage()"))
        assert (used["calls"], used["failed"], used["output_tokens"]) == (1, 0, 1), used
        rows = db.execute("SELECT piece FROM llm_stream('half')")
        service.wait_asked()
        rows.close()
        service.wait_closed()
        assert ask(db, "SELECT answer FROM llm_many('[\"a\", \"hang\"]') LIMIT 1") == "a"
        service.wait_closed()
        service.wait_asked()
        db.close()

    def interrupts():
        """sqlite3_interrupt from another thread ends a call at once"""
        for query in ("SELECT llm('hang')", "SELECT * FROM llm_stream('hang')", "SELECT * FROM llm_stream('half')",
                      "SELECT * FROM llm_many('[\"hang\"]')", "SELECT llm('flood')",
                      "SELECT group_concat(piece) FROM llm_stream('flood')"):
            assert "interrupted" in interrupted(service, query), query

    def progress_handler():
        """a progress handler of the host ends a call, too"""
        for steps in (1, 1000, 10000):
            db, stop, told = connect(), threading.Event(), []
            db.set_progress_handler(lambda: stop.is_set(), steps)
            thread = threading.Thread(target=lambda: told.append(fault(db, "SELECT llm('hang')")))
            thread.start()
            service.wait_asked()
            stop.set()
            service.wait_closed()
            thread.join(60)
            assert "interrupted" in told[0], (steps, told)

    def ctrl_c():
        """Ctrl-C in the shell ends a call at once"""
        if not shutil.which("sqlite3"):
            print("# there is no sqlite3 shell")
            return
        shell = subprocess.Popen(["sqlite3", ":memory:"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True)
        shell.stdin.write(f".load {MODULE}\nSELECT llm('hang');\nSELECT llm('on');\n")
        shell.stdin.flush()
        service.wait_asked()
        shell.send_signal(signal.SIGINT)
        service.wait_closed()
        printed = shell.communicate(timeout=60)[0]
        assert "interrupted" in printed, printed

    def ctrl_c_in_python():
        """with a progress handler that does nothing, Ctrl-C in Python ends a call at once, as the guide says"""
        code = ("import sqlite3, sys; db = sqlite3.connect(':memory:'); db.enable_load_extension(True); "
                "db.load_extension(sys.argv[1]); db.set_progress_handler(lambda: None, 1000); "
                "db.execute(\"SELECT llm('hang')\")")
        process = subprocess.Popen([sys.executable, "-c", code, MODULE], stderr=subprocess.PIPE, text=True)
        service.wait_asked()
        process.send_signal(signal.SIGINT)
        service.wait_closed()
        printed = process.communicate(timeout=60)[1]
        assert "OperationalError" in printed and "interrupted" in printed, printed

    def timeouts():
        """a time that has passed ends a call"""
        # On a loaded machine, the first call of a connection takes long; only a call that was sent can be seen to end.
        db = connect(timeout="2s")
        ask(db, "SELECT llm('first')")
        assert "timeout" in fault(db, "SELECT llm('hang')")
        service.wait_closed()
        db = connect()
        ask(db, "SELECT llm('first')")
        assert "timeout" in fault(db, "SELECT llm('hang', NULL, '{\"timeout\": \"2s\"}')")
        service.wait_closed()
        service.wait_asked()
        service.wait_asked()

    def many():
        """llm_many gives an answer or an error for each row, and NULL for NULL"""
        rows = connect().execute("SELECT ord, answer, error FROM llm_many('[\"a\", null, \"refuse\", \"d\"]') "
                                 "ORDER BY ord").fetchall()
        assert [row[:2] for row in rows] == [(1, "a"), (2, None), (3, None), (4, "d")], rows
        assert rows[2][2].startswith("invalid_request") and rows[0][2] is None and rows[1][2] is None, rows
        assert connect().execute("SELECT * FROM llm_many('[]')").fetchall() == []
        assert connect().execute("SELECT * FROM llm_many('[null]')").fetchall() == [(1, None, None)]
        db = connect()
        db.execute("CREATE TABLE t AS SELECT 'x' AS body UNION ALL SELECT NULL UNION ALL SELECT 12 UNION ALL SELECT -1.5")
        rows = db.execute("SELECT answer, error FROM llm_many((SELECT json_group_array(body) FROM t)) ORDER BY ord").fetchall()
        assert rows == [("x", None), (None, None), ("12", None), ("-1.5", None)], rows
        for wrong in ("{}", "[[1]]", "[", "[true]", "[{}]"):
            assert "array of texts" in fault(connect(), "SELECT * FROM llm_many(?)", wrong)

    def at_once():
        """sixteen calls of one connection are under way at once"""
        texts = json.dumps([f"wait {i}" for i in range(32)])
        assert ask(connect(concurrency=16), "SELECT count(answer) FROM llm_many(?)", texts) == 32

    def thousand():
        """a thousand rows of a table are answered, each by its own text"""
        db = connect(concurrency=32)
        db.execute("CREATE TABLE t AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
                   "SELECT i, 'row ' || i AS body FROM n")
        assert ask(db, "SELECT count(*) FROM llm_many((SELECT json_group_array(body) FROM (SELECT body FROM t ORDER BY i)))"
                       " AS m JOIN t ON t.i = m.ord WHERE m.answer = t.body") == 1000
        before = len(service.requests)
        assert ask(db, "SELECT count(*) FROM t WHERE i <= 100 AND llm(body) = body") == 100
        assert len(service.requests) == before + 100, "rows were asked for that another condition leaves out"

    def schema():
        """llm_json gives JSON that fits its schema, or an error"""
        db, prompt = connect(), json.dumps({"a": 1})
        wanted = json.dumps({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]})
        assert json.loads(ask(db, "SELECT llm_json(?, ?)", prompt, wanted)) == {"a": 1}
        assert service.requests[-1]["response_format"]["type"] == "json_schema"
        assert "invalid_response" in fault(db, "SELECT llm_json(?, ?)", prompt, '{"type": "object", "required": ["b"]}')

    def vectors():
        """embed gives little-endian floats, and cosine_similarity compares them"""
        db = connect(embedding_model="mock/any")
        blob = ask(db, "SELECT embed('a whale in the sea', NULL, '{\"dimensions\": 8}')")
        # what docs/guides/embeddings.md shows of the same text
        assert len(blob) == 32 and abs(struct.unpack("<8f", blob)[0] + 0.176065058) < 1e-6, blob
        near, far = ask(db, "SELECT cosine_similarity(embed('a whale in the sea'), embed('a dolphin in the sea')), "
                            "cosine_similarity(embed('a whale in the sea'), embed('a red bicycle'))")
        assert -1 <= far < near <= 1, (near, far)
        assert abs(ask(db, "SELECT cosine_similarity(?, ?)", struct.pack("<2f", 1, 0), struct.pack("<2f", 0, 1))) < 1e-9
        for a, b in ((b"123", b"123"), (b"1234", b"12345678"), ("", b"1234")):
            assert fault(db, "SELECT cosine_similarity(?, ?)", a, b).startswith("invalid_input: these are not two vectors")
        for wrong in ("nan", "inf"):
            told = fault(db, "SELECT cosine_similarity(?, ?)", struct.pack("<f", 1), struct.pack("<f", float(wrong)))
            assert told.startswith("invalid_input") and "finite" in told, told

    def failures():
        """refusals, broken answers, absent servers, redirects and NUL bytes are errors that say so"""
        db, before = connect(), len(service.requests)
        told = fault(db, "SELECT llm('refuse')")
        assert told.startswith("invalid_request") and "HTTP 400" in told, told
        for query in ("SELECT llm('cut')", "SELECT group_concat(piece) FROM llm_stream('cut')"):
            assert "half" not in fault(db, query)
        assert "network_error" in fault(db, "SELECT llm('hi', 'gone')")
        assert "NUL byte" in fault(db, "SELECT llm('nul')")
        assert "NUL byte" in ask(db, "SELECT error FROM llm_many('[\"nul\"]')")
        before = len(service.requests)
        fault(db, "SELECT llm('away')")
        assert len(service.requests) == before + 1

    def longest():
        """an answer that is longer than the host allows is an error"""
        assert len(ask(connect(), "SELECT llm('long')")) == 1000000
        db, text = connect(max_answer_bytes=2048), "y" * 2049
        for query, values in (("SELECT llm('long')", ()), ("SELECT group_concat(piece) FROM llm_stream('long')", ()),
                              ("SELECT llm(?, 'mock/echo')", (text,)), ("SELECT piece FROM llm_stream(?)", (text,)),
                              ("SELECT group_concat(piece) FROM llm_stream(?, 'mock/echo')", (text,)),
                              ("SELECT embed('long', 'here/small')", ())):
            told = fault(db, query, *values)
            assert told.startswith("limit_exceeded") and "BELUGA_SQLITE_MAX_ANSWER_BYTES" in told, (query, told)
            assert "max_response_bytes" not in told and "2048 bytes" in told, told
        for model in ("mock/echo", "small"):
            rows = db.execute("SELECT answer, error FROM llm_many(?, ?) ORDER BY ord", (json.dumps([text, "a"]), model))
            (none, told), other = rows.fetchall()
            assert none is None and "BELUGA_SQLITE_MAX_ANSWER_BYTES" in told and other == ("a", None), (told, other)
        assert ask(db, "SELECT llm(?, 'mock/echo')", text[1:]) == text[1:]
        used = json.loads(ask(db, "SELECT llm_usage()"))
        assert (used["calls"], used["failed"]) == (11, 8), used

    def ranges():
        """a number out of its range is an error when the extension is loaded"""
        for name, value in (("max_answer_bytes", 1023), ("max_answer_bytes", 1 << 31), ("concurrency", 0),
                            ("concurrency", 257), ("concurrency", 99999999), ("budget_calls", -1), ("concurrency", "x")):
            try:
                connect(**{name: value})
            except sqlite3.Error as error:
                assert "whole number" in str(error) and f"BELUGA_SQLITE_{name.upper()}" in str(error), error
            else:
                raise AssertionError(f"{name} took {value}")
        for name, value in (("max_answer_bytes", 1024), ("concurrency", 256), ("budget_calls", 0)):
            assert ask(connect(**{name: value}), "SELECT llm('a')") == "a"

    def hosts():
        """hosts that are not allowed are not asked"""
        before = len(service.requests)
        told = fault(connect(allowed_hosts="api.example.com,*.example.org"), "SELECT llm('hi')")
        assert "may not be asked" in told, told
        assert "may not be asked" in fault(connect(allowed_hosts=f"127.0.0.1:{service.port + 1}"), "SELECT llm('hi')")
        assert "not configured" in fault(connect(), "SELECT llm('hi', 'ollama/any')")
        assert "not configured" in fault(connect(), "SELECT llm('hi', 'openai/any')")
        assert len(service.requests) == before
        assert ask(connect(allowed_hosts=f"127.0.0.1:{service.port}"), "SELECT llm('hi')") == "hi"
        assert ask(connect(allowed_hosts="127.0.0.1"), "SELECT llm('hi', 'here/other')") == "hi"

    def endings():
        """a host is allowed by its ending, and by no other that looks alike"""
        config = os.path.join(folder, "endings.yaml")
        with open(config, "w") as file:
            file.write(f"models: {{there: {{model: openai/any, base_url: \"http://a.localhost:{service.port}/v1\", "
                       "api_key: none}}\n")
        os.environ["BELUGA_CONFIG"], before = config, os.environ["BELUGA_CONFIG"]
        try:
            for good in ("*.localhost", f"*.LocalHost:{service.port}", f"b.example.com, a.localhost:{service.port}"):
                assert ask(connect(allowed_hosts=good), "SELECT llm('hi', 'there')") == "hi", good
            for bad in ("localhost", "*.a.localhost", "*localhost", "*", "*.", "*.host", f"*.localhost:{service.port + 1}"):
                assert "may not be asked" in fault(connect(allowed_hosts=bad), "SELECT llm('hi', 'there')"), bad
        finally:
            os.environ["BELUGA_CONFIG"] = before

    def other_hosts():
        """the host of a fallback, and that of a variable, are looked at, too"""
        config = os.path.join(folder, "fallback.yaml")
        with open(config, "w") as file:
            file.write(f"models:\n  first: {{model: openai/any, base_url: \"{service.url}\", api_key: none, "
                       f"fallback: [openai/other]}}\nproviders: {{openai: {{max_retries: 0}}}}\n")
        db = connect(allowed_hosts=f"127.0.0.1:{service.port}")
        os.environ["BELUGA_CONFIG"], before = config, os.environ["BELUGA_CONFIG"]
        try:
            db = connect(allowed_hosts=f"127.0.0.1:{service.port}")
            assert "api.openai.com may not be asked" in fault(db, "SELECT llm('hi', 'first')")
            os.environ["OPENAI_BASE_URL"] = "http://name:word@elsewhere.example:8080/v1"
            told = fault(db, "SELECT llm('hi', 'openai/any')")
            assert "elsewhere.example:8080 may not" in told and "word" not in told, told
        finally:
            os.environ["BELUGA_CONFIG"] = before
            os.environ.pop("OPENAI_BASE_URL", None)

    def models():
        """models that are not allowed are not asked"""
        db = connect(allowed_models="mock/*, brief")
        assert "may not be asked" in fault(db, "SELECT llm('hi')")
        assert ask(db, "SELECT llm('hi', 'brief')") == "hi" and ask(db, "SELECT llm('hi', 'mock/echo')") == "hi"
        names = db.execute("SELECT name, meaning, kind FROM llm_models").fetchall()
        assert db.execute("SELECT * FROM llm_models()").fetchall() == names
        assert ("here", "openai", "provider") in names and ("small", "here/small", "alias") in names, names

    def budgets():
        """a budget of calls, tokens or money is an end"""
        db = connect(budget_calls=2)
        ask(db, "SELECT llm('a'), llm('b')")
        assert "budget_calls" in fault(db, "SELECT llm('c')")
        db = connect(budget_tokens=20)
        ask(db, "SELECT llm('a'), llm('b')")
        assert "budget_tokens" in fault(db, "SELECT llm('c')")
        db, query = connect(budget_cost=13), "SELECT llm('a', NULL, '{\"max_tokens\": 5}')"
        ask(db, query), ask(db, query)  # each costs $6
        assert "budget_exceeded" in fault(db, query)
        rows = connect(budget_calls=3).execute("SELECT answer, error FROM llm_many('[\"1\", null, \"2\", \"3\", \"4\", "
                                               "null, \"5\"]')").fetchall()
        assert len([r for r in rows if r[0]]) == 3, rows
        assert len([r for r in rows if (r[1] or "").startswith("budget_exceeded")]) == 2, rows

    def usage():
        """llm_usage adds up calls, tokens and money of the connection"""
        db = connect()
        ask(db, "SELECT llm('a'), llm('b')")
        fault(db, "SELECT llm('refuse')")
        assert json.loads(ask(db, "SELECT llm_usage()")) == {"calls": 3, "failed": 1, "input_tokens": 20,
                                                             "output_tokens": 10, "cost": 12, "cost_is_whole": True}

    def hostile_file():
        """views, triggers, checks and columns of a database file that somebody sends ask nobody"""
        path = os.path.join(folder, "hostile.db")
        plain = connect(path)
        plain.executescript("""
            CREATE TABLE t(x);
            INSERT INTO t VALUES ('secret');
            CREATE VIEW v AS SELECT llm('steal ' || x) AS y FROM t;
            CREATE VIEW w AS SELECT piece FROM llm_stream('steal');
            CREATE VIEW m AS SELECT answer FROM llm_many('["steal"]');
            CREATE VIEW e AS SELECT embed('steal', 'here/small') AS y;
            CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT llm('steal ' || new.x); END;""")
        tables = ("g(x, y AS (llm(x)))", "d(x DEFAULT (llm('steal')))", "c(x CHECK (llm(x) = x))",
                  "f(x CHECK (length(embed(x, 'here/small')) > 1))", "j(x CHECK (llm_json(x, '{}') = x))")
        for table in tables:
            try:
                plain.execute("CREATE TABLE " + table)
            except sqlite3.Error:
                pass  # refused when it is made is as good
        plain.close()
        db, before = connect(path), len(service.requests)
        db.execute("PRAGMA trusted_schema = ON")
        for query in ("SELECT * FROM v", "SELECT * FROM w", "SELECT * FROM m", "SELECT * FROM e",
                      "INSERT INTO t VALUES ('more')", "INSERT INTO d DEFAULT VALUES", "INSERT INTO c VALUES ('steal')",
                      "INSERT INTO f VALUES ('steal')", "INSERT INTO j VALUES ('steal')"):
            assert "unsafe use" in fault(db, query), query
        db.execute("PRAGMA ignore_check_constraints = ON")
        db.execute("INSERT INTO c VALUES ('steal')")
        db.execute("PRAGMA ignore_check_constraints = OFF")
        try:
            db.execute("PRAGMA integrity_check").fetchall()
        except sqlite3.Error as error:
            assert "unsafe use" in str(error), error
        assert len(service.requests) == before, service.requests[before:]

    def hostile_check():
        """a CHECK of a file asks nobody, whatever texts the statement has; a statement that calls llm does"""
        db, before = connect(), len(service.requests)
        db.execute("CREATE TABLE t(a CHECK (llm('spy') <> ''))")
        db.execute("CREATE TABLE llm(a CHECK (llm('spy') <> ''), llm)")
        for text in ("'I love llm models'", "'hellman llms'", "'llm('", "'it''s llm(1)'", "1 /* llm( */", "2 -- llm('spy')\n",
                     "llm_usage()", "(SELECT 1 AS \"llm(\")", "(SELECT 1 AS [llm(])", "(SELECT 1 AS `llm(`)",
                     "(SELECT 1 AS llm)", "length(llm_usage())"):
            assert "unsafe use" in fault(db, f"INSERT INTO t VALUES({text})"), text
        assert "unsafe use" in fault(db, "INSERT INTO t VALUES(@llm)", "x")
        for table in ("llm(a)", "main.llm(a)", "llm/**/(a)"):
            assert "unsafe use" in fault(db, f"INSERT INTO {table} VALUES ('x')"), table
        db.execute("CREATE TEMP VIEW v AS SELECT llm('mine')")
        assert "TEMP" in fault(db, "SELECT * FROM v")
        assert len(service.requests) == before, service.requests[before:]
        for call in ("llm('a')", "LLM ('a')", "llm/*(*/\n('a')", "'llm'||llm('a')", "(llm('a'))", "llm--'\n('a')"):
            assert ask(db, f"SELECT {call}").endswith("a"), call

    def host():
        """only C code of the host configures, and closing leaves nothing open"""
        assert "pointer" in fault(connect(), "SELECT llm_configure('budget_calls=9')")
        assert "pointer" in fault(connect(), "SELECT llm_configure(?)", b"budget_calls=9")
        host = Host()
        assert host.query("SELECT llm('hi')")[1] == "hi"
        code, _, error = host.query("SELECT llm_configure(?)", b"budget_calls=2\nallowed_models=mock/*")
        assert code == 100, error
        assert "may not be asked" in host.query("SELECT llm('hi')")[2]
        assert host.query("SELECT llm('hi', 'mock/echo')")[1] == "hi"
        assert "budget_calls" in host.query("SELECT llm('hi', 'mock/echo')")[2]
        assert "no setting" in host.query("SELECT llm_configure(?)", b"nonsense=2")[2]
        assert "whole number" in host.query("SELECT llm_configure(?)", b"budget_calls=x")[2]
        host.close()

    def keys():
        """a key is in no error"""
        db = connect()
        told = fault(db, "SELECT llm('refuse')") + fault(db, "SELECT llm('hi', 'gone')") + fault(db, "SELECT llm('away')")
        assert services.KEY not in told, told
        assert any(services.KEY.encode() in head for head in service.heads), "the key was never sent"

    def nul_in_arguments():
        """the name of a model, a schema and options with a NUL character are errors, and not cut there"""
        db, before = connect(), len(service.requests)
        for query in ("SELECT llm('a', ?)", "SELECT embed('a', ?)", "SELECT llm_json('1', '{}', ?)",
                      "SELECT * FROM llm_stream('a', ?)", "SELECT * FROM llm_many('[\"a\"]', ?)"):
            assert "NUL" in fault(db, query, "mock/any\0x"), query
        assert "schema has a NUL" in fault(db, "SELECT llm_json('1', ?, 'mock/echo')", "{}\0x")
        assert "not JSON" in fault(db, "SELECT llm('a', 'mock/echo', ?)", "{}\0x")
        assert len(service.requests) == before
        assert ask(db, "SELECT llm(?, 'mock/echo')", "a") == "a"

    def loads_again():
        """a connection may load the extension twice; from a statement, the error says why not"""
        db = connect()
        db.enable_load_extension(True)
        db.load_extension(MODULE)
        assert "already" in fault(db, "SELECT load_extension(?)", MODULE)
        assert ask(db, "SELECT llm('a')") == "a"
        fresh = sqlite3.connect(":memory:")
        fresh.enable_load_extension(True)
        ask(fresh, "SELECT load_extension(?)", MODULE)
        assert ask(fresh, "SELECT llm('a')") == "a"

    def no_model():
        """the error for no model at all says where to name one"""
        os.environ["BELUGA_CONFIG"], before = "", os.environ["BELUGA_CONFIG"]
        try:
            told = fault(connect(), "SELECT llm('hi')")
            assert "BELUGA_SQLITE_MODEL" in told and "configuration file" in told, told
            assert "BELUGA_SQLITE_EMBEDDING_MODEL" in fault(connect(), "SELECT embed('hi')")
            assert ask(connect(model="mock/echo"), "SELECT llm('hi')") == "hi"
        finally:
            os.environ["BELUGA_CONFIG"] = before

    def file_changes():
        """a configuration file that was changed holds from the next statement on"""
        db = connect()
        assert "later" in fault(db, "SELECT llm('hi', 'later')")
        with open(os.environ["BELUGA_CONFIG"], "a") as file:
            file.write("  later: {model: here/small}\n")
        assert ask(db, "SELECT llm('hi', 'later')") == "hi"
        with open(os.environ["BELUGA_CONFIG"], "a") as file:
            file.write("nonsense: [\n")
        assert "config.yaml" in fault(db, "SELECT llm('hi')")
        services.write_config(folder, service)

    def bad_files():
        """a file of prices or a configuration that can't be read is an error with its name, and no crash"""
        for variable in ("BELUGA_SQLITE_PRICES", "BELUGA_CONFIG"):
            before = os.environ[variable]
            for path in (folder + "/nothing.yaml", folder, services.__file__):
                os.environ[variable] = path
                db = connect()
                os.environ[variable] = before
                for query in ("SELECT llm('a', 'mock/echo')", "SELECT * FROM llm_many('[1]', 'mock/echo')",
                              "SELECT embed('a', 'mock/any')", "SELECT * FROM llm_models"):
                    assert path in fault(db, query), (variable, query)
        later = folder + "/later.yaml"
        db = connect(prices=later)
        assert later in fault(db, "SELECT llm('a')")
        shutil.copy(os.environ["BELUGA_SQLITE_PRICES"], later)
        assert ask(db, "SELECT llm('a'), llm_usage() ->> 'cost'") == ("a", 6), "the file was not read again"

    def broken_in_between():
        """a configuration file that is broken while llm_models is read ends its rows"""
        host = Host()
        statement = host.prepare("SELECT name FROM llm_models")
        assert host.step(statement)[0] == 100
        with open(os.environ["BELUGA_CONFIG"], "a") as file:
            file.write("nonsense: [\n")
        assert "config.yaml" in host.query("SELECT llm('hi')")[2]
        assert host.lib.sqlite3_column_text(statement, 0) == b"small" and host.step(statement)[0] == 101
        host.lib.sqlite3_finalize(statement)
        host.close()
        services.write_config(folder, service)

    def connections():
        """connections on threads of their own ask at once"""
        told = []

        def work(number):
            db = connect()
            told.extend(ask(db, "SELECT llm(?)", f"{number}-{i}") == f"{number}-{i}" for i in range(20))
            db.close()

        threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert told == [True] * 160, told

    def memory():
        """memory is flat over ten thousand calls, and over a hundred connections"""
        db = connect()
        calls = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) " \
                "SELECT count(llm('call ' || i, 'mock/echo')) FROM n"
        texts = json.dumps(["refuse"] * 100)

        def some(count, connections):
            assert ask(db, calls.format(count)) == count
            assert ask(db, "SELECT count(error) FROM llm_many(?)", texts) == 100
            for _ in range(connections):
                other = connect()
                ask(other, "SELECT llm('hi')")
                other.close()

        some(1000, 20)
        before = resident()
        some(10000, 100)
        after = resident()
        print(f"# resident: {before} KiB, after 10,100 calls and 100 connections {after} KiB")
        assert after - before < 4096, (before, after)

    def peer():
        """beluga-peer, too, is asked a thousand times at once"""
        process = subprocess.Popen([PEER, "--mode", "chat", "--port", "0", "--tokens", "5"], stdout=subprocess.PIPE,
                                   text=True)
        try:
            line = process.stdout.readline()
            port = [word for word in line.replace("/", ":").split(":") if word.strip().isdigit()][-1].strip()
            with open(os.environ["BELUGA_CONFIG"], "a") as file:
                file.write(f"  peer: {{model: openai/any, base_url: \"http://127.0.0.1:{port}/v1\", api_key: none}}\n")
            texts = json.dumps([f"row {i}" for i in range(1000)])
            assert ask(connect(concurrency=64), "SELECT count(answer) FROM llm_many(?, 'peer')", texts) == 1000
        finally:
            process.terminate()
            process.wait()

    return [answers, nulls, options, forbidden_options, streams, stops_early, interrupts, progress_handler, ctrl_c, ctrl_c_in_python,
            timeouts, many, at_once, thousand, schema, vectors, failures, longest, ranges, hosts, endings, other_hosts, models, budgets,
            usage, hostile_file, hostile_check, host, keys, nul_in_arguments, loads_again, no_model, file_changes, bad_files,
            broken_in_between, connections, memory, peer]


def main():
    if os.environ.get("BELUGA_SANITIZER"):
        print("1..0 # SKIP Python, which loads the extension, is built without the sanitizer")
        return 0
    reason = find_python()
    if reason:
        print(f"1..0 # SKIP {reason}")
        return 0
    for name in [name for name in os.environ if name.endswith(("_API_KEY", "_BASE_URL")) or name.startswith("BELUGA_SQ")]:
        del os.environ[name]
    with tempfile.TemporaryDirectory() as folder:
        service = services.Service(together=16)
        config, prices = services.write_config(folder, service)
        os.environ["BELUGA_CONFIG"], os.environ["BELUGA_SQLITE_PRICES"] = config, prices
        only = sys.argv[3:]
        status = services.Tap().run([c for c in cases(service, folder) if not only or c.__name__ in only])
        service.close()
        return status


sys.exit(main())
