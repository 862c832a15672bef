/* Reads the MCP servers of a configuration: entries under `mcp_servers` become settings. */
#include "base/arena.h"
#include "base/folder.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/secret_memory.h"
#include "base/text.h"
#include "mcp/expand.h"

#include <beluga/mcp.h>
#include <beluga/provider/json.h>

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTION "mcp_servers"

enum { POINTER = 512, LONGEST_S = 24 * 60 * 60 };

/* Settings, together with the memory of their texts. */
typedef struct owned {
    beluga_mcp_settings settings;
    beluga__arena arena;
} owned;

/* The section of one file. */
typedef struct section {
    const beluga_config *config;
    size_t index;
    beluga_json_doc *doc;
    const beluga_json *root;
    int status;            /* NO_MEMORY: there was no memory to parse the section */
    char folder[PATH_MAX]; /* folder of the file, absolute */
} section;

/* The state of reading one entry. */
typedef struct reading {
    owned *out;
    const section *at;
    const char *name;
    beluga_config_checking *checking; /* NULL: the first fault is returned as the error */
    beluga_error *err;
    int status;
} reading;

/* --- sections --------------------------------------------------------------------------------- */

static void find_folder(section *s)
{
    const char *path = "";
    int line, column;
    beluga_config_section_place(s->config, SECTION, s->index, "", true, &path, &line, &column);
    beluga__folder_of(path, s->folder);
}

/* Parse the section of a file into `doc`, which the caller frees. Returns false after the last
 * file, or if out of memory. */
static bool parse_section(section *s, const beluga_config *config, size_t index)
{
    const char *json;
    size_t length;
    *s = (section){.config = config, .index = index};
    if (!beluga_config_section(config, SECTION, index, &json, &length)) return false;
    s->status = beluga_json_parse(json, length, &s->doc, NULL);
    if (s->status) return false;
    s->root = beluga_json_doc_root(s->doc);
    find_folder(s);
    return true;
}

/* Find the entry with this name, in the newest file that has one. Returns NULL if no file has such
 * an entry, or if out of memory (`status` is set then). Free `doc` afterwards, also on failure. */
static const beluga_json *find_entry(section *found, const beluga_config *config, const char *name)
{
    section s;
    const beluga_json *value = NULL;
    *found = (section){.config = config};
    for (size_t i = 0; parse_section(&s, config, i); i++) {
        const beluga_json *here = beluga_json_get(s.root, name);
        if (here) {
            beluga_json_doc_free(found->doc);
            *found = s;
            value = here;
        } else
            beluga_json_doc_free(s.doc);
    }
    found->status = s.status;
    return s.status ? NULL : value;
}

/* --- faults ----------------------------------------------------------------------------------- */

/* Report a warning: a variable is not set. This is no fault, since it may be set where the file is
 * used. */
static void warn(reading *r, const char *member, const char *item, const char *message)
{
    char pointer[POINTER] = "";
    beluga__text_add_step(pointer, sizeof pointer, r->name);
    beluga__text_add_step(pointer, sizeof pointer, member);
    if (item) beluga__text_add_step(pointer, sizeof pointer, item);
    beluga_config_report(r->checking, BELUGA_SEVERITY_WARNING, SECTION, pointer, false, message);
}

static void fault(reading *r, const char *member, const char *item, bool of_name,
                  const char *format, ...) BELUGA_PRINTF(5, 6);

/* Report a fault of an entry, of one of its members, or of an item of a member. */
static void fault(reading *r, const char *member, const char *item, bool of_name,
                  const char *format, ...)
{
    char pointer[POINTER] = "", message[512];
    const char *path = "";
    int line = 0, column = 0;
    va_list values;
    va_start(values, format);
    vsnprintf(message, sizeof message, format, values);
    va_end(values);
    beluga__text_add_step(pointer, sizeof pointer, r->name);
    if (member) beluga__text_add_step(pointer, sizeof pointer, member);
    if (item) beluga__text_add_step(pointer, sizeof pointer, item);
    if (r->checking)
        beluga_config_report(r->checking, BELUGA_SEVERITY_ERROR, SECTION, pointer, of_name,
                             message);
    else if (!r->status) {
        beluga_config_section_place(r->at->config, SECTION, r->at->index, pointer, of_name, &path,
                                    &line, &column);
        beluga_error_set(r->err, BELUGA_ERROR_INVALID_CONFIG, "%s:%d:%d: %s", path, line, column,
                         message);
    }
    if (!r->status) r->status = BELUGA_ERROR_INVALID_CONFIG;
}

