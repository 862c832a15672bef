#include "keys/key.h"
#include "keys/aws_key.h"
#include "keys/command.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/secret_memory.h"
#include "base/utf8.h"
#include "wire/outgoing.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* how long a key of a file or command is used before it is asked for again */
enum { KEPT_MS = 300000 };

typedef enum source {
    SOURCE_VALUE,
    SOURCE_FILE,
    SOURCE_COMMAND,
    SOURCE_AWS,
    SOURCE_FUNCTION
} source;

/* Somebody who waits, on a loop of its own. `wait` belongs to the loop's thread. */
struct beluga__key_request {
    beluga__mail mail;
    struct beluga__key_request *next;
    beluga__key_wait *wait; /* NULL when it no longer waits */
    beluga__mailbox *mailbox;
    beluga__key *credential;
    bool dropped; /* under the credential's lock */
    char *key;
    beluga_error error;
};

struct beluga__key {
    atomic_uint refs;
    beluga__runtime *runtime;
    source source;
    char *reference; /* the value, path or command */
    char *variable;  /* that the value is from, or NULL */
    const beluga_key_source *function;
    pthread_mutex_t lock;
    char *key;         /* what the file or command gave; NULL: ask */
    int64_t expires_s; /* since 1970; 0: nobody said */
    int64_t kept_ns;   /* then, until when it is kept, whatever the wall's clock is set to */
    int failure;       /* the code of the last asking; 0: it gave a key, or was not */
    bool asking;
    atomic_bool unwanted; /* nobody waits for what is being asked */
    uint32_t generation;  /* of fork: of who asks and of who waits */
    struct beluga__key_request *waiting;
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

static beluga__key *new_credential(beluga__runtime *runtime, source from, const char *reference)
{
    beluga__key *credential = beluga__zalloc(&runtime->allocator, sizeof *credential);
    char *copy = copy_secret(reference);
    if (!credential || !copy) {
        beluga__release(&runtime->allocator, credential);
        forget(copy);
        return NULL;
    }
    atomic_init(&credential->refs, 1);
    credential->runtime = runtime;
    credential->source = from;
    credential->reference = copy;
    pthread_mutex_init(&credential->lock, NULL);
    return credential;
}

int beluga__key_new_source(beluga__runtime *runtime, const beluga_key_source *key_source,
                           beluga__key **out, beluga_error *err)
{
    if (!key_source->get)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "key_source has no function");
    *out = new_credential(runtime, SOURCE_FUNCTION, "");
    if (!*out) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the key");
    (*out)->function = key_source;
    return 0;
}

int beluga__key_new_value(beluga__runtime *runtime, const char *value, beluga__key **out,
                          beluga_error *err)
{
    *out = new_credential(runtime, SOURCE_VALUE, value);
    return *out ? 0 : beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the key");
}

/* What a key has that no header can carry, such as the quotation marks of a word processor; NULL:
 * nothing. */
static const char *unsendable(const char *key)
{
    size_t n = strlen(key);
    beluga__misfit unused;
    if (beluga__utf8_valid(key, n) != n) return "is not UTF-8";
    if (!beluga__fits_name(key, n, &unused))
        return "has a control character in it, such as a line break";
    for (const unsigned char *at = (const unsigned char *)key; *at; at++)
        if (*at > 0xc3) return "has a character in it that HTTP can't send (beyond Latin-1)";
    return NULL;
}

static int check_sendable(const char *key, const char *from, beluga_error *err)
{
    const char *what = unsendable(key);
    if (!what) return 0;
    return beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "the key in %.100s %s", from, what);
}

/* A key is often pasted, or read from a file, with a line break behind it. */
static int trim_value(beluga__key *credential, const char *name, beluga_error *err)
{
    char *key = credential->reference;
    size_t skip = strspn(key, " \t\r\n"), n = strlen(key + skip);
    while (n && strchr(" \t\r\n", key[skip + n - 1])) n--;
    memmove(key, key + skip, n);
    memset(key + n, 0, strlen(key + n));
    if (!*key && name)
        return beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION,
                                "the key's variable %.100s has nothing but white space", name);
    return check_sendable(key, name ? name : "api_key", err);
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
    *out = new_credential(runtime, from, value);
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

const char *beluga__key_variable(const beluga__key *credential)
{
    return credential->variable;
}

bool beluga__key_is_value(const beluga__key *credential)
{
    return credential->source == SOURCE_VALUE;
}

void beluga__key_unref(beluga__key *credential)
{
    if (!credential || atomic_fetch_sub_explicit(&credential->refs, 1, memory_order_acq_rel) != 1)
        return;
    const beluga_allocator *allocator = &credential->runtime->allocator;
    forget(credential->key);
    forget(credential->reference);
    beluga__release(allocator, credential->variable);
    pthread_mutex_destroy(&credential->lock);
    beluga__release(allocator, credential);
}

/* --- reading a file or a command's output; on the executor ------------------------------------ */

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

