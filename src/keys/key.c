#include "keys/key.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/secret_memory.h"
#include "keys/source.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* How long the key of a file or a command is kept before it is fetched again. */
enum { KEPT_MS = 300000 };

/* A call that waits for a key, on that call's loop. Only the loop's thread uses `wait`. */
struct beluga__key_request {
    beluga__mail mail;
    beluga__key_request *next;
    beluga__key_wait *wait; /* NULL if the call no longer waits */
    beluga__mailbox *mailbox;
    beluga__key *key;
    bool dropped; /* guarded by the key's lock */
    char *value;
    bool is_token;
    beluga_error error;
};

struct beluga__key {
    atomic_uint refs;
    beluga__runtime *runtime;
    beluga__source source; /* the key owns its text `reference` */
    /* name of the environment variable that contained the value, or NULL */
    char *variable;
    const beluga__exchange *exchange; /* NULL: the key is used as it is */
    pthread_mutex_t lock;
    char *value;       /* the last value that was fetched; NULL: it must be fetched */
    bool is_token;     /* the value is a token for which the key was exchanged */
    int64_t expires_s; /* seconds since 1970; 0: not known */
    /* Monotonic time until which the value is used, if `expires_s` is not known. */
    int64_t kept_ns;
    int failure; /* code of the last fetch; 0: it succeeded, or there was no fetch yet */
    bool failed_exchange;
    bool asking;
    atomic_bool unwanted; /* no call waits for the running fetch */
    uint32_t generation;  /* fork generation of the running fetch and of the waiting calls */
    beluga__key_request *waiting;
};

static bool prefixed(const char *text, const char *prefix, const char **rest)
{
    size_t n = strlen(prefix);
    if (strncmp(text, prefix, n) != 0) return false;
    *rest = text + n;
    return true;
}

bool beluga__key_is_reference(const char *value)
{
    const char *rest;
    return prefixed(value, "env:", &rest) || prefixed(value, "file:", &rest) ||
           prefixed(value, "command:", &rest);
}

bool beluga__key_is_account(const char *value)
{
    const char *rest;
    return prefixed(value, "aws:", &rest) || strcmp(value, "google:") == 0;
}

static int read_variable(const char *name, const char **value, beluga_error *err)
{
    *value = secure_getenv(name);
    if (*value && **value) return 0;
    return beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "the key's variable %s is not set",
                            name);
}

static char *copy_secret(const char *text)
{
    return beluga__copy(beluga__secret_allocator(), text, strlen(text));
}

static void forget(char *secret)
{
    beluga__release(beluga__secret_allocator(), secret);
}

static beluga__key *new_key(beluga__runtime *runtime, beluga__source_kind from,
                            const char *reference)
{
    beluga__key *key = beluga__zalloc(&runtime->allocator, sizeof *key);
    char *copy = copy_secret(reference);
    if (!key || !copy) {
        beluga__release(&runtime->allocator, key);
        forget(copy);
        return NULL;
    }
    atomic_init(&key->refs, 1);
    key->runtime = runtime;
    key->source.kind = from;
    key->source.reference = copy;
    pthread_mutex_init(&key->lock, NULL);
    return key;
}

int beluga__key_new_source(beluga__runtime *runtime, const beluga_key_source *key_source,
                           beluga__key **out, beluga_error *err)
{
    if (!key_source->get)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "key_source has no function");
    *out = new_key(runtime, BELUGA__SOURCE_FUNCTION, "");
    if (!*out) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the key");
    (*out)->source.function = key_source;
    return 0;
}

int beluga__key_new_value(beluga__runtime *runtime, const char *value, beluga__key **out,
                          beluga_error *err)
{
    *out = new_key(runtime, BELUGA__SOURCE_VALUE, value);
    return *out ? 0 : beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the key");
}

/* Trim the value: a key that was pasted or read from a file often ends in a line break. */
static int trim_value(beluga__key *key, const char *name, beluga_error *err)
{
    char *value = key->source.reference;
    beluga__key_join_lines(value, strlen(value));
    size_t skip = strspn(value, " \t\r\n"), n = strlen(value + skip);
    while (n && strchr(" \t\r\n", value[skip + n - 1])) n--;
    memmove(value, value + skip, n);
    memset(value + n, 0, strlen(value + n));
    if (!*value && name)
        return beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION,
                                "the key's variable %.100s has nothing but white space", name);
    return beluga__key_check_sendable(value, name ? name : "api_key", err);
}

