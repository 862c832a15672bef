/* Loads, checks, resolves and describes a configuration file. An error has a reason and a place in
 * the file, and a file that the check accepts can be used. */
#include "base/limits.h"
#include "config/edit.h"
#include "fuzz.h"

#include <beluga/config.h>
#include <beluga/provider/json.h>
#include <beluga/registry.h>

#include <stdio.h>

enum { SHOWN = 40, MAX_RESOLVED = 16 };

typedef struct told_faults {
    int line, column;
    size_t errors;
} told_faults;

static void on_problem(void *payload, const beluga_config_problem *problem)
{
    told_faults *told = payload;
    bool later = problem->line > told->line ||
                 (problem->line == told->line && problem->column >= told->column);
    FUZZ_CHECK(later && problem->line > 0 && problem->column > 0);
    FUZZ_CHECK(*problem->message);
    fuzz_check_line(problem->message);
    told->line = problem->line;
    told->column = problem->column;
    told->errors += problem->severity == BELUGA_SEVERITY_ERROR;
}

/* Check that a description that does not fit is cut, and never written past its buffer. */
static void describe(const beluga_config *config)
{
    for (int key = 1; key < BELUGA_OPTION_COUNT; key++) {
        char text[SHOWN];
        beluga_origin origin;
        size_t n = beluga_config_describe(config, key, text, sizeof text, &origin);
        FUZZ_CHECK(strlen(text) == (n < sizeof text ? n : sizeof text - 1));
        FUZZ_CHECK((n == 0) || origin != BELUGA_ORIGIN_NONE);
    }
}

static void resolve(const beluga_config *config, const char *reference, bool must)
{
    beluga_config *resolved;
    beluga_error err = {0};
    int code = beluga_config_resolve(config, beluga_registry_default(), reference, &resolved, &err);
    if (must && code) fuzz_broken(__FILE__, __LINE__, "what was checked resolves", err.message);
    if (code) {
        fuzz_check_error(code, &err);
        return;
    }
    describe(resolved);
    beluga_config_free(resolved);
}

static void resolve_all(const beluga_config *config, bool sound)
{
    const char *name, *reference;
    resolve(config, NULL, sound && beluga_config_default_model(config));
    resolve(config, "openai/gpt", false);
    for (size_t i = 0; i < MAX_RESOLVED && beluga_config_alias(config, i, &name, &reference); i++)
        resolve(config, name, sound);
    for (size_t i = 0; i < MAX_RESOLVED && beluga_config_provider(config, i, &name, &reference);
         i++)
        resolve(config, name, false);
}

/* Check that a section which only the host program reads is JSON, and that a place in the file is
 * found for its first member. */
static void look_at_kept(const beluga_config *config, const char *name)
{
    const char *json, *path;
    size_t length;
    int line, column;
    beluga_json_doc *doc;
    if (!beluga_config_section(config, name, 0, &json, &length)) return;
    FUZZ_CHECK(beluga_json_parse(json, length, &doc, NULL) == 0);
    const beluga_json *first = beluga_json_first(beluga_json_doc_root(doc));
    const char *key = first ? beluga_json_key(first, NULL) : "";
    char pointer[128];
    snprintf(pointer, sizeof pointer, "/%s/a/0", key);
    FUZZ_CHECK(beluga_config_section_place(config, name, 0, pointer, true, &path, &line, &column));
    FUZZ_CHECK(line > 0 && column > 0);
    beluga_json_doc_free(doc);
}

/* Change the file's text. The library checks a change by reading the result, or refuses it with a
 * reason. */
static void change(const uint8_t *data, size_t size, const char *pointer, const char *value)
{
    beluga__edit_path path;
    beluga__buf out;
    char why[160] = "";
    int line = 0;
    FUZZ_CHECK(beluga__edit_path_read(&path, pointer));
    beluga__buf_init(&out, beluga_allocator_default(), BELUGA__MAX_CONFIG_BYTES);
    int status =
        beluga__edit_text((const char *)data, size, &path, value, &out, &line, why, sizeof why);
    FUZZ_CHECK(status == 0 || status == BELUGA_ERROR_INVALID_CONFIG ||
               status == BELUGA_ERROR_NOT_SUPPORTED || status == BELUGA_ERROR_LIMIT_EXCEEDED ||
               status == BELUGA_ERROR_NO_MEMORY);
    FUZZ_CHECK(line > 0);
    if (status == BELUGA_ERROR_INVALID_CONFIG || status == BELUGA_ERROR_NOT_SUPPORTED)
        fuzz_check_line(why);
    beluga__buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *path = fuzz_file(data, size);
    told_faults told = {0};
    size_t n_errors = 0;
    beluga_error err = {0};
    int checked = beluga_config_check_file(beluga_registry_default(), path, on_problem, &told,
                                           &n_errors, &err);
    if (checked) fuzz_check_error(checked, &err);
    FUZZ_CHECK(told.errors <=
               n_errors + 1); /* one more error may report how many errors were left out */
    beluga_config *config = beluga_config_new_n(NULL, 0);
    FUZZ_CHECK(config);
    int loaded = beluga_config_load_file(config, path, &err);
    bool sound = !checked && !n_errors;
    if (loaded) fuzz_check_error(loaded, &err);
    if (loaded && sound) fuzz_broken(__FILE__, __LINE__, "what was checked loads", err.message);
    if (!loaded) resolve_all(config, sound);
    look_at_kept(config, "tools");
    look_at_kept(config, "mcp_servers");
    beluga_config_free(config);
    change(data, size, "/models/fast/model", "mock/a: #\n");
    change(data, size, "/providers/openai/api_key", "env:A");
    change(data, size, "/models/fast", NULL);
    return 0;
}
