#include "many.h"

#include "call.h"

#include <beluga/batch.h>

#include <stdlib.h>
#include <string.h>

/* While this many rows wait for the host, no more calls are started. */
enum { MAX_WAITING = 256 };

/* A finished row that the host has not read yet. */
typedef struct waiting {
    struct waiting *next;
    size_t index;
    beluga_response *response;
    beluga_error error;
} waiting;

struct db_many {
    db_call call;
    db_texts texts;
    size_t next;                 /* index of the next text to send to the model */
    size_t *rows;                /* for each call, the index of its text */
    beluga_messages **under_way; /* for each call that runs, its messages */
    size_t asked;
    size_t refused; /* index of the first text that the budget did not allow, or `count` */
    beluga_error refusal;
    beluga_batch_op *batch;
    waiting *first, **last;
    size_t n_waiting;
    waiting *given;
    bool news, done, no_memory;
};

/* ---- the batch's side ------------------------------------------------------------------------ */

static bool append(db_many *m, size_t index, beluga_response *response, const beluga_error *error)
{
    waiting *w = calloc(1, sizeof *w);
    if (!w) {
        m->no_memory = m->news = true;
        return false;
    }
    w->index = index;
    w->response = response;
    if (error) w->error = *error;
    *m->last = w;
    m->last = &w->next;
    m->n_waiting++;
    m->news = true;
    return true;
}

/* Skip texts that are NULL: their rows are returned after all others. Returns false after the last
 * text. */
static bool has_text(db_many *m)
{
    while (m->next < m->texts.count && !m->texts.texts[m->next]) m->next++;
    return m->next < m->texts.count;
}

static int on_source(void *payload, uint64_t number, beluga_input *input)
{
    db_many *m = payload;
    if (m->n_waiting >= MAX_WAITING) return BELUGA_BATCH_LATER;
    if (!has_text(m)) return BELUGA_BATCH_END;
    if (db_session_begin_call(m->call.session, &m->refusal)) {
        m->refused = m->next;
        return BELUGA_BATCH_END;
    }
    const char *text = m->texts.texts[m->next];
    beluga_messages *messages = db_call_messages(&m->call, text, m->texts.lengths[m->next]);
    if (!messages) return BELUGA_ERROR_NO_MEMORY;
    m->rows[number] = m->next++;
    m->under_way[number] = messages;
    m->asked = (size_t)number + 1;
    *input = beluga_input_messages(messages);
    return BELUGA_BATCH_ITEM;
}

static void count(db_many *m, size_t index, const beluga_batch_result *result, bool failed)
{
    const beluga_response *response = result->response ? result->response : result->partial;
    beluga_usage usage = BELUGA_USAGE_INIT;
    size_t bytes_out = 0;
    if (response) usage = *beluga_response_usage(response);
    if (response) beluga_response_text(response, &bytes_out);
    db_session_end_call(m->call.session, db_call_price(&m->call), &usage, m->texts.lengths[index],
                        bytes_out, failed);
}

/* Returns 0, or the error of a call that failed or has an answer that is too long. */
static int error_of(const db_many *m, const beluga_batch_result *result, beluga_error *err)
{
    size_t length = 0;
    *err = result->error;
    if (result->response) {
        beluga_response_text(result->response, &length);
        return db_session_check_length(m->call.session, length, err);
    }
    db_session_explain(m->call.session, err);
    return err->code;
}

static void on_result(void *payload, uint64_t number, beluga_batch_result *result)
{
    db_many *m = payload;
    size_t index = m->rows[number];
    beluga_messages_free(m->under_way[number]);
    m->under_way[number] = NULL;
    beluga_error error;
    bool failed = error_of(m, result, &error) != 0;
    count(m, index, result, failed);
    if (append(m, index, failed ? NULL : result->response, &error) && !failed)
        result->response = NULL;
}

