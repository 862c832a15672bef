#include "serve/page.h"

#include "base/clock.h"
#include "commands/config_stack.h"
#include "serve/page/page_bytes.h"

#include <beluga/registry.h>
#include <beluga/version.h>

#include <string.h>

/* Add headers so that the page is not cached, not shown in a frame, and not read by pages of other
 * sites. */
static void add_headers(http_exchange *x)
{
    http_add_header(x, "Cache-Control", "no-store");
    http_add_header(x, "X-Content-Type-Options", "nosniff");
    http_add_header(x, "Cross-Origin-Resource-Policy", "same-origin");
}

void page_answer(http_exchange *x)
{
    add_headers(x);
    http_add_header(x, "Content-Security-Policy", page_policy);
    http_add_header(x, "X-Frame-Options", "DENY");
    http_add_header(x, "Referrer-Policy", "no-referrer");
    http_add_header(x, "Cross-Origin-Opener-Policy", "same-origin");
    http_answer(x, 200, "text/html; charset=utf-8", page_bytes, page_length);
}

static void put_stack(const beluga_config *config, const char *name, beluga_json_writer *w)
{
    beluga_config *resolved;
    beluga_error err;
    if (!config) return;
    if (beluga_config_resolve(config, beluga_registry_default(), name, &resolved, &err)) return;
    stack_put(w, "stack", resolved);
    beluga_config_free(resolved);
}

static void put_models(const page_sources *from, beluga_json_writer *w)
{
    const char *chosen = from->settings->default_model;
    beluga_json_begin_array(w, "models");
    const serve_model *m;
    for (size_t i = 0; (m = serve_models_at(from->models, i)) != NULL; i++) {
        beluga_json_begin_object(w, NULL);
        beluga_json_put_string(w, "name", m->name);
        beluga_json_put_string(w, "provider", m->provider);
        beluga_json_put_string(w, "protocol", m->protocol);
        if (m->model) beluga_json_put_string(w, "model", beluga_model_name(m->model));
        put_stack(from->config, m->name, w);
        beluga_json_put_bool(w, "default", chosen && strcmp(chosen, m->name) == 0);
        beluga_json_end_object(w);
    }
    beluga_json_end_array(w);
}

static void put_budget(beluga_json_writer *w, const char *key, double dollars)
{
    if (dollars > 0) beluga_json_put_double(w, key, dollars);
}

static void put_keys(const serve_access *access, beluga_json_writer *w)
{
    serve_key_state key;
    beluga_json_begin_array(w, "keys");
    for (size_t i = 0; access && serve_access_state(access, i, &key); i++) {
        beluga_json_begin_object(w, NULL);
        beluga_json_put_string(w, "name", key.name);
        beluga_json_put_int(w, "requests", key.requests);
        beluga_json_put_int(w, "tokens", key.tokens);
        beluga_json_put_double(w, "day", key.day);
        beluga_json_put_double(w, "month", key.month);
        put_budget(w, "budget_per_day", key.budget_per_day);
        put_budget(w, "budget_per_month", key.budget_per_month);
        if (key.expires_s) beluga_json_put_int(w, "expires_ms", key.expires_s * 1000);
        beluga_json_end_object(w);
    }
    beluga_json_end_array(w);
}

static void put_status(const page_sources *from, beluga_json_writer *w)
{
    beluga_json_put_string(w, "version", beluga_version_string());
    beluga_json_put_int(w, "now_ms", beluga__wall_ms());
    put_models(from, w);
    put_keys(from->gauges->access, w);
    serve_observer_state(from->observer, from->gauges, w);
}

void page_answer_status(http_exchange *x, const page_sources *from)
{
    beluga_json_writer *w = beluga_json_writer_new();
    const char *text = NULL;
    size_t n = 0;
    add_headers(x);
    if (w) {
        beluga_json_begin_object(w, NULL);
        put_status(from, w);
        beluga_json_end_object(w);
    }
    if (w && beluga_json_writer_text(w, &text, &n) == 0)
        http_answer(x, 200, "application/json", text, n);
    else
        http_answer(x, 500, "application/json", "{}", 2);
    beluga_json_writer_free(w);
}
