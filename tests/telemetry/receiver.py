"""A receiver of OTLP on 127.0.0.1 that decodes with OpenTelemetry's own messages, and answers as it is told."""
import base64
import gzip
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

ID_KEYS = {"traceId", "spanId", "parentSpanId"}


def with_bytes(value):
    """OTLP/JSON with ids as protobuf's JSON wants them: base64, where OTLP has hex."""
    if isinstance(value, dict):
        return {k: base64.b64encode(bytes.fromhex(v)).decode() if k in ID_KEYS else with_bytes(v)
                for k, v in value.items()}
    return [with_bytes(v) for v in value] if isinstance(value, list) else value


def message_of(path, json_text=None, data=None):
    """The request's message; an unknown field in JSON is an error."""
    traces = path.endswith("/traces")
    message = (trace_service_pb2.ExportTraceServiceRequest() if traces
               else metrics_service_pb2.ExportMetricsServiceRequest())
    if json_text is not None:
        return json_format.ParseDict(with_bytes(json.loads(json_text)), message)
    message.ParseFromString(data)
    return message


class Request:
    def __init__(self, path, headers, body):
        self.path, self.headers, self.body = path, headers, body
        if headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        is_json = headers["Content-Type"] == "application/json"
        self.message = message_of(path, json_text=body) if is_json else message_of(path, data=body)


class Answer:
    """What the receiver says once: a status, headers, a body; or that it closes without a word."""

    def __init__(self, status=200, headers=None, body=b"", close=False):
        self.status, self.headers, self.body, self.close = status, headers or {}, body, close


class Receiver:
    """Use as a context manager; `script` maps a path's end to the answers that come first."""

    def __init__(self, **script):
        self.requests, self.script, self.lock = [], {k: list(v) for k, v in script.items()}, threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                receiver.answer(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_port

    def answer(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        with self.lock:
            self.requests.append(Request(handler.path, handler.headers, body))
            waiting = self.script.get(handler.path.rsplit("/", 1)[-1])
            answer = waiting.pop(0) if waiting else Answer()
        if answer.close:
            handler.close_connection = True
            return
        handler.send_response(answer.status)
        handler.send_header("Content-Type", handler.headers["Content-Type"])
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        handler.wfile.write(answer.body)

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def of(self, signal):
        return [r for r in self.requests if r.path.endswith(signal)]

    def spans(self):
        return [span for request in self.of("traces") for resource in request.message.resource_spans
                for scope in resource.scope_spans for span in scope.spans]

    def metrics(self):
        return [metric for request in self.of("metrics") for resource in request.message.resource_metrics
                for scope in resource.scope_metrics for metric in scope.metrics]


def span_named(spans, name):
    found = [s for s in spans if s.name == name]
    assert len(found) == 1, "%d spans are named %s, among %s" % (len(found), name, [s.name for s in spans])
    return found[0]


def value_of(any_value):
    kind = any_value.WhichOneof("value")
    if kind == "array_value":
        return [value_of(v) for v in any_value.array_value.values]
    return getattr(any_value, kind) if kind else None


def attributes_of(thing):
    return {a.key: value_of(a.value) for a in thing.attributes}


if __name__ == "__main__":
    sys.exit("a module of the tests")
