/* beluga check: does a provider do what it should. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <beluga/registry.h>

#include "check/check.h"
#include "command.h"
#include "exit.h"
#include "output.h"
#include "report.h"
#include "session.h"
#include "term.h"

enum { MAX_PROVIDERS = 256, MAX_PATH_BYTES = 1024 };

/* What the callbacks share. */
struct checking {
    const struct args *args;
    beluga_json_writer *w; /* NULL: text */
    size_t passed, failed, skipped;
    beluga_error error; /* the first of a provider that could not be checked */
};

/* ---- where the fixtures are ------------------------------------------------------------------ */

static bool is_folder(const char *folder, const char *below, char *path)
{
    int n = snprintf(path, MAX_PATH_BYTES, "%s%s", folder, below);
    return n > 0 && n < MAX_PATH_BYTES && access(path, X_OK) == 0;
}

/* Installed, or those of the source beside the build folder that this program is in. */
static const char *find_fixtures(char *path)
{
    char program[MAX_PATH_BYTES];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    program[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(program, '/');
    if (slash) *slash = '\0';
    if (slash && is_folder(program, "/../tests/fixtures", path)) return path;
    if (slash && is_folder(program, "/../share/beluga/fixtures", path)) return path;
    return is_folder(BELUGA_FIXTURES_FOLDER, "", path) ? path : NULL;
}

/* ---- what is told ---------------------------------------------------------------------------- */

static const char *const status_names[] = {
    [CHECK_PASSED] = "passed", [CHECK_FAILED] = "failed", [CHECK_SKIPPED] = "skipped"};

static void put_result(beluga_json_writer *w, const check_result *result)
{
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "provider", result->provider);
    beluga_json_put_string(w, "check", result->scenario);
    beluga_json_put_string(w, "proves", result->proves);
    beluga_json_put_string(w, "status", status_names[result->status]);
    if (result->status == CHECK_FAILED) beluga_json_put_string(w, "difference", result->detail);
    if (result->status == CHECK_SKIPPED) beluga_json_put_string(w, "reason", result->detail);
    beluga_json_end_object(w);
}

static void print_indented(const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        out_printf("        ");
        out_text(text, n);
        out_printf("\n");
        text += n + (text[n] == '\n');
    }
}

static void print_result(const check_result *result)
{
    static const char *const marks[] = {
        [CHECK_PASSED] = "ok  ", [CHECK_FAILED] = "FAIL", [CHECK_SKIPPED] = "skip"};
    static const enum term_style styles[] = {
        [CHECK_PASSED] = TERM_PLAIN, [CHECK_FAILED] = TERM_RED, [CHECK_SKIPPED] = TERM_DIM};
    out_printf("%s%s  %-21s %s%s\n", term_style(STDOUT_FILENO, styles[result->status]),
               marks[result->status], result->scenario, result->proves,
               term_style(STDOUT_FILENO, TERM_PLAIN));
    if (result->status != CHECK_PASSED) print_indented(result->detail);
}

static void tell(void *payload, const check_result *result)
{
    struct checking *c = payload;
    c->passed += result->status == CHECK_PASSED;
    c->failed += result->status == CHECK_FAILED;
    c->skipped += result->status == CHECK_SKIPPED;
    if (c->w)
        put_result(c->w, result);
    else
        print_result(result);
}

/* ---- the command ----------------------------------------------------------------------------- */

static void check_one(struct checking *c, const char *fixtures, const char *name)
{
    const check_settings settings = {.registry = beluga_registry_default(),
                                     .fixtures = fixtures,
                                     .own_fixtures = c->args->fixtures,
                                     .tell = tell,
                                     .payload = c};
    const struct args to_stderr = {0};
    beluga_error err;
    if (!c->w)
        out_printf("%s%s%s\n", term_style(STDOUT_FILENO, TERM_BOLD), name,
                   term_style(STDOUT_FILENO, TERM_PLAIN));
    int code = check_provider(&settings, name, &err);
    if (!code || code == BELUGA_ERROR_INVALID_RESPONSE) return;
    report_error(&to_stderr, &err, NULL);
    if (!c->error.code) c->error = err;
}