int beluga__key_new(beluga__runtime *runtime, const char *reference, beluga__key **out,
                    beluga_error *err)
{
    const char *value = reference, *name = NULL;
    beluga__source_kind from = BELUGA__SOURCE_VALUE;
    if (prefixed(reference, "env:", &name)) {
        int status = read_variable(name, &value, err);
        if (status) return status;
    } else if (prefixed(reference, "file:", &value))
        from = BELUGA__SOURCE_FILE;
    else if (prefixed(reference, "command:", &value))
        from = BELUGA__SOURCE_COMMAND;
    else if (prefixed(reference, "aws:", &value))
        from = BELUGA__SOURCE_AWS;
    else if (strcmp(reference, "google:") == 0)
        from = BELUGA__SOURCE_GOOGLE;
    *out = new_key(runtime, from, value);
    if (*out && name &&
        !((*out)->variable = beluga__copy(&runtime->allocator, name, strlen(name)))) {
        beluga__key_unref(*out);
        *out = NULL;
    }
    if (!*out) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the key");
    int status = from == BELUGA__SOURCE_VALUE ? trim_value(*out, name, err) : 0;
    if (!status) return 0;
    beluga__key_unref(*out);
    *out = NULL;
    return status;
}

const char *beluga__key_variable(const beluga__key *key)
{
    return key->variable;
}

bool beluga__key_is_value(const beluga__key *key)
{
    return key->source.kind == BELUGA__SOURCE_VALUE;
}

void beluga__key_unref(beluga__key *key)
{
    if (!key || atomic_fetch_sub_explicit(&key->refs, 1, memory_order_acq_rel) != 1) return;
    const beluga_allocator *allocator = &key->runtime->allocator;
    forget(key->value);
    forget(key->source.reference);
    beluga__release(allocator, key->variable);
    pthread_mutex_destroy(&key->lock);
    beluga__release(allocator, key);
}

/* --- fetching, on the thread pool ------------------------------------------------------------- */

/* Returns whether the key is sent as it was given (or as the environment variable had it), so that
 * neither a fetch nor an exchange is needed. */
static bool is_given(const beluga__key *key)
{
    return key->source.kind == BELUGA__SOURCE_VALUE && !key->exchange;
}

/* The result of a fetch. */
typedef struct fetched {
    char *value; /* NULL: the fetch failed */
    bool is_token;
    int64_t expires_s;
    bool given_up; /* the fetch was given up, since no call waited for it any more */
    bool exchanging;
    beluga_error err; /* why the fetch failed */
} fetched;

static beluga__exchanged exchanged_of(const beluga__key *key, const char *value)
{
    return (beluga__exchanged){.key = value, .variable = key->variable, .unwanted = &key->unwanted};
}

/* Exchange the fetched key for a token, unless this key is used as it is. */
static void exchange(beluga__key *key, fetched *f)
{
    const beluga__exchanged what = exchanged_of(key, f->value);
    int64_t expires_s = 0;
    char *token;
    f->exchanging = true;
    int status =
        beluga__exchange_run(key->exchange, key->runtime, &what, &token, &expires_s, &f->err);
    if (status == BELUGA_ENCODE_NOTHING) return;
    forget(f->value);
    f->is_token = true;
    f->expires_s = expires_s;
    f->value = token;
    if (!token || !beluga__key_check_sendable(token, "the token's answer", &f->err)) return;
    forget(token);
    f->value = NULL;
}

static void fetch(beluga__key *key, fetched *f)
{
    *f = (fetched){.value = NULL};
    f->value = beluga__source_read(&key->source, &key->unwanted, &f->expires_s, &f->err);
    if (f->value && key->exchange) exchange(key, f);
    /* CONTEXT_CANCELED from a host program's function does not count, since that function may
     * return any code */
    f->given_up = !f->value && f->err.code == BELUGA_ERROR_CONTEXT_CANCELED &&
                  (f->exchanging || key->source.kind != BELUGA__SOURCE_FUNCTION);
}

int beluga__key_set_exchange(beluga__key *key, const beluga__exchange *exchange, beluga_error *err)
{
    const beluga__exchanged what = exchanged_of(key, key->source.reference);
    int status =
        key->source.kind == BELUGA__SOURCE_VALUE ? beluga__exchange_check(exchange, &what, err) : 0;
    if (!status) key->exchange = exchange;
    return status < 0 ? status : 0;
}