static void on_done(void *payload, int status, uint64_t succeeded, uint64_t failed)
{
    db_many *m = payload;
    (void)succeeded;
    (void)failed;
    m->done = m->news = true;
    if (status) m->no_memory = true;
}

/* ---- the caller's side ----------------------------------------------------------------------- */

static int start(db_many *m, beluga_error *err)
{
    const db_call *call = &m->call;
    size_t n = m->texts.count;
    m->rows = calloc(n ? n : 1, sizeof *m->rows);
    m->under_way = calloc(n ? n : 1, sizeof(beluga_messages *));
    if (!m->rows || !m->under_way) return db_no_memory(err);
    return beluga_batch_start_n(call->model, call->session->loop, NULL, on_source, on_result,
                                on_done, m, &m->batch, err, call->options.list, call->options.n);
}

int db_many_start(db_session *session, const db_request *request, const db_texts *texts,
                  db_many **out, beluga_error *err)
{
    db_many *m = calloc(1, sizeof *m);
    *out = NULL;
    if (!m) return db_no_memory(err);
    m->texts = *texts;
    m->refused = texts->count;
    m->last = &m->first;
    int status = db_call_begin(&m->call, session, request, err);
    if (!status) status = start(m, err);
    if (status) {
        db_many_free(m);
        return status;
    }
    *out = m;
    return 0;
}

static void free_waiting(waiting *w)
{
    if (!w) return;
    beluga_response_free(w->response);
    free(w);
}

static waiting *take(db_many *m)
{
    waiting *w = m->first;
    if (!w) return NULL;
    m->first = w->next;
    if (!m->first) m->last = &m->first;
    m->n_waiting--;
    m->news = m->first || m->done;
    if (m->batch && m->n_waiting == MAX_WAITING / 2) beluga_batch_wake(m->batch);
    return w;
}

static void give(db_many *m, waiting *w, db_row *row)
{
    free_waiting(m->given);
    m->given = w;
    *row = (db_row){.index = w->index, .error = w->error};
    row->failed = w->response == NULL;
    if (!row->failed) row->text = beluga_response_text(w->response, &row->length);
    if (row->text && db_check_text(row->text, row->length, &row->error)) {
        row->text = NULL;
        row->failed = true;
    }
}

/* Return the next row whose text was not sent to the model, because it is NULL or the budget was
 * spent. */
static int give_unasked(db_many *m, db_row *row)
{
    if (!m->refusal.code) m->refused = m->texts.count;
    for (; m->asked < m->texts.count; m->asked++) {
        /* `asked` is no longer a count here, but the index of the next text to look at */
        size_t index = m->asked;
        bool is_null = !m->texts.texts[index];
        if (!is_null && index < m->refused) continue;
        *row = (db_row){.index = index, .failed = !is_null};
        if (!is_null) row->error = m->refusal;
        m->asked++;
        return 1;
    }
    return 0;
}

int db_many_next(db_many *m, db_row *row, beluga_error *err)
{
    int status = m->done && !m->first ? 0 : db_session_wait(m->call.session, &m->news, err);
    if (status) return status;
    waiting *w = take(m);
    if (w) {
        give(m, w, row);
        return 1;
    }
    if (m->no_memory) return db_no_memory(err);
    if (m->batch) {
        /* All calls have ended. The rows that remain are found by going through all texts. */
        beluga_batch_op_free(m->batch);
        m->batch = NULL;
        m->asked = 0;
    }
    return give_unasked(m, row);
}

void db_many_free(db_many *m)
{
    if (!m) return;
    beluga_batch_op_free(m->batch);
    m->batch = NULL;
    for (size_t i = 0; m->under_way && i < m->texts.count; i++)
        beluga_messages_free(m->under_way[i]);
    while (m->first) free_waiting(take(m));
    free_waiting(m->given);
    free(m->under_way);
    free(m->rows);
    db_call_end(&m->call);
    free(m);
}
