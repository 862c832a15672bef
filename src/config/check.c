/* Checks a whole file. It is read as usual, except that its problems are recorded. Then its
 * settings are compared with the providers' tables, and its references are checked. */
#include "base/errno_text.h"
#include "base/mem.h"
#include "base/secret_memory.h"
#include "config/config.h"
#include "keys/key.h"
#include "registry/registry.h"

#include <beluga/registry.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHORTEST_SECRET = 8 }; /* shorter texts are the dummy keys of local servers, not secrets */

typedef struct beluga_config_checking {
    beluga__config_problems report;
    beluga_config_check_fn check; /* the host program's function; NULL: none */
    void *payload;
    beluga_registry *registry;
    beluga_config *config; /* contains only the file that is checked */
    const beluga__config_file *file;
    bool has_secret; /* the file holds a secret in clear text */
    int secret_line, secret_column;
} checking;

#define error_at(c, at, ...) \
    beluga__config_note(&(c)->report, BELUGA_SEVERITY_ERROR, (at)->line, (at)->column, __VA_ARGS__)
#define warn_at(c, at, ...)                                                              \
    beluga__config_note(&(c)->report, BELUGA_SEVERITY_WARNING, (at)->line, (at)->column, \
                        __VA_ARGS__)

/* --- secrets and references ------------------------------------------------------------------- */

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static void check_variable(checking *c, const beluga__config_entry *e, const char *what,
                           const char *name)
{
    const char *value = secure_getenv(name);
    if (!*name)
        error_at(c, e, "%s: \"env:\" is not followed by the name of a variable", what);
    else if (!value || !*value)
        warn_at(c, e, "%s: the variable %.60s is not set", what, name);
}

static void check_secret_file(checking *c, const beluga__config_entry *e, const char *what,
                              const char *path)
{
    char text[128];
    struct stat info;
    if (stat(path, &info) || access(path, R_OK))
        error_at(c, e, "%s: the file %.200s can't be read: %s", what, path,
                 beluga__errno_text(errno, text, sizeof text));
    else if (S_ISDIR(info.st_mode))
        error_at(c, e, "%s: %.200s is a directory", what, path);
    else if (S_ISREG(info.st_mode) && info.st_mode & (S_IRGRP | S_IROTH | S_IWGRP | S_IWOTH))
        warn_at(c, e,
                "%s: others may read or write the file %.200s (its mode is %03o): set it with "
                "chmod 600",
                what, path, (unsigned)info.st_mode & 0777);
}

/* Check a reference to a secret. A command is not run, since it may ask the user something. Returns
 * false if the text is not a reference. */
static bool check_reference(checking *c, const beluga__config_entry *e, const char *what,
                            const char *value)
{
    if (!beluga__key_is_reference(value)) return false;
    const char *rest = strchr(value, ':') + 1;
    if (begins(value, "env:"))
        check_variable(c, e, what, rest);
    else if (begins(value, "file:"))
        check_secret_file(c, e, what, rest);
    else if (!rest[strspn(rest, " \t")])
        error_at(c, e, "%s: \"command:\" is not followed by a command", what);
    return true;
}

/* Returns the advice for a secret in clear text. It depends on the option, since not every option
 * can be a reference to a secret. */
static const char *advice(const beluga__config_entry *e)
{
    switch (e->option.key) {
    case BELUGA_OPTION_EXTRA_HEADERS:
        return "put it under headers, as env:NAME, file:PATH or command:COMMAND";
    case BELUGA_OPTION_BASE_URL:
        return "put it into api_key or under headers, as env:NAME, file:PATH or command:COMMAND";
    case BELUGA_OPTION_PROXY: return "put it into the variable HTTPS_PROXY";
    default:
        return "put it into a variable, a file or a password store, and write env:NAME, file:PATH "
               "or command:COMMAND";
    }
}

