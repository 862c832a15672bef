"""A server that gives the page as `beluga serve` does, and plays all that it may be told."""
import http.server
import json
import math
import os
import sys
import threading
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "cli", "serve", "page"))
import embed  # noqa: E402

EVIL = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>"
MINUTE = 60000


def minute(at, now):
    """A busy hour that was bad for some minutes."""
    wave = 1 + math.sin(at / 7)
    trouble = at in range(38, 44)
    return {"at_ms": now - (59 - at) * MINUTE, "requests": int(30 + 20 * wave + at % 7), "errors": 9 if trouble else int(at % 17 == 0),
            "latency_p50_ms": 900 + 250 * wave + 40 * (at % 5), "latency_p95_ms": (6400 if trouble else 2600) + 500 * wave + 90 * (at % 7),
            "first_p50_ms": 240 + 60 * wave + 9 * (at % 5), "first_p95_ms": (1900 if trouble else 620) + 120 * wave + 31 * (at % 6)}


def error(now, ago, status, name, message, **more):
    return {"at_ms": now - ago, "status": status, "error": name, "message": message, "protocol": "chat", "attempts": 3, **more}


def full():
    now = int(time.time() * 1000)
    minutes = [minute(at, now) for at in range(60) if at not in (20, 21)]
    return {
        "version": "0.1.0", "now_ms": now, "started_ms": now - 7 * 3600000, "draining": False, "connections": 41, "requests_now": 12,
        "reloads": 2, "failed_reloads": 0,
        "hour": {"requests": sum(m["requests"] for m in minutes), "errors": sum(m["errors"] for m in minutes), "input_tokens": 5218332,
                 "output_tokens": 812040, "cost": 21.37, "latency_p50_ms": 1180, "latency_p95_ms": 3710, "first_p50_ms": 305,
                 "first_p95_ms": 940},
        "minutes": minutes,
        "models": [
            {"name": "claude", "provider": "anthropic", "model": "claude-opus-4-5", "protocol": "anthropic", "default": True,
             "stack": [{"layer": "budget", "detail": "$50 a day"}, {"layer": "fallback", "detail": "bedrock/claude-opus-4-5"},
                       {"layer": "breaker"}, {"layer": "retry", "detail": "3"}, {"layer": "anthropic"}]},
            {"name": "fast", "provider": "openai", "model": "gpt-5-mini", "protocol": None,
             "stack": [{"layer": "fallback", "detail": "groq/llama-4-scout"}, {"layer": "retry", "detail": "2"}, {"layer": "openai"}]},
            {"name": "local", "provider": "ollama", "model": "qwen3:8b", "protocol": "ollama"},
            {"name": "mock/any", "provider": "mock", "protocol": "mock"}],
        "providers": [
            {"name": "anthropic", "requests": 1904, "errors": 12, "latency_p50_ms": 1350, "last_ok_ms": now - 900, "last_error_ms": now - 840000,
             "last_error": "overloaded"},
            {"name": "openai", "requests": 806, "errors": 121, "latency_p50_ms": 820, "last_ok_ms": now - 2100, "last_error_ms": now - 61000,
             "last_error": "rate_limit"},
            {"name": "groq", "requests": 31, "errors": 31, "last_ok_ms": now - 3000000, "last_error_ms": now - 4000,
             "last_error": "authentication_error"},
            {"name": "ollama", "requests": 0}],
        "keys": [
            {"name": "alice", "requests": 1211, "tokens": 3120034, "day": 4.42, "month": 31.9, "budget_per_day": 5, "budget_per_month": 100},
            {"name": "build machines", "requests": 1403, "tokens": 2801121, "day": 20.01, "month": 311.4, "budget_per_day": 20,
             "budget_per_month": 600, "expires_ms": now + 40 * 86400000},
            {"name": "old laptop", "requests": 0, "tokens": 0, "day": 0, "month": 1.2, "expires_ms": now - 86400000}],
        "errors": [
            error(now, 4000, 502, "authentication_error", "groq refused the key: Invalid API Key", provider="groq", model="llama-4-scout",
                  asked="fast", key="alice", request_id="req_7f3a90c2"),
            error(now, 61000, 429, "rate_limit", "openai limits this key: Rate limit reached for gpt-5-mini; try again in 2 s",
                  provider="openai", model="gpt-5-mini", asked="fast", key="build machines", request_id="req_1b0e55d1"),
            error(now, 95000, 200, "stream_closed", "the stream ended before it was complete", provider="anthropic",
                  model="claude-opus-4-5", asked="claude", key="alice", request_id="req_90aa12ff"),
            error(now, 300000, 401, "authentication_error", "no key is like the one that was sent", attempts=0)] + [
                error(now, 400000 + i * 1000, 529, "overloaded", "anthropic is overloaded", provider="anthropic", model="claude-opus-4-5",
                      asked="claude", key="alice", request_id=f"req_5522ab{i}") for i in range(6)]}


