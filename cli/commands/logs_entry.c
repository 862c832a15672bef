#include "commands/logs_entry.h"

#include "base/utf8.h"
#include "logbook/message.h"
#include "logbook/steps.h"
#include "output.h"
#include "terminal/table.h"
#include "terminal/term.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Size of a text in a table, which is more than any terminal shows in a line. */
#define CELL_BYTES 1024
/* The table leaves out columns until this width remains for the texts of entries. */
#define LEAST_TEXT_WIDTH 20

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

/* Write one line of at most `width` characters, with spaces in place of control characters. */
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

enum { ID, TIME, MODEL, RESULT, TOKENS, COST, PROMPT };

static const char *const titles[LOG_COLUMNS] = {"ID",     "TIME", "MODEL", "RESULT",
                                                "TOKENS", "COST", "PROMPT"};

typedef struct log_layout {
    bool has[LOG_COLUMNS];
    time_form time;
} log_layout;

/* The layouts of the table, from the widest to the narrowest. The last column gets the remaining
 * width. */
static const log_layout layouts[] = {
    {{true, true, true, true, true, true, true}, TIME_FULL},
    {{true, true, true, true, false, false, true}, TIME_SHORT},
    {{true, false, true, false, false, false, true}, TIME_SHORT},
    {{true, false, false, false, false, false, true}, TIME_SHORT},
};
#define N_LAYOUTS (sizeof layouts / sizeof layouts[0])

static log_row *new_row(log_table *rows)
{
    if (rows->count == rows->room) {
        size_t room = rows->room ? rows->room * 2 : 32;
        log_row *items = realloc(rows->items, room * sizeof *items);
        if (!items) return NULL;
        rows->items = items;
        rows->room = room;
    }
    rows->items[rows->count] = (log_row){0};
    return &rows->items[rows->count++];
}

int log_table_add(void *payload, const logbook_entry *e)
{
    char cells[LOG_COLUMNS][CELL_BYTES] = {{0}};
    log_row *row = new_row(payload);
    if (!row) return out_no_memory();
    row->time_ms = e->time_ms;
    snprintf(cells[ID], CELL_BYTES, "%" PRId64, e->id);
    format_model(cells[MODEL], CELL_BYTES, e);
    snprintf(cells[RESULT], CELL_BYTES, "%s", result_of(e));
    format_tokens(cells[TOKENS], CELL_BYTES, e);
    format_cost(cells[COST], CELL_BYTES, e->cost);
    char text[CELL_BYTES];
    snprintf(text, sizeof text, "%s%s%s%s", e->name ? "[" : "", e->name ? e->name : "",
             e->name ? "] " : "", e->prompt ? e->prompt : "");
    format_line(cells[PROMPT], text, CELL_BYTES / 4);
    for (int i = 0; i < LOG_COLUMNS; i++)
        if (!(row->cells[i] = strdup(cells[i]))) return out_no_memory();
    return 0;
}

void log_table_free(log_table *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        for (int k = 0; k < LOG_COLUMNS; k++) free(rows->items[i].cells[k]);
    free(rows->items);
}

static void fill_table(term_table *table, const log_table *rows, const log_layout *layout,
                       size_t width)
{
    const char *shown[LOG_COLUMNS];
    char cell[CELL_BYTES];
    size_t n = 0;
    for (int k = 0; k < LOG_COLUMNS; k++)
        if (layout->has[k]) shown[n++] = titles[k];
    table_begin(table, n, shown);
    for (size_t i = 0; i < rows->count; i++)
        for (int k = 0; k < LOG_COLUMNS; k++) {
            if (!layout->has[k]) continue;
            snprintf(cell, sizeof cell, "%s", rows->items[i].cells[k]);
            if (k == TIME) format_local(cell, sizeof cell, rows->items[i].time_ms, layout->time);
            if (k == PROMPT) format_line(cell, rows->items[i].cells[k], width);
            table_add(table, cell);
        }
}

int log_table_print(const log_table *rows)
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

/* Print the whole prompt on one line, with spaces instead of line breaks. */
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

int log_print_line(void *payload, const logbook_entry *e)
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
    static const char *const parts[] = {"human", "ai", "steps", "options", "schema"};
    bool is_json = false;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        is_json = is_json || strcmp(key, parts[i]) == 0;
    if (is_json)
        beluga_json_put_raw(w, key, value, strlen(value));
    else
        beluga_json_put_string(w, key, value);
}

int log_put_json(void *payload, const logbook_entry *e)
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

/* ---- one entry ------------------------------------------------------------------------------- */

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

static void put_parts(const beluga_message *message)
{
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
}

/* Print a tool call, or a result, that came before the answer. */
static int put_step(void *payload, beluga_message *message)
{
    size_t n;
    const char *text = beluga_message_text(message, &n);
    (void)payload;
    if (beluga_message_role(message) != BELUGA_ROLE_TOOL) {
        put_parts(message);
        return 0;
    }
    out_printf(beluga_message_is_tool_error(message) ? "[failed: " : "[result: ");
    while (n && text[n - 1] == '\n') n--;
    out_text(text, n);
    out_printf("]\n");
    return 0;
}

static void put_steps(const char *json)
{
    if (!json) return;
    put_heading("Tools");
    if (logbook_steps_each(json, put_step, NULL)) out_printf("[these messages can't be read]\n");
    out_printf("\n");
}

static void put_message(const char *heading, beluga_role role, const char *json, const char *text)
{
    bool left_out = false;
    beluga_message *message = logbook_message_read(role, json, text, &left_out);
    put_heading(heading);
    put_parts(message);
    if (left_out) out_printf("[an attachment that the log did not keep]\n");
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
    put_field("name", e->name);
    format_local(text, sizeof text, e->time_ms, TIME_PRECISE);
    put_field("time", text);
    format_model(text, sizeof text, e);
    put_field("model", text);
    if (e->reference && strcmp(e->reference, text) != 0) put_field("asked for", e->reference);
    put_field("result", result_of(e));
    put_field("error", e->error_message);
    put_field("options", e->options);
    put_field("schema", e->schema);
    if (e->cached == 1) put_field("cached", "yes");
    put_numbers(e);
    put_field("response", e->response_id);
    put_field("request", e->request_id);
    put_field("trace", e->trace_id);
    out_printf("\n");
}

int log_print_turn(void *payload, const logbook_entry *e)
{
    log_conversation *shown = payload;
    bool differs = !shown->system || !e->system || strcmp(shown->system, e->system) != 0;
    if (e->id == shown->id) put_details(e);
    if (!shown->any && e->parent > 0) out_printf("(earlier turns were deleted)\n\n");
    if (e->system && differs) put_message("System", BELUGA_ROLE_SYSTEM, NULL, e->system);
    put_message("Prompt", BELUGA_ROLE_HUMAN, e->human, e->prompt);
    put_steps(e->steps);
    if (e->answer && (*e->answer || e->ai))
        put_message(e->error ? "Answer, as far as it arrived" : "Answer", BELUGA_ROLE_AI, e->ai,
                    e->answer);
    free(shown->system);
    shown->system = e->system ? strdup(e->system) : NULL;
    shown->any = true;
    return out_failed();
}
