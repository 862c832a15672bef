/* beluga logs: what was asked and answered. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"

#include "commands/command.h"
#include "exit.h"
#include "logbook/logbook.h"
#include "logbook/message.h"
#include "output.h"
#include "report.h"
#include "terminal/table.h"
#include "terminal/term.h"

#define DEFAULT_COUNT 20
/* A text in a table; what a terminal of any width shows. */
#define CELL_BYTES 1024
/* A table with less room for its texts leaves columns out. */
#define LEAST_TEXT_WIDTH 20
#define MS_PER_HOUR      INT64_C(3600000)

/* The log while a command reads it. */
typedef struct logs_request {
    const cli_args *args;
    struct logbook_store *store; /* NULL: there is none yet */
    char *path;
    char why[LOGBOOK_WHY_BYTES];
} logs_request;

static int fail(const logs_request *logs)
{
    out_error("%s", logs->why);
    return CLI_EXIT_OTHER;
}

/* ---- fields ---------------------------------------------------------------------------------- */

typedef enum time_form { TIME_FULL, TIME_SHORT, TIME_PRECISE } time_form;

static void format_local(char *text, size_t size, int64_t time_ms, time_form form)
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm when;
    size_t n = 0;
    if (!localtime_r(&seconds, &when))
        n = 0;
    else if (form == TIME_SHORT)
        n = strftime(text, size, "%m-%d %H:%M", &when);
    else if (form == TIME_FULL)
        n = strftime(text, size, "%Y-%m-%d %H:%M", &when);
    else
        n = strftime(text, size, "%Y-%m-%d %H:%M:%S %z", &when);
    if (!n) snprintf(text, size, "?");
}

static void format_utc(char *text, size_t size, int64_t time_ms)
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm when;
    char day[32];
    if (!gmtime_r(&seconds, &when) || !strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &when))
        snprintf(day, sizeof day, "?");
    snprintf(text, size, "%s.%03dZ", day, (int)(time_ms % 1000));
}

static void format_model(char *text, size_t size, const logbook_entry *e)
{
    snprintf(text, size, "%s/%s", e->provider ? e->provider : "?", e->model ? e->model : "?");
}

static void format_tokens(char *text, size_t size, const logbook_entry *e)
{
    char in[24] = "?", out[24] = "?";
    if (e->input_tokens >= 0) snprintf(in, sizeof in, "%" PRId64, e->input_tokens);
    if (e->output_tokens >= 0) snprintf(out, sizeof out, "%" PRId64, e->output_tokens);
    snprintf(text, size, "%s+%s", in, out);
}

static void format_cost(char *text, size_t size, double cost)
{
    if (cost < 0)
        snprintf(text, size, "?");
    else
        snprintf(text, size, cost > 0 && cost < 0.01 ? "$%.6f" : "$%.4f", cost);
}

static const char *result_of(const logbook_entry *e)
{
    if (e->error) return e->error;
    return e->finish_reason ? e->finish_reason : "?";
}

/* One line of at most `width` characters; control characters are spaces. */
static void format_line(char *text, const char *from, size_t width)
{
    const char *end = term_is_utf8() ? "\xe2\x80\xa6" : "~";
    bool cut = beluga__utf8_count(from, strlen(from)) > width;
    size_t n = 0, letters = 0;
    for (; *from && n < CELL_BYTES - 8; from++) {
        if (!beluga__utf8_continues(*from) && cut && ++letters >= width) break;
        text[n++] = (unsigned char)*from <= ' ' || *from == 0x7f ? ' ' : *from;
    }
    snprintf(text + n, CELL_BYTES - n, "%s", cut && width ? end : "");
}

/* ---- a table --------------------------------------------------------------------------------- */

typedef enum column { ID, TIME, MODEL, RESULT, TOKENS, COST, PROMPT, N_COLUMNS } column;

static const char *const titles[N_COLUMNS] = {"ID",     "TIME", "MODEL", "RESULT",
                                              "TOKENS", "COST", "PROMPT"};

