#include "schema/message.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <stdio.h>

enum { ALIGNMENT = 16, NO_PART = -1 };

static size_t aligned(size_t size)
{
    return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

/* Make a message whose arena can hold `room` bytes without a further allocation. */
static beluga_message *new_message(beluga_role role, size_t room)
{
    const beluga_allocator *allocator = beluga_allocator_default();
    size_t head = aligned(sizeof(beluga_message));
    beluga_message *m = beluga__alloc(allocator, head + room);
    if (!m) return NULL;
    memset(m, 0, sizeof *m);
    atomic_init(&m->refs, 1);
    m->role = (uint32_t)role;
    m->parts = &m->first;
    m->capacity = 1;
    m->plain = true;
    beluga__arena_init(&m->arena, allocator, (char *)m + head, room, BELUGA__MAX_CALL_BYTES);
    if (role < BELUGA_ROLE_SYSTEM || role > BELUGA_ROLE_TOOL)
        beluga__message_fail(m, BELUGA_ERROR_INVALID_INPUT, "the role is unknown");
    return m;
}

int beluga__message_fail(beluga_message *m, int code, const char *why)
{
    if (!m->status) {
        m->status = code;
        m->why = why;
    }
    return code;
}

static void check_text(beluga_message *m, const char *field, size_t part, const char *text,
                       size_t n)
{
    size_t valid = beluga__utf8_valid(text, n);
    if (valid == n || m->bad_text.field) return;
    m->bad_text.field = field;
    m->bad_text.part = part;
    m->bad_text.byte = valid;
}

/* Copy a text into the message's arena; NULL stays NULL. `*out` is set only on success. */
static int copy(beluga_message *m, const char *text, size_t n, const char **out)
{
    if (!text) return 0;
    if (n > BELUGA__MAX_PART_BYTES)
        return beluga__message_fail(m, BELUGA_ERROR_LIMIT_EXCEEDED, "a part has more than 64 MiB");
    char *bytes = beluga__arena_copy(&m->arena, text, n);
    if (!bytes) return beluga__message_fail(m, BELUGA_ERROR_NO_MEMORY, NULL);
    *out = bytes;
    return 0;
}

/* Copy a string that will be sent. If the string is not UTF-8, the message can't be sent. */
static int copy_string(beluga_message *m, const char *field, const char *text, const char **out)
{
    if (!text) return 0;
    size_t n = strlen(text);
    check_text(m, field, m->count, text, n);
    return copy(m, text, n, out);
}

static int add_part(beluga_message *m, const beluga_part *part)
{
    if (m->count >= BELUGA__MAX_PARTS)
        return beluga__message_fail(m, BELUGA_ERROR_LIMIT_EXCEEDED, "too many parts");
    if (m->count == m->capacity) {
        /* the old array stays in the arena, so pointers to its parts stay valid */
        size_t capacity = m->capacity * 4;
        beluga_part *parts = beluga__arena_alloc(&m->arena, capacity * sizeof *parts);
        if (!parts) return beluga__message_fail(m, BELUGA_ERROR_NO_MEMORY, NULL);
        memcpy(parts, m->parts, m->count * sizeof *parts);
        m->parts = parts;
        m->capacity = capacity;
    }
    m->parts[m->count++] = *part;
    if (part->flags || part->kind == BELUGA_PART_IMAGE || part->kind == BELUGA_PART_AUDIO ||
        part->kind == BELUGA_PART_FILE)
        m->plain = false;
    return 0;
}

/* --- making messages -------------------------------------------------------------------------- */

beluga_message *beluga_message_new(beluga_role role)
{
    return new_message(role, 0);
}

static beluga_message *text_message(beluga_role role, const char *text, size_t length)
{
    beluga_message *m =
        new_message(role, length <= BELUGA__MAX_PART_BYTES ? aligned(length + 1) : 0);
    if (m) beluga_message_add_text(m, text, length);
    return m;
}

beluga_message *beluga_system_message_n(const char *text, size_t length)
{
    return text_message(BELUGA_ROLE_SYSTEM, text, length);
}

beluga_message *beluga_human_message_n(const char *text, size_t length)
{
    return text_message(BELUGA_ROLE_HUMAN, text, length);
}

beluga_message *beluga_ai_message_n(const char *text, size_t length)
{
    return text_message(BELUGA_ROLE_AI, text, length);
}

beluga_message *beluga_tool_message_n(const char *tool_call_id, const char *text, size_t length)
{
    size_t id_length = tool_call_id ? strlen(tool_call_id) : 0;
    bool fits = length <= BELUGA__MAX_PART_BYTES && id_length <= BELUGA__MAX_PART_BYTES;
    beluga_message *m =
        new_message(BELUGA_ROLE_TOOL, fits ? aligned(id_length + 1) + aligned(length + 1) : 0);
    if (!m) return NULL;
    if (!tool_call_id)
        beluga__message_fail(m, BELUGA_ERROR_INVALID_INPUT, "tool_call_id is NULL");
    else if (copy(m, tool_call_id, id_length, &m->tool_call_id) == 0)
        check_text(m, "tool_call_id", (size_t)NO_PART, tool_call_id, id_length);
    beluga_message_add_text(m, text, length);
    return m;
}

static size_t length_of(const char *text)
{
    return text ? strlen(text) : 0;
}

beluga_message *beluga_system_message(const char *text)
{
    return beluga_system_message_n(text, length_of(text));
}

beluga_message *beluga_human_message(const char *text)
{
    return beluga_human_message_n(text, length_of(text));
}

beluga_message *beluga_ai_message(const char *text)
{
    return beluga_ai_message_n(text, length_of(text));
}

beluga_message *beluga_tool_message(const char *tool_call_id, const char *text)
{
    return beluga_tool_message_n(tool_call_id, text, length_of(text));
}

beluga_message *beluga_message_ref(beluga_message *m)
{
    if (m) atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
    return m;
}

void beluga_message_unref(beluga_message *m)
{
    if (!m || atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) != 1) return;
    const beluga_allocator *allocator = m->arena.allocator;
    beluga__arena_free(&m->arena);
    beluga__release(allocator, m);
}

