#include "kit/watch.h"

#include <beluga/provider/plugin.h>
#include <beluga/provider/provider.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    MAX_EMITS = 64, /* emits in the calls of a probe; further ones are not watched */
    /* emissions that are allowed after a refused one, since a worker may wait for room */
    MAX_REFUSED = 1
};

/* The notes about an emit, whose address is never followed. */
typedef struct seen {
    const beluga_emit *emit;
    bool ended;   /* its finish or error was emitted */
    bool is_over; /* its call is over */
    bool refused; /* one of its emissions was refused */
    size_t after_refusal;
} seen;

static struct {
    const beluga_plugin *plugin; /* NULL: no plug-in is watched */
    const beluga_plugin_host *real;
    beluga_plugin_host table;
    pthread_mutex_t lock;
    seen emits[MAX_EMITS];
    bool proves_twice;
    size_t n_emits, after_end, late, refused;
    char first_after_end[32], first_late[32];
} watch = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- notes ----------------------------------------------------------------------------------- */

static seen *find(const beluga_emit *emit)
{
    for (size_t i = 0; i < watch.n_emits; i++)
        if (watch.emits[i].emit == emit) return &watch.emits[i];
    if (watch.n_emits == MAX_EMITS) return NULL;
    watch.emits[watch.n_emits] = (seen){.emit = emit};
    return &watch.emits[watch.n_emits++];
}

static void note_first(char *first, size_t size, const char *what)
{
    size_t n = strnlen(what, size - 1);
    if (*first) return;
    memcpy(first, what, n);
    first[n] = '\0';
}

/* Usage and metadata may follow the end of an answer, and a protocol may prove the end twice. */
static bool may_follow(const char *what)
{
    if (watch.proves_twice && strcmp(what, "finish") == 0) return true;
    return strcmp(what, "usage") == 0 || strcmp(what, "metadata") == 0;
}

static void note_after_end(const seen *s, const char *what)
{
    if (s->is_over) {
        watch.late++;
        note_first(watch.first_late, sizeof watch.first_late, what);
    } else if (!may_follow(what)) {
        watch.after_end++;
        note_first(watch.first_after_end, sizeof watch.first_after_end, what);
    }
}

static void note(const beluga_emit *emit, const char *what, bool ends)
{
    pthread_mutex_lock(&watch.lock);
    seen *s = find(emit);
    if (s && s->ended) note_after_end(s, what);
    if (s && s->refused && !s->ended && ++s->after_refusal > MAX_REFUSED) watch.refused++;
    if (s) s->ended |= ends;
    pthread_mutex_unlock(&watch.lock);
}

/* An emission out of turn is a different fault. */
static int note_status(const beluga_emit *emit, int status)
{
    if (status >= 0 || status == BELUGA_ERROR_INVALID_INPUT) return status;
    pthread_mutex_lock(&watch.lock);
    seen *s = find(emit);
    if (s) s->refused = true;
    pthread_mutex_unlock(&watch.lock);
    return status;
}

/* ---- the wrapping functions ------------------------------------------------------------------ */

#define WATCHED(what, ends, call) \
    note(emit, what, ends);       \
    return note_status(emit, watch.real->call)

static int text(beluga_emit *emit, const char *s, size_t n)
{
    WATCHED("text", false, beluga_emit_text(emit, s, n));
}

static int reasoning(beluga_emit *emit, const char *s, size_t n)
{
    WATCHED("reasoning", false, beluga_emit_reasoning(emit, s, n));
}

static int tool_call_begin(beluga_emit *emit, uint32_t index, const char *id, const char *name)
{
    WATCHED("a tool call", false, beluga_emit_tool_call_begin(emit, index, id, name));
}

static int tool_call_delta(beluga_emit *emit, uint32_t index, const char *s, size_t n)
{
    WATCHED("a tool call", false, beluga_emit_tool_call_delta(emit, index, s, n));
}

static int tool_call_end(beluga_emit *emit, uint32_t index)
{
    WATCHED("a tool call", false, beluga_emit_tool_call_end(emit, index));
}

static int tool_call(beluga_emit *emit, uint32_t index, const char *id, const char *name,
                     const char *s, size_t n)
{
    WATCHED("a tool call", false, beluga_emit_tool_call(emit, index, id, name, s, n));
}

static int state(beluga_emit *emit, beluga_part_kind of, uint32_t index, const char *s, size_t n)
{
    WATCHED("state", false, beluga_emit_state(emit, of, index, s, n));
}

