#include "serve/shared_keys.h"

#include "base/clock.h"
#include "base/thread.h"
#include "base/wake.h"
#include "output.h"
#include "queue/nats_bucket.h"
#include "serve/access.h"

#include <beluga/allocator.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The time between two checks of the bucket, and the pause after a failure. */
#define LOOK_MS        1000
#define RETRY_MS       5000
#define STACK_BYTES    ((size_t)256 * 1024)
#define WHY_BYTES      512
#define MOST_TEXT      ((size_t)1 << 20)
#define MAX_BYTES      ((size_t)64 << 20) /* maximum for all entries together */
#define MAX_MESSAGES   (10 * SERVE_MAX_KEYS)
#define MAX_COMPLAINTS ((size_t)64 << 10)
#define DESCRIPTION    "keys of clients of beluga serve"

/* An entry of the bucket, as it was read. */
typedef struct entry {
    char *name; /* name of the key, owned; the text of the entry follows it in the same memory */
    const char *text;
    size_t length;
    uint64_t sequence;
    bool removed;
} entry;

typedef struct entry_list {
    entry *items;
    size_t count, room, bytes;
} entry_list;

struct shared_keys {
    beluga__wake news; /* its descriptor is readable if keys or messages are new */
    /* protects the members below; not held during network I/O */
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    /* the keys that were read last, until the event loop takes them; then `memory` is NULL */
    serve_settings newest;
    beluga__buf complaints; /* messages about invalid entries, each terminated by NUL */
    char why[WHY_BYTES];    /* why the bucket can't be read; "": no failure */
    bool told, ending, again;
    uint64_t rounds;
    /* The members below are used only by the thread, while it runs. */
    nats_bucket bucket;
    beluga__buf text;
    nats_bucket_state state; /* state of the bucket when it was read */
    uint64_t reconnects;     /* the number of reconnects when the bucket was read */
    uint64_t told_sequence;  /* invalid entries up to this sequence number were already reported */
    bool fresh;              /* the bucket was read, and nothing has failed since then */
    bool has_thread;
    pthread_t thread;
};

/* ---- entries --------------------------------------------------------------------------------- */

static void free_entries(entry_list *list)
{
    for (size_t i = 0; i < list->count; i++) free(list->items[i].name);
    free(list->items);
    *list = (entry_list){.count = 0};
}

static bool make_room(entry_list *list)
{
    if (list->count < list->room) return true;
    size_t room = list->room ? 2 * list->room : 64;
    entry *items = realloc(list->items, room * sizeof *items);
    if (!items) return false;
    list->items = items;
    list->room = room;
    return true;
}

static int add_entry(entry_list *list, const nats_bucket_message *message, const beluga__buf *text,
                     beluga_error *err)
{
    size_t name = strlen(message->key) + 1;
    list->bytes += name + text->length;
    if (list->count == MAX_MESSAGES || list->bytes > MAX_BYTES)
        return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED,
                                "the bucket is too large to be a bucket of keys");
    char *copy = make_room(list) ? malloc(name + text->length) : NULL;
    if (!copy) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory for the keys");
    memcpy(copy, message->key, name);
    if (text->length) memcpy(copy + name, text->data, text->length);
    list->items[list->count++] =
        (entry){copy, copy + name, text->length, message->sequence, message->removed};
    return 0;
}

