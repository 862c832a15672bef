/* Full providers that break one rule each, for the kit to find; their names say which rule. Their
 * common code is correct: the provider "sound" breaks no rule. */
#include <beluga/provider/provider.h>

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define UNUSED(self, call, err) (void)(self), (void)(call), (void)(err)

static int say(beluga_emit *emit, const char *text)
{
    return beluga_emit_text(emit, text, strlen(text));
}

static int stop(beluga_emit *emit)
{
    return beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

static const char *last_text(const beluga_call *call)
{
    return beluga_message_text(beluga_call_message(call, beluga_call_message_count(call) - 1),
                               NULL);
}

static int echo(const beluga_call *call, beluga_emit *emit)
{
    int status = say(emit, "You said: ");
    if (!status) status = say(emit, last_text(call));
    return status ? status : stop(emit);
}

static void cancel(void *self, beluga_emit *emit)
{
    (void)self;
    (void)emit;
}

static int sound(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    UNUSED(self, call, err);
    return echo(call, emit);
}

/* ---- the rules of emitting ------------------------------------------------------------------- */

static int ends_twice(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    UNUSED(self, call, err);
    int status = echo(call, emit);
    return status ? status : stop(emit);
}

static int goes_on(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    UNUSED(self, call, err);
    int status = echo(call, emit);
    return status ? status : say(emit, "and another thing");
}

static int never_ends(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    UNUSED(self, call, err);
    return say(emit, "to be continued");
}

static int mumbles(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    UNUSED(self, call, err);
    int status = say(emit, "caf\xe9");
    return status ? status : stop(emit);
}

static int has_no_code(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    UNUSED(self, call, err);
    beluga_error nothing = {0};
    return beluga_emit_error(emit, &nothing);
}

typedef struct elsewhere {
    beluga_emit *emit;
    _Atomic int said;
} elsewhere;

static void *say_there(void *argument)
{
    elsewhere *e = argument;
    say(e->emit, "from elsewhere");
    e->said = 1;
    return NULL;
}

static int strays(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    static elsewhere there; /* the thread may outlive this function */
    pthread_t thread;
    UNUSED(self, call, err);
    there.emit = emit;
    there.said = 0;
    if (pthread_create(&thread, NULL, say_there, &there)) return echo(call, emit);
    pthread_detach(thread);
    /* Fault: the function does not return until the thread has emitted. Yielding does not count as
     * waiting, which would be another fault. */
    while (!there.said) sched_yield();
    return echo(call, emit);
}

/* Fault: each call emits through the emit of the previous call, too. */
static int holds_on(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    /* The emit of another thread could belong to a call that still runs, which would be another
     * fault. */
    static _Thread_local beluga_emit *kept;
    UNUSED(self, call, err);
    if (kept) say(kept, "one more thing");
    kept = emit;
    return echo(call, emit);
}

static int work_on(beluga_emit *emit, void *argument)
{
    (void)argument;
    const struct timespec moment = {.tv_nsec = 1000000};
    int status = 0;
    for (int i = 0; i < 6 && status != BELUGA_ERROR_CONTEXT_CANCELED; i++) {
        status = say(emit, "on ");
        nanosleep(&moment, NULL);
    }
    for (int i = 0; i < 9 && status == BELUGA_ERROR_CONTEXT_CANCELED; i++) say(emit, "and on ");
    return stop(emit);
}

/* Fault: this can't be cancelled. Streams take some time, so that the kit can try to cancel one. */
static int is_deaf(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    UNUSED(self, call, err);
    if (!beluga_call_is_streamed(call)) return echo(call, emit);
    return beluga_emit_run_blocking(emit, work_on, NULL, NULL);
}

static int sleeps(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    const struct timespec moment = {.tv_nsec = 8000000};
    UNUSED(self, call, err);
    if (beluga_call_is_streamed(call)) nanosleep(&moment, NULL);
    return echo(call, emit);
}

/* ---- shared state ---------------------------------------------------------------------------- */

static int forgets_memory(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    static void *_Atomic last;
    UNUSED(self, call, err);
    void *before = last;
    last = malloc(100);                    /* the address of the previous block is lost */
    if (before == last) return stop(emit); /* can't happen, since that block was not freed */
    return echo(call, emit);
}

static int forgets_file(const beluga_config *config, void **self, beluga_error *err)
{
    (void)config;
    (void)err;
    *self = NULL;
    return dup(STDERR_FILENO) < 0 ? BELUGA_ERROR_LIMIT_EXCEEDED : 0;
}

/* Fault: without a configuration this returns 7, although codes of errors are negative. */
static int opens_oddly(const beluga_config *config, void **self, beluga_error *err)
{
    int64_t retries = -1;
    (void)err;
    *self = NULL;
    bool set = beluga_config_get_int(config, BELUGA_OPTION_MAX_RETRIES, &retries);
    return set && retries == 0 ? 0 : 7;
}

/* Fault: once a call had tools, the calls of all models get a tool call as answer. */
static int keeps_tools(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    static _Atomic int had_tools;
    UNUSED(self, call, err);
    if (beluga_call_tool_count(call)) had_tools = 1;
    int status = had_tools ? beluga_emit_tool_call(emit, 0, "call1", "a_tool", "{}", 2) : 0;
    return status ? status : echo(call, emit);
}

static int writes(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    UNUSED(self, call, err);
    char *text = (char *)(uintptr_t)last_text(call);
    /* only one call of the kit has so many messages */
    if (beluga_call_message_count(call) > 5 && *text) *text = 'X';
    return echo(call, emit);
}

static char heard[256];
static pthread_mutex_t hearing = PTHREAD_MUTEX_INITIALIZER;

static int say_heard(beluga_emit *emit, void *argument)
{
    char text[sizeof heard];
    (void)argument;
    pthread_mutex_lock(&hearing);
    memcpy(text, heard, sizeof text);
    pthread_mutex_unlock(&hearing);
    int status = say(emit, text);
    return status ? status : stop(emit);
}

/* Fault: this answers the message that was received last, even if it belongs to another call. */
static int mixes_up(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    UNUSED(self, call, err);
    pthread_mutex_lock(&hearing);
    strncpy(heard, last_text(call), sizeof heard - 1);
    pthread_mutex_unlock(&hearing);
    return beluga_emit_after(emit, 2, say_heard, NULL);
}

/* ---- single calls ---------------------------------------------------------------------------- */

/* Returns whether the call is that of one certain check: no other call of the kit has five messages
 * of which the second is a system message. */
static int is_that_call(const beluga_call *call)
{
    return beluga_call_message_count(call) == 5 &&
           beluga_message_role(beluga_call_message(call, 1)) == BELUGA_ROLE_SYSTEM;
}

static int crashes(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    UNUSED(self, call, err);
    if (is_that_call(call)) abort();
    return echo(call, emit);
}

static int hangs(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    UNUSED(self, call, err);
    while (is_that_call(call)) pause();
    return echo(call, emit);
}

static int exits(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    UNUSED(self, call, err);
    if (is_that_call(call)) _exit(7);
    return echo(call, emit);
}

static int fails_once(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    (void)self;
    if (!is_that_call(call)) return echo(call, emit);
    return beluga_error_set(err, BELUGA_ERROR_INTERNAL, "not in the mood");
}

/* Fault: this fails a call that asks for one token, as a health probe does. */
static int is_short_of_breath(void *self, const beluga_call *call, beluga_emit *emit,
                              beluga_error *err)
{
    int64_t tokens = 0;
    (void)self;
    if (beluga_call_get_int(call, BELUGA_OPTION_MAX_TOKENS, &tokens) && tokens == 1)
        return beluga_error_set(err, BELUGA_ERROR_INTERNAL, "one token is too few");
    return echo(call, emit);
}

static const beluga_own_option bad_options[] = {
    {.name = "elsewhere.depth", .meaning = "", .type = BELUGA_OPTION_INT, .minimum = 9},
    {.name = NULL},
};

#define BROKEN(symbol, provider_name, begin)                                                \
    static const beluga_provider symbol = {                                                 \
        BELUGA_PROVIDER_INIT("broken-" provider_name), .default_model = "b",                \
        .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_LOCAL, .start = begin, \
        .cancel = cancel}

BROKEN(sound_one, "sound", sound);
BROKEN(two_ends, "two-ends", ends_twice);
BROKEN(after_end, "after-end", goes_on);
BROKEN(no_end, "no-end", never_ends);
BROKEN(utf8, "utf8", mumbles);
BROKEN(no_code, "no-code", has_no_code);
BROKEN(other_thread, "thread", strays);
BROKEN(late, "late", holds_on);
BROKEN(deaf, "deaf", is_deaf);
BROKEN(sleeper, "sleeper", sleeps);
BROKEN(leak, "leak", forgets_memory);
BROKEN(writer, "writer", writes);
BROKEN(mixer, "mixer", mixes_up);
BROKEN(crash, "crash", crashes);
BROKEN(hang, "hang", hangs);
BROKEN(exit_in_it, "exit", exits);
BROKEN(moody, "moody", fails_once);
BROKEN(breath, "breath", is_short_of_breath);

#define OPENS(variable, name, open_function)                                            \
    static const beluga_provider variable = {BELUGA_PROVIDER_INIT("broken-" name),      \
                                             .default_model = "b",                      \
                                             .capabilities = BELUGA_CAPABILITY_STREAM | \
                                                             BELUGA_CAPABILITY_LOCAL,   \
                                             .open = (open_function),                   \
                                             .start = sound,                            \
                                             .cancel = cancel}
OPENS(files, "files", forgets_file);
OPENS(opener, "opener", opens_oddly);
static const beluga_provider tools = {
    BELUGA_PROVIDER_INIT("broken-tools"),
    .default_model = "b",
    .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_LOCAL | BELUGA_CAPABILITY_TOOLS,
    .start = keeps_tools,
    .cancel = cancel,
};
static const beluga_provider table = {
    BELUGA_PROVIDER_INIT("broken-table"),
    .default_model = "b",
    .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_LOCAL | (uint64_t)1 << 60,
    .options = bad_options,
    .start = sound,
    .cancel = cancel,
};

BELUGA_PLUGIN_PROVIDERS(NULL, &sound_one, &two_ends, &after_end, &no_end, &utf8, &no_code,
                        &other_thread, &late, &deaf, &sleeper, &leak, &writer, &mixer, &crash,
                        &hang, &exit_in_it, &moody, &breath, &files, &opener, &tools, &table)
