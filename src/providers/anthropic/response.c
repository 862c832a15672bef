#include "providers/anthropic/anthropic.h"

#include <string.h>

/* ---- blocks ---------------------------------------------------------------------------------- */

/* Store the arguments that the start of a block contains. Some servers send them there, as an
 * object or a string. Later pieces replace them, since the API itself always sends {} there. */
static int keep_arguments(beluga__anthropic_state *state, const beluga_json *block,
                          beluga_emit *emit)
{
    const beluga_json *input = beluga_json_get(block, "input");
    size_t n = 0;
    const char *text = beluga_json_string(input, &n);
    state->arguments = NULL;
    if (beluga_json_is_object(input) && beluga_json_count(input)) {
        text = beluga_emit_json_text(emit, input, &n);
        if (!text) return BELUGA_ERROR_NO_MEMORY;
    }
    if (!text || !n) return 0;
    char *copy = beluga_emit_alloc(emit, n + 1);
    if (!copy) return BELUGA_ERROR_NO_MEMORY;
    memcpy(copy, text, n);
    state->arguments = copy;
    state->n_arguments = n;
    return 0;
}

static int begin_tool(beluga__anthropic_state *state, uint32_t index, const beluga_json *block,
                      beluga_emit *emit)
{
    const beluga__call_piece piece = {
        .place = index,
        .id = beluga_json_get_string(block, "id", NULL),
        .name = beluga_json_get_string(block, "name", NULL),
    };
    int code = beluga__calls_add(&state->calls, &piece, emit);
    if (!code && piece.name) code = beluga__calls_name_is_whole(&state->calls, emit);
    return code ? code : keep_arguments(state, block, emit);
}

int beluga__anthropic_emit_arguments(beluga__anthropic_state *state, uint32_t index,
                                     const char *text, size_t length, beluga_emit *emit)
{
    const beluga__call_piece piece = {.place = index, .arguments = text, .n_arguments = length};
    if (!beluga__calls_has(&state->calls, index, NULL)) return 0;
    state->arguments = NULL;
    return beluga__calls_add(&state->calls, &piece, emit);
}

static int end_tool(beluga__anthropic_state *state, uint32_t index, beluga_emit *emit)
{
    int code = state->arguments ? beluga__anthropic_emit_arguments(state, index, state->arguments,
                                                                   state->n_arguments, emit)
                                : 0;
    return code ? code : beluga__calls_end(&state->calls, index, NULL, emit);
}

int beluga__anthropic_emit_signature(beluga__anthropic_state *state, const char *text,
                                     size_t length, beluga_emit *emit)
{
    state->is_signed = true;
    return beluga_emit_reasoning_signature(emit, text, length);
}

static int emit_thinking(beluga__anthropic_state *state, const beluga_json *block,
                         beluga_emit *emit)
{
    size_t n = 0;
    const char *text = beluga_json_get_string(block, "thinking", &n);
    int code = n ? beluga_emit_reasoning(emit, text, n) : 0;
    n = 0;
    const char *signature = beluga_json_get_string(block, "signature", &n);
    state->is_signed = false;
    state->has_signature = signature;
    return n && !code ? beluga__anthropic_emit_signature(state, signature, n, emit) : code;
}

static int emit_redacted(beluga__anthropic_state *state, const beluga_json *block,
                         beluga_emit *emit)
{
    size_t n = 0;
    const char *data = beluga_json_get_string(block, "data", &n);
    if (!n) return 0;
    state->is_signed = true;
    return beluga__emit_marked_signature(BELUGA__ANTHROPIC_REDACTED, data, n, emit);
}

/* ---- blocks that are sent back unchanged ----------------------------------------------------- */

/* Blocks of tools that the API runs itself and blocks of unknown kinds are sent back unchanged. */