static void no_memory(reading *r)
{
    r->status =
        beluga_error_set(r->err, BELUGA_ERROR_NO_MEMORY, "no memory for MCP server %s", r->name);
}

/* --- texts ------------------------------------------------------------------------------------ */

/* Returns a text from the file; NULL after a fault. */
static const char *text_of(reading *r, const char *member, const char *item,
                           const beluga_json *value)
{
    size_t n = 0;
    const char *text = beluga_json_string(value, &n);
    if (text && strlen(text) == n) return text;
    fault(r, member, item, false, "%s must be text%s", member,
          text ? " without NUL bytes" : " (put quotes around a number)");
    return NULL;
}

static const char *keep(reading *r, const beluga__buf *text)
{
    const char *copy = beluga__arena_copy(&r->out->arena, text->data, text->length);
    if (!copy) no_memory(r);
    return copy;
}

/* Resolve a text: expand its variables, or fetch a secret that it refers to. Returns the result
 * after `prefix`. While a file is being checked nothing is fetched. */
static const char *stands_for(reading *r, const char *member, const char *item, const char *prefix,
                              const char *text, bool is_secret)
{
    beluga__buf out;
    beluga_error why;
    const char *kept = NULL;
    beluga__buf_init(&out, beluga__secret_allocator(), BELUGA__MAX_KEY_BYTES);
    beluga__buf_puts(&out, prefix);
    int status = r->checking ? beluga__mcp_expand_check(text, is_secret, &why)
                 : is_secret ? beluga__mcp_fetch(&out, text, &why)
                             : beluga__mcp_expand(&out, text, &why);
    if (r->checking && status == BELUGA_ERROR_NOT_FOUND)
        warn(r, member, item, why.message);
    else if (status)
        fault(r, member, item, false, "%s: %s", item ? item : member, why.message);
    else
        kept = keep(r, &out);
    beluga__buf_free(&out);
    return kept;
}

/* Make a path absolute; it is relative to the folder of the file. */
static const char *in_folder(reading *r, const char *path)
{
    beluga__buf whole;
    if (!path || *path == '/') return path;
    beluga__buf_init(&whole, r->out->arena.allocator, BELUGA__MAX_KEY_BYTES);
    beluga__buf_printf(&whole, "%s/%s", r->at->folder, path);
    const char *kept = whole.status ? NULL : keep(r, &whole);
    if (whole.status) no_memory(r);
    beluga__buf_free(&whole);
    return kept;
}

static const char *plain(reading *r, const char *member, const beluga_json *value)
{
    const char *text = text_of(r, member, NULL, value);
    return text ? stands_for(r, member, NULL, "", text, false) : NULL;
}

static const char **new_list(reading *r, size_t n)
{
    const char **list = beluga__arena_zalloc(&r->out->arena, (n + 1) * sizeof *list);
    if (!list) no_memory(r);
    return list;
}

/* Read a list of texts. */
static const char *const *list_of(reading *r, const char *member, const beluga_json *value)
{
    char item[24];
    size_t n = 0;
    if (!beluga_json_is_array(value)) {
        fault(r, member, NULL, false, "%s must be a list of texts", member);
        return NULL;
    }
    const char **list = new_list(r, beluga_json_count(value));
    const beluga_json *v = list ? beluga_json_first(value) : NULL;
    for (; v; v = beluga_json_next(value, v)) {
        snprintf(item, sizeof item, "%zu", n);
        const char *text = text_of(r, member, item, v);
        if (text) list[n] = stands_for(r, member, item, "", text, false);
        if (list[n]) n++;
    }
    return list;
}

