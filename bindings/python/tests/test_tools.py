"""Functions as tools: their schemas, and the tool loop."""
import asyncio
import dataclasses
import enum
import functools
import json
import threading
from typing import Any, Dict, List, Literal, Optional, Tuple, TypedDict, Union

import pytest

import libbeluga
from libbeluga import Model, _schema, errors, tool


class Unit(enum.Enum):
    CELSIUS = "c"
    KELVIN = "k"


@dataclasses.dataclass
class Place:
    """A place.

    Args:
        city: its name
    """

    city: str
    position: Optional[Tuple[float, float]] = None


class Pair(TypedDict, total=False):
    left: int
    right: str


def weather(place: Place, unit: Unit = Unit.CELSIUS, days: int = 1, tags: Optional[List[str]] = None,
            detail: Literal["short", "long"] = "short") -> dict:
    """Tell the weather.

    It is mostly right.

    Args:
        place: where
            it is asked for
        days (int): how many days
    """
    return {"city": place.city, "unit": unit, "days": days, "tags": tags}


def test_a_schema_from_hints_and_docstring():
    made = tool(weather)
    assert made.name == "weather" and made.description == "Tell the weather.\n\nIt is mostly right."
    properties = made.parameters["properties"]
    assert made.parameters["required"] == ["place"]
    assert properties["place"] == {
        "type": "object", "required": ["city"], "additionalProperties": False, "description": "where it is asked for",
        "properties": {"city": {"type": "string", "description": "its name"}, "position": {"anyOf": [
            {"type": "array", "prefixItems": [{"type": "number"}, {"type": "number"}], "minItems": 2, "maxItems": 2},
            {"type": "null"}]}}}
    assert properties["unit"] == {"enum": ["c", "k"], "type": "string"}
    assert properties["days"] == {"type": "integer", "description": "how many days"}
    assert properties["tags"] == {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]}
    assert properties["detail"] == {"enum": ["short", "long"], "type": "string"}


@pytest.mark.parametrize("hint, schema", [
    (str, {"type": "string"}), (Optional[int], {"type": ["integer", "null"]}), (Dict[str, float], {"type": "object", "additionalProperties": {"type": "number"}}),
    (Union[int, str], {"type": ["integer", "string"]}), (Any, {}), (list, {"type": "array"}), (dict, {"type": "object"}),
    (Literal[1, "a"], {"enum": [1, "a"]}),
    (Pair, {"type": "object", "properties": {"left": {"type": "integer"}, "right": {"type": "string"}}, "additionalProperties": False}),
])
def test_schemas_of_types(hint, schema):
    assert _schema.schema_of(hint) == schema


def test_what_has_no_schema():
    def stars(*args: int) -> None: ...
    def strange(x: complex) -> None: ...

    for function in (stars, strange):
        with pytest.raises(TypeError):
            tool(function)


class Adder:
    """Adds."""

    def __init__(self, to):
        self.to = to

    def __call__(self, a: int, b: int = 0) -> int:
        """Add two numbers.

        Args:
            a: the first
        """
        return self.to + a + b


@pytest.mark.parametrize("function, name, words, left", [
    (Adder(1), "Adder", "Add two numbers.", {"a", "b"}),
    (functools.partial(Adder(1), b=2), "Adder", "Add two numbers.", {"a"}),
    (functools.partial(Adder(1).__call__, 5), "__call__", "Add two numbers.", {"b"}),
    (functools.partial(weather, detail="long"), "weather", "Tell the weather.\n\nIt is mostly right.", {"place", "unit", "days", "tags"})])
def test_partial_functions_and_objects_are_tools(function, name, words, left):
    made = tool(function)
    assert (made.name, made.description, set(made.parameters["properties"])) == (name, words, left)
    if left == {"a"}:
        assert made.run('{"a": 4}') == "7"


class Strange(enum.Enum):
    ONE = object()


@pytest.mark.parametrize("hint", [Dict[int, str], List[Dict[Unit, int]], Strange, Dict[Literal[1], int]])
def test_hints_that_json_can_not_express(hint):
    with pytest.raises(TypeError, match="JSON"):
        _schema.schema_of(hint)


def test_keys_that_are_texts():
    for hint in (Dict[str, int], Dict[Literal["a", "b"], int], Dict[Any, int]):
        assert _schema.schema_of(hint) == {"type": "object", "additionalProperties": {"type": "integer"}}


def test_a_whole_number_is_an_int():
    def typed(days: int, share: float, many: List[int]) -> str:
        return repr((days, share, many))

    assert tool(typed).run('{"days": 1.0, "share": 1, "many": [2.0]}') == "(1, 1.0, [2])"


