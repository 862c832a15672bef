#include "commands/config_check.h"

#include "configuration.h"
#include "exit.h"
#include "output.h"
#include "report.h"
#include "serve/settings.h"
#include "session.h"
#include "tools/tools.h"

#include <beluga/registry.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct config_findings {
    beluga_json_writer *w; /* NULL: text */
    size_t errors, warnings;
} config_findings;

static void put_problem(beluga_json_writer *w, const beluga_config_problem *p, const char *severity)
{
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "severity", severity);
    beluga_json_put_int(w, "line", p->line);
    beluga_json_put_int(w, "column", p->column);
    beluga_json_put_string(w, "message", p->message);
    beluga_json_end_object(w);
}

static void tell(void *payload, const beluga_config_problem *p)
{
    config_findings *f = payload;
    bool warning = p->severity == BELUGA_SEVERITY_WARNING;
    *(warning ? &f->warnings : &f->errors) += 1;
    if (f->w) {
        put_problem(f->w, p, warning ? "warning" : "error");
        return;
    }
    out_name(p->path);
    out_printf(":%d:%d: %s%s\n", p->line, p->column, warning ? "warning: " : "", p->message);
}

/* Report that the file is missing or can't be read. */
static int failed(const cli_args *args, const beluga_error *err)
{
    return report_file_error(args, err, CLI_EXIT_CONFIG);
}

static void check_sections(void *payload, const beluga_config *config,
                           beluga_config_checking *checking)
{
    tools_check(payload, config, checking);
    serve_settings_check(config, checking);
}

static int check_text(const cli_args *args, const char *path)
{
    config_findings f = {.w = NULL};
    beluga_error err;
    if (beluga_config_check_sections(beluga_registry_default(), path, check_sections, tell, &f,
                                     NULL, &err))
        return failed(args, &err);
    if (f.errors || f.warnings)
        out_note("%zu error%s, %zu warning%s", f.errors, f.errors == 1 ? "" : "s", f.warnings,
                 f.warnings == 1 ? "" : "s");
    else
        out_note("no errors in %s", path);
    return f.errors ? CLI_EXIT_CONFIG : CLI_EXIT_OK;
}

static int check_json(const cli_args *args, const char *path)
{
    config_findings f = {.w = beluga_json_writer_new()};
    beluga_error err;
    if (!f.w) return out_no_memory();
    beluga_json_begin_object(f.w, NULL);
    beluga_json_put_string(f.w, "file", path);
    beluga_json_begin_array(f.w, "problems");
    if (beluga_config_check_sections(beluga_registry_default(), path, check_sections, tell, &f,
                                     NULL, &err)) {
        beluga_json_writer_free(f.w);
        return failed(args, &err);
    }
    beluga_json_end_array(f.w);
    beluga_json_put_int(f.w, "errors", (int64_t)f.errors);
    beluga_json_put_int(f.w, "warnings", (int64_t)f.warnings);
    beluga_json_end_object(f.w);
    int rc = report_json(f.w);
    return rc ? rc : f.errors ? CLI_EXIT_CONFIG : CLI_EXIT_OK;
}

/* Report that the usual configuration file does not exist, which is not a mistake. */
static int tell_none(const cli_args *args, const char *path)
{
    if (!args->json) {
        out_printf("There is no configuration file, and none is needed. It would be ");
        out_name(path);
        out_printf("\n");
        return CLI_EXIT_OK;
    }
    beluga_json_writer *w = beluga_json_writer_new();
    if (!w) return out_no_memory();
    beluga_json_begin_object(w, NULL);
    beluga_json_put_null(w, "file");
    beluga_json_begin_array(w, "problems");
    beluga_json_end_array(w);
    beluga_json_put_int(w, "errors", 0);
    beluga_json_put_int(w, "warnings", 0);
    beluga_json_end_object(w);
    return report_json(w);
}

/* Load the plug-ins that the usual configuration file names, as every command does, so that their
 * providers are known. The plug-ins of any other file are not loaded, since checking a file must
 * not run its code. */
static void load_plugins_of(const char *path)
{
    beluga_error err;
    beluga_config *config = beluga_config_new_n(NULL, 0);
    if (config && beluga_config_load_file(config, path, &err) == 0 &&
        beluga_config_load_plugins(config, beluga_registry_default(), NULL, &err) != 0)
        out_note("%s", err.message);
    beluga_config_free(config);
}

int config_check(const cli_args *args)
{
    int rc = session_load_plugins(args);
    if (rc) return rc;
    if (args->operands.count > 1) {
        const char *path = args->operands.items[1];
        return args->json ? check_json(args, path) : check_text(args, path);
    }
    char *path;
    rc = configuration_find_file(args, &path);
    if (rc) return rc;
    if (!path) return out_usage("name one file: beluga config check FILE");
    if (!configuration_is_named(args) && access(path, F_OK) != 0) {
        rc = tell_none(args, path);
    } else {
        load_plugins_of(path);
        rc = args->json ? check_json(args, path) : check_text(args, path);
    }
    free(path);
    return rc;
}