/* From the widest to the narrowest, without the last column, which takes what is left. */
static const struct layout {
    bool has[N_COLUMNS];
    time_form time;
} layouts[] = {
    {{true, true, true, true, true, true, true}, TIME_FULL},
    {{true, true, true, true, false, false, true}, TIME_SHORT},
    {{true, false, true, false, false, false, true}, TIME_SHORT},
    {{true, false, false, false, false, false, true}, TIME_SHORT},
};
#define N_LAYOUTS (sizeof layouts / sizeof layouts[0])

/* Entries, copied: they are laid out more than once. */
typedef struct draw_row {
    char *cells[N_COLUMNS];
    int64_t time_ms;
} draw_row;

typedef struct log_rows {
    draw_row *items;
    size_t count, room;
} log_rows;

static draw_row *new_row(log_rows *rows)
{
    if (rows->count == rows->room) {
        size_t room = rows->room ? rows->room * 2 : 32;
        draw_row *items = realloc(rows->items, room * sizeof *items);
        if (!items) return NULL;
        rows->items = items;
        rows->room = room;
    }
    rows->items[rows->count] = (draw_row){0};
    return &rows->items[rows->count++];
}

static int keep_row(void *payload, const logbook_entry *e)
{
    char cells[N_COLUMNS][CELL_BYTES] = {{0}};
    draw_row *row = new_row(payload);
    if (!row) return out_no_memory();
    row->time_ms = e->time_ms;
    snprintf(cells[ID], CELL_BYTES, "%" PRId64, e->id);
    format_model(cells[MODEL], CELL_BYTES, e);
    snprintf(cells[RESULT], CELL_BYTES, "%s", result_of(e));
    format_tokens(cells[TOKENS], CELL_BYTES, e);
    format_cost(cells[COST], CELL_BYTES, e->cost);
    format_line(cells[PROMPT], e->prompt ? e->prompt : "", CELL_BYTES / 4);
    for (int i = 0; i < N_COLUMNS; i++)
        if (!(row->cells[i] = strdup(cells[i]))) return out_no_memory();
    return 0;
}

static void free_rows(log_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        for (int k = 0; k < N_COLUMNS; k++) free(rows->items[i].cells[k]);
    free(rows->items);
}

static void fill_table(term_table *table, const log_rows *rows, const struct layout *layout,
                       size_t width)
{
    const char *shown[N_COLUMNS];
    char cell[CELL_BYTES];
    size_t n = 0;
    for (int k = 0; k < N_COLUMNS; k++)
        if (layout->has[k]) shown[n++] = titles[k];
    table_begin(table, n, shown);
    for (size_t i = 0; i < rows->count; i++)
        for (int k = 0; k < N_COLUMNS; k++) {
            if (!layout->has[k]) continue;
            snprintf(cell, sizeof cell, "%s", rows->items[i].cells[k]);
            if (k == TIME) format_local(cell, sizeof cell, rows->items[i].time_ms, layout->time);
            if (k == PROMPT) format_line(cell, rows->items[i].cells[k], width);
            table_add(table, cell);
        }
}

static int print_fitted(const log_rows *rows)
{
    term_table table;
    size_t i = 0, used, screen = term_width();
    for (;; i++) {
        fill_table(&table, rows, &layouts[i], 0);
        used = table_width(&table) - strlen(titles[PROMPT]);
        table_free(&table);
        if (used + LEAST_TEXT_WIDTH <= screen || i + 1 == N_LAYOUTS) break;
    }
    fill_table(&table, rows, &layouts[i], screen > used + 1 ? screen - used : 1);
    return table_print(&table);
}

/* In full; what breaks a line is a space. */
static int print_prompt(const char *text)
{
    char *line = strdup(text);
    if (!line) return out_no_memory();
    for (char *at = line; *at; at++)
        if (*at >= '\t' && *at <= '\r') *at = ' ';
    out_name(line);
    free(line);
    return 0;
}

