"""Settings that all models of the process share: providers, the log, recordings, telemetry."""
from __future__ import annotations

import atexit
import logging
import os
from typing import Any, List, Mapping, Optional, Type, Union

from . import _callbacks
from ._error import Error
from ._library import NULL, check, check_memory, encode_name, encode_path, ffi, lib, make_error, new_error, text_of
from ._options import milliseconds
from ._provider import Provider, add_provider
from .errors import InvalidInputError

Path = Union[str, "os.PathLike[str]"]


def version() -> str:
    """The version of the library that is loaded."""
    return text_of(lib.beluga_version_string())


def _registry() -> Any:
    return check_memory(lib.beluga_registry_default())


def _client() -> Any:
    return check_memory(lib.beluga_client_default())


def list_providers() -> List[str]:
    """The names of all providers, sorted."""
    count = lib.beluga_registry_list(_registry(), NULL, 0)
    names = ffi.new("char *[]", count)
    count = min(count, lib.beluga_registry_list(_registry(), names, count))
    return [text_of(names[i]) for i in range(count)]


def register(provider: Union[Provider, Type[Provider]]) -> None:
    """Add a provider that is written in Python. It stays until the process ends; models use it by its name."""
    made = provider() if isinstance(provider, type) else provider
    if not isinstance(made, Provider):
        raise InvalidInputError(f"register takes a Provider or a class of one, not {type(made).__name__}")
    add_provider(_registry(), made)


def load_plugin(path: Path) -> None:
    """Load a plug-in, a shared object with providers. Its code runs with all rights of this process."""
    error = new_error()
    check(lib.beluga_registry_load_plugin(_registry(), encode_path("path", path), error), error)


# --- the log ---------------------------------------------------------------------------------------------------------


def log_to(logger: Union[None, str, logging.Logger] = "libbeluga", *, level: int = logging.INFO,
           capture_content: bool = False) -> None:
    """Send the library's log records to `logging`, with the attributes `event` and `fields`; None turns this off.

    The exceptions of tools are logged too, with their tracebacks.

    Records contain prompts and answers only with `capture_content`, and never keys. No call may run while this is set.
    """
    if logger is None:
        lib.beluga_client_set_log(_client(), NULL, NULL, 0, False)
        _callbacks.set_logger(None)
        return
    if not isinstance(logger, (str, logging.Logger, logging.LoggerAdapter)):
        raise InvalidInputError(f"log_to takes a logger of `logging` or its name, not {type(logger).__name__}")
    _callbacks.set_logger(logging.getLogger(logger) if isinstance(logger, str) else logger)
    least = max((number for number, of in _callbacks.LEVELS.items() if of >= level), default=1)
    lib.beluga_client_set_log(_client(), _callbacks.log_record, NULL, least, capture_content)
    atexit.register(log_to, None)


# --- recordings ------------------------------------------------------------------------------------------------------


def _cassette(directory: Path, mode: int, realtime: bool, repeat: bool) -> None:
    cassette, error = ffi.new("beluga_cassette *"), new_error()
    path = ffi.new("char[]", encode_path("directory", directory))
    cassette.size, cassette.directory, cassette.mode = ffi.sizeof("beluga_cassette"), path, mode
    cassette.realtime, cassette.repeat = realtime, repeat
    check(lib.beluga_client_set_cassette(_client(), cassette, error), error)
    _forget_loops()


def _forget_loops() -> None:
    """Close the idle loops, since existing loops keep the old setting."""
    from ._engine import close_idle

    close_idle()


def record(directory: Path) -> None:
    """Record each exchange with a server into this folder, without keys. No call may run while this is set."""
    _cassette(directory, lib.BELUGA_CASSETTE_RECORD, False, False)


def replay(directory: Path, *, realtime: bool = False, repeat: bool = False) -> None:
    """Answer all requests from a folder that `record` has written, without a network and without keys."""
    _cassette(directory, lib.BELUGA_CASSETTE_REPLAY, realtime, repeat)


def stop_cassette() -> None:
    """Stop recording or replaying: requests go to the network again."""
    error = new_error()
    check(lib.beluga_client_set_cassette(_client(), NULL, error), error)
    _forget_loops()


def cassette_problem() -> Optional[Error]:
    """The first exchange that could not be recorded, or None."""
    error = new_error()
    return make_error(error) if lib.beluga_client_check_cassette(_client(), error) else None


# --- telemetry -------------------------------------------------------------------------------------------------------


class Telemetry:
    """Sends traces and metrics, as the environment variables of OpenTelemetry say."""

    def __init__(self, pointer: Any) -> None:
        self._c: Any = pointer if pointer == NULL else ffi.gc(pointer, lib.beluga_telemetry_unref)

    def flush(self, timeout: float = 10.0) -> None:
        """Send everything that is waiting; give up after `timeout` seconds."""
        check(lib.beluga_telemetry_flush(self._c, milliseconds("timeout", timeout)))

    def shutdown(self, timeout: float = 10.0) -> None:
        """Send everything that is waiting, and stop the telemetry."""
        check(lib.beluga_telemetry_shutdown(self._c, milliseconds("timeout", timeout)))

    @property
    def dropped(self) -> int:
        """The number of spans that could not be sent."""
        return int(lib.beluga_telemetry_dropped(self._c))


def telemetry(variables: Optional[Mapping[str, str]] = None, *, file: Optional[Path] = None) -> Telemetry:
    """Set up traces and metrics by the environment variables OTEL_…, which `variables` override; `file` gets JSON lines.

    No call may run while this is set up. Call `shutdown` before the process ends, or data that was not sent is lost.
    """
    texts = [ffi.new("char[]", encode_name("a variable", f"{name}={value}")) for name, value in (variables or {}).items()]
    array = ffi.new("char *[]", [*texts, NULL])
    settings, out, error = ffi.new("beluga_telemetry_settings *"), ffi.new("beluga_telemetry **"), new_error()
    settings.size, settings.variables = ffi.sizeof("beluga_telemetry_settings"), array
    path = NULL if file is None else ffi.new("char[]", encode_path("file", file))
    settings.file = path
    check(lib.beluga_telemetry_init(NULL, settings, out, error), error)
    return Telemetry(out[0])


