#include "providers/tool_calls.h"

#include "providers/common.h"
#include "providers/decode.h"

#include <string.h>

enum {
    OPEN_CALLS = 32, /* a piece can continue only one of this many newest calls */
    EARLY_ID = 128,
    EARLY_NAME = 256,
    EARLY_ARGUMENTS = 256
};

/* Arguments that are held back until it is clear whether more arguments arrive. */
typedef enum held { HELD_NOTHING, HELD_EMPTY, HELD_NULL } held;
static const char *const held_texts[] = {"", "{}", "null"};

/* A tool call. Its texts are stored as hashes; 0 means that there is no text. */
typedef struct tool_call {
    int64_t place, other; /* the numbers (indexes) that the server uses for the call */
    uint32_t index;       /* the number that the library uses for the call */
    uint32_t item, id, name;
    uint32_t text; /* hash of the arguments so far */
    size_t length;
    uint32_t depth; /* depth of the arguments' JSON */
    bool object, in_string, escaped;
    bool whole; /* the JSON object of the arguments is complete */
    bool begun, ended;
    held held;
} tool_call;

/* A call with the same id as a complete call. It repeats that call, unless its arguments differ. */
typedef struct twin_call {
    const tool_call *of; /* the complete call; NULL: there is none */
    int64_t place;
    const char *name;
    char *text;
    size_t length, room;
} twin_call;

struct beluga__call_room {
    tool_call
        /* the newest calls; call number i is at index i % OPEN_CALLS */
        calls[OPEN_CALLS];
    tool_call *taken; /* the call to which the newest piece belongs */
    tool_call *early; /* the newest call, until its begin event is emitted; its name may continue */
    char id[EARLY_ID], name[EARLY_NAME], arguments[EARLY_ARGUMENTS];
    size_t n_arguments;
    twin_call twin;
};

/* ---- texts ----------------------------------------------------------------------------------- */

enum { HASH_START = 0 };
static const uint32_t hash_offset = 2166136261u;

/* Continue the FNV-1a hash of an earlier text. */
static uint32_t hash_on(uint32_t h, const char *text, size_t n)
{
    if (!h) h = hash_offset;
    for (size_t i = 0; i < n; i++) h = (h ^ (unsigned char)text[i]) * 16777619u;
    return h ? h : 1;
}

static uint32_t hash(const char *text)
{
    return text && *text ? hash_on(HASH_START, text, strlen(text)) : 0;
}

static bool begins_object(const char *text, size_t n)
{
    size_t i = 0;
    while (i < n && text[i] && strchr(" \t\r\n", text[i])) i++;
    return i < n && text[i] == '{';
}

static bool is_blank(const char *text, size_t n)
{
    size_t i = 0;
    while (i < n && text[i] && strchr(" \t\r\n", text[i])) i++;
    return i == n;
}

static bool is_tool(beluga_emit *emit, const char *name)
{
    const beluga_call *call = beluga_emit_call(emit);
    for (size_t i = 0, n = beluga_call_tool_count(call); i < n; i++)
        if (strcmp(beluga_tool_name(beluga_call_tool(call, i)), name) == 0) return true;
    return false;
}

/* ---- finding --------------------------------------------------------------------------------- */

static tool_call *newest(const beluga__calls *calls, uint32_t back)
{
    return &calls->room->calls[(calls->count - 1 - back) % OPEN_CALLS];
}

static uint32_t open_calls(const beluga__calls *calls)
{
    if (!calls->room) return 0;
    return calls->count < OPEN_CALLS ? calls->count : OPEN_CALLS;
}

static bool is_at(const tool_call *call, int64_t place, uint32_t item)
{
    if (item && call->item) return item == call->item;
    return place >= 0 && (call->place == place || call->other == place);
}

static tool_call *find(const beluga__calls *calls, int64_t place, const char *item)
{
    uint32_t wanted = hash(item);
    for (uint32_t i = 0; i < open_calls(calls); i++)
        if (is_at(newest(calls, i), place, wanted)) return newest(calls, i);
    return NULL;
}

static tool_call *find_id(const beluga__calls *calls, const char *id)
{
    uint32_t wanted = hash(id);
    for (uint32_t i = 0; wanted && i < open_calls(calls); i++)
        if (newest(calls, i)->id == wanted) return newest(calls, i);
    return NULL;
}

