#include "job.h"

#include "support.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <yyjson.h>

enum { LONGEST_LINE = 4096, MOST_PROMPT_BYTES = 64 * 1024 * 1024 };

/* Returns the CPU time of all threads, in user space and in the kernel. */
static double process_cpu_us(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e6 +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

/* Make a prompt of about this length by repeating a word. Return the usual question for 0. */
static char *prompt_of(size_t bytes)
{
    static const char word[] = "word ";
    size_t length = sizeof word - 1, n = bytes / length;
    if (bytes > MOST_PROMPT_BYTES) give_up("prompt", "is too long");
    char *prompt = n ? malloc(n * length + 1) : strdup(QUESTION);
    if (!prompt) give_up("prompt", "no memory");
    for (size_t i = 0; i < n; i++) memcpy(prompt + i * length, word, sizeof word);
    return prompt;
}

static size_t number_in(yyjson_val *object, const char *name, size_t otherwise)
{
    yyjson_val *value = yyjson_obj_get(object, name);
    return value ? (size_t)yyjson_get_uint(value) : otherwise;
}

static job read_job(const char *line)
{
    yyjson_doc *doc = yyjson_read(line, strlen(line), 0);
    yyjson_val *root = yyjson_doc_get_root(doc);
    const char *base = yyjson_get_str(yyjson_obj_get(root, "url"));
    job j = {
        .stream = yyjson_get_bool(yyjson_obj_get(root, "stream")),
        .fresh = yyjson_get_bool(yyjson_obj_get(root, "fresh")),
        .calls = number_in(root, "calls", 1),
        .at_once = number_in(root, "at_once", 1),
        .image_bytes = number_in(root, "image_bytes", 0),
        .prompt = prompt_of(number_in(root, "prompt_bytes", 0)),
    };
    if (!base || strlen(base) >= sizeof j.base || !j.calls || !j.at_once) give_up("job", line);
    strcpy(j.base, base);
    yyjson_doc_free(doc);
    return j;
}

static void do_job(const job *j, job_work work, size_t (*counted)(void))
{
    size_t bytes = counted ? counted() : 0;
    int64_t started = wall_ns();
    double spent = process_cpu_us();
    size_t events = work(j);
    spent = process_cpu_us() - spent;
    double wall_us = (double)(wall_ns() - started) / 1e3;
    printf("{\"cpu_us\": %.3f, \"wall_us\": %.3f, \"events\": %zu", spent, wall_us, events);
    if (counted) printf(", \"bytes\": %zu", counted() - bytes);
    puts("}");
    fflush(stdout);
}

void serve_jobs(job_work work, size_t (*counted)(void))
{
    char line[LONGEST_LINE];
    while (fgets(line, sizeof line, stdin)) {
        job j = read_job(line);
        do_job(&j, work, counted);
        free(j.prompt);
    }
}
