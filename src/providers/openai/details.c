/* OpenRouter's "reasoning_details": blocks of reasoning with what their makers signed, which must
 * go back as they came. A block is text, a summary, or encrypted. What a block has besides its text
 * is kept as the signature of a reasoning part: "openrouter:" and a JSON object. */
#include "providers/openai/openai.h"

#include <string.h>

#define SIGNED "openrouter:"

/* ---- back to the host ------------------------------------------------------------------------ */

static bool is_signed(const beluga_part *part)
{
    size_t n = sizeof SIGNED - 1;
    return part->kind == BELUGA_PART_REASONING && part->signature_length > n &&
           memcmp(part->signature, SIGNED, n) == 0;
}

static bool has_details(const beluga_message *message)
{
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++)
        if (is_signed(beluga_message_part(message, i))) return true;
    return false;
}

static int put_members(beluga__openai_encoder *e, beluga_json_doc *doc)
{
    const beluga_json *root = beluga_json_doc_root(doc);
    for (const beluga_json *v = beluga_json_first(root); v; v = beluga_json_next(root, v)) {
        size_t length;
        const char *text = beluga_json_text(doc, v, &length);
        if (!text) return BELUGA_ERROR_NO_MEMORY;
        beluga_json_put_raw(e->w, beluga_json_key(v, NULL), text, length);
    }
    return 0;
}

static void put_text(beluga__openai_encoder *e, const beluga_part *part, const char *type)
{
    bool summary = type && strcmp(type, "reasoning.summary") == 0;
    if (type && strcmp(type, "reasoning.encrypted") == 0) return;
    beluga_json_put_string_n(e->w, summary ? "summary" : "text", part->text, part->text_length);
}

static int put_detail(beluga__openai_encoder *e, const beluga_part *part)
{
    size_t n = sizeof SIGNED - 1;
    beluga_json_doc *doc = NULL;
    int code = is_signed(part)
                   ? beluga_json_parse(part->signature + n, part->signature_length - n, &doc, NULL)
                   : 0;
    const beluga_json *root = beluga_json_doc_root(doc);
    bool known = beluga_json_is_object(root);
    if (code == BELUGA_ERROR_NO_MEMORY) return code;
    beluga_json_begin_object(e->w, NULL);
    code = known ? put_members(e, doc) : 0;
    if (!known) beluga_json_put_string(e->w, "type", "reasoning.text");
    put_text(e, part, known ? beluga_json_get_string(root, "type", NULL) : NULL);
    beluga_json_end_object(e->w);
    beluga_json_doc_free(doc);
    return code;
}

bool beluga__openai_put_details(beluga__openai_encoder *e, const beluga_message *message)
{
    if (!has_details(message)) return false;
    int code = 0;
    beluga_json_begin_array(e->w, "reasoning_details");
    for (size_t i = 0, n = beluga_message_count(message); i < n && !code; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (part->kind == BELUGA_PART_REASONING) code = put_detail(e, part);
    }
    beluga_json_end_array(e->w);
    if (code) beluga__openai_fail(e, code, "no memory for the reasoning of an earlier answer");
    return true;
}

/* ---- from the host --------------------------------------------------------------------------- */

/* Keep a member that the block has not had yet. */
static int keep(const char **kept, const beluga_json *piece, const char *key, beluga_emit *emit)
{
    size_t n = 0;
    const char *text = beluga_json_get_string(piece, key, &n);
    if (!n || *kept) return 0;
    char *copy = beluga_emit_alloc(emit, n + 1);
    if (!copy) return BELUGA_ERROR_NO_MEMORY;
    memcpy(copy, text, n);
    *kept = copy;
    return 0;
}

static int keep_all(beluga__openai_detail *detail, const beluga_json *piece, beluga_emit *emit)
{
    int code = keep(&detail->type, piece, "type", emit);
    if (!code) code = keep(&detail->id, piece, "id", emit);
    if (!code) code = keep(&detail->format, piece, "format", emit);
    if (!code) code = keep(&detail->signature, piece, "signature", emit);
    return code ? code : keep(&detail->data, piece, "data", emit);
}

static void put_known(beluga_json_writer *w, const char *key, const char *value)
{
    if (value) beluga_json_put_string(w, key, value);
}

static int sign(const beluga__openai_detail *detail, beluga_json_writer *w, beluga_emit *emit)
{
    const size_t n_mark = sizeof SIGNED - 1;
    const char *text;
    size_t n;
    beluga_json_begin_object(w, NULL);
    put_known(w, "type", detail->type);
    put_known(w, "id", detail->id);
    put_known(w, "format", detail->format);
    if (detail->index >= 0) beluga_json_put_int(w, "index", detail->index);
    put_known(w, "signature", detail->signature);
    put_known(w, "data", detail->data);
    beluga_json_end_object(w);
    int code = beluga_json_writer_text(w, &text, &n);
    char *signature = code ? NULL : beluga_emit_alloc(emit, n_mark + n + 1);
    if (!signature) return code ? code : BELUGA_ERROR_NO_MEMORY;
    memcpy(signature, SIGNED, n_mark);
    memcpy(signature + n_mark, text, n);
    return beluga_emit_reasoning_signature(emit, signature, n_mark + n);
}

/* Text that nobody signed needs nothing kept: it goes back as "reasoning". */
static bool is_plain(const beluga__openai_detail *detail)
{
    bool text = !detail->type || strcmp(detail->type, "reasoning.text") == 0;
    return text && !detail->id && !detail->signature && !detail->data;
}

int beluga__openai_end_detail(beluga__openai_state *state, beluga_emit *emit)
{
    beluga__openai_detail detail = state->detail;
    int code = 0;
    if (!detail.open) return 0;
    state->detail = (beluga__openai_detail){0};
    if (!is_plain(&detail)) {
        beluga_json_writer *w = beluga_json_writer_new();
        code = w ? sign(&detail, w, emit) : BELUGA_ERROR_NO_MEMORY;
        beluga_json_writer_free(w);
    }
    return code ? code : beluga_emit_reasoning_end(emit);
}

/* Pieces of a block have its index and its type; what is encrypted comes whole. */
static bool goes_on(const beluga__openai_detail *detail, const char *type, int64_t index)
{
    return detail->open && !detail->data && detail->index == index &&
           strcmp(detail->type ? detail->type : "", type ? type : "") == 0;
}

static int emit_piece(beluga__openai_state *state, const beluga_json *piece, beluga_emit *emit)
{
    const char *type = beluga_json_get_string(piece, "type", NULL);
    int64_t index = beluga_json_get_int(piece, "index", -1);
    int code = 0;
    size_t n = 0;
    if (!beluga_json_is_object(piece)) return 0;
    if (!goes_on(&state->detail, type, index)) code = beluga__openai_end_detail(state, emit);
    if (code) return code;
    state->detail.open = true;
    state->detail.index = index;
    const char *text = beluga_json_get_string(piece, "text", &n);
    if (!n) text = beluga_json_get_string(piece, "summary", &n);
    code = n ? beluga_emit_reasoning(emit, text, n) : 0;
    return code ? code : keep_all(&state->detail, piece, emit);
}

int beluga__openai_emit_details(beluga__openai_state *state, const beluga_json *details,
                                beluga_emit *emit)
{
    int code = 0;
    for (const beluga_json *v = beluga_json_first(details); v && !code;
         v = beluga_json_next(details, v))
        code = emit_piece(state, v, emit);
    return code;
}