static int by_name_and_age(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

/* Keep only the newest entry of each name, and drop that, too, if it marks the key as deleted. */
static void keep_newest(entry_list *list)
{
    size_t kept = 0;
    if (list->count) qsort(list->items, list->count, sizeof *list->items, by_name_and_age);
    for (size_t i = 0; i < list->count; i++) {
        entry *e = &list->items[i];
        bool newer = i + 1 < list->count && strcmp(e->name, e[1].name) == 0;
        if (newer || e->removed)
            free(e->name);
        else
            list->items[kept++] = *e;
    }
    list->count = kept;
}

/* ---- the keys of entries --------------------------------------------------------------------- */

typedef struct complaining {
    shared_keys *keys;
    const entry *entries;
    beluga__buf text;
} complaining;

/* Report an invalid entry only once, and again after it was changed. */
static void complain(void *payload, size_t index, const char *message)
{
    complaining *c = payload;
    const entry *e = &c->entries[index];
    if (e->sequence <= c->keys->told_sequence) return;
    beluga__buf_printf(&c->text, "the key %.128s of %s is ignored: %s", e->name,
                       c->keys->bucket.address.where, message);
    beluga__buf_putc(&c->text, '\0');
}

static int parse(shared_keys *k, const entry_list *list, serve_settings *settings,
                 beluga__buf *complaints)
{
    complaining c = {k, list->items, {.data = NULL}};
    serve_key_text *texts = calloc(list->count + 1, sizeof *texts);
    *settings = (serve_settings){.memory = NULL};
    if (!texts) return BELUGA_ERROR_NO_MEMORY;
    for (size_t i = 0; i < list->count; i++)
        texts[i] =
            (serve_key_text){list->items[i].name, list->items[i].text, list->items[i].length};
    beluga__buf_init(&c.text, beluga_allocator_default(), MAX_COMPLAINTS);
    int status = serve_keys_read(texts, list->count, settings, complain, &c);
    *complaints = c.text;
    free(texts);
    return status;
}

static void wake_up(const shared_keys *k)
{
    beluga__wake_up(&k->news);
}

static void publish(shared_keys *k, const serve_settings *settings, const beluga__buf *complaints)
{
    pthread_mutex_lock(&k->lock);
    serve_settings_free(&k->newest);
    k->newest = *settings;
    if (complaints->length)
        beluga__buf_append(&k->complaints, complaints->data, complaints->length);
    pthread_mutex_unlock(&k->lock);
    wake_up(k);
}

static int use_entries(shared_keys *k, const entry_list *list, beluga_error *err)
{
    serve_settings settings;
    beluga__buf complaints = {.data = NULL};
    int status = BELUGA_ERROR_LIMIT_EXCEEDED;
    if (list->count > SERVE_MAX_KEYS)
        return beluga_error_set(err, status, "the bucket of shared keys has more than %d",
                                SERVE_MAX_KEYS);
    status = parse(k, list, &settings, &complaints);
    if (status) {
        beluga_error_set(err, status, "out of memory for the keys");
        serve_settings_free(&settings);
    } else
        publish(k, &settings, &complaints);
    if (complaints.data) beluga__buf_free(&complaints);
    return status;
}

/* ---- the thread ------------------------------------------------------------------------------ */

static bool is_ending(shared_keys *k)
{
    pthread_mutex_lock(&k->lock);
    bool ending = k->ending;
    pthread_mutex_unlock(&k->lock);
    return ending;
}

static int read_entries(shared_keys *k, entry_list *list, beluga_error *err)
{
    nats_bucket_message message = {.sequence = 0};
    int rc;
    while ((rc = nats_bucket_next(&k->bucket, message.sequence, ">", &message, &k->text, err)) > 0)
        if (is_ending(k) || add_entry(list, &message, &k->text, err) != 0) return -1;
    return rc;
}

/* Read all entries. An entry that is written during this time either is read, too, or is found by
 * the next check. */
static int read_all(shared_keys *k, const nats_bucket_state *state, beluga_error *err)
{
    entry_list list = {.count = 0};
    if (state->created != k->state.created) k->told_sequence = 0;
    int rc = read_entries(k, &list, err);
    uint64_t last = state->last;
    for (size_t i = 0; i < list.count; i++)
        if (list.items[i].sequence > last) last = list.items[i].sequence;
    keep_newest(&list);
    if (rc == 0) rc = use_entries(k, &list, err);
    if (rc == 0) k->told_sequence = last;
    free_entries(&list);
    return rc;
}

/* Check whether the bucket has changed, and read it if so. After a reconnect it is read in any
 * case, since the server may have lost data. */
static int look(shared_keys *k, bool again, beluga_error *err)
{
    nats_bucket_state state = {.last = 0};
    if (nats_bucket_connect(&k->bucket, err) != 0) return -1;
    uint64_t reconnects = nats_bucket_reconnects(&k->bucket);
    if (nats_bucket_find(&k->bucket, DESCRIPTION, &state, err) != 0) return -1;
    bool same = k->fresh && !again && reconnects == k->reconnects && state.last == k->state.last &&
                state.count == k->state.count && state.created == k->state.created;
    if (same) return 0;
    if (read_all(k, &state, err) != 0) return -1;
    k->reconnects = reconnects;
    k->state = state;
    return 0;
}

static void do_round(shared_keys *k)
{
    beluga_error err = {.message = ""};
    bool again = k->again;
    k->again = false;
    pthread_mutex_unlock(&k->lock);
    k->fresh = look(k, again, &err) == 0;
    pthread_mutex_lock(&k->lock);
    bool turned = k->fresh == (*k->why != '\0');
    snprintf(k->why, sizeof k->why, "%s", k->fresh ? "" : err.message);
    k->rounds++;
    pthread_cond_broadcast(&k->done);
    if (turned) wake_up(k);
}

static void *run(void *argument)
{
    shared_keys *k = argument;
    pthread_mutex_lock(&k->lock);
    while (!k->ending) {
        do_round(k);
        int64_t end = beluga__ends_ns(*k->why ? RETRY_MS : LOOK_MS);
        while (!k->ending && beluga__wait_until(&k->wake, &k->lock, end) == 0) continue;
    }
    pthread_mutex_unlock(&k->lock);
    return NULL;
}

/* ---- called by the event loop ---------------------------------------------------------------- */

void shared_keys_wait(shared_keys *k, int64_t timeout_ms)
{
    int64_t end = beluga__ends_ns(timeout_ms);
    int status = 0;
    pthread_mutex_lock(&k->lock);
    while (!k->rounds && !status) status = beluga__wait_until(&k->done, &k->lock, end);
    pthread_mutex_unlock(&k->lock);
}

int shared_keys_fd(const shared_keys *k)
{
    return k->news.fd;
}

void shared_keys_tell(shared_keys *k)
{
    beluga__wake_quiet(&k->news);
    pthread_mutex_lock(&k->lock);
    const char *at = k->complaints.data, *end = at ? at + k->complaints.length : at;
    for (; at < end; at += strlen(at) + 1) out_warning("%s", at);
    beluga__buf_clear(&k->complaints);
    if (*k->why && !k->told)
        out_warning("the shared keys can't be read, so the keys read last stay valid: %s", k->why);
    if (!*k->why && k->told)
        out_note("the shared keys of %s can be read again", k->bucket.address.where);
    k->told = *k->why != '\0';
    pthread_mutex_unlock(&k->lock);
}

bool shared_keys_take(shared_keys *k, serve_settings *settings)
{
    pthread_mutex_lock(&k->lock);
    bool any = k->newest.memory != NULL;
    if (any) *settings = k->newest;
    k->newest = (serve_settings){.memory = NULL};
    pthread_mutex_unlock(&k->lock);
    return any;
}

bool shared_keys_fail(shared_keys *k)
{
    pthread_mutex_lock(&k->lock);
    bool fail = *k->why != '\0';
    pthread_mutex_unlock(&k->lock);
    return fail;
}

void shared_keys_again(shared_keys *k)
{
    pthread_mutex_lock(&k->lock);
    k->again = true;
    pthread_mutex_unlock(&k->lock);
}

/* ---- life ------------------------------------------------------------------------------------ */

static int start(shared_keys *k, const char *where, beluga_error *err)
{
    int rc = nats_bucket_begin(&k->bucket, where, err);
    if (rc == 0) rc = nats_bucket_connect(&k->bucket, err);
    if (rc && rc != BELUGA_ERROR_NETWORK && rc != BELUGA_ERROR_TIMEOUT) return rc;
    if (!beluga__wake_open(&k->news))
        return beluga_error_set(err, BELUGA_ERROR_INTERNAL,
                                "can't create an event descriptor for the keys: %s",
                                strerror(errno));
    int error = beluga__thread_start(&k->thread, STACK_BYTES, run, k);
    k->has_thread = !error;
    if (!error) return 0;
    return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY,
                            "can't start the thread that reads the shared keys: %s",
                            strerror(error));
}