static int begin_state(beluga__anthropic_state *state, uint32_t index, const beluga_json *block,
                       beluga_emit *emit)
{
    const char *text = beluga_emit_json_text(emit, block, &state->n_block);
    char *copy = text ? beluga_emit_alloc(emit, state->n_block + 1) : NULL;
    if (!copy) return BELUGA_ERROR_NO_MEMORY;
    state->block = memcpy(copy, text, state->n_block);
    state->block_index = index;
    state->n_input = 0;
    return 0;
}

static int keep(beluga__anthropic_state *state, const char *text, size_t length, beluga_emit *emit)
{
    enum { FIRST_ROOM = 256 };
    if (state->n_input + length > state->input_room) {
        size_t room = 2 * (state->n_input + length) + FIRST_ROOM;
        char *input = beluga_emit_alloc(emit, room);
        if (!input) return BELUGA_ERROR_NO_MEMORY;
        if (state->n_input) memcpy(input, state->block_input, state->n_input);
        state->block_input = input;
        state->input_room = room;
    }
    memcpy(state->block_input + state->n_input, text, length);
    state->n_input += length;
    return 0;
}

int beluga__anthropic_keep_input(beluga__anthropic_state *state, uint32_t index, const char *text,
                                 size_t length, beluga_emit *emit)
{
    if (state->block && state->block_index == index) return keep(state, text, length, emit);
    bool elsewhere = (state->in_text && state->text_index == index) ||
                     (state->thinking && state->thinking_index == index);
    if (!elsewhere) return 0;
    /* this piece belongs to no tool call, so the arguments of some tool call are incomplete */
    return beluga_emit_failure(emit, BELUGA_ERROR_MALFORMED_RESPONSE, NULL,
                               "arguments of a tool call in a block that is not a tool call");
}

/* Emit a block with its input. Input that arrived in pieces replaces the block's own input, unless
 * the pieces are not valid JSON. */
static int emit_with_input(const beluga__anthropic_state *state, beluga_json_doc *doc,
                           beluga_json_writer *w, beluga_emit *emit)
{
    const char *text = NULL;
    size_t n = 0;
    beluga_json_begin_object(w, NULL);
    int code = beluga__put_members(w, doc, beluga_json_doc_root(doc), "input");
    beluga_json_put_raw(w, "input", state->block_input, state->n_input);
    beluga_json_end_object(w);
    if (!code) code = beluga_json_writer_text(w, &text, &n);
    if (!code) return beluga_emit_state(emit, BELUGA_PART_STATE, 0, text, n);
    if (code != BELUGA_ERROR_INVALID_INPUT) return code;
    return beluga_emit_state(emit, BELUGA_PART_STATE, 0, state->block, state->n_block);
}

static int end_state(beluga__anthropic_state *state, beluga_emit *emit)
{
    beluga_json_doc *doc = NULL;
    int code = 0;
    if (!state->n_input) {
        code = beluga_emit_state(emit, BELUGA_PART_STATE, 0, state->block, state->n_block);
    } else {
        code = beluga_json_parse(state->block, state->n_block, &doc, NULL);
        beluga_json_writer *w = code ? NULL : beluga_json_writer_new();
        if (!code) code = w ? emit_with_input(state, doc, w, emit) : BELUGA_ERROR_NO_MEMORY;
        beluga_json_writer_free(w);
        beluga_json_doc_free(doc);
    }
    state->block = NULL;
    return code;
}

/* ---- text and its citations ------------------------------------------------------------------ */

int beluga__anthropic_keep_citation(beluga__anthropic_state *state, uint32_t index,
                                    const beluga_json *citation, beluga_emit *emit)
{
    static const char first[] = "{\"citations\":[", next[] = ",";
    size_t n;
    if (state->block || state->text_index != index) return 0;
    if (!beluga_json_get_string(citation, "encrypted_index", NULL)) return 0;
    const char *before = state->n_input ? next : first;
    const char *text = beluga_emit_json_text(emit, citation, &n);
    int code = text ? keep(state, before, strlen(before), emit) : BELUGA_ERROR_NO_MEMORY;
    return code ? code : keep(state, text, n, emit);
}