/* The first line, without the white space around it. */
static char *trimmed(char *text, size_t n, beluga_error *err)
{
    char *newline = memchr(text, '\n', n);
    if (newline) n = (size_t)(newline - text);
    while (n && strchr(" \t\r", text[n - 1])) n--;
    while (n && strchr(" \t", *text)) text++, n--;
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

static ssize_t read_source(beluga__key *credential, char *buffer, size_t size, int64_t *expires_s,
                           beluga_error *err)
{
    *expires_s = 0;
    switch (credential->source) {
    case SOURCE_FILE: return read_file(credential->reference, buffer, size, err);
    case SOURCE_COMMAND:
        return beluga__command_read(credential->reference, "the key's command",
                                    BELUGA__COMMAND_TIMEOUT_MS, &credential->unwanted, buffer, size,
                                    err);
    case SOURCE_AWS:
        return beluga__aws_key(credential->reference, &credential->unwanted, buffer, size,
                               expires_s, err);
    default: return ask_function(credential->function, buffer, size, expires_s, err);
    }
}

static const char *source_name(source from)
{
    static const char *const names[] = {"value", "file", "command", "profile", "function"};
    return names[from];
}

/* For a person: where it is from. */
static const char *source_label(const beluga__key *credential)
{
    static const char *const labels[] = {"api_key", "its file", "its command's output",
                                         "its profile", "its function's answer"};
    return labels[credential->source];
}

static char *fetch(beluga__key *credential, int64_t *expires_s, beluga_error *err)
{
    char *buffer = beluga__alloc(beluga__secret_allocator(), BELUGA__MAX_KEY_BYTES), *key = NULL;
    err->code = 0;
    if (buffer) {
        ssize_t n = read_source(credential, buffer, BELUGA__MAX_KEY_BYTES, expires_s, err);
        if (n >= 0) key = trimmed(buffer, (size_t)n, err);
        forget(buffer);
    } else
        beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the key");
    if (key && *key && !check_sendable(key, source_label(credential), err)) return key;
    forget(key);
    if (!err->code)
        beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "the key's %s gave nothing",
                         source_name(credential->source));
    return NULL;
}

/* --- telling those who wait ------------------------------------------------------------------- */

static void answer(beluga__mail *mail, beluga_loop *loop)
{
    struct beluga__key_request *request =
        beluga__container_of(mail, struct beluga__key_request, mail);
    beluga__key *credential = request->credential;
    const beluga_allocator *allocator = &credential->runtime->allocator;
    beluga__key_wait *wait = loop ? request->wait : NULL;
    if (wait) {
        wait->request = NULL;
        wait->ready(wait, request->key, request->key ? NULL : &request->error);
    }
    forget(request->key);
    beluga__mailbox_unref(request->mailbox);
    beluga__release(allocator, request);
    beluga__runtime *runtime = credential->runtime;
    beluga__key_unref(credential);
    runtime->unref(runtime);
}

static void tell_all(struct beluga__key_request *request, const char *key, const beluga_error *err)
{
    while (request) {
        struct beluga__key_request *next = request->next;
        if (key) request->key = copy_secret(key);
        if (!request->key && key)
            beluga_error_set(&request->error, BELUGA_ERROR_NO_MEMORY, "no memory for the key");
        else if (!key)
            request->error = *err;
        beluga__mailbox_post(request->mailbox, &request->mail);
        request = next;
    }
}

static void hold(beluga__key *credential)
{
    atomic_fetch_add_explicit(&credential->refs, 1, memory_order_relaxed);
    credential->runtime->ref(credential->runtime);
}

static void let_go(beluga__key *credential)
{
    beluga__runtime *runtime = credential->runtime;
    beluga__key_unref(credential);
    runtime->unref(runtime);
}

/* Whether somebody waits. The lock is held. */
static bool is_wanted(const beluga__key *credential)
{
    const struct beluga__key_request *request = credential->waiting;
    while (request && request->dropped) request = request->next;
    return request != NULL;
}

/* Whether what was asked ended only because nobody wanted it. */
static bool was_unwanted(const beluga__key *credential, const beluga_error *err)
{
    return credential->source != SOURCE_FUNCTION && err->code == BELUGA_ERROR_CONTEXT_CANCELED;
}

/* The asking is over: with a key, or with an error. Returns false where it was unwanted, and
 * somebody has come since. */
static bool settle(beluga__key *credential, const char *key, int64_t expires_s,
                   const beluga_error *err)
{
    char *copy = key ? copy_secret(key) : NULL;
    bool cancelled = !key && was_unwanted(credential, err);
    pthread_mutex_lock(&credential->lock);
    if (cancelled && is_wanted(credential)) {
        pthread_mutex_unlock(&credential->lock);
        return false; /* without a key there is no copy either */
    }
    forget(credential->key);
    credential->key = copy;
    credential->expires_s = expires_s;
    credential->kept_ns = beluga__ends_ns(KEPT_MS);
    credential->failure = key || cancelled ? 0 : err->code;
    credential->asking = false;
    struct beluga__key_request *waiting = credential->waiting;
    credential->waiting = NULL;
    pthread_mutex_unlock(&credential->lock);
    tell_all(waiting, key, err);
    return true;
}

