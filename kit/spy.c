#include "kit/spy.h"

#include "base/clock.h"
#include "kit/where.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum {
    MAX_WORK_MS = 50,  /* milliseconds of processor time in one function; decoding a frame takes
                          microseconds */
    SLOW_IN_A_ROW = 3, /* a function that was slow this many times in a row is not slow by chance */
    MAX_FUNCTIONS = 24
};

typedef struct function {
    const char *name; /* static; NULL ends the list */
    long waits;       /* number of waits in the present round */
    int64_t work_ns;  /* longest processor time of one call in the present round */
    size_t in_a_row;  /* how many calls in a row computed for too long */
    size_t rounds, waited, worked;
    int64_t least_ns; /* shortest of the rounds' `work_ns` */
} function;

/* Only one thread at a time runs a probe's calls; the own threads of an engine are not counted. */
static struct {
    const beluga_provider *real;
    beluga_provider table;
    char name[48];
    function functions[MAX_FUNCTIONS];
    const char *garbled; /* a function that returned an unknown code, or NULL */
    int code;
} spy;

/* ---- counting -------------------------------------------------------------------------------- */

static long count_waits(void)
{
#ifdef RUSAGE_THREAD
    struct rusage usage;
    return getrusage(RUSAGE_THREAD, &usage) ? 0 : usage.ru_nvcsw;
#else
    return 0; /* macOS counts only for the whole process */
#endif
}

static function *find(const char *name)
{
    for (size_t i = 0; i < MAX_FUNCTIONS; i++) {
        function *f = &spy.functions[i];
        if (!f->name) f->name = name;
        if (strcmp(f->name, name) == 0) return f;
    }
    return NULL;
}

spy_cost spy_begin(const char *name)
{
    check_where_set(name);
    return (spy_cost){count_waits(), beluga__clock_ns(CLOCK_THREAD_CPUTIME_ID)};
}

static bool is_long(int64_t work_ns)
{
    return work_ns > MAX_WORK_MS * BELUGA__NS_PER_MS;
}

bool spy_is_slow(void)
{
    for (size_t i = 0; i < MAX_FUNCTIONS && spy.functions[i].name; i++)
        if (spy.functions[i].in_a_row >= SLOW_IN_A_ROW) return true;
    return false;
}

void spy_end(const char *name, spy_cost cost)
{
    int64_t work = beluga__clock_ns(CLOCK_THREAD_CPUTIME_ID) - cost.begun_ns;
    long waits = count_waits() - cost.waits;
    function *f = find(name);
    check_where_set(NULL);
    if (!f) return;
    f->rounds += !f->work_ns;
    f->in_a_row = is_long(work) ? f->in_a_row + 1 : 0;
    f->waits += waits;
    /* Never 0, since 0 means that the function did not run. */
    if (work >= f->work_ns) f->work_ns = work + 1;
}

static void end_round(function *f)
{
    if (!f->work_ns) return;
    f->waited += f->waits > 0;
    f->worked += is_long(f->work_ns);
    if (!f->least_ns || f->work_ns < f->least_ns) f->least_ns = f->work_ns;
    f->waits = 0;
    f->work_ns = 0;
}

void spy_next_round(void)
{
    for (size_t i = 0; i < MAX_FUNCTIONS && spy.functions[i].name; i++)
        end_round(&spy.functions[i]);
}

/* ---- codes ----------------------------------------------------------------------------------- */

static bool is_error(int code)
{
    return strcmp(beluga_error_name(code), "unknown_error") != 0;
}

/* Returns whether a status is valid for a function; a few functions have a status that is neither 0
 * nor an error. */
static bool is_status(const char *name, int status)
{
    static const char *const others[] = {"decode_event", "encode_cancel", "encode_token"};
    if (status <= 0) return is_error(status);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (status == 1 && strcmp(name, others[i]) == 0) return true;
    return false;
}

static void note_code(const char *name, int code, bool is_known)
{
    if (is_known || spy.garbled) return;
    spy.garbled = name;
    spy.code = code;
}

int spy_note_status(const char *name, int status)
{
    note_code(name, status, is_status(name, status));
    return status;
}

/* ---- the findings ---------------------------------------------------------------------------- */

static const char *remedy(const char *name)
{
    if (spy.real->encode_request) return "its functions do no I/O, and return at once";
    if (strcmp(name, "cancel") == 0)
        return "tell the work to stop and return, without waiting for it";
    return "beluga_emit_after and beluga_emit_run_blocking are for that";
}