def quick():
    status = full()
    status["minutes"] = [{**status["minutes"][-1], "latency_p50_ms": 21.5, "latency_p95_ms": 45, "first_p50_ms": 1.1, "first_p95_ms": 2600}]
    return status


def instant():
    status = full()
    status["minutes"] = [{**status["minutes"][-1], "latency_p50_ms": .04, "latency_p95_ms": .09}]
    return status


def hostile():
    status = full()
    status["models"][0].update(name=EVIL, provider=EVIL, model=EVIL, protocol=EVIL, stack=[{"layer": EVIL, "detail": EVIL}] * 2)
    status["providers"][0].update(name=EVIL, last_error=EVIL)
    status["keys"][0].update(name=EVIL)
    status["errors"][0].update({name: EVIL for name in ("error", "message", "provider", "model", "asked", "key", "request_id")})
    status["version"] = EVIL
    return status


def empty():
    """What a server tells that has just begun."""
    now = int(time.time() * 1000)
    return {"version": "0.1.0", "now_ms": now, "started_ms": now, "models": [{"name": "mock/any", "provider": "mock"}], "keys": [],
            "hour": {"requests": 0, "errors": 0}, "minutes": [], "providers": [], "errors": [], "requests_now": 0, "connections": 1}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle(self):
        try:
            super().handle()
        except ConnectionError:
            pass  # the browser left

    def answer(self, status, kind, data, **headers):
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), "Cache-Control": "no-store", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        server = self.server
        if self.path == "/":
            return self.answer(200, "text/html; charset=utf-8", server.html.encode(), Content_Security_Policy=server.policy)
        if self.path != "/status":
            return self.answer(404, "application/json", b"{}")
        with server.lock:
            server.asked.append(self.headers.get("Authorization"))
        wanted = server.keys.get(self.headers.get("Authorization"), 401) if server.keys else 200
        if server.broken:
            wanted = 503
        return self.answer(wanted, "application/json", json.dumps(server.status()).encode() if wanted == 200 else b"{}")

    def piece(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def event(self, delta=None, finish=None, **more):
        choices = [] if "usage" in more else [{"index": 0, "delta": delta or {}, "finish_reason": finish}]
        self.piece(b"data: " + json.dumps({"id": "x", "choices": choices, **more}).encode() + b"\n\n")

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.posted.append((self.path, self.headers.get("Authorization"), body))
        if body["messages"][0]["content"] == "refused":
            return self.answer(429, "application/json", json.dumps({"error": {"message": "slow down, " + EVIL}}).encode())
        self.send_response(200)
        for name, value in (("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked"), ("x-beluga-provider", "mock"),
                            ("x-beluga-model", "any"), ("x-beluga-cost-usd", "0.0021")):
            self.send_header(name, value)
        self.end_headers()
        self.event({"role": "assistant", "content": ""})
        self.event({"reasoning_content": "Thinking."})
        self.piece(b": ping\n\n")
        self.event({"content": "Hello "})
        self.server.go_on.wait(60)
        if body["messages"][0]["content"] != "cut":
            self.event({"content": EVIL})
            self.event(finish="stop")
            self.event(usage={"prompt_tokens": 12, "completion_tokens": 1305})
            self.piece(b"data: [DONE]\n\n")
        self.piece(b"")

    def log_message(self, *_):
        pass


def start(status=full, keys=None):
    """Return a server that serves until shutdown(), on a thread of its own. `keys`: what Authorization is worth."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.html = embed.read(os.path.join(ROOT, "cli", "serve", "page", "page.html"))
    server.policy = embed.policy(server.html)
    server.status, server.keys, server.broken = status, keys, False
    server.lock, server.asked, server.posted, server.go_on = threading.Lock(), [], [], threading.Event()
    server.url = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
