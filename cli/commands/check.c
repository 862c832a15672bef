/* beluga check: tests whether a provider behaves as the library requires. */
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

/* ---- finding the fixtures -------------------------------------------------------------------- */

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

/* ---- the checks, in a child process ---------------------------------------------------------- */

/* The subject of the checks: one operand, or all providers. */
typedef struct subject {
    const cli_args *args;
    const char *operand; /* NULL: all providers */
    cli_session session;
} subject;

/* Return the name of the provider on which the configuration bases the provider `wanted`; NULL: the
 * configuration does not define such a provider. */
static const char *base_of(const beluga_config *config, const char *wanted)
{
    const char *name, *base;
    for (size_t i = 0; beluga_config_provider(config, i, &name, &base); i++)
        if (strcmp(name, wanted) == 0) return base;
    return NULL;
}

/* Returns whether -o and --config apply. They apply to a named provider, not to a check of all
 * providers. */
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
    /* Use the folder of --fixtures only if it belongs to this provider; otherwise use the fixtures
     * beside its plug-in. */
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

/* Check every provider, or, if `file` is not NULL, every provider of this plug-in. */
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

/* Load a plug-in and check its providers. Loading runs code of the plug-in, so it is reported as a
 * check, too. */
static int check_file(subject *s, const check_settings *settings, beluga_error *err)
{
    char real[PATH_MAX];
    check_result result = {.provider = s->operand,
                           .category = "Interface",
                           .scenario = "load",
                           .proves = "the library loads the file",
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

/* Returns whether an operand is a file. The name of a provider does not look like one. */
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
    args.verbose = 0; /* --verbose applies to the report here, and not to the library's log */
    args.timeout = NULL;
    int code = BELUGA_ERROR_INVALID_CONFIG, rc = session_load(&s->session, &args);
    if (rc)
        beluga_error_set(err, code, "the configuration, or one of its plug-ins, can't be loaded");
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

/* Check the command line of --update. It can't have -o or --config, since the cases must be true
 * without them; options that all cases need are in check.json. */
static int judge_update(const cli_args *args)
{
    if (!args->operands.count)
        return out_usage(
            "--update: name the provider or the plug-in whose cases beluga should write");
    if (args->options.count || args->config_file)
        return out_usage("--update: put options that the provider needs into its check.json, "
                         "instead of -o or --config");
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
        rc = out_usage(
            "--from: name one provider, and with --only the case to make from the recording");
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
    .summary = "Check that a provider behaves as it should; without a name, check every provider.",
    .takes = ARG_SET(ARG_FIXTURES, ARG_UPDATE, ARG_FROM, ARG_ONLY, ARG_LIST, ARG_JSON, ARG_PLUGIN,
                     ARG_OPTION, ARG_CONFIG, ARG_TIMEOUT, ARG_VERBOSE),
    .max_operands = COMMAND_ANY_OPERANDS,
    .run = run,
    .details =
        "The checks need no key, and nothing leaves this machine: a server on 127.0.0.1 plays the "
        "answers of the provider's service, and the faults of a network. A provider that is not "
        "behind HTTP is called directly. The checks cover the provider's table and registration, "
        "answers and streams, the rules for emitting events, tools, batches, health, many calls at "
        "once, errors, streams that are cut at every frame, and leaks; then the cost of a call is "
        "measured. The checks run in a process of their own. A check that crashes, hangs or uses "
        "all memory has failed, and the report continues in a new process, unless all following "
        "checks would fail in the same way.\n\n"
        "If the operand is the file of a plug-in, all of its providers are checked. A provider "
        "that the configuration defines, with a base, is checked by its name. Use -o and --config "
        "to give the options that a provider needs to be opened.\n\n"
        "The answers that are played, and the requests and events that are expected, are files "
        "called cases. They are in PROVIDER/check/ in the folder that --fixtures names, or in "
        "check/ if that is the folder of one provider. For a plug-in, beluga looks in fixtures/ "
        "beside it, in the folder above, and in the current folder, there with the provider's "
        "name. CASE.answer is an answer as curl -i writes it; CASE.fixture has sections. --list "
        "shows the checks and the cases that they play, and checking-providers.md in "
        "share/doc/beluga describes the cases. The cases of the built-in providers are not "
        "installed: they are in tests/fixtures in Beluga's source. A check without a file is "
        "skipped, and so is a check of something that the provider does not claim to support; but "
        "a call that asks for such a thing must then warn or fail. A provider behind HTTP that has "
        "no answer to read fails, because nothing shows that it can read one.\n\n"
        "--update writes the requests and events that occurred into the author's cases, and shows "
        "what changed. It does not write if a check fails or a rule is broken, and it never writes "
        "an answer. --from makes the answers of a case from a recording. --only runs one check.\n\n"
        "The report shows the failures, with the expected and the actual result, and counts the "
        "checks that passed in each category; -v lists every check. --timeout sets how long to "
        "wait for an expected event (30 seconds by default). A check that takes four times as "
        "long, measured while it computes or waits, counts as hanging. The exit status is 0 only "
        "if no check failed.\n\n"
        "With --json: {\"checks\": [{provider, category, check, proves, status, difference, "
        "reason, note, ns_per_op, bytes_per_op, allocations_per_op}], passed, failed, skipped, "
        "error}.",
};
