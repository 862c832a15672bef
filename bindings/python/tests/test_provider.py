"""Providers written in Python."""
import asyncio
import json
import threading
import time
import traceback

import pytest

import libbeluga
from libbeluga import (FinishEvent, MetadataEvent, Model, Provider, ReasoningEvent, Request, TextEvent, ToolCallEvent, Usage, errors)
from conftest import sse


class Parrot(Provider):
    """An engine in this process."""

    name = "py-parrot"
    default_model = "grey"
    capabilities = ["tools"]
    stopped = threading.Event()

    def answer(self, call):
        text = call.messages[-1].text
        if text == "raise":
            raise RuntimeError("the parrot is ill")
        if text == "typed":
            raise errors.RateLimitError("too fast", provider_code="p1", retry_after=3)
        if text == "nonsense":
            yield object()
        if text == "endless":
            try:
                while True:
                    yield "x"
                    time.sleep(0.001)
            finally:
                self.stopped.set()
        if text == "tool":
            yield ToolCallEvent("id1", "t", "{}")
            return
        if text == "cut":
            yield "half"
            yield FinishEvent("length", "max")
            return
        yield MetadataEvent(id="p-1", model=call.model)
        yield ReasoningEvent("hm", "sig")
        for word in text.split(" "):
            yield TextEvent(word + " ")
        yield Usage(input_tokens=1, output_tokens=2)


class Acme(Provider):
    """A service over HTTP."""

    name = "py-acme"
    default_model = "m"
    capabilities = ["stream", "no_key"]

    def encode_request(self, call):
        if call.messages[-1].text == "raise":
            raise RuntimeError("can't be written")
        return Request("/chat", json={"model": call.model, "stream": call.is_streamed, "say": [m.text for m in call.messages],
                                      "warmth": call.option("temperature")}, headers={"X-Acme": "1"}, query={"v": "2"},
                       warnings=["acme knows no images"])

    def authorize(self, key):
        return {"X-Key": key}

    def decode_response(self, body):
        answer = json.loads(body)
        yield answer["text"]
        yield FinishEvent("stop")

    def decode_event(self, frame, state):
        piece = frame.json()
        if "text" in piece:
            state["words"] = state.get("words", 0) + 1
            yield TextEvent(piece["text"])
        if piece.get("bad"):
            raise KeyError("bad")
        if piece.get("big"):
            state["big"] = "x" * 5000
        if piece.get("done"):
            yield Usage(output_tokens=state["words"])
            yield FinishEvent("stop", "done")

    def decode_error(self, answer, error):
        if answer.status == 418:
            return errors.QuotaExceededError("no tea: " + answer.json()["why"], provider_code=answer.header("x-code"))
        if answer.status == 419:
            raise RuntimeError("bug")
        return None

    def encode_list_models(self, call):
        return Request("/models", method="GET")

    def decode_list_models(self, body):
        return json.loads(body)

    def encode_embed(self, call):
        return Request("/embed", json=call.inputs)

    def decode_embed(self, body):
        yield from json.loads(body)
        yield Usage(input_tokens=3)


@pytest.fixture(scope="module", autouse=True)
def registered():
    libbeluga.register(Parrot)
    libbeluga.register(Acme())
    libbeluga.register(Hoarder)
    libbeluga.register(Faulty)
    libbeluga.register(HoarderOfAnswers)


def test_an_engine_answers():
    model = Model("py-parrot")
    stream = model.stream("pretty bird")
    assert "".join(stream.text) == "pretty bird "
    response = stream.response
    assert (response.reasoning, response.id, response.model, response.provider) == ("hm", "p-1", "grey", "py-parrot")
    assert response.usage.output_tokens == 2 and response.finish_reason == "stop"
    assert response.message.content[0].signature == "sig"
    assert asyncio.run(model.agenerate("again")).text == "again "
    assert [a.text for a in model.batch(["a", "b", "c"])] == ["a ", "b ", "c "]
    assert model.generate("cut").finish_reason == "length" and model.generate("tool").tool_calls[0].name == "t"
    assert "py-parrot" in libbeluga.list_providers()


def test_exceptions_of_an_engine_are_errors():
    model = Model("py-parrot")
    with pytest.raises(errors.InvalidResponseError, match="RuntimeError: the parrot is ill"):
        model.generate("raise")
    with pytest.raises(errors.RateLimitError) as caught:
        model.generate("typed", max_retries=0)
    assert (caught.value.provider_code, caught.value.retry_after) == ("p1", 3.0)
    with pytest.raises(errors.InvalidResponseError, match="yields events"):
        model.generate("nonsense")


