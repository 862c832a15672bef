#include "serve/access.h"

#include "base/clock.h"
#include "base/mix.h"
#include "base/sha256.h"
#include "output.h"
#include "serve/spend.h"
#include "serve/time.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <nettle/memops.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MS_A_MINUTE 60000.0
/* The start of the server waits at most this time until the spend of all keys has been read. */
#define LOAD_MS 5000
/* The maximum number of key names that one server remembers, including names that a reload removed.
 */
#define MAX_ACCOUNTS (10 * SERVE_MAX_KEYS)

/* A token bucket: it refills evenly, and holds at most the allowance of one minute. */
typedef struct bucket {
    double level;
    int64_t at_ms; /* when `level` was computed */
} bucket;

/* The usage under one key name. It is kept when the configuration is reloaded. */
typedef struct account {
    spend_account spend; /* must be the first member */
    struct account *next;
    bucket requests, tokens;
    int64_t n_requests, n_tokens;
    bool told_unpriced;
    uint64_t turn; /* number of the last key_set that contains this name */
    char name[];
} account;

struct serve_key {
    unsigned refs;
    serve_access *access;
    account *account;
    unsigned char sha256[BELUGA__SHA256];
    int64_t requests_per_minute, tokens_per_minute;
    double budget_per_day, budget_per_month;
    int64_t expires_s;
    bool page;
    size_t n_models;
    char *models; /* patterns for fnmatch, each ended by NUL; NULL: all models are allowed */
};

/* The keys of one version of the configuration. */
typedef struct key_set {
    serve_key **keys; /* in the order of the settings */
    size_t count;
    uint32_t *places; /* hash table of indices: index in `keys` + 1, or 0 for a free place */
    size_t mask;
} key_set;

struct serve_access {
    serve_access_clock clock;
    key_set set;
    bool needed; /* a request without a key is refused */
    /* keys from NATS, which are valid in addition to those of the configuration */
    serve_settings shared;
    uint64_t turns; /* number of key_sets that were made so far */
    uint64_t seed;  /* a random seed, so that nobody can choose keys that collide in the
                     * hash table */
    account *accounts;
    size_t n_accounts;
    spend *spend;
    char *path; /* path or NATS address of the store of the spend; NULL: the default path */
};

/* ---- time ------------------------------------------------------------------------------------ */

static int64_t monotonic_ms(void *payload)
{
    (void)payload;
    return beluga__now_ms();
}

static int64_t wall_s(void *payload)
{
    (void)payload;
    return beluga__wall_s();
}

void serve_access_set_clock(serve_access *access, const serve_access_clock *clock)
{
    access->clock = *clock;
}

static int64_t now_ms(const serve_access *access)
{
    return access->clock.monotonic_ms(access->clock.payload);
}

static int64_t now_s(const serve_access *access)
{
    return access->clock.wall_s(access->clock.payload);
}

/* ---- accounts -------------------------------------------------------------------------------- */

static bucket full(int64_t per_minute, int64_t at_ms)
{
    return (bucket){(double)per_minute, at_ms};
}

/* Returns the account of a name, and creates it if needed. Returns NULL if memory runs out, or if
 * it would exceed MAX_ACCOUNTS. */
static account *take_account(serve_access *access, const serve_key_setting *key)
{
    account *a = (account *)(void *)spend_find(access->spend, key->name);
    size_t n = strlen(key->name) + 1;
    if (a || access->n_accounts >= MAX_ACCOUNTS || !(a = calloc(1, sizeof *a + n))) return a;
    memcpy(a->name, key->name, n);
    a->spend.name = a->name;
    a->requests = full(key->requests_per_minute, now_ms(access));
    a->tokens = full(key->tokens_per_minute, now_ms(access));
    a->next = access->accounts;
    access->accounts = a;
    access->n_accounts++;
    spend_join(access->spend, &a->spend, now_s(access));
    return a;
}

static void free_accounts(serve_access *access)
{
    for (account *a = access->accounts, *next; a; a = next) {
        next = a->next;
        free(a);
    }
}

/* ---- keys ------------------------------------------------------------------------------------ */

