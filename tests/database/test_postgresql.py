#!/usr/bin/env python3
"""The extension of PostgreSQL, in a real server that this starts. TAP.

    test_postgresql.py PG_CONFIG MODULE LIBRARY SOURCES PEER [CASE…]
"""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading

import cluster as clusters
import service as services

PG_CONFIG, MODULE, LIBRARY, SOURCES, PEER = sys.argv[1:6]
WAITING = "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE '%hang%'"


class Stand:
    """The server, and the service that it asks."""

    def __init__(self, folder):
        os.chmod(folder, 0o755)
        self.service = services.Service(together=16)
        config, prices = services.write_config(folder, self.service)
        os.chmod(config, 0o644)
        os.chmod(prices, 0o644)
        home = os.path.join(folder, "pg")
        os.mkdir(home)
        self.settings = [f"beluga.config_file = '{config}'", f"beluga.prices_file = '{prices}'",
                         "beluga.embedding_model = 'mock/any'", "shared_preload_libraries = 'beluga'",
                         "log_statement = 'all'"]
        self.db = clusters.Cluster(home, PG_CONFIG, MODULE, LIBRARY, SOURCES, settings=self.settings)
        self.db.ask("CREATE EXTENSION beluga", "CREATE ROLE guest LOGIN", "CREATE ROLE writer LOGIN",
                    "GRANT EXECUTE ON FUNCTION llm(text, text, jsonb) TO writer",
                    "GRANT EXECUTE ON FUNCTION llm_usage() TO writer",
                    "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'",
                    "CREATE DATABASE bytes ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
        self.db.ask("CREATE EXTENSION beluga", database="latin")
        self.db.ask("CREATE EXTENSION beluga", database="bytes")

    def cancelled(self, query, how):
        """Run a query that hangs, end it by `how`, and return what psql printed: the service saw the connection end."""
        process = self.db.begin(query)
        self.service.wait_asked()
        how(process)
        self.service.wait_closed()
        return process.communicate(timeout=60)[0]

    def end_backend(self, function):
        return lambda process: self.db.ask(f"SELECT {function}(pid) FROM ({WAITING}) AS w")


def cases(stand):
    db, service = stand.db, stand.service

    def answers():
        """llm answers, with the default model and with one that is named"""
        assert db.ask("SELECT llm('hello')") == "hello"
        assert db.ask("SELECT llm('hello', 'mock/echo')") == "hello"
        assert db.ask("SELECT llm('häßlich €')") == "häßlich €"

    def nulls():
        """NULL in gives NULL, and asks nobody"""
        before = len(service.requests)
        assert db.ask("SELECT llm(NULL) IS NULL, llm_json(NULL, '{}') IS NULL, embed(NULL) IS NULL") == "t|t|t"
        assert db.ask("SELECT count(*) FROM llm_stream(NULL)") == "0"
        assert db.ask("SELECT count(*) FROM llm_many(NULL)") == "0"
        assert len(service.requests) == before

    def options():
        """options reach the request, and so does the system text of an alias"""
        db.ask("""SELECT llm('hi', NULL, '{"temperature": 0.5, "max_tokens": 7, "system": "Be kind.", "seed": 3}')""")
        sent = service.requests[-1]
        assert sent["temperature"] == 0.5 and sent["seed"] == 3 and 7 in sent.values(), sent
        assert sent["messages"][0]["content"] == "Be kind.", sent
        db.ask("SELECT llm('hi', 'brief')")
        assert service.requests[-1]["messages"][0]["content"] == "Be brief."
        db.ask("SET beluga.temperature = 0.25", "SET beluga.max_tokens = 9", "SELECT llm('hi')")
        assert service.requests[-1]["temperature"] == 0.25 and 9 in service.requests[-1].values()

    def forbidden_options():
        """addresses, keys, headers and bodies can't be set from SQL"""
        for name in ("base_url", "api_key", "extra_headers", "extra_body", "proxy", "fallback", "model_name", "unix_socket"):
            assert "can't be set from SQL" in db.fault(f"""SELECT llm('hi', NULL, '{{"{name}": "x"}}')"""), name

    def streams():
        """llm_stream gives each piece as it comes, before the next is there"""
        service.step.clear()
        process = subprocess.Popen(db.arguments("-v", "FETCH_COUNT=1"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True)
        process.stdin.write("SELECT llm_stream('steps');\n")
        process.stdin.flush()
        assert process.stdout.read(3) == "one"  # psql ends a line when the next one begins
        service.step.set()
        process.stdin.close()
        assert process.stdout.read() == "\ntwo\n"
        process.wait(60)

    def stops_early():
        """a stream that is not read to its end closes its connection"""
        assert db.ask("SELECT llm_stream('half') LIMIT 1", "SELECT calls, failed FROM llm_usage()") == "half\n1|0"
        service.wait_asked()
        service.wait_closed()
        assert db.ask("SELECT (llm_many(ARRAY['a', 'hang'])).answer LIMIT 1") == "a"
        service.wait_closed()
        service.wait_asked()
        assert db.ask("BEGIN", "DECLARE c CURSOR FOR SELECT llm_stream('half')", "FETCH 1 FROM c", "CLOSE c",
                      "SELECT llm('on')", "COMMIT") == "half\non"
        service.wait_closed()
        service.wait_asked()

    def cancels():
        """pg_cancel_backend ends a call at once"""
        for query in ("SELECT llm('hang')", "SELECT llm_stream('hang')", "SELECT * FROM llm_many(ARRAY['hang'])",
                      "SELECT llm_stream('half')", "SELECT llm('flood')", "SELECT count(*) FROM llm_stream('flood')"):
            printed = stand.cancelled(query + " -- hang", stand.end_backend("pg_cancel_backend"))
            assert "canceling statement due to user request" in printed, printed

    def ctrl_c():
        """Ctrl-C in psql ends a call at once"""
        printed = stand.cancelled("SELECT llm('hang')", lambda process: process.send_signal(signal.SIGINT))
        assert "canceling statement due to user request" in printed, printed

    def statement_timeout():
        """statement_timeout ends a call"""
        # On a loaded machine, the first call of a session takes long; only a call that was sent can be seen to end.
        fault = db.fault("SELECT llm('first')", "SET statement_timeout = '2s'", "SELECT llm('hang')")
        assert "statement timeout" in fault, fault
        service.wait_closed()
        service.wait_asked()

    def own_timeout():
        """beluga.timeout ends a call"""
        fault = db.fault("SELECT llm('first')", "SET beluga.timeout = '2s'", "SELECT llm('hang')")
        assert "timeout" in fault, fault
        service.wait_closed()
        service.wait_asked()

    def terminates():
        """a backend that is ended in a call leaves the server as it was"""
        printed = stand.cancelled("SELECT llm('hang')", stand.end_backend("pg_terminate_backend"))
        assert "terminating connection" in printed, printed
        assert db.ask("SELECT llm('still there')") == "still there"

    def after_cancel():
        """the session of a call that was cancelled goes on, in a transaction with a savepoint, too"""
        printed = db.psql("SELECT llm('first')", "BEGIN", "SAVEPOINT s", "SET LOCAL statement_timeout = '2s'",
                          "SELECT llm('hang')", "ROLLBACK TO s", "SELECT llm('on')", "COMMIT", check=False)
        assert printed.stdout.strip() == "first\non", printed
        service.wait_closed()
        service.wait_asked()

    def many():
        """llm_many gives an answer or an error for each row, and NULL for NULL"""
        rows = db.ask("SELECT ord, answer, error LIKE '%invalid_request%' FROM llm_many(ARRAY['a', NULL, 'refuse', 'd']) "
                      "ORDER BY ord").split("\n")
        assert rows == ["1|a|", "2||", "3||t", "4|d|"], rows
        assert db.ask("SELECT count(*) FROM llm_many(ARRAY[]::text[])") == "0"
        assert db.ask("SELECT count(*), count(answer), count(error) FROM llm_many(ARRAY[NULL, NULL])") == "2|0|0"

    def at_once():
        """sixteen calls of one backend are under way at once"""
        query = "SELECT count(answer) FROM llm_many(ARRAY(SELECT 'wait' || i FROM generate_series(1, 32) AS i))"
        assert db.ask("SET beluga.concurrency = 16", query) == "32"

    def thousand():
        """a thousand rows of a table are answered, each by its own text"""
        query = ("SELECT count(*) FROM llm_many(ARRAY(SELECT 'row ' || i FROM generate_series(1, 1000) AS i)) AS m "
                 "WHERE answer = 'row ' || ord")
        assert db.ask("SET beluga.concurrency = 32", query) == "1000"
        assert db.ask("SELECT count(*) FROM (SELECT llm('row ' || i) AS a, i FROM generate_series(1, 100) AS i) AS t "
                      "WHERE a = 'row ' || i") == "100"

    def schema():
        """llm_json gives JSON that fits its schema, or an error"""
        prompt = json.dumps({"a": 1})
        wanted = '{"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}'
        assert db.ask(f"SELECT llm_json('{prompt}', '{wanted}')->'a'") == "1"
        assert service.requests[-1]["response_format"]["type"] == "json_schema"
        other = '{"type": "object", "required": ["b"]}'
        assert "invalid_response" in db.fault(f"SELECT llm_json('{prompt}', '{other}')")

    def vectors():
        """embed gives reals, and embed_many those of many texts"""
        assert db.ask("""SELECT array_length(embed('a whale', NULL, '{"dimensions": 8}'), 1)""") == "8"
        rows = db.ask("SELECT m.ord, m.embedding = embed(t.t) FROM embed_many(ARRAY['a', NULL, 'b']) AS m "
                      "JOIN unnest(ARRAY['a', NULL, 'b']) WITH ORDINALITY AS t(t, o) ON o = ord ORDER BY ord")
        assert rows == "1|t\n3|t", rows

    def refused():
        """an answer of another code is an error of SQL, with its class and its words"""
        fault = db.fault("SELECT llm('refuse')")
        assert "38000" in fault and "invalid_request" in fault and "HTTP 400" in fault, fault

    def in_mid_answer():
        """a server that goes down in mid-answer is an error, and half an answer is no answer"""
        for query in ("SELECT llm('cut')", "SELECT string_agg(p, '') FROM llm_stream('cut') AS p"):
            done = db.psql(query, check=False)
            assert "ERROR" in done.stderr and "half" not in done.stdout, done

    def gone():
        """a server that is not there is an error of the class of connections"""
        assert "08006" in db.fault("SELECT llm('hi', 'gone')")

    def redirects():
        """a redirect is not followed"""
        before = len(service.requests)
        db.fault("SELECT llm('away')")
        assert len(service.requests) == before + 1

    def nul():
        """an answer with a NUL byte is an error that says so"""
        assert "NUL byte" in db.fault("SELECT llm('nul')")
        assert "NUL byte" in db.ask("SELECT error FROM llm_many(ARRAY['nul'])")

    def latin():
        """texts are converted for a database in LATIN1, and what it lacks is an error"""
        assert db.ask("SET client_encoding = 'UTF8'", "SELECT llm('umlaut') = 'häßlich', octet_length(llm('umlaut'))",
                      database="latin") == "t|7"
        assert "22P05" in db.fault("SELECT llm('euro')", database="latin")
        rows = db.ask("SET client_encoding = 'UTF8'",
                      "SELECT ord, answer, error IS NULL FROM llm_many(ARRAY['euro', 'umlaut']) ORDER BY ord",
                      database="latin")
        assert rows == "1||f\n2|häßlich|t", rows
        db.ask("SET client_encoding = 'UTF8'", "SELECT llm('grün')", database="latin")
        assert service.requests[-1]["messages"][-1]["content"] == "grün"

    def ascii_bytes():
        """a database without an encoding gets the bytes of UTF-8"""
        assert db.ask("SELECT octet_length(llm('euro'))", database="bytes") == str(len("5 € und ☃".encode()))

    def longest():
        """an answer that is longer than the administrator allows is an error, in pieces, of the mock and in rows"""
        limit = "SET beluga.max_answer_size = '2kB'"
        for query in ("SELECT llm('long')", "SELECT string_agg(p, '') FROM llm_stream('long') AS p",
                      "SELECT llm(repeat('y', 2049), 'mock/echo')",
                      "SELECT string_agg(p, '') FROM llm_stream(repeat('y', 2049), 'mock/echo') AS p"):
            told = db.fault(limit, query)
            assert "54000" in told and "beluga.max_answer_size" in told and "2048 bytes" in told, (query, told)
            assert "max_response_bytes" not in told, told
        for model in ("mock/echo", "small"):
            rows = db.ask(limit, "SELECT ord, answer, error LIKE '%beluga.max_answer_size%' "
                                 f"FROM llm_many(ARRAY[repeat('y', 2049), 'a'], '{model}') ORDER BY ord")
            assert rows == "1||t\n2|a|", rows
        assert db.ask(limit, "SELECT length(llm(repeat('y', 2048), 'mock/echo'))") == "2048"

    def hosts():
        """hosts that are not allowed are not asked, and users can't change which are"""
        fault = db.fault("SET beluga.allowed_hosts = 'api.example.com, *.example.org'", "SELECT llm('hi')")
        assert "42501" in fault and "may not be asked" in fault, fault
        port = service.port
        assert db.ask(f"SET beluga.allowed_hosts = '127.0.0.1:{port}'", "SELECT llm('hi')") == "hi"
        assert db.ask("SET beluga.allowed_hosts = '127.0.0.1'", "SELECT llm('hi')") == "hi"
        assert "42501" in db.fault(f"SET beluga.allowed_hosts = '127.0.0.1:{port + 1}'", "SELECT llm('hi')")
        fault = db.fault("SELECT llm('hi', 'ollama/any')")
        assert "not configured" in fault, fault
        for name in ("allowed_hosts", "config_file", "budget_calls", "budget_cost", "allowed_models", "prices_file"):
            assert "42501" in db.fault(f"SET beluga.{name} = '1'", user="writer"), name

    def models():
        """models that are not allowed are not asked"""
        assert "42501" in db.fault("SET beluga.allowed_models = 'mock/*, brief'", "SELECT llm('hi')")
        assert db.ask("SET beluga.allowed_models = 'mock/*, brief'", "SELECT llm('hi', 'brief')") == "hi"
        names = db.ask("SELECT name, meaning, kind FROM llm_models() ORDER BY name").split("\n")
        assert "here|openai|provider" in names and "small|here/small|alias" in names, names

    def budgets():
        """a budget of calls, tokens or money is an end"""
        fault = db.fault("SET beluga.budget_calls = 2", "SELECT llm('a'), llm('b')", "SELECT llm('c')")
        assert "53400" in fault and "budget_calls" in fault, fault
        fault = db.fault("SET beluga.budget_tokens = 20", "SELECT llm('a'), llm('b')", "SELECT llm('c')")
        assert "budget_tokens" in fault, fault
        # each call costs $6
        query = "SELECT llm('a', NULL, '{\"max_tokens\": 5}')"
        fault = db.fault("SET beluga.budget_cost = 13", query, query, query)
        assert "budget_exceeded" in fault, fault
        rows = db.ask("SET beluga.budget_calls = 3",
                      "SELECT count(answer), count(*) FILTER (WHERE error LIKE 'budget_exceeded%') "
                      "FROM llm_many(ARRAY['1', NULL, '2', '3', '4', NULL, '5'])")
        assert rows == "3|2", rows

    def usage():
        """llm_usage adds up calls, tokens and money of the session"""
        row = db.ask("SELECT llm('a')", "SELECT llm('b')", "SELECT * FROM llm_usage()").split("\n")[-1]
        assert row == "2|0|20|10|12|t", row

    def rights():
        """nobody may call it who was not granted that"""
        assert "42501" in db.fault("SELECT llm('hi')", user="guest")
        assert "42501" in db.fault("SET ROLE guest", "SELECT llm('hi')")
        assert db.ask("SELECT llm('hi')", user="writer") == "hi"
        assert "42501" in db.fault("SELECT llm_stream('hi')", user="writer")

    def keys():
        """a key is in no error, no log and no setting that a user sees"""
        db.fault("SELECT llm('refuse')")
        db.fault("SELECT llm('hi', 'gone')")
        assert any(services.KEY.encode() in head for head in service.heads), "the key was never sent"
        with open(db.log, "rb") as log:
            assert services.KEY.encode() not in log.read()
        assert "42501" in db.fault("SHOW beluga.config_file", user="writer")

    def no_model():
        """the error for no model at all says where to name one"""
        fault = db.fault("SET beluga.config_file = ''", "SELECT llm('hi')")
        assert "F0000" in fault and "beluga.model" in fault and "configuration file" in fault, fault
        fault = db.fault("SET beluga.config_file = ''", "SET beluga.embedding_model = ''", "SELECT embed('hi')")
        assert "beluga.embedding_model" in fault, fault
        assert db.ask("SET beluga.config_file = ''", "SET beluga.model = 'mock/echo'", "SELECT llm('hi')") == "hi"

    def file_changes():
        """a configuration file that was changed holds from the next statement on"""
        with open(os.path.join(os.path.dirname(db.folder), "config.yaml"), "a") as file:
            process = subprocess.Popen(db.arguments(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, text=True)
            process.stdin.write("SELECT llm('hi', 'later');\n")
            process.stdin.flush()
            assert "later" in process.stdout.readline()
            file.write("  later: {model: here/small}\n")
            file.flush()
            printed = process.communicate("SELECT llm('hi', 'later');\n", timeout=60)[0]
        assert printed.strip().split("\n")[-1] == "hi", printed

    def bad_files():
        """a file of prices or a configuration that can't be read is an error with its name, and no crash"""
        for setting in ("prices_file", "config_file"):
            for path in ("/nowhere/nothing.yaml", db.folder, "/etc/passwd"):
                change = f"SET beluga.{setting} = '{path}'"
                assert path in db.fault("SELECT llm('a', 'mock/echo')", change, "SELECT llm('b', 'mock/echo')"), path
                assert path in db.fault(change, "SELECT count(*) FROM llm_many(ARRAY['a'], 'mock/echo')"), path

    def no_threads():
        """a backend that asks has no thread beside its own when the call is over"""
        process = db.begin("SELECT llm('hi')", "SELECT llm('hang')")
        service.wait_asked()
        backend = db.ask(WAITING)
        threads = os.listdir(f"/proc/{backend}/task")
        db.ask(f"SELECT pg_cancel_backend({backend})")
        service.wait_closed()
        process.communicate(timeout=60)
        assert len(threads) == 1, threads

    def threads_block_signals():
        """a thread that fetches a key blocks all signals, and keeps no query from its end"""
        process = db.begin("SELECT llm('hi', 'slow_key') -- hang")
        backend, threads = "", []
        while len(threads) < 2:
            assert process.poll() is None, process.stdout.read()
            backend = db.ask(WAITING)
            threads = os.listdir(f"/proc/{backend}/task") if backend else []
        for thread in threads:
            with open(f"/proc/{backend}/task/{thread}/status") as file:
                masks = dict(line.split() for line in file if line.startswith("SigBlk"))
            # all but KILL, STOP, and the two that the C library keeps for itself
            blocked = int(masks["SigBlk:"], 16) | 1 << 8 | 1 << 18 | 3 << 31
            assert thread == backend or blocked == (1 << 64) - 1, (thread, masks)
        db.ask(f"SELECT pg_cancel_backend({backend})")
        assert "user request" in process.communicate(timeout=60)[0]

    def plpgsql():
        """an error is caught by a block of PL/pgSQL, which asks on"""
        code = ("DO $$ DECLARE n int := 0; BEGIN FOR i IN 1..50 LOOP BEGIN PERFORM llm('refuse'); EXCEPTION WHEN OTHERS "
                "THEN n := n + 1; END; END LOOP; RAISE EXCEPTION 'caught % and %', n, llm('good'); END $$")
        assert "caught 50 and good" in db.fault(code)

    def memory():
        """memory is flat over ten thousand calls"""
        process = subprocess.Popen(db.arguments(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

        def say(query):
            process.stdin.write(query + ";\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        def resident():
            with open(f"/proc/{say('SELECT pg_backend_pid()')}/status") as file:
                return int(next(line for line in file if line.startswith("VmRSS")).split()[1])

        calls = "SELECT count(llm('call ' || i, 'mock/echo')) FROM generate_series(1, {}) AS i"
        failures = ("SELECT count(error) FROM llm_many(ARRAY(SELECT 'refuse' FROM generate_series(1, {})))")
        context = "SELECT sum(total_bytes) FROM pg_backend_memory_contexts"
        assert say(calls.format(1000)) == "1000" and say(failures.format(100)) == "100"
        before, contexts = resident(), int(say(context))
        assert say(calls.format(10000)) == "10000" and say(failures.format(500)) == "500"
        after, contexts_after = resident(), int(say(context))
        process.stdin.close()
        process.wait(60)
        print(f"# resident: {before} KiB, after 10,500 calls {after} KiB; contexts: {contexts}, {contexts_after} bytes")
        assert after - before < 2048, (before, after)
        assert contexts_after - contexts < 65536, (contexts, contexts_after)

    def peer():
        """beluga-peer, too, is asked a thousand times at once"""
        config = os.path.join(os.path.dirname(db.folder), "config.yaml")
        process = subprocess.Popen([PEER, "--mode", "chat", "--port", "0", "--tokens", "5"], stdout=subprocess.PIPE,
                                   text=True)
        try:
            line = process.stdout.readline()
            port = [word for word in line.replace("/", ":").split(":") if word.strip().isdigit()][-1].strip()
            with open(config, "a") as file:
                file.write(f"  peer: {{model: openai/any, base_url: \"http://127.0.0.1:{port}/v1\", api_key: none}}\n")
            query = ("SELECT count(answer) FROM llm_many(ARRAY(SELECT 'row ' || i FROM generate_series(1, 1000) AS i), "
                     "'peer')")
            assert db.ask("SET beluga.concurrency = 64", query) == "1000"
        finally:
            process.terminate()
            process.wait()

    def guide():
        """the lines of the guide print what it says"""
        db.ask("CREATE DATABASE guide")
        with open(os.path.join(SOURCES, "..", "..", "docs", "guides", "databases.md"), encoding="utf-8") as file:
            blocks = re.findall(r"```(sh|text)\n(.*?)```", file.read().split("## PostgreSQL")[1], re.DOTALL)
        assert [kind for kind, _ in blocks] == ["sh", "text"], blocks
        environment = {**os.environ, "PGHOST": db.folder, "PGUSER": "admin", "PGDATABASE": "guide"}
        done = subprocess.run(["sh", "-e", "-c", blocks[0][1]], capture_output=True, text=True, env=environment)
        assert done.stdout == blocks[1][1], done

    return [guide, answers, nulls, options, forbidden_options, streams, stops_early, cancels, ctrl_c, statement_timeout,
            own_timeout, terminates, after_cancel, many, at_once, thousand, schema, vectors, refused, in_mid_answer, gone,
            redirects, nul, latin, ascii_bytes, longest, hosts, models, budgets, usage, rights, keys, no_model, file_changes, bad_files, no_threads,
            threads_block_signals,
            plpgsql, memory, peer]


def main():
    if os.environ.get("BELUGA_SANITIZER"):
        print("1..0 # SKIP PostgreSQL, which loads the extension, is built without the sanitizer")
        return 0
    reason = clusters.missing(PG_CONFIG)
    if reason:
        print(f"1..0 # SKIP {reason}")
        return 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        stand = Stand(folder)
        try:
            only = sys.argv[6:]
            return services.Tap().run([c for c in cases(stand) if not only or c.__name__ in only])
        finally:
            stand.db.close()
            stand.service.close()


sys.exit(main())