void spy_tell(check_text *out, check_text *codes)
{
    if (spy.garbled)
        check_text_printf(codes, "want 0 or a negative code of beluga/error.h, but %s gave %d\n",
                          spy.garbled, spy.code);
    for (size_t i = 0; i < MAX_FUNCTIONS && spy.functions[i].name; i++) {
        const function *f = &spy.functions[i];
        if (f->rounds && f->waited == f->rounds)
            check_text_printf(out, "want no waiting on the loop, but %s waited in every call: %s\n",
                              f->name, remedy(f->name));
        if (f->rounds && f->worked == f->rounds)
            check_text_printf(out,
                              "want less than %d ms of computing at a time, but %s took %d ms of "
                              "the processor: %s\n",
                              MAX_WORK_MS, f->name, (int)(f->least_ns / BELUGA__NS_PER_MS),
                              remedy(f->name));
    }
}

/* ---- the functions of the copy --------------------------------------------------------------- */

#define SPIED(name, call)             \
    spy_cost cost = spy_begin(#name); \
    int status = spy.real->name call; \
    spy_end(#name, cost);             \
    return spy_note_status(#name, status)
#define SPIED_VOID(name, call)        \
    spy_cost cost = spy_begin(#name); \
    spy.real->name call;              \
    spy_end(#name, cost)

static int encode_request(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    SPIED(encode_request, (call, request, err));
}

static int decode_response(void *state, const char *body, size_t length, beluga_emit *emit)
{
    SPIED(decode_response, (state, body, length, emit));
}

static int decode_event(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    SPIED(decode_event, (state, frame, emit));
}

static int decode_end(void *state, beluga_emit *emit)
{
    SPIED(decode_end, (state, emit));
}

static void decode_error(const beluga_call *call, const beluga_http_response *response,
                         beluga_error *err)
{
    SPIED_VOID(decode_error, (call, response, err));
    note_code("decode_error", err->code, is_error(err->code) && err->code);
}

static int encode_cancel(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    SPIED(encode_cancel, (call, request, err));
}

static int authorize(beluga_http_request *request, const beluga_credential *credential, int64_t now,
                     beluga_error *err)
{
    SPIED(authorize, (request, credential, now, err));
}

static int cut(const char *bytes, size_t length, bool ended, beluga_cut *out)
{
    SPIED(cut, (bytes, length, ended, out));
}

static int encode_token(void *self, const beluga_credential *credential, int64_t now,
                        beluga_http_request *request, beluga_error *err)
{
    SPIED(encode_token, (self, credential, now, request, err));
}

static int decode_token(void *self, const beluga_http_response *response, int64_t now,
                        beluga_token *token, beluga_error *err)
{
    SPIED(decode_token, (self, response, now, token, err));
}

static int encode_list_models(const beluga_call *call, beluga_http_request *request,
                              beluga_error *err)
{
    SPIED(encode_list_models, (call, request, err));
}

static int decode_list_models(const char *body, size_t length, beluga_emit *emit)
{
    SPIED(decode_list_models, (body, length, emit));
}

static int encode_embed(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    SPIED(encode_embed, (call, request, err));
}

static int decode_embed(const char *body, size_t length, beluga_emit *emit)
{
    SPIED(decode_embed, (body, length, emit));
}

static int encode_count(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    SPIED(encode_count, (call, request, err));
}

static int decode_count(const char *body, size_t length, beluga_emit *emit)
{
    SPIED(decode_count, (body, length, emit));
}

static int start(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    SPIED(start, (self, call, emit, err));
}

static void cancel(void *self, beluga_emit *emit)
{
    SPIED_VOID(cancel, (self, emit));
}

#define PUT_BETWEEN(name) \
    if (spy.real->name) spy.table.name = name

static void copy_table(const beluga_provider *provider)
{
    spy.real = provider;
    spy.table = *provider;
    memset(spy.functions, 0, sizeof spy.functions);
    spy.garbled = NULL;
    PUT_BETWEEN(encode_request);
    PUT_BETWEEN(decode_response);
    PUT_BETWEEN(decode_event);
    PUT_BETWEEN(decode_end);
    PUT_BETWEEN(decode_error);
    PUT_BETWEEN(authorize);
    PUT_BETWEEN(encode_cancel);
    PUT_BETWEEN(cut);
    PUT_BETWEEN(encode_token);
    PUT_BETWEEN(decode_token);
    PUT_BETWEEN(encode_list_models);
    PUT_BETWEEN(decode_list_models);
    PUT_BETWEEN(encode_embed);
    PUT_BETWEEN(decode_embed);
    PUT_BETWEEN(encode_count);
    PUT_BETWEEN(decode_count);
    PUT_BETWEEN(start);
    PUT_BETWEEN(cancel);
}

beluga_client *spy_new(check_run *run)
{
    beluga_client *client = NULL;
    if (run->settings->base) return NULL;
    copy_table(run->provider);
    if (!run->settings->plugin) {
        snprintf(spy.name, sizeof spy.name, "%.40s-spied", run->provider->name);
        spy.table.name = spy.name;
    }
    if (beluga_client_new(NULL, &client)) return NULL;
    run->provider = &spy.table;
    if (!beluga_registry_register(beluga_client_registry(client), &spy.table, NULL)) return client;
    beluga_client_unref(client);
    return NULL;
}
