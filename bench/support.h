/* Helpers that the benchmarks share: clocks, and models to call. Any error ends the program. */
#ifndef BENCH_SUPPORT_H
#define BENCH_SUPPORT_H

#include <beluga/beluga.h>
#include <beluga/version.h>

#include <stdint.h>
#include <time.h>

static inline int64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline int64_t wall_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

/* Returns the CPU time of the calling thread, in user space and in the kernel. */
static inline int64_t cpu_ns(void)
{
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

#define API_KEY  "sk-0123456789abcdef"
#define QUESTION "Say hello"

/* Print what failed and why, and exit. */
_Noreturn void give_up(const char *what, const char *why);

/* End the program unless `status` is 0. */
void must(const char *what, int status, const beluga_error *err);

/* Read a positive number from an argument. */
size_t number_of(const char *text);

/* Make a client with the process's default allocator; telemetry may be NULL. Owned. */
beluga_client *new_client(const beluga_telemetry_sink *telemetry);

/* Open the model "any" of a provider that needs neither key nor network. Owned. */
beluga_chat_model *open_offline(beluga_client *client, const char *provider);

/* Return "http://127.0.0.1:PORT/v1"; borrowed until the next call. */
const char *local_base(int port);

/* Open openai/any at that base URL, without retries. If the variable SSL_CERT_FILE is set, the
 * certificates in that file are trusted. Owned. */
beluga_chat_model *open_openai(beluga_client *client, const char *base);

/* Make messages of one question, such as QUESTION. Owned. */
beluga_messages *new_messages(const char *question);

static inline beluga_messages *new_question(void)
{
    return new_messages(QUESTION);
}

#endif
