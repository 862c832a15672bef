#include "options.h"

#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The options that SQL may set: how a model answers. Only the administrator may set which service
 * is called, at which address, and with which key. */
static const int allowed[] = {
    BELUGA_OPTION_TEMPERATURE,
    BELUGA_OPTION_TOP_P,
    BELUGA_OPTION_TOP_K,
    BELUGA_OPTION_MAX_TOKENS,
    BELUGA_OPTION_FREQUENCY_PENALTY,
    BELUGA_OPTION_PRESENCE_PENALTY,
    BELUGA_OPTION_STOP_SEQUENCES,
    BELUGA_OPTION_SEED,
    BELUGA_OPTION_TIMEOUT,
    BELUGA_OPTION_MAX_RETRIES,
    BELUGA_OPTION_RESPONSE_SCHEMA,
    BELUGA_OPTION_RESPONSE_SCHEMA_NAME,
    BELUGA_OPTION_JSON_MODE,
    BELUGA_OPTION_REASONING_EFFORT,
    BELUGA_OPTION_REASONING_BUDGET,
    BELUGA_OPTION_USER,
    BELUGA_OPTION_DIMENSIONS,
    BELUGA_OPTION_INPUT_TYPE,
    BELUGA_OPTION_STRICT,
};

static int find_key(const char *name)
{
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        if (strcmp(beluga_option_get_info(allowed[i])->name, name) == 0) return allowed[i];
    return 0;
}

static bool is_option(const char *name)
{
    for (int key = 1; key < BELUGA_OPTION_COUNT; key++) {
        const beluga_option_info *info = beluga_option_get_info(key);
        if (info && strcmp(info->name, name) == 0) return true;
    }
    return strchr(name, '.') != NULL; /* it may be an option of a provider */
}

/* The library suggests a similar name. Where it knows none, its message speaks of options of one
 * provider, which SQL can't set. */
static int refuse_unknown(const char *name, beluga_error *err)
{
    char text[128];
    beluga_option option;
    beluga_error told;
    snprintf(text, sizeof text, "%.100s=", name);
    if (beluga_option_parse(text, &option, &told) && strstr(told.message, "did you mean"))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "%s", told.message);
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                            "no option is named \"%.100s\"; SQL may set how a model answers, such "
                            "as temperature, max_tokens, timeout and system",
                            name);
}

static int refuse(const char *name, beluga_error *err)
{
    int status = is_option(name) ? 0 : refuse_unknown(name, err);
    if (status) return status;
    if (strstr(name, "key"))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "\"%s\" can't be set from SQL: keys belong in the environment or "
                                "the configuration file, where no log of queries shows them",
                                name);
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                            "\"%s\" can't be set from SQL; it may be set in the configuration "
                            "file",
                            name);
}

static int too_many(beluga_error *err)
{
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "more than %d options",
                            DB_MAX_OPTIONS - 8);
}

/* Add an option to the array. The last eight places are for options of the request itself:
 * add_text() does not use them. */
static int add(db_options *options, beluga_option option, beluga_error *err)
{
    if (options->n == DB_MAX_OPTIONS) return too_many(err);
    options->list[options->n++] = option;
    return 0;
}

/* Parse an option in the form "name=value", as the command's -o does. */
static int add_text(db_options *options, const char *name, const char *value, size_t length,
                    beluga_error *err)
{
    beluga_option option;
    size_t n = strlen(name);
    if (options->n_texts >= DB_MAX_OPTIONS - 8) return too_many(err);
    if (memchr(value, 0, length))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "\"%s\" has a NUL character",
                                name);
    char *text = malloc(n + 1 + length + 1);
    if (!text) return db_no_memory(err);
    options->texts[options->n_texts++] = text;
    memcpy(text, name, n);
    text[n] = '=';
    memcpy(text + n + 1, value, length);
    text[n + 1 + length] = '\0';
    int status = beluga_option_parse(text, &option, err);
    if (!status && option.key == BELUGA_OPTION_TIMEOUT) options->timeout_ms = option.value.integer;
    return status ? status : add(options, option, err);
}

static int add_value(db_options *options, const char *name, const beluga_json *value,
                     beluga_error *err)
{
    size_t length;
    const char *text = beluga_json_string(value, &length);
    if (!text) text = beluga_json_text(options->doc, value, &length);
    return text ? add_text(options, name, text, length, err) : db_no_memory(err);
}

static int add_list(db_options *options, const char *name, const beluga_json *list,
                    beluga_error *err)
{
    int status = 0;
    const beluga_json *item = beluga_json_first(list);
    for (; item && !status; item = beluga_json_next(list, item))
        status = add_value(options, name, item, err);
    return status;
}

static int add_member(db_options *options, const char *name, const beluga_json *value,
                      beluga_error *err)
{
    if (strcmp(name, "system") == 0) {
        options->system = beluga_json_string(value, &options->system_length);
        return options->system
                   ? 0
                   : beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "\"system\" is not a text");
    }
    int key = find_key(name);
    if (!key) return refuse(name, err);
    if (beluga_option_get_info(key)->type == BELUGA_OPTION_LIST && beluga_json_is_array(value))
        return add_list(options, name, value, err);
    return add_value(options, name, value, err);
}

static int read_object(db_options *options, const char *text, size_t length, beluga_error *err)
{
    if (!text) return 0;
    if (beluga_json_parse(text, length, &options->doc, err))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "the options are not JSON");
    const beluga_json *object = beluga_json_doc_root(options->doc);
    if (!beluga_json_is_object(object))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "the options are not an object, such as {\"temperature\": 0.2}");
    int status = 0;
    const beluga_json *value = beluga_json_first(object);
    for (; value && !status; value = beluga_json_next(object, value))
        if (!beluga_json_is_null(value))
            status = add_member(options, beluga_json_key(value, NULL), value, err);
    return status;
}

/* Add the defaults. In a column an incomplete answer looks like a complete one, so it is an error
 * unless the user sets {"strict": false}. */
static int add_defaults(db_options *options, const db_request *request, beluga_error *err)
{
    int status = add(options, beluga_with_strict(true), err);
    options->timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : DB_TIMEOUT_MS;
    if (!status) status = add(options, beluga_with_timeout_ms(options->timeout_ms), err);
    if (!status && request->max_tokens > 0)
        status = add(options, beluga_with_max_tokens(request->max_tokens), err);
    if (!status && request->temperature >= 0)
        status = add(options, beluga_with_temperature(request->temperature), err);
    if (!status && request->schema)
        status = add(options, beluga_with_response_schema(request->schema), err);
    return status;
}

/* Restarts are turned off, since rows that were returned to SQL can't be taken back. */
int db_options_read(db_options *options, const db_request *request, int64_t max_answer_bytes,
                    beluga_error *err)
{
    int64_t most = max_answer_bytes > 0 ? max_answer_bytes : DB_MAX_ANSWER_BYTES;
    int64_t at_once = request->concurrency > 0 ? request->concurrency : 8;
    int status = add_defaults(options, request, err);
    if (!status) status = read_object(options, request->options, request->options_length, err);
    if (!status) status = add(options, beluga_with_max_response_bytes(most), err);
    if (!status) status = add(options, beluga_with_max_concurrent_batches(at_once), err);
    if (!status) status = add(options, beluga_with_restart_delivery(false), err);
    return status;
}

void db_options_free(db_options *options)
{
    for (size_t i = 0; i < options->n_texts; i++) free(options->texts[i]);
    beluga_json_doc_free(options->doc);
    *options = (db_options){0};
}
