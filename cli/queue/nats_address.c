#include "queue/nats_address.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PORT     65535
#define MAX_REPLICAS 5
#define MAX_SECONDS  (7 * 24 * 3600)

static int fail(beluga_error *err, const char *what)
{
    beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "the address of NATS: %s", what);
    return BELUGA_ERROR_INVALID_CONFIG;
}

static int fail_memory(beluga_error *err)
{
    beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory");
    return BELUGA_ERROR_NO_MEMORY;
}

/* ---- pieces of text -------------------------------------------------------------------------- */

typedef struct piece {
    const char *at;
    size_t n;
} piece;

/* Split off the text before the first of the characters `ends`, or the whole text. `rest` then
 * begins after that character. */
static piece take(piece *rest, const char *ends, char *end)
{
    piece first = {rest->at, 0};
    while (first.n < rest->n && !strchr(ends, rest->at[first.n])) first.n++;
    bool found = first.n < rest->n;
    *end = found ? rest->at[first.n] : '\0';
    rest->at += first.n + found;
    rest->n -= first.n + found;
    return first;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Copy a text and decode its escapes (%41 is A). Returns 0; 1 for an invalid escape or a NUL byte;
 * -1 if memory runs out. */
static int decode(piece text, char **out)
{
    char *to = malloc(text.n + 1);
    free(*out);
    *out = to;
    if (!to) return -1;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.at[i];
        if (c == '%') {
            int high = i + 2 < text.n ? digit(text.at[i + 1]) : -1;
            int low = high >= 0 ? digit(text.at[i + 2]) : -1;
            if (low < 0 || high + low == 0) return *to = '\0', 1;
            c = (char)(high * 16 + low);
            i += 2;
        }
        *to++ = c;
    }
    *to = '\0';
    return 0;
}

static int decode_into(piece text, char **out, beluga_error *err)
{
    int rc = decode(text, out);
    if (rc < 0) return fail_memory(err);
    return rc ? fail(err, "% must be followed by two hexadecimal digits, and %00 is not allowed")
              : 0;
}

/* ---- hosts ----------------------------------------------------------------------------------- */

static int take_credentials(nats_address *a, piece text, beluga_error *err)
{
    char end;
    piece user = take(&text, ":", &end);
    if (!end) return decode_into(user, &a->token, err);
    int rc = decode_into(user, &a->user, err);
    return rc ? rc : decode_into(text, &a->password, err);
}

static bool consists_of(piece text, const char *others)
{
    for (size_t i = 0; i < text.n; i++)
        if (!isalnum((unsigned char)text.at[i]) && !strchr(others, text.at[i])) return false;
    return text.n != 0;
}

static bool is_port(piece text)
{
    long port = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (!isdigit((unsigned char)text.at[i]) || port > MAX_PORT) return false;
        port = 10 * port + (text.at[i] - '0');
    }
    return port >= 1 && port <= MAX_PORT;
}

/* Check a host: a name or an IP address, that of version 6 in brackets, and perhaps a port. */
static int check_host(piece host, beluga_error *err)
{
    size_t n = 0, bracket = host.n && *host.at == '[';
    while (n < host.n && host.at[n] != (bracket ? ']' : ':')) n++;
    bool good = bracket ? n < host.n && consists_of((piece){host.at + 1, n - 1}, ":.")
                        : consists_of((piece){host.at, n}, ".-_");
    if (!good)
        return fail(err, "a host is missing or not valid (expected nats://HOST/NAME; an IPv6 "
                         "address must be in brackets)");
    n += bracket;
    if (n == host.n || (host.at[n] == ':' && is_port((piece){host.at + n + 1, host.n - n - 1})))
        return 0;
    return fail(err, "the port after a host must be a number from 1 to 65535; an IPv6 address must "
                     "be in brackets");
}

static int add_server(nats_address *a, piece host, beluga_error *err)
{
    int rc = check_host(host, err);
    if (rc != 0) return rc;
    if (a->n_servers == NATS_MAX_SERVERS) return fail(err, "it has more than 32 hosts");
    char **server = &a->servers[a->n_servers];
    if (asprintf(server, "%s://%.*s", a->tls ? "tls" : "nats", (int)host.n, host.at) < 0) {
        *server = NULL;
        return fail_memory(err);
    }
    a->n_servers++;
    return 0;
}

/* Parse the credentials and the hosts. The credentials end at the last '@', although a '@' in a
 * password should be written as %40. */
static int take_hosts(nats_address *a, piece text, beluga_error *err)
{
    char end = ',';
    int rc = 0;
    while (rc == 0 && end) {
        piece one = take(&text, ",", &end);
        size_t at = one.n;
        while (at && one.at[at - 1] != '@') at--;
        if (at && !a->token && !a->user) rc = take_credentials(a, (piece){one.at, at - 1}, err);
        if (rc == 0) rc = add_server(a, (piece){one.at + at, one.n - at}, err);
    }
    return rc;
}

/* ---- the job, and its settings --------------------------------------------------------------- */

static int take_job(nats_address *a, piece text, beluga_error *err)
{
    if (!text.n)
        return fail(err, "the name of the job or bucket is missing (expected nats://HOST/NAME)");
    bool good = text.n < sizeof a->job;
    for (size_t i = 0; i < text.n && good; i++)
        good = isalnum((unsigned char)text.at[i]) || strchr("-_", text.at[i]);
    if (!good)
        return fail(err, "the name of a job or bucket must have 1 to 64 letters, digits, - and _");
    memcpy(a->job, text.at, text.n);
    return 0;
}

