/*
 * Table-valued functions of SQL:
 *
 *     SELECT piece FROM llm_stream('Tell a story.');
 *     SELECT ord, answer, error FROM llm_many('["one", "two"]');
 *     SELECT name, meaning, kind FROM llm_models;
 *
 * Their arguments are hidden columns of the table.
 */
#include "../database/answer.h"
#include "../database/many.h"
#include "extension.h"

#include <beluga/provider/json.h>

#include <stdlib.h>
#include <string.h>

/* The hidden columns for the arguments, counted from the first of them. */
enum { INPUT, MODEL, OPTIONS, N_ARGUMENTS };

typedef struct table table;
typedef struct cursor cursor;

/* How one of the three tables works. */
typedef struct kind {
    const char *name, *schema;
    int first_hidden; /* column of the first argument; -1: the table has no arguments */
    int (*start)(cursor *c, sqlite3_value **arguments, beluga_error *err);
    int (*next)(cursor *c, beluga_error *err); /* sets c->end after the last row */
    void (*column)(cursor *c, sqlite3_context *context, int column);
} kind;

struct table {
    sqlite3_vtab base;
    extension *x;
    const kind *kind;
};

struct cursor {
    sqlite3_vtab_cursor base;
    extension *x;
    const kind *kind;
    bool end;
    sqlite3_int64 row;
    db_answer *answer; /* of llm_stream */
    const char *text;
    size_t length;
    db_many *many; /* of llm_many */
    db_row answered;
    beluga_json_doc *doc;
    const char **texts;
    size_t *lengths;
};

static bool is_null(sqlite3_value *value)
{
    return !value || sqlite3_value_type(value) == SQLITE_NULL;
}

/* ---- llm_stream ------------------------------------------------------------------------------ */

static int next_piece(cursor *c, beluga_error *err)
{
    int status = db_answer_next(c->answer, &c->text, &c->length, err);
    c->end = status || !c->text;
    return status;
}

static int start_stream(cursor *c, sqlite3_value **arguments, beluga_error *err)
{
    db_request request;
    c->end = true;
    if (is_null(arguments[INPUT])) return 0;
    const char *prompt = (const char *)sqlite3_value_text(arguments[INPUT]);
    size_t length = (size_t)sqlite3_value_bytes(arguments[INPUT]);
    if (!prompt) return db_no_memory(err);
    int status = extension_request(c->x, arguments[MODEL], arguments[OPTIONS], &request, err);
    if (!status)
        status = db_answer_start(c->x->session, &request, prompt, length, true, &c->answer, err);
    return status ? status : next_piece(c, err);
}

static void column_piece(cursor *c, sqlite3_context *context, int column)
{
    if (column == 0)
        sqlite3_result_text64(context, c->text, c->length, SQLITE_TRANSIENT, SQLITE_UTF8);
}

/* ---- llm_many -------------------------------------------------------------------------------- */

static int no_list(beluga_error *err)
{
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                            "llm_many takes a JSON array of texts, as json_group_array makes it "
                            "(numbers and NULL may be in it)");
}

/* Return the text of an entry; NULL if it is null or of another type. The document owns it. */
static const char *text_of(beluga_json_doc *doc, const beluga_json *value, size_t *length)
{
    if (beluga_json_is_number(value)) return beluga_json_text(doc, value, length);
    return beluga_json_string(value, length);
}

static int read_texts(cursor *c, const char *json, size_t length, beluga_error *err)
{
    if (beluga_json_parse(json, length, &c->doc, err)) return no_list(err);
    const beluga_json *list = beluga_json_doc_root(c->doc);
    if (!beluga_json_is_array(list)) return no_list(err);
    size_t n = beluga_json_count(list), i = 0;
    c->texts = calloc(n + 1, sizeof *c->texts);
    c->lengths = calloc(n + 1, sizeof *c->lengths);
    if (!c->texts || !c->lengths) return db_no_memory(err);
    for (const beluga_json *v = beluga_json_first(list); v; v = beluga_json_next(list, v), i++) {
        c->texts[i] = text_of(c->doc, v, &c->lengths[i]);
        if (!c->texts[i] && !beluga_json_is_null(v)) return no_list(err);
    }
    return 0;
}