/* --- answering the calls that wait ------------------------------------------------------------ */

/* Take references to the key, its runtime, and the owner of its exchange, for the time of a
 * fetch. */
static void hold(beluga__key *key)
{
    atomic_fetch_add_explicit(&key->refs, 1, memory_order_relaxed);
    key->runtime->ref(key->runtime);
    if (key->exchange) key->exchange->hold(key->exchange->owner);
}

static void let_go(beluga__key *key)
{
    beluga__runtime *runtime = key->runtime;
    const beluga__exchange *exchange = key->exchange;
    beluga__key_unref(key);
    if (exchange) exchange->let_go(exchange->owner);
    runtime->unref(runtime);
}

static void answer(beluga__mail *mail, beluga_loop *loop)
{
    beluga__key_request *request = beluga__container_of(mail, beluga__key_request, mail);
    beluga__key *key = request->key;
    const beluga_allocator *allocator = &key->runtime->allocator;
    beluga__key_wait *wait = loop ? request->wait : NULL;
    if (wait) {
        wait->request = NULL;
        wait->is_token = request->is_token;
        wait->ready(wait, request->value, request->value ? NULL : &request->error);
    }
    forget(request->value);
    beluga__mailbox_unref(request->mailbox);
    beluga__release(allocator, request);
    let_go(key);
}

static void tell_all(beluga__key_request *request, const fetched *f)
{
    while (request) {
        beluga__key_request *next = request->next;
        if (f->value) request->value = copy_secret(f->value);
        request->is_token = f->is_token;
        if (!request->value && f->value)
            beluga_error_set(&request->error, BELUGA_ERROR_NO_MEMORY, "no memory for the key");
        else if (!f->value)
            request->error = f->err;
        beluga__mailbox_post(request->mailbox, &request->mail);
        request = next;
    }
}

/* Returns whether a call still waits for the key. The caller holds the lock. */
static bool is_wanted(const beluga__key *key)
{
    const beluga__key_request *request = key->waiting;
    while (request && request->dropped) request = request->next;
    return request != NULL;
}

/* End the fetch, with a key or an error. Returns false if the fetch was given up because no call
 * waited, but another call waits by now: then the fetch must begin again. */
static bool settle(beluga__key *key, const fetched *f)
{
    char *copy = f->value ? copy_secret(f->value) : NULL;
    pthread_mutex_lock(&key->lock);
    if (f->given_up && is_wanted(key)) {
        pthread_mutex_unlock(&key->lock);
        return false; /* a fetch that was given up has no value, so there is no copy to free */
    }
    forget(key->value);
    key->value = copy;
    key->is_token = f->is_token;
    key->expires_s = f->expires_s;
    key->kept_ns = beluga__ends_ns(KEPT_MS);
    key->failure = f->value || f->given_up ? 0 : f->err.code;
    key->failed_exchange = f->exchanging;
    key->asking = false;
    beluga__key_request *waiting = key->waiting;
    key->waiting = NULL;
    pthread_mutex_unlock(&key->lock);
    tell_all(waiting, f);
    return true;
}

/* Fetch the key. Runs on the thread pool, and has references to the key and the runtime. */
static void ask(void *argument)
{
    beluga__key *key = argument;
    const beluga__runtime *outside = beluga__enter(key->runtime);
    fetched f;
    do fetch(key, &f);
    while (!settle(key, &f));
    beluga__leave(outside);
    forget(f.value);
    let_go(key);
}

/* Start a fetch. Call this without the lock, since a host program's executor may run the work
 * before it returns. */
static void start_asking(beluga__key *key)
{
    hold(key);
    int status = key->runtime->submit(key->runtime, ask, key);
    if (!status) return;
    fetched f = {.value = NULL};
    /* a host program's executor may return any code; CONTEXT_CANCELED would mean that the fetch was
     * given up */
    if (status == BELUGA_ERROR_CONTEXT_CANCELED) status = BELUGA_ERROR_AUTHENTICATION;
    bool limit = status == BELUGA_ERROR_LIMIT_EXCEEDED;
    beluga_error_set(&f.err, status, "the key can't be resolved: %s",
                     limit ? "no thread can be started, or too many fetches wait for one"
                           : beluga_error_text(status));
    settle(key, &f);
    let_go(key);
}