class Faulty(Provider):
    name = "py-faulty"
    default_model = "m"

    def answer(self, call):
        text = call.messages[-1].text
        return None if text == "none" else self.pieces(text)

    def pieces(self, text):
        if text == "nothing":
            return
        yield "x"
        if text == "usage":
            yield Usage(output_tokens=-1)
        yield FinishEvent("zork" if text == "reason" else "length")
        if text == "after":
            yield Usage(output_tokens=3)
        if text == "boom":
            raise RuntimeError("at the end")


@pytest.mark.parametrize("text, words", [
    ("none", "`answer` returned None"), ("usage", "a whole number from 0, not -1"), ("reason", "the reason of FinishEvent is one of"),
    ("after", "Usage came after FinishEvent"), ("boom", "RuntimeError: at the end")])
def test_faults_of_an_engine_are_told(text, words):
    with pytest.raises(errors.InvalidResponseError, match=words):
        Model("py-faulty").generate(text)


def test_the_end_of_an_engines_answer():
    assert Model("py-faulty").generate("fine").finish_reason == "length"
    answer = Model("py-faulty").generate("nothing")
    assert (answer.text, answer.finish_reason) == ("", "stop")


def test_the_callers_exception_leads_to_that_of_the_provider():
    """Its traceback says where the fault is."""
    libbeluga._library._faults.clear()
    for text, kind, function in (("raise", RuntimeError, "answer"), ("typed", errors.RateLimitError, "answer"),
                                 ("nonsense", errors.InvalidResponseError, "emit_one")):
        with pytest.raises(errors.Error) as caught:
            Model("py-parrot", max_retries=0).generate(text)
        assert type(caught.value.__cause__) is kind
        assert traceback.extract_tb(caught.value.__cause__.__traceback__)[-1].name == function
    with pytest.raises(errors.InvalidRequestError) as caught:
        Model("py-acme", base_url="http://127.0.0.1:9").generate("raise")
    assert str(caught.value.__cause__) == "can't be written"
    with pytest.raises(errors.AuthenticationError) as caught:
        Model("openai/x", base_url="http://127.0.0.1:9", api_key=lambda: {}["key"]).generate("Hi")
    assert isinstance(caught.value.__cause__, KeyError)
    assert not libbeluga._library._faults  # no traceback, which holds the objects of its functions, stays behind


def test_an_exception_whose_text_can_not_be_made():
    class Broken(Exception):
        def __str__(self):
            raise ValueError("broken")

    class Mute(Provider):
        name = "py-mute"
        default_model = "m"

        def answer(self, call):
            raise Broken

    libbeluga.register(Mute)
    with pytest.raises(errors.InvalidResponseError, match="Broken: its text can't be made, because of ValueError") as caught:
        Model("py-mute").generate("Hi")
    assert isinstance(caught.value.__cause__, Broken)


class Hoarder(Provider):
    """Keeps what it gets longer than it may."""

    name = "py-hoarder"
    default_model = "m"
    kept = []
    after_the_end = []
    go_on, ended = threading.Event(), threading.Event()

    def answer(self, call):
        self.kept.append(call)
        yield "x"
        if call.messages[-1].text == "wait":
            self.go_on.wait(60)  # the caller leaves in the meantime
            self.after_the_end.append((call.messages[-1].text, call.model, call.option("temperature")))
            self.ended.set()


class HoarderOfAnswers(Provider):
    name = "py-hoarder-of-answers"
    default_model = "m"
    capabilities = ["no_key"]
    kept = []

    def encode_request(self, call):
        self.kept.append(call)
        return Request("/", json={})

    def decode_response(self, body):
        return []

    def decode_error(self, answer, error):
        assert answer.header("x-code") == "1"
        self.kept.append(answer)


USES = [lambda call: call.messages, lambda call: call.tools, lambda call: call.model, lambda call: call.inputs,
        lambda call: call.option("temperature"), lambda call: call.option("stop_sequences"), lambda call: call.option("user"),
        lambda call: call.option("py-hoarder.x"), lambda call: call.is_streamed]


def test_a_call_that_is_over_can_not_be_used():
    model = Model("py-hoarder").bind_tools(libbeluga.tool(lambda: 1, name="t"))
    model.generate("q" * 3000)
    for use in USES:
        with pytest.raises(errors.InvalidInputError, match="this call is over"):
            use(Hoarder.kept[0])


