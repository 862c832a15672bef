#!/usr/bin/env python3
"""The command's telemetry, received by OpenTelemetry's own messages and beside OpenTelemetry's own SDK. TAP.

    test_otlp.py BELUGA
"""
import json
import os
import subprocess
import sys
import tempfile
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OTEL = os.path.join(ROOT, "scripts", "otel")
SECONDS = 60
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0"
SECONDS_BOUNDS = [0.01 * 2 ** i for i in range(14)]
TOKEN_BOUNDS = [4 ** i for i in range(14)]


def beluga(receiver, *arguments, model="mock/x", **environment):
    """Run the command as a user would; gives stdout and stderr."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "TRACE", "BELUGA_"))}
    if receiver:
        clean["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.url
    clean.update(environment)
    done = subprocess.run([BELUGA, "-m", model, *arguments, "hello"], capture_output=True, text=True, env=clean,
                          stdin=subprocess.DEVNULL, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def equal(what, ours, theirs):
    assert ours == theirs, "%s: %r is not %r" % (what, ours, theirs)


def points_of(metrics, name):
    found = [m for m in metrics if m.name == name]
    assert len(found) == 1, "%d metrics are named %s, among %s" % (len(found), name, [m.name for m in metrics])
    return getattr(found[0], found[0].WhichOneof("data")).data_points


# --- what arrives ---------------------------------------------------------------------------------------------

def check_one_call(receiver):
    """One trace of an operation and its attempt, and the metrics of one call."""
    operation, attempt = span_named(receiver.spans(), "chat x"), span_named(receiver.spans(), "attempt")
    equal("the trace", attempt.trace_id, operation.trace_id)
    equal("the parent", attempt.parent_span_id, operation.span_id)
    equal("the lengths of ids", (len(operation.trace_id), len(operation.span_id)), (16, 8))
    assert operation.start_time_unix_nano <= attempt.start_time_unix_nano < attempt.end_time_unix_nano
    assert attempt.end_time_unix_nano <= operation.end_time_unix_nano
    equal("model", attributes_of(operation)["gen_ai.request.model"], "x")
    equal("reasons", attributes_of(operation)["gen_ai.response.finish_reasons"], ["stop"])
    duration, = points_of(receiver.metrics(), "gen_ai.client.operation.duration")
    equal("count", (duration.count, sum(duration.bucket_counts)), (1, 1))
    requests, = points_of(receiver.metrics(), "llm.requests.total")
    equal("llm.requests.total", requests.as_int, 1)
    equal("beluga.mock.requests_total", points_of(receiver.metrics(), "beluga.mock.requests_total")[0].as_int, 1)


def a_call_arrives_as_protobuf():
    with Receiver() as receiver:
        beluga(receiver)
        check_one_call(receiver)
        equal("types", {r.headers["Content-Type"] for r in receiver.requests}, {"application/x-protobuf"})
        assert receiver.requests[0].headers["User-Agent"].startswith("OTel-OTLP-Exporter-")


def a_call_arrives_as_json():
    with Receiver() as receiver:
        beluga(receiver, OTEL_EXPORTER_OTLP_PROTOCOL="http/json")
        check_one_call(receiver)
        equal("types", {r.headers["Content-Type"] for r in receiver.requests}, {"application/json"})
        span = json.loads(receiver.of("traces")[0].body)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
        assert int(span["traceId"], 16) and len(span["traceId"]) == 32 and isinstance(span["kind"], int)
        assert isinstance(span["startTimeUnixNano"], str)


def a_call_arrives_compressed():
    for protocol in "http/protobuf", "http/json":
        with Receiver() as receiver:
            beluga(receiver, OTEL_EXPORTER_OTLP_COMPRESSION="gzip", OTEL_EXPORTER_OTLP_PROTOCOL=protocol)
            check_one_call(receiver)
            equal("encodings", {r.headers["Content-Encoding"] for r in receiver.requests}, {"gzip"})


def headers_and_the_resource_are_as_the_variables_say():
    with Receiver() as receiver:
        beluga(receiver, OTEL_EXPORTER_OTLP_HEADERS="x-key=a%20b,x-other=1", OTEL_SERVICE_NAME="mine",
               OTEL_RESOURCE_ATTRIBUTES="service.name=other,deployment.environment.name=a%2Cb")
        equal("header", receiver.requests[0].headers["x-key"], "a b")
        resource = attributes_of(receiver.of("traces")[0].message.resource_spans[0].resource)
        equal("service.name", resource["service.name"], "mine")
        equal("environment", resource["deployment.environment.name"], "a,b")
        assert len(resource["service.instance.id"]) == 36


def a_signals_own_endpoint_is_taken_as_it_is():
    with Receiver() as receiver:
        beluga(None, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=receiver.url + "/own/traces",
               OTEL_METRICS_EXPORTER="none")
        equal("paths", [r.path for r in receiver.requests], ["/own/traces"])


def nothing_is_sent_unless_a_variable_asks():
    with Receiver() as receiver:
        beluga(None)
        beluga(receiver, OTEL_SDK_DISABLED="TRUE")
        beluga(receiver, OTEL_TRACES_EXPORTER="none", OTEL_METRICS_EXPORTER="none")
        equal("requests", len(receiver.requests), 0)


def the_newer_names_come_instead_when_asked_for():
    with Receiver() as receiver:
        beluga(receiver, OTEL_SEMCONV_STABILITY_OPT_IN="http,gen_ai_latest_experimental")
        names = {m.name for m in receiver.metrics()}
        assert "gen_ai.client.inference.duration" in names and "gen_ai.client.operation.duration" not in names
        tokens, = points_of(receiver.metrics(), "gen_ai.client.inference.usage.output_tokens")
        equal("modality", attributes_of(tokens)["gen_ai.token.modality"], "unknown")
        assert tokens.as_int > 0


def differences_are_sent_when_asked_for():
    with Receiver() as receiver:
        beluga(receiver, OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE="delta")
        for metric in receiver.metrics():
            data = getattr(metric, metric.WhichOneof("data"))
            up_and_down = metric.WhichOneof("data") == "sum" and not data.is_monotonic
            equal(metric.name, data.aggregation_temporality, 2 if up_and_down else 1)


def buckets_units_and_types_are_the_conventions():
    with Receiver() as receiver:
        beluga(receiver)
        for metric in receiver.metrics():
            if metric.WhichOneof("data") != "histogram":
                continue
            bounds = SECONDS_BOUNDS if metric.unit == "s" else TOKEN_BOUNDS
            equal("unit", metric.unit in ("s", "{token}"), True)
            for point in metric.histogram.data_points:
                equal("bounds of " + metric.name, list(point.explicit_bounds), bounds)
                equal("buckets of " + metric.name, len(point.bucket_counts), len(bounds) + 1)
        kinds = {attributes_of(p)["gen_ai.token.type"] for p in points_of(receiver.metrics(), "gen_ai.client.token.usage")}
        equal("types of tokens", kinds, {"input", "output"})


# --- beside OpenTelemetry's own SDK -------------------------------------------------------------------------------

def sdk_span(ours, receiver_url):
    """Send a span with the same content through the SDK's exporter."""
    def context(span_id, remote=False):
        return SpanContext(int.from_bytes(ours.trace_id, "big"), int.from_bytes(span_id, "big"), remote,
                           TraceFlags(ours.flags & 1))
    events = [Event(e.name, attributes_of(e), e.time_unix_nano) for e in ours.events]
    status = Status(StatusCode(ours.status.code), ours.status.message or None)
    span = ReadableSpan(ours.name, context(ours.span_id), context(ours.parent_span_id) if ours.parent_span_id else None,
                        Resource({}), attributes_of(ours), events, [], SpanKind(ours.kind - 1), None, status,
                        ours.start_time_unix_nano, ours.end_time_unix_nano,
                        instrumentation_scope=InstrumentationScope("beluga", "0"))
    exporter = OTLPSpanExporter(endpoint=receiver_url + "/v1/traces")
    equal("the SDK's export", exporter.export([span]), SpanExportResult.SUCCESS)