def test_what_is_no_tool():
    model = Model("mock/echo")
    for thing in (None, 5, "name", {}, {"function": None}):
        with pytest.raises(errors.InvalidInputError, match="a tool"):
            model.bind_tools(thing)
    for timeout in ("soon", float("nan"), float("inf"), None, True):
        with pytest.raises(errors.InvalidInputError, match="the timeout of a tool"):
            tool(weather, timeout=timeout)
    assert tool(weather, timeout="5s").new_c_tool(None)


def test_sphinx_docstrings():
    def add(a: int, b: int) -> int:
        """Add.

        :param a: the first
        :param int b: the second
        :return: the sum
        """
        return a + b

    made = tool(add)
    assert made.description == "Add."
    assert [p["description"] for p in made.parameters["properties"].values()] == ["the first", "the second"]


def asked(*calls):
    """Return a mock model that calls these tools, and then answers."""
    return Model("mock/echo", mock={"tool_calls": [{"id": f"c{i}", "name": n, "arguments": a} for i, (n, a) in enumerate(calls)]})


def results(stream):
    return [event for event in stream if isinstance(event, libbeluga.ToolResultEvent)]


def test_the_tool_loop_runs_functions():
    model = asked(("weather", {"place": {"city": "Kiel"}, "unit": "k"})).bind_tools(weather)
    response = model.invoke("?")
    assert response.finish_reason == "stop" and [m.role for m in response.messages] == ["assistant", "tool", "assistant"]
    assert json.loads(response.messages[1].text) == {"city": "Kiel", "unit": "k", "days": 1, "tags": None}
    assert model.generate("?").finish_reason == "tool_calls"  # generate only returns the call


def test_a_tool_that_raises_is_what_the_model_reads():
    @tool
    def fail(x: int) -> int:
        raise LookupError("no such thing")

    event, = results(asked(("fail", {"x": 1})).bind_tools(fail).stream("?", run_tools=True))
    assert event.error == "tool_execution_error" and event.text == "LookupError: no such thing"


class Broken(Exception):
    def __str__(self):
        raise ValueError("broken")


def fault(kind):
    if kind == "broken":
        raise Broken
    if kind == "exit":
        raise SystemExit(3)
    return {"nan": float("nan"), "surrogate": "a\ud800b", "deep": {"x": ["\ud800"]}}[kind]


@pytest.mark.parametrize("kind, error, text", [
    ("broken", "tool_execution_error", "Broken: its text can't be made, because of ValueError"),
    ("exit", "tool_execution_error", "SystemExit: 3"),
    ("nan", "tool_execution_error", "ValueError: the result can't be written as JSON: "),
    ("surrogate", None, "a?b"), ("deep", None, '{"x": ["?"]}')])
def test_faults_of_tools_are_results(kind, error, text, capfd):
    @tool
    def do(kind: str) -> Any:
        return fault(kind)

    model = asked(("do", {"kind": kind})).bind_tools(do)
    event, = results(model.stream("?", run_tools=True))
    assert event.error == error and event.text.startswith(text)
    assert model.invoke("?").text == event.text
    assert capfd.readouterr().err == ""


def test_the_log_has_the_traceback_of_a_tools_exception(caplog):
    @tool
    def do() -> None:
        {}["boom"]

    caplog.set_level("INFO", "py-tools")
    libbeluga.log_to("py-tools")
    try:
        asked(("do", {})).bind_tools(do).invoke("?")
    finally:
        libbeluga.log_to(None)
    record, = [r for r in caplog.records if r.event == "tool_exception"]
    assert record.exc_info[0] is KeyError and record.fields == {"tool": "do"}
    caplog.clear()
    asked(("do", {})).bind_tools(do).invoke("?")
    assert not caplog.records


def test_bad_arguments_never_reach_the_function():
    called = []

    def add(a: int) -> int:
        called.append(a)
        return a

    model = asked(("add", {"a": "seven"}), ("nobody", {})).bind_tools(add)
    assert [event.error for event in results(model.stream("?", run_tools=True))] == ["tool_call_error", "tool_not_found"]
    assert called == []


def test_async_tools_run_on_the_callers_loop():
    seen = []

    async def where() -> str:
        await asyncio.sleep(0)
        seen.append((threading.get_ident(), asyncio.get_running_loop()))
        return "here"

    model = asked(("where", {}), ("where", {})).bind_tools(where)

    async def main():
        response = await model.ainvoke("?")
        assert [m.text for m in response.messages if m.role == "tool"] == ["here", "here"]
        assert seen == [(threading.get_ident(), asyncio.get_running_loop())] * 2

    asyncio.run(main())
    assert model.invoke("?").messages[1].text == "here"


