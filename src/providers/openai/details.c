/* Reasoning in blocks that have more members than a text and must be sent back unchanged.
 * OpenRouter and MiniMax list such blocks as "reasoning_details"; a block is a text, a summary, or
 * encrypted data. LiteLLM lists Claude's blocks as "thinking_blocks", and repeats the text with its
 * signature. All members of a block except its text are stored as the state of a reasoning part, in
 * an object with the name of the list. */
#include "providers/openai/openai.h"

#include <string.h>

static const char details_list[] = "reasoning_details", blocks_list[] = "thinking_blocks";

/* The members that may contain the text of a block. */
static const char *const text_names[] = {"text", "summary", "thinking"};
enum { TEXT_NAMES = sizeof text_names / sizeof *text_names };

/* ---- writing to the host --------------------------------------------------------------------- */

/* Returns the parsed state of a part, or NULL. `*block` is set to the member with the name of the
 * list. */
static beluga_json_doc *read_state(beluga__openai_encoder *e, const beluga_part *part,
                                   const char *list, const beluga_json **block)
{
    size_t n;
    beluga_json_doc *doc = NULL;
    const char *json =
        part->kind == BELUGA_PART_REASONING ? beluga_call_get_state(e->call, part, &n) : NULL;
    int code = json ? beluga_json_parse(json, n, &doc, NULL) : 0;
    if (code == BELUGA_ERROR_NO_MEMORY)
        beluga__encoder_fail(&e->base, code, "no memory for the reasoning of an earlier answer");
    *block = beluga_json_get(beluga_json_doc_root(doc), list);
    return doc;
}

static bool has_blocks(beluga__openai_encoder *e, const beluga_message *message, const char *list)
{
    bool found = false;
    for (size_t i = 0, n = beluga_message_count(message); i < n && !found; i++) {
        const beluga_json *block;
        beluga_json_doc *doc = read_state(e, beluga_message_part(message, i), list, &block);
        found = beluga_json_is_object(block);
        beluga_json_doc_free(doc);
    }
    return found;
}

/* Returns the name of the member that contains the text of blocks of this type; NULL if they have
 * no text. */
static const char *text_name(const char *type)
{
    static const struct {
        const char *type, *name;
    } names[] = {{"reasoning.text", "text"},
                 {"reasoning.summary", "summary"},
                 {"thinking", "thinking"},
                 {"reasoning.encrypted", NULL},
                 {"redacted_thinking", NULL}};
    for (size_t i = 0; type && i < sizeof names / sizeof *names; i++)
        if (strcmp(type, names[i].type) == 0) return names[i].name;
    return "text";
}

/* Write a block. A reasoning part without a state is written as a plain text for OpenRouter; for
 * Claude it is left out, since Claude would refuse it. */
static void put_block(beluga__openai_encoder *e, const beluga_part *part, const char *list)
{
    const beluga_json *block;
    beluga_json_doc *doc = read_state(e, part, list, &block);
    bool known = beluga_json_is_object(block);
    if (known || list == details_list) {
        const char *type = known ? beluga_json_get_string(block, "type", NULL) : "reasoning.text";
        const char *name = text_name(type);
        beluga_json_begin_object(e->w, NULL);
        if (!known)
            beluga_json_put_string(e->w, "type", type);
        else if (beluga__put_members(e->w, doc, block, NULL))
            beluga__encoder_fail(&e->base, BELUGA_ERROR_NO_MEMORY,
                                 "no memory for earlier reasoning");
        if (name) beluga_json_put_string_n(e->w, name, part->text, part->text_length);
        beluga_json_end_object(e->w);
    }
    beluga_json_doc_free(doc);
}

static bool put_list(beluga__openai_encoder *e, const beluga_message *message, const char *list)
{
    if (!has_blocks(e, message, list)) return false;
    beluga_json_begin_array(e->w, list);
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (part->kind == BELUGA_PART_REASONING) put_block(e, part, list);
    }
    beluga_json_end_array(e->w);
    return true;
}

bool beluga__openai_put_details(beluga__openai_encoder *e, const beluga_message *message)
{
    bool details = put_list(e, message, details_list);
    return put_list(e, message, blocks_list) || details;
}

/* ---- reading from the host ------------------------------------------------------------------- */

static uint64_t hash(uint64_t h, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) h = (h ^ (unsigned char)text[i]) * 1099511628211u;
    return h;
}

int beluga__openai_emit_reasoning(beluga__openai_state *state, const char *text, size_t length,
                                  beluga_emit *emit)
{
    if (!length) return 0;
    state->reasoned_hash = hash(state->reasoned_hash, text, length);
    state->n_reasoned += length;
    return beluga_emit_reasoning(emit, text, length);
}

static const beluga__openai_member *find(const beluga__openai_detail *detail, const char *key)
{
    for (const beluga__openai_member *m = detail->members; m; m = m->next)
        if (strcmp(m->key, key) == 0) return m;
    return NULL;
}

static const char *copy(const char *text, size_t length, beluga_emit *emit)
{
    char *to = beluga_emit_alloc(emit, length + 1);
    return to ? memcpy(to, text, length) : NULL;
}

