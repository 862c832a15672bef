#include "keys/key.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/secret_memory.h"
#include "base/utf8.h"
#include "keys/aws_key.h"
#include "keys/command.h"
#include "wire/outgoing.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The key of a file or a command is kept this long before it is fetched again. */
enum { KEPT_MS = 300000 };

typedef enum source {
    SOURCE_VALUE,
    SOURCE_FILE,
    SOURCE_COMMAND,
    SOURCE_AWS,
    SOURCE_FUNCTION
} source;

/* A call that waits for a key, on the call's own loop. Only the loop's thread uses `wait`. */
struct beluga__key_request {
    beluga__mail mail;
    beluga__key_request *next;
    beluga__key_wait *wait; /* NULL when the call no longer waits */
    beluga__mailbox *mailbox;
    beluga__key *key;
    bool dropped; /* guarded by the key's lock */
    char *value;
    beluga_error error;
};

struct beluga__key {
    atomic_uint refs;
    beluga__runtime *runtime;
    source source;
    char *reference; /* the value, path or command */
    char *variable;  /* the environment variable of the value, or NULL */
    const beluga_key_source *function;
    pthread_mutex_t lock;
    char *value;       /* the last value from the file or command; NULL: fetch it */
    int64_t expires_s; /* seconds since 1970; 0: not known */
    /* time of the monotonic clock until which a value without `expires_s` is kept */
    int64_t kept_ns;
    int failure; /* code of the last fetch; 0: it gave a key, or there was no fetch */
    bool asking;
    atomic_bool unwanted; /* no call waits for the running fetch */
    uint32_t generation;  /* fork generation of the fetch and of the calls that wait */
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

static beluga__key *new_key(beluga__runtime *runtime, source from, const char *reference)
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
    key->source = from;
    key->reference = copy;
    pthread_mutex_init(&key->lock, NULL);
    return key;
}

int beluga__key_new_source(beluga__runtime *runtime, const beluga_key_source *key_source,
                           beluga__key **out, beluga_error *err)
{
    if (!key_source->get)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "key_source has no function");
    *out = new_key(runtime, SOURCE_FUNCTION, "");
    if (!*out) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the key");
    (*out)->function = key_source;
    return 0;
}

int beluga__key_new_value(beluga__runtime *runtime, const char *value, beluga__key **out,
                          beluga_error *err)
{
    *out = new_key(runtime, SOURCE_VALUE, value);
    return *out ? 0 : beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the key");
}

/* Returns why no header can carry a key, for example because of a word processor's quotation
 * marks; NULL where a header can. */
static const char *unsendable(const char *value)
{
    size_t n = strlen(value);
    beluga__misfit unused;
    if (beluga__utf8_valid(value, n) != n) return "is not UTF-8";
    if (!beluga__fits_name(value, n, &unused))
        return "has a control character in it, such as a line break";
    for (const unsigned char *at = (const unsigned char *)value; *at; at++)
        if (*at > 0xc3) return "has a character in it that HTTP can't send (beyond Latin-1)";
    return NULL;
}

static int check_sendable(const char *value, const char *from, beluga_error *err)
{
    const char *what = unsendable(value);
    if (!what) return 0;
    return beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "the key in %.100s %s", from, what);
}

/* A key that was pasted or read from a file often ends in a line break. */
static int trim_value(beluga__key *key, const char *name, beluga_error *err)
{
    char *value = key->reference;
    size_t skip = strspn(value, " \t\r\n"), n = strlen(value + skip);
    while (n && strchr(" \t\r\n", value[skip + n - 1])) n--;
    memmove(value, value + skip, n);
    memset(value + n, 0, strlen(value + n));
    if (!*value && name)
        return beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION,
                                "the key's variable %.100s has nothing but white space", name);
    return check_sendable(value, name ? name : "api_key", err);
}

int beluga__key_new(beluga__runtime *runtime, const char *reference, beluga__key **out,
                    beluga_error *err)
{
    const char *value = reference, *name = NULL;
    source from = SOURCE_VALUE;
    if (prefixed(reference, "env:", &name)) {
        int status = read_variable(name, &value, err);
        if (status) return status;
    } else if (prefixed(reference, "file:", &value))
        from = SOURCE_FILE;
    else if (prefixed(reference, "command:", &value))
        from = SOURCE_COMMAND;
    else if (prefixed(reference, "aws:", &value))
        from = SOURCE_AWS;
    *out = new_key(runtime, from, value);
    if (*out && name &&
        !((*out)->variable = beluga__copy(&runtime->allocator, name, strlen(name)))) {
        beluga__key_unref(*out);
        *out = NULL;
    }
    if (!*out) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the key");
    int status = from == SOURCE_VALUE ? trim_value(*out, name, err) : 0;
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
    return key->source == SOURCE_VALUE;
}

