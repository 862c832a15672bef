/*
 * The page at /: one HTML file that shows the data of GET /status, and updates it every two
 * seconds. The file is page/page.html. The build makes it a C string, and computes its content
 * security policy (page/embed.py).
 *
 * The page itself contains no data, so anybody who can reach the server may load it. /status is
 * only for keys that may see it (serve_key_may_see), which routes.c checks first. On 401 (no key)
 * the page asks the user for a key; on 403 it says that this key may not see the data.
 *
 * The answer to GET /status. Times are in ms since 1970, durations in ms. Every member may be
 * missing or null; the page then does not show it:
 *
 *     {"version": "0.1.0", "now_ms": …,
 *      "models": [{"name", "provider", "model", "protocol": "openai" or null: several,
 *                  "stack": [{"layer": "fallback", "detail": "openai/gpt-5-mini"}, …],
 *                  "default": true}],
 *      "keys": [{"name", "requests", "tokens", "day", "month", "budget_per_day",
 *                "budget_per_month", "expires_ms"}],
 *
 * and these members, which serve_observer_state writes:
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
 * A request counts as an error if its status is 500 or more, or 429, or if its stream failed. A
 * client that went away (499) is not an error.
 */
#ifndef BELUGA_CLI_SERVE_PAGE_H
#define BELUGA_CLI_SERVE_PAGE_H

#include "serve/access.h"
#include "serve/http.h"
#include "serve/models.h"
#include "serve/observe.h"

/* Answer GET or HEAD of / with the page. Its content security policy allows only its own style and
 * script, and requests to this server. */
void page_answer(http_exchange *x);

/* The data from which /status is made. */
typedef struct page_sources {
    const beluga_config *config; /* has the layers of the models; NULL: the layers are left out */
    serve_models *models;
    serve_observer *observer;
    const serve_gauges *gauges;
    const serve_settings *settings;
} page_sources;

/* Answer GET /status. The caller must have checked serve_key_may_see. */
void page_answer_status(http_exchange *x, const page_sources *from);

#endif