static char *join_models(const char *const *models, size_t *count)
{
    size_t bytes = 1, n = 0;
    for (; models[n]; n++) bytes += strlen(models[n]) + 1;
    char *joined = malloc(bytes), *at = joined;
    for (size_t i = 0; joined && i < n; i++) at = stpcpy(at, models[i]) + 1;
    *count = n;
    return joined;
}

static serve_key *new_key(serve_access *access, const serve_key_setting *setting)
{
    serve_key *key = calloc(1, sizeof *key);
    if (!key) return NULL;
    *key = (serve_key){.refs = 1,
                       .access = access,
                       .account = take_account(access, setting),
                       .requests_per_minute = setting->requests_per_minute,
                       .tokens_per_minute = setting->tokens_per_minute,
                       .budget_per_day = setting->budget_per_day,
                       .budget_per_month = setting->budget_per_month,
                       .expires_s = setting->expires_s,
                       .page = setting->page};
    memcpy(key->sha256, setting->sha256, sizeof key->sha256);
    if (setting->models) key->models = join_models(setting->models, &key->n_models);
    if (key->account && (key->models || !setting->models)) return key;
    serve_key_unref(key);
    return NULL;
}

serve_key *serve_key_ref(serve_key *key)
{
    if (key) key->refs++;
    return key;
}

void serve_key_unref(serve_key *key)
{
    if (!key || --key->refs) return;
    free(key->models);
    free(key);
}

const char *serve_key_name(const serve_key *key)
{
    return key ? key->account->name : "";
}

