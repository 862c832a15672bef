#include "kit/delays.h"

#include "kit/exchange.h"
#include "kit/perform.h"
#include "kit/watch.h"

#include <beluga/provider/plugin.h>

#include <pthread.h>
#include <string.h>

enum {
    MAX_ASKED = 32,   /* further requests of a call that are kept */
    TOKEN_BYTES = 96, /* the end of a token, which is where tokens differ */
    LEAST_MS = 20,    /* so long at least nobody asks for the same again */
    MOST_MS = 60000   /* what the library cuts a delay to */
};

typedef struct asked {
    char token[TOKEN_BYTES];
    int64_t delay_ms;
} asked;

static struct {
    const beluga_plugin_host *real;
    beluga_plugin_host table;
    pthread_mutex_t lock;
    asked asked[MAX_ASKED];
    size_t n;
} delays = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void keep(const char *token, int64_t delay_ms)
{
    size_t length = token ? strlen(token) : 0;
    const char *end = length >= TOKEN_BYTES ? token + length - TOKEN_BYTES + 1 : token;
    pthread_mutex_lock(&delays.lock);
    if (end && delays.n < MAX_ASKED) {
        asked *a = &delays.asked[delays.n++];
        memcpy(a->token, end, strlen(end) + 1);
        a->delay_ms = delay_ms;
    }
    pthread_mutex_unlock(&delays.lock);
}

static int next_request(beluga_emit *emit, const char *token, int64_t delay_ms)
{
    keep(token, delay_ms);
    return delays.real->beluga_emit_next_request(emit, token, 0);
}

/* Plug-ins in other languages ask for the functions by their names. */
static beluga_function find(const char *name)
{
    if (strcmp(name, "beluga_emit_next_request") == 0) return (beluga_function)next_request;
    return delays.real->find(name);
}

void check_delays_play(const char *file)
{
    const beluga_plugin *plugin = file ? watch_find(file) : NULL;
    if (!plugin || !plugin->host || !*plugin->host || *plugin->host == &delays.table) return;
    if ((*plugin->host)->size < sizeof delays.table) return;
    delays.real = *plugin->host;
    delays.table = *delays.real;
    delays.table.beluga_emit_next_request = next_request;
    delays.table.find = find;
    *plugin->host = &delays.table;
}

/* ---- judging --------------------------------------------------------------------------------- */

/* Who asks for the same again, such as the state of a job, must leave its service some time. */
static void judge(check_run *run)
{
    for (size_t i = 0; i < delays.n; i++) {
        const asked *a = &delays.asked[i];
        bool again = i && strcmp(a->token, a[-1].token) == 0;
        if (again && a->delay_ms < LEAST_MS)
            check_problem(run,
                          "the same is asked for again after %lld ms: give "
                          "beluga_emit_next_request a delay in milliseconds, such as 500, or what "
                          "the service says",
                          (long long)a->delay_ms);
        else if (a->delay_ms > MOST_MS)
            check_problem(run,
                          "a delay of %lld ms before a request is cut to a minute: it is in "
                          "milliseconds",
                          (long long)a->delay_ms);
    }
}

static void ask(check_run *run, bool streamed)
{
    delays.n = 0;
    if (run->problems.length || !check_load_usual_answer(run, streamed)) return;
    check_play_whole(run);
    (streamed ? check_stream : check_generate)(run);
    run->asked = peer_requests(run->peer);
    judge(run);
}

void check_run_delays(check_run *run)
{
    const beluga_provider *p = run->provider;
    if (!run->settings->plugin) {
        check_text_puts(&run->reason, "only a plug-in can be watched for it");
        return;
    }
    if (p->decode_response) ask(run, false);
    if (p->decode_event && check_streams(run)) ask(run, true);
}