/* Read a map of names and values as a list of "NAME=value", with room for one more item. */
static const char **pairs_of(reading *r, const char *member, const char *separator,
                             const beluga_json *value)
{
    size_t n = 0;
    char prefix[300];
    if (!beluga_json_is_object(value)) {
        fault(r, member, NULL, false, "%s must be a map of names and values", member);
        return NULL;
    }
    const char **list = new_list(r, beluga_json_count(value) + 1);
    const beluga_json *v = list ? beluga_json_first(value) : NULL;
    for (; v; v = beluga_json_next(value, v)) {
        const char *name = beluga_json_key(v, NULL), *text = text_of(r, member, name, v);
        int length = snprintf(prefix, sizeof prefix, "%s%s", name, separator);
        if (!*name || strchr(name, *separator) || length >= (int)sizeof prefix)
            fault(r, member, name, true, "\"%.60s\" can't be a name in %s", name, member);
        else if (text && (list[n] = stands_for(r, member, name, prefix, text, true)))
            n++;
    }
    return list;
}

/* --- members ---------------------------------------------------------------------------------- */

static void read_type(reading *r, const char *member, const beluga_json *value)
{
    static const char *const words[] = {"stdio", "http", "streamable-http", "streamable_http",
                                        "streamableHttp"};
    const char *text = text_of(r, member, NULL, value);
    for (size_t i = 0; text && i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i], text) == 0) return;
    if (text && strcmp(text, "sse") == 0)
        fault(r, member, NULL, false,
              "the transport sse, which streamable HTTP replaced in 2025, is not supported: most "
              "servers have both, so try type: http with another url, such as /mcp");
    else if (text)
        fault(r, member, NULL, false, "type must be stdio or http");
}

static void read_command(reading *r, const char *member, const beluga_json *value)
{
    const char *text = plain(r, member, value);
    r->out->settings.command = text && strchr(text, '/') ? in_folder(r, text) : text;
}

static void read_args(reading *r, const char *member, const beluga_json *value)
{
    r->out->settings.args = list_of(r, member, value);
}

static void read_env(reading *r, const char *member, const beluga_json *value)
{
    r->out->settings.env = pairs_of(r, member, "=", value);
}

static void read_cwd(reading *r, const char *member, const beluga_json *value)
{
    r->out->settings.cwd = in_folder(r, plain(r, member, value));
}

static void read_url(reading *r, const char *member, const beluga_json *value)
{
    r->out->settings.url = plain(r, member, value);
}

/* Read the headers. If api_key was read before, its Authorization header is added to them. */
static void read_headers(reading *r, const char *member, const beluga_json *value)
{
    const char **list = pairs_of(r, member, ": ", value);
    const char *const *before = r->out->settings.headers;
    size_t n = 0;
    while (list && list[n]) n++;
    if (list && before) list[n] = before[0];
    if (list) r->out->settings.headers = list;
}

static void read_api_key(reading *r, const char *member, const beluga_json *value)
{
    const char *text = text_of(r, member, NULL, value), **list = new_list(r, 1);
    if (!text || !list) return;
    list[0] = stands_for(r, member, NULL, "Authorization: Bearer ", text, true);
    const char **others = (const char **)(uintptr_t)r->out->settings.headers;
    while (others && *others) others++;
    if (others)
        *others = list[0];
    else
        r->out->settings.headers = list;
}

static void read_ca_file(reading *r, const char *member, const beluga_json *value)
{
    r->out->settings.ca_file = in_folder(r, plain(r, member, value));
}

/* Read a time. A number without a unit means seconds, as on the command line. */
static int64_t time_of(reading *r, const char *member, const beluga_json *value)
{
    size_t n = 0;
    int64_t ms = 0;
    const char *text = beluga_json_string(value, &n);
    double seconds = beluga_json_double(value, 0);
    if (text && !beluga__text_to_ms(text, n, &ms)) ms = 0;
    if (!text && seconds > 0 && seconds <= LONGEST_S) ms = (int64_t)(seconds * 1000);
    if (ms < 1 || ms > LONGEST_S * INT64_C(1000))
        fault(r, member, NULL, false, "%s must be a time up to 24h, such as 30s, 500ms or 2m",
              member);
    return ms;
}

