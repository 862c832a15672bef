#include "serve/facts.h"

#include "base/text.h"
#include "serve/page.h"
#include "serve/time.h"

#include <beluga/allocator.h>
#include <beluga/version.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_METRICS ((size_t)16 << 20)
#define MAX_ID      512

/* ---- models ---------------------------------------------------------------------------------- */

/* Write a model with the members that clients of OpenAI read, and those that clients of Anthropic
 * read. */
static void put_model(beluga_json_writer *w, const serve_model *model)
{
    char created[32];
    serve_write_time(model->created, created);
    beluga_json_put_string(w, "id", model->name);
    beluga_json_put_string(w, "object", "model");
    beluga_json_put_string(w, "type", "model");
    beluga_json_put_int(w, "created", model->created);
    beluga_json_put_string(w, "created_at", created);
    beluga_json_put_string(w, "display_name", model->name);
    beluga_json_put_string(w, "owned_by", model->provider);
}

/* Returns the first model, from `index` on, that the key may ask. */
static const serve_model *next_model(const serve_request *request, size_t *index)
{
    const serve_model *model;
    while ((model = serve_models_at(request->snapshot->models, (*index)++)))
        if (serve_key_may_ask(request->key, model->name)) return model;
    return NULL;
}

void serve_list_models(serve_request *request)
{
    size_t index = 0;
    const serve_model *model, *first = NULL, *last = NULL;
    beluga_json_writer *w = beluga_json_writer_new();
    if (w) {
        beluga_json_begin_object(w, NULL);
        beluga_json_put_string(w, "object", "list");
        beluga_json_begin_array(w, "data");
        while ((model = next_model(request, &index))) {
            if (!first) first = model;
            last = model;
            beluga_json_begin_object(w, NULL);
            put_model(w, model);
            beluga_json_end_object(w);
        }
        beluga_json_end_array(w);
        beluga_json_put_bool(w, "has_more", false);
        beluga_json_put_string(w, "first_id", first ? first->name : NULL);
        beluga_json_put_string(w, "last_id", last ? last->name : NULL);
        beluga_json_end_object(w);
    }
    serve_answer_json(request, 200, w);
}

/* Decode a segment of a path. A segment that is too long is truncated. */
static void read_segment(const char *text, char id[MAX_ID])
{
    size_t n = 0;
    for (; *text && n + 1 < MAX_ID; text++) {
        bool escaped =
            *text == '%' && beluga__hex_digit(text[1]) >= 0 && beluga__hex_digit(text[2]) >= 0;
        id[n++] =
            escaped ? (char)(beluga__hex_digit(text[1]) << 4 | beluga__hex_digit(text[2])) : *text;
        if (escaped) text += 2;
    }
    id[n] = '\0';
}

void serve_show_model(serve_request *request)
{
    char id[MAX_ID];
    serve_model *model = NULL;
    beluga_error err;
    read_segment(request->path + sizeof "/models/" - 1, id);
    if (serve_request_find_model(request, id, &model, &err)) {
        serve_answer_error(request, &err);
        return;
    }
    beluga_json_writer *w = beluga_json_writer_new();
    if (w) {
        beluga_json_begin_object(w, NULL);
        put_model(w, model);
        beluga_json_end_object(w);
    }
    serve_answer_json(request, 200, w);
    serve_model_unref(model);
}

/* ---- health ---------------------------------------------------------------------------------- */

static void put_config(const serve_request *request, beluga_json_writer *w)
{
    const serve *s = request->s;
    beluga_json_begin_object(w, "config");
    beluga_json_put_string(w, "fingerprint", *s->now->fingerprint ? s->now->fingerprint : NULL);
    beluga_json_put_string(w, "error", *s->reload_error ? s->reload_error : NULL);
    beluga_json_end_object(w);
}

static void show_state(serve_request *request, int status, const char *state)
{
    beluga_json_writer *w = beluga_json_writer_new();
    if (w) {
        beluga_json_begin_object(w, NULL);
        beluga_json_put_string(w, "status", state);
        beluga_json_put_string(w, "version", BELUGA_VERSION_STRING);
        put_config(request, w);
        beluga_json_end_object(w);
    }
    http_add_header(request->x, "cache-control", "no-store");
    serve_answer_json(request, status, w);
}

/* Answer the path /. Browsers get the page; other programs, such as curl, get a line of text. */
void serve_show_index(serve_request *request)
{
    const char *accept = http_header(request->x, "accept");
    http_add_header(request->x, "vary", "accept");
    if (request->snapshot->settings.page && accept && strstr(accept, "text/html")) {
        serve_request_add_headers(request);
        page_answer(request->x);
        return;
    }
    serve_answer_text(request, 200, "text/plain; charset=utf-8",
                      "beluga serve: GET /v1/models lists the models\n");
}

void serve_show_health(serve_request *request)
{
    show_state(request, 200, request->s->draining ? "draining" : "ok");
}

void serve_show_ready(serve_request *request)
{
    const bool has_models = serve_models_at(request->s->now->models, 0) != NULL;
    if (request->s->draining)
        show_state(request, 503, "draining");
    else if (!has_models)
        show_state(request, 503, "no models are served");
    else
        show_state(request, 200, "ready");
}

/* ---- figures --------------------------------------------------------------------------------- */

/* Answer /status, unless a reload of the configuration has turned the page off. */
void serve_show_status(serve_request *request)
{
    const serve_snapshot *now = request->snapshot;
    const serve_gauges gauges = serve_get_gauges(request->s);
    const page_sources from = {.config = now->config,
                               .models = now->models,
                               .observer = request->s->observer,
                               .gauges = &gauges,
                               .settings = &now->settings};
    if (!now->settings.page) {
        serve_refuse(request, BELUGA_ERROR_NOT_FOUND,
                     "the page is off: set serve.page to turn it on");
        return;
    }
    serve_request_add_headers(request);
    page_answer_status(request->x, &from);
}

void serve_show_metrics(serve_request *request)
{
    beluga__buf text;
    const serve_gauges gauges = serve_get_gauges(request->s);
    beluga__buf_init(&text, beluga_allocator_default(), MAX_METRICS);
    int status = serve_observer_metrics(request->s->observer, &gauges, &text);
    if (status)
        serve_refuse(request, status, "the metrics can't be written: %s",
                     beluga_error_text(status));
    else
        serve_answer_text(request, 200, "text/plain; version=0.0.4; charset=utf-8", text.data);
    beluga__buf_free(&text);
}

void serve_do_reload(serve_request *request)
{
    beluga_error err;
    if (serve_reload(request->s, &err)) {
        serve_answer_error(request, &err);
        return;
    }
    show_state(request, 200, "read again");
}
