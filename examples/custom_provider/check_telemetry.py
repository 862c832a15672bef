#!/usr/bin/env python3
"""Run the demo with telemetry turned on, and check that every call was recorded.

    check_telemetry.py PROGRAM
"""
import json
import os
import subprocess
import sys
import tempfile

PREFIX = "beluga.custom_provider."


def run(program, folder):
    path = os.path.join(folder, "demo.jsonl")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
    environment["BELUGA_TELEMETRY_FILE"] = path
    subprocess.run([program], env=environment, stdout=subprocess.DEVNULL, timeout=280, check=True)
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def spans(exports):
    return [span for export in exports for resource in export.get("resourceSpans", [])
            for scope in resource["scopeSpans"] for span in scope["spans"]]


def metrics(exports):
    return {metric["name"]: metric for export in exports for resource in export.get("resourceMetrics", [])
            for scope in resource["scopeMetrics"] for metric in scope["metrics"]}


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        exports = run(program, folder)
    names = [span["name"] for span in spans(exports)]
    assert names.count("chat example-model-v1") == 3, names
    assert names.count("attempt") == 3, names
    measured = metrics(exports)
    for name in ("requests_total", "request_duration_seconds", "active_requests"):
        assert PREFIX + name in measured, sorted(measured)
    point = measured[PREFIX + "requests_total"]["sum"]["dataPoints"][0]
    assert int(point["asInt"]) == 3, point
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
