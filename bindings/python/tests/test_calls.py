"""Answers, streams, options and errors, on the provider mock and on beluga-peer."""
import asyncio
import base64
import dataclasses
import enum
import json
import os
import pickle
import signal
import threading
import time
from datetime import timedelta
from typing import Any, List, Optional

import pytest

import libbeluga
from libbeluga import Message, Model, errors

PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")


@pytest.fixture
def mock():
    return Model("mock/echo")


def test_a_stream_arrives_word_by_word(mock):
    assert list(mock.stream("Hello from Python").text) == ["Hello ", "from ", "Python"]


def test_events_end_in_one_finish_and_fold_into_the_response(mock):
    stream = mock.stream("Hi", mock={"reasoning": "let me think"})
    kinds = [event.kind for event in stream]
    assert kinds[0] == "start" and kinds[-1] == "finish" and kinds.count("finish") == 1
    assert "reasoning" in kinds and "text" in kinds
    response = stream.response
    assert (response.text, response.reasoning, response.finish_reason) == ("Hi", "let me think", "stop")
    assert response.is_complete and response.duration >= response.time_to_first_content >= 0
    assert response.usage.input_tokens == 1 and response.provider == "mock" and response.model == "echo"


def test_the_response_of_a_stream_that_was_not_read_is_an_error(mock):
    with mock.stream("Hi") as stream:
        next(stream)
        with pytest.raises(errors.InvalidInputError):
            stream.response


@pytest.mark.parametrize("prompt", [
    "Hi", Message("user", "Hi"), {"role": "user", "content": "Hi"}, ["Hi"],
    [{"role": "system", "content": "Be short"}, {"role": "human", "content": [{"type": "text", "text": "Hi"}]}],
    [Message("system", "x"), Message("user", [libbeluga.Text("Hi", cache=True)])],
])
def test_every_form_of_input(mock, prompt):
    assert mock.generate(prompt).text == "Hi"


def test_a_response_goes_back_into_the_conversation(mock):
    first = mock.generate("one", mock={"tool_calls": [{"id": "c1", "name": "add", "arguments": {"a": 1}}]})
    assert first.finish_reason == "tool_calls"
    call, = first.tool_calls
    assert (call.id, call.name, call.input) == ("c1", "add", {"a": 1})
    conversation = ["one", first, {"role": "tool", "tool_call_id": "c1", "content": "2"}, "and now?"]
    assert mock.generate(conversation).text == "and now?"
    again = first.message
    assert again.role == "assistant" and again.tool_calls == [call]


def test_openai_shaped_messages(mock):
    conversation = [
        {"role": "user", "content": [{"type": "text", "text": "q"}, {"type": "image_url", "image_url": {"url": "https://x.example/a.png"}}]},
        {"role": "assistant", "content": None,
         "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}}]},
        {"role": "tool", "tool_call_id": "a", "content": "done", "is_error": True},
        {"role": "user", "content": "last"},
    ]
    assert mock.generate(conversation).text == "last"


def test_parts_round_trip_through_the_library():
    from libbeluga._messages import messages_of_c, new_messages

    reasoning = libbeluga.Reasoning("hm", "sig\u00e4")
    reasoning.state, reasoning.state_provider = '{"id":"r1"}', "openai-responses"
    parts = [libbeluga.Text("t"), libbeluga.Image(data=PIXEL, media_type="image/png"), libbeluga.Image("https://x.example/i.png"),
             libbeluga.Audio(data=b"RIFF", media_type="audio/wav"), libbeluga.File(data=b"%PDF", media_type="application/pdf", name="a.pdf"),
             reasoning, libbeluga.ToolCall("c", "n", '{"q":1}'), libbeluga.State('{"s":1}', "gemini"), libbeluga.Text("end", cache=3600)]
    back = messages_of_c(new_messages([Message("assistant", parts)]))[0]
    assert back.content == parts
    assert [part.state for part in back.content] == [part.state for part in parts]
    assert messages_of_c(new_messages([Message("tool", "r", "id1", True)])) == [Message("tool", "r", "id1", True)]


def test_errors_are_classes_with_facts(mock):
    with pytest.raises(errors.RateLimitError) as caught:
        mock.generate("Hi", mock={"error": "rate_limit"}, max_retries=0)
    error = caught.value
    assert isinstance(error, libbeluga.Error) and error.code == -4 and error.name == "rate_limit"
    assert error.retryable and error.attempts == 1 and error.provider == "mock" and error.model == "echo"
    assert "rate_limit" in str(error) and error.operation == "generate"
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error) and copy.__dict__ == error.__dict__


