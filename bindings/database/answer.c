#include "answer.h"

#include "call.h"

#include <stdlib.h>
#include <string.h>

struct db_answer {
    db_call call;
    beluga_op *op;
    bool pieces;
    bool news;     /* db_answer_next can return text, the end or an error */
    bool ended;    /* the call has ended */
    bool unwanted; /* the caller freed the answer before the call had ended: that is no failure */
    bool left;     /* the caller has freed the answer, but the call still runs */
    bool told;     /* the caller has got the whole text, the end of the pieces, or the error */
    bool no_memory;
    beluga_error error;    /* code 0: none */
    beluga_error too_long; /* the error of an answer that is too long; code 0: it is not */
    beluga_usage usage;
    char *text; /* text that has arrived but was not returned to the caller yet */
    size_t n, room;
    char *given; /* the text that was returned last, which the caller may still read */
    size_t bytes_in, bytes_out;
};

static void destroy(db_answer *a)
{
    db_call_end(&a->call);
    free(a->text);
    free(a->given);
    free(a);
}

/* ---- schemas --------------------------------------------------------------------------------- */

int db_check_schema(const char *text, size_t length, const char *schema, beluga_error *err)
{
    beluga_response_builder *builder = beluga_response_builder_new();
    beluga_response *response = NULL;
    beluga_event piece = {.kind = BELUGA_EVENT_TEXT, .u.text = {text, length}};
    const beluga_event finish = {.kind = BELUGA_EVENT_FINISH,
                                 .u.finish = {.reason = BELUGA_FINISH_STOP}};
    int status = builder ? beluga_response_builder_add(builder, &piece) : BELUGA_ERROR_NO_MEMORY;
    if (!status) status = beluga_response_builder_add(builder, &finish);
    if (!status) status = beluga_response_builder_finish(builder, &response);
    beluga_response_builder_free(builder);
    status = status ? db_no_memory(err)
                    : beluga_response_check_schema(response, schema, strlen(schema), err);
    beluga_response_free(response);
    return status;
}

/* ---- events ---------------------------------------------------------------------------------- */

/* The library limits only the bodies of HTTP answers. The pieces of a stream, and providers without
 * HTTP, are limited here. */
static bool is_too_long(db_answer *a, size_t n)
{
    if (a->too_long.code) return true;
    if (!db_session_check_length(a->call.session, a->bytes_out + n, &a->too_long)) return false;
    beluga_op_cancel(a->op);
    return true;
}

static void keep_text(db_answer *a, const char *text, size_t n)
{
    if (is_too_long(a, n)) return;
    if (a->n + n > a->room) {
        size_t room = 2 * (a->n + n) + 64;
        char *more = realloc(a->text, room);
        if (!more) {
            a->no_memory = true;
            return;
        }
        a->text = more;
        a->room = room;
    }
    memcpy(a->text + a->n, text, n);
    a->n += n;
    a->bytes_out += n;
}

static void count(db_answer *a)
{
    db_session_end_call(a->call.session, db_call_price(&a->call), &a->usage, a->bytes_in,
                        a->bytes_out, a->error.code && !a->unwanted);
}

static void end(db_answer *a, const beluga_error *error)
{
    if (error) a->error = *error;
    if (a->too_long.code) a->error = a->too_long;
    db_session_explain(a->call.session, &a->error);
    a->ended = true;
    count(a);
}

static void on_event(void *payload, const beluga_event *event)
{
    db_answer *a = payload;
    switch (event->kind) {
    case BELUGA_EVENT_TEXT: keep_text(a, event->u.text.text, event->u.text.length); break;
    case BELUGA_EVENT_USAGE:
        a->usage = event->u.usage;
        a->usage.raw = NULL;
        break;
    case BELUGA_EVENT_FINISH: end(a, NULL); break;
    case BELUGA_EVENT_ERROR: end(a, event->u.error); break;
    default: break;
    }
    a->news = a->ended || (a->pieces && a->n);
    if (a->ended && a->left) destroy(a);
}

/* ---- the caller's side ----------------------------------------------------------------------- */

static int start(db_answer *a, const char *prompt, size_t length, beluga_error *err)
{
    const db_call *call = &a->call;
    beluga_messages *messages = db_call_messages(call, prompt, length);
    if (!messages) return db_no_memory(err);
    int (*begin)(beluga_chat_model *, beluga_loop *, beluga_context *, const beluga_messages *,
                 beluga_event_cb, void *, beluga_op **, beluga_error *, const beluga_option *,
                 size_t) = a->pieces ? beluga_stream_start_n : beluga_generate_start_n;
    int status = begin(call->model, call->session->loop, call->context, messages, on_event, a,
                       &a->op, err, call->options.list, call->options.n);
    beluga_messages_free(messages);
    return status;
}

int db_answer_start(db_session *session, const db_request *request, const char *prompt,
                    size_t length, bool pieces, db_answer **out, beluga_error *err)
{
    db_answer *a = calloc(1, sizeof *a);
    *out = NULL;
    if (!a) return db_no_memory(err);
    a->pieces = pieces;
    a->bytes_in = length;
    beluga_usage_init(&a->usage);
    int status = db_call_begin(&a->call, session, request, err);
    if (!status) status = db_session_begin_call(session, err);
    if (!status && (status = start(a, prompt, length, err)) != 0) session->usage.failed++;
    if (status) {
        destroy(a);
        return status;
    }
    *out = a;
    return 0;
}

/* Return the text that has arrived. It stays valid until the next call. */
static int give(db_answer *a, const char **text, size_t *length, beluga_error *err)
{
    int status = db_check_text(a->text, a->n, err);
    if (status) return status;
    free(a->given);
    a->given = a->text;
    *text = a->given ? a->given : "";
    *length = a->n;
    a->text = NULL;
    a->n = a->room = 0;
    a->news = a->ended;
    return 0;
}

static int fail(const db_answer *a, beluga_error *err)
{
    if (err) *err = a->error;
    return a->error.code;
}

int db_answer_next(db_answer *a, const char **text, size_t *length, beluga_error *err)
{
    *text = NULL;
    *length = 0;
    if (a->told) return 0;
    int status = db_session_wait(a->call.session, &a->news, err);
    if (status) return status;
    if (a->no_memory) return db_no_memory(err);
    if (a->pieces && a->n) return give(a, text, length, err);
    a->told = true;
    if (a->error.code) return fail(a, err);
    return a->pieces ? 0 : give(a, text, length, err);
}

/* A cancelled call reports its end in a later step of the loop, and writes to the answer then. So
 * the answer is freed here only if its call has ended. */
void db_answer_free(db_answer *a)
{
    if (!a) return;
    a->unwanted = !a->ended;
    if (a->unwanted) beluga_op_cancel(a->op);
    beluga_op_free(a->op);
    a->op = NULL; /* text that still comes may be too long */
    if (db_call_drain(a->call.session, &a->ended))
        destroy(a);
    else
        a->left = true;
}
