/*
 * A loadable extension of SQLite that asks language models:
 *
 *     SELECT llm('Why is the sky blue?');
 *
 * The schema of a database may not call these functions (SQLITE_DIRECTONLY). Otherwise a database
 * file from a stranger could call models, at your cost, as soon as it is opened and read.
 * SQLite 3.40 and 3.46 do not enforce SQLITE_DIRECTONLY in CHECK constraints, so is_asked_for()
 * checks it, too.
 */
#include "../database/answer.h"
#include "../database/vectors.h"
#include "extension.h"
#include "statement.h"

#include <beluga/embedding.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- helpers --------------------------------------------------------------------------------- */

static void fail(sqlite3_context *context, const beluga_error *err)
{
    char line[ERROR_LINE];
    int code = extension_error(err, line, sizeof line);
    sqlite3_result_error(context, line, -1);
    if (code != SQLITE_ERROR) sqlite3_result_error_code(context, code);
}

/* ---- hostile files --------------------------------------------------------------------------- */

/* Returns whether the text of a running statement calls the function. That text was written by the
 * host, and no part of it comes from a schema. */
static bool is_asked_for(sqlite3 *db, const char *name)
{
    sqlite3_stmt *statement = NULL;
    while ((statement = sqlite3_next_stmt(db, statement)) != NULL) {
        const char *sql = sqlite3_sql(statement);
        if (sql && sqlite3_stmt_busy(statement) && statement_calls(sql, name)) return true;
    }
    return false;
}

static bool refuses_schema(sqlite3_context *context, const char *name)
{
    const extension *x = sqlite3_user_data(context);
    beluga_error err;
    if (is_asked_for(x->db, name)) return false;
    beluga_error_set(&err, BELUGA_ERROR_AUTHORIZATION,
                     "unsafe use of %s(): the text of the statement does not call it, so a view "
                     "(TEMP or not), trigger or constraint does, which may come from others",
                     name);
    fail(context, &err);
    return true;
}

/* ---- llm, llm_json --------------------------------------------------------------------------- */

static int answer_whole(sqlite3_context *context, db_answer *answer, const db_request *request,
                        beluga_error *err)
{
    const char *text;
    size_t length;
    int status = db_answer_next(answer, &text, &length, err);
    if (!status && request->schema) status = db_check_schema(text, length, request->schema, err);
    if (!status) sqlite3_result_text64(context, text, length, SQLITE_TRANSIENT, SQLITE_UTF8);
    return status;
}

static int ask(sqlite3_context *context, sqlite3_value *prompt, const db_request *request,
               beluga_error *err)
{
    extension *x = sqlite3_user_data(context);
    db_answer *answer = NULL;
    const char *text = extension_text(prompt);
    if (!text) return 0; /* NULL in, NULL out */
    size_t length = (size_t)sqlite3_value_bytes(prompt);
    int status = extension_begin(x, err);
    if (!status) status = db_answer_start(x->session, request, text, length, false, &answer, err);
    if (!status) status = answer_whole(context, answer, request, err);
    db_answer_free(answer);
    return status;
}

static sqlite3_value *argument(sqlite3_value **values, int n, int i)
{
    return i < n ? values[i] : NULL;
}

static void llm(sqlite3_context *context, int n, sqlite3_value **values)
{
    db_request request;
    beluga_error err;
    if (refuses_schema(context, "llm")) return;
    int status = extension_request(sqlite3_user_data(context), argument(values, n, 1),
                                   argument(values, n, 2), &request, &err);
    if (!status) status = ask(context, values[0], &request, &err);
    if (status) fail(context, &err);
}

static void llm_json(sqlite3_context *context, int n, sqlite3_value **values)
{
    db_request request;
    beluga_error err;
    if (refuses_schema(context, "llm_json")) return;
    int status = extension_request(sqlite3_user_data(context), argument(values, n, 2),
                                   argument(values, n, 3), &request, &err);
    if (!status) status = extension_check_nul(values[1], "the schema", &err);
    request.schema = extension_text(values[1]);
    if (!status && request.schema) status = ask(context, values[0], &request, &err);
    if (status) fail(context, &err);
}

