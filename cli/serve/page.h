/*
 * The page at /: one file of HTML that draws what GET /status says, every two seconds. The file is
 * page/page.html; the build makes it C text, and its policy (page/embed.py).
 *
 * The page itself tells nothing, so anybody who reaches the server may load it. /status is only for
 * a key that may see it (serve_key_may_see), which routes.c asks first: 401 without a key makes the
 * page ask for one, and 403 makes it say that this key may not see it.
 *
 * GET /status, times in ms since 1970 and durations in ms; every member may be missing or null, and
 * the page then leaves its picture out:
 *
 *     {"version": "0.1.0", "now_ms": …,
 *      "models": [{"name", "provider", "model", "protocol": "openai" or null: several,
 *                  "stack": [{"layer": "fallback", "detail": "openai/gpt-5-mini"}, …],
                  "default": true}],
 *      "keys": [{"name", "requests", "tokens", "day", "month", "budget_per_day",
 *                "budget_per_month", "expires_ms"}],
 *
 * and, as serve_observer_state writes them:
 *
 *      "started_ms": …, "draining": false, "connections": 3, "requests_now": 1,
 *      "reloads": 0, "failed_reloads": 0,
 *      "hour": {"requests", "errors", "input_tokens", "output_tokens", "cost",
 *               "latency_p50_ms", "latency_p95_ms", "first_p50_ms", "first_p95_ms"},
 *      "minutes": [{"at_ms", "requests", "errors", "latency_p50_ms", "latency_p95_ms",
 *                   "first_p50_ms", "first_p95_ms"}],    the last 60, the oldest first; those
 *                                                        without a request may be left out
 *      "providers": [{"name", "requests", "errors", "latency_p50_ms", "last_ok_ms",
 *                     "last_error_ms", "last_error": "rate_limit"}],    of the last hour
 *      "errors": [{"at_ms", "status", "error": "rate_limit", "message", "provider", "model",
 *                  "asked", "key", "protocol", "request_id", "attempts"}]}    the last first
 *
 * An error of a request is one whose status is 500 or more, 429, or whose stream failed; a client
 * that went (499) is none.
 */
#ifndef BELUGA_CLI_SERVE_PAGE_H
#define BELUGA_CLI_SERVE_PAGE_H

#include "serve/access.h"
#include "serve/http.h"
#include "serve/models.h"
#include "serve/observe.h"

/* Answer GET or HEAD of / with the page: its policy allows its own style and script, requests to
 * this server, and nothing else. */
void page_answer(http_exchange *x);

/* The data from which /status is made. */
typedef struct page_sources {
    const beluga_config *config; /* contains the layers of the models; NULL: the layers are left
                                  * out */
    serve_models *models;
    serve_observer *observer;
    const serve_gauges *gauges;
    const serve_settings *settings;
} page_sources;

/* Answer GET /status. The caller must have checked serve_key_may_see. */
void page_answer_status(http_exchange *x, const page_sources *from);

#endif