static int keep(beluga__openai_detail *detail, const beluga_json *value, beluga_emit *emit)
{
    size_t n_key, length = 1;
    const char *key = beluga_json_key(value, &n_key);
    bool empty = beluga_json_is_null(value) || (beluga_json_string(value, &length) && !length);
    if (empty || find(detail, key)) return 0;
    const char *json = beluga_emit_json_text(emit, value, &length);
    beluga__openai_member *member = beluga_emit_alloc(emit, sizeof *member), **end;
    if (!json || !member) return BELUGA_ERROR_NO_MEMORY;
    member->length = length;
    member->json = copy(json, length, emit);
    member->key = copy(key, n_key, emit);
    if (!member->json || !member->key) return BELUGA_ERROR_NO_MEMORY;
    for (end = &detail->members; *end;) end = &(*end)->next;
    *end = member;
    return 0;
}

static bool is_text(const char *key)
{
    size_t i = 0;
    while (i < TEXT_NAMES && strcmp(key, text_names[i]) != 0) i++;
    return i < TEXT_NAMES;
}

static int emit_state(const beluga__openai_detail *detail, beluga_json_writer *w, beluga_emit *emit)
{
    const char *json;
    size_t length;
    beluga_json_begin_object(w, NULL);
    beluga_json_begin_object(w, detail->list);
    for (const beluga__openai_member *m = detail->members; m; m = m->next)
        beluga_json_put_raw(w, m->key, m->json, m->length);
    beluga_json_end_object(w);
    beluga_json_end_object(w);
    int code = beluga_json_writer_text(w, &json, &length);
    return code ? code : beluga_emit_state(emit, BELUGA_PART_REASONING, 0, json, length);
}

/* Returns whether a block is an unsigned text. Such a block gets no state, and is sent back as
 * text. */
static bool is_plain(const beluga__openai_detail *detail)
{
    const beluga__openai_member *type = find(detail, "type");
    bool text = !type || *type->json != '"' || strcmp(type->json, "\"reasoning.text\"") == 0 ||
                strcmp(type->json, "\"thinking\"") == 0;
    return text && !find(detail, "id") && !find(detail, "signature") && !find(detail, "data");
}

/* End the open block. Not inlined, since few answers have such blocks, and the caller runs before
 * each piece of an answer. */
static __attribute__((noinline)) int end_open_detail(beluga__openai_state *state, beluga_emit *emit)
{
    beluga__openai_detail detail = state->detail;
    int code = 0;
    state->detail = (beluga__openai_detail){0};
    if (!is_plain(&detail)) {
        beluga_json_writer *w = beluga_json_writer_new();
        code = w ? emit_state(&detail, w, emit) : BELUGA_ERROR_NO_MEMORY;
        beluga_json_writer_free(w);
    }
    return code ? code : beluga_emit_reasoning_end(emit);
}

int beluga__openai_end_detail(beluga__openai_state *state, beluga_emit *emit)
{
    state->n_reasoned = 0;
    state->reasoned_hash = 0;
    return state->detail.list ? end_open_detail(state, emit) : 0;
}

/* Returns whether a piece continues the open block. Pieces of a block have its index and its type.
 * An encrypted block arrives in one piece, and a block of Claude ends with its signature. */
static bool goes_on(const beluga__openai_detail *detail, const char *list, const beluga_json *piece)
{
    const beluga__openai_member *had = find(detail, "type");
    const char *type = beluga_json_get_string(piece, "type", NULL);
    size_t n = type ? strlen(type) : 0;
    bool same = had ? had->length == n + 2 && memcmp(had->json + 1, type ? type : "", n) == 0 : !n;
    return detail->list == list && detail->index == beluga_json_get_int(piece, "index", -1) &&
           same && !find(detail, "data") && !(list == blocks_list && find(detail, "signature"));
}

static const char *words_of(const beluga_json *piece, size_t *n)
{
    const char *text = NULL;
    *n = 0;
    for (size_t i = 0; !*n && i < TEXT_NAMES; i++)
        text = beluga_json_get_string(piece, text_names[i], n);
    return text;
}

bool beluga__openai_details_say(const beluga_json *details)
{
    size_t n = 0;
    for (const beluga_json *v = beluga_json_first(details); v && !n;
         v = beluga_json_next(details, v))
        words_of(v, &n);
    return n;
}

static int emit_piece(beluga__openai_state *state, const char *list, const beluga_json *piece,
                      beluga_emit *emit)
{
    size_t n, n_signature = 0;
    int code = 0;
    if (!beluga_json_is_object(piece)) return 0;
    if (state->detail.list && !goes_on(&state->detail, list, piece))
        code = beluga__openai_end_detail(state, emit);
    if (code) return code;
    state->detail.list = list;
    state->detail.index = beluga_json_get_int(piece, "index", -1);
    const char *text = words_of(piece, &n);
    beluga_json_get_string(piece, "signature", &n_signature);
    bool again =
        n_signature && n && n == state->n_reasoned && hash(0, text, n) == state->reasoned_hash;
    if (!again) code = beluga__openai_emit_reasoning(state, text, n, emit);
    for (const beluga_json *v = beluga_json_first(piece); v && !code;
         v = beluga_json_next(piece, v))
        if (!is_text(beluga_json_key(v, NULL))) code = keep(&state->detail, v, emit);
    return code;
}

int beluga__openai_emit_details(beluga__openai_state *state, const char *list,
                                const beluga_json *details, beluga_emit *emit)
{
    int code = 0;
    const char *name = strcmp(list, blocks_list) == 0 ? blocks_list : details_list;
    for (const beluga_json *v = beluga_json_first(details); v && !code;
         v = beluga_json_next(details, v))
        code = emit_piece(state, name, v, emit);
    return code;
}
