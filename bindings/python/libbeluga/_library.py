"""Loads the shared library, and converts its texts and errors to Python."""
from __future__ import annotations

import os
from typing import Any, Callable, Optional

from . import _declarations  # type: ignore[attr-defined,import-untyped,unused-ignore]
from ._error import Error
from .errors import BY_CODE, InvalidInputError

ffi: Any = _declarations.ffi
NULL: Any = ffi.NULL


def _path() -> str:
    """Return the path of the library: LIBBELUGA_LIBRARY if it is set, otherwise the file beside this one."""
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "libbeluga.so")
    return os.environ.get("LIBBELUGA_LIBRARY") or beside


lib: Any = ffi.dlopen(_path())
#: Whether this is the library of the wheel, which does not know where distributions keep their certificates.
IS_BUNDLED = not os.environ.get("LIBBELUGA_LIBRARY")


def callback(signature: str, **on_failure: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make a function that C can call from a Python function."""
    return ffi.callback(signature, **on_failure)  # type: ignore[no-any-return]


def text_of(pointer: Any, length: Optional[int] = None) -> str:
    """Convert a UTF-8 text of the library to str; NULL becomes "". Invalid bytes become U+FFFD."""
    if pointer == NULL:
        return ""
    data = ffi.string(pointer) if length is None else ffi.unpack(pointer, length)
    return data.decode("utf-8", "replace")  # type: ignore[no-any-return]


def text_or_none(pointer: Any) -> Optional[str]:
    return None if pointer == NULL else text_of(pointer)


def bytes_of(pointer: Any, length: int) -> bytes:
    return b"" if pointer == NULL else bytes(ffi.buffer(pointer, length))


def encode(text: str) -> bytes:
    """Encode as UTF-8. Lone surrogates are passed on, so that the library's error says where they are."""
    return text.encode("utf-8", "surrogatepass")


def encode_name(what: str, text: str) -> bytes:
    """Encode a text that is NUL-terminated in C, so it may contain no NUL. `what` names it in errors."""
    if not isinstance(text, str):
        raise TypeError(f"{what} must be a str, not {type(text).__name__}")
    if "\0" in text:
        raise InvalidInputError(f"{what} has a NUL character")
    return encode(text)


def encode_path(what: str, path: Any) -> bytes:
    """Encode a path as the file system does, which may not be UTF-8."""
    data = os.fsencode(path)
    if b"\0" in data:
        raise InvalidInputError(f"{what} has a NUL character")
    return data


def new_error() -> Any:
    return ffi.new("beluga_error *")


def make_error(c_error: Any) -> Error:
    """Make the exception for a beluga_error."""
    kind = BY_CODE.get(c_error.code, Error)
    error = kind(
        text_of(c_error.message),
        cause=text_of(c_error.cause),
        provider=text_of(c_error.provider),
        model=text_of(c_error.model),
        operation=text_of(c_error.operation),
        provider_code=text_of(c_error.provider_code),
        request_id=text_of(c_error.request_id),
        status=c_error.http_status,
        retry_after=None if c_error.retry_after_ms < 0 else c_error.retry_after_ms / 1000,
        retryable=bool(c_error.retryable),
        attempts=c_error.attempts,
    )
    if kind is Error:
        error.code = c_error.code
    return error


def error_of_code(code: int) -> Error:
    return BY_CODE.get(code, Error)(text_of(lib.beluga_error_text(code)))


def check(status: int, c_error: Any = None) -> None:
    """Raise an exception if a function of the library returned an error code."""
    if status < 0:
        raise make_error(c_error) if c_error is not None and c_error.code else error_of_code(status)


def check_memory(pointer: Any) -> Any:
    if pointer == NULL:
        raise error_of_code(lib.BELUGA_ERROR_NO_MEMORY)
    return pointer


def set_error(c_error: Any, exception: BaseException, code: int) -> int:
    """Fill a beluga_error from an exception in a callback. Exceptions that are no Error get `code`."""
    if isinstance(exception, Error) and exception.code:
        code, words = exception.code, exception.message
    else:
        words = f"{type(exception).__name__}: {exception}"
    data = words.encode("utf-8", "replace")
    lib.beluga_error_set_text(c_error, code, data, len(data))
    if c_error == NULL or not isinstance(exception, Error):
        return code
    for setter, value in ((lib.beluga_error_set_provider_code, exception.provider_code),
                          (lib.beluga_error_set_cause, exception.cause)):
        data = value.encode("utf-8", "replace")
        setter(c_error, data, len(data))
    c_error.retryable = int(exception.retryable)
    if exception.status:
        c_error.http_status = exception.status
    if exception.retry_after is not None:
        c_error.retry_after_ms = int(exception.retry_after * 1000)
    return code
