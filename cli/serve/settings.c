#include "serve/settings.h"

#include "base/arena.h"
#include "base/text.h"
#include "base/time.h"
#include "section.h"
#include "serve/spend_where.h"
#include "serve/time.h"

#include <beluga/allocator.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTION "serve"

#define MAX_MEMORY      ((size_t)64 << 20) /* for all settings */
#define MAX_LIST        1000               /* maximum number of items in a list */
#define MAX_TIME_MS     (24 * 60 * 60 * INT64_C(1000))
#define MAX_BODY        ((size_t)1 << 30)
#define MAX_CONNECTIONS 1000000
#define MAX_A_MINUTE    INT64_C(1000000000000)
#define MAX_BUDGET      1e9

/* ---- defaults -------------------------------------------------------------------------------- */

static void set_defaults(serve_settings *s)
{
    *s = (serve_settings){
        .listen = {"127.0.0.1:4000"},
        .n_listen = 1,
        .failover = SERVE_FAILOVER_FIRST_CONTENT,
        .passthrough = true,
        .page = true,
        .keep_alive_ms = 15000,
        .timeout_ms = 600000,
        .drain_ms = 600000,
        .max_requests = 1000,
        .http = {.max_connections = 10000,
                 .max_head_bytes = 64 * 1024,
                 .max_headers = 128,
                 .max_body_bytes = (uint64_t)64 << 20,
                 .head_ms = 10000,
                 .body_ms = 60000,
                 /* proxies close idle connections after 60 s, and should do so before this server
                  * does */
                 .idle_ms = 90000,
                 .write_ms = 600000,
                 .full_bytes = 256 * 1024,
                 .resume_bytes = 64 * 1024},
    };
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void *get_memory(section_reader *r, const serve_settings *s, size_t size)
{
    void *memory = beluga__arena_zalloc(s->memory, size);
    if (!memory) r->status = BELUGA_ERROR_NO_MEMORY;
    return memory;
}

static const char *keep(section_reader *r, const char *text)
{
    const serve_settings *s = r->out;
    const char *copy = text ? beluga__arena_copy(s->memory, text, strlen(text)) : NULL;
    if (text && !copy) r->status = BELUGA_ERROR_NO_MEMORY;
    return copy;
}

/* Copy a text, which must not be empty. Returns NULL after a mistake. */
static const char *keep_words(section_reader *r, const char *member, const beluga_json *value,
                              const char *example)
{
    const char *text = section_text(r, member, value);
    if (!text || *text) return keep(r, text);
    section_fault(r, member, false, "%.*s must not be empty: write, for example, %s",
                  (int)strcspn(member, "/"), member, example);
    return NULL;
}

/* Copy one text, or a list of texts, into a list that is terminated by NULL. Returns NULL after a
 * mistake. */
static const char *const *keep_list(section_reader *r, const char *member, const beluga_json *value,
                                    const char *example)
{
    char item[64];
    bool is_list = beluga_json_is_array(value);
    size_t n = is_list ? beluga_json_count(value) : 1;
    if (!n || n > MAX_LIST) {
        section_fault(r, member, false, "%s must have 1 to %d items, such as %s", member, MAX_LIST,
                      example);
        return NULL;
    }
    const char **list = get_memory(r, r->out, (n + 1) * sizeof *list);
    if (!list) return NULL;
    const beluga_json *v = is_list ? beluga_json_first(value) : value;
    for (size_t i = 0; i < n; i++, v = is_list ? beluga_json_next(value, v) : NULL) {
        snprintf(item, sizeof item, is_list ? "%s/%zu" : "%s", member, i);
        if (!(list[i] = keep_words(r, item, v, example))) return NULL;
    }
    return list;
}

static const char *keep_path(section_reader *r, const char *member, const char *path)
{
    char whole[PATH_MAX];
    if (section_path(r, path, whole) < sizeof whole) return keep(r, whole);
    section_fault(r, member, false, "this path is too long");
    return NULL;
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* A key that is being read. The reader's `out` is the settings, in whose memory the key is
 * allocated. */
typedef struct key_reading {
    section_reader r;
    serve_key_setting *key;
} key_reading;

static serve_key_setting *key_of(section_reader *r)
{
    return ((key_reading *)(void *)r)->key;
}

bool serve_key_name_is_good(const char *name)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@-";
    size_t n = strlen(name);
    return n && n <= SERVE_KEY_NAME_BYTES && strspn(name, letters) == n;
}

static void read_name(section_reader *r, const char *member, const beluga_json *value)
{
    const char *text = section_text(r, member, value);
    if (text && !serve_key_name_is_good(text))
        section_fault(r, member, false, "a key's name must have 1 to %d of A-Z a-z 0-9 . _ @ -",
                      SERVE_KEY_NAME_BYTES);
    key_of(r)->name = keep(r, text);
}

/* Read a hash. The value is not shown in an error message, since it may be the key itself, put here
 * by mistake. */
static void read_sha256(section_reader *r, const char *member, const beluga_json *value)
{
    size_t n = 0;
    const char *text = beluga_json_string(value, &n);
    unsigned char *sha256 = key_of(r)->sha256;
    bool good = text && n == 2 * sizeof key_of(r)->sha256;
    for (size_t i = 0; good && i < sizeof key_of(r)->sha256; i++) {
        int high = beluga__hex_digit(text[2 * i]), low = beluga__hex_digit(text[2 * i + 1]);
        good = high >= 0 && low >= 0;
        sha256[i] = (unsigned char)(16 * high + low);
    }
    if (!good)
        section_fault(
            r, member, false,
            "sha256 must be the SHA-256 of the key, 64 hexadecimal digits in quotes, and never the "
            "key itself: beluga serve --new-key NAME makes a key, and prints these lines");
}

static void read_models(section_reader *r, const char *member, const beluga_json *value)
{
    key_of(r)->models = keep_list(r, member, value, "fast or claude*");
}

static void read_requests(section_reader *r, const char *member, const beluga_json *value)
{
    key_of(r)->requests_per_minute = section_count(r, member, value, MAX_A_MINUTE);
}

static void read_tokens(section_reader *r, const char *member, const beluga_json *value)
{
    key_of(r)->tokens_per_minute = section_count(r, member, value, MAX_A_MINUTE);
}

static double budget_of(section_reader *r, const char *member, const beluga_json *value)
{
    double dollars = beluga_json_double(value, 0);
    if (dollars > 0 && dollars <= MAX_BUDGET) return dollars;
    section_fault(r, member, false,
                  "%s must be a number of US dollars greater than 0, such as 5 or 0.5", member);
    return 0;
}

static void read_budget_per_day(section_reader *r, const char *member, const beluga_json *value)
{
    key_of(r)->budget_per_day = budget_of(r, member, value);
}

static void read_budget_per_month(section_reader *r, const char *member, const beluga_json *value)
{
    key_of(r)->budget_per_month = budget_of(r, member, value);
}

/* Computes the end of a day, such as 2027-02-28: 0:00 UTC on the next day. Returns false if the
 * text is not a date. */
static bool end_of_date(const char *text, int64_t *seconds)
{
    char time[64], again[32];
    if (strlen(text) != 10) return false;
    snprintf(time, sizeof time, "%sT00:00:00Z", text);
    if (!beluga__time_read(time, seconds)) return false;
    serve_write_time(*seconds, again);
    *seconds += 24 * 60 * 60;
    return strncmp(again, text, 10) == 0;
}

/* Read when a key expires. With a date, the key is valid until the end of that day. */
static void read_expires(section_reader *r, const char *member, const beluga_json *value)
{
    const char *text = beluga_json_string(value, NULL);
    int64_t *expires_s = &key_of(r)->expires_s;
    if (!text || (!end_of_date(text, expires_s) && !beluga__time_read(text, expires_s)))
        section_fault(r, member, false,
                      "expires must be the key's last day, such as 2027-01-31, or a time, such as "
                      "2027-01-31T18:00:00Z");
}

static void read_key_page(section_reader *r, const char *member, const beluga_json *value)
{
    section_bool(r, member, value, &key_of(r)->page);
}

static const section_member key_members[] = {
    {"name", read_name},
    {"sha256", read_sha256},
    {"models", read_models},
    {"requests_per_minute", read_requests},
    {"tokens_per_minute", read_tokens},
    {"budget_per_day", read_budget_per_day},
    {"budget_per_month", read_budget_per_month},
    {"expires", read_expires},
    {"page", read_key_page},
};

static void read_key(section_reader *outer, const beluga_json *value, size_t index,
                     serve_key_setting *key)
{
    size_t mark = section_enter_item(outer, index);
    key_reading reading = {*outer, key};
    section_reader *r = &reading.r;
    if (!beluga_json_is_object(value))
        section_fault(r, "", false, "a key must be a map with name and sha256");
    else {
        section_read(r, "a key", key_members, sizeof key_members / sizeof *key_members, value);
        bool has_name = beluga_json_get(value, "name");
        if (!has_name) section_fault(r, "sha256", true, "this key has no name");
        if (!beluga_json_get(value, "sha256"))
            section_fault(r, has_name ? "name" : "", true,
                          "this key has no sha256: beluga serve --new-key NAME makes a key, and "
                          "prints these lines");
    }
    outer->status = r->status;
    section_leave(outer, mark);
}

/* Reports the mistakes in a shared key, but only the first of each key. */
typedef struct text_fault {
    serve_key_fault_fn tell;
    void *payload;
    size_t index;
    bool told;
} text_fault;

static void tell_text_fault(void *payload, const char *pointer, bool of_name, const char *message)
{
    text_fault *fault = payload;
    (void)pointer;
    (void)of_name;
    if (!fault->told) fault->tell(fault->payload, fault->index, message);
    fault->told = true;
}

/* Read a key from an entry of a bucket. The name of the entry is the name of the key; the JSON may
 * also contain the name. */
static void read_key_members(section_reader *r, const char *name, const beluga_json *value)
{
    serve_key_setting *key = key_of(r);
    if (!beluga_json_is_object(value)) {
        section_fault(r, "", false, "it is not a JSON object with sha256");
        return;
    }
    section_read(r, "a key", key_members, sizeof key_members / sizeof *key_members, value);
    if (!beluga_json_get(value, "sha256")) section_fault(r, "", true, "it has no sha256");
    if (key->name && strcmp(key->name, name) != 0)
        section_fault(r, "name", false, "its name differs from the name of the entry");
    key->name = keep(r, name);
    if (!serve_key_name_is_good(name))
        section_fault(r, "", false, "a key's name must have 1 to %d of A-Z a-z 0-9 . _ @ -",
                      SERVE_KEY_NAME_BYTES);
}

/* Read the JSON text of a key. @return 0; INVALID_CONFIG after a mistake, which was reported;
 * NO_MEMORY. */
static int read_key_text(const serve_key_text *text, serve_settings *settings,
                         serve_key_setting *key, text_fault *fault)
{
    beluga_json_doc *doc = NULL;
    key_reading reading = {
        {.out = settings, .folder = "", .fault = tell_text_fault, .payload = fault}, key};
    *key = (serve_key_setting){.name = NULL};
    int status = beluga_json_parse(text->text, text->length, &doc, NULL);
    if (status == BELUGA_ERROR_NO_MEMORY) return status;
    reading.r.doc = doc;
    read_key_members(&reading.r, text->name, doc ? beluga_json_doc_root(doc) : NULL);
    beluga_json_doc_free(doc);
    return reading.r.status;
}

static int by_name(const void *a, const void *b)
{
    const serve_key_setting *const *x = a, *const *y = b;
    int order = strcmp((*x)->name, (*y)->name);
    return order ? order : (*x > *y) - (*x < *y);
}

static int by_sha256(const void *a, const void *b)
{
    const serve_key_setting *const *x = a, *const *y = b;
    int order = memcmp((*x)->sha256, (*y)->sha256, sizeof(*x)->sha256);
    return order ? order : (*x > *y) - (*x < *y);
}

/* Report keys that have the same name (if `names` is set) or the same hash. */
static void tell_twice(section_reader *r, const serve_key_setting *keys,
                       const serve_key_setting **sorted, size_t n, bool names)
{
    qsort(sorted, n, sizeof(serve_key_setting *), names ? by_name : by_sha256);
    for (size_t i = 1; i < n; i++) {
        const serve_key_setting *a = sorted[i - 1], *b = sorted[i];
        if (names ? strcmp(a->name, b->name) != 0
                  : memcmp(a->sha256, b->sha256, sizeof a->sha256) != 0)
            continue;
        size_t mark = section_enter_item(r, (size_t)(b - keys));
        if (names)
            section_fault(r, "name", false,
                          "two keys are named %s, but what a key spends is stored under its name: "
                          "give one another name",
                          b->name);
        else
            section_fault(r, "sha256", false, "the key %s has the same sha256: make another key",
                          a->name);
        section_leave(r, mark);
    }
}

static void check_keys(section_reader *r, const serve_key_setting *keys, size_t n)
{
    const serve_key_setting **sorted = calloc(n + !n, sizeof *sorted);
    if (!sorted) {
        r->status = BELUGA_ERROR_NO_MEMORY;
        return;
    }
    for (size_t i = 0; i < n; i++) sorted[i] = &keys[i];
    tell_twice(r, keys, sorted, n, true);
    tell_twice(r, keys, sorted, n, false);
    free(sorted);
}

static void read_keys(section_reader *r, const char *member, const beluga_json *value)
{
    serve_settings *s = r->out;
    size_t n = beluga_json_count(value), i = 0;
    if (!beluga_json_is_array(value) || n > SERVE_MAX_KEYS) {
        section_fault(r, member, false,
                      "keys must be a list of at most %d maps with name and sha256",
                      SERVE_MAX_KEYS);
        return;
    }
    serve_key_setting *keys = get_memory(r, s, (n + 1) * sizeof *keys);
    if (!keys) return;
    size_t mark = section_enter(r, member);
    const beluga_json *v = beluga_json_first(value);
    for (; v && r->status != BELUGA_ERROR_NO_MEMORY; v = beluga_json_next(value, v), i++)
        read_key(r, v, i, &keys[i]);
    if (!r->status) check_keys(r, keys, n);
    section_leave(r, mark);
    s->keys = keys;
    s->n_keys = n;
}

/* ---- members --------------------------------------------------------------------------------- */

static void read_listen(section_reader *r, const char *member, const beluga_json *value)
{
    serve_settings *s = r->out;
    const char *const *list = keep_list(r, member, value, "127.0.0.1:4000");
    size_t n = 0;
    for (; list && list[n]; n++) {
        const char *port = strrchr(list[n], ':');
        bool is_path = strncmp(list[n], "unix:", 5) == 0;
        if (n == SERVE_MAX_LISTEN) {
            section_fault(r, member, false, "listen must have at most %d addresses",
                          SERVE_MAX_LISTEN);
            return;
        }
        if (!port || !port[1]) {
            section_fault(r, member, false,
                          "\"%.60s\" is not an address: write HOST:PORT, such as 127.0.0.1:4000 or "
                          "[::1]:4000, or unix:PATH",
                          list[n]);
            return;
        }
        s->listen[n] = list[n];
        if (is_path && list[n][5] != '/') {
            char path[PATH_MAX + 8];
            snprintf(path, sizeof path, "unix:%s/%s", r->folder, list[n] + 5);
            s->listen[n] = keep(r, path);
        }
    }
    if (n) s->n_listen = n;
}

static void read_default_model(section_reader *r, const char *member, const beluga_json *value)
{
    serve_settings *s = r->out;
    s->default_model = keep_words(r, member, value, "fast");
}

static void read_failover(section_reader *r, const char *member, const beluga_json *value)
{
    static const char *const words[] = {[SERVE_FAILOVER_OFF] = "off",
                                        [SERVE_FAILOVER_FIRST_CONTENT] = "first_content",
                                        [SERVE_FAILOVER_HOLD] = "hold"};
    serve_settings *s = r->out;
    int word = section_word(r, member, value, words, sizeof words / sizeof *words);
    if (word >= 0) s->failover = (serve_failover)word;
}

static void read_passthrough(section_reader *r, const char *member, const beluga_json *value)
{
    serve_settings *s = r->out;
    section_bool(r, member, value, &s->passthrough);
}

static void read_keep_alive(section_reader *r, const char *member, const beluga_json *value)
{
    serve_settings *s = r->out;
    s->keep_alive_ms = section_time(r, member, value, MAX_TIME_MS);
}

static void read_timeout(section_reader *r, const char *member, const beluga_json *value)
{
    serve_settings *s = r->out;
    s->timeout_ms = section_time(r, member, value, MAX_TIME_MS);
}

static void read_drain(section_reader *r, const char *member, const beluga_json *value)
{
    serve_settings *s = r->out;
    s->drain_ms = section_time(r, member, value, MAX_TIME_MS);
}

static void read_max_body(section_reader *r, const char *member, const beluga_json *value)
{
    serve_settings *s = r->out;
    s->http.max_body_bytes = section_size(r, member, value, MAX_BODY);
}

static void read_max_connections(section_reader *r, const char *member, const beluga_json *value)
{
    serve_settings *s = r->out;
    s->http.max_connections = (uint32_t)section_count(r, member, value, MAX_CONNECTIONS);
}

static void read_max_requests(section_reader *r, const char *member, const beluga_json *value)
{
    serve_settings *s = r->out;
    s->max_requests = (uint32_t)section_count(r, member, value, MAX_CONNECTIONS);
}

/* Returns whether a text has the form SCHEME://HOST, with an optional port. */
static bool is_origin(const char *text)
{
    const char *host = strstr(text, "://");
    return host && host > text && host[3] && !host[3 + strcspn(host + 3, "/?#")];
}

static void read_origins(section_reader *r, const char *member, const beluga_json *value)
{
    serve_settings *s = r->out;
    s->origins = keep_list(r, member, value, "https://chat.example");
    for (const char *const *origin = s->origins; origin && *origin; origin++) {
        if (strcmp(*origin, "*") == 0 || is_origin(*origin)) continue;
        section_fault(r, member, false,
                      "\"%.60s\" is not an origin: write what a browser sends, such as "
                      "https://chat.example without a path, or \"*\" for every page",
                      *origin);
        return;
    }
}

static void read_cors(section_reader *r, const char *member, const beluga_json *value)
{
    static const section_member members[] = {{"origins", read_origins}};
    if (!beluga_json_is_object(value)) {
        section_fault(r, member, false,
                      "cors must be a map: {origins: [\"https://chat.example\"]}");
        return;
    }
    size_t mark = section_enter(r, member);
    section_read(r, member, members, 1, value);
    section_leave(r, mark);
}

static void read_journal(section_reader *r, const char *member, const beluga_json *value)
{
    serve_settings *s = r->out;
    const char *text = section_text(r, member, value);
    if (!text) return;
    if (strcmp(text, "stdout") == 0) text = "-";
    bool plain = !*text || strcmp(text, "-") == 0;
    s->journal = !*text ? NULL : plain ? keep(r, text) : keep_path(r, member, text);
}

static void read_capture(section_reader *r, const char *member, const beluga_json *value)
{
    serve_settings *s = r->out;
    section_bool(r, member, value, &s->capture);
}

static void read_spend(section_reader *r, const char *member, const beluga_json *value)
{
    serve_settings *s = r->out;
    const char *text = keep_words(r, member, value, "/var/lib/beluga/spend.db");
    if (text) s->spend = spend_is_nats(text) ? keep(r, text) : keep_path(r, member, text);
}

static void read_keys_from(section_reader *r, const char *member, const beluga_json *value)
{
    serve_settings *s = r->out;
    const char *text = keep_words(r, member, value, "nats://127.0.0.1/keys");
    if (text && !spend_is_nats(text))
        section_fault(
            r, member, false,
            "keys_from must be the address of a NATS bucket, such as nats://127.0.0.1/keys");
    s->keys_from = text;
}

static void read_page(section_reader *r, const char *member, const beluga_json *value)
{
    serve_settings *s = r->out;
    section_bool(r, member, value, &s->page);
}

static const section_member members[] = {
    {"listen", read_listen},
    {"default_model", read_default_model},
    {"stream_failover", read_failover},
    {"passthrough", read_passthrough},
    {"keep_alive", read_keep_alive},
    {"timeout", read_timeout},
    {"drain", read_drain},
    {"max_body", read_max_body},
    {"max_connections", read_max_connections},
    {"max_requests", read_max_requests},
    {"cors", read_cors},
    {"journal", read_journal},
    {"capture", read_capture},
    {"spend", read_spend},
    {"page", read_page},
    {"keys", read_keys},
    {"keys_from", read_keys_from},
};

/* ---- the section ----------------------------------------------------------------------------- */

/* Read the section of one file. Its values replace those of earlier files. */
static int read_one(const section *at, serve_settings *settings, section_fault_fn fault,
                    void *payload)
{
    section_reader r = {
        .out = settings, .doc = at->doc, .folder = at->folder, .fault = fault, .payload = payload};
    section_read(&r, SECTION, members, sizeof members / sizeof *members, at->root);
    return r.status;
}

static int begin(serve_settings *settings)
{
    set_defaults(settings);
    beluga__arena *memory = calloc(1, sizeof *memory);
    if (!memory) return BELUGA_ERROR_NO_MEMORY;
    beluga__arena_init(memory, beluga_allocator_default(), NULL, 0, MAX_MEMORY);
    settings->memory = memory;
    return 0;
}

int serve_settings_read(const beluga_config *config, serve_settings *settings, beluga_error *err)
{
    section s = section_begin(config, SECTION);
    section_first first = {.at = &s, .err = err};
    int status = begin(settings);
    while (!status && section_next(&s)) status = read_one(&s, settings, section_keep_first, &first);
    beluga_json_doc_free(s.doc);
    if (!status) status = s.status;
    if (status == BELUGA_ERROR_NO_MEMORY)
        beluga_error_set(err, status, "out of memory for the settings of " SECTION);
    return status;
}

int serve_keys_read(const serve_key_text *texts, size_t n, serve_settings *settings,
                    serve_key_fault_fn fault, void *payload)
{
    int status = begin(settings);
    if (status) return status;
    serve_key_setting *keys = beluga__arena_zalloc(settings->memory, (n + 1) * sizeof *keys);
    if (!keys) return BELUGA_ERROR_NO_MEMORY;
    settings->keys = keys;
    for (size_t i = 0; i < n; i++) {
        text_fault told = {.tell = fault, .payload = payload, .index = i};
        status = read_key_text(&texts[i], settings, &keys[settings->n_keys], &told);
        if (status == BELUGA_ERROR_NO_MEMORY) return status;
        if (status == 0) settings->n_keys++;
    }
    return 0;
}

void serve_settings_free(serve_settings *settings)
{
    if (settings->memory) beluga__arena_free(settings->memory);
    free(settings->memory);
    *settings = (serve_settings){.memory = NULL};
}

void serve_settings_check(const beluga_config *config, beluga_config_checking *checking)
{
    serve_settings settings;
    section_reports reports = {SECTION, checking};
    section s = section_begin(config, SECTION);
    int status = begin(&settings);
    while (!status && section_next(&s)) status = read_one(&s, &settings, section_report, &reports);
    beluga_json_doc_free(s.doc);
    if (status == BELUGA_ERROR_NO_MEMORY || s.status)
        section_report(&reports, "", true, "out of memory");
    serve_settings_free(&settings);
}