def test_a_tool_may_ask_a_model():
    def ask(question: str) -> str:
        return Model("mock/echo").generate(question).text

    assert asked(("ask", {"question": "inner"})).bind_tools(ask).invoke("?").messages[1].text == "inner"


def test_a_late_tool_is_left_behind():
    end = threading.Event()

    @tool(timeout=0.05)
    def slow() -> str:
        end.wait(60)
        return "late"

    event, = results(asked(("slow", {})).bind_tools(slow).stream("?", run_tools=True))
    end.set()
    assert event.error is not None


def test_cancelling_a_tool_loop():
    started, end, late = threading.Event(), threading.Event(), []

    def slow() -> str:
        started.set()
        if not end.wait(60):
            late.append("it was waited for")
        return "late"

    model = asked(("slow", {})).bind_tools(slow)

    async def main():
        task = asyncio.ensure_future(model.ainvoke("?"))
        while not started.is_set():
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    end.set()
    assert not late
    with model.stream("?", run_tools=True) as stream:
        next(stream)
    assert Model("mock/echo").generate("Hi").text == "Hi"


def how_it_ends(way, limit):
    """Let a tool be a coroutine that is not waited for longer than `limit`. Return how it ends; nothing: it never began."""
    started, ended, seen = threading.Event(), threading.Event(), []

    async def work() -> str:
        started.set()
        try:
            await asyncio.sleep(600)
            seen.append("went on")
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
        finally:
            ended.set()

    model = asked(("work", {})).bind_tools(tool(work, timeout=limit if "timeout" in way else 0))
    options = {"deadline": limit} if "deadline" in way else {}

    async def main():
        stream = model.stream("?", run_tools=True)
        if way == "wait_for":
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(model.ainvoke("?"), limit)
        elif way == "aclose":
            task = asyncio.ensure_future(drain(stream))
            while not started.is_set():
                await asyncio.sleep(0.01)
            await stream.aclose()
            await task
        else:
            await quiet(model.ainvoke("?", **options))
        while started.is_set() and not ended.is_set():
            await asyncio.sleep(0.01)

    if way == "sync close":
        stream = model.stream("?", run_tools=True)
        thread = threading.Thread(target=lambda: asyncio.run(quiet_sync(stream)))
        thread.start()
        assert started.wait(60)
        stream.close()
        thread.join()
    elif way.startswith("sync"):
        asyncio.run(quiet_sync(lambda: model.invoke("?", **options)))
    else:
        asyncio.run(asyncio.wait_for(main(), 120))
    assert not started.is_set() or ended.wait(60)
    return seen


@pytest.mark.parametrize("way", ["wait_for", "deadline", "timeout", "aclose", "sync deadline", "sync timeout", "sync close"])
def test_a_coroutine_whose_result_is_not_wanted_is_cancelled(way):
    # On a loaded machine, a short time may pass before the coroutine begins.
    assert next(seen for seen in (how_it_ends(way, limit) for limit in (0.8, 8, 80)) if seen) == ["cancelled"]


async def drain(stream):
    with pytest.raises(errors.ContextCanceledError):
        async for _ in stream:
            pass


async def quiet(awaitable):
    try:
        await awaitable
    except errors.Error:
        pass


async def quiet_sync(work):
    try:
        work() if callable(work) else list(work)
    except errors.Error:
        pass


def test_too_many_steps():
    def again() -> str:
        return "x"

    endless = Model("mock/echo", mock={"tool_calls": [{"name": "again", "arguments": {}}], "responses": "t"}).bind_tools(again)
    with pytest.raises(errors.LimitExceededError, match="max_tool_steps"):
        endless.invoke("?", max_tool_steps=1)
    assert endless.invoke("?", max_tool_steps=2).text == "t"


def test_tools_that_the_caller_runs():
    model = asked(("search", {"q": "x"})).bind_tools({"name": "search", "description": "d", "parameters": {"type": "object"}})
    assert model.tools[0].name == "search"
    response = model.invoke("?")
    assert response.tool_calls[0].name == "search"


def test_bad_tools():
    with pytest.raises(errors.InvalidInputError):
        Model("mock/echo").bind_tools(tool(lambda: 1, name="bad name!"))
    with pytest.raises(errors.InvalidInputError):
        Model("mock/echo").bind_tools(weather, weather)
