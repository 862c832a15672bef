/* Health and lists of models. */
#include "base/clock.h"
#include "base/line.h"
#include "base/mem.h"
#include "client/chat_model.h"
#include "keys/key.h"

#include <stdio.h>
#include <stdlib.h>

/* --- models ----------------------------------------------------------------------------------- */

typedef struct names {
    beluga__buf bytes; /* names, each ended by NUL */
    size_t count;
    beluga__buf page; /* token of the next page; empty: there is none */
    bool done;
    int status;
    beluga_error error;
} names;

static void take_name(void *payload, const beluga_event *event)
{
    names *n = payload;
    switch (event->kind) {
    case BELUGA_EVENT_TEXT:
        if (n->count++ >= BELUGA__MAX_MODELS) return;
        beluga__buf_append(&n->bytes, event->u.text.text, event->u.text.length);
        beluga__buf_append(&n->bytes, "", 1);
        break;
    case BELUGA_EVENT_ERROR:
        n->status = event->u.error->code;
        n->error = *event->u.error;
        n->done = true;
        break;
    case BELUGA_EVENT_FINISH:
        if (event->u.finish.raw) beluga__buf_puts(&n->page, event->u.finish.raw);
        n->done = true;
        break;
    }
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Give the caller one block from the process's allocator, with the array first and the strings
 * behind it. */
static int hand_over(names *n, char ***out, size_t *count, beluga_error *err)
{
    if (n->count > BELUGA__MAX_MODELS) n->count = BELUGA__MAX_MODELS;
    size_t array = (n->count + 1) * sizeof(char *);
    char **block = beluga__alloc(beluga_allocator_default(), array + n->bytes.length);
    if (!block || n->bytes.status) {
        beluga_free(block);
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the list of models");
    }
    char *at = (char *)block + array;
    if (n->bytes.length) memcpy(at, n->bytes.data, n->bytes.length);
    for (size_t i = 0; i < n->count; i++, at += strlen(at) + 1) block[i] = at;
    block[n->count] = NULL;
    qsort(block, n->count, sizeof *block, compare);
    *out = block;
    *count = n->count;
    return 0;
}

static int ask(beluga_chat_model *model, beluga__network_loop *loop, beluga_context *ctx,
               const char *page, names *n, beluga_error *err)
{
    beluga_op *op;
    n->done = false;
    int status =
        beluga__chat_model_start_list(model, &loop->base, ctx, page, take_name, n, &op, err);
    if (status) return status;
    status = beluga__loop_run(loop, &n->done);
    if (status) {
        beluga__operation_abort(op);
        beluga_error_set(err, status, "%s", beluga_error_text(status));
    } else if (n->status) {
        status = n->status;
        if (err) *err = n->error;
    }
    beluga_op_free(op);
    return status;
}

/* Each page is a call, with its own retries and timeouts. */
static int ask_all(beluga_chat_model *model, beluga__network_loop *loop, beluga_context *ctx,
                   names *n, beluga_error *err)
{
    beluga__buf page;
    unsigned pages = 0;
    int status = 0;
    beluga__buf_init(&page, n->page.allocator, BELUGA__MAX_URL_BYTES);
    do {
        beluga__buf swap = page;
        page = n->page;
        n->page = swap;
        beluga__buf_clear(&n->page);
        status = ask(model, loop, ctx, page.length ? page.data : NULL, n, err);
        if (!status && n->page.status)
            status = beluga_error_set(err, n->page.status, "the next page's token can't be kept");
        if (!status && n->page.length && ++pages == BELUGA__MAX_PAGES)
            status =
                beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED,
                                 "the list of models has more than %u pages", BELUGA__MAX_PAGES);
    } while (!status && n->page.length);
    beluga__buf_free(&page);
    return status;
}

