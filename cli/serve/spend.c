#include "serve/spend.h"

#include "base/clock.h"
#include "base/mix.h"
#include "base/thread.h"
#include "output.h"
#include "serve/spend_store.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_S 86400
/* The time between two writes, and the pause after a failure. */
#define WRITE_MS 1000
#define RETRY_MS 5000
/* If the spend of a key is read, and the last check is older than this, the thread checks again
 * whether other servers have written. */
#define LOOK_MS 3000
/* The maximum number of rows that wait while the store can't be written. Further usage is added to
 * rows that already wait. */
#define MAX_ROWS    1000000
#define STACK_BYTES ((size_t)256 * 1024)

enum { PLACES = 1024 };

typedef struct row_list {
    spend_row *rows;
    size_t count, room;
} row_list;

struct spend {
    /* protects all members below and the accounts; not held during disk or network I/O */
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    spend_account *places[PLACES], *all;
    row_list unsaved;
    bool look, load; /* look: check whether other servers have written; load: read all totals */
    bool ending;
    unsigned waiting;      /* number of threads in spend_wait */
    uint64_t rounds;       /* rounds that the thread has completed */
    int64_t day;           /* the newest day that was used */
    int64_t looked_ms;     /* when `look` was set last */
    int64_t not_before_ms; /* earliest time of the next round */
    char why[SPEND_WHY_BYTES];
    bool failing, told;
    /* The members below are used only by the thread, while it runs. */
    row_list writing;
    spend_store *store; /* NULL: nothing is stored, and there is no thread */
    pthread_t thread;
};

/* ---- days ------------------------------------------------------------------------------------ */

static int64_t day_of(int64_t now_s)
{
    return now_s / DAY_S;
}

int64_t spend_next_day_s(int64_t now_s)
{
    return (day_of(now_s) + 1) * DAY_S;
}

int64_t spend_next_month_s(int64_t now_s)
{
    struct tm t = {0};
    time_t at = (time_t)now_s;
    gmtime_r(&at, &t);
    struct tm next = {.tm_year = t.tm_year, .tm_mon = t.tm_mon + 1, .tm_mday = 1};
    return (int64_t)timegm(&next);
}

static bool same_month(int64_t a, int64_t b)
{
    return spend_next_month_s(a * DAY_S) == spend_next_month_s(b * DAY_S);
}

const char *spend_usual_path(char path[PATH_MAX])
{
    const char *base = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int n = -1;
    if (base && base[0] == '/')
        n = snprintf(path, PATH_MAX, "%s/beluga/spend.db", base);
    else if (home && *home)
        n = snprintf(path, PATH_MAX, "%s/.local/state/beluga/spend.db", home);
    return n > 0 && n < PATH_MAX ? path : NULL;
}

/* ---- accounts -------------------------------------------------------------------------------- */

static spend_account **place_of(spend *s, const char *name)
{
    return &s->places[beluga__fnv(BELUGA__FNV, name, strlen(name)) % PLACES];
}

spend_account *spend_find(spend *s, const char *name)
{
    spend_account *a = *place_of(s, name);
    while (a && strcmp(a->name, name) != 0) a = a->next;
    return a;
}

/* Reset the totals of an account when a new day or a new month begins. */
static void turn(spend *s, spend_account *account, int64_t day)
{
    if (day > s->day) s->day = day;
    if (account->day == day) return;
    if (!same_month(account->day, day)) account->month_cost = 0;
    account->day_cost = 0;
    account->day = day;
}

static void add_sum(spend_sum *to, const spend_sum *sum)
{
    to->requests += sum->requests;
    to->input_tokens += sum->input_tokens;
    to->output_tokens += sum->output_tokens;
    to->cost += sum->cost;
}

static bool make_room(row_list *list)
{
    if (list->count < list->room) return true;
    size_t room = list->room ? 2 * list->room : 64;
    spend_row *rows = list->room < MAX_ROWS ? realloc(list->rows, room * sizeof *rows) : NULL;
    if (!rows) return false;
    list->rows = rows;
    list->room = room;
    return true;
}

/* Add usage to the rows that must be written. If no further row can be allocated, the usage is
 * added to the account's last row, even if that is of another day; without such a row, the usage is
 * never stored. The totals in memory contain the usage in any case. */