/* In a pipe: all columns, times in UTC, texts in full but in one line. */
static int print_row(void *payload, const logbook_entry *e)
{
    char time[40], model[CELL_BYTES], tokens[64], cost[32];
    int *code = payload;
    format_utc(time, sizeof time, e->time_ms);
    format_model(model, sizeof model, e);
    format_tokens(tokens, sizeof tokens, e);
    format_cost(cost, sizeof cost, e->cost);
    out_printf("%" PRId64 "\t%s\t", e->id, time);
    out_name(model);
    out_printf("\t");
    out_name(result_of(e));
    out_printf("\t%s\t%s\t", tokens, cost);
    *code = print_prompt(e->prompt ? e->prompt : "");
    out_printf("\n");
    return *code || out_failed();
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void put_INT(beluga_json_writer *w, const char *key, int64_t value)
{
    if (value >= 0) beluga_json_put_int(w, key, value);
}

static void put_REAL(beluga_json_writer *w, const char *key, double value)
{
    if (value >= 0) beluga_json_put_double(w, key, value);
}

static void put_TEXT(beluga_json_writer *w, const char *key, const char *value)
{
    if (!value) return;
    bool is_parts = strcmp(key, "human") == 0 || strcmp(key, "ai") == 0;
    if (is_parts)
        beluga_json_put_raw(w, key, value, strlen(value));
    else
        beluga_json_put_string(w, key, value);
}

static int put_entry(void *payload, const logbook_entry *e)
{
    beluga_json_writer *w = payload;
    char time[40];
    format_utc(time, sizeof time, e->time_ms);
    beluga_json_begin_object(w, NULL);
    beluga_json_put_int(w, "id", e->id);
    beluga_json_put_string(w, "time", time);
#define XX(type, name) put_##type(w, #name, e->name);
    LOGBOOK_MAP(XX)
#undef XX
    beluga_json_end_object(w);
    return 0;
}

/* ---- list and search ------------------------------------------------------------------------- */

typedef int (*source)(logs_request *logs, logbook_visit visit, void *payload);

static int64_t count_of(const cli_args *args)
{
    int64_t count = DEFAULT_COUNT;
    if (args->count && !logbook_read_number(args->count, &count))
        return out_usage("--count: not a number: %s", args->count), -1;
    return count;
}

static int from_newest(logs_request *logs, logbook_visit visit, void *payload)
{
    int64_t count = count_of(logs->args);
    if (!logs->store) return 0;
    return logbook_store_each(logs->store, LOGBOOK_NEWEST, 0, count, visit, payload, logs->why);
}

static int from_search(logs_request *logs, logbook_visit visit, void *payload)
{
    const arg_list *words = &logs->args->operands;
    if (!logs->store) return 0;
    return logbook_store_search(logs->store, words->items + 1, words->count - 1,
                                count_of(logs->args), visit, payload, logs->why);
}

static int print_json(logs_request *logs, source from)
{
    beluga_json_writer *w = beluga_json_writer_new();
    int rc = 0;
    if (w) {
        beluga_json_begin_object(w, NULL);
        beluga_json_begin_array(w, "entries");
        rc = from(logs, put_entry, w);
        beluga_json_end_array(w);
        beluga_json_end_object(w);
    }
    if (rc == 0) return report_json(w);
    beluga_json_writer_free(w);
    return fail(logs);
}

static int print_table(logs_request *logs, source from)
{
    log_rows rows = {0};
    int rc = from(logs, keep_row, &rows);
    if (rc < 0)
        rc = fail(logs);
    else if (rc == 0 && rows.count)
        rc = print_fitted(&rows);
    else if (rc == 0)
        out_note("there is nothing to show: %s",
                 logbook_is_on() ? "no entry" : "the log is off (beluga logs on)");
    free_rows(&rows);
    return rc;
}

static int print_entries(logs_request *logs, source from)
{
    if (count_of(logs->args) < 0) return CLI_EXIT_USAGE;
    if (logs->args->json) return print_json(logs, from);
    if (term_is_out()) return print_table(logs, from);
    int code = 0;
    return from(logs, print_row, &code) < 0 ? fail(logs) : code;
}

static int do_list(logs_request *logs)
{
    return print_entries(logs, from_newest);
}

static int do_search(logs_request *logs)
{
    if (logs->args->operands.count < 2) return out_usage("which words? beluga logs search WORD...");
    return print_entries(logs, from_search);
}

/* ---- one of them ----------------------------------------------------------------------------- */

static void put_heading(const char *text)
{
    out_style(TERM_BOLD);
    out_printf("%s", text);
    out_style(TERM_PLAIN);
    out_printf("\n");
}

static void put_field(const char *name, const char *value)
{
    if (!value || !*value) return;
    out_printf("%-9s", name);
    out_name(value);
    out_printf("\n");
}

static void put_message(const char *heading, beluga_role role, const char *json, const char *text)
{
    bool left_out = false;
    beluga_message *message = logbook_message_read(role, json, text, &left_out);
    put_heading(heading);
    for (size_t i = 0; message && i < beluga_message_count(message); i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (part->kind == BELUGA_PART_STATE) continue;
        if (part->kind == BELUGA_PART_TEXT)
            out_text(part->text, part->text_length);
        else if (part->kind == BELUGA_PART_TOOL_CALL)
            out_printf("[calls %s %.*s]", part->name, (int)part->text_length, part->text);
        else if (part->kind != BELUGA_PART_REASONING)
            out_printf("[%s]", part->media_type ? part->media_type : "attached");
        out_printf("\n");
    }
    if (left_out) out_printf("[an attachment, not kept]\n");
    out_printf("\n");
    beluga_message_unref(message);
}

static void put_numbers(const logbook_entry *e)
{
    char text[160];
    format_tokens(text, sizeof text, e);
    if (e->input_tokens >= 0 || e->output_tokens >= 0) put_field("tokens", text);
    format_cost(text, sizeof text, e->cost);
    put_field("cost", e->cost < 0 ? "unknown" : text);
    snprintf(text, sizeof text, "%.3f s", e->duration_ms / 1e3);
    if (e->duration_ms >= 0) put_field("took", text);
}

static void put_details(const logbook_entry *e)
{
    char text[CELL_BYTES];
    snprintf(text, sizeof text, "%" PRId64, e->id);
    put_field("entry", text);
    format_local(text, sizeof text, e->time_ms, TIME_PRECISE);
    put_field("time", text);
    format_model(text, sizeof text, e);
    put_field("model", text);
    if (e->reference && strcmp(e->reference, text) != 0) put_field("asked for", e->reference);
    put_field("result", result_of(e));
    put_field("error", e->error_message);
    if (e->cached == 1) put_field("cached", "yes");
    put_numbers(e);
    put_field("response", e->response_id);
    put_field("request", e->request_id);
    put_field("trace", e->trace_id);
    out_printf("\n");
}

/* What it goes on from comes first, without the details. */
typedef struct shown_call {
    int64_t id;
    char *system; /* of the turn before; owned */
    bool any, failed;
} shown_call;

static int show_turn(void *payload, const logbook_entry *e)
{
    shown_call *shown = payload;
    bool differs = !shown->system || !e->system || strcmp(shown->system, e->system) != 0;
    if (e->id == shown->id) put_details(e);
    if (!shown->any && e->parent > 0) out_printf("(earlier turns were deleted)\n\n");
    if (e->system && differs) put_message("System", BELUGA_ROLE_SYSTEM, NULL, e->system);
    put_message("Prompt", BELUGA_ROLE_HUMAN, e->human, e->prompt);
    if (e->answer && (*e->answer || e->ai))
        put_message(e->error ? "Answer, as far as it came" : "Answer", BELUGA_ROLE_AI, e->ai,
                    e->answer);
    free(shown->system);
    shown->system = e->system ? strdup(e->system) : NULL;
    shown->any = true;
    return out_failed();
}

static int put_turn(void *payload, const logbook_entry *e)
{
    put_entry(payload, e);
    return 0;
}

static int show_json(logs_request *logs, int64_t id)
{
    beluga_json_writer *w = beluga_json_writer_new();
    int rc = 0;
    if (w) {
        beluga_json_begin_object(w, NULL);
        beluga_json_begin_array(w, "entries");
        rc = logbook_store_each(logs->store, LOGBOOK_THREAD, id, 0, put_turn, w, logs->why);
        beluga_json_end_array(w);
        beluga_json_end_object(w);
    }
    if (rc == 0) return report_json(w);
    beluga_json_writer_free(w);
    return fail(logs);
}

static int take_id(void *payload, const logbook_entry *e)
{
    *(int64_t *)payload = e->id;
    return 0;
}

static int do_show(logs_request *logs)
{
    const arg_list *operands = &logs->args->operands;
    shown_call shown = {0};
    int64_t id = 0, found = 0;
    int rc = 0;
    if (operands->count > 2) return out_usage("one entry at a time: beluga logs show ID");
    if (operands->count == 2 && !logbook_read_number(operands->items[1], &id))
        return out_usage("not the number of an entry: %s", operands->items[1]);
    logbook_which which = operands->count == 2 ? LOGBOOK_ONE : LOGBOOK_NEWEST;
    if (logs->store) rc = logbook_store_each(logs->store, which, id, 1, take_id, &found, logs->why);
    if (rc != 0) return fail(logs);
    if (!found && operands->count == 2)
        return out_error("there is no entry %" PRId64 " in the log", id), CLI_EXIT_USAGE;
    if (!found) return out_error("the log is empty"), CLI_EXIT_USAGE;
    if (logs->args->json) return show_json(logs, found);
    shown.id = found;
    rc = logbook_store_each(logs->store, LOGBOOK_THREAD, found, 0, show_turn, &shown, logs->why);
    free(shown.system);
    return rc < 0 ? fail(logs) : 0;
}

/* ---- on, off, status, path ------------------------------------------------------------------- */

static int do_on(logs_request *logs)
{
    struct logbook_store *store = NULL;
    if (logbook_switch(true, logs->why) != 0) return fail(logs);
    if (logbook_store_open(logs->path, true, &store, logs->why) != 0) {
        logbook_switch(false, (char[LOGBOOK_WHY_BYTES]){0});
        return fail(logs);
    }
    logbook_store_close(store);
    out_note("on: prompts and answers are written into %s", logs->path);
    return 0;
}

static int do_off(logs_request *logs)
{
    if (logbook_switch(false, logs->why) != 0) return fail(logs);
    out_note("off: what is in it stays; beluga logs clear --before now deletes it");
    return 0;
}

static int64_t bytes_of(const char *path)
{
    struct stat info;
    return path && stat(path, &info) == 0 ? (int64_t)info.st_size : 0;
}

static int do_status(logs_request *logs)
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

static int do_path(logs_request *logs)
{
    if (!logs->path) return out_error("neither XDG_DATA_HOME nor HOME is set"), CLI_EXIT_OTHER;
    out_name(logs->path);
    out_printf("\n");
    return 0;
}

/* ---- clear ----------------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
    return (int64_t)time(NULL) * 1000 + 1000; /* what is of this second is before now */
}

