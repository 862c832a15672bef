/*
 * What keys have spent, by UTC day: in memory, and in a SQLite database or a bucket of NATS that a
 * thread of its own writes, at most once a second, so that the event loop never waits for a disk or
 * a network. Several servers may share it: each adds what it has seen, and reads what the others
 * added.
 */
#ifndef BELUGA_CLI_SERVE_SPEND_H
#define BELUGA_CLI_SERVE_SPEND_H

#include <beluga/error.h>

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct spend spend;

/* What requests have used. */
typedef struct spend_sum {
    int64_t requests, input_tokens, output_tokens;
    double cost; /* US dollars */
} spend_sum;

/* A key, by its name: a member of a struct of its owner's, zeroed before spend_join. Only spend.c
 * uses its members. */
typedef struct spend_account {
    const char *name; /* borrowed */
    struct spend_account *next, *next_of_all;
    int64_t day;                 /* of the totals */
    double day_cost, month_cost; /* of that UTC day, and of its month */
    size_t row;                  /* its newest row that is not written yet, from 1; 0: none */
    bool was_read;               /* the thread has read these two: */
    double read_day, read_month;
    size_t place; /* where a store has it, perhaps */
} spend_account;

/*
 * @param path  Of the database, or the address of a bucket of NATS (nats://HOST[,HOST…]/BUCKET);
 * either is made where it is missing. NULL: nothing is kept.
 * @return 0; INVALID_CONFIG it can't be opened, with what to do; NOT_SUPPORTED built without
 * SQLite; NO_MEMORY. That no server of NATS answers is no error: it is trouble, and tried again.
 */
int spend_new(const char *path, spend **out, beluga_error *err);
/* Write what is left, and end the thread; the accounts may be freed then. NULL does nothing. */
void spend_free(spend *s);

/* Take an account in; what others know of it is read soon. It is never taken out. */
void spend_join(spend *s, spend_account *account, int64_t now_s);
/* @return the account of a name, or NULL. */
spend_account *spend_find(spend *s, const char *name);
/* Add a request's use. */
void spend_add(spend *s, spend_account *account, int64_t now_s, const spend_sum *sum);
/* Tell what was spent on this UTC day and in its month, by all servers as far as is known. */
void spend_get(spend *s, spend_account *account, int64_t now_s, double *day, double *month);
/* Wait until all was written and read, or was tried, or until `timeout_ms` are over. */
void spend_wait(spend *s, int64_t timeout_ms);
/* Take what is to be told of a store that can't be written or read: once, until it can be
 * again.
 * @return false: nothing. */
bool spend_trouble(spend *s, char *why, size_t n);
/* @return whether what was spent could not be written or read when that was tried last. */
bool spend_fails(spend *s);

/* The path that is taken where none is named; NULL where there is no home. */
const char *spend_usual_path(char path[PATH_MAX]);

/* The first second of the next UTC day, and of the next month. */
int64_t spend_next_day_s(int64_t now_s);
int64_t spend_next_month_s(int64_t now_s);

#endif
