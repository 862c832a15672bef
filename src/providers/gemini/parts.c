/* Decodes the parts of an answer: text, thoughts and function calls, each of which may be
 * signed. */
#include "providers/gemini/gemini.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int emit_function_call(beluga__gemini_state *state, const beluga_json *call,
                              beluga_emit *emit)
{
    char made_up[sizeof BELUGA__GEMINI_MADE_UP_ID + 16];
    beluga__call_piece piece = {
        .place = BELUGA__NO_PLACE,
        .id = beluga__filled(beluga_json_get_string(call, "id", NULL)),
        .name = beluga_json_get_string(call, "name", NULL),
    };
    if (!piece.id) {
        snprintf(made_up, sizeof made_up, BELUGA__GEMINI_MADE_UP_ID "%016" PRIx64,
                 beluga_emit_random(emit));
        piece.id = made_up;
    }
    int code = beluga__calls_read_arguments(&piece, beluga_json_get(call, "args"), emit);
    return code ? code : beluga__calls_add_whole(&state->calls, &piece, emit);
}

static int emit_media(const beluga_json *part, beluga_emit *emit)
{
    size_t length = 0;
    const beluga_json *data = beluga_json_get(part, "inlineData");
    const beluga_json *file = beluga_json_get(part, "fileData");
    const char *type = beluga_json_get_string(data ? data : file, "mimeType", NULL);
    const char *bytes = beluga_json_get_string(data, "data", &length);
    const char *uri = beluga_json_get_string(file, "fileUri", NULL);
    if (length)
        return beluga_emit_media_base64(emit, beluga__kind_of_media(type), type, bytes, length);
    return uri && *uri ? beluga__emit_url(emit, 0, type, uri) : 0;
}

static bool is_one_of(const char *key, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(key, *names) == 0) return true;
    return false;
}

/* Returns whether a part is of an unknown kind. Such a part is sent back unchanged, with its
 * signature. */
static bool is_unknown(const beluga_json *part)
{
    static const char *const known[] = {"text", "functionCall", "inlineData", "fileData", NULL};
    static const char *const remarks[] = {"videoMetadata", "partMetadata", "mediaResolution", NULL};
    bool found = false;
    if (!beluga_json_is_object(part)) return false;
    for (const beluga_json *v = beluga_json_first(part); v; v = beluga_json_next(part, v)) {
        const char *key = beluga_json_key(v, NULL);
        if (is_one_of(key, known)) return false;
        found = found || (beluga_json_is_object(v) && !is_one_of(key, remarks));
    }
    return found;
}

/* Emit a part. The signature of a thought is emitted after its text. Any other signature is emitted
 * as separate reasoning before the part that it signs, so that it is not taken for the signature of
 * an earlier thought. */
static int emit_part(beluga__gemini_state *state, const beluga_json *part, beluga_emit *emit)
{
    enum { THOUGHT, TEXT, SIGNATURE, FUNCTION_CALL, MEMBERS };
    static const beluga_json_name names[MEMBERS] = {
        [THOUGHT] = BELUGA_JSON_NAME("thought"),
        [TEXT] = BELUGA_JSON_NAME("text"),
        [SIGNATURE] = BELUGA_JSON_NAME("thoughtSignature"),
        [FUNCTION_CALL] = BELUGA_JSON_NAME("functionCall"),
    };
    const beluga_json *m[MEMBERS];
    size_t length = 0, n_signature = 0;
    if (is_unknown(part)) return beluga__emit_json_state(emit, BELUGA_PART_STATE, 0, NULL, part);
    beluga_json_pick(part, names, MEMBERS, m);
    bool thought = beluga_json_bool(m[THOUGHT], false);
    const char *signature = beluga_json_string(m[SIGNATURE], &n_signature);
    const char *text = beluga_json_string(m[TEXT], &length);
    const beluga_json *call = m[FUNCTION_CALL];
    int code = thought && length ? beluga_emit_reasoning(emit, text, length) : 0;
    if (!code && n_signature && !thought) code = beluga_emit_reasoning_end(emit);
    if (!code && n_signature)
        code = beluga__emit_marked_signature(BELUGA__GEMINI_SIGNED, signature, n_signature, emit);
    if (!code && n_signature) code = beluga_emit_reasoning_end(emit);
    if (code || thought) return code;
    if (length) code = beluga_emit_text(emit, text, length);
    if (!code && beluga_json_is_object(call)) code = emit_function_call(state, call, emit);
    return code || length ? code : emit_media(part, emit);
}

/* Warn about a part that is not delivered. All parts are checked before the content is emitted,
 * since warnings must come first. */
static int warn(beluga__gemini_state *state, const beluga_json *part, beluga_emit *emit)
{
    static const char *const kinds[] = {"executableCode", "codeExecutionResult"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (state->warned || !beluga_json_get(part, kinds[i])) continue;
        state->warned = true;
        return beluga_emit_warning(emit, "the answer has a part that is not delivered: %s",
                                   kinds[i]);
    }
    return 0;
}

int beluga__gemini_emit_content(beluga__gemini_state *state, const beluga_json *content,
                                beluga_emit *emit)
{
    const beluga_json *parts = beluga_json_get(content, "parts"), *part;
    int code = 0;
    if (!beluga_json_is_array(parts)) return 0;
    for (part = beluga_json_first(parts); part && !code; part = beluga_json_next(parts, part))
        code = warn(state, part, emit);
    for (part = beluga_json_first(parts); part && !code; part = beluga_json_next(parts, part))
        code = emit_part(state, part, emit);
    return code;
}