int beluga_list_models(beluga_chat_model *model, beluga_context *ctx, char ***out, size_t *count,
                       beluga_error *err)
{
    beluga_client *client = beluga__chat_model_client(model);
    const beluga_allocator *allocator = &client->runtime.allocator;
    beluga__network_loop *loop;
    names n = {.count = 0};
    *out = NULL;
    *count = 0;
    int status = beluga__loops_lease(&client->loops, &loop);
    if (status)
        return beluga_error_set(err, status, "no loop for the call: %s", beluga_error_text(status));
    beluga__buf_init(&n.bytes, allocator, BELUGA__MAX_BODY_BYTES);
    beluga__buf_init(&n.page, allocator, BELUGA__MAX_URL_BYTES);
    status = ask_all(model, loop, ctx, &n, err);
    if (!status) status = hand_over(&n, out, count, err);
    beluga__buf_free(&n.page);
    beluga__buf_free(&n.bytes);
    beluga__loops_give_back(&client->loops, loop);
    return status;
}

/* --- health ----------------------------------------------------------------------------------- */

/* Ollama leaves out the tag "latest", and Google puts "models/" before a name. */
static bool is_name_of(const char *listed, const char *model)
{
    size_t n = strlen(model);
    const char *last = strrchr(listed, '/');
    if (strncmp(listed, model, n) == 0 && (!listed[n] || strcmp(listed + n, ":latest") == 0))
        return true;
    return last && strcmp(last + 1, model) == 0;
}

/* An empty list says nothing about any model. */
static int probe_models(beluga_chat_model *model, beluga_context *ctx, bool *found,
                        beluga_error *err)
{
    char **list;
    size_t n;
    int status = beluga_list_models(model, ctx, &list, &n, err);
    *found = n == 0;
    for (size_t i = 0; i < n && !*found; i++)
        *found = is_name_of(list[i], model->target->model_name);
    beluga_free(list);
    return status;
}

static int probe_now(beluga_chat_model *model, beluga_context *ctx, beluga_health *out,
                     beluga_error *err)
{
    int64_t start = beluga__now_ns();
    bool listed = false;
    int status = 0;
    if (model->target->provider->encode_list_models)
        status = probe_models(model, ctx, &listed, err);
    /* Lists leave out aliases, so only a call of the model itself can tell whether an alias
     * exists. */
    if (!status && !listed) {
        const beluga_option one[] = {beluga_with_max_tokens(1), beluga_with_strict(false)};
        beluga_response *response;
        status = beluga_invoke_n(model, ctx, beluga_input_text("ping"), &response, err, one, 2);
        beluga_response_free(response);
    }
    out->probed = true;
    out->status = status;
    out->latency_ms = (beluga__now_ns() - start) / BELUGA__NS_PER_MS;
    out->state = status ? "unhealthy" : "healthy";
    if (status) beluga_error_wrap(err, "check_health", NULL);
    return status;
}

/* Without a needed key no call can succeed, so nothing is sent to check it. */
static int check_key(beluga__target *target, beluga_health *out, beluga_error *err)
{
    if (!target->key) return 0;
    int status = beluga__key_check(target->key, err);
    if (!status) return 0;
    if (err) beluga__error_label(err, provider, target->provider->name);
    if (err) beluga__error_label(err, model, target->model_name);
    out->state = "unhealthy";
    out->status = status;
    out->api_key_set = false;
    beluga_error_wrap(err, "check_health", NULL);
    return status;
}

int beluga_check_health(beluga_chat_model *model, beluga_context *ctx, bool probe,
                        beluga_health *out, beluga_error *err)
{
    beluga__target *target = model->target;
    bool local = target->provider->capabilities & BELUGA_CAPABILITY_LOCAL;
    *out = (beluga_health){
        .state = local ? "healthy" : "unknown",
        .provider = target->provider->name,
        .model = target->model_name,
        .api_key_set = target->key_set,
        .tools_count = (int64_t)model->n_tools,
        .timestamp = beluga__wall_s(),
        .latency_ms = -1,
    };
    return probe ? probe_now(model, ctx, out, err) : check_key(target, out, err);
}
