#include "protocol/tools.h"

#include "base/mix.h"

#include <beluga/error.h>
#include <beluga/option.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ----------------------------------------------------------------------------------- */

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static bool fits(const char *name)
{
    size_t n = 0;
    while (is_name_char(name[n])) n++;
    return !name[n] && n && n < PROTOCOL_TOOL_NAME_BYTES;
}

/* Append a name, as far as it fits. Characters other than those of is_name_char are replaced by
 * "_". @return whether everything was appended without changes. */
static bool copy_name(char *room, size_t *used, const char *text)
{
    bool same = true;
    for (; *text && *used < PROTOCOL_TOOL_NAME_BYTES - 1; text++) {
        same = same && is_name_char(*text);
        room[(*used)++] = is_name_char(*text) ? *text : '_';
    }
    room[*used] = '\0';
    return same && !*text;
}

const char *protocol_sent_name(const char *name, const char *name_space,
                               char room[PROTOCOL_TOOL_NAME_BYTES])
{
    enum { HASH_BYTES = 9 };
    size_t used = 0;
    bool same = true;
    if (!name_space && fits(name)) return name;
    if (name_space) {
        same = copy_name(room, &used, name_space);
        same = copy_name(room, &used, "__") && same;
    }
    same = copy_name(room, &used, name) && same;
    if (same && used) return room;
    uint32_t hash = BELUGA__FNV;
    if (name_space) hash = beluga__fnv(hash, name_space, strlen(name_space));
    hash = beluga__fnv(hash, name, strlen(name));
    if (used > PROTOCOL_TOOL_NAME_BYTES - 1 - HASH_BYTES)
        used = PROTOCOL_TOOL_NAME_BYTES - 1 - HASH_BYTES;
    snprintf(room + used, PROTOCOL_TOOL_NAME_BYTES - used, "_%08x", hash);
    return room;
}

static int note_renamed(protocol_request *request, const protocol_tool *tool, const char *sent)
{
    size_t n = request->n_renamed;
    if (n % 16 == 0) {
        protocol_renamed *list = realloc(request->renamed, (n + 16) * sizeof *list);
        if (!list) return BELUGA_ERROR_NO_MEMORY;
        request->renamed = list;
    }
    request->renamed[n] =
        (protocol_renamed){strdup(sent), tool->name, tool->name_space, tool->custom};
    if (!request->renamed[n].sent) return BELUGA_ERROR_NO_MEMORY;
    request->n_renamed++;
    return 0;
}

const protocol_renamed *protocol_find_renamed(const protocol_request *request, const char *sent)
{
    for (size_t i = 0; i < request->n_renamed; i++)
        if (strcmp(request->renamed[i].sent, sent) == 0) return &request->renamed[i];
    return NULL;
}

const char *protocol_tool_name(const protocol_request *request, const char *sent,
                               const char **name_space)
{
    const protocol_renamed *renamed = protocol_find_renamed(request, sent);
    if (name_space) *name_space = renamed ? renamed->name_space : NULL;
    return renamed ? renamed->name : sent;
}

/* ---- tools ----------------------------------------------------------------------------------- */

static int keep_tool(protocol_request *request, const protocol_place *at, beluga_tool *tool)
{
    size_t n = request->n_tools;
    if (n == PROTOCOL_MAX_TOOLS) {
        beluga_tool_unref(tool);
        return protocol_refuse(request, at, NULL, "there are more than %d tools",
                               PROTOCOL_MAX_TOOLS);
    }
    if (n % 16 == 0) {
        beluga_tool **list = realloc(request->tools, (n + 16) * sizeof(beluga_tool *));
        if (!list) {
            beluga_tool_unref(tool);
            return BELUGA_ERROR_NO_MEMORY;
        }
        request->tools = list;
    }
    request->tools[request->n_tools++] = tool;
    return 0;
}

static const beluga_tool *find_tool(const protocol_request *request, const char *sent)
{
    for (size_t i = 0; i < request->n_tools; i++)
        if (strcmp(beluga_tool_name(request->tools[i]), sent) == 0) return request->tools[i];
    return NULL;
}

int protocol_add_tool(protocol_request *request, const protocol_place *at,
                      const protocol_tool *tool)
{
    char room[PROTOCOL_TOOL_NAME_BYTES];
    beluga_error err;
    beluga_tool *made;
    const char *sent = protocol_sent_name(tool->name, tool->name_space, room);
    if (find_tool(request, sent)) return 0;
    const char *parameters =
        tool->parameters ? beluga_json_text(request->doc, tool->parameters, NULL) : NULL;
    const beluga_tool_definition definition = {.size = sizeof definition,
                                               .name = sent,
                                               .description = tool->description,
                                               .parameters = parameters,
                                               .strict = tool->strict};
    if (tool->parameters && !parameters) return BELUGA_ERROR_NO_MEMORY;
    int rc = beluga_tool_new(&definition, &made, &err);
    if (rc == BELUGA_ERROR_NO_MEMORY) return rc;
    if (rc) return protocol_refuse(request, at, NULL, "%s", err.message);
    rc = keep_tool(request, at, made);
    if (rc || (sent != room && !tool->custom)) return rc;
    return note_renamed(request, tool, sent);
}

