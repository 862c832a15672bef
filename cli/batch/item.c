#include "batch/item.h"

#include "attach_part.h"
#include "batch/request.h"
#include "batch/texts.h"
#include "batch/why.h"

#include <beluga/error.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TOLD_COLUMNS 96 /* bytes */

static int fail(batch_item *item, const char *what, const char *word)
{
    batch_say_why(item->why, "%s%.60s", what, word);
    return BELUGA_ERROR_INVALID_INPUT;
}

/* ---- the plan -------------------------------------------------------------------------------- */

static long find_column(const batch_reader *reader, const char *const *names)
{
    long column = -1;
    for (; *names && column < 0; names++)
        column = batch_reader_column(reader, *names, strlen(*names));
    return column;
}

/* Find a column by its name, or else by its number from 1. */
static long find_named_column(const batch_reader *reader, const char *name)
{
    char *end;
    long column = batch_reader_column(reader, name, strlen(name));
    if (column >= 0) return column;
    column = strtol(name, &end, 10) - 1;
    return *name && !*end && column >= 0 && (size_t)column < reader->n_columns ? column : -1;
}

/* Find the column with the prompt. A file without a header must have only one column; a file with a
 * header may have no such column. */
static long find_prompt_column(const batch_plan *plan)
{
    static const char *const names[] = {"prompt", "text", NULL};
    const batch_reader *reader = plan->reader;
    if (plan->prompt_name) return find_named_column(reader, plan->prompt_name);
    if (reader->headless) return reader->n_columns == 1 ? 0 : -1;
    return find_column(reader, names);
}

static int miss_named(const batch_plan *plan, const char *name, size_t length, const char *who,
                      char *why)
{
    char columns[MAX_TOLD_COLUMNS];
    batch_reader_list_columns(plan->reader, columns, sizeof columns);
    batch_say_why(why, "the CSV has no column \"%.*s\", which %s names; its columns are %s",
                  (int)(length < 80 ? length : 80), name, who, columns);
    return -1;
}

static int miss_prompt(const batch_plan *plan, char *why)
{
    char columns[MAX_TOLD_COLUMNS];
    const char *name = plan->prompt_name;
    batch_reader_list_columns(plan->reader, columns, sizeof columns);
    if (name) return miss_named(plan, name, strlen(name), "--prompt-column", why);
    if (plan->reader->headless)
        batch_say_why(why, "the CSV has %zu columns: choose the one to ask with --prompt-column N",
                      plan->reader->n_columns);
    else
        batch_say_why(why,
                      "the CSV has no column \"prompt\" or \"text\"; its columns are %s: choose "
                      "one with --prompt-column, or give --no-header if this is its first row",
                      columns);
    return -1;
}

int batch_plan_columns(batch_plan *plan, char why[BATCH_FAULT_BYTES])
{
    static const char *const ids[] = {"id", "custom_id", NULL};
    const batch_reader *reader = plan->reader;
    const batch_template *t = plan->template;
    plan->id_column = plan->prompt_column = plan->attach_column = -1;
    if (reader->format != BATCH_CSV) return 0;
    plan->id_column = find_column(reader, ids);
    plan->prompt_column = find_prompt_column(plan);
    const char *attach = plan->attach_name;
    if (attach) plan->attach_column = find_named_column(reader, attach);
    if (attach && plan->attach_column < 0)
        return miss_named(plan, attach, strlen(attach), "--attach-column", why);
    for (size_t i = 0; t && i < t->count; i++) {
        const batch_piece *p = &t->pieces[i];
        if (p->is_field && batch_reader_column(reader, p->text, p->length) < 0)
            return miss_named(plan, p->text, p->length, "the template", why);
    }
    return t || plan->prompt_column >= 0 ? 0 : miss_prompt(plan, why);
}

/* ---- ids ------------------------------------------------------------------------------------- */

static int set_id(batch_item *item, const char *id, size_t length)
{
    if (!length) return 0;
    if (length > BATCH_MAX_ID_BYTES) return fail(item, "its id is longer than 512 bytes", "");
    if (memchr(id, '\0', length)) return fail(item, "its id contains a NUL byte", "");
    memcpy(item->id, id, length);
    item->id[length] = '\0';
    item->has_id = true;
    return 0;
}

static int take_id(batch_item *item, const beluga_json *object)
{
    size_t length;
    const beluga_json *id = beluga_json_get(object, "custom_id");
    if (!id) id = beluga_json_get(object, "id");
    if (!id || beluga_json_is_null(id)) return 0;
    const char *text = beluga_json_string(id, &length);
    if (!text && beluga_json_is_number(id)) text = beluga_json_text(item->request.doc, id, &length);
    return text ? set_id(item, text, length)
                : fail(item, "its id must be a string or a number", "");
}

/* ---- fields ---------------------------------------------------------------------------------- */