static void read_timeout(reading *r, const char *member, const beluga_json *value)
{
    r->out->settings.timeout_ms = time_of(r, member, value);
}

static void read_connect_timeout(reading *r, const char *member, const beluga_json *value)
{
    r->out->settings.connect_timeout_ms = time_of(r, member, value);
}

static void read_tools(reading *r, const char *member, const beluga_json *value)
{
    r->out->settings.tools = list_of(r, member, value);
}

static void read_disabled_tools(reading *r, const char *member, const beluga_json *value)
{
    r->out->settings.disabled_tools = list_of(r, member, value);
}

static void read_disabled(reading *r, const char *member, const beluga_json *value)
{
    if (beluga_json_bool(value, false) != beluga_json_bool(value, true))
        fault(r, member, NULL, false, "%s must be true or false", member);
}

/* Check the member "allow", which only the host program uses: it says whether the server's tools
 * may run. */
static void read_allow(reading *r, const char *member, const beluga_json *value)
{
    const char *text = text_of(r, member, NULL, value);
    if (text && strcmp(text, "ask") != 0 && strcmp(text, "always") != 0 &&
        strcmp(text, "never") != 0)
        fault(r, member, NULL, false, "allow must be ask, always or never");
}

static void read_description(reading *r, const char *member, const beluga_json *value)
{
    (void)text_of(r, member, NULL, value);
}

/* The members of an entry. Names that other MCP clients use are accepted as well as our own. */
static const struct {
    const char *name;
    void (*read)(reading *r, const char *member, const beluga_json *value);
} members[] = {
    {"command", read_command},
    {"args", read_args},
    {"env", read_env},
    {"cwd", read_cwd},
    {"url", read_url},
    {"headers", read_headers},
    {"api_key", read_api_key},
    {"ca_file", read_ca_file},
    {"type", read_type},
    {"transport", read_type},
    {"timeout", read_timeout},
    {"connect_timeout", read_connect_timeout},
    {"tools", read_tools},
    {"includeTools", read_tools},
    {"disabled_tools", read_disabled_tools},
    {"disabledTools", read_disabled_tools},
    {"excludeTools", read_disabled_tools},
    {"disabled", read_disabled},
    {"enabled", read_disabled},
    {"allow", read_allow},
    {"description", read_description},
};
#define N_MEMBERS (sizeof members / sizeof *members)

static void unknown(reading *r, const char *name)
{
    for (size_t i = 0; i < N_MEMBERS; i++)
        if (beluga__text_is_near(name, members[i].name)) {
            fault(r, name, NULL, true, "\"%.60s\" is not known here; did you mean %s?", name,
                  members[i].name);
            return;
        }
    fault(r, name, NULL, true,
          "\"%.60s\" is not known here; a server has command, args, env, cwd, or url, headers, "
          "api_key; and timeout, connect_timeout, tools, disabled_tools, disabled, allow",
          name);
}

static void read_member(reading *r, const beluga_json *value)
{
    const char *name = beluga_json_key(value, NULL);
    for (size_t i = 0; i < N_MEMBERS; i++)
        if (strcmp(members[i].name, name) == 0) {
            members[i].read(r, name, value);
            return;
        }
    unknown(r, name);
}

/* --- entries ---------------------------------------------------------------------------------- */

