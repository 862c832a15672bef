/* A provider for a model that is not behind HTTP, as a plug-in: it echoes the last message.
 *
 *     cc -shared -fPIC parrot.c $(pkg-config --cflags beluga-provider) -o parrot.so
 *     beluga --plugin ./parrot.so -m parrot/grey -o parrot.times=2 "Pretty Polly"
 */
#include <beluga/provider/provider.h>

static int say(beluga_emit *emit, const char *text, size_t length, int64_t times)
{
    int status = 0;
    for (int64_t i = 0; i < times && !status; i++) {
        if (i) status = beluga_emit_text(emit, " ", 1);
        if (!status) status = beluga_emit_text(emit, text, length);
    }
    return status ? status : beluga_emit_finish(emit, BELUGA_FINISH_STOP, "said");
}

/* Start a call. This runs on the loop and must not wait: use beluga_emit_after or
 * beluga_emit_run_blocking for that. */
static int start(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    (void)self;
    int64_t times = 1;
    size_t length, last = beluga_call_message_count(call) - 1;
    const char *text = beluga_message_text(beluga_call_message(call, last), &length);
    beluga_call_get_own_int(call, "parrot.times", &times);
    if (length) return say(emit, text, length, times);
    beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "a parrot needs something to repeat");
    beluga_error_set_provider_code(err, "parrot_speechless", sizeof "parrot_speechless" - 1);
    return BELUGA_ERROR_INVALID_INPUT;
}

/* Nothing to do: start() has already emitted the whole answer. */
static void cancel(void *self, beluga_emit *emit)
{
    (void)self;
    (void)emit;
}

static const beluga_own_option options[] = {
    {.name = "parrot.times", .meaning = "how often", .type = BELUGA_OPTION_INT, .maximum = 99},
    {.name = NULL},
};
static const beluga_provider parrot = {
    BELUGA_PROVIDER_INIT("parrot"),
    .default_model = "grey",
    .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_LOCAL,
    .options = options,
    .start = start,
    .cancel = cancel,
};

BELUGA_REGISTER_PROVIDER(parrot_provider, parrot)