/* On the executor; holds a reference to the credential and the runtime. */
static void ask(void *argument)
{
    beluga__key *credential = argument;
    beluga_error err;
    int64_t expires_s = 0;
    const beluga__runtime *outside = beluga__enter(credential->runtime);
    char *key;
    do key = fetch(credential, &expires_s, &err);
    while (!settle(credential, key, expires_s, &err));
    beluga__leave(outside);
    forget(key);
    let_go(credential);
}

/* Without the lock: a host's executor may run the work before it returns. */
static void start_asking(beluga__key *credential)
{
    hold(credential);
    int status = credential->runtime->submit(credential->runtime, ask, credential);
    if (!status) return;
    beluga_error err;
    /* a host's executor may say anything */
    if (status == BELUGA_ERROR_CONTEXT_CANCELED) status = BELUGA_ERROR_AUTHENTICATION;
    bool limit = status == BELUGA_ERROR_LIMIT_EXCEEDED;
    beluga_error_set(&err, status, "the key can't be resolved: %s",
                     limit ? "no thread can be had, or too much waits for one"
                           : beluga_error_text(status));
    settle(credential, NULL, 0, &err);
    let_go(credential);
}

/* The thread that asks for a parent process is not in its child, and those who wait there are not
 * the child's. The lock is held. */
static void forget_parents(beluga__key *credential)
{
    uint32_t generation = beluga__fork_generation();
    if (credential->generation == generation) return;
    credential->generation = generation;
    credential->asking = false;
    credential->waiting = NULL;
    atomic_store(&credential->unwanted, false);
}

/* The lock is held. */
static int queue(beluga__key *credential, beluga_loop *loop, beluga__key_wait *wait)
{
    const beluga_allocator *allocator = &credential->runtime->allocator;
    beluga__mailbox *mailbox;
    int status = beluga__loop_mailbox(loop, &mailbox);
    if (status) return status;
    struct beluga__key_request *request = beluga__zalloc(allocator, sizeof *request);
    if (!request) return BELUGA_ERROR_NO_MEMORY;
    hold(credential);
    request->mail.run = answer;
    request->wait = wait;
    request->mailbox = beluga__mailbox_ref(mailbox);
    request->credential = credential;
    request->next = credential->waiting;
    credential->waiting = request;
    atomic_store(&credential->unwanted, false);
    wait->request = request;
    return 0;
}

static bool is_good(const beluga__key *credential)
{
    return credential->expires_s ? beluga__wall_s() < credential->expires_s
                                 : beluga__now_ns() < credential->kept_ns;
}

int beluga__key_get(beluga__key *credential, beluga_loop *loop, beluga__arena *arena,
                    beluga__key_wait *wait, const char **key, beluga_error *err)
{
    if (credential->source == SOURCE_VALUE) {
        *key = credential->reference; /* lives as long as the model, which the call holds */
        return 1;
    }
    int status = 0;
    bool first = false;
    pthread_mutex_lock(&credential->lock);
    forget_parents(credential);
    if (credential->key && is_good(credential)) {
        *key = beluga__arena_copy(arena, credential->key, strlen(credential->key));
        status = *key ? 1 : BELUGA_ERROR_NO_MEMORY;
    } else
        status = queue(credential, loop, wait);
    if (status == 0) {
        first = !credential->asking;
        credential->asking = true;
    }
    pthread_mutex_unlock(&credential->lock);
    if (first) start_asking(credential);
    if (status >= 0) return status;
    bool limit = status == BELUGA_ERROR_LIMIT_EXCEEDED;
    return beluga_error_set(err, status, "the key can't be resolved: no %s",
                            limit ? "descriptors (see ulimit -n)" : "memory");
}

/* A command that runs for nobody is ended. */
void beluga__key_cancel(beluga__key_wait *wait)
{
    struct beluga__key_request *request = wait->request;
    if (!request) return;
    beluga__key *credential = request->credential;
    wait->request = NULL;
    request->wait = NULL;
    pthread_mutex_lock(&credential->lock);
    request->dropped = true;
    atomic_store(&credential->unwanted, !is_wanted(credential));
    pthread_mutex_unlock(&credential->lock);
}

bool beluga__key_renews(const beluga__key *credential)
{
    return credential->source != SOURCE_VALUE;
}

bool beluga__key_expire(beluga__key *credential)
{
    pthread_mutex_lock(&credential->lock);
    credential->expires_s = credential->kept_ns = 0;
    pthread_mutex_unlock(&credential->lock);
    return beluga__key_renews(credential);
}

int beluga__key_late(const beluga__key *credential, beluga_error *err)
{
    return beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "the key's %s gave no answer in time",
                            source_name(credential->source));
}

int beluga__key_check(beluga__key *credential, beluga_error *err)
{
    if (credential->source == SOURCE_FILE && access(credential->reference, R_OK))
        return beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "the key's file %s can't be read",
                                credential->reference);
    pthread_mutex_lock(&credential->lock);
    int failure = credential->failure;
    pthread_mutex_unlock(&credential->lock);
    if (!failure) return 0;
    return beluga_error_set(err, failure, "the key's %s gave no key when it was last asked",
                            source_name(credential->source));
}