void beluga__key_unref(beluga__key *key)
{
    if (!key || atomic_fetch_sub_explicit(&key->refs, 1, memory_order_acq_rel) != 1) return;
    const beluga_allocator *allocator = &key->runtime->allocator;
    forget(key->value);
    forget(key->reference);
    beluga__release(allocator, key->variable);
    pthread_mutex_destroy(&key->lock);
    beluga__release(allocator, key);
}

/* --- fetching: reading a file or a command's output on the thread pool ------------------------ */

static ssize_t read_file(const char *path, char *buffer, size_t size, beluga_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd < 0 ? -1 : beluga__read_all(fd, buffer, size);
    if (n < 0) {
        char words[128];
        const char *why = strerror_r(errno, words, sizeof words);
        beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "the key's file %s can't be read", path);
        beluga_error_set_cause(err, why, strlen(why));
    }
    if (fd >= 0) close(fd);
    return n;
}

/* Returns the first line, without the white space around it. */
static char *trimmed(char *text, size_t n, beluga_error *err)
{
    char *newline = memchr(text, '\n', n);
    if (newline) n = (size_t)(newline - text);
    while (n && strchr(" \t\r", text[n - 1])) n--;
    for (; n && strchr(" \t", *text); n--) text++;
    if (memchr(text, '\0', n)) return NULL;
    char *copy = beluga__copy(beluga__secret_allocator(), text, n);
    if (!copy) beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the key");
    return copy;
}

static ssize_t ask_function(const beluga_key_source *function, char *buffer, size_t size,
                            int64_t *expires_s, beluga_error *err)
{
    int64_t expires = 0;
    *buffer = '\0';
    int status = function->get(function->payload, buffer, size, &expires, err);
    if (status) {
        if (!err->code) beluga_error_set(err, status, "the key's function failed");
        return -1;
    }
    *expires_s = expires ? expires : INT64_MAX;
    return (ssize_t)strnlen(buffer, size);
}

static ssize_t read_source(beluga__key *key, char *buffer, size_t size, int64_t *expires_s,
                           beluga_error *err)
{
    *expires_s = 0;
    switch (key->source) {
    case SOURCE_FILE: return read_file(key->reference, buffer, size, err);
    case SOURCE_COMMAND:
        return beluga__command_read(key->reference, "the key's command", BELUGA__COMMAND_TIMEOUT_MS,
                                    &key->unwanted, buffer, size, err);
    case SOURCE_AWS:
        return beluga__aws_key(key->reference, &key->unwanted, buffer, size, expires_s, err);
    default: return ask_function(key->function, buffer, size, expires_s, err);
    }
}

static const char *source_name(source from)
{
    static const char *const names[] = {"value", "file", "command", "profile", "function"};
    return names[from];
}

/* Returns a description of the key's source for people. */
static const char *source_label(const beluga__key *key)
{
    static const char *const labels[] = {"api_key", "its file", "its command's output",
                                         "its profile", "its function's answer"};
    return labels[key->source];
}

static char *fetch(beluga__key *key, int64_t *expires_s, beluga_error *err)
{
    char *buffer = beluga__alloc(beluga__secret_allocator(), BELUGA__MAX_KEY_BYTES), *value = NULL;
    err->code = 0;
    if (buffer) {
        ssize_t n = read_source(key, buffer, BELUGA__MAX_KEY_BYTES, expires_s, err);
        if (n >= 0) value = trimmed(buffer, (size_t)n, err);
        forget(buffer);
    } else
        beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the key");
    if (value && *value && !check_sendable(value, source_label(key), err)) return value;
    forget(value);
    if (!err->code)
        beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "the key's %s gave nothing",
                         source_name(key->source));
    return NULL;
}

/* --- answering the calls that wait ------------------------------------------------------------ */

static void answer(beluga__mail *mail, beluga_loop *loop)
{
    beluga__key_request *request = beluga__container_of(mail, beluga__key_request, mail);
    beluga__key *key = request->key;
    const beluga_allocator *allocator = &key->runtime->allocator;
    beluga__key_wait *wait = loop ? request->wait : NULL;
    if (wait) {
        wait->request = NULL;
        wait->ready(wait, request->value, request->value ? NULL : &request->error);
    }
    forget(request->value);
    beluga__mailbox_unref(request->mailbox);
    beluga__release(allocator, request);
    beluga__runtime *runtime = key->runtime;
    beluga__key_unref(key);
    runtime->unref(runtime);
}

static void tell_all(beluga__key_request *request, const char *value, const beluga_error *err)
{
    while (request) {
        beluga__key_request *next = request->next;
        if (value) request->value = copy_secret(value);
        if (!request->value && value)
            beluga_error_set(&request->error, BELUGA_ERROR_NO_MEMORY, "no memory for the key");
        else if (!value)
            request->error = *err;
        beluga__mailbox_post(request->mailbox, &request->mail);
        request = next;
    }
}

