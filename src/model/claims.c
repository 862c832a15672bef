#include "model/claims.h"

#include "schema/message.h"

#include <beluga/provider/provider.h>

/* A bit for a tool call with several results. No provider accepts these, so no provider claims this
 * bit. */
#define REPEATED_RESULTS (UINT64_C(1) << 63)

static const struct {
    uint64_t bit;
    const char *warning;
} claims[BELUGA__CLAIMS] = {
    {BELUGA_CAPABILITY_IMAGES,
     "this provider is not known to take images: they may be refused, or not be seen"},
    {BELUGA_CAPABILITY_AUDIO,
     "this provider is not known to take audio: it may be refused, or not be heard"},
    {BELUGA_CAPABILITY_FILES,
     "this provider is not known to take files: they may be refused, or not be read"},
    {BELUGA_CAPABILITY_TOOLS, "tools have no effect: this provider does not call any"},
    {BELUGA_CAPABILITY_SCHEMA, "response_schema has no effect: this provider does not enforce any"},
    {BELUGA_CAPABILITY_REASONING,
     "reasoning_effort has no effect: this provider is not known to reason"},
    {BELUGA_CAPABILITY_CACHE, "marks for the cache have no effect: this provider has none"},
    {REPEATED_RESULTS, "a tool call has more than one result: only the last one is sent"},
};

/* The bits that depend on the messages of a call. */
static const uint64_t media_bits = BELUGA_CAPABILITY_IMAGES | BELUGA_CAPABILITY_AUDIO |
                                   BELUGA_CAPABILITY_FILES | BELUGA_CAPABILITY_CACHE |
                                   REPEATED_RESULTS;

static uint64_t wants_of_part(const beluga_part *part)
{
    uint64_t cache = part->flags & BELUGA_PART_CACHE ? BELUGA_CAPABILITY_CACHE : 0;
    switch (part->kind) {
    case BELUGA_PART_IMAGE: return cache | BELUGA_CAPABILITY_IMAGES;
    case BELUGA_PART_AUDIO: return cache | BELUGA_CAPABILITY_AUDIO;
    case BELUGA_PART_FILE: return cache | BELUGA_CAPABILITY_FILES;
    default: return cache;
    }
}

/* Returns how many parts of a message to check: none for plain text, as most messages are. */
static size_t parts_with_wants(const beluga_message *message)
{
    return message->plain ? 0 : beluga_message_count(message);
}

static uint64_t wants(const beluga_call *call)
{
    uint64_t bits = call->n_tools ? BELUGA_CAPABILITY_TOOLS : 0;
    if (call->has_repeated_results) bits |= REPEATED_RESULTS;
    if (beluga__settings_has(call->settings, BELUGA_OPTION_RESPONSE_SCHEMA))
        bits |= BELUGA_CAPABILITY_SCHEMA;
    if (beluga__settings_int(call->settings, BELUGA_OPTION_REASONING_EFFORT,
                             BELUGA_REASONING_EFFORT_NONE) != BELUGA_REASONING_EFFORT_NONE)
        bits |= BELUGA_CAPABILITY_REASONING;
    for (size_t i = 0; i < call->n_messages; i++)
        for (size_t k = 0, n = parts_with_wants(call->messages[i]); k < n; k++)
            bits |= wants_of_part(beluga_message_part(call->messages[i], k));
    return bits;
}

size_t beluga__claims_check(const beluga_call *call, bool media,
                            const char *warnings[BELUGA__CLAIMS])
{
    uint64_t missing = wants(call) & ~call->target->provider->capabilities;
    size_t n = 0;
    if (media) missing &= media_bits;
    for (size_t i = 0; missing && i < BELUGA__CLAIMS; i++)
        if (missing & claims[i].bit) warnings[n++] = claims[i].warning;
    return n;
}