static void check_whole(reading *r, const beluga_json *entry)
{
    bool command = beluga_json_get(entry, "command"), url = beluga_json_get(entry, "url");
    size_t n = strlen(r->name);
    if (!n || n > 32 ||
        strspn(r->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") < n)
        fault(r, NULL, NULL, true,
              "\"%.40s\" can't be a server's name: use 1 to 32 characters of A-Z a-z 0-9 _ -",
              r->name);
    if (command && url)
        fault(r, NULL, NULL, true, "%s has a command and a url: remove one of them", r->name);
    if (!command && !url) fault(r, NULL, NULL, true, "%s needs a command, or a url", r->name);
}

static void read_entry(reading *r, const beluga_json *entry)
{
    beluga_mcp_settings *s = &r->out->settings;
    beluga__arena_init(&r->out->arena, beluga__secret_allocator(), NULL, 0,
                       BELUGA__MAX_MCP_SETTINGS);
    s->size = sizeof *s;
    s->name = beluga__arena_copy(&r->out->arena, r->name, strlen(r->name));
    if (!s->name) no_memory(r);
    if (!beluga_json_is_object(entry)) {
        fault(r, NULL, NULL, false, "%s must be a map with a command or a url", r->name);
        return;
    }
    const beluga_json *m = beluga_json_first(entry);
    for (; m; m = beluga_json_next(entry, m)) read_member(r, m);
    check_whole(r, entry);
}

static bool is_disabled(const beluga_json *entry)
{
    return beluga_json_bool(beluga_json_get(entry, "disabled"), false) ||
           !beluga_json_bool(beluga_json_get(entry, "enabled"), true);
}

int beluga_mcp_settings_read(const beluga_config *config, const char *name,
                             beluga_mcp_settings **out, beluga_error *err)
{
    section at;
    beluga_error why = {.message = ""};
    *out = NULL;
    const beluga_json *entry = find_entry(&at, config, name);
    if (!entry) {
        beluga_json_doc_free(at.doc);
        if (at.status)
            return beluga_error_set(err, at.status, "no memory for MCP server %.60s", name);
        return beluga_error_set(err, BELUGA_ERROR_NOT_FOUND,
                                "the configuration has no MCP server %.60s under " SECTION, name);
    }
    reading r = {.at = &at, .name = name, .err = &why};
    r.out = beluga__zalloc(beluga_allocator_default(), sizeof *r.out);
    if (r.out)
        read_entry(&r, entry);
    else
        no_memory(&r);
    beluga_json_doc_free(at.doc);
    if (!r.status) {
        *out = &r.out->settings;
        return 0;
    }
    if (r.out) beluga_mcp_settings_free(&r.out->settings);
    if (err) *err = why;
    return r.status;
}

void beluga_mcp_settings_free(beluga_mcp_settings *settings)
{
    if (!settings) return;
    owned *o = (owned *)(void *)settings;
    beluga__arena_free(&o->arena);
    beluga__release(beluga_allocator_default(), o);
}

/* Report the servers that are defined in one file, except those that a later file defines again. */
static int tell_names(const section *s, beluga_mcp_name_fn tell, void *payload)
{
    int status = 0;
    const beluga_json *e = beluga_json_first(s->root);
    for (; e && !status; e = beluga_json_next(s->root, e)) {
        section found;
        const char *name = beluga_json_key(e, NULL);
        bool newest = find_entry(&found, s->config, name) && found.index == s->index;
        status = found.status;
        beluga_json_doc_free(found.doc);
        if (newest) tell(payload, name, is_disabled(e));
    }
    return status;
}

int beluga_mcp_names(const beluga_config *config, beluga_mcp_name_fn tell, void *payload)
{
    section s;
    int status = 0;
    for (size_t i = 0; !status && parse_section(&s, config, i); i++) {
        status = tell_names(&s, tell, payload);
        beluga_json_doc_free(s.doc);
    }
    return status ? status : s.status;
}

static void check_entry(const section *at, const beluga_json *entry,
                        beluga_config_checking *checking)
{
    beluga_error err;
    owned out = {.settings = {.size = 0}};
    reading r = {.out = &out,
                 .at = at,
                 .name = beluga_json_key(entry, NULL),
                 .checking = checking,
                 .err = &err};
    read_entry(&r, entry);
    beluga__arena_free(&out.arena);
}

void beluga_mcp_check(const beluga_config *config, beluga_config_checking *checking)
{
    section s;
    for (size_t i = 0; parse_section(&s, config, i); i++) {
        const beluga_json *e = beluga_json_first(s.root);
        for (; e; e = beluga_json_next(s.root, e)) check_entry(&s, e, checking);
        beluga_json_doc_free(s.doc);
    }
}