/* --- parts ----------------------------------------------------------------------------------- */

static int add_text_part(beluga_message *m, beluga_part *part, const char *text, size_t length)
{
    int status = copy(m, text, length, &part->text);
    if (status) return status;
    part->text_length = length;
    check_text(m, "", m->count, part->text, length);
    return 0;
}

int beluga_message_add_text(beluga_message *m, const char *text, size_t length)
{
    if (!m) return BELUGA_ERROR_INVALID_INPUT;
    if (!text) return beluga__message_fail(m, BELUGA_ERROR_INVALID_INPUT, "text is NULL");
    beluga_part part = {.kind = BELUGA_PART_TEXT};
    int status = add_text_part(m, &part, text, length);
    return status ? status : add_part(m, &part);
}

int beluga__message_add_text_file(beluga_message *m, const char *text, size_t length,
                                  const char *name, const char *media_type)
{
    beluga_part part = {.kind = BELUGA_PART_TEXT};
    int status = add_text_part(m, &part, text, length);
    if (!status) status = copy_string(m, "name", name, &part.name);
    if (!status) status = copy_string(m, "media_type", media_type, &part.media_type);
    return status ? status : add_part(m, &part);
}

int beluga_message_add_reasoning(beluga_message *m, const char *text, size_t length,
                                 const char *signature, size_t signature_length)
{
    if (!m) return BELUGA_ERROR_INVALID_INPUT;
    if (!text) return beluga__message_fail(m, BELUGA_ERROR_INVALID_INPUT, "reasoning is NULL");
    beluga_part part = {.kind = BELUGA_PART_REASONING};
    int status = add_text_part(m, &part, text, length);
    if (!status) status = copy(m, signature, signature_length, &part.signature);
    if (status) return status;
    if (signature) {
        part.signature_length = signature_length;
        check_text(m, "signature", m->count, signature, signature_length);
    }
    return add_part(m, &part);
}