static void note(spend *s, spend_account *account, int64_t day, const spend_sum *sum)
{
    row_list *list = &s->unsaved;
    spend_row *last = account->row ? &list->rows[account->row - 1] : NULL;
    if (last && last->day == day)
        add_sum(&last->sum, sum);
    else if (make_room(list)) {
        list->rows[list->count++] = (spend_row){account, day, *sum};
        account->row = list->count;
    } else if (last)
        add_sum(&last->sum, sum);
}

void spend_join(spend *s, spend_account *account, int64_t now_s)
{
    spend_account **head = place_of(s, account->name);
    pthread_mutex_lock(&s->lock);
    account->day = day_of(now_s);
    account->next = *head;
    account->next_of_all = s->all;
    *head = s->all = account;
    turn(s, account, account->day);
    s->load = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
}

void spend_add(spend *s, spend_account *account, int64_t now_s, const spend_sum *sum)
{
    pthread_mutex_lock(&s->lock);
    turn(s, account, day_of(now_s));
    account->day_cost += sum->cost;
    account->month_cost += sum->cost;
    if (s->store) {
        if (!s->unsaved.count) pthread_cond_signal(&s->wake);
        note(s, account, account->day, sum);
    }
    pthread_mutex_unlock(&s->lock);
}

void spend_get(spend *s, spend_account *account, int64_t now_s, double *day, double *month)
{
    int64_t now_ms = beluga__now_ms();
    pthread_mutex_lock(&s->lock);
    turn(s, account, day_of(now_s));
    *day = account->day_cost;
    *month = account->month_cost;
    if (s->store && now_ms - s->looked_ms >= LOOK_MS) {
        s->looked_ms = now_ms;
        s->look = true;
        pthread_cond_signal(&s->wake);
    }
    pthread_mutex_unlock(&s->lock);
}

/* ---- the thread ------------------------------------------------------------------------------ */

/* Move all waiting rows to `writing`. */
static void take_rows(spend *s)
{
    row_list empty = s->writing;
    s->writing = s->unsaved;
    s->unsaved = empty;
    s->unsaved.count = 0;
    for (size_t i = 0; i < s->writing.count; i++) s->writing.rows[i].account->row = 0;
}

static void put_back(spend *s)
{
    for (size_t i = 0; i < s->writing.count; i++) {
        const spend_row *row = &s->writing.rows[i];
        note(s, row->account, row->day, &row->sum);
    }
}

static void take_total(void *payload, const char *key, double day, double month)
{
    spend *s = payload;
    pthread_mutex_lock(&s->lock);
    spend_account *account = key ? spend_find(s, key) : NULL;
    pthread_mutex_unlock(&s->lock);
    if (!account) return;
    if (!account->was_read) account->read_day = account->read_month = 0;
    account->was_read = true;
    account->read_day += day;
    account->read_month += month;
}

static void forget_read(const spend *s)
{
    for (spend_account *a = s->all; a; a = a->next_of_all) a->was_read = false;
}

/* Compute the totals: what was read from the store, and what is not written yet. */
static void use_totals(spend *s, int64_t day)
{
    for (spend_account *a = s->all; a; a = a->next_of_all) {
        if (!a->was_read || a->day != day) continue;
        a->day_cost = a->read_day;
        a->month_cost = a->read_month;
    }
    for (size_t i = 0; i < s->unsaved.count; i++) {
        const spend_row *row = &s->unsaved.rows[i];
        spend_account *a = row->account;
        if (!a->was_read || a->day != day) continue;
        if (row->day == day) a->day_cost += row->sum.cost;
        if (same_month(row->day, day)) a->month_cost += row->sum.cost;
    }
}

static void set_outcome(spend *s, const char *why)
{
    if (!*why) s->told = false;
    s->failing = *why != '\0';
    snprintf(s->why, sizeof s->why, "%s", why);
    s->not_before_ms = beluga__now_ms() + (*why ? RETRY_MS : WRITE_MS);
    s->rounds++;
    pthread_cond_broadcast(&s->done);
}

