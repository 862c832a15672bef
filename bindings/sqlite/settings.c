#include "settings.h"

#include "../database/session.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_NAME = 64, MAX_PATH = 4096, MAX_CONCURRENCY = 256 };

#define MAX_ANSWER "BELUGA_SQLITE_MAX_ANSWER_BYTES"

typedef enum kind { TEXT, COUNT, MONEY, TIME } kind;

typedef struct row {
    const char *name;
    kind kind;
    size_t offset;
    const char *variable;
    int64_t least, most; /* of a COUNT */
} row;

#define AT(member) offsetof(settings, member)
static const row rows[] = {
    {"config_file", TEXT, AT(policy.config_file), "BELUGA_CONFIG", 0, 0},
    {"allowed_hosts", TEXT, AT(policy.allowed_hosts), "BELUGA_SQLITE_ALLOWED_HOSTS", 0, 0},
    {"allowed_models", TEXT, AT(policy.allowed_models), "BELUGA_SQLITE_ALLOWED_MODELS", 0, 0},
    {"prices", TEXT, AT(policy.prices), "BELUGA_SQLITE_PRICES", 0, 0},
    {"budget_cost", MONEY, AT(policy.budget_cost), "BELUGA_SQLITE_BUDGET_COST", 0, 0},
    {"budget_tokens", COUNT, AT(policy.budget_tokens), "BELUGA_SQLITE_BUDGET_TOKENS", 0, INT64_MAX},
    {"budget_calls", COUNT, AT(policy.budget_calls), "BELUGA_SQLITE_BUDGET_CALLS", 0, INT64_MAX},
    {"max_answer_bytes", COUNT, AT(policy.max_answer_bytes), MAX_ANSWER, DB_LEAST_ANSWER_BYTES,
     DB_MOST_ANSWER_BYTES},
    {"model", TEXT, AT(model), "BELUGA_SQLITE_MODEL", 0, 0},
    {"embedding_model", TEXT, AT(embedding_model), "BELUGA_SQLITE_EMBEDDING_MODEL", 0, 0},
    {"timeout", TIME, AT(timeout_ms), "BELUGA_SQLITE_TIMEOUT", 0, 0},
    {"concurrency", COUNT, AT(concurrency), "BELUGA_SQLITE_CONCURRENCY", 1, MAX_CONCURRENCY},
};
enum { N_ROWS = sizeof rows / sizeof *rows };

/* ---- one of them ----------------------------------------------------------------------------- */

static int bad(const row *r, const char *what, beluga_error *err)
{
    return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "%s (%s) is not %s", r->name,
                            r->variable, what);
}

static int bad_count(const row *r, beluga_error *err)
{
    char what[MAX_NAME];
    snprintf(what, sizeof what, "a whole number from %lld to %lld", (long long)r->least,
             (long long)r->most);
    return bad(r, r->most == INT64_MAX ? "a whole number, 0 or more" : what, err);
}

static int set_text(char **slot, const char *value, beluga_error *err)
{
    char *own = strdup(value);
    if (!own) return db_no_memory(err);
    free(*slot);
    *slot = own;
    return 0;
}

static int set_count(const row *r, int64_t *slot, const char *value, beluga_error *err)
{
    char *end;
    errno = 0;
    long long n = strtoll(value, &end, 10);
    if (end == value || *end || errno || n < r->least || n > r->most) return bad_count(r, err);
    *slot = n;
    return 0;
}

static int set_money(const row *r, double *slot, const char *value, beluga_error *err)
{
    char *end;
    double money = strtod(value, &end);
    if (end == value || *end || !(money >= 0 && money < 1e9)) return bad(r, "an amount", err);
    *slot = money;
    return 0;
}

static int set_time(const row *r, int64_t *slot, const char *value, beluga_error *err)
{
    char text[MAX_NAME];
    beluga_option option;
    int n = snprintf(text, sizeof text, "timeout=%s", value);
    if (n >= (int)sizeof text || beluga_option_parse(text, &option, NULL))
        return bad(r, "a time, such as 30s", err);
    *slot = option.value.integer;
    return 0;
}

static void *slot_of(settings *s, const row *r)
{
    return (char *)s + r->offset;
}

static int set_row(settings *s, const row *r, const char *value, beluga_error *err)
{
    void *slot = slot_of(s, r);
    switch (r->kind) {
    case TEXT: return set_text(slot, value, err);
    case COUNT: return set_count(r, slot, value, err);
    case MONEY: return set_money(r, slot, value, err);
    case TIME: return set_time(r, slot, value, err);
    }
    return 0;
}

int settings_set(settings *s, const char *name, const char *value, beluga_error *err)
{
    for (size_t i = 0; i < N_ROWS; i++)
        if (strcmp(rows[i].name, name) == 0) return set_row(s, &rows[i], value, err);
    return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "there is no setting %s", name);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static int set_line(settings *s, const char *line, size_t n, beluga_error *err)
{
    char text[MAX_PATH];
    if (n >= sizeof text)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "a line of settings is too long");
    memcpy(text, line, n);
    text[n] = '\0';
    char *equals = strchr(text, '=');
    if (!equals)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "no \"=\" in the setting %s",
                                text);
    *equals = '\0';
    return settings_set(s, text, equals + 1, err);
}

int settings_set_lines(settings *s, const char *lines, beluga_error *err)
{
    int status = 0;
    while (*lines && !status) {
        size_t n = strcspn(lines, "\n");
        if (n) status = set_line(s, lines, n, err);
        lines += n + (lines[n] == '\n');
    }
    return status;
}

/* Use the configuration file of the command "beluga", so that its keys and aliases work in SQL,
 * too. */
static int find_file(settings *s, beluga_error *err)
{
    char path[MAX_PATH];
    const char *folder = secure_getenv("XDG_CONFIG_HOME"), *between = "";
    if (!folder || !*folder) {
        folder = secure_getenv("HOME");
        between = "/.config";
    }
    if (s->policy.config_file || !folder || !*folder) return 0;
    int n = snprintf(path, sizeof path, "%s%s/beluga/config.yaml", folder, between);
    if (n >= (int)sizeof path || access(path, F_OK)) return 0;
    return set_text((char **)&s->policy.config_file, path, err);
}

int settings_read(settings *s, beluga_error *err)
{
    int status = 0;
    s->policy.max_answer_setting = MAX_ANSWER;
    for (size_t i = 0; i < N_ROWS && !status; i++) {
        const char *value = secure_getenv(rows[i].variable);
        if (value) status = set_row(s, &rows[i], value, err);
    }
    return status ? status : find_file(s, err);
}

void settings_free(settings *s)
{
    for (size_t i = 0; i < N_ROWS; i++)
        if (rows[i].kind == TEXT) free(*(char **)slot_of(s, &rows[i]));
    *s = (settings){0};
}