static int begin_text(beluga__anthropic_state *state, uint32_t index, const beluga_json *block,
                      beluga_emit *emit)
{
    size_t n = 0;
    int code = 0;
    const char *text = beluga_json_get_string(block, "text", &n);
    const beluga_json *citations = beluga_json_get(block, "citations");
    state->n_input = 0;
    state->text_index = index;
    state->in_text = true;
    state->has_text = n;
    if (beluga_json_is_array(citations))
        for (const beluga_json *v = beluga_json_first(citations); v && !code;
             v = beluga_json_next(citations, v))
            code = beluga__anthropic_keep_citation(state, index, v, emit);
    return code || !n ? code : beluga_emit_text(emit, text, n);
}

/* End a block of text. Citations of the API's own search must be sent back with their text, so they
 * become its state. */
static int end_text(beluga__anthropic_state *state, beluga_emit *emit)
{
    int code = state->has_text ? keep(state, "]}", 2, emit) : 0;
    if (!code && state->has_text)
        code = beluga_emit_state(emit, BELUGA_PART_TEXT, 0, state->block_input, state->n_input);
    state->n_input = 0;
    return code;
}

/* End a block of reasoning. Other servers than Anthropic's own do not sign reasoning, and require
 * it back unsigned. So unsigned reasoning gets a state. */
static int end_thinking(beluga__anthropic_state *state, beluga_emit *emit)
{
    static const char bare[] = "{\"type\":\"thinking\"}";
    static const char empty[] = "{\"type\":\"thinking\",\"signature\":\"\"}";
    const char *json = state->has_signature ? empty : bare;
    int code = state->is_signed
                   ? 0
                   : beluga_emit_state(emit, BELUGA_PART_REASONING, 0, json, strlen(json));
    state->thinking = false;
    return code ? code : beluga_emit_reasoning_end(emit);
}

/* ---- all blocks ------------------------------------------------------------------------------ */

int beluga__anthropic_begin_block(beluga__anthropic_state *state, uint32_t index,
                                  const beluga_json *block, beluga_emit *emit)
{
    const char *type = beluga_json_get_string(block, "type", NULL);
    if (beluga__is(type, "thinking") || beluga__is(type, "redacted_thinking")) {
        state->thinking = true;
        state->thinking_index = index;
    }
    if (beluga__is(type, "text")) return begin_text(state, index, block, emit);
    if (beluga__is(type, "thinking")) return emit_thinking(state, block, emit);
    if (beluga__is(type, "redacted_thinking")) return emit_redacted(state, block, emit);
    if (beluga__is(type, "tool_use")) return begin_tool(state, index, block, emit);
    return type ? begin_state(state, index, block, emit) : 0;
}

int beluga__anthropic_end_block(beluga__anthropic_state *state, uint32_t index, beluga_emit *emit)
{
    if (state->block && state->block_index == index) return end_state(state, emit);
    if (!state->block && state->n_input && state->text_index == index) return end_text(state, emit);
    if (state->thinking && state->thinking_index == index) return end_thinking(state, emit);
    return end_tool(state, index, emit);
}

/* ---- beside the content ---------------------------------------------------------------------- */

static void keep_count(int64_t *kept, const beluga_json *object, const char *key)
{
    int64_t n = beluga__count(object, key, BELUGA__MOST_TOKENS);
    if (n >= 0) *kept = n;
}

static int64_t known(int64_t n)
{
    return n < 0 ? 0 : n;
}

/* Emit the usage. Counts are cumulative, and later events of a stream may leave out counts that did
 * not change. The API counts new input separately from the tokens that are read from the cache and
 * written to it. */