static void tell_secret(checking *c, const beluga__config_entry *e, const char *what)
{
    warn_at(c, e, "%s: there is a secret in clear text here; %s", what, advice(e));
    if (c->has_secret) return;
    c->has_secret = true;
    c->secret_line = e->line;
    c->secret_column = e->column;
}

static void check_key(checking *c, const beluga__config_entry *e)
{
    const char *key = e->option.value.string;
    if (check_reference(c, e, e->name, key) || beluga__key_is_account(key)) return;
    if (strlen(key) >= SHORTEST_SECRET) tell_secret(c, e, e->name);
}

static bool sounds_secret(const char *name, size_t n)
{
    static const char *const words[] = {"auth", "key", "token", "secret", "password", "cookie"};
    char lower[128] = "";
    for (size_t i = 0; i < n && i + 1 < sizeof lower; i++)
        lower[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] | 0x20) : name[i];
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(lower, words[i])) return true;
    return false;
}

static void check_header(checking *c, const beluga__config_entry *e)
{
    const char *line = e->option.value.string, *colon = strchr(line, ':');
    if (!colon) return; /* the form of headers is checked elsewhere */
    char what[160];
    const char *value = colon + 1 + strspn(colon + 1, " \t");
    snprintf(what, sizeof what, "%s: %.*s", e->name, (int)(colon - line < 100 ? colon - line : 100),
             line);
    if (e->option.key == BELUGA_OPTION_HEADERS && check_reference(c, e, what, value)) return;
    if (sounds_secret(line, (size_t)(colon - line)) && strlen(value) >= SHORTEST_SECRET)
        tell_secret(c, e, what);
}

/* Check that a base URL is valid, and look for a password in any URL, such as
 * "https://name:password@server". */
static void check_url(checking *c, const beluga__config_entry *e)
{
    const char *url = e->option.value.string;
    char wrong[BELUGA__WRONG_URL];
    bool base = e->option.key == BELUGA_OPTION_BASE_URL;
    if (base && strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0)
        error_at(c, e, "base_url must begin with http:// or https://");
    else if (base && !beluga__config_check_url(url, wrong))
        error_at(c, e, "%s", wrong);
    const char *scheme = strstr(e->option.value.string, "://");
    const char *host = scheme ? scheme + 3 : e->option.value.string;
    const char *at = memchr(host, '@', strcspn(host, "/?#"));
    const char *colon = at ? memchr(host, ':', (size_t)(at - host)) : NULL;
    if (colon && colon + 1 < at) tell_secret(c, e, e->name);
}

/* Check that each placeholder in a base URL, such as "{account}", is an option of the provider or a
 * variable. */
static void check_places(checking *c, const beluga_provider *provider,
                         const beluga__config_entry *e)
{
    char wrong[BELUGA__WRONG_URL];
    beluga__buf whole;
    beluga__buf_init(&whole, beluga_allocator_default(), BELUGA__MAX_URL_BYTES);
    int status = beluga__config_fill_url(e->option.value.string, provider, NULL, &whole, wrong);
    if (status == BELUGA_ERROR_INVALID_CONFIG) error_at(c, e, "%s", wrong);
    beluga__buf_free(&whole);
}

static void check_secrets(checking *c, const beluga__config_entry *e)
{
    switch (e->option.key) {
    case BELUGA_OPTION_API_KEY: check_key(c, e); break;
    case BELUGA_OPTION_HEADERS:
    case BELUGA_OPTION_EXTRA_HEADERS: check_header(c, e); break;
    case BELUGA_OPTION_BASE_URL:
    case BELUGA_OPTION_PROXY: check_url(c, e); break;
    default: break;
    }
}

static void check_mode(checking *c)
{
    struct stat info;
    if (stat(c->file->path, &info) || !S_ISREG(info.st_mode)) return;
    if (info.st_mode & (S_IWGRP | S_IWOTH))
        beluga__config_note(&c->report, BELUGA_SEVERITY_WARNING, 1, 1,
                            "others may write to this file, and so choose where prompts and keys "
                            "are sent (its mode is %03o): set it with chmod go-w",
                            (unsigned)info.st_mode & 0777);
    if (!c->has_secret || !(info.st_mode & (S_IRGRP | S_IROTH))) return;
    beluga__config_note(
        &c->report, BELUGA_SEVERITY_WARNING, c->secret_line, c->secret_column,
        "others may read this file and the secret in it (its mode is %03o): set it with chmod 600",
        (unsigned)info.st_mode & 0777);
}

