/* Trims a history of messages to a number of tokens. The history is divided into units, and the
 * oldest units are removed first. */
#include "base/limits.h"
#include "base/mem.h"

#include <beluga/embedding.h>

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

/* The unit number of messages that are never removed. */
#define STAYS (-1)

typedef struct trim {
    beluga_chat_model *model; /* counts the tokens; NULL: they are estimated */
    beluga_context *context;
    const beluga_messages *messages;
    size_t n;
    /* for each message the number of its unit, or STAYS; the numbers never decrease */
    int64_t *units;
    int64_t most; /* how many units may be removed at most */
    beluga_error *err;
} trim;

static beluga_role role_at(const trim *t, size_t index)
{
    return beluga_message_role(beluga_messages_get(t->messages, index));
}

/* --- units ------------------------------------------------------------------------------------ */

/* Returns the index at which the last question begins, or n if there is no question. A question may
 * be several messages of the user in a row. */
static size_t find_question(const trim *t)
{
    size_t first = t->n;
    for (size_t i = t->n; i-- > 0;) {
        beluga_role role = role_at(t, i);
        if (role == BELUGA_ROLE_HUMAN)
            first = i;
        else if (role != BELUGA_ROLE_SYSTEM && first < t->n)
            break;
    }
    return first;
}

/* Returns whether a unit begins with this message. A unit is a turn: a question with everything
 * that followed it. In the last turn each answer is a unit, so that a question with many tool calls
 * can be kept while its first calls are removed. */
static bool begins_unit(const trim *t, size_t index, beluga_role before, size_t question)
{
    beluga_role role = role_at(t, index);
    if (index > question || question == t->n) return role == BELUGA_ROLE_AI;
    return role == BELUGA_ROLE_HUMAN && before != BELUGA_ROLE_HUMAN;
}

static void divide(trim *t, bool *begins, size_t question)
{
    beluga_role before = BELUGA_ROLE_SYSTEM;
    for (size_t i = 0; i < t->n; i++) {
        begins[i] = begins_unit(t, i, before, question);
        if (role_at(t, i) != BELUGA_ROLE_SYSTEM) before = role_at(t, i);
    }
}

static bool calls(const beluga_message *message, const char *id)
{
    const beluga_part *part;
    for (size_t i = 0; (part = beluga_message_part(message, i)); i++)
        if (part->kind == BELUGA_PART_TOOL_CALL && part->id && strcmp(part->id, id) == 0)
            return true;
    return false;
}

/* Keep a tool call and its result in one unit, even if there are other messages between them. */
static void join_pairs(const trim *t, bool *begins)
{
    for (size_t i = 0; i < t->n; i++) {
        const char *id = beluga_message_tool_call_id(beluga_messages_get(t->messages, i));
        size_t at = i;
        for (size_t steps = 0; id && at > 0 && steps < BELUGA__MAX_PAIR_DISTANCE; steps++)
            if (calls(beluga_messages_get(t->messages, --at), id)) break;
        if (!id || !calls(beluga_messages_get(t->messages, at), id)) continue;
        for (size_t k = at + 1; k <= i; k++) begins[k] = false;
    }
}

static void number(trim *t, const bool *begins, size_t question)
{
    int64_t units = 0;
    bool answered = false;
    for (size_t i = 0; i < t->n; i++) {
        beluga_role role = role_at(t, i);
        bool asked = i >= question && role == BELUGA_ROLE_HUMAN;
        t->units[i] = STAYS;
        if (role == BELUGA_ROLE_SYSTEM || asked) continue;
        if (begins[i] || !units) units++;
        t->units[i] = units - 1;
        answered |= i > question || question == t->n;
    }
    t->most = answered ? units - 1 : units;
}

static int find_units(trim *t)
{
    const beluga_allocator *allocator = beluga_allocator_default();
    size_t question = find_question(t);
    bool *begins = beluga__zalloc(allocator, t->n * sizeof *begins);
    t->units = beluga__alloc(allocator, t->n * sizeof *t->units);
    if (begins && t->units) {
        divide(t, begins, question);
        join_pairs(t, begins);
        number(t, begins, question);
    }
    beluga__release(allocator, begins);
    return begins && t->units
               ? 0
               : beluga_error_set(t->err, BELUGA_ERROR_NO_MEMORY, "no memory to trim messages");
}