int shared_keys_new(const char *where, shared_keys **out, beluga_error *err)
{
    shared_keys *k = calloc(1, sizeof *k);
    *out = NULL;
    if (!k) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory for the keys");
    k->news = BELUGA__NO_WAKE;
    pthread_mutex_init(&k->lock, NULL);
    beluga__cond_init(&k->wake);
    beluga__cond_init(&k->done);
    beluga__buf_init(&k->text, beluga_allocator_default(), MOST_TEXT);
    beluga__buf_init(&k->complaints, beluga_allocator_default(), MAX_COMPLAINTS);
    int status = start(k, where, err);
    if (status)
        shared_keys_free(k);
    else
        *out = k;
    return status;
}

void shared_keys_free(shared_keys *k)
{
    if (!k) return;
    pthread_mutex_lock(&k->lock);
    k->ending = true;
    pthread_cond_signal(&k->wake);
    pthread_mutex_unlock(&k->lock);
    if (k->has_thread) pthread_join(k->thread, NULL);
    nats_bucket_end(&k->bucket);
    serve_settings_free(&k->newest);
    beluga__buf_free(&k->text);
    beluga__buf_free(&k->complaints);
    beluga__wake_close(&k->news);
    pthread_cond_destroy(&k->wake);
    pthread_cond_destroy(&k->done);
    pthread_mutex_destroy(&k->lock);
    free(k);
}

/* ---- a new key ------------------------------------------------------------------------------- */