bool beluga__calls_has(const beluga__calls *calls, int64_t place, const char *item)
{
    return find(calls, place, item) != NULL;
}

bool beluga__calls_is_empty(const beluga__calls *calls, int64_t place, const char *item)
{
    const tool_call *call = find(calls, place, item);
    return !call || (!call->length && !(call == calls->room->early && calls->room->n_arguments));
}

/* ---- arguments ------------------------------------------------------------------------------- */

/* Scan the next piece of a call's arguments. Returns how many bytes of the piece belong to the
 * arguments: text after the end of their JSON object does not. */
static size_t follow(tool_call *call, const char *text, size_t n)
{
    size_t i = 0;
    if (!call->depth && !call->object) call->object = begins_object(text, n);
    while (i < n && call->object && !call->whole) {
        char c = text[i++];
        bool quote = c == '"' && !call->escaped;
        call->escaped = call->in_string && c == '\\' && !call->escaped;
        if (quote) call->in_string = !call->in_string;
        if (call->in_string) continue;
        if (c == '{' || c == '[') call->depth++;
        if ((c == '}' || c == ']') && call->depth) call->whole = !--call->depth;
    }
    size_t used = call->object ? i : n;
    call->text = hash_on(call->text, text, used);
    call->length += used;
    return used;
}

static void forget_arguments(tool_call *call)
{
    call->held = HELD_NOTHING;
    call->text = 0;
    call->length = 0;
    call->object = call->whole = false;
}

static int emit_held(tool_call *call, beluga_emit *emit)
{
    const char *text = held_texts[call->held];
    call->held = HELD_NOTHING;
    return *text ? beluga_emit_tool_call_delta(emit, call->index, text, strlen(text)) : 0;
}

/* Deliver the arguments that were held back, since no more arrive. "null" means no arguments. */
static int flush(tool_call *call, beluga_emit *emit)
{
    if (call->held == HELD_NULL) forget_arguments(call);
    return emit_held(call, emit);
}

/* Returns whether the arguments so far must be held back: "{}" may be a placeholder before the real
 * arguments, and "null" may mean no arguments. */
static held to_hold(const tool_call *call, const char *text, size_t n)
{
    if (call->length != n) return HELD_NOTHING; /* this is not the first piece */
    if (n == 2 && memcmp(text, "{}", 2) == 0) return HELD_EMPTY;
    return n == 4 && memcmp(text, "null", 4) == 0 ? HELD_NULL : HELD_NOTHING;
}

/* Deliver a piece of the arguments. Everything after the end of their JSON object is dropped, since
 * servers repeat the object or add stray text. */
static int give(tool_call *call, const char *text, size_t n, beluga_emit *emit)
{
    int code = 0;
    bool another = call->held && begins_object(text, n);
    if (!n || call->ended || (call->whole && !another)) return 0;
    if (call->held && is_blank(text, n)) return 0;
    if (another)
        forget_arguments(call);
    else
        code = emit_held(call, emit);
    size_t used = follow(call, text, n);
    call->held = to_hold(call, text, used);
    if (!code && !call->held) code = beluga_emit_tool_call_delta(emit, call->index, text, used);
    return code || used == n ? code : give(call, text + used, n - used, emit);
}

/* ---- beginnings ------------------------------------------------------------------------------ */

static int fail(beluga_emit *emit)
{
    return beluga_emit_failure(emit, BELUGA_ERROR_TOOL_CALL, NULL,
                               "the model's tool call has no name");
}

static int begin(beluga__call_room *room, const char *name, beluga_emit *emit)
{
    tool_call *call = room->early;
    if (!*name) return fail(emit);
    room->early = NULL;
    call->begun = true;
    call->name = hash(name);
    int code = beluga_emit_tool_call_begin(emit, call->index, beluga__filled(room->id), name);
    return code ? code : give(call, room->arguments, room->n_arguments, emit);
}