static int next_answer(cursor *c, beluga_error *err)
{
    int status = db_many_next(c->many, &c->answered, err);
    c->end = status != 1;
    return status < 0 ? status : 0;
}

static int start_many(cursor *c, sqlite3_value **arguments, beluga_error *err)
{
    db_request request;
    c->end = true;
    if (is_null(arguments[INPUT])) return 0;
    const char *json = (const char *)sqlite3_value_text(arguments[INPUT]);
    if (!json) return db_no_memory(err);
    int status = read_texts(c, json, (size_t)sqlite3_value_bytes(arguments[INPUT]), err);
    if (status) return status;
    const db_texts texts = {c->texts, c->lengths, beluga_json_count(beluga_json_doc_root(c->doc))};
    status = extension_request(c->x, arguments[MODEL], arguments[OPTIONS], &request, err);
    if (!status) status = db_many_start(c->x->session, &request, &texts, &c->many, err);
    return status ? status : next_answer(c, err);
}

static void column_many(cursor *c, sqlite3_context *context, int column)
{
    const db_row *row = &c->answered;
    char line[ERROR_LINE];
    if (column == 0) {
        sqlite3_result_int64(context, (sqlite3_int64)row->index + 1);
    } else if (column == 1 && row->text) {
        sqlite3_result_text64(context, row->text, row->length, SQLITE_TRANSIENT, SQLITE_UTF8);
    } else if (column == 2 && row->failed) {
        extension_error(&row->error, line, sizeof line);
        sqlite3_result_text(context, line, -1, SQLITE_TRANSIENT);
    }
}

/* ---- llm_models ------------------------------------------------------------------------------ */

/* The name is looked up again for each column, since another call may have reread the configuration
 * file in between. */
static bool name_at(const cursor *c, const char *words[3])
{
    return db_session_name(c->x->session, (size_t)c->row, &words[0], &words[1], &words[2]);
}

static int next_name(cursor *c, beluga_error *err)
{
    const char *words[3];
    (void)err;
    c->end = !name_at(c, words);
    return 0;
}

static int start_models(cursor *c, sqlite3_value **arguments, beluga_error *err)
{
    (void)arguments;
    return next_name(c, err);
}

static void column_name(cursor *c, sqlite3_context *context, int column)
{
    const char *words[3];
    if (name_at(c, words)) sqlite3_result_text(context, words[column], -1, SQLITE_TRANSIENT);
}

/* ---- functions that SQLite calls ------------------------------------------------------------- */

