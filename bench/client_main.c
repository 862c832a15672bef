/* bench-client [--blocking] [--count]: does jobs (job.h) with this library, with concurrent calls
 * on one loop; with --blocking it makes the calls one after another with blocking functions.
 * --count also counts the bytes that the library and libcurl allocate, which costs some time. */
#include "job.h"
#include "memory.h"
#include "support.h"

#include <curl/curl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct asked {
    const job *job;
    beluga_messages *question;
    beluga_loop *loop;
    size_t running, events;
} asked;

static bool blocking;
static char model_base[sizeof((job *)NULL)->base];
static beluga_chat_model *model;

static void open_for(const job *j)
{
    if (model && strcmp(model_base, j->base) == 0) return;
    beluga_chat_model_unref(model);
    model = open_openai(beluga_client_default(), j->base);
    strcpy(model_base, j->base);
}

/* ---- on a loop ------------------------------------------------------------------------------- */

static void on_event(void *payload, const beluga_event *event)
{
    asked *a = payload;
    if (event->kind == BELUGA_EVENT_ERROR) give_up("call", event->u.error->message);
    if (event->kind == BELUGA_EVENT_TEXT && a->job->stream) a->events++;
    if (event->kind != BELUGA_EVENT_FINISH) return;
    a->running--;
    a->events += !a->job->stream;
}

static void start(asked *a)
{
    beluga_error err = {0};
    a->running++;
    must("call",
         a->job->stream
             ? beluga_stream_start(model, a->loop, NULL, a->question, on_event, a, NULL, &err)
             : beluga_generate_start(model, a->loop, NULL, a->question, on_event, a, NULL, &err),
         &err);
}

static void new_loop(asked *a)
{
    beluga_loop_free(a->loop);
    must("loop", beluga_loop_new(beluga_client_default(), &a->loop), NULL);
}

static void push(asked *a)
{
    static beluga_loop *kept; /* used for all jobs, so that its connections stay open */
    a->loop = kept;
    for (size_t left = a->job->calls; left || a->running;) {
        if (!a->loop || (a->job->fresh && !a->running)) new_loop(a);
        for (; left && a->running < a->job->at_once; left--) start(a);
        must("loop", beluga_loop_wait(a->loop, -1), NULL);
    }
    kept = a->loop;
}

/* ---- one after another ----------------------------------------------------------------------- */

static void wait_for_answer(asked *a)
{
    beluga_error err = {0};
    beluga_response *response;
    must("generate", beluga_generate(model, NULL, a->question, &response, &err), &err);
    a->events += *beluga_response_text(response, NULL) != '\0';
    beluga_response_free(response);
}

static void wait_for_stream(asked *a)
{
    beluga_error err = {0};
    beluga_stream *stream;
    const beluga_event *event;
    must("stream", beluga_stream_chat(model, NULL, a->question, &stream, &err), &err);
    do {
        must("stream", beluga_stream_next(stream, &event, &err), &err);
        a->events += event && event->kind == BELUGA_EVENT_TEXT;
    } while (event);
    beluga_stream_free(stream);
}

static void block(asked *a)
{
    for (size_t i = 0; i < a->job->calls; i++)
        (a->job->stream ? wait_for_stream : wait_for_answer)(a);
}

/* ---- the questions --------------------------------------------------------------------------- */

static void add_image(beluga_messages *question, size_t bytes)
{
    beluga_message *message = beluga_human_message("What is it?");
    char *image = calloc(1, bytes);
    if (!image) give_up("image", "no memory");
    for (size_t i = 0; i < bytes; i++) image[i] = (char)(i * 7);
    must("image",
         beluga_message_add_data(message, BELUGA_PART_IMAGE, "image/png", image, bytes, NULL),
         NULL);
    must("image", beluga_messages_add(question, message), NULL);
    free(image);
}

static size_t do_job(const job *j)
{
    open_for(j);
    asked a = {.job = j, .question = new_messages(j->prompt)};
    if (j->image_bytes) add_image(a.question, j->image_bytes);
    (blocking ? block : push)(&a);
    beluga_messages_free(a.question);
    return a.events;
}

/* ---- allocations of libcurl ------------------------------------------------------------------ */

static void *counted_malloc(size_t size)
{
    return memory_counting.alloc(NULL, size);
}

static void counted_free(void *pointer)
{
    memory_counting.release(NULL, pointer);
}

static void *counted_realloc(void *pointer, size_t size)
{
    return memory_counting.resize(NULL, pointer, malloc_usable_size(pointer), size);
}

static void *counted_calloc(size_t n, size_t size)
{
    void *pointer = counted_malloc(n * size);
    return pointer ? memset(pointer, 0, n * size) : NULL;
}

static char *counted_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = counted_malloc(size);
    return copy ? memcpy(copy, text, size) : NULL;
}

static size_t bytes_counted(void)
{
    return memory_counted().bytes;
}

static void count_memory(void)
{
    beluga_allocator_set_default(&memory_counting);
    curl_global_init_mem(CURL_GLOBAL_DEFAULT, counted_malloc, counted_free, counted_realloc,
                         counted_strdup, counted_calloc);
}

int main(int argc, char **argv)
{
    bool counting = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--blocking") == 0)
            blocking = true;
        else if (strcmp(argv[i], "--count") == 0)
            counting = true;
        else
            give_up("usage: bench-client [--blocking] [--count], and not", argv[i]);
    }
    if (counting) count_memory();
    serve_jobs(do_job, counting ? bytes_counted : NULL);
    beluga_chat_model_unref(model);
    return 0;
}