def test_what_arrived_before_a_failure_is_kept(mock):
    pieces = []
    with pytest.raises(errors.StreamClosedError) as caught:
        for piece in mock.stream("one two three", mock={"error": "stream_closed", "error_after_words": 2}, max_retries=0).text:
            pieces.append(piece)
    assert "".join(pieces) == "one two " and caught.value.partial.text == "one two "
    assert not caught.value.partial.is_complete


@pytest.mark.parametrize("base, kind", [
    (ValueError, errors.InvalidInputError), (TimeoutError, errors.TimeoutError), (TimeoutError, errors.StreamTimeoutError),
    (ConnectionError, errors.NetworkError), (MemoryError, errors.NoMemoryError)])
def test_errors_are_also_what_python_calls_them(base, kind):
    assert issubclass(kind, base) and issubclass(kind, libbeluga.Error)


def test_options_of_all_types():
    model = Model("mock/echo", temperature=0.5, max_tokens=10, stop=["END"], timeout=2.5, retry_delay="200ms", seed=7,
                  reasoning_effort="low", parallel_tool_calls=False)
    assert model.generate("Hi", temperature=1).text == "Hi"
    assert repr(model) == "Model('mock/echo')" and (model.name, model.provider) == ("echo", "mock")


def test_options_reach_the_wire(serve):
    server = serve(lambda path, body: (200, {"Content-Type": "application/json"}, [
        b'{"choices":[{"message":{"content":"ok"},"finish_reason":"stop"}]}']))
    model = Model("openai/x", base_url=server.url, headers={"X-Team": "blue"}, extra_body={"a": [1]}, temperature=0.5, stop=["END"])
    model.generate("Hi", max_tokens=7, response_schema={"type": "object"}, extra_headers=["X-Call: 1"])
    _, headers, body = server.requests[0]
    sent = json.loads(body)
    assert (headers["X-Team"], headers["X-Call"]) == ("blue", "1")
    assert (sent["a"], sent["temperature"], sent["stop"]) == ([1], 0.5, ["END"]) and "json_schema" in body.decode()


@pytest.mark.parametrize("options, words", [
    ({"temperature": 5}, "temperature"), ({"temperature": "warm"}, "temperature"), ({"temperture": 1}, "temperature"),
    ({"max_tokens": 1.5}, "max_tokens"), ({"max_tokens": 10 ** 30}, "max_tokens"), ({"timeout": True}, "timeout"),
    ({"user": "a\0b"}, "NUL"), ({"mock": {"nonsense": 1}}, "mock.nonsense"), ({"json_mode": "perhaps"}, "json_mode")])
def test_bad_options_say_what_is_wrong(mock, options, words):
    with pytest.raises(libbeluga.Error) as caught:
        mock.generate("Hi", **options)
    assert words in str(caught.value)


def test_bad_references():
    with pytest.raises(errors.UnsupportedProviderError, match="nobody"):
        Model("nobody/x")
    with pytest.raises(errors.AuthenticationError, match="OPENAI_API_KEY"):
        Model("openai/gpt-5-mini")
    with pytest.raises(TypeError):
        Model(7)