/* --- sections --------------------------------------------------------------------------------- */

/* Check one setting by the same rules as when a model is opened. */
static void check_entry(checking *c, const beluga_provider *provider, const beluga__config_entry *e)
{
    beluga__settings *settings = beluga__zalloc(beluga_allocator_default(), sizeof *settings);
    beluga__arena arena;
    beluga_option option = e->option;
    beluga_error why;
    beluga__arena_init(&arena, beluga__secret_allocator(), NULL, 0, BELUGA__MAX_CALL_BYTES);
    int status = settings ? 0 : BELUGA_ERROR_NO_MEMORY;
    if (!status && provider)
        status = beluga__config_name_own(provider, &arena, e->name, &option, &why);
    if (!status && !provider)
        status = beluga__config_check_own(c->registry, e->name, &option, &why);
    if (!status)
        status = beluga__settings_apply(settings, &arena, &option, 1, BELUGA_ORIGIN_FILE, &why);
    if (!status && provider)
        status = beluga__settings_check_all(settings, 'E', provider->name, provider->options, &why);
    else if (!status)
        status = beluga__settings_check(settings, 'E', &why);
    if (status == BELUGA_ERROR_NO_MEMORY)
        c->report.status = status;
    else if (status)
        error_at(c, e, "%s", why.message);
    beluga__arena_free(&arena);
    beluga__release(beluga_allocator_default(), settings);
}

static void tell_meaning(checking *c, int status, const beluga__config_meaning *m,
                         const beluga_error *why)
{
    if (status && *why->message) error_at(c, m, "%s", why->message);
}

/* Returns the provider whose own options may be set in the section that has the reference, or
 * NULL. */
static const beluga_provider *check_model(checking *c, const char *reference, int line, int column)
{
    beluga__config_meaning m = {.line = line, .column = column};
    beluga_error why = {0};
    int status = beluga__config_check_reference(c->config, c->registry, reference, &m, &why);
    tell_meaning(c, status, &m, &why);
    return m.protocol;
}

static bool is_for_http(const beluga__config_entry *e)
{
    return e->option.key == BELUGA_OPTION_HEADERS || e->option.key == BELUGA_OPTION_BODY;
}

/* Check the settings of a section. If the provider is not known, this was reported already, and an
 * own option is accepted if any provider has it. */
static void check_entries(checking *c, const beluga_provider *provider,
                          const beluga__config_section *section)
{
    for (const beluga__config_entry *e = section->entries; e && !c->report.status; e = e->next) {
        check_entry(c, provider, e);
        check_secrets(c, e);
        if (provider && e->option.key == BELUGA_OPTION_BASE_URL) check_places(c, provider, e);
        if (e->option.key == BELUGA_OPTION_FALLBACK)
            check_model(c, e->option.value.string, e->line, e->column);
        if (provider && provider->start && is_for_http(e))
            error_at(c, e, "%s has no effect, since %s does not use HTTP", e->name, provider->name);
    }
}

/* ---- providers and models -------------------------------------------------------------------- */

static bool sets(const beluga__config_section *section, int key)
{
    const beluga__config_entry *e = section->entries;
    while (e && e->option.key != key) e = e->next;
    return e;
}

/* Warn if a provider without code has its base's address, but sets no key. It needs the base's key,
 * but does not inherit it. */
static void check_own_key(checking *c, const beluga_provider *base, const beluga__config_section *s,
                          const beluga__config_meaning *m)
{
    bool wanted = base->key_variables && !(base->capabilities & BELUGA_CAPABILITY_NO_KEY);
    if (wanted && !sets(s, BELUGA_OPTION_BASE_URL) && !sets(s, BELUGA_OPTION_API_KEY))
        warn_at(c, m, "%s goes to %s's address without a key: set api_key, or another base_url",
                s->name, base->name);
}

