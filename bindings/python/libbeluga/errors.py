"""The exceptions: one class for each code of the library. Made by declare.py from beluga/error.h: do not edit."""
from __future__ import annotations

import builtins
from typing import Dict, Type

from ._error import Error

__all__ = [
    "BY_CODE",
    "InvalidConfigError",
    "NetworkError",
    "TimeoutError",
    "RateLimitError",
    "QuotaExceededError",
    "AuthenticationError",
    "AuthorizationError",
    "NotFoundError",
    "InternalError",
    "InvalidInputError",
    "UnsupportedProviderError",
    "InvalidModelError",
    "ModelNotAvailableError",
    "InvalidRequestError",
    "InvalidResponseError",
    "EmptyResponseError",
    "MalformedResponseError",
    "StreamError",
    "StreamTimeoutError",
    "StreamClosedError",
    "ToolCallError",
    "ToolNotFoundError",
    "ToolExecutionError",
    "ContextCanceledError",
    "ContextTimeoutError",
    "NoMemoryError",
    "LimitExceededError",
    "NotSupportedError",
    "ContentFilterError",
    "ContextLengthError",
    "OverloadedError",
    "CircuitOpenError",
    "BudgetExceededError",
    "PluginAbiError",
    "RecursiveError",
    "ForkedError",
    "IncompleteError",
]


class InvalidConfigError(Error, ValueError):
    """The configuration is not valid."""

    code = -1
    name = "invalid_config"
    retryable = False


class NetworkError(Error, ConnectionError):
    """The network or the connection failed."""

    code = -2
    name = "network_error"
    retryable = True


class TimeoutError(Error, builtins.TimeoutError):
    """No answer within the time allowed."""

    code = -3
    name = "timeout"
    retryable = True


class RateLimitError(Error):
    """The provider's rate limit was reached."""

    code = -4
    name = "rate_limit"
    retryable = True


class QuotaExceededError(Error):
    """The account's quota or credit is used up."""

    code = -5
    name = "quota_exceeded"
    retryable = False


class AuthenticationError(Error):
    """The key is missing or was refused."""

    code = -6
    name = "authentication_error"
    retryable = False


class AuthorizationError(Error):
    """The key may not do this."""

    code = -7
    name = "authorization_error"
    retryable = False


class NotFoundError(Error):
    """The address or resource does not exist."""

    code = -8
    name = "not_found"
    retryable = False


class InternalError(Error):
    """The provider failed inside."""

    code = -9
    name = "internal_error"
    retryable = True


class InvalidInputError(Error, ValueError):
    """An argument is not valid."""

    code = -10
    name = "invalid_input"
    retryable = False


class UnsupportedProviderError(Error):
    """No provider has that name."""

    code = -11
    name = "unsupported_provider"
    retryable = False


class InvalidModelError(Error):
    """The provider does not know that model."""

    code = -12
    name = "invalid_model"
    retryable = False


class ModelNotAvailableError(Error):
    """The model can't be reached now."""

    code = -13
    name = "model_not_available"
    retryable = True


class InvalidRequestError(Error):
    """The provider refused the request."""

    code = -14
    name = "invalid_request"
    retryable = False


class InvalidResponseError(Error):
    """The answer is not what the protocol says."""

    code = -15
    name = "invalid_response"
    retryable = False


class EmptyResponseError(Error):
    """The answer holds nothing."""

    code = -16
    name = "empty_response"
    retryable = True


class MalformedResponseError(Error):
    """The answer can't be parsed."""

    code = -17
    name = "malformed_response"
    retryable = True


class StreamError(Error):
    """The provider reported an error inside the stream."""

    code = -18
    name = "stream_error"
    retryable = True


class StreamTimeoutError(Error, builtins.TimeoutError):
    """The stream went silent."""

    code = -19
    name = "stream_timeout"
    retryable = True


class StreamClosedError(Error):
    """The stream ended before it was complete."""

    code = -20
    name = "stream_closed"
    retryable = True


class ToolCallError(Error):
    """A tool call of the model is not valid."""

    code = -21
    name = "tool_call_error"
    retryable = False


class ToolNotFoundError(Error):
    """The model called a tool that is not bound."""

    code = -22
    name = "tool_not_found"
    retryable = False


class ToolExecutionError(Error):
    """A tool failed."""

    code = -23
    name = "tool_execution_error"
    retryable = False


class ContextCanceledError(Error):
    """The caller cancelled."""

    code = -24
    name = "context_canceled"
    retryable = False


class ContextTimeoutError(Error, builtins.TimeoutError):
    """The context's deadline passed."""

    code = -25
    name = "context_timeout"
    retryable = False


class NoMemoryError(Error, MemoryError):
    """An allocation failed."""

    code = -26
    name = "no_memory"
    retryable = False


class LimitExceededError(Error):
    """A named maximum was passed."""

    code = -27
    name = "limit_exceeded"
    retryable = False


class NotSupportedError(Error):
    """The provider or build can't do this."""

    code = -28
    name = "not_supported"
    retryable = False


class ContentFilterError(Error):
    """The provider refused the content."""

    code = -29
    name = "content_filter"
    retryable = False


class ContextLengthError(Error):
    """The input is longer than the model takes."""

    code = -30
    name = "context_length"
    retryable = False


class OverloadedError(Error):
    """The provider is overloaded."""

    code = -31
    name = "overloaded"
    retryable = True


class CircuitOpenError(Error):
    """The circuit breaker is open."""

    code = -32
    name = "circuit_open"
    retryable = False


class BudgetExceededError(Error):
    """The budget is spent."""

    code = -33
    name = "budget_exceeded"
    retryable = False


class PluginAbiError(Error):
    """The plug-in and the library do not fit."""

    code = -34
    name = "plugin_abi"
    retryable = False


class RecursiveError(Error):
    """Called from inside its own callback."""

    code = -35
    name = "recursive"
    retryable = False


class ForkedError(Error):
    """The object belongs to the parent process."""

    code = -36
    name = "forked"
    retryable = False


class IncompleteError(Error):
    """The model stopped before its answer was whole."""

    code = -37
    name = "incomplete"
    retryable = False


BY_CODE: Dict[int, Type[Error]] = {
    -1: InvalidConfigError,
    -2: NetworkError,
    -3: TimeoutError,
    -4: RateLimitError,
    -5: QuotaExceededError,
    -6: AuthenticationError,
    -7: AuthorizationError,
    -8: NotFoundError,
    -9: InternalError,
    -10: InvalidInputError,
    -11: UnsupportedProviderError,
    -12: InvalidModelError,
    -13: ModelNotAvailableError,
    -14: InvalidRequestError,
    -15: InvalidResponseError,
    -16: EmptyResponseError,
    -17: MalformedResponseError,
    -18: StreamError,
    -19: StreamTimeoutError,
    -20: StreamClosedError,
    -21: ToolCallError,
    -22: ToolNotFoundError,
    -23: ToolExecutionError,
    -24: ContextCanceledError,
    -25: ContextTimeoutError,
    -26: NoMemoryError,
    -27: LimitExceededError,
    -28: NotSupportedError,
    -29: ContentFilterError,
    -30: ContextLengthError,
    -31: OverloadedError,
    -32: CircuitOpenError,
    -33: BudgetExceededError,
    -34: PluginAbiError,
    -35: RecursiveError,
    -36: ForkedError,
    -37: IncompleteError,
}