static int metadata(beluga_emit *emit, const char *id, const char *model, int64_t created)
{
    WATCHED("metadata", false, beluga_emit_metadata(emit, id, model, created));
}

static int usage(beluga_emit *emit, const beluga_usage *counts)
{
    WATCHED("usage", false, beluga_emit_usage(emit, counts));
}

static int finish(beluga_emit *emit, beluga_finish_reason reason, const char *raw)
{
    WATCHED("finish", true, beluga_emit_finish(emit, reason, raw));
}

/* This returns the code of the given error, which is no refusal. */
static int error(beluga_emit *emit, const beluga_error *err)
{
    note(emit, "error", true);
    return watch.real->beluga_emit_error(emit, err);
}

BELUGA_PRINTF(4, 5)
static int failure(beluga_emit *emit, int code, const char *provider_code, const char *format, ...)
{
    char message[sizeof((beluga_error *)0)->message];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    note(emit, "error", true);
    return watch.real->beluga_emit_failure(emit, code, provider_code, "%s", message);
}

static int failure_text(beluga_emit *emit, int code, const char *provider_code, const char *s,
                        size_t n)
{
    note(emit, "error", true);
    return watch.real->beluga_emit_failure_text(emit, code, provider_code, s, n);
}

/* Finds the function that stands in the table where the library has its own. */
static beluga_function find_function(const char *name)
{
    beluga_function real = watch.real->find(name), function = real;
    for (size_t at = offsetof(beluga_plugin_host, find) + sizeof real;
         real && at < sizeof watch.table; at += sizeof real)
        if (memcmp((const char *)watch.real + at, &real, sizeof real) == 0)
            memcpy(&function, (const char *)&watch.table + at, sizeof function);
    return function;
}

static void put_between(beluga_plugin_host *table)
{
    table->find = find_function;
    table->beluga_emit_failure_text = failure_text;
    table->beluga_emit_text = text;
    table->beluga_emit_reasoning = reasoning;
    table->beluga_emit_tool_call_begin = tool_call_begin;
    table->beluga_emit_tool_call_delta = tool_call_delta;
    table->beluga_emit_tool_call_end = tool_call_end;
    table->beluga_emit_tool_call = tool_call;
    table->beluga_emit_state = state;
    table->beluga_emit_metadata = metadata;
    table->beluga_emit_usage = usage;
    table->beluga_emit_finish = finish;
    table->beluga_emit_error = error;
    table->beluga_emit_failure = failure;
}

/* ---- life ------------------------------------------------------------------------------------ */

static const beluga_plugin *loaded(const char *file)
{
    void *object = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
    if (!object) return NULL;
    const beluga_plugin *plugin = dlsym(object, "beluga_plugin_main");
    dlclose(object); /* the library keeps the plug-in loaded until the process ends */
    return plugin;
}

bool watch_begin(const char *file, bool proves_twice)
{
    const beluga_plugin *plugin = loaded(file);
    if (!plugin || !plugin->host || !*plugin->host) return false;
    watch.real = *plugin->host;
    if (watch.real->size < sizeof watch.table) return false;
    watch.table = *watch.real;
    watch.proves_twice = proves_twice;
    watch.n_emits = watch.after_end = watch.late = watch.refused = 0;
    *watch.first_after_end = *watch.first_late = '\0';
    put_between(&watch.table);
    watch.plugin = plugin;
    *plugin->host = &watch.table;
    return true;
}

void watch_end(void)
{
    if (watch.plugin) *watch.plugin->host = watch.real;
    watch.plugin = NULL;
}

void watch_call_is_over(void)
{
    pthread_mutex_lock(&watch.lock);
    for (size_t i = 0; i < watch.n_emits; i++) watch.emits[i].is_over = true;
    pthread_mutex_unlock(&watch.lock);
}

/* ---- findings -------------------------------------------------------------------------------- */

void watch_tell(check_text *after_end, check_text *late, check_text *refused)
{
    pthread_mutex_lock(&watch.lock);
    if (watch.after_end)
        check_text_printf(after_end,
                          "want nothing after the end of an answer, got %zu events: %s\n",
                          watch.after_end, watch.first_after_end);
    if (watch.late)
        check_text_printf(late,
                          "want nothing when a call is over, got %zu events through its emit: %s\n",
                          watch.late, watch.first_late);
    if (watch.refused)
        check_text_printf(
            refused, "want a return when emitting gives a negative code, got %zu events more\n",
            watch.refused);
    pthread_mutex_unlock(&watch.lock);
}
