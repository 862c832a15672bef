/* Providers that can be loaded and then break one rule each; their names say which rule. */
#include "plugged.h"

#include <pthread.h>
#include <string.h>

static int say(beluga_emit *emit, const char *text)
{
    return beluga_emit_text(emit, text, strlen(text));
}

static int stop(beluga_emit *emit)
{
    return beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

#define UNUSED(self, call, err) (void)(self), (void)(call), (void)(err)

static int emits_bad_utf8(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    UNUSED(self, call, err);
    say(emit, "caf\xe9");
    return stop(emit);
}

static int emits_after_finish(void *self, const beluga_call *call, beluga_emit *emit,
                              beluga_error *err)
{
    UNUSED(self, call, err);
    say(emit, "all");
    stop(emit);
    say(emit, "and more");
    return 0;
}

static int never_finishes(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    UNUSED(self, call, err);
    say(emit, "to be continued");
    return 0;
}

static int fails_without_a_code(void *self, const beluga_call *call, beluga_emit *emit,
                                beluga_error *err)
{
    UNUSED(self, call, err);
    beluga_error nothing = {0};
    beluga_emit_error(emit, &nothing);
    beluga_emit_error(emit, NULL);
    return 0;
}

/* ---- an emit that is used after its call ----------------------------------------------------- */

static beluga_emit *kept;

/* Call every function that takes an emit with an emit whose call has ended. */
static void use(beluga_emit *emit)
{
    const beluga_json *root;
    beluga_usage usage = BELUGA_USAGE_INIT;
    say(emit, "late");
    beluga_emit_tool_call(emit, 0, "id", "name", "{}", 2);
    beluga_emit_usage(emit, &usage);
    beluga_emit_warning(emit, "late %d", 1);
    beluga_emit_parse(emit, "{}", 2, &root);
    beluga_emit_alloc(emit, 16);
    beluga_emit_random(emit);
    beluga_emit_call(emit);
    beluga_emit_after(emit, 0, NULL, NULL);
    beluga_emit_run_blocking(emit, NULL, NULL, NULL);
    beluga_emit_failure(emit, BELUGA_ERROR_INTERNAL, NULL, "late");
    stop(emit);
}

/* Fault: each call also emits through the emit of the previous call. */
static int emits_late(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    UNUSED(self, call, err);
    if (kept) use(kept);
    kept = emit;
    say(emit, "in time");
    return stop(emit);
}

/* ---- other threads --------------------------------------------------------------------------- */

static void *emit_there(void *emit)
{
    use(emit);
    return NULL;
}

static void emit_on_a_thread(beluga_emit *emit)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, emit_there, emit) == 0) pthread_join(thread, NULL);
}

static int emits_on_a_thread(void *self, const beluga_call *call, beluga_emit *emit,
                             beluga_error *err)
{
    UNUSED(self, call, err);
    emit_on_a_thread(emit);
    return stop(emit);
}

static int work_on_another_thread(beluga_emit *emit, void *argument)
{
    (void)argument;
    emit_on_a_thread(emit);
    return stop(emit);
}

static int works_on_another_thread(void *self, const beluga_call *call, beluga_emit *emit,
                                   beluga_error *err)
{
    UNUSED(self, call, err);
    return beluga_emit_run_blocking(emit, work_on_another_thread, NULL, NULL);
}

/* ---- ignoring a cancellation ----------------------------------------------------------------- */

static int work_on(beluga_emit *emit, void *argument)
{
    (void)argument;
    int status = 0;
    while (status != BELUGA_ERROR_CONTEXT_CANCELED) status = say(emit, "on ");
    for (int i = 0; i < 100; i++) say(emit, "and on ");
    return stop(emit);
}

static int ignores_cancel(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    UNUSED(self, call, err);
    return beluga_emit_run_blocking(emit, work_on, NULL, NULL);
}

/* Fault: this uses the emit of a cancelled call. */
static void cancel_badly(void *self, beluga_emit *emit)
{
    (void)self;
    use(emit);
}

static int word_by_word(beluga_emit *emit, void *argument)
{
    int status = say(emit, "word ");
    return status ? status : beluga_emit_after(emit, 1, word_by_word, argument);
}

static int never_stops(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    UNUSED(self, call, err);
    return word_by_word(emit, NULL);
}

/* ---- behind HTTP ----------------------------------------------------------------------------- */

static int encode(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    (void)call;
    (void)err;
    beluga_http_request_set_path(request, "/x");
    beluga_json_begin_object(beluga_http_request_json(request), NULL);
    beluga_json_end_object(beluga_http_request_json(request));
    return 0;
}

/* Fault: this returns a positive code, although codes of errors are negative. */
static int encode_oddly(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    int status = encode(call, request, err);
    return status ? status : 4711;
}

static int decode_on_a_thread(void *state, const char *body, size_t length, beluga_emit *emit)
{
    (void)state;
    (void)body;
    (void)length;
    emit_on_a_thread(emit);
    return stop(emit);
}

/* Fault: this calls functions that only a full provider may call. */
static int decode_and_wait(void *state, const char *body, size_t length, beluga_emit *emit)
{
    (void)state;
    (void)body;
    (void)length;
    int status = beluga_emit_after(emit, 1, word_by_word, NULL);
    return status ? status : beluga_emit_run_blocking(emit, work_on, NULL, NULL);
}

#define UNRULY(symbol, provider_name, begin, end)                                         \
    static const beluga_provider symbol = {BELUGA_PROVIDER_INIT("unruly-" provider_name), \
                                           .default_model = "u", .start = begin, .cancel = end}

UNRULY(bad_utf8, "utf8", emits_bad_utf8, plugged_cancel);
UNRULY(after_finish, "after-finish", emits_after_finish, plugged_cancel);
UNRULY(unfinished, "unfinished", never_finishes, plugged_cancel);
UNRULY(no_code, "no-code", fails_without_a_code, plugged_cancel);
UNRULY(late, "late", emits_late, plugged_cancel);
UNRULY(on_a_thread, "thread", emits_on_a_thread, plugged_cancel);
UNRULY(on_two_threads, "worker-thread", works_on_another_thread, plugged_cancel);
UNRULY(deaf_worker, "deaf-worker", ignores_cancel, plugged_cancel);
UNRULY(deaf, "deaf", never_stops, cancel_badly);

static const beluga_provider http_thread = {
    BELUGA_PROVIDER_INIT("unruly-http-thread"),
    .default_model = "u",
    .encode_request = encode,
    .decode_response = decode_on_a_thread,
};
static const beluga_provider http_odd = {
    BELUGA_PROVIDER_INIT("unruly-http-odd"),
    .default_model = "u",
    .encode_request = encode_oddly,
    .decode_response = decode_on_a_thread,
};
static const beluga_provider http_wait = {
    BELUGA_PROVIDER_INIT("unruly-http-wait"),
    .default_model = "u",
    .encode_request = encode,
    .decode_response = decode_and_wait,
};

BELUGA_PLUGIN_PROVIDERS(NULL, &bad_utf8, &after_finish, &unfinished, &no_code, &late, &on_a_thread,
                        &on_two_threads, &deaf_worker, &deaf, &http_thread, &http_odd, &http_wait)