/* In a forked child, forget the parent's fetch and waiting calls, which the child does not have.
 * The caller holds the lock. */
static void forget_parents(beluga__key *key)
{
    uint32_t generation = beluga__fork_generation();
    if (key->generation == generation) return;
    key->generation = generation;
    key->asking = false;
    key->waiting = NULL;
    atomic_store(&key->unwanted, false);
}

/* Add a call to the list of waiting calls. The caller holds the lock. */
static int queue(beluga__key *key, beluga_loop *loop, beluga__key_wait *wait)
{
    const beluga_allocator *allocator = &key->runtime->allocator;
    beluga__mailbox *mailbox;
    int status = beluga__loop_mailbox(loop, &mailbox);
    if (status) return status;
    beluga__key_request *request = beluga__zalloc(allocator, sizeof *request);
    if (!request) return BELUGA_ERROR_NO_MEMORY;
    hold(key);
    request->mail.run = answer;
    request->wait = wait;
    request->mailbox = beluga__mailbox_ref(mailbox);
    request->key = key;
    request->next = key->waiting;
    key->waiting = request;
    atomic_store(&key->unwanted, false);
    wait->request = request;
    return 0;
}

static bool is_good(const beluga__key *key)
{
    return key->expires_s ? beluga__wall_s() < key->expires_s : beluga__now_ns() < key->kept_ns;
}

int beluga__key_get(beluga__key *key, beluga_loop *loop, beluga__arena *arena,
                    beluga__key_wait *wait, const char **value, beluga_error *err)
{
    wait->is_token = false;
    if (is_given(key)) {
        /* the value is borrowed: the call has a reference to the model, and the model to the key */
        *value = key->source.reference;
        return 1;
    }
    int status = 0;
    bool first = false;
    pthread_mutex_lock(&key->lock);
    forget_parents(key);
    if (key->value && is_good(key)) {
        *value = beluga__arena_copy(arena, key->value, strlen(key->value));
        wait->is_token = key->is_token;
        status = *value ? 1 : BELUGA_ERROR_NO_MEMORY;
    } else
        status = queue(key, loop, wait);
    if (status == 0) {
        first = !key->asking;
        key->asking = true;
    }
    pthread_mutex_unlock(&key->lock);
    if (first) start_asking(key);
    if (status >= 0) return status;
    bool limit = status == BELUGA_ERROR_LIMIT_EXCEEDED;
    return beluga_error_set(err, status, "the key can't be resolved: no %s",
                            limit ? "descriptors (see ulimit -n)" : "memory");
}

/* Stop waiting. A command is killed when no call waits for it any more. */
void beluga__key_cancel(beluga__key_wait *wait)
{
    beluga__key_request *request = wait->request;
    if (!request) return;
    beluga__key *key = request->key;
    wait->request = NULL;
    request->wait = NULL;
    pthread_mutex_lock(&key->lock);
    request->dropped = true;
    atomic_store(&key->unwanted, !is_wanted(key));
    pthread_mutex_unlock(&key->lock);
}

bool beluga__key_renews(const beluga__key *key)
{
    return !is_given(key);
}

bool beluga__key_expire(beluga__key *key, const char *value)
{
    pthread_mutex_lock(&key->lock);
    if (key->value && value && strcmp(key->value, value) == 0) key->expires_s = key->kept_ns = 0;
    pthread_mutex_unlock(&key->lock);
    return beluga__key_renews(key);
}

int beluga__key_late(const beluga__key *key, beluga_error *err)
{
    if (key->exchange)
        return beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION,
                                "exchanging the key for a token took too long");
    return beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "the key's %s took too long",
                            beluga__source_name(key->source.kind));
}

int beluga__key_check(beluga__key *key, beluga_error *err)
{
    if (key->source.kind == BELUGA__SOURCE_FILE && access(key->source.reference, R_OK))
        return beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "the key's file %s can't be read",
                                key->source.reference);
    pthread_mutex_lock(&key->lock);
    int failure = key->failure;
    bool exchange = key->failed_exchange;
    pthread_mutex_unlock(&key->lock);
    if (!failure) return 0;
    if (exchange)
        return beluga_error_set(err, failure,
                                "the last attempt to exchange the key for a token failed");
    return beluga_error_set(err, failure, "the key's %s gave no key when it was last used",
                            beluga__source_name(key->source.kind));
}
