/* beluga logs: shows logged prompts and answers. */
#include "commands/command.h"
#include "commands/logs_entry.h"
#include "exit.h"
#include "logbook/logbook.h"
#include "output.h"
#include "report.h"
#include "terminal/table.h"
#include "terminal/term.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_COUNT 20
#define MS_PER_HOUR   INT64_C(3600000)

/* The state of the command while it reads the log. */
typedef struct used_log {
    const cli_args *args;
    logbook_store *store; /* NULL: there is no log yet */
    char *path;
    int64_t shown; /* the entry whose conversation is printed */
    char why[LOGBOOK_WHY_BYTES];
} used_log;

static int fail(const used_log *logs)
{
    out_error("%s", logs->why);
    return CLI_EXIT_OTHER;
}

/* ---- list and search ------------------------------------------------------------------------- */

typedef int (*source)(used_log *logs, logbook_visit visit, void *payload);

static int64_t count_of(const cli_args *args)
{
    int64_t count = DEFAULT_COUNT;
    if (args->count && !logbook_read_number(args->count, &count)) count = -1;
    return count;
}

static int from_newest(used_log *logs, logbook_visit visit, void *payload)
{
    int64_t count = count_of(logs->args);
    if (!logs->store) return 0;
    return logbook_store_each(logs->store, LOGBOOK_NEWEST, 0, count, visit, payload, logs->why);
}

static int from_search(used_log *logs, logbook_visit visit, void *payload)
{
    const arg_list *words = &logs->args->operands;
    if (!logs->store) return 0;
    return logbook_store_search(logs->store, words->items + 1, words->count - 1,
                                count_of(logs->args), visit, payload, logs->why);
}

static int from_conversation(used_log *logs, logbook_visit visit, void *payload)
{
    return logbook_store_each(logs->store, LOGBOOK_THREAD, logs->shown, 0, visit, payload,
                              logs->why);
}

static int print_json(used_log *logs, source from)
{
    beluga_json_writer *w = beluga_json_writer_new();
    int rc = 0;
    if (w) {
        beluga_json_begin_object(w, NULL);
        beluga_json_begin_array(w, "entries");
        rc = from(logs, log_put_json, w);
        beluga_json_end_array(w);
        beluga_json_end_object(w);
    }
    if (rc == 0) return report_json(w);
    beluga_json_writer_free(w);
    return fail(logs);
}

static int print_table(used_log *logs, source from)
{
    log_table rows = {0};
    int rc = from(logs, log_table_add, &rows);
    if (rc < 0)
        rc = fail(logs);
    else if (rc == 0 && rows.count)
        rc = log_table_print(&rows);
    else if (rc == 0)
        out_note("there is nothing to show: %s",
                 logbook_is_on() ? "no entry was found"
                                 : "the log is off (turn it on with: beluga logs on)");
    log_table_free(&rows);
    return rc;
}

static int print_entries(used_log *logs, source from)
{
    if (count_of(logs->args) < 0)
        return out_usage("--count: %s is not a number (expected 0 or more)", logs->args->count);
    if (logs->args->json) return print_json(logs, from);
    if (term_is_out()) return print_table(logs, from);
    int code = 0;
    return from(logs, log_print_line, &code) < 0 ? fail(logs) : code;
}

static int do_list(used_log *logs)
{
    return print_entries(logs, from_newest);
}

static int do_search(used_log *logs)
{
    if (logs->args->operands.count < 2)
        return out_usage("name the words to search for: beluga logs search WORD...");
    return print_entries(logs, from_search);
}

/* ---- one entry ------------------------------------------------------------------------------- */

static int take_id(void *payload, const logbook_entry *e)
{
    *(int64_t *)payload = e->id;
    return 0;
}

/* Find the entry that `text` names: by its number, or as the last entry of the conversation with
 * this name; NULL: the newest entry. `found` receives its id, or 0 if there is none. @return 0, or
 * an exit code after reporting the error. */
static int find_entry(used_log *logs, const char *text, int64_t *found)
{
    int64_t id = 0;
    int rc = 0;
    *found = 0;
    if (!logs->store) return 0;
    bool named = text && !logbook_read_number(text, &id);
    if (named) *found = id = logbook_store_find(logs->store, text, logs->why);
    if (id < 0) return fail(logs);
    if (!named)
        rc = logbook_store_each(logs->store, text ? LOGBOOK_ONE : LOGBOOK_NEWEST, id, 1, take_id,
                                found, logs->why);
    return rc ? fail(logs) : 0;
}

