/* bench-streams PORT ours|bare COUNT: keeps COUNT streams open at once on one thread, with a
 * server that sends one word and then waits. Prints "all ours", both in bytes per stream: all
 * memory, including libcurl's, and the part that came from the library's allocator. */
#include "bare_chat.h"
#include "memory.h"
#include "support.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* AT_ONCE streams connect at a time, since a server's queue of new connections is short. */
enum { AT_ONCE = 100, SPARE_DESCRIPTORS = 64 };

typedef struct usage {
    size_t all, ours;
} usage;

static usage used(void)
{
    struct mallinfo2 m = mallinfo2();
    return (usage){m.uordblks + m.hblkhd, memory_counted().held};
}

static void report(usage before, size_t n)
{
    usage after = used();
    printf("%zu %zu\n", (after.all - before.all) / n, (after.ours - before.ours) / n);
}

static void raise_descriptor_limit(size_t n)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < n + SPARE_DESCRIPTORS) give_up("streams", "more than descriptors allowed");
}

/* ---- ours ------------------------------------------------------------------------------------ */

static size_t begun;

static void on_event(void *payload, const beluga_event *event)
{
    (void)payload;
    if (event->kind == BELUGA_EVENT_ERROR) give_up("stream", event->u.error->message);
    if (event->kind == BELUGA_EVENT_TEXT) begun++;
}

static void run_ours(int port, size_t n)
{
    beluga_client *client = new_client(NULL);
    beluga_chat_model *model = open_openai(client, local_base(port));
    beluga_messages *question = new_question();
    beluga_loop *loop;
    beluga_error err = {0};
    must("loop", beluga_loop_new(client, &loop), NULL);
    usage before = used();
    for (size_t i = 0; i < n; i++) {
        int status = beluga_stream_start(model, loop, NULL, question, on_event, NULL, NULL, &err);
        must("stream", status, &err);
        while (i + 1 - begun >= AT_ONCE || (i + 1 == n && begun < n))
            must("loop", beluga_loop_wait(loop, -1), NULL);
    }
    report(before, n);
    beluga_loop_free(loop);
    beluga_messages_free(question);
    beluga_chat_model_unref(model);
    beluga_client_unref(client);
}

/* ---- bare ------------------------------------------------------------------------------------ */

static void run_bare(int port, size_t n)
{
    char *json = bare_chat_request(true, QUESTION);
    bare *client = bare_new(NULL);
    bare_exchange **all = calloc(n, sizeof *all);
    if (!all) give_up("streams", "no memory");
    usage before = used();
    for (size_t i = 0, first = 0; i < n; i++) {
        all[i] = bare_exchange_new(client, local_base(port), true, 0);
        bare_exchange_start(all[i], json);
        while (first <= i && (i + 1 - first >= AT_ONCE || i + 1 == n)) {
            bare_step(client);
            while (first <= i && all[first]->received) first++;
        }
    }
    report(before, n);
    for (size_t i = 0; i < n; i++) bare_exchange_free(all[i]);
    free(all);
    bare_free(client);
    free(json);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fputs("usage: bench-streams PORT ours|bare COUNT\n", stderr);
        return 2;
    }
    int port = (int)number_of(argv[1]);
    size_t n = number_of(argv[3]);
    raise_descriptor_limit(n);
    beluga_allocator_set_default(&memory_counting);
    if (strcmp(argv[2], "bare") == 0)
        run_bare(port, n);
    else
        run_ours(port, n);
    return 0;
}
