"""Loads the shared library, and converts its texts and errors to Python."""
from __future__ import annotations

import os
import re
import threading
from typing import Any, Callable, Dict, Optional

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


# Exceptions of providers and of functions for keys, which arrive at the caller as an error of C with their words. The
# caller's exception gets them as its __cause__, for the traceback. Only a few are kept, since not all arrive.
_faults: Dict[str, BaseException] = {}
MAX_FAULTS = 16
_NOT_WORDS = re.compile(r"\W+")


def words_of(exception: BaseException) -> str:
    """Return "ValueError: why" for an exception, which may have a broken __str__."""
    try:
        words = str(exception)
    except Exception as error:
        words = f"its text can't be made, because of {type(error).__name__}"
    return f"{type(exception).__name__}: {words}"


def _key_of_fault(words: str) -> str:
    """The library may shorten a text, and makes it one line."""
    return _NOT_WORDS.sub("", words)[:80]


def remember(exception: BaseException, words: str) -> None:
    """Keep an exception that was raised until an error with these words is made."""
    if exception.__traceback__ is None:
        return
    with _faults_lock:
        _faults.pop(_key_of_fault(words), None)
        while len(_faults) >= MAX_FAULTS:
            del _faults[next(iter(_faults))]
        _faults[_key_of_fault(words)] = exception


def _cause_of(*texts: str) -> Optional[BaseException]:
    with _faults_lock:
        for text in texts:
            found = _faults.pop(_key_of_fault(text), None) if text else None
            if found is not None:
                return found
    return None


_faults_lock = threading.Lock()


def _in_child() -> None:
    global _faults_lock
    _faults_lock = threading.Lock()


os.register_at_fork(after_in_child=_in_child)


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
    if _faults:
        error.__cause__ = _cause_of(error.message, error.cause)
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
        words = words_of(exception)
    remember(exception, words)
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
