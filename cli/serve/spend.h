/*
 * The spend of keys, by UTC day: in memory, and in an SQLite database or a bucket of NATS. A thread
 * writes the store, at most once a second, so that the event loop never waits for a disk
 * or a network. Several servers may share one store: each adds its own usage, and reads the usage
 * that the others have added.
 */
#ifndef BELUGA_CLI_SERVE_SPEND_H
#define BELUGA_CLI_SERVE_SPEND_H

#include <beluga/error.h>

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct spend spend;

/* The usage of some requests. */
typedef struct spend_sum {
    int64_t requests, input_tokens, output_tokens;
    double cost; /* US dollars */
} spend_sum;

/* The spend of a key name. The struct is a member of its owner's struct, zeroed before spend_join.
 * Only spend.c uses its members. */
typedef struct spend_account {
    const char *name; /* borrowed */
    struct spend_account *next, *next_of_all;
    int64_t day;                 /* the day of the totals */
    double day_cost, month_cost; /* cost on that UTC day, and in its month */
    /* index + 1 of the account's newest row that is not written yet; 0: none */
    size_t row;
    bool was_read; /* the thread has read read_day and read_month from the store */
    double read_day, read_month;
    size_t place; /* for the store: a hint at the position of this account */
} spend_account;

/*
 * Open a store.
 * @param path  Path of the database, or address of a NATS bucket (nats://HOST[,HOST…]/BUCKET). A
 * missing database or bucket is created. NULL: nothing is stored.
 * @return 0; INVALID_CONFIG, with advice, if the store can't be opened; NOT_SUPPORTED in a build
 * without SQLite; NO_MEMORY. If no NATS server answers, that is not an error: spend_trouble reports
 * it, and the thread tries again.
 */
int spend_new(const char *path, spend **out, beluga_error *err);
/* Write the remaining usage, and end the thread. Afterwards the accounts may be freed. NULL does
 * nothing. */
void spend_free(spend *s);

/* Add an account, which is never removed. The totals that other servers have stored for it are read
 * soon. */
void spend_join(spend *s, spend_account *account, int64_t now_s);
/* @return the account of a name, or NULL. */
spend_account *spend_find(spend *s, const char *name);
/* Add the usage of a request. */
void spend_add(spend *s, spend_account *account, int64_t now_s, const spend_sum *sum);
/* Return the cost on this UTC day and in its month, for all servers together as far as it is known.
 */
void spend_get(spend *s, spend_account *account, int64_t now_s, double *day, double *month);
/* Wait until all usage was written and read, or this has failed, or until `timeout_ms` have passed.
 */
void spend_wait(spend *s, int64_t timeout_ms);
/* Return the reason why the store can't be written or read, if it should be reported now: a failure
 * is reported only once, until the store works again. @return false: nothing to report. */
bool spend_trouble(spend *s, char *why, size_t n);
/* @return whether the last attempt to write or read the spend has failed. */
bool spend_fails(spend *s);

/* Return the default path; NULL if the user has no home directory. */
const char *spend_usual_path(char path[PATH_MAX]);

/* Return the first second of the next UTC day, and of the next month. */
int64_t spend_next_day_s(int64_t now_s);
int64_t spend_next_month_s(int64_t now_s);

#endif
