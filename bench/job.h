/* Jobs for a client: lines of JSON on standard input. bench/peers/run writes the same lines for
 * clients in every language. Any error ends the program. */
#ifndef BENCH_JOB_H
#define BENCH_JOB_H

#include <stdbool.h>
#include <stddef.h>

typedef struct job {
    char base[128]; /* URL of the server, with /v1 */
    bool stream;
    bool fresh; /* every call makes a new connection */
    size_t calls, at_once;
    size_t image_bytes; /* bytes of an image beside the prompt; 0: no image */
    char *prompt;
} job;

/* Do a job. Return the number of answers, or of pieces of text in streams. */
typedef size_t (*job_work)(const job *j);

/* Do jobs until standard input ends. After each, print its cost as one line of JSON: CPU time, wall
 * time, events, and the growth of the bytes that `counted` returns. `counted` may be NULL. */
void serve_jobs(job_work work, size_t (*counted)(void));

#endif
