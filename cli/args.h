/*
 * The command line. ARG_MAP is the only table of options: the parser, `--help`, the manual page and
 * the completions are made from it. An option means the same in every command that takes it. Two
 * options may have the same letter if no command takes both.
 */
#ifndef BELUGA_CLI_ARGS_H
#define BELUGA_CLI_ARGS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* The ways in which an option's value is stored in cli_args. */
typedef enum arg_type {
    ARG_TYPE_FLAG,  /* bool, no value */
    ARG_TYPE_COUNT, /* int: the number of times that the option was given */
    ARG_TYPE_TEXT,  /* const char *; the last value counts */
    /* const char *, "" when no value is given; a value needs the form --name=VALUE */
    ARG_TYPE_MAYBE,
    ARG_TYPE_LIST /* arg_list; every value counts */
} arg_type;

/* The values that a shell offers for an option. */
typedef enum arg_completion {
    ARG_COMPLETE_NOTHING,
    ARG_COMPLETE_FILES,
    ARG_COMPLETE_MODELS,
    ARG_COMPLETE_TOOLS,
    ARG_COMPLETE_TEMPLATES,
    ARG_COMPLETE_SETTINGS
} arg_completion;

/* Columns: constant, letter, name, value, type, member of cli_args, completion, meaning. */
#define ARG_MAP(XX)                                                                                \
    XX(MODEL, 'm', "model", "MODEL", TEXT, model, MODELS,                                          \
       "The model: an alias of the configuration, PROVIDER/MODEL, PROVIDER:MODEL, or only the "    \
       "name of a model, if just one provider is known to have it.")                               \
    XX(SYSTEM, 's', "system", "TEXT", TEXT, system, NOTHING,                                       \
       "The system text: what the model should know or be before it reads the prompt.")            \
    XX(OPTION, 'o', "option", "KEY=VALUE", LIST, options, SETTINGS,                                \
       "Set an option of the model, such as temperature=0.2. May be repeated.")                    \
    XX(ATTACH, 'a', "attach", "FILE|URL", LIST, attachments, FILES,                                \
       "Send a file with the prompt, or the address of one; - is stdin. May be repeated.")         \
    XX(ATTACH_ANYWAY, 0, "attach-anyway", NULL, FLAG, attach_anyway, NOTHING,                      \
       "Also send attachments that the provider is not known to accept.")                          \
    XX(SCHEMA, 0, "schema", "FILE|JSON|FIELDS", TEXT, schema, FILES,                               \
       "Ask for an answer that fits a JSON Schema, given as a file, as JSON, or as a list of "     \
       "fields such as 'name, age int, tags []'.")                                                 \
    XX(TOOL, 'T', "tool", "NAME", LIST, tools, TOOLS,                                              \
       "Let the model call this tool of the configuration; all names every tool. May be "          \
       "repeated.")                                                                                \
    XX(ALLOW_TOOLS, 'y', "allow-tools", NULL, FLAG, allow_tools, NOTHING,                          \
       "Run tools without asking before each call, except tools with allow: never.")               \
    XX(TIMEOUT, 0, "timeout", "TIME", TEXT, timeout, NOTHING,                                      \
       "Wait at most this long for the first part of a streamed answer and for each next part, "   \
       "or for the whole of an answer that is not streamed: 30s, 500ms, 1m30s; a number alone is " \
       "seconds. To limit the whole time of a job that is polled, use -o total_timeout=TIME.")     \
    XX(NO_STREAM, 0, "no-stream", NULL, FLAG, no_stream, NOTHING,                                  \
       "Ask for the answer in one piece, instead of as a stream.")                                 \
    XX(NO_RENDER, 0, "no-render", NULL, FLAG, no_render, NOTHING,                                  \
       "Print Markdown unchanged on a terminal, too; BELUGA_NO_RENDER=1 does the same.")           \
    XX(EXTRACT, 'x', "extract", NULL, FLAG, extract, NOTHING,                                      \
       "Print only the last block of code of the answer.")                                         \
    XX(STRICT, 0, "strict", NULL, FLAG, strict, NOTHING,                                           \
       "Fail if an answer is not complete: cut at its token limit, refused, filtered, or ended "   \
       "for an unknown reason.")                                                                   \
    XX(JSON, 0, "json", NULL, FLAG, json, NOTHING, "Print one JSON object instead of text.")       \
    XX(USAGE, 'u', "usage", NULL, FLAG, usage, NOTHING,                                            \
       "Report on stderr how many tokens and how much time the answer took, and why it ended.")    \
    XX(CONTINUE, 'c', "continue", NULL, FLAG, go_on, NOTHING,                                      \
       "Continue the last conversation of the log, with its model, system text, options and "      \
       "schema.")                                                                                  \
    XX(CID, 0, "cid", "ID", TEXT, cid, NOTHING,                                                    \
       "Continue the conversation up to entry ID of the log, or the conversation of that name.")   \
    XX(CONTEXT, 'f', "context", "FILE|FOLDER", LIST, contexts, FILES,                              \
       "Put a text file before the prompt, with its name, or all files of a folder that are not "  \
       "hidden. May be repeated.")                                                                 \
    XX(MAX_CONTEXT, 0, "max-context", "SIZE", TEXT, max_context, NOTHING,                          \
       "The largest total size of the files of -f, such as 200k or 2M; 512k by default.")          \
    XX(NAME, 0, "name", "NAME", TEXT, name, NOTHING,                                               \
       "Continue the conversation of this name in the log, or begin it.")                          \
    XX(NO_LOG, 'n', "no-log", NULL, FLAG, no_log, NOTHING,                                         \
       "Do not write this call into the log, even if the log is on.")                              \
    XX(MOST, 'n', "count", "COUNT", TEXT, count, NOTHING,                                          \
       "Show at most this many entries (default 20); 0 shows all.")                                \
    XX(BEFORE, 0, "before", "DATE", TEXT, before, NOTHING,                                         \
       "Delete entries older than this: 2026-01-31, 2026-01-31T08:00, an age such as 30d or 12h, " \
       "or now.")                                                                                  \
    XX(PROBE, 0, "probe", NULL, FLAG, probe, NOTHING,                                              \
       "Send a real request to the provider. Without this option nothing is sent.")                \
    XX(VERBOSE, 'v', "verbose", NULL, COUNT, verbose, NOTHING,                                     \
       "Show on stderr what is sent and received, without keys. With check: list every check.")    \
    XX(QUIET, 'q', "quiet", NULL, FLAG, quiet, NOTHING,                                            \
       "Print no notes and no spinner on stderr; errors and warnings are still shown.")            \
    XX(RECORD, 0, "record", "DIR", TEXT, record, FILES,                                            \
       "Record each exchange with a provider, without keys, in a file of its own in DIR.")         \
    XX(REPLAY, 0, "replay", "DIR", TEXT, replay, FILES,                                            \
       "Answer from the files that --record wrote into DIR, without a network and a key.")         \
    XX(REALTIME, 0, "realtime", NULL, FLAG, realtime, NOTHING,                                     \
       "With --replay: take as long as the recorded exchange took.")                               \
    XX(FIXTURES, 0, "fixtures", "FOLDER", TEXT, fixtures, FILES,                                   \
       "Look in this folder first for the requests that providers should send, and the answers "   \
       "to them.")                                                                                 \
    XX(UPDATE, 0, "update", NULL, FLAG, update, NOTHING,                                           \
       "Write the requests and events that occurred into the author's cases, and show what "       \
       "changed.")                                                                                 \
    XX(FROM, 0, "from", "RECORDING", TEXT, from, FILES,                                            \
       "Make the answers of the case that --only names from a file that --record wrote, or from "  \
       "a folder of such files.")                                                                  \
    XX(ONLY, 0, "only", "CHECK", TEXT, only, NOTHING, "Run only this check.")                      \
    XX(LIST, 0, "list", NULL, FLAG, list, NOTHING,                                                 \
       "List the checks, which answers each check plays, and what it proves.")                     \
    XX(PLUGIN, 0, "plugin", "FILE", LIST, plugins, FILES,                                          \
       "Load a plug-in: a shared object that contains providers. May be repeated.")                \
    XX(OUT, 0, "out", "FILE", TEXT, out, FILES,                                                    \
       "Write the results to FILE, one JSON object on each line. If FILE exists, continue it.")    \
    XX(JOBS, 'j', "jobs", "N", TEXT, jobs, NOTHING, "Keep N calls in flight (default 8).")         \
    XX(TEMPLATE, 't', "template", "NAME|TEXT", TEXT, template, TEMPLATES,                          \
       "The name of a template (beluga templates), or a text with {{input}} in the place of the "  \
       "prompt. In a batch, {{NAME}} is the field NAME of a line ({{text}} if the line is only a " \
       "text).")                                                                                   \
    XX(PARAMETER, 'p', "param", "NAME=VALUE", LIST, parameters, NOTHING,                           \
       "Set a parameter of the template, which its text contains as {{NAME}}. May be repeated.")   \
    XX(FORMAT, 0, "format", "FORMAT", TEXT, format, NOTHING,                                       \
       "Read the input as jsonl, csv or text, instead of finding out from its name and first "     \
       "bytes.")                                                                                   \
    XX(DELIMITER, 0, "delimiter", "CHARACTER", TEXT, delimiter, NOTHING,                           \
       "The separator of the columns of a CSV: one character, or comma, semicolon, tab or pipe. "  \
       "By default the first rows decide.")                                                        \
    XX(NO_HEADER, 0, "no-header", NULL, FLAG, no_header, NOTHING,                                  \
       "The CSV has no header: its first row is data, and its columns are called 1, 2, 3.")        \
    XX(PROMPT_COLUMN, 0, "prompt-column", "NAME", TEXT, prompt_column, NOTHING,                    \
       "Ask this column of a CSV, named by its header or its number, or this member of JSON "      \
       "objects.")                                                                                 \
    XX(ATTACH_COLUMN, 0, "attach-column", "NAME", TEXT, attach_column, NOTHING,                    \
       "With each line, send the file or address that is in this column of a CSV or member of an " \
       "object; a member may also be a list.")                                                     \
    XX(OUTPUT_FORMAT, 0, "output-format", "FORMAT", TEXT, output_format, NOTHING,                  \
       "Write results in the format of beluga or, with openai, in that of OpenAI's batches: "      \
       "custom_id, response, error.")                                                              \
    XX(LIMIT, 0, "limit", "N", TEXT, limit, NOTHING,                                               \
       "Ask only the first N lines. The same command without --limit continues with the others.")  \
    XX(ORDERED, 0, "ordered", NULL, FLAG, ordered, NOTHING,                                        \
       "Write results in the order of the input, instead of as they arrive.")                      \
    XX(RETRY_FAILED, 0, "retry-failed", NULL, FLAG, retry_failed, NOTHING,                         \
       "Ask lines again that failed in an earlier run; with --strict, also lines whose answer is " \
       "not complete.")                                                                            \
    XX(ERRORS, 0, "errors", "FILE", TEXT, errors, FILES,                                           \
       "At the end, also write the results of failed lines to FILE.")                              \
    XX(DRY_RUN, 0, "dry-run", NULL, FLAG, dry_run, NOTHING,                                        \
       "Send and write nothing; estimate lines, tokens and cost, and show how they were "          \
       "estimated.")                                                                               \
    XX(BUDGET, 0, "budget", "DOLLARS", TEXT, budget, NOTHING,                                      \
       "Stop when this many US dollars are spent, including what earlier runs for the same "       \
       "output spent.")                                                                            \
    XX(QUEUE, 0, "queue", "ADDRESS", TEXT, queue, NOTHING,                                         \
       "Put the lines into the job nats://HOST/JOB, whose workers on many machines ask them, and " \
       "collect the results into --out.")                                                          \
    XX(KEEP_JOB, 0, "keep-job", NULL, FLAG, keep_job, NOTHING,                                     \
       "Keep the job in its queue after all of its results are in --out.")                         \
    XX(WORK, 0, "work", "ADDRESS", TEXT, work, NOTHING,                                            \
       "Ask the lines of the job nats://HOST/JOB with the keys of this machine, until the job is " \
       "finished.")                                                                                \
    XX(STAY, 0, "stay", NULL, FLAG, stay, NOTHING,                                                 \
       "With --work: wait for a job that does not exist yet, and after each job for the next "     \
       "one.")                                                                                     \
    XX(IDLE, 0, "idle", "TIME", TEXT, idle, NOTHING,                                               \
       "With --work: end after this time without a line, such as 90s or 5m; with --stay, also "    \
       "without a job.")                                                                           \
    XX(STATUS, 0, "status", "ADDRESS", TEXT, status, NOTHING,                                      \
       "Show the state of the job nats://HOST/JOB.")                                               \
    XX(REMOVE, 0, "remove", "ADDRESS", TEXT, remove, NOTHING,                                      \
       "Remove the job nats://HOST/JOB, with its lines and results.")                              \
    XX(PROVIDER_BATCH, 0, "provider-batch", NULL, FLAG, provider_batch, NOTHING,                   \
       "Use the batch API of the provider, which usually costs half as much and answers within a " \
       "day. Run the same command again later to collect the answers.")                            \
    XX(WAIT, 0, "wait", NULL, FLAG, wait, NOTHING,                                                 \
       "With --provider-batch, or --cancel and the input: wait until the jobs have ended.")        \
    XX(POLL, 0, "poll", "TIME", TEXT, poll, NOTHING,                                               \
       "With --wait: check the jobs for the first time after TIME (30s by default), and then at "  \
       "growing intervals of up to five minutes.")                                                 \
    XX(KEEP_FILES, 0, "keep-files", NULL, FLAG, keep_files, NOTHING,                               \
       "With --provider-batch: do not delete the uploaded files and the answers at the provider.") \
    XX(CANCEL, 0, "cancel", NULL, FLAG, cancel, NOTHING,                                           \
       "Cancel the jobs of --provider-batch that are under way for --out. If the input is given, " \
       "collect the answers so far.")                                                              \
    XX(INPUT, 'f', "file", "FILE", TEXT, file, FILES,                                              \
       "Read the texts from FILE: a text or a JSON object on each line; - is stdin.")              \
    XX(FLOAT32, 0, "float32", NULL, FLAG, float32, NOTHING,                                        \
       "Write only the vectors, one after the other, as 32-bit floats in little-endian order.")    \
    XX(KEYRING, 0, "keyring", NULL, FLAG, keyring, NOTHING,                                        \
       "Store the key in the desktop's keyring, with secret-tool, instead of in a file.")          \
    XX(LISTEN, 0, "listen", "ADDRESS", LIST, listen, NOTHING,                                      \
       "Listen at this address: HOST:PORT, or unix:PATH. May be repeated.")                        \
    XX(NEW_KEY, 0, "new-key", "NAME", TEXT, new_key, NOTHING,                                      \
       "Make a key for the client of this name, print it, and exit.")                              \
    XX(CONFIG, 0, "config", "FILE", TEXT, config_file, FILES,                                      \
       "Read this configuration instead of the usual one.")                                        \
    XX(FULL, 0, "full", NULL, FLAG, full, NOTHING, "For a model that is not behind HTTP.")         \
    XX(HTTP, 0, "http", NULL, FLAG, http, NOTHING, "For a model behind HTTP.")                     \
    XX(TRACE, 0, "trace", "FILE", MAYBE, trace, FILES,                                             \
       "At the end, draw on stderr how the command spent its time. With =FILE, also append the "   \
       "trace to FILE as lines of OTLP/JSON.")                                                     \
    XX(TRACE_ID, 0, "trace-id", "ID", TEXT, trace_id, NOTHING,                                     \
       "Draw only the trace with this id; the first digits of the id are enough.")                 \
    XX(HTML, 0, "html", "OUT", TEXT, html, FILES,                                                  \
       "Write one self-contained page for a browser to FILE, instead of drawing here.")            \
    XX(ALL, 0, "all", NULL, FLAG, all, NOTHING,                                                    \
       "Leave nothing out, even if there is much to show.")                                        \
    XX(MAN, 0, "man", NULL, FLAG, man, NOTHING, "Print the source of the manual page.")            \
    XX(HELP, 'h', "help", NULL, FLAG, help, NOTHING, "Show how to use the command.")               \
    XX(VERSION, 0, "version", NULL, FLAG, version, NOTHING, "Show the version.")