static const kind kinds[] = {
    {"llm_stream", "CREATE TABLE x(piece TEXT, prompt HIDDEN, model HIDDEN, options HIDDEN)", 1,
     start_stream, next_piece, column_piece},
    {"llm_many",
     "CREATE TABLE x(ord INTEGER, answer TEXT, error TEXT, prompts HIDDEN, model HIDDEN, "
     "options HIDDEN)",
     3, start_many, next_answer, column_many},
    {"llm_models", "CREATE TABLE x(name TEXT, meaning TEXT, kind TEXT)", -1, start_models,
     next_name, column_name},
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

/* The data that SQLite keeps for a registered module. */
typedef struct module_data {
    extension *x;
    const kind *kind;
} module_data;

static int on_connect(sqlite3 *db, void *payload, int n, const char *const *arguments,
                      sqlite3_vtab **out, char **message)
{
    const module_data *data = payload;
    (void)n;
    (void)arguments;
    (void)message;
    int status = sqlite3_declare_vtab(db, data->kind->schema);
    if (!status) status = sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
    if (status) return status;
    table *t = sqlite3_malloc(sizeof *t);
    if (!t) return SQLITE_NOMEM;
    *t = (table){.x = data->x, .kind = data->kind};
    *out = &t->base;
    return SQLITE_OK;
}

static int on_disconnect(sqlite3_vtab *base)
{
    sqlite3_free(base);
    return SQLITE_OK;
}

/* SQLite passes each argument as a constraint "hidden column = value". A plan in which a value is
 * not known yet is refused. If the first argument is missing or NULL, the table has no rows. */
static int on_best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
    const kind *k = ((table *)base)->kind;
    int places[N_ARGUMENTS] = {-1, -1, -1}, n = 0;
    info->estimatedCost = 1e6;
    if (k->first_hidden < 0) return SQLITE_OK;
    for (int i = 0; i < info->nConstraint; i++) {
        int argument = info->aConstraint[i].iColumn - k->first_hidden;
        if (argument < 0 || argument >= N_ARGUMENTS) continue;
        if (info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
        if (!info->aConstraint[i].usable) return SQLITE_CONSTRAINT;
        places[argument] = i;
    }
    for (int i = 0; i < N_ARGUMENTS; i++) {
        if (places[i] < 0) continue;
        info->aConstraintUsage[places[i]].argvIndex = ++n;
        info->aConstraintUsage[places[i]].omit = 1;
        info->idxNum |= 1 << i;
    }
    return SQLITE_OK;
}

static int on_open(sqlite3_vtab *base, sqlite3_vtab_cursor **out)
{
    const table *t = (const table *)base;
    cursor *c = sqlite3_malloc(sizeof *c);
    if (!c) return SQLITE_NOMEM;
    *c = (cursor){.x = t->x, .kind = t->kind, .end = true};
    *out = &c->base;
    return SQLITE_OK;
}

static void stop(cursor *c)
{
    db_answer_free(c->answer);
    db_many_free(c->many);
    beluga_json_doc_free(c->doc);
    free((void *)c->texts);
    free(c->lengths);
    c->answer = NULL;
    c->many = NULL;
    c->doc = NULL;
    c->texts = NULL;
    c->lengths = NULL;
    c->row = 0;
}

static int on_close(sqlite3_vtab_cursor *base)
{
    stop((cursor *)base);
    sqlite3_free(base);
    return SQLITE_OK;
}

static int tell(cursor *c, const beluga_error *err)
{
    char line[ERROR_LINE];
    int code = extension_error(err, line, sizeof line);
    sqlite3_free(c->base.pVtab->zErrMsg);
    c->base.pVtab->zErrMsg = sqlite3_mprintf("%s", line);
    return code;
}

static int on_filter(sqlite3_vtab_cursor *base, int given, const char *text, int n,
                     sqlite3_value **values)
{
    cursor *c = (cursor *)base;
    beluga_error err;
    sqlite3_value *arguments[N_ARGUMENTS] = {NULL};
    (void)text;
    stop(c);
    for (int i = 0, used = 0; i < N_ARGUMENTS && used < n; i++)
        if (given & 1 << i) arguments[i] = values[used++];
    int status = extension_begin(c->x, &err);
    if (!status) status = c->kind->start(c, arguments, &err);
    return status ? tell(c, &err) : SQLITE_OK;
}

static int on_next(sqlite3_vtab_cursor *base)
{
    cursor *c = (cursor *)base;
    beluga_error err;
    c->row++;
    return c->kind->next(c, &err) ? tell(c, &err) : SQLITE_OK;
}

static int on_eof(sqlite3_vtab_cursor *base)
{
    return ((cursor *)base)->end;
}

static int on_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
    cursor *c = (cursor *)base;
    c->kind->column(c, context, column);
    return SQLITE_OK;
}

static int on_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *row)
{
    *row = ((cursor *)base)->row;
    return SQLITE_OK;
}

/* Without xCreate, CREATE VIRTUAL TABLE can't make another table of this module. */
static const sqlite3_module module = {
    .xConnect = on_connect,
    .xBestIndex = on_best_index,
    .xDisconnect = on_disconnect,
    .xOpen = on_open,
    .xClose = on_close,
    .xFilter = on_filter,
    .xNext = on_next,
    .xEof = on_eof,
    .xColumn = on_column,
    .xRowid = on_rowid,
};

static void free_data(void *payload)
{
    module_data *data = payload;
    extension_unref(data->x);
    free(data);
}

int tables_register(extension *x)
{
    int status = SQLITE_OK;
    for (size_t i = 0; i < N_KINDS && !status; i++) {
        module_data *data = malloc(sizeof *data);
        if (!data) return SQLITE_NOMEM;
        *data = (module_data){extension_ref(x), &kinds[i]};
        status = sqlite3_create_module_v2(x->db, kinds[i].name, &module, data, free_data);
    }
    return status;
}