static int explain_missing(const char *text)
{
    int64_t id;
    if (!text)
        out_error("the log is empty");
    else if (logbook_read_number(text, &id))
        out_error("there is no entry %s in the log", text);
    else
        out_error("there is no conversation %s in the log; beluga logs names lists them", text);
    return CLI_EXIT_USAGE;
}

static int do_show(used_log *logs)
{
    const arg_list *operands = &logs->args->operands;
    const char *text = operands->count > 1 ? operands->items[1] : NULL;
    log_conversation shown = {0};
    int64_t found;
    if (operands->count > 2) return out_usage("name only one entry: beluga logs show ID");
    int rc = find_entry(logs, text, &found);
    if (rc != 0) return rc;
    if (!found) return explain_missing(text);
    logs->shown = shown.id = found;
    if (logs->args->json) return print_json(logs, from_conversation);
    rc = from_conversation(logs, log_print_turn, &shown);
    free(shown.system);
    return rc < 0 ? fail(logs) : 0;
}

static int print_answer(void *payload, const logbook_entry *e)
{
    (void)payload;
    if (e->answer) out_text(e->answer, strlen(e->answer));
    out_end_line();
    return 0;
}

/* Print an answer as it was printed when it arrived. */
static int do_answer(used_log *logs)
{
    const arg_list *operands = &logs->args->operands;
    const char *text = operands->count > 1 ? operands->items[1] : NULL;
    int64_t found;
    if (operands->count > 2) return out_usage("name only one entry: beluga logs answer ID");
    int rc = find_entry(logs, text, &found);
    if (rc != 0) return rc;
    if (!found) return explain_missing(text);
    rc = logbook_store_each(logs->store, LOGBOOK_ONE, found, 1, print_answer, NULL, logs->why);
    return rc < 0 ? fail(logs) : 0;
}

/* ---- names ----------------------------------------------------------------------------------- */

static int add_name(void *payload, const char *name, int64_t last, int64_t count)
{
    term_table *table = payload;
    char text[32];
    table_add(table, name);
    snprintf(text, sizeof text, "%" PRId64, last);
    table_add(table, text);
    snprintf(text, sizeof text, "%" PRId64, count);
    table_add(table, text);
    return 0;
}

static int put_name(void *payload, const char *name, int64_t last, int64_t count)
{
    beluga_json_writer *w = payload;
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "name", name);
    beluga_json_put_int(w, "last", last);
    beluga_json_put_int(w, "entries", count);
    beluga_json_end_object(w);
    return 0;
}

static int names_json(used_log *logs)
{
    beluga_json_writer *w = beluga_json_writer_new();
    int rc = 0;
    if (!w) return out_no_memory();
    beluga_json_begin_object(w, NULL);
    beluga_json_begin_array(w, "names");
    if (logs->store) rc = logbook_store_names(logs->store, put_name, w, logs->why);
    beluga_json_end_array(w);
    beluga_json_end_object(w);
    if (rc == 0) return report_json(w);
    beluga_json_writer_free(w);
    return fail(logs);
}

static int do_names(used_log *logs)
{
    static const char *const titles[] = {"NAME", "LAST", "ENTRIES"};
    term_table table;
    int rc = 0;
    if (logs->args->json) return names_json(logs);
    table_begin(&table, 3, titles);
    if (logs->store) rc = logbook_store_names(logs->store, add_name, &table, logs->why);
    if (rc == 0) return table_print(&table);
    table_free(&table);
    return fail(logs);
}

static int do_rename(used_log *logs)
{
    const arg_list *operands = &logs->args->operands;
    int64_t found, taken;
    if (operands->count != 3)
        return out_usage("name the conversation and its new name: beluga logs rename ID|NAME NAME "
                         "(\"\" removes the name)");
    const char *which = operands->items[1], *name = operands->items[2];
    int rc = find_entry(logs, which, &found);
    if (rc == 0 && *name) rc = logbook_check_name(name);
    if (rc == 0 && found && *name && find_entry(logs, name, &taken) == 0 && taken)
        return out_usage("there is already a conversation called %s: beluga logs show %" PRId64,
                         name, taken);
    if (rc != 0) return rc;
    if (!found) return explain_missing(which);
    if (logbook_store_rename(logs->store, found, *name ? name : NULL, logs->why) != 0)
        return fail(logs);
    out_note(*name ? "the conversation is now called %s" : "the conversation now has no name%s",
             name);
    return 0;
}

