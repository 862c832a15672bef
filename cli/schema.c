#include "schema.h"

#include "exit.h"
#include "input.h"
#include "output.h"
#include "schema_short.h"

#include <beluga/provider/json.h>

#include <ctype.h>
#include <string.h>
#include <unistd.h>

/* ---- reading --------------------------------------------------------------------------------- */

static bool is_json(const char *text)
{
    while (isspace((unsigned char)*text)) text++;
    return *text == '{';
}

/* Returns whether a text is a list of fields. A single word is always the name of a file, so that a
 * mistyped file name does not become a field. */
static bool is_fields(const char *text)
{
    return strpbrk(text, " ,:\n[") != NULL;
}

/* Read a JSON Schema. @param where The beginning of error messages: "--schema", or the name of the
 * file. */
static int take_json(const char *where, const char *text, cli_text *json)
{
    beluga_error err = {.message = ""};
    beluga_json_doc *doc = NULL;
    int rc = beluga_json_parse(text, strlen(text), &doc, &err);
    bool object = beluga_json_is_object(beluga_json_doc_root(doc));
    beluga_json_doc_free(doc);
    if (rc == BELUGA_ERROR_NO_MEMORY) return out_no_memory();
    if (rc) return out_usage("%s: not valid JSON: %s", where, err.message);
    if (!object) return out_usage("%s: a JSON Schema must be an object, {…}", where);
    return text_puts(json, text) ? out_no_memory() : 0;
}

static int take_fields(const char *where, const char *text, cli_text *json)
{
    beluga_error err;
    int rc = schema_short_expand(text, json, &err);
    if (rc == BELUGA_ERROR_INVALID_INPUT)
        return out_usage(
            "%s is not a file, JSON, or a list of fields such as 'name, age int, tags []': %s",
            where, err.message);
    return rc ? out_no_memory() : 0;
}

static int take(const char *where, const char *text, cli_text *json)
{
    return is_json(text) || !is_fields(text) ? take_json(where, text, json)
                                             : take_fields(where, text, json);
}

static int take_file(const char *path, cli_text *json)
{
    cli_text text = {0};
    int rc = input_read_file(path, MAX_SCHEMA_BYTES, &text);
    if (rc == 0 && memchr(text_get(&text), '\0', text.length))
        rc = out_usage("%s: this file is not text, so it can't be a schema", path);
    if (rc == 0) rc = take(path, text_get(&text), json);
    text_free(&text);
    return rc;
}

int schema_read(const char *given, cli_text *json)
{
    if (!given) return 0;
    if (is_json(given)) return take_json("--schema", given, json);
    bool there = access(given, F_OK) == 0;
    if (there && is_fields(given) && !strchr(given, '/'))
        return out_usage("--schema: \"%s\" could be a list of fields, but there is also a file of "
                         "that name: write ./%s for the file, or add a comma for the fields",
                         given, given);
    if (!there && is_fields(given)) return take_fields("--schema", given, json);
    if (!there && !strpbrk(given, "./"))
        return out_usage(
            "--schema: there is no file %s; if this is a field, add its type: '%s str'", given,
            given);
    return take_file(given, json);
}

/* ---- checking -------------------------------------------------------------------------------- */

int schema_check(const cli_text *json, const beluga_response *response)
{
    beluga_error err = {.message = ""};
    size_t length;
    beluga_response_text(response, &length);
    if (!json->length || (!length && beluga_response_tool_call_count(response))) return 0;
    int rc = beluga_response_check_schema(response, json->data, json->length, &err);
    if (rc == 0) return 0;
    if (rc == BELUGA_ERROR_NO_MEMORY) return out_no_memory();
    out_error(rc == BELUGA_ERROR_MALFORMED_RESPONSE
                  ? "the answer does not fit --schema, because it is not valid JSON: %s"
                  : "the answer does not fit --schema: %s",
              err.message);
    return CLI_EXIT_RESPONSE;
}
