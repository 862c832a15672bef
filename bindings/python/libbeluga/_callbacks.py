"""Functions that the library calls: tools, keys and the log. None of them lets an exception into C."""
from __future__ import annotations

import collections
import itertools
import logging
from typing import TYPE_CHECKING, Any, Callable, Deque, Dict, List, Optional, Set

from ._library import NULL, callback, check, encode_name, ffi, lib, new_error, set_error, text_of, words_of

from ._options import milliseconds
from .errors import ContextCanceledError

if TYPE_CHECKING:
    import asyncio

    from ._tools import Tool

# The Python objects that C code still refers to, by the address that C has for each.
_handles: Dict[int, Any] = {}


def keep(thing: Any) -> Any:
    """Return an address by which C can refer to a Python object, until `drop`."""
    handle = ffi.new_handle(thing)
    _handles[int(ffi.cast("uintptr_t", handle))] = handle
    return handle


def drop(handle: Any) -> None:
    _handles.pop(int(ffi.cast("uintptr_t", handle)), None)


def make_immortal(*callbacks: Any) -> None:
    """Keep callbacks, and structs with them, alive until the process ends, since C may use them while Python shuts down.

    At exit Python empties modules in any order. Without an extra reference a callback could be freed before its last use.
    """
    import ctypes

    for callback in callbacks:
        address = int(ffi.cast("uintptr_t", callback))
        if address not in _immortal:
            _immortal.add(address)
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(callback))


_immortal: Set[int] = set()

# --- tools -----------------------------------------------------------------------------------------------------------


def _say(result: Any, text: str) -> None:
    """Give the model a text. It may have lone surrogates, which UTF-8 can't express: they become question marks."""
    data = text.encode("utf-8", "replace")
    lib.beluga_tool_result_set(result, data, len(data))


def _explain(tool: "Tool", error: BaseException) -> None:
    """Log the traceback of a tool's exception if the program has asked for the log: the model only gets its message."""
    for logger in _logger[:1]:
        logger.info("tool %s raised %s", tool.name, type(error).__name__, exc_info=error,
                    extra={"event": "tool_exception", "fields": {"tool": tool.name}})


@callback("int(void *, beluga_context *, char *, size_t, beluga_tool_result *)", error=-23)
def _execute(payload: Any, context: Any, arguments: Any, length: int, result: Any) -> int:
    """Run a tool. The library calls this on one of its own threads."""
    tool, loop = ffi.from_handle(payload)
    try:
        _say(result, tool.run(text_of(arguments, length), loop, lambda: lib.beluga_context_is_cancelled(context)))
        return 0
    except BaseException as error:  # exceptions must not reach C; the model gets the message
        _say(result, words_of(error))
        _explain(tool, error)
        return int(lib.BELUGA_ERROR_TOOL_EXECUTION)


@callback("void(void *)")
def _release(payload: Any) -> None:
    if drop is not None:  # while Python shuts down, the names of a module may be None
        drop(payload)


def new_tool(tool: "Tool", loop: Optional["asyncio.AbstractEventLoop"]) -> Any:
    """Make a tool of the library. The caller owns the one reference."""
    import json

    texts = [ffi.new("char[]", encode_name(what, text)) for what, text in (
        ("the name of a tool", tool.name), ("the description of a tool", tool.description),
        ("the schema of a tool", json.dumps(tool.parameters, ensure_ascii=False)))]
    definition = ffi.new("beluga_tool_definition *")
    definition.size = ffi.sizeof("beluga_tool_definition")
    definition.name, definition.description, definition.parameters = texts
    definition.strict = tool.strict
    definition.timeout_ms = milliseconds("the timeout of a tool", tool.timeout)
    if tool.function is not None:
        make_immortal(_execute, _release)
        definition.execute, definition.release = _execute, _release
        definition.payload = keep((tool, loop))
    out, error = ffi.new("beluga_tool **"), new_error()
    status = lib.beluga_tool_new(definition, out, error)
    if status and definition.payload != NULL:
        drop(definition.payload)
    check(status, error)
    return out[0]


# --- keys ------------------------------------------------------------------------------------------------------------


# A thread of the library may ask for a key when the model is gone already, since its calls were cancelled. So what it
# reads is never freed: functions are found by a number, and a struct is used again only after many others.
_key_functions: Dict[int, Callable[[], Any]] = {}
_key_numbers = itertools.count(1)
_spare_sources: Deque[Any] = collections.deque()
MIN_SPARE_SOURCES = 256


@callback("int(void *, char *, size_t, int64_t *, beluga_error *)", error=-6)
def _get_key(payload: Any, buffer: Any, n: int, expires: Any, error: Any) -> int:
    try:
        function = _key_functions.get(int(ffi.cast("uintptr_t", payload)))
        if function is None:
            return set_error(error, ContextCanceledError("the model of this key is gone"), lib.BELUGA_ERROR_CONTEXT_CANCELED)
        found = function()
        key, end = found if isinstance(found, tuple) else (found, 0)
        data = encode_name("the key", key)
        if len(data) >= n:
            raise ValueError(f"the key has more than {n - 1} bytes")
        ffi.memmove(buffer, data + b"\0", len(data) + 1)
        expires[0] = int(end)
        return 0
    except BaseException as raised:
        return set_error(error, raised, lib.BELUGA_ERROR_AUTHENTICATION)


class KeySource:
    """A function for keys, as the library takes it in `c_source`. It must live as long as the model."""

    def __init__(self, function: Callable[[], Any]) -> None:
        make_immortal(_get_key)
        self.number = next(_key_numbers)
        _key_functions[self.number] = function
        self.c_source: Any = _spare_source() or _new_source()
        self.c_source.payload = ffi.cast("void *", self.number)

    def __del__(self) -> None:
        if _key_functions is not None and hasattr(self, "c_source"):  # while Python shuts down, names may be None
            _key_functions.pop(self.number, None)
            _spare_sources.append(self.c_source)


def _new_source() -> Any:
    source = ffi.new("beluga_key_source *")
    source.size, source.get = ffi.sizeof("beluga_key_source"), _get_key
    make_immortal(source)
    return source


def _spare_source() -> Any:
    try:
        return _spare_sources.popleft() if len(_spare_sources) > MIN_SPARE_SOURCES else None
    except IndexError:  # another thread was faster
        return None


# --- the log ---------------------------------------------------------------------------------------------------------

LEVELS = {1: logging.ERROR, 2: logging.WARNING, 3: logging.INFO, 4: logging.DEBUG, 5: 5}
_logger: List[logging.Logger] = []


@callback("void(void *, beluga_log_level, char *, beluga_log_field *, size_t)")
def log_record(payload: Any, level: int, event: Any, fields: Any, n: int) -> None:
    """Pass a log record to `logging`, with its fields as `record.fields`."""
    try:
        logger = _logger[0]
        number = LEVELS.get(level, logging.INFO)
        if not logger.isEnabledFor(number):
            return
        values: Dict[str, Any] = {}
        for i in range(n):
            field = fields[i]
            values[text_of(field.name)] = field.number if field.text == NULL else text_of(field.text, field.length)
        words = " ".join(f"{name}={value}" for name, value in values.items())
        logger.log(number, "%s %s", text_of(event), words, extra={"event": text_of(event), "fields": values})
    except Exception:  # a failure to log must not disturb a call; logging reports its own errors
        pass


def set_logger(logger: Optional[logging.Logger]) -> None:
    make_immortal(log_record)
    _logger[:] = [] if logger is None else [logger]