static void hold(beluga__key *key)
{
    atomic_fetch_add_explicit(&key->refs, 1, memory_order_relaxed);
    key->runtime->ref(key->runtime);
}

static void let_go(beluga__key *key)
{
    beluga__runtime *runtime = key->runtime;
    beluga__key_unref(key);
    runtime->unref(runtime);
}

/* Returns whether a call still waits for the key. The caller holds the lock. */
static bool is_wanted(const beluga__key *key)
{
    const beluga__key_request *request = key->waiting;
    while (request && request->dropped) request = request->next;
    return request != NULL;
}

/* End the fetch with a key or with an error. Returns false where the fetch was cancelled because
 * no call waited, and a call has come since. */
static bool settle(beluga__key *key, const char *value, int64_t expires_s, const beluga_error *err)
{
    char *copy = value ? copy_secret(value) : NULL;
    bool cancelled =
        !value && key->source != SOURCE_FUNCTION && err->code == BELUGA_ERROR_CONTEXT_CANCELED;
    pthread_mutex_lock(&key->lock);
    if (cancelled && is_wanted(key)) {
        pthread_mutex_unlock(&key->lock);
        return false; /* there is no copy to free without a value */
    }
    forget(key->value);
    key->value = copy;
    key->expires_s = expires_s;
    key->kept_ns = beluga__ends_ns(KEPT_MS);
    key->failure = value || cancelled ? 0 : err->code;
    key->asking = false;
    beluga__key_request *waiting = key->waiting;
    key->waiting = NULL;
    pthread_mutex_unlock(&key->lock);
    tell_all(waiting, value, err);
    return true;
}

/* Runs on the thread pool, and holds a reference to the key and the runtime. */
static void ask(void *argument)
{
    beluga__key *key = argument;
    beluga_error err;
    int64_t expires_s = 0;
    const beluga__runtime *outside = beluga__enter(key->runtime);
    char *value;
    do value = fetch(key, &expires_s, &err);
    while (!settle(key, value, expires_s, &err));
    beluga__leave(outside);
    forget(value);
    let_go(key);
}

/* Call this without the lock: a host's executor may run the work before it returns. */
static void start_asking(beluga__key *key)
{
    hold(key);
    int status = key->runtime->submit(key->runtime, ask, key);
    if (!status) return;
    beluga_error err;
    /* A host's executor may return any code. */
    if (status == BELUGA_ERROR_CONTEXT_CANCELED) status = BELUGA_ERROR_AUTHENTICATION;
    bool limit = status == BELUGA_ERROR_LIMIT_EXCEEDED;
    beluga_error_set(&err, status, "the key can't be resolved: %s",
                     limit ? "no thread can be had, or too much waits for one"
                           : beluga_error_text(status));
    settle(key, NULL, 0, &err);
    let_go(key);
}

/* In a forked child neither the parent's fetching thread nor its waiting calls exist. The caller
 * holds the lock. */
static void forget_parents(beluga__key *key)
{
    uint32_t generation = beluga__fork_generation();
    if (key->generation == generation) return;
    key->generation = generation;
    key->asking = false;
    key->waiting = NULL;
    atomic_store(&key->unwanted, false);
}

/* The caller holds the lock. */
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
    if (key->source == SOURCE_VALUE) {
        *value = key->reference; /* the key lives as long as the model, which the call holds */
        return 1;
    }
    int status = 0;
    bool first = false;
    pthread_mutex_lock(&key->lock);
    forget_parents(key);
    if (key->value && is_good(key)) {
        *value = beluga__arena_copy(arena, key->value, strlen(key->value));
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

/* A command is ended when no call waits for it any more. */
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
    return key->source != SOURCE_VALUE;
}

bool beluga__key_expire(beluga__key *key)
{
    pthread_mutex_lock(&key->lock);
    key->expires_s = key->kept_ns = 0;
    pthread_mutex_unlock(&key->lock);
    return beluga__key_renews(key);
}

int beluga__key_late(const beluga__key *key, beluga_error *err)
{
    return beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "the key's %s gave no answer in time",
                            source_name(key->source));
}

int beluga__key_check(beluga__key *key, beluga_error *err)
{
    if (key->source == SOURCE_FILE && access(key->reference, R_OK))
        return beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "the key's file %s can't be read",
                                key->reference);
    pthread_mutex_lock(&key->lock);
    int failure = key->failure;
    pthread_mutex_unlock(&key->lock);
    if (!failure) return 0;
    return beluga_error_set(err, failure, "the key's %s gave no key when it was last asked",
                            source_name(key->source));
}
