/* Jobs for a client: lines of JSON on standard input, as bench/peers/run writes them for every
 * language alike. Whatever goes wrong ends the program. */
#ifndef BENCH_JOB_H
#define BENCH_JOB_H

#include <stdbool.h>
#include <stddef.h>

typedef struct job {
    char base[128]; /* URL of the server, with /v1 */
    bool stream;
    bool fresh; /* every call makes a connection of its own */
    size_t calls, at_once;
    size_t image_bytes; /* of an image beside the prompt; 0: none */
    char *prompt;
} job;

/* Do a job; return how many answers, or pieces of text of streams, there were. */
typedef size_t (*job_work)(const job *j);

/* Do jobs until standard input ends, and print after each one line of JSON with what it cost: CPU
 * time, wall time, events, and the bytes by which `counted`, which may be NULL, grew. */
void serve_jobs(job_work work, size_t (*counted)(void));

#endif