static void check_provider(checking *c, const beluga__config_section *s)
{
    beluga__config_meaning m = {.line = s->name_line, .column = s->name_column};
    beluga_error why = {0};
    int status = beluga__config_check_provider(c->config, c->registry, s->name, &m, &why);
    tell_meaning(c, status, &m, &why);
    if (!status && sets(s, BELUGA_OPTION_BASE)) check_own_key(c, m.protocol, s, &m);
    check_entries(c, m.protocol, s);
}

/* Check the settings of the provider and of the model together, since an option in one section may
 * require an option in the other. */
static void check_whole(checking *c, const beluga__config_section *s)
{
    beluga__config_meaning m = {.line = s->name_line, .column = s->name_column};
    beluga_config *whole;
    beluga_error why;
    int status = beluga_config_resolve(c->config, c->registry, s->name, &whole, &why);
    if (status == BELUGA_ERROR_NO_MEMORY) c->report.status = status;
    if (status) return; /* that problem was reported already */
    status = beluga__settings_check_company(beluga__config_settings(whole), &why);
    if (status) error_at(c, &m, "%s", why.message);
    beluga_config_free(whole);
}

/* Check an alias by its name, not by its reference, so that an alias that leads back to itself is
 * reported. */
static void check_alias(checking *c, const beluga__config_section *s)
{
    const beluga_provider *provider =
        s->reference ? check_model(c, s->name, s->line, s->column) : NULL;
    check_entries(c, provider, s);
    if (provider && !c->report.status) check_whole(c, s);
}

static void check_all(checking *c)
{
    const beluga__config_file *file = c->file;
    for (const beluga__config_section *s = file->providers.first; s && !c->report.status;
         s = s->next)
        check_provider(c, s);
    for (const beluga__config_section *s = file->models.first; s && !c->report.status; s = s->next)
        check_alias(c, s);
    if (file->default_model && !c->report.status)
        check_model(c, file->default_model, file->line, file->column);
    if (c->check && !c->report.status) c->check(c->payload, c->config, c);
    check_mode(c);
}

void beluga_config_report(beluga_config_checking *c, beluga_severity severity, const char *section,
                          const char *pointer, bool of_name, const char *message)
{
    const char *path;
    int line, column;
    if (beluga_config_section_place(c->config, section, 0, pointer, of_name, &path, &line, &column))
        beluga__config_note(&c->report, severity, line, column, "%s", message);
}

int beluga_config_check_file(beluga_registry *registry, const char *path,
                             beluga_config_problem_fn tell, void *payload, size_t *n_errors,
                             beluga_error *err)
{
    return beluga_config_check_sections(registry, path, NULL, tell, payload, n_errors, err);
}

int beluga_config_check_sections(beluga_registry *registry, const char *path,
                                 beluga_config_check_fn check, beluga_config_problem_fn tell,
                                 void *payload, size_t *n_errors, beluga_error *err)
{
    beluga__config_file *file;
    if (!registry || !path || !tell)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "registry, path or tell is NULL");
    checking c = {.registry = registry, .check = check, .payload = payload};
    beluga__config_problems_init(&c.report, path);
    c.config = beluga_config_new_n(NULL, 0);
    int status = c.config
                     ? beluga__config_file_new(path, &c.report, &file, err)
                     : beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the check");
    if (!status) {
        c.file = c.config->files[c.config->n_files++] = file;
        if (!c.report.status) check_all(&c);
        if (!c.report.status) beluga__config_problems_tell(&c.report, tell, payload);
        status = c.report.status;
        if (status) beluga_error_set(err, status, "%s: no memory to check it", path);
    }
    if (n_errors) *n_errors = c.report.n_errors;
    beluga_config_free(c.config);
    beluga__config_problems_free(&c.report);
    return status;
}
