/* beluga check: tests whether a provider follows the rules. */
#include "kit/check.h"

#include "base/limits.h"
#include "commands/check_listing.h"
#include "commands/check_report.h"
#include "commands/command.h"
#include "configuration.h"
#include "exit.h"
#include "kit/isolate.h"
#include "kit/places.h"
#include "kit/where.h"
#include "output.h"
#include "report.h"
#include "session.h"
#include "terminal/term.h"

#include <beluga/registry.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- places of the fixtures ------------------------------------------------------------------ */

static bool is_there(char *path, const char *folder, const char *below)
{
    int n = snprintf(path, CHECK_PLACE_BYTES, "%s%s", folder, below);
    return n > 0 && n < CHECK_PLACE_BYTES && access(path, R_OK) == 0;
}

/* Find the fixtures in the source tree beside this program's build folder; they are not
 * installed. */
static const char *find_fixtures(char *path)
{
    char program[CHECK_PLACE_BYTES];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    program[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(program, '/');
    if (slash) *slash = '\0';
    return slash && is_there(path, program, "/../tests/fixtures") ? path : NULL;
}

/* ---- parts that run in the process of the checks --------------------------------------------- */

/* The subject of the checks: one operand, or all providers. */
typedef struct subject {
    const cli_args *args;
    const char *operand; /* NULL: all providers */
    cli_session session;
} subject;

/* A provider without code is in the configuration. */
static const char *base_of(const beluga_config *config, const char *wanted)
{
    const char *name, *base;
    for (size_t i = 0; beluga_config_provider(config, i, &name, &base); i++)
        if (strcmp(name, wanted) == 0) return base;
    return NULL;
}

/* Options and the file apply to a named provider, and not to a check of all providers. */
static bool is_configured(const subject *s)
{
    return s->operand && (s->args->options.count || s->args->config_file);
}

static int check_named(subject *s, const check_settings *given, const char *name, beluga_error *err)
{
    char path[CHECK_PLACE_BYTES];
    check_settings settings = *given;
    beluga_registry *registry = settings.registry = beluga_registry_default();
    const char *base =
        beluga_registry_contains(registry, name) ? NULL : base_of(s->session.base, name);
    beluga_provider table;
    settings.base = base;
    settings.plugin = beluga_registry_plugin_file(registry, name);
    settings.foreign = settings.plugin || base;
    /* Fixtures named on the command line serve only if they are this provider's; otherwise the
     * author's are used. */
    if (settings.plugin &&
        !(settings.own_fixtures && check_place_is_of(settings.own_fixtures, name))) {
        const char *found = check_place_find(settings.plugin, name, path);
        if (found) settings.own_fixtures = found;
    }
    if (base || (is_configured(s) && beluga_registry_contains(registry, name))) {
        int code = session_describe(&s->session, name, &table, err);
        if (code) return code;
        settings.config = s->session.config;
    }
    return check_provider(&settings, name, err);
}

/* Check every provider, or those of the plug-in `file`. */
static int check_all(subject *s, const check_settings *settings, const char *file,
                     beluga_error *err)
{
    int first = 0;
    const char *names[BELUGA__MAX_SHOWN_PROVIDERS];
    beluga_registry *registry = beluga_registry_default();
    size_t n = beluga_registry_list(registry, names, BELUGA__MAX_SHOWN_PROVIDERS);
    for (size_t i = 0; i < n && i < BELUGA__MAX_SHOWN_PROVIDERS; i++) {
        beluga_error problem = {0};
        const char *from = beluga_registry_plugin_file(registry, names[i]);
        if (file && (!from || strcmp(from, file) != 0)) continue;
        int code = check_named(s, settings, names[i], &problem);
        if (code && (!first || first == BELUGA_ERROR_INVALID_RESPONSE)) {
            first = code;
            *err = problem;
        }
    }
    return first;
}

/* Loading a plug-in is a check, too, since its code runs then. */
static int check_file(subject *s, const check_settings *settings, beluga_error *err)
{
    char real[PATH_MAX];
    check_result result = {.provider = s->operand,
                           .category = "Interface",
                           .scenario = "load",
                           .proves = "the library takes the file",
                           .detail = ""};
    if (settings->crashed && strcmp(settings->crashed, result.scenario) == 0)
        return BELUGA_ERROR_INVALID_RESPONSE;
    bool wanted = settings->begin(settings->payload, &result);
    check_where_set("the loading of the file");
    int code = beluga_registry_load_plugin(beluga_registry_default(), s->operand, err);
    check_where_set(NULL);
    if (code) {
        result.status = CHECK_FAILED;
        result.detail = err->message;
    }
    if (wanted) settings->tell(settings->payload, &result);
    if (code) return BELUGA_ERROR_INVALID_RESPONSE;
    return realpath(s->operand, real) ? check_all(s, settings, real, err) : 0;
}

/* Returns whether an operand is a file: no provider's name looks like one. */
static bool is_file(const char *operand)
{
    size_t n = operand ? strlen(operand) : 0;
    return n && (strchr(operand, '/') || (n > 3 && strcmp(operand + n - 3, ".so") == 0) ||
                 (n > 6 && strcmp(operand + n - 6, ".dylib") == 0));
}

static int body(void *payload, const check_settings *settings, beluga_error *err)
{
    subject *s = payload;
    cli_args args = *s->args;
    args.verbose = 0; /* --verbose applies to the report here, and not to the wire */
    args.timeout = NULL;
    int code = BELUGA_ERROR_INVALID_CONFIG, rc = session_load(&s->session, &args);
    if (rc)
        beluga_error_set(err, code, "the configuration or a plug-in of it can't be loaded");
    else if (is_file(s->operand))
        code = check_file(s, settings, err);
    else if (s->operand)
        code = check_named(s, settings, s->operand, err);
    else
        code = check_all(s, settings, NULL, err);
    session_free(&s->session);
    return code;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int set_patience(const cli_args *args, check_settings *settings)
{
    beluga_error err;
    int64_t *ms = &settings->patience_ms;
    if (!args->timeout || configuration_read_time(args->timeout, ms, &err) == 0) return 0;
    return out_usage("--timeout: %s", err.message);
}

static void check_operand(check_report *report, const check_settings *settings, const char *operand)
{
    subject s = {.args = report->args, .operand = operand};
    beluga_error err = {0};
    out_flush();
    int code = check_isolated(settings, body, &s, &err);
    check_report_end_operand(report, code, &err);
}

/* Cases say what comes of them without further options: those of all cases are in check.json. */
static int judge_update(const cli_args *args)
{
    if (!args->operands.count)
        return out_usage("--update: name the provider or the plug-in whose cases to write");
    if (args->options.count || args->config_file)
        return out_usage(
            "--update: options that the provider needs belong into its check.json, and "
            "not behind -o or into --config");
    return 0;
}

static int run(const cli_args *args)
{
    char path[CHECK_PLACE_BYTES];
    check_report report;
    check_settings settings = {.own_fixtures = args->fixtures,
                               .fixtures = find_fixtures(path),
                               .measure = args->operands.count > 0 && !args->update,
                               .only = args->only,
                               .from = args->from,
                               .update = args->update,
                               .tell = check_report_tell,
                               .payload = &report};
    if (!settings.fixtures) settings.fixtures = args->fixtures ? args->fixtures : "fixtures";
    if (args->list) return check_listing(args);
    int rc = set_patience(args, &settings);
    if (!rc && args->only) rc = check_listing_find(args->only);
    if (!rc && args->from && (!args->only || args->operands.count != 1))
        rc = out_usage("--from: name one provider, and with --only the case to make of it");
    if (!rc && args->update) rc = judge_update(args);
    if (!rc) rc = check_report_begin(&report, args);
    if (rc) return rc;
    for (size_t i = 0; i < args->operands.count; i++)
        check_operand(&report, &settings, args->operands.items[i]);
    if (!args->operands.count) check_operand(&report, &settings, NULL);
    return check_report_end(&report);
}

const cli_command cmd_check = {
    .name = "check",
    .operands = "[PROVIDER|FILE.so...]",
    .summary = "Check that a provider does what it should; without a name, every one.",
    .takes = ARG_SET(ARG_FIXTURES, ARG_UPDATE, ARG_FROM, ARG_ONLY, ARG_LIST, ARG_JSON, ARG_PLUGIN,
                     ARG_OPTION, ARG_CONFIG, ARG_TIMEOUT, ARG_VERBOSE),
    .max_operands = COMMAND_ANY_OPERANDS,
    .run = run,
    .details =
        "No key is needed and nothing leaves the machine: a server on 127.0.0.1 plays what the "
        "provider's service answers, and does what goes wrong on a wire. A provider that is not "
        "behind HTTP is called as it is. Checked are its table and its registration, answers and "
        "streams, the rules of emitting, tools, batches, health, many calls at once, errors and "
        "streams cut at every frame, and that nothing leaks; then it is measured what a call "
        "costs. The checks run in a process of their own: one that crashes, hangs or takes all "
        "memory has failed, and the report goes on in a new process, unless all that follows "
        "would do the same.\n\n"
        "The file of a plug-in stands for all of its providers; a provider of the configuration "
        "that has a base is checked by its name. What it needs to be opened with is given with -o "
        "and --config.\n\n"
        "What is answered, sent and expected are files, cases: PROVIDER/check/ in the folder that "
        "--fixtures names, or check/ for a folder of one provider. A plug-in's are looked for in "
        "fixtures/ beside it, in the folder above it and in the current folder, there with the "
        "name. CASE.answer is an answer as curl -i writes it, CASE.fixture has sections; --list "
        "has "
        "the checks and the cases that they play, and checking-providers.md in share/doc/beluga is "
        "the page about them. Those of the built-in providers are not installed: they are "
        "tests/fixtures in the source of Beluga. What there is no file for is skipped, and so is "
        "what a provider does "
        "not claim to be able to do; but a "
        "call that wants it must then warn or fail. A provider behind HTTP without an answer to "
        "read has failed: nothing shows that it reads one.\n\n"
        "--update writes what was sent and what came into the cases of the author and shows what "
        "changed; not where a check fails or a rule is broken, and never an answer. --from makes "
        "the answers of a case of a recording. --only runs one check.\n\n"
        "Printed are the failures, with what was wanted and what came, and how many of each kind "
        "passed; -v lists every check. --timeout is how long to wait for what must happen, 30 "
        "seconds unless it is given; after four times that a check hangs, counted in time in "
        "which it computed or rested. The exit status is 0 only if no check failed.\n\n"
        "With --json: {\"checks\": [{provider, category, check, proves, status, difference, "
        "reason, note, ns_per_op, bytes_per_op, allocations_per_op}], passed, failed, skipped, "
        "error}.",
};
