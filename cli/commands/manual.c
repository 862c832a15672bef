/* Writes the manual page beluga.1 from the tables that parse the command line. */
#include "commands/manual.h"

#include "base/limits.h"
#include "commands/command.h"
#include "exit.h"
#include "output.h"

#include <beluga/option.h>
#include <beluga/provider/provider.h>
#include <beluga/registry.h>
#include <beluga/version.h>

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

const manual_row manual_environment[] = {
    {"BELUGA_MODEL", "The model, if -m is not given."},
    {"BELUGA_CONFIG", "The configuration file, if --config is not given."},
    {"BELUGA_PLUGIN_PATH", "Folders and files of plug-ins, separated by colons; read only if "
                           "plugins in the configuration file names this variable."},
    {"XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_DATA_HOME",
     "The folders of the usual files, instead of ~/.config, ~/.local/state and ~/.local/share."},
    {"OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_EXPORTER, OTEL_METRICS_EXPORTER, ...",
     "Where the traces and metrics of every call are sent: the address of an OTLP/HTTP receiver, "
     "or console for lines on stderr. OpenTelemetry's other variables are also used: protocol, "
     "headers, compression, certificates, sampler, batches, resource, OTEL_SDK_DISABLED. If none "
     "is set, nothing is sent."},
    {"BELUGA_TELEMETRY_FILE", "Traces and metrics are appended to this file, as lines of "
                              "OTLP/JSON. beluga trace draws the traces in it."},
    {"TRACEPARENT, TRACESTATE", "The trace that the calls belong to, in the format of W3C Trace "
                                "Context; the log records its id."},
    {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
     "If true, traces contain prompts and answers, and so does the library's log at level trace."},
    {"BELUGA_LOG_LEVEL", "error, warn, info, debug or trace: print the library's log messages of "
                         "this level and above on stderr."},
    {"BELUGA_LOG_FORMAT", "text, or json for one JSON object on each line."},
    {"BELUGA_NO_RENDER", "If set to anything, Markdown is printed unchanged on a terminal, too."},
    {"NO_COLOR", "If set to anything, no colours are used."},
    {"TERM", "If dumb or not set: no colours, no spinner, no line editing, and Markdown is printed "
             "unchanged."},
    {"HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY", "Proxies, as libcurl reads them."},
    {NULL, NULL},
};

const manual_row manual_files[] = {
    {"~/.config/beluga/config.yaml",
     "The configuration: the default model, providers, providers of your own, aliases of models "
     "with their options, and plugins: files and folders of plug-ins to load."},
    {"~/.local/share/beluga/logs.db", "The log of prompts and answers, if it is on; an SQLite "
                                      "database that only its owner can read."},
    {"~/.local/state/beluga/history",
     "The messages typed in chats; only their owner can read the file."},
    {"OUT.batch",
     "The description of a batch run, beside its output. Only their owner can read these files."},
    {NULL, NULL},
};

const manual_row manual_examples[] = {
    {"beluga -m mock/any \"Hello\"", "Try it without a key and without a network."},
    {"git diff | beluga \"Write a commit message for this\"", "Join a text and stdin."},
    {"beluga -m openai/gpt-5-mini -o temperature=0.2 -s \"Answer in French\" \"Who are you?\"",
     "Name a model, set an option and a system text."},
    {"beluga --trace -m mock/any \"Hello\"", "See where the time of a call went."},
    {"beluga -a photo.png \"What is this?\"", "Send a picture."},
    {"beluga --schema person.json --json \"Ada, 36\" | jq .text", "Ask for structured output."},
    {"OPENAI_BASE_URL=http://127.0.0.1:8080/v1 OPENAI_API_KEY=x beluga -m openai/any \"Hello\"",
     "Ask a server of your own."},
    {"beluga -T weather \"What is the weather in Paris?\"",
     "Let the model call a program of yours (beluga help tools)."},
    {"beluga batch lines.csv --out answers.jsonl -j 64 --template \"Summarize: {{text}}\"",
     "Ask about every row of a file; the same command goes on after whatever stopped it."},
    {"beluga --record tape -m openai/gpt-5-mini \"Hello\"", "Record what goes over the network."},
    {"beluga --replay tape -m openai/gpt-5-mini \"Hello\"",
     "Print the same answer again, without a network and a key."},
    {"beluga logs on; beluga \"I am Ada\"; beluga -c \"Who am I?\"",
     "Keep a log, and go on with the last conversation in it."},
    {"beluga health --probe -m openai/gpt-5-mini", "See whether a provider answers."},
    {"beluga config check", "See whether the configuration file is right."},
    {NULL, NULL},
};

/* ---- roff ------------------------------------------------------------------------------------ */

