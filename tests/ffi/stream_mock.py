#!/usr/bin/env python3
"""What a binding of another language does: loads the shared library and uses what it exports, no macro. TAP.

    stream_mock.py LIBRARY
"""
import ctypes
import os
import sys
from ctypes import POINTER, byref, c_char_p, c_int, c_int32, c_int64, c_size_t, c_uint32, c_void_p

TEXT, FINISH = b"text", b"finish"


class Error(ctypes.Structure):
    _fields_ = [("code", c_int32), ("http_status", c_int32), ("retry_after_ms", c_int64), ("retryable", c_int32),
                ("attempts", c_int32), ("operation", ctypes.c_char * 32), ("provider", ctypes.c_char * 48),
                ("model", ctypes.c_char * 96), ("provider_code", ctypes.c_char * 64), ("request_id", ctypes.c_char * 96),
                ("message", ctypes.c_char * 352), ("cause", ctypes.c_char * 256), ("reserved", ctypes.c_char * 56)]


class Option(ctypes.Structure):
    """32 bytes, made by beluga_option_parse."""
    _fields_ = [("words", c_int64 * 4)]


class Input(ctypes.Structure):
    _fields_ = [("kind", c_uint32), ("reserved", c_uint32), ("pointer", c_void_p), ("length", c_size_t)]


class Text(ctypes.Structure):
    _fields_ = [("bytes", c_void_p), ("length", c_size_t)]


class Event(ctypes.Structure):
    class Payload(ctypes.Union):
        _fields_ = [("text", Text), ("finish_reason", c_uint32), ("reserved", ctypes.c_char * 120)]

    _fields_ = [("kind", c_uint32), ("index", c_uint32), ("u", Payload)]


def load(path):
    library = ctypes.CDLL(path)
    signatures = {
        "beluga_model_open": (c_int, [c_char_p, POINTER(c_void_p), POINTER(Error)]),
        "beluga_chat_model_unref": (None, [c_void_p]),
        "beluga_option_parse": (c_int, [c_char_p, POINTER(Option), POINTER(Error)]),
        "beluga_input_text": (Input, [c_char_p]),
        "beluga_stream_input_n": (c_int, [c_void_p, c_void_p, Input, POINTER(c_void_p), POINTER(Error),
                                          POINTER(Option), c_size_t]),
        "beluga_stream_next": (c_int, [c_void_p, POINTER(POINTER(Event)), POINTER(Error)]),
        "beluga_stream_free": (None, [c_void_p]),
        "beluga_invoke_n": (c_int, [c_void_p, c_void_p, Input, POINTER(c_void_p), POINTER(Error), POINTER(Option),
                                    c_size_t]),
        "beluga_response_text": (c_char_p, [c_void_p, POINTER(c_size_t)]),
        "beluga_response_free": (None, [c_void_p]),
        "beluga_event_kind_name": (c_char_p, [c_uint32]),
        "beluga_finish_reason_name": (c_char_p, [c_uint32]),
        "beluga_error_name": (c_char_p, [c_int]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class Model:
    def __init__(self, library, reference):
        self.library, self.pointer, self.error = library, c_void_p(), Error()
        status = library.beluga_model_open(reference, byref(self.pointer), byref(self.error))
        if status:
            raise RuntimeError(self.error.message)

    def options(self, texts):
        made = (Option * max(len(texts), 1))()
        for option, text in zip(made, texts):
            assert self.library.beluga_option_parse(text, byref(option), byref(self.error)) == 0, self.error.message
        return made

    def stream(self, prompt, *texts):
        """Return the status, the pieces of text, and why it finished."""
        stream, event, pieces, reason = c_void_p(), POINTER(Event)(), [], None
        status = self.library.beluga_stream_input_n(self.pointer, None, self.library.beluga_input_text(prompt),
                                                    byref(stream), byref(self.error), self.options(texts), len(texts))
        while status == 0:
            status = self.library.beluga_stream_next(stream, byref(event), byref(self.error))
            if status or not event:
                break
            kind = self.library.beluga_event_kind_name(event.contents.kind)
            if kind == TEXT:
                pieces.append(ctypes.string_at(event.contents.u.text.bytes, event.contents.u.text.length))
            elif kind == FINISH:
                reason = self.library.beluga_finish_reason_name(event.contents.u.finish_reason)
        self.library.beluga_stream_free(stream)
        return status, pieces, reason

    def invoke(self, prompt):
        response = c_void_p()
        status = self.library.beluga_invoke_n(self.pointer, None, self.library.beluga_input_text(prompt), byref(response),
                                              byref(self.error), self.options([]), 0)
        text = self.library.beluga_response_text(response, None) if status == 0 else None
        self.library.beluga_response_free(response)
        return status, text

    def close(self):
        self.library.beluga_chat_model_unref(self.pointer)


def cases(library):
    model = Model(library, b"mock/echo")
    yield "a stream arrives word by word", model.stream(b"Hello from Python") == \
        (0, [b"Hello ", b"from ", b"Python"], b"stop")
    yield "options are read from text", model.stream(b"Hi", b"mock.responses=Something else") == \
        (0, [b"Something ", b"else"], b"stop")
    yield "an answer arrives whole", model.invoke(b"Hello") == (0, b"Hello")
    status, _, _ = model.stream(b"Hi", b"mock.error=rate_limit", b"max_retries=0")
    yield "an error has its code and its words", \
        library.beluga_error_name(status) == b"rate_limit" and model.error.code == status and bool(model.error.message)
    model.close()
    try:
        Model(library, b"nobody/x")
        yield "an unknown provider is an error", False
    except RuntimeError as error:
        yield "an unknown provider is an error", b"nobody" in error.args[0]
    yield "it stays when who loaded it goes, for its threads and descriptors do", stays(library)


def stays(library):
    dlclose = ctypes.CDLL(None).dlclose
    dlclose.argtypes = [c_void_p]
    dlclose(library._handle)
    with open("/proc/self/maps") as maps:
        return any("libbeluga.so" in line for line in maps)


def main(path):
    if os.environ.get("BELUGA_SANITIZER"):
        print("1..0 # SKIP python itself is built without the sanitizer")
        return 0
    print("1..6")
    failed = False
    for number, (name, good) in enumerate(cases(load(path)), 1):
        failed |= not good
        print(f"{'' if good else 'not '}ok {number} - {name}")
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