/* Add a piece of a name. It may repeat the earlier pieces or continue them. */
static void join(char *name, const char *piece, beluga_emit *emit)
{
    char joined[EARLY_NAME];
    size_t n = strlen(name), m = strlen(piece);
    if (strcmp(name, piece) == 0 || n + m >= sizeof joined) return;
    memcpy(joined, name, n);
    memcpy(joined + n, piece, m + 1);
    bool repeats = strncmp(piece, name, n) == 0 && !is_tool(emit, joined);
    strcpy(name, repeats ? piece : joined);
}

static int keep_early(beluga__call_room *room, const beluga__call_piece *piece, beluga_emit *emit)
{
    size_t n_id = piece->id ? strlen(piece->id) : 0;
    if (n_id >= sizeof room->id || piece->n_arguments > sizeof room->arguments - room->n_arguments)
        return fail(emit);
    if (n_id && !room->id[0]) memcpy(room->id, piece->id, n_id + 1);
    if (piece->n_arguments)
        memcpy(room->arguments + room->n_arguments, piece->arguments, piece->n_arguments);
    room->n_arguments += piece->n_arguments;
    return 0;
}

/* Add a piece to a call whose begin event was not emitted yet. The name must be complete first,
 * which is certain when arguments arrive. */
static int add_early(beluga__call_room *room, const beluga__call_piece *piece, beluga_emit *emit)
{
    bool large = (piece->name && strlen(piece->name) >= sizeof room->name) ||
                 (piece->id && strlen(piece->id) >= sizeof room->id);
    if (piece->name && large) {
        int code = beluga_emit_tool_call_begin(emit, room->early->index, piece->id, piece->name);
        tool_call *call = room->early;
        call->begun = true;
        call->name = hash(piece->name);
        room->early = NULL;
        if (!code) code = give(call, room->arguments, room->n_arguments, emit);
        return code ? code : give(call, piece->arguments, piece->n_arguments, emit);
    }
    if (piece->name) join(room->name, piece->name, emit);
    if (!piece->n_arguments || !*room->name) return keep_early(room, piece, emit);
    tool_call *call = room->early;
    if (piece->id && !room->id[0]) strcpy(room->id, piece->id);
    int code = begin(room, room->name, emit);
    return code ? code : give(call, piece->arguments, piece->n_arguments, emit);
}

static int settle(beluga__call_room *room, beluga_emit *emit)
{
    return room->early ? begin(room, room->name, emit) : 0;
}

static int end(beluga__call_room *room, tool_call *call, beluga_emit *emit)
{
    int code = call == room->early ? settle(room, emit) : 0;
    if (!code) code = flush(call, emit);
    if (code || call->ended) return code;
    call->ended = true;
    return beluga_emit_tool_call_end(emit, call->index);
}

/* ---- repeated calls -------------------------------------------------------------------------- */

static int keep_in_twin(twin_call *twin, const char *text, size_t n, beluga_emit *emit)
{
    if (n > twin->room - twin->length) {
        size_t room = 2 * (twin->length + n);
        char *larger = beluga_emit_alloc(emit, room);
        if (!larger) return BELUGA_ERROR_NO_MEMORY;
        if (twin->length) memcpy(larger, twin->text, twin->length);
        twin->text = larger;
        twin->room = room;
    }
    if (n) memcpy(twin->text + twin->length, text, n);
    twin->length += n;
    return 0;
}

/* Emit the repeated call if its arguments differ: then the server used one id for two calls. */
static int settle_twin(beluga__calls *calls, beluga_emit *emit)
{
    twin_call twin = calls->room->twin;
    calls->room->twin = (twin_call){0};
    if (!twin.of || !twin.length) return 0;
    tool_call own = {0};
    size_t used = follow(&own, twin.text, twin.length);
    if (own.length == twin.of->length && own.text == twin.of->text) return 0;
    return beluga_emit_tool_call(emit, calls->count++, NULL, twin.name, twin.text, used);
}

static int begin_twin(beluga__calls *calls, const tool_call *of, const beluga__call_piece *piece,
                      beluga_emit *emit)
{
    int code = settle_twin(calls, emit);
    size_t n = strlen(piece->name);
    char *name = beluga_emit_alloc(emit, n + 1);
    if (code || !name) return code ? code : BELUGA_ERROR_NO_MEMORY;
    memcpy(name, piece->name, n);
    calls->room->twin = (twin_call){.of = of, .place = piece->place, .name = name};
    return keep_in_twin(&calls->room->twin, piece->arguments, piece->n_arguments, emit);
}

