/*
 * An extension of PostgreSQL that asks language models:
 *
 *     SELECT llm('Why is the sky blue?');
 *
 * A call runs on the backend's own thread, on a loop of the library. The backend waits for the loop
 * and for its latch at the same time, so a cancelled query ends at once. If an error leaves by
 * longjmp, PG_FINALLY or a callback of the memory context frees the call.
 */
#include "../database/answer.h"
#include "../database/vectors.h"
#include "extension.h"

#include <catalog/pg_type.h>
#include <funcapi.h>
#include <utils/array.h>
#include <utils/builtins.h>
#include <utils/jsonb.h>

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);
void _PG_init(void)
{
    settings_define();
}

/* Declare each function as exported, since older PG_FUNCTION_INFO_V1 macros do not. */
#define SQL_FUNCTION(name)                           \
    extern PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); \
    PG_FUNCTION_INFO_V1(name)

/* ---- llm, llm_json --------------------------------------------------------------------------- */

static db_answer *start_answer(const db_request *request, text *prompt, bool pieces)
{
    db_session *session = backend_session();
    beluga_error err;
    db_answer *answer;
    size_t length;
    const char *utf8 = text_to_utf8(prompt, &length);
    if (db_answer_start(session, request, utf8, length, pieces, &answer, &err)) backend_fail(&err);
    return answer;
}

static text *take_whole(db_answer *answer, const char *schema)
{
    beluga_error err;
    const char *utf8;
    size_t length;
    int status = db_answer_next(answer, &utf8, &length, &err);
    if (!status && schema) status = db_check_schema(utf8, length, schema, &err);
    if (status) backend_fail(&err);
    return text_from_utf8_or_fail(utf8, length);
}

static text *ask(const db_request *request, text *prompt)
{
    text *volatile whole = NULL;
    db_answer *answer = start_answer(request, prompt, false);
    PG_TRY();
    {
        whole = take_whole(answer, request->schema);
    }
    PG_FINALLY();
    {
        db_answer_free(answer);
    }
    PG_END_TRY();
    return whole;
}

SQL_FUNCTION(beluga_llm);
Datum beluga_llm(PG_FUNCTION_ARGS)
{
    db_request request;
    if (PG_ARGISNULL(0)) PG_RETURN_NULL();
    backend_request(fcinfo, 1, &request);
    PG_RETURN_TEXT_P(ask(&request, PG_GETARG_TEXT_PP(0)));
}

SQL_FUNCTION(beluga_llm_json);
Datum beluga_llm_json(PG_FUNCTION_ARGS)
{
    db_request request;
    size_t length;
    if (PG_ARGISNULL(0) || PG_ARGISNULL(1)) PG_RETURN_NULL();
    backend_request(fcinfo, 2, &request);
    request.schema = jsonb_to_utf8(PG_GETARG_DATUM(1), &length);
    text *json = ask(&request, PG_GETARG_TEXT_PP(0));
    return DirectFunctionCall1(jsonb_in, CStringGetDatum(text_to_cstring(json)));
}

/* ---- llm_stream ------------------------------------------------------------------------------ */

/* Free a call together with the memory context of a set-returning function: after the last row,
 * when the query needs no more rows, and after an error. */
static void free_with(MemoryContext context, MemoryContextCallbackFunction function, void *call)
{
    MemoryContextCallback *callback = MemoryContextAlloc(context, sizeof *callback);
    callback->func = function;
    callback->arg = call;
    MemoryContextRegisterResetCallback(context, callback);
}

static void free_answer(void *answer)
{
    db_answer_free(answer);
}

static void begin_stream(FunctionCallInfo fcinfo)
{
    db_request request;
    FuncCallContext *function = SRF_FIRSTCALL_INIT();
    if (PG_ARGISNULL(0)) return;
    backend_request(fcinfo, 1, &request);
    function->user_fctx = start_answer(&request, PG_GETARG_TEXT_PP(0), true);
    free_with(function->multi_call_memory_ctx, free_answer, function->user_fctx);
}

/* Wait for the next piece. Meanwhile rows that are ready are sent to the client, so that a client
 * that reads row by row sees each one at once. */
static text *next_piece(db_answer *answer)
{
    beluga_error err;
    const char *utf8 = NULL;
    size_t length = 0;
    backend_sends_rows(true);
    int status = db_answer_next(answer, &utf8, &length, &err);
    backend_sends_rows(false);
    if (status) backend_fail(&err);
    return utf8 ? text_from_utf8_or_fail(utf8, length) : NULL;
}

SQL_FUNCTION(beluga_llm_stream);
Datum beluga_llm_stream(PG_FUNCTION_ARGS)
{
    if (SRF_IS_FIRSTCALL()) begin_stream(fcinfo);
    FuncCallContext *function = SRF_PERCALL_SETUP();
    text *piece = function->user_fctx ? next_piece(function->user_fctx) : NULL;
    if (!piece) SRF_RETURN_DONE(function);
    SRF_RETURN_NEXT(function, PointerGetDatum(piece));
}