int beluga__anthropic_emit_usage(beluga__anthropic_state *state, const beluga_json *usage,
                                 beluga_emit *emit)
{
    beluga_usage u = BELUGA_USAGE_INIT;
    if (!beluga_json_is_object(usage)) return 0;
    if (!state->has_usage)
        state->input = state->cache_read = state->cache_write = state->output = state->reasoning =
            -1;
    state->has_usage = true;
    keep_count(&state->input, usage, "input_tokens");
    keep_count(&state->cache_read, usage, "cache_read_input_tokens");
    keep_count(&state->cache_write, usage, "cache_creation_input_tokens");
    keep_count(&state->output, usage, "output_tokens");
    keep_count(&state->reasoning, beluga_json_get(usage, "output_tokens_details"),
               "thinking_tokens");
    if (state->input >= 0)
        u.input_total = state->input + known(state->cache_read) + known(state->cache_write);
    u.input_cache_read = state->cache_read;
    u.input_cache_write = state->cache_write;
    u.output_total = state->output;
    u.output_reasoning = state->reasoning;
    return beluga__emit_read_usage(&u, usage, emit);
}

int beluga__anthropic_emit_head(beluga__anthropic_state *state, const beluga_json *message,
                                beluga_emit *emit)
{
    const char *id = beluga__filled(beluga_json_get_string(message, "id", NULL));
    const char *model = beluga__filled(beluga_json_get_string(message, "model", NULL));
    int code = id || model ? beluga_emit_metadata(emit, id, model, 0) : 0;
    return code ? code
                : beluga__anthropic_emit_usage(state, beluga_json_get(message, "usage"), emit);
}

void beluga__anthropic_keep_reason(beluga__anthropic_state *state, const beluga_json *reason)
{
    const char *word = beluga__read_word(reason);
    size_t n = word ? strlen(word) : 0;
    if (!word) return;
    if (n >= sizeof state->reason) n = sizeof state->reason - 1;
    memcpy(state->reason, word, n);
    state->reason[n] = '\0';
}

int beluga__anthropic_emit_finish(beluga__anthropic_state *state, beluga_emit *emit)
{
    const beluga__end end = {.word = state->reason, .calls = state->calls.count > 0};
    int code = beluga__calls_finish(&state->calls, emit);
    return code ? code : beluga__end_emit(&end, emit);
}

/* ---- whole answers --------------------------------------------------------------------------- */

int beluga__anthropic_decode_blocks(beluga__anthropic_state *state, const beluga_json *content,
                                    beluga_emit *emit)
{
    uint32_t index = 0;
    int code = 0;
    if (!beluga_json_is_array(content)) return 0;
    for (const beluga_json *v = beluga_json_first(content); v && !code;
         v = beluga_json_next(content, v), index++) {
        code = beluga__anthropic_begin_block(state, index, v, emit);
        if (!code) code = beluga__anthropic_end_block(state, index, emit);
    }
    return code;
}

int beluga__anthropic_decode_response(void *opaque, const char *body, size_t length,
                                      beluga_emit *emit)
{
    beluga__anthropic_state *state = opaque;
    const beluga_json *root;
    int code = beluga__decode_body(body, length, emit, &root);
    if (code) return code;
    const beluga_json *content = beluga_json_get(root, "content");
    if (!beluga_json_is_array(content))
        return beluga__fault_or_failure(root, "the answer is JSON, but not a message", emit);
    if (beluga__fault_is(root, true)) return beluga__fault_emit(root, BELUGA_ERROR_INTERNAL, emit);
    code = beluga__anthropic_emit_head(state, root, emit);
    if (!code) code = beluga__anthropic_decode_blocks(state, content, emit);
    beluga__anthropic_keep_reason(state, beluga_json_get(root, "stop_reason"));
    return code ? code : beluga__anthropic_emit_finish(state, emit);
}

/* Decode a list of models: {"data":[{"id":"…"},…],"has_more":true,"last_id":"…"}. */
int beluga__anthropic_decode_list_models(const char *body, size_t length, beluga_emit *emit)
{
    static const beluga__model_list shape = {
        .list = "data", .name = "id", .page = "last_id", .more = "has_more"};
    return beluga__decode_models(body, length, &shape, emit);
}