static size_t key_place(const serve_access *access, const unsigned char *sha256)
{
    uint64_t bits;
    memcpy(&bits, sha256, sizeof bits);
    return (size_t)((bits ^ access->seed) * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

static void free_set(key_set *set)
{
    for (size_t i = 0; i < set->count; i++) serve_key_unref(set->keys[i]);
    free(set->keys);
    free(set->places);
    *set = (key_set){.count = 0};
}

/* Returns the key with this hash, or NULL. The comparison takes the same time for every hash. */
static serve_key *find_hash(const serve_access *access, const key_set *set,
                            const unsigned char *sha256)
{
    serve_key *found = NULL;
    size_t at = key_place(access, sha256) & set->mask;
    for (; set->places[at]; at = (at + 1) & set->mask) {
        serve_key *key = set->keys[set->places[at] - 1];
        if (memeql_sec(key->sha256, sha256, sizeof key->sha256)) found = key;
    }
    return found;
}

/* Add a key, unless the set already has a key with this name or this hash. */
static int add_key(serve_access *access, const serve_key_setting *setting, key_set *set)
{
    serve_key *key = new_key(access, setting);
    if (!key) return BELUGA_ERROR_NO_MEMORY;
    if (key->account->turn == access->turns || find_hash(access, set, key->sha256)) {
        serve_key_unref(key);
        return 0;
    }
    key->account->turn = access->turns;
    set->keys[set->count++] = key;
    size_t at = key_place(access, key->sha256) & set->mask;
    while (set->places[at]) at = (at + 1) & set->mask;
    set->places[at] = (uint32_t)set->count;
    return 0;
}

static int add_keys(serve_access *access, const serve_settings *settings, key_set *set)
{
    int status = 0;
    for (size_t i = 0; i < settings->n_keys && !status; i++)
        status = add_key(access, &settings->keys[i], set);
    return status;
}

static int make_set(serve_access *access, const serve_settings *settings, key_set *set)
{
    size_t places = 16, n = settings->n_keys + access->shared.n_keys;
    while (places < 2 * n) places *= 2;
    *set = (key_set){.mask = places - 1};
    set->keys = calloc(n + 1, sizeof(serve_key *));
    set->places = calloc(places, sizeof *set->places);
    if (!set->keys || !set->places) return BELUGA_ERROR_NO_MEMORY;
    access->turns++;
    int status = add_keys(access, settings, set);
    return status ? status : add_keys(access, &access->shared, set);
}

/* ---- life ------------------------------------------------------------------------------------ */

/* Returns whether any key may have a budget. Shared keys have not been read yet, so they are
 * assumed to have budgets. */
static bool has_budgets(const serve_settings *settings)
{
    if (settings->keys_from) return true;
    for (size_t i = 0; i < settings->n_keys; i++)
        if (settings->keys[i].budget_per_day > 0 || settings->keys[i].budget_per_month > 0)
            return true;
    return false;
}

/* Open the store of the spend, unless it is open or no keys are configured. A budget that is kept
 * only in memory would start again at 0 with each start of the server, so if a key has a budget, a
 * store that can't be opened is an error. */
static int open_spend(serve_access *access, const serve_settings *settings, beluga_error *err)
{
    char usual[PATH_MAX];
    const char *path = settings->spend;
    if (access->spend || !serve_has_keys(settings)) return 0;
    if (!path) path = spend_usual_path(usual);
    int status = spend_new(path, &access->spend, err);
    if (!path && has_budgets(settings))
        out_warning(
            "the spend of keys is stored only in memory, because neither XDG_STATE_HOME nor "
            "HOME is set; to store it in a file, set serve.spend");
    bool needed = settings->spend || has_budgets(settings);
    if (!status || status == BELUGA_ERROR_NO_MEMORY) return status;
    if (status != BELUGA_ERROR_NOT_SUPPORTED && needed) return status;
    if (needed) out_warning("the spend of keys is stored only in memory: %s", err->message);
    return spend_new(NULL, &access->spend, err);
}

static void tell_trouble(const serve_access *access)
{
    char why[512];
    if (spend_trouble(access->spend, why, sizeof why))
        out_warning("the spend of keys is kept in memory until it can be written: %s", why);
}

static int check_path(const serve_access *access, const serve_settings *settings, beluga_error *err)
{
    const char *old = access->path ? access->path : "", *new = settings->spend;
    if (!access->spend || strcmp(old, new ? new : "") == 0) return 0;
    return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                            "serve.spend can't change while the server runs; restart the server");
}

static int set_path(serve_access *access, const serve_settings *settings)
{
    if (access->spend || access->path || !settings->spend) return 0;
    return (access->path = strdup(settings->spend)) ? 0 : BELUGA_ERROR_NO_MEMORY;
}

int serve_access_renew(serve_access *access, const serve_settings *settings, beluga_error *err)
{
    key_set set = {.count = 0};
    int status = check_path(access, settings, err);
    if (!status && set_path(access, settings)) status = BELUGA_ERROR_NO_MEMORY;
    if (!status) status = open_spend(access, settings, err);
    if (!status) status = make_set(access, settings, &set);
    if (status == BELUGA_ERROR_NO_MEMORY)
        beluga_error_set(err, status, "out of memory for the keys");
    if (status) {
        free_set(&set);
        return status;
    }
    free_set(&access->set);
    access->set = set;
    access->needed = serve_has_keys(settings);
    return 0;
}

int serve_access_share(serve_access *access, const serve_settings *settings, serve_settings *shared,
                       beluga_error *err)
{
    serve_settings before = access->shared;
    access->shared = *shared;
    *shared = (serve_settings){.memory = NULL};
    int status = serve_access_renew(access, settings, err);
    if (status) {
        serve_settings_free(&access->shared);
        access->shared = before;
    } else
        serve_settings_free(&before);
    return status;
}

void serve_access_wait(serve_access *access)
{
    if (!access->spend) return;
    spend_wait(access->spend, LOAD_MS);
    tell_trouble(access);
}

int serve_access_new(const serve_settings *settings, serve_access **out, beluga_error *err)
{
    *out = NULL;
    serve_access *access = calloc(1, sizeof *access);
    if (!access) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory for the keys");
    access->clock = (serve_access_clock){monotonic_ms, wall_s, NULL};
    access->seed = beluga__seed();
    int status = serve_access_renew(access, settings, err);
    if (status) {
        serve_access_free(access);
        return status;
    }
    serve_access_wait(access);
    *out = access;
    return 0;
}

void serve_access_free(serve_access *access)
{
    if (!access) return;
    free_set(&access->set);
    spend_free(access->spend);
    free_accounts(access);
    serve_settings_free(&access->shared);
    free(access->path);
    free(access);
}

/* ---- the key of a request -------------------------------------------------------------------- */

static void hash_key(const char *text, unsigned char sha256[BELUGA__SHA256])
{
    beluga__sha256 state;
    beluga__sha256_begin(&state);
    beluga__sha256_add(&state, text, strlen(text));
    beluga__sha256_end_bytes(&state, sha256, BELUGA__SHA256);
    explicit_bzero(&state, sizeof state);
}

/* Find the key that a client sent. The lookup compares SHA-256 hashes, so its time reveals nothing
 * about the keys: an attacker can't choose the hash of the text that he sends. */
static serve_key *find_key(const serve_access *access, const char *text)
{
    unsigned char sha256[BELUGA__SHA256];
    hash_key(text, sha256);
    return find_hash(access, &access->set, sha256);
}

/* Returns the key in header number `which` of the list below; NULL if the header is missing or has
 * no key. */
static const char *presented(const http_exchange *x, int which)
{
    static const char *const headers[] = {"authorization", "x-api-key", "api-key"};
    const char *text = http_header(x, headers[which]);
    if (text && which == 0) {
        if (strncasecmp(text, "Bearer ", 7) != 0) return NULL;
        text += 7 + strspn(text + 7, " ");
    }
    return text && *text ? text : NULL;
}

static int tell_expired(const serve_key *key, beluga_error *err)
{
    char time[32];
    serve_write_time(key->expires_s, time);
    return beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "the key %s expired at %s",
                            key->account->name, time);
}