/* An age: 30d, 12h. */
static bool read_age(const char *text, int64_t *ms)
{
    char *end;
    long number = strtol(text, &end, 10);
    int64_t unit = *end == 'd' ? 24 * MS_PER_HOUR : *end == 'h' ? MS_PER_HOUR : 0;
    if (end == text || !unit || end[1] || number < 0 || number > 1000000) return false;
    *ms = now_ms() - number * unit;
    return true;
}

/* Local time: 2026-01-31, with T08:00 behind it or not. */
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

static int do_clear(logs_request *logs)
{
    const char *before = logs->args->before;
    int64_t when = 0;
    if (!before)
        return out_usage("say what is to be deleted: --before 2026-01-31, --before 30d, or "
                         "--before now for all of it");
    if (strcmp(before, "now") == 0)
        when = now_ms();
    else if (!read_age(before, &when) && !read_date(before, &when))
        return out_usage(
            "--before: %s is neither a date such as 2026-01-31, nor an age such as 30d, "
            "nor now",
            before);
    int64_t deleted = logs->store ? logbook_store_clear(logs->store, when, logs->why) : 0;
    if (deleted < 0) return fail(logs);
    out_note("deleted: %" PRId64, deleted);
    return 0;
}

/* ---- the command ----------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int (*run)(logs_request *logs);
    bool reads; /* what is there */
    bool takes_operands;
} verbs[] = {
    {"list", do_list, true, false},    {"show", do_show, true, true},
    {"search", do_search, true, true}, {"on", do_on, false, false},
    {"off", do_off, false, false},     {"status", do_status, true, false},
    {"path", do_path, false, false},   {"clear", do_clear, true, false},
};
#define N_VERBS (sizeof verbs / sizeof verbs[0])

