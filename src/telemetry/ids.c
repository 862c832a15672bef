#include "telemetry/ids.h"

#include "base/clock.h"
#include "base/mix.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

void beluga__ids_seed(beluga_telemetry *t)
{
    uint64_t random[5];
    if (getrandom(random, sizeof random, GRND_NONBLOCK) != sizeof random)
        for (int i = 0; i < 5; i++)
            random[i] = beluga__mix((uint64_t)beluga__now_ns() +
                                    (uint64_t)getpid() * 0x9e3779b97f4a7c15u + (uint64_t)i);
    memcpy(t->seeds, random, sizeof t->seeds);
    /* the instance id is a version 4 UUID */
    snprintf(t->instance, sizeof t->instance, "%08x-%04x-4%03x-%04x-%012llx",
             (unsigned)(random[3] >> 32), (unsigned)(random[3] >> 16 & 0xffff),
             (unsigned)(random[3] & 0xfff), (unsigned)(random[4] >> 48 & 0x3fff) | 0x8000,
             (unsigned long long)(random[4] & 0xffffffffffffu));
}

uint64_t beluga__ids_next(beluga_telemetry *t, beluga__trace_id *trace)
{
    uint64_t n = atomic_fetch_add_explicit(&t->next_id, 0x9e3779b97f4a7c15u, memory_order_relaxed);
    if (trace) {
        trace->high = beluga__mix(n ^ t->seeds[0]);
        trace->low = beluga__mix(n + t->seeds[1]);
        trace->low += !trace->low; /* an id of zero is invalid */
    }
    uint64_t id = beluga__mix(n + t->seeds[2]);
    return id + !id;
}

static uint64_t read_hex(const char *text)
{
    uint64_t value = 0;
    for (int i = 0; i < 16; i++)
        value = value << 4 | (uint64_t)(text[i] <= '9' ? text[i] - '0' : text[i] - 'a' + 10);
    return value;
}

void beluga__ids_parse(const char *traceparent, beluga__trace_id *trace, uint64_t *span,
                       bool *sampled)
{
    trace->high = read_hex(traceparent + 3);
    trace->low = read_hex(traceparent + 19);
    *span = read_hex(traceparent + 36);
    char flags = traceparent[54];
    *sampled = (flags <= '9' ? flags - '0' : flags - 'a' + 10) & 1;
}

bool beluga__ids_sample(const beluga__telemetry_setup *s, const beluga__trace_id *trace)
{
    if (s->sampler == BELUGA__SAMPLE_RATIO) return s->sample_rest || trace->low < s->sample_below;
    return s->sampler == BELUGA__SAMPLE_ALL;
}