/* ---- finding the call of a piece ------------------------------------------------------------- */

/* Returns whether a piece continues arguments whose JSON object is not complete. Then an id or name
 * in the piece does not matter. */
static bool goes_on(const tool_call *call, const beluga__call_piece *piece)
{
    return call->depth && piece->n_arguments &&
           !begins_object(piece->arguments, piece->n_arguments);
}

/* Returns whether a text is a complete JSON object that differs from the call's arguments so
 * far. */
static bool is_other_text(const tool_call *call, const char *text, size_t n)
{
    tool_call own = {0};
    if (!begins_object(text, n)) return false;
    follow(&own, text, n);
    return own.whole && !call->held && (own.length != call->length || own.text != call->text);
}

/* Returns whether a piece with the number of `call` begins another call. */
static bool is_another(const beluga__call_room *room, const tool_call *call,
                       const beluga__call_piece *piece, beluga_emit *emit)
{
    bool other_id = piece->id && call->id && hash(piece->id) != call->id;
    bool closed = call->whole || call->ended;
    if (goes_on(call, piece)) return false;
    if (other_id) return piece->name || closed;
    if (piece->id && call->id) return false;
    if (!piece->name) return false;
    if (call->begun && hash(piece->name) == call->name)
        return closed && is_other_text(call, piece->arguments, piece->n_arguments);
    if (call->begun) return closed || !call->length;
    return *room->name && strcmp(room->name, piece->name) != 0 && is_tool(emit, room->name) &&
           is_tool(emit, piece->name);
}

/* Find the call of a piece without a number: the newest call, or NULL if the piece's id or name
 * begins another call. */
static tool_call *find_unnumbered(const beluga__calls *calls, const beluga__call_piece *piece)
{
    tool_call *last = calls->count ? newest(calls, 0) : NULL;
    if (!last || goes_on(last, piece)) return last;
    if (piece->id && (last->id || last->begun)) return NULL;
    return piece->name && last->begun ? NULL : last;
}

static tool_call *add_call(beluga__calls *calls, const beluga__call_piece *piece)
{
    uint32_t index = calls->count++;
    tool_call *call = newest(calls, 0);
    if (calls->room->twin.of == call) calls->room->twin = (twin_call){0};
    *call = (tool_call){.index = index,
                        .place = piece->place,
                        .other = BELUGA__NO_PLACE,
                        .item = hash(piece->item),
                        .id = hash(piece->id)};
    calls->room->early = call;
    calls->room->id[0] = calls->room->name[0] = '\0';
    calls->room->n_arguments = 0;
    return call;
}

static int add_new(beluga__calls *calls, const beluga__call_piece *piece, beluga_emit *emit)
{
    int code = settle(calls->room, emit);
    if (code) return code;
    calls->room->taken = add_call(calls, piece);
    return add_early(calls->room, piece, emit);
}

static int add_to(beluga__calls *calls, tool_call *call, const beluga__call_piece *piece,
                  beluga_emit *emit)
{
    beluga__call_room *room = calls->room;
    int code = 0;
    room->taken = call;
    if (!call->id) call->id = hash(piece->id);
    if (call == room->early) return add_early(room, piece, emit);
    if (room->early && *room->name) code = settle(room, emit);
    return code ? code : give(call, piece->arguments, piece->n_arguments, emit);
}

/* Add a piece whose id belongs to a call with another number. The piece continues or repeats that
 * call. */
static int add_elsewhere(beluga__calls *calls, tool_call *call, const beluga__call_piece *piece,
                         beluga_emit *emit)
{
    bool closed = call->whole || call->ended;
    if (closed && piece->name) return begin_twin(calls, call, piece, emit);
    if (piece->place >= 0) call->other = piece->place;
    return add_to(calls, call, piece, emit);
}

/* Find the call of a piece whose number is unknown. If the piece has only arguments, it belongs to
 * the newest call if that has not ended. */