/* ---- texts of an array ----------------------------------------------------------------------- */

/* The texts of an array, and the index of each one in the array. Elements that are NULL may be left
 * out. */
typedef struct inputs {
    const char **texts;
    size_t *lengths;
    size_t *places;
    size_t count;
} inputs;

static void read_inputs(ArrayType *array, bool with_nulls, inputs *in)
{
    Datum *values;
    bool *nulls;
    int n;
    deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &n);
    in->texts = palloc0(sizeof *in->texts * (size_t)(n + 1));
    in->lengths = palloc0(sizeof *in->lengths * (size_t)(n + 1));
    in->places = palloc0(sizeof *in->places * (size_t)(n + 1));
    in->count = 0;
    for (int i = 0; i < n; i++) {
        if (nulls[i] && !with_nulls) continue;
        in->places[in->count] = (size_t)i;
        if (!nulls[i])
            in->texts[in->count] = text_to_utf8(DatumGetTextPP(values[i]), &in->lengths[in->count]);
        in->count++;
    }
}

/* The columns of the rows that the function returns. */
static TupleDesc columns_of(FunctionCallInfo fcinfo)
{
    TupleDesc columns;
    if (get_call_result_type(fcinfo, NULL, &columns) != TYPEFUNC_COMPOSITE)
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("beluga: this function gives rows of several columns")));
    return BlessTupleDesc(columns);
}

static Datum make_row(TupleDesc columns, Datum *values, bool *nulls)
{
    return HeapTupleGetDatum(heap_form_tuple(columns, values, nulls));
}

/* ---- llm_many -------------------------------------------------------------------------------- */

static void free_many(void *many)
{
    db_many_free(many);
}

static void begin_many(FunctionCallInfo fcinfo)
{
    db_request request;
    beluga_error err;
    db_many *many;
    inputs in;
    FuncCallContext *function = SRF_FIRSTCALL_INIT();
    if (PG_ARGISNULL(0)) return;
    MemoryContext before = MemoryContextSwitchTo(function->multi_call_memory_ctx);
    function->tuple_desc = columns_of(fcinfo);
    backend_request(fcinfo, 1, &request);
    read_inputs(PG_GETARG_ARRAYTYPE_P(0), true, &in);
    MemoryContextSwitchTo(before);
    const db_texts texts = {in.texts, in.lengths, in.count};
    if (db_many_start(backend_session(), &request, &texts, &many, &err)) backend_fail(&err);
    function->user_fctx = many;
    free_with(function->multi_call_memory_ctx, free_many, many);
}

static text *error_of(const db_row *row)
{
    char line[1024];
    beluga_error_format(&row->error, line, sizeof line);
    return cstring_to_text(message_from_utf8(line));
}

/* A row that can't be converted to the encoding of the database gets an error, so that the other
 * rows are not lost. */
static Datum many_row(FuncCallContext *function, const db_row *row)
{
    Datum values[3] = {Int64GetDatum((int64)row->index + 1)};
    bool nulls[3] = {false, true, true};
    text *answer = row->text ? text_from_utf8(row->text, row->length) : NULL;
    text *error = row->failed ? error_of(row) : NULL;
    if (row->text && !answer) error = cstring_to_text(TEXT_UNTRANSLATABLE);
    if (answer) values[1] = PointerGetDatum(answer);
    if (error) values[2] = PointerGetDatum(error);
    nulls[1] = !answer;
    nulls[2] = !error;
    return make_row(function->tuple_desc, values, nulls);
}

SQL_FUNCTION(beluga_llm_many);
Datum beluga_llm_many(PG_FUNCTION_ARGS)
{
    beluga_error err;
    db_row row;
    if (SRF_IS_FIRSTCALL()) begin_many(fcinfo);
    FuncCallContext *function = SRF_PERCALL_SETUP();
    if (!function->user_fctx) SRF_RETURN_DONE(function);
    int status = db_many_next(function->user_fctx, &row, &err);
    if (status < 0) backend_fail(&err);
    if (status == 0) SRF_RETURN_DONE(function);
    SRF_RETURN_NEXT(function, many_row(function, &row));
}

/* ---- embed, embed_many ----------------------------------------------------------------------- */

static ArrayType *array_of(const db_vectors *vectors, size_t index)
{
    size_t n;
    const float *values = db_vectors_get(vectors, index, &n);
    Datum *elements = palloc(sizeof *elements * (n + 1));
    for (size_t i = 0; i < n; i++) elements[i] = Float4GetDatum(values[i]);
    ArrayType *array = construct_array(elements, (int)n, FLOAT4OID, 4, true, TYPALIGN_INT);
    pfree(elements);
    return array;
}