def a_span_is_what_the_sdk_would_send():
    with Receiver() as ours, Receiver() as theirs:
        beluga(ours)
        beluga(ours, "-o", "temperature=0.5", "-o", "mock.error=rate_limit", "-o", "mock.error_count=1",
               "-o", "retry_delay=100ms")
        assert len(ours.spans()) == 5 and any(s.status.code for s in ours.spans())
        for span in ours.spans():
            sdk_span(span, theirs.url)
        for mine, its in zip(ours.spans(), theirs.spans()):
            equal("fields", [f.name for f, _ in mine.ListFields()], [f.name for f, _ in its.ListFields()])
            mine_sorted, its_sorted = attributes_of(mine), attributes_of(its)
            equal("attributes", mine_sorted, its_sorted)
            for field, value in mine.ListFields():
                if field.name == "flags":  # this SDK leaves out the low byte, which the protocol gives to W3C's flags
                    equal("flags", (value & 0x300, value & 0xff), (its.flags & 0x300, 1))
                elif field.name != "attributes":
                    equal(field.name, value, getattr(its, field.name))


def a_histogram_is_what_the_sdk_would_send():
    with Receiver() as ours, Receiver() as theirs:
        beluga(ours)
        metric = [m for m in ours.metrics() if m.name == "gen_ai.client.operation.duration"][0]
        point = metric.histogram.data_points[0]
        reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=theirs.url + "/v1/metrics"),
                                               export_interval_millis=3600000)
        view = View(instrument_name=metric.name, aggregation=ExplicitBucketHistogramAggregation(SECONDS_BOUNDS))
        provider = MeterProvider([reader], Resource({}), views=[view])
        histogram = provider.get_meter("beluga").create_histogram(metric.name, metric.unit, metric.description)
        histogram.record(point.sum, attributes_of(point))
        provider.shutdown()
        its = theirs.metrics()[0]
        its_point = its.histogram.data_points[0]
        for field in "name", "unit", "description":
            equal(field, getattr(metric, field), getattr(its, field))
        equal("temporality", metric.histogram.aggregation_temporality, its.histogram.aggregation_temporality)
        equal("fields", [f.name for f, _ in point.ListFields()], [f.name for f, _ in its_point.ListFields()])
        for field in "count", "sum", "bucket_counts", "explicit_bounds", "min", "max":
            equal(field, getattr(point, field), getattr(its_point, field))
        equal("attributes", attributes_of(point), attributes_of(its_point))