/* ---- embed, cosine_similarity ---------------------------------------------------------------- */

/* Write floats in little-endian order, as sqlite-vec stores its vectors. */
static void put_floats(unsigned char *bytes, const float *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        for (int shift = 0; shift < 32; shift += 8) *bytes++ = (unsigned char)(bits >> shift);
    }
}

static void get_floats(float *values, const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++, bytes += 4) {
        uint32_t bits = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                        (uint32_t)bytes[3] << 24;
        memcpy(&values[i], &bits, sizeof bits);
    }
}

static int give_vector(sqlite3_context *context, const db_vectors *vectors, beluga_error *err)
{
    size_t n;
    const float *values = db_vectors_get(vectors, 0, &n);
    unsigned char *bytes = sqlite3_malloc64(4 * (sqlite3_uint64)n + 1);
    if (!bytes) return db_no_memory(err);
    put_floats(bytes, values, n);
    sqlite3_result_blob64(context, bytes, 4 * (sqlite3_uint64)n, sqlite3_free);
    return 0;
}

static void embed(sqlite3_context *context, int n, sqlite3_value **values)
{
    extension *x = sqlite3_user_data(context);
    beluga_error err;
    db_request request;
    db_vectors *vectors = NULL;
    if (refuses_schema(context, "embed")) return;
    const char *text = extension_text(values[0]);
    if (!text) return;
    size_t length = (size_t)sqlite3_value_bytes(values[0]);
    const db_texts texts = {&text, &length, 1};
    int status =
        extension_request(x, argument(values, n, 1), argument(values, n, 2), &request, &err);
    request.setting = "BELUGA_SQLITE_EMBEDDING_MODEL";
    if (!extension_text(argument(values, n, 1)) && x->settings.embedding_model)
        request.model = x->settings.embedding_model;
    if (!status) status = extension_begin(x, &err);
    if (!status) status = db_vectors_start(x->session, &request, &texts, &vectors, &err);
    if (!status) status = db_vectors_wait(vectors, &err);
    if (!status) status = give_vector(context, vectors, &err);
    db_vectors_free(vectors);
    if (status) fail(context, &err);
}

static void refuse_vectors(sqlite3_context *context, const char *why)
{
    beluga_error err;
    beluga_error_set(&err, BELUGA_ERROR_INVALID_INPUT, "%s", why);
    fail(context, &err);
}

static bool all_finite(const float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i])) return false;
    return true;
}

static void compare(sqlite3_context *context, const unsigned char *a, const unsigned char *b,
                    size_t n)
{
    float *floats = sqlite3_malloc64(2 * sizeof(float) * (sqlite3_uint64)n + 1);
    if (!floats) {
        sqlite3_result_error_nomem(context);
        return;
    }
    get_floats(floats, a, n);
    get_floats(floats + n, b, n);
    if (all_finite(floats, 2 * n))
        sqlite3_result_double(context, beluga_similarity(floats, floats + n, n));
    else
        refuse_vectors(context, "a vector has a value that is not a finite number");
    sqlite3_free(floats);
}

static void cosine_similarity(sqlite3_context *context, int n, sqlite3_value **values)
{
    (void)n;
    if (sqlite3_value_type(values[0]) == SQLITE_NULL ||
        sqlite3_value_type(values[1]) == SQLITE_NULL)
        return;
    const unsigned char *a = sqlite3_value_blob(values[0]), *b = sqlite3_value_blob(values[1]);
    int bytes = sqlite3_value_bytes(values[0]);
    if (!a || !b || bytes % 4 || bytes != sqlite3_value_bytes(values[1]))
        refuse_vectors(context, "these are not two vectors of one length");
    else
        compare(context, a, b, (size_t)bytes / 4);
}

/* ---- llm_usage, llm_configure ---------------------------------------------------------------- */