/* Check a name. It becomes a part of a NATS subject, so the rules of NATS' key-value store apply,
 * too. */
static int check_name(const char *name, beluga_error *err)
{
    size_t n = strlen(name);
    bool good = n && name[0] != '.' && name[n - 1] != '.' && !strstr(name, "..") &&
                !strchr(name, '@') && serve_key_name_is_good(name);
    if (good) return 0;
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                            "the name of a key in NATS must have 1 to %d of A-Z a-z 0-9 . _ -, "
                            "without a dot at its beginning or end, or two dots in a row",
                            SERVE_KEY_NAME_BYTES);
}

/* Returns the length of the part of the address before the bucket, which the nats tool needs. */
static int servers_length(const nats_bucket *b)
{
    return (int)(strlen(b->address.where) - strlen(b->address.job) - 1);
}

static int refuse_name(const nats_bucket *b, const char *name, beluga_error *err)
{
    const char *where = b->address.where, *bucket = b->address.job;
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                            "%s already has a key named %s: choose another name, or delete that "
                            "key first (nats -s %.*s kv del %s %s)",
                            where, name, servers_length(b), where, bucket, name);
}

/* Find the last message for a name. @return 0 if the name is free; `sequence` is then 0, or the
 * number of the message that marks the entry as deleted. Otherwise an error code. */
static int find_place(const nats_bucket *b, const char *name, uint64_t *sequence, beluga_error *err)
{
    nats_bucket_message message = {.sequence = 0};
    beluga__buf text;
    int rc;
    beluga__buf_init(&text, beluga_allocator_default(), MOST_TEXT);
    while ((rc = nats_bucket_next(b, message.sequence, name, &message, &text, err)) > 0) continue;
    beluga__buf_free(&text);
    *sequence = message.sequence;
    if (rc < 0) return err->code;
    return message.sequence && !message.removed ? refuse_name(b, name, err) : 0;
}

/* Write the entry, unless another entry with that name was written in the meantime. */
static int create(const nats_bucket *b, const char *name, const char *sha256, beluga_error *err)
{
    char subject[NATS_BUCKET_SUBJECT_BYTES], text[128];
    uint64_t sequence;
    jsPubOptions options;
    jsErrCode code = 0;
    int rc = find_place(b, name, &sequence, err);
    if (rc) return rc;
    b->nats->jsPubOptions_Init(&options);
    options.ExpectLastSubjectSeq = sequence;
    options.ExpectNoMessage = !sequence;
    snprintf(subject, sizeof subject, "%s%s", b->prefix, name);
    int n = snprintf(text, sizeof text, "{\"sha256\":\"%s\"}", sha256);
    natsStatus status = b->nats->js_Publish(NULL, b->js, subject, text, n, &options, &code);
    if (code == JSStreamWrongLastSequenceErr) return refuse_name(b, name, err);
    return status == NATS_OK ? 0 : nats_bucket_explain(b, status, code, "can't write", err);
}

static int put(nats_bucket *b, const char *where, const char *name, const char *sha256,
               beluga_error *err)
{
    nats_bucket_state state;
    int rc = nats_bucket_begin(b, where, err);
    if (rc == 0) rc = nats_bucket_connect(b, err);
    if (rc == 0) rc = nats_bucket_find(b, DESCRIPTION, &state, err);
    return rc ? rc : create(b, name, sha256, err);
}

static void print_key(const nats_bucket *b, const char *name, const serve_new *made, FILE *out)
{
    const char *where = b->address.where, *bucket = b->address.job;
    int n = servers_length(b);
    fprintf(out,
            "Give this key to the client; it is shown only once:\n\n"
            "    %s\n\n"
            "Its hash is in %s as %s, where gateways find it within seconds.\n"
            "To set limits, and to delete the key, so that it is refused:\n\n"
            "nats -s %.*s kv put %s %s '{\"sha256\":\"%s\",\"budget_per_day\":5}'\n"
            "nats -s %.*s kv del %s %s\n",
            made->key, where, name, n, where, bucket, name, made->sha256, n, where, bucket, name);
}

int shared_keys_make(const char *where, const char *name, FILE *out, beluga_error *err)
{
    nats_bucket bucket = {.nats = NULL};
    serve_new made;
    int rc = check_name(name, err);
    if (rc == 0) rc = serve_make_key(name, &made, err);
    if (rc) return rc;
    rc = put(&bucket, where, name, made.sha256, err);
    if (rc == 0) print_key(&bucket, name, &made, out);
    explicit_bzero(&made, sizeof made);
    nats_bucket_end(&bucket);
    return rc;
}
