"""The base of all exceptions of the library."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Optional, Tuple, Type

if TYPE_CHECKING:
    from ._response import Response


class Error(Exception):
    """A call failed. Each error code of the library has its own subclass of this (libbeluga.errors)."""

    code: int = 0  #: the library's number
    name: str = "error"  #: its name, such as "rate_limit"
    retryable: bool = False  #: the same call may succeed later

    def __init__(
        self,
        message: str = "",
        *,
        cause: str = "",
        provider: str = "",
        model: str = "",
        operation: str = "",
        provider_code: str = "",
        request_id: str = "",
        status: int = 0,
        retry_after: Optional[float] = None,
        retryable: Optional[bool] = None,
        attempts: int = 0,
    ) -> None:
        super().__init__(message)
        self.message = message  #: what happened and what to do, one line
        self.cause = cause  #: the provider's message, or the error that caused this one
        self.provider = provider
        self.model = model
        self.operation = operation  #: "generate", "stream", "open", …
        self.provider_code = provider_code  #: the provider's own code
        self.request_id = request_id  #: the provider's id of the request, for its support
        self.status = status  #: of the HTTP answer; 0 when there was none
        self.retry_after = retry_after  #: seconds that the provider asked to wait, or None
        if retryable is not None:
            self.retryable = retryable
        self.attempts = attempts  #: attempts that were made
        #: the part of the answer that had arrived before the failure, or None
        self.partial: Optional["Response"] = None

    def __str__(self) -> str:
        facts = [self.provider, self.model, f"HTTP {self.status}" if self.status else "", self.request_id]
        known = ", ".join(fact for fact in facts if fact)
        cause = f" ({self.cause})" if self.cause else ""
        return f"{self.name}: {self.message}{cause}{f' [{known}]' if known else ''}"

    def __reduce__(self) -> Tuple[Any, ...]:
        state = {key: value for key, value in self.__dict__.items() if key != "partial"}
        return _rebuild, (type(self), state)


def _rebuild(kind: Type[Error], state: Dict[str, Any]) -> Error:
    """Restore a pickled error, perhaps in another process. `partial` is not pickled."""
    error = kind(state.get("message", ""))
    error.__dict__.update(state)
    return error
