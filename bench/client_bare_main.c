/* bench-client-bare: does jobs (job.h) with bare libcurl and yyjson. No client that is built on
 * these two can be faster. */
#include "bare_chat.h"
#include "job.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM = 4 * 1024 * 1024, MOST_AT_ONCE = 16384 };

typedef struct slot {
    bare_exchange *exchange;
    char *json; /* NULL: idle */
} slot;

static bare *client;

static size_t take(const job *j, slot *s)
{
    size_t events = 1;
    if (j->stream)
        events = bare_chat_read_stream(s->exchange);
    else
        bare_chat_read_answer(s->exchange);
    free(s->json);
    s->json = NULL;
    return events;
}

static void begin(const job *j, slot *s)
{
    s->json = bare_chat_request(j->stream, j->prompt);
    bare_exchange_start(s->exchange, s->json);
}

static size_t run(const job *j, slot *slots)
{
    size_t events = 0, left = j->calls, running = 0;
    while (left || running) {
        for (size_t i = 0; i < j->at_once; i++) {
            if (slots[i].json && slots[i].exchange->done) events += take(j, &slots[i]), running--;
            if (left && !slots[i].json) begin(j, &slots[i]), left--, running++;
        }
        if (running) bare_step(client);
    }
    return events;
}

static size_t run_on_handles(const job *j)
{
    slot *slots = calloc(j->at_once, sizeof *slots);
    if (!slots) give_up("job", "no memory");
    for (size_t i = 0; i < j->at_once; i++)
        slots[i].exchange = bare_exchange_new(client, j->base, j->stream, ROOM);
    size_t events = run(j, slots);
    for (size_t i = 0; i < j->at_once; i++) bare_exchange_free(slots[i].exchange);
    free(slots);
    return events;
}

static void renew_client(void)
{
    if (client) bare_free(client);
    client = bare_new(getenv("SSL_CERT_FILE"));
}

static size_t do_job(const job *j)
{
    size_t events = 0;
    if (j->at_once > MOST_AT_ONCE) give_up("job", "too many at once");
    if (!client) renew_client();
    if (!j->fresh) return run_on_handles(j);
    for (size_t i = 0; i < j->calls; i++) {
        job one = *j;
        one.calls = one.at_once = 1;
        renew_client();
        events += run_on_handles(&one);
    }
    return events;
}

int main(void)
{
    serve_jobs(do_job, NULL);
    if (client) bare_free(client);
    return 0;
}