def our_spans_stand_under_the_sdks():
    with Receiver() as receiver:
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint=receiver.url + "/v1/traces")))
        with provider.get_tracer("tests").start_as_current_span("script"):
            carrier = {}
            TraceContextTextMapPropagator().inject(carrier)
            beluga(receiver, TRACEPARENT=carrier["traceparent"], TRACESTATE="vendor=1")
        provider.shutdown()
        script, operation = span_named(receiver.spans(), "script"), span_named(receiver.spans(), "chat x")
        equal("trace", operation.trace_id, script.trace_id)
        equal("parent", operation.parent_span_id, script.span_id)
        equal("flags", operation.flags, 0x301)  # sampled; its parent is known to be remote
        equal("tracestate", operation.trace_state, "vendor=1")


# --- sampling -------------------------------------------------------------------------------------------------

def the_callers_decision_counts_unless_the_sampler_has_its_own():
    for flag, sampler, wanted in (("0", "", 0), ("1", "", 2), ("1", "parentbased_always_off", 2), ("1", "always_off", 0),
                                  ("0", "always_on", 2), ("1", "traceidratio", 0), ("0", "parentbased_traceidratio", 0)):
        with Receiver() as receiver:
            beluga(receiver, TRACEPARENT=PARENT + flag, OTEL_TRACES_SAMPLER=sampler, OTEL_TRACES_SAMPLER_ARG="0")
            equal("%s %s" % (flag, sampler), len(receiver.spans()), wanted)
            equal("metrics are not sampled", points_of(receiver.metrics(), "llm.requests.total")[0].as_int, 1)


# --- upstream ------------------------------------------------------------------------------------------------