def test_a_call_stays_usable_until_its_function_returns():
    """Even if the caller has left, and has dropped the model and its loop."""
    stream = Model("py-hoarder").stream("wait", temperature=0.5)
    while next(stream).kind != "text":
        pass
    stream.close()
    libbeluga._engine.close_idle()
    del stream
    Hoarder.go_on.set()
    assert Hoarder.ended.wait(60) and Hoarder.after_the_end == [("wait", "m", 0.5)]


def test_an_answer_that_is_over_can_not_be_used(serve):
    server = serve(lambda path, body: (400, {"x-code": "1"}, [b"no"]))
    with pytest.raises(errors.InvalidRequestError):
        Model("py-hoarder-of-answers", base_url=server.url).generate("Hi")
    call, answer = HoarderOfAnswers.kept
    with pytest.raises(errors.InvalidInputError, match="this call is over"):
        call.messages
    with pytest.raises(errors.InvalidInputError, match="this answer is over"):
        answer.header("x-code")
    assert (answer.status, answer.body) == (400, b"no")


def test_an_engine_is_stopped():
    Parrot.stopped.clear()
    with Model("py-parrot").stream("endless") as stream:
        for _ in range(5):
            next(stream)
    assert Parrot.stopped.wait(60)


def test_a_service(serve):
    def answer(path, body):
        if path == "/models":
            return 200, {"Content-Type": "application/json"}, [b'["b", "a"]']
        asked = json.loads(body)
        if path == "/embed":
            return 200, {"Content-Type": "application/json"}, [json.dumps([[1, len(t)] for t in asked]).encode()]
        if asked["say"] == ["tea"]:
            return 418, {"x-code": "t1"}, [b'{"why": "a teapot"}']
        if asked["say"] == ["bug"]:
            return 419, {}, [b"?"]
        if asked["say"][0] in ("bad", "big"):
            return 200, {"Content-Type": "text/event-stream"}, sse(json.dumps({asked["say"][0]: 1}).encode())
        if not asked["stream"]:
            return 200, {"Content-Type": "application/json"}, [b'{"text": "whole"}' if asked["say"] != ["json"] else b"no json"]
        return 200, {"Content-Type": "text/event-stream"}, sse(b'{"text": "one "}', b'{"text": "two"}', b'{"done": true}')

    server = serve(answer)
    model = Model("py-acme", base_url=server.url, api_key="k-1", max_retries=0)
    stream = model.stream("Hi", temperature=0.5)
    assert "".join(stream.text) == "one two" and stream.response.usage.output_tokens == 2
    assert "acme knows no images" in stream.response.warnings
    path, headers, body = server.requests[0]
    assert path == "/chat?v=2" and headers["X-Key"] == "k-1" and headers["X-Acme"] == "1" and json.loads(body)["warmth"] == 0.5
    assert model.generate("Hi").text == "whole"
    assert any("seed" in warning for warning in model.generate("Hi", seed=1).warnings)
    assert [info.name for info in model.list_models()] == ["a", "b"]
    vectors = model.embed(["x", "yyy"])
    assert vectors.vectors == [[1.0, 1.0], [1.0, 3.0]] and vectors.usage.input_tokens == 3
    with pytest.raises(errors.QuotaExceededError, match="no tea: a teapot") as caught:
        model.generate("tea")
    assert (caught.value.status, caught.value.provider_code) == (418, "t1")
    with pytest.raises(errors.InvalidRequestError) as caught:
        model.generate("bug")
    assert "RuntimeError: bug" in caught.value.cause and str(caught.value.__cause__) == "bug"
    with pytest.raises(errors.InvalidRequestError, match="can't be written"):
        model.generate("raise")
    with pytest.raises(errors.MalformedResponseError):
        model.generate("json")
    with pytest.raises(errors.InvalidResponseError, match="KeyError"):
        list(model.stream("bad"))
    with pytest.raises(errors.LimitExceededError, match="state_size"):
        list(model.stream("big"))


def test_bad_providers():
    class Nothing(Provider):
        name = "py-nothing"

    class Taken(Parrot):
        name = "openai"

    class Strange(Parrot):
        name = "py-strange"
        capabilities = ["flying"]

    for provider in (Nothing, Taken):
        with pytest.raises(errors.InvalidInputError):
            libbeluga.register(provider)
    with pytest.raises(ValueError, match="flying"):
        libbeluga.register(Strange)

    class Framed(Acme):
        name = "py-framed"
        framing = "zork"

    with pytest.raises(errors.InvalidInputError, match="sse, ndjson, raw, not 'zork'"):
        libbeluga.register(Framed)
    for thing in (None, int, object()):
        with pytest.raises(errors.InvalidInputError, match="register takes a Provider"):
            libbeluga.register(thing)
