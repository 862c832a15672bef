"""Tools: functions that a model may call."""
from __future__ import annotations

import inspect
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Union

from . import _schema
from ._callbacks import new_tool
from ._library import ffi, lib
from ._options import milliseconds
from .errors import InvalidInputError

if TYPE_CHECKING:
    import asyncio


class Tool:
    """A function with a name, a description and a schema of its parameters. `tool` makes one from a function."""

    def __init__(
        self,
        function: Optional[Callable[..., Any]],
        *,
        name: str,
        description: str = "",
        parameters: Optional[Mapping[str, Any]] = None,
        strict: bool = False,
        timeout: Union[float, str, timedelta] = 0,
    ) -> None:
        self.function = function
        self.name = name
        self.description = description
        self.strict = strict
        self.timeout = timeout
        milliseconds("the timeout of a tool", timeout)
        self._hints: Dict[str, Any] = {}
        if parameters is None and function is not None:
            parameters, self._hints = _schema.schema_of_function(function)
        self.parameters: Mapping[str, Any] = parameters or {"type": "object", "properties": {}}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.function is None:
            raise TypeError(f"the tool {self.name} has no function")
        return self.function(*args, **kwargs)

    def run(self, arguments: str, loop: Optional["asyncio.AbstractEventLoop"] = None,
            is_cancelled: Optional[Callable[[], bool]] = None) -> str:
        """Run the function with JSON arguments, and return its result as a text.

        A coroutine runs on `loop`, or on a new event loop. It is cancelled when `is_cancelled` returns True.
        """
        values = json.loads(arguments) if arguments else {}
        result = self(**{name: _schema.convert(value, self._hints.get(name)) for name, value in values.items()})
        if inspect.isawaitable(result):
            result = _wait(result, loop, is_cancelled or _never)
        return result if isinstance(result, str) else _json(result)

    def new_c_tool(self, loop: Optional["asyncio.AbstractEventLoop"]) -> Any:
        """Make a tool of the library whose coroutines run on `loop`."""
        return ffi.gc(new_tool(self, loop), lib.beluga_tool_unref)


#: A coroutine learns within this time, in seconds, that its result is no longer wanted.
CANCEL_DELAY = 0.05


def _never() -> bool:
    return False


async def _until_cancelled(awaitable: Any, is_cancelled: Callable[[], bool]) -> Any:
    """Await a tool's coroutine, and cancel it when its result is no longer wanted."""
    import asyncio

    task = asyncio.ensure_future(awaitable)
    try:
        while not task.done():
            await asyncio.wait([task], timeout=CANCEL_DELAY)
            if is_cancelled():
                break
    finally:
        task.cancel()  # does nothing if it is done
    return await task


def _wait(awaitable: Any, loop: Optional["asyncio.AbstractEventLoop"], is_cancelled: Callable[[], bool]) -> Any:
    """Run a coroutine and wait for it. Called on a thread of the library."""
    import asyncio
    from concurrent.futures import TimeoutError as NotYet

    if loop is None or loop.is_closed():
        return asyncio.run(_until_cancelled(awaitable, is_cancelled))
    future = asyncio.run_coroutine_threadsafe(_until_cancelled(awaitable, is_cancelled), loop)
    while True:
        try:
            return future.result(1)
        except NotYet:
            if future.done():
                raise
            if loop.is_closed():
                raise RuntimeError("the event loop was closed before the tool had ended") from None


def _json(value: Any) -> str:
    """Write a result as JSON, in which there are no numbers such as NaN."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain)
    except ValueError as error:
        raise ValueError(f"the result can't be written as JSON: {error}") from error


def _plain(value: Any) -> Any:
    """Convert a value that json can't write: a dataclass, an enum, or anything else as its str."""
    import dataclasses
    import enum

    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (set, frozenset)):
        return list(value)
    return str(value)


def tool(
    function: Optional[Callable[..., Any]] = None,
    *,
    name: Optional[str] = None,
    description: Optional[str] = None,
    strict: bool = False,
    timeout: Union[float, str, timedelta] = 0,
) -> Any:
    """Make a tool from a function. Also works as a decorator, with or without arguments.

    The schema comes from the type hints, the description from the docstring. If the function raises an exception, the model
    gets its message as the result. `timeout` is in seconds, or a text such as "30s"; 0 means the option tool_timeout.
    """

    def make(of: Callable[..., Any]) -> Tool:
        if not callable(of):
            raise InvalidInputError(f"a tool is a function, a Tool or a dict, not {type(of).__name__}")
        words = _schema.summary(_schema.docstring_of(of)) if description is None else description
        return Tool(of, name=name or _schema.name_of(of), description=words, strict=strict, timeout=timeout)

    return make if function is None else make(function)


def make_tools(items: Any) -> List[Tool]:
    """Make tools from tools, functions, and dicts (name, description, schema). The caller runs tools that were made from dicts."""
    made = []
    for item in items:
        if isinstance(item, Mapping):
            inner = item.get("function", item)
            if not isinstance(inner, Mapping) or "name" not in inner:
                raise InvalidInputError("a tool that is a dict needs a name")
            item = Tool(None, name=inner["name"], description=inner.get("description", ""),
                        parameters=inner.get("parameters"), strict=bool(inner.get("strict", False)))
        if item is None:
            raise InvalidInputError("a tool is a function, a Tool or a dict, not None")
        made.append(item if isinstance(item, Tool) else tool(item))
    return made