typedef enum arg {
#define XX(constant, ...) ARG_##constant,
    ARG_MAP(XX)
#undef XX
        ARG_COUNT
} arg;

/* A set of options: a list that ends with ARG_COUNT. */
typedef unsigned char arg_set;
#define ARG_SET(...) ((const arg_set[]){__VA_ARGS__, ARG_COUNT})

static inline bool arg_set_has(const arg_set *set, arg option)
{
    while (*set != ARG_COUNT && *set != option) set++;
    return *set == option;
}

_Static_assert(ARG_COUNT <= UCHAR_MAX, "the number of an option fits a member of a set");

/* The options of every command that calls models. */
#define ARG_CALLS                                                                          \
    ARG_OPTION, ARG_TIMEOUT, ARG_VERBOSE, ARG_QUIET, ARG_RECORD, ARG_REPLAY, ARG_REALTIME, \
        ARG_TRACE, ARG_PLUGIN, ARG_CONFIG
/* The options about tools, for commands that let models call tools. */
#define ARG_TOOLS ARG_TOOL, ARG_ALLOW_TOOLS
/* The options of every command. */
#define ARG_ALWAYS ARG_HELP, ARG_VERSION

typedef struct arg_info {
    const char *name;
    const char *value; /* NULL: the option takes no value */
    const char *meaning;
    size_t offset; /* offset in cli_args */
    arg_type type;
    arg_completion completion;
    char letter; /* 0: the option has no letter */
} arg_info;