int protocol_read_function(protocol_request *request, const protocol_place *at,
                           const beluga_json *function, const char *name_space)
{
    protocol_tool tool = {.name_space = name_space};
    const beluga_json *parameters = beluga_json_get(function, "parameters");
    int rc = protocol_need_text(request, at, function, "name", &tool.name, NULL);
    if (rc == 0)
        rc = protocol_get_text(request, at, function, "description", &tool.description, NULL);
    if (rc) return rc;
    if (protocol_is_given(parameters) && !beluga_json_is_object(parameters))
        return protocol_refuse(request, at, "parameters", "it must be an object");
    if (beluga_json_is_object(parameters)) tool.parameters = parameters;
    tool.strict = beluga_json_bool(beluga_json_get(function, "strict"), false);
    return protocol_add_tool(request, at, &tool);
}

/* ---- the tool choice ------------------------------------------------------------------------- */

int protocol_choose(protocol_request *request, const char *choice)
{
    if (!request->n_tools) return 0;
    return protocol_add_option(request, beluga_with_tool_choice(choice));
}

/* Find the name of the chosen tool: in the member "function" of a choice (Chat), or in the choice
 * itself (Responses). */
static const char *name_in(const beluga_json *choice)
{
    const char *name = beluga_json_get_string(beluga_json_get(choice, "function"), "name", NULL);
    return name ? name : beluga_json_get_string(choice, "name", NULL);
}

static const beluga_tool *find_chosen(const protocol_request *request, const beluga_json *choice)
{
    char room[PROTOCOL_TOOL_NAME_BYTES];
    const char *name = name_in(choice);
    const char *space = beluga_json_get_string(choice, "namespace", NULL);
    return name ? find_tool(request, protocol_sent_name(name, space, room)) : NULL;
}

static bool is_listed(const protocol_request *request, const beluga_json *list,
                      const beluga_tool *tool)
{
    for (const beluga_json *v = beluga_json_first(list); v; v = beluga_json_next(list, v))
        if (find_chosen(request, v) == tool) return true;
    return false;
}

static int read_allowed(protocol_request *request, const protocol_place *at,
                        const beluga_json *value)
{
    const beluga_json *inner = beluga_json_get(value, "allowed_tools");
    const beluga_json *list = beluga_json_get(inner ? inner : value, "tools");
    const char *mode = beluga_json_get_string(inner ? inner : value, "mode", NULL);
    bool keep[PROTOCOL_MAX_TOOLS];
    size_t kept = 0;
    if (!beluga_json_is_array(list))
        return protocol_refuse(request, at, "tools", "it is missing or not a list");
    for (size_t i = 0; i < request->n_tools; i++)
        keep[i] = is_listed(request, list, request->tools[i]);
    for (size_t i = 0; i < request->n_tools; i++)
        if (keep[i])
            request->tools[kept++] = request->tools[i];
        else
            beluga_tool_unref(request->tools[i]);
    request->n_tools = kept;
    return protocol_choose(request, mode && strcmp(mode, "required") == 0 ? "required" : "auto");
}

static int choose_word(protocol_request *request, const protocol_place *at, const char *word)
{
    if (strcmp(word, "auto") == 0 || strcmp(word, "none") == 0 || strcmp(word, "required") == 0)
        return protocol_choose(request, word);
    return protocol_refuse(request, at, NULL, "it must be auto, none, required or an object");
}

int protocol_read_choice(protocol_request *request, const protocol_place *at,
                         const beluga_json *value)
{
    const char *word = beluga_json_string(value, NULL);
    const char *type = beluga_json_get_string(value, "type", NULL);
    if (word) return choose_word(request, at, word);
    if (!beluga_json_is_object(value))
        return protocol_refuse(request, at, NULL, "it must be a string or an object");
    if (type && strcmp(type, "allowed_tools") == 0) return read_allowed(request, at, value);
    if (!name_in(value)) {
        if (!type || strcmp(type, "function") == 0)
            return protocol_refuse(request, at, NULL, "it does not name a tool");
        protocol_drop(request, type);
        return 0;
    }
    const beluga_tool *tool = find_chosen(request, value);
    if (tool) return protocol_choose(request, beluga_tool_name(tool));
    if (*request->dropped) return 0; /* the choice may name a tool that was dropped */
    return protocol_refuse(request, at, NULL, "there is no tool %.64s", name_in(value));
}