/* ---- on, off, status, path ------------------------------------------------------------------- */

static int do_on(used_log *logs)
{
    logbook_store *store = NULL;
    if (logbook_switch(true, logs->why) != 0) return fail(logs);
    if (logbook_store_open(logs->path, true, &store, logs->why) != 0) {
        logbook_switch(false, (char[LOGBOOK_WHY_BYTES]){0});
        return fail(logs);
    }
    logbook_store_close(store);
    out_note("the log is on: prompts and answers are written into %s", logs->path);
    return 0;
}

static int do_off(used_log *logs)
{
    if (logbook_switch(false, logs->why) != 0) return fail(logs);
    out_note("the log is off: existing entries stay; beluga logs clear --before now deletes them");
    return 0;
}

static int64_t bytes_of(const char *path)
{
    struct stat info;
    return path && stat(path, &info) == 0 ? (int64_t)info.st_size : 0;
}

static int do_status(used_log *logs)
{
    int64_t entries = logs->store ? logbook_store_count(logs->store, logs->why) : 0;
    if (entries < 0) return fail(logs);
    if (!logs->args->json) {
        out_printf("log      %s\nentries  %" PRId64 "\nbytes    %" PRId64 "\nfile     ",
                   logbook_is_on() ? "on" : "off", entries, bytes_of(logs->path));
        out_name(logs->path ? logs->path : "none");
        out_printf("\n");
        return 0;
    }
    beluga_json_writer *w = beluga_json_writer_new();
    if (w) {
        beluga_json_begin_object(w, NULL);
        beluga_json_put_bool(w, "on", logbook_is_on());
        beluga_json_put_int(w, "entries", entries);
        beluga_json_put_int(w, "bytes", bytes_of(logs->path));
        beluga_json_put_string(w, "file", logs->path);
        beluga_json_end_object(w);
    }
    return report_json(w);
}

static int do_path(used_log *logs)
{
    if (!logs->path) {
        out_error("neither XDG_DATA_HOME nor HOME is set");
        return CLI_EXIT_OTHER;
    }
    out_name(logs->path);
    out_printf("\n");
    return 0;
}

/* ---- clear ----------------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
    /* plus a second, so that entries of the current second are included */
    return (int64_t)time(NULL) * 1000 + 1000;
}

/* Read an age, such as 30d or 12h. */
static bool read_age(const char *text, int64_t *ms)
{
    char *end;
    long number = strtol(text, &end, 10);
    int64_t unit = *end == 'd' ? 24 * MS_PER_HOUR : *end == 'h' ? MS_PER_HOUR : 0;
    if (end == text || !unit || end[1] || number < 0 || number > 1000000) return false;
    *ms = now_ms() - number * unit;
    return true;
}

/* Read a local date such as 2026-01-31, perhaps followed by T08:00. */
static bool read_date(const char *text, int64_t *ms)
{
    static const char *const formats[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"};
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        struct tm when = {.tm_isdst = -1};
        const char *end = strptime(text, formats[i], &when);
        if (!end || *end) continue;
        *ms = (int64_t)mktime(&when) * 1000;
        return true;
    }
    return false;
}

static int do_clear(used_log *logs)
{
    const char *before = logs->args->before;
    int64_t when = 0;
    if (!before)
        return out_usage("name what to delete: --before 2026-01-31, --before 30d, or --before now "
                         "for everything");
    if (strcmp(before, "now") == 0)
        when = now_ms();
    else if (!read_age(before, &when) && !read_date(before, &when))
        return out_usage(
            "--before: %s must be a date such as 2026-01-31, an age such as 30d, or now", before);
    int64_t deleted = logs->store ? logbook_store_clear(logs->store, when, logs->why) : 0;
    if (deleted < 0) return fail(logs);
    out_note("deleted entries: %" PRId64, deleted);
    return 0;
}

