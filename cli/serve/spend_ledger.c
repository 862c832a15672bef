#include "serve/spend_ledger.h"

#include "serve/time.h"

#include <beluga/provider/json.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400
/* The maximum number of keys in one text, so that the text fits into a message: each key takes at
 * most 200 bytes. */
#define KEYS_A_TEXT 256
/* The maximum number of texts of other writers in a month. */
#define MAX_OTHERS 100000
/* This writer drops its sums after this number of days, since no month needs them any more. */
#define OLD_DAYS 70

/* The usage that this writer has counted for a key on a day. */
typedef struct entry {
    const spend_account *account;
    spend_sum sum, written;
    bool dirty;
} entry;

typedef struct own_day {
    int64_t day;
    entry *entries;
    size_t count, room;
} own_day;

typedef struct other {
    char key[SPEND_LEDGER_KEY];
    int64_t day;
    beluga_json_doc *doc;
} other;

struct spend_ledger {
    char writer[17];
    own_day *days;
    size_t n_days, days_room;
    other *others;
    size_t n_others, others_room;
};

spend_ledger *spend_ledger_new(const char *writer)
{
    spend_ledger *l = calloc(1, sizeof *l);
    if (l) snprintf(l->writer, sizeof l->writer, "%s", writer);
    return l;
}

void spend_ledger_forget(spend_ledger *l)
{
    for (size_t i = 0; i < l->n_others; i++) beluga_json_doc_free(l->others[i].doc);
    l->n_others = 0;
}

void spend_ledger_free(spend_ledger *l)
{
    if (!l) return;
    spend_ledger_forget(l);
    for (size_t i = 0; i < l->n_days; i++) free(l->days[i].entries);
    free(l->days);
    free(l->others);
    free(l);
}

/* Make room for one more item in a list. @return the list, which may have moved; NULL without
 * memory. */
static void *make_room(void *list, size_t count, size_t *room, size_t size)
{
    if (list && count < *room) return list;
    size_t wanted = *room ? 2 * *room : 16;
    list = realloc(list, wanted * size);
    if (list) *room = wanted;
    return list;
}

/* ---- this writer's --------------------------------------------------------------------------- */

/* Drop days that are too old for further usage. Called before a day is added. */
static void forget_old(spend_ledger *l, int64_t day)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->n_days; i++)
        if (l->days[i].day + OLD_DAYS < day)
            free(l->days[i].entries);
        else
            l->days[kept++] = l->days[i];
    l->n_days = kept;
}

static own_day *day_of(spend_ledger *l, int64_t day)
{
    for (size_t i = l->n_days; i > 0; i--)
        if (l->days[i - 1].day == day) return &l->days[i - 1];
    forget_old(l, day);
    own_day *days = make_room(l->days, l->n_days, &l->days_room, sizeof *days);
    if (!days) return NULL;
    l->days = days;
    days[l->n_days] = (own_day){.day = day};
    return &days[l->n_days++];
}

/* Return the entry of an account, and add it if needed; NULL if memory runs out. `place` is a hint,
 * which is wrong only if usage of several days alternates. */
static entry *entry_of(own_day *d, spend_account *account)
{
    if (account->place < d->count && d->entries[account->place].account == account)
        return &d->entries[account->place];
    for (size_t i = 0; i < d->count; i++)
        if (d->entries[i].account == account) {
            account->place = i;
            return &d->entries[i];
        }
    entry *entries = make_room(d->entries, d->count, &d->room, sizeof *entries);
    if (!entries) return NULL;
    d->entries = entries;
    account->place = d->count;
    entries[d->count] = (entry){.account = account};
    return &entries[d->count++];
}

int spend_ledger_add(spend_ledger *l, const spend_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        own_day *d = day_of(l, rows[i].day);
        entry *e = d ? entry_of(d, rows[i].account) : NULL;
        if (!e) {
            spend_ledger_settle(l, false);
            return -1;
        }
        e->sum.requests += rows[i].sum.requests;
        e->sum.input_tokens += rows[i].sum.input_tokens;
        e->sum.output_tokens += rows[i].sum.output_tokens;
        e->sum.cost += rows[i].sum.cost;
        e->dirty = true;
    }
    return 0;
}

/* If writing has failed, the earlier sums must be written again, because the bucket may have
 * received the new ones. */
void spend_ledger_settle(spend_ledger *l, bool written)
{
    for (size_t i = 0; i < l->n_days; i++)
        for (size_t k = 0; k < l->days[i].count; k++) {
            entry *e = &l->days[i].entries[k];
            if (!e->dirty) continue;
            if (written)
                e->written = e->sum;
            else
                e->sum = e->written;
            e->dirty = !written;
        }
}

void spend_ledger_begin_anew(spend_ledger *l)
{
    for (size_t i = 0; i < l->n_days; i++)
        for (size_t k = 0; k < l->days[i].count; k++) l->days[i].entries[k].dirty = true;
}

static bool is_dirty(const own_day *d, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        if (d->entries[i].dirty) return true;
    return false;
}

void spend_ledger_month(int64_t day, char month[8])
{
    char text[32];
    serve_write_time(day * DAY_S, text);
    snprintf(month, 8, "%.7s", text);
}

