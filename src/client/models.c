/* Lists the models of a provider, with the facts that the provider reports about each model. */
#include "base/mem.h"
#include "client/chat_model.h"
#include "schema/event.h"

#include <beluga/model_info.h>

#include <stdlib.h>

typedef struct names {
    beluga__buf bytes; /* the models' names, each followed by a NUL */
    beluga__buf infos; /* the models' facts, in the same order */
    size_t count;
    beluga__buf page; /* token of the next page; empty: there is no next page */
    bool done;
    int status;
    beluga_error error;
} names;

static void take_model(names *n, const beluga__any_event *event)
{
    static const beluga_model_info unknown = BELUGA_MODEL_INFO_INIT(NULL);
    bool told = event->model.index == BELUGA__MODEL_WITH_INFO;
    if (n->count >= BELUGA__MAX_MODELS) return;
    n->count++;
    beluga__buf_append(&n->bytes, event->model.name, event->model.length);
    beluga__buf_append(&n->bytes, "", 1);
    beluga__buf_append(&n->infos, told ? event->model.info : &unknown, sizeof unknown);
}

static void take_name(void *payload, const beluga_event *event)
{
    names *n = payload;
    switch (event->kind) {
    case BELUGA_EVENT_TEXT: take_model(n, (const beluga__any_event *)event); break;
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
    return strcmp(((const beluga_model_info *)a)->name, ((const beluga_model_info *)b)->name);
}

/* Copy the array and the names into one block, which the caller frees with beluga_free. */
static int hand_over(names *n, beluga_model_info **out, size_t *count, beluga_error *err)
{
    size_t array = n->infos.length;
    char *block = beluga__alloc(beluga_allocator_default(), array + n->bytes.length + 1);
    if (!block || n->bytes.status || n->infos.status) {
        beluga_free(block);
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the list of models");
    }
    beluga_model_info *infos = (beluga_model_info *)(void *)block;
    char *at = block + array;
    if (array) memcpy(block, n->infos.data, array);
    if (array) memcpy(at, n->bytes.data, n->bytes.length);
    for (size_t i = 0; i < n->count; i++, at += strlen(at) + 1) infos[i].name = at;
    if (n->count) qsort(infos, n->count, sizeof *infos, compare);
    *out = infos;
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

/* Ask for page after page. Each page is a call, with its own retries and timeouts. */
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
            status =
                beluga_error_set(err, n->page.status, "the token of the next page can't be stored");
        if (!status && n->page.length && ++pages == BELUGA__MAX_PAGES)
            status =
                beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED,
                                 "the list of models has more than %u pages", BELUGA__MAX_PAGES);
    } while (!status && n->page.length);
    beluga__buf_free(&page);
    return status;
}

int beluga_list_model_infos(beluga_chat_model *model, beluga_context *ctx, beluga_model_info **out,
                            size_t *count, beluga_error *err)
{
    beluga_client *client = beluga__chat_model_client(model);
    const beluga_allocator *allocator = &client->runtime.allocator;
    beluga__network_loop *loop;
    names n = {.count = 0};
    *out = NULL;
    *count = 0;
    int status = beluga__loops_lease(&client->loops, &loop, err);
    if (status) return status;
    beluga__buf_init(&n.bytes, allocator, BELUGA__MAX_BODY_BYTES);
    beluga__buf_init(&n.infos, allocator, BELUGA__MAX_MODELS * sizeof **out);
    beluga__buf_init(&n.page, allocator, BELUGA__MAX_URL_BYTES);
    status = ask_all(model, loop, ctx, &n, err);
    if (!status) status = hand_over(&n, out, count, err);
    beluga__buf_free(&n.page);
    beluga__buf_free(&n.infos);
    beluga__buf_free(&n.bytes);
    beluga__loops_give_back(&client->loops, loop);
    return status;
}

int beluga_list_models(beluga_chat_model *model, beluga_context *ctx, char ***out, size_t *count,
                       beluga_error *err)
{
    beluga_model_info *infos;
    size_t n, bytes = 0;
    *out = NULL;
    *count = 0;
    int status = beluga_list_model_infos(model, ctx, &infos, &n, err);
    if (status) return status;
    for (size_t i = 0; i < n; i++) bytes += strlen(infos[i].name) + 1;
    char **block = beluga__alloc(beluga_allocator_default(), (n + 1) * sizeof *block + bytes);
    char *at = (char *)(block + n + 1);
    for (size_t i = 0; block && i < n; i++) {
        block[i] = strcpy(at, infos[i].name);
        at += strlen(at) + 1;
    }
    beluga_free(infos);
    if (!block)
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the list of models");
    block[n] = NULL;
    *out = block;
    *count = n;
    return 0;
}