/* Write text so that roff interprets no character of it. */
static void put_text(const char *text)
{
    if (*text == '.' || *text == '\'') out_printf("\\&");
    for (; *text; text++) {
        switch (*text) {
        case '\\': out_printf("\\e"); break;
        case '-': out_printf("\\-"); break;
        case '~': out_printf("\\(ti"); break;
        case '^': out_printf("\\(ha"); break;
        case '\'': out_printf("\\(aq"); break;
        case '`': out_printf("\\(ga"); break;
        case '"': out_printf("\\(dq"); break;
        default: out_printf("%c", *text);
        }
    }
}

static void put_section(const char *title)
{
    out_printf(".SH \"%s\"\n", title);
}

/* Write paragraphs, which are separated by empty lines. */
static void put_paragraphs(const char *text, const char *macro)
{
    while (*text) {
        const char *end = strstr(text, "\n\n");
        char paragraph[2048];
        size_t length = end ? (size_t)(end - text) : strlen(text);
        snprintf(paragraph, sizeof paragraph, "%.*s", (int)length, text);
        out_printf("%s\n", macro);
        put_text(paragraph);
        out_printf("\n");
        text += length + (end ? 2 : 0);
    }
}

static void put_row(const char *term, const char *meaning)
{
    out_printf(".TP\n.B ");
    put_text(term);
    out_printf("\n");
    put_text(meaning);
    out_printf("\n");
}

static void put_rows(const manual_row *rows)
{
    for (; rows->term; rows++) put_row(rows->term, rows->meaning);
}

/* ---- the sections ---------------------------------------------------------------------------- */

static void put_head(void)
{
    out_printf(".\\\" Made by beluga help --man from the tables that parse the command line.\n"
               ".TH BELUGA 1 \"\" \"beluga %s\" \"User Commands\"\n",
               BELUGA_VERSION_STRING);
    put_section("NAME");
    out_printf("beluga \\- talk to language models\n");
}

static void put_synopsis(const cli_command *const *commands)
{
    put_section("SYNOPSIS");
    for (size_t i = 0; commands[i]; i++) {
        const cli_command *c = commands[i];
        out_printf("%s.B beluga\n", i ? ".br\n" : "");
        out_printf(i ? ".B %s\n" : "[\\fB%s\\fR]\n", c->name);
        out_printf("[\\fIoption\\fR ...]\\&\n");
        if (*c->operands) {
            out_printf("\\fI");
            put_text(c->operands);
            out_printf("\\fR\n");
        }
    }
}

static void put_commands(const cli_command *const *commands)
{
    put_section("COMMANDS");
    for (size_t i = 0; commands[i]; i++) {
        put_row(commands[i]->name, commands[i]->summary);
        put_paragraphs(commands[i]->details, ".IP");
    }
}

static void put_takers(const cli_command *const *commands, size_t option)
{
    const char *before = "\nCommands: ";
    for (size_t i = 0; commands[i]; i++) {
        if (!command_takes(commands[i], option)) continue;
        out_printf("%s%s", before, commands[i]->name);
        before = ", ";
    }
    out_printf(".\n");
}

static void put_options(const cli_command *const *commands)
{
    put_section("OPTIONS");
    for (size_t i = 0; i < ARG_COUNT; i++) {
        const arg_info *info = &arg_infos[i];
        out_printf(".TP\n");
        if (info->letter) out_printf("\\fB\\-%c\\fR, ", info->letter);
        out_printf("\\fB\\-\\-");
        put_text(info->name);
        out_printf("\\fR");
        if (info->type == ARG_TYPE_MAYBE)
            out_printf("[=\\fI%s\\fR]", info->value);
        else if (info->value)
            out_printf("=\\fI%s\\fR", info->value);
        out_printf("\n");
        put_text(info->meaning);
        if (arg_set_has(ARG_SET(ARG_ALWAYS), i))
            out_printf("\n");
        else
            put_takers(commands, i);
    }
}

static void put_setting(const beluga_option_info *info)
{
    static const char *const types[] = {[BELUGA_OPTION_BOOL] = "true or false",
                                        [BELUGA_OPTION_INT] = "a whole number",
                                        [BELUGA_OPTION_DOUBLE] = "a number",
                                        [BELUGA_OPTION_STRING] = "text",
                                        [BELUGA_OPTION_LIST] = "text, may be repeated",
                                        [BELUGA_OPTION_DURATION] = "a time such as 30s or 1h30m",
                                        [BELUGA_OPTION_ENUM] = "one of these words"};
    char meaning[320];
    bool ranged = info->type == BELUGA_OPTION_DOUBLE;
    int n = snprintf(meaning, sizeof meaning, "%c%s (%s", toupper((unsigned char)*info->meaning),
                     info->meaning + 1, types[info->type]);
    if (ranged)
        snprintf(meaning + n, sizeof meaning - (size_t)n, ", %g to %g).", info->minimum,
                 info->maximum);
    else
        snprintf(meaning + n, sizeof meaning - (size_t)n, ").");
    put_row(info->name, meaning);
}