def test_a_configuration_file(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("model: fast\nmodels:\n  fast: {model: mock/echo, mock.responses: from a file}\n")
    assert Model(config=path).generate("Hi").text == "from a file"
    assert Model("fast", config=[str(path)]).generate("Hi").text == "from a file"
    with pytest.raises(errors.NotFoundError):
        Model("fast", config=tmp_path / "none.yaml")


def test_a_path_that_is_no_utf_8(tmp_path, mock):
    path = os.fsencode(tmp_path) + b"/\xff.yaml"
    with open(path, "w") as file:
        file.write("models: {a: {model: mock/echo}}")
    assert Model("a", config=os.fsdecode(path)).generate("Hi").text == "Hi"
    os.rename(path, path[:-4] + b"txt")
    with pytest.raises(errors.InvalidInputError, match="name"):  # the file was read, but its name can't be sent
        mock.generate([Message("user", [libbeluga.FilePath(os.fsdecode(path[:-4] + b"txt"))])])


@dataclasses.dataclass
class Day:
    """A day.

    Args:
        name: such as Monday
    """

    class Kind(enum.Enum):
        WORK = "work"
        FREE = "free"

    name: str
    kind: Kind
    hours: Optional[float] = None


@dataclasses.dataclass
class Week:
    days: List[Day]


def test_structured_output(mock):
    said = json.dumps({"days": [{"name": "Sunday", "kind": "free", "hours": 0}]})
    response = mock.generate("?", response_schema=Week, mock={"responses": said})
    assert response.parse() == Week([Day("Sunday", Day.Kind.FREE, 0.0)])
    assert mock.generate("?", mock={"responses": said}).parse() == json.loads(said)
    wrong = mock.generate("?", response_schema=Week, mock={"responses": '{"days": [{"name": 7}]}'})
    with pytest.raises(errors.InvalidResponseError, match="days"):
        wrong.parse()
    with pytest.raises(errors.MalformedResponseError):
        mock.generate("Hi", response_schema=Week).parse()


def test_batch_keeps_the_order(mock):
    answers = mock.batch((f"prompt {i}" for i in range(50)), max_concurrent_batches=7)
    assert [a.text for a in answers] == [f"prompt {i}" for i in range(50)]
    assert mock.batch([]) == []


def test_batch_with_errors(mock):
    flaky = Model("mock/echo", mock={"error": "invalid_request", "error_count": 1}, max_retries=0)
    got = flaky.batch(["a", "b"], return_errors=True)
    assert sum(isinstance(g, errors.InvalidRequestError) for g in got) == 1
    flaky = Model("mock/echo", mock={"error": "invalid_request", "error_count": 1}, max_retries=0)
    with pytest.raises(errors.InvalidRequestError):
        flaky.batch(["a", "b"])
    with pytest.raises(errors.InvalidInputError):
        mock.batch([{"role": "nobody"}])

    def broken():
        yield "a"
        raise KeyError("source")

    with pytest.raises(KeyError):
        mock.batch(broken())


def test_embed_and_count(mock):
    vectors = mock.embed(["a whale", "a bicycle"], dimensions=8)
    assert len(vectors) == 2 and all(len(v) == 8 for v in vectors)
    assert vectors[0] != vectors[1] and vectors.provider == "mock"
    assert len(mock.embed("one text")) == 1
    assert mock.count_tokens("one two three").tokens > 0
    with pytest.raises(errors.InvalidInputError):
        mock.embed([])


def test_health(mock):
    assert mock.check_health().state == "healthy"
    with pytest.raises(errors.NotSupportedError):
        mock.list_models()


def test_models_and_health_of_a_server(peer):
    model = Model("openai/peer-chat", base_url=peer)
    assert "peer-chat" in [info.name for info in model.list_models()]
    health = model.check_health(probe=True, deadline=60)
    assert health.probed and health.state == "healthy" and health.error is None
    dead = Model("openai/x", base_url="http://127.0.0.1:9/v1", max_retries=0)
    sick = dead.check_health(probe=True)
    assert sick.state == "unhealthy" and isinstance(sick.error, errors.NetworkError)


def test_an_answer_over_http(peer):
    model = Model("openai/plain", base_url=peer)
    stream = model.stream("Hello")
    text = "".join(stream.text)
    assert text and stream.response.text == text and stream.response.finish_reason == "stop"
    assert model.generate("Hello").text


@pytest.mark.parametrize("fault", [f"s{n:02}" for n in range(1, 17)])
def test_every_fault_ends_as_an_error_or_an_answer(peer, fault):
    """No fault may make a call hang, crash or return a cut answer. tests/faults checks the exact result of each fault."""
    model = Model(f"openai/{fault}", base_url=peer, timeout=1, total_timeout=3, max_retries=0)
    for ask in (lambda: model.generate("Hello"), lambda: list(model.stream("Hello")),
                lambda: asyncio.run(model.agenerate("Hello"))):
        try:
            ask()
        except libbeluga.Error as error:
            assert error.code < 0 and error.message


def test_a_deadline_ends_a_call(mock):
    with pytest.raises(errors.ContextTimeoutError):
        mock.generate("Hi", mock={"latency_ms": 5000}, deadline=0.05)
    with pytest.raises(errors.TimeoutError):
        mock.generate("Hi", mock={"latency_ms": 5000}, timeout=0.05, max_retries=0)


def test_control_c_ends_a_blocking_call(mock):
    """Control-C interrupts a call while the library waits. The call has ended when KeyboardInterrupt is raised."""
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        mock.generate("Hi", mock={"latency_ms": 60000}, timeout="2m")
    timer.join()
    assert mock.generate("Hi").text == "Hi"


def test_a_stream_that_is_closed_early_leaves_a_loop_that_works(mock):
    for _ in range(3):
        with mock.stream("a b c d e f", mock={"word_delay_ms": 5}) as stream:
            next(iter(stream.text))
        assert list(stream) == []
        assert mock.generate("Hi").text == "Hi"


def test_a_dropped_stream(mock):
    stream = mock.stream("a b c d e f", mock={"word_delay_ms": 50})
    next(stream)
    del stream
    assert mock.generate("Hi").text == "Hi"


def test_threads_share_a_model(mock):
    failed = []

    def work(n):
        for i in range(30):
            if mock.generate(f"{n} {i}").text != f"{n} {i}":
                failed.append((n, i))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


@pytest.mark.parametrize("text", ["\ud800 lone", "NUL \0 inside", "\U0001f433" * 1000, "x" * 5_000_000, "\u202e\x1b[31m"])
def test_hostile_prompts(mock, text):
    if "\ud800" in text:
        with pytest.raises(errors.InvalidInputError, match="UTF-8"):
            mock.generate(text)
        return
    assert mock.generate(text).text == text


@pytest.mark.parametrize("bad", [None, 7, b"bytes", [None], [{"role": "user", "content": 5}], {"content": "x"}, object()])
def test_inputs_that_are_none(mock, bad):
    with pytest.raises((errors.InvalidInputError, TypeError)):
        mock.generate(bad)


def test_hostile_answers(serve):
    """An answer that is not UTF-8, not JSON or far too long is an error, and never a crash."""
    answers = {
        "bytes": b'data: {"choices":[{"delta":{"content":"\xff\xfe"}}]}\n\n',
        "json": b"data: {nothing\n\n",
        "surrogate": b'data: {"choices":[{"delta":{"content":"\\ud800"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
        "long": b"data: " + b"x" * 3_000_000 + b"\n\n",
    }
    server = serve(lambda path, body: (200, {"Content-Type": "text/event-stream"}, [answers[json.loads(body)["model"]]]))
    for name in answers:
        model = Model(f"openai/{name}", base_url=server.url, max_retries=0, max_event_bytes=100_000)
        try:
            list(model.stream("Hi"))
        except libbeluga.Error as error:
            assert error.message
        else:
            assert name == "surrogate"


def test_an_error_of_a_server_has_all_it_said(serve):
    server = serve(lambda path, body: (429, {"Content-Type": "application/json", "retry-after": "7", "x-request-id": "req-1"}, [
        b'{"error":{"message":"slow down","type":"rate_limit_error","code":"too_fast"}}']))
    with pytest.raises(errors.RateLimitError) as caught:
        Model("openai/x", base_url=server.url, max_retries=0).generate("Hi")
    error = caught.value
    assert (error.status, error.retry_after, error.request_id, error.provider_code) == (429, 7.0, "req-1", "too_fast")
    assert "slow down" in str(error)


def test_a_key_from_a_function(serve):
    server = serve(lambda path, body: (200, {"Content-Type": "application/json"}, [
        b'{"choices":[{"message":{"content":"ok"},"finish_reason":"stop"}]}']))
    asked = []

    def key():
        asked.append(1)
        return "secret-key", time.time() + 3600

    model = Model("openai/x", base_url=server.url, api_key=key)
    assert [model.generate("Hi").text for _ in range(2)] == ["ok", "ok"] and len(asked) == 1
    assert server.requests[0][1]["Authorization"] == "Bearer secret-key"

    def none():
        raise RuntimeError("the vault is shut")

    with pytest.raises(errors.AuthenticationError, match="the vault is shut"):
        Model("openai/x", base_url=server.url, api_key=none).generate("Hi")


def test_record_and_replay(tmp_path, serve):
    server = serve(lambda path, body: (200, {"Content-Type": "application/json"}, [
        b'{"choices":[{"message":{"content":"recorded"},"finish_reason":"stop"}]}']))
    model = Model("openai/x", base_url=server.url)
    try:
        libbeluga.record(tmp_path / "cassette")
        assert model.generate("Hi").text == "recorded" and libbeluga.cassette_problem() is None
        libbeluga.replay(tmp_path / "cassette")
        assert model.generate("Hi").text == "recorded" and len(server.requests) == 1
        with pytest.raises(errors.NotFoundError):
            model.generate("something else", max_retries=0)
    finally:
        libbeluga.stop_cassette()


def test_the_log(caplog, mock):
    libbeluga.log_to("libbeluga")
    try:
        with caplog.at_level("INFO", "libbeluga"):
            mock.generate("Hi")
    finally:
        libbeluga.log_to(None)
    records = [r for r in caplog.records if r.name == "libbeluga"]
    assert records and any(r.fields.get("provider") == "mock" for r in records)


def test_telemetry_into_a_file(tmp_path, mock):
    telemetry = libbeluga.telemetry({"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}, file=tmp_path / "traces.json")
    Model("mock/echo").generate("Hi")
    telemetry.shutdown()
    assert "mock" in (tmp_path / "traces.json").read_text()


def test_the_registry():
    names = libbeluga.list_providers()
    assert names == sorted(names) and {"anthropic", "mock", "openai"} <= set(names)
    with pytest.raises(errors.NotFoundError):
        libbeluga.load_plugin("/nowhere/plugin.so")
    assert libbeluga.__version__ == libbeluga.version()


def test_a_real_server(llama):
    model = Model("openai/tiny", base_url=llama, max_retries=0, timeout="1m")
    end = time.monotonic() + 120
    while True:
        try:
            stream = model.stream("Hello", max_tokens=8)
            text = "".join(stream.text)
            break
        except (errors.NetworkError, errors.ModelNotAvailableError):  # the server is still loading its model
            assert time.monotonic() < end
            time.sleep(0.3)
    # The model's text is random, and may be empty.
    assert stream.response.text == text and stream.response.usage.output_tokens > 0
    assert asyncio.run(model.agenerate("Hello", max_tokens=4)).usage.output_tokens > 0


def test_a_budget_knows_prices():
    model = Model("openai/gpt-5-mini", api_key="k", budget=0.0001)
    with pytest.raises(errors.BudgetExceededError):
        model.generate("x" * 100_000)


def test_a_batch_is_a_list(mock):
    for thing in ("abc", {"role": "user", "content": "x"}, Message("user", "x"), mock.generate("x"), b"ab", None, 5):
        with pytest.raises(errors.InvalidInputError, match="a batch is a list of prompts"):
            mock.batch(thing)
        with pytest.raises(errors.InvalidInputError, match="a batch is a list of prompts"):
            asyncio.run(mock.abatch(thing))


def test_a_prompt_that_can_not_be_sent_is_an_error_in_its_place(mock):
    prompts = ["a", None, "b", "\ud800", [], [object()], {"role": "zork"}, "c"]
    for answers in (mock.batch(prompts, return_errors=True), asyncio.run(mock.abatch(prompts, return_errors=True))):
        assert [a.text for a in answers if not isinstance(a, Exception)] == ["a", "b", "c"]
        assert all(isinstance(answers[i], errors.InvalidInputError) for i in (1, 3, 4, 5, 6))
    with pytest.raises(errors.InvalidInputError, match="not NoneType"):
        mock.batch(prompts)


@pytest.mark.parametrize("ask, words", [
    (lambda m: m.generate(None), "a prompt is a str.*not NoneType"), (lambda m: m.generate(b"abc"), "a prompt is a str.*not bytes"),
    (lambda m: m.count_tokens(5), "a prompt is a str.*not int"), (lambda m: m.stream(None), "a prompt is a str"),
    (lambda m: m.embed([None]), "embed takes texts, not NoneType"), (lambda m: m.embed(None), "embed takes a text or a list"),
    (lambda m: m.embed(b"ab"), "embed takes a text or a list"),
    (lambda m: m.generate("x", deadline=float("nan")), "deadline is a number"), (lambda m: m.embed("x", deadline="soon"), "deadline is a"),
    (lambda m: m.check_health(deadline=float("inf")), "deadline is a number"), (lambda m: m.generate("x", deadline=1e300), "deadline is"),
    (lambda m: m.generate("x", timeout=float("inf")), "timeout is a number"), (lambda m: m.generate("x", max_tokens=float("nan")), "max_tokens"),
    (lambda m: m.generate({"role": "user", "content": "x", "contnet": "y"}), "no key 'contnet'"),
    (lambda m: m.generate(Message("user", [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}])), "no key 'cache_control'"),
    (lambda m: m.generate(Message("user", [libbeluga.Image("https://x.example/a", b"a")])), "either data or url"),
    (lambda m: libbeluga.log_to(5), "log_to takes a logger"),
    (lambda m: m.generate("x", response_schema={"properties": {"a": {"type": "zork"}}}), "the type 'zork'"),
    (lambda m: m.generate("x", response_schema={"type": 5}), "the type 5"),
])
def test_bad_arguments_are_told_in_words(mock, ask, words):
    with pytest.raises(errors.InvalidInputError, match=words):
        ask(mock)


def test_good_arguments_of_all_forms(mock):
    assert mock.generate("x", deadline="30s").text == "x" and mock.generate("x", deadline=timedelta(seconds=9)).text == "x"
    assert mock.check_health(deadline="5s").state == "healthy"
    assert mock.generate({"role": "assistant", "content": "x", "refusal": None, "annotations": []}).text == "x"
    assert mock.generate({"role": "user", "content": [{"type": "text", "text": "x", "annotations": []}]}).text == "x"
    schema = {"type": "object", "properties": {"type": {"type": ["string", "null"]}}, "enum": [{"type": "zork"}]}
    assert mock.generate("x", response_schema=schema).text == "x"


def test_faults_of_parse(mock):
    answer = mock.generate("no JSON")
    for schema in (None, {"type": "object"}):
        with pytest.raises(errors.MalformedResponseError):
            answer.parse(schema)
    with pytest.raises(errors.InvalidResponseError):
        mock.generate("[]").parse({"type": "object"})
    with pytest.raises(errors.InvalidInputError, match="the type 'zork'"):
        mock.generate("5").parse({"anyOf": [{"type": "zork"}]})
    assert type(mock.generate('{"stars": 4.0}').parse(Stars).stars) is int
    for nothing in (object, Any):
        with pytest.raises(TypeError, match="says nothing about the answer"):
            mock.generate("5", response_schema=nothing)


@dataclasses.dataclass
class Stars:
    stars: int