static tool_call *find_open(const beluga__calls *calls, const beluga__call_piece *piece)
{
    tool_call *last = calls->count ? newest(calls, 0) : NULL;
    bool bare = !piece->id && !piece->name && piece->n_arguments;
    if (!bare || !last || last->whole || last->ended) return NULL;
    last->other = piece->place;
    return last;
}

static int add(beluga__calls *calls, const beluga__call_piece *piece, beluga_emit *emit)
{
    bool numbered = piece->place >= 0 || piece->item;
    tool_call *call = numbered ? find(calls, piece->place, piece->item) : NULL;
    tool_call *same = call ? NULL : find_id(calls, piece->id);
    if (same) return add_elsewhere(calls, same, piece, emit);
    if (!numbered) call = find_unnumbered(calls, piece);
    if (numbered && !call) call = find_open(calls, piece);
    if (call && is_another(calls->room, call, piece, emit)) {
        int code = end(calls->room, call, emit);
        if (code) return code;
        same = find_id(calls, piece->id);
        if (same) return add_elsewhere(calls, same, piece, emit);
        call = NULL;
    }
    return call ? add_to(calls, call, piece, emit) : add_new(calls, piece, emit);
}

/* ---- the interface --------------------------------------------------------------------------- */

int beluga__calls_read_arguments(beluga__call_piece *piece, const beluga_json *arguments,
                                 beluga_emit *emit)
{
    piece->arguments = beluga_json_string(arguments, &piece->n_arguments);
    if (!beluga_json_is_object(arguments)) return 0;
    piece->arguments = beluga_emit_json_text(emit, arguments, &piece->n_arguments);
    return piece->arguments ? 0 : BELUGA_ERROR_NO_MEMORY;
}

/* Emit the state of a call. This is possible only after the call's begin event. */
static int emit_state(beluga__call_room *room, const beluga_json *state, beluga_emit *emit)
{
    tool_call *call = room->taken;
    int code = call && call == room->early && *room->name ? settle(room, emit) : 0;
    if (code || !call || !call->begun) return code;
    return beluga__emit_json_state(emit, BELUGA_PART_TOOL_CALL, call->index,
                                   beluga_json_key(state, NULL), state);
}

int beluga__calls_add(beluga__calls *calls, const beluga__call_piece *given, beluga_emit *emit)
{
    beluga__call_piece piece = *given;
    piece.id = beluga__filled(piece.id);
    piece.name = beluga__filled(piece.name);
    piece.item = beluga__filled(piece.item);
    if (!piece.arguments) piece.n_arguments = 0;
    if (!calls->room) calls->room = beluga_emit_alloc(emit, sizeof *calls->room);
    if (!calls->room) return BELUGA_ERROR_NO_MEMORY;
    twin_call *twin = &calls->room->twin;
    if (twin->of && piece.place == twin->place && (!piece.id || hash(piece.id) == twin->of->id))
        return keep_in_twin(twin, piece.arguments, piece.n_arguments, emit);
    calls->room->taken = NULL;
    int code = add(calls, &piece, emit);
    return code || !piece.state ? code : emit_state(calls->room, piece.state, emit);
}

int beluga__calls_end(beluga__calls *calls, int64_t place, const char *item, beluga_emit *emit)
{
    tool_call *call = find(calls, place, item);
    if (!calls->room) return 0;
    if (calls->room->twin.of && calls->room->twin.place == place) return settle_twin(calls, emit);
    return call ? end(calls->room, call, emit) : 0;
}

int beluga__calls_name_is_whole(beluga__calls *calls, beluga_emit *emit)
{
    bool named = calls->room && calls->room->early && *calls->room->name;
    return named ? settle(calls->room, emit) : 0;
}

int beluga__calls_add_whole(beluga__calls *calls, beluga__call_piece *piece, beluga_emit *emit)
{
    if (piece->place < 0) piece->place = calls->count;
    int code = beluga__calls_add(calls, piece, emit);
    return code ? code : beluga__calls_end(calls, piece->place, piece->item, emit);
}

int beluga__calls_finish(beluga__calls *calls, beluga_emit *emit)
{
    if (!calls->room) return 0;
    int code = settle(calls->room, emit);
    for (uint32_t i = open_calls(calls); i-- > 0 && !code;) code = flush(newest(calls, i), emit);
    return code ? code : settle_twin(calls, emit);
}