int serve_access_find(serve_access *access, const http_exchange *x, serve_key **out,
                      beluga_error *err)
{
    bool any = false;
    *out = NULL;
    if (!access->needed) return 0;
    for (int i = 0; i < 3; i++) {
        const char *text = presented(x, i);
        serve_key *key = text ? find_key(access, text) : NULL;
        any |= text != NULL;
        if (!key) continue;
        if (key->expires_s && now_s(access) >= key->expires_s) return tell_expired(key, err);
        *out = serve_key_ref(key);
        return 0;
    }
    return beluga_error_set(
        err, BELUGA_ERROR_AUTHENTICATION,
        any ? "this server does not know the key: ask its operator for a key"
            : "a key is required: send it as Authorization: Bearer KEY, or x-api-key: KEY");
}

bool serve_key_may_ask(const serve_key *key, const char *model)
{
    if (!key || !key->models) return true;
    const char *glob = key->models;
    for (size_t i = 0; i < key->n_models; i++, glob += strlen(glob) + 1)
        if (fnmatch(glob, model, 0) == 0) return true;
    return false;
}

bool serve_key_is_limited(const serve_key *key)
{
    return key && key->models;
}

bool serve_key_may_see(const serve_key *key)
{
    return !key || key->page;
}

/* ---- limits and budgets ---------------------------------------------------------------------- */

static void refill(bucket *b, int64_t per_minute, int64_t at_ms)
{
    double level = b->level + (double)(at_ms - b->at_ms) * (double)per_minute / MS_A_MINUTE;
    *b = (bucket){level < (double)per_minute ? level : (double)per_minute, at_ms};
}

/* Returns the milliseconds until the bucket has this amount; 0: it has the amount now. For an
 * amount above the allowance of one minute, the bucket only has to be full. */
static int64_t wait_for(const bucket *b, int64_t per_minute, double amount)
{
    if (amount > (double)per_minute) amount = (double)per_minute;
    if (b->level >= amount) return 0;
    double ms = (amount - b->level) * MS_A_MINUTE / (double)per_minute;
    return (int64_t)ms + ((double)(int64_t)ms < ms);
}

static int tell_limit(const serve_key *key, const char *of, int64_t per_minute, int64_t wait_ms,
                      beluga_error *err)
{
    beluga_error_set(err, BELUGA_ERROR_RATE_LIMIT,
                     "the key %s may use %" PRId64 " %s a minute; try again in %.3gs",
                     key->account->name, per_minute, of, (double)wait_ms / 1000);
    err->retry_after_ms = wait_ms;
    return err->code;
}

static int check_rate(const serve_key *key, int64_t tokens, beluga_error *err)
{
    account *a = key->account;
    int64_t at_ms = now_ms(key->access), wait_ms = 0;
    if (key->requests_per_minute) {
        refill(&a->requests, key->requests_per_minute, at_ms);
        wait_ms = wait_for(&a->requests, key->requests_per_minute, 1);
        if (wait_ms) return tell_limit(key, "requests", key->requests_per_minute, wait_ms, err);
    }
    if (key->tokens_per_minute) {
        refill(&a->tokens, key->tokens_per_minute, at_ms);
        wait_ms = wait_for(&a->tokens, key->tokens_per_minute, (double)tokens);
        if (wait_ms) return tell_limit(key, "tokens", key->tokens_per_minute, wait_ms, err);
    }
    return 0;
}