static bool take_number(const char *text, long most, int64_t *out)
{
    char *end;
    long n = strtol(text, &end, 10);
    if (end == text || *end || n < 1 || n > most) return false;
    *out = n;
    return true;
}

static int take_setting(nats_address *a, const char *name, char **value, beluga_error *err)
{
    const struct {
        const char *name;
        char **to;
    } texts[] = {{"creds", &a->creds}, {"nkey", &a->nkey}, {"ca", &a->ca},
                 {"cert", &a->cert},   {"key", &a->key},   {"domain", &a->domain}};
    int64_t n = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(texts[i].name, name) == 0) {
            free(*texts[i].to);
            *texts[i].to = *value;
            *value = NULL;
            return 0;
        }
    if (strcmp(name, "replicas") == 0) {
        if (!take_number(*value, MAX_REPLICAS, &n))
            return fail(err, "replicas must be a number from 1 to 5");
        a->replicas = (int)n;
    } else if (strcmp(name, "ack_wait") == 0 || strcmp(name, "patience") == 0) {
        if (!take_number(*value, MAX_SECONDS, &n))
            return fail(err, "ack_wait and patience must be numbers of seconds, at most a week");
        *(*name == 'a' ? &a->ack_wait_ms : &a->patience_ms) = n * 1000;
    } else {
        return fail(err, "unknown setting after the ?; use replicas, ack_wait, patience, domain, "
                         "creds, nkey, ca, cert and key");
    }
    return 0;
}

static int take_settings(nats_address *a, piece text, beluga_error *err)
{
    int rc = 0;
    while (rc == 0 && text.n) {
        char end, *name = NULL, *value = NULL;
        piece one = take(&text, "&", &end);
        rc = decode_into(take(&one, "=", &end), &name, err);
        if (rc == 0) rc = decode_into(one, &value, err);
        if (rc == 0) rc = take_setting(a, name, &value, err);
        free(name);
        free(value);
    }
    return rc;
}

/* ---- variables ------------------------------------------------------------------------------- */

static int take_variable(char **to, const char *name, beluga_error *err)
{
    const char *value = getenv(name);
    if (*to || !value || !*value) return 0;
    *to = strdup(value);
    return *to ? 0 : fail_memory(err);
}

/* Read the credentials from the environment. Like in the nats tool, a user without a password is a
 * token. */
static int take_variables(nats_address *a, beluga_error *err)
{
    bool given = a->user || a->token || a->creds || a->nkey;
    int rc = take_variable(&a->ca, "NATS_CA", err);
    if (rc == 0) rc = take_variable(&a->cert, "NATS_CERT", err);
    if (rc == 0) rc = take_variable(&a->key, "NATS_KEY", err);
    if (rc != 0 || given) return rc;
    rc = take_variable(&a->creds, "NATS_CREDS", err);
    if (rc == 0) rc = take_variable(&a->nkey, "NATS_NKEY", err);
    if (rc != 0 || a->creds || a->nkey) return rc;
    rc = take_variable(&a->password, "NATS_PASSWORD", err);
    if (rc == 0) rc = take_variable(a->password ? &a->user : &a->token, "NATS_USER", err);
    if (rc == 0 && !a->user) rc = take_variable(&a->token, "NATS_TOKEN", err);
    return rc;
}

/* ---- the address ----------------------------------------------------------------------------- */

/* Messages give commands with this address, so it has the domain: another has other jobs. */
static int describe(nats_address *a, beluga_error *err)
{
    size_t room = sizeof a->job + 16 + (a->domain ? strlen(a->domain) + 8 : 0);
    for (int i = 0; i < a->n_servers; i++) room += strlen(a->servers[i]) + 1;
    char *to = a->where = malloc(room);
    if (!to) return fail_memory(err);
    to += sprintf(to, "%s://", a->tls ? "tls" : "nats");
    for (int i = 0; i < a->n_servers; i++)
        to += sprintf(to, "%s%s", i ? "," : "", strstr(a->servers[i], "://") + 3);
    to += sprintf(to, "/%s", a->job);
    if (a->domain) sprintf(to, "?domain=%s", a->domain);
    return 0;
}

int nats_address_parse(const char *text, nats_address *a, beluga_error *err)
{
    char end;
    *a = (nats_address){.ack_wait_ms = NATS_ACK_WAIT_MS};
    a->tls = strncmp(text, "tls://", 6) == 0;
    if (!a->tls && strncmp(text, "nats://", 7) != 0)
        return fail(err, "it must begin with nats:// or tls://");
    text = strstr(text, "://") + 3;
    piece rest = {text, strlen(text)};
    piece hosts = take(&rest, "/", &end);
    piece job = take(&rest, "?", &end);
    int rc = take_hosts(a, hosts, err);
    if (rc == 0) rc = take_job(a, job, err);
    if (rc == 0) rc = take_settings(a, rest, err);
    if (rc == 0 && a->domain && !consists_of((piece){a->domain, strlen(a->domain)}, "-_"))
        rc = fail(err, "domain must have only letters, digits, - and _");
    if (rc == 0) rc = take_variables(a, err);
    return rc ? rc : describe(a, err);
}

static void wipe(char *text)
{
    if (text) explicit_bzero(text, strlen(text));
    free(text);
}

void nats_address_free(nats_address *a)
{
    for (int i = 0; i < a->n_servers; i++) free(a->servers[i]);
    free(a->where);
    wipe(a->user);
    wipe(a->password);
    wipe(a->token);
    free(a->domain);
    free(a->creds);
    free(a->nkey);
    free(a->ca);
    free(a->cert);
    free(a->key);
    *a = (nats_address){0};
}