static void llm_usage(sqlite3_context *context, int n, sqlite3_value **values)
{
    static const db_usage nothing = {.cost_known = true};
    const extension *x = sqlite3_user_data(context);
    const db_usage *u = x->session ? &x->session->usage : &nothing;
    char json[256];
    (void)n;
    (void)values;
    sqlite3_snprintf(sizeof json, json,
                     "{\"calls\":%lld,\"failed\":%lld,\"input_tokens\":%lld,"
                     "\"output_tokens\":%lld,\"cost\":%.10g,\"cost_is_whole\":%s}",
                     (long long)u->calls, (long long)u->failed, (long long)u->input_tokens,
                     (long long)u->output_tokens, u->cost, u->cost_known ? "true" : "false");
    sqlite3_result_text(context, json, -1, SQLITE_TRANSIENT);
}

/* Only C code can pass a pointer with this name (sqlite3_bind_pointer); SQL can't. */
static void llm_configure(sqlite3_context *context, int n, sqlite3_value **values)
{
    extension *x = sqlite3_user_data(context);
    beluga_error err;
    const char *lines = sqlite3_value_pointer(values[0], "beluga_settings");
    (void)n;
    if (!lines)
        sqlite3_result_error(context,
                             "llm_configure takes a pointer that the host binds, named "
                             "\"beluga_settings\", to lines of \"name=value\"",
                             -1);
    else if (settings_set_lines(&x->settings, lines, &err))
        fail(context, &err);
}

/* ---- the extension --------------------------------------------------------------------------- */

typedef void (*sql_function)(sqlite3_context *context, int n, sqlite3_value **values);

static const struct {
    const char *name;
    int least, most; /* number of arguments */
    int flags;
    sql_function function;
} functions[] = {
    {"llm", 1, 3, SQLITE_DIRECTONLY, llm},
    {"llm_json", 2, 4, SQLITE_DIRECTONLY, llm_json},
    {"embed", 1, 3, SQLITE_DIRECTONLY, embed},
    {"llm_usage", 0, 0, SQLITE_DIRECTONLY, llm_usage},
    {"llm_configure", 1, 1, SQLITE_DIRECTONLY, llm_configure},
    {"cosine_similarity", 2, 2, SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, cosine_similarity},
};

/* SQLite calls the destructor even if it can't register a function, so each reference is
 * released. */
static int register_functions(extension *x)
{
    int status = SQLITE_OK;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        for (int n = functions[i].least; n <= functions[i].most && !status; n++)
            status = sqlite3_create_function_v2(x->db, functions[i].name, n,
                                                SQLITE_UTF8 | functions[i].flags, extension_ref(x),
                                                functions[i].function, NULL, NULL, extension_unref);
    return status;
}

static int tell(char **message, const beluga_error *err)
{
    char line[ERROR_LINE];
    int status = extension_error(err, line, sizeof line);
    *message = sqlite3_mprintf("%s", line);
    return status;
}

/* SQLite does not replace functions while a statement runs. */
static const char loaded_already[] =
    "this connection has the extension already, and can't load it again while a statement runs, "
    "such as SELECT load_extension(…)";

/* SQLite derives the name of this function from the file name, beluga.so. The extension stays
 * loaded until the process ends, since libcurl and threads that fetch keys may outlive the
 * connection. */
BELUGA_API int sqlite3_beluga_init(sqlite3 *db, char **message, const sqlite3_api_routines *api);
int sqlite3_beluga_init(sqlite3 *db, char **message, const sqlite3_api_routines *api)
{
    beluga_error err;
    SQLITE_EXTENSION_INIT2(api);
    extension *x = calloc(1, sizeof *x);
    if (!x) return SQLITE_NOMEM;
    x->references = 1;
    x->db = db;
    int status = settings_read(&x->settings, &err) ? tell(message, &err) : register_functions(x);
    if (!status) status = tables_register(x);
    extension_unref(x);
    if (status == SQLITE_BUSY) *message = sqlite3_mprintf("%s", loaded_already);
    return status ? status : SQLITE_OK_LOAD_PERMANENTLY;
}