/* --- counting --------------------------------------------------------------------------------- */

/* Make the list without the first `gone` units. */
static int cut(const trim *t, int64_t gone, beluga_messages **out)
{
    *out = beluga_messages_new();
    int status = *out ? 0 : BELUGA_ERROR_NO_MEMORY;
    for (size_t i = 0; i < t->n && !status; i++)
        if (t->units[i] == STAYS || t->units[i] >= gone)
            status =
                beluga_messages_add(*out, beluga_message_ref(beluga_messages_get(t->messages, i)));
    if (!status) return 0;
    beluga_messages_free(*out);
    *out = NULL;
    return beluga_error_set(t->err, status, "no memory to trim messages");
}

static int count(const trim *t, const beluga_messages *list, int64_t *tokens)
{
    beluga_token_count counted;
    *tokens = 0;
    if (t->model) {
        int status = beluga_count_tokens_n(t->model, t->context, list, &counted, t->err, NULL, 0);
        *tokens = counted.tokens;
        return status;
    }
    for (size_t i = 0; i < beluga_messages_count(list); i++)
        *tokens += beluga_message_estimate_tokens(beluga_messages_get(list, i));
    return 0;
}

/* Make the list without the first `gone` units. If it fits, store it in *out, and free the list
 * that *out had before.
 * @return 1 it fits, 0 it does not, or an error's code */
static int try(const trim *t, int64_t gone, int64_t max, int64_t *tokens, beluga_messages **out)
{
    beluga_messages *list;
    int status = cut(t, gone, &list);
    if (!status) status = count(t, list, tokens);
    bool fits = !status && *tokens <= max;
    beluga_messages_free(fits ? *out : list);
    if (fits) *out = list;
    return status ? status : fits;
}

static int refuse(const trim *t, int64_t tokens, int64_t max)
{
    return beluga_error_set(t->err, BELUGA_ERROR_LIMIT_EXCEEDED,
                            "the system text and the last turn alone have %" PRId64
                            " tokens, but the maximum is %" PRId64,
                            tokens, max);
}

/* Search for the smallest number of units to remove. *out keeps the best list that fits. */
static int search(const trim *t, int64_t max, beluga_messages **out)
{
    int64_t tokens, low = 0, high = t->most;
    int fits = try(t, 0, max, &tokens, out);
    if (fits == 1) return 0;
    if (!fits && high) fits = try(t, high, max, &tokens, out);
    if (!fits) return refuse(t, tokens, max);
    /* it is not enough to remove `low` units, but enough to remove `high` units */
    while (fits >= 0 && high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        fits = try(t, middle, max, &tokens, out);
        if (fits == 1)
            high = middle;
        else
            low = middle;
    }
    return fits < 0 ? fits : 0;
}

int beluga_trim_messages(beluga_chat_model *model, beluga_context *ctx,
                         const beluga_messages *messages, int64_t max_tokens, beluga_messages **out,
                         beluga_error *err)
{
    beluga_error unused;
    trim t = {.model = model, .context = ctx, .messages = messages, .err = err ? err : &unused};
    *out = NULL;
    t.n = messages ? beluga_messages_count(messages) : 0;
    if (!t.n) return beluga_error_set(t.err, BELUGA_ERROR_INVALID_INPUT, "no messages provided");
    int status = beluga_messages_status(messages);
    if (status) return beluga_error_set(t.err, status, "%s", beluga_error_text(status));
    if (max_tokens < 1)
        return beluga_error_set(t.err, BELUGA_ERROR_INVALID_INPUT, "max_tokens must be 1 or more");
    status = find_units(&t);
    if (!status) status = search(&t, max_tokens, out);
    if (status) {
        beluga_messages_free(*out);
        *out = NULL;
    }
    beluga__release(beluga_allocator_default(), t.units);
    return status;
}
