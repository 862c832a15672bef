/* The provider example-name: a model that does not use HTTP.
 *
 * This example works without changes: it repeats the last message, word by word. A comment shows
 * where to put your model. The library does retries, timeouts, cancelling, batches, logs, traces
 * and metrics. */
#include <beluga/provider/provider.h>

#include <string.h>

/* The state of one answer. Its memory belongs to the call, so you do not free it. */
typedef struct answer {
    const char *at, *end;
    int64_t delay_ms; /* before each word */
    int64_t words;
} answer;

/* ---- your model: put it here ----------------------------------------------------------------- */

/* Return the next piece of the answer, or NULL at its end. This function must not wait; the README
 * describes what to do if yours has to. */
static const char *next_piece(answer *a, size_t *length)
{
    if (a->at == a->end) return NULL;
    const char *piece = a->at, *space = memchr(a->at, ' ', (size_t)(a->end - a->at));
    a->at = space ? space + 1 : a->end;
    *length = (size_t)(a->at - piece);
    a->words++;
    return piece;
}

/* ---- an answer ------------------------------------------------------------------------------- */

static int finish(beluga_emit *emit, const answer *a)
{
    beluga_usage usage = BELUGA_USAGE_INIT;
    usage.output_total = a->words;
    int status = beluga_emit_usage(emit, &usage);
    return status ? status : beluga_emit_finish(emit, BELUGA_FINISH_STOP, "end");
}

/* Emit one piece, and come back later for the rest. Without a delay, emit the whole answer now. */
static int go_on(beluga_emit *emit, void *argument)
{
    answer *a = argument;
    const char *piece;
    size_t length;
    while ((piece = next_piece(a, &length)) != NULL) {
        int status = beluga_emit_text(emit, piece, length);
        if (status) return status; /* always return this error; the call may have been cancelled */
        if (a->delay_ms > 0) return beluga_emit_after(emit, a->delay_ms, go_on, a);
    }
    return finish(emit, a);
}

/* Fail with an error. The error has one of the library's codes, which tells the library what to do,
 * and may also have a code of your own. */
static int refuse_empty(beluga_error *err)
{
    static const char code[] = "example_name_empty";
    beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "the last message has no text");
    beluga_error_set_provider_code(err, code, sizeof code - 1);
    return BELUGA_ERROR_INVALID_INPUT;
}

/* Start a call. All its messages are available: beluga_call_message(call, 0) is the first. */
static int start(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    (void)self;
    size_t length;
    const beluga_message *last = beluga_call_message(call, beluga_call_message_count(call) - 1);
    const char *text = beluga_message_text(last, &length);
    if (!length) return refuse_empty(err);
    answer *a = beluga_emit_alloc(emit, sizeof *a);
    if (!a) return BELUGA_ERROR_NO_MEMORY;
    a->at = text;
    a->end = text + length;
    beluga_call_get_own_int(call, "example-name.delay_ms", &a->delay_ms);
    int status = beluga_emit_metadata(emit, NULL, beluga_call_model(call), 0);
    return status ? status : go_on(emit, a);
}

/* The caller has cancelled the call: stop the work that `start` began. This example has nothing to
 * stop. */
static void cancel(void *self, beluga_emit *emit)
{
    (void)self;
    (void)emit;
}

/* ---- the table ------------------------------------------------------------------------------- */

static const beluga_own_option options[] = {
    {.name = "example-name.delay_ms",
     .meaning = "milliseconds before each word but the first",
     .type = BELUGA_OPTION_INT,
     .maximum = 60000},
    {.name = NULL},
};

static const beluga_provider provider = {
    BELUGA_PROVIDER_INIT("example-name"),
    .default_model = "echo",
    .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_LOCAL,
    .options = options,
    .start = start,
    .cancel = cancel,
};

BELUGA_REGISTER_PROVIDER(example_name_provider, provider)