/* Every provider, or those that came with the plug-in `file`. */
static void check_all(struct checking *c, const char *fixtures, const char *file)
{
    const char *names[MAX_PROVIDERS];
    beluga_registry *registry = beluga_registry_default();
    size_t n = beluga_registry_list(registry, names, MAX_PROVIDERS);
    for (size_t i = 0; i < n && i < MAX_PROVIDERS; i++) {
        const char *from = beluga_registry_plugin_file(registry, names[i]);
        if (!file || (from && strcmp(from, file) == 0)) check_one(c, fixtures, names[i]);
    }
}

/* No provider's name looks like a file's. */
static bool is_file(const char *operand)
{
    size_t n = strlen(operand);
    return strchr(operand, '/') || (n > 3 && strcmp(operand + n - 3, ".so") == 0);
}

static void check_file(struct checking *c, const char *fixtures, const char *path)
{
    char real[PATH_MAX];
    const struct args to_stderr = {0};
    beluga_error err;
    if (beluga_registry_load_plugin(beluga_registry_default(), path, &err) == 0 &&
        realpath(path, real)) {
        check_all(c, fixtures, real);
        return;
    }
    report_error(&to_stderr, &err, NULL);
    if (!c->error.code) c->error = err;
}

static void check_them(struct checking *c, const char *fixtures)
{
    const struct arg_list *operands = &c->args->operands;
    for (size_t i = 0; i < operands->count; i++)
        if (is_file(operands->items[i]))
            check_file(c, fixtures, operands->items[i]);
        else
            check_one(c, fixtures, operands->items[i]);
    if (!operands->count) check_all(c, fixtures, NULL);
}

static int check_json(struct checking *c, const char *fixtures)
{
    c->w = beluga_json_writer_new();
    if (!c->w) return report_json(NULL);
    beluga_json_begin_object(c->w, NULL);
    beluga_json_begin_array(c->w, "checks");
    check_them(c, fixtures);
    beluga_json_end_array(c->w);
    beluga_json_put_int(c->w, "passed", (int64_t)c->passed);
    beluga_json_put_int(c->w, "failed", (int64_t)c->failed);
    beluga_json_put_int(c->w, "skipped", (int64_t)c->skipped);
    if (c->error.code)
        report_put_error(c->w, "error", &c->error);
    else
        beluga_json_put_null(c->w, "error");
    beluga_json_end_object(c->w);
    return report_json(c->w);
}

static int check_text_out(struct checking *c, const char *fixtures)
{
    check_them(c, fixtures);
    out_printf("%zu passed, %zu failed, %zu skipped\n", c->passed, c->failed, c->skipped);
    return CLI_EXIT_OK;
}

static int run(const struct args *args)
{
    char path[MAX_PATH_BYTES];
    struct checking c = {.args = args};
    const char *fixtures = find_fixtures(path);
    if (!beluga_registry_default()) return out_no_memory();
    if (!fixtures) fixtures = args->fixtures;
    if (!fixtures)
        return out_usage("the fixtures are not installed: name their folder with --fixtures");
    int rc = session_load_plugins(args);
    if (rc) return rc;
    rc = args->json ? check_json(&c, fixtures) : check_text_out(&c, fixtures);
    if (rc) return rc;
    if (c.error.code) return exit_from_error(c.error.code);
    return c.failed ? CLI_EXIT_OTHER : CLI_EXIT_OK;
}

const struct command cmd_check = {
    .name = "check",
    .operands = "[PROVIDER|FILE.so...]",
    .summary = "Check that a provider does what it should; without a name, every one.",
    .details =
        "No key is needed and nothing leaves the machine: a server on 127.0.0.1 plays what the "
        "provider's service answers, and does what goes wrong on a wire. Compared are the request "
        "that is sent, the events that come out, and the errors: text, streams, tools, reasoning, "
        "images, each class of error, streams cut at every frame, and more. What a provider does "
        "not claim to be able to do is skipped, and the reason is shown; but a call that wants it "
        "must then warn or fail. The file of a plug-in stands for all of its providers.\n\n"
        "What is sent, answered and expected are files. Those that --fixtures names, a folder a "
        "provider, stand before the installed ones. The exit status is 0 only if no check "
        "failed.\n\n"
        "With --json: {\"checks\": [{provider, check, proves, status, difference, reason}], "
        "passed, failed, skipped, error}.",
    .takes = ARG_FIXTURES | ARG_JSON | ARG_PLUGIN | ARG_HELP | ARG_VERSION,
    .max_operands = COMMAND_ANY_OPERANDS,
    .run = run,
};