class Upstream(BaseHTTPRequestHandler):
    """Answers as OpenAI does; the first two requests are refused."""
    seen = []

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append(self.headers["traceparent"])
        fail = len(self.seen) < 3
        body = b'{"error":{"message":"later"}}' if fail else json.dumps(
            {"id": "r1", "model": "m-2", "choices": [{"index": 0, "finish_reason": "stop",
                                                      "message": {"role": "assistant", "content": "Hi"}}],
             "usage": {"prompt_tokens": 3, "completion_tokens": 2}}).encode()
        self.send_response(503 if fail else 200)
        for name, value in (("Content-Type", "application/json"), ("Retry-After", "0"), ("X-Request-Id", "q1"),
                            ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def each_attempt_has_a_span_and_sends_it_upstream():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Upstream.seen = []
    try:
        with Receiver() as receiver:
            beluga(receiver, "--no-stream", "-o", "retry_delay=100ms", model="openai/m",
                   OPENAI_BASE_URL="http://127.0.0.1:%d/v1" % server.server_port, OPENAI_API_KEY="sk-secret-of-the-test")
            attempts = [s for s in receiver.spans() if s.name == "POST"]
            operation = span_named(receiver.spans(), "chat m")
            equal("attempts", len(attempts), 3)
            sent = ["00-%s-%s-01" % (s.trace_id.hex(), s.span_id.hex()) for s in attempts]
            equal("traceparent", Upstream.seen, sent)
            last = attributes_of(attempts[2])
            equal("status", (last["http.response.status_code"], last["http.request.resend_count"]), (200, 2))
            equal("reason", last["beluga.retry.reason"], "overloaded")
            equal("url", last["url.full"], "http://127.0.0.1:%d/v1/chat/completions" % server.server_port)
            first = attributes_of(attempts[0])
            equal("first", (first["error.type"], first["http.response.status_code"]), ("overloaded", 503))
            equal("status of a failure", attempts[0].status.code, 2)
            equal("retries", [e.name for e in operation.events], ["retry", "retry"])
            equal("tokens", attributes_of(operation)["gen_ai.usage.input_tokens"], 3)
            equal("model", attributes_of(operation)["gen_ai.response.model"], "m-2")
            for request in receiver.requests:
                assert b"sk-secret" not in request.body
    finally:
        server.shutdown()
        server.server_close()


# --- receivers that misbehave ------------------------------------------------------------------------------------

def what_may_pass_is_tried_again():
    for status in 429, 502, 503, 504:
        with Receiver(traces=[Answer(status, {"Retry-After": "0"})]) as receiver:
            beluga(receiver)
            sent = receiver.of("traces")
            equal("requests after %d" % status, len(sent), 2)
            equal("the body", sent[0].body, sent[1].body)


def what_will_not_pass_is_not():
    for status in 400, 401, 404, 413, 500:
        refusal = b"\x08\x03\x12\x0cno such span"  # google.rpc.Status: code 3 and a message
        with Receiver(traces=[Answer(status, {"Retry-After": "0"}, refusal)]) as receiver:
            answer, notes = beluga(receiver)
            equal("requests after %d" % status, len(receiver.of("traces")), 1)
            assert "no such span" in notes and str(status) in notes, notes
            assert answer.startswith("This is a mock response")
            dropped, = points_of(receiver.metrics(), "beluga.telemetry.spans.dropped")
            equal("dropped", (dropped.as_int, attributes_of(dropped)["beluga.reason"]), (2, "export_failed"))


def a_partial_success_is_told_and_not_tried_again():
    said = ExportTraceServiceResponse(
        partial_success=ExportTracePartialSuccess(rejected_spans=1, error_message="too old")).SerializeToString()
    as_json = b'{"partialSuccess":{"rejectedSpans":"1","errorMessage":"too old"}}'
    for protocol, body in (("http/protobuf", said), ("http/json", as_json)):
        with Receiver(traces=[Answer(200, {}, body)]) as receiver:
            _, notes = beluga(receiver, OTEL_EXPORTER_OTLP_PROTOCOL=protocol)
            equal("requests", len(receiver.of("traces")), 1)
            assert "too old" in notes, notes
            equal("dropped", points_of(receiver.metrics(), "beluga.telemetry.spans.dropped")[0].as_int, 1)


def a_receiver_that_closes_or_is_not_there_costs_no_answer():
    with Receiver(traces=[Answer(close=True)]) as receiver:
        answer, _ = beluga(receiver)
        assert answer.startswith("This is a mock response")
        url = receiver.url
    answer, notes = beluga(None, OTEL_EXPORTER_OTLP_ENDPOINT=url)
    assert answer.startswith("This is a mock response") and "telemetry" in notes


# --- other ways out -------------------------------------------------------------------------------------------

def a_file_holds_lines_of_otlp_json():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "trace.jsonl")
        for _ in range(2):
            beluga(None, BELUGA_TELEMETRY_FILE=path)
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
        traces = [message_of("/traces", json_text=l) for l in lines if "resourceSpans" in l]
        metrics = [message_of("/metrics", json_text=l) for l in lines if "resourceMetrics" in l]
        equal("lines", (len(traces), len(metrics)), (2, 2))
        equal("spans", [len(t.resource_spans[0].scope_spans[0].spans) for t in traces], [2, 2])
        equal("mode", os.stat(path).st_mode & 0o777, 0o600)