static int tell_spent(const serve_key *key, double budget, const char *period, int64_t renewed_s,
                      beluga_error *err)
{
    char time[32];
    serve_write_time(renewed_s, time);
    beluga_error_set(err, BELUGA_ERROR_BUDGET_EXCEEDED,
                     "the key %s has spent its budget of %.10g US dollars for this %s; the budget "
                     "is renewed at %s",
                     key->account->name, budget, period, time);
    err->retry_after_ms = (renewed_s - now_s(key->access)) * 1000;
    return err->code;
}

static int check_budget(const serve_key *key, beluga_error *err)
{
    double day, month;
    int64_t at_s = now_s(key->access);
    if (!(key->budget_per_day > 0) && !(key->budget_per_month > 0)) return 0;
    spend_get(key->access->spend, &key->account->spend, at_s, &day, &month);
    if (key->budget_per_month > 0 && month >= key->budget_per_month)
        return tell_spent(key, key->budget_per_month, "month", spend_next_month_s(at_s), err);
    if (key->budget_per_day > 0 && day >= key->budget_per_day)
        return tell_spent(key, key->budget_per_day, "day", spend_next_day_s(at_s), err);
    return 0;
}

int serve_key_admit(serve_key *key, int64_t estimated_tokens, beluga_error *err)
{
    if (!key) return 0;
    int status = check_budget(key, err);
    if (!status) status = check_rate(key, estimated_tokens, err);
    if (status) return status;
    if (key->requests_per_minute) key->account->requests.level -= 1;
    if (key->tokens_per_minute) key->account->tokens.level -= (double)estimated_tokens;
    return 0;
}

/* Warn once that a budget does not count the calls of models whose price is unknown. */
static void tell_unpriced(const serve_key *key)
{
    bool budget = key->budget_per_day > 0 || key->budget_per_month > 0;
    if (!budget || key->account->told_unpriced) return;
    key->account->told_unpriced = true;
    out_warning("the budget of the key %s does not count calls of models whose price is not known; "
                "to count them, write their prices into a file and set the option prices "
                "to its path",
                key->account->name);
}

static int64_t known(int64_t tokens)
{
    return tokens > 0 ? tokens : 0;
}

void serve_key_settle(serve_key *key, int64_t estimated_tokens, const beluga_usage *usage,
                      double cost)
{
    if (!key) return;
    account *a = key->account;
    spend_sum sum = {.requests = 1, .cost = cost > 0 ? cost : 0};
    int64_t real = 0;
    if (usage) {
        sum.input_tokens = known(usage->input_total);
        sum.output_tokens = known(usage->output_total);
        bool unknown = usage->input_total < 0 && usage->output_total < 0;
        real = unknown ? estimated_tokens : sum.input_tokens + sum.output_tokens;
        if (cost < 0 && !unknown) tell_unpriced(key);
    }
    if (key->tokens_per_minute) a->tokens.level += (double)(estimated_tokens - real);
    a->n_requests++;
    a->n_tokens += sum.input_tokens + sum.output_tokens;
    spend_add(key->access->spend, &a->spend, now_s(key->access), &sum);
    tell_trouble(key->access);
}

bool serve_access_state(const serve_access *access, size_t index, serve_key_state *out)
{
    if (index >= access->set.count) return false;
    const serve_key *key = access->set.keys[index];
    account *a = key->account;
    *out = (serve_key_state){.name = a->name,
                             .requests = a->n_requests,
                             .tokens = a->n_tokens,
                             .budget_per_day = key->budget_per_day,
                             .budget_per_month = key->budget_per_month,
                             .expires_s = key->expires_s};
    spend_get(access->spend, &a->spend, now_s(access), &out->day, &out->month);
    return true;
}

bool serve_access_fails(const serve_access *access)
{
    return access->spend && spend_fails(access->spend);
}