int beluga_message_add_tool_call(beluga_message *m, const char *id, const char *name,
                                 const char *arguments, size_t length)
{
    if (!m) return BELUGA_ERROR_INVALID_INPUT;
    if (!id || !name || !arguments)
        return beluga__message_fail(m, BELUGA_ERROR_INVALID_INPUT,
                                    "a tool call needs an id, a name and arguments");
    beluga_part part = {.kind = BELUGA_PART_TOOL_CALL};
    int status = add_text_part(m, &part, arguments, length);
    if (!status) status = copy_string(m, "id", id, &part.id);
    if (!status) status = copy_string(m, "name", name, &part.name);
    return status ? status : add_part(m, &part);
}

static int check_json(beluga_message *m, const char *json, size_t length)
{
    beluga_json_doc *doc = NULL;
    int status = beluga_json_parse(json, length, &doc, NULL);
    beluga_json_doc_free(doc);
    if (status == BELUGA_ERROR_NO_MEMORY) return beluga__message_fail(m, status, NULL);
    if (status)
        return beluga__message_fail(m, BELUGA_ERROR_INVALID_INPUT,
                                    "a provider's state is not JSON");
    return 0;
}

static int fill_state(beluga_message *m, beluga_part *part, const char *provider, const char *json,
                      size_t length)
{
    const char *state = NULL, *of = NULL;
    if (!provider || !json)
        return beluga__message_fail(m, BELUGA_ERROR_INVALID_INPUT,
                                    "state needs a provider's name and JSON");
    check_text(m, "state", m->count, json, length);
    int status = check_json(m, json, length);
    if (!status) status = copy(m, json, length, &state);
    if (!status) status = copy_string(m, "state_provider", provider, &of);
    if (status) return status;
    part->state = state;
    part->state_length = length;
    part->state_provider = of;
    return 0;
}

int beluga_message_add_state(beluga_message *m, const char *provider, const char *json,
                             size_t length)
{
    if (!m) return BELUGA_ERROR_INVALID_INPUT;
    beluga_part part = {.kind = BELUGA_PART_STATE};
    int status = fill_state(m, &part, provider, json, length);
    return status ? status : add_part(m, &part);
}

int beluga_message_set_state(beluga_message *m, const char *provider, const char *json,
                             size_t length)
{
    if (!m) return BELUGA_ERROR_INVALID_INPUT;
    if (!m->count)
        return beluga__message_fail(m, BELUGA_ERROR_INVALID_INPUT,
                                    "the message has no part that the state could belong to");
    return fill_state(m, &m->parts[m->count - 1], provider, json, length);
}

static bool is_content(beluga_part_kind kind)
{
    return kind == BELUGA_PART_IMAGE || kind == BELUGA_PART_AUDIO || kind == BELUGA_PART_FILE;
}

int beluga_message_add_url(beluga_message *m, beluga_part_kind kind, const char *url,
                           const char *media_type)
{
    if (!m) return BELUGA_ERROR_INVALID_INPUT;
    if (!url) return beluga__message_fail(m, BELUGA_ERROR_INVALID_INPUT, "url is NULL");
    if (!is_content(kind))
        return beluga__message_fail(m, BELUGA_ERROR_INVALID_INPUT,
                                    "a part with a URL must be an image, audio or a file");
    beluga_part part = {.kind = (uint32_t)kind};
    int status = copy_string(m, "url", url, &part.url);
    if (!status) status = copy_string(m, "media_type", media_type, &part.media_type);
    return status ? status : add_part(m, &part);
}

