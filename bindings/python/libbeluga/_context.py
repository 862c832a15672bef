"""Contexts: the deadline and the trace of a call."""
from __future__ import annotations

from typing import Any, Optional

from ._library import NULL, check_memory, encode_name, ffi, lib
from ._options import milliseconds
from .errors import InvalidInputError


def new_context(deadline: Any, traceparent: Optional[str]) -> Any:
    """Return a context, which is freed with the Python object; NULL if neither argument is given."""
    context = NULL
    if traceparent is not None:
        made = lib.beluga_context_new_traced(NULL, encode_name("traceparent", traceparent))
        if made == NULL:
            raise InvalidInputError("traceparent does not have the form of W3C, 00-<32 hex>-<16 hex>-<2 hex>")
        context = ffi.gc(made, lib.beluga_context_unref)
    if deadline is not None:
        made = check_memory(lib.beluga_context_new_timeout(context, max(0, milliseconds("deadline", deadline))))
        context = ffi.gc(made, lib.beluga_context_unref)
    return context


def new_cancellable(parent: Any = NULL) -> Any:
    """Return a context that any thread may cancel."""
    return ffi.gc(check_memory(lib.beluga_context_new_cancellable(parent)), lib.beluga_context_unref)