static void wait_for_vectors(db_vectors *vectors)
{
    beluga_error err;
    if (db_vectors_wait(vectors, &err)) backend_fail(&err);
}

static db_vectors *start_vectors(FunctionCallInfo fcinfo, const inputs *in)
{
    db_request request;
    beluga_error err;
    db_vectors *vectors;
    const db_texts texts = {in->texts, in->lengths, in->count};
    backend_request(fcinfo, 1, &request);
    request.setting = "beluga.embedding_model";
    if (PG_ARGISNULL(1) && settings_embedding_model()) request.model = settings_embedding_model();
    if (db_vectors_start(backend_session(), &request, &texts, &vectors, &err)) backend_fail(&err);
    return vectors;
}

SQL_FUNCTION(beluga_pg_embed);
Datum beluga_pg_embed(PG_FUNCTION_ARGS)
{
    ArrayType *volatile array = NULL;
    if (PG_ARGISNULL(0)) PG_RETURN_NULL();
    size_t length;
    const char *utf8 = text_to_utf8(PG_GETARG_TEXT_PP(0), &length);
    const inputs in = {&utf8, &length, NULL, 1};
    db_vectors *vectors = start_vectors(fcinfo, &in);
    PG_TRY();
    {
        wait_for_vectors(vectors);
        array = array_of(vectors, 0);
    }
    PG_FINALLY();
    {
        db_vectors_free(vectors);
    }
    PG_END_TRY();
    PG_RETURN_ARRAYTYPE_P(array);
}

/* The state of embed_many between its rows. */
typedef struct embedded {
    inputs in;
    db_vectors *vectors;
} embedded;

static void free_vectors(void *vectors)
{
    db_vectors_free(vectors);
}

static void begin_embedding(FunctionCallInfo fcinfo)
{
    FuncCallContext *function = SRF_FIRSTCALL_INIT();
    if (PG_ARGISNULL(0)) return;
    MemoryContext before = MemoryContextSwitchTo(function->multi_call_memory_ctx);
    embedded *e = palloc0(sizeof *e);
    function->tuple_desc = columns_of(fcinfo);
    read_inputs(PG_GETARG_ARRAYTYPE_P(0), false, &e->in);
    MemoryContextSwitchTo(before);
    if (!e->in.count) return;
    e->vectors = start_vectors(fcinfo, &e->in);
    free_with(function->multi_call_memory_ctx, free_vectors, e->vectors);
    wait_for_vectors(e->vectors);
    function->user_fctx = e;
}

SQL_FUNCTION(beluga_pg_embed_many);
Datum beluga_pg_embed_many(PG_FUNCTION_ARGS)
{
    if (SRF_IS_FIRSTCALL()) begin_embedding(fcinfo);
    FuncCallContext *function = SRF_PERCALL_SETUP();
    embedded *e = function->user_fctx;
    if (!e || function->call_cntr >= e->in.count) SRF_RETURN_DONE(function);
    size_t i = function->call_cntr;
    Datum values[] = {Int64GetDatum((int64)e->in.places[i] + 1),
                      PointerGetDatum(array_of(e->vectors, i))};
    bool nulls[] = {false, false};
    SRF_RETURN_NEXT(function, make_row(function->tuple_desc, values, nulls));
}

/* ---- llm_usage, llm_models ------------------------------------------------------------------- */

SQL_FUNCTION(beluga_llm_usage);
Datum beluga_llm_usage(PG_FUNCTION_ARGS)
{
    const db_usage *u = &backend_session()->usage;
    Datum values[] = {Int64GetDatum(u->calls),        Int64GetDatum(u->failed),
                      Int64GetDatum(u->input_tokens), Int64GetDatum(u->output_tokens),
                      Float8GetDatum(u->cost),        BoolGetDatum(u->cost_known)};
    bool nulls[6] = {false};
    return make_row(columns_of(fcinfo), values, nulls);
}

static void begin_models(FunctionCallInfo fcinfo)
{
    FuncCallContext *function = SRF_FIRSTCALL_INIT();
    MemoryContext before = MemoryContextSwitchTo(function->multi_call_memory_ctx);
    function->tuple_desc = columns_of(fcinfo);
    MemoryContextSwitchTo(before);
}

SQL_FUNCTION(beluga_llm_models);
Datum beluga_llm_models(PG_FUNCTION_ARGS)
{
    const char *words[3];
    Datum values[3];
    bool nulls[3] = {false};
    if (SRF_IS_FIRSTCALL()) begin_models(fcinfo);
    FuncCallContext *function = SRF_PERCALL_SETUP();
    if (!db_session_name(backend_session(), function->call_cntr, &words[0], &words[1], &words[2]))
        SRF_RETURN_DONE(function);
    for (int i = 0; i < 3; i++)
        values[i] = PointerGetDatum(cstring_to_text(message_from_utf8(words[i])));
    SRF_RETURN_NEXT(function, make_row(function->tuple_desc, values, nulls));
}
