#include "mcp/rpc.h"

/* --- reading --------------------------------------------------------------------------------- */

/* Returns the id of a request of this client, or 0 for any other value. This client uses the
 * numbers from 1 on. */
static int64_t own_id(const beluga_json *id)
{
    if (!beluga_json_is_number(id)) return 0;
    int64_t number = beluga_json_int(id, 0);
    return number > 0 && (double)number == beluga_json_double(id, 0) ? number : 0;
}

static bool is_id(const beluga_json *id)
{
    return beluga_json_is_string(id) || beluga_json_is_number(id);
}

/* Find out what kind of message this is. Returns false if it is not a message. */
static bool classify(const beluga_json *value, beluga__rpc_message *m)
{
    const beluga_json *id = beluga_json_get(value, "id");
    *m = (beluga__rpc_message){
        .method = beluga_json_get_string(value, "method", NULL),
        .params = beluga_json_get(value, "params"),
        .result = beluga_json_get(value, "result"),
        .error = beluga_json_get(value, "error"),
    };
    if (m->method) {
        m->kind = is_id(id) ? BELUGA__RPC_REQUEST : BELUGA__RPC_NOTIFICATION;
        m->give_id = id;
        return true;
    }
    m->kind = BELUGA__RPC_ANSWER;
    m->id = own_id(id);
    if (beluga_json_is_object(m->error)) m->result = NULL;
    return m->result || m->error;
}

static int read_one(const beluga_json *value, beluga__rpc_fn fn, void *payload)
{
    beluga__rpc_message message;
    if (!classify(value, &message)) return 1;
    fn(payload, &message);
    return 0;
}

int beluga__rpc_read(beluga__json_scratch *scratch, const char *text, size_t n, beluga__rpc_fn fn,
                     void *payload, beluga_error *err)
{
    const beluga_json *root;
    int status = beluga__json_scratch_parse(scratch, text, n, &root, err), unknown = 0;
    if (status) return status;
    if (!beluga_json_is_array(root)) return read_one(root, fn, payload);
    for (const beluga_json *v = beluga_json_first(root); v; v = beluga_json_next(root, v))
        unknown += read_one(v, fn, payload);
    return unknown;
}

int64_t beluga__rpc_guess_id(const char *text, size_t n)
{
    size_t length;
    int64_t id = 0;
    const char *value = beluga__json_member_text(text, n, "id", &length);
    if (!value) return 0;
    for (size_t i = 0; i < length; i++) {
        if (value[i] < '0' || value[i] > '9' || id > INT64_MAX / 10 - 10) return 0;
        id = id * 10 + (value[i] - '0');
    }
    return id;
}

/* --- writing --------------------------------------------------------------------------------- */

static void begin(beluga_json_writer *w)
{
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "jsonrpc", "2.0");
}

void beluga__rpc_begin(beluga_json_writer *w, const char *method, int64_t id)
{
    begin(w);
    if (id) beluga_json_put_int(w, "id", id);
    beluga_json_put_string(w, "method", method);
    beluga_json_begin_object(w, "params");
}

void beluga__rpc_end(beluga_json_writer *w)
{
    beluga_json_end_object(w);
    beluga_json_end_object(w);
}

void beluga__rpc_answer(beluga_json_writer *w, const char *id, size_t n, bool known)
{
    begin(w);
    beluga__json_put_valid(w, "id", id, n);
    beluga_json_begin_object(w, known ? "result" : "error");
    if (!known) {
        beluga_json_put_int(w, "code", BELUGA__RPC_NO_METHOD);
        beluga_json_put_string(w, "message", "Method not found");
    }
    beluga_json_end_object(w);
    beluga_json_end_object(w);
}