typedef struct item_source {
    const batch_plan *plan;
    const batch_record *record;
    batch_item *item;
    const beluga_json *root; /* root of the JSON text */
} item_source;

static int find_in_json(item_source *f, const char *name, size_t name_length, const char **text,
                        size_t *length)
{
    size_t n;
    for (const beluga_json *v = beluga_json_first(f->root); v; v = beluga_json_next(f->root, v)) {
        const char *key = beluga_json_key(v, &n);
        if (n != name_length || memcmp(key, name, n) != 0) continue;
        *text = beluga_json_string(v, length);
        if (!*text) *text = beluga_json_text(f->item->request.doc, v, length);
        return *text ? 1 : -1;
    }
    return 0;
}

/* Find the value of a field. A line of plain text has one field, "text". */
static int find_field(void *payload, const char *name, size_t name_length, const char **text,
                      size_t *length)
{
    item_source *f = payload;
    if (f->record->fields) {
        long column = batch_reader_column(f->plan->reader, name, name_length);
        if (column < 0) return 0;
        *text = f->record->fields[column].bytes;
        *length = f->record->fields[column].length;
        return 1;
    }
    if (beluga_json_is_object(f->root)) return find_in_json(f, name, name_length, text, length);
    if (name_length != 4 || memcmp(name, "text", 4) != 0) return 0;
    *text = f->root ? beluga_json_string(f->root, length) : f->record->bytes;
    if (!f->root) *length = f->record->length;
    return *text ? 1 : 0;
}

/* ---- attachments ----------------------------------------------------------------------------- */

static int attach(item_source *f, beluga_message *message, const char *what, size_t length)
{
    char path[PATH_MAX];
    beluga_error err;
    if (!length) return 0;
    if (length >= sizeof path || memchr(what, '\0', length))
        return fail(f->item, "the name of its attachment is too long, or has a NUL character", "");
    memcpy(path, what, length);
    path[length] = '\0';
    int rc = attach_one(message, path, &err);
    if (rc && rc != BELUGA_ERROR_NO_MEMORY) batch_say_why(f->item->why, "%s", err.message);
    return rc == 0 || rc == BELUGA_ERROR_NO_MEMORY ? rc : BELUGA_ERROR_INVALID_INPUT;
}

/* Attach the files that a member names. Its value is one file name or address, or a list of them.
 */
static int attach_member(item_source *f, beluga_message *message)
{
    size_t length;
    int rc = 0;
    const beluga_json *value = beluga_json_get(f->root, f->plan->attach_name);
    const char *text = beluga_json_string(value, &length);
    if (text) return attach(f, message, text, length);
    if (!value || beluga_json_is_null(value)) return 0;
    if (!beluga_json_is_array(value))
        return fail(f->item,
                    "this member must be a string or a list of strings: ", f->plan->attach_name);
    for (const beluga_json *v = beluga_json_first(value); v && !rc;
         v = beluga_json_next(value, v)) {
        text = beluga_json_string(v, &length);
        rc = text ? attach(f, message, text, length)
                  : fail(f->item,
                         "every item of this list must be a string: ", f->plan->attach_name);
    }
    return rc;
}

static int attach_all(item_source *f, beluga_message *message)
{
    const char *name;
    const batch_field *field =
        f->record->fields ? &f->record->fields[f->plan->attach_column] : NULL;
    int rc = field ? attach(f, message, field->bytes, field->length) : attach_member(f, message);
    if (rc) return rc;
    const char *untaken = attach_find_untaken(message, f->plan->takes, &name);
    if (!untaken) return 0;
    batch_say_why(f->item->why, "%.80s was not sent: the provider is not known to accept %s (%s)",
                  name, untaken, "--attach-anyway sends it");
    return BELUGA_ERROR_INVALID_INPUT;
}

/* ---- prompts --------------------------------------------------------------------------------- */

static int ask(item_source *f, const char *text, size_t length)
{
    if (!length) return fail(f->item, "its prompt is empty", "");
    beluga_message *message = beluga_human_message_n(text, length);
    int rc = message && f->plan->attach_name ? attach_all(f, message) : 0;
    if (rc == 0) return beluga_messages_add(f->item->request.messages, message);
    beluga_message_unref(message);
    return rc;
}