/* ---- the command ----------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int (*run)(used_log *logs);
    bool reads; /* the subcommand only reads the log */
    bool takes_operands;
} verbs[] = {
    {"list", do_list, true, false},     {"show", do_show, true, true},
    {"answer", do_answer, true, true},  {"search", do_search, true, true},
    {"names", do_names, true, false},   {"rename", do_rename, true, true},
    {"on", do_on, false, false},        {"off", do_off, false, false},
    {"status", do_status, true, false}, {"path", do_path, false, false},
    {"clear", do_clear, true, false},
};
#define N_VERBS (sizeof verbs / sizeof verbs[0])

static int run_verb(const cli_args *args, size_t i)
{
    used_log logs = {.args = args, .path = logbook_path()};
    int rc = 0;
    if (verbs[i].reads && logs.path &&
        logbook_store_open(logs.path, false, &logs.store, logs.why) != 0)
        rc = fail(&logs);
    if (rc == 0) rc = verbs[i].run(&logs);
    logbook_store_close(logs.store);
    return rc;
}

static int run(const cli_args *args)
{
    const arg_list *operands = &args->operands;
    const char *name = operands->count ? operands->items[0] : "list";
    for (size_t i = 0; i < N_VERBS; i++) {
        if (strcmp(verbs[i].name, name) != 0) continue;
        if (!verbs[i].takes_operands && operands->count > 1)
            return out_usage("unexpected operand in beluga logs %s: \"%s\"", name,
                             operands->items[1]);
        if (args->before && verbs[i].run != do_clear)
            return out_usage("--before is only for beluga logs clear");
        return run_verb(args, i);
    }
    int64_t id;
    if (logbook_read_number(name, &id))
        return out_usage("to show one entry: beluga logs show %s", name);
    return out_usage("beluga logs has no subcommand \"%s\"; choose list, show, answer, search, "
                     "names, rename, on, off, status, path or clear",
                     name);
}

const cli_command cmd_logs = {
    .name = "logs",
    .operands = "[list|show|answer|search|names|rename|on|off|status|path|clear] [ID|NAME|WORD...]",
    .words = "list show answer search names rename on off status path clear",
    .summary = "Keep a log of prompts and answers, and search it.",
    .takes = ARG_SET(ARG_MOST, ARG_BEFORE, ARG_JSON, ARG_QUIET),
    .max_operands = COMMAND_ANY_OPERANDS,
    .run = run,
    .details =
        "The log is off until you give beluga logs on, because prompts and answers are private. "
        "While it is on, every call of prompt and chat is written into an SQLite database that "
        "only its owner can read: prompt, system text, answer, model, tokens, cost, time, error, "
        "and ids, but never a key. --no-log keeps one call out of the log. If the log fails, a "
        "note says so, and the call itself is not affected.\n\n"
        "list, which may be left out, shows the newest entries, as many as -n says. show prints "
        "everything about one entry, or the newest, with the conversation that it belongs to. "
        "answer prints only its answer. search finds entries whose prompt, answer or system text "
        "contains every WORD. status shows whether the log is on, and how large it is; path prints "
        "where it is. clear --before deletes entries, and leaves no trace of them in the file.\n\n"
        "beluga --continue continues the last conversation, beluga --cid ID the conversation of "
        "that entry, and beluga --name NAME the conversation of that name, or begins a new one. "
        "The model, system text, schema and options of the conversation's last entry are used "
        "again, unless the command line gives others; of options, only numbers, words and stop "
        "sequences are kept. rename gives a conversation a name, or removes its name (\"\"); names "
        "lists the conversations that have one: name, newest entry, number of entries.\n\n"
        "In a pipe the columns are separated by tabs and have no titles: id, time (UTC), model, "
        "finish reason or error, tokens in+out, cost in dollars (? is unknown), prompt in one "
        "line.\n\n"
        "With --json: {\"entries\": [{id, time, parent, provider, model, reference, system, "
        "prompt, answer, finish_reason, error, error_message, input_tokens, output_tokens, cost, "
        "duration_ms, trace_id, name, options, schema, ...}]}; unknown members are left out. "
        "parent is the entry that the entry continues. human and ai are the parts of messages that "
        "contain more than text. show prints the whole conversation, oldest entry first. status: "
        "{on, entries, bytes, file}.",
};