static void put_settings(void)
{
    put_section("OPTIONS OF MODELS");
    put_paragraphs(
        "These are the keys for -o, and for providers and models in the configuration file. "
        "Options of a single provider are written PROVIDER.KEY=VALUE; beluga providers NAME lists "
        "them. The section TIMES below describes how to write a time.",
        ".PP");
    for (int key = 1; key < BELUGA_OPTION_COUNT; key++) {
        const beluga_option_info *info = beluga_option_get_info(key);
        if (info && info->type != BELUGA_OPTION_POINTER && key != BELUGA_OPTION_PROVIDER_SPECIFIC)
            put_setting(info);
    }
}

static void put_durations(void)
{
    put_section("TIMES");
    put_paragraphs(
        "A time is one or more numbers with a unit, ms, s, m or h, without spaces: 500ms, 30s, "
        "1.5s, 2m, 1m30s, 1h30m, or 24h for a day. Times for -o and in the configuration file need "
        "a unit; with --timeout a number alone means seconds. --before accepts an age in days or "
        "hours, 30d or 12h, or a date: 2026-01-31, or 2026-01-31T08:00 in local time.",
        ".PP");
}

static void put_models(void)
{
    put_section("MODELS");
    put_paragraphs(
        "A model is named by -m, or else by BELUGA_MODEL, or else by model in the configuration "
        "file. The name is an alias under models in that file, or PROVIDER/MODEL or "
        "PROVIDER:MODEL, in which the text before the first separator is a provider. If it is only "
        "the name of a model, beluga looks for its provider in that file, among the default models "
        "of providers, and in the list of prices, but never in the network. If several providers "
        "have the model, those with a key are preferred; if more than one is left, an error names "
        "them.\n\n"
        "If a server speaks the protocol of one of the providers, you can define it as a provider "
        "of your own, with an entry under providers in the configuration file. The member base of "
        "the entry names the provider whose protocol the server speaks. The entry may also have "
        "base_url; api_key, as env:NAME, file:PATH or command:COMMAND; headers, a map whose values "
        "may be such references; body, a map that is merged into every request, in which null "
        "removes a member; models, a map from names of your own to models; model, its default "
        "model; and every option below. For this provider, no environment variables are read "
        "except those that the entry names.\n\n"
        "If nothing names a model, beluga uses the first provider, in alphabetical order, that has "
        "a default model and a key, in the environment or else in the configuration file, and "
        "prints a note about it. The provider mock, which needs no key and no network, is used "
        "only if it is named.\n\n"
        "Options come from these places, and a later one overrides an earlier one: the provider's "
        "defaults, the configuration file, the environment, the command line.",
        ".PP");
}

static void put_exit_status(void)
{
    const exit_info *info;
    put_section("EXIT STATUS");
    for (unsigned i = 0; (info = exit_get_info(i)) != NULL; i++)
        put_row(info->digits, info->meaning);
    put_paragraphs("If the reader of its stdout goes away, beluga is ended by SIGPIPE without a "
                   "message, like other filters.",
                   ".PP");
}

static void put_variables(const beluga_provider *provider, const char *const *names,
                          const char *what)
{
    char meaning[160];
    for (; names && *names; names++) {
        snprintf(meaning, sizeof meaning, "%s of the provider %s.", what, provider->name);
        put_row(*names, meaning);
    }
}

static void put_environment(void)
{
    const char *names[BELUGA__MAX_SHOWN_PROVIDERS];
    beluga_registry *registry = beluga_registry_default();
    size_t n = registry ? beluga_registry_list(registry, names, BELUGA__MAX_SHOWN_PROVIDERS) : 0;
    put_section("ENVIRONMENT");
    put_rows(manual_environment);
    for (size_t i = 0; i < n && i < BELUGA__MAX_SHOWN_PROVIDERS; i++) {
        const beluga_provider *provider = beluga_registry_get(registry, names[i]);
        put_variables(provider, provider->key_variables, "Key");
        put_variables(provider, provider->url_variables, "Base URL");
    }
}

static void put_examples(void)
{
    put_section("EXAMPLES");
    for (const manual_row *row = manual_examples; row->term; row++) {
        out_printf(".PP\n");
        put_text(row->meaning);
        out_printf("\n.PP\n.RS 4\n.nf\n");
        put_text(row->term);
        out_printf("\n.fi\n.RE\n");
    }
}

void manual_print(const cli_command *const *commands)
{
    put_head();
    put_synopsis(commands);
    put_section("DESCRIPTION");
    put_paragraphs("beluga sends a prompt to a language model, streams the answer to stdout, and "
                   "reports failures through its exit status. It is the command of libbeluga, a C "
                   "library with one interface to all providers.",
                   ".PP");
    put_commands(commands);
    put_options(commands);
    put_models();
    put_settings();
    put_durations();
    put_exit_status();
    put_environment();
    put_section("FILES");
    put_rows(manual_files);
    put_examples();
}