static int write_part(const spend_ledger *l, const own_day *d, size_t first, size_t end,
                      char key[SPEND_LEDGER_KEY], beluga__buf *text)
{
    char day[32];
    serve_write_time(d->day * DAY_S, day);
    snprintf(key, SPEND_LEDGER_KEY, "%.7s.%.2s.%s.%zu", day, day + 8, l->writer,
             first / KEYS_A_TEXT);
    beluga__buf_clear(text);
    for (size_t i = first; i < end; i++) {
        const entry *e = &d->entries[i];
        beluga__buf_printf(text,
                           "%c\"%s\":{\"requests\":%" PRId64 ",\"input_tokens\":%" PRId64
                           ",\"output_tokens\":%" PRId64 ",\"cost\":%.17g}",
                           i == first ? '{' : ',', e->account->name, e->sum.requests,
                           e->sum.input_tokens, e->sum.output_tokens, e->sum.cost);
    }
    return beluga__buf_putc(text, '}') ? -1 : 1;
}

int spend_ledger_next(spend_ledger *l, size_t *at, char key[SPEND_LEDGER_KEY], beluga__buf *text)
{
    size_t part = 0;
    for (size_t i = 0; i < l->n_days; i++)
        for (size_t first = 0; first < l->days[i].count; first += KEYS_A_TEXT, part++) {
            const own_day *d = &l->days[i];
            size_t end = d->count - first > KEYS_A_TEXT ? first + KEYS_A_TEXT : d->count;
            if (part < *at || !is_dirty(d, first, end)) continue;
            *at = part + 1;
            return write_part(l, d, first, end, key, text);
        }
    return 0;
}

/* ---- the others' ----------------------------------------------------------------------------- */

/* Parse a key of the bucket into the day and the name of its writer. @return the name; NULL if the
 * key has another form. */
static const char *read_key(const char *key, int64_t *day)
{
    struct tm t = {0};
    int n = 0;
    if (strlen(key) >= SPEND_LEDGER_KEY ||
        sscanf(key, "%4d-%2d.%2d.%n", &t.tm_year, &t.tm_mon, &t.tm_mday, &n) != 3 || n != 11)
        return NULL;
    t.tm_year -= 1900;
    t.tm_mon--;
    *day = (int64_t)timegm(&t) / DAY_S;
    return key + n;
}

static bool is_ours(const spend_ledger *l, const char *writer)
{
    size_t n = strlen(l->writer);
    return strncmp(writer, l->writer, n) == 0 && writer[n] == '.';
}

static other *other_of(spend_ledger *l, const char *key)
{
    for (size_t i = l->n_others; i > 0; i--)
        if (strcmp(l->others[i - 1].key, key) == 0) return &l->others[i - 1];
    if (l->n_others == MAX_OTHERS) return NULL;
    other *others = make_room(l->others, l->n_others, &l->others_room, sizeof *others);
    if (!others) return NULL;
    l->others = others;
    other *o = &others[l->n_others++];
    *o = (other){.doc = NULL};
    snprintf(o->key, sizeof o->key, "%s", key);
    return o;
}

/* A text that was deleted from the bucket arrives as an empty text, and no longer counts. */
int spend_ledger_take(spend_ledger *l, const char *key, const char *text, size_t n)
{
    beluga_json_doc *doc = NULL;
    int64_t day;
    const char *writer = read_key(key, &day);
    if (!writer || is_ours(l, writer)) return 0;
    other *o = other_of(l, key);
    int status = o ? beluga_json_parse(text, n, &doc, NULL) : BELUGA_ERROR_NO_MEMORY;
    if (status == BELUGA_ERROR_NO_MEMORY) return -1;
    o->day = day;
    beluga_json_doc_free(o->doc);
    o->doc = doc;
    return 0;
}

static void tell_other(const other *o, bool today, spend_total_fn tell, void *payload)
{
    const beluga_json *root = o->doc ? beluga_json_doc_root(o->doc) : NULL;
    const beluga_json *at = beluga_json_first(root);
    for (; at; at = beluga_json_next(root, at)) {
        const char *name = beluga_json_key(at, NULL);
        double cost = beluga_json_double(beluga_json_get(at, "cost"), 0);
        if (name && cost > 0) tell(payload, name, today ? cost : 0, cost);
    }
}

void spend_ledger_tell(const spend_ledger *l, int64_t day, spend_total_fn tell, void *payload)
{
    char month[8], its[8];
    spend_ledger_month(day, month);
    for (size_t i = 0; i < l->n_days; i++) {
        const own_day *d = &l->days[i];
        spend_ledger_month(d->day, its);
        if (d->day > day || strcmp(month, its) != 0) continue;
        for (size_t k = 0; k < d->count; k++) {
            double cost = d->entries[k].written.cost;
            tell(payload, d->entries[k].account->name, d->day == day ? cost : 0, cost);
        }
    }
    for (size_t i = 0; i < l->n_others; i++)
        if (l->others[i].day <= day && strncmp(l->others[i].key, month, 7) == 0)
            tell_other(&l->others[i], l->others[i].day == day, tell, payload);
}
