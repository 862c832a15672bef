#!/usr/bin/env python3
"""The command against real servers. Run by with_servers.py; the argument is the program.

Prints TAP. Each test is a function whose name is the sentence it tests.
"""
import json
import os
import socket
import subprocess
import sys
import tempfile
import traceback

TIMEOUT_SECONDS = 300
EXIT_OK, EXIT_AUTHENTICATION, EXIT_RATE_LIMIT, EXIT_NETWORK, EXIT_RESPONSE = 0, 4, 5, 7, 8
TRIES = 20
ENDLESS = ["-o", 'extra_body={"ignore_eos": true}', "-o", "max_tokens=24"]
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}, "ok": {"type": "boolean"}},
          "required": ["name", "ok"], "additionalProperties": False}


class Skip(Exception):
    pass


def beluga(url, *arguments, key="any-key", say=""):
    """Run the command as a stranger would: nothing in its environment but where the server is."""
    environment = {"PATH": os.environ["PATH"], "OPENAI_BASE_URL": url, "OPENAI_API_KEY": key, "HOME": "/nonexistent"}
    environment.update({name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")})
    return subprocess.run([sys.argv[1], "-m", "openai/any", *arguments], input=say, env=environment,
                          capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)


def server(name):
    url = os.environ.get(f"BELUGA_{name}_URL")
    if not url:
        raise Skip(os.environ.get(f"BELUGA_{name}_MISSING", "run it with tests/real/with_servers.py"))
    return url


def llama(*arguments, key=None, say=""):
    return beluga(server("LLAMA"), *arguments, key=key or os.environ["BELUGA_LLAMA_KEY"], say=say)


def aimock(*arguments, say=""):
    return beluga(server("AIMOCK"), *arguments, say=say)


def expect_exit(status, result):
    assert result.returncode == status, f"exit {result.returncode}, not {status}: {result.stderr}"


def twelve_lines_of_yaml_make_a_provider_that_streams():
    text = f"""model: mine/fast
providers:
  mine:
    base: openai
    base_url: {server("LLAMA")}
    api_key: env:MINE_KEY
    headers:
      X-Team: env:MINE_TEAM
    body: {{ignore_eos: true, stream_options: {{include_usage: true}}}}
    models: {{fast: tiny}}
    max_tokens: 24
    temperature: 0.5
"""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "OPENAI_API_KEY": "not-for-this-server",
                   "MINE_KEY": os.environ["BELUGA_LLAMA_KEY"], "MINE_TEAM": "blue"}
    environment.update({name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")})

    def run(*arguments):
        return subprocess.run([sys.argv[1], *arguments], env=environment, capture_output=True, text=True,
                              timeout=TIMEOUT_SECONDS, check=False)
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        checked = run("config", "check", file.name)
        expect_exit(EXIT_OK, checked)
        assert not checked.stdout, checked.stdout
        streamed = run("--config", file.name, "-m", "mine/x", "-v", "hello")
        expect_exit(EXIT_OK, streamed)
        assert streamed.stdout.strip()
        assert streamed.stderr.count("< data: ") > 10, streamed.stderr
        assert os.environ["BELUGA_LLAMA_KEY"] not in streamed.stderr
        whole = run("--config", file.name, "--json", "hello")
        expect_exit(EXIT_OK, whole)
        assert json.loads(whole.stdout)["usage"]["output_total"] == 24
        listed = run("models", "mine", "--config", file.name)
        expect_exit(EXIT_OK, listed)
        assert listed.stdout.startswith("mine/"), listed.stdout


def standard_input_is_the_prompt_and_the_answer_is_streamed():
    result = llama(*ENDLESS, say="Say hello\n")
    expect_exit(EXIT_OK, result)
    assert result.stdout.strip()


def an_answer_cut_by_its_limit_is_a_success_with_a_note():
    result = llama(*ENDLESS, "Say hello")
    expect_exit(EXIT_OK, result)
    assert "limit" in result.stderr, result.stderr


def json_is_one_valid_object_with_usage():
    result = llama("--json", *ENDLESS, "Say hello")
    expect_exit(EXIT_OK, result)
    answer = json.loads(result.stdout)
    assert answer["complete"] is False  # its token limit cut it
    assert answer["finish_reason"] == "length"
    assert answer["usage"]["output_total"] == 24
    assert answer["usage"]["input_total"] > 0
    assert answer["text"]


def json_is_the_same_without_a_stream():
    result = llama("--json", "--no-stream", *ENDLESS, "Say hello")
    expect_exit(EXIT_OK, result)
    assert json.loads(result.stdout)["usage"]["output_total"] == 24


def a_schema_file_makes_the_answer_fit():
    with tempfile.NamedTemporaryFile("w", suffix=".json") as schema:
        json.dump(SCHEMA, schema)
        schema.flush()
        result = llama("--schema", schema.name, "-o", "max_tokens=1500", "Describe it")
    expect_exit(EXIT_OK, result)
    answer = json.loads(result.stdout)
    assert sorted(answer) == ["name", "ok"]
    assert isinstance(answer["ok"], bool)


def a_tool_of_the_command_line_is_called_and_the_model_answers():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "tools.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write("""tools:
  weather:
    description: Tell the weather of a city
    command: [sh, -c, 'echo "sunny in $(cat)"']
    parameters: city
    allow: always
""")
        os.chmod(path, 0o600)
        result = llama("--config", path, "-T", "weather", "-o", "tool_choice=required", "-o", "max_tokens=1500",
                       "--json", "What is the weather in Paris?")
    expect_exit(EXIT_OK, result)
    answer = json.loads(result.stdout)
    assert answer["tool_runs"]  # a small model may call more than once
    for run in answer["tool_runs"]:
        assert run["name"] == "weather" and isinstance(run["arguments"]["city"], str), run
        assert json.loads(run["result"].removeprefix("sunny in ")) == run["arguments"], run
    assert answer["finish_reason"] in ("stop", "length") and not answer["tool_calls"], answer
    assert "beluga: weather({" in result.stderr and "weather -> sunny in {" in result.stderr, result.stderr


def a_tool_of_an_mcp_server_is_called_and_the_model_answers():
    server_file = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "mcp", "server.py")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "servers.yaml")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"mcp_servers": {"srv": {"command": "python3", "args": [server_file], "allow": "always"}}}, file)
        os.chmod(path, 0o600)
        result = llama("--config", path, "-T", "srv.echo", "-o", "tool_choice=required", "-o", "max_tokens=1500",
                       "--json", "Say it again")
    expect_exit(EXIT_OK, result)
    answer = json.loads(result.stdout)
    assert answer["tool_runs"]
    for run in answer["tool_runs"]:
        assert (run["name"], run["result"]) == ("srv__echo", run["arguments"]["text"]), run
    assert answer["finish_reason"] in ("stop", "length") and not answer["tool_calls"], answer


def native(*arguments, key=None):
    """Ask the server by its own API, with the plug-in of plugins/llama.c."""
    url = server("LLAMA").removesuffix("/v1")
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent",
                   "LLAMA_API_KEY": key or os.environ["BELUGA_LLAMA_KEY"]}
    environment.update({name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")})
    return subprocess.run([sys.argv[1], "--plugin", sys.argv[2], "-m", "llama/any", "-o", "base_url=" + url, *arguments],
                          env=environment, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)


def a_plugin_speaks_the_native_api_of_llama():
    for more in ([], ["--no-stream"]):
        result = native("--json", *more, *ENDLESS, "-o", "llama.template=plain", "-o", "llama.min_p=0.01", "Say hello")
        expect_exit(EXIT_OK, result)
        answer = json.loads(result.stdout)
        assert answer["finish_reason"] == "length" and answer["raw_finish_reason"] == "limit"
        assert answer["usage"]["output_total"] == 24
        assert answer["usage"]["input_total"] > len("User: Say hello")  # a byte is nearly always a token
        assert answer["model"] == "tiny" and answer["text"] and not answer["warnings"], answer


def a_plugin_has_grammars_and_schemas_of_llama():
    result = native("-o", 'llama.grammar=root ::= "yes" | "no"', "Is it?")
    expect_exit(EXIT_OK, result)
    assert result.stdout in ("yes\n", "no\n"), result.stdout
    result = native("-o", "llama.grammar=root ::= (", "Is it?")
    assert "invalid_request" in result.stderr and "failed to parse grammar" in result.stderr, result.stderr
    with tempfile.NamedTemporaryFile("w", suffix=".json") as schema:
        json.dump(SCHEMA, schema)
        schema.flush()
        result = native("--schema", schema.name, "-o", "max_tokens=1500", "Describe it")
    expect_exit(EXIT_OK, result)
    assert sorted(json.loads(result.stdout)) == ["name", "ok"]


def a_plugin_tells_the_errors_of_llama():
    result = native("Say hello", key="not-the-key")
    expect_exit(EXIT_AUTHENTICATION, result)
    assert "Invalid API Key" in result.stderr, result.stderr
    result = native("x" * 5000)
    assert "context_length" in result.stderr, result.stderr


def a_refused_key_exits_4_and_is_not_shown():
    result = llama("Say hello", key="not-the-key")
    expect_exit(EXIT_AUTHENTICATION, result)
    assert result.stdout == ""
    assert "not-the-key" not in result.stderr


def a_dead_port_exits_7():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        result = beluga(f"http://127.0.0.1:{port}/v1", "-o", "max_retries=0", "Say hello")
    expect_exit(EXIT_NETWORK, result)
    assert result.stdout == ""


def usage_on_request_is_on_standard_error():
    result = llama("-u", *ENDLESS, "Say hello")
    expect_exit(EXIT_OK, result)
    assert "24" in result.stderr, result.stderr


def the_wire_is_shown_without_the_key():
    result = llama("-v", *ENDLESS, "Say hello")
    expect_exit(EXIT_OK, result)
    assert "chat/completions" in result.stderr, result.stderr
    assert os.environ["BELUGA_LLAMA_KEY"] not in result.stderr


def characters_of_several_bytes_come_out_whole():
    result = aimock("say hello")
    expect_exit(EXIT_OK, result)
    assert result.stdout.strip() == "Hello there, café ☃ 🚀!", result.stdout


def a_limit_that_lasts_exits_5():
    result = aimock("-o", "max_retries=0", "always limited")
    expect_exit(EXIT_RATE_LIMIT, result)


def a_stream_broken_off_exits_8_and_leaves_what_came():
    result = aimock("-o", "max_retries=0", "break off")
    expect_exit(EXIT_RESPONSE, result)
    assert result.stdout.startswith("This ans"), result.stdout


def read_all(folder):
    return "".join(open(os.path.join(folder, name), encoding="utf-8").read() for name in sorted(os.listdir(folder)))


def is_replayed(arguments, key):
    """Whether the server said something; what it said must come again."""
    with tempfile.TemporaryDirectory() as tape:
        live = llama("--record", tape, *arguments, f"Say {key}")
        expect_exit(EXIT_OK, live)
        kept = sorted(os.listdir(tape))  # one exchange, and the name of the model
        assert len(kept) == 2 and kept[0].endswith(".json") and kept[1] == "model", kept
        assert key not in read_all(tape)
        again = beluga("http://127.0.0.1:1/v1", "--replay", tape, *arguments, f"Say {key}", key=key)
        expect_exit(EXIT_OK, again)
        assert again.stdout == live.stdout, (live.stdout, again.stdout)
        return bool(live.stdout)


def what_three_protocols_said_is_replayed_without_the_server_and_without_its_key():
    key = os.environ.get("BELUGA_LLAMA_KEY", "")
    # Noise may end before it says anything, unless its end is ignored.
    responses = ["-m", "openai-responses/any", "-o", "max_tokens=24", "-o", 'extra_body={"ignore_eos":true}']
    anthropic = ["-m", "anthropic/any", "-o", "max_tokens=24", "-o", 'extra_body={"ignore_eos":true}', "-o", f"api_key={key}",
                 "-o", "base_url=" + server("LLAMA").removesuffix("/v1")]
    for arguments in ENDLESS, [*ENDLESS, "--no-stream"], responses, anthropic:
        # Anthropic's protocol has no word for that: noise that ended at once is asked for again.
        assert any(is_replayed(arguments, key) for _ in range(TRIES)), arguments


def a_stream_broken_off_is_replayed_as_one():
    with tempfile.TemporaryDirectory() as tape:
        live = aimock("--record", tape, "-o", "max_retries=0", "break off")
        again = beluga("http://127.0.0.1:1/v1", "--replay", tape, "-o", "max_retries=0", "break off", key="")
    expect_exit(EXIT_RESPONSE, again)
    assert (again.stdout, again.stderr) == (live.stdout, live.stderr), (live, again)


TESTS = [twelve_lines_of_yaml_make_a_provider_that_streams,
         standard_input_is_the_prompt_and_the_answer_is_streamed,
         an_answer_cut_by_its_limit_is_a_success_with_a_note,
         json_is_one_valid_object_with_usage,
         json_is_the_same_without_a_stream,
         a_schema_file_makes_the_answer_fit,
         a_tool_of_the_command_line_is_called_and_the_model_answers,
         a_tool_of_an_mcp_server_is_called_and_the_model_answers,
         a_plugin_speaks_the_native_api_of_llama,
         a_plugin_has_grammars_and_schemas_of_llama,
         a_plugin_tells_the_errors_of_llama,
         a_refused_key_exits_4_and_is_not_shown,
         a_dead_port_exits_7,
         usage_on_request_is_on_standard_error,
         the_wire_is_shown_without_the_key,
         characters_of_several_bytes_come_out_whole,
         a_limit_that_lasts_exits_5,
         a_stream_broken_off_exits_8_and_leaves_what_came,
         what_three_protocols_said_is_replayed_without_the_server_and_without_its_key,
         a_stream_broken_off_is_replayed_as_one]


def main():
    print(f"1..{len(TESTS)}", flush=True)
    failed = 0
    for number, test in enumerate(TESTS, 1):
        try:
            test()
            print(f"ok {number} - {test.__name__}")
        except Skip as reason:
            print(f"ok {number} - {test.__name__} # SKIP {reason}")
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print("".join(f"# {line}\n" for line in traceback.format_exc().splitlines()), end="")
            print(f"not ok {number} - {test.__name__}")
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