def the_console_gets_lines_for_people():
    answer, notes = beluga(None, OTEL_TRACES_EXPORTER="console", OTEL_METRICS_EXPORTER="console")
    assert answer.startswith("This is a mock response") and "span" not in answer
    assert "span chat x" in notes and "metric llm.requests.total 1" in notes, notes


def content_is_captured_only_when_the_standard_variable_says_so():
    for value, wanted in (("", False), ("NO_CONTENT", False), ("false", False), ("SPAN_ONLY", True), ("true", True)):
        with Receiver() as receiver:
            beluga(receiver, "-s", "Be brief.", OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=value)
            attributes = attributes_of(span_named(receiver.spans(), "chat x"))
            equal(value, "gen_ai.input.messages" in attributes, wanted)
            if not wanted:
                assert all(b"hello" not in r.body and b"mock response" not in r.body for r in receiver.requests)
                continue
            equal("system", json.loads(attributes["gen_ai.system_instructions"]), [{"type": "text", "content": "Be brief."}])
            equal("input", json.loads(attributes["gen_ai.input.messages"]),
                  [{"role": "user", "parts": [{"type": "text", "content": "hello"}]}])
            equal("output", json.loads(attributes["gen_ai.output.messages"]),
                  [{"role": "assistant", "parts": [{"type": "text", "content": "This is a mock response."}]}])


def values_that_make_no_sense_are_told_and_left_out():
    with Receiver() as receiver:
        _, notes = beluga(receiver, OTEL_TRACES_SAMPLER="sometimes", OTEL_BSP_SCHEDULE_DELAY="soon",
                          OTEL_EXPORTER_OTLP_PROTOCOL="grpc", OTEL_RESOURCE_ATTRIBUTES="broken")
        for name in "OTEL_TRACES_SAMPLER", "OTEL_BSP_SCHEDULE_DELAY", "OTEL_EXPORTER_OTLP_PROTOCOL":
            assert name in notes, notes
        check_one_call(receiver)


CASES = [a_call_arrives_as_protobuf, a_call_arrives_as_json, a_call_arrives_compressed,
         headers_and_the_resource_are_as_the_variables_say, a_signals_own_endpoint_is_taken_as_it_is,
         nothing_is_sent_unless_a_variable_asks, the_newer_names_come_instead_when_asked_for,
         differences_are_sent_when_asked_for, buckets_units_and_types_are_the_conventions,
         a_span_is_what_the_sdk_would_send, a_histogram_is_what_the_sdk_would_send, our_spans_stand_under_the_sdks,
         the_callers_decision_counts_unless_the_sampler_has_its_own, each_attempt_has_a_span_and_sends_it_upstream,
         what_may_pass_is_tried_again, what_will_not_pass_is_not, a_partial_success_is_told_and_not_tried_again,
         a_receiver_that_closes_or_is_not_there_costs_no_answer, a_file_holds_lines_of_otlp_json,
         the_console_gets_lines_for_people, content_is_captured_only_when_the_standard_variable_says_so,
         values_that_make_no_sense_are_told_and_left_out]


def main():
    failed = 0
    print("1..%d" % len(CASES))
    for number, case in enumerate(CASES, 1):
        try:
            case()
            print("ok %d - %s" % (number, case.__name__), flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print("\n".join("# " + line for line in traceback.format_exc().splitlines()))
            print("not ok %d - %s" % (number, case.__name__), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    BELUGA = os.path.abspath(sys.argv[1])
    installed = subprocess.run([OTEL, "--installed"], capture_output=True, text=True, check=False)
    if installed.returncode:
        print("1..0 # skip " + installed.stderr.strip())
        sys.exit(0)
    sys.path.insert(0, subprocess.run([OTEL, "--path"], capture_output=True, text=True, check=True).stdout.strip())
    # pylint: disable=import-error,wrong-import-position
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (ExportTracePartialSuccess,
                                                                          ExportTraceServiceResponse)
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    from receiver import Answer, Receiver, attributes_of, message_of, span_named
    sys.exit(main())
