/* A request to one of Anthropic's models, which is similar in the Messages API and in Bedrock's
 * Converse. Both have two roles that must alternate, and require the results of all tools of a turn
 * in one message. So consecutive messages of one role are sent as one message. */
#ifndef BELUGA__PROVIDERS_CLAUDE_ENCODER_H
#define BELUGA__PROVIDERS_CLAUDE_ENCODER_H

#include "providers/claude.h"
#include "providers/encoder.h"

typedef struct beluga__claude_encoder {
    BELUGA__ENCODER_BASE;
    const struct beluga__claude_protocol *protocol;
    beluga__claude model;
    beluga__claude_plan plan;
    const beluga_part *prefill; /* the text that the answer continues, or NULL */
    beluga__marks marks;
    struct beluga__bedrock_documents *documents; /* used only by Bedrock */
} beluga__claude_encoder;

/* The differences between the Messages API and Converse. */
typedef struct beluga__claude_protocol {
    const char *name;    /* the protocol's name in warnings */
    const char *refuses; /* who refuses white space at the end of a text; a name for warnings */
    bool has_plain_text; /* a single text may be sent as a string, without a list */
    /* Return whether a part can be sent as a block; if not, warn. */
    bool (*is_reasoning_sendable)(beluga__claude_encoder *e, const beluga_part *part);
    bool (*is_media_sendable)(beluga__claude_encoder *e, const beluga_part *part, beluga_role role);
    /* Write a part as a block. Only parts that can be sent are passed, and no provider state. */
    void (*put_block)(beluga__claude_encoder *e, const beluga_part *part);
    /* Write the part's cache mark as a separate block; NULL: put_block writes the mark inside the
     * part's block. */
    void (*put_mark_behind)(beluga__claude_encoder *e, const beluga_part *part);
    void (*put_tool_result)(beluga__claude_encoder *e, const beluga_message *message);
} beluga__claude_protocol;

/* Returns whether a part can be sent as a block. The API would refuse blank text, reasoning that
 * the model did not sign, and unknown media. Warns about content that is left out. */
bool beluga__claude_is_sendable(beluga__claude_encoder *e, const beluga_part *part,
                                beluga_role role);
/* Returns how many bytes of a text are sent: the text that the answer continues must not end in
 * white space. */
size_t beluga__claude_text_length(beluga__claude_encoder *e, const beluga_part *part);
/* Returns whether a message is a system message. Warns if such a message comes after others;
 * `*others` records whether others came, and must be false at first. */
bool beluga__claude_is_system(beluga__claude_encoder *e, const beluga_message *message,
                              bool *others);
/* Returns the part at the end of the conversation that the answer continues, or NULL. */
const beluga_part *beluga__claude_find_prefill(beluga__claude_encoder *e);
/* Write "messages". */
void beluga__claude_put_messages(beluga__claude_encoder *e);

/* Write "temperature", reduced to the maximum of these APIs, which is 1. */
void beluga__claude_put_temperature(beluga__claude_encoder *e, beluga__body *object);
/* Write "thinking". */
void beluga__claude_put_thinking(beluga__claude_encoder *e, beluga__body *body);
/* Returns the type of a tool_choice: "auto", "none", "any" or "tool". NULL means "auto". */
const char *beluga__claude_choice(const char *choice);

#endif
