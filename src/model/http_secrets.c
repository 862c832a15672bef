#include "model/http_secrets.h"

#include "base/secret.h"

/* Returns the next secret to fetch: a header's value, or the key, which comes last. */
static beluga__key *next_key(const beluga__http_secrets *secrets)
{
    const beluga__target *target = secrets->call->target;
    return secrets->n_fetched < target->n_headers ? target->headers[secrets->n_fetched].value
                                                  : target->key;
}

static void take(beluga__http_secrets *secrets, const char *value)
{
    const beluga__target *target = secrets->call->target;
    bool is_key = secrets->n_fetched == target->n_headers;
    if (is_key) {
        secrets->key = value;
        secrets->is_token = secrets->wait.is_token;
    } else
        secrets->header_values[secrets->n_fetched] = value;
    if (value && (is_key || target->headers[secrets->n_fetched].secret))
        secrets->list[secrets->n_listed++] = value;
    secrets->n_fetched++;
}

/* Set the error for a secret that could not be fetched. It may be a header's value and not the key,
 * so the error names the header. */
static int failed(const beluga__http_secrets *secrets, beluga_error *err)
{
    const beluga__target *target = secrets->call->target;
    if (secrets->n_fetched >= target->n_headers) return err->code;
    beluga_error cause = *err;
    return beluga_error_set(err, cause.code, "header %.60s: %s",
                            target->headers[secrets->n_fetched].name, cause.message);
}

int beluga__http_secrets_fetch(beluga__http_secrets *secrets, beluga_error *err)
{
    beluga_call *call = secrets->call;
    while (secrets->n_fetched <= call->target->n_headers) {
        beluga__key *key = next_key(secrets);
        const char *value = NULL;
        int status = 1;
        if (key)
            status = beluga__key_get(key, call->loop, &call->arena, &secrets->wait, &value, err);
        if (status <= 0) return status ? failed(secrets, err) : 0;
        if (key && beluga__key_renews(key)) secrets->renew = true;
        take(secrets, value);
    }
    return 1;
}

/* Called when a value has been fetched after a wait. Such a value is new, so `renew` is not set. */
static void key_ready(beluga__key_wait *wait, const char *key, const beluga_error *key_err)
{
    beluga__http_secrets *secrets = beluga__container_of(wait, beluga__http_secrets, wait);
    beluga_error err;
    int status;
    if (key_err) {
        err = *key_err;
        status = failed(secrets, &err);
    } else if (!(key = beluga__arena_copy(&secrets->call->arena, key, strlen(key))))
        status = beluga_error_set(&err, BELUGA_ERROR_NO_MEMORY, "no memory for the request");
    else {
        take(secrets, key);
        status = beluga__http_secrets_fetch(secrets, &err);
        if (!status) return; /* another secret is still being fetched */
    }
    secrets->ready(secrets, status > 0 ? 0 : status, &err);
}

int beluga__http_secrets_init(beluga__http_secrets *secrets, beluga_call *call,
                              void (*ready)(beluga__http_secrets *, int, beluga_error *),
                              beluga_error *err)
{
    size_t n = call->target->n_headers;
    secrets->call = call;
    secrets->ready = ready;
    secrets->wait.ready = key_ready;
    if (n && !(secrets->header_values = beluga__arena_zalloc(&call->arena, n * sizeof(char *))))
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the headers");
    /* n + 2: also for the key and for the NULL at the end. */
    secrets->list = beluga__arena_zalloc(&call->arena, (n + 2) * sizeof *secrets->list);
    if (secrets->list) return 0;
    return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the key");
}

void beluga__http_secrets_forget(beluga__http_secrets *secrets)
{
    secrets->n_fetched = 0;
    secrets->key = NULL;
    while (secrets->n_listed) secrets->list[--secrets->n_listed] = NULL;
}

void beluga__http_secrets_cancel(beluga__http_secrets *secrets)
{
    beluga__key_cancel(&secrets->wait);
}

/* The error is not retryable, since another attempt would wait for the same secret. */
int beluga__http_secrets_late(const beluga__http_secrets *secrets, beluga_error *err)
{
    beluga__key_late(next_key(secrets), err);
    return failed(secrets, err);
}

bool beluga__http_secrets_refused(beluga__http_secrets *secrets)
{
    const beluga__target *target = secrets->call->target;
    bool renews = target->key && beluga__key_expire(target->key, secrets->key);
    for (size_t i = 0; i < target->n_headers; i++) {
        beluga__key *value = target->headers[i].value;
        if (value && beluga__key_expire(value, secrets->header_values[i])) renews = true;
    }
    return renews && secrets->renew;
}

void beluga__http_secrets_mask(const beluga__http_secrets *secrets, char *bytes, size_t n)
{
    beluga__secrets_mask(secrets->list, bytes, n);
}