static int run_verb(const cli_args *args, size_t i)
{
    logs_request logs = {.args = args, .path = logbook_path()};
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
            return out_usage("beluga logs %s does not take \"%s\"", name, operands->items[1]);
        if (args->before && verbs[i].run != do_clear)
            return out_usage("--before is for beluga logs clear");
        return run_verb(args, i);
    }
    return out_usage("beluga logs does not know \"%s\"; it knows list, show, search, on, off, "
                     "status, path, clear",
                     name);
}

const cli_command cmd_logs = {
    .name = "logs",
    .operands = "[list|show|search|on|off|status|path|clear] [ID|WORD...]",
    .summary = "Keep a log of prompts and answers, and look things up in it.",
    .details =
        "The log is off until beluga logs on, for what is asked and answered is private. While it "
        "is "
        "on, every call of prompt and chat is written into a SQLite database that only its owner "
        "can "
        "read: prompt, system text, answer, model, tokens, cost, time, error, and ids; never a "
        "key. "
        "--no-log leaves one call out. What goes wrong with the log is a note, and the call is as "
        "it "
        "is without one.\n\n"
        "list, which may be left out, shows the newest entries, as many as -n says. show tells all "
        "about one, or the newest, with the conversation it belongs to. search finds entries that "
        "contain every WORD, in prompt, answer or system text. status tells whether it is on, and "
        "how "
        "large it is; path tells where. clear --before deletes, and leaves nothing of it in the "
        "file.\n\n"
        "beluga --continue goes on with the last conversation, beluga --cid ID with that of an "
        "entry.\n\n"
        "In a pipe the columns are separated by tabs and have no titles: id, time (UTC), model, "
        "finish "
        "reason or error, tokens in+out, cost in dollars (? is unknown), prompt in one line.\n\n"
        "With --json: {\"entries\": [{id, time, parent, provider, model, reference, system, "
        "prompt, "
        "answer, finish_reason, error, error_message, input_tokens, output_tokens, cost, "
        "duration_ms, "
        "trace_id, ...}]}, without what is not known; parent is the entry it goes on from. human "
        "and ai "
        "are the parts of messages that are more than text. show gives the whole conversation, "
        "oldest "
        "first. status: {on, entries, bytes, file}.",
    .words = "list show search on off status path clear",
    .takes = ARG_MOST | ARG_BEFORE | ARG_JSON | ARG_QUIET | ARG_HELP | ARG_VERSION,
    .max_operands = COMMAND_ANY_OPERANDS,
    .run = run,
};