/* Write and read the store once. The lock is held before and after the call. */
static void do_round(spend *s)
{
    char why[SPEND_WHY_BYTES] = "";
    const int64_t day = s->day;
    bool load = s->load, was_read = false;
    s->look = s->load = false;
    take_rows(s);
    pthread_mutex_unlock(&s->lock);
    bool written =
        !s->writing.count || spend_store_add(s->store, s->writing.rows, s->writing.count, why) == 0;
    if (written && (spend_store_changed(s->store) || load))
        was_read = spend_store_totals(s->store, day, take_total, s, why) == 0;
    pthread_mutex_lock(&s->lock);
    if (!written) put_back(s);
    if (was_read) use_totals(s, day);
    forget_read(s);
    if (!was_read && load) s->load = true;
    set_outcome(s, why);
}

static bool has_work(const spend *s)
{
    return s->unsaved.count || s->look || s->load || s->store->backend->watches;
}

static void *run(void *argument)
{
    spend *s = argument;
    pthread_mutex_lock(&s->lock);
    while (!s->ending) {
        bool hurries = s->waiting && !s->failing;
        if (!has_work(s) && !s->waiting)
            pthread_cond_wait(&s->wake, &s->lock);
        else if (!hurries && beluga__now_ms() < s->not_before_ms)
            beluga__wait_until(&s->wake, &s->lock, s->not_before_ms * BELUGA__NS_PER_MS);
        else
            do_round(s);
    }
    if (s->unsaved.count) do_round(s);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

void spend_wait(spend *s, int64_t timeout_ms)
{
    if (!s->store) return;
    int64_t end = beluga__ends_ns(timeout_ms);
    pthread_mutex_lock(&s->lock);
    /* the current round may have begun too early, so wait for the next one, too */
    uint64_t wanted = s->rounds + 2;
    s->waiting++;
    pthread_cond_signal(&s->wake);
    int status = 0;
    while (s->rounds < wanted && !s->failing && !status)
        status = beluga__wait_until(&s->done, &s->lock, end);
    s->waiting--;
    pthread_mutex_unlock(&s->lock);
}

bool spend_trouble(spend *s, char *why, size_t n)
{
    pthread_mutex_lock(&s->lock);
    bool tell = s->failing && !s->told;
    if (tell) snprintf(why, n, "%s", s->why);
    s->told |= tell;
    pthread_mutex_unlock(&s->lock);
    return tell;
}

bool spend_fails(spend *s)
{
    pthread_mutex_lock(&s->lock);
    bool fails = s->failing;
    pthread_mutex_unlock(&s->lock);
    return fails;
}

/* ---- life ------------------------------------------------------------------------------------ */

static int open_store(spend *s, const char *path, beluga_error *err)
{
    char why[SPEND_WHY_BYTES];
    int rc = spend_store_open(path, &s->store, why);
    if (rc > 0) return beluga_error_set(err, BELUGA_ERROR_NOT_SUPPORTED, "%s", why);
    if (rc)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                                "the spend of keys can't be stored: %s", why);
    int error = beluga__thread_start(&s->thread, STACK_BYTES, run, s);
    if (!error) return 0;
    spend_store_close(s->store);
    s->store = NULL;
    return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY,
                            "can't start a thread that stores the spend of keys: %s",
                            strerror(error));
}

int spend_new(const char *path, spend **out, beluga_error *err)
{
    spend *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s)
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory for the spend of keys");
    pthread_mutex_init(&s->lock, NULL);
    beluga__cond_init(&s->wake);
    beluga__cond_init(&s->done);
    s->looked_ms = beluga__now_ms();
    int status = path ? open_store(s, path, err) : 0;
    if (status)
        spend_free(s);
    else
        *out = s;
    return status;
}

void spend_free(spend *s)
{
    if (!s) return;
    if (s->store) {
        pthread_mutex_lock(&s->lock);
        s->ending = true;
        pthread_cond_signal(&s->wake);
        pthread_mutex_unlock(&s->lock);
        pthread_join(s->thread, NULL);
        if (s->unsaved.count)
            out_warning("the latest spend of keys could not be stored, and is lost: %s", s->why);
        spend_store_close(s->store);
    }
    pthread_cond_destroy(&s->wake);
    pthread_cond_destroy(&s->done);
    pthread_mutex_destroy(&s->lock);
    free(s->unsaved.rows);
    free(s->writing.rows);
    free(s);
}