extern const arg_info arg_infos[ARG_COUNT];

typedef struct arg_list {
    const char **items; /* borrowed from argv */
    size_t count;
} arg_list;

typedef struct cli_command cli_command;

typedef struct cli_args {
    const cli_command *const *commands; /* all commands, the default one first, ended by NULL */
    const cli_command *command;
    bool named;              /* the user named the command, and did not rely on the default */
    const cli_command *near; /* the command whose name is nearly the first operand; NULL: none */
    const char *model, *system, *schema, *timeout, *record, *replay, *config_file, *fixtures;
    const char *cid, *name, *count, *before;
    const char *out, *jobs, *template, *format, *errors, *budget;
    const char *delimiter, *prompt_column, *attach_column, *output_format, *limit, *max_context,
        *poll;
    const char *trace, *trace_id, *html, *only, *from, *file, *new_key;
    const char *queue, *work, *idle, *status, *remove;
    arg_list options, attachments, contexts, tools, parameters, plugins, operands, listen;
    bool no_stream, strict, json, usage, probe, quiet, realtime, full, http, man, help, version;
    bool no_header, attach_anyway, allow_tools, keyring, extract, no_render;
    bool provider_batch, wait, keep_files, cancel;
    bool go_on, no_log, ordered, retry_failed, dry_run, all, update, list, float32;
    bool keep_job, stay;
    const char *frame;    /* a text with {{input}} in the place of the prompt; NULL: none */
    bool frame_is_whole;  /* the frame has no place for a prompt, and needs none */
    const char *model_by; /* the source of `model`, such as "template"; NULL: -m */
    int verbose;
    bool given[ARG_COUNT];
    const char **pointers; /* owned; memory for the items of the lists */
} cli_args;

/*
 * Read the command line of a program that has these commands. On failure, the mistake and advice
 * are reported on stderr.
 * @return 0, or an exit code. Free with args_free in either case.
 */
int args_parse(cli_args *args, const cli_command *const *commands, int argc, char **argv);
/* Check that the command takes the options that were given. @return 0, or an exit code after
 * reporting the error. */
int args_check(const cli_args *args);
void args_free(cli_args *args);

#endif
