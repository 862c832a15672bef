/*
 * The actions of producers, workers and collectors of a job, for tests: a line contains its number,
 * and its result says that it was asked. Workers are further processes of this program, so that
 * they can be killed.
 */
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

/* Open a queue, or fail the test. */
queue *role_open(const char *address);
/* Open a queue, and make the job. */
queue *role_create(const char *address);
/* Open a queue, and join the job. */
queue *role_join(const char *address);

/* Put the lines `first` to `last`, and wait until they are confirmed. */
void role_put(queue *q, uint64_t first, uint64_t last, uint64_t all);

/* Claim one line, or fail after some time. */
queue_claim role_claim(queue *q);
/* Put the result of a line, and wait until it is confirmed. @return whether this result was
 * accepted. */
bool role_answer(queue *q, queue_claim *claim, const char *result);

/* Ask lines until the job is over. @return how many results of this worker were accepted. */
uint64_t role_work(queue *q, size_t in_flight);

/* Read all results of lines 1 to `lines`: fails the test if one is missing, comes twice or belongs
 * to another line. */
void role_collect(queue *q, uint64_t lines);

/* Count until `finished` results exist, or fail. */
queue_counts role_wait_for(queue *q, uint64_t finished);

/* Start a worker in a separate process: "ask" works until the end, "hold" claims and does nothing,
 * "late" claims a line and stops (SIGSTOP) before it puts a result that must be refused. Returns
 * when a line is claimed. */
pid_t role_spawn(const char *role, const char *address, size_t in_flight);
void role_kill(pid_t pid);
/* Wait for the end of a worker. @return its exit code. */
int role_end(pid_t pid);

/* For main: @return the exit code of a role, or -1 if the program should run its tests. */
int role_main(int count, char **arguments);

#endif
