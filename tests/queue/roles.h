/* What producers, workers and collectors of a job do in the tests. A line contains its number, and
 * its result contains the same number. Workers are further processes of this program, so that a
 * test can kill them. */
#ifndef TESTS_QUEUE_ROLES_H
#define TESTS_QUEUE_ROLES_H

#include "queue/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

/* Longest wait of a test, in milliseconds, for something that must happen. */
#define ROLES_WAIT_MS 90000

/* Open a queue; the test fails if that is impossible. */
queue *role_open(const char *address);
/* Open a queue, and create the job. */
queue *role_create(const char *address);
/* Open a queue, and join the job. */
queue *role_join(const char *address);

/* Put the lines `first` to `last` of `all`, and wait until the queue has confirmed them. */
void role_put(queue *q, uint64_t first, uint64_t last, uint64_t all);

/* Claim one line. The test fails if there is none in time. */
queue_claim role_claim(queue *q);
/* Put the result of a line, and wait until the queue has confirmed it. @return whether this result
 * was accepted. */
bool role_answer(queue *q, queue_claim *claim, const char *result);

/* Answer lines until the job has ended. @return how many results of this worker were accepted. */
uint64_t role_work(queue *q, size_t in_flight);

/* Read all results of lines 1 to `lines`. The test fails if one is missing, occurs twice or belongs
 * to another line. */
void role_collect(queue *q, uint64_t lines);

/* Wait until there are `finished` results, and return the counts. The test fails if this takes too
 * long. */
queue_counts role_wait_for(queue *q, uint64_t finished);

/* Start a worker in its own process. The role "ask" answers lines until the job has ended; "hold"
 * claims lines and does nothing; "late" claims a line and stops (SIGSTOP) before it puts a result,
 * which must then be refused. Returns when the worker has claimed a line. */
pid_t role_spawn(const char *role, const char *address, size_t in_flight);
void role_kill(pid_t pid);
/* Wait for the end of a worker. @return its exit code. */
int role_end(pid_t pid);

/* For main. @return the exit code of a role, or -1 if this process should run the tests. */
int role_main(int count, char **arguments);

#endif