static int fill_template(item_source *f)
{
    cli_text prompt = {0};
    int rc = batch_template_fill(f->plan->template, find_field, f, &prompt, f->item->why)
                 ? BELUGA_ERROR_INVALID_INPUT
                 : ask(f, prompt.data, prompt.length);
    text_free(&prompt);
    return rc;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static bool ends_in(const char *url, const char *end)
{
    size_t n = strlen(url), m = strlen(end);
    return n >= m && strcmp(url + n - m, end) == 0;
}

static int take_request(const batch_plan *plan, const beluga_json *root, batch_item *item)
{
    const char *method = beluga_json_get_string(root, "method", NULL);
    const char *url = beluga_json_get_string(root, "url", NULL);
    if (method && strcmp(method, "POST") != 0)
        return fail(item, "its method must be POST, not ", method);
    if (url && ends_in(url, "/embeddings"))
        return batch_texts_parse(beluga_json_get(root, "body"), item);
    if (url && ends_in(url, "/responses"))
        item->request.protocol = &protocol_responses;
    else if (url && !ends_in(url, "/chat/completions"))
        return fail(item,
                    "its url must be /v1/chat/completions, /v1/responses or /v1/embeddings, not ",
                    url);
    return batch_request_parse(plan, beluga_json_get(root, "body"), item);
}

static int take_object(item_source *f)
{
    size_t length;
    const batch_plan *plan = f->plan;
    const beluga_json *root = f->root;
    batch_item *item = f->item;
    const beluga_json *messages = beluga_json_get(root, "messages");
    const char *name = plan->prompt_name ? plan->prompt_name : "prompt";
    const char *prompt = beluga_json_get_string(root, name, &length);
    if (plan->prompt_name)
        return prompt ? ask(f, prompt, length)
                      : fail(item, "it has no string member called ", name);
    if (beluga_json_get(root, "body")) return take_request(plan, root, item);
    if (messages) return batch_request_parse_messages(messages, item);
    if (!prompt) prompt = beluga_json_get_string(root, "text", &length);
    if (prompt) return ask(f, prompt, length);
    return fail(
        item, "it has no \"prompt\", \"messages\" or \"body\": choose what to ask with --template",
        "");
}

static int take_json(item_source *f)
{
    size_t length;
    const beluga_json *root = f->root;
    if (f->plan->template) return fill_template(f);
    if (beluga_json_is_object(root)) return take_object(f);
    if (beluga_json_is_array(root)) return batch_request_parse_messages(root, f->item);
    const char *text = beluga_json_string(root, &length);
    return text ? ask(f, text, length)
                : fail(f->item, "it must be a string, a list or an object", "");
}

static int parse_json(const batch_record *record, batch_item *item)
{
    beluga_error err;
    int rc = beluga_json_parse(record->bytes, record->length, &item->request.doc, &err);
    if (rc == 0 || rc == BELUGA_ERROR_NO_MEMORY) return rc;
    batch_say_why(item->why, "it is not valid JSON: %.200s", err.message);
    return BELUGA_ERROR_INVALID_INPUT;
}

/* Make a line number the id of the item. Most lines of text need this, and printf would take the
 * largest part of the time to read a line. */
static void set_number(batch_item *item, uint64_t number)
{
    char digits[20]; /* enough for the largest number */
    size_t n = sizeof digits;
    for (; number; number /= 10) digits[--n] = (char)('0' + number % 10);
    memcpy(item->id, digits + n, sizeof digits - n);
    item->id[sizeof digits - n] = '\0';
}

/* ---- items ----------------------------------------------------------------------------------- */

int batch_item_parse_id(const batch_plan *plan, const batch_record *record, batch_item *item)
{
    *item = (batch_item){
        .line = record->line, .digest = record->digest, .request.protocol = &protocol_chat};
    set_number(item, record->line);
    if (*record->fault) return fail(item, record->fault, "");
    if (record->fields && plan->id_column >= 0)
        return set_id(item, record->fields[plan->id_column].bytes,
                      record->fields[plan->id_column].length);
    if (plan->reader->format != BATCH_JSONL) return 0;
    int rc = parse_json(record, item);
    return rc ? rc : take_id(item, beluga_json_doc_root(item->request.doc));
}

static int take_content(item_source *f)
{
    const batch_record *record = f->record;
    if (f->plan->reader->format == BATCH_JSONL) return take_json(f);
    if (f->plan->template) return fill_template(f);
    if (!record->fields) return ask(f, record->bytes, record->length);
    return ask(f, record->fields[f->plan->prompt_column].bytes,
               record->fields[f->plan->prompt_column].length);
}

int batch_item_parse(const batch_plan *plan, const batch_record *record, batch_item *item)
{
    int rc = batch_item_parse_id(plan, record, item);
    item_source f = {plan, record, item, beluga_json_doc_root(item->request.doc)};
    if (rc) return rc;
    item->request.messages = beluga_messages_new();
    if (!item->request.messages) return BELUGA_ERROR_NO_MEMORY;
    if (plan->system)
        rc = beluga_messages_add(item->request.messages, beluga_system_message(plan->system));
    if (rc == 0) rc = take_content(&f);
    if (rc && rc != BELUGA_ERROR_NO_MEMORY && !*item->why)
        return fail(item, beluga_error_text(rc), "");
    return rc;
}

void batch_item_free(batch_item *item)
{
    protocol_request_free(&item->request);
    beluga_chat_model_unref(item->model);
    free(item->texts);
    free(item->lengths);
    item->model = NULL;
    item->texts = NULL;
    item->lengths = NULL;
}