int beluga_message_add_data(beluga_message *m, beluga_part_kind kind, const char *media_type,
                            const void *data, size_t length, const char *name)
{
    if (!m) return BELUGA_ERROR_INVALID_INPUT;
    if (!data || !media_type)
        return beluga__message_fail(m, BELUGA_ERROR_INVALID_INPUT,
                                    "a part with data needs a media type");
    if (!is_content(kind))
        return beluga__message_fail(m, BELUGA_ERROR_INVALID_INPUT,
                                    "a part with data must be an image, audio or a file");
    beluga_part part = {.kind = (uint32_t)kind, .data_length = length};
    const char *bytes = NULL;
    int status = copy(m, data, length, &bytes);
    part.data = bytes;
    if (!status) status = copy_string(m, "media_type", media_type, &part.media_type);
    if (!status) status = copy_string(m, "name", name, &part.name);
    return status ? status : add_part(m, &part);
}

int beluga_message_mark_cache(beluga_message *m, int64_t ttl_s)
{
    if (!m) return BELUGA_ERROR_INVALID_INPUT;
    if (!m->count)
        return beluga__message_fail(m, BELUGA_ERROR_INVALID_INPUT,
                                    "the message has no part that could be marked for the cache");
    if (ttl_s != 0 && ttl_s != 300 && ttl_s != 3600)
        return beluga__message_fail(m, BELUGA_ERROR_INVALID_INPUT,
                                    "the cache's time must be 300 or 3600 seconds");
    uint32_t flags = BELUGA_PART_CACHE;
    if (ttl_s) flags |= ttl_s == 300 ? BELUGA_PART_CACHE_5M : BELUGA_PART_CACHE_1H;
    m->parts[m->count - 1].flags = flags;
    m->plain = false;
    return 0;
}

void beluga_message_set_tool_error(beluga_message *m, bool is_error)
{
    if (m) m->tool_error = is_error;
}

/* --- reading --------------------------------------------------------------------------------- */

bool beluga_message_is_tool_error(const beluga_message *m)
{
    return m && m->tool_error;
}

beluga_role beluga_message_role(const beluga_message *m)
{
    return (beluga_role)m->role;
}

size_t beluga_message_count(const beluga_message *m)
{
    return m ? m->count : 0;
}

const beluga_part *beluga_message_part(const beluga_message *m, size_t index)
{
    return m && index < m->count ? &m->parts[index] : NULL;
}

const char *beluga_message_text(const beluga_message *m, size_t *length)
{
    const beluga_part *found = NULL;
    for (size_t i = 0; m && i < m->count && !found; i++)
        if (m->parts[i].kind == BELUGA_PART_TEXT) found = &m->parts[i];
    if (length) *length = found ? found->text_length : 0;
    return found ? found->text : "";
}

const char *beluga_message_tool_call_id(const beluga_message *m)
{
    return m ? m->tool_call_id : NULL;
}

static int report_bad_text(const beluga_message *m, size_t index, beluga_error *err)
{
    char part[32] = "";
    if (m->bad_text.part != (size_t)NO_PART)
        snprintf(part, sizeof part, ", part %zu", m->bad_text.part);
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                            "message %zu%s%s%s: invalid UTF-8 at byte %zu", index, part,
                            *m->bad_text.field ? ", " : "", m->bad_text.field, m->bad_text.byte);
}

int beluga__message_refuse(const beluga_message *m, size_t index, beluga_error *err)
{
    if (!m->status) return report_bad_text(m, index, err);
    return beluga_error_set(err, m->status, "message %zu: %s", index,
                            m->why ? m->why : beluga_error_text(m->status));
}

/* --- token estimate --------------------------------------------------------------------------- */

static int64_t part_tokens(const beluga_part *part)
{
    enum { BYTES_PER_TOKEN = 4, IMAGE_TOKENS = 1000 };
    if (part->kind == BELUGA_PART_IMAGE) return IMAGE_TOKENS;
    size_t bytes = part->text_length + part->data_length + part->state_length;
    return (int64_t)(bytes + BYTES_PER_TOKEN - 1) / BYTES_PER_TOKEN;
}

int64_t beluga_message_estimate_tokens(const beluga_message *message)
{
    enum { FRAME = 4 };
    int64_t tokens = FRAME;
    for (size_t i = 0; i < message->count; i++) tokens += part_tokens(&message->parts[i]);
    return tokens;
}
